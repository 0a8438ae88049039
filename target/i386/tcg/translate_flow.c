/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation of jumps, calls and stack instructions, and the ways out of a block.
 *
 * Targets on the block's own page are linked directly: they are mapped as long as the block runs. Those of direct
 * jumps to other pages are when the number of the page that is mapped there has not changed (t_cross()).
 * Others go through the jump table of the address space, found by a hash of the guest pc: the
 * target's checked entry compares the whole of it (T1) and takes the flags from the frame. */
#include "target/i386/tcg/translate.h"

static uint64_t pc_mask(const Trans *t)
{
    return t->hflags & HF_CS64 ? ~0ull : 0xffffffff;
}

static uint64_t next_pc(const Trans *t)
{
    const TInsn *ti = &t->insns[t->k];

    return (t->b->key.pc + ti->at + ti->i.len) & pc_mask(t);
}

static bool stack_ok(const Trans *t, const Insn *i)
{
    return t->hflags & HF_CS64 ? i->opsize == 8 : (t->hflags & HF_SS32) && i->opsize == 4;
}

static bool jump_ok(const Trans *t, const Insn *i)
{
    return i->opsize == 8 || (i->opsize == 4 && !(t->hflags & HF_CS64));
}

/* ---- ways out */

static void flags_to_frame(Trans *t, FlagState fl)
{
    if (fl == FLAGS_HOST) {
        t_flags_to_frame(&t->a, T2);
    }
}

/* T1: guest pc. Flags are in the frame. index: its jump_index() when known, or -1. call: comes back behind it. */
static void jump_table(Asm *a, TcgVcpu *v, int table, int64_t index, bool call)
{
    int32_t at = offsetof(TlbSet, jump) + table * sizeof(v->set->jump[0]);

    if (table < 0 && call) {
        a_call_to(a, x86_stubs(v)->miss);
        return;
    }
    if (table < 0) {
        a_jmp_to(a, x86_stubs(v)->miss);
        return;
    }
    if (index >= 0) {
        a_load(a, 0, T2, htlb(H_NONE, 0, at + index * 4));
    } else {
        a_mov_rr(a, 1, T2, T1);                                 /* jump_index() */
        a_rr(a, 1, 0xc1, 5, T2);
        a8(a, JUMP_SHIFT);
        a_rr(a, 0, 0x31, T1, T2);
        a_alu_ri(a, 0, ALU_AND, T2, JUMP_SIZE - 1);
        a_load(a, 0, T2, htlb(T2, 2, at));
    }
    a_alu_ri(a, 1, ALU_ADD, T2, (int32_t)(uintptr_t)v->cache->base);
    a_rr(a, 0, 0xff, call ? 2 : 4, T2);
}

void t_jump_table(Asm *a, TcgVcpu *v, int table, int64_t index)
{
    jump_table(a, v, table, index, false);
}

void t_dispatch(Asm *a, TcgVcpu *v, int table, bool host)
{
    if (host) {
        t_flags_to_frame(a, T2);
    }
    jump_table(a, v, table, -1, false);
}

const uint8_t *t_bridge(TcgVcpu *v, BlockExit *e)
{
    uint8_t *start = v->cache->code;
    Asm a = { start };

    if (e->from->table < 0) {
        return NULL;
    }
    if (e->site_flags == NULL) {
        t_flags_to_frame(&a, T2);
    }
    a_mov_ri(&a, T1, e->pc);
    jump_table(&a, v, e->from->table, jump_index(e->pc), false);
    v->cache->code = a.p;
    return start;
}

void t_cross(TcgVcpu *v, BlockExit *e, const uint8_t *target, bool to_flags, unsigned id_at, uint32_t id)
{
    Asm a = { e->cross };

    if (!e->frame) {
        a_mov_rr(&a, 1, T2, H_RCX);
        a_load(&a, 0, T1, htlb(H_NONE, 0, id_at));
        a_lea(&a, 0, H_RCX, a_at(T1, -(int32_t)id));
        a16(&a, 0x08e3);                                        /* jrcxz over the two */
        a_mov_rr(&a, 1, H_RCX, T2);
        a_jmp_to(&a, e->table);
        a_mov_rr(&a, 1, H_RCX, T2);
        a_jmp_to(&a, target);
        return;
    }
    a_rm(&a, 0, 0x81, ALU_CMP, htlb(H_NONE, 0, id_at));
    a32(&a, id);
    a_patch(a_jcc(&a, CC_NE), e->table);
    if (to_flags) {
        t_flags_from_frame(&a);
    }
    a_jmp_to(&a, target);
}

