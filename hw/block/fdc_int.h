/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the floppy controller. */
#ifndef HW_BLOCK_FDC_INT_H
#define HW_BLOCK_FDC_INT_H

#include "hw/block/fdc.h"
#include "hw/block/prop_drive.h"
#include "hw/dma/i8257.h"
#include "util/loop.h"

enum { FD_DRIVES = 2, FD_SECTOR = 512, FD_PARAMS = 16 };
typedef enum FdType { FD_144, FD_288, FD_120, FD_NONE, FD_AUTO } FdType;
extern const EnumDef fd_type_enum;

typedef struct Floppy { /* a drive with or without a disk */
    Device dev;
    DriveProps props;
    uint32_t unit;
    int type_opt; /* FdType, property */
    FdType type;
    Block *blk;
    uint8_t track, head, sect;    /* where the heads are; the sector under them */
    uint8_t tracks, heads, sects; /* of the disk; 0: none */
    uint8_t rate;                 /* it was written with, as CCR has it */
    bool changed, read_only;
} Floppy;

typedef enum FdPhase { FD_COMMAND, FD_EXECUTION, FD_RESULT } FdPhase;

typedef struct FloppyBus {
    Bus bus;
    struct Fdc *fdc;
} FloppyBus;

/* The controller as snapshots know it. */
typedef struct FdSavedDrive {
    uint8_t head, track, sect, changed, rate, perpendicular;
    bool has_disk;
} FdSavedDrive;
typedef struct FdcSaved {
    uint8_t fifo[FD_SECTOR]; /* parameters, results, or the sector under way */
    uint32_t data_pos, data_len;
    uint8_t state, dir, precomp, pwrd, floppies, phase;
    int32_t reset_sense;
    FdSavedDrive drives[FD_DRIVES];
} FdcSaved;
extern const VmState fdc_vmstate; /* of a struct Fdc */

typedef struct Fdc {
    IsaDevice isa;
    MemRegion io, io7;
    Irq irq;
    FloppyBus *bus;
    Floppy *drives[FD_DRIVES];
    uint32_t iobase, irq_num, dma; /* properties */
    int type_a, type_b, fallback;
    int32_t boot_a, boot_b;

    uint8_t sra, srb, dor, tdr, dsr, msr, status0, status1, status2;
    uint8_t fifo[FD_PARAMS]; /* parameters, then results */
    unsigned pos, len;
    FdPhase phase;
    uint8_t command, reset_sense; /* sense results still to come after a reset */
    uint8_t timer0, timer1, config, lock, perpendicular;
    bool irq_pending;

    /* A transfer */
    bool is_write, is_format, is_verify, by_dma, multi;
    uint8_t cyl, eot, fill;
    unsigned data_pos; /* in sector */
    uint8_t sector[FD_SECTOR];
    Timer *timer; /* ends commands that take time: READ ID */
    FdcSaved saved;
} Fdc;

/* drive.c */
void floppy_revalidate(Floppy *f);
uint8_t floppy_cmos(const Floppy *f);
/* Byte offset of the sector under the heads; false: there is none. */
bool floppy_offset(const Floppy *f, uint64_t *off);
bool floppy_next_sector(Floppy *f, uint8_t eot, bool multi); /* false: the last one was done */

/* fdc_xfer.c */
void fdc_start_transfer(Fdc *s);
void fdc_start_format(Fdc *s);
void fdc_end_transfer(Fdc *s, uint8_t st0, uint8_t st1, uint8_t st2);
unsigned fdc_dma(void *opaque, unsigned channel, unsigned pos, unsigned size);
uint8_t fdc_data_read(Fdc *s);
void fdc_data_write(Fdc *s, uint8_t val);

/* fdc.c */
Floppy *fdc_drive(Fdc *s); /* selected by DOR; NULL: none there */
void fdc_raise(Fdc *s);
unsigned fdc_params(uint8_t command); /* bytes that follow it */
void fdc_result(Fdc *s, unsigned n); /* n bytes of fifo are results; 0: back to the command phase */

#endif
