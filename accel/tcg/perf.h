/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells Linux's perf which guest code a translated block stands for: -perfmap writes /tmp/perf-PID.map ("address size
 * name" lines), -jitdump writes jit-PID.dump, which has the code too
 * (tools/perf/Documentation/jitdump-specification.txt of the kernel's sources). Any thread; nothing happens unless
 * asked for. */
#ifndef ACCEL_TCG_PERF_H
#define ACCEL_TCG_PERF_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the first block is made; false + error when the file cannot be written. */
bool perf_map_open(GError **errp);
bool perf_dump_open(GError **errp);
bool perf_wanted(void);
/* The block at guest address pc. code stays where it is until perf_block() is called for another block there. */
void perf_block(const void *code, size_t size, uint64_t pc);

#endif
