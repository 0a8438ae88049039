/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions that do nothing we model: NOP and the hint space, PAUSE, prefetches, fences, cache
 * line flushes (which fault as a load does), and the opcodes that are undefined on purpose. */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

void sem_nop(X86Cpu *c, const Insn *i) {}

enum { PAUSES_A_YIELD = 64 };

/* F3 is ignored when REX.B makes it XCHG with R8. */
void sem_pause(X86Cpu *c, const Insn *i)
{
    if (i->rm != R_RAX) {
        sem_xchg_ZA(c, i);
    }
    __builtin_ia32_pause();
    /* Who we wait for may be a vCPU that waits for this host processor. */
    if (++c->pauses % PAUSES_A_YIELD == 0) {
        guest_yield(&c->cpu);
    }
}

static void sem_fence(X86Cpu *c, const Insn *i)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void sem_clflush(X86Cpu *c, const Insn *i)
{
    guest_check(&c->cpu, mem_va(c, i, 1, ACCESS_LOAD), 1, ACCESS_LOAD, c->env.mmu_mode);
}

static void sem_ud(X86Cpu *c, const Insn *i)
{
    x86_raise_ud(c);
}

#define HINT(o)                                                                                    \
    {                                                                                              \
        ROW_AT(MAP_0F, o, "nop"), .op = {OP_Ev}, .acc = ACC_ADDR, .sem = sem_nop                   \
    }
static const InsnRow rows[] = {
    HINT(0x18),
    HINT(0x19),
    HINT(0x1a),
    HINT(0x1b),
    HINT(0x1c),
    HINT(0x1d),
    HINT(0x1e),
    HINT(0x1f),
    {ROW_AT(MAP_0F, 0x0d, "prefetchw"), .op = {OP_Ev}, .acc = ACC_ADDR, .flags = IF_MEM_ONLY,
     .sem = sem_nop},
    {ROW_AT(MAP_1, 0x90, "pause"), .pfx = PFX_F3, .sem = sem_pause},
    {ROW_EXT(MAP_0F, 0xae, 5, "lfence"), .pfx = PFX_NONE, .flags = IF_REG_ONLY | IF_PASS,
     .feature = FE_SSE2, .sem = sem_fence},
    {ROW_EXT(MAP_0F, 0xae, 6, "mfence"), .pfx = PFX_NONE, .flags = IF_REG_ONLY | IF_PASS,
     .feature = FE_SSE2, .sem = sem_fence},
    {ROW_EXT(MAP_0F, 0xae, 7, "sfence"), .pfx = PFX_NONE, .flags = IF_REG_ONLY | IF_PASS,
     .feature = FE_SSE, .sem = sem_fence},
    {ROW_EXT(MAP_0F, 0xae, 7, "clflush"), .pfx = PFX_NONE, .op = {OP_M}, .mem = MEM_1,
     .acc = ACC_ADDR, .flags = IF_MEM_ONLY, .feature = FE_CLFSH, .sem = sem_clflush},
    {ROW_EXT(MAP_0F, 0xae, 7, "clflushopt"), .pfx = PFX_66, .op = {OP_M}, .mem = MEM_1,
     .acc = ACC_ADDR, .flags = IF_MEM_ONLY, .feature = FE_CLFLUSHOPT, .sem = sem_clflush},
    {ROW_EXT(MAP_0F, 0xae, 6, "clwb"), .pfx = PFX_66, .op = {OP_M}, .mem = MEM_1, .acc = ACC_ADDR,
     .flags = IF_MEM_ONLY, .feature = FE_CLWB, .sem = sem_clflush},
    {ROW_AT(MAP_0F, 0x0b, "ud2"), .flags = IF_JUMP, .sem = sem_ud},
    {ROW_AT(MAP_0F, 0xb9, "ud1"), .op = {OP_Gv, OP_Ev}, .acc = ACC_ADDR, .flags = IF_JUMP,
     .sem = sem_ud},
    {ROW_AT(MAP_0F, 0xff, "ud0"), .op = {OP_Gv, OP_Ev}, .acc = ACC_ADDR, .flags = IF_JUMP,
     .sem = sem_ud},
    /* MOVBE takes no F3 */
    {ROW_AT(MAP_0F38, 0xf0, "ud"), .pfx = PFX_F3, .op = {OP_M}, .acc = ACC_ADDR, .flags = IF_JUMP,
     .sem = sem_ud},
    {ROW_AT(MAP_0F38, 0xf1, "ud"), .pfx = PFX_F3, .op = {OP_M}, .acc = ACC_ADDR, .flags = IF_JUMP,
     .sem = sem_ud},
};
INSN_ROWS(hint, rows);
