/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String instructions with REP (SDM vol. 1, 7.3.9; vol. 2). Each iteration updates the registers,
 * so a fault or an interrupt between two leaves a state from which the instruction goes on. Runs
 * that lie in RAM are done a page at a time on host pointers, in the order the iterations have.
 * After REP_CHUNKS pieces, or one iteration while single-stepping, the instruction ends with rip
 * unchanged. */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

enum { REP_CHUNKS = 32, PAGE = 4096 };

typedef struct Str {
    X86Cpu *c;
    const Insn *i;
    unsigned n; /* element size */
    bool down;
    uint64_t fl; /* RFLAGS to be: a fault between iterations leaves the old ones */
} Str;

static uint64_t ea_src(const Str *s)
{
    return acc_ld(s->c, R_RSI, s->i->adsize);
}
static uint64_t ea_dst(const Str *s)
{
    return acc_ld(s->c, R_RDI, s->i->adsize);
}

static void advance(const Str *s, unsigned reg, uint64_t count)
{
    uint64_t by = count * s->n;

    acc_st(s->c, reg, s->i->adsize, s->c->env.gpr[reg] + (s->down ? -by : by));
}

/* How many of want elements from ea on, in the direction of DF, lie in RAM on one page that may be
 * accessed; *ret_p is the host address of the lowest. 0: go by single elements. */
static uint64_t run_in_ram(const Str *s, unsigned seg, uint64_t ea, uint64_t want, Access how,
                           uint8_t **ret_p)
{
    X86Cpu *c = s->c;
    uint64_t va, low, in_page;

    if (!insn_linear_probe(c, seg, ea, s->n, how, &va)) {
        return 0;
    }
    in_page =
        s->down ? (va % PAGE + s->n > PAGE ? 0 : va % PAGE / s->n + 1) : (PAGE - va % PAGE) / s->n;
    want = MIN(want, in_page);
    if (want < 2) {
        return 0;
    }
    low = s->down ? ea - (want - 1) * s->n : ea;
    if (low > ea || ((low + want * s->n - 1) & ~size_mask(s->i->adsize)) != 0 ||
        !insn_linear_probe(c, seg, low, want * s->n, how, &va)) {
        return 0;
    }
    if (s->down) { /* a fault names the first element accessed */
        guest_check(&c->cpu, va + (want - 1) * s->n, s->n, how, c->env.mmu_mode);
    }
    *ret_p = guest_host(&c->cpu, va, want * s->n, how, c->env.mmu_mode);
    return *ret_p == NULL ? 0 : want;
}

static uint64_t elem_ld(const Str *s, unsigned seg, uint64_t ea)
{
    return mem_ld(s->c, linear_of(s->c, seg, ea, s->n, ACCESS_LOAD, s->i->adsize), s->n);
}

static void elem_st(const Str *s, uint64_t ea, uint64_t v)
{
    mem_st(s->c, linear_of(s->c, SEG_ES, ea, s->n, ACCESS_STORE, s->i->adsize), s->n, v);
}

/* ---- one piece of each instruction: up to want iterations; returns how many were done */

static void copy_run(const Str *s, uint8_t *d, const uint8_t *p, uint64_t count)
{
    size_t bytes = count * s->n;

    if (d + bytes <= p || p + bytes <= d || (d <= p && !s->down) || (d >= p && s->down)) {
        memmove(d, p, bytes);
        return;
    }
    for (uint64_t k = 0; k < count; k++) {
        uint64_t at = (s->down ? count - 1 - k : k) * s->n;

        host_st(d + at, s->n, host_ld(p + at, s->n));
    }
}

static uint64_t piece_movs(Str *s, uint64_t want)
{
    uint8_t *p = NULL, *d = NULL;
    uint64_t from = ea_src(s), to = ea_dst(s), count = 0;

    if (want > 1) {
        count = run_in_ram(s, s->i->seg, from, want, ACCESS_LOAD, &p);
        count = count == 0 ? 0 : run_in_ram(s, SEG_ES, to, count, ACCESS_STORE, &d);
        count = count == 0 ? 0 : run_in_ram(s, s->i->seg, from, count, ACCESS_LOAD, &p);
    }
    if (count != 0) {
        copy_run(s, d, p, count);
    } else {
        count = 1;
        elem_st(s, to, elem_ld(s, s->i->seg, from));
    }
    advance(s, R_RSI, count);
    advance(s, R_RDI, count);
    return count;
}

