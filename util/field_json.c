/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field rows to and from JSON. Two readings of the same tables: strict (QMP) and of strings (key-value texts).
 * Parameters of nested structs are named by their path. */
#include <string.h>
#include "util/field_int.h"

typedef struct FieldIn {
    bool texts;                     /* strings stand for every type */
    GString *path;                  /* of the object being read: "" or "a.b." */
    GError **errp;
} FieldIn;

static bool fields_read(FieldIn *s, const Field *fields, void *obj, const Json *in);

/* The row with its name as the user has to write it. */
static Field field_named(FieldIn *s, const Field *f, char **ret_free)
{
    Field named = *f;

    if (s->path->len > 0) {
        *ret_free = g_strconcat(s->path->str, f->name, NULL);
        named.name = *ret_free;
    }
    return named;
}

static bool field_fail_type(FieldIn *s, const Field *f, const char *expected)
{
    g_autofree char *name = g_strconcat(s->path->str, f->name, NULL);

    return err_fail(s->errp, "Invalid parameter type for '%s', expected: %s", name, expected);
}

static bool field_read_number(FieldIn *s, const Field *f, void *member, const Json *in)
{
    bool is_signed, negative = false;
    uint64_t v = 0;
    int64_t i;
    g_autofree char *name = g_strconcat(s->path->str, f->name, NULL);

    field_is_number(f, &is_signed);
    if (!json_is(in, JSON_INT) && !json_is(in, JSON_UINT)) {
        return is_signed ? field_fail_type(s, f, "integer")
                         : err_fail(s->errp, "Parameter '%s' expects uint64", name);
    }
    if (!json_to_u64(in, &v) && json_to_i64(in, &i)) {
        negative = true;
        v = (uint64_t)i;
    }
    if (!field_fits(f, v, negative)) {
        return err_fail(s->errp, "Parameter '%s' expects %s%s", name, field_type_name(f),
                        f->kind == FIELD_SIZE || f->type_name != NULL ? "" : "_t");
    }
    field_store_number(f, member, v);
    return true;
}

static bool field_read_list(FieldIn *s, const Field *f, void *obj, const Json *in)
{
    size_t size = field_elem_size(f->of.elem), before = s->path->len;
    FieldList *list = (FieldList *)(void *)((char *)obj + f->offset);
    bool single = s->texts && !json_is(in, JSON_ARRAY);
    size_t n = single ? 1 : json_len(in);

    if (!single && !json_is(in, JSON_ARRAY)) {
        return field_fail_type(s, f, "array");
    }
    field_release(f, obj);
    list->items = g_malloc0(n * size + 1);
    for (size_t i = 0; i < n; i++) {
        Field row = *f->of.elem;
        g_autofree char *name = g_strdup_printf("%s[%zu]", f->name, i);
        g_autoptr(Json) wrap = json_object_new();
        Field rows[2] = { row, { .kind = FIELD_END } };
        bool ok;

        rows[0].name = name;
        rows[0].flags = 0;
        json_set(wrap, name, json_ref(single ? (Json *)in : json_at(in, i)));
        if (row.kind == FIELD_STRUCT) {
            fields_set_defaults(row.of.sub->fields, (char *)list->items + i * size);
        }
        list->n = i + 1;            /* so that a failure releases this one too */
        ok = fields_read(s, rows, (char *)list->items + i * size, wrap);
        if (!ok) {
            return false;
        }
    }
    g_string_truncate(s->path, before);
    return true;
}

/* A string in a key-value text. */
static bool field_read_text(FieldIn *s, const Field *f, void *obj, const char *text)
{
    g_autofree char *name = NULL;
    Field named = field_named(s, f, &name);

    return field_from_text(&named, obj, text, s->errp);
}

static bool field_read_custom(FieldIn *s, const Field *f, void *member, const Json *in)
{
    g_autofree char *text = NULL;

    if (f->of.ops->from_json != NULL) {
        return f->of.ops->from_json(f, member, in, s->errp);
    }
    if (json_is(in, JSON_STR)) {
        return f->of.ops->parse(f, member, json_str_value(in), s->errp);
    }
    if (!json_is(in, JSON_INT) && !json_is(in, JSON_UINT)) {
        return field_fail_type(s, f, "string");
    }
    text = json_print(in, false);
    return f->of.ops->parse(f, member, text, s->errp);
}

