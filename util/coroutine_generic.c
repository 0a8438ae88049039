/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stack switch by ucontext, for hosts without one of their own. Slower: it saves the signal mask each time. */
#include <glib.h>
#include <ucontext.h>
#include "util/coroutine_int.h"

enum { STACK_ROOM = 64 * 1024 };

/* *save and load are ucontext_t pointers here; the one of a running stack lies in its switch frame. */
void co_stack_switch(void **save, void *load)
{
    ucontext_t here;

    *save = &here;
    g_assert(swapcontext(&here, load) == 0);
}

void *co_stack_init(void *top, void (*fn)(void))
{
    ucontext_t *uc = (ucontext_t *)(((gsize)top - sizeof(ucontext_t)) & ~(gsize)63);

    getcontext(uc);
    uc->uc_stack.ss_sp = (char *)uc - STACK_ROOM;
    uc->uc_stack.ss_size = STACK_ROOM;
    uc->uc_link = NULL;
    makecontext(uc, fn, 0);
    return uc;
}
