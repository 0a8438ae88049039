/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From -drive options to nodes: protocol node, format node (given or guessed), temporary overlay. Options are taken out
 * of a flat copy one by one; what is left over must be the driver's. */
#include <string.h>
#include "block/block_int.h"
#include "util/log.h"
#include "util/parse.h"

enum { PROBE_SIZE = 2048 };

typedef struct Opener {
    Json *opts;                     /* flat: "file.driver" */
    BlockOpened *out;
    unsigned flags;
    bool ok;
    GError **errp;
} Opener;

/* Nested objects become dotted keys. */
static void open_flatten(const Json *in, const char *prefix, Json *out)
{
    JSON_FOREACH(in, i, v) {
        g_autofree char *key = g_strconcat(prefix, json_key_at(in, i), NULL);

        if (json_is(v, JSON_OBJECT)) {
            g_autofree char *sub = g_strconcat(key, ".", NULL);

            open_flatten(v, sub, out);
        } else {
            json_set(out, key, json_ref(v));
        }
    }
}

/* The option's value as text, taken out; NULL when it is not there. Freed by the caller. */
static char *open_take(Json *opts, const char *key)
{
    const Json *v = json_get(opts, key);
    char *text = NULL;
    bool on;

    if (v == NULL) {
        return NULL;
    }
    if (json_to_bool(v, &on)) {
        text = g_strdup(on ? "on" : "off");
    } else {
        text = json_is(v, JSON_STR) ? g_strdup(json_str_value(v)) : json_print(v, false);
    }
    json_remove(opts, key);
    return text;
}

static bool open_take_bool(Json *opts, const char *key, bool *value, GError **errp)
{
    g_autofree char *text = open_take(opts, key);

    if (text != NULL && !parse_bool(text, value)) {
        return err_fail(errp, "Parameter '%s' expects 'on' or 'off'", key);
    }
    return true;
}

static void open_flag(unsigned *flags, unsigned bit, bool on)
{
    *flags = on ? *flags | bit : *flags & ~bit;
}

static bool open_cache_mode(Opener *o)
{
    static const struct { const char *name; bool direct, no_flush, write_cache; } modes[] = {
        { "writeback", false, false, true }, { "none", true, false, true }, { "off", true, false, true },
        { "writethrough", false, false, false }, { "directsync", true, false, false },
        { "unsafe", false, true, true },
    };
    g_autofree char *mode = open_take(o->opts, "cache");
    bool direct = false, no_flush = false;
    size_t i = 0;

    o->out->write_cache = true;
    if (mode != NULL) {
        while (i < G_N_ELEMENTS(modes) && strcmp(modes[i].name, mode) != 0) {
            i++;
        }
        if (i == G_N_ELEMENTS(modes)) {
            return err_fail(o->errp, "invalid cache option");
        }
        direct = modes[i].direct;
        no_flush = modes[i].no_flush;
        o->out->write_cache = modes[i].write_cache;
    }
    if (!open_take_bool(o->opts, "cache.direct", &direct, o->errp) ||
        !open_take_bool(o->opts, "cache.no-flush", &no_flush, o->errp) ||
        !open_take_bool(o->opts, "cache.writeback", &o->out->write_cache, o->errp)) {
        return false;
    }
    open_flag(&o->flags, NODE_DIRECT, direct);
    open_flag(&o->flags, NODE_NO_FLUSH, no_flush);
    return true;
}

static bool open_aio_mode(Opener *o)
{
    g_autofree char *aio = open_take(o->opts, "aio");

    if (aio == NULL || strcmp(aio, "threads") == 0) {
        return true;
    }
    if (strcmp(aio, "io_uring") == 0) {
        return err_fail(o->errp, "aio=io_uring was specified, but is not supported in this build");
    }
    if (strcmp(aio, "native") != 0) {
        return err_fail(o->errp, "invalid aio option");
    }
    if (!(o->flags & NODE_DIRECT)) {
        return err_fail(o->errp, "aio=native was specified, but it requires cache.direct=on, which was not specified.");
    }
    o->flags |= NODE_NATIVE;
    return true;
}

static bool open_discard_mode(Opener *o)
{
    static const char *const detect_values[] = { "off", "on", "unmap", NULL };
    static const EnumDef detect_enum = { "BlockdevDetectZeroesOptions", detect_values };
    g_autofree char *discard = open_take(o->opts, "discard");
    g_autofree char *detect = open_take(o->opts, "detect-zeroes");

    if (discard != NULL) {
        if (strcmp(discard, "unmap") == 0 || strcmp(discard, "on") == 0) {
            o->out->unmap = true;
        } else if (strcmp(discard, "ignore") != 0 && strcmp(discard, "off") != 0) {
            return err_fail(o->errp, "Invalid discard option");
        }
    }
    if (detect != NULL) {
        o->out->detect_zeroes = enum_from_text(&detect_enum, detect);
        if (o->out->detect_zeroes < 0) {
            return err_fail(o->errp, "invalid parameter value: %s", detect);
        }
        if (o->out->detect_zeroes == DETECT_UNMAP && !o->out->unmap) {
            return err_fail(o->errp, "setting detect-zeroes to unmap is not allowed without setting discard operation "
                            "to unmap");
        }
    }
    return true;
}

