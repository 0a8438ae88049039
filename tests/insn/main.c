/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction tests, the program: every row many times in both modes, then random streams; compares
 * executors, reports coverage.
 *     test_insn [--seed N] [--count CASES_PER_ROW] [--streams N] [--length N] [--row NAME]
 *               [--class int|vec|avx512] [--exec NAME] [--random MILLION (sequences of all rows, nothing else)]
 *               [--undef (compare undefined flags too)] [--verbose] [--bench] */
#include "tests/insn/insn_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "target/i386/features.h"
#include "target/i386/tcg/sem_decl.h"

static const Executor *const executors[] = { &exec_interp, &exec_tcg };

typedef struct Options {
    int64_t seed;
    int count, bytes, streams, length, max_errors, random;
    char *row, *exec, *class;
    gboolean undef, verbose, bench;
} Options;
static Options opt = {
    .seed = 1, .count = 200, .bytes = 40000, .streams = 3000, .length = 12, .max_errors = 20
};

typedef struct Tally {
    const InsnRow *row;
    unsigned cases, reg, mem, faults, errors;
} Tally;

static uint32_t features[FEAT_WORDS + 8];
static uint8_t memory_before[ARENA_DATA_SIZE], memory_native[ARENA_DATA_SIZE];
static unsigned errors, total;

static uint8_t *data(void)
{
    return (uint8_t *)(uintptr_t)ARENA_DATA;
}

/* ---- comparison: one line a difference into out */

static void diff_u64(GString *out, const char *what, uint64_t want, uint64_t got)
{
    if (want != got) {
        g_string_append_printf(out, "    %s: native %#" PRIx64 ", here %#" PRIx64 "\n", what, want,
                               got);
    }
}

static void diff_bytes(GString *out, const char *what, unsigned n, const void *want,
                       const void *got, size_t size)
{
    const uint8_t *a = want, *b = got;

    if (memcmp(a, b, size) == 0) {
        return;
    }
    g_string_append_printf(out, "    %s%u: native ", what, n);
    for (size_t k = size; k-- > 0;) {
        g_string_append_printf(out, "%02x", a[k]);
    }
    g_string_append(out, ", here ");
    for (size_t k = size; k-- > 0;) {
        g_string_append_printf(out, "%02x", b[k]);
    }
    g_string_append(out, "\n");
}

static void diff_vectors(GString *out, const X86Xsave *a, const X86Xsave *b, unsigned regs,
                         uint32_t mxcsr_mask)
{
    uint64_t have = native_xcr0();

    diff_u64(out, "fcw", a->fcw, b->fcw);
    diff_u64(out, "fsw", a->fsw, b->fsw);
    diff_u64(out, "ftw", a->ftw, b->ftw);
    diff_u64(out, "mxcsr", a->mxcsr & mxcsr_mask, b->mxcsr & mxcsr_mask);
    for (unsigned k = 0; k < 8; k++) {
        diff_bytes(out, "st", k, &a->st[k], &b->st[k], 10);
    }
    for (unsigned k = 0; k < regs; k++) {
        diff_bytes(out, "xmm", k, a->xmm[k], b->xmm[k], 16);
        if (have & XCR0_AVX) {
            diff_bytes(out, "ymm high ", k, a->ymmh[k], b->ymmh[k], 16);
        }
        if (have & XCR0_ZMMH) {
            diff_bytes(out, "zmm high ", k, a->zmmh[k], b->zmmh[k], 32);
            diff_bytes(out, "zmm16+", k, a->zmm16[k], b->zmm16[k], regs == 16 ? 64 : 0);
        }
    }
    for (unsigned k = 0; k < 8 && (have & XCR0_OPMASK); k++) {
        diff_u64(out, "k", a->opmask[k], b->opmask[k]);
    }
}

/* Of XSAVE images components above SSE lie where the processor says, and MXCSR_MASK is its own. */
static bool differs_in_image(const InsnCase *c, size_t at)
{
    uint64_t a, b;

    if (c->row == NULL || c->row->mem != MEM_XSAVE) {
        return true;
    }
    memcpy(&a, memory_native + at, 8);
    memcpy(&b, data() + at, 8);
    return ((a ^ b) & ~(0x20000ull << 32)) != 0 &&
           (native_standard_layout() || c->row->feature == FE_FXSR);
}

