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

/* ---- Interrupt lines: several cards may pull one; it is high while any does */

typedef struct IsaSource {
    IsaBus *bus;
    const Device *dev;              /* NULL: the bridge */
    unsigned n;
    bool level;
} IsaSource;

static void isa_source_set(void *opaque, unsigned pin, int level)
{
    IsaSource *s = opaque;
    IsaBus *bus = s->bus;

    if (s->level != (level != 0)) {
        s->level = level != 0;
        bus->high[s->n] = (uint16_t)(bus->high[s->n] + (s->level ? 1 : -1));
    }
    irq_set(bus->out[s->n], bus->high[s->n] != 0);
}

static Irq isa_source(IsaBus *bus, const Device *dev, unsigned n)
{
    IsaSource *s;

    for (guint i = 0; i < bus->sources->len; i++) {
        s = g_ptr_array_index(bus->sources, i);
        if (s->dev == dev && s->n == n) {
            return (Irq){ isa_source_set, s, n };
        }
    }
    s = g_new0(IsaSource, 1);
    *s = (IsaSource){ .bus = bus, .dev = dev, .n = n };
    g_ptr_array_add(bus->sources, s);
    return (Irq){ isa_source_set, s, n };
}

/* What a card that goes away held is let go. */
static void isa_detach(Bus *b, Device *dev)
{
    IsaBus *bus = CONTAINER(b, IsaBus, bus);

    for (guint i = bus->sources->len; i-- > 0;) {
        IsaSource *s = g_ptr_array_index(bus->sources, i);

        if (s->dev == dev) {
            isa_source_set(s, s->n, 0);
            g_ptr_array_remove_index(bus->sources, i);
        }
    }
}

static void isa_bus_init(Object *obj)
{
    ((IsaBus *)obj)->sources = g_ptr_array_new_with_free_func(g_free);
}

static void isa_bus_fini(Object *obj)
{
    IsaBus *bus = (IsaBus *)obj;

    while (bus->bus.devices->len > 0) { /* they may still lower their lines */
        object_free(g_ptr_array_index(bus->bus.devices, bus->bus.devices->len - 1));
    }
    g_ptr_array_unref(bus->sources);
}

const BusType isa_bus = {
    .type = { .name = "ISA", .parent = &bus_base.type, .size = sizeof(IsaBus), .init = isa_bus_init,
              .fini = isa_bus_fini },
    .address = isa_address, .fw_path = isa_fw_path, .detach = isa_detach,
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
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        bus->irq[i] = isa_source(bus, NULL, i);
    }
    return bus;
}

void isa_bus_set_irqs(IsaBus *bus, const Irq irq[ISA_IRQS])
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        bus->out[i] = irq[i];
    }
}

IsaBus *isa_bus_of(const Device *dev)
{
    return CONTAINER(dev->bus, IsaBus, bus);
}

Irq isa_irq(const Device *dev, unsigned n)
{
    return n < ISA_IRQS ? isa_source(isa_bus_of(dev), dev, n) : (Irq){ 0 };
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
