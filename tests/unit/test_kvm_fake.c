/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The KVM accelerator on a made-up kernel: what a host at hand may not have or not do. Every ioctl is recorded;
 * KVM_RUN returns what a case puts into the run area. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "accel/irqchip.h"
#include "accel/kvm/sys.h"
#include "target/i386/apic_if.h"
#include "target/i386/sys.h"
#include "tests/unit/kvm_vm.h"

enum { NODE_FD = 1000, VM_FD, VCPU_FD, RUN_BYTES = 3 * 4096, RING_ENTRIES = 16,
       TILES_AT = 2816, XSAVE_BYTES = TILES_AT + 8192, PV_FIRST = 0x4b564d02, PV_COUNT = 5 };

typedef struct Fake {
    int open_error, api, missing_cap;
    int caps[320];
    struct kvm_run *run;
    struct kvm_dirty_gfn *ring;
    int (*on_run)(struct kvm_run *run);     /* 0, or -errno; NULL: waits for a kick */
    unsigned runs, immediate, smi, nmi, resets, set_nested, get_nested, routings, slots_as1, refused;
    unsigned route_count, readonly_slots;
    bool interprets;
    uint32_t permitted;
    struct kvm_x86_mce mce;
    uint8_t xsave[XSAVE_BYTES];             /* what was written last, and is read again */
    uint32_t tile_leaf, reinject;
    uint64_t pv[PV_COUNT];                  /* async page faults, steal time, EOI, poll, async interrupt */
    struct { struct kvm_nested_state head; uint8_t data[4096]; } nested;
    uint32_t refuse_msr, nested_size;
    struct kvm_irqfd irqfd;
    struct kvm_guest_debug debug;
    struct kvm_vcpu_events events;
    GArray *memory;                         /* of struct kvm_userspace_memory_region */
} Fake;
static Fake fake; /* vCPU thread and main thread: cases look at it when the vCPU stands still */

static int fake_open(const char *path) { return fake.open_error != 0 ? -fake.open_error : NODE_FD; }

static int fake_cpuid(struct kvm_cpuid2 *c)
{
    const struct kvm_cpuid_entry2 rows[] = {
        { .function = 0, .eax = 0x1e, .ebx = 0x68747541, .ecx = 0x444d4163, .edx = 0x69746e65 },
        { .function = 1, .eax = 0xb00f21, .ecx = 0x04202000, .edx = 0x078bfbff },
        { .function = 7, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .edx = 1u << 24 },      /* AMX-TILE */
        { .function = 13, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .eax = 0x60003, .ebx = XSAVE_BYTES },
        { .function = 13, .index = 17, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .eax = 64, .ebx = 2752 },
        { .function = 13, .index = 18, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .eax = 8192, .ebx = TILES_AT },
        { .function = 0x1d, .index = 1, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .eax = 0x04002000 },
        { .function = 0x80000000, .eax = 0x8000000a },
        { .function = 0x80000001, .ecx = 0x00000005, .edx = 0x23d3fbff },
        { .function = 0x80000008, .eax = 0x3030 },
        { .function = 0x40000001, .eax = 0x01007efb },
    };

    memcpy(c->entries, rows, sizeof(rows));
    c->nent = G_N_ELEMENTS(rows);
    return 0;
}

static int fake_set_cpuid(const struct kvm_cpuid2 *c)
{
    for (uint32_t i = 0; i < c->nent; i++) {
        if (c->entries[i].function == 0x1d && c->entries[i].index == 1) {
            fake.tile_leaf = c->entries[i].eax;
        }
    }
    return 0;
}

static int fake_msrs(struct kvm_msrs *m, bool set)
{
    for (unsigned i = 0; i < m->nmsrs; i++) {
        if (m->entries[i].index == fake.refuse_msr) {
            fake.refused++;
            return (int)i;
        }
        if (m->entries[i].index - PV_FIRST < PV_COUNT) {
            uint64_t *slot = &fake.pv[m->entries[i].index - PV_FIRST];

            if (set) {
                *slot = m->entries[i].data;
            } else {
                m->entries[i].data = *slot;
            }
        }
    }
    return (int)m->nmsrs;
}

static int fake_msr_list(struct kvm_msr_list *l)
{
    static const uint32_t list[] = { 0x10, 0x277, 0xc0000081, 0xc0000082, 0x4b564d00, 0x4b564d01, 0x4b564d02,
                                     0x4b564d03, 0x4b564d04, 0x4b564d05, 0x4b564d06 };

    memcpy(l->indices, list, sizeof(list));
    l->nmsrs = G_N_ELEMENTS(list);
    return 0;
}

static int fake_run(void)
{
    __atomic_add_fetch(&fake.runs, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&fake.run->immediate_exit, __ATOMIC_SEQ_CST)) {
        fake.immediate++;
        fake.run->exit_reason = KVM_EXIT_INTR;
        return -EINTR;
    }
    if (fake.on_run != NULL) {
        int (*fn)(struct kvm_run *run) = fake.on_run;

        fake.on_run = NULL;
        fake.run->flags = 0;
        return fn(fake.run);
    }
    while (!__atomic_load_n(&fake.run->immediate_exit, __ATOMIC_SEQ_CST)) {
        g_usleep(100);
    }
    fake.run->exit_reason = KVM_EXIT_INTR;
    return -EINTR;
}

