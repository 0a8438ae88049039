/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ATAPI CD/DVD drive: packet protocol (ATA/ATAPI-7 vol. 2, 11) and the MMC-5 commands that
 * firmware, boot loaders and operating systems use on data discs. Sectors come by PIO in portions
 * of the byte count limit, or by DMA. Not modelled: audio, writing, subchannels, regions, several
 * sessions. */
#include <string.h>

#include "hw/ide/ide.h"
#include "util/log.h"

enum {
    SENSE_NONE = 0,
    SENSE_NOT_READY = 2,
    SENSE_MEDIUM = 3,
    SENSE_ILLEGAL = 5,
    SENSE_ATTENTION = 6
};
enum {
    ASC_INVALID_OPCODE = 0x20,
    ASC_LBA_RANGE = 0x21,
    ASC_INVALID_FIELD = 0x24,
    ASC_CHANGED = 0x28,
    ASC_SAVING = 0x39,
    ASC_NO_MEDIUM = 0x3a,
    ASC_LOCKED = 0x53,
    ASC_READ_ERROR = 0x11,
    ASC_MODE = 0x64
};
enum { REASON_COMMAND = 1 << 0 /* C/D */, REASON_TO_HOST = 1 << 1 /* I/O */ };
enum { PIO_CHUNK = 32 /* CD sectors read at once */, DVD_SECTORS = 405000 /* more is no CD */ };

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static void put_be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint64_t cd_blocks(const IdeDrive *s)
{
    return s->sectors / 4;
}

static bool cd_has_medium(const IdeDrive *s)
{
    return !s->tray_open && block_inserted(s->blk) && s->sectors != 0;
}

/* ---- End of a command */

static void atapi_ok(IdeDrive *s)
{
    s->sense_key = s->asc = s->ascq = 0;
    s->error = 0;
    s->status = IDE_READY | IDE_SEEK;
    s->nsector = (uint8_t)((s->nsector & ~7) | REASON_TO_HOST | REASON_COMMAND);
    ide_set_irq(s);
}

static void atapi_fail(IdeDrive *s, uint8_t key, uint8_t asc)
{
    s->sense_key = key;
    s->asc = asc;
    s->ascq = 0;
    s->error = (uint8_t)(key << 4);
    s->status = IDE_READY | IDE_ERR;
    s->xfer = IDE_XFER_NONE;
    s->nsector = (uint8_t)((s->nsector & ~7) | REASON_TO_HOST | REASON_COMMAND);
    ide_set_irq(s);
}

void atapi_reset(IdeDrive *s)
{
    s->sense_key = s->asc = s->ascq = 0;
    s->tray_locked = false;
    s->reply_left = s->reply_at = 0;
}

/* ---- Replies that fit the buffer: reply_left bytes from reply_at are still to be sent */

static void atapi_reply_portion(IdeDrive *s);

static void atapi_portion_done(IdeDrive *s)
{
    if (s->reply_left == 0) {
        atapi_ok(s);
    } else {
        atapi_reply_portion(s);
    }
}

static void atapi_reply_portion(IdeDrive *s)
{
    uint32_t n = MIN(s->reply_left, s->byte_limit);

    if (n < s->reply_left) {
        n &= ~1u; /* only the last portion may be odd */
    }
    s->lcyl = (uint8_t)n;
    s->hcyl = (uint8_t)(n >> 8);
    s->nsector = (uint8_t)((s->nsector & ~7) | REASON_TO_HOST);
    ide_pio_start(s, IDE_XFER_IN, s->reply_at + n, atapi_portion_done);
    s->pos = s->reply_at;
    s->reply_at += n;
    s->reply_left -= n;
    ide_set_irq(s);
}

static void atapi_dma_finish(IdeDrive *s, bool error)
{
    IdeBus *bus = s->ibus;

    bus->dma_drive = NULL;
    s->dma_wanted = false;
    bus->dma->done(bus->dma_opaque, error);
}

