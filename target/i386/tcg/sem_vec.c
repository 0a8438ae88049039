/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MMX, SSE and AVX instructions up to AVX2: operands in, the row's lane function, result out; what
 * is common to all of them: alignment, MMX state, upper halves, MXCSR and SIMD exceptions (SDM vol.
 * 1, 11.5, 14.9). */
#include <string.h>
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/vec.h"

enum { MXCSR_OM_UM = 3 << 10 };

static bool is_mmx(unsigned op)
{
    return op == OP_P || op == OP_Q || op == OP_N;
}
static bool is_xmm(unsigned op)
{
    return op == OP_V || op == OP_W || op == OP_U || op == OP_H;
}
static bool is_imm(unsigned op)
{
    return op == OP_Ib || op == OP_Iw || op == OP_L;
}
static bool is_gpr(unsigned op)
{
    return (op >= OP_Eb && op <= OP_Ey) || (op >= OP_Gb && op <= OP_Gy);
}
static bool in_reg_field(unsigned op)
{
    return op == OP_V || op == OP_P || (op >= OP_Gb && op <= OP_Gy);
}

/* The operand is the memory operand of this encoding. */
static bool from_memory(const Insn *i, unsigned op)
{
    return (i->pfx & IPFX_MEM) && op != OP_H && !is_imm(op) && !in_reg_field(op);
}

static unsigned number_of(const Insn *i, unsigned op)
{
    return op == OP_H ? i->vvvv : in_reg_field(op) ? i->reg : i->rm;
}

static void read_operand(const X86Cpu *c, const Insn *i, const VecOp *v, unsigned op, Vec *out)
{
    unsigned n = number_of(i, op);

    if (is_mmx(op)) {
        out->q[0] = c->env.xs.st[n & 7].mant;
    } else if (is_xmm(op)) {
        memcpy(out->b, c->env.xs.xmm[n & 15], 16);
        memcpy(out->b + 16, c->env.xs.ymmh[n & 15], 16);
    } else if (is_gpr(op)) {
        out->q[0] = v->w == 8 ? c->env.gpr[n] : (uint32_t)c->env.gpr[n];
    }
}

static void write_register(X86Cpu *c, const Insn *i, const VecOp *v, unsigned op)
{
    unsigned n = number_of(i, op);

    if (is_mmx(op)) {
        c->env.xs.st[n & 7].mant = v->d.q[0];
        c->env.xs.st[n & 7].se = 0xffff;
    } else if (is_gpr(op)) {
        c->env.gpr[n] = v->w == 8 ? v->d.q[0] : v->d.d[0];
    } else if (is_xmm(op)) {
        memcpy(c->env.xs.xmm[n & 15], v->d.b, 16);
        if (v->vex) {
            memset(c->env.xs.ymmh[n & 15], 0, 16);
            memset(c->env.xs.zmmh[n & 15], 0, 32);
            if (v->n == 32) {
                memcpy(c->env.xs.ymmh[n & 15], v->d.b + 16, 16);
            }
        }
    }
}

/* Bytes the operation works on. Scalar VEX forms ignore VEX.L. */
static unsigned vector_bytes(const Insn *i)
{
    const InsnRow *row = i->row;
    bool xmm = false, mmx = false, scalar;

    for (unsigned k = 0; k < 4; k++) {
        xmm |= is_xmm(row->op[k]);
        mmx |= is_mmx(row->op[k]);
    }
    scalar =
        (row->op[1] == OP_H && (row->mem == MEM_4 || row->mem == MEM_8 || row->mem == MEM_Y)) ||
        ((row->opcode | 1) == 0x11 && row->map == MAP_0F && row->pfx >= PFX_F3);
    return !xmm && mmx ? 8 : scalar ? 16 : i->vl;
}

static void get_sources(const X86Cpu *c, const Insn *i, VecOp *v, const Vec *memory)
{
    const uint8_t *op = i->row->op;
    unsigned first = 1, last;

    read_operand(c, i, v, op[0], &v->old);
    if (from_memory(i, op[0])) {
        memset(&v->old, 0, sizeof(v->old));
    }
    if (i->row->ext != EXT_NONE && is_imm(op[op[2] == OP_NONE ? 1 : 2])) { /* shift by immediate */
        v->a = v->old;
        if (op[2] != OP_NONE) {
            read_operand(c, i, v, op[1], &v->a);
        }
        v->b.q[0] = v->imm;
        return;
    }
    last = op[2] != OP_NONE && !is_imm(op[2]) ? 2 : 1;
    v->a = v->old;
    if (last == 2) {
        read_operand(c, i, v, op[first], &v->a);
    }
    if (from_memory(i, op[last])) {
        v->b = *memory;
        v->mem = true;
    } else {
        read_operand(c, i, v, op[last], &v->b);
    }
}

