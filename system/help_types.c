/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of devices, objects and CPU models and of their properties, from the registered types
 * alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "hw/core/machine.h"
#include "system/build.h"
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

static void print_prop(const Field *prop, const ChildDef *child, void *opaque)
{
    if (prop != NULL) { /* only devices show defaults */
        Field shown = *prop;
        g_autofree char *line = NULL;

        shown.flags |= *(const bool *)opaque ? 0 : FIELD_NO_DEFAULT;
        line = field_help_line(&shown);
        puts(line);
    } else {
        printf("  %s=<child<%s>>\n", child->name, child->type->name);
    }
}

static int print_props(const ObjType *t, const char *name)
{
    bool defaults = is_device(t);

    printf("%s options:\n", name);
    type_visit_props(t, print_prop, &defaults);
    return 0;
}

int help_type_props(const char *name, const char *suffix)
{
    const MachineType *m = machine_type_find(name);

    if (m == NULL) {
        report_set_location(NULL);
        report_error("unsupported machine type '%s' (use -machine help to list supported machines)",
                     name);
        return 1;
    }
    return print_props(&m->type, m->type.name);
}

static void print_device(const DeviceType *d)
{
    const BusType *bus = device_type_bus(d);

    printf("name \"%s\"", d->type.name);
    if (bus != NULL) {
        printf(", bus %s", bus->type.name);
    }
    SET_FOREACH(device_aliases, DeviceAlias, it) {
        if (strcmp((*it)->name, d->type.name) == 0) {
            printf(", alias \"%s\"", (*it)->alias);
            break;
        }
    }
    if (d->type.desc != NULL) {
        printf(", desc \"%s\"", d->type.desc);
    }
    putchar('\n');
}

static int help_all_devices(void)
{
    static const char *const titles[DEV_CATEGORIES] = {
        "Controller/Bridge/Hub", "USB", "Storage", "Network", "Input", "Display", "Sound", "Misc",
        "CPU", "Watchdog",
    };
    g_autoptr(GPtrArray) list = list_types(is_user_device);
    bool any = false;

    for (unsigned cat = 0; cat < DEV_CATEGORIES; cat++) {
        bool titled = false;

        for (unsigned i = 0; i < list->len; i++) {
            const DeviceType *d = device_type_of(g_ptr_array_index(list, i));

            if (d->category != cat) {
                continue;
            }
            if (!titled) {
                printf("%s%s devices:\n", any ? "\n" : "", titles[cat]);
                titled = any = true;
            }
            print_device(d);
        }
    }
    return 0;
}

int help_device(const char *driver)
{
    const DeviceType *d;

    if (driver == NULL) {
        return help_all_devices();
    }
    d = device_type_find(driver);
    if (d == NULL) {
        const char *near = type_nearest(driver, &device_base.type);

        if (near != NULL) {
            report_error("Device '%s' not found (did you mean '%s'?)", driver, near);
        } else {
            report_error("Device '%s' not found", driver);
        }
        return 1;
    }
    return print_props(&d->type, d->type.name);
}

int help_object(const char *type)
{
    const ObjType *t;

    if (type == NULL) {
        g_autoptr(GPtrArray) list = list_types(is_user_object);

        puts("List of user creatable objects:");
        for (unsigned i = 0; i < list->len; i++) {
            printf("  %s\n", ((const ObjType *)g_ptr_array_index(list, i))->name);
        }
        return 0;
    }
    t = type_find(type);
    if (t == NULL || !is_user_object(t)) {
        report_error("Parameter 'qom-type' does not accept value '%s'", type);
        return 1;
    }
    return print_props(t, t->name);
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
