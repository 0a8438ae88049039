/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDE: two drives on a cable, PIO registers, and what a bus-master engine gives. VM lock held. */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H

#include "hw/block/prop_drive.h"
#include "hw/core/device.h"
#include "hw/core/dma.h"
#include "hw/core/vm.h"

enum { IDE_UNITS = 2, IDE_SECTOR = 512, CD_SECTOR = 2048, IDE_MULT_MAX = 16 };
enum {
    IDE_ERR = 1 << 0,
    IDE_DRQ = 1 << 3,
    IDE_SEEK = 1 << 4,
    IDE_DF = 1 << 5,
    IDE_READY = 1 << 6,
    IDE_BUSY = 1 << 7
};                                                                                    /* status */
enum { IDE_ABORTED = 1 << 2, IDE_ID_NOT_FOUND = 1 << 4, IDE_UNCORRECTABLE = 1 << 6 }; /* error */

typedef struct IdeBus IdeBus;
typedef struct IdeDrive IdeDrive;

typedef struct IdeDmaOps { /* a bus-master engine */
    /* The drive wants a transfer; the engine calls ide_dma_run() now or once the guest starts it.
     */
    void (*request)(void *opaque);
    /* Appends up to max bytes of the guest's table to l (initialised); returns how many. */
    uint64_t (*take)(void *opaque, DmaList *l, uint64_t max);
    void (*done)(void *opaque, bool error); /* no more data: not active any more */
    void (*irq)(void *opaque, int level);   /* the drive's line changed */
} IdeDmaOps;

typedef void IdeFn(IdeDrive *s);

/* A drive as snapshots know it; filled from an IdeDrive before saving, checked and put into one
 * after loading. All zeros where there is no drive. */
typedef struct IdeSaved {
    int32_t mult, identify_set;
    uint8_t identify[512];
    uint8_t feature, error, sector, lcyl, hcyl, select, status, lba48, sense_key, asc, changed;
    uint8_t hob_feature, hob_sector, hob_nsector, hob_lcyl, hob_hcyl;
    uint32_t nsector;
    /* a PIO transfer under way, or one by DMA that waits */
    bool has_buffer, buffer_owned;
    uint8_t *buffer; /* IDE_BUF_SAVED bytes */
    int32_t per_irq, buffer_at, buffer_len, unit_left, packet_left;
    uint8_t step; /* IdeStep */
    uint8_t tray_open, tray_locked, event_new, event_eject;
    bool cd_sectors; /* PIO from the disc with more to come */
    uint64_t cd_lba;
    uint32_t cd_left;
} IdeSaved;

struct IdeBus {
    Bus bus;
    MemRegion command_io, control_io;
    IdeDrive *drives[IDE_UNITS];
    uint8_t unit, control; /* selected drive; device control register */
    bool irq_level;
    Irq irq;
    unsigned number;      /* 0 primary, 1 secondary */
    const IdeDmaOps *dma; /* NULL: PIO only */
    void *dma_opaque;
    AddrSpace *dma_as;
    IdeDrive *dma_drive; /* waits for or does a DMA transfer */

    /* Snapshot: the drives, and a transfer that waits (vmstate.c) */
    IdeSaved saved[IDE_UNITS];
    int32_t wait; /* IDE_WAIT_* */
    int64_t wait_lba;
    uint32_t wait_left;
    uint8_t wait_unit;
};

typedef enum IdeXfer { IDE_XFER_NONE, IDE_XFER_IN, IDE_XFER_OUT } IdeXfer;

struct IdeDrive {
    Device dev;
    DriveProps props;
    uint32_t unit, cyls, heads, secs, lcyls, lheads, lsecs;
    uint16_t rotation_rate;
    int32_t bootindex;
    int bios_trans;
    char *serial, *model, *version;
    uint64_t wwn;

    IdeBus *ibus;
    Block *blk;
    bool own_blk; /* of a CD drive that was given none: closed with the device */
    bool is_cd;
    uint64_t sectors; /* of 512 bytes */

    uint8_t feature, error, nsector, sector, lcyl, hcyl, select, status;
    uint8_t hob_feature, hob_nsector, hob_sector, hob_lcyl, hob_hcyl;
    uint8_t command, mult, dma_mode;
    bool lba48, smart_on, write_cache;

    /* PIO */
    IdeXfer xfer;
    uint8_t *buf; /* IDE_BUF bytes */
    size_t pos, end;
    void (*xfer_done)(IdeDrive *s);

