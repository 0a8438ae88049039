/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that run, stop and reset the machine, press its keys and set its logs. */
#include <string.h>
#include "block/block.h"
#include "accel/accel.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "system/chardev/char.h"
#include "target/cpu.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

static void cmd_cont(Hmp *hmp, const Json *args)
{
    Vm *vm = hmp_vm(hmp);

    if (vm->run_state == RUN_SHUTDOWN || vm->run_state == RUN_INTERNAL_ERROR) {
        hmp_puts(hmp, "Error: Resetting the Virtual Machine is required\n");
    } else if (vm->run_state == RUN_SUSPENDED) {
        return;
    } else {
        block_forget_errors();
        vm_start(vm);
    }
}

static void cmd_stop(Hmp *hmp, const Json *args)
{
    if (vm_running(hmp_vm(hmp))) {
        vm_stop(hmp_vm(hmp), RUN_PAUSED);
    }
}

static void cmd_system_reset(Hmp *hmp, const Json *args)
{
    vm_request_reset(hmp_vm(hmp), SHUTDOWN_HOST_QMP_SYSTEM_RESET);
}

static void cmd_system_powerdown(Hmp *hmp, const Json *args)
{
    vm_request_powerdown(hmp_vm(hmp));
}

static void cmd_system_wakeup(Hmp *hmp, const Json *args)
{
    GError *err = NULL;

    if (!vm_request_wakeup(hmp_vm(hmp), &err)) {
        hmp_report(hmp, err);
    }
}

static void cmd_nmi(Hmp *hmp, const Json *args)
{
    Vm *vm = hmp_vm(hmp);

    if (vm->inject_nmi != NULL) {
        vm->inject_nmi(vm);
    } else {
        hmp_puts(hmp, "Error: machine does not provide NMIs\n");
    }
}

