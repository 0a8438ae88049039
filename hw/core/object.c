/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: the type table, life, the tree, properties. */
#include "hw/core/object.h"

#include <stdlib.h>
#include <string.h>

#include "util/err.h"
#include "util/parse.h"

enum { LEVELS_MAX = 16 };

const ObjType object_base = { .name = "object", .size = sizeof(Object), .abstract = true };
TYPE_REGISTER(object_base);

const ObjType container_type = { .name = "container",
                                 .parent = &object_base,
                                 .size = sizeof(Object) };
TYPE_REGISTER(container_type);

/* ---- Types */

static GHashTable *type_table(void)
{
    static GHashTable *table;

    if (g_once_init_enter(&table)) {
        GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

        SET_FOREACH (types, ObjType, it) {
            g_assert(g_hash_table_insert(t, (void *)(*it)->name, (void *)*it));
        }
        g_once_init_leave(&table, t);
    }
    return table;
}

const ObjType *type_find(const char *name)
{
    return g_hash_table_lookup(type_table(), name);
}

bool type_is_a(const ObjType *type, const ObjType *ancestor)
{
    while (type != NULL && type != ancestor) {
        type = type->parent;
    }
    return type != NULL;
}

const char *type_nearest(const char *name, const ObjType *ancestor)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    SET_FOREACH (types, ObjType, it) {
        if (!(*it)->abstract && (ancestor == NULL || type_is_a(*it, ancestor))) {
            g_ptr_array_add(names, (void *)(*it)->name);
        }
    }
    g_ptr_array_add(names, NULL);
    return near_match(name, (const char *const *)names->pdata);
}

/* Fills levels with type and its ancestors, base first. */
static unsigned type_levels(const ObjType *type, const ObjType *levels[LEVELS_MAX])
{
    unsigned n = 0;

    for (const ObjType *t = type; t != NULL; t = t->parent) {
        n++;
    }
    g_assert(n <= LEVELS_MAX);
    for (unsigned i = n; i-- > 0; type = type->parent) {
        levels[i] = type;
    }
    return n;
}

const Field *type_prop(const ObjType *type, const char *name)
{
    for (; type != NULL; type = type->parent) {
        for (const Field *f = type->props; f != NULL && f->name != NULL; f++) {
            if (strcmp(f->name, name) == 0) {
                return f;
            }
        }
    }
    return NULL;
}

typedef struct PropRow {
    const char *name;
    const Field *prop;
    const ChildDef *child;
} PropRow;

static int row_by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const PropRow *)a)->name, ((const PropRow *)b)->name);
}

static bool has_row(const GArray *rows, const char *name)
{
    for (guint i = 0; i < rows->len; i++) {
        if (strcmp(g_array_index(rows, PropRow, i).name, name) == 0) {
            return true;
        }
    }
    return false;
}

void type_visit_props(const ObjType *type,
                      void (*visit)(const Field *prop, const ChildDef *child, void *opaque),
                      void *opaque)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(PropRow));

    for (; type != NULL; type = type->parent) {
        for (const Field *f = type->props; f != NULL && f->name != NULL; f++) {
            PropRow row = { f->name, f, NULL };

            if (!has_row(rows, f->name)) {
                g_array_append_val(rows, row);
            }
        }
        for (const ChildDef *c = type->children; c != NULL && c->name != NULL; c++) {
            PropRow row = { c->name, NULL, c };

            if (!has_row(rows, c->name)) {
                g_array_append_val(rows, row);
            }
        }
    }
    g_array_sort(rows, row_by_name);
    for (guint i = 0; i < rows->len; i++) {
        const PropRow *row = &g_array_index(rows, PropRow, i);

        visit(row->prop, row->child, opaque);
    }
}

/* ---- Life */

void object_init(Object *obj, const ObjType *type, Object *parent, const char *name)
{
    const ObjType *levels[LEVELS_MAX];
    unsigned n = type_levels(type, levels);

    g_assert(!type->abstract);
    obj->type = type;
    obj->embedded = true;
    if (parent != NULL) {
        bool added = object_add(parent, obj, name, NULL);

        g_assert(added);
    }
    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->props != NULL) {
            fields_set_defaults(levels[i]->props, obj);
        }
        for (const ChildDef *c = levels[i]->children; c != NULL && c->name != NULL; c++) {
            object_init((Object *)((char *)obj + c->offset), c->type, obj, c->name);
        }
        if (levels[i]->init != NULL) {
            levels[i]->init(obj);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->ready != NULL) {
            levels[i]->ready(obj);
        }
    }
}

