/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of a vCPU: address spaces that have them, their 4 GiB granules, the pages in them. See window.h.
 * Measurements behind the choices are in docs/devel/translator.rst. Policy is in window_policy.c. */
#include <glib.h>
#include <cpuid.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/window_int.h"

#define GRANULE_BYTES (1ull << WINDOW_BITS)

enum { CHUNK = 16, CHUNK_LARGE = 64 };

/* ---- pages */

static unsigned hash_of(uint64_t host)
{
    return (host >> PAGE_BITS) * 0x9e3779b97f4a7c15ull >> (64 - WIN_HASH_BITS);
}

static WinNode *node_new(Windows *w, uint32_t *ret_at)
{
    uint32_t at = w->free;

    if (at != 0) {
        w->free = w->nodes[at].next;
    } else if (w->n_nodes < WIN_NODES) {
        at = w->n_nodes++;
    } else {
        return NULL;
    }
    *ret_at = at;
    return &w->nodes[at];
}

static void node_remove(Windows *w, WinGranule *g, uint32_t page)
{
    uint32_t at = g->node[page], *from = &w->hash[hash_of(w->nodes[at].host)];

    if (at == 0) {
        return;
    }
    while (*from != at) {
        from = &w->nodes[*from].next;
    }
    *from = w->nodes[at].next;
    w->nodes[at].next = w->free;
    w->free = at;
    g->node[page] = 0;
    g->present[page / 64] &= ~(1ull << page % 64);
    if (g->present[page / 64] == 0) {
        g->some[page / 4096] &= ~(1ull << page / 64 % 64);
    }
    g->n--;
    w->n_pages--;
}

static bool node_add(Windows *w, WinSpace *s, WinGranule *g, uint32_t page, uint64_t host, bool writable)
{
    uint32_t at;
    WinNode *n = node_new(w, &at);

    if (n == NULL) {
        return false;
    }
    *n = (WinNode){ .host = host, .page = page, .space = s - w->space, .granule = g - s->granule,
                    .writable = writable, .next = w->hash[hash_of(host)] };
    w->hash[hash_of(host)] = at;
    g->node[page] = at;
    g->present[page / 64] |= 1ull << page % 64;
    g->some[page / 4096] |= 1ull << page / 64 % 64;
    g->n++;
    w->n_pages++;
    return true;
}

static uint8_t *page_at(const WinGranule *g, uint32_t page)
{
    return g->host + ((uint64_t)page << PAGE_BITS);
}

static void show_nothing(uint8_t *at, uint64_t size, bool *ret_refused)
{
    *ret_refused = mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
                   MAP_FAILED;
}

/* All at once: this leaves fewer mappings, so that the host has no reason to refuse it. */
static void granule_empty(Windows *w, WinGranule *g)
{
    bool refused;

    for (uint32_t k = 0; k < 1u << (WINDOW_BITS - PAGE_BITS - 6) && g->n > 0; k++) {
        while (g->present[k] != 0) {
            w->n.drops++;
            w->work_ns += WIN_DROP_NS;
            node_remove(w, g, k * 64 + __builtin_ctzll(g->present[k]));
        }
    }
    show_nothing(g->host, GRANULE_BYTES, &refused);
    g_assert(!refused);
}

/* Pages [page, page + n), all of which are shown, leave. */
static void pages_drop(Windows *w, WinGranule *g, uint32_t page, uint32_t n)
{
    bool refused;

    show_nothing(page_at(g, page), (uint64_t)n << PAGE_BITS, &refused);
    if (refused) {                  /* one mapping too many */
        granule_empty(w, g);
        return;
    }
    w->maps -= w->maps > 0;
    w->n.drops += n;
    w->work_ns += WIN_DROP_NS * (uint64_t)n;
    for (uint32_t k = 0; k < n; k++) {
        node_remove(w, g, page + k);
    }
}

