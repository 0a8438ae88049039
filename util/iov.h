/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter-gather lists. Offsets beyond the list copy nothing; every call returns how many bytes it did. */
#ifndef UTIL_IOV_H
#define UTIL_IOV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

size_t iov_size(const struct iovec *iov, int n);
size_t iov_to_buf(const struct iovec *iov, int n, size_t off, void *buf, size_t len);
size_t iov_from_buf(const struct iovec *iov, int n, size_t off, const void *buf, size_t len);
size_t iov_fill(const struct iovec *iov, int n, size_t off, int byte, size_t len);
/* The part [off, off + len) as a list of its own in out (room elements); returns how many were needed, and -1
 * when there is not room for all. */
int iov_slice(const struct iovec *iov, int n, size_t off, size_t len, struct iovec *out, int room);
bool iov_is_zero(const struct iovec *iov, int n, size_t off, size_t len);
bool buf_is_zero(const void *buf, size_t len);

#endif
