/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PS/2 keyboard and mouse have in common: a queue of bytes to the host whose replies to commands come
 * first, a line that is high while bytes wait, and the state format of both. */
#include "hw/input/ps2_int.h"

#include "util/err.h"
#include "util/log.h"

static unsigned ps2_wrap(unsigned n) { return n % PS2_BUFFER; }

static void ps2_update(Ps2 *s)
{
    irq_set(s->irq, s->queue.count > 0);
}

void ps2_reset_queue(Ps2 *s)
{
    s->queue.rptr = s->queue.wptr = s->queue.count = 0;
    s->queue.cwptr = -1;
    ps2_update(s);
}

static unsigned ps2_reply_bytes(const Ps2 *s)
{
    const Ps2Queue *q = &s->queue;

    return q->cwptr < 0 ? 0 : ps2_wrap(q->cwptr - q->rptr + PS2_BUFFER);
}

unsigned ps2_event_room(const Ps2 *s)
{
    unsigned events = s->queue.count - ps2_reply_bytes(s);

    return events >= PS2_EVENTS ? 0 : PS2_EVENTS - events;
}

bool ps2_queue_event(Ps2 *s, const uint8_t *bytes, unsigned n)
{
    Ps2Queue *q = &s->queue;

    if (ps2_event_room(s) < n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        q->data[q->wptr] = bytes[i];
        q->wptr = ps2_wrap(q->wptr + 1);
        q->count++;
    }
    ps2_update(s);
    return true;
}

void ps2_reply(Ps2 *s, const uint8_t *bytes, unsigned n)
{
    Ps2Queue *q = &s->queue;

    if (q->cwptr >= 0) {            /* a new command: the old one's reply is forgotten */
        q->count -= ps2_reply_bytes(s);
        q->rptr = q->cwptr;
    }
    q->cwptr = q->rptr;
    for (unsigned i = n; i-- > 0;) {
        q->rptr = ps2_wrap(q->rptr + PS2_BUFFER - 1);
        q->data[q->rptr] = bytes[i];
        q->count++;
    }
    ps2_update(s);
}

void ps2_reply_byte(Ps2 *s, uint8_t v)
{
    ps2_reply(s, &v, 1);
}

void ps2_drop_events(Ps2 *s)
{
    Ps2Queue *q = &s->queue;

    q->count = ps2_reply_bytes(s);
    q->wptr = ps2_wrap(q->rptr + q->count);
    ps2_update(s);
}

bool ps2_queue_valid(const Ps2 *s)
{
    const Ps2Queue *q = &s->queue;

    return q->rptr >= 0 && q->rptr < PS2_BUFFER && q->wptr >= 0 && q->wptr < PS2_BUFFER &&
           q->count >= 0 && q->count < PS2_BUFFER && ps2_wrap(q->rptr + q->count) == (unsigned)q->wptr &&
           q->cwptr >= -1 && q->cwptr < PS2_BUFFER && ps2_reply_bytes(s) <= (unsigned)q->count;
}

void ps2_set_irq(Device *dev, Irq irq)
{
    CONTAINER(dev, Ps2, dev)->irq = irq;
}

uint8_t ps2_read(Device *dev)
{
    Ps2 *s = CONTAINER(dev, Ps2, dev);
    Ps2Queue *q = &s->queue;
    uint8_t v;

    if (q->count == 0) {            /* a real device leaves its last byte in the latch */
        return q->data[ps2_wrap(q->rptr + PS2_BUFFER - 1)];
    }
    v = q->data[q->rptr];
    q->rptr = ps2_wrap(q->rptr + 1);
    q->count--;
    if (q->rptr == q->cwptr) {
        q->cwptr = -1;
    }
    irq_set(s->irq, 0);             /* one edge a byte */
    ps2_update(s);
    return v;
}

bool ps2_pending(const Device *dev)
{
    return CONTAINER(dev, const Ps2, dev)->queue.count > 0;
}

void ps2_write(Device *dev, uint8_t val)
{
    Ps2 *s = CONTAINER(dev, Ps2, dev);

    if (device_is_a(dev, &ps2_kbd_type)) {
        ps2_kbd_command(s, val);
    } else {
        ps2_mouse_command(s, val);
    }
}

