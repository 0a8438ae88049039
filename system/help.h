/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -help, -version and the "help" forms of options print on standard output. */
#ifndef SYSTEM_HELP_H
#define SYSTEM_HELP_H

#include "system/config.h"

#define KITE_VERSION_TEXT "7.2.0 (Kite 0.1.0)"

void help_version(void);
void help_options(const char *program);
/* cfg->help was asked for. Returns the exit status. */
int help_for_use(const VmConfig *cfg, const OptUse *use);

#endif
