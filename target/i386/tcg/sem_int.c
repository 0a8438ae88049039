/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer arithmetic, logic and data movement (SDM vol. 2): the eight ALU operations in all forms,
 * INC/DEC/NEG/NOT, MOV and its extensions, XCHG, LEA, SETcc, CMOVcc, BSWAP, CBW/CWD, flag
 * instructions, XLAT, exchange-and-add, compare-and-exchange. */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

enum { FL_LOGIC = FL_STATUS & ~FL_AF, FL_NOCF = FL_STATUS & ~FL_CF };

/* ---- ADD OR ADC SBB AND SUB XOR CMP */

ALWAYS_INLINE uint64_t fn_add(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_add(a, b, 0, n, fl);
}
ALWAYS_INLINE uint64_t fn_adc(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_add(a, b, *fl & FL_CF, n, fl);
}
ALWAYS_INLINE uint64_t fn_sub(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_sub(a, b, 0, n, fl);
}
ALWAYS_INLINE uint64_t fn_sbb(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_sub(a, b, *fl & FL_CF, n, fl);
}
ALWAYS_INLINE uint64_t fn_and(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_logic(a & b, n, fl);
}
ALWAYS_INLINE uint64_t fn_or(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_logic(a | b, n, fl);
}
ALWAYS_INLINE uint64_t fn_xor(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_logic(a ^ b, n, fl);
}

/* E,G  G,E  E,I  A,I. Immediates come sign-extended; the width cuts them. */
#define ALU_SEMS(op)                                                                               \
    ALWAYS_INLINE void sem_##op##_EG_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, reg_ld(c, i, i->reg, n));                                         \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_GE_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        uint64_t b = rm_ld(c, i, n), fl = c->env.rflags;                                           \
                                                                                                   \
        reg_st(c, i, i->reg, n, fn_##op(reg_ld(c, i, i->reg, n), b, n, &fl));                      \
        c->env.rflags = fl;                                                                        \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_EI_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, i->imm &size_mask(n));                                            \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_AI_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        uint64_t fl = c->env.rflags;                                                               \
                                                                                                   \
        acc_st(c, R_RAX, n, fn_##op(acc_ld(c, R_RAX, n), i->imm &size_mask(n), n, &fl));           \
        c->env.rflags = fl;                                                                        \
    }                                                                                              \
    static SEM_SIZED(sem_##op##_EG) static SEM_SIZED(sem_##op##_GE) static SEM_SIZED(              \
        sem_##op##_EI) static SEM_SIZED(sem_##op##_AI)

ALU_SEMS(add)
ALU_SEMS(or)
ALU_SEMS(adc)
ALU_SEMS(sbb)
ALU_SEMS(and)
ALU_SEMS(sub)
ALU_SEMS(xor)

/* CMP and TEST keep only the flags. */
#define CMP_SEMS(op, fn)                                                                           \
    ALWAYS_INLINE void sem_##op##_EG_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        uint64_t a = rm_ld(c, i, n);                                                               \
                                                                                                   \
        fn(a, reg_ld(c, i, i->reg, n), n, &c->env.rflags);                                         \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_EI_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        fn(rm_ld(c, i, n), i->imm &size_mask(n), n, &c->env.rflags);                               \
    }                                                                                              \
    ALWAYS_INLINE void sem_##op##_AI_n(X86Cpu *c, const Insn *i, unsigned n)                       \
    {                                                                                              \
        fn(acc_ld(c, R_RAX, n), i->imm &size_mask(n), n, &c->env.rflags);                          \
    }                                                                                              \
    static SEM_SIZED(sem_##op##_EG) static SEM_SIZED(sem_##op##_EI) static SEM_SIZED(sem_##op##_AI)

CMP_SEMS(cmp, fn_sub)
ALWAYS_INLINE void sem_cmp_GE_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t b = rm_ld(c, i, n);

    fn_sub(reg_ld(c, i, i->reg, n), b, n, &c->env.rflags);
}
static SEM_SIZED(sem_cmp_GE)

CMP_SEMS(test, fn_and)