    /* The transfer under way */
    uint64_t lba; /* in sectors of the command (512 or 2048) */
    uint32_t left;
    uint32_t chunk;   /* sectors of the request in flight */
    uint32_t per_irq; /* sectors a PIO interrupt */
    bool is_write, fua, dma_wanted, trim;
    BlockReq *req;
    struct iovec iov;
    DmaList sg; /* guest memory of the chunk, while has_sg */
    bool has_sg;
    DmaMap *map;
    uint64_t map_len;
    void (*retry)(IdeDrive *s); /* after a stop on an error */
    VmNotify notify;

    /* ATAPI */
    uint8_t packet[12];
    uint8_t sense_key, asc, ascq;
    bool tray_open, tray_locked, medium_new, atapi_dma, event_new, event_eject;
    uint32_t reply_left, reply_at, byte_limit;
};
enum { IDE_BUF = 128 * 1024, IDE_BUF_SAVED = IDE_BUF + 4 };

extern const BusType ide_bus;                     /* "IDE" */
extern const DeviceType ide_hd_type, ide_cd_type; /* "ide-hd", "ide-cd" */

/* Ports of the bus are mapped at base (8) and control (1) in io. name: "ide.0". */
IdeBus *ide_bus_new(Device *owner, const char *name, unsigned number, Irq irq);
void ide_bus_map(IdeBus *bus, MemRegion *io, uint16_t base, uint16_t control);
void ide_bus_reset(IdeBus *bus);
/* What CMOS and the firmware are told of a disk. False: no disk there. */
typedef struct IdeGeometry {
    uint32_t cyls, heads, secs;
    uint8_t translation;            /* CMOS 0x39: 0 none, 1 LBA, 2 large, 3 revised large */
} IdeGeometry;
bool ide_disk_geometry(const IdeBus *bus, unsigned unit, IdeGeometry *ret);
/* A drive of the board's drive table at bus, unit, if there is one. */
bool ide_attach_drive(IdeBus *bus, unsigned unit, GError **errp);
/* The engine is on: moves the data of bus->dma_drive. */
void ide_dma_run(IdeBus *bus);
void ide_dma_stop(IdeBus *bus); /* the guest switched the engine off: waits for what is in flight */

/* ---- Between the files */
void ide_set_irq(IdeDrive *s);
void ide_reset_drive(IdeDrive *s);
void ide_cancel(IdeDrive *s);
void ide_drop_sg(IdeDrive *s);
void ide_exec(IdeDrive *s, uint8_t command);
void ide_abort(IdeDrive *s); /* error ABRT, interrupt */
void ide_done(IdeDrive *s);  /* success, interrupt */
/* Offers n bytes of buf to the guest, or asks it for n bytes; done runs when all are moved. */
void ide_pio_start(IdeDrive *s, IdeXfer dir, size_t n, void (*done)(IdeDrive *s));
void ide_identify(IdeDrive *s, uint8_t out[IDE_SECTOR]);
void ide_identify_packet(IdeDrive *s, uint8_t out[IDE_SECTOR]);
void ide_signature(IdeDrive *s);
void atapi_packet_start(IdeDrive *s);
void atapi_reset(IdeDrive *s);
void atapi_dma_run(IdeDrive *s);
/* Handles a failed request: true when the machine stops and `again` will run later. */
bool ide_error(IdeDrive *s, bool is_read, int err, void (*again)(IdeDrive *s), bool *ret_ignore);


/* ---- Snapshots */
extern const VmState ide_bus_vmstate, ide_drive_vmstate; /* of IdeBus and IdeSaved */
enum {
    IDE_WAIT_DMA = 0x08,
    IDE_WAIT_PIO = 0x10,
    IDE_WAIT_READ = 0x20,
    IDE_WAIT_FLUSH = 0x40,
    IDE_WAIT_TRIM = 0x80
};
void ide_bus_pre_save(IdeBus *bus);
bool ide_bus_post_load(IdeBus *bus, bool engine_on, GError **errp);
/* What a drive goes on with when the guest has moved its data: numbers of the stream. */
typedef enum IdeStep {
    IDE_STEP_READ,
    IDE_STEP_WRITE,
    IDE_STEP_REPLY,
    IDE_STEP_CD_DATA,
    IDE_STEP_CD_PACKET,
    IDE_STEP_NONE
} IdeStep;
IdeFn *ata_step(IdeStep step);                     /* NULL: not one of its */
IdeFn *atapi_step(IdeStep step, bool from_disc);   /* the same */
IdeFn *ata_resume(bool dma, bool write);           /* for ide_wait() */
IdeFn *atapi_resume(bool dma);
uint64_t ide_address(const IdeDrive *s); /* what the task file says, in sectors */
void ide_wait(IdeDrive *s, IdeFn *again); /* runs when the machine does */

#endif
