/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts: how they are delivered in each mode, nested faults, IRET (SDM vol. 3, chapter 6,
 * 20.3; vol. 2 under INT n, IRET). Delivery reads and checks everything first; memory below the stack
 * pointer is all that a delivery which faults leaves changed. What is pending is in pending.c. */
#include "target/i386/sys.h"

#include <inttypes.h>

#include "hw/core/vm.h"
#include "target/i386/tcg/insn.h"
#include "util/log.h"

typedef struct Delivery {
    X86Event how;
    int vector;
    bool has_error;
    uint32_t error;
    unsigned ext;                   /* EXT bit of error codes that this delivery raises */
    uint64_t rip, flags;            /* pushed */
} Delivery;

/* ---- classes, SDM vol. 3, 6.3.1, table 6-1, 6-5 */

static bool has_error_code(int v)
{
    return v == EXC_DF || (v >= EXC_TS && v <= EXC_PF) || v == EXC_AC;
}

static bool is_contributory(int v)
{
    return v == EXC_DE || (v >= EXC_TS && v <= EXC_GP);
}

/* #DB sets RF itself where it needs to; traps do not. */
static bool pushes_rf(const Delivery *d)
{
    return d->how == EVENT_EXCEPTION && d->vector != EXC_DB && d->vector != EXC_DF &&
           d->vector != EXC_MC;
}

static void log_event(X86Cpu *c, const Delivery *d)
{
    static unsigned count;
    const X86Env *env = &c->env;

    if (!log_on(LOG_INT)) {
        return;
    }
    if (d->how == EVENT_EXTERNAL) {
        log_printf("Servicing hardware INT=0x%02x\n", d->vector);
    }
    if (!(env->cr0 & CR0_PE)) {
        return;
    }
    log_printf("%6u: v=%02x e=%04x i=%d cpl=%u IP=%04x:%016" PRIx64 " pc=%016" PRIx64
               " SP=%04x:%016" PRIx64, count++, d->vector, d->error, d->how == EVENT_SOFT, x86_cpl(c),
               env->seg[SEG_CS].sel, d->rip, env->seg[SEG_CS].base + d->rip, env->seg[SEG_SS].sel,
               env->gpr[R_RSP]);
    if (d->vector == EXC_PF) {
        log_printf(" CR2=%016" PRIx64 "\n", env->cr2);
    } else {
        log_printf(" env->regs[R_EAX]=%016" PRIx64 "\n", env->gpr[R_RAX]);
    }
    GString *text = g_string_new(NULL);
    x86_cpu_dump(&c->cpu, text);
    log_printf("%s", text->str);
    g_string_free(text, TRUE);
}

/* ---- the gate */

typedef struct IntGate {
    uint16_t sel;
    uint64_t off;
    unsigned type, ist;
} IntGate;

static void gate_error(X86Cpu *c, const Delivery *d, int vector)
{
    x86_raise_err(c, vector, d->vector * 8 + 2 + d->ext);
}

static void gate_fetch(X86Cpu *c, const Delivery *d, IntGate *g)
{
    const X86Env *env = &c->env;
    unsigned size = x86_lma(c) ? 16 : 8;
    uint64_t la = x86_lin(c, env->idt.base + d->vector * size), high = 0;

    if (d->vector * size + size - 1 > env->idt.limit) {
        gate_error(c, d, EXC_GP);
    }
    uint64_t v = guest_ld64(&c->cpu, la, MMU_IMPLICIT);
    if (size == 16) {
        high = guest_ld64(&c->cpu, la + 8, MMU_IMPLICIT);
    }
    uint32_t hi = (uint32_t)(v >> 32);
    g->type = hi >> 8 & 31;
    g->sel = (uint16_t)(v >> 16);
    g->off = (v & 0xffff) | (hi & 0xffff0000);
    g->ist = size == 16 ? hi & 7 : 0;
    bool ok = g->type == 14 || g->type == 15 ||
              (size == 8 && (g->type == 5 || g->type == 6 || g->type == 7));
    if (g->type == 6 || g->type == 7) {
        g->off &= 0xffff;
    }
    g->off |= (uint64_t)(uint32_t)high << 32;
    if (!ok || (d->how == EVENT_SOFT && (hi >> SEGA_DPL_SHIFT & 3) < x86_cpl(c))) {
        gate_error(c, d, EXC_GP);
    }
    if (!(hi & SEGA_P)) {
        gate_error(c, d, EXC_NP);
    }
}

