/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware is told: CMOS bytes (memory sizes, floppy types, boot order; see the
 * traditional AT layout) and fw_cfg entries (processors, memory map, boot order by device path,
 * boot menu). Contents follow the values measured on the board we are compatible with. */
#include "hw/i386/pc.h"

#include <string.h>

#include "hw/core/loader.h"
#include "hw/ide/ide.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/rtc/mc146818.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/parse.h"

enum { /* CMOS */
       CMOS_FLOPPY = 0x10,
       CMOS_EQUIPMENT = 0x14,
       CMOS_BASE_KB = 0x15,
       CMOS_EXT_KB = 0x17,
       CMOS_EXT_KB2 = 0x30,
       CMOS_EXT_64K = 0x34,
       CMOS_BOOT2 = 0x38,
       CMOS_BOOT1 = 0x3d,
       CMOS_HIGH_64K = 0x5b,
       CMOS_CPUS = 0x5f,
};
enum { EQUIP_FPU = 1 << 1, EQUIP_MOUSE = 1 << 2, EQUIP_FLOPPY = 1 << 0, EQUIP_TWO = 1 << 6 };
enum { E820_LEGACY_MAX = 16, E820_ENTRY = 20 };

typedef struct BootEntry {
    int index;
    char *path;
} BootEntry;

/* ---- CMOS */

static void cmos_set16(PcMachine *pc, unsigned at, uint64_t v)
{
    v = MIN(v, 0xffff);
    rtc_set_cmos(pc->rtc, at, (uint8_t)v);
    rtc_set_cmos(pc->rtc, at + 1, (uint8_t)(v >> 8));
}

static void pc_cmos_memory(PcMachine *pc)
{
    uint64_t low = pc->below_4g, high = pc->above_4g >> 16;
    uint64_t ext_kb = low > MIB ? (low - MIB) / KIB : 0;

    cmos_set16(pc, CMOS_BASE_KB, MIN(low / KIB, 640));
    cmos_set16(pc, CMOS_EXT_KB, ext_kb);
    cmos_set16(pc, CMOS_EXT_KB2, ext_kb);
    cmos_set16(pc, CMOS_EXT_64K, low > 16 * MIB ? (low - 16 * MIB) >> 16 : 0);
    rtc_set_cmos(pc->rtc, CMOS_HIGH_64K, (uint8_t)high);
    rtc_set_cmos(pc->rtc, CMOS_HIGH_64K + 1, (uint8_t)(high >> 8));
    rtc_set_cmos(pc->rtc, CMOS_HIGH_64K + 2, (uint8_t)(high >> 16));
    rtc_set_cmos(pc->rtc, CMOS_CPUS, (uint8_t)(pc->m.smp.cpus - 1));
}

static int boot_nibble(char c)
{
    switch (c) {
    case 'a':
    case 'b': return 1;
    case 'c': return 2;
    case 'd': return 3;
    case 'n': return 4;
    default: return -1;
    }
}

bool pc_set_boot_order(PcMachine *pc, const char *order, GError **errp)
{
    int n[3] = { 0, 0, 0 };
    size_t len = strlen(order);

    if (len > 3) {
        return err_fail(errp, "Too many boot devices for PC");
    }
    for (size_t i = 0; i < len; i++) {
        n[i] = boot_nibble(order[i]);
        if (n[i] < 0) {
            return err_fail(errp, "Invalid boot device for PC: '%c'", order[i]);
        }
    }
    rtc_set_cmos(pc->rtc, CMOS_BOOT1, (uint8_t)(n[1] << 4 | n[0]));
    rtc_set_cmos(pc->rtc, CMOS_BOOT2, (uint8_t)(n[2] << 4 | json_get_bool(pc->m.board_opts, "no-fd-bootchk", false)));
    return true;
}

