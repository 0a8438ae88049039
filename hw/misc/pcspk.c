/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control port B (0x61) of a PC: gate and data bit of the speaker, OUT of PIT channel 2, refresh
 * toggle. The toggle changes with every read, so delay loops that count it end soon. Makes no sound yet. */
#include "hw/isa/isa.h"
#include "hw/misc/pc_misc.h"
#include "hw/timer/i8254.h"
#include "util/err.h"

enum { PORTB_GATE = 0x01, PORTB_DATA = 0x02, PORTB_REFRESH_SHIFT = 4, PORTB_OUT_SHIFT = 5, SPEAKER = 2 };

typedef struct Pcspk {
    IsaDevice isa;
    MemRegion io;
    Device *pit;
    uint32_t iobase;                /* properties */
    char *audiodev;
    bool migrate;
    uint8_t data_on, dummy_refresh_clock;
} Pcspk;

static uint64_t pcspk_read(void *opaque, GuestAddr off, unsigned size)
{
    Pcspk *s = opaque;

    s->dummy_refresh_clock ^= 1;
    return (pit_gate(s->pit, SPEAKER) ? PORTB_GATE : 0) | (s->data_on ? PORTB_DATA : 0) |
           s->dummy_refresh_clock << PORTB_REFRESH_SHIFT | pit_out(s->pit, SPEAKER) << PORTB_OUT_SHIFT;
}

static void pcspk_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Pcspk *s = opaque;

    s->data_on = (val & PORTB_DATA) != 0;
    pit_set_gate(s->pit, SPEAKER, val & PORTB_GATE);
}

static const MemOps pcspk_ops = {
    .read = pcspk_read, .write = pcspk_write, .min_size = 1, .max_size = 1,
};

static bool pcspk_realize(Device *dev, GError **errp)
{
    Pcspk *s = CONTAINER(dev, Pcspk, isa.dev);

    if (s->pit == NULL) {
        return err_fail(errp, "isa-pcspk: no timer is connected");
    }
    mem_init_io(&s->io, "pcspk", 1, &pcspk_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void pcspk_reset(Device *dev, ResetKind kind)
{
    Pcspk *s = CONTAINER(dev, Pcspk, isa.dev);

    s->data_on = 0;
    s->dummy_refresh_clock = 0;
}

static bool pcspk_post_load(void *obj, int version, GError **errp)
{
    Pcspk *s = obj;

    s->data_on = s->data_on != 0;
    s->dummy_refresh_clock &= 1;
    return true;
}

static const VmField pcspk_vm_fields[] = {
    VM_FIELD_U8(Pcspk, data_on), VM_FIELD_U8(Pcspk, dummy_refresh_clock), VM_FIELD_END,
};
static bool pcspk_needed(const void *obj) { return ((const Pcspk *)obj)->migrate; }
static const VmState pcspk_vmstate = {
    .name = "pcspk", .version = 1, .min_version = 1, .fields = pcspk_vm_fields,
    .needed = pcspk_needed, .post_load = pcspk_post_load,
};

static const Field pcspk_props[] = {
    FIELD_STR("audiodev", Pcspk, audiodev, NULL, .help = "ID of an audiodev to use as a backend"),
    FIELD_U32("iobase", Pcspk, iobase, 0x61),
    FIELD_BOOL("migrate", Pcspk, migrate, true),
    { 0 },
};

const DeviceType pcspk_type = {
    .type = { .name = "isa-pcspk", .parent = &isa_device.type, .size = sizeof(Pcspk),
              .props = pcspk_props },
    .category = DEV_SOUND,
    .realize = pcspk_realize, .reset = pcspk_reset, .vmstate = &pcspk_vmstate,
};
DEVICE_REGISTER(pcspk_type);

Device *pcspk_new(Vm *vm, Bus *isa, Device *pit, GError **errp)
{
    Device *dev = device_new(&pcspk_type, vm, NULL);

    CONTAINER(dev, Pcspk, isa.dev)->pit = pit;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
