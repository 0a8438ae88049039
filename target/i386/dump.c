/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info registers, info mem and info tlb, in the layout people's scripts know. */
#include "target/i386/sys.h"

#include <inttypes.h>
#include <string.h>

#include "target/i386/tcg/insn.h"

/* ---- info registers */

static const char *system_type(const X86Cpu *c, unsigned type)
{
    static const char *const names[2][16] = {
        { "Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16", "TrapGate16",
          "Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32" },
        { "<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved",
          "TSS64-avl", "Reserved", "TSS64-busy", "CallGate64", "Reserved", "IntGate64", "TrapGate64" },
    };

    return names[(c->env.efer & EFER_LMA) != 0][type];
}

static void dump_seg(const X86Cpu *c, const char *name, const X86Seg *s, GString *out)
{
    if (c->env.hflags & HF_CS64) {
        g_string_append_printf(out, "%-3s=%04x %016" PRIx64 " %08x %08x", name, s->sel, s->base, s->limit, s->attr);
    } else {
        g_string_append_printf(out, "%-3s=%04x %08x %08x %08x", name, s->sel, (uint32_t)s->base, s->limit, s->attr);
    }
    if (!(c->env.hflags & HF_PE) || !(s->attr & SEGA_P)) {
        g_string_append(out, "\n");
        return;
    }
    g_string_append_printf(out, " DPL=%u ", s->attr >> SEGA_DPL_SHIFT & 3);
    bool x = s->attr & SEGA_CE, rw = s->attr & SEGA_RW, a = s->attr & SEGA_A;
    if (!(s->attr & SEGA_S)) {
        g_string_append(out, system_type(c, s->attr >> 8 & 15));
    } else if (s->attr & SEGA_CODE) {
        g_string_append_printf(out, "%s [%c%c%c]", s->attr & SEGA_L ? "CS64" : s->attr & SEGA_DB ? "CS32" : "CS16",
                               x ? 'C' : '-', rw ? 'R' : '-', a ? 'A' : '-');
    } else {
        g_string_append_printf(out, "%s [%c%c%c]", s->attr & SEGA_DB || (c->env.efer & EFER_LMA) ? "DS  " : "DS16",
                               x ? 'E' : '-', rw ? 'W' : '-', a ? 'A' : '-');
    }
    g_string_append(out, "\n");
}

static void dump_gprs(const X86Cpu *c, GString *out)
{
    static const char *const names[] = { "AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP" };
    static const uint8_t order[] = { R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RBP, R_RSP };
    const X86Env *env = &c->env;

    for (unsigned k = 0; k < 8; k++) {
        char end = k % 4 == 3 ? '\n' : ' ';

        if (env->hflags & HF_CS64) {
            g_string_append_printf(out, "R%s=%016" PRIx64 "%c", names[k], env->gpr[order[k]], end);
        } else {
            g_string_append_printf(out, "E%s=%08x%c", names[k], (uint32_t)env->gpr[order[k]], end);
        }
    }
    for (unsigned k = 8; k < 16 && (env->hflags & HF_CS64); k++) {
        g_string_append_printf(out, "R%-2u=%016" PRIx64 "%c", k, env->gpr[k], k % 4 == 3 ? '\n' : ' ');
    }
}

static void dump_flags(const X86Cpu *c, GString *out)
{
    const X86Env *env = &c->env;
    uint64_t f = env->rflags | FL_R1;

    if (env->hflags & HF_CS64) {
        g_string_append_printf(out, "RIP=%016" PRIx64 " RFL=%08" PRIx64, env->rip, f);
    } else {
        g_string_append_printf(out, "EIP=%08x EFL=%08" PRIx64, (uint32_t)env->rip, f);
    }
    g_string_append_printf(out, " [%c%c%c%c%c%c%c] CPL=%u II=%d A20=%d SMM=%d HLT=%d\n",
                           f & FL_DF ? 'D' : '-', f & FL_OF ? 'O' : '-', f & FL_SF ? 'S' : '-',
                           f & FL_ZF ? 'Z' : '-', f & FL_AF ? 'A' : '-', f & FL_PF ? 'P' : '-',
                           f & FL_CF ? 'C' : '-', x86_cpl(c), env->shadow != 0, env->a20_mask == ~0ull, env->smm,
                           c->cpu.halted);
}

