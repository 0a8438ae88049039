/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operand access for instruction semantics: effective and linear addresses with segment checks (SDM
 * vol. 3, 5.3 and 5.5; vol. 1, 3.3.7.1), r/m operands, the stack, locked memory. */
#include "target/i386/tcg/sem.h"

#include "accel/accel.h"

/* ---- segments */

/* Is seg:ea .. +n-1 within the limit? Expand-down segments reach from above the limit to 64K or 4G.
 * No access goes over the end of a 4G segment, flat or not. */
static bool seg_within_limit(const X86Seg *s, uint64_t ea, unsigned n)
{
    uint64_t last = ea + n - 1;

    if ((s->attr & (SEGA_CODE | SEGA_CE)) == SEGA_CE) {
        return ea > s->limit && last <= (s->attr & SEGA_DB ? 0xffffffff : 0xffff);
    }
    return last <= s->limit;
}

static bool seg_allows(const X86Seg *s, Access how)
{
    bool code = s->attr & SEGA_CODE, rw = s->attr & SEGA_RW;

    if (!(s->attr & SEGA_P)) {
        return false;
    }
    return how == ACCESS_STORE ? !code && rw : how == ACCESS_FETCH || !code || rw;
}

/* The linear address of seg:ea, false when n bytes there may not be accessed through the segment.
 */
static bool seg_linear(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how,
                       uint64_t *ret_va)
{
    const X86Seg *s = &c->env.seg[seg];

    if (c->env.hflags & HF_CS64) {
        *ret_va = ea + (seg >= SEG_FS ? s->base : 0);
        return canonical(c, *ret_va) && canonical(c, *ret_va + n - 1);
    }
    *ret_va = (uint32_t)(s->base + ea);
    if ((c->env.hflags & (HF_PE | HF_VM)) == HF_PE && !seg_allows(s, how)) {
        return false;
    }
    return seg_within_limit(s, ea, n);
}

/* Operands of several parts are accessed part by part: the first one's size, 0 if there is one only. */
static unsigned first_part(unsigned n)
{
    switch (n) {
    case 10: return 8;
    case 14:
    case 94: return 2;
    case 28:
    case 108: return 4;
    default: return n >= 512 ? 16 : 0;
    }
}

/* What happens where an operand goes over the end of a 4G segment is open (SDM vol. 3, 5.3). Here as on AMD's
 * processors: an access that does is #GP or #SS, but #PF comes first if there is no page for a part before it. They
 * go on at offset 0 if the end lies between two parts, which is not followed. */
static void check_before_4g(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how)
{
    const X86Seg *s = &c->env.seg[seg];
    unsigned part = first_part(n);
    bool flat = !(c->env.hflags & HF_CS64) && s->base == 0 && s->limit == 0xffffffff &&
                (s->attr & (SEGA_CODE | SEGA_CE)) != SEGA_CE;

    if (flat && part != 0 && ea + part - 1 <= s->limit && ea + n - 1 > s->limit && seg_allows(s, how)) {
        guest_check(&c->cpu, ea, part, how, c->env.mmu_mode);
    }
}

uint64_t insn_linear(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how, unsigned adsize)
{
    uint64_t va;

    if (!seg_linear(c, seg, ea, n, how, &va)) {
        check_before_4g(c, seg, ea, n, how);
        x86_raise_err(c, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
    }
    if ((c->env.hflags & HF_ALIGN) && n <= 8 && (n & (n - 1)) == 0 && (va & (n - 1)) != 0) {
        x86_raise_err(c, EXC_AC, 0);
    }
    if (c->env.hflags & HF_DR7) {
        x86_watch(c, va, n, how);
    }
    return va;
}

bool insn_linear_probe(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how,
                       uint64_t *ret_va)
{
    return !(c->env.hflags & (HF_ALIGN | HF_DR7)) && seg_linear(c, seg, ea, n, how, ret_va);
}

uint64_t insn_ea(X86Cpu *c, const Insn *i)
{
    return ea_calc(c, i);
}

uint64_t insn_mem(X86Cpu *c, const Insn *i, unsigned n, Access how)
{
    return mem_va(c, i, n, how);
}

/* ---- operands */

uint64_t gpr_read(const X86Cpu *c, const Insn *i, unsigned reg, unsigned size)
{
    return reg_ld(c, i, reg, size);
}

void gpr_write(X86Cpu *c, const Insn *i, unsigned reg, unsigned size, uint64_t v)
{
    reg_st(c, i, reg, size, v);
}

uint64_t rm_read(X86Cpu *c, const Insn *i, unsigned size)
{
    return rm_ld(c, i, size);
}

void rm_write(X86Cpu *c, const Insn *i, unsigned size, uint64_t v)
{
    rm_st(c, i, size, v);
}

/* ---- stack */

unsigned stack_width(const X86Cpu *c)
{
    return c->env.hflags & HF_CS64 ? 8 : c->env.hflags & HF_SS32 ? 4 : 2;
}

void stack_set(X86Cpu *c, uint64_t sp)
{
    unsigned w = stack_width(c);
    uint64_t *rsp = &c->env.gpr[R_RSP];

    *rsp = w == 2 ? (*rsp & ~0xffffull) | (sp & 0xffff) : sp & size_mask(w);
}

void stack_push(X86Cpu *c, unsigned size, uint64_t v)
{
    unsigned w = stack_width(c);
    uint64_t sp = (c->env.gpr[R_RSP] - size) & size_mask(w);

    mem_st(c, linear_of(c, SEG_SS, sp, size, ACCESS_STORE, w), size, v);
    stack_set(c, sp);
}

uint64_t stack_peek(X86Cpu *c, unsigned size, unsigned offset)
{
    unsigned w = stack_width(c);
    uint64_t sp = (c->env.gpr[R_RSP] + offset) & size_mask(w);

    return mem_ld(c, linear_of(c, SEG_SS, sp, size, ACCESS_LOAD, w), size);
}

uint64_t stack_pop(X86Cpu *c, unsigned size)
{
    uint64_t v = stack_peek(c, size, 0);

    stack_set(c, c->env.gpr[R_RSP] + size);
    return v;
}

/* ---- locked memory */

__attribute__((no_sanitize("alignment"))) bool host_cas(void *p, unsigned size, uint64_t old,
                                                        uint64_t v)
{
    switch (size) {
    case 1: return __sync_bool_compare_and_swap((uint8_t *)p, old, v);
    case 2: return __sync_bool_compare_and_swap((uint16_t *)p, old, v);
    case 4: return __sync_bool_compare_and_swap((uint32_t *)p, old, v);
    default: return __sync_bool_compare_and_swap((uint64_t *)p, old, v);
    }
}

void lock_slow_begin(X86Cpu *c)
{
    if (c->cpu.thread != NULL) {    /* else it stands in for another one */
        cpu_exclusive_begin(&c->cpu);
    }
}

void lock_slow_end(X86Cpu *c)
{
    if (c->cpu.thread != NULL) {
        cpu_exclusive_end(&c->cpu);
    }
}
