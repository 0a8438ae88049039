/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An x86 vCPU under KVM: what is set up once, what is injected before an entry, exits of this architecture, debug
 * registers. Without an in-kernel APIC interrupts are taken from ours when the guest can take one, INIT and
 * SIPI are the translator's code on pulled registers, and HLT waits here; with one the kernel does all that. */
#include "target/i386/kvm_x86.h"

#include <inttypes.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/vm.h"
#include "target/i386/features.h"
#include "util/err.h"
#include "util/log.h"

/* ---- set-up */

static unsigned vcpu_id(const Cpu *cpu) { return ((const X86Cpu *)cpu)->apic_id; }

static bool setup_mce(X86Cpu *c, GError **errp)
{
    enum { BANKS = 10 };
    uint64_t cap = 0;

    if (!kvm_cap(x86_kvm_of(c), KVM_CAP_MCE) ||
        kvm_system_ioctl(x86_kvm_of(c), KVM_X86_GET_MCE_CAP_SUPPORTED, &cap) < 0) {
        return true;
    }
    cap = (cap & ~0xffull & c->env.mcg_cap) | (uint64_t)MIN(kvm_cap(x86_kvm_of(c), KVM_CAP_MCE), BANKS);
    return x86_kvm_fail(errp, kvm_vcpu_ioctl(&c->cpu, KVM_X86_SETUP_MCE, &cap), "machine check banks");
}

static void setup_tsc(X86Cpu *c)
{
    Kvm *k = x86_kvm_of(c);
    int khz = kvm_cap(k, KVM_CAP_GET_TSC_KHZ) ? kvm_vcpu_ioctl(&c->cpu, KVM_GET_TSC_KHZ, NULL) : 0;
    uint64_t want = c->def != NULL ? c->def->tsc_hz : 0;

    if (want != 0 && khz != (int)(want / 1000)) {
        if (kvm_cap(k, KVM_CAP_TSC_CONTROL) &&
            kvm_vcpu_ioctl(&c->cpu, KVM_SET_TSC_KHZ, KVM_ARG(want / 1000)) >= 0) {
            khz = (int)(want / 1000);
        } else if (c->cpu.index == 0) {
            warn("TSC frequency mismatch between VM (%u kHz) and host (%d kHz), and TSC scaling unavailable",
                 (unsigned)(want / 1000), khz);
        }
    }
    if (khz > 0) {
        c->env.tsc_hz = (uint64_t)khz * 1000;
    }
}

static void vcpu_fini(Cpu *cpu)
{
    X86Kvm *x = x86_kvm(x86_cpu(cpu));

    if (x != NULL) {
        g_free(x->msrs);
        g_free(x->msr_buf);
        g_free(x->xsave);
        g_free(x);
        *kvm_vcpu_arch(cpu) = NULL;
    }
}

static bool vcpu_init(Cpu *cpu, GError **errp)
{
    X86Cpu *c = x86_cpu(cpu);
    Kvm *k = x86_kvm_of(c);
    X86Kvm *x = g_new0(X86Kvm, 1);
    int nested = kvm_cap(k, KVM_CAP_NESTED_STATE);

    *kvm_vcpu_arch(cpu) = x;
    x->apic_in_kernel = kvm_apic_in_kernel(k);
    x->pic_in_kernel = kvm_pic_in_kernel(k);
    x->apic_id32 = kvm_apic_id32(k);
    x->xsave_size = (size_t)MAX(kvm_cap(k, KVM_CAP_XSAVE2), (int)sizeof(struct kvm_xsave));
    x->xsave = g_malloc0(x->xsave_size);
    if (nested > (int)sizeof(struct kvm_nested_state) && nested <= (int)sizeof(c->kvm_only.nested) &&
        (x86_has_feature(c, FE_SVM) || x86_has_feature(c, FEATURE(FEAT_1_ECX, 5)))) {
        x->nested = (void *)c->kvm_only.nested;
        c->kvm_only.nested_max = (uint32_t)nested;
        x->nested->size = sizeof(*x->nested);
        x->nested->format = x86_has_feature(c, FE_SVM) ? KVM_STATE_NESTED_FORMAT_SVM : KVM_STATE_NESTED_FORMAT_VMX;
    }
    setup_tsc(c);                   /* before CPUID, which tells it */
    if (x86_kvm_put_cpuid(c, errp) && setup_mce(c, errp) && x86_kvm_msr_init(c, errp)) {
        return true;
    }
    vcpu_fini(cpu);
    return false;
}

