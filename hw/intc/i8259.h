/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cascaded pair of 8259A interrupt controllers of a PC. VM lock held for all calls. */
#ifndef HW_INTC_I8259_H
#define HW_INTC_I8259_H

#include "hw/core/device.h"

extern const DeviceType isa_i8259_type;

/* Makes and realizes master (0x20, ELCR 0x4d0) and slave (0xa0, 0x4d1) on the ISA bus. intr is the INTR pin
 * of the CPU side (apic_pic_input()). Returns the master, owned by the object tree; NULL + error. */
Device *i8259_pair_new(Vm *vm, Bus *isa, Irq intr, GError **errp);
Irq i8259_input(Device *master, unsigned irq);          /* 0-15; line 2 is the cascade and not connected */
/* An interrupt acknowledge cycle: the vector, with ISR set. IR7's vector when nothing is pending. */
int i8259_take_interrupt(Device *master);
bool i8259_has_interrupt(const Device *master);
void i8259_dump(const Device *master, GString *out);    /* "info pic", both chips */
void i8259_counts(const Device *master, uint64_t counts[16]);   /* rising edges since start: "info irq" */

#endif
