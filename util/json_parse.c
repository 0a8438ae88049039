/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON parser: RFC 8259, and strings in single quotes. Recursive, nesting is bounded by JSON_MAX_DEPTH. */
#include <errno.h>
#include <string.h>
#include "util/err.h"
#include "util/json_int.h"

typedef struct JsonParser {
    const char *p, *end;
    unsigned depth;
    GError **errp;
} JsonParser;

static Json *json_parse_value(JsonParser *s);

static Json *json_fail(JsonParser *s, const char *what)
{
    err_fail(s->errp, "JSON parse error, %s", what);
    return NULL;
}

/* Text that is no token: from start to the byte that spoilt it. */
static Json *json_fail_stray(JsonParser *s, const char *start, const char *stop)
{
    g_autofree char *text = g_strndup(start, (gsize)(MIN(stop, s->end) - start));

    err_fail(s->errp, "JSON parse error, stray '%s'", text);
    return NULL;
}

static void json_skip_space(JsonParser *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) != NULL && *s->p != '\0') {
        s->p++;
    }
}

/* The next byte that is not white space; 0 at the end (and for a NUL, which nothing accepts). */
static char json_peek(JsonParser *s)
{
    json_skip_space(s);
    return s->p < s->end ? *s->p : '\0';
}

/* Four hex digits; -1 when they are not there. */
static int json_hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        if (!g_ascii_isxdigit(p[i])) {
            return -1;
        }
        v = v * 16 + g_ascii_xdigit_value(p[i]);
    }
    return v;
}

/* p is behind "\u". Returns the byte after the escape (a surrogate pair is two); NULL + error. */
static const char *json_unescape_u(JsonParser *s, const char *p, const char *end, GString *out)
{
    int c = json_hex4(p, end), low = -1;
    const char *after = p + 4;

    if (c >= 0xd800 && c < 0xdc00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
        low = json_hex4(p + 6, end);
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            after = p + 10;
        }
    }
    if (c < 0 || (c >= 0xd800 && c < 0xe000) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef)) {
        err_fail(s->errp, "JSON parse error, \\u%.*s is not a valid Unicode character", (int)MIN(4, end - p), p);
        return NULL;
    }
    if (c == 0) {
        g_string_append(out, "\xc0\x80");
    } else {
        g_string_append_unichar(out, (gunichar)c);
    }
    return after;
}

/* p is behind a backslash. */
static const char *json_unescape(JsonParser *s, const char *p, const char *end, GString *out)
{
    static const char map[] = "\"\"''\\\\//b\bf\fn\nr\rt\t";

    if (*p == 'u') {
        return json_unescape_u(s, p + 1, end, out);
    }
    for (const char *m = map; *m != '\0'; m += 2) {
        if (m[0] == *p) {
            g_string_append_c(out, m[1]);
            return p + 1;
        }
    }
    json_fail(s, "invalid escape sequence in string");
    return NULL;
}

/* The closing quote of the string at s->p; NULL + error. */
static const char *json_string_end(JsonParser *s)
{
    char quote = *s->p;
    const char *p = s->p + 1;

    for (; p < s->end && *p != quote; p++) {
        if ((unsigned char)*p < 0x20) {
            json_fail_stray(s, s->p, p + 1);
            return NULL;
        }
        if (*p == '\\') {
            p++;
        }
    }
    if (p >= s->end) {
        json_fail_stray(s, s->p, s->end);
        return NULL;
    }
    return p;
}

/* At a quote. The text, to be freed; NULL + error. */
static char *json_parse_text(JsonParser *s, size_t *ret_len)
{
    const char *stop = json_string_end(s), *p = s->p + 1;
    g_autoptr(GString) out = NULL;

    if (stop == NULL) {
        return NULL;
    }
    out = g_string_sized_new((gsize)(stop - p));
    while (p < stop) {
        if (*p == '\\') {
            p = json_unescape(s, p + 1, stop, out);
            if (p == NULL) {
                return NULL;
            }
        } else if (g_utf8_get_char_validated(p, stop - p) >= 0x110000) {
            json_fail(s, "invalid UTF-8 sequence in string");
            return NULL;
        } else {
            const char *next = g_utf8_next_char(p);

            g_string_append_len(out, p, next - p);
            p = next;
        }
    }
    s->p = stop + 1;
    *ret_len = out->len;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static const char *json_digits(const char *p, const char *end)
{
    while (p < end && g_ascii_isdigit(*p)) {
        p++;
    }
    return p;
}

/* End of the number at s->p and whether it is an integer; NULL + error. */
static const char *json_number_end(JsonParser *s, bool *ret_integer)
{
    const char *p = s->p + (*s->p == '-'), *q = json_digits(p, s->end);

    *ret_integer = true;
    if (q == p || (*p == '0' && q > p + 1)) {
        json_fail_stray(s, s->p, p + (q == p ? 1 : 2));
        return NULL;
    }
    if (q < s->end && *q == '.') {
        *ret_integer = false;
        p = q + 1;
        q = json_digits(p, s->end);
        if (q == p) {
            json_fail_stray(s, s->p, q + 1);
            return NULL;
        }
    }
    if (q < s->end && (*q == 'e' || *q == 'E')) {
        *ret_integer = false;
        p = q + 1;
        p += p < s->end && (*p == '+' || *p == '-');
        q = json_digits(p, s->end);
        if (q == p) {
            json_fail_stray(s, s->p, q + 1);
            return NULL;
        }
    }
    return q;
}

static Json *json_parse_number(JsonParser *s)
{
    bool integer, minus = *s->p == '-';
    const char *stop = json_number_end(s, &integer);
    g_autofree char *text = NULL;
    uint64_t v;

    if (stop == NULL) {
        return NULL;
    }
    text = g_strndup(s->p, (gsize)(stop - s->p));
    s->p = stop;
    if (integer) {
        errno = 0;
        v = g_ascii_strtoull(text + minus, NULL, 10);
        if (errno == 0 && (!minus || v <= (uint64_t)INT64_MAX + 1)) {
            return minus ? json_int((int64_t)(0 - v)) : json_uint(v);
        }
    }
    return json_double(g_ascii_strtod(text, NULL));
}

static Json *json_parse_word(JsonParser *s)
{
    const char *start = s->p;
    g_autofree char *word = NULL;
    g_autofree char *what = NULL;

    while (s->p < s->end && g_ascii_islower(*s->p)) {
        s->p++;
    }
    word = g_strndup(start, (gsize)(s->p - start));
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        return json_bool(word[0] == 't');
    }
    if (strcmp(word, "null") == 0) {
        return json_null();
    }
    what = g_strdup_printf("invalid keyword '%s'", word);
    return json_fail(s, what);
}

