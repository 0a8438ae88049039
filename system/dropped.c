/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forms that QEMU once had: one row each. Old books, scripts and notes are full of them. A row says today's
 * form; what it becomes may itself be missing here, then the message of the missing part is shown with it. */
#include "system/dropped.h"

#include <stdlib.h>
#include <string.h>
#include "hw/core/device.h"
#include "system/options_int.h"
#include "util/keyval.h"
#include "util/log.h"

/* ---- Options */

typedef struct DroppedOption {
    Option opt;
    /* what people should write, %s as in text; NULL: nothing, it has no effect */
    const char *today;
    const char *use, *text;         /* option and its argument; %s in text is the old argument */
    /* other arguments than text makes, one a line; NULL + error. "" asks for nothing. */
    char *(*make)(const char *arg, GError **errp);
} DroppedOption;

static char *make_balloon(const char *arg, GError **errp)
{
    if (strcmp(arg, "none") == 0) {
        return g_strdup("");
    }
    if (strcmp(arg, "virtio") != 0 && !g_str_has_prefix(arg, "virtio,")) {
        err_fail(errp, "expects 'none' or 'virtio'");
        return NULL;
    }
    return g_strconcat("virtio-balloon", arg + strlen("virtio"), NULL);
}

static const struct { const char *old, *today; } sound_cards[] = {
    { "ac97", "AC97" }, { "adlib", "adlib" }, { "cs4231a", "cs4231a" }, { "es1370", "ES1370" },
    { "gus", "gus" }, { "hda", "intel-hda\nhda-duplex" }, { "sb16", "sb16" },
};

static const char *sound_card(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sound_cards); i++) {
        if (strcmp(sound_cards[i].old, name) == 0) {
            return sound_cards[i].today;
        }
    }
    return NULL;
}

