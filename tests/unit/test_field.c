/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field rows of every kind, both ways, with errors and ownership. */
#include "util/field.h"
#include <string.h>
#include "util/bits.h"

typedef struct Point { int32_t x, y; } Point;
typedef struct UnixAddr { char *path; } UnixAddr;
typedef struct InetAddr { char *host; uint16_t port; } InetAddr;
typedef enum AddrKind { ADDR_UNIX, ADDR_INET, ADDR_NONE } AddrKind;

typedef struct All {
    bool on, has_num;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32, bits;
    uint64_t u64, bits64, size, num;
    int8_t i8;
    int16_t i16;
    int32_t i32, slot;
    int64_t i64;
    double d;
    char *str;
    OnOffAuto auto_;
    Point p;
    FieldList names, points;
    Json *any;
} All;

static bool slot_parse(const Field *f, void *member, const char *text, GError **errp)
{
    if (strlen(text) != 2) {
        return err_fail(errp, "Property '%s' doesn't take value '%s'", f->name, text);
    }
    *(int32_t *)member = text[0] * 256 + text[1];
    return true;
}

static char *slot_print(const Field *f, const void *member)
{
    int32_t v = *(const int32_t *)member;

    return g_strdup_printf("%c%c", v >> 8, v & 255);
}

static const FieldOps slot_ops = { .type_name = "int32", .parse = slot_parse, .print = slot_print };
static const Field point_fields[] = {
    FIELD_I32("x", Point, x, 0), FIELD_I32("y", Point, y, 7, .flags = FIELD_OPTIONAL), { .kind = FIELD_END },
};
static const StructDef point_def = { "Point", sizeof(Point), point_fields };
static const Field str_elem = FIELD_ELEM(FIELD_STR);
static const Field point_elem = FIELD_ELEM_STRUCT(&point_def);

#define OPT .flags = FIELD_OPTIONAL
static const Field all_fields[] = {
    FIELD_BOOL("on", All, on, true, OPT),
    FIELD_U8("u8", All, u8, 8, OPT),
    FIELD_U16("u16", All, u16, 16, OPT),
    FIELD_U32("u32", All, u32, 4294967295, OPT),
    FIELD_U64("u64", All, u64, 64, OPT),
    FIELD_U64("num", All, num, 0, OPT, .has_offset = offsetof(All, has_num)),
    FIELD_I8("i8", All, i8, -8, OPT),
    FIELD_I16("i16", All, i16, -16, OPT),
    FIELD_I32("i32", All, i32, -32, OPT),
    FIELD_I64("i64", All, i64, -64, OPT),
    FIELD_DOUBLE("d", All, d, 0.5, OPT),
    FIELD_SIZE("size", All, size, 512, OPT, .help = "how much"),
    FIELD_BIT("b3", All, bits, 3, true, OPT),
    FIELD_BIT64("b40", All, bits64, 40, true, OPT),
    FIELD_STR("str", All, str, NULL, OPT),
    FIELD_ENUM("auto", All, auto_, &on_off_auto, ONOFF_AUTO, OPT, .help = "on/off/auto"),
    FIELD_CUSTOM("slot", All, slot, &slot_ops, .def.s = "ab", OPT),
    FIELD_STRUCT("p", All, p, &point_def, OPT),
    FIELD_LIST("names", All, names, &str_elem, OPT),
    FIELD_LIST("points", All, points, &point_elem, OPT),
    FIELD_ANY("any", All, any, OPT),
    { .kind = FIELD_END },
};
static const StructDef all_def = { "All", sizeof(All), all_fields };

static void test_defaults(void)
{
    All *a = struct_from_json(&all_def, NULL, NULL);
    g_autoptr(Json) j = NULL;
    g_autofree char *text = NULL;

    g_assert_true(a->on);
    g_assert_cmpuint(a->bits, ==, 8);
    g_assert_cmpuint(a->bits64, ==, 1ull << 40);
    g_assert_cmpint(a->i8, ==, -8);
    g_assert_cmpint(a->slot, ==, 'a' * 256 + 'b');
    g_assert_cmpint(a->p.y, ==, 7);
    j = fields_to_json(all_fields, a);
    text = json_print(j, false);
    g_assert_cmpstr(text, ==,
        "{\"on\": true, \"u8\": 8, \"u16\": 16, \"u32\": 4294967295, \"u64\": 64, \"i8\": -8, \"i16\": -16, "
        "\"i32\": -32, \"i64\": -64, \"d\": 0.5, \"size\": 512, \"b3\": true, \"b40\": true, "
        "\"auto\": \"auto\", \"slot\": \"ab\", \"p\": {\"x\": 0, \"y\": 7}, \"names\": [], \"points\": []}");
    struct_free(&all_def, a);
}

