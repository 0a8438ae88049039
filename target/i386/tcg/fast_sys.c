/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls, their return, IRET, STAC, CLAC and page faults of 64-bit code as operating systems use them, without
 * the interpreter and the run loop (SDM vol. 2 under each; vol. 3, 6.14). Called from stubs with registers in memory
 * and the guest's vector registers loaded. What is read comes from the TLB or not at all: whatever is unusual (a miss,
 * a segment that is not flat 64-bit code, a stack across pages, nested faults) is left to the semantics, with nothing
 * changed. */
#include <glib.h>
#include <setjmp.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

#include "target/i386/sys.h"
#include "util/log.h"

enum { NOT_DONE = 0, RESUME = 1, LEAVE = 2 };

/* ---- memory that the TLB knows */

static bool load64(const TcgVcpu *v, uint64_t va, unsigned mode, uint64_t *ret)
{
    const TlbEntry *e = &v->set->data[mode][tlb_index(va)];

    if (va - e->rtag > PAGE_SIZE - 8) {
        return false;
    }
    memcpy(ret, (const void *)(uintptr_t)(va + e->addend), 8);
    return true;
}

typedef uint64_t Unaligned64 __attribute__((aligned(1), may_alias));

/* Host address of n bytes at va. */
static Unaligned64 *memory_at(const TcgVcpu *v, uint64_t va, unsigned n, bool write, unsigned mode)
{
    const TlbEntry *e = &v->set->data[mode][tlb_index(va)];

    return va - (write ? e->wtag : e->rtag) > PAGE_SIZE - n ? NULL : (Unaligned64 *)(uintptr_t)(va + e->addend);
}

static bool descriptor(const TcgVcpu *v, const X86Env *env, uint16_t sel, X86Desc *d)
{
    uint64_t raw;

    if ((sel & 0xfffc) == 0 || (sel & 4) || (sel | 7u) > env->gdt.limit ||
        !load64(v, env->gdt.base + (sel & 0xfff8), MMU_IMPLICIT, &raw)) {
        return false;
    }
    d->lo = (uint32_t)raw;
    d->hi = (uint32_t)(raw >> 32);
    return true;
}

static bool is_code64(const X86Desc *d, unsigned dpl)
{
    uint32_t need = SEGA_S | SEGA_CODE | SEGA_P | SEGA_L | SEGA_A;

    return (d->hi & (need | SEGA_DB | SEGA_CE)) == need && x86_desc_dpl(d) == dpl;
}

static bool is_stack(const X86Desc *d, unsigned dpl)
{
    uint32_t need = SEGA_S | SEGA_RW | SEGA_P | SEGA_A;

    return (d->hi & (need | SEGA_CODE)) == need && x86_desc_dpl(d) == dpl;
}

/* ---- onwards */

/* Finds where the CPU's state leads. IRET serializes: translations that may be stale are looked at in the run loop. */
static int go_on(TcgVcpu *v)
{
    X86Cpu *c = x86_cpu(v->cpu);
    const CodeCache *cc = v->cache;
    uint32_t flags = x86_tb_flags(&c->env), at;
    const Block *b;

    returns_forget(v);
    if (__atomic_load_n(&v->poll, __ATOMIC_RELAXED) != 0 ||
        __atomic_load_n(&v->unverified, __ATOMIC_RELAXED) != 0 ||
        __atomic_load_n(&v->cpu->pending, __ATOMIC_RELAXED) != 0) {
        return LEAVE;
    }
    for (unsigned k = 0; k < cc->n_tables; k++) {
        at = v->set->jump[k][jump_index(c->env.rip)];
        if (cc->table_flags[k] == flags && at != 0) {
            v->shot_resume = (uintptr_t)cc->base + at;
            return RESUME;
        }
    }
    b = tcg_next_block(v);
    if (b == NULL) {
        return LEAVE;
    }
    v->shot_resume = (uintptr_t)b->code;
    return RESUME;
}

/* The instruction is for the semantics, in the run loop. */
static int give_up(TcgVcpu *v, const SlowSite *s)
{
    const Block *b = (const Block *)(uintptr_t)s->block;

    x86_cpu(v->cpu)->env.rip = b->key.pc + s->at;
    tcg_uncharge(v, x86_insns_from(b, s->at));
    v->force_interpret = 1;
    return LEAVE;
}

static uint64_t next_of(const SlowSite *s)
{
    return ((const Block *)(uintptr_t)s->block)->key.pc + s->next;
}