static void atapi_request_dma(IdeDrive *s)
{
    if (s->ibus->dma_drive != NULL) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    s->status = IDE_READY | IDE_SEEK | IDE_DRQ | IDE_BUSY;
    s->dma_wanted = true;
    s->ibus->dma_drive = s;
    s->ibus->dma->request(s->ibus->dma_opaque);
}

/* Sends the first size bytes of buf, as many as the host allowed. */
static void atapi_reply(IdeDrive *s, uint32_t size, uint32_t max)
{
    size = MIN(size, max);
    s->left = 0;
    if (size == 0) {
        atapi_ok(s);
        return;
    }
    s->reply_at = 0;
    s->reply_left = size;
    if (s->atapi_dma) {
        atapi_request_dma(s);
    } else {
        atapi_reply_portion(s);
    }
}

/* ---- Sectors */

static void cd_read_more(IdeDrive *s);

static void cd_portion_done(IdeDrive *s)
{
    if (s->reply_left != 0) {
        atapi_reply_portion(s);
        s->xfer_done = cd_portion_done;
    } else if (s->left != 0) {
        cd_read_more(s);
    } else {
        atapi_ok(s);
    }
}

static void cd_read_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;
    bool ignore;

    s->req = NULL;
    if (ret < 0 && ide_error(s, true, ret, cd_read_more, &ignore)) {
        return;
    }
    if (ret < 0 && !ignore) {
        atapi_fail(s, SENSE_MEDIUM, ASC_READ_ERROR);
        return;
    }
    s->lba += s->chunk;
    s->left -= s->chunk;
    s->reply_at = 0;
    s->reply_left = s->chunk * CD_SECTOR;
    atapi_reply_portion(s);
    s->xfer_done = cd_portion_done;
}

static void cd_read_more(IdeDrive *s)
{
    s->status = IDE_READY | IDE_SEEK | IDE_BUSY;
    s->chunk = MIN(s->left, PIO_CHUNK);
    s->iov = (struct iovec){ s->buf, (size_t)s->chunk * CD_SECTOR };
    s->req = block_read(s->blk, s->lba * CD_SECTOR, &s->iov, 1, cd_read_done, s);
}

static void cd_dma_next(IdeDrive *s);

static void cd_dma_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;
    DmaMap *map = s->map;
    bool ignore = false;

    s->req = NULL;
    s->map = NULL;
    dma_unmap(map, ret < 0 ? 0 : s->map_len);
    if (ret < 0 && ide_error(s, true, ret, cd_dma_next, &ignore)) {
        return;
    }
    ide_drop_sg(s);
    if (ret < 0 && !ignore) {
        atapi_dma_finish(s, true);
        atapi_fail(s, SENSE_MEDIUM, ASC_READ_ERROR);
        return;
    }
    s->lba += s->chunk;
    s->left -= s->chunk;
    cd_dma_next(s);
}

static void cd_dma_next(IdeDrive *s)
{
    IdeBus *bus = s->ibus;
    const struct iovec *iov;
    int count;

    if (s->left == 0) {
        atapi_dma_finish(s, false);
        atapi_ok(s);
        return;
    }
    if (!s->has_sg) {
        dma_list_init(&s->sg, bus->dma_as);
        s->has_sg = true;
        s->map_len =
            bus->dma->take(bus->dma_opaque, &s->sg, (uint64_t)MIN(s->left, 512) * CD_SECTOR);
    }
    s->chunk = (uint32_t)(s->map_len / CD_SECTOR);
    s->map = s->chunk != 0 && s->map_len % CD_SECTOR == 0 ? dma_map(&s->sg, true) : NULL;
    if (s->map == NULL) {
        log_guest("ide: DMA table does not hold the transfer");
        ide_drop_sg(s);
        atapi_dma_finish(s, true);
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    iov = dma_map_iov(s->map, &count);
    s->req = block_read(s->blk, s->lba * CD_SECTOR, iov, count, cd_dma_done, s);
}

void atapi_dma_run(IdeDrive *s)
{
    DmaList l;

    if (s->left != 0) {
        s->is_write = false;
        cd_dma_next(s);
        return;
    }
    dma_list_init(&l, s->ibus->dma_as);
    s->ibus->dma->take(s->ibus->dma_opaque, &l, s->reply_left);
    dma_list_write(&l, 0, s->buf, s->reply_left);
    dma_list_fini(&l);
    s->reply_left = 0;
    atapi_dma_finish(s, false);
    atapi_ok(s);
}

static void cd_read(IdeDrive *s, uint32_t lba, uint32_t count)
{
    if (count == 0) {
        atapi_ok(s);
        return;
    }
    if (lba >= cd_blocks(s) || count > cd_blocks(s) - lba) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_LBA_RANGE);
        return;
    }
    s->lba = lba;
    s->left = count;
    if (s->atapi_dma) {
        atapi_request_dma(s);
    } else {
        cd_read_more(s);
    }
}

