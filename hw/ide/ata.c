/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of disks (ATA/ATAPI-7 vol. 1, 6): PIO and DMA transfers with 28- and 48-bit addresses,
 * multiple mode, TRIM, cache flush, power management, SET FEATURES, a healthy SMART status. Data
 * moves asynchronously in pieces; the guest sees BSY meanwhile. Not modelled: security, HPA
 * changes, queueing, media errors of our own. */
#include "hw/ide/ide.h"

#include <errno.h>
#include <string.h>

#include "hw/core/vm.h"
#include "hw/pci/pci.h"
#include "util/log.h"

enum { SELECT_LBA = 1 << 6, DMA_CHUNK = 2048 /* sectors a request */, FEAT_TRIM = 1 };

void ide_abort(IdeDrive *s)
{
    s->status = IDE_READY | IDE_SEEK | IDE_ERR;
    s->error = IDE_ABORTED;
    s->xfer = IDE_XFER_NONE;
    ide_set_irq(s);
}

void ide_done(IdeDrive *s)
{
    s->status = IDE_READY | IDE_SEEK;
    s->error = 0;
    ide_set_irq(s);
}

/* ---- Addresses */

uint64_t ide_address(const IdeDrive *s)
{
    uint32_t cyl = (uint32_t)s->hcyl << 8 | s->lcyl;

    if (s->lba48) {
        return (uint64_t)s->hob_hcyl << 40 | (uint64_t)s->hob_lcyl << 32 |
               (uint64_t)s->hob_sector << 24 | cyl << 8 | s->sector;
    }
    if (s->select & SELECT_LBA) {
        return (uint64_t)(s->select & 0x0f) << 24 | cyl << 8 | s->sector;
    }
    return ((uint64_t)cyl * s->heads + (s->select & 0x0f)) * s->secs + s->sector - 1u;
}

static void ide_put_lba(IdeDrive *s, uint64_t lba)
{
    if (s->lba48) {
        s->hob_hcyl = (uint8_t)(lba >> 40);
        s->hob_lcyl = (uint8_t)(lba >> 32);
        s->hob_sector = (uint8_t)(lba >> 24);
    } else if (s->select & SELECT_LBA) {
        s->select = (uint8_t)((s->select & 0xf0) | (lba >> 24 & 0x0f));
    } else if (s->heads != 0 && s->secs != 0) {
        uint64_t cyl = lba / (s->heads * s->secs), r = lba % (s->heads * s->secs);

        s->hcyl = (uint8_t)(cyl >> 8);
        s->lcyl = (uint8_t)cyl;
        s->select = (uint8_t)((s->select & 0xf0) | (r / s->secs & 0x0f));
        s->sector = (uint8_t)(r % s->secs + 1);
        return;
    }
    s->hcyl = (uint8_t)(lba >> 16);
    s->lcyl = (uint8_t)(lba >> 8);
    s->sector = (uint8_t)lba;
}

static uint32_t ide_get_count(const IdeDrive *s)
{
    uint32_t n = s->nsector;

    if (s->lba48) {
        n |= (uint32_t)s->hob_nsector << 8;
        return n != 0 ? n : 65536;
    }
    return n != 0 ? n : 256;
}

/* Sets lba and left; false (and ID not found) when the range is not on the disk. */
static bool ide_range(IdeDrive *s)
{
    s->lba = ide_address(s);
    s->left = ide_get_count(s);
    if (s->lba < s->sectors && s->left <= s->sectors - s->lba) {
        return true;
    }
    s->status = IDE_READY | IDE_SEEK | IDE_ERR;
    s->error = IDE_ID_NOT_FOUND;
    ide_set_irq(s);
    return false;
}

/* ---- Errors of the back end */

static void ide_run_state(void *opaque, bool running, RunState state)
{
    IdeDrive *s = opaque;
    void (*again)(IdeDrive * s) = s->retry;

    if (running && again != NULL) {
        s->retry = NULL;
        again(s);
    }
}

