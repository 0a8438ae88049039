/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks tables of Field rows: defaults, texts, release. The JSON side is in field_json.c. */
#include "util/field.h"
#include <inttypes.h>
#include <string.h>
#include "util/bits.h"
#include "util/field_int.h"
#include "util/parse.h"

static const char *const on_off_auto_values[] = { "auto", "on", "off", NULL };
const EnumDef on_off_auto = { "OnOffAuto", on_off_auto_values };

/* size of the member in a list, name in help, what an error says is expected beyond the range. */
static const struct { const char *name; uint8_t size; } field_kinds[] = {
    [FIELD_END] = { "", 0 },
    [FIELD_BOOL] = { "bool", sizeof(bool) },
    [FIELD_BIT] = { "bool", sizeof(uint32_t) },
    [FIELD_BIT64] = { "bool", sizeof(uint64_t) },
    [FIELD_U8] = { "uint8", 1 }, [FIELD_U16] = { "uint16", 2 },
    [FIELD_U32] = { "uint32", 4 }, [FIELD_U64] = { "uint64", 8 },
    [FIELD_I8] = { "int8", 1 }, [FIELD_I16] = { "int16", 2 },
    [FIELD_I32] = { "int32", 4 }, [FIELD_I64] = { "int64", 8 },
    [FIELD_SIZE] = { "size", 8 },
    [FIELD_DOUBLE] = { "number", sizeof(double) },
    [FIELD_STR] = { "str", sizeof(char *) },
    [FIELD_ENUM] = { "enum", sizeof(int) },
    [FIELD_STRUCT] = { "struct", 0 },
    [FIELD_LIST] = { "list", sizeof(FieldList) },
    [FIELD_UNION] = { "union", 0 },
    [FIELD_CUSTOM] = { "custom", 0 },
    [FIELD_ANY] = { "any", sizeof(Json *) },
};

size_t field_elem_size(const Field *elem)
{
    g_assert(elem->kind != FIELD_CUSTOM && elem->kind != FIELD_UNION);
    return elem->kind == FIELD_STRUCT ? elem->of.sub->size : field_kinds[elem->kind].size;
}

const char *field_type_name(const Field *f)
{
    if (f->type_name != NULL) {
        return f->type_name;
    }
    switch (f->kind) {
    case FIELD_ENUM:
        return f->of.en->name;
    case FIELD_STRUCT:
        return f->of.sub->name;
    case FIELD_CUSTOM:
        return f->of.ops->type_name;
    default:
        return field_kinds[f->kind].name;
    }
}

