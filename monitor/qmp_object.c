/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on the tree of objects, on types, and on devices. */
#include <string.h>
#include "hw/core/user_object.h"
#include "monitor/qmp_schema.h"
#include "target/cpu.h"

static Json *prop_row(const char *name, const char *type)
{
    Json *row = json_object_new();

    json_set_str(row, "name", name);
    json_set_str(row, "type", type);
    return row;
}

static Json *child_row(const char *name, const char *type)
{
    g_autofree char *text = g_strdup_printf("child<%s>", type);

    return prop_row(name, text);
}

/* ---- Properties of types */

/* obj: children that it does not have are left out; NULL: of a type. */
typedef struct PropList { Json *list; bool details; const Object *obj; } PropList;

static Json *default_value(const Field *f)
{
    if (f->flags & FIELD_NO_DEFAULT) {
        return NULL;
    }
    switch (f->kind) {
    case FIELD_BOOL:
    case FIELD_BIT:
    case FIELD_BIT64:
        return json_bool(f->def.u != 0);
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_SIZE:
        return json_uint(f->def.u);
    case FIELD_I8:
    case FIELD_I16:
    case FIELD_I32:
    case FIELD_I64:
        return json_int(f->def.i);
    case FIELD_ENUM:
        return json_str(enum_text(f->of.en, (int)f->def.u));
    case FIELD_STR:
        return f->def.s != NULL ? json_str(f->def.s) : NULL;
    default:
        return NULL;
    }
}

static void add_prop(const Field *prop, const ChildDef *child, void *opaque)
{
    PropList *l = opaque;
    Json *row, *value;

    if (prop == NULL) {
        if (l->obj == NULL || object_child(l->obj, child->name) != NULL) {
            json_array_add(l->list, child_row(child->name, child->type->name));
        }
        return;
    }
    if (l->obj != NULL && g_str_has_prefix(field_type_name(prop), "child<") &&
        object_child(l->obj, prop->name) == NULL) {
        return;                     /* a part that is no object here, as memory regions are */
    }
    row = prop_row(prop->name, field_type_name(prop));
    if (l->details && prop->help != NULL) {
        json_set_str(row, "description", prop->help);
    }
    value = l->details ? default_value(prop) : NULL;
    if (value != NULL) {
        json_set(row, "default-value", value);
    }
    json_array_add(l->list, row);
}

/* What every object or device has beside its rows. */
static void add_common(Json *list, const ObjType *t)
{
    static const char *const of_device[] = { "realized", "hotplugged", "hotpluggable" };

    json_array_add(list, prop_row("type", "string"));
    if (type_is_a(t, &device_base.type)) {
        json_array_add(list, prop_row("parent_bus", "link<bus>"));
        for (size_t i = 0; i < G_N_ELEMENTS(of_device); i++) {
            json_array_add(list, prop_row(of_device[i], "bool"));
        }
    }
}

static void add_all(Json *to, Json *from)
{
    JSON_FOREACH(from, i, row) {
        json_array_add(to, json_ref(row));
    }
    json_unref(from);
}

Json *qmp_qom_list_properties(QmpCtx *ctx, const QmpQomListPropertiesArgs *args, GError **errp)
{
    const ObjType *t = target_cpu_type(args->typename);
    PropList l = { json_array_new(), false, NULL };

    if (t == NULL) {
        t = type_find(args->typename);
    }
    if (t == NULL) {
        json_unref(l.list);
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Class '%s' not found", args->typename);
        return NULL;
    }
    add_common(l.list, t);
    type_visit_props(t, add_prop, &l);
    if (target_cpu_type(args->typename) != NULL) {
        add_all(l.list, target_cpu_props());
    }
    return l.list;
}

Json *qmp_device_list_properties(QmpCtx *ctx, const QmpDeviceListPropertiesArgs *args, GError **errp)
{
    const DeviceType *device = device_type_find(args->typename);
    const ObjType *t = device != NULL ? &device->type : target_cpu_type(args->typename);
    PropList l = { json_array_new(), true, NULL };

    if (t == NULL && type_find(args->typename) == NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", args->typename);
    } else if (t == NULL || t->abstract) {
        err_fail(errp, "Parameter 'typename' expects a non-abstract device type");
    } else {
        type_visit_props(t, add_prop, &l);
        if (device == NULL) {
            add_all(l.list, target_cpu_props());
        }
        return l.list;
    }
    json_unref(l.list);
    return NULL;
}

static void add_type(Json *list, const ObjType *t)
{
    Json *row = json_object_new();

    json_set_str(row, "name", t->name);
    if (t->abstract) {
        json_set_bool(row, "abstract", true);
    }
    if (t->parent != NULL) {
        json_set_str(row, "parent", t->parent->name);
    }
    json_array_add(list, row);
}

/* All types that a visitor may see; CPU models are made on demand, so they are asked for. */
static void visit_types(void (*fn)(const ObjType *t, void *opaque), void *opaque)
{
    SET_FOREACH(types, ObjType, it) {
        fn(*it, opaque);
    }
    target_cpu_visit_types(fn, opaque);
}

