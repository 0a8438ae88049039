/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware task switches between 286 and 386 task state segments (SDM vol. 3, chapter 7). Faults found after
 * the switch is committed are raised in the new task, as 7.3 says. */
#include "target/i386/sys.h"

#include "target/i386/tcg/insn.h"

enum { TSS16_LIMIT = 0x2b, TSS32_LIMIT = 0x67, TSS_BUSY = 2 };

/* What a TSS holds beside its stacks; 286 ones have no FS, GS, CR3. */
typedef struct TaskState {
    uint32_t cr3, eip, eflags, gpr[8];
    uint16_t seg[6], ldt;           /* SEG_* order */
    bool debug;
} TaskState;

/* Offsets of the selectors ES CS SS DS FS GS LDT. */
enum { T32_CR3 = 0x1c, T32_EIP = 0x20, T32_EFLAGS = 0x24, T32_GPR = 0x28, T32_SEG = 0x48, T32_LDT = 0x60,
       T32_TRAP = 0x64, T16_IP = 0x0e, T16_FLAGS = 0x10, T16_GPR = 0x12, T16_SEG = 0x22, T16_LDT = 0x2a };

static void tss_load(X86Cpu *c, uint64_t base, bool big, TaskState *t)
{
    Cpu *cpu = &c->cpu;

    if (big) {
        t->cr3 = guest_ld32(cpu, base + T32_CR3, MMU_IMPLICIT);
        t->eip = guest_ld32(cpu, base + T32_EIP, MMU_IMPLICIT);
        t->eflags = guest_ld32(cpu, base + T32_EFLAGS, MMU_IMPLICIT);
        for (unsigned k = 0; k < 8; k++) {
            t->gpr[k] = guest_ld32(cpu, base + T32_GPR + k * 4, MMU_IMPLICIT);
        }
        for (unsigned k = 0; k < 6; k++) {
            t->seg[k] = guest_ld16(cpu, base + T32_SEG + k * 4, MMU_IMPLICIT);
        }
        t->ldt = guest_ld16(cpu, base + T32_LDT, MMU_IMPLICIT);
        t->debug = guest_ld16(cpu, base + T32_TRAP, MMU_IMPLICIT) & 1;
        return;
    }
    t->cr3 = (uint32_t)c->env.cr3;
    t->eip = guest_ld16(cpu, base + T16_IP, MMU_IMPLICIT);
    t->eflags = guest_ld16(cpu, base + T16_FLAGS, MMU_IMPLICIT);
    for (unsigned k = 0; k < 8; k++) {
        t->gpr[k] = guest_ld16(cpu, base + T16_GPR + k * 2, MMU_IMPLICIT) | 0xffff0000;
    }
    for (unsigned k = 0; k < 4; k++) {
        t->seg[k] = guest_ld16(cpu, base + T16_SEG + k * 2, MMU_IMPLICIT);
    }
    t->seg[SEG_FS] = t->seg[SEG_GS] = 0;
    t->ldt = guest_ld16(cpu, base + T16_LDT, MMU_IMPLICIT);
    t->debug = false;
}

static void tss_save(X86Cpu *c, uint64_t base, bool big, uint64_t rip, uint64_t flags)
{
    X86Env *env = &c->env;
    Cpu *cpu = &c->cpu;

    if (big) {
        guest_st32(cpu, base + T32_EIP, (uint32_t)rip, MMU_IMPLICIT);
        guest_st32(cpu, base + T32_EFLAGS, (uint32_t)flags, MMU_IMPLICIT);
        for (unsigned k = 0; k < 8; k++) {
            guest_st32(cpu, base + T32_GPR + k * 4, (uint32_t)env->gpr[k], MMU_IMPLICIT);
        }
        for (unsigned k = 0; k < 6; k++) {
            guest_st16(cpu, base + T32_SEG + k * 4, (uint16_t)env->seg[k].sel, MMU_IMPLICIT);
        }
        return;
    }
    guest_st16(cpu, base + T16_IP, (uint16_t)rip, MMU_IMPLICIT);
    guest_st16(cpu, base + T16_FLAGS, (uint16_t)flags, MMU_IMPLICIT);
    for (unsigned k = 0; k < 8; k++) {
        guest_st16(cpu, base + T16_GPR + k * 2, (uint16_t)env->gpr[k], MMU_IMPLICIT);
    }
    for (unsigned k = 0; k < 4; k++) {
        guest_st16(cpu, base + T16_SEG + k * 2, (uint16_t)env->seg[k].sel, MMU_IMPLICIT);
    }
}

