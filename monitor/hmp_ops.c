/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that say to people what a QMP command says to programs: objects, descriptors, dumps, the
 * watchdog, drives that come and go. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "accel/accel.h"
#include "block/blockdev.h"
#include "block/drive.h"
#include "hw/core/user_object.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "monitor/qmp.h"
#include "system/help.h"
#include "util/err.h"
#include "util/keyval.h"

static void run_qmp(Hmp *hmp, const char *command, Json *args)
{
    json_unref(hmp_qmp(hmp, command, args));
}

/* {key: value of the argument of that name}, for commands of one word. */
static Json *one_word(const char *key, const Json *args, const char *name)
{
    Json *j = json_object_new();

    json_set_str(j, key, json_get_str(args, name));
    return j;
}

static bool is_one_of(Hmp *hmp, const char *word, const char *const *list)
{
    if (!g_strv_contains(list, word)) {
        hmp_printf(hmp, "Error: invalid parameter value: %s\n", word);
        return false;
    }
    return true;
}

/* ---- Watchdog, balloon, single steps */

static const char *const watchdog_actions[] = { "reset", "shutdown", "poweroff", "pause", "debug", "none",
                                                "inject-nmi", NULL };

static void cmd_watchdog_action(Hmp *hmp, const Json *args)
{
    if (is_one_of(hmp, json_get_str(args, "action"), watchdog_actions)) {
        run_qmp(hmp, "watchdog-set-action", one_word("action", args, "action"));
    }
}

static void complete_watchdog(Hmp *hmp, const char *word, GPtrArray *out)
{
    hmp_complete_names(out, watchdog_actions);
}

static void cmd_balloon(Hmp *hmp, const Json *args)
{
    Json *j = json_object_new();

    json_set_uint(j, "value", json_get_uint(args, "value", 0));
    run_qmp(hmp, "balloon", j);
}

static void cmd_singlestep(Hmp *hmp, const Json *args)
{
    const char *option = json_get_str(args, "option");
    Accel *a = hmp_vm(hmp)->accel;

    if (option != NULL && strcmp(option, "on") != 0 && strcmp(option, "off") != 0) {
        hmp_printf(hmp, "unexpected option %s\n", option);
    } else if (a != NULL && a->type->single_step != NULL) {
        a->type->single_step(a, option == NULL || strcmp(option, "on") == 0);
    }
}

static void complete_on_off(Hmp *hmp, const char *word, GPtrArray *out)
{
    static const char *const on_off[] = { "on", "off", NULL };

    hmp_complete_names(out, on_off);
}

static void cmd_exit_preconfig(Hmp *hmp, const Json *args)
{
    hmp_puts(hmp, "Error: The command is permitted only before machine initialization\n");
}

static void cmd_migrate_set_capability(Hmp *hmp, const Json *args)
{
    g_autoptr(Json) known = hmp_qmp(hmp, "query-migrate-capabilities", NULL);
    const char *name = json_get_str(args, "capability");
    Json *list = json_array_new(), *j = json_object_new(), *row = json_object_new();
    bool found = false;

    json_set_str(row, "capability", name);
    json_set_bool(row, "state", json_get_bool(args, "state", false));
    json_array_add(list, row);
    json_set(j, "capabilities", list);
    JSON_FOREACH(known, i, c) {
        found |= strcmp(json_get_str(c, "capability"), name) == 0;
    }
    if (!found) {
        hmp_printf(hmp, "Error: invalid parameter value: %s\n", name);
        json_unref(j);
        return;
    }
    run_qmp(hmp, "migrate-set-capabilities", j);
}

static void complete_capability(Hmp *hmp, const char *word, GPtrArray *out)
{
    g_autoptr(Json) known = hmp_qmp(hmp, "query-migrate-capabilities", NULL);

    JSON_FOREACH(known, i, c) {
        g_ptr_array_add(out, g_strdup(json_get_str(c, "capability")));
    }
}

/* ---- Objects */

static void cmd_object_add(Hmp *hmp, const Json *args)
{
    const char *text = json_get_str(args, "object");
    GError *err = NULL;
    bool help = false;
    g_autoptr(Json) opts = keyval_parse(text != NULL ? text : "", "qom-type", KEYVAL_QUIET, &help, &err);

    if (help) {
        g_autoptr(GString) out = g_string_new(NULL);

        help_object_text(json_get_str(opts, "qom-type"), out, &err);
        hmp_puts(hmp, out->str);
    } else if (opts != NULL) {
        user_object_create(hmp_vm(hmp), opts, &err);
    }
    hmp_report(hmp, err);
}

static void cmd_object_del(Hmp *hmp, const Json *args)
{
    run_qmp(hmp, "object-del", one_word("id", args, "id"));
}

typedef struct PropNames { GPtrArray *out; const char *word; } PropNames;

static void complete_prop(const Field *prop, const ChildDef *child, void *opaque)
{
    const PropNames *p = opaque;

    if (prop != NULL) {
        hmp_complete_list(p->out, p->word, prop->name, "=");
    }
}

