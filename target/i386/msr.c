/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model specific registers (SDM vol. 4; AMD APM vol. 2, appendix A; Linux Documentation/virt/kvm/x86/msr.rst for the
 * paravirtual ones). What has plain storage in X86Env is a row; the rest is one function a register.
 * Performance counters, LBR and machine-check injection are not modelled. */
#include "target/i386/sys.h"

#include <inttypes.h>
#include <string.h>

#include "hw/core/vm.h"
#include "target/i386/apic_if.h"
#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "util/bits.h"
#include "util/log.h"
#include "util/timer.h"

enum {
    MSR_PLATFORM_ID = 0x17, MSR_P5_MC_ADDR = 0, MSR_P5_MC_TYPE = 1, MSR_TSC = 0x10, MSR_APIC_BASE = 0x1b,
    MSR_EBL_CR_POWERON = 0x2a, MSR_FEATURE_CONTROL = 0x3a, MSR_TSC_ADJUST = 0x3b, MSR_SPEC_CTRL = 0x48,
    MSR_PRED_CMD = 0x49, MSR_BIOS_UPDT_TRIG = 0x79, MSR_BIOS_SIGN_ID = 0x8b, MSR_SMBASE = 0x9e, MSR_MPERF = 0xe7,
    MSR_APERF = 0xe8, MSR_MTRRCAP = 0xfe, MSR_ARCH_CAPABILITIES = 0x10a, MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_MCG_CAP = 0x179, MSR_MCG_STATUS, MSR_MCG_CTL,
    MSR_PERF_STATUS = 0x198, MSR_MISC_ENABLE = 0x1a0, MSR_DEBUGCTL = 0x1d9, MSR_MTRR_PHYS = 0x200,
    MSR_MTRR_FIX64K = 0x250, MSR_MTRR_FIX16K = 0x258, MSR_MTRR_FIX4K = 0x268, MSR_PAT = 0x277,
    MSR_MTRR_DEF = 0x2ff, MSR_MC0_CTL = 0x400, MSR_TSC_DEADLINE = 0x6e0, MSR_X2APIC = 0x800,
    MSR_X2APIC_LAST = 0x8ff, MSR_XSS = 0xda0, MSR_SMI_COUNT = 0x34, MSR_PLATFORM_INFO = 0xce,
    MSR_CORE_THREAD_COUNT = 0x35,
    MSR_KVM_WALL_OLD = 0x11, MSR_KVM_TIME_OLD = 0x12, MSR_KVM_WALL = 0x4b564d00, MSR_KVM_TIME,
    MSR_KVM_ASYNC_PF, MSR_KVM_STEAL, MSR_KVM_PV_EOI, MSR_KVM_POLL, MSR_KVM_LAST = 0x4b564d07,
    MSR_VM_CR = 0xc0010114, MSR_VM_HSAVE = 0xc0010117,
};
enum { MSR_EFER = 0xc0000080u, MSR_STAR = 0xc0000081u, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK };
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

/* ---- plain storage */

enum { KIND_U64, KIND_CANONICAL, KIND_U32 };
typedef struct MsrRow {
    uint32_t index;
    uint16_t offset, feature;       /* feature 0: always there */
    uint8_t kind;
    uint64_t may;                   /* bits a write may set; others: #GP */
} MsrRow;

