/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage controllers of the board. */
#include "hw/i386/pc.h"

#include "hw/block/fdc.h"
#include "hw/ide/piix.h"

bool pc_storage_init(PcMachine *pc, GError **errp)
{
    pc->fdc = isa_fdc_new(pc->m.vm, &pc->isa->bus, errp);
    if (pc->fdc == NULL) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        pc->floppy_cmos[i] = isa_fdc_cmos_type(pc->fdc, i);
    }
    if (pc->has_pci) {
        pc->ide = piix3_ide_new(pc->pci, PCI_DEVFN(1, 1), errp);
        return pc->ide != NULL;
    }
    return isa_ide_new(pc->m.vm, &pc->isa->bus, 0, errp) != NULL &&
           isa_ide_new(pc->m.vm, &pc->isa->bus, 1, errp) != NULL;
}