#define ALU_COMMON(rd, wr, un) .fl_read = (rd), .fl_write = (wr), .fl_undef = (un)
#define ALU_ROWS(nm, o, x, op_, acc_, lock, rd, wr, un)                                            \
    {ROW_AT(MAP_1, (o) + 0, nm), .op = {OP_Eb, OP_Gb},   .mem = MEM_1,         .acc = acc_,        \
     .flags = IF_PASS | (lock),  ALU_COMMON(rd, wr, un), .sem = sem_##op_##_EG},                   \
        {ROW_AT(MAP_1, (o) + 1, nm), .op = {OP_Ev, OP_Gv},   .mem = MEM_OPSZ,      .acc = acc_,    \
         .flags = IF_PASS | (lock),  ALU_COMMON(rd, wr, un), .sem = sem_##op_##_EG},               \
        {ROW_AT(MAP_1, (o) + 2, nm), .op = {OP_Gb, OP_Eb},   .mem = MEM_1,         .acc = ACC_R,   \
         .flags = IF_PASS,           ALU_COMMON(rd, wr, un), .sem = sem_##op_##_GE},               \
        {ROW_AT(MAP_1, (o) + 3, nm), .op = {OP_Gv, OP_Ev},   .mem = MEM_OPSZ,      .acc = ACC_R,   \
         .flags = IF_PASS,           ALU_COMMON(rd, wr, un), .sem = sem_##op_##_GE},               \
        {ROW_AT(MAP_1, (o) + 4, nm), .op = {OP_AL, OP_Ib}, .flags = IF_PASS,                       \
         ALU_COMMON(rd, wr, un), .sem = sem_##op_##_AI},                                           \
        {ROW_AT(MAP_1, (o) + 5, nm), .op = {OP_rAX, OP_Iz}, .flags = IF_PASS,                      \
         ALU_COMMON(rd, wr, un), .sem = sem_##op_##_AI},                                           \
        {ROW_EXT(MAP_1, 0x80, x, nm), .op = {OP_Eb, OP_Ib},   .mem = MEM_1,         .acc = acc_,   \
         .flags = IF_PASS | (lock),   ALU_COMMON(rd, wr, un), .sem = sem_##op_##_EI},              \
        {ROW_EXT(MAP_1, 0x82, x, nm), .op = {OP_Eb, OP_Ib},   .mem = MEM_1,         .acc = acc_,   \
         .flags = IF_I64 | (lock),    ALU_COMMON(rd, wr, un), .sem = sem_##op_##_EI},              \
        {ROW_EXT(MAP_1, 0x81, x, nm), .op = {OP_Ev, OP_Iz},   .mem = MEM_OPSZ,      .acc = acc_,   \
         .flags = IF_PASS | (lock),   ALU_COMMON(rd, wr, un), .sem = sem_##op_##_EI},              \
    {                                                                                              \
        ROW_EXT(MAP_1, 0x83, x, nm), .op = {OP_Ev, OP_Ibs}, .mem = MEM_OPSZ, .acc = acc_,          \
                                     .flags = IF_PASS | (lock), ALU_COMMON(rd, wr, un),            \
                                     .sem = sem_##op_##_EI                                         \
    }

    static const InsnRow rows_alu[] = {
        ALU_ROWS("add", 0x00, 0, add, ACC_RW, IF_LOCK, 0, FL_STATUS, 0),
        ALU_ROWS("or", 0x08, 1, or, ACC_RW, IF_LOCK, 0, FL_LOGIC, FL_AF),
        ALU_ROWS("adc", 0x10, 2, adc, ACC_RW, IF_LOCK, FL_CF, FL_STATUS, 0),
        ALU_ROWS("sbb", 0x18, 3, sbb, ACC_RW, IF_LOCK, FL_CF, FL_STATUS, 0),
        ALU_ROWS("and", 0x20, 4, and, ACC_RW, IF_LOCK, 0, FL_LOGIC, FL_AF),
        ALU_ROWS("sub", 0x28, 5, sub, ACC_RW, IF_LOCK, 0, FL_STATUS, 0),
        ALU_ROWS("xor", 0x30, 6, xor, ACC_RW, IF_LOCK, 0, FL_LOGIC, FL_AF),
        ALU_ROWS("cmp", 0x38, 7, cmp, ACC_R, 0, 0, FL_STATUS, 0),
#define TEST_TAIL .flags = IF_PASS, .fl_write = FL_LOGIC, .fl_undef = FL_AF
        {ROW_AT(MAP_1, 0x84, "test"), .op = {OP_Eb, OP_Gb}, .mem = MEM_1, .acc = ACC_R, TEST_TAIL,
         .sem = sem_test_EG},
        {ROW_AT(MAP_1, 0x85, "test"), .op = {OP_Ev, OP_Gv}, .mem = MEM_OPSZ, .acc = ACC_R,
         TEST_TAIL, .sem = sem_test_EG},
        {ROW_AT(MAP_1, 0xa8, "test"), .op = {OP_AL, OP_Ib}, TEST_TAIL, .sem = sem_test_AI},
        {ROW_AT(MAP_1, 0xa9, "test"), .op = {OP_rAX, OP_Iz}, TEST_TAIL, .sem = sem_test_AI},
        {ROW_EXT(MAP_1, 0xf6, 0, "test"), .op = {OP_Eb, OP_Ib}, .mem = MEM_1, .acc = ACC_R,
         TEST_TAIL, .sem = sem_test_EI},
        {ROW_EXT(MAP_1, 0xf6, 1, "test"), .op = {OP_Eb, OP_Ib}, .mem = MEM_1, .acc = ACC_R,
         TEST_TAIL, .sem = sem_test_EI},
        {ROW_EXT(MAP_1, 0xf7, 0, "test"), .op = {OP_Ev, OP_Iz}, .mem = MEM_OPSZ, .acc = ACC_R,
         TEST_TAIL, .sem = sem_test_EI},
        {ROW_EXT(MAP_1, 0xf7, 1, "test"), .op = {OP_Ev, OP_Iz}, .mem = MEM_OPSZ, .acc = ACC_R,
         TEST_TAIL, .sem = sem_test_EI},
};
INSN_ROWS(alu, rows_alu);

/* ---- INC DEC NOT NEG */

ALWAYS_INLINE uint64_t fn_inc(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    uint64_t f = *fl, r = alu_add(a, 1, 0, n, &f);

    fl_put(fl, FL_NOCF, f & FL_NOCF);
    return r;
}

ALWAYS_INLINE uint64_t fn_dec(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    uint64_t f = *fl, r = alu_sub(a, 1, 0, n, &f);

    fl_put(fl, FL_NOCF, f & FL_NOCF);
    return r;
}

ALWAYS_INLINE uint64_t fn_not(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return ~a & size_mask(n);
}
ALWAYS_INLINE uint64_t fn_neg(uint64_t a, uint64_t b, unsigned n, uint64_t *fl)
{
    return alu_sub(0, a, 0, n, fl);
}

#define UNARY_SEM(op)                                                                              \
    ALWAYS_INLINE void sem_##op##_n(X86Cpu *c, const Insn *i, unsigned n)                          \
    {                                                                                              \
        rm_rmw(c, i, n, fn_##op, 0);                                                               \
    }                                                                                              \
    static SEM_SIZED(sem_##op)
UNARY_SEM(inc)
UNARY_SEM(dec)
UNARY_SEM(not )
UNARY_SEM(neg)

#define UNARY_ROWS(nm, o, x, fn, wr)                                                               \
    {ROW_EXT(MAP_1, o, x, nm),   .op = {OP_Eb},  .mem = MEM_1, .acc = ACC_RW,                      \
     .flags = IF_PASS | IF_LOCK, .fl_write = wr, .sem = fn},                                       \
    {                                                                                              \
        ROW_EXT(MAP_1, (o) + 1, x, nm), .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_RW,             \
                                        .flags = IF_PASS | IF_LOCK, .fl_write = wr, .sem = fn      \
    }
static const InsnRow rows_unary[] = {
    UNARY_ROWS("inc", 0xfe, 0, sem_inc, FL_NOCF),
    UNARY_ROWS("dec", 0xfe, 1, sem_dec, FL_NOCF),
    UNARY_ROWS("not", 0xf6, 2, sem_not, 0),
    UNARY_ROWS("neg", 0xf6, 3, sem_neg, FL_STATUS),
    {ROW_AT(MAP_1, 0x40, "inc"), .op = {OP_Zv}, .flags = IF_I64, .fl_write = FL_NOCF,
     .sem = sem_inc},
    {ROW_AT(MAP_1, 0x48, "dec"), .op = {OP_Zv}, .flags = IF_I64, .fl_write = FL_NOCF,
     .sem = sem_dec},
};
INSN_ROWS(unary, rows_unary);

/* ---- MOV */

ALWAYS_INLINE void sem_mov_EG_n(X86Cpu *c, const Insn *i, unsigned n)
{
    rm_st(c, i, n, reg_ld(c, i, i->reg, n));
}
ALWAYS_INLINE void sem_mov_GE_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, rm_ld(c, i, n));
}
ALWAYS_INLINE void sem_mov_EI_n(X86Cpu *c, const Insn *i, unsigned n)
{
    rm_st(c, i, n, i->imm & size_mask(n));
}
ALWAYS_INLINE void sem_mov_AO_n(X86Cpu *c, const Insn *i, unsigned n)
{
    acc_st(c, R_RAX, n, mem_ld(c, linear_of(c, i->seg, i->imm, n, ACCESS_LOAD, i->adsize), n));
}
ALWAYS_INLINE void sem_mov_OA_n(X86Cpu *c, const Insn *i, unsigned n)
{
    mem_st(c, linear_of(c, i->seg, i->imm, n, ACCESS_STORE, i->adsize), n, acc_ld(c, R_RAX, n));
}
static SEM_SIZED(sem_mov_EG) static SEM_SIZED(sem_mov_GE) static SEM_SIZED(sem_mov_EI)
    SEM_SIZED(sem_mov_AO) SEM_SIZED(sem_mov_OA)

        ALWAYS_INLINE void sem_movzx_b_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, rm_ld(c, i, 1));
}
ALWAYS_INLINE void sem_movzx_w_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, rm_ld(c, i, 2));
}
ALWAYS_INLINE void sem_movsx_b_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, sext(rm_ld(c, i, 1), 1));
}
ALWAYS_INLINE void sem_movsx_w_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, sext(rm_ld(c, i, 2), 2));
}
ALWAYS_INLINE void sem_movsxd_n(X86Cpu *c, const Insn *i, unsigned n)
{
    unsigned from = n == 2 ? 2 : 4;

    reg_st(c, i, i->reg, n, sext(rm_ld(c, i, from), from));
}
static SEM_SIZED_V(sem_movzx_b) static SEM_SIZED_V(sem_movzx_w) static SEM_SIZED_V(
    sem_movsx_b) static SEM_SIZED_V(sem_movsx_w) static SEM_SIZED_V(sem_movsxd)

    ALWAYS_INLINE void sem_lea_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, ea_calc(c, i));
}
SEM_SIZED_V(sem_lea)