static bool open_error_policy(Opener *o, const char *key, const char *what, int *ret)
{
    static const char *const values[] = { "auto", "report", "ignore", "enospc", "stop", NULL };
    static const EnumDef e = { "BlockdevOnError", values };
    g_autofree char *text = open_take(o->opts, key);

    if (text == NULL) {
        return true;
    }
    *ret = enum_from_text(&e, text);
    if (*ret < 0 || (*ret == ON_ERROR_ENOSPC && key[0] == 'r')) {
        return err_fail(o->errp, "'%s' invalid %s error action", text, what);
    }
    return true;
}

/* Everything that does not belong to a driver. */
static bool open_common(Opener *o)
{
    bool share = false, auto_ro;

    json_remove(o->opts, "id");
    if (json_has(o->opts, "readonly") && json_has(o->opts, "read-only")) {
        return err_fail(o->errp, "'read-only' and its alias 'readonly' can't be used at the same time");
    }
    if (json_has(o->opts, "readonly")) {
        json_set(o->opts, "read-only", json_ref(json_get(o->opts, "readonly")));
        json_remove(o->opts, "readonly");
    }
    if (!open_cache_mode(o) || !open_aio_mode(o) || !open_discard_mode(o) ||
        !open_error_policy(o, "rerror", "read", &o->out->rerror) ||
        !open_error_policy(o, "werror", "write", &o->out->werror) ||
        !open_take_bool(o->opts, "read-only", &o->out->read_only, o->errp) ||
        !open_take_bool(o->opts, "auto-read-only", &auto_ro, o->errp) ||
        !open_take_bool(o->opts, "snapshot", &o->out->snapshot, o->errp) ||
        !open_take_bool(o->opts, "force-share", &share, o->errp)) {
        return false;
    }
    open_flag(&o->flags, NODE_WRITABLE, !o->out->read_only && !o->out->snapshot);
    open_flag(&o->flags, NODE_UNMAP, o->out->unmap);
    open_flag(&o->flags, NODE_FORCE_SHARE, share);
    return true;
}

/* A node of this driver with these options (driver's own only). child is taken, on failure too. */
static BlockNode *open_node(Opener *o, const BlockDriver *drv, const char *name, BlockNode *child, const Json *opts)
{
    void *parsed = NULL;
    BlockNode *n;

    JSON_FOREACH(opts, i, v) {
        const char *key = json_key_at(opts, i);

        if (drv->open_options == NULL || field_find(drv->open_options->fields, key) == NULL) {
            err_fail(o->errp, "Block %s '%s' does not support the option '%s'",
                     drv->is_format ? "format" : "protocol", drv->name, key);
            node_free(child);
            return NULL;
        }
    }
    if (name != NULL && (!id_valid(name) || node_find(name) != NULL)) {
        err_fail(o->errp, node_find(name) != NULL ? "Duplicate nodes with node-name='%s'" : "Invalid node-name: '%s'",
                 name);
        node_free(child);
        return NULL;
    }
    if (drv->open_options != NULL) {
        parsed = struct_from_keyval(drv->open_options, opts, o->errp);
        if (parsed == NULL) {
            node_free(child);
            return NULL;
        }
    }
    n = node_new(drv, name, o->flags);
    n->file = child;
    n->opened = drv->co_open == NULL || drv->co_open(n, parsed, o->errp);
    struct_free(drv->open_options, parsed);
    if (!n->opened || !node_refresh_length(n, o->errp)) {
        node_free(n);
        return NULL;
    }
    n->write_align = MAX(n->write_align, n->align);
    return n;
}

/* "null-co", "nbd": what stands before a colon in a filename; NULL: a plain path. */
static char *open_protocol(const char *filename)
{
    size_t len = strcspn(filename, ":/");

    return filename[len] == ':' && len > 0 ? g_strndup(filename, len) : NULL;
}

/* The members under "file.". */
static Json *open_take_child(Json *opts)
{
    Json *child = json_object_new();

    for (size_t i = 0; i < json_len(opts);) {
        g_autofree char *key = g_strdup(json_key_at(opts, i));

        if (g_str_has_prefix(key, "file.") && key[5] != '\0') {
            json_set(child, key + 5, json_ref(json_at(opts, i)));
            json_remove(opts, key);
        } else {
            i++;
        }
    }
    return child;
}

