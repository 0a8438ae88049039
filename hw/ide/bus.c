/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cable: task file and control registers of a channel (ATA/ATAPI-7 vol. 2, 5), selection of a
 * drive, software reset, PIO data. Both drives see every register write; only the selected one runs
 * commands. */
#include "hw/ide/ide.h"

#include <string.h>

#include "block/drive.h"
#include "hw/core/vm.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum {
    R_DATA,
    R_ERROR,
    R_NSECTOR,
    R_SECTOR,
    R_LCYL,
    R_HCYL,
    R_SELECT,
    R_STATUS,
    R_FEATURE = R_ERROR,
    R_COMMAND = R_STATUS
};
enum { CTL_NIEN = 1 << 1, CTL_SRST = 1 << 2, CTL_HOB = 1 << 7, SELECT_DEV1 = 1 << 4 };

static IdeDrive *ide_selected(const IdeBus *bus)
{
    return bus->drives[bus->unit];
}

static void ide_bus_line(IdeBus *bus, bool level)
{
    bus->irq_level = level;
    if (bus->dma != NULL) {
        bus->dma->irq(bus->dma_opaque, level);
    }
    irq_set(bus->irq, level && !(bus->control & CTL_NIEN));
}

void ide_set_irq(IdeDrive *s)
{
    if (!(s->ibus->control & CTL_NIEN)) {
        ide_bus_line(s->ibus, true);
    }
}

/* ---- PIO data */

void ide_pio_start(IdeDrive *s, IdeXfer dir, size_t n, void (*done)(IdeDrive *s))
{
    g_assert(n <= IDE_BUF);
    s->xfer = dir;
    s->pos = 0;
    s->end = n;
    s->xfer_done = done;
    s->status = IDE_READY | IDE_SEEK | IDE_DRQ;
}

static void ide_pio_finished(IdeDrive *s)
{
    s->xfer = IDE_XFER_NONE;
    s->status &= (uint8_t)~IDE_DRQ;
    s->xfer_done(s);
}

static uint64_t ide_data_read(IdeDrive *s, unsigned size)
{
    uint64_t v = 0;

    if (s == NULL || s->xfer != IDE_XFER_IN) {
        return 0;
    }
    for (unsigned i = 0; i < size && s->pos < s->end; i++) {
        v |= (uint64_t)s->buf[s->pos++] << (8 * i);
    }
    if (s->pos >= s->end) {
        ide_pio_finished(s);
    }
    return v;
}

static void ide_data_write(IdeDrive *s, uint64_t val, unsigned size)
{
    if (s == NULL || s->xfer != IDE_XFER_OUT) {
        return;
    }
    for (unsigned i = 0; i < size && s->pos < s->end; i++) {
        s->buf[s->pos++] = (uint8_t)(val >> (8 * i));
    }
    if (s->pos >= s->end) {
        ide_pio_finished(s);
    }
}

/* ---- Registers */

static bool ide_bus_empty(const IdeBus *bus)
{
    return bus->drives[0] == NULL && bus->drives[1] == NULL;
}

static uint8_t ide_status(IdeBus *bus, bool acknowledge)
{
    IdeDrive *s = ide_selected(bus);

    if (ide_bus_empty(bus) || s == NULL) {
        return 0;
    }
    if (acknowledge) {
        ide_bus_line(bus, false);
    }
    return s->status;
}

static uint64_t ide_reg_read(IdeBus *bus, unsigned reg)
{
    IdeDrive *s = ide_selected(bus) != NULL ? ide_selected(bus) : bus->drives[!bus->unit];
    bool hob = bus->control & CTL_HOB;

    if (s == NULL) {
        return reg == R_STATUS ? 0 : 0xff;
    }
    switch (reg) {
    case R_ERROR: return ide_selected(bus) == NULL ? 0 : hob ? s->hob_feature : s->error;
    case R_NSECTOR: return hob ? s->hob_nsector : s->nsector;
    case R_SECTOR: return hob ? s->hob_sector : s->sector;
    case R_LCYL: return hob ? s->hob_lcyl : s->lcyl;
    case R_HCYL: return hob ? s->hob_hcyl : s->hcyl;
    case R_SELECT:
        return (uint8_t)((s->select & ~SELECT_DEV1) | (bus->unit ? SELECT_DEV1 : 0) | 0xa0);
    default: return ide_status(bus, true);
    }
}

