/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, sizes and switches as users type them, and near matches of misspelt words. */
#include "util/parse.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "util/bits.h"

bool parse_u64(const char *text, int base, uint64_t *ret)
{
    char *end;
    uint64_t v;

    if (!g_ascii_isalnum(text[0])) {        /* strtoull takes blanks and signs */
        return false;
    }
    errno = 0;
    v = g_ascii_strtoull(text, &end, base);
    if (errno != 0 || end == text || *end != '\0') {
        return false;
    }
    *ret = v;
    return true;
}

bool parse_i64(const char *text, int base, int64_t *ret)
{
    bool minus = text[0] == '-';
    uint64_t v;

    if (!parse_u64(text + (minus || text[0] == '+'), base, &v)) {
        return false;
    }
    if (v > (uint64_t)INT64_MAX + minus) {
        return false;
    }
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool parse_uint(const char *text, int base, uint64_t max, uint64_t *ret)
{
    uint64_t v;

    if (!parse_u64(text, base, &v) || v > max) {
        return false;
    }
    *ret = v;
    return true;
}

bool parse_double(const char *text, double *ret)
{
    char *end;
    double v;

    if (text[0] == '\0' || strchr("+-.0123456789", text[0]) == NULL || strpbrk(text, "xXnN") != NULL) {
        return false;
    }
    v = g_ascii_strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v)) {
        return false;
    }
    *ret = v;
    return true;
}

/* The unit of a suffix; 0: no such suffix. */
static uint64_t size_suffix(char c)
{
    static const char letters[] = "BKMGTPE";
    const char *at = c == '\0' ? NULL : strchr(letters, g_ascii_toupper(c));

    return at == NULL ? 0 : 1ull << (10 * (at - letters));
}

bool parse_size(const char *text, uint64_t unit, uint64_t *ret)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end;
    uint64_t whole, mul = unit;
    double fraction = 0;

    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    whole = g_ascii_strtoull(text, &end, hex ? 16 : 10);
    if (errno != 0 || (hex && end <= text + 2)) {
        return false;
    }
    if (*end == '.' && !hex) {
        double place = 0.1;

        for (end++; g_ascii_isdigit(*end); end++, place /= 10) {
            fraction += (*end - '0') * place;
        }
    }
    if (*end != '\0') {
        mul = hex ? 0 : size_suffix(*end++);
        if (mul == 0 || *end != '\0') {
            return false;
        }
    }
    if (fraction > 0 && mul == 1) {
        return false;                       /* part of a byte */
    }
    if (whole > UINT64_MAX / mul) {
        return false;
    }
    whole *= mul;
    if ((uint64_t)(fraction * (double)mul) > UINT64_MAX - whole) {
        return false;
    }
    *ret = whole + (uint64_t)(fraction * (double)mul);
    return true;
}

bool parse_bool(const char *text, bool *ret)
{
    static const char *const yes[] = { "on", "yes", "true", "y", NULL };
    static const char *const no[] = { "off", "no", "false", "n", NULL };

    if (g_strv_contains(yes, text)) {
        *ret = true;
        return true;
    }
    if (g_strv_contains(no, text)) {
        *ret = false;
        return true;
    }
    return false;
}

char *size_text(uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    unsigned i = 0;
    double v = (double)bytes;

    for (; i + 1 < G_N_ELEMENTS(units) && v >= 1000; i++) {
        v /= 1024;
    }
    return g_strdup_printf("%0.3g %s", v, units[i]);
}

bool id_valid(const char *id)
{
    if (!g_ascii_isalpha(id[0])) {
        return false;
    }
    for (id++; *id != '\0'; id++) {
        if (!g_ascii_isalnum(*id) && strchr("-._", *id) == NULL) {
            return false;
        }
    }
    return true;
}

enum { WORD_MAX = 63 };

/* Damerau-Levenshtein with neighbours swapped, in half units so that case weighs less. */
unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
    size_t la = strlen(a), lb = strlen(b);
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    if (la > WORD_MAX || lb > WORD_MAX || (la > lb ? la - lb : lb - la) > limit) {
        return limit + 1;
    }
    for (size_t j = 0; j <= lb; j++) {
        above[j] = 2 * (unsigned)j;
    }
    for (size_t i = 1; i <= la; i++) {
        unsigned *free_row = before;

        row[0] = 2 * (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned same = a[i - 1] == b[j - 1] ? 0
                : g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]) ? 1 : 2;

            row[j] = MIN(MIN(above[j] + 2, row[j - 1] + 2), above[j - 1] + same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && same != 0) {
                row[j] = MIN(row[j], before[j - 2] + 2);
            }
        }
        before = above;
        above = row;
        row = free_row;
    }
    return MIN((above[lb] + 1) / 2, limit + 1);
}

const char *near_match(const char *word, const char *const *candidates)
{
    size_t len = strlen(word);
    unsigned best = len <= 3 ? 1 : len <= 6 ? 2 : 3;    /* more than this is another word */
    const char *found = NULL;

    for (; *candidates != NULL; candidates++) {
        unsigned d = edit_distance(word, *candidates, best);

        if (d < best || (d == best && found == NULL)) {
            best = d;
            found = *candidates;
        }
    }
    return found;
}
