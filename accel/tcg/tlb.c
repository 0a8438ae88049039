/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Soft TLBs. One set for each remembered address space (ASID), with one direct-mapped array for each
 * access mode; entries of other address spaces stay when the guest switches. What was filled is kept in a
 * journal, so that a flush costs what was used. Pages that need care (I/O, ROM, tracked for
 * writes, partly covered) have an entry in `side` only, so that fast paths never hit them. */
#include <glib.h>
#include <setjmp.h>
#include <string.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/block.h"
#include "accel/tcg/window.h"

/* ---- entries */

static void data_clear(TlbSet *s, unsigned mode, unsigned index)
{
    s->data[mode][index].rtag = s->data[mode][index].wtag = tlb_never(index);
    s->side[mode][index].va = 0;
}

/* Not memset(): that may use vector registers. */
static void zero_words(uint32_t *p, size_t n)
{
    __asm__ volatile("rep stosl" : "+D"(p), "+c"(n) : "a"(0) : "memory");
}

static void jump_clear_group(TlbSet *s, unsigned group)
{
    s->jump_orphans &= ~(1ull << group);
    for (unsigned t = 0; t < JUMP_TABLES; t++) {
        if (s->jump_used[t] >> group & 1) {
            zero_words(&s->jump[t][group << PAGE_BITS], PAGE_SIZE);
            s->jump_used[t] &= ~(1ull << group);
        }
    }
}

static void jump_clear_page(TlbSet *s, uint64_t va)
{
    jump_clear_group(s, jump_index(va) >> PAGE_BITS);
}

void tlb_jump_clear(TlbSet *s)
{
    for (unsigned group = 0; group < JUMP_SIZE >> PAGE_BITS; group++) {
        jump_clear_group(s, group);
    }
}

/* ---- numbers of pages with code, for jumps from one page to another */

static uint32_t exec_page_id(TcgVcpu *v, uint64_t va, uint64_t host)
{
    uint32_t at = va >> PAGE_BITS ^ (host >> PAGE_BITS) * 31;

    for (unsigned n = 0; n < 16; n++, at++) {
        ExecPage *p = &v->exec_pages[at % EXEC_PAGES];

        if (p->host == 0) {
            *p = (ExecPage){ va, host };
        }
        if (p->va == va && p->host == host) {
            return at % EXEC_PAGES + 1;
        }
    }
    return 0;
}

static uint32_t *exec_id_of(TlbSet *s, const FetchEntry *f)
{
    return &s->exec_id[0][0] + (f - &s->fetch[0][0]);
}

uint32_t tlb_exec_id(TcgVcpu *v, uint64_t va, unsigned mode)
{
    const FetchEntry *f = &v->set->fetch[mode][fetch_index(va)];
    uint32_t *id = exec_id_of(v->set, f);

    if (*id == 0 && f->tag != 0 && f->tag >> PAGE_BITS == va >> PAGE_BITS && f->host != NULL) {
        *id = exec_page_id(v, va & PAGE_MASK, (uintptr_t)f->host);
    }
    return *id;
}

void tlb_exec_clear(TcgVcpu *v)
{
    zero_words((uint32_t *)v->exec_pages, sizeof(v->exec_pages) / 4);
    for (unsigned k = 0; k < v->n_sets; k++) {
        if (v->sets[k].used) {
            zero_words(&v->sets[k].exec_id[0][0], sizeof(v->sets[k].exec_id) / 4);
        }
    }
}

/* Whatever jumped into the page through this entry must look again. */
static void fetch_clear(TcgVcpu *v, TlbSet *s, FetchEntry *f)
{
    if (f->tag != 0) {
        returns_forget(v);
        jump_clear_page(s, f->tag);
        f->tag = 0;
        *exec_id_of(s, f) = 0;
    }
}

/* A page makes room for another: what jumps into it stays good until it is flushed. */
static void fetch_evict(TlbSet *s, FetchEntry *f)
{
    if (f->tag != 0) {
        s->jump_orphans |= 1ull << (jump_index(f->tag) >> PAGE_BITS);
        f->tag = 0;
        *exec_id_of(s, f) = 0;
    }
}

