/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PS/2 (101/102-key MF II) keyboard: scan code sets 1, 2 and 3, the commands of IBM's PS/2 hardware interface
 * reference, LEDs, typematic repeat by its own timer (repeats from the host are dropped).
 *
 * With translation on, which is the controller's work on real boards, codes of set 2 come out as set 1 here
 * and set numbers are translated the same way. Key types of set 3 (f7-fd) are acknowledged, not kept. */
#include "hw/input/ps2_int.h"

#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum {
    CMD_SET_LEDS = 0xed, CMD_ECHO = 0xee, CMD_SCAN_SET = 0xf0, CMD_GET_ID = 0xf2, CMD_SET_RATE = 0xf3,
    CMD_ENABLE = 0xf4, CMD_RESET_DISABLE = 0xf5, CMD_RESET_ENABLE = 0xf6, CMD_ALL_TYPES_FIRST = 0xf7,
    CMD_ALL_TYPES_LAST = 0xfa, CMD_KEY_TYPE_FIRST = 0xfb, CMD_KEY_TYPE_LAST = 0xfd, CMD_RESEND = 0xfe,
    CMD_RESET = 0xff,
};
enum { SET1 = 1, SET2 = 2, SET3 = 3, BREAK = 0xf0, EXT = 0xe0, EXT1 = 0xe1 };
enum { KEY_ID1 = 0xab, KEY_ID2 = 0x83 };
enum { MOD_CTRL = 1, MOD_SHIFT = 2, MOD_ALT = 4 };
enum { RATE_DEFAULT = 0x2b, DELAY_STEP_MS = 250 };      /* 500 ms, 10.9 a second */

/* ---- Keys to codes */

typedef struct KeyCodes { uint8_t b[10]; unsigned n; } KeyCodes;

static void put(KeyCodes *k, uint8_t v)
{
    if (k->n < sizeof(k->b)) {
        k->b[k->n++] = v;
    }
}

static bool kbd_emits_set1(const Ps2Kbd *s)
{
    return s->scancode_set == SET1 || (s->translate && s->scancode_set == SET2);
}

/* One make or break code of a key, by its set 1 number. */
static void put_code(const Ps2Kbd *s, KeyCodes *k, uint8_t code, bool ext, bool down)
{
    uint8_t other;

    if (kbd_emits_set1(s)) {
        if (ext) {
            put(k, EXT);
        }
        put(k, code | (down ? 0 : 0x80));
        return;
    }
    other = s->scancode_set == SET3 ? ps2_set1_to_set3(code, ext) : ps2_set1_to_set2(code);
    if (other == 0) {
        return;
    }
    if (ext && s->scancode_set == SET2) {
        put(k, EXT);
    }
    if (!down) {
        put(k, BREAK);
    }
    put(k, other);
}

/* Print Screen and Pause are several keys in one (sets 1 and 2). */
static void put_print(const Ps2Kbd *s, KeyCodes *k, bool down)
{
    if (s->modifiers & MOD_ALT) {
        put_code(s, k, 0x54, false, down);
    } else if (s->modifiers & (MOD_CTRL | MOD_SHIFT)) {
        put_code(s, k, 0x37, true, down);
    } else if (down) {
        put_code(s, k, 0x2a, true, true);
        put_code(s, k, 0x37, true, true);
    } else {
        put_code(s, k, 0x37, true, false);
        put_code(s, k, 0x2a, true, false);
    }
}

static void put_pause(const Ps2Kbd *s, KeyCodes *k, bool down)
{
    if (!down) {
        return;
    }
    if (s->modifiers & MOD_CTRL) {
        put_code(s, k, 0x46, true, true);
        put_code(s, k, 0x46, true, false);
        return;
    }
    put(k, EXT1);
    put_code(s, k, 0x1d, false, true);
    put_code(s, k, 0x45, false, true);
    put(k, EXT1);
    put_code(s, k, 0x1d, false, false);
    put_code(s, k, 0x45, false, false);
}