#define ROW(i, m, f, k, bits) { i, offsetof(X86Env, m), f, k, bits }
static const MsrRow rows[] = {
    ROW(MSR_SYSENTER_CS, sysenter_cs, FE_SEP, KIND_U32, 0xffffffff),
    ROW(MSR_SYSENTER_ESP, sysenter_esp, FE_SEP, KIND_CANONICAL, ~0ull),
    ROW(MSR_SYSENTER_EIP, sysenter_eip, FE_SEP, KIND_CANONICAL, ~0ull),
    ROW(MSR_STAR, star, FE_SYSCALL, KIND_U64, ~0ull),
    ROW(MSR_LSTAR, lstar, FE_LM, KIND_CANONICAL, ~0ull),
    ROW(MSR_CSTAR, cstar, FE_LM, KIND_CANONICAL, ~0ull),
    ROW(MSR_SFMASK, sfmask, FE_LM, KIND_U32, 0xffffffff),
    ROW(MSR_KERNEL_GS, kernel_gs_base, FE_LM, KIND_CANONICAL, ~0ull),
    ROW(MSR_TSC_AUX, tsc_aux, FE_RDTSCP, KIND_U32, 0xffffffff),
    ROW(MSR_MISC_ENABLE, misc_enable, 0, KIND_U64, ~0ull),
    ROW(MSR_MCG_STATUS, mcg_status, FEATURE(FEAT_1_EDX, 14), KIND_U64, 7),
    ROW(MSR_MCG_CTL, mcg_ctl, FEATURE(FEAT_1_EDX, 14), KIND_U64, ~0ull),
    ROW(MSR_SPEC_CTRL, spec_ctrl, FEATURE(FEAT_7_0_EDX, 26), KIND_U64, 7),
    ROW(MSR_DEBUGCTL, debugctl, 0, KIND_U64, 3),
    ROW(MSR_MTRR_DEF, mtrr_def_type, 0, KIND_U64, 0xcff),
    ROW(MSR_TSC_ADJUST, tsc_adjust, FEATURE(FEAT_7_0_EBX, 1), KIND_U64, ~0ull),
    ROW(MSR_FEATURE_CONTROL, feature_control, 0, KIND_U64, 0xffff7),
};

static const MsrRow *row_find(const X86Cpu *c, uint32_t index)
{
    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        if (rows[k].index == index) {
            return rows[k].feature == 0 || x86_has_feature(c, rows[k].feature) ? &rows[k] : NULL;
        }
    }
    return NULL;
}

/* ---- memory types: stored and read back, without effect */

static uint64_t *mtrr_slot(X86Env *env, uint32_t index)
{
    if (index >= MSR_MTRR_PHYS && index < MSR_MTRR_PHYS + 16) {
        unsigned n = (index - MSR_MTRR_PHYS) / 2;

        return index & 1 ? &env->mtrr_var[n].mask : &env->mtrr_var[n].base;
    }
    if (index == MSR_MTRR_FIX64K) {
        return &env->mtrr_fixed[0];
    }
    if (index == MSR_MTRR_FIX16K || index == MSR_MTRR_FIX16K + 1) {
        return &env->mtrr_fixed[1 + index - MSR_MTRR_FIX16K];
    }
    if (index >= MSR_MTRR_FIX4K && index < MSR_MTRR_FIX4K + 8) {
        return &env->mtrr_fixed[3 + index - MSR_MTRR_FIX4K];
    }
    return NULL;
}

static bool pat_valid(uint64_t v)
{
    for (unsigned k = 0; k < 8; k++) {
        unsigned type = v >> (k * 8) & 0xff;

        if (type > 7 || type == 2 || type == 3) {
            return false;
        }
    }
    return true;
}

/* ---- time */

static void write_tsc(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    uint64_t delta = v - x86_tsc(c);

    env->tsc_offset += delta;
    env->tsc_adjust += delta;
}

/* ---- the paravirtual clock: struct pvclock_vcpu_time_info and pvclock_wall_clock, Linux' pvclock-abi.h */

/* tsc * mul >> 32, after tsc << shift, gives nanoseconds. */
static void pvclock_scale(uint64_t hz, uint32_t *mul, int8_t *shift)
{
    uint64_t scaled = 1000000000ull, tps = hz;
    int s = 0;

    while (tps > scaled * 2 || tps >> 32) {
        tps >>= 1;
        s--;
    }
    while ((uint32_t)tps <= (uint32_t)scaled || scaled >> 32) {
        if (scaled >> 32 || tps >> 31) {
            scaled >>= 1;
        } else {
            tps <<= 1;
        }
        s++;
    }
    *mul = (uint32_t)((scaled << 32) / tps);
    *shift = (int8_t)s;
}