static int fake_slot(const struct kvm_userspace_memory_region *r)
{
    g_array_append_val(fake.memory, *r);
    fake.slots_as1 += r->slot >> 16 == 1;
    fake.readonly_slots += (r->flags & KVM_MEM_READONLY) != 0;
    return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
    switch (request) {
    case KVM_GET_API_VERSION:       return fake.api;
    case KVM_CREATE_VM:             return VM_FD;
    case KVM_CREATE_VCPU:           return VCPU_FD;
    case KVM_GET_VCPU_MMAP_SIZE:    return RUN_BYTES;
    case KVM_CHECK_EXTENSION:       return fake.caps[(uintptr_t)arg];
    case KVM_GET_SUPPORTED_CPUID:   return fake_cpuid(arg);
    case KVM_GET_MSR_INDEX_LIST:    return fake_msr_list(arg);
    case KVM_GET_MSRS:              return fake_msrs(arg, false);
    case KVM_SET_MSRS:              return fake_msrs(arg, true);
    case KVM_REINJECT_CONTROL:      fake.reinject = ((struct kvm_reinject_control *)arg)->pit_reinject; return 0;
    case KVM_RUN:                   return fake_run();
    case KVM_SET_USER_MEMORY_REGION: return fake_slot(arg);
    case KVM_SET_GUEST_DEBUG:       fake.debug = *(struct kvm_guest_debug *)arg; return 0;
    case KVM_SET_VCPU_EVENTS:       fake.events = *(struct kvm_vcpu_events *)arg; return 0;
    case KVM_X86_SET_MCE:           fake.mce = *(struct kvm_x86_mce *)arg; return 0;
    case KVM_X86_GET_MCE_CAP_SUPPORTED: *(uint64_t *)arg = 0x100 | 32; return 0;
    case KVM_GET_DEVICE_ATTR:
        *(uint64_t *)(uintptr_t)((struct kvm_device_attr *)arg)->addr = 1 << 18;
        return 0;
    case KVM_SET_CPUID2:            return fake_set_cpuid(arg);
    case KVM_SET_XSAVE:             memcpy(fake.xsave, arg, XSAVE_BYTES); return 0;
    case KVM_GET_XSAVE2:            memcpy(arg, fake.xsave, XSAVE_BYTES); return 0;
    case KVM_SMI:                   fake.smi++; return 0;
    case KVM_NMI:                   fake.nmi++; return 0;
    case KVM_RESET_DIRTY_RINGS:     fake.resets++; return 1;
    case KVM_SET_NESTED_STATE:
        fake.set_nested++;
        memcpy(&fake.nested, arg, MIN(((struct kvm_nested_state *)arg)->size, sizeof(fake.nested)));
        return 0;
    case KVM_GET_NESTED_STATE:
        fake.get_nested++;
        fake.nested_size = ((struct kvm_nested_state *)arg)->size;
        memcpy(arg, &fake.nested, fake.nested.head.size);
        return 0;
    case KVM_SET_GSI_ROUTING:
        fake.routings++;
        fake.route_count = ((struct kvm_irq_routing *)arg)->nr;
        return 0;
    case KVM_IRQFD:                 fake.irqfd = *(struct kvm_irqfd *)arg; return 0;
    case KVM_GET_XCRS:              ((struct kvm_xcrs *)arg)->nr_xcrs = 0; return 0;
    case KVM_GET_REGS:              memset(arg, 0, sizeof(struct kvm_regs)); return 0;
    case KVM_GET_SREGS:             memset(arg, 0, sizeof(struct kvm_sregs)); return 0;
    case KVM_GET_XSAVE:             memset(arg, 0, sizeof(struct kvm_xsave)); return 0;
    case KVM_GET_MP_STATE:          memset(arg, 0, sizeof(struct kvm_mp_state)); return 0;
    case KVM_GET_LAPIC:             memset(arg, 0, sizeof(struct kvm_lapic_state)); return 0;
    case KVM_GET_TSC_KHZ:           return 2000000;
    default:                        return 0;
    }
}

static void *fake_map(int fd, size_t size, size_t offset)
{
    void *p = NULL;

    if (posix_memalign(&p, 4096, size) != 0) {
        return NULL;
    }
    memset(p, 0, size);
    if (offset == 0) {
        fake.run = p;
    } else {
        fake.ring = p;
    }
    return p;
}

static void fake_unmap(void *p, size_t size) { free(p); }
static int64_t fake_read_at(int fd, void *buf, size_t n, uint64_t offset) { return -EIO; }
static void fake_close(int fd) {}
static void fake_signal(int tid) {}
static int fake_permit(unsigned component) { fake.permitted |= 1u << component; return 0; }
static bool fake_virtualizes(void) { return !fake.interprets; }