static uint64_t piece_stos(Str *s, uint64_t want)
{
    uint64_t v = acc_ld(s->c, R_RAX, s->n), count = 0;
    uint8_t *d;

    if (want > 1) {
        count = run_in_ram(s, SEG_ES, ea_dst(s), want, ACCESS_STORE, &d);
    }
    if (count == 0) {
        count = 1;
        elem_st(s, ea_dst(s), v);
    } else if (s->n == 1 || v == 0) {
        memset(d, v, count * s->n);
    } else {
        for (uint64_t k = 0; k < count; k++) {
            host_st(d + k * s->n, s->n, v);
        }
    }
    advance(s, R_RDI, count);
    return count;
}

static uint64_t piece_lods(Str *s, uint64_t want)
{
    acc_st(s->c, R_RAX, s->n, elem_ld(s, s->i->seg, ea_src(s)));
    advance(s, R_RSI, 1);
    return 1;
}

/* REPE goes on while equal, REPNE while different. */
static bool rep_stops(const Str *s, bool equal)
{
    return equal != !!(s->i->pfx & IPFX_REP);
}

static uint64_t piece_scas(Str *s, uint64_t want)
{
    uint64_t a = acc_ld(s->c, R_RAX, s->n), v = 0, count = 0, k = 0;
    uint8_t *p;

    if (want > 1) {
        count = run_in_ram(s, SEG_ES, ea_dst(s), want, ACCESS_LOAD, &p);
    }
    if (count == 0) {
        k = 1;
        v = elem_ld(s, SEG_ES, ea_dst(s));
    }
    while (k < count) {
        v = host_ld(p + (s->down ? count - 1 - k : k) * s->n, s->n);
        k++;
        if (rep_stops(s, a == v)) {
            break;
        }
    }
    alu_sub(a, v, 0, s->n, &s->fl);
    advance(s, R_RDI, k);
    return k;
}

static uint64_t piece_cmps(Str *s, uint64_t want)
{
    uint64_t a = 0, b = 0, count = 0, k = 0;
    uint8_t *p, *d;

    if (want > 1) {
        count = run_in_ram(s, s->i->seg, ea_src(s), want, ACCESS_LOAD, &p);
        count = count == 0 ? 0 : run_in_ram(s, SEG_ES, ea_dst(s), count, ACCESS_LOAD, &d);
        count = count == 0 ? 0 : run_in_ram(s, s->i->seg, ea_src(s), count, ACCESS_LOAD, &p);
    }
    if (count == 0) {
        k = 1;
        a = elem_ld(s, s->i->seg, ea_src(s));
        b = elem_ld(s, SEG_ES, ea_dst(s));
    }
    while (k < count) {
        uint64_t at = (s->down ? count - 1 - k : k) * s->n;

        a = host_ld(p + at, s->n);
        b = host_ld(d + at, s->n);
        k++;
        if (rep_stops(s, a == b)) {
            break;
        }
    }
    alu_sub(a, b, 0, s->n, &s->fl);
    advance(s, R_RSI, k);
    advance(s, R_RDI, k);
    return k;
}

/* The destination is checked first: a port must not be read twice. */
static uint64_t piece_ins(Str *s, uint64_t want)
{
    X86Cpu *c = s->c;
    unsigned port = (uint16_t)c->env.gpr[R_RDX];
    uint64_t va;

    va = linear_of(c, SEG_ES, ea_dst(s), s->n, ACCESS_STORE, s->i->adsize);
    guest_check(&c->cpu, va, s->n, ACCESS_STORE, c->env.mmu_mode);
    mem_st(c, va, s->n, x86_io_read(c, port, s->n));
    advance(s, R_RDI, 1);
    return 1;
}

static uint64_t piece_outs(Str *s, uint64_t want)
{
    X86Cpu *c = s->c;
    unsigned port = (uint16_t)c->env.gpr[R_RDX];
    uint64_t v;

    v = elem_ld(s, s->i->seg, ea_src(s));
    x86_io_write(c, port, s->n, v);
    advance(s, R_RSI, 1);
    return 1;
}

/* ---- the loop around them */

ALWAYS_INLINE void repeat(X86Cpu *c, const Insn *i, unsigned n, uint64_t (*piece)(Str *, uint64_t),
                          bool by_zf)
{
    Str s = {.c = c, .i = i, .n = n, .down = c->env.rflags & FL_DF, .fl = c->env.rflags};
    bool step = c->env.hflags & (HF_TF | HF_DR7);
    uint64_t left;

    if (!(i->pfx & (IPFX_REP | IPFX_REPNE))) {
        piece(&s, 1);
        c->env.rflags = s.fl;
        return;
    }
    left = acc_ld(c, R_RCX, i->adsize);
    for (unsigned chunk = 0; left != 0; chunk++) {
        if (chunk == REP_CHUNKS || (step && chunk == 1)) {
            c->env.next_rip = c->env.rip;
            break;
        }
        left -= piece(&s, step ? 1 : left);
        acc_st(c, R_RCX, i->adsize, left);
        if (by_zf && rep_stops(&s, s.fl & FL_ZF)) {
            break;
        }
    }
    c->env.rflags = s.fl;
}