static void jump_clear_orphans(TlbSet *s, uint64_t groups)
{
    for (groups &= s->jump_orphans; groups != 0; groups &= groups - 1) {
        jump_clear_group(s, __builtin_ctzll(groups));
    }
}

/* A set that was never used. */
static void set_init(TlbSet *s)
{
    for (unsigned m = 0; m < TLB_MODES; m++) {
        data_clear(s, m, 0);
        data_clear(s, m, TLB_SIZE - 1);
    }
}

typedef bool (*TlbMatch)(uint64_t va_flags, uint64_t arg);

static void journal_add(TlbJournal *j, unsigned at)
{
    if (j->n == TLB_JOURNAL) {
        j->full = true;
    } else {
        j->at[j->n++] = at;
    }
}

/* Clears what matches. An entry that changed from local to global or back is in both journals. */
static void journal_drop(TlbSet *s, TlbJournal *j, bool global, TlbMatch match, uint64_t arg)
{
    unsigned total = j->full ? TLB_MODES * TLB_SIZE : j->n;
    bool full = j->full;

    j->n = 0;
    j->full = false;
    for (unsigned n = 0; n < total; n++) {
        unsigned at = full ? n : j->at[n];
        uint64_t va = s->side[at >> TLB_BITS][at & (TLB_SIZE - 1)].va;

        if (va == 0 || ((va & SIDE_GLOBAL) != 0) != global) {
            continue;
        }
        if (match(va, arg)) {
            data_clear(s, at >> TLB_BITS, at & (TLB_SIZE - 1));
        } else {
            journal_add(j, at);
        }
    }
}

static unsigned set_drop_fetch(TcgVcpu *v, TlbSet *s, TlbMatch match, uint64_t arg)
{
    unsigned total = s->fetch_full ? TLB_MODES * FETCH_SIZE : s->n_fetch, kept = 0;

    for (unsigned n = 0; n < total; n++) {
        unsigned at = s->fetch_full ? n : s->fetch_journal[n];
        FetchEntry *f = &s->fetch[at >> FETCH_BITS][at & (FETCH_SIZE - 1)];

        if (f->tag == 0) {
            continue;
        }
        if (match(f->tag, arg)) {
            fetch_clear(v, s, f);
        } else if (kept < FETCH_JOURNAL) {
            s->fetch_journal[kept++] = at;
        } else {
            kept++;
        }
    }
    return kept;
}

static void set_drop(TcgVcpu *v, TlbSet *s, bool global_too, TlbMatch match, uint64_t arg)
{
    unsigned kept;

    journal_drop(s, &s->local, false, match, arg);
    if (global_too) {
        journal_drop(s, &s->global, true, match, arg);
    }
    kept = set_drop_fetch(v, s, match, arg);
    jump_clear_orphans(s, ~0ull);
    s->fetch_full = kept > FETCH_JOURNAL;
    s->n_fetch = MIN(kept, FETCH_JOURNAL);
}

static bool match_local(uint64_t va, uint64_t arg)
{
    return !(va & SIDE_GLOBAL);
}

static bool match_all(uint64_t va, uint64_t arg)
{
    return true;
}

static unsigned side_bits(uint64_t va)
{
    return va & SIDE_1G ? 30 : va & SIDE_4M ? 22 : va & SIDE_2M ? 21 : PAGE_BITS;
}

static bool match_page(uint64_t va, uint64_t arg)
{
    return (va ^ arg) >> side_bits(va) == 0;
}

/* ---- sets */

static void set_flush(TcgVcpu *v, TlbSet *s, bool global_too)
{
    v->n.tlb_flushes++;
    set_drop(v, s, global_too, global_too ? match_all : match_local, 0);
    if (global_too) {
        s->n_large = 0;
    }
}

void tlb_init(TcgVcpu *v)
{
    set_init(&v->sets[0]);
    v->sets[0].used = true;
    v->set = &v->sets[0];
}

static TlbSet *set_find(TcgVcpu *v, unsigned asid)
{
    for (unsigned k = 0; k < v->n_sets; k++) {
        if (v->sets[k].used && v->sets[k].asid == asid) {
            return &v->sets[k];
        }
    }
    return NULL;
}

