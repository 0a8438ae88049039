/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions on segments and descriptor tables, far transfers and software interrupts (SDM vol. 2). What they
 * do is in segment.c, task.c, except.c; here are operands and rows. */
#include "target/i386/sys.h"
#include "target/i386/tcg/sem.h"

/* ---- segment registers */

static void after_load(X86Cpu *c, unsigned seg)
{
    if (seg == SEG_SS) {
        c->env.shadow = SHADOW_MOV_SS;
        x86_update_hflags(c);
    }
}

static void sem_mov_to_seg(X86Cpu *c, const Insn *i)
{
    unsigned seg = i->reg & 7;

    if (seg == SEG_CS || seg > SEG_GS) {
        x86_raise_ud(c);
    }
    x86_load_seg(c, seg, (uint16_t)rm_ld(c, i, 2));
    after_load(c, seg);
}

static void sem_mov_from_seg(X86Cpu *c, const Insn *i)
{
    unsigned seg = i->reg & 7;

    if (seg > SEG_GS) {
        x86_raise_ud(c);
    }
    rm_st(c, i, insn_is_mem(i) ? 2 : i->opsize, c->env.seg[seg].sel);
}

/* 06 0E 16 1E, 0F A0 A8 and the POPs beside them: the register is in bits 3-5. */
static void sem_push_seg(X86Cpu *c, const Insn *i)
{
    stack_push(c, i->opsize, c->env.seg[i->opcode >> 3 & 7].sel);
}

static void sem_pop_seg(X86Cpu *c, const Insn *i)
{
    unsigned seg = i->opcode >> 3 & 7;
    uint64_t sp = c->env.gpr[R_RSP] + i->opsize;
    unsigned width = stack_width(c);

    x86_load_seg(c, seg, (uint16_t)stack_peek(c, i->opsize, 0));
    /* The old stack's width counts, also for POP SS. */
    c->env.gpr[R_RSP] = width == 2 ? (c->env.gpr[R_RSP] & ~0xffffull) | (sp & 0xffff) : sp & size_mask(width);
    after_load(c, seg);
}

static void load_far_pointer(X86Cpu *c, const Insn *i, unsigned seg)
{
    uint64_t va = insn_mem(c, i, i->opsize + 2u, ACCESS_LOAD);
    uint64_t off = mem_ld(c, va, i->opsize);

    x86_load_seg(c, seg, (uint16_t)mem_ld(c, va + i->opsize, 2));
    reg_st(c, i, i->reg, i->opsize, off);
}

static void sem_les(X86Cpu *c, const Insn *i) { load_far_pointer(c, i, SEG_ES); }
static void sem_lds(X86Cpu *c, const Insn *i) { load_far_pointer(c, i, SEG_DS); }
static void sem_lss(X86Cpu *c, const Insn *i) { load_far_pointer(c, i, SEG_SS); }
static void sem_lfs(X86Cpu *c, const Insn *i) { load_far_pointer(c, i, SEG_FS); }
static void sem_lgs(X86Cpu *c, const Insn *i) { load_far_pointer(c, i, SEG_GS); }

/* ---- far transfers */

static void sem_far_direct(X86Cpu *c, const Insn *i)
{
    x86_far(c, i->opcode == 0x9a ? FAR_CALL : FAR_JMP, i->imm2, (uint64_t)i->imm, i->opsize);
}

static void sem_far_memory(X86Cpu *c, const Insn *i)
{
    uint64_t va = insn_mem(c, i, i->opsize + 2u, ACCESS_LOAD);
    uint64_t off = mem_ld(c, va, i->opsize);

    x86_far(c, (i->modrm >> 3 & 7) == 3 ? FAR_CALL : FAR_JMP, (uint16_t)mem_ld(c, va + i->opsize, 2), off,
            i->opsize);
}

static void sem_retf(X86Cpu *c, const Insn *i)
{
    x86_far_ret(c, i->opsize, i->opcode == 0xca ? (uint16_t)i->imm : 0);
}

