/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on drives and their media. */
#include <string.h>
#include "block/block.h"
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

static void info_block(Hmp *hmp, const Json *args)
{
    BlockList l = { .hmp = hmp, .only = json_get_str(args, "device"),
                    .verbose = json_get_bool(args, "verbose", false), .first = true };

    block_foreach(print_block, &l);
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

    if (b == NULL) {
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
    block_foreach(complete_block, out);
}

static const HmpCommand block_commands[] = {
    { "info block", "nodes:-n,verbose:-v,device:B?", "[-n] [-v] [device]",
      "drives (-v: more of each)", info_block, complete_blocks },
    { "info blockstats", NULL, "", "counts of drive requests", info_blockstats, NULL },
    { "eject", "force:-f,device:B", "[-f] device", "take the medium out (-f: even if locked)",
      cmd_eject, complete_blocks },
    { "change", "device:B,force:-f,filename:F,format:s?,mode:s?",
      "device [-f] filename [format [read-only-mode]]", "put another medium in", cmd_change,
      complete_blocks },
};
HMP_REGISTER(block_commands);
