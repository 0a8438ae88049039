/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coroutines: order of switches, nesting, many at once, another thread, deep stacks. */
#include "util/coroutine.h"
#include <glib.h>
#include <string.h>

static GString *trail;

static void co_steps(void *opaque)
{
    for (int i = 0; i < 3; i++) {
        g_string_append_printf(trail, "%s%d ", (const char *)opaque, i);
        co_yield();
    }
    g_string_append(trail, "end ");
}

static void test_order(void)
{
    Coroutine *a = coroutine_new(co_steps, (void *)"a"), *b = coroutine_new(co_steps, (void *)"b");

    trail = g_string_new(NULL);
    g_assert_null(coroutine_self());
    coroutine_enter(a);
    for (int i = 0; i < 4; i++) {
        coroutine_enter(b);
    }
    for (int i = 0; i < 3; i++) {
        coroutine_enter(a);
    }
    g_assert_cmpstr(trail->str, ==, "a0 b0 b1 b2 end a1 a2 end ");
    g_assert_null(coroutine_self());
    g_string_free(trail, TRUE);
}

static void co_nested(void *opaque)
{
    int depth = *(int *)opaque;
    Coroutine *self = coroutine_self(), *inner;

    if (depth > 0) {
        int less = depth - 1;

        inner = coroutine_new(co_nested, &less);
        coroutine_enter(inner);
        g_assert_true(coroutine_self() == self);
        coroutine_enter(inner);
    }
    co_yield();
    *(int *)opaque = -1;
}

static void test_nesting(void)
{
    int depth = 50;
    Coroutine *co = coroutine_new(co_nested, &depth);

    coroutine_enter(co);
    g_assert_cmpint(depth, ==, 50);
    coroutine_enter(co);
    g_assert_cmpint(depth, ==, -1);
}

static void co_sum(void *opaque)
{
    volatile char stack[32 * 1024];
    unsigned *sum = opaque;

    memset((char *)stack, (int)*sum, sizeof(stack));
    co_yield();
    for (size_t i = 0; i < sizeof(stack); i += 1024) {
        g_assert_cmpint(stack[i], ==, (char)*sum);
    }
    *sum += 1000;
}

static void test_many(void)
{
    enum { N = 200 };
    Coroutine *co[N];
    unsigned sum[N];

    for (unsigned i = 0; i < N; i++) {
        sum[i] = i;
        co[i] = coroutine_new(co_sum, &sum[i]);
        coroutine_enter(co[i]);
    }
    for (unsigned i = 0; i < N; i++) {
        coroutine_enter(co[i]);
        g_assert_cmpuint(sum[i], ==, i + 1000);
    }
}

static void co_self_check(void *opaque)
{
    Coroutine *self = coroutine_self();

    for (int i = 0; i < 2; i++) {
        co_yield();
        g_assert_true(coroutine_self() == self);
    }
    *(int *)opaque = 1;
}

static gpointer enter_it(gpointer co)
{
    g_assert_null(coroutine_self());
    coroutine_enter(co);
    g_assert_null(coroutine_self());
    return NULL;
}

static void test_thread(void)
{
    int done = 0;
    Coroutine *co = coroutine_new(co_self_check, &done);

    coroutine_enter(co);
    g_thread_join(g_thread_new("other", enter_it, co));
    coroutine_enter(co);
    g_assert_cmpint(done, ==, 1);
}

static void co_million(void *opaque)
{
    while (++*(unsigned *)opaque < 1000000) {
        co_yield();
    }
}

static void test_speed(void)
{
    unsigned n = 0;
    Coroutine *co = coroutine_new(co_million, &n);
    gint64 t = g_get_monotonic_time();

    for (int i = 0; i < 1000000; i++) {
        coroutine_enter(co);
    }
    t = g_get_monotonic_time() - t;
    g_test_message("enter and yield: %d ns", (int)(t / 1000));
    g_assert_cmpuint(n, ==, 1000000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/coroutine/order", test_order);
    g_test_add_func("/coroutine/nesting", test_nesting);
    g_test_add_func("/coroutine/many_keep_their_stacks", test_many);
    g_test_add_func("/coroutine/continues_on_another_thread", test_thread);
    g_test_add_func("/coroutine/speed", test_speed);
    return g_test_run();
}
