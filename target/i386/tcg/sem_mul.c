/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiplication, division and the BCD adjustments (SDM vol. 2). */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

/* ---- MUL, IMUL: CF = OF = the upper half matters. The others are undefined and left alone. */

ALWAYS_INLINE void mul_flags(X86Cpu *c, bool over)
{
    flags_put(c, FL_CF | FL_OF, over ? FL_CF | FL_OF : 0);
}

/* The double-width product goes to AX or to rDX:rAX. */
ALWAYS_INLINE void put_product(X86Cpu *c, unsigned n, uint64_t lo, uint64_t hi)
{
    if (n == 1) {
        acc_st(c, R_RAX, 2, (lo & 0xff) | hi << 8);
    } else {
        acc_st(c, R_RAX, n, lo);
        acc_st(c, R_RDX, n, hi);
    }
}

ALWAYS_INLINE void sem_mul_n(X86Cpu *c, const Insn *i, unsigned n)
{
    u128 p = (u128)rm_ld(c, i, n) * acc_ld(c, R_RAX, n);
    uint64_t hi = (uint64_t)(p >> (8 * n)) & size_mask(n);

    put_product(c, n, p, hi);
    mul_flags(c, hi != 0);
}

ALWAYS_INLINE void sem_imul_n(X86Cpu *c, const Insn *i, unsigned n)
{
    s128 p = (s128)sext(rm_ld(c, i, n), n) * sext(acc_ld(c, R_RAX, n), n);

    put_product(c, n, p, (uint64_t)(p >> (8 * n)));
    mul_flags(c, p != sext((uint64_t)p, n));
}

ALWAYS_INLINE void imul_to(X86Cpu *c, const Insn *i, unsigned n, uint64_t a, uint64_t b)
{
    s128 p = (s128)sext(a, n) * sext(b, n);

    reg_st(c, i, i->reg, n, p);
    mul_flags(c, p != sext((uint64_t)p, n));
}
ALWAYS_INLINE void sem_imul_GE_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t b = rm_ld(c, i, n);

    imul_to(c, i, n, reg_ld(c, i, i->reg, n), b);
}
ALWAYS_INLINE void sem_imul_GEI_n(X86Cpu *c, const Insn *i, unsigned n)
{
    imul_to(c, i, n, rm_ld(c, i, n), i->imm);
}
static SEM_SIZED(sem_mul) static SEM_SIZED(sem_imul) static SEM_SIZED_V(
    sem_imul_GE) static SEM_SIZED_V(sem_imul_GEI)

    /* ---- DIV, IDIV: #DE for zero and for a quotient that does not fit. Flags undefined, left
       alone. */

    ALWAYS_INLINE u128 get_dividend(const X86Cpu *c, unsigned n)
{
    if (n == 1) {
        return (uint16_t)c->env.gpr[R_RAX];
    }
    return (u128)acc_ld(c, R_RDX, n) << (8 * n) | acc_ld(c, R_RAX, n);
}

ALWAYS_INLINE void put_quotient(X86Cpu *c, unsigned n, uint64_t q, uint64_t r)
{
    if (n == 1) {
        acc_st(c, R_RAX, 2, (q & 0xff) | (r & 0xff) << 8);
    } else {
        acc_st(c, R_RAX, n, q);
        acc_st(c, R_RDX, n, r);
    }
}

ALWAYS_INLINE void sem_div_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t d = rm_ld(c, i, n);
    u128 a = get_dividend(c, n);

    if (d == 0 || a >> (8 * n) >= d) {
        x86_raise(c, EXC_DE);
    }
    if (n <= 4) {
        put_quotient(c, n, (uint64_t)a / d, (uint64_t)a % d);
    } else {
        put_quotient(c, n, a / d, a % d);
    }
}

ALWAYS_INLINE void sem_idiv_n(X86Cpu *c, const Insn *i, unsigned n)
{
    int64_t d = sext(rm_ld(c, i, n), n);
    unsigned up = 128 - 16 * n;
    s128 a = (s128)(get_dividend(c, n) << up) >> up, q;

    /* the one quotient that would overflow even 128 bits */
    if (d == 0 || (d == -1 && a == (s128)((u128)1 << 127))) {
        x86_raise(c, EXC_DE);
    }
    q = a / d;
    if (q != sext((uint64_t)q, n)) {
        x86_raise(c, EXC_DE);
    }
    put_quotient(c, n, q, a % d);
}
SEM_SIZED(sem_div)
SEM_SIZED(sem_idiv)

enum { FL_CO = FL_CF | FL_OF, FL_SZAP = FL_STATUS & ~FL_CO, RAX_RDX = 1 << R_RAX | 1 << R_RDX };
#define MUL_ROWS(nm, x, fn, wr, un)                                                                \
    {ROW_EXT(MAP_1, 0xf6, x, nm),    .op = {OP_Eb},  .mem = MEM_1,   .acc = ACC_R,                 \
     .flags = IF_PASS | IF_IMPLICIT, .fl_write = wr, .fl_undef = un, .gpr_read = 1 << R_RAX,       \
     .gpr_write = 1 << R_RAX,        .sem = fn},                                                   \
    {                                                                                              \
        ROW_EXT(MAP_1, 0xf7, x, nm),                                                               \
            .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R, .flags = IF_PASS | IF_IMPLICIT,          \
            .fl_write = wr, .fl_undef = un, .gpr_read = RAX_RDX, .gpr_write = RAX_RDX, .sem = fn   \
    }
#define IMUL_TAIL                                                                                  \
    .mem = MEM_OPSZ, .acc = ACC_R, .flags = IF_PASS, .fl_write = FL_CO, .fl_undef = FL_SZAP
