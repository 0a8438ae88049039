/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps, a word at a time. */
#include "util/bitmap.h"
#include "util/bits.h"

/* The bits of word i that lie in [start, start + n). */
static uint64_t bitmap_mask(uint64_t i, uint64_t start, uint64_t end)
{
    uint64_t mask = UINT64_MAX;

    if (i == start / 64) {
        mask &= UINT64_MAX << (start % 64);
    }
    if (i == end / 64) {
        mask &= mask64(end % 64);
    }
    return mask;
}

void bitmap_set(uint64_t *m, uint64_t start, uint64_t n)
{
    for (uint64_t i = start / 64; n > 0 && i <= (start + n - 1) / 64; i++) {
        m[i] |= bitmap_mask(i, start, start + n);
    }
}

void bitmap_clear(uint64_t *m, uint64_t start, uint64_t n)
{
    for (uint64_t i = start / 64; n > 0 && i <= (start + n - 1) / 64; i++) {
        m[i] &= ~bitmap_mask(i, start, start + n);
    }
}

static uint64_t bitmap_find(const uint64_t *m, uint64_t start, uint64_t end, uint64_t flip)
{
    for (uint64_t i = start / 64; start < end && i <= (end - 1) / 64; i++) {
        uint64_t w = (m[i] ^ flip) & bitmap_mask(i, start, end);

        if (w != 0) {
            return i * 64 + low_bit(w);
        }
    }
    return end;
}

uint64_t bitmap_next_set(const uint64_t *m, uint64_t start, uint64_t end)
{
    return bitmap_find(m, start, end, 0);
}

uint64_t bitmap_next_clear(const uint64_t *m, uint64_t start, uint64_t end)
{
    return bitmap_find(m, start, end, UINT64_MAX);
}

uint64_t bitmap_count(const uint64_t *m, uint64_t start, uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = start / 64; n > 0 && i <= (start + n - 1) / 64; i++) {
        sum += pop_count(m[i] & bitmap_mask(i, start, start + n));
    }
    return sum;
}