/* Jump to the guest address in T1. */
static void exit_indirect(Trans *t)
{
    flags_to_frame(t, t->fl);
    jump_table(&t->a, t->v, t->b->table, -1, false);
    t->ended = true;
}

static bool same_page(const Trans *t, uint64_t pc)
{
    return (pc ^ t->b->key.pc) >> PAGE_BITS == 0;
}

/* Leaves for pc. from_jcc: the displacement of a conditional jump to be pointed there; NULL: from here. */
void t_exit_direct(Trans *t, uint64_t pc, uint8_t *from_jcc)
{
    unsigned n = t->n_exits++;
    BlockExit *e = &t->b->out[n];

    e->from = t->b;
    e->pc = pc;
    e->backward = pc <= t->b->key.pc + t->insns[t->k].at;
    e->link = true;
    e->frame = t->fl != FLAGS_HOST;
    e->fp = t->fp_ready;
    e->live = t_live_bits(t->insns[t->k].lands && from_jcc != NULL ? t->insns[t->k].read : t->insns[t->k].live_out);
    t->exits[n].frame_flags = t->fl != FLAGS_HOST;
    t->exits[n].from = from_jcc != NULL ? from_jcc : a_jmp(&t->a);
    if (from_jcc == NULL) {
        t->ended = true;
    }
}

static uint8_t *dispatch_stub(const Trans *t)
{
    return x86_stubs(t->v)->dispatch[t->b->table >= 0 ? t->b->table : JUMP_TABLES][t->window];
}

static void wrong_landings_emit(Trans *t)
{
    Asm *a = &t->a;

    for (unsigned k = 0; k < t->n_wrong; k++) {
        a_patch(t->wrong[k].from, a->p);
        a_mov_rr(a, 1, H_RCX, T2);
        if (t->wrong[k].pc != 0) {
            a_mov_ri(a, T2, t->wrong[k].pc);
            a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
        }
        a_jmp_to(a, dispatch_stub(t));
    }
}

/* The out-of-line parts of the ways out. */
void t_exits_emit(Trans *t)
{
    Asm *a = &t->a;
    Stubs *s = x86_stubs(t->v);

    wrong_landings_emit(t);
    for (unsigned n = 0; n < t->n_exits; n++) {
        BlockExit *e = &t->b->out[n];
        bool in_frame = t->exits[n].frame_flags;

        e->site = t->exits[n].from;
        e->table = NULL;
        if (!e->link || !same_page(t, e->pc)) {
            e->table = a->p;
            flags_to_frame(t, in_frame ? FLAGS_FRAME : FLAGS_HOST);
            a_mov_ri(a, T1, e->pc);
            jump_table(a, t->v, t->b->table, jump_index(e->pc), false);
        }
        e->stub = a->p;
        a_patch(e->site, e->link ? a->p : e->table);
        if (!e->link) {
            continue;
        }
        if (in_frame && e->table == NULL) {
            t_restore_flags(t);
            e->site_flags = a_jmp(a);
            e->stub_flags = a->p;
            a_patch(e->site_flags, a->p);
        }
        a_mov_ri(a, T1, (uintptr_t)e);
        a_jmp_to(a, in_frame ? s->exit_frame : s->exit_host);
    }
}

/* ---- calls and returns
 *
 * A guest call is a host call: what it leaves on the host's stack is the landing, where the block goes on. A return
 * is a host return, T1 being where the guest wants to go, T2 a dispatch stub: the landing makes sure that T1 means
 * it (and that nobody wants TcgVcpu.poll looked at: the checked entry will), else it goes through the jump table.
 * Flags are not touched meanwhile: they are in the host's register where windows are used, in the frame where they
 * are not. Landings of blocks that are gone are jumps to T2; whatever else may make an address lead to other code
 * empties the stack (returns_forget()). */

