/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short forms for the rows of EVEX instructions: operand shape in the macro's name, what EVEX's
 * fields may say in ev (EvexRow of insn.h). All run on the host, copied or by sem_native(). Private
 * to rows_avx512*.c. Naming: nm without the leading v, fl extra IF_* flags, fe the feature. */
#ifndef TARGET_I386_TCG_ROWS_EVEX_H
#define TARGET_I386_TCG_ROWS_EVEX_H

#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "target/i386/tcg/native.h"

#define EVEX(nm, m, o, p, x, a, b, c, d, w, ac, fl, ev, fe)                                        \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_EVEX, .map = m, .opcode = o, .pfx = p, .ext = x,               \
        .rm = EXT_NONE, .op = { a, b, c, d }, .mem = w, .acc = ac,                                 \
        .flags = IF_AVX512 | IF_PASS | (fl), .feature = fe, .evx = ev, .sem = sem_native           \
    }

/* Packed instructions by mask element. NF: masked-off memory elements are accessed all the same;
 * NB: no broadcast; KD: the destination is an opmask */
#define EV_B   (EV_K | EV_Z | EV_VL | ES1 | FS_ELEM)
#define EV_W   (EV_K | EV_Z | EV_VL | ES2 | FS_ELEM)
#define EV_D   (EV_K | EV_Z | EV_VL | ES4 | FS_ELEM | EV_BC)
#define EV_Q   (EV_K | EV_Z | EV_VL | ES8 | FS_ELEM | EV_BC)
#define NF(ev) ((ev) & ~FS_MASK)
#define NB(ev) ((ev) & ~EV_BC)
#define KD(ev) ((ev) & ~EV_Z)
/* scalar instructions */
#define EV_S4 (EV_K | EV_Z | ES4 | FS_ONE)
#define EV_S8 (EV_K | EV_Z | ES8 | FS_ONE)

/* operands of full width, one source, two sources, with immediate; opmask destinations */
#define E2(nm, m, o, p, fl, ev, fe)                                                                \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, fl, ev, fe)
#define E3(nm, m, o, p, fl, ev, fe)                                                                \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_H, OP_W, 0, MEM_VL, ACC_R, fl, ev, fe)
#define E2I(nm, m, o, p, fl, ev, fe)                                                               \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R, fl, ev, fe)
#define E3I(nm, m, o, p, fl, ev, fe)                                                               \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R, fl, ev, fe)
#define EK(nm, m, o, p, fl, ev, fe)                                                                \
    EVEX(nm, m, o, p, EXT_NONE, OP_K, OP_H, OP_W, 0, MEM_VL, ACC_R, fl, KD(ev), fe)
#define EKI(nm, m, o, p, fl, ev, fe)                                                               \
    EVEX(nm, m, o, p, EXT_NONE, OP_K, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R, fl, KD(ev), fe)
/* one source of another width, and stores of another width */
#define EL(nm, m, o, p, w, fl, ev, fe)                                                             \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_W, 0, 0, w, ACC_R, fl, ev, fe)
#define ES(nm, m, o, p, w, fl, ev, fe)                                                             \
    EVEX(nm, m, o, p, EXT_NONE, OP_W, OP_V, 0, 0, w, ACC_W, fl, ev, fe)
/* scalar: two sources, with immediate */
#define S3(nm, m, o, p, w, fl, ev, fe)                                                             \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_H, OP_W, 0, w, ACC_R, fl, ev, fe)
#define S3I(nm, m, o, p, w, fl, ev, fe)                                                            \
    EVEX(nm, m, o, p, EXT_NONE, OP_V, OP_H, OP_W, OP_Ib, w, ACC_R, fl, ev, fe)

/* 4- and 8-byte element forms of one opcode, by W */
#define E3_DQ(nd, nq, m, o, ev, fe)                                                                \
    E3(nd, m, o, PFX_66, IF_W0, EV_D &(ev), fe), E3(nq, m, o, PFX_66, IF_W1, EV_Q &(ev), fe)
#define E2_DQ(nd, nq, m, o, ev, fe)                                                                \
    E2(nd, m, o, PFX_66, IF_W0, EV_D &(ev), fe), E2(nq, m, o, PFX_66, IF_W1, EV_Q &(ev), fe)
#define E3I_DQ(nd, nq, m, o, ev, fe)                                                               \
    E3I(nd, m, o, PFX_66, IF_W0, EV_D &(ev), fe), E3I(nq, m, o, PFX_66, IF_W1, EV_Q &(ev), fe)
#define E2I_DQ(nd, nq, m, o, ev, fe)                                                               \
    E2I(nd, m, o, PFX_66, IF_W0, EV_D &(ev), fe), E2I(nq, m, o, PFX_66, IF_W1, EV_Q &(ev), fe)
#define ANY_EV 0xffff
#define NF_EV  (0xffff & ~FS_MASK)

#endif
