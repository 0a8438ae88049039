/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translated memory operands, moves of the status flags out of the way and back, and the way into
 * the interpreter for what cannot be done inline.
 *
 * A lookup destroys the host's flags, so live ones are kept in the frame meanwhile. A miss of any kind
 * (TLB, page crossing, I/O, ROM, tracked page, misaligned vector) interprets the whole instruction out of
 * line and goes on behind it: nothing of the instruction may have been done before its last lookup. */
#include "target/i386/tcg/translate.h"

/* ---- flags */

static AsmMem fl_frame(const Asm *a, unsigned byte)
{
    return a_frame(a, F_FL + byte);
}

void t_flags_to_frame(Asm *a, unsigned scratch)
{
    a_mov_rr(a, 1, scratch, H_RAX);
    a8(a, 0x9f);                                                /* lahf */
    a_rr(a, 0, 0x0f90, 0, H_RAX);                               /* seto al */
    a_store(a, 0, fl_frame(a, 0), H_RAX);
    a_mov_rr(a, 1, H_RAX, scratch);
}

void t_save_flags(Trans *t)
{
    unsigned live = t->insns[t->k].live;

    if (t->fl != FLAGS_HOST) {
        return;
    }
    if (live == 0) {
        t->fl = FLAGS_DEAD;
        return;
    }
    if (live == FL_CF) {
        a_rm(&t->a, 0, 0x0f92, 0, fl_frame(&t->a, 1));                 /* setc */
    } else {
        t_flags_to_frame(&t->a, T1);
    }
    t->fl = FLAGS_FRAME;
}

void t_flags_from_frame(Asm *a)
{
    a_store(a, 1, a_frame(a, F_RAX), H_RAX);
    a_load(a, 0, H_RAX, fl_frame(a, 0));
    a16(a, 0x7f04);                                             /* add al, 0x7f: OF */
    a8(a, 0x9e);                                                /* sahf */
    a_load(a, 1, H_RAX, a_frame(a, F_RAX));
}

void t_restore_flags(Trans *t)
{
    t_flags_from_frame(&t->a);
}

void t_need_flags(Trans *t)
{
    if (t->fl == FLAGS_FRAME) {
        if (t->insns[t->k].live == FL_CF) {
            a_rm(&t->a, 0, 0x0fba, 4, fl_frame(&t->a, 0));             /* bt dword, 8 */
            a8(&t->a, 8);
        } else {
            t_restore_flags(t);
        }
    }
    t->fl = FLAGS_HOST;
}

/* ---- the interpreter */

SlowRef *t_slow_on(Trans *t, uint8_t *jump)
{
    TInsn *ti = &t->insns[t->k];
    SlowRef *s = &t->slow[t->n_slow++];

    *s = (SlowRef){ .from = jump, .at = ti->at, .next = ti->at + ti->i.len, .count = 1,
                    .frame_flags = true, .fp = t->fp_ready };
    return s;
}

/* The stub pops the site's address: no call, which the host would expect to return. */
uint8_t *t_site(Trans *t, const uint8_t *stub, const SlowSite *site)
{
    Asm *a = &t->a;
    uint8_t *at = a->p + 10;

    a8(a, 0x68);                                                /* push */
    a32(a, (uintptr_t)at);
    a_jmp_to(a, stub);
    memcpy(at, site, sizeof(*site));
    a->p = at + sizeof(*site);
    return at;
}

uint8_t *t_slow_site(Trans *t, bool frame_flags, const SlowSite *site)
{
    return t_site(t, frame_flags ? x86_stubs(t->v)->slow_frame : x86_stubs(t->v)->slow_host, site);
}

void t_slow_insn(Trans *t, bool last)
{
    TInsn *ti = &t->insns[t->k];
    SlowSite site = { .block = (uintptr_t)t->b, .cont = !last, .at = ti->at, .next = ti->at + ti->i.len,
                      .count = 1, .fp = t->fp_ready && !last };
    uint8_t *at = t_slow_site(t, t->fl != FLAGS_HOST, &site);

    if (!last) {
        site.cont = (uintptr_t)t->a.p;
        memcpy(at, &site, sizeof(site));
    }
    t->fl = FLAGS_HOST;
    t->ended |= last;
}

