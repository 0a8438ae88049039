/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lane semantics of vector instructions: one function an instruction, the same for MMX, SSE and VEX forms.
 * sem_vec() brings the operands, the function computes d from a and b, sem_vec() stores d. */
#ifndef TARGET_I386_TCG_VEC_H
#define TARGET_I386_TCG_VEC_H

#include "target/i386/tcg/insn.h"

typedef union Vec {
    uint8_t b[32];
    uint16_t w[16];
    uint32_t d[8];
    uint64_t q[4];
    int8_t sb[32];
    int16_t sw[16];
    int32_t sd[8];
    int64_t sq[4];
    float f[8];
    double g[4];
} Vec;

typedef struct VecOp {
    Vec d;                          /* result; zero on entry. Legacy scalar forms: copy a first */
    Vec a;                          /* first source: VEX.vvvv, or the destination's old value */
    Vec b;                          /* second source: register or memory (zero above its width), or imm8 of a shift */
    Vec m;                          /* third: the register in imm8[7:4], or XMM0 for the legacy blends */
    Vec old;                        /* the destination's old value */
    unsigned n;                     /* bytes: 8, 16 or 32 */
    unsigned imm;
    unsigned w;                     /* 4 or 8: width of the general register operand (REX.W) */
    bool mem;                       /* b came from memory */
    bool vex, has_imm;
    uint64_t rax, rdx, rcx;         /* implicit registers of the string compares; rcx is
                                     * stored back if the row says so */
    uint32_t flags;                 /* status flags after */
} VecOp;

void sem_vec(X86Cpu *c, const Insn *i);
void x87_enter_mmx(X86Cpu *c);      /* TOP to 0, all tags valid; MMi keeps its physical register */

#define VEC_FN(name) void v_##name(VecOp *v)

#endif

