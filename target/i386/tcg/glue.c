/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code between C and translations: entering, leaving, calling the interpreter for one instruction, loading
 * and saving the guest's vector state. Written once into each vCPU's code buffer, so that a stub
 * knows its vCPU's addresses. All of it keeps the C ABI: RSP is 16-byte aligned at calls, DF is clear. */
#include "target/i386/tcg/translate.h"

#include <cpuid.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "accel/tcg/window.h"
#include "target/i386/tcg/host_xsave.h"

/* Does accel/tcg/general_regs.h keep the compiler off the vector registers? Else they are saved before C code. */
#ifdef __clang__
enum { GENERAL_REGS_KEPT = 0 };
#else
enum { GENERAL_REGS_KEPT = 1 };
#endif

enum { SLOT_SLOW, SLOT_FP_SAVED, SLOT_FP_LOAD, SLOT_REFILL, SLOT_FAULT, SLOT_QUICK, SLOT_FAST };

static const uint8_t pinned[] = { R_RAX, R_RCX, R_RDX, R_RBX, R_RSP, R_RBP, R_RSI, R_RDI, R_R8, R_R9, R_R12,
                                  R_R13 };
static const uint8_t homed[] = { R_R10, R_R11, R_R14, R_R15 };
static const uint8_t callee_saved[] = { H_RBX, H_RBP, H_R12, H_R13, H_R14, H_R15 };

Stubs *x86_stubs(TcgVcpu *v)
{
    return v->stubs;
}

static AsmMem env_gpr(unsigned base, unsigned g)
{
    return a_at(base, offsetof(X86Env, gpr) + 8 * g);
}



/* ---- vector state */

static bool wants_ext(const X86Cpu *c)
{
    return (c->env.xcr0 & XCR0_OPMASK) != 0;
}

/* Brings the image into the host's layout. */
static void fp_load_c(TcgVcpu *v)
{
    X86Cpu *c = x86_cpu(v->cpu);
    X86Xsave *h = (X86Xsave *)v->fp_area;

    memcpy(h, &c->env.xs, XS_BASIC);
    v->fp_mask = XCR0_X87 | XCR0_SSE | XCR0_AVX;
    if (wants_ext(c)) {
        host_xsave_copy(&c->env.xs, v->fp_area, true);
        v->fp_mask |= XCR0_EXT;
    }
    memset(&h->xstate_bv, 0, 64);
    h->xstate_bv = v->fp_mask;
    v->n.fp_loads++;
}

static void fp_saved_c(TcgVcpu *v)
{
    X86Cpu *c = x86_cpu(v->cpu);
    X86Xsave *h = (X86Xsave *)v->fp_area, *x = &c->env.xs;

    h->fip = x->fip;
    h->fdp = x->fdp;
    h->fop = x->fop;
    h->mxcsr_mask = x->mxcsr_mask;
    h->xstate_bv |= x->xstate_bv & ~(uint64_t)v->fp_mask;
    h->xcomp_bv = x->xcomp_bv;
    memcpy(x, h, XS_BASIC);
    if (v->fp_mask & XCR0_EXT) {
        host_xsave_copy(x, v->fp_area, false);
    }
}

/* xsave64/xrstor64 of fp_area under fp_mask; RAX, RDX are free. */
static void emit_xs(Asm *a, TcgVcpu *v, bool save)
{
    a_load(a, 0, H_RAX, a_abs(&v->fp_mask));
    a_rr(a, 0, 0x31, H_RDX, H_RDX);
    a_rm(a, 1, 0x0fae, save ? 4 : 5, a_abs(v->fp_area));
}

static void emit_htlb(Asm *a, TcgVcpu *v)
{
    a_load(a, 1, HTLB, a_abs(&v->set));
    a_lea(a, 1, HTLB, a_at(HTLB, HTLB_BIAS));
}

/* inside: from code that has the translations' stack. */
static void emit_c_call(Asm *a, TcgVcpu *v, unsigned slot, bool inside)
{
    if (inside) {
        a_store(a, 1, a_frame(a, F_RETURNS), H_RSP);
        a_load(a, 1, H_RSP, a_frame(a, F_C_STACK));
    }
    a_mov_ri(a, H_RDI, (uintptr_t)v);
    a_rm(a, 0, 0xff, 2, a_abs(&v->slots[slot]));
    if (inside) {
        emit_htlb(a, v);                                        /* it may be another one */
        a_load(a, 1, H_RSP, a_frame(a, F_RETURNS));
    }
}

/* All registers but the scratch ones are free; RSP aligned. */
static void emit_fp_save(Asm *a, TcgVcpu *v, bool inside)
{
    uint8_t *skip, *skip2;

    a_alu_mi(a, 0, ALU_CMP, a_abs(&v->fp_loaded), 0);
    skip = a_jcc(a, CC_E);
    emit_xs(a, v, true);
    a_store_i(a, 0, a_abs(&v->fp_loaded), 0);
    a_rm(a, 0, 0x0fae, 2, a_abs(&v->mxcsr_default));            /* ldmxcsr */
    a_rm(a, 0, 0xf6, 0, a_abs(v->fp_area + XS_HEADER));         /* test byte, x87 in use? */
    a8(a, 1);
    skip2 = a_jcc(a, CC_E);
    a16(a, 0xe3db);                                             /* fninit */
    a_patch(skip2, a->p);
    a8(a, 0xc5), a8(a, 0xf8), a8(a, 0x77);                      /* vzeroupper */
    emit_c_call(a, v, SLOT_FP_SAVED, inside);
    a_patch(skip, a->p);
}

