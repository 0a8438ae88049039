/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions with translations of their own that are neither copies nor jumps on flags: interrupt flag, PUSHF,
 * reading segment registers, FS and GS bases, SWAPGS, LOOP and JRCXZ; the calls of fast_sys.c. What they leave out
 * (other privilege levels, pending interrupts, other widths) goes to the interpreter. */
#include "target/i386/tcg/translate.h"

enum { O_PUSHF = 0x9c, O_MOV_FROM_SEG = 0x8c, O_LOOP = 0xe2, O_JCXZ = 0xe3, O_IRET = 0xcf, O_CLI = 0xfa, O_STI = 0xfb,
       O_CLD = 0xfc };

static unsigned opcode_of(const Insn *i)
{
    return i->row->enc == ENC_LEGACY && i->row->map == MAP_1 ? i->opcode : 0;
}

static bool is_0f(const Insn *i, unsigned opcode)
{
    return i->row->enc == ENC_LEGACY && i->row->map == MAP_0F && i->opcode == opcode;
}

static bool is_swapgs(const Insn *i)
{
    return is_0f(i, 0x01) && i->modrm == 0xf8;
}

/* RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE. */
static bool is_base(const Insn *i)
{
    return is_0f(i, 0xae) && (i->pfx & IPFX_REP) && i->modrm >= 0xc0 && (i->modrm >> 3 & 7) < 4;
}

static bool is_out(const Insn *i)
{
    unsigned o = opcode_of(i);

    return o == 0xe6 || o == 0xe7 || o == 0xee || o == 0xef;
}

int t_fast_kind(const Trans *t, const Insn *i)
{
    bool kernel = t->mode != X86_MMU_USER;

    if (!(t->hflags & HF_CS64) || (i->pfx & IPFX_LOCK)) {
        return -1;
    }
    if (is_0f(i, 0x05)) {
        return FAST_SYSCALL;
    }
    if (kernel && i->opsize == 8 && (is_0f(i, 0x07) || opcode_of(i) == O_IRET)) {
        return i->opcode == O_IRET ? FAST_IRET : FAST_SYSRET;
    }
    return kernel && is_0f(i, 0x01) && (i->modrm == 0xca || i->modrm == 0xcb) ? FAST_AC : -1;
}

bool t_misc_ok(const Trans *t, const Insn *i)
{
    if (t_fast_kind(t, i) >= 0 || t_sys_ok(t, i)) {
        return true;
    }
    if (is_swapgs(i)) {
        return t->mode != X86_MMU_USER && (t->hflags & HF_CS64);
    }
    if (is_base(i)) {
        return t->hflags & HF_CS64;
    }
    if (t_bits_ok(t, i)) {
        return true;
    }
    switch (opcode_of(i)) {
    case O_CLD:
        return true;
    case O_CLI: case O_STI:
        return t->mode != X86_MMU_USER;
    case O_PUSHF:
        return (t->hflags & HF_CS64) && i->opsize == 8;
    case O_MOV_FROM_SEG:
        return !(i->pfx & IPFX_MEM) && i->reg <= SEG_GS;
    case O_LOOP: case O_JCXZ:
        return i->adsize >= 4 && (i->opsize == 8 || (i->opsize == 4 && !(t->hflags & HF_CS64)));
    default:
        return false;
    }
}

bool t_misc_continues(const Insn *i)
{
    return opcode_of(i) == O_CLI || opcode_of(i) == O_STI || is_swapgs(i) || is_out(i);
}

/* Only at CPL 0, where IOPL does not matter. */
static void emit_if(Trans *t, bool set)
{
    Asm *a = &t->a;
    int32_t pending = (int32_t)offsetof(X86Cpu, cpu.pending) - (int32_t)offsetof(X86Cpu, env);

    if (set && t->v->counted && t->k + 1 == t->n) {     /* a slice may end here, where the shadow matters */
        t_slow_insn(t, false);
        return;
    }
    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_rm(a, 0, 0xf6, 0, a_at(T2, offsetof(X86Env, hflags)));    /* test byte */
    a8(a, HF_CPL);
    t_slow_on(t, a_jcc(a, CC_NE));
    if (set) {                      /* nothing waits: the shadow after STI cannot be noticed */
        a_alu_mi(a, 0, ALU_CMP, a_at(T2, pending), 0);
        t_slow_on(t, a_jcc(a, CC_NE));
        a_alu_mi(a, 0, ALU_OR, a_at(T2, offsetof(X86Env, rflags)), FL_IF);
    } else {
        a_alu_mi(a, 0, ALU_AND, a_at(T2, offsetof(X86Env, rflags)), ~FL_IF);
    }
}

