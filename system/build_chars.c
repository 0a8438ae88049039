/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chardevs: -chardev, the ports of the board (-serial, -parallel, -debugcon), monitors, and what
 * stands in for those that nobody mentioned. */
#include <stdio.h>
#include <string.h>
#include "monitor/hmp.h"
#include "system/build.h"
#include "system/chardev/char.h"
#include "util/log.h"
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
            all && !config_has(cfg, "monitor") && !config_has(cfg, "mon") && !uses_mon_prefix(cfg),
        .floppy = all && !type->no_floppy && !names_device(cfg, floppies),
        .cdrom = all && !type->no_cdrom && !names_device(cfg, cdroms),
        .vga = all && !names_device(cfg, cards),
    };
}

bool build_chardevs(VmConfig *cfg, GError **errp)
{
    const char *echr = config_str(cfg, "echr");
    int64_t code;

    if (config_has(cfg, "daemonize")) {
        char_stdio_forbid();
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

static bool plug_monitor(Vm *vm, const OptUse *use, unsigned n, GError **errp)
{
    g_autofree char *id = g_strdup_printf("compat_monitor%u", n);
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
    return hmp_new(vm, c, errp) != NULL;
}

bool build_monitors(Vm *vm, VmConfig *cfg, GError **errp)
{
    unsigned n = 0;

    CONFIG_FOREACH(cfg, "monitor", use) {
        report_set_location(use->where);
        if (!plug_monitor(vm, use, n++, errp)) {
            return false;
        }
    }
    CONFIG_FOREACH(cfg, "mon", use) {
        const char *id = json_get_str(use->kv, "chardev");
        Char *c = char_find(id);

        report_set_location(use->where);
        if (c == NULL) {
            return err_fail(errp, "chardev \"%s\" not found", id);
        }
        if (hmp_new(vm, c, errp) == NULL) {
            return false;
        }
    }
    report_set_location(NULL);
    return true;
}