static void sem_int3(X86Cpu *c, const Insn *i) { x86_int_n(c, EXC_BP, false); }
static void sem_int(X86Cpu *c, const Insn *i) { x86_int_n(c, i->imm & 0xff, true); }
static void sem_icebp(X86Cpu *c, const Insn *i) { x86_icebp(c); }
static void sem_iret(X86Cpu *c, const Insn *i) { x86_iret(c, i->opsize); }

static void sem_into(X86Cpu *c, const Insn *i)
{
    if (c->env.rflags & FL_OF) {
        x86_int_n(c, EXC_OF, false);
    }
}

/* ---- looking at descriptors: ZF tells */

static void need_protected(X86Cpu *c)
{
    if (!x86_pe(c) || x86_vm86(c)) {
        x86_raise_ud(c);
    }
}

static void set_zf(X86Cpu *c, bool on)
{
    flags_put(c, FL_ZF, on ? FL_ZF : 0);
}

/* May a program at this level, with this RPL, see the segment? */
static bool visible(const X86Cpu *c, uint16_t sel, const X86Desc *d)
{
    if ((d->hi & (SEGA_S | SEGA_CODE | SEGA_CE)) == (SEGA_S | SEGA_CODE | SEGA_CE)) {
        return true;
    }
    return x86_desc_dpl(d) >= x86_cpl(c) && x86_desc_dpl(d) >= (sel & 3u);
}

/* Bit n set: system type n is known to the instruction; outside and inside IA-32e mode. */
enum { LAR_TYPES = 0x1a3e, LAR_TYPES_LONG = 0x1a04, LSL_TYPES = 0x0a0e, LSL_TYPES_LONG = 0x0a04 };

static bool look_up(X86Cpu *c, uint16_t sel, unsigned types, X86Desc *d)
{
    if ((sel & 0xfffc) == 0 || !x86_desc_fetch(c, sel, d)) {
        return false;
    }
    if (!(d->hi & SEGA_S) && !(types >> x86_desc_type(d) & 1)) {
        return false;
    }
    return visible(c, sel, d);
}

static void sem_lar(X86Cpu *c, const Insn *i)
{
    X86Desc d;

    need_protected(c);
    bool ok = look_up(c, (uint16_t)rm_ld(c, i, 2), x86_lma(c) ? LAR_TYPES_LONG : LAR_TYPES, &d);
    if (ok) {
        reg_st(c, i, i->reg, i->opsize, d.hi & 0x00ffff00);
    }
    set_zf(c, ok);
}

static void sem_lsl(X86Cpu *c, const Insn *i)
{
    X86Desc d;

    need_protected(c);
    bool ok = look_up(c, (uint16_t)rm_ld(c, i, 2), x86_lma(c) ? LSL_TYPES_LONG : LSL_TYPES, &d);
    if (ok) {
        reg_st(c, i, i->reg, i->opsize, x86_desc_limit(&d));
    }
    set_zf(c, ok);
}

static void sem_verr(X86Cpu *c, const Insn *i)
{
    bool write = (i->modrm >> 3 & 7) == 5;
    X86Desc d;

    need_protected(c);
    bool ok = look_up(c, (uint16_t)rm_ld(c, i, 2), 0, &d);
    if (ok) {
        bool code = d.hi & SEGA_CODE, rw = d.hi & SEGA_RW;

        ok = write ? !code && rw : !code || rw;
    }
    set_zf(c, ok);
}

static void sem_arpl(X86Cpu *c, const Insn *i)
{
    need_protected(c);
    uint64_t dst = rm_ld(c, i, 2), src = reg_ld(c, i, i->reg, 2);
    bool raise = (dst & 3) < (src & 3);

    if (raise) {
        rm_st(c, i, 2, (dst & ~3ull) | (src & 3));
    }
    set_zf(c, raise);
}

/* ---- LDTR, TR and the tables */

static void check_umip(X86Cpu *c)
{
    if ((c->env.hflags & HF_UMIP) && x86_cpl(c) != 0) {
        x86_raise_err(c, EXC_GP, 0);
    }
}

