/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82093AA I/O APIC, and the fan-out of system interrupts to it and the 8259 pair. VM lock held. */
#ifndef HW_INTC_IOAPIC_H
#define HW_INTC_IOAPIC_H

#include "hw/core/device.h"

enum { IOAPIC_PINS = 24, IOAPIC_BASE = 0xfec00000 };

extern const DeviceType ioapic_type;

/* At guest address base; messages go to the local APICs of vm. NULL + error. */
Device *ioapic_new(Vm *vm, GuestAddr base, GError **errp);
/* Input by GSI: 0-23. GSI 0 is wired to pin 2, as the ACPI tables say. */
Irq ioapic_input(Device *ioapic, unsigned gsi);
void ioapic_dump(const Device *ioapic, GString *out);           /* "info pic" part */
void ioapic_counts(const Device *ioapic, uint64_t counts[IOAPIC_PINS]);

/* GSI n drives 8259 input n (0-15) and I/O APIC input n. The board embeds it; ioapic may be NULL. */
typedef struct GsiFanout {
    Irq pic[16], ioapic[IOAPIC_PINS];
    Vm *vm;
    bool in_kernel;                 /* the controllers are: one call there does both */
} GsiFanout;
void gsi_init(GsiFanout *g, Device *pic_master, Device *ioapic);
Irq gsi_input(GsiFanout *g, unsigned gsi);              /* unconnected for gsi >= IOAPIC_PINS */

#endif
