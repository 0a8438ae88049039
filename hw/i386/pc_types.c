/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of PC boards. Older versions of "pc" are the same hardware here under their own name,
 * which the guest sees in SMBIOS; differences that old guests need go into the rows of `compat`. */
#include "hw/i386/pc.h"

#include "util/bits.h"

static const Field pc_props[] = {
    FIELD_ENUM("acpi", PcMachine, acpi, &on_off_auto, ONOFF_AUTO, .help = "Enable ACPI",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("hpet", PcMachine, use_hpet, true,
               .help = "Enable/disable high precision event timer emulation",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("i8042", PcMachine, use_i8042, true,
               .flags = FIELD_NO_DEFAULT),
    FIELD_SIZE("max-fw-size", PcMachine, max_fw_size, 16 * MIB,
               .help = "Maximum combined firmware size",
               .flags = FIELD_NO_DEFAULT),
    FIELD_SIZE("max-ram-below-4g", PcMachine, max_ram_below_4g, 0,
               .help = "Maximum ram below the 4G boundary (32bit boundary)",
               .flags = FIELD_NO_DEFAULT),
    FIELD_ENUM("pic", PcMachine, pic_opt, &on_off_auto, ONOFF_AUTO, .help = "Enable i8259 PIC",
               .flags = FIELD_NO_DEFAULT),
    FIELD_ENUM("pit", PcMachine, pit_opt, &on_off_auto, ONOFF_AUTO, .help = "Enable i8254 PIT",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("sata", PcMachine, sata, true, .help = "Enable/disable Serial ATA bus",
               .flags = FIELD_NO_DEFAULT),
    FIELD_STR("smbios-entry-point-type", PcMachine, smbios_ep, "32",
              .help = "SMBIOS Entry Point type [32, 64]",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("smbus", PcMachine, smbus, true, .help = "Enable/disable system management bus",
               .flags = FIELD_NO_DEFAULT),
    FIELD_ENUM("smm", PcMachine, smm, &on_off_auto, ONOFF_AUTO, .help = "Enable SMM",
               .flags = FIELD_NO_DEFAULT),
    FIELD_ENUM("vmport", PcMachine, vmport_opt, &on_off_auto, ONOFF_AUTO,
               .help = "Enable vmport (pc & q35)",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("default-bus-bypass-iommu", PcMachine, bypass_iommu, false,
               .flags = FIELD_NO_DEFAULT),
    FIELD_STR("x-oem-id", PcMachine, oem_id, NULL,
              .help =
                  "Override the default value of field OEMID in ACPI table header, up to 6 bytes",
               .type_name = "string"),
    FIELD_STR(
        "x-oem-table-id", PcMachine, oem_table_id, NULL,
        .help =
            "Override the default value of field OEM Table ID in ACPI table header, up to 8 bytes",
               .type_name = "string"),
    { 0 },
};

static void pc_obj_init(Object *obj)
{
    ((PcMachine *)obj)->bios_geometry = g_string_new(NULL);
}

static void pc_obj_fini(Object *obj)
{
    PcMachine *pc = (PcMachine *)obj;

    g_string_free(pc->bios_geometry, TRUE);
    if (pc->boot_paths != NULL) {
        g_array_free(pc->boot_paths, TRUE);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pc->acpi_blobs); i++) {
        g_free(pc->acpi_blobs[i]);
    }
}

const ObjType pc_machine_base = {
    .name = "generic-pc-machine",
    .parent = &machine_base.type,
    .size = sizeof(PcMachine),
    .abstract = true,
    .props = pc_props,
    .init = pc_obj_init,
    .fini = pc_obj_fini,
};
TYPE_REGISTER(pc_machine_base);

#define PC_BOARD(tag, version, ...)                                                                \
    static const MachineType pc_##tag = { .type = { .name = "pc-i440fx-" version "-machine",       \
                                                    .parent = &pc_machine_base,                    \
                                                    .desc = "Standard PC (i440FX + PIIX, 1996)",   \
                                                    .size = sizeof(PcMachine) },                   \
                                          .name = "pc-i440fx-" version,                            \
                                          .max_cpus = 255,                                         \
                                          .default_ram = 128 * MIB,                                \
                                          .default_cpu = "qemu64",                                 \
                                          .default_ram_id = "pc.ram",                              \
                                          .default_display = "std",                                \
                                          .default_nic = "e1000",                                  \
                                          .block_ide = true,                                       \
                                          .init = pc_init,                                         \
                                          .ready = pc_ready,                                       \
                                          .reset = pc_reset,                                       \
                                          ##__VA_ARGS__ };                                         \
    MACHINE_REGISTER(pc_##tag)

PC_BOARD(7_2, "7.2", .alias = "pc", .is_default = true);
PC_BOARD(7_1, "7.1");
PC_BOARD(7_0, "7.0");
PC_BOARD(6_2, "6.2");
PC_BOARD(6_1, "6.1");
PC_BOARD(6_0, "6.0");
PC_BOARD(5_2, "5.2");
PC_BOARD(5_1, "5.1");
PC_BOARD(5_0, "5.0");
PC_BOARD(4_2, "4.2");
PC_BOARD(4_1, "4.1");
PC_BOARD(4_0, "4.0");
PC_BOARD(3_1, "3.1");
PC_BOARD(3_0, "3.0");
PC_BOARD(2_12, "2.12");
PC_BOARD(2_11, "2.11");
PC_BOARD(2_10, "2.10");
PC_BOARD(2_9, "2.9");
PC_BOARD(2_8, "2.8");
PC_BOARD(2_7, "2.7");
PC_BOARD(2_6, "2.6");
PC_BOARD(2_5, "2.5");
PC_BOARD(2_4, "2.4");
PC_BOARD(2_3, "2.3");
PC_BOARD(2_2, "2.2");
PC_BOARD(2_1, "2.1");
PC_BOARD(2_0, "2.0");
PC_BOARD(1_7, "1.7", .deprecated = true);
PC_BOARD(1_6, "1.6", .deprecated = true);
PC_BOARD(1_5, "1.5", .deprecated = true);
PC_BOARD(1_4, "1.4", .deprecated = true);

static const MachineType isapc_machine = {
    .type = { .name = "isapc-machine",
              .parent = &pc_machine_base,
              .desc = "ISA-only PC",
              .size = sizeof(PcMachine) },
    .name = "isapc",
    .max_cpus = 1,
    .default_ram = 128 * MIB,
    .default_cpu = "486",
    .default_ram_id = "pc.ram",
    .default_display = "std",
    .default_nic = "ne2k_isa",
    .block_ide = true,
    .init = pc_init,
    .ready = pc_ready,
    .reset = pc_reset,
};
MACHINE_REGISTER(isapc_machine);
