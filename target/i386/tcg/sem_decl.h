/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Semantics that the translator recognises by row->sem, to give them code of its own. */
#ifndef TARGET_I386_TCG_SEM_DECL_H
#define TARGET_I386_TCG_SEM_DECL_H

#include "target/i386/tcg/insn.h"

/* sem_hint.c: nothing happens (NOP, prefetches, hint space) */
void sem_nop(X86Cpu *c, const Insn *i);
void sem_pause(X86Cpu *c, const Insn *i);

/* sem_ctl.c */
void sem_jcc(X86Cpu *c, const Insn *i); /* condition: opcode & 15 */
void sem_jmp_rel(X86Cpu *c, const Insn *i);
void sem_jmp_rm(X86Cpu *c, const Insn *i);
void sem_call_rel(X86Cpu *c, const Insn *i);
void sem_call_rm(X86Cpu *c, const Insn *i);
void sem_ret(X86Cpu *c, const Insn *i);  /* also RET imm16: imm is 0 without */
void sem_loop(X86Cpu *c, const Insn *i); /* E0-E2 */
void sem_jcxz(X86Cpu *c, const Insn *i);
void sem_push_reg(X86Cpu *c, const Insn *i);
void sem_push_imm(X86Cpu *c, const Insn *i);
void sem_push_rm(X86Cpu *c, const Insn *i);
void sem_pop_reg(X86Cpu *c, const Insn *i);
void sem_pop_rm(X86Cpu *c, const Insn *i);
void sem_leave(X86Cpu *c, const Insn *i);
void sem_pushf(X86Cpu *c, const Insn *i);
void sem_popf(X86Cpu *c, const Insn *i);

/* sem_int.c */
void sem_lea(X86Cpu *c, const Insn *i);
void sem_xchg_ZA(X86Cpu *c, const Insn *i);
void sem_xlat(X86Cpu *c, const Insn *i);
void sem_mov_AO(X86Cpu *c, const Insn *i); /* moffs */
void sem_mov_OA(X86Cpu *c, const Insn *i);
void sem_bt_mem(X86Cpu *c, const Insn *i); /* BT, BTS, BTR, BTC with a bit string in memory */

/* sem_string.c: opcode bit 0 tells bytes from the operand size; i->opsize is right for both */
void sem_movs(X86Cpu *c, const Insn *i);
void sem_stos(X86Cpu *c, const Insn *i);
void sem_lods(X86Cpu *c, const Insn *i);
void sem_scas(X86Cpu *c, const Insn *i);
void sem_cmps(X86Cpu *c, const Insn *i);
void sem_ins(X86Cpu *c, const Insn *i);
void sem_outs(X86Cpu *c, const Insn *i);

/* sem_xsave.c: both privileged forms are among them; sem_x87.c */
void sem_xsavec(X86Cpu *c, const Insn *i);
void sem_xrstor(X86Cpu *c, const Insn *i);
void sem_xrstors(X86Cpu *c, const Insn *i);
void sem_fnclex(X86Cpu *c, const Insn *i);

/* sem_div: raises #DE */
void sem_div(X86Cpu *c, const Insn *i);
void sem_idiv(X86Cpu *c, const Insn *i);

#endif
