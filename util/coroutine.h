/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stackful coroutines, for block/ only. Every function that may switch has "co_" in its name. */
#ifndef UTIL_COROUTINE_H
#define UTIL_COROUTINE_H

typedef struct Coroutine Coroutine;

Coroutine *coroutine_new(void (*entry)(void *opaque), void *opaque);
void coroutine_enter(Coroutine *co);        /* runs it until it yields; same thread every time */
void co_yield(void);
Coroutine *coroutine_self(void);

#endif
