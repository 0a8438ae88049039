/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes through a flat map: memory is copied, I/O is cut into the accesses a device
 * takes.
 *
 * An I/O access belongs wholly to the region that decodes its first byte, as on a bus, even when a
 * neighbour covers the following ones (a 32-bit write to port 0xcf8 is one access although 0xcf9
 * belongs to another device); it is cut only where the region itself ends. What nobody decodes
 * reads as ones. */
#include <inttypes.h>
#include <string.h>

#include "hw/core/mem_int.h"
#include "hw/core/vm.h"
#include "util/log.h"
#include "util/trace.h"

static MemResult worse(MemResult a, MemResult b)
{
    return a > b ? a : b;
}

static uint64_t ones(unsigned size)
{
    return size >= 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

typedef uint16_t __attribute__((aligned(1), may_alias)) Loose16;
typedef uint32_t __attribute__((aligned(1), may_alias)) Loose32;
typedef uint64_t __attribute__((aligned(1), may_alias)) Loose64;

static uint64_t load_le(const void *p, unsigned size)
{
    switch (size) { /* one host access each: other threads must not see halves */
    case 1: return *(const volatile uint8_t *)p;
    case 2: return *(const volatile Loose16 *)p;
    case 4: return *(const volatile Loose32 *)p;
    default: return *(const volatile Loose64 *)p;
    }
}

static void store_le(void *p, uint64_t v, unsigned size)
{
    switch (size) {
    case 1: *(volatile uint8_t *)p = (uint8_t)v; break;
    case 2: *(volatile Loose16 *)p = (uint16_t)v; break;
    case 4: *(volatile Loose32 *)p = (uint32_t)v; break;
    default: *(volatile Loose64 *)p = v; break;
    }
}

static bool one_access(size_t len)
{
    return len == 1 || len == 2 || len == 4 || len == 8;
}

static uint64_t swap(uint64_t v, unsigned size)
{
    switch (size) {
    case 2: return GUINT16_SWAP_LE_BE((uint16_t)v);
    case 4: return GUINT32_SWAP_LE_BE((uint32_t)v);
    case 8: return GUINT64_SWAP_LE_BE(v);
    default: return v;
    }
}

/* ---- Calling a device */

static MemResult call_read(MemRegion *r, GuestAddr off, uint64_t *val, unsigned size, MemAttrs at)
{
    MemResult res = MEM_OK;

    *val = ones(size);
    if (r->ops->read_attrs != NULL) {
        res = r->ops->read_attrs(r->opaque, off, val, size, at);
    } else if (r->ops->read != NULL) {
        *val = r->ops->read(r->opaque, off, size);
    }
    if (r->ops->big_endian) {
        *val = swap(*val, size);
    }
    *val &= ones(size);
    TRACE("memory_region_ops_read", "'%s' +0x%" PRIx64 " value 0x%" PRIx64 " size %u", r->name, off, *val, size);
    return res;
}

static MemResult call_write(MemRegion *r, GuestAddr off, uint64_t val, unsigned size, MemAttrs at)
{
    val &= ones(size);
    TRACE("memory_region_ops_write", "'%s' +0x%" PRIx64 " value 0x%" PRIx64 " size %u", r->name, off, val, size);
    if (r->ops->big_endian) {
        val = swap(val, size);
    }
    if (r->ops->write_attrs != NULL) {
        return r->ops->write_attrs(r->opaque, off, val, size, at);
    }
    if (r->ops->write != NULL) {
        r->ops->write(r->opaque, off, val, size);
    }
    return MEM_OK;
}

/* size is at most max_size here; widens to min_size. */
static MemResult sized_io(MemRegion *r, GuestAddr off, uint64_t *val, unsigned size, bool write,
                          MemAttrs at)
{
    unsigned min = r->ops->min_size ? r->ops->min_size : 1;
    unsigned shift;
    uint64_t wide;
    MemResult res;

    if (size >= min) {
        return write ? call_write(r, off, *val, size, at) : call_read(r, off, val, size, at);
    }
    shift = (unsigned)(off & (min - 1)) * 8;
    if (shift + size * 8 > min * 8) { /* unaligned within the word: only what fits */
        shift = (min - size) * 8;
    }
    if (write) {
        return call_write(r, off & ~(uint64_t)(min - 1), (*val & ones(size)) << shift, min, at);
    }
    res = call_read(r, off & ~(uint64_t)(min - 1), &wide, min, at);
    *val = (wide >> shift) & ones(size);
    return res;
}

/* Bytes of an access of len bytes at off that the device takes in one go. */
static unsigned io_chunk(const MemRegion *r, GuestAddr off, uint64_t len)
{
    uint64_t max = r->ops->max_size ? r->ops->max_size : 8;

    max = MIN(max, len);
    if (r->size - off < max) {
        max = r->size - off;
    }
    if (!r->ops->unaligned && (off & (max - 1)) != 0) {
        max = MIN(max, off & -off);
    }
    while ((max & (max - 1)) != 0) {
        max &= max - 1;
    }
    return (unsigned)max;
}

static bool strict_refuses(const MemRegion *r, GuestAddr off, unsigned size)
{
    unsigned min = r->ops->min_size ? r->ops->min_size : 1;
    unsigned max = r->ops->max_size ? r->ops->max_size : 8;

    return r->ops->strict &&
           (size < min || size > max || (!r->ops->unaligned && (off & (size - 1)) != 0));
}

/* One access of a power-of-two size that io_chunk() allowed. */
static MemResult region_io(AddrSpace *as, MemRegion *r, GuestAddr off, uint64_t *val, unsigned size,
                           bool write, MemAttrs at)
{
    MemResult res;
    bool taken;

    if (r->ops->unlocked) {
        return sized_io(r, off, val, size, write, at);
    }
    taken = vm_lock_maybe(as->vm);
    if (*r->guard && !r->ops->reentrant) {
        log_guest(
            "%s: refused access to the registers of a device by its own DMA, offset 0x%" PRIx64,
            r->name, off);
        if (!write) {
            *val = ones(size);
        }
        res = MEM_ERROR;
    } else {
        bool before = *r->guard;

        *r->guard = true;
        res = sized_io(r, off, val, size, write, at);
        *r->guard = before;
    }
    vm_unlock_maybe(as->vm, taken);
    return res;
}

MemResult flat_range_read(AddrSpace *as, const FlatRange *fr, GuestAddr a, uint64_t *val,
                          unsigned size, MemAttrs at)
{
    GuestAddr off = fr->offset + (a - fr->start);
    MemRegion *r = fr->region;
    MemResult res = MEM_OK;
    uint64_t sum = 0;

    if (fr->host != NULL && fr->last - a >= size - 1) {
        *val = load_le(fr->host + (a - fr->start), size);
        return MEM_OK;
    }
    if (fr->host != NULL || off >= r->size || r->size - off < size) {
        uint64_t v = 0; /* crosses into something else */

        res = addr_space_read(as, a, &v, size, at);
        *val = v;
        return res;
    }
    if (strict_refuses(r, off, size)) {
        *val = ones(size);
        return MEM_UNASSIGNED;
    }
    for (unsigned done = 0; done < size;) {
        unsigned n = io_chunk(r, off + done, size - done);
        uint64_t part = 0;

        res = worse(res, region_io(as, r, off + done, &part, n, false, at));
        sum |= part << (done * 8);
        done += n;
    }
    *val = sum;
    return res;
}

/* A store into RAM or ROM that lies wholly within fr. */
static void memory_store(const FlatRange *fr, GuestAddr a, const void *buf, size_t len)
{
    uint8_t *p = fr->host + (a - fr->start);
    uint64_t off = fr->region->ram == NULL ? 0 : (uint64_t)(p - fr->ram->host);

    if (one_access(len)) {
        uint64_t v = 0;

        memcpy(&v, buf, len);
        store_le(p, v, (unsigned)len);
    } else {
        memcpy(p, buf, len);
    }
    ram_dirty_set(fr->ram, off, len);
}

MemResult flat_range_write(AddrSpace *as, const FlatRange *fr, GuestAddr a, uint64_t val,
                           unsigned size, MemAttrs at)
{
    GuestAddr off = fr->offset + (a - fr->start);
    MemRegion *r = fr->region;
    MemResult res = MEM_OK;

    if (r->ops == NULL) {
        if (fr->last - a < size - 1) {
            return addr_space_write(as, a, &val, size, at);
        }
        if (!fr->readonly) {
            memory_store(fr, a, &val, size);
        }
        return MEM_OK;
    }
    if (off >= r->size || r->size - off < size) {
        return addr_space_write(as, a, &val, size, at);
    }
    if (strict_refuses(r, off, size)) {
        return MEM_UNASSIGNED;
    }
    if (G_UNLIKELY(__atomic_load_n(&r->eventfds, __ATOMIC_ACQUIRE) != NULL) &&
        mem_eventfd_ring(r, off, size, val)) {
        return MEM_OK;
    }
    for (unsigned done = 0; done < size;) {
        unsigned n = io_chunk(r, off + done, size - done);
        uint64_t part = val >> (done * 8);

        res = worse(res, region_io(as, r, off + done, &part, n, true, at));
        done += n;
    }
    return res;
}

/* ---- Runs of bytes */

/* How far the hole at a reaches, at most len. */
static uint64_t hole_length(const FlatMap *map, GuestAddr a, uint64_t len)
{
    size_t lo = 0, hi = map->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (map->ranges[mid].start <= a) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < map->n ? MIN(len, map->ranges[lo].start - a) : len;
}

static uint64_t range_left(const FlatRange *fr, GuestAddr a, uint64_t len)
{
    return fr->last - a >= len - 1 ? len : fr->last - a + 1;
}

static void log_hole(const AddrSpace *as, GuestAddr a, uint64_t len, bool write)
{
    if (log_on(LOG_GUEST)) {
        log_guest("%s: nothing answers %s of %" PRIu64 " bytes at 0x%016" PRIx64, as->name,
                  write ? "a write" : "a read", len, a);
    }
}

MemResult addr_space_read(AddrSpace *as, GuestAddr a, void *buf, size_t len, MemAttrs at)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    MemResult res = MEM_OK;
    uint8_t *out = buf;

    while (len > 0) {
        const FlatRange *fr = flat_map_find(map, a);
        uint64_t n;

        if (fr == NULL) {
            n = hole_length(map, a, len);
            memset(out, 0xff, n);
            log_hole(as, a, n, false);
            res = worse(res, MEM_UNASSIGNED);
        } else if (fr->host != NULL) {
            n = range_left(fr, a, len);
            if (one_access(n)) {
                uint64_t v = load_le(fr->host + (a - fr->start), (unsigned)n);

                memcpy(out, &v, n);
            } else {
                memcpy(out, fr->host + (a - fr->start), n);
            }
        } else {
            uint64_t v = 0;

            n = io_chunk(fr->region, fr->offset + (a - fr->start), len);
            res = worse(res, flat_range_read(as, fr, a, &v, (unsigned)n, at));
            memcpy(out, &v, n);
        }
        a += n;
        out += n;
        len -= n;
    }
    mem_map_end(map, counted);
    return res;
}

