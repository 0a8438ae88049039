/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bus: devices register port ranges in the bridge's I/O region and take one of its interrupt lines.
 * Addresses are fixed by properties, so attaching never picks anything. */
#include "hw/isa/isa.h"

#include "util/err.h"

static char *isa_address(const Device *dev)
{
    const IsaDevice *isa = CONTAINER(dev, const IsaDevice, dev);

    return isa->first_port != 0 ? g_strdup_printf("%04x", isa->first_port) : g_strdup("");
}

static char *isa_fw_path(const Device *dev)
{
    const IsaDevice *isa = CONTAINER(dev, const IsaDevice, dev);
    const char *name = dev->type->fw_name != NULL ? dev->type->fw_name : dev->type->type.name;

    if (isa->first_port == 0) {
        return g_strdup(name);
    }
    return g_strdup_printf("%s@%04x", name, isa->first_port);
}

const BusType isa_bus = {
    .type = { .name = "ISA", .parent = &bus_base.type, .size = sizeof(IsaBus) },
    .address = isa_address, .fw_path = isa_fw_path,
};
BUS_REGISTER(isa_bus);

const DeviceType isa_device = {
    .type = { .name = "isa-device", .parent = &device_base.type, .size = sizeof(IsaDevice),
              .abstract = true },
    .bus = &isa_bus, .category = DEV_MISC,
};
DEVICE_REGISTER(isa_device);

IsaBus *isa_bus_new(Vm *vm, Device *owner, MemRegion *mem, MemRegion *io)
{
    Bus *b = owner != NULL ? bus_new(&isa_bus, owner, "isa.0") : bus_new_root(&isa_bus, vm, "isa.0");
    IsaBus *bus = CONTAINER(b, IsaBus, bus);

    bus->mem = mem;
    bus->io = io;
    return bus;
}

void isa_bus_set_irqs(IsaBus *bus, const Irq irq[ISA_IRQS])
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        bus->irq[i] = irq[i];
    }
}

IsaBus *isa_bus_of(const Device *dev)
{
    return CONTAINER(dev->bus, IsaBus, bus);
}

Irq isa_irq(const Device *dev, unsigned n)
{
    return n < ISA_IRQS ? isa_bus_of(dev)->irq[n] : (Irq){ 0 };
}

bool isa_irq_checked(const Device *dev, unsigned n, Irq *irq, GError **errp)
{
    if (n >= ISA_IRQS) {
        return err_fail(errp, "Maximum value for \"irq\" is: %u", ISA_IRQS - 1);
    }
    *irq = isa_irq(dev, n);
    return true;
}

void isa_register_ioport(Device *dev, MemRegion *r, uint16_t port)
{
    IsaDevice *isa = CONTAINER(dev, IsaDevice, dev);

    if (isa->first_port == 0) {
        isa->first_port = port;
    }
    mem_add(isa_bus_of(dev)->io, port, r, 0);
}
