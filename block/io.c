/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests on nodes: what every driver can count on is done once here. Bounds, read-only, order of overlapping
 * requests, alignment of offset, length and memory (by a bounce buffer, for writes by read-modify-write), and
 * what a driver does not have: zeroes by writing zeros, stable writes by a flush.
 *
 * Crash notes. A write is stable only when a later flush (or BLOCK_FUA) is done; before, any subset of its
 * sectors may be on the disk. A widened write rewrites its neighbours with the bytes they had; after a crash in
 * it they hold those bytes or what the disk makes of a torn sector, which is why widening happens to no more
 * than one alignment unit at each end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/block_int.h"
#include "util/bits.h"
#include "util/iov.h"
#include "util/range.h"

enum { ZERO_CHUNK = 1024 * 1024 };

static bool io_aligned(uint64_t off, uint64_t len, uint32_t align)
{
    return ((off | len) & (align - 1)) == 0;
}

/* Is each piece of memory fit for direct I/O? */
static bool io_mem_aligned(const BlockNode *n, IoVec v)
{
    size_t skip = v.skip, left = v.len;

    if (n->mem_align <= 1) {
        return true;
    }
    for (int i = 0; i < v.n && left > 0; i++) {
        size_t piece;

        if (skip >= v.iov[i].iov_len) {
            skip -= v.iov[i].iov_len;
            continue;
        }
        piece = MIN(v.iov[i].iov_len - skip, left);
        if ((((uintptr_t)v.iov[i].iov_base + skip) | piece) & (n->mem_align - 1)) {
            return false;
        }
        left -= piece;
        skip = 0;
    }
    return true;
}

static void *io_bounce_new(const BlockNode *n, uint64_t len)
{
    void *p = NULL;

    if (len > SIZE_MAX / 2 || posix_memalign(&p, MAX(n->mem_align, 64), MAX(len, 1)) != 0) {
        return NULL;
    }
    return p;
}

static IoVec io_one(struct iovec *iov, void *buf, size_t len)
{
    *iov = (struct iovec){ buf, len };
    return (IoVec){ iov, 1, 0, len };
}

static int co_read_bounced(BlockNode *n, uint64_t off, IoVec v)
{
    uint64_t lo = round_down(off, n->align), hi = round_up(off + v.len, n->align);
    char *buf = io_bounce_new(n, hi - lo);
    struct iovec one;
    int ret;

    if (buf == NULL) {
        return -ENOMEM;
    }
    ret = n->drv->co_read(n, lo, io_one(&one, buf, hi - lo));
    if (ret == 0) {
        iov_from_buf(v.iov, v.n, v.skip, buf + (off - lo), v.len);
    }
    free(buf);
    return ret;
}

int co_node_read(BlockNode *n, uint64_t off, IoVec v)
{
    uint64_t lo = round_down(off, n->align);
    BlockTracked t;
    int ret;

    if (v.len == 0) {
        return 0;
    }
    if (off > INT64_MAX - v.len) {
        return -EIO;
    }
    if (off >= n->length || v.len > n->length - off) {
        /* a node above may be longer by its last sector or granule: what is not there reads as zeros */
        size_t have = off >= n->length ? 0 : (size_t)(n->length - off);

        iov_fill(v.iov, v.n, v.skip + have, 0, v.len - have);
        v.len = have;
        if (have == 0) {
            return 0;
        }
    }
    co_tracked_begin(&t, n, lo, round_up(off + v.len, n->align) - lo, false);
    if (io_aligned(off, v.len, n->align) && io_mem_aligned(n, v)) {
        ret = n->drv->co_read(n, off, v);
    } else {
        ret = co_read_bounced(n, off, v);
    }
    tracked_end(&t);
    return ret;
}

/* The unit at `at` of a widened write, as it is now. */
static int co_read_unit(BlockNode *n, uint64_t at, char *buf)
{
    struct iovec one;

    return n->drv->co_read(n, at, io_one(&one, buf, n->write_align));
}

