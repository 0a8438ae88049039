/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers of numbers, sizes and switches that users type: one of each. All take the whole text: rest text,
 * overflow, an empty string or leading white space is refused. On failure *ret is untouched; the caller
 * knows the name of the parameter and says what is wrong (see parse_fail_*). */
#ifndef UTIL_PARSE_H
#define UTIL_PARSE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* base 0: decimal, 0x hexadecimal, 0 octal, as C has it. No sign. */
bool parse_u64(const char *text, int base, uint64_t *ret);
bool parse_i64(const char *text, int base, int64_t *ret);
/* The same, and no more than max. */
bool parse_uint(const char *text, int base, uint64_t max, uint64_t *ret);
/* A double in the C locale; no infinities, no NaN. */
bool parse_double(const char *text, double *ret);
/* Bytes: "4096", "0x1000", "64k", "1.5G"; suffixes b k m g t p e in either case; unit is what a bare number
 * counts (1, or MIB for -m). Fractions only in decimal and only if the result is whole after rounding down. */
bool parse_size(const char *text, uint64_t unit, uint64_t *ret);
/* on off yes no true false y n */
bool parse_bool(const char *text, bool *ret);
/* "12.5G" style and "1 GiB" style texts; freed by the caller. */
char *size_text(uint64_t bytes);

/* Ids: a letter, then letters, digits, '-', '.', '_'. */
bool id_valid(const char *id);

/* The candidate (a NULL-terminated list) nearest to a misspelt word; NULL when none is near. */
const char *near_match(const char *word, const char *const *candidates);
/* The number of single-character insertions, deletions, replacements and swaps of neighbours between a and b,
 * at most limit + 1. Case counts half a change, rounded up. */
unsigned edit_distance(const char *a, const char *b, unsigned limit);

#endif
