/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops, deferred calls, watches, timers of the three clocks. */
#include "util/loop.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "util/bits.h"

typedef struct Log { GString *text; Timer *t; int64_t at; int n; } Log;

static void fire(void *opaque)
{
    Log *g = opaque;

    g->at = clock_ns(CLOCK_REAL);
    g->n++;
}

static void run_until(int *n, int want)
{
    int64_t end = clock_ns(CLOCK_REAL) + 5 * NS_PER_S;

    while (*n < want && clock_ns(CLOCK_REAL) < end) {
        loop_step(loop_main(), true);
    }
    g_assert_cmpint(*n, ==, want);
}

static void test_precision(void)
{
    Log g = { 0 };
    Timer *t = timer_new(loop_main(), CLOCK_REAL, fire, &g);
    int64_t best = INT64_MAX;

    for (int i = 0; i < 20; i++) {
        int64_t want = clock_ns(CLOCK_REAL) + 300 * NS_PER_US;

        timer_set(t, want);
        g_assert_true(timer_pending(t));
        run_until(&g.n, i + 1);
        g_assert_false(timer_pending(t));
        g_assert_cmpint(g.at, >=, want);
        best = MIN(best, g.at - want);
    }
    g_assert_cmpint(best, <, 500 * NS_PER_US);      /* a busy host may delay most, not all of 20 */
    timer_free(t);
}

static GString *order;
static void note_a(void *opaque) { g_string_append(order, opaque); }

static void test_order(void)
{
    Loop *l = loop_main();
    Timer *a = timer_new(l, CLOCK_REAL, note_a, (void *)"a"), *b = timer_new(l, CLOCK_REAL, note_a, (void *)"b");
    Timer *c = timer_new(l, CLOCK_REAL, note_a, (void *)"c"), *d = timer_new(l, CLOCK_REAL, note_a, (void *)"d");
    int64_t now = clock_ns(CLOCK_REAL);

    order = g_string_new(NULL);
    timer_set(a, now + 2);
    timer_set(b, now + 1);
    timer_set(c, now + 1);
    timer_set(d, now);
    timer_cancel(d);
    timer_set_earlier(a, now + 3);
    g_assert_cmpint(timer_expiry(a), ==, now + 2);
    while (order->len < 3) {
        loop_step(l, true);
    }
    g_assert_cmpstr(order->str, ==, "bca");
    timer_free(a);
    timer_free(b);
    timer_free(c);
    timer_free(d);
    g_string_free(order, TRUE);
}

static void heap_fire(void *opaque)
{
    Log *g = opaque;

    g_assert_cmpint(g->at, >=, *(int64_t *)g->text);
    *(int64_t *)g->text = g->at;
    g->n++;
}

/* Many timers armed, moved and cancelled: the rest fire in order. */
static void test_heap(void)
{
    enum { N = 500 };
    static Log g[N];
    static Timer *t[N];
    int64_t base = clock_ns(CLOCK_REAL), last = 0;
    int armed = 0, fired = 0;

    srand(1);
    for (int i = 0; i < N; i++) {
        g[i].text = (GString *)(void *)&last;
        t[i] = timer_new(loop_main(), CLOCK_REAL, heap_fire, &g[i]);
    }
    for (int i = 0; i < 5 * N; i++) {
        int k = rand() % N;

        g[k].at = base - rand() % 1000;
        timer_set(t[k], g[k].at);
        if (rand() % 4 == 0) {
            timer_cancel(t[k]);
        }
    }
    for (int i = 0; i < N; i++) {
        armed += timer_pending(t[i]);
    }
    loop_step(loop_main(), true);
    for (int i = 0; i < N; i++) {
        fired += g[i].n;
        timer_free(t[i]);
    }
    g_assert_cmpint(fired, ==, armed);
}

static void test_virtual(void)
{
    Log g = { 0 };
    Timer *t = timer_new(loop_main(), CLOCK_VIRTUAL, fire, &g);
    int64_t v = clock_ns(CLOCK_VIRTUAL);

    timer_set(t, v + NS_PER_MS);
    g_usleep(3000);
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), ==, v);
    loop_step(loop_main(), false);
    g_assert_cmpint(g.n, ==, 0);
    clock_virtual_enable(true);
    run_until(&g.n, 1);
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), >=, v + NS_PER_MS);
    clock_virtual_enable(false);
    v = clock_ns(CLOCK_VIRTUAL);
    g_usleep(1000);
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), ==, v);
    clock_virtual_set(1000 * NS_PER_S);
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), ==, 1000 * NS_PER_S);
    clock_virtual_enable(true);
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), <, 1001 * NS_PER_S);
    clock_virtual_enable(false);
    timer_free(t);
}

static int64_t step_now;
static int step_changed;
static int64_t step_read(void *opaque) { return step_now; }
static void step_deadline(void *opaque) { step_changed++; }

