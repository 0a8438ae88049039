/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. Parsing only fills a VmConfig; building happens later, in phases. */
#ifndef SYSTEM_OPTIONS_H
#define SYSTEM_OPTIONS_H

#include "util/err.h"
#include "util/field.h"

typedef struct VmConfig VmConfig;

typedef enum OptKind {
    OPT_FLAG,                       /* -S */
    OPT_STRING,                     /* -name vm1 */
    OPT_KEYVAL,                     /* -device e1000,netdev=n0: appended to its group, in order */
    OPT_SUGAR,                      /* -hda f: rewritten into KEYVALs by its handler */
} OptKind;

typedef struct Option {
    const char *name;               /* without the dash; "--name" is the same option */
    OptKind kind;
    const char *group;              /* KEYVAL: "device"; also the key of query-command-line-options */
    const char *implied_key;        /* -device e1000 means driver=e1000 */
    bool (*apply)(VmConfig *cfg, const char *arg, GError **errp);
    const char *usage, *help;       /* -help */
} Option;

extern const Option options[];      /* in -help order */
bool options_parse(VmConfig *cfg, int argc, char **argv, GError **errp);

#endif
