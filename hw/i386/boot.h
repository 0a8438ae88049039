/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that load kernels. */
#ifndef HW_I386_BOOT_H
#define HW_I386_BOOT_H

#include "hw/i386/pc.h"

/* The ROMs in optionrom */
extern const uint8_t optionrom_linuxboot[], optionrom_linuxboot_end[];
extern const uint8_t optionrom_flatboot[], optionrom_flatboot_end[];

/* fw_cfg file genroms/NAME; in the boot order when boot_index is not negative, or first (INT_MIN).
 */
bool pc_add_rom(PcMachine *pc, const char *name, const uint8_t *start, const uint8_t *end,
                int boot_index, GError **errp);
/* A multiboot or PVH image: contents of -kernel. */
bool pc_load_elf_kernel(PcMachine *pc, const uint8_t *data, size_t size, const char *append,
                        GError **errp);

#endif
