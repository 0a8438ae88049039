/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random sequences without end: each is run from a number of states by the host, the interpreter and as linked
 * translations, each with a memory of its own, and states and memories are compared at its end or fault. A
 * sequence that differs is cut shorter until the difference goes away: its last instruction is to blame. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "target/i386/features.h"
#include "target/i386/tcg/sem_decl.h"
#include "tests/insn/interp_exec.h"

enum { CHUNK = 256, STATES = 12, MAX_REPORTS = 12, MEMORY_EVERY = 4 };

typedef struct Side { const char *name; uint8_t *memory; InsnState out; } Side;
enum { NATIVE, INTERP, TCG, SIDES };

static Side side[SIDES] = { { .name = "native" }, { .name = "interpreter" }, { .name = "translator" } };
static uint8_t before[ARENA_DATA_SIZE];
static unsigned differences, faults, sequences;
static uint64_t skipped;
static bool spoil;

/* ---- what there is to choose from */

static unsigned kind_of(const InsnRow *row)
{
    bool x87 = (row->flags & (IF_X87 | IF_MMX)) || (row->map == MAP_1 && (row->opcode & 0xf8) == 0xd8);

    return row->flags & IF_AVX512 ? RANDOM_AVX512 : row->flags & IF_AVX ? RANDOM_AVX
           : x87 ? RANDOM_X87 : row->flags & IF_SSE ? RANDOM_SSE : RANDOM_INT;
}

/* Not: jumps, which are made otherwise; images, which hold x87 pointers; what has another result each time. */
static void choose_rows(const GArray *rows, const uint32_t *features, bool mode64, GPtrArray *pick[RANDOM_KINDS])
{
    for (unsigned k = 0; k < RANDOM_KINDS; k++) {
        pick[k] = g_ptr_array_new();
    }
    for (guint k = 0; k < rows->len; k++) {
        const InsnRow *r = *(const InsnRow *const *)(rows->data + k * g_array_get_element_size((GArray *)rows));
        bool image = r->mem == MEM_28 || r->mem == MEM_108 || r->mem == MEM_512 || r->mem == MEM_XSAVE;
        bool has = r->feature == 0 || feature_on(features, r->feature);

        if (has && !image && !(r->flags & (IF_JUMP | IF_END | IF_VSIB)) && r->sem != sem_popf &&
            row_is_testable(r, mode64) && strncmp(r->name, "rd", 2) != 0) {
            g_ptr_array_add(pick[kind_of(r)], (void *)r);
        }
    }
}

/* ---- one run */

static bool somebodys(uint64_t va)
{
    unsigned char there;

    return va - ARENA_CODE >= 0x3000 && va - ARENA_DATA >= ARENA_DATA_SIZE &&
           mincore((void *)(uintptr_t)(va & ~0xfffull), 1, &there) == 0;
}

static void use_memory(unsigned n)
{
    guest_shift = side[n].memory - (uint8_t *)(uintptr_t)ARENA_DATA;
}

static void memories_from(const uint8_t *p)
{
    for (unsigned k = 0; k < SIDES; k++) {
        memcpy(side[k].memory, p, ARENA_DATA_SIZE);
    }
}

static const InsnRow *row_at(const InsnCase *c, uint64_t rip)
{
    for (unsigned k = 0; k < c->n_steps; k++) {
        if (c->in.rip + c->step[k].at == rip) {
            return c->step[k].row;
        }
    }
    return NULL;
}

static bool by_hand(const InsnCase *c, uint64_t rip)
{
    for (unsigned k = 0; k < c->n_steps; k++) {
        if (c->in.rip + c->step[k].at == rip) {
            return c->step[k].row == NULL;
        }
    }
    return false;
}

/* Nothing to compare: a fault where processors differ about which comes first. */
static bool open_fault(const InsnState *a, const InsnState *b)
{
    return a->vector == EXC_PF && b->vector == EXC_PF && a->cr2 != b->cr2 && ((a->cr2 ^ b->cr2) & ~0xfffull) == 0;
}

/* It jumped somewhere else (a store hit a return address): which flags are defined there nobody knows. Or it loaded
 * the one bit more of MXCSR that AMD's have. */
