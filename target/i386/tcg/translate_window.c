/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory operands through windows (accel/tcg/window.h): the host address is the guest's plus an entry of the table in
 * GS, indexed by bits 63-32 of the address. Two instructions, which touch no flags and take the shift count
 * from RSP, whose low six bits are 32 in translated code:
 *
 *      shrx T2, base, rsp;  mov T2, gs:[T2 * 8];  op [base + T2 + disp]
 *
 * The table entry is that of the base register: windows have 2 GiB around them that nothing is mapped to, so a
 * displacement cannot lead anywhere else. A fault goes on out of line, where the address is computed once
 * more and the window is filled or the instruction interpreted. Nothing of an instruction may have been done
 * before its last access, and the registers it names must hold the guest's values there: instructions that need more
 * scratch registers than there are use the soft TLB. */
#include <glib.h>
#include <setjmp.h>
#include <string.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

#include "accel/tcg/window.h"

enum { REFILL_MAX = 64 };

/* ---- code */

static void shrx_rsp(Asm *a, unsigned to, unsigned from)
{
    a8(a, 0xc4);
    a8(a, (to < 8 ? 0x80 : 0) | 0x40 | (from < 8 ? 0x20 : 0) | 2);
    a8(a, 0x80 | (~H_RSP & 15) << 3 | 3);
    a8(a, 0xf7);
    a8(a, 0xc0 | (to & 7) << 3 | (from & 7));
}

/* to: the table's entry; index H_NONE: a fixed one at disp. */
static void load_delta(Asm *a, unsigned to, unsigned index, int32_t disp)
{
    a8(a, 0x65);
    a_load(a, 1, to, (AsmMem){ .base = H_NONE, .index = index, .scale = 3, .disp = disp });
}

static bool has_base(const Insn *i)
{
    return i->seg == SEG_FS || i->seg == SEG_GS;
}

static bool is_simple(const Trans *t, const Insn *i)
{
    return (t->hflags & HF_CS64) && i->adsize == 8 && i->base < 16 && host_gpr(i->base) >= 0 && i->index == NO_REG &&
           !has_base(i) && !t->moffs;
}

/* The linear address into T1; T2 is free for it. Flags stay. */
static void linear(Trans *t, const Insn *i)
{
    Asm *a = &t->a;

    t_ea(t, i, T1);
    if (has_base(i)) {
        a_load(a, 1, T2, a_at(H_RSP, F_ENV));
        a_load(a, 1, T2, a_at(T2, offsetof(X86Env, seg) + i->seg * sizeof(X86Seg) + offsetof(X86Seg, base)));
        a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
    }
}

static WindowRef *ref_new(Trans *t, unsigned size, bool write)
{
    WindowRef *r = &t->win[t->n_win++];

    *r = (WindowRef){ .start = t->a.p, .k = t->k, .size = size <= REFILL_MAX ? size : 0, .reg = -1,
                      .how = SITE_WINDOW | (write ? SITE_WRITE : 0), .moffs = t->moffs, .fp = t->fp_ready,
                      .flags = t->fl == FLAGS_HOST && t->insns[t->k].live != 0 };
    if (t->n_win >= 2 && r[-1].end == NULL) {
        r[-1].end = r->start;
    }
    return r;
}

static bool is_soft(const Trans *t)
{
    return t->no_window || t->n_win == G_N_ELEMENTS(t->win) ||
           window_is_soft(t->v, t->b->source + t->insns[t->k].at);
}

bool t_window_lookup(Trans *t, const Insn *i, unsigned size, bool write, HostMem *ret_m)
{
    Asm *a = &t->a;
    WindowRef *r;

    if (is_soft(t) || (has_base(i) && !(t->hflags & HF_CS64))) {
        return false;
    }
    r = ref_new(t, size, write);
    if (is_simple(t, i)) {
        unsigned base = host_gpr(i->base);

        r->simple = true;
        r->disp = i->disp;
        shrx_rsp(a, T2, base);
        load_delta(a, T2, T2, 0);
        *ret_m = (HostMem){ { .base = base, .index = T2, .disp = i->disp }, T1 };
        return true;
    }
    linear(t, i);
    if (t->hflags & HF_CS64) {
        shrx_rsp(a, T2, T1);
        load_delta(a, T2, T2, 0);
    } else {
        load_delta(a, T2, H_NONE, 0);
    }
    a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
    *ret_m = (HostMem){ a_at(T1, 0), T2 };
    return true;
}

