/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC boards: what their files share. VM lock held for all calls. */
#ifndef HW_I386_PC_H
#define HW_I386_PC_H

#include "hw/acpi/piix4.h"
#include "hw/core/machine.h"
#include "hw/intc/ioapic.h"
#include "hw/isa/isa.h"
#include "hw/pci/pci.h"
#include "target/i386/cpu.h"

enum { PC_E820_MAX = 8, PC_BIOS_MAX = 16 << 20, PC_ROM_AT = 0xc0000, PC_ROM_SIZE = 0x20000 };
#define PC_LOW_RAM_MAX                                                                             \
    0xe0000000u /* more RAM than this: the rest, or above 3 GiB, goes above 4 GiB */
#define PC_LOW_RAM_SPLIT 0xc0000000u

typedef struct PcE820 {
    uint64_t addr, len;
    uint32_t type;
} PcE820;
enum { E820_RAM = 1, E820_RESERVED = 2 };

typedef struct PcMachine {
    Machine m;
    bool has_pci; /* pc; false: isapc */
    MemRegion ram, ram_low, ram_high, pci_mem, option_roms, isa_bios, bios;
    MemRegion port80, portf0;
    RamBlock *bios_block;
    uint64_t below_4g, above_4g;
    PciBus *pci;
    PciDevice *pm;
    IsaBus *isa;
    Device *pic, *ioapic, *pit, *rtc, *hpet, *fw, *i8042, *vmport, *fdc, *ide;
    GsiFanout gsi;
    uint8_t a20_sources;
    PcE820 e820[PC_E820_MAX];
    unsigned e820_count;
    unsigned apic_id_limit;
    bool boot_once_done;
    uint8_t floppy_cmos[2]; /* drive types as CMOS has them */
    bool acpi_built;        /* tables are up to date since reset */
    void *acpi_blobs[3];
    GArray *boot_paths;     /* of index and path; NULL: none yet */
    GString *bios_geometry; /* lines "path cylinders heads sectors" */
    VmNotify notify;

    OnOffAuto acpi, smm, vmport_opt, pic_opt, pit_opt; /* properties */
    bool use_hpet, use_i8042, smbus, sata, bypass_iommu;
    uint64_t max_ram_below_4g, max_fw_size;
    char *smbios_ep, *oem_id, *oem_table_id;
} PcMachine;

static inline PcMachine *pc_machine(Machine *m)
{
    return (PcMachine *)m;
}

extern const ObjType pc_machine_base;
bool pc_init(Machine *m, GError **errp); /* MachineType.init of all boards here */
bool pc_ready(Machine *m, GError **errp);
void pc_reset(Machine *m, ResetKind kind);

/* pc_map.c */
bool pc_map_memory(PcMachine *pc, GError **errp); /* RAM, ROM areas */
bool pc_load_bios(PcMachine *pc, GError **errp);
void pc_add_e820(PcMachine *pc, uint64_t addr, uint64_t len, uint32_t type);

/* pc_fw.c */
bool pc_fw_init(PcMachine *pc, GError **errp); /* CMOS and fw_cfg, as far as known before -device */
bool pc_fw_ready(PcMachine *pc, GError **errp); /* the rest: boot order, disks */
bool pc_set_boot_order(PcMachine *pc, const char *order, GError **errp);

/* Lines "path" of devices and ROMs by boot index; index -1 entries are left out. */
void pc_add_boot_path(PcMachine *pc, int index, const char *path);

/* acpi_*.c: tables as fw_cfg files, rebuilt when the guest looks; smbios.c; boot.c (-kernel) */
bool pc_acpi_setup(PcMachine *pc, GError **errp);
bool pc_smbios_setup(PcMachine *pc, GError **errp);
bool pc_load_kernel(PcMachine *pc, GError **errp);
bool pc_option_roms(PcMachine *pc, GError **errp);
/* ide_setup.c, fdc: drives given by -drive, -hda ... */
bool pc_storage_init(PcMachine *pc, GError **errp);

#endif
