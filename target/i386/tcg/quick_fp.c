/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XSAVEC, XSAVES, XRSTOR and XRSTORS of compacted images, and FNCLEX, by the host's own, with the guest's vector state
 * in the host's registers (SDM vol. 1, 13.10-13.12): what an operating system does at every switch of threads. An
 * image lies in one page, or in two that are neighbours in memory. Restoring goes by a copy, of which the header was
 * checked. Everything else, and what is to fault, is left to the semantics, with nothing changed. */
#include <cpuid.h>
#include <glib.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

#include "target/i386/tcg/host_xsave.h"
#include "target/i386/sys.h"

enum { LEGACY = 512, EXT_AT = 576, GUEST_MXCSR_MASK = 0xffff, XCR0_MOVED = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_EXT };
#define COMPACT (1ull << 63)

#ifdef __clang__
enum { USABLE = 0 };                /* see GENERAL_REGS_KEPT in glue.c */
#else
enum { USABLE = 1 };
#endif

static uint64_t *word(uint8_t *image, unsigned at)
{
    return (uint64_t *)(void *)(image + at);
}

/* Bytes of a compacted image with this layout. */
static unsigned image_bytes(uint64_t layout)
{
    static const uint16_t bytes[8] = { [2] = 256, [5] = 64, [6] = 512, [7] = 1024 };
    unsigned sum = EXT_AT;

    for (unsigned k = 2; k < 8; k++) {
        sum += layout >> k & 1 ? bytes[k] : 0;
    }
    return sum;
}

/* Host address of n bytes at va; NULL: not to be had this way. */
static uint8_t *image_at(const TcgVcpu *v, uint64_t va, unsigned n, bool write)
{
    const TlbEntry *set = v->set->data[x86_cpu(v->cpu)->env.mmu_mode];
    const TlbEntry *a = &set[tlb_index(va)], *b = &set[tlb_index(va + n - 1)];
    uint64_t first = va & PAGE_MASK, last = (va + n - 1) & PAGE_MASK;

    if ((write ? a->wtag : a->rtag) != first || (write ? b->wtag : b->rtag) != last || a->addend != b->addend) {
        return NULL;
    }
    return (uint8_t *)(uintptr_t)(va + a->addend);
}

static uint64_t requested(const X86Env *env)
{
    return ((uint32_t)env->gpr[R_RAX] | env->gpr[R_RDX] << 32) & env->xcr0;
}

static bool allowed(X86Cpu *c, const SlowSite *s, uint64_t va)
{
    return USABLE && (va & 63) == 0 && (!(s->resume & QUICK_PRIVILEGED) || x86_cpl(c) == 0);
}

static bool xsavec(TcgVcpu *v, X86Cpu *c, const SlowSite *s, uint64_t va)
{
    X86Env *env = &c->env;
    uint64_t rfbm = requested(env);
    uint8_t *p;

    if (!allowed(c, s, va) || (rfbm & ~(uint64_t)XCR0_MOVED)) {
        return false;
    }
    p = image_at(v, va, image_bytes(rfbm), true);
    if (p == NULL) {
        return false;
    }
    if (!v->fp_loaded) {
        x86_fp_load(v);
    }
    __asm__ volatile("xsavec64 (%0)" : : "r"(p), "a"((uint32_t)rfbm), "d"((uint32_t)(rfbm >> 32)) : "memory");
    if (*word(p, LEGACY) & XCR0_X87) {      /* the host's own last instruction */
        memcpy(p + offsetof(X86Xsave, fop), &env->xs.fop, 2);
        *word(p, offsetof(X86Xsave, fip)) = env->xs.fip;
        *word(p, offsetof(X86Xsave, fdp)) = env->xs.fdp;
    }
    if (*word(p, LEGACY) & XCR0_SSE) {
        *(uint32_t *)(void *)(p + offsetof(X86Xsave, mxcsr_mask)) = GUEST_MXCSR_MASK;
    }
    return true;
}

