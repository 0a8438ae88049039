/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the x86 part of KVM share. */
#ifndef TARGET_I386_KVM_X86_H
#define TARGET_I386_KVM_X86_H

#include <linux/kvm.h>

#include "accel/kvm/guest.h"
#include "accel/kvm/sys.h"
#include "target/i386/apic_if.h"
#include "target/i386/model.h"
#include "target/i386/sys.h"

enum { KVM_CPUID_MAX = 256 };

typedef struct X86Kvm {             /* kvm_vcpu_arch() */
    bool apic_in_kernel, pic_in_kernel, apic_id32;
    uint32_t *msrs;                 /* that this host saves, of the table in kvm_msr.c */
    unsigned msr_count;
    struct kvm_msrs *msr_buf;
    size_t xsave_size;
    uint8_t *xsave;                 /* as the kernel gave it last: parts we do not know stay in it */
    struct kvm_nested_state *nested;        /* in X86KvmOnly; NULL: none */
    uint64_t debug_dr6, debug_dr7;
    bool debugging;
} X86Kvm;

static inline X86Kvm *x86_kvm(const X86Cpu *c) { return *kvm_vcpu_arch((Cpu *)&c->cpu); }
static inline Kvm *x86_kvm_of(const X86Cpu *c) { return kvm_of(c->cpu.dev.vm); }

/* kvm_cpuid.c */
bool x86_kvm_supported(const Kvm *k, X86Supported *can, GError **errp);
bool x86_kvm_put_cpuid(X86Cpu *c, GError **errp);
/* Where the host keeps component n of XSAVE's standard format; size 0: it has none. */
void x86_kvm_xsave_part(const Kvm *k, unsigned n, uint32_t *offset, uint32_t *size);
/* kvm_msr.c */
bool x86_kvm_msr_init(X86Cpu *c, GError **errp);
bool x86_kvm_get_msrs(X86Cpu *c, GError **errp);
bool x86_kvm_put_msrs(X86Cpu *c, KvmPut how, GError **errp);
bool x86_kvm_put_deadline(X86Cpu *c, GError **errp);    /* after the local APIC: it drops the timer otherwise */
/* kvm_regs.c */
bool x86_kvm_get_regs(Cpu *cpu, GError **errp);
bool x86_kvm_put_regs(Cpu *cpu, KvmPut how, GError **errp);
bool x86_kvm_fail(GError **errp, int err, const char *what);    /* err: 0 or more: true */

extern const KvmGuestOps x86_kvm_ops;

#endif