static bool compute(X86Cpu *c, const Insn *i, VecOp *v, uint32_t *ret_flags)
{
    uint32_t host, mxcsr = (c->env.xs.mxcsr & ~0x3fu) | 0x1f80;

    *ret_flags = 0;
    if (!(i->row->flags & IF_SIMD_FP)) {
        i->row->vec(v);
        return true;
    }
    __asm__ volatile("stmxcsr %0" : "=m"(host));
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    i->row->vec(v);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("ldmxcsr %0" : : "m"(host));
    *ret_flags = mxcsr & 0x3f;
    return (*ret_flags & ~(c->env.xs.mxcsr >> 7)) == 0;
}

/* MMX operands make the x87 unit enter MMX state; CVTPI2PD from memory does not touch it. */
static bool enters_mmx(const Insn *i)
{
    return (i->row->flags & IF_MMX) &&
           !((i->pfx & IPFX_MEM) && i->opcode == 0x2a && i->row->pfx == PFX_66);
}

void sem_vec(X86Cpu *c, const Insn *i)
{
    const InsnRow *row = i->row;
    unsigned bytes = i->pfx & IPFX_MEM ? insn_mem_bytes(i) : 0;
    VecOp v = {.n = vector_bytes(i),
               .imm = i->imm & 0xffff,
               .w = i->rex & 8 ? 8 : 4,
               .vex = row->enc == ENC_VEX,
               .rax = c->env.gpr[R_RAX],
               .rdx = c->env.gpr[R_RDX]};
    Vec memory = {{0}};
    uint64_t va = 0;
    uint32_t fp;

    if ((row->flags & (IF_SIMD_FP | IF_MMX)) == IF_SIMD_FP &&
        (c->env.xs.mxcsr & MXCSR_OM_UM) != MXCSR_OM_UM) {
        sem_native(c, i); /* unmasked, they are found before rounding: a masked run does not tell */
        return;
    }
    if (bytes != 0) {
        va = insn_mem(c, i, bytes, row->acc & ACC_W ? ACCESS_STORE : ACCESS_LOAD);
        if ((row->flags & IF_ALIGN) && (va & (bytes - 1)) != 0) {
            x86_raise_err(c, EXC_GP, 0);
        }
        if (row->acc & ACC_R) {
            guest_read(&c->cpu, va, memory.b, bytes, c->env.mmu_mode);
        } else {
            guest_check(&c->cpu, va, bytes, ACCESS_STORE, c->env.mmu_mode);
        }
    }
    if (enters_mmx(i)) {
        x87_enter_mmx(c);
    }
    for (unsigned k = 0; k < 4; k++) {
        v.has_imm |= is_imm(row->op[k]);
    }
    memcpy(v.m.b, c->env.xs.xmm[row->op[3] == OP_L ? v.imm >> 4 & 15 : 0], 16);
    memcpy(v.m.b + 16, c->env.xs.ymmh[row->op[3] == OP_L ? v.imm >> 4 & 15 : 0], 16);
    get_sources(c, i, &v, &memory);
    if (!compute(c, i, &v, &fp)) {
        x86_raise_simd(c, fp);
    }
    c->env.xs.mxcsr |= fp;
    if (from_memory(i, row->op[0])) {
        guest_write(&c->cpu, va, v.d.b, bytes, c->env.mmu_mode);
    } else if (row->fl_write == 0) { /* compares set flags only */
        write_register(c, i, &v, row->op[0]);
    }
    if (row->fl_write != 0) {
        c->env.rflags = (c->env.rflags & ~(uint64_t)row->fl_write) | (v.flags & row->fl_write);
        if (row->gpr_write & 1 << R_RCX) {
            c->env.gpr[R_RCX] = (uint32_t)v.rcx;
        } else if (row->map == MAP_0F3A) { /* PCMPxSTRM leaves its mask in XMM0 */
            memcpy(c->env.xs.xmm[0], v.m.b, 16);
            if (v.vex) {
                memset(c->env.xs.ymmh[0], 0, 16);
                memset(c->env.xs.zmmh[0], 0, 32);
            }
        }
    }
}

void sem_emms(X86Cpu *c, const Insn *i)
{
    x87_enter_mmx(c);
    c->env.xs.ftw = 0;
}

/* Clears everything above bit 127 (L0) or all of the sixteen registers (L1). */
void sem_vzero(X86Cpu *c, const Insn *i)
{
    unsigned count = c->env.hflags & HF_CS64 ? 16 : 8;

    memset(c->env.xs.ymmh, 0, count * 16);
    memset(c->env.xs.zmmh, 0, count * 32);
    if (i->vl == 32) {
        memset(c->env.xs.xmm, 0, count * 16);
    }
}
