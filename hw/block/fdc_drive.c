/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floppy drives: geometry from the size of the image, media change, the device "floppy" on its bus.
 */
#include "hw/block/fdc_int.h"
#include "util/err.h"

typedef struct FdFormat {
    FdType type;
    uint8_t tracks, heads, sects, rate;
} FdFormat;
enum { RATE_500K, RATE_300K, RATE_250K, RATE_1M };

/* The first of a size wins; formats of the drive's own type are looked at first. */
static const FdFormat fd_formats[] = {
    { FD_144, 80, 2, 18, RATE_500K }, { FD_144, 80, 2, 20, RATE_500K },
    { FD_144, 80, 2, 21, RATE_500K }, { FD_144, 82, 2, 21, RATE_500K },
    { FD_144, 83, 2, 21, RATE_500K }, { FD_144, 80, 2, 22, RATE_500K },
    { FD_144, 80, 2, 24, RATE_500K }, { FD_144, 80, 2, 9, RATE_250K },
    { FD_144, 80, 1, 9, RATE_250K },  { FD_288, 80, 2, 36, RATE_1M },
    { FD_288, 80, 2, 39, RATE_1M },   { FD_288, 80, 2, 40, RATE_1M },
    { FD_120, 80, 2, 15, RATE_500K }, { FD_120, 80, 2, 18, RATE_500K },
    { FD_120, 40, 2, 9, RATE_300K },  { FD_120, 40, 1, 9, RATE_300K },
    { FD_120, 40, 2, 8, RATE_250K },  { FD_120, 40, 1, 8, RATE_250K },
};

static const char *const fd_type_names[] = { "144", "288", "120", "none", "auto", NULL };
const EnumDef fd_type_enum = { "FdcDriveType", fd_type_names };

static const FdFormat *fd_find(uint64_t size, FdType type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fd_formats); i++) {
        const FdFormat *f = &fd_formats[i];

        if ((type == FD_AUTO || f->type == type) &&
            (uint64_t)f->tracks * f->heads * f->sects * FD_SECTOR == size) {
            return f;
        }
    }
    return NULL;
}

void floppy_revalidate(Floppy *f)
{
    uint64_t size = f->blk != NULL ? block_length(f->blk) : 0;
    const FdFormat *fmt = NULL;

    f->tracks = f->heads = f->sects = 0;
    f->read_only = f->blk == NULL || block_read_only(f->blk);
    if (f->blk == NULL || !block_inserted(f->blk)) {
        return;
    }
    if (f->type != FD_AUTO) {
        fmt = fd_find(size, f->type);
    }
    if (fmt == NULL) {
        fmt = fd_find(size, FD_AUTO);
    }
    if (fmt == NULL) { /* cut short or odd: as much as fits of the usual format */
        fmt = &fd_formats[0];
    }
    f->tracks = fmt->tracks;
    f->heads = fmt->heads;
    f->sects = fmt->sects;
    f->rate = fmt->rate;
    if (f->type == FD_AUTO) {
        f->type = fmt->type;
    }
}

uint8_t floppy_cmos(const Floppy *f)
{
    switch (f->type) {
    case FD_144: return 4;
    case FD_288: return 5;
    case FD_120: return 2;
    case FD_NONE:
    case FD_AUTO: break;
    }
    return 0;
}

bool floppy_offset(const Floppy *f, uint64_t *off)
{
    if (f->sect < 1 || f->sect > f->sects || f->head >= f->heads || f->track >= f->tracks) {
        return false;
    }
    *off = (((uint64_t)f->track * f->heads + f->head) * f->sects + f->sect - 1) * FD_SECTOR;
    return true;
}

bool floppy_next_sector(Floppy *f, uint8_t eot, bool multi)
{
    if (f->sect < f->sects && f->sect != eot) {
        f->sect++;
        return true;
    }
    f->sect = 1;
    if (multi && f->head == 0 && f->heads > 1) {
        f->head = 1;
        return true;
    }
    if (multi) {
        f->head = 0;
    }
    f->track = (uint8_t)MIN(f->track + 1, 255);
    return false;
}

