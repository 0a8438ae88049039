/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes about a CPU in a crash dump: NT_PRSTATUS as Linux writes it for x86-64 (struct elf_prstatus, 336 bytes) and
 * the "QEMU" note with control and segment registers that crash(8) reads (version 1, 440 bytes). */
#include <string.h>
#include "target/i386/cpu.h"

enum { NT_PRSTATUS = 1, PRSTATUS_SIZE = 336, PRSTATUS_PID = 32, PRSTATUS_REGS = 112, STATE_SIZE = 440 };

static void put_u32(GByteArray *out, uint32_t v)
{
    g_byte_array_append(out, (const uint8_t *)&v, sizeof(v));
}

static void put_u64(GByteArray *out, uint64_t v)
{
    g_byte_array_append(out, (const uint8_t *)&v, sizeof(v));
}

/* Name and descriptor, each filled up to a multiple of four. */
static void put_note(GByteArray *out, const char *name, uint32_t type, const uint8_t *data, uint32_t size)
{
    static const uint8_t zeros[4];
    uint32_t len = (uint32_t)strlen(name) + 1;

    put_u32(out, len);
    put_u32(out, size);
    put_u32(out, type);
    g_byte_array_append(out, (const uint8_t *)name, len);
    g_byte_array_append(out, zeros, -len % 4);
    g_byte_array_append(out, data, size);
    g_byte_array_append(out, zeros, -size % 4);
}

static void put_prstatus(const X86Cpu *c, GByteArray *out)
{
    static const uint8_t order[] = { R_R15, R_R14, R_R13, R_R12, R_RBP, R_RBX, R_R11, R_R10, R_R9, R_R8, R_RAX,
                                     R_RCX, R_RDX, R_RSI, R_RDI, R_RAX };
    const X86Env *env = &c->env;
    uint64_t regs[27];
    uint8_t data[PRSTATUS_SIZE] = { 0 };
    uint32_t pid = c->cpu.index + 1;
    size_t n = 0;

    for (; n < sizeof(order); n++) {
        regs[n] = env->gpr[order[n]];
    }
    regs[n++] = env->rip;
    regs[n++] = env->seg[SEG_CS].sel;
    regs[n++] = env->rflags | FL_R1;
    regs[n++] = env->gpr[R_RSP];
    regs[n++] = env->seg[SEG_SS].sel;
    regs[n++] = env->seg[SEG_FS].base;
    regs[n++] = env->seg[SEG_GS].base;
    regs[n++] = env->seg[SEG_DS].sel;
    regs[n++] = env->seg[SEG_ES].sel;
    regs[n++] = env->seg[SEG_FS].sel;
    regs[n++] = env->seg[SEG_GS].sel;
    g_assert(n == G_N_ELEMENTS(regs));
    memcpy(data + PRSTATUS_PID, &pid, sizeof(pid));
    memcpy(data + PRSTATUS_REGS, regs, sizeof(regs));
    put_note(out, "CORE", NT_PRSTATUS, data, sizeof(data));
}

static void put_seg(GByteArray *out, uint32_t sel, uint32_t limit, uint32_t flags, uint64_t base)
{
    put_u32(out, sel);
    put_u32(out, limit);
    put_u32(out, flags);
    put_u32(out, 0);
    put_u64(out, base);
}

static void put_state(const X86Cpu *c, GByteArray *out)
{
    static const uint8_t gprs[] = { R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RSP, R_RBP, R_R8, R_R9, R_R10, R_R11,
                                    R_R12, R_R13, R_R14, R_R15 };
    static const uint8_t segs[] = { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, SEG_LDTR, SEG_TR };
    const X86Env *env = &c->env;
    g_autoptr(GByteArray) s = g_byte_array_new();

    put_u32(s, 1);
    put_u32(s, STATE_SIZE);
    for (size_t i = 0; i < sizeof(gprs); i++) {
        put_u64(s, env->gpr[gprs[i]]);
    }
    put_u64(s, env->rip);
    put_u64(s, env->rflags | FL_R1);
    for (size_t i = 0; i < sizeof(segs); i++) {
        const X86Seg *g = &env->seg[segs[i]];

        put_seg(s, g->sel, g->limit, g->attr, g->base);
    }
    put_seg(s, 0, env->gdt.limit, 0, env->gdt.base);
    put_seg(s, 0, env->idt.limit, 0, env->idt.base);
    put_u64(s, env->cr0);
    put_u64(s, 0);
    put_u64(s, env->cr2);
    put_u64(s, env->cr3);
    put_u64(s, env->cr4);
    put_u64(s, env->kernel_gs_base);
    g_assert(s->len == STATE_SIZE);
    put_note(out, "QEMU", 0, s->data, s->len);
}

void target_cpu_core_notes(const Cpu *cpu, GByteArray *out)
{
    put_prstatus((const X86Cpu *)cpu, out);
    put_state((const X86Cpu *)cpu, out);
}
