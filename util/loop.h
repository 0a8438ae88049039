/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loops: one main loop and one per iothread, each a GMainContext with our timers on it (timer.h).
 * Callbacks run on the loop's own thread, with its lock held if it has one (loop_set_lock_hooks).
 * Everything here may be called from any thread, unless said otherwise. */
#ifndef UTIL_LOOP_H
#define UTIL_LOOP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/timer.h"

typedef struct Loop Loop;
typedef struct Defer Defer;         /* a call to be made by the loop's own thread */

/* The main loop runs the default GMainContext, so sources that libraries add there are served too. */
Loop *loop_main(void);
/* A loop with a thread that serves it at once. */
Loop *loop_new_thread(const char *name);
/* The same with lock hooks (loop_set_lock_hooks), which are there before the thread is. */
Loop *loop_new_thread_locked(const char *name, void (*lock)(void *opaque), void (*unlock)(void *opaque),
                             void *opaque);
/* Stops and joins the thread; watches go, timers and defers must be gone. Not for the main loop. */
void loop_free(Loop *l);
GMainContext *loop_context(Loop *l);
bool loop_is_current(const Loop *l);            /* is this the thread that dispatches it now? */
int loop_thread_id(const Loop *l);              /* host tid of its thread; 0: not known yet */

/* Every round of callbacks of this loop runs between lock() and unlock(). Set before the loop runs. */
void loop_set_lock_hooks(Loop *l, void (*lock)(void *opaque), void (*unlock)(void *opaque), void *opaque);
/* Serves the loop on this thread until loop_quit(). The caller does not hold the hooked lock. */
void loop_run(Loop *l);
void loop_quit(Loop *l);            /* also from a signal handler */
/* One round: waits for something (or not), serves it. Returns true if callbacks ran. Main thread; not from
 * callbacks; hooked lock not held. */
bool loop_step(Loop *l, bool may_block);

/* Calls fn whenever fd is ready for `when` (G_IO_HUP and G_IO_ERR always count). Replaces an earlier watch of
 * the fd; when 0 or fn NULL removes it, which must come before close(fd). */
void loop_watch(Loop *l, int fd, GIOCondition when, void (*fn)(void *opaque, GIOCondition), void *opaque);

Defer *defer_new(Loop *l, void (*fn)(void *opaque), void *opaque);
void defer_schedule(Defer *d);      /* any thread, any signal handler; runs once however often asked */
void defer_free(Defer *d);          /* loop's thread or under its lock: fn does not run any more. NULL is fine */
/* One call of fn by the loop, soon. */
void loop_call(Loop *l, void (*fn)(void *opaque), void *opaque);

#endif
