/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MONITOR_HMP_H
#define MONITOR_HMP_H

#include "util/json.h"
#include "util/set.h"

typedef struct Hmp Hmp;

typedef struct HmpCommand {
    const char *names;              /* "cont|c"; "info block" is a name too */
    const char *args;               /* "device:B,force:-f" */
    const char *params, *help;      /* what "help" prints */
    void (*run)(Hmp *hmp, const Json *args);    /* calls QMP handlers, then prints */
    void (*complete)(Hmp *hmp, const char *word, GPtrArray *out);
} HmpCommand;

SET_DECLARE(hmp_commands, HmpCommand);
void hmp_printf(Hmp *hmp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#endif
