/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short forms for the rows of MMX, SSE and AVX instructions: one line an instruction and its VEX
 * twin. Private to the rows_*.c files. Naming: w memory width, fl extra IF_* flags, fe/vfe feature
 * of the legacy and of the VEX form. */
#ifndef TARGET_I386_TCG_ROWS_VEC_H
#define TARGET_I386_TCG_ROWS_VEC_H

#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/vec_lanes.h"

#define X EXT_NONE

/* ROW and VROW: legacy and VEX form of the instruction nm, whose lanes v_##nm() computes */
#define ROW_FULL(nm, vn, e, m, o, p, x, a, b, c, d, w, ac, fl, fe)                              \
    { .name = nm, .enc = e, .map = m, .opcode = o, .pfx = p, .ext = x, .rm = X,                 \
      .op = { a, b, c, d }, .mem = w, .acc = ac, .flags = fl, .feature = fe, .sem = sem_vec, .vec = vn }
#define ROW(nm, e, m, o, p, a, b, c, d, w, ac, fl, fe)                                          \
    ROW_FULL(#nm, v_##nm, e, m, o, p, X, a, b, c, d, w, ac, fl, fe)
#define VROW(nm, e, m, o, p, a, b, c, d, w, ac, fl, fe)                                         \
    ROW_FULL("v" #nm, v_##nm, e, m, o, p, X, a, b, c, d, w, ac, fl, fe)
#define ROWX(nm, e, m, o, p, x, a, b, c, d, w, ac, fl, fe)                                      \
    ROW_FULL(#nm, v_##nm, e, m, o, p, x, a, b, c, d, w, ac, fl, fe)
#define VROWX(nm, e, m, o, p, x, a, b, c, d, w, ac, fl, fe)                                     \
    ROW_FULL("v" #nm, v_##nm, e, m, o, p, x, a, b, c, d, w, ac, fl, fe)

#define SSE_ (IF_SSE | IF_PASS)
#define AVX_ (IF_AVX | IF_PASS)
#define MMX_ (IF_MMX | IF_PASS)

/* V,W / V,H,W for both vector lengths under one VEX feature (floating point) */
#define FP3(nm, m, o, p, w, fl, fe, vfe)                                                           \
    ROW(nm, ENC_LEGACY, m, o, p, OP_V, OP_W, 0, 0, w, ACC_R,                                       \
        SSE_ | (fl) | ((w) == MEM_VL ? IF_ALIGN : 0), fe),                                         \
        VROW(nm, ENC_VEX, m, o, p, OP_V, OP_H, OP_W, 0, w, ACC_R, AVX_ | (fl), vfe)
/* V,W in both encodings */
#define FP2(nm, m, o, p, w, fl, fe, vfe)                                                           \
    ROW(nm, ENC_LEGACY, m, o, p, OP_V, OP_W, 0, 0, w, ACC_R,                                       \
        SSE_ | (fl) | ((w) == MEM_VL ? IF_ALIGN : 0), fe),                                         \
        VROW(nm, ENC_VEX, m, o, p, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | (fl), vfe)
/* packed, packed double, scalar single, scalar double of one opcode */
#define FP3_ALL(nm, o)                                                                             \
    FP3(nm##ps, MAP_0F, o, PFX_NONE, MEM_VL, IF_SIMD_FP, FE_SSE, FE_AVX),                         \
        FP3(nm##pd, MAP_0F, o, PFX_66, MEM_VL, IF_SIMD_FP, FE_SSE2, FE_AVX),                      \
        FP3(nm##ss, MAP_0F, o, PFX_F3, MEM_4, IF_SIMD_FP, FE_SSE, FE_AVX),                        \
        FP3(nm##sd, MAP_0F, o, PFX_F2, MEM_8, IF_SIMD_FP, FE_SSE2, FE_AVX)

/* integer: 128-bit VEX needs AVX, 256-bit AVX2 */
#define INT_VEX3(nm, m, o, w)                                                                      \
    VROW(nm, ENC_VEX, m, o, PFX_66, OP_V, OP_H, OP_W, 0, w, ACC_R, AVX_ | IF_L0, FE_AVX),       \
        VROW(nm, ENC_VEX, m, o, PFX_66, OP_V, OP_H, OP_W, 0, w, ACC_R, AVX_ | IF_L1, FE_AVX2)
#define INT_VEX2(nm, m, o, w)                                                                      \
    VROW(nm, ENC_VEX, m, o, PFX_66, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | IF_L0, FE_AVX),          \
        VROW(nm, ENC_VEX, m, o, PFX_66, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | IF_L1, FE_AVX2)
#define INT3(nm, m, o, fe)                                                                         \
    ROW(nm, ENC_LEGACY, m, o, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN, fe),       \
        INT_VEX3(nm, m, o, MEM_VL)
#define INT2(nm, m, o, fe)                                                                         \
    ROW(nm, ENC_LEGACY, m, o, PFX_66, OP_V, OP_W, 0, 0, MEM_VL, ACC_R, SSE_ | IF_ALIGN, fe),       \
        INT_VEX2(nm, m, o, MEM_VL)
/* the same with the MMX form */
#define MINT3(nm, m, o, mfe, fe)                                                                   \
    ROW(nm, ENC_LEGACY, m, o, PFX_NONE, OP_P, OP_Q, 0, 0, MEM_8, ACC_R, MMX_, mfe),                \
        INT3(nm, m, o, fe)
#define MINT2(nm, m, o, mfe, fe)                                                                   \
    ROW(nm, ENC_LEGACY, m, o, PFX_NONE, OP_P, OP_Q, 0, 0, MEM_8, ACC_R, MMX_, mfe),                \
        INT2(nm, m, o, fe)
/* shift by immediate: register forms of groups 12, 13, 14 */
#define SHI(nm, o, x)                                                                              \
    ROWX(nm, ENC_LEGACY, MAP_0F, o, PFX_66, x, OP_U, OP_Ib, 0, 0, 0, 0, SSE_ | IF_REG_ONLY,        \
         FE_SSE2),                                                                                 \
        VROWX(nm, ENC_VEX, MAP_0F, o, PFX_66, x, OP_H, OP_U, OP_Ib, 0, 0, 0,                    \
             AVX_ | IF_REG_ONLY | IF_L0, FE_AVX),                                                  \
        VROWX(nm, ENC_VEX, MAP_0F, o, PFX_66, x, OP_H, OP_U, OP_Ib, 0, 0, 0,                    \
             AVX_ | IF_REG_ONLY | IF_L1, FE_AVX2)
#define MSHI(nm, o, x)                                                                             \
    ROWX(nm, ENC_LEGACY, MAP_0F, o, PFX_NONE, x, OP_N, OP_Ib, 0, 0, 0, 0, MMX_ | IF_REG_ONLY,      \
         FE_MMX),                                                                                  \
        SHI(nm, o, x)

#endif
