/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One vCPU: its file, its run area, entering the guest, kicks, and who holds the registers.
 *
 * A kick sets kvm_run.immediate_exit, then signals the thread if it is inside KVM_RUN. The vCPU says so in
 * in_run before it enters, and KVM looks at immediate_exit after that, so one side always sees the other. The
 * flag is taken back after every exit and before anything pending is looked at. */
#include "accel/kvm/kvm_int.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"

int kvm_vcpu_fd(const Cpu *cpu) { return kvm_vcpu(cpu)->fd; }
void **kvm_vcpu_arch(Cpu *cpu) { return &kvm_vcpu(cpu)->arch; }
const KvmDebug *kvm_debug_of(const Cpu *cpu) { return &kvm_vcpu(cpu)->debug; }
uint64_t kvm_entries(const Cpu *cpu) { return __atomic_load_n(&kvm_vcpu(cpu)->entries, __ATOMIC_RELAXED); }

int kvm_vcpu_ioctl(Cpu *cpu, unsigned long request, void *arg)
{
    return kvm_sys->ioctl(kvm_vcpu(cpu)->fd, request, arg);
}

/* ---- kicks */

static void on_kick(int sig) { (void)sig; }

/* The signal exists to end KVM_RUN; the mask of the thread that calls lets it through. */
static void accept_kicks(void)
{
    struct sigaction act = { .sa_handler = on_kick };
    sigset_t set;

    sigaction(SIGUSR1, &act, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void kvm_vcpu_kick(Accel *a, Cpu *cpu)
{
    KvmVcpu *v = __atomic_load_n(&cpu->kvm, __ATOMIC_ACQUIRE);

    (void)a;
    if (v == NULL || __atomic_exchange_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST) != 0) {
        return;                     /* who set it signals, or the vCPU has not entered yet */
    }
    if (__atomic_load_n(&v->in_run, __ATOMIC_SEQ_CST)) {
        kvm_sys->signal(v->tid);
    }
}

static bool asked_out(const Cpu *cpu)
{
    return (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) & CPU_PENDING_EXIT) != 0 ||
           __atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST);
}

/* ---- creation */

bool kvm_vcpu_create(Accel *a, Cpu *cpu, GError **errp)
{
    Kvm *k = kvm_from(a);
    int max = kvm_cap(k, KVM_CAP_MAX_VCPUS) != 0 ? kvm_cap(k, KVM_CAP_MAX_VCPUS) : 4;
    KvmVcpu *v;

    if (cpu->type->kvm == NULL) {
        return err_fail(errp, "CPU type '%s' cannot run under KVM", cpu->type->dev.type.name);
    }
    if ((int)cpu->index >= max) {
        return err_fail(errp, "Number of SMP cpus requested exceeds the maximum cpus supported by KVM (%d)", max);
    }
    v = g_new0(KvmVcpu, 1);
    v->cpu = cpu;
    v->k = k;
    v->tid = (int)syscall(SYS_gettid);
    v->fd = kvm_vm_ioctl(k, KVM_CREATE_VCPU, KVM_ARG(cpu->type->kvm->vcpu_id(cpu)));
    if (v->fd < 0) {
        err_fail_errno(errp, -v->fd, "KVM cannot make vCPU %u", cpu->index);
        g_free(v);
        return false;
    }
    v->run = kvm_sys->map(v->fd, k->run_size, 0);
    if (v->run == NULL) {
        err_fail_errno(errp, errno, "cannot map the run area of vCPU %u", cpu->index);
        goto fail;
    }
    if (k->ring == NULL && kvm_cap(k, KVM_CAP_COALESCED_MMIO) != 0) {
        k->ring = (void *)((char *)v->run + (size_t)kvm_cap(k, KVM_CAP_COALESCED_MMIO) * KVM_PAGE);
    }
    v->regs_ours = v->regs_changed = true;
    v->put = KVM_PUT_FULL;
    accept_kicks();
    __atomic_store_n(&cpu->kvm, v, __ATOMIC_RELEASE);
    if (kvm_dirty_vcpu_init(v, errp) && cpu->type->kvm->vcpu_init(cpu, errp)) {
        return true;
    }
    __atomic_store_n(&cpu->kvm, NULL, __ATOMIC_RELEASE);
    kvm_dirty_vcpu_fini(v);
fail:
    if (v->run != NULL) {
        kvm_sys->unmap(v->run, k->run_size);
    }
    kvm_sys->close(v->fd);
    g_free(v);
    return false;
}

