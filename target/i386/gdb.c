/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers as gdb numbers them for x86-64 (gdb features i386/64bit-core.xml, 64bit-sse.xml): 16 general, rip,
 * eflags, 6 selectors, 8 x87, 8 x87 control, 16 xmm, mxcsr, fs_base, gs_base. */
#include "target/i386/sys.h"

#include <string.h>

enum { G_RIP = 16, G_FLAGS, G_SEG, G_ST = 24, G_FCTRL = 32, G_XMM = 40, G_MXCSR = 56, G_FSBASE, G_GSBASE };

static const uint8_t gpr_order[16] = { R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RBP, R_RSP, R_R8, R_R9, R_R10,
                                       R_R11, R_R12, R_R13, R_R14, R_R15 };
static const uint8_t seg_order[6] = { SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS };

/* Abridged tags become the two-bit form: valid (0) or empty (3). */
static uint32_t x87_control(const X86Xsave *xs, unsigned n)
{
    uint32_t tags = 0;

    for (unsigned k = 0; k < 8; k++) {
        tags |= xs->ftw >> k & 1 ? 0 : 3u << (k * 2);
    }
    switch (n) {
    case 0: return xs->fcw;
    case 1: return xs->fsw;
    case 2: return tags;
    case 4: return (uint32_t)xs->fip;
    case 6: return (uint32_t)xs->fdp;
    case 7: return xs->fop;
    default: return 0;
    }
}

static int put(uint8_t *buf, uint64_t v, int n)
{
    memcpy(buf, &v, (size_t)n);
    return n;
}

int x86_gdb_read(Cpu *cpu, unsigned reg, uint8_t *buf)
{
    const X86Env *env = &x86_cpu(cpu)->env;

    if (reg < G_RIP) {
        return put(buf, env->gpr[gpr_order[reg]], 8);
    } else if (reg == G_RIP) {
        return put(buf, env->rip, 8);
    } else if (reg == G_FLAGS) {
        return put(buf, env->rflags | FL_R1, 4);
    } else if (reg < G_ST) {
        return put(buf, env->seg[seg_order[reg - G_SEG]].sel, 4);
    } else if (reg < G_FCTRL) {
        memcpy(buf, &env->xs.st[reg - G_ST], 10);
        return 10;
    } else if (reg < G_XMM) {
        return put(buf, x87_control(&env->xs, reg - G_FCTRL), 4);
    } else if (reg < G_MXCSR) {
        memcpy(buf, env->xs.xmm[reg - G_XMM], 16);
        return 16;
    } else if (reg == G_MXCSR) {
        return put(buf, env->xs.mxcsr, 4);
    } else if (reg <= G_GSBASE) {
        return put(buf, env->seg[reg == G_FSBASE ? SEG_FS : SEG_GS].base, 8);
    }
    return 0;
}

static uint64_t get(const uint8_t *buf, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, buf, n);
    return v;
}

int x86_gdb_write(Cpu *cpu, unsigned reg, const uint8_t *buf)
{
    X86Cpu *c = x86_cpu(cpu);
    X86Env *env = &c->env;

    if (reg < G_RIP) {
        env->gpr[gpr_order[reg]] = get(buf, 8);
        return 8;
    } else if (reg == G_RIP) {
        env->rip = env->next_rip = get(buf, 8);
        return 8;
    } else if (reg == G_FLAGS) {
        env->rflags = (get(buf, 4) & FL_ALL) | FL_R1;
        x86_update_hflags(c);
        return 4;
    } else if (reg < G_ST) {
        /* Only where the selector alone says what the segment is. */
        if (!x86_pe(c) || x86_vm86(c)) {
            x86_load_seg_raw(c, seg_order[reg - G_SEG], (uint16_t)get(buf, 2), get(buf, 2) << 4, 0xffff,
                             env->seg[seg_order[reg - G_SEG]].attr);
        }
        return 4;
    } else if (reg < G_FCTRL) {
        memcpy(&env->xs.st[reg - G_ST], buf, 10);
        return 10;
    } else if (reg < G_XMM) {
        return 4;
    } else if (reg < G_MXCSR) {
        memcpy(env->xs.xmm[reg - G_XMM], buf, 16);
        return 16;
    } else if (reg == G_MXCSR) {
        env->xs.mxcsr = (uint32_t)get(buf, 4) & 0xffff;
        return 4;
    } else if (reg <= G_GSBASE) {
        env->seg[reg == G_FSBASE ? SEG_FS : SEG_GS].base = get(buf, 8);
        return 8;
    }
    return 0;
}
