/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier 1, "copy and annotate": a guest instruction becomes the same host instruction with its registers
 * renamed and its memory operand translated. Private to target/i386/tcg/translate*.c and glue.c.
 *
 * Host registers: twelve guest registers live in host registers (host_gpr), R10, R11, R14, R15 in the frame
 * of the TLB set. R10 and R11 are scratch, R14 is the current TLB set plus HTLB_BIAS, R15 holds guest RSP. RSP is a
 * stack of return addresses: guest calls are host calls, so that the host predicts where they return to. */
#ifndef TARGET_I386_TCG_TRANSLATE_H
#define TARGET_I386_TCG_TRANSLATE_H

#include "accel/tcg/block.h"
#include "accel/tcg/x86_64/asm.h"
#include "target/i386/tcg/insn.h"
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/sem_decl.h"

enum { T1 = H_R10, T2 = H_R11, HTLB = H_R14, HSP = H_R15 };
enum { HTLB_BIAS = 16 };            /* low six bits of HTLB: a shift count, translate_window.c */

/* The frame: offsets in TlbSet.frame. */
enum {
    /* The guest's status flags while the host's are in other use, as LAHF and SETO AL leave them in EAX:
     * OF in byte 0, the rest in byte 1. DF is never touched by translations: env has it. */
    F_FL = 0,
    F_R10 = 8, F_R11 = 16, F_R14 = 24, F_R15 = 32,
    F_RAX = 40,                     /* saved around flag moves */
    F_ENV = 48, F_VCPU = 56, F_TMP = 64, F_SITE = 72, F_MISS = 80, F_MISS_AT = 88,
    F_RCX = 96,                     /* saved around code that keeps the flags */
    F_OLD_RSP = 104,                /* the C caller's */
    F_RETURNS = 8 * FRAME_RETURNS, F_C_STACK = 8 * FRAME_C_STACK,
};

/* Where the guest's status flags are, while a block is being translated. */
typedef enum FlagState { FLAGS_HOST, FLAGS_FRAME, FLAGS_DEAD } FlagState;

enum { BLOCK_INSNS = 64 };

typedef struct TInsn {
    Insn i;
    uint16_t at;                    /* offset from the block's start */
    uint16_t live;                  /* status flags live before it */
    uint16_t read, kill;            /* flags it reads, and defines whatever they were */
    uint16_t live_out;              /* status flags live behind it */
    bool pass;                      /* can be emitted; else interpreted */
    bool lands;                     /* a call: the block goes on behind it */
    bool fp_behind;                 /* such a call, and vector state is used before the next one */
    bool side;                      /* a conditional jump that the block goes on behind */
} TInsn;

typedef struct SlowRef {            /* out-of-line call of the interpreter */
    uint8_t *from, *back;           /* jump to patch; where to continue, NULL: leave to the run loop */
    uint16_t at, next;
    uint8_t count, size, how;
    bool frame_flags, fp;
    bool quiet;                     /* RCX is in HTLB */
    uint8_t *retry, *resume;        /* where its lookup begins, and ends */
} SlowRef;

typedef struct WindowRef {          /* an access through a window */
    uint8_t *start, *end, *back;    /* host code that may fault, where to go on */
    uint8_t k, size, how;
    int8_t reg;                     /* of [reg + disp]; -1: the instruction's operand */
    int32_t disp;
    bool flags;                     /* live in the host's register */
    bool fp, moffs;
    bool relied;                    /* others leave out their lookup because of this one's */
    uint8_t *cold;
} WindowRef;

/* A register's value less off was looked up, by win[ref]. */
typedef struct WindowFact { int64_t off; uint16_t ref; bool on; } WindowFact;
typedef struct WindowPair { WindowFact fact; uint8_t base, index, scale; } WindowPair;

/* Which instructions went to the interpreter; entries are found by hash, a newcomer takes a small one's place. */
enum { SLOW_COUNTS = 512 };
typedef struct SlowCount { const InsnRow *row; uint64_t n; } SlowCount;

