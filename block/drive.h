/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of -drive: which Block sits where. The builder of the VM fills it before the board
 * is made; the board asks for what its own controllers carry. Main thread, VM lock. */
#ifndef BLOCK_DRIVE_H
#define BLOCK_DRIVE_H

#include "block/block.h"

typedef enum DriveIf { DRIVE_NONE, DRIVE_IDE, DRIVE_SCSI, DRIVE_FLOPPY, DRIVE_PFLASH, DRIVE_MTD,
                       DRIVE_SD, DRIVE_VIRTIO, DRIVE_XEN, DRIVE_IFS } DriveIf;

typedef struct Drive {
    Block *block;
    DriveIf interface;
    unsigned bus, unit;
    bool cdrom;                     /* media=cdrom */
    bool is_default;                /* nobody asked for it: an empty CD-ROM or floppy drive */
    bool claimed;                   /* a device took it */
    char *where;                    /* the option, for messages; NULL */
} Drive;

/* opts: the keys of -drive. Opens the image. NULL + error: nothing was changed. */
Drive *drive_add(const Json *opts, const char *where, bool snapshot, DriveIf board_default,
                 GError **errp);
/* An empty drive where none is yet; nothing happens when there is one. */
bool drive_add_default(DriveIf interface, unsigned index, bool cdrom, GError **errp);
/* What the board puts on bus, unit; marks it claimed. NULL: nothing there. */
Drive *drive_get(DriveIf interface, unsigned bus, unsigned unit);
Drive *drive_of_block(const Block *b);          /* NULL */
/* Takes a drive away: without a device it is closed, else the device stays, without a medium and without
 * the drive's name. */
void drive_del(Block *b);
/* The first drive of an interface other than none that no device took and somebody asked for;
 * NULL. */
const Drive *drive_unclaimed(void);
const char *drive_if_name(DriveIf interface);
unsigned drive_units_per_bus(DriveIf interface);        /* 0: one bus only */
/* the table; Blocks are closed by block_close_all() */
void drive_free_all(void);

#endif
