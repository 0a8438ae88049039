/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of EVEX instructions in the 0F map: moves, arithmetic and conversions of AVX-512 F,
 * BW and DQ (SDM vol. 2, chapters 3-5). */
#include "target/i386/tcg/rows_evex.h"

/* packed single and double, their scalars; r: EV_RC or EV_SAE */
#define FP_ALL(nm, o, r)                                                                           \
    E3(nm##ps, MAP_0F, o, PFX_NONE, IF_W0 | IF_SIMD_FP, EV_D | (r), FE_AVX512F),                   \
        E3(nm##pd, MAP_0F, o, PFX_66, IF_W1 | IF_SIMD_FP, EV_Q | (r), FE_AVX512F),                 \
        S3(nm##ss, MAP_0F, o, PFX_F3, MEM_4, IF_W0 | IF_SIMD_FP, EV_S4 | (r), FE_AVX512F),         \
        S3(nm##sd, MAP_0F, o, PFX_F2, MEM_8, IF_W1 | IF_SIMD_FP, EV_S8 | (r), FE_AVX512F)
/* packed only, without exceptions */
#define FP_PACKED(nm, o, ev, fe)                                                                   \
    E3(nm##ps, MAP_0F, o, PFX_NONE, IF_W0, EV_D &(ev), fe),                                        \
        E3(nm##pd, MAP_0F, o, PFX_66, IF_W1, EV_Q &(ev), fe)
/* load and store under a mask */
#define MOVE(nm, lo, so, p, fl, ev, fe)                                                            \
    E2(nm, MAP_0F, lo, p, fl, ev, fe), ES(nm, MAP_0F, so, p, MEM_VL, fl, ev, fe)
#define MOVE_SCALAR(nm, p, w, fl, ev)                                                              \
    EVEX(nm, MAP_0F, 0x10, p, EXT_NONE, OP_V, OP_M, 0, 0, w, ACC_R, IF_MEM_ONLY | (fl), ev,        \
         FE_AVX512F),                                                                              \
        EVEX(nm, MAP_0F, 0x10, p, EXT_NONE, OP_V, OP_H, OP_U, 0, 0, 0, IF_REG_ONLY | (fl), ev,     \
             FE_AVX512F),                                                                          \
        EVEX(nm, MAP_0F, 0x11, p, EXT_NONE, OP_M, OP_V, 0, 0, w, ACC_W, IF_MEM_ONLY | (fl), ev,    \
             FE_AVX512F),                                                                          \
        EVEX(nm, MAP_0F, 0x11, p, EXT_NONE, OP_U, OP_H, OP_V, 0, 0, 0, IF_REG_ONLY | (fl), ev,     \
             FE_AVX512F)
/* half of a register from or to memory, and the move between halves of registers */
#define MOVE_HALF(nm, o, p, fl)                                                                    \
    EVEX(nm, MAP_0F, o, p, EXT_NONE, OP_V, OP_H, OP_M, 0, MEM_8, ACC_R,                            \
         IF_MEM_ONLY | IF_L0 | (fl), 0, FE_AVX512F),                                               \
        EVEX(nm, MAP_0F, o + 1, p, EXT_NONE, OP_M, OP_V, 0, 0, MEM_8, ACC_W,                       \
             IF_MEM_ONLY | IF_L0 | (fl), 0, FE_AVX512F)
#define MOVE_ACROSS(nm, o)                                                                         \
    EVEX(nm, MAP_0F, o, PFX_NONE, EXT_NONE, OP_V, OP_H, OP_U, 0, 0, 0,                             \
         IF_REG_ONLY | IF_L0 | IF_W0, 0, FE_AVX512F)
#define STORE_NT(nm, o, p, fl)                                                                     \
    EVEX(nm, MAP_0F, o, p, EXT_NONE, OP_M, OP_V, 0, 0, MEM_VL, ACC_W,                              \
         IF_MEM_ONLY | IF_ALIGN | (fl), EV_VL, FE_AVX512F)

static const InsnRow rows_move[] = {
    MOVE(movups, 0x10, 0x11, PFX_NONE, IF_W0, NB(EV_D), FE_AVX512F),
    MOVE(movupd, 0x10, 0x11, PFX_66, IF_W1, NB(EV_Q), FE_AVX512F),
    MOVE_SCALAR(movss, PFX_F3, MEM_4, IF_W0, EV_S4),
    MOVE_SCALAR(movsd, PFX_F2, MEM_8, IF_W1, EV_S8),
    MOVE_HALF(movlps, 0x12, PFX_NONE, IF_W0),
    MOVE_HALF(movlpd, 0x12, PFX_66, IF_W1),
    MOVE_HALF(movhps, 0x16, PFX_NONE, IF_W0),
    MOVE_HALF(movhpd, 0x16, PFX_66, IF_W1),
    MOVE_ACROSS(movhlps, 0x12),
    MOVE_ACROSS(movlhps, 0x16),
    E2(movsldup, MAP_0F, 0x12, PFX_F3, IF_W0, NF(NB(EV_D)), FE_AVX512F),
    E2(movshdup, MAP_0F, 0x16, PFX_F3, IF_W0, NF(NB(EV_D)), FE_AVX512F),
    EL(movddup, MAP_0F, 0x12, PFX_F2, MEM_8, IF_W1 | IF_L0, NF(NB(EV_Q)), FE_AVX512F),
    EL(movddup, MAP_0F, 0x12, PFX_F2, MEM_VL, IF_W1 | IF_L1 | IF_L2, NF(NB(EV_Q)), FE_AVX512F),
    MOVE(movaps, 0x28, 0x29, PFX_NONE, IF_W0 | IF_ALIGN, NB(EV_D), FE_AVX512F),
    MOVE(movapd, 0x28, 0x29, PFX_66, IF_W1 | IF_ALIGN, NB(EV_Q), FE_AVX512F),
    MOVE(movdqa32, 0x6f, 0x7f, PFX_66, IF_W0 | IF_ALIGN, NB(EV_D), FE_AVX512F),
    MOVE(movdqa64, 0x6f, 0x7f, PFX_66, IF_W1 | IF_ALIGN, NB(EV_Q), FE_AVX512F),
    MOVE(movdqu32, 0x6f, 0x7f, PFX_F3, IF_W0, NB(EV_D), FE_AVX512F),
    MOVE(movdqu64, 0x6f, 0x7f, PFX_F3, IF_W1, NB(EV_Q), FE_AVX512F),
    MOVE(movdqu8, 0x6f, 0x7f, PFX_F2, IF_W0, EV_B, FE_AVX512BW),
    MOVE(movdqu16, 0x6f, 0x7f, PFX_F2, IF_W1, EV_W, FE_AVX512BW),
    STORE_NT(movntps, 0x2b, PFX_NONE, IF_W0),
    STORE_NT(movntpd, 0x2b, PFX_66, IF_W1),
    STORE_NT(movntdq, 0xe7, PFX_66, IF_W0),
    EVEX(movd, MAP_0F, 0x6e, PFX_66, EXT_NONE, OP_V, OP_Ey, 0, 0, MEM_Y, ACC_R, IF_L0, 0,
         FE_AVX512F),
    EVEX(movd, MAP_0F, 0x7e, PFX_66, EXT_NONE, OP_Ey, OP_V, 0, 0, MEM_Y, ACC_W, IF_L0, 0,
         FE_AVX512F),
    EL(movq, MAP_0F, 0x7e, PFX_F3, MEM_8, IF_W1 | IF_L0, 0, FE_AVX512F),
    ES(movq, MAP_0F, 0xd6, PFX_66, MEM_8, IF_W1 | IF_L0, 0, FE_AVX512F),
    EVEX(pinsrw, MAP_0F, 0xc4, PFX_66, EXT_NONE, OP_V, OP_H, OP_Ed, OP_Ib, MEM_2, ACC_R, IF_L0, 0,
         FE_AVX512BW),
    EVEX(pextrw, MAP_0F, 0xc5, PFX_66, EXT_NONE, OP_Gd, OP_U, OP_Ib, 0, 0, 0, IF_REG_ONLY | IF_L0,
         0, FE_AVX512BW),
};
INSN_ROWS(avx512_move, rows_move);

#define COMPARE(nm, o, p, w, fl)                                                                   \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_EVEX, .map = MAP_0F, .opcode = o, .pfx = p, .ext = EXT_NONE,   \
        .rm = EXT_NONE, .op = { OP_V, OP_W }, .mem = w, .acc = ACC_R,                              \
        .flags = IF_AVX512 | IF_PASS | IF_SIMD_FP | (fl), .feature = FE_AVX512F,                   \
        .fl_write = FL_STATUS, .evx = EV_SAE, .sem = sem_native                                    \
    }
/* between a scalar and a general register */
#define FROM_GPR(nm, o, p, fl, ev)                                                                 \
    EVEX(nm, MAP_0F, o, p, EXT_NONE, OP_V, OP_H, OP_Ey, 0, MEM_Y, ACC_R, fl, ev, FE_AVX512F)
#define TO_GPR(nm, o, p, w, ev)                                                                    \
    EVEX(nm, MAP_0F, o, p, EXT_NONE, OP_Gy, OP_W, 0, 0, w, ACC_R, IF_SIMD_FP, ev, FE_AVX512F)
#define CVT(nm, o, p, w, fl, ev, fe) EL(cvt##nm, MAP_0F, o, p, w, IF_SIMD_FP | (fl), ev, fe)
#define F                            FE_AVX512F
#define DQ                           FE_AVX512DQ
#define BW                           FE_AVX512BW

static const InsnRow rows_fp[] = {
    FP_PACKED(unpckl, 0x14, NF_EV, F),
    FP_PACKED(unpckh, 0x15, NF_EV, F),
    FP_PACKED(and, 0x54, ANY_EV, DQ),
    FP_PACKED(andn, 0x55, ANY_EV, DQ),
    FP_PACKED(or, 0x56, ANY_EV, DQ),
    FP_PACKED(xor, 0x57, ANY_EV, DQ),
    FP_ALL(add, 0x58, EV_RC),
    FP_ALL(mul, 0x59, EV_RC),
    FP_ALL(sub, 0x5c, EV_RC),
    FP_ALL(min, 0x5d, EV_SAE),
    FP_ALL(div, 0x5e, EV_RC),
    FP_ALL(max, 0x5f, EV_SAE),
    E2(sqrtps, MAP_0F, 0x51, PFX_NONE, IF_W0 | IF_SIMD_FP, EV_D | EV_RC, F),
    E2(sqrtpd, MAP_0F, 0x51, PFX_66, IF_W1 | IF_SIMD_FP, EV_Q | EV_RC, F),
    S3(sqrtss, MAP_0F, 0x51, PFX_F3, MEM_4, IF_W0 | IF_SIMD_FP, EV_S4 | EV_RC, F),
    S3(sqrtsd, MAP_0F, 0x51, PFX_F2, MEM_8, IF_W1 | IF_SIMD_FP, EV_S8 | EV_RC, F),
    COMPARE(ucomiss, 0x2e, PFX_NONE, MEM_4, IF_W0),
    COMPARE(ucomisd, 0x2e, PFX_66, MEM_8, IF_W1),
    COMPARE(comiss, 0x2f, PFX_NONE, MEM_4, IF_W0),
    COMPARE(comisd, 0x2f, PFX_66, MEM_8, IF_W1),
    EKI(cmpps, MAP_0F, 0xc2, PFX_NONE, IF_W0 | IF_SIMD_FP, EV_D | EV_SAE, F),
    EKI(cmppd, MAP_0F, 0xc2, PFX_66, IF_W1 | IF_SIMD_FP, EV_Q | EV_SAE, F),
    EVEX(cmpss, MAP_0F, 0xc2, PFX_F3, EXT_NONE, OP_K, OP_H, OP_W, OP_Ib, MEM_4, ACC_R,
         IF_W0 | IF_SIMD_FP, KD(EV_S4) | EV_SAE, F),
    EVEX(cmpsd, MAP_0F, 0xc2, PFX_F2, EXT_NONE, OP_K, OP_H, OP_W, OP_Ib, MEM_8, ACC_R,
         IF_W1 | IF_SIMD_FP, KD(EV_S8) | EV_SAE, F),
    E3I(shufps, MAP_0F, 0xc6, PFX_NONE, IF_W0, NF(EV_D), F),
    E3I(shufpd, MAP_0F, 0xc6, PFX_66, IF_W1, NF(EV_Q), F),
    /* scalars and general registers */
    FROM_GPR(cvtsi2ss, 0x2a, PFX_F3, IF_SIMD_FP, EV_RC),
    FROM_GPR(cvtsi2sd, 0x2a, PFX_F2, IF_SIMD_FP, EV_RC),
    FROM_GPR(cvtusi2ss, 0x7b, PFX_F3, IF_SIMD_FP, EV_RC),
    FROM_GPR(cvtusi2sd, 0x7b, PFX_F2, IF_SIMD_FP, EV_RC),
    TO_GPR(cvttss2si, 0x2c, PFX_F3, MEM_4, EV_SAE),
    TO_GPR(cvttsd2si, 0x2c, PFX_F2, MEM_8, EV_SAE),
    TO_GPR(cvtss2si, 0x2d, PFX_F3, MEM_4, EV_RC),
    TO_GPR(cvtsd2si, 0x2d, PFX_F2, MEM_8, EV_RC),
    TO_GPR(cvttss2usi, 0x78, PFX_F3, MEM_4, EV_SAE),
    TO_GPR(cvttsd2usi, 0x78, PFX_F2, MEM_8, EV_SAE),
    TO_GPR(cvtss2usi, 0x79, PFX_F3, MEM_4, EV_RC),
    TO_GPR(cvtsd2usi, 0x79, PFX_F2, MEM_8, EV_RC),
    S3(cvtss2sd, MAP_0F, 0x5a, PFX_F3, MEM_4, IF_W0 | IF_SIMD_FP, EV_S4 | EV_SAE, F),
    S3(cvtsd2ss, MAP_0F, 0x5a, PFX_F2, MEM_8, IF_W1 | IF_SIMD_FP, EV_S8 | EV_RC, F),
    /* packed; element: the wider of both sides */
    CVT(ps2pd, 0x5a, PFX_NONE, MEM_VL2, IF_W0, EV_Q | EV_SAE, F),
    CVT(pd2ps, 0x5a, PFX_66, MEM_VL, IF_W1, EV_Q | EV_RC, F),
    CVT(dq2ps, 0x5b, PFX_NONE, MEM_VL, IF_W0, EV_D | EV_RC, F),
    CVT(qq2ps, 0x5b, PFX_NONE, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(ps2dq, 0x5b, PFX_66, MEM_VL, IF_W0, EV_D | EV_RC, F),
    CVT(tps2dq, 0x5b, PFX_F3, MEM_VL, IF_W0, EV_D | EV_SAE, F),
    CVT(tps2udq, 0x78, PFX_NONE, MEM_VL, IF_W0, EV_D | EV_SAE, F),
    CVT(tpd2udq, 0x78, PFX_NONE, MEM_VL, IF_W1, EV_Q | EV_SAE, F),
    CVT(tps2uqq, 0x78, PFX_66, MEM_VL2, IF_W0, EV_Q | EV_SAE, DQ),
    CVT(tpd2uqq, 0x78, PFX_66, MEM_VL, IF_W1, EV_Q | EV_SAE, DQ),
    CVT(ps2udq, 0x79, PFX_NONE, MEM_VL, IF_W0, EV_D | EV_RC, F),
    CVT(pd2udq, 0x79, PFX_NONE, MEM_VL, IF_W1, EV_Q | EV_RC, F),
    CVT(ps2uqq, 0x79, PFX_66, MEM_VL2, IF_W0, EV_Q | EV_RC, DQ),
    CVT(pd2uqq, 0x79, PFX_66, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(udq2pd, 0x7a, PFX_F3, MEM_VL2, IF_W0, EV_Q | EV_RC, F),
    CVT(uqq2pd, 0x7a, PFX_F3, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(udq2ps, 0x7a, PFX_F2, MEM_VL, IF_W0, EV_D | EV_RC, F),
    CVT(uqq2ps, 0x7a, PFX_F2, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(tps2qq, 0x7a, PFX_66, MEM_VL2, IF_W0, EV_Q | EV_SAE, DQ),
    CVT(tpd2qq, 0x7a, PFX_66, MEM_VL, IF_W1, EV_Q | EV_SAE, DQ),
    CVT(ps2qq, 0x7b, PFX_66, MEM_VL2, IF_W0, EV_Q | EV_RC, DQ),
    CVT(pd2qq, 0x7b, PFX_66, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(tpd2dq, 0xe6, PFX_66, MEM_VL, IF_W1, EV_Q | EV_SAE, F),
    CVT(dq2pd, 0xe6, PFX_F3, MEM_VL2, IF_W0, EV_Q | EV_RC, F),
    CVT(qq2pd, 0xe6, PFX_F3, MEM_VL, IF_W1, EV_Q | EV_RC, DQ),
    CVT(pd2dq, 0xe6, PFX_F2, MEM_VL, IF_W1, EV_Q | EV_RC, F),
};
INSN_ROWS(avx512_fp, rows_fp);

#define B3(nm, o, ev)    E3(nm, MAP_0F, o, PFX_66, 0, ev, BW)
#define D3(nm, o, ev)    E3(nm, MAP_0F, o, PFX_66, IF_W0, ev, F)
#define Q3(nm, o, ev)    E3(nm, MAP_0F, o, PFX_66, IF_W1, ev, F)
#define LOGIC(nd, nq, o) E3_DQ(nd, nq, MAP_0F, o, ANY_EV, F)
/* count in the low bits of an XMM register or 16 bytes of memory; and an immediate one */
#define SHIFT(nm, o, fl, ev, fe)                                                                   \
    EVEX(nm, MAP_0F, o, PFX_66, EXT_NONE, OP_V, OP_H, OP_W, 0, MEM_16, ACC_R, fl, NF(NB(ev)), fe)
#define SHIFT_I(nm, o, x, fl, ev, fe)                                                              \
    EVEX(nm, MAP_0F, o, PFX_66, x, OP_H, OP_W, OP_Ib, 0, MEM_VL, ACC_R, fl, ev, fe)

static const InsnRow rows_int[] = {
    B3(punpcklbw, 0x60, NF(EV_B)),
    B3(punpcklwd, 0x61, NF(EV_W)),
    D3(punpckldq, 0x62, NF(EV_D)),
    B3(packsswb, 0x63, NF(EV_B)),
    EK(pcmpgtb, MAP_0F, 0x64, PFX_66, 0, EV_B, BW),
    EK(pcmpgtw, MAP_0F, 0x65, PFX_66, 0, EV_W, BW),
    EK(pcmpgtd, MAP_0F, 0x66, PFX_66, IF_W0, EV_D, F),
    B3(packuswb, 0x67, NF(EV_B)),
    B3(punpckhbw, 0x68, NF(EV_B)),
    B3(punpckhwd, 0x69, NF(EV_W)),
    D3(punpckhdq, 0x6a, NF(EV_D)),
    E3(packssdw, MAP_0F, 0x6b, PFX_66, IF_W0, NF(EV_W) | EV_BC, BW),
    Q3(punpcklqdq, 0x6c, NF(EV_Q)),
    Q3(punpckhqdq, 0x6d, NF(EV_Q)),
    E2I(pshufd, MAP_0F, 0x70, PFX_66, IF_W0, NF(EV_D), F),
    E2I(pshufhw, MAP_0F, 0x70, PFX_F3, 0, NF(EV_W), BW),
    E2I(pshuflw, MAP_0F, 0x70, PFX_F2, 0, NF(EV_W), BW),
    SHIFT_I(psrlw, 0x71, 2, 0, EV_W, BW),
    SHIFT_I(psraw, 0x71, 4, 0, EV_W, BW),
    SHIFT_I(psllw, 0x71, 6, 0, EV_W, BW),
    SHIFT_I(prord, 0x72, 0, IF_W0, EV_D, F),
    SHIFT_I(prorq, 0x72, 0, IF_W1, EV_Q, F),
    SHIFT_I(prold, 0x72, 1, IF_W0, EV_D, F),
    SHIFT_I(prolq, 0x72, 1, IF_W1, EV_Q, F),
    SHIFT_I(psrld, 0x72, 2, IF_W0, EV_D, F),
    SHIFT_I(psrad, 0x72, 4, IF_W0, EV_D, F),
    SHIFT_I(psraq, 0x72, 4, IF_W1, EV_Q, F),
    SHIFT_I(pslld, 0x72, 6, IF_W0, EV_D, F),
    SHIFT_I(psrlq, 0x73, 2, IF_W1, EV_Q, F),
    SHIFT_I(psrldq, 0x73, 3, 0, EV_VL, BW),
    SHIFT_I(psllq, 0x73, 6, IF_W1, EV_Q, F),
    SHIFT_I(pslldq, 0x73, 7, 0, EV_VL, BW),
    EK(pcmpeqb, MAP_0F, 0x74, PFX_66, 0, EV_B, BW),
    EK(pcmpeqw, MAP_0F, 0x75, PFX_66, 0, EV_W, BW),
    EK(pcmpeqd, MAP_0F, 0x76, PFX_66, IF_W0, EV_D, F),
    SHIFT(psrlw, 0xd1, 0, EV_W, BW),
    SHIFT(psrld, 0xd2, IF_W0, EV_D, F),
    SHIFT(psrlq, 0xd3, IF_W1, EV_Q, F),
    SHIFT(psraw, 0xe1, 0, EV_W, BW),
    SHIFT(psrad, 0xe2, IF_W0, EV_D, F),
    SHIFT(psraq, 0xe2, IF_W1, EV_Q, F),
    SHIFT(psllw, 0xf1, 0, EV_W, BW),
    SHIFT(pslld, 0xf2, IF_W0, EV_D, F),
    SHIFT(psllq, 0xf3, IF_W1, EV_Q, F),
    Q3(paddq, 0xd4, EV_Q),
    B3(pmullw, 0xd5, EV_W),
    B3(psubusb, 0xd8, EV_B),
    B3(psubusw, 0xd9, EV_W),
    B3(pminub, 0xda, EV_B),
    LOGIC(pandd, pandq, 0xdb),
    B3(paddusb, 0xdc, EV_B),
    B3(paddusw, 0xdd, EV_W),
    B3(pmaxub, 0xde, EV_B),
    LOGIC(pandnd, pandnq, 0xdf),
    B3(pavgb, 0xe0, EV_B),
    B3(pavgw, 0xe3, EV_W),
    B3(pmulhuw, 0xe4, EV_W),
    B3(pmulhw, 0xe5, EV_W),
    B3(psubsb, 0xe8, EV_B),
    B3(psubsw, 0xe9, EV_W),
    B3(pminsw, 0xea, EV_W),
    LOGIC(pord, porq, 0xeb),
    B3(paddsb, 0xec, EV_B),
    B3(paddsw, 0xed, EV_W),
    B3(pmaxsw, 0xee, EV_W),
    LOGIC(pxord, pxorq, 0xef),
    Q3(pmuludq, 0xf4, EV_Q),
    B3(pmaddwd, 0xf5, NF(NB(EV_D))),
    B3(psadbw, 0xf6, EV_VL),
    B3(psubb, 0xf8, EV_B),
    B3(psubw, 0xf9, EV_W),
    D3(psubd, 0xfa, EV_D),
    Q3(psubq, 0xfb, EV_Q),
    B3(paddb, 0xfc, EV_B),
    B3(paddw, 0xfd, EV_W),
    D3(paddd, 0xfe, EV_D),
};
INSN_ROWS(avx512_int, rows_int);
