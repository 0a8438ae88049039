/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between a target and the KVM accelerator: accel/kvm never includes target/<arch>. All functions of
 * KvmGuestOps run on the vCPU's own thread unless they say otherwise. */
#ifndef ACCEL_KVM_GUEST_H
#define ACCEL_KVM_GUEST_H

#include "target/cpu.h"

struct kvm_run;

/* How much of the state is written: what a running vCPU may have had changed, all that a reset defines, or
 * everything including clocks (after a load). */
typedef enum KvmPut { KVM_PUT_RUNTIME, KVM_PUT_RESET, KVM_PUT_FULL } KvmPut;

typedef enum KvmGo {
    KVM_GO_AGAIN,                 /* handled: enter the guest again */
    KVM_GO_OUT,                 /* handled: back to the loop of cpus.c (halted, stopped) */
    KVM_GO_UNKNOWN,              /* no exit of this architecture */
    KVM_GO_FAILED,                /* cannot go on: internal error */
} KvmGo;

struct KvmGuestOps {
    /* Once the vCPU's fd and run area exist: CPUID, MSR lists, buffers. */
    unsigned (*vcpu_id)(const Cpu *cpu);    /* what KVM calls it: its APIC id */
    bool (*vcpu_init)(Cpu *cpu, GError **errp);
    void (*vcpu_fini)(Cpu *cpu);
    bool (*get_regs)(Cpu *cpu, GError **errp);              /* also from outside while it stands still */
    bool (*put_regs)(Cpu *cpu, KvmPut how, GError **errp);
    /* Before each entry; cpu->pending has bits the architecture delivers. False: do not enter (it waits). */
    bool (*pre_run)(Cpu *cpu, struct kvm_run *run);
    void (*post_run)(Cpu *cpu, struct kvm_run *run);        /* after each exit; may be NULL */
    KvmGo (*handle_exit)(Cpu *cpu, struct kvm_run *run);
    /* Debug exits: true when it belongs to the debugger, false: reflected into the guest. */
    bool (*debug_exit)(Cpu *cpu, struct kvm_run *run, int *hit);    /* *hit: index in KvmDebug, -1: a step */
    bool (*set_debug)(Cpu *cpu, GError **errp);             /* what kvm_debug_of() says, into the processor */
    uint8_t break_insn;             /* one byte that traps */
    uint64_t (*linear_pc)(const Cpu *cpu);                  /* of pulled registers */
    void (*resumed)(Cpu *cpu);                              /* the machine goes on after a stop */
};

typedef struct Kvm Kvm;
Kvm *kvm_of(const Vm *vm);              /* NULL: another accelerator runs */
/* 0: absent. The KVM_CAP_* number, asked of the VM. */
int kvm_cap(const Kvm *k, unsigned cap);
int kvm_system_fd(const Kvm *k);
int kvm_vm_fd(const Kvm *k);
int kvm_vcpu_fd(const Cpu *cpu);
int kvm_vcpu_ioctl(Cpu *cpu, unsigned long request, void *arg); /* -errno */
int kvm_vm_ioctl(const Kvm *k, unsigned long request, void *arg);
int kvm_system_ioctl(const Kvm *k, unsigned long request, void *arg);
bool kvm_apic_in_kernel(const Kvm *k);  /* split or full */
bool kvm_pic_in_kernel(const Kvm *k);   /* full: 8259 pair, I/O APIC and PIT too */
bool kvm_apic_id32(const Kvm *k);       /* its pages and messages carry 32-bit ids */
bool kvm_cpu_pm(const Kvm *k);          /* -overcommit cpu-pm=on */
/* Where the target keeps its part; freed by vcpu_fini. */
void **kvm_vcpu_arch(Cpu *cpu);
/* C code has replaced the registers: they are what counts, and all that `how` covers is written before the next
 * entry. Nothing when KVM does not run this vCPU. */
void kvm_regs_replaced(Cpu *cpu, KvmPut how);
/* An ioctl that changes the state in the kernel: what we changed is written before, and what we know forgotten. On the
 * vCPU's thread. */
int kvm_vcpu_change(Cpu *cpu, unsigned long request, void *arg);
/* The last exit's I/O is finished (device answered, instruction retired), so that registers can be read whole. */
void kvm_finish_io(Cpu *cpu);

/* Memory as seen in SMM, the same for all vCPUs; nothing where KVM does not run or has no SMM. VM lock. */
void kvm_add_smm_space(Vm *vm, AddrSpace *as);
void kvm_del_smm_space(Vm *vm, AddrSpace *as);      /* before it is freed */

/* What a debugger asked for: read by set_debug. */
typedef enum KvmBreakKind { KVM_BREAK_SOFT, KVM_BREAK_HARD, KVM_WATCH_WRITE, KVM_WATCH_READ, KVM_WATCH_ACCESS }
    KvmBreakKind;
/* What looks out for it: a debug register, an instruction written into the guest, or steps between which the memory is
 * compared (where the host's KVM interprets code and debug registers see no data). */
typedef enum KvmBreakHow { KVM_BY_REGISTER, KVM_BY_PATCH, KVM_BY_STEPS } KvmBreakHow;
typedef struct KvmBreak {
    KvmBreakKind kind;
    KvmBreakHow how;
    GuestAddr at;
    uint64_t len;                   /* 1, 2, 4, 8 */
    GuestAddr phys;                 /* but by register */
    uint8_t saved[8];               /* the byte a patch replaced; the bytes before the step */
} KvmBreak;
typedef struct KvmDebug {
    const KvmBreak *breaks;
    unsigned n;
    bool single_step;               /* the debugger's */
    bool watch_steps;               /* for KVM_BY_STEPS */
} KvmDebug;
const KvmDebug *kvm_debug_of(const Cpu *cpu);

/* The guest cannot go on: the state is logged, the VM stops with run state internal-error. */
void kvm_internal_error(Cpu *cpu, const char *why);

#endif
