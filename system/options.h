/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. Parsing only fills a VmConfig; building happens later, in phases. */
#ifndef SYSTEM_OPTIONS_H
#define SYSTEM_OPTIONS_H

#include "util/err.h"
#include "util/field.h"

typedef struct VmConfig VmConfig;
typedef struct OptUse OptUse;

typedef enum OptKind {
    OPT_FLAG,                       /* -S */
    /* -bios file: the last one counts unless its reader visits all */
    OPT_STRING,
    OPT_KEYVAL,                     /* -device e1000,netdev=n0: one more of its group, in order */
    OPT_MERGE,                      /* -machine pc,usb=on: all uses make one list, later keys win */
    OPT_SUGAR,                      /* -hda f: rewritten into other uses by apply */
    OPT_HEADING,                    /* no option: a line of -help between groups */
} OptKind;

typedef struct Option {
    const char *name;               /* without the dash; "--name" is the same option */
    OptKind kind;
    /* KEYVAL, MERGE: "device"; also what -readconfig and -set call it */
    const char *group;
    const char *implied_key;        /* -device e1000 means driver=e1000 */
    bool (*apply)(VmConfig *cfg, OptUse *use, GError **errp);   /* checks, rewrites; may be NULL */
    const char *usage, *help;       /* -help; usage NULL: not shown */
    /* the part of the program it needs and that is not there: refused */
    const char *missing;
    const char *alias_of;           /* another name of that option */
} Option;

extern const Option options[];      /* in -help order; ends with a row without name */

const Option *option_find(const char *name);            /* aliases resolved; NULL */
const Option *option_of_group(const char *group);       /* NULL */
/* On failure the report location says which option it was. */
bool options_parse(VmConfig *cfg, int argc, char **argv, GError **errp);
/* One use of opt with its text (NULL for flags), as if it stood on the command line. where: for
 * messages. */
bool options_use(VmConfig *cfg, const Option *opt, const char *text, const char *where,
                 GError **errp);

#endif