static void emit_fp_restore(Asm *a, TcgVcpu *v, bool inside)
{
    emit_c_call(a, v, SLOT_FP_LOAD, inside);
    emit_xs(a, v, false);
    a_store_i(a, 0, a_abs(&v->fp_loaded), 1);
}

/* ---- general registers */

/* Everything to memory. Flags are in the frame; T1 is kept in F_TMP, T2 becomes env. */
static void emit_spill(Asm *a)
{
    a_store(a, 1, a_frame(a, F_TMP), T1);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    for (unsigned k = 0; k < G_N_ELEMENTS(pinned); k++) {
        a_store(a, 1, env_gpr(T2, pinned[k]), host_gpr(pinned[k]));
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(homed); k++) {
        a_load(a, 1, H_RAX, frame_gpr(a, homed[k]));
        a_store(a, 1, env_gpr(T2, homed[k]), H_RAX);
    }
    a_load(a, 0, H_RAX, a_frame(a, F_FL));
    a_load(a, 0, H_RCX, a_at(T2, offsetof(X86Env, rflags)));
    a_alu_ri(a, 0, ALU_AND, H_RCX, ~FL_STATUS);
    a16(a, 0xe108);                                             /* or cl, ah */
    a_alu_ri(a, 0, ALU_AND, H_RAX, 1);
    a_rr(a, 0, 0xc1, 4, H_RAX);                                 /* shl eax, 11 */
    a8(a, 11);
    a_rr(a, 0, 0x09, H_RAX, H_RCX);
    a_store(a, 1, a_at(T2, offsetof(X86Env, rflags)), H_RCX);
    a8(a, 0xfc);                                                /* cld */
}

/* Everything from memory, then to T1; resume: to TcgVcpu.shot_resume, RIP in T1. */
static void emit_fill(Asm *a, TcgVcpu *v, bool resume)
{
    uint8_t *skip;

    emit_htlb(a, v);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    for (unsigned k = 0; k < G_N_ELEMENTS(homed); k++) {
        a_load(a, 1, H_RAX, env_gpr(T2, homed[k]));
        a_store(a, 1, frame_gpr(a, homed[k]), H_RAX);
    }
    a_load(a, 0, H_RCX, a_at(T2, offsetof(X86Env, rflags)));
    a_rr(a, 0, 0xf7, 0, H_RCX);                                 /* test ecx, DF */
    a32(a, FL_DF);
    skip = a_jcc(a, CC_E);
    a8(a, 0xfd);
    a_patch(skip, a->p);
    a_mov_rr(a, 0, H_RAX, H_RCX);
    a_rr(a, 0, 0xc1, 5, H_RAX);                                 /* shr eax, 11 */
    a8(a, 11);
    a_alu_ri(a, 0, ALU_AND, H_RAX, 1);
    a16(a, 0xcc88);                                             /* mov ah, cl */
    a_store(a, 0, a_frame(a, F_FL), H_RAX);
    a16(a, 0x7f04);                                             /* add al, 0x7f: OF */
    a8(a, 0x9e);                                                /* sahf */
    for (unsigned k = 0; k < G_N_ELEMENTS(pinned); k++) {
        a_load(a, 1, host_gpr(pinned[k]), env_gpr(T2, pinned[k]));
    }
    if (resume) {
        a_load(a, 1, T1, a_at(T2, offsetof(X86Env, rip)));
        a_rm(a, 0, 0xff, 4, a_abs(&v->shot_resume));
    } else {
        a_rr(a, 0, 0xff, 4, T1);
    }
}

static void emit_enter(Asm *a, TcgVcpu *v)
{
    for (unsigned k = 0; k < G_N_ELEMENTS(callee_saved); k++) {
        a_opcode(a, callee_saved[k] >> 3, 0x50 | (callee_saved[k] & 7));
    }
    a_mov_rr(a, 1, H_RAX, H_RSP);
    a_alu_ri(a, 1, ALU_SUB, H_RSP, 8);                          /* 16-byte aligned again */
    emit_htlb(a, v);
    a_store(a, 1, a_frame(a, F_OLD_RSP), H_RAX);
    a_store(a, 1, a_frame(a, F_C_STACK), H_RSP);
    a_mov_ri(a, H_RSP, (uintptr_t)return_top(v));
    a_store(a, 1, a_frame(a, F_ENV), H_RDI);
    a_store(a, 1, a_frame(a, F_VCPU), H_RCX);
    a_mov_rr(a, 1, T1, H_RDX);
    emit_fill(a, v, false);
}

static void emit_leave(Asm *a)
{
    a_load(a, 1, H_RSP, a_frame(a, F_OLD_RSP));
    for (unsigned k = G_N_ELEMENTS(callee_saved); k-- > 0;) {
        a_opcode(a, callee_saved[k] >> 3, 0x58 | (callee_saved[k] & 7));
    }
    a8(a, 0xc3);
}

/* T1: what to return. */
static uint8_t *emit_exit(Asm *a, TcgVcpu *v)
{
    uint8_t *at = a->p;

    emit_spill(a);
    if (!GENERAL_REGS_KEPT) {
        emit_fp_save(a, v, true);
    }
    a_load(a, 1, H_RAX, a_frame(a, F_TMP));
    emit_leave(a);
    return at;
}

