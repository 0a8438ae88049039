/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From text to a backend's options: the key=value form of -chardev and the short forms of
 * -serial. */
#include <stdio.h>
#include <string.h>
#include "system/chardev/char_int.h"
#include "util/keyval.h"
#include "util/parse.h"

static const Field common_fields[] = {
    FIELD_STR("logfile", CharCommon, logfile, NULL, .help = "file that gets a copy of the output"),
    FIELD_BOOL("logappend", CharCommon, logappend, false, .help = "keep what is in the log file"),
    FIELD_BOOL("mux", CharCommon, mux, false, .help = "let up to four users share it"),
    { 0 },
};

static const Field *find_field(const Field *fields, const char *name)
{
    for (; fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

/* Does any backend know this key? Such a key is ignored when it is another backend's, as people
 * expect. */
static bool known_elsewhere(const char *key)
{
    static const char *const others[] = {       /* of backends that do not exist here */
        "debug", "name", "clipboard", "mouse", NULL,
    };

    SET_FOREACH(char_backends, CharBackend, it) {
        if (find_field((*it)->options->fields, key) != NULL) {
            return true;
        }
    }
    return g_strv_contains(others, key);
}

/* Keys that have another name in the struct, or the opposite sense ("delay" is "nodelay"
 * reversed: a bare nodelay reaches us as delay=off). */
static bool set_delay(const CharBackend *be, void *o, const char *value, GError **errp)
{
    const Field *f = find_field(be->options->fields, "nodelay");
    bool delay;

    if (!parse_bool(value, &delay)) {
        return err_fail(errp, "Parameter 'delay' expects 'on' or 'off'");
    }
    return f == NULL || field_from_text(f, o, delay ? "off" : "on", errp);
}

static bool set_option(const CharBackend *be, void *o, const char *key, const char *value,
                       GError **errp)
{
    const Field *f = find_field(common_fields, key);

    if (strcmp(key, "backend") == 0 || strcmp(key, "id") == 0) {
        return true;
    }
    if (strcmp(key, "delay") == 0) {
        return set_delay(be, o, value, errp);
    }
    if (f == NULL) {
        f = find_field(be->options->fields, key);
    }
    if (f == NULL) {
        return known_elsewhere(key) || err_fail(errp, "Invalid parameter '%s'", key);
    }
    return field_from_text(f, o, value, errp);
}

static bool fill_options(const CharBackend *be, void *o, const Json *opts, GError **errp)
{
    JSON_FOREACH(opts, i, v) {
        const char *text = json_str_value(v);

        if (text == NULL || !set_option(be, o, json_key_at(opts, i), text, errp)) {
            return text != NULL ? false
                : err_fail(errp, "Parameter '%s' expects a string", json_key_at(opts, i));
        }
    }
    return true;
}

static void free_options(const CharBackend *be, void *options)
{
    fields_release(be->options->fields, options);
    fields_release(common_fields, options);
    g_free(options);
}

Char *char_open(const char *id, const char *backend, const void *options, GError **errp)
{
    const CharBackend *be = char_backend_find(backend);
    const CharCommon *common = options;
    g_autofree char *base_id = NULL;
    Char *base, *mux;

    if (be == NULL) {
        err_fail(errp, "'%s' is not a valid char driver name", backend);
        return NULL;
    }
    if (common == NULL || !common->mux) {
        return char_new(id, be, options, errp);
    }
    if (char_find(id) != NULL) {
        err_fail(errp, "Duplicate ID '%s' for chardev", id);
        return NULL;
    }
    base_id = g_strdup_printf("%s-base", id);
    base = char_new(base_id, be, options, errp);
    if (base == NULL) {
        return NULL;
    }
    mux = mux_new(id, base, errp);
    if (mux == NULL) {
        char_close(base, NULL);
    }
    return mux;
}

/* The backend that opts name, and its options filled in; NULL on failure. */
static const CharBackend *make_options(const Json *opts, void **ret, GError **errp)
{
    const char *backend = json_get_str(opts, "backend");
    const CharBackend *be;
    void *options;

    if (backend == NULL) {
        err_fail(errp, "chardev: \"%s\" missing backend", json_get_str(opts, "id") ?: "");
        return NULL;
    }
    be = char_backend_find(backend);
    if (be == NULL) {
        err_fail(errp, "'%s' is not a valid char driver name", backend);
        return NULL;
    }
    options = g_malloc0(MAX(be->options->size, sizeof(CharCommon)));
    fields_set_defaults(common_fields, options);
    fields_set_defaults(be->options->fields, options);
    *ret = options;
    if (!fill_options(be, options, opts, errp)) {
        free_options(be, options);
        return NULL;
    }
    return be;
}

Char *char_open_opts(const Json *opts, GError **errp)
{
    const char *id = json_get_str(opts, "id");
    void *options = NULL;
    const CharBackend *be = make_options(opts, &options, errp);
    Char *c;

    if (be == NULL) {
        return NULL;
    }
    if (id == NULL) {
        err_fail(errp, "chardev: no id specified");
        free_options(be, options);
        return NULL;
    }
    c = char_open(id, be->name, options, errp);
    free_options(be, options);
    return c;
}

bool char_replace(Char *c, const Json *opts, GError **errp)
{
    void *options = NULL;
    const CharBackend *be = make_options(opts, &options, errp);
    bool ok;

    if (be == NULL) {
        return false;
    }
    if (char_is_mux(c) || ((const CharCommon *)options)->mux) {
        ok = err_fail(errp, "a mux cannot be replaced");
    } else {
        ok = char_reopen(c, be, options, errp);
    }
    free_options(be, options);
    return ok;
}

/* "host:port" (host may be empty or "[v6]"), up to a comma or '@'; the rest is left at *p. */
static bool split_address(const char **p, const char *stop, char **host, char **port)
{
    const char *s = *p, *colon;
    size_t len = strcspn(s, stop);

    if (s[0] == '[') {
        const char *end = memchr(s, ']', len);

        if (end == NULL || end[1] != ':') {
            return false;
        }
        *host = g_strndup(s + 1, end - s - 1);
        colon = end + 1;
    } else {
        colon = memchr(s, ':', len);
        if (colon == NULL) {
            return false;
        }
        *host = g_strndup(s, colon - s);
    }
    *port = g_strndup(colon + 1, s + len - colon - 1);
    *p = s + len;
    return true;
}

/* kind: "telnet", "websocket"; NULL: neither. */
static bool legacy_tcp(Json *opts, const char *rest, const char *kind, GError **errp)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;

    if (!split_address(&rest, ",", &host, &port) || port[0] == '\0') {
        return err_fail(errp, "'%s' is not host:port", rest);
    }
    json_set_str(opts, "backend", "socket");
    json_set_str(opts, "host", host);
    json_set_str(opts, "port", port);
    if (kind != NULL) {
        json_set_str(opts, kind, "on");
    }
    if (*rest == ',') {
        g_autoptr(Json) more = keyval_parse(rest + 1, NULL, KEYVAL_QUIET, NULL, errp);

        if (more == NULL) {
            return false;
        }
        JSON_FOREACH(more, i, v) {
            json_set(opts, json_key_at(more, i), json_ref(v));
        }
    }
    return true;
}

static bool legacy_udp(Json *opts, const char *rest, GError **errp)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;

    if (!split_address(&rest, "@,", &host, &port)) {
        return err_fail(errp, "'%s' is not host:port", rest);
    }
    json_set_str(opts, "backend", "udp");
    json_set_str(opts, "host", host);
    json_set_str(opts, "port", port);
    if (*rest == '@') {
        g_autofree char *local = NULL;
        g_autofree char *local_port = NULL;

        rest++;
        if (!split_address(&rest, ",", &local, &local_port)) {
            return err_fail(errp, "'%s' is not host:port", rest);
        }
        json_set_str(opts, "localaddr", local);
        json_set_str(opts, "localport", local_port);
    }
    return true;
}

