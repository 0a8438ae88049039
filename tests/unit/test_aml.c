/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AML assembler: encodings of the ACPI specification, chapter 20. */
#include <glib.h>

#include "hw/acpi/aml.h"

static void check(const char *text, const uint8_t *want, size_t n)
{
    Aml a;
    GByteArray *b;

    aml_init(&a);
    aml(&a, text);
    b = aml_fini(&a);
    g_assert_cmpmem(b->data, b->len, want, n);
    g_byte_array_unref(b);
}

#define CHECK(text, ...)                            \
    do {                                            \
        static const uint8_t want_[] = {__VA_ARGS__}; \
        check(text, want_, sizeof(want_));          \
    } while (0)

static void test_integers_take_the_shortest_form(void)
{
    CHECK("0 1 2 0x100 0x10000", 0x00, 0x01, 0x0a, 0x02, 0x0b, 0x00, 0x01, 0x0c, 0x00, 0x00, 0x01, 0x00);
}

static void test_names(void)
{
    CHECK("DBG", 'D', 'B', 'G', '_');
    CHECK("\\_SB.PCI0", '\\', 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0');
    CHECK("\\", '\\', 0x00);
    CHECK("A.B.C", 0x2f, 3, 'A', '_', '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_');
}

static void test_eisa_id(void)
{
    CHECK("EisaId:PNP0A03", 0x0c, 0x41, 0xd0, 0x0a, 0x03);
}

static void test_method_length(void)
{
    CHECK("Method ABCD byte:0 { Return Zero }", 0x14, 0x08, 'A', 'B', 'C', 'D', 0x00, 0xa4, 0x00);
}

static void test_long_package_takes_two_length_bytes(void)
{
    Aml a;
    GByteArray *b;
    uint8_t body[100] = {0};

    aml_init(&a);
    aml_bytes(&a, body, sizeof(body));
    b = aml_fini(&a);
    g_assert_cmpuint(b->len, ==, 105);          /* opcode, 2 of length, 2 of size, the bytes */
    g_assert_cmphex(b->data[1], ==, 0x40 | (104 & 0x0f));
    g_assert_cmphex(b->data[2], ==, 104 >> 4);
    g_byte_array_unref(b);
}

static void test_field_gap(void)
{
    CHECK("Field REGN byte:1 { -:32 ABCD:8 }", 0x5b, 0x81, 0x0d, 'R', 'E', 'G', 'N', 0x01, 0x00, 0x20,
          'A', 'B', 'C', 'D', 0x08);
}

static void test_resources_end_with_a_tag_and_know_their_size(void)
{
    Aml a;
    GByteArray *b;

    aml_init(&a);
    aml_res_begin(&a);
    aml_res_irq(&a, 4);
    aml_res_end(&a);
    b = aml_fini(&a);
    g_assert_cmpuint(b->len, ==, 10);
    g_assert_cmphex(b->data[3], ==, 5);
    g_assert_cmphex(b->data[8], ==, 0x79);
    g_byte_array_unref(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aml/integers", test_integers_take_the_shortest_form);
    g_test_add_func("/aml/names", test_names);
    g_test_add_func("/aml/eisa", test_eisa_id);
    g_test_add_func("/aml/method", test_method_length);
    g_test_add_func("/aml/long", test_long_package_takes_two_length_bytes);
    g_test_add_func("/aml/field", test_field_gap);
    g_test_add_func("/aml/resources", test_resources_end_with_a_tag_and_know_their_size);
    return g_test_run();
}
