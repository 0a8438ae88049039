/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decoded instruction, and the rows that describe every instruction once: for the decoder, the
 * interpreter, the translator (which forms pass through to the host) and the tests (flag masks).
 *
 * Rows sit beside the semantics (sem_*.c) as `static const InsnRow rows[]` and join the set by
 * INSN_ROWS(rows). The decoder indexes them once at start. Notation: SDM vol. 2, appendix A. */
#ifndef TARGET_I386_TCG_INSN_H
#define TARGET_I386_TCG_INSN_H

#include "accel/tcg/guest.h"
#include "target/i386/cpu.h"
#include "util/set.h"

typedef struct Insn Insn;
typedef void (*SemFn)(X86Cpu *c, const Insn *i);
struct VecOp;

typedef enum OpKind {
    OP_NONE,
    /* general registers or memory: E = ModRM.rm, G = ModRM.reg, B = VEX.vvvv, M = memory only, R = register rm only
     * b byte, w word, d dword, q qword, v operand size 16/32/64, y 32 or 64 by REX.W (no 16), z 16/32 */
    OP_Eb, OP_Ew, OP_Ed, OP_Eq, OP_Ev, OP_Ey,
    OP_Gb, OP_Gw, OP_Gd, OP_Gq, OP_Gv, OP_Gy, OP_By,
    OP_M, OP_Rv, OP_Ry,
    OP_Ib, OP_Ibs /* sign-extended to operand size */, OP_Iw, OP_Iz, OP_Iv, OP_Jb, OP_Jz, OP_Ap, OP_Mp,
    OP_Ob, OP_Ov, OP_Xb, OP_Xv, OP_Yb, OP_Yv,
    OP_Zb, OP_Zv,                   /* register in the opcode's low three bits */
    OP_AL, OP_CL, OP_DX, OP_AX, OP_rAX, OP_1,
    OP_Sw, OP_Cy, OP_Dy,
    /* vector: V = ModRM.reg, W = ModRM.rm or memory, U = rm register only, H = vvvv, L = imm8[7:4];
     * P, Q, N the same for MMX. Register width is the row's vector length; memory width is .mem */
    OP_V, OP_W, OP_U, OP_H, OP_L, OP_P, OP_Q, OP_N,
    OP_ST0, OP_STi,
    OP_K, OP_KW, OP_KH,             /* opmask: reg, rm, vvvv */
} OpKind;

/* Width of the memory operand. */
typedef enum MemWidth {
    MEM_NONE, MEM_1 = 1, MEM_2 = 2, MEM_4 = 4, MEM_6 = 6, MEM_8 = 8, MEM_10 = 10, MEM_16 = 16,
    MEM_32 = 32, MEM_64 = 64,
    MEM_OPSZ = 100,                 /* the operand size */
    MEM_Y,                          /* 4, or 8 with REX.W */
    MEM_VL, MEM_VL2, MEM_VL4, MEM_VL8,      /* the vector length, a half, a quarter, an eighth */
    MEM_28, MEM_108, MEM_512,       /* fnstenv (14 with 16-bit operands), fnsave (94), fxsave */
    MEM_XSAVE, MEM_SPECIAL,         /* by semantics only: never passes through */
} MemWidth;
enum { ACC_R = 1, ACC_W = 2, ACC_RW = 3, ACC_ADDR = 4 /* LEA, INVLPG, NOP, prefetch: not accessed */ };