static const KvmSys fake_sys = {
    .open = fake_open, .ioctl = fake_ioctl, .map = fake_map, .unmap = fake_unmap, .read_at = fake_read_at,
    .close = fake_close, .signal = fake_signal, .virtualizes = fake_virtualizes, .permit = fake_permit,
};

static void fake_new(void)
{
    if (fake.memory != NULL) {
        g_array_free(fake.memory, TRUE);
    }
    fake = (Fake){ .api = KVM_API_VERSION };
    fake.memory = g_array_new(FALSE, TRUE, sizeof(struct kvm_userspace_memory_region));
    for (unsigned i = 0; i < G_N_ELEMENTS(fake.caps); i++) {
        fake.caps[i] = 1;
    }
    fake.caps[KVM_CAP_NR_MEMSLOTS] = 64;
    fake.caps[KVM_CAP_MAX_VCPUS] = 4;
    fake.caps[KVM_CAP_COALESCED_MMIO] = 2;
    fake.caps[KVM_CAP_XSAVE2] = XSAVE_BYTES;
    fake.caps[KVM_CAP_NESTED_STATE] = 4096 + 128;
    fake.caps[KVM_CAP_MULTI_ADDRESS_SPACE] = 2;
    fake.caps[KVM_CAP_IRQ_ROUTING] = 1024;
    fake.caps[KVM_CAP_DIRTY_LOG_RING_ACQ_REL] = 65536 * 16;
    fake.caps[KVM_CAP_MCE] = 32;
    kvm_sys = &fake_sys;
}

/* ---- opening */

static void expect_failure(const char *text)
{
    g_autoptr(Json) opts = json_parse("{'accel': 'kvm'}", NULL);
    g_autoptr(GError) err = NULL;
    Vm *vm = vm_new();

    vm_lock(vm);
    g_assert_false(accel_create(vm, opts, &err));
    if (strstr(err->message, text) == NULL) {
        g_error("'%s' is not in '%s'", text, err->message);
    }
    vm_unlock(vm);
    vm_free(vm);
}

static void test_each_failure_has_its_message(void)
{
    fake_new();
    fake.open_error = ENOENT;
    expect_failure("is not there: load the kvm_intel or kvm_amd module");
    fake.open_error = EACCES;
    expect_failure("add the user to the group kvm");
    fake.open_error = EBUSY;
    expect_failure("in use by another hypervisor");
    fake_new();
    fake.api = 11;
    expect_failure("API version 11, not 12");
    fake_new();
    fake.caps[KVM_CAP_IMMEDIATE_EXIT] = 0;
    expect_failure("lacks KVM_CAP_IMMEDIATE_EXIT");
}

/* ---- exits */

static void wait_state(KvmtVm *t, RunState s)
{
    gint64 end = g_get_monotonic_time() + 5000000;
    int code;

    do {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(300);
        vm_lock(t->vm);
        vm_process_requests(t->vm, &code);
        vm_unlock(t->vm);
    } while (t->vm->run_state != s);
}

static int internal(struct kvm_run *run, uint32_t suberror)
{
    static const uint8_t code[] = { 0x0f, 0x0b, 0x90 };

    run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
    run->internal.suberror = suberror;
    run->internal.ndata = 200;              /* more than there is room for */
    run->internal.data[0] = 0x1234;
    if (suberror == KVM_INTERNAL_ERROR_EMULATION) {
        run->emulation_failure.ndata = 3;
        run->emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
        run->emulation_failure.insn_size = 200;
        memcpy(run->emulation_failure.insn_bytes, code, sizeof(code));
    }
    return 0;
}

static int run_emulation(struct kvm_run *r) { return internal(r, KVM_INTERNAL_ERROR_EMULATION); }
static int run_simul(struct kvm_run *r) { return internal(r, KVM_INTERNAL_ERROR_SIMUL_EX); }
static int run_delivery(struct kvm_run *r) { return internal(r, KVM_INTERNAL_ERROR_DELIVERY_EV); }
static int run_unexpected(struct kvm_run *r) { return internal(r, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON); }
static int run_other(struct kvm_run *r) { return internal(r, 77); }
static int run_entry(struct kvm_run *r) { r->exit_reason = KVM_EXIT_FAIL_ENTRY; return 0; }
static int run_unknown(struct kvm_run *r) { r->exit_reason = KVM_EXIT_UNKNOWN; return 0; }
static int run_strange(struct kvm_run *r) { r->exit_reason = 999; return 0; }
static int run_fault(struct kvm_run *r) { return -EFAULT; }

static int run_notify(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_NOTIFY;
    r->notify.flags = KVM_NOTIFY_CONTEXT_INVALID;
    return 0;
}