/* DF is mostly clear already. */
static void emit_cld(Trans *t)
{
    t_save_flags(t);
    a_load(&t->a, 1, T2, a_frame(&t->a, F_ENV));
    a_rm(&t->a, 0, 0xf7, 0, a_at(T2, offsetof(X86Env, rflags)));        /* test dword */
    a32(&t->a, FL_DF);
    t_slow_on(t, a_jcc(&t->a, CC_NE));
}

static void emit_swapgs(Trans *t)
{
    Asm *a = &t->a;
    AsmMem gs = a_at(T2, offsetof(X86Env, seg) + SEG_GS * sizeof(X86Seg) + offsetof(X86Seg, base));
    AsmMem kernel = a_at(T2, offsetof(X86Env, kernel_gs_base));

    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_rm(a, 0, 0xf6, 0, a_at(T2, offsetof(X86Env, hflags)));    /* test byte */
    a8(a, HF_CPL);
    t_slow_on(t, a_jcc(a, CC_NE));
    a_load(a, 1, T1, gs);
    a_store(a, 1, a_frame(a, F_TMP), T1);
    a_load(a, 1, T1, kernel);
    a_store(a, 1, gs, T1);
    a_load(a, 1, T1, a_frame(a, F_TMP));
    a_store(a, 1, kernel, T1);
}

static void emit_base(Trans *t, const Insn *i)
{
    Asm *a = &t->a;
    unsigned seg = i->modrm >> 3 & 1 ? SEG_GS : SEG_FS;
    AsmMem base = a_at(T2, offsetof(X86Env, seg) + seg * sizeof(X86Seg) + offsetof(X86Seg, base));
    bool write = i->modrm >> 4 & 1;

    t_save_flags(t);
    if (write) {                    /* canonical, with 48 bits? */
        a_mov_rr(a, i->opsize == 8, T1, t_gpr(t, i->rm, T1));
        a_mov_rr(a, 1, T2, T1);
        a_rr(a, 1, 0xc1, 4, T2);                                /* shl, sar */
        a8(a, 16);
        a_rr(a, 1, 0xc1, 7, T2);
        a8(a, 16);
        a_rr(a, 1, 0x39, T2, T1);                               /* cmp */
        t_slow_on(t, a_jcc(a, CC_NE));
    }
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_rm(a, 0, 0xf7, 0, a_at(T2, offsetof(X86Env, hflags)));    /* test dword */
    a32(a, HF_FSGSBASE);
    t_slow_on(t, a_jcc(a, CC_E));
    if (write) {
        a_store(a, 1, base, T1);
    } else {
        a_load(a, 1, T1, base);
        t_set_gpr(t, i->rm, T1, i->opsize);
    }
}

/* STAC and CLAC where SMAP is on: another mode, whose blocks another jump table knows. */
static void emit_ac(Trans *t, bool set, uint64_t next)
{
    Asm *a = &t->a;
    unsigned mode = set ? X86_MMU_KERNEL_NOSMAP : X86_MMU_KERNEL;
    uint32_t flags = (t->b->key.flags & ((1u << TB_MODE_SHIFT) - 1)) | mode << TB_MODE_SHIFT;
    int table = cache_table(t->v, flags);
    uint8_t *slow;

    if (table < 0) {
        return;
    }
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_load(a, 0, T1, a_at(T2, offsetof(X86Env, hflags)));
    a_alu_ri(a, 0, ALU_AND, T1, HF_CPL | HF_SMAP_ON);
    a_alu_ri(a, 0, ALU_CMP, T1, HF_SMAP_ON);
    slow = a_jcc(a, CC_NE);
    a_alu_mi(a, 0, set ? ALU_OR : ALU_AND, a_at(T2, offsetof(X86Env, rflags)), set ? FL_AC : ~FL_AC);
    a_alu_mi(a, 0, set ? ALU_OR : ALU_AND, a_at(T2, offsetof(X86Env, hflags)), set ? HF_AC : ~HF_AC);
    a_store_i(a, 0, a_at(T2, offsetof(X86Env, mmu_mode)), mode);
    a_mov_ri(a, H_RSP, (uintptr_t)return_top(t->v));            /* calls were made in another mode */
    a_mov_ri(a, T1, next);
    t_jump_table(a, t->v, table, jump_index(next));
    a_patch(slow, a->p);
}

