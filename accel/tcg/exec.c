/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run loop of a vCPU and the way back to it out of C code. Between two rounds registers are in
 * memory and exact; events are taken there. */
#include "accel/tcg/tcg.h"

#include "accel/tcg/block.h"
#include "accel/tcg/lockstep.h"
#include "accel/tcg/logging.h"
#include "accel/tcg/window.h"
#include "hw/core/machine.h"

#include <signal.h>
#include <sys/mman.h>

enum { INTERPRET_MAX = 4096 };

__attribute__((noreturn)) void guest_exit(Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    g_assert(v->out_valid);
    siglongjmp(v->out, 1);
}

/* Acts on what other threads asked for. false: the loop is to be left. */
static bool round_begin(TcgVcpu *v)
{
    Cpu *cpu = v->cpu;
    uint32_t pending;

    __atomic_store_n(&v->poll, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&v->flush_wanted, __ATOMIC_RELAXED) != 0) {
        tlb_flush_requests(v);
    }
    cache_requests(v);
    if (v->log_seen != log_level) {
        tcg_log_level_changed(v);
    }
    if (v->unverified != 0) {
        watch_verify(v);
    }
    if (v->win != NULL) {
        window_tick(v, v->ops->mmu_mode(cpu) == v->ops->user_mode);
    }
    pending = __atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&cpu->stop, __ATOMIC_RELAXED) || (pending & CPU_PENDING_EXIT)) {
        __atomic_fetch_and(&cpu->pending, ~(uint32_t)CPU_PENDING_EXIT, __ATOMIC_ACQ_REL);
        return false;
    }
    if (pending != 0 && !(cpu->debug.step && cpu->debug.no_irq && !cpu->halted) && v->ops->deliver_pending(cpu) &&
        cpu->debug.step) {
        cpu_debug_stop(cpu, HIT_STEP, NULL);
        return false;
    }
    return !cpu->halted;
}

/* One slice of instructions that are counted; then it is the next vCPU's turn. */
static bool run_counted(TcgVcpu *v)
{
    if (icount_begin(v)) {
        v->cpu->icount = &v->icount_left;
        if (v->cache != NULL) {
            tcg_run_blocks(v);
        } else {
            v->n.interpreted += v->ops->interpret(v->cpu, UINT32_MAX);
        }
        icount_end(v);
    }
    return !turn_pass(v) || turn_take(v);
}

static bool run_some(TcgVcpu *v)
{
    if (v->tcg->icount != NULL) {
        return run_counted(v);
    }
    if (v->cache != NULL) {
        tcg_run_blocks(v);
    } else {
        v->n.interpreted += v->ops->interpret(v->cpu, INTERPRET_MAX);
    }
    return !__atomic_load_n(&v->turn_wanted, __ATOMIC_RELAXED) || !turn_pass(v) || turn_take(v);
}

/* Translated code has a stack of its own, which is too small for signal handlers. */
static void signal_stack(void)
{
    enum { STACK = 256 << 10 };
    stack_t old, ss = { .ss_size = STACK };

    if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE)) {
        ss.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        g_assert(ss.ss_sp != MAP_FAILED && sigaltstack(&ss, NULL) == 0);
    }
}

void tcg_run(TcgVcpu *v)
{
    signal_stack();
    memset(v->ranges, 0, sizeof(v->ranges));
    v->sole = v->tcg->vm->cpus->len == 1;
    window_thread(v);
    if (v->tcg->single && !turn_take(v)) {
        return;
    }
    if (sigsetjmp(v->out, 0) != 0 && v->cpu->debug.step) {
        cpu_debug_stop(v->cpu, HIT_STEP, NULL);         /* at the handler of an exception */
    }
    v->force_interpret = 0;
    v->out_valid = true;
    if (v->tcg->icount != NULL) {
        icount_end(v);              /* an instruction that did not complete ended the slice */
    }
    while (round_begin(v) && run_some(v)) {
    }
    v->out_valid = false;
    if (v->tcg->single) {
        turn_leave(v);
    }
}

/* How many vCPUs there may be: they share what can be had below 2 GiB. */
static unsigned max_cpus(const Tcg *t)
{
    if (t == NULL || t->vm == NULL || !type_is_a(t->vm->machine->type, &machine_base.type)) {
        return 1;
    }
    return MAX(vm_machine(t->vm)->smp.max_cpus, 1);
}

static unsigned set_count(const Tcg *t)
{
    enum { ALL_SETS_BYTES = 512 << 20 };

    return CLAMP(ALL_SETS_BYTES / max_cpus(t) / sizeof(TlbSet), 2, TLB_SETS);
}

static size_t code_size(const Tcg *t)
{
    size_t mib = t->tb_size != 0 ? t->tb_size : 128;
    unsigned cpus = max_cpus(t);

    return MAX(MIN(mib, 512) / cpus, 2) << 20;
}

/* low: where 32-bit addresses reach it, as translations need. Some fifty vCPUs fit there. */
static TcgVcpu *map_tables(size_t bytes, bool low)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (low ? MAP_32BIT : 0), -1, 0);
}

TcgVcpu *tcg_vcpu_new(Tcg *t, Cpu *cpu, GError **errp)
{
    unsigned n_sets = set_count(t);
    size_t bytes = offsetof(TcgVcpu, sets) + n_sets * sizeof(TlbSet);
    TcgVcpu *v = map_tables(bytes, true);
    bool low = v != MAP_FAILED;

    if (!low) {
        v = map_tables(bytes, false);
    }
    if (v == MAP_FAILED) {
        err_fail_errno(errp, errno, "cannot allocate a vCPU's translation tables");
        return NULL;
    }
    v->bytes = bytes;
    v->n_sets = n_sets;
    v->cpu = cpu;
    v->tcg = t;
    v->ops = cpu->type->tcg;
    v->plain = t != NULL && t->icount == NULL && t->lockstep == LOCKSTEP_OFF;
    v->tcg_one_insn = t != NULL && t->one_insn;
    v->counted = t != NULL && t->icount != NULL;
    tlb_init(v);
    if (low && t != NULL && t->tier > 0 && v->ops->translator != NULL
        && !cache_new(v, code_size(t), errp)) {
        tcg_vcpu_free(v);
        return NULL;
    }
    if (v->cache != NULL && tcg_wants_windows(t) && v->ops->tlb_peek != NULL) {
        v->win = window_new(v, max_cpus(t), t->window_after, &v->win_why);
        if (v->win != NULL && g_strcmp0(t->mem, "table") == 0) {
            window_table_only(v);
        }
    }
    if (v->cache != NULL && t->lockstep != LOCKSTEP_OFF) {
        if (max_cpus(t) > 1) {
            err_fail(errp, "Parameter 'lockstep' needs a machine with one CPU");
            tcg_vcpu_free(v);
            return NULL;
        }
        if (!lockstep_new(v, errp)) {
            tcg_vcpu_free(v);
            return NULL;
        }
    }
    return v;
}

void tcg_vcpu_free(TcgVcpu *v)
{
    lockstep_free(v);
    window_free(v);
    cache_free(v);
    munmap(v, v->bytes);
}