void hmp_complete_props(const ObjType *t, const char *word, GPtrArray *out)
{
    PropNames p = { out, word };

    if (t != NULL) {
        type_visit_props(t, complete_prop, &p);
    }
}

static void complete_object_add(Hmp *hmp, const char *word, GPtrArray *out)
{
    g_autofree char *name = g_strndup(word, strcspn(word, ","));

    if (strchr(word, ',') != NULL) {
        hmp_complete_list(out, word, "id", "=");
        hmp_complete_props(type_find(name), word, out);
        return;
    }
    SET_FOREACH(types, ObjType, it) {
        if (!(*it)->abstract && (*it)->user_creatable && !type_is_a(*it, &device_base.type)) {
            g_ptr_array_add(out, g_strdup((*it)->name));
        }
    }
}

static void complete_objects(Hmp *hmp, const char *word, GPtrArray *out)
{
    const GPtrArray *list = hmp_vm(hmp)->objects->children;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        g_ptr_array_add(out, g_strdup(((const Object *)g_ptr_array_index(list, i))->name));
    }
}

/* ---- Descriptors, dumps */

static void cmd_getfd(Hmp *hmp, const Json *args)
{
    GError *err = NULL;

    qmp_keep_fd(json_get_str(args, "fdname"), hmp_take_fd(hmp), &err);
    hmp_report(hmp, err);
}

static void cmd_closefd(Hmp *hmp, const Json *args)
{
    run_qmp(hmp, "closefd", one_word("fdname", args, "fdname"));
}

static void cmd_dump_guest_memory(Hmp *hmp, const Json *args)
{
    static const char *const formats[] = { "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp", "elf" };
    static const char *const flags[] = { "zlib", "lzo", "snappy", "windmp" };
    unsigned given = 0, chosen = G_N_ELEMENTS(flags);
    Json *j;

    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (json_get_bool(args, flags[i], false)) {
            given++;
            chosen = i;
        }
    }
    if (given > 1) {
        hmp_puts(hmp, "Error: only one of '-z|-l|-s|-w' can be set\n");
        return;
    }
    j = json_object_new();
    json_set_bool(j, "paging", json_get_bool(args, "paging", false));
    json_set(j, "protocol", json_strf("file:%s", json_get_str(args, "filename")));
    json_set_bool(j, "detach", json_get_bool(args, "detach", false));
    if (json_has(args, "begin")) {
        json_set_uint(j, "begin", json_get_uint(args, "begin", 0));
    }
    if (json_has(args, "length")) {
        json_set_uint(j, "length", json_get_uint(args, "length", 0));
    }
    if (given > 0) {
        json_set_str(j, "format", formats[chosen]);
    }
    run_qmp(hmp, "dump-guest-memory", j);
}

/* ---- Drives */

static void cmd_block_resize(Hmp *hmp, const Json *args)
{
    Json *j = one_word("device", args, "device");

    json_set_uint(j, "size", json_get_uint(args, "size", 0));
    run_qmp(hmp, "block_resize", j);
}

/* -n: a node by itself, as -blockdev makes it. */
static bool add_node(const char *text, GError **errp)
{
    g_autoptr(Json) opts = keyval_parse(text, NULL, KEYVAL_NESTED, NULL, errp);

    if (opts == NULL) {
        return false;
    }
    return json_has(opts, "node-name") ? blockdev_add(opts, errp)
        : err_fail(errp, "'node-name' needs to be specified");
}

static void cmd_drive_add(Hmp *hmp, const Json *args)
{
    const char *text = json_get_str(args, "opts");
    GError *err = NULL;
    g_autoptr(Json) opts = NULL;
    const char *interface;

    if (json_get_bool(args, "node", false)) {
        if (!add_node(text, &err)) {
            hmp_printf(hmp, "%s\n", err->message);
            g_error_free(err);
        }
        return;
    }
    opts = keyval_parse(text, "file", KEYVAL_QUIET, NULL, &err);
    interface = json_get_str(opts, "if");
    if (opts != NULL && g_strcmp0(interface, "none") != 0) {
        err_fail(&err, "a drive of if=%s cannot come later; use if=none and device_add",
                 interface != NULL ? interface : "ide");
    } else if (opts != NULL && drive_add(opts, NULL, false, DRIVE_NONE, &err) != NULL) {
        hmp_puts(hmp, "OK\n");
    }
    if (err != NULL) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    }
}

static void cmd_drive_del(Hmp *hmp, const Json *args)
{
    const char *id = json_get_str(args, "id");
    Block *b = block_find(id);
    GError *err = NULL;

    if (blockdev_has(id)) {
        blockdev_del(id, &err);
    } else if (b == NULL) {
        hmp_printf(hmp, "Device '%s' not found\n", id);
    } else {
        drive_del(b);
    }
    hmp_report(hmp, err);
}

