/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control port A (0x92) of a PS/2: fast A20 gate (bit 1) and fast reset (bit 0, on its rise). */
#include "hw/isa/isa.h"
#include "hw/misc/pc_misc.h"
#include "util/err.h"

enum { PORT92 = 0x92, PORT92_RESET = 0x01, PORT92_A20 = 0x02 };

typedef struct Port92 {
    IsaDevice isa;
    MemRegion io;
    Irq a20, reset;
    uint8_t outport;
} Port92;

static uint64_t port92_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((Port92 *)opaque)->outport;
}

static void port92_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Port92 *s = opaque;
    uint8_t old = s->outport;

    s->outport = val;
    irq_set(s->a20, (val & PORT92_A20) != 0);
    if ((val & PORT92_RESET) && !(old & PORT92_RESET)) {
        irq_pulse(s->reset);
    }
}

static const MemOps port92_ops = {
    .read = port92_read, .write = port92_write, .min_size = 1, .max_size = 1,
};

static bool port92_realize(Device *dev, GError **errp)
{
    Port92 *s = CONTAINER(dev, Port92, isa.dev);

    mem_init_io(&s->io, "port92", 1, &port92_ops, s);
    isa_register_ioport(dev, &s->io, PORT92);
    device_init_gpio_out(dev, "a20", &s->a20, 1);
    return true;
}

static void port92_reset(Device *dev, ResetKind kind)
{
    CONTAINER(dev, Port92, isa.dev)->outport &= ~PORT92_RESET;
}

static const VmField port92_vm_fields[] = { VM_FIELD_U8(Port92, outport), VM_FIELD_END };
static const VmState port92_vmstate = {
    .name = "port92", .version = 1, .min_version = 1, .fields = port92_vm_fields,
};

const DeviceType port92_type = {
    .type = { .name = "port92", .parent = &isa_device.type, .size = sizeof(Port92) },
    .category = DEV_MISC,
    .realize = port92_realize, .reset = port92_reset, .vmstate = &port92_vmstate,
};
DEVICE_REGISTER(port92_type);

Device *port92_new(Vm *vm, Bus *isa, Irq a20, Irq reset, GError **errp)
{
    Device *dev = device_new(&port92_type, vm, NULL);
    Port92 *s = CONTAINER(dev, Port92, isa.dev);

    s->a20 = a20;
    s->reset = reset;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