static void sem_sldt_str(X86Cpu *c, const Insn *i)
{
    unsigned seg = (i->modrm >> 3 & 7) == 0 ? SEG_LDTR : SEG_TR;

    need_protected(c);
    check_umip(c);
    rm_st(c, i, insn_is_mem(i) ? 2 : i->opsize, c->env.seg[seg].sel);
}

/* System descriptors are 16 bytes in IA-32e mode. */
static void system_desc(X86Cpu *c, uint16_t sel, X86Desc *d, uint64_t *base)
{
    if (sel & 4) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
    x86_desc_need(c, sel, d, EXC_GP, 0);
    *base = x86_desc_base(d);
    if (x86_lma(c)) {
        if ((uint32_t)(sel & ~7u) + 15 > c->env.gdt.limit) {
            x86_raise_err(c, EXC_GP, sel & 0xfffc);
        }
        uint64_t high = guest_ld64(&c->cpu, d->addr + 8, MMU_IMPLICIT);
        *base |= high << 32;
        if ((high >> 40 & 31) != 0 || !x86_canonical(c, *base)) {
            x86_raise_err(c, EXC_GP, sel & 0xfffc);
        }
    }
}

static void sem_lldt(X86Cpu *c, const Insn *i)
{
    uint64_t base;
    X86Desc d;

    need_protected(c);
    uint16_t sel = (uint16_t)rm_ld(c, i, 2);
    if ((sel & 0xfffc) == 0) {
        x86_load_seg_raw(c, SEG_LDTR, sel, 0, 0, 0x8200);     /* limit 0: no selector fits */
        return;
    }
    system_desc(c, sel, &d, &base);
    if ((d.hi & SEGA_S) || x86_desc_type(&d) != 2) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, sel & 0xfffc);
    }
    x86_load_seg_raw(c, SEG_LDTR, sel, base, x86_desc_limit(&d), d.hi & SEGA_MASK);
}

static void sem_ltr(X86Cpu *c, const Insn *i)
{
    uint64_t base;
    X86Desc d;

    need_protected(c);
    uint16_t sel = (uint16_t)rm_ld(c, i, 2);
    if ((sel & 0xfffc) == 0) {
        x86_raise_err(c, EXC_GP, 0);
    }
    system_desc(c, sel, &d, &base);
    unsigned type = x86_desc_type(&d);
    if ((d.hi & SEGA_S) || !(type == 9 || (type == 1 && !x86_lma(c)))) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, sel & 0xfffc);
    }
    d.hi |= 2 << 8;
    guest_st8(&c->cpu, d.addr + 5, (uint8_t)(d.hi >> 8), MMU_IMPLICIT);
    x86_load_seg_raw(c, SEG_TR, sel, base, x86_desc_limit(&d), d.hi & SEGA_MASK);
}

static unsigned table_bytes(const X86Cpu *c) { return x86_cs64(c) ? 8 : 4; }

static void sem_store_table(X86Cpu *c, const Insn *i)
{
    const X86Table *t = (i->modrm >> 3 & 7) == 0 ? &c->env.gdt : &c->env.idt;
    unsigned n = table_bytes(c);

    check_umip(c);
    uint64_t va = insn_mem(c, i, n + 2, ACCESS_STORE);
    guest_check(&c->cpu, va, n + 2, ACCESS_STORE, c->env.mmu_mode);
    mem_st(c, va, 2, t->limit);
    mem_st(c, va + 2, n, n == 4 && i->opsize == 2 ? t->base & 0xffffff : t->base);
}

static void sem_load_table(X86Cpu *c, const Insn *i)
{
    X86Table *t = (i->modrm >> 3 & 7) == 2 ? &c->env.gdt : &c->env.idt;
    unsigned n = table_bytes(c);
    uint64_t va = insn_mem(c, i, n + 2, ACCESS_LOAD);
    uint32_t limit = (uint32_t)mem_ld(c, va, 2);
    uint64_t base = mem_ld(c, va + 2, n);

    if (n == 8 && !x86_canonical(c, base)) {
        x86_raise_err(c, EXC_GP, 0);
    }
    *t = (X86Table){ n == 4 && i->opsize == 2 ? base & 0xffffff : base, limit };
}

