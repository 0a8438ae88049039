/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Combiners of lines. */
#include <glib.h>

#include "hw/core/irq.h"

static void record(void *opaque, unsigned pin, int level)
{
    ((int *)opaque)[pin] = level ? 1 : 0;
}

static void test_split_reaches_all(void)
{
    int got[3] = { 0 };
    Irq outs[] = { { record, got, 0 }, { 0 }, { record, got, 2 } };
    IrqSplit s;
    Irq in = irq_split(&s, outs, 3);

    irq_raise(in);
    g_assert_cmpint(got[0] + got[1] * 10 + got[2] * 100, ==, 101);
    irq_lower(in);
    g_assert_cmpint(got[0] + got[2], ==, 0);
}

static void test_or_is_high_while_one_is(void)
{
    int got = 0;
    IrqOr s;
    Irq a, b;

    irq_or_init(&s, (Irq){ record, &got, 0 });
    a = irq_or_input(&s, 0);
    b = irq_or_input(&s, 63);
    irq_raise(a);
    irq_raise(b);
    irq_lower(a);
    g_assert_cmpint(got, ==, 1);
    irq_lower(b);
    g_assert_cmpint(got, ==, 0);
}

static void test_invert(void)
{
    int got = 0;
    IrqInvert s;
    Irq in = irq_invert(&s, (Irq){ record, &got, 0 });

    irq_lower(in);
    g_assert_cmpint(got, ==, 1);
    irq_raise(in);
    g_assert_cmpint(got, ==, 0);
}

static void test_unconnected_is_harmless(void)
{
    Irq none = { 0 };

    irq_pulse(none);
    g_assert_false(irq_connected(none));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/irq/split_reaches_all", test_split_reaches_all);
    g_test_add_func("/irq/or_is_high_while_one_is", test_or_is_high_while_one_is);
    g_test_add_func("/irq/invert", test_invert);
    g_test_add_func("/irq/unconnected_is_harmless", test_unconnected_is_harmless);
    return g_test_run();
}
