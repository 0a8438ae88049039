/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data phases of the floppy controller: by DMA channel or byte by byte through the FIFO. Sectors
 * are moved synchronously: a floppy is small and its drivers wait anyway. */
#include "hw/block/fdc_int.h"

#include <string.h>

#include "util/log.h"

enum { MSR_RQM = 0x80, MSR_DIO = 0x40, MSR_NDMA = 0x20, MSR_BUSY = 0x10 };
enum {
    ST0_ABNORMAL = 0x40,
    ST0_SEEK = 0x20,
    ST1_EN = 0x80,
    ST1_ND = 0x04,
    ST1_NW = 0x02,
    ST1_MA = 0x01,
    ST2_CRC = 0x20
};
enum { DOR_DMA = 0x08, TIMER1_NDMA = 0x01 };

static void fdc_fill_results(Fdc *s, uint8_t st0, uint8_t st1, uint8_t st2)
{
    Floppy *f = fdc_drive(s);

    s->status0 = (uint8_t)(st0 | (s->dor & 3) | (f != NULL && f->head ? 4 : 0));
    s->fifo[0] = s->status0;
    s->fifo[1] = st1;
    s->fifo[2] = st2;
    s->fifo[3] = f != NULL ? f->track : 0;
    s->fifo[4] = f != NULL ? f->head : 0;
    s->fifo[5] = f != NULL ? f->sect : 1;
    s->fifo[6] = 2; /* 512 bytes */
}

void fdc_end_transfer(Fdc *s, uint8_t st0, uint8_t st1, uint8_t st2)
{
    if (s->by_dma) {
        isa_dma_release(isa_bus_of(&s->isa.dev)->dma, s->dma);
    }
    fdc_fill_results(s, st0, st1, st2);
    s->msr = MSR_RQM | MSR_DIO | MSR_BUSY;
    fdc_result(s, 7);
    fdc_raise(s);
}

static bool fdc_load(Fdc *s)
{
    Floppy *f = fdc_drive(s);
    uint64_t off;

    if (s->is_write) {
        return true;
    }
    memset(s->sector, 0, sizeof(s->sector));
    if (f == NULL || !floppy_offset(f, &off)) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND, 0);
        return false;
    }
    if (off + FD_SECTOR <= block_length(f->blk) &&
        block_pread(f->blk, off, s->sector, FD_SECTOR) < 0) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND | 0x20, ST2_CRC);
        return false;
    }
    return true;
}

static bool fdc_store(Fdc *s)
{
    Floppy *f = fdc_drive(s);
    uint64_t off;

    if (!s->is_write) {
        return true;
    }
    if (f == NULL || !floppy_offset(f, &off)) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND, 0);
        return false;
    }
    if (block_pwrite(f->blk, off, s->sector, FD_SECTOR, 0) < 0) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND | 0x20, ST2_CRC);
        return false;
    }
    return true;
}

/* One sector is through. False: the transfer has ended. */
static bool fdc_sector_done(Fdc *s)
{
    s->data_pos = 0;
    if (!fdc_store(s)) {
        return false;
    }
    if (!floppy_next_sector(fdc_drive(s), s->eot, s->multi)) {
        /* Without a terminal count the end of the track is an error; with DMA the caller knows
         * better. */
        fdc_end_transfer(s, s->by_dma ? 0 : ST0_ABNORMAL, s->by_dma ? 0 : ST1_EN, 0);
        return false;
    }
    return true;
}

/* ---- FORMAT TRACK: four bytes for each sector; the track is filled */

static bool fdc_format_sector(Fdc *s)
{
    Floppy *f = fdc_drive(s);

    s->data_pos = 0;
    f->sect = s->fifo[10];
    f->track = s->fifo[8];
    f->head = s->fifo[9] & 1;
    memset(s->sector, s->fill, FD_SECTOR);
    if (!fdc_store(s)) {
        return false;
    }
    if (--s->eot == 0) {
        fdc_end_transfer(s, 0, 0, 0);
        return false;
    }
    return true;
}

