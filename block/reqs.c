/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of devices: callbacks outside, a coroutine each inside. A request that ends within the call that makes
 * it, or on another thread than the main loop's, is told to its owner later, by the main loop.
 * Where virtual time is counted, a request made while it runs ends TIMED_NS later by that clock, neither
 * before nor after: who runs the timers waits for the host if need be. So runs can be repeated.
 *
 * Crash note: without a write cache (cache=writethrough, directsync, or the guest switched it off) each write is
 * stable when it is told done (BLOCK_FUA). Otherwise only a flush makes it so. */
#include <errno.h>
#include <string.h>
#include "block/block_int.h"
#include "util/iov.h"
#include "util/log.h"
#include "util/loop.h"

struct BlockReq {
    Block *block;
    ReqKind kind;
    uint64_t off, len;
    struct iovec *iov;              /* copy */
    int n;
    unsigned flags;
    BlockDone *done;
    void *opaque;
    int ret;
    bool finished, cancelled;
    Timer *timer;                   /* it ends in virtual time; NULL: in the host's */
    int64_t start_ns;
};

enum { TIMED_NS = 50 * 1000 };

static GQueue req_done = G_QUEUE_INIT;      /* finished, to be told */
static GQueue req_timed = G_QUEUE_INIT;     /* those with timers, oldest first */
static Defer *req_defer;

static void req_count(const BlockReq *r)
{
    BlockStats *s = &r->block->stats;
    uint64_t ns = (uint64_t)(clock_ns(CLOCK_REAL) - r->start_ns);

    switch (r->kind) {
    case REQ_READ:
        s->rd_ops++;
        s->rd_bytes += r->len;
        s->rd_ns += ns;
        break;
    case REQ_WRITE:
    case REQ_ZERO:
        s->wr_ops++;
        s->wr_bytes += r->len;
        s->wr_ns += ns;
        s->wr_highest = MAX(s->wr_highest, r->off + r->len);
        break;
    case REQ_DISCARD:
        s->unmap_ops++;
        s->unmap_bytes += r->len;
        s->unmap_ns += ns;
        break;
    case REQ_FLUSH:
        s->flush_ops++;
        s->flush_ns += ns;
        break;
    }
}

static void req_tell(BlockReq *r)
{
    r->block->in_flight--;
    if (r->timer != NULL) {
        g_queue_remove(&req_timed, r);
        timer_free(r->timer);
    }
    if (!r->cancelled) {
        r->done(r->opaque, r->ret);
    }
    g_free(r->iov);
    g_free(r);
}

bool reqs_tell_all(void)
{
    bool any = false;
    BlockReq *r;

    while ((r = g_queue_pop_head(&req_done)) != NULL) {
        req_tell(r);
        any = true;
    }
    return any;
}

static void req_finish(BlockReq *r)
{
    while (!r->finished) {
        aio_poll(true);
    }
}

static void req_due(void *opaque)
{
    req_finish(opaque);
    req_tell(opaque);
}

/* Nobody waits for virtual time: the oldest of this Block's. */
static bool req_tell_early(const Block *b)
{
    for (GList *l = req_timed.head; l != NULL; l = l->next) {
        BlockReq *r = l->data;

        if (r->block == b) {
            req_due(r);
            return true;
        }
    }
    return false;
}

static void req_deferred(void *opaque)
{
    reqs_tell_all();
}

static int co_req_write(BlockReq *r, BlockNode *n)
{
    Block *b = r->block;
    unsigned flags = r->flags | (b->m.write_cache ? 0 : BLOCK_FUA);
    IoVec v = { r->iov, r->n, 0, r->len };

    if (b->m.detect_zeroes != DETECT_OFF && iov_is_zero(r->iov, r->n, 0, r->len)) {
        return co_node_zero(n, r->off, r->len, flags | (b->m.detect_zeroes == DETECT_UNMAP ? BLOCK_MAY_UNMAP : 0));
    }
    return co_node_write(n, r->off, v, flags);
}

static int co_req_do(BlockReq *r)
{
    Block *b = r->block;
    BlockNode *n = b->m.root;

    if (n == NULL) {
        return -ENOMEDIUM;
    }
    if (r->kind != REQ_FLUSH && (r->off > n->length || r->len > n->length - r->off)) {
        return -EIO;
    }
    if (r->kind != REQ_READ && r->kind != REQ_FLUSH && !node_writable(n)) {
        return -EACCES;
    }
    switch (r->kind) {
    case REQ_READ:
        return co_node_read(n, r->off, (IoVec){ r->iov, r->n, 0, r->len });
    case REQ_WRITE:
        return co_req_write(r, n);
    case REQ_ZERO:
        return co_node_zero(n, r->off, r->len, (r->flags & (b->m.unmap ? ~0u : ~(unsigned)BLOCK_MAY_UNMAP)) |
                                               (b->m.write_cache ? 0 : BLOCK_FUA));
    case REQ_DISCARD:
        return b->m.unmap ? co_node_discard(n, r->off, r->len) : 0;
    case REQ_FLUSH:
        return co_node_flush(n);
    }
    return -EINVAL;
}