static void test_internal_errors_stop_the_vm(void)
{
    int (*const all[])(struct kvm_run *run) = { run_emulation, run_simul, run_delivery, run_unexpected, run_other,
                                                run_entry, run_unknown, run_strange, run_fault, run_notify };
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        fake.on_run = all[i];
        kvmt_go(&t);
        wait_state(&t, RUN_INTERNAL_ERROR);         /* not dead: the next round starts it again */
        vm_lock(t.vm);
    }
    kvmt_end(&t);
}

static int run_shutdown(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_SYSTEM_EVENT;
    r->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
    return 0;
}

static void test_system_event_shuts_down(void)
{
    gint64 end = g_get_monotonic_time() + 5000000;
    bool ended = false;
    int code;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    fake.on_run = run_shutdown;
    kvmt_go(&t);
    while (!ended) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(300);
        vm_lock(t.vm);
        ended = vm_process_requests(t.vm, &code);
        vm_unlock(t.vm);
    }
    kvmt_end(&t);
}

/* ---- I/O is finished before registers are looked at */

static int run_mmio(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_MMIO;
    r->mmio.phys_addr = 0xd0000;
    r->mmio.len = 4;
    r->mmio.is_write = 0;
    return 0;
}

static void pull(Cpu *cpu, void *opaque) {}

/* The device asks its own vCPU out of the guest. */
static uint64_t read_and_leave(void *opaque, GuestAddr off, unsigned size)
{
    cpu_run_async(current_cpu, pull, NULL);
    return 0x55;
}

static const MemOps leave_ops = { .read = read_and_leave, .max_size = 4 };

static void test_io_is_finished_before_a_stop(void)
{
    unsigned before;
    MemRegion io;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    mem_init_io(&io, "io", 0x1000, &leave_ops, NULL);
    mem_add(&t.vm->system_region, 0xd0000, &io, 1);
    kvmt_go(&t);
    kvmt_wait_entry(&t);
    before = fake.immediate;
    fake.on_run = run_mmio;
    cpu_run(&kvmt_cpu(&t, 0)->cpu, pull, NULL);     /* out, and in again: now the access comes */
    vm_lock(t.vm);
    while (fake.on_run != NULL) {
        vm_unlock(t.vm);
        g_usleep(200);
        vm_lock(t.vm);
    }
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_cmpuint(fake.immediate, >, before);    /* an entry that left at once */
    g_assert_cmphex(fake.run->mmio.data[0], ==, 0x55);
    mem_fini(&io);
    kvmt_end(&t);
}

/* ---- SMM, nested state, refused MSRs */

static int run_in_smm(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_INTR;
    r->flags = KVM_RUN_X86_SMM;
    return -EINTR;
}

static void test_smm_has_its_own_memory(void)
{
    MemRegion smram;
    X86Cpu *c;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    g_assert_true(accel_has_smm(t.vm));
    c = kvmt_cpu(&t, 0);
    mem_init(&smram, "smram", 1ull << 32);
    x86_cpu_set_smram(c, &smram);
    g_assert_cmpuint(fake.slots_as1, ==, 1);
    kvmt_go(&t);
    fake.on_run = run_in_smm;
    x86_cpu_signal_smi(&c->cpu);
    while (__atomic_load_n(&fake.smi, __ATOMIC_SEQ_CST) == 0 || fake.on_run != NULL) {
        g_usleep(200);
    }
    cpu_run(&c->cpu, pull, NULL);
    g_assert_cmpuint(fake.smi, ==, 1);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    kvmt_end(&t);
}

static void test_nested_state_and_refused_msrs(void)
{
    g_autoptr(GError) err = NULL;
    KvmtVm t;
    X86Cpu *c;

    fake_new();
    fake.refuse_msr = 0x4b564d01;
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'on'}", 1);
    c = kvmt_cpu(&t, 0);
    kvmt_go(&t);
    kvmt_wait_entry(&t);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_true(cpu_regs_pull(&c->cpu, &err));
    g_assert_no_error(err);
    g_assert_cmpuint(fake.refused, ==, 1);          /* asked once, then left out */
    g_assert_cmpuint(fake.set_nested, >=, 1);
    g_assert_cmpuint(fake.get_nested, >=, 1);
    g_assert_cmpuint(fake.nested_size, ==, 4096 + 128);
    kvmt_end(&t);
}

/* ---- what only a kernel has: tiles, nested guests, machine checks */

static void kvmt_save(X86Cpu *c, GByteArray *bytes)
{
    VmWriter w = { .out = bytes };

    vmstate_save(&w, &x86_cpu_vmstate, c);
}

static void kvmt_load(X86Cpu *c, const GByteArray *bytes, GError **errp)
{
    VmReader r = { .data = bytes->data, .size = bytes->len };

    vmstate_load(&r, &x86_cpu_vmstate, c, x86_cpu_vmstate.version, errp);
}

static void load_again(X86Cpu *c)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    kvmt_save(c, bytes);
    memset(&c->kvm_only.nested, 0, sizeof(c->kvm_only.nested));
    c->kvm_only.tiles[8191] = 0;
    kvmt_load(c, bytes, &err);
    g_assert_no_error(err);
}