void sem_xlat(X86Cpu *c, const Insn *i)
{
    uint64_t ea = (c->env.gpr[R_RBX] + (uint8_t)c->env.gpr[R_RAX]) & size_mask(i->adsize);

    acc_st(c, R_RAX, 1, mem_ld(c, linear_of(c, i->seg, ea, 1, ACCESS_LOAD, i->adsize), 1));
}

static const InsnRow rows_mov[] = {
    {ROW_AT(MAP_1, 0x88, "mov"), .op = {OP_Eb, OP_Gb}, .mem = MEM_1, .acc = ACC_W, .flags = IF_PASS,
     .sem = sem_mov_EG},
    {ROW_AT(MAP_1, 0x89, "mov"), .op = {OP_Ev, OP_Gv}, .mem = MEM_OPSZ, .acc = ACC_W,
     .flags = IF_PASS, .sem = sem_mov_EG},
    {ROW_AT(MAP_1, 0x8a, "mov"), .op = {OP_Gb, OP_Eb}, .mem = MEM_1, .acc = ACC_R, .flags = IF_PASS,
     .sem = sem_mov_GE},
    {ROW_AT(MAP_1, 0x8b, "mov"), .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R,
     .flags = IF_PASS, .sem = sem_mov_GE},
    {ROW_EXT(MAP_1, 0xc6, 0, "mov"), .op = {OP_Eb, OP_Ib}, .mem = MEM_1, .acc = ACC_W,
     .flags = IF_PASS, .sem = sem_mov_EI},
    {ROW_EXT(MAP_1, 0xc7, 0, "mov"), .op = {OP_Ev, OP_Iz}, .mem = MEM_OPSZ, .acc = ACC_W,
     .flags = IF_PASS, .sem = sem_mov_EI},
    {ROW_AT(MAP_1, 0xb0, "mov"), .op = {OP_Zb, OP_Ib}, .flags = IF_PASS, .sem = sem_mov_EI},
    {ROW_AT(MAP_1, 0xb8, "mov"), .op = {OP_Zv, OP_Iv}, .flags = IF_PASS, .sem = sem_mov_EI},
    {ROW_AT(MAP_1, 0xa0, "mov"), .op = {OP_AL, OP_Ob}, .mem = MEM_1, .acc = ACC_R,
     .sem = sem_mov_AO},
    {ROW_AT(MAP_1, 0xa1, "mov"), .op = {OP_rAX, OP_Ov}, .mem = MEM_OPSZ, .acc = ACC_R,
     .sem = sem_mov_AO},
    {ROW_AT(MAP_1, 0xa2, "mov"), .op = {OP_Ob, OP_AL}, .mem = MEM_1, .acc = ACC_W,
     .sem = sem_mov_OA},
    {ROW_AT(MAP_1, 0xa3, "mov"), .op = {OP_Ov, OP_rAX}, .mem = MEM_OPSZ, .acc = ACC_W,
     .sem = sem_mov_OA},
    {ROW_AT(MAP_0F, 0xb6, "movzx"), .op = {OP_Gv, OP_Eb}, .mem = MEM_1, .acc = ACC_R,
     .flags = IF_PASS, .sem = sem_movzx_b},
    {ROW_AT(MAP_0F, 0xb7, "movzx"), .op = {OP_Gv, OP_Ew}, .mem = MEM_2, .acc = ACC_R,
     .flags = IF_PASS, .sem = sem_movzx_w},
    {ROW_AT(MAP_0F, 0xbe, "movsx"), .op = {OP_Gv, OP_Eb}, .mem = MEM_1, .acc = ACC_R,
     .flags = IF_PASS, .sem = sem_movsx_b},
    {ROW_AT(MAP_0F, 0xbf, "movsx"), .op = {OP_Gv, OP_Ew}, .mem = MEM_2, .acc = ACC_R,
     .flags = IF_PASS, .sem = sem_movsx_w},
    /* with 66 the source is 16 bits wide: not worth a pass-through row */
    {ROW_AT(MAP_1, 0x63, "movsxd"), .op = {OP_Gv, OP_Ed}, .mem = MEM_4, .acc = ACC_R,
     .flags = IF_PASS | IF_O64, .pfx = PFX_NONE, .sem = sem_movsxd},
    {ROW_AT(MAP_1, 0x63, "movsxd"), .op = {OP_Gv, OP_Ev}, .mem = MEM_SPECIAL, .acc = ACC_R,
     .flags = IF_O64, .sem = sem_movsxd},
    {ROW_AT(MAP_1, 0x8d, "lea"), .op = {OP_Gv, OP_M}, .acc = ACC_ADDR, .flags = IF_MEM_ONLY,
     .sem = sem_lea},
    {ROW_AT(MAP_1, 0xd7, "xlat"), .mem = MEM_SPECIAL, .acc = ACC_R, .flags = IF_IMPLICIT,
     .gpr_read = 1 << R_RBX | 1 << R_RAX, .gpr_write = 1 << R_RAX, .sem = sem_xlat},
};
INSN_ROWS(mov, rows_mov);