static void resumed(Cpu *cpu)
{
    if (kvm_cap(x86_kvm_of(x86_cpu(cpu)), KVM_CAP_KVMCLOCK_CTRL)) {
        kvm_vcpu_ioctl(cpu, KVM_KVMCLOCK_CTRL, NULL);      /* fails where the guest has no such clock */
    }
}

/* ---- before an entry */

/* An interrupt of our own local APIC, or of the 8259 pair. */
static void inject(X86Cpu *c, struct kvm_run *run)
{
    struct kvm_interrupt irq;
    int vector = x86_take_interrupt(c);

    if (vector >= 0) {
        irq.irq = (uint32_t)vector;
        kvm_vcpu_ioctl(&c->cpu, KVM_INTERRUPT, &irq);
        run->ready_for_interrupt_injection = 0;
    }
}

/* INIT and SIPI change all registers: done by the code that does it for the translator. */
static bool boot_events(X86Cpu *c)
{
    g_autoptr(GError) err = NULL;

    if (!cpu_regs_pull(&c->cpu, &err)) {
        kvm_internal_error(&c->cpu, err->message);
        return false;
    }
    while (x86_deliver_boot(&c->cpu)) {
        kvm_regs_replaced(&c->cpu, KVM_PUT_RUNTIME);
    }
    return true;
}

static bool own_apic(X86Cpu *c, uint32_t pending)
{
    if (G_UNLIKELY(pending & (CPU_PENDING_INIT | CPU_PENDING_SIPI | CPU_PENDING_RESET)) && !boot_events(c)) {
        return false;
    }
    if (c->env.wait_sipi) {
        c->cpu.halted = true;
        return false;
    }
    if (c->cpu.halted) {
        if (!x86_can_deliver(&c->cpu)) {
            return false;
        }
        c->cpu.halted = false;
    }
    return true;
}

/* Without an in-kernel 8259 pair; with an in-kernel APIC it is the pair's alone that comes through here. */
static void own_interrupts(X86Cpu *c, struct kvm_run *run)
{
    uint32_t pending = pending_now(&c->cpu);

    if ((pending & CPU_PENDING_INTR) && run->ready_for_interrupt_injection) {
        inject(c, run);
        pending = pending_now(&c->cpu);
    }
    run->request_interrupt_window = (pending & CPU_PENDING_INTR) != 0;
}

static bool pre_run(Cpu *cpu, struct kvm_run *run)
{
    X86Cpu *c = x86_cpu(cpu);
    X86Kvm *x = x86_kvm(c);
    uint32_t pending = pending_now(cpu);

    if (G_UNLIKELY(pending & (CPU_PENDING_NMI | CPU_PENDING_SMI)) && !c->env.wait_sipi) {
        pending_clear(cpu, pending & (CPU_PENDING_NMI | CPU_PENDING_SMI));
        if (pending & CPU_PENDING_NMI) {
            cpu->halted = cpu->halted && x->apic_in_kernel;
            kvm_vcpu_ioctl(cpu, KVM_NMI, NULL);
        }
        if ((pending & CPU_PENDING_SMI) && kvm_cap(x86_kvm_of(c), KVM_CAP_X86_SMM)) {
            kvm_vcpu_ioctl(cpu, KVM_SMI, NULL);
        }
    }
    if (!x->apic_in_kernel && !own_apic(c, pending)) {
        return false;
    }
    if (!x->apic_in_kernel) {
        run->cr8 = c->apic_ops != NULL ? c->apic_ops->get_tpr(c->apic) : c->env.cr8;  /* one byte: no lock */
    }
    if (!x->pic_in_kernel) {
        own_interrupts(c, run);
    }
    return true;
}

