/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chardev core: the list of open ones, attaching users, and the copy of output that logfile=
 * asks for. */
#include "system/chardev/char.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "system/chardev/char_int.h"
#include "util/fdset.h"

/* Every open Char, oldest first. Changed with the VM lock and the mutex held, read with either. */
static GPtrArray *chars;
static GMutex chars_mutex;

static struct { const char *port; Char *c; } ports[] = {        /* under the VM lock */
    { "serial0", NULL }, { "serial1", NULL }, { "serial2", NULL }, { "serial3", NULL },
    { "parallel0", NULL }, { "parallel1", NULL }, { "parallel2", NULL }, { "debugcon", NULL },
};

static const struct { const char *alias, *name; } backend_aliases[] = {
    { "tty", "serial" }, { "parport", "parallel" }, { "memory", "ringbuf" },
};

const CharBackend *char_backend_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(backend_aliases); i++) {
        if (strcmp(name, backend_aliases[i].alias) == 0) {
            name = backend_aliases[i].name;
        }
    }
    SET_FOREACH(char_backends, CharBackend, it) {
        if (strcmp((*it)->name, name) == 0) {
            return *it;
        }
    }
    return NULL;
}

Char *char_find(const char *id)
{
    for (unsigned i = 0; chars != NULL && i < chars->len; i++) {
        Char *c = g_ptr_array_index(chars, i);

        if (strcmp(c->id, id) == 0) {
            return c;
        }
    }
    return NULL;
}

void char_visit(void (*fn)(Char *c, void *opaque), void *opaque)
{
    for (unsigned i = 0; chars != NULL && i < chars->len; i++) {
        fn(g_ptr_array_index(chars, i), opaque);
    }
}

int char_open_path(const char *path, int flags, GError **errp)
{
    int fd = fdset_open(path, flags, 0666);

    if (fd < 0) {
        err_fail_errno(errp, errno, "Could not open '%s'", path);
    }
    return fd;
}

static bool char_open_log(Char *c, const CharCommon *common, GError **errp)
{
    c->log_fd = -1;
    if (common == NULL || common->logfile == NULL) {
        return true;
    }
    c->log_fd = char_open_path(common->logfile, O_WRONLY | O_CREAT |
                               (common->logappend ? O_APPEND : O_TRUNC), errp);
    return c->log_fd >= 0;
}

static void char_free(Char *c)
{
    if (c->log_fd >= 0) {
        close(c->log_fd);
    }
    g_free(c->state);
    g_free(c->id);
    g_free(c);
}

Char *char_new(const char *id, const CharBackend *be, const void *options, GError **errp)
{
    Char *c;

    if (id != NULL && char_find(id) != NULL) {
        err_fail(errp, "Duplicate ID '%s' for chardev", id);
        return NULL;
    }
    c = g_new0(Char, 1);
    c->id = g_strdup(id);
    c->backend = be;
    c->loop = loop_main();
    c->state = g_malloc0(be->size);
    if (!char_open_log(c, options, errp) || !be->open(c, options, errp)) {
        char_free(c);
        return NULL;
    }
    g_mutex_lock(&chars_mutex);
    if (chars == NULL) {
        chars = g_ptr_array_new();
    }
    g_ptr_array_add(chars, c);
    g_mutex_unlock(&chars_mutex);
    return c;
}

bool char_close(Char *c, GError **errp)
{
    if (c->user != NULL) {
        return err_fail(errp, "Chardev '%s' is busy", c->id);
    }
    g_mutex_lock(&chars_mutex);
    g_ptr_array_remove(chars, c);
    g_mutex_unlock(&chars_mutex);
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        if (ports[i].c == c) {
            ports[i].c = NULL;
        }
    }
    if (c->backend->close != NULL) {
        c->backend->close(c);
    }
    char_free(c);
    return true;
}

