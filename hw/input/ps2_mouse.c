/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PS/2 mouse: the commands of IBM's PS/2 hardware interface reference, stream, remote and wrap modes, and
 * Microsoft's extensions: the sample rates 200, 100, 80 turn it into an IntelliMouse (wheel, id 3), 200, 200,
 * 80 into an Explorer (five buttons, id 4). Sample rate and resolution are kept, they change nothing. */
#include "hw/input/ps2_int.h"

#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum {
    CMD_SCALE11 = 0xe6, CMD_SCALE21 = 0xe7, CMD_SET_RESOLUTION = 0xe8, CMD_GET_STATUS = 0xe9,
    CMD_SET_STREAM = 0xea, CMD_POLL = 0xeb, CMD_RESET_WRAP = 0xec, CMD_SET_WRAP = 0xee,
    CMD_SET_REMOTE = 0xf0, CMD_GET_ID = 0xf2, CMD_SET_SAMPLE = 0xf3, CMD_ENABLE = 0xf4,
    CMD_DISABLE = 0xf5, CMD_DEFAULT = 0xf6, CMD_RESEND = 0xfe, CMD_RESET = 0xff,
};
enum { STATUS_REMOTE = 0x40, STATUS_ENABLED = 0x20, STATUS_SCALE21 = 0x10 };
enum { ID_STANDARD = 0, ID_INTELLIMOUSE = 3, ID_EXPLORER = 4 };
enum { PACKET_ONE = 0x08, PACKET_XSIGN = 0x10, PACKET_YSIGN = 0x20, MOVE_MAX = 127, WHEEL_MAX = 7 };
enum { DETECT_NONE, DETECT_200, DETECT_200_100, DETECT_200_200 };

/* ---- Packets */

static unsigned mouse_packet_size(const Ps2Mouse *s)
{
    return s->mouse_type == ID_STANDARD ? 3 : 4;
}

static unsigned mouse_make_packet(Ps2Mouse *s, uint8_t p[4])
{
    int dx = CLAMP(s->mouse_dx, -MOVE_MAX, MOVE_MAX);
    int dy = CLAMP(s->mouse_dy, -MOVE_MAX, MOVE_MAX);
    int dz = CLAMP(s->mouse_dz, s->mouse_type == ID_EXPLORER ? -WHEEL_MAX : -MOVE_MAX,
                   s->mouse_type == ID_EXPLORER ? WHEEL_MAX : MOVE_MAX);

    p[0] = PACKET_ONE | (dx < 0 ? PACKET_XSIGN : 0) | (dy < 0 ? PACKET_YSIGN : 0) |
           (s->mouse_buttons & 7);
    p[1] = dx;
    p[2] = dy;
    p[3] = s->mouse_type == ID_EXPLORER ? (dz & 0x0f) | (s->mouse_buttons & 0x18) << 1 : dz;
    s->mouse_dx -= dx;
    s->mouse_dy -= dy;
    s->mouse_dz = s->mouse_type == ID_STANDARD ? 0 : s->mouse_dz - dz;
    return mouse_packet_size(s);
}

static bool mouse_moved(const Ps2Mouse *s)
{
    return s->mouse_dx != 0 || s->mouse_dy != 0 || s->mouse_dz != 0;
}

static bool mouse_streams(const Ps2Mouse *s)
{
    return (s->mouse_status & STATUS_ENABLED) && (s->mouse_status & STATUS_REMOTE) == 0 &&
           !s->mouse_wrap;
}

/* As many packets as fit; what is left is added to later movement. */
static void mouse_report(Ps2Mouse *s)
{
    uint8_t p[4];

    do {
        if (ps2_event_room(&s->parent_obj) < mouse_packet_size(s)) {
            return;
        }
        ps2_queue_event(&s->parent_obj, p, mouse_make_packet(s, p));
    } while (mouse_moved(s));
}

