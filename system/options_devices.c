/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options for displays, network, sound, drives, chardevs, objects and devices mean:
 * checks, and the shorthands that become -drive (dropped forms: dropped.c). Nothing is opened or made
 * here. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "system/options_int.h"
#include "util/keyval.h"
#include "util/parse.h"

/* ---- Displays, network, sound: only what asks for nothing exists */

bool apply_display(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const known[] = { "sdl", "gtk", "vnc", "curses", "egl-headless", "spice-app",
                                         "dbus", NULL };
    const char *type = json_get_str(use->kv, "type");

    if (use->help) {
        return true;
    }
    if (g_str_has_prefix(use->text, "vnc=")) {
        type = "vnc";
    }
    if (type != NULL && strcmp(type, "none") == 0) {
        JSON_FOREACH(use->kv, i, v) {
            if (strcmp(json_key_at(use->kv, i), "type") != 0) {
                return err_fail(errp, "Parameter '%s' is unexpected", json_key_at(use->kv, i));
            }
        }
        cfg->display = "none";
        return true;
    }
    if (type != NULL && g_strv_contains(known, type)) {
        return err_fail(
            errp, "display '%s' is not in this version (use -display none or -nographic)", type);
    }
    return err_fail(errp, "Parameter 'type' does not accept value '%s'", type != NULL ? type : "");
}

bool apply_vnc(VmConfig *cfg, OptUse *use, GError **errp)
{
    if (strcmp(use->text, "none") == 0) {
        cfg->display = "none";
        return true;
    }
    if (strchr(use->text, ':') == NULL) {
        return err_fail(errp, "no vnc port specified");
    }
    return err_fail(errp, "the VNC display is not in this version");
}

bool apply_nographic(VmConfig *cfg, OptUse *use, GError **errp)
{
    cfg->nographic = true;
    cfg->display = "none";
    return true;
}

bool apply_vga(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const known[] = { "cirrus", "vmware", "qxl", "xenfb", "tcx", "cg3", "virtio",
                                         NULL };

    use->help = strcmp(use->text, "help") == 0 || strcmp(use->text, "?") == 0;
    if (use->help) {
        cfg->help = cfg->help != NULL ? cfg->help : use;
    } else if (strcmp(use->text, "std") == 0 || strcmp(use->text, "none") == 0) {
        cfg->vga = use->text;
    } else if (g_strv_contains(known, use->text)) {
        return err_fail(errp, "%s VGA not available (use -vga std or none)", use->text);
    } else {
        return BARE_FAIL(errp, "unknown vga type: %s", use->text);
    }
    return true;
}

static bool net_type_check(const char *type, GError **errp)
{
    static const char *const known[] = { "nic", "user", "tap", "bridge", "vde", "socket", "l2tpv3",
                                         "vhost-user", "vhost-vdpa", "stream", "dgram", "hubport",
                                         "netmap", NULL };

    if (type == NULL || !g_strv_contains(known, type)) {
        return err_fail(errp, "Parameter 'type' does not accept value '%s'",
                        type != NULL ? type : "");
    }
    return err_fail(errp, "networking is not in this version (use -nic none)");
}

bool apply_nic(VmConfig *cfg, OptUse *use, GError **errp)
{
    const char *type = json_get_str(use->kv, "type");

    if (use->help) {
        return true;
    }
    if (type != NULL && strcmp(type, "none") == 0) {
        cfg->no_default_nic = true;
        return true;
    }
    return net_type_check(type, errp);
}

bool apply_net(VmConfig *cfg, OptUse *use, GError **errp)
{
    return apply_nic(cfg, use, errp);
}

bool apply_audio(VmConfig *cfg, OptUse *use, GError **errp)
{
    const char *driver = json_get_str(use->kv, "driver");

    if (use->help || (driver != NULL && strcmp(driver, "none") == 0)) {
        return true;
    }
    return err_fail(errp, "sound is not in this version (only the driver 'none')");
}

/* ---- Drives */

static const char *const drive_interfaces[] = { "none", "ide", "scsi",   "floppy", "pflash",
                                                "mtd",  "sd",  "virtio", "xen",    NULL };

static bool drive_number(const Json *kv, const char *key, GError **errp)
{
    const char *text = json_get_str(kv, key);
    uint64_t n;

    return text == NULL || parse_uint(text, 0, G_MAXINT, &n) ||
        err_fail(errp, "Parameter '%s' expects a number", key);
}