static void pages_readonly(Windows *w, WinGranule *g, uint32_t page, uint32_t n)
{
    int res = mprotect(page_at(g, page), (size_t)n << PAGE_BITS, PROT_READ);

    if (res != 0) {
        pages_drop(w, g, page, n);
        return;
    }
    w->n.readonly += n;
    w->work_ns += WIN_DROP_NS * (uint64_t)n;
    for (uint32_t k = 0; k < n; k++) {
        w->nodes[g->node[page + k]].writable = false;
    }
}

/* ---- granules */

static WinGranule *granule_find(WinSpace *s, uint32_t index)
{
    for (unsigned k = 0; k < s->n_granules; k++) {
        if (s->granule[k].index == index) {
            return &s->granule[k];
        }
    }
    return NULL;
}

static WinGranule *granule_new(WinSpace *s, uint32_t index)
{
    WinGranule *g = &s->granule[s->n_granules];
    size_t nodes = sizeof(uint32_t) << (WINDOW_BITS - PAGE_BITS);
    uint64_t va = (uint64_t)index << WINDOW_BITS;
    WindowKind kind = window_kind(va);

    if (s->n_granules == WIN_GRANULES || kind == WINDOW_NOT) {
        return NULL;
    }
    *g = (WinGranule){ .index = index };
    g->host = (uint8_t *)(uintptr_t)(va + (kind == WINDOW_LOW ? s->area.low : s->area.high));
    g->node = mmap(NULL, nodes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (g->node == MAP_FAILED) {
        return NULL;
    }
    g->present = g_new0(uint64_t, 1 << (WINDOW_BITS - PAGE_BITS - 6));
    s->n_granules++;
    if (kind == WINDOW_LOW) {
        window_area_low(va);
    }
    return g;
}

static void granule_free(Windows *w, WinGranule *g)
{
    granule_empty(w, g);
    munmap(g->node, sizeof(uint32_t) << (WINDOW_BITS - PAGE_BITS));
    g_free(g->present);
}

/* ---- spaces */

static void set_gs(Windows *w, uint64_t base)
{
    w->gs = base;
    __asm__ volatile("wrgsbase %0" : : "r"(base));
}

void window_activate(TcgVcpu *v, WinSpace *s)
{
    Windows *w = v->win;

    w->active = s;
    if (s != NULL) {
        s->stamp = ++w->stamp;
    }
    v->win_delta[WINDOW_DELTA_LOW] = s != NULL ? s->area.low : WINDOW_NO_LOW;
    v->win_delta[WINDOW_DELTA_HIGH] = s != NULL ? s->area.high : WINDOW_NO_HIGH;
    set_gs(w, v->win_delta[WINDOW_DELTA_HIGH]);
    v->ops->window_mode(v->cpu, s != NULL);
}

bool window_place(WinSpace *s)
{
    if (!s->placed) {
        s->placed = window_area_take(&s->area);
    }
    return s->placed;
}

void window_space_free(TcgVcpu *v, WinSpace *s)
{
    Windows *w = v->win;

    if (w->active == s) {
        window_activate(v, NULL);
    }
    for (unsigned k = 0; k < s->n_granules; k++) {
        granule_free(w, &s->granule[k]);
    }
    *s = (WinSpace){ .area = s->area, .placed = s->placed };
    w->maps = 0;
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        w->maps += w->space[k].maps;
    }
}

static void reset_all(TcgVcpu *v)
{
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        if (v->win->space[k].used) {
            window_space_free(v, &v->win->space[k]);
        }
    }
}

/* ---- is what a window shows still true? */

typedef enum Verdict { PAGE_KEEP, PAGE_READONLY, PAGE_DROP } Verdict;

/* What the page tables lead to now, without marks in them: a page that an access would show just so. */
static bool peek(TcgVcpu *v, uint64_t va, uint64_t *ret_host, bool *ret_writable)
{
    TlbFill fill;
    uint8_t *host;
    bool plain;

    if (!v->ops->tlb_peek(v->cpu, va, v->ops->user_mode, &fill) || fill.global ||
        !tlb_plain_page(v, fill.pa & PAGE_MASK, &host, &plain)) {
        return false;
    }
    *ret_host = (uintptr_t)host;
    *ret_writable = plain && (fill.prot >> ACCESS_STORE & 1);
    return fill.prot >> ACCESS_LOAD & 1;
}

