/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System instructions: control and debug registers, MSRs, fast system calls, flags with privilege, I/O, CPUID and
 * time, TLB and cache control, XCR0, FS/GS bases, SMM's RSM (SDM vol. 2; vol. 3, chapters 2, 5, 19). */
#include "target/i386/sys.h"
#include "hw/core/vm.h"
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/sem.h"
#include "util/log.h"

/* ---- control registers */

uint64_t x86_cr4_allowed(const X86Cpu *c)
{
    static const struct { uint32_t bit; uint16_t feature; } rows[] = {
        { CR4_VME | CR4_PVI, FEATURE(FEAT_1_EDX, 1) }, { CR4_TSD, FE_TSC }, { CR4_DE, FEATURE(FEAT_1_EDX, 2) },
        { CR4_PSE, FEATURE(FEAT_1_EDX, 3) }, { CR4_PAE, FEATURE(FEAT_1_EDX, 6) },
        { CR4_MCE, FEATURE(FEAT_1_EDX, 7) }, { CR4_PGE, FEATURE(FEAT_1_EDX, 13) }, { CR4_OSFXSR, FE_FXSR },
        { CR4_OSXMMEXCPT, FE_SSE }, { CR4_UMIP, FE_UMIP }, { CR4_LA57, FEATURE(FEAT_7_0_ECX, 16) },
        { CR4_FSGSBASE, FE_FSGSBASE }, { CR4_PCIDE, FE_PCID }, { CR4_OSXSAVE, FE_XSAVE }, { CR4_SMEP, FE_SMEP },
        { CR4_SMAP, FE_SMAP }, { CR4_PKE, FE_PKU },
    };
    uint64_t may = CR4_PCE;

    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        may |= x86_has_feature(c, rows[k].feature) ? rows[k].bit : 0;
    }
    return may;
}

static void gp(X86Cpu *c) { x86_raise_err(c, EXC_GP, 0); }

static void write_cr0(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;

    if ((v >> 32) || ((v & CR0_PG) && !(v & CR0_PE)) || ((v & CR0_NW) && !(v & CR0_CD))) {
        gp(c);
    }
    if (!(v & CR0_PG) && (env->cr0 & CR0_PG) && (x86_cs64(c) || (env->cr4 & CR4_PCIDE))) {
        gp(c);
    }
    if ((v & CR0_PG) && !(env->cr0 & CR0_PG) && (env->efer & EFER_LME) &&
        (!(env->cr4 & CR4_PAE) || (env->seg[SEG_CS].attr & SEGA_L))) {
        gp(c);
    }
    x86_set_cr0(c, v);
}

static void write_cr3(X86Cpu *c, uint64_t v)
{
    uint64_t high = v & ~(c->env.cr4 & CR4_PCIDE ? 1ull << 63 : 0);

    if (x86_lma(c) && (high >> c->env.phys_bits)) {
        gp(c);
    }
    x86_set_cr3(c, v);
}

static void write_cr4(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    bool lma = x86_lma(c);

    if ((v & ~x86_cr4_allowed(c)) || (lma && (!(v & CR4_PAE) || ((v ^ env->cr4) & CR4_LA57)))) {
        gp(c);
    }
    if ((v & CR4_PCIDE) && !(env->cr4 & CR4_PCIDE) && (!lma || (env->cr3 & 0xfff))) {
        gp(c);
    }
    x86_set_cr4(c, v);
}

static void sem_mov_to_cr(X86Cpu *c, const Insn *i)
{
    uint64_t v = c->env.gpr[i->rm];

    v = x86_cs64(c) ? v : (uint32_t)v;
    switch (i->reg) {
    case 0: write_cr0(c, v); break;
    case 2: c->env.cr2 = v; break;
    case 3: write_cr3(c, v); break;
    case 4: write_cr4(c, v); break;
    case 8:
        if (v >> 4) {
            gp(c);
        }
        x86_set_cr8(c, (uint8_t)v);
        break;
    default:
        x86_raise_ud(c);
    }
}

static void sem_mov_from_cr(X86Cpu *c, const Insn *i)
{
    uint64_t v = 0;

    switch (i->reg) {
    case 0: v = c->env.cr0; break;
    case 2: v = c->env.cr2; break;
    case 3: v = c->env.cr3; break;
    case 4: v = c->env.cr4; break;
    case 8: v = x86_get_cr8(c); break;
    default: x86_raise_ud(c);
    }
    c->env.gpr[i->rm] = x86_cs64(c) ? v : (uint32_t)v;
}

