/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82077AA floppy disk controller (data sheet 290166): registers, command phases, seek and sense
 * commands. Data transfers are in fdc_xfer.c, drives in fdc_drive.c. Heads move at once. Not
 * modelled: scan commands, tape, precompensation, single density, more than two drives. */
#include "hw/block/fdc_int.h"

#include <string.h>

#include "block/drive.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum { R_SRA, R_SRB, R_DOR, R_TDR, R_MSR, R_FIFO, R_DIR = 7, R_DSR = R_MSR, R_CCR = R_DIR };
enum {
    SRA_INT = 0x80,
    SRB_RESET = 0xc0,
    DOR_DMA = 0x08,
    DOR_NRESET = 0x04,
    DSR_RESET = 0x80,
    DSR_POWER = 0x40,
    DIR_CHANGED = 0x80,
    CONFIG_DEFAULT = 0x60
};
enum { MSR_RQM = 0x80, MSR_DIO = 0x40, MSR_BUSY = 0x10 };
enum {
    ST0_SEEK = 0x20,
    ST0_ABNORMAL = 0x40,
    ST0_INVALID = 0x80,
    ST0_READY_CHANGED = 0xc0,
    ST0_CHECK = 0x10
};

Floppy *fdc_drive(Fdc *s)
{
    unsigned n = s->dor & 3;

    return n < FD_DRIVES ? s->drives[n] : NULL;
}

/* ---- Interrupt */

void fdc_raise(Fdc *s)
{
    if (!s->irq_pending) {
        s->irq_pending = true;
        s->sra |= SRA_INT;
        if (s->dor & DOR_DMA) {
            irq_raise(s->irq);
        }
    }
    s->reset_sense = 0;
}

static void fdc_lower(Fdc *s)
{
    s->irq_pending = false;
    s->sra &= (uint8_t)~SRA_INT;
    irq_lower(s->irq);
}

void fdc_result(Fdc *s, unsigned n)
{
    s->pos = 0;
    s->len = n;
    if (n == 0) {
        s->phase = FD_COMMAND;
        s->msr = MSR_RQM;
        return;
    }
    s->phase = FD_RESULT;
    s->msr = MSR_RQM | MSR_DIO | MSR_BUSY;
}

/* ---- Reset */

static void fdc_reset_state(Fdc *s, bool interrupt)
{
    fdc_lower(s);
    timer_cancel(s->timer);
    if (s->by_dma && s->phase == FD_EXECUTION) {
        isa_dma_release(isa_bus_of(&s->isa.dev)->dma, s->dma);
    }
    if (!s->lock) {
        s->config = CONFIG_DEFAULT & 0x20;
    }
    s->status0 = s->status1 = s->status2 = 0;
    s->data_pos = 0;
    for (unsigned i = 0; i < FD_DRIVES; i++) {
        if (s->drives[i] != NULL) {
            s->drives[i]->track = 0;
        }
    }
    fdc_result(s, 0);
    if (interrupt) {
        fdc_raise(s);
        s->status0 = ST0_READY_CHANGED;
        s->reset_sense = 4;
    }
}

static void fdc_write_dor(Fdc *s, uint8_t val)
{
    bool was = s->dor & DOR_NRESET, now = val & DOR_NRESET;

    s->srb =
        (uint8_t)(SRB_RESET | (val & 0x10 ? 1 : 0) | (val & 0x20 ? 2 : 0) | (val & 1 ? 0x20 : 0));
    s->dor = val;
    if (was && !now) {
        fdc_reset_state(s, false);
        s->msr = 0;
    } else if (!was && now) {
        s->dsr &= (uint8_t)~DSR_POWER;
        fdc_reset_state(s, true);
    }
}

/* ---- Commands. fifo[0] is the command itself. */

static void cmd_specify(Fdc *s)
{
    s->timer0 = s->fifo[1];
    s->timer1 = s->fifo[2];
    fdc_result(s, 0);
}

static void cmd_sense_drive(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    s->fifo[0] = (uint8_t)((s->fifo[1] & 7) | 0x28 | (f != NULL && f->track == 0 ? 0x10 : 0) |
                           (f != NULL && f->tracks != 0 && f->read_only ? 0x40 : 0));
    fdc_result(s, 1);
}

static void cmd_recalibrate(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    if (f != NULL) {
        f->track = 0;
    }
    fdc_result(s, 0);
    s->status0 = (uint8_t)(ST0_SEEK | (f == NULL ? ST0_ABNORMAL | ST0_CHECK : 0) | (s->dor & 3));
    fdc_raise(s);
}

static void cmd_seek(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    if (f != NULL) {
        f->head = s->fifo[1] >> 2 & 1;
        f->track = s->fifo[2];
        if (f->tracks != 0) {
            f->changed = false; /* stepping clears the disk change line */
        }
    }
    fdc_result(s, 0);
    s->status0 = (uint8_t)(ST0_SEEK | (s->dor & 3) | (f != NULL && f->head ? 4 : 0));
    fdc_raise(s);
}