static void test_json(void)
{
    static const char text[] =
        "{\"on\": false, \"u8\": 255, \"u16\": 65535, \"u32\": 1, \"u64\": 18446744073709551615, \"num\": 3, "
        "\"i8\": -128, \"i16\": -32768, \"i32\": -2147483648, \"i64\": -9223372036854775808, \"d\": 2.5, "
        "\"size\": 1, \"b3\": false, \"b40\": false, \"str\": \"x\", \"auto\": \"off\", \"slot\": \"zz\", "
        "\"p\": {\"x\": -5, \"y\": 6}, \"names\": [\"a\", \"b\"], \"points\": [{\"x\": 1, \"y\": 7}], "
        "\"any\": [1, {}]}";
    g_autoptr(Json) in = json_parse(text, NULL);
    GError *err = NULL;
    All *a = struct_from_json(&all_def, in, &err);
    g_autoptr(Json) out = NULL;
    g_autofree char *again = NULL;

    g_assert_no_error(err);
    out = fields_to_json(all_fields, a);
    again = json_print(out, false);
    g_assert_cmpstr(again, ==, text);
    g_assert_true(a->has_num);
    struct_free(&all_def, a);
}

static void fails(bool texts, const char *text, const char *message)
{
    g_autoptr(Json) in = json_parse(text, NULL);
    GError *err = NULL;
    void *a = texts ? struct_from_keyval(&all_def, in, &err) : struct_from_json(&all_def, in, &err);

    g_assert_null(a);
    g_assert_cmpstr(err->message, ==, message);
    g_error_free(err);
}

static void test_errors(void)
{
    fails(false, "{'u32': 'x'}", "Parameter 'u32' expects uint64");
    fails(false, "{'u32': -1}", "Parameter 'u32' expects uint32_t");
    fails(false, "{'u8': 256}", "Parameter 'u8' expects uint8_t");
    fails(false, "{'i8': -129}", "Parameter 'i8' expects int8_t");
    fails(false, "{'i64': 9223372036854775808}", "Parameter 'i64' expects int64_t");
    fails(false, "{'on': 1}", "Invalid parameter type for 'on', expected: boolean");
    fails(false, "{'auto': 3}", "Invalid parameter type for 'auto', expected: string");
    fails(false, "{'auto': 'x'}", "Parameter 'auto' does not accept value 'x'");
    fails(false, "{'p': {'y': 1}}", "Parameter 'p.x' is missing");
    fails(false, "{'p': {'x': 1, 'z': 1}}", "Parameter 'p.z' is unexpected");
    fails(false, "{'points': [{'x': 1}, {'x': 'a'}]}", "Invalid parameter type for 'points[1].x', expected: integer");
    fails(false, "{'names': ['a', 1]}", "Invalid parameter type for 'names[1]', expected: string");
    fails(false, "{'bogus': 1}", "Parameter 'bogus' is unexpected");
    fails(false, "{'slot': 'abc'}", "Property 'slot' doesn't take value 'abc'");
    fails(true, "{'u32': 'x'}", "Parameter 'u32' expects integer");
    fails(true, "{'u32': '99999999999'}", "Parameter 'u32' expects uint32_t");
    fails(true, "{'on': 'x'}", "Parameter 'on' expects 'on' or 'off'");
    fails(true, "{'size': '1z'}", "Parameter 'size' expects size");
    fails(true, "{'bogus': '1'}", "Invalid parameter 'bogus'");
}

static void test_keyval(void)
{
    g_autoptr(Json) in = json_parse("{'on': 'off', 'u32': '0x10', 'size': '64k', 'i8': '-1', 'b3': 'no', "
                                    "'names': 'one', 'p': {'x': '-3'}}", NULL);
    GError *err = NULL;
    All *a = struct_from_keyval(&all_def, in, &err);

    g_assert_no_error(err);
    g_assert_false(a->on);
    g_assert_cmpuint(a->u32, ==, 16);
    g_assert_cmpuint(a->size, ==, 65536);
    g_assert_cmpint(a->i8, ==, -1);
    g_assert_cmpuint(a->bits, ==, 0);
    g_assert_cmpuint(a->names.n, ==, 1);
    g_assert_cmpstr(((char **)a->names.items)[0], ==, "one");
    g_assert_cmpint(a->p.x, ==, -3);
    struct_free(&all_def, a);
}

