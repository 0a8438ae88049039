/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Near control transfer and the stack: jumps, calls, returns, loops, PUSH and POP of everything but
 * segments, ENTER and LEAVE, PUSHF and POPF, BOUND (SDM vol. 2). Registers change only after the
 * last access that can fault. */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

/* ---- jumps */

ALWAYS_INLINE void jump_rel(X86Cpu *c, const Insn *i)
{
    jump_near(c, c->env.next_rip + i->imm, i->opsize);
}

void sem_jcc(X86Cpu *c, const Insn *i)
{
    if (cond(c->env.rflags, i->opcode & 15)) {
        jump_rel(c, i);
    }
}

/* One function a condition: a switch on the condition would be an unpredictable jump of our own. */
#define JCC_SEM(cc)                                                                                \
    static void sem_jcc##cc(X86Cpu *c, const Insn *i)                                              \
    {                                                                                              \
        if (cond(c->env.rflags, cc)) {                                                             \
            jump_rel(c, i);                                                                        \
        }                                                                                          \
    }
JCC_SEM(0)
JCC_SEM(1) JCC_SEM(2) JCC_SEM(3) JCC_SEM(4) JCC_SEM(5) JCC_SEM(6) JCC_SEM(7) JCC_SEM(8) JCC_SEM(9)
    JCC_SEM(10) JCC_SEM(11) JCC_SEM(12) JCC_SEM(13) JCC_SEM(14) JCC_SEM(15)

        void sem_jmp_rel(X86Cpu *c, const Insn *i)
{
    jump_rel(c, i);
}

void sem_jmp_rm(X86Cpu *c, const Insn *i)
{
    jump_near(c, rm_ld(c, i, i->opsize), i->opsize);
}

static void call_to(X86Cpu *c, uint64_t target, unsigned n)
{
    uint64_t back = c->env.next_rip;

    jump_near(c, target, n);
    stack_push(c, n, back);
}

void sem_call_rel(X86Cpu *c, const Insn *i)
{
    call_to(c, c->env.next_rip + i->imm, i->opsize);
}

void sem_call_rm(X86Cpu *c, const Insn *i)
{
    call_to(c, rm_ld(c, i, i->opsize), i->opsize);
}

void sem_ret(X86Cpu *c, const Insn *i)
{
    jump_near(c, stack_peek(c, i->opsize, 0), i->opsize);
    stack_set(c, c->env.gpr[R_RSP] + i->opsize + i->imm);
}

/* E0 LOOPNE, E1 LOOPE, E2 LOOP; the counter has the address size. */
void sem_loop(X86Cpu *c, const Insn *i)
{
    uint64_t count = (acc_ld(c, R_RCX, i->adsize) - 1) & size_mask(i->adsize);
    bool zf = c->env.rflags & FL_ZF;

    if (count != 0 && (i->opcode == 0xe2 || zf == (i->opcode == 0xe1))) {
        jump_rel(c, i);
    }
    acc_st(c, R_RCX, i->adsize, count);
}

void sem_jcxz(X86Cpu *c, const Insn *i)
{
    if (acc_ld(c, R_RCX, i->adsize) == 0) {
        jump_rel(c, i);
    }
}

