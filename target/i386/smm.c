/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System management mode. Processors with long mode use the state-save map of AMD64 (AMD64 APM vol. 2, table
 * 10-1), others the 32-bit map (SDM vol. 3, table 31-1); both with SMBASE relocation, without I/O restart. */
#include "target/i386/sys.h"

#include <string.h>

#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "util/log.h"

enum { SAVE_AT = 0x8000, SAVE_BYTES = 0x8000, MAP_FROM = 0x7c00, MAP_SIZE = 0x400 };
enum { REVISION_32 = 0x20000, REVISION_64 = 0x20064, REV_SMBASE = 1 << 17 };

/* The last KiB of the save area: offsets below are as the manuals give them, from SMBASE + 8000H. */
typedef struct SaveMap { uint8_t b[MAP_SIZE]; } SaveMap;

static void put(SaveMap *m, unsigned at, unsigned size, uint64_t v)
{
    for (unsigned k = 0; k < size; k++) {
        m->b[at - MAP_FROM + k] = (uint8_t)(v >> (k * 8));
    }
}

static uint64_t get(const SaveMap *m, unsigned at, unsigned size)
{
    uint64_t v = 0;

    for (unsigned k = 0; k < size; k++) {
        v |= (uint64_t)m->b[at - MAP_FROM + k] << (k * 8);
    }
    return v;
}

/* ---- AMD64 */

/* Offsets of the segment records: selector, attributes, limit, base. */
static const uint16_t seg64[SEG_COUNT] = {
    [SEG_ES] = 0x7e00, [SEG_CS] = 0x7e10, [SEG_SS] = 0x7e20, [SEG_DS] = 0x7e30, [SEG_FS] = 0x7e40,
    [SEG_GS] = 0x7e50, [SEG_LDTR] = 0x7e70, [SEG_TR] = 0x7e90,
};
enum { A_GDT = 0x7e60, A_IDT = 0x7e80, A_HALT = 0x7ec9, A_REVISION = 0x7efc, A_SMBASE = 0x7f00,
       A_EFER = 0x7ed0, A_CR4 = 0x7f48, A_CR3 = 0x7f50, A_CR0 = 0x7f58, A_DR7 = 0x7f60, A_DR6 = 0x7f68,
       A_RFLAGS = 0x7f70, A_RIP = 0x7f78, A_RAX = 0x7ff8 };

/* The map holds R15 lowest and RAX highest: 7f80 + (15 - n) * 8. */
static void save64(const X86Env *env, bool halted, SaveMap *m)
{
    for (unsigned k = 0; k < SEG_COUNT; k++) {
        const X86Seg *s = &env->seg[k];

        put(m, seg64[k], 2, s->sel);
        put(m, seg64[k] + 2, 2, (s->attr >> 8 & 0xff) | (s->attr >> 12 & 0xf00));
        put(m, seg64[k] + 4, 4, s->limit);
        put(m, seg64[k] + 8, 8, s->base);
    }
    put(m, A_GDT + 4, 4, env->gdt.limit);
    put(m, A_GDT + 8, 8, env->gdt.base);
    put(m, A_IDT + 4, 4, env->idt.limit);
    put(m, A_IDT + 8, 8, env->idt.base);
    put(m, A_HALT, 1, halted);
    put(m, A_EFER, 8, env->efer);
    for (unsigned k = 0; k < 16; k++) {
        put(m, A_RAX - k * 8, 8, env->gpr[k]);
    }
    put(m, A_RIP, 8, env->rip);
    put(m, A_RFLAGS, 8, env->rflags | FL_R1);
    put(m, A_DR6, 8, env->dr[6]);
    put(m, A_DR7, 8, env->dr[7]);
    put(m, A_CR4, 8, env->cr4);
    put(m, A_CR3, 8, env->cr3);
    put(m, A_CR0, 8, env->cr0);
    put(m, A_REVISION, 4, REVISION_64);
    put(m, A_SMBASE, 4, env->smbase);
}

