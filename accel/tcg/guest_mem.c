/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory by linear address for C code: through the soft TLB when it hits, else page by page. All
 * pages of an access are translated before the first byte moves, so that a fault leaves nothing half done.
 * Stores to pages that somebody tracks mark them written, which drops translations made from them. */
#include "accel/tcg/vcpu.h"

#include <string.h>

static inline const TlbEntry *entry_of(const TcgVcpu *v, uint64_t va, unsigned mode)
{
    return &v->set->data[mode][tlb_index(va)];
}

static bool one_page(uint64_t va, size_t n)
{
    return ((va ^ (va + n - 1)) & PAGE_MASK) == 0;
}

/* ---- parts of an access, each within a page */

/* What one instruction moves is one access to memory: other vCPUs look on. */
static void copy_once(void *to, const void *from, size_t n)
{
    switch (n) {
    case 1: __builtin_memcpy(to, from, 1); break;
    case 2: __builtin_memcpy(to, from, 2); break;
    case 4: __builtin_memcpy(to, from, 4); break;
    case 8: __builtin_memcpy(to, from, 8); break;
    default: memcpy(to, from, n); break;
    }
}

static void note_outside(TcgVcpu *v, uint64_t pa)
{
    if (v->follower != NULL && v->follower->outside != NULL) {
        v->follower->outside(v, "device access at", pa);
    }
}

static void io_read(TcgVcpu *v, uint64_t pa, uint8_t *buf, size_t n)
{
    v->n.mmio++;
    note_outside(v, pa);
    while (n > 0) {
        unsigned step = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        uint64_t val = addr_space_ld(v->cpu->mem, pa, step, MEM_ATTRS_NONE, NULL);

        memcpy(buf, &val, step);
        buf += step;
        pa += step;
        n -= step;
    }
}

static void io_write(TcgVcpu *v, uint64_t pa, const uint8_t *buf, size_t n)
{
    v->n.mmio++;
    note_outside(v, pa);
    while (n > 0) {
        unsigned step = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        uint64_t val = 0;

        memcpy(&val, buf, step);
        addr_space_st(v->cpu->mem, pa, val, step, MEM_ATTRS_NONE, NULL);
        buf += step;
        pa += step;
        n -= step;
    }
}

/* Somebody follows writes to this page: tell them, translations made from it go. */
static void mark_written(TcgVcpu *v, const TlbPage *p, uint64_t va, size_t n, unsigned mode)
{
    uint64_t off;
    RamBlock *b = ram_from_host(p->host, &off);

    v->n.slow_stores++;
    if (b != NULL) {
        ram_dirty_set(b, off + (va & ~PAGE_MASK), n);
        tlb_write_enable(v, va, mode);
    }
}

static void part_read(TcgVcpu *v, uint64_t va, const TlbPage *p, void *buf, size_t n)
{
    if (p->host != NULL) {
        copy_once(buf, p->host + (va & ~PAGE_MASK), n);
    } else {
        io_read(v, p->pa | (va & ~PAGE_MASK), buf, n);
    }
}

static void part_write(TcgVcpu *v, uint64_t va, const TlbPage *p, const void *buf, size_t n, unsigned mode)
{
    if (p->host != NULL) {
        copy_once(p->host + (va & ~PAGE_MASK), buf, n);
        tcg_note_store(v, p->host + (va & ~PAGE_MASK), n);
        if (p->tracked) {
            mark_written(v, p, va, n, mode);
        }
    } else {
        io_write(v, p->pa | (va & ~PAGE_MASK), buf, n);
    }
}

/* ---- any size */

void guest_check(Cpu *cpu, uint64_t va, size_t n, Access how, unsigned mode)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    TlbPage p;

    if (n == 0) {
        return;
    }
    for (uint64_t page = va & PAGE_MASK, last = (va + n - 1) & PAGE_MASK;; page += PAGE_SIZE) {
        tlb_page(v, page < va && page == (va & PAGE_MASK) ? va : page, how, mode, &p);
        if (page == last) {
            break;
        }
    }
}

void guest_read(Cpu *cpu, uint64_t va, void *buf, size_t n, unsigned mode)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    uint8_t *to = buf;
    TlbPage p;

    if (n > 0 && !one_page(va, n)) {
        guest_check(cpu, va, n, ACCESS_LOAD, mode);
    }
    while (n > 0) {
        size_t step = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));

        tlb_page(v, va, ACCESS_LOAD, mode, &p);
        part_read(v, va, &p, to, step);
        to += step;
        va += step;
        n -= step;
    }
}

