/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol driver "file": an image in a regular file, a block or a character device of the host.
 *
 * Crash notes. Writes go to the host's page cache (or with cache=none to the device's): they are stable after
 * fdatasync, which is the flush. When fdatasync has failed once the kernel has dropped the dirty pages and the
 * next call would succeed without the data: so the error stays for the rest of the node's life. A write past
 * the end extends the file; its size is metadata that fdatasync writes too (fdatasync(2)). */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "block/block_int.h"
#include "util/fdset.h"
#include "util/bits.h"
#include "util/iov.h"

typedef struct FileOptions { char *filename; OnOffAuto locking; } FileOptions;
typedef struct FileState {
    int fd;
    bool host_device, char_device;
    int flush_error;
    bool no_zero, no_discard, no_nowait;    /* the host cannot: do not ask again */
} FileState;

static const Field file_fields[] = {
    FIELD_STR("filename", FileOptions, filename, NULL, .help = "path of the image"),
    FIELD_ENUM("locking", FileOptions, locking, &on_off_auto, ONOFF_AUTO, .flags = FIELD_OPTIONAL,
               .help = "on/off/auto"),
    { .kind = FIELD_END },
};
static const StructDef file_options = { "BlockdevOptionsFile", sizeof(FileOptions), file_fields };

/* Without ambiguity after "file:", as users may write it. */
static const char *file_path(const char *filename)
{
    return g_str_has_prefix(filename, "file:") ? filename + 5 : filename;
}

static int64_t file_length(BlockNode *n)
{
    FileState *s = n->state;
    struct stat st;
    uint64_t size;

    if (fstat(s->fd, &st) < 0) {
        return -errno;
    }
    if (s->host_device) {
        return ioctl(s->fd, BLKGETSIZE64, &size) < 0 ? -errno : (int64_t)size;
    }
    return s->char_device ? 0 : (int64_t)st.st_size;
}

static bool file_try_read(int fd, size_t align)
{
    char *buf = NULL;
    ssize_t got;

    if (posix_memalign((void **)&buf, 4096, 8192) != 0) {
        return false;
    }
    got = pread(fd, buf + align % 4096, align, 0);      /* aligned to `align` and to no more */
    free(buf);
    return got >= 0;
}

/* What direct I/O wants, found by trying: there is no portable way to ask. */
static void file_find_align(BlockNode *n, int fd)
{
    n->align = n->mem_align = 1;
    if (!(n->flags & NODE_DIRECT)) {
        return;
    }
    for (uint32_t a = 512; a <= 4096; a *= 2) {
        n->align = n->mem_align = a;
        if (file_try_read(fd, a)) {
            return;
        }
    }
}

static bool file_check_kind(FileState *s, const char *path, GError **errp)
{
    struct stat st;

    if (fstat(s->fd, &st) < 0) {
        return err_fail_errno(errp, errno, "Could not open '%s'", path);
    }
    s->host_device = S_ISBLK(st.st_mode);
    s->char_device = S_ISCHR(st.st_mode);
    if (!S_ISREG(st.st_mode) && !s->host_device && !s->char_device) {
        return err_fail(errp, "'file' driver requires '%s' to be a regular file", path);
    }
    if (S_ISREG(st.st_mode) && st.st_size == 0) {
        return err_fail(errp, "Could not open '%s': The image is empty", path);
    }
    return true;
}