enum InsnFlags {
    IF_I64 = 1 << 0,                /* #UD in 64-bit mode */
    IF_O64 = 1 << 1,                /* 64-bit mode only */
    IF_D64 = 1 << 2,                /* operand size defaults to 64 in 64-bit mode */
    IF_F64 = 1 << 3,                /* operand size is 64 in 64-bit mode whatever the prefixes */
    IF_LOCK = 1 << 4,               /* LOCK is legal with a memory destination */
    IF_REP = 1 << 5,                /* string instruction that takes REP; IF_REPCC: compares ZF */
    IF_REPCC = 1 << 6,
    IF_PRIV = 1 << 7,               /* CPL 0 only, else #GP */
    IF_JUMP = 1 << 8,               /* may change rip: ends a block */
    IF_END = 1 << 9,                /* changes state that translation depends on: ends a block after it */
    IF_REAL_UD = 1 << 10,           /* #UD in real and virtual-8086 mode */
    IF_MEM_ONLY = 1 << 11, IF_REG_ONLY = 1 << 12,   /* ModRM.mod */
    IF_ALIGN = 1 << 13,             /* memory operand must be aligned to its width, else #GP (legacy SSE) */
    IF_PASS = 1 << 14,              /* the host's own instruction does exactly this: operands renamed and the
                                     * memory operand rewritten, it can be copied into a translation */
    IF_X87 = 1 << 15,               /* uses x87 state: #NM on CR0.EM/TS, #MF pending */
    IF_SSE = 1 << 16,               /* #UD on CR0.EM or !CR4.OSFXSR, #NM on CR0.TS */
    IF_AVX = 1 << 17,               /* VEX: CR4.OSXSAVE and XCR0 checks, #NM on TS */
    IF_AVX512 = 1 << 18,
    IF_MMX = 1 << 19,               /* #UD on EM, #NM on TS, #MF pending; enters MMX state */
    IF_SIMD_FP = 1 << 20,           /* may raise SIMD FP exceptions (MXCSR) */
    IF_NO_RIP_REL = 1 << 21,
    IF_DEF = 1 << 22,               /* default rule: no narrower row matched */
    IF_W0 = 1 << 23, IF_W1 = 1 << 24,               /* VEX.W / REX.W must be so */
    IF_L0 = 1 << 25, IF_L1 = 1 << 26,               /* VEX.L must be so; neither: both lengths */
    IF_A32_OK = 1 << 27,
    IF_IMPLICIT = 1u << 28,         /* reads or writes GPRs not named by operands: the row's gpr masks say which */
    IF_L2 = 1u << 29,               /* EVEX: 512 bits. The lengths named by L0, L1, L2 are allowed; none named: all */
    IF_VSIB = 1u << 30,             /* the index register is a vector register, never absent */
    IF_SOFT_FEATURE = 1u << 31,     /* without the feature the prefix is ignored instead of #UD (TZCNT is BSF then):
                                     * sem looks, translations may pass it through only with the feature */
};

/* InsnRow.evx: what EVEX's own fields may say, and how a mask bears upon the memory operand. */
enum EvexRow {
    EV_K = 1,                       /* may have an opmask (aaa); without this aaa must be 0 */
    EV_KREQ = 2,                    /* must have one */
    EV_Z = 4,                       /* zeroing is legal, unless the destination is memory */
    EV_BC = 8,                      /* memory form: b broadcasts one element of 4 bytes, 8 with W */
    EV_RC = 16, EV_SAE = 32,        /* register form: b sets rounding (and 512 bits), or no exceptions */
    EV_VL = 64,                     /* vectors below 512 bits need AVX512VL too */
    EV_WHOLE = 128,                 /* stores: faults as if all were written */
    /* element size that a mask bit stands for: the wider one of conversions; by W */
    ES1 = 1 << 8, ES2 = 2 << 8, ES4 = 3 << 8, ES8 = 4 << 8, ESW = 5 << 8, ES_MASK = 7 << 8,
    /* memory that masked-off elements leave untouched (SDM vol. 1, 15.6.4); none: all is accessed */
    FS_ELEM = 1 << 12,              /* one memory element each, as wide as the operand divided by elements */
    FS_BCAST = 2 << 12,             /* memory elements of element size used again and again */
    FS_PART = 3 << 12,              /* memory elements of element size, fewer than the vector has */
    FS_ONE = 4 << 12,               /* mask bit 0 */
    FS_PACK = 5 << 12,              /* as many elements as mask bits are set */
    FS_MASK = 7 << 12,
};

enum { PFX_ANY, PFX_NONE, PFX_66, PFX_F3, PFX_F2 };         /* mandatory prefix */
enum { ENC_LEGACY, ENC_VEX, ENC_EVEX, ENC_3DNOW };
enum { MAP_1 /* one byte */, MAP_0F, MAP_0F38, MAP_0F3A };  /* x87: MAP_1, D8-DF, ext, and rm where fixed */
enum { EXT_NONE = 0xff };

/* The first members of a row: without ModRM.reg selection, with it, and with ModRM.rm fixed too.
 *     { ROW_EXT(MAP_1, 0xf6, 3, "neg"), .op = { OP_Eb }, .mem = MEM_1, .acc = ACC_RW, ... }
 * A row whose operands include OP_Zb or OP_Zv stands for the eight opcodes from .opcode on. */
#define ROW_AT(m, o, n) .name = (n), .map = (m), .opcode = (o), .ext = EXT_NONE, .rm = EXT_NONE
#define ROW_EXT(m, o, x, n) .name = (n), .map = (m), .opcode = (o), .ext = (x), .rm = EXT_NONE
#define ROW_EXT_RM(m, o, x, r, n) .name = (n), .map = (m), .opcode = (o), .ext = (x), .rm = (r)