void ide_wait(IdeDrive *s, IdeFn *again)
{
    if (s->notify.run_state == NULL) {
        s->notify = (VmNotify){ .run_state = ide_run_state, .opaque = s };
        vm_notify_add(s->dev.vm, &s->notify);
    }
    s->retry = again;
}

bool ide_error(IdeDrive *s, bool is_read, int err, void (*again)(IdeDrive *s), bool *ret_ignore)
{
    BlockErrorAction act = block_error_action(s->blk, is_read, -err);

    *ret_ignore = act == BLOCK_ERROR_IGNORE;
    if (act != BLOCK_ERROR_STOP) {
        return false;
    }
    ide_wait(s, again);
    vm_request_stop(s->dev.vm, RUN_IO_ERROR);
    return true;
}

static void ide_media_error(IdeDrive *s, bool is_read)
{
    ide_put_lba(s, s->lba);
    s->status = IDE_READY | IDE_SEEK | IDE_ERR;
    s->error = is_read ? IDE_UNCORRECTABLE : IDE_ABORTED;
    ide_set_irq(s);
}

static void ide_advance(IdeDrive *s, uint32_t n)
{
    s->lba += n;
    s->left -= n;
    ide_put_lba(s, s->lba);
    s->nsector = (uint8_t)s->left;
    s->hob_nsector = (uint8_t)(s->left >> 8);
}

/* ---- PIO */

static void pio_read_next(IdeDrive *s);
static void pio_write_next(IdeDrive *s);

static void pio_read_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;
    bool ignore;

    s->req = NULL;
    if (ret < 0) {
        if (ide_error(s, true, ret, pio_read_next, &ignore)) {
            return;
        }
        if (!ignore) {
            ide_media_error(s, true);
            return;
        }
    }
    ide_advance(s, s->chunk);
    ide_pio_start(s, IDE_XFER_IN, (size_t)s->chunk * IDE_SECTOR, pio_read_next);
    ide_set_irq(s);
}

static void pio_read_next(IdeDrive *s)
{
    if (s->left == 0) {
        s->status = IDE_READY | IDE_SEEK;
        s->error = 0;
        return; /* the last block's interrupt came with its data */
    }
    s->status = IDE_READY | IDE_SEEK | IDE_BUSY;
    s->chunk = MIN(s->left, s->per_irq);
    s->iov = (struct iovec){ s->buf, (size_t)s->chunk * IDE_SECTOR };
    s->req = block_read(s->blk, s->lba * IDE_SECTOR, &s->iov, 1, pio_read_done, s);
}

static void pio_write_ask(IdeDrive *s)
{
    s->chunk = MIN(s->left, s->per_irq);
    ide_pio_start(s, IDE_XFER_OUT, (size_t)s->chunk * IDE_SECTOR, pio_write_next);
}

static void pio_write_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;
    bool ignore;

    s->req = NULL;
    if (ret < 0) {
        if (ide_error(s, false, ret, pio_write_next, &ignore)) {
            return;
        }
        if (!ignore) {
            ide_media_error(s, false);
            return;
        }
    }
    ide_advance(s, s->chunk);
    if (s->left == 0) {
        ide_done(s);
        return;
    }
    pio_write_ask(s);
    ide_set_irq(s);
}

static void pio_write_next(IdeDrive *s)
{
    s->status = IDE_READY | IDE_SEEK | IDE_BUSY;
    s->iov = (struct iovec){ s->buf, (size_t)s->chunk * IDE_SECTOR };
    s->req = block_write(s->blk, s->lba * IDE_SECTOR, &s->iov, 1, s->fua ? BLOCK_FUA : 0,
                         pio_write_done, s);
}

static void ide_pio_command(IdeDrive *s, bool write, uint32_t per_irq)
{
    if (per_irq == 0) {
        ide_abort(s);
        return;
    }
    if (!ide_range(s)) {
        return;
    }
    s->per_irq = per_irq;
    s->is_write = write;
    if (write) {
        pio_write_ask(s);
    } else {
        pio_read_next(s);
    }
}

