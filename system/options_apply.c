/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What single options mean: checks of their keys and values, and the shorthands that become
 * others. Nothing is opened or made here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "accel/tcg/perf.h"
#include "system/daemon.h"
#include "system/options_int.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/parse.h"

bool apply_help(VmConfig *cfg, OptUse *use, GError **errp)
{
    cfg->show_help = true;
    return true;
}

bool apply_version(VmConfig *cfg, OptUse *use, GError **errp)
{
    cfg->show_version = true;
    return true;
}

/* ---- -m */

static bool memory_size(const Json *kv, const char *key, uint64_t unit, uint64_t *ret,
                        GError **errp)
{
    const char *text = json_get_str(kv, key);
    uint64_t size;

    if (text == NULL) {
        return true;
    }
    if (!parse_size(text, unit, &size)) {
        return err_fail(errp, "Parameter '%s' expects a non-negative number below 2^64 "
                        "(optional suffix k, M, G, T, P or E)", key);
    }
    if (size > UINT64_MAX - 8191) {
        return err_fail(errp, "ram size too large");
    }
    *ret = (size + 8191) & ~UINT64_C(8191);
    return true;
}

bool apply_memory(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "size", "slots", "maxmem", NULL };
    const char *slots = json_get_str(use->kv, "slots");

    if (!check_keys(use->kv, keys, errp)) {
        return false;
    }
    if (use->text[0] == '\0') {
        return err_fail(errp, "Parameter 'size' expects a number");
    }
    if (slots != NULL && !parse_u64(slots, 0, &cfg->ram_slots)) {
        return err_fail(errp, "Parameter 'slots' expects a number");
    }
    return memory_size(use->kv, "size", 1 << 20, &cfg->ram_size, errp) &&
        memory_size(use->kv, "maxmem", 1, &cfg->max_ram_size, errp);
}

bool apply_smp(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "cpus", "maxcpus", "sockets", "dies", "clusters", "cores",
                                        "threads", NULL };

    JSON_FOREACH(use->kv, i, v) {
        const char *key = json_key_at(use->kv, i);
        uint64_t n;

        if (!g_strv_contains(keys, key)) {
            return BARE_FAIL(errp, "Parameter 'smp.%s' is unexpected", key);
        }
        if (!parse_uint(json_str_value(v), 0, G_MAXINT, &n)) {
            return BARE_FAIL(errp, "Parameter 'smp.%s' expects integer", key);
        }
    }
    return true;
}

bool apply_name(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "guest", "process", "debug-threads", NULL };

    return check_keys(use->kv, keys, errp) && check_bool(use->kv, "debug-threads", errp);
}

bool apply_uuid(VmConfig *cfg, OptUse *use, GError **errp)
{
    return g_uuid_string_is_valid(use->text) ||
        err_fail(errp, "failed to parse UUID string: wrong format");
}

/* ---- -boot */

static bool boot_order_check(const char *order, GError **errp)
{
    for (const char *p = order; *p != '\0'; p++) {
        if (*p < 'a' || *p > 'p') {
            return BARE_FAIL(errp, "Invalid boot device '%c'", *p);
        }
        if (memchr(order, *p, p - order) != NULL) {
            return BARE_FAIL(errp, "Boot device '%c' was given twice", *p);
        }
    }
    return true;
}

static bool boot_number(const Json *kv, const char *key, int64_t min, int64_t max, const char *bad,
                        GError **errp)
{
    const char *text = json_get_str(kv, key);
    int64_t n;

    if (text == NULL) {
        return true;
    }
    if (!parse_i64(text, 0, &n)) {
        return BARE_FAIL(errp, "Parameter 'boot.%s' expects integer", key);
    }
    return (n >= min && n <= max) || BARE_FAIL(errp, "%s", bad);
}

bool apply_boot(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "order", "once", "menu", "splash", "splash-time",
                                        "reboot-timeout", "strict", NULL };
    static const char *const switches[] = { "menu", "strict", NULL };
    static const char *const orders[] = { "order", "once", NULL };

    JSON_FOREACH(use->kv, i, v) {
        const char *key = json_key_at(use->kv, i), *text = json_str_value(v);
        bool on;

        if (!g_strv_contains(keys, key)) {
            return BARE_FAIL(errp, "Parameter 'boot.%s' is unexpected", key);
        }
        if (g_strv_contains(switches, key) && !parse_bool(text, &on)) {
            return BARE_FAIL(errp, "Parameter 'boot.%s' expects 'on' or 'off'", key);
        }
        if (g_strv_contains(orders, key) && !boot_order_check(text, errp)) {
            return false;
        }
    }
    return boot_number(use->kv, "splash-time", 0, 65535,
                       "splash-time is invalid,it should be a value between 0 and 65535", errp) &&
        boot_number(use->kv, "reboot-timeout", -1, 65535,
                    "reboot timeout is invalid,it should be a value between -1 and 65535", errp);
}