static void diff_memory(GString *out, const InsnCase *c)
{
    for (size_t k = 0; k < ARENA_DATA_SIZE; k += 8) {
        if (memcmp(memory_native + k, data() + k, 8) != 0 && differs_in_image(c, k)) {
            diff_bytes(out, "memory at data + ", k, memory_native + k, data() + k, 8);
        }
    }
}

/* Two faults at once: which comes first depends on the processor. An undefined instruction over 15
 * bytes long; a misaligned operand at an address that is not canonical. */
static bool same_but_order(const InsnCase *c, const InsnState *a, const InsnState *b)
{
    if (c->row != NULL && c->row->feature == FE_SHA && b->vector == EXC_GP) {
        return true; /* AMD's do not ask for alignment */
    }
    if (a->xs.mxcsr & 0x20000) {
        return true; /* AMD's MXCSR has one bit more */
    }
    if (c->row != NULL && (c->row->flags & IF_VSIB) && a->vector == EXC_PF && b->vector == EXC_PF) {
        return true; /* how many elements were gathered before the fault is open */
    }
    if (a->vector != EXC_GP) {
        return false;
    }
    if (c->row == NULL) {
        return b->vector == EXC_UD || b->vector == EXC_SS;
    }
    return (c->row->flags & IF_ALIGN) && b->vector == EXC_SS;
}

/* Translations find out at the target that a jump leaves the canonical addresses. */
static bool jumped_out(const InsnState *a, const InsnState *b)
{
    return a->vector == EXC_GP && (b->vector == EXC_GP || b->vector == EXC_PF) &&
           (uint64_t)((int64_t)(b->rip << 16) >> 16) != b->rip;
}

/* Status flags are those before the instruction that faults. */
static uint64_t flags_undefined(const InsnCase *c, const InsnState *a)
{
    if (a->vector == VECTOR_NONE) {
        return c->undef;
    }
    for (unsigned k = 0; k < c->n_steps; k++) {
        if (c->in.rip + c->step[k].at == a->rip) {
            return c->step[k].undef;
        }
    }
    return c->undef_fault;
}

static void diff_states(GString *out, const InsnCase *c, const InsnState *a, const InsnState *b)
{
    static const char *const reg[16] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
    };
    uint64_t fl = FL_STATUS | FL_DF | FL_NT, m = c->mode64 ? ~0ull : 0xffffffff;

    if (!opt.undef) {
        fl &= ~flags_undefined(c, a);
    }
    fl &= ~b->open_flags;
    if (same_but_order(c, a, b) || jumped_out(a, b)) {
        return;
    }
    diff_u64(out, "vector", a->vector, b->vector);
    if (a->vector == VECTOR_STUCK && b->vector == VECTOR_STUCK) {
        return; /* a jump to itself: stopped anywhere */
    }
    if (a->vector == EXC_PF) {
        if (c->row == NULL || c->row->mem < MEM_28) { /* images go in several accesses */
            diff_u64(out, "cr2", a->cr2, b->cr2);
        }
        diff_u64(out, "write", a->write, b->write);
    }
    diff_u64(out, "rip", a->rip, b->rip);
    if (c->any_result) {
        fl &= ~(uint64_t)FL_CF;
    }
    diff_u64(out, "flags", a->rflags & fl, b->rflags & fl);
    for (unsigned k = 0; k < (c->mode64 ? 16 : 8) && !c->any_result; k++) {
        diff_u64(out, reg[k], a->gpr[k] & m, b->gpr[k] & m);
    }
    /* which flags an unmasked exception leaves beside its own is not defined for several elements
     */
    diff_vectors(out, &a->xs, &b->xs, c->mode64 ? 16 : 8, a->vector == EXC_XM ? ~0x3fu : ~0u);
    diff_memory(out, c);
}

/* ---- one case */

