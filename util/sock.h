/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets by address. All descriptors are close-on-exec; errors are the texts people know. */
#ifndef UTIL_SOCK_H
#define UTIL_SOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct SockAddr {
    const char *host, *port;        /* TCP, UDP; host NULL or "": any (listening) or loopback */
    const char *path;               /* a unix socket instead */
    bool abstract, tight;           /* unix: Linux's abstract names; tight: no zero padding */
    int family;                     /* AF_UNSPEC, AF_INET, AF_INET6 */
    uint32_t port_to;               /* listening: try the ports up to this one; 0: only one */
} SockAddr;

/* "host:port", "[::1]:port", ":port", "tcp:host:port", "unix:path". *ret_free holds what ret's strings point to. */
bool sock_addr_parse(const char *text, SockAddr *ret, char **ret_free, GError **errp);
int sock_connect(const SockAddr *a, bool nonblock, GError **errp);  /* blocking unless nonblock: EINPROGRESS is fine */
int sock_listen(const SockAddr *a, GError **errp);
int sock_accept(int listener, bool nonblock);       /* -1 and errno */
/* A UDP socket bound to local and connected to remote. */
int sock_datagram(const SockAddr *remote, const SockAddr *local, GError **errp);
/* "127.0.0.1:4444", "[::1]:4444" of this or the other end; "" for unix. Freed by the caller. */
char *sock_name(int fd, bool peer);
void sock_set_nodelay(int fd);

#endif
