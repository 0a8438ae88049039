/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment descriptors and registers, far jumps, calls and returns, call gates (SDM vol. 3, chapters 3, 5;
 * vol. 2 under JMP, CALL, RET, MOV). Each function checks everything, then changes registers. */
#include "target/i386/sys.h"

#include "target/i386/tcg/insn.h"

/* ---- descriptors */

bool x86_desc_fetch(X86Cpu *c, uint16_t sel, X86Desc *d)
{
    const X86Env *env = &c->env;
    uint64_t base = sel & 4 ? env->seg[SEG_LDTR].base : env->gdt.base;
    uint32_t limit = sel & 4 ? env->seg[SEG_LDTR].limit : env->gdt.limit;

    if (((sel & 4) && !(env->seg[SEG_LDTR].attr & SEGA_P)) || (uint32_t)(sel | 7) > limit) {
        return false;
    }
    d->addr = x86_lin(c, base + (sel & ~7u));
    uint64_t v = guest_ld64(&c->cpu, d->addr, MMU_IMPLICIT);
    d->lo = (uint32_t)v;
    d->hi = (uint32_t)(v >> 32);
    return true;
}

void x86_desc_need(X86Cpu *c, uint16_t sel, X86Desc *d, int vector, unsigned ext)
{
    if (!x86_desc_fetch(c, sel, d)) {
        x86_raise_err(c, vector, (sel & 0xfffc) | ext);
    }
}

void x86_desc_set_accessed(X86Cpu *c, X86Desc *d)
{
    if (!(d->hi & SEGA_A)) {
        d->hi |= SEGA_A;
        guest_st8(&c->cpu, d->addr + 5, (uint8_t)(d->hi >> 8), MMU_IMPLICIT);
    }
}

void x86_seg_put(X86Cpu *c, unsigned seg, uint16_t sel, const X86Desc *d)
{
    x86_load_seg_raw(c, seg, sel, x86_desc_base(d), x86_desc_limit(d), d->hi & SEGA_MASK);
}

/* A null SS keeps the privilege level in its DPL: CPL is read from there. */
void x86_seg_null(X86Cpu *c, unsigned seg, uint16_t sel)
{
    x86_load_seg_raw(c, seg, sel, 0, 0, seg == SEG_SS ? (sel & 3u) << SEGA_DPL_SHIFT : 0);
}

static bool is_null(uint16_t sel) { return (sel & 0xfffc) == 0; }

static void load_ss_protected(X86Cpu *c, uint16_t sel)
{
    unsigned cpl = x86_cpl(c);
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    if (is_null(sel)) {
        if (!x86_cs64(c) || cpl == 3 || (sel & 3u) != cpl) {
            x86_raise_err(c, EXC_GP, 0);
        }
        x86_seg_null(c, SEG_SS, sel);
        return;
    }
    x86_desc_need(c, sel, &d, EXC_GP, 0);
    if ((sel & 3u) != cpl || !(d.hi & SEGA_S) || (d.hi & SEGA_CODE) || !(d.hi & SEGA_RW) ||
        x86_desc_dpl(&d) != cpl) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_SS, err);
    }
    x86_desc_set_accessed(c, &d);
    x86_seg_put(c, SEG_SS, sel, &d);
}

static void load_data_protected(X86Cpu *c, unsigned seg, uint16_t sel)
{
    uint32_t err = sel & 0xfffc;
    X86Desc d;

    if (is_null(sel)) {
        x86_seg_null(c, seg, sel);
        return;
    }
    x86_desc_need(c, sel, &d, EXC_GP, 0);
    bool code = d.hi & SEGA_CODE;
    if (!(d.hi & SEGA_S) || (code && !(d.hi & SEGA_RW))) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(code && (d.hi & SEGA_CE)) &&
        (x86_desc_dpl(&d) < (sel & 3u) || x86_desc_dpl(&d) < x86_cpl(c))) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(d.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    x86_desc_set_accessed(c, &d);
    x86_seg_put(c, seg, sel, &d);
}