static char *make_sound(const char *arg, GError **errp)
{
    g_auto(GStrv) names = g_strsplit(arg, ",", -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (unsigned i = 0; names[i] != NULL; i++) {
        const char *card = sound_card(names[i]);

        if (card == NULL) {
            err_fail(errp, "'%s' is not a sound card", names[i]);
            return NULL;
        }
        g_string_append_printf(out, "%s%s", i > 0 ? "\n" : "", card);
    }
    return g_strdup(out->str);
}

#define FLAG(n) .opt = { .name = n, .kind = OPT_FLAG, .apply = apply_dropped }
#define WORD(n) .opt = { .name = n, .kind = OPT_STRING, .apply = apply_dropped }
#define BALLOON "-device virtio-balloon"

static const DroppedOption dropped_options[] = {
    { WORD("balloon"), .today = BALLOON, .use = "device", .make = make_balloon },
    { WORD("soundhw"), .today = "-device CARD,audiodev=ID with -audiodev, or -audio", .use = "device",
      .make = make_sound },
    { WORD("watchdog"), .today = "-device %s", .use = "device", .text = "%s" },
    { FLAG("sdl"), .today = "-display sdl", .use = "display", .text = "sdl" },
    { FLAG("curses"), .today = "-display curses", .use = "display", .text = "curses" },
    { FLAG("alt-grab"), .today = "-display sdl,grab-mod=lshift-lctrl-lalt", .use = "display",
      .text = "sdl,grab-mod=lshift-lctrl-lalt" },
    { FLAG("ctrl-grab"), .today = "-display sdl,grab-mod=rctrl", .use = "display", .text = "sdl,grab-mod=rctrl" },
    { FLAG("no-quit"), .today = "-display KIND,window-close=off" },
    { FLAG("no-frame"), .today = NULL },
    { FLAG("show-cursor"), .today = "-display KIND,show-cursor=on" },
    { FLAG("std-vga"), .today = "-vga std", .use = "vga", .text = "std" },
    { FLAG("cirrusvga"), .today = "-vga cirrus", .use = "vga", .text = "cirrus" },
    { FLAG("vmwarevga"), .today = "-vga vmware", .use = "vga", .text = "vmware" },
    { FLAG("nodefconfig"), .today = "-no-user-config", .use = "no-user-config" },
    { FLAG("trace-unassigned"), .today = "-d guest_errors,unimp", .use = "d", .text = "guest_errors,unimp" },
    { FLAG("no-kvm"), .today = "-accel tcg", .use = "accel", .text = "tcg" },
    { FLAG("no-kvm-irqchip"), .today = "-machine kernel-irqchip=off", .use = "machine",
      .text = "kernel-irqchip=off" },
    { FLAG("no-kvm-pit"), .today = NULL },
    { FLAG("no-kvm-pit-reinjection"), .today = "-global kvm-pit.lost_tick_policy=discard", .use = "global",
      .text = "kvm-pit.lost_tick_policy=discard" },
    { FLAG("tdf"), .today = NULL },
    { FLAG("rtc-td-hack"), .today = "-rtc driftfix=slew", .use = "rtc", .text = "driftfix=slew" },
    { FLAG("localtime"), .today = "-rtc base=localtime", .use = "rtc", .text = "base=localtime" },
    { WORD("startdate"), .today = "-rtc base=DATE", .use = "rtc", .text = "base=%s" },
    { WORD("clock"), .today = NULL },
    { WORD("tb-size"), .today = "-accel tcg,tb-size=MB", .use = "accel", .text = "tcg,tb-size=%s" },
    { WORD("realtime"), .today = "-overcommit mem-lock=on|off" },
    { WORD("redir"), .today = "-netdev user,id=ID,hostfwd=PROTOCOL:HOST:PORT-GUEST:PORT" },
    { WORD("tftp"), .today = "-netdev user,id=ID,tftp=DIR" },
    { WORD("bootp"), .today = "-netdev user,id=ID,bootfile=FILE" },
    { WORD("smb"), .today = "-netdev user,id=ID,smb=DIR" },
    { WORD("pcidevice"), .today = "-device vfio-pci,host=ADDRESS" },
    { WORD("virtioconsole"), .today = "-device virtconsole,chardev=ID" },
    { FLAG("enable-nesting"), .today = "-cpu MODEL,+vmx or +svm" },
    { WORD("bt"), .today = NULL },
};

/* form with arg for %s. */
static char *fill_in(const char *form, const char *arg)
{
    g_auto(GStrv) parts = g_strsplit(form, "%s", 2);

    return g_strconcat(parts[0], parts[1] != NULL ? arg : NULL, parts[1], NULL);
}

/* The arguments of today's option. NULL + error. */
static char *today_text(const DroppedOption *d, const char *arg, GError **errp)
{
    if (d->make != NULL) {
        return d->make(arg, errp);
    }
    if (d->text == NULL) {
        return g_strdup("x");       /* a flag: used once, without an argument */
    }
    return fill_in(d->text, arg);
}

static bool use_today(VmConfig *cfg, const OptUse *use, const DroppedOption *d, const char *text, GError **errp)
{
    const Option *o = option_find(d->use);
    g_autofree char *driver = g_strndup(text, strcspn(text, ","));

    if (strcmp(d->use, "device") == 0 && device_type_find(driver) == NULL) {
        return err_fail(errp, "'%s' is not in this version", driver);
    }
    return options_use(cfg, o, o->kind == OPT_FLAG ? NULL : text, use->where, errp);
}

bool apply_dropped(VmConfig *cfg, OptUse *use, GError **errp)
{
    const DroppedOption *d = (const DroppedOption *)use->opt;
    g_autofree char *text = NULL;
    g_autofree char *today = d->today != NULL ? fill_in(d->today, use->text) : NULL;
    g_auto(GStrv) lines = NULL;
    GError *err = NULL;

    if (today == NULL) {
        warn("this option has had no effect for a long time");
        return true;
    }
    if (d->use == NULL) {
        return err_fail(errp, "QEMU 7.2 has no such option; today it is %s", today);
    }
    text = today_text(d, use->text, errp);
    if (text == NULL) {
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (!use_today(cfg, use, d, lines[i], &err)) {
            err_fail(errp, "%s; today it is %s", err->message, today);
            g_error_free(err);
            return false;
        }
    }
    warn("this option is deprecated, use %s", today);
    return true;
}

const Option *dropped_option(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dropped_options); i++) {
        if (strcmp(dropped_options[i].opt.name, name) == 0) {
            return &dropped_options[i].opt;
        }
    }
    return NULL;
}