const Field *field_find(const Field *fields, const char *name)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        if (f->kind != FIELD_UNION && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

int enum_from_text(const EnumDef *e, const char *text)
{
    for (int i = 0; e->values[i] != NULL; i++) {
        if (strcmp(e->values[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

const char *enum_text(const EnumDef *e, int value)
{
    for (int i = 0; e->values[i] != NULL; i++) {
        if (i == value) {
            return e->values[i];
        }
    }
    return NULL;
}

/* What number a kind holds: signed, and how many bits. false: no number. */
static bool field_number_kind(FieldKind k, bool *ret_signed, unsigned *ret_bits)
{
    switch (k) {
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
        *ret_signed = false;
        break;
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        *ret_signed = true;
        break;
    default:
        return false;
    }
    *ret_bits = 8u * field_kinds[k].size;
    return true;
}

bool field_is_number(const Field *f, bool *ret_signed)
{
    unsigned bits;

    return field_number_kind(f->kind, ret_signed, &bits);
}

void field_store_number(const Field *f, void *member, uint64_t v)
{
    switch (field_kinds[f->kind].size) {
    case 1: *(uint8_t *)member = (uint8_t)v; break;
    case 2: *(uint16_t *)member = (uint16_t)v; break;
    case 4: *(uint32_t *)member = (uint32_t)v; break;
    default: *(uint64_t *)member = v; break;
    }
}

/* Sign-extended for signed kinds. */
uint64_t field_load_number(const Field *f, const void *member)
{
    bool is_signed;
    unsigned bits;
    uint64_t v = field_kinds[f->kind].size == 1 ? *(const uint8_t *)member
        : field_kinds[f->kind].size == 2 ? *(const uint16_t *)member
        : field_kinds[f->kind].size == 4 ? *(const uint32_t *)member : *(const uint64_t *)member;

    if (field_number_kind(f->kind, &is_signed, &bits) && is_signed) {
        v = (uint64_t)sign_extend64(v, bits);
    }
    return v;
}

bool field_fits(const Field *f, uint64_t v, bool negative)
{
    bool is_signed;
    unsigned bits;

    if (!field_number_kind(f->kind, &is_signed, &bits)) {
        return false;
    }
    if (!is_signed) {
        return !negative && v <= mask64(bits);
    }
    return negative ? (int64_t)v >= sign_extend64(1ull << (bits - 1), bits) : v <= mask64(bits - 1);
}

void field_store_bool(const Field *f, void *member, bool v)
{
    if (f->kind == FIELD_BOOL) {
        *(bool *)member = v;
    } else if (f->kind == FIELD_BIT) {
        *(uint32_t *)member = deposit32(*(uint32_t *)member, f->bit, 1, v);
    } else {
        *(uint64_t *)member = deposit64(*(uint64_t *)member, f->bit, 1, v);
    }
}

bool field_load_bool(const Field *f, const void *member)
{
    if (f->kind == FIELD_BOOL) {
        return *(const bool *)member;
    }
    return f->kind == FIELD_BIT ? extract32(*(const uint32_t *)member, f->bit, 1)
                                : extract64(*(const uint64_t *)member, f->bit, 1);
}

void field_set_has(const Field *f, void *obj, bool v)
{
    if (f->has_offset != 0) {
        *(bool *)((char *)obj + f->has_offset) = v;
    }
}

static void field_set_default(const Field *f, void *obj)
{
    char *member = (char *)obj + f->offset;
    bool ok = true;

    switch (f->kind) {
    case FIELD_BOOL: case FIELD_BIT: case FIELD_BIT64:
        field_store_bool(f, member, f->def.u != 0);
        break;
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        field_store_number(f, member, f->def.u);
        break;
    case FIELD_ENUM:
        *(int *)member = (int)f->def.i;
        break;
    case FIELD_DOUBLE:
        *(double *)member = f->def.d;
        break;
    case FIELD_STR:
        *(char **)member = g_strdup(f->def.s);
        break;
    case FIELD_STRUCT:
        fields_set_defaults(f->of.sub->fields, member);
        break;
    case FIELD_CUSTOM:
        ok = f->def.s == NULL || f->of.ops->parse(f, member, f->def.s, NULL);
        break;
    case FIELD_LIST: case FIELD_ANY: case FIELD_UNION: case FIELD_END:
        break;
    }
    g_assert(ok);                   /* the table's default does not parse */
}

void fields_set_defaults(const Field *fields, void *obj)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        field_set_default(f, obj);
    }
}

void field_release(const Field *f, void *obj)
{
    char *member = (char *)obj + f->offset;
    FieldList *list = (FieldList *)(void *)member;

    switch (f->kind) {
    case FIELD_STR:
        g_free(*(char **)member);
        *(char **)member = NULL;
        break;
    case FIELD_ANY:
        json_unref(*(Json **)member);
        *(Json **)member = NULL;
        break;
    case FIELD_STRUCT:
        fields_release(f->of.sub->fields, member);
        break;
    case FIELD_LIST:
        for (size_t i = 0; i < list->n; i++) {
            field_release(f->of.elem, (char *)list->items + i * field_elem_size(f->of.elem));
        }
        g_free(list->items);
        *list = (FieldList){ NULL, 0 };
        break;
    case FIELD_UNION:
        if (field_branch(f, obj) != NULL) {
            fields_release(field_branch(f, obj)->fields, member);
        }
        break;
    case FIELD_CUSTOM:
        if (f->of.ops->release != NULL) {
            f->of.ops->release(member);
        }
        break;
    default:
        break;
    }
}

void fields_release(const Field *fields, void *obj)
{
    for (const Field *f = fields; f != NULL && f->kind != FIELD_END; f++) {
        field_release(f, obj);
    }
}

const StructDef *field_branch(const Field *f, const void *obj)
{
    return f->of.branches[*(const int *)((const char *)obj + f->has_offset)];
}

static bool field_number_from_text(const Field *f, void *member, const char *text, GError **errp)
{
    bool is_signed, ok, negative = false;
    uint64_t v = 0;
    int64_t i = 0;

    field_is_number(f, &is_signed);
    if (f->kind == FIELD_SIZE) {
        if (!parse_size(text, 1, &v)) {
            return err_fail(errp, "Parameter '%s' expects %s", f->name, f->type_name == NULL ? "size" : "a size value");
        }
        field_store_number(f, member, v);
        return true;
    }
    ok = parse_u64(text, 0, &v);
    if (!ok) {
        ok = parse_i64(text, 0, &i);
        negative = i < 0;
        v = (uint64_t)i;
    }
    if (!ok) {
        return err_fail(errp, "Parameter '%s' expects %s", f->name,
                        f->type_name == NULL ? "integer" : "a number");
    }
    if (!field_fits(f, v, negative)) {
        return err_fail(errp, "Parameter '%s' expects %s_t", f->name, field_kinds[f->kind].name);
    }
    field_store_number(f, member, v);
    return true;
}

static bool field_list_from_text(const Field *f, void *member, const char *text, GError **errp)
{
    Field elem = *f->of.elem;
    size_t size = field_elem_size(&elem);
    FieldList list = { g_malloc0(size), 1 };

    elem.name = f->name;
    if (!field_from_text(&elem, list.items, text, errp)) {
        g_free(list.items);
        return false;
    }
    *(FieldList *)member = list;
    return true;
}

bool field_from_text(const Field *f, void *obj, const char *text, GError **errp)
{
    char *member = (char *)obj + f->offset;
    bool on;
    int e;

    switch (f->kind) {
    case FIELD_BOOL: case FIELD_BIT: case FIELD_BIT64:
        if (!parse_bool(text, &on)) {
            return err_fail(errp, "Parameter '%s' expects 'on' or 'off'", f->name);
        }
        field_store_bool(f, member, on);
        break;
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        if (!field_number_from_text(f, member, text, errp)) {
            return false;
        }
        break;
    case FIELD_DOUBLE:
        if (!parse_double(text, (double *)(void *)member)) {
            return err_fail(errp, "Parameter '%s' expects a number", f->name);
        }
        break;
    case FIELD_ENUM:
        e = enum_from_text(f->of.en, text);
        if (e < 0) {
            return err_fail(errp, "Parameter '%s' does not accept value '%s'", f->name, text);
        }
        *(int *)(void *)member = e;
        break;
    case FIELD_STR:
        g_free(*(char **)(void *)member);
        *(char **)(void *)member = g_strdup(text);
        break;
    case FIELD_ANY:
        json_unref(*(Json **)(void *)member);
        *(Json **)(void *)member = json_str(text);
        break;
    case FIELD_LIST:
        field_release(f, obj);
        if (!field_list_from_text(f, member, text, errp)) {
            return false;
        }
        break;
    case FIELD_CUSTOM:
        if (!f->of.ops->parse(f, member, text, errp)) {
            return false;
        }
        break;
    case FIELD_STRUCT: case FIELD_UNION: case FIELD_END:
        return err_fail(errp, "Parameter '%s' is not a single value", f->name);
    }
    field_set_has(f, obj, true);
    return true;
}

/* "4 (0x4)"; number is taken. */
static char *field_hex_text(char *number, uint64_t v)
{
    g_autofree char *taken = number;

    return g_strdup_printf("%s (0x%" PRIx64 ")", taken, v);
}

/* Quoted where the type is a string to the outside. */
static char *field_custom_text(const Field *f, const void *member)
{
    g_autofree char *text = f->of.ops->print == NULL ? NULL : f->of.ops->print(f, member);
    const char *quote = strcmp(f->of.ops->type_name, "str") == 0 ? "\"" : "";

    return g_strdup_printf("%s%s%s", quote, text == NULL ? "" : text, quote);
}

char *field_to_text(const Field *f, const void *obj)
{
    const char *member = (const char *)obj + f->offset;
    g_autoptr(Json) j = NULL;
    char *text;

    switch (f->kind) {
    case FIELD_STR:
        text = *(char *const *)(const void *)member;
        return g_strdup_printf("\"%s\"", text == NULL ? "" : text);
    case FIELD_ENUM:
        return g_strdup_printf("\"%s\"", enum_text(f->of.en, *(const int *)(const void *)member));
    case FIELD_CUSTOM:
        return field_custom_text(f, member);
    case FIELD_U8: case FIELD_U16: case FIELD_U32: case FIELD_U64: case FIELD_SIZE:
    case FIELD_I8: case FIELD_I16: case FIELD_I32: case FIELD_I64:
        j = field_to_json(f, obj);
        text = json_print(j, false);
        if (f->kind == FIELD_SIZE) {
            return field_size_text(text, field_load_number(f, member));
        }
        return field_hex_text(text, field_load_number(f, member));
    default:
        j = field_to_json(f, obj);
        return json_print(j, false);
    }
}

/* "512 (512 B)"; number is taken. */
char *field_size_text(char *number, uint64_t v)
{
    g_autofree char *taken = number;
    g_autofree char *pretty = size_text(v);

    return g_strdup_printf("%s (%s)", taken, pretty);
}

/* The value after "default: "; NULL when help shows none. */
static bool shown_parse(const Field *f, void *member, const char *text, GError **errp)
{
    return err_fail(errp, "'%s' cannot be set", f->name);
}

static char *shown_print(const Field *f, const void *member)
{
    return NULL;
}

const FieldOps field_shown_ops = { .type_name = "link", .parse = shown_parse, .print = shown_print };

static char *field_default_text(const Field *f)
{
    bool is_signed;

    if (f->flags & FIELD_NO_DEFAULT) {
        return NULL;
    }
    if (field_is_number(f, &is_signed)) {
        return is_signed ? g_strdup_printf("%" PRId64, f->def.i) : g_strdup_printf("%" PRIu64, f->def.u);
    }
    switch (f->kind) {
    case FIELD_BOOL: case FIELD_BIT: case FIELD_BIT64:
        return g_strdup(f->def.u != 0 ? "true" : "false");
    case FIELD_ENUM:
        return g_strdup_printf("\"%s\"", enum_text(f->of.en, (int)f->def.i));
    case FIELD_STR:
        return f->def.s == NULL ? NULL : g_strdup_printf("\"%s\"", f->def.s);
    case FIELD_CUSTOM:
        return g_strdup(f->def.s);
    default:
        return NULL;
    }
}

char *field_help_line(const Field *f)
{
    g_autofree char *def = field_default_text(f);
    g_autoptr(GString) s = g_string_new(NULL);

    g_string_append_printf(s, "  %s=<%s>", f->name, field_type_name(f));
    if (f->help != NULL || def != NULL) {
        while (s->len < 24) {
            g_string_append_c(s, ' ');
        }
        g_string_append_printf(s, " - %s", f->help != NULL ? f->help : "");
    }
    if (def != NULL) {
        g_string_append_printf(s, " (default: %s)", def);
    }
    return g_string_free(g_steal_pointer(&s), FALSE);
}