static void mouse_event(void *opaque, const InputEvent *ev)
{
    static const uint8_t bit[BUTTON_COUNT] = {
        [BUTTON_LEFT] = 1, [BUTTON_RIGHT] = 2, [BUTTON_MIDDLE] = 4, [BUTTON_SIDE] = 8,
        [BUTTON_EXTRA] = 16,
    };
    Ps2Mouse *s = opaque;

    if ((s->mouse_status & STATUS_ENABLED) == 0) {
        return;
    }
    if (ev->kind == INPUT_REL) {
        int32_t *sum = ev->code == AXIS_X ? &s->mouse_dx : &s->mouse_dy;

        *sum = CLAMP(*sum + (int64_t)(ev->code == AXIS_X ? ev->value : -(int64_t)ev->value), -65535,
                     65535);
    } else if (ev->kind == INPUT_BUTTON && ev->code >= 0 && ev->code < BUTTON_COUNT) {
        if (ev->value && ev->code == BUTTON_WHEEL_UP) {
            s->mouse_dz--;
        } else if (ev->value && ev->code == BUTTON_WHEEL_DOWN) {
            s->mouse_dz++;
        }
        s->mouse_buttons = ev->value ? s->mouse_buttons | bit[ev->code]
                                     : s->mouse_buttons & ~bit[ev->code];
    }
}

static void mouse_sync(void *opaque)
{
    Ps2Mouse *s = opaque;

    if (mouse_streams(s)) {
        mouse_report(s);
    }
}

static const InputHandler mouse_handler = {
    .name = "QEMU PS/2 Mouse", .mask = INPUT_BUTTON | INPUT_REL, .event = mouse_event,
    .sync = mouse_sync,
};

void ps2_mouse_fake_event(Device *mouse)
{
    Ps2Mouse *s = CONTAINER(mouse, Ps2Mouse, parent_obj.dev);

    s->mouse_dx++;
    if (mouse_streams(s)) {
        mouse_report(s);
    }
}

/* ---- Commands */

static void mouse_defaults(Ps2Mouse *s)
{
    s->mouse_sample_rate = 100;
    s->mouse_resolution = 2;
    s->mouse_status = 0;
}

static void mouse_full_reset(Ps2Mouse *s)
{
    mouse_defaults(s);
    s->mouse_wrap = 0;
    s->mouse_type = ID_STANDARD;
    s->mouse_detect_state = DETECT_NONE;
    s->mouse_dx = s->mouse_dy = s->mouse_dz = 0;
    s->mouse_buttons = 0;
    ps2_drop_events(&s->parent_obj);
}

static void mouse_set_sample(Ps2Mouse *s, uint8_t rate)
{
    s->mouse_sample_rate = rate;
    switch (s->mouse_detect_state) {
    case DETECT_200:
        s->mouse_detect_state = rate == 100 ? DETECT_200_100 : rate == 200 ? DETECT_200_200
                                                                           : DETECT_NONE;
        return;
    case DETECT_200_100:
        if (rate == 80) {
            s->mouse_type = ID_INTELLIMOUSE;
        }
        break;
    case DETECT_200_200:
        if (rate == 80) {
            s->mouse_type = ID_EXPLORER;
        }
        break;
    }
    s->mouse_detect_state = rate == 200 ? DETECT_200 : DETECT_NONE;
}

static void mouse_poll(Ps2Mouse *s)
{
    uint8_t reply[5] = { PS2_ACK };

    ps2_reply(&s->parent_obj, reply, 1 + mouse_make_packet(s, reply + 1));
}

static void mouse_write_command(Ps2Mouse *s, uint8_t val)
{
    Ps2 *p = &s->parent_obj;

    switch (val) {
    case CMD_SCALE11:
        s->mouse_status &= ~STATUS_SCALE21;
        break;
    case CMD_SCALE21:
        s->mouse_status |= STATUS_SCALE21;
        break;
    case CMD_SET_STREAM:
        s->mouse_status &= ~STATUS_REMOTE;
        break;
    case CMD_SET_REMOTE:
        s->mouse_status |= STATUS_REMOTE;
        break;
    case CMD_SET_WRAP:
        s->mouse_wrap = 1;
        break;
    case CMD_RESET_WRAP:
        s->mouse_wrap = 0;
        break;
    case CMD_ENABLE:
        s->mouse_status |= STATUS_ENABLED;
        input_activate(s->port);
        break;
    case CMD_DISABLE:
        s->mouse_status &= ~STATUS_ENABLED;
        break;
    case CMD_DEFAULT:
        mouse_defaults(s);
        break;
    case CMD_SET_SAMPLE:
    case CMD_SET_RESOLUTION:
        p->write_cmd = val;
        break;
    case CMD_GET_ID:
        ps2_reply(p, (const uint8_t[]){ PS2_ACK, s->mouse_type }, 2);
        return;
    case CMD_POLL:
        mouse_poll(s);
        return;
    case CMD_GET_STATUS:
        ps2_reply(p, (const uint8_t[]){ PS2_ACK, s->mouse_status | (s->mouse_buttons & 1) << 2 |
                                                 (s->mouse_buttons & 2) >> 1 |
                                                 (s->mouse_buttons & 4) >> 1,
                                        s->mouse_resolution, s->mouse_sample_rate }, 4);
        return;
    case CMD_RESET:
        mouse_full_reset(s);
        ps2_reply(p, (const uint8_t[]){ PS2_ACK, PS2_BAT_OK, s->mouse_type }, 3);
        return;
    default:
        log_guest("ps2 mouse: unknown command 0x%02x", val);
        ps2_reply_byte(p, PS2_RESEND);
        return;
    }
    ps2_reply_byte(p, PS2_ACK);
}