static void dump_system(const X86Cpu *c, GString *out)
{
    static const char *const names[] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR" };
    const X86Env *env = &c->env;

    for (unsigned k = 0; k < SEG_COUNT; k++) {
        dump_seg(c, names[k], &env->seg[k], out);
    }
    if (env->hflags & HF_LMA) {
        g_string_append_printf(out, "GDT=     %016" PRIx64 " %08x\nIDT=     %016" PRIx64 " %08x\n", env->gdt.base,
                               env->gdt.limit, env->idt.base, env->idt.limit);
        g_string_append_printf(out, "CR0=%08x CR2=%016" PRIx64 " CR3=%016" PRIx64 " CR4=%08x\n",
                               (uint32_t)env->cr0, env->cr2, env->cr3, (uint32_t)env->cr4);
    } else {
        g_string_append_printf(out, "GDT=     %08x %08x\nIDT=     %08x %08x\n", (uint32_t)env->gdt.base,
                               env->gdt.limit, (uint32_t)env->idt.base, env->idt.limit);
        g_string_append_printf(out, "CR0=%08x CR2=%08x CR3=%08x CR4=%08x\n", (uint32_t)env->cr0,
                               (uint32_t)env->cr2, (uint32_t)env->cr3, (uint32_t)env->cr4);
    }
    for (unsigned k = 0; k < 4; k++) {
        g_string_append_printf(out, "DR%u=%016" PRIx64 " ", k, env->dr[k]);
    }
    g_string_append_printf(out, "\nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\nEFER=%016" PRIx64 "\n", env->dr[6],
                           env->dr[7], env->efer);
}

static void dump_fpu(const X86Cpu *c, GString *out)
{
    const X86Env *env = &c->env;
    const X86Xsave *xs = &env->xs;
    unsigned top = xs->fsw >> 11 & 7, n = env->hflags & HF_CS64 ? 16 : 8;

    g_string_append_printf(out, "FCW=%04x FSW=%04x [ST=%u] FTW=%02x MXCSR=%08x\n", xs->fcw, xs->fsw, top, xs->ftw,
                           xs->mxcsr);
    for (unsigned k = 0; k < 8; k++) {
        const X86Fp *r = &xs->st[(k - top) & 7];

        g_string_append_printf(out, "FPR%u=%016" PRIx64 " %04x%c", k, r->mant, r->se, k & 1 ? '\n' : ' ');
    }
    for (unsigned k = 0; k < n; k++) {
        uint64_t lo, hi;

        memcpy(&lo, xs->xmm[k], 8);
        memcpy(&hi, xs->xmm[k] + 8, 8);
        g_string_append_printf(out, "XMM%02u=%016" PRIx64 " %016" PRIx64 "%c", k, hi, lo, k & 1 ? '\n' : ' ');
    }
}

void x86_cpu_dump(Cpu *cpu, GString *out)
{
    X86Cpu *c = x86_cpu(cpu);

    dump_gprs(c, out);
    dump_flags(c, out);
    dump_system(c, out);
    dump_fpu(c, out);
}

/* ---- info mem */

typedef struct MemRun {
    GString *out;
    uint64_t start, end;
    int prot;                       /* bit 0 user, bit 1 writable; -1: no run */
    bool wide;
} MemRun;

static void run_end(MemRun *r)
{
    if (r->prot < 0) {
        return;
    }
    g_string_append_printf(r->out, r->wide ? "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64 " %cr%c\n"
                                           : "%08" PRIx64 "-%08" PRIx64 " %08" PRIx64 " %cr%c\n",
                           r->start, r->end, r->end - r->start, r->prot & 1 ? 'u' : '-', r->prot & 2 ? 'w' : '-');
    r->prot = -1;
}

static void run_add(uint64_t va, uint64_t pa, uint64_t entry, uint64_t size, bool user, bool write, void *opaque)
{
    MemRun *r = opaque;
    int prot = user | write << 1;

    if (r->prot != prot || r->end != va) {
        run_end(r);
        r->start = va;
        r->prot = prot;
    }
    r->end = va + size;
}

void x86_dump_mem(X86Cpu *c, GString *out)
{
    MemRun r = { .out = out, .prot = -1, .wide = c->env.efer & EFER_LMA };

    if (!(c->env.cr0 & CR0_PG)) {
        g_string_append(out, "PG disabled\n");
        return;
    }
    x86_walk_all(c, run_add, &r);
    run_end(&r);
}

/* ---- info tlb */

static void tlb_line(uint64_t va, uint64_t pa, uint64_t e, uint64_t size, bool user, bool write, void *opaque)
{
    g_string_append_printf(opaque, "%016" PRIx64 ": %016" PRIx64 " %c%c%c%c%c%c%c%c%c\n", va, pa,
                           e & PTE_NX ? 'X' : '-', e & PTE_G ? 'G' : '-', size > 4096 ? 'P' : '-',
                           e & PTE_D ? 'D' : '-', e & PTE_A ? 'A' : '-', e & PTE_PCD ? 'C' : '-',
                           e & PTE_PWT ? 'T' : '-', e & PTE_U ? 'U' : '-', e & PTE_W ? 'W' : '-');
}

void x86_dump_tlb(X86Cpu *c, GString *out)
{
    if (!(c->env.cr0 & CR0_PG)) {
        g_string_append(out, "PG disabled\n");
        return;
    }
    x86_walk_all(c, tlb_line, out);
}
