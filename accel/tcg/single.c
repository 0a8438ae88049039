/* SPDX-License-Identifier: GPL-2.0-or-later */
/* thread=single: every vCPU has its thread as ever, but only the one whose turn it is runs guest code. The
 * turn goes round: when a vCPU halts, leaves, has counted its instructions (-icount) or, without
 * counting, when another has waited for ten milliseconds.
 *
 * -icount (icount.c) needs this: which vCPU runs next depends on instructions executed alone. */
#include "accel/tcg/tcg.h"

#include <sched.h>

#include "util/timer.h"

enum { NOBODY = -1 };
#define TURN_NS (10 * 1000 * 1000)

static int holder_of(const Tcg *t)
{
    return __atomic_load_n(&t->turn, __ATOMIC_SEQ_CST);
}

static bool runnable(const Cpu *cpu)
{
    return !cpu->debug.held && (!__atomic_load_n(&cpu->halted, __ATOMIC_SEQ_CST) || cpu->type->has_work(cpu));
}

static Cpu *cpu_at(const Tcg *t, unsigned k)
{
    return g_ptr_array_index(t->vm->cpus, k);
}

/* Nobody's, ours, or of one that cannot use it. */
static bool can_take(Cpu *cpu, void *opaque)
{
    const Tcg *t = opaque;
    int holder = holder_of(t);

    return holder == NOBODY || holder == (int)cpu->index || !runnable(cpu_at(t, (unsigned)holder));
}

bool turn_take(TcgVcpu *v)
{
    Tcg *t = v->tcg;
    int self = (int)v->cpu->index;

    for (;;) {
        int holder = holder_of(t);

        if (holder == self) {
            return true;
        }
        if (can_take(v->cpu, t) &&
            __atomic_compare_exchange_n(&t->turn, &holder, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return true;
        }
        if (!cpu_wait_until(v->cpu, can_take, t, clock_ns(CLOCK_REAL) + TURN_NS)) {
            return false;
        }
        holder = holder_of(t);
        if (!can_take(v->cpu, t) && holder >= 0) {      /* it has had its time */
            TcgVcpu *h = tcg_vcpu(cpu_at(t, (unsigned)holder));

            __atomic_store_n(&h->turn_wanted, 1, __ATOMIC_SEQ_CST);
            __atomic_store_n(&h->poll, 1, __ATOMIC_SEQ_CST);
        }
    }
}

bool turn_pass(TcgVcpu *v)
{
    Tcg *t = v->tcg;
    unsigned n = t->vm->cpus->len, self = v->cpu->index;

    __atomic_store_n(&v->turn_wanted, 0, __ATOMIC_SEQ_CST);
    for (unsigned k = 1; k < n; k++) {
        Cpu *next = cpu_at(t, (self + k) % n);

        if (runnable(next)) {
            __atomic_store_n(&t->turn, (int)next->index, __ATOMIC_SEQ_CST);
            cpu_kick(next);
            return true;
        }
    }
    return false;
}

void turn_leave(TcgVcpu *v)
{
    if (v->cpu->halted && !turn_pass(v) && v->tcg->icount == NULL) {
        __atomic_store_n(&v->tcg->turn, NOBODY, __ATOMIC_SEQ_CST);
    }
}

void guest_yield(Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v->tcg == NULL || !v->tcg->single) {
        sched_yield();
    } else if (v->tcg->icount == NULL) {
        __atomic_store_n(&v->turn_wanted, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&v->poll, 1, __ATOMIC_SEQ_CST);
    }
}