static Verdict judge(TcgVcpu *v, const WinGranule *g, uint32_t page)
{
    const WinNode *n = &v->win->nodes[g->node[page]];
    uint64_t va = (uint64_t)g->index << WINDOW_BITS | (uint64_t)page << PAGE_BITS, host;
    bool writable;

    if (g->node[page] == 0) {
        return PAGE_KEEP;
    }
    if (!peek(v, va, &host, &writable) || host != n->host) {
        return PAGE_DROP;
    }
    return n->writable && !writable ? PAGE_READONLY : PAGE_KEEP;
}

static void act(Windows *w, WinGranule *g, uint32_t page, uint32_t n, Verdict what)
{
    if (n > 0 && what == PAGE_DROP) {
        pages_drop(w, g, page, n);
    } else if (n > 0 && what == PAGE_READONLY) {
        pages_readonly(w, g, page, n);
    }
}

enum { GRANULE_WORDS = 1 << (WINDOW_BITS - PAGE_BITS - 6), LARGE_WORDS = 1 << (22 - PAGE_BITS - 6) };

/* Words of `present`, from first on. */
static void granule_check(TcgVcpu *v, WinGranule *g, uint32_t first, uint32_t words)
{
    uint32_t start = 0, n = 0;
    Verdict what = PAGE_KEEP;

    for (uint32_t k = first; k < first + words; k++) {
        if (k % 64 == 0 && g->some[k / 64] == 0) {
            k += 63;
            continue;
        }
        for (uint64_t bits = g->present[k]; bits != 0; bits &= bits - 1) {
            uint32_t page = k * 64 + __builtin_ctzll(bits);
            Verdict now = judge(v, g, page);

            if (now != what || page != start + n) {
                act(v->win, g, start, n, what);
                start = page;
                n = 0;
                what = now;
            }
            n++;
        }
    }
    act(v->win, g, start, n, what);
}

/* The space must be the current one. */
void window_check(TcgVcpu *v, WinSpace *s)
{
    unsigned before = 0, after = 0;

    s->stale = false;
    v->win->n.flushes++;
    for (unsigned k = 0; k < s->n_granules; k++) {
        before += s->granule[k].n;
        granule_check(v, &s->granule[k], 0, GRANULE_WORDS);
        after += s->granule[k].n;
    }
    v->win->work_ns += before * (uint64_t)WIN_CHECK_NS;
    if (before >= 32 && after < before / 2) {       /* another process, or as good as */
        window_space_free(v, s);
    }
}

/* ---- flushes */

void window_flush(TcgVcpu *v)
{
    Windows *w = v->win;

    if (w == NULL || w->n_used == 0) {
        return;
    }
    guest_general_end(v->cpu);
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        w->space[k].stale |= w->space[k].used;
    }
    if (w->active != NULL) {
        window_check(v, w->active);
    }
}

void window_flush_asid(TcgVcpu *v, unsigned asid)
{
    Windows *w = v->win;

    if (w == NULL || w->n_used == 0) {
        return;
    }
    guest_general_end(v->cpu);
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        w->space[k].stale |= w->space[k].used && w->space[k].asid == asid;
    }
    if (w->active != NULL && v->set->asid == asid) {
        w->active->stale = true;
    }
    if (w->active != NULL && w->active->stale) {
        window_check(v, w->active);
    }
}