/* ---- XCHG (locked by itself), XADD, CMPXCHG */

ALWAYS_INLINE void sem_xchg_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = reg_ld(c, i, i->reg, n), old, va;
    void *p;

    if (!insn_is_mem(i)) {
        old = reg_ld(c, i, i->rm, n);
        reg_st(c, i, i->rm, n, v);
        reg_st(c, i, i->reg, n, old);
        return;
    }
    va = mem_va(c, i, n, ACCESS_STORE);
    p = guest_host(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);
    if (p != NULL) {
        do {
            old = host_ld(p, n);
        } while (!host_cas(p, n, old, v));
    } else {
        guest_check(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);
        lock_slow_begin(c);
        old = mem_ld(c, va, n);
        mem_st(c, va, n, v);
        lock_slow_end(c);
    }
    reg_st(c, i, i->reg, n, old);
}
static SEM_SIZED(sem_xchg)

    ALWAYS_INLINE void sem_xchg_ZA_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t a = acc_ld(c, R_RAX, n);

    if (i->rm == R_RAX) {
        return; /* NOP: does not even clear the upper half */
    }
    acc_st(c, R_RAX, n, acc_ld(c, i->rm, n));
    acc_st(c, i->rm, n, a);
}
SEM_SIZED_V(sem_xchg_ZA)

