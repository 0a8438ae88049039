/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of the lockstep checker's reference CPU: a private copy of each block of RAM, followed by what
 * C code and devices store to the original; the reference's own stores, to be compared; its page
 * walks, which repeat what translated code found instead of looking for themselves. */
#include "accel/tcg/lockstep.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/tcg/block.h"
#include "util/err.h"

enum { STORES_EXACT = 1 << 14 };

/* ---- the copy */

/* Calls fn for each part of the block that may hold something but zeros. */
static void each_extent(RamBlock *b, bool (*fn)(RamBlock *b, uint64_t off, uint64_t len, void *opaque), void *opaque)
{
    off_t at = b->fd >= 0 ? (off_t)b->fd_offset : 0, end = at + (off_t)b->size, data, hole;

    if (b->fd < 0) {
        fn(b, 0, b->size, opaque);
        return;
    }
    while (at < end && (data = lseek(b->fd, at, SEEK_DATA)) >= 0 && data < end) {
        hole = lseek(b->fd, data, SEEK_HOLE);
        hole = hole < 0 || hole > end ? end : hole;
        if (!fn(b, (uint64_t)data - b->fd_offset, (uint64_t)(hole - data), opaque)) {
            return;
        }
        at = hole;
    }
}

static bool copy_extent(RamBlock *b, uint64_t off, uint64_t len, void *opaque)
{
    static const uint8_t zeros[PAGE_SIZE];

    for (uint64_t end = off + len; off < end; off += PAGE_SIZE) {
        if (memcmp(b->host + off, zeros, PAGE_SIZE) != 0) {
            memcpy(b->shadow + off, b->host + off, PAGE_SIZE);
        }
    }
    return true;
}

static void shadow_block(RamBlock *b, void *opaque)
{
    int *failed = opaque;
    void *p;

    if (b->shadow != NULL) {
        return;
    }
    p = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        *failed = errno;
        return;
    }
    b->shadow = p;
    each_extent(b, copy_extent, NULL);
}

bool lockstep_shadow_all(GError **errp)
{
    int failed = 0;

    ram_foreach(shadow_block, &failed);
    return failed == 0 || err_fail_errno(errp, failed, "cannot copy the guest's memory");
}

uint8_t *lockstep_shadow(const uint8_t *host)
{
    uint64_t off;
    RamBlock *b = ram_from_host(host, &off);

    return b != NULL && b->shadow != NULL ? b->shadow + off : NULL;
}

typedef struct RealOf { const uint8_t *shadow; RamBlock *b; } RealOf;

static void real_of(RamBlock *b, void *opaque)
{
    RealOf *r = opaque;

    if (b->shadow != NULL && r->shadow >= b->shadow && r->shadow < b->shadow + b->size) {
        r->b = b;
    }
}

const uint8_t *lockstep_real(const uint8_t *shadow, RamBlock **ret_b, uint64_t *ret_off)
{
    static __thread RamBlock *last;
    RealOf r = { shadow, NULL };

    if (last == NULL || last->shadow == NULL || shadow < last->shadow || shadow >= last->shadow + last->size) {
        ram_foreach(real_of, &r);
        last = r.b;
    }
    if (last == NULL) {
        return NULL;                /* not shadowed: both have the same byte */
    }
    *ret_b = last;
    *ret_off = (uint64_t)(shadow - last->shadow);
    return last->host + *ret_off;
}

/* ---- stores by others */

void lockstep_stored(TcgVcpu *v, RamBlock *b, uint64_t off, uint64_t len)
{
    Lockstep *l = v->lockstep;
    CodeRange r = { b, off, len };

    if (b->shadow == NULL) {
        return;                     /* copied later */
    }
    g_mutex_lock(&l->lock);
    g_array_append_val(l->others, r);
    g_mutex_unlock(&l->lock);
    __atomic_store_n(&l->others_any, 1, __ATOMIC_RELEASE);
}

void lockstep_others(Lockstep *l)
{
    if (!__atomic_exchange_n(&l->others_any, 0, __ATOMIC_ACQ_REL)) {
        return;
    }
    l->disturbed = true;
    g_mutex_lock(&l->lock);
    for (unsigned k = 0; k < l->others->len; k++) {
        const CodeRange *r = &g_array_index(l->others, CodeRange, k);

        memcpy(r->b->shadow + r->off, r->b->host + r->off, r->len);
    }
    g_array_set_size(l->others, 0);
    g_mutex_unlock(&l->lock);
}

