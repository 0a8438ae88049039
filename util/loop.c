/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loops on GMainContext. A round is: poll without the hooked lock, then check, dispatch and prepare the
 * next poll with it, so that sources of any origin may touch what the lock protects. Deferred calls are a
 * lock-free list and an eventfd, the only means a signal handler may use. */
#include "util/loop.h"
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "util/loop_int.h"

struct Defer {
    Loop *loop;
    void (*fn)(void *opaque);
    void *opaque;
    Defer *next;                    /* in Loop.queue */
    int pending;                    /* atomic */
    bool dead;                      /* freed while pending: the loop frees it */
};

typedef struct Watch {
    Loop *loop;
    int fd;
    void (*fn)(void *opaque, GIOCondition);
    void *opaque;
} Watch;

static GMutex loops_mutex;
static GPtrArray *loops;            /* of Loop * */

void loops_foreach(void (*fn)(Loop *l))
{
    g_mutex_lock(&loops_mutex);
    for (guint i = 0; loops != NULL && i < loops->len; i++) {
        fn(g_ptr_array_index(loops, i));
    }
    g_mutex_unlock(&loops_mutex);
}

void loop_wake(Loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->event_fd, &one, sizeof(one));      /* fails only when it is awake already */

    (void)n;
}

static void defer_run_queue(Loop *l)
{
    Defer *list = __atomic_exchange_n(&l->queue, NULL, __ATOMIC_ACQUIRE), *in_order = NULL;

    while (list != NULL) {
        Defer *next = list->next;

        list->next = in_order;
        in_order = list;
        list = next;
    }
    while (in_order != NULL) {
        Defer *d = in_order;

        in_order = d->next;
        __atomic_store_n(&d->pending, 0, __ATOMIC_SEQ_CST);     /* from here on it may be queued again */
        if (d->dead) {
            g_free(d);
        } else {
            d->fn(d->opaque);
        }
    }
}