static void cmd_relative_seek(Fdc *s)
{
    Floppy *f = fdc_drive(s);
    int to = f != NULL ? f->track + (s->command & 0x40 ? s->fifo[2] : -s->fifo[2]) : 0;

    s->fifo[2] = (uint8_t)CLAMP(to, 0, 255);
    cmd_seek(s);
}

static void cmd_sense_interrupt(Fdc *s)
{
    Floppy *f = fdc_drive(s);

    if (s->reset_sense > 0) {
        s->fifo[0] = (uint8_t)(ST0_READY_CHANGED | (4 - s->reset_sense));
        s->reset_sense--;
    } else if (!s->irq_pending) {
        s->fifo[0] = ST0_INVALID;
        fdc_result(s, 1);
        return;
    } else {
        s->fifo[0] = s->status0;
    }
    s->fifo[1] = f != NULL ? f->track : 0;
    fdc_result(s, 2);
    fdc_lower(s);
    s->status0 = ST0_READY_CHANGED;
}

static void cmd_dump_registers(Fdc *s)
{
    s->fifo[0] = s->drives[0] != NULL ? s->drives[0]->track : 0;
    s->fifo[1] = s->drives[1] != NULL ? s->drives[1]->track : 0;
    s->fifo[2] = s->fifo[3] = 0;
    s->fifo[4] = s->timer0;
    s->fifo[5] = s->timer1;
    s->fifo[6] = fdc_drive(s) != NULL ? fdc_drive(s)->sects : 0;
    s->fifo[7] = (uint8_t)(s->lock << 7 | s->perpendicular << 2);
    s->fifo[8] = s->config;
    s->fifo[9] = 0;
    fdc_result(s, 10);
}

static void cmd_version(Fdc *s)
{
    s->fifo[0] = 0x90;
    fdc_result(s, 1);
}

static void cmd_part_id(Fdc *s)
{
    s->fifo[0] = 0x41; /* 82078 family, stepping 1 */
    fdc_result(s, 1);
}

static void cmd_perpendicular(Fdc *s)
{
    if (s->fifo[1] & 0x80) {
        s->perpendicular = s->fifo[1] & 0x1f;
    }
    fdc_result(s, 0);
}

static void cmd_configure(Fdc *s)
{
    s->config = s->fifo[2];
    fdc_result(s, 0);
}

static void cmd_lock(Fdc *s)
{
    s->lock = s->command >> 7;
    s->fifo[0] = (uint8_t)(s->lock << 4);
    fdc_result(s, 1);
}

static void fdc_read_id_done(void *opaque)
{
    Fdc *s = opaque;
    Floppy *f = fdc_drive(s);

    s->by_dma = false;
    if (f == NULL || f->tracks == 0 || (s->dsr & 3) != f->rate) {
        fdc_end_transfer(s, ST0_ABNORMAL, 0x01, 0);
        return;
    }
    f->sect = f->sect >= f->sects ? 1 : f->sect + 1; /* the disk turns */
    fdc_end_transfer(s, ST0_SEEK, 0, 0);
}

static void cmd_read_id(Fdc *s)
{
    Floppy *f;

    s->dor = (uint8_t)((s->dor & ~3) | (s->fifo[1] & 3));
    f = fdc_drive(s);
    if (f != NULL) {
        f->head = s->fifo[1] >> 2 & 1;
    }
    s->msr = MSR_BUSY;
    timer_set(s->timer, clock_ns(CLOCK_VIRTUAL) + 20000000);
}

static void cmd_read(Fdc *s)
{
    s->is_write = s->is_verify = false;
    fdc_start_transfer(s);
}

static void cmd_verify(Fdc *s)
{
    s->is_write = false;
    s->is_verify = true;
    fdc_start_transfer(s);
}

static void cmd_write(Fdc *s)
{
    s->is_write = true;
    s->is_verify = false;
    fdc_start_transfer(s);
}

static void cmd_nothing(Fdc *s)
{
    fdc_result(s, 0);
}

static void cmd_invalid(Fdc *s)
{
    log_unimp("fdc: command 0x%02x", s->command);
    s->fifo[0] = ST0_INVALID;
    fdc_result(s, 1);
}

typedef struct FdCommand {
    uint8_t mask, value, params;
    void (*fn)(Fdc *s);
} FdCommand;