static void landing(Trans *t)
{
    Asm *a = &t->a;
    uint64_t pc = next_pc(t);
    bool near = (int64_t)-pc == (int32_t)-pc;

    t->b->landing[t->b->n_landings++] = a->p - t->b->entry;
    a_mov_rr(a, 1, T2, H_RCX);
    if (!near) {
        a_mov_ri(a, H_RCX, -pc);
        a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = H_RCX });
    }
    /* In the topmost byte: it takes no address to another one. */
    a_load(a, 1, H_RCX, a_abs((uint8_t *)&t->v->poll - 7));
    a_lea(a, 1, H_RCX, (AsmMem){ .base = H_RCX, .index = T1, .disp = near ? (int32_t)-pc : 0 });
    a16(a, 0x05e3);                                             /* jrcxz over the jump */
    t->wrong[t->n_wrong].from = a_jmp(a);
    t->wrong[t->n_wrong++].pc = near ? 0 : pc;
    a_mov_rr(a, 1, H_RCX, T2);
    t->fp_ready = false;
    t->fl = t->insns[t->k].live_out == 0 ? FLAGS_DEAD : t->window ? FLAGS_HOST : FLAGS_FRAME;
    if (t->insns[t->k].fp_behind) {
        t_fp_check(t, t->fl == FLAGS_HOST);
        t->fp_ready = true;
    }
}

/* ---- stack */

static void stack_add(Trans *t, int32_t n)
{
    a_lea(&t->a, !!(t->hflags & HF_CS64), HSP, a_at(HSP, n));
}

static void push_from(Trans *t, int32_t size, unsigned reg, bool tmp)
{
    HostMem m;

    t_lookup_stack(t, HSP, -size, size, true, &m);
    if (tmp) {
        reg = m.free;
        a_load(&t->a, 1, reg, a_frame(&t->a, F_TMP));
    } else if (host_gpr(reg) < 0) {
        a_load(&t->a, 1, m.free, frame_gpr(&t->a, reg));
        reg = m.free;
    } else {
        reg = host_gpr(reg);
    }
    a_store(&t->a, size == 8, m.m, reg);
    stack_add(t, -size);
}

void t_push_tmp(Trans *t, int32_t size)
{
    push_from(t, size, 0, true);
}

static void push_imm(Trans *t, int32_t size, uint64_t v)
{
    HostMem m;

    t_lookup_stack(t, HSP, -size, size, true, &m);
    if (size == 4 || (int64_t)v == (int32_t)v) {
        a_store_i(&t->a, size == 8, m.m, v);
    } else {
        a_mov_ri(&t->a, m.free, v);
        a_store(&t->a, 1, m.m, m.free);
    }
    stack_add(t, -size);
}

static void push_rm(Trans *t, const Insn *i)
{
    HostMem m;

    if (!(i->pfx & IPFX_MEM)) {
        push_from(t, i->opsize, i->rm, false);
        return;
    }
    t_lookup(t, i, i->opsize, false, false, false, &m);
    a_load(&t->a, i->opsize == 8, m.free, m.m);
    a_store(&t->a, 1, a_frame(&t->a, F_TMP), m.free);
    push_from(t, i->opsize, 0, true);
}

static void pop_reg(Trans *t, const Insn *i)
{
    HostMem m;

    t_lookup_stack(t, HSP, 0, i->opsize, false, &m);
    if (host_gpr(i->rm) >= 0 && i->rm != R_RSP) {
        a_load(&t->a, i->opsize == 8, host_gpr(i->rm), m.m);
        stack_add(t, i->opsize);
        return;
    }
    a_load(&t->a, i->opsize == 8, m.free, m.m);
    stack_add(t, i->opsize);
    t_set_gpr(t, i->rm, m.free, i->opsize);
}

static void leave(Trans *t, const Insn *i)
{
    HostMem m;

    t_lookup_stack(t, H_RBP, 0, i->opsize, false, &m);
    a_load(&t->a, i->opsize == 8, m.free, m.m);
    a_lea(&t->a, i->opsize == 8, HSP, a_at(H_RBP, i->opsize));
    a_mov_rr(&t->a, i->opsize == 8, H_RBP, m.free);
}

