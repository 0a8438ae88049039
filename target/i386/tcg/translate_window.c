/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory operands through windows (accel/tcg/window.h): the guest's instruction with GS as segment, or with the
 * distance of low addresses as index. Before it the base register is looked up in the table of allowed addresses:
 *
 *      shrx T2, base, r14;  movzx T2, byte [T2 + table];  op gs:[base + disp]
 *
 * The access does not wait for that. It stays true while the register keeps its value, give or take constants
 * (2 GiB around windows are never mapped), so a block does it once for each base. Which distance a site uses is
 * guessed from the register's value when the block is translated, and from what happened to the site before.
 *
 * A fault goes on out of line, where the address is computed once more and the window is filled or the
 * instruction interpreted. Nothing of an instruction may have been done before its last access, and the
 * registers it names must hold the guest's values there: instructions that need more scratch registers than
 * there are use the soft TLB. Behind an interpreted instruction whose lookup others rely on, the block is left.
 *
 * What is known holds along the one way through a block: whoever lets control join in the middle of it has to
 * call t_window_forget() there. */
#include <glib.h>
#include <setjmp.h>
#include <string.h>

#include "accel/tcg/general_regs.h"
#include "target/i386/tcg/translate.h"

#include "accel/tcg/window_asm.h"

_Static_assert((int)HTLB_BIAS == (int)WINDOW_CHECK_SHIFT, "the shift count of lookups");
enum { REFILL_MAX = 64, NEAR = 1 << 20, REACH = 0x7fff0000 };

/* ---- what is known about registers */

void t_window_forget(Trans *t)
{
    memset(t->known, 0, sizeof(t->known));
    memset(t->pair, 0, sizeof(t->pair));
    t->known_fs = (WindowFact){ 0 };
    t->written = 0xffff;
}

/* Is base + disp next to an address that was looked up? */
static bool is_known(Trans *t, const WindowFact *f, int64_t disp)
{
    if (!f->on || f->off + disp > REACH || f->off + disp < -REACH) {
        return false;
    }
    t->win[f->ref].relied = true;
    return true;
}

static WindowFact fact_here(const Trans *t)
{
    return (WindowFact){ .on = true, .ref = t->n_win - 1 };
}

static void forget(Trans *t, unsigned g)
{
    t->known[g].on = false;
    for (unsigned k = 0; k < G_N_ELEMENTS(t->pair); k++) {
        if (t->pair[k].base == g || t->pair[k].index == g) {
            t->pair[k].fact.on = false;
        }
    }
    t->written |= 1u << g;
}

static void moved(Trans *t, unsigned to, unsigned from, int64_t by)
{
    WindowFact f = t->known[from];

    forget(t, to);
    f.off += by;
    t->known[to] = f;
}

/* ---- which registers an instruction writes. When in doubt, all it names. */

static bool legacy(const Insn *i, unsigned map)
{
    return i->row->enc == ENC_LEGACY && i->row->map == map;
}

static bool keeps_rm(const Insn *i)
{
    unsigned o = i->opcode, ext = i->modrm >> 3 & 7;

    if (legacy(i, MAP_0F)) {
        return (o & 0xf0) == 0x40 || o == 0xaf || (o & 0xf6) == 0xb6 || o == 0xa3;
    }
    if (!legacy(i, MAP_1)) {
        return false;
    }
    if (o < 0x40) {
        return (o & 7) == 2 || (o & 7) == 3 || (o & 0xfe) == 0x38;
    }
    return o == 0x63 || o == 0x69 || o == 0x6b || o == 0x84 || o == 0x85 || o == 0x8a || o == 0x8b ||
           (o >= 0x80 && o <= 0x83 && ext == 7) || ((o == 0xf6 || o == 0xf7) && ext < 2);
}

static bool keeps_reg(const Insn *i)
{
    unsigned o = i->opcode;

    if (legacy(i, MAP_0F)) {
        return o == 0xa3;
    }
    return legacy(i, MAP_1) && ((o < 0x40 && ((o & 6) == 0 || (o & 0xfe) == 0x3a)) || (o >= 0x80 && o <= 0x85) ||
                                o == 0x88 || o == 0x89);
}

static unsigned byte_bits(const Insn *i, unsigned g)
{
    return 1u << g | (i->opsize == 1 ? 1u << (g & 3) : 0);
}

