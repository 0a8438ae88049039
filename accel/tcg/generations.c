/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code buffer's segments. Each has room for code, for what seldom runs and for descriptors. They are filled one
 * after the other; when as many are in use as may be, the oldest is emptied and filled again, so that
 * memory stays small and what is used all the time, translated again now and then, is not far away. Keys of
 * blocks that went are remembered by fingerprint ("ghosts"): where many of them come back the buffer
 * is too small for the guest's code, and one more segment is taken, up to tb-size. Code that goes round and
 * does not fit even there is better served by emptying everything at once. */
#include "accel/tcg/cache_int.h"

#include <sys/mman.h>

#include "accel/tcg/x86_64/asm.h"

enum { SEGMENT_MAX = 4 << 20, SEGMENT_MIN = 512 << 10, SEGMENTS_WANTED = 4, START_BYTES = 12 << 20 };

/* ---- ghosts */

static uint32_t ghost_of(const Block *b, unsigned *ret_at)
{
    uint64_t h = ((uintptr_t)b->source ^ (uint64_t)b->key.flags << 40 ^ b->key.pc * 31) * 0x9e3779b97f4a7c15ull;

    *ret_at = h >> (64 - GHOST_BITS);
    return (uint32_t)h | 3;
}

void ghost_add(CodeCache *c, const Block *b, bool evicted)
{
    unsigned at;
    uint32_t mark = ghost_of(b, &at);

    c->ghosts[at] = evicted ? mark : mark & ~2u;
}

void ghost_check(TcgVcpu *v, const Block *b)
{
    CodeCache *c = v->cache;
    unsigned at;
    uint32_t mark = ghost_of(b, &at);

    c->made++;
    if ((c->ghosts[at] | 3) != mark || c->ghosts[at] == 0) {
        return;
    }
    if (c->ghosts[at] & 2) {
        c->came_back++;
        v->n.remade_evicted++;
    } else {
        v->n.remade_written++;
    }
    c->ghosts[at] = 0;
}

/* ---- segments */

void segments_new(CodeCache *c, size_t size)
{
    size_t segment = SEGMENT_MAX;

    while (size / segment < SEGMENTS_WANTED && segment > SEGMENT_MIN) {
        segment /= 2;
    }
    c->segment_shift = (unsigned)__builtin_ctzll(segment);
    c->n_segments = (unsigned)(size / segment);
    c->segments = g_new0(CodeSegment, c->n_segments);
    c->start_limit = MIN(c->n_segments, MAX(2, START_BYTES / segment));
    for (unsigned k = 0; k < c->n_segments; k++) {
        CodeSegment *s = &c->segments[k];

        s->by_code = g_ptr_array_new();
        s->odd = g_ptr_array_new();
        s->ways = g_ptr_array_new();
    }
}

void segments_free(CodeCache *c)
{
    for (unsigned k = 0; k < c->n_segments; k++) {
        g_ptr_array_free(c->segments[k].by_code, true);
        g_ptr_array_free(c->segments[k].odd, true);
        g_ptr_array_free(c->segments[k].ways, true);
    }
    g_free(c->segments);
}

static uint8_t *segment_start(const CodeCache *c, unsigned k)
{
    return c->base + ((size_t)k << c->segment_shift);
}

/* The stubs lie at the start of the first. */
static void segment_open(CodeCache *c, unsigned k)
{
    uint8_t *start = segment_start(c, k);
    size_t size = (size_t)1 << c->segment_shift;
    CodeSegment *s = &c->segments[k];

    c->current = k;
    s->generation = ++c->generation;
    c->code = k == 0 ? c->first : start;
    c->code_end = c->cold = start + size / 64 * c->hot_share;
    c->data = start + size;
}

static void segment_close(CodeCache *c)
{
    CodeSegment *s = &c->segments[c->current];
    const uint8_t *start = segment_start(c, c->current);

    s->used = (size_t)(c->code - start) + (size_t)(c->cold - c->code_end) +
        (((size_t)1 << c->segment_shift) - (size_t)(c->data - start));
    c->hot_share = (unsigned)CLAMP((size_t)(c->code - start) * 64 / MAX(s->used, 1) + 1, 8, 32);
}

void segments_reset(CodeCache *c)
{
    for (unsigned k = 0; k < c->n_segments; k++) {
        g_ptr_array_set_size(c->segments[k].by_code, 0);
        g_ptr_array_set_size(c->segments[k].odd, 0);
        g_ptr_array_set_size(c->segments[k].ways, 0);
        c->segments[k].used = 0;
    }
    if (c->limit < c->n_segments) {     /* small again */
        c->limit = c->start_limit;
        for (unsigned k = c->limit; k < c->n_used; k++) {
            madvise(segment_start(c, k), (size_t)1 << c->segment_shift, MADV_DONTNEED);
        }
    }
    c->limit = MAX(c->limit, c->start_limit);
    c->n_used = 1;
    c->made = c->came_back = 0;
    c->hot_share = c->hot_share != 0 ? c->hot_share : 16;
    segment_open(c, 0);
}

void segment_add(CodeCache *c, Block *b)
{
    g_ptr_array_add(b->code != NULL ? c->segments[c->current].by_code : c->segments[c->current].odd, b);
}

void segment_add_way(CodeCache *c, BlockExit *e)
{
    if (segment_of(c, e) != &c->segments[c->current]) {
        g_ptr_array_add(c->segments[c->current].ways, e);
    }
}

/* ---- emptying one */