void lockstep_mirror(Lockstep *l)
{
    for (unsigned k = 0; k < l->n_stores; k++) {
        const LockStore *s = &l->stores[k];
        uint8_t *to = lockstep_shadow(s->host);

        if (to != NULL) {
            memcpy(to, s->host, s->n);
        }
    }
    l->n_stores = 0;
}

void lockstep_make_room(Lockstep *l)
{
    enum { KEPT = 16 };             /* noted, but perhaps not stored yet */
    LockStore last[KEPT];

    memcpy(last, &l->stores[l->n_stores - KEPT], sizeof(last));
    lockstep_mirror(l);
    memcpy(l->stores, last, sizeof(last));
    l->n_stores = KEPT;
}

/* ---- stores by the reference */

static void store_pages(Lockstep *l, const uint8_t *host, uint64_t n)
{
    for (uintptr_t p = (uintptr_t)host >> PAGE_BITS; p <= ((uintptr_t)host + n - 1) >> PAGE_BITS; p++) {
        g_hash_table_add(l->ref_pages, GSIZE_TO_POINTER(p));
    }
}

void lockstep_ref_store(TcgVcpu *ref, void *host, size_t n)
{
    Lockstep *l = ref->lockstep;
    LockStore s = { .host = host, .n = n };

    if (n == 0) {
        return;
    }
    if (l->ref_pages != NULL) {
        store_pages(l, host, n);
        return;
    }
    g_array_append_val(l->ref_stores, s);
    if (l->ref_stores->len == STORES_EXACT) {
        l->ref_pages = g_hash_table_new(NULL, NULL);
        for (unsigned k = 0; k < l->ref_stores->len; k++) {
            const LockStore *e = &g_array_index(l->ref_stores, LockStore, k);

            store_pages(l, e->host, e->n);
        }
    }
}

void lockstep_ref_forget(Lockstep *l)
{
    g_array_set_size(l->ref_stores, 0);
    g_clear_pointer(&l->ref_pages, g_hash_table_destroy);
}

static bool range_differs(const uint8_t *shadow, uint64_t n, RamBlock **ret_b, uint64_t *ret_off)
{
    const uint8_t *real = lockstep_real(shadow, ret_b, ret_off);

    if (real == NULL || memcmp(real, shadow, n) == 0) {
        return false;
    }
    while (*real == *shadow) {
        real++;
        shadow++;
        ++*ret_off;
    }
    return true;
}

bool lockstep_store_differs(Lockstep *l, RamBlock **ret_b, uint64_t *ret_off)
{
    GHashTableIter it;
    gpointer page;

    if (l->ref_pages != NULL) {
        g_hash_table_iter_init(&it, l->ref_pages);
        while (g_hash_table_iter_next(&it, &page, NULL)) {
            if (range_differs((const uint8_t *)(GPOINTER_TO_SIZE(page) << PAGE_BITS), PAGE_SIZE, ret_b, ret_off)) {
                return true;
            }
        }
        return false;
    }
    for (unsigned k = 0; k < l->ref_stores->len; k++) {
        const LockStore *s = &g_array_index(l->ref_stores, LockStore, k);

        if (range_differs(s->host, s->n, ret_b, ret_off)) {
            return true;
        }
    }
    return false;
}

bool lockstep_stores_same(Lockstep *l)
{
    RamBlock *b;
    uint64_t off;

    return !lockstep_store_differs(l, &b, &off);
}

/* ---- page walks of the reference */

/* The first walk of that kind that it has not repeated yet; else any that tells what it wants to know. */
static LockFill *find_fill(Lockstep *l, uint64_t va, Access how, unsigned mode)
{
    LockFill *any = NULL;

    for (unsigned k = 0; k < l->n_fills; k++) {
        LockFill *f = &l->fills[k];

        if (f->va >> PAGE_BITS != va >> PAGE_BITS || f->mode != mode || (f->failed && (!f->delivered || f->used))) {
            continue;
        }
        if (f->how == how && !f->used) {
            return f;
        }
        if (any == NULL && (f->fill.prot >> how & 1)) {
            any = f;
        }
    }
    return any;
}

