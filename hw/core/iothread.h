/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object type "iothread": a thread with a loop of its own for back ends. */
#ifndef HW_CORE_IOTHREAD_H
#define HW_CORE_IOTHREAD_H

#include "hw/core/vm.h"
#include "util/loop.h"

Loop *iothread_loop(Vm *vm, const char *id, GError **errp);     /* of the object with that id; NULL */
Json *iothreads_json(Vm *vm);                                   /* as query-iothreads has them */

#endif
