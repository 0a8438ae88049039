/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the region tree to a sorted list of ranges without overlap, and the lookup in it.
 *
 * A region's subregions are laid first, by falling priority, then its own content fills what they
 * left free. An alias is its target seen through a window. Neighbours that continue each other are
 * joined. */
#include "hw/core/mem_int.h"

#include <string.h>

#include "hw/core/vm.h"

typedef __int128 Wide; /* addresses of a window may lie below 0 and above 2^64 */

enum { MAX_DEPTH = 64 };

typedef struct Build {
    GArray *ranges; /* of FlatRange, sorted */
    unsigned depth;
} Build;

static uint64_t next_generation = 1; /* under the VM lock */

static Wide region_size(const MemRegion *r)
{
    return r->size == MEM_SIZE_MAX ? (Wide)1 << 64 : (Wide)r->size;
}

static bool is_memory(const MemRegion *r)
{
    return r->kind == MEM_RAM || r->kind == MEM_ROM || r->kind == MEM_ROM_DEVICE;
}

static FlatRange range_make(MemRegion *r, Wide base, GuestAddr start, GuestAddr last, bool readonly)
{
    FlatRange fr = {
        .start = start,
        .last = last,
        .region = r,
        .offset = (uint64_t)((Wide)start - base),
        .ram = r->ram,
        .log_dirty = r->log_dirty,
        .io_changes = r->io_changes,
    };

    if (is_memory(r)) {
        fr.readonly = readonly || r->kind == MEM_ROM || r->kind == MEM_ROM_DEVICE;
        fr.store_to_ops = r->kind == MEM_ROM_DEVICE;
        if (r->kind != MEM_ROM_DEVICE || r->rom_mode) {
            fr.host = r->ram->host + fr.offset;
        }
    }
    return fr;
}

/* First range that ends at or after a. */
static guint first_from(const GArray *ranges, GuestAddr a)
{
    guint lo = 0, hi = ranges->len;

    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;

        if (g_array_index(ranges, FlatRange, mid).last < a) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static void fill_holes(Build *b, MemRegion *r, Wide base, GuestAddr lo, GuestAddr hi, bool readonly)
{
    guint i = first_from(b->ranges, lo);

    for (;;) {
        bool more = i < b->ranges->len;
        FlatRange next = more ? g_array_index(b->ranges, FlatRange, i) : (FlatRange){ 0 };
        FlatRange fr;

        if (!more || next.start > hi) {
            fr = range_make(r, base, lo, hi, readonly);
            g_array_insert_val(b->ranges, i, fr);
            return;
        }
        if (lo < next.start) {
            fr = range_make(r, base, lo, next.start - 1, readonly);
            g_array_insert_val(b->ranges, i, fr);
            i++;
        }
        i++;
        if (next.last >= hi) {
            return;
        }
        lo = next.last + 1;
    }
}

/* base: absolute address of r's first byte; [lo, hi]: what the windows above leave visible. */
static void render(Build *b, MemRegion *r, Wide base, Wide lo, Wide hi, bool readonly)
{
    Wide last = base + region_size(r) - 1;

    if (!r->enabled || r->size == 0) {
        return;
    }
    lo = MAX(lo, base);
    hi = MIN(hi, last);
    if (lo > hi) {
        return;
    }
    g_assert(b->depth < MAX_DEPTH); /* an alias that shows itself */
    b->depth++;
    readonly = readonly || r->readonly;
    if (r->kind == MEM_ALIAS) {
        render(b, r->alias, base - (Wide)r->alias_offset, lo, hi, readonly);
    } else {
        for (guint i = 0; r->subs != NULL && i < r->subs->len; i++) {
            MemRegion *sub = g_ptr_array_index(r->subs, i);

            render(b, sub, base + (Wide)sub->addr, lo, hi, readonly);
        }
        if (r->kind != MEM_CONTAINER) {
            fill_holes(b, r, base, (GuestAddr)lo, (GuestAddr)hi, readonly);
        }
    }
    b->depth--;
}

static bool continues(const FlatRange *a, const FlatRange *b)
{
    return a->last + 1 == b->start && a->region == b->region && a->readonly == b->readonly &&
           a->offset + (a->last - a->start) + 1 == b->offset;
}

static void join_neighbours(GArray *ranges)
{
    guint out = 0;

    for (guint i = 1; i < ranges->len; i++) {
        FlatRange *a = &g_array_index(ranges, FlatRange, out);
        const FlatRange *b = &g_array_index(ranges, FlatRange, i);

        if (continues(a, b)) {
            a->last = b->last;
        } else {
            g_array_index(ranges, FlatRange, ++out) = *b;
        }
    }
    if (ranges->len > 0) {
        g_array_set_size(ranges, out + 1);
    }
}

/* A container that shows one whole-size part and nothing else shows what that part shows. */
MemRegion *flat_map_effective_root(MemRegion *r)
{
    while (r != NULL) {
        MemRegion *only = NULL;

        if (!r->enabled || r->readonly) {
            return r->enabled ? r : NULL;
        }
        if (r->kind == MEM_ALIAS) {
            if (r->alias_offset != 0 || r->alias->size > r->size) {
                return r;
            }
            r = r->alias;
            continue;
        }
        if (r->kind != MEM_CONTAINER) {
            return r;
        }
        for (guint i = 0; r->subs != NULL && i < r->subs->len; i++) {
            MemRegion *sub = g_ptr_array_index(r->subs, i);

            if (!sub->enabled || sub->size == 0) {
                continue;
            }
            if (only != NULL || sub->addr != 0 || sub->size > r->size) {
                return r;
            }
            only = sub;
        }
        r = only;
    }
    return NULL;
}

FlatMap *flat_map_build(MemRegion *root)
{
    Build b = { .ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange)) };
    FlatMap *map;

    if (root != NULL) {
        render(&b, root, 0, 0, ((Wide)1 << 64) - 1, false);
        join_neighbours(b.ranges);
    }
    map = g_malloc0(sizeof(*map) + b.ranges->len * sizeof(FlatRange));
    map->generation = next_generation++;
    map->refs = 1;
    map->root = root;
    map->n = b.ranges->len;
    if (map->n > 0) {
        memcpy(map->ranges, b.ranges->data, map->n * sizeof(FlatRange));
    }
    g_array_free(b.ranges, TRUE);
    return map;
}

