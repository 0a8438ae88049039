/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter's side of the instruction tests, for executors that fall back on it. */
#ifndef TESTS_INSN_INTERP_EXEC_H
#define TESTS_INSN_INTERP_EXEC_H

#include <setjmp.h>

#include "tests/insn/insn_test.h"

extern X86Cpu interp_cpu;
extern sigjmp_buf interp_out;       /* faults come back here, with the vector in the result */
void interp_begin(const InsnState *in, bool mode64, InsnState *out);
void interp_end(InsnState *out);
bool interp_at_end(void);
void sequence_end(InsnState *out);          /* was it the end of a random sequence, no fault? */

#endif
