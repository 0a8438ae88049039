/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor prints and returns about drives: info block, info blockstats, query-block. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "block/block_int.h"
#include "block/blockdev.h"
#include "util/parse.h"

/* The node people mean: not the temporary layer. */
static const BlockNode *info_node(const Block *b)
{
    return b->m.root != NULL && b->m.root->backing != NULL ? b->m.root->backing : b->m.root;
}

static uint64_t info_disk_size(const BlockNode *n)
{
    const BlockNode *file = n->file != NULL ? n->file : n;
    g_autoptr(Json) j = file->drv->info == NULL ? NULL : file->drv->info((BlockNode *)(uintptr_t)file);

    return json_get_uint(j, "actual-size", 0);
}

static void info_print_image(const BlockNode *n, const char *filename, GString *out)
{
    g_autofree char *size = size_text(n->length);
    g_autofree char *disk = size_text(info_disk_size(n));

    g_string_append_printf(out, "\nImages:\nimage: %s\nfile format: %s\nvirtual size: %s (%" PRIu64 " bytes)\n"
                           "disk size: %s\n", filename, n->drv->name, size, n->length, disk);
}

static void info_print_user(const Block *b, GString *out)
{
    bool locked = false, open = false;

    if (b->user != NULL && b->user->qom_path != NULL) {
        g_autofree char *path = b->user->qom_path(b->user_opaque);

        g_string_append_printf(out, "    Attached to:      %s\n", path);
    }
    if (b->user != NULL && !b->user->removable) {
        return;
    }
    if (b->user != NULL) {
        locked = b->user->locked != NULL && b->user->locked(b->user_opaque);
        open = b->user->tray_open != NULL && b->user->tray_open(b->user_opaque);
    }
    g_string_append_printf(out, "    Removable device: %slocked, tray %s\n", locked ? "" : "not ",
                           open ? "open" : "closed");
}

char *block_info_text(const Block *b, bool verbose)
{
    static const char *const detect[] = { "off", "on", "unmap" };
    const BlockNode *root = b->m.root, *n = info_node(b);
    g_autofree char *path = b->id[0] == '\0' ? block_device_path(b) : NULL;
    GString *out = g_string_new(path != NULL ? path : b->id);

    if (root == NULL) {
        g_string_append(out, ": [not inserted]\n");
        info_print_user(b, out);
        return g_string_free(out, FALSE);
    }
    g_string_append_printf(out, " (%s): %s (%s%s)\n", root->name, b->m.filename, root->drv->name,
                           node_writable(root) ? "" : ", read-only");
    info_print_user(b, out);
    g_string_append_printf(out, "    Cache mode:       %s%s%s\n", b->m.write_cache ? "writeback" : "writethrough",
                           root->flags & NODE_DIRECT ? ", direct" : "",
                           root->flags & NODE_NO_FLUSH ? ", ignore flushes" : "");
    if (root->backing != NULL) {
        g_string_append_printf(out, "    Backing file:     %s (chain depth: 1)\n", b->m.filename);
    }
    if (b->m.detect_zeroes != DETECT_OFF) {
        g_string_append_printf(out, "    Detect zeroes:    %s\n", detect[b->m.detect_zeroes]);
    }
    if (verbose) {
        info_print_image(n, b->m.filename, out);
    }
    return g_string_free(out, FALSE);
}

BlockStats block_stats(const Block *b)
{
    return b->stats;
}

char *block_stats_text(const Block *b)
{
    const BlockStats *s = &b->stats;

    return g_strdup_printf("%s: rd_bytes=%" PRIu64 " wr_bytes=%" PRIu64 " rd_operations=%" PRIu64
                           " wr_operations=%" PRIu64 " flush_operations=%" PRIu64 " wr_total_time_ns=%" PRIu64
                           " rd_total_time_ns=%" PRIu64 " flush_total_time_ns=%" PRIu64
                           " rd_merged=0 wr_merged=0 idle_time_ns=0\n",
                           b->id, s->rd_bytes, s->wr_bytes, s->rd_ops, s->wr_ops, s->flush_ops, s->wr_ns, s->rd_ns,
                           s->flush_ns);
}

