/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on drives and their media. */
#include <inttypes.h>
#include <string.h>
#include "block/block.h"
#include "block/blockdev.h"
#include "util/parse.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "util/err.h"

typedef struct BlockList { Hmp *hmp; const char *only; bool verbose, first; } BlockList;

static void print_block(Block *b, void *opaque)
{
    BlockList *l = opaque;
    g_autofree char *text = NULL;

    if (l->only != NULL && strcmp(l->only, block_id(b)) != 0) {
        return;
    }
    text = block_info_text(b, l->verbose);
    hmp_printf(l->hmp, "%s%s", l->first ? "" : "\n", text);
    l->first = false;
}

static void print_node(Hmp *hmp, const Json *n, bool verbose)
{
    const Json *cache = json_get(n, "cache"), *image = json_get(n, "image");
    const char *detect = json_get_str(n, "detect_zeroes");

    hmp_printf(hmp, "%s: %s (%s%s)\n    Cache mode:       %s%s%s\n", json_get_str(n, "node-name"),
               json_get_str(n, "file"), json_get_str(n, "drv"), json_get_bool(n, "ro", false) ? ", read-only" : "",
               json_get_bool(cache, "writeback", true) ? "writeback" : "writethrough",
               json_get_bool(cache, "direct", false) ? ", direct" : "",
               json_get_bool(cache, "no-flush", false) ? ", ignore flushes" : "");
    if (g_strcmp0(detect, "off") != 0) {
        hmp_printf(hmp, "    Detect zeroes:    %s\n", detect);
    }
    if (verbose) {
        uint64_t size = json_get_uint(image, "virtual-size", 0);
        g_autofree char *text = size_text(size);
        g_autofree char *disk = size_text(json_get_uint(image, "actual-size", 0));

        hmp_printf(hmp, "\nImages:\nimage: %s\nfile format: %s\nvirtual size: %s (%" PRIu64 " bytes)\n"
                   "disk size: %s\n", json_get_str(image, "filename"), json_get_str(image, "format"), text, size,
                   disk);
    }
}

/* -n: newest first, as they come from a list that grows at its head. */
static void info_nodes(Hmp *hmp, const char *only, bool verbose)
{
    g_autoptr(Json) nodes = blockdev_nodes_json();
    bool first = true;

    for (size_t i = json_len(nodes); i > 0; i--) {
        const Json *n = json_at(nodes, i - 1);

        if (only == NULL || strcmp(json_get_str(n, "node-name"), only) == 0) {
            hmp_puts(hmp, first ? "" : "\n");
            print_node(hmp, n, verbose);
            first = false;
        }
    }
}

static void info_block(Hmp *hmp, const Json *args)
{
    BlockList l = { .hmp = hmp, .only = json_get_str(args, "device"),
                    .verbose = json_get_bool(args, "verbose", false), .first = true };

    if (json_get_bool(args, "nodes", false)) {
        info_nodes(hmp, l.only, l.verbose);
    } else {
        block_foreach(print_block, &l);
    }
}

static void print_block_stats(Block *b, void *opaque)
{
    g_autofree char *text = block_stats_text(b);

    hmp_puts(opaque, text);
}

static void info_blockstats(Hmp *hmp, const Json *args)
{
    block_foreach(print_block_stats, hmp);
}

static Block *find_block(Hmp *hmp, const Json *args)
{
    const char *id = json_get_str(args, "device");
    Block *b = block_find(id);

    if (b == NULL && strcmp(id, "vnc") == 0) {
        hmp_puts(hmp, "Error: the VNC display is not in this version\n");
    } else if (b == NULL) {
        hmp_printf(hmp, "Error: Device '%s' not found\n", id);
    }
    return b;
}

static void cmd_eject(Hmp *hmp, const Json *args)
{
    Block *b = find_block(hmp, args);
    GError *err = NULL;

    if (b != NULL && !block_eject(b, json_get_bool(args, "force", false), &err)) {
        hmp_report(hmp, err);
    }
}

static void cmd_change(Hmp *hmp, const Json *args)
{
    static const char *const modes[] = { "retain", "read-only", "read-write" };
    const char *mode = json_get_str(args, "mode");
    Block *b = find_block(hmp, args);
    GError *err = NULL;
    int read_only = -1;

    if (b == NULL) {
        return;
    }
    if (mode != NULL && strcmp(mode, modes[0]) != 0) {
        if (strcmp(mode, modes[1]) != 0 && strcmp(mode, modes[2]) != 0) {
            hmp_printf(hmp, "Error: invalid parameter value: %s\n", mode);
            return;
        }
        read_only = strcmp(mode, modes[1]) == 0;
    }
    block_change(b, json_get_str(args, "filename"), json_get_str(args, "format"), read_only, &err);
    hmp_report(hmp, err);
}

static void complete_block(Block *b, void *opaque)
{
    g_ptr_array_add(opaque, g_strdup(block_id(b)));
}

static void complete_blocks(Hmp *hmp, const char *word, GPtrArray *out)
{
    static const char *const modes[] = { "retain", "read-only", "read-write", NULL };

    if (hmp_complete_index(hmp) == 0) {
        block_foreach(complete_block, out);
    } else if (hmp_complete_index(hmp) == 3) {
        hmp_complete_names(out, modes);
    }
}

static const HmpCommand block_commands[] = {
    { "info block", "nodes:-n,verbose:-v,device:B?", "[-n] [-v] [device]",
      "drives (-v: more of each; -n: nodes of the block graph)", info_block, complete_blocks },
    { "info blockstats", NULL, "", "counts of drive requests", info_blockstats, NULL },
    { "eject", "force:-f,device:B", "[-f] device", "take the medium out (-f: even if locked)",
      cmd_eject, complete_blocks },
    { "change", "device:B,force:-f,filename:F,format:s?,mode:s?",
      "device [-f] filename [format [read-only-mode]]", "put another medium in", cmd_change,
      complete_blocks },
};
HMP_REGISTER(block_commands);
