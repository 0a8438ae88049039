/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -help, -version and the "help" forms of options print on standard output. */
#ifndef SYSTEM_HELP_H
#define SYSTEM_HELP_H

#include "system/config.h"

#define KITE_VERSION_TEXT "7.2.0 (Kite 0.1.0)"

void help_version(void);
void help_options(const char *program);
/* Appended to out: the devices a user may make, all: the others too; the properties of a driver (NULL: as
 * before); the same of -object; the back ends of -chardev. False + error: there is no such type. */
void help_all_devices(bool all, GString *out);
bool help_device_text(const char *driver, GString *out, GError **errp);
bool help_object_text(const char *type, GString *out, GError **errp);
void help_chardev_text(GString *out);
/* cfg->help was asked for. Returns the exit status. */
int help_for_use(const VmConfig *cfg, const OptUse *use);

#endif
