/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between a display adapter (makes pixels) and a display (shows them). Pixels are pixman images. */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <pixman.h>
#include "util/field.h"
#include "util/set.h"

typedef struct Console Console;

typedef struct AdapterOps {         /* implemented by hw/display */
    void (*refresh)(void *opaque);                  /* bring the surface up to date */
    void (*invalidate)(void *opaque);
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
Console *console_new(const AdapterOps *ops, void *opaque, const char *device_id, unsigned head);
void console_set_surface(Console *c, pixman_image_t *image);
void console_update(Console *c, int x, int y, int w, int h);

#endif
