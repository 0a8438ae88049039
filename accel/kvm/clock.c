/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's kvmclock across stops (api.rst, 4.29, 4.30, 4.70). It is the same time as CLOCK_VIRTUAL, which
 * stands still while the VM does and which snapshots carry: the clock is set to it when the VM goes on, and
 * never back. So a guest sees one clock under either accelerator. */
#include "accel/kvm/kvm_int.h"

#include "util/timer.h"

static void tell_resumed(Cpu *cpu, void *opaque)
{
    (void)opaque;
    if (cpu->type->kvm->resumed != NULL) {
        cpu->type->kvm->resumed(cpu);
    }
}

void kvm_clock_run_state(Kvm *k, bool running)
{
    struct kvm_clock_data d = { 0 };

    if (!kvm_cap(k, KVM_CAP_ADJUST_CLOCK)) {
        return;
    }
    if (!running) {
        k->clock_valid = kvm_vm_ioctl(k, KVM_GET_CLOCK, &d) >= 0;
        k->clock_ns = (int64_t)d.clock;
        return;
    }
    d.clock = (uint64_t)MAX(clock_ns(CLOCK_VIRTUAL), k->clock_valid ? k->clock_ns : 0);
    kvm_vm_ioctl(k, KVM_SET_CLOCK, &d);
    for (guint i = 0; k->clock_valid && i < k->vm->cpus->len; i++) {
        cpu_run_async(g_ptr_array_index(k->vm->cpus, i), tell_resumed, NULL);
    }
}
