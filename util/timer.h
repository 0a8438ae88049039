/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers. Deadlines are absolute nanoseconds of the timer's clock. A timer belongs to a loop, and
 * its callback runs on the loop's thread under the loop's lock; it is armed and cancelled from any thread. A
 * timer cancelled or freed under the loop's lock does not fire afterwards. */
#ifndef UTIL_TIMER_H
#define UTIL_TIMER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;
typedef struct Timer Timer;
typedef enum Clock {
    CLOCK_HOST,                     /* time of day, since 1970; jumps when the host's is set */
    CLOCK_REAL,                     /* monotonic */
    CLOCK_VIRTUAL,                  /* the guest's: from 0, stops with the VM, may be an accelerator's */
    CLOCKS
} Clock;

int64_t clock_ns(Clock clock);      /* any thread, no lock */

/* One-shot; not armed. */
Timer *timer_new(Loop *l, Clock clock, void (*fn)(void *opaque), void *opaque);
void timer_free(Timer *t);          /* cancels; NULL is fine */
void timer_set(Timer *t, int64_t when_ns);          /* replaces an earlier deadline; the past fires soon */
/* Moves it only if when_ns is earlier than the deadline it has. */
void timer_set_earlier(Timer *t, int64_t when_ns);
void timer_set_in(Timer *t, int64_t delta_ns);      /* from now */
void timer_cancel(Timer *t);
bool timer_pending(const Timer *t);
int64_t timer_expiry(const Timer *t);               /* INT64_MAX: not armed */

/* ---- The virtual clock. Under the VM lock. Disabled at start. */
void clock_virtual_enable(bool on);
bool clock_virtual_enabled(void);
/* For migration and reset to a time: the clock continues from ns. */
void clock_virtual_set(int64_t ns);
/* An accelerator supplies the time. now() may be called by any thread. deadline_changed() (NULL: nobody cares)
 * runs when a virtual timer becomes the new earliest, on the thread that armed it. Host time no longer
 * fires virtual timers: the accelerator calls clock_virtual_run(). source NULL: host time again. */
typedef struct ClockSource {
    int64_t (*now)(void *opaque);
    void (*deadline_changed)(void *opaque);
    void *opaque;
    bool counted;                   /* time is what the guest executes: runs can be repeated */
} ClockSource;
void clock_virtual_set_source(const ClockSource *source);   /* kept */
/* Does virtual time run by counting? Then the host's part of what a guest waits for has to end in virtual time. */
bool clock_virtual_counted(void);
/* Earliest deadline of all virtual timers; INT64_MAX: none. Any thread. */
int64_t clock_virtual_deadline(void);
/* Runs on the calling thread, under the VM lock, the due virtual timers of the main loop; other loops' are
 * woken. */
void clock_virtual_run(void);

#endif
