/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's snapshot rows: whatever its registers hold survives save, reset and load. */
#include <string.h>

#include "hw/core/vm.h"
#include "target/i386/cpu.h"

static Vm *vm;
static X86Cpu *cpu;

static void fill(GRand *r, void *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)at)[i] = (uint8_t)g_rand_int(r);
    }
}
#define FILL(m) fill(r, &e->m, sizeof(e->m))

/* Members that rows must carry. Those derived from others, and the model's own, are not in the list. */
#define MEMBERS(_)                                                                                 \
    _(gpr) _(rip) _(cr0) _(cr2) _(cr3) _(cr4) _(cr8) _(xcr0) _(efer) _(dr) _(sipi_vector)          \
    _(tsc_deadline) _(tsc_aux) _(tsc_adjust) _(star) _(lstar) _(cstar) _(sfmask) _(kernel_gs_base) \
    _(sysenter_cs) _(sysenter_esp) _(sysenter_eip) _(pat) _(misc_enable) _(mcg_status) _(mcg_ctl)  \
    _(mce_banks) _(mtrr_fixed) _(mtrr_def_type) _(mtrr_var) _(feature_control) _(spec_ctrl)        \
    _(debugctl) _(xss) _(smbase) _(smi_count) _(kvm_system_time) _(kvm_wall_clock) _(xs)

static void randomize(X86Env *e, GRand *r)
{
#define ONE(m) FILL(m);
    MEMBERS(ONE)
#undef ONE
    e->efer &= 0xd01;
    e->rflags = (g_rand_int(r) & 0x3f7fd5) | 2;
    e->nmi_blocked = g_rand_boolean(r);
    e->wait_sipi = g_rand_boolean(r);
    e->smi_blocked = g_rand_boolean(r);
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        FILL(seg[i].base);
        FILL(seg[i].limit);
        FILL(seg[i].attr);
        FILL(seg[i].sel);
    }
    FILL(gdt.base);
    FILL(gdt.limit);
    FILL(idt.base);
    FILL(idt.limit);
}

static GByteArray *save(void)
{
    VmWriter w = { g_byte_array_new() };

    vmstate_save(&w, device_type_vmstate(cpu->cpu.dev.type), cpu);
    return w.out;
}

static void check(const X86Env *want)
{
#define ONE(m) g_assert_cmpmem(&cpu->env.m, sizeof(want->m), &want->m, sizeof(want->m));
    MEMBERS(ONE)
#undef ONE
    g_assert_cmphex(cpu->env.rflags, ==, want->rflags);
    g_assert_cmpint(cpu->env.nmi_blocked, ==, want->nmi_blocked);
    g_assert_cmpint(cpu->env.wait_sipi, ==, want->wait_sipi);
    g_assert_cmphex(cpu->env.gdt.base, ==, want->gdt.base);
    g_assert_cmphex(cpu->env.idt.limit, ==, want->idt.limit);
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        g_assert_cmphex(cpu->env.seg[i].base, ==, want->seg[i].base);
        g_assert_cmphex(cpu->env.seg[i].attr, ==, want->seg[i].attr);
    }
}

static void test_round_trip(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(7);

    for (unsigned i = 0; i < 50; i++) {
        g_autoptr(GByteArray) first = NULL, second = NULL;
        g_autofree X86Env *want = NULL;
        g_autoptr(GError) err = NULL;
        VmReader in;

        randomize(&cpu->env, r);
        cpu->cpu.halted = g_rand_boolean(r);
        cpu->cpu.pending = g_rand_int(r) & 0x1003f;
        first = save();
        want = g_memdup2(&cpu->env, sizeof(cpu->env));
        device_reset(&cpu->cpu.dev, RESET_COLD);
        in = (VmReader){ .data = first->data, .size = first->len };
        g_assert_true(vmstate_load(&in, device_type_vmstate(cpu->cpu.dev.type), cpu, 12, &err));
        g_assert_no_error(err);
        g_assert_cmpuint(in.pos, ==, in.size);
        check(want);
        g_assert_cmphex(cpu->cpu.pending & CPU_PENDING_EXIT, ==, 0);
        second = save();
        cpu->cpu.pending = 0;
        g_assert_cmpuint(second->len, ==, first->len);
    }
}

static void test_cut_streams(void)
{
    g_autoptr(GByteArray) whole = save();

    for (guint n = 0; n < whole->len; n += 7) {
        VmReader in = { .data = whole->data, .size = n };

        g_assert_false(vmstate_load(&in, device_type_vmstate(cpu->cpu.dev.type), cpu, 12, NULL));
    }
    device_reset(&cpu->cpu.dev, RESET_COLD);
}

int main(int argc, char **argv)
{
    static const X86Topology topo = { 1, 1, 1 };

    g_test_init(&argc, &argv, NULL);
    vm = vm_new();
    vm_lock(vm);
    cpu = x86_cpu_create(vm, "max", NULL, &topo, 0, NULL);
    g_assert_nonnull(cpu);
    g_test_add_func("/cpu_state/round_trip", test_round_trip);
    g_test_add_func("/cpu_state/cut_streams", test_cut_streams);
    return g_test_run();
}
