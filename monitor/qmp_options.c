/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-command-line-options: groups of options with the keys they take. Keys of -machine and -chardev
 * come from their owners' tables; groups whose keys depend on a driver have none here. */
#include <string.h>
#include "hw/core/machine.h"
#include "monitor/qmp_schema.h"
#include "system/chardev/char.h"

/* "key" is a string, "key:b" a switch, "key:n" a number, "key:s" a size. */
typedef struct OptionGroup { const char *name, *keys; } OptionGroup;

static const OptionGroup groups[] = {
    { "accel", "" },
    { "action", "watchdog panic reboot shutdown" },
    { "add-fd", "opaque set:n fd:n" },
    { "boot-opts", "strict:b reboot-timeout:n splash-time:n splash menu:b once order" },
    { "device", "" },
    { "drive", "werror rerror read-only:b file if media index:n unit:n bus:n detect-zeroes format "
               "cache.writeback:b cache.no-flush:b cache.direct:b aio discard snapshot:b id node-name "
               "auto-read-only:b" },
    { "fw_cfg", "string file name" },
    { "global", "value property driver" },
    { "memory", "maxmem:s slots:n size:s" },
    { "mon", "pretty:b chardev mode" },
    { "msg", "guest-name:b timestamp:b" },
    { "name", "debug-threads:b process guest" },
    { "object", "" },
    { "option-rom", "romfile bootindex:n" },
    { "overcommit", "cpu-pm:b mem-lock:b" },
    { "rtc", "driftfix clock base" },
    { "smbios", "" },
    { "smp-opts", "maxcpus:n threads:n cores:n clusters:n dies:n sockets:n cpus:n" },
    { "trace", "file events enable" },
};

static void add_key(Json *list, const char *name, const char *type)
{
    Json *row;

    JSON_FOREACH(list, i, other) {
        if (strcmp(json_get_str(other, "name"), name) == 0) {
            return;
        }
    }
    row = json_object_new();
    json_set_str(row, "name", name);
    json_set_str(row, "type", type);
    json_array_add(list, row);
}

static const char *key_type(FieldKind kind)
{
    switch (kind) {
    case FIELD_BOOL:
    case FIELD_BIT:
    case FIELD_BIT64:
        return "boolean";
    case FIELD_SIZE:
        return "size";
    case FIELD_STR:
    case FIELD_ENUM:
    case FIELD_CUSTOM:
        return "string";
    default:
        return "number";
    }
}

static Json *text_keys(const char *keys)
{
    g_auto(GStrv) words = g_strsplit(keys, " ", -1);
    Json *list = json_array_new();

    for (char **w = words; *w != NULL && **w != '\0'; w++) {
        char *colon = strchr(*w, ':'), type = colon != NULL ? colon[1] : 't';

        if (colon != NULL) {
            *colon = '\0';
        }
        add_key(list, *w, type == 'b' ? "boolean" : type == 'n' ? "number" : type == 's' ? "size" : "string");
    }
    return list;
}

static void add_group(Json *list, const char *name, Json *keys)
{
    Json *row = json_object_new();

    json_set_str(row, "option", name);
    json_set(row, "parameters", keys);
    json_array_add(list, row);
}

static void add_machine_key(const Field *prop, const ChildDef *child, void *opaque)
{
    if (prop != NULL) {
        add_key(opaque, prop->name, key_type(prop->kind));
    }
}

static Json *machine_keys(void)
{
    Json *list = text_keys("type accel");

    SET_FOREACH(types, ObjType, it) {
        if (type_is_a(*it, &machine_base.type)) {
            type_visit_props(*it, add_machine_key, list);
        }
    }
    return list;
}

static Json *chardev_keys(void)
{
    Json *list = text_keys("backend logfile logappend:b mux:b");

    SET_FOREACH(char_backends, CharBackend, it) {
        for (const Field *f = (*it)->options->fields; f->name != NULL; f++) {
            add_key(list, f->name, key_type(f->kind));
        }
    }
    return list;
}

Json *qmp_query_command_line_options(QmpCtx *ctx, const QmpQueryCommandLineOptionsArgs *args,
                                     GError **errp)
{
    g_autoptr(Json) all = json_array_new();
    Json *one;

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        add_group(all, groups[i].name, text_keys(groups[i].keys));
    }
    add_group(all, "machine", machine_keys());
    add_group(all, "chardev", chardev_keys());
    if (args->option == NULL) {
        return g_steal_pointer(&all);
    }
    JSON_FOREACH(all, i, row) {
        if (strcmp(json_get_str(row, "option"), args->option) == 0) {
            one = json_array_new();
            json_array_add(one, json_ref(row));
            return one;
        }
    }
    err_fail(errp, "invalid option name: %s", args->option);
    return NULL;
}
