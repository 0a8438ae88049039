/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks a JSON value against its description in the schema. Members are looked at in the order
 * of the schema, unknown ones after them, as clients that compare messages expect. */
#include "monitor/schema.h"

#include <string.h>
#include "util/err.h"

typedef struct SchemaCheck {
    GString *path;
    GError **errp;
} SchemaCheck;

static bool check_value(SchemaCheck *c, const SchemaType *t, const Json *v);

static const char *kind_text(const SchemaType *t)
{
    static const char *const texts[] = {
        [SCHEMA_STR] = "string", [SCHEMA_INT] = "integer", [SCHEMA_SIZE] = "integer",
        [SCHEMA_NUMBER] = "number", [SCHEMA_BOOL] = "boolean", [SCHEMA_NULL] = "null",
        [SCHEMA_ANY] = "any", [SCHEMA_ENUM] = "string", [SCHEMA_ARRAY] = "array",
        [SCHEMA_OBJECT] = "object",
    };

    return t->kind == SCHEMA_ALTERNATE ? t->name : texts[t->kind];
}

static bool fail_type(SchemaCheck *c, const SchemaType *t)
{
    return c->path->len == 0
        ? err_fail(c->errp, "Invalid parameter type, expected: %s", kind_text(t))
        : err_fail(c->errp, "Invalid parameter type for '%s', expected: %s", c->path->str,
                   kind_text(t));
}

/* Could v be of this type, judged by its JSON type alone? */
static bool kind_fits(const SchemaType *t, const Json *v)
{
    int64_t i;
    uint64_t u;
    double d;

    switch (t->kind) {
    case SCHEMA_STR:
    case SCHEMA_ENUM:
        return json_is(v, JSON_STR);
    case SCHEMA_INT:
        return !json_is(v, JSON_DOUBLE) && json_to_i64(v, &i);
    case SCHEMA_SIZE:
        return !json_is(v, JSON_DOUBLE) && json_to_u64(v, &u);
    case SCHEMA_NUMBER:
        return json_to_double(v, &d);
    case SCHEMA_BOOL:
        return json_is(v, JSON_BOOL);
    case SCHEMA_NULL:
        return json_is(v, JSON_NULL);
    case SCHEMA_ANY:
        return true;
    case SCHEMA_ARRAY:
        return json_is(v, JSON_ARRAY);
    case SCHEMA_OBJECT:
        return json_is(v, JSON_OBJECT);
    case SCHEMA_ALTERNATE:
        for (const SchemaType *const *a = t->alternatives; *a != NULL; a++) {
            if (kind_fits(*a, v)) {
                return true;
            }
        }
        return false;
    }
    g_assert_not_reached();
}

static bool check_enum(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    const char *name = strrchr(c->path->str, '.');

    return g_strv_contains(t->values, json_str_value(v)) ||
        err_fail(c->errp, "Parameter '%s' does not accept value '%s'",
                 name != NULL ? name + 1 : c->path->len > 0 ? c->path->str : "null",
                 json_str_value(v));
}

static bool check_array(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    gsize before = c->path->len;

    JSON_FOREACH(v, i, item) {
        /* values of a list of enums have no name of their own */
        if (t->elem->kind == SCHEMA_ENUM) {
            g_string_truncate(c->path, 0);
        } else {
            g_string_append_printf(c->path, "[%zu]", i);
        }
        if (!check_value(c, t->elem, item)) {
            return false;
        }
        g_string_truncate(c->path, before);
    }
    return true;
}

/* The members of the case that the tag in v chooses; NULL: none. */
static const SchemaType *object_case(const SchemaType *t, const Json *v)
{
    const char *value = t->tag != NULL ? json_get_str(v, t->tag) : NULL;

    for (const SchemaCase *k = t->cases; value != NULL && k->value != NULL; k++) {
        if (strcmp(k->value, value) == 0) {
            return k->type;
        }
    }
    return NULL;
}

static bool check_members(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    gsize before = c->path->len;
    const SchemaType *more;

    for (const SchemaMember *m = t->members; m != NULL && m->name != NULL; m++) {
        const Json *member = json_get(v, m->name);

        g_string_append_printf(c->path, "%s%s", before > 0 ? "." : "", m->name);
        if (member == NULL && !m->optional) {
            return err_fail(c->errp, "Parameter '%s' is missing", c->path->str);
        }
        if (member != NULL && !check_value(c, m->type, member)) {
            return false;
        }
        g_string_truncate(c->path, before);
    }
    more = object_case(t, v);
    return more == NULL || check_members(c, more, v);
}

static bool object_knows(const SchemaType *t, const Json *v, const char *name)
{
    const SchemaType *more = object_case(t, v);

    for (const SchemaMember *m = t->members; m != NULL && m->name != NULL; m++) {
        if (strcmp(m->name, name) == 0) {
            return true;
        }
    }
    return t->open || (more != NULL && object_knows(more, v, name));
}

static bool check_object(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    if (!check_members(c, t, v)) {
        return false;
    }
    for (size_t i = 0; i < json_len(v); i++) {
        const char *key = json_key_at(v, i);

        if (!object_knows(t, v, key)) {
            return err_fail(c->errp, "Parameter '%s%s%s' is unexpected", c->path->str,
                            c->path->len > 0 ? "." : "", key);
        }
    }
    return true;
}

static bool check_alternate(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    for (const SchemaType *const *a = t->alternatives; *a != NULL; a++) {
        if (kind_fits(*a, v)) {
            return check_value(c, *a, v);
        }
    }
    return fail_type(c, t);
}

static bool check_value(SchemaCheck *c, const SchemaType *t, const Json *v)
{
    if (!kind_fits(t, v)) {
        return fail_type(c, t);
    }
    switch (t->kind) {
    case SCHEMA_ENUM:
        return check_enum(c, t, v);
    case SCHEMA_ARRAY:
        return check_array(c, t, v);
    case SCHEMA_OBJECT:
        return check_object(c, t, v);
    case SCHEMA_ALTERNATE:
        return check_alternate(c, t, v);
    default:
        return true;
    }
}

bool schema_check(const SchemaType *t, const Json *v, GError **errp)
{
    g_autoptr(Json) none = v == NULL ? json_object_new() : NULL;
    SchemaCheck c = { g_string_new(NULL), errp };
    bool ok = check_value(&c, t, v != NULL ? v : none);

    g_string_free(c.path, TRUE);
    return ok;
}
