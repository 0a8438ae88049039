/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key-value texts, and the parsers of numbers, sizes and switches. */
#include "util/keyval.h"
#include "util/log.h"
#include "util/bits.h"
#include "util/parse.h"

static void check(const char *text, const char *implied, unsigned flags, const char *expect)
{
    GError *err = NULL;
    g_autoptr(Json) j = keyval_parse(text, implied, flags, NULL, &err);
    g_autofree char *out = NULL;

    g_assert_no_error(err);
    out = json_print(j, false);
    g_assert_cmpstr(out, ==, expect);
}

static void fails(const char *text, const char *implied, unsigned flags, const char *message)
{
    GError *err = NULL;
    Json *j = keyval_parse(text, implied, flags, NULL, &err);

    g_assert_null(j);
    g_assert_cmpstr(err->message, ==, message);
    g_error_free(err);
}

static void test_flat(void)
{
    check("e1000,id=a,romfile=x,,y,z=", "driver", 0,
          "{\"driver\": \"e1000\", \"id\": \"a\", \"romfile\": \"x,y\", \"z\": \"\"}");
    check("e1000,", "driver", 0, "{\"driver\": \"e1000\"}");
    check("a.b=c,a.b=d", NULL, 0, "{\"a.b\": \"d\"}");
    check("user,hostfwd=a,hostfwd=b,hostfwd=c", "type", KEYVAL_REPEAT,
          "{\"type\": \"user\", \"hostfwd\": [\"a\", \"b\", \"c\"]}");
    check("x=a=b,server,nowait", NULL, KEYVAL_QUIET, "{\"x\": \"a=b\", \"server\": \"on\", \"wait\": \"off\"}");
    check("driver=e1000,id=a", "driver", 0, "{\"driver\": \"e1000\", \"id\": \"a\"}");
    check("{'driver': 'e1000', 'n': 5}", "driver", KEYVAL_JSON, "{\"driver\": \"e1000\", \"n\": 5}");
    check("", "driver", 0, "{}");
}

static void test_nested(void)
{
    check("raw,file.driver=file,file.filename=a,,b", "driver", KEYVAL_NESTED,
          "{\"driver\": \"raw\", \"file\": {\"driver\": \"file\", \"filename\": \"a,b\"}}");
    check("a.1=y,a.0=x", NULL, KEYVAL_NESTED, "{\"a\": [\"x\", \"y\"]}");
    check("a.0.b=1,a.1.b=2", NULL, KEYVAL_NESTED, "{\"a\": [{\"b\": \"1\"}, {\"b\": \"2\"}]}");
    fails("driver=raw,x", NULL, KEYVAL_NESTED, "Expected '=' after parameter 'x'");
    fails("file.driver=n,file=x", NULL, KEYVAL_NESTED, "Parameters 'file.*' used inconsistently");
    fails("file=x,file.driver=n", NULL, KEYVAL_NESTED, "Parameters 'file.*' used inconsistently");
    fails("file..driver=n", NULL, KEYVAL_NESTED, "Invalid parameter 'file..driver'");
    fails("f.0=n,f.2=x", NULL, KEYVAL_NESTED, "Parameter 'f.1' missing");
    fails("f.0=n,f.x=x", NULL, KEYVAL_NESTED, "Parameters 'f.*' used inconsistently");
    fails("=x", NULL, KEYVAL_NESTED, "Invalid parameter ''");
}

static void test_help(void)
{
    static const char *const asking[] = { "help", "?", "e1000,help", "e1000,?", "e1000,help=on" };
    bool help;

    for (size_t i = 0; i < ARRAY_LEN(asking); i++) {
        g_autoptr(Json) j = keyval_parse(asking[i], "driver", 0, &help, NULL);

        g_assert_nonnull(j);
        g_assert_true(help);
    }
    json_unref(keyval_parse("e1000,id=help", "driver", 0, &help, NULL));
    g_assert_false(help);
}

static void test_print(void)
{
    g_autoptr(Json) j = keyval_parse("raw,file.name=a,,b,l.0=x,l.1=y", "driver", KEYVAL_NESTED, NULL, NULL);
    g_autofree char *text = keyval_print(j, "driver");

    g_assert_cmpstr(text, ==, "raw,file.name=a,,b,l.0=x,l.1=y");
}

static void test_random(void)
{
    static const char alphabet[] = "abn.=,,0123?";
    char text[24];

    for (int i = 0; i < 200000; i++) {
        int n = g_test_rand_int_range(0, sizeof(text));
        bool help;
        g_autoptr(Json) j = NULL;

        for (int k = 0; k < n; k++) {
            text[k] = alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];
        }
        text[n] = '\0';
        j = keyval_parse(text, i % 2 ? "driver" : NULL, (unsigned)(i / 2 % 4) | KEYVAL_QUIET,
                         i % 3 ? &help : NULL, NULL);
        if (j != NULL) {
            g_autofree char *out = keyval_print(j, NULL);

            g_assert_nonnull(out);
        }
    }
}

