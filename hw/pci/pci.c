/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI bus and the base of its devices: addresses, identity, interrupt lines, option ROMs, bus
 * mastering. PCI Local Bus Specification 3.0, chapters 2.2.6 and 6. Each device sees memory through
 * an address space of its own which is empty until the guest sets Bus Master Enable. Not modelled:
 * parity and SERR#, BIST, cache line semantics, 66 MHz signalling. */
#include "hw/pci/pci.h"

#include <string.h>

#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "hw/pci/pci_int.h"
#include "util/err.h"

enum { PCI_SUB_VENDOR_DEFAULT = 0x1af4, PCI_SUB_DEVICE_DEFAULT = 0x1100, PCI_ROM_MAX = 16 << 20 };

PciBus *pci_bus_of(const PciDevice *pci)
{
    return CONTAINER(pci->dev.bus, PciBus, bus);
}

PciDevice *pci_from_device(Device *dev)
{
    return dev != NULL && device_is_a(dev, &pci_device) ? CONTAINER(dev, PciDevice, dev) : NULL;
}

PciDevice *pci_find_device(PciBus *bus, unsigned devfn)
{
    return devfn < PCI_DEVFNS ? bus->devices[devfn] : NULL;
}

PciDevice *pci_next(PciBus *bus, int devfn)
{
    for (int i = devfn + 1; i < PCI_DEVFNS; i++) {
        if (bus->devices[i] != NULL) {
            return bus->devices[i];
        }
    }
    return NULL;
}

PciBus *pci_root_bus(Vm *vm)
{
    for (guint i = 0; i < vm->buses->len; i++) {
        Bus *b = g_ptr_array_index(vm->buses, i);

        if (b->type == &pci_bus && CONTAINER(b, PciBus, bus)->parent_dev == NULL) {
            return CONTAINER(b, PciBus, bus);
        }
    }
    return NULL;
}

/* ---- Interrupt lines */

static void pci_bus_change_line(PciBus *bus, unsigned line, int delta)
{
    if (bus->set_irq == NULL || line >= bus->irq_lines) {
        return;
    }
    bus->irq_count[line] += delta;
    bus->set_irq(bus->irq_opaque, line, bus->irq_count[line] != 0);
}

/* Follows a device's pin up through bridges (each rotates by the slot) to the root's line. */
static void pci_route_change(PciDevice *pci, unsigned pin, int delta)
{
    PciBus *bus = pci_bus_of(pci);

    while (bus->parent_dev != NULL && bus->map_irq == NULL) {
        pin = (pin + (pci->devfn >> 3)) % PCI_PINS;
        pci = bus->parent_dev;
        bus = pci_bus_of(pci);
    }
    if (bus->map_irq != NULL) {
        pci_bus_change_line(bus, (unsigned)bus->map_irq(pci, pin), delta);
    }
}

void pci_update_irq(PciDevice *pci)
{
    bool off = pci_get16(pci->config + PCI_COMMAND) & PCI_CMD_INTX_OFF;
    uint8_t want = off ? 0 : pci->irq_level;

    if (pci->irq_level != 0) {
        pci->config[PCI_STATUS] |= PCI_STS_INTERRUPT;
    } else {
        pci->config[PCI_STATUS] &= (uint8_t)~PCI_STS_INTERRUPT;
    }
    for (unsigned pin = 0; pin < PCI_PINS; pin++) {
        int now = (want >> pin) & 1, was = (pci->irq_seen >> pin) & 1;

        if (now != was) {
            pci->irq_seen ^= (uint8_t)(1 << pin);
            pci_route_change(pci, pin, now - was);
        }
    }
}

static void pci_drive_intx(PciDevice *pci, int level)
{
    unsigned pin = pci->config[PCI_INT_PIN];

    if (pin < 1 || pin > PCI_PINS) {
        return;
    }
    pci->irq_level = level ? (uint8_t)(1 << (pin - 1)) : 0;
    pci_update_irq(pci);
}

