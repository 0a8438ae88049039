/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of addresses given as start and length. None of these wraps at the top of the number space:
 * the range [2^64 - 4096, 2^64) is start and len as they are. Empty ranges overlap nothing. */
#ifndef UTIL_RANGE_H
#define UTIL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Inclusive bounds, so that all of the 64-bit space can be said; empty when lo > hi. */
typedef struct Range { uint64_t lo, hi; } Range;

static inline bool range_has(Range r, uint64_t v) { return r.lo <= v && v <= r.hi; }

/* Does [a, a + alen) lie within [b, b + blen)? */
static inline bool range_within(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
    return a >= b && a - b <= blen && alen <= blen - (a - b);
}

static inline bool ranges_overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
    if (alen == 0 || blen == 0) {
        return false;
    }
    return a <= b ? b - a < alen : a - b < blen;
}

#endif