typedef struct Trans {
    Asm a;
    TcgVcpu *v;
    X86Cpu *c;
    Block *b;
    unsigned n, k;                  /* k: the one being emitted */
    uint32_t hflags;
    unsigned mode;                  /* mmu mode */
    FlagState fl;
    bool fp_ready, ended;
    bool uses_fp;
    bool moffs;                     /* the address is the instruction's imm */
    /* Ways out of the entries: to the run loop, and to where vector state is loaded; quiet: flags are live, RCX is
     * in the frame. */
    struct { uint8_t *from, *back; bool quiet; } cold_poll[2], cold_fp[2 + LANDINGS];
    unsigned n_poll, n_fp, n_slow;
    uint8_t *count_from;            /* the way out when too few instructions are left; NULL: not counted */
    struct { uint8_t *from; bool frame_flags; } exits[BLOCK_INSNS];
    unsigned n_sides, n_exits, n_win, n_win_done;
    bool window, no_window;         /* accesses go through windows; not this one */
    const uint8_t *check;           /* window_check_table() */
    WindowFact known[16], known_fs; /* by guest register */
    WindowPair pair[4];
    unsigned n_pair;
    uint16_t written;               /* guest registers that do not hold what they did before the block */
    TInsn insns[BLOCK_INSNS];
    SlowRef slow[BLOCK_INSNS * 6];
    WindowRef win[BLOCK_INSNS * 3];
    struct { uint8_t *from; uint64_t pc; } wrong[LANDINGS];        /* returns that went elsewhere */
    unsigned n_wrong, n_lands;
    SlowCount slow_counts[SLOW_COUNTS];
} Trans;

/* A translated memory operand: host address of byte 0 of the access. */
typedef struct HostMem { AsmMem m; uint8_t free; /* scratch register still free */ } HostMem;

/* Inline data behind calls of the slow stubs. */
typedef struct SlowSite {
    uint32_t block, cont, retry, resume;
    uint16_t at, next;
    uint8_t count, fp;
    uint8_t size, how;              /* of the lookup that missed: bytes (0: none), SITE_* */
} __attribute__((packed)) SlowSite;     /* as the code around it: anywhere */

enum { SITE_WRITE = 1, SITE_ALIGN = 2, SITE_QUIET = 4 /* the lookup left flags and address alone */, SITE_WINDOW = 8,
       SITE_LOW = 16 /* the window of low addresses */,
       SITE_BOTH = 32 /* whichever it is */, SITE_MODE_SHIFT = 6 /* the mode, without windows */ };

/* ---- fast_sys.c: from stubs; what they may return besides 0 and how to go on is told there */
typedef enum FastKind { FAST_SYSCALL, FAST_SYSRET, FAST_IRET, FAST_AC, FAST_KINDS } FastKind;
int x86_fast_syscall(TcgVcpu *v, const SlowSite *s);
int x86_fast_sysret(TcgVcpu *v, const SlowSite *s);
int x86_fast_iret(TcgVcpu *v, const SlowSite *s);
int x86_fast_ac(TcgVcpu *v, const SlowSite *s);        /* STAC if s->how, else CLAC */
int x86_fast_fault(TcgVcpu *v, const SlowSite *s);     /* delivers the recorded fault; 0: nothing was done */

/* ---- glue.c: stubs at the start of the code buffer */
typedef struct Stubs {
    uint8_t *miss;                  /* T1: guest pc; flags in the frame */
    uint8_t *miss_host;             /* flags in the host's register */
    uint8_t *exit_host, *exit_frame;        /* T1: BlockExit */
    uint8_t *slow_host, *slow_frame;        /* SlowSite's address is pushed */
    uint8_t *fp_load, *fp_load_c;   /* called from translations; from C */
    uint8_t *dispatch[JUMP_TABLES + 1][2];  /* T1: guest pc. By table, the last for none; flags: frame, host */
    uint8_t *quick;                 /* the same. Flags in the frame, and stay there */
    uint8_t *fast[FAST_KINDS];      /* T1: the SlowSite; flags in the frame */
    void (*fp_save)(void);          /* C ABI; nothing when not loaded */
    bool xsavec;                    /* the host has it */
    bool quiet;                     /* the host can look up without touching flags */
    BlockExit *(*enter)(X86Env *env, TlbSet *set, const uint8_t *code, TcgVcpu *v);
} Stubs;
Stubs *x86_stubs(TcgVcpu *v);
bool x86_glue_init(TcgVcpu *v, GError **errp);
BlockExit *x86_run(TcgVcpu *v, const uint8_t *code);
void x86_fp_sync(TcgVcpu *v);
void x86_fp_load(TcgVcpu *v);
void x86_translator_info(const TcgVcpu *v, GString *out);   /* for info jit */
uint64_t x86_live_flags(uint8_t live);      /* tbkey.c */
const BlockInsn *x86_insn_of(const Block *b, unsigned at);     /* glue.c: the instruction at this offset */
/* tbkey.c: how many of the block's instructions begin at this offset or behind */
unsigned x86_insns_from(const Block *b, unsigned at);

