/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction tests: the same bytes and state are run by several executors, the first of them the
 * host CPU, and must lead to the same registers, flags, memory and fault.
 *
 * All executors see one arena of memory at fixed addresses below 2 GB, which is guest memory for
 * the emulated ones. Code ends at the first INT3. An executor is one function and one line in
 * main.c. */
#ifndef TESTS_INSN_INSN_TEST_H
#define TESTS_INSN_INSN_TEST_H

#include "target/i386/tcg/insn.h"

enum {
    ARENA_CODE = 0x20000000,
    ARENA_CODE_SIZE = 0x2000, /* not writable; INT3 outside the test */
    ARENA_DATA = 0x20010000,
    ARENA_DATA_SIZE = 0x4000, /* nothing mapped on both sides */
    ARENA_STACK = ARENA_DATA + 0x3000,
    CODE_AT = ARENA_CODE + 0x800,
    SEQ_END = 0x20004000, /* random sequences jump here */
    SEQ_END32 = SEQ_END + 0x800,
    VECTOR_NONE = -1,  /* the end was reached */
    VECTOR_STUCK = -2, /* neither end nor fault after many instructions */
};

typedef struct InsnState {
    uint64_t gpr[16], rip, rflags;
    int vector;     /* fault, or VECTOR_* */
    bool write;     /* #PF: by a store */
    uint64_t cr2;   /* #PF only */
    uint64_t open_flags; /* status flags that a translation does not keep before the fault: all ways overwrite
                          * them before reading */
    X86Xsave xs;
} InsnState;

typedef struct Executor {
    const char *name;
    /* Runs the code at in->rip in 64-bit (or 32-bit) user mode until INT3 or a fault. Memory is the
     * arena. */
    void (*run)(const InsnState *in, bool mode64, InsnState *out);
} Executor;

void native_init(void);                   /* maps the arena; once, first */
uint8_t *native_code(void);               /* the code part, writable, elsewhere */
bool native_standard_layout(void);        /* XSAVE components lie where X86Xsave has them */
uint64_t native_xcr0(void);               /* state components the host saves */
void native_features(uint32_t *features); /* X86Env.features of this host */
extern const Executor exec_native, exec_interp, exec_tcg;
extern uint32_t *native_poll; /* set to 1 when nothing ran on the host for two ticks; NULL: nobody wants to know */
extern int64_t guest_shift; /* host less guest addresses of the data part, for the emulated executors */
void tcg_exec_shift(int64_t shift);
/* Runs linked translations or the interpreter until SEQ_END, a fault or too many instructions. */
void tcg_exec_sequence(const InsnState *in, bool mode64, InsnState *out);
void tcg_exec_changed(void); /* the code has changed */
unsigned interp_sequence(const InsnState *in, bool mode64, InsnState *out); /* returns how many instructions */
double interp_bench(void); /* million instructions a second */

/* ---- generator */
typedef struct Rng {
    uint64_t s;
} Rng;
uint64_t rng_next(Rng *r);
unsigned rng_below(Rng *r, unsigned n);
bool rng_one_in(Rng *r, unsigned n);

enum { STREAM_MAX = 160 };

/* Kinds of rows, for random sequences to choose from. */
enum { RANDOM_INT, RANDOM_SSE, RANDOM_AVX, RANDOM_AVX512, RANDOM_X87, RANDOM_KINDS };

typedef struct InsnCase {
    const InsnRow *row;
    bool mode64;
    uint8_t code[1536];
    unsigned len;
    InsnState in;
    uint8_t plan[3];             /* random sequences: two pointers, the index (or NO_REG) */
    uint64_t undef, undef_fault; /* flags not to be compared at the end, after a fault */
    bool any_result;             /* registers differ by nature (RDRAND) */
    unsigned n_steps;            /* streams: their instructions, and flags not to be compared before each */
    struct {
        uint16_t at, undef;
        const InsnRow *row;
    } step[STREAM_MAX];
} InsnCase;

/* One random encoding of a row with operands. false: this row cannot be had in the mode. */
bool gen_case(Rng *r, const InsnRow *row, bool mode64, InsnCase *c);
/* n instructions (up to STREAM_MAX) of random rows, state as for one. */
bool gen_stream(Rng *r, const InsnRow *const *rows, size_t n_rows, unsigned n, bool mode64,
                InsnCase *c);
/* Random bytes; false: something that may not be run here. */
bool gen_bytes(Rng *r, bool mode64, InsnCase *c);
void gen_place(const InsnCase *c); /* puts the code into the arena, INT3 around it */
void gen_state(Rng *r, bool mode64, InsnState *s);
void gen_memory(Rng *r); /* fills the data part of the arena */
bool row_is_testable(const InsnRow *row, bool mode64);

/* ---- compare.c */
/* What memory the first and the second state of diff_states() come with: ARENA_DATA_SIZE bytes each. */
void diff_memories(const uint8_t *want, const uint8_t *got);
/* A line for each difference into out. undef: undefined flags count too. */
void diff_states(GString *out, const InsnCase *c, const InsnState *a, const InsnState *b, bool undef);
void diff_report(const InsnCase *c, const char *who, const char *diffs, const InsnState *native);

/* ---- sequences without end: gen_random.c makes them, random.c runs them, native_fast.c on the host */
void gen_random(Rng *r, GPtrArray *const rows[RANDOM_KINDS], bool mode64, InsnCase *c);
void gen_random_pool(Rng *r); /* before a chunk's first state */
/* Another state for the same sequence. */
void gen_random_state(Rng *r, InsnCase *c);
/* Runs until million instructions were executed. Chunks have seeds of their own. 0: no differences. */
int random_run(const GArray *rows, const uint32_t *features, int64_t seed, unsigned million, bool spoil);
void native_fast_init(void);
/* As exec_native, but without system calls; the sequence ends with a jump to SEQ_END, not with INT3. */
void native_fast_run(const InsnState *in, bool mode64, InsnState *out);

#endif
