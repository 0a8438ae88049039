/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values. Refcounted; objects keep insertion order. A value is not locked: one thread at a time, and
 * nobody changes a value that has been given away. NULL is accepted wherever a const Json * is read, and
 * counts as "not there". */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Json Json;
typedef enum JsonType {
    JSON_NULL, JSON_BOOL, JSON_INT, JSON_UINT /* only above INT64_MAX */, JSON_DOUBLE, JSON_STR,
    JSON_ARRAY, JSON_OBJECT
} JsonType;

enum { JSON_MAX_DEPTH = 1024 };

/* One value and nothing after it but white space. Numbers: exact from INT64_MIN to UINT64_MAX, else double.
 * Strings may be in single quotes. NULL + error. */
Json *json_parse(const char *text, GError **errp);
/* As above on bytes that need not end with NUL. */
Json *json_parse_n(const char *text, size_t len, GError **errp);
/* One value at the start; *ret_used is how many bytes it took. For streams that hold whole values. */
Json *json_parse_prefix(const char *text, size_t len, size_t *ret_used, GError **errp);
/* {"a": 1, "b": [1, 2]} on one line, or pretty with four spaces a level. ASCII only. Freed by the caller. */
char *json_print(const Json *j, bool pretty);
void json_print_to(const Json *j, bool pretty, GString *out);

Json *json_ref(Json *j);
void json_unref(Json *j);           /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_unref)

/* ---- Making. Each gives a new reference. */
Json *json_null(void);
Json *json_bool(bool v);
Json *json_int(int64_t v);
Json *json_uint(uint64_t v);
Json *json_double(double v);
Json *json_str(const char *s);                  /* copied; NULL makes a JSON null */
Json *json_strn(const char *s, size_t len);     /* may hold NULs */
Json *json_strf(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
Json *json_array_new(void);
Json *json_object_new(void);
Json *json_copy(const Json *j);                 /* deep */

/* ---- Changing. v is given away. */
void json_set(Json *object, const char *key, Json *v);      /* replaces in place, or appends */
void json_set_str(Json *object, const char *key, const char *s);
void json_set_int(Json *object, const char *key, int64_t v);
void json_set_uint(Json *object, const char *key, uint64_t v);
void json_set_bool(Json *object, const char *key, bool v);
bool json_remove(Json *object, const char *key);            /* false: there was none */
void json_array_add(Json *array, Json *v);

/* ---- Reading. Pointers stay the value's. */
JsonType json_type(const Json *j);              /* JSON_NULL for NULL */
const char *json_type_name(const Json *j);      /* "null" "boolean" "integer" "number" "string" "array" "object" */
bool json_is(const Json *j, JsonType t);        /* false for NULL; JSON_INT does not include JSON_UINT */
Json *json_get(const Json *object, const char *key);        /* NULL: no object, or no such member */
bool json_has(const Json *object, const char *key);
size_t json_len(const Json *j);                 /* elements or members; 0 for the rest */
Json *json_at(const Json *j, size_t i);         /* element, or value of member; NULL beyond the end */
const char *json_key_at(const Json *object, size_t i);
bool json_equal(const Json *a, const Json *b);  /* order of members does not matter */

const char *json_str_value(const Json *j);      /* NULL: not a string */
size_t json_str_len(const Json *j);
bool json_to_bool(const Json *j, bool *ret);    /* false: not of this type, or does not fit */
bool json_to_i64(const Json *j, int64_t *ret);
bool json_to_u64(const Json *j, uint64_t *ret);
bool json_to_double(const Json *j, double *ret);    /* any number */

/* Member of an object, or the default when it is not there or of another type. */
const char *json_get_str(const Json *object, const char *key);
int64_t json_get_int(const Json *object, const char *key, int64_t def);
uint64_t json_get_uint(const Json *object, const char *key, uint64_t def);
bool json_get_bool(const Json *object, const char *key, bool def);

/* for (size_t i = 0; ...) over members or elements: JSON_FOREACH(j, i, value) { json_key_at(j, i) ... } */
#define JSON_FOREACH(j, i, v)                                                   \
    for (size_t i = 0; i < json_len(j); i++)                                    \
        for (Json *v = json_at(j, i); v != NULL; v = NULL)

#endif
