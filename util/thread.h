/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: names, ids, and an event to wait for that costs nothing when it is already there. */
#ifndef UTIL_THREAD_H
#define UTIL_THREAD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

int thread_id(void);                        /* host tid of the caller */
void thread_set_name(const char *name);     /* of the caller; 15 bytes count */
/* Blocks all signals but the synchronous ones: for every thread but the main one. */
void thread_block_signals(void);

/* A flag one can wait for (futex). Any number of waiters; stays set until reset. Zero is "not set". */
typedef struct Event { int state; } Event;
void event_set(Event *e);
void event_reset(Event *e);
void event_wait(Event *e);
bool event_wait_ns(Event *e, int64_t timeout_ns);   /* false: not set in time */
static inline bool event_is_set(const Event *e) { return __atomic_load_n(&e->state, __ATOMIC_ACQUIRE) == 1; }

#endif
