/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP, UDP and unix sockets by address text. */
#include "util/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "util/err.h"
#include "util/parse.h"

bool sock_addr_parse(const char *text, SockAddr *ret, char **ret_free, GError **errp)
{
    SockAddr a = { .family = AF_UNSPEC };
    g_autofree char *copy = g_strdup(text);
    char *host = copy, *colon;

    if (g_str_has_prefix(text, "unix:")) {
        if (text[5] == '\0') {
            return err_fail(errp, "no path in '%s'", text);
        }
        a.path = copy + 5;
    } else {
        host += g_str_has_prefix(text, "tcp:") ? 4 : 0;
        colon = strrchr(host, ':');
        if (colon == NULL || colon[1] == '\0' || strchr(colon, ']') != NULL) {
            return err_fail(errp, "'%s' is not an address: expected host:port or unix:path", text);
        }
        *colon = '\0';
        if (host[0] == '[' && colon[-1] == ']') {
            host++;
            colon[-1] = '\0';
        }
        a.host = host;
        a.port = colon + 1;
    }
    *ret = a;
    *ret_free = g_steal_pointer(&copy);
    return true;
}

int sock_accept(int listener, bool nonblock)
{
    int fd;

    do {
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0));
    } while (fd < 0 && errno == EINTR);
    return fd;
}

void sock_set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool unix_address(const SockAddr *a, struct sockaddr_un *un, socklen_t *len, GError **errp)
{
    size_t n = strlen(a->path), max = sizeof(un->sun_path) - (a->abstract ? 1 : 0);

    *un = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (n > max) {
        return err_fail(errp, "UNIX socket path '%s' is too long (at most %zu bytes)", a->path, max);
    }
    memcpy(un->sun_path + (a->abstract ? 1 : 0), a->path, n);
    *len = a->abstract && a->tight ? offsetof(struct sockaddr_un, sun_path) + 1 + n : sizeof(*un);
    return true;
}

