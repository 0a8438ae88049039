/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_NET_H
#define NET_NET_H

#include <sys/uio.h>
#include "util/field.h"
#include "util/set.h"

typedef struct NetPort NetPort;     /* one end; two ends make a link, a hub joins many */

typedef struct NetPortOps {
    /* Bytes taken; 0 = no room, keep the frame: the taker calls net_resume() later. */
    ssize_t (*receive)(NetPort *p, const struct iovec *iov, int n);
    bool (*can_receive)(NetPort *p);
    void (*link_changed)(NetPort *p, bool up);
    void (*close)(NetPort *p);
} NetPortOps;

struct NetPort { const NetPortOps *ops; void *owner; NetPort *peer; char *id; bool link_up; };

typedef struct NetBackend {         /* one per -netdev type */
    const char *name;
    const StructDef *options;       /* from the schema */
    NetPort *(*open)(const char *id, const void *options, GError **errp);
} NetBackend;

SET_DECLARE(net_backends, NetBackend);
#define NET_BACKEND_REGISTER(b) SET_ADD(net_backends, NetBackend, b, &(b))

ssize_t net_send(NetPort *from, const struct iovec *iov, int n);    /* queues when the peer is full */
void net_resume(NetPort *p);

#endif
