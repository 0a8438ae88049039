/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 8254 (data sheet 231164): three counters at 1.193182 MHz, all modes, BCD, count and status latches,
 * read-back. Counters are computed from the virtual clock; only channel 0's output runs a timer, which drives
 * IRQ 0, catches up edges when the host was late by less than a second, and never makes more than one edge
 * in 50 us, whatever is programmed.
 *
 * A new count takes effect at once in modes 2 and 3, too (the chip finishes the period first), and the clock
 * pulse that loads a counter is not modelled. The low pulse of mode 2 is given to IRQ 0 as one event. */
#include "hw/timer/i8254.h"

#include "accel/irqchip.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"

enum { PIT_CHANNELS = 3, PIT_CONTROL = 3 };
enum { RW_LATCH, RW_LSB, RW_MSB, RW_WORD_LOW, RW_WORD_HIGH };     /* rw_mode, read_state, write_state */
enum { CTL_READ_BACK = 3, RB_NO_COUNT = 0x20, RB_NO_STATUS = 0x10 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
enum { MIN_EDGE_NS = 50 * 1000 };

typedef struct PitChannel {
    int32_t count;                  /* reload value, 1 ... 65536 */
    uint16_t latched_count;
    uint8_t count_latched, status_latched, status, read_state, write_state, write_latch;
    uint8_t rw_mode, mode, bcd, gate;
    int64_t count_load_time;        /* virtual ns at which counting (re)started */
    int64_t next_transition_time;   /* -1: none */
    uint32_t irq_disabled;
    bool loaded;                    /* a count was written since the control word */
    bool triggered;                 /* modes 1 and 5: the gate rose since then */
    uint8_t waits;                  /* snapshot: 1 for a count, 2 for a trigger */
    int64_t paused_at;              /* gate low stopped the counter; 0: it runs */
} PitChannel;

typedef struct Pit {
    IsaDevice isa;
    MemRegion io;
    uint32_t iobase;                /* property */
    int lost_ticks;                 /* property of kvm-pit: PitLostTicks */
    Irq out0;
    Timer *timer;
    PitChannel channels[PIT_CHANNELS];
    bool in_kernel;                 /* the host's kernel models it; this is its state as others see it */
} Pit;

/* ---- Counting */

static uint64_t pit_elapsed_at(const PitChannel *c, int64_t now)
{
    int64_t until = c->paused_at != 0 ? c->paused_at : now;

    return until <= c->count_load_time ? 0 : muldiv64(until - c->count_load_time, PIT_HZ, NS_PER_S);
}

static int64_t pit_time_of(const PitChannel *c, uint64_t ticks)
{
    return c->count_load_time + (int64_t)muldiv64_up(ticks, NS_PER_S, PIT_HZ);
}

static bool pit_counts(const PitChannel *c)
{
    return c->loaded && (c->triggered || (c->mode != 1 && c->mode != 5));
}

/* The counting element, before BCD. */
static unsigned pit_value_at(const PitChannel *c, int64_t now)
{
    unsigned n = c->count, modulus = c->bcd ? 10000 : 0x10000;
    uint64_t d = pit_elapsed_at(c, now);
    unsigned phase, high;

    if (!pit_counts(c)) {
        return n % modulus;
    }
    switch (c->mode) {
    case 2:
        return (n - d % n) % modulus;
    case 3:                         /* counts down by two, twice a period; odd counts from n - 1 */
        phase = d % n;
        high = (n + 1) / 2;
        return ((n & ~1u) - 2 * (phase < high ? phase : phase - high)) % modulus;
    default:                        /* goes on below zero */
        return (n + modulus - d % modulus) % modulus;
    }
}

static bool pit_out_at(const PitChannel *c, int64_t now)
{
    unsigned n = c->count;
    uint64_t d = pit_elapsed_at(c, now);

    if (!pit_counts(c)) {
        return c->mode != 0;
    }
    switch (c->mode) {
    case 0:
    case 1:
        return d >= n;
    case 2:
        return !c->gate || d % n != n - 1;
    case 3:
        return !c->gate || d % n < (n + 1) / 2;
    default:
        return d != n;
    }
}

/* Tick (since load) of the next event on OUT after tick d; 0: none will come. */
static uint64_t pit_next_event(const PitChannel *c, uint64_t d)
{
    unsigned n = c->count;
    uint64_t start = d - d % n, high = (n + 1) / 2;

    if (!pit_counts(c) || c->paused_at != 0) {
        return 0;
    }
    switch (c->mode) {
    case 0:
    case 1:
        return d < n ? n : 0;
    case 2:
        return start + n;
    case 3:
        return d - start < high ? start + high : start + n;
    default:
        return d < n ? n : d < n + 1ull ? n + 1ull : 0;
    }
}

/* ---- Channel 0's interrupt */

/* from: the moment whose successor is wanted. */
static void pit_arm(Pit *s, int64_t from)
{
    PitChannel *c = &s->channels[0];
    int64_t now = clock_ns(CLOCK_VIRTUAL);
    uint64_t next = pit_next_event(c, pit_elapsed_at(c, from));

    if (next == 0 || c->irq_disabled) {
        c->next_transition_time = -1;
        timer_cancel(s->timer);
        return;
    }
    c->next_transition_time = pit_time_of(c, next);
    if (s->in_kernel) {
        return;                     /* only said in snapshots */
    }
    timer_set(s->timer, MAX(c->next_transition_time, MIN(now, from) + 1));
}

static void pit_fired(void *opaque)
{
    Pit *s = opaque;
    PitChannel *c = &s->channels[0];
    int64_t now = clock_ns(CLOCK_VIRTUAL), due = c->next_transition_time;

    if (due < 0) {
        return;
    }
    if (c->mode == 2) {
        irq_set(s->out0, 0);
        irq_set(s->out0, 1);
    } else {
        irq_set(s->out0, pit_out_at(c, MAX(due, c->count_load_time)));
    }
    /* lost edges come late rather than never, but a long gap or a silly rate is cut */
    pit_arm(s, now - due > NS_PER_S ? now : due);
    if (c->next_transition_time >= 0 && c->next_transition_time < now + MIN_EDGE_NS) {
        unsigned n = c->count;

        if (muldiv64(n, NS_PER_S, PIT_HZ) < 2 * MIN_EDGE_NS) {
            pit_arm(s, now);
        }
        timer_set(s->timer, MAX(c->next_transition_time, now + MIN_EDGE_NS));
    }
}

static void pit_changed(Pit *s, unsigned channel)
{
    if (channel == 0) {
        int64_t now = clock_ns(CLOCK_VIRTUAL);

        if (!s->channels[0].irq_disabled && !s->in_kernel) {
            irq_set(s->out0, pit_out_at(&s->channels[0], now));
        }
        pit_arm(s, now);
    }
}

/* ---- One in the kernel: its speaker port is there too */

static void pit_from_kernel(Pit *s)
{
    IrqChipPit k;

    if (!s->in_kernel || !irqchip_ops(s->isa.dev.vm)->get_pit(s->isa.dev.vm->accel, &k)) {
        return;
    }
    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        const IrqChipPitChannel *from = &k.channels[i];

        s->channels[i] = (PitChannel){
            .count = (int32_t)MIN(from->count, 0x10000u), .latched_count = from->latched_count,
            .count_latched = from->count_latched, .status_latched = from->status_latched, .status = from->status,
            .read_state = from->read_state, .write_state = from->write_state, .write_latch = from->write_latch,
            .rw_mode = from->rw_mode, .mode = from->mode % 6, .bcd = from->bcd, .gate = from->gate,
            .count_load_time = from->load_time, .next_transition_time = -1, .loaded = true, .triggered = true,
        };
    }
    s->channels[0].irq_disabled = k.hpet_legacy;
    pit_arm(s, clock_ns(CLOCK_VIRTUAL));
}