static void test_tiles_and_nested_guests_move(void)
{
    struct kvm_nested_state *n;
    X86Cpu *c;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'on'}", 1);
    g_assert_cmphex(fake.permitted, ==, 1 << 18);
    g_assert_cmphex(fake.tile_leaf, ==, 0x04002000);
    c = kvmt_cpu(&t, 0);
    c->kvm_only.tilecfg[0] = 1;
    c->kvm_only.tiles[8191] = 0x77;
    kvmt_go(&t);
    kvmt_wait_entry(&t);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_cmphex(fake.xsave[TILES_AT + 8191], ==, 0x77);
    g_assert_cmphex(fake.xsave[512 + 2], ==, 6);                /* XSTATE_BV: both parts */
    fake.nested.head.size = sizeof(fake.nested);                /* the guest has begun to run one of its own */
    fake.nested.data[4095] = 0x99;
    load_again(c);
    g_assert_cmphex(c->kvm_only.tiles[8191], ==, 0x77);
    n = (void *)c->kvm_only.nested;
    g_assert_cmpuint(n->size, ==, sizeof(fake.nested));
    memset(fake.nested.data, 0, sizeof(fake.nested.data));
    vm_start(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_cmphex(fake.nested.data[4095], ==, 0x99);
    /* a host that has no room for it refuses */
    {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GError) err = NULL;

        kvmt_save(c, bytes);
        c->kvm_only.nested_max = 128;
        kvmt_load(c, bytes, &err);
        g_assert_nonnull(err);
        g_assert_nonnull(strstr(err->message, "nested"));
    }
    kvmt_end(&t);
}

static void test_machine_checks(void)
{
    CpuMce m = { .bank = 3, .status = 1ull << 63 | 1ull << 61, .mcg_status = 5, .addr = 0x1000, .misc = 0x8c };
    g_autoptr(GError) err = NULL;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'on'}", 1);
    g_assert_true(target_cpu_inject_mce(&kvmt_cpu(&t, 0)->cpu, &m, &err));
    g_assert_cmpuint(fake.mce.bank, ==, 3);
    g_assert_cmphex(fake.mce.status, ==, m.status);
    g_assert_cmphex(fake.mce.mcg_status, ==, 5);
    g_assert_cmphex(fake.mce.addr, ==, 0x1000);
    g_assert_cmphex(fake.mce.misc, ==, 0x8c);
    m.bank = 10;
    g_assert_false(target_cpu_inject_mce(&kvmt_cpu(&t, 0)->cpu, &m, NULL));
    kvmt_end(&t);
}

static void test_paravirtual_registers_are_kept(void)
{
    g_autoptr(GError) err = NULL;
    X86Cpu *c;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'on'}", 1);
    c = kvmt_cpu(&t, 0);
    for (unsigned n = 0; n < PV_COUNT; n++) {
        c->env.kvm_other[n] = 0x1001 + n;
    }
    kvmt_go(&t);
    kvmt_wait_entry(&t);
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    for (unsigned n = 0; n < PV_COUNT; n++) {
        g_assert_cmphex(fake.pv[n], ==, 0x1001 + n);
        fake.pv[n] = 0x2001 + n;
    }
    g_assert_true(cpu_regs_pull(&c->cpu, &err));
    for (unsigned n = 0; n < PV_COUNT; n++) {
        g_assert_cmphex(c->env.kvm_other[n], ==, 0x2001 + n);
    }
    g_assert_true(irqchip_ops(t.vm)->pit_reinject(t.vm->accel, true));
    g_assert_cmpuint(fake.reinject, ==, 1);
    g_assert_true(irqchip_ops(t.vm)->pit_reinject(t.vm->accel, false));
    g_assert_cmpuint(fake.reinject, ==, 0);
    kvmt_end(&t);
}

/* Machine checks without a kernel: the banks, and the trap. */
static void test_machine_checks_of_the_translator(void)
{
    CpuMce m = { .bank = 3, .status = 1ull << 63, .addr = 0x1000 };
    X86Cpu *c;
    KvmtVm t;

    kvmt_make(&t, "{'accel': 'tcg'}", 1);
    c = kvmt_cpu(&t, 0);
    kvmt_code(&t, "\xeb\xfe", 2);
    memcpy(mem_ram_ptr(&t.ram) + 0x8000, "\xeb\xfe", 2);
    memcpy(mem_ram_ptr(&t.ram) + EXC_MC * 4, "\x00\x80\x00\x00", 4);
    x86_set_cr4(c, CR4_MCE);
    g_assert_true(target_cpu_inject_mce(&c->cpu, &m, NULL));    /* a corrected one is noted alone */
    g_assert_cmphex(c->env.mce_banks[13], ==, m.status);
    g_assert_cmphex(c->env.mce_banks[14], ==, 0x1000);
    g_assert_cmphex(c->cpu.pending & CPU_PENDING_MCE, ==, 0);
    m.status |= 1ull << 61;
    m.mcg_status = 5;
    g_assert_true(target_cpu_inject_mce(&c->cpu, &m, NULL));
    g_assert_cmphex(c->env.mce_banks[13], ==, m.status | 1ull << 62);       /* OVER */
    g_assert_cmphex(c->env.mcg_status, ==, 5);
    kvmt_go(&t);
    for (unsigned n = 0; n < 5000 && (pending_now(&c->cpu) & CPU_PENDING_MCE); n++) {
        g_usleep(1000);
    }
    vm_lock(t.vm);
    vm_stop(t.vm, RUN_PAUSED);
    g_assert_cmphex(c->env.rip, ==, 0x8000);
    kvmt_end(&t);
}

