/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDENTIFY DEVICE and IDENTIFY PACKET DEVICE data (ATA/ATAPI-7 vol. 1, 6.17 and 6.18). */
#include <string.h>

#include "hw/ide/ide.h"
#include "hw/pci/pci.h"

static void put_word(uint8_t *out, unsigned word, unsigned v)
{
    pci_set16(out + 2 * word, (uint16_t)v);
}

/* Text: two characters a word, the first in the upper byte, padded with blanks. */
static void put_text(uint8_t *out, unsigned word, unsigned len, const char *text)
{
    size_t n = strlen(text);

    for (unsigned i = 0; i < len; i++) {
        out[2 * word + (i ^ 1)] = i < n ? (uint8_t)text[i] : ' ';
    }
}

static void put_common(IdeDrive *s, uint8_t *out)
{
    put_text(out, 10, 20, s->serial);
    put_word(out, 20, 3);
    put_word(out, 21, 512);
    put_word(out, 22, 4);
    put_text(out, 23, 8, s->version);
    put_text(out, 27, 40, s->model);
    put_word(out, 48, 1);
}

/* Words 62, 63 and 88: supported modes, and the chosen one in the upper byte. */
static void put_dma_modes(const IdeDrive *s, uint8_t *out)
{
    unsigned kind = s->dma_mode >> 3, bit = 0x100u << (s->dma_mode & 7);

    put_word(out, 62, 0x07 | (kind == 2 ? bit : 0));
    put_word(out, 63, 0x07 | (kind == 4 ? bit : 0));
    put_word(out, 88, 0x3f | (kind == 8 ? bit : 0));
}

static void put_features(IdeDrive *s, uint8_t *out)
{
    bool wwn = s->wwn != 0;

    put_word(out, 80, 0xf0);
    put_word(out, 81, 0x16);
    put_word(out, 82, 1 << 14 | 1 << 5 | 1);                  /* NOP, write cache, SMART */
    put_word(out, 83, 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10); /* flush ext, flush, 48-bit */
    put_word(out, 84, (unsigned)(1 << 14 | (wwn ? 1 << 8 : 0)));
    put_word(out, 85, (unsigned)(1 << 14 | (s->write_cache ? 1 << 5 : 0) | s->smart_on));
    put_word(out, 86, 1 << 13 | 1 << 12 | 1 << 10);
    put_word(out, 87, (unsigned)(1 << 14 | (wwn ? 1 << 8 : 0)));
    put_word(out, 93, 1 | 1 << 14 | 0x2000);
    for (unsigned i = 0; i < 4; i++) {
        put_word(out, 100 + i, (uint16_t)(s->sectors >> (16 * i)));
        put_word(out, 108 + i, wwn ? (uint16_t)(s->wwn >> (48 - 16 * i)) : 0);
    }
    put_word(out, 169, 1); /* TRIM */
    put_word(out, 217, s->rotation_rate);
}

void ide_identify(IdeDrive *s, uint8_t out[IDE_SECTOR])
{
    uint64_t chs = (uint64_t)s->cyls * s->heads * s->secs, lba28 = MIN(s->sectors, 0x0fffffff);

    memset(out, 0, IDE_SECTOR);
    put_word(out, 0, 0x0040);
    put_word(out, 1, s->cyls);
    put_word(out, 3, s->heads);
    put_word(out, 4, 512 * s->secs);
    put_word(out, 5, 512);
    put_word(out, 6, s->secs);
    put_common(s, out);
    put_word(out, 47, 0x8000 | IDE_MULT_MAX);
    put_word(out, 49, 1 << 11 | 1 << 9 | 1 << 8); /* IORDY, LBA, DMA */
    put_word(out, 51, 0x200);
    put_word(out, 52, 0x200);
    put_word(out, 53, 7);
    put_word(out, 54, s->cyls);
    put_word(out, 55, s->heads);
    put_word(out, 56, s->secs);
    put_word(out, 57, (uint16_t)chs);
    put_word(out, 58, (uint16_t)(chs >> 16));
    put_word(out, 59, s->mult != 0 ? 0x100u | s->mult : 0);
    put_word(out, 60, (uint16_t)lba28);
    put_word(out, 61, (uint16_t)(lba28 >> 16));
    put_dma_modes(s, out);
    put_word(out, 64, 3);
    for (unsigned i = 65; i <= 68; i++) {
        put_word(out, i, 120);
    }
    put_word(out, 69, 1 << 14); /* trimmed sectors read the same each time */
    put_features(s, out);
}

void ide_identify_packet(IdeDrive *s, uint8_t out[IDE_SECTOR])
{
    memset(out, 0, IDE_SECTOR);
    put_word(out, 0, 2 << 14 | 5 << 8 | 1 << 7 | 2 << 5); /* CD-ROM, removable, 12-byte packets */
    put_common(s, out);
    put_word(out, 49, 1 << 9 | (s->ibus->dma != NULL ? 1 << 8 : 0));
    put_word(out, 53, 7);
    if (s->ibus->dma != NULL) {
        put_dma_modes(s, out);
    }
    put_word(out, 64, 3);
    put_word(out, 65, 0xb4);
    put_word(out, 66, 0xb4);
    put_word(out, 67, 0x12c);
    put_word(out, 68, 0xb4);
    put_word(out, 71, 30);
    put_word(out, 72, 30);
    put_word(out, 80, 0x1e);
}
