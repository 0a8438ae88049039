/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where coroutines wait for the host: a pool of threads that make blocking system calls, and Linux native AIO for
 * files opened past the page cache. Completions arrive by two eventfds, served by the main loop, or by whoever
 * waits synchronously with the lock held (aio_poll). A synchronous request's own work is done in place. */
#include <errno.h>
#include <libaio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "block/block_int.h"
#include "util/iov.h"
#include "util/loop.h"

enum { POOL_THREADS = 16, NATIVE_EVENTS = 128, NATIVE_IOV = 256 };

static struct {
    gsize once;
    GThreadPool *pool;
    GMutex mutex;                   /* done list */
    Work *done, **done_tail;
    int event_fd;                   /* the pool's completions, and wake-ups of ready coroutines */
    io_context_t native;
    int native_fd;                  /* -1: not set up */
    unsigned native_busy;
    GQueue ready;                   /* of Coroutine * */
    Coroutine *sync;
    bool dispatching;
} aio = { .native_fd = -1 };

static void aio_kick(void)
{
    uint64_t one = 1;
    ssize_t n = write(aio.event_fd, &one, sizeof(one));

    (void)n;
}

/* A pool thread. */
static void aio_worker(gpointer data, gpointer opaque)
{
    Work *w = data;
    bool first;

    w->ret = work_run(w);
    w->next = NULL;
    g_mutex_lock(&aio.mutex);
    first = aio.done == NULL;
    if (first) {
        aio.done_tail = &aio.done;
    }
    *aio.done_tail = w;
    aio.done_tail = &w->next;
    g_mutex_unlock(&aio.mutex);
    if (first) {
        aio_kick();
    }
}

static void aio_event(void *opaque, GIOCondition cond)
{
    aio.dispatching = true;
    aio_poll(false);
    aio.dispatching = false;
    reqs_tell_all();                /* not from within a coroutine: owners may wait synchronously */
}

static void aio_init(void)
{
    if (g_once_init_enter(&aio.once)) {
        aio.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        g_assert(aio.event_fd >= 0);
        aio.pool = g_thread_pool_new(aio_worker, NULL, POOL_THREADS, FALSE, NULL);
        g_queue_init(&aio.ready);
        loop_watch(loop_main(), aio.event_fd, G_IO_IN, aio_event, NULL);
        g_once_init_leave(&aio.once, 1);
    }
}

bool aio_native_setup(GError **errp)
{
    int ret;

    aio_init();
    if (aio.native_fd >= 0) {
        return true;
    }
    ret = io_setup(NATIVE_EVENTS, &aio.native);
    if (ret < 0) {
        return err_fail_errno(errp, -ret, "Unable to set up Linux AIO");
    }
    aio.native_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_assert(aio.native_fd >= 0);
    loop_watch(loop_main(), aio.native_fd, G_IO_IN, aio_event, NULL);
    return true;
}

Coroutine *aio_set_sync(Coroutine *co)
{
    Coroutine *old = aio.sync;

    aio.sync = co;
    return old;
}

bool aio_dispatching(void)
{
    return aio.dispatching && loop_is_current(loop_main());
}

void co_wake(Coroutine *co)
{
    aio_init();
    g_queue_push_tail(&aio.ready, co);
    aio_kick();
}

int co_work(Work *w)
{
    w->co = coroutine_self();
    if (w->co == aio.sync) {
        return work_run(w);
    }
    aio_init();
    g_thread_pool_push(aio.pool, w, NULL);
    co_yield();
    return w->ret;
}

/* The kernel's answer; what it did not do is done by a thread: short transfers end there, with an error or at
 * the end of the file. */
static int co_native_finish(Work *w, int64_t got)
{
    if (got < 0) {
        return (int)got;
    }
    if ((uint64_t)got == w->v.len) {
        return 0;
    }
    w->off += (uint64_t)got;
    w->v.skip += (size_t)got;
    w->v.len -= (size_t)got;
    return co_work(w);
}

typedef struct NativeWork { struct iocb cb; Work *w; int64_t res; } NativeWork;

int co_native(Work *w)
{
    struct iovec iov[NATIVE_IOV];
    struct iocb *list[1];
    NativeWork nw = { .w = w };
    int n = iov_slice(w->v.iov, w->v.n, w->v.skip, w->v.len, iov, NATIVE_IOV);

    w->co = coroutine_self();
    if (n < 0 || w->co == aio.sync || aio.native_busy >= NATIVE_EVENTS) {
        return co_work(w);
    }
    if (w->kind == WORK_READ) {
        io_prep_preadv(&nw.cb, w->fd, iov, n, (long long)w->off);
    } else {
        io_prep_pwritev(&nw.cb, w->fd, iov, n, (long long)w->off);
    }
    io_set_eventfd(&nw.cb, aio.native_fd);
    list[0] = &nw.cb;
    if (io_submit(aio.native, 1, list) != 1) {
        return co_work(w);
    }
    aio.native_busy++;
    co_yield();
    aio.native_busy--;
    return co_native_finish(w, nw.res);
}

/* The kernel's finished requests become ready coroutines. */
static void aio_reap_native(void)
{
    struct io_event ev[NATIVE_EVENTS];
    struct timespec zero = { 0, 0 };
    uint64_t count;
    int n;

    if (aio.native_fd < 0 || read(aio.native_fd, &count, sizeof(count)) < 0) {
        return;
    }
    n = io_getevents(aio.native, 0, NATIVE_EVENTS, ev, &zero);
    for (int i = 0; i < n; i++) {
        NativeWork *nw = (NativeWork *)(void *)ev[i].obj;      /* cb is its first member */

        nw->res = (int64_t)ev[i].res;
        g_queue_push_tail(&aio.ready, nw->w->co);
    }
}

static void aio_reap_pool(void)
{
    uint64_t count;
    Work *list;

    while (read(aio.event_fd, &count, sizeof(count)) > 0) {
    }
    g_mutex_lock(&aio.mutex);
    list = aio.done;
    aio.done = NULL;
    g_mutex_unlock(&aio.mutex);
    while (list != NULL) {
        Work *next = list->next;

        g_queue_push_tail(&aio.ready, list->co);
        list = next;
    }
}

bool aio_poll(bool block)
{
    struct pollfd fds[2];
    bool progress = false;
    Coroutine *co;

    aio_init();
    for (;;) {
        aio_reap_pool();
        aio_reap_native();
        while ((co = g_queue_pop_head(&aio.ready)) != NULL) {
            coroutine_enter(co);
            progress = true;
        }
        if (progress || !block) {
            return progress;
        }
        fds[0] = (struct pollfd){ aio.event_fd, POLLIN, 0 };
        fds[1] = (struct pollfd){ aio.native_fd, POLLIN, 0 };
        poll(fds, aio.native_fd >= 0 ? 2 : 1, -1);
    }
}
