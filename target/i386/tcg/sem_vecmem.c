/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector instructions whose memory operand is chosen element by element: masked moves, gathers and
 * scatters, where elements that are not selected must not fault; and MXCSR moves (SDM vol. 2:
 * VMASKMOV, VPGATHER, VPSCATTER, MASKMOVDQU). */
#include <string.h>
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/vec.h"

enum { MXCSR_MASK = 0xffff };

static void vec_get(const X86Cpu *c, unsigned n, uint8_t v[32])
{
    memcpy(v, c->env.xs.xmm[n], 16);
    memcpy(v + 16, c->env.xs.ymmh[n], 16);
}

/* VEX write: everything above vl is cleared. */
static void vec_put(X86Cpu *c, unsigned n, const uint8_t v[32], unsigned vl)
{
    memcpy(c->env.xs.xmm[n], v, 16);
    memset(c->env.xs.ymmh[n], 0, 16);
    if (vl == 32) {
        memcpy(c->env.xs.ymmh[n], v + 16, 16);
    }
    memset(c->env.xs.zmmh[n], 0, 32);
}

/* The same without clearing. */
static void vec_poke(X86Cpu *c, unsigned n, const uint8_t v[32], unsigned vl)
{
    memcpy(c->env.xs.xmm[n], v, 16);
    memcpy(c->env.xs.ymmh[n], v + 16, vl - 16);
}

static unsigned width_of(const Insn *i)
{
    /* 2C/2E single, 2D/2F double, 8C/8E by W */
    return i->opcode >= 0x80 ? (i->rex & 8 ? 8 : 4) : i->opcode & 1 ? 8 : 4;
}

static bool selected(const uint8_t *mask, unsigned at, unsigned w)
{
    return mask[at + w - 1] >> 7;
}

void sem_maskmov(X86Cpu *c, const Insn *i)
{
    unsigned w = width_of(i), mode = c->env.mmu_mode;
    bool store = (i->row->acc & ACC_W) != 0;
    Access how = store ? ACCESS_STORE : ACCESS_LOAD;
    uint64_t ea = insn_ea(c, i), va[8];
    uint8_t mask[32], data[32] = { 0 };

    vec_get(c, i->vvvv, mask);
    if (store) {
        vec_get(c, i->reg, data);
    }
    for (unsigned at = 0; at < i->vl; at += w) {
        if (selected(mask, at, w)) {
            va[at / w] = insn_linear(c, i->seg, ea + at, w, how, i->adsize);
            guest_check(&c->cpu, va[at / w], w, how, mode);
        }
    }
    for (unsigned at = 0; at < i->vl; at += w) {
        if (selected(mask, at, w)) {
            if (store) {
                guest_write(&c->cpu, va[at / w], data + at, w, mode);
            } else {
                guest_read(&c->cpu, va[at / w], data + at, w, mode);
            }
        }
    }
    if (!store) {
        vec_put(c, i->reg, data, i->vl);
    }
}

static uint64_t vsib_address(X86Cpu *c, const Insn *i, const uint8_t *index, unsigned n,
                             unsigned iw)
{
    uint64_t ea = (int64_t)i->disp;
    int64_t step;
    int32_t step32;

    if (iw == 4) {
        memcpy(&step32, index + n * 4, 4);
        step = step32;
    } else {
        memcpy(&step, index + n * 8, 8);
    }
    if (i->base != NO_REG) {
        ea += c->env.gpr[i->base];
    }
    ea += (uint64_t)step << i->scale;
    return i->adsize == 8 ? ea : (uint32_t)ea;
}

/* Each element done clears its mask bit, so that after a fault the rest can be resumed. */
void sem_gather(X86Cpu *c, const Insn *i)
{
    unsigned w = i->rex & 8 ? 8 : 4, iw = i->opcode & 1 ? 8 : 4;
    unsigned lanes = i->vl / MAX(w, iw);
    uint8_t mask[32], dst[32], index[32];

    if (i->index == i->reg || i->index == i->vvvv || i->reg == i->vvvv) {
        x86_raise_ud(c);
    }
    vec_get(c, i->vvvv, mask);
    vec_get(c, i->reg, dst);
    vec_get(c, i->index, index);
    for (unsigned n = 0; n < lanes; n++) {
        uint64_t va;

        if (!selected(mask, n * w, w)) {
            memset(mask + n * w, 0, w);
            vec_poke(c, i->vvvv, mask, i->vl);
            continue;
        }
        va = insn_linear(c, i->seg, vsib_address(c, i, index, n, iw), w, ACCESS_LOAD, i->adsize);
        guest_read(&c->cpu, va, dst + n * w, w, c->env.mmu_mode);
        memset(mask + n * w, 0, w);
        vec_put(c, i->reg, dst, i->vl);
        vec_put(c, i->vvvv, mask, i->vl);
    }
    memset(dst + lanes * w, 0, sizeof(dst) - lanes * w);
    memset(mask, 0, sizeof(mask));
    vec_put(c, i->reg, dst, i->vl);
    vec_put(c, i->vvvv, mask, i->vl);
}

