/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash of bytes: two lanes of multiply-fold over 16-byte steps. */
#include "util/hash.h"
#include "util/bswap.h"

static uint64_t hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;

    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t hash_bytes(const void *buf, size_t len, uint64_t seed)
{
    const unsigned char *p = buf;
    uint64_t h = hash_u64(seed ^ len), tail[2] = { 0, 0 };

    for (; len >= 16; p += 16, len -= 16) {
        h = hash_fold(ld_he64(p) ^ 0x8bb84b93962eacc9ull ^ h, ld_he64(p + 8) ^ 0x4b33a62ed433d4a3ull);
    }
    memcpy(tail, p, len);
    h = hash_fold(tail[0] ^ 0x8bb84b93962eacc9ull ^ h, tail[1] ^ 0x4d5a2da51de1aa47ull);
    return hash_u64(h);
}