/* Exits of blocks elsewhere lead through code in s. */
static void drop_ways(CodeSegment *s)
{
    for (unsigned k = 0; k < s->ways->len; k++) {
        BlockExit *e = g_ptr_array_index(s->ways, k);

        a_patch(e->site, e->stub);
        e->cross = NULL;
        if (e->to != NULL) {
            exit_forget(e);
        }
    }
    g_ptr_array_set_size(s->ways, 0);
}

/* The exits that others lead their code through are no more. */
static void forget_ways(CodeCache *c, const CodeSegment *gone)
{
    for (unsigned k = 0; k < c->n_segments; k++) {
        GPtrArray *ways = c->segments[k].ways;
        unsigned kept = 0;

        for (unsigned n = 0; n < ways->len; n++) {
            if (segment_of(c, ways->pdata[n]) != gone) {
                ways->pdata[kept++] = ways->pdata[n];
            }
        }
        g_ptr_array_set_size(ways, (int)kept);
    }
}

/* Blocks elsewhere do not lead here any more, nor know of exits that led to them from here. */
static void unlink_block(CodeCache *c, Block *b, const CodeSegment *gone)
{
    BlockExit *e, *next;

    for (e = b->in; e != NULL; e = next) {
        next = e->next_in;
        e->to = NULL;
        if (segment_of(c, e->from) != gone) {
            exit_unlink(e);
        }
    }
    b->in = NULL;
    for (unsigned k = 0; k < b->n_out; k++) {
        Block *to = b->out[k].to;

        if (to == NULL || segment_of(c, to) == gone) {
            continue;
        }
        for (BlockExit **at = &to->in; *at != NULL;) {      /* all from here at once */
            e = *at;
            if (segment_of(c, e->from) == gone) {
                *at = e->next_in;
                e->to = NULL;
            } else {
                at = &e->next_in;
            }
        }
    }
}

static void sweep_page(TcgVcpu *v, const uint8_t *host, const CodeSegment *gone)
{
    CodeCache *c = v->cache;
    CodePage *page = g_hash_table_lookup(c->pages, page_key(host));
    const uint8_t *start = (const uint8_t *)((uintptr_t)host & PAGE_MASK);
    Block *b, *next, *kept = NULL;
    unsigned slot;

    if (page == NULL || page->swept == c->sweeps) {
        return;
    }
    page->swept = c->sweeps;
    page->n_blocks = 0;
    page->granules = 0;
    for (b = page->blocks; b != NULL; b = next) {
        on_page(b, start, &slot);
        next = b->page_next[slot];
        if (segment_of(c, b) != gone) {
            b->page_next[slot] = kept;
            kept = b;
            page->n_blocks++;
            page->granules |= b->dead ? 0 : block_granules(b, slot);
        }
    }
    page->blocks = kept;
    if (kept == NULL) {
        mixed_forget(v, start);
        if (page->watched) {
            unwatch_page(v, page->ram, page->off);
        }
        g_hash_table_remove(c->pages, page_key(host));
    }
}

static void evict_blocks(TcgVcpu *v, CodeSegment *s, GPtrArray *blocks)
{
    CodeCache *c = v->cache;

    for (unsigned k = 0; k < blocks->len; k++) {
        Block *b = g_ptr_array_index(blocks, k);

        if (!b->dead) {
            hash_remove(c, b);
            unlink_block(c, b, s);
            b->dead = true;
            ghost_add(c, b, true);
        }
    }
    for (unsigned k = 0; k < blocks->len; k++) {
        const Block *b = g_ptr_array_index(blocks, k);

        sweep_page(v, b->source, s);
        if (b->source2 != NULL) {
            sweep_page(v, b->source2, s);
        }
    }
    g_ptr_array_set_size(blocks, 0);
}

static void segment_evict(TcgVcpu *v, unsigned k)
{
    CodeCache *c = v->cache;
    CodeSegment *s = &c->segments[k];

    c->sweeps++;
    drop_ways(s);
    forget_ways(c, s);
    evict_blocks(v, s, s->by_code);
    evict_blocks(v, s, s->odd);
    cache_forget_addresses(v);
    c->epoch++;
    c->gone++;
    v->n.evictions++;
}

static unsigned oldest(const CodeCache *c)
{
    unsigned at = 0;

    for (unsigned k = 1; k < c->n_used; k++) {
        if (c->segments[k].generation < c->segments[at].generation) {
            at = k;
        }
    }
    return at;
}

void segment_next(TcgVcpu *v)
{
    CodeCache *c = v->cache;
    unsigned k;

    segment_close(c);
    if (c->n_used == c->limit && c->came_back > c->made / 4) {
        if (c->limit == c->n_segments) {        /* what runs does not fit: the oldest is what will be next */
            cache_flush(v);
            return;
        }
        c->limit++;
    }
    c->made = c->came_back = 0;
    if (c->n_used < c->limit) {
        segment_open(c, c->n_used++);
        return;
    }
    k = oldest(c);
    segment_evict(v, k);
    segment_open(c, k);
}

void cache_info(const CodeCache *c, GString *out)
{
    size_t size = (size_t)1 << c->segment_shift;

    g_string_append_printf(out, "code buffer         %u of %u segments of %zu KiB, at most %u\n", c->n_used, c->limit,
                           size >> 10, c->n_segments);
    for (unsigned k = 0; k < c->n_used; k++) {
        const CodeSegment *s = &c->segments[k];
        size_t used = s->used;

        if (k == c->current) {
            used = size - (size_t)(c->code_end - c->code) - (size_t)(c->data - c->cold);
        }
        g_string_append_printf(out, "  generation %-6u %zu KiB, %u blocks%s\n", s->generation, used >> 10,
                               s->by_code->len + s->odd->len, k == c->current ? ", being filled" : "");
    }
}