static void load_htlb(Trans *t)
{
    a_load(&t->a, 1, HTLB, a_abs(&t->v->set));
    a_lea(&t->a, 1, HTLB, a_at(HTLB, HTLB_BIAS));
}

void t_slow_emit(Trans *t)
{
    for (unsigned k = 0; k < t->n_slow; k++) {
        SlowRef *s = &t->slow[k];
        SlowSite site = { .block = (uintptr_t)t->b, .at = s->at, .next = s->next, .count = s->count, .fp = s->fp,
                          .size = s->size, .how = s->how | t->mode << SITE_MODE_SHIFT, .retry = (uintptr_t)s->retry,
                          .resume = (uintptr_t)s->resume };

        a_patch(s->from, t->a.p);
        if (s->quiet) {
            a_mov_rr(&t->a, 1, H_RCX, HTLB);
            load_htlb(t);
        }
        site.cont = (uintptr_t)s->back;
        t_slow_site(t, s->frame_flags, &site);
    }
}

/* ---- registers */

unsigned t_gpr(Trans *t, unsigned g, unsigned scratch)
{
    int h = host_gpr(g);

    if (h >= 0) {
        return h;
    }
    a_load(&t->a, 1, scratch, frame_gpr(&t->a, g));
    return scratch;
}

void t_set_gpr(Trans *t, unsigned g, unsigned from, unsigned size)
{
    int h = host_gpr(g);

    if (h >= 0) {
        a_mov_rr(&t->a, size == 8, h, from);
    } else if (size == 4) {
        a_mov_rr(&t->a, 0, from, from);
        a_store(&t->a, 1, frame_gpr(&t->a, g), from);
    } else {
        a_store(&t->a, 1, frame_gpr(&t->a, g), from);
    }
}

/* ---- addresses */

static bool seg_has_base(const Trans *t, unsigned seg)
{
    return seg == SEG_FS || seg == SEG_GS;
}

bool t_mem_ok(const Trans *t, const Insn *i)
{
    /* a store through CS is #GP in protected mode: semantics tell */
    if (i->seg == SEG_CS && (i->row->acc & ACC_W) && (t->hflags & (HF_PE | HF_VM | HF_CS64)) == HF_PE) {
        return false;
    }
    return i->adsize >= 4 && (!seg_has_base(t, i->seg) || i->adsize == 8 || !(t->hflags & HF_CS64));
}

/* The offset in the segment, with 32-bit wrap where addresses are that wide. */
static void ea_offset(Trans *t, const Insn *i, unsigned to)
{
    Asm *a = &t->a;
    unsigned w = i->adsize == 8, other = to == T1 ? T2 : T1, base = i->base, index = H_NONE;
    int32_t disp = i->disp;

    if (t->moffs) {
        a_mov_ri(a, to, w ? (uint64_t)i->imm : (uint32_t)i->imm);
        return;
    }
    if (base == RIP_REG) {
        uint64_t va = t->b->key.pc + t->insns[t->k].at + i->len + (int64_t)disp;

        a_mov_ri(a, to, w ? va : (uint32_t)va);
        return;
    }
    if (base == NO_REG && i->index == NO_REG) {
        a_mov_ri(a, to, w ? (uint64_t)(int64_t)disp : (uint32_t)disp);
        return;
    }
    if (base != NO_REG) {
        base = t_gpr(t, base, to);
    }
    if (i->index != NO_REG) {
        index = t_gpr(t, i->index, base == to ? other : to);
    }
    if (base != NO_REG && index == H_NONE && disp == 0) {
        if (base != to || !w) {
            a_mov_rr(a, w, to, base);
        }
        return;
    }
    if (base == NO_REG) {                                       /* [index * scale + disp32] */
        a_opcode(a, w << 3 | (to >> 3) << 2 | (index >> 3) << 1, 0x8d);
        a8(a, (to & 7) << 3 | 4);
        a8(a, i->scale << 6 | (index & 7) << 3 | 5);
        a32(a, disp);
        return;
    }
    a_lea(a, w, to, (AsmMem){ .base = base, .index = index, .scale = i->scale, .disp = disp });
}