static void pc_cmos_floppies(PcMachine *pc)
{
    unsigned count = (pc->floppy_cmos[0] != 0) + (pc->floppy_cmos[1] != 0);
    unsigned equip = EQUIP_FPU | (pc->i8042 != NULL ? EQUIP_MOUSE : 0);

    if (count > 0) {
        equip |= EQUIP_FLOPPY | (count > 1 ? EQUIP_TWO : 0);
    }
    rtc_set_cmos(pc->rtc, CMOS_FLOPPY, (uint8_t)(pc->floppy_cmos[0] << 4 | pc->floppy_cmos[1]));
    rtc_set_cmos(pc->rtc, CMOS_EQUIPMENT, (uint8_t)equip);
}

/* Disks of the primary channel as AT type 47, and how the firmware shall translate all four. */
static void pc_cmos_disks(PcMachine *pc)
{
    uint8_t types = 0, translation = 0;

    for (unsigned i = 0; i < 4; i++) {
        Bus *b = bus_find(pc->m.vm, i < 2 ? "ide.0" : "ide.1", NULL);
        IdeGeometry g;

        if (b == NULL || b->type != &ide_bus ||
            !ide_disk_geometry(CONTAINER(b, IdeBus, bus), i & 1, &g)) {
            continue;
        }
        translation |= (uint8_t)(g.translation << (2 * i));
        if (i < 2) {
            const uint8_t data[9] = {(uint8_t)g.cyls, (uint8_t)(g.cyls >> 8), (uint8_t)g.heads,
                                     0xff, 0xff, (uint8_t)(0xc0 | (g.heads > 8) << 3),
                                     (uint8_t)g.cyls, (uint8_t)(g.cyls >> 8), (uint8_t)g.secs};

            types |= i == 0 ? 0xf0 : 0x0f;
            rtc_set_cmos(pc->rtc, 0x19 + i, 47);
            for (unsigned n = 0; n < sizeof(data); n++) {
                rtc_set_cmos(pc->rtc, 0x1b + 9 * i + n, data[n]);
            }
        }
    }
    rtc_set_cmos(pc->rtc, 0x12, types);
    rtc_set_cmos(pc->rtc, 0x39, translation);
}

/* ---- fw_cfg */

static void put_e820(uint8_t *p, const PcE820 *e)
{
    pci_set32(p, (uint32_t)e->addr);
    pci_set32(p + 4, (uint32_t)(e->addr >> 32));
    pci_set32(p + 8, (uint32_t)e->len);
    pci_set32(p + 12, (uint32_t)(e->len >> 32));
    pci_set32(p + 16, e->type);
}

static bool pc_fw_e820(PcMachine *pc, GError **errp)
{
    uint8_t file[PC_E820_MAX * E820_ENTRY], legacy[4 + E820_LEGACY_MAX * E820_ENTRY] = { 0 };
    unsigned reserved = 0;
    X86Cpu *cpu = pc->m.vm->cpus->len > 0 ? x86_cpu(g_ptr_array_index(pc->m.vm->cpus, 0)) : NULL;

    if (pc->has_pci && cpu != NULL && strcmp(cpu->env.vendor, "AuthenticAMD") == 0) {
        pc_add_e820(pc, 0xfd00000000ull, 0x300000000ull, E820_RESERVED); /* HyperTransport */
    }
    pc_add_e820(pc, 0, pc->below_4g, E820_RAM);
    if (pc->above_4g != 0) {
        pc_add_e820(pc, 4 * GIB, pc->above_4g, E820_RAM);
    }
    for (unsigned i = 0; i < pc->e820_count; i++) {
        put_e820(file + i * E820_ENTRY, &pc->e820[i]);
        if (pc->e820[i].type == E820_RESERVED) {
            put_e820(legacy + 4 + reserved++ * E820_ENTRY, &pc->e820[i]);
        }
    }
    pci_set32(legacy, reserved);
    fw_cfg_add_bytes(pc->fw, FW_CFG_E820_TABLE, legacy, sizeof(legacy));
    return fw_cfg_add_file(pc->fw, "etc/e820", file, pc->e820_count * E820_ENTRY, errp);
}

