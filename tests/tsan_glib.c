/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ThreadSanitizer builds only: GLib's mutexes and conditions over again, so that the sanitizer sees what they
 * order (the library itself is not instrumented). The words mean what GLib's mean (0 free, 1 taken, 2 taken and
 * waited for; a condition is a counter), so that calls inside the library and these can be mixed. What a thread
 * pool and g_once_init_leave() order is told to the sanitizer around the library's own functions. */
#include <dlfcn.h>
#include <glib.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void futex(unsigned *word, int op, unsigned value)
{
    syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

void g_mutex_lock(GMutex *m)
{
    unsigned free_word = 0;

    if (__atomic_compare_exchange_n(&m->i[0], &free_word, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return;
    }
    while (__atomic_exchange_n(&m->i[0], 2, __ATOMIC_ACQ_REL) != 0) {
        futex(&m->i[0], FUTEX_WAIT_PRIVATE, 2);
    }
}

gboolean g_mutex_trylock(GMutex *m)
{
    unsigned free_word = 0;

    return __atomic_compare_exchange_n(&m->i[0], &free_word, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void g_mutex_unlock(GMutex *m)
{
    if (__atomic_exchange_n(&m->i[0], 0, __ATOMIC_ACQ_REL) == 2) {
        futex(&m->i[0], FUTEX_WAKE_PRIVATE, 1);
    }
}

void g_cond_wait(GCond *c, GMutex *m)
{
    unsigned seen = __atomic_load_n(&c->i[0], __ATOMIC_ACQUIRE);

    g_mutex_unlock(m);
    futex(&c->i[0], FUTEX_WAIT_PRIVATE, seen);
    g_mutex_lock(m);
}

gboolean g_cond_wait_until(GCond *c, GMutex *m, gint64 end_us)
{
    unsigned seen = __atomic_load_n(&c->i[0], __ATOMIC_ACQUIRE);
    gint64 left = end_us - g_get_monotonic_time();
    struct timespec ts = { left / 1000000, left % 1000000 * 1000 };

    if (left <= 0) {
        return FALSE;
    }
    g_mutex_unlock(m);
    syscall(SYS_futex, &c->i[0], FUTEX_WAIT_PRIVATE, seen, &ts, NULL, 0);
    g_mutex_lock(m);
    return g_get_monotonic_time() < end_us;
}

void g_cond_signal(GCond *c)
{
    __atomic_fetch_add(&c->i[0], 1, __ATOMIC_ACQ_REL);
    futex(&c->i[0], FUTEX_WAKE_PRIVATE, 1);
}

void g_cond_broadcast(GCond *c)
{
    __atomic_fetch_add(&c->i[0], 1, __ATOMIC_ACQ_REL);
    futex(&c->i[0], FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* ---- Told to the sanitizer: everything before a release is before what follows an acquire of the same address. */

void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

static void *next(const char *name)
{
    void *fn = dlsym(RTLD_NEXT, name);

    g_assert(fn != NULL);
    return fn;
}

typedef struct Task {
    GFunc fn;
    gpointer opaque;
} Task;

static void run_task(gpointer data, gpointer opaque)
{
    const Task *t = opaque;

    __tsan_acquire(data);
    t->fn(data, t->opaque);
}

GThreadPool *g_thread_pool_new(GFunc fn, gpointer opaque, gint max, gboolean exclusive, GError **errp)
{
    GThreadPool *(*real)(GFunc, gpointer, gint, gboolean, GError **) = next("g_thread_pool_new");
    Task *t = g_new(Task, 1);       /* for the life of the program, as our pools are */

    *t = (Task){ fn, opaque };
    return real(run_task, t, max, exclusive, errp);
}

gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **errp)
{
    gboolean (*real)(GThreadPool *, gpointer, GError **) = next("g_thread_pool_push");

    __tsan_release(data);
    return real(pool, data, errp);
}

#undef g_once_init_leave
void g_once_init_leave(volatile void *location, gsize result)
{
    void (*real)(volatile void *, gsize) = next("g_once_init_leave");

    __tsan_release((void *)(uintptr_t)location);
    real(location, result);
}