static void report(const InsnCase *c, const Executor *e, const char *diffs, const InsnState *native)
{
    printf("%s differs: %s (%s-bit):", e->name, c->row != NULL ? c->row->name : "stream",
           c->mode64 ? "64" : "32");
    for (unsigned k = 0; k < c->len; k++) {
        printf(" %02x", c->code[k]);
    }
    printf("\n%s", diffs);
    printf("    in: rax %#" PRIx64 " rcx %#" PRIx64 " rdx %#" PRIx64 " rbx %#" PRIx64
           " rsp %#" PRIx64 " rbp %#" PRIx64 " rsi %#" PRIx64 " rdi %#" PRIx64 "\n        r8-15",
           c->in.gpr[0], c->in.gpr[1], c->in.gpr[2], c->in.gpr[3], c->in.gpr[4], c->in.gpr[5],
           c->in.gpr[6], c->in.gpr[7]);
    for (unsigned k = 8; k < 16; k++) {
        printf(" %#" PRIx64, c->in.gpr[k]);
    }
    printf("\n        flags %#" PRIx64 " -> native %#" PRIx64
           " mxcsr %#x, native vector %d cr2 %#" PRIx64 " at + %#" PRIx64 "\n",
           c->in.rflags, native->rflags, c->in.xs.mxcsr, native->vector, native->cr2, native->rip - c->in.rip);
}

/* Random addresses may be somebody else's in this process: only unmapped ones fault on the host
 * too. */
static bool hits_own_memory(const InsnCase *c)
{
    static InsnState here;
    unsigned char there;

    exec_interp.run(&c->in, c->mode64, &here);
    memcpy(data(), memory_before, ARENA_DATA_SIZE);
    return here.vector == EXC_PF && here.cr2 - ARENA_CODE >= 0x20000 &&
           mincore((void *)(uintptr_t)(here.cr2 & ~0xfffull), 1, &there) == 0;
}

static InsnState native; /* how the last case ended on the host */

static bool run_case(const InsnCase *c, int *ret_vector)
{
    static InsnState here;
    bool ok = true;

    memcpy(memory_before, data(), ARENA_DATA_SIZE);
    if (hits_own_memory(c)) {
        *ret_vector = EXC_PF;
        return true;
    }
    exec_native.run(&c->in, c->mode64, &native);
    *ret_vector = native.vector;
    memcpy(memory_native, data(), ARENA_DATA_SIZE);
    for (unsigned k = 0; k < G_N_ELEMENTS(executors); k++) {
        g_autoptr(GString) diffs = g_string_new(NULL);

        if (opt.exec != NULL && strcmp(opt.exec, executors[k]->name) != 0) {
            continue;
        }
        memcpy(data(), memory_before, ARENA_DATA_SIZE);
        executors[k]->run(&c->in, c->mode64, &here);
        diff_states(diffs, c, &native, &here);
        if (diffs->len != 0) {
            ok = false;
            if (errors++ < (unsigned)opt.max_errors) {
                report(c, executors[k], diffs->str, &native);
            }
        }
    }
    total++;
    return ok;
}

/* ---- all rows */

/* "vec": x87 and vector instructions; "avx512": EVEX and opmasks; "int": the others; none: all */
static bool in_class(const InsnRow *row)
{
    bool vec = (row->flags & (IF_X87 | IF_MMX | IF_SSE | IF_AVX | IF_AVX512)) ||
               row->mem == MEM_28 || row->mem == MEM_108 || row->mem == MEM_512 ||
               row->mem == MEM_XSAVE || (row->map == MAP_1 && (row->opcode & 0xf8) == 0xd8);
    const char *class = row->flags & IF_AVX512 ? "avx512" : vec ? "vec" : "int";

    return opt.class == NULL || strcmp(opt.class, class) == 0;
}

static GArray *collect_rows(void)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(Tally));

    SET_FOREACH (insn_rows, InsnRows, it) {
        for (size_t k = 0; k < (*it)->n; k++) {
            Tally t = { .row = &(*it)->rows[k] };

            if ((opt.row == NULL || strcmp(opt.row, t.row->name) == 0) && in_class(t.row)) {
                g_array_append_val(rows, t);
            }
        }
    }
    return rows;
}

static bool host_has(const InsnRow *row)
{
    return row->feature == 0 || feature_on(features, row->feature);
}

static void run_row(Tally *t, bool mode64, Rng *rng)
{
    InsnCase c;
    int vector;

    if (!row_is_testable(t->row, mode64) || !host_has(t->row)) {
        return;
    }
    for (int k = 0; k < opt.count; k++) {
        if (k % 16 == 0) {
            gen_memory(rng);
        }
        if (gen_case(rng, t->row, mode64, &c)) {
            t->errors += !run_case(&c, &vector);
            t->cases++;
            t->faults += vector != VECTOR_NONE;
        }
    }
}

