/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The property "drive" of storage devices, and the few others they share. VM lock held. */
#ifndef HW_BLOCK_PROP_DRIVE_H
#define HW_BLOCK_PROP_DRIVE_H

#include "block/block.h"
#include "hw/core/device.h"

/* Member: Block *. Text: id or node name of a drive. */
extern const FieldOps drive_field_ops;
#define FIELD_DRIVE(n, T, m)                                                                       \
    FIELD_CUSTOM(n, T, m, &drive_field_ops,                                                        \
                 .help = "Node name or ID of a block device to use as a backend")

typedef struct DriveProps { /* what block devices have in common */
    Block *drive;
    uint32_t logical_block_size, physical_block_size, min_io_size, opt_io_size, discard_granularity;
    int write_cache, backend_defaults, account_invalid, account_failed, rerror, werror;
    bool share_rw;
} DriveProps;
extern const EnumDef drive_on_error;

/* Rows for a device struct T with a DriveProps member m. */
#define DRIVE_PROPS(T, m)                                                                          \
    FIELD_DRIVE("drive", T, m.drive),                                                              \
        FIELD_ENUM("backend_defaults", T, m.backend_defaults, &on_off_auto, 0),                    \
        FIELD_U32("logical_block_size", T, m.logical_block_size, 0, .type_name = "size",           \
                  .help = "A power of two between 512 B and 2 MiB"),                               \
        FIELD_U32("physical_block_size", T, m.physical_block_size, 0, .type_name = "size",         \
                  .help = "A power of two between 512 B and 2 MiB"),                               \
        FIELD_U32("min_io_size", T, m.min_io_size, 0, .type_name = "size"),                        \
        FIELD_U32("opt_io_size", T, m.opt_io_size, 0, .type_name = "size"),                        \
        FIELD_U32("discard_granularity", T, m.discard_granularity, UINT32_MAX,                     \
                  .type_name = "size"),                                                            \
        FIELD_ENUM("write-cache", T, m.write_cache, &on_off_auto, 0),                              \
        FIELD_BOOL("share-rw", T, m.share_rw, false),                                              \
        FIELD_ENUM("account-invalid", T, m.account_invalid, &on_off_auto, 0),                      \
        FIELD_ENUM("account-failed", T, m.account_failed, &on_off_auto, 0)

#endif