/* ---- Values: what stands before the first comma of an option's text */

static const struct {
    const char *option, *pattern;
    const char *value;              /* taken instead; NULL: refused */
    const char *today;
} dropped_values[] = {
    { "device", "ide-drive", "ide-hd", "-device ide-hd" },
    { "device", "pci-assign", NULL, "-device vfio-pci,host=ADDRESS" },
    { "device", "kvm-pci-assign", NULL, "-device vfio-pci,host=ADDRESS" },
    { "device", "scsi-disk", NULL, "-device scsi-hd or scsi-cd" },
    { "machine", "pc-0.1?", "pc", "-machine pc" },
    { "machine", "pc-1.?", "pc", "-machine pc" },
    { "machine", "pc-q35-1.?", "q35", "-machine q35" },
    { "usbdevice", "host:*", NULL, "-device usb-host,hostbus=BUS,hostaddr=ADDR" },
    { "usbdevice", "disk:*", NULL, "-device usb-storage,drive=ID" },
    { "usbdevice", "serial:*", NULL, "-device usb-serial,chardev=ID" },
    { "usbdevice", "net:*", NULL, "-device usb-net,netdev=ID" },
    { "usbdevice", "bt:*", NULL, "-device usb-host" },
    { "net", "dump", NULL, "-object filter-dump,id=ID,netdev=ID,file=FILE" },
    { "net", "channel", NULL, "-netdev user,id=ID,guestfwd=..." },
    { "drive", "sheepdog:*", NULL, "a copy of the image in qcow2 or raw format" },
    { "drive", "file=sheepdog:*", NULL, "a copy of the image in qcow2 or raw format" },
};

bool dropped_value(OptUse *use, GError **errp)
{
    size_t len = use->text != NULL ? strcspn(use->text, ",") : 0;
    g_autofree char *head = len > 0 ? g_strndup(use->text, len) : g_strdup("");
    const char *value = g_str_has_prefix(head, "type=") ? head + strlen("type=") : head;

    for (size_t i = 0; len > 0 && i < G_N_ELEMENTS(dropped_values); i++) {
        char *text;

        if (strcmp(dropped_values[i].option, use->opt->name) != 0 ||
            !g_pattern_match_simple(dropped_values[i].pattern, value)) {
            continue;
        }
        if (dropped_values[i].value == NULL) {
            return err_fail(errp, "QEMU 7.2 has no '%s'; today it is %s", value, dropped_values[i].today);
        }
        warn("'%s' is deprecated, use %s", value, dropped_values[i].today);
        text = g_strconcat(dropped_values[i].value, use->text + len, NULL);
        g_free(use->text);
        use->text = text;
        return true;
    }
    return true;
}

/* ---- Keys */

typedef enum KeyFate { KEY_RENAMED, KEY_IGNORED, KEY_REFUSED } KeyFate;

static const struct {
    const char *option, *key;
    KeyFate fate;
    const char *today;
} dropped_key_rows[] = {
    { "smp", "maxvcpus", KEY_RENAMED, "maxcpus" },
    { "drive", "boot", KEY_IGNORED, "-device DISK,bootindex=N" },
    { "drive", "cyls", KEY_REFUSED, "-device ide-hd,drive=ID,cyls=N" },
    { "drive", "heads", KEY_REFUSED, "-device ide-hd,drive=ID,heads=N" },
    { "drive", "secs", KEY_REFUSED, "-device ide-hd,drive=ID,secs=N" },
    { "drive", "trans", KEY_REFUSED, "-device ide-hd,drive=ID,bios-chs-trans=HOW" },
    { "drive", "serial", KEY_REFUSED, "-device ide-hd,drive=ID,serial=TEXT" },
    { "drive", "addr", KEY_REFUSED, "-device virtio-blk-pci,drive=ID,addr=N" },
    { "net", "vlan", KEY_REFUSED, "-netdev KIND,id=ID with -device CARD,netdev=ID" },
    { "machine", "mem", KEY_REFUSED, "-m" },
    { "mon", "default", KEY_IGNORED, "-mon without default=" },
};

