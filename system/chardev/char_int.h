/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For backends: the inside of a Char and the calls that report to its user. */
#ifndef SYSTEM_CHARDEV_CHAR_INT_H
#define SYSTEM_CHARDEV_CHAR_INT_H

#include "system/chardev/char.h"
#include "util/err.h"
#include "util/loop.h"

struct Char {
    char *id;
    const CharBackend *backend;
    void *state;
    const CharUser *user;           /* NULL: nobody attached; input is not read */
    void *user_opaque;
    int log_fd;                     /* -1: none */
    bool connected;
    bool opening;                   /* inside open(): id is not public yet */
    Loop *loop;                     /* that serves it: the main one, or where char_move() put it */
    GRecMutex *lock;                /* NULL: the VM lock is enough; else what its loop holds */
};

#define CHAR_STATE(T, c) ((T *)(c)->state)

Char *char_new(const char *id, const CharBackend *be, const void *options, GError **errp);
/* Another backend in the same Char; the user stays. On failure c is as before. */
bool char_reopen(Char *c, const CharBackend *be, const void *options, GError **errp);
size_t char_room(Char *c);                      /* 0 without a user */
void char_deliver(Char *c, const uint8_t *buf, size_t n);
void char_event(Char *c, CharEvent ev);         /* OPENED and CLOSED also set `connected` */
void char_writable(Char *c);
void char_enter(Char *c);                       /* takes its lock, where it has one */
void char_leave(Char *c);
int char_open_path(const char *path, int flags, GError **errp);    /* "Could not open 'x': why" */

/* The mux: char_attach() and char_detach() of a Char that is one end here. */
bool mux_attach(Char *c, const CharUser *user, void *opaque, GError **errp);
void mux_detach(Char *c, void *opaque);
Char *mux_new(const char *id, Char *base, GError **errp);

/* A pair of non-blocking (or always ready) descriptors as a backend's whole state or part of it. */
typedef struct CharFd {
    Char *c;
    int in, out;                    /* may be the same; -1: none */
    bool want_in, want_out;         /* what is being watched */
    bool blocking_out;              /* a regular file: no polling, write to the end */
    void (*hangup)(Char *c);        /* end of file or error on `in`; watching has stopped */
} CharFd;

void char_fd_init(CharFd *f, Char *c, int in, int out);
void char_fd_close(CharFd *f);
ssize_t char_fd_write(CharFd *f, const uint8_t *buf, size_t n);
void char_fd_poll(CharFd *f, bool on);
void char_fd_watch(CharFd *f, bool on);         /* CharBackend.watch */

#endif