static void pit_to_kernel(Pit *s)
{
    IrqChipPit k = { .hpet_legacy = s->channels[0].irq_disabled != 0 };

    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        const PitChannel *c = &s->channels[i];

        k.channels[i] = (IrqChipPitChannel){
            .count = (uint32_t)c->count, .latched_count = c->latched_count, .count_latched = c->count_latched,
            .status_latched = c->status_latched, .status = c->status, .read_state = c->read_state,
            .write_state = c->write_state, .write_latch = c->write_latch, .rw_mode = c->rw_mode, .mode = c->mode,
            .bcd = c->bcd, .gate = c->gate, .load_time = c->count_load_time,
        };
    }
    if (s->in_kernel) {
        irqchip_ops(s->isa.dev.vm)->set_pit(s->isa.dev.vm->accel, &k);
    }
}

static void pit_irq_control(void *opaque, unsigned pin, int level)
{
    Pit *s = opaque;

    if (s->in_kernel) {
        pit_from_kernel(s);
        s->channels[0].irq_disabled = level == 0;
        pit_to_kernel(s);
        return;
    }
    s->channels[0].irq_disabled = level == 0;
    if (level == 0) {
        timer_cancel(s->timer);
        s->channels[0].next_transition_time = -1;
    } else {
        pit_changed(s, 0);
    }
}

