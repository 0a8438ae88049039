/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as text, RFC 8259, ASCII only: everything else is escaped; bytes that are not UTF-8 become U+FFFD. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "util/json_int.h"

static void json_print_char(gunichar c, GString *out)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *s = shorts; *s != '\0'; s += 2) {
        if ((gunichar)(unsigned char)s[0] == c) {
            g_string_append_printf(out, "\\%c", s[1]);
            return;
        }
    }
    if (c >= 0x20 && c < 0x7f) {
        g_string_append_c(out, (char)c);
    } else if (c > 0xffff) {
        g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 + ((c - 0x10000) >> 10),
                               0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
        g_string_append_printf(out, "\\u%04X", c);
    }
}

static void json_print_str(const char *s, size_t len, GString *out)
{
    const char *end = s + len;

    g_string_append_c(out, '"');
    while (s < end) {
        gunichar c = g_utf8_get_char_validated(s, end - s);

        if (end - s >= 2 && (uint8_t)s[0] == 0xc0 && (uint8_t)s[1] == 0x80) {
            json_print_char(0, out);
            s += 2;
        } else if (c >= 0x110000) {             /* (gunichar)-1 and -2 too */
            json_print_char(0xfffd, out);
            s++;
        } else {
            json_print_char(c, out);
            s = g_utf8_next_char(s);
        }
    }
    g_string_append_c(out, '"');
}

static void json_newline(bool pretty, unsigned depth, GString *out)
{
    if (pretty) {
        g_string_append_printf(out, "\n%*s", 4 * (int)depth, "");
    }
}

static void json_print_value(const Json *j, bool pretty, unsigned depth, GString *out)
{
    char num[G_ASCII_DTOSTR_BUF_SIZE];

    switch (json_type(j)) {
    case JSON_NULL:
        g_string_append(out, "null");
        return;
    case JSON_BOOL:
        g_string_append(out, j->u != 0 ? "true" : "false");
        return;
    case JSON_INT:
        g_string_append_printf(out, "%" PRId64, (int64_t)j->u);
        return;
    case JSON_UINT:
        g_string_append_printf(out, "%" PRIu64, j->u);
        return;
    case JSON_DOUBLE:
        g_string_append(out, isfinite(j->d) ? g_ascii_dtostr(num, sizeof(num), j->d) : "null");
        return;
    case JSON_STR:
        json_print_str(j->str, j->n, out);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    g_string_append_c(out, j->type == JSON_ARRAY ? '[' : '{');
    for (size_t i = 0; i < j->n; i++) {
        if (i > 0) {
            g_string_append(out, pretty ? "," : ", ");
        }
        json_newline(pretty, depth + 1, out);
        if (j->members[i].key != NULL) {
            json_print_str(j->members[i].key, strlen(j->members[i].key), out);
            g_string_append(out, ": ");
        }
        json_print_value(j->members[i].value, pretty, depth + 1, out);
    }
    json_newline(pretty, depth, out);
    g_string_append_c(out, j->type == JSON_ARRAY ? ']' : '}');
}

void json_print_to(const Json *j, bool pretty, GString *out)
{
    json_print_value(j, pretty, 0, out);
}

char *json_print(const Json *j, bool pretty)
{
    GString *out = g_string_new(NULL);

    json_print_to(j, pretty, out);
    return g_string_free(out, FALSE);
}
