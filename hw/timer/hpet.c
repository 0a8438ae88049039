/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IA-PC HPET 1.0a: a 64-bit main counter of 100 MHz, 3 to 32 comparators (one-shot, periodic, 32 bits),
 * level and edge interrupts, legacy replacement of PIT and RTC, FSB delivery behind the property "msi".
 *
 * The counter is computed from the virtual clock. Periodic comparators that fell behind skip to the next match
 * in the future and interrupt at most every 100 us. Registers are 32 and 64 bits wide; narrower accesses
 * read the lanes and are ignored when written. */
#include "hw/timer/hpet.h"

#include "hw/core/dma.h"
#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"

enum { HPET_MIN_TIMERS = 3, HPET_MAX_TIMERS = 32, HPET_TICK_NS = 10, HPET_ROUTES = 32 };
enum { REG_CAP = 0x000, REG_CONFIG = 0x010, REG_STATUS = 0x020, REG_COUNTER = 0x0f0,
       REG_TIMERS = 0x100, TIMER_STRIDE = 0x20, REG_TN_CONFIG = 0x00, REG_TN_CMP = 0x08, REG_TN_FSB = 0x10 };
enum { CFG_ENABLE = 1, CFG_LEGACY = 2 };
enum {  /* timer configuration, low half */
    TN_LEVEL = 1 << 1, TN_ENABLE = 1 << 2, TN_PERIODIC = 1 << 3, TN_PERIODIC_CAP = 1 << 4,
    TN_64BIT_CAP = 1 << 5, TN_SETVAL = 1 << 6, TN_32BIT = 1 << 8, TN_ROUTE_SHIFT = 9,
    TN_FSB_ENABLE = 1 << 14, TN_FSB_CAP = 1 << 15,
    TN_WRITABLE = TN_LEVEL | TN_ENABLE | TN_PERIODIC | TN_SETVAL | TN_32BIT | 0x1f << 9 | TN_FSB_ENABLE,
};
#define HPET_CAPS (0x8086a001ull | (uint64_t)HPET_TICK_NS * 1000000 << 32)
enum { CAP_TIMERS_SHIFT = 8, MIN_PERIOD_NS = 100 * 1000, OWED_GAP_NS = 1000 * 1000, PIT_GSI = 0, RTC_GSI = 8 };

struct Hpet;
typedef struct HpetTimer {
    struct Hpet *hpet;
    uint8_t tn;
    uint64_t config, cmp, fsb, period;
    uint8_t wrap_flag;              /* only for the state format */
    uint32_t owed;                  /* periodic interrupts that were missed and come late */
    Timer *timer;
} HpetTimer;

typedef struct Hpet {
    Device dev;
    MemRegion io;
    uint8_t num_timers;             /* property "timers" */
    bool msi, offset_saved;         /* properties */
    bool offset_loaded;             /* snapshot: hpet_offset came along */
    uint32_t intcap;                /* property: routes every timer can take */
    Irq route[HPET_ROUTES];
    Irq pit_enable;

    uint64_t config, isr, hpet_counter;
    uint64_t hpet_offset;           /* ns to add to the virtual clock */
    uint8_t rtc_irq_level;
    HpetTimer timer[HPET_MAX_TIMERS];
} Hpet;

static bool hpet_on(const Hpet *s) { return (s->config & CFG_ENABLE) != 0; }
static bool hpet_legacy(const Hpet *s) { return (s->config & CFG_LEGACY) != 0; }

static uint64_t hpet_now(const Hpet *s)
{
    return hpet_on(s) ? (clock_ns(CLOCK_VIRTUAL) + s->hpet_offset) / HPET_TICK_NS : s->hpet_counter;
}

static uint64_t hpet_mask(const HpetTimer *t)
{
    return t->config & TN_32BIT ? 0xffffffffull : UINT64_MAX;
}

/* ---- Interrupts */

static Irq hpet_line(const HpetTimer *t)
{
    const Hpet *s = t->hpet;

    if (t->tn <= 1 && hpet_legacy(s)) {
        return s->route[t->tn == 0 ? PIT_GSI : RTC_GSI];
    }
    return s->route[(t->config >> TN_ROUTE_SHIFT) & 0x1f];
}

static void hpet_lower(HpetTimer *t)
{
    t->hpet->isr &= ~(1ull << t->tn);
    irq_set(hpet_line(t), 0);
}