/* ---- DMA */

static void dma_next(IdeDrive *s);

void ide_drop_sg(IdeDrive *s)
{
    if (s->has_sg) {
        dma_list_fini(&s->sg);
        s->has_sg = false;
    }
}

static void dma_end(IdeDrive *s, bool error)
{
    IdeBus *bus = s->ibus;

    bus->dma_drive = NULL;
    s->dma_wanted = false;
    bus->dma->done(bus->dma_opaque, error);
}

static void dma_chunk_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;
    DmaMap *map = s->map;
    bool ignore = false;

    s->req = NULL;
    s->map = NULL;
    dma_unmap(map, s->is_write || ret < 0 ? 0 : s->map_len);
    if (ret < 0 && !ide_error(s, !s->is_write, ret, dma_next, &ignore) && !ignore) {
        ide_drop_sg(s);
        dma_end(s, true);
        ide_media_error(s, !s->is_write);
        return;
    }
    if (s->retry != NULL) {
        return; /* the list stays for the next try */
    }
    ide_drop_sg(s);
    ide_advance(s, s->chunk);
    dma_next(s);
}

/* A hint: failure changes nothing. */
static void discard_done(void *opaque, int ret) {}

static void trim_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;

    s->req = NULL;
    s->left = 0;
    dma_end(s, false);
    ide_done(s);
}

/* Ranges of 8 bytes: 48 bits of address, 16 of count (DATA SET MANAGEMENT, ACS-2). One request for
 * each is made; the last one's end is the command's. */
static void dma_trim(IdeDrive *s)
{
    DmaList l;
    uint64_t n;

    dma_list_init(&l, s->ibus->dma_as);
    n = s->ibus->dma->take(s->ibus->dma_opaque, &l, MIN((uint64_t)s->left * IDE_SECTOR, IDE_BUF));
    n = dma_list_read(&l, 0, s->buf, n);
    dma_list_fini(&l);
    for (uint64_t i = 0; i + 8 <= n; i += 8) {
        uint64_t e = pci_get32(s->buf + i) | (uint64_t)pci_get32(s->buf + i + 4) << 32;
        uint64_t lba = e & 0xffffffffffffull, count = e >> 48;

        if (count != 0 && lba < s->sectors && count <= s->sectors - lba) {
            block_discard(s->blk, lba * IDE_SECTOR, count * IDE_SECTOR, discard_done, s);
        }
    }
    s->req = block_flush(s->blk, trim_done, s);
}

static void dma_next(IdeDrive *s)
{
    IdeBus *bus = s->ibus;
    const struct iovec *iov;
    int count;

    if (s->left == 0) {
        dma_end(s, false);
        ide_done(s);
        return;
    }
    if (s->trim) {
        dma_trim(s);
        return;
    }
    if (!s->has_sg) {
        dma_list_init(&s->sg, bus->dma_as);
        s->has_sg = true;
        s->map_len =
            bus->dma->take(bus->dma_opaque, &s->sg, (uint64_t)MIN(s->left, DMA_CHUNK) * IDE_SECTOR);
    }
    s->chunk = (uint32_t)(s->map_len / IDE_SECTOR);
    s->map = s->chunk != 0 && s->map_len % IDE_SECTOR == 0 ? dma_map(&s->sg, !s->is_write) : NULL;
    if (s->map == NULL) { /* the table is shorter than the command, or points nowhere */
        log_guest("ide: DMA table does not hold the transfer");
        ide_drop_sg(s);
        dma_end(s, true);
        ide_abort(s);
        return;
    }
    iov = dma_map_iov(s->map, &count);
    if (s->is_write) {
        s->req = block_write(s->blk, s->lba * IDE_SECTOR, iov, count, s->fua ? BLOCK_FUA : 0,
                             dma_chunk_done, s);
    } else {
        s->req = block_read(s->blk, s->lba * IDE_SECTOR, iov, count, dma_chunk_done, s);
    }
}

