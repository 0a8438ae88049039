/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server for gdb: -s, -gdb and the monitor's gdbserver. One at a time. Main thread, VM lock held. */
#ifndef SYSTEM_GDBSTUB_H
#define SYSTEM_GDBSTUB_H

#include "hw/core/vm.h"

#define GDBSTUB_DEFAULT "tcp::1234"

/* Listens on device (as -gdb has it: a chardev's short form) in place of what was there; "none": only ends that. */
bool gdbstub_start(Vm *vm, const char *device, GError **errp);
void gdbstub_stop(void);            /* tells a client that all is over. Nothing when there is none */

#endif
