/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket backend: TCP or unix, client or server, raw or telnet (RFC 854, 856-858), and the
 * udp backend. A server has one client at a time; while it is connected others wait in the
 * backlog. A client with reconnect=N tries again N seconds after a loss. websocket=on: of a server.
 * tn3270 and TLS are not there and are refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "system/chardev/char_int.h"
#include "system/chardev/websock.h"
#include "util/sock.h"
#include "util/log.h"
#include "util/parse.h"

typedef struct SocketOptions {
    CharCommon common;
    char *host, *port, *path, *fd, *tls_creds, *tls_authz;
    bool ipv4, ipv6, nodelay, server, wait, telnet, tn3270, websocket, abstract, tight;
    uint32_t to, reconnect;
} SocketOptions;

enum { PASSED_MAX = 16 };           /* descriptors of one message that are kept */
enum { UNSENT_MAX = 1 << 16 };      /* answers to a client that asks and does not read */
enum { TEL_SE = 240, TEL_BREAK = 243, TEL_SB = 250, TEL_WILL = 251, TEL_DO = 253, TEL_DONT = 254,
       TEL_IAC = 255 };
enum { TELOPT_BINARY = 0, TELOPT_ECHO = 1, TELOPT_SGA = 3 };

typedef enum TelnetState { TS_DATA, TS_IAC, TS_OPTION, TS_SUB, TS_SUB_IAC } TelnetState;

typedef struct Socket {
    Char *c;
    int listener, fd;               /* -1: none */
    bool server, telnet, nodelay, is_unix, abstract, tight, connecting, want_in, want_out;
    bool owe_iac;                   /* the first half of a doubled 0xff is out */
    int family;
    char *host, *port, *path;
    TelnetState state;
    uint32_t reconnect_s;
    Timer *retry;
    int passed[PASSED_MAX];         /* descriptors that came with the last message that had any */
    unsigned passed_count;
    bool websocket;
    Websock *web;                   /* of the client that is there; NULL: raw bytes */
    GByteArray *unsent;             /* frames that the client did not take yet; NULL: none */
} Socket;

static GMutex fd_mutex;             /* a connection is not cut (yank) while its descriptor changes */

static void socket_event(void *opaque, GIOCondition when);
static void socket_accept(void *opaque, GIOCondition when);

static SockAddr socket_address(const Socket *s)
{
    return (SockAddr){ .host = s->host, .port = s->port, .path = s->path, .abstract = s->abstract,
                       .tight = s->tight, .family = s->family };
}

/* Another descriptor, or none (-1); the old one is closed. */
static void socket_set_fd(Socket *s, int fd)
{
    g_mutex_lock(&fd_mutex);
    if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = fd;
    g_mutex_unlock(&fd_mutex);
}

static void socket_watch(Socket *s)
{
    GIOCondition when = s->connecting ? G_IO_OUT
        : (s->want_in ? G_IO_IN : 0) | (s->want_out ? G_IO_OUT : 0);

    if (s->fd >= 0) {
        loop_watch(s->c->loop, s->fd, when, socket_event, s);
    }
}

static void socket_retry_later(Socket *s)
{
    if (s->reconnect_s != 0) {
        timer_set(s->retry, clock_ns(CLOCK_REAL) + s->reconnect_s * 1000000000ll);
    }
}

static void socket_drop_passed(Socket *s)
{
    while (s->passed_count > 0) {
        close(s->passed[--s->passed_count]);
    }
}

static void socket_end_web(Socket *s)
{
    websock_free(s->web);
    s->web = NULL;
    g_clear_pointer(&s->unsent, g_byte_array_unref);
}

static void socket_drop(Socket *s)
{
    bool was = s->c->connected;

    socket_drop_passed(s);
    socket_end_web(s);

    if (s->fd >= 0) {
        loop_watch(s->c->loop, s->fd, 0, NULL, NULL);
    }
    socket_set_fd(s, -1);
    s->connecting = s->want_in = s->want_out = s->owe_iac = false;
    if (s->listener >= 0) {
        loop_watch(s->c->loop, s->listener, G_IO_IN, socket_accept, s);
    }
    socket_retry_later(s);
    if (was) {
        char_event(s->c, CHAR_CLOSED);
    }
}