static void load64(X86Cpu *c, const SaveMap *m)
{
    X86Env *env = &c->env;

    env->efer = get(m, A_EFER, 8) & (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | 1 << 14);
    env->cr0 = (get(m, A_CR0, 8) & 0xe005003f) | CR0_ET;
    env->cr4 = get(m, A_CR4, 8) & x86_cr4_allowed(c);
    env->cr3 = get(m, A_CR3, 8);
    env->dr[6] = get(m, A_DR6, 8);
    env->dr[7] = get(m, A_DR7, 8);
    for (unsigned k = 0; k < 16; k++) {
        env->gpr[k] = get(m, A_RAX - k * 8, 8);
    }
    env->next_rip = get(m, A_RIP, 8);
    env->rflags = (get(m, A_RFLAGS, 8) & FL_ALL) | FL_R1;
    for (unsigned k = 0; k < SEG_COUNT; k++) {
        uint32_t a = (uint32_t)get(m, seg64[k] + 2, 2);

        x86_load_seg_raw(c, k, (uint32_t)get(m, seg64[k], 2), get(m, seg64[k] + 8, 8),
                         (uint32_t)get(m, seg64[k] + 4, 4), (a & 0xff) << 8 | (a & 0xf00) << 12);
    }
    env->gdt = (X86Table){ get(m, A_GDT + 8, 8), (uint32_t)get(m, A_GDT + 4, 4) };
    env->idt = (X86Table){ get(m, A_IDT + 8, 8), (uint32_t)get(m, A_IDT + 4, 4) };
    c->cpu.halted = get(m, A_HALT, 1) & 1;
    if (get(m, A_REVISION, 4) & REV_SMBASE) {
        env->smbase = get(m, A_SMBASE, 4);
    }
}

/* ---- 32 bits. Hidden parts lie in the part the manual calls reserved, at places of our choice. */

enum { I_CR0 = 0x7ffc, I_CR3 = 0x7ff8, I_EFLAGS = 0x7ff4, I_EIP = 0x7ff0, I_EDI = 0x7fec, I_DR6 = 0x7fcc,
       I_DR7 = 0x7fc8, I_TR = 0x7fc4, I_LDTR = 0x7fc0, I_GS = 0x7fbc, I_HALT = 0x7f02, I_REVISION = 0x7efc,
       I_SMBASE = 0x7ef8, I_CR4 = 0x7f14, I_HIDDEN = 0x7f20, I_IDT = 0x7f80, I_GDT = 0x7f88 };

/* Selectors descend from TR: TR LDTR GS FS DS SS CS ES. EDI ESI EBP ESP EBX EDX ECX EAX descend too. */
static const uint8_t order32[SEG_COUNT] = { SEG_TR, SEG_LDTR, SEG_GS, SEG_FS, SEG_DS, SEG_SS, SEG_CS, SEG_ES };
static const uint8_t gpr32[8] = { R_RDI, R_RSI, R_RBP, R_RSP, R_RBX, R_RDX, R_RCX, R_RAX };

static void save32(const X86Env *env, bool halted, SaveMap *m)
{
    put(m, I_CR0, 4, env->cr0);
    put(m, I_CR3, 4, env->cr3);
    put(m, I_CR4, 4, env->cr4);
    put(m, I_EFLAGS, 4, env->rflags | FL_R1);
    put(m, I_EIP, 4, env->rip);
    put(m, I_DR6, 4, env->dr[6]);
    put(m, I_DR7, 4, env->dr[7]);
    for (unsigned k = 0; k < 8; k++) {
        put(m, I_EDI - k * 4, 4, env->gpr[gpr32[k]]);
    }
    for (unsigned k = 0; k < SEG_COUNT; k++) {
        const X86Seg *s = &env->seg[order32[k]];

        put(m, I_TR - k * 4, 4, s->sel);
        put(m, I_HIDDEN + k * 12, 4, s->base);
        put(m, I_HIDDEN + k * 12 + 4, 4, s->limit);
        put(m, I_HIDDEN + k * 12 + 8, 4, s->attr);
    }
    put(m, I_GDT, 4, env->gdt.base);
    put(m, I_GDT + 4, 4, env->gdt.limit);
    put(m, I_IDT, 4, env->idt.base);
    put(m, I_IDT + 4, 4, env->idt.limit);
    put(m, I_HALT, 2, halted);
    put(m, I_REVISION, 4, REVISION_32);
    put(m, I_SMBASE, 4, env->smbase);
}