void pci_irq_set(PciDevice *pci, int level)
{
    if (pci_msi_enabled(pci)) {
        pci_drive_intx(pci, 0);
        if (level) {
            pci_msi_notify(pci, 0);
        }
        return;
    }
    pci_drive_intx(pci, level);
}

static void pci_irq_handler(void *opaque, unsigned pin, int level)
{
    pci_irq_set(opaque, level);
}

Irq pci_irq(PciDevice *pci)
{
    return (Irq){ .set = pci_irq_handler, .opaque = pci };
}

int pci_bus_irq_level(const PciBus *bus, unsigned line)
{
    return line < bus->irq_lines && bus->irq_count[line] != 0;
}

void pci_set_int_pin(PciDevice *pci, unsigned pin)
{
    pci->config[PCI_INT_PIN] = (uint8_t)pin;
}

/* ---- The bus */

static bool pci_slot_free(const PciBus *bus, unsigned slot)
{
    for (unsigned fn = 0; fn < 8; fn++) {
        if (bus->devices[PCI_DEVFN(slot, fn)] != NULL) {
            return false;
        }
    }
    return true;
}

static bool pci_pick_slot(PciBus *bus, PciDevice *pci, GError **errp)
{
    for (unsigned slot = bus->first_slot; slot < 32; slot++) {
        if (pci_slot_free(bus, slot) && !(bus->slot_reserved >> slot & 1)) {
            pci->devfn = (int32_t)PCI_DEVFN(slot, 0);
            return true;
        }
    }
    return err_fail(errp, "PCI: no slot/function available for %s, all in use or reserved",
                    pci->dev.type->type.name);
}

/* A function other than 0 needs a function 0 that says it has more. */
static bool pci_check_multifunction(PciBus *bus, PciDevice *pci, GError **errp)
{
    unsigned slot = (unsigned)pci->devfn >> 3;
    PciDevice *f0 = bus->devices[PCI_DEVFN(slot, 0)];

    if ((pci->devfn & 7) != 0) {
        if (f0 != NULL && !f0->multifunction) {
            return err_fail(errp,
                            "PCI: single function device can't be populated in function %x.%x",
                            slot, pci->devfn & 7);
        }
        return true;
    }
    if (pci->multifunction) {
        return true;
    }
    for (unsigned fn = 1; fn < 8; fn++) {
        if (bus->devices[PCI_DEVFN(slot, fn)] != NULL) {
            return err_fail(errp,
                            "PCI: %x.0 indicates single function, but %x.%x is already populated.",
                            slot, slot, fn);
        }
    }
    return true;
}

static bool pci_attach(Bus *b, Device *dev, GError **errp)
{
    PciBus *bus = CONTAINER(b, PciBus, bus);
    PciDevice *pci = CONTAINER(dev, PciDevice, dev), *other;
    bool automatic = pci->devfn < 0;

    if (automatic && !pci_pick_slot(bus, pci, errp)) {
        return false;
    }
    if (pci->devfn >= PCI_DEVFNS) {
        return err_fail(errp, "PCI: address of %s is out of range", dev->type->type.name);
    }
    other = bus->devices[pci->devfn];
    if (other != NULL) {
        return err_fail(errp, "PCI: slot %d function %d not available for %s, in use by %s,id=%s",
                        pci->devfn >> 3, pci->devfn & 7, dev->type->type.name,
                        other->dev.type->type.name, other->dev.id != NULL ? other->dev.id : "");
    }
    if (!pci_check_multifunction(bus, pci, errp)) {
        return false;
    }
    bus->devices[pci->devfn] = pci;
    return true;
}

static void pci_detach(Bus *b, Device *dev)
{
    PciBus *bus = CONTAINER(b, PciBus, bus);
    PciDevice *pci = CONTAINER(dev, PciDevice, dev);

    if (pci->devfn >= 0 && pci->devfn < PCI_DEVFNS && bus->devices[pci->devfn] == pci) {
        bus->devices[pci->devfn] = NULL;
    }
}

