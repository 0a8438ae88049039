/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "-accel kvm": guest code runs in the Linux kernel's KVM (Documentation/virt/kvm/api.rst). The device node, the
 * VM, the table of capabilities, properties and what "info kvm" prints.
 *
 * Registers live in the kernel while the guest runs; C code pulls them when it wants them. Devices are ours,
 * but for interrupt controllers and PIT when kernel-irqchip says so. */
#include "accel/kvm/kvm_int.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

#define NODE "/dev/kvm"

/* ---- capabilities: KVM_CAP_* of the VM */

typedef enum CapNeed { CAP_REQUIRED, CAP_USED } CapNeed;
typedef struct CapRow {
    unsigned cap;
    CapNeed need;
    const char *name, *without;     /* what its absence costs */
} CapRow;

static const CapRow cap_rows[] = {
    { KVM_CAP_USER_MEMORY, CAP_REQUIRED, "KVM_CAP_USER_MEMORY", "guest memory cannot be ours" },
    { KVM_CAP_DESTROY_MEMORY_REGION_WORKS, CAP_REQUIRED, "KVM_CAP_DESTROY_MEMORY_REGION_WORKS",
      "the memory map could not change" },
    { KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, CAP_REQUIRED, "KVM_CAP_JOIN_MEMORY_REGIONS_WORKS",
      "the memory map could not change" },
    { KVM_CAP_SET_TSS_ADDR, CAP_REQUIRED, "KVM_CAP_SET_TSS_ADDR", "real mode on older processors" },
    { KVM_CAP_EXT_CPUID, CAP_REQUIRED, "KVM_CAP_EXT_CPUID", "CPU models" },
    { KVM_CAP_MP_STATE, CAP_REQUIRED, "KVM_CAP_MP_STATE", "state of halted vCPUs" },
    { KVM_CAP_IMMEDIATE_EXIT, CAP_REQUIRED, "KVM_CAP_IMMEDIATE_EXIT", "kicks without races" },
    { KVM_CAP_INTERNAL_ERROR_DATA, CAP_USED, "KVM_CAP_INTERNAL_ERROR_DATA", "details of internal errors" },
    { KVM_CAP_VCPU_EVENTS, CAP_USED, "KVM_CAP_VCPU_EVENTS", "pending exceptions are lost by save and restore" },
    { KVM_CAP_DEBUGREGS, CAP_USED, "KVM_CAP_DEBUGREGS", "debug registers are lost by save and restore" },
    { KVM_CAP_XSAVE, CAP_USED, "KVM_CAP_XSAVE", "vector state beyond SSE" },
    { KVM_CAP_XSAVE2, CAP_USED, "KVM_CAP_XSAVE2", "state larger than 4 KiB (AMX)" },
    { KVM_CAP_XCRS, CAP_USED, "KVM_CAP_XCRS", "XCR0" },
    { KVM_CAP_IRQCHIP, CAP_USED, "KVM_CAP_IRQCHIP", "in-kernel interrupt controllers" },
    { KVM_CAP_SPLIT_IRQCHIP, CAP_USED, "KVM_CAP_SPLIT_IRQCHIP", "kernel-irqchip=split" },
    { KVM_CAP_IRQ_ROUTING, CAP_USED, "KVM_CAP_IRQ_ROUTING", "message signalled interrupts by irqfd" },
    { KVM_CAP_SIGNAL_MSI, CAP_USED, "KVM_CAP_SIGNAL_MSI", "messages go by a routing table" },
    { KVM_CAP_IRQFD, CAP_USED, "KVM_CAP_IRQFD", "interrupts from eventfds take the main loop" },
    { KVM_CAP_IRQFD_RESAMPLE, CAP_USED, "KVM_CAP_IRQFD_RESAMPLE", "level-triggered irqfds" },
    { KVM_CAP_PIT2, CAP_USED, "KVM_CAP_PIT2", "in-kernel PIT" },
    { KVM_CAP_PIT_STATE2, CAP_USED, "KVM_CAP_PIT_STATE2", "the in-kernel PIT's state" },
    { KVM_CAP_REINJECT_CONTROL, CAP_USED, "KVM_CAP_REINJECT_CONTROL", "lost-tick policy" },
    { KVM_CAP_IOEVENTFD, CAP_USED, "KVM_CAP_IOEVENTFD", "doorbells take a full exit" },
    { KVM_CAP_COALESCED_MMIO, CAP_USED, "KVM_CAP_COALESCED_MMIO", "every store is an exit" },
    { KVM_CAP_COALESCED_PIO, CAP_USED, "KVM_CAP_COALESCED_PIO", "every port write is an exit" },
    { KVM_CAP_READONLY_MEM, CAP_USED, "KVM_CAP_READONLY_MEM", "guest writes to ROM are not caught" },
    { KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, CAP_USED, "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2",
      "dirty bits are cleared by whole slots" },
    { KVM_CAP_DIRTY_LOG_RING, CAP_USED, "KVM_CAP_DIRTY_LOG_RING", "dirty-ring-size" },
    { KVM_CAP_SET_GUEST_DEBUG, CAP_USED, "KVM_CAP_SET_GUEST_DEBUG", "breakpoints" },
    { KVM_CAP_ADJUST_CLOCK, CAP_USED, "KVM_CAP_ADJUST_CLOCK", "kvmclock runs on while the VM is stopped" },
    { KVM_CAP_KVMCLOCK_CTRL, CAP_USED, "KVM_CAP_KVMCLOCK_CTRL", "guest watchdogs see long stops" },
    { KVM_CAP_TSC_CONTROL, CAP_USED, "KVM_CAP_TSC_CONTROL", "tsc-frequency" },
    { KVM_CAP_GET_TSC_KHZ, CAP_USED, "KVM_CAP_GET_TSC_KHZ", "the TSC's frequency" },
    { KVM_CAP_X86_SMM, CAP_USED, "KVM_CAP_X86_SMM", "system management mode" },
    { KVM_CAP_MULTI_ADDRESS_SPACE, CAP_USED, "KVM_CAP_MULTI_ADDRESS_SPACE", "SMRAM" },
    { KVM_CAP_NESTED_STATE, CAP_USED, "KVM_CAP_NESTED_STATE", "nested guests' state" },
    { KVM_CAP_MCE, CAP_USED, "KVM_CAP_MCE", "machine checks" },
    { KVM_CAP_USER_NMI, CAP_USED, "KVM_CAP_USER_NMI", "NMIs without in-kernel APIC" },
    { KVM_CAP_X2APIC_API, CAP_USED, "KVM_CAP_X2APIC_API", "APIC ids above 254" },
    { KVM_CAP_X86_DISABLE_EXITS, CAP_USED, "KVM_CAP_X86_DISABLE_EXITS", "-overcommit cpu-pm=on" },
    { KVM_CAP_X86_NOTIFY_VMEXIT, CAP_USED, "KVM_CAP_X86_NOTIFY_VMEXIT", "notify-vmexit" },
    { KVM_CAP_EXCEPTION_PAYLOAD, CAP_USED, "KVM_CAP_EXCEPTION_PAYLOAD", "CR2 and DR6 of pending exceptions" },
    { KVM_CAP_X86_TRIPLE_FAULT_EVENT, CAP_USED, "KVM_CAP_X86_TRIPLE_FAULT_EVENT", "pending triple faults" },
    { KVM_CAP_BINARY_STATS_FD, CAP_USED, "KVM_CAP_BINARY_STATS_FD", "query-stats" },
    { KVM_CAP_HALT_POLL, CAP_USED, "KVM_CAP_HALT_POLL", "the host's halt polling" },
};