static void pc_fw_uuid(PcMachine *pc)
{
    uint8_t raw[16] = { 0 };
    const char *p = pc->m.vm->uuid;

    for (unsigned n = 0; p != NULL && *p != '\0' && n < 32; p++) {
        int digit = g_ascii_xdigit_value(*p);

        if (digit >= 0) {
            raw[n / 2] = (uint8_t)(raw[n / 2] << 4 | digit);
            n++;
        }
    }
    fw_cfg_add_bytes(pc->fw, FW_CFG_UUID, raw, sizeof(raw));
}

static void pc_fw_numbers(PcMachine *pc)
{
    const Machine *m = &pc->m;
    uint16_t nodes_size = (uint16_t)(8 * (1 + pc->apic_id_limit));
    g_autofree uint8_t *numa = g_malloc0(nodes_size);
    static const uint8_t no_tables[2] = { 0, 0 };

    fw_cfg_add_u64(pc->fw, FW_CFG_RAM_SIZE, m->ram_size);
    fw_cfg_add_u16(pc->fw, FW_CFG_NB_CPUS, (uint16_t)m->smp.cpus);
    fw_cfg_add_u16(pc->fw, FW_CFG_MAX_CPUS, (uint16_t)pc->apic_id_limit);
    fw_cfg_add_u16(pc->fw, FW_CFG_NOGRAPHIC, !(m->enable_graphics && m->graphics));
    fw_cfg_add_u16(pc->fw, FW_CFG_BOOT_MENU, m->boot_menu);
    fw_cfg_add_u32(pc->fw, FW_CFG_IRQ0_OVERRIDE, 1);
    fw_cfg_add_bytes(pc->fw, FW_CFG_ACPI_TABLES, no_tables, sizeof(no_tables));
    fw_cfg_add_bytes(pc->fw, FW_CFG_NUMA, numa, nodes_size);
    pc_fw_uuid(pc);
}

static bool pc_fw_splash(PcMachine *pc, GError **errp)
{
    const Machine *m = &pc->m;
    g_autofree char *path = NULL;
    g_autofree uint8_t *data = NULL;
    size_t size;

    if (m->splash_time_ms >= 0) {
        uint8_t wait[2];

        pci_set16(wait, (uint16_t)MIN(m->splash_time_ms, 0xffff));
        if (!fw_cfg_add_file(pc->fw, "etc/boot-menu-wait", wait, sizeof(wait), errp)) {
            return false;
        }
    }
    if (m->splash == NULL) {
        return true;
    }
    path = machine_find_file(m, m->splash);
    if (path == NULL) {
        return err_fail(errp, "could not load splash image '%s': No such file or directory",
                        m->splash);
    }
    data = load_file("splash image", path, 0, &size, errp);
    if (data == NULL) {
        return false;
    }
    if (size > 2 && data[0] == 'B' && data[1] == 'M') {
        return fw_cfg_add_file(pc->fw, "bootsplash.bmp", data, size, errp);
    }
    if (size > 2 && data[0] == 0xff && data[1] == 0xd8) {
        return fw_cfg_add_file(pc->fw, "bootsplash.jpg", data, size, errp);
    }
    return err_fail(errp, "splash image '%s' is neither JPEG nor BMP", m->splash);
}

/* -fw_cfg name=...,file=... or string=... */
static bool pc_fw_user_files(PcMachine *pc, GError **errp)
{
    Json *list = json_get(pc->m.board_opts, "fw_cfg");

    for (size_t i = 0; i < json_len(list); i++) {
        const Json *o = json_at(list, i);
        const char *name = json_get_str(o, "name"), *file = json_get_str(o, "file");
        const char *text = json_get_str(o, "string");
        g_autofree uint8_t *data = NULL;
        size_t size = text != NULL ? strlen(text) : 0;

        if (name == NULL || (file == NULL) == (text == NULL)) {
            return err_fail(errp, "-fw_cfg needs a name and either file= or string=");
        }
        if (file != NULL) {
            data = load_file("fw_cfg file", file, 0, &size, errp);
            if (data == NULL) {
                return false;
            }
        }
        if (!fw_cfg_add_user_file(pc->fw, name, file != NULL ? (const void *)data : text, size,
                                  errp)) {
            return false;
        }
    }
    return true;
}

