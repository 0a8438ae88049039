/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The KVM accelerator on the host's own /dev/kvm: kicks, doorbells, coalesced stores, ROM, dirty logs, interrupts
 * from eventfds, breakpoints, registers to and fro, statistics. Skipped, loudly, where the node is not there. */
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/irqchip.h"
#include "tests/unit/kvm_vm.h"

#define OFF "{'accel': 'kvm', 'kernel-irqchip': 'off'}"
#define ON "{'accel': 'kvm', 'kernel-irqchip': 'on'}"
#define RING "{'accel': 'kvm', 'kernel-irqchip': 'off', 'dirty-ring-size': '1024'}"

static bool skip(void)
{
    if (!kvm_present()) {
        g_test_skip("/dev/kvm is not there or not ours to open");
        return true;
    }
    return false;
}

static uint32_t ram32(KvmtVm *t, unsigned at)
{
    uint32_t v;

    memcpy(&v, mem_ram_ptr(&t->ram) + at, sizeof(v));
    return v;
}

/* Until *at changes to at least v, 5 s at most. */
static void wait32(KvmtVm *t, unsigned at, uint32_t v)
{
    gint64 end = g_get_monotonic_time() + 5000000;

    while (ram32(t, at) < v) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(200);
    }
}

/* ---- kicks */

static uint64_t mmio_seen; /* atomic */

static void count_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    __atomic_fetch_add(&mmio_seen, 1, __ATOMIC_RELAXED);
}

static const MemOps count_ops = { .write = count_write, .max_size = 4 };
static const MemOps count_unlocked = { .write = count_write, .max_size = 4, .unlocked = true };

static void nothing(Cpu *cpu, void *opaque) { ++*(unsigned *)opaque; }

static void kick(const char *accel, const void *code, size_t n)
{
    enum { KICKS = 8000, STALL_US = 50000 };
    MemRegion io;
    KvmtVm t;
    unsigned done = 0;
    gint64 worst = 0;

    kvmt_make(&t, accel, 1);
    mem_init_io(&io, "io", 0x1000, &count_ops, NULL);
    mem_add(&t.vm->system_region, 0xd0000, &io, 1);
    kvmt_code(&t, code, n);
    kvmt_go(&t);
    for (unsigned i = 0; i < KICKS; i++) {
        gint64 from = g_get_monotonic_time();

        cpu_run(&kvmt_cpu(&t, 0)->cpu, nothing, &done);
        worst = MAX(worst, g_get_monotonic_time() - from);
    }
    g_assert_cmpuint(done, ==, KICKS);
    g_test_message("slowest of %u kicks: %d us", KICKS, (int)worst);
    /* the limit is about lost wake-ups, not about a busy host: one outlier may be the scheduler's */
    g_assert_cmpint(worst, <, STALL_US * (g_test_slow() ? 1 : 8));
    vm_lock(t.vm);
    mem_fini(&io);
    kvmt_end(&t);
}

static const uint8_t spin_code[] = { 0xeb, 0xfe };
static const uint8_t halt_code[] = { 0xf4, 0xeb, 0xfd };
static const uint8_t mmio_code[] = { 0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa2, 0x00, 0x00, 0xeb, 0xfb };

static void test_kicks(gconstpointer accel)
{
    if (!skip()) {
        kick(accel, spin_code, sizeof(spin_code));
        kick(accel, halt_code, sizeof(halt_code));
        kick(accel, mmio_code, sizeof(mmio_code));
    }
}

/* ---- memory */

/* inc dword [0x5000]; mov eax, [0x5004]; out 0x50, al; again */
static const uint8_t loop_code[] = { 0x31, 0xc0, 0x8e, 0xd8, 0x66, 0xff, 0x06, 0x00, 0x50, 0x90,
                                     0x66, 0xa1, 0x04, 0x50, 0xe6, 0x50, 0xeb, 0xf2 };

