/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls behind a file node, on a pool thread or in place. Short transfers are continued, EINTR is
 * retried, the part of a read beyond the end of the file is zeros. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "block/block_int.h"
#include "util/bits.h"
#include "util/iov.h"

enum { WORK_IOV = 64 };

static int work_rw(Work *w)
{
    size_t done = 0;

    while (done < w->v.len) {
        struct iovec iov[WORK_IOV];
        int n = iov_slice(w->v.iov, w->v.n, w->v.skip + done, w->v.len - done, iov, WORK_IOV);
        off_t at = (off_t)(w->off + done);
        ssize_t got;

        n = n < 0 ? WORK_IOV : n;
        got = w->kind == WORK_READ ? preadv(w->fd, iov, n, at) : pwritev(w->fd, iov, n, at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            if (w->kind == WORK_WRITE) {
                return -ENOSPC;
            }
            iov_fill(w->v.iov, w->v.n, w->v.skip + done, 0, w->v.len - done);
            return 0;
        }
        done += (size_t)got;
        if (w->kind == WORK_READ && done < w->v.len && (got & (BLOCK_SECTOR - 1)) != 0) {
            /* the last, partial sector of a file: O_DIRECT refuses to continue from here */
            iov_fill(w->v.iov, w->v.n, w->v.skip + done, 0, w->v.len - done);
            return 0;
        }
    }
    return 0;
}

static int work_fallocate(const Work *w, int mode)
{
    int ret;

    do {
        ret = fallocate(w->fd, mode, (off_t)w->off, (off_t)w->len);
    } while (ret < 0 && errno == EINTR);
    if (ret == 0) {
        return 0;
    }
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == ENODEV || errno == EINVAL ? -ENOTSUP : -errno;
}

static int work_device_range(const Work *w, unsigned long request)
{
    uint64_t range[2] = { w->off, w->len };

    return ioctl(w->fd, request, range) == 0 ? 0 : errno == ENOTTY || errno == EOPNOTSUPP ? -ENOTSUP : -errno;
}

static int work_zero(const Work *w)
{
    int ret = -ENOTSUP;

    if (w->host_device) {
        return work_device_range(w, BLKZEROOUT);
    }
    if (w->unmap) {
        ret = work_fallocate(w, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
    }
    return ret == -ENOTSUP ? work_fallocate(w, FALLOC_FL_ZERO_RANGE) : ret;
}

int work_run(Work *w)
{
    struct timespec ts = { (time_t)(w->len / NS_PER_S), (long)(w->len % NS_PER_S) };

    switch (w->kind) {
    case WORK_READ:
    case WORK_WRITE:
        return work_rw(w);
    case WORK_FSYNC:
        return fdatasync(w->fd) == 0 ? 0 : -errno;
    case WORK_ZERO:
        return work_zero(w);
    case WORK_DISCARD:
        return w->host_device ? work_device_range(w, BLKDISCARD)
                              : work_fallocate(w, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
    case WORK_SLEEP:
        while (nanosleep(&ts, &ts) < 0 && errno == EINTR) {
        }
        return 0;
    }
    return -EINVAL;
}
