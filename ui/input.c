/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routing of input events: the foremost handler that takes a kind of event gets it. Keys that are down are
 * remembered, so that they can be let go. */
#include "ui/input.h"
#include <string.h>

struct InputPort {
    const InputHandler *handler;
    void *opaque;
    int index;                      /* in info mice */
    bool touched;                   /* got events since the last sync */
};

static GPtrArray *input_ports;      /* of InputPort *, foremost first */
static int input_counter;
static unsigned input_led_state;
static bool input_down[QKEY_COUNT];

InputPort *input_register(const InputHandler *h, void *opaque)
{
    InputPort *p = g_new0(InputPort, 1);

    *p = (InputPort){ .handler = h, .opaque = opaque, .index = ++input_counter };
    if (input_ports == NULL) {
        input_ports = g_ptr_array_new();
    }
    g_ptr_array_add(input_ports, p);
    return p;
}

void input_unregister(InputPort *p)
{
    if (p != NULL) {
        g_ptr_array_remove(input_ports, p);
        g_free(p);
    }
}

void input_activate(InputPort *p)
{
    g_ptr_array_remove(input_ports, p);
    g_ptr_array_insert(input_ports, 0, p);
}

static InputPort *input_find(unsigned kinds)
{
    for (guint i = 0; input_ports != NULL && i < input_ports->len; i++) {
        InputPort *p = g_ptr_array_index(input_ports, i);

        if (p->handler->mask & kinds) {
            return p;
        }
    }
    return NULL;
}

static void input_send(const InputEvent *ev)
{
    InputPort *p = input_find(ev->kind);

    if (p != NULL) {
        p->touched = true;
        p->handler->event(p->opaque, ev);
    }
}

void input_set_leds(unsigned leds) { input_led_state = leds; }
unsigned input_leds(void) { return input_led_state; }

void input_key(QKey key, bool down)
{
    InputEvent ev = { INPUT_KEY, (int)key, down };

    if (key > QKEY_UNMAPPED && key < QKEY_COUNT) {
        input_down[key] = down;
        input_send(&ev);
    }
}

void input_button(InputButton b, bool down)
{
    InputEvent ev = { INPUT_BUTTON, (int)b, down };

    input_send(&ev);
}

void input_rel(InputAxis axis, int distance)
{
    InputEvent ev = { INPUT_REL, (int)axis, distance };

    input_send(&ev);
}

void input_abs(InputAxis axis, int position, int size)
{
    int64_t last = MAX(size - 1, 1);
    InputEvent ev = { INPUT_ABS, (int)axis, (int)(CLAMP((int64_t)position, 0, last) * INPUT_ABS_MAX / last) };

    input_send(&ev);
}

void input_sync(void)
{
    for (guint i = 0; input_ports != NULL && i < input_ports->len; i++) {
        InputPort *p = g_ptr_array_index(input_ports, i);

        if (p->touched) {
            p->touched = false;
            if (p->handler->sync != NULL) {
                p->handler->sync(p->opaque);
            }
        }
    }
}

bool input_is_absolute(void)
{
    const InputPort *p = input_find(INPUT_REL | INPUT_ABS);

    return p != NULL && (p->handler->mask & INPUT_ABS) != 0;
}

void input_release_all(void)
{
    for (int k = 0; k < QKEY_COUNT; k++) {
        if (input_down[k]) {
            input_key((QKey)k, false);
        }
    }
    input_sync();
}

bool input_mouse_set(int index, GError **errp)
{
    for (guint i = 0; input_ports != NULL && i < input_ports->len; i++) {
        InputPort *p = g_ptr_array_index(input_ports, i);

        if (p->index == index && (p->handler->mask & (INPUT_REL | INPUT_ABS))) {
            input_activate(p);
            return true;
        }
    }
    return err_fail(errp, "Mouse at index '%d' not found", index);
}

char *input_mice_text(void)
{
    GString *s = g_string_new(NULL);
    const InputPort *current = input_find(INPUT_REL | INPUT_ABS);

    for (guint i = 0; input_ports != NULL && i < input_ports->len; i++) {
        const InputPort *p = g_ptr_array_index(input_ports, i);

        if (p->handler->mask & (INPUT_REL | INPUT_ABS)) {
            g_string_append_printf(s, "%c Mouse #%d: %s%s\n", p == current ? '*' : ' ', p->index, p->handler->name,
                                   p->handler->mask & INPUT_ABS ? " (absolute)" : "");
        }
    }
    if (s->len == 0) {
        g_string_append(s, "No mouse devices connected\n");
    }
    return g_string_free(s, FALSE);
}

Json *input_mice_json(void)
{
    const InputPort *current = input_find(INPUT_REL | INPUT_ABS);
    Json *list = json_array_new();

    for (guint i = 0; input_ports != NULL && i < input_ports->len; i++) {
        const InputPort *p = g_ptr_array_index(input_ports, i);
        Json *row;

        if (p->handler->mask & (INPUT_REL | INPUT_ABS)) {
            row = json_object_new();
            json_set_str(row, "name", p->handler->name);
            json_set_int(row, "index", p->index);
            json_set_bool(row, "current", p == current);
            json_set_bool(row, "absolute", (p->handler->mask & INPUT_ABS) != 0);
            json_array_add(list, row);
        }
    }
    return list;
}