bool pc_fw_init(PcMachine *pc, GError **errp)
{
    const Machine *m = &pc->m;
    const char *order = m->boot_order != NULL ? m->boot_order : "cad";
    uint8_t wait[4];

    pc_cmos_memory(pc);
    pc_fw_numbers(pc);
    pci_set32(wait, (uint32_t)m->reboot_timeout_ms);
    if (m->boot_once != NULL && !pc_set_boot_order(pc, order, errp)) {
        return false;
    }
    return pc_set_boot_order(pc, m->boot_once != NULL ? m->boot_once : order, errp) &&
           pc_fw_e820(pc, errp) &&
           fw_cfg_add_file(pc->fw, "etc/boot-fail-wait", wait, sizeof(wait), errp) &&
           pc_fw_splash(pc, errp) && pc_fw_user_files(pc, errp);
}

/* ---- Boot order by device */

void pc_add_boot_path(PcMachine *pc, int index, const char *path)
{
    BootEntry e = { index, g_strdup(path) };

    if (pc->boot_paths == NULL) {
        pc->boot_paths = g_array_new(FALSE, FALSE, sizeof(BootEntry));
    }
    g_array_append_val(pc->boot_paths, e);
}

static bool pc_find_boot_device(Object *obj, void *opaque)
{
    static const struct {
        const char *prop, *suffix;
    } kinds[] = {
        { "bootindex", "" },
        { "bootindexA", "/floppy@0" },
        { "bootindexB", "/floppy@1" },
    };
    PcMachine *pc = opaque;
    Device *dev = device_from_object(obj);

    for (size_t i = 0; dev != NULL && i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(Json) value = NULL;
        g_autofree char *path = NULL, *full = NULL;
        int64_t index;

        if (type_prop(obj->type, kinds[i].prop) == NULL) {
            continue;
        }
        value = object_prop_get(obj, kinds[i].prop, NULL);
        path = device_fw_path(dev);
        if (json_to_i64(value, &index) && index >= 0 && path != NULL) {
            full = g_strconcat(path, kinds[i].suffix, NULL);
            pc_add_boot_path(pc, (int)index, full);
        }
    }
    return true;
}

static gint by_boot_index(gconstpointer a, gconstpointer b)
{
    const BootEntry *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

static bool pc_fw_boot_order(PcMachine *pc, GError **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GArray *list;

    object_walk(&pc->m.vm->root, pc_find_boot_device, pc);
    list = pc->boot_paths;
    if (list != NULL) {
        g_array_sort(list, by_boot_index);
        for (guint i = 0; i < list->len; i++) {
            BootEntry *e = &g_array_index(list, BootEntry, i);

            if (i > 0 && e->index == e[-1].index) {
                return err_fail(errp, "The bootindex %d has already been used", e->index);
            }
            g_string_append_printf(out, "%s%s", i > 0 ? "\n" : "", e->path);
        }
    }
    if (pc->m.boot_strict) {
        g_string_append_printf(out, "%sHALT", out->len > 0 ? "\n" : "");
    }
    return fw_cfg_add_file(pc->fw, "bootorder", out->str, out->len > 0 ? out->len + 1 : 0, errp);
}

bool pc_fw_ready(PcMachine *pc, GError **errp)
{
    uint8_t states[6] = { 0x80, 0, 0, 0x81, 0x82, 0x80 };

    pc_cmos_floppies(pc);
    pc_cmos_disks(pc);
    if (pc->pm != NULL) {
        states[3] = piix4_s3_disabled(pc->pm) ? 0x01 : 0x81;
        states[4] = (uint8_t)(piix4_s4_val(pc->pm) | (piix4_s4_disabled(pc->pm) ? 0 : 0x80));
        if (!fw_cfg_add_file(pc->fw, "etc/system-states", states, sizeof(states), errp)) {
            return false;
        }
    }
    return pc_fw_boot_order(pc, errp) &&
           fw_cfg_add_file(pc->fw, "bios-geometry", pc->bios_geometry->str,
                           pc->bios_geometry->len > 0 ? pc->bios_geometry->len + 1 : 0, errp);
}