static void co_req_run(void *opaque)
{
    BlockReq *r = opaque;

    r->ret = co_req_do(r);
    r->finished = true;
    req_count(r);
    if (r->timer != NULL) {
        return;
    }
    g_queue_push_tail(&req_done, r);
    if (aio_dispatching()) {
        return;                     /* it tells them next */
    }
    if (req_defer == NULL) {
        req_defer = defer_new(loop_main(), req_deferred, NULL);
    }
    defer_schedule(req_defer);
}

static BlockReq *req_start(Block *b, ReqKind kind, uint64_t off, uint64_t len, const struct iovec *iov, int n,
                           unsigned flags, BlockDone *done, void *opaque)
{
    BlockReq *r = g_new0(BlockReq, 1);

    *r = (BlockReq){ .block = b, .kind = kind, .off = off, .len = len, .n = n, .flags = flags, .done = done,
                     .opaque = opaque, .start_ns = clock_ns(CLOCK_REAL) };
    if (n > 0) {
        r->iov = g_new(struct iovec, n);
        memcpy(r->iov, iov, (size_t)n * sizeof(*iov));
    }
    b->in_flight++;
    if (clock_virtual_counted()) {
        r->timer = timer_new(loop_main(), CLOCK_VIRTUAL, req_due, r);
        g_queue_push_tail(&req_timed, r);
        timer_set_in(r->timer, TIMED_NS);
    }
    coroutine_enter(coroutine_new(co_req_run, r));
    return r;                       /* still there: its owner is told by the main loop, not before */
}

BlockReq *block_read(Block *b, uint64_t off, const struct iovec *iov, int n, BlockDone *done, void *opaque)
{
    return req_start(b, REQ_READ, off, iov_size(iov, n), iov, n, 0, done, opaque);
}

BlockReq *block_write(Block *b, uint64_t off, const struct iovec *iov, int n, unsigned flags, BlockDone *done,
                      void *opaque)
{
    return req_start(b, REQ_WRITE, off, iov_size(iov, n), iov, n, flags, done, opaque);
}

BlockReq *block_zero(Block *b, uint64_t off, uint64_t len, unsigned flags, BlockDone *done, void *opaque)
{
    return req_start(b, REQ_ZERO, off, len, NULL, 0, flags, done, opaque);
}

BlockReq *block_discard(Block *b, uint64_t off, uint64_t len, BlockDone *done, void *opaque)
{
    return req_start(b, REQ_DISCARD, off, len, NULL, 0, 0, done, opaque);
}

BlockReq *block_flush(Block *b, BlockDone *done, void *opaque)
{
    return req_start(b, REQ_FLUSH, 0, 0, NULL, 0, 0, done, opaque);
}

void block_cancel(BlockReq *r)
{
    r->cancelled = true;
    req_finish(r);
    if (r->timer != NULL || g_queue_remove(&req_done, r)) {
        req_tell(r);
    }
}

void block_drain(Block *b)
{
    while (b->in_flight > 0) {
        if (!reqs_tell_all() && !req_tell_early(b)) {
            aio_poll(true);
        }
    }
}

static void block_drain_one(Block *b, void *opaque)
{
    block_drain(b);
}

void block_drain_all(void)
{
    block_foreach(block_drain_one, NULL);
}

typedef struct SyncReq { Block *b; uint64_t off; struct iovec iov; ReqKind kind; unsigned flags; int ret; } SyncReq;

static void co_sync_req(void *opaque)
{
    SyncReq *s = opaque;
    BlockReq r = { .block = s->b, .kind = s->kind, .off = s->off, .len = s->iov.iov_len, .iov = &s->iov, .n = 1,
                   .flags = s->flags, .start_ns = clock_ns(CLOCK_REAL) };

    s->ret = co_req_do(&r);
    req_count(&r);
}

int block_pread(Block *b, uint64_t off, void *buf, size_t len)
{
    SyncReq s = { b, off, { buf, len }, REQ_READ, 0, 0 };

    block_run_sync(co_sync_req, &s);
    return s.ret;
}

int block_pwrite(Block *b, uint64_t off, const void *buf, size_t len, unsigned flags)
{
    SyncReq s = { b, off, { (void *)(uintptr_t)buf, len }, REQ_WRITE, flags, 0 };

    block_run_sync(co_sync_req, &s);
    return s.ret;
}

int block_flush_sync(Block *b)
{
    SyncReq s = { b, 0, { NULL, 0 }, REQ_FLUSH, 0, 0 };

    block_run_sync(co_sync_req, &s);
    return s.ret;
}

static void block_flush_one(Block *b, void *opaque)
{
    int ret = block_inserted(b) && !block_read_only(b) ? block_flush_sync(b) : 0;

    if (ret != 0) {
        report_error("flushing drive '%s' failed: %s", b->id, g_strerror(-ret));
        *(bool *)opaque = false;
    }
}

bool block_flush_all(void)
{
    bool ok = true;

    block_foreach(block_flush_one, &ok);
    return ok;
}