static void telnet_greet(Socket *s)
{
    static const uint8_t hello[] = {
        TEL_IAC, TEL_WILL, TELOPT_ECHO, TEL_IAC, TEL_WILL, TELOPT_SGA,
        TEL_IAC, TEL_WILL, TELOPT_BINARY, TEL_IAC, TEL_DO, TELOPT_BINARY,
    };

    s->state = TS_DATA;
    if (s->telnet && s->server) {
        ssize_t n = send(s->fd, hello, sizeof(hello), MSG_NOSIGNAL);

        (void)n;
    }
}

static void socket_connected(Socket *s)
{
    s->connecting = false;
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    if (s->nodelay && !s->is_unix) {
        sock_set_nodelay(s->fd);
    }
    if (s->listener >= 0) {
        loop_watch(s->c->loop, s->listener, 0, NULL, NULL);
    }
    if (s->websocket) {             /* the user hears of the client when its request is answered */
        s->web = websock_new();
        s->unsent = g_byte_array_new();
        s->want_in = true;
        socket_watch(s);
        return;
    }
    telnet_greet(s);
    char_event(s->c, CHAR_OPENED);
    char_accept_input(s->c);
}

static void socket_accept(void *opaque, GIOCondition when)
{
    Socket *s = opaque;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

    (void)when;
    if (fd >= 0) {
        socket_set_fd(s, fd);
        socket_connected(s);
    }
}

static bool socket_add_client(Char *c, int fd)
{
    Socket *s = CHAR_STATE(Socket, c);

    if (!s->server || s->fd >= 0) {
        return false;
    }
    socket_set_fd(s, fd);
    socket_connected(s);
    return true;
}

static void socket_try_connect(Socket *s)
{
    SockAddr a = socket_address(s);

    socket_set_fd(s, sock_connect(&a, true, NULL));
    if (s->fd < 0) {
        socket_retry_later(s);
        return;
    }
    s->connecting = true;
    socket_watch(s);
}

static void socket_retry(void *opaque)
{
    Socket *s = opaque;

    if (s->fd < 0) {
        socket_try_connect(s);
    }
}

/* Strips telnet commands in place; returns how many data bytes remain. */
static size_t telnet_input(Socket *s, uint8_t *buf, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t b = buf[i];

        switch (s->state) {
        case TS_DATA:
            if (b == TEL_IAC) {
                s->state = TS_IAC;
            } else {
                buf[out++] = b;
            }
            break;
        case TS_IAC:
            s->state = b >= TEL_WILL && b <= TEL_DONT ? TS_OPTION : b == TEL_SB ? TS_SUB : TS_DATA;
            if (b == TEL_IAC) {
                buf[out++] = b;
            } else if (b == TEL_BREAK) {
                char_event(s->c, CHAR_BREAK);
            }
            break;
        case TS_OPTION:
            s->state = TS_DATA;
            break;
        case TS_SUB:
            s->state = b == TEL_IAC ? TS_SUB_IAC : TS_SUB;
            break;
        case TS_SUB_IAC:
            s->state = b == TEL_SE ? TS_DATA : TS_SUB;
            break;
        }
    }
    return out;
}

/* Keeps the descriptors of a message; those before it that nobody took are closed. */
static void socket_take_passed(Socket *s, struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
        size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        socket_drop_passed(s);
        s->passed_count = (unsigned)MIN(count, (size_t)PASSED_MAX);
        memcpy(s->passed, CMSG_DATA(h), s->passed_count * sizeof(int));
    }
}

static ssize_t socket_receive(Socket *s, uint8_t *buf, size_t size)
{
    union { char bytes[CMSG_SPACE(sizeof(int) * PASSED_MAX)]; struct cmsghdr align; } control;
    struct iovec iov = { buf, size };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                        .msg_controllen = sizeof(control) };
    ssize_t n;

    if (!s->is_unix) {
        return recv(s->fd, buf, size, 0);
    }
    n = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
    if (n > 0) {
        socket_take_passed(s, &m);
    }
    return n;
}

static int socket_take_passed_fd(Char *c)
{
    Socket *s = CHAR_STATE(Socket, c);
    int fd;

    if (s->passed_count == 0) {
        return -1;
    }
    fd = s->passed[0];
    s->passed_count--;
    memmove(s->passed, s->passed + 1, s->passed_count * sizeof(int));
    return fd;
}

/* The reader finds the end of the stream and does the rest. */
static bool socket_yank(Char *c)
{
    bool ok;

    g_mutex_lock(&fd_mutex);
    ok = shutdown(CHAR_STATE(Socket, c)->fd, SHUT_RDWR) == 0;
    g_mutex_unlock(&fd_mutex);
    return ok;
}