static void hpet_raise(HpetTimer *t)
{
    Hpet *s = t->hpet;

    if ((t->config & TN_ENABLE) == 0 || !hpet_on(s)) {
        return;
    }
    if (t->config & TN_FSB_ENABLE) {
        dma_msi(s->dev.vm->mem, t->fsb >> 32, (uint32_t)t->fsb, 0);
    } else if (t->config & TN_LEVEL) {
        s->isr |= 1ull << t->tn;
        irq_set(hpet_line(t), 1);
    } else {
        irq_pulse(hpet_line(t));
    }
}

/* ---- Comparators */

static void hpet_arm(HpetTimer *t)
{
    const Hpet *s = t->hpet;
    uint64_t mask = hpet_mask(t), now = hpet_now(s), left;

    if (!hpet_on(s)) {
        timer_cancel(t->timer);
        return;
    }
    left = (t->cmp - now) & mask;
    if (left == 0) {
        left = mask;                /* the match is over; next time round */
    }
    if (left > INT64_MAX / HPET_TICK_NS / 2) {
        timer_cancel(t->timer);
        return;
    }
    timer_set(t->timer, (int64_t)((now + left) * HPET_TICK_NS - s->hpet_offset));
}

/* The match of a periodic timer: the comparator moves to the next period that is still to come. Periods that
 * went by unseen are owed to the guest, but no more than a second's worth. */
static void hpet_next_period(HpetTimer *t, uint64_t mask, uint64_t period, uint64_t now)
{
    uint64_t missed = ((now - t->cmp) & mask) / period, most = NS_PER_S / HPET_TICK_NS / period;

    t->cmp = (t->cmp + (missed + 1) * period) & mask;
    t->owed = (uint32_t)MIN(t->owed + missed, most);
}

static void hpet_arm_periodic(HpetTimer *t, uint64_t period)
{
    int64_t now = clock_ns(CLOCK_VIRTUAL), gap;

    gap = (int64_t)MIN(period * HPET_TICK_NS / 2, (uint64_t)OWED_GAP_NS);
    if (period * HPET_TICK_NS < MIN_PERIOD_NS && timer_expiry(t->timer) < now + MIN_PERIOD_NS) {
        timer_set(t->timer, now + MIN_PERIOD_NS);
    } else if (t->owed > 0 && timer_expiry(t->timer) > now + MAX(gap, MIN_PERIOD_NS)) {
        timer_set(t->timer, now + MAX(gap, MIN_PERIOD_NS));
    }
}

static void hpet_fired(void *opaque)
{
    HpetTimer *t = opaque;
    uint64_t mask = hpet_mask(t), period = t->period & mask, now = hpet_now(t->hpet);
    bool periodic = (t->config & TN_PERIODIC) != 0 && period != 0;

    if (periodic && ((t->cmp - now) & mask) - 1 < period && t->owed > 0) {
        t->owed--;                  /* not yet the match */
    } else if (periodic) {
        hpet_next_period(t, mask, period, now);
    }
    hpet_raise(t);
    hpet_arm(t);
    if (periodic && timer_pending(t->timer)) {
        hpet_arm_periodic(t, period);
    }
}

/* ---- Registers */

static uint64_t hpet_read64(const Hpet *s, unsigned off)
{
    const HpetTimer *t;

    switch (off) {
    case REG_CAP:     return HPET_CAPS | (uint64_t)(s->num_timers - 1) << CAP_TIMERS_SHIFT;
    case REG_CONFIG:  return s->config;
    case REG_STATUS:  return s->isr;
    case REG_COUNTER: return hpet_now(s);
    }
    if (off < REG_TIMERS || (off - REG_TIMERS) / TIMER_STRIDE >= s->num_timers) {
        return 0;
    }
    t = &s->timer[(off - REG_TIMERS) / TIMER_STRIDE];
    switch (off % TIMER_STRIDE) {
    case REG_TN_CONFIG: return t->config;
    case REG_TN_CMP:    return t->cmp;
    case REG_TN_FSB:    return t->fsb;
    default:            return 0;
    }
}

static uint64_t hpet_read(void *opaque, GuestAddr off, unsigned size)
{
    uint64_t v = hpet_read64(opaque, off & ~7u);

    return v >> (off & 7) * 8;
}

