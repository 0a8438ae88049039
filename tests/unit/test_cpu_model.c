/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models: names, -cpu's text, CPUID against what QEMU 7.2's translator shows a guest. */
#include <string.h>

#include "hw/core/vm.h"
#include "target/i386/cpu.h"
#include "target/i386/model.h"
#include "target/i386/sys.h"

static Vm *vm;

static X86Cpu *make(const char *model, const char *features, unsigned cores, unsigned threads)
{
    X86Topology topo = { 1, cores, threads };
    g_autoptr(GError) err = NULL;
    X86Cpu *c = x86_cpu_create(vm, model, features, &topo, 0, &err);

    g_assert_no_error(err);
    return c;
}

static void drop(X86Cpu *c)
{
    device_unrealize(&c->cpu.dev);
    object_free(&c->cpu.dev.obj);
}

static void assert_leaf(X86Cpu *c, uint32_t leaf, uint32_t sub, const uint32_t want[4])
{
    uint32_t got[4];

    x86_cpuid(c, leaf, sub, got);
    for (unsigned k = 0; k < 4; k++) {
        if (got[k] != want[k]) {
            g_test_message("leaf %x.%x register %u: %08x, not %08x", leaf, sub, k, got[k], want[k]);
        }
        g_assert_cmphex(got[k], ==, want[k]);
    }
}

typedef struct Row { uint32_t leaf, sub, r[4]; } Row;

static void assert_rows(X86Cpu *c, const Row *rows, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        assert_leaf(c, rows[k].leaf, rows[k].sub, rows[k].r);
    }
}

static void test_cpuid_qemu64(void)
{
    static const Row rows[] = {
        { 0, 0, { 0xd, 0x68747541, 0x444d4163, 0x69746e65 } },
        { 1, 0, { 0x60fb1, 0x40800, 0x80002001, 0x178bfbfd } },
        { 2, 0, { 0, 0, 0, 0 } }, { 4, 0, { 0, 0, 0, 0 } }, { 5, 0, { 0, 0, 3, 0 } },
        { 0xb, 0, { 1, 2, 0x100, 0 } }, { 0xb, 1, { 2, 4, 0x201, 0 } }, { 0xb, 2, { 0, 0, 2, 0 } },
        { 0xd, 0, { 0, 0, 0, 0 } },
        { 0x40000000, 0, { 0x40000001, 0x54474354, 0x43544743, 0x47435447 } },
        { 0x80000000, 0, { 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65 } },
        { 0x80000001, 0, { 0x60fb1, 0, 0x3, 0x2193fbfd } },        /* QEMU's also has SVM */
        { 0x80000002, 0, { 0x554d4551, 0x72695620, 0x6c617574, 0x55504320 } },
        { 0x80000005, 0, { 0x01ff01ff, 0x01ff01ff, 0x40020140, 0x40020140 } },
        { 0x80000006, 0, { 0, 0x42004200, 0x02008140, 0x00808140 } },
        { 0x80000008, 0, { 0x3028, 0, 0x2003, 0 } },
    };
    X86Cpu *c = make("qemu64", NULL, 2, 2);

    assert_rows(c, rows, G_N_ELEMENTS(rows));
    drop(c);
}

static void test_cpuid_intel_caches(void)
{
    static const Row rows[] = {
        { 2, 0, { 1, 0, 0x4d, 0x002c307d } },
        { 4, 0, { 0x04000121, 0x01c0003f, 0x3f, 1 } }, { 4, 1, { 0x04000122, 0x01c0003f, 0x3f, 1 } },
        { 4, 2, { 0x04004143, 0x03c0003f, 0xfff, 1 } }, { 4, 3, { 0x0400c163, 0x03c0003f, 0x3fff, 6 } },
        { 4, 4, { 0, 0, 0, 0 } },
    };
    X86Cpu *c = make("kvm64", "vendor=GenuineIntel", 2, 2);

    assert_rows(c, rows, G_N_ELEMENTS(rows));
    drop(c);
}

static void test_beyond_last_leaf(void)
{
    X86Cpu *c = make("max", NULL, 1, 1);
    uint32_t last[4], far[4];

    x86_cpuid(c, c->env.cpuid_level, 0, last);
    x86_cpuid(c, 0x8000ffff, 0, far);
    g_assert_cmpmem(last, 16, far, 16);
    drop(c);
}

