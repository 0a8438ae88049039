/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which address spaces have windows. One that was found in user mode for some milliseconds without a flush gets
 * them; one whose windows cost more than they bring (pages that come and go) loses them for a while. */
#include <glib.h>
#include <setjmp.h>
#include <string.h>
#include <time.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/window_int.h"

enum { TICK_MIN_NS = 500000, TICK_MAX_NS = 10000000, CHECK_NS = 10000000, STRIKES = 5, BAN_NS = 100000000 };

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static WinSpace *space_find(Windows *w, uint64_t root, unsigned asid)
{
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        if (w->space[k].used && w->space[k].root == root && w->space[k].asid == asid) {
            return &w->space[k];
        }
    }
    return NULL;
}

static WinHeat *heat_find(Windows *w, bool make)
{
    WinHeat *oldest = w->heat;

    for (unsigned k = 0; k < WIN_HEATS; k++) {
        if (w->heat[k].root == w->root && w->heat[k].asid == w->asid && w->heat[k].stamp != 0) {
            w->heat[k].stamp = ++w->stamp;
            return &w->heat[k];
        }
        if (w->heat[k].stamp < oldest->stamp) {
            oldest = &w->heat[k];
        }
    }
    if (!make) {
        return NULL;
    }
    *oldest = (WinHeat){ .root = w->root, .asid = w->asid, .stamp = ++w->stamp };
    return oldest;
}

void guest_addr_space(Cpu *cpu, uint64_t root, unsigned asid, bool kept)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    Windows *w = v != NULL ? v->win : NULL;
    WinSpace *s;
    WinHeat *h;

    if (w == NULL) {
        return;
    }
    guest_general_end(cpu);
    w->root = root;
    w->asid = asid;
    s = space_find(w, root, asid);
    if (s != w->active) {
        window_activate(v, s);
    }
    if (s != NULL) {
        s->stale |= !kept;
        if (s->stale) {
            window_check(v, s);
        }
    } else if (!kept) {             /* may be another process with the old one's tables */
        h = heat_find(w, false);
        if (h != NULL) {
            h->ns = 0;
        }
    }
}

static void promote(TcgVcpu *v)
{
    Windows *w = v->win;
    WinSpace *s = w->space;

    for (unsigned k = 1; k < w->n_spaces && s->used; k++) {
        if (!w->space[k].used || w->space[k].stamp < s->stamp) {
            s = &w->space[k];
        }
    }
    if (s->used) {
        window_space_free(v, s);
        w->n_used--;
    }
    if (!window_place(s)) {
        w->n_spaces = MAX(s - w->space, 1);
        return;
    }
    *s = (WinSpace){ .root = w->root, .asid = w->asid, .used = true, .area = s->area, .placed = true };
    w->n_used++;
    w->n.promotions++;
    w->work_ns = w->user_ns = 0;
    w->checked_at = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    window_activate(v, s);
}

static void demote(TcgVcpu *v, uint64_t now)
{
    Windows *w = v->win;
    WinHeat *h = heat_find(w, true);

    window_space_free(v, w->active);
    w->n.demotions++;
    h->ns = 0;
    h->banned_until = now + ((uint64_t)BAN_NS << MIN(h->bans, 6));
    h->bans++;
}

/* Windows make user code about a third faster: they must cost less than a quarter of its time, most of the time. */
static void balance(TcgVcpu *v, uint64_t now)
{
    Windows *w = v->win;
    WinSpace *s = w->active;

    if (now - w->checked_at < CHECK_NS) {
        return;
    }
    if (w->work_ns > w->user_ns / 4 && w->work_ns > (now - w->checked_at) / 64) {
        s->strikes++;
    } else if (s->strikes > 0) {
        s->strikes--;
    }
    w->work_ns = w->user_ns = 0;
    w->checked_at = now;
    if (s->strikes > STRIKES && w->promote_ns != 0) {
        demote(v, now);
    }
}

static void recount(Windows *w)
{
    w->n_used = 0;
    for (unsigned k = 0; k < WIN_SPACES; k++) {
        w->n_used += w->space[k].used;
    }
}

void window_tick(TcgVcpu *v, bool user)
{
    Windows *w = v->win;
    uint64_t now, passed;
    WinHeat *h;

    if (w == NULL || w->root == ~0ull || w->useless) {
        return;
    }
    now = clock_ns(CLOCK_MONOTONIC);    /* this one is cheap */
    if (now - w->looked_at < TICK_MIN_NS) {
        return;
    }
    w->looked_at = now;
    now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    passed = MIN(now - w->last_tick, TICK_MAX_NS);
    w->last_tick = now;
    recount(w);
    if (w->active != NULL) {
        w->user_ns += user ? passed : 0;
        balance(v, now);
        return;
    }
    if (!user) {
        return;
    }
    h = heat_find(w, true);
    h->ns += passed;
    if (h->ns >= w->promote_ns && now >= h->banned_until) {
        h->ns = 0;
        promote(v);
    }
}

void window_promote_now(TcgVcpu *v)
{
    if (v->win != NULL && v->win->active == NULL) {
        promote(v);
    }
}

#include "accel/tcg/general_regs_end.h"