static void hpet_set_legacy(Hpet *s, bool on)
{
    if (on) {
        irq_set(s->pit_enable, 0);
        irq_set(s->route[PIT_GSI], 0);
        irq_set(s->route[RTC_GSI], 0);
    } else {
        irq_set(s->route[PIT_GSI], 0);
        irq_set(s->pit_enable, 1);
        irq_set(s->route[RTC_GSI], s->rtc_irq_level);
    }
}

static void hpet_write_config(Hpet *s, uint64_t val)
{
    uint64_t old = s->config, now = hpet_now(s);

    s->config = val & (CFG_ENABLE | CFG_LEGACY);
    if ((old ^ s->config) & CFG_ENABLE) {
        if (hpet_on(s)) {
            s->hpet_offset = s->hpet_counter * HPET_TICK_NS - clock_ns(CLOCK_VIRTUAL);
        } else {
            s->hpet_counter = now;
        }
        for (unsigned i = 0; i < s->num_timers; i++) {
            HpetTimer *t = &s->timer[i];

            if (hpet_on(s) && (s->isr >> i & 1)) {
                hpet_raise(t);
            }
            hpet_arm(t);
        }
    }
    if ((old ^ s->config) & CFG_LEGACY) {
        hpet_set_legacy(s, hpet_legacy(s));
    }
}

static void hpet_write_status(Hpet *s, uint64_t val)
{
    for (unsigned i = 0; i < s->num_timers; i++) {
        if ((val & s->isr) >> i & 1) {
            hpet_lower(&s->timer[i]);
        }
    }
}

static void hpet_write_counter(Hpet *s, uint64_t val)
{
    if (hpet_on(s)) {
        log_guest("hpet: main counter written while it runs");
        s->hpet_offset = val * HPET_TICK_NS - clock_ns(CLOCK_VIRTUAL);
        for (unsigned i = 0; i < s->num_timers; i++) {
            hpet_arm(&s->timer[i]);
        }
    }
    s->hpet_counter = val;
}

static void hpet_write_tn_config(HpetTimer *t, uint64_t val)
{
    uint64_t writable = TN_WRITABLE & (t->config & TN_FSB_CAP ? ~0ull : ~(uint64_t)TN_FSB_ENABLE);
    uint64_t old = t->config;

    /* a raised line must not stay behind when route, type or enable change */
    if ((t->hpet->isr >> t->tn & 1) && ((old ^ val) & writable & ~(uint64_t)TN_SETVAL)) {
        hpet_lower(t);
    }
    t->config = (old & ~writable) | (val & writable);
    t->owed = 0;
    if (t->config & TN_32BIT) {
        t->cmp = (uint32_t)t->cmp;
        t->period = (uint32_t)t->period;
    }
    if ((old ^ t->config) & (TN_32BIT | TN_PERIODIC | TN_ENABLE)) {
        hpet_arm(t);
    }
}

/* mask: the half or the whole that is written */
static void hpet_write_cmp(HpetTimer *t, uint64_t val, uint64_t mask)
{
    if (t->config & TN_32BIT) {
        if ((mask & 0xffffffffull) == 0) {
            return;
        }
        val = (uint32_t)val;
    }
    if ((t->config & TN_PERIODIC) == 0 || (t->config & TN_SETVAL)) {
        t->cmp = ((t->cmp & ~mask) | (val & mask)) & hpet_mask(t);
    }
    if (t->config & TN_PERIODIC) {
        t->period = ((t->period & ~mask) | (val & mask)) & hpet_mask(t);
    }
    if (mask >> 32 || (t->config & TN_32BIT)) {
        t->config &= ~(uint64_t)TN_SETVAL;
    }
    hpet_arm(t);
}

static void hpet_write_timer(Hpet *s, unsigned off, uint64_t val, uint64_t mask)
{
    HpetTimer *t = &s->timer[(off - REG_TIMERS) / TIMER_STRIDE];

    switch (off % TIMER_STRIDE) {
    case REG_TN_CONFIG:
        hpet_write_tn_config(t, (t->config & ~mask) | (val & mask));
        break;
    case REG_TN_CMP:
        hpet_write_cmp(t, val, mask);
        break;
    case REG_TN_FSB:
        t->fsb = (t->fsb & ~mask) | (val & mask);
        break;
    }
}