bool apply_drive(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const media[] = { "disk", "cdrom", NULL };
    static const char *const numbers[] = { "index", "bus", "unit" };
    static const char *const switches[] = { "snapshot", "readonly", "read-only", "copy-on-read" };
    const char *interface = json_get_str(use->kv, "if"), *m = json_get_str(use->kv, "media");
    const char *format = json_get_str(use->kv, "format");

    if (format != NULL && (strcmp(format, "help") == 0 || strcmp(format, "?") == 0)) {
        use->help = true;
        cfg->help = cfg->help != NULL ? cfg->help : use;
        return true;
    }
    if (!check_id(use->kv, errp)) {
        return false;
    }
    if (interface != NULL && !g_strv_contains(drive_interfaces, interface)) {
        return err_fail(errp, "unsupported bus type '%s'", interface);
    }
    if (m != NULL && !g_strv_contains(media, m)) {
        return err_fail(errp, "'%s' invalid media", m);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (!drive_number(use->kv, numbers[i], errp)) {
            return false;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
        if (!check_bool(use->kv, switches[i], errp)) {
            return false;
        }
    }
    if (json_has(use->kv, "index") && (json_has(use->kv, "bus") || json_has(use->kv, "unit"))) {
        return err_fail(errp, "index cannot be used with bus and unit");
    }
    return true;
}

/* Adds a -drive that messages call by the shorthand's text. */
static bool drive_sugar(VmConfig *cfg, OptUse *use, const char *interface, int index,
                        const char *media, GError **errp)
{
    g_autofree char *file = keyval_escape(use->text);
    g_autofree char *text = g_strdup_printf("if=%s,index=%d,media=%s,file=%s", interface, index,
                                            media, file);

    return options_use(cfg, option_find("drive"), text, use->where, errp);
}

bool apply_disk_image(VmConfig *cfg, OptUse *use, GError **errp)
{
    return drive_sugar(cfg, use, "ide", 0, "disk", errp);
}

bool apply_hd(VmConfig *cfg, OptUse *use, GError **errp)
{
    return drive_sugar(cfg, use, "ide", use->opt->name[2] - 'a', "disk", errp);
}

bool apply_cdrom(VmConfig *cfg, OptUse *use, GError **errp)
{
    return drive_sugar(cfg, use, "ide", 2, "cdrom", errp);
}

bool apply_fd(VmConfig *cfg, OptUse *use, GError **errp)
{
    return drive_sugar(cfg, use, "floppy", use->opt->name[2] - 'a', "disk", errp);
}

bool apply_snapshot(VmConfig *cfg, OptUse *use, GError **errp)
{
    return true;
}

/* ---- Chardevs, objects, devices */

bool apply_chardev(VmConfig *cfg, OptUse *use, GError **errp)
{
    return use->help || check_id(use->kv, errp);
}

bool apply_mon(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "chardev", "mode", "pretty", "id", NULL };
    static const char *const modes[] = { "readline", "control", NULL };
    const char *mode = json_get_str(use->kv, "mode");

    if (!check_keys(use->kv, keys, errp) || !check_one_of(use->kv, "mode", modes, errp) ||
        !check_bool(use->kv, "pretty", errp)) {
        return false;
    }
    if (json_has(use->kv, "pretty") && g_strcmp0(mode, "control") != 0) {
        warn("'pretty' is ignored: the monitor does not speak QMP");
    }
    return json_has(use->kv, "chardev") || err_fail(errp, "chardev: no chardev given");
}

/* fd=N,set=M[,opaque=text]: the descriptor is ours from the beginning, so that nothing else gets its
 * number; it is put into its set by build_fdsets(). */
bool apply_add_fd(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "fd", "set", "opaque", NULL };
    uint64_t fd, set;

    if (!check_keys(use->kv, keys, errp)) {
        return false;
    }
    if (!json_has(use->kv, "fd") || !json_has(use->kv, "set")) {
        return err_fail(errp, "fd and set options are required");
    }
    if (!parse_uint(json_get_str(use->kv, "fd"), 0, G_MAXINT, &fd)) {
        return err_fail(errp, "Parameter 'fd' expects a number");
    }
    if (fd <= STDERR_FILENO) {
        return err_fail(errp, "fd cannot be a standard I/O stream");
    }
    if (!parse_uint(json_get_str(use->kv, "set"), 0, INT64_MAX, &set)) {
        return err_fail(errp, "Parameter 'set' expects a number");
    }
    return fcntl((int)fd, F_GETFD) >= 0 ||
        err_fail(errp, "file descriptor %" PRIu64 " is not open", fd);
}

bool apply_blockdev(VmConfig *cfg, OptUse *use, GError **errp)
{
    return json_get_str(use->kv, "driver") != NULL || err_fail(errp, "Parameter 'driver' is missing");
}

bool apply_object(VmConfig *cfg, OptUse *use, GError **errp)
{
    if (use->help) {
        return true;
    }
    if (json_get_str(use->kv, "qom-type") == NULL) {
        return err_fail(errp, "Parameter 'qom-type' is missing");
    }
    return json_get_str(use->kv, "id") != NULL ? check_id(use->kv, errp)
        : err_fail(errp, "Parameter 'id' is missing");
}

bool apply_device(VmConfig *cfg, OptUse *use, GError **errp)
{
    if (use->help) {
        return true;
    }
    if (json_get_str(use->kv, "driver") == NULL) {
        return err_fail(errp, "Parameter 'driver' is missing");
    }
    return check_id(use->kv, errp);
}

bool apply_set(VmConfig *cfg, OptUse *use, GError **errp)
{
    return config_set(cfg, use->text, errp);
}

bool apply_readconfig(VmConfig *cfg, OptUse *use, GError **errp)
{
    return config_read_file(cfg, use->text, errp);
}

bool apply_optionrom(VmConfig *cfg, OptUse *use, GError **errp)
{
    static const char *const keys[] = { "romfile", "bootindex", NULL };

    if (!check_keys(use->kv, keys, errp)) {
        return false;
    }
    return json_has(use->kv, "romfile") || err_fail(errp, "Option ROM file is not specified");
}