static void write_time_info(X86Cpu *c, uint64_t msr)
{
    uint8_t b[32] = { 0 };
    uint64_t tsc = x86_tsc(c), ns = x86_tsc_ns(c, tsc);
    uint32_t mul, version = 2;
    int8_t shift;

    pvclock_scale(c->env.tsc_hz, &mul, &shift);
    memcpy(b, &version, 4);
    memcpy(b + 8, &tsc, 8);
    memcpy(b + 16, &ns, 8);
    memcpy(b + 24, &mul, 4);
    b[28] = (uint8_t)shift;
    b[29] = 1;                      /* PVCLOCK_TSC_STABLE_BIT */
    addr_space_write(c->cpu.mem, msr & ~3ull, b, sizeof(b), MEM_ATTRS_NONE);
}

static void write_wall_clock(X86Cpu *c, uint64_t pa)
{
    uint64_t boot = (uint64_t)(g_get_real_time() * 1000 - clock_ns(CLOCK_VIRTUAL));
    uint32_t b[3] = { 2, (uint32_t)(boot / 1000000000), (uint32_t)(boot % 1000000000) };

    addr_space_write(c->cpu.mem, pa & ~3ull, b, sizeof(b), MEM_ATTRS_NONE);
}

static bool kvm_feature(const X86Cpu *c, unsigned bit) { return c->env.features[FEAT_KVM] >> bit & 1; }

static bool write_kvm(X86Cpu *c, uint32_t index, uint64_t v)
{
    X86Env *env = &c->env;

    switch (index) {
    case MSR_KVM_WALL_OLD:
    case MSR_KVM_WALL:
        if (!kvm_feature(c, index == MSR_KVM_WALL ? 3 : 0)) {
            return false;
        }
        env->kvm_wall_clock = v;
        write_wall_clock(c, v);
        return true;
    case MSR_KVM_TIME_OLD:
    case MSR_KVM_TIME:
        if (!kvm_feature(c, index == MSR_KVM_TIME ? 3 : 0)) {
            return false;
        }
        env->kvm_system_time = v;
        if (v & 1) {
            write_time_info(c, v);
        }
        return true;
    default:
        return false;
    }
}

/* ---- EFER */

bool x86_set_efer(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    uint64_t may = 0;

    may |= x86_has_feature(c, FE_SYSCALL) ? EFER_SCE : 0;
    may |= x86_has_feature(c, FE_LM) ? EFER_LME | EFER_LMA : 0;
    may |= x86_has_feature(c, FE_NX) ? EFER_NXE : 0;
    may |= x86_has_feature(c, FEATURE(FEAT_8000_0001_EDX, 25)) ? 1 << 14 : 0;   /* FFXSR */
    if ((v & ~may) || (((env->efer ^ v) & EFER_LME) && (env->cr0 & CR0_PG))) {
        return false;
    }
    uint64_t old = env->efer;
    env->efer = (v & ~(uint64_t)EFER_LMA) | (old & EFER_LMA);
    x86_update_hflags(c);
    if ((old ^ env->efer) & EFER_NXE) {
        x86_interp_flush(c);
        guest_tlb_flush(&c->cpu, true);
    }
    return true;
}

/* ---- the local APIC's */

static bool set_apic_base(X86Cpu *c, uint64_t v)
{
    bool taken = vm_lock_maybe(c->cpu.dev.vm), ok = c->apic_ops->set_base(c->apic, v);

    vm_unlock_maybe(c->cpu.dev.vm, taken);
    return ok;
}

static bool apic_msr(X86Cpu *c, uint32_t index, uint64_t *v, bool write)
{
    if (c->apic_ops == NULL) {
        return false;
    }
    guest_note_outside(&c->cpu, "local APIC access", index);
    if (index == MSR_TSC_DEADLINE) {
        c->apic_ops->set_tsc_deadline(c->apic, *v);
        return true;
    }
    if (index != MSR_APIC_BASE) {
        return write ? c->apic_ops->write_msr(c->apic, index, *v) : c->apic_ops->read_msr(c->apic, index, v);
    }
    if (write) {
        return set_apic_base(c, *v);
    }
    *v = c->apic_ops->get_base(c->apic);
    return true;
}

uint8_t x86_get_cr8(X86Cpu *c)
{
    if (c->apic_ops == NULL) {
        return (uint8_t)c->env.cr8;
    }
    guest_note_outside(&c->cpu, "local APIC access", 8);
    return c->apic_ops->get_tpr(c->apic);
}

