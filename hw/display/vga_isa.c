/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA adapter "isa-vga": VGA core at the legacy addresses, the frame buffer of dispi modes at
 * 0xe0000000 and the video BIOS at 0xc0000. */
#include "hw/display/vga.h"

#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "hw/display/vga_int.h"
#include "hw/isa/isa.h"

enum { LEGACY_AT = 0xa0000, BIOS_AT = 0xc0000 };
#define LFB_AT 0xe0000000u

typedef struct VgaIsa {
    IsaDevice isa;
    Vga vga;
} VgaIsa;

static bool vga_isa_realize(Device *dev, GError **errp)
{
    VgaIsa *s = CONTAINER(dev, VgaIsa, isa.dev);
    IsaBus *bus = isa_bus_of(dev);
    g_autofree char *bios = NULL;

    if (!vga_init(&s->vga, dev, errp)) {
        return false;
    }
    s->isa.first_port = 0x3c0;
    mem_add(bus->mem, LEGACY_AT, &s->vga.lowmem, 1);
    mem_add(bus->mem, LFB_AT, &s->vga.vram, 0);
    vga_map_ports(&s->vga, bus->io, true);
    if (type_is_a(dev->vm->machine->type, &machine_base.type)) {
        bios = machine_find_file(vm_machine(dev->vm), "vgabios-isavga.bin");
    }
    return bios == NULL || rom_add_file(dev->vm, bios, BIOS_AT, errp) != NULL;
}

static void vga_isa_reset(Device *dev, ResetKind kind)
{
    vga_reset(&CONTAINER(dev, VgaIsa, isa.dev)->vga);
}

static void vga_isa_unrealize(Device *dev)
{
    vga_fini(&CONTAINER(dev, VgaIsa, isa.dev)->vga);
}

static const Field vga_isa_props[] = {
    FIELD_U32("vgamem_mb", VgaIsa, vga.vram_size_mb, 8),
    { 0 },
};

const DeviceType vga_isa_type = {
    .type = { .name = "isa-vga",
              .parent = &isa_device.type,
              .size = sizeof(VgaIsa),
              .user_creatable = true,
              .props = vga_isa_props },
    .category = DEV_DISPLAY,
    .realize = vga_isa_realize,
    .unrealize = vga_isa_unrealize,
    .reset = vga_isa_reset,
    .vmstate = &vga_vmstate,
    .vmstate_at = offsetof(VgaIsa, vga),
};
DEVICE_REGISTER(vga_isa_type);