static void ide_dma_command(IdeDrive *s, bool write, bool trim)
{
    IdeBus *bus = s->ibus;

    if (bus->dma == NULL || bus->dma_drive != NULL) {
        ide_abort(s);
        return;
    }
    if (trim) {
        s->left = ide_get_count(s);
    } else if (!ide_range(s)) {
        return;
    }
    s->trim = trim;
    s->is_write = write;
    s->status = IDE_READY | IDE_SEEK | IDE_DRQ | IDE_BUSY;
    s->dma_wanted = true;
    bus->dma_drive = s;
    bus->dma->request(bus->dma_opaque);
}

void ide_dma_run(IdeBus *bus)
{
    IdeDrive *s = bus->dma_drive;

    if (s == NULL || !s->dma_wanted) {
        return;
    }
    s->dma_wanted = false;
    if (s->is_cd) {
        atapi_dma_run(s);
    } else {
        dma_next(s);
    }
}

void ide_dma_stop(IdeBus *bus)
{
    IdeDrive *s = bus->dma_drive;

    if (s != NULL && s->req != NULL) {
        block_drain(s->blk);
    }
}

IdeFn *ata_resume(bool dma, bool write)
{
    return dma ? dma_next : write ? pio_write_next : pio_read_next;
}

/* ---- Commands without data */

static void flush_done(void *opaque, int ret)
{
    IdeDrive *s = opaque;

    s->req = NULL;
    if (ret < 0) {
        ide_media_error(s, false);
    } else {
        ide_done(s);
    }
}

static void ide_flush(IdeDrive *s)
{
    if (!block_inserted(s->blk)) {
        ide_done(s);
        return;
    }
    s->status = IDE_BUSY | IDE_SEEK;
    s->req = block_flush(s->blk, flush_done, s);
}

static void pio_reply_read(IdeDrive *s)
{
    s->status = IDE_READY | IDE_SEEK;
    s->error = 0;
}

IdeFn *ata_step(IdeStep step)
{
    switch (step) {
    case IDE_STEP_READ: return pio_read_next;
    case IDE_STEP_WRITE: return pio_write_next;
    case IDE_STEP_REPLY: return pio_reply_read;
    default: return NULL;
    }
}

static void ide_reply(IdeDrive *s)
{
    ide_pio_start(s, IDE_XFER_IN, IDE_SECTOR, pio_reply_read);
    ide_set_irq(s);
}

static void ide_set_features(IdeDrive *s)
{
    switch (s->feature) {
    case 0x02: /* write cache on */
    case 0x82:
        s->write_cache = s->feature == 0x02;
        block_set_write_cache(s->blk, s->write_cache);
        break;
    case 0x03: /* transfer mode */
        if (s->nsector >> 3 > 8 || s->nsector >> 3 == 3) {
            ide_abort(s);
            return;
        }
        if (s->nsector >> 3 >= 2) {
            s->dma_mode = s->nsector;
        }
        break;
    case 0x05: /* power management, acoustics, look-ahead, defaults, release */
    case 0x42:
    case 0x55:
    case 0x66:
    case 0x69:
    case 0x67:
    case 0x85:
    case 0x96:
    case 0x9a:
    case 0xaa:
    case 0xc2:
    case 0xcc: break;
    default: ide_abort(s); return;
    }
    ide_done(s);
}