static void hpet_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Hpet *s = opaque;
    unsigned reg = off & ~7u, shift = (off & 7) * 8;
    uint64_t mask;

    if (size < 4) {
        log_guest("hpet: %u-byte write at 0x%x", size, (unsigned)off);
        return;
    }
    mask = (size == 8 ? UINT64_MAX : 0xffffffffull) << shift;
    val <<= shift;
    switch (reg) {
    case REG_CONFIG:
        hpet_write_config(s, (s->config & ~mask) | (val & mask));
        break;
    case REG_STATUS:
        hpet_write_status(s, val & mask);
        break;
    case REG_COUNTER:
        hpet_write_counter(s, (hpet_now(s) & ~mask) | (val & mask));
        break;
    default:
        if (reg >= REG_TIMERS && (reg - REG_TIMERS) / TIMER_STRIDE < s->num_timers) {
            hpet_write_timer(s, reg, val, mask);
        }
        break;
    }
}

static const MemOps hpet_ops = { .read = hpet_read, .write = hpet_write, .min_size = 1, .max_size = 8 };

/* Unnamed inputs, as the boards wire them: 0 the PIT (gated at its source), 1 the RTC. */
static void hpet_set_input(void *opaque, unsigned pin, int level)
{
    Hpet *s = opaque;

    if (pin == 0) {
        if (!hpet_legacy(s)) {
            irq_set(s->route[PIT_GSI], level);
        }
        return;
    }
    s->rtc_irq_level = level != 0;
    if (!hpet_legacy(s)) {
        irq_set(s->route[RTC_GSI], level);
    }
}

/* ---- Device */

static bool hpet_realize(Device *dev, GError **errp)
{
    Hpet *s = CONTAINER(dev, Hpet, dev);

    s->num_timers = CLAMP(s->num_timers, HPET_MIN_TIMERS, HPET_MAX_TIMERS);
    if (s->intcap == 0) {
        return err_fail(errp, "hpet: property 'hpet-intcap' must not be 0");
    }
    for (unsigned i = 0; i < HPET_MAX_TIMERS; i++) {
        HpetTimer *t = &s->timer[i];

        t->hpet = s;
        t->tn = i;
        t->timer = timer_new(loop_main(), CLOCK_VIRTUAL, hpet_fired, t);
    }
    mem_init_io(&s->io, "hpet", HPET_SIZE, &hpet_ops, s);
    device_add_mmio(dev, &s->io);
    device_init_gpio_in(dev, NULL, hpet_set_input, s, 2);
    device_init_gpio_out(dev, NULL, &s->pit_enable, 1);
    device_init_gpio_out(dev, "sysbus-irq", s->route, HPET_ROUTES);
    return true;
}

static void hpet_unrealize(Device *dev)
{
    Hpet *s = CONTAINER(dev, Hpet, dev);

    for (unsigned i = 0; i < HPET_MAX_TIMERS; i++) {
        timer_free(s->timer[i].timer);
    }
}

static void hpet_reset(Device *dev, ResetKind kind)
{
    Hpet *s = CONTAINER(dev, Hpet, dev);

    for (unsigned i = 0; i < s->num_timers; i++) {
        HpetTimer *t = &s->timer[i];

        timer_cancel(t->timer);
        hpet_lower(t);
        t->cmp = UINT64_MAX;
        t->config = TN_PERIODIC_CAP | TN_64BIT_CAP | (s->msi ? TN_FSB_CAP : 0) |
                    (uint64_t)s->intcap << 32;
        t->fsb = t->period = 0;
        t->wrap_flag = 0;
        t->owed = 0;
    }
    s->config = s->isr = s->hpet_counter = s->hpet_offset = 0;
    s->rtc_irq_level = 0;
    irq_set(s->pit_enable, 1);
}

static void hpet_pre_save(void *obj)
{
    Hpet *s = obj;

    s->hpet_counter = hpet_now(s);
}

/* What a sender leaves out. */
static bool hpet_pre_load(void *obj, GError **errp)
{
    Hpet *s = obj;

    s->offset_loaded = false;
    s->rtc_irq_level = 0;
    return true;
}

static bool hpet_offset_pre_load(void *obj, GError **errp)
{
    ((Hpet *)obj)->offset_loaded = true;
    return true;
}

static bool hpet_post_load(void *obj, int version, GError **errp)
{
    Hpet *s = obj;

    if (s->num_timers < HPET_MIN_TIMERS || s->num_timers > HPET_MAX_TIMERS) {
        return err_fail(errp, "hpet: impossible number of timers");
    }
    if (!s->offset_loaded) {
        s->hpet_offset = s->hpet_counter * HPET_TICK_NS - clock_ns(CLOCK_VIRTUAL);
    }
    for (unsigned i = 0; i < s->num_timers; i++) {
        s->timer[i].tn = i;
        s->timer[i].owed = 0;
        if (!timer_pending(s->timer[i].timer)) {
            hpet_arm(&s->timer[i]);
        }
    }
    return true;
}