bool dropped_keys(OptUse *use, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dropped_key_rows); i++) {
        const char *key = dropped_key_rows[i].key, *today = dropped_key_rows[i].today;
        Json *v = strcmp(dropped_key_rows[i].option, use->opt->name) == 0 ? json_get(use->kv, key) : NULL;

        if (v == NULL) {
            continue;
        }
        switch (dropped_key_rows[i].fate) {
        case KEY_REFUSED:
            return err_fail(errp, "QEMU 7.2 has no '%s' here; today it is %s", key, today);
        case KEY_RENAMED:
            warn("'%s' is deprecated, use '%s'", key, today);
            json_set(use->kv, today, json_ref(v));
            break;
        default:
            warn("'%s' has no effect; today it is %s", key, today);
            break;
        }
        json_remove(use->kv, key);
    }
    return true;
}

/* ---- Monitor commands */

static char *make_usb_add(const char *args)
{
    static const struct { const char *old, *driver; } devices[] = {
        { "tablet", "usb-tablet" }, { "mouse", "usb-mouse" }, { "keyboard", "usb-kbd" },
        { "ccid", "usb-ccid" }, { "wacom-tablet", "usb-wacom-tablet" }, { "braille", "usb-braille" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        if (strcmp(devices[i].old, args) == 0) {
            return g_strconcat("device_add ", devices[i].driver, NULL);
        }
    }
    return NULL;
}

/* Seconds with a fraction, or with s, ms, us, ns behind; today milliseconds. */
static char *make_downtime(const char *args)
{
    static const struct { const char *unit; double ms; } units[] = {
        { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "us", 1e-3 }, { "ns", 1e-6 },
    };
    char *end;
    double v = g_ascii_strtod(args, &end);

    for (size_t i = 0; end != args && i < G_N_ELEMENTS(units); i++) {
        if (strcmp(end, units[i].unit) == 0 && v >= 0 && v * units[i].ms < 1e12) {
            return g_strdup_printf("migrate_set_parameter downtime-limit %.0f", v * units[i].ms);
        }
    }
    return NULL;
}

static const DroppedCommand dropped_commands[] = {
    { "usb_add", "device_add usb-...", .make = make_usb_add },
    { "usb_del", "device_del ID", .line = "device_del %s" },
    { "cpu_set", "device_add CPU-TYPE,socket-id=N,core-id=N,thread-id=N", .line = NULL },
    { "cpu-add", "device_add CPU-TYPE,socket-id=N,core-id=N,thread-id=N", .line = NULL },
    { "migrate_set_speed", "migrate_set_parameter max-bandwidth N",
      .line = "migrate_set_parameter max-bandwidth %s" },
    { "migrate_set_downtime", "migrate_set_parameter downtime-limit MS", .make = make_downtime },
    { "migrate_set_cache_size", "migrate_set_parameter xbzrle-cache-size N",
      .line = "migrate_set_parameter xbzrle-cache-size %s" },
    { "info migrate_cache_size", "info migrate_parameters", .line = "info migrate_parameters" },
    { "pci_add", "device_add DRIVER,addr=N", .line = NULL },
    { "pci_del", "device_del ID", .line = NULL },
    { "host_net_add", "netdev_add KIND,id=ID", .line = "netdev_add %s" },
    { "host_net_remove", "netdev_del ID", .line = NULL },
    { "block_passwd", "-object secret,id=ID with -blockdev", .line = NULL },
    { "acl_show", "object_add authz-list", .line = NULL },
    { "acl_add", "object_add authz-list", .line = NULL },
    { "acl_remove", "object_add authz-list", .line = NULL },
    { "acl_policy", "object_add authz-list", .line = NULL },
    { "acl_reset", "object_add authz-list", .line = NULL },
};

const DroppedCommand *dropped_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dropped_commands); i++) {
        if (strcmp(dropped_commands[i].name, name) == 0) {
            return &dropped_commands[i];
        }
    }
    return NULL;
}

char *dropped_command_line(const DroppedCommand *d, const char *args)
{
    if (d->make != NULL || d->line == NULL) {
        return d->make != NULL ? d->make(args) : NULL;
    }
    return fill_in(d->line, args);
}