static const InsnRow rows_mul[] = {
    MUL_ROWS("mul", 4, sem_mul, FL_CO, FL_SZAP),
    MUL_ROWS("imul", 5, sem_imul, FL_CO, FL_SZAP),
    MUL_ROWS("div", 6, sem_div, 0, FL_STATUS),
    MUL_ROWS("idiv", 7, sem_idiv, 0, FL_STATUS),
    {ROW_AT(MAP_0F, 0xaf, "imul"), .op = {OP_Gv, OP_Ev}, IMUL_TAIL, .sem = sem_imul_GE},
    {ROW_AT(MAP_1, 0x69, "imul"), .op = {OP_Gv, OP_Ev, OP_Iz}, IMUL_TAIL, .sem = sem_imul_GEI},
    {ROW_AT(MAP_1, 0x6b, "imul"), .op = {OP_Gv, OP_Ev, OP_Ibs}, IMUL_TAIL, .sem = sem_imul_GEI},
};
INSN_ROWS(mul, rows_mul);

/* ---- BCD; outside 64-bit mode only */

static uint8_t al(const X86Cpu *c)
{
    return c->env.gpr[R_RAX];
}

static void sem_aaa(X86Cpu *c, const Insn *i)
{
    bool adjust = (al(c) & 15) > 9 || (c->env.rflags & FL_AF);
    uint16_t ax = c->env.gpr[R_RAX] + (adjust ? 0x106 : 0);

    acc_st(c, R_RAX, 2, ax & 0xff0f);
    flags_put(c, FL_STATUS, (adjust ? FL_CF | FL_AF : 0) | fl_szp(al(c), 1));
}

static void sem_aas(X86Cpu *c, const Insn *i)
{
    bool adjust = (al(c) & 15) > 9 || (c->env.rflags & FL_AF);
    uint16_t ax = c->env.gpr[R_RAX] - (adjust ? 0x106 : 0);

    acc_st(c, R_RAX, 2, ax & 0xff0f);
    flags_put(c, FL_STATUS, (adjust ? FL_CF | FL_AF : 0) | fl_szp(al(c), 1));
}

static void decimal_adjust(X86Cpu *c, bool add)
{
    uint8_t old = al(c), v = old;
    uint64_t fl = 0;

    if ((old & 15) > 9 || (c->env.rflags & FL_AF)) {
        v = add ? v + 6 : v - 6;
        fl |= FL_AF | (!add && old < 6 ? FL_CF : 0);
    }
    if (old > 0x99 || (c->env.rflags & FL_CF)) {
        v = add ? v + 0x60 : v - 0x60;
        fl |= FL_CF;
    }
    acc_st(c, R_RAX, 1, v);
    flags_put(c, FL_STATUS, fl | fl_szp(v, 1));
}

static void sem_daa(X86Cpu *c, const Insn *i)
{
    decimal_adjust(c, true);
}
static void sem_das(X86Cpu *c, const Insn *i)
{
    decimal_adjust(c, false);
}

static void sem_aam(X86Cpu *c, const Insn *i)
{
    uint8_t v = al(c), base = i->imm;

    if (base == 0) {
        x86_raise(c, EXC_DE);
    }
    acc_st(c, R_RAX, 2, v % base | v / base << 8);
    flags_put(c, FL_STATUS, fl_szp(al(c), 1));
}

static void sem_aad(X86Cpu *c, const Insn *i)
{
    uint8_t ah = c->env.gpr[R_RAX] >> 8;

    acc_st(c, R_RAX, 2, (uint8_t)(al(c) + ah * (uint8_t)i->imm));
    flags_put(c, FL_STATUS, fl_szp(al(c), 1));
}

#define BCD_TAIL .gpr_read = 1 << R_RAX, .gpr_write = 1 << R_RAX
enum { FL_SZP = FL_SF | FL_ZF | FL_PF, FL_AC_ = FL_AF | FL_CF };
static const InsnRow rows_bcd[] = {
    {ROW_AT(MAP_1, 0x37, "aaa"), .flags = IF_I64 | IF_IMPLICIT, .fl_read = FL_AF,
     .fl_write = FL_AC_, .fl_undef = FL_SZP | FL_OF, BCD_TAIL, .sem = sem_aaa},
    {ROW_AT(MAP_1, 0x3f, "aas"), .flags = IF_I64 | IF_IMPLICIT, .fl_read = FL_AF,
     .fl_write = FL_AC_, .fl_undef = FL_SZP | FL_OF, BCD_TAIL, .sem = sem_aas},
    {ROW_AT(MAP_1, 0x27, "daa"), .flags = IF_I64 | IF_IMPLICIT, .fl_read = FL_AC_,
     .fl_write = FL_AC_ | FL_SZP, .fl_undef = FL_OF, BCD_TAIL, .sem = sem_daa},
    {ROW_AT(MAP_1, 0x2f, "das"), .flags = IF_I64 | IF_IMPLICIT, .fl_read = FL_AC_,
     .fl_write = FL_AC_ | FL_SZP, .fl_undef = FL_OF, BCD_TAIL, .sem = sem_das},
    {ROW_AT(MAP_1, 0xd4, "aam"), .op = {OP_Ib}, .flags = IF_I64 | IF_IMPLICIT, .fl_write = FL_SZP,
     .fl_undef = FL_AC_ | FL_OF, BCD_TAIL, .sem = sem_aam},
    {ROW_AT(MAP_1, 0xd5, "aad"), .op = {OP_Ib}, .flags = IF_I64 | IF_IMPLICIT, .fl_write = FL_SZP,
     .fl_undef = FL_AC_ | FL_OF, BCD_TAIL, .sem = sem_aad},
};
INSN_ROWS(bcd, rows_bcd);
