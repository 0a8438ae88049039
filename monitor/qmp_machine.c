/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on the machine: state, kinds of machines, CPUs, memory sizes, power. */
#include <string.h>
#include "accel/accel.h"
#include "block/block.h"
#include "hw/core/hostmem.h"
#include "hw/core/info.h"
#include "hw/core/iothread.h"
#include "hw/core/machine.h"
#include "monitor/hmp_int.h"
#include "monitor/qmp_schema.h"
#include "target/cpu.h"

/* ---- State */

bool vm_single_step(Vm *vm)
{
    g_autoptr(Json) v = vm->accel != NULL ? object_prop_get(&vm->accel->obj, "one-insn", NULL) : NULL;
    bool on = false;

    json_to_bool(v, &on);
    return on;
}

Json *qmp_query_status(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    json_set_str(ret, "status", run_state_name(ctx->vm->run_state));
    json_set_bool(ret, "singlestep", vm_single_step(ctx->vm));
    json_set_bool(ret, "running", vm_running(ctx->vm));
    return ret;
}

Json *qmp_stop(QmpCtx *ctx, GError **errp)
{
    if (vm_running(ctx->vm)) {
        vm_stop(ctx->vm, RUN_PAUSED);
    } else if (ctx->vm->run_state == RUN_SUSPENDED) {
        vm_set_state(ctx->vm, RUN_PAUSED);
    }
    return NULL;
}

Json *qmp_query_pci(QmpCtx *ctx, GError **errp)
{
    SET_FOREACH(vm_infos, VmInfo, it) {
        if (strcmp((*it)->name, "pci") == 0) {
            return (*it)->json(ctx->vm);
        }
    }
    return json_array_new();
}

/* Slots for memory and CPUs that ACPI may fill while the machine runs: there are none. */
Json *qmp_query_acpi_ospm_status(QmpCtx *ctx, GError **errp)
{
    return json_array_new();
}

Json *qmp_cont(QmpCtx *ctx, GError **errp)
{
    switch (ctx->vm->run_state) {
    case RUN_SHUTDOWN:
    case RUN_INTERNAL_ERROR:
        err_fail(errp, "Resetting the Virtual Machine is required");
        return NULL;
    case RUN_SUSPENDED:
        return NULL;
    default:
        break;
    }
    block_forget_errors();
    vm_start(ctx->vm);
    return NULL;
}

Json *qmp_system_reset(QmpCtx *ctx, GError **errp)
{
    vm_request_reset(ctx->vm, SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    vm_handle_requests(ctx->vm);
    return NULL;
}

Json *qmp_system_powerdown(QmpCtx *ctx, GError **errp)
{
    vm_request_powerdown(ctx->vm);
    vm_handle_requests(ctx->vm);
    return NULL;
}

static bool can_suspend(const Vm *vm)
{
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->wakeup != NULL) {
            return true;
        }
    }
    return false;
}

Json *qmp_system_wakeup(QmpCtx *ctx, GError **errp)
{
    if (!can_suspend(ctx->vm)) {
        err_fail(errp, "wake-up from suspend is not supported by this guest");
    } else if (vm_request_wakeup(ctx->vm, errp)) {
        vm_handle_requests(ctx->vm);
    }
    return NULL;
}

Json *qmp_inject_nmi(QmpCtx *ctx, GError **errp)
{
    if (ctx->vm->inject_nmi == NULL) {
        err_fail(errp, "this feature or command is not currently supported");
    } else {
        ctx->vm->inject_nmi(ctx->vm);
    }
    return NULL;
}

/* ---- Actions */

static PanicAction panic_action(QmpPanicAction a)
{
    static const PanicAction map[] = {
        [QMP_PANIC_ACTION_PAUSE] = PANIC_PAUSE, [QMP_PANIC_ACTION_SHUTDOWN] = PANIC_SHUTDOWN,
        [QMP_PANIC_ACTION_EXIT_FAILURE] = PANIC_EXIT_FAILURE, [QMP_PANIC_ACTION_NONE] = PANIC_NONE,
    };

    return map[a];
}

static WatchdogAction watchdog_action(QmpWatchdogAction a)
{
    static const WatchdogAction map[] = {
        [QMP_WATCHDOG_ACTION_RESET] = WATCHDOG_RESET,
        [QMP_WATCHDOG_ACTION_SHUTDOWN] = WATCHDOG_SHUTDOWN,
        [QMP_WATCHDOG_ACTION_POWEROFF] = WATCHDOG_POWEROFF,
        [QMP_WATCHDOG_ACTION_PAUSE] = WATCHDOG_PAUSE,
        [QMP_WATCHDOG_ACTION_DEBUG] = WATCHDOG_DEBUG,
        [QMP_WATCHDOG_ACTION_NONE] = WATCHDOG_NONE,
        [QMP_WATCHDOG_ACTION_INJECT_NMI] = WATCHDOG_INJECT_NMI,
    };

    return map[a];
}

Json *qmp_set_action(QmpCtx *ctx, const QmpSetActionArgs *args, GError **errp)
{
    VmActions *a = &ctx->vm->actions;

    if (args->has_reboot) {
        a->reboot = args->reboot == QMP_REBOOT_ACTION_RESET ? REBOOT_RESET : REBOOT_SHUTDOWN;
    }
    if (args->has_shutdown) {
        a->shutdown = args->shutdown == QMP_SHUTDOWN_ACTION_PAUSE ? SHUTDOWN_PAUSE : SHUTDOWN_POWEROFF;
    }
    if (args->has_panic) {
        a->panic = panic_action(args->panic);
    }
    if (args->has_watchdog) {
        a->watchdog = watchdog_action(args->watchdog);
    }
    return NULL;
}