static int done(TcgVcpu *v, uint64_t rip)
{
    X86Cpu *c = x86_cpu(v->cpu);

    c->env.rip = c->env.next_rip = rip;
    x86_update_hflags(c);
    return go_on(v);
}

/* ---- instructions */

enum { CODE_ATTR = SEGA_G | SEGA_P | SEGA_S | SEGA_CODE | SEGA_RW | SEGA_A | SEGA_L,
       DATA_ATTR = SEGA_G | SEGA_DB | SEGA_P | SEGA_S | SEGA_RW | SEGA_A };

static void flat_cs_ss(X86Cpu *c, uint32_t cs, uint32_t ss)
{
    uint32_t dpl = (cs & 3) << SEGA_DPL_SHIFT;

    x86_seg_store(c, SEG_CS, cs, 0, 0xffffffff, CODE_ATTR | dpl);
    x86_seg_store(c, SEG_SS, ss, 0, 0xffffffff, DATA_ATTR | dpl);
}

int x86_fast_syscall(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    X86Env *env = &c->env;
    uint32_t cs = (uint32_t)(env->star >> 32) & 0xfffc;

    if (!(env->efer & EFER_SCE) || !x86_lma(c)) {
        return give_up(v, s);
    }
    env->gpr[R_RCX] = next_of(s);
    env->gpr[R_R11] = (env->rflags & ~(uint64_t)FL_RF) | FL_R1;
    flat_cs_ss(c, cs, cs + 8);
    env->rflags = (env->rflags & ~(uint64_t)((uint32_t)env->sfmask | FL_RF)) | FL_R1;
    return done(v, env->lstar);
}

int x86_fast_sysret(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    X86Env *env = &c->env;
    uint64_t rip = env->gpr[R_RCX], mask = FL_ALL & ~(uint64_t)(FL_RF | FL_VM);
    uint32_t cs = (uint32_t)(env->star >> 48) & 0xffff;

    if (!(env->efer & EFER_SCE) || !x86_lma(c) || x86_cpl(c) != 0 || !x86_canonical(c, rip) ||
        (env->gpr[R_R11] & FL_TF)) {
        return give_up(v, s);
    }
    flat_cs_ss(c, (cs + 16) | 3, (cs + 8) | 3);
    env->rflags = (env->rflags & ~mask) | (env->gpr[R_R11] & mask) | FL_R1;
    return done(v, rip);
}

/* The interpreter's STAC and CLAC do nothing else. opcode: the last byte. */
int x86_fast_ac(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);

    if (x86_cpl(c) != 0) {
        return give_up(v, s);
    }
    c->env.rflags = s->how ? c->env.rflags | FL_AC : c->env.rflags & ~(uint64_t)FL_AC;
    return done(v, next_of(s));
}

/* Would the return to level 3 take data segments away? */
static bool drops_segments(const X86Env *env)
{
    static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };

    for (unsigned k = 0; k < G_N_ELEMENTS(data); k++) {
        uint32_t attr = env->seg[data[k]].attr;

        if ((attr & SEGA_S) && (attr >> SEGA_DPL_SHIFT & 3) < 3) {
            return true;
        }
    }
    return false;
}

int x86_fast_iret(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    X86Env *env = &c->env;
    uint64_t mask = FL_STATUS | FL_DF | FL_RF | FL_AC | FL_ID | FL_IF | FL_IOPL | FL_VIF | FL_VIP;
    const Unaligned64 *f = memory_at(v, env->gpr[R_RSP], 40, false, env->mmu_mode);
    bool null_ss;
    X86Desc cs, ss;
    unsigned rpl;

    if (f == NULL || !x86_lma(c) || x86_cpl(c) != 0 || ((env->rflags | f[2]) & (FL_NT | FL_TF)) ||
        !x86_canonical(c, f[0])) {
        return give_up(v, s);
    }
    rpl = f[1] & 3;
    null_ss = rpl == 0 && (uint16_t)f[4] == 0;
    if ((rpl != 0 && (rpl != 3 || drops_segments(env))) || !descriptor(v, env, (uint16_t)f[1], &cs) ||
        !is_code64(&cs, rpl) ||
        (!null_ss && ((f[4] & 3) != rpl || !descriptor(v, env, (uint16_t)f[4], &ss) || !is_stack(&ss, rpl)))) {
        return give_up(v, s);
    }
    env->rflags = (env->rflags & ~mask) | (f[2] & mask) | FL_R1;
    x86_seg_store_desc(c, SEG_CS, (uint16_t)f[1], &cs);
    if (null_ss) {
        x86_seg_store(c, SEG_SS, 0, 0, 0, 0);
    } else {
        x86_seg_store_desc(c, SEG_SS, (uint16_t)f[4], &ss);
    }
    env->gpr[R_RSP] = f[3];
    env->nmi_blocked = false;
    return done(v, f[0]);
}

