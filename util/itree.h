/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intervals [start, last], found by overlap. Nodes are embedded in the owner's struct; several may be equal. */
#ifndef UTIL_ITREE_H
#define UTIL_ITREE_H

#include <stddef.h>
#include <stdint.h>

typedef struct ITreeNode ITreeNode;
struct ITreeNode {
    uint64_t start, last;           /* set by the owner before insertion, then constant */
    uint64_t max_last;              /* of the subtree */
    uint32_t prio;
    ITreeNode *left, *right;
};
typedef struct ITree { ITreeNode *root; uint32_t seed; } ITree;    /* zero: empty */

void itree_insert(ITree *t, ITreeNode *n);
void itree_remove(ITree *t, ITreeNode *n);
/* Calls fn for every node that overlaps [start, last], by rising start, until it returns 0. fn may not change the
 * tree. */
void itree_overlap(const ITree *t, uint64_t start, uint64_t last,
                   int (*fn)(ITreeNode *n, void *opaque), void *opaque);
ITreeNode *itree_first(const ITree *t, uint64_t start, uint64_t last);   /* the one of lowest start; NULL */

#endif
