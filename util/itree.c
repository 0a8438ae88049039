/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A treap ordered by start (then address), augmented by the greatest last of each subtree. */
#include "util/itree.h"
#include <stdbool.h>

static bool itree_before(const ITreeNode *a, const ITreeNode *b)
{
    return a->start != b->start ? a->start < b->start : (uintptr_t)a < (uintptr_t)b;
}

static ITreeNode *itree_update(ITreeNode *n)
{
    n->max_last = n->last;
    if (n->left != NULL && n->left->max_last > n->max_last) {
        n->max_last = n->left->max_last;
    }
    if (n->right != NULL && n->right->max_last > n->max_last) {
        n->max_last = n->right->max_last;
    }
    return n;
}

/* Everything before key to the left tree, the rest to the right one. */
static void itree_split(ITreeNode *n, const ITreeNode *key, ITreeNode **left, ITreeNode **right)
{
    if (n == NULL) {
        *left = *right = NULL;
    } else if (itree_before(n, key)) {
        itree_split(n->right, key, &n->right, right);
        *left = itree_update(n);
    } else {
        itree_split(n->left, key, left, &n->left);
        *right = itree_update(n);
    }
}

static ITreeNode *itree_merge(ITreeNode *a, ITreeNode *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (a->prio >= b->prio) {
        a->right = itree_merge(a->right, b);
        return itree_update(a);
    }
    b->left = itree_merge(a, b->left);
    return itree_update(b);
}

static ITreeNode *itree_add(ITreeNode *root, ITreeNode *n)
{
    if (root == NULL || n->prio > root->prio) {
        itree_split(root, n, &n->left, &n->right);
        return itree_update(n);
    }
    if (itree_before(n, root)) {
        root->left = itree_add(root->left, n);
    } else {
        root->right = itree_add(root->right, n);
    }
    return itree_update(root);
}

void itree_insert(ITree *t, ITreeNode *n)
{
    t->seed = t->seed * 1664525 + 1013904223;
    n->prio = t->seed ^ t->seed >> 15;
    n->left = n->right = NULL;
    t->root = itree_add(t->root, n);
}

static ITreeNode *itree_del(ITreeNode *root, ITreeNode *n)
{
    if (root == NULL) {
        return NULL;
    }
    if (root == n) {
        return itree_merge(n->left, n->right);
    }
    if (itree_before(n, root)) {
        root->left = itree_del(root->left, n);
    } else {
        root->right = itree_del(root->right, n);
    }
    return itree_update(root);
}

void itree_remove(ITree *t, ITreeNode *n)
{
    t->root = itree_del(t->root, n);
}

static bool itree_walk(ITreeNode *n, uint64_t start, uint64_t last, int (*fn)(ITreeNode *n, void *opaque),
                       void *opaque)
{
    if (n == NULL || n->max_last < start) {
        return true;
    }
    if (!itree_walk(n->left, start, last, fn, opaque)) {
        return false;
    }
    if (n->start > last) {
        return true;
    }
    if (n->last >= start && !fn(n, opaque)) {
        return false;
    }
    return itree_walk(n->right, start, last, fn, opaque);
}

void itree_overlap(const ITree *t, uint64_t start, uint64_t last,
                   int (*fn)(ITreeNode *n, void *opaque), void *opaque)
{
    itree_walk(t->root, start, last, fn, opaque);
}

static int itree_take_first(ITreeNode *n, void *opaque)
{
    *(ITreeNode **)opaque = n;
    return 0;
}

ITreeNode *itree_first(const ITree *t, uint64_t start, uint64_t last)
{
    ITreeNode *found = NULL;

    itree_overlap(t, start, last, itree_take_first, &found);
    return found;
}
