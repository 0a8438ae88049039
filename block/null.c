/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol drivers "null-co" and "null-aio": a disk without a medium behind it, for measurements. Writes are
 * lost, reads give zeros or leave the buffer alone.
 * Crash note: nothing is ever stored. */
#include <string.h>
#include "block/block_int.h"
#include "util/bits.h"
#include "util/iov.h"

typedef struct NullOptions { uint64_t size, latency_ns; bool read_zeroes; char *filename; } NullOptions;

static const Field null_fields[] = {
    FIELD_SIZE("size", NullOptions, size, GIB, .flags = FIELD_OPTIONAL, .help = "size of the disk"),
    FIELD_U64("latency-ns", NullOptions, latency_ns, 0, .flags = FIELD_OPTIONAL, .help = "time a request takes"),
    FIELD_BOOL("read-zeroes", NullOptions, read_zeroes, false, .flags = FIELD_OPTIONAL, .help = "on/off"),
    FIELD_STR("filename", NullOptions, filename, NULL, .flags = FIELD_OPTIONAL),
    { .kind = FIELD_END },
};
static const StructDef null_options = { "BlockdevOptionsNull", sizeof(NullOptions), null_fields };

static bool null_open(BlockNode *n, const void *options, GError **errp)
{
    const NullOptions *o = options;
    NullOptions *s = n->state;

    if (o->filename != NULL && strcmp(o->filename, "null-co://") != 0 && strcmp(o->filename, "null-aio://") != 0) {
        return err_fail(errp, "The only allowed filename for this driver is '%s://'", n->drv->name);
    }
    *s = *o;
    s->filename = NULL;
    n->filename = g_strdup_printf("%s://", n->drv->name);
    return true;
}

static int co_null_wait(BlockNode *n)
{
    NullOptions *s = n->state;
    Work w = { .kind = WORK_SLEEP, .len = s->latency_ns };

    return s->latency_ns == 0 ? 0 : co_work(&w);
}

static int co_null_read(BlockNode *n, uint64_t off, IoVec v)
{
    NullOptions *s = n->state;

    if (s->read_zeroes) {
        iov_fill(v.iov, v.n, v.skip, 0, v.len);
    }
    return co_null_wait(n);
}

static int co_null_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    return co_null_wait(n);
}

static int64_t null_length(BlockNode *n)
{
    NullOptions *s = n->state;

    return s->size > INT64_MAX ? INT64_MAX - BLOCK_SECTOR : (int64_t)s->size;
}

static const BlockDriver null_co_driver = {
    .name = "null-co", .state_size = sizeof(NullOptions), .open_options = &null_options,
    .co_open = null_open, .co_read = co_null_read, .co_write = co_null_write, .co_flush = co_null_wait,
    .length = null_length,
};
static const BlockDriver null_aio_driver = {
    .name = "null-aio", .state_size = sizeof(NullOptions), .open_options = &null_options,
    .co_open = null_open, .co_read = co_null_read, .co_write = co_null_write, .co_flush = co_null_wait,
    .length = null_length,
};
BLOCK_DRIVER_REGISTER(null_co_driver);
BLOCK_DRIVER_REGISTER(null_aio_driver);