/* ---- Commands */

static void cmd_test_unit_ready(IdeDrive *s)
{
    atapi_ok(s);
}

static void cmd_request_sense(IdeDrive *s)
{
    uint8_t key = s->sense_key, asc = s->asc;

    memset(s->buf, 0, 18);
    s->buf[0] = 0xf0;
    s->buf[2] = key;
    s->buf[7] = 10;
    s->buf[12] = asc;
    s->buf[13] = s->ascq;
    if (key == SENSE_ATTENTION) {
        s->medium_new = false;
    }
    atapi_reply(s, 18, s->packet[4]);
}

static void cmd_inquiry(IdeDrive *s)
{
    if (s->packet[1] & 1) { /* vital product data: the list of pages only */
        memset(s->buf, 0, 8);
        s->buf[0] = 5;
        s->buf[1] = s->packet[2];
        if (s->packet[2] != 0) {
            atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
            return;
        }
        s->buf[3] = 1;
        atapi_reply(s, 5, be16(s->packet + 3));
        return;
    }
    memset(s->buf, 0, 36);
    s->buf[0] = 5;
    s->buf[1] = 0x80;
    s->buf[3] = 0x21;
    s->buf[4] = 31;
    memset(s->buf + 8, ' ', 28);
    memcpy(s->buf + 8, "QEMU", 4);
    memcpy(s->buf + 16, "QEMU DVD-ROM", 12);
    memcpy(s->buf + 32, s->version, MIN(strlen(s->version), 4));
    atapi_reply(s, 36, be16(s->packet + 3));
}

static void cmd_start_stop(IdeDrive *s)
{
    bool start = s->packet[4] & 1, load_eject = s->packet[4] & 2;

    if (load_eject && !start && s->tray_locked && !s->tray_open) {
        atapi_fail(s, cd_has_medium(s) ? SENSE_ILLEGAL : SENSE_NOT_READY, ASC_LOCKED);
        return;
    }
    if (load_eject) {
        bool was = s->tray_open;

        s->tray_open = !start;
        if (was && start) {
            s->medium_new = s->event_new = true;
        }
        if (was != s->tray_open) {
            block_tray_moved(s->blk, s->tray_open);
        }
    }
    atapi_ok(s);
}

static void cmd_prevent(IdeDrive *s)
{
    s->tray_locked = s->packet[4] & 1;
    atapi_ok(s);
}

static void cmd_read_capacity(IdeDrive *s)
{
    put_be32(s->buf, (uint32_t)(cd_blocks(s) - 1));
    put_be32(s->buf + 4, CD_SECTOR);
    atapi_reply(s, 8, 8);
}

static void cmd_read_10(IdeDrive *s)
{
    cd_read(s, be32(s->packet + 2), be16(s->packet + 7));
}

static void cmd_read_12(IdeDrive *s)
{
    cd_read(s, be32(s->packet + 2), be32(s->packet + 6));
}

static void cmd_read_cd(IdeDrive *s)
{
    uint32_t count = (uint32_t)s->packet[6] << 16 | be16(s->packet + 7);

    switch (s->packet[9] & 0xf8) {
    case 0x00: atapi_ok(s); break;
    case 0x10: /* user data */ cd_read(s, be32(s->packet + 2), count); break;
    default: atapi_fail(s, SENSE_ILLEGAL, ASC_MODE); break;
    }
}

