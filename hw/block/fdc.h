/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floppy disk controller of the boards. VM lock held. */
#ifndef HW_BLOCK_FDC_H
#define HW_BLOCK_FDC_H

#include "hw/isa/isa.h"

extern const DeviceType isa_fdc_type, floppy_type;

/* With the floppy drives of the drive table. NULL + error. */
Device *isa_fdc_new(Vm *vm, Bus *isa, GError **errp);
/* Drive type as CMOS has it: 0 none, 2 1.2 MB, 4 1.44 MB, 5 2.88 MB. */
uint8_t isa_fdc_cmos_type(Device *fdc, unsigned drive);

#endif
