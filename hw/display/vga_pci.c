/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI adapter "VGA" (1234:1111): VGA core at the legacy addresses, linear frame buffer in BAR
 * 0, and in BAR 2 the EDID, the VGA ports, the dispi registers and the byte order register. */
#include "hw/display/vga.h"

#include "hw/display/vga_int.h"
#include "hw/pci/pci.h"
#include "util/bits.h"

enum { MMIO_SIZE = 4096, MMIO_PORTS = 0x400, MMIO_DISPI = 0x500, MMIO_EXT = 0x600 };
enum { EXT_SIZE = 0, EXT_BYTE_ORDER = 4, EXT_LEN = 8 };
#define EXT_LITTLE 0x1e1e1e1eu
#define EXT_BIG    0xbebebebeu
enum { LEGACY_AT = 0xa0000, DEFAULT_X = 1280, DEFAULT_Y = 800 };

typedef struct VgaPci {
    PciDevice pci;
    Vga vga;
    MemRegion mmio, edid_io, ports_io, dispi_io, ext_io;
    uint8_t edid_data[EDID_SIZE];
    bool mmio_on, ext_on, edid, global_vmstate; /* properties */
    uint32_t xres, yres, xmax, ymax, refresh_rate;
} VgaPci;

static uint64_t edid_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((VgaPci *)opaque)->edid_data[off];
}

static uint64_t mmio_port_read(void *opaque, GuestAddr off, unsigned size)
{
    return vga_port_read(&((VgaPci *)opaque)->vga, 0x3c0 + (uint32_t)off);
}

static void mmio_port_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    vga_port_write(&((VgaPci *)opaque)->vga, 0x3c0 + (uint32_t)off, (uint8_t)val);
}

static uint64_t dispi_read(void *opaque, GuestAddr off, unsigned size)
{
    return vbe_read(&((VgaPci *)opaque)->vga, (unsigned)off / 2);
}

static void dispi_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    vbe_write(&((VgaPci *)opaque)->vga, (unsigned)off / 2, (uint16_t)val);
}

static uint64_t ext_read(void *opaque, GuestAddr off, unsigned size)
{
    if (off == EXT_SIZE) {
        return EXT_LEN;
    }
    return ((VgaPci *)opaque)->vga.big_endian ? EXT_BIG : EXT_LITTLE;
}

static void ext_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    VgaPci *s = opaque;

    if (off == EXT_BYTE_ORDER && (val == EXT_BIG || val == EXT_LITTLE)) {
        s->vga.big_endian = val == EXT_BIG;
        s->vga.full = true;
    }
}

static const MemOps edid_ops = { .read = edid_read, .max_size = 1 };
static const MemOps mmio_port_ops = { .read = mmio_port_read,
                                      .write = mmio_port_write,
                                      .max_size = 1 };
static const MemOps dispi_ops = {
    .read = dispi_read, .write = dispi_write, .min_size = 2, .max_size = 2
};
static const MemOps ext_ops = {
    .read = ext_read, .write = ext_write, .min_size = 4, .max_size = 4
};

static void vga_pci_mmio(VgaPci *s)
{
    mem_init(&s->mmio, "vga.mmio", MMIO_SIZE);
    mem_init_io(&s->ports_io, "vga ioports remapped", 0x20, &mmio_port_ops, s);
    mem_add(&s->mmio, MMIO_PORTS, &s->ports_io, 0);
    mem_init_io(&s->dispi_io, "bochs dispi interface", 2 * (VBE_MEMORY + 1), &dispi_ops, s);
    mem_add(&s->mmio, MMIO_DISPI, &s->dispi_io, 0);
    if (s->ext_on) {
        mem_init_io(&s->ext_io, "qemu extended regs", EXT_LEN, &ext_ops, s);
        mem_add(&s->mmio, MMIO_EXT, &s->ext_io, 0);
    }
    if (s->edid) {
        edid_make(s->edid_data, s->xres != 0 ? s->xres : DEFAULT_X,
                  s->yres != 0 ? s->yres : DEFAULT_Y);
        mem_init_io(&s->edid_io, "edid", EDID_SIZE, &edid_ops, s);
        mem_add(&s->mmio, 0, &s->edid_io, 0);
    }
    pci_add_bar(&s->pci, 2, &s->mmio, PCI_BAR_MEM);
}

static bool vga_pci_realize(Device *dev, GError **errp)
{
    VgaPci *s = CONTAINER(dev, VgaPci, pci.dev);
    PciBus *bus = pci_bus_of(&s->pci);

    if (!vga_init(&s->vga, dev, errp)) {
        return false;
    }
    mem_add(bus->mem, LEGACY_AT, &s->vga.lowmem, 1);
    vga_map_ports(&s->vga, bus->io, true);
    pci_add_bar(&s->pci, 0, &s->vga.vram, PCI_BAR_MEM | PCI_BAR_PREFETCH);
    if (s->mmio_on) {
        vga_pci_mmio(s);
    }
    return true;
}

static void vga_pci_unrealize(Device *dev)
{
    vga_fini(&CONTAINER(dev, VgaPci, pci.dev)->vga);
}

static void vga_pci_reset(Device *dev, ResetKind kind)
{
    vga_reset(&CONTAINER(dev, VgaPci, pci.dev)->vga);
}

static const VmField vga_pci_fields[] = {
    VM_FIELD_STRUCT(VgaPci, pci, pci_device_vmstate, .as = "dev"),
    VM_FIELD_STRUCT(VgaPci, vga, vga_vmstate),
    VM_FIELD_END,
};
static const VmState vga_pci_vmstate = {
    .name = "vga", .version = 2, .min_version = 2, .fields = vga_pci_fields
};

static const Field vga_pci_props[] = {
    FIELD_U32("vgamem_mb", VgaPci, vga.vram_size_mb, 16),
    FIELD_BOOL("mmio", VgaPci, mmio_on, true, .help = "on/off"),
    FIELD_BOOL("qemu-extended-regs", VgaPci, ext_on, true, .help = "on/off"),
    FIELD_BOOL("edid", VgaPci, edid, true, .help = "on/off"),
    FIELD_U32("xres", VgaPci, xres, 0),
    FIELD_U32("yres", VgaPci, yres, 0),
    FIELD_U32("xmax", VgaPci, xmax, 0),
    FIELD_U32("ymax", VgaPci, ymax, 0),
    FIELD_U32("refresh_rate", VgaPci, refresh_rate, 0),
    FIELD_BOOL("big-endian-framebuffer", VgaPci, vga.big_endian, false,
               .flags = FIELD_NO_DEFAULT | FIELD_LIVE),
    FIELD_BOOL("global-vmstate", VgaPci, global_vmstate, false),
    { 0 },
};
static const PciInfo vga_pci_info = {
    .vendor = 0x1234,
    .device = 0x1111,
    .class_id = 0x0300,
    .revision = 2,
    .romfile = "vgabios-stdvga.bin",
};

const DeviceType vga_pci_type = {
    .type = { .name = "VGA",
              .parent = &pci_device.type,
              .size = sizeof(VgaPci),
              .user_creatable = true,
              .props = vga_pci_props },
    .bus_info = &vga_pci_info,
    .category = DEV_DISPLAY,
    .realize = vga_pci_realize,
    .unrealize = vga_pci_unrealize,
    .reset = vga_pci_reset,
    .vmstate = &vga_pci_vmstate,
};
DEVICE_REGISTER(vga_pci_type);