static void cmd_seek(IdeDrive *s)
{
    if (be32(s->packet + 2) >= cd_blocks(s)) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_LBA_RANGE);
    } else {
        atapi_ok(s);
    }
}

static void put_address(uint8_t *p, bool msf, uint32_t lba)
{
    if (!msf) {
        put_be32(p, lba);
        return;
    }
    lba += 150;
    p[0] = 0;
    p[1] = (uint8_t)(lba / 75 / 60);
    p[2] = (uint8_t)(lba / 75 % 60);
    p[3] = (uint8_t)(lba % 75);
}

/* One data track and the lead-out. */
static uint32_t toc_tracks(IdeDrive *s, bool msf, unsigned first)
{
    uint8_t *p = s->buf + 4;

    if (first > 1 && first != 0xaa) {
        return 0;
    }
    s->buf[2] = s->buf[3] = 1;
    if (first <= 1) {
        memcpy(p, (uint8_t[]){ 0, 0x14, 1, 0 }, 4);
        put_address(p + 4, msf, 0);
        p += 8;
    }
    memcpy(p, (uint8_t[]){ 0, 0x16, 0xaa, 0 }, 4);
    put_address(p + 4, msf, (uint32_t)cd_blocks(s));
    p += 8;
    put_be16(s->buf, (uint32_t)(p - s->buf - 2));
    return (uint32_t)(p - s->buf);
}

/* Full TOC: points A0, A1, A2 and track 1. */
static uint32_t toc_full(IdeDrive *s, bool msf)
{
    static const uint8_t points[] = { 0xa0, 0xa1, 0xa2, 1 };
    uint8_t *p = s->buf + 4;

    s->buf[2] = s->buf[3] = 1;
    for (unsigned i = 0; i < 4; i++, p += 11) {
        memset(p, 0, 11);
        p[0] = 1;
        p[1] = points[i] == 0xa2 ? 0x16 : 0x14;
        p[3] = points[i];
        if (i < 2) {
            p[8] = 1;
        } else {
            put_address(p + 7, msf, i == 2 ? (uint32_t)cd_blocks(s) : 0);
        }
    }
    put_be16(s->buf, (uint32_t)(p - s->buf - 2));
    return (uint32_t)(p - s->buf);
}

static void cmd_read_toc(IdeDrive *s)
{
    bool msf = s->packet[1] & 2;
    unsigned format = s->packet[2] & 0x0f;
    uint32_t len = 0;

    if (format == 0) {
        format = s->packet[9] >> 6;
    }
    memset(s->buf, 0, 64);
    if (format == 0) {
        len = toc_tracks(s, msf, s->packet[6]);
    } else if (format == 1) { /* sessions */
        put_be16(s->buf, 10);
        s->buf[2] = s->buf[3] = 1;
        len = 12;
    } else if (format == 2) {
        len = toc_full(s, msf);
    }
    if (len == 0) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    atapi_reply(s, len, be16(s->packet + 7));
}

static void cmd_get_configuration(IdeDrive *s)
{
    uint8_t *b = s->buf;
    unsigned profile = !cd_has_medium(s) ? 0 : cd_blocks(s) > DVD_SECTORS ? 0x10 : 0x08;

    if ((s->packet[1] & 3) == 3) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    memset(b, 0, 40);
    put_be16(b + 6, profile);
    memcpy(b + 8, (uint8_t[]){ 0, 0, 0x03, 8 }, 4); /* profiles: DVD-ROM, CD-ROM */
    put_be16(b + 12, 0x10);
    b[14] = profile == 0x10;
    put_be16(b + 16, 0x08);
    b[18] = profile == 0x08;
    memcpy(b + 20, (uint8_t[]){ 0, 1, 0x0b, 8, 0, 0, 0, 2, 1, 0, 0, 0 }, 12); /* core: ATAPI */
    memcpy(b + 32, (uint8_t[]){ 0, 3, 0x03, 4, 0x29, 0, 0, 0 }, 8);           /* removable: tray */
    put_be32(b, 40 - 4);
    atapi_reply(s, 40, be16(s->packet + 7));
}

