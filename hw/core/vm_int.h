/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to hw/core: parts of a Vm that live in files of their own. */
#ifndef HW_CORE_VM_INT_H
#define HW_CORE_VM_INT_H

#include "hw/core/vm.h"

struct VmRetired *vm_retired_new(void);
void vm_retired_free(struct VmRetired *r);
struct VmRequests *vm_requests_new(Vm *vm);
void vm_requests_free(struct VmRequests *r);

#endif
