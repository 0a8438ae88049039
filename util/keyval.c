/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "key=value,..." texts. Flat for options that have always been flat lists; nested where keys are paths into
 * a JSON value. Nested arrays are built as objects with numeric keys and converted at the end, so that their
 * elements may come in any order. */
#include "util/keyval.h"
#include <string.h>
#include "util/err.h"
#include "util/log.h"

enum { KEYVAL_MAX_DEPTH = 64 };

/* From p to the next single comma, doubled ones halved; *p moves behind the comma, or to the end. */
static char *keyval_take_value(const char **p)
{
    GString *s = g_string_new(NULL);
    const char *q = *p;

    for (; *q != '\0'; q++) {
        if (*q == ',') {
            if (q[1] != ',') {
                break;
            }
            q++;
        }
        g_string_append_c(s, *q);
    }
    *p = *q == ',' ? q + 1 : q;
    return g_string_free(s, FALSE);
}

static void keyval_put(Json *o, const char *key, Json *v, unsigned flags)
{
    Json *old = json_get(o, key), *list;

    if (old == NULL || !(flags & KEYVAL_REPEAT)) {
        json_set(o, key, v);
    } else if (json_is(old, JSON_ARRAY)) {
        json_array_add(old, v);
    } else {
        list = json_array_new();
        json_array_add(list, json_ref(old));
        json_array_add(list, v);
        json_set(o, key, list);
    }
}

/* A dotted key: objects on the way are made. v is taken. */
static bool keyval_put_nested(Json *top, const char *key, Json *v, unsigned flags, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(key, ".", -1);
    g_autoptr(Json) value = v;
    g_autoptr(GString) path = g_string_new(NULL);
    Json *o = top;
    unsigned n = g_strv_length(parts);

    if (n > KEYVAL_MAX_DEPTH) {
        return err_fail(errp, "Parameter '%s' is nested too deep", key);
    }
    if (n == 0) {
        return err_fail(errp, "Invalid parameter ''");
    }
    for (unsigned i = 0; i < n; i++) {
        bool last = i + 1 == n;
        Json *at = json_get(o, parts[i]);

        if (parts[i][0] == '\0' || (i == 0 && g_ascii_isdigit(parts[i][0]))) {
            return err_fail(errp, "Invalid parameter '%s'", key);
        }
        g_string_append_printf(path, "%s%s", i > 0 ? "." : "", parts[i]);
        if (at != NULL && json_is(at, JSON_OBJECT) == last) {
            return err_fail(errp, "Parameters '%s.*' used inconsistently", path->str);
        }
        if (last) {
            keyval_put(o, parts[i], g_steal_pointer(&value), flags);
        } else if (at == NULL) {
            json_set(o, parts[i], json_object_new());
            o = json_get(o, parts[i]);
        } else {
            o = at;
        }
    }
    return true;
}

/* Objects whose keys are all numbers become arrays. o is taken; NULL + error. */
static Json *keyval_listify(Json *o, const char *path, GError **errp)
{
    g_autoptr(Json) taken = o;
    g_autoptr(Json) list = json_array_new();
    size_t digits = 0, n = json_len(o);

    for (size_t i = 0; i < n; i++) {
        const char *key = json_key_at(o, i);
        g_autofree char *sub = g_strdup_printf("%s%s%s", path, path[0] == '\0' ? "" : ".", key);
        Json *v = json_at(o, i);

        digits += g_ascii_isdigit(key[0]) != 0;
        if (json_is(v, JSON_OBJECT)) {
            v = keyval_listify(json_ref(v), sub, errp);
            if (v == NULL) {
                return NULL;
            }
            json_set(o, key, v);
        }
    }
    if (digits == 0) {
        return g_steal_pointer(&taken);
    }
    if (digits != n) {
        err_fail(errp, "Parameters '%s.*' used inconsistently", path);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        g_autofree char *key = g_strdup_printf("%zu", i);
        Json *v = json_get(o, key);

        if (v == NULL) {
            err_fail(errp, "Parameter '%s.%zu' missing", path, i);
            return NULL;
        }
        json_array_add(list, json_ref(v));
    }
    return g_steal_pointer(&list);
}

