/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on character devices. The nested form of chardev-add becomes the flat one of -chardev. */
#include <string.h>
#include <unistd.h>
#include "monitor/qmp_schema.h"
#include "system/chardev/char.h"
#include "system/chardev/ringbuf.h"

static void add_char(Char *c, void *opaque)
{
    g_autofree char *text = char_describe(c);
    Json *row = json_object_new();

    json_set_bool(row, "frontend-open", char_in_use(c));
    json_set_str(row, "filename", text);
    json_set_str(row, "label", char_id(c));
    json_array_add(opaque, row);
}

Json *qmp_query_chardev(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new();

    char_visit(add_char, list);
    return list;
}

Json *qmp_query_chardev_backends(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new();

    SET_FOREACH(char_backends, CharBackend, it) {
        Json *row = json_object_new();

        json_set_str(row, "name", (*it)->name);
        json_array_add(list, row);
    }
    return list;
}

/* ---- chardev-add: {"type": "socket", "data": {"addr": {"type": "unix", "data": {...}}}} */

static void copy_text(Json *to, const char *key, const Json *v)
{
    g_autofree char *text = NULL;
    bool on;

    if (v == NULL) {
        return;
    }
    if (json_to_bool(v, &on)) {
        text = g_strdup(on ? "on" : "off");
    } else {
        text = json_is(v, JSON_STR) ? g_strdup(json_str_value(v)) : json_print(v, false);
    }
    json_set_str(to, key, text);
}

/* Members of an address; a descriptor may have a name that getfd gave it. */
static bool copy_address(Json *to, const Json *addr, bool local, GError **errp)
{
    const Json *data = json_get(addr, "data");
    const char *type = json_get_str(addr, "type");
    int fd;

    if (strcmp(type, "fd") == 0) {
        fd = qmp_take_fd(json_get_str(data, "str"), errp);
        if (fd < 0) {
            return false;
        }
        json_set(to, "fd", json_strf("%d", fd));
        return true;
    }
    if (local) {
        copy_text(to, "localaddr", json_get(data, "host"));
        copy_text(to, "localport", json_get(data, "port"));
        return true;
    }
    JSON_FOREACH(data, i, v) {
        const char *key = json_key_at(data, i);

        if (strcmp(key, "numeric") != 0 && strcmp(key, "keep-alive") != 0 &&
            strcmp(key, "mptcp") != 0) {
            copy_text(to, key, v);
        }
    }
    return true;
}

/* What chardev-add calls a member, and -chardev. */
static const char *flat_key(const char *type, const char *key)
{
    if (strcmp(key, "device") == 0 || (strcmp(type, "file") == 0 && strcmp(key, "out") == 0)) {
        return "path";
    }
    return strcmp(type, "file") == 0 && strcmp(key, "in") == 0 ? "input-path" : key;
}

static Json *flat_options(const char *id, const Json *backend, GError **errp)
{
    const char *type = json_get_str(backend, "type");
    const Json *data = json_get(backend, "data");
    g_autoptr(Json) opts = json_object_new();
    bool is_socket = strcmp(type, "socket") == 0;

    json_set_str(opts, "backend", type);
    json_set_str(opts, "id", id);
    if (is_socket) {                /* QMP's defaults are not -chardev's */
        json_set_str(opts, "server", "on");
        json_set_str(opts, "wait", "off");
    }
    JSON_FOREACH(data, i, v) {
        const char *key = json_key_at(data, i);

        if (json_is(v, JSON_OBJECT)) {
            if (!copy_address(opts, v, strcmp(key, "local") == 0, errp)) {
                return NULL;
            }
        } else {
            copy_text(opts, flat_key(type, key), v);
        }
    }
    if (is_socket && strcmp(json_get_str(opts, "server"), "off") == 0) {
        json_remove(opts, "wait");
    }
    return g_steal_pointer(&opts);
}

/* The name of a terminal that was made. */
static Json *char_reply(const Char *c)
{
    g_autofree char *text = char_describe(c);
    Json *ret = json_object_new();

    if (g_str_has_prefix(text, "pty:")) {
        json_set_str(ret, "pty", text + strlen("pty:"));
    }
    return ret;
}

