/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between a display adapter (makes pixels) and a display (shows them). Pixels are pixman images of format
 * x8r8g8b8 or whatever the adapter's memory has. Main loop, VM lock held. */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <pixman.h>
#include "util/field.h"
#include "util/set.h"

typedef struct Console Console;

typedef struct AdapterOps {         /* implemented by hw/display; any may be NULL */
    void (*refresh)(void *opaque);                  /* bring the surface up to date */
    void (*invalidate)(void *opaque);               /* the next refresh draws everything */
    void (*text)(void *opaque, uint32_t *cells);    /* curses */
    bool (*resize_hint)(void *opaque, unsigned w, unsigned h);
} AdapterOps;

typedef struct DisplayOps {         /* implemented by ui/sdl, ui/vnc, ui/curses ... */
    const char *name;
    const StructDef *options;
    bool (*init)(const void *options, GError **errp);
    void (*surface)(void *view, pixman_image_t *image);
    void (*update)(void *view, int x, int y, int w, int h);
    void (*cursor)(void *view, pixman_image_t *shape, int hot_x, int hot_y);
    void (*move_cursor)(void *view, int x, int y, bool visible);
} DisplayOps;

SET_DECLARE(displays, DisplayOps);
#define DISPLAY_REGISTER(d) SET_ADD(displays, DisplayOps, d, &(d))

/* ---- The adapter's side */
/* Begins with a black 640x480 surface. device_id: qom path or id of the adapter, copied; may be NULL. */
Console *console_new(const AdapterOps *ops, void *opaque, const char *device_id, unsigned head);
void console_free(Console *c);
/* A new surface, e.g. after a mode change; image is referenced. NULL: a black one of the old size. */
void console_set_surface(Console *c, pixman_image_t *image);
/* A fresh x8r8g8b8 surface of this size, owned by the console; the same one if the size is the same. */
pixman_image_t *console_resize(Console *c, int w, int h);
/* Pixels of the surface changed; cut to it. */
void console_update(Console *c, int x, int y, int w, int h);
void console_cursor(Console *c, pixman_image_t *shape, int hot_x, int hot_y);
void console_move_cursor(Console *c, int x, int y, bool visible);
void console_text_size(Console *c, int columns, int rows);      /* for ops->text */

/* ---- The display's side */
typedef struct ConsoleView ConsoleView;
/* Told of the surface at once. While any view exists the console is refreshed about 30 times a second. */
ConsoleView *console_view_new(Console *c, const DisplayOps *ops, void *view);
void console_view_free(ConsoleView *v);
void console_refresh(Console *c);               /* calls ops->refresh */
void console_invalidate(Console *c);
pixman_image_t *console_surface(Console *c);    /* the console's; valid until the next change */
unsigned console_count(void);
Console *console_at(unsigned index);            /* NULL beyond the last */
/* device_id NULL: the first. NULL: no such console. */
Console *console_find(const char *device_id, unsigned head);

/* ---- screendump. format NULL: "ppm". Refreshes first; the file appears whole or not at all. */
bool console_screendump(Console *c, const char *path, const char *format, GError **errp);
bool image_write_ppm(pixman_image_t *image, const char *path, GError **errp);
bool image_write_png(pixman_image_t *image, const char *path, GError **errp);

#endif
