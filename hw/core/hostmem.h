/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that users make with -object memory-backend-ram, -file, -memfd: RAM blocks by id. */
#ifndef HW_CORE_HOSTMEM_H
#define HW_CORE_HOSTMEM_H

#include "hw/core/ram.h"
#include "hw/core/vm.h"

/* The block of the back end with that id, now in use; it stays the object's. Fails when there is none
 * or somebody has it. */
RamBlock *hostmem_use(Vm *vm, const char *id, GError **errp);
void hostmem_unuse(RamBlock *b, Vm *vm);
/* Shows the machine's own memory as a back end of that id that is in use; b stays the machine's. */
void hostmem_show(Vm *vm, const char *id, RamBlock *b, const RamOptions *opt);
Json *hostmem_json(Vm *vm);         /* as query-memdev has them */

#endif