static const VmField ps2_vm_fields[] = {
    VM_FIELD_I32(Ps2, write_cmd), VM_FIELD_I32(Ps2, queue.rptr), VM_FIELD_I32(Ps2, queue.wptr),
    VM_FIELD_I32(Ps2, queue.count), VM_FIELD_BUF(Ps2, queue.data),
    VM_FIELD_END,
};
const VmState ps2_common_vmstate = {
    .name = "PS2 Common State", .version = 3, .min_version = 2, .fields = ps2_vm_fields,
};

/* ---- Scan codes. Set 2 by set 1: the inverse of the translation a keyboard controller does. */

static const uint8_t set2_of_set1[128] = {
    /* 00 */ 0x00, 0x76, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55, 0x66, 0x0d,
    /* 10 */ 0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d, 0x54, 0x5b, 0x5a, 0x14, 0x1c, 0x1b,
    /* 20 */ 0x23, 0x2b, 0x34, 0x33, 0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e, 0x12, 0x5d, 0x1a, 0x22, 0x21, 0x2a,
    /* 30 */ 0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7c, 0x11, 0x29, 0x58, 0x05, 0x06, 0x04, 0x0c, 0x03,
    /* 40 */ 0x0b, 0x83, 0x0a, 0x01, 0x09, 0x77, 0x7e, 0x6c, 0x75, 0x7d, 0x7b, 0x6b, 0x73, 0x74, 0x79, 0x69,
    /* 50 */ 0x72, 0x7a, 0x70, 0x71, 0x84, 0x60, 0x61, 0x78, 0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f,
    /* 60 */ 0x47, 0x4f, 0x56, 0x5e, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x57, 0x6f,
    /* 70 */ 0x13, 0x19, 0x39, 0x51, 0x53, 0x5c, 0x5f, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x6a, 0x6d, 0x6e,
};

/* Set 3 of the main block is set 2 but for these. */
static const struct { uint8_t set1; bool ext; uint8_t set3; } set3_other[] = {
    { 0x01, 0, 0x08 }, { 0x1d, 0, 0x11 }, { 0x38, 0, 0x19 }, { 0x3a, 0, 0x14 }, { 0x2b, 0, 0x5c },
    { 0x3b, 0, 0x07 }, { 0x3c, 0, 0x0f }, { 0x3d, 0, 0x17 }, { 0x3e, 0, 0x1f }, { 0x3f, 0, 0x27 },
    { 0x40, 0, 0x2f }, { 0x41, 0, 0x37 }, { 0x42, 0, 0x3f }, { 0x43, 0, 0x47 }, { 0x44, 0, 0x4f },
    { 0x57, 0, 0x56 }, { 0x58, 0, 0x5e }, { 0x46, 0, 0x5f }, { 0x45, 0, 0x76 }, { 0x37, 0, 0x7e },
    { 0x4a, 0, 0x84 }, { 0x4e, 0, 0x7c }, { 0x56, 0, 0x13 }, { 0x54, 0, 0x57 },
    { 0x37, 1, 0x57 }, { 0x1d, 1, 0x58 }, { 0x38, 1, 0x39 }, { 0x52, 1, 0x67 }, { 0x47, 1, 0x6e },
    { 0x49, 1, 0x6f }, { 0x53, 1, 0x64 }, { 0x4f, 1, 0x65 }, { 0x51, 1, 0x6d }, { 0x48, 1, 0x63 },
    { 0x4b, 1, 0x61 }, { 0x50, 1, 0x60 }, { 0x4d, 1, 0x6a }, { 0x35, 1, 0x77 }, { 0x1c, 1, 0x79 },
    { 0x5b, 1, 0x8b }, { 0x5c, 1, 0x8c }, { 0x5d, 1, 0x8d }, { 0x46, 1, 0x62 },
};

uint8_t ps2_set1_to_set2(uint8_t code)
{
    return set2_of_set1[code & 0x7f];
}

uint8_t ps2_set1_to_set3(uint8_t code, bool ext)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(set3_other); i++) {
        if (set3_other[i].set1 == (code & 0x7f) && set3_other[i].ext == ext) {
            return set3_other[i].set3;
        }
    }
    return ext ? 0 : set2_of_set1[code & 0x7f];
}