/* ---- rows */

#define RSP_RW .gpr_read = 1 << R_RSP, .gpr_write = 1 << R_RSP
#define PUSH_SEG(m, o, nm, fl) \
    { ROW_AT(m, o, "push " nm), .flags = IF_D64 | IF_IMPLICIT | (fl), RSP_RW, .sem = sem_push_seg }
#define POP_SEG(m, o, nm, fl) \
    { ROW_AT(m, o, "pop " nm), .flags = IF_D64 | IF_IMPLICIT | IF_END | (fl), RSP_RW, .sem = sem_pop_seg }
#define LOAD_FAR(m, o, nm, fl, s) \
    { ROW_AT(m, o, nm), .op = { OP_Gv, OP_Mp }, .mem = MEM_SPECIAL, .acc = ACC_R, \
      .flags = IF_MEM_ONLY | IF_END | (fl), .sem = s }
enum { FAR = IF_JUMP | IF_END };

static const InsnRow rows[] = {
    { ROW_AT(MAP_1, 0x8e, "mov"), .op = { OP_Sw, OP_Ew }, .mem = MEM_2, .acc = ACC_R, .flags = IF_END,
      .sem = sem_mov_to_seg },
    { ROW_AT(MAP_1, 0x8c, "mov"), .op = { OP_Ev, OP_Sw }, .mem = MEM_2, .acc = ACC_W, .sem = sem_mov_from_seg },
    PUSH_SEG(MAP_1, 0x06, "es", IF_I64), PUSH_SEG(MAP_1, 0x0e, "cs", IF_I64), PUSH_SEG(MAP_1, 0x16, "ss", IF_I64),
    PUSH_SEG(MAP_1, 0x1e, "ds", IF_I64), PUSH_SEG(MAP_0F, 0xa0, "fs", 0), PUSH_SEG(MAP_0F, 0xa8, "gs", 0),
    POP_SEG(MAP_1, 0x07, "es", IF_I64), POP_SEG(MAP_1, 0x17, "ss", IF_I64), POP_SEG(MAP_1, 0x1f, "ds", IF_I64),
    POP_SEG(MAP_0F, 0xa1, "fs", 0), POP_SEG(MAP_0F, 0xa9, "gs", 0),
    LOAD_FAR(MAP_1, 0xc4, "les", IF_I64, sem_les), LOAD_FAR(MAP_1, 0xc5, "lds", IF_I64, sem_lds),
    LOAD_FAR(MAP_0F, 0xb2, "lss", 0, sem_lss), LOAD_FAR(MAP_0F, 0xb4, "lfs", 0, sem_lfs),
    LOAD_FAR(MAP_0F, 0xb5, "lgs", 0, sem_lgs),

    { ROW_AT(MAP_1, 0xea, "ljmp"), .op = { OP_Ap }, .flags = FAR | IF_I64, .sem = sem_far_direct },
    { ROW_AT(MAP_1, 0x9a, "lcall"), .op = { OP_Ap }, .flags = FAR | IF_I64 | IF_IMPLICIT, RSP_RW,
      .sem = sem_far_direct },
    { ROW_EXT(MAP_1, 0xff, 5, "ljmp"), .op = { OP_Mp }, .mem = MEM_SPECIAL, .acc = ACC_R,
      .flags = FAR | IF_MEM_ONLY, .sem = sem_far_memory },
    { ROW_EXT(MAP_1, 0xff, 3, "lcall"), .op = { OP_Mp }, .mem = MEM_SPECIAL, .acc = ACC_R,
      .flags = FAR | IF_MEM_ONLY | IF_IMPLICIT, RSP_RW, .sem = sem_far_memory },
    { ROW_AT(MAP_1, 0xca, "retf"), .op = { OP_Iw }, .flags = FAR | IF_IMPLICIT, RSP_RW, .sem = sem_retf },
    { ROW_AT(MAP_1, 0xcb, "retf"), .flags = FAR | IF_IMPLICIT, RSP_RW, .sem = sem_retf },
    { ROW_AT(MAP_1, 0xcc, "int3"), .flags = FAR | IF_IMPLICIT, RSP_RW, .sem = sem_int3 },
    { ROW_AT(MAP_1, 0xcd, "int"), .op = { OP_Ib }, .flags = FAR | IF_IMPLICIT, RSP_RW, .sem = sem_int },
    { ROW_AT(MAP_1, 0xce, "into"), .flags = FAR | IF_IMPLICIT | IF_I64, .fl_read = FL_OF, RSP_RW, .sem = sem_into },
    { ROW_AT(MAP_1, 0xf1, "int1"), .flags = FAR | IF_IMPLICIT, RSP_RW, .sem = sem_icebp },
    { ROW_AT(MAP_1, 0xcf, "iret"), .flags = FAR | IF_IMPLICIT, .fl_write = FL_STATUS | FL_DF, RSP_RW,
      .sem = sem_iret },

    { ROW_AT(MAP_0F, 0x02, "lar"), .op = { OP_Gv, OP_Ew }, .mem = MEM_2, .acc = ACC_R, .fl_write = FL_ZF,
      .sem = sem_lar },
    { ROW_AT(MAP_0F, 0x03, "lsl"), .op = { OP_Gv, OP_Ew }, .mem = MEM_2, .acc = ACC_R, .fl_write = FL_ZF,
      .sem = sem_lsl },
    { ROW_EXT(MAP_0F, 0x00, 0, "sldt"), .op = { OP_Ev }, .mem = MEM_2, .acc = ACC_W, .sem = sem_sldt_str },
    { ROW_EXT(MAP_0F, 0x00, 1, "str"), .op = { OP_Ev }, .mem = MEM_2, .acc = ACC_W, .sem = sem_sldt_str },
    { ROW_EXT(MAP_0F, 0x00, 2, "lldt"), .op = { OP_Ew }, .mem = MEM_2, .acc = ACC_R,
      .flags = IF_PRIV | IF_END | IF_REAL_UD, .sem = sem_lldt },
    { ROW_EXT(MAP_0F, 0x00, 3, "ltr"), .op = { OP_Ew }, .mem = MEM_2, .acc = ACC_R,
      .flags = IF_PRIV | IF_END | IF_REAL_UD, .sem = sem_ltr },
    { ROW_EXT(MAP_0F, 0x00, 4, "verr"), .op = { OP_Ew }, .mem = MEM_2, .acc = ACC_R, .fl_write = FL_ZF,
      .sem = sem_verr },
    { ROW_EXT(MAP_0F, 0x00, 5, "verw"), .op = { OP_Ew }, .mem = MEM_2, .acc = ACC_R, .fl_write = FL_ZF,
      .sem = sem_verr },
    { ROW_AT(MAP_1, 0x63, "arpl"), .op = { OP_Ew, OP_Gw }, .mem = MEM_2, .acc = ACC_RW, .flags = IF_I64,
      .fl_write = FL_ZF, .sem = sem_arpl },
    { ROW_EXT(MAP_0F, 0x01, 0, "sgdt"), .op = { OP_M }, .mem = MEM_SPECIAL, .acc = ACC_W, .flags = IF_MEM_ONLY,
      .sem = sem_store_table },
    { ROW_EXT(MAP_0F, 0x01, 1, "sidt"), .op = { OP_M }, .mem = MEM_SPECIAL, .acc = ACC_W, .flags = IF_MEM_ONLY,
      .sem = sem_store_table },
    { ROW_EXT(MAP_0F, 0x01, 2, "lgdt"), .op = { OP_M }, .mem = MEM_SPECIAL, .acc = ACC_R,
      .flags = IF_MEM_ONLY | IF_PRIV | IF_END, .sem = sem_load_table },
    { ROW_EXT(MAP_0F, 0x01, 3, "lidt"), .op = { OP_M }, .mem = MEM_SPECIAL, .acc = ACC_R,
      .flags = IF_MEM_ONLY | IF_PRIV | IF_END, .sem = sem_load_table },
};
INSN_ROWS(seg, rows);