static Json *info_image_json(const BlockNode *n, const char *filename)
{
    Json *image = json_object_new();

    json_set_uint(image, "virtual-size", n->length);
    json_set_str(image, "filename", filename);
    json_set_str(image, "format", n->drv->name);
    json_set_uint(image, "actual-size", info_disk_size(n));
    json_set_bool(image, "dirty-flag", false);
    return image;
}

/* root as seen through its own settings; shown is the node people mean by it. */
static Json *info_node_json(const BlockNode *root, const BlockNode *shown, const char *filename)
{
    static const char *const unlimited[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr",
                                             "write_threshold" };
    Json *j = json_object_new();

    json_set_str(j, "file", filename);
    json_set_str(j, "node-name", root->name);
    json_set_bool(j, "ro", !node_writable(root));
    json_set_str(j, "drv", root->drv->name);
    json_set_int(j, "backing_file_depth", root->backing != NULL);
    if (root->backing != NULL) {
        json_set_str(j, "backing_file", filename);
    }
    json_set_bool(j, "encrypted", false);
    for (size_t i = 0; i < G_N_ELEMENTS(unlimited); i++) {
        json_set_int(j, unlimited[i], 0);
    }
    json_set(j, "image", info_image_json(shown, filename));
    return j;
}

static void info_set_cache(Json *j, const BlockNode *n, bool write_cache, int detect)
{
    Json *cache = json_object_new();

    json_set_str(j, "detect_zeroes", detect == DETECT_OFF ? "off" : detect == DETECT_ON ? "on" : "unmap");
    json_set_bool(cache, "writeback", write_cache);
    json_set_bool(cache, "direct", (n->flags & NODE_DIRECT) != 0);
    json_set_bool(cache, "no-flush", (n->flags & NODE_NO_FLUSH) != 0);
    json_set(j, "cache", cache);
}

static Json *info_inserted_json(const Block *b)
{
    Json *j = info_node_json(b->m.root, info_node(b), b->m.filename != NULL ? b->m.filename : "");

    info_set_cache(j, b->m.root, b->m.write_cache, b->m.detect_zeroes);
    return j;
}

static void info_add_node(BlockNode *n, void *opaque)
{
    const char *filename = n->filename != NULL ? n->filename : n->file != NULL ? n->file->filename : NULL;
    Json *j;

    if (n->opened) {
        j = info_node_json(n, n, filename != NULL ? filename : "");
        info_set_cache(j, n, true, DETECT_OFF);
        json_array_add(opaque, j);
    }
}

Json *blockdev_nodes_json(void)
{
    Json *list = json_array_new();

    node_visit(info_add_node, list);
    return list;
}

/* Drives whose errors may stop the machine; a floppy drive never does. */
static bool info_has_status(const Block *b)
{
    bool write_stops = b->m.werror == ON_ERROR_AUTO || b->m.werror == ON_ERROR_ENOSPC || b->m.werror == ON_ERROR_STOP;

    return b->user != NULL && (!b->user->removable || b->user->tray_open != NULL) &&
        (write_stops || b->m.rerror == ON_ERROR_STOP);
}

Json *block_info_json(const Block *b)
{
    Json *j = json_object_new();
    bool removable = b->user == NULL || b->user->removable;

    json_set_str(j, "device", b->id);
    json_set_str(j, "type", "unknown");
    json_set_bool(j, "removable", removable);
    json_set_bool(j, "locked", b->user != NULL && b->user->locked != NULL && b->user->locked(b->user_opaque));
    if (b->user != NULL && b->user->qom_path != NULL) {
        g_autofree char *path = b->user->qom_path(b->user_opaque);
        static const char named[] = "/machine/peripheral/";
        bool has_id = g_str_has_prefix(path, named) && strchr(path + strlen(named), '/') == NULL;

        json_set_str(j, "qdev", has_id ? path + strlen(named) : path);
    }
    if (removable && b->user != NULL && b->user->tray_open != NULL) {
        json_set_bool(j, "tray_open", b->user->tray_open(b->user_opaque));
    }
    if (info_has_status(b)) {
        json_set_str(j, "io-status", b->stopped_by == 0 ? "ok" : b->stopped_by == ENOSPC ? "nospace" : "failed");
    }
    if (b->m.root != NULL) {
        json_set(j, "inserted", info_inserted_json(b));
    }
    return j;
}
