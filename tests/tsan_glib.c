/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ThreadSanitizer builds only: GLib's mutexes and conditions over again, so that the sanitizer sees what they
 * order (the library itself is not instrumented). The words mean what GLib's mean (0 free, 1 taken, 2 taken and
 * waited for; a condition is a counter), so that calls inside the library and these can be mixed. */
#include <glib.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
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
