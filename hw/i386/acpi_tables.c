/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables (ACPI 1.0b layouts, as old guests like them) and the script by which the firmware
 * links them: three fw_cfg files, made anew whenever the guest selects one of them after reset,
 * because the firmware may have moved the power management ports by then. Files keep a fixed size
 * so that they do not change for the guest. */
#include "hw/i386/acpi.h"

#include <string.h>

#include "hw/nvram/fw_cfg.h"
#include "system/chardev/char.h"
#include "util/bits.h"

enum {
    TABLES_SIZE = 0x20000,
    LOADER_SIZE = 4096,
    LOADER_ENTRY = 128,
    FILE_NAME = 56,
    RSDP_SIZE = 20
};
enum { LOAD_ALLOCATE = 1, LOAD_POINTER = 2, LOAD_CHECKSUM = 3, ZONE_HIGH = 1, ZONE_FSEG = 2 };
enum { HEADER = 36, FACS_SIZE = 64 };
#define PCI_HOLE_END 0xfec00000u

static const char rsdp_file[] = "etc/acpi/rsdp", tables_file[] = "etc/acpi/tables";
static const char loader_file[] = "etc/table-loader";

typedef struct Build {
    const AcpiBoard *board;
    GByteArray *tables, *loader;
} Build;

static void put(GByteArray *b, uint64_t v, unsigned n)
{
    uint8_t raw[8];

    for (unsigned i = 0; i < n; i++) {
        raw[i] = (uint8_t)(v >> (8 * i));
    }
    g_byte_array_append(b, raw, n);
}

/* ---- The linker script */

static uint8_t *load_entry(Build *x, uint32_t command)
{
    guint at = x->loader->len;

    g_byte_array_set_size(x->loader, at + LOADER_ENTRY);
    memset(x->loader->data + at, 0, LOADER_ENTRY);
    pci_set32(x->loader->data + at, command);
    return x->loader->data + at + 4;
}

static void load_allocate(Build *x, const char *file, uint32_t align, uint8_t zone)
{
    uint8_t *e = load_entry(x, LOAD_ALLOCATE);

    memcpy(e, file, strlen(file));
    pci_set32(e + FILE_NAME, align);
    e[FILE_NAME + 4] = zone;
}

/* The 4 bytes at off of file hold an offset within the tables; it becomes an address. */
static void load_pointer(Build *x, const char *file, uint32_t off)
{
    uint8_t *e = load_entry(x, LOAD_POINTER);

    memcpy(e, file, strlen(file));
    memcpy(e + FILE_NAME, tables_file, strlen(tables_file));
    pci_set32(e + 2 * FILE_NAME, off);
    e[2 * FILE_NAME + 4] = 4;
}

static void load_checksum(Build *x, const char *file, uint32_t off, uint32_t start, uint32_t len)
{
    uint8_t *e = load_entry(x, LOAD_CHECKSUM);

    memcpy(e, file, strlen(file));
    pci_set32(e + FILE_NAME, off);
    pci_set32(e + FILE_NAME + 4, start);
    pci_set32(e + FILE_NAME + 8, len);
}

/* ---- Tables */

static uint32_t table_begin(Build *x, const char *signature, uint8_t revision)
{
    uint32_t at = x->tables->len;
    uint8_t head[HEADER] = { 0 };

    memcpy(head, signature, 4);
    head[8] = revision;
    memcpy(head + 10, x->board->oem_id, 6);
    memcpy(head + 16, x->board->oem_table, 8);
    head[24] = 1;
    memcpy(head + 28, "BXPC", 4);
    head[32] = 1;
    g_byte_array_append(x->tables, head, HEADER);
    return at;
}

static void table_end(Build *x, uint32_t at)
{
    uint32_t len = x->tables->len - at;

    pci_set32(x->tables->data + at + 4, len);
    load_checksum(x, tables_file, at + 9, at, len);
}

static void put_facs(Build *x)
{
    uint8_t facs[FACS_SIZE] = { 'F', 'A', 'C', 'S', FACS_SIZE };

    g_byte_array_append(x->tables, facs, sizeof(facs));
}

static uint32_t put_dsdt(Build *x)
{
    uint32_t at = table_begin(x, "DSDT", 1);
    GByteArray *terms = acpi_dsdt(x->board);

    g_byte_array_append(x->tables, terms->data, terms->len);
    g_byte_array_unref(terms);
    table_end(x, at);
    return at;
}

