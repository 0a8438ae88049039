/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on drives and their media. */
#include <errno.h>
#include <string.h>
#include "block/block.h"
#include "block/blockdev.h"
#include "monitor/qmp_int.h"
#include "monitor/qmp_schema.h"

/* Made for a device that is gone or never came. */
static bool is_leftover(const Block *b)
{
    return block_id(b)[0] == '\0' && !block_attached(b);
}

static void add_info(Block *b, void *opaque)
{
    if (is_leftover(b)) {
        return;
    }
    json_array_add(opaque, block_info_json(b));
}

Json *qmp_query_block(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new();

    block_foreach(add_info, list);
    return list;
}

static Json *stats_json(const BlockStats *s)
{
    const struct { const char *name; uint64_t value; } rows[] = {
        { "rd_bytes", s->rd_bytes }, { "wr_bytes", s->wr_bytes }, { "unmap_bytes", s->unmap_bytes },
        { "rd_operations", s->rd_ops }, { "wr_operations", s->wr_ops },
        { "flush_operations", s->flush_ops }, { "unmap_operations", s->unmap_ops },
        { "rd_total_time_ns", s->rd_ns }, { "wr_total_time_ns", s->wr_ns },
        { "flush_total_time_ns", s->flush_ns }, { "unmap_total_time_ns", s->unmap_ns },
        { "wr_highest_offset", s->wr_highest },
    };
    static const char *const zeros[] = {
        "rd_merged", "wr_merged", "unmap_merged", "failed_rd_operations", "failed_wr_operations",
        "failed_flush_operations", "failed_unmap_operations", "invalid_rd_operations",
        "invalid_wr_operations", "invalid_flush_operations", "invalid_unmap_operations",
    };
    Json *j = json_object_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_set_uint(j, rows[i].name, rows[i].value);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(zeros); i++) {
        json_set_int(j, zeros[i], 0);
    }
    json_set_bool(j, "account_invalid", true);
    json_set_bool(j, "account_failed", true);
    json_set(j, "timed_stats", json_array_new());
    return j;
}

static void add_stats(Block *b, void *opaque)
{
    BlockStats stats = block_stats(b);
    g_autoptr(Json) info = block_info_json(b);
    Json *row, *qdev = json_get(info, "qdev");
    const char *node = json_get_str(json_get(info, "inserted"), "node-name");

    if (is_leftover(b)) {
        return;
    }
    row = json_object_new();
    json_set_str(row, "device", block_id(b));
    if (qdev != NULL) {
        json_set(row, "qdev", json_ref(qdev));
    }
    if (node != NULL) {
        json_set_str(row, "node-name", node);
    }
    json_set(row, "stats", stats_json(&stats));
    json_array_add(opaque, row);
}

Json *qmp_query_blockstats(QmpCtx *ctx, const QmpQueryBlockstatsArgs *args, GError **errp)
{
    Json *list = json_array_new();

    block_foreach(add_stats, list);
    return list;
}

Json *qmp_query_named_block_nodes(QmpCtx *ctx, const QmpQueryNamedBlockNodesArgs *args,
                                  GError **errp)
{
    return blockdev_nodes_json();
}

Json *qmp_blockdev_add(QmpCtx *ctx, const Json *args, GError **errp)
{
    blockdev_add(args, errp);
    return NULL;
}

Json *qmp_blockdev_del(QmpCtx *ctx, const QmpBlockdevDelArgs *args, GError **errp)
{
    blockdev_del(args->node_name, errp);
    return NULL;
}

/* ---- Media */

typedef struct DeviceQuery { const char *id; Block *found; } DeviceQuery;

/* Is id the device that has this drive: its path, or the last part of it? */
static void match_device(Block *b, void *opaque)
{
    DeviceQuery *q = opaque;
    g_autofree char *path = block_device_path(b);
    const char *tail = strrchr(path, '/');

    if (tail != NULL && (strcmp(path, q->id) == 0 || strcmp(tail + 1, q->id) == 0)) {
        q->found = b;
    }
}

