/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices "ide-hd" and "ide-cd": geometry, identity, life. */
#include <string.h>

#include "hw/ide/ide.h"
#include "util/err.h"

enum { TRANS_AUTO, TRANS_NONE, TRANS_LBA, TRANS_LARGE, TRANS_RECHS };

static const char *const trans_names[] = { "auto", "none", "lba", "large", "rechs", NULL };
static const EnumDef trans_enum = { "BiosAtaTranslation", trans_names };

/* ---- Reset */

/* What a drive shows in the task file after reset (ATA/ATAPI-7 vol. 1, table 41). */
void ide_signature(IdeDrive *s)
{
    s->select &= 0xf0;
    s->nsector = s->sector = 1;
    s->lcyl = s->is_cd ? 0x14 : 0;
    s->hcyl = s->is_cd ? 0xeb : 0;
    s->error = 1;
}

void ide_cancel(IdeDrive *s)
{
    BlockReq *req = s->req;

    s->retry = NULL;
    s->xfer = IDE_XFER_NONE;
    if (req != NULL) {
        s->req = NULL;
        block_cancel(req);
    }
    if (s->map != NULL) {
        dma_unmap(s->map, s->is_write ? 0 : s->map_len);
        s->map = NULL;
    }
    ide_drop_sg(s);
    s->dma_wanted = false;
    if (s->ibus->dma_drive == s) {
        s->ibus->dma_drive = NULL;
        s->ibus->dma->done(s->ibus->dma_opaque, false);
    }
}

void ide_reset_drive(IdeDrive *s)
{
    ide_cancel(s);
    s->mult = IDE_MULT_MAX;
    s->feature = s->hob_feature = s->hob_nsector = s->hob_sector = s->hob_lcyl = s->hob_hcyl = 0;
    s->lba48 = false;
    s->select = 0xa0;
    ide_signature(s);
    s->status = s->is_cd ? 0 : IDE_READY | IDE_SEEK;
    if (s->is_cd) {
        atapi_reset(s);
    }
}

static void ide_drive_reset(Device *dev, ResetKind kind)
{
    IdeDrive *s = CONTAINER(dev, IdeDrive, dev);

    ide_reset_drive(s);
    s->dma_mode = 0x45;
    s->smart_on = true;
}

/* ---- The medium */

static void ide_drive_size(IdeDrive *s)
{
    uint64_t cyls;

    s->sectors = block_length(s->blk) / IDE_SECTOR;
    if (s->cyls != 0 || s->is_cd) {
        return;
    }
    cyls = s->sectors / (16 * 63);
    s->cyls = (uint32_t)MIN(MAX(cyls, 2), 16383);
    s->heads = 16;
    s->secs = 63;
}

static void ide_medium_changed(void *opaque, bool inserted)
{
    IdeDrive *s = opaque;

    s->sectors = block_length(s->blk) / IDE_SECTOR;
    s->medium_new = true;
    s->event_new = inserted;
    s->event_eject = false;
    s->tray_open = false;
}

static void ide_resized(void *opaque)
{
    ide_drive_size(opaque);
}

static void ide_eject_request(void *opaque, bool force)
{
    IdeDrive *s = opaque;

    s->event_eject = true;
    if (force) {
        s->tray_open = true;
        s->tray_locked = false;
    }
}

static bool ide_tray_open(void *opaque)
{
    return ((IdeDrive *)opaque)->tray_open;
}

static bool ide_locked(void *opaque)
{
    return ((IdeDrive *)opaque)->tray_locked;
}

static char *ide_qom_path(void *opaque)
{
    return object_path(&((IdeDrive *)opaque)->dev.obj);
}

static const BlockUser ide_disk_user = { .resized = ide_resized, .qom_path = ide_qom_path };
static const BlockUser ide_cd_user = {
    .medium_changed = ide_medium_changed,
    .resized = ide_resized,
    .eject_request = ide_eject_request,
    .tray_open = ide_tray_open,
    .locked = ide_locked,
    .qom_path = ide_qom_path,
    .removable = true,
};

bool ide_disk_geometry(const IdeBus *bus, unsigned unit, IdeGeometry *ret)
{
    static const uint8_t codes[] = {
        [TRANS_NONE] = 0, [TRANS_LBA] = 1, [TRANS_LARGE] = 2, [TRANS_RECHS] = 3};
    const IdeDrive *s = bus->drives[unit];
    bool small;

    if (s == NULL || s->is_cd) {
        return false;
    }
    small = s->cyls <= 1024 && s->heads <= 16 && s->secs <= 63;
    ret->cyls = s->cyls;
    ret->heads = s->heads;
    ret->secs = s->secs;
    ret->translation = s->bios_trans == TRANS_AUTO ? codes[small ? TRANS_NONE : TRANS_LBA]
                                                   : codes[s->bios_trans];
    return true;
}

/* ---- Life */

static void ide_default(char **text, char *value)
{
    if (*text == NULL) {
        *text = value;
    } else {
        g_free(value);
    }
}

