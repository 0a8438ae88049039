/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local APICs with processors that only note their signals: delivery, priorities, timer, modes. */
#include <glib.h>

#include "hw/core/vm.h"
#include "hw/intc/apic.h"
#include "target/cpu.h"
#include "target/i386/apic_if.h"
#include "util/timer.h"

enum { CPUS = 4, REG_ID = 0x20, REG_VERSION = 0x30, REG_TPR = 0x80, REG_PPR = 0xa0, REG_EOI = 0xb0,
       REG_LDR = 0xd0, REG_DFR = 0xe0, REG_SVR = 0xf0, REG_ISR = 0x100, REG_IRR = 0x200, REG_ESR = 0x280,
       REG_ICR = 0x300, REG_ICR2 = 0x310, REG_LVTT = 0x320, REG_LINT0 = 0x350, REG_LINT1 = 0x360,
       REG_LVTE = 0x370, REG_INITIAL = 0x380, REG_CURRENT = 0x390, REG_DIVIDE = 0x3e0 };

typedef struct Signals { unsigned init, sipi, nmi, smi; uint8_t sipi_vector; bool intr; } Signals;

static Signals seen[CPUS];
static int64_t now_ns;
static Vm *vm;
static Cpu *cpu[CPUS];
static Device *apic[CPUS];
static int pic_vector;
static uint8_t eoi_vector;
static unsigned eois;

void x86_cpu_signal_init(Cpu *c) { seen[c->index].init++; }
void x86_cpu_signal_nmi(Cpu *c) { seen[c->index].nmi++; }
void x86_cpu_signal_smi(Cpu *c) { seen[c->index].smi++; }
void x86_cpu_signal_intr(Cpu *c, bool level)
{
    seen[c->index].intr = level;
    c->pending = level ? CPU_PENDING_INTR : 0;
}
uint64_t x86_cpu_read_tsc(Cpu *c) { return now_ns * 2; }
void x86_cpu_signal_sipi(Cpu *c, uint8_t vector)
{
    seen[c->index].sipi++;
    seen[c->index].sipi_vector = vector;
}

static const DeviceType toy_cpu = {
    .type = { .name = "toy-x86-cpu", .parent = &device_base.type, .size = sizeof(Cpu) },
};

static int64_t test_now(void *opaque) { return now_ns; }
static const ClockSource test_clock = { .now = test_now };

static int take_pic(void *opaque) { return pic_vector; }
static void note_eoi(void *opaque, uint8_t vector)
{
    eoi_vector = vector;
    eois++;
}

static void pass(int64_t ns)
{
    for (int64_t end = now_ns + ns; now_ns < end;) {
        now_ns = MIN(end, MAX(clock_virtual_deadline(), now_ns + 1));
        clock_virtual_run();
    }
}

static void wr(unsigned n, unsigned reg, uint32_t v)
{
    current_cpu = cpu[n];
    addr_space_st(vm->mem, APIC_BASE_ADDR + reg, v, 4, MEM_ATTRS_NONE, NULL);
    current_cpu = NULL;
}

static uint32_t rd(unsigned n, unsigned reg)
{
    uint32_t v;

    current_cpu = cpu[n];
    v = addr_space_ld(vm->mem, APIC_BASE_ADDR + reg, 4, MEM_ATTRS_NONE, NULL);
    current_cpu = NULL;
    return v;
}

static int take(unsigned n) { return apic_cpu_ops.take_interrupt(apic[n]); }
static bool waits(unsigned n)
{
    bool has = apic_cpu_ops.has_interrupt(apic[n]);

    g_assert_cmpint(has, ==, seen[n].intr);
    return has;
}

static void setup(void)
{
    const ApicFeatures f = { .x2apic = true, .tsc_deadline = true, .tsc_hz = 2000000000 };

    now_ns = 1000;
    clock_virtual_set_source(&test_clock);
    vm = vm_new();
    vm_lock(vm);
    memset(seen, 0, sizeof(seen));
    eois = 0;
    apic_listen_eoi(vm, note_eoi, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        cpu[i] = (Cpu *)device_new(&toy_cpu, vm, NULL);
        cpu[i]->index = i;
        apic[i] = apic_new(vm, cpu[i], i, i == 0, NULL);
        g_assert_nonnull(apic[i]);
        apic_set_features(apic[i], &f);
        device_reset(apic[i], RESET_COLD);
        wr(i, REG_SVR, 0x1ff);
    }
}