Json *qmp_chardev_add(QmpCtx *ctx, const Json *args, GError **errp)
{
    const char *id = json_get_str(args, "id");
    g_autoptr(Json) opts = NULL;
    Char *c;

    if (char_find(id) != NULL) {
        err_fail(errp, "Chardev with id '%s' already exists", id);
        return NULL;
    }
    opts = flat_options(id, json_get(args, "backend"), errp);
    c = opts != NULL ? char_open_opts(opts, errp) : NULL;
    return c != NULL ? char_reply(c) : NULL;
}

static Char *find_char(const char *id, GError **errp)
{
    Char *c = char_find(id);

    if (c == NULL) {
        err_fail(errp, "Chardev '%s' not found", id);
    }
    return c;
}

Json *qmp_chardev_change(QmpCtx *ctx, const Json *args, GError **errp)
{
    const char *id = json_get_str(args, "id");
    Char *c = char_find(id);
    g_autoptr(Json) opts = NULL;

    if (c == NULL) {
        err_fail(errp, "Chardev '%s' does not exist", id);
        return NULL;
    }
    opts = flat_options(id, json_get(args, "backend"), errp);
    return opts != NULL && char_replace(c, opts, errp) ? char_reply(c) : NULL;
}

Json *qmp_chardev_remove(QmpCtx *ctx, const QmpChardevRemoveArgs *args, GError **errp)
{
    Char *c = find_char(args->id, errp);

    if (c != NULL) {
        char_close(c, errp);
    }
    return NULL;
}

Json *qmp_chardev_send_break(QmpCtx *ctx, const QmpChardevSendBreakArgs *args, GError **errp)
{
    Char *c = find_char(args->id, errp);

    if (c != NULL) {
        char_send_break(c);
    }
    return NULL;
}

/* ---- Ring buffers */

static Char *find_ringbuf(const char *id, GError **errp)
{
    Char *c = char_find(id);

    if (c == NULL) {
        err_fail(errp, "Device '%s' not found", id);
    }
    return c;
}

Json *qmp_ringbuf_read(QmpCtx *ctx, const QmpRingbufReadArgs *args, GError **errp)
{
    Char *c = find_ringbuf(args->device, errp);
    g_autoptr(GByteArray) data = NULL;
    g_autofree char *base64 = NULL;

    if (c == NULL) {
        return NULL;
    }
    if (args->size <= 0) {
        err_fail(errp, "size must be greater than zero");
        return NULL;
    }
    data = ringbuf_read(c, (uint64_t)args->size, errp);
    if (data == NULL) {
        return NULL;
    }
    if (!args->has_format || args->format != QMP_DATA_FORMAT_BASE64) {
        return json_strn((const char *)data->data, data->len);
    }
    base64 = g_base64_encode(data->data, data->len);
    return json_str(base64);
}

Json *qmp_ringbuf_write(QmpCtx *ctx, const QmpRingbufWriteArgs *args, GError **errp)
{
    Char *c = find_ringbuf(args->device, errp);
    g_autofree uint8_t *data = NULL;
    gsize len = strlen(args->data);

    if (c == NULL) {
        return NULL;
    }
    if (args->has_format && args->format == QMP_DATA_FORMAT_BASE64) {
        data = g_base64_decode(args->data, &len);
    } else {
        data = g_memdup2(args->data, len);
    }
    ringbuf_write(c, data, len, errp);
    return NULL;
}

Json *qmp_add_client(QmpCtx *ctx, const QmpAddClientArgs *args, GError **errp)
{
    struct Char *c = char_find(args->protocol);
    int fd = qmp_take_fd(args->fdname, errp);

    if (fd < 0) {
        return NULL;
    }
    if (c == NULL) {
        err_fail(errp, "protocol '%s' is invalid", args->protocol);
    } else if (char_add_client(c, fd)) {
        return NULL;
    } else {
        err_fail(errp, "Could not add client to chardev %s", args->protocol);
    }
    close(fd);
    return NULL;
}