static void emit_fast_end(Trans *t, const TInsn *ti, unsigned kind)
{
    Asm *a = &t->a;
    SlowSite site = { .block = (uintptr_t)t->b, .at = ti->at, .next = ti->at + ti->i.len, .count = 1,
                      .how = ti->i.modrm == 0xcb };

    if (t->fl == FLAGS_HOST) {
        t_flags_to_frame(a, T2);
    }
    if (kind == FAST_AC && t->v->plain) {
        emit_ac(t, ti->i.modrm == 0xcb, t->b->key.pc + site.next);
    }
    a_mov_ri(a, T1, (uintptr_t)a->p + 11);                      /* behind this and the jump */
    a_jmp_to(a, x86_stubs(t->v)->fast[kind]);
    memcpy(a->p, &site, sizeof(site));
    a->p += sizeof(site);
    t->ended = true;
}

static void emit_pushf(Trans *t)
{
    Asm *a = &t->a;

    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_load(a, 0, T1, a_at(T2, offsetof(X86Env, rflags)));
    a_alu_ri(a, 0, ALU_AND, T1, ~(FL_STATUS | FL_RF | FL_VM));
    a_rm(a, 0, 0x0fb6, T2, a_frame(a, F_FL + 1));
    a_rr(a, 0, 0x09, T2, T1);
    a_rm(a, 0, 0x0fb6, T2, a_frame(a, F_FL));
    a_rr(a, 0, 0xc1, 4, T2);                                    /* shl: OF */
    a8(a, 11);
    a_rr(a, 0, 0x09, T2, T1);
    a_store(a, 1, a_frame(a, F_TMP), T1);
    t_push_tmp(t, 8);
}

static void emit_mov_from_seg(Trans *t, const Insn *i)
{
    a_load(&t->a, 1, T2, a_frame(&t->a, F_ENV));
    a_rm(&t->a, 0, 0x0fb7, T1,
         a_at(T2, offsetof(X86Env, seg) + i->reg * sizeof(X86Seg) + offsetof(X86Seg, sel)));
    if (i->opsize == 2) {
        a8(&t->a, 0x66);
        if (host_gpr(i->rm) >= 0) {
            a_rr(&t->a, 0, 0x89, T1, host_gpr(i->rm));
        } else {
            a_rm(&t->a, 0, 0x89, T1, frame_gpr(&t->a, i->rm));
        }
        return;
    }
    t_set_gpr(t, i->rm, T1, 4);
}

static void emit_loop(Trans *t, const Insn *i, uint64_t taken, uint64_t next)
{
    Asm *a = &t->a;
    bool jcxz = opcode_of(i) == O_JCXZ;

    if (!jcxz) {
        a_lea(a, i->adsize == 8, H_RCX, a_at(H_RCX, -1));
    }
    if (i->adsize == 4) {
        a8(a, 0x67);
    }
    a16(a, 0x05e3);                                             /* jrcxz over the first jump */
    t_exit_direct(t, jcxz ? next : taken, NULL);
    t_exit_direct(t, jcxz ? taken : next, NULL);
}

void t_misc(Trans *t, const TInsn *ti)
{
    const Insn *i = &ti->i;
    uint64_t mask = t->hflags & HF_CS64 ? ~0ull : 0xffffffff, next = (t->b->key.pc + ti->at + i->len) & mask;
    int kind = t_fast_kind(t, i);

    if (kind >= 0) {
        emit_fast_end(t, ti, kind);
        return;
    }
    if (t_sys_ok(t, i)) {
        t_sys(t, ti);
        return;
    }
    if (is_swapgs(i)) {
        emit_swapgs(t);
        return;
    }
    if (is_base(i)) {
        emit_base(t, i);
        return;
    }
    if (t_bits_ok(t, i)) {
        t_bits(t, ti);
        return;
    }
    switch (opcode_of(i)) {
    case O_CLD:
        emit_cld(t);
        break;
    case O_CLI:
        emit_if(t, false);
        break;
    case O_STI:
        emit_if(t, true);
        break;
    case O_PUSHF:
        emit_pushf(t);
        break;
    case O_MOV_FROM_SEG:
        emit_mov_from_seg(t, i);
        break;
    default:
        emit_loop(t, i, (next + (uint64_t)i->imm) & mask, next);
        break;
    }
}