void x86_set_cr8(X86Cpu *c, uint8_t v)
{
    c->env.cr8 = v;
    if (c->apic_ops != NULL) {
        guest_note_outside(&c->cpu, "local APIC access", 8);
        c->apic_ops->set_tpr(c->apic, v);
    }
}

static bool is_x2apic(uint32_t index) { return index >= MSR_X2APIC && index <= MSR_X2APIC_LAST; }

/* Machine-check banks: CTL, STATUS, ADDR, MISC of each. */
static uint64_t *mce_slot(X86Env *env, uint32_t index)
{
    return index >= MSR_MC0_CTL && index < MSR_MC0_CTL + 40 ? &env->mce_banks[index - MSR_MC0_CTL] : NULL;
}

/* Registers that read as a constant, ignore writes, and exist on all models. */
static bool read_constant(X86Cpu *c, uint32_t index, uint64_t *v)
{
    switch (index) {
    case MSR_P5_MC_ADDR: case MSR_P5_MC_TYPE: case MSR_PLATFORM_ID: case MSR_EBL_CR_POWERON:
    case MSR_BIOS_UPDT_TRIG: case MSR_MPERF: case MSR_APERF: case MSR_VM_CR: case MSR_VM_HSAVE:
        *v = 0;
        return true;
    case MSR_BIOS_SIGN_ID:
        *v = c->env.microcode_rev;
        return true;
    case MSR_MTRRCAP:
        *v = 0x508;                 /* 8 variable, fixed, WC */
        return true;
    case MSR_MCG_CAP:
        *v = c->env.mcg_cap;
        return true;
    case MSR_PERF_STATUS:
        *v = 1000ull | 4ull << 40;
        return true;
    case MSR_SMI_COUNT:
        *v = c->env.smi_count;
        return true;
    case MSR_PLATFORM_INFO:
        *v = 0;
        return true;
    case MSR_CORE_THREAD_COUNT:
        *v = c->topo.cores * c->topo.threads | (uint64_t)c->topo.cores << 16;
        return true;
    case MSR_ARCH_CAPABILITIES:
        *v = c->env.features[FEAT_ARCH_CAPABILITIES];
        return x86_has_feature(c, FEATURE(FEAT_7_0_EDX, 29));
    default:
        return false;
    }
}

/* AMD's own, of families 15 and later: zero, writes ignored. */
static bool is_amd_plain(const X86Cpu *c, uint32_t index)
{
    static const uint32_t list[] = {
        0xc0010010, 0xc0010015, 0xc001001f, 0xc0010055, 0xc0010058, 0xc0010063, 0xc0010064, 0xc0010112,
        0xc0010113, 0xc0010140, 0xc0010141, 0xc001100c, 0xc0011020, 0xc0011021, 0xc0011022, 0xc0011023,
        0xc0011029, 0xc001102a, 0xc001102c,
    };

    for (size_t k = 0; k < G_N_ELEMENTS(list); k++) {
        if (list[k] == index) {
            return strcmp(c->env.vendor, "GenuineIntel") != 0;
        }
    }
    return false;
}

/* ---- all */

bool x86_rdmsr(X86Cpu *c, uint32_t index, uint64_t *v)
{
    X86Env *env = &c->env;
    const MsrRow *row = row_find(c, index);
    const uint64_t *slot;

    if (row != NULL) {
        *v = *(const uint64_t *)((const uint8_t *)env + row->offset);
        return true;
    }
    if ((slot = mtrr_slot(env, index)) != NULL || (slot = mce_slot(env, index)) != NULL) {
        *v = *slot;
        return true;
    }
    if (is_x2apic(index) || index == MSR_APIC_BASE) {
        return apic_msr(c, index, v, false);
    }
    switch (index) {
    case MSR_TSC: *v = x86_tsc(c); return true;
    case MSR_EFER: *v = env->efer; return x86_has_feature(c, FE_NX) || x86_has_feature(c, FE_SYSCALL);
    case MSR_FS_BASE: *v = env->seg[SEG_FS].base; return x86_has_feature(c, FE_LM);
    case MSR_GS_BASE: *v = env->seg[SEG_GS].base; return x86_has_feature(c, FE_LM);
    case MSR_PAT: *v = env->pat; return true;
    case MSR_SMBASE: *v = env->smbase; return env->smm;
    case MSR_XSS: *v = env->xss; return x86_has_feature(c, FE_XSAVES);
    case MSR_TSC_DEADLINE: *v = env->tsc_deadline; return x86_has_feature(c, FE_TSC_DEADLINE);
    case MSR_KVM_WALL_OLD: *v = env->kvm_wall_clock; return kvm_feature(c, 0);
    case MSR_KVM_TIME_OLD: *v = env->kvm_system_time; return kvm_feature(c, 0);
    case MSR_KVM_WALL: *v = env->kvm_wall_clock; return kvm_feature(c, 3);
    case MSR_KVM_TIME: *v = env->kvm_system_time; return kvm_feature(c, 3);
    default:
        break;
    }
    if (read_constant(c, index, v)) {
        return true;
    }
    if (is_amd_plain(c, index)) {
        *v = 0;
        return true;
    }
    log_unimp("cpu: rdmsr of unknown register 0x%x", index);
    return false;
}