void ps2_mouse_command(Ps2 *p, uint8_t val)
{
    Ps2Mouse *s = CONTAINER(p, Ps2Mouse, parent_obj);
    int32_t waiting = p->write_cmd;

    TRACE("ps2_write_mouse", "val 0x%02x", val);
    p->write_cmd = -1;
    if (s->mouse_wrap && val != CMD_RESET_WRAP && val != CMD_RESET) {
        ps2_reply_byte(p, val);
    } else if (waiting == CMD_SET_SAMPLE) {
        mouse_set_sample(s, val);
        ps2_reply_byte(p, PS2_ACK);
    } else if (waiting == CMD_SET_RESOLUTION) {
        s->mouse_resolution = val & 3;
        ps2_reply_byte(p, PS2_ACK);
    } else {
        mouse_write_command(s, val);
    }
}

/* ---- Device */

static bool mouse_realize(Device *dev, GError **errp)
{
    Ps2Mouse *s = CONTAINER(dev, Ps2Mouse, parent_obj.dev);

    s->parent_obj.write_cmd = -1;
    s->port = input_register(&mouse_handler, s);
    device_init_gpio_out(dev, NULL, &s->parent_obj.irq, 1);
    return true;
}

static void mouse_unrealize(Device *dev)
{
    input_unregister(CONTAINER(dev, Ps2Mouse, parent_obj.dev)->port);
}

static void mouse_reset(Device *dev, ResetKind kind)
{
    Ps2Mouse *s = CONTAINER(dev, Ps2Mouse, parent_obj.dev);

    s->parent_obj.write_cmd = -1;
    ps2_reset_queue(&s->parent_obj);
    mouse_full_reset(s);
    s->mouse_resolution = s->mouse_sample_rate = 0;
}

static bool mouse_post_load(void *obj, int version, GError **errp)
{
    Ps2Mouse *s = obj;

    s->parent_obj.queue.cwptr = -1;
    return ps2_queue_valid(&s->parent_obj) || err_fail(errp, "ps2mouse: impossible state");
}

static const VmField mouse_vm_fields[] = {
    VM_FIELD_STRUCT(Ps2Mouse, parent_obj, ps2_common_vmstate), VM_FIELD_U8(Ps2Mouse, mouse_status),
    VM_FIELD_U8(Ps2Mouse, mouse_resolution), VM_FIELD_U8(Ps2Mouse, mouse_sample_rate),
    VM_FIELD_U8(Ps2Mouse, mouse_wrap), VM_FIELD_U8(Ps2Mouse, mouse_type),
    VM_FIELD_U8(Ps2Mouse, mouse_detect_state), VM_FIELD_I32(Ps2Mouse, mouse_dx),
    VM_FIELD_I32(Ps2Mouse, mouse_dy), VM_FIELD_I32(Ps2Mouse, mouse_dz),
    VM_FIELD_U8(Ps2Mouse, mouse_buttons),
    VM_FIELD_END,
};
static const VmState mouse_vmstate = {
    .name = "ps2mouse", .version = 2, .min_version = 2, .fields = mouse_vm_fields,
    .post_load = mouse_post_load,
};

const DeviceType ps2_mouse_type = {
    .type = { .name = "ps2-mouse", .parent = &sysbus_device.type, .size = sizeof(Ps2Mouse) },
    .category = DEV_INPUT,
    .realize = mouse_realize, .unrealize = mouse_unrealize, .reset = mouse_reset,
    .vmstate = &mouse_vmstate,
};
DEVICE_REGISTER(ps2_mouse_type);