static void teardown(void)
{
    for (unsigned i = 0; i < CPUS; i++) {
        device_unrealize(apic[i]);
        object_free(&apic[i]->obj);
        object_free(&cpu[i]->dev.obj);
    }
    vm_unlock(vm);
    vm_free(vm);
}

static void fixed(uint32_t dest, uint8_t vector)
{
    const ApicMessage m = { .dest = dest, .vector = vector };

    apic_deliver(vm, &m);
}

/* ---- Tests */

static void test_reset_values(void)
{
    setup();
    device_reset(apic[1], RESET_COLD);
    g_assert_cmphex(rd(1, REG_ID), ==, 0x01000000);
    g_assert_cmphex(rd(1, REG_VERSION), ==, 0x00050014);
    g_assert_cmphex(rd(1, REG_SVR), ==, 0xff);
    g_assert_cmphex(rd(1, REG_DFR), ==, 0xffffffff);
    g_assert_cmphex(rd(1, REG_LINT0), ==, 0x10000);
    g_assert_cmphex(apic_cpu_ops.get_base(apic[0]), ==, 0xfee00900);
    g_assert_cmphex(apic_cpu_ops.get_base(apic[1]), ==, 0xfee00800);
    g_assert_false(waits(1));
    teardown();
}

static void test_priorities_nest_and_eoi(void)
{
    setup();
    fixed(1, 0x31);
    g_assert_true(waits(1));
    g_assert_false(waits(0));
    g_assert_cmpint(take(1), ==, 0x31);
    g_assert_cmphex(rd(1, REG_PPR), ==, 0x30);
    fixed(1, 0x3f);
    g_assert_false(waits(1));
    fixed(1, 0x41);
    g_assert_cmpint(take(1), ==, 0x41);
    g_assert_cmphex(rd(1, REG_ISR + 0x10), ==, 1u << 17);
    g_assert_cmphex(rd(1, REG_ISR + 0x20), ==, 1u << 1);
    wr(1, REG_EOI, 0);
    g_assert_false(waits(1));
    wr(1, REG_EOI, 0);
    g_assert_cmpint(take(1), ==, 0x3f);
    wr(1, REG_EOI, 0);
    g_assert_cmphex(rd(1, REG_PPR), ==, 0);
    g_assert_cmpint(take(1), ==, -1);
    teardown();
}

static void test_task_priority_holds_back(void)
{
    setup();
    wr(1, REG_TPR, 0x45);
    fixed(1, 0x4f);
    g_assert_false(waits(1));
    g_assert_cmpint(apic_cpu_ops.get_tpr(apic[1]), ==, 4);
    apic_cpu_ops.set_tpr(apic[1], 3);
    g_assert_true(waits(1));
    g_assert_cmphex(rd(1, REG_TPR), ==, 0x30);
    teardown();
}

static void test_disabled_apic_accepts_nothing(void)
{
    setup();
    wr(1, REG_SVR, 0xff);
    g_assert_cmphex(rd(1, REG_LINT1) & 0x10000, ==, 0x10000);
    fixed(1, 0x31);
    wr(1, REG_SVR, 0x1ff);
    g_assert_false(waits(1));
    teardown();
}

static void test_logical_flat_and_cluster(void)
{
    setup();
    for (unsigned i = 0; i < CPUS; i++) {
        wr(i, REG_LDR, 1u << (24 + i));
    }
    apic_deliver_msi(vm, 0xfee00000 | 0x0a << 12 | 4, 0x55);
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_cmpint(waits(i), ==, i == 1 || i == 3);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        wr(i, REG_DFR, 0x0fffffff);
        wr(i, REG_LDR, (i / 2 << 4 | 1u << i % 2) << 24);
    }
    apic_deliver_msi(vm, 0xfee00000 | 0x13 << 12 | 4, 0x66);
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_cmpint((rd(i, REG_IRR + 0x30) >> 6) & 1, ==, i >= 2);
    }
    teardown();
}

