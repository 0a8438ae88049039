/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WebSocket, the server's side (RFC 6455): the HTTP request that opens it (section 4.2), frames from the client
 * (5.2, always masked), ping and close (5.5). Messages have no meaning here: text and binary ones are one stream of
 * bytes. Extensions are not offered; of subprotocols "binary" is taken when the client names it. */
#include "system/chardev/websock.h"

#include <string.h>

enum { REQUEST_MAX = 4096, CONTROL_MAX = 125, HEADER_MAX = 14 };
enum { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct Websock {
    bool open;
    GString *request;                           /* of the handshake, until it is whole */
    uint8_t header[HEADER_MAX];                 /* of the current frame, `have` bytes of it */
    unsigned have;
    bool in_payload;
    uint64_t left;                              /* bytes of its payload still to come */
    uint8_t mask[4];
    unsigned mask_at;
    uint8_t control[CONTROL_MAX];               /* payload of a ping or close */
    unsigned control_len;
};

Websock *websock_new(void)
{
    Websock *w = g_new0(Websock, 1);

    w->request = g_string_new(NULL);
    return w;
}

void websock_free(Websock *w)
{
    if (w != NULL) {
        g_string_free(w->request, true);
        g_free(w);
    }
}

bool websock_open(const Websock *w)
{
    return w->open;
}

static void append_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
}

/* ---- Handshake */

/* Value of a header of the request; NULL. Freed by the caller. */
static char *header_value(char **lines, const char *name)
{
    size_t len = strlen(name);

    for (char **l = lines; *l != NULL; l++) {
        if (g_ascii_strncasecmp(*l, name, len) == 0 && (*l)[len] == ':') {
            return g_strstrip(g_strdup(*l + len + 1));
        }
    }
    return NULL;
}

/* Is word one of the parts of a list with commas? */
static bool list_has(const char *list, const char *word)
{
    g_auto(GStrv) parts = g_strsplit(list != NULL ? list : "", ",", -1);

    for (char **p = parts; *p != NULL; p++) {
        if (g_ascii_strcasecmp(g_strstrip(*p), word) == 0) {
            return true;
        }
    }
    return false;
}

static char *accept_key(const char *key)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    uint8_t digest[20];
    gsize len = sizeof(digest);

    g_checksum_update(sum, (const guchar *)key, -1);
    g_checksum_update(sum, (const guchar *)magic, -1);
    g_checksum_get_digest(sum, digest, &len);
    return g_base64_encode(digest, len);
}