/* ---- Registers */

static void pit_load(Pit *s, unsigned channel, unsigned val)
{
    PitChannel *c = &s->channels[channel];

    if (c->bcd) {
        val = (val >> 12) % 10 * 1000 + (val >> 8 & 15) % 10 * 100 + (val >> 4 & 15) % 10 * 10 +
              (val & 15) % 10;
    }
    c->count = val != 0 ? (int32_t)val : c->bcd ? 10000 : 0x10000;
    if (c->loaded && c->triggered && (c->mode == 1 || c->mode == 5)) {
        return;                     /* used at the next trigger; the one-shot under way keeps its start */
    }
    c->loaded = true;
    c->count_load_time = clock_ns(CLOCK_VIRTUAL);
    c->paused_at = !c->gate && c->mode != 1 && c->mode != 5 ? c->count_load_time : 0;
    pit_changed(s, channel);
}

static void pit_latch_count(PitChannel *c)
{
    unsigned v;

    if (c->count_latched) {
        return;
    }
    v = pit_value_at(c, clock_ns(CLOCK_VIRTUAL));
    if (c->bcd) {
        v = v / 1000 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
    }
    c->latched_count = v;
    c->count_latched = c->rw_mode;
}

static void pit_latch_status(PitChannel *c)
{
    if (c->status_latched) {
        return;
    }
    c->status = (pit_out_at(c, clock_ns(CLOCK_VIRTUAL)) ? STATUS_OUT : 0) |
                (c->loaded ? 0 : STATUS_NULL) | c->rw_mode << 4 | c->mode << 1 | c->bcd;
    c->status_latched = 1;
}

static void pit_read_back(Pit *s, uint8_t val)
{
    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        if ((val & (2u << i)) == 0) {
            continue;
        }
        if ((val & RB_NO_COUNT) == 0) {
            pit_latch_count(&s->channels[i]);
        }
        if ((val & RB_NO_STATUS) == 0) {
            pit_latch_status(&s->channels[i]);
        }
    }
}

static void pit_write_control(Pit *s, uint8_t val)
{
    unsigned channel = val >> 6, rw = (val >> 4) & 3, mode = (val >> 1) & 7;
    PitChannel *c;

    if (channel == CTL_READ_BACK) {
        pit_read_back(s, val);
        return;
    }
    c = &s->channels[channel];
    if (rw == RW_LATCH) {
        pit_latch_count(c);
        return;
    }
    c->rw_mode = rw;
    c->read_state = c->write_state = rw;
    c->mode = mode > 5 ? mode - 4 : mode;   /* x10, x11 */
    c->bcd = val & 1;
    c->count_latched = c->status_latched = 0;
    c->loaded = c->triggered = false;
    c->paused_at = 0;
    pit_changed(s, channel);
}