static void cmd_get_event(IdeDrive *s)
{
    uint8_t *b = s->buf;

    if (!(s->packet[1] & 1)) { /* only polling */
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    memset(b, 0, 8);
    b[3] = 0x10; /* supported: media */
    if (!(s->packet[4] & 0x10)) {
        put_be16(b, 2);
        b[2] = 0x80;
        atapi_reply(s, 4, be16(s->packet + 7));
        return;
    }
    put_be16(b, 6);
    b[2] = 4;
    b[4] = s->event_new ? 2 : s->event_eject ? 1 : 0;
    b[5] = (uint8_t)((s->tray_open ? 1 : 0) | (cd_has_medium(s) ? 2 : 0));
    s->event_new = s->event_eject = false;
    atapi_reply(s, 8, be16(s->packet + 7));
}

static void cmd_disc_information(IdeDrive *s)
{
    if (s->packet[1] & 7) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    memset(s->buf, 0, 34);
    s->buf[1] = 32;
    s->buf[2] = 0x0e; /* last session complete, disc finalized */
    s->buf[3] = s->buf[4] = s->buf[5] = s->buf[6] = 1;
    s->buf[7] = 0x20;
    atapi_reply(s, 34, be16(s->packet + 7));
}

static void cmd_track_information(IdeDrive *s)
{
    memset(s->buf, 0, 36);
    s->buf[1] = 34;
    s->buf[2] = s->buf[3] = 1;
    s->buf[5] = 4;
    s->buf[6] = 1;
    put_be32(s->buf + 24, (uint32_t)cd_blocks(s));
    atapi_reply(s, 36, be16(s->packet + 7));
}

static void cmd_dvd_structure(IdeDrive *s)
{
    uint8_t *b = s->buf;
    unsigned format = s->packet[7];
    uint32_t last = (uint32_t)cd_blocks(s);

    memset(b, 0, 2052);
    if (cd_blocks(s) <= DVD_SECTORS || s->packet[6] != 0 ||
        (format != 0 && format != 1 && format != 4)) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD);
        return;
    }
    if (format == 0) { /* physical: DVD-ROM, one layer, from 0x30000 */
        b[4] = 1;
        b[5] = 0x0f;
        b[6] = 1;
        put_be32(b + 8, 0x30000);
        put_be32(b + 12, 0x30000 + last - 1);
        put_be32(b + 16, 0x30000 + last - 1);
    }
    put_be16(b, format == 1 ? 6 : 2050);
    atapi_reply(s, format == 1 ? 8 : 2052, be16(s->packet + 8));
}

static void cmd_mode_sense(IdeDrive *s)
{
    uint8_t *b = s->buf;
    unsigned page = s->packet[2] & 0x3f, len;

    if (s->packet[2] >> 6 == 3) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_SAVING);
        return;
    }
    memset(b, 0, 64);
    switch (page) {
    case 0x01: /* error recovery */
        b[8] = 0x01;
        b[9] = 6;
        b[11] = 5;
        len = 16;
        break;
    case 0x0e: /* audio control */
        b[8] = 0x0e;
        b[9] = 14;
        len = 24;
        break;
    case 0x2a: /* capabilities */
    case 0x3f:
        b[8] = 0x2a;
        b[9] = 0x14;
        b[10] = 0x3b; /* reads CD-R, CD-RW, DVD */
        b[12] = 0x70;
        b[13] = 3 << 5;
        b[14] = (uint8_t)(1 << 0 | 1 << 3 | 1 << 5 | (s->tray_locked ? 1 << 1 : 0));
        put_be16(b + 16, 706);
        put_be16(b + 18, 2);
        put_be16(b + 20, 512);
        put_be16(b + 22, 706);
        len = 30;
        break;
    default: atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_FIELD); return;
    }
    put_be16(b, len - 2);
    b[2] = cd_has_medium(s) ? 1 : 0x70;
    atapi_reply(s, len, be16(s->packet + 7));
}