static bool field_read_struct(FieldIn *s, const Field *f, void *member, const Json *in)
{
    size_t before = s->path->len;
    bool ok;

    if (!json_is(in, JSON_OBJECT)) {
        return field_fail_type(s, f, "object");
    }
    g_string_append_printf(s->path, "%s.", f->name);
    ok = fields_read(s, f->of.sub->fields, member, in);
    g_string_truncate(s->path, before);
    return ok;
}

static bool field_read(FieldIn *s, const Field *f, void *obj, const Json *in)
{
    char *member = (char *)obj + f->offset;
    const char *text = json_str_value(in);
    bool ok = true, on;
    double d;

    if (s->texts && text != NULL && f->kind != FIELD_LIST && f->kind != FIELD_STRUCT) {
        return field_read_text(s, f, obj, text);
    }
    switch (f->kind) {
    case FIELD_BOOL: case FIELD_BIT: case FIELD_BIT64:
        if (!json_to_bool(in, &on)) {
            return field_fail_type(s, f, "boolean");
        }
        field_store_bool(f, member, on);
        break;
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        ok = field_read_number(s, f, member, in);
        break;
    case FIELD_DOUBLE:
        if (!json_to_double(in, &d)) {
            return field_fail_type(s, f, "number");
        }
        *(double *)(void *)member = d;
        break;
    case FIELD_STR: case FIELD_ENUM:
        if (text == NULL) {
            return field_fail_type(s, f, "string");
        }
        ok = field_read_text(s, f, obj, text);
        break;
    case FIELD_ANY:
        json_unref(*(Json **)(void *)member);
        *(Json **)(void *)member = json_ref((Json *)in);
        break;
    case FIELD_STRUCT:
        ok = field_read_struct(s, f, member, in);
        break;
    case FIELD_LIST:
        ok = field_read_list(s, f, obj, in);
        break;
    case FIELD_CUSTOM:
        ok = field_read_custom(s, f, member, in);
        break;
    case FIELD_UNION: case FIELD_END:
        break;
    }
    if (ok) {
        field_set_has(f, obj, true);
    }
    return ok;
}

/* Is name a member of these rows, or of the branch a union has chosen? */
static bool fields_know(const Field *fields, const void *obj, const char *name)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        if (f->kind == FIELD_UNION) {
            const StructDef *branch = field_branch(f, obj);

            if (branch != NULL && fields_know(branch->fields, (const char *)obj + f->offset, name)) {
                return true;
            }
        } else if (strcmp(f->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Every row's value from in; what in has besides is not looked at. */
static bool fields_read_known(FieldIn *s, const Field *fields, void *obj, const Json *in)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        const Json *v;

        if (f->kind == FIELD_UNION) {
            const StructDef *branch = field_branch(f, obj);
            char *member = (char *)obj + f->offset;

            if (branch != NULL) {
                fields_set_defaults(branch->fields, member);
                if (!fields_read_known(s, branch->fields, member, in)) {
                    return false;
                }
            }
            continue;
        }
        v = json_get(in, f->name);
        if (v != NULL) {
            if (!field_read(s, f, obj, v)) {
                return false;
            }
        } else if (!(f->flags & FIELD_OPTIONAL)) {
            return err_fail(s->errp, "Parameter '%s%s' is missing", s->path->str, f->name);
        }
    }
    return true;
}

static bool fields_read(FieldIn *s, const Field *fields, void *obj, const Json *in)
{
    if (!fields_read_known(s, fields, obj, in)) {
        return false;
    }
    for (size_t i = 0; i < json_len(in); i++) {
        const char *key = json_key_at(in, i);

        if (!fields_know(fields, obj, key)) {
            return s->texts ? err_fail(s->errp, "Invalid parameter '%s%s'", s->path->str, key)
                            : err_fail(s->errp, "Parameter '%s%s' is unexpected", s->path->str, key);
        }
    }
    return true;
}

static bool fields_read_top(bool texts, const Field *fields, void *obj, const Json *in, GError **errp)
{
    FieldIn s = { texts, g_string_new(NULL), errp };
    bool ok;

    if (in != NULL && !json_is(in, JSON_OBJECT)) {
        ok = err_fail(errp, "Invalid parameter type, expected: object");
    } else {
        ok = fields_read(&s, fields, obj, in);
    }
    g_string_free(s.path, TRUE);
    return ok;
}