MemResult addr_space_write(AddrSpace *as, GuestAddr a, const void *buf, size_t len, MemAttrs at)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    MemResult res = MEM_OK;
    const uint8_t *in = buf;

    while (len > 0) {
        const FlatRange *fr = flat_map_find(map, a);
        uint64_t n;

        if (fr == NULL) {
            n = hole_length(map, a, len);
            log_hole(as, a, n, true);
            res = worse(res, MEM_UNASSIGNED);
        } else if (fr->region->ops == NULL) {
            n = range_left(fr, a, len);
            if (!fr->readonly) {
                memory_store(fr, a, in, n);
            }
        } else {
            uint64_t v = 0;

            n = io_chunk(fr->region, fr->offset + (a - fr->start), len);
            memcpy(&v, in, n);
            res = worse(res, flat_range_write(as, fr, a, v, (unsigned)n, at));
        }
        a += n;
        in += n;
        len -= n;
    }
    mem_map_end(map, counted);
    return res;
}

MemResult addr_space_fill(AddrSpace *as, GuestAddr a, uint8_t byte, uint64_t len, MemAttrs at)
{
    uint8_t block[4096];
    MemResult res = MEM_OK;

    memset(block, byte, sizeof(block));
    while (len > 0) {
        size_t n = MIN(len, sizeof(block));

        res = worse(res, addr_space_write(as, a, block, n, at));
        a += n;
        len -= n;
    }
    return res;
}