typedef struct Conn { int kind; union { UnixAddr un; InetAddr in; } u; } Conn;
static const char *const addr_names[] = { "unix", "inet", "none", NULL };
static const EnumDef addr_enum = { "AddrKind", addr_names };
static const Field unix_fields[] = { FIELD_STR("path", UnixAddr, path, NULL), { .kind = FIELD_END } };
static const Field inet_fields[] = {
    FIELD_STR("host", InetAddr, host, "localhost", OPT), FIELD_U16("port", InetAddr, port, 0), { .kind = FIELD_END },
};
static const StructDef unix_def = { "UnixAddr", sizeof(UnixAddr), unix_fields };
static const StructDef inet_def = { "InetAddr", sizeof(InetAddr), inet_fields };
static const StructDef *const addr_branches[] = { &unix_def, &inet_def, NULL };
static const Field conn_fields[] = {
    FIELD_ENUM("type", Conn, kind, &addr_enum, ADDR_NONE),
    FIELD_UNION("type", Conn, u, kind, addr_branches),
    { .kind = FIELD_END },
};
static const StructDef conn_def = { "Conn", sizeof(Conn), conn_fields };

static void test_union(void)
{
    g_autoptr(Json) in = json_parse("{'type': 'inet', 'port': 80}", NULL);
    g_autoptr(Json) wrong = json_parse("{'type': 'inet', 'path': 'x', 'port': 1}", NULL);
    g_autoptr(Json) out = NULL;
    GError *err = NULL;
    Conn *c = struct_from_json(&conn_def, in, &err);
    g_autofree char *text = NULL;

    g_assert_no_error(err);
    g_assert_cmpstr(c->u.in.host, ==, "localhost");
    out = fields_to_json(conn_fields, c);
    text = json_print(out, false);
    g_assert_cmpstr(text, ==, "{\"type\": \"inet\", \"host\": \"localhost\", \"port\": 80}");
    struct_free(&conn_def, c);
    g_assert_null(struct_from_json(&conn_def, wrong, &err));
    g_assert_cmpstr(err->message, ==, "Parameter 'path' is unexpected");
    g_clear_error(&err);
}

static void check_help(const char *name, const char *line)
{
    g_autofree char *text = field_help_line(field_find(all_fields, name));

    g_assert_cmpstr(text, ==, line);
}

static void test_help(void)
{
    static const Field addr = { .name = "addr", .kind = FIELD_CUSTOM, .of.ops = &slot_ops, .def.s = "-1",
                                .help = "Slot and optional function number, example: 06.0 or 06" };
    static const Field auton = { .name = "autonegotiation", .kind = FIELD_BIT, .def.u = 1, .help = "on/off" };
    static const Field boot = { .name = "bootindex", .kind = FIELD_I32, .flags = FIELD_NO_DEFAULT };
    g_autofree char *a = field_help_line(&addr), *b = field_help_line(&auton), *c = field_help_line(&boot);

    check_help("u32", "  u32=<uint32>           -  (default: 4294967295)");
    check_help("str", "  str=<str>");
    check_help("size", "  size=<size>            - how much (default: 512)");
    check_help("auto", "  auto=<OnOffAuto>       - on/off/auto (default: \"auto\")");
    g_assert_cmpstr(a, ==, "  addr=<int32>           - Slot and optional function number, example: 06.0 or 06 "
                           "(default: -1)");
    g_assert_cmpstr(b, ==, "  autonegotiation=<bool> - on/off (default: true)");
    g_assert_cmpstr(c, ==, "  bootindex=<int32>");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/field/defaults", test_defaults);
    g_test_add_func("/field/json_round_trip_of_every_kind", test_json);
    g_test_add_func("/field/errors_name_the_parameter", test_errors);
    g_test_add_func("/field/keyval_texts", test_keyval);
    g_test_add_func("/field/union_by_discriminator", test_union);
    g_test_add_func("/field/help_lines", test_help);
    return g_test_run();
}