static inline int host_gpr(unsigned g)      /* -1: in the frame */
{
    static const int8_t map[16] = { 0, 1, 2, 3, HSP, 5, 6, 7, 8, 9, -1, -1, 12, 13, -1, -1 };

    return map[g];
}

/* At off in the current TLB set. */
static inline AsmMem htlb(unsigned index, unsigned scale, int32_t off)
{
    return (AsmMem){ .base = HTLB, .index = index, .scale = scale, .disp = off - HTLB_BIAS };
}

/* Of the frame. */
static inline AsmMem a_frame(const Asm *a, int32_t off)
{
    return htlb(H_NONE, 0, (int32_t)offsetof(TlbSet, frame) + off);
}

static inline AsmMem frame_gpr(const Asm *a, unsigned g)
{
    return a_frame(a, g == R_R10 ? F_R10 : g == R_R11 ? F_R11 : g == R_R14 ? F_R14 : F_R15);
}

/* ---- translate.c */
bool t_can_emit(const Trans *t, const Insn *i);
uint8_t t_live_bits(unsigned flags);        /* as BlockInsn.live has them */

void t_fp_check(Trans *t, bool quiet);      /* loads vector state unless it is loaded; quiet: flags are live */

/* ---- translate_ahead.c */
bool t_decode_block(Trans *t, const uint8_t *code, unsigned avail);
bool t_decode_crossing(Trans *t, uint8_t *buf, unsigned avail);
bool t_goes_on(const TInsn *ti);
void t_liveness(Trans *t);

/* ---- translate_regs.c */
/* General registers in fields, by guest number, and whether a field is AH..BH. */
typedef struct Fields {
    int reg, rm, vvvv;              /* -1: not a general register */
    bool high_reg, high_rm;
} Fields;

/* Scratch registers an instruction uses for guest registers of the frame. When T1 and T2 do not suffice,
 * pinned registers that the instruction does not name are put aside. */
typedef struct Scratch {
    uint8_t free[2], n_free, n;
    struct { int8_t guest; uint8_t reg; bool victim, loaded, written; } used[3];
    uint16_t taken;                 /* host registers that must not be put aside */
} Scratch;

static inline bool t_has_mem(const Insn *i) { return (i->pfx & IPFX_MEM) && i->row->mem != MEM_NONE; }
static inline bool t_in_frame(int g) { return g >= 0 && host_gpr(g) < 0; }
Fields t_fields_of(const Insn *i);
uint16_t t_regs_named(const Insn *i, const Fields *f);      /* host registers */
unsigned t_reg_access(const Insn *i);       /* ACC_*: what is done to the register in this field */
unsigned t_rm_access(const Insn *i);
bool t_fuses(const Insn *i, const Fields *f);
/* The host register for a field. guest -1: not a general register, or AH..BH: as it is. */
unsigned t_field_reg(Trans *t, int guest, unsigned field, unsigned access, Scratch *s);
void t_scratch_done(Trans *t, const Scratch *s);    /* frame registers back, registers put aside too */

/* ---- translate_mem.c */
void t_save_flags(Trans *t);        /* before code that destroys the host's: keeps live ones in the frame */
void t_need_flags(Trans *t);        /* before code that reads them */
void t_flags_to_frame(Asm *a, unsigned scratch);
void t_restore_flags(Trans *t);     /* frame to host, whatever the state */
void t_flags_from_frame(Asm *a);
void t_slow_insn(Trans *t, bool last);      /* this instruction by the interpreter */
SlowRef *t_slow_on(Trans *t, uint8_t *jump);    /* jump leads to the interpreter, then behind the instruction */
void t_slow_emit(Trans *t);         /* the out-of-line part */
/* Register number that holds guest register g's value: its own, or scratch loaded from the frame. */
unsigned t_gpr(Trans *t, unsigned g, unsigned scratch);
void t_set_gpr(Trans *t, unsigned g, unsigned from, unsigned size);
/* Effective address into to (T1 or T2); the other scratch may be used. */
bool t_ea(Trans *t, const Insn *i, unsigned to);
bool t_mem_ok(const Trans *t, const Insn *i);       /* can this operand be translated inline? */
void t_lookup(Trans *t, const Insn *i, unsigned size, bool write, bool align, bool complex, HostMem *ret_m);
void t_lookup_stack(Trans *t, int reg, int32_t disp, unsigned size, bool write, HostMem *ret_m);