static void test_lowest_priority_goes_round_and_avoids_busy(void)
{
    ApicMessage m = { .dest = 0xff, .delivery = APIC_DM_LOWEST, .vector = 0x51 };
    unsigned got = 0;

    setup();
    wr(2, REG_TPR, 0x20);
    for (unsigned k = 0; k < 3; k++, m.vector++) {
        apic_deliver(vm, &m);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        got |= waits(i) ? 1u << i : 0;
    }
    g_assert_cmphex(got, ==, 0x0b);
    teardown();
}

static void test_ipi_shorthands(void)
{
    setup();
    wr(0, REG_ICR, 0x000c4500);             /* INIT, all but self */
    wr(0, REG_ICR, 0x000c4699);             /* SIPI */
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_cmpint(seen[i].init, ==, i != 0);
        g_assert_cmpint(seen[i].sipi, ==, i != 0);
    }
    g_assert_cmphex(seen[3].sipi_vector, ==, 0x99);
    wr(0, REG_ICR, 0x00008500);             /* INIT de-assert does nothing */
    g_assert_cmpint(seen[0].init, ==, 0);
    wr(2, REG_ICR, 0x00040061);             /* self */
    g_assert_true(waits(2));
    wr(0, REG_ICR, 0x00080071);             /* all, self included */
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_true(waits(i));
    }
    wr(1, REG_ICR2, 0x03000000);
    wr(1, REG_ICR, 0x00004400);             /* NMI to one */
    g_assert_cmpint(seen[3].nmi, ==, 1);
    g_assert_cmpint(seen[0].nmi + seen[1].nmi + seen[2].nmi, ==, 0);
    teardown();
}

static void test_pic_reaches_the_boot_processor(void)
{
    Irq intr;

    setup();
    intr = apic_pic_input(vm, take_pic, NULL);
    pic_vector = 0x08;
    wr(0, REG_LINT0, 0x8700);
    irq_set(intr, 1);
    g_assert_true(waits(0));
    g_assert_false(waits(1));
    g_assert_cmpint(take(0), ==, 0x08);
    irq_set(intr, 0);
    g_assert_false(waits(0));
    wr(0, REG_LINT0, 0x10700);
    irq_set(intr, 1);
    g_assert_false(waits(0));
    irq_set(intr, 0);
    wr(0, REG_LINT0, 0x45);                 /* fixed: the line's edge is an interrupt of its own */
    irq_set(intr, 1);
    g_assert_cmpint(take(0), ==, 0x45);
    irq_set(intr, 0);
    g_assert_true(apic_cpu_ops.set_base(apic[0], APIC_BASE_ADDR | 0x100));
    irq_set(intr, 1);
    g_assert_cmpint(take(0), ==, 0x08);
    teardown();
}

static void test_eoi_broadcast_of_level_interrupts(void)
{
    ApicMessage m = { .dest = 1, .vector = 0x61, .level_triggered = true };

    setup();
    apic_deliver(vm, &m);
    take(1);
    g_assert_cmpuint(eois, ==, 0);
    wr(1, REG_EOI, 0);
    g_assert_cmpuint(eois, ==, 1);
    g_assert_cmphex(eoi_vector, ==, 0x61);
    fixed(1, 0x61);
    take(1);
    wr(1, REG_EOI, 0);
    g_assert_cmpuint(eois, ==, 1);
    teardown();
}

static void test_timer_one_shot_and_divide(void)
{
    static const struct { uint32_t dcr; unsigned divide; } rows[] = {
        { 0x0b, 1 }, { 0x00, 2 }, { 0x01, 4 }, { 0x02, 8 }, { 0x03, 16 }, { 0x08, 32 }, { 0x09, 64 },
        { 0x0a, 128 },
    };

    setup();
    wr(1, REG_LVTT, 0x40);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        wr(1, REG_DIVIDE, rows[i].dcr);
        wr(1, REG_INITIAL, 1000);
        pass(500 * rows[i].divide);
        g_assert_cmpuint(rd(1, REG_CURRENT), ==, 500);
        g_assert_false(waits(1));
        pass(501 * rows[i].divide);
        g_assert_cmpuint(rd(1, REG_CURRENT), ==, 0);
        g_assert_cmpint(take(1), ==, 0x40);
        wr(1, REG_EOI, 0);
    }
    pass(1000000);
    g_assert_false(waits(1));
    teardown();
}

