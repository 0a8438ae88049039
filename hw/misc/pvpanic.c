/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic: the guest's kernel says that it crashed (bit 0) or loaded its crash kernel (bit 1). Reading gives
 * the events that are understood. */
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/err.h"
#include "util/log.h"

enum { PVPANIC_PANICKED = 1, PVPANIC_CRASH_LOADED = 2, PVPANIC_ALL = 3 };

typedef struct Pvpanic {
    IsaDevice isa;
    MemRegion io;
    uint16_t ioport;                /* properties */
    uint8_t events;
} Pvpanic;

static uint64_t pvpanic_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((Pvpanic *)opaque)->events;
}

static void pvpanic_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Pvpanic *s = opaque;

    if (val & ~(uint64_t)PVPANIC_ALL) {
        log_guest("pvpanic: unknown event 0x%x", (unsigned)val);
    }
    if (val & s->events & PVPANIC_PANICKED) {
        vm_guest_panicked(s->isa.dev.vm);
    } else if (val & s->events & PVPANIC_CRASH_LOADED) {
        vm_event(s->isa.dev.vm, "GUEST_CRASHLOADED", SHUTDOWN_NONE);
    }
}

static const MemOps pvpanic_ops = {
    .read = pvpanic_read, .write = pvpanic_write, .min_size = 1, .max_size = 1,
};

static bool pvpanic_realize(Device *dev, GError **errp)
{
    Pvpanic *s = CONTAINER(dev, Pvpanic, isa.dev);

    s->events &= PVPANIC_ALL;
    mem_init_io(&s->io, "pvpanic", 1, &pvpanic_ops, s);
    isa_register_ioport(dev, &s->io, s->ioport);
    return true;
}

static const Field pvpanic_props[] = {
    FIELD_U16("ioport", Pvpanic, ioport, 0x505),
    FIELD_U8("events", Pvpanic, events, PVPANIC_ALL),
    FIELD_SHOWN_AS("pvpanic[0]", "child<memory-region>"),
    { 0 },
};

static const DeviceType pvpanic_type = {
    .type = { .name = "pvpanic", .parent = &isa_device.type, .size = sizeof(Pvpanic),
              .user_creatable = true, .props = pvpanic_props },
    .category = DEV_MISC, .realize = pvpanic_realize,
};
DEVICE_REGISTER(pvpanic_type);
