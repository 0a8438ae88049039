/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter-gather lists: one walker for all copies. */
#include "util/iov.h"
#include <stdint.h>
#include <string.h>
#include <glib.h>

size_t iov_size(const struct iovec *iov, int n)
{
    size_t sum = 0;

    for (int i = 0; i < n; i++) {
        sum += iov[i].iov_len;
    }
    return sum;
}

/* Calls fn for each piece of [off, off + len) with its place in that range, until it returns false. */
static size_t iov_walk(const struct iovec *iov, int n, size_t off, size_t len,
                       bool (*fn)(void *opaque, char *piece, size_t at, size_t piece_len), void *opaque)
{
    size_t done = 0;

    for (int i = 0; i < n && done < len; i++) {
        size_t piece;

        if (off >= iov[i].iov_len) {
            off -= iov[i].iov_len;
            continue;
        }
        piece = MIN(iov[i].iov_len - off, len - done);
        if (!fn(opaque, (char *)iov[i].iov_base + off, done, piece)) {
            break;
        }
        done += piece;
        off = 0;
    }
    return done;
}

static bool iov_copy_out(void *opaque, char *piece, size_t at, size_t len)
{
    memcpy((char *)opaque + at, piece, len);
    return true;
}

static bool iov_copy_in(void *opaque, char *piece, size_t at, size_t len)
{
    memcpy(piece, (const char *)opaque + at, len);
    return true;
}

static bool iov_set(void *opaque, char *piece, size_t at, size_t len)
{
    memset(piece, *(int *)opaque, len);
    return true;
}

static bool iov_check_zero(void *opaque, char *piece, size_t at, size_t len)
{
    return buf_is_zero(piece, len);
}

size_t iov_to_buf(const struct iovec *iov, int n, size_t off, void *buf, size_t len)
{
    return iov_walk(iov, n, off, len, iov_copy_out, buf);
}

size_t iov_from_buf(const struct iovec *iov, int n, size_t off, const void *buf, size_t len)
{
    return iov_walk(iov, n, off, len, iov_copy_in, (void *)(uintptr_t)buf);
}

size_t iov_fill(const struct iovec *iov, int n, size_t off, int byte, size_t len)
{
    return iov_walk(iov, n, off, len, iov_set, &byte);
}

bool iov_is_zero(const struct iovec *iov, int n, size_t off, size_t len)
{
    return iov_walk(iov, n, off, len, iov_check_zero, NULL) == len;
}

typedef struct IovSlice { struct iovec *out; int n, room; } IovSlice;

static bool iov_take(void *opaque, char *piece, size_t at, size_t len)
{
    IovSlice *s = opaque;

    if (s->n < s->room) {
        s->out[s->n] = (struct iovec){ piece, len };
    }
    s->n++;
    return true;
}

int iov_slice(const struct iovec *iov, int n, size_t off, size_t len, struct iovec *out, int room)
{
    IovSlice s = { out, 0, room };

    iov_walk(iov, n, off, len, iov_take, &s);
    return s.n > room ? -1 : s.n;
}

bool buf_is_zero(const void *buf, size_t len)
{
    const unsigned char *p = buf;

    for (; len > 0 && ((uintptr_t)p & 7) != 0; p++, len--) {
        if (*p != 0) {
            return false;
        }
    }
    for (; len >= 64; p += 64, len -= 64) {
        uint64_t w[8];

        memcpy(w, p, sizeof(w));
        if ((w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) != 0) {
            return false;
        }
    }
    for (; len > 0; p++, len--) {
        if (*p != 0) {
            return false;
        }
    }
    return true;
}