/* SMART: enabled, healthy, and without attributes that mean anything. */
static void ide_smart(IdeDrive *s)
{
    uint8_t sum = 0;

    if (s->lcyl != 0x4f || s->hcyl != 0xc2 || (!s->smart_on && s->feature != 0xd8)) {
        ide_abort(s);
        return;
    }
    switch (s->feature) {
    case 0xd8:
    case 0xd9: s->smart_on = s->feature == 0xd8; break;
    case 0xd2: /* attribute autosave, save, status: passed */
    case 0xd3:
    case 0xd4:
    case 0xda: break;
    case 0xd0: /* data */
    case 0xd1: /* thresholds */
    case 0xd5: /* log */
        memset(s->buf, 0, IDE_SECTOR);
        s->buf[0] = 1;
        if (s->feature == 0xd0) {
            s->buf[362] = 0x02; /* never ran an off-line collection */
            s->buf[367] = 0x50;
            s->buf[368] = 3;
            s->buf[370] = 1;
        }
        for (unsigned i = 0; i < IDE_SECTOR - 1; i++) {
            sum = (uint8_t)(sum + s->buf[i]);
        }
        s->buf[IDE_SECTOR - 1] = (uint8_t)-sum;
        ide_reply(s);
        return;
    default: ide_abort(s); return;
    }
    ide_done(s);
}

static void ide_set_multiple(IdeDrive *s)
{
    unsigned n = s->nsector;

    if (n > IDE_MULT_MAX || (n & (n - 1)) != 0) {
        ide_abort(s);
        return;
    }
    s->mult = (uint8_t)n;
    ide_done(s);
}

static void ide_native_max(IdeDrive *s)
{
    uint64_t max = s->sectors - 1;

    ide_put_lba(s, s->lba48 ? max : MIN(max, 0x0fffffff));
    ide_done(s);
}

static void ide_verify(IdeDrive *s)
{
    if (ide_range(s)) {
        ide_done(s);
    }
}

/* ---- The table */

typedef enum AtaKind {
    ATA_NONE,
    ATA_NODATA,
    ATA_PIO_IN,
    ATA_PIO_OUT,
    ATA_MULT_IN,
    ATA_MULT_OUT,
    ATA_DMA_IN,
    ATA_DMA_OUT,
    ATA_TRIM,
    ATA_CALL,
} AtaKind;
enum { F_48 = 1, F_FUA = 2, F_CD = 4 /* CD drives know it too */, F_CD_ONLY = 8 };

typedef struct AtaCommand {
    AtaKind kind;
    uint8_t flags;
    void (*fn)(IdeDrive *s);
} AtaCommand;

static void ata_identify(IdeDrive *s)
{
    if (s->is_cd) {
        ide_signature(s); /* how a packet device says what it is */
        ide_abort(s);
        return;
    }
    ide_identify(s, s->buf);
    ide_reply(s);
}

static void ata_identify_packet(IdeDrive *s)
{
    ide_identify_packet(s, s->buf);
    ide_reply(s);
}

static void ata_device_reset(IdeDrive *s)
{
    ide_cancel(s);
    atapi_reset(s);
    ide_signature(s);
    s->status = 0; /* no interrupt */
}

static void ata_check_power(IdeDrive *s)
{
    s->nsector = 0xff; /* active or idle */
    ide_done(s);
}

