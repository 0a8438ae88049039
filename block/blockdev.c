/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that stand by themselves: -blockdev, blockdev-add. A format node names its child or describes
 * it in place; a device names the node it works on and gets a Block of its own for it. A node has one
 * user. One that may choose (auto-read-only) is opened for reading, and again for writing when
 * somebody comes who writes. */
#include "block/blockdev.h"

#include <string.h>
#include "block/block_int.h"

typedef struct Blockdev {
    BlockNode *node;                /* one reference is ours */
    BlockOpened m;                  /* how a Block is to treat it; root is not used */
    Json *opts;
    bool auto_read_only;
} Blockdev;

static GPtrArray *blockdevs;        /* of Blockdev *, oldest first */

static Blockdev *blockdev_find(const char *name)
{
    for (guint i = 0; blockdevs != NULL && i < blockdevs->len; i++) {
        Blockdev *d = g_ptr_array_index(blockdevs, i);

        if (strcmp(d->node->name, name) == 0) {
            return d;
        }
    }
    return NULL;
}

bool blockdev_has(const char *name)
{
    return blockdev_find(name) != NULL;
}

static void blockdev_free(Blockdev *d)
{
    g_ptr_array_remove(blockdevs, d);
    node_free(d->node);
    g_free(d->m.filename);
    json_unref(d->opts);
    g_free(d);
}

/* Opens what d->opts say, for reading only or as they say. */
static BlockNode *blockdev_open(Blockdev *d, bool read_only, GError **errp)
{
    g_autoptr(Json) opts = json_copy(d->opts);
    BlockOpened m = { 0 };

    if (read_only) {
        json_set_bool(opts, "read-only", true);
    }
    if (!block_open_node(opts, &m, errp)) {
        return NULL;
    }
    g_free(d->m.filename);
    d->m = m;
    d->m.root = NULL;
    return m.root;
}

bool blockdev_add(const Json *opts, GError **errp)
{
    const char *name = json_get_str(opts, "node-name");
    Blockdev *d;
    bool writes = true;

    if (name == NULL) {
        return err_fail(errp, "'node-name' must be specified for the root node");
    }
    if (json_get_str(opts, "driver") == NULL) {
        return err_fail(errp, "Parameter 'driver' is missing");
    }
    if (block_find(name) != NULL) {
        return err_fail(errp, "node-name=%s is conflicting with a device id", name);
    }
    d = g_new0(Blockdev, 1);
    d->opts = json_copy(opts);
    block_opt_bool(opts, "auto-read-only", &d->auto_read_only);
    if (json_has(opts, "read-only")) {
        block_opt_bool(opts, "read-only", &writes);
        d->auto_read_only = d->auto_read_only && !writes;
    }
    d->node = blockdev_open(d, d->auto_read_only, errp);
    if (d->node == NULL) {
        json_unref(d->opts);
        g_free(d);
        return false;
    }
    if (blockdevs == NULL) {
        blockdevs = g_ptr_array_new();
    }
    g_ptr_array_add(blockdevs, d);
    return true;
}

/* Nobody has it yet, so it may be closed in between. What cannot be written stays readable. */
static bool blockdev_reopen(Blockdev *d, GError **errp)
{
    BlockNode *n;

    node_free(d->node);
    n = blockdev_open(d, false, NULL);
    d->node = n != NULL ? n : blockdev_open(d, true, errp);
    return d->node != NULL;
}

BlockNode *blockdev_take(const char *name, bool writes, GError **errp)
{
    Blockdev *d = blockdev_find(name);

    if (d == NULL) {
        err_fail(errp, "Cannot find device='%s' nor node-name='%s'", name, name);
        return NULL;
    }
    if (d->node->refs > 1) {
        err_fail(errp, "Node '%s' is in use", name);
        return NULL;
    }
    if (writes && d->auto_read_only && !node_writable(d->node) && !blockdev_reopen(d, errp)) {
        blockdev_free(d);
        return NULL;
    }
    if (writes && !d->auto_read_only && !node_writable(d->node)) {
        err_fail(errp, "Block node is read-only");
        return NULL;
    }
    return node_ref(d->node);
}

bool blockdev_medium(const char *name, BlockOpened *out, GError **errp)
{
    Blockdev *d = blockdev_find(name);
    BlockNode *n = blockdev_take(name, d != NULL && d->auto_read_only, errp);

    if (n == NULL) {
        return false;
    }
    d = blockdev_find(name);
    *out = d->m;
    out->root = n;
    out->filename = g_strdup(d->m.filename);
    return true;
}

Block *blockdev_block(const char *name, GError **errp)
{
    BlockOpened m;

    if (blockdev_find(name) == NULL || !blockdev_medium(name, &m, errp)) {
        return NULL;
    }
    return block_new_anonymous(&m);
}

bool blockdev_del(const char *name, GError **errp)
{
    Blockdev *d = blockdev_find(name);
    Block *b = block_find(name);

    if (d == NULL) {
        return b != NULL ? err_fail(errp, "Node %s is not owned by the monitor", name)
                         : err_fail(errp, "Failed to find node with node-name='%s'", name);
    }
    if (b != NULL && !block_attached(b)) {
        block_close(b);
    }
    if (d->node->refs > 1) {
        return err_fail(errp, "Node %s is in use", name);
    }
    blockdev_free(d);
    return true;
}

void blockdev_free_all(void)
{
    while (blockdevs != NULL && blockdevs->len > 0) {
        blockdev_free(g_ptr_array_index(blockdevs, blockdevs->len - 1));
    }
}
