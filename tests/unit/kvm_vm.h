/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine of 1 MiB of RAM and some vCPUs for tests of the KVM accelerator: no devices but those a test adds. */
#ifndef TESTS_UNIT_KVM_VM_H
#define TESTS_UNIT_KVM_VM_H

#include <string.h>

#include "accel/accel.h"
#include "accel/kvm/kvm.h"
#include "hw/core/ram.h"
#include "hw/core/vm.h"
#include "target/i386/cpu.h"
#include "util/json.h"
#include "util/timer.h"

enum { KVMT_RAM = 1 << 20, KVMT_CODE = 0x7c00 };

typedef struct KvmtVm {
    Vm *vm;
    MemRegion ram;
} KvmtVm;

/* The VM lock is held on return. */
static inline void kvmt_make(KvmtVm *t, const char *accel, unsigned cpus)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Json) opts = json_parse(accel, &err);

    g_assert_no_error(err);
    memset(t, 0, sizeof(*t));
    t->vm = vm_new();
    vm_lock(t->vm);
    accel_create(t->vm, opts, &err);
    g_assert_no_error(err);
    mem_init_ram(&t->ram, "ram", KVMT_RAM, &err);
    g_assert_no_error(err);
    mem_add(&t->vm->system_region, 0, &t->ram, 0);
    for (unsigned i = 0; i < cpus; i++) {
        x86_cpu_create(t->vm, "max", NULL, NULL, i, &err);
        g_assert_no_error(err);
    }
}

static inline X86Cpu *kvmt_cpu(KvmtVm *t, unsigned i) { return x86_cpu(g_ptr_array_index(t->vm->cpus, i)); }

static inline void kvmt_code(KvmtVm *t, const void *code, size_t n)
{
    X86Cpu *c = kvmt_cpu(t, 0);

    memcpy(mem_ram_ptr(&t->ram) + KVMT_CODE, code, n);
    x86_load_seg_raw(c, SEG_CS, 0, 0, 0xffff, 0x9b00);
    c->env.rip = c->env.next_rip = KVMT_CODE;
}

/* Guest runs; the lock is let go. */
static inline void kvmt_go(KvmtVm *t)
{
    vm_start(t->vm);
    vm_unlock(t->vm);
}

/* Until vCPU 0 has been in the guest: before that registers are not written. */
static inline void kvmt_wait_entry(KvmtVm *t)
{
    gint64 end = g_get_monotonic_time() + 5000000;

    while (kvm_entries(&kvmt_cpu(t, 0)->cpu) == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(200);
    }
}

static inline void kvmt_end(KvmtVm *t)
{
    if (!vm_locked(t->vm)) {
        vm_lock(t->vm);
    }
    vm_stop(t->vm, RUN_PAUSED);
    while (t->vm->cpus->len > 0) {
        object_free(&((Cpu *)g_ptr_array_index(t->vm->cpus, t->vm->cpus->len - 1))->dev.obj);
    }
    mem_fini(&t->ram);
    object_free(&t->vm->accel->obj);
    t->vm->accel = NULL;
    vm_unlock(t->vm);
    vm_free(t->vm);
}

#endif
