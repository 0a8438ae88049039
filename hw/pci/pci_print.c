/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI for people: class names, "info pci", the PCI lines of "info qtree", firmware path names.
 * Class codes from PCI Code and ID Assignment 1.11; firmware names from the Open Firmware PCI
 * binding 2.1, 2.5. */
#include "hw/core/info.h"
#include "hw/pci/pci_int.h"

typedef struct PciClass {
    uint16_t id;
    const char *name, *fw_name;
} PciClass;

static const PciClass pci_classes[] = {
    { 0x0001, "VGA controller", "display" },
    { 0x0100, "SCSI controller", "scsi" },
    { 0x0101, "IDE controller", "ide" },
    { 0x0102, "Floppy controller", "fdc" },
    { 0x0103, "IPI controller", "ipi" },
    { 0x0104, "RAID controller", "raid" },
    { 0x0106, "SATA controller", NULL },
    { 0x0107, "SAS controller", NULL },
    { 0x0180, "Storage controller", NULL },
    { 0x0200, "Ethernet controller", "ethernet" },
    { 0x0201, "Token Ring controller", "token-ring" },
    { 0x0202, "FDDI controller", "fddi" },
    { 0x0203, "ATM controller", "atm" },
    { 0x0280, "Network controller", NULL },
    { 0x0300, "VGA controller", "display" },
    { 0x0301, "XGA controller", NULL },
    { 0x0302, "3D controller", NULL },
    { 0x0380, "Display controller", NULL },
    { 0x0400, "Video controller", "video" },
    { 0x0401, "Audio controller", "sound" },
    { 0x0402, "Phone", NULL },
    { 0x0403, "Audio controller", "sound" },
    { 0x0480, "Multimedia controller", NULL },
    { 0x0500, "RAM controller", "memory" },
    { 0x0501, "Flash controller", "flash" },
    { 0x0580, "Memory controller", NULL },
    { 0x0600, "Host bridge", "host" },
    { 0x0601, "ISA bridge", "isa" },
    { 0x0602, "EISA bridge", "eisa" },
    { 0x0603, "MC bridge", "mca" },
    { 0x0604, "PCI bridge", "pci-bridge" },
    { 0x0605, "PCMCIA bridge", "pcmcia" },
    { 0x0606, "NUBUS bridge", "nubus" },
    { 0x0607, "CARDBUS bridge", "cardbus" },
    { 0x0608, "RACEWAY bridge", NULL },
    { 0x0680, "Bridge", NULL },
    { 0x0700, "Serial port", "serial" },
    { 0x0701, "Parallel port", "parallel" },
    { 0x0800, "Interrupt controller", "interrupt-controller" },
    { 0x0801, "DMA controller", "dma-controller" },
    { 0x0802, "Timer", "timer" },
    { 0x0803, "RTC", "rtc" },
    { 0x0900, "Keyboard", "keyboard" },
    { 0x0901, "Pen", "pen" },
    { 0x0902, "Mouse", "mouse" },
    { 0x0a00, "Dock station", "dock" },
    { 0x0b00, "i386 cpu", "cpu" },
    { 0x0c00, "Firewire controller", "firewire" },
    { 0x0c01, "Access bus controller", "access-bus" },
    { 0x0c02, "SSA controller", "ssa" },
    { 0x0c03, "USB controller", "usb" },
    { 0x0c04, "Fibre channel controller", "fibre-channel" },
    { 0x0c05, "SMBus", NULL },
};

static const PciClass *pci_class_find(uint16_t id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pci_classes); i++) {
        if (pci_classes[i].id == id) {
            return &pci_classes[i];
        }
    }
    return NULL;
}

const char *pci_class_name(uint16_t class_id)
{
    const PciClass *c = pci_class_find(class_id);

    return c != NULL ? c->name : NULL;
}

char *pci_class_fw_name(const PciDevice *pci)
{
    const PciClass *c = pci_class_find(pci->info->class_id);

    if (c != NULL && c->fw_name != NULL) {
        return g_strdup(c->fw_name);
    }
    return g_strdup_printf("pci%04x,%04x", pci->info->vendor, pci->info->device);
}

static char *pci_class_text(const PciDevice *pci)
{
    uint16_t id = pci_get16(pci->config + PCI_CLASS_DEVICE);
    const char *name = pci_class_name(id);

    return name != NULL ? g_strdup(name) : g_strdup_printf("Class %04x", id);
}

void pci_print_qtree(const Device *dev, GString *out, int indent)
{
    const PciDevice *pci = CONTAINER(dev, const PciDevice, dev);
    const uint8_t *c = pci->config;
    g_autofree char *name = NULL;

    if (c == NULL) {
        return;
    }
    name = pci_class_text(pci);
    g_string_append_printf(
        out, "%*sclass %s, addr %02x:%02x.%x, pci id %04x:%04x (sub %04x:%04x)\n", indent, "", name,
        CONTAINER(dev->bus, const PciBus, bus)->number, (unsigned)pci->devfn >> 3, pci->devfn & 7,
        pci_get16(c + PCI_VENDOR_ID), pci_get16(c + PCI_DEVICE_ID), pci_get16(c + PCI_SUB_VENDOR),
        pci_get16(c + PCI_SUB_DEVICE));
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        const PciBar *b = &pci->bar[i];

        if (b->region != NULL) {
            g_string_append_printf(
                out, "%*sbar %u: %s at 0x%" G_GINT64_MODIFIER "x [0x%" G_GINT64_MODIFIER "x]\n",
                indent, "", i, b->flags & PCI_BAR_IO ? "i/o" : "mem", b->addr,
                b->addr + b->size - 1);
        }
    }
}