void kvm_vcpu_destroy(Accel *a, Cpu *cpu)
{
    Kvm *k = kvm_from(a);
    KvmVcpu *v = kvm_vcpu(cpu);
    bool has_ring = (char *)k->ring >= (char *)v->run && (char *)k->ring < (char *)v->run + k->run_size;

    cpu->type->kvm->vcpu_fini(cpu);
    kvm_dirty_vcpu_fini(v);
    __atomic_store_n(&cpu->kvm, NULL, __ATOMIC_RELEASE);
    if (has_ring) {                 /* every vCPU maps the same page; the VM is ending, or another takes over */
        k->ring = NULL;
    }
    kvm_sys->unmap(v->run, k->run_size);
    kvm_sys->close(v->fd);
    g_free(v);
}

/* ---- registers */

static bool pull_here(KvmVcpu *v, GError **errp)
{
    if (!v->regs_ours) {
        if (!v->cpu->type->kvm->get_regs(v->cpu, errp)) {
            return false;
        }
        v->regs_ours = true;
    }
    return true;
}

typedef struct Pull {
    bool ok;
    GError *error;
} Pull;

static void pull_work(Cpu *cpu, void *opaque)
{
    Pull *p = opaque;

    kvm_finish_io(cpu);
    p->ok = pull_here(kvm_vcpu(cpu), &p->error);
}

bool kvm_regs_pull(Accel *a, Cpu *cpu, GError **errp)
{
    Pull p = { .ok = false };

    (void)a;
    if (kvm_vcpu(cpu) == NULL || current_cpu == cpu || cpu_is_stopped(cpu)) {
        return kvm_vcpu(cpu) == NULL || pull_here(kvm_vcpu(cpu), errp);
    }
    cpu_run(cpu, pull_work, &p);
    if (p.error != NULL) {
        g_propagate_error(errp, p.error);
    }
    return p.ok;
}

/* cpu_regs_changed(): written before the next entry. */
bool kvm_regs_push(Accel *a, Cpu *cpu, GError **errp)
{
    (void)a;
    (void)errp;
    if (kvm_vcpu(cpu)->regs_ours) {
        kvm_vcpu(cpu)->regs_changed = true;
    }
    return true;
}

void kvm_regs_replaced(Cpu *cpu, KvmPut how)
{
    KvmVcpu *v = kvm_vcpu(cpu);

    if (v != NULL) {
        v->regs_ours = v->regs_changed = true;
        v->io_open = false;         /* whatever was under way belongs to the old state */
        v->put = MAX(v->put, how);
    }
}

static bool push_now(KvmVcpu *v)
{
    g_autoptr(GError) err = NULL;

    if (!v->cpu->type->kvm->put_regs(v->cpu, v->put, &err)) {
        kvm_internal_error(v->cpu, err->message);
        return false;
    }
    v->regs_changed = false;
    v->put = KVM_PUT_RUNTIME;
    return true;
}

int kvm_vcpu_change(Cpu *cpu, unsigned long request, void *arg)
{
    KvmVcpu *v = kvm_vcpu(cpu);
    int r;

    kvm_finish_io(cpu);
    if (v->regs_changed && !push_now(v)) {
        return -EIO;
    }
    r = kvm_vcpu_ioctl(cpu, request, arg);
    v->regs_ours = false;
    return r;
}

/* All state is the kernel's before anybody runs: a message that one vCPU sends another (INIT, SIPI) must not come
 * before that one's state, which would replace it. What fails is tried again, and told, by the vCPU itself. */