static void test_sizes(void)
{
    static const struct { const char *text; uint64_t unit, value; } good[] = {
        { "128", MIB, 128 * MIB }, { "1G", MIB, GIB }, { "1.5k", 1, 1536 }, { "0x10", 1, 16 },
        { "64K", 1, 65536 }, { "0", MIB, 0 }, { "15E", 1, 15ull << 60 }, { "512b", MIB, 512 },
        { "0.5", MIB, MIB / 2 }, { "18446744073709551615", 1, UINT64_MAX },
    };
    static const char *const bad[] = {
        "", "foo", "-1", " 1", "1x", "1Gx", "16E", "99999E", "1.5", "0x", "+1", "1 ", "18446744073709551616",
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint64_t v = 77;

        g_assert_true(parse_size(good[i].text, good[i].unit, &v));
        g_assert_cmpuint(v, ==, good[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t v = 77;

        g_assert_false(parse_size(bad[i], 1, &v));
        g_assert_cmpuint(v, ==, 77);
    }
}

static void test_numbers(void)
{
    uint64_t u;
    int64_t i;
    double d;
    bool b;

    g_assert_true(parse_u64("0x1F", 0, &u) && u == 31);
    g_assert_true(parse_u64("ff", 16, &u) && u == 255);
    g_assert_false(parse_u64("12z", 0, &u) || parse_u64("-1", 0, &u) || parse_u64("", 0, &u));
    g_assert_true(parse_i64("-9223372036854775808", 0, &i) && i == INT64_MIN);
    g_assert_false(parse_i64("9223372036854775808", 0, &i) || parse_i64("--1", 0, &i) || parse_i64("-", 0, &i));
    g_assert_false(parse_uint("256", 0, 255, &u));
    g_assert_true(parse_double("-1.5e3", &d) && d == -1500);
    g_assert_false(parse_double("nan", &d) || parse_double("inf", &d) || parse_double("1e999", &d));
    g_assert_true(parse_bool("yes", &b) && b);
    g_assert_true(parse_bool("n", &b) && !b);
    g_assert_false(parse_bool("On", &b) || parse_bool("1", &b));
    g_assert_true(id_valid("ide0-hd0.x_y"));
    g_assert_false(id_valid("0a") || id_valid("") || id_valid("a b") || id_valid("a:b"));
    g_assert_cmpuint(muldiv64(UINT64_MAX, 10, 20), ==, UINT64_MAX / 2);
    g_assert_cmpuint(muldiv64(UINT64_MAX, 10, 2), ==, UINT64_MAX);
    g_assert_cmpuint(muldiv64_up(10, 1, 3), ==, 4);
    g_assert_cmpuint(FIELD_GET(0xf0u, 0x5au), ==, 5);
    g_assert_cmpuint(FIELD_PUT(0xf0u, 5u), ==, 0x50);
    g_assert_cmpint(sign_extend64(0x80, 8), ==, -128);
}

static void test_near(void)
{
    static const char *const words[] = { "display", "device", "drive", "netdev", "nographic", NULL };

    g_assert_cmpstr(near_match("devcie", words), ==, "device");
    g_assert_cmpstr(near_match("drvie", words), ==, "drive");
    g_assert_cmpstr(near_match("nographics", words), ==, "nographic");
    g_assert_cmpstr(near_match("Device", words), ==, "device");
    g_assert_null(near_match("soundhw", words));
    g_assert_cmpuint(edit_distance("kitten", "sitting", 10), ==, 3);
}

static void test_log(void)
{
    GError *err = NULL;

    g_assert_true(log_set_items("int,cpu_reset", &err));
    g_assert_true(log_on(LOG_INT) && log_on(LOG_CPU_RESET) && !log_on(LOG_EXEC));
    g_assert_false(log_set_items("int,bogus", &err));
    g_clear_error(&err);
    g_assert_true(log_on(LOG_INT));
    log_set_level(0);
    g_assert_true(log_set_filter("0x1000+0x10,0x2000..0x20ff,0x3000-0x10", &err));
    g_assert_true(log_in_filter(0x1000) && log_in_filter(0x100f) && !log_in_filter(0x1010));
    g_assert_true(log_in_filter(0x20ff) && log_in_filter(0x2ff1) && !log_in_filter(0x2ff0));
    g_assert_false(log_set_filter("0x10..0x5", &err));
    g_assert_cmpstr(err->message, ==, "Invalid range");
    g_clear_error(&err);
    g_assert_false(log_set_filter("0x1000+", &err));
    g_assert_cmpstr(err->message, ==, "Invalid number to the right of +");
    g_clear_error(&err);
    g_assert_false(log_set_filter("foo", &err));
    g_clear_error(&err);
    g_assert_true(log_set_filter(NULL, &err));
    g_assert_true(log_in_filter(5));
    g_assert_false(log_set_file("/nonexistent/l", &err));
    g_assert_cmpstr(err->message, ==, "Error opening logfile /nonexistent/l: No such file or directory");
    g_clear_error(&err);
}

static void collect(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

static void test_report(void)
{
    GString *s = g_string_new(NULL);

    report_set_sink(collect, s);
    warn("a %d", 1);
    report_gerror(g_error_new_literal(1, 0, "bad\nhint"), "x: ");
    g_assert_cmpstr(s->str, ==, "warning: a 1\nError: x: bad\nhint\n");
    report_set_sink(NULL, NULL);
    g_string_free(s, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/flat", test_flat);
    g_test_add_func("/keyval/nested", test_nested);
    g_test_add_func("/keyval/help_words", test_help);
    g_test_add_func("/keyval/print_is_the_inverse", test_print);
    g_test_add_func("/keyval/random_texts", test_random);
    g_test_add_func("/parse/sizes", test_sizes);
    g_test_add_func("/parse/numbers", test_numbers);
    g_test_add_func("/parse/near_match", test_near);
    g_test_add_func("/log/items_and_filter", test_log);
    g_test_add_func("/log/reports", test_report);
    return g_test_run();
}