static void copy(uint8_t *to, const uint8_t *from, uint64_t n)
{
    n /= 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* Of the copy. */
static bool header_is_good(const X86Env *env, uint8_t *image)
{
    uint64_t rest = 0;

    for (unsigned k = LEGACY + 16; k < EXT_AT; k += 8) {
        rest |= *word(image, k);
    }
    return rest == 0 && (*word(image, LEGACY + 8) & COMPACT) &&
           !(*word(image, LEGACY) & ~*word(image, LEGACY + 8)) &&
           !(*word(image, LEGACY + 8) & ~COMPACT & ~(env->xcr0 & XCR0_MOVED));
}

/* Vector state is about to be replaced as a whole, or loaded. */
static void ready(TcgVcpu *v, const X86Env *env, uint64_t rfbm)
{
    uint32_t all = XCR0_X87 | XCR0_SSE | XCR0_AVX | (env->xcr0 & XCR0_OPMASK ? XCR0_EXT : 0);

    if (v->fp_loaded) {
        return;
    }
    if ((rfbm & all) == all) {
        v->fp_mask = all;
        v->fp_loaded = 1;
    } else {
        x86_fp_load(v);
    }
}

static bool xrstor(TcgVcpu *v, X86Cpu *c, const SlowSite *s, uint64_t va)
{
    X86Env *env = &c->env;
    uint64_t rfbm = requested(env), load;
    uint8_t *image = v->fp_image;
    const uint8_t *p;
    unsigned n;

    if (!allowed(c, s, va) || (rfbm & ~(uint64_t)XCR0_MOVED)) {
        return false;
    }
    p = image_at(v, va, EXT_AT, false);
    if (p == NULL) {
        return false;
    }
    copy(image, p, EXT_AT);
    if (!header_is_good(env, image)) {
        return false;
    }
    load = rfbm & *word(image, LEGACY);
    n = image_bytes(*word(image, LEGACY + 8) & XCR0_MOVED);
    if (load & (XCR0_AVX | XCR0_EXT)) {
        p = image_at(v, va, n, false);
        if (p == NULL) {
            return false;
        }
        copy(image + EXT_AT, p + EXT_AT, n - EXT_AT);
    }
    if ((load & XCR0_SSE) && (*(uint32_t *)(void *)(image + offsetof(X86Xsave, mxcsr)) & ~GUEST_MXCSR_MASK)) {
        return false;
    }
    ready(v, env, rfbm);
    __asm__ volatile("xrstor64 (%0)" : : "r"(image), "a"((uint32_t)rfbm), "d"((uint32_t)(rfbm >> 32)) : "memory");
    if (rfbm & XCR0_X87) {
        bool in_image = load & XCR0_X87;

        memcpy(&env->xs.fop, image + offsetof(X86Xsave, fop), 2);
        env->xs.fop = in_image ? env->xs.fop : 0;
        env->xs.fip = in_image ? *word(image, offsetof(X86Xsave, fip)) : 0;
        env->xs.fdp = in_image ? *word(image, offsetof(X86Xsave, fdp)) : 0;
    }
    return true;
}

static bool fnclex(TcgVcpu *v, X86Cpu *c)
{
    if (v->fp_loaded) {
        __asm__ volatile("fnclex");
    } else {
        c->env.xs.fsw &= 0x7f00;
    }
    return USABLE;
}

bool x86_quick_fp(TcgVcpu *v, const SlowSite *s, uint64_t va)
{
    X86Cpu *c = x86_cpu(v->cpu);

    return s->how == QUICK_XSAVEC ? xsavec(v, c, s, va)
           : s->how == QUICK_XRSTOR ? xrstor(v, c, s, va) : fnclex(v, c);
}

bool x86_host_has_xsavec(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(0xd, 1, &a, &b, &c, &d) && (a >> 1 & 1);
}

#include "accel/tcg/general_regs_end.h"