void x86_load_seg(X86Cpu *c, unsigned seg, uint16_t sel)
{
    if (!x86_pe(c)) {
        /* Limit and attributes stay: "unreal" mode depends on it. */
        x86_load_seg_raw(c, seg, sel, (uint32_t)sel << 4, c->env.seg[seg].limit, c->env.seg[seg].attr);
    } else if (x86_vm86(c)) {
        x86_load_seg_raw(c, seg, sel, (uint32_t)sel << 4, 0xffff, 0xf300);
    } else if (seg == SEG_SS) {
        load_ss_protected(c, sel);
    } else {
        load_data_protected(c, seg, sel);
    }
}

void x86_drop_segs(X86Cpu *c, unsigned cpl)
{
    static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };

    for (unsigned k = 0; k < G_N_ELEMENTS(data); k++) {
        const X86Seg *s = &c->env.seg[data[k]];
        bool conforming = (s->attr & (SEGA_CODE | SEGA_CE)) == (SEGA_CODE | SEGA_CE);

        if ((s->attr & SEGA_S) && !conforming && (s->attr >> SEGA_DPL_SHIFT & 3) < cpl) {
            /* FS and GS bases of 64-bit mode go too: the selector was a real one. */
            x86_seg_null(c, data[k], 0);
        }
    }
}

/* ---- stacks */

void x86_stack_now(X86Cpu *c, X86Stack *s, unsigned ext)
{
    const X86Seg *ss = &c->env.seg[SEG_SS];
    bool b64 = x86_cs64(c);

    s->base = b64 ? 0 : ss->base;
    s->mask = b64 ? ~0ull : ss->attr & SEGA_DB ? 0xffffffff : 0xffff;
    s->sp = c->env.gpr[R_RSP] & s->mask;
    s->limit = ss->limit;
    s->attr = ss->attr;
    s->mode = c->env.mmu_mode;
    s->error = ext;
}

/* Linear address of size bytes at offset off, or #SS. */
static uint64_t stack_linear(X86Cpu *c, const X86Stack *s, uint64_t off, unsigned size)
{
    if (s->mask == ~0ull) {
        if (!x86_canonical(c, off) || !x86_canonical(c, off + size - 1)) {
            x86_raise_err(c, EXC_SS, s->error);
        }
        return off;
    }
    uint64_t last = off + size - 1;
    bool bad = s->attr & SEGA_CE
                   ? off <= s->limit || last > (s->attr & SEGA_DB ? 0xffffffffu : 0xffffu)
                   : last > s->limit;
    if (bad) {
        x86_raise_err(c, EXC_SS, s->error);
    }
    return x86_lin(c, s->base + off);
}

void x86_stack_push(X86Cpu *c, X86Stack *s, unsigned size, uint64_t v)
{
    uint64_t off = (s->sp - size) & s->mask;
    uint64_t la = stack_linear(c, s, off, size);

    switch (size) {
    case 2: guest_st16(&c->cpu, la, (uint16_t)v, s->mode); break;
    case 4: guest_st32(&c->cpu, la, (uint32_t)v, s->mode); break;
    default: guest_st64(&c->cpu, la, v, s->mode); break;
    }
    s->sp = off;
}

uint64_t x86_stack_pop(X86Cpu *c, X86Stack *s, unsigned size)
{
    uint64_t la = stack_linear(c, s, s->sp, size), v;

    switch (size) {
    case 2: v = guest_ld16(&c->cpu, la, s->mode); break;
    case 4: v = guest_ld32(&c->cpu, la, s->mode); break;
    default: v = guest_ld64(&c->cpu, la, s->mode); break;
    }
    s->sp = (s->sp + size) & s->mask;
    return v;
}

void x86_stack_commit(X86Cpu *c, const X86Stack *s)
{
    uint64_t *rsp = &c->env.gpr[R_RSP];

    *rsp = s->mask == 0xffff ? (*rsp & ~0xffffull) | s->sp : s->sp;
}

static unsigned mode_of_cpl(const X86Cpu *c, unsigned cpl)
{
    if (cpl == 3) {
        return X86_MMU_USER;
    }
    return (c->env.cr4 & CR4_SMAP) && (c->env.rflags & FL_AC) ? X86_MMU_KERNEL_NOSMAP : X86_MMU_KERNEL;
}

