/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time stamp counter (SDM vol. 3, 18.17): computed from the host's where the accelerator allows that, so that all
 * vCPUs read the same without a system call and translations need no C code; else from the virtual clock. What both
 * have drifted apart when the machine stops goes into the offset. A host whose counter went back (it was suspended)
 * uses the virtual clock from then on. */
#include "target/i386/sys.h"

#include "target/i386/apic_if.h"
#include "util/bits.h"
#include "util/timer.h"

enum { SKEW = 1 << 20 };    /* host ticks that processors may differ by */

static uint64_t from_host(const X86Cpu *c, uint64_t host)
{
    return c->tsc.ticks + (uint64_t)((unsigned __int128)(host - c->tsc.host) * c->tsc.scale >> 32);
}

static uint64_t from_ns(const X86Cpu *c, int64_t ns)
{
    return muldiv64((uint64_t)ns, c->env.tsc_hz, 1000000000);
}

uint64_t x86_cpu_read_tsc(Cpu *cpu)
{
    X86Cpu *c = x86_cpu(cpu);

    if (__atomic_load_n(&c->tsc.scale, __ATOMIC_RELAXED) != 0) {
        uint64_t host;

        __builtin_ia32_lfence();    /* not before what the guest did before it */
        host = __builtin_ia32_rdtsc();

        if ((int64_t)(host - c->tsc.host) > -SKEW) {
            return from_host(c, MAX(host, c->tsc.host)) + c->env.tsc_offset;
        }
        __atomic_store_n(&c->tsc.scale, 0, __ATOMIC_RELAXED);
    }
    return from_ns(c, clock_ns(CLOCK_VIRTUAL)) + c->env.tsc_offset;
}

uint64_t x86_tsc(X86Cpu *c)
{
    return x86_cpu_read_tsc(&c->cpu);
}

uint64_t x86_tsc_ns(const X86Cpu *c, uint64_t tsc)
{
    if (c->tsc.scale == 0) {
        return (uint64_t)clock_ns(CLOCK_VIRTUAL);
    }
    return c->tsc.ns + muldiv64(tsc - c->env.tsc_offset - c->tsc.ticks, 1000000000, c->env.tsc_hz);
}

void x86_tsc_clock(Cpu *cpu, const TcgClock *k)
{
    X86Cpu *c = x86_cpu(cpu);
    uint64_t ticks = from_ns(c, k->ns);

    if (c->tsc.scale != 0 && !k->running) {
        c->env.tsc_offset += from_host(c, k->tsc) - ticks;
    }
    if (c->tsc.scale != 0 && k->running) {      /* the line goes on with another slope */
        ticks = from_host(c, k->tsc);
        c->tsc.ns += muldiv64(ticks - c->tsc.ticks, 1000000000, c->env.tsc_hz);
    } else {
        c->tsc.ns = (uint64_t)k->ns;
    }
    c->tsc.host = k->tsc;
    c->tsc.ticks = ticks;
    c->tsc.scale = k->running ? muldiv64(c->env.tsc_hz, 1ull << 32, k->hz) : 0;
}