static const AtaCommand ata_commands[256] = {
    [0x06] = { ATA_TRIM, F_48, NULL },
    [0x08] = { ATA_CALL, F_CD | F_CD_ONLY, ata_device_reset },
    [0x10] = { ATA_NODATA, 0, NULL },
    [0x20] = { ATA_PIO_IN, 0, NULL },
    [0x21] = { ATA_PIO_IN, 0, NULL },
    [0x24] = { ATA_PIO_IN, F_48, NULL },
    [0x25] = { ATA_DMA_IN, F_48, NULL },
    [0x27] = { ATA_CALL, F_48, ide_native_max },
    [0x29] = { ATA_MULT_IN, F_48, NULL },
    [0x30] = { ATA_PIO_OUT, 0, NULL },
    [0x31] = { ATA_PIO_OUT, 0, NULL },
    [0x34] = { ATA_PIO_OUT, F_48, NULL },
    [0x35] = { ATA_DMA_OUT, F_48, NULL },
    [0x39] = { ATA_MULT_OUT, F_48, NULL },
    [0x3d] = { ATA_DMA_OUT, F_48 | F_FUA, NULL },
    [0x40] = { ATA_CALL, 0, ide_verify },
    [0x41] = { ATA_CALL, 0, ide_verify },
    [0x42] = { ATA_CALL, F_48, ide_verify },
    [0x70] = { ATA_NODATA, 0, NULL },
    [0x91] = { ATA_NODATA, 0, NULL },
    [0x94] = { ATA_NODATA, F_CD, NULL },
    [0x95] = { ATA_NODATA, F_CD, NULL },
    [0x96] = { ATA_NODATA, F_CD, NULL },
    [0x97] = { ATA_NODATA, F_CD, NULL },
    [0x98] = { ATA_CALL, F_CD, ata_check_power },
    [0x99] = { ATA_NODATA, F_CD, NULL },
    [0xa0] = { ATA_CALL, F_CD | F_CD_ONLY, atapi_packet_start },
    [0xa1] = { ATA_CALL, F_CD | F_CD_ONLY, ata_identify_packet },
    [0xb0] = { ATA_CALL, 0, ide_smart },
    [0xc4] = { ATA_MULT_IN, 0, NULL },
    [0xc5] = { ATA_MULT_OUT, 0, NULL },
    [0xc6] = { ATA_CALL, 0, ide_set_multiple },
    [0xc8] = { ATA_DMA_IN, 0, NULL },
    [0xc9] = { ATA_DMA_IN, 0, NULL },
    [0xca] = { ATA_DMA_OUT, 0, NULL },
    [0xcb] = { ATA_DMA_OUT, 0, NULL },
    [0xce] = { ATA_MULT_OUT, F_48 | F_FUA, NULL },
    [0xe0] = { ATA_NODATA, F_CD, NULL },
    [0xe1] = { ATA_NODATA, F_CD, NULL },
    [0xe2] = { ATA_NODATA, F_CD, NULL },
    [0xe3] = { ATA_NODATA, F_CD, NULL },
    [0xe5] = { ATA_CALL, F_CD, ata_check_power },
    [0xe6] = { ATA_NODATA, F_CD, NULL },
    [0xe7] = { ATA_CALL, F_CD, ide_flush },
    [0xea] = { ATA_CALL, F_48, ide_flush },
    [0xec] = { ATA_CALL, F_CD, ata_identify },
    [0xef] = { ATA_CALL, F_CD, ide_set_features },
    [0xf5] = { ATA_NODATA, F_CD, NULL },
    [0xf8] = { ATA_CALL, 0, ide_native_max },
};

void ide_exec(IdeDrive *s, uint8_t command)
{
    const AtaCommand *c = &ata_commands[command >= 0x10 && command <= 0x1f ? 0x10 : command];

    s->command = command;
    s->error = 0;
    s->lba48 = c->flags & F_48;
    s->fua = c->flags & F_FUA;
    if (c->kind == ATA_NONE || (s->is_cd && !(c->flags & F_CD)) ||
        (!s->is_cd && (c->flags & F_CD_ONLY))) {
        ide_abort(s);
        return;
    }
    switch (c->kind) {
    case ATA_NODATA: ide_done(s); break;
    case ATA_PIO_IN: ide_pio_command(s, false, 1); break;
    case ATA_PIO_OUT: ide_pio_command(s, true, 1); break;
    case ATA_MULT_IN: ide_pio_command(s, false, s->mult); break;
    case ATA_MULT_OUT: ide_pio_command(s, true, s->mult); break;
    case ATA_DMA_IN: ide_dma_command(s, false, false); break;
    case ATA_DMA_OUT: ide_dma_command(s, true, false); break;
    case ATA_TRIM:
        if (s->feature & FEAT_TRIM) {
            ide_dma_command(s, true, true);
        } else {
            ide_abort(s);
        }
        break;
    case ATA_CALL: c->fn(s); break;
    case ATA_NONE: break;
    }
}