void window_flush_page(TcgVcpu *v, uint64_t va)
{
    WinGranule *g;
    uint32_t page = va >> PAGE_BITS;

    page &= (1u << (WINDOW_BITS - PAGE_BITS)) - 1;
    if (v->win == NULL || v->win->active == NULL || va >> (WINDOW_BITS + 15) != 0) {
        return;
    }
    g = granule_find(v->win->active, va >> WINDOW_BITS);
    if (g == NULL) {
        return;
    }
    guest_general_end(v->cpu);
    if (v->set->n_large != 0) {     /* the address may stand for a large page, 4 MiB at most */
        granule_check(v, g, page / 64 & ~(LARGE_WORDS - 1u), LARGE_WORDS);
    } else if (g->node[page] != 0) {
        act(v->win, g, page, 1, judge(v, g, page));
    }
}

void window_flush_page_asid(TcgVcpu *v, unsigned asid, uint64_t va)
{
    Windows *w = v->win;

    if (w != NULL && w->active != NULL && (w->active->asid == asid || v->set->asid == asid)) {
        window_flush_page(v, va);
    }
    for (unsigned k = 0; w != NULL && k < WIN_SPACES; k++) {
        w->space[k].stale |= w->space[k].used && &w->space[k] != w->active && w->space[k].asid == asid;
    }
}

void window_protect_page(TcgVcpu *v, const uint8_t *host_page)
{
    Windows *w = v->win;
    uint32_t at, next;

    if (w == NULL || w->n_used == 0) {
        return;
    }
    guest_general_end(v->cpu);
    for (at = w->hash[hash_of((uintptr_t)host_page)]; at != 0; at = next) {
        WinNode *n = &w->nodes[at];

        next = n->next;
        if (n->host == (uintptr_t)host_page && n->writable) {
            pages_readonly(w, &w->space[n->space].granule[n->granule], n->page, 1);
        }
    }
}

/* ---- filling */

typedef struct Candidate { uint64_t host; bool writable, ok; } Candidate;

static bool run_map(TcgVcpu *v, WinSpace *s, WinGranule *g, uint32_t page, const Candidate *c, unsigned n)
{
    Windows *w = v->win;
    uint64_t off;
    RamBlock *b = ram_from_host((void *)(uintptr_t)c->host, &off);
    void *p;

    if (b == NULL || b->fd < 0 || b->page_size != PAGE_SIZE) {
        w->unmappable++;
        return false;
    }
    p = mmap(page_at(g, page), (size_t)n << PAGE_BITS, c->writable ? PROT_READ | PROT_WRITE : PROT_READ,
             MAP_SHARED | MAP_FIXED | MAP_POPULATE, b->fd, (off_t)(b->fd_offset + off));
    if (p == MAP_FAILED) {
        w->full = true;
        return false;
    }
    w->maps++;
    s->maps++;
    w->n.pages += n;
    for (unsigned k = 0; k < n; k++) {
        if (!node_add(w, s, g, page + k, c[k].host, c[k].writable)) {
            w->full = true;
        }
    }
    return true;
}

/* Maps the page, and those around it that a walk would find just so. */
static bool fill_around(TcgVcpu *v, WinSpace *s, WinGranule *g, uint32_t page, Candidate want, bool large)
{
    Candidate c[CHUNK_LARGE];
    unsigned n = large ? CHUNK_LARGE : CHUNK, run = 0;
    uint32_t first = page & ~(uint32_t)(n - 1);
    bool mapped = false;

    for (unsigned k = 0; k < n; k++) {
        uint64_t va = (uint64_t)g->index << WINDOW_BITS | (uint64_t)(first + k) << PAGE_BITS;

        c[k].ok = g->node[first + k] == 0;
        if (first + k == page) {
            c[k] = want;
        } else if (c[k].ok) {
            c[k].ok = peek(v, va, &c[k].host, &c[k].writable);
        }
    }
    for (unsigned k = 0; k <= n; k++) {
        bool joins = k < n && c[k].ok && run > 0 && c[k].writable == c[k - 1].writable &&
                     c[k].host == c[k - 1].host + PAGE_SIZE;

        if (!joins && run > 0) {
            bool ok = run_map(v, s, g, first + k - run, &c[k - run], run);

            mapped |= ok && page < first + k && page >= first + k - run;
            run = 0;
        }
        run += k < n && c[k].ok;
    }
    return mapped;
}

