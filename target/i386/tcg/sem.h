/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inline parts of instruction semantics: registers by width, status flags, effective addresses,
 * memory operands and their read-modify-write. For sem_*.c and interp.c only.
 *
 * A semantic function's body takes the width as a parameter and is forced inline under a switch on
 * i->opsize (SEM_SIZED), so each width compiles to straight code. */
#ifndef TARGET_I386_TCG_SEM_H
#define TARGET_I386_TCG_SEM_H

#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"

#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNLIKELY(x)   __builtin_expect(!!(x), 0)
#define LIKELY(x)     __builtin_expect(!!(x), 1)

/* Defines SemFn name() out of `name_n(c, i, size)`, for operand sizes 1-8 or 2-8. */
#define SEM_SIZED(name)                                                                            \
    void name(X86Cpu *c, const Insn *i)                                                            \
    {                                                                                              \
        switch (i->opsize) {                                                                       \
        case 1: name##_n(c, i, 1); break;                                                          \
        case 2: name##_n(c, i, 2); break;                                                          \
        case 4: name##_n(c, i, 4); break;                                                          \
        default: name##_n(c, i, 8); break;                                                         \
        }                                                                                          \
    }
#define SEM_SIZED_V(name)                                                                          \
    void name(X86Cpu *c, const Insn *i)                                                            \
    {                                                                                              \
        switch (i->opsize) {                                                                       \
        case 2: name##_n(c, i, 2); break;                                                          \
        case 4: name##_n(c, i, 4); break;                                                          \
        default: name##_n(c, i, 8); break;                                                         \
        }                                                                                          \
    }

ALWAYS_INLINE uint64_t size_mask(unsigned size)
{
    return ~0ull >> (64 - 8 * size);
}

