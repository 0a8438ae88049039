/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of the monitor: greeting, requests in, replies and events out. The bytes of all clients are
 * read and written by one thread of their own; what they ask for runs on the main thread, in order, but for
 * requests out of band, which run at once on the thread that read them: also while the main thread is busy.
 * A client that does not read its replies is not read from; what it missed of events beyond a limit is lost
 * to it alone. A mux, whose other ends belong to the main thread, stays there with its session.
 *
 * sessions_lock guards every session and is what the thread holds around its rounds. It is taken after the VM
 * lock, never before, and not held while a command runs on the main thread. */
#include <string.h>
#include <unistd.h>
#include "hw/core/vm.h"
#include "monitor/qmp_int.h"
#include "system/chardev/char.h"
#include "util/log.h"
#include "util/loop.h"

enum {
    OUT_PAUSE = 256 << 10,          /* unread replies: no more requests are taken */
    OUT_MAX = 16 << 20,             /* unread events are dropped beyond this */
    ROOM = 65536,
    QUEUE_OOB = 8,                  /* requests that may wait while others go out of band */
};

typedef struct QmpRequest {
    Json *value;
    GError *err;
    int fd;                         /* that came along; -1: none */
} QmpRequest;

struct QmpSession {
    Vm *vm;
    struct Char *c;
    bool pretty, offers_oob;
    bool open, ready, oob;          /* connected; negotiated; out of band is enabled */
    bool running;                   /* the main thread answers a request */
    bool left;                      /* a client went: the main thread looks what it left behind */
    bool lost;                      /* events were dropped: said once */
    unsigned generation;            /* of clients: an answer to one that went is for nobody */
    QmpLexer lexer;
    GQueue requests;                /* of QmpRequest * */
    QmpRequest *current;            /* that runs; NULL: none */
    Defer *work;
    GString *out;
    gsize sent;
};

static GRecMutex sessions_lock;
static GPtrArray *sessions;         /* of QmpSession *, oldest first */
static Loop *thread;                /* NULL: not needed so far */

static void lock_sessions(void *opaque)
{
    g_rec_mutex_lock(&sessions_lock);
}

static void unlock_sessions(void *opaque)
{
    g_rec_mutex_unlock(&sessions_lock);
}

bool qmp_session_offers_oob(const QmpSession *s)
{
    return s->offers_oob;           /* never changes */
}

bool qmp_session_ready(const QmpSession *s)
{
    bool ready;

    lock_sessions(NULL);
    ready = s->ready;
    unlock_sessions(NULL);
    return ready;
}

bool qmp_session_oob(const QmpSession *s)
{
    bool oob;

    lock_sessions(NULL);
    oob = s->oob;
    unlock_sessions(NULL);
    return oob;
}

void qmp_session_negotiated(QmpSession *s, bool oob)
{
    lock_sessions(NULL);
    s->ready = true;
    s->oob = oob;
    unlock_sessions(NULL);
}

int qmp_session_take_fd(QmpSession *s)
{
    int fd = -1;

    lock_sessions(NULL);
    if (s->current != NULL) {
        fd = s->current->fd;
        s->current->fd = -1;
    }
    unlock_sessions(NULL);
    return fd;
}

/* ---- Output */

static void session_flush(QmpSession *s)
{
    while (s->open && s->sent < s->out->len) {
        ssize_t n = char_write(s->c, (const uint8_t *)s->out->str + s->sent, s->out->len - s->sent);

        if (n <= 0) {
            return;                 /* session_writable() goes on */
        }
        s->sent += (gsize)n;
    }
    g_string_truncate(s->out, 0);
    s->sent = 0;
}

/* What is sent with the next flush. */
static void session_put(QmpSession *s, const Json *message)
{
    gsize at = s->out->len;

    if (!s->open) {
        return;
    }
    json_print_to(message, s->pretty, s->out);
    for (char *nl = strchr(s->out->str + at, '\n'); nl != NULL; nl = strchr(nl + 2, '\n')) {
        gsize pos = (gsize)(nl - s->out->str);

        g_string_insert_c(s->out, (gssize)pos, '\r');
        nl = s->out->str + pos;
    }
    g_string_append(s->out, "\r\n");
}