void x86_tss_stack(X86Cpu *c, unsigned dpl, unsigned ext, X86Stack *s, uint16_t *sel, X86Desc *d)
{
    const X86Seg *tr = &c->env.seg[SEG_TR];
    bool big = tr->attr & (8 << 8);
    uint32_t at = big ? 4 + dpl * 8 : 2 + dpl * 4;
    uint64_t la = x86_lin(c, tr->base + at);

    if (!(tr->attr & SEGA_P) || at + (big ? 5 : 3) > tr->limit) {
        x86_raise_err(c, EXC_TS, (tr->sel & 0xfffc) | ext);
    }
    uint64_t sp = big ? guest_ld32(&c->cpu, la, MMU_IMPLICIT) : guest_ld16(&c->cpu, la, MMU_IMPLICIT);
    *sel = guest_ld16(&c->cpu, la + (big ? 4 : 2), MMU_IMPLICIT);
    uint32_t err = (*sel & 0xfffc) | ext;
    if (is_null(*sel)) {
        x86_raise_err(c, EXC_TS, ext);
    }
    x86_desc_need(c, *sel, d, EXC_TS, ext);
    if ((*sel & 3u) != dpl || x86_desc_dpl(d) != dpl || !(d->hi & SEGA_S) || (d->hi & SEGA_CODE) ||
        !(d->hi & SEGA_RW)) {
        x86_raise_err(c, EXC_TS, err);
    }
    if (!(d->hi & SEGA_P)) {
        x86_raise_err(c, EXC_SS, err);
    }
    s->base = x86_desc_base(d);
    s->mask = d->hi & SEGA_DB ? 0xffffffff : 0xffff;
    s->sp = sp & s->mask;
    s->limit = x86_desc_limit(d);
    s->attr = d->hi;
    s->mode = mode_of_cpl(c, dpl);
    s->error = err;
}

uint64_t x86_tss64_stack(X86Cpu *c, unsigned index, unsigned ext)
{
    const X86Seg *tr = &c->env.seg[SEG_TR];
    uint32_t at = index < 3 ? 4 + index * 8 : 36 + (index - 3) * 8;

    if (!(tr->attr & SEGA_P) || at + 7 > tr->limit) {
        x86_raise_err(c, EXC_TS, (tr->sel & 0xfffc) | ext);
    }
    uint64_t rsp = guest_ld64(&c->cpu, tr->base + at, MMU_IMPLICIT);
    if (!x86_canonical(c, rsp)) {
        x86_raise_err(c, EXC_SS, ext);
    }
    return rsp;
}

/* ---- code segments */

static bool code_is_64(const X86Cpu *c, const X86Desc *d) { return x86_lma(c) && (d->hi & SEGA_L); }

/* The target offset must lie in the segment, or be canonical. */
static void check_target(X86Cpu *c, const X86Desc *d, uint64_t off, uint32_t err)
{
    if (code_is_64(c, d) ? !x86_canonical(c, off) : off > x86_desc_limit(d)) {
        x86_raise_err(c, EXC_GP, err);
    }
}

static void check_code_bits(X86Cpu *c, const X86Desc *d, uint16_t sel)
{
    if (!(d->hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, sel & 0xfffc);
    }
    if (code_is_64(c, d) && (d->hi & SEGA_DB)) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
}

static void load_cs(X86Cpu *c, uint16_t sel, X86Desc *d, unsigned cpl)
{
    x86_desc_set_accessed(c, d);
    x86_seg_put(c, SEG_CS, (sel & 0xfffc) | cpl, d);
}

/* Jump or call straight to a code segment of the same privilege, or a conforming one. */
static void far_code(X86Cpu *c, X86Far how, uint16_t sel, X86Desc *d, uint64_t off, unsigned opsize)
{
    unsigned cpl = x86_cpl(c), dpl = x86_desc_dpl(d);
    bool ok = d->hi & SEGA_CE ? dpl <= cpl : dpl == cpl && (sel & 3u) <= cpl;

    if (!(d->hi & SEGA_CODE) || !ok) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
    check_code_bits(c, d, sel);
    if (how == FAR_CALL) {
        X86Stack s;

        x86_stack_now(c, &s, 0);
        x86_stack_push(c, &s, opsize, c->env.seg[SEG_CS].sel);
        x86_stack_push(c, &s, opsize, c->env.next_rip);
        check_target(c, d, off, 0);
        load_cs(c, sel, d, cpl);
        x86_stack_commit(c, &s);
    } else {
        check_target(c, d, off, 0);
        load_cs(c, sel, d, cpl);
    }
    c->env.next_rip = off;
}

