/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives and channels in snapshots, in the layout of QEMU's sections. A drive is saved through
 * IdeSaved: the task file, IDENTIFY data (from which modes and switches are taken back), the buffer
 * of a PIO transfer with what comes after it, and per channel a transfer that waits for the engine
 * or for a repaired disk. No request is in flight: the machine was drained. A CD read by PIO that
 * needs more sectors after the buffer says so in a section of our own. */
#include "hw/ide/ide.h"

#include <string.h>

#include "util/err.h"

/* ---- Saving */

static IdeStep step_of(const IdeDrive *s)
{
    if (s->xfer == IDE_XFER_NONE) {
        return IDE_STEP_NONE;
    }
    for (IdeStep i = IDE_STEP_READ; i < IDE_STEP_NONE; i++) {
        if (s->xfer_done == ata_step(i) || s->xfer_done == atapi_step(i, false) ||
            s->xfer_done == atapi_step(i, true)) {
            return i;
        }
    }
    return IDE_STEP_NONE;
}

static void save_transfer(IdeSaved *v, IdeDrive *s)
{
    bool from_disc = s->xfer != IDE_XFER_NONE && s->xfer_done == atapi_step(IDE_STEP_CD_DATA, true);

    v->step = (uint8_t)step_of(s);
    v->has_buffer = s->xfer != IDE_XFER_NONE || s->dma_wanted || s->retry != NULL;
    v->buffer = s->buf;
    v->per_irq = (int32_t)s->per_irq;
    v->buffer_at = (int32_t)s->pos;
    v->buffer_len = s->xfer != IDE_XFER_NONE ? (int32_t)(s->end - s->pos) : 0;
    v->packet_left = s->is_cd ? (int32_t)(s->reply_left + s->left * CD_SECTOR) : 0;
    v->cd_sectors = from_disc && s->left != 0;
    v->cd_lba = s->lba;
    v->cd_left = s->left;
    if (v->step == IDE_STEP_READ || v->step == IDE_STEP_WRITE) {
        v->nsector = s->left;
    }
}

static void save_drive(IdeSaved *v, IdeDrive *s)
{
    memset(v, 0, sizeof(*v));
    if (s == NULL) {
        return;
    }
    v->mult = s->mult;
    v->identify_set = 1;
    if (s->is_cd) {
        ide_identify_packet(s, v->identify);
    } else {
        ide_identify(s, v->identify);
    }
    v->feature = s->feature;
    v->error = s->error;
    v->nsector = s->nsector;
    v->sector = s->sector;
    v->lcyl = s->lcyl;
    v->hcyl = s->hcyl;
    v->hob_feature = s->hob_feature;
    v->hob_sector = s->hob_sector;
    v->hob_nsector = s->hob_nsector;
    v->hob_lcyl = s->hob_lcyl;
    v->hob_hcyl = s->hob_hcyl;
    v->select = s->select;
    v->status = s->status;
    v->lba48 = s->lba48;
    v->sense_key = s->sense_key;
    v->asc = s->asc;
    v->changed = s->medium_new;
    v->tray_open = s->tray_open;
    v->tray_locked = s->tray_locked;
    v->event_new = s->event_new;
    v->event_eject = s->event_eject;
    save_transfer(v, s);
}

static void save_wait(IdeBus *bus, const IdeDrive *s)
{
    bool dma = bus->dma_drive == s, write = s->is_write;

    if (!s->dma_wanted && s->retry == NULL) {
        return;
    }
    bus->wait = dma ? IDE_WAIT_DMA : IDE_WAIT_PIO;
    bus->wait |= write ? 0 : IDE_WAIT_READ;
    bus->wait |= dma && s->trim && !s->is_cd ? IDE_WAIT_TRIM : 0;
    bus->wait_lba = (int64_t)s->lba;
    bus->wait_left = s->left;
    bus->wait_unit = (uint8_t)s->unit;
}

void ide_bus_pre_save(IdeBus *bus)
{
    bus->wait = 0;
    for (unsigned i = 0; i < IDE_UNITS; i++) {
        save_drive(&bus->saved[i], bus->drives[i]);
        if (bus->drives[i] != NULL) {
            save_wait(bus, bus->drives[i]);
        }
    }
}

/* ---- Loading */

