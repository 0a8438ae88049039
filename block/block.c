/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives: media, attachment, error policy. Requests are in reqs.c, texts for the monitor in info.c. */
#include <errno.h>
#include <string.h>
#include "block/block_int.h"

static GPtrArray *blocks;           /* of Block *, in order of creation */
static const BlockHooks *hooks;

Block *block_find(const char *id)
{
    for (guint i = 0; blocks != NULL && i < blocks->len; i++) {
        Block *b = g_ptr_array_index(blocks, i);

        if ((b->id[0] != '\0' && strcmp(b->id, id) == 0) || (b->m.root != NULL && strcmp(b->m.root->name, id) == 0)) {
            return b;
        }
    }
    return NULL;
}

void block_foreach(void (*fn)(Block *b, void *opaque), void *opaque)
{
    for (guint i = 0; blocks != NULL && i < blocks->len; i++) {
        fn(g_ptr_array_index(blocks, i), opaque);
    }
}

Block *block_open(const char *id, const Json *opts, GError **errp)
{
    BlockOpened m;
    Block *b;

    if (block_find(id) != NULL) {
        err_fail(errp, "Duplicate ID '%s' for drive", id);
        return NULL;
    }
    if (!block_open_options(opts, &m, errp)) {
        return NULL;
    }
    b = g_new0(Block, 1);
    b->id = g_strdup(id);
    b->m = m;
    b->opts = json_copy(opts);
    if (blocks == NULL) {
        blocks = g_ptr_array_new();
    }
    g_ptr_array_add(blocks, b);
    return b;
}

Block *block_new_anonymous(const BlockOpened *m)
{
    Block *b = g_new0(Block, 1);

    b->id = g_strdup("");
    b->m = *m;
    b->opts = json_object_new();
    if (blocks == NULL) {
        blocks = g_ptr_array_new();
    }
    g_ptr_array_add(blocks, b);
    return b;
}

Block *block_open_empty(const char *id, GError **errp)
{
    g_autoptr(Json) none = json_object_new();

    return block_open(id, none, errp);
}

static void block_drop_medium(Block *b)
{
    if (b->m.root != NULL) {
        block_drain(b);
        block_flush_sync(b);
    }
    node_free(b->m.root);
    g_free(b->m.filename);
    b->m.root = NULL;
    b->m.filename = NULL;
}

void block_close(Block *b)
{
    if (b == NULL) {
        return;
    }
    block_drop_medium(b);
    g_ptr_array_remove(blocks, b);
    json_unref(b->opts);
    g_free(b->id);
    g_free(b);
}

void block_close_all(void)
{
    while (blocks != NULL && blocks->len > 0) {
        block_close(g_ptr_array_index(blocks, blocks->len - 1));
    }
}

static int block_compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *block_format_help(void)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *list = NULL;

    SET_FOREACH(block_drivers, BlockDriver, d) {
        if (!(*d)->hidden) {
            g_ptr_array_add(names, (gpointer)(*d)->name);
        }
    }
    g_ptr_array_sort(names, block_compare_names);
    g_ptr_array_add(names, NULL);
    list = g_strjoinv(" ", (char **)names->pdata);
    return g_strdup_printf("Supported formats: %s\nSupported formats (read-only): %s\n", list, list);
}

bool block_attach(Block *b, const BlockUser *user, void *opaque, bool writes, GError **errp)
{
    if (b->user != NULL) {
        return err_fail(errp, "Drive '%s' is already in use by another block device", b->id);
    }
    if (writes && b->m.root != NULL && !node_writable(b->m.root)) {
        return err_fail(errp, "Block node is read-only");
    }
    b->user = user;
    b->user_opaque = opaque;
    return true;
}

void block_detach(Block *b)
{
    block_drain(b);
    b->user = NULL;
    b->user_opaque = NULL;
}

