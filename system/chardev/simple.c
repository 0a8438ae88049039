/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backends without much behind them: null, vc (a text console, shown by nothing until a display
 * asks for it), file and the ring buffer that the monitor reads and writes. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "system/chardev/char_int.h"
#include "system/chardev/ringbuf.h"

/* ---- null and vc */

static bool null_open(Char *c, const void *options, GError **errp)
{
    (void)options;
    (void)errp;
    c->connected = true;
    return true;
}

static ssize_t null_write(Char *c, const uint8_t *buf, size_t n)
{
    (void)c;
    (void)buf;
    return n;
}

static const Field null_fields[] = { { 0 } };
static const StructDef null_options = { "ChardevCommon", sizeof(CharCommon), null_fields };
static const CharBackend null_backend = {
    .name = "null", .options = &null_options, .open = null_open, .write = null_write,
};
CHAR_BACKEND_REGISTER(null_backend);

typedef struct VcOptions { CharCommon common; uint32_t width, height, cols, rows; } VcOptions;
static const Field vc_fields[] = {
    FIELD_U32("width", VcOptions, width, 0, .help = "in pixels"),
    FIELD_U32("height", VcOptions, height, 0, .help = "in pixels"),
    FIELD_U32("cols", VcOptions, cols, 0, .help = "in characters"),
    FIELD_U32("rows", VcOptions, rows, 0, .help = "in characters"),
    { 0 },
};
static const StructDef vc_options = { "ChardevVC", sizeof(VcOptions), vc_fields };
static const CharBackend vc_backend = {
    .name = "vc", .options = &vc_options, .open = null_open, .write = null_write,
};
CHAR_BACKEND_REGISTER(vc_backend);

/* ---- file */

typedef struct FileOptions { CharCommon common; char *path, *input_path; bool append; } FileOptions;

static bool file_open(Char *c, const void *options, GError **errp)
{
    const FileOptions *o = options;
    CharFd *f = CHAR_STATE(CharFd, c);
    int in = -1, out;

    if (o->path == NULL) {
        return err_fail(errp, "chardev: file: no filename given");
    }
    if (o->input_path != NULL) {
        in = char_open_path(o->input_path, O_RDONLY | O_NONBLOCK, errp);
        if (in < 0) {
            return false;
        }
    }
    out = char_open_path(o->path, O_WRONLY | O_CREAT | (o->append ? O_APPEND : O_TRUNC), errp);
    if (out < 0) {
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    char_fd_init(f, c, in, out);
    c->connected = true;
    return true;
}

static void file_close(Char *c)
{
    char_fd_close(CHAR_STATE(CharFd, c));
}

static ssize_t file_write(Char *c, const uint8_t *buf, size_t n)
{
    return char_fd_write(CHAR_STATE(CharFd, c), buf, n);
}

static void file_poll_input(Char *c, bool on)
{
    char_fd_poll(CHAR_STATE(CharFd, c), on);
}

static const Field file_fields[] = {
    FIELD_STR("path", FileOptions, path, NULL, .help = "where output goes"),
    FIELD_STR("input-path", FileOptions, input_path, NULL, .help = "where input comes from"),
    FIELD_BOOL("append", FileOptions, append, false, .help = "keep what is in the file"),
    { 0 },
};
static const StructDef file_options = { "ChardevFile", sizeof(FileOptions), file_fields };
static const CharBackend file_backend = {
    .name = "file", .options = &file_options, .size = sizeof(CharFd), .open = file_open,
    .close = file_close, .write = file_write, .poll_input = file_poll_input,
};
CHAR_BACKEND_REGISTER(file_backend);

/* ---- ringbuf: output is kept, the oldest bytes fall out */

typedef struct RingOptions { CharCommon common; uint64_t size; } RingOptions;
typedef struct Ring { uint8_t *data; uint64_t size, head, tail; } Ring;

enum { RING_MAX = 1 << 28 };

static bool ring_open(Char *c, const void *options, GError **errp)
{
    const RingOptions *o = options;
    Ring *r = CHAR_STATE(Ring, c);

    if (o->size == 0 || (o->size & (o->size - 1)) != 0) {
        return err_fail(errp, "size of ringbuf chardev must be power of two");
    }
    if (o->size > RING_MAX) {
        return err_fail(errp, "size of ringbuf chardev must not exceed %d bytes", RING_MAX);
    }
    r->size = o->size;
    r->data = g_malloc(r->size);
    c->connected = true;
    return true;
}

static void ring_close(Char *c)
{
    g_free(CHAR_STATE(Ring, c)->data);
}

static ssize_t ring_write(Char *c, const uint8_t *buf, size_t n)
{
    Ring *r = CHAR_STATE(Ring, c);

    for (size_t i = 0; i < n; i++) {
        r->data[r->head++ % r->size] = buf[i];
    }
    if (r->head - r->tail > r->size) {
        r->tail = r->head - r->size;
    }
    return n;
}

static const Field ring_fields[] = {
    { .name = "size", .help = "bytes kept, a power of two", .kind = FIELD_SIZE,
      .offset = FIELD_OFFSET(RingOptions, size, uint64_t), .def.u = 65536 },
    { 0 },
};
static const StructDef ring_options = { "ChardevRingbuf", sizeof(RingOptions), ring_fields };
static const CharBackend ring_backend = {
    .name = "ringbuf", .options = &ring_options, .size = sizeof(Ring), .open = ring_open,
    .close = ring_close, .write = ring_write,
};
CHAR_BACKEND_REGISTER(ring_backend);

static Ring *ring_of(Char *c, GError **errp)
{
    if (c->backend != &ring_backend) {
        err_fail(errp, "%s is not a ringbuf device", c->id);
        return NULL;
    }
    return CHAR_STATE(Ring, c);
}

GByteArray *ringbuf_read(Char *c, uint64_t max, GError **errp)
{
    Ring *r = ring_of(c, errp);
    GByteArray *out;

    if (r == NULL) {
        return NULL;
    }
    out = g_byte_array_new();
    for (; max > 0 && r->tail != r->head; max--) {
        g_byte_array_append(out, &r->data[r->tail++ % r->size], 1);
    }
    return out;
}

bool ringbuf_write(Char *c, const uint8_t *buf, size_t n, GError **errp)
{
    if (ring_of(c, errp) == NULL) {
        return false;
    }
    char_write(c, buf, n);
    return true;
}