static Block *find_drive(const char *device, const char *id, GError **errp)
{
    DeviceQuery q = { .id = id };

    if ((device == NULL) == (id == NULL)) {
        err_fail(errp, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    if (device != NULL) {
        q.found = block_find(device);
    } else {
        block_foreach(match_device, &q);
    }
    if (q.found == NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", device != NULL ? device : id);
    }
    return q.found;
}

Json *qmp_eject(QmpCtx *ctx, const QmpEjectArgs *args, GError **errp)
{
    Block *b = find_drive(args->device, args->id, errp);

    if (b != NULL) {
        block_eject(b, args->has_force && args->force, errp);
    }
    return NULL;
}

Json *qmp_blockdev_change_medium(QmpCtx *ctx, const QmpBlockdevChangeMediumArgs *args,
                                 GError **errp)
{
    Block *b = find_drive(args->device, args->id, errp);
    int read_only = -1;

    if (b == NULL) {
        return NULL;
    }
    if (args->has_read_only_mode && args->read_only_mode != QMP_READ_ONLY_MODE_RETAIN) {
        read_only = args->read_only_mode == QMP_READ_ONLY_MODE_READ_ONLY;
    }
    block_change(b, args->filename, args->format, read_only, errp);
    return NULL;
}

Json *qmp_blockdev_open_tray(QmpCtx *ctx, const QmpBlockdevOpenTrayArgs *args, GError **errp)
{
    Block *b = find_drive(args->device, args->id, errp);

    if (b != NULL) {
        block_tray_open(b, args->has_force && args->force, errp);
    }
    return NULL;
}

Json *qmp_blockdev_close_tray(QmpCtx *ctx, const QmpBlockdevCloseTrayArgs *args, GError **errp)
{
    Block *b = find_drive(args->device, args->id, errp);

    if (b != NULL) {
        block_tray_close(b, errp);
    }
    return NULL;
}

Json *qmp_blockdev_remove_medium(QmpCtx *ctx, const QmpBlockdevRemoveMediumArgs *args, GError **errp)
{
    Block *b = find_drive(NULL, args->id, errp);

    if (b != NULL) {
        block_remove_medium(b, errp);
    }
    return NULL;
}

Json *qmp_blockdev_insert_medium(QmpCtx *ctx, const QmpBlockdevInsertMediumArgs *args, GError **errp)
{
    Block *b = find_drive(NULL, args->id, errp);

    if (b != NULL) {
        block_insert_node(b, args->node_name, errp);
    }
    return NULL;
}

Json *qmp_query_jobs(QmpCtx *ctx, GError **errp)
{
    return json_array_new();
}

Json *qmp_query_block_jobs(QmpCtx *ctx, GError **errp)
{
    return json_array_new();
}

/* ---- Events */

static void on_tray_moved(void *opaque, Block *b, bool open)
{
    g_autoptr(Json) info = block_info_json(b);
    Json *data = json_object_new();
    const char *qdev = json_get_str(info, "qdev");

    json_set_str(data, "device", block_id(b));
    json_set_str(data, "id", qdev != NULL ? qdev : "");
    json_set_bool(data, "tray-open", open);
    qmp_event("DEVICE_TRAY_MOVED", data);
}

static void on_io_error(void *opaque, const Block *b, bool is_read, BlockErrorAction action, int error)
{
    static const char *const actions[] = { [BLOCK_ERROR_REPORT] = "report", [BLOCK_ERROR_IGNORE] = "ignore",
                                           [BLOCK_ERROR_STOP] = "stop" };
    g_autoptr(Json) info = block_info_json(b);
    Json *data = json_object_new(), *node = json_get(json_get(info, "inserted"), "node-name");

    json_set_str(data, "device", block_id(b));
    if (node != NULL) {
        json_set(data, "node-name", json_ref(node));
    }
    json_set_str(data, "operation", is_read ? "read" : "write");
    json_set_str(data, "action", actions[action]);
    if (error == ENOSPC) {
        json_set_bool(data, "nospace", true);
    }
    json_set_str(data, "reason", strerror(error));
    qmp_event("BLOCK_IO_ERROR", data);
}

void qmp_watch_block(void)
{
    static const BlockHooks hooks = { .tray_moved = on_tray_moved, .io_error = on_io_error };

    block_set_hooks(&hooks);
}

Json *qmp_block_resize(QmpCtx *ctx, const QmpBlockResizeArgs *args, GError **errp)
{
    const char *name = args->device != NULL ? args->device : args->node_name;
    Block *b = name != NULL ? block_find(name) : NULL;

    if (b == NULL) {
        err_fail_class(errp, ERR_GENERIC, "Cannot find device='%s' nor node-name='%s'",
                       args->device != NULL ? args->device : "",
                       args->node_name != NULL ? args->node_name : "");
    } else if (args->size < 0) {
        err_fail(errp, "Parameter 'size' expects a >0 size");
    } else {
        block_resize(b, (uint64_t)args->size, errp);
    }
    return NULL;
}