static unsigned operand_bits(const Insn *i, unsigned op)
{
    switch (op) {
    case OP_Eb: case OP_Ew: case OP_Ed: case OP_Eq: case OP_Ev: case OP_Ey: case OP_Rv: case OP_Ry:
        return (i->pfx & IPFX_MEM) || keeps_rm(i) ? 0 : 1u << i->rm | 1u << (i->rm & 3);
    case OP_Gb: case OP_Gw: case OP_Gd: case OP_Gq: case OP_Gv: case OP_Gy:
        return keeps_reg(i) ? 0 : byte_bits(i, i->reg) | (op == OP_Gb ? 1u << (i->reg & 3) : 0);
    case OP_By: return 1u << (i->vvvv & 15);
    case OP_Zb: case OP_Zv: return 1u << i->rm | 1u << (i->rm & 3);
    case OP_AL: case OP_AX: case OP_rAX: return 1u << R_RAX;
    case OP_DX: return 1u << R_RDX;
    case OP_Ob: case OP_Ov: case OP_Xb: case OP_Xv: case OP_Yb: case OP_Yv:
        return 1u << R_RAX | 1u << R_RCX | 1u << R_RSI | 1u << R_RDI;
    default: return 0;
    }
}

static unsigned written_by(const Insn *i)
{
    unsigned m = i->row->gpr_write;

    for (unsigned k = 0; k < 4; k++) {
        m |= operand_bits(i, i->row->op[k]);
    }
    return m;
}

/* ADD, SUB of a constant to a whole register, INC, DEC. */
static bool constant_added(const Insn *i, int64_t *ret_by)
{
    unsigned ext = i->modrm >> 3 & 7;

    if (legacy(i, MAP_1) && i->opcode == 0xff && ext < 2 && i->opsize == 8 && !(i->pfx & IPFX_MEM)) {
        *ret_by = ext == 0 ? 1 : -1;                            /* INC, DEC */
        return true;
    }
    if (!legacy(i, MAP_1) || (i->opcode != 0x81 && i->opcode != 0x83) || (ext != 0 && ext != 5) || i->opsize != 8 ||
        (i->pfx & IPFX_MEM)) {
        return false;
    }
    *ret_by = ext == 0 ? i->imm : -i->imm;
    return true;
}

/* PUSH, POP, LEAVE, CALL. */
static bool stack_moved(Trans *t, const Insn *i)
{
    SemFn s = i->row->sem;

    if (s == sem_push_reg || s == sem_push_imm || s == sem_push_rm || s == sem_call_rel || s == sem_call_rm) {
        moved(t, R_RSP, R_RSP, -(int)i->opsize);
    } else if (s == sem_pop_reg) {
        moved(t, R_RSP, R_RSP, i->opsize);
        forget(t, i->rm);
    } else if (s == sem_leave) {
        moved(t, R_RSP, R_RBP, i->opsize);
        forget(t, R_RBP);
    } else {
        return false;
    }
    return true;
}

static void effects(Trans *t, const TInsn *ti)
{
    const Insn *i = &ti->i;
    int64_t by;

    if (!ti->pass || ti->lands || !(t->hflags & HF_CS64)) {
        t_window_forget(t);
    } else if (stack_moved(t, i)) {
        return;
    } else if (constant_added(i, &by)) {
        moved(t, i->rm, i->rm, by);
    } else if (i->row->sem == sem_lea && i->opsize == 8 && i->adsize == 8 && i->base < 16 && i->index == NO_REG) {
        moved(t, i->reg, i->base, i->disp);
    } else if (legacy(i, MAP_1) && (i->opcode == 0x89 || i->opcode == 0x8b) && i->opsize == 8 &&
               !(i->pfx & IPFX_MEM)) {
        moved(t, i->opcode == 0x89 ? i->rm : i->reg, i->opcode == 0x89 ? i->reg : i->rm, 0);
    } else {
        unsigned m = written_by(i);

        for (unsigned g = 0; g < 16; g++) {
            if (m >> g & 1) {
                forget(t, g);
            }
        }
        if (legacy(i, MAP_0F) && i->opcode == 0xae) {           /* WRFSBASE */
            t->known_fs.on = false;
        }
    }
}

/* ---- which distance */

static bool has_base(const Insn *i)
{
    return i->seg == SEG_FS || i->seg == SEG_GS;
}