static char *pci_address(const Device *dev)
{
    const PciDevice *pci = CONTAINER(dev, const PciDevice, dev);

    return g_strdup_printf("%02x.%x", (unsigned)pci->devfn >> 3, pci->devfn & 7);
}

static char *pci_dev_path(const Device *dev)
{
    const PciDevice *pci = CONTAINER(dev, const PciDevice, dev);

    return g_strdup_printf("0000:%02x:%02x.%x", CONTAINER(dev->bus, const PciBus, bus)->number,
                           (unsigned)pci->devfn >> 3, pci->devfn & 7);
}

static char *pci_fw_path(const Device *dev)
{
    const PciDevice *pci = CONTAINER(dev, const PciDevice, dev);
    const char *name = dev->type->fw_name;
    g_autofree char *own = NULL;

    if (name == NULL) {
        own = pci_class_fw_name(pci);
        name = own;
    }
    if ((pci->devfn & 7) != 0) {
        return g_strdup_printf("%s@%x,%x", name, (unsigned)pci->devfn >> 3, pci->devfn & 7);
    }
    return g_strdup_printf("%s@%x", name, (unsigned)pci->devfn >> 3);
}

static void pci_bus_reset_lines(Bus *b, ResetKind kind)
{
    PciBus *bus = CONTAINER(b, PciBus, bus);

    for (unsigned i = 0; i < bus->irq_lines; i++) {
        bus->set_irq(bus->irq_opaque, i, bus->irq_count[i] != 0);
    }
}

const BusType pci_bus = {
    .type = { .name = "PCI", .parent = &bus_base.type, .size = sizeof(PciBus) },
    .attach = pci_attach,
    .detach = pci_detach,
    .address = pci_address,
    .dev_path = pci_dev_path,
    .fw_path = pci_fw_path,
    .print = pci_print_qtree,
    .reset = pci_bus_reset_lines,
};
BUS_REGISTER(pci_bus);

PciBus *pci_bus_new_root(Device *host, const char *name, MemRegion *mem, MemRegion *io)
{
    PciBus *bus = CONTAINER(bus_new(&pci_bus, host, name), PciBus, bus);

    bus->mem = mem;
    bus->io = io;
    bus->bus.hotplug = true;
    return bus;
}

void pci_bus_set_irqs(PciBus *bus, void (*set)(void *opaque, unsigned line, int level),
                      PciMapIrq *map, void *opaque, unsigned lines)
{
    g_assert(lines <= G_N_ELEMENTS(bus->irq_count));
    bus->set_irq = set;
    bus->map_irq = map;
    bus->irq_opaque = opaque;
    bus->irq_lines = lines;
}