static bool write_row(X86Cpu *c, const MsrRow *row, uint64_t v)
{
    X86Env *env = &c->env;

    if ((v & ~row->may) || (row->kind == KIND_CANONICAL && !x86_canonical(c, v))) {
        return false;
    }
    if (row->index == MSR_TSC_ADJUST) {
        env->tsc_offset += v - env->tsc_adjust;
    }
    *(uint64_t *)((uint8_t *)env + row->offset) = row->kind == KIND_U32 ? (uint32_t)v : v;
    return true;
}

static bool write_base(X86Cpu *c, unsigned seg, uint64_t v)
{
    if (!x86_has_feature(c, FE_LM) || !x86_canonical(c, v)) {
        return false;
    }
    c->env.seg[seg].base = v;
    return true;
}

static bool write_special(X86Cpu *c, uint32_t index, uint64_t v)
{
    X86Env *env = &c->env;

    switch (index) {
    case MSR_TSC:
        write_tsc(c, v);
        return true;
    case MSR_EFER:
        return x86_set_efer(c, v);
    case MSR_FS_BASE:
        return write_base(c, SEG_FS, v);
    case MSR_GS_BASE:
        return write_base(c, SEG_GS, v);
    case MSR_PAT:
        if (!pat_valid(v)) {
            return false;
        }
        env->pat = v;
        return true;
    case MSR_XSS:
        return x86_has_feature(c, FE_XSAVES) && v == 0;
    case MSR_TSC_DEADLINE:
        if (!x86_has_feature(c, FE_TSC_DEADLINE)) {
            return false;
        }
        env->tsc_deadline = v;
        apic_msr(c, index, &v, true);
        return true;
    case MSR_PRED_CMD:
        return x86_has_feature(c, FEATURE(FEAT_7_0_EDX, 26)) || (env->features[FEAT_8000_0008_EBX] >> 12 & 1);
    case MSR_P5_MC_ADDR: case MSR_P5_MC_TYPE: case MSR_EBL_CR_POWERON: case MSR_BIOS_UPDT_TRIG:
    case MSR_BIOS_SIGN_ID: case MSR_VM_HSAVE: case MSR_PERF_STATUS + 1:
        return true;
    default:
        return write_kvm(c, index, v);
    }
}

bool x86_wrmsr(X86Cpu *c, uint32_t index, uint64_t v)
{
    X86Env *env = &c->env;
    const MsrRow *row = row_find(c, index);
    uint64_t *slot;

    if (row != NULL) {
        return write_row(c, row, v);
    }
    if ((slot = mtrr_slot(env, index)) != NULL) {
        *slot = v;
        return true;
    }
    if ((slot = mce_slot(env, index)) != NULL) {
        /* STATUS and ADDR can only be cleared; CTL is free. */
        if ((index & 3) != 0 && v != 0) {
            return false;
        }
        *slot = v;
        return true;
    }
    if (is_x2apic(index) || index == MSR_APIC_BASE) {
        return apic_msr(c, index, &v, true);
    }
    if (write_special(c, index, v) || is_amd_plain(c, index)) {
        return true;
    }
    log_unimp("cpu: wrmsr of register 0x%x, value 0x%" PRIx64 " refused", index, v);
    return false;
}