/* ---- delivery */

typedef struct Gate {
    uint64_t off, sp;
    uint16_t sel;
    bool clears_if;
    X86Desc cs;
} Gate;

static bool gate_of(const TcgVcpu *v, const X86Cpu *c, unsigned vector, Gate *g)
{
    const X86Env *env = &c->env;
    const X86Seg *tr = &env->seg[SEG_TR];
    uint64_t lo, high;

    if (vector * 16 + 15 > env->idt.limit || !load64(v, env->idt.base + vector * 16, MMU_IMPLICIT, &lo) ||
        !load64(v, env->idt.base + vector * 16 + 8, MMU_IMPLICIT, &high)) {
        return false;
    }
    g->sel = (uint16_t)(lo >> 16);
    g->off = (lo & 0xffff) | (lo >> 32 & 0xffff0000) | high << 32;
    g->clears_if = !(lo >> 40 & 1);
    if ((lo >> 40 & 0x9e) != 0x8e || (lo >> 32 & 7) != 0 || !x86_canonical(c, g->off) ||
        !descriptor(v, env, g->sel, &g->cs) || !is_code64(&g->cs, 0)) {
        return false;
    }
    g->sp = env->gpr[R_RSP];
    return x86_cpl(c) == 0 || ((tr->attr & SEGA_P) && tr->limit >= 11 &&
                               load64(v, tr->base + 4, MMU_IMPLICIT, &g->sp) && x86_canonical(c, g->sp));
}

/* An exception of 64-bit code with an error code, RIP being that of the instruction. false: nothing was done. */
static bool deliver_fault(TcgVcpu *v, X86Cpu *c, unsigned vector, uint64_t error)
{
    X86Env *env = &c->env;
    unsigned cpl = x86_cpl(c), mode;
    Unaligned64 *f;
    Gate g;

    if (!x86_lma(c) || !x86_cs64(c) || (cpl != 0 && cpl != 3) || env->exc_vector >= 0 || log_on(LOG_INT) ||
        !gate_of(v, c, vector, &g)) {
        return false;
    }
    mode = (env->cr4 & CR4_SMAP) && (env->rflags & FL_AC) ? X86_MMU_KERNEL_NOSMAP : X86_MMU_KERNEL;
    g.sp = (g.sp & ~15ull) - 48;
    f = memory_at(v, g.sp, 48, true, mode);
    if (f == NULL) {
        return false;
    }
    f[5] = env->seg[SEG_SS].sel;
    f[4] = env->gpr[R_RSP];
    f[3] = env->rflags | FL_R1 | FL_RF;
    f[2] = env->seg[SEG_CS].sel;
    f[1] = env->rip;
    f[0] = error;
    x86_seg_store_desc(c, SEG_CS, g.sel & 0xfffc, &g.cs);
    env->rflags &= ~(uint64_t)(FL_TF | FL_NT | FL_RF | FL_VM | (g.clears_if ? FL_IF : 0));
    if (cpl != 0) {
        x86_seg_store(c, SEG_SS, 0, 0, 0, 0);
    }
    env->gpr[R_RSP] = g.sp;
    env->rip = env->next_rip = g.off;
    env->shadow = 0;
    env->db_pending = 0;
    env->no_step = true;
    env->exc_vector = -1;
    x86_update_hflags(c);
    return true;
}

int x86_fast_fault(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    const Block *b = (const Block *)(uintptr_t)s->block;

    if (c->env.fault.vector != EXC_PF || (v->follower != NULL && v->follower->faulted == NULL)) {
        return NOT_DONE;
    }
    c->env.rip = b->key.pc + s->at;
    if (!deliver_fault(v, c, EXC_PF, c->env.fault.error)) {
        return NOT_DONE;
    }
    c->env.cr2 = c->env.fault.addr;
    if (v->follower != NULL) {
        v->follower->faulted(v, x86_live_flags(x86_insn_of(b, s->at)->live), c->env.rflags);
    }
    tcg_uncharge(v, x86_insns_from(b, s->at) - 1);     /* the instruction has begun */
    v->refill_faulted = false;
    return go_on(v);
}

#include "accel/tcg/general_regs_end.h"