static void post_run(Cpu *cpu, struct kvm_run *run)
{
    X86Cpu *c = x86_cpu(cpu);
    bool smm = (run->flags & KVM_RUN_X86_SMM) != 0;

    if (G_UNLIKELY(smm != c->env.smm)) {
        c->env.smm = smm;
        cpu->mem = smm && c->mem_smm != NULL ? c->mem_smm : c->mem_normal;
    }
    if (x86_kvm(c)->apic_in_kernel) {
        return;
    }
    /* What x86_can_deliver() looks at; the rest of the register is the kernel's. */
    c->env.rflags = run->if_flag ? c->env.rflags | FL_IF : c->env.rflags & ~(uint64_t)FL_IF;
    c->env.shadow = 0;
    if (c->apic_ops != NULL && G_UNLIKELY(run->apic_base != c->env.apic_base || run->cr8 != c->env.cr8)) {
        bool taken = vm_lock_maybe(cpu->dev.vm);

        if (run->apic_base != c->apic_ops->get_base(c->apic)) {
            c->apic_ops->set_base(c->apic, run->apic_base);
        }
        if (run->cr8 != c->apic_ops->get_tpr(c->apic)) {
            c->apic_ops->set_tpr(c->apic, (uint8_t)run->cr8);
        }
        c->env.apic_base = run->apic_base;
        c->env.cr8 = run->cr8;
        vm_unlock_maybe(cpu->dev.vm, taken);
    }
}

/* ---- exits */

static KvmGo exit_halt(X86Cpu *c)
{
    c->env.nmi_blocked = false;     /* not known; an NMI wakes */
    if (!x86_can_deliver(&c->cpu)) {
        c->cpu.halted = true;
        return KVM_GO_OUT;
    }
    return KVM_GO_AGAIN;
}

static KvmGo exit_eoi(X86Cpu *c, uint8_t vector)
{
    bool taken = vm_lock_maybe(c->cpu.dev.vm);

    if (c->apic_ops != NULL && c->apic_ops->eoi != NULL) {
        c->apic_ops->eoi(c->apic, vector);
    }
    vm_unlock_maybe(c->cpu.dev.vm, taken);
    return KVM_GO_AGAIN;
}

static KvmGo exit_msr(X86Cpu *c, struct kvm_run *run, bool write)
{
    uint64_t v = run->msr.data;

    run->msr.error = !(write ? x86_wrmsr(c, run->msr.index, v) : x86_rdmsr(c, run->msr.index, &v));
    if (!write) {
        run->msr.data = v;
    }
    return KVM_GO_AGAIN;
}

static KvmGo handle_exit(Cpu *cpu, struct kvm_run *run)
{
    X86Cpu *c = x86_cpu(cpu);

    switch (run->exit_reason) {
    case KVM_EXIT_HLT:         return exit_halt(c);
    case KVM_EXIT_SET_TPR:                              /* post_run has seen it */
    case KVM_EXIT_TPR_ACCESS:  return KVM_GO_AGAIN;
    case KVM_EXIT_IOAPIC_EOI:  return exit_eoi(c, run->eoi.vector);
    case KVM_EXIT_X86_RDMSR:   return exit_msr(c, run, false);
    case KVM_EXIT_X86_WRMSR:   return exit_msr(c, run, true);
    case KVM_EXIT_EXCEPTION:   return KVM_GO_FAILED;
    default:                   return KVM_GO_UNKNOWN;
    }
}

/* ---- debugging */

enum { DR7_GE = 1 << 9, DR7_ONES = 0x400, DR6_BS = 1 << 14 };

static uint32_t dr7_kind(KvmBreakKind kind)
{
    switch (kind) {
    case KVM_WATCH_WRITE: return 1;
    case KVM_WATCH_READ:
    case KVM_WATCH_ACCESS: return 3;            /* the processor cannot watch reads alone */
    default: return 0;
    }
}

