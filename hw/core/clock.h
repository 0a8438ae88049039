/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversions between device ticks and nanoseconds, in 128-bit intermediates. */
#ifndef HW_CORE_CLOCK_H
#define HW_CORE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_S 1000000000ll

/* a * b / c, rounded down; c is not 0. Wraps only when the result needs more than 64 bits. */
static inline uint64_t clock_muldiv(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)((unsigned __int128)a * b / c);
}

static inline uint64_t clock_muldiv_up(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)(((unsigned __int128)a * b + c - 1) / c);
}

static inline uint64_t clock_ns_to_ticks(int64_t ns, uint32_t hz)
{
    return clock_muldiv((uint64_t)ns, hz, CLOCK_NS_PER_S);
}

/* Rounded up: after that many ns the tick has surely happened. */
static inline int64_t clock_ticks_to_ns(uint64_t ticks, uint32_t hz)
{
    return (int64_t)clock_muldiv_up(ticks, CLOCK_NS_PER_S, hz);
}

#endif