static uint32_t put_fadt(Build *x, uint32_t facs, uint32_t dsdt)
{
    uint32_t at = table_begin(x, "FACP", 1);
    GByteArray *t = x->tables;
    uint16_t pm = x->board->pm_base;

    load_pointer(x, tables_file, t->len);
    put(t, facs, 4);
    load_pointer(x, tables_file, t->len);
    put(t, dsdt, 4);
    put(t, 1, 1); /* interrupt model: 8259 and APIC */
    put(t, 0, 1);
    put(t, 9, 2); /* SCI */
    put(t, ACPI_SMI_CMD, 4);
    put(t, ACPI_ENABLE_CMD, 1);
    put(t, ACPI_DISABLE_CMD, 1);
    put(t, 0, 2);
    put(t, pm, 4); /* PM1a events */
    put(t, 0, 4);
    put(t, (uint64_t)pm + 4, 4); /* PM1a control */
    put(t, 0, 8);
    put(t, (uint64_t)pm + 8, 4); /* timer */
    put(t, ACPI_GPE0_BASE, 4);
    put(t, 0, 4);
    put(t, 4 | 2 << 8 | 4u << 24, 4); /* lengths: PM1 event, control, PM2, timer */
    put(t, ACPI_GPE0_LEN, 1);
    put(t, 0, 3);
    put(t, 0xfff, 2); /* C2 and C3 latencies: not supported */
    put(t, 0xfff, 2);
    put(t, 0, 8);
    put(t, 0x32, 1); /* century in CMOS */
    put(t, 0, 3);
    /* WBINVD, C1, sleep button by method, RTC wakes from S4, use the platform's clock */
    put(t, 1 << 0 | 1 << 2 | 1 << 5 | 1 << 7 | 1 << 15, 4);
    table_end(x, at);
    return at;
}

static uint32_t put_madt(Build *x)
{
    static const uint8_t level[] = { 5, 9, 10, 11 }; /* PCI interrupts: high, level */
    uint32_t at = table_begin(x, "APIC", 1);
    GByteArray *t = x->tables;

    put(t, 0xfee00000, 4);
    put(t, 1, 4);
    for (unsigned i = 0; i < x->board->cpus; i++) {
        put(t, 0 | 8 << 8 | i << 16 | (uint64_t)(x->board->apic_ids[i] & 0xff) << 24, 4);
        put(t, x->board->present[i], 4);
    }
    put(t, 1 | 12 << 8, 4);
    put(t, IOAPIC_BASE, 4);
    put(t, 0, 4);
    put(t, 2 | 10 << 8, 4); /* the timer comes in at pin 2 */
    put(t, 2, 4);
    put(t, 0, 2);
    for (unsigned i = 0; i < sizeof(level); i++) {
        put(t, 2 | 10 << 8 | (uint64_t)level[i] << 24, 4);
        put(t, level[i], 4);
        put(t, 0x0d, 2);
    }
    put(t, 4 | 6 << 8 | 0xff << 16, 3); /* NMI: LINT1 of all */
    put(t, 0, 2);
    put(t, 1, 1);
    table_end(x, at);
    return at;
}

static uint32_t put_hpet(Build *x)
{
    uint32_t at = table_begin(x, "HPET", 1);

    put(x->tables, 0x8086a201, 4);
    put(x->tables, 0, 4);
    put(x->tables, 0xfed00000, 8);
    put(x->tables, 0, 4);
    table_end(x, at);
    return at;
}

static uint32_t put_waet(Build *x)
{
    uint32_t at = table_begin(x, "WAET", 1);

    put(x->tables, 1 << 1, 4); /* one read of the PM timer is enough */
    table_end(x, at);
    return at;
}

/* ---- The board */