static bool set_debug(Cpu *cpu, GError **errp)
{
    static const uint8_t len_code[9] = { [1] = 0, [2] = 1, [8] = 2, [4] = 3 };
    const KvmDebug *d = kvm_debug_of(cpu);
    struct kvm_guest_debug g = { 0 };
    unsigned n = 0;

    for (unsigned i = 0; i < d->n; i++) {
        const KvmBreak *b = &d->breaks[i];

        if (b->how == KVM_BY_PATCH) {
            g.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
        } else if (b->how == KVM_BY_REGISTER && n < 4) {
            g.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
            g.arch.debugreg[n] = b->at;
            g.arch.debugreg[7] |= DR7_GE | DR7_ONES | 2u << (n * 2) | (uint64_t)dr7_kind(b->kind) << (16 + n * 4) |
                                  (uint64_t)len_code[MIN(b->len, 8)] << (18 + n * 4);
            n++;
        }
    }
    if (d->single_step || d->watch_steps) {
        g.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
        if (d->single_step && kvm_cap(kvm_of(cpu->dev.vm), KVM_CAP_SET_GUEST_DEBUG2) & KVM_GUESTDBG_BLOCKIRQ) {
            g.control |= KVM_GUESTDBG_BLOCKIRQ;
        }
    }
    return x86_kvm_fail(errp, kvm_vcpu_ioctl(cpu, KVM_SET_GUEST_DEBUG, &g), "setting breakpoints");
}

/* The n-th hardware breakpoint's place in the list. */
static int hard_index(const KvmDebug *d, unsigned n)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (d->breaks[i].how == KVM_BY_REGISTER && n-- == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int soft_index(const KvmDebug *d, uint64_t pc)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (d->breaks[i].how == KVM_BY_PATCH && d->breaks[i].at == pc) {
            return (int)i;
        }
    }
    return -1;
}

/* Not the debugger's: the guest gets the trap it would have had. */
static void reflect(X86Cpu *c, const struct kvm_debug_exit_arch *d)
{
    g_autoptr(GError) err = NULL;

    if (!cpu_regs_pull(&c->cpu, &err)) {
        kvm_internal_error(&c->cpu, err->message);
        return;
    }
    if (d->exception == EXC_BP) {
        c->env.rip++;               /* the trap is reported behind the instruction */
    } else {
        c->env.dr[6] = d->dr6;
    }
    c->env.ev = (X86Held){ .kind = HELD_EXCEPTION, .vector = (uint8_t)d->exception };
    cpu_regs_changed(&c->cpu);
    kvm_regs_replaced(&c->cpu, KVM_PUT_RUNTIME);
}

static bool debug_exit(Cpu *cpu, struct kvm_run *run, int *hit)
{
    const struct kvm_debug_exit_arch *d = &run->debug.arch;
    const KvmDebug *want = kvm_debug_of(cpu);

    if (d->exception == EXC_DB) {
        for (unsigned n = 0; n < 4; n++) {
            if ((d->dr6 >> n & 1) && (*hit = hard_index(want, n)) >= 0) {
                return true;
            }
        }
        if ((d->dr6 & DR6_BS) && (want->single_step || want->watch_steps)) {
            return true;
        }
    } else if (d->exception == EXC_BP && (*hit = soft_index(want, d->pc)) >= 0) {
        return true;
    }
    reflect(x86_cpu(cpu), d);
    return false;
}

void kvm_inject_mce(Cpu *cpu, const CpuMce *m)
{
    struct kvm_x86_mce mce = { .status = m->status, .addr = m->addr, .misc = m->misc, .mcg_status = m->mcg_status,
                               .bank = (uint8_t)m->bank };

    if (kvm_vcpu_change(cpu, KVM_X86_SET_MCE, &mce) < 0) {
        warn("KVM does not take a machine check of bank %u", m->bank);
    }
}

static uint64_t linear_pc(const Cpu *cpu)
{
    const X86Cpu *c = (const X86Cpu *)cpu;

    return x86_cs64(c) ? c->env.rip : (uint32_t)(c->env.seg[SEG_CS].base + c->env.rip);
}

const KvmGuestOps x86_kvm_ops = {
    .vcpu_id = vcpu_id, .vcpu_init = vcpu_init, .vcpu_fini = vcpu_fini,
    .get_regs = x86_kvm_get_regs, .put_regs = x86_kvm_put_regs,
    .pre_run = pre_run, .post_run = post_run, .handle_exit = handle_exit,
    .debug_exit = debug_exit, .set_debug = set_debug, .break_insn = 0xcc,
    .linear_pc = linear_pc, .resumed = resumed,
};
