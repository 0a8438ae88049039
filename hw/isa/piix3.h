/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371SB PCI-to-ISA bridge. VM lock held for all calls. */
#ifndef HW_ISA_PIIX3_H
#define HW_ISA_PIIX3_H

#include "hw/isa/isa.h"
#include "hw/pci/pci.h"

extern const DeviceType piix3_type;

/* At devfn, as function 0 of several. Makes the bus "isa.0" and routes the PCI lines of bus through
 * its PIRQ registers to the ISA interrupts, which the board sets by isa_bus_set_irqs(). NULL +
 * error. */
IsaBus *piix3_new(PciBus *bus, int devfn, GError **errp);

#endif
