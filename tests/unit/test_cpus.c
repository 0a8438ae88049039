/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPU threads on an accelerator that only counts: run, pause, kick, halt, work, exclusive
 * sections, retirement, and the main loop's requests. */
#include <string.h>

#include "accel/accel.h"
#include "target/cpu.h"
#include "util/err.h"
#include "util/loop.h"

enum { CPUS = 3 };

static int in_guest; /* vCPUs between two "instructions"; atomic */

typedef struct ToyCpu {
    Cpu cpu;
    uint64_t count; /* atomic: instructions */
    bool sleeper;   /* halts when it has nothing to do */
} ToyCpu;

static void count_run(Accel *a, Cpu *cpu)
{
    ToyCpu *t = (ToyCpu *)cpu;

    (void)a;
    while (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) == 0) {
        if (__atomic_load_n(&t->sleeper, __ATOMIC_SEQ_CST)) {
            cpu->halted = true;
            return;
        }
        __atomic_fetch_add(&in_guest, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&t->count, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_sub(&in_guest, 1, __ATOMIC_SEQ_CST);
        g_thread_yield();
    }
    if (cpu->pending & CPU_PENDING_INTR) {
        cpu->halted = false;
        __atomic_fetch_add(&t->count, 1000000, __ATOMIC_SEQ_CST);
        __atomic_fetch_and(&cpu->pending, ~(uint32_t)CPU_PENDING_INTR, __ATOMIC_SEQ_CST);
    }
}

static const AccelType count_accel = {
    .type = { .name = "count-accel", .parent = &accel_base.type, .size = sizeof(Accel) },
    .name = "count",
    .vcpu_run = count_run,
};
ACCEL_REGISTER(count_accel);

static bool toy_has_work(const Cpu *cpu)
{
    return (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) & CPU_PENDING_INTR) != 0;
}

static bool toy_realize(Device *dev, GError **errp)
{
    Cpu *cpu = (Cpu *)dev;

    cpu->type = (const CpuType *)dev->type;
    cpu->index = dev->vm->cpus->len;
    return cpu_start_thread(cpu, errp);
}

static void toy_unrealize(Device *dev)
{
    cpu_stop_thread((Cpu *)dev);
}

static const CpuType toy_cpu = {
    .dev = { .type = { .name = "toy-cpu", .parent = &device_base.type, .size = sizeof(ToyCpu) },
             .realize = toy_realize,
             .unrealize = toy_unrealize },
    .has_work = toy_has_work,
};
SET_ADD(types, ObjType, toy_cpu, &toy_cpu.dev.type);

typedef struct Fix {
    Vm *vm;
    ToyCpu *cpu[CPUS];
} Fix;

static void setup(Fix *f, gconstpointer data)
{
    g_autoptr(Json) opts = json_parse("{'accel': 'count'}", NULL);

    (void)data;
    f->vm = vm_new();
    vm_lock(f->vm);
    g_assert_true(accel_create(f->vm, opts, NULL));
    for (int i = 0; i < CPUS; i++) {
        f->cpu[i] = (ToyCpu *)device_create(&toy_cpu.dev, f->vm, NULL, NULL);
        g_assert_nonnull(f->cpu[i]);
    }
}

static void teardown(Fix *f, gconstpointer data)
{
    (void)data;
    for (int i = CPUS; i-- > 0;) {
        device_unrealize(&f->cpu[i]->cpu.dev);
        object_free(&f->cpu[i]->cpu.dev.obj);
    }
    object_free(&f->vm->accel->obj);
    vm_unlock(f->vm);
    vm_free(f->vm);
}

static uint64_t count_of(Fix *f, int i)
{
    return __atomic_load_n(&f->cpu[i]->count, __ATOMIC_SEQ_CST);
}

static void wait_until_above(Fix *f, int i, uint64_t n)
{
    for (int tries = 0; tries < 10000 && count_of(f, i) <= n; tries++) {
        g_usleep(500);
    }
    g_assert_cmpuint(count_of(f, i), >, n);
}

static void test_run_and_pause(Fix *f, gconstpointer data)
{
    uint64_t before;

    (void)data;
    g_assert_cmpuint(count_of(f, 0), ==, 0);
    g_assert_cmpint(cpu_thread_id(&f->cpu[1]->cpu), >, 0);
    for (int round = 0; round < 20; round++) {
        vm_start(f->vm);
        wait_until_above(f, round % CPUS, count_of(f, round % CPUS));
        vm_stop(f->vm, RUN_PAUSED);
        g_assert_true(cpu_is_stopped(&f->cpu[2]->cpu));
        before = count_of(f, 0);
        g_usleep(1000);
        g_assert_cmpuint(count_of(f, 0), ==, before);
    }
}