static KeyCodes kbd_codes(const Ps2Kbd *s, QKey key, bool down)
{
    KeyCodes k = { .n = 0 };
    unsigned number = qkey_number(key);

    if ((key == QKEY_PRINT || key == QKEY_SYSRQ) && s->scancode_set != SET3) {
        put_print(s, &k, down);
    } else if (key == QKEY_PAUSE && s->scancode_set != SET3) {
        put_pause(s, &k, down);
    } else if (number != 0) {
        put_code(s, &k, number & 0x7f, (number & 0x80) != 0, down);
    }
    return k;
}

static void kbd_send(Ps2Kbd *s, QKey key, bool down)
{
    KeyCodes k = kbd_codes(s, key, down);

    if (k.n > 0 && s->scan_enabled) {
        ps2_queue_event(&s->parent_obj, k.b, k.n);
    }
}

/* ---- Events and typematic */

static void kbd_track_modifiers(Ps2Kbd *s, QKey key, bool down)
{
    unsigned mod = key == QKEY_CTRL || key == QKEY_CTRL_R ? MOD_CTRL
                   : key == QKEY_SHIFT || key == QKEY_SHIFT_R ? MOD_SHIFT
                   : key == QKEY_ALT || key == QKEY_ALT_R ? MOD_ALT : 0;

    s->modifiers = down ? s->modifiers | mod : s->modifiers & ~mod;
}

static int64_t kbd_repeat_delay(const Ps2Kbd *s)
{
    return (int64_t)(((s->rate >> 5) & 3) + 1) * DELAY_STEP_MS * NS_PER_MS;
}

/* period = (8 + A) * 2^B * 4.17 ms, A: bits 0-2, B: bits 3-4 */
static int64_t kbd_repeat_period(const Ps2Kbd *s)
{
    return (int64_t)(8 + (s->rate & 7)) * (1 << ((s->rate >> 3) & 3)) * 4170 * NS_PER_US;
}

static void kbd_repeat(void *opaque)
{
    Ps2Kbd *s = opaque;

    if (s->repeating != QKEY_UNMAPPED) {
        kbd_send(s, s->repeating, true);
        timer_set_in(s->typematic, kbd_repeat_period(s));
    }
}

static void kbd_stop_repeat(Ps2Kbd *s)
{
    s->repeating = QKEY_UNMAPPED;
    timer_cancel(s->typematic);
}

static void kbd_event(void *opaque, const InputEvent *ev)
{
    Ps2Kbd *s = opaque;
    unsigned key = ev->code;
    bool down = ev->value != 0, was_down;

    if (key == QKEY_UNMAPPED || key >= QKEY_COUNT) {
        return;
    }
    was_down = (s->down[key / 8] >> key % 8) & 1;
    if (was_down == down) {
        return;                     /* the host's own repeat, or a release we never saw pressed */
    }
    s->down[key / 8] ^= 1u << key % 8;
    kbd_track_modifiers(s, key, down);
    kbd_send(s, key, down);
    if (down && key != QKEY_PAUSE) {
        s->repeating = key;
        timer_set_in(s->typematic, kbd_repeat_delay(s));
    } else if (s->repeating == key) {
        kbd_stop_repeat(s);
    }
}

static const InputHandler kbd_handler = {
    .name = "QEMU PS/2 Keyboard", .mask = INPUT_KEY, .event = kbd_event,
};

/* ---- Commands */

static void kbd_set_leds(Ps2Kbd *s, unsigned leds)
{
    s->ledstate = leds & 7;
    input_set_leds(s->ledstate);
}

static void kbd_defaults(Ps2Kbd *s)
{
    s->scan_enabled = 1;
    s->rate = RATE_DEFAULT;
    s->scancode_set = SET2;
    kbd_set_leds(s, 0);
    kbd_stop_repeat(s);
    ps2_drop_events(&s->parent_obj);
}

