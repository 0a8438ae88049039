/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One backend shared by up to four users, as -nographic shares the terminal between the first
 * serial port and the monitor. Output of all goes out; input goes to the one in focus. The
 * escape character (Ctrl-A unless -echr says otherwise) is followed by a command key.
 *
 * Input that the user in focus has no room for waits in a small ring; the backend is not read
 * meanwhile. */
#include <stdio.h>
#include <string.h>
#include "system/chardev/char_int.h"

enum { MUX_USERS = 4, MUX_RING = 1024 };

typedef struct MuxUser {
    const CharUser *user;
    void *opaque;
    uint8_t ring[MUX_RING];
    unsigned head, tail;            /* free running */
    bool opened;                    /* was told OPENED */
} MuxUser;

typedef struct Mux {
    Char *c, *base;
    MuxUser users[MUX_USERS];
    unsigned count;
    int focus;                      /* -1: nobody yet */
    bool escape;                    /* the escape character was the last one */
    bool timestamps, line_start;
    int64_t timestamp_base;         /* ns of CLOCK_REAL at the first stamped line; -1: none yet */
} Mux;

typedef struct MuxOptions { CharCommon common; char *chardev; } MuxOptions;

static int escape_char = 1;
static struct {
    void (*quit)(void *opaque);
    void (*commit)(void *opaque);
    void *opaque;
} hooks;

void char_set_escape(int ch)
{
    escape_char = ch;
}

void char_set_mux_hooks(void (*quit)(void *opaque), void (*commit)(void *opaque), void *opaque)
{
    hooks.quit = quit;
    hooks.commit = commit;
    hooks.opaque = opaque;
}

static MuxUser *mux_focus(Mux *m)
{
    return m->focus >= 0 && m->users[m->focus].user != NULL ? &m->users[m->focus] : NULL;
}

static void mux_tell(MuxUser *u, CharEvent ev)
{
    if (u->user != NULL && u->user->event != NULL) {
        u->user->event(u->opaque, ev);
    }
}

static void mux_set_focus(Mux *m, int focus)
{
    MuxUser *old = mux_focus(m);

    if (old != NULL) {
        mux_tell(old, CHAR_MUX_OUT);
    }
    m->focus = focus;
    mux_tell(&m->users[focus], CHAR_MUX_IN);
    char_accept_input(m->base);
}

static void mux_next_focus(Mux *m)
{
    for (int i = 1; i <= MUX_USERS; i++) {
        int next = (m->focus + i) % MUX_USERS;

        if (m->users[next].user != NULL) {
            mux_set_focus(m, next);
            return;
        }
    }
}

static void mux_puts(Mux *m, const char *text)
{
    char_write(m->base, (const uint8_t *)text, strlen(text));
}

static void mux_print_help(Mux *m)
{
    static const struct { const char *key, *what; } keys[] = {
        { "h", "print this help" },
        { "x", "exit emulator" },
        { "s", "save disk data back to file (if -snapshot)" },
        { "t", "toggle console timestamps" },
        { "b", "send break (magic sysrq)" },
        { "c", "switch between console and monitor" },
    };
    g_autofree char *name = escape_char > 0 && escape_char < 26
        ? g_strdup_printf("C-%c", escape_char - 1 + 'a')
        : g_strdup_printf("Escape-Char(0x%02x)", escape_char);

    mux_puts(m, "\n\r");
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *line = g_strdup_printf("%s %s    %s\n\r", name, keys[i].key, keys[i].what);

        mux_puts(m, line);
    }
    {
        g_autofree char *last = g_strdup_printf("%s %s  sends %s\n\r", name, name, name);

        mux_puts(m, last);
    }
}

/* The key behind the escape character. True: it is itself to be sent to the user. */
static bool mux_command(Mux *m, int ch)
{
    MuxUser *u = mux_focus(m);

    if (ch == escape_char) {
        return true;
    }
    switch (ch) {
    case '?':
    case 'h':
        mux_print_help(m);
        break;
    case 'x':
        mux_puts(m, "QEMU: Terminated\n\r");
        if (hooks.quit != NULL) {
            hooks.quit(hooks.opaque);
        }
        break;
    case 's':
        if (hooks.commit != NULL) {
            hooks.commit(hooks.opaque);
        }
        break;
    case 'b':
        if (u != NULL) {
            mux_tell(u, CHAR_BREAK);
        }
        break;
    case 'c':
        mux_next_focus(m);
        break;
    case 't':
        m->timestamps = !m->timestamps;
        m->timestamp_base = -1;
        m->line_start = false;
        break;
    default:
        break;
    }
    return false;
}

/* Gives the user in focus what waits for it, as far as it has room. */
static void mux_pump(Mux *m)
{
    MuxUser *u = mux_focus(m);

    while (u != NULL && u->head != u->tail) {
        unsigned at = u->tail % MUX_RING;
        size_t n = MIN(u->head - u->tail, MUX_RING - at);

        n = MIN(n, u->user->room(u->opaque));
        if (n == 0) {
            return;
        }
        u->tail += n;
        u->user->receive(u->opaque, u->ring + at, n);
        u = mux_focus(m);
    }
}

static size_t mux_base_room(void *opaque)
{
    Mux *m = opaque;
    MuxUser *u = mux_focus(m);

    return u == NULL ? MUX_RING : MUX_RING - (u->head - u->tail);
}

