/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator's items of the log: in_asm, out_asm, exec, cpu, nochain, under the address filter. Own thread of
 * the vCPU, vector state in memory. */
#ifndef ACCEL_TCG_LOGGING_H
#define ACCEL_TCG_LOGGING_H

#include "accel/tcg/block.h"
#include "util/log.h"

/* With any of these each block comes back to the run loop, so that none is missed. */
enum { TCG_LOG_BLOCKS = LOG_EXEC | LOG_CPU | LOG_NOCHAIN };

void tcg_log_made(TcgVcpu *v, const Block *b);          /* in_asm, out_asm */
void tcg_log_block(TcgVcpu *v, const Block *b);         /* exec, cpu: about to run */
void tcg_log_interpreted(TcgVcpu *v);                   /* the same for an instruction that no block holds */
void tcg_log_level_changed(TcgVcpu *v);                 /* links made before go when they may not be any more */

#endif
