/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-serial: a 16550A at one of the four COM ports of a PC. */
#include "hw/char/isa_chars.h"
#include "hw/char/uart.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/err.h"

enum { COM_PORTS = 4, UNSET = 0xffffffff };

static const struct { uint16_t port; uint8_t irq; } com_port[COM_PORTS] = {
    { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
};

typedef struct IsaSerial {
    IsaDevice isa;
    Uart uart;
    uint32_t index, iobase, isairq; /* properties */
} IsaSerial;

/* Ports without an index get the lowest that no other isa-serial of this machine has. */
static bool isa_serial_collect(Object *obj, void *opaque)
{
    uint32_t *used = opaque;

    if (type_is_a(obj->type, &isa_serial_type.type) && ((Device *)obj)->realized) {
        *used |= 1u << (CONTAINER((Device *)obj, IsaSerial, isa.dev)->index & 31);
    }
    return true;
}

static bool isa_serial_realize(Device *dev, GError **errp)
{
    IsaSerial *s = CONTAINER(dev, IsaSerial, isa.dev);

    if (s->index == UNSET) {
        uint32_t used = 0;

        object_walk(&dev->vm->root, isa_serial_collect, &used);
        for (s->index = 0; s->index < 31 && (used >> s->index & 1); s->index++) { }
    }
    if (s->index >= COM_PORTS) {
        return err_fail(errp, "Max. supported number of ISA serial ports is %d.", COM_PORTS);
    }
    if (s->iobase == UNSET) {
        s->iobase = com_port[s->index].port;
    }
    if (s->isairq == UNSET) {
        s->isairq = com_port[s->index].irq;
    }
    if (!isa_irq_checked(dev, s->isairq, &s->uart.irq, errp) ||
        !device_realize(&s->uart.dev, NULL, errp)) {
        return false;
    }
    mem_init_io(&s->uart.io, "serial", 8, &uart_ops, &s->uart);
    isa_register_ioport(dev, &s->uart.io, s->iobase);
    return true;
}

static const VmField isa_serial_vm_fields[] = {
    { .name = "state", .kind = VM_STRUCT, .offset = offsetof(IsaSerial, uart), .count = 1,
      .elem_size = sizeof(Uart), .sub = &uart_vmstate },
    VM_FIELD_END,
};
static const VmState isa_serial_vmstate = {
    .name = "serial", .version = 3, .min_version = 2, .fields = isa_serial_vm_fields,
};

static const Field isa_serial_props[] = {
    FIELD_U32("index", IsaSerial, index, UNSET),
    FIELD_U32("iobase", IsaSerial, iobase, UNSET),
    FIELD_U32("irq", IsaSerial, isairq, UNSET),
    FIELD_CUSTOM("chardev", IsaSerial, uart.chr, &char_field_ops,
                 .help = "ID of a chardev to use as a backend"),
    FIELD_U32("baudbase", IsaSerial, uart.baudbase, 115200),
    FIELD_BOOL("wakeup", IsaSerial, uart.wakeup, false),
    { 0 },
};
static const ChildDef isa_serial_children[] = {
    { "serial", &uart_type.type, offsetof(IsaSerial, uart) },
    { 0 },
};

const DeviceType isa_serial_type = {
    .type = { .name = "isa-serial", .parent = &isa_device.type, .size = sizeof(IsaSerial),
              .user_creatable = true, .props = isa_serial_props, .children = isa_serial_children },
    .category = DEV_INPUT, .fw_name = "serial",
    .realize = isa_serial_realize, .vmstate = &isa_serial_vmstate,
};
DEVICE_REGISTER(isa_serial_type);

Device *isa_serial_new(Vm *vm, Bus *isa, unsigned index, Char *chr, GError **errp)
{
    Device *dev = device_new(&isa_serial_type, vm, NULL);
    IsaSerial *s = CONTAINER(dev, IsaSerial, isa.dev);

    s->index = index;
    s->uart.chr = chr;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
