/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: life, names, length; and how code without a coroutine calls code that needs one. */
#include "block/block_int.h"
#include <string.h>
#include "util/bits.h"

static GPtrArray *nodes;            /* of BlockNode *, all that exist */

const BlockDriver *block_driver_find(const char *name)
{
    SET_FOREACH(block_drivers, BlockDriver, d) {
        if (strcmp((*d)->name, name) == 0) {
            return *d;
        }
    }
    return NULL;
}

BlockNode *node_find(const char *name)
{
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        BlockNode *n = g_ptr_array_index(nodes, i);

        if (strcmp(n->name, name) == 0) {
            return n;
        }
    }
    return NULL;
}

BlockNode *node_new(const BlockDriver *drv, const char *name, unsigned flags)
{
    static unsigned counter;
    BlockNode *n = g_new0(BlockNode, 1);

    n->refs = 1;
    n->drv = drv;
    n->name = name != NULL ? g_strdup(name) : g_strdup_printf("#block%03u", ++counter);
    n->flags = flags;
    n->state = g_malloc0(MAX(drv->state_size, 1));
    n->align = n->mem_align = n->write_align = 1;
    if (nodes == NULL) {
        nodes = g_ptr_array_new();
    }
    g_ptr_array_add(nodes, n);
    return n;
}

BlockNode *node_ref(BlockNode *n)
{
    n->refs++;
    return n;
}

void node_visit(void (*fn)(BlockNode *n, void *opaque), void *opaque)
{
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        fn(g_ptr_array_index(nodes, i), opaque);
    }
}

static void node_close(void *opaque)
{
    BlockNode *n = opaque;

    n->drv->co_close(n);
}

void node_free(BlockNode *n)
{
    if (n == NULL || --n->refs > 0) {
        return;
    }
    g_assert(n->tracked == NULL);
    if (n->opened && n->drv->co_close != NULL) {
        block_run_sync(node_close, n);
    }
    node_free(n->file);
    node_free(n->backing);
    g_ptr_array_remove(nodes, n);
    g_free(n->name);
    g_free(n->filename);
    g_free(n->state);
    g_free(n);
}

bool node_refresh_length(BlockNode *n, GError **errp)
{
    int64_t len = n->drv->length(n);

    if (len < 0) {
        return err_fail_errno(errp, (int)-len, "Could not get image size");
    }
    if (len > INT64_MAX - (1 << 30)) {
        return err_fail(errp, "Image is too large");
    }
    n->length = round_up((uint64_t)len, BLOCK_SECTOR);
    return true;
}

typedef struct SyncCall { void (*fn)(void *opaque); void *opaque; bool done; } SyncCall;

static void co_sync_run(void *opaque)
{
    SyncCall *c = opaque;

    c->fn(c->opaque);
    c->done = true;
}

void block_run_sync(void (*fn)(void *opaque), void *opaque)
{
    SyncCall c = { fn, opaque, false };
    Coroutine *co, *old;

    if (coroutine_self() != NULL) {
        fn(opaque);
        return;
    }
    co = coroutine_new(co_sync_run, &c);
    old = aio_set_sync(co);
    coroutine_enter(co);
    while (!c.done) {               /* it waits for an earlier request that overlaps */
        aio_poll(true);
    }
    aio_set_sync(old);
}