bool t_window_stack(Trans *t, int reg, int32_t disp, unsigned size, bool write, HostMem *ret_m)
{
    Asm *a = &t->a;
    WindowRef *r;

    if (is_soft(t)) {
        return false;
    }
    r = ref_new(t, size, write);
    r->reg = reg;
    r->disp = disp;
    if (t->hflags & HF_CS64) {
        r->simple = true;
        shrx_rsp(a, T2, reg);
        load_delta(a, T2, T2, 0);
        *ret_m = (HostMem){ { .base = reg, .index = T2, .disp = disp }, T1 };
    } else {
        a_lea(a, 0, T1, a_at(reg, disp));
        load_delta(a, T2, H_NONE, 0);
        a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
        *ret_m = (HostMem){ a_at(T1, 0), T2 };
    }
    return true;
}

void t_window_insn_done(Trans *t)
{
    for (; t->n_win_done < t->n_win; t->n_win_done++) {
        WindowRef *r = &t->win[t->n_win_done];

        if (r->end == NULL) {
            r->end = t->a.p;
        }
        r->back = t->ended ? NULL : t->a.p;
    }
}

/* The address once more, then what the slow stub needs. */
static void cold(Trans *t, WindowRef *r)
{
    Asm *a = &t->a;
    TInsn *ti = &t->insns[r->k];
    SlowSite site = { .block = (uintptr_t)t->b, .at = ti->at, .next = ti->at + ti->i.len, .count = 1, .fp = r->fp,
                      .size = r->size, .how = r->how, .disp = r->simple ? r->disp : 0,
                      .cont = (uintptr_t)r->back };
    bool moffs = t->moffs;
    uint8_t *call;

    r->cold = a->p;
    t->k = r->k;
    t->moffs = r->moffs;
    if (r->flags) {
        t_flags_to_frame(a, T2);
    }
    if (r->reg >= 0) {
        a_lea(a, !!(t->hflags & HF_CS64), T1, a_at(r->reg, r->disp));
    } else {
        Insn i = ti->i;

        if (r->moffs) {
            i.base = i.index = NO_REG;
            i.disp = 0;
        }
        linear(t, &i);
    }
    t->moffs = moffs;
    call = a->p;
    t_slow_site(t, true, &site);
    site.retry = (uintptr_t)r->start;
    if (r->flags) {
        site.retry = (uintptr_t)a->p;
        t_restore_flags(t);
        a_jmp_to(a, r->start);
    }
    memcpy(call + 5, &site, sizeof(site));
}

void t_window_emit(Trans *t)
{
    Block *b = t->b;

    if (t->n_win == 0) {
        return;
    }
    b->sites = cache_alloc(t->v->cache, t->n_win * sizeof(BlockSite));
    b->n_sites = b->sites != NULL ? t->n_win : 0;
    for (unsigned n = 0; n < t->n_win; n++) {
        cold(t, &t->win[n]);
        if (b->sites != NULL) {
            b->sites[n] = (BlockSite){ t->win[n].start - b->entry, t->win[n].end - b->entry,
                                       (uint32_t)(uintptr_t)t->win[n].cold };
        }
    }
}

/* ---- faults */

const uint8_t *t_window_fault(TcgVcpu *v, const uint8_t *host)
{
    CodeCache *c = v->cache;
    const Block *b = c != NULL && host >= c->first && host < c->code ? cache_find_code(v, host) : NULL;

    for (unsigned n = 0; b != NULL && n < b->n_sites; n++) {
        if (host >= b->entry + b->sites[n].start && host < b->entry + b->sites[n].end) {
            return (const uint8_t *)(uintptr_t)b->sites[n].cold;
        }
    }
    return NULL;
}

/* false: no sense in trying again. */
static bool refill(TcgVcpu *v, const SlowSite *s, unsigned mode, uint64_t va)
{
    bool write = s->how & SITE_WRITE, gained;
    uint64_t last = va + s->size - 1;
    TlbPage page;

    v->shot_resume = s->retry;
    if (s->size == 0 || (va ^ (va - (int64_t)s->disp)) >> WINDOW_BITS != 0 || (va ^ last) >> WINDOW_BITS != 0) {
        return false;
    }
    if (!tlb_probe(v, va, write ? ACCESS_STORE : ACCESS_LOAD, mode, &page)) {
        v->refill_faulted = true;
        return true;
    }
    gained = window_fill(v, va, write);
    if ((va ^ last) >> PAGE_BITS == 0) {
        return gained;
    }
    if (!tlb_probe(v, last & PAGE_MASK, write ? ACCESS_STORE : ACCESS_LOAD, mode, &page)) {
        v->refill_faulted = true;
        return true;
    }
    return window_fill(v, last & PAGE_MASK, write) || gained;
}

int t_window_refill(TcgVcpu *v, const SlowSite *s, uint64_t va)
{
    Block *b = (Block *)(uintptr_t)s->block;

    if (refill(v, s, b->key.flags >> TB_MODE_SHIFT, va)) {
        return !v->refill_faulted;
    }
    if (window_stubborn(v, b->source + s->at)) {
        cache_drop(v, b);
    }
    return 0;
}

#include "accel/tcg/general_regs_end.h"
