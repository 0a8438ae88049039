/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Format driver of -snapshot and snapshot=on: a temporary layer over a read-only base. What was written lies at its
 * own place in a sparse file without a name; a bit in memory for each granule says which layer has it. Writes
 * come in whole granules: the core fills them up with what the base has (write_align).
 *
 * Crash note: the layer dies with the process, and is meant to. The base is never written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "block/block_int.h"
#include "util/bitmap.h"
#include "util/bits.h"
#include "util/iov.h"

enum { GRANULE_MIN = 4096, GRANULES_MAX = 1 << 23 };    /* a megabyte of bits at most */

typedef struct OverlayState { uint64_t *own; uint64_t granules; unsigned shift; } OverlayState;

static void overlay_close(BlockNode *n)
{
    OverlayState *s = n->state;

    g_free(s->own);
}

static int co_overlay_read(BlockNode *n, uint64_t off, IoVec v)
{
    OverlayState *s = n->state;
    uint64_t end = off + v.len;

    while (off < end) {
        uint64_t g = off >> s->shift, stop;
        bool own = bitmap_test(s->own, g);
        IoVec part = v;
        int ret;

        stop = own ? bitmap_next_clear(s->own, g, s->granules) : bitmap_next_set(s->own, g, s->granules);
        part.len = (size_t)(MIN(end, stop << s->shift) - off);
        if (part.len == 0) {
            return -EIO;            /* beyond the last granule: the core does not ask for that */
        }
        ret = co_node_read(own ? n->file : n->backing, off, part);
        if (ret != 0) {
            return ret;
        }
        off += part.len;
        v.skip += part.len;
    }
    return 0;
}

static int co_overlay_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    OverlayState *s = n->state;
    int ret = co_node_write(n->file, off, v, 0);

    if (ret == 0) {
        bitmap_set(s->own, off >> s->shift, v.len >> s->shift);
    }
    return ret;
}

static int co_overlay_zero(BlockNode *n, uint64_t off, uint64_t len, unsigned flags)
{
    OverlayState *s = n->state;
    int ret = co_node_zero(n->file, off, len, flags | BLOCK_MAY_UNMAP);

    if (ret == 0) {
        bitmap_set(s->own, off >> s->shift, len >> s->shift);
    }
    return ret;
}

static int64_t overlay_length(BlockNode *n)
{
    return (int64_t)n->backing->length;
}

static const BlockDriver overlay_driver = {
    .name = "snapshot-overlay",
    .is_format = true,
    .hidden = true,
    .state_size = sizeof(OverlayState),
    .co_close = overlay_close,
    .co_read = co_overlay_read,
    .co_write = co_overlay_write,
    .co_zero = co_overlay_zero,
    .length = overlay_length,
};
BLOCK_DRIVER_REGISTER(overlay_driver);

/* A nameless file of that size: a name must be known for the moment of opening only. */
static BlockNode *overlay_file(uint64_t size, GError **errp)
{
    const char *dir = g_getenv("TMPDIR");
    g_autofree char *path = g_build_filename(dir == NULL ? "/var/tmp" : dir, "vl.XXXXXX", NULL);
    g_autoptr(Json) opts = json_object_new();
    const BlockDriver *drv = block_driver_find("file");
    int fd = g_mkstemp(path);
    BlockNode *n;
    void *o;
    bool ok;

    if (fd < 0) {
        err_fail_errno(errp, errno, "Could not get temporary filename '%s'", path);
        return NULL;
    }
    if (ftruncate(fd, (off_t)size) < 0) {
        err_fail_errno(errp, errno, "Could not create temporary overlay '%s'", path);
        unlink(path);
        close(fd);
        return NULL;
    }
    close(fd);
    json_set_str(opts, "filename", path);
    json_set_str(opts, "locking", "off");
    o = struct_from_keyval(drv->open_options, opts, errp);
    n = node_new(drv, NULL, NODE_WRITABLE | NODE_NO_FLUSH);
    ok = o != NULL && drv->co_open(n, o, errp);
    n->opened = ok;
    ok = ok && node_refresh_length(n, errp);
    struct_free(drv->open_options, o);
    unlink(path);
    if (!ok) {
        node_free(n);
        return NULL;
    }
    return n;
}

BlockNode *overlay_new(BlockNode *base, GError **errp)
{
    unsigned shift = low_bit(GRANULE_MIN);
    uint64_t size;
    BlockNode *file, *n;
    OverlayState *s;

    while (base->length >> shift >= GRANULES_MAX) {
        shift++;
    }
    size = round_up(base->length, 1ull << shift);
    file = overlay_file(MAX(size, GRANULE_MIN), errp);
    if (file == NULL) {
        return NULL;
    }
    n = node_new(&overlay_driver, NULL, NODE_WRITABLE | NODE_NO_FLUSH);
    s = n->state;
    s->shift = shift;
    s->granules = size >> shift;
    s->own = bitmap_new(s->granules);
    n->file = file;
    n->backing = base;
    n->write_align = 1u << shift;
    n->length = base->length;
    n->opened = true;
    return n;
}
