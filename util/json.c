/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values: making, changing, reading. The parser is in json_parse.c, the printer in json_print.c.
 * Strings never hold a NUL byte: U+0000 is kept as C0 80. */
#include "util/json.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "util/json_int.h"

enum { JSON_INDEX_FROM = 16 };      /* objects with more members get a hash of their keys */

static Json *json_new(JsonType type)
{
    Json *j = g_new0(Json, 1);

    j->type = type;
    j->refs = 1;
    return j;
}

Json *json_ref(Json *j)
{
    if (j != NULL) {
        __atomic_add_fetch(&j->refs, 1, __ATOMIC_RELAXED);
    }
    return j;
}

void json_unref(Json *j)
{
    if (j == NULL || __atomic_sub_fetch(&j->refs, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    if (j->type == JSON_STR) {
        g_free(j->str);
    } else if (j->type == JSON_ARRAY || j->type == JSON_OBJECT) {
        for (size_t i = 0; i < j->n; i++) {
            g_free(j->members[i].key);
            json_unref(j->members[i].value);
        }
        g_free(j->members);
        if (j->index != NULL) {
            g_hash_table_unref(j->index);
        }
    }
    g_free(j);
}

Json *json_null(void) { return json_new(JSON_NULL); }
Json *json_array_new(void) { return json_new(JSON_ARRAY); }
Json *json_object_new(void) { return json_new(JSON_OBJECT); }

Json *json_bool(bool v)
{
    Json *j = json_new(JSON_BOOL);

    j->u = v;
    return j;
}

Json *json_int(int64_t v)
{
    Json *j = json_new(JSON_INT);

    j->u = (uint64_t)v;
    return j;
}

Json *json_uint(uint64_t v)
{
    Json *j = json_new(v > INT64_MAX ? JSON_UINT : JSON_INT);

    j->u = v;
    return j;
}

Json *json_double(double v)
{
    Json *j = json_new(JSON_DOUBLE);

    j->d = v;
    return j;
}

Json *json_strn(const char *s, size_t len)
{
    Json *j = json_new(JSON_STR);
    GString *out;

    if (memchr(s, '\0', len) == NULL) {
        j->str = g_strndup(s, len);
        j->n = len;
        return j;
    }
    out = g_string_sized_new(len + 16);
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\0') {
            g_string_append(out, "\xc0\x80");
        } else {
            g_string_append_c(out, s[i]);
        }
    }
    j->n = out->len;
    j->str = g_string_free(out, FALSE);
    return j;
}

Json *json_str(const char *s)
{
    return s == NULL ? json_null() : json_strn(s, strlen(s));
}

Json *json_strf(const char *fmt, ...)
{
    Json *j = json_new(JSON_STR);
    va_list ap;

    va_start(ap, fmt);
    j->str = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    j->n = strlen(j->str);
    return j;
}

Json *json_copy(const Json *j)
{
    Json *c;

    if (j == NULL) {
        return NULL;
    }
    if (j->type == JSON_STR) {
        return json_strn(j->str, j->n);
    }
    c = json_new(j->type);
    if (j->type == JSON_ARRAY || j->type == JSON_OBJECT) {
        for (size_t i = 0; i < j->n; i++) {
            json_append(c, g_strdup(j->members[i].key), json_copy(j->members[i].value));
        }
    } else if (j->type == JSON_DOUBLE) {
        c->d = j->d;
    } else {
        c->u = j->u;
    }
    return c;
}

/* The index maps a key to its position + 1. */
static void json_index_build(Json *o)
{
    if (o->index != NULL) {
        g_hash_table_unref(o->index);
    }
    o->index = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < o->n; i++) {
        g_hash_table_insert(o->index, o->members[i].key, GSIZE_TO_POINTER(i + 1));
    }
}

/* Position of a member; n when there is none. */
static size_t json_find(const Json *o, const char *key)
{
    if (o->index != NULL) {
        gpointer at = g_hash_table_lookup(o->index, key);

        return at == NULL ? o->n : GPOINTER_TO_SIZE(at) - 1;
    }
    for (size_t i = 0; i < o->n; i++) {
        if (strcmp(o->members[i].key, key) == 0) {
            return i;
        }
    }
    return o->n;
}

void json_append(Json *j, char *key, Json *v)
{
    if (j->n == j->room) {
        j->room = j->room == 0 ? 4 : j->room * 2;
        j->members = g_renew(JsonMember, j->members, j->room);
    }
    j->members[j->n++] = (JsonMember){ key, v };
    if (key == NULL) {
        return;
    }
    if (j->index != NULL) {
        g_hash_table_insert(j->index, key, GSIZE_TO_POINTER(j->n));
    } else if (j->n > JSON_INDEX_FROM) {
        json_index_build(j);
    }
}

void json_set(Json *object, const char *key, Json *v)
{
    size_t i;

    g_assert(object->type == JSON_OBJECT && v != NULL);
    i = json_find(object, key);
    if (i == object->n) {
        json_append(object, g_strdup(key), v);
    } else {
        json_unref(object->members[i].value);
        object->members[i].value = v;
    }
}