static void session_send(QmpSession *s, const Json *message)
{
    session_put(s, message);
    session_flush(s);
}

static void session_send_event(QmpSession *s, const Json *message)
{
    if (!s->ready) {
        return;
    }
    if (s->out->len - s->sent <= OUT_MAX) {
        session_send(s, message);
        return;
    }
    if (!s->lost) {
        warn("QMP client on '%s' does not read: events are lost", char_id(s->c));
    }
    s->lost = true;
}

void qmp_sessions_send(const Json *message)
{
    lock_sessions(NULL);
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        session_send_event(g_ptr_array_index(sessions, i), message);
    }
    unlock_sessions(NULL);
}

bool qmp_sessions_any(void)
{
    bool any = false;

    lock_sessions(NULL);
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        any = any || ((QmpSession *)g_ptr_array_index(sessions, i))->open;
    }
    unlock_sessions(NULL);
    return any;
}

Json *qmp_version(void)
{
    Json *triple = json_object_new(), *v = json_object_new();

    json_set_int(triple, "micro", 0);
    json_set_int(triple, "minor", 2);
    json_set_int(triple, "major", 7);
    json_set(v, "qemu", triple);
    json_set_str(v, "package", "Kite 0.1.0");
    return v;
}

static void session_greet(QmpSession *s)
{
    g_autoptr(Json) greeting = json_object_new();
    Json *body = json_object_new(), *caps = json_array_new();

    if (s->offers_oob) {
        json_array_add(caps, json_str("oob"));
    }
    json_set(body, "version", qmp_version());
    json_set(body, "capabilities", caps);
    json_set(greeting, "QMP", body);
    session_send(s, greeting);
}

/* ---- Requests */

static void request_free(QmpRequest *r)
{
    json_unref(r->value);
    g_clear_error(&r->err);
    if (r->fd >= 0) {
        close(r->fd);
    }
    g_free(r);
}

static Json *request_run(QmpSession *s, QmpRequest *r)
{
    QmpCtx ctx = { .vm = s->vm, .session = s };

    return r->err != NULL ? qmp_error_reply(NULL, g_steal_pointer(&r->err))
                          : qmp_dispatch(&ctx, r->value);
}

/* Nothing runs for the next request: its answer, an error, follows at once. */
static bool session_error_follows(QmpSession *s)
{
    const QmpRequest *next = g_queue_peek_head(&s->requests);

    return next != NULL && next->err != NULL && s->out->len - s->sent < ROOM;
}

/* Main thread, sessions_lock held: it is dropped while the command runs. */
static void session_answer(QmpSession *s, QmpRequest *r)
{
    unsigned generation = s->generation;
    g_autoptr(Json) reply = NULL;

    s->current = r;
    unlock_sessions(NULL);
    reply = request_run(s, r);
    lock_sessions(NULL);
    s->current = NULL;
    if (generation == s->generation) {
        session_put(s, reply);
        if (!session_error_follows(s)) {
            session_flush(s);
        }
    }
    request_free(r);
}

/* May more requests be taken? */
static bool session_wants(const QmpSession *s)
{
    unsigned waiting = s->requests.length + s->running;

    return s->open && s->out->len - s->sent < OUT_PAUSE && waiting < (s->oob ? QUEUE_OOB : 1);
}

/* Main thread: answers what waits. */
static void session_work(void *opaque)
{
    QmpSession *s = opaque;
    bool left;

    lock_sessions(NULL);
    left = s->left;
    s->left = false;
    while (!s->running && !g_queue_is_empty(&s->requests) && s->out->len - s->sent < OUT_PAUSE) {
        s->running = true;
        session_answer(s, g_queue_pop_head(&s->requests));
        s->running = false;
    }
    if (session_wants(s)) {
        char_accept_input(s->c);
    }
    unlock_sessions(NULL);
    if (left) {
        qmp_fds_client_gone();
    }
}

static bool request_takes_fd(const Json *value)
{
    const char *name = json_is(value, JSON_OBJECT) ? json_get_str(value, "execute") : NULL;

    return g_strcmp0(name, "getfd") == 0 || g_strcmp0(name, "add-fd") == 0;
}