static uint8_t kbd_translated_set(const Ps2Kbd *s)
{
    static const uint8_t translated[4] = { 0, 0x43, 0x41, 0x3f };

    return s->translate ? translated[s->scancode_set & 3] : s->scancode_set;
}

static void kbd_write_scan_set(Ps2Kbd *s, uint8_t val)
{
    uint8_t reply[2] = { PS2_ACK };

    if (val == 0) {
        reply[1] = kbd_translated_set(s);
        ps2_reply(&s->parent_obj, reply, 2);
    } else if (val <= SET3) {
        s->scancode_set = val;
        ps2_reply_byte(&s->parent_obj, PS2_ACK);
    } else {
        ps2_reply_byte(&s->parent_obj, PS2_RESEND);
    }
}

static void kbd_write_parameter(Ps2Kbd *s, uint8_t cmd, uint8_t val)
{
    switch (cmd) {
    case CMD_SCAN_SET:
        kbd_write_scan_set(s, val);
        return;
    case CMD_SET_LEDS:
        kbd_set_leds(s, val);
        break;
    case CMD_SET_RATE:
        s->rate = val & 0x7f;
        break;
    default:                        /* types of single keys */
        break;
    }
    ps2_reply_byte(&s->parent_obj, PS2_ACK);
}

static void kbd_write_command(Ps2Kbd *s, uint8_t val)
{
    Ps2 *p = &s->parent_obj;

    switch (val) {
    case CMD_ECHO:
        ps2_reply_byte(p, CMD_ECHO);
        return;
    case CMD_GET_ID:
        ps2_reply(p, (const uint8_t[]){ PS2_ACK, KEY_ID1,
                                        s->translate ? 0x41 : KEY_ID2 }, 3);
        return;
    case CMD_RESEND:
        ps2_reply_byte(p, s->last_sent);
        return;
    case CMD_RESET:
        kbd_defaults(s);
        ps2_reply(p, (const uint8_t[]){ PS2_ACK, PS2_BAT_OK }, 2);
        return;
    case CMD_ENABLE:
        s->scan_enabled = 1;
        break;
    case CMD_RESET_DISABLE:
        kbd_defaults(s);
        s->scan_enabled = 0;
        break;
    case CMD_RESET_ENABLE:
        kbd_defaults(s);
        break;
    case CMD_SCAN_SET:
    case CMD_SET_LEDS:
    case CMD_SET_RATE:
    case CMD_KEY_TYPE_FIRST ... CMD_KEY_TYPE_LAST:
        p->write_cmd = val;
        break;
    case CMD_ALL_TYPES_FIRST ... CMD_ALL_TYPES_LAST:
        break;
    default:
        log_guest("ps2 keyboard: unknown command 0x%02x", val);
        ps2_reply_byte(p, PS2_RESEND);
        return;
    }
    ps2_reply_byte(p, PS2_ACK);
}

void ps2_kbd_command(Ps2 *p, uint8_t val)
{
    Ps2Kbd *s = CONTAINER(p, Ps2Kbd, parent_obj);
    int32_t waiting = p->write_cmd;

    TRACE("ps2_write_keyboard", "val 0x%02x", val);
    p->write_cmd = -1;
    /* a byte that can only be a command ends the wait for a parameter */
    if (waiting >= 0 && val < CMD_SET_LEDS) {
        kbd_write_parameter(s, waiting, val);
    } else {
        kbd_write_command(s, val);
    }
}

void ps2_kbd_set_translate(Device *kbd, bool on)
{
    CONTAINER(kbd, Ps2Kbd, parent_obj.dev)->translate = on;
}

/* ---- Device */

static bool kbd_realize(Device *dev, GError **errp)
{
    Ps2Kbd *s = CONTAINER(dev, Ps2Kbd, parent_obj.dev);

    s->parent_obj.write_cmd = -1;
    s->typematic = timer_new(loop_main(), CLOCK_VIRTUAL, kbd_repeat, s);
    s->port = input_register(&kbd_handler, s);
    device_init_gpio_out(dev, NULL, &s->parent_obj.irq, 1);
    return true;
}