static void emit_miss(Asm *a, TcgVcpu *v, const uint8_t *exit)
{
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_store(a, 1, a_at(T2, offsetof(X86Env, rip)), T1);
    a_rr(a, 0, 0x31, T1, T1);
    a_jmp_to(a, exit);
}

static void emit_caller_saved(Asm *a, bool save)
{
    static const uint8_t regs[] = { R_RAX, R_RCX, R_RDX, R_RSI, R_RDI, R_R8, R_R9 };

    a_load(a, 1, T2, a_frame(a, F_ENV));
    for (unsigned k = 0; k < G_N_ELEMENTS(regs); k++) {
        if (save) {
            a_store(a, 1, env_gpr(T2, regs[k]), regs[k]);
        } else {
            a_load(a, 1, regs[k], env_gpr(T2, regs[k]));
        }
    }
}

/* DF as the guest has it; T2: env. */
static void emit_guest_df(Asm *a)
{
    uint8_t *skip;

    a_rm(a, 0, 0xf7, 0, a_at(T2, offsetof(X86Env, rflags)));    /* test dword */
    a32(a, FL_DF);
    skip = a_jcc(a, CC_E);
    a8(a, 0xfd);
    a_patch(skip, a->p);
}

/* inside: called from translations, keeps all but the scratch registers and flags. Else called from C. */
static void emit_fp_load_stub(Asm *a, TcgVcpu *v, bool inside)
{
    if (inside) {
        emit_caller_saved(a, true);
        a8(a, 0xfc);                                            /* cld */
    } else {
        a_alu_ri(a, 1, ALU_SUB, H_RSP, 8);
    }
    emit_fp_restore(a, v, inside);
    if (inside) {
        emit_caller_saved(a, false);
        emit_guest_df(a);
    } else {
        a_alu_ri(a, 1, ALU_ADD, H_RSP, 8);
    }
    a8(a, 0xc3);
}

/* T1: the SlowSite. Vector state is loaded again if the block counts on it. */
static void emit_fp_for_site(Asm *a, TcgVcpu *v)
{
    uint8_t *no_fp, *loaded;

    a_rm(a, 0, 0x80, ALU_CMP, a_at(T1, offsetof(SlowSite, fp)));
    a8(a, 0);
    no_fp = a_jcc(a, CC_E);
    a_alu_mi(a, 0, ALU_CMP, a_abs(&v->fp_loaded), 0);
    loaded = a_jcc(a, CC_NE);
    emit_fp_restore(a, v, true);
    a_patch(no_fp, a->p);
    a_patch(loaded, a->p);
}

/* Called by a site, T1 and T2 as its lookup left them: keeps them, T1 becomes the site. */
static void emit_slow_entry(Asm *a)
{
    a_store(a, 1, a_frame(a, F_MISS), T1);
    a_opcode(a, 1, 0x58 | (T1 & 7));                            /* pop */
    a_store(a, 1, a_frame(a, F_SITE), T1);
    a_store(a, 1, a_frame(a, F_MISS_AT), T2);
}

static void emit_shot_end(Asm *a, TcgVcpu *v)
{
    a_load(a, 1, H_RCX, a_frame(a, F_RCX));
    a_load(a, 1, H_RAX, a_frame(a, F_RAX));
    a_rm(a, 0, 0xff, 4, a_abs(&v->shot_resume));
}

/* shot_crossing() for loads of up to 8 bytes and for pages that are neighbours in memory, where the TLB has both: T1
 * is the SlowSite, and stays so when it is something else. */
