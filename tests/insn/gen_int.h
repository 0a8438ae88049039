/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between gen.c, which encodes rows, and gen_random.c, which makes long sequences of them. */
#ifndef TESTS_INSN_GEN_INT_H
#define TESTS_INSN_GEN_INT_H

#include "tests/insn/insn_test.h"

/* Registers that a sequence does not write: pointers into the arena (the first a multiple of 64), a small index. */
typedef struct GenPlan {
    uint8_t ptr[2], index, count; /* NO_REG: none */
    uint32_t reserved;
    bool no_stack;              /* a return address lies there */
} GenPlan;

typedef struct Enc {
    Rng *r;
    const InsnRow *row;
    bool mode64, mem, w;
    uint8_t *p;
    uint8_t reg, rm, base, index, scale, vvvv, mod, x, b;
    unsigned disp_at, disp_n; /* displacement field, for addresses relative to rip or absolute */
    unsigned vl;
    uint8_t *evex; /* EVEX's first byte */
    const GenPlan *plan; /* NULL: any registers, aimed later */
    int32_t disp;
} Enc;

bool gen_encode(Enc *e, Insn *i);
uint64_t gen_value(Rng *r);
void gen_fill(Rng *r, void *p, size_t n);
void gen_x87(Rng *r, X86Xsave *xs);

#endif