bool window_fill(TcgVcpu *v, uint64_t va, bool write)
{
    Windows *w = v->win;
    WinSpace *s = w != NULL ? w->active : NULL;
    unsigned mode = v->ops->user_mode;
    const TlbEntry *e = &v->set->data[mode][tlb_index(va)];
    uint64_t side = v->set->side[mode][tlb_index(va)].va, pva = va & PAGE_MASK;
    uint32_t page = (uint32_t)va >> PAGE_BITS;
    Candidate want = { .host = e->host, .writable = e->wtag == pva, .ok = true };
    WinGranule *g;
    bool done;

    if (s == NULL || va >> (WINDOW_BITS + 15) != 0 || (side & (SIDE_GLOBAL | SIDE_1G)) || e->rtag != pva ||
        (write && !want.writable)) {
        return false;
    }
    w->work_ns += WIN_FILL_NS;
    guest_general_end(v->cpu);
    if (w->full || w->maps > w->max_maps) {
        w->full = false;
        reset_all(v);
        return false;
    }
    g = granule_find(s, va >> WINDOW_BITS);
    if (g == NULL) {
        g = granule_new(s, va >> WINDOW_BITS);
    }
    if (g == NULL) {
        return false;
    }
    if (g->node[page] != 0) {
        WinNode *n = &w->nodes[g->node[page]];

        if (n->host == want.host) {
            if (!write || n->writable || mprotect(page_at(g, page), PAGE_SIZE, PROT_READ | PROT_WRITE) != 0) {
                return false;
            }
            n->writable = true;
            w->n.fills++;
            return true;
        }
        pages_drop(w, g, page, 1);
    }
    w->n.fills++;
    done = fill_around(v, s, g, page, want, (side & (SIDE_2M | SIDE_4M | SIDE_1G)) != 0);
    w->useless = w->n.pages == 0 && w->unmappable > 64;
    if (w->full || w->useless) {
        w->full = false;
        v->win_why = w->useless ? "guest RAM is private or of huge pages" : NULL;
        reset_all(v);
        return false;
    }
    return done;
}

void window_note_fault(TcgVcpu *v)
{
    v->win->n.faults++;
    v->win->work_ns += WIN_FAULT_NS;
}

/* ---- sites that gain nothing */

enum { STUBBORN_TIMES = 6, MIXED_MISTAKES = 64, SITES_MAX = 16384 };

static bool often(Windows *w, const uint8_t *insn, unsigned times)
{
    StubbornSite *t = &w->stubborn[((uintptr_t)insn ^ (uintptr_t)insn >> 10) % G_N_ELEMENTS(w->stubborn)];

    if (t->insn != insn) {
        *t = (StubbornSite){ insn, 0 };
    }
    if (++t->n < times) {
        return false;
    }
    t->n = 0;
    return true;
}

static void site_set(TcgVcpu *v, const uint8_t *insn, WindowKind kind)
{
    Windows *w = v->win;

    guest_general_end(v->cpu);
    w->n.stubborn += kind == WINDOW_NOT;
    if (g_hash_table_size(w->sites) >= SITES_MAX) {
        g_hash_table_remove_all(w->sites);
    }
    g_hash_table_insert(w->sites, (gpointer)insn, GUINT_TO_POINTER(kind + 1));
}

bool window_stubborn(TcgVcpu *v, const uint8_t *insn)
{
    if (!often(v->win, insn, STUBBORN_TIMES)) {
        return false;
    }
    site_set(v, insn, WINDOW_NOT);
    return true;
}

void window_mistaken(TcgVcpu *v, const uint8_t *insn)
{
    Windows *w = v->win;

    w->n.mistakes++;
    if (w->active != NULL) {
        w->active->mistakes++;
    }
    site_set(v, insn, WINDOW_BOTH);
}

bool window_mixed(const TcgVcpu *v)
{
    return v->win->active != NULL && v->win->active->mistakes > MIXED_MISTAKES;
}

