/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUID texts and bytes, RFC 4122 sections 3 and 4.4. */
#include "util/uuid.h"
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/random.h>

enum { UUID_TEXT_LEN = 36 };

static bool uuid_dash_at(int i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *text, Uuid *ret)
{
    Uuid u;
    int n = 0;

    if (strlen(text) != UUID_TEXT_LEN) {
        return false;
    }
    for (int i = 0; i < UUID_TEXT_LEN; i++) {
        if (uuid_dash_at(i)) {
            if (text[i] != '-') {
                return false;
            }
            continue;
        }
        if (!g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1])) {
            return false;
        }
        u.b[n++] = (uint8_t)(g_ascii_xdigit_value(text[i]) * 16 + g_ascii_xdigit_value(text[i + 1]));
        i++;
    }
    *ret = u;
    return true;
}

char *uuid_text(const Uuid *u)
{
    GString *s = g_string_sized_new(UUID_TEXT_LEN);

    for (int i = 0; i < 16; i++) {
        g_string_append_printf(s, "%s%02x", uuid_dash_at((int)s->len) ? "-" : "", u->b[i]);
    }
    return g_string_free(s, FALSE);
}

Uuid uuid_random(void)
{
    Uuid u;
    ssize_t n = getrandom(u.b, sizeof(u.b), 0);

    g_assert(n == (ssize_t)sizeof(u.b));        /* cannot fail for this few bytes, getrandom(2) */
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

bool uuid_is_null(const Uuid *u)
{
    static const Uuid null;

    return memcmp(u, &null, sizeof(null)) == 0;
}

Uuid uuid_swap(const Uuid *u)
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    Uuid s;

    for (int i = 0; i < 16; i++) {
        s.b[i] = u->b[order[i]];
    }
    return s;
}
