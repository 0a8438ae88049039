/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON: exact numbers, order, quoting, error texts, limits. */
#include "util/json.h"
#include <string.h>

static void roundtrip(const char *in, const char *out)
{
    GError *err = NULL;
    g_autoptr(Json) j = json_parse(in, &err);
    g_autofree char *text = NULL;

    g_assert_no_error(err);
    text = json_print(j, false);
    g_assert_cmpstr(text, ==, out);
}

static void fails(const char *in, const char *message)
{
    GError *err = NULL;
    Json *j = json_parse(in, &err);

    g_assert_null(j);
    g_assert_nonnull(err);
    g_assert_cmpstr(err->message, ==, message);
    g_error_free(err);
}

static void test_values(void)
{
    roundtrip(" { 'b' : 1 , \"a\":[true,false,null,{}, []] } ", "{\"b\": 1, \"a\": [true, false, null, {}, []]}");
    roundtrip("18446744073709551615", "18446744073709551615");
    roundtrip("-9223372036854775808", "-9223372036854775808");
    roundtrip("9223372036854775808", "9223372036854775808");
    roundtrip("18446744073709551616", "1.8446744073709552e+19");
    roundtrip("1e20", "1e+20");
    roundtrip("0.5", "0.5");
    roundtrip("-0", "0");
    roundtrip("'it\\'s \"x\"'", "\"it's \\\"x\\\"\"");
    roundtrip("\"\\u00e9\\ud83d\\ude00\\/\\t\"", "\"\\u00E9\\uD83D\\uDE00/\\t\"");
    roundtrip("\"a\\u0000b\"", "\"a\\u0000b\"");
}

static void test_errors(void)
{
    fails("{\"a\":1 \"b\":2}", "JSON parse error, expected separator in dict");
    fails("{1:2}", "JSON parse error, key is not a string in object");
    fails("{\"a\" 1}", "JSON parse error, missing : in object pair");
    fails("{\"a\":1,}", "JSON parse error, expecting value");
    fails("{\"a\":[1 2]}", "JSON parse error, expected separator in list");
    fails("{\"a\":[1,]}", "JSON parse error, expecting value");
    fails("{\"a\":foo}", "JSON parse error, invalid keyword 'foo'");
    fails("{\"a\":\"\\ud800\"}", "JSON parse error, \\ud800 is not a valid Unicode character");
    fails("{\"a\":\"\\q\"}", "JSON parse error, invalid escape sequence in string");
    fails("{\"a\":\"abc", "JSON parse error, stray '\"abc'");
    fails("{\"a\":1", "JSON parse error, premature EOI");
    fails("{", "JSON parse error, premature EOI");
    fails("{\"a\":01}", "JSON parse error, stray '01'");
    fails("{\"a\":1.}", "JSON parse error, stray '1.}'");
    fails("{\"a\":-}", "JSON parse error, stray '-}'");
    fails("{\"a\":1,\"a\":2}", "JSON parse error, duplicate key");
    fails("{\"a\":+1}", "JSON parse error, stray '+'");
    fails("{'a':%d}", "JSON parse error, stray '%'");
    fails("{\"a\":1}}", "Expecting at most one JSON value");
    fails("", "Expecting a JSON value");
    fails("\"\xff\"", "JSON parse error, invalid UTF-8 sequence in string");
    fails("\"\\", "JSON parse error, stray '\"\\'");
}

static void test_depth(void)
{
    GString *s = g_string_new(NULL);
    g_autoptr(Json) ok = NULL;

    for (int i = 0; i < JSON_MAX_DEPTH; i++) {
        g_string_append_c(s, '[');
    }
    for (int i = 0; i < JSON_MAX_DEPTH; i++) {
        g_string_append_c(s, ']');
    }
    ok = json_parse(s->str, NULL);
    g_assert_nonnull(ok);
    g_string_prepend_c(s, '[');
    g_string_append_c(s, ']');
    fails(s->str, "JSON nesting depth limit exceeded");
    g_string_free(s, TRUE);
}

