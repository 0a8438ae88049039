/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REP MOVS and REP STOS of 64-bit code by the host's own, when source and destination each lie in one page of
 * plain memory and DF is clear. All else is interpreted. */
#include "target/i386/tcg/translate.h"

bool t_string_ok(const Trans *t, const Insn *i)
{
    bool movs = i->row->sem == sem_movs, stos = i->row->sem == sem_stos;

    return (movs || stos) && (t->hflags & HF_CS64) && i->adsize == 8 && (i->pfx & IPFX_REP) &&
           (stos || (i->seg != SEG_FS && i->seg != SEG_GS));
}

static void slow_unless(Trans *t, unsigned cc_bad)
{
    t_slow_on(t, a_jcc(&t->a, cc_bad));
}

/* Host address of [reg], all RCX elements of it being in the page, into T1. */
static void lookup_string(Trans *t, unsigned reg, unsigned shift, bool write)
{
    Asm *a = &t->a;
    int32_t at = t->mode * (int32_t)sizeof(t->v->set->data[0]);
    AsmMem e = htlb(T2, 0, at + (int32_t)(write ? offsetof(TlbEntry, wtag) : offsetof(TlbEntry, rtag)));

    uint8_t *retry = a->p;
    SlowRef *miss;

    a_mov_rr(a, 1, T1, reg);
    a_mov_rr(a, 0, T2, T1);
    a_rr(a, 0, 0xc1, 5, T2);                                    /* shr */
    a8(a, PAGE_BITS - 5);
    a_alu_ri(a, 0, ALU_AND, T2, (TLB_SIZE - 1) << 5);
    a_rm(a, 1, 0x2b, T1, e);                                    /* sub */
    a_alu_ri(a, 1, ALU_CMP, T1, PAGE_SIZE - 1);
    miss = t_slow_on(t, a_jcc(a, CC_A));        /* of the first element: there is one */
    miss->size = 1;
    miss->how = write ? SITE_WRITE : 0;
    miss->retry = retry;
    a_lea(a, 1, T1, (AsmMem){ .base = T1, .index = H_RCX, .scale = shift });
    a_alu_ri(a, 1, ALU_CMP, T1, PAGE_SIZE);
    slow_unless(t, CC_A);
    e = htlb(T2, 0, at + (int32_t)offsetof(TlbEntry, addend));
    a_load(a, 1, T1, e);
    a_rr(a, 1, 0x01, reg, T1);                                  /* add */
}

void t_string(Trans *t, const TInsn *ti)
{
    Asm *a = &t->a;
    const Insn *i = &ti->i;
    bool movs = i->row->sem == sem_movs;
    unsigned shift = __builtin_ctz(i->opsize);
    uint8_t *none;

    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_rm(a, 0, 0xf7, 0, a_at(T2, offsetof(X86Env, rflags)));    /* test dword */
    a32(a, FL_DF);
    slow_unless(t, CC_NE);
    a_rr(a, 1, 0x85, H_RCX, H_RCX);                             /* test */
    none = a_jcc(a, CC_E);
    a_alu_ri(a, 1, ALU_CMP, H_RCX, PAGE_SIZE);
    slow_unless(t, CC_A);
    if (movs) {
        lookup_string(t, H_RSI, shift, false);
        a_store(a, 1, a_frame(a, F_TMP), T1);
    }
    lookup_string(t, H_RDI, shift, true);
    a_mov_rr(a, 1, T2, H_RCX);
    a_rr(a, 1, 0xc1, 4, T2);                                    /* shl: bytes */
    a8(a, shift);
    a_rr(a, 1, 0x01, H_RDI, T2);                                /* RDI as it will be */
    a_store(a, 1, a_frame(a, F_MISS), T2);
    if (movs) {
        a_rr(a, 1, 0x29, H_RDI, T2);
        a_rr(a, 1, 0x01, H_RSI, T2);
        a_store(a, 1, a_frame(a, F_MISS_AT), T2);
        a_load(a, 1, H_RSI, a_frame(a, F_TMP));
    }
    a_mov_rr(a, 1, H_RDI, T1);
    a8(a, 0xf3);
    if (i->opsize == 2) {
        a8(a, 0x66);
    } else if (i->opsize == 8) {
        a8(a, 0x48);
    }
    a8(a, (movs ? 0xa4 : 0xaa) | (i->opsize != 1));
    a_load(a, 1, H_RDI, a_frame(a, F_MISS));
    if (movs) {
        a_load(a, 1, H_RSI, a_frame(a, F_MISS_AT));
    }
    a_patch(none, a->p);
}
