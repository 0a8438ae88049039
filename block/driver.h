/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image format or a protocol implements. Included by block/ files only. */
#ifndef BLOCK_DRIVER_H
#define BLOCK_DRIVER_H

#include <sys/uio.h>
#include "util/field.h"
#include "util/set.h"

typedef struct BlockNode BlockNode;
typedef struct BlockExtent { uint64_t len; bool zero, allocated; uint64_t host_off; } BlockExtent;
typedef struct IoVec { const struct iovec *iov; int n; size_t skip, len; } IoVec;

/* Sizes and offsets in bytes. 0 or -errno. The core has checked bounds, alignment and read-only,
 * serialises overlapping requests, and supplies whatever optional call is missing. */
typedef struct BlockDriver {
    const char *name;
    bool is_format;                             /* has a child "file"; else it is a protocol */
    bool hidden;                                /* not for -drive format= */
    size_t state_size;
    const StructDef *open_options;              /* -blockdev NAME,...: from the schema */
    const StructDef *create_options;            /* qemu-img create -o ... */

    int (*probe)(const uint8_t *head, size_t len, const char *filename);     /* 0..100 */
    bool (*co_open)(BlockNode *n, const void *options, GError **errp);
    void (*co_close)(BlockNode *n);
    bool (*co_create)(const void *options, GError **errp);

    int (*co_read)(BlockNode *n, uint64_t off, IoVec v);                     /* required */
    int (*co_write)(BlockNode *n, uint64_t off, IoVec v, unsigned flags);
    int (*co_flush)(BlockNode *n);
    int (*co_zero)(BlockNode *n, uint64_t off, uint64_t len, unsigned flags);
    int (*co_discard)(BlockNode *n, uint64_t off, uint64_t len);
    int (*co_extent)(BlockNode *n, uint64_t off, uint64_t len, BlockExtent *out);
    bool (*co_resize)(BlockNode *n, uint64_t size, GError **errp);
    int64_t (*length)(BlockNode *n);
    Json *(*info)(BlockNode *n);
    bool (*co_check)(BlockNode *n, bool fix, Json **report, GError **errp);
    const struct SnapshotOps *snapshots;
} BlockDriver;

SET_DECLARE(block_drivers, BlockDriver);
#define BLOCK_DRIVER_REGISTER(d) SET_ADD(block_drivers, BlockDriver, d, &(d))

/* Cache mode of a node, known before co_open. */
typedef enum NodeFlags {
    NODE_WRITABLE = 1 << 0,
    NODE_DIRECT   = 1 << 1,         /* past the host's page cache */
    NODE_NO_FLUSH = 1 << 2,         /* flushes are not passed on */
    NODE_NATIVE   = 1 << 3,         /* aio=native */
    NODE_UNMAP    = 1 << 4,         /* discard=unmap */
    NODE_FORCE_SHARE = 1 << 5,
} NodeFlags;

typedef struct BlockTracked BlockTracked;

struct BlockNode {
    const BlockDriver *drv;
    char *name;                     /* node-name: given, or "#block123" */
    char *filename;                 /* as given; NULL for nodes without one */
    void *state;                    /* drv->state_size bytes, zeroed before co_open */
    BlockNode *file, *backing;      /* owned */
    unsigned refs;                  /* owners: a parent, a Block, the list of -blockdev */
    unsigned flags;
    bool probed;                    /* the guest may not make it look like another format */
    bool is_host_device, opened;
    uint64_t length;                /* bytes, a multiple of 512 */
    uint32_t align;                 /* of offsets and lengths the driver takes; a power of two */
    uint32_t mem_align;
    uint32_t write_align;           /* writes are widened to this by read-modify-write; >= align */
    BlockTracked *tracked, **tracked_tail;      /* requests under way, oldest first */
};

static inline bool node_writable(const BlockNode *n) { return (n->flags & NODE_WRITABLE) != 0; }

/* ---- io.c: for drivers that sit on another node, and for the core. Any offset, length and memory. */
int co_node_read(BlockNode *n, uint64_t off, IoVec v);
int co_node_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags);
int co_node_zero(BlockNode *n, uint64_t off, uint64_t len, unsigned flags);
int co_node_discard(BlockNode *n, uint64_t off, uint64_t len);
int co_node_flush(BlockNode *n);

#endif