static void sem_clts(X86Cpu *c, const Insn *i)
{
    c->env.cr0 &= ~(uint64_t)CR0_TS;
    x86_update_hflags(c);
}

static void sem_smsw(X86Cpu *c, const Insn *i)
{
    if ((c->env.hflags & HF_UMIP) && x86_cpl(c) != 0) {
        gp(c);
    }
    rm_st(c, i, insn_is_mem(i) ? 2 : i->opsize, c->env.cr0);
}

/* PE can be set this way, not cleared. */
static void sem_lmsw(X86Cpu *c, const Insn *i)
{
    uint64_t v = rm_ld(c, i, 2), cr0 = c->env.cr0;

    x86_set_cr0(c, (cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | (v & (CR0_PE | CR0_MP | CR0_EM | CR0_TS)));
}

/* ---- debug registers */

enum { DR7_GD = 1 << 13, DR6_BD = 1 << 13 };

static unsigned debug_register(X86Cpu *c, const Insn *i)
{
    unsigned n = i->reg;

    if (n > 7 || ((n == 4 || n == 5) && (c->env.cr4 & CR4_DE))) {
        x86_raise_ud(c);
    }
    if (x86_cpl(c) != 0) {
        gp(c);
    }
    if (c->env.dr[7] & DR7_GD) {
        x86_debug_trap(c, DR6_BD);
    }
    return n == 4 || n == 5 ? n + 2 : n;
}

static void sem_mov_from_dr(X86Cpu *c, const Insn *i)
{
    unsigned n = debug_register(c, i);

    c->env.gpr[i->rm] = x86_cs64(c) ? c->env.dr[n] : (uint32_t)c->env.dr[n];
}

static void sem_mov_to_dr(X86Cpu *c, const Insn *i)
{
    unsigned n = debug_register(c, i);
    uint64_t v = c->env.gpr[i->rm];

    v = x86_cs64(c) ? v : (uint32_t)v;
    if (n >= 6 && (v >> 32)) {
        gp(c);
    }
    if (n == 6) {
        v = (v & 0xe00f) | 0xffff0ff0;
    } else if (n == 7) {
        v = (v & 0xffff2fff) | 0x400;
    }
    c->env.dr[n] = v;
    x86_update_hflags(c);
}

/* ---- MSRs, time, identification */

static void set_edx_eax(X86Cpu *c, uint64_t v)
{
    c->env.gpr[R_RAX] = (uint32_t)v;
    c->env.gpr[R_RDX] = v >> 32;
}

static uint64_t edx_eax(const X86Cpu *c)
{
    return (uint32_t)c->env.gpr[R_RAX] | c->env.gpr[R_RDX] << 32;
}

static void sem_rdmsr(X86Cpu *c, const Insn *i)
{
    uint64_t v;

    if (!x86_rdmsr(c, (uint32_t)c->env.gpr[R_RCX], &v)) {
        gp(c);
    }
    set_edx_eax(c, v);
}

static void sem_wrmsr(X86Cpu *c, const Insn *i)
{
    if (!x86_wrmsr(c, (uint32_t)c->env.gpr[R_RCX], edx_eax(c))) {
        gp(c);
    }
}

static void check_tsd(X86Cpu *c)
{
    if ((c->env.cr4 & CR4_TSD) && x86_cpl(c) != 0) {
        gp(c);
    }
}

static void sem_rdtsc(X86Cpu *c, const Insn *i)
{
    check_tsd(c);
    set_edx_eax(c, x86_tsc(c));
}

static void sem_rdtscp(X86Cpu *c, const Insn *i)
{
    check_tsd(c);
    set_edx_eax(c, x86_tsc(c));
    c->env.gpr[R_RCX] = (uint32_t)c->env.tsc_aux;
}

static void sem_rdpid(X86Cpu *c, const Insn *i)
{
    c->env.gpr[i->rm] = c->env.tsc_aux;
}

/* No counters: they stand at zero. */
static void sem_rdpmc(X86Cpu *c, const Insn *i)
{
    if (!(c->env.cr4 & CR4_PCE) && x86_cpl(c) != 0) {
        gp(c);
    }
    set_edx_eax(c, 0);
}

static void sem_cpuid(X86Cpu *c, const Insn *i)
{
    uint32_t out[4];

    x86_cpuid(c, (uint32_t)c->env.gpr[R_RAX], (uint32_t)c->env.gpr[R_RCX], out);
    c->env.gpr[R_RAX] = out[0];
    c->env.gpr[R_RBX] = out[1];
    c->env.gpr[R_RCX] = out[2];
    c->env.gpr[R_RDX] = out[3];
}

/* ---- fast system calls */

enum { CODE_ATTR = SEGA_G | SEGA_P | SEGA_S | SEGA_CODE | SEGA_RW | SEGA_A,
       DATA_ATTR = SEGA_G | SEGA_DB | SEGA_P | SEGA_S | SEGA_RW | SEGA_A };

/* x86_set_flags() comes after it and updates hflags. */
static void flat_cs_ss(X86Cpu *c, uint32_t cs, uint32_t ss, bool b64)
{
    uint32_t dpl = (cs & 3) << SEGA_DPL_SHIFT;

    x86_seg_store(c, SEG_CS, cs, 0, 0xffffffff, CODE_ATTR | dpl | (b64 ? SEGA_L : SEGA_DB));
    x86_seg_store(c, SEG_SS, ss, 0, 0xffffffff, DATA_ATTR | dpl);
}

static bool vendor_intel(const X86Cpu *c) { return strcmp(c->env.vendor, "GenuineIntel") == 0; }

static void sem_syscall(X86Cpu *c, const Insn *i)
{
    X86Env *env = &c->env;
    uint32_t cs = (uint32_t)(env->star >> 32) & 0xfffc;

    if (!(env->efer & EFER_SCE) || !x86_pe(c) || (vendor_intel(c) && !x86_cs64(c))) {
        x86_raise_ud(c);
    }
    if (x86_lma(c)) {
        bool from64 = x86_cs64(c);

        env->gpr[R_RCX] = env->next_rip;
        env->gpr[R_R11] = (env->rflags & ~(uint64_t)FL_RF) | FL_R1;
        flat_cs_ss(c, cs, cs + 8, true);
        x86_set_flags(c, 0, (uint32_t)env->sfmask | FL_RF);
        env->next_rip = from64 ? env->lstar : env->cstar;
    } else {
        env->gpr[R_RCX] = (uint32_t)env->next_rip;
        flat_cs_ss(c, cs, cs + 8, false);
        x86_set_flags(c, 0, FL_IF | FL_RF | FL_VM);
        env->next_rip = (uint32_t)env->star;
    }
}

static void sem_sysret(X86Cpu *c, const Insn *i)
{
    X86Env *env = &c->env;
    uint32_t cs = (uint32_t)(env->star >> 48) & 0xffff;
    uint64_t rip = env->gpr[R_RCX];

    if (!(env->efer & EFER_SCE) || (vendor_intel(c) && !x86_cs64(c))) {
        x86_raise_ud(c);
    }
    if (!x86_pe(c) || x86_cpl(c) != 0 || (i->opsize == 8 && !x86_canonical(c, rip))) {
        gp(c);
    }
    if (i->opsize == 8) {
        flat_cs_ss(c, (cs + 16) | 3, (cs + 8) | 3, true);
    } else {
        flat_cs_ss(c, cs | 3, (cs + 8) | 3, false);
        rip = (uint32_t)rip;
    }
    env->next_rip = rip;
    if (x86_lma(c)) {
        x86_set_flags(c, env->gpr[R_R11], FL_ALL & ~(uint64_t)(FL_RF | FL_VM));
    } else {
        x86_set_flags(c, FL_IF, FL_IF);
    }
}

/* AMD processors have them in legacy mode only. */
static void check_sysenter(X86Cpu *c)
{
    if (x86_lma(c) && !vendor_intel(c)) {
        x86_raise_ud(c);
    }
    if (!x86_pe(c) || (c->env.sysenter_cs & 0xfffc) == 0) {
        gp(c);
    }
}

static void sem_sysenter(X86Cpu *c, const Insn *i)
{
    X86Env *env = &c->env;
    uint32_t cs = env->sysenter_cs & 0xfffc;

    check_sysenter(c);
    flat_cs_ss(c, cs, cs + 8, x86_lma(c));
    x86_set_flags(c, 0, FL_VM | FL_IF | FL_RF);
    env->gpr[R_RSP] = x86_lma(c) ? env->sysenter_esp : (uint32_t)env->sysenter_esp;
    env->next_rip = x86_lma(c) ? env->sysenter_eip : (uint32_t)env->sysenter_eip;
}

static void sem_sysexit(X86Cpu *c, const Insn *i)
{
    X86Env *env = &c->env;
    uint32_t cs = env->sysenter_cs & 0xfffc;
    uint64_t rip = env->gpr[R_RDX], rsp = env->gpr[R_RCX];

    check_sysenter(c);
    if (x86_cpl(c) != 0 || (i->opsize == 8 && (!x86_canonical(c, rip) || !x86_canonical(c, rsp)))) {
        gp(c);
    }
    if (i->opsize == 8) {
        flat_cs_ss(c, (cs + 32) | 3, (cs + 40) | 3, true);
    } else {
        flat_cs_ss(c, (cs + 16) | 3, (cs + 24) | 3, false);
        rip = (uint32_t)rip;
        rsp = (uint32_t)rsp;
    }
    env->gpr[R_RSP] = rsp;
    env->next_rip = rip;
    x86_update_hflags(c);
}

/* ---- interrupt flag, halt */

/* Below IOPL: VIF takes IF's place with VME in virtual-8086 mode, with PVI at level 3; else #GP. */
static bool uses_vif(X86Cpu *c)
{
    if (!x86_pe(c) || x86_cpl(c) <= x86_iopl(c)) {
        return false;
    }
    if (x86_vm86(c) ? !(c->env.cr4 & CR4_VME) : !(c->env.cr4 & CR4_PVI) || x86_cpl(c) != 3) {
        gp(c);
    }
    return true;
}

static void sem_cli(X86Cpu *c, const Insn *i)
{
    x86_set_flags(c, 0, uses_vif(c) ? FL_VIF : FL_IF);
}

static void sem_sti(X86Cpu *c, const Insn *i)
{
    if (uses_vif(c)) {
        if (c->env.rflags & FL_VIP) {
            gp(c);
        }
        x86_set_flags(c, FL_VIF, FL_VIF);
        return;
    }
    if (!(c->env.rflags & FL_IF)) {
        c->env.shadow = SHADOW_STI;
    }
    x86_set_flags(c, FL_IF, FL_IF);
}

static void sem_hlt(X86Cpu *c, const Insn *i)
{
    guest_note_outside(&c->cpu, "halt", c->env.rip);
    c->cpu.halted = true;
}

static void sem_monitor(X86Cpu *c, const Insn *i)
{
    if ((uint32_t)c->env.gpr[R_RCX] != 0) {
        gp(c);
    }
    c->env.mon_addr = insn_linear(c, i->seg, c->env.gpr[R_RAX] & size_mask(i->adsize), 1, ACCESS_LOAD, i->adsize);
    guest_check(&c->cpu, c->env.mon_addr, 1, ACCESS_LOAD, c->env.mmu_mode);
}

/* Stores of others are not watched: with other vCPUs about, the wait ends at once, which is allowed. */
static void sem_mwait(X86Cpu *c, const Insn *i)
{
    if (c->env.gpr[R_RCX] & ~1u) {
        gp(c);
    }
    if (c->cpu.dev.vm->cpus->len == 1 && (c->env.rflags & FL_IF)) {
        c->cpu.halted = true;
    }
}

static void sem_rsm(X86Cpu *c, const Insn *i)
{
    if (!c->env.smm) {
        x86_raise_ud(c);
    }
    x86_smm_leave(c);
}

/* ---- ports */

void x86_check_io(X86Cpu *c, unsigned port, unsigned size)
{
    const X86Seg *tr = &c->env.seg[SEG_TR];

    if (!x86_pe(c) || (!x86_vm86(c) && x86_cpl(c) <= x86_iopl(c))) {
        return;
    }
    if (!(tr->attr & SEGA_P) || !(tr->attr & (8 << 8)) || tr->limit < 0x67) {
        gp(c);
    }
    uint32_t at = guest_ld16(&c->cpu, x86_lin(c, tr->base + 0x66), MMU_IMPLICIT) + (port >> 3);
    if (at + 1 > tr->limit) {
        gp(c);
    }
    uint32_t bits = guest_ld16(&c->cpu, x86_lin(c, tr->base + at), MMU_IMPLICIT) >> (port & 7);
    if (bits & ((1u << size) - 1)) {
        gp(c);
    }
}

uint32_t x86_io_read(X86Cpu *c, unsigned port, unsigned size)
{
    if (UNLIKELY(c->env.hflags & HF_DR7)) {
        x86_watch_io(c, port, size);
    }
    guest_note_outside(&c->cpu, "read of port", port);
    return (uint32_t)addr_space_ld(c->cpu.io, port, size, MEM_ATTRS_NONE, NULL);
}

void x86_io_write(X86Cpu *c, unsigned port, unsigned size, uint32_t v)
{
    if (UNLIKELY(c->env.hflags & HF_DR7)) {
        x86_watch_io(c, port, size);
    }
    guest_note_outside(&c->cpu, "write to port", port);
    addr_space_st(c->cpu.io, port, v, size, MEM_ATTRS_NONE, NULL);
}

/* E4-E7 take the port from the instruction, EC-EF from DX; bit 0: wider than a byte; bit 1: out. */
static unsigned io_port(const X86Cpu *c, const Insn *i)
{
    return i->opcode & 8 ? (uint16_t)c->env.gpr[R_RDX] : (uint8_t)i->imm;
}

static unsigned io_size(const Insn *i) { return !(i->opcode & 1) ? 1 : i->opsize == 2 ? 2 : 4; }

static void sem_in(X86Cpu *c, const Insn *i)
{
    unsigned port = io_port(c, i), n = io_size(i);

    x86_check_io(c, port, n);
    acc_st(c, R_RAX, n, x86_io_read(c, port, n));
}

static void sem_out(X86Cpu *c, const Insn *i)
{
    unsigned port = io_port(c, i), n = io_size(i);

    x86_check_io(c, port, n);
    x86_io_write(c, port, n, (uint32_t)acc_ld(c, R_RAX, n));
}

/* ---- TLB and caches */

static void sem_invlpg(X86Cpu *c, const Insn *i)
{
    uint64_t ea = insn_ea(c, i), base = x86_cs64(c) && i->seg < SEG_FS ? 0 : c->env.seg[i->seg].base;
    uint64_t la = x86_lin(c, base + ea);

    if (!x86_lma(c) || x86_canonical(c, la)) {
        guest_tlb_flush_page(&c->cpu, la);
        x86_interp_flush(c);
    }
}

enum { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_ALL_NON_GLOBAL };

static void sem_invpcid(X86Cpu *c, const Insn *i)
{
    uint64_t type = reg_ld(c, i, i->reg, x86_cs64(c) ? 8 : 4);
    uint64_t va = insn_mem(c, i, 16, ACCESS_LOAD);
    uint64_t pcid = mem_ld(c, va, 8), la = mem_ld(c, va + 8, 8);

    if (type > INVPCID_ALL_NON_GLOBAL || (type <= INVPCID_CONTEXT && (pcid >> 12)) ||
        (type <= INVPCID_CONTEXT && pcid != 0 && !(c->env.cr4 & CR4_PCIDE)) ||
        (type == INVPCID_ADDRESS && !x86_canonical(c, la))) {
        gp(c);
    }
    switch (type) {
    case INVPCID_ADDRESS: guest_tlb_flush_page_asid(&c->cpu, (unsigned)pcid, la); break;
    case INVPCID_CONTEXT: guest_tlb_flush_asid(&c->cpu, (unsigned)pcid, false); break;
    case INVPCID_ALL: guest_tlb_flush(&c->cpu, true); break;
    default: guest_tlb_flush(&c->cpu, false); break;
    }
    x86_interp_flush(c);
}

static void sem_no_cache(X86Cpu *c, const Insn *i)
{
}

/* ---- SMAP, XCR0, protection keys */

static void sem_clac_stac(X86Cpu *c, const Insn *i)
{
    if (!x86_pe(c) || x86_vm86(c) || x86_cpl(c) != 0) {
        x86_raise_ud(c);
    }
    x86_set_flags(c, i->modrm == 0xcb ? FL_AC : 0, FL_AC);
}

static void need_osxsave(X86Cpu *c)
{
    if (!(c->env.cr4 & CR4_OSXSAVE)) {
        x86_raise_ud(c);
    }
}

static void sem_xgetbv(X86Cpu *c, const Insn *i)
{
    uint32_t index = (uint32_t)c->env.gpr[R_RCX];

    need_osxsave(c);
    if (index == 0) {
        set_edx_eax(c, c->env.xcr0);
    } else if (index == 1 && x86_has_feature(c, FE_XGETBV1)) {
        set_edx_eax(c, x86_xinuse(c));
    } else {
        gp(c);
    }
}

static void sem_xsetbv(X86Cpu *c, const Insn *i)
{
    uint64_t v = edx_eax(c), wide = XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16;

    need_osxsave(c);
    if (x86_cpl(c) != 0 || (uint32_t)c->env.gpr[R_RCX] != 0 || (v & ~x86_xcr0_supported(c)) || !(v & XCR0_X87) ||
        ((v & XCR0_AVX) && !(v & XCR0_SSE)) || ((v & wide) && ((v & wide) != wide || !(v & XCR0_AVX)))) {
        gp(c);
    }
    c->env.xcr0 = v;
    x86_update_hflags(c);
}

static void sem_rdpkru(X86Cpu *c, const Insn *i)
{
    if (!(c->env.cr4 & CR4_PKE)) {
        x86_raise_ud(c);
    }
    if ((uint32_t)c->env.gpr[R_RCX] != 0) {
        gp(c);
    }
    set_edx_eax(c, c->env.xs.pkru);
}

static void sem_wrpkru(X86Cpu *c, const Insn *i)
{
    if (!(c->env.cr4 & CR4_PKE)) {
        x86_raise_ud(c);
    }
    if ((uint32_t)c->env.gpr[R_RCX] != 0 || (uint32_t)c->env.gpr[R_RDX] != 0) {
        gp(c);
    }
    c->env.xs.pkru = (uint32_t)c->env.gpr[R_RAX];
    guest_tlb_flush(&c->cpu, true);
}

/* ---- FS and GS bases */

static void need_fsgsbase(X86Cpu *c)
{
    if (!(c->env.cr4 & CR4_FSGSBASE)) {
        x86_raise_ud(c);
    }
}

static void sem_rd_base(X86Cpu *c, const Insn *i)
{
    need_fsgsbase(c);
    reg_st(c, i, i->rm, i->opsize, c->env.seg[i->modrm >> 3 & 1 ? SEG_GS : SEG_FS].base);
}

static void sem_wr_base(X86Cpu *c, const Insn *i)
{
    uint64_t v = reg_ld(c, i, i->rm, i->opsize);

    need_fsgsbase(c);
    if (!x86_canonical(c, v)) {
        gp(c);
    }
    c->env.seg[i->modrm >> 3 & 1 ? SEG_GS : SEG_FS].base = v;
}

static void sem_swapgs(X86Cpu *c, const Insn *i)
{
    uint64_t v = c->env.seg[SEG_GS].base;

    c->env.seg[SEG_GS].base = c->env.kernel_gs_base;
    c->env.kernel_gs_base = v;
}

/* ---- rows */

#define SYS01(x, r, nm, fl, fe, s) \
    { ROW_EXT_RM(MAP_0F, 0x01, x, r, nm), .pfx = PFX_NONE, .flags = IF_REG_ONLY | IF_IMPLICIT | IF_END | (fl), \
      .feature = fe, .gpr_read = 7, .gpr_write = 7, .sem = s }
#define PLAIN(o, nm, fl, s) { ROW_AT(MAP_0F, o, nm), .flags = IF_END | (fl), .sem = s }
enum { ACD = 1 << R_RAX | 1 << R_RCX | 1 << R_RDX, R11_RCX = 1 << R_R11 | 1 << R_RCX };

static const InsnRow rows[] = {
    { ROW_AT(MAP_0F, 0x22, "mov"), .op = { OP_Cy, OP_Ry }, .flags = IF_PRIV | IF_END | IF_F64, .sem = sem_mov_to_cr },
    { ROW_AT(MAP_0F, 0x20, "mov"), .op = { OP_Ry, OP_Cy }, .flags = IF_PRIV | IF_F64, .sem = sem_mov_from_cr },
    { ROW_AT(MAP_0F, 0x23, "mov"), .op = { OP_Dy, OP_Ry }, .flags = IF_END | IF_F64, .sem = sem_mov_to_dr },
    { ROW_AT(MAP_0F, 0x21, "mov"), .op = { OP_Ry, OP_Dy }, .flags = IF_F64, .sem = sem_mov_from_dr },
    PLAIN(0x06, "clts", IF_PRIV, sem_clts),
    { ROW_EXT(MAP_0F, 0x01, 4, "smsw"), .op = { OP_Ev }, .mem = MEM_2, .acc = ACC_W, .sem = sem_smsw },
    { ROW_EXT(MAP_0F, 0x01, 6, "lmsw"), .op = { OP_Ew }, .mem = MEM_2, .acc = ACC_R, .flags = IF_PRIV | IF_END,
      .sem = sem_lmsw },
    { ROW_AT(MAP_0F, 0x32, "rdmsr"), .flags = IF_PRIV | IF_IMPLICIT, .feature = FE_MSR, .gpr_read = 1 << R_RCX,
      .gpr_write = 1 << R_RAX | 1 << R_RDX, .sem = sem_rdmsr },
    { ROW_AT(MAP_0F, 0x30, "wrmsr"), .flags = IF_PRIV | IF_END | IF_IMPLICIT, .feature = FE_MSR, .gpr_read = ACD,
      .sem = sem_wrmsr },
    { ROW_AT(MAP_0F, 0x31, "rdtsc"), .flags = IF_IMPLICIT, .feature = FE_TSC,
      .gpr_write = 1 << R_RAX | 1 << R_RDX, .sem = sem_rdtsc },
    { ROW_AT(MAP_0F, 0x33, "rdpmc"), .flags = IF_IMPLICIT, .gpr_write = 1 << R_RAX | 1 << R_RDX, .sem = sem_rdpmc },
    { ROW_AT(MAP_0F, 0xa2, "cpuid"), .flags = IF_IMPLICIT, .gpr_read = 1 << R_RAX | 1 << R_RCX, .gpr_write = 15,
      .sem = sem_cpuid },
    SYS01(7, 1, "rdtscp", 0, FE_RDTSCP, sem_rdtscp),
    { ROW_EXT(MAP_0F, 0xc7, 7, "rdpid"), .pfx = PFX_F3, .op = { OP_Ry }, .flags = IF_REG_ONLY, .feature = FE_RDPID,
      .sem = sem_rdpid },

    { ROW_AT(MAP_0F, 0x05, "syscall"), .flags = IF_JUMP | IF_END | IF_IMPLICIT, .feature = FE_SYSCALL,
      .gpr_write = R11_RCX, .sem = sem_syscall },
    { ROW_AT(MAP_0F, 0x07, "sysret"), .flags = IF_JUMP | IF_END | IF_IMPLICIT, .feature = FE_SYSCALL,
      .gpr_read = R11_RCX, .fl_write = FL_STATUS | FL_DF, .sem = sem_sysret },
    { ROW_AT(MAP_0F, 0x34, "sysenter"), .flags = IF_JUMP | IF_END | IF_IMPLICIT, .feature = FE_SEP,
      .gpr_write = 1 << R_RSP, .sem = sem_sysenter },
    { ROW_AT(MAP_0F, 0x35, "sysexit"), .flags = IF_JUMP | IF_END | IF_IMPLICIT, .feature = FE_SEP,
      .gpr_read = 1 << R_RCX | 1 << R_RDX, .gpr_write = 1 << R_RSP, .sem = sem_sysexit },
    { ROW_AT(MAP_0F, 0xaa, "rsm"), .flags = IF_JUMP | IF_END | IF_IMPLICIT, .gpr_write = 0xffff,
      .fl_write = FL_STATUS | FL_DF, .sem = sem_rsm },

    { ROW_AT(MAP_1, 0xfa, "cli"), .flags = IF_END, .sem = sem_cli },
    { ROW_AT(MAP_1, 0xfb, "sti"), .flags = IF_END, .sem = sem_sti },
    { ROW_AT(MAP_1, 0xf4, "hlt"), .flags = IF_PRIV | IF_END | IF_JUMP, .sem = sem_hlt },
    { ROW_AT(MAP_1, 0xe4, "in"), .op = { OP_AL, OP_Ib }, .flags = IF_IMPLICIT, .gpr_write = 1, .sem = sem_in },
    { ROW_AT(MAP_1, 0xe5, "in"), .op = { OP_rAX, OP_Ib }, .flags = IF_IMPLICIT, .gpr_write = 1, .sem = sem_in },
    { ROW_AT(MAP_1, 0xe6, "out"), .op = { OP_Ib, OP_AL }, .flags = IF_IMPLICIT | IF_END, .gpr_read = 1,
      .sem = sem_out },
    { ROW_AT(MAP_1, 0xe7, "out"), .op = { OP_Ib, OP_rAX }, .flags = IF_IMPLICIT | IF_END, .gpr_read = 1,
      .sem = sem_out },
    { ROW_AT(MAP_1, 0xec, "in"), .op = { OP_AL, OP_DX }, .flags = IF_IMPLICIT, .gpr_read = 1 << R_RDX,
      .gpr_write = 1, .sem = sem_in },
    { ROW_AT(MAP_1, 0xed, "in"), .op = { OP_rAX, OP_DX }, .flags = IF_IMPLICIT, .gpr_read = 1 << R_RDX,
      .gpr_write = 1, .sem = sem_in },
    { ROW_AT(MAP_1, 0xee, "out"), .op = { OP_DX, OP_AL }, .flags = IF_IMPLICIT | IF_END,
      .gpr_read = 1 | 1 << R_RDX, .sem = sem_out },
    { ROW_AT(MAP_1, 0xef, "out"), .op = { OP_DX, OP_rAX }, .flags = IF_IMPLICIT | IF_END,
      .gpr_read = 1 | 1 << R_RDX, .sem = sem_out },

    { ROW_EXT(MAP_0F, 0x01, 7, "invlpg"), .op = { OP_M }, .mem = MEM_1, .acc = ACC_ADDR,
      .flags = IF_MEM_ONLY | IF_PRIV | IF_END, .sem = sem_invlpg },
    { ROW_AT(MAP_0F38, 0x82, "invpcid"), .pfx = PFX_66, .op = { OP_Gy, OP_M }, .mem = MEM_16, .acc = ACC_R,
      .flags = IF_MEM_ONLY | IF_PRIV | IF_END, .feature = FE_INVPCID, .sem = sem_invpcid },
    PLAIN(0x08, "invd", IF_PRIV, sem_no_cache), PLAIN(0x09, "wbinvd", IF_PRIV, sem_no_cache),

    SYS01(1, 0, "monitor", IF_PRIV, FE_MONITOR, sem_monitor), SYS01(1, 1, "mwait", IF_PRIV, FE_MONITOR, sem_mwait),
    SYS01(1, 2, "clac", 0, FE_SMAP, sem_clac_stac), SYS01(1, 3, "stac", 0, FE_SMAP, sem_clac_stac),
    SYS01(2, 0, "xgetbv", 0, FE_XSAVE, sem_xgetbv), SYS01(2, 1, "xsetbv", 0, FE_XSAVE, sem_xsetbv),
    SYS01(5, 6, "rdpkru", 0, FE_PKU, sem_rdpkru), SYS01(5, 7, "wrpkru", 0, FE_PKU, sem_wrpkru),
    { ROW_EXT_RM(MAP_0F, 0x01, 7, 0, "swapgs"), .flags = IF_REG_ONLY | IF_PRIV | IF_O64 | IF_END,
      .sem = sem_swapgs },

    { ROW_EXT(MAP_0F, 0xae, 0, "rdfsbase"), .pfx = PFX_F3, .op = { OP_Ry }, .flags = IF_REG_ONLY | IF_O64,
      .feature = FE_FSGSBASE, .sem = sem_rd_base },
    { ROW_EXT(MAP_0F, 0xae, 1, "rdgsbase"), .pfx = PFX_F3, .op = { OP_Ry }, .flags = IF_REG_ONLY | IF_O64,
      .feature = FE_FSGSBASE, .sem = sem_rd_base },
    { ROW_EXT(MAP_0F, 0xae, 2, "wrfsbase"), .pfx = PFX_F3, .op = { OP_Ry }, .flags = IF_REG_ONLY | IF_O64,
      .feature = FE_FSGSBASE, .sem = sem_wr_base },
    { ROW_EXT(MAP_0F, 0xae, 3, "wrgsbase"), .pfx = PFX_F3, .op = { OP_Ry }, .flags = IF_REG_ONLY | IF_O64,
      .feature = FE_FSGSBASE, .sem = sem_wr_base },
};
INSN_ROWS(sys, rows);