typedef struct TypeQuery { const ObjType *of; bool abstract; Json *list; } TypeQuery;

static void add_matching(const ObjType *t, void *opaque)
{
    TypeQuery *q = opaque;

    if ((q->abstract || !t->abstract) && (q->of == NULL || type_is_a(t, q->of))) {
        add_type(q->list, t);
    }
}

Json *qmp_qom_list_types(QmpCtx *ctx, const QmpQomListTypesArgs *args, GError **errp)
{
    TypeQuery q = { .abstract = !args->has_abstract || args->abstract, .list = json_array_new() };

    if (args->implements != NULL) {
        q.of = type_find(args->implements);
        if (q.of == NULL) {
            return q.list;
        }
    }
    visit_types(add_matching, &q);
    return q.list;
}

/* ---- Objects */

static Object *find_object(QmpCtx *ctx, const char *path, GError **errp)
{
    GError *err = NULL;
    Object *obj = object_resolve(&ctx->vm->root, path, &err);

    if (obj == NULL) {
        g_propagate_error(errp, err);
    }
    return obj;
}

static bool has_child_row(const Json *list, const char *name)
{
    JSON_FOREACH(list, i, row) {
        if (strcmp(json_get_str(row, "name"), name) == 0) {
            return true;
        }
    }
    return false;
}

Json *qmp_qom_list(QmpCtx *ctx, const QmpQomListArgs *args, GError **errp)
{
    Object *obj = find_object(ctx, args->path, errp);
    PropList l = { NULL, false, obj };

    if (obj == NULL) {
        return NULL;
    }
    l.list = json_array_new();
    add_common(l.list, obj->type);
    type_visit_props(obj->type, add_prop, &l);
    if (type_is_a(obj->type, target_cpu_base())) {
        add_all(l.list, target_cpu_props());
    }
    for (guint i = 0; obj->children != NULL && i < obj->children->len; i++) {
        const Object *child = g_ptr_array_index(obj->children, i);

        if (!has_child_row(l.list, child->name)) {
            json_array_add(l.list, child_row(child->name, child->type->name));
        }
    }
    return l.list;
}

/* The properties of add_common(). NULL without error: it is none of them. */
static Json *common_prop(Object *obj, const char *name)
{
    const Device *dev = device_from_object(obj);

    if (strcmp(name, "type") == 0) {
        return json_str(obj->type->name);
    }
    if (dev == NULL) {
        return NULL;
    }
    if (strcmp(name, "realized") == 0) {
        return json_bool(dev->realized);
    }
    if (strcmp(name, "hotplugged") == 0) {
        return json_bool(dev->hotplugged);
    }
    if (strcmp(name, "hotpluggable") == 0) {
        return json_bool(dev->type->hotpluggable);
    }
    if (strcmp(name, "parent_bus") == 0) {
        g_autofree char *path = dev->bus != NULL ? object_path(&dev->bus->obj) : g_strdup("");

        return json_str(path);
    }
    return NULL;
}

Json *qmp_qom_get(QmpCtx *ctx, const QmpQomGetArgs *args, GError **errp)
{
    Object *obj = find_object(ctx, args->path, errp);
    Json *value;

    if (obj == NULL) {
        return NULL;
    }
    value = common_prop(obj, args->property);
    if (value == NULL && type_is_a(obj->type, target_cpu_base())) {
        value = target_cpu_prop((Cpu *)obj, args->property);
    }
    return value != NULL ? value : object_prop_get(obj, args->property, errp);
}

Json *qmp_qom_set(QmpCtx *ctx, const QmpQomSetArgs *args, GError **errp)
{
    Object *obj = find_object(ctx, args->path, errp);
    Json *value;

    if (obj == NULL) {
        return NULL;
    }
    value = common_prop(obj, args->property);
    if (value != NULL && type_prop(obj->type, args->property) == NULL) {
        json_unref(value);
        err_fail(errp, "Property '%s.%s' is not writable", obj->type->name, args->property);
        return NULL;
    }
    json_unref(value);
    object_prop_set(obj, args->property, args->value, errp);
    return NULL;
}

Json *qmp_object_add(QmpCtx *ctx, const Json *args, GError **errp)
{
    user_object_create(ctx->vm, args, errp);
    return NULL;
}

Json *qmp_object_del(QmpCtx *ctx, const QmpObjectDelArgs *args, GError **errp)
{
    user_object_delete(ctx->vm, args->id, errp);
    return NULL;
}

/* ---- Devices */

Json *qmp_device_add(QmpCtx *ctx, const Json *args, GError **errp)
{
    device_create_from_json(ctx->vm, args, errp);
    return NULL;
}

Json *qmp_device_del(QmpCtx *ctx, const QmpDeviceDelArgs *args, GError **errp)
{
    Device *dev = device_find(ctx->vm, args->id, errp);

    if (dev != NULL) {
        device_unplug(dev, errp);
    }
    return NULL;
}