static TlbSet *set_take(TcgVcpu *v, unsigned asid)
{
    TlbSet *s = NULL;

    for (unsigned k = 0; k < v->n_sets; k++) {
        if (!v->sets[k].used) {
            s = &v->sets[k];
            set_init(s);
            break;
        }
        if (&v->sets[k] != v->set && (s == NULL || v->sets[k].stamp < s->stamp)) {
            s = &v->sets[k];
        }
    }
    if (s->used) {
        set_flush(v, s, false);
    }
    s->used = true;
    s->asid = asid;
    return s;
}

void guest_tlb_set_asid(Cpu *cpu, unsigned asid)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    TlbSet *s;

    if (v == NULL || v->set->asid == asid) {
        return;
    }
    s = set_find(v, asid);
    if (s == NULL) {
        s = set_take(v, asid);
    }
    s->stamp = ++v->stamp;
    for (unsigned k = 0; k < G_N_ELEMENTS(s->frame); k++) {
        s->frame[k] = v->set->frame[k];
    }
    v->set = s;
    returns_forget(v);
}

void guest_tlb_flush(Cpu *cpu, bool global_too)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    for (unsigned k = 0; v != NULL && k < v->n_sets; k++) {
        if (v->sets[k].used) {
            set_flush(v, &v->sets[k], global_too);
        }
    }
    if (v != NULL) {
        window_flush(v);
    }
}

void guest_tlb_flush_asid(Cpu *cpu, unsigned asid, bool global_too)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    TlbSet *s = v != NULL ? set_find(v, asid) : NULL;

    if (s != NULL) {
        set_flush(v, s, global_too);
    }
    if (v != NULL) {
        window_flush_asid(v, asid);
    }
}

static bool set_has_large(const TlbSet *s, uint64_t va)
{
    for (unsigned k = 0; k < s->n_large; k++) {
        if (s->large[k].slot == va >> 39 && va >= s->large[k].lo && va <= s->large[k].hi) {
            return true;
        }
    }
    return s->n_large == TLB_LARGE;
}

static void set_flush_page(TcgVcpu *v, TlbSet *s, uint64_t va)
{
    unsigned index = tlb_index(va);

    v->n.tlb_page_flushes++;
    if (set_has_large(s, va)) {
        set_drop(v, s, true, match_page, va);
        return;
    }
    jump_clear_orphans(s, 1ull << (jump_index(va) >> PAGE_BITS));
    for (unsigned m = 0; m < TLB_MODES; m++) {
        FetchEntry *f = &s->fetch[m][fetch_index(va)];

        if (s->side[m][index].va != 0 && match_page(s->side[m][index].va, va)) {
            data_clear(s, m, index);
        }
        if (f->tag != 0 && match_page(f->tag, va)) {
            fetch_clear(v, s, f);
        }
    }
}

void guest_tlb_flush_page(Cpu *cpu, uint64_t va)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    for (unsigned k = 0; v != NULL && k < v->n_sets; k++) {
        if (v->sets[k].used) {
            set_flush_page(v, &v->sets[k], va);
        }
    }
    if (v != NULL) {
        window_flush_page(v, va);
    }
}

void guest_tlb_flush_page_asid(Cpu *cpu, unsigned asid, uint64_t va)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    TlbSet *s = v != NULL ? set_find(v, asid) : NULL;

    if (s != NULL) {
        set_flush_page(v, s, va);
    }
    if (v != NULL) {
        window_flush_page_asid(v, asid, va);
    }
}

void tlb_flush_everything(TcgVcpu *v)
{
    guest_tlb_flush(v->cpu, true);
    memset(v->ranges, 0, sizeof(v->ranges));
    memset(v->mixed, 0, sizeof(v->mixed));
    if (v->ops->code_moved != NULL) {
        v->ops->code_moved(v->cpu);
    }
}

/* ---- filling */