Object *object_new(const ObjType *type, Object *parent, const char *name)
{
    Object *obj = g_aligned_alloc0(1, type->size, 64); /* instances may hold vector state */

    object_init(obj, type, parent, name);
    obj->embedded = false;
    return obj;
}

void object_free(Object *obj)
{
    const ObjType *levels[LEVELS_MAX];
    unsigned n;

    if (obj == NULL) {
        return;
    }
    n = type_levels(obj->type, levels);
    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->unready != NULL) {
            levels[i]->unready(obj);
        }
    }
    while (obj->children != NULL && obj->children->len > 0) {
        object_free(g_ptr_array_index(obj->children, obj->children->len - 1));
    }
    g_clear_pointer(&obj->children, g_ptr_array_unref);
    for (unsigned i = n; i-- > 0;) {
        if (levels[i]->fini != NULL) {
            levels[i]->fini(obj);
        }
        if (levels[i]->props != NULL) {
            fields_release(levels[i]->props, obj);
        }
    }
    object_detach(obj);
    g_clear_pointer(&obj->name, g_free);
    if (!obj->embedded) {
        g_aligned_free(obj);
    }
}

/* ---- The tree */

Object *object_child(const Object *obj, const char *name)
{
    for (guint i = 0; obj->children != NULL && i < obj->children->len; i++) {
        Object *child = g_ptr_array_index(obj->children, i);

        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }
    return NULL;
}

static char *free_name(const Object *parent, const char *stem)
{
    size_t len = strlen(stem) - strlen("[*]");

    for (unsigned i = 0;; i++) {
        g_autofree char *name = g_strdup_printf("%.*s[%u]", (int)len, stem, i);

        if (object_child(parent, name) == NULL) {
            return g_steal_pointer(&name);
        }
    }
}

bool object_add(Object *parent, Object *obj, const char *name, GError **errp)
{
    g_assert(obj->parent == NULL && name != NULL);
    if (g_str_has_suffix(name, "[*]")) {
        g_free(obj->name);
        obj->name = free_name(parent, name);
    } else if (object_child(parent, name) != NULL) {
        return err_fail(errp, "attempt to add duplicate property '%s' to object (type '%s')", name,
                        parent->type->name);
    } else {
        g_free(obj->name);
        obj->name = g_strdup(name);
    }
    if (parent->children == NULL) {
        parent->children = g_ptr_array_new();
    }
    g_ptr_array_add(parent->children, obj);
    obj->parent = parent;
    return true;
}

void object_detach(Object *obj)
{
    if (obj->parent != NULL) {
        g_ptr_array_remove(obj->parent->children, obj);
        obj->parent = NULL;
    }
}