void kvm_resuming(Accel *a)
{
    Kvm *k = kvm_from(a);

    for (guint i = 0; i < k->vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(k->vm->cpus, i);
        KvmVcpu *v = kvm_vcpu(cpu);

        if (v != NULL && v->regs_changed && cpu->type->kvm->put_regs(cpu, v->put, NULL)) {
            v->regs_changed = false;
            v->put = KVM_PUT_RUNTIME;
        }
    }
}

/* ---- entering */

static int enter(KvmVcpu *v)
{
    Kvm *k = v->k;
    int r;

    for (;;) {
        __atomic_store_n(&v->in_run, true, __ATOMIC_SEQ_CST);
        if (G_LIKELY(__atomic_load_n(&k->blocked, __ATOMIC_SEQ_CST) == 0)) {
            break;
        }
        __atomic_store_n(&v->in_run, false, __ATOMIC_SEQ_CST);
        kvm_wait_unblocked(k);
    }
    __atomic_store_n(&v->entries, v->entries + 1, __ATOMIC_RELAXED);
    v->regs_ours = false;
    r = kvm_sys->ioctl(v->fd, KVM_RUN, NULL);
    __atomic_store_n(&v->in_run, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    return r;
}

void kvm_internal_error(Cpu *cpu, const char *why)
{
    GString *out = g_string_new(NULL);
    bool taken = vm_lock_maybe(cpu->dev.vm);

    report_error("KVM internal error: %s", why);
    if (kvm_vcpu(cpu) != NULL && pull_here(kvm_vcpu(cpu), NULL) && cpu->type->dump != NULL) {
        cpu->type->dump(cpu, out);
        fputs(out->str, stderr);
    }
    g_string_free(out, TRUE);
    vm_stop(cpu->dev.vm, RUN_INTERNAL_ERROR);
    vm_unlock_maybe(cpu->dev.vm, taken);
}

/* A device has answered, but the instruction is only finished by the next entry: one that leaves at once. It may
 * ask for the next part of the same instruction. */
void kvm_finish_io(Cpu *cpu)
{
    enum { PARTS_MAX = 8192 };      /* a string instruction is a part an element */
    KvmVcpu *v = kvm_vcpu(cpu);

    for (unsigned i = 0; v->io_open && i < PARTS_MAX; i++) {
        int r;

        __atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        r = enter(v);
        v->io_open = false;
        if (r < 0) {
            return;
        }
        if (v->run->exit_reason != KVM_EXIT_IO && v->run->exit_reason != KVM_EXIT_MMIO) {
            kvm_handle_exit(v);
            return;
        }
        kvm_handle_exit(v);
    }
}

static KvmGo run_failed(KvmVcpu *v, int error)
{
    g_autofree char *text = NULL;

    if (error == EINTR || error == EAGAIN) {
        return KVM_GO_AGAIN;
    }
    text = g_strdup_printf("KVM_RUN: %s", g_strerror(error));
    kvm_internal_error(v->cpu, text);
    return KVM_GO_OUT;
}

void kvm_vcpu_run(Accel *a, Cpu *cpu)
{
    const KvmGuestOps *ops = cpu->type->kvm;
    KvmVcpu *v = kvm_vcpu(cpu);
    KvmGo go = KVM_GO_AGAIN;

    (void)a;
    while (go == KVM_GO_AGAIN && !asked_out(cpu)) {
        int r;

        if (G_UNLIKELY(v->regs_changed) && !push_now(v)) {
            break;
        }
        if (!ops->pre_run(cpu, v->run)) {
            break;
        }
        if (G_UNLIKELY(v->regs_changed)) {
            continue;
        }
        r = enter(v);
        v->io_open = false;
        if (ops->post_run != NULL) {
            ops->post_run(cpu, v->run);
        }
        go = G_LIKELY(r >= 0) ? kvm_handle_exit(v) : run_failed(v, -r);
    }
    kvm_finish_io(cpu);
}
