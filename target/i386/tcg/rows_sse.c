/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of SSE to SSE4.2, SSE4A, AES, PCLMULQDQ, SHA and GFNI with their AVX twins (SDM vol.
 * 2, 3-6). */
#include "target/i386/tcg/rows_vec.h"

#define L1(o) MAP_0F, o
#define CMPF  FL_STATUS

static const InsnRow rows_fp[] = {
    FP3_ALL(add, 0x58),
    FP3_ALL(mul, 0x59),
    FP3_ALL(sub, 0x5c),
    FP3_ALL(min, 0x5d),
    FP3_ALL(div, 0x5e),
    FP3_ALL(max, 0x5f),
    FP2(sqrtps, MAP_0F, 0x51, PFX_NONE, MEM_VL, IF_SIMD_FP, FE_SSE, FE_AVX),
    FP2(sqrtpd, MAP_0F, 0x51, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP3(sqrtss, MAP_0F, 0x51, PFX_F3, MEM_4, IF_SIMD_FP, FE_SSE, FE_AVX),
    FP3(sqrtsd, MAP_0F, 0x51, PFX_F2, MEM_8, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(rsqrtps, MAP_0F, 0x52, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(rsqrtss, MAP_0F, 0x52, PFX_F3, MEM_4, 0, FE_SSE, FE_AVX),
    FP2(rcpps, MAP_0F, 0x53, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(rcpss, MAP_0F, 0x53, PFX_F3, MEM_4, 0, FE_SSE, FE_AVX),
    FP3(andps, MAP_0F, 0x54, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(andpd, MAP_0F, 0x54, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    FP3(andnps, MAP_0F, 0x55, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(andnpd, MAP_0F, 0x55, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    FP3(orps, MAP_0F, 0x56, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(orpd, MAP_0F, 0x56, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    FP3(xorps, MAP_0F, 0x57, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(xorpd, MAP_0F, 0x57, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    FP3(unpcklps, MAP_0F, 0x14, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(unpcklpd, MAP_0F, 0x14, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    FP3(unpckhps, MAP_0F, 0x15, PFX_NONE, MEM_VL, 0, FE_SSE, FE_AVX),
    FP3(unpckhpd, MAP_0F, 0x15, PFX_66, MEM_VL, 0, FE_SSE2, FE_AVX),
    /* SSE3 */
    FP3(addsubpd, MAP_0F, 0xd0, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP3(addsubps, MAP_0F, 0xd0, PFX_F2, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP3(haddpd, MAP_0F, 0x7c, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP3(haddps, MAP_0F, 0x7c, PFX_F2, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP3(hsubpd, MAP_0F, 0x7d, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP3(hsubps, MAP_0F, 0x7d, PFX_F2, MEM_VL, IF_SIMD_FP, FE_SSE3, FE_AVX),
    FP2(movsldup, MAP_0F, 0x12, PFX_F3, MEM_VL, 0, FE_SSE3, FE_AVX),
    FP2(movshdup, MAP_0F, 0x16, PFX_F3, MEM_VL, 0, FE_SSE3, FE_AVX),
    ROW(movddup, ENC_LEGACY, MAP_0F, 0x12, PFX_F2, OP_V, OP_W, 0, 0, MEM_8, ACC_R, SSE_, FE_SSE3),
    VROW(movddup, ENC_VEX, MAP_0F, 0x12, PFX_F2, OP_V, OP_W, 0, 0, MEM_8, ACC_R, AVX_ | IF_L0,
         FE_AVX),
    VROW(movddup, ENC_VEX, MAP_0F, 0x12, PFX_F2, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, AVX_ | IF_L1,
         FE_AVX),
    /* conversions */
    FP2(cvtps2pd, MAP_0F, 0x5a, PFX_NONE, MEM_VL2, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvtpd2ps, MAP_0F, 0x5a, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP3(cvtss2sd, MAP_0F, 0x5a, PFX_F3, MEM_4, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP3(cvtsd2ss, MAP_0F, 0x5a, PFX_F2, MEM_8, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvtdq2ps, MAP_0F, 0x5b, PFX_NONE, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvtps2dq, MAP_0F, 0x5b, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvttps2dq, MAP_0F, 0x5b, PFX_F3, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvttpd2dq, MAP_0F, 0xe6, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvtpd2dq, MAP_0F, 0xe6, PFX_F2, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),
    FP2(cvtdq2pd, MAP_0F, 0xe6, PFX_F3, MEM_VL2, 0, FE_SSE2, FE_AVX),
    ROW(cvtpi2ps, ENC_LEGACY, MAP_0F, 0x2a, PFX_NONE, OP_V, OP_Q, 0, 0, MEM_8, ACC_R,
        SSE_ | IF_MMX | IF_SIMD_FP, FE_SSE),
    ROW(cvtpi2pd, ENC_LEGACY, MAP_0F, 0x2a, PFX_66, OP_V, OP_Q, 0, 0, MEM_8, ACC_R, SSE_ | IF_MMX,
        FE_SSE2),
    ROW(cvttps2pi, ENC_LEGACY, MAP_0F, 0x2c, PFX_NONE, OP_P, OP_W, 0, 0, MEM_8, ACC_R,
        SSE_ | IF_MMX | IF_SIMD_FP, FE_SSE),
    ROW(cvttpd2pi, ENC_LEGACY, MAP_0F, 0x2c, PFX_66, OP_P, OP_W, 0, 0, MEM_16, ACC_R,
        SSE_ | IF_MMX | IF_SIMD_FP | IF_ALIGN, FE_SSE2),
    ROW(cvtps2pi, ENC_LEGACY, MAP_0F, 0x2d, PFX_NONE, OP_P, OP_W, 0, 0, MEM_8, ACC_R,
        SSE_ | IF_MMX | IF_SIMD_FP, FE_SSE),
    ROW(cvtpd2pi, ENC_LEGACY, MAP_0F, 0x2d, PFX_66, OP_P, OP_W, 0, 0, MEM_16, ACC_R,
        SSE_ | IF_MMX | IF_SIMD_FP | IF_ALIGN, FE_SSE2),
    ROW(cvtsi2ss, ENC_LEGACY, MAP_0F, 0x2a, PFX_F3, OP_V, OP_Ey, 0, 0, MEM_Y, ACC_R,
        SSE_ | IF_SIMD_FP, FE_SSE),
    ROW(cvtsi2sd, ENC_LEGACY, MAP_0F, 0x2a, PFX_F2, OP_V, OP_Ey, 0, 0, MEM_Y, ACC_R,
        SSE_ | IF_SIMD_FP, FE_SSE2),
    VROW(cvtsi2ss, ENC_VEX, MAP_0F, 0x2a, PFX_F3, OP_V, OP_H, OP_Ey, 0, MEM_Y, ACC_R,
         AVX_ | IF_SIMD_FP, FE_AVX),
    VROW(cvtsi2sd, ENC_VEX, MAP_0F, 0x2a, PFX_F2, OP_V, OP_H, OP_Ey, 0, MEM_Y, ACC_R,
         AVX_ | IF_SIMD_FP, FE_AVX),
#define CVT2SI(nm, o)                                                                              \
    ROW(nm##ss2si, ENC_LEGACY, MAP_0F, o, PFX_F3, OP_Gy, OP_W, 0, 0, MEM_4, ACC_R,                 \
        SSE_ | IF_SIMD_FP, FE_SSE),                                                                \
        ROW(nm##sd2si, ENC_LEGACY, MAP_0F, o, PFX_F2, OP_Gy, OP_W, 0, 0, MEM_8, ACC_R,             \
            SSE_ | IF_SIMD_FP, FE_SSE2),                                                           \
        VROW(nm##ss2si, ENC_VEX, MAP_0F, o, PFX_F3, OP_Gy, OP_W, 0, 0, MEM_4, ACC_R,               \
             AVX_ | IF_SIMD_FP, FE_AVX),                                                           \
        VROW(nm##sd2si, ENC_VEX, MAP_0F, o, PFX_F2, OP_Gy, OP_W, 0, 0, MEM_8, ACC_R,               \
             AVX_ | IF_SIMD_FP, FE_AVX)
    CVT2SI(cvtt, 0x2c),
    CVT2SI(cvt, 0x2d),
#define COMI(nm, o, p, w, fe)                                                                      \
    {.name = #nm,                                                                                  \
     .enc = ENC_LEGACY,                                                                            \
     .map = MAP_0F,                                                                                \
     .opcode = o,                                                                                  \
     .pfx = p,                                                                                     \
     .ext = X,                                                                                     \
     .rm = X,                                                                                      \
     .op = {OP_V, OP_W},                                                                           \
     .mem = w,                                                                                     \
     .acc = ACC_R,                                                                                 \
     .flags = SSE_ | IF_SIMD_FP,                                                                   \
     .feature = fe,                                                                                \
     .fl_write = CMPF,                                                                             \
     .sem = sem_vec,                                                                               \
     .vec = v_##nm},                                                                               \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_VEX, .map = MAP_0F, .opcode = o, .pfx = p, .ext = X, .rm = X,  \
        .op = {OP_V, OP_W}, .mem = w, .acc = ACC_R, .flags = AVX_ | IF_SIMD_FP, .feature = FE_AVX, \
        .fl_write = CMPF, .sem = sem_vec, .vec = v_##nm                                            \
    }
    COMI(ucomiss, 0x2e, PFX_NONE, MEM_4, FE_SSE),
    COMI(ucomisd, 0x2e, PFX_66, MEM_8, FE_SSE2),
    COMI(comiss, 0x2f, PFX_NONE, MEM_4, FE_SSE),
    COMI(comisd, 0x2f, PFX_66, MEM_8, FE_SSE2),
#define IMM3(nm, m, o, p, w, fl, fe)                                                               \
    ROW(nm, ENC_LEGACY, m, o, p, OP_V, OP_W, OP_Ib, 0, w, ACC_R,                                   \
        SSE_ | (fl) | ((w) == MEM_VL ? IF_ALIGN : 0), fe),                                         \
        VROW(nm, ENC_VEX, m, o, p, OP_V, OP_H, OP_W, OP_Ib, w, ACC_R, AVX_ | (fl), FE_AVX)
#define IMM2(nm, m, o, p, w, fl, fe)                                                               \
    ROW(nm, ENC_LEGACY, m, o, p, OP_V, OP_W, OP_Ib, 0, w, ACC_R,                                   \
        SSE_ | (fl) | ((w) == MEM_VL ? IF_ALIGN : 0), fe),                                         \
        VROW(nm, ENC_VEX, m, o, p, OP_V, OP_W, OP_Ib, 0, w, ACC_R, AVX_ | (fl), FE_AVX)
    IMM3(cmpps, MAP_0F, 0xc2, PFX_NONE, MEM_VL, IF_SIMD_FP, FE_SSE),
    IMM3(cmppd, MAP_0F, 0xc2, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2),
    IMM3(cmpss, MAP_0F, 0xc2, PFX_F3, MEM_4, IF_SIMD_FP, FE_SSE),
    IMM3(cmpsd, MAP_0F, 0xc2, PFX_F2, MEM_8, IF_SIMD_FP, FE_SSE2),
    IMM3(shufps, MAP_0F, 0xc6, PFX_NONE, MEM_VL, 0, FE_SSE),
    IMM3(shufpd, MAP_0F, 0xc6, PFX_66, MEM_VL, 0, FE_SSE2),
    IMM2(roundps, MAP_0F3A, 0x08, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE41),
    IMM2(roundpd, MAP_0F3A, 0x09, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE41),
    IMM3(roundss, MAP_0F3A, 0x0a, PFX_66, MEM_4, IF_SIMD_FP, FE_SSE41),
    IMM3(roundsd, MAP_0F3A, 0x0b, PFX_66, MEM_8, IF_SIMD_FP, FE_SSE41),
    IMM3(blendps, MAP_0F3A, 0x0c, PFX_66, MEM_VL, 0, FE_SSE41),
    IMM3(blendpd, MAP_0F3A, 0x0d, PFX_66, MEM_VL, 0, FE_SSE41),
    IMM3(dpps, MAP_0F3A, 0x40, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE41),
    ROW(dppd, ENC_LEGACY, MAP_0F3A, 0x41, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
        SSE_ | IF_SIMD_FP | IF_ALIGN, FE_SSE41),
    VROW(dppd, ENC_VEX, MAP_0F3A, 0x41, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_SIMD_FP | IF_L0, FE_AVX),
    ROW(insertps, ENC_LEGACY, MAP_0F3A, 0x21, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_4, ACC_R, SSE_,
        FE_SSE41),
    VROW(insertps, ENC_VEX, MAP_0F3A, 0x21, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_4, ACC_R,
         AVX_ | IF_L0, FE_AVX),
    ROW(extractps, ENC_LEGACY, MAP_0F3A, 0x17, PFX_66, OP_Ed, OP_V, OP_Ib, 0, MEM_4, ACC_W, SSE_,
        FE_SSE41),
    VROW(extractps, ENC_VEX, MAP_0F3A, 0x17, PFX_66, OP_Ed, OP_V, OP_Ib, 0, MEM_4, ACC_W,
         AVX_ | IF_L0, FE_AVX),
};
INSN_ROWS(sse_fp, rows_fp);

/* moves; loads and stores */
#define LDST(nm, lo, so, p, fe, al)                                                                \
    ROW(nm, ENC_LEGACY, MAP_0F, lo, p, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, SSE_ | (al), fe),          \
        ROW(nm, ENC_LEGACY, MAP_0F, so, p, OP_W, OP_V, 0, 0, MEM_VL, ACC_W, SSE_ | (al), fe),      \
        VROW(nm, ENC_VEX, MAP_0F, lo, p, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, AVX_ | (al), FE_AVX),    \
        VROW(nm, ENC_VEX, MAP_0F, so, p, OP_W, OP_V, 0, 0, MEM_VL, ACC_W, AVX_ | (al), FE_AVX)
#define MOVS1(nm, p, w, fe)                                                                        \
    ROW(nm, ENC_LEGACY, MAP_0F, 0x10, p, OP_V, OP_W, 0, 0, w, ACC_R, SSE_, fe),                    \
        ROW(nm, ENC_LEGACY, MAP_0F, 0x11, p, OP_W, OP_V, 0, 0, w, ACC_W, SSE_, fe),                \
        VROW(nm, ENC_VEX, MAP_0F, 0x10, p, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | IF_MEM_ONLY,         \
             FE_AVX),                                                                              \
        VROW(nm, ENC_VEX, MAP_0F, 0x11, p, OP_W, OP_V, 0, 0, w, ACC_W, AVX_ | IF_MEM_ONLY,         \
             FE_AVX),                                                                              \
        VROW(nm, ENC_VEX, MAP_0F, 0x10, p, OP_V, OP_H, OP_U, 0, 0, 0, AVX_ | IF_REG_ONLY, FE_AVX), \
        VROW(nm, ENC_VEX, MAP_0F, 0x11, p, OP_U, OP_H, OP_V, 0, 0, 0, AVX_ | IF_REG_ONLY, FE_AVX)
#define HALF(nm, lo, p, fe)                                                                        \
    ROW(nm, ENC_LEGACY, MAP_0F, lo, p, OP_V, OP_M, 0, 0, MEM_8, ACC_R, SSE_ | IF_MEM_ONLY, fe),    \
        ROW(nm, ENC_LEGACY, MAP_0F, lo + 1, p, OP_M, OP_V, 0, 0, MEM_8, ACC_W, SSE_ | IF_MEM_ONLY, \
            fe),                                                                                   \
        VROW(nm, ENC_VEX, MAP_0F, lo, p, OP_V, OP_H, OP_M, 0, MEM_8, ACC_R,                        \
             AVX_ | IF_MEM_ONLY | IF_L0, FE_AVX),                                                  \
        VROW(nm, ENC_VEX, MAP_0F, lo + 1, p, OP_M, OP_V, 0, 0, MEM_8, ACC_W,                       \
             AVX_ | IF_MEM_ONLY | IF_L0, FE_AVX)
#define STORE(nm, m, o, p, fe)                                                                     \
    ROW(nm, ENC_LEGACY, m, o, p, OP_M, OP_V, 0, 0, MEM_VL, ACC_W, SSE_ | IF_ALIGN | IF_MEM_ONLY,   \
        fe),                                                                                       \
        VROW(nm, ENC_VEX, m, o, p, OP_M, OP_V, 0, 0, MEM_VL, ACC_W, AVX_ | IF_ALIGN | IF_MEM_ONLY, \
             FE_AVX)
#define MSK(nm, o, p, fe)                                                                          \
    ROW(nm, ENC_LEGACY, MAP_0F, o, p, OP_Gd, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY, fe),            \
        VROW(nm, ENC_VEX, MAP_0F, o, p, OP_Gd, OP_U, 0, 0, 0, 0, AVX_ | IF_REG_ONLY, FE_AVX)

static const InsnRow rows_mov[] = {
    LDST(movaps, 0x28, 0x29, PFX_NONE, FE_SSE, IF_ALIGN),
    LDST(movapd, 0x28, 0x29, PFX_66, FE_SSE2, IF_ALIGN),
    LDST(movups, 0x10, 0x11, PFX_NONE, FE_SSE, 0),
    LDST(movupd, 0x10, 0x11, PFX_66, FE_SSE2, 0),
    LDST(movdqa, 0x6f, 0x7f, PFX_66, FE_SSE2, IF_ALIGN),
    LDST(movdqu, 0x6f, 0x7f, PFX_F3, FE_SSE2, 0),
    MOVS1(movss, PFX_F3, MEM_4, FE_SSE),
    MOVS1(movsd, PFX_F2, MEM_8, FE_SSE2),
    HALF(movlps, 0x12, PFX_NONE, FE_SSE),
    HALF(movlpd, 0x12, PFX_66, FE_SSE2),
    HALF(movhps, 0x16, PFX_NONE, FE_SSE),
    HALF(movhpd, 0x16, PFX_66, FE_SSE2),
    ROW(movhlps, ENC_LEGACY, MAP_0F, 0x12, PFX_NONE, OP_V, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE),
    VROW(movhlps, ENC_VEX, MAP_0F, 0x12, PFX_NONE, OP_V, OP_H, OP_U, 0, 0, 0,
         AVX_ | IF_REG_ONLY | IF_L0, FE_AVX),
    ROW(movlhps, ENC_LEGACY, MAP_0F, 0x16, PFX_NONE, OP_V, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE),
    VROW(movlhps, ENC_VEX, MAP_0F, 0x16, PFX_NONE, OP_V, OP_H, OP_U, 0, 0, 0,
         AVX_ | IF_REG_ONLY | IF_L0, FE_AVX),
    STORE(movntps, MAP_0F, 0x2b, PFX_NONE, FE_SSE),
    STORE(movntpd, MAP_0F, 0x2b, PFX_66, FE_SSE2),
    STORE(movntdq, MAP_0F, 0xe7, PFX_66, FE_SSE2),
    ROW(movntss, ENC_LEGACY, MAP_0F, 0x2b, PFX_F3, OP_M, OP_V, 0, 0, MEM_4, ACC_W,
        SSE_ | IF_MEM_ONLY, FE_SSE4A),
    ROW(movntsd, ENC_LEGACY, MAP_0F, 0x2b, PFX_F2, OP_M, OP_V, 0, 0, MEM_8, ACC_W,
        SSE_ | IF_MEM_ONLY, FE_SSE4A),
    ROW(movnti, ENC_LEGACY, MAP_0F, 0xc3, PFX_NONE, OP_M, OP_Gy, 0, 0, MEM_Y, ACC_W,
        IF_PASS | IF_MEM_ONLY, FE_SSE2),
    ROW(movntq, ENC_LEGACY, MAP_0F, 0xe7, PFX_NONE, OP_M, OP_P, 0, 0, MEM_8, ACC_W,
        MMX_ | IF_MEM_ONLY, FE_SSE),
    ROW(movntdqa, ENC_LEGACY, MAP_0F38, 0x2a, PFX_66, OP_V, OP_M, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN | IF_MEM_ONLY, FE_SSE41),
    VROW(movntdqa, ENC_VEX, MAP_0F38, 0x2a, PFX_66, OP_V, OP_M, 0, 0, MEM_VL, ACC_R,
         AVX_ | IF_ALIGN | IF_MEM_ONLY | IF_L0, FE_AVX),
    VROW(movntdqa, ENC_VEX, MAP_0F38, 0x2a, PFX_66, OP_V, OP_M, 0, 0, MEM_VL, ACC_R,
         AVX_ | IF_ALIGN | IF_MEM_ONLY | IF_L1, FE_AVX2),
    ROW(lddqu, ENC_LEGACY, MAP_0F, 0xf0, PFX_F2, OP_V, OP_M, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_MEM_ONLY, FE_SSE3),
    VROW(lddqu, ENC_VEX, MAP_0F, 0xf0, PFX_F2, OP_V, OP_M, 0, 0, MEM_VL, ACC_R, AVX_ | IF_MEM_ONLY,
         FE_AVX),
    MSK(movmskps, 0x50, PFX_NONE, FE_SSE),
    MSK(movmskpd, 0x50, PFX_66, FE_SSE2),
    ROW(pmovmskb, ENC_LEGACY, MAP_0F, 0xd7, PFX_NONE, OP_Gd, OP_N, 0, 0, 0, 0, MMX_ | IF_REG_ONLY,
        FE_SSE),
    ROW(pmovmskb, ENC_LEGACY, MAP_0F, 0xd7, PFX_66, OP_Gd, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE2),
    VROW(pmovmskb, ENC_VEX, MAP_0F, 0xd7, PFX_66, OP_Gd, OP_U, 0, 0, 0, 0,
         AVX_ | IF_REG_ONLY | IF_L0, FE_AVX),
    VROW(pmovmskb, ENC_VEX, MAP_0F, 0xd7, PFX_66, OP_Gd, OP_U, 0, 0, 0, 0,
         AVX_ | IF_REG_ONLY | IF_L1, FE_AVX2),
    /* movd, movq */
    ROW(movd, ENC_LEGACY, MAP_0F, 0x6e, PFX_NONE, OP_P, OP_Ey, 0, 0, MEM_Y, ACC_R, MMX_, FE_MMX),
    ROW(movd, ENC_LEGACY, MAP_0F, 0x7e, PFX_NONE, OP_Ey, OP_P, 0, 0, MEM_Y, ACC_W, MMX_, FE_MMX),
    ROW(movd, ENC_LEGACY, MAP_0F, 0x6e, PFX_66, OP_V, OP_Ey, 0, 0, MEM_Y, ACC_R, SSE_, FE_SSE2),
    ROW(movd, ENC_LEGACY, MAP_0F, 0x7e, PFX_66, OP_Ey, OP_V, 0, 0, MEM_Y, ACC_W, SSE_, FE_SSE2),
    VROW(movd, ENC_VEX, MAP_0F, 0x6e, PFX_66, OP_V, OP_Ey, 0, 0, MEM_Y, ACC_R, AVX_ | IF_L0,
         FE_AVX),
    VROW(movd, ENC_VEX, MAP_0F, 0x7e, PFX_66, OP_Ey, OP_V, 0, 0, MEM_Y, ACC_W, AVX_ | IF_L0,
         FE_AVX),
    ROW(movq, ENC_LEGACY, MAP_0F, 0x6f, PFX_NONE, OP_P, OP_Q, 0, 0, MEM_8, ACC_R, MMX_, FE_MMX),
    ROW(movq, ENC_LEGACY, MAP_0F, 0x7f, PFX_NONE, OP_Q, OP_P, 0, 0, MEM_8, ACC_W, MMX_, FE_MMX),
    ROW(movq, ENC_LEGACY, MAP_0F, 0x7e, PFX_F3, OP_V, OP_W, 0, 0, MEM_8, ACC_R, SSE_, FE_SSE2),
    ROW(movq, ENC_LEGACY, MAP_0F, 0xd6, PFX_66, OP_W, OP_V, 0, 0, MEM_8, ACC_W, SSE_, FE_SSE2),
    VROW(movq, ENC_VEX, MAP_0F, 0x7e, PFX_F3, OP_V, OP_W, 0, 0, MEM_8, ACC_R, AVX_ | IF_L0, FE_AVX),
    VROW(movq, ENC_VEX, MAP_0F, 0xd6, PFX_66, OP_W, OP_V, 0, 0, MEM_8, ACC_W, AVX_ | IF_L0, FE_AVX),
    ROW(movq2dq, ENC_LEGACY, MAP_0F, 0xd6, PFX_F3, OP_V, OP_N, 0, 0, 0, 0,
        SSE_ | IF_MMX | IF_REG_ONLY, FE_SSE2),
    ROW(movdq2q, ENC_LEGACY, MAP_0F, 0xd6, PFX_F2, OP_P, OP_U, 0, 0, 0, 0,
        SSE_ | IF_MMX | IF_REG_ONLY, FE_SSE2),
    ROW(extrq, ENC_LEGACY, MAP_0F, 0x79, PFX_66, OP_V, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE4A),
    ROW(insertq, ENC_LEGACY, MAP_0F, 0x79, PFX_F2, OP_V, OP_U, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE4A),
};
INSN_ROWS(sse_mov, rows_mov);

/* packed integers: MMX, SSE2, AVX, AVX2 of one opcode */
#define M(nm, o)  MINT3(nm, MAP_0F, o, FE_MMX, FE_SSE2)
/* the MMX form reads a half from memory */
#define ML(nm, o)                                                                                  \
    ROW(nm, ENC_LEGACY, MAP_0F, o, PFX_NONE, OP_P, OP_Q, 0, 0, MEM_4, ACC_R, MMX_, FE_MMX),        \
        INT3(nm, MAP_0F, o, FE_SSE2)
#define ME(nm, o) MINT3(nm, MAP_0F, o, FE_SSE, FE_SSE2)
#define S3(nm, o) MINT3(nm, MAP_0F38, o, FE_SSSE3, FE_SSSE3)
#define S4(nm, o) INT3(nm, MAP_0F38, o, FE_SSE41)
/* sign and zero extension: memory is a half, a quarter or an eighth of the register */
#define PMOVX(nm, o, w)                                                                            \
    ROW(nm, ENC_LEGACY, MAP_0F38, o, PFX_66, OP_V, OP_W, 0, 0, w, ACC_R, SSE_, FE_SSE41),          \
        INT_VEX2(nm, MAP_0F38, o, w)
/* shifts: the count operand is always 128 bits */
#define SHR3(nm, o)                                                                                \
    ROW(nm, ENC_LEGACY, MAP_0F, o, PFX_NONE, OP_P, OP_Q, 0, 0, MEM_8, ACC_R, MMX_, FE_MMX),        \
        ROW(nm, ENC_LEGACY, MAP_0F, o, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN,   \
            FE_SSE2),                                                                              \
        INT_VEX3(nm, MAP_0F, o, MEM_16)

static const InsnRow rows_int[] = {
    ML(punpcklbw, 0x60),
    ML(punpcklwd, 0x61),
    ML(punpckldq, 0x62),
    M(packsswb, 0x63),
    M(pcmpgtb, 0x64),
    M(pcmpgtw, 0x65),
    M(pcmpgtd, 0x66),
    M(packuswb, 0x67),
    M(punpckhbw, 0x68),
    M(punpckhwd, 0x69),
    M(punpckhdq, 0x6a),
    M(packssdw, 0x6b),
    INT3(punpcklqdq, MAP_0F, 0x6c, FE_SSE2),
    INT3(punpckhqdq, MAP_0F, 0x6d, FE_SSE2),
    M(pcmpeqb, 0x74),
    M(pcmpeqw, 0x75),
    M(pcmpeqd, 0x76),
    SHR3(psrlw, 0xd1),
    SHR3(psrld, 0xd2),
    SHR3(psrlq, 0xd3),
    MINT3(paddq, MAP_0F, 0xd4, FE_SSE2, FE_SSE2),
    M(pmullw, 0xd5),
    M(psubusb, 0xd8),
    M(psubusw, 0xd9),
    ME(pminub, 0xda),
    M(pand, 0xdb),
    M(paddusb, 0xdc),
    M(paddusw, 0xdd),
    ME(pmaxub, 0xde),
    M(pandn, 0xdf),
    ME(pavgb, 0xe0),
    SHR3(psraw, 0xe1),
    SHR3(psrad, 0xe2),
    ME(pavgw, 0xe3),
    ME(pmulhuw, 0xe4),
    M(pmulhw, 0xe5),
    M(psubsb, 0xe8),
    M(psubsw, 0xe9),
    ME(pminsw, 0xea),
    M(por, 0xeb),
    M(paddsb, 0xec),
    M(paddsw, 0xed),
    ME(pmaxsw, 0xee),
    M(pxor, 0xef),
    SHR3(psllw, 0xf1),
    SHR3(pslld, 0xf2),
    SHR3(psllq, 0xf3),
    MINT3(pmuludq, MAP_0F, 0xf4, FE_SSE2, FE_SSE2),
    M(pmaddwd, 0xf5),
    ME(psadbw, 0xf6),
    M(psubb, 0xf8),
    M(psubw, 0xf9),
    M(psubd, 0xfa),
    MINT3(psubq, MAP_0F, 0xfb, FE_SSE2, FE_SSE2),
    M(paddb, 0xfc),
    M(paddw, 0xfd),
    M(paddd, 0xfe),
    MSHI(psrlw, 0x71, 2),
    MSHI(psraw, 0x71, 4),
    MSHI(psllw, 0x71, 6),
    MSHI(psrld, 0x72, 2),
    MSHI(psrad, 0x72, 4),
    MSHI(pslld, 0x72, 6),
    MSHI(psrlq, 0x73, 2),
    MSHI(psllq, 0x73, 6),
    SHI(psrldq, 0x73, 3),
    SHI(pslldq, 0x73, 7),
    /* SSSE3 */
    S3(pshufb, 0x00),
    S3(phaddw, 0x01),
    S3(phaddd, 0x02),
    S3(phaddsw, 0x03),
    S3(pmaddubsw, 0x04),
    S3(phsubw, 0x05),
    S3(phsubd, 0x06),
    S3(phsubsw, 0x07),
    S3(psignb, 0x08),
    S3(psignw, 0x09),
    S3(psignd, 0x0a),
    S3(pmulhrsw, 0x0b),
    MINT2(pabsb, MAP_0F38, 0x1c, FE_SSSE3, FE_SSSE3),
    MINT2(pabsw, MAP_0F38, 0x1d, FE_SSSE3, FE_SSSE3),
    MINT2(pabsd, MAP_0F38, 0x1e, FE_SSSE3, FE_SSSE3),
    /* SSE4 */
    S4(pmuldq, 0x28),
    S4(pcmpeqq, 0x29),
    S4(packusdw, 0x2b),
    INT3(pcmpgtq, MAP_0F38, 0x37, FE_SSE42),
    S4(pminsb, 0x38),
    S4(pminsd, 0x39),
    S4(pminuw, 0x3a),
    S4(pminud, 0x3b),
    S4(pmaxsb, 0x3c),
    S4(pmaxsd, 0x3d),
    S4(pmaxuw, 0x3e),
    S4(pmaxud, 0x3f),
    S4(pmulld, 0x40),
    ROW(phminposuw, ENC_LEGACY, MAP_0F38, 0x41, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SSE41),
    VROW(phminposuw, ENC_VEX, MAP_0F38, 0x41, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, AVX_ | IF_L0,
         FE_AVX),
    PMOVX(pmovsxbw, 0x20, MEM_VL2),
    PMOVX(pmovsxbd, 0x21, MEM_VL4),
    PMOVX(pmovsxbq, 0x22, MEM_VL8),
    PMOVX(pmovsxwd, 0x23, MEM_VL2),
    PMOVX(pmovsxwq, 0x24, MEM_VL4),
    PMOVX(pmovsxdq, 0x25, MEM_VL2),
    PMOVX(pmovzxbw, 0x30, MEM_VL2),
    PMOVX(pmovzxbd, 0x31, MEM_VL4),
    PMOVX(pmovzxbq, 0x32, MEM_VL8),
    PMOVX(pmovzxwd, 0x33, MEM_VL2),
    PMOVX(pmovzxwq, 0x34, MEM_VL4),
    PMOVX(pmovzxdq, 0x35, MEM_VL2),
#define BLENDV(nm, o, vo, vfe1)                                                                    \
    {.name = #nm,                                                                                  \
     .enc = ENC_LEGACY,                                                                            \
     .map = MAP_0F38,                                                                              \
     .opcode = o,                                                                                  \
     .pfx = PFX_66,                                                                                \
     .ext = X,                                                                                     \
     .rm = X,                                                                                      \
     .op = {OP_V, OP_W},                                                                           \
     .mem = MEM_VL,                                                                                \
     .acc = ACC_R,                                                                                 \
     .flags = SSE_ | IF_ALIGN,                                                                     \
     .feature = FE_SSE41,                                                                          \
     .sem = sem_vec,                                                                               \
     .vec = v_##nm},                                                                               \
        VROW(nm, ENC_VEX, MAP_0F3A, vo, PFX_66, OP_V, OP_H, OP_W, OP_L, MEM_VL, ACC_R,             \
             AVX_ | IF_L0 | IF_W0, FE_AVX),                                                        \
        VROW(nm, ENC_VEX, MAP_0F3A, vo, PFX_66, OP_V, OP_H, OP_W, OP_L, MEM_VL, ACC_R,             \
             AVX_ | IF_L1 | IF_W0, vfe1)
    BLENDV(pblendvb, 0x10, 0x4c, FE_AVX2),
    BLENDV(blendvps, 0x14, 0x4a, FE_AVX),
    BLENDV(blendvpd, 0x15, 0x4b, FE_AVX),
#define PTEST(nm, e, o, fl, fe)                                                                    \
    {                                                                                              \
        .name = #nm, .enc = e, .map = MAP_0F38, .opcode = o, .pfx = PFX_66, .ext = X, .rm = X,     \
        .op = {OP_V, OP_W}, .mem = MEM_VL, .acc = ACC_R, .flags = IF_PASS | (fl), .feature = fe,   \
        .fl_write = FL_STATUS, .sem = sem_vec, .vec = v_##nm                                       \
    }
    PTEST(ptest, ENC_LEGACY, 0x17, IF_SSE | IF_ALIGN, FE_SSE41),
    PTEST(ptest, ENC_VEX, 0x17, IF_AVX, FE_AVX),
    PTEST(testps, ENC_VEX, 0x0e, IF_AVX | IF_W0, FE_AVX),
    PTEST(testpd, ENC_VEX, 0x0f, IF_AVX | IF_W0, FE_AVX),
    /* with an immediate */
    ROW(pshufw, ENC_LEGACY, MAP_0F, 0x70, PFX_NONE, OP_P, OP_Q, OP_Ib, 0, MEM_8, ACC_R, MMX_,
        FE_SSE),
#define PSHUF(nm, p)                                                                               \
    ROW(nm, ENC_LEGACY, MAP_0F, 0x70, p, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN,     \
        FE_SSE2),                                                                                  \
        VROW(nm, ENC_VEX, MAP_0F, 0x70, p, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R, AVX_ | IF_L0,      \
             FE_AVX),                                                                              \
        VROW(nm, ENC_VEX, MAP_0F, 0x70, p, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R, AVX_ | IF_L1,      \
             FE_AVX2)
    PSHUF(pshufd, PFX_66),
    PSHUF(pshufhw, PFX_F3),
    PSHUF(pshuflw, PFX_F2),
#define PIMM(nm, o, fe)                                                                            \
    ROW(nm, ENC_LEGACY, MAP_0F3A, o, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN, \
        fe),                                                                                       \
        VROW(nm, ENC_VEX, MAP_0F3A, o, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,             \
             AVX_ | IF_L0, FE_AVX),                                                                \
        VROW(nm, ENC_VEX, MAP_0F3A, o, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,             \
             AVX_ | IF_L1, FE_AVX2)
    ROW(palignr, ENC_LEGACY, MAP_0F3A, 0x0f, PFX_NONE, OP_P, OP_Q, OP_Ib, 0, MEM_8, ACC_R, MMX_,
        FE_SSSE3),
    PIMM(palignr, 0x0f, FE_SSSE3),
    PIMM(pblendw, 0x0e, FE_SSE41),
    PIMM(mpsadbw, 0x42, FE_SSE41),
    /* insert and extract */
    ROW(pinsrw, ENC_LEGACY, MAP_0F, 0xc4, PFX_NONE, OP_P, OP_Ed, OP_Ib, 0, MEM_2, ACC_R, MMX_,
        FE_SSE),
    ROW(pinsrw, ENC_LEGACY, MAP_0F, 0xc4, PFX_66, OP_V, OP_Ed, OP_Ib, 0, MEM_2, ACC_R, SSE_,
        FE_SSE2),
    VROW(pinsrw, ENC_VEX, MAP_0F, 0xc4, PFX_66, OP_V, OP_H, OP_Ed, OP_Ib, MEM_2, ACC_R,
         AVX_ | IF_L0, FE_AVX),
    ROW(pextrw, ENC_LEGACY, MAP_0F, 0xc5, PFX_NONE, OP_Gd, OP_N, OP_Ib, 0, 0, 0, MMX_ | IF_REG_ONLY,
        FE_SSE),
    ROW(pextrw, ENC_LEGACY, MAP_0F, 0xc5, PFX_66, OP_Gd, OP_U, OP_Ib, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE2),
    VROW(pextrw, ENC_VEX, MAP_0F, 0xc5, PFX_66, OP_Gd, OP_U, OP_Ib, 0, 0, 0,
         AVX_ | IF_REG_ONLY | IF_L0, FE_AVX),
    ROW(pinsrb, ENC_LEGACY, MAP_0F3A, 0x20, PFX_66, OP_V, OP_Ed, OP_Ib, 0, MEM_1, ACC_R, SSE_,
        FE_SSE41),
    VROW(pinsrb, ENC_VEX, MAP_0F3A, 0x20, PFX_66, OP_V, OP_H, OP_Ed, OP_Ib, MEM_1, ACC_R,
         AVX_ | IF_L0, FE_AVX),
    ROW(pinsrd, ENC_LEGACY, MAP_0F3A, 0x22, PFX_66, OP_V, OP_Ey, OP_Ib, 0, MEM_Y, ACC_R, SSE_,
        FE_SSE41),
    VROW(pinsrd, ENC_VEX, MAP_0F3A, 0x22, PFX_66, OP_V, OP_H, OP_Ey, OP_Ib, MEM_Y, ACC_R,
         AVX_ | IF_L0, FE_AVX),
#define PEXTR(nm, o, a, w)                                                                         \
    ROW(nm, ENC_LEGACY, MAP_0F3A, o, PFX_66, a, OP_V, OP_Ib, 0, w, ACC_W, SSE_, FE_SSE41),         \
        VROW(nm, ENC_VEX, MAP_0F3A, o, PFX_66, a, OP_V, OP_Ib, 0, w, ACC_W, AVX_ | IF_L0, FE_AVX)
    PEXTR(pextrb, 0x14, OP_Ed, MEM_1),
    PEXTR(pextrw, 0x15, OP_Ed, MEM_2),
    PEXTR(pextrd, 0x16, OP_Ey, MEM_Y),
    {.name = "emms",
     .map = MAP_0F,
     .opcode = 0x77,
     .pfx = PFX_NONE,
     .ext = X,
     .rm = X,
     .flags = MMX_,
     .feature = FE_MMX,
     .sem = sem_emms},
    {.name = "vzeroupper",
     .enc = ENC_VEX,
     .map = MAP_0F,
     .opcode = 0x77,
     .pfx = PFX_NONE,
     .ext = X,
     .rm = X,
     .flags = AVX_ | IF_L0,
     .feature = FE_AVX,
     .sem = sem_vzero},
    {.name = "vzeroall",
     .enc = ENC_VEX,
     .map = MAP_0F,
     .opcode = 0x77,
     .pfx = PFX_NONE,
     .ext = X,
     .rm = X,
     .flags = AVX_ | IF_L1,
     .feature = FE_AVX,
     .sem = sem_vzero},
    ROWX(extrq, ENC_LEGACY, MAP_0F, 0x78, PFX_66, 0, OP_U, OP_Iw, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,
         FE_SSE4A),
    ROW(insertq, ENC_LEGACY, MAP_0F, 0x78, PFX_F2, OP_V, OP_U, OP_Iw, 0, 0, 0, SSE_ | IF_REG_ONLY,
        FE_SSE4A),
};
INSN_ROWS(sse_int, rows_int);

/* string compares, AES, carry-less multiply, SHA, GFNI */
#define PCMPSTR(pre, nm, e, o, fl, fe, rd, wr)                                                          \
    {                                                                                              \
        .name = pre #nm, .enc = e, .map = MAP_0F3A, .opcode = o, .pfx = PFX_66, .ext = X, .rm = X,     \
        .op = {OP_V, OP_W, OP_Ib}, .mem = MEM_16, .acc = ACC_R,                                    \
        .flags = IF_PASS | IF_IMPLICIT | (fl), .feature = fe, .fl_write = FL_STATUS,               \
        .gpr_read = rd, .gpr_write = wr, .sem = sem_vec, .vec = v_##nm                             \
    }
#define PCMP2(nm, o, rd, wr)                                                                       \
    PCMPSTR("", nm, ENC_LEGACY, o, IF_SSE, FE_SSE42, rd, wr),                                          \
        PCMPSTR("v", nm, ENC_VEX, o, IF_AVX | IF_L0, FE_AVX, rd, wr)
#define AES(nm, o)                                                                                 \
    ROW(nm, ENC_LEGACY, MAP_0F38, o, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN,     \
        FE_AES),                                                                                   \
        VROW(nm, ENC_VEX, MAP_0F38, o, PFX_66, OP_V, OP_H, OP_W, 0, MEM_VL, ACC_R, AVX_ | IF_L0,   \
             FE_AES),                                                                              \
        VROW(nm, ENC_VEX, MAP_0F38, o, PFX_66, OP_V, OP_H, OP_W, 0, MEM_VL, ACC_R, AVX_ | IF_L1,   \
             FE_VAES)
#define GF(nm, e, m, o, fl, a3)                                                                    \
    ROW(nm, e, m, o, PFX_66, OP_V, OP_W, a3, 0, MEM_VL, ACC_R, IF_PASS | (fl), FE_GFNI)

static const InsnRow rows_misc[] = {
    PCMP2(pcmpestrm, 0x60, 1 << R_RAX | 1 << R_RDX, 0),
    PCMP2(pcmpestri, 0x61, 1 << R_RAX | 1 << R_RDX, 1 << R_RCX),
    PCMP2(pcmpistrm, 0x62, 0, 0),
    PCMP2(pcmpistri, 0x63, 0, 1 << R_RCX),
    ROW(aesimc, ENC_LEGACY, MAP_0F38, 0xdb, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_AES),
    VROW(aesimc, ENC_VEX, MAP_0F38, 0xdb, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, AVX_ | IF_L0,
         FE_AES),
    AES(aesenc, 0xdc),
    AES(aesenclast, 0xdd),
    AES(aesdec, 0xde),
    AES(aesdeclast, 0xdf),
    ROW(aeskeygenassist, ENC_LEGACY, MAP_0F3A, 0xdf, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_AES),
    VROW(aeskeygenassist, ENC_VEX, MAP_0F3A, 0xdf, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
         AVX_ | IF_L0, FE_AES),
    ROW(pclmulqdq, ENC_LEGACY, MAP_0F3A, 0x44, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_PCLMUL),
    VROW(pclmulqdq, ENC_VEX, MAP_0F3A, 0x44, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_L0, FE_PCLMUL),
    VROW(pclmulqdq, ENC_VEX, MAP_0F3A, 0x44, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_L1, FE_VPCLMULQDQ),
    ROW(sha1nexte, ENC_LEGACY, MAP_0F38, 0xc8, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha1msg1, ENC_LEGACY, MAP_0F38, 0xc9, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha1msg2, ENC_LEGACY, MAP_0F38, 0xca, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha256rnds2, ENC_LEGACY, MAP_0F38, 0xcb, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha256msg1, ENC_LEGACY, MAP_0F38, 0xcc, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha256msg2, ENC_LEGACY, MAP_0F38, 0xcd, PFX_NONE, OP_V, OP_W, 0, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    ROW(sha1rnds4, ENC_LEGACY, MAP_0F3A, 0xcc, PFX_NONE, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
        SSE_ | IF_ALIGN, FE_SHA),
    GF(gf2p8mulb, ENC_LEGACY, MAP_0F38, 0xcf, IF_SSE | IF_ALIGN, 0),
    GF(gf2p8affineqb, ENC_LEGACY, MAP_0F3A, 0xce, IF_SSE | IF_ALIGN, OP_Ib),
    GF(gf2p8affineinvqb, ENC_LEGACY, MAP_0F3A, 0xcf, IF_SSE | IF_ALIGN, OP_Ib),
    VROW(gf2p8mulb, ENC_VEX, MAP_0F38, 0xcf, PFX_66, OP_V, OP_H, OP_W, 0, MEM_VL, ACC_R,
         AVX_ | IF_W0, FE_GFNI),
    VROW(gf2p8affineqb, ENC_VEX, MAP_0F3A, 0xce, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_W1, FE_GFNI),
    VROW(gf2p8affineinvqb, ENC_VEX, MAP_0F3A, 0xcf, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_W1, FE_GFNI),
};
INSN_ROWS(sse_misc, rows_misc);
