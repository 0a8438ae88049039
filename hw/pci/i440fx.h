/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 440FX host bridge. VM lock held for all calls. */
#ifndef HW_PCI_I440FX_H
#define HW_PCI_I440FX_H

#include "hw/pci/pci.h"

extern const DeviceType i440fx_pcihost_type, i440fx_type;

typedef struct I440fxConfig {
    MemRegion *ram;     /* from address 0; kept */
    MemRegion *pci_mem; /* what lies behind RAM: BARs, VGA window, ROMs; kept */
    MemRegion *io;
} I440fxConfig;

/* Host bridge at 00:00.0 with its bus "pci.0". NULL + error. */
PciBus *i440fx_new(Vm *vm, const I440fxConfig *cfg, GError **errp);
/* 4 GiB region with what only SMM sees; for x86_cpu_set_smram(). */
MemRegion *i440fx_smram(PciBus *bus);

#endif