/* ---- The device */

static void floppy_changed(void *opaque, bool inserted)
{
    Floppy *f = opaque;

    f->changed = true;
    floppy_revalidate(f);
}

static char *floppy_qom_path(void *opaque)
{
    return object_path(&((Floppy *)opaque)->dev.obj);
}

static const BlockUser floppy_user = { .medium_changed = floppy_changed,
                                       .qom_path = floppy_qom_path,
                                       .removable = true };

static bool floppy_realize(Device *dev, GError **errp)
{
    Floppy *f = CONTAINER(dev, Floppy, dev);
    Fdc *fdc = CONTAINER(dev->bus, FloppyBus, bus)->fdc;
    int bus_type = f->unit == 0 ? fdc->type_a : fdc->type_b;

    f->blk = f->props.drive;
    if (f->blk != NULL && !block_attach(f->blk, &floppy_user, f, false, errp)) {
        return false;
    }
    f->type = (FdType)(f->type_opt != FD_AUTO ? f->type_opt : bus_type);
    floppy_revalidate(f);
    if (f->type == FD_AUTO) {
        f->type = (FdType)fdc->fallback;
    }
    f->changed = true;
    return true;
}

static void floppy_unrealize(Device *dev)
{
    Floppy *f = CONTAINER(dev, Floppy, dev);

    if (f->blk != NULL) {
        block_detach(f->blk);
    }
}

static void floppy_reset(Device *dev, ResetKind kind)
{
    Floppy *f = CONTAINER(dev, Floppy, dev);

    f->track = f->head = 0;
    f->sect = 1;
}

static bool floppy_bus_attach(Bus *b, Device *dev, GError **errp)
{
    Fdc *fdc = CONTAINER(b, FloppyBus, bus)->fdc;
    Floppy *f = CONTAINER(dev, Floppy, dev);

    if (f->unit == UINT32_MAX) {
        f->unit = fdc->drives[0] == NULL ? 0 : 1;
    }
    if (f->unit >= FD_DRIVES) {
        return err_fail(errp, "Can't create floppy unit %u, bus supports only 2 units", f->unit);
    }
    if (fdc->drives[f->unit] != NULL) {
        return err_fail(errp, "Floppy unit %u is in use", f->unit);
    }
    fdc->drives[f->unit] = f;
    return true;
}

static void floppy_bus_detach(Bus *b, Device *dev)
{
    Fdc *fdc = CONTAINER(b, FloppyBus, bus)->fdc;
    Floppy *f = CONTAINER(dev, Floppy, dev);

    if (f->unit < FD_DRIVES && fdc->drives[f->unit] == f) {
        fdc->drives[f->unit] = NULL;
    }
}

static char *floppy_fw_path(const Device *dev)
{
    return g_strdup_printf("floppy@%x", CONTAINER(dev, const Floppy, dev)->unit);
}

static const BusType floppy_bus = {
    .type = { .name = "floppy-bus", .parent = &bus_base.type, .size = sizeof(FloppyBus) },
    .max_devices = FD_DRIVES,
    .attach = floppy_bus_attach,
    .detach = floppy_bus_detach,
    .fw_path = floppy_fw_path,
};
BUS_REGISTER(floppy_bus);

static const Field floppy_props[] = {
    FIELD_U32("unit", Floppy, unit, UINT32_MAX),
    DRIVE_PROPS(Floppy, props),
    FIELD_ENUM("drive-type", Floppy, type_opt, &fd_type_enum, FD_AUTO,
               .help = "FDC drive type, 144/288/120/none/auto"),
    { 0 },
};

const DeviceType floppy_type = {
    .type = { .name = "floppy",
              .desc = "virtual floppy drive",
              .parent = &device_base.type,
              .size = sizeof(Floppy),
              .user_creatable = true,
              .props = floppy_props },
    .bus = &floppy_bus,
    .category = DEV_STORAGE,
    .realize = floppy_realize,
    .unrealize = floppy_unrealize,
    .reset = floppy_reset,
};
DEVICE_REGISTER(floppy_type);