static void load_ldt(X86Cpu *c, uint16_t sel)
{
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    x86_load_seg_raw(c, SEG_LDTR, sel, 0, 0, 0x8200);
    if (err == 0) {
        return;
    }
    if (sel & 4) {
        x86_raise_err(c, EXC_TS, err);
    }
    x86_desc_need(c, sel, &d, EXC_TS, 0);
    if ((d.hi & SEGA_S) || x86_desc_type(&d) != 2 || !(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_TS, err);
    }
    x86_seg_put(c, SEG_LDTR, sel, &d);
}

static void load_task_cs(X86Cpu *c, uint16_t sel)
{
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    if (err == 0) {
        x86_raise_err(c, EXC_TS, 0);
    }
    x86_desc_need(c, sel, &d, EXC_TS, 0);
    unsigned dpl = x86_desc_dpl(&d), rpl = sel & 3;
    if (!(d.hi & SEGA_S) || !(d.hi & SEGA_CODE) || (d.hi & SEGA_CE ? dpl > rpl : dpl != rpl)) {
        x86_raise_err(c, EXC_TS, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    x86_desc_set_accessed(c, &d);
    x86_seg_put(c, SEG_CS, sel, &d);
}

static void load_task_ss(X86Cpu *c, uint16_t sel, unsigned cpl)
{
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    if (err == 0) {
        x86_raise_err(c, EXC_TS, 0);
    }
    x86_desc_need(c, sel, &d, EXC_TS, 0);
    if (!(d.hi & SEGA_S) || (d.hi & SEGA_CODE) || !(d.hi & SEGA_RW) || x86_desc_dpl(&d) != cpl ||
        (sel & 3u) != cpl) {
        x86_raise_err(c, EXC_TS, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_SS, err);
    }
    x86_desc_set_accessed(c, &d);
    x86_seg_put(c, SEG_SS, sel, &d);
}

static void load_task_data(X86Cpu *c, unsigned seg, uint16_t sel, unsigned cpl)
{
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    if (err == 0) {
        x86_seg_null(c, seg, sel);
        return;
    }
    x86_desc_need(c, sel, &d, EXC_TS, 0);
    bool code = d.hi & SEGA_CODE, conforming = code && (d.hi & SEGA_CE);
    unsigned dpl = x86_desc_dpl(&d);
    if (!(d.hi & SEGA_S) || (code && !(d.hi & SEGA_RW)) || (!conforming && (dpl < cpl || dpl < (sel & 3u)))) {
        x86_raise_err(c, EXC_TS, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    x86_desc_set_accessed(c, &d);
    x86_seg_put(c, seg, sel, &d);
}

/* From here on faults belong to the new task. */
static void enter_task(X86Cpu *c, const TaskState *t, bool big)
{
    static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
    X86Env *env = &c->env;
    bool vm = t->eflags & FL_VM;
    unsigned cpl = vm ? 3 : t->seg[SEG_CS] & 3;

    for (unsigned k = 0; k < 8; k++) {
        env->gpr[k] = t->gpr[k];
    }
    env->rip = env->next_rip = t->eip;
    env->rflags = (t->eflags & FL_ALL) | FL_R1;
    env->cr0 |= CR0_TS;
    env->dr[7] &= ~0x155ull;        /* local breakpoints end with their task */
    for (unsigned k = 0; k < 6; k++) {
        x86_load_seg_raw(c, k, t->seg[k], 0, 0, k == SEG_SS ? cpl << SEGA_DPL_SHIFT : 0);
    }
    if (big && (env->cr0 & CR0_PG)) {
        x86_set_cr3(c, t->cr3);
    }
    x86_update_hflags(c);
    load_ldt(c, t->ldt);
    if (vm) {
        for (unsigned k = 0; k < 6; k++) {
            x86_load_seg(c, k, t->seg[k]);
        }
    } else {
        load_task_cs(c, t->seg[SEG_CS]);
        load_task_ss(c, t->seg[SEG_SS], cpl);
        for (unsigned k = 0; k < 4; k++) {
            load_task_data(c, data[k], t->seg[data[k]], cpl);
        }
    }
    if (t->eip > env->seg[SEG_CS].limit) {
        x86_raise_err(c, EXC_GP, 0);
    }
}

static void set_busy(X86Cpu *c, uint16_t sel, bool on)
{
    uint64_t la = x86_lin(c, c->env.gdt.base + (sel & 0xfff8) + 5);
    uint8_t type = guest_ld8(&c->cpu, la, MMU_IMPLICIT);

    guest_st8(&c->cpu, la, on ? type | TSS_BUSY : type & ~TSS_BUSY, MMU_IMPLICIT);
}

void x86_task_switch(X86Cpu *c, uint16_t sel, X86TaskHow how, uint64_t ret_rip, unsigned ext,
                     bool push_error, uint32_t error)
{
    X86Env *env = &c->env;
    int wrong = how == TASK_IRET ? EXC_TS : EXC_GP;
    uint32_t err = (sel & 0xfffc) | ext;
    TaskState t;
    X86Desc d;

    if (err <= 1 || (sel & 4)) {
        x86_raise_err(c, wrong, err);
    }
    x86_desc_need(c, sel, &d, wrong, ext);
    unsigned type = x86_desc_type(&d), want = how == TASK_IRET ? 3 : 1;
    if ((d.hi & SEGA_S) || (type & 7) != want) {
        x86_raise_err(c, wrong, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    bool big = type & 8, old_big = env->seg[SEG_TR].attr & (8 << 8);
    if (x86_desc_limit(&d) < (big ? TSS32_LIMIT : TSS16_LIMIT)) {
        x86_raise_err(c, EXC_TS, err);
    }
    uint64_t base = x86_desc_base(&d), old_base = env->seg[SEG_TR].base;
    uint16_t old_sel = (uint16_t)env->seg[SEG_TR].sel;
    unsigned old_size = old_big ? T32_LDT : T16_LDT, size = big ? TSS32_LIMIT + 1 : TSS16_LIMIT + 1;
    guest_check(&c->cpu, old_base, old_size, ACCESS_STORE, MMU_IMPLICIT);
    guest_check(&c->cpu, base, size, ACCESS_LOAD, MMU_IMPLICIT);
    tss_load(c, base, big, &t);
    if (how == TASK_JMP || how == TASK_IRET) {
        set_busy(c, old_sel, false);
    }
    uint64_t flags = env->rflags | FL_R1;
    tss_save(c, old_base, old_big, ret_rip, how == TASK_IRET ? flags & ~(uint64_t)FL_NT : flags);
    if (how == TASK_CALL || how == TASK_GATE) {
        guest_st16(&c->cpu, base, old_sel, MMU_IMPLICIT);
        t.eflags |= FL_NT;
    }
    if (how != TASK_IRET) {
        set_busy(c, sel, true);
        d.hi |= TSS_BUSY << 8;
    }
    x86_seg_put(c, SEG_TR, sel, &d);
    enter_task(c, &t, big);
    if (push_error) {
        X86Stack s;

        x86_stack_now(c, &s, 0);
        x86_stack_push(c, &s, big ? 4 : 2, error);
        x86_stack_commit(c, &s);
    }
    if (t.debug) {
        env->rip = env->next_rip;
        x86_debug_trap(c, 1 << 15);
    }
}
