/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block translator: decodes up to the next jump or page end, finds out which status flags are live where,
 * and emits each instruction as itself. See translate.h for registers and docs/devel/translator.rst. */
#include "target/i386/tcg/translate.h"

#include "hw/core/vm.h"
#include "target/i386/features.h"

enum { CODE_MARGIN = 4096 };

/* ---- what can be emitted */

static bool fp_ok(const Trans *t, const InsnRow *r)
{
    uint32_t h = t->hflags;
    bool em = h >> 13 & 1, ts = h >> 12 & 1;

    if (!(r->flags & (IF_X87 | IF_MMX | IF_SSE | IF_AVX | IF_AVX512))) {
        return true;
    }
    if (ts || ((r->flags & (IF_X87 | IF_MMX)) && em) ||
        ((r->flags & IF_SSE) && (em || !(h & HF_OSFXSR))) ||
        ((r->flags & IF_AVX) && (!(h & HF_OSXSAVE) || !(h & HF_AVX))) ||
        ((r->flags & IF_AVX512) && (!(h & HF_OSXSAVE) || !(h & HF_AVX512)))) {
        return false;
    }
    return true;
}

/* Would a REX prefix be needed beside AH..BH? */
static bool high_ok(const Insn *i, const Fields *f)
{
    if (!f->high_reg && !f->high_rm) {
        return true;
    }
    if (t_has_mem(i)) {               /* it goes by the low byte: not when that has a part of its own */
        uint16_t implicit = i->row->gpr_read | i->row->gpr_write;

        return f->high_reg && f->rm < 0 && !(implicit >> (f->reg - 4) & 1);
    }
    return (f->reg < 0 || f->high_reg || (f->reg < 8 && f->reg != R_RSP)) &&
           (f->rm < 0 || f->high_rm || (f->rm < 8 && f->rm != R_RSP));
}

static bool scratch_ok(const Insn *i, const Fields *f)
{
    unsigned want = t_in_frame(f->reg) + t_in_frame(f->vvvv) + t_in_frame(f->rm);

    return want <= (t_has_mem(i) ? 1 : 2) || i->row->enc == ENC_VEX;
}

static bool implicit_ok(const InsnRow *r)
{
    unsigned moved = 1 << R_RSP | 1 << R_R10 | 1 << R_R11 | 1 << R_R14 | 1 << R_R15;

    return ((r->gpr_read | r->gpr_write) & moved) == 0;
}

/* INC and DEC of 32-bit code, whose opcodes are REX here. */
static bool is_short_inc(const Insn *i)
{
    return i->row->enc == ENC_LEGACY && i->row->map == MAP_1 && (i->opcode & 0xf0) == 0x40;
}

static bool is_mxcsr(const Insn *i)
{
    return i->row->sem == sem_ldmxcsr || i->row->sem == sem_stmxcsr;
}

static bool pass_ok(const Trans *t, const Insn *i)
{
    const InsnRow *r = i->row;
    Fields f;

    if ((!(r->flags & IF_PASS) && !is_short_inc(i) && !is_mxcsr(i)) ||
        (r->flags & (IF_JUMP | IF_END | IF_PRIV | IF_VSIB | IF_REP)) ||
        !fp_ok(t, r) || !implicit_ok(r) || r->mem == MEM_SPECIAL || r->mem == MEM_XSAVE ||
        (r->fl_write & FL_DF) || i->adsize < 4) {
        return false;
    }
    if ((r->flags & IF_I64) && !is_short_inc(i)) {
        return false;
    }
    if ((i->pfx & IPFX_LOCK) && (!(r->flags & IF_LOCK) || !(i->pfx & IPFX_MEM))) {
        return false;
    }
    if (t_has_mem(i) && (insn_mem_bytes(i) == 0 || r->acc == ACC_ADDR || !t_mem_ok(t, i))) {
        return false;
    }
    f = t_fields_of(i);
    return high_ok(i, &f) && scratch_ok(i, &f);
}

static bool is_moffs(const Insn *i)
{
    return i->row->sem == sem_mov_AO || i->row->sem == sem_mov_OA;
}

static bool is_nop(const Insn *i)
{
    return i->row->sem == sem_nop;
}