static void ret(Trans *t, const Insn *i)
{
    Asm *a = &t->a;
    HostMem m;

    t_lookup_stack(t, HSP, 0, i->opsize, false, &m);
    a_load(a, i->opsize == 8, T1, m.m);
    stack_add(t, i->opsize + (uint16_t)i->imm);
    if (t->window && t->fl == FLAGS_FRAME) {
        t_restore_flags(t);
    } else if (!t->window) {
        flags_to_frame(t, t->fl);
    }
    a_mov_ri(a, T2, (uintptr_t)dispatch_stub(t));
    a8(a, 0xc3);
    t->ended = true;
}

/* ---- jumps */

static void load_target(Trans *t, const Insn *i)
{
    HostMem m;

    if (i->pfx & IPFX_MEM) {
        t_lookup(t, i, i->opsize, false, false, false, &m);
        a_load(&t->a, i->opsize == 8, T1, m.m);
    } else {
        a_mov_rr(&t->a, i->opsize == 8, T1, t_gpr(t, i->rm, T1));
    }
}

static void call_rm(Trans *t, const Insn *i)
{
    load_target(t, i);
    a_store(&t->a, 1, a_frame(&t->a, F_TMP), T1);
    push_imm(t, i->opsize, next_pc(t));
    a_load(&t->a, 1, T1, a_frame(&t->a, F_TMP));
    flags_to_frame(t, t->fl);
    jump_table(&t->a, t->v, t->b->table, -1, true);
    landing(t);
}

static void call_rel(Trans *t, const Insn *i)
{
    push_imm(t, i->opsize, next_pc(t));
    a8(&t->a, 0xe8);
    a32(&t->a, 0);
    t_exit_direct(t, (next_pc(t) + (uint64_t)i->imm) & pc_mask(t), t->a.p - 4);
    landing(t);
}

static void jcc(Trans *t, const Insn *i)
{
    uint8_t *taken;

    t_need_flags(t);
    taken = a_jcc(&t->a, i->opcode & 15);
    t_exit_direct(t, (next_pc(t) + (uint64_t)i->imm) & pc_mask(t), taken);
    if (!t->insns[t->k].side) {
        t_exit_direct(t, next_pc(t), NULL);
    }
}

bool t_is_jcc(const Insn *i)
{
    return i->row->enc == ENC_LEGACY && ((i->row->map == MAP_1 && (i->opcode & 0xf0) == 0x70) ||
                                         (i->row->map == MAP_0F && (i->opcode & 0xf0) == 0x80));
}

bool t_flow_ok(const Trans *t, const Insn *i)
{
    if (t_is_jcc(i) || i->row->sem == sem_jmp_rel) {
        return jump_ok(t, i);
    }
    if (i->row->sem == sem_jmp_rm) {
        return jump_ok(t, i) && (!(i->pfx & IPFX_MEM) || t_mem_ok(t, i));
    }
    if (i->row->sem == sem_call_rm || i->row->sem == sem_push_rm) {
        return stack_ok(t, i) && (!(i->pfx & IPFX_MEM) || t_mem_ok(t, i));
    }
    return (i->row->sem == sem_call_rel || i->row->sem == sem_ret || i->row->sem == sem_push_reg ||
            i->row->sem == sem_push_imm ||
            i->row->sem == sem_pop_reg || i->row->sem == sem_leave) && stack_ok(t, i);
}

bool t_flow(Trans *t, const TInsn *ti)
{
    const Insn *i = &ti->i;

    if (t_is_jcc(i)) {
        jcc(t, i);
    } else if (i->row->sem == sem_jmp_rel) {
        t_exit_direct(t, (next_pc(t) + (uint64_t)i->imm) & pc_mask(t), NULL);
    } else if (i->row->sem == sem_jmp_rm) {
        load_target(t, i);
        exit_indirect(t);
    } else if (i->row->sem == sem_call_rel) {
        call_rel(t, i);
    } else if (i->row->sem == sem_call_rm) {
        call_rm(t, i);
    } else if (i->row->sem == sem_ret) {
        ret(t, i);
    } else if (i->row->sem == sem_push_reg) {
        push_from(t, i->opsize, i->rm, false);
    } else if (i->row->sem == sem_push_imm) {
        push_imm(t, i->opsize, (uint64_t)i->imm);
    } else if (i->row->sem == sem_push_rm) {
        push_rm(t, i);
    } else if (i->row->sem == sem_pop_reg) {
        pop_reg(t, i);
    } else if (i->row->sem == sem_leave) {
        leave(t, i);
    } else {
        return false;
    }
    return true;
}
