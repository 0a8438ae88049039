/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the lockstep checker that runs with the guest's vector registers loaded: the ways into translated
 * code and out of it, and the notes about stores and page walks that C code does meanwhile. */
#include <glib.h>
#include <setjmp.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/lockstep.h"

#include "accel/tcg/block.h"

static void note_store(TcgVcpu *v, void *host, size_t n)
{
    Lockstep *l = v->lockstep;
    LockStore *s;

    if (l->n_stores == LOCK_STORES) {
        if (l->inside) {
            l->disturbed = true;
            return;
        }
        guest_general_end(v->cpu);
        lockstep_make_room(l);
    }
    s = &l->stores[l->n_stores++];
    s->host = host;
    s->n = n;
    if (l->inside) {
        s->value = n == 8 ? *(uint64_t *)host : n == 4 ? *(uint32_t *)host : 0;
        if (l->n_stores > LOCK_STORES / 2) {
            __atomic_store_n(&v->poll, 1, __ATOMIC_RELAXED);
        }
    }
}

bool lockstep_fill(Cpu *cpu, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    Lockstep *l = v->lockstep;
    unsigned first = l->n_stores;
    bool done = cpu->type->tcg->tlb_fill(cpu, va, how, mode, fill);
    LockFill *f;

    if (!l->inside) {
        return done;
    }
    if (l->n_fills == LOCK_FILLS) {
        l->disturbed = true;
        return done;
    }
    f = &l->fills[l->n_fills++];
    f->va = va;
    f->how = how;
    f->mode = mode;
    f->used = f->delivered = false;
    f->failed = !done;
    f->fill = done ? *fill : (TlbFill){ 0 };
    if (!done) {
        f->fault = l->ops->fault_get(cpu);
    }
    f->first = first;
    f->end = l->n_stores;
    if (l->n_fills > LOCK_FILLS / 2) {
        __atomic_store_n(&v->poll, 1, __ATOMIC_RELAXED);
    }
    return done;
}

static void faulted(TcgVcpu *v, uint64_t live, uint64_t flags)
{
    Lockstep *l = v->lockstep;
    LockFill *f = l->n_fills > 0 ? &l->fills[l->n_fills - 1] : NULL;

    if (f == NULL || !f->failed) {
        l->disturbed = true;        /* there was no room */
        return;
    }
    f->delivered = true;
    f->live = live;
    f->flags = flags;
}

static void go(TcgVcpu *v, bool beginning)
{
    Lockstep *l = v->lockstep;
    bool loaded = v->fp_loaded || l->loaded;

    guest_general_end(v->cpu);
    lockstep_begin(l);
    l->loaded = false;
    l->beginning = beginning;
    l->inside = true;
    if (loaded) {
        v->ops->translator->fp_load(v);
    }
}

static void stop(TcgVcpu *v, uint64_t live, bool moved)
{
    Lockstep *l = v->lockstep;

    if (!l->inside) {               /* C code ended it, after it was checked */
        return;
    }
    l->inside = false;
    l->loaded = v->fp_loaded;
    guest_general_end(v->cpu);
    lockstep_check(l, live, moved && l->beginning);
}

const TcgFollower lockstep_follower = { .go = go, .stop = stop, .store = note_store, .faulted = faulted };

#include "accel/tcg/general_regs_end.h"