char *object_path(const Object *obj)
{
    GString *path = g_string_new(NULL);

    for (; obj != NULL && obj->parent != NULL; obj = obj->parent) {
        g_string_prepend(path, obj->name);
        g_string_prepend_c(path, '/');
    }
    if (path->len == 0) {
        g_string_append_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

bool object_walk(Object *obj, bool (*fn)(Object *obj, void *opaque), void *opaque)
{
    if (!fn(obj, opaque)) {
        return false;
    }
    for (guint i = 0; obj->children != NULL && i < obj->children->len; i++) {
        if (!object_walk(g_ptr_array_index(obj->children, i), fn, opaque)) {
            return false;
        }
    }
    return true;
}

/* Follows the parts of a path downwards; NULL parts end it. Empty parts are skipped. */
static Object *follow(Object *obj, char *const *parts)
{
    for (; obj != NULL && *parts != NULL; parts++) {
        if (**parts != '\0') {
            obj = object_child(obj, *parts);
        }
    }
    return obj;
}

typedef struct TailSearch {
    char **parts;
    Object *found;
    bool ambiguous;
} TailSearch;

static bool search_tail(Object *obj, void *opaque)
{
    TailSearch *s = opaque;
    Object *hit = follow(obj, s->parts);

    if (hit != NULL && s->found != NULL && hit != s->found) {
        s->ambiguous = true;
        return false;
    }
    if (hit != NULL) {
        s->found = hit;
    }
    return true;
}

Object *object_resolve(Object *root, const char *path, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    TailSearch s = { .parts = parts };

    if (path[0] == '/') {
        s.found = follow(root, parts);
    } else if (path[0] != '\0') {
        object_walk(root, search_tail, &s);
    }
    if (s.ambiguous) {
        err_fail(errp, "Path '%s' does not uniquely identify an object", path);
        return NULL;
    }
    if (s.found == NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", path);
    }
    return s.found;
}

/* ---- Properties */

static bool fail_unknown(const Object *obj, const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;
    const char *near;

    for (const ObjType *t = obj->type; t != NULL; t = t->parent) {
        for (const Field *f = t->props; f != NULL && f->name != NULL; f++) {
            g_ptr_array_add(names, (void *)f->name);
        }
    }
    g_ptr_array_add(names, NULL);
    near = near_match(name, (const char *const *)names->pdata);
    if (near != NULL) {
        hint = g_strdup_printf("Did you mean '%s'?", near);
    }
    return err_fail_hint(errp, hint, "Property '%s.%s' not found", obj->type->name, name);
}

static const Field *settable(const Object *obj, const char *name, GError **errp)
{
    const Field *f = type_prop(obj->type, name);

    if (f == NULL) {
        fail_unknown(obj, name, errp);
        return NULL;
    }
    if (f->flags & FIELD_READ_ONLY) {
        err_fail(errp, "Insufficient permission to perform this operation");
        return NULL;
    }
    if (obj->sealed && !(f->flags & FIELD_LIVE)) {
        err_fail(errp,
                 "Attempt to set property '%s' on device '%s' (type '%s') after it was realized",
                 name, obj->name != NULL ? obj->name : "", obj->type->name);
        return NULL;
    }
    return f;
}

static bool tell_changed(Object *obj, const Field *f, GError **errp)
{
    const ObjType *levels[LEVELS_MAX];
    unsigned n = type_levels(obj->type, levels);

    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->changed != NULL && !levels[i]->changed(obj, f, errp)) {
            return false;
        }
    }
    return true;
}

/* Stores by one of the two forms; a sealed object hears of it and may refuse. A parser's message
 * that begins in lower case ("can't find value 'x'") gets the property's name before it. */
static bool store(Object *obj, const Field *f, const Json *value, const char *text, GError **errp)
{
    g_autoptr(Json) before = NULL;
    GError *err = NULL;
    bool ok;

    if (obj->sealed) {
        before = field_to_json(f, obj);
    }
    ok = text != NULL ? field_from_text(f, obj, text, &err) : field_from_json(f, obj, value, &err);
    if (!ok && g_ascii_islower(err->message[0])) { /* "doesn't take value 'x'": of what? */
        g_prefix_error(&err, "Property '%s.%s' ", obj->type->name, f->name);
    }
    if (!ok) {
        g_propagate_error(errp, err);
    }
    if (ok && obj->sealed && !tell_changed(obj, f, errp)) {
        field_from_json(f, obj, before, NULL);
        ok = false;
    }
    return ok;
}

Json *object_prop_get(Object *obj, const char *name, GError **errp)
{
    const Field *f = type_prop(obj->type, name);

    if (f == NULL) {
        const Object *child = object_child(obj, name);

        if (child != NULL) {
            g_autofree char *path = object_path(child);

            return json_str(path);
        }
        if (strcmp(name, "type") == 0) {
            return json_str(obj->type->name);
        }
        fail_unknown(obj, name, errp);
        return NULL;
    }
    return field_to_json(f, obj);
}

bool object_prop_set(Object *obj, const char *name, const Json *value, GError **errp)
{
    const Field *f = settable(obj, name, errp);

    return f != NULL && store(obj, f, value, NULL, errp);
}

bool object_prop_set_text(Object *obj, const char *name, const char *text, GError **errp)
{
    const Field *f = settable(obj, name, errp);

    return f != NULL && store(obj, f, NULL, text, errp);
}
