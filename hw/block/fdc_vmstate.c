/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floppy controller in snapshots, in the layout of QEMU's section. Its FIFO of 512 bytes holds
 * our parameters and results, or, while data move, our sector; phases, directions and states have
 * numbers of their own there. */
#include "hw/block/fdc_int.h"

#include <string.h>

#include "util/err.h"

enum { SAVED_COMMAND = 1, SAVED_EXECUTION = 2, SAVED_RESULT = 3 };
enum { SAVED_MULTI = 1 << 0, SAVED_FORMAT = 1 << 1 };
enum { SAVED_WRITE = 0, SAVED_READ = 1, SAVED_VERIFY = 5 };
enum { SRA_INT = 0x80, DOR_DMA = 0x08, TIMER1_NDMA = 0x01 };
enum { MSR_RQM = 0x80, MSR_DIO = 0x40, MSR_NDMA = 0x20, MSR_BUSY = 0x10 };

/* What a receiver assumes of a section without phase. */
static uint8_t phase_from_msr(uint8_t msr)
{
    if ((msr & MSR_NDMA) || (!(msr & MSR_RQM) && (msr & MSR_BUSY))) {
        return SAVED_EXECUTION;
    }
    return msr & MSR_DIO ? SAVED_RESULT : SAVED_COMMAND;
}

static void save_drives(Fdc *s)
{
    for (unsigned i = 0; i < FD_DRIVES; i++) {
        const Floppy *f = s->drives[i];
        FdSavedDrive *v = &s->saved.drives[i];

        *v = (FdSavedDrive){ .changed = 1 };
        v->perpendicular = i == 0 ? s->perpendicular : 0;
        if (f != NULL) {
            v->head = f->head;
            v->track = f->track;
            v->sect = f->sect;
            v->changed = f->changed;
            v->rate = f->rate;
            v->has_disk = f->blk != NULL;
        }
    }
}

static void fdc_pre_save(void *obj)
{
    Fdc *s = obj;
    FdcSaved *v = &s->saved;
    bool data = s->phase == FD_EXECUTION && !s->is_format;

    memset(v->fifo, 0, sizeof(v->fifo));
    memcpy(v->fifo, data ? s->sector : s->fifo, data ? FD_SECTOR : FD_PARAMS);
    v->data_pos = s->phase == FD_EXECUTION ? s->data_pos : s->pos;
    v->data_len = s->phase == FD_EXECUTION ? FD_SECTOR
                  : s->phase == FD_RESULT  ? s->len
                  : s->pos != 0            ? fdc_params(s->command) + 1
                                           : 0;
    v->state = (uint8_t)((s->multi ? SAVED_MULTI : 0) | (s->is_format ? SAVED_FORMAT : 0));
    v->dir = s->is_write ? SAVED_WRITE : s->is_verify ? SAVED_VERIFY : SAVED_READ;
    v->floppies = FD_DRIVES;
    v->phase = (uint8_t)(s->phase + SAVED_COMMAND);
    v->reset_sense = s->reset_sense;
    save_drives(s);
}

static bool fdc_pre_load(void *obj, GError **errp)
{
    Fdc *s = obj;

    s->saved.reset_sense = 0;
    s->saved.phase = 0;
    s->saved.floppies = FD_DRIVES;
    timer_cancel(s->timer);
    return true;
}

static bool load_phase(Fdc *s, GError **errp)
{
    const FdcSaved *v = &s->saved;
    unsigned unit = s->is_format ? 4 : FD_SECTOR;

    s->pos = s->len = s->data_pos = 0;
    memcpy(s->fifo, v->fifo, FD_PARAMS);
    memcpy(s->sector, v->fifo, FD_SECTOR);
    switch (s->phase) {
    case FD_EXECUTION:
        s->data_pos = v->data_pos % unit;
        s->fill = s->fifo[5];
        if (fdc_drive(s) == NULL && !timer_pending(s->timer)) {
            return err_fail(errp, "a transfer without a drive");
        }
        if (s->by_dma) {
            isa_dma_request(isa_bus_of(&s->isa.dev)->dma, s->dma);
        }
        break;
    case FD_RESULT:
        if (v->data_pos >= v->data_len || v->data_len > FD_PARAMS) {
            return err_fail(errp, "%u of %u results", v->data_pos, v->data_len);
        }
        s->pos = v->data_pos;
        s->len = v->data_len;
        break;
    case FD_COMMAND:
        s->command = s->fifo[0];
        if (v->data_pos > fdc_params(s->command)) {
            return err_fail(errp, "%u parameters", v->data_pos);
        }
        s->pos = v->data_pos;
        break;
    }
    return true;
}

static bool fdc_post_load(void *obj, int version, GError **errp)
{
    Fdc *s = obj;
    FdcSaved *v = &s->saved;

    if (v->phase == 0) {
        v->phase = phase_from_msr(s->msr);
    }
    if (v->phase > SAVED_RESULT || v->reset_sense < 0 || v->reset_sense > 4) {
        return err_fail(errp, "phase %u, %d results of a reset", v->phase, v->reset_sense);
    }
    s->phase = (FdPhase)(v->phase - SAVED_COMMAND);
    s->reset_sense = (uint8_t)v->reset_sense;
    s->irq_pending = s->sra & SRA_INT;
    s->multi = v->state & SAVED_MULTI;
    s->is_format = v->state & SAVED_FORMAT;
    s->is_write = v->dir == SAVED_WRITE;
    s->is_verify = v->dir == SAVED_VERIFY;
    s->perpendicular = v->drives[0].perpendicular;
    s->by_dma = s->phase == FD_EXECUTION && !timer_pending(s->timer) && (s->dor & DOR_DMA) &&
                !(s->timer1 & TIMER1_NDMA) && isa_bus_of(&s->isa.dev)->dma != NULL;
    for (unsigned i = 0; i < FD_DRIVES; i++) {
        Floppy *f = s->drives[i];

        if (f != NULL) {
            f->head = v->drives[i].head;
            f->track = v->drives[i].track;
            f->sect = v->drives[i].sect;
            f->changed = v->drives[i].changed;
        }
    }
    return load_phase(s, errp);
}

