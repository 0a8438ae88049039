/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fast hashes for tables inside the process: not against attackers, not stable between versions. */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Every input bit reaches every output bit. */
static inline uint64_t hash_u64(uint64_t v)
{
    unsigned __int128 p = (unsigned __int128)(v ^ 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;

    v = (uint64_t)p ^ (uint64_t)(p >> 64);
    p = (unsigned __int128)v * 0xa0761d6478bd642full;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t hash_two(uint64_t a, uint64_t b)
{
    return hash_u64(a ^ (hash_u64(b) << 1 | hash_u64(b) >> 63));
}

uint64_t hash_bytes(const void *buf, size_t len, uint64_t seed);

#endif