void window_table_only(TcgVcpu *v)
{
    v->win->table_only = true;
}

bool window_is_table_only(const TcgVcpu *v)
{
    return v->win->table_only;
}

WindowKind window_site(TcgVcpu *v, const uint8_t *insn, bool *known)
{
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(v->win->sites, insn));

    *known = n != 0;
    return n != 0 ? n - 1 : WINDOW_HIGH;
}

/* ---- life */

static bool host_has_bmi2(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 8 & 1);
}

/* How many mappings the host allows this process; others need some too. */
static unsigned map_budget(unsigned n_cpus)
{
    g_autofree char *text = NULL;
    unsigned long n = 65530;

    if (g_file_get_contents("/proc/sys/vm/max_map_count", &text, NULL, NULL)) {
        n = strtoul(text, NULL, 10);
    }
    return MIN(n, 1u << 20) / 3 / MAX(n_cpus, 1);
}

Windows *window_new(TcgVcpu *v, unsigned n_cpus, unsigned after_ms, const char **why)
{
    Windows *w;
    unsigned budget = map_budget(n_cpus);

    if (!host_has_bmi2()) {
        *why = "the processor has no BMI2";
        return NULL;
    }
    if (budget < 512) {
        *why = "vm.max_map_count is too low";
        return NULL;
    }
    v->window_table = window_check_table(why);
    if (v->window_table == NULL) {
        return NULL;
    }
    w = g_new0(Windows, 1);
    w->max_maps = budget;
    w->promote_ns = after_ms * 1000000ull;
    w->nodes = mmap(NULL, WIN_NODES * sizeof(WinNode), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    w->sites = g_hash_table_new(NULL, NULL);
    w->n_spaces = CLAMP(window_area_count() / MAX(n_cpus, 1), 1, WIN_SPACES);
    w->gs = WINDOW_NO_HIGH;
    for (unsigned k = 0; k < WINDOW_DELTAS; k++) {
        v->win_delta[k] = WINDOW_NO_LOW;
    }
    v->win_delta[WINDOW_DELTA_HIGH] = WINDOW_NO_HIGH;
    w->n_nodes = 1;
    w->root = ~0ull;
    if (w->nodes == MAP_FAILED || !window_place(&w->space[0])) {
        *why = n_cpus > window_area_count() ? "too many processors" : "not enough address space (ulimit -v?)";
        v->win = w;
        window_free(v);
        return NULL;
    }
    return w;
}

void window_free(TcgVcpu *v)
{
    Windows *w = v->win;

    if (w == NULL) {
        return;
    }
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        for (unsigned n = 0; n < w->space[k].n_granules; n++) {
            granule_free(w, &w->space[k].granule[n]);
        }
        if (w->space[k].placed) {
            window_area_give(&w->space[k].area);
        }
    }
    if (w->nodes != MAP_FAILED) {
        munmap(w->nodes, WIN_NODES * sizeof(WinNode));
    }
    g_hash_table_destroy(w->sites);
    g_free(w);
    v->win = NULL;
}

void window_thread(TcgVcpu *v)
{
    if (v->win != NULL) {
        set_gs(v->win, v->win->gs);
    }
}

const WindowCounters *window_counters(const TcgVcpu *v)
{
    return &v->win->n;
}

unsigned window_pages(const TcgVcpu *v)
{
    return v->win->n_pages;
}

const uint8_t *window_shown(const TcgVcpu *v, uint64_t va, bool *ret_writable)
{
    WinSpace *s = v->win != NULL ? v->win->active : NULL;
    WinGranule *g = s != NULL ? granule_find(s, va >> WINDOW_BITS) : NULL;
    uint32_t at = g != NULL ? g->node[(uint32_t)va >> PAGE_BITS] : 0;

    if (at == 0) {
        return NULL;
    }
    *ret_writable = v->win->nodes[at].writable;
    return page_at(g, (uint32_t)va >> PAGE_BITS);
}

#include "accel/tcg/general_regs_end.h"