/* Read-modify-write of the units a write does not fill; v NULL memory means zeros. Range is tracked. */
static int co_write_bounced(BlockNode *n, uint64_t off, const IoVec *v, size_t len, unsigned flags)
{
    uint64_t lo = round_down(off, n->write_align), hi = round_up(off + len, n->write_align);
    char *buf = io_bounce_new(n, hi - lo);
    struct iovec one;
    int ret = 0;

    if (buf == NULL) {
        return -ENOMEM;
    }
    if (lo != off) {
        ret = co_read_unit(n, lo, buf);
    }
    if (ret == 0 && hi != off + len && (hi - lo > n->write_align || lo == off)) {
        ret = co_read_unit(n, hi - n->write_align, buf + (hi - lo - n->write_align));
    }
    if (ret == 0) {
        if (v != NULL) {
            iov_to_buf(v->iov, v->n, v->skip, buf + (off - lo), len);
        } else {
            memset(buf + (off - lo), 0, len);
        }
        ret = n->drv->co_write(n, lo, io_one(&one, buf, hi - lo), flags);
    }
    free(buf);
    return ret;
}

int co_node_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    uint64_t lo = round_down(off, n->write_align);
    BlockTracked t;
    int ret;

    if (!node_writable(n) || n->drv->co_write == NULL) {
        return -EACCES;
    }
    if (v.len == 0) {
        return 0;
    }
    if (off > INT64_MAX - v.len - n->write_align) {
        return -EIO;
    }
    co_tracked_begin(&t, n, lo, round_up(off + v.len, n->write_align) - lo, true);
    if (io_aligned(off, v.len, n->write_align) && io_mem_aligned(n, v)) {
        ret = n->drv->co_write(n, off, v, flags);
    } else {
        ret = co_write_bounced(n, off, &v, v.len, flags);
    }
    tracked_end(&t);
    return ret;
}

/* [off, off + len) is aligned to write_align and tracked. */
static int co_zero_aligned(BlockNode *n, uint64_t off, uint64_t len, unsigned flags)
{
    int ret = n->drv->co_zero == NULL ? -ENOTSUP : n->drv->co_zero(n, off, len, flags);

    while (ret == -ENOTSUP && len > 0) {
        uint64_t step = MIN(len, MAX((uint64_t)ZERO_CHUNK, n->write_align));
        int w = co_write_bounced(n, off, NULL, step, flags);

        if (w != 0) {
            return w;
        }
        off += step;
        len -= step;
        if (len == 0) {
            ret = 0;
        }
    }
    return ret;
}

int co_node_zero(BlockNode *n, uint64_t off, uint64_t len, unsigned flags)
{
    uint64_t lo = round_down(off, n->write_align), hi, head, tail;
    BlockTracked t;
    int ret = 0;

    if (!node_writable(n) || n->drv->co_write == NULL) {
        return -EACCES;
    }
    if (len == 0) {
        return 0;
    }
    if (off > INT64_MAX - len - n->write_align) {
        return -EIO;
    }
    hi = round_up(off + len, n->write_align);
    head = MIN(round_up(off, n->write_align), off + len) - off;     /* bytes before the first whole unit */
    tail = (off + len) - MAX(round_down(off + len, n->write_align), off + head);
    co_tracked_begin(&t, n, lo, hi - lo, true);
    if (head > 0) {
        ret = co_write_bounced(n, off, NULL, head, flags);
    }
    if (ret == 0 && len - head - tail > 0) {
        ret = co_zero_aligned(n, off + head, len - head - tail, flags);
    }
    if (ret == 0 && tail > 0) {
        ret = co_write_bounced(n, off + len - tail, NULL, tail, flags);
    }
    tracked_end(&t);
    return ret;
}

int co_node_discard(BlockNode *n, uint64_t off, uint64_t len)
{
    uint64_t lo = round_up(off, n->write_align), hi = round_down(off + len, n->write_align);
    BlockTracked t;
    int ret;

    if (!node_writable(n)) {
        return -EACCES;
    }
    if (n->drv->co_discard == NULL || lo >= hi) {
        return 0;                   /* a discard is a hint */
    }
    co_tracked_begin(&t, n, lo, hi - lo, true);
    ret = n->drv->co_discard(n, lo, hi - lo);
    tracked_end(&t);
    return ret == -ENOTSUP ? 0 : ret;
}

int co_node_flush(BlockNode *n)
{
    int ret = n->drv->co_flush == NULL || (n->flags & NODE_NO_FLUSH) || !node_writable(n) ? 0
        : n->drv->co_flush(n);

    if (ret == 0 && n->file != NULL) {
        ret = co_node_flush(n->file);
    }
    return ret;
}
