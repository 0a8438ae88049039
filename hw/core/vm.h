/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual machine. The only owner of everything; passed down, never fetched from a global.
 *
 * Lock order: VM lock, then a back end's own lock, then the small locks inside util and ram. Nobody
 * waits for a vCPU thread while holding the VM lock, but through the calls below, which let go of
 * it. */
#ifndef HW_CORE_VM_H
#define HW_CORE_VM_H

#include "hw/core/device.h"

struct Cpu;
struct Accel;
struct Machine;

/* names as query-status prints them: run_state_name() */
typedef enum RunState {
    RUN_DEBUG,
    RUN_INMIGRATE,
    RUN_INTERNAL_ERROR,
    RUN_IO_ERROR,
    RUN_PAUSED,
    RUN_POSTMIGRATE,
    RUN_PRELAUNCH,
    RUN_FINISH_MIGRATE,
    RUN_RESTORE_VM,
    RUN_RUNNING,
    RUN_SAVE_VM,
    RUN_SHUTDOWN,
    RUN_SUSPENDED,
    RUN_WATCHDOG,
    RUN_GUEST_PANICKED,
    RUN_COLO,
    RUN_STATES
} RunState;

/* "reason" of the SHUTDOWN and RESET events: shutdown_cause_name() */
typedef enum ShutdownCause {
    SHUTDOWN_NONE,
    SHUTDOWN_HOST_ERROR,
    SHUTDOWN_HOST_QMP_QUIT,
    SHUTDOWN_HOST_QMP_SYSTEM_RESET,
    SHUTDOWN_HOST_SIGNAL,
    SHUTDOWN_HOST_UI,
    SHUTDOWN_GUEST_SHUTDOWN,
    SHUTDOWN_GUEST_RESET,
    SHUTDOWN_GUEST_PANIC,
    SHUTDOWN_SUBSYSTEM_RESET,
    SHUTDOWN_SNAPSHOT_LOAD,
    SHUTDOWN_CAUSES
} ShutdownCause;

/* -action and its older spellings (-no-reboot, -no-shutdown). */
typedef enum RebootAction { REBOOT_RESET, REBOOT_SHUTDOWN } RebootAction;
typedef enum ShutdownAction { SHUTDOWN_POWEROFF, SHUTDOWN_PAUSE } ShutdownAction;
typedef enum PanicAction {
    PANIC_SHUTDOWN,
    PANIC_EXIT_FAILURE,
    PANIC_PAUSE,
    PANIC_NONE
} PanicAction;
typedef enum WatchdogAction {
    WATCHDOG_RESET,
    WATCHDOG_SHUTDOWN,
    WATCHDOG_POWEROFF,
    WATCHDOG_PAUSE,
    WATCHDOG_DEBUG,
    WATCHDOG_NONE,
    WATCHDOG_INJECT_NMI
} WatchdogAction;
typedef struct VmActions {
    RebootAction reboot;
    ShutdownAction shutdown;
    PanicAction panic;
    WatchdogAction watchdog;
} VmActions;

/* -global driver.property=value, in order; also the machine's compat rows. */
typedef struct GlobalProp {
    const char *driver, *property, *value;
    bool optional; /* compat rows: no complaint when the property does not exist */
    bool used;     /* set when applied, for the "has no effect" warning */
} GlobalProp;

/* What happened to the machine; both are called on the main thread with the VM lock held. */
typedef struct VmNotify {
    void (*run_state)(void *opaque, bool running, RunState state); /* after the change */
    /* Something the monitor reports: "RESET", "SHUTDOWN", "POWERDOWN", "STOP", "RESUME", "WAKEUP",
     * "SUSPEND". cause is for the first two. */
    void (*event)(void *opaque, const char *event, ShutdownCause cause);
    void (*powerdown)(void *opaque); /* the ACPI device presses its button */
    void (*wakeup)(void *opaque);    /* leave S3 */
    /* late in every reset, after devices and before CPUs: ROM copies */
    void (*reset)(void *opaque);
    /* an event of a device, with what the monitor says about it: vm_report() */
    void (*report)(void *opaque, const char *event, const Json *data);
    void *opaque;
} VmNotify;