static uint64_t side_flags(const TlbFill *fill)
{
    return SIDE_VALID | (fill->prot & 7) | (fill->global ? SIDE_GLOBAL : 0) |
           (fill->page_bits == 30 ? SIDE_1G : fill->page_bits == 22 ? SIDE_4M :
            fill->page_bits == 21 ? SIDE_2M : 0);
}

static void note_large(TlbSet *s, uint64_t va, unsigned bits)
{
    uint64_t lo = va >> bits << bits, hi = lo + (1ull << bits) - 1;
    TlbRange *r = s->large;

    for (unsigned k = 0; k < s->n_large; k++, r++) {
        if (r->slot == va >> 39) {
            r->lo = MIN(r->lo, lo);
            r->hi = MAX(r->hi, hi);
            return;
        }
    }
    if (s->n_large < TLB_LARGE) {
        *r = (TlbRange){ .slot = va >> 39, .lo = lo, .hi = hi };
        s->n_large++;
    }
}

void guest_general_end(Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v != NULL && v->fp_loaded) {
        v->ops->translator->fp_sync(v);
    }
}

void guest_note_store(Cpu *cpu, void *host, size_t n)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v != NULL) {
        tcg_note_store(v, host, n);
    }
}

void guest_note_outside(Cpu *cpu, const char *what, uint64_t arg)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v != NULL && v->follower != NULL && v->follower->outside != NULL) {
        v->follower->outside(v, what, arg);
    }
}

const FlatRange *guest_phys_range(Cpu *cpu, GuestAddr pa)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    const FlatMap *map = addr_space_map(cpu->mem);
    RangeHit *hit;

    if (v == NULL || cpu != current_cpu) {
        return flat_map_find(map, pa);
    }
    hit = &v->ranges[(pa >> 16 ^ pa >> 20) % RANGE_HITS];
    if (hit->map != map || pa < hit->fr->start || pa > hit->fr->last) {
        const FlatRange *fr;

        guest_general_end(cpu);
        fr = flat_map_find(map, pa);
        if (fr == NULL) {
            return NULL;
        }
        *hit = (RangeHit){ map, fr };
    }
    return hit->fr;
}

/* The range that holds the whole page; NULL when it must be gone through piece by piece. */
static const FlatRange *page_range(TcgVcpu *v, uint64_t pa)
{
    const FlatRange *fr = guest_phys_range(v->cpu, pa);

    return fr != NULL && fr->host != NULL && fr->start <= pa && fr->last - pa >= PAGE_SIZE - 1 ? fr : NULL;
}

/* Host address of pa in this vCPU's memory. */
static uint8_t *range_host(const TcgVcpu *v, const FlatRange *fr, uint64_t pa)
{
    uint8_t *p = fr->host + (pa - fr->start);

    return v->reference && fr->ram != NULL && fr->ram->shadow != NULL ? fr->ram->shadow + (p - fr->ram->host) : p;
}

static bool page_is_dirty(const TcgVcpu *v, const FlatRange *fr, uint64_t pa)
{
    uint64_t page;

    if (fr->ram == NULL || v->reference) {
        return v->reference;
    }
    page = (uint64_t)(fr->host + (pa - fr->start) - fr->ram->host) >> RAM_PAGE_BITS;
    for (unsigned c = 0; c < DIRTY_CLIENTS; c++) {
        if (!ram_page_dirty(fr->ram, page, c)) {
            return false;
        }
    }
    return true;
}

bool tlb_plain_page(TcgVcpu *v, uint64_t pa, uint8_t **ret_host, bool *ret_writable)
{
    const FlatRange *fr = page_range(v, pa);

    if (fr == NULL || fr->ram == NULL) {
        return false;
    }
    *ret_host = fr->host + (pa - fr->start);
    *ret_writable = !fr->readonly && page_is_dirty(v, fr, pa);
    return true;
}

static bool range_writable(const FlatRange *fr)
{
    return !fr->readonly;
}

static unsigned wmap_index(uint64_t host)
{
    return (host >> PAGE_BITS) * 0x9e3779b97f4a7c15ull >> (64 - WMAP_BITS);
}

