/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit and integer helpers. All evaluate their arguments once. */
#ifndef UTIL_BITS_H
#define UTIL_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S 1000000000ll
#define NS_PER_MS 1000000ll
#define NS_PER_US 1000ll

#define KIB (1024ull)
#define MIB (1024ull * 1024)
#define GIB (1024ull * 1024 * 1024)

#ifndef BIT
#define BIT(n) (1u << (n))
#endif
#define BIT64(n) (1ull << (n))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Register fields given by their mask: FIELD_GET(0xf0, 0x5a) == 5. The mask is not 0. */
#define FIELD_GET(mask, value) (((value) & (mask)) / ((mask) & -(mask)))
#define FIELD_PUT(mask, value) (((value) * ((mask) & -(mask))) & (mask))

/* The lowest n bits set; n is 0..64. */
static inline uint64_t mask64(unsigned n) { return n >= 64 ? UINT64_MAX : (1ull << n) - 1; }

/* len is 1..64, start + len <= 64. */
static inline uint64_t extract64(uint64_t v, unsigned start, unsigned len)
{
    return (v >> start) & mask64(len);
}

static inline uint64_t deposit64(uint64_t v, unsigned start, unsigned len, uint64_t field)
{
    uint64_t mask = mask64(len) << start;

    return (v & ~mask) | ((field << start) & mask);
}

static inline uint32_t extract32(uint32_t v, unsigned start, unsigned len)
{
    return (uint32_t)extract64(v, start, len);
}

static inline uint32_t deposit32(uint32_t v, unsigned start, unsigned len, uint32_t field)
{
    return (uint32_t)deposit64(v, start, len, field);
}

/* The low len bits of v as a signed number; len is 1..64. */
static inline int64_t sign_extend64(uint64_t v, unsigned len)
{
    return (int64_t)(v << (64 - len)) >> (64 - len);
}

static inline bool is_pow2(uint64_t v) { return v != 0 && (v & (v - 1)) == 0; }
/* unit is a power of two. round_up wraps to 0 above the last multiple. */
static inline uint64_t round_down(uint64_t v, uint64_t unit) { return v & ~(unit - 1); }
static inline uint64_t round_up(uint64_t v, uint64_t unit) { return (v + unit - 1) & ~(unit - 1); }
static inline uint64_t div_round_up(uint64_t v, uint64_t by) { return v / by + (v % by != 0); }

/* Number of the lowest/highest set bit; v is not 0. */
static inline unsigned low_bit(uint64_t v) { return (unsigned)__builtin_ctzll(v); }
static inline unsigned high_bit(uint64_t v) { return 63u - (unsigned)__builtin_clzll(v); }
static inline unsigned pop_count(uint64_t v) { return (unsigned)__builtin_popcountll(v); }
/* The smallest power of two that is not below v; 0 when it needs 65 bits. 1 for 0. */
static inline uint64_t pow2_ceil(uint64_t v)
{
    return v <= 1 ? 1 : v > (1ull << 63) ? 0 : 1ull << (high_bit(v - 1) + 1);
}

static inline uint32_t rotl32(uint32_t v, unsigned n) { return (v << (n & 31)) | (v >> (-n & 31)); }
static inline uint64_t rotl64(uint64_t v, unsigned n) { return (v << (n & 63)) | (v >> (-n & 63)); }

/* a * b / c with a 128-bit product, rounded down, saturated to 64 bits. c is not 0. */
static inline uint64_t muldiv64(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 q = (unsigned __int128)a * b / c;

    return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

/* The same, rounded up. */
static inline uint64_t muldiv64_up(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 q = ((unsigned __int128)a * b + (c - 1)) / c;

    return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

#endif