static void pci_print_bar(const PciBar *b, unsigned n, GString *out)
{
    uint64_t last = b->addr + b->size - 1;

    if (b->flags & PCI_BAR_IO) {
        g_string_append_printf(
            out, "      BAR%u: I/O at 0x%04" G_GINT64_MODIFIER "x [0x%04" G_GINT64_MODIFIER "x].\n",
            n, b->addr, last);
        return;
    }
    g_string_append_printf(out,
                           "      BAR%u: %d bit%s memory at 0x%08" G_GINT64_MODIFIER
                           "x [0x%08" G_GINT64_MODIFIER "x].\n",
                           n, b->flags & PCI_BAR_64 ? 64 : 32,
                           b->flags & PCI_BAR_PREFETCH ? " prefetchable" : "", b->addr, last);
}

static void pci_print_device(const PciDevice *pci, GString *out)
{
    const uint8_t *c = pci->config;
    g_autofree char *name = pci_class_text(pci);

    g_string_append_printf(out, "  Bus %2d, device %3d, function %d:\n", pci_bus_of(pci)->number,
                           pci->devfn >> 3, pci->devfn & 7);
    g_string_append_printf(out, "    %s: PCI device %04x:%04x\n", name,
                           pci_get16(c + PCI_VENDOR_ID), pci_get16(c + PCI_DEVICE_ID));
    g_string_append_printf(out, "      PCI subsystem %04x:%04x\n", pci_get16(c + PCI_SUB_VENDOR),
                           pci_get16(c + PCI_SUB_DEVICE));
    if (c[PCI_INT_PIN] != 0) {
        g_string_append_printf(out, "      IRQ %d, pin %c\n", c[PCI_INT_LINE],
                               'A' + c[PCI_INT_PIN] - 1);
    }
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        if (pci->bar[i].region != NULL) {
            pci_print_bar(&pci->bar[i], i, out);
        }
    }
    g_string_append_printf(out, "      id \"%s\"\n", pci->dev.id != NULL ? pci->dev.id : "");
}

void pci_print(Vm *vm, GString *out)
{
    PciBus *bus = pci_root_bus(vm);

    if (bus == NULL) {
        g_string_append(out, "No PCI devices\n");
        return;
    }
    for (PciDevice *p = pci_next(bus, -1); p != NULL; p = pci_next(bus, p->devfn)) {
        pci_print_device(p, out);
    }
}

/* ---- query-pci */

static Json *pci_bar_json(const PciBar *b, unsigned n)
{
    Json *j = json_object_new();
    bool io = b->flags & PCI_BAR_IO;

    json_set_int(j, "bar", n);
    json_set_str(j, "type", io ? "io" : "memory");
    json_set_int(j, "address", b->addr == PCI_BAR_UNMAPPED ? -1 : (int64_t)b->addr);
    json_set_uint(j, "size", b->size);
    if (!io) {
        json_set_bool(j, "prefetch", b->flags & PCI_BAR_PREFETCH);
        json_set_bool(j, "mem_type_64", b->flags & PCI_BAR_64);
    }
    return j;
}

static Json *pci_class_json(const PciDevice *pci)
{
    uint16_t id = pci_get16(pci->config + PCI_CLASS_DEVICE);
    const char *name = pci_class_name(id);
    Json *j = json_object_new();

    if (name != NULL) {
        json_set_str(j, "desc", name);
    }
    json_set_int(j, "class", id);
    return j;
}

static Json *pci_id_json(const uint8_t *c)
{
    Json *j = json_object_new();

    json_set_int(j, "device", pci_get16(c + PCI_DEVICE_ID));
    json_set_int(j, "vendor", pci_get16(c + PCI_VENDOR_ID));
    json_set_int(j, "subsystem", pci_get16(c + PCI_SUB_DEVICE));
    json_set_int(j, "subsystem-vendor", pci_get16(c + PCI_SUB_VENDOR));
    return j;
}

static Json *pci_device_json(const PciDevice *pci)
{
    const uint8_t *c = pci->config;
    Json *j = json_object_new(), *regions = json_array_new();

    json_set_int(j, "bus", pci_bus_of(pci)->number);
    json_set_int(j, "slot", pci->devfn >> 3);
    json_set_int(j, "function", pci->devfn & 7);
    json_set(j, "class_info", pci_class_json(pci));
    json_set(j, "id", pci_id_json(c));
    if (c[PCI_INT_PIN] != 0) {
        json_set_int(j, "irq", c[PCI_INT_LINE]);
    }
    json_set_int(j, "irq_pin", c[PCI_INT_PIN]);
    json_set_str(j, "qdev_id", pci->dev.id != NULL ? pci->dev.id : "");
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        if (pci->bar[i].region != NULL) {
            json_array_add(regions, pci_bar_json(&pci->bar[i], i));
        }
    }
    json_set(j, "regions", regions);
    return j;
}

static Json *pci_json(Vm *vm)
{
    PciBus *bus = pci_root_bus(vm);
    Json *list = json_array_new(), *row, *devices;

    if (bus == NULL) {
        return list;
    }
    devices = json_array_new();
    for (PciDevice *p = pci_next(bus, -1); p != NULL; p = pci_next(bus, p->devfn)) {
        json_array_add(devices, pci_device_json(p));
    }
    row = json_object_new();
    json_set_int(row, "bus", bus->number);
    json_set(row, "devices", devices);
    json_array_add(list, row);
    return list;
}

static const VmInfo info_pci = { .name = "pci", .print = pci_print, .json = pci_json };
VM_INFO_REGISTER(info_pci);