static uint64_t ide_command_read(void *opaque, GuestAddr off, unsigned size)
{
    IdeBus *bus = opaque;

    if (off == R_DATA) {
        return ide_data_read(ide_selected(bus), size);
    }
    return ide_reg_read(bus, (unsigned)off);
}

static void ide_reg_write(IdeDrive *s, unsigned reg, uint8_t val)
{
    TRACE("ide_ioport_write", "reg %u val 0x%02x", reg, val);
    switch (reg) {
    case R_FEATURE:
        s->hob_feature = s->feature;
        s->feature = val;
        break;
    case R_NSECTOR:
        s->hob_nsector = s->nsector;
        s->nsector = val;
        break;
    case R_SECTOR:
        s->hob_sector = s->sector;
        s->sector = val;
        break;
    case R_LCYL:
        s->hob_lcyl = s->lcyl;
        s->lcyl = val;
        break;
    case R_HCYL:
        s->hob_hcyl = s->hcyl;
        s->hcyl = val;
        break;
    default: s->select = val; break;
    }
}

static void ide_command(IdeBus *bus, uint8_t val)
{
    TRACE("ide_exec_cmd", "command 0x%02x", val);
    enum { CMD_DEVICE_RESET = 0x08, CMD_DIAGNOSTIC = 0x90 };
    IdeDrive *s = ide_selected(bus);

    if (s == NULL) {
        return;
    }
    if ((s->status & (IDE_BUSY | IDE_DRQ)) && !(val == CMD_DEVICE_RESET && s->is_cd)) {
        log_guest("ide: command 0x%02x while the drive is busy", val);
        return;
    }
    if (val == CMD_DIAGNOSTIC) {
        for (unsigned i = 0; i < IDE_UNITS; i++) {
            if (bus->drives[i] != NULL) {
                ide_signature(bus->drives[i]);
            }
        }
        bus->unit = 0;
        if (bus->drives[0] != NULL) {
            ide_set_irq(bus->drives[0]);
        }
        return;
    }
    ide_exec(s, val);
}

static void ide_command_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    IdeBus *bus = opaque;

    if (off == R_DATA) {
        ide_data_write(ide_selected(bus), val, size);
        return;
    }
    bus->control &= (uint8_t)~CTL_HOB;
    if (off == R_COMMAND) {
        ide_command(bus, (uint8_t)val);
        return;
    }
    for (unsigned i = 0; i < IDE_UNITS; i++) {
        if (bus->drives[i] != NULL) {
            ide_reg_write(bus->drives[i], (unsigned)off, (uint8_t)val);
        }
    }
    if (off == R_SELECT) {
        bus->unit = (val & SELECT_DEV1) != 0;
    }
}

static uint64_t ide_control_read(void *opaque, GuestAddr off, unsigned size)
{
    return ide_status(opaque, false);
}

static void ide_control_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    IdeBus *bus = opaque;
    bool was = bus->control & CTL_SRST, now = val & CTL_SRST;

    TRACE("ide_ctrl_write", "val 0x%02x", (unsigned)val);
    bus->control = (uint8_t)val;
    for (unsigned i = 0; i < IDE_UNITS; i++) {
        IdeDrive *s = bus->drives[i];

        if (s == NULL || was == now) {
            continue;
        }
        if (now) {
            ide_cancel(s);
            s->status = IDE_BUSY | IDE_SEEK;
            s->error = 1;
        } else {
            ide_reset_drive(s);
        }
    }
    if (was && !now) {
        bus->unit = 0;
    }
    irq_set(bus->irq, bus->irq_level && !(bus->control & CTL_NIEN));
}

static const MemOps ide_control_ops = { .read = ide_control_read,
                                        .write = ide_control_write,
                                        .max_size = 1 };

/* Only the data port is wider than a byte; wide accesses elsewhere are split. */
static uint64_t ide_split_read(void *opaque, GuestAddr off, unsigned size)
{
    uint64_t v = 0;

    if (off == R_DATA) {
        return ide_command_read(opaque, off, size);
    }
    for (unsigned i = 0; i < size && off + i <= R_STATUS; i++) {
        v |= ide_command_read(opaque, off + i, 1) << (8 * i);
    }
    return v;
}