/* Frames that wait; true when none does any more. */
static bool socket_send_unsent(Socket *s)
{
    while (s->unsent->len > 0) {
        ssize_t r = send(s->fd, s->unsent->data, s->unsent->len, MSG_NOSIGNAL);

        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0 && errno == EAGAIN) {
            s->want_out = true;
            socket_watch(s);
            return false;
        }
        if (r < 0) {
            g_byte_array_set_size(s->unsent, 0);        /* the reader notices the loss */
            return true;
        }
        g_byte_array_remove_range(s->unsent, 0, (guint)r);
    }
    return true;
}

static void socket_read_web(Socket *s, const uint8_t *buf, size_t n)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    bool was_open = websock_open(s->web);
    bool ok = websock_input(s->web, buf, n, data, s->unsent);

    socket_send_unsent(s);
    if (!ok || (data->len == 0 && s->unsent->len > UNSENT_MAX)) {
        socket_drop(s);
    } else if (!was_open && websock_open(s->web)) {
        s->want_in = false;
        char_event(s->c, CHAR_OPENED);
        char_accept_input(s->c);
    } else if (data->len > 0) {
        char_deliver(s->c, data->data, data->len);
    }
}

static void socket_read(Socket *s)
{
    uint8_t buf[4096];
    size_t room = s->web != NULL && !websock_open(s->web) ? sizeof(buf) : char_room(s->c);
    ssize_t n;

    if (room == 0) {
        s->want_in = false;
        socket_watch(s);
        return;
    }
    n = socket_receive(s, buf, MIN(room, sizeof(buf)));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        socket_drop(s);
        return;
    }
    if (n > 0 && s->web != NULL) {
        socket_read_web(s, buf, (size_t)n);
    } else if (n > 0) {
        if (s->telnet) {
            n = telnet_input(s, buf, n);
        }
        char_deliver(s->c, buf, n);
    }
}

static void socket_event(void *opaque, GIOCondition when)
{
    Socket *s = opaque;

    if (s->connecting) {
        int why = 0;
        socklen_t len = sizeof(why);

        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &len);
        if (why != 0) {
            socket_drop(s);
        } else {
            socket_connected(s);
        }
        return;
    }
    if (s->want_out && (when & G_IO_OUT)) {
        s->want_out = false;
        socket_watch(s);
        if (s->web == NULL || socket_send_unsent(s)) {
            char_writable(s->c);
        }
    }
    if (s->fd >= 0 && s->want_in && (when & (G_IO_IN | G_IO_HUP))) {
        socket_read(s);
    }
}

/* Bytes sent; -1 with errno. A 0xff goes out twice when the line speaks telnet. */
static ssize_t socket_send_some(Socket *s, const uint8_t *buf, size_t n)
{
    static const uint8_t iac = TEL_IAC;
    const uint8_t *ff = s->telnet ? memchr(buf, TEL_IAC, n) : NULL;
    ssize_t r;

    if (s->owe_iac) {
        r = send(s->fd, &iac, 1, MSG_NOSIGNAL);
        if (r < 0) {
            return r;
        }
        s->owe_iac = false;
    }
    r = send(s->fd, buf, ff != NULL ? (size_t)(ff - buf) + 1 : n, MSG_NOSIGNAL);
    if (ff != NULL && r == ff - buf + 1) {
        s->owe_iac = send(s->fd, &iac, 1, MSG_NOSIGNAL) != 1;
    }
    return r;
}

static ssize_t socket_write(Char *c, const uint8_t *buf, size_t n)
{
    Socket *s = CHAR_STATE(Socket, c);
    size_t done = 0;

    if (s->web != NULL) {
        if (c->connected && !socket_send_unsent(s)) {
            return 0;
        }
        if (c->connected && n > 0) {
            websock_frame(buf, n, s->unsent);
            socket_send_unsent(s);
        }
        return (ssize_t)n;
    }
    while (c->connected && done < n) {
        ssize_t r = socket_send_some(s, buf + done, n - done);

        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0 && errno == EAGAIN) {
            s->want_out = true;
            socket_watch(s);
            return done;
        }
        if (r < 0) {
            break;                  /* the reader notices the loss */
        }
        done += r;
    }
    return n;
}