/* Rows never compared; those that translations copy must have been. */
static unsigned report_coverage(const GArray *rows)
{
    unsigned missing = 0, tested = 0, passed_on = 0;

    for (guint k = 0; k < rows->len; k++) {
        const Tally *t = &g_array_index(rows, Tally, k);
        bool must = (t->row->flags & IF_PASS) && host_has(t->row);

        tested += t->cases != 0;
        passed_on += must;
        if (t->cases != 0 && t->cases == t->faults) {
            printf("note: %s (map %u opcode %02x /%d): every case faulted\n", t->row->name,
                   t->row->map, t->row->opcode, (int8_t)t->row->ext);
        }
        if (t->errors != 0) {
            printf("FAILED: %s (enc %u map %u opcode %02x /%d): %u of %u cases\n", t->row->name,
                   t->row->enc, t->row->map, t->row->opcode, (int8_t)t->row->ext, t->errors,
                   t->cases);
        }
        if (t->cases == 0 && (must || opt.verbose)) {
            printf("%s: %s (enc %u map %u opcode %02x /%d) was never compared\n",
                   must ? "MISSING" : "not covered", t->row->name, t->row->enc, t->row->map,
                   t->row->opcode, (int8_t)t->row->ext);
            missing += must;
        }
    }
    printf("%u rows, %u compared, %u that pass through on this host, %u of them missing\n",
           rows->len, tested, passed_on, missing);
    return missing;
}

static void run_streams(const GArray *rows, Rng *rng)
{
    for (int mode64 = 0; mode64 < 2; mode64++) {
        g_autoptr(GPtrArray) pick = g_ptr_array_new();
        InsnCase c;
        int vector;

        for (guint k = 0; k < rows->len; k++) {
            const InsnRow *r = g_array_index(rows, Tally, k).row;

            if ((r->flags & IF_PASS) && !(r->flags & (IF_X87 | IF_MMX)) &&
                row_is_testable(r, mode64) && host_has(r) && strncmp(r->name, "rd", 2) != 0) {
                g_ptr_array_add(pick, (void *)r);
            }
        }
        for (int k = 0; k < opt.streams && pick->len != 0; k++) {
            if (k % 16 == 0) {
                gen_memory(rng);
            }
            gen_stream(rng, (const InsnRow *const *)pick->pdata, pick->len, opt.length, mode64, &c);
            run_case(&c, &vector);
        }
    }
}

/* ---- sequences without end */

enum { CHUNK = 200 };

/* Not: what leaves the sequence or runs long; images, which hold x87 pointers; POPF, which may set TF; what has another
 * result each time. */
static GPtrArray *rows_of_any_kind(const GArray *rows, bool mode64)
{
    GPtrArray *pick = g_ptr_array_new();

    for (guint k = 0; k < rows->len; k++) {
        const InsnRow *r = g_array_index(rows, Tally, k).row;
        bool image = r->mem == MEM_28 || r->mem == MEM_108 || r->mem == MEM_512 || r->mem == MEM_XSAVE;

        if (!(r->flags & (IF_JUMP | IF_END | IF_REP | IF_VSIB)) && !image && r->sem != sem_popf &&
            row_is_testable(r, mode64) && host_has(r) && strncmp(r->name, "rd", 2) != 0) {
            g_ptr_array_add(pick, (void *)r);
        }
    }
    return pick;
}

/* Instructions of a stream that the host completed. */
static unsigned completed(const InsnCase *c)
{
    unsigned n = 0;

    while (n < c->n_steps && c->in.rip + c->step[n].at != native.rip) {
        n++;
    }
    return n;
}

/* Each chunk has a seed of its own, so that a difference is found again without all before it. */
static uint64_t run_chunk(GPtrArray *const pick[2], int64_t seed)
{
    Rng rng = { ((uint64_t)seed + 1) * 0x9e3779b97f4a7c15ull | 1 };
    unsigned before = errors;
    uint64_t done = 0;

    for (unsigned k = 0; k < CHUNK; k++) {
        GPtrArray *p = pick[k & 1];
        InsnCase c;
        int vector;

        if (k % 16 == 0) {
            gen_memory(&rng);
        }
        gen_stream(&rng, (const InsnRow *const *)p->pdata, p->len, opt.length, k & 1, &c);
        run_case(&c, &vector);
        done += completed(&c);
    }
    if (errors != before) {
        printf("again: --random 1 --seed %" PRId64 "\n", seed);
    }
    return done;
}