static gboolean loop_event(int fd, GIOCondition cond, gpointer opaque)
{
    Loop *l = opaque;
    uint64_t count;

    while (read(fd, &count, sizeof(count)) > 0) {
    }
    defer_run_queue(l);
    if (__atomic_load_n(&l->timers_due, __ATOMIC_RELAXED)) {
        loop_run_timers(l);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean loop_timer_event(int fd, GIOCondition cond, gpointer opaque)
{
    loop_run_timers(opaque);
    return G_SOURCE_CONTINUE;
}

static GSource *loop_attach(Loop *l, int fd, GIOCondition when, GUnixFDSourceFunc fn, void *opaque,
                            GDestroyNotify notify)
{
    GSource *s = g_unix_fd_source_new(fd, when);

    g_source_set_callback(s, G_SOURCE_FUNC(fn), opaque, notify);
    g_source_set_can_recurse(s, TRUE);
    g_source_attach(s, l->ctx);
    return s;
}

static Loop *loop_new(GMainContext *ctx)
{
    Loop *l = g_new0(Loop, 1);

    l->ctx = ctx;
    g_mutex_init(&l->mutex);
    l->watches = g_hash_table_new(NULL, NULL);
    l->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_assert(l->event_fd >= 0);
    loop_timers_init(l);
    g_source_unref(loop_attach(l, l->event_fd, G_IO_IN, loop_event, l, NULL));
    g_source_unref(loop_attach(l, l->timer_fd, G_IO_IN, loop_timer_event, l, NULL));
    g_mutex_lock(&loops_mutex);
    if (loops == NULL) {
        loops = g_ptr_array_new();
    }
    g_ptr_array_add(loops, l);
    g_mutex_unlock(&loops_mutex);
    return l;
}

Loop *loop_main(void)
{
    static Loop *main_loop;
    static gsize once;

    if (g_once_init_enter(&once)) {
        main_loop = loop_new(g_main_context_ref(g_main_context_default()));
        g_once_init_leave(&once, 1);
    }
    return main_loop;
}

static gpointer loop_thread(gpointer opaque)
{
    Loop *l = opaque;

    g_main_context_push_thread_default(l->ctx);
    loop_run(l);
    g_main_context_pop_thread_default(l->ctx);
    return NULL;
}

Loop *loop_new_thread(const char *name)
{
    return loop_new_thread_locked(name, NULL, NULL, NULL);
}

Loop *loop_new_thread_locked(const char *name, void (*lock)(void *opaque), void (*unlock)(void *opaque),
                             void *opaque)
{
    Loop *l = loop_new(g_main_context_new());

    loop_set_lock_hooks(l, lock, unlock, opaque);
    l->thread = g_thread_new(name, loop_thread, l);
    return l;
}

void loop_free(Loop *l)
{
    GHashTableIter it;
    gpointer source;

    g_assert(l->thread != NULL);
    loop_quit(l);
    g_thread_join(l->thread);
    g_mutex_lock(&loops_mutex);
    g_ptr_array_remove(loops, l);
    g_mutex_unlock(&loops_mutex);
    g_hash_table_iter_init(&it, l->watches);
    while (g_hash_table_iter_next(&it, NULL, &source)) {
        g_source_destroy(source);
        g_source_unref(source);
    }
    g_hash_table_unref(l->watches);
    g_main_context_unref(l->ctx);
    loop_timers_fini(l);
    close(l->event_fd);
    g_mutex_clear(&l->mutex);
    g_free(l);
}

GMainContext *loop_context(Loop *l) { return l->ctx; }
int loop_thread_id(const Loop *l) { return __atomic_load_n(&l->tid, __ATOMIC_RELAXED); }

bool loop_is_current(const Loop *l)
{
    return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) == g_thread_self();
}

void loop_set_lock_hooks(Loop *l, void (*lock)(void *opaque), void (*unlock)(void *opaque), void *opaque)
{
    l->lock = lock;
    l->unlock = unlock;
    l->lock_opaque = opaque;
}

static void loop_take_lock(Loop *l)
{
    if (l->lock != NULL) {
        l->lock(l->lock_opaque);
    }
}

static void loop_drop_lock(Loop *l)
{
    if (l->unlock != NULL) {
        l->unlock(l->lock_opaque);
    }
}

bool loop_step(Loop *l, bool may_block)
{
    GPollFD few[64];
    g_autofree GPollFD *many = NULL;
    GPollFD *fds = few;
    gint room = G_N_ELEMENTS(few), prio, timeout, n;
    gboolean ready;

    if (!g_main_context_acquire(l->ctx)) {
        return false;
    }
    __atomic_store_n(&l->owner, g_thread_self(), __ATOMIC_RELAXED);
    loop_take_lock(l);
    ready = g_main_context_prepare(l->ctx, &prio);
    while ((n = g_main_context_query(l->ctx, prio, &timeout, fds, room)) > room) {
        room = n;
        g_free(many);
        fds = many = g_new(GPollFD, room);
    }
    loop_drop_lock(l);
    g_poll(fds, (guint)n, may_block && !ready ? timeout : 0);
    loop_take_lock(l);
    ready = g_main_context_check(l->ctx, prio, fds, n);
    if (ready) {
        g_main_context_dispatch(l->ctx);
    }
    loop_drop_lock(l);
    g_main_context_release(l->ctx);
    return ready;
}

void loop_run(Loop *l)
{
    __atomic_store_n(&l->tid, (int)syscall(SYS_gettid), __ATOMIC_RELAXED);
    while (!__atomic_load_n(&l->quit, __ATOMIC_ACQUIRE)) {
        loop_step(l, true);
    }
    __atomic_store_n(&l->quit, false, __ATOMIC_RELEASE);
}

void loop_quit(Loop *l)
{
    __atomic_store_n(&l->quit, true, __ATOMIC_RELEASE);
    loop_wake(l);
}

static gboolean loop_watch_event(int fd, GIOCondition cond, gpointer opaque)
{
    Watch *w = opaque;

    w->fn(w->opaque, cond);
    return G_SOURCE_CONTINUE;
}

void loop_watch(Loop *l, int fd, GIOCondition when, void (*fn)(void *opaque, GIOCondition), void *opaque)
{
    bool remove = fn == NULL || when == 0;
    GSource *old, *fresh = NULL;

    if (!remove) {
        Watch *w = g_new(Watch, 1);

        *w = (Watch){ l, fd, fn, opaque };
        fresh = loop_attach(l, fd, when, loop_watch_event, w, g_free);
    }
    g_mutex_lock(&l->mutex);
    old = g_hash_table_lookup(l->watches, GINT_TO_POINTER(fd));
    if (remove) {
        g_hash_table_remove(l->watches, GINT_TO_POINTER(fd));
    } else {
        g_hash_table_insert(l->watches, GINT_TO_POINTER(fd), fresh);
    }
    g_mutex_unlock(&l->mutex);
    if (old != NULL) {
        g_source_destroy(old);
        g_source_unref(old);
    }
}

Defer *defer_new(Loop *l, void (*fn)(void *opaque), void *opaque)
{
    Defer *d = g_new0(Defer, 1);

    d->loop = l;
    d->fn = fn;
    d->opaque = opaque;
    return d;
}

void defer_schedule(Defer *d)
{
    Loop *l = d->loop;

    if (__atomic_exchange_n(&d->pending, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    d->next = __atomic_load_n(&l->queue, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&l->queue, &d->next, d, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
    loop_wake(l);
}

void defer_free(Defer *d)
{
    if (d == NULL) {
        return;
    }
    if (__atomic_load_n(&d->pending, __ATOMIC_SEQ_CST) != 0) {
        d->dead = true;
    } else {
        g_free(d);
    }
}

typedef struct LoopCall { Defer *defer; void (*fn)(void *opaque); void *opaque; } LoopCall;

static void loop_call_run(void *opaque)
{
    LoopCall *c = opaque;

    c->fn(c->opaque);
    defer_free(c->defer);
    g_free(c);
}

void loop_call(Loop *l, void (*fn)(void *opaque), void *opaque)
{
    LoopCall *c = g_new(LoopCall, 1);

    *c = (LoopCall){ defer_new(l, loop_call_run, c), fn, opaque };
    defer_schedule(c->defer);
}