int kvm_cap(const Kvm *k, unsigned cap) { return cap < KVM_CAPS ? k->caps[cap] : 0; }

static bool read_caps(Kvm *k, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cap_rows); i++) {
        const CapRow *row = &cap_rows[i];
        int v = kvm_sys->ioctl(k->vm_fd, KVM_CHECK_EXTENSION, KVM_ARG(row->cap));

        if (v < 0) {                /* hosts before KVM_CAP_CHECK_EXTENSION_VM answer on the node only */
            v = kvm_sys->ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_ARG(row->cap));
        }
        k->caps[row->cap] = MAX(v, 0);
        if (v <= 0 && row->need == CAP_REQUIRED) {
            return err_fail(errp, "the host's KVM lacks %s (%s); a newer host kernel is needed", row->name,
                            row->without);
        }
    }
    static const unsigned numbers[] = { KVM_CAP_NR_VCPUS, KVM_CAP_MAX_VCPUS, KVM_CAP_NR_MEMSLOTS,
                                        KVM_CAP_MAX_VCPU_ID, KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
                                        KVM_CAP_SET_IDENTITY_MAP_ADDR,
                                        KVM_CAP_TSC_DEADLINE_TIMER, KVM_CAP_SET_GUEST_DEBUG2 };
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        k->caps[numbers[i]] = MAX(kvm_sys->ioctl(k->vm_fd, KVM_CHECK_EXTENSION, KVM_ARG(numbers[i])), 0);
    }
    return true;
}