static const FdCommand fd_commands[] = {
    { 0x1f, 0x06, 8, cmd_read },           { 0x1f, 0x0c, 8, cmd_read },
    { 0x3f, 0x05, 8, cmd_write },          { 0x3f, 0x09, 8, cmd_write },
    { 0x9f, 0x02, 8, cmd_read },           { 0x1f, 0x16, 8, cmd_verify },
    { 0xff, 0x03, 2, cmd_specify },        { 0xff, 0x04, 1, cmd_sense_drive },
    { 0xff, 0x07, 1, cmd_recalibrate },    { 0xff, 0x08, 0, cmd_sense_interrupt },
    { 0xbf, 0x0a, 1, cmd_read_id },        { 0xbf, 0x0d, 5, fdc_start_format },
    { 0xff, 0x0e, 0, cmd_dump_registers }, { 0xff, 0x0f, 2, cmd_seek },
    { 0xff, 0x10, 0, cmd_version },        { 0xff, 0x12, 1, cmd_perpendicular },
    { 0xff, 0x13, 3, cmd_configure },      { 0x7f, 0x14, 0, cmd_lock },
    { 0xff, 0x18, 0, cmd_part_id },        { 0xff, 0x33, 1, cmd_nothing },
    { 0xff, 0x8f, 2, cmd_relative_seek },  { 0xff, 0xcf, 2, cmd_relative_seek },
    { 0x00, 0x00, 0, cmd_invalid },
};

static const FdCommand *fd_find_command(uint8_t val)
{
    const FdCommand *c = fd_commands;

    while ((val & c->mask) != c->value) {
        c++;
    }
    return c;
}

unsigned fdc_params(uint8_t command)
{
    return fd_find_command(command)->params;
}

/* ---- Registers */

static void fdc_fifo_write(Fdc *s, uint8_t val)
{
    const FdCommand *c;

    if (!(s->dor & DOR_NRESET) || !(s->msr & MSR_RQM)) {
        return;
    }
    if (s->phase == FD_EXECUTION) {
        fdc_lower(s);
        fdc_data_write(s, val);
        return;
    }
    if (s->phase != FD_COMMAND) {
        log_guest("fdc: write to the FIFO in the result phase");
        return;
    }
    if (s->pos == 0) {
        s->command = val;
    }
    s->fifo[s->pos++] = val;
    s->msr |= MSR_BUSY;
    c = fd_find_command(s->command);
    if (s->pos > c->params) {
        s->pos = 0;
        c->fn(s);
    }
}

static uint8_t fdc_fifo_read(Fdc *s)
{
    uint8_t v;

    s->dsr &= (uint8_t)~DSR_POWER;
    if (!(s->msr & MSR_RQM) || !(s->msr & MSR_DIO)) {
        return 0;
    }
    if (s->phase == FD_EXECUTION) {
        fdc_lower(s);
        return fdc_data_read(s);
    }
    if (s->phase != FD_RESULT || s->pos >= s->len) {
        return 0;
    }
    v = s->fifo[s->pos++];
    if (s->pos == s->len) {
        if (s->irq_pending && s->reset_sense == 0) {
            fdc_lower(s);
        }
        fdc_result(s, 0);
    }
    return v;
}

static uint8_t fdc_dir(Fdc *s)
{
    Floppy *f = fdc_drive(s);
    bool motor = s->dor & (0x10 << (s->dor & 3));

    return f != NULL && motor && f->changed ? DIR_CHANGED : 0;
}

static uint64_t fdc_read(void *opaque, GuestAddr off, unsigned size)
{
    Fdc *s = opaque;

    switch (off + 1) { /* the region begins at SRB */
    case R_SRB: return s->srb;
    case R_DOR: return s->dor;
    case R_TDR: return s->tdr;
    case R_MSR:
        s->dsr &= (uint8_t)~DSR_POWER;
        s->dor |= DOR_NRESET;
        return s->msr;
    case R_FIFO: return fdc_fifo_read(s);
    default: return 0xff;
    }
}

static void fdc_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Fdc *s = opaque;

    TRACE("fdc_ioport_write", "reg %u val 0x%02x", (unsigned)off, (unsigned)val);
    switch (off + 1) {
    case R_DOR: fdc_write_dor(s, (uint8_t)val); break;
    case R_TDR: s->tdr = val & 3; break;
    case R_DSR:
        s->dsr = (uint8_t)val & (uint8_t)~DSR_RESET;
        if (val & DSR_RESET) {
            fdc_reset_state(s, true);
        }
        break;
    case R_FIFO: fdc_fifo_write(s, (uint8_t)val); break;
    default: break;
    }
}

static uint64_t fdc_read7(void *opaque, GuestAddr off, unsigned size)
{
    return fdc_dir(opaque);
}

static void fdc_write7(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Fdc *s = opaque;

    s->dsr = (uint8_t)((s->dsr & ~3) | (val & 3));
}

static const MemOps fdc_ops = { .read = fdc_read, .write = fdc_write, .max_size = 1 };
static const MemOps fdc_ops7 = { .read = fdc_read7, .write = fdc_write7, .max_size = 1 };

