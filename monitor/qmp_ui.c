/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard, pointer, screen. */
#include <string.h>
#include "monitor/qmp_schema.h"
#include "ui/console.h"
#include "ui/input.h"

enum { KEYS_MAX = 16 };

/* Of a checked KeyValue. */
static QKey key_of(const Json *v)
{
    int64_t number;

    if (json_to_i64(json_get(v, "data"), &number)) {
        return qkey_from_number((unsigned)number);
    }
    return qkey_from_name(json_get_str(v, "data"));
}

Json *qmp_send_key(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *keys = json_get(args, "keys");
    int64_t hold = json_get_int(args, "hold-time", 0);
    QKey pressed[KEYS_MAX];
    size_t n = json_len(keys);

    if (n > KEYS_MAX) {
        err_fail(errp, "too many keys");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        pressed[i] = key_of(json_at(keys, i));
    }
    input_press_keys(pressed, (unsigned)n, (int)CLAMP(hold, 0, 3600000), errp);
    return NULL;
}

static void send_event(const char *type, const Json *data)
{
    static const struct { const char *name; InputButton button; } buttons[] = {
        { "left", BUTTON_LEFT }, { "middle", BUTTON_MIDDLE }, { "right", BUTTON_RIGHT },
        { "wheel-up", BUTTON_WHEEL_UP }, { "wheel-down", BUTTON_WHEEL_DOWN },
        { "side", BUTTON_SIDE }, { "extra", BUTTON_EXTRA },
        { "wheel-left", BUTTON_WHEEL_LEFT }, { "wheel-right", BUTTON_WHEEL_RIGHT },
    };
    bool down = json_get_bool(data, "down", false);
    InputAxis axis = g_strcmp0(json_get_str(data, "axis"), "y") == 0 ? AXIS_Y : AXIS_X;
    int value = (int)CLAMP(json_get_int(data, "value", 0), INT32_MIN, INT32_MAX);

    if (strcmp(type, "key") == 0) {
        input_key(key_of(json_get(data, "key")), down);
    } else if (strcmp(type, "rel") == 0) {
        input_rel(axis, value);
    } else if (strcmp(type, "abs") == 0) {
        input_abs(axis, CLAMP(value, 0, INPUT_ABS_MAX), INPUT_ABS_MAX + 1);
    }
    for (size_t i = 0; strcmp(type, "btn") == 0 && i < G_N_ELEMENTS(buttons); i++) {
        if (strcmp(buttons[i].name, json_get_str(data, "button")) == 0) {
            input_button(buttons[i].button, down);
        }
    }
}

Json *qmp_input_send_event(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *events = json_get(args, "events");
    const char *device = json_get_str(args, "device");

    if (device != NULL &&
        console_find(device, (unsigned)json_get_uint(args, "head", 0)) == NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", device);
        return NULL;
    }
    JSON_FOREACH(events, i, ev) {
        send_event(json_get_str(ev, "type"), json_get(ev, "data"));
    }
    input_sync();
    return NULL;
}

Json *qmp_screendump(QmpCtx *ctx, const QmpScreendumpArgs *args, GError **errp)
{
    Console *c = console_find(args->device, args->has_head ? (unsigned)args->head : 0);
    bool png = args->has_format && args->format == QMP_IMAGE_FORMAT_PNG;

    if (args->has_head && args->device == NULL) {
        err_fail(errp, "'head' must be specified together with 'device'");
    } else if (c == NULL && args->device != NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", args->device);
    } else if (c == NULL) {
        err_fail(errp, "There is no console to take a screendump from");
    } else {
        console_screendump(c, args->filename, png ? "png" : "ppm", errp);
    }
    return NULL;
}

Json *qmp_query_mice(QmpCtx *ctx, GError **errp)
{
    return input_mice_json();
}

Json *qmp_query_display_options(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    json_set_str(ret, "type", "none");
    return ret;
}
