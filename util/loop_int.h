/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between loop.c and timer.c. */
#ifndef UTIL_LOOP_INT_H
#define UTIL_LOOP_INT_H

#include "util/loop.h"

typedef struct TimerHeap { Timer **at; unsigned n, room; } TimerHeap;   /* at[0] is the earliest */

struct Loop {
    GMainContext *ctx;
    void (*lock)(void *opaque);
    void (*unlock)(void *opaque);
    void *lock_opaque;
    GMutex mutex;                   /* heaps, armed, watches; innermost lock */
    TimerHeap heap[CLOCKS];
    uint64_t timer_seq;             /* timers of one deadline fire in the order they were armed */
    int timer_fd, event_fd;
    int64_t armed;                  /* what timer_fd is set to, CLOCK_REAL; INT64_MAX: not set */
    bool timers_due;                /* some timer is due already: the next round runs them; atomic */
    GHashTable *watches;            /* fd -> GSource */
    Defer *queue;                   /* scheduled, newest first; atomic */
    GThread *owner;                 /* thread that serves it; atomic */
    GThread *thread;                /* made by loop_new_thread() */
    int tid;                        /* atomic */
    bool quit;                      /* atomic */
};

void loops_foreach(void (*fn)(Loop *l));
/* Timers of this loop that are due by host time; then timer_fd is set anew. On the loop's thread. */
void loop_run_timers(Loop *l);
void loop_wake(Loop *l);            /* a round begins soon; async-signal-safe */
void loop_timers_init(Loop *l);
void loop_timers_fini(Loop *l);

#endif
