/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversions between nanoseconds and the ticks of a fixed-rate counter, exact in 128 bits. */
#ifndef HW_TIMER_TICKS_H
#define HW_TIMER_TICKS_H

#include <stdint.h>

enum { NS_PER_SECOND = 1000000000 };

/* a * b / c, rounded down; c is not 0 and the result fits. */
static inline uint64_t ticks_muldiv(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)((unsigned __int128)a * b / c);
}

static inline uint64_t ticks_of_ns(uint64_t ns, uint64_t hz)
{
    return ticks_muldiv(ns, hz, NS_PER_SECOND);
}

/* The first nanosecond at which the counter has made that many ticks. */
static inline uint64_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
    return (uint64_t)(((unsigned __int128)ticks * NS_PER_SECOND + hz - 1) / hz);
}

#endif