static bool lost(const InsnCase *c, const InsnState *s)
{
    if (s->xs.mxcsr & 0x20000) {
        return true;
    }
    return s->vector != VECTOR_NONE ? row_at(c, s->rip) == NULL && !by_hand(c, s->rip)
                                    : s->rip != SEQ_END && s->rip != SEQ_END32;
}

static bool sides_differ(InsnCase *c, unsigned n, GString *out)
{
    if (lost(c, &side[NATIVE].out)) {
        return false;
    }
    diff_memories(side[NATIVE].memory, side[n].memory);
    c->row = side[NATIVE].out.vector == VECTOR_NONE ? NULL : row_at(c, side[NATIVE].out.rip);
    if (!open_fault(&side[NATIVE].out, &side[n].out)) {
        diff_states(out, c, &side[NATIVE].out, &side[n].out, false);
    }
    c->row = NULL;
    return out->len != 0;
}

static bool quickly_same(const InsnCase *c, unsigned n)
{
    const InsnState *a = &side[NATIVE].out, *b = &side[n].out;
    const X86Xsave *x = &a->xs, *y = &b->xs;
    uint64_t fl = (FL_STATUS | FL_DF) & ~c->undef;

    return a->vector == VECTOR_NONE && b->vector == VECTOR_NONE && ((a->rflags ^ b->rflags) & fl) == 0 &&
           memcmp(a->gpr, b->gpr, c->mode64 ? 128 : 64) == 0 &&
           memcmp(x, y, 5) == 0 && x->mxcsr == y->mxcsr && c->mode64 &&
           memcmp(x->st, y->st, sizeof(x->st)) == 0 && memcmp(x->xmm, y->xmm, sizeof(x->xmm)) == 0 &&
           memcmp(x->ymmh, y->ymmh, sizeof(x->ymmh)) == 0 && memcmp(x->opmask, y->opmask, sizeof(x->opmask)) == 0 &&
           memcmp(x->zmmh, y->zmmh, sizeof(x->zmmh) + sizeof(x->zmm16)) == 0 &&
           memcmp(side[NATIVE].memory, side[n].memory, ARENA_DATA_SIZE) == 0;
}

/* Returns how many instructions the interpreter ran; 0: it went where this process has something. */
static unsigned run_state(InsnCase *c, GString *diffs, unsigned *ret_side)
{
    unsigned done;

    use_memory(INTERP);
    done = interp_sequence(&c->in, c->mode64, &side[INTERP].out);
    if (side[INTERP].out.vector == EXC_PF && somebodys(side[INTERP].out.cr2)) {
        memcpy(side[INTERP].memory, side[NATIVE].memory, ARENA_DATA_SIZE);
        skipped++;
        return 0;
    }
    native_fast_run(&c->in, c->mode64, &side[NATIVE].out);
    use_memory(TCG);
    tcg_exec_sequence(&c->in, c->mode64, &side[TCG].out);
    if (spoil && done % 977 == 0) {
        side[TCG].out.rflags ^= FL_CF & ~c->undef;
    }
    faults += side[NATIVE].out.vector != VECTOR_NONE;
    for (unsigned n = INTERP; n < SIDES; n++) {
        if (!quickly_same(c, n) && sides_differ(c, n, diffs)) {
            *ret_side = n;
            return done;
        }
    }
    if (side[NATIVE].out.vector != VECTOR_NONE || lost(c, &side[NATIVE].out)) {
        memories_from(side[NATIVE].memory);     /* what a fault leaves half done may differ */
    }
    return done;
}

static void place(const InsnCase *c)
{
    gen_place(c);
    tcg_exec_changed();
}

/* ---- which instruction is it? */

