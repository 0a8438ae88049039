/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between native_exec.c, which has the signal handler, and native_fast.c. */
#ifndef TESTS_INSN_NATIVE_INT_H
#define TESTS_INSN_NATIVE_INT_H

#include <ucontext.h>

#include "tests/insn/insn_test.h"

/* Guest code runs from here until native_ended(); fault is called when a signal ends it. */
void native_begin(void (*fault)(ucontext_t *uc), InsnState *out);
bool native_ended(void);                        /* false: fault was called */
void native_result(const ucontext_t *uc, InsnState *out);
void native_quiet(ucontext_t *uc);              /* x87 and MXCSR as C code wants them */
/* X86Xsave to and from the host's layout. */
void native_xstate_in(const InsnState *in, uint8_t *xs);
void native_xstate_out(const uint8_t *xs, X86Xsave *out);

#endif
