/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the ACPI files of the board: what the tables tell. */
#ifndef HW_I386_ACPI_H
#define HW_I386_ACPI_H

#include "hw/acpi/aml.h"
#include "hw/i386/pc.h"

typedef struct AcpiBoard {
    unsigned cpus; /* possible ones */
    uint32_t apic_ids[256];
    bool present[256];
    bool hpet, keyboard, fdc, parallel, serial[2];
    uint8_t floppy[2]; /* CMOS types */
    uint32_t hotplug_slots, vga_slots;
    uint32_t hole_start, hole_end; /* PCI memory below 4 GiB: [start, end) */
    uint64_t hole64_start, hole64_size;
    bool s3_off, s4_off;
    uint8_t s4_val;
    uint16_t pm_base;
    char oem_id[7], oem_table[9];
} AcpiBoard;

/* Term list without header. Freed with g_byte_array_unref(). */
GByteArray *acpi_dsdt(const AcpiBoard *b);
uint32_t pc_cpu_apic_id(const PcMachine *pc, unsigned index);

#endif