/* What accel/cpus.c does for the core; NULL until the first vCPU exists. */
typedef struct VmCpuOps {
    void (*on_cpus)(Vm *vm, bool exclusive, void (*fn)(struct Cpu *cpu, void *opaque),
                    void *opaque);
    void (*pause_all)(Vm *vm); /* returns when all stand still; lets go of the VM lock meanwhile */
    void (*resume_all)(Vm *vm);
    void (*kick_all)(Vm *vm); /* every running vCPU passes a stopping point soon */
    /* On a vCPU thread: it goes no further than the instruction it is in, until resume_all(). */
    void (*stop_current)(Vm *vm);
    void (*after_reset)(Vm *vm); /* registers were reset behind the accelerator's back */
} VmCpuOps;

struct Vm {
    Object root;     /* "/": machine, objects, chardevs */
    Object *machine; /* "/machine": the Machine (machine.h) or a plain container in tests */
    Object *peripheral, *peripheral_anon, *unattached, *objects, *chardevs, *backend;
    struct Accel *accel;
    const char *kernel_irqchip; /* -machine kernel-irqchip=; NULL: not said */
    bool cpu_pm; /* -overcommit cpu-pm=on: halted vCPUs keep their host CPU */
    AddrSpace *mem, *io; /* "memory" with root "system", "I/O" with root "io" */
    MemRegion system_region, io_region;
    Bus *system_bus;
    GPtrArray *cpus;  /* of Cpu *, in order of index */
    GMutex lock;      /* "the VM lock": all device state, the region tree, the object tree */
    void *lock_owner; /* thread that holds it; atomic */
    GPtrArray *buses; /* of Bus *, all of them, in order of creation */
    GArray *compat, *globals; /* of GlobalProp: applied in this order */
    unsigned unattached_count, anon_count;
    RunState run_state;
    VmActions actions;
    bool allow_wakeup, machine_ready; /* ready: what comes now is hot-plugged */
    const VmCpuOps *cpu_ops;
    struct ApicBus *apic_bus;    /* hw/intc/apic.c: the local APICs of the machine; NULL without */
    GPtrArray *notify;           /* of const VmNotify * */
    GPtrArray *roms;             /* of RomBlob *: loader.h */
    struct VmRequests *requests; /* vm.c: pending shutdown, reset ... */
    struct VmRetired *retired;   /* retire.c */
    /* The board's own order of resetting; it calls vm_reset_devices(). NULL: just that. */
    void (*reset_machine)(Vm *vm, ResetKind kind);
    void (*inject_nmi)(Vm *vm); /* set by the board; NULL: it has none */
    bool (*set_boot)(Vm *vm, const char *order, GError **errp); /* boot_set; the same */
    void (*drain)(Vm *vm); /* no request of a back end is under way after it; NULL: there are none */
    char *name, *uuid;                                          /* -name, -uuid; NULL */
    bool in_reset;
};

/* root, folders, the two address spaces (io reads as all ones), system bus; run state prelaunch. */
Vm *vm_new(void);
void vm_free(Vm *vm); /* vCPUs must be gone; frees all devices */

void vm_lock(Vm *vm);
void vm_unlock(Vm *vm);
/* by this thread; for g_assert() at the entry of every locked function */
bool vm_locked(const Vm *vm);
bool vm_lock_maybe(Vm *vm); /* takes it unless held; true: give it to vm_unlock_maybe */
void vm_unlock_maybe(Vm *vm, bool taken);
void vm_cond_wait(Vm *vm, GCond *cond); /* waits on a condition of the VM lock */
/* Wakes all who sleep on this futex word: at once, or, on a vCPU thread that holds the VM lock, when
 * it lets go of it. */
void vm_wake_later(Vm *vm, uint32_t *word);

