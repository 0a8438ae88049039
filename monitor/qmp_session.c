/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of the monitor: greeting, requests in, replies and events out. Requests are answered in
 * order, but for those out of band, which do not wait for earlier ones. A client that does not read
 * its replies is not read from; what it missed of events beyond a limit is lost to it alone. */
#include <string.h>
#include "hw/core/vm.h"
#include "monitor/qmp_int.h"
#include "system/chardev/char.h"
#include "util/log.h"

enum {
    OUT_PAUSE = 256 << 10,          /* unread replies: no more requests are taken */
    OUT_MAX = 16 << 20,             /* unread events are dropped beyond this */
    ROOM = 65536,
};

typedef struct QmpRequest { Json *value; GError *err; } QmpRequest;

struct QmpSession {
    Vm *vm;
    struct Char *c;
    bool pretty, offers_oob;
    bool open, ready, oob;          /* connected; negotiated; out of band is enabled */
    bool running;                   /* a request is being answered */
    bool lost;                      /* events were dropped: said once */
    QmpLexer lexer;
    GQueue requests;                /* of QmpRequest * */
    GString *out;
    gsize sent;
};

static GPtrArray *sessions;         /* of QmpSession *, oldest first; under the VM lock */

struct Char *qmp_session_char(QmpSession *s)
{
    return s->c;
}

bool qmp_session_ready(const QmpSession *s)
{
    return s->ready;
}

bool qmp_session_oob(const QmpSession *s)
{
    return s->oob;
}

void qmp_session_negotiated(QmpSession *s, bool oob)
{
    s->ready = true;
    s->oob = oob;
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

static void session_send(QmpSession *s, const Json *message)
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
    session_flush(s);
}

void qmp_sessions_send(const Json *message)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        QmpSession *s = g_ptr_array_index(sessions, i);

        if (!s->ready) {
            continue;
        }
        if (s->out->len - s->sent > OUT_MAX) {
            if (!s->lost) {
                warn("QMP client on '%s' does not read: events are lost", char_id(s->c));
            }
            s->lost = true;
            continue;
        }
        session_send(s, message);
    }
}

bool qmp_sessions_any(void)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        if (((QmpSession *)g_ptr_array_index(sessions, i))->open) {
            return true;
        }
    }
    return false;
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
    g_free(r);
}

static void session_answer(QmpSession *s, QmpRequest *r)
{
    QmpCtx ctx = { .vm = s->vm, .session = s };
    g_autoptr(Json) reply = r->err != NULL ? qmp_error_reply(NULL, g_steal_pointer(&r->err))
                                           : qmp_dispatch(&ctx, r->value);

    session_send(s, reply);
    request_free(r);
}

static void session_work(QmpSession *s)
{
    if (s->running) {
        return;
    }
    s->running = true;
    while (!g_queue_is_empty(&s->requests) && s->out->len - s->sent < OUT_PAUSE) {
        session_answer(s, g_queue_pop_head(&s->requests));
    }
    s->running = false;
}

static void session_message(void *opaque, Json *value, GError *err)
{
    QmpSession *s = opaque;
    QmpRequest *r = g_new(QmpRequest, 1);

    *r = (QmpRequest){ value, err };
    if (s->oob && qmp_request_is_oob(value)) {
        session_answer(s, r);
        return;
    }
    g_queue_push_tail(&s->requests, r);
    session_work(s);
}

static size_t session_room(void *opaque)
{
    const QmpSession *s = opaque;

    return s->out->len - s->sent < OUT_PAUSE && s->requests.length == 0 ? ROOM : 0;
}

static void session_receive(void *opaque, const uint8_t *buf, size_t n)
{
    qmp_lexer_feed(&((QmpSession *)opaque)->lexer, buf, n);
}

static void session_writable(void *opaque)
{
    QmpSession *s = opaque;

    session_flush(s);
    session_work(s);
    if (session_room(s) > 0) {
        char_accept_input(s->c);
    }
}

static void session_reset(QmpSession *s)
{
    s->ready = s->oob = s->lost = false;
    qmp_lexer_reset(&s->lexer);
    g_queue_clear_full(&s->requests, (GDestroyNotify)request_free);
    g_string_truncate(s->out, 0);
    s->sent = 0;
}

static void session_event(void *opaque, CharEvent ev)
{
    QmpSession *s = opaque;

    if (ev == CHAR_OPENED) {
        session_reset(s);
        s->open = true;
        session_greet(s);
    } else if (ev == CHAR_CLOSED) {
        s->open = false;
        session_reset(s);
        qmp_fds_client_gone();
    }
}

static const CharUser session_user = {
    .room = session_room, .receive = session_receive, .event = session_event,
    .writable = session_writable,
};

static void session_free(QmpSession *s)
{
    session_reset(s);
    qmp_lexer_free(&s->lexer);
    g_string_free(s->out, TRUE);
    g_free(s);
}

bool qmp_new(Vm *vm, struct Char *c, bool pretty, GError **errp)
{
    QmpSession *s = g_new0(QmpSession, 1);

    s->vm = vm;
    s->c = c;
    s->pretty = pretty;
    s->offers_oob = !char_is_mux(c);
    s->out = g_string_new(NULL);
    g_queue_init(&s->requests);
    qmp_lexer_init(&s->lexer, session_message, s);
    if (!char_attach(c, &session_user, s, errp)) {
        session_free(s);
        return false;
    }
    if (!s->offers_oob && !s->open) {           /* a mux has no other side that comes and goes */
        session_event(s, CHAR_OPENED);
    }
    if (sessions == NULL) {
        sessions = g_ptr_array_new();
    }
    g_ptr_array_add(sessions, s);
    return true;
}

void qmp_free_all(void)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        QmpSession *s = g_ptr_array_index(sessions, i);

        session_flush(s);
        char_detach(s->c, s);
        session_free(s);
    }
    g_clear_pointer(&sessions, g_ptr_array_unref);
}
