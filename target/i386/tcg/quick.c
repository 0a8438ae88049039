/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID, IN and OUT in the middle of a translated block (SDM vol. 2 under each; vol. 1, 19.5 for the permission).
 * Called with the guest's vector registers loaded: those that leave this file save them first. Memory is read where the
 * TLB has it or not at all; what is unusual is left to the semantics, with nothing changed. */
#include <glib.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

#include "target/i386/sys.h"

static bool load16(const TcgVcpu *v, uint64_t va, uint32_t *ret)
{
    const TlbEntry *e = &v->set->data[MMU_IMPLICIT][tlb_index(va)];

    if (va - e->rtag > PAGE_SIZE - 2) {
        return false;
    }
    *ret = *(const uint16_t *)(uintptr_t)(va + e->addend);
    return true;
}

/* As x86_check_io(); false: perhaps not. */
static bool io_allowed(const TcgVcpu *v, X86Cpu *c, unsigned port, unsigned size)
{
    const X86Seg *tr = &c->env.seg[SEG_TR];
    uint32_t at, bits;

    if (x86_cpl(c) <= x86_iopl(c)) {
        return true;
    }
    if (!x86_lma(c) || !(tr->attr & SEGA_P) || !(tr->attr & (8 << 8)) || tr->limit < 0x67 ||
        !load16(v, tr->base + 0x66, &at)) {
        return false;
    }
    at += port >> 3;
    return at + 1 <= tr->limit && load16(v, tr->base + at, &bits) && !(bits >> (port & 7) & ((1u << size) - 1));
}

/* The state that translation depends on is what it was, and nobody wants the vCPU. */
static bool may_go_on(TcgVcpu *v, const SlowSite *s)
{
    const Block *b = (const Block *)(uintptr_t)s->block;

    return v->unverified == 0 && v->turn_wanted == 0 && !b->dead && !v->cpu->halted &&
           __atomic_load_n(&v->cpu->pending, __ATOMIC_RELAXED) == 0 &&
           x86_tb_flags(&x86_cpu(v->cpu)->env) == b->key.flags;
}

static int done(TcgVcpu *v, const SlowSite *s)
{
    if (may_go_on(v, s)) {
        return 1;
    }
    v->shot_resume = ((const Block *)(uintptr_t)s->block)->key.pc + s->next;
    return 2;
}

static int quick_io(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    unsigned port = s->resume & QUICK_PORT_DX ? (uint16_t)c->env.gpr[R_RDX] : s->resume & 0xff;
    unsigned size = s->size;
    uint64_t mask = (1ull << 8 * size) - 1, val;

    if (!io_allowed(v, c, port, size)) {
        return 0;
    }
    guest_general_end(v->cpu);
    c->env.rip = ((const Block *)(uintptr_t)s->block)->key.pc + s->at;
    if (s->how == QUICK_OUT) {
        x86_io_write(c, port, size, (uint32_t)(c->env.gpr[R_RAX] & mask));
        return done(v, s);
    }
    val = x86_io_read(c, port, size);
    c->env.gpr[R_RAX] = size == 4 ? (uint32_t)val : (c->env.gpr[R_RAX] & ~mask) | (val & mask);
    return done(v, s);
}

static int quick_cpuid(TcgVcpu *v, const SlowSite *s)
{
    X86Cpu *c = x86_cpu(v->cpu);
    uint32_t out[4];

    guest_general_end(v->cpu);
    x86_cpuid(c, (uint32_t)c->env.gpr[R_RAX], (uint32_t)c->env.gpr[R_RCX], out);
    c->env.gpr[R_RAX] = out[0];
    c->env.gpr[R_RBX] = out[1];
    c->env.gpr[R_RCX] = out[2];
    c->env.gpr[R_RDX] = out[3];
    return done(v, s);
}

int x86_quick(TcgVcpu *v, const SlowSite *s, uint64_t ea)
{
    if (s->how >= QUICK_XSAVEC) {
        return x86_quick_fp(v, s, ea);
    }
    return s->how == QUICK_CPUID ? quick_cpuid(v, s) : quick_io(v, s);
}

#include "accel/tcg/general_regs_end.h"