static void complete_drive(Block *b, void *opaque)
{
    g_ptr_array_add(opaque, g_strdup(block_id(b)));
}

static void complete_drives(Hmp *hmp, const char *word, GPtrArray *out)
{
    block_foreach(complete_drive, out);
}

/* ---- Addresses */

/* The host frame that holds a page of this process; the kernel shows it to root only. */
static bool host_frame(const void *p, uint64_t *ret, GError **errp)
{
    enum { ENTRY = 8, PRESENT_BIT = 63, FRAME_BITS = 55 };
    uint64_t page = (uint64_t)getpagesize(), entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return err_fail_errno(errp, errno, "Cannot open /proc/self/pagemap");
    }
    n = pread(fd, &entry, ENTRY, (off_t)((uintptr_t)p / page * ENTRY));
    close(fd);
    if (n != ENTRY) {
        return err_fail(errp, "Cannot read pagemap");
    }
    if (!(entry >> PRESENT_BIT)) {
        return err_fail(errp, "Page not present");
    }
    entry &= (UINT64_C(1) << FRAME_BITS) - 1;
    if (entry == 0) {
        return err_fail(errp, "The host does not show physical addresses to this user");
    }
    *ret = entry * page + (uintptr_t)p % page;
    return true;
}

static void cmd_gpa2hpa(Hmp *hmp, const Json *args)
{
    uint64_t pa = json_get_uint(args, "addr", 0), len = 1, frame = 0;
    AddrSpace *as = hmp_vm(hmp)->mem;
    const FlatRange *fr = flat_map_find(addr_space_map(as), pa);
    const void *host = addr_space_host(as, pa, &len, false);
    GError *err = NULL;

    if (fr == NULL) {
        hmp_printf(hmp, "No memory is mapped at address 0x%" PRIx64 "\n", pa);
    } else if (host == NULL) {
        hmp_printf(hmp, "Memory at address 0x%" PRIx64 " is not RAM\n", pa);
    } else if (!host_frame(host, &frame, &err)) {
        hmp_printf(hmp, "%s\n", err->message);
        g_error_free(err);
    } else {
        hmp_printf(hmp, "Host physical address for 0x%" PRIx64 " (%s) is 0x%" PRIx64 "\n", pa, fr->region->name,
                   frame);
    }
}

static const HmpCommand op_commands[] = {
    { "watchdog_action", "action:s", "[reset|shutdown|poweroff|pause|debug|none]",
      "what is done when a watchdog expires", cmd_watchdog_action, complete_watchdog },
    { "balloon", "value:M", "target", "ask the guest to give memory back until it has target MiB", cmd_balloon,
      NULL },
    { "singlestep", "option:s?", "[on|off]", "translate one instruction at a time, or no longer", cmd_singlestep,
      complete_on_off },
    { "exit_preconfig", NULL, "", "make the machine after --preconfig", cmd_exit_preconfig, NULL },
    { "migrate_set_capability", "capability:s,state:b", "capability state", "switch a capability of migration",
      cmd_migrate_set_capability, complete_capability },
    { "object_add", "object:S?", "[qom-type=]type,id=str[,prop=value][,...]", "make an object, as -object does",
      cmd_object_add, complete_object_add },
    { "object_del", "id:s", "id", "remove an object", cmd_object_del, complete_objects },
    { "getfd", "fdname:s", "getfd name", "keep the descriptor that came over the socket", cmd_getfd, NULL },
    { "closefd", "fdname:s", "closefd name", "close a descriptor that getfd kept", cmd_closefd, NULL },
    { "dump-guest-memory",
      "paging:-p,detach:-d,windmp:-w,zlib:-z,lzo:-l,snappy:-s,filename:F,begin:l?,length:l?",
      "[-p] [-d] [-z|-l|-s|-w] filename [begin length]",
      "write a crash dump (-p: by page tables; -d: go on meanwhile; -z, -l, -s: kdump with zlib, lzo, snappy; "
      "-w: for Windows; begin, length: only this memory)", cmd_dump_guest_memory, NULL },
    { "block_resize", "device:B,size:M", "device size", "change the size of an image", cmd_block_resize,
      complete_drives },
    { "drive_add", "node:-n,pci_addr:s,opts:S",
      "[-n] [[<domain>:]<bus>:]<slot>\n[file=file][,if=type][,bus=n]\n[,unit=m][,media=d][,index=i]\n"
      "[,snapshot=on|off][,cache=on|off]\n[,readonly=on|off][,copy-on-read=on|off]",
      "make a drive with if=none for a device that follows (-n: a block node); the slot counts for nothing",
      cmd_drive_add, NULL },
    { "drive_del", "id:B", "device", "take a drive away; its device stays without a medium", cmd_drive_del,
      complete_drives },
    { "gpa2hpa", "addr:l", "addr", "where a physical address lies in the host's memory", cmd_gpa2hpa, NULL },
};
HMP_REGISTER(op_commands);
