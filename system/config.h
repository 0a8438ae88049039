/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user asked for: the uses of options in order, and the few values that many readers
 * need already decoded. Filled by options_parse(); read-only from then on. */
#ifndef SYSTEM_CONFIG_H
#define SYSTEM_CONFIG_H

#include "hw/core/vm.h"
#include "system/options.h"

struct OptUse {
    const Option *opt;
    char *text;                     /* the argument; NULL for flags */
    char *where;                    /* "-device e1000": what messages name */
    Json *kv;                       /* KEYVAL, MERGE: its own keys; else NULL */
    bool help;                      /* "help" or "?" was asked for */
    char *id;                       /* of kv, for -set; NULL */
};

typedef struct CharPortUse { const OptUse *use; const char *text; } CharPortUse;

struct VmConfig {
    GPtrArray *uses;                /* of OptUse * */
    GHashTable *groups;             /* group name -> Json, merged, of MERGE options */
    GPtrArray *data_dirs;           /* of char *: -L */
    VmActions actions;
    bool watchdog_set;
    uint64_t ram_size, max_ram_size, ram_slots;     /* 0: the machine's default */
    bool nographic, no_default_nic;
    const char *vga;                /* "std", "none"; NULL: the machine's */
    const char *display;            /* "none"; NULL: not given */
    const OptUse *help;             /* the first use that asked for help */
    bool show_help, show_version;
};

VmConfig *config_new(void);
void config_free(VmConfig *cfg);

bool config_has(const VmConfig *cfg, const char *option);
const char *config_str(const VmConfig *cfg, const char *option);    /* text of the last use; NULL */
const OptUse *config_last(const VmConfig *cfg, const char *option); /* NULL */
unsigned config_count(const VmConfig *cfg, const char *option);
/* Merged keys of a group; an empty object when it was not used. Belongs to cfg. */
Json *config_group(VmConfig *cfg, const char *group);
const char *config_get(VmConfig *cfg, const char *group, const char *key);
/* CONFIG_FOREACH(cfg, "device", use) { ... }: the uses whose group (or, without one, name) is
 * that. */
bool config_use_is(const OptUse *use, const char *group);
#define CONFIG_FOREACH(cfg, group_, use)                                                    \
    for (unsigned use##_i = 0; use##_i < (cfg)->uses->len; use##_i++)                       \
        for (OptUse *use = g_ptr_array_index((cfg)->uses, use##_i);                         \
             use != NULL && config_use_is(use, group_); use = NULL)

OptUse *config_add(VmConfig *cfg, const Option *opt, const char *text, const char *where, Json *kv);
bool config_read_file(VmConfig *cfg, const char *path, GError **errp);      /* -readconfig */
/* -writeconfig; "-": stdout */
bool config_write_file(VmConfig *cfg, const char *path, GError **errp);
/* -set group.id.key=value */
bool config_set(VmConfig *cfg, const char *text, GError **errp);
/* Checks between options, when all are there. */
bool config_finish(VmConfig *cfg, GError **errp);

#endif