/* Modes and switches live in the IDENTIFY data of the sender. */
static void load_identity(IdeDrive *s, const uint8_t *id)
{
    static const struct {
        uint8_t word, base;
    } modes[] = { { 62, 0x10 }, { 63, 0x20 }, { 88, 0x40 } };

    s->smart_on = id[2 * 85] & 1;
    s->write_cache = id[2 * 85] & (1 << 5);
    if (!s->is_cd) {
        block_set_write_cache(s->blk, s->write_cache);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        unsigned chosen = id[2 * modes[i].word + 1];

        if (chosen != 0) {
            s->dma_mode = (uint8_t)(modes[i].base | (unsigned)__builtin_ctz(chosen));
        }
    }
}

static bool load_transfer(IdeDrive *s, const IdeSaved *v, GError **errp)
{
    IdeFn *next = s->is_cd ? atapi_step(v->step, v->cd_sectors) : NULL;

    if (next == NULL) {
        next = ata_step(v->step);
    }
    if (v->buffer_at < 0 || v->buffer_len < 0 || v->packet_left < 0 ||
        (int64_t)v->buffer_at + v->buffer_len > IDE_BUF || v->per_irq > IDE_MULT_MAX) {
        return err_fail(errp, "the transfer does not fit its buffer");
    }
    memcpy(s->buf, v->buffer, IDE_BUF);
    s->per_irq = (uint32_t)MAX(v->per_irq, 0);
    s->pos = (size_t)v->buffer_at;
    s->end = s->pos + (size_t)v->buffer_len;
    s->reply_at = (uint32_t)s->end;
    s->left = s->is_cd ? v->cd_left : v->nsector;
    s->reply_left = 0;
    if (s->is_cd && (uint64_t)s->left * CD_SECTOR <= (uint64_t)v->packet_left) {
        s->reply_left = (uint32_t)v->packet_left - s->left * CD_SECTOR;
    }
    if (s->reply_left > IDE_BUF - s->end) {
        return err_fail(errp, "the packet's data do not fit the buffer");
    }
    s->lba = v->cd_lba;
    s->chunk = (uint32_t)(s->end / IDE_SECTOR);
    s->byte_limit = MAX((uint32_t)s->lcyl | (uint32_t)s->hcyl << 8, 2) & ~1u;
    s->atapi_dma = (s->feature & 1) && s->ibus->dma != NULL;
    if (v->step == IDE_STEP_NONE || next == NULL || s->pos >= s->end) {
        return true;
    }
    s->xfer = v->step == IDE_STEP_WRITE || v->step == IDE_STEP_CD_PACKET ? IDE_XFER_OUT
                                                                         : IDE_XFER_IN;
    s->xfer_done = next;
    s->is_write = v->step == IDE_STEP_WRITE;
    if (v->step == IDE_STEP_READ || v->step == IDE_STEP_WRITE) {
        s->per_irq = MAX(s->per_irq, 1);
        s->lba = ide_address(s);
        s->chunk = MIN(s->chunk, s->left);
    }
    return v->step != IDE_STEP_WRITE || (s->chunk != 0 && s->end == (size_t)s->chunk * IDE_SECTOR)
               ? true
               : err_fail(errp, "the write is not of whole sectors");
}

static bool load_drive(IdeDrive *s, const IdeSaved *v, GError **errp)
{
    if (v->mult < 0 || v->mult > IDE_MULT_MAX || (v->mult & (v->mult - 1)) != 0) {
        return err_fail(errp, "%d sectors in multiple mode", v->mult);
    }
    ide_cancel(s);
    s->mult = (uint8_t)v->mult;
    s->feature = v->feature;
    s->error = v->error;
    s->nsector = (uint8_t)v->nsector;
    s->sector = v->sector;
    s->lcyl = v->lcyl;
    s->hcyl = v->hcyl;
    s->hob_feature = v->hob_feature;
    s->hob_sector = v->hob_sector;
    s->hob_nsector = v->hob_nsector;
    s->hob_lcyl = v->hob_lcyl;
    s->hob_hcyl = v->hob_hcyl;
    s->select = v->select;
    s->status = v->status;
    s->lba48 = v->lba48;
    s->sense_key = v->sense_key;
    s->asc = v->asc;
    s->ascq = 0;
    s->medium_new = v->changed;
    s->tray_open = v->tray_open;
    s->tray_locked = v->tray_locked;
    s->event_new = v->event_new;
    s->event_eject = v->event_eject;
    s->fua = true; /* not in the stream: the safe one */
    if (v->identify_set) {
        load_identity(s, v->identify);
    }
    return !v->has_buffer || load_transfer(s, v, errp);
}

