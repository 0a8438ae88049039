/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine checks that somebody outside makes up (SDM vol. 3, 16.3): what a bank records of an error, and whether the
 * processor traps, as the bank's and the global enables say. Under KVM the kernel does it. A second uncorrected error
 * while one is handled, or one that CR4.MCE does not let through, shuts the processor down, which resets a PC. */
#include "target/i386/sys.h"

#include "accel/accel.h"
#include "accel/kvm/guest.h"
#include "hw/core/vm.h"
#include "target/i386/features.h"
#include "util/err.h"
#include "util/log.h"

enum { BANK_CTL, BANK_STATUS, BANK_ADDR, BANK_MISC };
#define STATUS_VAL (1ull << 63)
#define STATUS_OVER (1ull << 62)
#define STATUS_UC (1ull << 61)
#define MCG_CTL_P (1ull << 8)
#define MCG_RIPV (1ull << 0)
#define MCG_MCIP (1ull << 2)

static void record(uint64_t *bank, const CpuMce *m)
{
    uint64_t over = bank[BANK_STATUS] & STATUS_VAL ? STATUS_OVER : 0;

    bank[BANK_STATUS] = m->status | over;
    bank[BANK_ADDR] = m->addr;
    bank[BANK_MISC] = m->misc;
}

static void uncorrected(X86Cpu *c, uint64_t *bank, const CpuMce *m)
{
    X86Env *env = &c->env;

    if (((env->mcg_cap & MCG_CTL_P) && env->mcg_ctl != UINT64_MAX) || bank[BANK_CTL] != UINT64_MAX) {
        return;                     /* not reported */
    }
    if ((env->mcg_status & MCG_MCIP) || !(env->cr4 & CR4_MCE)) {
        log_guest("CPU %u: a machine check that cannot be delivered shuts it down", c->cpu.index);
        vm_request_reset(c->cpu.dev.vm, SHUTDOWN_GUEST_RESET);
        return;
    }
    record(bank, m);
    env->mcg_status = m->mcg_status;
    __atomic_fetch_or(&c->cpu.pending, CPU_PENDING_MCE, __ATOMIC_ACQ_REL);
}

/* On the vCPU's thread, between instructions. */
static void inject(Cpu *cpu, void *opaque)
{
    const CpuMce *m = opaque;
    X86Cpu *c = x86_cpu(cpu);
    uint64_t *bank = &c->env.mce_banks[m->bank * 4];

    if (cpu->kvm != NULL) {
        kvm_inject_mce(cpu, m);
    } else if (m->status & STATUS_UC) {
        uncorrected(c, bank, m);
    } else if (!(bank[BANK_STATUS] & STATUS_VAL) || !(bank[BANK_STATUS] & STATUS_UC)) {
        record(bank, m);
    } else {
        bank[BANK_STATUS] |= STATUS_OVER;       /* the graver one stays */
    }
}

bool target_cpu_inject_mce(Cpu *cpu, const CpuMce *m, GError **errp)
{
    const GPtrArray *cpus = cpu->dev.vm->cpus;
    X86Cpu *c = x86_cpu(cpu);
    CpuMce one = *m;

    if ((c->env.mcg_cap & 0xff) == 0 || !x86_has_feature(c, FEATURE(FEAT_1_EDX, 14))) {
        return err_fail(errp, "this CPU model has no machine checks");
    }
    if (m->bank >= (c->env.mcg_cap & 0xff)) {
        return err_fail(errp, "there is no bank %u: this CPU has %u", m->bank, (unsigned)(c->env.mcg_cap & 0xff));
    }
    if (!(m->status & STATUS_VAL)) {
        return err_fail(errp, "a status without bit 63 (valid) reports nothing");
    }
    cpu_run(cpu, inject, &one);
    one = (CpuMce){ .bank = 1, .status = STATUS_VAL | STATUS_UC, .mcg_status = MCG_MCIP | MCG_RIPV };
    for (guint k = 0; m->broadcast && k < cpus->len; k++) {
        Cpu *other = g_ptr_array_index(cpus, k);

        if (other != cpu) {
            cpu_run(other, inject, &one);
        }
    }
    return true;
}