#define JCC_ROWS(cc, nm)                                                                           \
    {ROW_AT(MAP_1, 0x70 + (cc), "j" nm), .op = {OP_Jb}, .flags = IF_JUMP | IF_F64,                 \
     .fl_read = CC_FLAGS(cc), .sem = sem_jcc##cc},                                                 \
    {                                                                                              \
        ROW_AT(MAP_0F, 0x80 + (cc), "j" nm), .op = {OP_Jz}, .flags = IF_JUMP | IF_F64,             \
                                             .fl_read = CC_FLAGS(cc), .sem = sem_jcc##cc           \
    }
#define RCX_RW .gpr_read = 1 << R_RCX, .gpr_write = 1 << R_RCX
enum { IF_NEAR = IF_JUMP | IF_F64, RSP_BIT = 1 << R_RSP };
#define RSP_RW .gpr_read = RSP_BIT, .gpr_write = RSP_BIT
static const InsnRow rows_jump[] = {
    JCC_ROWS(0, "o"),
    JCC_ROWS(1, "no"),
    JCC_ROWS(2, "b"),
    JCC_ROWS(3, "ae"),
    JCC_ROWS(4, "e"),
    JCC_ROWS(5, "ne"),
    JCC_ROWS(6, "be"),
    JCC_ROWS(7, "a"),
    JCC_ROWS(8, "s"),
    JCC_ROWS(9, "ns"),
    JCC_ROWS(10, "p"),
    JCC_ROWS(11, "np"),
    JCC_ROWS(12, "l"),
    JCC_ROWS(13, "ge"),
    JCC_ROWS(14, "le"),
    JCC_ROWS(15, "g"),
    {ROW_AT(MAP_1, 0xeb, "jmp"), .op = {OP_Jb}, .flags = IF_NEAR, .sem = sem_jmp_rel},
    {ROW_AT(MAP_1, 0xe9, "jmp"), .op = {OP_Jz}, .flags = IF_NEAR, .sem = sem_jmp_rel},
    {ROW_EXT(MAP_1, 0xff, 4, "jmp"), .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R, .flags = IF_NEAR,
     .sem = sem_jmp_rm},
    {ROW_AT(MAP_1, 0xe8, "call"), .op = {OP_Jz}, .flags = IF_NEAR | IF_IMPLICIT, RSP_RW,
     .sem = sem_call_rel},
    {ROW_EXT(MAP_1, 0xff, 2, "call"), .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R,
     .flags = IF_NEAR | IF_IMPLICIT, RSP_RW, .sem = sem_call_rm},
    {ROW_AT(MAP_1, 0xc3, "ret"), .flags = IF_NEAR | IF_IMPLICIT, RSP_RW, .sem = sem_ret},
    {ROW_AT(MAP_1, 0xc2, "ret"), .op = {OP_Iw}, .flags = IF_NEAR | IF_IMPLICIT, RSP_RW,
     .sem = sem_ret},
    {ROW_AT(MAP_1, 0xe0, "loopne"), .op = {OP_Jb}, .flags = IF_NEAR | IF_IMPLICIT, .fl_read = FL_ZF,
     RCX_RW, .sem = sem_loop},
    {ROW_AT(MAP_1, 0xe1, "loope"), .op = {OP_Jb}, .flags = IF_NEAR | IF_IMPLICIT, .fl_read = FL_ZF,
     RCX_RW, .sem = sem_loop},
    {ROW_AT(MAP_1, 0xe2, "loop"), .op = {OP_Jb}, .flags = IF_NEAR | IF_IMPLICIT, RCX_RW,
     .sem = sem_loop},
    {ROW_AT(MAP_1, 0xe3, "jcxz"), .op = {OP_Jb}, .flags = IF_NEAR | IF_IMPLICIT,
     .gpr_read = 1 << R_RCX, .sem = sem_jcxz},
};
INSN_ROWS(jump, rows_jump);

/* ---- PUSH, POP */

void sem_push_reg(X86Cpu *c, const Insn *i)
{
    stack_push(c, i->opsize, acc_ld(c, i->rm, i->opsize));
}

void sem_push_imm(X86Cpu *c, const Insn *i)
{
    stack_push(c, i->opsize, i->imm & size_mask(i->opsize));
}

void sem_push_rm(X86Cpu *c, const Insn *i)
{
    stack_push(c, i->opsize, rm_ld(c, i, i->opsize));
}

void sem_pop_reg(X86Cpu *c, const Insn *i)
{
    uint64_t v = stack_pop(c, i->opsize);

    acc_st(c, i->rm, i->opsize, v);
}

/* An address based on the stack pointer is computed after it moved (SDM, POP). */
void sem_pop_rm(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize;
    uint64_t v = stack_peek(c, n, 0), ea;

    if (insn_is_mem(i)) {
        ea = (ea_calc(c, i) + (i->base == R_RSP ? n : 0)) & size_mask(i->adsize);
        mem_st(c, linear_of(c, i->seg, ea, n, ACCESS_STORE, i->adsize), n, v);
    }
    stack_set(c, c->env.gpr[R_RSP] + n);
    if (!insn_is_mem(i)) {
        acc_st(c, i->rm, n, v);
    }
}

static uint64_t stack_va(X86Cpu *c, uint64_t sp, unsigned n, Access how)
{
    unsigned w = stack_width(c);

    return linear_of(c, SEG_SS, sp & size_mask(w), n, how, w);
}

static void sem_pusha(X86Cpu *c, const Insn *i)
{
    uint64_t sp = c->env.gpr[R_RSP];
    unsigned n = i->opsize;

    for (unsigned r = 0; r < 8; r++) {
        sp -= n;
        mem_st(c, stack_va(c, sp, n, ACCESS_STORE), n, acc_ld(c, r, n));
    }
    stack_set(c, sp);
}

static void sem_popa(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize;
    uint64_t v[8];

    for (unsigned r = 0; r < 8; r++) {
        v[7 - r] = stack_peek(c, n, r * n);
    }
    for (unsigned r = 0; r < 8; r++) {
        if (r != R_RSP) {
            acc_st(c, r, n, v[r]);
        }
    }
    stack_set(c, c->env.gpr[R_RSP] + 8 * n);
}

/* ---- frames */

static void sem_enter(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize, level = i->imm2 & 31;
    uint64_t sp = c->env.gpr[R_RSP] - n, bp = c->env.gpr[R_RBP], frame = sp;

    mem_st(c, stack_va(c, sp, n, ACCESS_STORE), n, bp & size_mask(n));
    for (unsigned k = 1; k < level; k++) {
        bp -= n;
        sp -= n;
        mem_st(c, stack_va(c, sp, n, ACCESS_STORE), n,
               mem_ld(c, stack_va(c, bp, n, ACCESS_LOAD), n));
    }
    if (level > 0) {
        sp -= n;
        mem_st(c, stack_va(c, sp, n, ACCESS_STORE), n, frame & size_mask(n));
    }
    sp -= (uint16_t)i->imm;
    guest_check(&c->cpu, stack_va(c, sp, n, ACCESS_STORE), n, ACCESS_STORE, c->env.mmu_mode);
    acc_st(c, R_RBP, n, frame);
    stack_set(c, sp);
}

void sem_leave(X86Cpu *c, const Insn *i)
{
    uint64_t bp = c->env.gpr[R_RBP];
    uint64_t v = mem_ld(c, stack_va(c, bp, i->opsize, ACCESS_LOAD), i->opsize);

    stack_set(c, bp + i->opsize);
    acc_st(c, R_RBP, i->opsize, v);
}

/* Signed index against a pair of bounds in memory. */
static void sem_bound(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize;
    uint64_t ea = ea_calc(c, i);
    int64_t v = sext(reg_ld(c, i, i->reg, n), n);
    int64_t low = sext(mem_ld(c, linear_of(c, i->seg, ea, n, ACCESS_LOAD, i->adsize), n), n);
    int64_t high = sext(mem_ld(c, linear_of(c, i->seg, ea + n, n, ACCESS_LOAD, i->adsize), n), n);

    if (v < low || v > high) {
        x86_raise(c, EXC_BR);
    }
}

/* ---- PUSHF, POPF (SDM vol. 3, 21.2 for virtual-8086 mode) */

static unsigned iopl(const X86Cpu *c)
{
    return (c->env.rflags & FL_IOPL) >> 12;
}
static unsigned cpl(const X86Cpu *c)
{
    return c->env.hflags & HF_CPL;
}

/* Virtual-8086 mode below IOPL 3: #GP, except for 16-bit operands with CR4.VME. */
static bool vme_flags(X86Cpu *c, const Insn *i)
{
    if (!(c->env.hflags & HF_VM) || iopl(c) == 3) {
        return false;
    }
    if (!(c->env.cr4 & CR4_VME) || i->opsize != 2) {
        x86_raise_err(c, EXC_GP, 0);
    }
    return true;
}

void sem_pushf(X86Cpu *c, const Insn *i)
{
    uint64_t v = (c->env.rflags & ~(uint64_t)(FL_VM | FL_RF)) | FL_R1;

    if (vme_flags(c, i)) {
        v = (v & ~(uint64_t)FL_IF) | FL_IOPL | (c->env.rflags & FL_VIF ? FL_IF : 0);
    }
    stack_push(c, i->opsize, v & size_mask(i->opsize));
}

void sem_popf(X86Cpu *c, const Insn *i)
{
    bool vme = vme_flags(c, i);
    uint64_t v = stack_peek(c, i->opsize, 0), old = c->env.rflags;
    uint64_t m = FL_STATUS | FL_TF | FL_DF | FL_NT | FL_RF;

    if (i->opsize > 2) {
        m |= FL_AC | FL_ID;
    }
    v &= ~(uint64_t)FL_RF;
    if (vme) {
        if ((v & FL_TF) || ((v & FL_IF) && (old & FL_VIP))) {
            x86_raise_err(c, EXC_GP, 0);
        }
        v = (v & FL_IF ? v | FL_VIF : v & ~(uint64_t)FL_VIF);
        m |= FL_VIF;
    } else {
        m |= cpl(c) == 0 || !(c->env.hflags & HF_PE) ? FL_IOPL : 0;
        m |= cpl(c) <= iopl(c) || !(c->env.hflags & HF_PE) ? FL_IF : 0;
    }
    stack_set(c, c->env.gpr[R_RSP] + i->opsize);
    c->env.rflags = (old & ~m) | (v & m) | FL_R1;
    x86_update_hflags(c);
}

#define STACK_ROW IF_IMPLICIT, .gpr_read = RSP_BIT, .gpr_write = RSP_BIT
static const InsnRow rows_stack[] = {
    {ROW_AT(MAP_1, 0x50, "push"), .op = {OP_Zv}, .flags = IF_D64 | STACK_ROW, .sem = sem_push_reg},
    {ROW_AT(MAP_1, 0x58, "pop"), .op = {OP_Zv}, .flags = IF_D64 | STACK_ROW, .sem = sem_pop_reg},
    {ROW_AT(MAP_1, 0x68, "push"), .op = {OP_Iz}, .flags = IF_D64 | STACK_ROW, .sem = sem_push_imm},
    {ROW_AT(MAP_1, 0x6a, "push"), .op = {OP_Ibs}, .flags = IF_D64 | STACK_ROW, .sem = sem_push_imm},
    {ROW_EXT(MAP_1, 0xff, 6, "push"), .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R,
     .flags = IF_D64 | STACK_ROW, .sem = sem_push_rm},
    {ROW_EXT(MAP_1, 0x8f, 0, "pop"), .op = {OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_W,
     .flags = IF_D64 | STACK_ROW, .sem = sem_pop_rm},
    {ROW_AT(MAP_1, 0x60, "pusha"), .flags = IF_I64 | IF_IMPLICIT, .gpr_read = 0xff,
     .gpr_write = RSP_BIT, .sem = sem_pusha},
    {ROW_AT(MAP_1, 0x61, "popa"), .flags = IF_I64 | IF_IMPLICIT, .gpr_read = RSP_BIT,
     .gpr_write = 0xff, .sem = sem_popa},
    {ROW_AT(MAP_1, 0xc8, "enter"), .op = {OP_Iw, OP_Ib}, .flags = IF_D64 | IF_IMPLICIT,
     .gpr_read = RSP_BIT | 1 << R_RBP, .gpr_write = RSP_BIT | 1 << R_RBP, .sem = sem_enter},
    {ROW_AT(MAP_1, 0xc9, "leave"), .flags = IF_D64 | IF_IMPLICIT, .gpr_read = 1 << R_RBP,
     .gpr_write = RSP_BIT | 1 << R_RBP, .sem = sem_leave},
    {ROW_AT(MAP_1, 0x62, "bound"), .op = {OP_Gv, OP_M}, .mem = MEM_SPECIAL, .acc = ACC_R,
     .flags = IF_I64 | IF_MEM_ONLY, .sem = sem_bound},
    {ROW_AT(MAP_1, 0x9c, "pushf"), .flags = IF_D64 | STACK_ROW, .fl_read = FL_STATUS | FL_DF,
     .sem = sem_pushf},
    {ROW_AT(MAP_1, 0x9d, "popf"), .flags = IF_D64 | IF_END | STACK_ROW,
     .fl_write = FL_STATUS | FL_DF, .sem = sem_popf},
};
INSN_ROWS(stack, rows_stack);
