/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps in 64-bit words, bit 0 first. Ranges are [start, start + n). */
#ifndef UTIL_BITMAP_H
#define UTIL_BITMAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

static inline size_t bitmap_words(uint64_t bits) { return (size_t)((bits + 63) / 64); }
static inline uint64_t *bitmap_new(uint64_t bits) { return g_new0(uint64_t, bitmap_words(bits) + 1); }
static inline bool bitmap_test(const uint64_t *m, uint64_t bit) { return (m[bit / 64] >> (bit % 64)) & 1; }
static inline void bitmap_set1(uint64_t *m, uint64_t bit) { m[bit / 64] |= 1ull << (bit % 64); }
static inline void bitmap_clear1(uint64_t *m, uint64_t bit) { m[bit / 64] &= ~(1ull << (bit % 64)); }

void bitmap_set(uint64_t *m, uint64_t start, uint64_t n);
void bitmap_clear(uint64_t *m, uint64_t start, uint64_t n);
/* First bit at or after start and below end that is 1 (or 0); end when there is none. */
uint64_t bitmap_next_set(const uint64_t *m, uint64_t start, uint64_t end);
uint64_t bitmap_next_clear(const uint64_t *m, uint64_t start, uint64_t end);
uint64_t bitmap_count(const uint64_t *m, uint64_t start, uint64_t n);

#endif