static void note_cpu(Cpu *cpu, void *opaque)
{
    g_assert_true(current_cpu == cpu);
    __atomic_fetch_or((unsigned *)opaque, 1u << cpu->index, __ATOMIC_SEQ_CST);
}

static void test_work_runs_on_each_thread(Fix *f, gconstpointer data)
{
    unsigned seen = 0;

    (void)data;
    vm_on_cpus(f->vm, false, note_cpu, &seen); /* parked ones do it too */
    g_assert_cmphex(seen, ==, 7);
    vm_start(f->vm);
    seen = 0;
    vm_on_cpus(f->vm, false, note_cpu, &seen);
    g_assert_cmphex(seen, ==, 7);
    g_assert_true(vm_locked(f->vm));
    vm_stop(f->vm, RUN_PAUSED);
}

static void check_alone(Cpu *cpu, void *opaque)
{
    (void)cpu;
    g_assert_cmpint(__atomic_load_n(&in_guest, __ATOMIC_SEQ_CST), ==, 0);
    ++*(unsigned *)opaque;
}

static void test_exclusive_stops_the_rest(Fix *f, gconstpointer data)
{
    unsigned n = 0;

    (void)data;
    vm_start(f->vm);
    for (int i = 0; i < 100; i++) {
        vm_on_cpus(f->vm, true, check_alone, &n);
    }
    g_assert_cmpuint(n, ==, 300);
    vm_stop(f->vm, RUN_PAUSED);
}

static void all_exclusive(Cpu *cpu, void *opaque)
{
    for (int i = 0; i < 20; i++) {
        unsigned *n = opaque, old;

        cpu_exclusive_begin(cpu);
        old = __atomic_load_n(n, __ATOMIC_RELAXED);
        __atomic_store_n(n, old + 1, __ATOMIC_RELAXED); /* no atomic addition: that is what it is for */
        cpu_exclusive_end(cpu);
    }
}

static void test_exclusive_from_vcpus(Fix *f, gconstpointer data)
{
    unsigned n = 0;

    (void)data;
    vm_start(f->vm);
    for (int i = 0; i < CPUS; i++) {
        cpu_run_async(&f->cpu[i]->cpu, all_exclusive, &n);
    }
    for (int tries = 0; tries < 10000 && __atomic_load_n(&n, __ATOMIC_SEQ_CST) < 60; tries++) {
        g_usleep(500);
    }
    g_assert_cmpuint(__atomic_load_n(&n, __ATOMIC_SEQ_CST), ==, 60);
    vm_stop(f->vm, RUN_PAUSED);
}

/* Every vCPU makes all others run something: nobody waits for ever. */
static void ask_others(Cpu *cpu, void *opaque)
{
    Vm *vm = cpu->dev.vm;
    unsigned seen = 0;

    vm_on_cpus(vm, false, note_cpu, &seen);
    g_assert_cmphex(seen, ==, 7);
    __atomic_fetch_add((unsigned *)opaque, 1, __ATOMIC_SEQ_CST);
}

static void test_vcpus_wait_for_each_other(Fix *f, gconstpointer data)
{
    unsigned n = 0;

    (void)data;
    vm_start(f->vm);
    for (int i = 0; i < CPUS; i++) {
        cpu_run_async(&f->cpu[i]->cpu, ask_others, &n);
    }
    for (int tries = 0; tries < 10000 && __atomic_load_n(&n, __ATOMIC_SEQ_CST) < CPUS; tries++) {
        g_usleep(500);
    }
    g_assert_cmpuint(n, ==, CPUS);
    vm_stop(f->vm, RUN_PAUSED);
}

static void test_halted_wakes_by_interrupt(Fix *f, gconstpointer data)
{
    Cpu *cpu = &f->cpu[0]->cpu;

    (void)data;
    __atomic_store_n(&f->cpu[0]->sleeper, true, __ATOMIC_SEQ_CST);
    vm_start(f->vm);
    for (int i = 0; i < 50; i++) {
        uint64_t before = count_of(f, 0);

        __atomic_fetch_or(&cpu->pending, CPU_PENDING_INTR, __ATOMIC_SEQ_CST);
        cpu_kick(cpu);
        wait_until_above(f, 0, before + 900000);
    }
    vm_stop(f->vm, RUN_PAUSED);
}

static void released(void *p)
{
    __atomic_store_n((int *)p, 1, __ATOMIC_SEQ_CST);
}

static void test_retired_things_go(Fix *f, gconstpointer data)
{
    int now = 0, gone[10] = { 0 };

    (void)data;
    vm_retire(f->vm, released, &now); /* nobody runs: at once */
    g_assert_cmpint(now, ==, 1);
    vm_start(f->vm);
    for (int i = 0; i < 10; i++) {
        vm_retire(f->vm, released, &gone[i]);
        for (int tries = 0; tries < 10000 && !__atomic_load_n(&gone[i], __ATOMIC_SEQ_CST);
             tries++) {
            g_usleep(500);
        }
        g_assert_cmpint(gone[i], ==, 1);
    }
    vm_stop(f->vm, RUN_PAUSED);
}

