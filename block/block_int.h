/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside block/: nodes, work for threads, requests. Everything under the main loop's lock. */
#ifndef BLOCK_BLOCK_INT_H
#define BLOCK_BLOCK_INT_H

#include "block/block.h"
#include "block/driver.h"
#include "util/coroutine.h"

enum { BLOCK_SECTOR = 512 };

/* ---- request.c: order of overlapping requests of one node */
struct BlockTracked {
    BlockNode *node;
    uint64_t off, len;
    bool write;
    Coroutine *co;
    BlockTracked *next;
    GSList *waiters;                /* of Coroutine * */
};
/* Waits for every earlier request that overlaps, unless both only read. */
void co_tracked_begin(BlockTracked *t, BlockNode *n, uint64_t off, uint64_t len, bool write);
void tracked_end(BlockTracked *t);

/* ---- aio.c: work done by host threads or the kernel while a coroutine waits */
typedef enum WorkKind { WORK_READ, WORK_WRITE, WORK_FSYNC, WORK_ZERO, WORK_DISCARD, WORK_SLEEP } WorkKind;
typedef struct Work {
    WorkKind kind;
    int fd;
    uint64_t off, len;
    IoVec v;
    bool unmap, host_device;
    int ret;
    Coroutine *co;
    struct Work *next;
} Work;
int co_work(Work *w);               /* on the thread pool; directly in a synchronous request */
int co_native(Work *w);             /* libaio: READ and WRITE of O_DIRECT files only */
bool aio_native_setup(GError **errp);
void co_wake(Coroutine *co);        /* enters it soon */
/* Runs what is ready; with block, waits for at least one thing. Only while something is under way. */
bool aio_poll(bool block);
/* The coroutine that a synchronous request runs on waits in place. Returns the previous one. */
Coroutine *aio_set_sync(Coroutine *co);
bool aio_dispatching(void);         /* inside the main loop's own call of aio_poll() */
int work_run(Work *w);              /* file_work.c: the system calls; any thread */

/* ---- graph.c */
BlockNode *node_new(const BlockDriver *drv, const char *name, unsigned flags);
/* One owner less; the last one closes and frees, with everything below. NULL is fine. */
void node_free(BlockNode *n);
BlockNode *node_ref(BlockNode *n);
void node_visit(void (*fn)(BlockNode *n, void *opaque), void *opaque);     /* oldest first */
BlockNode *node_find(const char *name);
const BlockDriver *block_driver_find(const char *name);
bool node_refresh_length(BlockNode *n, GError **errp);
/* Runs fn on a coroutine and waits for its end; on a coroutine: calls it. */
void block_run_sync(void (*fn)(void *opaque), void *opaque);

/* ---- open.c */
typedef struct BlockOpened {        /* what -drive options make */
    BlockNode *root;                /* NULL: empty drive */
    char *filename;
    bool write_cache, unmap, read_only, snapshot;
    int detect_zeroes;              /* DetectZeroes */
    int rerror, werror;             /* OnError */
} BlockOpened;
typedef enum DetectZeroes { DETECT_OFF, DETECT_ON, DETECT_UNMAP } DetectZeroes;
typedef enum OnError { ON_ERROR_AUTO, ON_ERROR_REPORT, ON_ERROR_IGNORE, ON_ERROR_ENOSPC, ON_ERROR_STOP } OnError;
bool block_open_options(const Json *opts, BlockOpened *out, GError **errp);
/* One node as -blockdev describes it. */
bool block_open_node(const Json *opts, BlockOpened *out, GError **errp);
/* Member of opts, a JSON boolean or "on" and "off"; *value is left alone when it is not there. */
void block_opt_bool(const Json *opts, const char *key, bool *value);

/* ---- blockdev.c */
/* A reference to the node of that name for its one parent. NULL + error: none, or it is in use. */
BlockNode *blockdev_take(const char *name, bool writes, GError **errp);
/* The same as a drive's medium: *out is filled in, root and filename are the caller's. */
bool blockdev_medium(const char *name, BlockOpened *out, GError **errp);

/* ---- probe.c */
/* Name of the format the first bytes speak of: "raw" when of none. */
const char *probe_format(const uint8_t *head, size_t len, const char *filename);

/* ---- overlay.c: a temporary writable layer over base, which it takes. NULL + error: base is still the caller's. */
BlockNode *overlay_new(BlockNode *base, GError **errp);

/* ---- lock.c */
bool image_lock(int fd, const char *filename, bool writes, bool shares_write, GError **errp);

/* ---- reqs.c */
/* Tells the owners of finished requests. Returns true if there were any. */
bool reqs_tell_all(void);

/* ---- block.c */
typedef enum ReqKind { REQ_READ, REQ_WRITE, REQ_ZERO, REQ_DISCARD, REQ_FLUSH } ReqKind;
Block *block_new_anonymous(const BlockOpened *m);  /* m's root and filename are taken */
struct Block {
    char *id;                       /* "": made for a device that named a node */
    BlockOpened m;                  /* the medium */
    Json *opts;                     /* as opened, for changing the medium */
    const BlockUser *user;
    void *user_opaque;
    BlockStats stats;
    unsigned in_flight;
    int stopped_by;                 /* errno of the request that stopped the machine; 0: none */
};

#endif
