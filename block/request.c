/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order of requests within a node. A request waits for all earlier ones that overlap it, if one of the two
 * writes; so what a guest may rely on (the later of two writes wins; a read sees one of two states of a
 * sector) holds although the host completes in any order. Read-modify-write cycles of unaligned writes are
 * tracked with their widened range and so never lose a neighbour's bytes.
 * No deadlock: a request waits only for older ones, and an upper node's before a lower node's. */
#include "block/block_int.h"
#include "util/range.h"

/* The oldest request before t that t has to wait for. */
static BlockTracked *tracked_conflict(const BlockTracked *t)
{
    for (BlockTracked *o = t->node->tracked; o != t; o = o->next) {
        if ((o->write || t->write) && ranges_overlap(o->off, o->len, t->off, t->len)) {
            return o;
        }
    }
    return NULL;
}

void co_tracked_begin(BlockTracked *t, BlockNode *n, uint64_t off, uint64_t len, bool write)
{
    BlockTracked *o;

    *t = (BlockTracked){ .node = n, .off = off, .len = len, .write = write, .co = coroutine_self() };
    if (n->tracked == NULL) {
        n->tracked_tail = &n->tracked;
    }
    *n->tracked_tail = t;
    n->tracked_tail = &t->next;
    while ((o = tracked_conflict(t)) != NULL) {
        o->waiters = g_slist_append(o->waiters, t->co);
        co_yield();
    }
}

void tracked_end(BlockTracked *t)
{
    BlockNode *n = t->node;
    BlockTracked **at = &n->tracked;

    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    if (n->tracked_tail == &t->next) {
        n->tracked_tail = at;
    }
    for (GSList *w = t->waiters; w != NULL; w = w->next) {
        co_wake(w->data);
    }
    g_slist_free(t->waiters);
}
