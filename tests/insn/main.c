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
    gboolean undef, verbose, bench, spoil;
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

/* ---- one case */

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
        diff_states(diffs, c, &native, &here, opt.undef);
        if (diffs->len != 0) {
            ok = false;
            if (errors++ < (unsigned)opt.max_errors) {
                diff_report(c, executors[k]->name, diffs->str, &native);
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
        { "spoil", 0, 0, G_OPTION_ARG_NONE, &opt.spoil, "--random: a wrong flag now and then, to test the test", NULL },
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
    diff_memories(memory_native, data());
    if (opt.bench) {
        printf("%.1f million instructions a second\n", interp_bench());
        return 0;
    }
    rows = collect_rows();
    if (opt.random != 0) {
        return random_run(rows, features, opt.seed, (unsigned)opt.random, opt.spoil);
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