static void pit_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Pit *s = opaque;
    PitChannel *c;

    val &= 0xff;
    if (off == PIT_CONTROL) {
        pit_write_control(s, val);
        return;
    }
    c = &s->channels[off & 3];
    switch (c->write_state) {
    case RW_MSB:
        pit_load(s, off, val << 8);
        break;
    case RW_WORD_LOW:
        c->write_latch = val;
        c->write_state = RW_WORD_HIGH;
        break;
    case RW_WORD_HIGH:
        c->write_state = RW_WORD_LOW;
        pit_load(s, off, c->write_latch | val << 8);
        break;
    default:
        pit_load(s, off, val);
        break;
    }
}

static uint8_t pit_read_latched(PitChannel *c)
{
    switch (c->count_latched) {
    case RW_MSB:
        c->count_latched = 0;
        return c->latched_count >> 8;
    case RW_WORD_LOW:
        c->count_latched = RW_MSB;
        return c->latched_count;
    default:
        c->count_latched = 0;
        return c->latched_count;
    }
}

static uint64_t pit_read(void *opaque, GuestAddr off, unsigned size)
{
    Pit *s = opaque;
    PitChannel *c;
    unsigned v;

    if (off == PIT_CONTROL) {
        return 0;
    }
    c = &s->channels[off & 3];
    if (c->status_latched) {
        c->status_latched = 0;
        return c->status;
    }
    if (c->count_latched) {
        return pit_read_latched(c);
    }
    v = pit_value_at(c, clock_ns(CLOCK_VIRTUAL));
    if (c->bcd) {
        v = v / 1000 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
    }
    switch (c->read_state) {
    case RW_MSB:
        return v >> 8 & 0xff;
    case RW_WORD_LOW:
        c->read_state = RW_WORD_HIGH;
        return v & 0xff;
    case RW_WORD_HIGH:
        c->read_state = RW_WORD_LOW;
        return v >> 8 & 0xff;
    default:
        return v & 0xff;
    }
}

static const MemOps pit_ops = { .read = pit_read, .write = pit_write, .min_size = 1, .max_size = 1 };

/* ---- For the speaker */

void pit_set_gate(Device *pit, unsigned channel, bool gate)
{
    PitChannel *c = &CONTAINER(pit, Pit, isa.dev)->channels[channel % PIT_CHANNELS];
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    if (gate == c->gate) {
        return;
    }
    c->gate = gate;
    if (!gate) {
        if (c->mode != 1 && c->mode != 5 && c->paused_at == 0) {
            c->paused_at = MAX(now, 1);
        }
        return;
    }
    switch (c->mode) {
    case 0:
    case 4:                         /* goes on where it stood */
        if (c->paused_at != 0) {
            c->count_load_time += now - c->paused_at;
        }
        break;
    case 1:
    case 5:
        c->triggered = true;
        c->count_load_time = now;
        break;
    default:
        c->count_load_time = now;
        break;
    }
    c->paused_at = 0;
}

bool pit_gate(const Device *pit, unsigned channel)
{
    return CONTAINER(pit, const Pit, isa.dev)->channels[channel % PIT_CHANNELS].gate;
}

bool pit_out(const Device *pit, unsigned channel)
{
    const Pit *s = CONTAINER(pit, const Pit, isa.dev);

    return pit_out_at(&s->channels[channel % PIT_CHANNELS], clock_ns(CLOCK_VIRTUAL));
}

void pit_tone(const Device *pit, unsigned channel, unsigned *ticks, unsigned *mode)
{
    const PitChannel *c = &CONTAINER(pit, const Pit, isa.dev)->channels[channel % PIT_CHANNELS];

    *ticks = c->count;
    *mode = c->mode;
}

/* ---- Device */

