/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's time stamp counter as the guest's: where it runs at a constant rate on all processors, and the host's
 * kernel believes so, it is anchored to the virtual clock whenever the machine starts, and targets compute their
 * counters from it alone. The rate is measured: between the accelerator's start and the machine's, and again a second
 * later. While the machine stands still, and with -icount or lockstep, targets use the virtual clock. */
#include "accel/tcg/tcg.h"

#include <cpuid.h>
#include <string.h>
#include <time.h>

#include "util/bits.h"
#include "util/loop.h"
#include "util/timer.h"

enum { TRIES = 16, SHORTEST_NS = 2000000, REFINE_NS = 1000000000 };

/* Both clocks at one moment: the closest of some readings. */
static HostMoment host_moment(void)
{
    HostMoment best = { 0 };
    uint64_t width = UINT64_MAX;

    for (unsigned k = 0; k < TRIES; k++) {
        uint64_t before = __builtin_ia32_rdtsc(), after;
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        after = __builtin_ia32_rdtsc();
        if (after - before < width) {
            width = after - before;
            best = (HostMoment){ before + width / 2, ts.tv_sec * 1000000000ll + ts.tv_nsec };
        }
    }
    return best;
}

static bool host_tsc_is_good(void)
{
    g_autofree char *source = NULL;
    unsigned a, b, c, d;

    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1) &&
           g_file_get_contents("/sys/devices/system/clocksource/clocksource0/current_clocksource", &source, NULL,
                               NULL) &&
           strcmp(g_strchomp(source), "tsc") == 0;
}

/* With every vCPU between instructions: they change over at the same moment. */
static void tell(Cpu *cpu, void *opaque)
{
    TcgClock *k = opaque;

    if (k->tsc == 0) {
        k->tsc = __builtin_ia32_rdtsc();
    }
    if (cpu->type->tcg != NULL && cpu->type->tcg->clock != NULL) {
        cpu->type->tcg->clock(cpu, k);
    }
}

static void tell_all(Tcg *t)
{
    for (unsigned n = 0; n < t->vm->cpus->len; n++) {
        tell(g_ptr_array_index(t->vm->cpus, n), &t->clock);
    }
}

static uint64_t rate(const HostMoment *from, const HostMoment *to)
{
    return muldiv64(to->tsc - from->tsc, 1000000000, (uint64_t)(to->ns - from->ns));
}

static void measure(Tcg *t)
{
    HostMoment now;

    do {
        now = host_moment();
    } while (now.ns - t->first.ns < SHORTEST_NS);
    t->clock.hz = rate(&t->first, &now);
}

/* The longer the rate was measured the better. */
static void refine(void *opaque)
{
    Tcg *t = opaque;

    if (t->clock_on) {
        measure(t);
        t->clock.tsc = 0;
        vm_on_cpus(t->vm, true, tell, &t->clock);
    }
}

void tcg_clock_init(Tcg *t)
{
    t->first = host_moment();
    t->clock_usable = t->lockstep == 0 && host_tsc_is_good();
}

void tcg_clock_run(Tcg *t, bool running)
{
    if (!t->clock_usable || t->icount != NULL || running == t->clock_on) {
        return;
    }
    if (running) {
        measure(t);
    }
    t->clock_on = running;
    t->clock.tsc = __builtin_ia32_rdtsc();
    t->clock.ns = clock_ns(CLOCK_VIRTUAL);
    t->clock.running = running;
    tell_all(t);
    if (t->clock_timer == NULL) {
        t->clock_timer = timer_new(loop_main(), CLOCK_REAL, refine, t);
        timer_set_in(t->clock_timer, REFINE_NS);
    }
}

void tcg_clock_new_cpu(Tcg *t, Cpu *cpu)
{
    if (t->clock_on) {
        tell(cpu, &t->clock);
    }
}

void tcg_clock_free(Tcg *t)
{
    timer_free(t->clock_timer);
}
