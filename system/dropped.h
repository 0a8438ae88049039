/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forms that QEMU once had and 7.2 has no longer: options, keys, values, monitor commands. What still has
 * a meaning works and is answered with one line that names today's form; the rest is refused in one line
 * that does. All rows are in dropped.c. */
#ifndef SYSTEM_DROPPED_H
#define SYSTEM_DROPPED_H

#include "system/options.h"

const Option *dropped_option(const char *name);         /* NULL */

/* A use whose text begins with a dropped value, or that has a dropped key: changed to today's form, with a
 * warning, or refused. To be called before and after its keys are taken apart. */
bool dropped_value(OptUse *use, GError **errp);
bool dropped_keys(OptUse *use, GError **errp);

/* A monitor command. today: how it is done now, for people. */
typedef struct DroppedCommand {
    const char *name, *today;
    const char *line;                                   /* with %s for the arguments; NULL: see make */
    char *(*make)(const char *args);                    /* NULL result: no single line does the same */
} DroppedCommand;

const DroppedCommand *dropped_command(const char *name);        /* NULL */
/* The line to run instead; NULL: there is none. Freed by the caller. */
char *dropped_command_line(const DroppedCommand *d, const char *args);

#endif