static void acpi_gather(const PcMachine *pc, AcpiBoard *b)
{
    memset(b, 0, sizeof(*b));
    b->cpus = MIN(pc->m.smp.max_cpus, G_N_ELEMENTS(b->apic_ids));
    for (unsigned i = 0; i < b->cpus; i++) {
        b->apic_ids[i] = pc_cpu_apic_id(pc, i);
        b->present[i] = i < pc->m.vm->cpus->len;
    }
    b->hpet = pc->hpet != NULL;
    b->keyboard = pc->i8042 != NULL;
    b->fdc = pc->fdc != NULL;
    b->parallel = char_port("parallel0") != NULL;
    b->serial[0] = char_port("serial0") != NULL;
    b->serial[1] = char_port("serial1") != NULL;
    b->floppy[0] = pc->floppy_cmos[0];
    b->floppy[1] = pc->floppy_cmos[1];
    for (unsigned slot = 0; slot < 32; slot++) {
        PciDevice *pci = pci_find_device(pc->pci, PCI_DEVFN(slot, 0));

        if (pci == NULL || pci->dev.type->hotpluggable) {
            b->hotplug_slots |= 1u << slot;
        } else if (pci_get16(pci->config + PCI_CLASS_DEVICE) == 0x0300) {
            b->vga_slots |= 1u << slot;
        }
    }
    b->hole_start = (uint32_t)pc->below_4g;
    b->hole_end = PCI_HOLE_END;
    b->hole64_start = round_up(4 * GIB + pc->above_4g, GIB);
    b->hole64_size = 2 * GIB;
    b->s3_off = piix4_s3_disabled(pc->pm);
    b->s4_off = piix4_s4_disabled(pc->pm);
    b->s4_val = piix4_s4_val(pc->pm);
    b->pm_base = piix4_pm_base(pc->pm);
    memset(b->oem_id, ' ', 6);
    memset(b->oem_table, ' ', 8);
    memcpy(b->oem_id, pc->oem_id != NULL ? pc->oem_id : "BOCHS",
           MIN(strlen(pc->oem_id != NULL ? pc->oem_id : "BOCHS"), 6));
    memcpy(b->oem_table, pc->oem_table_id != NULL ? pc->oem_table_id : "BXPC",
           MIN(strlen(pc->oem_table_id != NULL ? pc->oem_table_id : "BXPC"), 8));
}

static void acpi_build(PcMachine *pc, GByteArray *tables, GByteArray *loader,
                       uint8_t rsdp[RSDP_SIZE])
{
    g_autofree AcpiBoard *board = g_new(AcpiBoard, 1);
    Build x = { board, tables, loader };
    uint32_t table[4], dsdt, rsdt;
    unsigned n = 0;

    acpi_gather(pc, board);
    load_allocate(&x, rsdp_file, 16, ZONE_FSEG);
    load_allocate(&x, tables_file, 64, ZONE_HIGH);
    put_facs(&x);
    dsdt = put_dsdt(&x);
    table[n++] = put_fadt(&x, 0, dsdt);
    table[n++] = put_madt(&x);
    if (board->hpet) {
        table[n++] = put_hpet(&x);
    }
    table[n++] = put_waet(&x);
    rsdt = table_begin(&x, "RSDT", 1);
    for (unsigned i = 0; i < n; i++) {
        load_pointer(&x, tables_file, tables->len);
        put(tables, table[i], 4);
    }
    table_end(&x, rsdt);
    memset(rsdp, 0, RSDP_SIZE);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, board->oem_id, 6);
    pci_set32(rsdp + 16, rsdt);
    load_pointer(&x, rsdp_file, 16);
    load_checksum(&x, rsdp_file, 8, 0, RSDP_SIZE);
}

static void pad(GByteArray *b, guint unit)
{
    guint had = b->len, size = MAX((had + unit - 1) / unit * unit, unit);

    g_byte_array_set_size(b, size);
    memset(b->data + had, 0, size - had);
}

/* The guest selected one of the files. */
static void acpi_select(void *opaque)
{
    PcMachine *pc = opaque;
    g_autoptr(GByteArray) tables = g_byte_array_new(), loader = g_byte_array_new();
    uint8_t rsdp[RSDP_SIZE];

    if (pc->acpi_built) {
        return;
    }
    pc->acpi_built = true;
    acpi_build(pc, tables, loader, rsdp);
    pad(tables, TABLES_SIZE);
    pad(loader, LOADER_SIZE);
    fw_cfg_set_file(pc->fw, tables_file, tables->data, tables->len, NULL);
    fw_cfg_set_file(pc->fw, loader_file, loader->data, loader->len, NULL);
    fw_cfg_set_file(pc->fw, rsdp_file, rsdp, sizeof(rsdp), NULL);
}

bool pc_acpi_setup(PcMachine *pc, GError **errp)
{
    static const struct {
        const char *name;
        size_t size;
    } files[] = {
        { rsdp_file, RSDP_SIZE },
        { tables_file, TABLES_SIZE },
        { loader_file, LOADER_SIZE },
    };

    if (pc->pm == NULL) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        FwCfgFile f = { .data = g_malloc0(files[i].size),
                        .size = files[i].size,
                        .select = acpi_select,
                        .opaque = pc };

        pc->acpi_blobs[i] = f.data;
        if (!fw_cfg_add_file_callback(pc->fw, files[i].name, &f, errp)) {
            return false;
        }
    }
    return true;
}
