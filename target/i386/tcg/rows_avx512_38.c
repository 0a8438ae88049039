/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of EVEX instructions in the 0F38 map: AVX-512 F, CD, BW, DQ, IFMA, VBMI, VBMI2, VNNI,
 * BITALG, VPOPCNTDQ, BF16, VP2INTERSECT, and the EVEX forms of GFNI and VAES (SDM vol. 2, chapters
 * 3-5). */
#include "target/i386/tcg/rows_evex.h"

#define F  FE_AVX512F
#define DQ FE_AVX512DQ
#define BW FE_AVX512BW
#define CD FE_AVX512CD

#define W3(nm, o, fl, ev, fe)  E3(nm, MAP_0F38, o, PFX_66, fl, ev, fe)
#define W2(nm, o, fl, ev, fe)  E2(nm, MAP_0F38, o, PFX_66, fl, ev, fe)
#define DQ3(nd, nq, o, ev, fe) E3_DQ(nd, nq, MAP_0F38, o, ev, fe)
#define DQ2(nd, nq, o, ev, fe) E2_DQ(nd, nq, MAP_0F38, o, ev, fe)

/* packed floating point with exceptions, scalars behind it; r: EV_RC, EV_SAE */
#define FP3(nm, o, r)                                                                              \
    W3(nm##ps, o, IF_W0 | IF_SIMD_FP, EV_D | (r), F),                                              \
        W3(nm##pd, o, IF_W1 | IF_SIMD_FP, EV_Q | (r), F)
#define FP2(nm, o, r)                                                                              \
    W2(nm##ps, o, IF_W0 | IF_SIMD_FP, EV_D | (r), F),                                              \
        W2(nm##pd, o, IF_W1 | IF_SIMD_FP, EV_Q | (r), F)
#define FPS(nm, o, r)                                                                              \
    S3(nm##ss, MAP_0F38, o, PFX_66, MEM_4, IF_W0 | IF_SIMD_FP, EV_S4 | (r), F),                    \
        S3(nm##sd, MAP_0F38, o, PFX_66, MEM_8, IF_W1 | IF_SIMD_FP, EV_S8 | (r), F)
#define FMA(nm, o)                                                                                 \
    FP3(nm##132, 0x90 + o, EV_RC), FP3(nm##213, 0xa0 + o, EV_RC), FP3(nm##231, 0xb0 + o, EV_RC)
#define FMAS(nm, o)                                                                                \
    FPS(nm##132, 0x90 + o, EV_RC), FPS(nm##213, 0xa0 + o, EV_RC), FPS(nm##231, 0xb0 + o, EV_RC)
/* approximations: no exceptions */
#define APPROX(nm, o)                                                                              \
    DQ2(nm##ps, nm##pd, o, ANY_EV, F),                                                             \
        S3(nm##ss, MAP_0F38, o + 1, PFX_66, MEM_4, IF_W0, EV_S4, F),                               \
        S3(nm##sd, MAP_0F38, o + 1, PFX_66, MEM_8, IF_W1, EV_S8, F)

static const InsnRow rows_fp[] = {
    W3(permilps, 0x0c, IF_W0, NF(EV_D), F),
    W3(permilpd, 0x0d, IF_W1, NF(EV_Q), F),
    FP3(scalef, 0x2c, EV_RC),
    FPS(scalef, 0x2d, EV_RC),
    FP2(getexp, 0x42, EV_SAE),
    FPS(getexp, 0x43, EV_SAE),
    APPROX(rcp14, 0x4c),
    APPROX(rsqrt14, 0x4e),
    FMA(fmaddsub, 6),
    FMA(fmsubadd, 7),
    FMA(fmadd, 8),
    FMAS(fmadd, 9),
    FMA(fmsub, 10),
    FMAS(fmsub, 11),
    FMA(fnmadd, 12),
    FMAS(fnmadd, 13),
    FMA(fnmsub, 14),
    FMAS(fnmsub, 15),
    EL(cvtph2ps, MAP_0F38, 0x13, PFX_66, MEM_VL2, IF_W0 | IF_SIMD_FP, NB(EV_D) | EV_SAE, F),
    E3(dpbf16ps, MAP_0F38, 0x52, PFX_F3, IF_W0, EV_D, FE_AVX512BF16),
    E2(cvtneps2bf16, MAP_0F38, 0x72, PFX_F3, IF_W0, EV_D, FE_AVX512BF16),
    E3(cvtne2ps2bf16, MAP_0F38, 0x72, PFX_F2, IF_W0, NF(EV_W) | EV_BC, FE_AVX512BF16),
};
INSN_ROWS(avx512_38_fp, rows_fp);

/* sign and zero extension; truncation, also saturating, to a narrower store */
#define EXTEND(nm, o, w, fl, ev, fe) EL(nm, MAP_0F38, o, PFX_66, w, fl, NB(ev), fe)
#define EXTENDS(p, o)                                                                              \
    EXTEND(p##bw, o, MEM_VL2, 0, EV_W, BW), EXTEND(p##bd, o + 1, MEM_VL4, 0, EV_D, F),             \
        EXTEND(p##bq, o + 2, MEM_VL8, 0, EV_Q, F), EXTEND(p##wd, o + 3, MEM_VL2, 0, EV_D, F),      \
        EXTEND(p##wq, o + 4, MEM_VL4, 0, EV_Q, F), EXTEND(p##dq, o + 5, MEM_VL2, IF_W0, EV_Q, F)
#define NARROW(nm, o, w, ev, fe) ES(nm, MAP_0F38, o, PFX_F3, w, IF_W0, NB(ev), fe)
#define NARROWS(p, o)                                                                              \
    NARROW(p##wb, o, MEM_VL2, EV_W, BW), NARROW(p##db, o + 1, MEM_VL4, EV_D, F),                   \
        NARROW(p##qb, o + 2, MEM_VL8, EV_Q, F), NARROW(p##dw, o + 3, MEM_VL2, EV_D, F),            \
        NARROW(p##qw, o + 4, MEM_VL4, EV_Q, F), NARROW(p##qd, o + 5, MEM_VL2, EV_Q, F)
/* one element, or a group of them, everywhere */
#define EV_BCAST                    (EV_K | EV_Z | EV_VL | FS_BCAST)
#define BCAST(nm, o, w, fl, ev, fe) EL(nm, MAP_0F38, o, PFX_66, w, fl, EV_BCAST | (ev), fe)
#define BCAST_M(nm, o, w, fl, ev, fe)                                                              \
    EVEX(nm, MAP_0F38, o, PFX_66, EXT_NONE, OP_V, OP_M, 0, 0, w, ACC_R, IF_MEM_ONLY | (fl),        \
         EV_BCAST | (ev), fe)
#define BCAST_R(nm, o, op, fl, ev, fe)                                                             \
    EVEX(nm, MAP_0F38, o, PFX_66, EXT_NONE, OP_V, op, 0, 0, 0, 0, IF_REG_ONLY | (fl),              \
         EV_K | EV_Z | EV_VL | (ev), fe)
#define L12 (IF_L1 | IF_L2)
#define GROUPS(pf, o)                                                                              \
    BCAST_M(broadcast##pf##32x4, o, MEM_16, IF_W0 | L12, ES4, F),                                  \
        BCAST_M(broadcast##pf##64x2, o, MEM_16, IF_W1 | L12, ES8, DQ),                             \
        BCAST_M(broadcast##pf##32x8, o + 1, MEM_32, IF_W0 | IF_L2, ES4, DQ),                       \
        BCAST_M(broadcast##pf##64x4, o + 1, MEM_32, IF_W1 | IF_L2, ES8, F)
/* between opmasks and vectors */
#define FROM_K(nm, o, fl, fe)                                                                      \
    EVEX(nm, MAP_0F38, o, PFX_F3, EXT_NONE, OP_V, OP_KW, 0, 0, 0, 0, IF_REG_ONLY | (fl), EV_VL, fe)
#define TO_K(nm, o, fl, fe)                                                                        \
    EVEX(nm, MAP_0F38, o, PFX_F3, EXT_NONE, OP_K, OP_U, 0, 0, 0, 0, IF_REG_ONLY | (fl), EV_VL, fe)

static const InsnRow rows_move[] = {
    EXTENDS(pmovsx, 0x20),
    EXTENDS(pmovzx, 0x30),
    NARROWS(pmovus, 0x10),
    NARROWS(pmovs, 0x20),
    NARROWS(pmov, 0x30),
    BCAST(broadcastss, 0x18, MEM_4, IF_W0, ES4, F),
    BCAST(broadcastf32x2, 0x19, MEM_8, IF_W0 | L12, ES4, DQ),
    BCAST(broadcastsd, 0x19, MEM_8, IF_W1 | L12, ES8, F),
    GROUPS(f, 0x1a),
    GROUPS(i, 0x5a),
    BCAST(pbroadcastd, 0x58, MEM_4, IF_W0, ES4, F),
    BCAST(broadcasti32x2, 0x59, MEM_8, IF_W0, ES4, DQ),
    BCAST(pbroadcastq, 0x59, MEM_8, IF_W1, ES8, F),
    BCAST(pbroadcastb, 0x78, MEM_1, IF_W0, ES1, BW),
    BCAST(pbroadcastw, 0x79, MEM_2, IF_W0, ES2, BW),
    BCAST_R(pbroadcastb, 0x7a, OP_Ed, IF_W0, ES1, BW),
    BCAST_R(pbroadcastw, 0x7b, OP_Ed, IF_W0, ES2, BW),
    BCAST_R(pbroadcastd, 0x7c, OP_Ey, 0, ESW, F),
    FROM_K(pmovm2b, 0x28, IF_W0, BW),
    FROM_K(pmovm2w, 0x28, IF_W1, BW),
    FROM_K(pmovm2d, 0x38, IF_W0, DQ),
    FROM_K(pmovm2q, 0x38, IF_W1, DQ),
    FROM_K(pbroadcastmb2q, 0x2a, IF_W1, CD),
    FROM_K(pbroadcastmw2d, 0x3a, IF_W0, CD),
    TO_K(pmovb2m, 0x29, IF_W0, BW),
    TO_K(pmovw2m, 0x29, IF_W1, BW),
    TO_K(pmovd2m, 0x39, IF_W0, DQ),
    TO_K(pmovq2m, 0x39, IF_W1, DQ),
    EVEX(movntdqa, MAP_0F38, 0x2a, PFX_66, EXT_NONE, OP_V, OP_M, 0, 0, MEM_VL, ACC_R,
         IF_W0 | IF_MEM_ONLY | IF_ALIGN, EV_VL, F),
};
INSN_ROWS(avx512_38_move, rows_move);

#define VBMI                      FE_AVX512VBMI
#define VBMI2                     FE_AVX512VBMI2
#define EXPAND(nm, o, fl, ev, fe) W2(nm, o, fl, (NF(NB(ev)) | FS_PACK), fe)
#define COMPRESS(nm, o, fl, ev, fe)                                                                \
    ES(nm, MAP_0F38, o, PFX_66, MEM_VL, fl, (NF(NB(ev)) | FS_PACK), fe)

static const InsnRow rows_perm[] = {
    W3(pshufb, 0x00, 0, NF(EV_B), BW),
    W3(permps, 0x16, IF_W0 | L12, NF(EV_D), F),
    W3(permpd, 0x16, IF_W1 | L12, NF(EV_Q), F),
    W3(permd, 0x36, IF_W0 | L12, NF(EV_D), F),
    W3(permq, 0x36, IF_W1 | L12, NF(EV_Q), F),
    W3(packusdw, 0x2b, IF_W0, NF(EV_W) | EV_BC, BW),
    DQ3(pblendmd, pblendmq, 0x64, ANY_EV, F),
    DQ3(blendmps, blendmpd, 0x65, ANY_EV, F),
    W3(pblendmb, 0x66, IF_W0, EV_B, BW),
    W3(pblendmw, 0x66, IF_W1, EV_W, BW),
    W3(permi2b, 0x75, IF_W0, NF(EV_B), VBMI),
    W3(permi2w, 0x75, IF_W1, NF(EV_W), BW),
    DQ3(permi2d, permi2q, 0x76, NF_EV, F),
    DQ3(permi2ps, permi2pd, 0x77, NF_EV, F),
    W3(permt2b, 0x7d, IF_W0, NF(EV_B), VBMI),
    W3(permt2w, 0x7d, IF_W1, NF(EV_W), BW),
    DQ3(permt2d, permt2q, 0x7e, NF_EV, F),
    DQ3(permt2ps, permt2pd, 0x7f, NF_EV, F),
    W3(permb, 0x8d, IF_W0, NF(EV_B), VBMI),
    W3(permw, 0x8d, IF_W1, NF(EV_W), BW),
    W3(pmultishiftqb, 0x83, IF_W1, NF(EV_B) | EV_BC, VBMI),
    EXPAND(pexpandb, 0x62, IF_W0, EV_B, VBMI2),
    EXPAND(pexpandw, 0x62, IF_W1, EV_W, VBMI2),
    EXPAND(expandps, 0x88, IF_W0, EV_D, F),
    EXPAND(expandpd, 0x88, IF_W1, EV_Q, F),
    EXPAND(pexpandd, 0x89, IF_W0, EV_D, F),
    EXPAND(pexpandq, 0x89, IF_W1, EV_Q, F),
    COMPRESS(pcompressb, 0x63, IF_W0, EV_B, VBMI2),
    COMPRESS(pcompressw, 0x63, IF_W1, EV_W, VBMI2),
    COMPRESS(compressps, 0x8a, IF_W0, EV_D, F),
    COMPRESS(compresspd, 0x8a, IF_W1, EV_Q, F),
    COMPRESS(pcompressd, 0x8b, IF_W0, EV_D, F),
    COMPRESS(pcompressq, 0x8b, IF_W1, EV_Q, F),
};
INSN_ROWS(avx512_38_perm, rows_perm);

#define K3(nm, o, p, fl, ev, fe) EK(nm, MAP_0F38, o, p, fl, ev, fe)
#define INTERSECT(nm, fl, ev)                                                                      \
    EK(nm, MAP_0F38, 0x68, PFX_F2, fl, ((ev) & (EV_VL | EV_BC | ES_MASK)), FE_VP2INTERSECT)
#define AES(nm, o) W3(nm, o, 0, EV_VL, FE_VAES)

static const InsnRow rows_int[] = {
    W3(pmaddubsw, 0x04, 0, NF(EV_W), BW),
    W3(pmulhrsw, 0x0b, 0, EV_W, BW),
    W3(psrlvw, 0x10, IF_W1, EV_W, BW),
    W3(psravw, 0x11, IF_W1, EV_W, BW),
    W3(psllvw, 0x12, IF_W1, EV_W, BW),
    DQ3(prorvd, prorvq, 0x14, ANY_EV, F),
    DQ3(prolvd, prolvq, 0x15, ANY_EV, F),
    W2(pabsb, 0x1c, 0, EV_B, BW),
    W2(pabsw, 0x1d, 0, EV_W, BW),
    W2(pabsd, 0x1e, IF_W0, EV_D, F),
    W2(pabsq, 0x1f, IF_W1, EV_Q, F),
    K3(ptestmb, 0x26, PFX_66, IF_W0, EV_B, BW),
    K3(ptestmw, 0x26, PFX_66, IF_W1, EV_W, BW),
    K3(ptestnmb, 0x26, PFX_F3, IF_W0, EV_B, BW),
    K3(ptestnmw, 0x26, PFX_F3, IF_W1, EV_W, BW),
    K3(ptestmd, 0x27, PFX_66, IF_W0, EV_D, F),
    K3(ptestmq, 0x27, PFX_66, IF_W1, EV_Q, F),
    K3(ptestnmd, 0x27, PFX_F3, IF_W0, EV_D, F),
    K3(ptestnmq, 0x27, PFX_F3, IF_W1, EV_Q, F),
    W3(pmuldq, 0x28, IF_W1, EV_Q, F),
    K3(pcmpeqq, 0x29, PFX_66, IF_W1, EV_Q, F),
    K3(pcmpgtq, 0x37, PFX_66, IF_W1, EV_Q, F),
    W3(pminsb, 0x38, 0, EV_B, BW),
    DQ3(pminsd, pminsq, 0x39, ANY_EV, F),
    W3(pminuw, 0x3a, 0, EV_W, BW),
    DQ3(pminud, pminuq, 0x3b, ANY_EV, F),
    W3(pmaxsb, 0x3c, 0, EV_B, BW),
    DQ3(pmaxsd, pmaxsq, 0x3d, ANY_EV, F),
    W3(pmaxuw, 0x3e, 0, EV_W, BW),
    DQ3(pmaxud, pmaxuq, 0x3f, ANY_EV, F),
    W3(pmulld, 0x40, IF_W0, EV_D, F),
    W3(pmullq, 0x40, IF_W1, EV_Q, DQ),
    DQ2(plzcntd, plzcntq, 0x44, ANY_EV, CD),
    DQ3(psrlvd, psrlvq, 0x45, ANY_EV, F),
    DQ3(psravd, psravq, 0x46, ANY_EV, F),
    DQ3(psllvd, psllvq, 0x47, ANY_EV, F),
    W3(pdpbusd, 0x50, IF_W0, EV_D, FE_AVX512VNNI),
    W3(pdpbusds, 0x51, IF_W0, EV_D, FE_AVX512VNNI),
    W3(pdpwssd, 0x52, IF_W0, EV_D, FE_AVX512VNNI),
    W3(pdpwssds, 0x53, IF_W0, EV_D, FE_AVX512VNNI),
    W2(popcntb, 0x54, IF_W0, EV_B, FE_AVX512BITALG),
    W2(popcntw, 0x54, IF_W1, EV_W, FE_AVX512BITALG),
    DQ2(popcntd, popcntq, 0x55, ANY_EV, FE_AVX512VPOPCNTDQ),
    INTERSECT(p2intersectd, IF_W0, EV_D),
    INTERSECT(p2intersectq, IF_W1, EV_Q),
    W3(pshldvw, 0x70, IF_W1, EV_W, VBMI2),
    DQ3(pshldvd, pshldvq, 0x71, ANY_EV, VBMI2),
    W3(pshrdvw, 0x72, IF_W1, EV_W, VBMI2),
    DQ3(pshrdvd, pshrdvq, 0x73, ANY_EV, VBMI2),
    K3(pshufbitqmb, 0x8f, PFX_66, IF_W0, EV_B, FE_AVX512BITALG),
    W3(pmadd52luq, 0xb4, IF_W1, EV_Q, FE_AVX512IFMA),
    W3(pmadd52huq, 0xb5, IF_W1, EV_Q, FE_AVX512IFMA),
    DQ2(pconflictd, pconflictq, 0xc4, NF_EV, CD),
    W3(gf2p8mulb, 0xcf, IF_W0, EV_B, FE_GFNI),
    AES(aesenc, 0xdc),
    AES(aesenclast, 0xdd),
    AES(aesdec, 0xde),
    AES(aesdeclast, 0xdf),
};
INSN_ROWS(avx512_38_int, rows_int);

/* by semantics: the elements' addresses come from a vector, faults leave what was done */
#define VSIB(nm, o, a, b, ac, fl, ev, fn)                                                          \
    {                                                                                              \
        .name = "v" #nm, .enc = ENC_EVEX, .map = MAP_0F38, .opcode = o, .pfx = PFX_66,             \
        .ext = EXT_NONE, .rm = EXT_NONE, .op = { a, b }, .mem = MEM_SPECIAL, .acc = ac,            \
        .flags = IF_AVX512 | IF_MEM_ONLY | IF_VSIB | (fl), .feature = F,                           \
        .evx = EV_K | EV_KREQ | EV_VL | (ev), .sem = fn                                            \
    }
#define GATHER(nm, o, fl, ev)  VSIB(nm, o, OP_V, OP_M, ACC_R, fl, ev, sem_evex_gather)
#define SCATTER(nm, o, fl, ev) VSIB(nm, o, OP_M, OP_V, ACC_W, fl, ev, sem_evex_scatter)

static const InsnRow rows_vsib[] = {
    GATHER(pgatherdd, 0x90, IF_W0, ES4),   GATHER(pgatherdq, 0x90, IF_W1, ES8),
    GATHER(pgatherqd, 0x91, IF_W0, ES4),   GATHER(pgatherqq, 0x91, IF_W1, ES8),
    GATHER(gatherdps, 0x92, IF_W0, ES4),   GATHER(gatherdpd, 0x92, IF_W1, ES8),
    GATHER(gatherqps, 0x93, IF_W0, ES4),   GATHER(gatherqpd, 0x93, IF_W1, ES8),
    SCATTER(pscatterdd, 0xa0, IF_W0, ES4), SCATTER(pscatterdq, 0xa0, IF_W1, ES8),
    SCATTER(pscatterqd, 0xa1, IF_W0, ES4), SCATTER(pscatterqq, 0xa1, IF_W1, ES8),
    SCATTER(scatterdps, 0xa2, IF_W0, ES4), SCATTER(scatterdpd, 0xa2, IF_W1, ES8),
    SCATTER(scatterqps, 0xa3, IF_W0, ES4), SCATTER(scatterqpd, 0xa3, IF_W1, ES8),
};
INSN_ROWS(avx512_38_vsib, rows_vsib);