typedef struct InsnRow {
    const char *name;
    uint8_t enc, map, opcode, pfx;
    uint8_t ext;                    /* ModRM.reg that must match, or EXT_NONE */
    uint8_t rm;                     /* for register forms with a fixed ModRM.rm (0F 01 C1 ...), or EXT_NONE */
    uint8_t op[4];                  /* OpKind, destination first */
    uint8_t mem, acc;               /* MemWidth, ACC_* */
    uint32_t flags;                 /* IF_* */
    uint16_t feature;               /* CPUID bit required: FEAT_WORD * 32 + bit, see features.h; 0 = none */
    uint16_t fl_read, fl_write, fl_undef;           /* status flags + DF: read, defined after, undefined after */
    uint16_t gpr_read, gpr_write;   /* implicit ones only */
    uint16_t evx;                   /* EVEX rows: EV_*, ES*, FS_* */
    SemFn sem;
    void (*vec)(struct VecOp *v);   /* what sem_vec applies to the lanes (vec.h) */
} InsnRow;

/* What the decoder leaves. 48 bytes; decoding is the same for the interpreter and the translator. */
struct Insn {
    SemFn sem;
    const InsnRow *row;
    int64_t imm;                    /* Ibs, Iz, Iv, J sign-extended, Ib, Iw zero-extended; far pointers:
                                     * offset; moffs: the address */
    int32_t disp;
    uint16_t imm2;                  /* far selector; the second of two immediates (ENTER's level) */
    uint8_t len;
    uint8_t opsize;                 /* 1, 2, 4, 8: of the v/y operands or the b form */
    uint8_t adsize;                 /* 2, 4, 8 */
    uint8_t vl;                     /* 8 (MMX), 16, 32, 64 */
    uint8_t pfx;                    /* IPFX_* */
    uint8_t opcode, modrm;          /* as encoded */
    uint8_t reg, rm, vvvv;          /* extended by REX/VEX/EVEX; rm: the register when mod == 3 */
    uint8_t base, index, scale;     /* memory operand: register numbers, or NO_REG; scale 0-3 */
    uint8_t seg;                    /* segment of the memory operand, defaults and overrides applied;
                                     * without ModRM memory: DS or the override (strings, moffs, XLAT) */
    uint8_t aaa, evex;              /* EVEX: opmask; z and b bits, rounding: EVX_* */
    uint8_t rex;                    /* REX byte or the equivalent bits of VEX (0x40 set if a REX was there: SPL..DIL) */
};
enum { NO_REG = 0xff, RIP_REG = 0xfe };
enum { IPFX_REP = 1, IPFX_REPNE = 2, IPFX_LOCK = 4, IPFX_66 = 8, IPFX_67 = 16, IPFX_SEG = 32,
       IPFX_MEM = 64 /* mod != 3 */ };
enum { EVX_Z = 1, EVX_B = 2, EVX_LL = 12 };