static void test_flags(void)
{
    X86Cpu *c = make("qemu64", "-cx16,+smep,pni=off,nx=off,stepping=7,level=5", 1, 1);
    uint32_t r[4];

    g_assert_false(x86_has_feature(c, FE_CX16));
    g_assert_true(x86_has_feature(c, FE_SMEP));
    g_assert_false(x86_has_feature(c, FE_SSE3));
    g_assert_false(x86_has_feature(c, FE_NX));
    x86_cpuid(c, 0, 0, r);
    g_assert_cmphex(r[0], ==, 5);
    x86_cpuid(c, 1, 0, r);
    g_assert_cmphex(r[0], ==, 0x60fb7);
    drop(c);
}

/* "+f" and "-f" win over "f=", whatever the order; underscores are dashes. */
static void test_flag_order(void)
{
    X86Cpu *c = make("qemu64", "+popcnt,popcnt=off,lahf_lm=off,-sse4_1", 1, 1);

    g_assert_true(x86_has_feature(c, FE_POPCNT) ||
                  !__builtin_cpu_supports("popcnt"));
    g_assert_false(x86_has_feature(c, FE_LAHF_LM));
    drop(c);
}

static void assert_refused(const char *model, const char *features, const char *text)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(x86_cpu_create(vm, model, features, NULL, 0, &err));
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(err->message, text));
}

static void test_errors(void)
{
    assert_refused("nosuch", NULL, "unable to find CPU model 'nosuch'");
    assert_refused("qemu64", "+foo", "Property 'qemu64-x86_64-cpu.foo' not found");
    assert_refused("qemu64", "bar=1", "Property 'qemu64-x86_64-cpu.bar' not found");
    assert_refused("qemu64", "nx=maybe", "'nx'");
    assert_refused("qemu64", "level=x", "'level'");
    assert_refused("qemu64", "vendor=short", "vendor");
    assert_refused("qemu64", "tsc-frequency=1", "tsc-frequency");
    assert_refused("qemu64", "enforce,+avx512er", "avx512er");
    g_assert_cmpuint(vm->cpus->len, ==, 0);
}

static void test_models(void)
{
    g_autofree char *help = x86_cpu_help();

    for (unsigned k = 0; k < x86_model_aliases_count; k++) {
        g_assert_true(x86_cpu_model_known(x86_model_aliases[k].name));
        g_assert_true(x86_cpu_model_known(x86_model_aliases[k].of));
        g_assert_nonnull(strstr(help, x86_model_aliases[k].name));
    }
    g_assert_false(x86_cpu_model_known("Haswell-v99"));
}

/* No model promises more than the translator has. */
static void test_masked(void)
{
    uint32_t can[FEAT_WORDS];

    tcg_supported_features(can);
    for (unsigned k = 0; k < x86_models_intel_count; k++) {
        g_autoptr(GError) err = NULL;
        X86CpuDef *d = x86_def_parse(x86_models_intel[k].name, NULL, true, &err);

        g_assert_no_error(err);
        for (unsigned w = 0; w < FEAT_WORDS; w++) {
            g_assert_cmphex(d->words[w] & ~can[w], ==, 0);
        }
        x86_def_free(d);
    }
}

static void test_reset_state(void)
{
    X86Cpu *c = make("qemu64", NULL, 1, 1);

    g_assert_cmphex(c->env.rip, ==, 0xfff0);
    g_assert_cmphex(c->env.seg[SEG_CS].base, ==, 0xffff0000);
    g_assert_cmphex(c->env.gpr[R_RDX], ==, 0x60fb1);
    g_assert_cmphex(c->env.cr0, ==, 0x60000010);
    g_assert_cmphex(c->env.rflags, ==, 2);
    g_assert_cmphex(c->env.dr[6], ==, 0xffff0ff0);
    g_assert_cmpuint(x86_cpl(c), ==, 0);
    drop(c);
}

