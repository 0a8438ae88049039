/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One description of a struct member, for every text and JSON surface:
 * -device and -object options, qom-get/qom-set, QMP arguments and replies,
 * -netdev/-chardev/-blockdev options, help texts, introspection. */
#ifndef UTIL_FIELD_H
#define UTIL_FIELD_H

#include <stddef.h>
#include "util/err.h"
#include "util/json.h"

typedef enum FieldKind {
    FIELD_END, FIELD_BOOL, FIELD_BIT, FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64,
    FIELD_I32, FIELD_I64, FIELD_SIZE, FIELD_STR, FIELD_ENUM, FIELD_STRUCT,
    FIELD_LIST, FIELD_UNION, FIELD_CUSTOM,
    FIELD_BIT64, FIELD_I8, FIELD_I16, FIELD_DOUBLE, FIELD_ANY,
} FieldKind;

typedef enum FieldFlags {
    FIELD_OPTIONAL   = 1 << 0,      /* may be absent in JSON; has_offset says whether it came */
    FIELD_LIVE       = 1 << 1,      /* may be set after realize */
    FIELD_READ_ONLY  = 1 << 2,
    FIELD_NO_DEFAULT = 1 << 3,      /* help prints no "(default: ...)" */
    FIELD_SHOWN      = 1 << 4,      /* name and type are all there is: see the macro FIELD_SHOWN_AS */
} FieldFlags;

typedef struct Field Field;
typedef struct EnumDef { const char *name; const char *const *values; } EnumDef;   /* values end with NULL */
typedef struct StructDef { const char *name; size_t size; const Field *fields; } StructDef;
typedef struct FieldList { void *items; size_t n; } FieldList;      /* of whatever the element row says */

/* For the few types that are neither a number, a string nor an enum (drive, netdev, mac, addr). */
typedef struct FieldOps {
    const char *type_name;
    bool (*parse)(const Field *f, void *member, const char *text, GError **errp);
    char *(*print)(const Field *f, const void *member);     /* NULL result: JSON null */
    void (*release)(void *member);                          /* must leave the member fit for parse */
    /* Optional: a JSON form that is not the printed text. Without from_json, strings and numbers are parsed. */
    Json *(*to_json)(const Field *f, const void *member);
    bool (*from_json)(const Field *f, void *member, const Json *in, GError **errp);
} FieldOps;

struct Field {
    const char *name, *help;
    FieldKind kind;
    uint8_t flags, bit;
    uint32_t offset;
    uint32_t has_offset;            /* of a bool; 0: none. FIELD_UNION: of the discriminator */
    union { uint64_t u; int64_t i; const char *s; double d; } def;  /* s: STR, and CUSTOM (parsed) */
    union {
        const EnumDef *en;
        const StructDef *sub;
        const FieldOps *ops;
        const Field *elem;                      /* LIST: one row, offset 0, of the elements */
        const StructDef *const *branches;       /* UNION: by value of the discriminator; NULL: no members */
    } of;
    const char *type_name;          /* as help prints it, where that is not the kind's name */
};

/* offsetof() that fails to compile when the member has another type than the table says. */
#define FIELD_OFFSET(T, m, type)                                                \
    (offsetof(T, m) +                                                           \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), type) ? 1 : -1]))