ALWAYS_INLINE void sem_xadd_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t b = reg_ld(c, i, i->reg, n), old;

    if (!insn_is_mem(i)) {
        uint64_t sum;

        old = reg_ld(c, i, i->rm, n);
        sum = alu_add(old, b, 0, n, &c->env.rflags);
        reg_st(c, i, i->reg, n, old);
        reg_st(c, i, i->rm, n, sum);
        return;
    }
    old = mem_rmw_at(c, i, mem_va(c, i, n, ACCESS_STORE), n, fn_add, b);
    reg_st(c, i, i->reg, n, old);
}
static SEM_SIZED(sem_xadd)

    /* Memory is written even when the comparison fails (with what was there), so it must be
       writable. */
    ALWAYS_INLINE uint64_t
    cmpxchg_mem(X86Cpu *c, const Insn *i, unsigned n, uint64_t expect, uint64_t v)
{
    uint64_t va = mem_va(c, i, n, ACCESS_STORE), old;
    void *p = guest_host(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);

    if (p == NULL) {
        guest_check(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);
        lock_slow_begin(c);
        old = mem_ld(c, va, n);
        mem_st(c, va, n, old == expect ? v : old);
        lock_slow_end(c);
        return old;
    }
    do {
        old = host_ld(p, n);
    } while (old == expect && !host_cas(p, n, old, v));
    return old;
}