void addr_space_write_rom(AddrSpace *as, GuestAddr a, const void *buf, size_t len)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    const uint8_t *in = buf;

    while (len > 0) {
        const FlatRange *fr = flat_map_find(map, a);
        uint64_t n = fr == NULL ? hole_length(map, a, len) : range_left(fr, a, len);

        if (fr != NULL && fr->host != NULL) {
            memory_store(fr, a, in, n);
        }
        a += n;
        in += n;
        len -= n;
    }
    mem_map_end(map, counted);
}

uint64_t addr_space_ld(AddrSpace *as, GuestAddr a, unsigned size, MemAttrs at, MemResult *res)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    const FlatRange *fr = flat_map_find(map, a);
    MemResult result;
    uint64_t v = 0;

    if (fr != NULL) {
        result = flat_range_read(as, fr, a, &v, size, at);
    } else {
        result = addr_space_read(as, a, &v, size, at);
    }
    mem_map_end(map, counted);
    if (res != NULL) {
        *res = result;
    }
    return v;
}

void addr_space_st(AddrSpace *as, GuestAddr a, uint64_t val, unsigned size, MemAttrs at,
                   MemResult *res)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    const FlatRange *fr = flat_map_find(map, a);
    MemResult result;

    if (fr != NULL) {
        result = flat_range_write(as, fr, a, val, size, at);
    } else {
        result = addr_space_write(as, a, &val, size, at);
    }
    mem_map_end(map, counted);
    if (res != NULL) {
        *res = result;
    }
}