static void emit_crossing(Asm *a, TcgVcpu *v)
{
    enum { ENTRY = sizeof(TlbEntry), ADDEND = offsetof(TlbEntry, addend), MODE_SHIFT = 21 };
    uint8_t *other[2], *bad[5], *apart;
    unsigned n = 0;

    G_STATIC_ASSERT(sizeof(v->set->data[0]) == 1u << MODE_SHIFT);
    a_rm(a, 0, 0xf6, 0, a_at(T1, offsetof(SlowSite, how)));     /* test byte */
    a8(a, SITE_ALIGN | SITE_QUIET | SITE_WINDOW);
    other[0] = a_jcc(a, CC_NE);
    a_rm(a, 1, 0x81, ALU_CMP, a_frame(a, F_MISS));
    a32(a, PAGE_SIZE - 1);
    other[1] = a_jcc(a, CC_A);
    a_store(a, 1, a_frame(a, F_RAX), H_RAX);
    a_store(a, 1, a_frame(a, F_RCX), H_RCX);
    a_rm(a, 0, 0x81, ALU_CMP, a_frame(a, F_MISS_AT));
    a32(a, (TLB_SIZE - 1) * ENTRY);                             /* the next entry is another mode's */
    bad[n++] = a_jcc(a, CC_E);
    a_rm(a, 0, 0x0fb6, H_RAX, a_at(T1, offsetof(SlowSite, how)));
    a_mov_rr(a, 0, H_RCX, H_RAX);
    a_alu_ri(a, 0, ALU_AND, H_RCX, 3 << SITE_MODE_SHIFT);
    a_rr(a, 0, 0xc1, 4, H_RCX);                                 /* shl */
    a8(a, MODE_SHIFT - SITE_MODE_SHIFT);
    a_rr(a, 1, 0x01, HTLB, H_RCX);
    a_rm(a, 1, 0x03, H_RCX, a_frame(a, F_MISS_AT));             /* add: the first page's entry */
    a_alu_ri(a, 1, ALU_SUB, H_RCX, HTLB_BIAS);
    a_alu_ri(a, 0, ALU_AND, H_RAX, SITE_WRITE);
    a_load(a, 1, T2, (AsmMem){ .base = H_RCX, .index = H_RAX, .scale = 3 });
    a_alu_ri(a, 1, ALU_ADD, T2, PAGE_SIZE);
    a_rm(a, 1, 0x3b, T2, (AsmMem){ .base = H_RCX, .index = H_RAX, .scale = 3, .disp = ENTRY });
    bad[n++] = a_jcc(a, CC_NE);
    a_rr(a, 0, 0x85, T2, T2);                                   /* 32-bit code goes on at 0 */
    bad[n++] = a_jcc(a, CC_E);
    a_load(a, 1, H_RAX, a_at(H_RCX, ADDEND));
    a_rm(a, 1, 0x3b, H_RAX, a_at(H_RCX, ENTRY + ADDEND));
    apart = a_jcc(a, CC_NE);
    a_rm(a, 1, 0x03, T2, a_frame(a, F_MISS));
    a_load(a, 0, H_RCX, a_at(T1, offsetof(SlowSite, resume)));
    a_store(a, 1, a_abs(&v->shot_resume), H_RCX);
    a_lea(a, 1, T1, (AsmMem){ .base = T2, .index = H_RAX, .disp = -PAGE_SIZE });
    a_mov_rr(a, 1, T2, H_RAX);
    emit_shot_end(a, v);
    a_patch(apart, a->p);
    a_rm(a, 0, 0xf6, 0, a_at(T1, offsetof(SlowSite, how)));
    a8(a, SITE_WRITE);
    bad[n++] = a_jcc(a, CC_NE);
    a_rm(a, 0, 0x80, ALU_CMP, a_at(T1, offsetof(SlowSite, size)));
    a8(a, 8);
    bad[n++] = a_jcc(a, CC_A);
    a_store(a, 1, a_abs(&v->shot_host), T2);
    a_load(a, 1, H_RAX, (AsmMem){ .base = T2, .index = H_RAX, .disp = -8 });
    a_rm(a, 1, 0x03, T2, a_at(H_RCX, ENTRY + ADDEND));
    a_load(a, 1, T2, a_at(T2, 0));
    a_load(a, 0, H_RCX, a_frame(a, F_MISS));
    a_rr(a, 0, 0xc1, 4, H_RCX);                                 /* shl: -8 * bytes of the first page, modulo 64 */
    a8(a, 3);
    a_rr(a, 1, 0x0fad, T2, H_RAX);                              /* shrd rax, r11, cl */
    a_store(a, 1, a_abs(v->bounce + 64), H_RAX);
    a_load(a, 1, T2, a_abs(&v->shot_host));
    a_rm(a, 1, 0x03, T2, a_frame(a, F_MISS));
    a_rr(a, 1, 0xf7, 3, T2);                                    /* neg */
    a_alu_ri(a, 1, ALU_ADD, T2, (int32_t)(uintptr_t)(v->bounce + 64) + PAGE_SIZE);
    a_load(a, 0, H_RCX, a_at(T1, offsetof(SlowSite, resume)));
    a_store(a, 1, a_abs(&v->shot_resume), H_RCX);
    a_mov_ri(a, T1, (uintptr_t)(v->bounce + 64));
    emit_shot_end(a, v);
    for (unsigned k = 0; k < n; k++) {
        a_patch(bad[k], a->p);
    }
    a_load(a, 1, H_RCX, a_frame(a, F_RCX));
    a_load(a, 1, H_RAX, a_frame(a, F_RAX));
    a_patch(other[0], a->p);
    a_patch(other[1], a->p);
}

/* A missed lookup: fills the TLB and tries again, with little more than the caller-saved registers out
 * of the way. Falls through when that is not enough. T1: the SlowSite. */
static void emit_refill(Asm *a, TcgVcpu *v)
{
    uint8_t *full, *full2, *skip;

    a_rm(a, 0, 0x80, ALU_CMP, a_at(T1, offsetof(SlowSite, size)));
    a8(a, 0);
    full = a_jcc(a, CC_E);
    emit_crossing(a, v);
    emit_caller_saved(a, true);
    a8(a, 0xfc);                                                /* cld */
    if (!GENERAL_REGS_KEPT) {
        emit_fp_save(a, v, true);
    }
    a_load(a, 1, H_RSI, a_frame(a, F_SITE));
    a_load(a, 1, H_RDX, a_frame(a, F_MISS));
    a_load(a, 1, H_RCX, a_frame(a, F_MISS_AT));
    emit_c_call(a, v, SLOT_REFILL, true);
    a_rr(a, 0, 0x85, H_RAX, H_RAX);
    full2 = a_jcc(a, CC_E);
    a_load(a, 1, T1, a_frame(a, F_SITE));
    emit_fp_for_site(a, v);
    emit_caller_saved(a, false);
    emit_guest_df(a);
    a_load(a, 1, T1, a_frame(a, F_SITE));
    a_rm(a, 0, 0xf6, 0, a_at(T1, offsetof(SlowSite, how)));     /* test byte */
    a8(a, SITE_QUIET);
    skip = a_jcc(a, CC_E);
    t_flags_from_frame(a);
    a_patch(skip, a->p);
    a_load(a, 1, T1, a_abs(&v->shot_host));
    a_load(a, 1, T2, a_abs(&v->shot_addend));
    a_rm(a, 0, 0xff, 4, a_abs(&v->shot_resume));
    a_patch(full2, a->p);
    emit_caller_saved(a, false);
    a_patch(full, a->p);
    a_load(a, 1, T1, a_frame(a, F_SITE));
}

