/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Display adapters with a VGA core. VM lock held for all calls. */
#ifndef HW_DISPLAY_VGA_H
#define HW_DISPLAY_VGA_H

#include "hw/core/device.h"

extern const DeviceType vga_pci_type; /* "VGA" */
extern const DeviceType vga_isa_type; /* "isa-vga" */

#endif