static void ide_split_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    if (off == R_DATA) {
        ide_command_write(opaque, off, val, size);
        return;
    }
    for (unsigned i = 0; i < size && off + i <= R_STATUS; i++) {
        ide_command_write(opaque, off + i, (val >> (8 * i)) & 0xff, 1);
    }
}

static const MemOps ide_split_ops = {
    .read = ide_split_read, .write = ide_split_write, .max_size = 4, .unaligned = true
};

/* ---- The bus */

static bool ide_bus_attach(Bus *b, Device *dev, GError **errp)
{
    IdeBus *bus = CONTAINER(b, IdeBus, bus);
    IdeDrive *s = CONTAINER(dev, IdeDrive, dev);

    if (s->unit == UINT32_MAX) {
        s->unit = bus->drives[0] == NULL ? 0 : 1;
    }
    if (s->unit >= IDE_UNITS) {
        return err_fail(errp, "Can't create IDE unit %u, bus supports only 2 units", s->unit);
    }
    if (bus->drives[s->unit] != NULL) {
        return err_fail(errp, "IDE unit %u is in use", s->unit);
    }
    bus->drives[s->unit] = s;
    s->ibus = bus;
    return true;
}

static void ide_bus_detach(Bus *b, Device *dev)
{
    IdeBus *bus = CONTAINER(b, IdeBus, bus);
    IdeDrive *s = CONTAINER(dev, IdeDrive, dev);

    if (s->unit < IDE_UNITS && bus->drives[s->unit] == s) {
        bus->drives[s->unit] = NULL;
    }
    if (bus->dma_drive == s) {
        bus->dma_drive = NULL;
    }
}

static char *ide_bus_fw_path(const Device *dev)
{
    const IdeDrive *s = CONTAINER(dev, const IdeDrive, dev);

    return g_strdup_printf("drive@%u/disk@%u", s->ibus->number, s->unit);
}

static void ide_bus_type_reset(Bus *b, ResetKind kind)
{
    ide_bus_reset(CONTAINER(b, IdeBus, bus));
}

const BusType ide_bus = {
    .type = { .name = "IDE", .parent = &bus_base.type, .size = sizeof(IdeBus) },
    .max_devices = IDE_UNITS,
    .attach = ide_bus_attach,
    .detach = ide_bus_detach,
    .fw_path = ide_bus_fw_path,
    .reset = ide_bus_type_reset,
};
BUS_REGISTER(ide_bus);

IdeBus *ide_bus_new(Device *owner, const char *name, unsigned number, Irq irq)
{
    IdeBus *bus = CONTAINER(bus_new(&ide_bus, owner, name), IdeBus, bus);

    bus->number = number;
    bus->irq = irq;
    return bus;
}

void ide_bus_map(IdeBus *bus, MemRegion *io, uint16_t base, uint16_t control)
{
    mem_init_io(&bus->command_io, "ide", 8, &ide_split_ops, bus);
    mem_init_io(&bus->control_io, "ide", 1, &ide_control_ops, bus);
    mem_add(io, base, &bus->command_io, 0);
    mem_add(io, control, &bus->control_io, 0);
}

void ide_bus_reset(IdeBus *bus)
{
    TRACE("ide_reset", "bus %p", (void *)bus);
    bus->unit = 0;
    bus->control = 0;
    ide_bus_line(bus, false);
}

bool ide_attach_drive(IdeBus *bus, unsigned unit, GError **errp)
{
    Drive *d = drive_get(DRIVE_IDE, bus->number, unit);
    Device *dev;
    IdeDrive *s;

    if (d == NULL) {
        return true;
    }
    dev = device_new(d->cdrom ? &ide_cd_type : &ide_hd_type, bus->bus.vm, NULL);
    s = CONTAINER(dev, IdeDrive, dev);
    s->unit = unit;
    s->props.drive = d->block;
    if (!device_realize(dev, &bus->bus, errp)) {
        object_free(&dev->obj);
        return false;
    }
    return true;
}
