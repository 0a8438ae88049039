/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One host thread a vCPU: start, pause, halt, kick, work for it, exclusive sections.
 *
 * Each thread sleeps on one word (CpuThread.wake) that everybody who changes something for it
 * increments: it reads the word, looks whether there is anything to do, and sleeps only while the
 * word is unchanged, so no wake-up is lost and a kick takes no lock (it may come from a signal
 * handler).
 *
 * Exclusive sections: `running` says that a thread may be inside a guest instruction. Who wants
 * everybody else out sets `busy`, kicks the others and waits until none runs; a thread that begins
 * to run and sees `busy` steps back. The two flags are written before the other is read, so one
 * side always sees the other. */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "accel/accel.h"
#include "target/cpu.h"
#include "util/err.h"
#include "util/timer.h"

typedef struct Work {
    struct Work *next;
    void (*fn)(Cpu *cpu, void *opaque);
    void *opaque;
    bool exclusive;
    uint32_t *done; /* futex word of who waits; NULL: nobody, free the item */
    Cpu *waiter;    /* a vCPU that waits: it is kicked too */
} Work;

typedef struct CpuThread {
    Cpu *cpu;
    Vm *vm;
    GThread *thread; /* NULL: the accelerator runs nothing */
    int tid;
    VmOnline *online;
    uint32_t wake;    /* futex */
    uint32_t sleeping; /* atomic: somebody may sleep on it */
    int64_t spin_ns;  /* how long to look for work before sleeping: what paid off lately */
    uint32_t created; /* futex: 0 not yet, 1 yes, 2 failed */
    GError *error;
    bool parked;  /* atomic: stands still, and said so */
    bool exit;    /* atomic */
    bool running; /* atomic: see above */
    int host_cpu; /* atomic: the host's processor that this ran on lately */
    bool regs_changed;
    GMutex work_lock;
    Work *work_first, **work_last;
} CpuThread;

/* One per process, like the process's threads. */
static struct {
    GMutex lock;
    GCond cond;
    bool busy;      /* atomic */
    uint32_t parks; /* futex: a thread has parked */
} excl;

__thread Cpu *current_cpu;

/* ---- Sleeping */

static void futex_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wait_for(uint32_t *word, uint32_t value, int64_t ns)
{
    struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &ts, NULL, 0);
}

