/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code cache of a vCPU: see block.h. Within a segment of the buffer (generations.c) code grows up, so does
 * what seldom runs, descriptors grow down; when two meet the next segment is used. A block that loses its source
 * is cut out of the hash, its callers are turned back to their stubs and its checked entry leads to the miss stub,
 * so that no jump table has to be searched. */
#include "accel/tcg/cache_int.h"
#include "accel/tcg/logging.h"

#include <sys/mman.h>

#include "accel/tcg/tcg.h"
#include "accel/tcg/x86_64/asm.h"

unsigned cache_hash(const uint8_t *source, const TbKey *key)
{
    uint64_t h = ((uintptr_t)source ^ (uint64_t)key->flags << 32) * 0x9e3779b97f4a7c15ull;

    h = (h ^ h >> 29 ^ key->pc) * 0xbf58476d1ce4e5b9ull;
    return h >> (64 - BLOCK_HASH_BITS);
}

bool cache_new(TcgVcpu *v, size_t size, GError **errp)
{
    CodeCache *c = g_new0(CodeCache, 1);

    c->map_size = size + HUGE_PAGE;
    c->map = mmap(NULL, c->map_size, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
    if (c->map == MAP_FAILED) {
        g_free(c);
        return err_fail_errno(errp, errno, "cannot allocate a code buffer of %zu bytes", size);
    }
    c->base = (uint8_t *)(((uintptr_t)c->map + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
    c->end = c->base + size;
    madvise(c->base, size, MADV_HUGEPAGE);      /* code is spread out: less misses in the host's TLB */
    c->code = c->base;
    segments_new(c, size);
    c->pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    c->wanted = g_array_new(false, false, sizeof(CodeRange));
    c->protect = g_array_new(false, false, sizeof(const uint8_t *));
    c->unverified = g_array_new(false, false, sizeof(const uint8_t *));
    g_mutex_init(&c->lock);
    v->cache = c;
    if (!v->ops->translator->init(v, errp)) {
        cache_free(v);
        return false;
    }
    c->first = c->code;
    segments_reset(c);
    return true;
}

void cache_free(TcgVcpu *v)
{
    CodeCache *c = v->cache;

    if (c == NULL) {
        return;
    }
    v->cache = NULL;
    g_free(v->stubs);
    g_free(v->trans);
    v->stubs = v->trans = NULL;
    munmap(c->map, c->map_size);
    g_hash_table_destroy(c->pages);
    segments_free(c);
    g_array_free(c->wanted, true);
    g_array_free(c->protect, true);
    g_array_free(c->unverified, true);
    g_mutex_clear(&c->lock);
    g_free(c);
}

void *cache_alloc(CodeCache *c, size_t n)
{
    uint8_t *p = c->data - ((n + 15) & ~(size_t)15);

    if (p < c->cold + BLOCK_CODE_MAX) {
        return NULL;
    }
    c->data = p;
    memset(p, 0, n);
    return p;
}

/* ---- links */

void exit_unlink(BlockExit *e)
{
    a_patch(e->site, e->stub);
    if (e->site_flags != NULL) {
        a_patch(e->site_flags, e->stub_flags);
    }
    e->to = NULL;
}

static void exit_join(TcgVcpu *v, BlockExit *e, Block *to)
{
    v->n.links++;
    e->to = to;
    e->next_in = to->in;
    to->in = e;
}

/* To a block on another page, which v->set maps now. */
static void link_cross(TcgVcpu *v, BlockExit *e, Block *to, const uint8_t *target)
{
    CodeCache *c = v->cache;
    uint64_t va = to->key.pc + to->key.base;
    unsigned mode = v->ops->mmu_mode(v->cpu);
    uint32_t id = 0;

    if (to->source2 == NULL && to->key.flags == e->from->key.flags && to->key.base == e->from->key.base) {
        id = tlb_exec_id(v, va, mode);
    }
    if (id != 0 && e->cross == NULL && c->code_end - c->code >= 2 * BLOCK_CODE_MAX) {
        e->cross = c->code;
        c->code += CROSS_SIZE;
        segment_add_way(c, e);
    }
    if (id == 0 || e->cross == NULL) {
        a_patch(e->site, e->table);
        return;
    }
    v->ops->translator->cross(v, e, target, to->flags_in,
                              offsetof(TlbSet, exec_id) + 4 * (mode * FETCH_SIZE + fetch_index(va)), id);
    a_patch(e->site, e->cross);
    exit_join(v, e, to);
}

void cache_link(TcgVcpu *v, BlockExit *e, Block *to)
{
    const uint8_t *target = to->uses_fp && !e->fp ? to->code : e->backward ? to->poll : to->body;

    if (v->nochain || log_on(TCG_LOG_BLOCKS) || !e->link || e->to != NULL || e->from->dead || to->dead) {
        return;
    }
    guest_general_end(v->cpu);      /* what follows keeps lists, with whatever registers the compiler likes */
    if (e->table != NULL) {
        link_cross(v, e, to, target);
        return;
    }
    if (to->source2 != NULL) {      /* the second page's mapping must be looked at each time */
        if (v->cache->code_end - v->cache->code < 2 * BLOCK_CODE_MAX) {
            return;
        }
        target = v->ops->translator->bridge(v, e);
        if (target != NULL) {
            a_patch(e->site, target);
            segment_add_way(v->cache, e);
        }
        return;
    }
    if (to->key.flags != e->from->key.flags || to->key.base != e->from->key.base ||
        (to->key.pc ^ e->from->key.pc) >> PAGE_BITS != 0) {
        return;
    }
    if (e->site_flags != NULL && to->flags_in) {
        a_patch(e->site_flags, target);
    } else {
        a_patch(e->site, target);
    }
    exit_join(v, e, to);
}

void exit_forget(BlockExit *e)
{
    for (BlockExit **at = &e->to->in; *at != NULL; at = &(*at)->next_in) {
        if (*at == e) {
            *at = e->next_in;
            break;
        }
    }
    e->to = NULL;
}

/* ---- invalidation */

void hash_remove(CodeCache *c, const Block *b)
{
    for (Block **at = &c->hash[cache_hash(b->source, &b->key)]; *at != NULL; at = &(*at)->hash_next) {
        if (*at == b) {
            *at = b->hash_next;
            break;
        }
    }
}

static void block_remove(TcgVcpu *v, Block *b)
{
    static const uint8_t jump_t2[] = { 0x41, 0xff, 0xe3 };      /* jmp r11 */
    CodeCache *c = v->cache;
    BlockExit *next;

    hash_remove(c, b);
    for (BlockExit *e = b->in; e != NULL; e = next) {
        next = e->next_in;
        exit_unlink(e);
    }
    b->in = NULL;
    for (unsigned k = 0; k < b->n_out; k++) {
        if (b->out[k].to != NULL) {
            exit_forget(&b->out[k]);
        }
    }
    b->dead = true;
    if (b->code != NULL) {
        *b->entry = 0xe9;
        a_patch(b->entry + 1, c->base);
    }
    for (unsigned k = 0; k < b->n_landings; k++) {      /* to where the returning code wants to go without it */
        memcpy(b->entry + b->landing[k], jump_t2, sizeof(jump_t2));
    }
    c->epoch++;
    ghost_add(c, b, false);
    v->n.invalidations++;
}

bool on_page(const Block *b, const uint8_t *page, unsigned *ret_slot)
{
    *ret_slot = ((uintptr_t)b->source ^ (uintptr_t)page) >> PAGE_BITS != 0;
    return *ret_slot == 0 || ((uintptr_t)b->source2 ^ (uintptr_t)page) >> PAGE_BITS == 0;
}

/* Does the block hold a byte of [at, at + n) of this page? */
static bool block_covers(const Block *b, const uint8_t *at, uint64_t n)
{
    const uint8_t *page_end = (const uint8_t *)(((uintptr_t)b->source | ~PAGE_MASK) + 1);

    if (b->source2 == NULL) {
        return at < b->source + b->hi && at + n > b->source + b->lo;
    }
    return (at < page_end && at + n > b->source) ||
           (at < b->source2 + (b->source + b->len - page_end) && at + n > b->source2);
}

/* The granules of this page that the block was made from. */
uint64_t block_granules(const Block *b, unsigned slot)
{
    unsigned first = (uintptr_t)b->source & ~PAGE_MASK, end = first + b->hi;

    first += b->lo;
    if (b->source2 != NULL) {
        end = slot == 0 ? PAGE_SIZE : end - PAGE_SIZE;
        first = slot == 0 ? first : 0;
    }
    return (end < PAGE_SIZE ? ~(~0ull << ((end - 1) / 64) << 1) : ~0ull) & ~0ull << first / 64;
}

/* From now on stores to it beside code need not come here; there is a limit, for pages that hold data now. */
static void page_mixed(TcgVcpu *v, const CodePage *page, const uint8_t *host)
{
    if (v->sole && ram_page_dirty(page->ram, page->off >> PAGE_BITS, DIRTY_VGA) &&
        ram_page_dirty(page->ram, page->off >> PAGE_BITS, DIRTY_MIGRATION)) {
        *mixed_page(v, (uintptr_t)host) =
            (MixedPage){ .host = (uintptr_t)host, .granules = page->granules, .left = MIXED_LEFT };
    }
}

void mixed_forget(TcgVcpu *v, const uint8_t *host)
{
    MixedPage *m = mixed_page(v, (uintptr_t)host);

    if (m->host == ((uintptr_t)host & PAGE_MASK)) {
        m->host = 0;
    }
}

static void page_written(TcgVcpu *v, CodePage *page, const uint8_t *host, uint64_t n)
{
    const uint8_t *start = (const uint8_t *)((uintptr_t)host & PAGE_MASK);
    Block *b = page->blocks, *kept = NULL, *next;
    unsigned slot;
    MixedPage *m = mixed_page(v, (uintptr_t)start);
    bool used_up = m->host == (uintptr_t)start && m->left == 0;
    bool all = ++page->misses > 16 + page->n_blocks / 16 || used_up, any = false;

    /* Pages that held code once and data now must not stay slow. Most of what is dropped never runs again;
     * where code and data do mix, translating again costs about as much as the slow stores did. */
    page->misses = all ? 0 : page->misses;
    page->n_blocks = 0;
    page->granules = 0;
    mixed_forget(v, start);
    for (; b != NULL; b = next) {
        on_page(b, start, &slot);
        next = b->page_next[slot];
        if (!b->dead && (all || block_covers(b, host, n))) {
            block_remove(v, b);
            any = true;
        }
        if (!b->dead) {
            b->page_next[slot] = kept;
            kept = b;
            page->n_blocks++;
            page->granules |= block_granules(b, slot);
        }
    }
    page->blocks = kept;
    if (kept != NULL && !any) {
        page_mixed(v, page, start);
    }
    if (kept == NULL) {
        page->watched = false;
        unwatch_page(v, page->ram, page->off);
    }
}

void cache_written(TcgVcpu *v, RamBlock *b, uint64_t off, uint64_t len)
{
    const uint8_t *host = b->host + off;

    while (len > 0 && v->cache != NULL) {
        uint64_t step = MIN(len, PAGE_SIZE - ((uintptr_t)host & ~PAGE_MASK));
        CodePage *page = g_hash_table_lookup(v->cache->pages, page_key(host));

        if (page != NULL) {
            page_written(v, page, host, step);
        }
        host += step;
        len -= step;
    }
}

void cache_forget_addresses(TcgVcpu *v)
{
    returns_forget(v);
    for (unsigned k = 0; k < v->n_sets; k++) {
        if (v->sets[k].used) {
            tlb_jump_clear(&v->sets[k]);
        }
    }
}

void cache_flush(TcgVcpu *v)
{
    CodeCache *c = v->cache;

    GHashTableIter it;
    gpointer page;

    memset(c->hash, 0, sizeof(c->hash));
    g_hash_table_iter_init(&it, c->pages);
    while (g_hash_table_iter_next(&it, NULL, &page)) {
        unwatch_page(v, ((CodePage *)page)->ram, ((CodePage *)page)->off);
    }
    g_hash_table_remove_all(c->pages);
    memset(v->mixed, 0, sizeof(v->mixed));
    cache_forget_addresses(v);
    tlb_exec_clear(v);
    segments_reset(c);
    c->n_tables = 0;
    c->epoch++;
    c->gone++;
    v->n.code_flushes++;
}

/* ---- lookup and making */

static CodePage *page_watch(TcgVcpu *v, RamBlock *ram, const uint8_t *host)
{
    CodePage *page = g_hash_table_lookup(v->cache->pages, page_key(host));

    if (page == NULL) {
        page = g_new0(CodePage, 1);
        page->ram = ram;
        page->off = (uint64_t)(host - ram->host) & PAGE_MASK;
        g_hash_table_insert(v->cache->pages, page_key(host), page);
    }
    return page;
}

/* true: others may have stored to the page unseen until now. */
static bool page_add(TcgVcpu *v, Block *b, unsigned slot, RamBlock *ram, const uint8_t *host)
{
    CodePage *page = page_watch(v, ram, host);

    b->page_next[slot] = page->blocks;
    page->blocks = b;
    page->n_blocks++;
    mixed_forget(v, host);
    if (!page->watched) {
        page->watched = true;
        watch_page(v, ram, page->off);
        return true;
    }
    return false;
}

int cache_table(TcgVcpu *v, uint32_t flags)
{
    CodeCache *c = v->cache;

    for (unsigned k = 0; k < c->n_tables; k++) {
        if (c->table_flags[k] == flags) {
            return k;
        }
    }
    if (c->n_tables == JUMP_TABLES) {
        return -1;
    }
    c->table_flags[c->n_tables] = flags;
    return c->n_tables++;
}

/* ---- what a block was made from */

static uint32_t sum_bytes(uint32_t sum, const uint8_t *p, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        sum = (sum ^ __atomic_load_n(&p[k], __ATOMIC_RELAXED)) * 0x01000193;
    }
    return sum;
}

/* Of the bytes that b depends on. */
static uint32_t block_sum(const Block *b)
{
    unsigned n = b->hi - b->lo, first = MIN(n, PAGE_SIZE - ((uintptr_t)(b->source + b->lo) & ~PAGE_MASK));
    uint32_t sum = sum_bytes(0x811c9dc5, b->source + b->lo, first);

    return b->source2 != NULL ? sum_bytes(sum, b->source2, n - first) : sum;
}

void cache_verify_page(TcgVcpu *v, const uint8_t *host)
{
    CodePage *page = g_hash_table_lookup(v->cache->pages, page_key(host));
    unsigned slot;

    for (Block *b = page != NULL ? page->blocks : NULL; b != NULL; b = b->page_next[slot]) {
        on_page(b, host, &slot);
        if (!b->dead && block_sum(b) != b->sum) {
            block_remove(v, b);
        }
    }
}

/* Translates while others may store: what was read is what the sum is of, or the sum is wrong on purpose. */
static bool translate_summed(TcgVcpu *v, Block *b, const FetchEntry *page, unsigned avail)
{
    const uint8_t *start = (const uint8_t *)((uintptr_t)b->source & PAGE_MASK);
    uint8_t before[PAGE_SIZE];
    bool done;

    if (v->sole) {
        return v->ops->translator->translate(v, b, page, avail);
    }
    memcpy(before, start, PAGE_SIZE);
    done = v->ops->translator->translate(v, b, page, avail);
    b->sum = block_sum(b);
    if (memcmp(before + (b->source + b->lo - start), b->source + b->lo,
               MIN((unsigned)(b->hi - b->lo), PAGE_SIZE - (unsigned)(b->source + b->lo - start))) != 0) {
        b->sum ^= 1;
    }
    return done;
}

Block *cache_make(TcgVcpu *v, const TbKey *key, const FetchEntry *f, const uint8_t *source)
{
    CodeCache *c = v->cache;
    unsigned avail = PAGE_SIZE - ((uintptr_t)source & ~PAGE_MASK);
    FetchEntry page = *f;
    uint64_t sample;
    Block *b;
    unsigned h;
    bool made;

    if (cache_table(v, key->flags) < 0 && c->table_resets++ < TABLE_RESETS) {
        cache_flush(v);
    } else if (c->data - c->cold < 4 * BLOCK_CODE_MAX || c->code_end - c->code < 4 * BLOCK_CODE_MAX) {
        segment_next(v);
    }
    b = cache_alloc(c, sizeof(*b));
    b->key = *key;
    b->source = source;
    b->table = cache_table(v, key->flags);
    /* Stores by others from now on are seen, before the bytes are read. */
    page_add(v, b, 0, page.ram, source);
    sample = sample_begin(v->n.blocks);
    made = translate_summed(v, b, &page, avail);
    v->n.ticks_making += sample_end(sample);
    if (!made) {
        b->code = NULL;             /* remembered as one to interpret */
        b->len = b->hi = MAX(b->len, MIN(avail, 15));
        b->lo = 0;
        b->sum = v->sole ? 0 : block_sum(b);
        b->table = -1;
    }
    segment_add(c, b);
    ghost_check(v, b);
    if (b->source2 != NULL) {
        if (page_add(v, b, 1, ram_from_host(b->source2, &(uint64_t){ 0 }), b->source2) && !v->sole) {
            b->sum ^= 1;            /* read before it was watched: made again soon */
        }
    }
    page_watch(v, page.ram, source)->granules |= block_granules(b, 0);
    if (b->source2 != NULL) {
        page_watch(v, NULL, b->source2)->granules |= block_granules(b, 1);
    }
    h = cache_hash(source, key);
    b->hash_next = c->hash[h];
    c->hash[h] = b;
    v->n.blocks++;
    v->n.block_bytes += b->len;
    v->n.guest_insns += b->n_insns;
    v->n.host_bytes += b->end - b->entry;
    tcg_log_made(v, b);
    return b;
}

void cache_drop(TcgVcpu *v, Block *b)
{
    if (!b->dead) {
        block_remove(v, b);
    }
}

void cache_drop_page(TcgVcpu *v, uint64_t va)
{
    CodeCache *c = v->cache;

    for (unsigned n = 0; n < c->n_used; n++) {
        const GPtrArray *all = c->segments[n].by_code;

        for (guint k = 0; k < all->len; k++) {
            Block *b = g_ptr_array_index(all, k);

            if ((b->key.pc + b->key.base) >> PAGE_BITS == va >> PAGE_BITS) {
                cache_drop(v, b);
            }
        }
    }
}

/* Called from signal handlers; the array changes in C code only. */
Block *cache_find_code(TcgVcpu *v, const uint8_t *code)
{
    CodeCache *c = v->cache;
    GPtrArray *all;
    unsigned lo = 0, hi;

    if (code < c->base || code >= c->base + ((size_t)c->n_used << c->segment_shift)) {
        return NULL;
    }
    all = segment_of(c, code)->by_code;
    hi = all->len;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        Block *b = g_ptr_array_index(all, mid);

        if (code < b->entry) {
            hi = mid;
        } else if (code >= b->end) {
            lo = mid + 1;
        } else {
            return b;
        }
    }
    return NULL;
}