static bool keyval_is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "?") == 0;
}

/* "server", "nowait": *ret_key and value. */
static Json *keyval_bare(const char *word, unsigned flags, const char **ret_key)
{
    bool off = g_str_has_prefix(word, "no") && word[2] != '\0';

    *ret_key = off ? word + 2 : word;
    if (!(flags & KEYVAL_QUIET)) {
        warn("short-form boolean option '%s' deprecated", word);
        report_hint("Please use %s=%s instead", *ret_key, off ? "off" : "on");
    }
    return json_str(off ? "off" : "on");
}

/* One part of the text, from *p on. */
static bool keyval_part(Json *top, const char **p, const char *implied, unsigned flags, bool *ret_help,
                        GError **errp)
{
    size_t len = strcspn(*p, "=,");
    g_autofree char *word = NULL;
    const char *key;
    Json *v;

    if ((*p)[len] == '=') {
        g_autofree char *text = NULL;

        word = g_strndup(*p, len);
        key = word;
        *p += len + 1;
        text = keyval_take_value(p);
        v = json_str(text);
        if (ret_help != NULL && keyval_is_help(key)) {
            *ret_help = true;           /* "help=on" */
        }
    } else {
        word = keyval_take_value(p);
        if (ret_help != NULL && keyval_is_help(word)) {
            *ret_help = true;
            return true;
        }
        if (implied != NULL) {
            key = implied;
            v = json_str(word);
        } else if (flags & KEYVAL_NESTED) {
            return err_fail(errp, "Expected '=' after parameter '%s'", word);
        } else {
            v = keyval_bare(word, flags, &key);
        }
    }
    if (flags & KEYVAL_NESTED) {
        return keyval_put_nested(top, key, v, flags, errp);
    }
    keyval_put(top, key, v, flags);
    return true;
}

Json *keyval_parse(const char *text, const char *implied_key, unsigned flags, bool *ret_help, GError **errp)
{
    g_autoptr(Json) top = NULL;
    const char *p = text;

    if (ret_help != NULL) {
        *ret_help = false;
    }
    if ((flags & KEYVAL_JSON) && text[0] == '{') {
        return json_parse(text, errp);
    }
    top = json_object_new();
    while (*p != '\0') {
        if (!keyval_part(top, &p, p == text ? implied_key : NULL, flags, ret_help, errp)) {
            return NULL;
        }
    }
    return flags & KEYVAL_NESTED ? keyval_listify(g_steal_pointer(&top), "", errp) : g_steal_pointer(&top);
}

char *keyval_escape(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);

    return g_strjoinv(",,", parts);
}

static void keyval_print_value(const Json *v, const char *path, GString *out)
{
    g_autofree char *text = NULL;
    g_autofree char *escaped = NULL;

    if (json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) {
        for (size_t i = 0; i < json_len(v); i++) {
            const char *key = json_key_at(v, i);
            g_autofree char *sub = key != NULL ? g_strdup_printf("%s.%s", path, key)
                                               : g_strdup_printf("%s.%zu", path, i);

            keyval_print_value(json_at(v, i), sub, out);
        }
        return;
    }
    if (json_is(v, JSON_BOOL)) {
        bool on = false;

        json_to_bool(v, &on);
        text = g_strdup(on ? "on" : "off");
    } else {
        text = json_is(v, JSON_STR) ? g_strdup(json_str_value(v)) : json_print(v, false);
    }
    escaped = keyval_escape(text);
    g_string_append_printf(out, "%s%s=%s", out->len > 0 ? "," : "", path, escaped);
}

char *keyval_print(const Json *j, const char *implied_key)
{
    GString *out = g_string_new(NULL);
    const char *first = implied_key == NULL ? NULL : json_get_str(j, implied_key);

    if (first != NULL) {
        g_autofree char *escaped = keyval_escape(first);

        g_string_append(out, escaped);
    }
    for (size_t i = 0; i < json_len(j); i++) {
        const char *key = json_key_at(j, i);

        if (first == NULL || strcmp(key, implied_key) != 0) {
            keyval_print_value(json_at(j, i), key, out);
        }
    }
    return g_string_free(out, FALSE);
}