void flat_map_unref(FlatMap *map)
{
    if (__atomic_sub_fetch(&map->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        g_free(map);
    }
}

static bool range_equal(const FlatRange *a, const FlatRange *b)
{
    return a->start == b->start && a->last == b->last && a->region == b->region &&
           a->offset == b->offset && a->host == b->host && a->readonly == b->readonly &&
           a->store_to_ops == b->store_to_ops;
}

bool flat_map_equal(const FlatMap *a, const FlatMap *b)
{
    if (a->n != b->n || a->root != b->root) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!range_equal(&a->ranges[i], &b->ranges[i]) ||
            a->ranges[i].log_dirty != b->ranges[i].log_dirty ||
            a->ranges[i].io_changes != b->ranges[i].io_changes) {
            return false;
        }
    }
    return true;
}

/* Calls fn for the memory ranges of `in` that `other` has not in the same way. */
static void announce_missing(AddrSpace *as, const FlatMap *in, const FlatMap *other, bool added)
{
    size_t j = 0;

    for (size_t i = 0; i < in->n; i++) {
        const FlatRange *fr = &in->ranges[i];
        bool same;

        while (other != NULL && j < other->n && other->ranges[j].start < fr->start) {
            j++;
        }
        same = other != NULL && j < other->n && range_equal(fr, &other->ranges[j]);
        if (fr->host == NULL) {
            continue;
        }
        for (guint k = 0; k < as->listeners->len; k++) {
            const MemListener *l = g_ptr_array_index(as->listeners, k);

            if (!same && added && l->ram_added != NULL) {
                l->ram_added(l->opaque, fr);
            } else if (!same && !added && l->ram_removed != NULL) {
                l->ram_removed(l->opaque, fr);
            } else if (same && added && l->log_changed != NULL &&
                       fr->log_dirty != other->ranges[j].log_dirty) {
                l->log_changed(l->opaque, fr);
            }
        }
    }
}

void flat_map_announce(AddrSpace *as, const FlatMap *old, const FlatMap *now)
{
    announce_missing(as, old, now, false);
    announce_missing(as, now, old, true);
    for (guint k = 0; k < as->listeners->len; k++) {
        const MemListener *l = g_ptr_array_index(as->listeners, k);

        if (l->map_changed != NULL) {
            l->map_changed(l->opaque);
        }
    }
}

uint64_t flat_map_generation(const FlatMap *map)
{
    return map->generation;
}

size_t flat_map_count(const FlatMap *map)
{
    return map->n;
}

const FlatRange *flat_map_range(const FlatMap *map, size_t i)
{
    g_assert(i < map->n);
    return &map->ranges[i];
}

/* This thread's last hits, by map and address. A generation is never used twice, so an entry of a
 * freed map cannot match. */
static __thread struct {
    uint64_t generation;
    size_t i;
} last_hit[64];

const FlatRange *flat_map_find(const FlatMap *map, GuestAddr a)
{
    size_t lo = 0, hi = map->n;
    unsigned slot = (map->generation + a + (a >> 12)) % G_N_ELEMENTS(last_hit);

    if (last_hit[slot].generation == map->generation) {
        const FlatRange *fr = &map->ranges[last_hit[slot].i];

        if (a >= fr->start && a <= fr->last) {
            return fr;
        }
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const FlatRange *fr = &map->ranges[mid];

        if (a < fr->start) {
            hi = mid;
        } else if (a > fr->last) {
            lo = mid + 1;
        } else {
            last_hit[slot].generation = map->generation;
            last_hit[slot].i = mid;
            return fr;
        }
    }
    return NULL;
}