/* A call of x86_quick() in the middle of a block. Falls through when it did nothing. */
static void emit_quick(Asm *a, TcgVcpu *v)
{
    uint8_t *nothing, *leave;

    a_opcode(a, 1, 0x58 | (T1 & 7));                            /* pop */
    a_store(a, 1, a_frame(a, F_SITE), T1);
    emit_caller_saved(a, true);
    a_store(a, 1, env_gpr(T2, R_RBX), H_RBX);
    a_store(a, 1, env_gpr(T2, R_RSP), HSP);
    a8(a, 0xfc);                                                /* cld */
    if (!GENERAL_REGS_KEPT) {
        emit_fp_save(a, v, true);
    }
    a_load(a, 1, H_RSI, a_frame(a, F_SITE));
    a_load(a, 1, H_RDX, a_frame(a, F_MISS));
    emit_c_call(a, v, SLOT_QUICK, true);
    a_alu_ri(a, 0, ALU_CMP, H_RAX, 1);
    nothing = a_jcc(a, CC_B);
    leave = a_jcc(a, CC_A);
    a_load(a, 1, T1, a_frame(a, F_SITE));
    emit_fp_for_site(a, v);
    emit_caller_saved(a, false);
    a_load(a, 1, H_RBX, env_gpr(T2, R_RBX));
    emit_guest_df(a);
    a_load(a, 1, T1, a_frame(a, F_SITE));
    a_load(a, 0, T1, a_at(T1, offsetof(SlowSite, cont)));
    a_rr(a, 0, 0xff, 4, T1);
    a_patch(leave, a->p);
    emit_caller_saved(a, false);
    a_load(a, 1, H_RBX, env_gpr(T2, R_RBX));
    a_load(a, 1, T1, a_abs(&v->shot_resume));
    a_jmp_to(a, x86_stubs(v)->miss);
    a_patch(nothing, a->p);
    emit_caller_saved(a, false);
    a_load(a, 1, T1, a_frame(a, F_SITE));
}

/* Registers are in memory: calls a function of fast_sys.c. Falls through when it did nothing. */
static void emit_fast_call(Asm *a, TcgVcpu *v, unsigned slot)
{
    uint8_t *nothing, *leave;

    a_load(a, 1, H_RSI, a_frame(a, F_TMP));
    emit_c_call(a, v, slot, true);
    a_alu_ri(a, 0, ALU_CMP, H_RAX, 1);
    nothing = a_jcc(a, CC_B);
    leave = a_jcc(a, CC_A);
    emit_fill(a, v, true);
    a_patch(leave, a->p);
    a_rr(a, 0, 0x31, H_RAX, H_RAX);
    emit_leave(a);
    a_patch(nothing, a->p);
}

static uint8_t *emit_fast(Asm *a, TcgVcpu *v, unsigned kind)
{
    uint8_t *at = a->p;

    emit_spill(a);
    if (!GENERAL_REGS_KEPT) {
        emit_fp_save(a, v, true);
    }
    emit_fast_call(a, v, SLOT_FAST + kind);
    return at;
}

/* T1: the SlowSite. */
static void emit_slow(Asm *a, TcgVcpu *v)
{
    uint8_t *leave, *plain;

    emit_spill(a);
    a_rm(a, 0, 0x80, ALU_CMP, a_abs(&v->refill_faulted));
    a8(a, 0);
    plain = a_jcc(a, CC_E);
    if (!GENERAL_REGS_KEPT) {
        emit_fp_save(a, v, true);
    }
    emit_fast_call(a, v, SLOT_FAULT);
    a_patch(plain, a->p);
    emit_fp_save(a, v, true);
    a_load(a, 1, H_RSI, a_frame(a, F_TMP));
    emit_c_call(a, v, SLOT_SLOW, true);
    a_rr(a, 1, 0x85, H_RAX, H_RAX);
    leave = a_jcc(a, CC_E);
    a_load(a, 1, T1, a_frame(a, F_TMP));
    a_store(a, 1, a_frame(a, F_TMP), H_RAX);
    emit_fp_for_site(a, v);
    a_load(a, 1, T1, a_frame(a, F_TMP));
    emit_fill(a, v, false);
    a_patch(leave, a->p);
    emit_leave(a);
}

/* ---- C side */

const BlockInsn *x86_insn_of(const Block *b, unsigned at)
{
    unsigned k = 0;

    while (k + 1 < b->n_insns && b->insns[k].guest != at) {
        k++;
    }
    return &b->insns[k];
}

static void count_slow(TcgVcpu *v, const InsnRow *row)
{
    SlowCount *k = &((Trans *)v->trans)->slow_counts[(uintptr_t)row / sizeof(InsnRow) % SLOW_COUNTS];

    if (k->row == row) {
        k->n++;
    } else if (k->n == 0 || k->n-- == 1) {
        *k = (SlowCount){ row, 1 };
    }
}

static int more_first(const void *a, const void *b)
{
    uint64_t x = ((const SlowCount *)a)->n, y = ((const SlowCount *)b)->n;

    return x < y ? 1 : x > y ? -1 : 0;
}

