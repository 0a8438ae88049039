/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a translation is made of. A block goes on behind forward conditional jumps, which leave it at the side when
 * they are taken, and behind calls, where it is entered again when they return. It ends with any other jump, or
 * where code begins that changes the mode. Where instructions are counted all jumps end blocks, which charge for
 * all they hold. Which status flags are live at its ends is found out by looking at the first instructions there,
 * on the same page; the block then depends on their bytes too (Block.lo, hi). */
#include "target/i386/tcg/translate.h"

enum { SIDES = 3, SIDE_INSNS = 24, AHEAD = 8, AHEAD_BYTES = 512 };

/* ---- flags */

/* A count of zero leaves the flags alone. */
static bool is_maybe_shift(const Insn *i)
{
    unsigned o = i->opcode;

    if (i->row->enc != ENC_LEGACY) {
        return false;
    }
    if (i->row->map == MAP_1) {
        return o == 0xd2 || o == 0xd3 ||
               ((o == 0xc0 || o == 0xc1) && (i->imm & (i->opsize == 8 ? 63 : 31)) == 0);
    }
    return i->row->map == MAP_0F && (o == 0xa5 || o == 0xad ||
           ((o == 0xa4 || o == 0xac) && (i->imm & (i->opsize == 8 ? 63 : 31)) == 0));
}

static void flags_of(const Trans *t, TInsn *ti)
{
    const InsnRow *r = ti->i.row;

    ti->read = r->fl_read & FL_STATUS;
    ti->kill = (r->fl_write | r->fl_undef) & FL_STATUS;
    if (!ti->pass || t_fast_kind(t, &ti->i) >= 0) {
        ti->read = FL_STATUS;
        ti->kill = FL_STATUS;
    } else if (is_maybe_shift(&ti->i)) {
        ti->read |= ti->kill;
        ti->kill = 0;
    }
}

/* Does the block go on behind it, though it ends blocks otherwise? Where the state that translation depends on changed
 * after all, the interpreter's call does not come back. */
bool t_goes_on(const TInsn *ti)
{
    return t_misc_continues(&ti->i) && (ti->pass || (ti->i.row->flags & IF_IMPLICIT));
}

/* ---- looking ahead */

static const uint8_t *page_end(const Trans *t)
{
    return (const uint8_t *)(((uintptr_t)t->b->source | ~PAGE_MASK) + 1);
}

/* Status flags that may be read at pc before they are overwritten. */
static unsigned live_at(Trans *t, uint64_t pc)
{
    int64_t dist = (int64_t)(pc - t->b->key.pc), at = dist;
    unsigned live = 0, open = FL_STATUS;
    TInsn ti;

    if ((pc ^ t->b->key.pc) >> PAGE_BITS != 0 || dist > t->b->hi + AHEAD_BYTES || dist < t->b->lo - AHEAD_BYTES ||
        t->v->tcg_one_insn || t->b->source2 != NULL) {
        return FL_STATUS;
    }
    for (unsigned n = 0; n < AHEAD && open != 0; n++) {
        const uint8_t *p = t->b->source + at;

        if (decode_insn(t->hflags, p, page_end(t) - p, &ti.i) != DECODE_OK) {
            break;
        }
        ti.pass = t_can_emit(t, &ti.i);
        flags_of(t, &ti);
        at += ti.i.len;
        live |= ti.read & open;
        open &= ~ti.kill;
        if (ti.i.row->flags & (IF_JUMP | IF_END)) {
            break;
        }
    }
    t->b->lo = MIN(t->b->lo, dist);
    t->b->hi = MAX(t->b->hi, at);
    return live | open;
}

/* ---- decoding */

static bool is_fp(const InsnRow *r)
{
    return r->flags & (IF_X87 | IF_MMX | IF_SSE | IF_AVX | IF_AVX512);
}

static uint64_t jump_target(const Trans *t, const TInsn *ti)
{
    return (t->b->key.pc + ti->at + ti->i.len + (uint64_t)ti->i.imm) & (t->hflags & HF_CS64 ? ~0ull : 0xffffffff);
}

/* A jump that the block goes on behind? */
static bool is_side(const Trans *t, const TInsn *ti)
{
    return ti->pass && t_is_jcc(&ti->i) && ti->i.imm > 0 && t->n_sides < SIDES && t->n < SIDE_INSNS &&
           !t->v->tcg_one_insn && !t->v->counted;
}

static bool is_call(const TInsn *ti)
{
    return ti->pass && (ti->i.row->sem == sem_call_rel || ti->i.row->sem == sem_call_rm);
}