static bool answer_request(Websock *w, GByteArray *reply)
{
    g_auto(GStrv) lines = g_strsplit(w->request->str, "\r\n", -1);
    g_autofree char *upgrade = header_value(lines, "Upgrade");
    g_autofree char *connection = header_value(lines, "Connection");
    g_autofree char *version = header_value(lines, "Sec-WebSocket-Version");
    g_autofree char *key = header_value(lines, "Sec-WebSocket-Key");
    g_autofree char *protocol = header_value(lines, "Sec-WebSocket-Protocol");
    g_autofree char *answer = key != NULL ? accept_key(key) : NULL;

    if (!g_str_has_prefix(lines[0], "GET ") || !g_str_has_suffix(lines[0], " HTTP/1.1") || answer == NULL ||
        !list_has(upgrade, "websocket") || !list_has(connection, "Upgrade")) {
        append_text(reply, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        return false;
    }
    if (g_strcmp0(version, "13") != 0) {
        append_text(reply, "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n");
        return false;
    }
    append_text(reply, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: ");
    append_text(reply, answer);
    append_text(reply, list_has(protocol, "binary") ? "\r\nSec-WebSocket-Protocol: binary\r\n\r\n" : "\r\n\r\n");
    w->open = true;
    return true;
}

/* A client waits for the answer: bytes behind its request are none of a WebSocket's. */
static bool take_request(Websock *w, const uint8_t *buf, size_t n, GByteArray *reply)
{
    const char *end;

    if (memchr(buf, '\0', n) != NULL || w->request->len + n > REQUEST_MAX) {
        append_text(reply, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        return false;
    }
    g_string_append_len(w->request, (const char *)buf, (gssize)n);
    end = strstr(w->request->str, "\r\n\r\n");
    if (end == NULL) {
        return true;
    }
    if (end[4] != '\0') {
        append_text(reply, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        return false;
    }
    return answer_request(w, reply);
}

/* ---- Frames */

static void put_frame(uint8_t first, const uint8_t *buf, size_t n, GByteArray *out)
{
    uint8_t head[10] = { first };
    unsigned len = 2;

    if (n < 126) {
        head[1] = (uint8_t)n;
    } else {
        unsigned bytes = n <= 0xffff ? 2 : 8;

        head[1] = bytes == 2 ? 126 : 127;
        for (unsigned i = 0; i < bytes; i++) {
            head[2 + i] = (uint8_t)((uint64_t)n >> (8 * (bytes - 1 - i)));
        }
        len += bytes;
    }
    g_byte_array_append(out, head, len);
    g_byte_array_append(out, buf, (guint)n);
}

void websock_frame(const uint8_t *buf, size_t n, GByteArray *out)
{
    put_frame(0x80 | OP_BINARY, buf, n, out);
}

/* How long the header is, as far as its first bytes tell. */
static unsigned header_size(const Websock *w)
{
    unsigned code = w->have >= 2 ? w->header[1] & 127 : 0;

    return w->have < 2 ? 2 : 2 + (code == 126 ? 2 : code == 127 ? 8 : 0) + 4;
}

static unsigned opcode(const Websock *w)
{
    return w->header[0] & 15;
}

/* The header is there: false when no client may send it. */
static bool begin_payload(Websock *w)
{
    unsigned code = w->header[1] & 127, bytes = code == 126 ? 2 : code == 127 ? 8 : 0;
    unsigned op = opcode(w);

    w->left = bytes == 0 ? code : 0;
    for (unsigned i = 0; i < bytes; i++) {
        w->left = w->left << 8 | w->header[2 + i];
    }
    memcpy(w->mask, w->header + 2 + bytes, sizeof(w->mask));
    w->mask_at = 0;
    w->control_len = 0;
    w->in_payload = true;
    if ((w->header[0] & 0x70) != 0) {
        return false;               /* an extension that nobody offered */
    }
    if (op >= OP_CLOSE) {
        return op <= OP_PONG && (w->header[0] & 0x80) && w->left <= CONTROL_MAX;
    }
    return op <= OP_BINARY && w->left >> 63 == 0;
}

static bool end_frame(Websock *w, GByteArray *reply)
{
    unsigned op = opcode(w);

    w->have = 0;
    w->in_payload = false;
    if (op == OP_PING) {
        put_frame(0x80 | OP_PONG, w->control, w->control_len, reply);
    } else if (op == OP_CLOSE) {
        put_frame(0x80 | OP_CLOSE, w->control, w->control_len, reply);
        return false;
    }
    return true;
}

static void take_payload(Websock *w, uint8_t b, GByteArray *data)
{
    b ^= w->mask[w->mask_at++ & 3];
    w->left--;
    if (opcode(w) < OP_CLOSE) {
        g_byte_array_append(data, &b, 1);
    } else {
        w->control[w->control_len++] = b;
    }
}

bool websock_input(Websock *w, const uint8_t *buf, size_t n, GByteArray *data, GByteArray *reply)
{
    if (!w->open) {
        return take_request(w, buf, n, reply);
    }
    for (size_t i = 0; i < n; i++) {
        if (w->in_payload) {
            take_payload(w, buf[i], data);
        } else {
            w->header[w->have++] = buf[i];
            if (w->have == 2 && !(buf[i] & 0x80)) {
                return false;       /* not masked, as every frame of a client must be */
            }
            if (w->have == header_size(w) && w->have > 2 && !begin_payload(w)) {
                return false;
            }
        }
        if (w->in_payload && w->left == 0 && !end_frame(w, reply)) {
            return false;
        }
    }
    return true;
}
