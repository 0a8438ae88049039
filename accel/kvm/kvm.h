/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others may ask of the KVM accelerator: whether it runs, debugging, the kernel's statistics. */
#ifndef ACCEL_KVM_KVM_H
#define ACCEL_KVM_KVM_H

#include "accel/kvm/guest.h"
#include "util/json.h"

bool kvm_present(void);                     /* /dev/kvm is there and can be opened */
bool kvm_enabled(const Vm *vm);
void kvm_info(const Vm *vm, GString *out);  /* "info kvm" */
/* irqchip mode, what the host lacks, exits by reason and vCPU. */
void kvm_details(const Vm *vm, GString *out);

/* ---- Debugging. VM lock held, vCPUs standing still; what is set holds for all vCPUs. */
bool kvm_break_add(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp);
bool kvm_break_del(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp);
void kvm_break_clear(Vm *vm);
void kvm_single_step(Cpu *cpu, bool on);
/* Why the VM stopped with run state debug: the breakpoint, NULL for a step. */
const KvmBreak *kvm_break_hit(const Cpu *cpu);

/* ---- Binary statistics (KVM_GET_STATS_FD). cpu NULL: of the VM. */
typedef enum KvmStatKind { KVM_STAT_CUMULATIVE, KVM_STAT_INSTANT, KVM_STAT_PEAK, KVM_STAT_LINEAR_HIST,
                           KVM_STAT_LOG_HIST } KvmStatKind;
typedef struct KvmStat {
    char *name;
    KvmStatKind kind;
    const char *unit;               /* "bytes", "seconds", "cycles", "boolean"; NULL: a count */
    int base, exponent;             /* value * base ^ exponent is in that unit */
    uint32_t bucket_size, n;
    uint64_t *values;
} KvmStat;
GPtrArray *kvm_stats(const Vm *vm, Cpu *cpu, GError **errp);   /* of KvmStat *; freed by g_ptr_array_unref */
/* Rows as QMP's query-stats ("stats" list: name, value) and query-stats-schemas (name, type, unit ...) want. */
Json *kvm_stats_json(const Vm *vm, Cpu *cpu, GError **errp);
Json *kvm_stats_schema_json(const Vm *vm, bool of_vcpu, GError **errp);

/* ---- Notes for tests */
uint64_t kvm_entries(const Cpu *cpu);       /* how often KVM_RUN was called */

#endif
