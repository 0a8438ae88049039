/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Format driver "raw": the image is the file, or a part of it (offset, size).
 *
 * Crash notes. Nothing is kept besides the data: a write is the child's write, a flush the child's flush.
 * When the format was guessed, a write that would make the first sector look like another format is refused:
 * the next start would otherwise trust a header that a guest made. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "block/block_int.h"
#include "util/iov.h"
#include "util/range.h"

typedef struct RawOptions { bool has_size; uint64_t offset, size; } RawOptions;
typedef struct RawState { uint64_t offset, size; bool has_size; } RawState;

static const Field raw_fields[] = {
    FIELD_SIZE("offset", RawOptions, offset, 0, .flags = FIELD_OPTIONAL, .help = "where the image begins"),
    FIELD_SIZE("size", RawOptions, size, 0, .flags = FIELD_OPTIONAL, .help = "its length"),
    { .kind = FIELD_END },
};
static const StructDef raw_options = { "BlockdevOptionsRaw", sizeof(RawOptions), raw_fields };

static int raw_probe(const uint8_t *head, size_t len, const char *filename)
{
    return 1;                       /* anything is raw when it is nothing else */
}

static bool raw_open(BlockNode *n, const void *options, GError **errp)
{
    const RawOptions *o = options;
    RawState *s = n->state;
    uint64_t whole = n->file->length;

    if (o->offset > whole) {
        return err_fail(errp, "Offset (%" PRIu64 ") cannot be greater than size of the containing file (%" PRIu64
                        ")", o->offset, whole);
    }
    if (o->size > whole - o->offset) {
        return err_fail(errp, "The sum of offset (%" PRIu64 ") and size (%" PRIu64 ") has to be smaller or equal "
                        "to the  actual size of the containing file (%" PRIu64 ")", o->offset, o->size, whole);
    }
    if (o->size % BLOCK_SECTOR != 0) {
        return err_fail(errp, "Specified size is not multiple of %d", BLOCK_SECTOR);
    }
    s->offset = o->offset;
    s->size = o->size;
    s->has_size = o->size != 0;
    return true;
}

static int64_t raw_length(BlockNode *n)
{
    RawState *s = n->state;

    return (int64_t)(s->has_size ? s->size : n->file->length - s->offset);
}

static int co_raw_read(BlockNode *n, uint64_t off, IoVec v)
{
    RawState *s = n->state;

    return co_node_read(n->file, s->offset + off, v);
}

/* May a guest write these bytes over the start of an image whose format was guessed? */
static bool raw_header_allowed(uint64_t off, IoVec v, const char *filename)
{
    uint8_t head[BLOCK_SECTOR];

    if (off != 0 || v.len < sizeof(head)) {
        return false;               /* a part of the header: what it becomes cannot be told from here */
    }
    iov_to_buf(v.iov, v.n, v.skip, head, sizeof(head));
    return strcmp(probe_format(head, sizeof(head), filename), "raw") == 0;
}

static int co_raw_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    RawState *s = n->state;

    if (n->probed && off < BLOCK_SECTOR && !raw_header_allowed(off, v, n->file->filename)) {
        return -EPERM;
    }
    return co_node_write(n->file, s->offset + off, v, flags);
}

static int co_raw_zero(BlockNode *n, uint64_t off, uint64_t len, unsigned flags)
{
    RawState *s = n->state;

    return co_node_zero(n->file, s->offset + off, len, flags);
}

static int co_raw_discard(BlockNode *n, uint64_t off, uint64_t len)
{
    RawState *s = n->state;

    return co_node_discard(n->file, s->offset + off, len);
}

static bool co_raw_resize(BlockNode *n, uint64_t size, GError **errp)
{
    RawState *s = n->state;

    if (s->has_size) {
        return err_fail(errp, "Cannot resize fixed-size raw disks");
    }
    if (size > INT64_MAX - s->offset) {
        return err_fail(errp, "Disk size too large for the chosen offset");
    }
    if (n->file->drv->co_resize == NULL) {
        return err_fail(errp, "Image format driver does not support resize");
    }
    return n->file->drv->co_resize(n->file, s->offset + size, errp) && node_refresh_length(n->file, errp);
}

static const BlockDriver raw_driver = {
    .name = "raw",
    .is_format = true,
    .state_size = sizeof(RawState),
    .open_options = &raw_options,
    .probe = raw_probe,
    .co_open = raw_open,
    .co_read = co_raw_read,
    .co_write = co_raw_write,
    .co_zero = co_raw_zero,
    .co_discard = co_raw_discard,
    .co_resize = co_raw_resize,
    .length = raw_length,
};
BLOCK_DRIVER_REGISTER(raw_driver);
