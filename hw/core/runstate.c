/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the machine runs, and what is asked of it from anywhere: shutdown, reset, power button,
 * sleep, wake-up, stop. Requests are flags that any thread sets; the main loop acts on them, once
 * each. */
#include <stdlib.h>
#include <string.h>

#include "hw/core/vm_int.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/trace.h"

struct VmRequests { /* all but the first two atomic */
    Vm *vm;
    Defer *defer;
    int shutdown, reset; /* ShutdownCause; 0: none */
    int exit_code;
    int powerdown, suspend, wakeup;
    int stop; /* RunState + 1; 0: none */
    int signal, signal_pid;
    bool end; /* main thread: the loop is to be left */
    int end_code;
};

static const char *const run_state_names[RUN_STATES] = {
    [RUN_DEBUG] = "debug",
    [RUN_INMIGRATE] = "inmigrate",
    [RUN_INTERNAL_ERROR] = "internal-error",
    [RUN_IO_ERROR] = "io-error",
    [RUN_PAUSED] = "paused",
    [RUN_POSTMIGRATE] = "postmigrate",
    [RUN_PRELAUNCH] = "prelaunch",
    [RUN_FINISH_MIGRATE] = "finish-migrate",
    [RUN_RESTORE_VM] = "restore-vm",
    [RUN_RUNNING] = "running",
    [RUN_SAVE_VM] = "save-vm",
    [RUN_SHUTDOWN] = "shutdown",
    [RUN_SUSPENDED] = "suspended",
    [RUN_WATCHDOG] = "watchdog",
    [RUN_GUEST_PANICKED] = "guest-panicked",
    [RUN_COLO] = "colo",
};

static const char *const cause_names[SHUTDOWN_CAUSES] = {
    [SHUTDOWN_NONE] = "none",
    [SHUTDOWN_HOST_ERROR] = "host-error",
    [SHUTDOWN_HOST_QMP_QUIT] = "host-qmp-quit",
    [SHUTDOWN_HOST_QMP_SYSTEM_RESET] = "host-qmp-system-reset",
    [SHUTDOWN_HOST_SIGNAL] = "host-signal",
    [SHUTDOWN_HOST_UI] = "host-ui",
    [SHUTDOWN_GUEST_SHUTDOWN] = "guest-shutdown",
    [SHUTDOWN_GUEST_RESET] = "guest-reset",
    [SHUTDOWN_GUEST_PANIC] = "guest-panic",
    [SHUTDOWN_SUBSYSTEM_RESET] = "subsystem-reset",
    [SHUTDOWN_SNAPSHOT_LOAD] = "snapshot-load",
};

const char *run_state_name(RunState s)
{
    return run_state_names[s];
}

const char *shutdown_cause_name(ShutdownCause c)
{
    return cause_names[c];
}

bool vm_running(const Vm *vm)
{
    return vm->run_state == RUN_RUNNING;
}

static void on_requests(void *opaque)
{
    Vm *vm = opaque;

    if (vm_process_requests(vm, &vm->requests->end_code)) {
        vm->requests->end = true;
        loop_quit(loop_main());
    }
}

/* The defer is made with the main loop, in vm_main_loop(): a VM may exist without it (tests). */
struct VmRequests *vm_requests_new(Vm *vm)
{
    struct VmRequests *r = g_new0(struct VmRequests, 1);

    r->vm = vm;
    return r;
}

void vm_requests_free(struct VmRequests *r)
{
    defer_free(r->defer);
    g_free(r);
}

/* ---- Running and stopping */

static void set_state(Vm *vm, RunState s)
{
    bool running = s == RUN_RUNNING;

    TRACE("runstate_set", "%s -> %s", run_state_name(vm->run_state), run_state_name(s));
    vm->run_state = s;
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->run_state != NULL) {
            n->run_state(n->opaque, running, s);
        }
    }
}

void vm_set_state(Vm *vm, RunState s)
{
    g_assert(s != RUN_RUNNING && vm->run_state != RUN_RUNNING);
    if (s != vm->run_state) {
        set_state(vm, s);
    }
}

static void pause_cpus(Vm *vm)
{
    if (vm->cpu_ops != NULL) {
        vm->cpu_ops->pause_all(vm);
    }
}

static void resume_cpus(Vm *vm)
{
    if (vm->cpu_ops != NULL) {
        vm->cpu_ops->resume_all(vm);
    }
}

void vm_start(Vm *vm)
{
    if (vm_running(vm)) {
        return;
    }
    clock_virtual_enable(true);
    vm_event(vm, "RESUME", SHUTDOWN_NONE);
    set_state(vm, RUN_RUNNING);
    resume_cpus(vm);
}