static bool load_wait(IdeBus *bus, bool engine_on, GError **errp)
{
    IdeDrive *s = bus->wait_unit < IDE_UNITS ? bus->drives[bus->wait_unit] : NULL;
    bool dma = bus->wait & IDE_WAIT_DMA;
    uint64_t unit;

    if (bus->wait == 0) {
        return true;
    }
    if (s == NULL || (dma && bus->dma == NULL) || bus->wait_lba < 0) {
        return err_fail(errp, "a transfer waits for a drive that is not there");
    }
    unit = s->is_cd ? CD_SECTOR / IDE_SECTOR : 1;
    s->lba = (uint64_t)bus->wait_lba;
    s->left = bus->wait_left;
    s->is_write = !(bus->wait & IDE_WAIT_READ) && !s->is_cd;
    s->trim = dma && (bus->wait & IDE_WAIT_TRIM) && !s->is_cd;
    if (!s->trim && (s->lba > s->sectors / unit || s->left > s->sectors / unit - s->lba)) {
        return err_fail(errp, "a transfer waits that is not on the disk");
    }
    if (!dma) {
        s->per_irq = MAX(s->per_irq, 1);
        s->chunk = MIN(s->left, s->per_irq);
        ide_wait(s, s->is_cd ? atapi_resume(false) : ata_resume(false, s->is_write));
        return true;
    }
    bus->dma_drive = s;
    if (engine_on && (!s->is_cd || s->left != 0)) {
        ide_wait(s, s->is_cd ? atapi_resume(true) : ata_resume(true, s->is_write));
    } else {
        s->dma_wanted = true;
    }
    return true;
}

static void free_buffers(IdeBus *bus)
{
    for (unsigned i = 0; i < IDE_UNITS; i++) {
        if (bus->saved[i].buffer_owned) {
            g_free(bus->saved[i].buffer);
        }
        bus->saved[i].buffer = NULL;
        bus->saved[i].buffer_owned = bus->saved[i].has_buffer = false;
    }
}

bool ide_bus_post_load(IdeBus *bus, bool engine_on, GError **errp)
{
    bool ok = true;

    bus->unit = bus->unit != 0;
    for (unsigned i = 0; i < IDE_UNITS && ok; i++) {
        ok = bus->drives[i] == NULL || load_drive(bus->drives[i], &bus->saved[i], errp);
    }
    free_buffers(bus);
    ok = ok && load_wait(bus, engine_on, errp);
    bus->wait = 0;
    return ok;
}

/* ---- Rows */

static bool pio_needed(const void *obj)
{
    return ((const IdeSaved *)obj)->has_buffer;
}

static bool pio_pre_load(void *obj, GError **errp)
{
    IdeSaved *v = obj;

    v->has_buffer = v->buffer_owned = true;
    v->buffer = g_malloc0(IDE_BUF_SAVED);
    return true;
}

static bool tray_needed(const void *obj)
{
    const IdeSaved *v = obj;

    return v->tray_open || v->tray_locked;
}

static bool events_needed(const void *obj)
{
    const IdeSaved *v = obj;

    return v->event_new || v->event_eject;
}

static bool cd_sectors_needed(const void *obj)
{
    return ((const IdeSaved *)obj)->cd_sectors;
}

static bool cd_sectors_pre_load(void *obj, GError **errp)
{
    ((IdeSaved *)obj)->cd_sectors = true;
    return true;
}

static bool drive_pre_load(void *obj, GError **errp)
{
    IdeSaved *v = obj;

    if (v->buffer_owned) { /* of a load that failed */
        g_free(v->buffer);
    }
    memset(v, 0, sizeof(*v));
    return true;
}

static bool identify_exists(const void *obj, int version)
{
    return ((const IdeSaved *)obj)->identify_set != 0;
}

static const VmField pio_fields[] = {
    VM_FIELD_I32(IdeSaved, per_irq, .as = "req_nb_sectors"),
    { .name = "buffer",
      .as = "io_buffer",
      .kind = VM_U8,
      .offset = offsetof(IdeSaved, buffer),
      .count = IDE_BUF_SAVED,
      .elem_size = 1,
      .since = 1,
      .flags = VM_POINTER },
    VM_FIELD_I32(IdeSaved, buffer_at, .as = "cur_io_buffer_offset"),
    VM_FIELD_I32(IdeSaved, buffer_len, .as = "cur_io_buffer_len"),
    VM_FIELD_U8(IdeSaved, step, .as = "end_transfer_fn_idx"),
    VM_FIELD_I32(IdeSaved, unit_left, .as = "elementary_transfer_size"),
    VM_FIELD_I32(IdeSaved, packet_left, .as = "packet_transfer_size"),
    VM_FIELD_END,
};
static const VmState pio_vmstate = {
    .name = "ide_drive/pio_state",
    .version = 1,
    .min_version = 1,
    .fields = pio_fields,
    .needed = pio_needed,
    .pre_load = pio_pre_load,
};
static const VmField tray_fields[] = { VM_FIELD_U8(IdeSaved, tray_open),
                                       VM_FIELD_U8(IdeSaved, tray_locked), VM_FIELD_END };