static void socket_poll_input(Char *c, bool on)
{
    Socket *s = CHAR_STATE(Socket, c);
    bool shaking = s->web != NULL && !websock_open(s->web);

    if (s->want_in != on && s->fd >= 0 && !shaking) {
        s->want_in = on;
        socket_watch(s);
    }
}

static char *socket_text(const Socket *s, bool connected)
{
    const char *server = s->server ? ",server=on" : "";
    g_autofree char *local = NULL;
    g_autofree char *peer = NULL;

    if (s->is_unix) {
        return g_strdup_printf("unix:%s%s", s->path != NULL ? s->path : "", server);
    }
    if (connected) {
        local = sock_name(s->fd, false);
        peer = sock_name(s->fd, true);
    } else if (s->listener >= 0) {
        local = sock_name(s->listener, false);
    } else {
        local = g_strdup_printf("%s:%s", s->host != NULL ? s->host : "", s->port);
    }
    return g_strdup_printf("%s:%s%s%s%s", s->telnet ? "telnet" : s->websocket ? "websocket" : "tcp", local, server,
                           connected ? " <-> " : "", connected ? peer : "");
}

static char *socket_describe(const Char *c)
{
    const Socket *s = CHAR_STATE(Socket, c);
    g_autofree char *text = socket_text(s, c->connected);

    return c->connected ? g_steal_pointer(&text) : g_strdup_printf("disconnected:%s", text);
}

static bool socket_check(const SocketOptions *o, GError **errp)
{
    static const char no[] = "chardev: socket: %s is not supported by this version";

    if (o->tn3270 || o->tls_creds != NULL || o->tls_authz != NULL) {
        return err_fail(errp, no, o->tn3270 ? "tn3270" : "TLS");
    }
    if (o->websocket && (!o->server || o->telnet)) {
        return err_fail(errp, "chardev: socket: websocket needs server=on and no telnet");
    }
    if (o->path == NULL && o->fd == NULL && o->host == NULL && o->port == NULL) {
        return err_fail(errp, "chardev: socket: one of path, host and port, or fd is needed");
    }
    if (o->path != NULL ? o->path[0] == '\0' : o->fd == NULL && o->port == NULL) {
        return err_fail(errp, o->path != NULL ? "chardev: socket: the path is empty"
                                              : "chardev: socket: no port given");
    }
    if (o->reconnect != 0 && o->server) {
        return err_fail(errp,
                        "'reconnect' option is incompatible with socket in server listen mode");
    }
    return true;
}

/* fd=N: a socket that our parent opened, listening or connected. */
static bool socket_take_fd(Socket *s, const char *text, GError **errp)
{
    struct sockaddr_storage ss = { 0 };
    socklen_t len = sizeof(ss);
    uint64_t fd;

    if (!parse_uint(text, 10, G_MAXINT, &fd)) {
        return err_fail(errp, "Unable to parse FD number %s", text);
    }
    if (getsockname((int)fd, (struct sockaddr *)&ss, &len) < 0) {
        return err_fail(errp, "File descriptor '%s' is not a socket", text);
    }
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    s->is_unix = ss.ss_family == AF_UNIX;
    if (s->server) {
        s->listener = (int)fd;
    } else {
        s->fd = (int)fd;
    }
    return true;
}

static bool socket_open_server(Socket *s, const SocketOptions *o, GError **errp)
{
    SockAddr a = socket_address(s);

    a.port_to = o->to;
    if (s->listener < 0) {
        s->listener = sock_listen(&a, errp);
    }
    if (s->listener < 0) {
        return false;
    }
    if (o->wait) {
        g_autofree char *text = socket_text(s, false);

        info("QEMU waiting for connection on: disconnected:%s", text);
        do {
            s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        } while (s->fd < 0 && errno == EINTR);
    }
    if (s->fd >= 0) {
        socket_connected(s);
    } else {
        loop_watch(s->c->loop, s->listener, G_IO_IN, socket_accept, s);
    }
    return true;
}

static bool socket_open_client(Socket *s, GError **errp)
{
    SockAddr a = socket_address(s);

    if (s->reconnect_s != 0) {
        s->retry = timer_new(s->c->loop, CLOCK_REAL, socket_retry, s);
        socket_try_connect(s);
        return true;
    }
    if (s->fd < 0) {
        s->fd = sock_connect(&a, false, errp);
    }
    if (s->fd < 0) {
        return false;
    }
    socket_connected(s);
    return true;
}

static void socket_free_texts(Socket *s)
{
    g_free(s->host);
    g_free(s->port);
    g_free(s->path);
}

