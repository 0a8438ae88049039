/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles: the surface an adapter draws on, the views that show it, and the timer that asks the adapter to draw
 * while anybody looks. */
#include "ui/console.h"
#include <string.h>
#include "util/bits.h"
#include "util/loop.h"

enum { REFRESH_MS = 33, FIRST_W = 640, FIRST_H = 480 };

struct ConsoleView {
    Console *console;
    const DisplayOps *ops;
    void *view;
};

struct Console {
    const AdapterOps *ops;
    void *opaque;
    char *device_id;
    unsigned head;
    pixman_image_t *image;
    bool own_image;                 /* made by console_resize() */
    GPtrArray *views;               /* of ConsoleView * */
    Timer *timer;
};

static GPtrArray *consoles;         /* of Console *, in order of creation */

static void console_tick(void *opaque)
{
    Console *c = opaque;

    console_refresh(c);
    timer_set_in(c->timer, REFRESH_MS * NS_PER_MS);
}

static void console_put_image(Console *c, pixman_image_t *image)
{
    if (c->image != NULL) {
        pixman_image_unref(c->image);
    }
    c->image = image;
    for (guint i = 0; i < c->views->len; i++) {
        ConsoleView *v = g_ptr_array_index(c->views, i);

        if (v->ops->surface != NULL) {
            v->ops->surface(v->view, image);
        }
    }
}

static pixman_image_t *console_black(int w, int h)
{
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, MAX(w, 1), MAX(h, 1), NULL, 0);

    g_assert(image != NULL);        /* sizes are bounded by console_resize() */
    return image;
}

Console *console_new(const AdapterOps *ops, void *opaque, const char *device_id, unsigned head)
{
    Console *c = g_new0(Console, 1);

    *c = (Console){ .ops = ops, .opaque = opaque, .device_id = g_strdup(device_id), .head = head,
                    .views = g_ptr_array_new() };
    console_put_image(c, console_black(FIRST_W, FIRST_H));
    c->own_image = true;
    c->timer = timer_new(loop_main(), CLOCK_REAL, console_tick, c);
    if (consoles == NULL) {
        consoles = g_ptr_array_new();
    }
    g_ptr_array_add(consoles, c);
    return c;
}

void console_free(Console *c)
{
    if (c == NULL) {
        return;
    }
    g_assert(c->views->len == 0);
    g_ptr_array_remove(consoles, c);
    timer_free(c->timer);
    pixman_image_unref(c->image);
    g_ptr_array_unref(c->views);
    g_free(c->device_id);
    g_free(c);
}

void console_set_surface(Console *c, pixman_image_t *image)
{
    c->own_image = image == NULL;
    console_put_image(c, image != NULL ? pixman_image_ref(image)
                                       : console_black(pixman_image_get_width(c->image),
                                                       pixman_image_get_height(c->image)));
}

pixman_image_t *console_resize(Console *c, int w, int h)
{
    w = CLAMP(w, 1, 16384);
    h = CLAMP(h, 1, 16384);
    if (!c->own_image || pixman_image_get_width(c->image) != w || pixman_image_get_height(c->image) != h) {
        c->own_image = true;
        console_put_image(c, console_black(w, h));
    }
    return c->image;
}

void console_update(Console *c, int x, int y, int w, int h)
{
    int x2 = MIN(x + w, pixman_image_get_width(c->image));
    int y2 = MIN(y + h, pixman_image_get_height(c->image));

    x = MAX(x, 0);
    y = MAX(y, 0);
    if (x >= x2 || y >= y2) {
        return;
    }
    for (guint i = 0; i < c->views->len; i++) {
        ConsoleView *v = g_ptr_array_index(c->views, i);

        if (v->ops->update != NULL) {
            v->ops->update(v->view, x, y, x2 - x, y2 - y);
        }
    }
}

void console_cursor(Console *c, pixman_image_t *shape, int hot_x, int hot_y)
{
    for (guint i = 0; i < c->views->len; i++) {
        ConsoleView *v = g_ptr_array_index(c->views, i);

        if (v->ops->cursor != NULL) {
            v->ops->cursor(v->view, shape, hot_x, hot_y);
        }
    }
}

void console_move_cursor(Console *c, int x, int y, bool visible)
{
    for (guint i = 0; i < c->views->len; i++) {
        ConsoleView *v = g_ptr_array_index(c->views, i);

        if (v->ops->move_cursor != NULL) {
            v->ops->move_cursor(v->view, x, y, visible);
        }
    }
}

ConsoleView *console_view_new(Console *c, const DisplayOps *ops, void *view)
{
    ConsoleView *v = g_new(ConsoleView, 1);

    *v = (ConsoleView){ c, ops, view };
    g_ptr_array_add(c->views, v);
    if (ops->surface != NULL) {
        ops->surface(view, c->image);
    }
    console_invalidate(c);
    if (!timer_pending(c->timer)) {
        timer_set_in(c->timer, 0);
    }
    return v;
}

void console_view_free(ConsoleView *v)
{
    Console *c = v->console;

    g_ptr_array_remove(c->views, v);
    if (c->views->len == 0) {
        timer_cancel(c->timer);
    }
    g_free(v);
}

void console_refresh(Console *c)
{
    if (c->ops != NULL && c->ops->refresh != NULL) {
        c->ops->refresh(c->opaque);
    }
}

void console_invalidate(Console *c)
{
    if (c->ops != NULL && c->ops->invalidate != NULL) {
        c->ops->invalidate(c->opaque);
    }
}

pixman_image_t *console_surface(Console *c) { return c->image; }
unsigned console_count(void) { return consoles == NULL ? 0 : consoles->len; }

Console *console_at(unsigned index)
{
    return index < console_count() ? g_ptr_array_index(consoles, index) : NULL;
}

Console *console_find(const char *device_id, unsigned head)
{
    for (unsigned i = 0; i < console_count(); i++) {
        Console *c = console_at(i);

        if ((device_id == NULL || g_strcmp0(device_id, c->device_id) == 0) && c->head == head) {
            return c;
        }
    }
    return NULL;
}