static void test_large_object(void)
{
    g_autoptr(Json) o = json_object_new();
    g_autoptr(Json) copy = NULL;

    for (int i = 0; i < 1000; i++) {
        g_autofree char *key = g_strdup_printf("k%d", i);

        json_set_int(o, key, i);
    }
    for (int i = 0; i < 1000; i += 2) {
        g_autofree char *key = g_strdup_printf("k%d", i);

        g_assert_true(json_remove(o, key));
        g_assert_false(json_remove(o, key));
    }
    g_assert_cmpuint(json_len(o), ==, 500);
    g_assert_cmpstr(json_key_at(o, 0), ==, "k1");
    g_assert_cmpint(json_get_int(o, "k999", 0), ==, 999);
    copy = json_copy(o);
    g_assert_true(json_equal(o, copy));
    json_set_str(copy, "k1", "x");
    g_assert_false(json_equal(o, copy));
    g_assert_cmpstr(json_key_at(copy, 0), ==, "k1");
}

static void test_getters(void)
{
    g_autoptr(Json) j = json_parse("{'i': -1, 'u': 18446744073709551615, 's': 'x', 'b': true, 'd': 1.5}", NULL);
    uint64_t u;
    int64_t i;
    double d;

    g_assert_false(json_to_u64(json_get(j, "i"), &u));
    g_assert_true(json_to_u64(json_get(j, "u"), &u));
    g_assert_cmpuint(u, ==, UINT64_MAX);
    g_assert_false(json_to_i64(json_get(j, "u"), &i));
    g_assert_true(json_to_double(json_get(j, "i"), &d));
    g_assert_cmpfloat(d, ==, -1.0);
    g_assert_cmpstr(json_get_str(j, "s"), ==, "x");
    g_assert_null(json_get_str(j, "i"));
    g_assert_true(json_get_bool(j, "b", false));
    g_assert_null(json_get(NULL, "x"));
    g_assert_cmpstr(json_type_name(json_get(j, "d")), ==, "number");
}

static void test_pretty(void)
{
    g_autoptr(Json) j = json_parse("{'a': [1, {'b': 2}], 'c': {}}", NULL);
    g_autofree char *text = json_print(j, true);

    g_assert_cmpstr(text, ==, "{\n    \"a\": [\n        1,\n        {\n            \"b\": 2\n        }\n    ],\n"
                              "    \"c\": {\n    }\n}");
}

/* Bytes at random, and valid texts with bytes changed: an error or a value that survives printing. */
static void test_random(void)
{
    static const char seed_text[] =
        "{'a': [1, -2.5e3, true, null, \"x\\u00e9\\ud83d\\ude00\", {'b': {}}], 'c': 18446744073709551615}";
    static const char alphabet[] = "{}[]:,\"'\\\\u0123456789abcdefeE+-.truefalsnl \x01\xc3\xa9\xff";
    char text[sizeof(seed_text)];

    for (int i = 0; i < 100000; i++) {
        size_t len = (size_t)g_test_rand_int_range(0, sizeof(text));
        g_autoptr(Json) j = NULL;
        g_autoptr(Json) again = NULL;
        g_autofree char *out = NULL, *out2 = NULL;

        memcpy(text, seed_text, sizeof(text));
        for (int k = g_test_rand_int_range(0, 6); k >= 0; k--) {
            text[g_test_rand_int_range(0, sizeof(text) - 1)] =
                alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];
        }
        j = json_parse_n(text, i % 2 ? sizeof(text) - 1 : len, NULL);
        if (j != NULL) {
            out = json_print(j, i % 3 == 0);
            again = json_parse(out, NULL);
            g_assert_nonnull(again);
            out2 = json_print(again, i % 3 == 0);
            g_assert_cmpstr(out, ==, out2);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values_survive_print_and_parse", test_values);
    g_test_add_func("/json/errors_name_the_fault", test_errors);
    g_test_add_func("/json/nesting_is_bounded", test_depth);
    g_test_add_func("/json/large_object_keeps_order", test_large_object);
    g_test_add_func("/json/getters_check_type_and_range", test_getters);
    g_test_add_func("/json/random_bytes", test_random);
    g_test_add_func("/json/pretty_print", test_pretty);
    return g_test_run();
}
