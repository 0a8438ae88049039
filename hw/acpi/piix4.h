/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIIX4 power management function, with the ACPI registers of the board. VM lock held for all
 * calls. */
#ifndef HW_ACPI_PIIX4_H
#define HW_ACPI_PIIX4_H

#include "hw/pci/pci.h"

enum { /* fixed I/O of the board, also in its DSDT */
       ACPI_GPE0_BASE = 0xafe0,
       ACPI_GPE0_LEN = 4,
       ACPI_PCIHP_BASE = 0xae00,
       ACPI_PCIHP_LEN = 0x18,
       ACPI_CPUHP_BASE = 0xaf00,
       ACPI_CPUHP_LEN = 0x0c,
       ACPI_SMI_CMD = 0xb2,
       ACPI_ENABLE_CMD = 0xf1,
       ACPI_DISABLE_CMD = 0xf0,
};

extern const DeviceType piix4_pm_type;

typedef struct Piix4Config {
    Irq sci; /* level */
    Irq smi; /* pulsed (level 1): a system management interrupt */
    Irq s3;  /* pulsed when the guest goes to sleep: remember that for the firmware */
    bool smm_enabled, serial0, serial1, parallel0; /* the latter: what DEVACT says is there */
} Piix4Config;

PciDevice *piix4_pm_new(PciBus *bus, int devfn, const Piix4Config *cfg, GError **errp);
/* Base of the PM1 block as the firmware set it; 0 while it is not decoded. */
uint16_t piix4_pm_base(const PciDevice *pm);
bool piix4_s3_disabled(const PciDevice *pm);
bool piix4_s4_disabled(const PciDevice *pm);
uint8_t piix4_s4_val(const PciDevice *pm);

/* ---- Parts */

/* PM1, PM timer and GPE0 (ACPI 1.0b, 4.7). */
typedef struct AcpiRegs {
    MemRegion evt_io, cnt_io, tmr_io, gpe_io;
    uint16_t pm1_sts, pm1_en, pm1_cnt;
    uint16_t gpe_sts, gpe_en; /* 16 events */
    uint8_t s4_val;
    bool s3_off, s4_off;
    int64_t overflow_time; /* in PM timer ticks: next change of its top bit */
    struct Timer *timer;
    Vm *vm;
    Irq sci, s3;
} AcpiRegs;
enum {
    PM1_TMR_STS = 1 << 0,
    PM1_GBL_STS = 1 << 5,
    PM1_PWRBTN_STS = 1 << 8,
    PM1_SLPBTN_STS = 1 << 9,
    PM1_RTC_STS = 1 << 10,
    PM1_WAK_STS = 1 << 15,
    PM1_SCI_EN = 1 << 0
};
enum { GPE_PCI_HOTPLUG = 1 << 1, GPE_CPU_HOTPLUG = 1 << 2 };
void acpi_regs_init(AcpiRegs *s, Vm *vm, MemRegion *pm_io, MemRegion *gpe_parent);
void acpi_regs_fini(AcpiRegs *s);
void acpi_regs_reset(AcpiRegs *s);
void acpi_update_sci(AcpiRegs *s);
void acpi_raise_gpe(AcpiRegs *s, uint16_t bits);
void acpi_power_button(AcpiRegs *s);
void acpi_woken(AcpiRegs *s);

/* PCI hotplug registers of the DSDT's PCI0 scope: which slots came and want to go. */
enum { ACPI_PCIHP_BUSES = 256 };
typedef struct AcpiPciSlots { /* one bit a slot */
    uint32_t up, down;
} AcpiPciSlots;
typedef struct AcpiPciHotplug {
    MemRegion io;
    PciBus *bus;
    uint32_t select, acpi_index;
    AcpiPciSlots slots[ACPI_PCIHP_BUSES]; /* by number of the bus in the DSDT; 0: the root */
} AcpiPciHotplug;
void acpi_pcihp_init(AcpiPciHotplug *s, PciBus *bus, MemRegion *parent);
void acpi_pcihp_reset(AcpiPciHotplug *s); /* slots that were to go are empty afterwards */
/* False: nothing to tell the guest (a function other than 0). */
bool acpi_pcihp_plugged(AcpiPciHotplug *s, PciDevice *pci);
bool acpi_pcihp_request(AcpiPciHotplug *s, PciDevice *pci, GError **errp);

/* CPU hotplug registers of the DSDT's PRES device. */
typedef struct AcpiCpuSlot {
    bool inserting, removing;
    uint32_t ost_event, ost_status;
} AcpiCpuSlot;
typedef struct AcpiCpuHotplug {
    MemRegion io;
    Vm *vm;
    uint32_t selector;
    uint8_t command;
    uint32_t count; /* of slots: every CPU the machine may have */
    AcpiCpuSlot *slots;
} AcpiCpuHotplug;
void acpi_cpuhp_init(AcpiCpuHotplug *s, Vm *vm, MemRegion *parent);
void acpi_cpuhp_reset(AcpiCpuHotplug *s);
void acpi_cpuhp_fini(AcpiCpuHotplug *s);

/* SMBus host (82371AB, 11.3) with eight 256-byte EEPROMs at 0x50-0x57. */
enum { SMBUS_EEPROMS = 8 };
typedef struct PmSmbus {
    MemRegion io;
    uint8_t stat, ctl, cmd, addr, data0, data1, data[32], auxctl, blkdata;
    uint32_t index;
    bool i2c_enable, op_done, in_i2c_block, start_on_status; /* saved, not modelled */
    uint8_t eeprom[SMBUS_EEPROMS][256], eeprom_pos[SMBUS_EEPROMS];
} PmSmbus;
void pm_smbus_init(PmSmbus *s);
void pm_smbus_reset(PmSmbus *s);
extern const VmState pm_smbus_vmstate, acpi_cpuhp_vmstate;

#endif
