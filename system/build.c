/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phases of a start (docs/devel/architecture): accelerator and board type, early objects,
 * back ends, board, other objects, -device, defaults, reset, monitors, run. Each only reads the
 * VmConfig. */
#include "system/build.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "accel/accel.h"
#include "accel/qtest/qtest.h"
#include "block/blockdev.h"
#include "block/drive.h"
#include "hw/core/user_object.h"
#include "monitor/hmp.h"
#include "monitor/qmp.h"
#include "system/chardev/char.h"
#include "system/daemon.h"
#include "system/gdbstub.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/trace.h"

#ifndef KITE_DATADIR
#define KITE_DATADIR "/usr/local/share/qemu"
#endif

GPtrArray *build_data_dirs(const VmConfig *cfg)
{
    static const char *const usual[] = {
        KITE_DATADIR, "/usr/local/share/qemu", "/usr/share/qemu", "/usr/share/seabios",
        "/usr/lib/ipxe/qemu",
    };
    GPtrArray *dirs = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *bin = self != NULL ? g_path_get_dirname(self) : g_strdup(".");
    const char *const beside[] = { "pc-bios", "../share/qemu" };

    for (unsigned i = 0; i < cfg->data_dirs->len; i++) {
        g_ptr_array_add(dirs, g_strdup(g_ptr_array_index(cfg->data_dirs, i)));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(beside); i++) {
        g_autofree char *dir = g_build_filename(bin, beside[i], NULL);

        if (access(dir, X_OK) == 0) {
            g_ptr_array_add(dirs, g_steal_pointer(&dir));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
        if (!g_ptr_array_find_with_equal_func(dirs, usual[i], g_str_equal, NULL)) {
            g_ptr_array_add(dirs, g_strdup(usual[i]));
        }
    }
    return dirs;
}

/* ---- Logs and messages: before anything can say something */

static bool setup_messages(VmConfig *cfg, GError **errp)
{
    const char *items = config_str(cfg, "d"), *file = config_str(cfg, "D");
    bool on = false;

    parse_bool(config_get(cfg, "msg", "timestamp") ?: "off", &on);
    report_set_timestamp(on);
    on = false;
    parse_bool(config_get(cfg, "msg", "guest-name") ?: "off", &on);
    if (on) {
        report_set_guest_name(config_get(cfg, "name", "guest"));
    }
    if (file != NULL && !log_set_file(file, errp)) {
        return false;
    }
    report_set_location(items != NULL ? config_last(cfg, "d")->where : NULL);
    if (items != NULL && !log_set_items(items, errp)) {
        return false;
    }
    CONFIG_FOREACH(cfg, "trace", use) {
        const char *pattern = json_get_str(use->kv, "enable");
        const char *events = json_get_str(use->kv, "events"), *log = json_get_str(use->kv, "file");

        report_set_location(use->where);
        if (pattern != NULL) {
            trace_enable(pattern);
        }
        if (log != NULL && !log_set_file(log, errp)) {
            return false;
        }
        if (events != NULL && !trace_enable_file(events, errp)) {
            return false;
        }
    }
    report_set_location(NULL);
    return true;
}

/* ---- Phase 1 */

static bool choose_accel(Vm *vm, VmConfig *cfg, GError **errp)
{
    const char *names = config_get(cfg, "machine", "accel");
    unsigned n = config_count(cfg, "accel"), tried = 0;

    vm->kernel_irqchip = config_get(cfg, "machine", "kernel-irqchip");
    parse_bool(config_get(cfg, "overcommit", "cpu-pm") ?: "off", &vm->cpu_pm);
    if (n == 0) {
        return accel_create_first(vm, names != NULL ? names : "tcg", errp);
    }
    if (names != NULL) {
        return err_fail(errp, "The -accel and \"-machine accel=\" options are incompatible");
    }
    CONFIG_FOREACH(cfg, "accel", use) {
        GError *err = NULL;

        report_set_location(use->where);
        if (accel_create(vm, use->kv, &err)) {
            report_set_location(NULL);
            return true;
        }
        if (++tried == n) {
            g_propagate_error(errp, err);
            return false;
        }
        warn("%s; trying the next", err->message);
        g_clear_error(&err);
    }
    return false;
}

static bool count_instructions(Vm *vm, VmConfig *cfg, GError **errp)
{
    bool ok;

    if (config_count(cfg, "icount") == 0) {
        return true;
    }
    report_set_location(config_last(cfg, "icount")->where);
    ok = vm->accel->type->icount != NULL
        ? vm->accel->type->icount(vm->accel, config_group(cfg, "icount"), errp)
        : err_fail(errp, "cannot configure icount, TCG support not available");
    if (ok) {
        report_set_location(NULL);
    }
    return ok;
}

/* -singlestep */
static void single_step(Vm *vm, const VmConfig *cfg)
{
    if (config_has(cfg, "singlestep") && vm->accel->type->single_step != NULL) {
        vm->accel->type->single_step(vm->accel, true);
    }
}

static const MachineType *choose_machine(VmConfig *cfg, GError **errp)
{
    const char *name = config_get(cfg, "machine", "type");
    const MachineType *t = name != NULL ? machine_type_find(name) : machine_type_default();

    if (t == NULL && name == NULL) {
        err_fail(errp, "no machine specified, and there is no default "
                 "(use -machine help to list supported machines)");
    } else if (t == NULL) {
        err_fail(errp,
                 "unsupported machine type '%s' (use -machine help to list supported machines)",
                 name);
    }
    return t;
}

static bool set_machine_props(Machine *m, VmConfig *cfg, GError **errp)
{
    const Json *opts = config_group(cfg, "machine");

    JSON_FOREACH(opts, i, v) {
        g_autofree char *key = g_strdelimit(g_strdup(json_key_at(opts, i)), "_", '-');

        if (strcmp(key, "type") != 0 && strcmp(key, "accel") != 0 &&
            strcmp(key, "kernel-irqchip") != 0 &&
            !object_prop_set_text(&m->obj, key, json_str_value(v), errp)) {
            return false;
        }
    }
    return true;
}

static void set_text(char **member, const char *text)
{
    if (text != NULL) {
        g_free(*member);
        *member = g_strdup(text);
    }
}

static void set_boot(Machine *m, VmConfig *cfg)
{
    const char *menu = config_get(cfg, "boot-opts", "menu");
    int64_t n;

    set_text(&m->boot_order, config_get(cfg, "boot-opts", "order"));
    set_text(&m->boot_once, config_get(cfg, "boot-opts", "once"));
    set_text(&m->splash, config_get(cfg, "boot-opts", "splash"));
    if (menu != NULL) {
        m->boot_menu_set = true;
        parse_bool(menu, &m->boot_menu);
    }
    parse_bool(config_get(cfg, "boot-opts", "strict") ?: "off", &m->boot_strict);
    if (parse_i64(config_get(cfg, "boot-opts", "splash-time") ?: "", 0, &n)) {
        m->splash_time_ms = n;
    }
    if (parse_i64(config_get(cfg, "boot-opts", "reboot-timeout") ?: "", 0, &n)) {
        m->reboot_timeout_ms = n;
    }
}

static Json *collect(VmConfig *cfg, const char *group)
{
    Json *list = json_array_new();

    CONFIG_FOREACH(cfg, group, use) {
        json_array_add(list, json_ref(use->kv));
    }
    return list;
}

static bool set_memory(Machine *m, VmConfig *cfg, GError **errp)
{
    m->ram_size = cfg->ram_size != 0 ? cfg->ram_size : m->type->default_ram;
    m->max_ram_size = cfg->max_ram_size != 0 ? cfg->max_ram_size : m->ram_size;
    m->ram_slots = cfg->ram_slots;
    m->ram_options.path = config_str(cfg, "mem-path");
    m->ram_options.prealloc = config_has(cfg, "mem-prealloc");
    m->ram_options.no_merge = !m->mem_merge;
    m->ram_options.no_dump = !m->dump_guest_core;
    if (m->max_ram_size < m->ram_size) {
        return err_fail(errp, "invalid value of maxmem: maximum memory size must be at least the "
                        "initial memory size");
    }
    return true;
}

static bool set_machine(Machine *m, VmConfig *cfg, const MachineType *t, GError **errp)
{
    const char *cpu = config_str(cfg, "cpu"), *comma = cpu != NULL ? strchr(cpu, ',') : NULL;
    BuildDefaults d = build_defaults(cfg, t);

    if (!machine_parse_smp(t, config_group(cfg, "smp-opts"), &m->smp, errp) ||
        !set_machine_props(m, cfg, errp) || !set_memory(m, cfg, errp)) {
        return false;
    }
    if (cpu != NULL) {
        g_free(m->cpu_model);
        g_free(m->cpu_features);
        m->cpu_model = comma != NULL ? g_strndup(cpu, comma - cpu) : g_strdup(cpu);
        m->cpu_features = comma != NULL ? g_strdup(comma + 1) : NULL;
    }
    set_text(&m->kernel, config_str(cfg, "kernel"));
    set_text(&m->initrd, config_str(cfg, "initrd"));
    set_text(&m->append, config_str(cfg, "append"));
    set_text(&m->firmware, config_str(cfg, "bios"));
    set_boot(m, cfg);
    set_text(&m->vga, cfg->vga != NULL ? cfg->vga : d.vga ? NULL : "none");
    m->enable_graphics = !cfg->nographic;
    m->board_opts = json_object_new();
    json_set(m->board_opts, "rtc", json_ref(config_group(cfg, "rtc")));
    json_set(m->board_opts, "smbios", collect(cfg, "smbios"));
    json_set(m->board_opts, "fw_cfg", collect(cfg, "fw_cfg"));
    json_set(m->board_opts, "option-rom", collect(cfg, "option-rom"));
    json_set_bool(m->board_opts, "floppy", d.floppy);
    json_set_bool(m->board_opts, "no-fd-bootchk", config_has(cfg, "no-fd-bootchk"));
    json_set_bool(m->board_opts, "win2k-hack", config_has(cfg, "win2k-hack"));
    m->data_dirs = build_data_dirs(cfg);
    return true;
}

/* ---- Phases 2 and 5: -object */

static bool object_is_early(const char *type)
{
    static const char *const late[] = { "filter-", "colo-", "can-host", NULL };

    for (unsigned i = 0; late[i] != NULL; i++) {
        if (g_str_has_prefix(type, late[i])) {
            return false;
        }
    }
    return true;
}

static bool make_objects(Vm *vm, VmConfig *cfg, bool early, GError **errp)
{
    CONFIG_FOREACH(cfg, "object", use) {
        if (object_is_early(json_get_str(use->kv, "qom-type")) == early) {
            report_set_location(use->where);
            if (user_object_create(vm, use->kv, errp) == NULL) {
                return false;
            }
        }
    }
    report_set_location(NULL);
    return true;
}

/* ---- Phases 3 and 7: block nodes, drives */

static bool make_block_nodes(VmConfig *cfg, GError **errp)
{
    CONFIG_FOREACH(cfg, "blockdev", use) {
        report_set_location(use->where);
        if (!blockdev_add(use->kv, errp)) {
            return false;
        }
    }
    report_set_location(NULL);
    return true;
}

static bool make_drives(VmConfig *cfg, const MachineType *t, GError **errp)
{
    DriveIf usual = t->block_ide ? DRIVE_IDE : DRIVE_VIRTIO;
    bool snapshot = config_has(cfg, "snapshot");
    BuildDefaults d = build_defaults(cfg, t);

    CONFIG_FOREACH(cfg, "drive", use) {
        report_set_location(use->where);
        if (drive_add(use->kv, use->where, snapshot, usual, errp) == NULL) {
            return false;
        }
    }
    report_set_location(NULL);
    return (!d.cdrom || drive_add_default(DRIVE_IDE, 2, true, errp)) &&
        (!d.floppy || drive_add_default(DRIVE_FLOPPY, 0, false, errp));
}

/* A drive with an interface that this board does not have. */
static bool check_drives(GError **errp)
{
    const Drive *d = drive_unclaimed();

    if (d == NULL) {
        return true;
    }
    report_set_location(d->where);
    return err_fail(errp, "machine type does not support if=%s,bus=%u,unit=%u",
                    drive_if_name(d->interface), d->bus, d->unit);
}

/* ---- Phase 6 */

static bool make_devices(Vm *vm, VmConfig *cfg, GError **errp)
{
    CONFIG_FOREACH(cfg, "device", use) {
        report_set_location(use->where);
        if (device_create_from_json(vm, use->kv, errp) == NULL) {
            return false;
        }
    }
    report_set_location(NULL);
    return true;
}

static void add_globals(Vm *vm, VmConfig *cfg)
{
    if (g_strcmp0(config_get(cfg, "rtc", "driftfix"), "slew") == 0) {
        vm_add_global(vm, "mc146818rtc", "lost_tick_policy", "slew");
    }
    CONFIG_FOREACH(cfg, "global", use) {
        vm_add_global(vm, json_get_str(use->kv, "driver"), json_get_str(use->kv, "property"),
                      json_get_str(use->kv, "value"));
    }
}

static void name_vm(Vm *vm, VmConfig *cfg)
{
    const char *process = config_get(cfg, "name", "process");

    vm->name = g_strdup(config_get(cfg, "name", "guest"));
    vm->uuid = g_strdup(config_str(cfg, "uuid"));
    vm->actions = cfg->actions;
    if (process != NULL) {
        process_set_name(process);
    }
}

/* -s and -gdb, in order; the last one stays. */
static bool open_gdbstub(Vm *vm, VmConfig *cfg, GError **errp)
{
    for (unsigned i = 0; i < cfg->uses->len; i++) {
        const OptUse *use = g_ptr_array_index(cfg->uses, i);
        bool usual = strcmp(use->opt->name, "s") == 0;

        if (usual || strcmp(use->opt->name, "gdb") == 0) {
            report_set_location(use->where);
            if (!gdbstub_start(vm, usual ? GDBSTUB_DEFAULT : use->text, errp)) {
                return false;
            }
        }
    }
    report_set_location(NULL);
    return true;
}

static bool open_qtest(Vm *vm, VmConfig *cfg, GError **errp)
{
    const OptUse *use = config_last(cfg, "qtest");

    if (use == NULL) {
        return true;
    }
    report_set_location(use->where);
    if (!qtest_open(vm, use->text, config_str(cfg, "qtest-log"), errp)) {
        return false;
    }
    report_set_location(NULL);
    return true;
}

static void mux_quit(void *opaque)
{
    vm_request_shutdown(opaque, SHUTDOWN_HOST_QMP_QUIT);
}

static void drain(Vm *vm)
{
    block_drain_all();
}

/* Phases 1 to 8. VM lock held. */
static bool build_machine(Vm *vm, VmConfig *cfg, GError **errp)
{
    const MachineType *t = choose_machine(cfg, errp);
    Machine *m;

    if (t == NULL || !choose_accel(vm, cfg, errp) || !count_instructions(vm, cfg, errp)) {
        return false;
    }
    single_step(vm, cfg);
    char_set_mux_hooks(mux_quit, NULL, vm);
    add_globals(vm, cfg);
    name_vm(vm, cfg);
    vm->drain = drain;
    if (!make_objects(vm, cfg, true, errp) || !build_chardevs(cfg, errp) ||
        !build_monitors(vm, cfg, errp) || !build_ports(vm, cfg, t, errp) ||
        !open_qtest(vm, cfg, errp) || !make_block_nodes(cfg, errp) || !make_drives(cfg, t, errp)) {
        return false;
    }
    m = machine_new(t, vm);
    if (!set_machine(m, cfg, t, errp) || !machine_init(m, errp) ||
        !make_objects(vm, cfg, false, errp) || !make_devices(vm, cfg, errp) ||
        !check_drives(errp)) {
        return false;
    }
    if (t->ready != NULL && !t->ready(m, errp)) {
        return false;
    }
    vm->machine_ready = true;
    vm_check_globals(vm);
    hmp_ready();
    vm_reset(vm, RESET_COLD);
    return open_gdbstub(vm, cfg, errp);
}

/* The last steps with the rights and the view we started with. */
static bool settle_process(VmConfig *cfg, GError **errp)
{
    const char *root = config_str(cfg, "chroot"), *user = config_str(cfg, "runas");
    bool lock = false;

    parse_bool(config_get(cfg, "overcommit", "mem-lock") ?: "off", &lock);
    if (lock && !process_lock_memory(errp)) {
        return false;
    }
    if (root != NULL && !process_change_root(root, errp)) {
        return false;
    }
    return user == NULL || process_change_user(user, errp);
}

bool build_dump_vmstate(VmConfig *cfg, const char *file, GError **errp)
{
    const MachineType *t = choose_machine(cfg, errp);

    return t != NULL && vmstate_dump_types(file, t->name, errp);
}

Vm *build_vm(VmConfig *cfg, GError **errp)
{
    const char *pidfile = config_str(cfg, "pidfile");
    Vm *vm;
    bool ok;

    if (!setup_messages(cfg, errp)) {
        return NULL;
    }
    if (config_has(cfg, "daemonize") && !daemon_fork(errp)) {
        return NULL;
    }
    if (pidfile != NULL && !pidfile_create(pidfile, errp)) {
        return NULL;
    }
    vm = vm_new();
    vm_lock(vm);
    ok = build_machine(vm, cfg, errp) && settle_process(cfg, errp);
    if (ok) {
        signals_install(vm);
        daemon_ready();
        if (!config_has(cfg, "S")) {
            vm_start(vm);
        }
    }
    vm_unlock(vm);
    return ok ? vm : NULL;
}

void build_free(Vm *vm)
{
    vm_lock(vm);
    if (vm->cpu_ops != NULL) {
        vm->cpu_ops->pause_all(vm); /* they use what goes now */
    }
    gdbstub_stop();
    hmp_free_all();
    qmp_free_all();
    block_close_all();
    blockdev_free_all();
    drive_free_all();
    char_close_all();
    vm_unlock(vm);
}
