/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints, watchpoints and single steps (api.rst, 4.87). The list holds for all vCPUs; what the processor's
 * debug registers get is the target's part. A software breakpoint is an instruction written into the guest;
 * the byte it replaced comes back when it is removed. */
#include "accel/kvm/kvm_int.h"

#include <inttypes.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

enum { HARD_MAX = 4 };

static bool is_hard(KvmBreakKind kind) { return kind != KVM_BREAK_SOFT; }

static int find(const Kvm *k, KvmBreakKind kind, GuestAddr at, uint64_t len)
{
    for (guint i = 0; i < k->breaks->len; i++) {
        const KvmBreak *b = &g_array_index(k->breaks, KvmBreak, i);

        if (b->kind == kind && b->at == at && b->len == len) {
            return (int)i;
        }
    }
    return -1;
}

static void set_debug_work(Cpu *cpu, void *opaque)
{
    KvmVcpu *v = kvm_vcpu(cpu);
    g_autoptr(GError) err = NULL;

    v->debug.breaks = (const KvmBreak *)(void *)v->k->breaks->data;
    v->debug.n = v->k->breaks->len;
    v->hit = -1;
    if (!cpu->type->kvm->set_debug(cpu, &err)) {
        report_error("%s", err->message);
    }
    (void)opaque;
}

static void apply_all(Kvm *k)
{
    for (guint i = 0; i < k->vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(k->vm->cpus, i);

        if (cpu_is_stopped(cpu)) {
            set_debug_work(cpu, NULL);
        } else {
            cpu_run(cpu, set_debug_work, NULL);
        }
    }
}

/* Breakpoints are virtual addresses, looked up through the first vCPU. */
static bool patch(Kvm *k, KvmBreak *b, bool insert, GError **errp)
{
    Cpu *cpu = g_ptr_array_index(k->vm->cpus, 0);
    uint8_t insn = cpu->type->kvm->break_insn;
    GuestAddr pa;

    if (!cpu_regs_pull(cpu, errp)) {
        return false;
    }
    if (!cpu->type->virt_to_phys(cpu, b->at, &pa)) {
        return err_fail(errp, "no memory is mapped at 0x%" PRIx64, b->at);
    }
    if (insert) {
        addr_space_read(cpu->mem, pa, &b->saved, 1, MEM_ATTRS_NONE);
    }
    addr_space_write_rom(cpu->mem, pa, insert ? &insn : &b->saved, 1);
    return true;
}

bool kvm_break_add(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp)
{
    Kvm *k = kvm_of(vm);
    KvmBreak b = { .kind = kind, .at = at, .len = kind == KVM_BREAK_SOFT || kind == KVM_BREAK_HARD ? 1 : len };
    unsigned hard = 0;

    if (!kvm_cap(k, KVM_CAP_SET_GUEST_DEBUG)) {
        return err_fail(errp, "this host's KVM cannot debug guests");
    }
    if (find(k, kind, at, b.len) >= 0) {
        return err_fail(errp, "there is such a breakpoint at 0x%" PRIx64, at);
    }
    if (is_hard(kind)) {
        for (guint i = 0; i < k->breaks->len; i++) {
            hard += is_hard(g_array_index(k->breaks, KvmBreak, i).kind);
        }
        if (hard == HARD_MAX) {
            return err_fail(errp, "all %d hardware breakpoints are in use", HARD_MAX);
        }
        if ((b.len != 1 && b.len != 2 && b.len != 4 && b.len != 8) || (at & (b.len - 1)) != 0) {
            return err_fail(errp, "a watchpoint is 1, 2, 4 or 8 bytes long and aligned");
        }
    } else if (!patch(k, &b, true, errp)) {
        return false;
    }
    g_array_append_val(k->breaks, b);
    apply_all(k);
    return true;
}

bool kvm_break_del(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp)
{
    Kvm *k = kvm_of(vm);
    int i = find(k, kind, at, kind == KVM_BREAK_SOFT || kind == KVM_BREAK_HARD ? 1 : len);

    if (i < 0) {
        return err_fail(errp, "there is no such breakpoint at 0x%" PRIx64, at);
    }
    if (kind == KVM_BREAK_SOFT && !patch(k, &g_array_index(k->breaks, KvmBreak, i), false, errp)) {
        return false;
    }
    g_array_remove_index(k->breaks, (guint)i);
    apply_all(k);
    return true;
}

void kvm_break_clear(Vm *vm)
{
    Kvm *k = kvm_of(vm);

    for (guint i = 0; i < k->breaks->len; i++) {
        KvmBreak *b = &g_array_index(k->breaks, KvmBreak, i);

        if (b->kind == KVM_BREAK_SOFT) {
            patch(k, b, false, NULL);
        }
    }
    g_array_set_size(k->breaks, 0);
    apply_all(k);
}

void kvm_single_step(Cpu *cpu, bool on)
{
    kvm_vcpu(cpu)->debug.single_step = on;
    if (cpu_is_stopped(cpu) || current_cpu == cpu) {
        set_debug_work(cpu, NULL);
    } else {
        cpu_run(cpu, set_debug_work, NULL);
    }
}

const KvmBreak *kvm_break_hit(const Cpu *cpu)
{
    const KvmVcpu *v = kvm_vcpu(cpu);

    return v->hit >= 0 && (unsigned)v->hit < v->k->breaks->len
               ? &g_array_index(v->k->breaks, KvmBreak, v->hit) : NULL;
}

/* ---- for those who do not care which accelerator runs: both kinds have the same order */

static bool ops_add(Accel *a, const CpuBreak *b, GError **errp)
{
    return find(kvm_of(a->vm), (KvmBreakKind)b->kind, b->at, b->len) >= 0 ||
           kvm_break_add(a->vm, (KvmBreakKind)b->kind, b->at, b->len, errp);
}

static bool ops_del(Accel *a, const CpuBreak *b, GError **errp)
{
    return kvm_break_del(a->vm, (KvmBreakKind)b->kind, b->at, b->len, errp);
}

static void ops_clear(Accel *a)
{
    kvm_break_clear(a->vm);
}

static void ops_step(Accel *a, Cpu *cpu, bool on)
{
    (void)a;
    cpu->debug.step = on;
    if (kvm_vcpu(cpu)->debug.single_step != on) {
        kvm_single_step(cpu, on);
    }
}

const AccelDebugOps kvm_debug_ops = { .add = ops_add, .del = ops_del, .clear = ops_clear, .step = ops_step };

static void note(KvmVcpu *v)
{
    const KvmBreak *b = kvm_break_hit(v->cpu);
    CpuBreak what = { 0 };

    if (b != NULL) {
        what = (CpuBreak){ .kind = (BreakKind)b->kind, .at = b->at, .len = b->len };
    }
    cpu_debug_note(v->cpu, b != NULL ? HIT_BREAK : HIT_STEP, &what);
}

KvmGo kvm_debug_exit(KvmVcpu *v)
{
    bool taken;

    v->hit = -1;
    if (!v->cpu->type->kvm->debug_exit(v->cpu, v->run, &v->hit)) {
        return KVM_GO_AGAIN;        /* the guest's own */
    }
    note(v);
    taken = vm_lock_maybe(v->k->vm);
    vm_stop(v->k->vm, RUN_DEBUG);
    v->k->vm->cpu_ops->stop_current(v->k->vm);
    vm_unlock_maybe(v->k->vm, taken);
    return KVM_GO_OUT;
}
