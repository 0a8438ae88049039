/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371SB (PIIX3) function 0: PCI to ISA bridge (data sheet 290550, 2.2): PIRQ route control
 * 0x60-0x63 and reset control 0xcf9. The edge/level registers belong to the interrupt controllers;
 * IDE is function 1. Not modelled: X-bus chip selects, distributed DMA, SMI and USB of this chip
 * (the board uses a PIIX4's). */
#include "hw/isa/piix3.h"

#include <string.h>

#include "hw/core/vm.h"

enum { PIIX_PIRQ = 0x60, PIIX_PIRQS = 4, PIRQ_DISABLED = 0x80, PIIX_RCR_PORT = 0xcf9 };
enum { RCR_FULL = 1 << 1, RCR_RESET = 1 << 2 };

typedef struct Piix3 {
    PciDevice pci;
    IsaBus *isa;
    MemRegion rcr_io;
    uint8_t rcr;
    uint8_t lines;   /* levels of PIRQA-D */
    uint16_t driven; /* ISA interrupts that are high because of us */
    int32_t levels_saved[PIIX_PIRQS];
} Piix3;

/* ISA level = or of all PIRQ lines that are routed there. */
static void piix3_update_irqs(Piix3 *s)
{
    uint16_t want = 0, diff;

    for (unsigned i = 0; i < PIIX_PIRQS; i++) {
        uint8_t route = s->pci.config[PIIX_PIRQ + i];

        if ((s->lines >> i & 1) && !(route & PIRQ_DISABLED) && (route & 0x7f) < ISA_IRQS) {
            want |= (uint16_t)(1 << (route & 0x0f));
        }
    }
    diff = want ^ s->driven;
    s->driven = want;
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        if (diff >> i & 1) {
            irq_set(s->isa->irq[i], want >> i & 1);
        }
    }
}

static void piix3_set_line(void *opaque, unsigned line, int level)
{
    Piix3 *s = opaque;

    s->lines = (uint8_t)((s->lines & ~(1 << line)) | (level ? 1 << line : 0));
    piix3_update_irqs(s);
}

/* INTA of slot 1 is PIRQA; each slot rotates by one, as on most boards with this chip. */
static int piix3_map_irq(PciDevice *pci, unsigned pin)
{
    return (int)((pin + ((unsigned)pci->devfn >> 3) - 1) & (PIIX_PIRQS - 1));
}

static void piix3_config_written(PciDevice *pci, unsigned off, uint32_t val, unsigned size)
{
    if (off < PIIX_PIRQ + PIIX_PIRQS && off + size > PIIX_PIRQ) {
        piix3_update_irqs(CONTAINER(pci, Piix3, pci));
    }
}

static uint64_t rcr_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((Piix3 *)opaque)->rcr;
}

static void rcr_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Piix3 *s = opaque;

    if (val & RCR_RESET) {
        vm_request_reset(s->pci.dev.vm, SHUTDOWN_GUEST_RESET);
        return;
    }
    s->rcr = val & RCR_FULL;
}

static const MemOps rcr_ops = { .read = rcr_read, .write = rcr_write, .max_size = 1 };

static void piix3_reset(Device *dev, ResetKind kind)
{
    static const struct {
        uint8_t off, val;
    } defaults[] = {
        { 0x4c, 0x4d }, { 0x4e, 0x03 }, { 0x60, 0x80 }, { 0x61, 0x80 }, { 0x62, 0x80 },
        { 0x63, 0x80 }, { 0x69, 0x02 }, { 0x70, 0x80 }, { 0x76, 0x0c }, { 0x77, 0x0c },
        { 0x78, 0x02 }, { 0x82, 0x02 }, { 0xa0, 0x08 }, { 0xa8, 0x0f },
    };
    Piix3 *s = CONTAINER(dev, Piix3, pci.dev);
    uint8_t *c = s->pci.config;

    memset(c + 0x40, 0, PCI_CONFIG_SIZE - 0x40);
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        c[defaults[i].off] = defaults[i].val;
    }
    pci_set16(c + PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MEMORY | PCI_CMD_MASTER);
    pci_set16(c + PCI_STATUS, PCI_STS_DEVSEL_MEDIUM);
    s->lines = 0;
    s->rcr = 0;
    piix3_update_irqs(s);
}

static bool piix3_realize(Device *dev, GError **errp)
{
    Piix3 *s = CONTAINER(dev, Piix3, pci.dev);
    PciBus *bus = pci_bus_of(&s->pci);

    s->isa = isa_bus_new(dev->vm, dev, bus->mem, bus->io);
    mem_init_io(&s->rcr_io, "piix3-reset-control", 1, &rcr_ops, s);
    mem_add(bus->io, PIIX_RCR_PORT, &s->rcr_io, 1);
    pci_bus_set_irqs(bus, piix3_set_line, piix3_map_irq, s, PIIX_PIRQS);
    return true;
}

static void piix3_pre_save(void *obj)
{
    Piix3 *s = obj;

    for (unsigned i = 0; i < PIIX_PIRQS; i++) {
        s->levels_saved[i] = s->lines >> i & 1;
    }
}

static bool piix3_post_load(void *obj, int version, GError **errp)
{
    Piix3 *s = obj;

    s->driven = 0;
    piix3_update_irqs(s);
    return true;
}

static bool piix3_rcr_needed(const void *obj)
{
    return ((const Piix3 *)obj)->rcr != 0;
}

static const VmField piix3_rcr_fields[] = { VM_FIELD_U8(Piix3, rcr), VM_FIELD_END };
static const VmState piix3_rcr_vmstate = {
    .name = "PIIX3/rcr",
    .version = 1,
    .min_version = 1,
    .fields = piix3_rcr_fields,
    .needed = piix3_rcr_needed,
};
static const VmState *const piix3_sections[] = { &piix3_rcr_vmstate, NULL };
static const VmField piix3_fields[] = {
    VM_FIELD_STRUCT(Piix3, pci, pci_device_vmstate, .as = "dev"),
    VM_FIELD_ARRAY(Piix3, levels_saved, int32_t, VM_U32, .since = 3,
                   .as = "pci_irq_levels_vmstate"),
    VM_FIELD_END,
};
static const VmState piix3_vmstate = {
    .name = "PIIX3",
    .version = 3,
    .min_version = 2,
    .fields = piix3_fields,
    .sections = piix3_sections,
    .pre_save = piix3_pre_save,
    .post_load = piix3_post_load,
};

static const PciInfo piix3_info = {
    .vendor = 0x8086,
    .device = 0x7000,
    .class_id = 0x0601,
    .config_written = piix3_config_written,
};

const DeviceType piix3_type = {
    .type = { .name = "PIIX3",
              .desc = "ISA bridge",
              .parent = &pci_device.type,
              .size = sizeof(Piix3) },
    .bus_info = &piix3_info,
    .category = DEV_BRIDGE,
    .realize = piix3_realize,
    .reset = piix3_reset,
    .vmstate = &piix3_vmstate,
};
DEVICE_REGISTER(piix3_type);

IsaBus *piix3_new(PciBus *bus, int devfn, GError **errp)
{
    PciDevice *pci = pci_create(&piix3_type, bus, devfn, true, errp);

    return pci == NULL ? NULL : CONTAINER(pci, Piix3, pci)->isa;
}