/* ---- split irqchip */

static uint8_t eoi_vector;
static void apic_eoi(void *apic, uint8_t vector) { eoi_vector = vector; }
static uint64_t apic_base(void *apic) { return 0xfee00900; }
static uint8_t apic_tpr(void *apic) { return 0; }
static const X86ApicOps fake_apic = { .eoi = apic_eoi, .get_base = apic_base, .get_tpr = apic_tpr };

static int run_eoi(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_IOAPIC_EOI;
    r->eoi.vector = 0x41;
    return 0;
}

static void test_split_irqchip(void)
{
    g_autoptr(GError) err = NULL;
    const struct IrqChipOps *ops;
    KvmtVm t;
    int gsi;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'split'}", 1);
    g_assert_cmpuint(irqchip_parts(t.vm), ==, IRQCHIP_APIC);
    kvmt_cpu(&t, 0)->apic_ops = &fake_apic;
    ops = irqchip_ops(t.vm);
    fake.routings = 0;
    for (unsigned pin = 0; pin < 24; pin++) {
        ops->route_msi(t.vm->accel, pin, 0xfee00000, 0x8041, pin > 3);
    }
    ops->routes_commit(t.vm->accel);
    ops->routes_commit(t.vm->accel);
    g_assert_cmpuint(fake.routings, ==, 1);         /* one table for all of them */
    g_assert_cmpuint(fake.route_count, ==, 4);
    gsi = ops->msi_alloc(t.vm->accel);
    g_assert_cmpint(gsi, ==, 24);
    ops->route_msi(t.vm->accel, (unsigned)gsi, 0xfee01000, 0x51, false);
    g_assert_true(ops->irqfd(t.vm->accel, (unsigned)gsi, 7, 8, true, &err));
    g_assert_cmpuint(fake.route_count, ==, 5);      /* the route is there before the eventfd */
    g_assert_cmpuint(fake.irqfd.flags, ==, KVM_IRQFD_FLAG_RESAMPLE);
    g_assert_cmpuint(fake.irqfd.resamplefd, ==, 8);
    ops->msi_free(t.vm->accel, (unsigned)gsi);
    ops->routes_commit(t.vm->accel);
    g_assert_cmpuint(fake.route_count, ==, 4);
    fake.on_run = run_eoi;
    kvmt_go(&t);
    cpu_run(&kvmt_cpu(&t, 0)->cpu, pull, NULL);
    while (fake.on_run != NULL) {
        g_usleep(200);
    }
    cpu_run(&kvmt_cpu(&t, 0)->cpu, pull, NULL);
    g_assert_cmphex(eoi_vector, ==, 0x41);
    kvmt_end(&t);
}

/* ---- dirty rings */

static int run_ring_full(struct kvm_run *r)
{
    for (unsigned i = 0; i < RING_ENTRIES; i++) {
        fake.ring[i] = (struct kvm_dirty_gfn){ .flags = KVM_DIRTY_GFN_F_DIRTY, .slot = 0, .offset = i * 2 };
    }
    fake.ring[5].slot = 60;                 /* one that is not ours, one beyond its slot */
    fake.ring[6].offset = 1 << 30;
    r->exit_reason = KVM_EXIT_DIRTY_RING_FULL;
    return 0;
}

static void test_dirty_ring_full(void)
{
    uint64_t bits[KVMT_RAM / 4096 / 64];
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off', 'dirty-ring-size': '16'}", 1);
    mem_set_log_dirty(&t.ram, DIRTY_VGA, true);
    ram_dirty_clear(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA);
    fake.on_run = run_ring_full;
    kvmt_go(&t);
    while (__atomic_load_n(&fake.resets, __ATOMIC_SEQ_CST) == 0) {
        g_usleep(200);
    }
    g_assert_true(ram_dirty_snapshot(t.ram.ram, 0, KVMT_RAM, DIRTY_VGA, bits));
    for (unsigned p = 0; p < 40; p++) {
        bool want = p % 2 == 0 && p / 2 < RING_ENTRIES && p / 2 != 5 && p / 2 != 6;

        g_assert_cmpint(bits[p / 64] >> (p % 64) & 1, ==, want);
    }
    for (unsigned i = 0; i < RING_ENTRIES; i++) {
        g_assert_cmpuint(fake.ring[i].flags, ==, KVM_DIRTY_GFN_F_RESET);
    }
    kvmt_end(&t);
}

