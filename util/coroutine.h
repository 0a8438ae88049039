/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stackful coroutines, for block/ only. Every function that may switch has "co_" in its name. */
#ifndef UTIL_COROUTINE_H
#define UTIL_COROUTINE_H

#include <stdbool.h>

typedef struct Coroutine Coroutine;

/* Not running yet. It frees itself when entry returns. */
Coroutine *coroutine_new(void (*entry)(void *opaque), void *opaque);
/* Runs it until it yields or ends. It may be entered from another thread than before, if the caller sees to
 * it that nobody else does (a lock) and the coroutine keeps no address of a thread variable across a switch. */
void coroutine_enter(Coroutine *co);
void co_yield(void);                        /* back to whoever entered it */
Coroutine *coroutine_self(void);            /* NULL outside of any */

#endif