ALWAYS_INLINE void sem_cmpxchg_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t expect = acc_ld(c, R_RAX, n), v = reg_ld(c, i, i->reg, n), old;

    if (insn_is_mem(i)) {
        old = cmpxchg_mem(c, i, n, expect, v);
    } else {
        old = reg_ld(c, i, i->rm, n);
        if (old == expect) {
            reg_st(c, i, i->rm, n, v);
        }
    }
    alu_sub(expect, old, 0, n, &c->env.rflags);
    if (old != expect) {
        acc_st(c, R_RAX, n, old);
    }
}
static SEM_SIZED(sem_cmpxchg)

    static void sem_cmpxchg8b(X86Cpu *c, const Insn *i)
{
    uint64_t *g = c->env.gpr, old;
    uint64_t expect = (uint32_t)g[R_RAX] | g[R_RDX] << 32, v = (uint32_t)g[R_RBX] | g[R_RCX] << 32;

    old = cmpxchg_mem(c, i, 8, expect, v);
    if (old == expect) {
        c->env.rflags |= FL_ZF;
    } else {
        c->env.rflags &= ~(uint64_t)FL_ZF;
        g[R_RAX] = (uint32_t)old;
        g[R_RDX] = old >> 32;
    }
}

/* Sixteen bytes: always with the other vCPUs standing still, no host instruction is assumed. */
static void sem_cmpxchg16b(X86Cpu *c, const Insn *i)
{
    uint64_t *g = c->env.gpr, va, old[2], v[2] = {g[R_RBX], g[R_RCX]};

    /* before the canonical check, which may be a stack fault */
    if ((ea_calc(c, i) + (i->seg >= SEG_FS ? c->env.seg[i->seg].base : 0)) & 15) {
        x86_raise_err(c, EXC_GP, 0);
    }
    va = mem_va(c, i, 16, ACCESS_STORE);
    guest_check(&c->cpu, va, 16, ACCESS_STORE, c->env.mmu_mode);
    lock_slow_begin(c);
    guest_read(&c->cpu, va, old, 16, c->env.mmu_mode);
    if (old[0] == g[R_RAX] && old[1] == g[R_RDX]) {
        guest_write(&c->cpu, va, v, 16, c->env.mmu_mode);
        c->env.rflags |= FL_ZF;
    } else {
        guest_write(&c->cpu, va, old, 16, c->env.mmu_mode);
        c->env.rflags &= ~(uint64_t)FL_ZF;
        g[R_RAX] = old[0];
        g[R_RDX] = old[1];
    }
    lock_slow_end(c);
}

enum { GPR_CX8 = 1 << R_RAX | 1 << R_RBX | 1 << R_RCX | 1 << R_RDX };
static const InsnRow rows_xchg[] = {
    {ROW_AT(MAP_1, 0x86, "xchg"), .op = {OP_Eb, OP_Gb}, .mem = MEM_1, .acc = ACC_RW,
     .flags = IF_PASS | IF_LOCK, .sem = sem_xchg},
    {ROW_AT(MAP_1, 0x87, "xchg"), .op = {OP_Ev, OP_Gv}, .mem = MEM_OPSZ, .acc = ACC_RW,
     .flags = IF_PASS | IF_LOCK, .sem = sem_xchg},
    {ROW_AT(MAP_1, 0x90, "xchg"), .op = {OP_Zv, OP_rAX}, .flags = IF_PASS, .sem = sem_xchg_ZA},
    {ROW_AT(MAP_0F, 0xc0, "xadd"), .op = {OP_Eb, OP_Gb}, .mem = MEM_1, .acc = ACC_RW,
     .flags = IF_PASS | IF_LOCK, .fl_write = FL_STATUS, .sem = sem_xadd},
    {ROW_AT(MAP_0F, 0xc1, "xadd"), .op = {OP_Ev, OP_Gv}, .mem = MEM_OPSZ, .acc = ACC_RW,
     .flags = IF_PASS | IF_LOCK, .fl_write = FL_STATUS, .sem = sem_xadd},
#define CMPXCHG_TAIL                                                                               \
    .acc = ACC_RW, .flags = IF_PASS | IF_LOCK | IF_IMPLICIT, .fl_write = FL_STATUS,                \
    .gpr_read = 1 << R_RAX, .gpr_write = 1 << R_RAX, .sem = sem_cmpxchg
    {ROW_AT(MAP_0F, 0xb0, "cmpxchg"), .op = {OP_Eb, OP_Gb}, .mem = MEM_1, CMPXCHG_TAIL},
    {ROW_AT(MAP_0F, 0xb1, "cmpxchg"), .op = {OP_Ev, OP_Gv}, .mem = MEM_OPSZ, CMPXCHG_TAIL},
    {ROW_EXT(MAP_0F, 0xc7, 1, "cmpxchg8b"), .op = {OP_M}, .mem = MEM_8, .acc = ACC_RW,
     .flags = IF_MEM_ONLY | IF_LOCK | IF_PASS | IF_IMPLICIT | IF_W0, .feature = FE_CX8,
     .fl_write = FL_ZF, .gpr_read = GPR_CX8, .gpr_write = 1 << R_RAX | 1 << R_RDX,
     .sem = sem_cmpxchg8b},
    {ROW_EXT(MAP_0F, 0xc7, 1, "cmpxchg16b"), .op = {OP_M}, .mem = MEM_16, .acc = ACC_RW,
     .flags = IF_MEM_ONLY | IF_LOCK | IF_PASS | IF_IMPLICIT | IF_ALIGN | IF_W1 | IF_O64,
     .feature = FE_CX16, .fl_write = FL_ZF, .gpr_read = GPR_CX8,
     .gpr_write = 1 << R_RAX | 1 << R_RDX, .sem = sem_cmpxchg16b},
};
INSN_ROWS(xchg, rows_xchg);