bool t_can_emit(const Trans *t, const Insn *i)
{
    const InsnRow *r = i->row;

    if (!insn_has_feature(t->c->env.features, i)) {
        return false;
    }
    if ((i->pfx & IPFX_LOCK) && !(r->flags & IF_LOCK)) {
        return false;
    }
    if (is_nop(i)) {
        return true;
    }
    if (r->sem == sem_lea) {
        return i->adsize >= 4 && (i->pfx & IPFX_MEM);
    }
    if (is_moffs(i)) {
        return i->adsize >= 4 && t_mem_ok(t, i);
    }
    return t_flow_ok(t, i) || t_misc_ok(t, i) || t_string_ok(t, i) || pass_ok(t, i);
}

/* ---- flags */

static bool touches_flags(const TInsn *ti)
{
    return (ti->read | ti->kill) != 0;
}

/* ---- emission */

static void swap_high(Trans *t, unsigned high)
{
    a8(&t->a, 0x86);                                            /* xchg low byte, high byte */
    a8(&t->a, 0xc0 | high << 3 | (high - 4));
}

static void put_insn(Trans *t, const Insn *i, const InsnEnc *e)
{
    if (is_short_inc(i)) {
        if (i->opsize == 2) {
            a8(&t->a, 0x66);
        }
        a_rr(&t->a, 0, 0xff, i->opcode >> 3 & 1, e->rm);
        return;
    }
    if (t->v->cpu->dev.vm != NULL && t->v->cpu->dev.vm->cpus->len > 1 && (i->pfx & IPFX_LOCK)) {
        a8(&t->a, 0xf0);
    }
    t->a.p += insn_encode(i, e, t->a.p);
}

static void emit_pass(Trans *t, TInsn *ti)
{
    const Insn *i = &ti->i;
    const InsnRow *r = i->row;
    Fields f = t_fields_of(i);
    InsnEnc e = { .reg = i->reg, .rm = i->rm, .vvvv = i->vvvv };
    Scratch s = { .free = { T1, T2 }, .n_free = 2, .taken = t_regs_named(i, &f) };
    HostMem m;

    if (r->sem == sem_ldmxcsr) {
        t_save_flags(t);
    }
    if (t_has_mem(i)) {
        t->no_window = f.high_reg || t_in_frame(f.reg) + t_in_frame(f.vvvv) > 1 || insn_spares_memory(i) ||
                       r->sem == sem_ldmxcsr;
        t_lookup(t, i, insn_mem_bytes(i), r->acc & ACC_W, (r->flags & IF_ALIGN) != 0, f.high_reg, &m);
        t->no_window = false;
        s.free[0] = m.free;
        s.n_free = 1;
        e.mem = true;
        e.base = m.m.base;
        e.index = m.m.index == H_NONE ? NO_REG : m.m.index;
        e.scale = m.m.scale;
        e.gs = m.m.gs;
        e.disp = m.m.disp;
    }
    if (touches_flags(ti) && ti->live != 0) {
        t_need_flags(t);
    }
    e.reg = t_field_reg(t, f.high_reg ? -1 : f.reg, i->reg, t_reg_access(i), &s);
    e.vvvv = t_field_reg(t, f.vvvv, i->vvvv, ACC_RW, &s);
    if (t_fuses(i, &f)) {
        e.mem = true;
        e.base = HTLB;
        e.index = NO_REG;
        e.disp = frame_gpr(&t->a, f.rm).disp;
    } else if (!e.mem) {
        e.rm = t_field_reg(t, f.high_rm ? -1 : f.rm, i->rm, t_rm_access(i), &s);
    }
    if (e.mem && f.high_reg) {
        swap_high(t, f.reg);
        e.reg = f.reg - 4;
    }
    if (r->sem == sem_ldmxcsr) {    /* reserved bits: #GP */
        a_rm(&t->a, 0, 0xf7, 0, m.m);                           /* test dword */
        a32(&t->a, 0xffff0000);
        t_slow_on(t, a_jcc(&t->a, CC_NE));
    }
    put_insn(t, i, &e);
    if (e.mem && f.high_reg) {
        swap_high(t, f.reg);
    }
    t_scratch_done(t, &s);
    if (ti->kill != 0 || (r->fl_write & FL_STATUS)) {
        t->fl = FLAGS_HOST;
    }
}