/* ---- -rtc */

static bool rtc_date_ok(const char *text)
{
    g_autofree char *full =
        g_strdup_printf("%s%s", text, strchr(text, 'T') != NULL ? "" : "T00:00:00");
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) dt = g_date_time_new_from_iso8601(full, utc);

    return dt != NULL;
}

bool apply_rtc(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "base", "clock", "driftfix", NULL };
    static const char *const clocks[] = { "host", "rt", "vm", NULL };
    static const char *const fixes[] = { "slew", "none", NULL };
    const char *base = json_get_str(use->kv, "base"), *clock = json_get_str(use->kv, "clock");
    const char *fix = json_get_str(use->kv, "driftfix");

    if (!check_keys(use->kv, keys, errp)) {
        return false;
    }
    if (base != NULL && strcmp(base, "utc") != 0 && strcmp(base, "localtime") != 0 &&
        !rtc_date_ok(base)) {
        return BARE_FAIL(errp, "invalid datetime format\nvalid formats: '2006-06-17T16:01:21' or "
                         "'2006-06-17'");
    }
    if (clock != NULL && !g_strv_contains(clocks, clock)) {
        return BARE_FAIL(errp, "invalid option value '%s'", clock);
    }
    return fix == NULL || g_strv_contains(fixes, fix) ||
        BARE_FAIL(errp, "invalid option value '%s'", fix);
}

/* ---- -smbios, -fw_cfg */

static const struct { unsigned type; const char *keys; } smbios_keys[] = {
    { 0, "vendor version date release uefi" },
    { 1, "manufacturer product version serial uuid sku family" },
    { 2, "manufacturer product version serial asset location" },
    { 3, "manufacturer version serial asset sku" },
    { 4, "sock_pfx manufacturer version serial asset part max-speed current-speed processor-id" },
    { 8, "external_reference internal_reference connector_type port_type" },
    { 11, "value path" },
    { 17, "loc_pfx bank manufacturer serial asset part speed" },
    { 41, "designation kind instance pcidev" },
};

static bool smbios_values(const Json *kv, GError **errp)
{
    const char *release = json_get_str(kv, "release"), *uuid = json_get_str(kv, "uuid");
    unsigned major, minor;
    char rest;

    if (release != NULL && (sscanf(release, "%3u.%3u%c", &major, &minor, &rest) != 2 ||
                            major > 255 || minor > 255)) {
        return err_fail(errp, "Invalid release");
    }
    if (uuid != NULL && !g_uuid_string_is_valid(uuid)) {
        return err_fail(errp, "Invalid UUID");
    }
    return check_bool(kv, "uefi", errp);
}

bool apply_smbios(VmConfig *cfg, OptUse *use, GError **errp)
{
    const char *text = json_get_str(use->kv, "type"), *file = json_get_str(use->kv, "file");
    uint64_t type;

    if (file != NULL && text != NULL) {
        return err_fail(errp, "Can't have both type= and file=");
    }
    if (file != NULL) {
        return (g_file_test(file, G_FILE_TEST_IS_REGULAR) && access(file, R_OK) == 0) ||
            err_fail(errp, "Cannot read SMBIOS file %s", file);
    }
    if (text == NULL) {
        return err_fail(errp, "Must specify type= or file=");
    }
    if (!parse_uint(text, 0, 255, &type)) {
        return err_fail(errp, "Parameter 'type' expects a number");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(smbios_keys); i++) {
        if (smbios_keys[i].type == type) {
            g_autofree char *names = g_strdup_printf("type %s", smbios_keys[i].keys);
            g_auto(GStrv) known = g_strsplit(names, " ", -1);

            return check_keys(use->kv, (const char *const *)known, errp) &&
                smbios_values(use->kv, errp);
        }
    }
    return err_fail(errp, "Don't know how to build fields for SMBIOS type %u", (unsigned)type);
}

