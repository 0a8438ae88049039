/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loop between translated blocks asks of the CPU: which block comes next, and may it be a translated one.
 * Runs with the guest's vector registers loaded. */
#include <glib.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

TbKey x86_tb_key(const Cpu *cpu)
{
    const X86Env *env = &((const X86Cpu *)cpu)->env;

    return (TbKey){ .pc = env->rip, .base = env->hflags & HF_CS64 ? 0 : env->seg[SEG_CS].base,
                    .flags = x86_tb_flags(env) };
}

unsigned x86_mmu_mode(const Cpu *cpu)
{
    return ((const X86Cpu *)cpu)->env.mmu_mode;
}

bool x86_tb_usable(const Cpu *cpu, const TbKey *key)
{
    uint32_t f = key->flags;

    if (f & (HF_TF | HF_SHADOW | HF_DR7 | HF_VM | HF_ALIGN)) {
        return false;
    }
    return (f & HF_CS64) || ((f & HF_CS32) && (f & HF_FLAT) && (f & HF_PE));
}

unsigned x86_tb_batch(const Cpu *cpu, const TbKey *key)
{
    return key->flags & HF_SHADOW ? 1 : 256;
}

void x86_tb_set_pc(Cpu *cpu, uint64_t pc)
{
    x86_cpu(cpu)->env.rip = pc;
}

unsigned x86_insns_from(const Block *b, unsigned at)
{
    unsigned n = 1;

    while (n < b->n_insns && b->insns[b->n_insns - n].guest > at) {
        n++;
    }
    return n;
}

/* The low byte, OF in the place of the bit that is always one. */
uint64_t x86_live_flags(uint8_t live)
{
    return (live & ~2u) | (live & 2u ? FL_OF : 0);
}

#include "accel/tcg/general_regs_end.h"