ALWAYS_INLINE int64_t sext(uint64_t v, unsigned size)
{
    return (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
}

/* ---- registers */

ALWAYS_INLINE bool reg_is_high(const Insn *i, unsigned reg)
{
    return reg >= 4 && reg < 8 && !(i->rex & 0x40);
}

ALWAYS_INLINE uint64_t reg_ld(const X86Cpu *c, const Insn *i, unsigned reg, unsigned size)
{
    switch (size) {
    case 1:
        return reg_is_high(i, reg) ? (uint8_t)(c->env.gpr[reg & 3] >> 8) : (uint8_t)c->env.gpr[reg];
    case 2: return (uint16_t)c->env.gpr[reg];
    case 4: return (uint32_t)c->env.gpr[reg];
    default: return c->env.gpr[reg];
    }
}

ALWAYS_INLINE void reg_st(X86Cpu *c, const Insn *i, unsigned reg, unsigned size, uint64_t v)
{
    uint64_t *g = c->env.gpr;

    switch (size) {
    case 1:
        if (reg_is_high(i, reg)) {
            g[reg & 3] = (g[reg & 3] & ~0xff00ull) | (v & 0xff) << 8;
        } else {
            g[reg] = (g[reg] & ~0xffull) | (v & 0xff);
        }
        break;
    case 2: g[reg] = (g[reg] & ~0xffffull) | (v & 0xffff); break;
    case 4: g[reg] = (uint32_t)v; break;
    default: g[reg] = v; break;
    }
}

/* RAX, RCX, RDX, ... as implicit operands: no AH rule. */
ALWAYS_INLINE uint64_t acc_ld(const X86Cpu *c, unsigned reg, unsigned size)
{
    return c->env.gpr[reg] & size_mask(size);
}

ALWAYS_INLINE void acc_st(X86Cpu *c, unsigned reg, unsigned size, uint64_t v)
{
    uint64_t m = size_mask(size);

    c->env.gpr[reg] = size >= 4 ? v & m : (c->env.gpr[reg] & ~m) | (v & m);
}

/* ---- status flags */

ALWAYS_INLINE uint64_t fl_szp(uint64_t r, unsigned size)
{
    return (r >> (8 * size - 1) & 1) * FL_SF | (uint64_t)((r & size_mask(size)) == 0) * FL_ZF |
           (uint64_t)!__builtin_parity(r & 0xff) * FL_PF;
}

ALWAYS_INLINE void fl_put(uint64_t *fl, uint64_t mask, uint64_t v)
{
    *fl = (*fl & ~mask) | v;
}

ALWAYS_INLINE void flags_put(X86Cpu *c, uint64_t mask, uint64_t v)
{
    c->env.rflags = (c->env.rflags & ~mask) | v;
}

/* CF, AF, OF out of the vector of carries (or borrows) of each bit. */
ALWAYS_INLINE uint64_t fl_carries(uint64_t carry, unsigned size)
{
    unsigned top = 8 * size - 1;

    return (carry >> top & 1) | (carry >> 3 & 1) * FL_AF |
           ((carry >> top ^ carry >> (top - 1)) & 1) * FL_OF;
}

ALWAYS_INLINE uint64_t alu_add(uint64_t a, uint64_t b, uint64_t cin, unsigned size, uint64_t *fl)
{
    uint64_t r = a + b + cin;

    fl_put(fl, FL_STATUS, fl_carries((a & b) | ((a | b) & ~r), size) | fl_szp(r, size));
    return r & size_mask(size);
}

ALWAYS_INLINE uint64_t alu_sub(uint64_t a, uint64_t b, uint64_t cin, unsigned size, uint64_t *fl)
{
    uint64_t r = a - b - cin;

    fl_put(fl, FL_STATUS, fl_carries((~a & b) | ((~a | b) & r), size) | fl_szp(r, size));
    return r & size_mask(size);
}

ALWAYS_INLINE uint64_t alu_logic(uint64_t r, unsigned size, uint64_t *fl)
{
    fl_put(fl, FL_STATUS, fl_szp(r, size));
    return r;
}

/* Condition code cc of Jcc, SETcc, CMOVcc. */
ALWAYS_INLINE bool cond(uint64_t fl, unsigned cc)
{
    bool lt = !(fl & FL_SF) != !(fl & FL_OF), r;

    switch (cc >> 1) {
    case 0: r = fl & FL_OF; break;
    case 1: r = fl & FL_CF; break;
    case 2: r = fl & FL_ZF; break;
    case 3: r = fl & (FL_CF | FL_ZF); break;
    case 4: r = fl & FL_SF; break;
    case 5: r = fl & FL_PF; break;
    case 6: r = lt; break;
    default: r = lt || (fl & FL_ZF); break;
    }
    return r != (cc & 1);
}

/* Flags that condition cc reads, for rows. */
#define CC_FLAGS(cc)                                                                               \
    ((cc) < 2    ? FL_OF                                                                           \
     : (cc) < 4  ? FL_CF                                                                           \
     : (cc) < 6  ? FL_ZF                                                                           \
     : (cc) < 8  ? FL_CF | FL_ZF                                                                   \
     : (cc) < 10 ? FL_SF                                                                           \
     : (cc) < 12 ? FL_PF                                                                           \
     : (cc) < 14 ? FL_SF | FL_OF                                                                   \
                 : FL_SF | FL_OF | FL_ZF)

/* ---- memory by linear address */

ALWAYS_INLINE uint64_t mem_ld(X86Cpu *c, uint64_t va, unsigned size)
{
    switch (size) {
    case 1: return guest_ld8(&c->cpu, va, c->env.mmu_mode);
    case 2: return guest_ld16(&c->cpu, va, c->env.mmu_mode);
    case 4: return guest_ld32(&c->cpu, va, c->env.mmu_mode);
    default: return guest_ld64(&c->cpu, va, c->env.mmu_mode);
    }
}

ALWAYS_INLINE void mem_st(X86Cpu *c, uint64_t va, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: guest_st8(&c->cpu, va, v, c->env.mmu_mode); break;
    case 2: guest_st16(&c->cpu, va, v, c->env.mmu_mode); break;
    case 4: guest_st32(&c->cpu, va, v, c->env.mmu_mode); break;
    default: guest_st64(&c->cpu, va, v, c->env.mmu_mode); break;
    }
}