void sem_movs(X86Cpu *c, const Insn *i)
{
    repeat(c, i, i->opsize, piece_movs, false);
}
void sem_stos(X86Cpu *c, const Insn *i)
{
    repeat(c, i, i->opsize, piece_stos, false);
}
void sem_lods(X86Cpu *c, const Insn *i)
{
    repeat(c, i, i->opsize, piece_lods, false);
}
void sem_scas(X86Cpu *c, const Insn *i)
{
    repeat(c, i, i->opsize, piece_scas, true);
}
void sem_cmps(X86Cpu *c, const Insn *i)
{
    repeat(c, i, i->opsize, piece_cmps, true);
}

/* The port is checked even when there is nothing to do. */
void sem_ins(X86Cpu *c, const Insn *i)
{
    x86_check_io(c, (uint16_t)c->env.gpr[R_RDX], MIN(i->opsize, 4));
    repeat(c, i, MIN(i->opsize, 4), piece_ins, false);
}

void sem_outs(X86Cpu *c, const Insn *i)
{
    x86_check_io(c, (uint16_t)c->env.gpr[R_RDX], MIN(i->opsize, 4));
    repeat(c, i, MIN(i->opsize, 4), piece_outs, false);
}

enum {
    G_SI = 1 << R_RSI,
    G_DI = 1 << R_RDI,
    G_CX = 1 << R_RCX,
    G_AX = 1 << R_RAX,
    G_DX = 1 << R_RDX
};
#define STR_ROW(nm, o, a, b, acc_, fl, wr, gr, gw, fn)                                             \
    {                                                                                              \
        ROW_AT(MAP_1, o, nm), .op = {a, b}, .mem = MEM_SPECIAL, .acc = acc_,                       \
                              .flags = IF_IMPLICIT | (fl), .fl_read = FL_DF, .fl_write = wr,       \
                              .gpr_read = (gr) | G_CX, .gpr_write = (gw) | G_CX, .sem = fn         \
    }
static const InsnRow rows[] = {
    STR_ROW("movs", 0xa4, OP_Yb, OP_Xb, ACC_RW, IF_REP, 0, G_SI | G_DI, G_SI | G_DI, sem_movs),
    STR_ROW("movs", 0xa5, OP_Yv, OP_Xv, ACC_RW, IF_REP, 0, G_SI | G_DI, G_SI | G_DI, sem_movs),
    STR_ROW("cmps", 0xa6, OP_Xb, OP_Yb, ACC_R, IF_REP | IF_REPCC, FL_STATUS, G_SI | G_DI,
            G_SI | G_DI, sem_cmps),
    STR_ROW("cmps", 0xa7, OP_Xv, OP_Yv, ACC_R, IF_REP | IF_REPCC, FL_STATUS, G_SI | G_DI,
            G_SI | G_DI, sem_cmps),
    STR_ROW("stos", 0xaa, OP_Yb, OP_AL, ACC_W, IF_REP, 0, G_DI | G_AX, G_DI, sem_stos),
    STR_ROW("stos", 0xab, OP_Yv, OP_rAX, ACC_W, IF_REP, 0, G_DI | G_AX, G_DI, sem_stos),
    STR_ROW("lods", 0xac, OP_AL, OP_Xb, ACC_R, IF_REP, 0, G_SI | G_AX, G_SI | G_AX, sem_lods),
    STR_ROW("lods", 0xad, OP_rAX, OP_Xv, ACC_R, IF_REP, 0, G_SI | G_AX, G_SI | G_AX, sem_lods),
    STR_ROW("scas", 0xae, OP_AL, OP_Yb, ACC_R, IF_REP | IF_REPCC, FL_STATUS, G_DI | G_AX, G_DI,
            sem_scas),
    STR_ROW("scas", 0xaf, OP_rAX, OP_Yv, ACC_R, IF_REP | IF_REPCC, FL_STATUS, G_DI | G_AX, G_DI,
            sem_scas),
    STR_ROW("ins", 0x6c, OP_Yb, OP_DX, ACC_W, IF_REP | IF_END, 0, G_DI | G_DX, G_DI, sem_ins),
    STR_ROW("ins", 0x6d, OP_Yv, OP_DX, ACC_W, IF_REP | IF_END, 0, G_DI | G_DX, G_DI, sem_ins),
    STR_ROW("outs", 0x6e, OP_DX, OP_Xb, ACC_R, IF_REP | IF_END, 0, G_SI | G_DX, G_SI, sem_outs),
    STR_ROW("outs", 0x6f, OP_DX, OP_Xv, ACC_R, IF_REP | IF_END, 0, G_SI | G_DX, G_SI, sem_outs),
};
INSN_ROWS(string, rows);
