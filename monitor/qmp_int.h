/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the QMP server. */
#ifndef MONITOR_QMP_INT_H
#define MONITOR_QMP_INT_H

#include "monitor/qmp.h"

/* ---- qmp_lexer.c: a stream of bytes cut into messages */
typedef struct QmpLexer {
    GString *text;                  /* of the message so far */
    gsize token;                    /* where the token under way begins */
    int state, braces, brackets;
    char quote;
    void (*message)(void *opaque, Json *value, GError *err);    /* one of them; both given away */
    void *opaque;
} QmpLexer;
void qmp_lexer_init(QmpLexer *l, void (*message)(void *opaque, Json *value, GError *err), void *opaque);
void qmp_lexer_reset(QmpLexer *l);
void qmp_lexer_free(QmpLexer *l);
void qmp_lexer_feed(QmpLexer *l, const uint8_t *buf, size_t n);

/* ---- qmp.c */
/* The whole reply to a request. Given away by the caller: nothing. */
Json *qmp_dispatch(QmpCtx *ctx, const Json *request);
bool qmp_request_is_oob(const Json *request);
Json *qmp_error_reply(const Json *request, GError *err);       /* frees err */
/* Ends the program when v is not what the schema says and KITE_QMP_CHECK is set. */
void qmp_check(const char *what, const SchemaType *t, const Json *v);

/* ---- qmp_session.c: any thread */
bool qmp_session_offers_oob(const QmpSession *s);
bool qmp_session_ready(const QmpSession *s);                   /* negotiated? */
bool qmp_session_oob(const QmpSession *s);
void qmp_session_negotiated(QmpSession *s, bool oob);
/* The descriptor that came with the request under way; the caller owns it. -1: none. */
int qmp_session_take_fd(QmpSession *s);
Json *qmp_version(void);
void qmp_sessions_send(const Json *message);                    /* to all that are ready */
bool qmp_sessions_any(void);                                    /* is a client connected? */

/* ---- qmp_block.c */
void qmp_watch_block(void);                                     /* makes events of what drives report */

/* ---- qmp_fds.c */
void qmp_fds_client_gone(void);

#endif