static void cmd_mechanism(IdeDrive *s)
{
    memset(s->buf, 0, 8);
    s->buf[5] = 1;
    atapi_reply(s, 8, be16(s->packet + 8));
}

enum { NEEDS_MEDIUM = 1, QUIET = 2 /* runs in spite of a unit attention */ };
typedef struct AtapiCommand {
    void (*fn)(IdeDrive *s);
    uint8_t flags;
} AtapiCommand;
static const AtapiCommand atapi_commands[256] = {
    [0x00] = { cmd_test_unit_ready, NEEDS_MEDIUM },
    [0x03] = { cmd_request_sense, QUIET },
    [0x12] = { cmd_inquiry, QUIET },
    [0x1b] = { cmd_start_stop, 0 },
    [0x1e] = { cmd_prevent, 0 },
    [0x25] = { cmd_read_capacity, NEEDS_MEDIUM },
    [0x28] = { cmd_read_10, NEEDS_MEDIUM },
    [0x2b] = { cmd_seek, NEEDS_MEDIUM },
    [0x43] = { cmd_read_toc, NEEDS_MEDIUM },
    [0x46] = { cmd_get_configuration, QUIET },
    [0x4a] = { cmd_get_event, QUIET },
    [0x51] = { cmd_disc_information, NEEDS_MEDIUM },
    [0x52] = { cmd_track_information, NEEDS_MEDIUM },
    [0x5a] = { cmd_mode_sense, 0 },
    [0xa8] = { cmd_read_12, NEEDS_MEDIUM },
    [0xad] = { cmd_dvd_structure, NEEDS_MEDIUM },
    [0xbb] = { cmd_test_unit_ready, 0 },
    [0xbd] = { cmd_mechanism, 0 },
    [0xbe] = { cmd_read_cd, NEEDS_MEDIUM },
};

static void atapi_packet(IdeDrive *s)
{
    const AtapiCommand *c;

    memcpy(s->packet, s->buf, sizeof(s->packet));
    c = &atapi_commands[s->packet[0]];
    if (c->fn == NULL) {
        atapi_fail(s, SENSE_ILLEGAL, ASC_INVALID_OPCODE);
        return;
    }
    if (s->medium_new && !(c->flags & QUIET) && cd_has_medium(s)) {
        s->medium_new = false;
        atapi_fail(s, SENSE_ATTENTION, ASC_CHANGED);
        return;
    }
    if ((c->flags & NEEDS_MEDIUM) && !cd_has_medium(s)) {
        atapi_fail(s, SENSE_NOT_READY, ASC_NO_MEDIUM);
        return;
    }
    c->fn(s);
}

/* The PACKET command: asks for the 12 bytes. No interrupt (IDENTIFY PACKET word 0). */
void atapi_packet_start(IdeDrive *s)
{
    s->atapi_dma = (s->feature & 1) && s->ibus->dma != NULL;
    s->byte_limit = (uint32_t)s->lcyl | (uint32_t)s->hcyl << 8;
    if (s->byte_limit == 0 || s->byte_limit == 0xffff) {
        s->byte_limit = 0xfffe;
    }
    s->byte_limit = MAX(s->byte_limit, 2);
    s->nsector = (uint8_t)((s->nsector & ~7) | REASON_COMMAND);
    s->left = s->reply_left = 0;
    ide_pio_start(s, IDE_XFER_OUT, sizeof(s->packet), atapi_packet);
}

IdeFn *atapi_step(IdeStep step, bool from_disc)
{
    switch (step) {
    case IDE_STEP_CD_DATA: return from_disc ? cd_portion_done : atapi_portion_done;
    case IDE_STEP_CD_PACKET: return atapi_packet;
    default: return NULL;
    }
}

IdeFn *atapi_resume(bool dma)
{
    return dma ? cd_dma_next : cd_read_more;
}