static void test_dirty_log(gconstpointer accel)
{
    uint64_t bits[KVMT_RAM / 4096 / 64];
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, accel, 1);
    kvmt_code(&t, loop_code, sizeof(loop_code));
    mem_set_log_dirty(&t.ram, DIRTY_VGA, true);
    ram_dirty_clear(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA);
    g_assert_false(ram_dirty_get(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA));
    kvmt_go(&t);
    wait32(&t, 0x5000, 100);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_true(ram_dirty_snapshot(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA, bits));
    for (unsigned p = 0; p < KVMT_RAM / 4096; p++) {
        g_assert_cmpint(bits[p / 64] >> (p % 64) & 1, ==, p == 5);
    }
    g_assert_false(ram_dirty_get(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA));
    vm_start(t.vm);                 /* and once more: the mark was taken, the next write makes a new one */
    vm_unlock(t.vm);
    wait32(&t, 0x5000, ram32(&t, 0x5000) + 100);
    g_assert_true(ram_dirty_get(t.ram.ram, 0x5000, 4096, DIRTY_VGA));
    kvmt_end(&t);
}

/* mov ds, 0xc800; inc byte [0]; mov al, [0]; out 0x50, al; mov ds, 0; inc dword [0x5000]; again */
static const uint8_t rom_code[] = { 0xb8, 0x00, 0xc8, 0x8e, 0xd8, 0xfe, 0x06, 0x00, 0x00, 0xa0, 0x00, 0x00, 0xe6,
                                    0x50, 0x31, 0xc0, 0x8e, 0xd8, 0x66, 0xff, 0x06, 0x00, 0x50, 0xeb, 0xe7 };

static void test_rom_keeps_its_contents(void)
{
    g_autoptr(GError) err = NULL;
    MemRegion rom;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    mem_init_rom(&rom, "rom", 0x8000, &err);
    g_assert_no_error(err);
    mem_ram_ptr(&rom)[0] = 0x5a;
    mem_add(&t.vm->system_region, 0xc8000, &rom, 1);
    kvmt_code(&t, rom_code, sizeof(rom_code));
    kvmt_go(&t);
    wait32(&t, 0x5000, 50);
    g_assert_cmphex(mem_ram_ptr(&rom)[0], ==, 0x5a);
    vm_lock(t.vm);
    mem_del(&rom);                  /* with the guest running: now it writes RAM */
    vm_unlock(t.vm);
    wait32(&t, 0x5000, ram32(&t, 0x5000) + 50);
    g_assert_cmphex(mem_ram_ptr(&rom)[0], ==, 0x5a);
    g_assert_cmphex(mem_ram_ptr(&t.ram)[0xc8000], !=, 0);
    vm_lock(t.vm);
    mem_fini(&rom);
    kvmt_end(&t);
}

/* ---- doorbells and coalesced stores */

static void test_ioeventfd_rings_without_the_device(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const MemEventfd e = { .off = 0, .size = 1, .match = true, .data = 0, .fd = fd };
    MemRegion io;
    uint64_t n = 0, before;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    mem_init_io(&io, "bell", 1, &count_ops, NULL);
    mem_add(&t.vm->io_region, 0x50, &io, 0);
    mem_add_eventfd(&io, &e);
    kvmt_code(&t, loop_code, sizeof(loop_code));
    mmio_seen = 0;
    kvmt_go(&t);
    wait32(&t, 0x5000, 200);
    g_assert_cmpint(read(fd, &n, sizeof(n)), ==, sizeof(n));
    g_assert_cmpuint(n, >=, 199);
    g_assert_cmpuint(mmio_seen, ==, 0);
    g_assert_cmpuint(kvm_entries(&kvmt_cpu(&t, 0)->cpu), <, 50);       /* the kernel rang */
    memset(mem_ram_ptr(&t.ram) + 0x5004, 7, 1);                        /* no match now: the device hears */
    before = ram32(&t, 0x5000);
    wait32(&t, 0x5000, (uint32_t)before + 50);
    g_assert_cmpuint(__atomic_load_n(&mmio_seen, __ATOMIC_RELAXED), >=, 40);
    vm_lock(t.vm);
    mem_del_eventfd(&io, &e);
    mem_fini(&io);
    kvmt_end(&t);
    close(fd);
}

static void test_coalesced_stores_arrive(void)
{
    MemRegion io;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    mem_init_io(&io, "lazy", 1, &count_ops, NULL);
    mem_add(&t.vm->io_region, 0x50, &io, 0);
    mem_set_coalesced(&io, true);
    kvmt_code(&t, loop_code, sizeof(loop_code));
    mmio_seen = 0;
    kvmt_go(&t);
    wait32(&t, 0x5000, 2000);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    ram_dirty_get(t.ram.ram, 0, 4096, DIRTY_VGA);      /* who looks at device memory gets all of them */
    g_assert_cmpuint(mmio_seen + 1, >=, ram32(&t, 0x5000));
    if (kvm_cap(kvm_of(t.vm), 162)) {                   /* KVM_CAP_COALESCED_PIO */
        g_assert_cmpuint(kvm_entries(&kvmt_cpu(&t, 0)->cpu), <, ram32(&t, 0x5000) / 4);
    }
    mem_fini(&io);
    kvmt_end(&t);
}