/* ---- the EVEX forms: an opmask instead of a vector, up to 64 bytes, 32 registers */

static void zmm_get(const X86Cpu *c, unsigned n, uint8_t v[64])
{
    if (n >= 16) {
        memcpy(v, c->env.xs.zmm16[n - 16], 64);
        return;
    }
    vec_get(c, n, v);
    memcpy(v + 32, c->env.xs.zmmh[n], 32);
}

static void zmm_put(X86Cpu *c, unsigned n, const uint8_t v[64])
{
    if (n >= 16) {
        memcpy(c->env.xs.zmm16[n - 16], v, 64);
        return;
    }
    vec_put(c, n, v, 32);
    memcpy(c->env.xs.zmmh[n], v + 32, 32);
}

typedef struct Vsib {
    unsigned w, iw, lanes; /* bytes of an element and of an index */
    uint8_t index[64];
} Vsib;

static void vsib_begin(const X86Cpu *c, const Insn *i, Vsib *v)
{
    v->w = i->rex & 8 ? 8 : 4;
    v->iw = i->opcode & 1 ? 8 : 4;
    v->lanes = i->vl / MAX(v->w, v->iw);
    zmm_get(c, i->index, v->index);
}

void sem_evex_gather(X86Cpu *c, const Insn *i)
{
    uint64_t *k = &c->env.xs.opmask[i->aaa];
    uint8_t dst[64];
    Vsib v;

    if (i->index == i->reg) {
        x86_raise_ud(c);
    }
    vsib_begin(c, i, &v);
    zmm_get(c, i->reg, dst);
    memset(dst + i->vl, 0, sizeof(dst) - i->vl);
    for (unsigned n = 0; n < v.lanes; n++) {
        uint64_t va;

        if (!(*k >> n & 1)) {
            continue;
        }
        va = insn_linear(c, i->seg, vsib_address(c, i, v.index, n, v.iw), v.w, ACCESS_LOAD,
                         i->adsize);
        guest_read(&c->cpu, va, dst + n * v.w, v.w, c->env.mmu_mode);
        *k &= ~(1ull << n);
        zmm_put(c, i->reg, dst);
    }
    *k = 0;
    memset(dst + v.lanes * v.w, 0, sizeof(dst) - v.lanes * v.w);
    zmm_put(c, i->reg, dst);
}

void sem_evex_scatter(X86Cpu *c, const Insn *i)
{
    uint64_t *k = &c->env.xs.opmask[i->aaa];
    uint8_t src[64];
    Vsib v;

    vsib_begin(c, i, &v);
    zmm_get(c, i->reg, src);
    for (unsigned n = 0; n < v.lanes; n++) {
        uint64_t va;

        if (!(*k >> n & 1)) {
            continue;
        }
        va = insn_linear(c, i->seg, vsib_address(c, i, v.index, n, v.iw), v.w, ACCESS_STORE,
                         i->adsize);
        guest_write(&c->cpu, va, src + n * v.w, v.w, c->env.mmu_mode);
        *k &= ~(1ull << n);
    }
    *k = 0;
}

void sem_maskmovdqu(X86Cpu *c, const Insn *i)
{
    unsigned n = i->row->op[0] == OP_P ? 8 : 16;
    const uint8_t *data, *mask;
    uint64_t ea = c->env.gpr[R_RDI], va;

    if (n == 8) {
        x87_enter_mmx(c);
        data = (const uint8_t *)&c->env.xs.st[i->reg & 7];
        mask = (const uint8_t *)&c->env.xs.st[i->rm & 7];
    } else {
        data = c->env.xs.xmm[i->reg];
        mask = c->env.xs.xmm[i->rm];
    }
    ea = i->adsize == 2 ? (uint16_t)ea : i->adsize == 4 ? (uint32_t)ea : ea;
    va = insn_linear(c, i->seg, ea, n, ACCESS_STORE, i->adsize);
    guest_check(&c->cpu, va, n, ACCESS_STORE, c->env.mmu_mode);
    for (unsigned k = 0; k < n; k++) {
        if (mask[k] >> 7) {
            guest_st8(&c->cpu, va + k, data[k], c->env.mmu_mode);
        }
    }
}

void sem_ldmxcsr(X86Cpu *c, const Insn *i)
{
    uint32_t v = guest_ld32(&c->cpu, insn_mem(c, i, 4, ACCESS_LOAD), c->env.mmu_mode);

    if (v & ~(uint32_t)MXCSR_MASK) {
        x86_raise_err(c, EXC_GP, 0);
    }
    c->env.xs.mxcsr = v;
}

void sem_stmxcsr(X86Cpu *c, const Insn *i)
{
    guest_st32(&c->cpu, insn_mem(c, i, 4, ACCESS_STORE), c->env.xs.mxcsr, c->env.mmu_mode);
}