bool t_ea(Trans *t, const Insn *i, unsigned to)
{
    ea_offset(t, i, to);
    return true;
}

/* Adds the base of FS or GS; outside 64-bit mode only when the limit is the whole space. */
static void ea_segment(Trans *t, const Insn *i, bool quiet, uint8_t **ret_jump)
{
    Asm *a = &t->a;
    unsigned at = offsetof(X86Env, seg) + i->seg * sizeof(X86Seg);

    *ret_jump = NULL;
    if (!seg_has_base(t, i->seg)) {
        return;
    }
    a_load(a, 1, T2, a_frame(a, F_ENV));
    if (quiet) {
        a_load(a, 1, T2, a_at(T2, at + offsetof(X86Seg, base)));
        a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
        return;
    }
    if (!(t->hflags & HF_CS64)) {
        a_alu_mi(a, 0, ALU_CMP, a_at(T2, at + offsetof(X86Seg, limit)), -1);
        *ret_jump = a_jcc(a, CC_NE);
        a_rm(a, 0, 0x03, T1, a_at(T2, at + offsetof(X86Seg, base)));
        return;
    }
    a_rm(a, 1, 0x03, T1, a_at(T2, at + offsetof(X86Seg, base)));
}

/* ---- lookup. T1: linear address. */
static void lookup(Trans *t, uint8_t *retry, unsigned size, bool write, bool align)
{
    Asm *a = &t->a;
    int32_t at = t->mode * (int32_t)sizeof(t->v->set->data[0]);
    AsmMem m = htlb(T2, 0, at + (int32_t)(write ? offsetof(TlbEntry, wtag) : offsetof(TlbEntry, rtag)));
    SlowRef *s;

    a_mov_rr(a, 0, T2, T1);
    a_rr(a, 0, 0xc1, 5, T2);                                    /* shr */
    a8(a, PAGE_BITS - 5);
    a_alu_ri(a, 0, ALU_AND, T2, (TLB_SIZE - 1) << 5);
    a_rm(a, 1, 0x2b, T1, m);                                    /* sub */
    if (align) {
        a_rr(a, 1, 0xf7, 0, T1);                                /* test */
        a32(a, ~(uint32_t)(PAGE_SIZE - 1) | (size - 1));
        s = t_slow_on(t, a_jcc(a, CC_NE));
    } else {
        a_alu_ri(a, 1, ALU_CMP, T1, PAGE_SIZE - size);
        s = t_slow_on(t, a_jcc(a, CC_A));
    }
    if (size <= 64) {
        s->size = size;
        s->how = (write ? SITE_WRITE : 0) | (align ? SITE_ALIGN : 0);
        s->retry = retry;
    }
}

/* Ends what lookup_quiet() began. */
static void quiet_restore(Trans *t)
{
    a_mov_rr(&t->a, 1, H_RCX, HTLB);
    load_htlb(t);
}

/* The same without touching flags, which are live: RCX waits in HTLB, what must be zero for a hit is gathered in it.
 * The last byte is looked at (entries of other pages are far away), or the first one's alignment. Leaves the
 * address in T1, the addend in T2. */