static void test_one_entry_an_exit(void)
{
    MemRegion io;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    mem_init_io(&io, "port", 1, &count_unlocked, NULL);
    mem_add(&t.vm->io_region, 0x50, &io, 0);
    kvmt_code(&t, loop_code, sizeof(loop_code));
    mmio_seen = 0;
    kvmt_go(&t);
    wait32(&t, 0x5000, 3000);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_cmpuint(kvm_entries(&kvmt_cpu(&t, 0)->cpu), <=, mmio_seen + 20);  /* and some kicks */
    mem_fini(&io);
    kvmt_end(&t);
}

/* ---- interrupts from eventfds */

/* Sets up the master 8259, [0x6004] = 1, then halts; IRQ 5 counts in [0x6000]. */
static const uint8_t irq_code[] = {
    0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70, 0xc7, 0x06, 0x94, 0x00, 0x33, 0x7c,
    0xc7, 0x06, 0x96, 0x00, 0x00, 0x00, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04,
    0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xdf, 0xe6, 0x21, 0xc6, 0x06, 0x04, 0x60, 0x01, 0xfb,
    0xf4, 0xeb, 0xfc, 0x66, 0xff, 0x06, 0x00, 0x60, 0xb0, 0x20, 0xe6, 0x20, 0xcf,
};

static void test_irqfd_wakes_a_halted_vcpu(void)
{
    enum { TIMES = 500 };
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_autoptr(GError) err = NULL;
    const uint64_t one = 1;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, ON, 1);
    g_assert_true(irqchip_ops(t.vm)->irqfd(t.vm->accel, 5, fd, -1, true, &err));
    kvmt_code(&t, irq_code, sizeof(irq_code));
    kvmt_go(&t);
    wait32(&t, 0x6004, 1);
    for (uint32_t i = 1; i <= TIMES; i++) {
        g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
        wait32(&t, 0x6000, i);
    }
    g_assert_cmpuint(ram32(&t, 0x6000), ==, TIMES);
    g_assert_true(irqchip_ops(t.vm)->irqfd(t.vm->accel, 5, fd, -1, false, &err));
    kvmt_end(&t);
    close(fd);
}

/* ---- breakpoints */

static bool wait_state_for(KvmtVm *t, RunState s, gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;
    int code;

    do {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(500);
        vm_lock(t->vm);
        vm_process_requests(t->vm, &code);
        vm_unlock(t->vm);
    } while (t->vm->run_state != s);
    return true;
}

static void wait_state(KvmtVm *t, RunState s) { g_assert_true(wait_state_for(t, s, 5000000)); }

static void test_breakpoints_and_watchpoints(void)
{
    g_autoptr(GError) err = NULL;
    X86Cpu *c;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    c = kvmt_cpu(&t, 0);
    kvmt_code(&t, loop_code, sizeof(loop_code));
    g_assert_true(kvm_break_add(t.vm, KVM_BREAK_HARD, KVMT_CODE + 9, 1, &err));
    kvmt_go(&t);
    wait_state(&t, RUN_DEBUG);
    g_assert_nonnull(kvm_break_hit(&c->cpu));
    g_assert_cmphex(kvm_break_hit(&c->cpu)->at, ==, KVMT_CODE + 9);
    vm_lock(t.vm);
    g_assert_true(cpu_regs_pull(&c->cpu, &err));
    g_assert_cmphex(c->env.rip, ==, KVMT_CODE + 9);
    g_assert_cmpuint(ram32(&t, 0x5000), ==, 1);
    g_assert_true(kvm_break_del(t.vm, KVM_BREAK_HARD, KVMT_CODE + 9, 1, &err));

    kvm_single_step(&c->cpu, true);
    kvmt_go(&t);
    wait_state(&t, RUN_DEBUG);
    vm_lock(t.vm);
    g_assert_true(cpu_regs_pull(&c->cpu, &err));
    g_assert_cmphex(c->env.rip, ==, KVMT_CODE + 10);
    kvm_single_step(&c->cpu, false);

    /* a read and a write of one double word, told apart by what they watch; data breakpoints hit behind */
    g_assert_true(kvm_break_add(t.vm, KVM_WATCH_WRITE, 0x5000, 4, &err));
    g_assert_false(kvm_break_add(t.vm, KVM_WATCH_WRITE, 0x5001, 4, NULL));
    kvmt_go(&t);
    if (wait_state_for(&t, RUN_DEBUG, 1000000)) {
        g_assert_nonnull(kvm_break_hit(&c->cpu));
        g_assert_cmpint(kvm_break_hit(&c->cpu)->kind, ==, KVM_WATCH_WRITE);
    } else {
        g_test_message("SKIP: this host's KVM does not trap data accesses of code it emulates");
    }
    kvmt_end(&t);
}