/* ---- Life */

static void fdc_device_reset(Device *dev, ResetKind kind)
{
    Fdc *s = CONTAINER(dev, Fdc, isa.dev);

    s->lock = 0;
    s->sra = 0;
    s->srb = SRB_RESET;
    s->dor = DOR_NRESET | DOR_DMA;
    s->tdr = s->dsr = 0;
    s->timer0 = s->timer1 = s->perpendicular = 0;
    s->reset_sense = 0;
    s->config = CONFIG_DEFAULT;
    fdc_reset_state(s, false);
}

static bool fdc_realize(Device *dev, GError **errp)
{
    Fdc *s = CONTAINER(dev, Fdc, isa.dev);
    IsaBus *isa = isa_bus_of(dev);

    if (!isa_irq_checked(dev, s->irq_num, &s->irq, errp)) {
        return false;
    }
    if (s->dma > 3) {
        return err_fail(errp, "isa-fdc: dma must be 0 to 3");
    }
    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, fdc_read_id_done, s);
    mem_init_io(&s->io, "fdc", 5, &fdc_ops, s);
    mem_init_io(&s->io7, "fdc", 1, &fdc_ops7, s);
    s->isa.first_port = (uint16_t)s->iobase;
    isa_register_ioport(dev, &s->io, (uint16_t)(s->iobase + R_SRB));
    isa_register_ioport(dev, &s->io7, (uint16_t)(s->iobase + R_DIR));
    s->bus = CONTAINER(bus_new(device_type_bus(&floppy_type), dev, "floppy-bus.0"), FloppyBus, bus);
    s->bus->fdc = s;
    if (isa->dma != NULL) {
        isa_dma_register(isa->dma, s->dma, fdc_dma, s);
    }
    return true;
}

static void fdc_unrealize(Device *dev)
{
    Fdc *s = CONTAINER(dev, Fdc, isa.dev);

    if (isa_bus_of(dev)->dma != NULL) {
        isa_dma_register(isa_bus_of(dev)->dma, s->dma, NULL, NULL);
    }
    timer_free(s->timer);
    s->timer = NULL;
}

static const Field fdc_props[] = {
    FIELD_U32("iobase", Fdc, iobase, 0x3f0),
    FIELD_U32("irq", Fdc, irq_num, 6),
    FIELD_U32("dma", Fdc, dma, 2),
    FIELD_ENUM("fdtypeA", Fdc, type_a, &fd_type_enum, FD_AUTO,
               .help = "FDC drive type, 144/288/120/none/auto"),
    FIELD_ENUM("fdtypeB", Fdc, type_b, &fd_type_enum, FD_AUTO,
               .help = "FDC drive type, 144/288/120/none/auto"),
    FIELD_ENUM("fallback", Fdc, fallback, &fd_type_enum, FD_288,
               .help = "FDC drive type, 144/288/120/none/auto"),
    FIELD_I32("bootindexA", Fdc, boot_a, -1, .flags = FIELD_NO_DEFAULT),
    FIELD_I32("bootindexB", Fdc, boot_b, -1, .flags = FIELD_NO_DEFAULT),
    { 0 },
};

const DeviceType isa_fdc_type = {
    .type = { .name = "isa-fdc",
              .desc = "virtual floppy controller",
              .parent = &isa_device.type,
              .size = sizeof(Fdc),
              .user_creatable = true,
              .props = fdc_props },
    .category = DEV_STORAGE,
    .fw_name = "fdc",
    .realize = fdc_realize,
    .unrealize = fdc_unrealize,
    .reset = fdc_device_reset,
    .vmstate = &fdc_vmstate,
};
DEVICE_REGISTER(isa_fdc_type);

Device *isa_fdc_new(Vm *vm, Bus *isa, GError **errp)
{
    Device *dev = device_create(&isa_fdc_type, vm, isa, errp);

    for (unsigned i = 0; dev != NULL && i < FD_DRIVES; i++) {
        Drive *d = drive_get(DRIVE_FLOPPY, 0, i);
        Device *drive;
        Floppy *f;

        if (d == NULL) {
            continue;
        }
        drive = device_new(&floppy_type, vm, NULL);
        f = CONTAINER(drive, Floppy, dev);
        f->unit = i;
        f->props.drive = d->block;
        if (!device_realize(drive, &CONTAINER(dev, Fdc, isa.dev)->bus->bus, errp)) {
            object_free(&drive->obj);
            return NULL;
        }
    }
    return dev;
}

uint8_t isa_fdc_cmos_type(Device *fdc, unsigned drive)
{
    Fdc *s = CONTAINER(fdc, Fdc, isa.dev);

    return drive < FD_DRIVES && s->drives[drive] != NULL ? floppy_cmos(s->drives[drive]) : 0;
}
