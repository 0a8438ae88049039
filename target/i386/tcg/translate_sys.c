/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RDTSC, RDTSCP and PAUSE inline; CPUID, IN and OUT by C functions that are called in the middle of a block with
 * little more than the caller-saved registers out of the way (quick.c). What those leave out goes to the
 * interpreter. Not where somebody follows or counts instructions (TcgVcpu.plain). */
#include "target/i386/tcg/translate.h"

enum { O_PAUSES_A_LOOK = 63 };      /* sem_pause() does something every 64th time */

static unsigned opcode_of(const Insn *i, unsigned map)
{
    return i->row->enc == ENC_LEGACY && i->row->map == map ? i->opcode : 0x100;
}

static bool is_rdtscp(const Insn *i)
{
    return opcode_of(i, MAP_0F) == 0x01 && i->modrm == 0xf9;
}

static bool is_rdtsc(const Insn *i)
{
    return opcode_of(i, MAP_0F) == 0x31 || is_rdtscp(i);
}

static bool is_pause(const Insn *i)
{
    return i->row->sem == sem_pause && i->rm == R_RAX;
}

/* QUICK_*; -1: another instruction. */
static int quick_kind(const Insn *i)
{
    unsigned o = opcode_of(i, MAP_1);

    if (o == 0xe4 || o == 0xe5 || o == 0xec || o == 0xed) {
        return QUICK_IN;
    }
    if (o == 0xe6 || o == 0xe7 || o == 0xee || o == 0xef) {
        return QUICK_OUT;
    }
    return opcode_of(i, MAP_0F) == 0xa2 ? QUICK_CPUID : -1;
}

/* Images of 64-bit code, with 64-bit pointers. */
static bool is_image(const Trans *t, const Insn *i)
{
    const InsnRow *r = i->row;
    bool named = r->sem == sem_xsavec || r->sem == sem_xrstor || r->sem == sem_xrstors;

    return named && x86_stubs(t->v)->xsavec && (i->pfx & IPFX_MEM) && (i->rex & 8) && (t->hflags & HF_CS64) &&
           (t->hflags & HF_OSXSAVE) && i->adsize == 8 && i->seg != SEG_FS && i->seg != SEG_GS;
}

/* What x86_quick_fp() does. CR0.TS is clear. */
static int fp_kind(const Trans *t, const Insn *i)
{
    if (t->hflags >> 12 & 1) {
        return -1;
    }
    if (is_image(t, i)) {
        return i->row->sem == sem_xsavec ? QUICK_XSAVEC : QUICK_XRSTOR;
    }
    return i->row->sem == sem_fnclex && !(t->hflags >> 13 & 1) ? QUICK_FNCLEX : -1;
}

bool t_sys_ok(const Trans *t, const Insn *i)
{
    return t->v->plain && !(i->pfx & IPFX_LOCK) && (is_rdtsc(i) || is_pause(i) ||
           quick_kind(i) >= 0 || fp_kind(t, i) >= 0);
}

static AsmMem of_cpu(size_t off)
{
    return a_at(T2, (int32_t)off - (int32_t)offsetof(X86Cpu, env));
}

/* x86_cpu_read_tsc(). RAX and RDX are results: the interpreter does not mind what is in them. */
static void emit_rdtsc(Trans *t, const Insn *i)
{
    Asm *a = &t->a;

    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    if (t->mode == X86_MMU_USER) {
        a_rm(a, 0, 0xf6, 0, a_at(T2, offsetof(X86Env, cr4)));       /* test byte */
        a8(a, CR4_TSD);
        t_slow_on(t, a_jcc(a, CC_NE));
    }
    a_alu_mi(a, 1, ALU_CMP, of_cpu(offsetof(X86Cpu, tsc.scale)), 0);
    t_slow_on(t, a_jcc(a, CC_E));
    if (is_rdtscp(i) || !t->v->sole) {      /* what others have read is less */
        a8(a, 0x0f), a8(a, 0xae), a8(a, 0xe8);                  /* lfence */
    }
    a16(a, 0x310f);                                             /* rdtsc */
    a_rr(a, 1, 0xc1, 4, H_RDX);                                 /* shl */
    a8(a, 32);
    a_rr(a, 1, 0x09, H_RDX, H_RAX);                             /* or */
    a_rm(a, 1, 0x2b, H_RAX, of_cpu(offsetof(X86Cpu, tsc.host)));        /* sub */
    t_slow_on(t, a_jcc(a, CC_B));
    a_rm(a, 1, 0xf7, 4, of_cpu(offsetof(X86Cpu, tsc.scale)));   /* mul */
    a_rr(a, 1, 0x0fac, H_RDX, H_RAX);                           /* shrd */
    a8(a, 32);
    a_rm(a, 1, 0x03, H_RAX, of_cpu(offsetof(X86Cpu, tsc.ticks)));       /* add */
    a_rm(a, 1, 0x03, H_RAX, a_at(T2, offsetof(X86Env, tsc_offset)));
    a_mov_rr(a, 1, H_RDX, H_RAX);
    a_rr(a, 1, 0xc1, 5, H_RDX);                                 /* shr */
    a8(a, 32);
    a_mov_rr(a, 0, H_RAX, H_RAX);
    if (is_rdtscp(i)) {
        a_load(a, 0, H_RCX, a_at(T2, offsetof(X86Env, tsc_aux)));
    }
}

static void emit_pause(Trans *t)
{
    Asm *a = &t->a;

    t_save_flags(t);
    a_load(a, 1, T2, a_frame(a, F_ENV));
    a_load(a, 0, T1, of_cpu(offsetof(X86Cpu, pauses)));
    a_alu_ri(a, 0, ALU_ADD, T1, 1);
    a_rr(a, 0, 0xf7, 0, T1);                                    /* test */
    a32(a, O_PAUSES_A_LOOK);
    t_slow_on(t, a_jcc(a, CC_E));
    a_store(a, 0, of_cpu(offsetof(X86Cpu, pauses)), T1);
    a16(a, 0x90f3);
}

/* The call, and what x86_quick() has to know, behind it. */
static void emit_quick(Trans *t, const TInsn *ti, unsigned kind)
{
    const Insn *i = &ti->i;
    SlowSite site = { .block = (uintptr_t)t->b, .at = ti->at, .next = ti->at + i->len, .count = 1,
                      .fp = t->fp_ready, .how = kind, .resume = (uint8_t)i->imm };
    uint8_t *at;

    if (kind >= QUICK_XSAVEC) {
        site.resume = i->row->flags & IF_PRIV ? QUICK_PRIVILEGED : 0;
    } else if (kind != QUICK_CPUID) {
        site.size = !(i->opcode & 1) ? 1 : i->opsize == 2 ? 2 : 4;
        site.resume |= i->opcode & 8 ? QUICK_PORT_DX : 0;
    }
    t_save_flags(t);
    if (kind == QUICK_XSAVEC || kind == QUICK_XRSTOR) {
        t_ea(t, i, T1);
        a_store(&t->a, 1, a_frame(&t->a, F_MISS), T1);
    }
    at = t_site(t, x86_stubs(t->v)->quick, &site);
    site.cont = (uintptr_t)t->a.p;
    memcpy(at, &site, sizeof(site));
}

void t_sys(Trans *t, const TInsn *ti)
{
    if (is_rdtsc(&ti->i)) {
        emit_rdtsc(t, &ti->i);
    } else if (is_pause(&ti->i)) {
        emit_pause(t);
    } else {
        int fp = fp_kind(t, &ti->i);

        emit_quick(t, ti, fp >= 0 ? fp : quick_kind(&ti->i));
    }
}
