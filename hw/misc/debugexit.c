/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-debug-exit: a write ends the process with status (value << 1) | 1, so that tests can tell results. */
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/err.h"

typedef struct DebugExit {
    IsaDevice isa;
    MemRegion io;
    uint32_t iobase, iosize;        /* properties */
} DebugExit;

static uint64_t debugexit_read(void *opaque, GuestAddr off, unsigned size)
{
    return 0;
}

static void debugexit_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    DebugExit *s = opaque;

    vm_request_shutdown_code(s->isa.dev.vm, SHUTDOWN_GUEST_SHUTDOWN, (int)((val << 1) | 1));
}

static const MemOps debugexit_ops = {
    .read = debugexit_read, .write = debugexit_write, .min_size = 1, .max_size = 4,
};

static bool debugexit_realize(Device *dev, GError **errp)
{
    DebugExit *s = CONTAINER(dev, DebugExit, isa.dev);

    if (s->iosize == 0 || s->iosize > 0x10000 || s->iobase > 0x10000 - s->iosize) {
        return err_fail(errp, "isa-debug-exit: ports 0x%x+0x%x are not in the I/O space", s->iobase,
                        s->iosize);
    }
    mem_init_io(&s->io, "isa-debug-exit", s->iosize, &debugexit_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static const Field debugexit_props[] = {
    FIELD_U32("iobase", DebugExit, iobase, 0x501),
    FIELD_U32("iosize", DebugExit, iosize, 2),
    { 0 },
};

static const DeviceType debugexit_type = {
    .type = { .name = "isa-debug-exit", .parent = &isa_device.type, .size = sizeof(DebugExit),
              .user_creatable = true, .props = debugexit_props },
    .category = DEV_MISC, .realize = debugexit_realize,
};
DEVICE_REGISTER(debugexit_type);