static bool legacy_unix(Json *opts, const char *rest, GError **errp)
{
    g_autoptr(Json) more = NULL;

    if (rest[0] == '\0') {
        return err_fail(errp, "chardev: socket: the path is empty");
    }
    more = keyval_parse(rest, "path", KEYVAL_QUIET, NULL, errp);
    if (more == NULL) {
        return false;
    }
    json_set_str(opts, "backend", "socket");
    JSON_FOREACH(more, i, v) {
        json_set(opts, json_key_at(more, i), json_ref(v));
    }
    return true;
}

/* "80Cx24C" counts characters, "800x600" pixels. */
static bool legacy_vc(Json *opts, const char *rest, GError **errp)
{
    unsigned w, h;
    char used[16];

    json_set_str(opts, "backend", "vc");
    if (*rest == '\0') {
        return true;
    }
    g_snprintf(used, sizeof(used), "%s", rest);
    if (sscanf(rest, "%7uCx%7uC", &w, &h) == 2 && strchr(rest, 'C') != NULL) {
        g_snprintf(used, sizeof(used), "%u", w);
        json_set_str(opts, "cols", used);
        g_snprintf(used, sizeof(used), "%u", h);
        json_set_str(opts, "rows", used);
        return true;
    }
    if (sscanf(rest, "%7ux%7u", &w, &h) != 2) {
        return err_fail(errp, "'%s' is not a size like 80Cx24C or 800x600", rest);
    }
    g_snprintf(used, sizeof(used), "%u", w);
    json_set_str(opts, "width", used);
    g_snprintf(used, sizeof(used), "%u", h);
    json_set_str(opts, "height", used);
    return true;
}

