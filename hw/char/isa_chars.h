/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices a board makes by itself: serial and parallel ports, debug console. */
#ifndef HW_CHAR_ISA_CHARS_H
#define HW_CHAR_ISA_CHARS_H

#include "hw/core/device.h"
#include "system/chardev/char.h"

extern const DeviceType isa_serial_type, isa_parallel_type, isa_debugcon_type;

/* COM1-4 (index 0-3) and LPT1-3: standard port and IRQ of that index. chr may be NULL for serial only. */
Device *isa_serial_new(Vm *vm, Bus *isa, unsigned index, Char *chr, GError **errp);
Device *isa_parallel_new(Vm *vm, Bus *isa, unsigned index, Char *chr, GError **errp);
/* -debugcon: isa-debugcon at the given port (0: as its property says, so that -global reaches it). */
Device *isa_debugcon_new(Vm *vm, Bus *isa, uint32_t iobase, Char *chr, GError **errp);

#endif