static void load32(X86Cpu *c, const SaveMap *m)
{
    X86Env *env = &c->env;

    env->efer = 0;
    env->cr0 = (get(m, I_CR0, 4) & 0xe005003f) | CR0_ET;
    env->cr3 = get(m, I_CR3, 4);
    env->cr4 = get(m, I_CR4, 4) & x86_cr4_allowed(c);
    env->rflags = (get(m, I_EFLAGS, 4) & FL_ALL) | FL_R1;
    env->next_rip = get(m, I_EIP, 4);
    env->dr[6] = get(m, I_DR6, 4);
    env->dr[7] = get(m, I_DR7, 4);
    for (unsigned k = 0; k < 8; k++) {
        env->gpr[gpr32[k]] = get(m, I_EDI - k * 4, 4);
    }
    for (unsigned k = 0; k < SEG_COUNT; k++) {
        x86_load_seg_raw(c, order32[k], (uint16_t)get(m, I_TR - k * 4, 4), get(m, I_HIDDEN + k * 12, 4),
                         (uint32_t)get(m, I_HIDDEN + k * 12 + 4, 4),
                         (uint32_t)get(m, I_HIDDEN + k * 12 + 8, 4));
    }
    env->gdt = (X86Table){ get(m, I_GDT, 4), (uint32_t)get(m, I_GDT + 4, 4) };
    env->idt = (X86Table){ get(m, I_IDT, 4), (uint32_t)get(m, I_IDT + 4, 4) };
    c->cpu.halted = get(m, I_HALT, 2) & 1;
    if (get(m, I_REVISION, 4) & REV_SMBASE) {
        env->smbase = get(m, I_SMBASE, 4);
    }
}

/* ---- in and out */

static void log_smm(X86Cpu *c, const char *what)
{
    if (log_on(LOG_INT)) {
        GString *text = g_string_new(NULL);

        x86_cpu_dump(&c->cpu, text);
        log_printf("SMM: %s\n%s", what, text->str);
        g_string_free(text, TRUE);
    }
}

static void see_smram(X86Cpu *c, bool on)
{
    if (c->mem_smm != NULL) {
        c->cpu.mem = on ? c->mem_smm : c->mem_normal;
    }
    x86_interp_flush(c);
    guest_tlb_flush(&c->cpu, true);
}

void x86_smm_enter(X86Cpu *c)
{
    X86Env *env = &c->env;
    bool halted = c->cpu.halted;
    SaveMap m = { { 0 } };

    log_smm(c, "enter");
    if (x86_has_feature(c, FE_LM)) {
        save64(env, halted, &m);
    } else {
        save32(env, halted, &m);
    }
    env->smm = true;
    env->smi_count++;
    env->smi_blocked = env->nmi_blocked;    /* remembers NMI blocking, restored by RSM */
    env->nmi_blocked = true;
    see_smram(c, true);
    addr_space_write(c->cpu.mem, env->smbase + SAVE_AT + MAP_FROM, m.b, MAP_SIZE, MEM_ATTRS_NONE);
    c->cpu.halted = false;
    env->rflags = FL_R1;
    env->rip = env->next_rip = 0x8000;
    env->dr[7] = 0x400;
    env->shadow = 0;
    env->db_pending = 0;
    env->efer = 0;
    env->cr4 = 0;
    env->cr0 &= ~(uint64_t)(CR0_PE | CR0_EM | CR0_TS | CR0_PG);
    guest_tlb_set_asid(&c->cpu, 0);
    x86_load_seg_raw(c, SEG_CS, (env->smbase >> 4) & 0xffff, env->smbase, 0xffffffff, 0x809300);
    for (unsigned k = 0; k < 6; k++) {
        if (k != SEG_CS) {
            x86_load_seg_raw(c, k, 0, 0, 0xffffffff, 0x809300);
        }
    }
    x86_update_hflags(c);
}

void x86_smm_leave(X86Cpu *c)
{
    X86Env *env = &c->env;
    SaveMap m;

    addr_space_read(c->cpu.mem, env->smbase + SAVE_AT + MAP_FROM, m.b, MAP_SIZE, MEM_ATTRS_NONE);
    if (x86_has_feature(c, FE_LM)) {
        load64(c, &m);
    } else {
        load32(c, &m);
    }
    if ((env->cr0 & CR0_PG) && !(env->cr0 & CR0_PE)) {
        x86_triple_fault(c);            /* invalid state: shutdown */
    }
    env->smm = false;
    env->nmi_blocked = env->smi_blocked;
    env->smi_blocked = false;
    env->rip = env->next_rip;
    guest_tlb_set_asid(&c->cpu, env->cr4 & CR4_PCIDE ? env->cr3 & 0xfff : 0);
    see_smram(c, false);
    x86_update_hflags(c);
    log_smm(c, "after RSM");
}