/* ---- debug exits */

static int run_debug(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_DEBUG;
    r->debug.arch.exception = 1;
    r->debug.arch.dr6 = 0xffff0ff2;         /* the second watchpoint */
    return 0;
}

static int run_own_debug(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_DEBUG;
    r->debug.arch.exception = 1;
    r->debug.arch.dr6 = 0xffff4ff0;         /* a step nobody here asked for */
    return 0;
}

static void test_watchpoints_and_the_guests_own_traps(void)
{
    g_autoptr(GError) err = NULL;
    KvmtVm t;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    g_assert_true(kvm_break_add(t.vm, KVM_BREAK_HARD, 0x1001, 1, &err));
    g_assert_true(kvm_break_add(t.vm, KVM_WATCH_WRITE, 0x2000, 4, &err));
    g_assert_true(kvm_break_add(t.vm, KVM_WATCH_ACCESS, 0x3000, 8, &err));
    g_assert_true(kvm_break_add(t.vm, KVM_WATCH_WRITE, 0x4000, 2, &err));
    g_assert_false(kvm_break_add(t.vm, KVM_BREAK_HARD, 0x5000, 1, NULL));
    g_assert_cmphex(fake.debug.control, ==, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP);
    g_assert_cmphex(fake.debug.arch.debugreg[1], ==, 0x2000);
    /* enabled globally; kinds 0, 1, 3, 1 and lengths 1, 4, 8, 2 (SDM vol. 3, 17.2.4) */
    g_assert_cmphex(fake.debug.arch.debugreg[7] & 0xffff00aa, ==, 0x5bd000aa);
    fake.on_run = run_debug;
    kvmt_go(&t);
    wait_state(&t, RUN_DEBUG);
    g_assert_nonnull(kvm_break_hit(&kvmt_cpu(&t, 0)->cpu));
    g_assert_cmphex(kvm_break_hit(&kvmt_cpu(&t, 0)->cpu)->at, ==, 0x2000);
    vm_lock(t.vm);
    kvm_break_clear(t.vm);
    g_assert_cmphex(fake.debug.control, ==, 0);
    fake.on_run = run_own_debug;
    kvmt_go(&t);
    while (__atomic_load_n(&fake.events.exception.injected, __ATOMIC_SEQ_CST) == 0) {
        g_usleep(200);
    }
    g_assert_cmpuint(fake.events.exception.nr, ==, 1);      /* the guest has its trap, the VM goes on */
    g_assert_cmpint(t.vm->run_state, ==, RUN_RUNNING);
    kvmt_end(&t);
}

/* ---- where KVM interprets code */

static int run_step(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_DEBUG;
    r->debug.arch.exception = 1;
    r->debug.arch.dr6 = 0xffff4ff0;
    return 0;
}

static int run_patch(struct kvm_run *r)
{
    r->exit_reason = KVM_EXIT_DEBUG;
    r->debug.arch.exception = 3;
    r->debug.arch.pc = 0x1007;
    return 0;
}

static KvmtVm *stepping;

static int run_step_with_write(struct kvm_run *r)
{
    mem_ram_ptr(&stepping->ram)[0x2001] = 7;
    return run_step(r);
}

static const KvmBreak *hit(KvmtVm *t) { return kvm_break_hit(&kvmt_cpu(t, 0)->cpu); }

static void add_soft(KvmtVm *t, GuestAddr at)
{
    g_autoptr(GError) err = NULL;

    kvm_break_add(t->vm, KVM_BREAK_SOFT, at, 1, &err);
    g_assert_no_error(err);
}

static void test_breakpoints_where_code_is_interpreted(void)
{
    KvmtVm t;
    const uint8_t *ram;

    fake_new();
    fake.interprets = true;
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    ram = mem_ram_ptr(&t.ram);
    for (unsigned n = 0; n < 5; n++) {                  /* four take registers, the fifth an instruction */
        add_soft(&t, 0x1000 + n);
        g_assert_cmphex(ram[0x1000 + n], ==, n == 4 ? 0xcc : 0);
    }
    g_assert_true(kvm_break_add(t.vm, KVM_BREAK_HARD, 0x3000, 1, NULL));
    g_assert_cmphex(ram[0x1000], ==, 0xcc);             /* gave its register away */
    g_assert_cmphex(fake.debug.arch.debugreg[3], ==, 0x3000);
    g_assert_cmphex(fake.debug.control, ==,
                    KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_USE_SW_BP);
    g_assert_false(kvm_break_add(t.vm, KVM_WATCH_READ, 0x2000, 4, NULL));
    kvm_break_clear(t.vm);
    g_assert_cmphex(ram[0x1000], ==, 0);
    /* CS:RIP are read as zero here: the instruction there cannot be interpreted, because it is ours */
    for (unsigned n = 0; n < 5; n++) {
        add_soft(&t, 4 - n);
    }
    fake.on_run = run_emulation;
    kvmt_go(&t);
    wait_state(&t, RUN_DEBUG);
    g_assert_nonnull(hit(&t));
    g_assert_cmphex(hit(&t)->at, ==, 0);
    kvmt_end(&t);
}