/* What is wrong with the token at s->p, where something else had to come. */
static Json *json_fail_token(JsonParser *s, const char *expected)
{
    char c = json_peek(s);

    if (s->p >= s->end) {
        return json_fail(s, "premature EOI");
    }
    if (strchr("{}[]:,\"'-0123456789", c) == NULL && !g_ascii_islower(c)) {
        return json_fail_stray(s, s->p, s->p + 1);
    }
    return json_fail(s, expected);
}

/* Behind the opening bracket. */
static Json *json_parse_array(JsonParser *s)
{
    g_autoptr(Json) array = json_array_new();

    if (json_peek(s) == ']') {
        s->p++;
        return g_steal_pointer(&array);
    }
    for (;;) {
        Json *v = json_parse_value(s);

        if (v == NULL) {
            return NULL;
        }
        json_append(array, NULL, v);
        switch (json_peek(s)) {
        case ']':
            s->p++;
            return g_steal_pointer(&array);
        case ',':
            s->p++;
            break;
        default:
            return json_fail_token(s, "expected separator in list");
        }
    }
}

static bool json_parse_member(JsonParser *s, Json *object)
{
    char c = json_peek(s);
    g_autofree char *key = NULL;
    size_t len;
    Json *v;

    if (c != '"' && c != '\'') {
        json_fail_token(s, c == ',' || c == '}' || c == ']' ? "expecting value" : "key is not a string in object");
        return false;
    }
    key = json_parse_text(s, &len);
    if (key == NULL) {
        return false;
    }
    if (json_peek(s) != ':') {
        json_fail_token(s, "missing : in object pair");
        return false;
    }
    s->p++;
    v = json_parse_value(s);
    if (v == NULL) {
        return false;
    }
    if (json_has(object, key)) {
        json_unref(v);
        json_fail(s, "duplicate key");
        return false;
    }
    json_append(object, g_steal_pointer(&key), v);
    return true;
}

/* Behind the opening brace. */
static Json *json_parse_object(JsonParser *s)
{
    g_autoptr(Json) object = json_object_new();

    if (json_peek(s) == '}') {
        s->p++;
        return g_steal_pointer(&object);
    }
    for (;;) {
        if (!json_parse_member(s, object)) {
            return NULL;
        }
        switch (json_peek(s)) {
        case '}':
            s->p++;
            return g_steal_pointer(&object);
        case ',':
            s->p++;
            break;
        default:
            return json_fail_token(s, "expected separator in dict");
        }
    }
}

static Json *json_parse_value(JsonParser *s)
{
    char c = json_peek(s);
    Json *j;

    if (c == '{' || c == '[') {
        if (++s->depth > JSON_MAX_DEPTH) {
            err_fail(s->errp, "JSON nesting depth limit exceeded");
            return NULL;
        }
        s->p++;
        j = c == '{' ? json_parse_object(s) : json_parse_array(s);
        s->depth--;
        return j;
    }
    if (c == '"' || c == '\'') {
        size_t len;
        g_autofree char *text = json_parse_text(s, &len);

        return text == NULL ? NULL : json_strn(text, len);
    }
    if (c == '-' || g_ascii_isdigit(c)) {
        return json_parse_number(s);
    }
    return g_ascii_islower(c) ? json_parse_word(s) : json_fail_token(s, "expecting value");
}

Json *json_parse_prefix(const char *text, size_t len, size_t *ret_used, GError **errp)
{
    JsonParser s = { text, text + len, 0, errp };
    Json *j;

    json_skip_space(&s);
    if (s.p == s.end) {
        err_fail(errp, "Expecting a JSON value");
        return NULL;
    }
    j = json_parse_value(&s);
    if (j != NULL) {
        *ret_used = (size_t)(s.p - text);
    }
    return j;
}

Json *json_parse_n(const char *text, size_t len, GError **errp)
{
    size_t used;
    g_autoptr(Json) j = json_parse_prefix(text, len, &used, errp);
    JsonParser s = { text, text + len, 0, errp };

    if (j == NULL) {
        return NULL;
    }
    s.p += used;
    json_skip_space(&s);
    if (s.p < s.end) {
        err_fail(errp, "Expecting at most one JSON value");
        return NULL;
    }
    return g_steal_pointer(&j);
}

Json *json_parse(const char *text, GError **errp)
{
    return json_parse_n(text, strlen(text), errp);
}
