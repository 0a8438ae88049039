/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a JSON value of the QMP schema may look like. The descriptions are generated from the *.qmp
 * files (schema_gen.py); requests are checked against them always, replies and events when the
 * environment has KITE_QMP_CHECK=1, as the tests do. */
#ifndef MONITOR_SCHEMA_H
#define MONITOR_SCHEMA_H

#include "util/json.h"

typedef enum SchemaKind {
    SCHEMA_STR, SCHEMA_INT, SCHEMA_SIZE, SCHEMA_NUMBER, SCHEMA_BOOL, SCHEMA_NULL, SCHEMA_ANY,
    SCHEMA_ENUM, SCHEMA_ARRAY, SCHEMA_OBJECT, SCHEMA_ALTERNATE
} SchemaKind;

typedef struct SchemaType SchemaType;
typedef struct SchemaMember {
    const char *name;
    const SchemaType *type;
    bool optional;
} SchemaMember;
typedef struct SchemaCase { const char *value; const SchemaType *type; } SchemaCase;

struct SchemaType {
    const char *name;
    SchemaKind kind;
    const SchemaMember *members;            /* OBJECT; ends with a row without name; NULL: none */
    const char *tag;                        /* OBJECT: the member that chooses a case; NULL */
    const SchemaCase *cases;                /* ends with a row without value */
    const char *const *values;              /* ENUM */
    const SchemaType *elem;                 /* ARRAY */
    const SchemaType *const *alternatives;  /* ALTERNATE: told apart by their JSON types */
    bool open;                              /* OBJECT: other members are not looked at */
};

/* Is v a value of this type? The error names the parameter ("a.b[0]"). v NULL: an empty object. */
bool schema_check(const SchemaType *t, const Json *v, GError **errp);

#endif
