/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM_RUN returns for (api.rst, section 5): port and memory accesses go to devices, the rest is a row of the
 * table or the target's. */
#include "accel/kvm/kvm_int.h"

#include <inttypes.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

static const char *const exit_names[64] = {
    [KVM_EXIT_UNKNOWN] = "unknown", [KVM_EXIT_EXCEPTION] = "exception", [KVM_EXIT_IO] = "io",
    [KVM_EXIT_HYPERCALL] = "hypercall", [KVM_EXIT_DEBUG] = "debug", [KVM_EXIT_HLT] = "hlt",
    [KVM_EXIT_MMIO] = "mmio", [KVM_EXIT_IRQ_WINDOW_OPEN] = "irq-window", [KVM_EXIT_SHUTDOWN] = "shutdown",
    [KVM_EXIT_FAIL_ENTRY] = "fail-entry", [KVM_EXIT_INTR] = "intr", [KVM_EXIT_SET_TPR] = "set-tpr",
    [KVM_EXIT_TPR_ACCESS] = "tpr-access", [KVM_EXIT_NMI] = "nmi", [KVM_EXIT_INTERNAL_ERROR] = "internal-error",
    [KVM_EXIT_SYSTEM_EVENT] = "system-event", [KVM_EXIT_IOAPIC_EOI] = "ioapic-eoi", [KVM_EXIT_HYPERV] = "hyperv",
    [KVM_EXIT_X86_RDMSR] = "rdmsr", [KVM_EXIT_X86_WRMSR] = "wrmsr",
    [KVM_EXIT_DIRTY_RING_FULL] = "dirty-ring-full", [KVM_EXIT_X86_BUS_LOCK] = "bus-lock",
    [KVM_EXIT_NOTIFY] = "notify",
};

const char *kvm_exit_name(unsigned reason)
{
    return reason < G_N_ELEMENTS(exit_names) && exit_names[reason] != NULL ? exit_names[reason] : "other";
}

static bool is_access_size(unsigned n) { return n == 1 || n == 2 || n == 4 || n == 8; }

static uint64_t load_le(const void *p, unsigned n)
{
    uint64_t v = 0;

    memcpy(&v, p, n);
    return v;
}

/* INS and OUTS bring many elements at once; they move under one hold of the VM lock. */
static KvmGo exit_io(KvmVcpu *v)
{
    struct kvm_run *run = v->run;
    uint8_t *p = (uint8_t *)run + run->io.data_offset;
    unsigned size = run->io.size, count = run->io.count;
    bool taken = count > 1 && vm_lock_maybe(v->k->vm);

    v->io_open = true;
    for (unsigned i = 0; i < count; i++, p += size) {
        if (run->io.direction == KVM_EXIT_IO_OUT) {
            addr_space_st(v->cpu->io, run->io.port, load_le(p, size), size, MEM_ATTRS_NONE, NULL);
        } else {
            uint64_t val = addr_space_ld(v->cpu->io, run->io.port, size, MEM_ATTRS_NONE, NULL);

            memcpy(p, &val, size);
        }
    }
    if (count > 1) {
        vm_unlock_maybe(v->k->vm, taken);
    }
    return KVM_GO_AGAIN;
}

static KvmGo exit_mmio(KvmVcpu *v)
{
    struct kvm_run *run = v->run;
    GuestAddr at = run->mmio.phys_addr;
    unsigned n = run->mmio.len;

    v->io_open = true;
    if (G_UNLIKELY(!is_access_size(n))) {
        n = MIN(n, 8);
        if (run->mmio.is_write) {
            addr_space_write(v->cpu->mem, at, run->mmio.data, n, MEM_ATTRS_NONE);
        } else {
            addr_space_read(v->cpu->mem, at, run->mmio.data, n, MEM_ATTRS_NONE);
        }
    } else if (run->mmio.is_write) {
        addr_space_st(v->cpu->mem, at, load_le(run->mmio.data, n), n, MEM_ATTRS_NONE, NULL);
    } else {
        uint64_t val = addr_space_ld(v->cpu->mem, at, n, MEM_ATTRS_NONE, NULL);

        memcpy(run->mmio.data, &val, n);
    }
    return KVM_GO_AGAIN;
}

static KvmGo exit_again(KvmVcpu *v)
{
    (void)v;
    return KVM_GO_AGAIN;
}

static KvmGo exit_shutdown(KvmVcpu *v)
{
    log_guest("vCPU %u shut down (triple fault)", v->cpu->index);
    vm_request_reset(v->k->vm, SHUTDOWN_GUEST_RESET);
    return KVM_GO_OUT;
}

static KvmGo exit_system_event(KvmVcpu *v)
{
    switch (v->run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        vm_request_shutdown(v->k->vm, SHUTDOWN_GUEST_SHUTDOWN);
        return KVM_GO_OUT;
    case KVM_SYSTEM_EVENT_RESET:
        vm_request_reset(v->k->vm, SHUTDOWN_GUEST_RESET);
        return KVM_GO_OUT;
    case KVM_SYSTEM_EVENT_CRASH:
        vm_guest_panicked(v->k->vm);
        return KVM_GO_AGAIN;
    case KVM_SYSTEM_EVENT_SUSPEND:
        vm_request_suspend(v->k->vm);
        return KVM_GO_OUT;
    default:
        return KVM_GO_AGAIN;
    }
}

