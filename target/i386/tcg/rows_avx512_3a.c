/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of EVEX instructions in the 0F3A map, which all have an immediate, and of the opmask
 * instructions, which are VEX encoded (SDM vol. 2, chapters 3-5). */
#include "target/i386/tcg/rows_evex.h"

#define F   FE_AVX512F
#define DQ  FE_AVX512DQ
#define BW  FE_AVX512BW
#define L12 (IF_L1 | IF_L2)

#define I3(nm, o, fl, ev, fe) E3I(nm, MAP_0F3A, o, PFX_66, fl, ev, fe)
#define I2(nm, o, fl, ev, fe) E2I(nm, MAP_0F3A, o, PFX_66, fl, ev, fe)
#define KI(nm, o, fl, ev, fe) EKI(nm, MAP_0F3A, o, PFX_66, fl, ev, fe)
#define FP3(nm, o, fe)                                                                             \
    I3(nm##ps, o, IF_W0 | IF_SIMD_FP, EV_D | EV_SAE, fe),                                          \
        I3(nm##pd, o, IF_W1 | IF_SIMD_FP, EV_Q | EV_SAE, fe)
#define FP2(nm, o, fe)                                                                             \
    I2(nm##ps, o, IF_W0 | IF_SIMD_FP, EV_D | EV_SAE, fe),                                          \
        I2(nm##pd, o, IF_W1 | IF_SIMD_FP, EV_Q | EV_SAE, fe)
#define FPSS(nm, o, fe)                                                                            \
    S3I(nm##ss, MAP_0F3A, o, PFX_66, MEM_4, IF_W0 | IF_SIMD_FP, EV_S4 | EV_SAE, fe)
#define FPSD(nm, o, fe)                                                                            \
    S3I(nm##sd, MAP_0F3A, o, PFX_66, MEM_8, IF_W1 | IF_SIMD_FP, EV_S8 | EV_SAE, fe)
/* part of a vector */
#define INSERT(nm, o, w, fl, ev, fe)                                                               \
    EVEX(nm, MAP_0F3A, o, PFX_66, EXT_NONE, OP_V, OP_H, OP_W, OP_Ib, w, ACC_R, fl, NF(NB(ev)), fe)
#define EXTRACT(nm, o, w, fl, ev, fe)                                                              \
    EVEX(nm, MAP_0F3A, o, PFX_66, EXT_NONE, OP_W, OP_V, OP_Ib, 0, w, ACC_W, fl,                    \
         NF(NB(ev)) | FS_PART | EV_WHOLE, fe)
#define PARTS(nm, mac, o)                                                                          \
    mac(nm##32x4, o, MEM_16, IF_W0 | L12, EV_D, F),                                                \
        mac(nm##64x2, o, MEM_16, IF_W1 | L12, EV_Q, DQ),                                           \
        mac(nm##32x8, (o) + 2, MEM_32, IF_W0 | IF_L2, EV_D, DQ),                                   \
        mac(nm##64x4, (o) + 2, MEM_32, IF_W1 | IF_L2, EV_Q, F)
/* general registers or memory */
#define PEXTR(nm, o, a, w, fe)                                                                     \
    EVEX(nm, MAP_0F3A, o, PFX_66, EXT_NONE, a, OP_V, OP_Ib, 0, w, ACC_W, IF_L0, 0, fe)
#define PINSR(nm, o, a, w, fe)                                                                     \
    EVEX(nm, MAP_0F3A, o, PFX_66, EXT_NONE, OP_V, OP_H, a, OP_Ib, w, ACC_R, IF_L0, 0, fe)
#define CLASS(nm, o, w, fl, ev)                                                                    \
    EVEX(nm, MAP_0F3A, o, PFX_66, EXT_NONE, OP_K, OP_W, OP_Ib, 0, w, ACC_R, fl, KD(ev), DQ)

static const InsnRow rows_imm[] = {
    I2(permq, 0x00, IF_W1 | L12, NF(EV_Q), F),
    I2(permpd, 0x01, IF_W1 | L12, NF(EV_Q), F),
    E3I_DQ(alignd, alignq, MAP_0F3A, 0x03, NF_EV, F),
    I2(permilps, 0x04, IF_W0, NF(EV_D), F),
    I2(permilpd, 0x05, IF_W1, NF(EV_Q), F),
    I2(rndscaleps, 0x08, IF_W0 | IF_SIMD_FP, EV_D | EV_SAE, F),
    I2(rndscalepd, 0x09, IF_W1 | IF_SIMD_FP, EV_Q | EV_SAE, F),
    FPSS(rndscale, 0x0a, F),
    FPSD(rndscale, 0x0b, F),
    I3(palignr, 0x0f, 0, NF(EV_B), BW),
    PEXTR(pextrb, 0x14, OP_Ed, MEM_1, BW),
    PEXTR(pextrw, 0x15, OP_Ed, MEM_2, BW),
    PEXTR(pextrd, 0x16, OP_Ey, MEM_Y, DQ),
    PEXTR(extractps, 0x17, OP_Ed, MEM_4, F),
    PARTS(insertf, INSERT, 0x18),
    PARTS(extractf, EXTRACT, 0x19),
    PARTS(inserti, INSERT, 0x38),
    PARTS(extracti, EXTRACT, 0x39),
    EVEX(cvtps2ph, MAP_0F3A, 0x1d, PFX_66, EXT_NONE, OP_W, OP_V, OP_Ib, 0, MEM_VL2, ACC_W,
         IF_W0 | IF_SIMD_FP, NB(EV_D) | EV_SAE, F),
    KI(pcmpud, 0x1e, IF_W0, EV_D, F),
    KI(pcmpuq, 0x1e, IF_W1, EV_Q, F),
    KI(pcmpd, 0x1f, IF_W0, EV_D, F),
    KI(pcmpq, 0x1f, IF_W1, EV_Q, F),
    KI(pcmpub, 0x3e, IF_W0, EV_B, BW),
    KI(pcmpuw, 0x3e, IF_W1, EV_W, BW),
    KI(pcmpb, 0x3f, IF_W0, EV_B, BW),
    KI(pcmpw, 0x3f, IF_W1, EV_W, BW),
    PINSR(pinsrb, 0x20, OP_Ed, MEM_1, BW),
    PINSR(pinsrd, 0x22, OP_Ey, MEM_Y, DQ),
    EVEX(insertps, MAP_0F3A, 0x21, PFX_66, EXT_NONE, OP_V, OP_H, OP_W, OP_Ib, MEM_4, ACC_R,
         IF_W0 | IF_L0, 0, F),
    I3(shuff32x4, 0x23, IF_W0 | L12, NF(EV_D), F),
    I3(shuff64x2, 0x23, IF_W1 | L12, NF(EV_Q), F),
    I3(shufi32x4, 0x43, IF_W0 | L12, NF(EV_D), F),
    I3(shufi64x2, 0x43, IF_W1 | L12, NF(EV_Q), F),
    E3I_DQ(pternlogd, pternlogq, MAP_0F3A, 0x25, ANY_EV, F),
    FP2(getmant, 0x26, F),
    FPSS(getmant, 0x27, F),
    FPSD(getmant, 0x27, F),
    I3(dbpsadbw, 0x42, IF_W0, NF(EV_W), BW),
    I3(pclmulqdq, 0x44, 0, EV_VL, FE_VPCLMULQDQ),
    FP3(range, 0x50, DQ),
    FPSS(range, 0x51, DQ),
    FPSD(range, 0x51, DQ),
    FP3(fixupimm, 0x54, F),
    FPSS(fixupimm, 0x55, F),
    FPSD(fixupimm, 0x55, F),
    FP2(reduce, 0x56, DQ),
    FPSS(reduce, 0x57, DQ),
    FPSD(reduce, 0x57, DQ),
    CLASS(fpclassps, 0x66, MEM_VL, IF_W0, EV_D),
    CLASS(fpclasspd, 0x66, MEM_VL, IF_W1, EV_Q),
    CLASS(fpclassss, 0x67, MEM_4, IF_W0, EV_S4),
    CLASS(fpclasssd, 0x67, MEM_8, IF_W1, EV_S8),
    I3(pshldw, 0x70, IF_W1, EV_W, FE_AVX512VBMI2),
    E3I_DQ(pshldd, pshldq, MAP_0F3A, 0x71, ANY_EV, FE_AVX512VBMI2),
    I3(pshrdw, 0x72, IF_W1, EV_W, FE_AVX512VBMI2),
    E3I_DQ(pshrdd, pshrdq, MAP_0F3A, 0x73, ANY_EV, FE_AVX512VBMI2),
    I3(gf2p8affineqb, 0xce, IF_W1, NF(EV_B) | EV_BC, FE_GFNI),
    I3(gf2p8affineinvqb, 0xcf, IF_W1, NF(EV_B) | EV_BC, FE_GFNI),
};
INSN_ROWS(avx512_3a, rows_imm);

/* ---- opmasks: byte, word, doubleword, quadword forms differ in prefix and W */

#define OPMASK(nm, m, o, p, a, b, c, w, ac, fl, flw, fe)                                           \
    {                                                                                              \
        .name = nm, .enc = ENC_VEX, .map = m, .opcode = o, .pfx = p, .ext = EXT_NONE,              \
        .rm = EXT_NONE, .op = { a, b, c }, .mem = w, .acc = ac,                                    \
        .flags = IF_AVX512 | IF_PASS | (fl), .feature = fe, .fl_write = flw, .sem = sem_native     \
    }
#define K_OPS(nm, o, fl, a, b, c, flw, fb, fw)                                                     \
    OPMASK("k" #nm "b", MAP_0F, o, PFX_66, a, b, c, 0, 0, (fl) | IF_W0 | IF_REG_ONLY, flw, fb),    \
        OPMASK("k" #nm "w", MAP_0F, o, PFX_NONE, a, b, c, 0, 0, (fl) | IF_W0 | IF_REG_ONLY, flw,   \
               fw),                                                                                \
        OPMASK("k" #nm "d", MAP_0F, o, PFX_66, a, b, c, 0, 0, (fl) | IF_W1 | IF_REG_ONLY, flw,     \
               BW),                                                                                \
        OPMASK("k" #nm "q", MAP_0F, o, PFX_NONE, a, b, c, 0, 0, (fl) | IF_W1 | IF_REG_ONLY, flw,   \
               BW)
#define K3(nm, o, fw)      K_OPS(nm, o, IF_L1, OP_K, OP_KH, OP_KW, 0, DQ, fw)
#define K2(nm, o, flw, fw) K_OPS(nm, o, IF_L0, OP_K, OP_KW, 0, flw, DQ, fw)
#define K_UNPACK(nm, p, w, fe)                                                                     \
    OPMASK(nm, MAP_0F, 0x4b, p, OP_K, OP_KH, OP_KW, 0, 0, IF_L1 | IF_REG_ONLY | (w), 0, fe)
#define K_SHIFT(nm, o, w, fe)                                                                      \
    OPMASK(nm, MAP_0F3A, o, PFX_66, OP_K, OP_KW, OP_Ib, 0, 0, IF_L0 | IF_REG_ONLY | (w), 0, fe)
#define K_MOVE(nm, p, w, m, fe)                                                                    \
    OPMASK(nm, MAP_0F, 0x90, p, OP_K, OP_KW, 0, m, ACC_R, IF_L0 | (w), 0, fe),                     \
        OPMASK(nm, MAP_0F, 0x91, p, OP_M, OP_K, 0, m, ACC_W, IF_L0 | IF_MEM_ONLY | (w), 0, fe)
#define K_GPR(nm, p, w, e, g, fe)                                                                  \
    OPMASK(nm, MAP_0F, 0x92, p, OP_K, e, 0, 0, 0, IF_L0 | IF_REG_ONLY | (w), 0, fe),               \
        OPMASK(nm, MAP_0F, 0x93, p, g, OP_KW, 0, 0, 0, IF_L0 | IF_REG_ONLY | (w), 0, fe)

static const InsnRow rows_opmask[] = {
    K3(and, 0x41, F),
    K3(andn, 0x42, F),
    K3(or, 0x45, F),
    K3(xnor, 0x46, F),
    K3(xor, 0x47, F),
    K3(add, 0x4a, DQ),
    K2(not, 0x44, 0, F),
    K2(ortest, 0x98, FL_STATUS, F),
    K2(test, 0x99, FL_STATUS, DQ),
    K_UNPACK("kunpckbw", PFX_66, IF_W0, F),
    K_UNPACK("kunpckwd", PFX_NONE, IF_W0, BW),
    K_UNPACK("kunpckdq", PFX_NONE, IF_W1, BW),
    K_SHIFT("kshiftrb", 0x30, IF_W0, DQ),
    K_SHIFT("kshiftrw", 0x30, IF_W1, F),
    K_SHIFT("kshiftrd", 0x31, IF_W0, BW),
    K_SHIFT("kshiftrq", 0x31, IF_W1, BW),
    K_SHIFT("kshiftlb", 0x32, IF_W0, DQ),
    K_SHIFT("kshiftlw", 0x32, IF_W1, F),
    K_SHIFT("kshiftld", 0x33, IF_W0, BW),
    K_SHIFT("kshiftlq", 0x33, IF_W1, BW),
    K_MOVE("kmovb", PFX_66, IF_W0, MEM_1, DQ),
    K_MOVE("kmovw", PFX_NONE, IF_W0, MEM_2, F),
    K_MOVE("kmovd", PFX_66, IF_W1, MEM_4, BW),
    K_MOVE("kmovq", PFX_NONE, IF_W1, MEM_8, BW),
    K_GPR("kmovb", PFX_66, IF_W0, OP_Ed, OP_Gd, DQ),
    K_GPR("kmovw", PFX_NONE, IF_W0, OP_Ed, OP_Gd, F),
    K_GPR("kmovd", PFX_F2, 0, OP_Ey, OP_Gy, BW), /* and kmovq, by W */
};
INSN_ROWS(opmask, rows_opmask);
