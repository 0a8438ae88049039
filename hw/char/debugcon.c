/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-debugcon: a port whose bytes go to a character back end, as the Bochs and QEMU debug ports do. Reading
 * gives a constant by which firmware finds it. */
#include "hw/char/isa_chars.h"
#include "hw/isa/isa.h"
#include "util/err.h"

typedef struct Debugcon {
    IsaDevice isa;
    MemRegion io;
    Char *chr;                      /* properties */
    uint32_t iobase, readback;
} Debugcon;

static uint64_t debugcon_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((Debugcon *)opaque)->readback;
}

/* Bytes the back end has no room for are lost: a debug port never stops the guest. */
static void debugcon_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    uint8_t byte = val;

    char_write(((Debugcon *)opaque)->chr, &byte, 1);
}

static const MemOps debugcon_ops = {
    .read = debugcon_read, .write = debugcon_write, .min_size = 1, .max_size = 1,
};

static size_t debugcon_room(void *opaque) { return 0; }
static void debugcon_receive(void *opaque, const uint8_t *buf, size_t n) { }
static const CharUser debugcon_user = { .room = debugcon_room, .receive = debugcon_receive };

static bool debugcon_realize(Device *dev, GError **errp)
{
    Debugcon *s = CONTAINER(dev, Debugcon, isa.dev);

    if (s->chr == NULL) {
        return err_fail(errp, "Can't create debugcon device, empty char device");
    }
    if (!char_attach(s->chr, &debugcon_user, s, errp)) {
        return false;
    }
    mem_init_io(&s->io, "isa-debugcon", 1, &debugcon_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void debugcon_unrealize(Device *dev)
{
    Debugcon *s = CONTAINER(dev, Debugcon, isa.dev);

    char_detach(s->chr, s);
}

static const Field debugcon_props[] = {
    FIELD_U32("iobase", Debugcon, iobase, 0xe9),
    FIELD_CUSTOM("chardev", Debugcon, chr, &char_field_ops,
                 .help = "ID of a chardev to use as a backend"),
    FIELD_U32("readback", Debugcon, readback, 0xe9),
    { 0 },
};

const DeviceType isa_debugcon_type = {
    .type = { .name = "isa-debugcon", .parent = &isa_device.type, .size = sizeof(Debugcon),
              .user_creatable = true, .props = debugcon_props },
    .category = DEV_MISC,
    .realize = debugcon_realize, .unrealize = debugcon_unrealize,
};
DEVICE_REGISTER(isa_debugcon_type);

Device *isa_debugcon_new(Vm *vm, Bus *isa, uint32_t iobase, Char *chr, GError **errp)
{
    Device *dev = device_new(&isa_debugcon_type, vm, NULL);
    Debugcon *s = CONTAINER(dev, Debugcon, isa.dev);

    if (iobase != 0) {
        s->iobase = iobase;
    }
    s->chr = chr;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
