/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard controller of a PS/2 (IBM PS/2 hardware interface technical reference, "Keyboard and auxiliary
 * device controller"; ports 0x60 and 0x64): commands, output buffer with arbitration between the controller's
 * own answers, keyboard and mouse, A20 gate, CPU reset.
 *
 * The output buffer is a latch: a byte leaves the device when it enters it. Password commands answer that there
 * is none. Not modelled: RAM beyond the command byte, inhibit switch. */
#include "hw/input/i8042.h"

#include "hw/core/vm.h"
#include "hw/input/ps2_int.h"
#include "hw/isa/isa.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/trace.h"

enum {
    CMD_READ_MODE = 0x20, CMD_READ_RAM_LAST = 0x3f, CMD_WRITE_MODE = 0x60, CMD_WRITE_RAM_LAST = 0x7f,
    CMD_GET_VERSION = 0xa1, CMD_TEST_PASSWORD = 0xa4, CMD_MOUSE_DISABLE = 0xa7, CMD_MOUSE_ENABLE = 0xa8,
    CMD_TEST_MOUSE = 0xa9, CMD_SELF_TEST = 0xaa, CMD_TEST_KBD = 0xab, CMD_KBD_DISABLE = 0xad,
    CMD_KBD_ENABLE = 0xae, CMD_READ_INPORT = 0xc0, CMD_READ_OUTPORT = 0xd0, CMD_WRITE_OUTPORT = 0xd1,
    CMD_WRITE_OBUF = 0xd2, CMD_WRITE_AUX_OBUF = 0xd3, CMD_WRITE_MOUSE = 0xd4, CMD_DISABLE_A20 = 0xdd,
    CMD_ENABLE_A20 = 0xdf, CMD_READ_TEST = 0xe0, CMD_PULSE = 0xf0,
};
enum { STAT_OBF = 0x01, STAT_SELFTEST = 0x04, STAT_CMD = 0x08, STAT_UNLOCKED = 0x10,
       STAT_MOUSE_OBF = 0x20 };
enum { MODE_KBD_INT = 0x01, MODE_MOUSE_INT = 0x02, MODE_SYS = 0x04, MODE_DISABLE_KBD = 0x10,
       MODE_DISABLE_MOUSE = 0x20, MODE_KCC = 0x40 };
enum { OUT_RESET = 0x01, OUT_A20 = 0x02, OUT_OBF = 0x10, OUT_MOUSE_OBF = 0x20, OUT_ONES = 0xcc };
enum { PENDING_KBD = 1, PENDING_AUX = 2, PENDING_CTRL_KBD = 4, PENDING_CTRL_AUX = 8 };
enum { THROTTLE_NS = 1000 * 1000, INPORT = 0x80, NO_PASSWORD = 0xf1, TEST_OK = 0x55 };

typedef struct KbdState {
    uint8_t write_cmd;              /* command that waits for its parameter; 0: none */
    uint8_t status, mode, outport;
    uint8_t pending_tmp;            /* PENDING_*, when saved */
    uint8_t ctrl_pending;           /* PENDING_CTRL_*: the controller's own answer waits */
    uint32_t migration_flags, obsrc;
    uint8_t obdata, cbdata;         /* in the output buffer; the controller's answer */
} KbdState;

typedef struct I8042 {
    IsaDevice isa;
    MemRegion data_io, command_io;
    KbdState kbd;
    Ps2Kbd ps2kbd;                  /* parts, and pointers to them */
    Ps2Mouse ps2mouse;
    Device *keyboard, *mouse;
    Irq irq[2];                     /* keyboard, mouse */
    Irq a20, reset;
    bool extended_state, throttle;  /* properties */
    uint8_t kbd_irq, mouse_irq;
    bool throttled;
    Timer *throttle_timer;
} I8042;

/* ---- Output buffer */

static void i8042_update_irq(I8042 *s)
{
    KbdState *k = &s->kbd;
    bool mouse = (k->status & STAT_MOUSE_OBF) != 0, full = (k->status & STAT_OBF) != 0;

    k->outport &= ~(OUT_OBF | OUT_MOUSE_OBF);
    if (full) {
        k->outport |= mouse ? OUT_MOUSE_OBF : OUT_OBF;
    }
    irq_set(s->irq[0], full && !mouse && (k->mode & MODE_KBD_INT));
    irq_set(s->irq[1], full && mouse && (k->mode & MODE_MOUSE_INT));
}

static void i8042_latch(I8042 *s)
{
    KbdState *k = &s->kbd;

    switch (k->obsrc) {
    case PENDING_KBD:
        k->obdata = ps2_read(s->keyboard);
        break;
    case PENDING_AUX:
        k->obdata = ps2_read(s->mouse);
        break;
    default:
        k->obdata = k->cbdata;
        k->ctrl_pending = 0;
        break;
    }
}

/* Fills an empty buffer: the controller's answer first, then keyboard, then mouse. */
static void i8042_fill(I8042 *s)
{
    KbdState *k = &s->kbd;

    if ((k->status & STAT_OBF) == 0 && !s->throttled) {
        k->obsrc = k->ctrl_pending != 0 ? k->ctrl_pending
                   : ps2_pending(s->keyboard) && (k->mode & MODE_DISABLE_KBD) == 0 ? PENDING_KBD
                   : ps2_pending(s->mouse) && (k->mode & MODE_DISABLE_MOUSE) == 0 ? PENDING_AUX : 0;
        if (k->obsrc != 0) {        /* full before the device's line moves: that comes back to us */
            k->status |= STAT_OBF;
            k->status = k->obsrc & (PENDING_AUX | PENDING_CTRL_AUX) ? k->status | STAT_MOUSE_OBF
                                                                    : k->status & ~STAT_MOUSE_OBF;
            i8042_latch(s);
        }
    }
    i8042_update_irq(s);
}

static void i8042_answer(I8042 *s, uint8_t v, bool as_mouse)
{
    KbdState *k = &s->kbd;

    k->cbdata = v;
    k->ctrl_pending = as_mouse ? PENDING_CTRL_AUX : PENDING_CTRL_KBD;
    if (k->status & STAT_OBF && k->obsrc & (PENDING_CTRL_KBD | PENDING_CTRL_AUX)) {
        k->status &= ~(STAT_OBF | STAT_MOUSE_OBF);     /* its last answer was not read: overwritten */
    }
    i8042_fill(s);
}

static void i8042_throttle_over(void *opaque)
{
    I8042 *s = opaque;

    s->throttled = false;
    i8042_fill(s);
}

static uint64_t i8042_read_data(void *opaque, GuestAddr off, unsigned size)
{
    I8042 *s = opaque;
    KbdState *k = &s->kbd;
    uint8_t v = k->obdata;

    if (k->status & STAT_OBF) {
        if (s->throttle && (k->obsrc & (PENDING_KBD | PENDING_AUX))) {
            s->throttled = true;
            timer_set_in(s->throttle_timer, THROTTLE_NS);
        }
        k->status &= ~(STAT_OBF | STAT_MOUSE_OBF);
        i8042_update_irq(s);        /* the line falls before the next byte raises it */
        i8042_fill(s);
    }
    return v;
}

/* ---- Commands */

static void i8042_set_mode(I8042 *s, uint8_t mode)
{
    s->kbd.mode = mode;
    s->kbd.status = mode & MODE_SYS ? s->kbd.status | STAT_SELFTEST : s->kbd.status & ~STAT_SELFTEST;
    ps2_kbd_set_translate(s->keyboard, mode & MODE_KCC);
    i8042_fill(s);
}

static void i8042_pulse_reset(I8042 *s)
{
    if (irq_connected(s->reset)) {
        irq_pulse(s->reset);
    } else {
        vm_request_reset(s->isa.dev.vm, SHUTDOWN_GUEST_RESET);
    }
}

static void i8042_write_outport(I8042 *s, uint8_t val)
{
    TRACE("pckbd_outport_write", "0x%02x", val);
    s->kbd.outport = val;
    irq_set(s->a20, (val & OUT_A20) != 0);
    if ((val & OUT_RESET) == 0) {
        i8042_pulse_reset(s);
    }
}

static void i8042_set_a20(I8042 *s, bool on)
{
    s->kbd.outport = on ? s->kbd.outport | OUT_A20 : s->kbd.outport & ~OUT_A20;
    irq_set(s->a20, on);
}

static void i8042_write_command(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I8042 *s = opaque;
    KbdState *k = &s->kbd;

    TRACE("pckbd_kbd_write_command", "0x%02x", (unsigned)val);
    val &= 0xff;
    switch (val) {
    case CMD_READ_MODE:
        i8042_answer(s, k->mode, false);
        break;
    case CMD_WRITE_MODE:
    case CMD_WRITE_OBUF:
    case CMD_WRITE_AUX_OBUF:
    case CMD_WRITE_MOUSE:
    case CMD_WRITE_OUTPORT:
        k->write_cmd = val;
        break;
    case CMD_TEST_PASSWORD:
        i8042_answer(s, NO_PASSWORD, false);
        break;
    case CMD_MOUSE_DISABLE:
        k->mode |= MODE_DISABLE_MOUSE;
        break;
    case CMD_MOUSE_ENABLE:
        k->mode &= ~MODE_DISABLE_MOUSE;
        i8042_fill(s);
        break;
    case CMD_TEST_MOUSE:
    case CMD_TEST_KBD:
        i8042_answer(s, 0x00, false);
        break;
    case CMD_SELF_TEST:
        k->status |= STAT_SELFTEST;
        i8042_answer(s, TEST_OK, false);
        break;
    case CMD_KBD_DISABLE:
        k->mode |= MODE_DISABLE_KBD;
        break;
    case CMD_KBD_ENABLE:
        k->mode &= ~MODE_DISABLE_KBD;
        i8042_fill(s);
        break;
    case CMD_READ_INPORT:
        i8042_answer(s, INPORT, false);
        break;
    case CMD_READ_OUTPORT:
        i8042_answer(s, k->outport, false);
        break;
    case CMD_READ_TEST:
        i8042_answer(s, 0x00, false);
        break;
    case CMD_ENABLE_A20:
    case CMD_DISABLE_A20:
        i8042_set_a20(s, val == CMD_ENABLE_A20);
        break;
    default:
        if (val >= CMD_PULSE) {     /* bits 0-3 that are 0 pulse output lines; only line 0 is wired */
            if ((val & 1) == 0) {
                i8042_pulse_reset(s);
            }
        } else {
            log_guest("i8042: unknown command 0x%02x", (unsigned)val);
        }
        break;
    }
}

static void i8042_write_data(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I8042 *s = opaque;
    KbdState *k = &s->kbd;
    uint8_t command = k->write_cmd;

    TRACE("pckbd_kbd_write_data", "0x%02x", (unsigned)val);
    k->write_cmd = 0;
    switch (command) {
    case 0:
        k->mode &= ~MODE_DISABLE_KBD;   /* talking to the keyboard enables its interface */
        ps2_write(s->keyboard, val);
        i8042_fill(s);
        break;
    case CMD_WRITE_MODE:
        i8042_set_mode(s, val);
        break;
    case CMD_WRITE_OBUF:
    case CMD_WRITE_AUX_OBUF:
        i8042_answer(s, val, command == CMD_WRITE_AUX_OBUF);
        break;
    case CMD_WRITE_OUTPORT:
        i8042_write_outport(s, val);
        break;
    case CMD_WRITE_MOUSE:
        k->mode &= ~MODE_DISABLE_MOUSE;
        ps2_write(s->mouse, val);
        i8042_fill(s);
        break;
    }
}

static uint64_t i8042_read_status(void *opaque, GuestAddr off, unsigned size)
{
    return ((I8042 *)opaque)->kbd.status;
}

static const MemOps data_ops = {
    .read = i8042_read_data, .write = i8042_write_data, .min_size = 1, .max_size = 1,
};
static const MemOps command_ops = {
    .read = i8042_read_status, .write = i8042_write_command, .min_size = 1, .max_size = 1,
};

/* Level of a device's line: bytes wait there. */
static void i8042_device_line(void *opaque, unsigned pin, int level)
{
    if (level) {
        i8042_fill(opaque);
    }
}

/* ---- Device */

static bool i8042_realize(Device *dev, GError **errp)
{
    I8042 *s = CONTAINER(dev, I8042, isa.dev);

    if (!isa_irq_checked(dev, s->kbd_irq, &s->irq[0], errp) ||
        !isa_irq_checked(dev, s->mouse_irq, &s->irq[1], errp)) {
        return false;
    }
    s->throttle_timer = timer_new(loop_main(), CLOCK_VIRTUAL, i8042_throttle_over, s);
    device_init_gpio_in(dev, "ps2-kbd-input-irq", i8042_device_line, s, 1);
    device_init_gpio_in(dev, "ps2-mouse-input-irq", i8042_device_line, s, 1);
    device_init_gpio_out(dev, NULL, s->irq, 2);
    device_init_gpio_out(dev, "a20", &s->a20, 1);
    ps2_set_irq(s->keyboard, device_gpio_in(dev, "ps2-kbd-input-irq", 0));
    ps2_set_irq(s->mouse, device_gpio_in(dev, "ps2-mouse-input-irq", 0));
    if (!device_realize(s->keyboard, NULL, errp) || !device_realize(s->mouse, NULL, errp)) {
        timer_free(s->throttle_timer);
        return false;
    }
    mem_init_io(&s->data_io, "i8042-data", 1, &data_ops, s);
    mem_init_io(&s->command_io, "i8042-cmd", 1, &command_ops, s);
    isa_register_ioport(dev, &s->data_io, 0x60);
    isa_register_ioport(dev, &s->command_io, 0x64);
    return true;
}

static void i8042_unrealize(Device *dev)
{
    timer_free(CONTAINER(dev, I8042, isa.dev)->throttle_timer);
}

static void i8042_reset(Device *dev, ResetKind kind)
{
    I8042 *s = CONTAINER(dev, I8042, isa.dev);
    KbdState *k = &s->kbd;

    *k = (KbdState){
        .mode = MODE_KBD_INT | MODE_MOUSE_INT, .status = STAT_CMD | STAT_UNLOCKED,
        .outport = OUT_RESET | OUT_A20 | OUT_ONES,
    };
    s->throttled = false;
    timer_cancel(s->throttle_timer);
    i8042_update_irq(s);
    irq_set(s->a20, 1);
}

static void i8042_pre_save(void *obj)
{
    KbdState *k = obj;

    k->migration_flags = 1;
    k->pending_tmp = k->ctrl_pending | (k->status & STAT_OBF ? k->obsrc & 3 : 0);
}

static bool i8042_post_load(void *obj, int version, GError **errp)
{
    KbdState *k = obj;

    k->ctrl_pending = k->pending_tmp & PENDING_CTRL_KBD ? PENDING_CTRL_KBD
                      : k->pending_tmp & PENDING_CTRL_AUX;
    return true;
}

static bool outport_needed(const void *obj)
{
    return ((const KbdState *)obj)->outport != (OUT_RESET | OUT_A20 | OUT_ONES);
}
static const VmField outport_vm_fields[] = { VM_FIELD_U8(KbdState, outport), VM_FIELD_END };
static const VmState outport_vmstate = {
    .name = "pckbd_outport", .version = 1, .min_version = 1, .fields = outport_vm_fields,
    .needed = outport_needed,
};
static bool extended_needed(const void *obj) { return true; }
static const VmField extended_vm_fields[] = {
    VM_FIELD_U32(KbdState, migration_flags), VM_FIELD_U32(KbdState, obsrc),
    VM_FIELD_U8(KbdState, obdata), VM_FIELD_U8(KbdState, cbdata), VM_FIELD_END,
};
static const VmState extended_vmstate = {
    .name = "pckbd/extended_state", .fields = extended_vm_fields, .needed = extended_needed,
};
static const VmState *const kbd_sections[] = { &outport_vmstate, &extended_vmstate, NULL };
static const VmField kbd_vm_fields[] = {
    VM_FIELD_U8(KbdState, write_cmd), VM_FIELD_U8(KbdState, status), VM_FIELD_U8(KbdState, mode),
    VM_FIELD_U8(KbdState, pending_tmp), VM_FIELD_END,
};
static const VmState kbd_vmstate = {
    .name = "pckbd", .version = 3, .min_version = 3, .fields = kbd_vm_fields,
    .sections = kbd_sections, .pre_save = i8042_pre_save, .post_load = i8042_post_load,
};
static const VmField i8042_vm_fields[] = {
    VM_FIELD_STRUCT(I8042, kbd, kbd_vmstate), VM_FIELD_END,
};
static const VmState i8042_vmstate = {
    .name = "pckbd", .version = 3, .min_version = 3, .fields = i8042_vm_fields,
};

static const Field i8042_props[] = {
    FIELD_BOOL("extended-state", I8042, extended_state, true),
    FIELD_BOOL("kbd-throttle", I8042, throttle, false),
    FIELD_U8("kbd-irq", I8042, kbd_irq, 1),
    FIELD_U8("mouse-irq", I8042, mouse_irq, 12),
    FIELD_SHOWN_AS("a20[0]", "link<irq>"),
    FIELD_SHOWN_AS("i8042-cmd[0]", "child<memory-region>"),
    FIELD_SHOWN_AS("i8042-data[0]", "child<memory-region>"),
    FIELD_SHOWN_AS("ps2-kbd-input-irq[0]", "child<irq>"),
    FIELD_SHOWN_AS("ps2-mouse-input-irq[0]", "child<irq>"),
    FIELD_SHOWN_AS("unnamed-gpio-out[0]", "link<irq>"),
    FIELD_SHOWN_AS("unnamed-gpio-out[1]", "link<irq>"),
    { 0 },
};

static void i8042_init(Object *obj)
{
    I8042 *s = CONTAINER((Device *)obj, I8042, isa.dev);

    s->keyboard = &s->ps2kbd.parent_obj.dev;
    s->mouse = &s->ps2mouse.parent_obj.dev;
}

static const ChildDef i8042_children[] = {
    { "ps2kbd", &ps2_kbd_type.type, offsetof(I8042, ps2kbd) },
    { "ps2mouse", &ps2_mouse_type.type, offsetof(I8042, ps2mouse) },
    { 0 },
};

const DeviceType i8042_type = {
    .type = { .name = "i8042", .parent = &isa_device.type, .size = sizeof(I8042),
              .user_creatable = true, .props = i8042_props, .children = i8042_children,
              .init = i8042_init },
    .category = DEV_INPUT,
    .realize = i8042_realize, .unrealize = i8042_unrealize, .reset = i8042_reset,
    .vmstate = &i8042_vmstate,
};
DEVICE_REGISTER(i8042_type);

Device *i8042_new(Vm *vm, Bus *isa, Irq a20, Irq reset, GError **errp)
{
    Device *dev = device_new(&i8042_type, vm, NULL);
    I8042 *s = CONTAINER(dev, I8042, isa.dev);

    s->a20 = a20;
    s->reset = reset;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}

Device *i8042_mouse(Device *i8042)
{
    return CONTAINER(i8042, I8042, isa.dev)->mouse;
}

void i8042_mouse_fake_event(Device *i8042)
{
    ps2_mouse_fake_event(i8042_mouse(i8042));
}
