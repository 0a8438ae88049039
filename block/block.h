/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block back ends ("drives") as devices and monitors see them. A Block has an id and a medium, or none (an empty
 * CD drive); a device attaches to it. Requests are asynchronous: they never call back before they return,
 * and `done` runs on the main loop under its lock (the VM lock). All functions need that lock when the main
 * loop has one. Offsets and lengths are bytes and need no alignment. */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <sys/uio.h>
#include "util/err.h"
#include "util/json.h"

typedef struct Block Block;
typedef void BlockDone(void *opaque, int ret);      /* 0 or -errno */

/* ---- Opening. opts is what -drive takes, as strings (or their JSON types): file, format or driver, snapshot, cache
 * (writeback none writethrough directsync unsafe), cache.direct, cache.no-flush, cache.writeback, aio
 * (threads native io_uring), read-only or readonly, auto-read-only, discard (ignore unmap), detect-zeroes, rerror,
 * werror, node-name, force-share, file.driver, file.filename, file.locking, offset, size. Others are refused.
 * Members that belong to the caller (if, index, bus, unit, media, id ...) must have been taken out.
 * No file: an empty drive. id is copied and unique. NULL + error: nothing was created or changed. */
Block *block_open(const char *id, const Json *opts, GError **errp);
/* A drive without a medium, for a device that was given none; id as for block_open(). */
Block *block_open_empty(const char *id, GError **errp);
void block_close(Block *b);                     /* drains, flushes; NULL is fine */
/* The medium goes whatever the device thinks, and so does the name. */
void block_abandon(Block *b);
void block_close_all(void);                     /* at the end of the process */
Block *block_find(const char *id);              /* by id or node name; NULL */
/* Names of drivers, as -drive format=help lists them; freed by the caller. */
char *block_format_help(void);

/* ---- The device */
typedef struct BlockUser {
    void (*medium_changed)(void *opaque, bool inserted);    /* inserted, ejected, or another one */
    void (*resized)(void *opaque);                          /* block_length() differs */
    void (*eject_request)(void *opaque, bool force);        /* the monitor asks; guest may open the tray */
    bool (*tray_open)(void *opaque);
    bool (*locked)(void *opaque);                           /* guest locked the door */
    char *(*qom_path)(void *opaque);                        /* "Attached to:" of info block; freed by caller */
    bool removable;
} BlockUser;
/* A Block has one device. Fails when taken: "Drive 'x' is already in use by another block device". A device that
 * writes says so: "Block node is read-only". */
bool block_attach(Block *b, const BlockUser *user, void *opaque, bool writes, GError **errp);
void block_detach(Block *b);                    /* drains */
bool block_attached(const Block *b);

/* ---- What it is */
const char *block_id(const Block *b);
bool block_inserted(const Block *b);
bool block_read_only(const Block *b);           /* true when empty */
uint64_t block_length(const Block *b);          /* bytes; 0 when empty. Not always a multiple of 512 */
bool block_write_cache(const Block *b);         /* guest's view: does it need flushes? (cache=writethrough: no) */
void block_set_write_cache(Block *b, bool on);  /* the guest switched it; then every write is flushed */
const char *block_filename(const Block *b);     /* as the user gave it; NULL: empty */

/* ---- Requests. The iovec array is copied, its memory must stay until done. -EIO beyond the end, -ENOMEDIUM when
 * empty, -EACCES for writes to a read-only one. Overlapping requests of which one writes run in the order they
 * were made. */
typedef enum BlockFlags {
    BLOCK_FUA = 1 << 0,             /* stable when done */
    BLOCK_MAY_UNMAP = 1 << 1,       /* zeroes: give the space back if the image allows */
} BlockFlags;
typedef struct BlockReq BlockReq;
BlockReq *block_read(Block *b, uint64_t off, const struct iovec *iov, int n, BlockDone *done, void *opaque);
BlockReq *block_write(Block *b, uint64_t off, const struct iovec *iov, int n, unsigned flags, BlockDone *done,
                      void *opaque);
BlockReq *block_zero(Block *b, uint64_t off, uint64_t len, unsigned flags, BlockDone *done, void *opaque);
BlockReq *block_discard(Block *b, uint64_t off, uint64_t len, BlockDone *done, void *opaque);
/* All writes that were done before are stable when this is done. */
BlockReq *block_flush(Block *b, BlockDone *done, void *opaque);
/* The caller is not interested any more: waits until the memory is not in use; done is not called. */
void block_cancel(BlockReq *r);
/* Waits until no request of this Block is under way; their `done` have run. */
void block_drain(Block *b);
void block_drain_all(void);
bool block_flush_all(void);                     /* at VM stop; false: some flush failed (reported) */

/* ---- Synchronous: for firmware flash, option parsing, tests. The calling thread waits, with the lock held. */
int block_pread(Block *b, uint64_t off, void *buf, size_t len);
int block_pwrite(Block *b, uint64_t off, const void *buf, size_t len, unsigned flags);
int block_flush_sync(Block *b);

/* ---- Error policy (rerror=, werror=) */
typedef enum BlockErrorAction { BLOCK_ERROR_REPORT, BLOCK_ERROR_IGNORE, BLOCK_ERROR_STOP } BlockErrorAction;
/* What the device does about a failed request; STOP: keep it, vm_request_stop(RUN_IO_ERROR), retry on resume. */
BlockErrorAction block_error_action(Block *b, bool is_read, int error);
/* The machine goes on: what stopped it is no longer shown (io-status). */
void block_forget_errors(void);

/* ---- Media, for the monitor */
bool block_insert(Block *b, const Json *opts, GError **errp);       /* as block_open(); replaces */
/* change DEV FILE: format NULL: probe; read_only -1: as the drive is, else 0 or 1. */
bool block_change(Block *b, const char *filename, const char *format, int read_only, GError **errp);
bool block_eject(Block *b, bool force, GError **errp);
bool block_resize(Block *b, uint64_t size, GError **errp);
/* The tray of a removable drive. Opening it asks a guest that locked it, or forces. A medium is taken out
 * of and put into an open tray; node: of -blockdev. */
bool block_tray_open(Block *b, bool force, GError **errp);
bool block_tray_close(Block *b, GError **errp);
bool block_remove_medium(Block *b, GError **errp);
bool block_insert_node(Block *b, const char *node, GError **errp);
/* The device says that its tray moved (the guest did it). */
void block_tray_moved(Block *b, bool open);
char *block_device_path(const Block *b);        /* QOM path of its device; "" when none. Freed by the caller */

/* What the monitor wants to hear; set once. NULL members are fine. */
typedef struct BlockHooks {
    void (*tray_moved)(void *opaque, Block *b, bool open);
    void (*io_error)(void *opaque, const Block *b, bool is_read, BlockErrorAction action, int error);
    void *opaque;
} BlockHooks;
void block_set_hooks(const BlockHooks *hooks);  /* kept */

/* ---- Information */
typedef struct BlockStats {
    uint64_t rd_bytes, wr_bytes, unmap_bytes, rd_ops, wr_ops, flush_ops, unmap_ops;
    uint64_t rd_ns, wr_ns, flush_ns, unmap_ns, wr_highest;
} BlockStats;
BlockStats block_stats(const Block *b);
void block_foreach(void (*fn)(Block *b, void *opaque), void *opaque);   /* in order of creation */
char *block_info_text(const Block *b, bool verbose);    /* its part of "info block"; freed by the caller */
char *block_stats_text(const Block *b);                 /* its line of "info blockstats" */
Json *block_info_json(const Block *b);                  /* its element of query-block */

#endif
