/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands for keyboard, mouse and screen. */
#include <string.h>
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "ui/console.h"
#include "ui/input.h"
#include "util/err.h"

static void cmd_sendkey(Hmp *hmp, const Json *args)
{
    GError *err = NULL;

    if (!input_send_keys(json_get_str(args, "keys"), (int)json_get_uint(args, "hold-time", 0),
                         &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    }
}

static void cmd_mouse_move(Hmp *hmp, const Json *args)
{
    int64_t dz = json_get_int(args, "dz", 0);

    input_rel(AXIS_X, (int)json_get_int(args, "dx", 0));
    input_rel(AXIS_Y, (int)json_get_int(args, "dy", 0));
    if (dz != 0) {
        InputButton b = dz > 0 ? BUTTON_WHEEL_UP : BUTTON_WHEEL_DOWN;

        input_button(b, true);
        input_sync();
        input_button(b, false);
    }
    input_sync();
}

static void cmd_mouse_button(Hmp *hmp, const Json *args)
{
    int64_t state = json_get_int(args, "button_state", 0);

    input_button(BUTTON_LEFT, state & 1);
    input_button(BUTTON_MIDDLE, (state & 2) != 0);
    input_button(BUTTON_RIGHT, (state & 4) != 0);
    input_sync();
}

static void cmd_mouse_set(Hmp *hmp, const Json *args)
{
    GError *err = NULL;

    if (!input_mouse_set((int)json_get_int(args, "index", 0), &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    }
}

static void cmd_screendump(Hmp *hmp, const Json *args)
{
    const char *device = json_get_str(args, "device"), *format = json_get_str(args, "format");
    Console *c = console_find(device, (unsigned)json_get_uint(args, "head", 0));
    GError *err = NULL;

    if (c == NULL && device != NULL) {
        hmp_printf(hmp, "Error: Device '%s' not found\n", device);
    } else if (c == NULL) {
        hmp_puts(hmp, "Error: There is no console to take a screendump from\n");
    } else if (format != NULL && strcmp(format, "ppm") != 0 && strcmp(format, "png") != 0) {
        hmp_printf(hmp, "Error: invalid parameter value: %s\n", format);
    } else if (!console_screendump(c, json_get_str(args, "filename"), format,
                                   &err)) {
        hmp_report(hmp, err);
    }
}

static void info_mice(Hmp *hmp, const Json *args)
{
    g_autofree char *text = input_mice_text();

    hmp_puts(hmp, text);
}

static void complete_keys(Hmp *hmp, const char *word, GPtrArray *out)
{
    const char *dash = strrchr(word, '-');
    g_autofree char *head = dash != NULL ? g_strndup(word, dash + 1 - word) : g_strdup("");

    for (unsigned k = 1; k < QKEY_COUNT; k++) {
        g_ptr_array_add(out, g_strconcat(head, qkey_name(k), NULL));
    }
}

static const HmpCommand input_commands[] = {
    { "sendkey", "keys:s,hold-time:i?", "keys [hold_ms]",
      "press keys together, as ctrl-alt-f1, for 100 ms or hold_ms", cmd_sendkey, complete_keys },
    { "mouse_move", "dx:i,dy:i,dz:i?", "dx dy [dz]", "move the mouse, turn its wheel",
      cmd_mouse_move, NULL },
    { "mouse_button", "button_state:i", "state", "press mouse buttons: 1 left, 2 middle, 4 right",
      cmd_mouse_button, NULL },
    { "mouse_set", "index:i", "index", "choose the pointing device", cmd_mouse_set, NULL },
    { "screendump", "filename:F,format:-fs,device:s?,head:i?",
      "filename [-f format] [device [head]]", "save the picture of the screen as PPM or PNG",
      cmd_screendump, NULL },
    { "info mice", NULL, "", "pointing devices", info_mice, NULL },
};
HMP_REGISTER(input_commands);
