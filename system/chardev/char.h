/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices: a byte stream between the outside (terminal, socket, file ...) and one user
 * inside (a serial port, a monitor). A mux gives one backend to four users, one of which has the
 * keyboard.
 *
 * Everything here is called with the VM lock held, from any thread; the callbacks of a user come
 * with the VM lock held, from the main loop or from inside char_attach() and
 * char_accept_input(). A Char that was moved (char_move) is served by another thread's loop: its user
 * is called with that loop's lock held instead, and may call char_write() and its like without the VM
 * lock. Order: VM lock, then that one. */
#ifndef SYSTEM_CHARDEV_CHAR_H
#define SYSTEM_CHARDEV_CHAR_H

#include <sys/types.h>
#include "util/field.h"
#include "util/set.h"

typedef struct Char Char;
/* OPENED, CLOSED: the other side came or went. MUX_IN, MUX_OUT: this user got or lost the
 * keyboard. */
typedef enum CharEvent {
    CHAR_OPENED,
    CHAR_CLOSED,
    CHAR_BREAK,
    CHAR_MUX_IN,
    CHAR_MUX_OUT
} CharEvent;

typedef struct CharUser {           /* a serial port, a monitor, a virtio console */
    /* how many bytes receive() takes now; 0: char_accept_input() follows */
    size_t (*room)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *buf, size_t n);
    void (*event)(void *opaque, CharEvent ev);          /* may be NULL */
    /* may be NULL: after a short char_write() there is room again */
    void (*writable)(void *opaque);
} CharUser;

/* What every backend's options begin with. */
typedef struct CharCommon {
    char *logfile;                  /* NULL: no copy of the output is kept */
    bool logappend, mux;
} CharCommon;

typedef struct CharBackend {        /* stdio, socket, pty, file, mux ... */
    const char *name;
    const StructDef *options;       /* a struct that begins with CharCommon, without rows for it */
    size_t size;                    /* of the state char_state() returns, zeroed before open */
    bool (*open)(Char *c, const void *options, GError **errp);
    void (*close)(Char *c);
    /* short write: writable() follows */
    ssize_t (*write)(Char *c, const uint8_t *buf, size_t n);
    void (*poll_input)(Char *c, bool on);       /* the user can (not) take bytes; may be NULL */
    /* baud, dtr, break, echo; may be NULL */
    bool (*set)(Char *c, const char *what, int value);
    char *(*describe)(const Char *c);           /* "filename" of info chardev; NULL: the name */
    void (*user_changed)(Char *c);              /* attached or detached; may be NULL */
    int (*take_fd)(Char *c);                    /* a descriptor that came along; may be NULL */
    /* cuts the connection; any thread, no lock; may be NULL */
    bool (*yank)(Char *c);
    /* a connected socket for a server without a client; given away if true; may be NULL */
    bool (*add_client)(Char *c, int fd);
    /* takes its watches and timers from c->loop, or sets them there; NULL: cannot be moved */
    void (*watch)(Char *c, bool on);
} CharBackend;

SET_DECLARE(char_backends, CharBackend);
#define CHAR_BACKEND_REGISTER(b) SET_ADD(char_backends, CharBackend, b, &(b))

const CharBackend *char_backend_find(const char *name);     /* aliases (tty, parport) too */

/* Opens and names a backend; options as its StructDef says (copied as needed). With mux=on the
 * backend is named ID-base and the result is a mux on it. NULL on failure. Closed by
 * char_close(). */
Char *char_open(const char *id, const char *backend, const void *options, GError **errp);
/* The same from text options ({"backend": "null", "id": "c0", "mux": "on"}), as -chardev gives
 * them. */
Char *char_open_opts(const Json *opts, GError **errp);
/* The short forms of -serial, -monitor ...: "stdio", "mon:stdio", "tcp:host:port,server=on",
 * "chardev:ID", "/dev/ttyS0", "none" (an error here). mon: makes a mux; the caller attaches a
 * monitor to it. */
Char *char_open_legacy(const char *id, const char *text, GError **errp);
/* The text form turned into the options of -chardev, without opening. NULL on failure; freed by
 * caller. */
Json *char_legacy_opts(const char *id, const char *text, GError **errp);

Char *char_find(const char *id);
bool char_close(Char *c, GError **errp);        /* fails while somebody uses it */
/* Another backend under the same id; its user stays. On failure c is as before. */
bool char_replace(Char *c, const Json *opts, GError **errp);
void char_send_break(Char *c);                  /* the user sees CHAR_BREAK */
/* at exit: also gives terminals back as they were */
void char_close_all(void);
void char_visit(void (*fn)(Char *c, void *opaque), void *opaque);

/* One user; a mux has four, the last attached or the one chosen by the escape key has the
 * keyboard. */
bool char_attach(Char *c, const CharUser *user, void *opaque, GError **errp);
void char_detach(Char *c, void *opaque);
/* < n: writable() follows; never negative */
ssize_t char_write(Char *c, const uint8_t *buf, size_t n);
void char_accept_input(Char *c);                /* the user has room again */
bool char_set(Char *c, const char *what, int value);        /* false: not known here; no error */

/* Places on the board that -serial, -parallel and -debugcon fill: "serial0", "parallel0",
 * "debugcon". */
void char_port_set(const char *port, Char *c);
Char *char_port(const char *port);              /* NULL: nothing is plugged in there */

/* A descriptor that came with what was read last (SCM_RIGHTS); the caller owns it. -1: none. */
int char_take_fd(Char *c);
bool char_add_client(Char *c, int fd);          /* fd is given away unless false */
/* Connections that can be cut: ids, as a list of strings. Any thread, no lock; freed by the caller. */
char **char_yank_list(void);
/* Cuts the connections of all of them at once, or none and returns false. Any thread, no lock. */
bool char_yank(const char *const *ids);
struct Loop;
/* From now on l serves c, which holds lock (recursive) around its rounds; l NULL: the main loop again.
 * For an end without a user. False: this kind cannot be moved. */
bool char_move(Char *c, struct Loop *l, GRecMutex *lock);
bool char_in_use(const Char *c);                /* does somebody read what comes in? */
const char *char_id(const Char *c);
bool char_connected(const Char *c);
bool char_is_mux(const Char *c);
char *char_describe(const Char *c);             /* freed by the caller */
void char_set_escape(int ch);                   /* -echr; the default is 1, Ctrl-A */
/* Called for the keys of a mux that are not its own: x (quit) and s (commit). Set once by main. */
void char_set_mux_hooks(void (*quit)(void *opaque), void (*commit)(void *opaque), void *opaque);
void char_stdio_forbid(void);                   /* -daemonize: stdio is refused from now on */

/* A port that wants its chardev by name: fills in the named chardev, for properties of devices. */
extern const FieldOps char_field_ops;           /* member: Char * */

#endif