ALWAYS_INLINE uint64_t host_ld(const void *p, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

ALWAYS_INLINE void host_st(void *p, unsigned size, uint64_t v)
{
    memcpy(p, &v, size);
}

/* ---- addresses */

ALWAYS_INLINE uint64_t ea_calc(const X86Cpu *c, const Insn *i)
{
    uint64_t a = (int64_t)i->disp;

    if (LIKELY(i->base < 16)) {
        a += c->env.gpr[i->base];
    } else if (i->base == RIP_REG) {
        a += c->env.next_rip;
    }
    if (i->index < 16) {
        a += c->env.gpr[i->index] << i->scale;
    }
    return LIKELY(i->adsize == 8) ? a : a & (i->adsize == 4 ? 0xffffffff : 0xffff);
}

static inline bool canonical(const X86Cpu *c, uint64_t va)
{
    unsigned unused = c->env.cr4 & CR4_LA57 ? 7 : 16;

    return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

/* Segments whose offset is the linear address: only overflow remains to be checked. */
ALWAYS_INLINE bool seg_is_flat(const X86Cpu *c, unsigned seg)
{
    return (c->env.hflags & HF_FLAT) && seg < SEG_FS && seg != SEG_CS;
}

ALWAYS_INLINE uint64_t linear_of(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how,
                                 unsigned adsize)
{
    if (LIKELY((c->env.hflags & (HF_CS64 | HF_ALIGN | HF_DR7)) == HF_CS64)) {
        uint64_t va = seg >= SEG_FS ? ea + c->env.seg[seg].base : ea;

        if (LIKELY(((va + 0x800000000000) >> 48) == 0 &&
                   ((va + n - 1 + 0x800000000000) >> 48) == 0)) {
            return va;
        }
    } else if ((c->env.hflags & (HF_CS64 | HF_ALIGN | HF_DR7)) == 0 && seg_is_flat(c, seg) &&
               (uint32_t)ea == ea && (uint32_t)ea <= 0u - n) {
        return ea;
    }
    return insn_linear(c, seg, ea, n, how, adsize);
}

ALWAYS_INLINE uint64_t mem_va(X86Cpu *c, const Insn *i, unsigned n, Access how)
{
    return linear_of(c, i->seg, ea_calc(c, i), n, how, i->adsize);
}

ALWAYS_INLINE bool insn_is_mem(const Insn *i)
{
    return i->pfx & IPFX_MEM;
}

ALWAYS_INLINE uint64_t rm_ld(X86Cpu *c, const Insn *i, unsigned size)
{
    return insn_is_mem(i) ? mem_ld(c, mem_va(c, i, size, ACCESS_LOAD), size)
                          : reg_ld(c, i, i->rm, size);
}

ALWAYS_INLINE void rm_st(X86Cpu *c, const Insn *i, unsigned size, uint64_t v)
{
    if (insn_is_mem(i)) {
        mem_st(c, mem_va(c, i, size, ACCESS_STORE), size, v);
    } else {
        reg_st(c, i, i->rm, size, v);
    }
}

/* ---- read-modify-write */

/* New value of an operand; *fl is RFLAGS in and out. */
typedef uint64_t (*RmwFn)(uint64_t old, uint64_t arg, unsigned size, uint64_t *fl);

bool host_cas(void *p, unsigned size, uint64_t old, uint64_t v); /* sequentially consistent */
/* LOCK on memory without a host address: other vCPUs stand still in between. */
void lock_slow_begin(X86Cpu *c);
void lock_slow_end(X86Cpu *c);

/* Returns the old value. */
ALWAYS_INLINE uint64_t mem_rmw_at(X86Cpu *c, const Insn *i, uint64_t va, unsigned size, RmwFn fn,
                                  uint64_t arg)
{
    void *p = guest_host(&c->cpu, va, size, ACCESS_STORE, c->env.mmu_mode);
    uint64_t fl = c->env.rflags, old, v;

    if (UNLIKELY(p == NULL)) {
        guest_check(&c->cpu, va, size, ACCESS_STORE, c->env.mmu_mode);
        if (i->pfx & IPFX_LOCK) {
            lock_slow_begin(c);
        }
        old = mem_ld(c, va, size);
        mem_st(c, va, size, fn(old, arg, size, &fl));
        if (i->pfx & IPFX_LOCK) {
            lock_slow_end(c);
        }
    } else if (i->pfx & IPFX_LOCK) {
        do {
            fl = c->env.rflags;
            old = host_ld(p, size);
            v = fn(old, arg, size, &fl);
        } while (!host_cas(p, size, old, v));
    } else {
        old = host_ld(p, size);
        host_st(p, size, fn(old, arg, size, &fl));
    }
    c->env.rflags = fl;
    return old;
}

ALWAYS_INLINE void rm_rmw(X86Cpu *c, const Insn *i, unsigned size, RmwFn fn, uint64_t arg)
{
    if (insn_is_mem(i)) {
        mem_rmw_at(c, i, mem_va(c, i, size, ACCESS_STORE), size, fn, arg);
    } else {
        uint64_t fl = c->env.rflags;

        reg_st(c, i, i->rm, size, fn(reg_ld(c, i, i->rm, size), arg, size, &fl));
        c->env.rflags = fl;
    }
}

/* ---- control flow: near jump to an offset cut to size bytes, #GP when outside the code segment */
ALWAYS_INLINE void jump_near(X86Cpu *c, uint64_t target, unsigned size)
{
    target &= size_mask(size);
    if (LIKELY(c->env.hflags & HF_CS64)) {
        if (UNLIKELY(((target + 0x800000000000) >> 48) != 0) && !(c->env.cr4 & CR4_LA57)) {
            x86_raise_err(c, EXC_GP, 0);
        }
    } else if (target > c->env.seg[SEG_CS].limit) {
        x86_raise_err(c, EXC_GP, 0);
    }
    c->env.next_rip = target;
}

ALWAYS_INLINE void sem_need_feature(X86Cpu *c, unsigned f)
{
    if (!feature_on(c->env.features, f)) {
        x86_raise_ud(c);
    }
}

#endif