/* name, struct, member, default; further designated initialisers (.help = "...", .flags = ...) may follow. */
#define FIELD_BOOL(n, T, m, d, ...) \
    { .name = n, .kind = FIELD_BOOL, .offset = FIELD_OFFSET(T, m, bool), .def.u = d, ##__VA_ARGS__ }
#define FIELD_U8(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_U8, .offset = FIELD_OFFSET(T, m, uint8_t), .def.u = d, ##__VA_ARGS__ }
#define FIELD_U16(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_U16, .offset = FIELD_OFFSET(T, m, uint16_t), .def.u = d, ##__VA_ARGS__ }
#define FIELD_U32(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_U32, .offset = FIELD_OFFSET(T, m, uint32_t), .def.u = d, ##__VA_ARGS__ }
#define FIELD_U64(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_U64, .offset = FIELD_OFFSET(T, m, uint64_t), .def.u = d, ##__VA_ARGS__ }
#define FIELD_I8(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_I8, .offset = FIELD_OFFSET(T, m, int8_t), .def.i = d, ##__VA_ARGS__ }
#define FIELD_I16(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_I16, .offset = FIELD_OFFSET(T, m, int16_t), .def.i = d, ##__VA_ARGS__ }
#define FIELD_I32(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_I32, .offset = FIELD_OFFSET(T, m, int32_t), .def.i = d, ##__VA_ARGS__ }
#define FIELD_I64(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_I64, .offset = FIELD_OFFSET(T, m, int64_t), .def.i = d, ##__VA_ARGS__ }
#define FIELD_DOUBLE(n, T, m, d_, ...)  \
    { .name = n, .kind = FIELD_DOUBLE, .offset = FIELD_OFFSET(T, m, double), .def.d = d_, ##__VA_ARGS__ }
#define FIELD_SIZE(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_SIZE, .offset = FIELD_OFFSET(T, m, uint64_t), .def.u = d, ##__VA_ARGS__ }
/* One bit of a uint32_t or uint64_t member, shown as a bool. */
#define FIELD_BIT(n, T, m, b, d, ...)  \
    { .name = n, .kind = FIELD_BIT, .offset = FIELD_OFFSET(T, m, uint32_t), .bit = b, .def.u = d, ##__VA_ARGS__ }
#define FIELD_BIT64(n, T, m, b, d, ...)  \
    { .name = n, .kind = FIELD_BIT64, .offset = FIELD_OFFSET(T, m, uint64_t), .bit = b, .def.u = d, ##__VA_ARGS__ }
#define FIELD_STR(n, T, m, d, ...)  \
    { .name = n, .kind = FIELD_STR, .offset = FIELD_OFFSET(T, m, char *), .def.s = d, ##__VA_ARGS__ }
/* The member is an int or an enum type of that size. */
#define FIELD_ENUM(n, T, m, e, d, ...)  \
    { .name = n, .kind = FIELD_ENUM, .of.en = e, .def.u = d, \
      .offset = offsetof(T, m) + 0 * sizeof(char[sizeof(((T *)0)->m) == sizeof(int) ? 1 : -1]), ##__VA_ARGS__ }
/* A struct embedded in T. */
#define FIELD_STRUCT(n, T, m, s, ...)  \
    { .name = n, .kind = FIELD_STRUCT, .offset = offsetof(T, m), .of.sub = s, ##__VA_ARGS__ }
/* A FieldList member; e is the row that describes an element (see FIELD_ELEM_*). */
#define FIELD_LIST(n, T, m, e, ...)  \
    { .name = n, .kind = FIELD_LIST, .offset = FIELD_OFFSET(T, m, FieldList), .of.elem = e, ##__VA_ARGS__ }
/* The branches' members lie flat among T's own; n names the ENUM row (before this one) that chooses. All
 * branches begin at member m, a union of their structs. */
#define FIELD_UNION(n, T, m, discriminator, b, ...)  \
    { .name = n, .kind = FIELD_UNION, .offset = offsetof(T, m), .has_offset = offsetof(T, discriminator), \
      .of.branches = b, ##__VA_ARGS__ }
#define FIELD_CUSTOM(n, T, m, o, ...) \
    { .name = n, .kind = FIELD_CUSTOM, .offset = offsetof(T, m), .of.ops = o, ##__VA_ARGS__ }
/* A Json * member that takes any value. */
#define FIELD_ANY(n, T, m, ...) \
    { .name = n, .kind = FIELD_ANY, .offset = FIELD_OFFSET(T, m, Json *), ##__VA_ARGS__ }

/* A line, a region or a link that tools find among the properties but that nobody sets by text. */
#define FIELD_SHOWN_AS(n, t) \
    { .name = n, .kind = FIELD_CUSTOM, .of.ops = &field_shown_ops, .type_name = t, \
      .flags = FIELD_READ_ONLY | FIELD_SHOWN }
extern const FieldOps field_shown_ops;

/* Element rows: static const Field elem = FIELD_ELEM(FIELD_STR); lists of structs and enums name them. */
#define FIELD_ELEM(k, ...) { .name = "", .kind = k, ##__VA_ARGS__ }
#define FIELD_ELEM_STRUCT(s) { .name = "", .kind = FIELD_STRUCT, .of.sub = s }
#define FIELD_ELEM_ENUM(e) { .name = "", .kind = FIELD_ENUM, .of.en = e }

extern const EnumDef on_off_auto;   /* "OnOffAuto": auto, on, off */
typedef enum OnOffAuto { ONOFF_AUTO, ONOFF_ON, ONOFF_OFF } OnOffAuto;

const Field *field_find(const Field *fields, const char *name);     /* NULL when there is none */
/* The type as help and qom-list print it: "uint32", "bool", "str", "OnOffAuto". */
const char *field_type_name(const Field *f);
int enum_from_text(const EnumDef *e, const char *text);             /* -1: not one of its values */
const char *enum_text(const EnumDef *e, int value);                 /* NULL: beyond the last */

/* obj was zeroed (or released). Optional members without default stay zero. */
void fields_set_defaults(const Field *fields, void *obj);
/* Strict JSON, as QMP has it: unknown members, missing ones that are not FIELD_OPTIONAL, wrong types and values
 * out of range are errors that name the parameter ("a.b" in nested structs). obj holds defaults before. On
 * failure it is half filled: release it. */
bool fields_from_json(const Field *fields, void *obj, const Json *in, GError **errp);
/* The same for what keyval_parse() made: strings are parsed by the member's type; a single value stands for
 * a list of one. */
bool fields_from_keyval(const Field *fields, void *obj, const Json *in, GError **errp);
/* Optional members that did not come (has flag false) and NULL strings that are optional are left out. */
Json *fields_to_json(const Field *fields, const void *obj);
/* One member. The old value is released. On failure the member is as before. */
bool field_from_text(const Field *f, void *obj, const char *text, GError **errp);
bool field_from_json(const Field *f, void *obj, const Json *in, GError **errp);
Json *field_to_json(const Field *f, const void *obj);               /* NULL strings as "" */
char *field_to_text(const Field *f, const void *obj);               /* as info qtree prints a value */
void fields_release(const Field *fields, void *obj);
char *field_help_line(const Field *f);          /* "  irq=<uint32>           -  (default: 4)" */

/* A whole struct: allocated, defaults, filled; NULL + error. Freed with struct_free (NULL is fine). */
void *struct_from_json(const StructDef *def, const Json *in, GError **errp);
void *struct_from_keyval(const StructDef *def, const Json *in, GError **errp);
void struct_free(const StructDef *def, void *obj);

#endif