/* Runs fn for every vCPU on that vCPU's thread between guest instructions. exclusive: all of them
 * stand between instructions at the same time and fn runs on the calling thread. Returns when all
 * is done; lets go of the VM lock meanwhile if the caller holds it (fn takes it if it needs).
 * Before vCPU threads exist fn runs here. */
void vm_on_cpus(Vm *vm, bool exclusive, void (*fn)(struct Cpu *cpu, void *opaque), void *opaque);
/* Frees p once no vCPU can still see it: after each has passed a stopping point. */
void vm_retire(Vm *vm, void (*release)(void *p), void *p);

/* A vCPU thread's side of the above (accel/cpus.c). While online its thread may use published maps
 * without a reference; quiescent() is a stopping point. */
typedef struct VmOnline VmOnline;
VmOnline *vm_online_new(Vm *vm);
void vm_online_free(VmOnline *o);
void vm_online_enter(VmOnline *o);     /* before guest code runs; on the thread itself */
void vm_online_leave(VmOnline *o);     /* before it blocks */
void vm_online_quiescent(VmOnline *o); /* cheap; while online */
bool vm_thread_online(void);           /* is this thread one of them, and online? */

/* ---- Globals and compat */
/* copied */
void vm_add_global(Vm *vm, const char *driver, const char *property, const char *value);
void vm_add_compat(Vm *vm, const GlobalProp *rows, size_t n); /* rows are kept */
/* One warning line a -global that matched no device; to be called when the machine is complete. */
void vm_check_globals(Vm *vm);

/* ---- Running. All on the main thread with the VM lock, unless said otherwise. */
const char *run_state_name(RunState s);
const char *shutdown_cause_name(ShutdownCause c);
bool vm_running(const Vm *vm);
void vm_start(Vm *vm); /* cont: clock on, vCPUs on. Nothing when running */
/* stands still on return, nothing when it does not run; called on a vCPU thread it only asks */
void vm_stop(Vm *vm, RunState s);
void vm_set_state(Vm *vm, RunState s); /* between two states that do not run */
void vm_reset(Vm *vm, ResetKind kind); /* vCPUs must stand still: devices, notifiers, CPUs */
void vm_reset_devices(Vm *vm, ResetKind kind); /* all but CPUs; lines are lowered first */
void vm_notify_add(Vm *vm, const VmNotify *n); /* kept */
void vm_notify_del(Vm *vm, const VmNotify *n);
void vm_event(Vm *vm, const char *event, ShutdownCause cause);
/* "RTC_CHANGE", "DEVICE_DELETED", "BLOCK_IO_ERROR" ...: data as the schema has it; given away, may
 * be NULL. VM lock held; any thread. */
void vm_report(Vm *vm, const char *event, Json *data);

/* Requests: any thread, vCPUs included, with or without the VM lock; the main loop acts on them
 * soon. */
void vm_request_shutdown(Vm *vm, ShutdownCause cause);
void vm_request_shutdown_code(Vm *vm, ShutdownCause cause, int exit_code); /* isa-debug-exit */
void vm_request_reset(Vm *vm, ShutdownCause cause);
void vm_request_powerdown(Vm *vm);
void vm_request_suspend(Vm *vm); /* S3 */
bool vm_request_wakeup(Vm *vm, GError **errp);
void vm_request_stop(Vm *vm, RunState s);
void vm_guest_panicked(Vm *vm);
void vm_watchdog_expired(Vm *vm);
/* From a fatal signal handler or SIGTERM: async-signal-safe. */
void vm_request_quit_from_signal(Vm *vm, int signal, int pid);

/* Runs the main loop until the VM is to end; returns the process's exit status. Called with the VM
 * lock not held: it is taken around every dispatch. */
int vm_main_loop(Vm *vm);
bool vm_process_requests(Vm *vm, int *exit_code); /* one round; true: the VM is to end. Lock held */
/* The same at once instead of soon: for commands that answer when it is done. Main thread, lock held. */
void vm_handle_requests(Vm *vm);

#endif
