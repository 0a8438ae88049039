/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard controller at 0x60 and 0x64. VM lock held for all calls. */
#ifndef HW_INPUT_I8042_H
#define HW_INPUT_I8042_H

#include "hw/core/device.h"

extern const DeviceType i8042_type;

/* a20: level of the gate line. reset: pulsed (level 1) when the guest asks for a CPU reset. Interrupts go to
 * the ISA IRQs of the properties kbd-irq (1) and mouse-irq (12). */
Device *i8042_new(Vm *vm, Bus *isa, Irq a20, Irq reset, GError **errp);
Device *i8042_mouse(Device *i8042);                     /* the PS/2 mouse part, for vmmouse */
/* An event that the guest sees as mouse data (absolute pointers announce themselves this way). */
void i8042_mouse_fake_event(Device *i8042);

#endif
