/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue and line that PS/2 keyboard and mouse share, and scan code tables. */
#ifndef HW_INPUT_PS2_INT_H
#define HW_INPUT_PS2_INT_H

#include "hw/input/ps2.h"
#include "ui/input.h"
#include "util/loop.h"

enum { PS2_BUFFER = 256, PS2_EVENTS = 16 /* bytes of events a real device holds */ };
enum { PS2_ACK = 0xfa, PS2_RESEND = 0xfe, PS2_BAT_OK = 0xaa };

typedef struct Ps2Queue {
    uint8_t data[PS2_BUFFER];
    int32_t rptr, wptr, count;
    int32_t cwptr;                  /* end of the command's reply, which comes before events; -1: none */
} Ps2Queue;

struct Ps2 {
    Device dev;
    Irq irq;
    int32_t write_cmd;              /* command that waits for its parameter; -1: none */
    Ps2Queue queue;
};

typedef struct Ps2Kbd {
    Ps2 parent_obj;                 /* the name is the state format's */
    int32_t scan_enabled, translate, scancode_set, ledstate;
    uint8_t need_high_bit;          /* only for the state format */
    uint8_t rate;                   /* of typematic, as programmed */
    uint8_t last_sent;
    unsigned modifiers;
    uint8_t down[(QKEY_COUNT + 7) / 8];
    QKey repeating;                 /* QKEY_UNMAPPED: none */
    Timer *typematic;
    InputPort *port;
} Ps2Kbd;

typedef struct Ps2Mouse {
    Ps2 parent_obj;                 /* the name is the state format's */
    uint8_t mouse_status, mouse_resolution, mouse_sample_rate, mouse_wrap, mouse_type,
            mouse_detect_state, mouse_buttons;
    int32_t mouse_dx, mouse_dy, mouse_dz;       /* not yet reported; up and right are positive */
    InputPort *port;
} Ps2Mouse;

extern const VmState ps2_common_vmstate;

void ps2_reset_queue(Ps2 *s);
/* A whole event of n bytes, or nothing when there is no room: false. */
bool ps2_queue_event(Ps2 *s, const uint8_t *bytes, unsigned n);
/* The reply to a command; goes before all events and replaces an unread reply. n at most 16. */
void ps2_reply(Ps2 *s, const uint8_t *bytes, unsigned n);
void ps2_reply_byte(Ps2 *s, uint8_t v);
/* Drops events, keeps replies. */
void ps2_drop_events(Ps2 *s);
unsigned ps2_event_room(const Ps2 *s);
bool ps2_queue_valid(const Ps2 *s);             /* for post_load */
void ps2_kbd_command(Ps2 *s, uint8_t val);
void ps2_mouse_command(Ps2 *s, uint8_t val);

/* Set 1 make code (0x01-0x7f) to set 2 and 3; 0: none. ext: the code follows an e0. */
uint8_t ps2_set1_to_set2(uint8_t code);
uint8_t ps2_set1_to_set3(uint8_t code, bool ext);

#endif
