/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of hw/pci. */
#ifndef HW_PCI_PCI_INT_H
#define HW_PCI_PCI_INT_H

#include "hw/pci/pci.h"

void pci_update_irq(PciDevice *pci);      /* tells the bus what the lines are now */
void pci_update_mappings(PciDevice *pci); /* BARs and bus mastering as the registers say */
void pci_reset_bars(PciDevice *pci);
void pci_msi_reset(PciDevice *pci); /* MSI and MSI-X off, tables masked */
void pci_msi_config_written(PciDevice *pci, unsigned off, unsigned size);
void pci_msix_fini(PciDevice *pci);
char *pci_class_fw_name(const PciDevice *pci);
void pci_print_qtree(const Device *dev, GString *out, int indent);

#endif