/* ---- call gates */

typedef struct Gate {
    uint64_t off;
    uint16_t sel;
    unsigned params, size;          /* size: 2, 4, 8: of what is pushed */
} Gate;

static void gate_read(X86Cpu *c, uint16_t sel, const X86Desc *d, Gate *g)
{
    g->sel = d->lo >> 16;
    g->params = d->hi & 31;
    g->size = x86_desc_type(d) & 8 ? 4 : 2;
    g->off = d->lo & 0xffff;
    if (g->size == 4) {
        g->off |= d->hi & 0xffff0000;
    }
    if (x86_lma(c)) {
        uint32_t limit = sel & 4 ? c->env.seg[SEG_LDTR].limit : c->env.gdt.limit;

        if ((uint32_t)(sel & ~7u) + 15 > limit) {
            x86_raise_err(c, EXC_GP, sel & 0xfffc);
        }
        uint64_t high = guest_ld64(&c->cpu, d->addr + 8, MMU_IMPLICIT);
        if (high >> 40 & 31) {
            x86_raise_err(c, EXC_GP, sel & 0xfffc);
        }
        g->off |= high << 32;
        g->size = 8;
        g->params = 0;
    }
}

/* Inner-level call in IA-32e mode. */
static void gate_inner64(X86Cpu *c, const Gate *g, X86Desc *cs, unsigned dpl)
{
    uint16_t old_ss = c->env.seg[SEG_SS].sel, old_cs = c->env.seg[SEG_CS].sel;
    uint64_t old_sp = c->env.gpr[R_RSP];
    X86Stack s = { .sp = x86_tss64_stack(c, dpl, 0), .mask = ~0ull, .mode = mode_of_cpl(c, dpl) };

    x86_stack_push(c, &s, 8, old_ss);
    x86_stack_push(c, &s, 8, old_sp);
    x86_stack_push(c, &s, 8, old_cs);
    x86_stack_push(c, &s, 8, c->env.next_rip);
    load_cs(c, g->sel, cs, dpl);
    x86_seg_null(c, SEG_SS, dpl);
    c->env.gpr[R_RSP] = s.sp;
}

static void gate_inner(X86Cpu *c, const Gate *g, X86Desc *cs, unsigned dpl)
{
    uint16_t old_cs = c->env.seg[SEG_CS].sel, ss_sel;
    X86Desc ss;
    X86Stack s, from;

    x86_stack_now(c, &from, 0);
    x86_tss_stack(c, dpl, 0, &s, &ss_sel, &ss);
    x86_stack_push(c, &s, g->size, c->env.seg[SEG_SS].sel);
    x86_stack_push(c, &s, g->size, c->env.gpr[R_RSP]);
    for (unsigned k = g->params; k > 0; k--) {
        X86Stack p = from;

        p.sp = (from.sp + (k - 1) * g->size) & from.mask;
        x86_stack_push(c, &s, g->size, x86_stack_pop(c, &p, g->size));
    }
    x86_stack_push(c, &s, g->size, old_cs);
    x86_stack_push(c, &s, g->size, c->env.next_rip);
    x86_desc_set_accessed(c, &ss);
    load_cs(c, g->sel, cs, dpl);
    x86_seg_put(c, SEG_SS, ss_sel, &ss);
    x86_stack_commit(c, &s);
}

