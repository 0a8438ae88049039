/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 0x7e of the kvmvapic option ROM, which patches Windows' TPR accesses. There is nothing to patch for
 * this emulator's APIC, and no ROM is offered: the port exists, ignores writes and reads as all ones. */
#include "hw/core/vm.h"
#include "hw/misc/pc_misc.h"
#include "util/err.h"

enum { VAPIC_PORT = 0x7e };

typedef struct Kvmvapic {
    Device dev;
    MemRegion io;
} Kvmvapic;

static uint64_t kvmvapic_read(void *opaque, GuestAddr off, unsigned size)
{
    return 0xffffffff;
}

static void kvmvapic_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
}

static const MemOps kvmvapic_ops = { .read = kvmvapic_read, .write = kvmvapic_write, .max_size = 4 };

static bool kvmvapic_realize(Device *dev, GError **errp)
{
    Kvmvapic *s = CONTAINER(dev, Kvmvapic, dev);

    mem_init_io(&s->io, "kvmvapic", 2, &kvmvapic_ops, s);
    mem_add(addr_space_root(dev->vm->io), VAPIC_PORT, &s->io, 0);
    return true;
}

static void kvmvapic_unrealize(Device *dev)
{
    mem_fini(&CONTAINER(dev, Kvmvapic, dev)->io);
}

const DeviceType kvmvapic_type = {
    .type = { .name = "kvmvapic", .parent = &sysbus_device.type, .size = sizeof(Kvmvapic) },
    .realize = kvmvapic_realize, .unrealize = kvmvapic_unrealize,
};
DEVICE_REGISTER(kvmvapic_type);

Device *kvmvapic_new(Vm *vm, GError **errp)
{
    return device_create(&kvmvapic_type, vm, NULL, errp);
}