static void test_watchpoints_by_steps(void)
{
    KvmtVm t;

    fake_new();
    fake.interprets = true;
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    stepping = &t;
    g_assert_true(kvm_break_add(t.vm, KVM_WATCH_WRITE, 0x2000, 4, NULL));
    g_assert_cmphex(fake.debug.control, ==, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
    fake.on_run = run_step;
    kvmt_go(&t);
    while (__atomic_load_n(&fake.on_run, __ATOMIC_SEQ_CST) != NULL) {
        g_usleep(200);
    }
    cpu_run(&kvmt_cpu(&t, 0)->cpu, pull, NULL);
    g_assert_cmpint(t.vm->run_state, ==, RUN_RUNNING);
    fake.on_run = run_step_with_write;
    cpu_run(&kvmt_cpu(&t, 0)->cpu, pull, NULL);         /* out, and in again */
    wait_state(&t, RUN_DEBUG);
    g_assert_nonnull(hit(&t));
    g_assert_cmpint(hit(&t)->kind, ==, KVM_WATCH_WRITE);
    kvmt_end(&t);
}

static void test_software_breakpoints(void)
{
    KvmtVm t;
    uint8_t *ram;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    ram = mem_ram_ptr(&t.ram);
    ram[0x1007] = 0x90;
    add_soft(&t, 0x1007);
    g_assert_cmphex(ram[0x1007], ==, 0xcc);
    g_assert_cmphex(fake.debug.control, ==, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP);
    add_soft(&t, 0xf0000000);                           /* nothing there: a register */
    g_assert_cmphex(fake.debug.arch.debugreg[0], ==, 0xf0000000);
    fake.on_run = run_patch;
    kvmt_go(&t);
    wait_state(&t, RUN_DEBUG);
    g_assert_nonnull(hit(&t));
    g_assert_cmphex(hit(&t)->at, ==, 0x1007);
    vm_lock(t.vm);
    g_assert_true(kvm_break_del(t.vm, KVM_BREAK_SOFT, 0x1007, 1, NULL));
    g_assert_cmphex(ram[0x1007], ==, 0x90);
    kvm_break_clear(t.vm);
    g_assert_cmphex(fake.debug.control, ==, 0);
    kvmt_end(&t);
}

/* ---- memory slots */

static void test_slots_are_deleted_before_they_move(void)
{
    g_autoptr(GError) err = NULL;
    MemRegion rom;
    KvmtVm t;
    guint n;

    fake_new();
    kvmt_make(&t, "{'accel': 'kvm', 'kernel-irqchip': 'off'}", 1);
    mem_init_rom(&rom, "rom", 0x2000, &err);
    g_assert_no_error(err);
    n = fake.memory->len;
    mem_add(&t.vm->system_region, 0x100000, &rom, 0);
    g_assert_cmpuint(fake.readonly_slots, ==, 1);
    mem_set_addr(&rom, 0x200000);
    g_assert_cmpuint(fake.memory->len, ==, n + 3);
    g_assert_cmpuint(g_array_index(fake.memory, struct kvm_userspace_memory_region, n + 1).memory_size, ==, 0);
    g_assert_cmphex(g_array_index(fake.memory, struct kvm_userspace_memory_region, n + 2).guest_phys_addr, ==,
                    0x200000);
    mem_fini(&rom);
    kvmt_end(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm_fake/open", test_each_failure_has_its_message);
    g_test_add_func("/kvm_fake/internal_error", test_internal_errors_stop_the_vm);
    g_test_add_func("/kvm_fake/system_event", test_system_event_shuts_down);
    g_test_add_func("/kvm_fake/finish_io", test_io_is_finished_before_a_stop);
    g_test_add_func("/kvm_fake/smm", test_smm_has_its_own_memory);
    g_test_add_func("/kvm_fake/nested", test_nested_state_and_refused_msrs);
    g_test_add_func("/kvm_fake/moves", test_tiles_and_nested_guests_move);
    g_test_add_func("/kvm_fake/mce", test_machine_checks);
    g_test_add_func("/kvm_fake/pv", test_paravirtual_registers_are_kept);
    g_test_add_func("/kvm_fake/mce_tcg", test_machine_checks_of_the_translator);
    g_test_add_func("/kvm_fake/split", test_split_irqchip);
    g_test_add_func("/kvm_fake/ring_full", test_dirty_ring_full);
    g_test_add_func("/kvm_fake/debug", test_watchpoints_and_the_guests_own_traps);
    g_test_add_func("/kvm_fake/interpreted", test_breakpoints_where_code_is_interpreted);
    g_test_add_func("/kvm_fake/watch_by_steps", test_watchpoints_by_steps);
    g_test_add_func("/kvm_fake/soft", test_software_breakpoints);
    g_test_add_func("/kvm_fake/slots", test_slots_are_deleted_before_they_move);
    return g_test_run();
}