bool apply_fw_cfg(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "name", "file", "string", "gen_id", NULL };
    const char *name = json_get_str(use->kv, "name"), *file = json_get_str(use->kv, "file");
    int sources = json_has(use->kv, "file") + json_has(use->kv, "string") +
                  json_has(use->kv, "gen_id");

    if (!check_keys(use->kv, keys, errp)) {
        return false;
    }
    if (name == NULL || name[0] == '\0' || sources != 1) {
        return err_fail(errp, "name, plus exactly one of file, string and gen_id, are needed");
    }
    if (json_has(use->kv, "gen_id")) {
        return err_fail(errp, "gen_id is not supported by this version");
    }
    if (strlen(name) > 55) {
        return err_fail(errp, "name too long (max. 55 char)");
    }
    if (file != NULL && access(file, R_OK) < 0) {
        return err_fail_errno(errp, errno, "can't load %s", file);
    }
    if (!g_str_has_prefix(name, "opt/")) {
        warn("externally provided fw_cfg item names should be prefixed with \"opt/\"");
    }
    return true;
}

bool apply_global(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "driver", "property", "value", NULL };
    const char *dot = strchr(use->text, '.'), *eq = strchr(use->text, '=');

    if (dot != NULL && eq != NULL && dot < eq) {        /* driver.property=value */
        g_autofree char *driver = g_strndup(use->text, dot - use->text);
        g_autofree char *property = g_strndup(dot + 1, eq - dot - 1);

        json_unref(use->kv);
        use->kv = json_object_new();
        json_set_str(use->kv, "driver", driver);
        json_set_str(use->kv, "property", property);
        json_set_str(use->kv, "value", eq + 1);
        return true;
    }
    return check_keys(use->kv, keys, errp) &&
        (json_len(use->kv) == 3 ||
         err_fail(errp, "options 'driver', 'property', and 'value' are required"));
}

/* ---- -action and its relatives */

static const char *const reboot_values[] = { "reset", "shutdown", NULL };
static const char *const shutdown_values[] = { "poweroff", "pause", NULL };
static const char *const panic_values[] = { "shutdown", "exit-failure", "pause", "none", NULL };
static const char *const watchdog_values[] = { "reset", "shutdown", "poweroff", "pause", "debug",
                                               "none", "inject-nmi", NULL };

static bool action_value(const Json *kv, const char *key, const char *const *values, int *ret,
                         GError **errp)
{
    const char *text = json_get_str(kv, key);

    if (text == NULL) {
        return true;
    }
    if (!check_one_of(kv, key, values, errp)) {
        return false;
    }
    for (int i = 0; values[i] != NULL; i++) {
        if (strcmp(values[i], text) == 0) {
            *ret = i;
        }
    }
    return true;
}

bool apply_action(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "reboot", "shutdown", "panic", "watchdog", NULL };
    int reboot = cfg->actions.reboot, off = cfg->actions.shutdown;
    int panic = cfg->actions.panic, dog = cfg->actions.watchdog;

    if (!check_keys(use->kv, keys, errp) ||
        !action_value(use->kv, "reboot", reboot_values, &reboot, errp) ||
        !action_value(use->kv, "shutdown", shutdown_values, &off, errp) ||
        !action_value(use->kv, "panic", panic_values, &panic, errp) ||
        !action_value(use->kv, "watchdog", watchdog_values, &dog, errp)) {
        return false;
    }
    cfg->actions = (VmActions){ reboot, off, panic, dog };
    return true;
}

bool apply_watchdog_action(VmConfig *cfg, OptUse *use, GError **errp)
{
    g_autoptr(Json) kv = json_object_new();
    int dog = cfg->actions.watchdog;

    json_set_str(kv, "watchdog", use->text);
    if (!action_value(kv, "watchdog", watchdog_values, &dog, errp)) {
        return false;
    }
    cfg->actions.watchdog = dog;
    return true;
}

bool apply_no_reboot(VmConfig *cfg, OptUse *use, GError **errp)
{
    cfg->actions.reboot = REBOOT_SHUTDOWN;
    return true;
}

bool apply_no_shutdown(VmConfig *cfg, OptUse *use, GError **errp)
{
    cfg->actions.shutdown = SHUTDOWN_PAUSE;
    return true;
}

/* ---- Messages, logs */

bool apply_msg(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "timestamp", "guest-name", NULL };

    return check_keys(use->kv, keys, errp) && check_bool(use->kv, "timestamp", errp) &&
        check_bool(use->kv, "guest-name", errp);
}

bool apply_log_items(VmConfig *cfg, OptUse *use, GError **errp)
{
    use->help = strcmp(use->text, "help") == 0 || strcmp(use->text, "?") == 0 ||
        strcmp(use->text, "trace:help") == 0;
    if (use->help && cfg->help == NULL) {
        cfg->help = use;
    }
    return true;
}