static void test_timer_periodic(void)
{
    unsigned n = 0;

    setup();
    wr(1, REG_LVTT, 0x20040);
    wr(1, REG_DIVIDE, 0x0b);
    wr(1, REG_INITIAL, 1000000);
    for (unsigned i = 0; i < 105; i++) {
        pass(100000);
        if (waits(1)) {
            g_assert_cmpint(take(1), ==, 0x40);
            wr(1, REG_EOI, 0);
            n++;
        }
    }
    g_assert_cmpuint(n, ==, 10);
    now_ns += 20500000;                     /* nobody looked for twenty periods: all of them come */
    for (n = 0; n < 100 && clock_virtual_deadline() <= now_ns + 600000; n++) {
        pass(MAX(clock_virtual_deadline() - now_ns, 1));
        g_assert_cmpint(take(1), ==, 0x40);
        wr(1, REG_EOI, 0);
    }
    g_assert_cmpuint(n, >=, 20);
    g_assert_cmpuint(n, <=, 45);            /* and those of the time it took */
    now_ns += 5000000000;                   /* but no more than a second's worth */
    pass(1);
    g_assert_cmpint(take(1), ==, 0x40);
    wr(1, REG_EOI, 0);
    pass(800000);
    g_assert_false(waits(1));
    wr(1, REG_INITIAL, 0);
    pass(5000000);
    g_assert_false(waits(1));
    wr(1, REG_INITIAL, 1);                  /* silly rate: ends, and the machine with it */
    pass(5000000);
    teardown();
}

static void test_timer_tsc_deadline(void)
{
    setup();
    wr(1, REG_LVTT, 0x40040);
    apic_cpu_ops.set_tsc_deadline(apic[1], (now_ns + 10000) * 2);
    pass(9990);
    g_assert_false(waits(1));
    pass(20);
    g_assert_cmpint(take(1), ==, 0x40);
    wr(1, REG_EOI, 0);
    apic_cpu_ops.set_tsc_deadline(apic[1], 5);      /* the past: at once */
    pass(2);
    g_assert_cmpint(take(1), ==, 0x40);
    wr(1, REG_EOI, 0);
    apic_cpu_ops.set_tsc_deadline(apic[1], (now_ns + 10000) * 2);
    apic_cpu_ops.set_tsc_deadline(apic[1], 0);
    pass(20000);
    g_assert_false(waits(1));
    teardown();
}

static void test_masked_timer_is_silent(void)
{
    setup();
    wr(1, REG_LVTT, 0x10040);
    wr(1, REG_DIVIDE, 0x0b);
    wr(1, REG_INITIAL, 1000);
    pass(2000);
    g_assert_false(waits(1));
    teardown();
}

static void test_base_transitions(void)
{
    setup();
    g_assert_false(apic_cpu_ops.set_base(apic[1], 0xfee00400));     /* EXTD without EN */
    g_assert_false(apic_cpu_ops.set_base(apic[1], 0xfee00801));     /* reserved */
    g_assert_true(apic_cpu_ops.set_base(apic[1], 0xfee00c00));      /* xAPIC to x2APIC */
    g_assert_false(apic_cpu_ops.set_base(apic[1], 0xfee00800));     /* not back */
    g_assert_true(apic_cpu_ops.set_base(apic[1], 0xfee00000));      /* off */
    g_assert_false(apic_cpu_ops.set_base(apic[1], 0xfee00c00));     /* not straight to x2APIC */
    g_assert_true(apic_cpu_ops.set_base(apic[1], 0xfee00800));
    g_assert_cmphex(rd(1, REG_SVR), ==, 0xff);
    teardown();
}

