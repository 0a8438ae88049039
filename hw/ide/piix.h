/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDE controllers of the boards. VM lock held. */
#ifndef HW_IDE_PIIX_H
#define HW_IDE_PIIX_H

#include "hw/pci/pci.h"

extern const DeviceType piix3_ide_type, isa_ide_type;

/* With the drives of the drive table. NULL + error. */
Device *piix3_ide_new(PciBus *bus, int devfn, GError **errp);
Device *isa_ide_new(Vm *vm, Bus *isa, unsigned channel, GError **errp);

#endif