/* The old back end goes; it knows this Char by its address, so it is put there once more. */
static void char_drop_old(Char *c, const Char *old)
{
    Char fresh = *c;

    *c = *old;
    c->user = NULL;
    if (old->backend->close != NULL) {
        old->backend->close(c);
    }
    g_free(old->state);
    if (old->log_fd >= 0) {
        close(old->log_fd);
    }
    *c = fresh;
}

static bool char_reopen_locked(Char *c, const CharBackend *be, const void *options, GError **errp)
{
    Char old = *c;

    c->backend = be;
    c->state = g_malloc0(be->size);
    c->connected = false;
    if (!char_open_log(c, options, errp) || !be->open(c, options, errp)) {
        if (c->log_fd >= 0) {
            close(c->log_fd);
        }
        g_free(c->state);
        *c = old;
        return false;
    }
    char_drop_old(c, &old);
    return true;
}

bool char_reopen(Char *c, const CharBackend *be, const void *options, GError **errp)
{
    bool ok;

    if (c->lock != NULL) {
        return err_fail(errp, "Chardev user does not support chardev hotswap");
    }
    g_mutex_lock(&chars_mutex);     /* char_yank() must not see it in between */
    ok = char_reopen_locked(c, be, options, errp);
    g_mutex_unlock(&chars_mutex);
    if (ok) {
        char_accept_input(c);
    }
    return ok;
}

void char_enter(Char *c)
{
    if (c->lock != NULL) {
        g_rec_mutex_lock(c->lock);
    }
}

void char_leave(Char *c)
{
    if (c->lock != NULL) {
        g_rec_mutex_unlock(c->lock);
    }
}

bool char_move(Char *c, Loop *l, GRecMutex *lock)
{
    GRecMutex *held = lock != NULL ? lock : c->lock;

    if (c->backend->watch == NULL) {
        return false;
    }
    g_rec_mutex_lock(held);
    c->backend->watch(c, false);
    c->loop = l != NULL ? l : loop_main();
    c->lock = lock;
    c->backend->watch(c, true);
    g_rec_mutex_unlock(held);
    return true;
}

void char_send_break(Char *c)
{
    char_event(c, CHAR_BREAK);
}

void char_close_all(void)
{
    while (chars != NULL && chars->len > 0) {
        Char *c = g_ptr_array_index(chars, chars->len - 1);

        c->user = NULL;
        char_close(c, NULL);
    }
}

bool char_attach(Char *c, const CharUser *user, void *opaque, GError **errp)
{
    if (char_is_mux(c)) {
        return mux_attach(c, user, opaque, errp);
    }
    if (c->user != NULL) {
        return err_fail(errp, "Chardev '%s' is already in use", c->id);
    }
    char_enter(c);
    c->user = user;
    c->user_opaque = opaque;
    if (c->backend->user_changed != NULL) {
        c->backend->user_changed(c);
    }
    if (c->connected) {
        char_event(c, CHAR_OPENED);
    }
    char_accept_input(c);
    char_leave(c);
    return true;
}

void char_detach(Char *c, void *opaque)
{
    char_enter(c);
    if (char_is_mux(c)) {
        mux_detach(c, opaque);
    } else if (c->user != NULL && c->user_opaque == opaque) {
        c->user = NULL;
        if (c->backend->poll_input != NULL) {
            c->backend->poll_input(c, false);
        }
        if (c->backend->user_changed != NULL) {
            c->backend->user_changed(c);
        }
    }
    char_leave(c);
}

static void char_log(Char *c, const uint8_t *buf, size_t n)
{
    while (c->log_fd >= 0 && n > 0) {
        ssize_t r = write(c->log_fd, buf, n);

        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return;                 /* disk full: the copy ends, the stream does not */
        }
        buf += r;
        n -= r;
    }
}

ssize_t char_write(Char *c, const uint8_t *buf, size_t n)
{
    ssize_t done;

    char_enter(c);
    done = c->backend->write(c, buf, n);
    if (done < 0) {
        done = n;
    }
    char_log(c, buf, done);
    char_leave(c);
    return done;
}

