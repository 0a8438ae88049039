/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of AVX, AVX2, FMA and F16C instructions that have no SSE form (SDM vol. 2, 5 "V"). */
#include "target/i386/tcg/rows_vec.h"

#define V3(nm, m, o, p, w, fl, fe)                                                                 \
    VROW(nm, ENC_VEX, m, o, p, OP_V, OP_H, OP_W, 0, w, ACC_R, AVX_ | (fl), fe)
#define V2(nm, m, o, p, w, fl, fe)                                                                 \
    VROW(nm, ENC_VEX, m, o, p, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | (fl), fe)
#define V38(nm, o, w, fl, fe) V3(nm, MAP_0F38, o, PFX_66, w, fl, fe)

#define FMA(nm, o)                                                                                 \
    V38(f##nm##132ps, 0x90 + o, MEM_VL, IF_W0 | IF_SIMD_FP, FE_FMA),                               \
        V38(f##nm##132pd, 0x90 + o, MEM_VL, IF_W1 | IF_SIMD_FP, FE_FMA),                           \
        V38(f##nm##213ps, 0xa0 + o, MEM_VL, IF_W0 | IF_SIMD_FP, FE_FMA),                           \
        V38(f##nm##213pd, 0xa0 + o, MEM_VL, IF_W1 | IF_SIMD_FP, FE_FMA),                           \
        V38(f##nm##231ps, 0xb0 + o, MEM_VL, IF_W0 | IF_SIMD_FP, FE_FMA),                           \
        V38(f##nm##231pd, 0xb0 + o, MEM_VL, IF_W1 | IF_SIMD_FP, FE_FMA)
#define FMAS(nm, o)                                                                                \
    V38(f##nm##132ss, 0x90 + o, MEM_4, IF_W0 | IF_SIMD_FP, FE_FMA),                                \
        V38(f##nm##132sd, 0x90 + o, MEM_8, IF_W1 | IF_SIMD_FP, FE_FMA),                            \
        V38(f##nm##213ss, 0xa0 + o, MEM_4, IF_W0 | IF_SIMD_FP, FE_FMA),                            \
        V38(f##nm##213sd, 0xa0 + o, MEM_8, IF_W1 | IF_SIMD_FP, FE_FMA),                            \
        V38(f##nm##231ss, 0xb0 + o, MEM_4, IF_W0 | IF_SIMD_FP, FE_FMA),                            \
        V38(f##nm##231sd, 0xb0 + o, MEM_8, IF_W1 | IF_SIMD_FP, FE_FMA)

static const InsnRow rows_fma[] = {
    FMA(maddsub, 6),
    FMA(msubadd, 7),
    FMA(madd, 8),
    FMAS(madd, 9),
    FMA(msub, 10),
    FMAS(msub, 11),
    FMA(nmadd, 12),
    FMAS(nmadd, 13),
    FMA(nmsub, 14),
    FMAS(nmsub, 15),
    VROW(cvtph2ps, ENC_VEX, MAP_0F38, 0x13, PFX_66, OP_V, OP_W, 0, 0, MEM_VL2, ACC_R,
         AVX_ | IF_W0 | IF_SIMD_FP, FE_F16C),
    VROW(cvtps2ph, ENC_VEX, MAP_0F3A, 0x1d, PFX_66, OP_W, OP_V, OP_Ib, 0, MEM_VL2, ACC_W,
         AVX_ | IF_W0 | IF_SIMD_FP, FE_F16C),
};
INSN_ROWS(avx_fma, rows_fma);

#define BCAST(nm, o, w, fl, fe_mem)                                                                \
    VROW(nm, ENC_VEX, MAP_0F38, o, PFX_66, OP_V, OP_M, 0, 0, w, ACC_R,                             \
         AVX_ | IF_W0 | IF_MEM_ONLY | (fl), fe_mem),                                               \
        VROW(nm, ENC_VEX, MAP_0F38, o, PFX_66, OP_V, OP_U, 0, 0, 0, 0,                             \
             AVX_ | IF_W0 | IF_REG_ONLY | (fl), FE_AVX2)
#define BCASTI(nm, o, w)                                                                           \
    VROW(nm, ENC_VEX, MAP_0F38, o, PFX_66, OP_V, OP_W, 0, 0, w, ACC_R, AVX_ | IF_W0, FE_AVX2)
/* masked loads and stores touch only what the mask selects: by semantics, never copied */
#define MASKMOV(nm, lo, so, w, fe)                                                                 \
    {.name = #nm,                                                                                  \
     .enc = ENC_VEX,                                                                               \
     .map = MAP_0F38,                                                                              \
     .opcode = lo,                                                                                 \
     .pfx = PFX_66,                                                                                \
     .ext = X,                                                                                     \
     .rm = X,                                                                                      \
     .op = {OP_V, OP_H, OP_M},                                                                     \
     .mem = MEM_SPECIAL,                                                                           \
     .acc = ACC_R,                                                                                 \
     .flags = IF_AVX | IF_MEM_ONLY | (w),                                                          \
     .feature = fe,                                                                                \
     .sem = sem_maskmov},                                                                          \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_VEX, .map = MAP_0F38, .opcode = so, .pfx = PFX_66, .ext = X,   \
        .rm = X, .op = {OP_M, OP_H, OP_V}, .mem = MEM_SPECIAL, .acc = ACC_W,                       \
        .flags = IF_AVX | IF_MEM_ONLY | (w), .feature = fe, .sem = sem_maskmov                     \
    }
#define GATHER(nm, o, w)                                                                           \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_VEX, .map = MAP_0F38, .opcode = o, .pfx = PFX_66, .ext = X,    \
        .rm = X, .op = {OP_V, OP_M, OP_H}, .mem = MEM_SPECIAL, .acc = ACC_R,                       \
        .flags = IF_AVX | IF_MEM_ONLY | IF_VSIB | (w), .feature = FE_AVX2, .sem = sem_gather       \
    }

static const InsnRow rows_avx[] = {
    BCAST(broadcastss, 0x18, MEM_4, 0, FE_AVX),
    BCAST(broadcastsd, 0x19, MEM_8, IF_L1, FE_AVX),
    VROW(broadcastf128, ENC_VEX, MAP_0F38, 0x1a, PFX_66, OP_V, OP_M, 0, 0, MEM_16, ACC_R,
         AVX_ | IF_W0 | IF_L1 | IF_MEM_ONLY, FE_AVX),
    VROW(broadcasti128, ENC_VEX, MAP_0F38, 0x5a, PFX_66, OP_V, OP_M, 0, 0, MEM_16, ACC_R,
         AVX_ | IF_W0 | IF_L1 | IF_MEM_ONLY, FE_AVX2),
    BCASTI(pbroadcastb, 0x78, MEM_1),
    BCASTI(pbroadcastw, 0x79, MEM_2),
    BCASTI(pbroadcastd, 0x58, MEM_4),
    BCASTI(pbroadcastq, 0x59, MEM_8),
    VROW(extractf128, ENC_VEX, MAP_0F3A, 0x19, PFX_66, OP_W, OP_V, OP_Ib, 0, MEM_16, ACC_W,
         AVX_ | IF_W0 | IF_L1, FE_AVX),
    VROW(extracti128, ENC_VEX, MAP_0F3A, 0x39, PFX_66, OP_W, OP_V, OP_Ib, 0, MEM_16, ACC_W,
         AVX_ | IF_W0 | IF_L1, FE_AVX2),
    VROW(insertf128, ENC_VEX, MAP_0F3A, 0x18, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_16, ACC_R,
         AVX_ | IF_W0 | IF_L1, FE_AVX),
    VROW(inserti128, ENC_VEX, MAP_0F3A, 0x38, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_16, ACC_R,
         AVX_ | IF_W0 | IF_L1, FE_AVX2),
    VROW(perm2f128, ENC_VEX, MAP_0F3A, 0x06, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_W0 | IF_L1, FE_AVX),
    VROW(perm2i128, ENC_VEX, MAP_0F3A, 0x46, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_W0 | IF_L1, FE_AVX2),
    V38(permilps, 0x0c, MEM_VL, IF_W0, FE_AVX),
    V38(permilpd, 0x0d, MEM_VL, IF_W0, FE_AVX),
    VROW(permilps, ENC_VEX, MAP_0F3A, 0x04, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
         AVX_ | IF_W0, FE_AVX),
    VROW(permilpd, ENC_VEX, MAP_0F3A, 0x05, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
         AVX_ | IF_W0, FE_AVX),
    V38(permps, 0x16, MEM_VL, IF_W0 | IF_L1, FE_AVX2),
    V38(permd, 0x36, MEM_VL, IF_W0 | IF_L1, FE_AVX2),
    VROW(permq, ENC_VEX, MAP_0F3A, 0x00, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
         AVX_ | IF_W1 | IF_L1, FE_AVX2),
    VROW(permpd, ENC_VEX, MAP_0F3A, 0x01, PFX_66, OP_V, OP_W, OP_Ib, 0, MEM_VL, ACC_R,
         AVX_ | IF_W1 | IF_L1, FE_AVX2),
    VROW(pblendd, ENC_VEX, MAP_0F3A, 0x02, PFX_66, OP_V, OP_H, OP_W, OP_Ib, MEM_VL, ACC_R,
         AVX_ | IF_W0, FE_AVX2),
    V38(psrlvd, 0x45, MEM_VL, IF_W0, FE_AVX2),
    V38(psrlvq, 0x45, MEM_VL, IF_W1, FE_AVX2),
    V38(psravd, 0x46, MEM_VL, IF_W0, FE_AVX2),
    V38(psllvd, 0x47, MEM_VL, IF_W0, FE_AVX2),
    V38(psllvq, 0x47, MEM_VL, IF_W1, FE_AVX2),
    MASKMOV(maskmovps, 0x2c, 0x2e, IF_W0, FE_AVX),
    MASKMOV(maskmovpd, 0x2d, 0x2f, IF_W0, FE_AVX),
    MASKMOV(pmaskmovd, 0x8c, 0x8e, IF_W0, FE_AVX2),
    MASKMOV(pmaskmovq, 0x8c, 0x8e, IF_W1, FE_AVX2),
    GATHER(pgatherdd, 0x90, IF_W0),
    GATHER(pgatherdq, 0x90, IF_W1),
    GATHER(pgatherqd, 0x91, IF_W0),
    GATHER(pgatherqq, 0x91, IF_W1),
    GATHER(gatherdps, 0x92, IF_W0),
    GATHER(gatherdpd, 0x92, IF_W1),
    GATHER(gatherqps, 0x93, IF_W0),
    GATHER(gatherqpd, 0x93, IF_W1),
    {.name = "maskmovq",
     .enc = ENC_LEGACY,
     .map = MAP_0F,
     .opcode = 0xf7,
     .pfx = PFX_NONE,
     .ext = X,
     .rm = X,
     .op = {OP_P, OP_N},
     .mem = MEM_SPECIAL,
     .acc = ACC_W,
     .flags = IF_MMX | IF_REG_ONLY | IF_IMPLICIT,
     .feature = FE_SSE,
     .gpr_read = 1 << R_RDI,
     .sem = sem_maskmovdqu},
    {.name = "maskmovdqu",
     .enc = ENC_LEGACY,
     .map = MAP_0F,
     .opcode = 0xf7,
     .pfx = PFX_66,
     .ext = X,
     .rm = X,
     .op = {OP_V, OP_U},
     .mem = MEM_SPECIAL,
     .acc = ACC_W,
     .flags = IF_SSE | IF_REG_ONLY | IF_IMPLICIT,
     .feature = FE_SSE2,
     .gpr_read = 1 << R_RDI,
     .sem = sem_maskmovdqu},
    {.name = "vmaskmovdqu",
     .enc = ENC_VEX,
     .map = MAP_0F,
     .opcode = 0xf7,
     .pfx = PFX_66,
     .ext = X,
     .rm = X,
     .op = {OP_V, OP_U},
     .mem = MEM_SPECIAL,
     .acc = ACC_W,
     .flags = IF_AVX | IF_L0 | IF_REG_ONLY | IF_IMPLICIT,
     .feature = FE_AVX,
     .gpr_read = 1 << R_RDI,
     .sem = sem_maskmovdqu},
    /* MXCSR */
    {.name = "ldmxcsr",
     .enc = ENC_LEGACY,
     .map = MAP_0F,
     .opcode = 0xae,
     .pfx = PFX_NONE,
     .ext = 2,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_4,
     .acc = ACC_R,
     .flags = IF_SSE | IF_MEM_ONLY,
     .feature = FE_SSE,
     .sem = sem_ldmxcsr},
    {.name = "stmxcsr",
     .enc = ENC_LEGACY,
     .map = MAP_0F,
     .opcode = 0xae,
     .pfx = PFX_NONE,
     .ext = 3,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_4,
     .acc = ACC_W,
     .flags = IF_SSE | IF_MEM_ONLY,
     .feature = FE_SSE,
     .sem = sem_stmxcsr},
    {.name = "vldmxcsr",
     .enc = ENC_VEX,
     .map = MAP_0F,
     .opcode = 0xae,
     .pfx = PFX_NONE,
     .ext = 2,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_4,
     .acc = ACC_R,
     .flags = IF_AVX | IF_L0 | IF_MEM_ONLY,
     .feature = FE_AVX,
     .sem = sem_ldmxcsr},
    {.name = "vstmxcsr",
     .enc = ENC_VEX,
     .map = MAP_0F,
     .opcode = 0xae,
     .pfx = PFX_NONE,
     .ext = 3,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_4,
     .acc = ACC_W,
     .flags = IF_AVX | IF_L0 | IF_MEM_ONLY,
     .feature = FE_AVX,
     .sem = sem_stmxcsr},
};
INSN_ROWS(avx, rows_avx);