static bool ide_check(const IdeDrive *s, GError **errp)
{
    if (s->blk == NULL) {
        return err_fail(errp, "No drive specified");
    }
    if (!s->is_cd && !block_inserted(s->blk)) {
        return err_fail(errp, "Device needs media, but drive is empty");
    }
    if (!s->is_cd && block_length(s->blk) < IDE_SECTOR) {
        return err_fail(errp, "Device needs media, but drive is empty");
    }
    if (s->cyls != 0 &&
        (s->heads < 1 || s->heads > 16 || s->secs < 1 || s->secs > 255 || s->cyls > 65535)) {
        return err_fail(errp, "cyls must be between 1 and 65535, heads 1 and 16, secs 1 and 255");
    }
    if (s->props.logical_block_size != 0 && s->props.logical_block_size != IDE_SECTOR) {
        return err_fail(errp, "logical_block_size must be 512 for IDE");
    }
    if (s->wwn != 0 && s->is_cd) {
        return err_fail(errp, "ide-cd has no wwn");
    }
    return true;
}

/* A CD drive without drive= is an empty one, known to the monitor by the device's id or path. */
static bool ide_own_drive(IdeDrive *s, GError **errp)
{
    g_autofree char *path = object_path(&s->dev.obj);

    s->blk = block_open_empty(s->dev.id != NULL && block_find(s->dev.id) == NULL ? s->dev.id : path,
                              errp);
    s->own_blk = s->blk != NULL;
    return s->own_blk;
}

static void ide_release_drive(IdeDrive *s)
{
    if (s->own_blk) {
        block_close(s->blk);
        s->own_blk = false;
    }
    s->blk = NULL;
}

static bool ide_drive_realize(Device *dev, GError **errp)
{
    IdeDrive *s = CONTAINER(dev, IdeDrive, dev);

    s->is_cd = device_is_a(dev, &ide_cd_type);
    s->blk = s->props.drive;
    if (s->blk == NULL && s->is_cd && !ide_own_drive(s, errp)) {
        return false;
    }
    if (!ide_check(s, errp) ||
        !block_attach(s->blk, s->is_cd ? &ide_cd_user : &ide_disk_user, s, !s->is_cd, errp)) {
        ide_release_drive(s);
        return false;
    }
    s->buf = g_malloc0(IDE_BUF_SAVED);
    ide_default(&s->serial, g_strdup_printf("QM%05u", s->ibus->number * 2 + s->unit + 1));
    ide_default(&s->model, g_strdup(s->is_cd ? "QEMU DVD-ROM" : "QEMU HARDDISK"));
    ide_default(&s->version, g_strdup("2.5+"));
    ide_drive_size(s);
    s->write_cache = block_write_cache(s->blk);
    ide_drive_reset(dev, RESET_COLD);
    return true;
}

static void ide_drive_unrealize(Device *dev)
{
    IdeDrive *s = CONTAINER(dev, IdeDrive, dev);

    if (s->buf == NULL) {
        return;
    }
    ide_cancel(s);
    if (s->notify.run_state != NULL) {
        vm_notify_del(dev->vm, &s->notify);
    }
    block_detach(s->blk);
    ide_release_drive(s);
    g_clear_pointer(&s->buf, g_free);
}

#define IDE_COMMON_PROPS                                                                           \
    DRIVE_PROPS(IdeDrive, props),                                                                  \
        FIELD_ENUM("rerror", IdeDrive, props.rerror, &drive_on_error, 0),                          \
        FIELD_ENUM("werror", IdeDrive, props.werror, &drive_on_error, 0),                          \
        FIELD_STR("ver", IdeDrive, version, NULL), FIELD_U64("wwn", IdeDrive, wwn, 0),             \
        FIELD_STR("serial", IdeDrive, serial, NULL), FIELD_STR("model", IdeDrive, model, NULL),    \
        FIELD_U32("unit", IdeDrive, unit, UINT32_MAX),                                             \
        FIELD_I32("bootindex", IdeDrive, bootindex, -1, .flags = FIELD_NO_DEFAULT)

static const Field ide_hd_props[] = {
    IDE_COMMON_PROPS,
    FIELD_U32("cyls", IdeDrive, cyls, 0),
    FIELD_U32("heads", IdeDrive, heads, 0),
    FIELD_U32("secs", IdeDrive, secs, 0),
    FIELD_U32("lcyls", IdeDrive, lcyls, 0),
    FIELD_U32("lheads", IdeDrive, lheads, 0),
    FIELD_U32("lsecs", IdeDrive, lsecs, 0),
    FIELD_ENUM("bios-chs-trans", IdeDrive, bios_trans, &trans_enum, TRANS_AUTO,
               .help = "Logical CHS translation algorithm, auto/none/lba/large/rechs"),
    FIELD_U16("rotation_rate", IdeDrive, rotation_rate, 0),
    { 0 },
};
static const Field ide_cd_props[] = { IDE_COMMON_PROPS, { 0 } };

#define IDE_DRIVE_TYPE(name_, desc_, props_) \
    { .type = { .name = name_, \
                .desc = desc_, \
                .parent = &device_base.type, \
                .size = sizeof(IdeDrive), \
                .user_creatable = true, \
                .props = props_ }, \
      .bus = &ide_bus, \
      .category = DEV_STORAGE, \
      .fw_name = "drive", \
      .realize = ide_drive_realize, \
      .unrealize = ide_drive_unrealize, \
      .reset = ide_drive_reset }

const DeviceType ide_hd_type = IDE_DRIVE_TYPE("ide-hd", "virtual IDE disk", ide_hd_props);
DEVICE_REGISTER(ide_hd_type);

const DeviceType ide_cd_type = IDE_DRIVE_TYPE("ide-cd", "virtual IDE CD-ROM", ide_cd_props);
DEVICE_REGISTER(ide_cd_type);