static int unix_connect(const SockAddr *a, bool nonblock, GError **errp)
{
    struct sockaddr_un un;
    socklen_t len;
    int fd;

    if (!unix_address(a, &un, &len, errp)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&un, len) < 0) {
        err_fail_errno(errp, errno, "Failed to connect to '%s'", a->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (nonblock) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

/* Only an old socket is ever removed to make room, never somebody's file. */
static bool unix_is_socket(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int unix_listen(const SockAddr *a, GError **errp)
{
    struct sockaddr_un un;
    socklen_t len;
    int fd;

    if (!unix_address(a, &un, &len, errp)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !a->abstract && unix_is_socket(a->path) && unlink(a->path) < 0) {
        err_fail_errno(errp, errno, "Failed to unlink socket %s", a->path);
        close(fd);
        return -1;
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&un, len) < 0) {
        err_fail_errno(errp, errno, "Failed to bind socket to %s", a->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (listen(fd, 16) < 0) {
        err_fail_errno(errp, errno, "Failed to listen on socket");
        close(fd);
        return -1;
    }
    return fd;
}

static struct addrinfo *resolve(const SockAddr *a, int type, bool passive, GError **errp)
{
    struct addrinfo hints = {
        .ai_family = a->family, .ai_socktype = type,
        .ai_flags = AI_ADDRCONFIG | (passive ? AI_PASSIVE : 0),
    };
    const char *host = a->host != NULL && a->host[0] != '\0' ? a->host : NULL;
    struct addrinfo *list = NULL;
    int rc;

    if (host == NULL && !passive) {
        host = "localhost";
    }
    rc = getaddrinfo(host, a->port, &hints, &list);
    if (rc == EAI_NONAME || rc == EAI_ADDRFAMILY) {     /* a host without any outer address */
        hints.ai_flags &= ~AI_ADDRCONFIG;
        rc = getaddrinfo(host, a->port, &hints, &list);
    }
    if (rc != 0) {
        err_fail(errp, "address resolution failed for %s:%s: %s", host != NULL ? host : "",
                 a->port, gai_strerror(rc));
        return NULL;
    }
    return list;
}

int sock_connect(const SockAddr *a, bool nonblock, GError **errp)
{
    struct addrinfo *list;
    int fd = -1, why = 0;

    if (a->path != NULL) {
        return unix_connect(a, nonblock, errp);
    }
    list = resolve(a, SOCK_STREAM, false, errp);
    if (list == NULL) {
        return -1;
    }
    for (const struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
        fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0),
                    ai->ai_protocol);
        if (fd < 0 || (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS)) {
            why = errno;
            if (fd >= 0) {
                close(fd);
            }
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        err_fail_errno(errp, why, "Failed to connect to '%s:%s'",
                       a->host != NULL ? a->host : "", a->port);
    }
    return fd;
}

static void set_port(struct sockaddr *sa, uint16_t port)
{
    if (sa->sa_family == AF_INET) {
        ((struct sockaddr_in *)sa)->sin_port = htons(port);
    } else if (sa->sa_family == AF_INET6) {
        ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
    }
}

static uint16_t get_port(const struct sockaddr *sa)
{
    return ntohs(sa->sa_family == AF_INET ? ((const struct sockaddr_in *)sa)->sin_port
                 : ((const struct sockaddr_in6 *)sa)->sin6_port);
}

static int listen_one(const struct addrinfo *ai, int *why)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
    int on = 1;

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, 16) == 0) {
            return fd;
        }
    }
    *why = errno;
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int sock_listen(const SockAddr *a, GError **errp)
{
    struct addrinfo *list;
    uint64_t number;
    int fd = -1, why = 0;

    if (a->path != NULL) {
        return unix_listen(a, errp);
    }
    if (!parse_uint(a->port, 10, UINT64_MAX, &number) || number > 65535) {
        err_fail(errp, "port '%s' is not a number from 0 to 65535", a->port);
        return -1;
    }
    list = resolve(a, SOCK_STREAM, true, errp);
    if (list == NULL) {
        return -1;
    }
    for (const struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
        uint32_t port = get_port(ai->ai_addr);
        uint32_t last = MIN(MAX(port, a->port_to), 65535u);

        for (; port <= last && fd < 0; port++) {
            set_port(ai->ai_addr, port);
            fd = listen_one(ai, &why);
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        err_fail_errno(errp, why, "Failed to find an available port");
    }
    return fd;
}

int sock_datagram(const SockAddr *remote, const SockAddr *local, GError **errp)
{
    struct addrinfo *to = resolve(remote, SOCK_DGRAM, false, errp), *from = NULL;
    SockAddr bind_to = *local;
    int fd = -1, on = 1;

    if (to == NULL) {
        return -1;
    }
    bind_to.family = to->ai_family;
    from = resolve(&bind_to, SOCK_DGRAM, true, errp);
    if (from == NULL) {
        goto out;
    }
    fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (fd < 0 || bind(fd, from->ai_addr, from->ai_addrlen) < 0) {
        err_fail_errno(errp, errno, "Failed to bind socket");
        goto fail;
    }
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
        err_fail_errno(errp, errno, "Failed to connect to '%s:%s'", remote->host, remote->port);
        goto fail;
    }
    goto out;

fail:
    if (fd >= 0) {
        close(fd);
    }
    fd = -1;
out:
    if (from != NULL) {
        freeaddrinfo(from);
    }
    freeaddrinfo(to);
    return fd;
}

char *sock_name(int fd, bool peer)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int rc = peer ? getpeername(fd, (struct sockaddr *)&ss, &len)
                  : getsockname(fd, (struct sockaddr *)&ss, &len);

    if (rc < 0 || ss.ss_family == AF_UNIX ||
        getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return g_strdup("");
    }
    return g_strdup_printf(ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