unsigned fdc_dma(void *opaque, unsigned channel, unsigned pos, unsigned size)
{
    Fdc *s = opaque;
    IsaDma *d = isa_bus_of(&s->isa.dev)->dma;

    if (s->phase != FD_EXECUTION || !s->by_dma) {
        return pos;
    }
    while (pos < size && s->phase == FD_EXECUTION) {
        unsigned unit = s->is_format ? 4 : FD_SECTOR, n = MIN(size - pos, unit - s->data_pos);
        uint8_t *buf = s->is_format ? &s->fifo[8] : s->sector;

        if (s->data_pos == 0 && !s->is_format && !fdc_load(s)) {
            return pos;
        }
        if (s->is_write) {
            isa_dma_read(d, channel, buf + s->data_pos, pos, n);
        } else if (!s->is_verify) {
            isa_dma_write(d, channel, buf + s->data_pos, pos, n);
        }
        pos += n;
        s->data_pos += n;
        if (s->data_pos == unit) {
            if (s->is_format ? !fdc_format_sector(s) : !fdc_sector_done(s)) {
                return pos;
            }
        }
    }
    if (pos >= size && s->phase == FD_EXECUTION) {
        if (s->is_write && !s->is_format &&
            s->data_pos != 0) { /* the rest of the sector is zeros */
            memset(s->sector + s->data_pos, 0, FD_SECTOR - s->data_pos);
            if (!fdc_store(s)) {
                return pos;
            }
        }
        fdc_end_transfer(s, 0, 0, 0);
    }
    return pos;
}

/* ---- Without DMA */

static void fdc_pio_ready(Fdc *s)
{
    s->msr = (uint8_t)(MSR_RQM | MSR_NDMA | MSR_BUSY | (s->is_write ? 0 : MSR_DIO));
    fdc_raise(s);
}

uint8_t fdc_data_read(Fdc *s)
{
    uint8_t v;

    if (s->is_write) {
        return 0;
    }
    v = s->sector[s->data_pos++];
    if (s->data_pos == FD_SECTOR && fdc_sector_done(s) && fdc_load(s)) {
        fdc_pio_ready(s);
    }
    return v;
}

void fdc_data_write(Fdc *s, uint8_t val)
{
    if (!s->is_write) {
        return;
    }
    if (s->is_format) {
        s->fifo[8 + s->data_pos++] = val;
        if (s->data_pos == 4 && fdc_format_sector(s)) {
            fdc_pio_ready(s);
        }
        return;
    }
    s->sector[s->data_pos++] = val;
    if (s->data_pos == FD_SECTOR && fdc_sector_done(s)) {
        fdc_pio_ready(s);
    }
}

/* ---- Start */

static bool fdc_check(Fdc *s, Floppy *f)
{
    if (f == NULL || f->tracks == 0) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_MA, 0);
        return false;
    }
    if ((s->dsr & 3) != f->rate) { /* nothing readable at this rate */
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_MA, 0);
        return false;
    }
    if (s->is_write && f->read_only) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_NW, 0);
        return false;
    }
    return true;
}

static void fdc_execute(Fdc *s)
{
    bool dma =
        (s->dor & DOR_DMA) && !(s->timer1 & TIMER1_NDMA) && isa_bus_of(&s->isa.dev)->dma != NULL;

    s->by_dma = dma;
    s->data_pos = 0;
    s->phase = FD_EXECUTION;
    if (dma) {
        s->msr = MSR_BUSY;
        isa_dma_request(isa_bus_of(&s->isa.dev)->dma, s->dma);
        return;
    }
    if (fdc_load(s)) {
        fdc_pio_ready(s);
    }
}

/* READ, WRITE, VERIFY: fifo holds drive/head, C, H, R, N, EOT, gap, DTL. */
void fdc_start_transfer(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    s->by_dma = false;
    s->is_format = false;
    s->multi = s->command & 0x80;
    if (!fdc_check(s, f)) {
        return;
    }
    if (f->track != s->fifo[2] && (s->config & 0x40)) {
        f->track = s->fifo[2]; /* implied seek */
    }
    f->head = s->fifo[3] & 1;
    f->sect = s->fifo[4];
    s->eot = s->fifo[6];
    if (f->track != s->fifo[2] || s->fifo[2] >= f->tracks || f->head >= f->heads ||
        f->sect > f->sects || f->sect == 0 || s->fifo[5] != 2) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND, 0);
        return;
    }
    fdc_execute(s);
}

/* FORMAT TRACK: drive/head, N, sectors, gap, fill byte. */
void fdc_start_format(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    s->by_dma = false;
    s->is_write = s->is_format = true;
    if (!fdc_check(s, f)) {
        return;
    }
    s->eot = s->fifo[3];
    s->fill = s->fifo[5];
    if (s->eot == 0 || s->fifo[2] != 2) {
        fdc_end_transfer(s, ST0_ABNORMAL, ST1_ND, 0);
        return;
    }
    fdc_execute(s);
}