/* ---- opening: each failure has its own advice */

static bool open_node(Kvm *k, GError **errp)
{
    int version;

    k->fd = kvm_sys->open(NODE);
    switch (-k->fd) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return err_fail(errp, NODE " is not there: load the kvm_intel or kvm_amd module (virtualization may be "
                        "switched off in the firmware)");
    case EACCES:
    case EPERM:
        return err_fail(errp, "no permission to open " NODE ": add the user to the group kvm "
                        "('sudo usermod -aG kvm $USER', then log in again)");
    case EBUSY:
        return err_fail(errp, NODE " is in use by another hypervisor");
    }
    if (k->fd < 0) {
        return err_fail_errno(errp, -k->fd, "could not open " NODE);
    }
    version = kvm_sys->ioctl(k->fd, KVM_GET_API_VERSION, NULL);
    if (version != KVM_API_VERSION) {
        return err_fail(errp, "the host's KVM has API version %d, not %d: a %s host kernel is needed", version,
                        KVM_API_VERSION, version < KVM_API_VERSION ? "newer" : "different");
    }
    return true;
}

/* AMX tiles: before anything is asked that depends on it (CPUID, the size of XSAVE's area). */
static void permit_tiles(const Kvm *k)
{
    enum { TILES = 18 };
    uint64_t parts = 0;
    struct kvm_device_attr attr = { .attr = KVM_X86_XCOMP_GUEST_SUPP, .addr = (uintptr_t)&parts };

    if (kvm_sys->ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_ARG(KVM_CAP_SYS_ATTRIBUTES)) > 0 &&
        kvm_sys->ioctl(k->fd, KVM_GET_DEVICE_ATTR, &attr) >= 0 && (parts >> TILES & 1)) {
        kvm_sys->permit(TILES);     /* refused: CPUID has no tiles then */
    }
}

