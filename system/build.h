/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a VmConfig to a running machine, in fixed phases. Main thread. */
#ifndef SYSTEM_BUILD_H
#define SYSTEM_BUILD_H

#include "hw/core/machine.h"
#include "system/config.h"

/* Everything up to the first instruction. Called without the VM lock. NULL on failure, after
 * which the process should end; the report location says which option failed. */
Vm *build_vm(VmConfig *cfg, GError **errp);
/* -dump-vmstate: the rows of all device types, into a file. No machine is made. */
bool build_dump_vmstate(VmConfig *cfg, const char *file, GError **errp);
/* Monitors, chardevs and the machine go, in the opposite order. */
void build_free(Vm *vm);

/* Where firmware is looked for: -L first. Of char *, freed by the caller. */
GPtrArray *build_data_dirs(const VmConfig *cfg);

/* Phase 3 and 7 of chardevs: build_chars.c */
bool build_chardevs(VmConfig *cfg, GError **errp);
bool build_ports(Vm *vm, VmConfig *cfg, const MachineType *type, GError **errp);
bool build_monitors(Vm *vm, VmConfig *cfg, GError **errp);
/* Which back ends the user did not ask for and did not rule out: build_defaults.c */
typedef struct BuildDefaults { bool serial, parallel, monitor, floppy, cdrom, vga; } BuildDefaults;
BuildDefaults build_defaults(const VmConfig *cfg, const MachineType *type);

/* help_types.c; each prints and returns the exit status */
int help_device(const char *driver);
int help_object(const char *type);
int help_type_props(const char *machine, const char *suffix);
int help_cpu(void);
int help_drive_formats(void);

#endif