static void emit_lea(Trans *t, const Insn *i)
{
    int to = host_gpr(i->reg);
    bool direct = to >= 0 && i->opsize >= 4 && i->adsize == 8 && i->base < 16 && host_gpr(i->base) >= 0 &&
                  (i->index == NO_REG || host_gpr(i->index) >= 0);

    if (direct) {
        a_lea(&t->a, i->opsize == 8, to,
              (AsmMem){ .base = host_gpr(i->base), .index = i->index == NO_REG ? H_NONE : host_gpr(i->index),
                        .scale = i->scale, .disp = i->disp });
        return;
    }
    t_ea(t, i, T1);
    if (i->opsize == 2) {
        if (to >= 0) {
            a8(&t->a, 0x66);
            a_rr(&t->a, 0, 0x89, T1, to);
        } else {
            a8(&t->a, 0x66);
            a_rm(&t->a, 0, 0x89, T1, frame_gpr(&t->a, i->reg));
        }
    } else {
        t_set_gpr(t, i->reg, T1, i->opsize);
    }
}

/* MOV between the accumulator and an absolute address. */
static void emit_moffs(Trans *t, const Insn *i)
{
    bool write = i->row->sem == sem_mov_OA;
    Insn at = *i;
    HostMem m;

    at.base = at.index = NO_REG;
    at.disp = 0;
    t->moffs = true;
    t_lookup(t, &at, i->opsize, write, false, true, &m);
    t->moffs = false;
    if (i->opsize == 2) {
        a8(&t->a, 0x66);
    }
    a_rm(&t->a, i->opsize == 8, (write ? 0x88 : 0x8a) | (i->opsize != 1), H_RAX, m.m);
}

static void emit_insn(Trans *t)
{
    TInsn *ti = &t->insns[t->k];
    const Insn *i = &ti->i;

    if (!ti->pass) {
        t_slow_insn(t, (i->row->flags & (IF_JUMP | IF_END)) != 0 && !t_goes_on(ti));
    } else if (is_nop(i)) {
        return;
    } else if (i->row->sem == sem_lea) {
        emit_lea(t, i);
    } else if (is_moffs(i)) {
        emit_moffs(t, i);
    } else if (t_string_ok(t, i)) {
        t_string(t, ti);
    } else if (t_misc_ok(t, i)) {
        t_misc(t, ti);
    } else if (!t_flow(t, ti)) {
        emit_pass(t, ti);
    }
}

/* ---- blocks */

void t_fp_check(Trans *t, bool quiet)
{
    Asm *a = &t->a;

    if (quiet) {
        a_store(a, 1, a_frame(a, F_RCX), H_RCX);
        a_load(a, 0, H_RCX, a_abs(&t->v->fp_loaded));
        a16(a, 0x02e3);                                         /* jrcxz over the short jump */
        a16(a, 0x05eb);
        t->cold_fp[t->n_fp].from = a_jmp(a);
        a_load(a, 1, H_RCX, a_frame(a, F_RCX));
    } else {
        a_alu_mi(a, 0, ALU_CMP, a_abs(&t->v->fp_loaded), 0);
        t->cold_fp[t->n_fp].from = a_jcc(a, CC_E);
    }
    t->cold_fp[t->n_fp].quiet = quiet;
    t->cold_fp[t->n_fp++].back = a->p;
}

static void emit_fp_check(Trans *t, bool quiet)
{
    if (t->uses_fp) {
        t_fp_check(t, quiet);
    }
}

static void emit_poll(Trans *t, bool quiet)
{
    Asm *a = &t->a;

    if (quiet) {
        a_store(a, 1, a_frame(a, F_RCX), H_RCX);
        a_load(a, 0, H_RCX, a_abs(&t->v->poll));
        a16(a, 0x05e3);                                         /* jrcxz */
        t->cold_poll[t->n_poll].from = a_jmp(a);
        a_load(a, 1, H_RCX, a_frame(a, F_RCX));
    } else {
        a_alu_mi(a, 0, ALU_CMP, a_abs(&t->v->poll), 0);
        t->cold_poll[t->n_poll].from = a_jcc(a, CC_NE);
    }
    t->cold_poll[t->n_poll++].quiet = quiet;
}

