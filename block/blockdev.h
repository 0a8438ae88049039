/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block nodes made by themselves (-blockdev) and used by name. VM lock. */
#ifndef BLOCK_BLOCKDEV_H
#define BLOCK_BLOCKDEV_H

#include "block/block.h"

/* opts: nested as in QMP; values may be texts. "file" is a node's name or a description in place. */
bool blockdev_add(const Json *opts, GError **errp);
bool blockdev_has(const char *name);            /* is there such a node? */
bool blockdev_del(const char *name, GError **errp);
/* A Block for a device that names this node. NULL without error: there is no such node. */
Block *blockdev_block(const char *name, GError **errp);
void blockdev_free_all(void);       /* after block_close_all() */
Json *blockdev_nodes_json(void);    /* every node, as query-named-block-nodes has them */

#endif