static bool socket_open(Char *c, const void *options, GError **errp)
{
    const SocketOptions *o = options;
    Socket *s = CHAR_STATE(Socket, c);

    if (!socket_check(o, errp)) {
        return false;
    }
    *s = (Socket){
        .c = c, .listener = -1, .fd = -1, .server = o->server, .telnet = o->telnet,
        .websocket = o->websocket, .nodelay = o->nodelay, .is_unix = o->path != NULL, .abstract = o->abstract,
        .tight = o->tight, .reconnect_s = o->reconnect, .host = g_strdup(o->host),
        .port = g_strdup(o->port), .path = g_strdup(o->path),
        .family = o->ipv4 == o->ipv6 ? AF_UNSPEC : o->ipv4 ? AF_INET : AF_INET6,
    };
    if ((o->fd == NULL || socket_take_fd(s, o->fd, errp)) &&
        (s->server ? socket_open_server(s, o, errp) : socket_open_client(s, errp))) {
        return true;
    }
    socket_free_texts(s);
    return false;
}

static void socket_watch_all(Char *c, bool on)
{
    Socket *s = CHAR_STATE(Socket, c);

    if (s->fd >= 0) {
        loop_watch(c->loop, s->fd, 0, NULL, NULL);
        if (on) {
            socket_watch(s);
        }
    } else if (s->listener >= 0) {
        loop_watch(c->loop, s->listener, on ? G_IO_IN : 0, socket_accept, s);
    }
    if (s->reconnect_s != 0 && !on) {
        timer_free(s->retry);
        s->retry = NULL;
    } else if (s->reconnect_s != 0) {
        s->retry = timer_new(c->loop, CLOCK_REAL, socket_retry, s);
        if (s->fd < 0) {
            socket_retry_later(s);
        }
    }
}

static void socket_close(Char *c)
{
    Socket *s = CHAR_STATE(Socket, c);

    s->reconnect_s = 0;
    socket_drop_passed(s);
    socket_end_web(s);
    if (s->retry != NULL) {
        timer_cancel(s->retry);
        timer_free(s->retry);
    }
    if (s->fd >= 0) {
        loop_watch(s->c->loop, s->fd, 0, NULL, NULL);
    }
    socket_set_fd(s, -1);
    if (s->listener >= 0) {
        loop_watch(s->c->loop, s->listener, 0, NULL, NULL);
        close(s->listener);
        if (s->path != NULL && !s->abstract) {
            unlink(s->path);
        }
    }
    socket_free_texts(s);
}

static const Field socket_fields[] = {
    FIELD_STR("host", SocketOptions, host, NULL, .help = "TCP: name or address"),
    FIELD_STR("port", SocketOptions, port, NULL, .help = "TCP: number or service"),
    FIELD_U32("to", SocketOptions, to, 0, .help = "last port to try when listening"),
    FIELD_BOOL("ipv4", SocketOptions, ipv4, false, .help = "only IPv4"),
    FIELD_BOOL("ipv6", SocketOptions, ipv6, false, .help = "only IPv6"),
    FIELD_BOOL("nodelay", SocketOptions, nodelay, false, .help = "send small packets at once"),
    FIELD_STR("path", SocketOptions, path, NULL, .help = "unix socket"),
    FIELD_STR("fd", SocketOptions, fd, NULL, .help = "inherited socket"),
    FIELD_BOOL("abstract", SocketOptions, abstract, false, .help = "name without a file"),
    FIELD_BOOL("tight", SocketOptions, tight, true, .help = "abstract name without padding"),
    FIELD_BOOL("server", SocketOptions, server, false, .help = "listen instead of connecting"),
    FIELD_BOOL("wait", SocketOptions, wait, true, .help = "start when somebody has connected"),
    FIELD_BOOL("telnet", SocketOptions, telnet, false, .help = "speak telnet"),
    FIELD_BOOL("tn3270", SocketOptions, tn3270, false),
    FIELD_BOOL("websocket", SocketOptions, websocket, false, .help = "speak WebSocket (server)"),
    FIELD_U32("reconnect", SocketOptions, reconnect, 0, .help = "seconds until the next try"),
    FIELD_STR("tls-creds", SocketOptions, tls_creds, NULL),
    FIELD_STR("tls-authz", SocketOptions, tls_authz, NULL),
    { 0 },
};
static const StructDef socket_options = { "ChardevSocket", sizeof(SocketOptions), socket_fields };
static const CharBackend socket_backend = {
    .name = "socket", .options = &socket_options, .size = sizeof(Socket), .open = socket_open,
    .close = socket_close, .write = socket_write, .poll_input = socket_poll_input,
    .describe = socket_describe, .take_fd = socket_take_passed_fd, .yank = socket_yank,
    .add_client = socket_add_client, .watch = socket_watch_all,
};
CHAR_BACKEND_REGISTER(socket_backend);