typedef struct InsnRows { const InsnRow *rows; size_t n; } InsnRows;
#define INSN_ROWS(tag, array) \
    static const InsnRows insn_rows_##tag = { array, G_N_ELEMENTS(array) }; \
    SET_ADD(insn_rows, InsnRows, tag, &insn_rows_##tag)
SET_DECLARE(insn_rows, InsnRows);

typedef enum DecodeResult {
    DECODE_OK, DECODE_UD, DECODE_MORE /* needs more bytes than avail */, DECODE_GP /* over 15 bytes */
} DecodeResult;
bool insn_row_has_modrm(const InsnRow *row);
/* Does a CPU with these feature words have the instruction? The row's feature, and AVX512VL where it counts. */
bool insn_has_feature(const uint32_t *features, const Insn *i);
void decode_init(void);             /* once, before the first decode; any number of calls */
/* Mode comes from hflags (CS32, CS64, PE, VM). On DECODE_UD i->len is still set where known. */
DecodeResult decode_insn(uint32_t hflags, const uint8_t *code, unsigned avail, Insn *i);

/* ---- for semantics */
uint64_t insn_ea(X86Cpu *c, const Insn *i);             /* effective address: offset in the segment */
/* Linear address of offset ea in seg, after limit, type and canonical checks (#GP, #SS); n bytes. */
uint64_t insn_linear(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how, unsigned adsize);
uint64_t insn_mem(X86Cpu *c, const Insn *i, unsigned n, Access how);    /* both of the above for i's operand */
uint64_t rm_read(X86Cpu *c, const Insn *i, unsigned size);              /* r/m operand, zero-extended */
void rm_write(X86Cpu *c, const Insn *i, unsigned size, uint64_t v);     /* 32-bit writes clear the upper half */
uint64_t gpr_read(const X86Cpu *c, const Insn *i, unsigned reg, unsigned size);   /* size 1: AH..BH rule by REX */
void gpr_write(X86Cpu *c, const Insn *i, unsigned reg, unsigned size, uint64_t v);
/* The same without raising: false when the segment forbids the access (or alignment checks are on). */
bool insn_linear_probe(X86Cpu *c, unsigned seg, uint64_t ea, unsigned n, Access how, uint64_t *ret_va);
void stack_push(X86Cpu *c, unsigned size, uint64_t v);
uint64_t stack_pop(X86Cpu *c, unsigned size);
uint64_t stack_peek(X86Cpu *c, unsigned size, unsigned offset);     /* at (R|E)SP + offset; moves nothing */
unsigned stack_width(const X86Cpu *c);                              /* of the stack pointer: 2, 4, 8 */
void stack_set(X86Cpu *c, uint64_t sp);                             /* keeps what is above its width */

/* Delivers now; never returns. env.rip must be the faulting instruction (it is, during semantics). */
G_NORETURN void x86_raise(X86Cpu *c, int vector);                       /* no error code */
G_NORETURN void x86_raise_err(X86Cpu *c, int vector, uint32_t error);
G_NORETURN void x86_raise_ud(X86Cpu *c);

/* Checks that gate x87/MMX/SSE/AVX rows (IF_X87 ...): done by the interpreter before sem, so sem need not. */
void x86_check_fp(X86Cpu *c, const Insn *i);
void x86_check_x87_error(X86Cpu *c);    /* before a waiting x87 instruction: #MF, or FERR# with CR0.NE clear */

extern const TcgTranslator x86_translator;      /* translate.c: tier 1 */
TbKey x86_tb_key(const Cpu *cpu);                /* tbkey.c */
unsigned x86_mmu_mode(const Cpu *cpu);
bool x86_tb_usable(const Cpu *cpu, const TbKey *key);
unsigned x86_tb_batch(const Cpu *cpu, const TbKey *key);
void x86_tb_set_pc(Cpu *cpu, uint64_t pc);
/* TbKey.flags: the part of hflags that a translation depends on, and the mmu mode in the top bits. */
enum { HF_TB = HF_CS32 | HF_CS64 | HF_SS32 | HF_PE | HF_VM | HF_FLAT | HF_TF | HF_MP_TS_EM | HF_OSFXSR | HF_OSXSAVE |
               HF_AVX | HF_AVX512 | HF_SHADOW | HF_DR7 | HF_ALIGN, TB_MODE_SHIFT = 30 };
static inline uint32_t x86_tb_flags(const X86Env *env)
{
    uint32_t hf = (env->hflags & HF_TB) | (env->mmu_mode == X86_MMU_USER ? env->window : 0);

    /* 64-bit code does not look at segments' widths and limits */
    return (hf & HF_CS64 ? hf & ~(uint32_t)(HF_SS32 | HF_FLAT | HF_CS32) : hf) | env->mmu_mode << TB_MODE_SHIFT;
}

/* ---- the interpreter (interp.c) and what it asks of exceptions and debugging (target/i386) */
unsigned x86_interpret(Cpu *cpu, unsigned max);         /* TcgGuestOps.interpret */
void x86_interp_flush(X86Cpu *c);       /* forget the code page in use: after what moves memory (A20, CR3, maps) */
const Insn *x86_interp_last(const X86Cpu *c);       /* executed last; after x86_interpret() */
void x86_interp_free(X86Cpu *c);        /* with the vCPU */
/* #DB trap conditions (DR6 bits) found after an instruction: single step. rip is the next instruction. */
G_NORETURN void x86_debug_trap(X86Cpu *c, uint64_t dr6);
/* Called by insn_linear while HF_DR7 is set: notes data breakpoints that [la, la + n) hits in env.db_pending.
 * After an instruction that left env.db_pending != 0: x86_debug_trap(c, env.db_pending), joined with
 * single step's bit 14. */
void x86_watch(X86Cpu *c, uint64_t la, unsigned n, Access how);
/* Before an instruction while HF_DR7 is set and RF clear: delivers #DB on an instruction breakpoint there. */
void x86_check_insn_bp(X86Cpu *c);
/* I/O permission (IOPL, TSS bitmap; #GP) and the access itself, for IN, OUT, INS, OUTS. size 1, 2, 4. */
void x86_check_io(X86Cpu *c, unsigned port, unsigned size);
uint32_t x86_io_read(X86Cpu *c, unsigned port, unsigned size);
void x86_io_write(X86Cpu *c, unsigned port, unsigned size, uint32_t v);

#endif