void x86_translator_info(const TcgVcpu *v, GString *out)
{
    enum { SHOWN = 16 };
    SlowCount top[SLOW_COUNTS];

    if (v->trans == NULL) {
        return;
    }
    memcpy(top, ((const Trans *)v->trans)->slow_counts, sizeof(top));
    qsort(top, SLOW_COUNTS, sizeof(top[0]), more_first);
    g_string_append(out, "interpreted in the middle of translations, most often:\n");
    for (unsigned k = 0; k < SHOWN && top[k].n > 0; k++) {
        g_string_append_printf(out, "  %-16s %" PRIu64 "\n", top[k].row->name, top[k].n);
    }
}

/* The block goes on behind the site. false: not as far as its end. */
static bool charge_rest(TcgVcpu *v, const Block *b, const SlowSite *s)
{
    unsigned rest;

    if (!v->counted) {
        return true;
    }
    rest = x86_insns_from(b, s->at) - 1;
    if (v->icount_left < (int32_t)rest) {
        return false;
    }
    tcg_uncharge(v, -rest);
    return true;
}

/* Interprets what a site stands for. Returns where to go on; NULL: to the run loop. */
static const uint8_t *slow_interpret(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    const Block *b = (const Block *)(uintptr_t)s->block;
    const Block *next;
    uint64_t pc = b->key.pc;
    unsigned done;

    if (v->refill_faulted) {
        v->refill_faulted = false;
        tcg_uncharge(v, -1u);       /* the instruction has begun */
        v->ops->raise_fault(v->cpu);
    }
    v->n.helper_calls++;
    done = v->ops->interpret(v->cpu, s->count);
    count_slow(v, x86_interp_last(c)->row);
    /* It may have been a serializing instruction; or PAUSE, where locks are free that are held at jumps. */
    if (v->unverified != 0 || v->turn_wanted != 0) {
        v->n.helper_leaves++;
        return NULL;
    }
    if (done == s->count && s->cont != 0 && !b->dead &&
        __atomic_load_n(&v->cpu->pending, __ATOMIC_RELAXED) == 0 && !v->cpu->halted &&
        x86_tb_flags(&c->env) == b->key.flags && c->env.rip == pc + s->next && charge_rest(v, b, s)) {
        return (const uint8_t *)(uintptr_t)s->cont;
    }
    v->n.helper_leaves++;
    returns_forget(v);
    next = tcg_next_block(v);
    return next != NULL ? next->code : NULL;
}

static const uint8_t *slow_c(TcgVcpu *v, const SlowSite *s)
{
    const Block *b = (const Block *)(uintptr_t)s->block;
    const uint8_t *to;

    x86_cpu(v->cpu)->env.rip = b->key.pc + s->at;
    tcg_uncharge(v, x86_insns_from(b, s->at));
    if (v->follower == NULL) {
        return slow_interpret(v, s);
    }
    v->follower->stop(v, x86_live_flags(x86_insn_of(b, s->at)->live), false);
    to = slow_interpret(v, s);
    if (to != NULL) {
        v->follower->go(v, (uintptr_t)to != s->cont);
    }
    return to;
}

GENERAL_REGS static int shoot(TcgVcpu *v, const SlowSite *s, uint64_t va, uint64_t host)
{
    v->shot_host = host;
    v->shot_addend = host - va;
    v->shot_resume = s->resume;
    return 1;
}

/* A store beside code that is translated. */
GENERAL_REGS static int shot_mixed(TcgVcpu *v, const SlowSite *s, uint64_t va, unsigned mode)
{
    unsigned index = tlb_index(va);
    const TlbEntry *e = &v->set->data[mode][index];
    uint64_t side = v->set->side[mode][index].va, first = (va & ~PAGE_MASK) / 64;
    MixedPage *m = mixed_page(v, e->host);

    if (e->rtag != (va & PAGE_MASK) || ((side ^ va) & PAGE_MASK) != 0 || !(side & SIDE_TRACKED) ||
        m->host != e->host || m->left == 0 ||
        (m->granules >> first & 1) || (m->granules >> ((va + s->size - 1) & ~PAGE_MASK) / 64 & 1)) {
        return 0;
    }
    m->left--;
    return shoot(v, s, va, va + e->addend);
}

/* The bytes of [a, page's end) and [b, ...) side by side; n1 of the first. Whole words of both pages are read. */
GENERAL_REGS static uint64_t join_pages(TcgVcpu *v, uint64_t end, uint64_t b, unsigned n1, unsigned size)
{
    uint8_t *to = v->bounce + 64;

    if (size <= 8) {
        uint64_t lo, hi;

        memcpy(&lo, (const void *)(end - 8), 8);
        memcpy(&hi, (const void *)b, 8);
        lo = lo >> (64 - 8 * n1) | hi << 8 * n1;
        memcpy(to, &lo, 8);
        return (uintptr_t)to;
    }
    for (unsigned k = 0; k < n1; k += 8) {
        memcpy(to - 8 - k, (const void *)(end - 8 - k), 8);
    }
    for (unsigned k = 0; k < size - n1; k += 8) {
        memcpy(to + k, (const void *)(b + k), 8);
    }
    return (uintptr_t)to - n1;
}