static void blame(const InsnCase *whole, const GString *whole_diffs, unsigned n)
{
    static InsnCase c;
    g_autoptr(GString) diffs = g_string_new(NULL);
    bool was = spoil;

    spoil = false;
    for (unsigned k = 1; k < whole->n_steps; k++) {
        unsigned at = whole->step[k].at, other;
        int32_t to = (whole->mode64 ? SEQ_END : SEQ_END32) - (int32_t)(whole->in.rip + at + 5);

        c = *whole;
        c.code[at] = 0xe9;
        memcpy(c.code + at + 1, &to, 4);
        c.len = at + 5;
        c.undef = whole->step[k].undef;
        place(&c);
        memories_from(before);
        g_string_truncate(diffs, 0);
        if (run_state(&c, diffs, &other) != 0 && diffs->len != 0 &&
            (side[NATIVE].out.vector == VECTOR_NONE || side[NATIVE].out.rip - c.in.rip <= at)) {
            printf("cut behind instruction %u at + %#x (%s):\n", k - 1, whole->step[k - 1].at,
                   whole->step[k - 1].row != NULL ? whole->step[k - 1].row->name : "made by hand");
            diff_report(&c, side[other].name, diffs->str, &side[NATIVE].out);
            spoil = was;
            return;
        }
    }
    printf("cut shorter there is no difference:\n");
    memories_from(before);
    diff_report(whole, side[n].name, whole_diffs->str, &side[NATIVE].out);
    spoil = was;
}

static void difference(const InsnCase *c, const GString *diffs, unsigned n, int64_t seed)
{
    if (differences++ < MAX_REPORTS) {
        blame(c, diffs, n);
        printf("again: --random 1 --seed %" PRId64 "\n", seed);
        fflush(stdout);
    }
    memories_from(before);
}

/* ---- all of it */

static uint64_t run_sequence(Rng *rng, InsnCase *c, int64_t seed)
{
    g_autoptr(GString) diffs = g_string_new(NULL);
    uint64_t done = 0;

    place(c);
    sequences++;
    for (unsigned k = 0; k < STATES; k++) {
        unsigned n = 0;

        gen_random_state(rng, c);
        memcpy(before, side[NATIVE].memory, ARENA_DATA_SIZE);
        done += run_state(c, diffs, &n);
        if (diffs->len != 0) {
            difference(c, diffs, n, seed);
            break;
        }
    }
    return done;
}

static uint64_t run_chunk(GPtrArray *pick[2][RANDOM_KINDS], int64_t seed)
{
    static InsnCase c;
    Rng rng = { ((uint64_t)seed + 1) * 0x9e3779b97f4a7c15ull | 1 };
    uint64_t done = 0;

    gen_random_pool(&rng);
    for (unsigned k = 0; k < CHUNK; k++) {
        bool mode64 = k % 4 != 0;

        if (k % MEMORY_EVERY == 0) {
            gen_memory(&rng);
            memories_from((const uint8_t *)(uintptr_t)ARENA_DATA);
        }
        gen_random(&rng, pick[mode64], mode64, &c);
        done += run_sequence(&rng, &c, seed);
    }
    return done;
}

int random_run(const GArray *rows, const uint32_t *features, int64_t seed, unsigned million, bool spoiled)
{
    GPtrArray *pick[2][RANDOM_KINDS];
    uint64_t done = 0, want = (uint64_t)million * 1000000, shown = 0, step = MAX(want / 100, 1000000);

    spoil = spoiled;
    side[NATIVE].memory = (uint8_t *)(uintptr_t)ARENA_DATA;
    for (unsigned n = INTERP; n < SIDES; n++) {
        side[n].memory = mmap(NULL, ARENA_DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert(side[n].memory != MAP_FAILED);
    }
    native_fast_init();
    use_memory(TCG);
    tcg_exec_shift(guest_shift);
    for (unsigned m = 0; m < 2; m++) {
        choose_rows(rows, features, m, pick[m]);
    }
    for (int64_t s = seed; done < want; s++) {
        done += run_chunk(pick, s);
        if (done / step != shown) {
            shown = done / step;
            printf("%" PRIu64 " million instructions, %u differences, up to seed %" PRId64 "\n", done / 1000000,
                   differences, s);
            fflush(stdout);
        }
    }
    printf("seed %" PRId64 ": %" PRIu64 " instructions, %u sequences, %u faults, %" PRIu64 " not run here, "
           "%u differences\n", seed, done, sequences, faults, skipped, differences);
    return differences != 0 || done == 0;
}