static TlbEntry *wmap_entry(TcgVcpu *v, uint32_t at)
{
    return &v->sets[at >> 18].data[at >> TLB_BITS & 3][at & (TLB_SIZE - 1)];
}

static void wmap_add(TcgVcpu *v, uint64_t host, unsigned mode, unsigned index)
{
    TlbWritable *w = &v->wmap[wmap_index(host)];
    uint32_t at = (uint32_t)(v->set - v->sets) << 18 | mode << TLB_BITS | index;
    unsigned kept = 0;

    for (unsigned n = 0; n < w->n; n++) {
        if (w->at[n] == at) {
            return;
        }
    }
    for (unsigned n = 0; n < w->n && w->n == WMAP_SLOTS; n++) {     /* full: forget what is stale */
        const TlbEntry *e = wmap_entry(v, w->at[n]);

        if (e->wtag != tlb_never(w->at[n] & (TLB_SIZE - 1)) && wmap_index(e->host) == w - v->wmap) {
            w->at[kept++] = w->at[n];
        }
    }
    w->n = w->n == WMAP_SLOTS ? kept : w->n;
    if (w->n == WMAP_SLOTS) {
        w->overflow = true;
    } else {
        w->at[w->n++] = at;
    }
}

static void data_install(TcgVcpu *v, uint64_t va, unsigned mode, uint64_t flags, uint64_t pa)
{
    TlbSet *s = v->set;
    unsigned index = tlb_index(va);
    TlbEntry *e = &s->data[mode][index];
    TlbSide *side = &s->side[mode][index];
    const FlatRange *fr = page_range(v, pa);

    if (side->va == 0 || ((side->va ^ flags) & SIDE_GLOBAL) != 0) {
        journal_add(flags & SIDE_GLOBAL ? &s->global : &s->local, mode << TLB_BITS | index);
    }
    side->va = (va & PAGE_MASK) | (flags & ~(uint64_t)SIDE_TRACKED);
    side->pa = pa;
    e->rtag = e->wtag = tlb_never(index);
    if (fr == NULL) {
        return;
    }
    e->host = (uintptr_t)range_host(v, fr, pa);
    e->addend = e->host - (va & PAGE_MASK);
    if (flags & SIDE_R) {
        e->rtag = va & PAGE_MASK;
    }
    if ((flags & SIDE_W) && range_writable(fr)) {
        if (page_is_dirty(v, fr, pa)) {
            e->wtag = va & PAGE_MASK;
            wmap_add(v, e->host, mode, index);
        } else {
            side->va |= SIDE_TRACKED;
        }
    }
}

static bool data_fill(TcgVcpu *v, uint64_t va, Access how, unsigned mode)
{
    TlbFill fill = { .page_bits = PAGE_BITS };

    v->n.tlb_fills++;
    if (!v->ops->tlb_fill(v->cpu, va, how, mode, &fill)) {
        return false;
    }
    if (fill.page_bits > PAGE_BITS) {
        note_large(v->set, va, fill.page_bits);
    }
    data_install(v, va, mode, side_flags(&fill), fill.pa & PAGE_MASK);
    return true;
}

bool tlb_probe(TcgVcpu *v, uint64_t va, Access how, unsigned mode, TlbPage *ret_page)
{
    TlbSide *side = &v->set->side[mode][tlb_index(va)];
    const FlatRange *fr;

    if (side->va >> PAGE_BITS != va >> PAGE_BITS || !(side->va >> how & 1)) {
        if (!data_fill(v, va, how, mode)) {
            return false;
        }
        side = &v->set->side[mode][tlb_index(va)];
    }
    fr = page_range(v, side->pa);
    *ret_page = (TlbPage){ .pa = side->pa };
    if (fr != NULL && (how != ACCESS_STORE || range_writable(fr))) {
        ret_page->host = range_host(v, fr, side->pa);
        ret_page->tracked = how == ACCESS_STORE && !page_is_dirty(v, fr, side->pa);
    }
    return true;
}

void tlb_page(TcgVcpu *v, uint64_t va, Access how, unsigned mode, TlbPage *ret_page)
{
    if (!tlb_probe(v, va, how, mode, ret_page)) {
        v->ops->raise_fault(v->cpu);
    }
}