Json *qmp_watchdog_set_action(QmpCtx *ctx, const QmpWatchdogSetActionArgs *args, GError **errp)
{
    ctx->vm->actions.watchdog = watchdog_action(args->action);
    return NULL;
}

/* ---- Kinds of machines */

static Json *machine_json(const MachineType *t)
{
    Json *row = json_object_new();

    json_set_str(row, "name", t->name);
    if (t->alias != NULL) {
        json_set_str(row, "alias", t->alias);
    }
    if (t->is_default) {
        json_set_bool(row, "is-default", true);
    }
    json_set_int(row, "cpu-max", t->max_cpus);
    json_set_bool(row, "hotpluggable-cpus", false);
    json_set_bool(row, "numa-mem-supported", false);
    json_set_bool(row, "deprecated", t->deprecated);
    if (t->default_ram_id != NULL) {
        json_set_str(row, "default-ram-id", t->default_ram_id);
    }
    if (t->default_cpu != NULL) {
        json_set(row, "default-cpu-type", json_strf("%s-" TARGET_CPU_SUFFIX, t->default_cpu));
    }
    return row;
}

Json *qmp_query_machines(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new();

    SET_FOREACH(types, ObjType, it) {
        if (type_is_a(*it, &machine_base.type) && !(*it)->abstract) {
            json_array_add(list, machine_json((const MachineType *)*it));
        }
    }
    return list;
}

Json *qmp_query_current_machine(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    json_set_bool(ret, "wakeup-suspend-support", can_suspend(ctx->vm));
    return ret;
}

Json *qmp_query_target(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    json_set_str(ret, "arch", "x86_64");
    return ret;
}

Json *qmp_query_kvm(QmpCtx *ctx, GError **errp)
{
    const Accel *a = ctx->vm->accel;
    const AccelType *kvm = accel_type_find("kvm");
    const char *why;
    Json *ret = json_object_new();

    json_set_bool(ret, "enabled", a != NULL && strcmp(a->type->name, "kvm") == 0);
    json_set_bool(ret, "present", kvm != NULL && (kvm->available == NULL || kvm->available(&why)));
    return ret;
}

/* ---- CPUs */

static Json *cpu_props(const SmpTopology *t, unsigned index)
{
    unsigned core = index / t->threads, die = core / t->cores, socket = die / t->dies;
    Json *props = json_object_new();

    json_set_int(props, "core-id", core % t->cores);
    json_set_int(props, "thread-id", index % t->threads);
    if (t->dies > 1) {
        json_set_int(props, "die-id", die % t->dies);
    }
    json_set_int(props, "socket-id", socket);
    return props;
}

Json *qmp_query_cpus_fast(QmpCtx *ctx, GError **errp)
{
    const GPtrArray *cpus = ctx->vm->cpus;
    Json *list = json_array_new();

    for (unsigned i = 0; cpus != NULL && i < cpus->len; i++) {
        const Cpu *cpu = g_ptr_array_index(cpus, i);
        g_autofree char *path = object_path(&cpu->dev.obj);
        Json *row = json_object_new();

        json_set_int(row, "thread-id", cpu_thread_id(cpu));
        json_set(row, "props", cpu_props(&vm_machine(ctx->vm)->smp, cpu->index));
        json_set_str(row, "qom-path", path);
        json_set_int(row, "cpu-index", cpu->index);
        json_set_str(row, "target", "x86_64");
        json_array_add(list, row);
    }
    return list;
}

Json *qmp_query_hotpluggable_cpus(QmpCtx *ctx, GError **errp)
{
    const Machine *m = vm_machine(ctx->vm);
    const GPtrArray *cpus = ctx->vm->cpus;
    Json *list;

    if (m->type->default_cpu == NULL) {
        err_fail(errp, "The feature 'query-hotpluggable-cpus' is not enabled");
        return NULL;
    }
    list = json_array_new();
    for (unsigned i = cpus != NULL ? cpus->len : 0; i-- > 0;) {
        const Cpu *cpu = g_ptr_array_index(cpus, i);
        g_autofree char *path = object_path(&cpu->dev.obj);
        Json *row = json_object_new();

        json_set(row, "props", cpu_props(&m->smp, cpu->index));
        json_set_int(row, "vcpus-count", 1);
        json_set_str(row, "qom-path", path);
        json_set_str(row, "type", cpu->dev.obj.type->name);
        json_array_add(list, row);
    }
    return list;
}

/* ---- Memory and I/O threads */

Json *qmp_query_memory_devices(QmpCtx *ctx, GError **errp)
{
    return json_array_new();        /* no device of this kind exists yet */
}

Json *qmp_query_memory_size_summary(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    json_set_uint(ret, "base-memory", vm_machine(ctx->vm)->ram_size);
    json_set_uint(ret, "plugged-memory", 0);
    return ret;
}

Json *qmp_query_memdev(QmpCtx *ctx, GError **errp)
{
    return hostmem_json(ctx->vm);
}

Json *qmp_query_iothreads(QmpCtx *ctx, GError **errp)
{
    return iothreads_json(ctx->vm);
}

/* ---- Devices that may be there */

static Json *fail_no_balloon(GError **errp)
{
    err_fail_class(errp, ERR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
    return NULL;
}

Json *qmp_balloon(QmpCtx *ctx, const QmpBalloonArgs *args, GError **errp)
{
    return fail_no_balloon(errp);
}

Json *qmp_query_balloon(QmpCtx *ctx, GError **errp)
{
    return fail_no_balloon(errp);
}