static void lookup_quiet(Trans *t, uint8_t *retry, unsigned size, bool write, bool align)
{
    Asm *a = &t->a;
    int32_t at = t->mode * (int32_t)sizeof(t->v->set->data[0]);
    SlowRef *s;

    a16(a, 0x43c4), a32(a, 0x0cdaf07b);                         /* rorx r11d, r10d, 12 */
    a_rr(a, 0, 0x0fb7, T2, T2);                                 /* movzx r11d, r11w */
    a_lea(a, 1, T2, (AsmMem){ .base = H_NONE, .index = T2, .scale = 2 });
    a_lea(a, 1, T2, htlb(T2, 3, 0));
    a_mov_rr(a, 1, HTLB, H_RCX);
    a_load(a, 1, H_RCX, a_at(T2, at + (write ? (int)offsetof(TlbEntry, wtag) : (int)offsetof(TlbEntry, rtag))));
    a_load(a, 1, T2, a_at(T2, at + (int)offsetof(TlbEntry, addend)));
    a_rr(a, 1, 0xf7, 2, H_RCX);                                 /* not */
    a_lea(a, 1, H_RCX, (AsmMem){ .base = H_RCX, .index = T1, .disp = align ? 1 : size });
    a32(a, 0xf5f2e2c4), a16(a, 0x250c);                         /* pext rcx, rcx, [mask] */
    a32(a, (uintptr_t)&t->v->quiet_mask[align ? __builtin_ctz(size) : 0]);
    a16(a, 0x05e3);                                             /* jrcxz */
    s = t_slow_on(t, a_jmp(a));
    quiet_restore(t);
    s->frame_flags = false;
    s->quiet = true;
    s->size = size;
    s->how = (write ? SITE_WRITE : 0) | (align ? SITE_ALIGN : 0) | SITE_QUIET;
    s->retry = retry;
}

/* Will an instruction want the flags in the host's register soon? Saving them once is cheaper than several quiet
 * lookups. */
static bool flags_wanted(const Trans *t)
{
    unsigned lookups = 0;

    for (unsigned k = t->k; k < t->n; k++) {
        const TInsn *ti = &t->insns[k];

        if (!ti->pass) {
            return false;
        }
        if ((ti->read | ti->kill) != 0) {
            return ti->live != 0;
        }
        if ((ti->i.pfx & IPFX_MEM) || ((ti->i.row->gpr_read | ti->i.row->gpr_write) >> R_RSP & 1)) {
            lookups++;
        }
        if (lookups > 2) {
            return false;
        }
    }
    return false;
}

/* Are the flags live, in the host's register, and to be left there? Else they are saved. */
static bool keep_quiet(Trans *t, unsigned size, bool align)
{
    if (t->fl == FLAGS_HOST && t->insns[t->k].live != 0 && x86_stubs(t->v)->quiet && size <= 64 &&
        (!align || (size & (size - 1)) == 0) && flags_wanted(t)) {
        return true;
    }
    t_save_flags(t);
    return false;
}

static void lookup_addend(Trans *t)
{
    a_load(&t->a, 1, T2, htlb(T2, 0, t->mode * (int32_t)sizeof(t->v->set->data[0]) +
                                     (int32_t)offsetof(TlbEntry, addend)));
}

static void lookup_host(Trans *t)
{
    a_rm(&t->a, 1, 0x03, T1, htlb(T2, 0, t->mode * (int32_t)sizeof(t->v->set->data[0]) +
                                         (int32_t)offsetof(TlbEntry, host)));
}

/* base: the host register whose value plus disp is the address; -1: none. Either way T1 may be the host address and
 * T2 the addend: so comes back what could not be found in the TLB. */
static void lookup_result(Trans *t, int base, int32_t disp, bool quiet, HostMem *ret_m)
{
    if (base >= 0) {
        if (!quiet) {
            lookup_addend(t);
        }
        *ret_m = (HostMem){ { .base = base, .index = T2, .disp = disp }, T1 };
        t->slow[t->n_slow - 1].resume = t->a.p;
        return;
    }
    if (quiet) {
        a_lea(&t->a, 1, T1, (AsmMem){ .base = T1, .index = T2 });
    } else {
        lookup_host(t);
    }
    *ret_m = (HostMem){ a_at(T1, 0), T2 };
    t->slow[t->n_slow - 1].resume = t->a.p;
}