/* ---- conditions */

#define CC_SEMS(cc)                                                                                \
    ALWAYS_INLINE void sem_cmov##cc##_n(X86Cpu *c, const Insn *i, unsigned n)                      \
    {                                                                                              \
        uint64_t v = rm_ld(c, i, n);                                                               \
                                                                                                   \
        reg_st(c, i, i->reg, n, cond(c->env.rflags, cc) ? v : reg_ld(c, i, i->reg, n));            \
    }                                                                                              \
    static SEM_SIZED_V(sem_cmov##cc) static void sem_set##cc(X86Cpu *c, const Insn *i)             \
    {                                                                                              \
        rm_st(c, i, 1, cond(c->env.rflags, cc));                                                   \
    }
CC_SEMS(0)
CC_SEMS(1) CC_SEMS(2) CC_SEMS(3) CC_SEMS(4) CC_SEMS(5) CC_SEMS(6) CC_SEMS(7) CC_SEMS(8) CC_SEMS(9)
    CC_SEMS(10) CC_SEMS(11) CC_SEMS(12) CC_SEMS(13) CC_SEMS(14) CC_SEMS(15)

#define CC_ROWS(cc, nm)                                                                            \
    {ROW_AT(MAP_0F, 0x40 + (cc), "cmov" nm),                                                       \
     .op = {OP_Gv, OP_Ev},                                                                         \
     .mem = MEM_OPSZ,                                                                              \
     .acc = ACC_R,                                                                                 \
     .flags = IF_PASS,                                                                             \
     .feature = FE_CMOV,                                                                           \
     .fl_read = CC_FLAGS(cc),                                                                      \
     .sem = sem_cmov##cc},                                                                         \
    {                                                                                              \
        ROW_AT(MAP_0F, 0x90 + (cc), "set" nm), .op = {OP_Eb}, .mem = MEM_1, .acc = ACC_W,          \
                                               .flags = IF_PASS, .fl_read = CC_FLAGS(cc),          \
                                               .sem = sem_set##cc                                  \
    }
        static const InsnRow rows_cc[] = {
            CC_ROWS(0, "o"),  CC_ROWS(1, "no"),  CC_ROWS(2, "b"),   CC_ROWS(3, "ae"),
            CC_ROWS(4, "e"),  CC_ROWS(5, "ne"),  CC_ROWS(6, "be"),  CC_ROWS(7, "a"),
            CC_ROWS(8, "s"),  CC_ROWS(9, "ns"),  CC_ROWS(10, "p"),  CC_ROWS(11, "np"),
            CC_ROWS(12, "l"), CC_ROWS(13, "ge"), CC_ROWS(14, "le"), CC_ROWS(15, "g"),
};
INSN_ROWS(cc, rows_cc);

/* ---- widening, byte order, flags */

static void sem_cbw(X86Cpu *c, const Insn *i)
{
    acc_st(c, R_RAX, i->opsize, sext(c->env.gpr[R_RAX], i->opsize / 2));
}

static void sem_cwd(X86Cpu *c, const Insn *i)
{
    acc_st(c, R_RDX, i->opsize, sext(c->env.gpr[R_RAX], i->opsize) < 0 ? ~0ull : 0);
}

/* With 16-bit operands the result is undefined; processors clear the register's low half. */
static void sem_bswap(X86Cpu *c, const Insn *i)
{
    uint64_t v = c->env.gpr[i->rm];

    acc_st(c, i->rm, i->opsize,
           i->opsize == 8   ? __builtin_bswap64(v)
           : i->opsize == 4 ? __builtin_bswap32(v)
                            : 0);
}

static void sem_lahf(X86Cpu *c, const Insn *i)
{
    if (c->env.hflags & HF_CS64) {
        sem_need_feature(c, FE_LAHF_LM);
    }
    c->env.gpr[R_RAX] =
        (c->env.gpr[R_RAX] & ~0xff00ull) | ((c->env.rflags & (FL_STATUS & ~FL_OF)) | FL_R1) << 8;
}

static void sem_sahf(X86Cpu *c, const Insn *i)
{
    uint64_t m = FL_STATUS & ~FL_OF;

    if (c->env.hflags & HF_CS64) {
        sem_need_feature(c, FE_LAHF_LM);
    }
    flags_put(c, m, c->env.gpr[R_RAX] >> 8 & m);
}

static void sem_salc(X86Cpu *c, const Insn *i)
{
    acc_st(c, R_RAX, 1, c->env.rflags & FL_CF ? 0xff : 0);
}
static void sem_cmc(X86Cpu *c, const Insn *i)
{
    c->env.rflags ^= FL_CF;
}
static void sem_clc(X86Cpu *c, const Insn *i)
{
    c->env.rflags &= ~(uint64_t)FL_CF;
}
static void sem_stc(X86Cpu *c, const Insn *i)
{
    c->env.rflags |= FL_CF;
}
static void sem_cld(X86Cpu *c, const Insn *i)
{
    c->env.rflags &= ~(uint64_t)FL_DF;
}
static void sem_std(X86Cpu *c, const Insn *i)
{
    c->env.rflags |= FL_DF;
}

enum { FL_AH = FL_STATUS & ~FL_OF };
static const InsnRow rows_misc[] = {
    {ROW_AT(MAP_1, 0x98, "cbw"), .op = {OP_rAX}, .flags = IF_PASS | IF_IMPLICIT,
     .gpr_read = 1 << R_RAX, .gpr_write = 1 << R_RAX, .sem = sem_cbw},
    {ROW_AT(MAP_1, 0x99, "cwd"), .op = {OP_rAX}, .flags = IF_PASS | IF_IMPLICIT,
     .gpr_read = 1 << R_RAX, .gpr_write = 1 << R_RDX, .sem = sem_cwd},
    {ROW_AT(MAP_0F, 0xc8, "bswap"), .op = {OP_Zv}, .flags = IF_PASS, .sem = sem_bswap},
    {ROW_AT(MAP_1, 0x9f, "lahf"), .flags = IF_PASS | IF_IMPLICIT, .fl_read = FL_AH,
     .gpr_read = 1 << R_RAX, .gpr_write = 1 << R_RAX, .sem = sem_lahf},
    {ROW_AT(MAP_1, 0x9e, "sahf"), .flags = IF_PASS | IF_IMPLICIT, .fl_write = FL_AH,
     .gpr_read = 1 << R_RAX, .sem = sem_sahf},
    {ROW_AT(MAP_1, 0xd6, "salc"), .flags = IF_I64 | IF_IMPLICIT, .fl_read = FL_CF,
     .gpr_write = 1 << R_RAX, .sem = sem_salc},
    {ROW_AT(MAP_1, 0xf5, "cmc"), .flags = IF_PASS, .fl_read = FL_CF, .fl_write = FL_CF,
     .sem = sem_cmc},
    {ROW_AT(MAP_1, 0xf8, "clc"), .flags = IF_PASS, .fl_write = FL_CF, .sem = sem_clc},
    {ROW_AT(MAP_1, 0xf9, "stc"), .flags = IF_PASS, .fl_write = FL_CF, .sem = sem_stc},
    {ROW_AT(MAP_1, 0xfc, "cld"), .flags = IF_PASS, .fl_write = FL_DF, .sem = sem_cld},
    {ROW_AT(MAP_1, 0xfd, "std"), .flags = IF_PASS, .fl_write = FL_DF, .sem = sem_std},
};
INSN_ROWS(misc, rows_misc);