static void test_x2apic_registers(void)
{
    uint64_t v;

    setup();
    g_assert_false(apic_cpu_ops.read_msr(apic[3], 0x802, &v));
    g_assert_true(apic_cpu_ops.set_base(apic[3], 0xfee00c00));
    g_assert_true(apic_cpu_ops.read_msr(apic[3], 0x802, &v) && v == 3);
    g_assert_true(apic_cpu_ops.read_msr(apic[3], 0x80d, &v) && v == 0x8);
    g_assert_false(apic_cpu_ops.read_msr(apic[3], 0x80e, &v));
    g_assert_false(apic_cpu_ops.read_msr(apic[3], 0x80b, &v));
    g_assert_false(apic_cpu_ops.write_msr(apic[3], 0x80b, 1));
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x80b, 0));
    g_assert_false(apic_cpu_ops.write_msr(apic[3], 0x808, 0x100));
    g_assert_false(apic_cpu_ops.write_msr(apic[3], 0x802, 0));
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x80f, 0x1ff));
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x83f, 0x77));
    g_assert_cmpint(take(3), ==, 0x77);
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x80b, 0));
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x830, 1ull << 32 | 0x78));
    g_assert_cmpint(take(1), ==, 0x78);
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x830, 0xffull << 32 | 0x79));    /* nobody has id 255 */
    g_assert_false(waits(2));
    g_assert_true(apic_cpu_ops.write_msr(apic[3], 0x830, 0xffffffffull << 32 | 0x79));
    g_assert_true(waits(2));
    g_assert_cmphex(rd(3, REG_SVR), ==, 0xffffffff);        /* no registers in memory */
    teardown();
}

static void test_errors(void)
{
    setup();
    wr(1, REG_LVTE, 0xfe);
    wr(1, REG_ICR, 0x00040005);             /* illegal vector to itself */
    g_assert_cmpint(take(1), ==, 0xfe);
    g_assert_cmphex(rd(1, REG_ESR), ==, 0);
    wr(1, REG_ESR, 0);
    g_assert_cmphex(rd(1, REG_ESR), ==, 0x20);
    wr(1, REG_ESR, 0);
    g_assert_cmphex(rd(1, REG_ESR), ==, 0);
    fixed(1, 3);
    rd(1, 0x3f0);
    wr(1, REG_ESR, 0);
    g_assert_cmphex(rd(1, REG_ESR), ==, 0xc0);
    teardown();
}

static void test_messages_by_store(void)
{
    setup();
    addr_space_st(vm->mem, 0xfee02000, 0x42, 4, MEM_ATTRS_NONE, NULL);      /* a device's */
    g_assert_cmpint(take(2), ==, 0x42);
    addr_space_st(vm->mem, 0xfee00000, 0x43, 4, MEM_ATTRS_NONE, NULL);
    g_assert_cmpint(take(0), ==, 0x43);
    apic_inject_nmi(vm);                    /* LINT1 is masked */
    g_assert_cmpint(seen[0].nmi, ==, 0);
    wr(0, REG_LINT1, 0x400);
    apic_inject_nmi(vm);
    g_assert_cmpint(seen[0].nmi, ==, 1);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/apic/reset", test_reset_values);
    g_test_add_func("/apic/priorities", test_priorities_nest_and_eoi);
    g_test_add_func("/apic/tpr", test_task_priority_holds_back);
    g_test_add_func("/apic/disabled", test_disabled_apic_accepts_nothing);
    g_test_add_func("/apic/logical", test_logical_flat_and_cluster);
    g_test_add_func("/apic/lowest", test_lowest_priority_goes_round_and_avoids_busy);
    g_test_add_func("/apic/ipi", test_ipi_shorthands);
    g_test_add_func("/apic/extint", test_pic_reaches_the_boot_processor);
    g_test_add_func("/apic/eoi", test_eoi_broadcast_of_level_interrupts);
    g_test_add_func("/apic/timer/one-shot", test_timer_one_shot_and_divide);
    g_test_add_func("/apic/timer/periodic", test_timer_periodic);
    g_test_add_func("/apic/timer/deadline", test_timer_tsc_deadline);
    g_test_add_func("/apic/timer/masked", test_masked_timer_is_silent);
    g_test_add_func("/apic/base", test_base_transitions);
    g_test_add_func("/apic/x2apic", test_x2apic_registers);
    g_test_add_func("/apic/errors", test_errors);
    g_test_add_func("/apic/messages", test_messages_by_store);
    return g_test_run();
}