static void test_source(void)
{
    static const ClockSource source = { step_read, step_deadline, NULL, false };
    Log g = { 0 };
    Timer *t = timer_new(loop_main(), CLOCK_VIRTUAL, fire, &g);

    clock_virtual_set_source(&source);
    clock_virtual_enable(true);
    timer_set(t, 100);
    g_assert_cmpint(step_changed, ==, 1);
    g_assert_cmpint(clock_virtual_deadline(), ==, 100);
    loop_step(loop_main(), false);
    g_assert_cmpint(g.n, ==, 0);
    step_now = 99;
    clock_virtual_run();
    g_assert_cmpint(g.n, ==, 0);
    step_now = 100;
    clock_virtual_run();
    g_assert_cmpint(g.n, ==, 1);
    g_assert_cmpint(clock_virtual_deadline(), ==, INT64_MAX);
    clock_virtual_enable(false);
    clock_virtual_set_source(NULL);
    timer_free(t);
}

static Defer *signal_defer;
static void on_signal(int sig) { defer_schedule(signal_defer); }

static void test_defer(void)
{
    Log g = { 0 };
    Defer *dead = defer_new(loop_main(), fire, &g);

    signal_defer = defer_new(loop_main(), fire, &g);
    signal(SIGUSR1, on_signal);
    defer_schedule(dead);
    defer_free(dead);
    raise(SIGUSR1);
    raise(SIGUSR1);
    run_until(&g.n, 1);
    loop_step(loop_main(), false);
    g_assert_cmpint(g.n, ==, 1);
    raise(SIGUSR1);
    run_until(&g.n, 2);
    defer_free(signal_defer);
    loop_call(loop_main(), fire, &g);
    run_until(&g.n, 3);
}

static void readable(void *opaque, GIOCondition cond)
{
    Log *g = opaque;
    char c;

    g_assert_cmpint(read(g->n >= 100 ? -1 : (int)g->at, &c, 1), ==, 1);
    g->n++;
}

static void test_watch(void)
{
    Log g = { 0 };
    int p[2];

    g_assert_cmpint(pipe(p), ==, 0);
    g.at = p[0];
    loop_watch(loop_main(), p[0], G_IO_IN, readable, &g);
    g_assert_cmpint(write(p[1], "xy", 2), ==, 2);
    run_until(&g.n, 2);
    loop_watch(loop_main(), p[0], 0, NULL, NULL);
    g_assert_cmpint(write(p[1], "z", 1), ==, 1);
    loop_step(loop_main(), false);
    g_assert_cmpint(g.n, ==, 2);
    close(p[0]);
    close(p[1]);
}

static GMutex big;
static int big_held, big_rounds;
static void big_lock(void *opaque) { g_mutex_lock(&big); big_held = 1; big_rounds++; }
static void big_unlock(void *opaque) { big_held = 0; g_mutex_unlock(&big); }

static void check_held(void *opaque)
{
    g_assert_cmpint(big_held, ==, 1);
    ++*(int *)opaque;
}

/* Timers armed and cancelled by another thread while the loop runs under its lock. */
static gpointer other_thread(gpointer opaque)
{
    Timer *t = opaque;

    for (int i = 0, rounds = 0; i < 2000 || rounds < 10; i++) {
        g_mutex_lock(&big);
        rounds = big_rounds;
        timer_set_in(t, i % 50 * NS_PER_US);
        if (i % 3 == 0) {
            timer_cancel(t);
            g_assert_false(timer_pending(t));
        }
        g_mutex_unlock(&big);
    }
    loop_quit(loop_main());
    return NULL;
}

static void test_threads(void)
{
    int n = 0;
    Timer *t = timer_new(loop_main(), CLOCK_REAL, check_held, &n);
    GThread *th;

    loop_set_lock_hooks(loop_main(), big_lock, big_unlock, NULL);
    th = g_thread_new("other", other_thread, t);
    loop_run(loop_main());
    g_thread_join(th);
    loop_set_lock_hooks(loop_main(), NULL, NULL, NULL);
    g_assert_cmpint(big_rounds, >, 0);
    timer_free(t);
}

static void set_flag(void *opaque) { g_atomic_int_set((int *)opaque, 1); }

static void test_thread_loop(void)
{
    Loop *l = loop_new_thread("io0");
    Timer *t;
    int flag = 0, flag2 = 0;

    t = timer_new(l, CLOCK_REAL, set_flag, &flag);
    timer_set_in(t, NS_PER_MS);
    loop_call(l, set_flag, &flag2);
    for (int i = 0; i < 5000 && !(g_atomic_int_get(&flag) && g_atomic_int_get(&flag2)); i++) {
        g_usleep(1000);
    }
    g_assert_cmpint(flag + flag2, ==, 2);
    g_assert_false(loop_is_current(l));
    g_assert_cmpint(loop_thread_id(l), !=, 0);
    timer_free(t);
    loop_free(l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loop/timers_are_precise", test_precision);
    g_test_add_func("/loop/timers_fire_in_order", test_order);
    g_test_add_func("/loop/heap_survives_random_use", test_heap);
    g_test_add_func("/loop/virtual_clock_stops_and_continues", test_virtual);
    g_test_add_func("/loop/accelerator_supplies_virtual_clock", test_source);
    g_test_add_func("/loop/defer_from_signal_handler_runs_once", test_defer);
    g_test_add_func("/loop/watch", test_watch);
    g_test_add_func("/loop/callbacks_hold_the_lock", test_threads);
    g_test_add_func("/loop/thread", test_thread_loop);
    return g_test_run();
}