bool apply_log_file(VmConfig *cfg, OptUse *use, GError **errp)
{
    return use->text[0] != '\0' || err_fail(errp, "the file name is empty");
}

bool apply_perfmap(VmConfig *cfg, OptUse *use, GError **errp)
{
    return perf_map_open(errp);
}

bool apply_jitdump(VmConfig *cfg, OptUse *use, GError **errp)
{
    return perf_dump_open(errp);
}

bool apply_dfilter(VmConfig *cfg, OptUse *use, GError **errp)
{
    return log_set_filter(use->text, errp);
}

bool apply_runas(VmConfig *cfg, OptUse *use, GError **errp)
{
    return process_find_user(use->text, errp);
}

bool apply_trace(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "enable", "events", "file", NULL };

    return check_keys(use->kv, keys, errp);
}

bool apply_echr(VmConfig *cfg, OptUse *use, GError **errp)
{
    int64_t n;

    if (!parse_i64(use->text, 0, &n) || n < 0 || n > 255) {
        return err_fail(errp, "Bad argument to echr: '%s' is not a number from 0 to 255",
                        use->text);
    }
    return true;
}

bool apply_seed(VmConfig *cfg, OptUse *use, GError **errp)
{
    uint64_t n;

    return parse_u64(use->text, 0, &n) || err_fail(errp, "Invalid seed number: %s", use->text);
}

/* ---- Accelerators, machine, CPU */

bool apply_machine(VmConfig *cfg, OptUse *use, GError **errp)
{
    return true;
}

bool apply_cpu(VmConfig *cfg, OptUse *use, GError **errp)
{
    use->help = strcmp(use->text, "help") == 0 || strcmp(use->text, "?") == 0;
    if (use->help && cfg->help == NULL) {
        cfg->help = use;
    }
    return use->text[0] != '\0' || err_fail(errp, "-cpu option cannot be empty");
}

bool apply_accel(VmConfig *cfg, OptUse *use, GError **errp)
{
    return use->help || json_has(use->kv, "accel") ||
        err_fail(errp, "Parameter 'accel' is missing");
}

bool apply_enable_kvm(VmConfig *cfg, OptUse *use, GError **errp)
{
    return options_use(cfg, option_find("accel"), "kvm", use->where, errp);
}

static bool machine_switch(VmConfig *cfg, OptUse *use, const char *text, GError **errp)
{
    return options_use(cfg, option_find("machine"), text, use->where, errp);
}

bool apply_no_acpi(VmConfig *cfg, OptUse *use, GError **errp)
{
    return machine_switch(cfg, use, "acpi=off", errp);
}

bool apply_no_hpet(VmConfig *cfg, OptUse *use, GError **errp)
{
    return machine_switch(cfg, use, "hpet=off", errp);
}

bool apply_numa(VmConfig *cfg, OptUse *use, GError **errp)
{
    return true;
}

bool apply_overcommit(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "mem-lock", "cpu-pm", NULL };

    return check_keys(use->kv, keys, errp) && check_bool(use->kv, "mem-lock", errp) &&
        check_bool(use->kv, "cpu-pm", errp);
}

bool apply_sandbox(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "enable", "obsolete", "elevateprivileges", "spawn",
                                        "resourcecontrol", NULL };
    bool on = false;

    if (!check_keys(use->kv, keys, errp) || !check_bool(use->kv, "enable", errp)) {
        return false;
    }
    parse_bool(json_get_str(use->kv, "enable"), &on);
    return !on || err_fail(errp, "the system call filter is not in this version");
}

bool apply_xen(VmConfig *cfg, OptUse *use, GError **errp)
{
    return err_fail(errp, "Xen is not supported; use -accel tcg");
}

bool apply_incoming(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const schemes[] = { "tcp:", "unix:", "fd:", "exec:", "rdma:", "defer" };

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_has_prefix(use->text, schemes[i])) {
            return err_fail(errp, "migration is not in this version");
        }
    }
    return err_fail(errp, "unknown migration protocol: %s", use->text);
}

bool apply_data_dir(VmConfig *cfg, OptUse *use, GError **errp)
{
    use->help = strcmp(use->text, "help") == 0 || strcmp(use->text, "?") == 0;
    if (use->help && cfg->help == NULL) {
        cfg->help = use;
    } else if (!use->help) {
        g_ptr_array_add(cfg->data_dirs, g_strdup(use->text));
    }
    return true;
}
