/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between coroutine.c and the host's switch. */
#ifndef UTIL_COROUTINE_INT_H
#define UTIL_COROUTINE_INT_H

#include <stddef.h>

/* Saves the callee-saved registers on the stack and its pointer in *save, continues at load. */
void co_stack_switch(void **save, void *load);
/* A stack pointer that, switched to, calls fn (which must not return) on an empty stack that ends at top. */
void *co_stack_init(void *top, void (*fn)(void));

#endif