static bool pit_realize(Device *dev, GError **errp)
{
    Pit *s = CONTAINER(dev, Pit, isa.dev);

    s->in_kernel = (irqchip_parts(dev->vm) & IRQCHIP_PIT) != 0;
    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, pit_fired, s);
    mem_init_io(&s->io, "pit", 4, &pit_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    device_init_gpio_in(dev, NULL, pit_irq_control, s, 1);
    device_init_gpio_out(dev, NULL, &s->out0, 1);
    return true;
}

static void pit_unrealize(Device *dev)
{
    timer_free(CONTAINER(dev, Pit, isa.dev)->timer);
}

static void pit_reset(Device *dev, ResetKind kind)
{
    Pit *s = CONTAINER(dev, Pit, isa.dev);
    uint32_t irq_disabled = s->channels[0].irq_disabled;
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        s->channels[i] = (PitChannel){
            .count = 0x10000, .mode = 3, .gate = i != 2, .loaded = true, .count_load_time = now,
            .next_transition_time = -1,
        };
    }
    s->channels[2].paused_at = MAX(now, 1);
    s->channels[0].irq_disabled = irq_disabled;
    pit_changed(s, 0);
    pit_to_kernel(s);
}

/* The stream has no moment at which a gate stopped a counter: it becomes the moment of saving. */
static void pit_pre_save(void *obj)
{
    Pit *s = obj;
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    pit_from_kernel(s);
    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        PitChannel *c = &s->channels[i];

        if (c->paused_at != 0) {
            c->count_load_time += MAX(now, 1) - c->paused_at;
            c->paused_at = MAX(now, 1);
        }
        c->waits = (uint8_t)((c->loaded ? 0 : 1) | (c->triggered ? 0 : 2));
    }
}

static bool pit_pre_load(void *obj, GError **errp)
{
    Pit *s = obj;

    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        s->channels[i].waits = 0;
    }
    return true;
}

static bool pit_post_load(void *obj, int version, GError **errp)
{
    Pit *s = obj;
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        PitChannel *c = &s->channels[i];

        if (c->count < 1 || c->count > 0x10000 || c->mode > 5 || c->rw_mode > RW_WORD_LOW ||
            c->read_state > RW_WORD_HIGH || c->write_state > RW_WORD_HIGH) {
            return err_fail(errp, "i8254: impossible state of channel %u", i);
        }
        c->loaded = !(c->waits & 1);
        c->triggered = !(c->waits & 2);
        c->paused_at = !c->gate && c->mode != 1 && c->mode != 5 ? MAX(now, 1) : 0;
    }
    if (s->channels[0].next_transition_time < 0 || s->channels[0].irq_disabled) {
        timer_cancel(s->timer);
    } else if (s->channels[0].next_transition_time > now + NS_PER_S) {
        pit_arm(s, now);
    } else {
        timer_set(s->timer, s->channels[0].next_transition_time);
    }
    if (s->in_kernel) {
        timer_cancel(s->timer);
        pit_to_kernel(s);
    }
    return true;
}