/* ---- translate_window.c: false when the access must use the soft TLB */
bool t_window_lookup(Trans *t, const Insn *i, unsigned size, bool write, HostMem *ret_m);
bool t_window_stack(Trans *t, int reg, int32_t disp, unsigned size, bool write, HostMem *ret_m);
void t_window_insn_done(Trans *t);
void t_window_forget(Trans *t);     /* where control may join: registers hold anything */
void t_window_emit(Trans *t);       /* the out-of-line part */
/* Signal handler: the way out of line for a fault at this address; NULL: not ours. */
const uint8_t *t_window_fault(TcgVcpu *v, const uint8_t *host);
/* A window did not show the page of an access at va. Nonzero: try again. */
int t_window_refill(TcgVcpu *v, const SlowSite *s, uint64_t va);
/* The out-of-line call of the interpreter for instruction k; cont NULL: leave. */
/* Leaves for a stub that pops the site's address. */
uint8_t *t_site(Trans *t, const uint8_t *stub, const SlowSite *site);
uint8_t *t_slow_site(Trans *t, bool frame_flags, const SlowSite *site);    /* returns where the site lies */

bool t_bits_ok(const Trans *t, const Insn *i);
void t_bits(Trans *t, const TInsn *ti);

/* ---- translate_misc.c */
bool t_misc_ok(const Trans *t, const Insn *i);
int t_fast_kind(const Trans *t, const Insn *i);     /* FastKind; -1: another instruction */
bool t_misc_continues(const Insn *i);       /* the block goes on behind it */
void t_misc(Trans *t, const TInsn *ti);

/* ---- translate_sys.c, quick.c */
bool t_sys_ok(const Trans *t, const Insn *i);
void t_sys(Trans *t, const TInsn *ti);
/* SlowSite.how of a quick call; size is the access's size, resume the port, or QUICK_PORT_DX. */
enum { QUICK_CPUID, QUICK_IN, QUICK_OUT, QUICK_XSAVEC, QUICK_XRSTOR, QUICK_FNCLEX,
       QUICK_PORT_DX = 0x100, QUICK_PRIVILEGED = 1 /* resume, of XSAVEC and XRSTOR */ };
/* Does the instruction: 1. Nothing: 0. 2: did it, TcgVcpu.shot_resume is where to go on from the run loop. RAX, RCX,
 * RDX, RBX, RSI, RDI are in memory and may change. */
int x86_quick(TcgVcpu *v, const SlowSite *s, uint64_t ea);
bool x86_quick_fp(TcgVcpu *v, const SlowSite *s, uint64_t va);      /* quick_fp.c */
bool x86_host_has_xsavec(void);

/* ---- translate_string.c */
bool t_string_ok(const Trans *t, const Insn *i);
void t_string(Trans *t, const TInsn *ti);

/* ---- translate_flow.c: returns true when it emitted the instruction */
bool t_flow(Trans *t, const TInsn *ti);
bool t_is_jcc(const Insn *i);
bool t_flow_ok(const Trans *t, const Insn *i);
void t_exit_direct(Trans *t, uint64_t pc, uint8_t *from_jcc);
void t_exits_emit(Trans *t);
/* Jump to the guest address in T1 through a jump table; flags are in the frame. index: its jump_index() or -1. */
void t_jump_table(Asm *a, TcgVcpu *v, int table, int64_t index);
void t_dispatch(Asm *a, TcgVcpu *v, int table, bool host);     /* a stub: Stubs.dispatch */
void t_push_tmp(Trans *t, int32_t size);    /* what F_TMP holds */
const uint8_t *t_bridge(TcgVcpu *v, BlockExit *e);
void t_cross(TcgVcpu *v, BlockExit *e, const uint8_t *target, bool to_flags, unsigned id_at, uint32_t id);


#endif
