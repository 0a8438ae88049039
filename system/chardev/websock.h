/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of a WebSocket connection (RFC 6455) as a filter: bytes of the stream go in, data of the
 * client and answers to it come out. Nothing is sent or received here. */
#ifndef SYSTEM_CHARDEV_WEBSOCK_H
#define SYSTEM_CHARDEV_WEBSOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Websock Websock;

Websock *websock_new(void);
void websock_free(Websock *w);                  /* NULL is fine */
bool websock_open(const Websock *w);            /* is the handshake over? */
/* n bytes that the client sent. data: appended, at most n bytes that mean the user; reply: appended, to be sent at
 * once. False: the connection is to be closed after that. */
bool websock_input(Websock *w, const uint8_t *buf, size_t n, GByteArray *data, GByteArray *reply);
/* One binary message with n bytes, appended to out. */
void websock_frame(const uint8_t *buf, size_t n, GByteArray *out);

#endif
