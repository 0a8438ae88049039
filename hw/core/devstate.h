/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of all devices as sections of a snapshot, CPUs among them; memory and back ends are not
 * in it. The machine stands still and is drained. VM lock held. */
#ifndef HW_CORE_DEVSTATE_H
#define HW_CORE_DEVSTATE_H

#include "hw/core/vm.h"

/* One section a device that has rows, in the order of the object tree, numbered from first_id.
 * False + error names a device that cannot be saved. */
bool devstate_save(Vm *vm, VmWriter *w, uint32_t first_id, GError **errp);
/* The section that begins after its type byte. On failure the device is half changed: reset. */
bool devstate_load_section(Vm *vm, VmReader *r, GError **errp);
/* Sections up to the end of r or a byte that begins none. */
bool devstate_load(Vm *vm, VmReader *r, GError **errp);

#endif
