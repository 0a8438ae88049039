/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How guest instructions get executed: accel/tcg, accel/qtest, later accel/kvm; and the vCPU
 * threads.
 *
 * Every vCPU has a host thread whose loop (accel/cpus.c) is:
 *     wait while stopped or halted without work -> vcpu_run() -> run queued work -> again.
 * vcpu_run() runs guest code without the VM lock until something of Cpu.pending, Cpu.stop or
 * Cpu.halted asks it to return; it takes the lock only around device callbacks (addr_space_* does
 * that by itself). KVM: vcpu_run() is the KVM_RUN loop, vcpu_kick() sets immediate_exit and signals
 * the thread; before C code reads registers regs_pull() fetches them, and regs_push() sends changed
 * ones before the next entry. TCG: registers are always in memory, so both are NULL; vcpu_kick()
 * sets the flag translated code polls. */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include "hw/core/vm.h"
#include "target/cpu.h"

typedef struct Accel Accel;
typedef struct Cpu Cpu;

/* Debugging from outside the machine. VM lock held, vCPUs standing still. Breakpoints are the same for all vCPUs. */
typedef struct AccelDebugOps {
    bool (*add)(Accel *a, const CpuBreak *b, GError **errp); /* one that is there already is fine */
    bool (*del)(Accel *a, const CpuBreak *b, GError **errp);
    void (*clear)(Accel *a);
    void (*step)(Accel *a, Cpu *cpu, bool on); /* the next run ends after an instruction */
} AccelDebugOps;

typedef struct AccelType {
    ObjType type;     /* name "tcg-accel"; properties become -accel tcg,prop=... */
    const char *name; /* "tcg": -accel, in the order of `rank` in help */
    int rank;
    bool hidden; /* not in -accel help: qtest */
    bool (*available)(const char **why_not);
    bool (*init)(Accel *a, Vm *vm, GError **errp);
    bool (*vcpu_create)(Accel *a, Cpu *cpu, GError **errp); /* on the vCPU's thread, VM lock held */
    void (*vcpu_destroy)(Accel *a, Cpu *cpu);               /* the same */
    /* Body of the vCPU thread. Returns when cpu->stop is set; runs without the VM lock. */
    void (*vcpu_run)(Accel *a, Cpu *cpu);
    /* Halted without work. false, or NULL: wait until there is some. */
    bool (*vcpu_idle)(Accel *a, Cpu *cpu);
    /* -icount; NULL: cannot. opts: its key-value pairs. */
    bool (*icount)(Accel *a, const Json *opts, GError **errp);
    /* async-signal-safe, any thread; NULL: pending is enough */
    void (*vcpu_kick)(Accel *a, Cpu *cpu);
    /* Who holds the registers: pull before C code reads them, push before the guest runs. */
    bool (*regs_pull)(Accel *a, Cpu *cpu, GError **errp);
    bool (*regs_push)(Accel *a, Cpu *cpu, GError **errp);
    void (*resuming)(Accel *a);     /* all vCPUs stand still and are about to run; VM lock; NULL: nothing to do */
    int64_t (*virtual_clock_ns)(Accel *a);
    bool (*dirty_log_start)(Accel *a, GError **errp);
    void (*dirty_log_sync)(Accel *a, MemRegion *ram);
    const struct IrqChipOps *irqchip; /* NULL: interrupt controllers are emulated */
    const AccelDebugOps *debug; /* NULL: cannot */
    void (*info)(Accel *a, GString *out); /* info jit, info kvm */
    /* -singlestep: code is made of one instruction at a time; NULL: not here. VM lock, main thread */
    void (*single_step)(Accel *a, bool on);
    bool no_threads;                      /* runs nothing: vCPUs get no thread (qtest) */
    bool (*has_smm)(const Accel *a);      /* NULL: it has */
} AccelType;

struct Accel {
    Object obj;
    const AccelType *type;
    Vm *vm;
};

#define ACCEL_REGISTER(t) SET_ADD(types, ObjType, t, &(t).type)
extern const AccelType accel_base; /* "accel", abstract */

const AccelType *accel_type_find(const char *name); /* "tcg"; NULL */
bool accel_has_smm(const Vm *vm);           /* system management mode */
char *accel_help(void); /* "Accelerators supported in QEMU binary:" ... */
/* opts: {"accel": "tcg", props}. On success vm->accel is set and owned by the VM. */
bool accel_create(Vm *vm, const Json *opts, GError **errp);
/* Tries each of a list ("kvm:tcg") in turn, as -machine accel= and several -accel do. */
bool accel_create_first(Vm *vm, const char *names, GError **errp);

/* ---- vCPU threads (accel/cpus.c) */
/* From a CPU device's realize: adds it to vm->cpus, makes and starts its thread, stopped. VM lock
 * held; returns when vcpu_create has run. */
bool cpu_start_thread(Cpu *cpu, GError **errp);
void cpu_stop_thread(Cpu *cpu); /* from unrealize; joins. VM lock held, let go of meanwhile */
void cpus_pause_all(Vm *vm); /* returns when all stand still. VM lock held, let go of meanwhile */
void cpus_resume_all(Vm *vm);
int cpu_thread_id(const Cpu *cpu); /* host tid, for info cpus; 0 when there is none */
bool cpu_is_stopped(const Cpu *cpu);
bool cpu_in_guest(const Cpu *cpu); /* may be inside a guest instruction now; any thread */
/* Queues fn for the vCPU's thread, between guest instructions, without the VM lock. _async returns
 * at once, the other when it has run. On the vCPU's own thread the other runs it directly. */
void cpu_run_async(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque);
void cpu_run(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque);
/* Runs fn with every other vCPU between instructions. From a vCPU thread: at its own stopping
 * point. */
void cpu_run_exclusive_async(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque);
/* Stops all other vCPUs between instructions and returns; cpu_exclusive_end() lets them go. On a
 * vCPU thread that is itself between instructions or in C code called from one (for atomics no host
 * instruction can do); no VM lock held. */
void cpu_exclusive_begin(Cpu *cpu);
void cpu_exclusive_end(Cpu *cpu);
/* On the vCPU's thread, between instructions: waits until pending, has_work or stop; spins a little
 * first, because wake-ups are often near. */
void cpu_wait_for_work(Cpu *cpu);
/* On the vCPU's thread, between instructions: waits until ready(), or real time until_ns has come (true), or
 * it is asked out of its loop (false). ready() is looked at after every kick of this vCPU. */
bool cpu_wait_until(Cpu *cpu, bool (*ready)(Cpu *cpu, void *opaque), void *opaque, int64_t until_ns);
/* Registers are in memory when this returns true; the vCPU must stand still or be the caller. */
bool cpu_regs_pull(Cpu *cpu, GError **errp);
/* Held: does not run when the others do. VM lock held, standing still. */
void cpu_hold(Cpu *cpu, bool on);
/* On the vCPU's thread: remembers what the debugger waits for (what: NULL but for HIT_BREAK); the
 * other also asks for the VM to stop with run state debug. */
void cpu_debug_note(Cpu *cpu, CpuHit hit, const CpuBreak *what);
void cpu_debug_stop(Cpu *cpu, CpuHit hit, const CpuBreak *what);
void cpu_regs_changed(Cpu *cpu); /* C code changed them: push before the next entry */

#endif
