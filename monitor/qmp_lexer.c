/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts what a client sends into JSON messages. A message ends when its brackets are closed (or one is
 * closed too often); the parser then says whether it is one. A byte that fits no token is reported
 * with the token it spoilt, everything so far is forgotten, and what follows is skipped up to the next
 * bracket, comma, colon, control character, 0xfe or 0xff: a client that sends 0xff knows that its
 * next message is read from its beginning. */
#include <string.h>
#include "monitor/qmp_int.h"

enum { MESSAGE_MAX = 64 << 20, DEPTH_MAX = 1024 };

typedef enum LexState {
    LEX_START, LEX_STRING, LEX_ESCAPE, LEX_MINUS, LEX_ZERO, LEX_DIGITS, LEX_POINT, LEX_FRACTION, LEX_E,
    LEX_E_SIGN, LEX_E_DIGITS, LEX_WORD, LEX_RECOVER
} LexState;

void qmp_lexer_init(QmpLexer *l, void (*message)(void *opaque, Json *value, GError *err), void *opaque)
{
    *l = (QmpLexer){ .text = g_string_new(NULL), .message = message, .opaque = opaque };
}

static void lexer_forget(QmpLexer *l)
{
    if (l->text->allocated_len > 65536) {       /* memory of a big message is given back */
        g_string_free(l->text, TRUE);
        l->text = g_string_new(NULL);
    }
    g_string_truncate(l->text, 0);
    l->token = 0;
    l->braces = l->brackets = 0;
}

void qmp_lexer_reset(QmpLexer *l)
{
    lexer_forget(l);
    l->state = LEX_START;
}

void qmp_lexer_free(QmpLexer *l)
{
    g_string_free(l->text, TRUE);
}

static void lexer_fail(QmpLexer *l, const char *fmt, const char *token)
{
    GError *err = NULL;

    err_fail(&err, fmt, token);
    lexer_forget(l);
    l->state = LEX_RECOVER;
    l->message(l->opaque, NULL, err);
}

/* A whole token is in the text: is the message complete? */
static void lexer_token_done(QmpLexer *l, char c)
{
    GError *err = NULL;
    g_autofree char *text = NULL;
    gsize len = l->text->len;
    Json *value;

    l->state = LEX_START;
    l->braces += c == '{' ? 1 : c == '}' ? -1 : 0;
    l->brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
    l->token = len;
    if (l->braces + l->brackets > DEPTH_MAX) {
        lexer_fail(l, "JSON nesting depth limit exceeded%s", "");
        return;
    }
    if (l->braces >= 0 && l->brackets >= 0 && l->braces + l->brackets > 0) {
        return;
    }
    text = g_string_free(l->text, FALSE);
    l->text = g_string_new(NULL);
    lexer_forget(l);
    value = json_parse_n(text, len, &err);
    l->message(l->opaque, value, err);
}

static bool is_punctuation(uint8_t c)
{
    return c != 0 && strchr("{}[]:,", c) != NULL;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The state after the first byte of a token; LEX_RECOVER: it begins none. */
static LexState lexer_begin(uint8_t c)
{
    if (c == '"' || c == '\'') {
        return LEX_STRING;
    }
    if (c == '-') {
        return LEX_MINUS;
    }
    if (g_ascii_isdigit(c)) {
        return c == '0' ? LEX_ZERO : LEX_DIGITS;
    }
    return g_ascii_islower(c) ? LEX_WORD : LEX_RECOVER;
}

/* The state after one more byte of a number; LEX_START: it ended before that byte. */
static LexState lexer_number(LexState s, uint8_t c)
{
    bool digit = g_ascii_isdigit(c);

    switch (s) {
    case LEX_MINUS:
        return c == '0' ? LEX_ZERO : digit ? LEX_DIGITS : LEX_RECOVER;
    case LEX_ZERO:
        if (digit) {
            return LEX_RECOVER;
        }
        break;
    case LEX_DIGITS:
        if (digit) {
            return s;
        }
        break;
    case LEX_POINT:
        return digit ? LEX_FRACTION : LEX_RECOVER;
    case LEX_FRACTION:
        return digit ? s : c == 'e' || c == 'E' ? LEX_E : LEX_START;
    case LEX_E:
        return digit ? LEX_E_DIGITS : c == '+' || c == '-' ? LEX_E_SIGN : LEX_RECOVER;
    case LEX_E_SIGN:
        return digit ? LEX_E_DIGITS : LEX_RECOVER;
    default:
        return digit ? s : LEX_START;
    }
    return c == '.' ? LEX_POINT : c == 'e' || c == 'E' ? LEX_E : LEX_START;
}

/* Inside a string; the bytes that end nothing are taken in one go. Returns how many were used. */
static size_t lexer_string(QmpLexer *l, const uint8_t *buf, size_t n)
{
    size_t i = 0;

    if (l->state == LEX_STRING) {
        while (i < n && buf[i] >= 0x20 && buf[i] < 0xfe && buf[i] != l->quote && buf[i] != '\\') {
            i++;
        }
        g_string_append_len(l->text, (const char *)buf, (gssize)i);
        if (i == n) {
            return n;
        }
    }
    g_string_append_c(l->text, (char)buf[i]);
    if (buf[i] < 0x20 || buf[i] >= 0xfe) {
        lexer_fail(l, "JSON parse error, stray '%s'", l->text->str + l->token);
    } else if (l->state == LEX_ESCAPE) {
        l->state = LEX_STRING;
    } else if (buf[i] == '\\') {
        l->state = LEX_ESCAPE;
    } else {
        lexer_token_done(l, 'a');
    }
    return i + 1;
}

static void lexer_start(QmpLexer *l, uint8_t c)
{
    if (is_space(c)) {
        if (l->text->len > 0) {
            g_string_append_c(l->text, ' ');
            l->token = l->text->len;
        }
        return;
    }
    l->token = l->text->len;
    g_string_append_c(l->text, (char)c);
    if (is_punctuation(c)) {
        lexer_token_done(l, (char)c);
        return;
    }
    l->quote = (char)c;
    l->state = lexer_begin(c);
    if (l->state == LEX_RECOVER) {
        lexer_fail(l, "JSON parse error, stray '%s'", l->text->str + l->token);
    }
}

static void lexer_byte(QmpLexer *l, uint8_t c)
{
    LexState next;

    if (l->state == LEX_RECOVER) {
        if (c >= 0x20 && c < 0xfe && !is_punctuation(c)) {
            return;
        }
        l->state = LEX_START;
    }
    if (l->state == LEX_START) {
        lexer_start(l, c);
        return;
    }
    next = l->state == LEX_WORD ? (g_ascii_islower(c) ? LEX_WORD : LEX_START)
                                : lexer_number((LexState)l->state, c);
    if (next == LEX_START) {
        lexer_token_done(l, 'a');
        lexer_start(l, c);
        return;
    }
    g_string_append_c(l->text, (char)c);
    l->state = next;
    if (next == LEX_RECOVER) {
        lexer_fail(l, "JSON parse error, stray '%s'", l->text->str + l->token);
    }
}

void qmp_lexer_feed(QmpLexer *l, const uint8_t *buf, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (l->text->len > MESSAGE_MAX) {
            lexer_fail(l, "JSON token size limit exceeded%s", "");
        }
        if (l->state == LEX_STRING || l->state == LEX_ESCAPE) {
            i += lexer_string(l, buf + i, n - i);
        } else {
            lexer_byte(l, buf[i++]);
        }
    }
}
