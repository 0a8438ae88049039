/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode rows of x87 instructions (SDM vol. 2, appendix A.5 and chapter 3 "F"). */
#include "target/i386/tcg/rows_vec.h"

#define X87_ (IF_X87 | IF_PASS)
#define FM(nm, o, x, w, ac)                                                                        \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = X, .op = {OP_M}, .mem = w, .acc = ac, .flags = X87_ | IF_MEM_ONLY, .sem = sem_native \
    }
#define FR(nm, o, x)                                                                               \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = X, .op = {OP_ST0, OP_STi}, .flags = X87_ | IF_REG_ONLY, .sem = sem_native            \
    }
/* register form with a fixed r/m field */
#define F1(nm, o, x, r)                                                                            \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = r, .op = {OP_ST0}, .flags = X87_ | IF_REG_ONLY, .sem = sem_native                    \
    }
#define FCMOV(nm, o, x, fl)                                                                        \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = X, .op = {OP_ST0, OP_STi}, .flags = X87_ | IF_REG_ONLY, .feature = FE_CMOV,          \
        .fl_read = fl, .sem = sem_native                                                           \
    }
#define FCOMI(nm, o, x)                                                                            \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = X, .op = {OP_ST0, OP_STi}, .flags = X87_ | IF_REG_ONLY, .feature = FE_CMOV,          \
        .fl_write = FL_STATUS, .sem = sem_native                                                   \
    }
#define ARITH(o, w, i)                                                                             \
    FM("f" i "add", o, 0, w, ACC_R), FM("f" i "mul", o, 1, w, ACC_R),                              \
        FM("f" i "com", o, 2, w, ACC_R), FM("f" i "comp", o, 3, w, ACC_R),                         \
        FM("f" i "sub", o, 4, w, ACC_R), FM("f" i "subr", o, 5, w, ACC_R),                         \
        FM("f" i "div", o, 6, w, ACC_R), FM("f" i "divr", o, 7, w, ACC_R)
/* control: no #MF check, state image handled by semantics */
#define FC(nm, o, x, r, w, ac, f, s)                                                               \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_1, .opcode = o, .pfx = PFX_ANY, .ext = x,        \
        .rm = r, .op = {OP_NONE}, .mem = w, .acc = ac, .flags = f, .sem = s                        \
    }