/* The handler's code segment. Returns its new privilege level. */
static unsigned handler_cs(X86Cpu *c, const Delivery *d, const IntGate *g, X86Desc *cs)
{
    unsigned cpl = x86_cpl(c);
    uint32_t err = (g->sel & 0xfffc) | d->ext;

    if ((g->sel & 0xfffc) == 0) {
        x86_raise_err(c, EXC_GP, d->ext);
    }
    x86_desc_need(c, g->sel, cs, EXC_GP, d->ext);
    unsigned dpl = x86_desc_dpl(cs);
    if (!(cs->hi & SEGA_S) || !(cs->hi & SEGA_CODE) || dpl > cpl) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(cs->hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    if (x86_lma(c) && (cs->hi & (SEGA_L | SEGA_DB)) != SEGA_L) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (cs->hi & SEGA_CE) {
        dpl = cpl;
    }
    if (x86_vm86(c) && dpl != 0) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (x86_lma(c) ? !x86_canonical(c, g->off) : g->off > x86_desc_limit(cs)) {
        x86_raise_err(c, EXC_GP, d->ext);
    }
    return dpl;
}

/* deliver() updates hflags when all is in place. */
static void enter_handler(X86Cpu *c, const IntGate *g, X86Desc *cs, unsigned cpl)
{
    X86Env *env = &c->env;

    x86_desc_set_accessed(c, cs);
    x86_seg_store_desc(c, SEG_CS, (g->sel & 0xfffc) | cpl, cs);
    env->rip = env->next_rip = g->off;
    env->rflags &= ~(uint64_t)(FL_TF | FL_NT | FL_RF | FL_VM | (g->type & 1 ? 0 : FL_IF));
}

static void deliver_long(X86Cpu *c, const Delivery *d)
{
    X86Env *env = &c->env;
    X86Desc cs;
    IntGate g;

    gate_fetch(c, d, &g);
    unsigned cpl = x86_cpl(c), dpl = handler_cs(c, d, &g, &cs);
    X86Stack s = { .mask = ~0ull, .error = d->ext, .sp = env->gpr[R_RSP] };
    if (g.ist != 0) {
        s.sp = x86_tss64_stack(c, g.ist + 2, d->ext);
    } else if (dpl < cpl) {
        s.sp = x86_tss64_stack(c, dpl, d->ext);
    }
    s.mode = dpl == 3 ? X86_MMU_USER
             : (env->cr4 & CR4_SMAP) && (env->rflags & FL_AC) ? X86_MMU_KERNEL_NOSMAP : X86_MMU_KERNEL;
    s.sp &= ~15ull;
    x86_stack_push(c, &s, 8, env->seg[SEG_SS].sel);
    x86_stack_push(c, &s, 8, env->gpr[R_RSP]);
    x86_stack_push(c, &s, 8, d->flags);
    x86_stack_push(c, &s, 8, env->seg[SEG_CS].sel);
    x86_stack_push(c, &s, 8, d->rip);
    if (d->has_error) {
        x86_stack_push(c, &s, 8, d->error);
    }
    enter_handler(c, &g, &cs, dpl);
    if (dpl < cpl) {
        x86_seg_store(c, SEG_SS, dpl, 0, 0, dpl << SEGA_DPL_SHIFT);
    }
    env->gpr[R_RSP] = s.sp;
}

static void push_frame(X86Cpu *c, X86Stack *s, const Delivery *d, unsigned size)
{
    x86_stack_push(c, s, size, d->flags);
    x86_stack_push(c, s, size, c->env.seg[SEG_CS].sel);
    x86_stack_push(c, s, size, d->rip);
    if (d->has_error) {
        x86_stack_push(c, s, size, d->error);
    }
}

static void deliver_inner(X86Cpu *c, const Delivery *d, const IntGate *g, X86Desc *cs, unsigned dpl)
{
    static const uint8_t v86_order[] = { SEG_GS, SEG_FS, SEG_DS, SEG_ES };
    X86Env *env = &c->env;
    unsigned size = g->type & 8 ? 4 : 2;
    bool vm86 = x86_vm86(c);
    uint16_t ss_sel;
    X86Stack s;
    X86Desc ss;

    x86_tss_stack(c, dpl, d->ext, &s, &ss_sel, &ss);
    if (vm86) {
        for (unsigned k = 0; k < 4; k++) {
            x86_stack_push(c, &s, size, env->seg[v86_order[k]].sel);
        }
    }
    x86_stack_push(c, &s, size, env->seg[SEG_SS].sel);
    x86_stack_push(c, &s, size, env->gpr[R_RSP]);
    push_frame(c, &s, d, size);
    x86_desc_set_accessed(c, &ss);
    enter_handler(c, g, cs, dpl);
    x86_seg_put(c, SEG_SS, ss_sel, &ss);
    x86_stack_commit(c, &s);
    if (vm86) {
        for (unsigned k = 0; k < 4; k++) {
            x86_seg_null(c, v86_order[k], 0);
        }
    }
}

static void deliver_protected(X86Cpu *c, const Delivery *d)
{
    X86Desc cs;
    IntGate g;

    gate_fetch(c, d, &g);
    if (g.type == 5) {
        x86_task_switch(c, g.sel, TASK_GATE, d->rip, d->ext, d->has_error, d->error);
        c->env.rip = c->env.next_rip;
        return;
    }
    unsigned dpl = handler_cs(c, d, &g, &cs);
    if (dpl < x86_cpl(c)) {
        deliver_inner(c, d, &g, &cs, dpl);
    } else {
        X86Stack s;

        x86_stack_now(c, &s, d->ext);
        push_frame(c, &s, d, g.type & 8 ? 4 : 2);
        enter_handler(c, &g, &cs, dpl);
        x86_stack_commit(c, &s);
    }
}

/* Through the vector table of real mode at base: also for redirected INT n of virtual-8086 mode. */
static void deliver_real(X86Cpu *c, const Delivery *d, uint64_t base, uint64_t clear)
{
    X86Env *env = &c->env;
    X86Stack s;

    uint32_t v = guest_ld32(&c->cpu, x86_lin(c, base + d->vector * 4), x86_vm86(c) ? env->mmu_mode : MMU_IMPLICIT);
    x86_stack_now(c, &s, 0);
    x86_stack_push(c, &s, 2, d->flags);
    x86_stack_push(c, &s, 2, env->seg[SEG_CS].sel);
    x86_stack_push(c, &s, 2, d->rip);
    x86_stack_commit(c, &s);
    x86_load_seg_raw(c, SEG_CS, v >> 16, v >> 16 << 4, env->seg[SEG_CS].limit, env->seg[SEG_CS].attr);
    env->rip = env->next_rip = v & 0xffff;
    x86_set_flags(c, 0, clear);
}

static void deliver(X86Cpu *c, Delivery *d)
{
    X86Env *env = &c->env;

    log_event(c, d);
    d->flags = env->rflags | FL_R1 | (pushes_rf(d) ? FL_RF : 0);
    d->ext = d->how != EVENT_SOFT;
    if (!x86_pe(c)) {
        if (d->vector * 4u + 3 > env->idt.limit) {
            x86_raise_err(c, EXC_GP, 0);
        }
        deliver_real(c, d, env->idt.base, FL_IF | FL_TF | FL_AC | FL_RF);
    } else if (x86_lma(c)) {
        deliver_long(c, d);
    } else {
        deliver_protected(c, d);
    }
    env->shadow = 0;
    env->db_pending = 0;
    env->no_step = true;
    env->exc_vector = -1;
    x86_update_hflags(c);
}

void x86_event(X86Cpu *c, X86Event how, int vector, uint64_t ret_rip)
{
    Delivery d = { .how = how, .vector = vector, .rip = ret_rip };

    c->env.exc_vector = -1;
    deliver(c, &d);
}

/* ---- raising, from semantics */

/* SDM vol. 3, table 6-5: what a second exception makes of a first one. */
static int combine(int first, int second)
{
    if (is_contributory(first) && is_contributory(second)) {
        return EXC_DF;
    }
    if (first == EXC_PF && (second == EXC_PF || is_contributory(second))) {
        return EXC_DF;
    }
    return second;
}

static G_NORETURN void raise_event(X86Cpu *c, X86Event how, int vector, uint32_t error)
{
    X86Env *env = &c->env;

    guest_note_outside(&c->cpu, "exception, vector", vector);
    if (env->exc_vector == EXC_DF) {
        x86_triple_fault(c);
    }
    if (env->exc_vector >= 0) {
        log_mask(LOG_INT, "check_exception old: 0x%x new 0x%x\n", env->exc_vector, vector);
        vector = combine(env->exc_vector, vector);
        error = vector == EXC_DF ? 0 : error;
    }
    env->exc_vector = vector;
    env->exc_error = error;
    Delivery d = { .how = how, .vector = vector, .error = error, .rip = env->rip,
                   .has_error = has_error_code(vector) };
    deliver(c, &d);
    guest_exit(&c->cpu);
}

void x86_raise_err(X86Cpu *c, int vector, uint32_t error)
{
    raise_event(c, EVENT_EXCEPTION, vector, error);
}

void x86_raise(X86Cpu *c, int vector)
{
    raise_event(c, EVENT_EXCEPTION, vector, 0);
}

void x86_raise_ud(X86Cpu *c)
{
    raise_event(c, EVENT_EXCEPTION, EXC_UD, 0);
}

/* A non-canonical address found by translated code: was it the stack's (#SS), or another operand's (#GP)? */
static bool fault_in_stack(X86Cpu *c)
{
    uint64_t va = c->env.fault.addr;
    uint8_t code[15];
    Insn i;

    if (!x86_cs64(c) || va == c->env.rip || !x86_canonical(c, c->env.rip)) {
        return false;
    }
    unsigned have = guest_fetch(&c->cpu, c->env.rip, code, 1, sizeof(code));
    if (decode_insn(c->env.hflags, code, have, &i) != DECODE_OK) {
        return false;
    }
    if ((i.pfx & IPFX_MEM) && insn_ea(c, &i) - va + 64 < 128) {
        return i.seg == SEG_SS;
    }
    return i.row->gpr_write >> R_RSP & 1;
}

void x86_raise_fault(Cpu *cpu)
{
    X86Cpu *c = x86_cpu(cpu);

    if (c->env.fault.vector == EXC_PF) {
        c->env.cr2 = c->env.fault.addr;
    } else if (fault_in_stack(c)) {
        x86_raise_err(c, EXC_SS, 0);
    }
    raise_event(c, EVENT_EXCEPTION, c->env.fault.vector, c->env.fault.error);
}

void x86_triple_fault(X86Cpu *c)
{
    c->env.exc_vector = -1;
    log_mask(LOG_CPU_RESET, "Triple fault\n");
    vm_request_reset(c->cpu.dev.vm, SHUTDOWN_GUEST_RESET);
    c->cpu.halted = true;
    c->env.rflags &= ~(uint64_t)FL_IF;
    x86_update_hflags(c);
    guest_exit(&c->cpu);
}

/* ---- INT n, INT3, INTO, INT1 */

/* Virtual-8086 mode with CR4.VME: does the TSS send this vector to the program's own table? */
static bool vme_redirects(X86Cpu *c, int vector)
{
    const X86Seg *tr = &c->env.seg[SEG_TR];

    if (!(tr->attr & (8 << 8)) || tr->limit < 0x67) {
        return false;
    }
    uint32_t at = guest_ld16(&c->cpu, x86_lin(c, tr->base + 0x66), MMU_IMPLICIT);
    if (at < 32 || at - 32 + vector / 8 > tr->limit) {
        return false;
    }
    uint8_t bits = guest_ld8(&c->cpu, x86_lin(c, tr->base + at - 32 + vector / 8), MMU_IMPLICIT);
    return !(bits >> (vector & 7) & 1);
}

/* SDM vol. 3, 20.3.3: with IOPL 3 IF itself is used, below it VIF stands for it. */
static void int_vme(X86Cpu *c, Delivery *d)
{
    uint64_t flags = c->env.rflags | FL_R1;

    if (x86_iopl(c) == 3) {
        d->flags = flags;
        deliver_real(c, d, 0, FL_IF | FL_TF | FL_NT | FL_RF);
    } else {
        d->flags = (flags & ~(uint64_t)FL_IF) | FL_IOPL | (flags & FL_VIF ? FL_IF : 0);
        deliver_real(c, d, 0, FL_VIF | FL_TF | FL_NT | FL_RF);
    }
}

void x86_int_n(X86Cpu *c, int vector, bool is_cd)
{
    Delivery d = { .how = EVENT_SOFT, .vector = vector, .rip = c->env.next_rip };

    c->env.exc_vector = -1;
    if (x86_vm86(c) && is_cd) {
        if ((c->env.cr4 & CR4_VME) && vme_redirects(c, vector)) {
            int_vme(c, &d);
            return;
        }
        if (x86_iopl(c) < 3) {
            x86_raise_err(c, EXC_GP, 0);
        }
    }
    deliver(c, &d);
}

void x86_icebp(X86Cpu *c)
{
    x86_event(c, EVENT_ICEBP, EXC_DB, c->env.next_rip);
}

/* ---- flags and IRET */

void x86_set_flags(X86Cpu *c, uint64_t v, uint64_t mask)
{
    c->env.rflags = (c->env.rflags & ~mask) | (v & mask) | FL_R1;
    x86_update_hflags(c);
}

static uint64_t flags_mask(const X86Cpu *c, unsigned opsize)
{
    uint64_t mask = FL_STATUS | FL_TF | FL_DF | FL_NT;
    unsigned cpl = x86_cpl(c);

    if (opsize >= 4) {
        mask |= FL_RF | FL_AC | FL_ID;
    }
    if (cpl <= x86_iopl(c)) {
        mask |= FL_IF;
    }
    if (cpl == 0) {
        mask |= FL_IOPL | (opsize >= 4 ? FL_VIF | FL_VIP : 0);
    }
    return mask;
}

static void iret_real(X86Cpu *c, unsigned opsize)
{
    X86Env *env = &c->env;
    uint64_t mask = FL_STATUS | FL_TF | FL_DF | FL_NT | FL_IF | (opsize == 4 ? FL_RF | FL_AC | FL_ID : 0);
    bool vm = x86_vm86(c), vif = false;
    X86Stack s;

    if (vm && x86_iopl(c) < 3) {
        if (!(env->cr4 & CR4_VME) || opsize != 2) {
            x86_raise_err(c, EXC_GP, 0);
        }
        vif = true;
    }
    x86_stack_now(c, &s, 0);
    uint64_t rip = x86_stack_pop(c, &s, opsize);
    uint16_t sel = (uint16_t)x86_stack_pop(c, &s, opsize);
    uint64_t flags = x86_stack_pop(c, &s, opsize);
    if (rip > env->seg[SEG_CS].limit ||
        (vif && ((flags & FL_TF) || ((flags & FL_IF) && (env->rflags & FL_VIP))))) {
        x86_raise_err(c, EXC_GP, 0);
    }
    if (vif) {
        mask = (mask & ~(uint64_t)FL_IF) | FL_VIF;
        flags = (flags & ~(uint64_t)FL_VIF) | (flags & FL_IF ? FL_VIF : 0);
    } else if (!vm) {
        mask |= FL_IOPL;
    }
    x86_stack_commit(c, &s);
    x86_load_seg_raw(c, SEG_CS, sel, (uint32_t)sel << 4, env->seg[SEG_CS].limit, env->seg[SEG_CS].attr);
    env->next_rip = rip;
    x86_set_flags(c, flags, mask);
}

static void iret_to_v86(X86Cpu *c, X86Stack *s, uint64_t rip, uint16_t cs, uint64_t flags)
{
    static const uint8_t order[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
    uint64_t sp = x86_stack_pop(c, s, 4);
    uint16_t ss = (uint16_t)x86_stack_pop(c, s, 4), sel[4];

    for (unsigned k = 0; k < 4; k++) {
        sel[k] = (uint16_t)x86_stack_pop(c, s, 4);
    }
    if ((uint32_t)rip > 0xffff) {
        x86_raise_err(c, EXC_GP, 0);
    }
    x86_set_flags(c, flags, FL_ALL | FL_VM | FL_RF);
    x86_load_seg(c, SEG_CS, cs);
    x86_load_seg(c, SEG_SS, ss);
    for (unsigned k = 0; k < 4; k++) {
        x86_load_seg(c, order[k], sel[k]);
    }
    c->env.gpr[R_RSP] = sp;
    c->env.next_rip = (uint16_t)rip;
}

static void iret_task(X86Cpu *c)
{
    uint16_t link = guest_ld16(&c->cpu, x86_lin(c, c->env.seg[SEG_TR].base), MMU_IMPLICIT);

    x86_task_switch(c, link, TASK_IRET, c->env.next_rip, 0, false, 0);
}

static void iret_protected(X86Cpu *c, unsigned opsize)
{
    X86Desc cs, ss;
    X86Stack s;

    if (c->env.rflags & FL_NT) {
        if (x86_lma(c)) {
            x86_raise_err(c, EXC_GP, 0);
        }
        iret_task(c);
        return;
    }
    x86_stack_now(c, &s, 0);
    uint64_t rip = x86_stack_pop(c, &s, opsize);
    uint16_t sel = (uint16_t)x86_stack_pop(c, &s, opsize);
    uint64_t flags = x86_stack_pop(c, &s, opsize);
    if (opsize == 4 && (flags & FL_VM) && x86_cpl(c) == 0 && !x86_lma(c)) {
        iret_to_v86(c, &s, rip, sel, flags);
        return;
    }
    x86_return_cs(c, sel, &cs, rip);
    uint64_t mask = flags_mask(c, opsize);
    if (x86_cs64(c) || (sel & 3u) != x86_cpl(c)) {
        uint64_t sp = x86_stack_pop(c, &s, opsize);
        uint16_t ss_sel = (uint16_t)x86_stack_pop(c, &s, opsize);
        bool have = x86_return_ss(c, ss_sel, &cs, sel & 3, &ss);

        x86_return_commit(c, sel, &cs, ss_sel, have ? &ss : NULL, sp);
    } else {
        x86_desc_set_accessed(c, &cs);
        x86_seg_store_desc(c, SEG_CS, sel, &cs);
        x86_stack_commit(c, &s);
    }
    c->env.next_rip = rip;
    x86_set_flags(c, flags, mask);
}

void x86_iret(X86Cpu *c, unsigned opsize)
{
    if (!x86_pe(c) || x86_vm86(c)) {
        iret_real(c, opsize);
    } else {
        iret_protected(c, opsize);
    }
    c->env.nmi_blocked = false;
}