/* ---- Requests and the main loop */

static GString *events;

static void on_event(void *opaque, const char *event, ShutdownCause cause)
{
    (void)opaque;
    g_string_append_printf(events, "%s:%s ", event, shutdown_cause_name(cause));
}

static void guest_asks(Cpu *cpu, void *opaque)
{
    (void)opaque;
    if (cpu->index == 0) {
        vm_request_reset(cpu->dev.vm, SHUTDOWN_GUEST_RESET);
    } else if (cpu->index == 1) {
        g_usleep(50000);
        vm_request_shutdown_code(cpu->dev.vm, SHUTDOWN_GUEST_SHUTDOWN, 33);
    }
}

static void test_guest_resets_then_shuts_down(Fix *f, gconstpointer data)
{
    const VmNotify n = { .event = on_event };
    int code;

    (void)data;
    events = g_string_new(NULL);
    vm_notify_add(f->vm, &n);
    vm_start(f->vm);
    for (int i = 0; i < CPUS; i++) {
        cpu_run_async(&f->cpu[i]->cpu, guest_asks, NULL);
    }
    vm_unlock(f->vm);
    code = vm_main_loop(f->vm);
    vm_lock(f->vm);
    g_assert_cmpint(code, ==, 33);
    g_assert_cmpstr(events->str, ==, "RESUME:none RESET:guest-reset SHUTDOWN:guest-shutdown ");
    vm_stop(f->vm, RUN_SHUTDOWN);
    vm_notify_del(f->vm, &n);
    g_string_free(events, TRUE);
}

static void test_policies(Fix *f, gconstpointer data)
{
    const VmNotify n = { .event = on_event };
    int code = 0;

    (void)data;
    events = g_string_new(NULL);
    vm_notify_add(f->vm, &n);
    f->vm->actions.reboot = REBOOT_SHUTDOWN;
    f->vm->actions.shutdown = SHUTDOWN_PAUSE;
    vm_start(f->vm);
    vm_request_reset(f->vm, SHUTDOWN_GUEST_RESET);
    g_assert_false(vm_process_requests(f->vm, &code));
    g_assert_cmpint(f->vm->run_state, ==, RUN_SHUTDOWN);
    g_assert_cmpstr(events->str, ==, "RESUME:none SHUTDOWN:guest-reset STOP:none ");
    vm_start(f->vm);
    vm_request_suspend(f->vm);
    g_assert_false(vm_process_requests(f->vm, &code));
    g_assert_cmpint(f->vm->run_state, ==, RUN_SUSPENDED);
    g_assert_true(vm_request_wakeup(f->vm, NULL));
    g_assert_false(vm_process_requests(f->vm, &code));
    g_assert_true(vm_running(f->vm));
    g_assert_false(vm_request_wakeup(f->vm, NULL));
    vm_request_shutdown(f->vm, SHUTDOWN_HOST_QMP_QUIT);
    g_assert_true(vm_process_requests(f->vm, &code));
    vm_stop(f->vm, RUN_PAUSED);
    vm_notify_del(f->vm, &n);
    g_string_free(events, TRUE);
}

static void test_accelerators_are_chosen_by_name(void)
{
    Vm *vm = vm_new();
    g_autoptr(Json) none = json_parse("{'accel': 'bogus'}", NULL);
    g_autoptr(Json) bad = json_parse("{'accel': 'count', 'x': '1'}", NULL);
    g_autoptr(GError) err = NULL;

    g_assert_false(accel_create(vm, none, &err));
    g_assert_cmpstr(err->message, ==, "invalid accelerator bogus");
    g_clear_error(&err);
    g_assert_false(accel_create(vm, bad, &err));
    g_assert_cmpstr(err->message, ==, "Property 'count-accel.x' not found");
    g_assert_true(accel_create_first(vm, "count", NULL));
    object_free(&vm->accel->obj);
    vm_free(vm);
}

#define CASE(fn) g_test_add("/cpus/" #fn, Fix, NULL, setup, test_##fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(run_and_pause);
    CASE(work_runs_on_each_thread);
    CASE(exclusive_stops_the_rest);
    CASE(exclusive_from_vcpus);
    CASE(vcpus_wait_for_each_other);
    CASE(halted_wakes_by_interrupt);
    CASE(retired_things_go);
    CASE(guest_resets_then_shuts_down);
    CASE(policies);
    g_test_add_func("/cpus/accelerators_are_chosen_by_name", test_accelerators_are_chosen_by_name);
    return g_test_run();
}
