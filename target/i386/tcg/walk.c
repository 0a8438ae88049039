/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables: none, 32-bit (PSE, PSE-36), PAE, 4 and 5 levels (SDM vol. 3, chapter 4), with NX, WP, SMEP,
 * SMAP, protection keys, A and D bits. PDPTEs of PAE paging are read at each walk, as AMD processors do,
 * instead of being held in registers. */
#include <glib.h>
#include <string.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/sys.h"

#include "hw/core/ram.h"
#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"

enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16, PF_PK = 32 };
enum { PROT_LOAD = 1 << ACCESS_LOAD, PROT_STORE = 1 << ACCESS_STORE, PROT_FETCH = 1 << ACCESS_FETCH,
       PROT_ALL = PROT_LOAD | PROT_STORE | PROT_FETCH };
#define ADDR_MASK 0x000ffffffffff000ull

typedef enum WalkResult { WALK_OK, WALK_NOT_PRESENT, WALK_RESERVED, WALK_RETRY } WalkResult;

/* Found translation. Rights are those of all levels together. */
typedef struct Walk {
    uint64_t entry, entry_pa, pa;   /* leaf entry, where it lies, the 4 KiB page's address */
    unsigned page_bits, entry_size;
    bool w, u, nx;
    bool used;                      /* all tables on the way have A set */
} Walk;

bool x86_canonical(const X86Cpu *c, uint64_t va)
{
    unsigned bits = c->env.cr4 & CR4_LA57 ? 57 : 48;

    return (uint64_t)((int64_t)(va << (64 - bits)) >> (64 - bits)) == va;
}

/* ---- entries in guest memory */

static uint64_t entry_load(X86Cpu *c, uint64_t pa, unsigned size)
{
    const FlatRange *fr = guest_phys_range(&c->cpu, pa);

    if (fr != NULL && fr->host != NULL && pa + size - 1 <= fr->last) {
        const void *p = fr->host + (pa - fr->start);

        return size == 8 ? __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED)
                         : __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    }
    guest_general_end(&c->cpu);
    return addr_space_ld(c->cpu.mem, pa, size, MEM_ATTRS_NONE, NULL);
}

static bool page_dirty(const RamBlock *b, const uint8_t *p)
{
    uint64_t page = (uint64_t)(p - b->host) >> RAM_PAGE_BITS;
    bool all = true;

    for (unsigned c = 0; c < DIRTY_CLIENTS; c++) {
        all &= ram_page_dirty(b, page, c);
    }
    return all;
}