static void cmd_mce(Hmp *hmp, const Json *args)
{
    const GPtrArray *cpus = hmp_vm(hmp)->cpus;
    uint64_t index = json_get_uint(args, "cpu_index", 0);
    CpuMce m = { .bank = (unsigned)MIN(json_get_uint(args, "bank", 0), UINT32_MAX),
                 .broadcast = json_get_bool(args, "broadcast", false), .status = json_get_uint(args, "status", 0),
                 .mcg_status = json_get_uint(args, "mcg_status", 0), .addr = json_get_uint(args, "addr", 0),
                 .misc = json_get_uint(args, "misc", 0) };
    GError *err = NULL;

    if (cpus == NULL || index >= cpus->len) {
        hmp_puts(hmp, "invalid CPU index\n");
    } else if (!target_cpu_inject_mce(g_ptr_array_index(cpus, index), &m, &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    }
}

static void cmd_cpu(Hmp *hmp, const Json *args)
{
    uint64_t index = json_get_uint(args, "index", 0);
    const GPtrArray *cpus = hmp_vm(hmp)->cpus;

    if (cpus == NULL || index >= cpus->len) {
        hmp_puts(hmp, "invalid CPU index\n");
    } else {
        hmp_set_cpu(hmp, (unsigned)index);
    }
}

static void cmd_boot_set(Hmp *hmp, const Json *args)
{
    Vm *vm = hmp_vm(hmp);
    const char *order = json_get_str(args, "bootdevice");
    GError *err = NULL;

    for (const char *p = order; *p != '\0'; p++) {
        if (*p < 'a' || *p > 'p') {
            hmp_printf(hmp, "Invalid boot device '%c'\n", *p);
            return;
        }
    }
    if (vm->set_boot == NULL) {
        hmp_puts(hmp, "Error: no function defined to set boot device list for this architecture\n");
    } else if (!vm->set_boot(vm, order, &err)) {
        hmp_report(hmp, err);
    } else {
        hmp_printf(hmp, "boot device list now set to %s\n", order);
    }
}

/* ---- Logs */

static void print_log_items(Hmp *hmp)
{
    g_autofree char *text = log_items_help();
    const char *items = strchr(text, '\n') != NULL ? strchr(text, '\n') + 1 : text;

    hmp_printf(hmp, "%.*snone            remove all logs\n%s", (int)(items - text), text, items);
}

static void cmd_log(Hmp *hmp, const Json *args)
{
    const char *items = json_get_str(args, "items");
    GError *err = NULL;

    if (strcmp(items, "none") == 0) {
        log_set_level(0);
    } else if (strcmp(items, "help") == 0) {
        print_log_items(hmp);
    } else if (!log_set_items(items, &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
        print_log_items(hmp);
    }
}

static void cmd_logfile(Hmp *hmp, const Json *args)
{
    GError *err = NULL;

    if (!log_set_file(json_get_str(args, "filename"), &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    }
}

typedef struct TraceList { Hmp *hmp; const char *pattern; unsigned shown; } TraceList;

static void print_trace_event(const char *name, bool on, void *opaque)
{
    TraceList *l = opaque;

    if (l->pattern == NULL || g_pattern_match_simple(l->pattern, name)) {
        hmp_printf(l->hmp, "%s : state %u\n", name, on);
        l->shown++;
    }
}

static void info_trace_events(Hmp *hmp, const Json *args)
{
    TraceList l = { .hmp = hmp, .pattern = json_get_str(args, "name") };

    trace_foreach(print_trace_event, &l);
    if (l.shown == 0 && l.pattern != NULL && strpbrk(l.pattern, "*?") == NULL) {
        hmp_printf(hmp, "unknown event \"%s\"\n", l.pattern);
    }
}

static void count_trace_event(const char *name, bool on, void *opaque)
{
    TraceList *l = opaque;

    l->shown += g_pattern_match_simple(l->pattern, name);
}

static void cmd_trace_event(Hmp *hmp, const Json *args)
{
    const char *name = json_get_str(args, "name");
    g_autofree char *off = g_strconcat("-", name, NULL);
    TraceList l = { .hmp = hmp, .pattern = name };

    trace_foreach(count_trace_event, &l);
    if (l.shown == 0 && strpbrk(name, "*?") == NULL) {
        hmp_printf(hmp, "unknown event \"%s\"\n", name);
    } else {
        trace_enable(json_get_bool(args, "option", false) ? name : off);
    }
}

static void complete_log(Hmp *hmp, const char *word, GPtrArray *out)
{
    const char *name;

    hmp_complete_list(out, word, "none", "");
    for (unsigned n = 0; (name = log_item_name(n, NULL)) != NULL; n++) {
        hmp_complete_list(out, word, name, "");
    }
}

static void complete_trace_name(const char *name, bool on, void *opaque)
{
    g_ptr_array_add(opaque, g_strdup(name));
}

static void complete_trace(Hmp *hmp, const char *word, GPtrArray *out)
{
    trace_foreach(complete_trace_name, out);
}

static const HmpCommand machine_commands[] = {
    { "cont|c", NULL, "", "run the machine", cmd_cont, NULL },
    { "stop|s", NULL, "", "halt the machine", cmd_stop, NULL },
    { "system_reset", NULL, "", "press the reset button", cmd_system_reset, NULL },
    { "system_powerdown", NULL, "", "press the power button", cmd_system_powerdown, NULL },
    { "system_wakeup", NULL, "", "wake the guest from suspend", cmd_system_wakeup, NULL },
    { "nmi", NULL, "", "send a non-maskable interrupt", cmd_nmi, NULL },
    { "mce", "broadcast:-b,cpu_index:i,bank:i,status:l,mcg_status:l,addr:l,misc:l",
      "[-b] cpu bank status mcgstatus addr misc", "make up a machine check (-b: the other CPUs trap too)",
      cmd_mce, NULL },
    { "cpu", "index:i", "index", "choose the CPU that other commands look at", cmd_cpu, NULL },
    { "boot_set", "bootdevice:s", "bootdevice", "change the boot order", cmd_boot_set, NULL },
    { "log", "items:s", "item1[,...]", "choose what is logged", cmd_log, complete_log },
    { "logfile", "filename:F", "filename", "choose where the log goes", cmd_logfile, NULL },
    { "trace-event", "name:s,option:b,vcpu:i?", "name on|off [vcpu]", "switch a trace point",
      cmd_trace_event, complete_trace },
    { "info trace-events", "name:s?,vcpu:i?", "[name] [vcpu]",
      "list the trace points and their state", info_trace_events, NULL },
};
HMP_REGISTER(machine_commands);