/* g: the register most of the address comes from, or NO_REG. */
static WindowKind guess(const Trans *t, unsigned g, bool known, WindowKind site)
{
    WindowKind k = WINDOW_NOT;

    if ((known && site == WINDOW_BOTH) || window_is_table_only(t->v)) {
        return WINDOW_BOTH;
    }
    if (g < 16 && !(t->written >> g & 1)) {
        k = window_kind(t->c->env.gpr[g]);
        if (t->c->env.gpr[g] < PAGE_SIZE) {
            k = WINDOW_NOT;
        }
    }
    if (k != WINDOW_NOT) {
        return k;
    }
    if (known) {
        return site;
    }
    if (g != R_RSP && g != R_RBP && window_mixed(t->v)) {
        return WINDOW_BOTH;
    }
    return g == R_RSP || g == R_RBP || window_kind(t->b->key.pc) == WINDOW_HIGH ? WINDOW_HIGH : WINDOW_LOW;
}

static WindowKind kind_of(const Trans *t, const Insn *i, bool known, WindowKind site)
{
    const X86Env *env = &t->c->env;
    WindowKind k;

    if ((known && site == WINDOW_BOTH) || window_is_table_only(t->v)) {
        return WINDOW_BOTH;
    }
    if (has_base(i)) {
        k = window_kind(env->seg[i->seg].base);
        return k != WINDOW_NOT && env->seg[i->seg].base != 0 ? k : guess(t, NO_REG, known, site);
    }
    if (i->base >= 16) {
        return i->disp > (1 << 16) ? WINDOW_LOW : guess(t, i->index, known, site);
    }
    return i->disp > NEAR && window_kind(t->b->key.pc) == WINDOW_LOW ? WINDOW_LOW : guess(t, i->base, known, site);
}

static bool is_static(const Trans *t, const Insn *i, uint64_t *ret_va)
{
    if (has_base(i) || (!t->moffs && (i->index != NO_REG || (i->base != NO_REG && i->base != RIP_REG)))) {
        return false;
    }
    *ret_va = t->moffs ? (uint64_t)i->imm
              : i->base == RIP_REG ? t->b->key.pc + t->insns[t->k].at + i->len + (uint64_t)(int64_t)i->disp
                                   : (uint64_t)(int64_t)i->disp;
    if (i->adsize == 4) {
        *ret_va = (uint32_t)*ret_va;
    }
    return true;
}

/* ---- code */

/* The linear address into T1; T2 is free for it. Flags stay. */
static void linear(Trans *t, const Insn *i)
{
    Asm *a = &t->a;

    t_ea(t, i, T1);
    if (has_base(i)) {
        a_load(a, 1, T2, a_frame(a, F_ENV));
        a_load(a, 1, T2, a_at(T2, offsetof(X86Env, seg) + i->seg * sizeof(X86Seg) + offsetof(X86Seg, base)));
        a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
    }
}

static void ref_new(Trans *t, unsigned size, bool write, WindowKind kind)
{
    WindowRef *r = &t->win[t->n_win++];

    *r = (WindowRef){ .start = t->a.p, .k = t->k, .size = size <= REFILL_MAX ? size : 0, .reg = -1,
                      .how = SITE_WINDOW | (write ? SITE_WRITE : 0) | (kind == WINDOW_LOW ? SITE_LOW : 0) |
                             (kind == WINDOW_BOTH ? SITE_BOTH : 0),
                      .moffs = t->moffs, .fp = t->fp_ready,
                      .flags = t->fl == FLAGS_HOST && t->insns[t->k].live != 0 };
    if (t->n_win >= 2 && r[-1].end == NULL) {
        r[-1].end = r->start;
    }
}

static void probe(Trans *t, unsigned scratch, unsigned reg)
{
    win_probe(&t->a, scratch, reg, t->check);
}

/* The operand m with what the kind wants; base is a guest's register, or T1 when it need not be kept. WINDOW_BOTH: the
 * distance is in T2. */