void json_set_str(Json *object, const char *key, const char *s) { json_set(object, key, json_str(s)); }
void json_set_int(Json *object, const char *key, int64_t v) { json_set(object, key, json_int(v)); }
void json_set_uint(Json *object, const char *key, uint64_t v) { json_set(object, key, json_uint(v)); }
void json_set_bool(Json *object, const char *key, bool v) { json_set(object, key, json_bool(v)); }

bool json_remove(Json *object, const char *key)
{
    size_t i;

    g_assert(object->type == JSON_OBJECT);
    i = json_find(object, key);
    if (i == object->n) {
        return false;
    }
    if (object->index != NULL) {
        g_hash_table_unref(object->index);      /* its keys are about to go */
        object->index = NULL;
    }
    g_free(object->members[i].key);
    json_unref(object->members[i].value);
    object->n--;
    memmove(&object->members[i], &object->members[i + 1], (object->n - i) * sizeof(JsonMember));
    if (object->n > JSON_INDEX_FROM) {
        json_index_build(object);
    }
    return true;
}

void json_array_add(Json *array, Json *v)
{
    g_assert(array->type == JSON_ARRAY && v != NULL);
    json_append(array, NULL, v);
}

JsonType json_type(const Json *j) { return j == NULL ? JSON_NULL : j->type; }
bool json_is(const Json *j, JsonType t) { return j != NULL && j->type == t; }

const char *json_type_name(const Json *j)
{
    static const char *const names[] = {
        [JSON_NULL] = "null", [JSON_BOOL] = "boolean", [JSON_INT] = "integer", [JSON_UINT] = "integer",
        [JSON_DOUBLE] = "number", [JSON_STR] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object",
    };

    return names[json_type(j)];
}

Json *json_get(const Json *object, const char *key)
{
    size_t i;

    if (!json_is(object, JSON_OBJECT)) {
        return NULL;
    }
    i = json_find(object, key);
    return i == object->n ? NULL : object->members[i].value;
}

bool json_has(const Json *object, const char *key)
{
    return json_get(object, key) != NULL;
}

size_t json_len(const Json *j)
{
    return json_is(j, JSON_ARRAY) || json_is(j, JSON_OBJECT) ? j->n : 0;
}

Json *json_at(const Json *j, size_t i)
{
    return i < json_len(j) ? j->members[i].value : NULL;
}

const char *json_key_at(const Json *object, size_t i)
{
    return i < json_len(object) ? object->members[i].key : NULL;
}

bool json_equal(const Json *a, const Json *b)
{
    if (a == NULL || b == NULL || a->type != b->type) {
        return a == b;
    }
    switch (a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
    case JSON_INT:
    case JSON_UINT:
        return a->u == b->u;
    case JSON_DOUBLE:
        return a->d == b->d;
    case JSON_STR:
        return strcmp(a->str, b->str) == 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        const Json *other = a->type == JSON_ARRAY ? b->members[i].value : json_get(b, a->members[i].key);

        if (!json_equal(a->members[i].value, other)) {
            return false;
        }
    }
    return true;
}

const char *json_str_value(const Json *j) { return json_is(j, JSON_STR) ? j->str : NULL; }
size_t json_str_len(const Json *j) { return json_is(j, JSON_STR) ? j->n : 0; }

bool json_to_bool(const Json *j, bool *ret)
{
    if (!json_is(j, JSON_BOOL)) {
        return false;
    }
    *ret = j->u != 0;
    return true;
}

bool json_to_i64(const Json *j, int64_t *ret)
{
    if (!json_is(j, JSON_INT)) {
        return false;
    }
    *ret = (int64_t)j->u;
    return true;
}

bool json_to_u64(const Json *j, uint64_t *ret)
{
    if (!json_is(j, JSON_UINT) && !(json_is(j, JSON_INT) && (int64_t)j->u >= 0)) {
        return false;
    }
    *ret = j->u;
    return true;
}

bool json_to_double(const Json *j, double *ret)
{
    if (json_is(j, JSON_DOUBLE)) {
        *ret = j->d;
    } else if (json_is(j, JSON_INT)) {
        *ret = (double)(int64_t)j->u;
    } else if (json_is(j, JSON_UINT)) {
        *ret = (double)j->u;
    } else {
        return false;
    }
    return true;
}

const char *json_get_str(const Json *object, const char *key)
{
    return json_str_value(json_get(object, key));
}

int64_t json_get_int(const Json *object, const char *key, int64_t def)
{
    json_to_i64(json_get(object, key), &def);
    return def;
}

uint64_t json_get_uint(const Json *object, const char *key, uint64_t def)
{
    json_to_u64(json_get(object, key), &def);
    return def;
}

bool json_get_bool(const Json *object, const char *key, bool def)
{
    json_to_bool(json_get(object, key), &def);
    return def;
}