bool block_attached(const Block *b) { return b->user != NULL; }
const char *block_id(const Block *b) { return b->id; }
bool block_inserted(const Block *b) { return b->m.root != NULL; }
bool block_read_only(const Block *b) { return b->m.root == NULL || !node_writable(b->m.root); }
uint64_t block_length(const Block *b) { return b->m.root == NULL ? 0 : b->m.root->length; }
bool block_write_cache(const Block *b) { return b->m.write_cache; }
void block_set_write_cache(Block *b, bool on) { b->m.write_cache = on; }
const char *block_filename(const Block *b) { return b->m.filename; }

BlockErrorAction block_error_action(Block *b, bool is_read, int error)
{
    int policy = is_read ? b->m.rerror : b->m.werror;
    BlockErrorAction action = BLOCK_ERROR_REPORT;

    if (policy == ON_ERROR_AUTO) {
        policy = is_read ? ON_ERROR_REPORT : ON_ERROR_ENOSPC;
    }
    switch (policy) {
    case ON_ERROR_ENOSPC:
        action = error == ENOSPC || error == -ENOSPC ? BLOCK_ERROR_STOP : BLOCK_ERROR_REPORT;
        break;
    case ON_ERROR_STOP:
        action = BLOCK_ERROR_STOP;
        break;
    case ON_ERROR_IGNORE:
        action = BLOCK_ERROR_IGNORE;
        break;
    default:
        break;
    }
    if (action == BLOCK_ERROR_STOP) {
        b->stopped_by = error < 0 ? -error : error;
    }
    if (hooks != NULL && hooks->io_error != NULL) {
        hooks->io_error(hooks->opaque, b, is_read, action, error < 0 ? -error : error);
    }
    return action;
}

void block_forget_errors(void)
{
    for (guint i = 0; blocks != NULL && i < blocks->len; i++) {
        ((Block *)g_ptr_array_index(blocks, i))->stopped_by = 0;
    }
}

static void block_tell_medium(Block *b, bool inserted)
{
    if (b->user != NULL && b->user->medium_changed != NULL) {
        b->user->medium_changed(b->user_opaque, inserted);
    }
}

void block_abandon(Block *b)
{
    if (b->m.root != NULL) {
        block_drop_medium(b);
        block_tell_medium(b, false);
    }
    b->id[0] = '\0';
}

bool block_insert(Block *b, const Json *opts, GError **errp)
{
    BlockOpened m;

    if (b->user != NULL && !b->user->removable) {
        return err_fail(errp, "Device '%s' is not removable", b->id);
    }
    if (!block_open_options(opts, &m, errp)) {
        return false;
    }
    m.rerror = b->m.rerror;
    m.werror = b->m.werror;
    if (b->m.root != NULL) {
        block_drop_medium(b);
        block_tell_medium(b, false);
    }
    b->m = m;
    json_unref(b->opts);
    b->opts = json_copy(opts);
    block_tell_medium(b, m.root != NULL);
    return true;
}

bool block_change(Block *b, const char *filename, const char *format, int read_only, GError **errp)
{
    g_autoptr(Json) opts = json_object_new();

    if (b->user != NULL && b->user->locked != NULL && b->user->locked(b->user_opaque)) {
        if (b->user->eject_request != NULL) {
            b->user->eject_request(b->user_opaque, false);
        }
        return err_fail(errp, "Device '%s' is locked and force was not specified, wait for tray to open and try again",
                        b->id);
    }
    json_set_str(opts, "file", filename);
    if (format != NULL) {
        json_set_str(opts, "format", format);
    }
    json_set_bool(opts, "read-only", read_only < 0 ? b->m.read_only : read_only != 0);
    json_set_bool(opts, "cache.writeback", b->m.write_cache);
    return block_insert(b, opts, errp);
}

bool block_eject(Block *b, bool force, GError **errp)
{
    if (b->user != NULL && !b->user->removable) {
        return err_fail(errp, "Device '%s' is not removable", b->id);
    }
    if (!force && b->user != NULL && b->user->locked != NULL && b->user->locked(b->user_opaque)) {
        if (b->user->eject_request != NULL) {
            b->user->eject_request(b->user_opaque, false);
        }
        return err_fail(errp, "Device '%s' is locked and force was not specified, wait for tray to open and try again",
                        b->id);
    }
    if (b->m.root != NULL) {
        block_drop_medium(b);
        block_tell_medium(b, false);
    }
    return true;
}