/* Sets bits of an entry that still is old; false: it changed meanwhile. */
static bool entry_set(X86Cpu *c, uint64_t pa, unsigned size, uint64_t old, uint64_t bits)
{
    const FlatRange *fr = guest_phys_range(&c->cpu, pa);

    if (fr == NULL || fr->host == NULL || pa + size - 1 > fr->last) {
        guest_general_end(&c->cpu);
        addr_space_st(c->cpu.mem, pa, old | bits, size, MEM_ATTRS_NONE, NULL);
        return true;
    }
    if (fr->readonly || fr->store_to_ops) {
        return true;
    }
    uint8_t *p = fr->host + (pa - fr->start);
    uint32_t old32 = (uint32_t)old;
    bool done = size == 8 ? __atomic_compare_exchange_n((uint64_t *)p, &old, old | bits, false,
                                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
                          : __atomic_compare_exchange_n((uint32_t *)p, &old32, old32 | (uint32_t)bits,
                                                        false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    if (done) {
        guest_note_store(&c->cpu, p, size);
    }
    if (done && fr->ram != NULL && !page_dirty(fr->ram, p)) {
        guest_general_end(&c->cpu);
        ram_dirty_set(fr->ram, p - fr->ram->host, size);
    }
    return done;
}

/* ---- one walk. set_a: mark the tables used. */

static WalkResult walk32(X86Cpu *c, uint32_t va, bool set_a, Walk *w)
{
    const X86Env *env = &c->env;
    uint64_t pa = ((env->cr3 & 0xfffff000) + (va >> 22) * 4) & env->a20_mask;
    uint64_t e = entry_load(c, pa, 4);

    w->entry_size = 4;
    w->nx = false;
    if (!(e & PTE_P)) {
        return WALK_NOT_PRESENT;
    }
    w->w = e & PTE_W;
    w->u = e & PTE_U;
    w->used = true;
    if ((e & PTE_PS) && (env->cr4 & CR4_PSE)) {
        unsigned high = env->phys_bits > 40 ? 8 : env->phys_bits - 32;

        if ((e & 1 << 21) || (e >> 13 & 0xff) >> high) {
            return WALK_RESERVED;
        }
        w->entry = e;
        w->entry_pa = pa;
        w->page_bits = 22;
        w->pa = (e & 0xffc00000) | (e >> 13 & 0xff) << 32 | (va & 0x3ff000);
        return WALK_OK;
    }
    w->used = e & PTE_A;
    if (set_a && !(e & PTE_A) && !entry_set(c, pa, 4, e, PTE_A)) {
        return WALK_RETRY;
    }
    pa = ((e & 0xfffff000) + (va >> 12 & 1023) * 4) & env->a20_mask;
    e = entry_load(c, pa, 4);
    if (!(e & PTE_P)) {
        return WALK_NOT_PRESENT;
    }
    w->w &= !!(e & PTE_W);
    w->u &= !!(e & PTE_U);
    w->entry = e;
    w->entry_pa = pa;
    w->page_bits = 12;
    w->pa = e & 0xfffff000;
    return WALK_OK;
}

/* Bits that must be zero in an entry of this level (1 = page table). */
static uint64_t reserved_bits(const X86Cpu *c, unsigned level, bool leaf, bool pdpte)
{
    const X86Env *env = &c->env;
    uint64_t r = ADDR_MASK & ~((1ull << env->phys_bits) - 1);

    if (pdpte) {
        return r | 0xfff0000000000000ull | 0x1e6;
    }
    if (!(env->efer & EFER_NXE)) {
        r |= PTE_NX;
    }
    if (!(env->efer & EFER_LMA)) {
        r |= 0x7ff0000000000000ull;
    }
    if (level > 3 || (level == 3 && !x86_has_feature(c, FE_PDPE1GB))) {
        r |= PTE_PS;
    }
    if (leaf && level > 1) {
        r |= (1ull << (12 + 9 * (level - 1))) - (1ull << 13);
    }
    return r;
}

static WalkResult walk64(X86Cpu *c, uint64_t va, bool set_a, Walk *w)
{
    const X86Env *env = &c->env;
    bool lma = env->efer & EFER_LMA;
    unsigned level = !lma ? 3 : env->cr4 & CR4_LA57 ? 5 : 4;
    uint64_t table = lma ? env->cr3 & ADDR_MASK : env->cr3 & 0xffffffe0;

    w->entry_size = 8;
    w->w = w->u = w->used = true;
    w->nx = false;
    for (;; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        bool pdpte = !lma && level == 3;
        uint64_t pa = (table + (va >> shift & (pdpte ? 3 : 511)) * 8) & env->a20_mask;
        uint64_t e = entry_load(c, pa, 8);

        if (!(e & PTE_P)) {
            return WALK_NOT_PRESENT;
        }
        bool leaf = level == 1 || (!pdpte && (e & PTE_PS));
        if (e & reserved_bits(c, level, leaf, pdpte)) {
            return WALK_RESERVED;
        }
        if (!pdpte) {
            w->w &= !!(e & PTE_W);
            w->u &= !!(e & PTE_U);
            w->nx |= !!(e & PTE_NX);
        }
        if (leaf) {
            uint64_t size = 1ull << shift;

            w->entry = e;
            w->entry_pa = pa;
            w->page_bits = shift;
            w->pa = (e & ADDR_MASK & ~(size - 1)) | (va & (size - 1) & ~0xfffull);
            return WALK_OK;
        }
        w->used &= pdpte || (e & PTE_A);
        if (set_a && !pdpte && !(e & PTE_A) && !entry_set(c, pa, 8, e, PTE_A)) {
            return WALK_RETRY;
        }
        table = e & ADDR_MASK;
    }
}

static WalkResult walk(X86Cpu *c, uint64_t va, bool set_a, Walk *w)
{
    return c->env.cr4 & CR4_PAE ? walk64(c, va, set_a, w) : walk32(c, (uint32_t)va, set_a, w);
}

/* ---- rights */

/* SDM vol. 3, 4.6.1 and 4.6.2: what this mode may do with the page, D not looked at. */
static unsigned rights(const X86Cpu *c, const Walk *w, unsigned mode, bool *pk)
{
    const X86Env *env = &c->env;
    bool user = mode == X86_MMU_USER;
    unsigned r = 0;

    *pk = false;
    if (user ? w->u : !w->u || mode != X86_MMU_KERNEL || !(env->cr4 & CR4_SMAP)) {
        r |= PROT_LOAD;
        if (w->w || (!user && !(env->cr0 & CR0_WP))) {
            r |= PROT_STORE;
        }
    }
    if (!w->nx && (user ? w->u : !w->u || !(env->cr4 & CR4_SMEP))) {
        r |= PROT_FETCH;
    }
    if (w->u && (env->cr4 & CR4_PKE) && (env->efer & EFER_LMA)) {
        unsigned key = env->xs.pkru >> (w->entry >> 59 & 15) * 2 & 3, before = r;

        if (key & 1) {
            r &= ~(PROT_LOAD | PROT_STORE);
        } else if ((key & 2) && (user || (env->cr0 & CR0_WP))) {
            r &= ~PROT_STORE;
        }
        *pk = r != before;
    }
    return r;
}

static bool fault(X86Cpu *c, uint64_t va, Access how, unsigned mode, uint32_t bits)
{
    X86Env *env = &c->env;
    bool nx = (env->cr4 & CR4_PAE) && (env->efer & EFER_NXE);

    env->fault.vector = EXC_PF;
    env->fault.addr = va;
    env->fault.error = bits | (how == ACCESS_STORE ? PF_W : 0) | (mode == X86_MMU_USER ? PF_U : 0) |
                       (how == ACCESS_FETCH && (nx || (env->cr4 & CR4_SMEP)) ? PF_I : 0);
    return false;
}

static bool fault_gp(X86Cpu *c, uint64_t va)
{
    c->env.fault.vector = EXC_GP;
    c->env.fault.addr = va;
    c->env.fault.error = 0;
    return false;
}

bool x86_tlb_fill(Cpu *cpu, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    X86Cpu *c = x86_cpu(cpu);
    X86Env *env = &c->env;
    WalkResult res;
    Walk w;
    bool pk;

    if (!(env->efer & EFER_LMA)) {
        va = (uint32_t)va;
    } else if (!x86_canonical(c, va)) {
        return fault_gp(c, va);
    }
    if (!(env->cr0 & CR0_PG)) {
        *fill = (TlbFill){ .pa = va & ~0xfffull & env->a20_mask, .prot = PROT_ALL, .page_bits = 12 };
        return true;
    }
    for (;;) {
        res = walk(c, va, true, &w);
        if (res == WALK_RETRY) {
            continue;
        }
        if (res != WALK_OK) {
            return fault(c, va, how, mode, res == WALK_RESERVED ? PF_P | PF_RSVD : 0);
        }
        unsigned r = rights(c, &w, mode, &pk);
        if (!(r >> how & 1)) {
            return fault(c, va, how, mode, PF_P | (pk && how != ACCESS_FETCH ? PF_PK : 0));
        }
        uint64_t want = PTE_A | (how == ACCESS_STORE ? PTE_D : 0);
        if ((w.entry & want) != want && !entry_set(c, w.entry_pa, w.entry_size, w.entry, want)) {
            continue;
        }
        w.entry |= want;
        if (!(w.entry & PTE_D)) {
            r &= ~PROT_STORE;
        }
        *fill = (TlbFill){ .pa = w.pa & env->a20_mask, .prot = r, .page_bits = w.page_bits,
                           .global = (w.entry & PTE_G) && (env->cr4 & CR4_PGE) };
        return true;
    }
}

bool x86_tlb_peek(Cpu *cpu, uint64_t va, unsigned mode, TlbFill *fill)
{
    X86Cpu *c = x86_cpu(cpu);
    X86Env *env = &c->env;
    unsigned r;
    bool pk;
    Walk w;

    if (!(env->efer & EFER_LMA) && va >> 32 != 0) {
        return false;
    }
    if (!(env->cr0 & CR0_PG) || ((env->efer & EFER_LMA) && !x86_canonical(c, va)) ||
        walk(c, va, false, &w) != WALK_OK || !w.used || !(w.entry & PTE_A)) {
        return false;
    }
    r = rights(c, &w, mode, &pk);
    *fill = (TlbFill){ .pa = w.pa & env->a20_mask, .prot = w.entry & PTE_D ? r : r & ~(unsigned)PROT_STORE,
                       .page_bits = w.page_bits, .global = (w.entry & PTE_G) && (env->cr4 & CR4_PGE) };
    return true;
}

bool x86_virt_to_phys(Cpu *cpu, uint64_t va, GuestAddr *pa)
{
    X86Cpu *c = x86_cpu(cpu);
    X86Env *env = &c->env;
    Walk w;

    if (!(env->efer & EFER_LMA)) {
        va = (uint32_t)va;
    }
    if (!(env->cr0 & CR0_PG)) {
        *pa = va & env->a20_mask;
        return true;
    }
    if (((env->efer & EFER_LMA) && !x86_canonical(c, va)) || walk(c, va, false, &w) != WALK_OK) {
        return false;
    }
    *pa = (w.pa & env->a20_mask) | (va & 0xfff);
    return true;
}

/* ---- all of them, for the monitor */

typedef struct WalkAll {
    X86Cpu *c;
    void (*fn)(uint64_t va, uint64_t pa, uint64_t entry, uint64_t size, bool user, bool write, void *opaque);
    void *opaque;
    unsigned top;
} WalkAll;

static void all32(WalkAll *a)
{
    const X86Env *env = &a->c->env;

    for (uint32_t i = 0; i < 1024; i++) {
        uint64_t e = entry_load(a->c, ((env->cr3 & 0xfffff000) + i * 4) & env->a20_mask, 4);
        uint64_t va = (uint64_t)i << 22;

        if (!(e & PTE_P)) {
            continue;
        }
        if ((e & PTE_PS) && (env->cr4 & CR4_PSE)) {
            a->fn(va, (e & 0xffc00000) | (e >> 13 & 0xff) << 32, e, 1 << 22, e & PTE_U, e & PTE_W, a->opaque);
            continue;
        }
        for (uint32_t k = 0; k < 1024; k++) {
            uint64_t p = entry_load(a->c, ((e & 0xfffff000) + k * 4) & env->a20_mask, 4);

            if (p & PTE_P) {
                a->fn(va | (uint64_t)k << 12, p & 0xfffff000, p, 4096, e & p & PTE_U, e & p & PTE_W, a->opaque);
            }
        }
    }
}

static void all64(WalkAll *a, uint64_t table, unsigned level, uint64_t base, bool user, bool write)
{
    bool pdpte = a->top == 3 && level == 3;
    unsigned shift = 12 + 9 * (level - 1), n = pdpte ? 4 : 512;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t e = entry_load(a->c, (table + i * 8) & a->c->env.a20_mask, 8), va = base | i << shift;

        if (!(e & PTE_P)) {
            continue;
        }
        bool u = user && (pdpte || (e & PTE_U)), w = write && (pdpte || (e & PTE_W));
        if (level == a->top && level > 3 && i >= 256) {
            va |= ~0ull << (shift + 9);
        }
        if (level == 1 || (level <= 3 && !pdpte && (e & PTE_PS))) {
            a->fn(va, e & ADDR_MASK & ~((1ull << shift) - 1), e, 1ull << shift, u, w, a->opaque);
        } else {
            all64(a, e & ADDR_MASK, level - 1, va, u, w);
        }
    }
}

void x86_walk_all(X86Cpu *c, void (*fn)(uint64_t va, uint64_t pa, uint64_t entry, uint64_t size, bool user,
                                        bool write, void *opaque), void *opaque)
{
    const X86Env *env = &c->env;
    WalkAll a = { .c = c, .fn = fn, .opaque = opaque };

    if (!(env->cr0 & CR0_PG)) {
        return;
    }
    if (!(env->cr4 & CR4_PAE)) {
        all32(&a);
        return;
    }
    bool lma = env->efer & EFER_LMA;
    a.top = !lma ? 3 : env->cr4 & CR4_LA57 ? 5 : 4;
    all64(&a, lma ? env->cr3 & ADDR_MASK : env->cr3 & 0xffffffe0, a.top, 0, true, true);
}

#include "accel/tcg/general_regs_end.h"
