/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints, watchpoints and single steps (api.rst, 4.87). The list holds for all vCPUs; what the processor's
 * debug registers get is the target's part. A software breakpoint is an instruction written into the guest;
 * the byte it replaced comes back when it is removed. Where that cannot be written (nothing is mapped there yet), it
 * takes a debug register.
 *
 * A KVM without virtualization in the processor interprets what is not ring 3: the breakpoint instruction there is no
 * trap, and data registers see nothing. So on such hosts breakpoints take registers while there are any, a patch that
 * could not be interpreted counts as hit, and watchpoints compare memory between steps. */
#include "accel/kvm/kvm_int.h"

#include <inttypes.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

enum { HARD_MAX = 4 };

static KvmBreak *row(const Kvm *k, guint i)
{
    return &g_array_index(k->breaks, KvmBreak, i);
}

static bool is_watch(KvmBreakKind kind) { return kind >= KVM_WATCH_WRITE; }

static int find(const Kvm *k, KvmBreakKind kind, GuestAddr at, uint64_t len)
{
    for (guint i = 0; i < k->breaks->len; i++) {
        const KvmBreak *b = row(k, i);

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
    v->debug.watch_steps = false;
    for (guint i = 0; i < v->k->breaks->len; i++) {
        v->debug.watch_steps |= row(v->k, i)->how == KVM_BY_STEPS;
    }
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

/* ---- the three ways */

static Cpu *first_cpu(const Kvm *k) { return g_ptr_array_index(k->vm->cpus, 0); }

/* Breakpoints are virtual addresses, looked up once through the first vCPU. */
static bool locate(Kvm *k, KvmBreak *b, GError **errp)
{
    Cpu *cpu = first_cpu(k);

    if (!cpu_regs_pull(cpu, errp)) {
        return false;
    }
    return cpu->type->virt_to_phys(cpu, b->at, &b->phys) ||
           err_fail(errp, "no memory is mapped at 0x%" PRIx64, b->at);
}

static bool patch(Kvm *k, KvmBreak *b, GError **errp)
{
    Cpu *cpu = first_cpu(k);
    uint8_t insn = cpu->type->kvm->break_insn, now;

    if (!locate(k, b, errp)) {
        return false;
    }
    addr_space_read(cpu->mem, b->phys, b->saved, 1, MEM_ATTRS_NONE);
    addr_space_write_rom(cpu->mem, b->phys, &insn, 1);
    addr_space_read(cpu->mem, b->phys, &now, 1, MEM_ATTRS_NONE);
    if (now != insn) {
        return err_fail(errp, "no instruction can be written at 0x%" PRIx64, b->at);
    }
    b->how = KVM_BY_PATCH;
    return true;
}

static void unpatch(Kvm *k, KvmBreak *b)
{
    if (b->how == KVM_BY_PATCH) {
        addr_space_write_rom(first_cpu(k)->mem, b->phys, b->saved, 1);
        b->how = KVM_BY_REGISTER;
    }
}

static unsigned registers_used(const Kvm *k)
{
    unsigned n = 0;

    for (guint i = 0; i < k->breaks->len; i++) {
        n += row(k, i)->how == KVM_BY_REGISTER;
    }
    return n;
}

/* Software breakpoints make room for those that cannot do without a register. */
static bool take_register(Kvm *k, GError **errp)
{
    for (guint i = 0; registers_used(k) >= HARD_MAX && i < k->breaks->len; i++) {
        if (row(k, i)->kind == KVM_BREAK_SOFT && row(k, i)->how == KVM_BY_REGISTER) {
            patch(k, row(k, i), NULL);
        }
    }
    return registers_used(k) < HARD_MAX || err_fail(errp, "all %d hardware breakpoints are in use", HARD_MAX);
}

static bool watched_now(Kvm *k, KvmBreak *b, uint8_t now[8])
{
    addr_space_read(first_cpu(k)->mem, b->phys, now, b->len, MEM_ATTRS_NONE);
    return memcmp(now, b->saved, b->len) != 0;
}

static bool watch_by_steps(Kvm *k, KvmBreak *b, GError **errp)
{
    if (b->kind != KVM_WATCH_WRITE) {
        return err_fail(errp, "this host's KVM interprets guest code: it can watch writes alone");
    }
    if (!locate(k, b, errp)) {
        return false;
    }
    b->how = KVM_BY_STEPS;
    addr_space_read(first_cpu(k)->mem, b->phys, b->saved, b->len, MEM_ATTRS_NONE);
    return true;
}

static bool place(Kvm *k, KvmBreak *b, GError **errp)
{
    bool virtualizes = kvm_sys->virtualizes();

    if (b->kind == KVM_BREAK_SOFT) {
        return (!virtualizes && registers_used(k) < HARD_MAX) || patch(k, b, errp);
    }
    if ((b->len != 1 && b->len != 2 && b->len != 4 && b->len != 8) || (b->at & (b->len - 1)) != 0) {
        return err_fail(errp, "a watchpoint is 1, 2, 4 or 8 bytes long and aligned");
    }
    return is_watch(b->kind) && !virtualizes ? watch_by_steps(k, b, errp) : take_register(k, errp);
}

bool kvm_break_add(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp)
{
    g_autoptr(GError) err = NULL;
    Kvm *k = kvm_of(vm);
    KvmBreak b = { .kind = kind, .at = at, .len = is_watch(kind) ? len : 1 };

    if (!kvm_cap(k, KVM_CAP_SET_GUEST_DEBUG)) {
        return err_fail(errp, "this host's KVM cannot debug guests");
    }
    if (find(k, kind, at, b.len) >= 0) {
        return err_fail(errp, "there is such a breakpoint at 0x%" PRIx64, at);
    }
    if (!place(k, &b, &err) && (kind != KVM_BREAK_SOFT || !take_register(k, NULL))) {
        g_propagate_error(errp, g_steal_pointer(&err));
        return false;
    }
    g_array_append_val(k->breaks, b);
    apply_all(k);
    return true;
}

bool kvm_break_del(Vm *vm, KvmBreakKind kind, GuestAddr at, uint64_t len, GError **errp)
{
    Kvm *k = kvm_of(vm);
    int i = find(k, kind, at, is_watch(kind) ? len : 1);

    if (i < 0) {
        return err_fail(errp, "there is no such breakpoint at 0x%" PRIx64, at);
    }
    unpatch(k, row(k, (guint)i));
    g_array_remove_index(k->breaks, (guint)i);
    apply_all(k);
    return true;
}

void kvm_break_clear(Vm *vm)
{
    Kvm *k = kvm_of(vm);

    for (guint i = 0; i < k->breaks->len; i++) {
        unpatch(k, row(k, i));
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

    return v->hit >= 0 && (unsigned)v->hit < v->k->breaks->len ? row(v->k, (guint)v->hit) : NULL;
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

static KvmGo stop_here(KvmVcpu *v)
{
    bool taken;

    note(v);
    taken = vm_lock_maybe(v->k->vm);
    vm_stop(v->k->vm, RUN_DEBUG);
    v->k->vm->cpu_ops->stop_current(v->k->vm);
    vm_unlock_maybe(v->k->vm, taken);
    return KVM_GO_OUT;
}

/* Behind a step: what it changed. The list stays as it is while vCPUs run; the bytes are looked at under the lock. */
static bool find_changed(KvmVcpu *v)
{
    bool taken = vm_lock_maybe(v->k->vm), found = false;

    for (guint i = 0; i < v->k->breaks->len; i++) {
        KvmBreak *b = row(v->k, i);
        uint8_t now[8];

        if (b->how == KVM_BY_STEPS && watched_now(v->k, b, now)) {
            memcpy(b->saved, now, b->len);
            v->hit = found ? v->hit : (int)i;
            found = true;
        }
    }
    vm_unlock_maybe(v->k->vm, taken);
    return found;
}

KvmGo kvm_debug_exit(KvmVcpu *v)
{
    v->hit = -1;
    if (!v->cpu->type->kvm->debug_exit(v->cpu, v->run, &v->hit)) {
        return KVM_GO_AGAIN;        /* the guest's own */
    }
    if (v->hit < 0 && v->debug.watch_steps && !find_changed(v) && !v->debug.single_step) {
        return KVM_GO_AGAIN;
    }
    return stop_here(v);
}

bool kvm_debug_patch_hit(KvmVcpu *v)
{
    uint64_t pc;

    if (v->k->breaks->len == 0 || !cpu_regs_pull(v->cpu, NULL)) {
        return false;
    }
    pc = v->cpu->type->kvm->linear_pc(v->cpu);
    for (guint i = 0; i < v->k->breaks->len; i++) {
        if (row(v->k, i)->how == KVM_BY_PATCH && row(v->k, i)->at == pc) {
            v->hit = (int)i;
            stop_here(v);
            return true;
        }
    }
    return false;
}