/* An access of two pages: in place where they are neighbours in memory too, else loads get a copy. */
GENERAL_REGS static int shot_crossing(TcgVcpu *v, const SlowSite *s, uint64_t va, unsigned mode, bool write)
{
    uint64_t second = (va | ~PAGE_MASK) + 1;
    const TlbEntry *e1 = &v->set->data[mode][tlb_index(va)], *e2 = &v->set->data[mode][tlb_index(second)];

    if ((write ? e1->wtag : e1->rtag) != (va & PAGE_MASK) || (write ? e2->wtag : e2->rtag) != second ||
        (second == 1ull << 32 && !(((const Block *)(uintptr_t)s->block)->key.flags & HF_CS64))) {
        return 0;
    }
    if (e1->addend == e2->addend) {
        return shoot(v, s, va, va + e1->addend);
    }
    if (write) {
        return 0;
    }
    return shoot(v, s, va, join_pages(v, second + e1->addend, second + e2->addend, second - va, s->size));
}

/* A lookup missed: off is the address minus the entry's tag, at where the entry lies in its mode's part; for a quiet
 * one, off is the address.
 * Nonzero: the entry is good now. */
GENERAL_REGS static int refill_c(TcgVcpu *v, const SlowSite *s, uint64_t off, uint64_t at)
{
    const Block *b = (const Block *)(uintptr_t)s->block;
    unsigned mode = b->key.flags >> TB_MODE_SHIFT;
    bool write = s->how & SITE_WRITE, quiet = s->how & SITE_QUIET;
    const TlbEntry *e;
    uint64_t va;
    TlbPage page;

    if (s->how & SITE_WINDOW) {
        return t_window_refill(v, s, off);
    }
    e = quiet ? &v->set->data[mode][tlb_index(off)]
              : (const TlbEntry *)((const uint8_t *)v->set->data[mode] + at);
    va = quiet ? off : off + (write ? e->wtag : e->rtag);
    if ((s->how & SITE_ALIGN) && (va & (s->size - 1)) != 0) {
        return 0;
    }
    if ((va & (PAGE_SIZE - 1)) + s->size > PAGE_SIZE) {
        return shot_crossing(v, s, va, mode, write);
    }
    if (write && s->resume != 0 && shot_mixed(v, s, va, mode)) {
        return 1;
    }
    v->shot_resume = s->retry;
    if (!tlb_probe(v, va, write ? ACCESS_STORE : ACCESS_LOAD, mode, &page)) {
        v->refill_faulted = true;
        return 0;
    }
    return (write ? e->wtag : e->rtag) == (va & PAGE_MASK);
}

/* ---- exceptions that the host's instructions raise: #DE, #MF, #XM arrive as SIGFPE */

static __thread TcgVcpu *running;
static struct sigaction old_fpe;

static const BlockInsn *insn_at(const Block *b, const uint8_t *host)
{
    unsigned k = b->n_insns;

    while (k > 1 && b->entry + b->insns[k - 1].host > host) {
        k--;
    }
    return &b->insns[k - 1];
}

/* The instruction is taken back and will be interpreted, which raises the exception as the guest sees it. */
static void on_fpe(int sig, siginfo_t *info, void *opaque)
{
    greg_t *g = ((ucontext_t *)opaque)->uc_mcontext.gregs;
    const uint8_t *host = (const uint8_t *)(uintptr_t)g[REG_RIP];
    TcgVcpu *v = running;
    const Block *b = v != NULL && v->cache != NULL ? cache_find_code(v, host) : NULL;
    const BlockInsn *bi;

    if (native_trapped(opaque)) {
        return;
    }
    if (b == NULL) {
        if (old_fpe.sa_flags & SA_SIGINFO) {
            old_fpe.sa_sigaction(sig, info, opaque);
        } else {
            signal(sig, SIG_DFL);
        }
        return;
    }
    bi = insn_at(b, host);
    g[REG_R10] = b->key.pc + bi->guest;
    tcg_uncharge(v, x86_insns_from(b, bi->guest));
    g[REG_RIP] = (uintptr_t)(bi->flags == FLAGS_FRAME ? x86_stubs(v)->miss : x86_stubs(v)->miss_host);
    v->force_interpret = 1;
}

static struct sigaction old_segv, old_bus;

static void on_segv(int sig, siginfo_t *info, void *opaque)
{
    greg_t *g = ((ucontext_t *)opaque)->uc_mcontext.gregs;
    const uint8_t *host = (const uint8_t *)(uintptr_t)g[REG_RIP];
    const struct sigaction *old = sig == SIGBUS ? &old_bus : &old_segv;
    const uint8_t *cold = running != NULL ? t_window_fault(running, host) : NULL;

    if (running != NULL && (uintptr_t)info->si_addr - (uintptr_t)running->returns_end < PAGE_SIZE) {
        g[REG_RSP] = (uintptr_t)return_top(running);            /* a call: too many have not returned */
    } else if (cold != NULL) {
        g[REG_RIP] = (uintptr_t)cold;
    } else if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(sig, info, opaque);
    } else {
        sigaction(sig, old, NULL);  /* happens again, with what was there before */
    }
}

static void install_segv(void)
{
    struct sigaction sa = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

    sigaction(SIGSEGV, &sa, &old_segv);
    sigaction(SIGBUS, &sa, &old_bus);       /* non-canonical addresses in RBP */
}

static void install_fpe(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        struct sigaction sa = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO | SA_ONSTACK };

        sigaction(SIGFPE, &sa, &old_fpe);
        native_traps();
        install_segv();
        g_once_init_leave(&once, 1);
    }
}

