/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chardevs: -chardev, the ports of the board (-serial, -parallel, -debugcon), monitors, and what
 * stands in for those that nobody mentioned. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "monitor/hmp.h"
#include "monitor/qmp.h"
#include "system/build.h"
#include "system/chardev/char.h"
#include "util/log.h"
#include "util/fdset.h"
#include "util/parse.h"

enum { SERIAL_PORTS = 4, PARALLEL_PORTS = 3 };

static bool names_device(const VmConfig *cfg, const char *const *drivers)
{
    CONFIG_FOREACH(cfg, "device", use) {
        const char *driver = json_get_str(use->kv, "driver");

        if (driver != NULL && g_strv_contains(drivers, driver)) {
            return true;
        }
    }
    return false;
}

static bool uses_mon_prefix(const VmConfig *cfg)
{
    static const char *const ports[] = { "serial", "parallel", "debugcon" };

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        CONFIG_FOREACH(cfg, ports[i], use) {
            if (g_str_has_prefix(use->text, "mon:")) {
                return true;
            }
        }
    }
    return false;
}

BuildDefaults build_defaults(const VmConfig *cfg, const MachineType *type)
{
    static const char *const serials[] = { "isa-serial", NULL };
    static const char *const parallels[] = { "isa-parallel", NULL };
    static const char *const floppies[] = { "isa-fdc", "floppy", NULL };
    static const char *const cdroms[] = { "ide-cd", "ide-hd", "scsi-cd", "scsi-hd", NULL };
    static const char *const cards[] = {
        "VGA", "isa-vga", "cirrus-vga", "isa-cirrus-vga", "vmware-svga", "qxl-vga", "virtio-vga",
        "ati-vga", "bochs-display", "ramfb", NULL,
    };
    bool all = !config_has(cfg, "nodefaults");

    return (BuildDefaults){
        .serial =
            all && !type->no_serial && !config_has(cfg, "serial") && !names_device(cfg, serials),
        .parallel = all && !type->no_parallel && !config_has(cfg, "parallel") &&
                    !names_device(cfg, parallels),
        .monitor =
            all && !config_has(cfg, "monitor") && !config_has(cfg, "mon") && !config_has(cfg, "qmp") &&
            !config_has(cfg, "qmp-pretty") && !uses_mon_prefix(cfg),
        .floppy = all && !type->no_floppy && !names_device(cfg, floppies),
        .cdrom = all && !type->no_cdrom && !names_device(cfg, cdroms),
        .vga = all && !names_device(cfg, cards),
    };
}

/* A member that the option's check found to be a number. */
static uint64_t option_number(const Json *kv, const char *key)
{
    uint64_t v = 0;

    parse_u64(json_get_str(kv, key), 0, &v);
    return v;
}

/* -add-fd: a duplicate of each, so that the option may name one descriptor twice. */
static bool build_fdsets(VmConfig *cfg, GError **errp)
{
    CONFIG_FOREACH(cfg, "add-fd", use) {
        int fd = (int)option_number(use->kv, "fd"), copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        report_set_location(use->where);
        if (copy < 0) {
            return err_fail_errno(errp, errno, "error duplicating fd");
        }
        fdset_add((int64_t)option_number(use->kv, "set"), copy, json_get_str(use->kv, "opaque"));
    }
    fdset_keep();
    return true;
}

bool build_chardevs(VmConfig *cfg, GError **errp)
{
    const char *echr = config_str(cfg, "echr");
    int64_t code;

    if (config_has(cfg, "daemonize")) {
        char_stdio_forbid();
    }
    if (!build_fdsets(cfg, errp)) {
        return false;
    }
    if (echr != NULL && parse_i64(echr, 0, &code)) {
        char_set_escape((int)code);
    }
    CONFIG_FOREACH(cfg, "chardev", use) {
        report_set_location(use->where);
        if (char_open_opts(use->kv, errp) == NULL) {
            return false;
        }
    }
    report_set_location(NULL);
    return true;
}

/* Opens text for a port and a monitor on it when it says mon:. */
static bool plug_port(Vm *vm, const char *port, const char *text, GError **errp)
{
    Char *c;

    if (strcmp(text, "none") == 0) {
        return true;
    }
    c = char_open_legacy(port, text, errp);
    if (c == NULL) {
        return false;
    }
    if (g_str_has_prefix(text, "mon:") && hmp_new(vm, c, errp) == NULL) {
        return false;
    }
    char_port_set(port, c);
    return true;
}

