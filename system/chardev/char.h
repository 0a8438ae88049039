/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYSTEM_CHARDEV_CHAR_H
#define SYSTEM_CHARDEV_CHAR_H

#include "util/field.h"
#include "util/set.h"

typedef struct Char Char;
typedef enum CharEvent { CHAR_OPENED, CHAR_CLOSED, CHAR_BREAK, CHAR_MUX_IN, CHAR_MUX_OUT } CharEvent;

typedef struct CharUser {           /* a serial port, a monitor, a virtio console */
    size_t (*room)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *buf, size_t n);
    void (*event)(void *opaque, CharEvent ev);
} CharUser;

typedef struct CharBackend {        /* stdio, socket, pty, file, mux ... */
    const char *name;
    const StructDef *options;
    size_t size;
    bool (*open)(Char *c, const void *options, GError **errp);
    void (*close)(Char *c);
    ssize_t (*write)(Char *c, const uint8_t *buf, size_t n);    /* short write: writable() follows */
    void (*poll_input)(Char *c, bool on);
    bool (*set)(Char *c, const char *what, int value);          /* baud, dtr, break, echo */
    Json *(*describe)(Char *c);
} CharBackend;

SET_DECLARE(char_backends, CharBackend);
Char *char_open(const char *id, const char *backend, const void *options, GError **errp);
bool char_attach(Char *c, const CharUser *user, void *opaque, GError **errp);   /* one user; mux has four */
ssize_t char_write(Char *c, const uint8_t *buf, size_t n);

#endif
