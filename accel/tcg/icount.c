/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -icount: virtual time is the number of instructions executed, 2^shift ns each. Virtual timers fire on the
 * vCPU's thread exactly when the count is reached, so that a run without input from outside is repeated to
 * the instruction. Translated blocks charge for their instructions before they
 * begin (vcpu.h); the interpreter ends a slice that ends within one. Nothing depends on what is translated how: a run
 * with tier=0 executes the same instructions at the same times.
 *
 * While all vCPUs are halted time passes with the host's until the next timer is due (sleep=on), or jumps there
 * (sleep=off). shift=auto: the shift follows the host's speed. align=on: a guest that is ahead of the
 * host's time waits for it. Recording and replaying are not modelled. */
#include "accel/tcg/tcg.h"

#include <string.h>

#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/parse.h"
#include "util/timer.h"

enum { SHIFT_MAX = 10, SHIFT_START = 3, SLICE = 50000, SLICE_SOLE = 500000, BLOCK_MAX = 64 };
#define ADJUST_NS (100 * 1000 * 1000)
#define AHEAD_NS (3 * 1000 * 1000)

struct Icount {
    Tcg *t;
    bool automatic, align, sleep;
    unsigned shift;                 /* atomic */
    int64_t executed;               /* atomic: instructions of finished slices */
    int64_t bias;                   /* atomic: ns, time that passed without instructions */
    TcgVcpu *running;               /* atomic: who is in a slice */
    int32_t slice;                  /* atomic: instructions given to it */
    int64_t seen;                   /* atomic: the latest time anybody was told */
    int64_t adjusted_at;            /* real ns */
    int64_t ahead;                  /* virtual less real ns at the start */
    bool started;
};

static int64_t executed_now(const Icount *ic)
{
    const TcgVcpu *v = __atomic_load_n(&ic->running, __ATOMIC_ACQUIRE);
    int64_t n = __atomic_load_n(&ic->executed, __ATOMIC_ACQUIRE);

    return v == NULL ? n : n + __atomic_load_n(&ic->slice, __ATOMIC_RELAXED) -
        __atomic_load_n(&v->icount_left, __ATOMIC_RELAXED);
}

/* The vCPU that runs has charged for its block when other threads look: they are told a time that has surely passed,
 * so that nobody's clock goes back. */