/* -serial and -parallel: the n-th use is the n-th port. */
static bool plug_ports_of(Vm *vm, VmConfig *cfg, const char *option, unsigned max, GError **errp)
{
    unsigned n = 0;

    CONFIG_FOREACH(cfg, option, use) {
        g_autofree char *port = g_strdup_printf("%s%u", option, n);
        GError *err = NULL;

        report_set_location(use->where);
        if (n++ >= max) {           /* opened, and plugged in nowhere, as people expect */
            if (strcmp(use->text, "none") != 0 && char_open_legacy(port, use->text, errp) == NULL) {
                return false;
            }
            continue;
        }
        if (!plug_port(vm, port, use->text, &err)) {
            report_error("%s", err->message);
            g_clear_error(&err);
            return err_fail(errp, "could not connect %s device to character backend '%s'", option,
                            use->text);
        }
    }
    report_set_location(NULL);
    return true;
}

static bool plug_debugcon(Vm *vm, VmConfig *cfg, GError **errp)
{
    const OptUse *use = config_last(cfg, "debugcon");
    GError *err = NULL;

    if (use == NULL) {
        return true;
    }
    report_set_location(use->where);
    if (!plug_port(vm, "debugcon", use->text, &err)) {
        report_error("%s", err->message);
        g_clear_error(&err);
        return err_fail(errp, "invalid character backend '%s'", use->text);
    }
    report_set_location(NULL);
    return true;
}

bool build_ports(Vm *vm, VmConfig *cfg, const MachineType *type, GError **errp)
{
    static const char vc[] = "vc:80Cx24C";
    BuildDefaults d = build_defaults(cfg, type);
    bool share = cfg->nographic && d.serial && d.monitor;
    const char *serial = !cfg->nographic ? vc : share ? "mon:stdio" : "stdio";
    Char *monitor;

    if (!plug_ports_of(vm, cfg, "serial", SERIAL_PORTS, errp) ||
        !plug_ports_of(vm, cfg, "parallel", PARALLEL_PORTS, errp) ||
        !plug_debugcon(vm, cfg, errp)) {
        return false;
    }
    if (d.serial && !plug_port(vm, "serial0", serial, errp)) {
        return false;
    }
    if (d.parallel && !plug_port(vm, "parallel0", cfg->nographic ? "null" : vc, errp)) {
        return false;
    }
    if (!d.monitor || share) {
        return true;
    }
    monitor = char_open_legacy("compat_monitor0", cfg->nographic ? "stdio" : vc, errp);
    return monitor != NULL && (!cfg->nographic || hmp_new(vm, monitor, errp) != NULL);
}

/* A monitor for people, or for programs. */
static bool attach_monitor(Vm *vm, Char *c, bool control, bool pretty, GError **errp)
{
    return control ? qmp_new(vm, c, pretty, errp) : hmp_new(vm, c, errp) != NULL;
}

static bool plug_monitor(Vm *vm, const OptUse *use, unsigned n, GError **errp)
{
    g_autofree char *id = g_strdup_printf("compat_monitor%u", n);
    bool control = use->opt->name[0] == 'q', pretty = strcmp(use->opt->name, "qmp-pretty") == 0;
    GError *err = NULL;
    Char *c;

    if (strcmp(use->text, "none") == 0) {
        return true;
    }
    c = char_open_legacy(id, use->text, &err);
    if (c == NULL) {
        if (strstr(err->message, "is not a valid char driver") != NULL) {
            g_clear_error(&err);
            return err_fail(errp, "'%s' is not a valid char driver (parse error)", use->text);
        }
        g_propagate_error(errp, err);
        return false;
    }
    return attach_monitor(vm, c, control, pretty, errp);
}

/* -mon */
static bool plug_mon(Vm *vm, const OptUse *use, GError **errp)
{
    const char *id = json_get_str(use->kv, "chardev");
    Char *c = char_find(id);
    bool pretty = false;

    if (c == NULL) {
        return err_fail(errp, "chardev \"%s\" not found", id);
    }
    parse_bool(json_get_str(use->kv, "pretty") ?: "off", &pretty);
    return attach_monitor(vm, c, g_strcmp0(json_get_str(use->kv, "mode"), "control") == 0, pretty, errp);
}

bool build_monitors(Vm *vm, VmConfig *cfg, GError **errp)
{
    unsigned n = 0;

    for (unsigned i = 0; i < cfg->uses->len; i++) {
        const OptUse *use = g_ptr_array_index(cfg->uses, i);
        bool mon = strcmp(use->opt->name, "mon") == 0;

        if (!mon && strcmp(use->opt->name, "monitor") != 0 && strcmp(use->opt->name, "qmp") != 0 &&
            strcmp(use->opt->name, "qmp-pretty") != 0) {
            continue;
        }
        report_set_location(use->where);
        if (mon ? !plug_mon(vm, use, errp) : !plug_monitor(vm, use, n++, errp)) {
            return false;
        }
    }
    report_set_location(NULL);
    qmp_watch_vm(vm);
    return true;
}
