/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thread helpers for Linux: tids, names, futex events. */
#include "util/thread.h"
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "util/bits.h"

enum { EVENT_CLEAR, EVENT_SET, EVENT_WAITED };      /* WAITED: clear, and somebody sleeps */

int thread_id(void)
{
    return (int)syscall(SYS_gettid);
}

void thread_set_name(const char *name)
{
    char cut[16];

    g_strlcpy(cut, name, sizeof(cut));
    pthread_setname_np(pthread_self(), cut);
}

void thread_block_signals(void)
{
    static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < ARRAY_LEN(synchronous); i++) {
        sigdelset(&set, synchronous[i]);
    }
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

void event_set(Event *e)
{
    if (__atomic_exchange_n(&e->state, EVENT_SET, __ATOMIC_SEQ_CST) == EVENT_WAITED) {
        syscall(SYS_futex, &e->state, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    }
}

void event_reset(Event *e)
{
    int set = EVENT_SET;

    __atomic_compare_exchange_n(&e->state, &set, EVENT_CLEAR, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool event_wait_ns(Event *e, int64_t timeout_ns)
{
    int64_t end = g_get_monotonic_time() * NS_PER_US + timeout_ns;

    for (;;) {
        int clear = EVENT_CLEAR;
        int64_t left = end - g_get_monotonic_time() * NS_PER_US;
        struct timespec ts = { left / NS_PER_S, left % NS_PER_S };

        if (event_is_set(e)) {
            return true;
        }
        if (timeout_ns >= 0 && left <= 0) {
            return false;
        }
        __atomic_compare_exchange_n(&e->state, &clear, EVENT_WAITED, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        if (clear != EVENT_SET) {
            syscall(SYS_futex, &e->state, FUTEX_WAIT_PRIVATE, EVENT_WAITED, timeout_ns < 0 ? NULL : &ts, NULL, 0);
        }
    }
}

void event_wait(Event *e)
{
    event_wait_ns(e, -1);
}
