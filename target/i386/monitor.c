/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor asks an x86 vCPU: registers by name, mappings, the local APIC, the size of code. */
#include <stdio.h>
#include <string.h>
#include "target/i386/apic_if.h"
#include "target/i386/cpu.h"
#include "target/i386/sys.h"

char *target_cpu_help(void)
{
    return x86_cpu_help();
}

bool target_cpu_info(Cpu *cpu, const char *what, GString *out)
{
    X86Cpu *c = x86_cpu(cpu);

    if (strcmp(what, "mem") == 0) {
        x86_dump_mem(c, out);
    } else if (strcmp(what, "tlb") == 0) {
        x86_dump_tlb(c, out);
    } else if (strcmp(what, "lapic") == 0 && c->apic != NULL && c->apic_ops->dump != NULL) {
        c->apic_ops->dump(c->apic, out);
    } else {
        return false;
    }
    return true;
}

static const char *const gpr_names[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
static const char *const seg_names[] = { "es", "cs", "ss", "ds", "fs", "gs", "ldt", "tr" };

/* eax, rax, r8 ... */
static bool reg_gpr(const X86Env *e, const char *name, uint64_t *ret)
{
    unsigned n;
    char rest;

    if (sscanf(name, "r%2u%c", &n, &rest) == 1 && n >= 8 && n < 16) {
        *ret = e->gpr[n];
        return true;
    }
    for (n = 0; n < G_N_ELEMENTS(gpr_names); n++) {
        if ((name[0] == 'e' || name[0] == 'r') && strcmp(name + 1, gpr_names[n]) == 0) {
            *ret = name[0] == 'e' ? (uint32_t)e->gpr[n] : e->gpr[n];
            return true;
        }
    }
    return false;
}

/* cs, cs.limit, cs.base */
static bool reg_segment(const X86Env *e, const char *name, uint64_t *ret)
{
    const char *dot = strchr(name, '.');
    size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);

    for (unsigned n = 0; n < SEG_COUNT; n++) {
        if (strlen(seg_names[n]) != len || strncmp(seg_names[n], name, len) != 0) {
            continue;
        }
        if (dot == NULL) {
            *ret = e->seg[n].sel;
        } else if (strcmp(dot, ".base") == 0) {
            *ret = e->seg[n].base;
        } else if (strcmp(dot, ".limit") == 0) {
            *ret = e->seg[n].limit;
        } else {
            return false;
        }
        return true;
    }
    return false;
}

bool target_cpu_reg(Cpu *cpu, const char *name, uint64_t *ret)
{
    const X86Env *e = &x86_cpu(cpu)->env;
    const struct { const char *name; uint64_t value; } others[] = {
        { "eip", e->rip }, { "pc", e->seg[SEG_CS].base + e->rip }, { "rip", e->rip }, { "eflags", e->rflags },
        { "rflags", e->rflags }, { "cr0", e->cr0 }, { "cr2", e->cr2 }, { "cr3", e->cr3 },
        { "cr4", e->cr4 }, { "cr8", e->cr8 }, { "efer", e->efer }, { "gdt.base", e->gdt.base },
        { "gdt.limit", e->gdt.limit }, { "idt.base", e->idt.base }, { "idt.limit", e->idt.limit },
        { "mxcsr", e->xs.mxcsr }, { "star", e->star }, { "lstar", e->lstar },
    };

    if (reg_gpr(e, name, ret) || reg_segment(e, name, ret)) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (strcmp(name, others[i].name) == 0) {
            *ret = others[i].value;
            return true;
        }
    }
    return false;
}

unsigned target_cpu_code_bits(Cpu *cpu)
{
    const X86Env *e = &x86_cpu(cpu)->env;

    if ((e->efer & EFER_LMA) && (e->seg[SEG_CS].attr & SEGA_L)) {
        return 64;
    }
    return (e->cr0 & CR0_PE) && (e->seg[SEG_CS].attr & SEGA_DB) ? 32 : 16;
}
