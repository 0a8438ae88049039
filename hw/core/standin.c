/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weak stand-ins for loops and timers until util has them; goes away with their arrival. */
#include "util/loop.h"

#define WEAK __attribute__((weak))
WEAK Loop *loop_main(void) { return NULL; }
WEAK void loop_quit(Loop *l) { (void)l; }
WEAK void loop_run(Loop *l) { (void)l; }
WEAK void loop_set_lock_hooks(Loop *l, void (*lock)(void *), void (*unlock)(void *), void *opaque) { (void)l; (void)lock; (void)unlock; (void)opaque; }
WEAK Defer *defer_new(Loop *l, void (*fn)(void *opaque), void *opaque) { (void)l; (void)fn; (void)opaque; return NULL; }
WEAK void defer_schedule(Defer *d) { (void)d; }
WEAK void defer_free(Defer *d) { (void)d; }
WEAK void clock_virtual_enable(bool on) { (void)on; }
WEAK bool timer_pending(const Timer *t) { (void)t; return false; }
WEAK int64_t timer_expiry(const Timer *t) { (void)t; return INT64_MAX; }
WEAK void timer_set(Timer *t, int64_t when_ns) { (void)t; (void)when_ns; }
WEAK void timer_cancel(Timer *t) { (void)t; }
