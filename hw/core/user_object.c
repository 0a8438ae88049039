/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that users make. */
#include "hw/core/user_object.h"

#include <string.h>
#include "util/err.h"
#include "util/parse.h"

static const ObjType *creatable_type(const char *name, GError **errp)
{
    const ObjType *t = type_find(name);

    if (t == NULL || t->abstract || !t->user_creatable || type_is_a(t, &device_base.type)) {
        err_fail(errp, "Parameter 'qom-type' does not accept value '%s'", name);
        return NULL;
    }
    return t;
}

static bool set_props(Object *obj, const Json *opts, GError **errp)
{
    JSON_FOREACH(opts, i, v) {
        const char *key = json_key_at(opts, i), *text = json_str_value(v);

        if (strcmp(key, "qom-type") == 0 || strcmp(key, "id") == 0) {
            continue;
        }
        if (text != NULL ? !object_prop_set_text(obj, key, text, errp)
                         : !object_prop_set(obj, key, v, errp)) {
            return false;
        }
    }
    return true;
}

static bool complete(Object *obj, GError **errp)
{
    for (const ObjType *t = obj->type; t != NULL; t = t->parent) {
        if (t->complete != NULL) {
            return t->complete(obj, errp);
        }
    }
    return true;
}

Object *user_object_create(Vm *vm, const Json *opts, GError **errp)
{
    const char *name = json_get_str(opts, "qom-type"), *id = json_get_str(opts, "id");
    const ObjType *t;
    Object *obj;

    if (name == NULL || id == NULL) {
        err_fail(errp, "Parameter '%s' is missing", name == NULL ? "qom-type" : "id");
        return NULL;
    }
    t = creatable_type(name, errp);
    if (t == NULL) {
        return NULL;
    }
    if (!id_valid(id)) {
        err_fail_hint(errp, "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
                      "Parameter 'id' expects an identifier");
        return NULL;
    }
    if (object_child(vm->objects, id) != NULL) {
        err_fail(errp, "attempt to add duplicate property '%s' to object (type 'container')", id);
        return NULL;
    }
    obj = object_new(t, vm->objects, id);
    if (!set_props(obj, opts, errp) || !complete(obj, errp)) {
        object_free(obj);
        return NULL;
    }
    obj->sealed = true;
    return obj;
}

bool user_object_delete(Vm *vm, const char *id, GError **errp)
{
    Object *obj = object_child(vm->objects, id);

    if (obj == NULL) {
        return err_fail(errp, "object '%s' not found", id);
    }
    for (const ObjType *t = obj->type; t != NULL; t = t->parent) {
        if (t->in_use != NULL && t->in_use(obj)) {
            return err_fail(errp, "object '%s' is in use, can not be deleted", id);
        }
    }
    object_free(obj);
    return true;
}
