/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parts of the machine tell people in the monitor ("info pic"). A file of devices registers a
 * row; the monitor prints the rows of a name one after the other. VM lock held. */
#ifndef HW_CORE_INFO_H
#define HW_CORE_INFO_H

#include "hw/core/vm.h"

typedef struct VmInfo {
    const char *name;                    /* "pic", "pci", "irq" */
    int rank;                            /* several of a name: smaller first */
    void (*print)(Vm *vm, GString *out); /* nothing when this machine has no such part */
    Json *(*json)(Vm *vm);               /* the same for programs; may be NULL */
} VmInfo;

SET_DECLARE(vm_infos, VmInfo);
#define VM_INFO_REGISTER(i) SET_ADD(vm_infos, VmInfo, i, &(i))

#endif