static void kbd_unrealize(Device *dev)
{
    Ps2Kbd *s = CONTAINER(dev, Ps2Kbd, parent_obj.dev);

    input_unregister(s->port);
    timer_free(s->typematic);
}

static void kbd_reset(Device *dev, ResetKind kind)
{
    Ps2Kbd *s = CONTAINER(dev, Ps2Kbd, parent_obj.dev);

    s->parent_obj.write_cmd = -1;
    ps2_reset_queue(&s->parent_obj);
    s->translate = 0;
    memset(s->down, 0, sizeof(s->down));
    s->modifiers = 0;
    kbd_defaults(s);
}

/* What a sender leaves out. */
static bool kbd_pre_load(void *obj, GError **errp)
{
    Ps2Kbd *s = obj;

    s->parent_obj.queue.cwptr = -1;
    s->ledstate = 0;
    s->need_high_bit = 0;
    return true;
}

static bool kbd_post_load(void *obj, int version, GError **errp)
{
    Ps2Kbd *s = obj;

    if (s->scancode_set < SET1 || s->scancode_set > SET3 || !ps2_queue_valid(&s->parent_obj)) {
        return err_fail(errp, "ps2kbd: impossible state");
    }
    return true;
}

static bool leds_needed(const void *obj) { return ((const Ps2Kbd *)obj)->ledstate != 0; }
static bool high_bit_needed(const void *obj) { return ((const Ps2Kbd *)obj)->need_high_bit != 0; }
static bool reply_needed(const void *obj) { return ((const Ps2Kbd *)obj)->parent_obj.queue.cwptr >= 0; }
static const VmField leds_vm_fields[] = { VM_FIELD_I32(Ps2Kbd, ledstate), VM_FIELD_END };
static const VmState leds_vmstate = {
    .name = "ps2kbd/ledstate", .version = 3, .min_version = 2, .fields = leds_vm_fields,
    .needed = leds_needed,
};
static const VmField high_bit_vm_fields[] = { VM_FIELD_U8(Ps2Kbd, need_high_bit), VM_FIELD_END };
static const VmState high_bit_vmstate = {
    .name = "ps2kbd/need_high_bit", .version = 1, .min_version = 1, .fields = high_bit_vm_fields,
    .needed = high_bit_needed,
};
static const VmField reply_vm_fields[] = {
    VM_FIELD_I32(Ps2Kbd, parent_obj.queue.cwptr), VM_FIELD_END,
};
static const VmState reply_vmstate = {
    .name = "ps2kbd/command_reply_queue", .fields = reply_vm_fields, .needed = reply_needed,
};
static const VmState *const kbd_sections[] = { &leds_vmstate, &high_bit_vmstate, &reply_vmstate, NULL };

static const VmField kbd_vm_fields[] = {
    VM_FIELD_STRUCT(Ps2Kbd, parent_obj, ps2_common_vmstate), VM_FIELD_I32(Ps2Kbd, scan_enabled),
    VM_FIELD_I32(Ps2Kbd, translate), VM_FIELD_I32(Ps2Kbd, scancode_set, .since = 3),
    VM_FIELD_END,
};
static const VmState kbd_vmstate = {
    .name = "ps2kbd", .version = 3, .min_version = 2, .fields = kbd_vm_fields,
    .sections = kbd_sections, .pre_load = kbd_pre_load, .post_load = kbd_post_load,
};

const DeviceType ps2_kbd_type = {
    .type = { .name = "ps2-kbd", .parent = &sysbus_device.type, .size = sizeof(Ps2Kbd) },
    .category = DEV_INPUT,
    .realize = kbd_realize, .unrealize = kbd_unrealize, .reset = kbd_reset, .vmstate = &kbd_vmstate,
};
DEVICE_REGISTER(ps2_kbd_type);