static void session_message(void *opaque, Json *value, GError *err)
{
    QmpSession *s = opaque;
    QmpRequest *r = g_new(QmpRequest, 1);

    *r = (QmpRequest){ value, err, request_takes_fd(value) ? char_take_fd(s->c) : -1 };
    if (s->oob && qmp_request_is_oob(value)) {
        g_autoptr(Json) reply = request_run(s, r);

        session_send(s, reply);
        request_free(r);
        return;
    }
    g_queue_push_tail(&s->requests, r);
    defer_schedule(s->work);
}

static size_t session_room(void *opaque)
{
    size_t room;

    lock_sessions(NULL);
    room = session_wants(opaque) ? ROOM : 0;
    unlock_sessions(NULL);
    return room;
}

static void session_receive(void *opaque, const uint8_t *buf, size_t n)
{
    lock_sessions(NULL);
    qmp_lexer_feed(&((QmpSession *)opaque)->lexer, buf, n);
    unlock_sessions(NULL);
}

static void session_writable(void *opaque)
{
    QmpSession *s = opaque;

    lock_sessions(NULL);
    session_flush(s);
    if (!g_queue_is_empty(&s->requests)) {
        defer_schedule(s->work);
    }
    if (session_wants(s)) {
        char_accept_input(s->c);
    }
    unlock_sessions(NULL);
}

static void session_reset(QmpSession *s)
{
    s->ready = s->oob = s->lost = false;
    s->generation++;
    qmp_lexer_reset(&s->lexer);
    g_queue_clear_full(&s->requests, (GDestroyNotify)request_free);
    g_string_truncate(s->out, 0);
    s->sent = 0;
}

static void session_event(void *opaque, CharEvent ev)
{
    QmpSession *s = opaque;

    lock_sessions(NULL);
    if (ev == CHAR_OPENED) {
        session_reset(s);
        s->open = true;
        session_greet(s);
    } else if (ev == CHAR_CLOSED) {
        s->open = false;
        s->left = true;
        session_reset(s);
        defer_schedule(s->work);
    }
    unlock_sessions(NULL);
}

static const CharUser session_user = {
    .room = session_room, .receive = session_receive, .event = session_event,
    .writable = session_writable,
};

/* ---- Sessions come and go */

static void session_free(QmpSession *s)
{
    session_reset(s);
    defer_free(s->work);
    qmp_lexer_free(&s->lexer);
    g_string_free(s->out, TRUE);
    g_free(s);
}

/* c is served by the thread from now on, when it can be. */
static bool session_move(struct Char *c)
{
    if (char_is_mux(c) || char_in_use(c)) {
        return false;
    }
    if (thread == NULL) {
        thread = loop_new_thread_locked("monitor", lock_sessions, unlock_sessions, NULL);
    }
    return char_move(c, thread, &sessions_lock);
}

bool qmp_new(Vm *vm, struct Char *c, bool pretty, GError **errp)
{
    QmpSession *s = g_new0(QmpSession, 1);

    s->vm = vm;
    s->c = c;
    s->pretty = pretty;
    s->out = g_string_new(NULL);
    s->work = defer_new(loop_main(), session_work, s);
    g_queue_init(&s->requests);
    qmp_lexer_init(&s->lexer, session_message, s);
    s->offers_oob = session_move(c);
    if (!char_attach(c, &session_user, s, errp)) {
        session_free(s);
        return false;
    }
    lock_sessions(NULL);
    if (char_is_mux(c) && !s->open) {           /* it has no other side that comes and goes */
        session_event(s, CHAR_OPENED);
    }
    if (sessions == NULL) {
        sessions = g_ptr_array_new();
    }
    g_ptr_array_add(sessions, s);
    unlock_sessions(NULL);
    return true;
}

void qmp_free_all(void)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        QmpSession *s = g_ptr_array_index(sessions, i);

        lock_sessions(NULL);
        session_flush(s);
        char_detach(s->c, s);
        unlock_sessions(NULL);
        if (s->offers_oob) {
            char_move(s->c, NULL, NULL);
        }
    }
    if (thread != NULL) {
        loop_free(thread);
        thread = NULL;
    }
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        session_free(g_ptr_array_index(sessions, i));
    }
    g_clear_pointer(&sessions, g_ptr_array_unref);
}