static void run_random(const GArray *rows)
{
    GPtrArray *pick[2] = { rows_of_any_kind(rows, false), rows_of_any_kind(rows, true) };
    uint64_t done = 0, want = (uint64_t)opt.random * 1000000, shown = 0;

    for (int64_t seed = opt.seed; done < want && pick[0]->len != 0 && pick[1]->len != 0; seed++) {
        done += run_chunk(pick, seed);
        if (done / 1000000 != shown) {
            shown = done / 1000000;
            printf("%" PRIu64 " million instructions, %u differences\n", shown, errors);
            fflush(stdout);
        }
    }
    g_ptr_array_free(pick[0], TRUE);
    g_ptr_array_free(pick[1], TRUE);
}

static void run_bytes(Rng *rng)
{
    InsnCase c;
    int vector;

    for (int k = 0; k < opt.bytes; k++) {
        if (k % 16 == 0) {
            gen_memory(rng);
        }
        if (gen_bytes(rng, k & 1, &c) && (c.row == NULL || in_class(c.row))) {
            run_case(&c, &vector);
        }
    }
}

int main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        { "seed", 0, 0, G_OPTION_ARG_INT64, &opt.seed, "of all random numbers", "N" },
        { "count", 0, 0, G_OPTION_ARG_INT, &opt.count, "cases a row and mode", "N" },
        { "bytes", 0, 0, G_OPTION_ARG_INT, &opt.bytes, "random bytes as instructions", "N" },
        { "streams", 0, 0, G_OPTION_ARG_INT, &opt.streams, "random instruction sequences a mode",
          "N" },
        { "length", 0, 0, G_OPTION_ARG_INT, &opt.length, "of a sequence", "N" },
        { "random", 0, 0, G_OPTION_ARG_INT, &opt.random,
          "instead of all else, sequences of any rows: millions of executed instructions", "N" },
        { "errors", 0, 0, G_OPTION_ARG_INT, &opt.max_errors, "how many differences to print", "N" },
        { "row", 0, 0, G_OPTION_ARG_STRING, &opt.row, "only rows of this name", "NAME" },
        { "class", 0, 0, G_OPTION_ARG_STRING, &opt.class,
          "only general-purpose, x87 and vector, or AVX-512 rows", "int|vec|avx512" },
        { "exec", 0, 0, G_OPTION_ARG_STRING, &opt.exec, "only this executor", "NAME" },
        { "undef", 0, 0, G_OPTION_ARG_NONE, &opt.undef, "compare undefined flags too", NULL },
        { "verbose", 0, 0, G_OPTION_ARG_NONE, &opt.verbose, "list rows not covered", NULL },
        { "bench", 0, 0, G_OPTION_ARG_NONE, &opt.bench,
          "measure the interpreter's speed, nothing else", NULL },
        { .long_name = NULL },
    };
    g_autoptr(GOptionContext) ctx = g_option_context_new(NULL);
    g_autoptr(GArray) rows = NULL;
    Rng rng;
    unsigned missing;

    g_option_context_add_main_entries(ctx, entries, NULL);
    if (!g_option_context_parse(ctx, &argc, &argv, NULL)) {
        return 2;
    }
    rng.s = opt.seed * 2 + 1;
    decode_init();
    native_init();
    native_features(features);
    if (opt.bench) {
        printf("%.1f million instructions a second\n", interp_bench());
        return 0;
    }
    rows = collect_rows();
    if (opt.random != 0) {
        run_random(rows);
        printf("seed %" PRId64 ": %u sequences, %u differences\n", opt.seed, total, errors);
        return errors != 0 || total == 0;
    }
    for (guint k = 0; k < rows->len; k++) {
        run_row(&g_array_index(rows, Tally, k), true, &rng);
        run_row(&g_array_index(rows, Tally, k), false, &rng);
    }
    missing = report_coverage(rows);
    run_streams(rows, &rng);
    run_bytes(&rng);
    printf("seed %" PRId64 ": %u cases, %u differences\n", opt.seed, total, errors);
    return errors != 0 || missing != 0;
}