static const VmState tray_vmstate = {
    .name = "ide_drive/tray_state",
    .version = 1,
    .min_version = 1,
    .fields = tray_fields,
    .needed = tray_needed,
};
static const VmField event_fields[] = {
    VM_FIELD_U8(IdeSaved, event_new, .as = "events.new_media"),
    VM_FIELD_U8(IdeSaved, event_eject, .as = "events.eject_request"), VM_FIELD_END
};
static const VmState event_vmstate = {
    .name = "ide_drive/atapi/gesn_state",
    .version = 1,
    .min_version = 1,
    .fields = event_fields,
    .needed = events_needed,
};
static const VmField cd_fields[] = { VM_FIELD_U64(IdeSaved, cd_lba), VM_FIELD_U32(IdeSaved, cd_left),
                                     VM_FIELD_END };
static const VmState cd_vmstate = {
    .name = "ide_drive/cd_sectors",
    .version = 1,
    .min_version = 1,
    .fields = cd_fields,
    .needed = cd_sectors_needed,
    .pre_load = cd_sectors_pre_load,
};
static const VmState *const drive_sections[] = { &pio_vmstate, &tray_vmstate, &event_vmstate,
                                                 &cd_vmstate, NULL };
static const VmField drive_fields[] = {
    VM_FIELD_I32(IdeSaved, mult, .as = "mult_sectors"),
    VM_FIELD_I32(IdeSaved, identify_set),
    VM_FIELD_BUF(IdeSaved, identify, .as = "identify_data", .exists = identify_exists),
    VM_FIELD_U8(IdeSaved, feature),
    VM_FIELD_U8(IdeSaved, error),
    VM_FIELD_U32(IdeSaved, nsector),
    VM_FIELD_U8(IdeSaved, sector),
    VM_FIELD_U8(IdeSaved, lcyl),
    VM_FIELD_U8(IdeSaved, hcyl),
    VM_FIELD_U8(IdeSaved, hob_feature),
    VM_FIELD_U8(IdeSaved, hob_sector),
    VM_FIELD_U8(IdeSaved, hob_nsector),
    VM_FIELD_U8(IdeSaved, hob_lcyl),
    VM_FIELD_U8(IdeSaved, hob_hcyl),
    VM_FIELD_U8(IdeSaved, select),
    VM_FIELD_U8(IdeSaved, status),
    VM_FIELD_U8(IdeSaved, lba48),
    VM_FIELD_U8(IdeSaved, sense_key),
    VM_FIELD_U8(IdeSaved, asc),
    VM_FIELD_U8(IdeSaved, changed, .as = "cdrom_changed", .since = 3),
    VM_FIELD_END,
};
const VmState ide_drive_vmstate = {
    .name = "ide_drive",
    .version = 3,
    .fields = drive_fields,
    .sections = drive_sections,
    .pre_load = drive_pre_load,
};

static bool wait_needed(const void *obj)
{
    return ((const IdeBus *)obj)->wait != 0;
}

static bool bus_pre_load(void *obj, GError **errp)
{
    ((IdeBus *)obj)->wait = 0;
    return true;
}

static const VmField wait_fields[] = {
    VM_FIELD_I32(IdeBus, wait, .as = "error_status"),
    VM_FIELD_I64(IdeBus, wait_lba, .as = "retry_sector_num", .since = 2),
    VM_FIELD_U32(IdeBus, wait_left, .as = "retry_nsector", .since = 2),
    VM_FIELD_U8(IdeBus, wait_unit, .as = "retry_unit", .since = 2),
    VM_FIELD_END,
};
static const VmState wait_vmstate = {
    .name = "ide_bus/error",
    .version = 2,
    .min_version = 1,
    .fields = wait_fields,
    .needed = wait_needed,
};
static const VmState *const bus_sections[] = { &wait_vmstate, NULL };
static const VmField bus_fields[] = { VM_FIELD_U8(IdeBus, control, .as = "cmd"),
                                      VM_FIELD_U8(IdeBus, unit), VM_FIELD_END };
const VmState ide_bus_vmstate = {
    .name = "ide_bus",
    .version = 1,
    .min_version = 1,
    .fields = bus_fields,
    .sections = bus_sections,
    .pre_load = bus_pre_load,
};