static BlockNode *open_protocol_node(Opener *o, const char *filename, Json *opts)
{
    g_autofree char *driver = open_take(opts, "driver");
    g_autofree char *name = open_take(opts, "node-name");
    g_autofree char *protocol = filename == NULL ? NULL : open_protocol(filename);
    const BlockDriver *drv;

    if (filename != NULL) {
        if (json_has(opts, "filename")) {
            err_fail(o->errp, "Can't specify 'file' and 'filename' options at the same time");
            return NULL;
        }
        json_set_str(opts, "filename", filename);
    }
    drv = block_driver_find(driver != NULL ? driver : protocol != NULL ? protocol : "file");
    if (drv == NULL || drv->is_format || drv->hidden) {
        if (driver != NULL) {
            err_fail(o->errp, "Unknown driver '%s'", driver);
        } else {
            err_fail(o->errp, "Unknown protocol '%s'", protocol);
        }
        return NULL;
    }
    return open_node(o, drv, name, NULL, opts);
}

/* The format of an opened protocol node by its first bytes; NULL + error. */
static const BlockDriver *open_probe(Opener *o, BlockNode *file)
{
    uint8_t head[PROBE_SIZE] = { 0 };
    struct iovec iov = { head, sizeof(head) };
    size_t len = (size_t)MIN(sizeof(head), file->length);
    int ret = co_node_read(file, 0, (IoVec){ &iov, 1, 0, len });
    const char *format;
    const BlockDriver *drv;

    if (ret != 0) {
        err_fail_errno(o->errp, -ret, "Could not read image for determining its format");
        return NULL;
    }
    format = probe_format(head, len, file->filename);
    drv = block_driver_find(format);
    if (drv == NULL) {
        err_fail(o->errp, "Could not open '%s': it is in %s format, for which there is no driver", file->filename,
                 format);
    }
    return drv;
}

static void open_warn_probed(const BlockNode *n)
{
    if (n->probed && node_writable(n)) {
        report_hint("WARNING: Image format was not specified for '%s' and probing guessed raw.\n"
                    "         Automatically detecting the format is dangerous for raw images, write operations on "
                    "block 0 will be restricted.\n"
                    "         Specify the 'raw' format explicitly to remove the restrictions.", n->file->filename);
    }
}

static BlockNode *open_format_node(Opener *o, const BlockDriver *drv, BlockNode *file, Json *opts)
{
    g_autofree char *name = open_take(opts, "node-name");
    bool guessed = drv == NULL;
    BlockNode *n;

    if (guessed) {
        drv = open_probe(o, file);
        if (drv == NULL) {
            node_free(file);
            return NULL;
        }
    }
    n = open_node(o, drv, name, file, opts);
    if (n != NULL) {
        n->probed = guessed && strcmp(drv->name, "raw") == 0;
        open_warn_probed(n);
    }
    return n;
}

/* "format" or "driver", which mean the same. */
static bool open_take_driver(Opener *o, const BlockDriver **ret)
{
    g_autofree char *format = open_take(o->opts, "format");
    g_autofree char *driver = open_take(o->opts, "driver");
    const char *name = format != NULL ? format : driver;

    if (format != NULL && driver != NULL) {
        return err_fail(o->errp, "Cannot specify both 'driver' and 'format'");
    }
    *ret = name == NULL ? NULL : block_driver_find(name);
    if (name != NULL && (*ret == NULL || (*ret)->hidden)) {
        return err_fail(o->errp, "Unknown driver '%s'", name);
    }
    return true;
}

/* "json:{...}" as a file name: its members become options. */
static bool open_expand_json(Opener *o)
{
    const char *file = json_get_str(o->opts, "file");
    g_autoptr(Json) members = NULL;

    if (file == NULL || !g_str_has_prefix(file, "json:")) {
        return true;
    }
    members = json_parse(file + 5, o->errp);
    if (members == NULL) {
        g_prefix_error(o->errp, "Could not parse the JSON options: ");
        return false;
    }
    if (!json_is(members, JSON_OBJECT)) {
        return err_fail(o->errp, "Invalid JSON object given");
    }
    json_remove(o->opts, "file");
    open_flatten(members, "", o->opts);
    if (json_len(members) == 0) {
        return err_fail(o->errp, "Must specify either driver or file");
    }
    return true;
}