/* ---- Rows */

static bool drive_pre_load(void *obj, GError **errp)
{
    *(FdSavedDrive *)obj = (FdSavedDrive){ .changed = 1 };
    return true;
}

static bool changed_needed(const void *obj)
{
    const FdSavedDrive *v = obj;

    return v->has_disk && v->changed != 1;
}

static bool perpendicular_needed(const void *obj)
{
    return ((const FdSavedDrive *)obj)->perpendicular != 0;
}

static bool reset_needed(const void *obj)
{
    return ((const Fdc *)obj)->saved.reset_sense != 0;
}

static bool timer_needed(const void *obj)
{
    return timer_pending(((const Fdc *)obj)->timer);
}

static bool phase_needed(const void *obj)
{
    const Fdc *s = obj;

    return phase_from_msr(s->msr) != s->saved.phase;
}

#define PART(tag, label, need, ...)                                                                \
    static const VmField tag##_fields[] = { __VA_ARGS__, VM_FIELD_END };                           \
    static const VmState tag##_vmstate = {                                                         \
        .name = label, .version = 1, .min_version = 1, .fields = tag##_fields, .needed = need      \
    }
PART(changed, "fdrive/media_changed", changed_needed,
     VM_FIELD_U8(FdSavedDrive, changed, .as = "media_changed"));
PART(rate, "fdrive/media_rate", NULL, VM_FIELD_U8(FdSavedDrive, rate, .as = "media_rate"));
PART(perpendicular, "fdrive/perpendicular", perpendicular_needed,
     VM_FIELD_U8(FdSavedDrive, perpendicular));
PART(reset, "fdc/reset_sensei", reset_needed,
     VM_FIELD_I32(Fdc, saved.reset_sense, .as = "reset_sensei"));
PART(timer, "fdc/result_timer", timer_needed, VM_FIELD_TIMER(Fdc, timer, .as = "result_timer"));
PART(phase, "fdc/phase", phase_needed, VM_FIELD_U8(Fdc, saved.phase, .as = "phase"));

static const VmState *const drive_sections[] = { &changed_vmstate, &rate_vmstate,
                                                 &perpendicular_vmstate, NULL };
static const VmField drive_fields[] = { VM_FIELD_U8(FdSavedDrive, head),
                                        VM_FIELD_U8(FdSavedDrive, track),
                                        VM_FIELD_U8(FdSavedDrive, sect), VM_FIELD_END };
static const VmState drive_vmstate = {
    .name = "fdrive",
    .version = 1,
    .min_version = 1,
    .fields = drive_fields,
    .sections = drive_sections,
    .pre_load = drive_pre_load,
};

static const VmState *const core_sections[] = { &reset_vmstate, &timer_vmstate, &phase_vmstate,
                                                NULL };
static const VmField core_fields[] = {
    VM_FIELD_U8(Fdc, sra),
    VM_FIELD_U8(Fdc, srb),
    VM_FIELD_U8(Fdc, dor, .as = "dor_vmstate"),
    VM_FIELD_U8(Fdc, tdr),
    VM_FIELD_U8(Fdc, dsr),
    VM_FIELD_U8(Fdc, msr),
    VM_FIELD_U8(Fdc, status0),
    VM_FIELD_U8(Fdc, status1),
    VM_FIELD_U8(Fdc, status2),
    VM_FIELD_U8_ARRAY(Fdc, saved.fifo, .as = "fifo"),
    VM_FIELD_U32(Fdc, saved.data_pos, .as = "data_pos"),
    VM_FIELD_U32(Fdc, saved.data_len, .as = "data_len"),
    VM_FIELD_U8(Fdc, saved.state, .as = "data_state"),
    VM_FIELD_U8(Fdc, saved.dir, .as = "data_dir"),
    VM_FIELD_U8(Fdc, eot),
    VM_FIELD_U8(Fdc, timer0),
    VM_FIELD_U8(Fdc, timer1),
    VM_FIELD_U8(Fdc, saved.precomp, .as = "precomp_trk"),
    VM_FIELD_U8(Fdc, config),
    VM_FIELD_U8(Fdc, lock),
    VM_FIELD_U8(Fdc, saved.pwrd, .as = "pwrd"),
    VM_FIELD_EQUAL(Fdc, saved.floppies, uint8_t, .as = "num_floppies"),
    VM_FIELD_STRUCT_ARRAY(Fdc, saved.drives, drive_vmstate, .since = 1, .as = "drives"),
    VM_FIELD_END,
};
static const VmState core_vmstate = {
    .name = "fdc",
    .version = 2,
    .min_version = 2,
    .fields = core_fields,
    .sections = core_sections,
    .pre_save = fdc_pre_save,
    .pre_load = fdc_pre_load,
    .post_load = fdc_post_load,
};
static const VmField fdc_fields[] = {
    { .name = "state",
      .kind = VM_STRUCT,
      .count = 1,
      .elem_size = sizeof(Fdc),
      .sub = &core_vmstate },
    VM_FIELD_END,
};
const VmState fdc_vmstate = {
    .name = "fdc",
    .version = 2,
    .min_version = 2,
    .fields = fdc_fields,
};
