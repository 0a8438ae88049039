/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator types, and choosing one. */
#include "accel/accel.h"

#include <string.h>

#include "accel/irqchip.h"
#include "util/err.h"
#include "util/log.h"

const AccelType accel_base = {
    .type = { .name = "accel", .parent = &object_base, .size = sizeof(Accel), .abstract = true },
};
ACCEL_REGISTER(accel_base);

/* Visible accelerators by rank, then the hidden ones. */
static gint by_rank(gconstpointer a, gconstpointer b)
{
    const AccelType *x = *(const AccelType *const *)a, *y = *(const AccelType *const *)b;

    return x->rank - y->rank;
}

static GPtrArray *accel_types(void)
{
    GPtrArray *list = g_ptr_array_new();

    SET_FOREACH (types, ObjType, it) {
        if (!(*it)->abstract && type_is_a(*it, &accel_base.type)) {
            g_ptr_array_add(list, (void *)*it);
        }
    }
    g_ptr_array_sort(list, by_rank);
    return list;
}

const AccelType *accel_type_find(const char *name)
{
    g_autoptr(GPtrArray) list = accel_types();

    for (guint i = 0; i < list->len; i++) {
        const AccelType *t = g_ptr_array_index(list, i);

        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    return NULL;
}

char *accel_help(void)
{
    GString *out = g_string_new("Accelerators supported in QEMU binary:\n");
    g_autoptr(GPtrArray) list = accel_types();

    for (guint i = 0; i < list->len; i++) {
        const AccelType *t = g_ptr_array_index(list, i);

        if (!t->hidden) {
            g_string_append_printf(out, "%s\n", t->name);
        }
    }
    return g_string_free(out, FALSE);
}

static bool set_props(Accel *a, const Json *opts, GError **errp)
{
    JSON_FOREACH (opts, i, value) {
        const char *key = json_key_at(opts, i);
        const char *text = json_str_value(value);
        bool ok;

        if (strcmp(key, "accel") == 0) {
            continue;
        }
        ok = text != NULL ? object_prop_set_text(&a->obj, key, text, errp)
                          : object_prop_set(&a->obj, key, value, errp);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool accel_create(Vm *vm, const Json *opts, GError **errp)
{
    static const char *const known_absent[] = { "xen", "hax", "hvf", "nvmm", "whpx", NULL };
    const char *name = json_get_str(opts, "accel");
    const AccelType *t = name != NULL ? accel_type_find(name) : NULL;
    const char *why = NULL;
    Accel *a;

    g_assert(vm->accel == NULL);
    if (t == NULL && name != NULL && g_strv_contains(known_absent, name)) {
        return err_fail(errp, "invalid accelerator %s (not in this version; use tcg)", name);
    }
    if (t == NULL) {
        return err_fail(errp, "invalid accelerator %s", name != NULL ? name : "");
    }
    if (t->available != NULL && !t->available(&why)) {
        return err_fail(errp, "accelerator '%s' is not available%s%s", name,
                        why != NULL ? ": " : "", why != NULL ? why : "");
    }
    a = (Accel *)object_new(&t->type, NULL, NULL);
    a->type = t;
    a->vm = vm;
    if (!set_props(a, opts, errp) || (t->init != NULL && !t->init(a, vm, errp))) {
        object_free(&a->obj);
        return false;
    }
    a->obj.sealed = true;
    vm->accel = a;
    return true;
}

bool accel_create_first(Vm *vm, const char *names, GError **errp)
{
    g_auto(GStrv) list = g_strsplit(names, ":", -1);
    g_autoptr(GError) last = NULL;

    for (char **name = list; *name != NULL; name++) {
        g_autoptr(Json) opts = json_object_new();

        json_set_str(opts, "accel", *name);
        if (last != NULL) {
            warn("%s; trying %s", last->message, *name);
            g_clear_error(&last);
        }
        if (accel_create(vm, opts, &last)) {
            return true;
        }
    }
    if (last == NULL) {
        return err_fail(errp, "No accelerator selected");
    }
    g_propagate_error(errp, g_steal_pointer(&last));
    return false;
}

const struct IrqChipOps *irqchip_ops(const Vm *vm)
{
    return irqchip_parts(vm) != 0 ? vm->accel->type->irqchip : NULL;
}

unsigned irqchip_parts(const Vm *vm)
{
    const Accel *a = vm->accel;

    return a != NULL && a->type->irqchip != NULL ? a->type->irqchip->parts(a) : 0;
}

bool accel_has_smm(const Vm *vm)
{
    const Accel *a = vm->accel;

    return a == NULL || a->type->has_smm == NULL || a->type->has_smm(a);
}
