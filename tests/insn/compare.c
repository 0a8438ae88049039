/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction tests: what two executors left, compared; what vendors do differently is left out. */
#include "tests/insn/insn_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "target/i386/features.h"

static const uint8_t *memory_native, *memory_here;

void diff_memories(const uint8_t *want, const uint8_t *got)
{
    memory_native = want;
    memory_here = got;
}

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
    memcpy(&b, memory_here + at, 8);
    return ((a ^ b) & ~(0x20000ull << 32)) != 0 &&
           (native_standard_layout() || c->row->feature == FE_FXSR);
}

static void diff_memory(GString *out, const InsnCase *c)
{
    for (size_t k = 0; k < ARENA_DATA_SIZE; k += 8) {
        if (memcmp(memory_native + k, memory_here + k, 8) != 0 && differs_in_image(c, k)) {
            diff_bytes(out, "memory at data + ", k, memory_native + k, memory_here + k, 8);
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

void diff_states(GString *out, const InsnCase *c, const InsnState *a, const InsnState *b, bool undef)
{
    static const char *const reg[16] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
    };
    uint64_t fl = FL_STATUS | FL_DF | FL_NT, m = c->mode64 ? ~0ull : 0xffffffff;

    if (!undef) {
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

void diff_report(const InsnCase *c, const char *who, const char *diffs, const InsnState *native)
{
    printf("%s differs: %s (%s-bit):", who, c->row != NULL ? c->row->name : "stream",
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