/* ---- The tray */

void block_set_hooks(const BlockHooks *h)
{
    hooks = h;
}

void block_tray_moved(Block *b, bool open)
{
    if (hooks != NULL && hooks->tray_moved != NULL) {
        hooks->tray_moved(hooks->opaque, b, open);
    }
}

char *block_device_path(const Block *b)
{
    return b->user != NULL && b->user->qom_path != NULL ? b->user->qom_path(b->user_opaque) : g_strdup("");
}

static bool block_has_tray(const Block *b) { return b->user != NULL && b->user->tray_open != NULL; }
static bool block_tray_is_open(const Block *b) { return b->user->tray_open(b->user_opaque); }

static bool block_check_removable(const Block *b, GError **errp)
{
    return (b->user != NULL && b->user->removable) || err_fail(errp, "Device '%s' is not removable", b->id);
}

bool block_tray_open(Block *b, bool force, GError **errp)
{
    if (!block_check_removable(b, errp)) {
        return false;
    }
    if (!block_has_tray(b)) {
        return err_fail(errp, "Device '%s' does not have a tray", b->id);
    }
    if (block_tray_is_open(b)) {
        return true;
    }
    if (!force && b->user->locked != NULL && b->user->locked(b->user_opaque)) {
        b->user->eject_request(b->user_opaque, false);
        return err_fail(errp, "Device '%s' is locked and force was not specified, wait for tray to open and try again",
                        b->id);
    }
    b->user->eject_request(b->user_opaque, true);
    block_tray_moved(b, true);
    return true;
}

bool block_tray_close(Block *b, GError **errp)
{
    if (!block_check_removable(b, errp)) {
        return false;
    }
    if (block_has_tray(b) && block_tray_is_open(b)) {
        block_tell_medium(b, b->m.root != NULL);        /* which closes it */
        block_tray_moved(b, false);
    }
    return true;
}

bool block_remove_medium(Block *b, GError **errp)
{
    if (!block_check_removable(b, errp)) {
        return false;
    }
    if (block_has_tray(b) && !block_tray_is_open(b)) {
        return err_fail(errp, "Tray of device '%s' is not open", b->id);
    }
    if (b->m.root != NULL) {
        block_drop_medium(b);
        if (!block_has_tray(b)) {
            block_tell_medium(b, false);
        }
    }
    return true;
}

bool block_insert_node(Block *b, const char *node, GError **errp)
{
    BlockOpened m;

    if (!block_check_removable(b, errp)) {
        return false;
    }
    if (block_has_tray(b) && !block_tray_is_open(b)) {
        return err_fail(errp, "Tray of device '%s' is not open", b->id);
    }
    if (b->m.root != NULL) {
        return err_fail(errp, "There already is a medium in device '%s'", b->id);
    }
    if (!blockdev_medium(node, &m, errp)) {
        return false;
    }
    m.rerror = b->m.rerror;
    m.werror = b->m.werror;
    b->m = m;
    if (!block_has_tray(b)) {
        block_tell_medium(b, true);
    }
    return true;
}

bool block_resize(Block *b, uint64_t size, GError **errp)
{
    BlockNode *n = b->m.root;

    if (n == NULL) {
        return err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' has no medium", b->id);
    }
    if (!node_writable(n)) {
        return err_fail(errp, "Block node is read-only");
    }
    if (n->drv->co_resize == NULL || size > INT64_MAX / 2) {
        return err_fail(errp, "Image format driver does not support resize");
    }
    block_drain(b);
    if (!n->drv->co_resize(n, size, errp) || !node_refresh_length(n, errp)) {
        return false;
    }
    if (b->user != NULL && b->user->resized != NULL) {
        b->user->resized(b->user_opaque);
    }
    return true;
}