static const VmField hpet_timer_vm_fields[] = {
    VM_FIELD_U8(HpetTimer, tn), VM_FIELD_U64(HpetTimer, config), VM_FIELD_U64(HpetTimer, cmp),
    VM_FIELD_U64(HpetTimer, fsb), VM_FIELD_U64(HpetTimer, period), VM_FIELD_U8(HpetTimer, wrap_flag),
    { .name = "qemu_timer", .kind = VM_TIMER, .offset = offsetof(HpetTimer, timer), .count = 1,
      .elem_size = sizeof(Timer *) },
    VM_FIELD_END,
};
static const VmState hpet_timer_vmstate = {
    .name = "hpet_timer", .version = 1, .min_version = 1, .fields = hpet_timer_vm_fields,
};

static bool hpet_rtc_needed(const void *obj) { return ((const Hpet *)obj)->rtc_irq_level != 0; }
static bool hpet_offset_needed(const void *obj)
{
    const Hpet *s = obj;

    return hpet_on(s) && s->offset_saved;
}
static const VmField hpet_rtc_vm_fields[] = { VM_FIELD_U8(Hpet, rtc_irq_level), VM_FIELD_END };
static const VmState hpet_rtc_vmstate = {
    .name = "hpet/rtc_irq_level", .version = 1, .min_version = 1, .fields = hpet_rtc_vm_fields,
    .needed = hpet_rtc_needed,
};
static const VmField hpet_offset_vm_fields[] = { VM_FIELD_U64(Hpet, hpet_offset), VM_FIELD_END };
static const VmState hpet_offset_vmstate = {
    .name = "hpet/offset", .version = 1, .min_version = 1, .fields = hpet_offset_vm_fields,
    .needed = hpet_offset_needed, .pre_load = hpet_offset_pre_load,
};
static const VmState *const hpet_sections[] = { &hpet_rtc_vmstate, &hpet_offset_vmstate, NULL };

static const VmField hpet_vm_fields[] = {
    VM_FIELD_U64(Hpet, config), VM_FIELD_U64(Hpet, isr), VM_FIELD_U64(Hpet, hpet_counter),
    VM_FIELD_U8(Hpet, num_timers, .since = 2),
    VM_FIELD_STRUCT_VARRAY(Hpet, timer, num_timers, hpet_timer_vmstate),
    VM_FIELD_END,
};
static const VmState hpet_vmstate = {
    .name = "hpet", .version = 2, .min_version = 1, .fields = hpet_vm_fields,
    .sections = hpet_sections, .pre_save = hpet_pre_save, .pre_load = hpet_pre_load,
    .post_load = hpet_post_load,
};

static const Field hpet_props[] = {
    FIELD_U8("timers", Hpet, num_timers, HPET_MIN_TIMERS),
    FIELD_BOOL("msi", Hpet, msi, false),
    FIELD_U32("hpet-intcap", Hpet, intcap, 0),
    FIELD_BOOL("hpet-offset-saved", Hpet, offset_saved, true),
    { 0 },
};

const DeviceType hpet_type = {
    .type = { .name = "hpet", .parent = &sysbus_device.type, .size = sizeof(Hpet),
              .props = hpet_props },
    .realize = hpet_realize, .unrealize = hpet_unrealize, .reset = hpet_reset,
    .vmstate = &hpet_vmstate,
};
DEVICE_REGISTER(hpet_type);

Device *hpet_new(Vm *vm, GuestAddr base, const Irq gsi[32], uint32_t intcap, Irq pit_enable,
                 GError **errp)
{
    Device *dev = device_new(&hpet_type, vm, NULL);
    Hpet *s = CONTAINER(dev, Hpet, dev);

    s->intcap = intcap;
    s->pit_enable = pit_enable;
    for (unsigned i = 0; i < HPET_ROUTES; i++) {
        s->route[i] = gsi[i];
    }
    if (!device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    device_map_mmio(dev, 0, base);
    return dev;
}

Irq hpet_rtc_input(Device *hpet)
{
    return device_gpio_in(hpet, NULL, 1);
}