static HostMem host_mem(Trans *t, WindowKind kind, AsmMem m)
{
    bool own = m.base == T1;

    if (kind == WINDOW_HIGH) {
        m.gs = true;
        return (HostMem){ m, own ? T2 : T1 };
    }
    if (kind == WINDOW_LOW) {
        win_low(&t->a, T2, t->v);
    }
    if (own) {
        a_lea(&t->a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
        return (HostMem){ a_at(T1, m.disp), T2 };
    }
    if (m.index == H_NONE) {
        m.index = T2;
        m.scale = 0;
    } else {
        a_lea(&t->a, 1, T2, (AsmMem){ .base = T2, .index = m.base });
        m.base = T2;
    }
    return (HostMem){ m, T1 };
}

/* Looks up the address in reg, which T2 may be, or T1 when it need not be kept. */
static void probe_for(Trans *t, WindowKind kind, unsigned reg)
{
    if (kind == WINDOW_BOTH) {
        win_either(&t->a, T2, reg, t->v);
    } else {
        probe(t, T2, reg);
    }
}

static HostMem static_mem(Trans *t, WindowKind kind, uint64_t va)
{
    if (kind == WINDOW_LOW && va <= REACH) {
        win_low(&t->a, T2, t->v);
        return (HostMem){ a_at(T2, va), T1 };
    }
    a_mov_ri(&t->a, T1, va);
    return host_mem(t, kind, a_at(T1, 0));
}

/* FS:[disp]: the segment's base is the register that is looked up. */
static HostMem segment_mem(Trans *t, const Insn *i, WindowKind kind)
{
    Asm *a = &t->a;

    if (i->base != NO_REG || i->index != NO_REG || i->seg != SEG_FS || i->adsize != 8 || t->moffs) {
        linear(t, i);
        probe_for(t, kind, T1);
        return host_mem(t, kind, a_at(T1, 0));
    }
    a_load(a, 1, T1, a_frame(a, F_ENV));
    a_load(a, 1, T1, a_at(T1, offsetof(X86Env, seg) + i->seg * sizeof(X86Seg) + offsetof(X86Seg, base)));
    if (kind == WINDOW_BOTH || !is_known(t, &t->known_fs, i->disp)) {
        probe_for(t, kind, T1);
        if (i->disp < NEAR && i->disp > -NEAR) {
            t->known_fs = fact_here(t);
        }
    }
    return host_mem(t, kind, a_at(T1, i->disp));
}

/* [g + disp]; h: its host register. */
static HostMem base_mem(Trans *t, WindowKind kind, unsigned g, unsigned h, int32_t disp)
{
    if (kind != WINDOW_BOTH && is_known(t, &t->known[g], disp)) {
        return host_mem(t, kind, a_at(h, disp));
    }
    if (disp >= NEAR || disp <= -NEAR) {
        a_lea(&t->a, 1, T2, a_at(h, disp));
        probe_for(t, kind, T2);
    } else {
        probe_for(t, kind, h);
        t->known[g] = fact_here(t);
    }
    return host_mem(t, kind, a_at(h, disp));
}

static WindowPair *pair_find(Trans *t, const Insn *i)
{
    WindowPair *p = t->pair;

    for (unsigned k = 0; k < G_N_ELEMENTS(t->pair); k++) {
        p = &t->pair[k];
        if (p->fact.on && p->base == i->base && p->index == i->index && p->scale == i->scale) {
            return p;
        }
    }
    p = &t->pair[t->n_pair++ % G_N_ELEMENTS(t->pair)];
    *p = (WindowPair){ .base = i->base, .index = i->index, .scale = i->scale };
    return p;
}

static HostMem pair_mem(Trans *t, const Insn *i, WindowKind kind)
{
    AsmMem m = { .base = host_gpr(i->base), .index = host_gpr(i->index), .scale = i->scale };
    bool near = i->disp < NEAR && i->disp > -NEAR;
    WindowPair *p = pair_find(t, i);

    if (kind == WINDOW_BOTH || !is_known(t, &p->fact, i->disp)) {
        m.disp = near ? 0 : i->disp;
        a_lea(&t->a, 1, T2, m);
        probe_for(t, kind, T2);
        p->fact = fact_here(t);
        p->fact.on = near;
    }
    m.disp = i->disp;
    return host_mem(t, kind, m);
}

/* 32-bit code: all its addresses are low. */
static HostMem narrow_mem(Trans *t)
{
    a_lea(&t->a, 0, T1, a_at(T1, 0));
    return host_mem(t, WINDOW_LOW, a_at(T1, 0));
}

static HostMem wide_mem(Trans *t, const Insn *i, WindowKind kind)
{
    uint64_t va;

    if (is_static(t, i, &va)) {
        return static_mem(t, kind, va);
    }
    if (has_base(i)) {
        return segment_mem(t, i, kind);
    }
    if (i->adsize == 8 && i->base < 16 && i->index == NO_REG) {
        return base_mem(t, kind, i->base, t_gpr(t, i->base, T1), i->disp);
    }
    if (i->adsize == 8 && i->base < 16 && host_gpr(i->base) >= 0 && host_gpr(i->index) >= 0) {
        return pair_mem(t, i, kind);
    }
    linear(t, i);
    probe_for(t, kind, T1);
    return host_mem(t, kind, a_at(T1, 0));
}

static bool is_soft(const Trans *t, bool *known, WindowKind *site)
{
    if (t->no_window || t->n_win == G_N_ELEMENTS(t->win)) {
        return true;
    }
    *site = window_site(t->v, t->b->source + t->insns[t->k].at, known);
    return *known && *site == WINDOW_NOT;
}

bool t_window_lookup(Trans *t, const Insn *i, unsigned size, bool write, HostMem *ret_m)
{
    bool known, wide = t->hflags & HF_CS64;
    WindowKind site, kind = WINDOW_LOW;
    uint64_t va;

    if (is_soft(t, &known, &site) || (has_base(i) && !wide)) {
        return false;
    }
    if (wide && is_static(t, i, &va)) {
        kind = window_kind(va);
    } else if (wide) {
        kind = kind_of(t, i, known, site);
    }
    if (kind == WINDOW_NOT) {
        return false;
    }
    ref_new(t, size, write, kind);
    if (wide) {
        *ret_m = wide_mem(t, i, kind);
    } else {
        linear(t, i);
        *ret_m = narrow_mem(t);
    }
    return true;
}

bool t_window_stack(Trans *t, int reg, int32_t disp, unsigned size, bool write, HostMem *ret_m)
{
    bool known, wide = t->hflags & HF_CS64;
    unsigned g = reg == HSP ? R_RSP : R_RBP;
    WindowKind site, kind = WINDOW_LOW;
    WindowRef *r;

    if (is_soft(t, &known, &site)) {
        return false;
    }
    if (wide) {
        kind = guess(t, g, known, site);
    }
    ref_new(t, size, write, kind);
    r = &t->win[t->n_win - 1];
    r->reg = reg;
    r->disp = disp;
    if (wide) {
        *ret_m = base_mem(t, kind, g, reg, disp);
    } else {
        a_lea(&t->a, 0, T1, a_at(reg, disp));
        *ret_m = narrow_mem(t);
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
        r->back = t->ended || t->insns[t->k].lands ? NULL : t->a.p;
    }
    if (t->window) {
        effects(t, &t->insns[t->k]);
    }
}

/* The address once more, then what the slow stub needs. */
static void cold(Trans *t, WindowRef *r)
{
    Asm *a = &t->a;
    TInsn *ti = &t->insns[r->k];
    SlowSite site = { .block = (uintptr_t)t->b, .at = ti->at, .next = ti->at + ti->i.len, .count = 1, .fp = r->fp,
                      .size = r->size, .how = r->how, .cont = r->relied ? 0 : (uintptr_t)r->back };
    bool moffs = t->moffs;
    uint8_t *at;

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
    at = t_slow_site(t, true, &site);
    site.retry = (uintptr_t)r->start;
    if (r->flags) {
        site.retry = (uintptr_t)a->p;
        t_restore_flags(t);
        a_jmp_to(a, r->start);
    }
    memcpy(at, &site, sizeof(site));
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
    const Block *b = c != NULL ? cache_find_code(v, host) : NULL;

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
    if (s->size == 0 || (va ^ last) >> WINDOW_BITS != 0) {
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
    WindowKind kind = window_kind(va);
    bool again;

    window_note_fault(v);
    if (kind != WINDOW_NOT && !(s->how & SITE_BOTH) && kind != (s->how & SITE_LOW ? WINDOW_LOW : WINDOW_HIGH)) {
        window_mistaken(v, b->source + s->at);
        again = true;
    } else if (refill(v, s, b->key.flags >> TB_MODE_SHIFT, va)) {
        return !v->refill_faulted;
    } else {
        again = window_stubborn(v, b->source + s->at);
    }
    if (again) {
        cache_drop(v, b);
    }
    return 0;
}

#include "accel/tcg/general_regs_end.h"
