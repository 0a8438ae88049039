/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's ends of a ring buffer chardev. Both fail when c is of another kind. */
#ifndef SYSTEM_CHARDEV_RINGBUF_H
#define SYSTEM_CHARDEV_RINGBUF_H

#include "system/chardev/char.h"

/* taken out; freed by the caller */
GByteArray *ringbuf_read(Char *c, uint64_t max, GError **errp);
bool ringbuf_write(Char *c, const uint8_t *buf, size_t n, GError **errp);

#endif