static bool file_open(BlockNode *n, const void *options, GError **errp)
{
    const FileOptions *o = options;
    FileState *s = n->state;
    const char *path = file_path(o->filename);
    int mode = (node_writable(n) ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;

    s->fd = fdset_open(path, mode | (n->flags & NODE_DIRECT ? O_DIRECT : 0), 0);
    if (s->fd < 0 && errno == EISDIR) {
        return err_fail(errp, "'file' driver requires '%s' to be a regular file", path);
    }
    if (s->fd < 0 && errno == EINVAL && (n->flags & NODE_DIRECT)) {
        return err_fail(errp, "Could not open '%s': the file system does not support O_DIRECT (cache=none)", path);
    }
    if (s->fd < 0) {
        return err_fail_errno(errp, errno, "Could not open '%s'", path);
    }
    if (!file_check_kind(s, path, errp)) {
        goto fail;
    }
    if ((n->flags & NODE_NATIVE) && !aio_native_setup(errp)) {
        goto fail;
    }
    if (o->locking != ONOFF_OFF && !(n->flags & NODE_FORCE_SHARE) && !s->char_device &&
        !image_lock(s->fd, path, node_writable(n), false, errp)) {
        goto fail;
    }
    n->is_host_device = s->host_device;
    file_find_align(n, s->fd);
    n->filename = g_strdup(path);
    return true;

fail:
    close(s->fd);
    s->fd = -1;
    return false;
}

static void file_close(BlockNode *n)
{
    FileState *s = n->state;

    close(s->fd);                   /* releases the locks */
}

static int co_file_rw(BlockNode *n, WorkKind kind, uint64_t off, IoVec v)
{
    FileState *s = n->state;
    Work w = { .kind = kind, .fd = s->fd, .off = off, .v = v };

    return n->flags & NODE_NATIVE ? co_native(&w) : co_work(&w);
}

enum { NOWAIT_MAX = 256 * 1024, NOWAIT_IOV = 64 };

/* What the page cache has, without waiting for a disk or for another thread. Returns the bytes read. */
static size_t file_read_cached(BlockNode *n, uint64_t off, IoVec v)
{
    FileState *s = n->state;
    struct iovec iov[NOWAIT_IOV];
    int parts;
    ssize_t got;

    if ((n->flags & NODE_DIRECT) || s->no_nowait || v.len > NOWAIT_MAX) {
        return 0;
    }
    parts = iov_slice(v.iov, v.n, v.skip, v.len, iov, NOWAIT_IOV);
    got = parts < 0 ? 0 : preadv2(s->fd, iov, parts, (off_t)off, RWF_NOWAIT);
    s->no_nowait |= got < 0 && errno == EOPNOTSUPP;
    return got > 0 ? (size_t)got : 0;
}

static int co_file_read(BlockNode *n, uint64_t off, IoVec v)
{
    size_t got = file_read_cached(n, off, v);

    v.skip += got;
    v.len -= got;
    return v.len == 0 ? 0 : co_file_rw(n, WORK_READ, off + got, v);
}

static int co_file_flush(BlockNode *n)
{
    FileState *s = n->state;
    Work w = { .kind = WORK_FSYNC, .fd = s->fd };
    int ret = s->flush_error != 0 ? s->flush_error : s->char_device ? 0 : co_work(&w);

    if (ret != 0 && !(n->flags & NODE_DIRECT)) {
        s->flush_error = ret;
    }
    return ret;
}

static int co_file_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    int ret = co_file_rw(n, WORK_WRITE, off, v);

    return ret == 0 && (flags & BLOCK_FUA) && !(n->flags & NODE_NO_FLUSH) ? co_file_flush(n) : ret;
}

static int co_file_zero(BlockNode *n, uint64_t off, uint64_t len, unsigned flags)
{
    FileState *s = n->state;
    Work w = { .kind = WORK_ZERO, .fd = s->fd, .off = off, .len = len, .host_device = s->host_device,
               .unmap = (flags & BLOCK_MAY_UNMAP) != 0 };
    int ret = s->no_zero ? -ENOTSUP : co_work(&w);

    s->no_zero |= ret == -ENOTSUP;
    return ret == 0 && (flags & BLOCK_FUA) && !(n->flags & NODE_NO_FLUSH) ? co_file_flush(n) : ret;
}

static int co_file_discard(BlockNode *n, uint64_t off, uint64_t len)
{
    FileState *s = n->state;
    Work w = { .kind = WORK_DISCARD, .fd = s->fd, .off = off, .len = len, .host_device = s->host_device };
    int ret = s->no_discard ? -ENOTSUP : co_work(&w);

    s->no_discard |= ret == -ENOTSUP;
    return ret;
}

static bool co_file_resize(BlockNode *n, uint64_t size, GError **errp)
{
    FileState *s = n->state;

    if (s->host_device || s->char_device) {
        return err_fail(errp, "Cannot resize device files");
    }
    if (ftruncate(s->fd, (off_t)size) < 0) {
        return err_fail_errno(errp, errno, "Failed to resize file");
    }
    return true;
}

static Json *file_info(BlockNode *n)
{
    FileState *s = n->state;
    struct stat st;
    Json *j = json_object_new();

    if (fstat(s->fd, &st) == 0) {
        json_set_uint(j, "actual-size", (uint64_t)st.st_blocks * 512);
    }
    return j;
}

static const BlockDriver file_driver = {
    .name = "file",
    .state_size = sizeof(FileState),
    .open_options = &file_options,
    .co_open = file_open,
    .co_close = file_close,
    .co_read = co_file_read,
    .co_write = co_file_write,
    .co_flush = co_file_flush,
    .co_zero = co_file_zero,
    .co_discard = co_file_discard,
    .co_resize = co_file_resize,
    .length = file_length,
    .info = file_info,
};
BLOCK_DRIVER_REGISTER(file_driver);

/* The same under the name people give it for disks and drives of the host. */
static const BlockDriver host_device_driver = {
    .name = "host_device",
    .state_size = sizeof(FileState),
    .open_options = &file_options,
    .co_open = file_open,
    .co_close = file_close,
    .co_read = co_file_read,
    .co_write = co_file_write,
    .co_flush = co_file_flush,
    .co_zero = co_file_zero,
    .co_discard = co_file_discard,
    .co_resize = co_file_resize,
    .length = file_length,
    .info = file_info,
};
BLOCK_DRIVER_REGISTER(host_device_driver);