static void set_accessed(Lockstep *l, const LockFill *f)
{
    for (unsigned k = f->first; k < f->end; k++) {
        const LockStore *s = &l->stores[k];
        uint8_t *to = lockstep_shadow(s->host);

        if (to != NULL && s->n <= sizeof(s->value)) {
            memcpy(to, &s->value, s->n);
        }
    }
}

/* In the tables of the CPU that is followed. */
static bool fill_from_tlb(const TcgVcpu *v, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    const TlbSide *side = &v->set->side[mode][tlb_index(va)];
    const FetchEntry *f = &v->set->fetch[mode][fetch_index(va)];

    if (how == ACCESS_FETCH && f->tag != 0 && f->tag >> PAGE_BITS == va >> PAGE_BITS) {
        *fill = (TlbFill){ .pa = f->pa, .prot = 1 << ACCESS_FETCH, .page_bits = PAGE_BITS };
        return true;
    }
    if (side->va == 0 || side->va >> PAGE_BITS != va >> PAGE_BITS || !(side->va >> how & 1)) {
        return false;
    }
    *fill = (TlbFill){ .pa = side->pa, .prot = side->va & (SIDE_R | SIDE_W | SIDE_X), .page_bits = PAGE_BITS };
    return true;
}

bool lockstep_ref_fill(Cpu *clone, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    Lockstep *l = tcg_vcpu(clone)->lockstep;
    LockFill *f = find_fill(l, va, how, mode);
    GuestAddr pa;

    if (f != NULL) {
        if (!f->used) {
            set_accessed(l, f);
        }
        f->used = true;
        if (f->failed) {
            l->ops->fault_set(clone, f->fault, va);
            l->raising = f;
            return false;
        }
        *fill = f->fill;
        fill->page_bits = PAGE_BITS;
        return true;
    }
    if (fill_from_tlb(l->v, va, how, mode, fill)) {
        return true;
    }
    if (l->v->cpu->type->virt_to_phys(l->v->cpu, va, &pa)) {
        *fill = (TlbFill){ .pa = pa & PAGE_MASK, .prot = 1 << how, .page_bits = PAGE_BITS };
        return true;
    }
    l->ref->follower->outside(l->ref, "page fault at", va);
    return false;
}

/* ---- all of RAM */

typedef struct Scan { Lockstep *l; RamBlock *b; uint64_t off; } Scan;

static bool scan_extent(RamBlock *b, uint64_t off, uint64_t len, void *opaque)
{
    Scan *s = opaque;

    for (uint64_t end = off + len; off < end; off += PAGE_SIZE) {
        if (memcmp(b->host + off, b->shadow + off, PAGE_SIZE) != 0) {
            s->b = b;
            s->off = off;
            return false;
        }
    }
    return true;
}

static bool sync_extent(RamBlock *b, uint64_t off, uint64_t len, void *opaque)
{
    for (uint64_t end = off + len; off < end; off += PAGE_SIZE) {
        if (memcmp(b->host + off, b->shadow + off, PAGE_SIZE) != 0) {
            memcpy(b->shadow + off, b->host + off, PAGE_SIZE);
        }
    }
    return true;
}

static void sync_block(RamBlock *b, void *opaque)
{
    if (b->shadow != NULL) {
        each_extent(b, sync_extent, NULL);
    }
}

void lockstep_sync_all(void)
{
    ram_foreach(sync_block, NULL);
}

static void scan_block(RamBlock *b, void *opaque)
{
    if (b->shadow != NULL && ((Scan *)opaque)->b == NULL) {
        each_extent(b, scan_extent, opaque);
    }
}

bool lockstep_scan(Lockstep *l, RamBlock **ret_b, uint64_t *ret_off)
{
    uint64_t start = (uint64_t)g_get_monotonic_time(), took;
    Scan s = { .l = l };
    bool stays;

    if (start < l->scan_next) {
        return false;
    }
    l->scans++;
    lockstep_others(l);
    ram_foreach(scan_block, &s);
    took = (uint64_t)g_get_monotonic_time() - start;
    l->scan_next = start + 300000 + 20 * took;
    /* A device may be at it, and say so when it is done. */
    stays = s.b != NULL && s.b == l->suspect && s.off == l->suspect_off;
    l->suspect = s.b;
    l->suspect_off = s.off;
    if (stays) {
        *ret_b = s.b;
        *ret_off = s.off;
        while (s.b->host[*ret_off] == s.b->shadow[*ret_off]) {
            ++*ret_off;
        }
    }
    return stays;
}