static bool fetch_fill(TcgVcpu *v, uint64_t va, unsigned mode, FetchEntry *f)
{
    TlbFill fill = { .page_bits = PAGE_BITS };
    const FlatRange *fr;

    v->n.tlb_fills++;
    if (!v->ops->tlb_fill(v->cpu, va, ACCESS_FETCH, mode, &fill)) {
        return false;
    }
    fetch_evict(v->set, f);
    if (fill.page_bits > PAGE_BITS) {
        note_large(v->set, va, fill.page_bits);
    }
    if (v->set->n_fetch == FETCH_JOURNAL) {
        v->set->fetch_full = true;
    } else {
        v->set->fetch_journal[v->set->n_fetch++] = mode << FETCH_BITS | fetch_index(va);
    }
    f->tag = (va & PAGE_MASK) | side_flags(&fill);
    f->pa = fill.pa & PAGE_MASK;
    fr = page_range(v, f->pa);
    f->host = fr != NULL ? range_host(v, fr, f->pa) : NULL;
    f->ram = fr != NULL && !v->reference ? fr->ram : NULL;
    *exec_id_of(v->set, f) = f->ram != NULL ? exec_page_id(v, va & PAGE_MASK, (uintptr_t)f->host) : 0;
    f->ram_off = f->ram != NULL ? (uint64_t)(f->host - f->ram->host) : 0;
    return true;
}

const FetchEntry *tlb_fetch(TcgVcpu *v, uint64_t va)
{
    unsigned mode = v->ops->mmu_mode(v->cpu);
    FetchEntry *f = &v->set->fetch[mode][fetch_index(va)];

    if (f->tag == 0 || f->tag >> PAGE_BITS != va >> PAGE_BITS) {
        return fetch_fill(v, va, mode, f) ? f : NULL;
    }
    return f;
}

void tlb_write_enable(TcgVcpu *v, uint64_t va, unsigned mode)
{
    TlbSide *side = &v->set->side[mode][tlb_index(va)];

    if (side->va >> PAGE_BITS == va >> PAGE_BITS && (side->va & SIDE_W)) {
        data_install(v, va, mode, side->va & (PAGE_SIZE - 1), side->pa);
    }
}

static void entry_protect(TlbEntry *e, unsigned index, uint64_t host_page)
{
    if (e->host == host_page) {
        e->wtag = tlb_never(index);
    }
}

/* Looks at all entries, and counts the page's neighbours in the map anew. */
static void protect_everywhere(TcgVcpu *v, TlbWritable *w, uint64_t host_page)
{
    w->n = 0;
    w->overflow = false;
    for (unsigned k = 0; k < v->n_sets; k++) {
        for (unsigned at = 0; v->sets[k].used && at < TLB_MODES * TLB_SIZE; at++) {
            unsigned index = at & (TLB_SIZE - 1);
            TlbEntry *e = &v->sets[k].data[at >> TLB_BITS][index];

            entry_protect(e, index, host_page);
            if (e->wtag != tlb_never(index) && wmap_index(e->host) == w - v->wmap) {
                w->overflow |= w->n == WMAP_SLOTS;
                w->at[w->n < WMAP_SLOTS ? w->n++ : 0] = k << 18 | at;
            }
        }
    }
}

void tlb_protect_page(TcgVcpu *v, const uint8_t *host_page)
{
    TlbWritable *w = &v->wmap[wmap_index((uintptr_t)host_page)];

    window_protect_page(v, host_page);
    if (w->overflow) {
        protect_everywhere(v, w, (uintptr_t)host_page);
        return;
    }
    for (unsigned n = 0; n < w->n; n++) {
        entry_protect(wmap_entry(v, w->at[n]), w->at[n] & (TLB_SIZE - 1), (uintptr_t)host_page);
    }
}

void tlb_flush_requests(TcgVcpu *v)
{
    if (__atomic_exchange_n(&v->flush_wanted, 0, __ATOMIC_ACQ_REL) != 0) {
        tlb_flush_everything(v);
    }
}

#include "accel/tcg/general_regs_end.h"