/* ---- Direct access */

uint8_t *addr_space_host(AddrSpace *as, GuestAddr a, uint64_t *len, bool write)
{
    bool counted;
    const FlatMap *map = mem_map_begin(as, &counted);
    const FlatRange *fr = flat_map_find(map, a);
    uint8_t *host = NULL;

    if (fr != NULL && fr->host != NULL && !(write && fr->readonly)) {
        host = fr->host + (a - fr->start);
        if (*len > 0) {
            *len = range_left(fr, a, *len);
        }
    }
    mem_map_end(map, counted);
    return host;
}

void *addr_space_pin(AddrSpace *as, GuestAddr a, size_t *len, bool write)
{
    enum { BOUNCE_MAX = 64 * 1024, BOUNCES_MAX = 1024 };
    uint64_t n = *len;
    uint8_t *host = addr_space_host(as, a, &n, write);
    Bounce b = { .addr = a, .write = write };

    if (host != NULL) {
        *len = n;
        return host;
    }
    b.len = MIN(*len, BOUNCE_MAX);
    g_mutex_lock(&as->ref_lock);
    if (as->bounces->len >= BOUNCES_MAX) {
        g_mutex_unlock(&as->ref_lock);
        return NULL;
    }
    b.host = g_malloc0(b.len);
    g_array_append_val(as->bounces, b);
    g_mutex_unlock(&as->ref_lock);
    if (!write) {
        addr_space_read(as, a, b.host, b.len, MEM_ATTRS_NONE);
    }
    *len = b.len;
    return b.host;
}

void addr_space_unpin(AddrSpace *as, void *p, size_t len, bool wrote)
{
    Bounce found = { 0 };
    uint64_t off;
    RamBlock *block;

    g_mutex_lock(&as->ref_lock);
    for (guint i = 0; i < as->bounces->len; i++) {
        if (g_array_index(as->bounces, Bounce, i).host == p) {
            found = g_array_index(as->bounces, Bounce, i);
            g_array_remove_index_fast(as->bounces, i);
            break;
        }
    }
    g_mutex_unlock(&as->ref_lock);
    if (found.host != NULL) {
        if (wrote && found.write) {
            addr_space_write(as, found.addr, found.host, MIN(len, found.len), MEM_ATTRS_NONE);
        }
        g_free(found.host);
        return;
    }
    block = ram_from_host(p, &off);
    if (block != NULL && wrote && len > 0) {
        ram_dirty_set(block, off, len);
    }
}