static const struct { const char *prefix, *backend; } path_forms[] = {
    { "file:", "file" }, { "pipe:", "pipe" }, { "/dev/parport", "parallel" }, { "/dev/", "serial" },
};

static bool legacy_path(Json *opts, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(path_forms); i++) {
        if (g_str_has_prefix(text, path_forms[i].prefix)) {
            bool device = path_forms[i].prefix[0] == '/';

            json_set_str(opts, "backend", path_forms[i].backend);
            json_set_str(opts, "path", device ? text : text + strlen(path_forms[i].prefix));
            return true;
        }
    }
    return false;
}

/* The form without its mon: prefix. */
static bool legacy_fill(Json *opts, const char *text, GError **errp)
{
    static const char *const plain[] = { "null", "pty", "stdio", "msmouse", "braille", "wctablet",
                                         "testdev", NULL };

    if (g_strv_contains(plain, text)) {
        json_set_str(opts, "backend", text);
        return true;
    }
    if (g_str_has_prefix(text, "vc")) {
        return legacy_vc(opts, text[2] == ':' ? text + 3 : text + 2, errp);
    }
    if (g_str_has_prefix(text, "tcp:") || g_str_has_prefix(text, "telnet:") ||
        g_str_has_prefix(text, "websocket:")) {
        const char *kind = text[0] == 'w' ? "websocket" : text[1] == 'e' ? "telnet" : NULL;

        return legacy_tcp(opts, strchr(text, ':') + 1, kind, errp);
    }
    if (g_str_has_prefix(text, "udp:")) {
        return legacy_udp(opts, text + 4, errp);
    }
    if (g_str_has_prefix(text, "unix:")) {
        return legacy_unix(opts, text + 5, errp);
    }
    return legacy_path(opts, text) || err_fail(errp, "'%s' is not a valid char driver", text);
}

Json *char_legacy_opts(const char *id, const char *text, GError **errp)
{
    g_autoptr(Json) opts = json_object_new();

    json_set_str(opts, "id", id);
    if (g_str_has_prefix(text, "mon:")) {
        text += 4;
        json_set_str(opts, "mux", "on");
        if (strcmp(text, "stdio") == 0) {
            json_set_str(opts, "signal", "off");    /* Ctrl-C is for the guest */
        }
    }
    return legacy_fill(opts, text, errp) ? g_steal_pointer(&opts) : NULL;
}

Char *char_open_legacy(const char *id, const char *text, GError **errp)
{
    g_autoptr(Json) opts = NULL;

    if (g_str_has_prefix(text, "chardev:")) {
        Char *c = char_find(text + 8);

        if (c == NULL) {
            err_fail(errp, "chardev '%s' not found", text + 8);
        }
        return c;
    }
    opts = char_legacy_opts(id, text, errp);
    return opts != NULL ? char_open_opts(opts, errp) : NULL;
}
