/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How guest instructions get executed. Two implementations: accel/kvm and accel/tcg. */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include "hw/core/device.h"

typedef struct Accel Accel;
typedef struct Cpu Cpu;

typedef struct AccelType {
    ObjType type;                   /* properties become -accel kvm,prop=... */
    bool (*available)(const char **why_not);
    bool (*init)(Accel *a, Vm *vm, GError **errp);
    bool (*vcpu_create)(Accel *a, Cpu *cpu, GError **errp);
    /* Body of the vCPU thread. Returns when cpu->stop is set; runs without the VM lock. */
    void (*vcpu_run)(Accel *a, Cpu *cpu);
    void (*vcpu_kick)(Accel *a, Cpu *cpu);          /* async-signal-safe, any thread */
    /* Who holds the registers: pull before C code reads them, push before the guest runs. */
    bool (*regs_pull)(Accel *a, Cpu *cpu, GError **errp);
    bool (*regs_push)(Accel *a, Cpu *cpu, GError **errp);
    int64_t (*virtual_clock_ns)(Accel *a);
    bool (*dirty_log_start)(Accel *a, GError **errp);
    void (*dirty_log_sync)(Accel *a, MemRegion *ram);
    const struct IrqChipOps *irqchip;               /* NULL: interrupt controllers are emulated */
    bool (*breakpoint)(Accel *a, Cpu *cpu, GuestAddr at, bool insert, GError **errp);
} AccelType;

struct Accel { Object obj; const AccelType *type; Vm *vm; };

#endif