static void mux_base_receive(void *opaque, const uint8_t *buf, size_t n)
{
    Mux *m = opaque;

    for (size_t i = 0; i < n; i++) {
        MuxUser *u;
        bool keep = true;

        if (m->escape) {
            m->escape = false;
            keep = mux_command(m, buf[i]);
        } else if (buf[i] == escape_char) {
            m->escape = true;
            keep = false;
        }
        u = mux_focus(m);
        if (keep && u != NULL && u->head - u->tail < MUX_RING) {
            u->ring[u->head++ % MUX_RING] = buf[i];
        }
        mux_pump(m);
    }
}

static void mux_base_event(void *opaque, CharEvent ev)
{
    Mux *m = opaque;

    if (ev == CHAR_OPENED || ev == CHAR_CLOSED) {
        m->c->connected = ev == CHAR_OPENED;
    }
    for (unsigned i = 0; i < MUX_USERS; i++) {
        mux_tell(&m->users[i], ev);
    }
}

static void mux_base_writable(void *opaque)
{
    Mux *m = opaque;

    for (unsigned i = 0; i < MUX_USERS; i++) {
        if (m->users[i].user != NULL && m->users[i].user->writable != NULL) {
            m->users[i].user->writable(m->users[i].opaque);
        }
    }
}

static const CharUser mux_base_user = {
    .room = mux_base_room, .receive = mux_base_receive, .event = mux_base_event,
    .writable = mux_base_writable,
};

bool mux_attach(Char *c, const CharUser *user, void *opaque, GError **errp)
{
    Mux *m = CHAR_STATE(Mux, c);

    for (int i = 0; i < MUX_USERS; i++) {
        if (m->users[i].user == NULL) {
            m->users[i] = (MuxUser){ .user = user, .opaque = opaque };
            m->count++;
            mux_set_focus(m, i);
            if (c->connected) {
                mux_tell(&m->users[i], CHAR_OPENED);
            }
            return true;
        }
    }
    return err_fail(errp, "Chardev '%s' has %d users already", c->id, MUX_USERS);
}

void mux_detach(Char *c, void *opaque)
{
    Mux *m = CHAR_STATE(Mux, c);

    for (int i = 0; i < MUX_USERS; i++) {
        if (m->users[i].user != NULL && m->users[i].opaque == opaque) {
            m->users[i].user = NULL;
            m->count--;
            if (m->focus == i) {
                m->focus = -1;
                mux_next_focus(m);
            }
        }
    }
}

static ssize_t mux_stamp(Mux *m)
{
    int64_t now = clock_ns(CLOCK_REAL), ms;
    char text[32];

    if (m->timestamp_base < 0) {
        m->timestamp_base = now;
    }
    ms = (now - m->timestamp_base) / 1000000;
    g_snprintf(text, sizeof(text), "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000),
               (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    return char_write(m->base, (const uint8_t *)text, strlen(text));
}

static ssize_t mux_write(Char *c, const uint8_t *buf, size_t n)
{
    Mux *m = CHAR_STATE(Mux, c);
    size_t done = 0;

    if (!m->timestamps) {
        return char_write(m->base, buf, n);
    }
    while (done < n) {
        const uint8_t *nl = memchr(buf + done, '\n', n - done);
        size_t part = nl != NULL ? (size_t)(nl + 1 - (buf + done)) : n - done;
        ssize_t r;

        if (m->line_start) {
            mux_stamp(m);
            m->line_start = false;
        }
        r = char_write(m->base, buf + done, part);
        done += r;
        if ((size_t)r < part) {
            break;
        }
        m->line_start = nl != NULL;
    }
    return done;
}

static void mux_poll_input(Char *c, bool on)
{
    Mux *m = CHAR_STATE(Mux, c);

    (void)on;
    mux_pump(m);
    char_accept_input(m->base);
}

static bool mux_set(Char *c, const char *what, int value)
{
    return char_set(CHAR_STATE(Mux, c)->base, what, value);
}

static bool mux_open(Char *c, const void *options, GError **errp)
{
    const MuxOptions *o = options;
    Mux *m = CHAR_STATE(Mux, c);

    if (o->chardev == NULL) {
        return err_fail(errp, "chardev: mux: no chardev given");
    }
    m->base = char_find(o->chardev);
    if (m->base == NULL) {
        return err_fail(errp, "mux: base chardev %s not found", o->chardev);
    }
    m->c = c;
    m->focus = -1;
    m->timestamp_base = -1;
    if (char_is_mux(m->base)) {
        return err_fail(errp, "mux: base chardev %s is a mux itself", o->chardev);
    }
    return char_attach(m->base, &mux_base_user, m, errp);
}

static void mux_close(Char *c)
{
    Mux *m = CHAR_STATE(Mux, c);

    char_detach(m->base, m);
}

static const Field mux_fields[] = {
    FIELD_STR("chardev", MuxOptions, chardev, NULL, .help = "id of the chardev to share"),
    { 0 },
};
static const StructDef mux_options = { "ChardevMux", sizeof(MuxOptions), mux_fields };

static const CharBackend mux_backend = {
    .name = "mux", .options = &mux_options, .size = sizeof(Mux),
    .open = mux_open, .close = mux_close, .write = mux_write, .poll_input = mux_poll_input,
    .set = mux_set,
};
CHAR_BACKEND_REGISTER(mux_backend);

bool char_is_mux(const Char *c)
{
    return c->backend == &mux_backend;
}

Char *mux_new(const char *id, Char *base, GError **errp)
{
    MuxOptions o = { .chardev = (char *)char_id(base) };

    return char_new(id, &mux_backend, &o, errp);
}
