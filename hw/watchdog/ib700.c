/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchdog of the iBASE IB700 board: a write to port 0x443 starts it with one of sixteen times (30
 * seconds less two for each unit of the value), a write to 0x441 stops it. When it runs out the
 * machine's watchdog action is taken. After the board's programming guide as Linux's driver
 * (drivers/watchdog/ib700wdt.c) documents it. */
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/loop.h"
#include "util/timer.h"

enum { PORT_STOP = 0x441, PORT_START = 0x443, LONGEST_S = 30, STEP_S = 2, TIMES = 16 };

typedef struct Ib700 {
    IsaDevice isa;
    MemRegion stop_io, start_io;
    Timer *timer;
} Ib700;

static void ib700_expired(void *opaque)
{
    vm_watchdog_expired(((Ib700 *)opaque)->isa.dev.vm);
}

static uint64_t ib700_read(void *opaque, GuestAddr off, unsigned size)
{
    return 0xff;
}

static void ib700_start(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Ib700 *s = opaque;

    timer_set_in(s->timer, (int64_t)(LONGEST_S - STEP_S * (val & (TIMES - 1))) * 1000000000);
}

static void ib700_stop(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    timer_cancel(((Ib700 *)opaque)->timer);
}

static const MemOps ib700_start_ops = { .read = ib700_read, .write = ib700_start, .max_size = 1 };
static const MemOps ib700_stop_ops = { .read = ib700_read, .write = ib700_stop, .max_size = 1 };

static bool ib700_realize(Device *dev, GError **errp)
{
    Ib700 *s = CONTAINER(dev, Ib700, isa.dev);

    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, ib700_expired, s);
    mem_init_io(&s->stop_io, "wdt", 1, &ib700_stop_ops, s);
    mem_init_io(&s->start_io, "wdt", 1, &ib700_start_ops, s);
    isa_register_ioport(dev, &s->stop_io, PORT_STOP);
    isa_register_ioport(dev, &s->start_io, PORT_START);
    return true;
}

static void ib700_unrealize(Device *dev)
{
    Ib700 *s = CONTAINER(dev, Ib700, isa.dev);

    timer_free(s->timer);
    s->timer = NULL;
    mem_fini(&s->stop_io);
    mem_fini(&s->start_io);
}

static void ib700_reset(Device *dev, ResetKind kind)
{
    timer_cancel(CONTAINER(dev, Ib700, isa.dev)->timer);
}

static const VmField ib700_fields[] = { VM_FIELD_TIMER(Ib700, timer), VM_FIELD_END };
static const VmState ib700_vmstate = { .name = "ib700_wdt", .fields = ib700_fields };

static const DeviceType ib700 = {
    .type = { .name = "ib700",
              .desc = "iBASE 700",
              .parent = &isa_device.type,
              .size = sizeof(Ib700),
              .user_creatable = true },
    .category = DEV_WATCHDOG,
    .realize = ib700_realize,
    .unrealize = ib700_unrealize,
    .reset = ib700_reset,
    .vmstate = &ib700_vmstate,
};
DEVICE_REGISTER(ib700);
