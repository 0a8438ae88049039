/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Semantics of last resort for vector and x87 instructions: the host's own instruction, run one at
 * a time on the guest's state. See native.c. */
#ifndef TARGET_I386_TCG_NATIVE_H
#define TARGET_I386_TCG_NATIVE_H

#include "target/i386/tcg/insn.h"

/* Operands for insn_encode(): register numbers as they are to stand in the host's instruction. */
typedef struct InsnEnc {
    uint8_t reg, rm, vvvv;      /* rm only for register forms */
    bool mem, gs;               /* memory form: [base + index << scale + disp], gs: relative to GS */
    uint8_t base, index, scale; /* base NO_REG: an absolute address; index NO_REG: none */
    int32_t disp;
} InsnEnc;

/* Writes the host encoding of i with other operands; at most 16 bytes. Returns the length. Branches
 * and instructions with moffs or far operands cannot be encoded. */
unsigned insn_encode(const Insn *i, const InsnEnc *e, uint8_t *out);

void sem_native(X86Cpu *c, const Insn *i); /* runs i on the host, precisely */
unsigned
insn_element(const Insn *i); /* EVEX: bytes of the element that one opmask bit stands for */
/* May the opmask leave parts of the memory operand untouched, and their faults out? */
bool insn_spares_memory(const Insn *i);
unsigned
insn_mem_bytes(const Insn *i); /* width of the memory operand, 0 for MEM_SPECIAL and none */

/* SIGFPE handlers: was it raised by sem_native()? The context then goes on behind the instruction.
 * Whoever installs such a handler says so by native_traps(). */
bool native_trapped(void *ucontext);
void native_traps(void);

/* #XM (or #UD) for MXCSR exception flags of which at least one is unmasked. */
G_NORETURN void x86_raise_simd(X86Cpu *c, uint32_t flags);
void sem_emms(X86Cpu *c, const Insn *i);
void sem_vzero(X86Cpu *c, const Insn *i);

/* x87 control and state images (sem_x87.c), FXSAVE/XSAVE family (sem_xsave.c) */
void sem_fnstcw(X86Cpu *c, const Insn *i);
void sem_fnstsw(X86Cpu *c, const Insn *i);
void sem_fnstsw_ax(X86Cpu *c, const Insn *i);
void sem_fninit(X86Cpu *c, const Insn *i);
void sem_fnclex(X86Cpu *c, const Insn *i);
void sem_fnnop(X86Cpu *c, const Insn *i);
void sem_fnstenv(X86Cpu *c, const Insn *i);
void sem_fnsave(X86Cpu *c, const Insn *i);
void sem_fldenv(X86Cpu *c, const Insn *i);
void sem_frstor(X86Cpu *c, const Insn *i);
void sem_fwait(X86Cpu *c, const Insn *i);

uint64_t x86_xinuse(const X86Cpu *c); /* components not in their initial configuration */

/* masked and gathered memory operands, MXCSR (sem_vecmem.c) */
void sem_maskmov(X86Cpu *c, const Insn *i);
void sem_gather(X86Cpu *c, const Insn *i);
void sem_evex_gather(X86Cpu *c, const Insn *i);
void sem_evex_scatter(X86Cpu *c, const Insn *i);
void sem_maskmovdqu(X86Cpu *c, const Insn *i);
void sem_ldmxcsr(X86Cpu *c, const Insn *i);
void sem_stmxcsr(X86Cpu *c, const Insn *i);

#endif
