/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/device.h"

typedef struct PciInfo { uint16_t vendor, device, class_id; uint8_t revision; bool express; } PciInfo;

typedef struct PciDevice {
    Device dev;
    int32_t devfn;
    uint8_t *config;
    AddrSpace *dma;
} PciDevice;

extern const DeviceType pci_device;     /* abstract: addr, romfile, multifunction ... */
extern const BusType pci_bus;

void pci_add_bar(PciDevice *pci, unsigned bar, MemRegion *r, unsigned flags);
bool pci_add_msi(PciDevice *pci, unsigned vectors, GError **errp);
void pci_irq_set(PciDevice *pci, int level);        /* INTx, or MSI vector 0 when the guest enabled it */

#endif
