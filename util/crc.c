/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRCs by 256-entry tables made at first use from the polynomial. */
#include "util/crc.h"
#include <glib.h>

typedef struct CrcTable { gsize ready; uint32_t at[256]; } CrcTable;

/* Reflected polynomial. */
static const uint32_t *crc_table(CrcTable *t, uint32_t poly)
{
    if (g_once_init_enter(&t->ready)) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t v = i;

            for (int k = 0; k < 8; k++) {
                v = v >> 1 ^ (v & 1 ? poly : 0);
            }
            t->at[i] = v;
        }
        g_once_init_leave(&t->ready, 1);
    }
    return t->at;
}

static uint32_t crc32_run(const uint32_t *table, uint32_t crc, const void *buf, size_t len)
{
    const uint8_t *p = buf;

    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
    }
    return ~crc;
}

uint32_t crc32_ieee(uint32_t crc, const void *buf, size_t len)
{
    static CrcTable table;

    return crc32_run(crc_table(&table, 0xedb88320), crc, buf, len);
}

uint32_t crc32_c(uint32_t crc, const void *buf, size_t len)
{
    static CrcTable table;

    return crc32_run(crc_table(&table, 0x82f63b78), crc, buf, len);
}

uint16_t crc16_ccitt(uint16_t crc, const void *buf, size_t len)
{
    const uint8_t *p = buf;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint16_t)(p[i] << 8);
        for (int k = 0; k < 8; k++) {
            crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
        }
    }
    return crc;
}

uint16_t inet_sum(uint16_t sum, const void *buf, size_t len)
{
    const uint8_t *p = buf;
    uint64_t s = sum;

    for (size_t i = 0; i < len; i++) {
        s += i % 2 == 0 ? (uint64_t)p[i] << 8 : p[i];
    }
    while (s > 0xffff) {
        s = (s & 0xffff) + (s >> 16);
    }
    return (uint16_t)s;
}
