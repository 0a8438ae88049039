/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which registers gdb is told of, in the order of their numbers. A layout is made of groups; a group that a layout
 * does not have takes no numbers. */
#ifndef TARGET_I386_GDB_INT_H
#define TARGET_I386_GDB_INT_H

#include <stdbool.h>
#include <stdint.h>

/* A layout: 64 or 32, whether there are the upper halves of YMM, and whether code is 16 bits wide. */
enum { GDB_BITS = 0x7f, GDB_AVX = 0x80, GDB_REAL = 0x100 };

typedef enum GdbGroup {
    GDB_GPR, GDB_PC, GDB_FLAGS, GDB_SEL, GDB_BASE, GDB_KGS, GDB_CR, GDB_ST, GDB_FCTL, GDB_XMM, GDB_MXCSR, GDB_YMMH,
    GDB_GROUPS
} GdbGroup;

unsigned gdb_group_count(unsigned layout, GdbGroup g);  /* registers */
unsigned gdb_group_size(unsigned layout, GdbGroup g);   /* bytes of one */
unsigned gdb_group_first(unsigned layout, GdbGroup g);  /* number of the first */

#endif
