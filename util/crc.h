/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums: CRC-32 (IEEE 802.3), CRC-32C (Castagnoli), CRC-16/CCITT, the Internet checksum. */
#ifndef UTIL_CRC_H
#define UTIL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* crc is the result for what came before, 0 at first. */
uint32_t crc32_ieee(uint32_t crc, const void *buf, size_t len);
uint32_t crc32_c(uint32_t crc, const void *buf, size_t len);
uint16_t crc16_ccitt(uint16_t crc, const void *buf, size_t len);    /* x^16+x^12+x^5+1, high bit first */
/* One's complement sum of big-endian 16-bit words, not complemented (RFC 1071); sum: of an even-length part. */
uint16_t inet_sum(uint16_t sum, const void *buf, size_t len);

#endif
