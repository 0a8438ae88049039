/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage controllers of the board. */
#include "hw/i386/pc.h"

bool pc_storage_init(PcMachine *pc, GError **errp)
{
    return true;
}

bool pc_acpi_setup(PcMachine *pc, GError **errp)
{
    return true;
}

bool pc_smbios_setup(PcMachine *pc, GError **errp)
{
    return true;
}