static void test_msrs(void)
{
    X86Cpu *c = make("qemu64", NULL, 1, 1);
    uint64_t v;

    g_assert_true(x86_wrmsr(c, 0xc0000082, 0xffffffff81000000));
    g_assert_true(x86_rdmsr(c, 0xc0000082, &v) && v == 0xffffffff81000000);
    g_assert_false(x86_wrmsr(c, 0xc0000082, 0x0000800000000000));       /* LSTAR: canonical */
    g_assert_false(x86_wrmsr(c, 0x277, 2));                             /* PAT: type 2 is reserved */
    g_assert_false(x86_wrmsr(c, 0xc0000080, 1 << 20));                  /* EFER: reserved */
    g_assert_false(x86_rdmsr(c, 0x12345, &v));
    g_assert_false(x86_wrmsr(c, 0x401, 1));                             /* MC0_STATUS: only 0 */
    g_assert_true(x86_wrmsr(c, 0x10, 1000));
    g_assert_true(x86_rdmsr(c, 0x10, &v) && v >= 1000 && v < 1000 + 60 * c->env.tsc_hz);
    g_assert_false(x86_rdmsr(c, 0x4b564d01, &v));                       /* no kvmclock in this model */
    drop(c);
}

static void test_vmstate_round_trip(void)
{
    X86Cpu *a = make("qemu64", NULL, 1, 1), *b = make("qemu64", NULL, 1, 1);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    VmWriter w = { bytes };

    for (unsigned k = 0; k < 16; k++) {
        a->env.gpr[k] = 0x1111111111111111ull * k;
    }
    a->env.cr0 = CR0_PE | CR0_PG | CR0_ET;
    a->env.efer = EFER_LME | EFER_LMA;
    a->env.mtrr_var[7].mask = 0x1234;
    a->env.xs.xmm[15][15] = 0x5a;
    x86_load_seg_raw(a, SEG_SS, 0x2b, 0, 0xffffffff, 0xcff300);
    x86_load_seg_raw(a, SEG_CS, 0x33, 0, 0xffffffff, 0xaffb00);
    vmstate_save(&w, &x86_cpu_vmstate, a);
    VmReader r = { bytes->data, bytes->len, 0, false };
    g_assert_true(vmstate_load(&r, &x86_cpu_vmstate, b, x86_cpu_vmstate.version, &err));
    g_assert_no_error(err);
    g_assert_cmpuint(r.pos, ==, bytes->len);
    g_assert_cmpmem(a->env.gpr, sizeof(a->env.gpr), b->env.gpr, sizeof(b->env.gpr));
    g_assert_cmpmem(a->env.seg, sizeof(a->env.seg), b->env.seg, sizeof(b->env.seg));
    g_assert_cmpmem(&a->env.xs, sizeof(a->env.xs), &b->env.xs, sizeof(b->env.xs));
    g_assert_cmphex(b->env.mtrr_var[7].mask, ==, 0x1234);
    g_assert_cmphex(b->env.hflags, ==, a->env.hflags);
    g_assert_cmpuint(x86_cpl(b), ==, 3);
    for (size_t n = 0; n < bytes->len; n += 97) {       /* a truncated stream is refused */
        VmReader cut = { bytes->data, n, 0, false };

        g_assert_false(vmstate_load(&cut, &x86_cpu_vmstate, b, x86_cpu_vmstate.version, NULL));
    }
    drop(b);
    drop(a);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vm = vm_new();
    vm_lock(vm);
    g_test_add_func("/cpu/cpuid_qemu64_is_qemus", test_cpuid_qemu64);
    g_test_add_func("/cpu/cpuid_intel_caches_are_qemus", test_cpuid_intel_caches);
    g_test_add_func("/cpu/cpuid_beyond_last_leaf_is_last", test_beyond_last_leaf);
    g_test_add_func("/cpu/flags_change_words", test_flags);
    g_test_add_func("/cpu/plus_and_minus_win", test_flag_order);
    g_test_add_func("/cpu/wrong_text_is_refused", test_errors);
    g_test_add_func("/cpu/aliases_resolve", test_models);
    g_test_add_func("/cpu/models_are_masked", test_masked);
    g_test_add_func("/cpu/reset_state_is_table_9_1", test_reset_state);
    g_test_add_func("/cpu/msrs_check_values", test_msrs);
    g_test_add_func("/cpu/vmstate_round_trip", test_vmstate_round_trip);
    return g_test_run();
}