void vm_stop(Vm *vm, RunState s)
{
    if (vm_thread_online()) { /* a vCPU cannot wait for itself */
        vm_request_stop(vm, s);
        return;
    }
    if (!vm_running(vm)) {
        return;
    }
    pause_cpus(vm);
    clock_virtual_enable(false);
    set_state(vm, s);
    vm_event(vm, "STOP", SHUTDOWN_NONE);
}

/* ---- Requests */

static void wake_main(Vm *vm)
{
    Defer *defer = __atomic_load_n(&vm->requests->defer, __ATOMIC_ACQUIRE);

    if (defer != NULL) {
        defer_schedule(defer);
    }
}

static void request(Vm *vm, int *flag, int value)
{
    __atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
    wake_main(vm);
}

/* The same from a guest's action, after which that vCPU must not go on. */
static void request_and_stop(Vm *vm, int *flag, int value)
{
    request(vm, flag, value);
    if (vm->cpu_ops != NULL && vm->cpu_ops->stop_current != NULL) {
        vm->cpu_ops->stop_current(vm);
    }
}

static int take(int *flag)
{
    return __atomic_exchange_n(flag, 0, __ATOMIC_SEQ_CST);
}

void vm_request_shutdown_code(Vm *vm, ShutdownCause cause, int exit_code)
{
    TRACE("qemu_system_shutdown_request", "reason %s", shutdown_cause_name(cause));
    __atomic_store_n(&vm->requests->exit_code, exit_code, __ATOMIC_SEQ_CST);
    request_and_stop(vm, &vm->requests->shutdown, (int)cause);
}

void vm_request_shutdown(Vm *vm, ShutdownCause cause)
{
    request_and_stop(vm, &vm->requests->shutdown, (int)cause);
}

void vm_request_reset(Vm *vm, ShutdownCause cause)
{
    if (vm->actions.reboot == REBOOT_SHUTDOWN && cause != SHUTDOWN_SUBSYSTEM_RESET) {
        vm_request_shutdown(vm, cause);
    } else {
        request_and_stop(vm, &vm->requests->reset, (int)cause);
    }
}

void vm_request_powerdown(Vm *vm)
{
    TRACE("qemu_system_powerdown_request", "%s", "pressed");
    request(vm, &vm->requests->powerdown, 1);
}

void vm_request_suspend(Vm *vm)
{
    if (vm->run_state != RUN_SUSPENDED) {
        request_and_stop(vm, &vm->requests->suspend, 1);
    }
}

bool vm_request_wakeup(Vm *vm, GError **errp)
{
    TRACE("system_wakeup_request", "state %s", run_state_name(vm->run_state));
    if (vm->run_state != RUN_SUSPENDED) {
        return err_fail(errp, "Unable to wake up: guest is not in suspended state");
    }
    request(vm, &vm->requests->wakeup, 1);
    return true;
}

void vm_request_stop(Vm *vm, RunState s)
{
    request_and_stop(vm, &vm->requests->stop, (int)s + 1);
}

void vm_request_quit_from_signal(Vm *vm, int signal, int pid)
{
    __atomic_store_n(&vm->requests->signal_pid, pid, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vm->requests->signal, signal, __ATOMIC_SEQ_CST);
    request(vm, &vm->requests->shutdown, SHUTDOWN_HOST_SIGNAL);
}

void vm_guest_panicked(Vm *vm)
{
    vm_event(vm, "GUEST_PANICKED", SHUTDOWN_GUEST_PANIC);
    switch (vm->actions.panic) {
    case PANIC_PAUSE: vm_request_stop(vm, RUN_GUEST_PANICKED); break;
    case PANIC_SHUTDOWN: vm_request_shutdown(vm, SHUTDOWN_GUEST_PANIC); break;
    case PANIC_EXIT_FAILURE:
        vm_request_shutdown_code(vm, SHUTDOWN_GUEST_PANIC, EXIT_FAILURE);
        break;
    case PANIC_NONE: break;
    }
}