void t_lookup(Trans *t, const Insn *i, unsigned size, bool write, bool align, bool complex, HostMem *ret_m)
{
    bool simple = !complex && i->adsize == 8 && i->base < 16 && host_gpr(i->base) >= 0 && i->index == NO_REG &&
                  !seg_has_base(t, i->seg);
    uint8_t *jump, *retry;
    bool quiet;

    if (t->window && t_window_lookup(t, i, size, write, ret_m)) {
        return;
    }
    quiet = (!seg_has_base(t, i->seg) || (t->hflags & HF_CS64)) && keep_quiet(t, size, align);
    if (!quiet) {
        t_save_flags(t);
    }
    retry = t->a.p;
    ea_offset(t, i, T1);
    ea_segment(t, i, quiet, &jump);
    if (jump != NULL) {
        t_slow_on(t, jump);
    }
    if (quiet) {
        lookup_quiet(t, retry, size, write, align);
    } else {
        lookup(t, retry, size, write, align);
    }
    if (insn_spares_memory(i)) {
        t->slow[t->n_slow - 1].size = 0; /* a miss of the whole operand may be no fault */
    }
    lookup_result(t, simple ? host_gpr(i->base) : -1, i->disp, quiet, ret_m);
}

/* [reg + disp] in the stack segment, reg a host register. */
void t_lookup_stack(Trans *t, int reg, int32_t disp, unsigned size, bool write, HostMem *ret_m)
{
    bool wide = t->hflags & HF_CS64, quiet;
    uint8_t *retry;

    if (t->window && t_window_stack(t, reg, disp, size, write, ret_m)) {
        return;
    }
    quiet = keep_quiet(t, size, false);
    retry = t->a.p;
    if (disp == 0) {
        a_mov_rr(&t->a, wide, T1, reg);
    } else {
        a_lea(&t->a, wide, T1, a_at(reg, disp));
    }
    if (quiet) {
        lookup_quiet(t, retry, size, write, false);
    } else {
        lookup(t, retry, size, write, false);
    }
    lookup_result(t, wide ? reg : -1, disp, quiet, ret_m);
}

/* ---- BT, BTS, BTR, BTC of a bit string in memory: the register's upper bits count words of the operand size */

bool t_bits_ok(const Trans *t, const Insn *i)
{
    unsigned o = i->opcode;

    return i->row->enc == ENC_LEGACY && i->row->map == MAP_0F && (i->pfx & IPFX_MEM) && i->opsize >= 4 &&
           (o == 0xa3 || o == 0xab || o == 0xb3 || o == 0xbb) && i->adsize == 8 && (t->hflags & HF_CS64) &&
           !((i->pfx & IPFX_LOCK) && o == 0xa3);
}

void t_bits(Trans *t, const TInsn *ti)
{
    Asm *a = &t->a;
    const Insn *i = &ti->i;
    unsigned wide = i->opsize == 8;
    uint8_t *jump, *retry;
    HostMem m;

    t_save_flags(t);
    retry = a->p;
    ea_offset(t, i, T1);
    ea_segment(t, i, false, &jump);
    a_rr(a, 1, wide ? 0x8b : 0x63, T2, t_gpr(t, i->reg, T2));   /* mov, movsxd */
    a_rr(a, 1, 0xc1, 7, T2);                                    /* sar */
    a8(a, wide ? 6 : 5);
    a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = T2, .scale = wide ? 3 : 2 });
    lookup(t, retry, i->opsize, i->opcode != 0xa3, false);
    lookup_result(t, -1, 0, false, &m);
    a_mov_rr(a, 0, T2, t_gpr(t, i->reg, T2));
    a_alu_ri(a, 0, ALU_AND, T2, i->opsize * 8 - 1);
    if (ti->live != 0) {
        t_need_flags(t);
    }
    if ((i->pfx & IPFX_LOCK) && !t->v->sole) {
        a8(a, 0xf0);
    }
    a_rm(a, wide, 0x0f00 | i->opcode, T2, m.m);
    t->fl = FLAGS_HOST;
}
