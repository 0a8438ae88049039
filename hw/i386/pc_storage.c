/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage controllers of the board. */
#include "hw/i386/pc.h"

#include "hw/ide/piix.h"

bool pc_storage_init(PcMachine *pc, GError **errp)
{
    if (pc->has_pci) {
        pc->ide = piix3_ide_new(pc->pci, PCI_DEVFN(1, 1), errp);
        return pc->ide != NULL;
    }
    return isa_ide_new(pc->m.vm, &pc->isa->bus, 0, errp) != NULL &&
           isa_ide_new(pc->m.vm, &pc->isa->bus, 1, errp) != NULL;
}