static void futex_wake_all(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void bump(uint32_t *word)
{
    __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
    futex_wake_all(word);
}

static uint32_t load_word(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static bool flag(const bool *b)
{
    return __atomic_load_n(b, __ATOMIC_SEQ_CST);
}

static void set_flag(bool *b, bool v)
{
    __atomic_store_n(b, v, __ATOMIC_SEQ_CST);
}

static void wake_thread(CpuThread *t)
{
    __atomic_fetch_add(&t->wake, 1, __ATOMIC_SEQ_CST);
    if (load_word(&t->sleeping) != 0) {
        vm_wake_later(t->vm, &t->wake);
    }
}

/* Sleeps while the word is still seq. On the thread itself. */
static void sleep_on(CpuThread *t, uint32_t seq)
{
    __atomic_store_n(&t->sleeping, 1, __ATOMIC_SEQ_CST);
    futex_wait(&t->wake, seq);
    __atomic_store_n(&t->sleeping, 0, __ATOMIC_SEQ_CST);
}

void cpu_kick(Cpu *cpu)
{
    CpuThread *t = cpu->thread;

    if (t == NULL) {
        return;
    }
    if (t->vm->accel->type->vcpu_kick != NULL) {
        t->vm->accel->type->vcpu_kick(t->vm->accel, cpu);
    }
    wake_thread(t);
}

/* Out of guest code, to the loop of cpu_thread(). */
static void kick_out(Cpu *cpu)
{
    __atomic_fetch_or(&cpu->pending, CPU_PENDING_EXIT, __ATOMIC_SEQ_CST);
    cpu_kick(cpu);
}

/* ---- Exclusive sections */

static void tell_excl(void)
{
    if (flag(&excl.busy)) {
        g_mutex_lock(&excl.lock);
        g_cond_broadcast(&excl.cond);
        g_mutex_unlock(&excl.lock);
    }
}

static void run_begin(CpuThread *t)
{
    for (;;) {
        set_flag(&t->running, true);
        if (!flag(&excl.busy)) {
            return;
        }
        g_mutex_lock(&excl.lock);
        set_flag(&t->running, false);
        g_cond_broadcast(&excl.cond);
        while (flag(&excl.busy)) {
            g_cond_wait(&excl.cond, &excl.lock);
        }
        g_mutex_unlock(&excl.lock);
    }
}

static void run_end(CpuThread *t)
{
    set_flag(&t->running, false);
    tell_excl();
}

static bool others_run(const Vm *vm, const Cpu *self)
{
    for (guint i = 0; i < vm->cpus->len; i++) {
        const Cpu *cpu = g_ptr_array_index(vm->cpus, i);

        if (cpu != self && cpu->thread != NULL && flag(&cpu->thread->running)) {
            return true;
        }
    }
    return false;
}

static void excl_begin(Vm *vm, Cpu *self)
{
    g_mutex_lock(&excl.lock);
    while (flag(&excl.busy)) {
        g_cond_wait(&excl.cond, &excl.lock);
    }
    set_flag(&excl.busy, true);
    g_mutex_unlock(&excl.lock);
    for (guint i = 0; i < vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(vm->cpus, i);

        if (cpu != self) {
            kick_out(cpu);
        }
    }
    g_mutex_lock(&excl.lock);
    while (others_run(vm, self)) {
        g_cond_wait(&excl.cond, &excl.lock);
    }
    g_mutex_unlock(&excl.lock);
}

static void excl_end(void)
{
    g_mutex_lock(&excl.lock);
    set_flag(&excl.busy, false);
    g_cond_broadcast(&excl.cond);
    g_mutex_unlock(&excl.lock);
}

void cpu_exclusive_begin(Cpu *cpu)
{
    CpuThread *t = cpu->thread;

    g_assert(current_cpu == cpu && !vm_locked(t->vm));
    if (t->thread == NULL) {
        return;
    }
    run_end(t); /* two that want it must not wait for each other */
    excl_begin(t->vm, cpu);
}

void cpu_exclusive_end(Cpu *cpu)
{
    if (cpu->thread->thread == NULL) {
        return;
    }
    excl_end();
    run_begin(cpu->thread);
}

/* ---- Work */

static void queue_work(CpuThread *t, Work *w)
{
    g_mutex_lock(&t->work_lock);
    w->next = NULL;
    __atomic_store_n(t->work_last, w, __ATOMIC_RELEASE); /* has_queued() looks without the lock */
    t->work_last = &w->next;
    g_mutex_unlock(&t->work_lock);
    kick_out(t->cpu);
}

static bool has_queued(CpuThread *t)
{
    return __atomic_load_n(&t->work_first, __ATOMIC_ACQUIRE) != NULL;
}

/* On the thread itself, not inside a guest instruction. */
static void run_queued(CpuThread *t)
{
    while (has_queued(t)) {
        Work *w, item;

        g_mutex_lock(&t->work_lock);
        w = t->work_first;
        t->work_first = w->next;
        if (t->work_first == NULL) {
            t->work_last = &t->work_first;
        }
        g_mutex_unlock(&t->work_lock);
        item = *w; /* a waiter's item is on its stack and goes once done is set */
        if (item.exclusive) {
            excl_begin(t->vm, t->cpu);
        }
        item.fn(t->cpu, item.opaque);
        if (item.exclusive) {
            excl_end();
        }
        if (item.done == NULL) {
            g_free(w);
            continue;
        }
        __atomic_store_n(item.done, 1, __ATOMIC_SEQ_CST);
        futex_wake_all(item.done);
        if (item.waiter != NULL) {
            cpu_kick(item.waiter);
        }
    }
}

static void queue_async(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque, bool exclusive)
{
    Work *w;

    if (cpu->thread == NULL || cpu->thread->thread == NULL) {
        fn(cpu, opaque);
        return;
    }
    w = g_new0(Work, 1);
    w->fn = fn;
    w->opaque = opaque;
    w->exclusive = exclusive;
    queue_work(cpu->thread, w);
}

void cpu_run_async(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque)
{
    queue_async(cpu, fn, opaque, false);
}

void cpu_run_exclusive_async(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque)
{
    queue_async(cpu, fn, opaque, true);
}

/* Waits for done; a vCPU does its own work meanwhile, so that two can wait for each other. */
static void wait_done(uint32_t *done)
{
    CpuThread *self = current_cpu != NULL ? current_cpu->thread : NULL;
    bool was_running = self != NULL && flag(&self->running);
    bool was_online = vm_thread_online();

    if (self == NULL) {
        while (load_word(done) == 0) {
            futex_wait(done, 0);
        }
        return;
    }
    if (was_running) {
        run_end(self);
    }
    if (was_online) {
        vm_online_leave(self->online);
    }
    for (;;) {
        uint32_t seq = load_word(&self->wake);

        if (load_word(done) != 0) {
            break;
        }
        run_queued(self);
        if (load_word(done) != 0) {
            break;
        }
        sleep_on(self, seq);
    }
    if (was_online) {
        vm_online_enter(self->online);
    }
    if (was_running) {
        run_begin(self);
    }
}

void cpu_run(Cpu *cpu, void (*fn)(Cpu *cpu, void *opaque), void *opaque)
{
    CpuThread *t = cpu->thread;
    uint32_t done = 0;
    Work w = { .fn = fn, .opaque = opaque, .done = &done, .waiter = current_cpu };
    bool locked;

    if (t == NULL || t->thread == NULL || current_cpu == cpu) {
        fn(cpu, opaque);
        return;
    }
    locked = vm_locked(t->vm);
    if (locked) {
        vm_unlock(t->vm);
    }
    queue_work(t, &w);
    wait_done(&done);
    if (locked) {
        vm_lock(t->vm);
    }
}

static void on_cpus(Vm *vm, bool exclusive, void (*fn)(Cpu *cpu, void *opaque), void *opaque)
{
    bool locked = vm_locked(vm);

    if (exclusive) {
        CpuThread *self = current_cpu != NULL ? current_cpu->thread : NULL;
        bool was_running = self != NULL && flag(&self->running);

        if (locked) {
            vm_unlock(vm);
        }
        if (was_running) {
            run_end(self);
        }
        excl_begin(vm, current_cpu);
        for (guint i = 0; i < vm->cpus->len; i++) {
            fn(g_ptr_array_index(vm->cpus, i), opaque);
        }
        excl_end();
        if (was_running) {
            run_begin(self);
        }
        if (locked) {
            vm_lock(vm);
        }
        return;
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        cpu_run(g_ptr_array_index(vm->cpus, i), fn, opaque);
    }
}

/* ---- The thread */

static void park(CpuThread *t)
{
    run_queued(t); /* who sees it parked may change its state: nothing from before is under way any more */
    set_flag(&t->parked, true);
    bump(&excl.parks);
    for (;;) {
        uint32_t seq = load_word(&t->wake);

        run_queued(t);
        if (!flag(&t->cpu->stop) || flag(&t->exit)) {
            break;
        }
        sleep_on(t, seq);
    }
    set_flag(&t->parked, false);
}

static bool asked_out(const CpuThread *t)
{
    return (__atomic_load_n(&t->cpu->pending, __ATOMIC_SEQ_CST) & CPU_PENDING_EXIT) != 0 ||
           flag(&t->cpu->stop);
}

static bool wakes(const Cpu *cpu)
{
    return cpu->type->has_work == NULL || cpu->type->has_work(cpu);
}

enum { SPIN_MIN_NS = 4 * 1000, SPIN_MAX_NS = 50 * 1000, SPIN_LOOKS = 16 };

/* Most of what a halted vCPU is woken for comes from other vCPUs. So looking for it pays only while one of them runs,
 * and only if that one is not waiting for the very processor that we keep busy by looking. */
static bool may_come_soon(CpuThread *t)
{
    const GPtrArray *cpus = t->vm->cpus;
    int here = sched_getcpu();

    __atomic_store_n(&t->host_cpu, here, __ATOMIC_RELAXED);
    for (guint i = 0; i < cpus->len; i++) {
        const CpuThread *o = ((const Cpu *)g_ptr_array_index(cpus, i))->thread;

        if (o != t && o != NULL && flag(&o->running) &&
            __atomic_load_n(&o->host_cpu, __ATOMIC_RELAXED) != here) {
            return true;
        }
    }
    return false;
}

/* True when there is something to do within the time that a sleep and a wake-up would cost. */
static bool spin_for_work(CpuThread *t)
{
    int64_t end = clock_ns(CLOCK_REAL) + t->spin_ns, now;

    do {
        bool soon = may_come_soon(t); /* before we look for what others have left behind */

        for (unsigned i = 0; i < SPIN_LOOKS; i++) {
            if (asked_out(t) || wakes(t->cpu)) {
                return true;
            }
            __builtin_ia32_pause();
        }
        if (!soon) {
            return false;
        }
        now = clock_ns(CLOCK_REAL);
    } while (now < end);
    if (now > end + SPIN_MAX_NS) {  /* others want this processor, perhaps the one we wait for */
        t->spin_ns = SPIN_MIN_NS;
    }
    return false;
}

/* Sleeps that were short would have been spared by looking a little longer; long ones show that
 * looking is in vain. */
static void spin_learn(CpuThread *t, int64_t slept_ns)
{
    if (slept_ns < SPIN_MAX_NS * 2) {
        t->spin_ns = MIN(t->spin_ns * 2, SPIN_MAX_NS);
    } else {
        t->spin_ns = MAX(t->spin_ns / 2, SPIN_MIN_NS);
    }
}

static void sleep_for_work(CpuThread *t)
{
    int64_t start = clock_ns(CLOCK_REAL);

    for (;;) {
        uint32_t seq = load_word(&t->wake);

        if (asked_out(t) || wakes(t->cpu)) {
            break;
        }
        sleep_on(t, seq);
    }
    spin_learn(t, clock_ns(CLOCK_REAL) - start);
}

void cpu_wait_for_work(Cpu *cpu)
{
    CpuThread *t = cpu->thread;
    bool was_running = flag(&t->running), was_online = vm_thread_online();

    if (was_online) {
        vm_online_leave(t->online);
    }
    if (was_running) {
        run_end(t);
    }
    if (!spin_for_work(t)) {
        sleep_for_work(t);
        __atomic_store_n(&t->host_cpu, sched_getcpu(), __ATOMIC_RELAXED);
    }
    if (was_running) {
        run_begin(t);
    }
    if (was_online) {
        vm_online_enter(t->online);
    }
}

bool cpu_wait_until(Cpu *cpu, bool (*ready)(Cpu *cpu, void *opaque), void *opaque, int64_t until_ns)
{
    CpuThread *t = cpu->thread;
    bool was_running = flag(&t->running), was_online = vm_thread_online(), out;

    if (was_online) {
        vm_online_leave(t->online);
    }
    if (was_running) {
        run_end(t);
    }
    for (;;) {
        uint32_t seq = load_word(&t->wake);
        int64_t left = until_ns == INT64_MAX ? INT64_MAX : until_ns - clock_ns(CLOCK_REAL);

        out = asked_out(t);
        if (out || left <= 0 || ready(cpu, opaque)) {
            break;
        }
        __atomic_store_n(&t->sleeping, 1, __ATOMIC_SEQ_CST);
        futex_wait_for(&t->wake, seq, MIN(left, 1000000000));
        __atomic_store_n(&t->sleeping, 0, __ATOMIC_SEQ_CST);
    }
    if (was_running) {
        run_begin(t);
    }
    if (was_online) {
        vm_online_enter(t->online);
    }
    return !out;
}

/* Signals are the main thread's, but for those that a thread's own instructions cause. */
static void block_signals(void)
{
    sigset_t set;

    sigfillset(&set);
    sigdelset(&set, SIGSEGV);
    sigdelset(&set, SIGBUS);
    sigdelset(&set, SIGFPE);
    sigdelset(&set, SIGILL);
    sigdelset(&set, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void run_guest(CpuThread *t)
{
    Accel *a = t->vm->accel;

    run_begin(t);
    vm_online_enter(t->online);
    if (t->regs_changed && a->type->regs_push != NULL) {
        a->type->regs_push(a, t->cpu, NULL);
    }
    t->regs_changed = false;
    if (!asked_out(t)) {
        a->type->vcpu_run(a, t->cpu);
    }
    vm_online_leave(t->online);
    run_end(t);
}

static void *cpu_thread(void *opaque)
{
    CpuThread *t = opaque;
    Accel *a = t->vm->accel;
    bool ok;

    block_signals();
    current_cpu = t->cpu;
    t->tid = (int)syscall(SYS_gettid);
    t->online = vm_online_new(t->vm);
    vm_lock(t->vm);
    ok = a->type->vcpu_create == NULL || a->type->vcpu_create(a, t->cpu, &t->error);
    vm_unlock(t->vm);
    __atomic_store_n(&t->created, ok ? 1 : 2, __ATOMIC_SEQ_CST);
    futex_wake_all(&t->created);
    while (ok && !flag(&t->exit)) {
        __atomic_fetch_and(&t->cpu->pending, ~(uint32_t)CPU_PENDING_EXIT, __ATOMIC_SEQ_CST);
        run_queued(t);
        if (flag(&t->cpu->stop)) {
            park(t);
        } else if (t->cpu->halted && !wakes(t->cpu)) {
            if (a->type->vcpu_idle == NULL || !a->type->vcpu_idle(a, t->cpu)) {
                cpu_wait_for_work(t->cpu);
            }
        } else {
            run_guest(t);
        }
    }
    if (ok && a->type->vcpu_destroy != NULL) {
        vm_lock(t->vm);
        a->type->vcpu_destroy(a, t->cpu);
        vm_unlock(t->vm);
    }
    run_queued(t);
    vm_online_free(t->online);
    current_cpu = NULL;
    return NULL;
}

/* ---- From outside */

static void pause_all(Vm *vm)
{
    g_assert(current_cpu == NULL);
    for (guint i = 0; i < vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(vm->cpus, i);

        set_flag(&cpu->stop, true);
        kick_out(cpu);
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        CpuThread *t = ((Cpu *)g_ptr_array_index(vm->cpus, i))->thread;

        while (t->thread != NULL && !flag(&t->parked)) {
            uint32_t seq = load_word(&excl.parks);

            vm_unlock(vm);
            if (!flag(&t->parked)) {
                futex_wait(&excl.parks, seq);
            }
            vm_lock(vm);
        }
    }
}

static void resume_all(Vm *vm)
{
    if (vm->accel != NULL && vm->accel->type->resuming != NULL) {
        vm->accel->type->resuming(vm->accel);
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(vm->cpus, i);

        set_flag(&cpu->stop, cpu->debug.held);
        wake_thread(cpu->thread);
    }
}

static void kick_all(Vm *vm)
{
    for (guint i = 0; i < vm->cpus->len; i++) {
        kick_out(g_ptr_array_index(vm->cpus, i));
    }
}

static void stop_current(Vm *vm)
{
    (void)vm;
    if (current_cpu != NULL && current_cpu->thread->thread != NULL) {
        set_flag(&current_cpu->stop, true);
        kick_out(current_cpu);
    }
}

static void after_reset(Vm *vm)
{
    for (guint i = 0; i < vm->cpus->len; i++) {
        cpu_regs_changed(g_ptr_array_index(vm->cpus, i));
    }
}

static const VmCpuOps cpu_ops = {
    .on_cpus = on_cpus,
    .pause_all = pause_all,
    .resume_all = resume_all,
    .kick_all = kick_all,
    .stop_current = stop_current,
    .after_reset = after_reset,
};

void cpus_pause_all(Vm *vm)
{
    pause_all(vm);
}

void cpus_resume_all(Vm *vm)
{
    resume_all(vm);
}

static void name_thread(CpuThread *t)
{
    g_autofree char *kind = g_ascii_strup(t->vm->accel->type->name, -1);
    char name[16];

    snprintf(name, sizeof(name), "CPU %u/%s", t->cpu->index, kind);
    t->thread = g_thread_new(name, cpu_thread, t);
}

static void thread_free(CpuThread *t)
{
    g_mutex_clear(&t->work_lock);
    g_clear_error(&t->error);
    g_free(t);
}

static bool start_and_wait(CpuThread *t, GError **errp)
{
    name_thread(t);
    vm_unlock(t->vm);
    while (load_word(&t->created) == 0) {
        futex_wait(&t->created, 0);
    }
    while (load_word(&t->created) == 1) { /* and stands still: the machine is reset before it starts */
        uint32_t seq = load_word(&excl.parks);

        if (flag(&t->parked)) {
            break;
        }
        futex_wait(&excl.parks, seq);
    }
    vm_lock(t->vm);
    if (t->created == 1) {
        return true;
    }
    g_thread_join(t->thread);
    g_propagate_error(errp, g_steal_pointer(&t->error));
    return false;
}

bool cpu_start_thread(Cpu *cpu, GError **errp)
{
    Vm *vm = cpu->dev.vm;
    CpuThread *t = g_new0(CpuThread, 1);
    bool ok;

    g_assert(vm_locked(vm) && vm->accel != NULL && cpu->thread == NULL);
    t->cpu = cpu;
    t->vm = vm;
    t->work_last = &t->work_first;
    t->spin_ns = SPIN_MIN_NS;
    g_mutex_init(&t->work_lock);
    cpu->thread = t;
    cpu->stop = true;
    vm->cpu_ops = &cpu_ops;
    if (vm->accel->type->no_threads) {
        ok = vm->accel->type->vcpu_create == NULL ||
             vm->accel->type->vcpu_create(vm->accel, cpu, errp);
    } else {
        ok = start_and_wait(t, errp);
    }
    if (!ok) {
        cpu->thread = NULL;
        thread_free(t);
        return false;
    }
    g_ptr_array_add(vm->cpus, cpu);
    if (vm_running(vm)) { /* plugged in while the others run */
        set_flag(&cpu->stop, false);
        wake_thread(t);
    }
    return true;
}

void cpu_stop_thread(Cpu *cpu)
{
    CpuThread *t = cpu->thread;
    Vm *vm = cpu->dev.vm;

    if (t == NULL) {
        return;
    }
    g_assert(vm_locked(vm) && current_cpu != cpu);
    if (t->thread != NULL) {
        set_flag(&t->exit, true);
        kick_out(cpu);
        vm_unlock(vm);
        g_thread_join(t->thread);
        vm_lock(vm);
    } else if (vm->accel->type->vcpu_destroy != NULL) {
        vm->accel->type->vcpu_destroy(vm->accel, cpu);
    }
    g_ptr_array_remove(vm->cpus, cpu);
    cpu->thread = NULL;
    thread_free(t);
}

int cpu_thread_id(const Cpu *cpu)
{
    return cpu->thread != NULL ? cpu->thread->tid : 0;
}

bool cpu_is_stopped(const Cpu *cpu)
{
    return cpu->thread == NULL || cpu->thread->thread == NULL || flag(&cpu->thread->parked);
}

bool cpu_in_guest(const Cpu *cpu)
{
    return cpu->thread != NULL && flag(&cpu->thread->running);
}

bool cpu_regs_pull(Cpu *cpu, GError **errp)
{
    Accel *a = cpu->dev.vm->accel;

    return a == NULL || a->type->regs_pull == NULL || a->type->regs_pull(a, cpu, errp);
}

void cpu_hold(Cpu *cpu, bool on)
{
    cpu->debug.held = on;
}

void cpu_debug_note(Cpu *cpu, CpuHit hit, const CpuBreak *what)
{
    if (cpu->debug.hit != HIT_BREAK) {
        cpu->debug.hit = hit;
        cpu->debug.what = what != NULL ? *what : (CpuBreak){ 0 };
    }
}

void cpu_debug_stop(Cpu *cpu, CpuHit hit, const CpuBreak *what)
{
    cpu_debug_note(cpu, hit, what);
    vm_request_stop(cpu->dev.vm, RUN_DEBUG);
}

void cpu_regs_changed(Cpu *cpu)
{
    if (cpu->thread != NULL) {
        cpu->thread->regs_changed = true;
    }
}