/* Charges for the whole block (vcpu.h); leaves at its beginning when fewer instructions are left. */
static void emit_count(Trans *t)
{
    Asm *a = &t->a;
    AsmMem left = a_abs(&t->v->icount_left);
    int32_t n = (int32_t)t->n;

    if (t->b->flags_in && x86_stubs(t->v)->quiet) {
        a_load(a, 0, T1, left);
        a_lea(a, 0, T1, a_at(T1, -n));
        a_store(a, 0, left, T1);
        a_mov_ri(a, T2, 31);
        a8(a, 0xc4), a32(a, 0xdaf72342);                        /* shrx r11d, r10d, r11d */
        a16(a, 0x874c), a8(a, 0xd9);                            /* xchg rcx, r11 */
        a16(a, 0x05e3);                                         /* jrcxz */
        t->count_from = a_jmp(a);
        a16(a, 0x874c), a8(a, 0xd9);
        return;
    }
    if (t->b->flags_in) {
        t_flags_to_frame(a, T2);
    }
    a_alu_mi(a, 0, ALU_SUB, left, n);
    t->count_from = a_jcc(a, CC_S);
    if (t->b->flags_in) {
        t_restore_flags(t);
    }
}

static void emit_cold_count(Trans *t)
{
    Asm *a = &t->a;
    Stubs *s = x86_stubs(t->v);
    AsmMem left = a_abs(&t->v->icount_left);
    bool quiet = t->b->flags_in && s->quiet;

    a_patch(t->count_from, a->p);
    if (quiet) {
        a16(a, 0x874c), a8(a, 0xd9);                            /* xchg rcx, r11 */
    }
    a_load(a, 0, T1, left);
    a_lea(a, 0, T1, a_at(T1, (int32_t)t->n));
    a_store(a, 0, left, T1);
    a_mov_ri(a, T1, (uintptr_t)&t->b->self);
    a_jmp_to(a, t->b->flags_in && !quiet ? s->exit_frame : s->exit_host);
}

/* The ways in: checked, polled, plain. T1 holds the guest pc at the checked one, flags are in the frame there. */
static void emit_entries(Trans *t)
{
    Asm *a = &t->a;
    Block *b = t->b;
    uint8_t *miss, *skip;

    b->entry = a->p;
    if ((int64_t)b->key.pc == (int32_t)b->key.pc) {
        a_alu_ri(a, 1, ALU_CMP, T1, b->key.pc);
    } else {
        a_rm(a, 1, 0x3b, T1, a_abs(&b->key.pc));
    }
    miss = a_jcc(a, CC_NE);
    a_patch(miss, x86_stubs(t->v)->miss);
    if (b->flags_in) {
        emit_fp_check(t, false);
        emit_poll(t, false);
        t_restore_flags(t);
        skip = a_jmp(a);
        b->poll = a->p;
        emit_poll(t, true);
        a_patch(skip, a->p);
    } else {
        emit_fp_check(t, false);
        b->poll = a->p;
        emit_poll(t, false);
    }
    b->body = b->code = a->p;
    if (t->v->counted) {
        emit_count(t);
    }
    b->uses_fp = t->fp_ready = t->uses_fp;
}

/* The entry that looks after vector state, and the ways out of the entries. */
static void emit_cold_entries(Trans *t)
{
    Asm *a = &t->a;
    Stubs *s = x86_stubs(t->v);

    if (t->uses_fp) {
        t->b->code = a->p;
        emit_fp_check(t, t->b->flags_in);
        a_jmp_to(a, t->b->body);
    }
    t->b->self = (BlockExit){ .from = t->b, .pc = t->b->key.pc };
    for (unsigned k = 0; k < t->n_poll; k++) {
        a_patch(t->cold_poll[k].from, a->p);
        if (t->cold_poll[k].quiet) {
            a_load(a, 1, H_RCX, a_frame(a, F_RCX));
        }
        a_mov_ri(a, T1, (uintptr_t)&t->b->self);
        a_jmp_to(a, t->b->flags_in && !t->cold_poll[k].quiet ? s->exit_frame : s->exit_host);
    }
    if (t->count_from != NULL) {
        emit_cold_count(t);
    }
    for (unsigned k = 0; k < t->n_fp; k++) {
        bool quiet = t->cold_fp[k].quiet;

        a_patch(t->cold_fp[k].from, a->p);
        if (quiet) {
            a_load(a, 1, H_RCX, a_frame(a, F_RCX));
            t_flags_to_frame(a, T1);
        }
        a_call_to(a, s->fp_load);
        if (quiet) {
            t_restore_flags(t);
        }
        a_jmp_to(a, t->cold_fp[k].back);
    }
}