void vm_watchdog_expired(Vm *vm)
{
    vm_event(vm, "WATCHDOG", SHUTDOWN_NONE);
    switch (vm->actions.watchdog) {
    case WATCHDOG_RESET: vm_request_reset(vm, SHUTDOWN_GUEST_RESET); break;
    case WATCHDOG_SHUTDOWN: vm_request_powerdown(vm); break;
    case WATCHDOG_POWEROFF: vm_request_shutdown(vm, SHUTDOWN_GUEST_SHUTDOWN); break;
    case WATCHDOG_PAUSE: vm_request_stop(vm, RUN_WATCHDOG); break;
    case WATCHDOG_DEBUG: warn("watchdog: timer fired"); break;
    case WATCHDOG_INJECT_NMI:
        if (vm->inject_nmi != NULL) {
            vm->inject_nmi(vm);
        }
        break;
    case WATCHDOG_NONE: break;
    }
}

/* ---- Acting on them: main thread, VM lock held */

/* The kernel's pid 0 is nobody who has a name. */
static void report_signal(int signal, int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
    g_autofree char *name = NULL;

    if (pid > 0 && g_file_get_contents(path, &name, NULL, NULL) && name[0] != '\0') {
        report_error("terminating on signal %d from pid %d (%s)", signal, pid, name);
    } else {
        report_error("terminating on signal %d from pid %d (<unknown process>)", signal, pid);
    }
}

static bool do_shutdown(Vm *vm, ShutdownCause cause, int *exit_code)
{
    struct VmRequests *r = vm->requests;
    int signal = take(&r->signal);

    if (signal != 0) {
        report_signal(signal, take(&r->signal_pid));
    }
    vm_event(vm, "SHUTDOWN", cause);
    if (vm->actions.shutdown == SHUTDOWN_PAUSE && cause != SHUTDOWN_HOST_SIGNAL &&
        cause != SHUTDOWN_HOST_QMP_QUIT) {
        vm_stop(vm, RUN_SHUTDOWN);
        return false;
    }
    *exit_code = r->exit_code;
    return true;
}

static void do_reset(Vm *vm, ShutdownCause cause)
{
    pause_cpus(vm);
    vm_reset(vm, RESET_WARM);
    vm_event(vm, "RESET", cause);
    if (vm_running(vm)) {
        resume_cpus(vm);
    } else if (vm->run_state != RUN_INMIGRATE) {
        vm_set_state(vm, RUN_PRELAUNCH);
    }
}

static void do_suspend(Vm *vm)
{
    pause_cpus(vm);
    set_state(vm, RUN_SUSPENDED);
    vm_event(vm, "SUSPEND", SHUTDOWN_NONE);
}

/* Leaving S3: the processors start at their reset vectors, memory is kept. */
static void do_wakeup(Vm *vm)
{
    if (vm->run_state != RUN_SUSPENDED) {
        return;
    }
    vm_reset(vm, RESET_WARM);
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->wakeup != NULL) {
            n->wakeup(n->opaque);
        }
    }
    set_state(vm, RUN_RUNNING);
    vm_event(vm, "WAKEUP", SHUTDOWN_NONE);
    resume_cpus(vm);
}

static void do_powerdown(Vm *vm)
{
    vm_event(vm, "POWERDOWN", SHUTDOWN_NONE);
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->powerdown != NULL) {
            n->powerdown(n->opaque);
        }
    }
}

bool vm_process_requests(Vm *vm, int *exit_code)
{
    struct VmRequests *r = vm->requests;
    int v;

    if (take(&r->suspend)) {
        do_suspend(vm);
    }
    v = take(&r->shutdown);
    if (v != 0 && do_shutdown(vm, (ShutdownCause)v, exit_code)) {
        return true;
    }
    v = take(&r->reset);
    if (v != 0) {
        do_reset(vm, (ShutdownCause)v);
    }
    if (take(&r->wakeup)) {
        do_wakeup(vm);
    }
    if (take(&r->powerdown)) {
        do_powerdown(vm);
    }
    v = take(&r->stop);
    if (v != 0) {
        vm_stop(vm, (RunState)(v - 1));
    }
    return false;
}

void vm_handle_requests(Vm *vm)
{
    on_requests(vm);
}

/* ---- The main loop */

static void hook_lock(void *opaque)
{
    vm_lock(opaque);
}

static void hook_unlock(void *opaque)
{
    vm_unlock(opaque);
}

int vm_main_loop(Vm *vm)
{
    struct VmRequests *r = vm->requests;

    g_assert(!vm_locked(vm));
    loop_set_lock_hooks(loop_main(), hook_lock, hook_unlock, vm);
    __atomic_store_n(&r->defer, defer_new(loop_main(), on_requests, vm), __ATOMIC_RELEASE);
    defer_schedule(r->defer); /* what was asked before */
    while (!r->end) {
        loop_run(loop_main());
    }
    loop_set_lock_hooks(loop_main(), NULL, NULL, NULL);
    return r->end_code;
}