/* Vector state back into the host's registers. */
GENERAL_REGS void x86_fp_load(TcgVcpu *v)
{
    void (*load)(void);

    memcpy(&load, &x86_stubs(v)->fp_load_c, sizeof(load));
    load();
}

/* Vector state to memory from C code that keeps off it. */
void x86_fp_sync(TcgVcpu *v)
{
    x86_stubs(v)->fp_save();
}

GENERAL_REGS BlockExit *x86_run(TcgVcpu *v, const uint8_t *code)
{
    X86Cpu *c = x86_cpu(v->cpu);

    running = v;
    return ((const Stubs *)v->stubs)->enter(&c->env, v->set, code, v);
}

/* BMI2; AMD's processors before family 19h take hundreds of cycles for PEXT. */
static bool host_has_fast_pext(void)
{
    unsigned a, b, c, d, family;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 8 & 1)) {
        return false;
    }
    __cpuid(0, a, b, c, d);
    if (b != signature_AMD_ebx) {
        return true;
    }
    __cpuid(1, a, b, c, d);
    family = (a >> 8 & 15) + (a >> 20 & 255);
    return family >= 0x19;
}

/* Dispatch stubs, and the stack of return addresses: at its top, for returns that find it empty. T2: the dispatch
 * stub. */
static void emit_returns(Asm *a, TcgVcpu *v)
{
    Stubs *s = x86_stubs(v);
    uint64_t *top = return_top(v);

    for (unsigned k = 0; k <= JUMP_TABLES; k++) {
        for (unsigned host = 0; host < 2; host++) {
            s->dispatch[k][host] = a->p;
            t_dispatch(a, v, k < JUMP_TABLES ? (int)k : -1, host);
        }
    }
    *top = (uintptr_t)a->p;
    a_lea(a, 1, H_RSP, a_at(H_RSP, -8));
    a_rr(a, 0, 0xff, 4, T2);
    returns_forget(v);
    mprotect(v->returns_end, PAGE_SIZE, PROT_NONE);
}

bool x86_glue_init(TcgVcpu *v, GError **errp)
{
    CodeCache *cc = v->cache;
    Stubs *s;
    Asm a = { cc->base };
    uint8_t *enter, *exit, *jump, *slow, *fp_save;

    decode_init();
    install_fpe();
    v->stubs = s = g_new0(Stubs, 1);
    v->mxcsr_default = 0x1f80;
    s->quiet = host_has_fast_pext();
    s->xsavec = x86_host_has_xsavec();
    for (unsigned k = 0; k < G_N_ELEMENTS(v->quiet_mask); k++) {
        v->quiet_mask[k] = PAGE_MASK | ((1u << k) - 1);
    }
    v->slots[SLOT_SLOW] = (uintptr_t)slow_c;
    v->slots[SLOT_REFILL] = (uintptr_t)refill_c;
    v->slots[SLOT_QUICK] = (uintptr_t)x86_quick;
    v->slots[SLOT_FAULT] = (uintptr_t)x86_fast_fault;
    v->slots[SLOT_FAST + FAST_SYSCALL] = (uintptr_t)x86_fast_syscall;
    v->slots[SLOT_FAST + FAST_SYSRET] = (uintptr_t)x86_fast_sysret;
    v->slots[SLOT_FAST + FAST_IRET] = (uintptr_t)x86_fast_iret;
    v->slots[SLOT_FAST + FAST_AC] = (uintptr_t)x86_fast_ac;
    v->slots[SLOT_FP_SAVED] = (uintptr_t)fp_saved_c;
    v->slots[SLOT_FP_LOAD] = (uintptr_t)fp_load_c;
    /* Offset 0 is where empty jump table entries lead. */
    s->miss = a.p;
    jump = a_jmp(&a);
    enter = a.p;
    emit_enter(&a, v);
    s->exit_host = a.p;
    t_flags_to_frame(&a, T2);
    s->exit_frame = exit = emit_exit(&a, v);
    a_patch(jump, a.p);
    emit_miss(&a, v, exit);
    s->miss_host = a.p;
    t_flags_to_frame(&a, T2);
    a_jmp_to(&a, s->miss);
    s->slow_host = a.p;
    emit_slow_entry(&a);
    t_flags_to_frame(&a, T2);
    jump = a_jmp(&a);
    s->slow_frame = a.p;
    emit_slow_entry(&a);
    a_patch(jump, a.p);
    emit_refill(&a, v);
    slow = a.p;
    emit_slow(&a, v);
    s->quick = a.p;
    emit_quick(&a, v);
    a_jmp_to(&a, slow);
    for (unsigned k = 0; k < FAST_KINDS; k++) {
        s->fast[k] = emit_fast(&a, v, k);
    }
    fp_save = a.p;
    a_alu_ri(&a, 1, ALU_SUB, H_RSP, 8);
    emit_fp_save(&a, v, false);
    a_alu_ri(&a, 1, ALU_ADD, H_RSP, 8);
    a8(&a, 0xc3);
    memcpy(&s->fp_save, &fp_save, sizeof(fp_save));
    s->fp_load = a.p;
    emit_fp_load_stub(&a, v, true);
    s->fp_load_c = a.p;
    emit_fp_load_stub(&a, v, false);
    emit_returns(&a, v);
    memcpy(&s->enter, &enter, sizeof(enter));
    cc->code = a.p;
    return true;
}
