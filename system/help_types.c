/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of devices, objects and CPU models and of their properties, from the registered types
 * alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "hw/core/machine.h"
#include "system/build.h"
#include "system/help.h"
#include "target/cpu.h"
#include "util/log.h"

static int compare_types(const void *a, const void *b)
{
    const ObjType *x = *(const ObjType *const *)a, *y = *(const ObjType *const *)b;

    return strcmp(x->name, y->name);
}

/* All types that pass, sorted by name. */
static GPtrArray *list_types(bool (*pass)(const ObjType *t))
{
    GPtrArray *list = g_ptr_array_new();

    SET_FOREACH(types, ObjType, it) {
        if (!(*it)->abstract && pass(*it)) {
            g_ptr_array_add(list, (void *)*it);
        }
    }
    g_ptr_array_sort(list, compare_types);
    return list;
}

static bool is_device(const ObjType *t)
{
    return type_is_a(t, &device_base.type);
}

static bool is_user_device(const ObjType *t)
{
    return t->user_creatable && is_device(t);
}

static bool is_user_object(const ObjType *t)
{
    return t->user_creatable && !is_device(t);
}

typedef struct PropPrint { GString *out; bool defaults; } PropPrint;

static void print_prop(const Field *prop, const ChildDef *child, void *opaque)
{
    const PropPrint *p = opaque;

    if (prop != NULL) { /* only devices show defaults */
        Field shown = *prop;
        g_autofree char *line = NULL;

        shown.flags |= p->defaults ? 0 : FIELD_NO_DEFAULT;
        line = field_help_line(&shown);
        g_string_append_printf(p->out, "%s\n", line);
    } else {
        g_string_append_printf(p->out, "  %s=<child<%s>>\n", child->name, child->type->name);
    }
}

static void print_props(const ObjType *t, GString *out)
{
    PropPrint p = { out, is_device(t) };

    g_string_append_printf(out, "%s options:\n", t->name);
    type_visit_props(t, print_prop, &p);
}

static int show(GString *text, bool ok, GError *err)
{
    if (ok) {
        fputs(text->str, stdout);
    } else {
        report_error("%s", err->message);
        g_error_free(err);
    }
    g_string_free(text, true);
    return ok ? 0 : 1;
}

int help_type_props(const char *name, const char *suffix)
{
    const MachineType *m = machine_type_find(name);
    GString *out;

    if (m == NULL) {
        report_set_location(NULL);
        report_error("unsupported machine type '%s' (use -machine help to list supported machines)",
                     name);
        return 1;
    }
    out = g_string_new(NULL);
    print_props(&m->type, out);
    return show(out, true, NULL);
}

static void print_device(const DeviceType *d, GString *out)
{
    const BusType *bus = device_type_bus(d);

    g_string_append_printf(out, "name \"%s\"", d->type.name);
    if (bus != NULL) {
        g_string_append_printf(out, ", bus %s", bus->type.name);
    }
    SET_FOREACH(device_aliases, DeviceAlias, it) {
        if (strcmp((*it)->name, d->type.name) == 0) {
            g_string_append_printf(out, ", alias \"%s\"", (*it)->alias);
            break;
        }
    }
    if (d->type.desc != NULL) {
        g_string_append_printf(out, ", desc \"%s\"", d->type.desc);
    }
    g_string_append(out, d->type.user_creatable ? "\n" : ", no-user\n");
}

void help_all_devices(bool all, GString *out)
{
    static const char *const titles[DEV_CATEGORIES] = {
        "Controller/Bridge/Hub", "USB", "Storage", "Network", "Input", "Display", "Sound", "Misc",
        "CPU", "Watchdog",
    };
    g_autoptr(GPtrArray) list = list_types(all ? is_device : is_user_device);
    bool any = false;

    for (unsigned cat = 0; cat < DEV_CATEGORIES; cat++) {
        bool titled = false;

        for (unsigned i = 0; i < list->len; i++) {
            const DeviceType *d = device_type_of(g_ptr_array_index(list, i));

            if (d->category != cat) {
                continue;
            }
            if (!titled) {
                g_string_append_printf(out, "%s%s devices:\n", any ? "\n" : "", titles[cat]);
                titled = any = true;
            }
            print_device(d, out);
        }
    }
}

bool help_device_text(const char *driver, GString *out, GError **errp)
{
    const DeviceType *d;
    const char *near;

    if (driver == NULL) {
        help_all_devices(false, out);
        return true;
    }
    d = device_type_find(driver);
    if (d == NULL) {
        near = type_nearest(driver, &device_base.type);
        return near != NULL
            ? err_fail(errp, "Device '%s' not found (did you mean '%s'?)", driver, near)
            : err_fail(errp, "Device '%s' not found", driver);
    }
    print_props(&d->type, out);
    return true;
}

int help_device(const char *driver)
{
    GString *out = g_string_new(NULL);
    GError *err = NULL;
    bool ok = help_device_text(driver, out, &err);

    return show(out, ok, err);
}

bool help_object_text(const char *type, GString *out, GError **errp)
{
    const ObjType *t;

    if (type == NULL) {
        g_autoptr(GPtrArray) list = list_types(is_user_object);

        g_string_append(out, "List of user creatable objects:\n");
        for (unsigned i = 0; i < list->len; i++) {
            g_string_append_printf(out, "  %s\n",
                                   ((const ObjType *)g_ptr_array_index(list, i))->name);
        }
        return true;
    }
    t = type_find(type);
    if (t == NULL || !is_user_object(t)) {
        return err_fail(errp, "Parameter 'qom-type' does not accept value '%s'", type);
    }
    print_props(t, out);
    return true;
}

int help_object(const char *type)
{
    GString *out = g_string_new(NULL);
    GError *err = NULL;
    bool ok = help_object_text(type, out, &err);

    return show(out, ok, err);
}

int help_cpu(void)
{
    g_autofree char *text = target_cpu_help();

    fputs(text, stdout);
    return 0;
}

int help_drive_formats(void)
{
    g_autofree char *text = block_format_help();

    fputs(text, stdout);
    return 0;
}