PciDevice *pci_create(const DeviceType *type, PciBus *bus, int devfn, bool multifunction,
                      GError **errp)
{
    Device *dev = device_new(type, bus->bus.vm, NULL);
    PciDevice *pci = CONTAINER(dev, PciDevice, dev);

    pci->devfn = devfn;
    pci->multifunction = multifunction;
    if (!device_realize(dev, &bus->bus, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return pci;
}

/* ---- The device base */

static void pci_init_config(PciDevice *pci)
{
    const PciInfo *in = pci->info;
    size_t size = in->express ? PCIE_CONFIG_SIZE : PCI_CONFIG_SIZE;
    uint8_t *c;

    pci->config = c = g_malloc0(size);
    pci->wmask = g_malloc0(size);
    pci->w1cmask = g_malloc0(size);
    pci->used = g_malloc0(size);
    memset(pci->used, 0xff, 0x40);
    pci_set16(c + PCI_VENDOR_ID, in->vendor);
    pci_set16(c + PCI_DEVICE_ID, in->device);
    pci_set16(c + PCI_CLASS_DEVICE, in->class_id);
    c[PCI_CLASS_PROG] = in->prog_if;
    c[PCI_REVISION] = in->revision;
    pci_set16(c + PCI_SUB_VENDOR, in->sub_vendor != 0 ? in->sub_vendor : PCI_SUB_VENDOR_DEFAULT);
    pci_set16(c + PCI_SUB_DEVICE, in->sub_device != 0 ? in->sub_device : PCI_SUB_DEVICE_DEFAULT);
    c[PCI_HEADER_TYPE] = pci->multifunction ? PCI_HEADER_MULTI : 0;
    pci->wmask[PCI_CACHE_LINE] = 0xff;
    pci->wmask[PCI_INT_LINE] = 0xff;
    pci_set16(pci->wmask + PCI_COMMAND,
              PCI_CMD_IO | PCI_CMD_MEMORY | PCI_CMD_MASTER | PCI_CMD_INTX_OFF | PCI_CMD_SERR);
    memset(pci->wmask + 0x40, 0xff, size - 0x40);
    pci_set16(pci->w1cmask + PCI_STATUS, 0xf900);
}

/* The option ROM's file, read into a BAR of its own. */
static bool pci_load_rom(PciDevice *pci, GError **errp)
{
    Vm *vm = pci->dev.vm;
    g_autofree char *path = NULL;
    g_autofree uint8_t *data = NULL;
    uint64_t size = pci->romsize;
    size_t len;

    if (pci->romfile == NULL || pci->romfile[0] == '\0' || !pci->rombar) {
        return true;
    }
    path = type_is_a(vm->machine->type, &machine_base.type)
               ? machine_find_file(vm_machine(vm), pci->romfile)
               : g_strdup(pci->romfile);
    if (path == NULL) {
        return err_fail(errp, "failed to find romfile \"%s\"", pci->romfile);
    }
    data = load_file("option ROM", path, PCI_ROM_MAX, &len, errp);
    if (data == NULL) {
        return false;
    }
    if (size == UINT32_MAX) {
        for (size = 2048; size < len; size *= 2) {
        }
        pci->romsize = (uint32_t)size;
    } else if (size < len || (size & (size - 1)) != 0) {
        return err_fail(errp,
                        "romfile \"%s\" (%zu bytes) is too large for ROM size %" G_GUINT64_FORMAT,
                        pci->romfile, len, size);
    }
    if (!mem_init_rom(&pci->rom, pci->romfile, MAX(size, 4096), errp)) {
        return false;
    }
    memcpy(mem_ram_ptr(&pci->rom), data, len);
    pci->has_rom = true;
    pci_add_bar(pci, PCI_ROM_BAR, &pci->rom, PCI_BAR_MEM);
    return true;
}

static bool pci_realize(Device *dev, GError **errp)
{
    PciDevice *pci = CONTAINER(dev, PciDevice, dev);
    Vm *vm = dev->vm;

    pci->info = device_type_bus_info(dev->type);
    pci->vm_version = 2;
    if (pci->romfile == NULL && pci->info->romfile != NULL) {
        pci->romfile = g_strdup(pci->info->romfile);
    }
    pci_init_config(pci);
    mem_init(&pci->dma_root, "bus master container", MEM_SIZE_MAX);
    mem_init_alias(&pci->dma_alias, "bus master", &vm->system_region, 0, MEM_SIZE_MAX);
    mem_set_enabled(&pci->dma_alias, false);
    mem_add(&pci->dma_root, 0, &pci->dma_alias, 0);
    pci->dma = addr_space_new(vm, dev->type->type.name, &pci->dma_root);
    return pci_load_rom(pci, errp);
}

static void pci_unrealize(Device *dev)
{
    PciDevice *pci = CONTAINER(dev, PciDevice, dev);

    if (pci->config == NULL) {
        return;
    }
    pci->irq_level = 0;
    pci_update_irq(pci);
    mem_txn_begin();
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        if (pci->bar[i].region != NULL && pci->bar[i].addr != PCI_BAR_UNMAPPED) {
            mem_del(pci->bar[i].region);
        }
        pci->bar[i].region = NULL;
    }
    mem_txn_commit();
    addr_space_free(pci->dma);
    pci->dma = NULL;
    mem_fini(&pci->dma_alias);
    mem_fini(&pci->dma_root);
    if (pci->has_rom) {
        mem_fini(&pci->rom);
        pci->has_rom = false;
    }
    pci_msix_fini(pci);
    g_clear_pointer(&pci->config, g_free);
    g_clear_pointer(&pci->wmask, g_free);
    g_clear_pointer(&pci->w1cmask, g_free);
    g_clear_pointer(&pci->used, g_free);
}

static void pci_device_reset(Device *dev, ResetKind kind)
{
    PciDevice *pci = CONTAINER(dev, PciDevice, dev);

    pci->irq_level = 0;
    pci_update_irq(pci);
    pci_set16(pci->config + PCI_COMMAND, 0);
    pci_set16(pci->config + PCI_STATUS, pci_get16(pci->config + PCI_STATUS) & (uint16_t)~0xf900);
    pci->config[PCI_CACHE_LINE] = 0;
    pci->config[PCI_INT_LINE] = 0;
    pci_reset_bars(pci);
    pci_msi_reset(pci);
    mem_txn_begin();
    pci_update_mappings(pci);
    mem_txn_commit();
}

/* "06.0" or "06": slot and function in hexadecimal. */
static bool pci_addr_parse(const Field *f, void *member, const char *text, GError **errp)
{
    char *end;
    guint64 slot = g_ascii_strtoull(text, &end, 16), fn = 0;

    if (strcmp(text, "-1") == 0) { /* any free one */
        *(int32_t *)member = -1;
        return true;
    }
    if (end != text && *end == '.' && g_ascii_isxdigit(end[1])) {
        fn = g_ascii_strtoull(end + 1, &end, 16);
    } else if (end != text && *end == '.') {
        end = (char *)text;
    }
    if (end == text || *end != '\0' || text[0] == '-' || slot > 31 || fn > 7) {
        return err_fail(errp, "doesn't take value '%s'", text);
    }
    *(int32_t *)member = (int32_t)PCI_DEVFN(slot, fn);
    return true;
}

static char *pci_addr_print(const Field *f, const void *member)
{
    int32_t devfn = *(const int32_t *)member;

    return devfn < 0 ? g_strdup("-1") : g_strdup_printf("%02x.%x", (unsigned)devfn >> 3, devfn & 7);
}

static const FieldOps pci_addr_ops = {
    .type_name = "int32",
    .parse = pci_addr_parse,
    .print = pci_addr_print,
};

static const Field pci_props[] = {
    FIELD_CUSTOM("addr", PciDevice, devfn, &pci_addr_ops, .def.s = "-1",
                 .help = "Slot and optional function number, example: 06.0 or 06"),
    FIELD_STR("romfile", PciDevice, romfile, NULL),
    FIELD_U32("romsize", PciDevice, romsize, UINT32_MAX),
    FIELD_U32("rombar", PciDevice, rombar, 1),
    FIELD_BOOL("multifunction", PciDevice, multifunction, false, .help = "on/off"),
    FIELD_BOOL("x-pcie-lnksta-dllla", PciDevice, x_pcie_lnksta_dllla, true, .help = "on/off"),
    FIELD_BOOL("x-pcie-extcap-init", PciDevice, x_pcie_extcap_init, true, .help = "on/off"),
    FIELD_STR("failover_pair_id", PciDevice, failover_pair_id, NULL),
    FIELD_U32("acpi-index", PciDevice, acpi_index, 0),
    { 0 },
};

static void pci_init(Object *obj)
{
    PciDevice *pci = (PciDevice *)obj;

    pci->devfn = -1;
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        pci->bar[i].addr = PCI_BAR_UNMAPPED;
    }
}

const DeviceType pci_device = {
    .type = { .name = "pci-device",
              .parent = &device_base.type,
              .size = sizeof(PciDevice),
              .abstract = true,
              .props = pci_props,
              .init = pci_init },
    .bus = &pci_bus,
    .category = DEV_MISC,
    .hotpluggable = true,
    .realize = pci_realize,
    .unrealize = pci_unrealize,
    .reset = pci_device_reset,
};
DEVICE_REGISTER(pci_device);