static void far_gate(X86Cpu *c, X86Far how, uint16_t sel, const X86Desc *gate)
{
    unsigned cpl = x86_cpl(c);
    X86Desc cs;
    Gate g;

    gate_read(c, sel, gate, &g);
    uint32_t err = g.sel & 0xfffc;
    if (is_null(g.sel)) {
        x86_raise_err(c, EXC_GP, 0);
    }
    x86_desc_need(c, g.sel, &cs, EXC_GP, 0);
    unsigned dpl = x86_desc_dpl(&cs);
    bool conforming = cs.hi & SEGA_CE;
    if (!(cs.hi & SEGA_S) || !(cs.hi & SEGA_CODE) || dpl > cpl ||
        (how == FAR_JMP && !conforming && dpl != cpl) ||
        (x86_lma(c) && (cs.hi & (SEGA_L | SEGA_DB)) != SEGA_L)) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(cs.hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, err);
    }
    check_target(c, &cs, g.off, 0);
    if (how == FAR_CALL && !conforming && dpl < cpl) {
        if (x86_lma(c)) {
            gate_inner64(c, &g, &cs, dpl);
        } else {
            gate_inner(c, &g, &cs, dpl);
        }
    } else if (how == FAR_CALL) {
        X86Stack s;

        x86_stack_now(c, &s, 0);
        x86_stack_push(c, &s, g.size, c->env.seg[SEG_CS].sel);
        x86_stack_push(c, &s, g.size, c->env.next_rip);
        load_cs(c, g.sel, &cs, cpl);
        x86_stack_commit(c, &s);
    } else {
        load_cs(c, g.sel, &cs, cpl);
    }
    c->env.next_rip = g.off;
}

static void far_task(X86Cpu *c, X86Far how, uint16_t sel, const X86Desc *d)
{
    uint16_t tss = sel;

    if (x86_desc_type(d) == 5) {
        tss = d->lo >> 16;
    }
    x86_task_switch(c, tss, how == FAR_CALL ? TASK_CALL : TASK_JMP, c->env.next_rip, 0, false, 0);
}

static void far_system(X86Cpu *c, X86Far how, uint16_t sel, const X86Desc *d)
{
    unsigned type = x86_desc_type(d), dpl = x86_desc_dpl(d);
    bool gate = type == 12 || (type == 4 && !x86_lma(c));
    bool task = (type == 1 || type == 9 || type == 5) && !x86_lma(c);

    if ((!gate && !task) || dpl < x86_cpl(c) || dpl < (sel & 3u)) {
        x86_raise_err(c, EXC_GP, sel & 0xfffc);
    }
    if (!(d->hi & SEGA_P)) {
        x86_raise_err(c, EXC_NP, sel & 0xfffc);
    }
    if (gate) {
        far_gate(c, how, sel, d);
    } else {
        far_task(c, how, sel, d);
    }
}

static void far_real(X86Cpu *c, X86Far how, uint16_t sel, uint64_t off, unsigned opsize)
{
    const X86Seg *cs = &c->env.seg[SEG_CS];

    if (how == FAR_CALL) {
        X86Stack s;

        x86_stack_now(c, &s, 0);
        x86_stack_push(c, &s, opsize, cs->sel);
        x86_stack_push(c, &s, opsize, c->env.next_rip);
        if (off > cs->limit) {
            x86_raise_err(c, EXC_GP, 0);
        }
        x86_stack_commit(c, &s);
    } else if (off > cs->limit) {
        x86_raise_err(c, EXC_GP, 0);
    }
    x86_load_seg_raw(c, SEG_CS, sel, (uint32_t)sel << 4, cs->limit, cs->attr);
    c->env.next_rip = off;
}

void x86_far(X86Cpu *c, X86Far how, uint16_t sel, uint64_t off, unsigned opsize)
{
    X86Desc d;

    off = opsize == 2 ? (uint16_t)off : opsize == 4 ? (uint32_t)off : off;
    if (!x86_pe(c) || x86_vm86(c)) {
        far_real(c, how, sel, off, opsize);
        return;
    }
    if (is_null(sel)) {
        x86_raise_err(c, EXC_GP, 0);
    }
    x86_desc_need(c, sel, &d, EXC_GP, 0);
    if (d.hi & SEGA_S) {
        far_code(c, how, sel, &d, off, opsize);
    } else {
        far_system(c, how, sel, &d);
    }
}

/* ---- returns */

void x86_return_cs(X86Cpu *c, uint16_t sel, X86Desc *d, uint64_t rip)
{
    unsigned rpl = sel & 3;
    uint32_t err = sel & 0xfffc;

    if (is_null(sel)) {
        x86_raise_err(c, EXC_GP, 0);
    }
    x86_desc_need(c, sel, d, EXC_GP, 0);
    unsigned dpl = x86_desc_dpl(d);
    if (!(d->hi & SEGA_S) || !(d->hi & SEGA_CODE) || rpl < x86_cpl(c) ||
        (d->hi & SEGA_CE ? dpl > rpl : dpl != rpl)) {
        x86_raise_err(c, EXC_GP, err);
    }
    check_code_bits(c, d, sel);
    check_target(c, d, rip, 0);
}

