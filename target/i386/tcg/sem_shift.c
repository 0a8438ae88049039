/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shifts, rotates, double shifts and bit tests (SDM vol. 2). A count of zero after masking changes
 * no flag, so rows with a variable or immediate count also read what they write. Flags undefined
 * for counts above one follow the rule for one, as processors do. */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

ALWAYS_INLINE unsigned count_mask(uint64_t count, unsigned n)
{
    return count & (n == 8 ? 63 : 31);
}

ALWAYS_INLINE uint64_t top_bit(uint64_t v, unsigned n)
{
    return v >> (8 * n - 1) & 1;
}

/* CF and OF; S, Z, P from the result for shifts. */
ALWAYS_INLINE void put_co(uint64_t *fl, uint64_t cf, uint64_t of)
{
    fl_put(fl, FL_CF | FL_OF, cf | of * FL_OF);
}

ALWAYS_INLINE void put_shift(uint64_t *fl, uint64_t r, unsigned n, uint64_t cf, uint64_t of)
{
    fl_put(fl, FL_STATUS, cf | of * FL_OF | fl_szp(r, n));
}

/* ---- rotates */

ALWAYS_INLINE uint64_t fn_rol(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned k = count_mask(count, n), b = 8 * n, m = k & (b - 1);
    uint64_t r = m == 0 ? a : (a << m | a >> (b - m)) & size_mask(n);

    if (k != 0) {
        put_co(fl, r & 1, (r & 1) ^ top_bit(r, n));
    }
    return r;
}

ALWAYS_INLINE uint64_t fn_ror(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned k = count_mask(count, n), b = 8 * n, m = k & (b - 1);
    uint64_t r = m == 0 ? a : (a >> m | a << (b - m)) & size_mask(n);

    if (k != 0) {
        put_co(fl, top_bit(r, n), (r >> (b - 1) ^ r >> (b - 2)) & 1);
    }
    return r;
}

/* Through carry: 9, 17, 33 or 65 bits go round. */
ALWAYS_INLINE uint64_t fn_rcl(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned b = 8 * n, k = count_mask(count, n) % (b + 1);
    uint64_t cf = *fl & FL_CF, r = a;

    if (k != 0) {
        r = (k == b ? 0 : a << k) | cf << (k - 1) | (k == 1 ? 0 : a >> (b + 1 - k));
        r &= size_mask(n);
        cf = a >> (b - k) & 1;
    }
    if (count_mask(count, n) != 0) {
        put_co(fl, cf, cf ^ top_bit(r, n));
    }
    return r;
}

ALWAYS_INLINE uint64_t fn_rcr(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned b = 8 * n, k = count_mask(count, n) % (b + 1);
    uint64_t cf = *fl & FL_CF, r = a;

    if (k != 0) {
        r = (k == b ? 0 : a >> k) | cf << (b - k) | (k == 1 ? 0 : a << (b + 1 - k));
        r &= size_mask(n);
        cf = a >> (k - 1) & 1;
    }
    if (count_mask(count, n) != 0) {
        put_co(fl, cf, (r >> (b - 1) ^ r >> (b - 2)) & 1);
    }
    return r;
}

/* ---- shifts */

ALWAYS_INLINE uint64_t fn_shl(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned k = count_mask(count, n), b = 8 * n;
    uint64_t r, cf;

    if (k == 0) {
        return a;
    }
    r = k >= b ? 0 : a << k & size_mask(n);
    cf = k > b ? 0 : a >> (b - k) & 1;
    put_shift(fl, r, n, cf, cf ^ top_bit(r, n));
    return r;
}

ALWAYS_INLINE uint64_t fn_shr(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned k = count_mask(count, n);
    uint64_t r;

    if (k == 0) {
        return a;
    }
    r = a >> k;
    put_shift(fl, r, n, a >> (k - 1) & 1, (r << 1 ^ r) >> (8 * n - 1) & 1);
    return r;
}

ALWAYS_INLINE uint64_t fn_sar(uint64_t a, uint64_t count, unsigned n, uint64_t *fl)
{
    unsigned k = count_mask(count, n);
    int64_t s = sext(a, n);
    uint64_t r;

    if (k == 0) {
        return a;
    }
    r = (s >> k) & size_mask(n);
    put_shift(fl, r, n, s >> (k - 1) & 1, 0);
    return r;
}