/* ---- udp: what is written at once is one datagram */

typedef struct UdpOptions {
    CharCommon common;
    char *host, *port, *localaddr, *localport;
    bool ipv4, ipv6;
} UdpOptions;

enum { DATAGRAM_MAX = 65536 };

typedef struct Udp {
    Char *c;
    int fd;
    bool want_in;
    size_t have, given;             /* of the last datagram */
    uint8_t data[DATAGRAM_MAX];
} Udp;

static void udp_event(void *opaque, GIOCondition when);

static void udp_watch(Udp *u, bool on)
{
    u->want_in = on;
    loop_watch(u->c->loop, u->fd, on ? G_IO_IN : 0, udp_event, u);
}

/* Hands out what is left of the datagram, as far as the user has room. */
static void udp_pump(Udp *u)
{
    while (u->given < u->have) {
        size_t n = MIN(char_room(u->c), u->have - u->given);

        if (n == 0) {
            return;
        }
        u->given += n;
        char_deliver(u->c, u->data + u->given - n, n);
    }
}

static void udp_event(void *opaque, GIOCondition when)
{
    Udp *u = opaque;

    if (u->given == u->have && char_room(u->c) > 0) {
        ssize_t n = recv(u->fd, u->data, sizeof(u->data), 0);

        u->have = n > 0 ? (size_t)n : 0;
        u->given = 0;
    }
    udp_pump(u);
    if (char_room(u->c) == 0) {
        udp_watch(u, false);
    }
}

static bool udp_open(Char *c, const void *options, GError **errp)
{
    const UdpOptions *o = options;
    int family = o->ipv4 == o->ipv6 ? AF_UNSPEC : o->ipv4 ? AF_INET : AF_INET6;
    SockAddr to = { .host = o->host, .port = o->port, .family = family };
    SockAddr from = { .host = o->localaddr, .port = o->localport, .family = family };
    Udp *u = CHAR_STATE(Udp, c);

    if (o->port == NULL || o->port[0] == '\0') {
        return err_fail(errp, "chardev: udp: remote port not specified");
    }
    if (from.port == NULL) {
        from.port = "0";
    }
    u->c = c;
    u->fd = sock_datagram(&to, &from, errp);
    c->connected = u->fd >= 0;
    return u->fd >= 0;
}

static void udp_close(Char *c)
{
    Udp *u = CHAR_STATE(Udp, c);

    udp_watch(u, false);
    close(u->fd);
}

static ssize_t udp_write(Char *c, const uint8_t *buf, size_t n)
{
    ssize_t r = send(CHAR_STATE(Udp, c)->fd, buf, n, MSG_NOSIGNAL);

    (void)r;                        /* datagrams may be lost */
    return n;
}

static void udp_poll_input(Char *c, bool on)
{
    Udp *u = CHAR_STATE(Udp, c);

    if (on) {
        udp_pump(u);
    }
    if (u->want_in != on) {
        udp_watch(u, on);
    }
}

static const Field udp_fields[] = {
    FIELD_STR("host", UdpOptions, host, NULL, .help = "where datagrams go"),
    FIELD_STR("port", UdpOptions, port, NULL, .help = "where datagrams go"),
    FIELD_STR("localaddr", UdpOptions, localaddr, NULL, .help = "our address"),
    FIELD_STR("localport", UdpOptions, localport, NULL, .help = "our port"),
    FIELD_BOOL("ipv4", UdpOptions, ipv4, false, .help = "only IPv4"),
    FIELD_BOOL("ipv6", UdpOptions, ipv6, false, .help = "only IPv6"),
    { 0 },
};
static const StructDef udp_options = { "ChardevUdp", sizeof(UdpOptions), udp_fields };
static const CharBackend udp_backend = {
    .name = "udp", .options = &udp_options, .size = sizeof(Udp), .open = udp_open,
    .close = udp_close, .write = udp_write, .poll_input = udp_poll_input,
};
CHAR_BACKEND_REGISTER(udp_backend);
