/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores of little- and big-endian numbers at any alignment, and byte-order conversion. */
#ifndef UTIL_BSWAP_H
#define UTIL_BSWAP_H

#include <stdint.h>
#include <string.h>

static inline uint16_t bswap16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t bswap32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t bswap64(uint64_t v) { return __builtin_bswap64(v); }

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BSWAP_LE(bits, v) (v)
#define BSWAP_BE(bits, v) __builtin_bswap##bits(v)
#else
#define BSWAP_LE(bits, v) __builtin_bswap##bits(v)
#define BSWAP_BE(bits, v) (v)
#endif

/* host_to_le16(v) ... be64_to_host(v): ld_le16(p) ... st_be64(p, v). */
#define BSWAP_ACCESSORS(bits)                                                                   \
    static inline uint##bits##_t host_to_le##bits(uint##bits##_t v) { return BSWAP_LE(bits, v); } \
    static inline uint##bits##_t host_to_be##bits(uint##bits##_t v) { return BSWAP_BE(bits, v); } \
    static inline uint##bits##_t le##bits##_to_host(uint##bits##_t v) { return BSWAP_LE(bits, v); } \
    static inline uint##bits##_t be##bits##_to_host(uint##bits##_t v) { return BSWAP_BE(bits, v); } \
    static inline uint##bits##_t ld_he##bits(const void *p)                                     \
    {                                                                                           \
        uint##bits##_t v;                                                                       \
        memcpy(&v, p, sizeof(v));                                                               \
        return v;                                                                               \
    }                                                                                           \
    static inline void st_he##bits(void *p, uint##bits##_t v) { memcpy(p, &v, sizeof(v)); }     \
    static inline uint##bits##_t ld_le##bits(const void *p) { return BSWAP_LE(bits, ld_he##bits(p)); } \
    static inline uint##bits##_t ld_be##bits(const void *p) { return BSWAP_BE(bits, ld_he##bits(p)); } \
    static inline void st_le##bits(void *p, uint##bits##_t v) { st_he##bits(p, BSWAP_LE(bits, v)); } \
    static inline void st_be##bits(void *p, uint##bits##_t v) { st_he##bits(p, BSWAP_BE(bits, v)); }

BSWAP_ACCESSORS(16)
BSWAP_ACCESSORS(32)
BSWAP_ACCESSORS(64)
#undef BSWAP_ACCESSORS

static inline uint8_t ld_u8(const void *p) { return *(const uint8_t *)p; }
static inline void st_u8(void *p, uint8_t v) { *(uint8_t *)p = v; }

/* A number of 1, 2, 4 or 8 bytes; any other size reads as 0 and stores nothing. */
static inline uint64_t ld_le_n(const void *p, unsigned size)
{
    switch (size) {
    case 1: return ld_u8(p);
    case 2: return ld_le16(p);
    case 4: return ld_le32(p);
    case 8: return ld_le64(p);
    default: return 0;
    }
}

static inline void st_le_n(void *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: st_u8(p, (uint8_t)v); break;
    case 2: st_le16(p, (uint16_t)v); break;
    case 4: st_le32(p, (uint32_t)v); break;
    case 8: st_le64(p, v); break;
    default: break;
    }
}

#endif