/* ---- registers */

static void test_registers_survive_the_kernel(void)
{
    g_autoptr(GError) err = NULL;
    X86Cpu *c;
    X86Env before;
    KvmtVm t;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    c = kvmt_cpu(&t, 0);
    kvmt_code(&t, spin_code, sizeof(spin_code));
    for (unsigned i = 0; i < 16; i++) {
        c->env.gpr[i] = 0x0101010101010101ull * (i + 1);
        memset(c->env.xs.xmm[i], 0x20 + (int)i, 16);
    }
    c->env.xs.st[0] = (X86Fp){ .mant = 0xc000000000000000ull, .se = 0x3fff };
    c->env.xs.ftw = 0x80;
    c->env.xs.fsw = 7 << 11;
    c->env.dr[0] = 0x1234;
    c->env.lstar = 0x123456789abcull;
    c->env.pat = 0x0007040600070406ull;
    before = c->env;
    kvmt_go(&t);
    kvmt_wait_entry(&t);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    memset(c->env.gpr, 0, sizeof(c->env.gpr));
    memset(&c->env.xs, 0, sizeof(c->env.xs));
    g_assert_true(cpu_regs_pull(&c->cpu, &err));
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmphex(c->env.gpr[i], ==, before.gpr[i]);
        g_assert_cmpmem(c->env.xs.xmm[i], 16, before.xs.xmm[i], 16);
    }
    g_assert_cmphex(c->env.xs.st[0].mant, ==, before.xs.st[0].mant);
    g_assert_cmphex(c->env.xs.st[0].se, ==, before.xs.st[0].se);
    g_assert_cmphex(c->env.rip, ==, KVMT_CODE);
    g_assert_cmphex(c->env.dr[0], ==, 0x1234);
    g_assert_cmphex(c->env.lstar, ==, before.lstar);
    g_assert_cmphex(c->env.seg[SEG_CS].attr, ==, before.seg[SEG_CS].attr);
    kvmt_end(&t);
}

static void test_statistics(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) vm_rows = NULL, cpu_rows = NULL;
    KvmtVm t;
    bool exits = false;

    if (skip()) {
        return;
    }
    kvmt_make(&t, OFF, 1);
    vm_rows = kvm_stats(t.vm, NULL, &err);
    g_assert_no_error(err);
    cpu_rows = kvm_stats(t.vm, &kvmt_cpu(&t, 0)->cpu, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(vm_rows->len, >, 5);
    for (guint i = 0; i < cpu_rows->len; i++) {
        exits = exits || strcmp(((KvmStat *)g_ptr_array_index(cpu_rows, i))->name, "exits") == 0;
    }
    g_assert_true(exits);
    kvmt_end(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/kvm/kicks/off", OFF, test_kicks);
    g_test_add_data_func("/kvm/kicks/on", ON, test_kicks);
    g_test_add_data_func("/kvm/dirty/bitmap", OFF, test_dirty_log);
    g_test_add_data_func("/kvm/dirty/ring", RING, test_dirty_log);
    g_test_add_func("/kvm/rom", test_rom_keeps_its_contents);
    g_test_add_func("/kvm/ioeventfd", test_ioeventfd_rings_without_the_device);
    g_test_add_func("/kvm/coalesced", test_coalesced_stores_arrive);
    g_test_add_func("/kvm/one_entry_an_exit", test_one_entry_an_exit);
    g_test_add_func("/kvm/irqfd", test_irqfd_wakes_a_halted_vcpu);
    g_test_add_func("/kvm/debug", test_breakpoints_and_watchpoints);
    g_test_add_func("/kvm/registers", test_registers_survive_the_kernel);
    g_test_add_func("/kvm/stats", test_statistics);
    return g_test_run();
}