static const VmField pit_channel_vm_fields[] = {
    VM_FIELD_I32(PitChannel, count), VM_FIELD_U16(PitChannel, latched_count),
    VM_FIELD_U8(PitChannel, count_latched), VM_FIELD_U8(PitChannel, status_latched),
    VM_FIELD_U8(PitChannel, status), VM_FIELD_U8(PitChannel, read_state),
    VM_FIELD_U8(PitChannel, write_state), VM_FIELD_U8(PitChannel, write_latch),
    VM_FIELD_U8(PitChannel, rw_mode), VM_FIELD_U8(PitChannel, mode), VM_FIELD_U8(PitChannel, bcd),
    VM_FIELD_U8(PitChannel, gate), VM_FIELD_I64(PitChannel, count_load_time),
    VM_FIELD_I64(PitChannel, next_transition_time),
    VM_FIELD_END,
};
static const VmState pit_channel_vmstate = {
    .name = "pit channel", .version = 2, .min_version = 2, .fields = pit_channel_vm_fields,
};
static const VmField pit_vm_fields[] = {
    VM_FIELD_U32(Pit, channels[0].irq_disabled, .since = 3),
    VM_FIELD_STRUCT_ARRAY(Pit, channels, pit_channel_vmstate, .since = 2),
    VM_FIELD_I64(Pit, channels[0].next_transition_time),
    VM_FIELD_END,
};
/* Of our own: a counter that waits for its count or its trigger. */
static bool pit_waits_needed(const void *obj)
{
    const Pit *s = obj;
    bool any = false;

    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        const PitChannel *c = &s->channels[i];

        any = any || !c->loaded || (!c->triggered && (c->mode == 1 || c->mode == 5));
    }
    return any;
}
static const VmField pit_waits_vm_fields[] = {
    VM_FIELD_U8(Pit, channels[0].waits), VM_FIELD_U8(Pit, channels[1].waits),
    VM_FIELD_U8(Pit, channels[2].waits), VM_FIELD_END,
};
static const VmState pit_waits_vmstate = {
    .name = "i8254/waits", .version = 1, .min_version = 1, .fields = pit_waits_vm_fields,
    .needed = pit_waits_needed,
};
static const VmState *const pit_sections[] = { &pit_waits_vmstate, NULL };
static const VmState pit_vmstate = {
    .name = "i8254", .version = 3, .min_version = 2, .fields = pit_vm_fields,
    .sections = pit_sections, .pre_save = pit_pre_save, .pre_load = pit_pre_load,
    .post_load = pit_post_load,
};

static const Field pit_props[] = {
    FIELD_U32("iobase", Pit, iobase, 0x40),
    { 0 },
};

const DeviceType isa_pit_type = {
    .type = { .name = "isa-pit", .parent = &isa_device.type, .size = sizeof(Pit), .props = pit_props },
    .realize = pit_realize, .unrealize = pit_unrealize, .reset = pit_reset, .vmstate = &pit_vmstate,
};
DEVICE_REGISTER(isa_pit_type);

/* ---- "kvm-pit": the same where the host's kernel models it, with a choice of what becomes of lost ticks */

typedef enum PitLostTicks { PIT_LOST_DISCARD, PIT_LOST_DELAY, PIT_LOST_SLEW } PitLostTicks;
static const char *const pit_lost_names[] = { "discard", "delay", "slew", NULL };
static const EnumDef pit_lost_enum = { "LostTickPolicy", pit_lost_names };

static bool kvm_pit_realize(Device *dev, GError **errp)
{
    Pit *s = CONTAINER(dev, Pit, isa.dev);

    if (s->lost_ticks == PIT_LOST_SLEW) {
        return err_fail(errp, "Lost tick policy not supported: use discard or delay");
    }
    if (s->in_kernel && !irqchip_ops(dev->vm)->pit_reinject(dev->vm->accel, s->lost_ticks == PIT_LOST_DELAY) &&
        s->lost_ticks == PIT_LOST_DISCARD) {
        return err_fail(errp, "Can't disable in-kernel PIT reinjection");
    }
    return true;
}

static const Field kvm_pit_props[] = {
    FIELD_ENUM("lost_tick_policy", Pit, lost_ticks, &pit_lost_enum, PIT_LOST_DELAY),
    { 0 },
};

static const DeviceType kvm_pit_type = {
    .type = { .name = "kvm-pit", .parent = &isa_pit_type.type, .size = sizeof(Pit), .props = kvm_pit_props },
    .realize = kvm_pit_realize,
};
DEVICE_REGISTER(kvm_pit_type);

Device *pit_new(Vm *vm, Bus *isa, Irq out0, GError **errp)
{
    bool in_kernel = (irqchip_parts(vm) & IRQCHIP_PIT) != 0;
    Device *dev = device_new(in_kernel ? &kvm_pit_type : &isa_pit_type, vm, NULL);

    CONTAINER(dev, Pit, isa.dev)->out0 = out0;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}

Irq pit_irq_enable(Device *pit)
{
    return device_gpio_in(pit, NULL, 0);
}