/* Vector state must be there at the block's beginning, or where the last call comes back. */
static void note_fp(Trans *t, const TInsn *ti)
{
    if (!ti->pass || !is_fp(ti->i.row)) {
        return;
    }
    for (unsigned k = t->n; k-- > 0;) {
        if (t->insns[k].lands) {
            t->insns[k].fp_behind = true;
            return;
        }
    }
    t->uses_fp = true;
}

/* Does the block end with this instruction? */
static bool ends_block(const Trans *t, const TInsn *ti)
{
    if (ti->lands) {
        return t->n_lands == LANDINGS || t->n >= SIDE_INSNS || t->v->counted;
    }
    return (ti->i.row->flags & (IF_JUMP | IF_END)) && !t_goes_on(ti) && !ti->side;
}

/* false: its first instruction cannot be translated. */
bool t_decode_block(Trans *t, const uint8_t *code, unsigned avail)
{
    unsigned at = 0, max = t->v->tcg_one_insn ? 1 : BLOCK_INSNS;

    while (t->n < max && at < avail) {
        TInsn *ti = &t->insns[t->n];

        if (decode_insn(t->hflags, code + at, avail - at, &ti->i) != DECODE_OK) {
            break;
        }
        ti->at = at;
        ti->pass = t_can_emit(t, &ti->i);
        note_fp(t, ti);
        flags_of(t, ti);
        ti->side = is_side(t, ti);
        ti->lands = is_call(ti);
        ti->fp_behind = false;
        t->n_sides += ti->side;
        t->n_lands += ti->lands;
        at += ti->i.len;
        t->n++;
        if (ends_block(t, ti)) {
            break;
        }
    }
    t->b->len = t->b->hi = at;
    t->b->n_insns = t->n;
    return t->n > 0;
}

/* The instruction at the page's end that goes on on the next one. */
bool t_decode_crossing(Trans *t, uint8_t *buf, unsigned avail)
{
    uint64_t va = t->b->key.pc + t->b->key.base;
    const FetchEntry *f = tlb_fetch(t->v, (va + PAGE_SIZE) & PAGE_MASK);

    if (f == NULL || f->host == NULL || f->ram == NULL || avail >= 15) {
        return false;
    }
    memcpy(buf, t->b->source, avail);
    memcpy(buf + avail, f->host, 15 - avail);
    if (decode_insn(t->hflags, buf, 15, &t->insns[0].i) != DECODE_OK || t->insns[0].i.len <= avail) {
        return false;
    }
    t->b->source2 = f->host;
    t->insns[0].at = 0;
    t->insns[0].pass = t_can_emit(t, &t->insns[0].i);
    t->uses_fp = t->insns[0].pass && is_fp(t->insns[0].i.row);
    t->insns[0].lands = is_call(&t->insns[0]);
    t->insns[0].fp_behind = false;
    flags_of(t, &t->insns[0]);
    t->n = 1;
    t->insns[0].side = false;
    t->b->len = t->b->hi = t->insns[0].i.len;
    t->b->n_insns = 1;
    return true;
}

/* ---- liveness */

/* Status flags that are live behind the last instruction. */
static unsigned end_live(Trans *t)
{
    const TInsn *ti = &t->insns[t->n - 1];
    uint64_t next = (t->b->key.pc + t->b->len) & (t->hflags & HF_CS64 ? ~0ull : 0xffffffff);

    if (!ti->pass || t_fast_kind(t, &ti->i) >= 0) {
        return FL_STATUS;
    }
    if (t_is_jcc(&ti->i)) {
        unsigned live = live_at(t, jump_target(t, ti));

        return live == FL_STATUS ? live : live | live_at(t, next);
    }
    if (ti->i.row->sem == sem_jmp_rel) {
        return live_at(t, jump_target(t, ti));
    }
    return (ti->i.row->flags & (IF_JUMP | IF_END)) && !ti->lands ? FL_STATUS : live_at(t, next);
}

void t_liveness(Trans *t)
{
    unsigned live = end_live(t);

    for (unsigned k = t->n; k-- > 0;) {
        TInsn *ti = &t->insns[k];

        if (ti->side && live != FL_STATUS) {
            live |= live_at(t, jump_target(t, ti));
        }
        ti->live_out = live;
        if (ti->lands) {            /* behind it flags are the callee's */
            ti->read = ti->i.row->sem == sem_call_rel ? live_at(t, jump_target(t, ti)) : FL_STATUS;
            ti->kill = FL_STATUS;
        }
        live = (live & ~ti->kill) | ti->read;
        ti->live = live;
    }
}