static KvmGo fail(KvmVcpu *v, char *text)
{
    kvm_internal_error(v->cpu, text);
    g_free(text);
    return KVM_GO_OUT;
}

static KvmGo exit_unknown(KvmVcpu *v)
{
    return fail(v, g_strdup_printf("unknown hardware exit 0x%" PRIx64, (uint64_t)v->run->hw.hardware_exit_reason));
}

static KvmGo exit_fail_entry(KvmVcpu *v)
{
    return fail(v, g_strdup_printf("the processor refuses to enter the guest, hardware reason 0x%" PRIx64
                                   " (state that host does not support, or a host without unrestricted guests)",
                                   (uint64_t)v->run->fail_entry.hardware_entry_failure_reason));
}

static const char *suberror_name(uint32_t n)
{
    switch (n) {
    case KVM_INTERNAL_ERROR_EMULATION:           return "an instruction could not be emulated";
    case KVM_INTERNAL_ERROR_SIMUL_EX:            return "exceptions at the same time";
    case KVM_INTERNAL_ERROR_DELIVERY_EV:         return "an exit while an event was delivered";
    case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: return "an exit the host's kernel does not know";
    default:                                     return "unknown";
    }
}

static KvmGo exit_internal_error(KvmVcpu *v)
{
    const struct kvm_run *run = v->run;
    GString *s;

    if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION && kvm_debug_patch_hit(v)) {
        return KVM_GO_OUT;
    }
    s = g_string_new(NULL);
    g_string_append_printf(s, "suberror %u, %s", run->internal.suberror, suberror_name(run->internal.suberror));
    if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION && run->emulation_failure.ndata >= 3 &&
        (run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
        g_string_append(s, "; code:");
        for (unsigned i = 0; i < run->emulation_failure.insn_size && i < 15; i++) {
            g_string_append_printf(s, " %02x", run->emulation_failure.insn_bytes[i]);
        }
    } else if (kvm_cap(v->k, KVM_CAP_INTERNAL_ERROR_DATA)) {
        for (unsigned i = 0; i < run->internal.ndata && i < G_N_ELEMENTS(run->internal.data); i++) {
            g_string_append_printf(s, "%s 0x%" PRIx64, i == 0 ? "; data:" : "", (uint64_t)run->internal.data[i]);
        }
    }
    return fail(v, g_string_free(s, FALSE));
}

static KvmGo exit_ring_full(KvmVcpu *v)
{
    kvm_dirty_ring_full(v->k);
    return KVM_GO_AGAIN;
}

static KvmGo exit_notify(KvmVcpu *v)
{
    if (v->k->notify_exit == KVM_NOTIFY_ERROR || (v->run->notify.flags & KVM_NOTIFY_CONTEXT_INVALID)) {
        return fail(v, g_strdup("the guest kept the processor without an event window"));
    }
    log_guest("vCPU %u kept the processor without an event window", v->cpu->index);
    return KVM_GO_AGAIN;
}

static KvmGo exit_hypercall(KvmVcpu *v)
{
    v->run->hypercall.ret = (uint64_t)-38;      /* ENOSYS: none is handed to us */
    return KVM_GO_AGAIN;
}

static KvmGo (*const exits[64])(KvmVcpu *v) = {
    [KVM_EXIT_UNKNOWN] = exit_unknown, [KVM_EXIT_IO] = exit_io, [KVM_EXIT_MMIO] = exit_mmio,
    [KVM_EXIT_DEBUG] = kvm_debug_exit, [KVM_EXIT_IRQ_WINDOW_OPEN] = exit_again, [KVM_EXIT_SHUTDOWN] = exit_shutdown,
    [KVM_EXIT_FAIL_ENTRY] = exit_fail_entry, [KVM_EXIT_INTR] = exit_again,
    [KVM_EXIT_INTERNAL_ERROR] = exit_internal_error, [KVM_EXIT_SYSTEM_EVENT] = exit_system_event,
    [KVM_EXIT_DIRTY_RING_FULL] = exit_ring_full, [KVM_EXIT_X86_BUS_LOCK] = exit_again,
    [KVM_EXIT_NOTIFY] = exit_notify, [KVM_EXIT_HYPERCALL] = exit_hypercall, [KVM_EXIT_NMI] = exit_again,
};

KvmGo kvm_handle_exit(KvmVcpu *v)
{
    unsigned reason = v->run->exit_reason;
    KvmGo go = KVM_GO_UNKNOWN;

    v->exits++;
    v->reason[MIN(reason, 63u)]++;
    if (v->k->ring != NULL && v->k->ring->first != v->k->ring->last) {
        kvm_drain_coalesced(v->k);
    }
    if (reason < G_N_ELEMENTS(exits) && exits[reason] != NULL) {
        return exits[reason](v);
    }
    go = v->cpu->type->kvm->handle_exit(v->cpu, v->run);
    if (go == KVM_GO_UNKNOWN || go == KVM_GO_FAILED) {
        return fail(v, g_strdup_printf("exit reason %u (%s) that nobody handles", reason, kvm_exit_name(reason)));
    }
    return go;
}