/* On a coroutine. */
static void open_run(void *opaque)
{
    Opener *o = opaque;
    const BlockDriver *drv = NULL;
    g_autofree char *file = NULL;
    g_autoptr(Json) child = NULL;
    BlockNode *n;

    o->ok = open_common(o) && open_expand_json(o) && open_take_driver(o, &drv);
    if (!o->ok) {
        return;
    }
    file = open_take(o->opts, "file");
    child = open_take_child(o->opts);
    if ((file == NULL || file[0] == '\0') && json_len(child) == 0 && (drv == NULL || drv->is_format)) {
        if (drv != NULL || json_len(o->opts) > 0) {
            o->ok = err_fail(o->errp, "A block device must be specified for \"file\"");
        }
        return;                     /* an empty drive */
    }
    if (drv != NULL && !drv->is_format) {
        g_autofree char *name = open_take(o->opts, "node-name");

        if (file != NULL) {
            json_set_str(o->opts, "filename", file);
        }
        n = open_node(o, drv, name, NULL, o->opts);
    } else {
        n = open_protocol_node(o, file, child);
        n = n == NULL ? NULL : open_format_node(o, drv, n, o->opts);
    }
    if (n != NULL && o->out->snapshot) {
        BlockNode *top = overlay_new(n, o->errp);

        if (top == NULL) {
            node_free(n);
        }
        n = top;
    }
    o->ok = n != NULL;
    o->out->root = n;
    if (n != NULL) {
        const BlockNode *base = n->backing != NULL ? n->backing : n;

        o->out->filename = g_strdup(base->file != NULL ? base->file->filename : base->filename);
    }
}

bool block_open_options(const Json *opts, BlockOpened *out, GError **errp)
{
    BlockOpened opened = { 0 };
    Opener o = { .opts = json_object_new(), .out = &opened, .errp = errp };

    open_flatten(opts, "", o.opts);
    block_run_sync(open_run, &o);
    json_unref(o.opts);
    if (o.ok) {
        *out = opened;
    }
    return o.ok;
}

/* ---- -blockdev */

void block_opt_bool(const Json *opts, const char *key, bool *value)
{
    const Json *v = json_get(opts, key);

    if (!json_to_bool(v, value) && json_is(v, JSON_STR)) {
        parse_bool(json_str_value(v), value);
    }
}

/* The child of a format node: by name, or described in place. */
static BlockNode *open_child(Opener *o, const Json *file)
{
    BlockOpened m = { 0 };
    g_autoptr(Json) opts = NULL;

    if (json_is(file, JSON_STR)) {
        bool writes = (o->flags & NODE_WRITABLE) != 0;
        BlockNode *n = blockdev_take(json_str_value(file), writes, o->errp);

        if (n != NULL && writes && !node_writable(n)) {
            err_fail(o->errp, "Block node is read-only");
            node_free(n);
            return NULL;
        }
        return n;
    }
    if (!json_is(file, JSON_OBJECT)) {
        err_fail(o->errp, "A block device must be specified for \"file\"");
        return NULL;
    }
    opts = json_copy(file);
    if (!json_has(opts, "read-only")) {
        json_set_bool(opts, "read-only", !(o->flags & NODE_WRITABLE));
    }
    if (!block_open_node(opts, &m, o->errp)) {
        return NULL;
    }
    g_free(m.filename);
    return m.root;
}

static bool open_check_driver(const BlockDriver *drv, const char *name, GError **errp)
{
    return (drv != NULL && !drv->hidden) ||
        err_fail(errp, "Parameter 'driver' does not accept value '%s'", name != NULL ? name : "");
}

typedef struct NodeOpener { Opener o; const Json *opts; BlockNode *node; } NodeOpener;

/* On a coroutine. */
static void open_node_run(void *opaque)
{
    NodeOpener *no = opaque;
    Opener *o = &no->o;
    g_autofree char *driver = open_take(o->opts, "driver");
    g_autofree char *name = open_take(o->opts, "node-name");
    const BlockDriver *drv = driver != NULL ? block_driver_find(driver) : NULL;
    BlockNode *child = NULL;

    if (!open_check_driver(drv, driver, o->errp) || !open_common(o)) {
        return;
    }
    if (drv->is_format) {
        child = open_child(o, json_get(no->opts, "file"));
        if (child == NULL) {
            return;
        }
    }
    no->node = open_node(o, drv, name, child, o->opts);
}

bool block_open_node(const Json *opts, BlockOpened *out, GError **errp)
{
    g_autoptr(Json) own = json_copy(opts);
    BlockOpened opened = { 0 };
    NodeOpener no = { .o = { .opts = json_object_new(), .out = &opened, .errp = errp }, .opts = opts };
    const BlockNode *n;

    if (json_is(json_get(opts, "file"), JSON_STR) || json_is(json_get(opts, "file"), JSON_OBJECT)) {
        json_remove(own, "file");
    }
    open_flatten(own, "", no.o.opts);
    block_run_sync(open_node_run, &no);
    json_unref(no.o.opts);
    n = no.node;
    if (n == NULL) {
        return false;
    }
    opened.root = no.node;
    opened.filename = g_strdup(n->file != NULL ? n->file->filename : n->filename);
    *out = opened;
    return true;
}