static void emit_cold(Trans *t)
{
    emit_cold_entries(t);
    t_exits_emit(t);
    t_slow_emit(t);
    t_window_emit(t);
}

/* As BlockInsn.live has them: OF in the place of the bit that is always one. */
uint8_t t_live_bits(unsigned flags)
{
    return (flags & 0xfd) | (flags & FL_OF ? FL_R1 : 0);
}

static void emit_block(Trans *t)
{
    Block *b = t->b;
    bool room = true;

    t_liveness(t);
    b->flags_in = t->insns[0].live != 0;
    t->fl = b->flags_in ? FLAGS_HOST : FLAGS_DEAD;
    emit_entries(t);
    for (t->k = 0; t->k < t->n && !t->ended && room; t->k++) {
        unsigned first = t->n_slow;

        b->insns[t->k] = (BlockInsn){ .host = t->a.p - b->entry, .guest = t->insns[t->k].at,
                                           .live = t_live_bits(t->insns[t->k].live) };
        emit_insn(t);
        b->insns[t->k].flags = t->fl;
        t_window_insn_done(t);
        for (unsigned k = first; k < t->n_slow && !t->ended; k++) {
            t->slow[k].back = t->insns[t->k].lands ? NULL : t->a.p;
            t->fl = t->fl == FLAGS_DEAD ? FLAGS_DEAD : t->fl;
        }
    }
    if (!t->ended) {
        t->k = t->n - 1;
        t_exit_direct(t, (b->key.pc + b->len) & (t->hflags & HF_CS64 ? ~0ull : 0xffffffff), NULL);
        b->out[t->n_exits - 1].link &= b->source2 == NULL;
    }
    b->n_out = t->n_exits;
    b->end = t->a.p;
    t->a.p = t->v->cache->cold;     /* apart, so that what runs lies together */
    emit_cold(t);
    t->v->cache->cold = t->a.p;
    t->a.p = b->end;
}

static bool x86_translate(TcgVcpu *v, Block *b, const FetchEntry *page, unsigned avail)
{
    X86Cpu *c = x86_cpu(v->cpu);
    Trans *t = v->trans;
    uint8_t buf[16];

    memset(t, 0, offsetof(Trans, insns));
    t->a.p = v->cache->code;
    t->v = v;
    t->c = c;
    t->b = b;
    t->n = t->k = t->n_fp = t->n_slow = t->n_exits = 0;
    t->hflags = b->key.flags;
    t->mode = c->env.mmu_mode;
    t->n_poll = t->n_sides = 0;
    t->count_from = NULL;
    t->fp_ready = t->uses_fp = t->ended = t->moffs = t->no_window = false;
    t->n_win = t->n_win_done = t->n_wrong = t->n_lands = 0;
    t->window = b->key.flags & HF_WINDOW;
    t->check = v->window_table;
    if (!t_decode_block(t, b->source, avail) && !t_decode_crossing(t, buf, avail)) {
        return false;
    }
    b->insns = cache_alloc(v->cache, t->n * sizeof(BlockInsn));
    b->out = cache_alloc(v->cache, (t->n_sides + t->n_lands + 3) * sizeof(BlockExit));
    emit_block(t);
    v->cache->code = t->a.p + (-(uintptr_t)t->a.p & 15);
    return true;
}

/* ---- interface */

static bool x86_translator_init(TcgVcpu *v, GError **errp)
{
    v->trans = g_new0(Trans, 1);
    return x86_glue_init(v, errp);
}

const TcgTranslator x86_translator = {
    .init = x86_translator_init, .usable = x86_tb_usable, .batch = x86_tb_batch,
    .bridge = t_bridge, .cross = t_cross, .translate = x86_translate, .run = x86_run,
    .set_pc = x86_tb_set_pc, .fp_sync = x86_fp_sync, .fp_load = x86_fp_load,
    .live_flags = x86_live_flags, .info = x86_translator_info,
};