#define SHIFT_SEMS(op)                                                                             \
    ALWAYS_INLINE void sem_##op##_I_n(X86Cpu *c, const Insn *i, unsigned n)                        \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, i->imm);                                                          \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_1_n(X86Cpu *c, const Insn *i, unsigned n)                        \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, 1);                                                               \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_C_n(X86Cpu *c, const Insn *i, unsigned n)                        \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, (uint8_t)c->env.gpr[R_RCX]);                                      \
    }                                                                                              \
    static SEM_SIZED(sem_##op##_I) static SEM_SIZED(sem_##op##_1) static SEM_SIZED(sem_##op##_C)
SHIFT_SEMS(rol)
SHIFT_SEMS(ror)
SHIFT_SEMS(rcl)
SHIFT_SEMS(rcr)
SHIFT_SEMS(shl)
SHIFT_SEMS(shr)
SHIFT_SEMS(sar)

/* all: flags the operation touches; cin: CF is an input */
#define SHIFT_ROWS(nm, x, op_, all, cin, af)                                                       \
    {ROW_EXT(MAP_1, 0xc0, x, nm),                                                                  \
     .op = {OP_Eb, OP_Ib},                                                                         \
     .mem = MEM_1,                                                                                 \
     .acc = ACC_RW,                                                                                \
     .flags = IF_PASS,                                                                             \
     .fl_read = (all) | (cin),                                                                     \
     .fl_write = (all) & ~(FL_OF | (af)),                                                          \
     .fl_undef = FL_OF | (af),                                                                     \
     .sem = sem_##op_##_I},                                                                        \
        {ROW_EXT(MAP_1, 0xc1, x, nm),                                                              \
         .op = {OP_Ev, OP_Ib},                                                                     \
         .mem = MEM_OPSZ,                                                                          \
         .acc = ACC_RW,                                                                            \
         .flags = IF_PASS,                                                                         \
         .fl_read = (all) | (cin),                                                                 \
         .fl_write = (all) & ~(FL_OF | (af)),                                                      \
         .fl_undef = FL_OF | (af),                                                                 \
         .sem = sem_##op_##_I},                                                                    \
        {ROW_EXT(MAP_1, 0xd0, x, nm),                                                              \
         .op = {OP_Eb, OP_1},                                                                      \
         .mem = MEM_1,                                                                             \
         .acc = ACC_RW,                                                                            \
         .flags = IF_PASS,                                                                         \
         .fl_read = (cin),                                                                         \
         .fl_write = (all) & ~(af),                                                                \
         .fl_undef = (af),                                                                         \
         .sem = sem_##op_##_1},                                                                    \
        {ROW_EXT(MAP_1, 0xd1, x, nm),                                                              \
         .op = {OP_Ev, OP_1},                                                                      \
         .mem = MEM_OPSZ,                                                                          \
         .acc = ACC_RW,                                                                            \
         .flags = IF_PASS,                                                                         \
         .fl_read = (cin),                                                                         \
         .fl_write = (all) & ~(af),                                                                \
         .fl_undef = (af),                                                                         \
         .sem = sem_##op_##_1},                                                                    \
        {ROW_EXT(MAP_1, 0xd2, x, nm),                                                              \
         .op = {OP_Eb, OP_CL},                                                                     \
         .mem = MEM_1,                                                                             \
         .acc = ACC_RW,                                                                            \
         .flags = IF_PASS,                                                                         \
         .fl_read = (all) | (cin),                                                                 \
         .fl_write = (all) & ~(FL_OF | (af)),                                                      \
         .fl_undef = FL_OF | (af),                                                                 \
         .sem = sem_##op_##_C},                                                                    \
    {                                                                                              \
        ROW_EXT(MAP_1, 0xd3, x, nm), .op = {OP_Ev, OP_CL}, .mem = MEM_OPSZ, .acc = ACC_RW,         \
                                     .flags = IF_PASS, .fl_read = (all) | (cin),                   \
                                     .fl_write = (all) & ~(FL_OF | (af)),                          \
                                     .fl_undef = FL_OF | (af), .sem = sem_##op_##_C                \
    }
enum { FL_CO = FL_CF | FL_OF };
static const InsnRow rows_shift[] = {
    SHIFT_ROWS("rol", 0, rol, FL_CO, 0, 0),         SHIFT_ROWS("ror", 1, ror, FL_CO, 0, 0),
    SHIFT_ROWS("rcl", 2, rcl, FL_CO, FL_CF, 0),     SHIFT_ROWS("rcr", 3, rcr, FL_CO, FL_CF, 0),
    SHIFT_ROWS("shl", 4, shl, FL_STATUS, 0, FL_AF), SHIFT_ROWS("shr", 5, shr, FL_STATUS, 0, FL_AF),
    SHIFT_ROWS("sal", 6, shl, FL_STATUS, 0, FL_AF), SHIFT_ROWS("sar", 7, sar, FL_STATUS, 0, FL_AF),
};
INSN_ROWS(shift, rows_shift);

/* ---- SHLD SHRD. 16-bit operands with counts above 16 are undefined: the bits of dest:src:dest go
 * round. */

ALWAYS_INLINE uint64_t shld(uint64_t a, uint64_t b, unsigned k, unsigned n, uint64_t *fl)
{
    unsigned w = 8 * n;
    uint64_t r, cf;

    if (k == 0) {
        return a;
    }
    if (n == 2) {
        uint64_t wide = a << 32 | b << 16 | a;

        r = (uint16_t)(wide >> (32 - k));
        cf = wide >> (48 - k) & 1;
    } else {
        r = (a << k | b >> (w - k)) & size_mask(n);
        cf = a >> (w - k) & 1;
    }
    put_shift(fl, r, n, cf, cf ^ top_bit(r, n));
    return r;
}

ALWAYS_INLINE uint64_t shrd(uint64_t a, uint64_t b, unsigned k, unsigned n, uint64_t *fl)
{
    unsigned w = 8 * n;
    uint64_t r, cf;

    if (k == 0) {
        return a;
    }
    if (n == 2) {
        uint64_t wide = a << 32 | b << 16 | a;

        r = (uint16_t)(wide >> k);
        cf = wide >> (k - 1) & 1;
    } else {
        r = (a >> k | b << (w - k)) & size_mask(n);
        cf = a >> (k - 1) & 1;
    }
    put_shift(fl, r, n, cf, (r >> (w - 1) ^ r >> (w - 2)) & 1);
    return r;
}

ALWAYS_INLINE void double_shift(X86Cpu *c, const Insn *i, unsigned n, bool left, uint64_t count)
{
    uint64_t b = reg_ld(c, i, i->reg, n), fl = c->env.rflags, va = 0, a, r;
    unsigned k = count_mask(count, n);

    if (insn_is_mem(i)) {
        va = mem_va(c, i, n, ACCESS_STORE);
        guest_check(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);
        a = mem_ld(c, va, n);
    } else {
        a = reg_ld(c, i, i->rm, n);
    }
    r = left ? shld(a, b, k, n, &fl) : shrd(a, b, k, n, &fl);
    if (insn_is_mem(i)) {
        mem_st(c, va, n, r);
    } else {
        reg_st(c, i, i->rm, n, r);
    }
    c->env.rflags = fl;
}

ALWAYS_INLINE void sem_shld_I_n(X86Cpu *c, const Insn *i, unsigned n)
{
    double_shift(c, i, n, true, i->imm);
}
ALWAYS_INLINE void sem_shrd_I_n(X86Cpu *c, const Insn *i, unsigned n)
{
    double_shift(c, i, n, false, i->imm);
}
ALWAYS_INLINE void sem_shld_C_n(X86Cpu *c, const Insn *i, unsigned n)
{
    double_shift(c, i, n, true, c->env.gpr[R_RCX]);
}
ALWAYS_INLINE void sem_shrd_C_n(X86Cpu *c, const Insn *i, unsigned n)
{
    double_shift(c, i, n, false, c->env.gpr[R_RCX]);
}
static SEM_SIZED_V(sem_shld_I) static SEM_SIZED_V(sem_shrd_I) static SEM_SIZED_V(
    sem_shld_C) static SEM_SIZED_V(sem_shrd_C)

#define DSHIFT_TAIL                                                                                \
    .mem = MEM_OPSZ, .acc = ACC_RW, .flags = IF_PASS, .fl_read = FL_STATUS,                        \
    .fl_write = FL_STATUS & ~(FL_AF | FL_OF), .fl_undef = FL_AF | FL_OF
    static const InsnRow rows_dshift[] = {
        {ROW_AT(MAP_0F, 0xa4, "shld"), .op = {OP_Ev, OP_Gv, OP_Ib}, DSHIFT_TAIL, .sem = sem_shld_I},
        {ROW_AT(MAP_0F, 0xa5, "shld"), .op = {OP_Ev, OP_Gv, OP_CL}, DSHIFT_TAIL, .sem = sem_shld_C},
        {ROW_AT(MAP_0F, 0xac, "shrd"), .op = {OP_Ev, OP_Gv, OP_Ib}, DSHIFT_TAIL, .sem = sem_shrd_I},
        {ROW_AT(MAP_0F, 0xad, "shrd"), .op = {OP_Ev, OP_Gv, OP_CL}, DSHIFT_TAIL, .sem = sem_shrd_C},
};
INSN_ROWS(dshift, rows_dshift);

/* ---- BT BTS BTR BTC. Only CF is defined; processors leave the others alone. */

ALWAYS_INLINE uint64_t fn_bit(uint64_t a, unsigned bit, unsigned what, uint64_t *fl)
{
    uint64_t m = 1ull << bit;

    fl_put(fl, FL_CF, a >> bit & 1);
    return what == 0 ? a : what == 1 ? a | m : what == 2 ? a & ~m : a ^ m;
}

ALWAYS_INLINE uint64_t fn_bts(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return fn_bit(a, b, 1, fl);
}
ALWAYS_INLINE uint64_t fn_btr(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return fn_bit(a, b, 2, fl);
}
ALWAYS_INLINE uint64_t fn_btc(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return fn_bit(a, b, 3, fl);
}

ALWAYS_INLINE void bit_at(X86Cpu *c, const Insn *i, unsigned n, unsigned what, uint64_t va,
                          unsigned bit)
{
    switch (what) {
    case 0: fn_bit(mem_ld(c, va, n), bit, 0, &c->env.rflags); break;
    case 1: mem_rmw_at(c, i, va, n, fn_bts, bit); break;
    case 2: mem_rmw_at(c, i, va, n, fn_btr, bit); break;
    default: mem_rmw_at(c, i, va, n, fn_btc, bit); break;
    }
}

ALWAYS_INLINE void bit_op(X86Cpu *c, const Insn *i, unsigned n, unsigned what, unsigned bit)
{
    if (insn_is_mem(i)) {
        bit_at(c, i, n, what, mem_va(c, i, n, what == 0 ? ACCESS_LOAD : ACCESS_STORE), bit);
    } else {
        uint64_t r = fn_bit(reg_ld(c, i, i->rm, n), bit, what, &c->env.rflags);

        if (what != 0) {
            reg_st(c, i, i->rm, n, r);
        }
    }
}

/* 0F BA: what is /reg - 4; the index is cut to the width. */
ALWAYS_INLINE void sem_bt_I_n(X86Cpu *c, const Insn *i, unsigned n)
{
    bit_op(c, i, n, (i->modrm >> 3 & 7) - 4, i->imm & (8 * n - 1));
}
ALWAYS_INLINE void sem_bt_R_n(X86Cpu *c, const Insn *i, unsigned n)
{
    bit_op(c, i, n, i->opcode >> 3 & 3, reg_ld(c, i, i->reg, n) & (8 * n - 1));
}
static SEM_SIZED_V(sem_bt_I) static SEM_SIZED_V(sem_bt_R)

    /* A register index into memory reaches the whole bit string around the operand. */
    ALWAYS_INLINE void sem_bt_mem_n(X86Cpu *c, const Insn *i, unsigned n)
{
    unsigned what = i->opcode >> 3 & 3;
    int64_t index = sext(reg_ld(c, i, i->reg, n), n);
    uint64_t ea = (ea_calc(c, i) + (uint64_t)((index >> (n == 2   ? 4
                                                         : n == 4 ? 5
                                                                  : 6)) *
                                              (int64_t)n)) &
                  size_mask(i->adsize);

    bit_at(c, i, n, what,
           linear_of(c, i->seg, ea, n, what == 0 ? ACCESS_LOAD : ACCESS_STORE, i->adsize),
           index & (8 * n - 1));
}
SEM_SIZED_V(sem_bt_mem)

enum { FL_NO_CZ = FL_STATUS & ~(FL_CF | FL_ZF) };
#define BT_ROWS(nm, o, x, acc_, lock)                                                              \
    {ROW_AT(MAP_0F, o, nm), .op = {OP_Ev, OP_Gv}, .flags = IF_PASS | IF_REG_ONLY,                  \
     .fl_write = FL_CF,     .fl_undef = FL_NO_CZ, .sem = sem_bt_R},                                \
        {ROW_AT(MAP_0F, o, nm),                                                                    \
         .op = {OP_Ev, OP_Gv},                                                                     \
         .mem = MEM_SPECIAL,                                                                       \
         .acc = acc_,                                                                              \
         .flags = IF_MEM_ONLY | (lock),                                                            \
         .fl_write = FL_CF,                                                                        \
         .fl_undef = FL_NO_CZ,                                                                     \
         .sem = sem_bt_mem},                                                                       \
    {                                                                                              \
        ROW_EXT(MAP_0F, 0xba, x, nm), .op = {OP_Ev, OP_Ib}, .mem = MEM_OPSZ, .acc = acc_,          \
                                      .flags = IF_PASS | (lock), .fl_write = FL_CF,                \
                                      .fl_undef = FL_NO_CZ, .sem = sem_bt_I                        \
    }
static const InsnRow rows_bt[] = {
    BT_ROWS("bt", 0xa3, 4, ACC_R, 0),
    BT_ROWS("bts", 0xab, 5, ACC_RW, IF_LOCK),
    BT_ROWS("btr", 0xb3, 6, ACC_RW, IF_LOCK),
    BT_ROWS("btc", 0xbb, 7, ACC_RW, IF_LOCK),
};
INSN_ROWS(bt, rows_bt);