bool fields_from_json(const Field *fields, void *obj, const Json *in, GError **errp)
{
    return fields_read_top(false, fields, obj, in, errp);
}

bool fields_from_keyval(const Field *fields, void *obj, const Json *in, GError **errp)
{
    return fields_read_top(true, fields, obj, in, errp);
}

bool field_from_json(const Field *f, void *obj, const Json *in, GError **errp)
{
    FieldIn s = { false, g_string_new(NULL), errp };
    bool ok = field_read(&s, f, obj, in);

    g_string_free(s.path, TRUE);
    return ok;
}

static Json *field_list_to_json(const Field *f, const FieldList *list)
{
    Json *array = json_array_new();

    for (size_t i = 0; i < list->n; i++) {
        json_array_add(array, field_to_json(f->of.elem, (char *)list->items + i * field_elem_size(f->of.elem)));
    }
    return array;
}

static Json *field_custom_to_json(const Field *f, const void *member)
{
    g_autofree char *text = NULL;

    if (f->of.ops->to_json != NULL) {
        return f->of.ops->to_json(f, member);
    }
    text = f->of.ops->print == NULL ? NULL : f->of.ops->print(f, member);
    return json_str(text);
}

Json *field_to_json(const Field *f, const void *obj)
{
    const void *member = (const char *)obj + f->offset;
    const char *text;

    switch (f->kind) {
    case FIELD_BOOL: case FIELD_BIT: case FIELD_BIT64:
        return json_bool(field_load_bool(f, member));
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
        return json_uint(field_load_number(f, member));
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        return json_int((int64_t)field_load_number(f, member));
    case FIELD_DOUBLE:
        return json_double(*(const double *)member);
    case FIELD_STR:
        text = *(char *const *)member;
        return json_str(text == NULL ? "" : text);
    case FIELD_ENUM:
        return json_str(enum_text(f->of.en, *(const int *)member));
    case FIELD_STRUCT:
        return fields_to_json(f->of.sub->fields, member);
    case FIELD_LIST:
        return field_list_to_json(f, member);
    case FIELD_CUSTOM:
        return field_custom_to_json(f, member);
    case FIELD_ANY:
        return *(Json *const *)member == NULL ? json_null() : json_ref(*(Json *const *)member);
    case FIELD_UNION: case FIELD_END:
        break;
    }
    return json_null();
}

/* Does an optional member have a value? */
static bool field_present(const Field *f, const void *obj)
{
    const void *member = (const char *)obj + f->offset;

    if (!(f->flags & FIELD_OPTIONAL)) {
        return true;
    }
    if (f->has_offset != 0) {
        return *((const bool *)obj + f->has_offset);
    }
    return (f->kind != FIELD_STR && f->kind != FIELD_ANY) || *(void *const *)member != NULL;
}

static void fields_print(const Field *fields, const void *obj, Json *out)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        if (f->kind == FIELD_UNION) {
            if (field_branch(f, obj) != NULL) {
                fields_print(field_branch(f, obj)->fields, (const char *)obj + f->offset, out);
            }
        } else if (field_present(f, obj)) {
            json_set(out, f->name, field_to_json(f, obj));
        }
    }
}

Json *fields_to_json(const Field *fields, const void *obj)
{
    Json *out = json_object_new();

    fields_print(fields, obj, out);
    return out;
}

static void *struct_read(bool texts, const StructDef *def, const Json *in, GError **errp)
{
    void *obj = g_malloc0(def->size);

    fields_set_defaults(def->fields, obj);
    if (!fields_read_top(texts, def->fields, obj, in, errp)) {
        struct_free(def, obj);
        return NULL;
    }
    return obj;
}

void *struct_from_json(const StructDef *def, const Json *in, GError **errp)
{
    return struct_read(false, def, in, errp);
}

void *struct_from_keyval(const StructDef *def, const Json *in, GError **errp)
{
    return struct_read(true, def, in, errp);
}

void struct_free(const StructDef *def, void *obj)
{
    if (obj != NULL) {
        fields_release(def->fields, obj);
        g_free(obj);
    }
}