static const InsnRow rows[] = {
    ARITH(0xd8, MEM_4, ""),
    ARITH(0xdc, MEM_8, ""),
    ARITH(0xda, MEM_4, "i"),
    ARITH(0xde, MEM_2, "i"),
    FR("fadd", 0xd8, 0),
    FR("fmul", 0xd8, 1),
    FR("fcom", 0xd8, 2),
    FR("fcomp", 0xd8, 3),
    FR("fsub", 0xd8, 4),
    FR("fsubr", 0xd8, 5),
    FR("fdiv", 0xd8, 6),
    FR("fdivr", 0xd8, 7),
    FR("fadd", 0xdc, 0),
    FR("fmul", 0xdc, 1),
    FR("fcom2", 0xdc, 2),
    FR("fcomp3", 0xdc, 3),
    FR("fsubr", 0xdc, 4),
    FR("fsub", 0xdc, 5),
    FR("fdivr", 0xdc, 6),
    FR("fdiv", 0xdc, 7),
    FR("faddp", 0xde, 0),
    FR("fmulp", 0xde, 1),
    FR("fcomp5", 0xde, 2),
    F1("fcompp", 0xde, 3, 1),
    FR("fsubrp", 0xde, 4),
    FR("fsubp", 0xde, 5),
    FR("fdivrp", 0xde, 6),
    FR("fdivp", 0xde, 7),
    FM("fld", 0xd9, 0, MEM_4, ACC_R),
    FM("fst", 0xd9, 2, MEM_4, ACC_W),
    FM("fstp", 0xd9, 3, MEM_4, ACC_W),
    FM("fld", 0xdd, 0, MEM_8, ACC_R),
    FM("fst", 0xdd, 2, MEM_8, ACC_W),
    FM("fstp", 0xdd, 3, MEM_8, ACC_W),
    {.name = "fisttp",
     .enc = ENC_LEGACY,
     .map = MAP_1,
     .opcode = 0xdd,
     .pfx = PFX_ANY,
     .ext = 1,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_8,
     .acc = ACC_W,
     .flags = X87_ | IF_MEM_ONLY,
     .feature = FE_SSE3,
     .sem = sem_native},
    {.name = "fisttp",
     .enc = ENC_LEGACY,
     .map = MAP_1,
     .opcode = 0xdb,
     .pfx = PFX_ANY,
     .ext = 1,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_4,
     .acc = ACC_W,
     .flags = X87_ | IF_MEM_ONLY,
     .feature = FE_SSE3,
     .sem = sem_native},
    {.name = "fisttp",
     .enc = ENC_LEGACY,
     .map = MAP_1,
     .opcode = 0xdf,
     .pfx = PFX_ANY,
     .ext = 1,
     .rm = X,
     .op = {OP_M},
     .mem = MEM_2,
     .acc = ACC_W,
     .flags = X87_ | IF_MEM_ONLY,
     .feature = FE_SSE3,
     .sem = sem_native},
    FM("fild", 0xdb, 0, MEM_4, ACC_R),
    FM("fist", 0xdb, 2, MEM_4, ACC_W),
    FM("fistp", 0xdb, 3, MEM_4, ACC_W),
    FM("fld", 0xdb, 5, MEM_10, ACC_R),
    FM("fstp", 0xdb, 7, MEM_10, ACC_W),
    FM("fild", 0xdf, 0, MEM_2, ACC_R),
    FM("fist", 0xdf, 2, MEM_2, ACC_W),
    FM("fistp", 0xdf, 3, MEM_2, ACC_W),
    FM("fbld", 0xdf, 4, MEM_10, ACC_R),
    FM("fild", 0xdf, 5, MEM_8, ACC_R),
    FM("fbstp", 0xdf, 6, MEM_10, ACC_W),
    FM("fistp", 0xdf, 7, MEM_8, ACC_W),
    FR("fld", 0xd9, 0),
    FR("fxch", 0xd9, 1),
    FR("fxch4", 0xdd, 1),
    FR("fxch7", 0xdf, 1),
    FR("fstp1", 0xd9, 3),
    FR("fst", 0xdd, 2),
    FR("fstp", 0xdd, 3),
    FR("fstp8", 0xdf, 2),
    FR("fstp9", 0xdf, 3),
    FR("ffree", 0xdd, 0),
    FR("ffreep", 0xdf, 0),
    FR("fucom", 0xdd, 4),
    FR("fucomp", 0xdd, 5),
    F1("fucompp", 0xda, 5, 1),
    F1("fnop", 0xd9, 2, 0),
    F1("fchs", 0xd9, 4, 0),
    F1("fabs", 0xd9, 4, 1),
    F1("ftst", 0xd9, 4, 4),
    F1("fxam", 0xd9, 4, 5),
    F1("fld1", 0xd9, 5, 0),
    F1("fldl2t", 0xd9, 5, 1),
    F1("fldl2e", 0xd9, 5, 2),
    F1("fldpi", 0xd9, 5, 3),
    F1("fldlg2", 0xd9, 5, 4),
    F1("fldln2", 0xd9, 5, 5),
    F1("fldz", 0xd9, 5, 6),
    F1("f2xm1", 0xd9, 6, 0),
    F1("fyl2x", 0xd9, 6, 1),
    F1("fptan", 0xd9, 6, 2),
    F1("fpatan", 0xd9, 6, 3),
    F1("fxtract", 0xd9, 6, 4),
    F1("fprem1", 0xd9, 6, 5),
    F1("fdecstp", 0xd9, 6, 6),
    F1("fincstp", 0xd9, 6, 7),
    F1("fprem", 0xd9, 7, 0),
    F1("fyl2xp1", 0xd9, 7, 1),
    F1("fsqrt", 0xd9, 7, 2),
    F1("fsincos", 0xd9, 7, 3),
    F1("frndint", 0xd9, 7, 4),
    F1("fscale", 0xd9, 7, 5),
    F1("fsin", 0xd9, 7, 6),
    F1("fcos", 0xd9, 7, 7),
    FCMOV("fcmovb", 0xda, 0, FL_CF),
    FCMOV("fcmove", 0xda, 1, FL_ZF),
    FCMOV("fcmovbe", 0xda, 2, FL_CF | FL_ZF),
    FCMOV("fcmovu", 0xda, 3, FL_PF),
    FCMOV("fcmovnb", 0xdb, 0, FL_CF),
    FCMOV("fcmovne", 0xdb, 1, FL_ZF),
    FCMOV("fcmovnbe", 0xdb, 2, FL_CF | FL_ZF),
    FCMOV("fcmovnu", 0xdb, 3, FL_PF),
    FCOMI("fucomi", 0xdb, 5),
    FCOMI("fcomi", 0xdb, 6),
    FCOMI("fucomip", 0xdf, 5),
    FCOMI("fcomip", 0xdf, 6),
    FM("fldcw", 0xd9, 5, MEM_2, ACC_R),
    /* no-wait forms: a pending exception does not stop them */
    FC("fnstcw", 0xd9, 7, X, MEM_2, ACC_W, IF_MEM_ONLY, sem_fnstcw),
    FC("fnstsw", 0xdd, 7, X, MEM_2, ACC_W, IF_MEM_ONLY, sem_fnstsw),
    {.name = "fnstsw",
     .enc = ENC_LEGACY,
     .map = MAP_1,
     .opcode = 0xdf,
     .pfx = PFX_ANY,
     .ext = 4,
     .rm = 0,
     .op = {OP_AX},
     .flags = IF_REG_ONLY | IF_IMPLICIT,
     .gpr_write = 1 << R_RAX,
     .sem = sem_fnstsw_ax},
    FC("fninit", 0xdb, 4, 3, 0, 0, IF_REG_ONLY, sem_fninit),
    FC("fnclex", 0xdb, 4, 2, 0, 0, IF_REG_ONLY, sem_fnclex),
    FC("fneni", 0xdb, 4, 0, 0, 0, IF_REG_ONLY, sem_fnnop),
    FC("fndisi", 0xdb, 4, 1, 0, 0, IF_REG_ONLY, sem_fnnop),
    FC("fnsetpm", 0xdb, 4, 4, 0, 0, IF_REG_ONLY, sem_fnnop),
    FC("fnstenv", 0xd9, 6, X, MEM_28, ACC_W, IF_MEM_ONLY, sem_fnstenv),
    FC("fnsave", 0xdd, 6, X, MEM_108, ACC_W, IF_MEM_ONLY, sem_fnsave),
    FC("fldenv", 0xd9, 4, X, MEM_28, ACC_R, IF_MEM_ONLY | IF_X87, sem_fldenv),
    FC("frstor", 0xdd, 4, X, MEM_108, ACC_R, IF_MEM_ONLY | IF_X87, sem_frstor),
    FC("fwait", 0x9b, X, X, 0, 0, 0, sem_fwait),
};
INSN_ROWS(x87, rows);