size_t char_room(Char *c)
{
    return c->user != NULL ? c->user->room(c->user_opaque) : 0;
}

void char_deliver(Char *c, const uint8_t *buf, size_t n)
{
    if (c->user != NULL) {
        c->user->receive(c->user_opaque, buf, n);
    }
}

void char_event(Char *c, CharEvent ev)
{
    if (ev == CHAR_OPENED || ev == CHAR_CLOSED) {
        c->connected = ev == CHAR_OPENED;
    }
    if (c->user != NULL && c->user->event != NULL) {
        c->user->event(c->user_opaque, ev);
    }
}

void char_writable(Char *c)
{
    if (c->user != NULL && c->user->writable != NULL) {
        c->user->writable(c->user_opaque);
    }
}

void char_accept_input(Char *c)
{
    char_enter(c);
    if (c->backend->poll_input != NULL) {
        c->backend->poll_input(c, char_room(c) > 0 || char_is_mux(c));
    }
    char_leave(c);
}

bool char_set(Char *c, const char *what, int value)
{
    return c->backend->set != NULL && c->backend->set(c, what, value);
}

void char_port_set(const char *port, Char *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        if (strcmp(ports[i].port, port) == 0) {
            ports[i].c = c;
        }
    }
}

Char *char_port(const char *port)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        if (strcmp(ports[i].port, port) == 0) {
            return ports[i].c;
        }
    }
    return NULL;
}

int char_take_fd(Char *c)
{
    int fd = -1;

    char_enter(c);
    if (c->backend->take_fd != NULL) {
        fd = c->backend->take_fd(c);
    }
    char_leave(c);
    return fd;
}

bool char_add_client(Char *c, int fd)
{
    bool ok;

    char_enter(c);
    ok = c->backend->add_client != NULL && c->backend->add_client(c, fd);
    char_leave(c);
    return ok;
}

char **char_yank_list(void)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();

    g_mutex_lock(&chars_mutex);
    for (unsigned i = 0; chars != NULL && i < chars->len; i++) {
        const Char *c = g_ptr_array_index(chars, i);

        if (c->backend->yank != NULL) {
            g_strv_builder_add(list, c->id);
        }
    }
    g_mutex_unlock(&chars_mutex);
    return g_strv_builder_end(list);
}

bool char_yank(const char *const *ids)
{
    bool ok = true;

    g_mutex_lock(&chars_mutex);
    for (unsigned i = 0; ids[i] != NULL; i++) {
        const Char *c = char_find(ids[i]);

        ok = ok && c != NULL && c->backend->yank != NULL;
    }
    for (unsigned i = 0; ok && ids[i] != NULL; i++) {
        Char *c = char_find(ids[i]);

        c->backend->yank(c);
    }
    g_mutex_unlock(&chars_mutex);
    return ok;
}

bool char_in_use(const Char *c)
{
    return c->user != NULL;
}

const char *char_id(const Char *c)
{
    return c->id;
}

bool char_connected(const Char *c)
{
    return c->connected;
}

char *char_describe(const Char *c)
{
    char *text;

    char_enter((Char *)c);
    text = c->backend->describe != NULL ? c->backend->describe(c) : g_strdup(c->backend->name);
    char_leave((Char *)c);
    return text;
}

static bool char_field_parse(const Field *f, void *member, const char *text, GError **errp)
{
    Char *c = char_find(text);

    if (c == NULL) {
        return err_fail(errp, "can't find value '%s'", text);
    }
    *(Char **)member = c;
    return true;
}

static char *char_field_print(const Field *f, const void *member)
{
    const Char *c = *(Char *const *)member;

    return g_strdup(c != NULL ? c->id : "");
}

const FieldOps char_field_ops = {
    .type_name = "str", .parse = char_field_parse, .print = char_field_print,
};