static int64_t icount_now(void *opaque)
{
    Icount *ic = opaque;
    const TcgVcpu *v = __atomic_load_n(&ic->running, __ATOMIC_ACQUIRE);
    int64_t ahead = v != NULL && current_cpu != v->cpu ? BLOCK_MAX : 0, now, seen;

    now = ((executed_now(ic) - ahead) << __atomic_load_n(&ic->shift, __ATOMIC_RELAXED)) +
        __atomic_load_n(&ic->bias, __ATOMIC_RELAXED);
    seen = __atomic_load_n(&ic->seen, __ATOMIC_RELAXED);
    while (seen < now &&
           !__atomic_compare_exchange_n(&ic->seen, &seen, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return MAX(now, seen);
}

int64_t icount_executed(const Icount *ic)
{
    return executed_now(ic);
}

/* Instructions until the first timer is due, rounded up. */
static int64_t until_deadline(const Icount *ic)
{
    int64_t deadline = clock_virtual_deadline(), ns;

    if (deadline == INT64_MAX) {
        return INT64_MAX;
    }
    ns = deadline - icount_now((void *)ic);
    return ns <= 0 ? 0 : (ns + (1ll << ic->shift) - 1) >> ic->shift;
}

/* A timer was armed that is due before all others. */
static void icount_deadline_changed(void *opaque)
{
    Icount *ic = opaque;
    TcgVcpu *v = ic->running;
    int64_t left;

    if (v == NULL) {                /* between slices, or everybody is halted and the holder waits */
        int holder = __atomic_load_n(&ic->t->turn, __ATOMIC_RELAXED);

        if (holder >= 0 && current_cpu == NULL) {
            cpu_kick(g_ptr_array_index(ic->t->vm->cpus, (unsigned)holder));
        }
        return;
    }
    if (current_cpu != v->cpu) {
        __atomic_store_n(&v->poll, 1, __ATOMIC_SEQ_CST);
        cpu_kick(v->cpu);
        return;
    }
    left = until_deadline(ic);
    if (left < v->icount_left) {    /* both go down by what is cut off */
        ic->slice -= v->icount_left - (int32_t)left;
        v->icount_left = (int32_t)left;
    }
}

/* ---- shift=auto and align=on, between slices */

static void set_shift(Icount *ic, unsigned shift)
{
    int64_t now = icount_now(ic);

    __atomic_store_n(&ic->shift, shift, __ATOMIC_RELAXED);
    __atomic_store_n(&ic->bias, now - (ic->executed << shift), __ATOMIC_RELAXED);
}

static void follow_host(Icount *ic)
{
    int64_t real = clock_ns(CLOCK_REAL), ahead = icount_now(ic) - real;

    if (!ic->started) {
        ic->started = true;
        ic->ahead = ahead;
        ic->adjusted_at = real;
    }
    ahead -= ic->ahead;
    if (ic->align && ahead > AHEAD_NS) {
        g_usleep((gulong)(MIN(ahead, ADJUST_NS) / 1000));
    }
    if (ic->automatic && real - ic->adjusted_at > ADJUST_NS) {
        ic->adjusted_at = real;
        if (ahead < -ADJUST_NS && ic->shift < SHIFT_MAX) {
            set_shift(ic, ic->shift + 1);
        } else if (ahead > ADJUST_NS && ic->shift > 0) {
            set_shift(ic, ic->shift - 1);
        }
    }
}

/* ---- slices */

static void run_timers(Icount *ic)
{
    Vm *vm = ic->t->vm;
    bool taken = vm_lock_maybe(vm);

    clock_virtual_run();
    vm_unlock_maybe(vm, taken);
}

bool icount_begin(TcgVcpu *v)
{
    Icount *ic = v->tcg->icount;
    int64_t n = until_deadline(ic);

    if (n == 0) {
        run_timers(ic);
        return false;
    }
    n = MIN(n, v->sole ? SLICE_SOLE : SLICE);
    v->icount_left = (int32_t)n;
    __atomic_store_n(&ic->slice, (int32_t)n, __ATOMIC_RELAXED);
    __atomic_store_n(&ic->running, v, __ATOMIC_RELEASE);
    return true;
}

void icount_end(TcgVcpu *v)
{
    Icount *ic = v->tcg->icount;
    int64_t done;

    if (ic->running != v) {
        return;
    }
    done = ic->slice - v->icount_left;
    __atomic_store_n(&ic->running, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&ic->executed, ic->executed + done, __ATOMIC_RELEASE);
    if (ic->automatic || ic->align) {
        follow_host(ic);
    }
}

/* ---- nothing to run */

static bool somebody_runs(Cpu *cpu, void *opaque)
{
    const Tcg *t = opaque;

    for (guint k = 0; k < t->vm->cpus->len; k++) {
        const Cpu *c = g_ptr_array_index(t->vm->cpus, k);

        if (!__atomic_load_n(&c->halted, __ATOMIC_SEQ_CST) || c->type->has_work(c)) {
            return true;
        }
    }
    return false;
}

bool icount_idle(TcgVcpu *v)
{
    Icount *ic = v->tcg->icount;
    int64_t start = clock_ns(CLOCK_REAL), deadline, wait, passed;

    if (!turn_take(v)) {
        return true;
    }
    if (somebody_runs(v->cpu, v->tcg)) {
        turn_leave(v);
        return v->tcg->vm->cpus->len > 1;
    }
    deadline = clock_virtual_deadline();
    wait = deadline == INT64_MAX ? INT64_MAX : MAX(deadline - icount_now(ic), 0);
    if (wait == INT64_MAX || (ic->sleep && wait > 0)) {
        bool in_time = wait == INT64_MAX ||
            cpu_wait_until(v->cpu, somebody_runs, v->tcg, start + wait);

        if (wait == INT64_MAX) {
            cpu_wait_until(v->cpu, somebody_runs, v->tcg, INT64_MAX);
        }
        passed = clock_ns(CLOCK_REAL) - start;
        in_time = in_time && (passed >= wait || wait == INT64_MAX);
        wait = in_time && wait != INT64_MAX ? wait : MIN(passed, wait);
    }
    __atomic_store_n(&ic->bias, ic->bias + wait, __ATOMIC_RELAXED);
    run_timers(ic);
    return true;
}

/* ---- -icount */

static bool read_flag(const Json *opts, const char *key, bool *ret, GError **errp)
{
    const char *text = json_get_str(opts, key);

    if (text != NULL && !parse_bool(text, ret)) {
        return err_fail(errp, "Parameter '%s' expects 'on' or 'off'", key);
    }
    return true;
}

bool icount_configure(Tcg *t, const Json *opts, GError **errp)
{
    const char *shift = json_get_str(opts, "shift");
    Icount ic = { .t = t, .sleep = true, .shift = SHIFT_START };
    uint64_t n = SHIFT_START;
    static ClockSource source;

    JSON_FOREACH (opts, i, value) {
        static const char *const keys[] = { "shift", "align", "sleep", NULL };

        if (!g_strv_contains(keys, json_key_at(opts, i))) {
            return err_fail(errp, "Invalid parameter '%s'", json_key_at(opts, i));
        }
    }
    if (!read_flag(opts, "align", &ic.align, errp) || !read_flag(opts, "sleep", &ic.sleep, errp)) {
        return false;
    }
    if (shift == NULL && json_get(opts, "align") != NULL) {
        return err_fail(errp, "Please specify shift option when using align");
    }
    if (ic.align && !ic.sleep) {
        return err_fail(errp, "align=on and sleep=off are incompatible");
    }
    ic.automatic = g_strcmp0(shift, "auto") == 0;
    if (shift == NULL) {
        return true;                /* nothing is counted */
    }
    if (!ic.automatic && !parse_uint(shift, 0, SHIFT_MAX, &n)) {
        return err_fail(errp, "icount: Invalid shift value");
    }
    if (t->thread == TCG_THREAD_MULTI) {
        return err_fail(errp, "No MTTCG when icount is enabled");
    }
    ic.shift = (unsigned)n;
    t->icount = g_memdup2(&ic, sizeof(ic));
    t->single = true;
    source = (ClockSource){ icount_now, icount_deadline_changed, t->icount, .counted = true };
    clock_virtual_set_source(&source);
    return true;
}

void icount_free(Tcg *t)
{
    if (t->icount != NULL) {
        clock_virtual_set_source(NULL);
        g_free(t->icount);
        t->icount = NULL;
    }
}

void icount_info(const Tcg *t, GString *out)
{
    if (t->icount != NULL) {
        g_string_append_printf(out, "instructions        %" G_GINT64_FORMAT " (shift %u)\n",
                               executed_now(t->icount), t->icount->shift);
    }
}