/* True: ss holds a descriptor. False: a null SS, allowed going back to 64-bit code below level 3. */
bool x86_return_ss(X86Cpu *c, uint16_t sel, const X86Desc *cs, unsigned rpl, X86Desc *ss)
{
    uint32_t err = sel & 0xfffc;

    if (is_null(sel)) {
        if (!code_is_64(c, cs) || rpl == 3 || (sel & 3u) != rpl) {
            x86_raise_err(c, EXC_GP, 0);
        }
        return false;
    }
    x86_desc_need(c, sel, ss, EXC_GP, 0);
    if ((sel & 3u) != rpl || x86_desc_dpl(ss) != rpl || !(ss->hi & SEGA_S) || (ss->hi & SEGA_CODE) ||
        !(ss->hi & SEGA_RW)) {
        x86_raise_err(c, EXC_GP, err);
    }
    if (!(ss->hi & SEGA_P)) {
        x86_raise_err(c, EXC_SS, err);
    }
    return true;
}

void x86_return_commit(X86Cpu *c, uint16_t cs_sel, X86Desc *cs, uint16_t ss_sel, X86Desc *ss, uint64_t sp)
{
    unsigned rpl = cs_sel & 3;
    bool outer = rpl > x86_cpl(c);

    x86_desc_set_accessed(c, cs);
    if (ss != NULL) {
        x86_desc_set_accessed(c, ss);
    }
    x86_seg_store_desc(c, SEG_CS, cs_sel, cs);
    if (ss != NULL) {
        x86_seg_store_desc(c, SEG_SS, ss_sel, ss);
    } else {
        x86_seg_store(c, SEG_SS, ss_sel, 0, 0, (ss_sel & 3u) << SEGA_DPL_SHIFT);
    }
    uint64_t *rsp = &c->env.gpr[R_RSP];
    if (code_is_64(c, cs)) {
        *rsp = sp;
    } else if (c->env.seg[SEG_SS].attr & SEGA_DB) {
        *rsp = (uint32_t)sp;
    } else {
        *rsp = (*rsp & ~0xffffull) | (sp & 0xffff);
    }
    if (outer) {
        x86_drop_segs(c, rpl);
    }
}

static void far_ret_real(X86Cpu *c, unsigned opsize, unsigned pop)
{
    X86Stack s;

    x86_stack_now(c, &s, 0);
    uint64_t rip = x86_stack_pop(c, &s, opsize);
    uint16_t sel = (uint16_t)x86_stack_pop(c, &s, opsize);
    if (rip > c->env.seg[SEG_CS].limit) {
        x86_raise_err(c, EXC_GP, 0);
    }
    s.sp = (s.sp + pop) & s.mask;
    x86_stack_commit(c, &s);
    x86_load_seg_raw(c, SEG_CS, sel, (uint32_t)sel << 4, c->env.seg[SEG_CS].limit, c->env.seg[SEG_CS].attr);
    c->env.next_rip = rip;
}

void x86_far_ret(X86Cpu *c, unsigned opsize, unsigned pop)
{
    X86Desc cs, ss;
    X86Stack s;

    if (!x86_pe(c) || x86_vm86(c)) {
        far_ret_real(c, opsize, pop);
        return;
    }
    x86_stack_now(c, &s, 0);
    uint64_t rip = x86_stack_pop(c, &s, opsize);
    uint16_t sel = (uint16_t)x86_stack_pop(c, &s, opsize);
    x86_return_cs(c, sel, &cs, rip);
    s.sp = (s.sp + pop) & s.mask;
    if ((sel & 3u) == x86_cpl(c)) {
        load_cs(c, sel, &cs, sel & 3);
        x86_stack_commit(c, &s);
    } else {
        uint64_t sp = x86_stack_pop(c, &s, opsize);
        uint16_t ss_sel = (uint16_t)x86_stack_pop(c, &s, opsize);
        bool have = x86_return_ss(c, ss_sel, &cs, sel & 3, &ss);

        x86_return_commit(c, sel, &cs, ss_sel, have ? &ss : NULL, sp + pop);
        x86_update_hflags(c);
    }
    c->env.next_rip = rip;
}
