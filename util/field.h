/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One description of a struct member, for every text and JSON surface:
 * -device and -object options, qom-get/qom-set, QMP arguments and replies,
 * -netdev/-chardev/-blockdev options, help texts, introspection. */
#ifndef UTIL_FIELD_H
#define UTIL_FIELD_H

#include <stddef.h>
#include "util/json.h"

typedef enum FieldKind {
    FIELD_END, FIELD_BOOL, FIELD_BIT, FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64,
    FIELD_I32, FIELD_I64, FIELD_SIZE, FIELD_STR, FIELD_ENUM, FIELD_STRUCT,
    FIELD_LIST, FIELD_UNION, FIELD_CUSTOM,
} FieldKind;

typedef enum FieldFlags {
    FIELD_OPTIONAL   = 1 << 0,      /* may be absent in JSON; has_offset says whether it came */
    FIELD_LIVE       = 1 << 1,      /* may be set after realize */
    FIELD_READ_ONLY  = 1 << 2,
    FIELD_NO_DEFAULT = 1 << 3,      /* help prints no "(default: ...)" */
} FieldFlags;

typedef struct Field Field;
typedef struct EnumDef { const char *name; const char *const *values; } EnumDef;
typedef struct StructDef { const char *name; size_t size; const Field *fields; } StructDef;

/* For the few types that are neither a number, a string nor an enum (drive, netdev, mac, addr). */
typedef struct FieldOps {
    const char *type_name;
    bool (*parse)(const Field *f, void *member, const char *text, GError **errp);
    char *(*print)(const Field *f, const void *member);
    void (*release)(void *member);
} FieldOps;

struct Field {
    const char *name, *help;
    FieldKind kind;
    uint8_t flags, bit;
    uint32_t offset, has_offset;
    union { uint64_t u; int64_t i; const char *s; } def;
    union { const EnumDef *en; const StructDef *sub; const FieldOps *ops; } of;
};

/* offsetof() that fails to compile when the member has another type than the table says. */
#define FIELD_OFFSET(T, m, type)                                                \
    (offsetof(T, m) +                                                           \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), type) ? 1 : -1]))

#define FIELD_BOOL(n, T, m, d, ...) \
    { .name = n, .kind = FIELD_BOOL, .offset = FIELD_OFFSET(T, m, bool), .def.u = d, ##__VA_ARGS__ }
#define FIELD_U32(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_U32, .offset = FIELD_OFFSET(T, m, uint32_t), .def.u = d, ##__VA_ARGS__ }
#define FIELD_STR(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_STR, .offset = FIELD_OFFSET(T, m, char *), .def.s = d, ##__VA_ARGS__ }
#define FIELD_CUSTOM(n, T, m, o, ...) \
    { .name = n, .kind = FIELD_CUSTOM, .offset = offsetof(T, m), .of.ops = o, ##__VA_ARGS__ }

void fields_set_defaults(const Field *fields, void *obj);
bool fields_from_json(const Field *fields, void *obj, const Json *in, GError **errp);
Json *fields_to_json(const Field *fields, const void *obj);
bool field_from_text(const Field *f, void *obj, const char *text, GError **errp);
void fields_release(const Field *fields, void *obj);
char *field_help_line(const Field *f);          /* "  irq=<uint32>   -  (default: 4)" */

#endif