static bool create_vm(Kvm *k, GError **errp)
{
    int size;

    do {
        k->vm_fd = kvm_sys->ioctl(k->fd, KVM_CREATE_VM, NULL);
    } while (k->vm_fd == -EINTR);
    if (k->vm_fd == -EBUSY) {
        return err_fail(errp, "KVM cannot make a VM: another hypervisor uses the processor's virtualization");
    }
    if (k->vm_fd < 0) {
        return err_fail_errno(errp, -k->vm_fd, "KVM cannot make a VM");
    }
    size = kvm_sys->ioctl(k->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
    if (size < (int)sizeof(struct kvm_run)) {
        return err_fail(errp, "KVM's vCPU area has an impossible size (%d)", size);
    }
    k->run_size = (size_t)size;
    return true;
}

/* ---- what is switched on once */

int kvm_vm_ioctl(const Kvm *k, unsigned long request, void *arg)
{
    return kvm_sys->ioctl(k->vm_fd, request, arg);
}

int kvm_system_ioctl(const Kvm *k, unsigned long request, void *arg)
{
    return kvm_sys->ioctl(k->fd, request, arg);
}

static int enable(Kvm *k, unsigned cap, uint64_t a0, uint64_t a1)
{
    struct kvm_enable_cap c = { .cap = cap, .args = { a0, a1 } };

    return kvm_vm_ioctl(k, KVM_ENABLE_CAP, &c);
}

static bool enable_features(Kvm *k, GError **errp)
{
    enum { IDENTITY_MAP = 0xfeffc000, TSS_AT = IDENTITY_MAP + 0x1000 };
    uint64_t identity = IDENTITY_MAP;
    int exits = kvm_cap(k, KVM_CAP_X86_DISABLE_EXITS);

    /* Three pages of real mode's TSS and one of its page table, where no device is. */
    if (kvm_cap(k, KVM_CAP_SET_IDENTITY_MAP_ADDR)) {
        kvm_vm_ioctl(k, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    }
    if (kvm_vm_ioctl(k, KVM_SET_TSS_ADDR, KVM_ARG((uint32_t)TSS_AT)) < 0) {
        return err_fail(errp, "KVM does not take the address of its TSS");
    }
    if (kvm_cap(k, KVM_CAP_EXCEPTION_PAYLOAD)) {
        enable(k, KVM_CAP_EXCEPTION_PAYLOAD, 1, 0);
    }
    if (kvm_cap(k, KVM_CAP_X86_TRIPLE_FAULT_EVENT)) {
        enable(k, KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1, 0);
    }
    if (k->cpu_pm && enable(k, KVM_CAP_X86_DISABLE_EXITS, exits, 0) < 0) {
        warn("cpu-pm=on: this host cannot let the guest halt the processor");
        k->cpu_pm = false;
    }
    if (k->shadow_mem != 0 &&
        kvm_vm_ioctl(k, KVM_SET_NR_MMU_PAGES, KVM_ARG(k->shadow_mem / KVM_PAGE)) < 0) {
        return err_fail(errp, "KVM does not take kvm-shadow-mem");
    }
    if (k->notify_exit != KVM_NOTIFY_DISABLE && kvm_cap(k, KVM_CAP_X86_NOTIFY_VMEXIT)) {
        uint64_t how = KVM_X86_NOTIFY_VMEXIT_ENABLED | KVM_X86_NOTIFY_VMEXIT_USER;

        enable(k, KVM_CAP_X86_NOTIFY_VMEXIT, (uint64_t)k->notify_window << 32 | how, 0);
    }
    return true;
}

/* ---- the accelerator */

static void on_run_state(void *opaque, bool running, RunState state)
{
    (void)state;
    if (!running) {
        kvm_drain_coalesced(opaque);
    }
    kvm_clock_run_state(opaque, running);
}

/* -machine kernel-irqchip= is another way to say -accel kvm,kernel-irqchip=. */
static bool take_machine_option(Kvm *k, GError **errp)
{
    return k->vm->kernel_irqchip == NULL ||
           object_prop_set_text(&k->accel.obj, "kernel-irqchip", k->vm->kernel_irqchip, errp);
}

static bool kvm_init(Accel *a, Vm *vm, GError **errp)
{
    Kvm *k = kvm_from(a);

    k->vm = vm;
    k->cpu_pm = vm->cpu_pm;
    if (!take_machine_option(k, errp) || !open_node(k, errp)) {
        return false;
    }
    permit_tiles(k);
    if (!create_vm(k, errp) || !read_caps(k, errp) ||
        !enable_features(k, errp) || !kvm_irqchip_init(k, errp) || !kvm_dirty_init(k, errp) ||
        !kvm_memory_init(k, errp)) {
        return false;
    }
    k->notify = (VmNotify){ .run_state = on_run_state, .opaque = k };
    vm_notify_add(vm, &k->notify);
    return true;
}

static void kvm_obj_init(Object *obj)
{
    Kvm *k = (Kvm *)obj;

    k->fd = k->vm_fd = -1;
    g_mutex_init(&k->slots_lock);
    g_mutex_init(&k->routes_lock);
    k->breaks = g_array_new(FALSE, TRUE, sizeof(KvmBreak));
}

static void kvm_fini(Object *obj)
{
    Kvm *k = (Kvm *)obj;

    if (k->notify.opaque != NULL) {
        vm_notify_del(k->vm, &k->notify);
    }
    kvm_memory_fini(k);
    kvm_routes_fini(k);
    if (k->vm_fd >= 0) {
        kvm_sys->close(k->vm_fd);
    }
    if (k->fd >= 0) {
        kvm_sys->close(k->fd);
    }
    g_array_free(k->breaks, TRUE);
    g_mutex_clear(&k->slots_lock);
    g_mutex_clear(&k->routes_lock);
}

static const AccelType kvm_accel;

Kvm *kvm_of(const Vm *vm)
{
    return vm->accel != NULL && vm->accel->type == &kvm_accel ? kvm_from(vm->accel) : NULL;
}

int kvm_system_fd(const Kvm *k) { return k->fd; }
int kvm_vm_fd(const Kvm *k) { return k->vm_fd; }
bool kvm_apic_in_kernel(const Kvm *k) { return k->apic; }
bool kvm_pic_in_kernel(const Kvm *k) { return k->pic; }
bool kvm_apic_id32(const Kvm *k) { return k->apic_id32; }
bool kvm_cpu_pm(const Kvm *k) { return k->cpu_pm; }
bool kvm_enabled(const Vm *vm) { return kvm_of(vm) != NULL; }

bool kvm_present(void)
{
    int fd = kvm_sys->open(NODE);

    if (fd >= 0) {
        kvm_sys->close(fd);
    }
    return fd >= 0;
}

static bool kvm_has_smm(const Accel *a)
{
    const Kvm *k = CONTAINER(a, const Kvm, accel);

    return kvm_cap(k, KVM_CAP_X86_SMM) != 0 && kvm_cap(k, KVM_CAP_MULTI_ADDRESS_SPACE) > 1;
}

void kvm_info(const Vm *vm, GString *out)
{
    g_string_append_printf(out, "kvm support: %s\n", kvm_of(vm) != NULL ? "enabled" : "disabled");
}

void kvm_details(const Vm *vm, GString *out)
{
    static const char *const modes[] = { [KVM_IRQ_ON] = "on", [KVM_IRQ_OFF] = "off", [KVM_IRQ_SPLIT] = "split" };
    const Kvm *k = kvm_of(vm);

    if (k == NULL) {
        return;
    }
    g_string_append_printf(out, "kernel-irqchip: %s\ndirty ring: %u entries\n", modes[k->irq_mode],
                           k->ring_entries);
    for (size_t i = 0; i < G_N_ELEMENTS(cap_rows); i++) {
        if (kvm_cap(k, cap_rows[i].cap) == 0) {
            g_string_append_printf(out, "host lacks %s: %s\n", cap_rows[i].name, cap_rows[i].without);
        }
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        const Cpu *cpu = g_ptr_array_index(vm->cpus, i);
        const KvmVcpu *v = kvm_vcpu(cpu);

        g_string_append_printf(out, "CPU #%u: %" PRIu64 " entries, %" PRIu64 " exits", cpu->index, v->entries,
                               v->exits);
        for (unsigned r = 0; r < G_N_ELEMENTS(v->reason); r++) {
            if (v->reason[r] != 0) {
                g_string_append_printf(out, ", %s %" PRIu64, kvm_exit_name(r), v->reason[r]);
            }
        }
        g_string_append_c(out, '\n');
    }
}

static void kvm_accel_info(Accel *a, GString *out) { kvm_details(a->vm, out); }

static const char *const irq_names[] = { "on", "off", "split", NULL };
static const EnumDef irq_enum = { "KvmIrqchip", irq_names };
static const char *const notify_names[] = { "run", "internal-error", "disable", NULL };
static const EnumDef notify_enum = { "NotifyVmexitOption", notify_names };

static const Field kvm_props[] = {
    FIELD_ENUM("kernel-irqchip", Kvm, irq_mode, &irq_enum, KVM_IRQ_ON,
               .help = "Configure KVM in-kernel irqchip"),
    FIELD_SIZE("kvm-shadow-mem", Kvm, shadow_mem, 0, .help = "KVM shadow MMU size"),
    FIELD_U32("dirty-ring-size", Kvm, dirty_ring_size, 0,
              .help = "Size of KVM dirty page ring buffer (default: 0, i.e. use bitmap)"),
    FIELD_ENUM("notify-vmexit", Kvm, notify_exit, &notify_enum, KVM_NOTIFY_RUN,
               .help = "Enable notify VM exit"),
    FIELD_U32("notify-window", Kvm, notify_window, 0,
              .help = "Clock cycles without an event window after which a notification VM exit occurs"),
    { 0 },
};

static const AccelType kvm_accel = {
    .type = {
        .name = "kvm-accel", .parent = &accel_base.type, .size = sizeof(Kvm), .props = kvm_props,
        .init = kvm_obj_init, .fini = kvm_fini,
    },
    .name = "kvm", .rank = 2,
    .init = kvm_init, .vcpu_create = kvm_vcpu_create, .vcpu_destroy = kvm_vcpu_destroy,
    .vcpu_run = kvm_vcpu_run, .vcpu_kick = kvm_vcpu_kick,
    .regs_pull = kvm_regs_pull, .regs_push = kvm_regs_push, .resuming = kvm_resuming,
    .irqchip = &kvm_irqchip_ops, .debug = &kvm_debug_ops, .info = kvm_accel_info,
    .has_smm = kvm_has_smm,
};
ACCEL_REGISTER(kvm_accel);
