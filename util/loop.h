/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loops: one main loop and one per iothread, each a GMainContext with our timers on it. */
#ifndef UTIL_LOOP_H
#define UTIL_LOOP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;
typedef struct Timer Timer;
typedef struct Defer Defer;         /* a call to be made by the loop's own thread */
typedef enum Clock { CLOCK_HOST, CLOCK_REAL, CLOCK_VIRTUAL } Clock;   /* virtual stops with the VM */

Loop *loop_main(void);
Loop *loop_new_thread(const char *name);
void loop_watch(Loop *l, int fd, GIOCondition when, void (*fn)(void *opaque, GIOCondition), void *opaque);
Defer *defer_new(Loop *l, void (*fn)(void *opaque), void *opaque);
void defer_schedule(Defer *d);      /* any thread, any signal handler; runs once */
Timer *timer_new(Loop *l, Clock clock, void (*fn)(void *opaque), void *opaque);
void timer_set(Timer *t, int64_t when_ns);
void timer_cancel(Timer *t);
int64_t clock_ns(Clock clock);

#endif