void guest_write(Cpu *cpu, uint64_t va, const void *buf, size_t n, unsigned mode)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    const uint8_t *from = buf;
    TlbPage p;

    if (n > 0 && !one_page(va, n)) {
        guest_check(cpu, va, n, ACCESS_STORE, mode);
    }
    while (n > 0) {
        size_t step = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));

        tlb_page(v, va, ACCESS_STORE, mode, &p);
        part_write(v, va, &p, from, step, mode);
        from += step;
        va += step;
        n -= step;
    }
}

static void *fetch_host(TcgVcpu *v, uint64_t va)
{
    const FetchEntry *f = tlb_fetch(v, va);

    if (f == NULL) {
        v->ops->raise_fault(v->cpu);
    }
    return f->host != NULL ? (void *)(f->host + (va & ~PAGE_MASK)) : NULL;
}

void *guest_host(Cpu *cpu, uint64_t va, size_t n, Access how, unsigned mode)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    const TlbEntry *e = entry_of(v, va, mode);
    TlbPage p;

    if (n == 0 || !one_page(va, n)) {
        return NULL;
    }
    if (how == ACCESS_FETCH) {
        return fetch_host(v, va);
    }
    if (va - (how == ACCESS_STORE ? e->wtag : e->rtag) < PAGE_SIZE) {
        if (how == ACCESS_STORE) {
            tcg_note_store(v, (void *)(uintptr_t)(va + e->addend), n);
        }
        return (void *)(uintptr_t)(va + e->addend);
    }
    tlb_page(v, va, how, mode, &p);
    if (p.host != NULL && how == ACCESS_STORE) {
        tcg_note_store(v, p.host + (va & ~PAGE_MASK), n);
    }
    if (p.host != NULL && p.tracked) {
        mark_written(v, &p, va, n, mode);
    }
    return p.host != NULL ? p.host + (va & ~PAGE_MASK) : NULL;
}

/* ---- one access */

#define GUEST_ACCESS(bits)                                                                          \
    uint##bits##_t guest_ld##bits(Cpu *cpu, uint64_t va, unsigned mode)                             \
    {                                                                                               \
        const TlbEntry *e = entry_of(tcg_vcpu(cpu), va, mode);                                      \
        uint##bits##_t val;                                                                         \
                                                                                                    \
        if (va - e->rtag <= PAGE_SIZE - sizeof(val)) {                                              \
            memcpy(&val, (const void *)(uintptr_t)(va + e->addend), sizeof(val));                   \
        } else {                                                                                    \
            guest_read(cpu, va, &val, sizeof(val), mode);                                           \
        }                                                                                           \
        return val;                                                                                 \
    }                                                                                               \
                                                                                                    \
    void guest_st##bits(Cpu *cpu, uint64_t va, uint##bits##_t val, unsigned mode)                   \
    {                                                                                               \
        TcgVcpu *v = tcg_vcpu(cpu);                                                                 \
        const TlbEntry *e = entry_of(v, va, mode);                                                  \
                                                                                                    \
        if (va - e->wtag <= PAGE_SIZE - sizeof(val)) {                                              \
            tcg_note_store(v, (void *)(uintptr_t)(va + e->addend), sizeof(val));                    \
            memcpy((void *)(uintptr_t)(va + e->addend), &val, sizeof(val));                         \
        } else {                                                                                    \
            guest_write(cpu, va, &val, sizeof(val), mode);                                          \
        }                                                                                           \
    }

GUEST_ACCESS(8)
GUEST_ACCESS(16)
GUEST_ACCESS(32)
GUEST_ACCESS(64)

/* ---- instructions */

static unsigned fetch_part(TcgVcpu *v, uint64_t va, uint8_t *buf, unsigned n)
{
    const FetchEntry *f = tlb_fetch(v, va);

    if (f == NULL) {
        return 0;
    }
    n = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));
    if (f->host != NULL) {
        memcpy(buf, f->host + (va & ~PAGE_MASK), n);
    } else {
        io_read(v, f->pa | (va & ~PAGE_MASK), buf, n);
    }
    return n;
}

unsigned guest_fetch(Cpu *cpu, uint64_t va, uint8_t *buf, unsigned need, unsigned want)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned got = 0;

    while (got < want) {
        unsigned n = fetch_part(v, va + got, buf + got, want - got);

        if (n == 0) {
            if (got < need) {
                v->ops->raise_fault(cpu);
            }
            break;
        }
        got += n;
        if (got >= need && got < want) {
            break;          /* what comes next lies on another page: only if it is needed */
        }
    }
    return got;
}
