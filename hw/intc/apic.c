/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local APIC of one vCPU (SDM vol. 3, ch. 10): xAPIC registers, x2APIC MSRs (10.12), six LVT entries, timer
 * in one-shot, periodic and TSC-deadline mode on a 1 GHz bus clock, priorities, IPIs, error status.
 *
 * Version register: integrated APIC 0x14, six LVT entries, no EOI-broadcast suppression. The timer's period
 * is never below 50 us of real work: faster periodic programming is served at that rate.
 * Not modelled: CMCI, APIC base relocation (accepted, ignored), thermal and performance sources. */
#include "hw/intc/apic_int.h"

#include <string.h>

#include "accel/irqchip.h"
#include "hw/core/vm.h"
#include "target/i386/apic_if.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum {  /* register index: MMIO offset / 16, and MSR - 0x800 */
    REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = 0x08, REG_APR = 0x09, REG_PPR = 0x0a, REG_EOI = 0x0b,
    REG_RRD = 0x0c, REG_LDR = 0x0d, REG_DFR = 0x0e, REG_SVR = 0x0f, REG_ISR = 0x10, REG_TMR = 0x18,
    REG_IRR = 0x20, REG_ESR = 0x28, REG_ICR = 0x30, REG_ICR2 = 0x31, REG_LVT = 0x32,
    REG_LVT_LAST = 0x37, REG_INITIAL = 0x38, REG_CURRENT = 0x39, REG_DIVIDE = 0x3e, REG_SELF_IPI = 0x3f,
};
enum { APIC_VERSION = 0x14, X2APIC_MSR = 0x800 };
enum { MIN_PERIOD_NS = 50 * 1000 , OWED_GAP_NS = 1000 * 1000};

static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = LVT_VECTOR | LVT_MASKED | LVT_PERIODIC,
    [LVT_THERMAL] = LVT_VECTOR | LVT_DM | LVT_MASKED,
    [LVT_PERF] = LVT_VECTOR | LVT_DM | LVT_MASKED,
    [LVT_LINT0] = LVT_VECTOR | LVT_DM | LVT_POLARITY | LVT_LEVEL | LVT_MASKED,
    [LVT_LINT1] = LVT_VECTOR | LVT_DM | LVT_POLARITY | LVT_LEVEL | LVT_MASKED,
    [LVT_ERROR] = LVT_VECTOR | LVT_MASKED,
};

/* ---- Priorities and the CPU's INTR */

int apic_highest(const uint32_t *set)
{
    for (int i = 7; i >= 0; i--) {
        uint32_t word = APIC_GET(set[i]);

        if (word != 0) {
            return i * 32 + (int)high_bit(word);
        }
    }
    return -1;
}

uint8_t apic_ppr(const Apic *s)
{
    int isrv = apic_highest(s->isr);
    uint8_t serving = isrv < 0 ? 0 : isrv & 0xf0, tpr = APIC_GET(s->tpr);

    return (tpr & 0xf0) >= serving ? tpr : serving;
}

/* The vector that may be taken now; -1: none. */
static int apic_deliverable(const Apic *s)
{
    int vector;

    if (!apic_soft_on(s)) {
        return -1;
    }
    vector = apic_highest(s->irr);
    return vector >= 0 && (vector & 0xf0) > (apic_ppr(s) & 0xf0) ? vector : -1;
}

static bool apic_ext_waits(const Apic *s)
{
    return APIC_GET(s->ext_pending) || (APIC_GET(s->bus->pic_level) && apic_wants_pic(s));
}

/* The kernel knows about all but what the 8259 pair asks for, where that is ours. */
static bool apic_waits(const Apic *s)
{
    return s->in_kernel ? APIC_GET(s->ext_pending) || APIC_GET(s->bus->pic_level)
                        : apic_ext_waits(s) || apic_deliverable(s) >= 0;
}

/* Any number of threads at once. Whoever makes an interrupt wait says so afterwards; whoever takes the request
 * back looks again afterwards: so none is forgotten. A request for nothing does no harm. */
void apic_update(Apic *s)
{
    if (apic_waits(s)) {
        x86_cpu_signal_intr(s->cpu, true);
    } else if (pending_now(s->cpu) & CPU_PENDING_INTR) {
        x86_cpu_signal_intr(s->cpu, false);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (apic_waits(s)) {
            x86_cpu_signal_intr(s->cpu, true);
        }
    }
}

void apic_accept(Apic *s, uint8_t vector, bool level)
{
    if (level) {
        apic_set_bit(s->tmr, vector);
    } else if (apic_bit(s->tmr, vector)) {
        apic_clear_bit(s->tmr, vector);
    }
    apic_set_bit(s->irr, vector);
    apic_update(s);
}

void apic_local_deliver(Apic *s, unsigned lvt)
{
    uint32_t entry = APIC_GET(s->lvt[lvt]);

    TRACE("apic_local_deliver", "vector %u", lvt);
    if (entry & LVT_MASKED) {
        return;
    }
    switch ((entry & LVT_DM) >> LVT_DM_SHIFT) {
    case APIC_DM_FIXED:
        if ((entry & LVT_VECTOR) < FIRST_LEGAL_VECTOR) {
            if (lvt != LVT_ERROR) {
                apic_error(s, ESR_RECV_ILLEGAL);
            }
        } else {
            apic_accept(s, entry & LVT_VECTOR, lvt == LVT_LINT0 && (entry & LVT_LEVEL));
        }
        break;
    case APIC_DM_SMI:
        x86_cpu_signal_smi(s->cpu);
        break;
    case APIC_DM_NMI:
        x86_cpu_signal_nmi(s->cpu);
        break;
    case APIC_DM_INIT:
        x86_cpu_signal_init(s->cpu);
        break;
    case APIC_DM_EXTINT:            /* apic_wants_pic() looks at the line itself */
    default:
        break;
    }
}

void apic_error(Apic *s, uint32_t bit)
{
    if ((__atomic_fetch_or(&s->esr_pending, bit, __ATOMIC_RELAXED) & bit) == 0) {
        apic_local_deliver(s, LVT_ERROR);
    }
}

static void apic_eoi(Apic *s)
{
    int vector = apic_highest(s->isr);

    if (vector < 0) {
        return;
    }
    apic_clear_bit(s->isr, vector);
    if (apic_bit(s->tmr, vector)) {
        bool taken = vm_lock_maybe(s->dev.vm);

        apic_eoi_broadcast(s->bus, vector);
        vm_unlock_maybe(s->dev.vm, taken);
    }
    apic_update(s);
}

uint32_t apic_logical_id(const Apic *s)
{
    if (apic_is_x2(s)) {            /* SDM vol. 3, 10.12.10.2 */
        uint32_t id = APIC_GET(s->id);

        return (id >> 4) << 16 | 1u << (id & 15);
    }
    return APIC_GET(s->log_dest);
}

/* ---- Timer */

static unsigned apic_divide_shift(const Apic *s)
{
    unsigned code = (s->divide_conf & 3) | ((s->divide_conf >> 1) & 4);

    return (code + 1) & 7;          /* 0: by 2 ... 6: by 128, 7: by 1 */
}

static bool apic_timer_is(const Apic *s, uint32_t mode)
{
    return (APIC_GET(s->lvt[LVT_TIMER]) & LVT_TIMER_MODE) == mode;
}

/* One whole count down in ns; 0: stopped. */
static uint64_t apic_timer_span(const Apic *s)
{
    return (uint64_t)s->initial_count << apic_divide_shift(s);
}

uint32_t apic_current_count(const Apic *s)
{
    uint64_t span = apic_timer_span(s), passed;

    if (span == 0 || apic_timer_is(s, LVT_TSC_DEADLINE)) {
        return 0;
    }
    passed = clock_ns(CLOCK_VIRTUAL) - s->load_time;
    if (apic_timer_is(s, LVT_PERIODIC)) {
        passed %= span;
    } else if (passed >= span) {
        return 0;
    }
    return s->initial_count - (uint32_t)(passed >> apic_divide_shift(s));
}

static void apic_arm_deadline_once(Apic *s, uint64_t deadline)
{
    uint64_t now_tsc, hz = s->feat.tsc_hz != 0 ? s->feat.tsc_hz : NS_PER_S;

    if (deadline == 0) {
        timer_cancel(s->timer);
        return;
    }
    now_tsc = x86_cpu_read_tsc(s->cpu);
    if (deadline <= now_tsc) {
        timer_set(s->timer, clock_ns(CLOCK_VIRTUAL));
    } else {
        uint64_t ns = muldiv64_up(deadline - now_tsc, NS_PER_S, hz);

        ns = MIN(ns, (uint64_t)INT64_MAX / 2);
        timer_set(s->timer, clock_ns(CLOCK_VIRTUAL) + (int64_t)ns);
    }
}

/* The timer's callback and the vCPU may both be here: the last of them sees the last deadline. */
static void apic_arm_deadline(Apic *s)
{
    uint64_t armed, now;

    do {
        armed = __atomic_load_n(&s->tsc_deadline, __ATOMIC_SEQ_CST);
        apic_arm_deadline_once(s, armed);
        now = __atomic_load_n(&s->tsc_deadline, __ATOMIC_SEQ_CST);
    } while (now != armed);
}

static void apic_deadline_fired(Apic *s)
{
    uint64_t deadline = __atomic_load_n(&s->tsc_deadline, __ATOMIC_SEQ_CST);

    if (deadline == 0) {
        return;
    }
    if (x86_cpu_read_tsc(s->cpu) < deadline ||
        !__atomic_compare_exchange_n(&s->tsc_deadline, &deadline, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        apic_arm_deadline(s);
        return;
    }
    apic_local_deliver(s, LVT_TIMER);
}

/* From load_time and the mode. */
static void apic_arm_timer(Apic *s)
{
    uint64_t span = apic_timer_span(s);
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    if (apic_timer_is(s, LVT_TSC_DEADLINE)) {
        apic_arm_deadline(s);
        return;
    }
    if (span == 0) {
        timer_cancel(s->timer);
        return;
    }
    if (apic_timer_is(s, LVT_PERIODIC)) {
        uint64_t done = (uint64_t)(now - s->load_time) / span;

        s->next_time = s->load_time + (int64_t)((done + 1) * span);
        s->next_time = MAX(s->next_time, now + MIN((int64_t)span, MIN_PERIOD_NS));
    } else if ((uint64_t)(now - s->load_time) < span) {
        s->next_time = s->load_time + (int64_t)span;
    } else {
        timer_cancel(s->timer);
        return;
    }
    timer_set(s->timer, s->next_time);
}

static void apic_timer_fired(void *opaque)
{
    Apic *s = opaque;
    int64_t now = clock_ns(CLOCK_VIRTUAL);

    if (s->in_kernel) {
        return;
    }
    if (apic_timer_is(s, LVT_TSC_DEADLINE)) {
        apic_deadline_fired(s);
        return;
    }
    apic_local_deliver(s, LVT_TIMER);
    if (apic_timer_is(s, LVT_PERIODIC)) {
        int64_t span = (int64_t)apic_timer_span(s), due = s->next_time;

        if (span >= MIN_PERIOD_NS && due + span <= now && now - due < NS_PER_S) {
            /* late: the periods that went by come after one another, a while apart */
            s->next_time = due + span;
            timer_set(s->timer, now + CLAMP(span / 2, MIN_PERIOD_NS, OWED_GAP_NS));
            return;
        }
        apic_arm_timer(s);
        timer_set(s->timer, MAX(s->next_time, now + MIN((int64_t)apic_timer_span(s), MIN_PERIOD_NS)));
    }
}

static void apic_cpu_set_deadline(void *opaque, uint64_t tsc)
{
    Apic *s = opaque;

    if (s->feat.tsc_deadline && apic_timer_is(s, LVT_TSC_DEADLINE)) {
        __atomic_store_n(&s->tsc_deadline, tsc, __ATOMIC_SEQ_CST);
        apic_arm_deadline(s);
    }
}

static void apic_write_timer_lvt(Apic *s, uint32_t val)
{
    uint32_t allowed = lvt_writable[LVT_TIMER] | (s->feat.tsc_deadline ? LVT_TSC_DEADLINE : 0);
    uint32_t old = s->lvt[LVT_TIMER];

    APIC_PUT(s->lvt[LVT_TIMER], val & allowed);
    if (((old ^ s->lvt[LVT_TIMER]) & LVT_TIMER_MODE) == 0) {
        return;
    }
    if ((old ^ s->lvt[LVT_TIMER]) & LVT_TSC_DEADLINE) {     /* entering or leaving disarms: 10.5.4.1 */
        __atomic_store_n(&s->tsc_deadline, 0, __ATOMIC_SEQ_CST);
        s->initial_count = 0;
    }
    apic_arm_timer(s);
}

static void apic_write_initial_count(Apic *s, uint32_t val)
{
    if (apic_timer_is(s, LVT_TSC_DEADLINE)) {
        return;
    }
    s->initial_count = val;
    s->load_time = clock_ns(CLOCK_VIRTUAL);
    apic_arm_timer(s);
}

/* A new divisor counts on from where the counter stands. */
static void apic_write_divide(Apic *s, uint32_t val)
{
    uint64_t left = apic_current_count(s);

    s->divide_conf = val & 0x0b;
    if (s->initial_count != 0 && !apic_timer_is(s, LVT_TSC_DEADLINE)) {
        s->load_time = clock_ns(CLOCK_VIRTUAL) -
                       (int64_t)((s->initial_count - left) << apic_divide_shift(s));
        apic_arm_timer(s);
    }
}

/* ---- Registers */

static uint32_t apic_reg_read(Apic *s, unsigned index)
{
    switch (index) {
    case REG_ID:      return apic_is_x2(s) ? s->id : s->id << 24;
    case REG_VERSION: return APIC_VERSION | (LVT_COUNT - 1) << 16;
    case REG_TPR:     return s->tpr;
    case REG_APR:     return 0;
    case REG_PPR:     return apic_ppr(s);
    case REG_EOI:
    case REG_RRD:     return 0;
    case REG_LDR:     return apic_is_x2(s) ? apic_logical_id(s) : (uint32_t)s->log_dest << 24;
    case REG_DFR:     return (uint32_t)s->dest_mode << 28 | 0x0fffffff;
    case REG_SVR:     return s->spurious_vec;
    case REG_ISR ... REG_ISR + 7: return s->isr[index & 7];
    case REG_TMR ... REG_TMR + 7: return APIC_GET(s->tmr[index & 7]);
    case REG_IRR ... REG_IRR + 7: return APIC_GET(s->irr[index & 7]);
    case REG_ESR:     return s->esr;
    case REG_ICR:     return s->icr[0];
    case REG_ICR2:    return s->icr[1];
    case REG_LVT ... REG_LVT_LAST: return s->lvt[index - REG_LVT];
    case REG_INITIAL: return s->initial_count;
    case REG_CURRENT: return apic_current_count(s);
    case REG_DIVIDE:  return s->divide_conf;
    default:
        apic_error(s, ESR_ILLEGAL_REGISTER);
        return 0;
    }
}

static void apic_write_svr(Apic *s, uint32_t val)
{
    APIC_PUT(s->spurious_vec, val & SVR_WRITABLE);
    if ((val & SVR_ENABLE) == 0) {
        for (unsigned i = 0; i < LVT_COUNT; i++) {
            APIC_PUT(s->lvt[i], s->lvt[i] | LVT_MASKED);
        }
    }
    apic_update(s);
}

static void apic_write_lvt(Apic *s, unsigned n, uint32_t val)
{
    if ((s->spurious_vec & SVR_ENABLE) == 0) {
        val |= LVT_MASKED;
    }
    if (n == LVT_TIMER) {
        apic_write_timer_lvt(s, val);
    } else {
        APIC_PUT(s->lvt[n], val & lvt_writable[n]);
    }
    apic_update(s);
}

static void apic_write_tpr(Apic *s, uint8_t val)
{
    __atomic_store_n(&s->tpr, val, __ATOMIC_SEQ_CST);
    apic_update(s);
}

static void apic_reg_write_any(Apic *s, unsigned index, uint32_t val)
{
    switch (index) {
    case REG_ID:
        APIC_PUT(s->id, val >> 24);
        break;
    case REG_TPR:
        apic_write_tpr(s, (uint8_t)val);
        break;
    case REG_EOI:
        apic_eoi(s);
        break;
    case REG_LDR:
        APIC_PUT(s->log_dest, val >> 24);
        break;
    case REG_DFR:
        APIC_PUT(s->dest_mode, val >> 28);
        break;
    case REG_SVR:
        apic_write_svr(s, val);
        break;
    case REG_ESR:
        s->esr = __atomic_exchange_n(&s->esr_pending, 0, __ATOMIC_RELAXED);
        break;
    case REG_ICR:
        s->icr[0] = val & ICR_WRITABLE;
        apic_send_ipi(s);
        break;
    case REG_ICR2:
        s->icr[1] = val & 0xff000000;
        break;
    case REG_LVT ... REG_LVT_LAST:
        apic_write_lvt(s, index - REG_LVT, val);
        break;
    case REG_INITIAL:
        apic_write_initial_count(s, val);
        break;
    case REG_DIVIDE:
        apic_write_divide(s, val);
        break;
    case REG_VERSION:
    case REG_APR:
    case REG_PPR:
    case REG_RRD:
    case REG_ISR ... REG_ISR + 7:
    case REG_TMR ... REG_TMR + 7:
    case REG_IRR ... REG_IRR + 7:
    case REG_CURRENT:
        break;
    default:
        apic_error(s, ESR_ILLEGAL_REGISTER);
        break;
    }
}

/* Of concern to nobody but this vCPU and, by messages, other APICs. */
static bool apic_is_quick(unsigned index)
{
    return index == REG_TPR || index == REG_EOI || index == REG_ICR || index == REG_ICR2;
}

static void apic_reg_write(Apic *s, unsigned index, uint32_t val)
{
    bool taken = !apic_is_quick(index) && vm_lock_maybe(s->dev.vm);

    apic_reg_write_any(s, index, val);
    vm_unlock_maybe(s->dev.vm, taken);
}

uint32_t apic_mmio_read(Apic *s, unsigned index)
{
    return apic_reg_read(s, index);
}

void apic_mmio_write(Apic *s, unsigned index, uint32_t val)
{
    TRACE("apic_mem_writel", "0x%03x = 0x%08x", index << 4, val);
    apic_reg_write(s, index, val);
}

/* ---- x2APIC MSRs, SDM vol. 3, table 10-6 */

static bool apic_cpu_read_msr(void *opaque, uint32_t msr, uint64_t *v)
{
    Apic *s = opaque;
    uint32_t index = msr - X2APIC_MSR;

    if (!apic_is_x2(s) || index > REG_SELF_IPI) {
        return false;
    }
    switch (index) {
    case REG_APR:
    case REG_EOI:
    case REG_RRD:
    case REG_DFR:
    case REG_ICR2:
    case REG_SELF_IPI:
        return false;
    case REG_ICR:
        *v = (uint64_t)s->icr[1] << 32 | s->icr[0];
        return true;
    case REG_ID:
    case REG_VERSION:
    case REG_TPR:
    case REG_PPR:
    case REG_LDR:
    case REG_SVR:
    case REG_ISR ... REG_ESR:
    case REG_LVT ... REG_CURRENT:
    case REG_DIVIDE:
        *v = apic_reg_read(s, index);
        return true;
    default:
        return false;
    }
}

static bool apic_write_x2_icr(Apic *s, uint64_t v)
{
    if ((uint32_t)v & ~(uint32_t)ICR_WRITABLE) {
        return false;
    }
    s->icr[0] = (uint32_t)v;
    s->icr[1] = v >> 32;
    apic_send_ipi(s);
    return true;
}

/* Bits of a 32-bit register that must be written as 0. */
static uint32_t apic_x2_reserved(const Apic *s, uint32_t index)
{
    switch (index) {
    case REG_TPR:    return ~0xffu;
    case REG_SVR:    return ~(uint32_t)SVR_WRITABLE;
    case REG_EOI:
    case REG_ESR:    return ~0u;
    case REG_DIVIDE: return ~0x0bu;
    case REG_SELF_IPI: return ~0xffu;
    case REG_INITIAL: return 0;
    case REG_LVT:
        return ~(lvt_writable[LVT_TIMER] | LVT_PENDING | (s->feat.tsc_deadline ? LVT_TSC_DEADLINE : 0));
    default:
        return ~(lvt_writable[index - REG_LVT] | LVT_PENDING | LVT_REMOTE_IRR);
    }
}

static bool apic_cpu_write_msr(void *opaque, uint32_t msr, uint64_t v)
{
    Apic *s = opaque;
    uint32_t index = msr - X2APIC_MSR;

    if (!apic_is_x2(s)) {
        return false;
    }
    switch (index) {
    case REG_ICR:
        return apic_write_x2_icr(s, v);
    case REG_TPR:
    case REG_EOI:
    case REG_SVR:
    case REG_ESR:
    case REG_LVT ... REG_INITIAL:
    case REG_DIVIDE:
        if (v >> 32 || ((uint32_t)v & apic_x2_reserved(s, index))) {
            return false;
        }
        apic_reg_write(s, index, v);
        return true;
    case REG_SELF_IPI:
        if (v >> 8) {
            return false;
        }
        if (v < FIRST_LEGAL_VECTOR) {
            apic_error(s, ESR_SEND_ILLEGAL);
        } else if (apic_soft_on(s)) {
            apic_accept(s, v, false);
        }
        return true;
    default:
        return false;
    }
}

/* ---- CPU side */

static void apic_init_registers(Apic *s)
{
    timer_cancel(s->timer);
    s->arb_id = 0;
    APIC_PUT(s->tpr, 0);
    APIC_PUT(s->log_dest, 0);
    APIC_PUT(s->dest_mode, 0x0f);
    APIC_PUT(s->spurious_vec, 0xff);
    for (unsigned i = 0; i < 8; i++) {
        APIC_PUT(s->isr[i], 0);
        APIC_PUT(s->tmr[i], 0);
        APIC_PUT(s->irr[i], 0);
    }
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        APIC_PUT(s->lvt[i], LVT_MASKED);
    }
    s->esr = 0;
    APIC_PUT(s->esr_pending, 0);
    s->icr[0] = s->icr[1] = 0;
    s->divide_conf = s->initial_count = 0;
    s->load_time = s->next_time = 0;
    APIC_PUT(s->tsc_deadline, 0);
    APIC_PUT(s->ext_pending, 0);
    apic_update(s);
}

static void apic_cpu_init(void *opaque)
{
    apic_init_registers(opaque);    /* base and id survive INIT: SDM vol. 3, 10.4.7.3 */
}

static uint64_t apic_cpu_get_base(void *opaque)
{
    return ((Apic *)opaque)->apicbase;
}

static bool apic_cpu_set_base(void *opaque, uint64_t v)
{
    Apic *s = opaque;
    bool was_on = apic_on(s), was_x2 = apic_is_x2(s);
    bool on = (v & APICBASE_ENABLE) != 0, extd = (v & APICBASE_EXTD) != 0;

    if (v & ~(APICBASE_ADDR | APICBASE_ENABLE | APICBASE_EXTD | APICBASE_BSP)) {
        return false;
    }
    if (s->feat.absent) {
        return true;
    }
    if (extd && (!on || !s->feat.x2apic || !was_on)) {
        return false;               /* SDM vol. 3, table 10-5 and figure 10-27 */
    }
    if (was_x2 && on && !extd) {
        return false;
    }
    APIC_PUT(s->apicbase, v);
    if (was_on && !on) {
        apic_init_registers(s);
        APIC_PUT(s->id, s->initial_id);
    }
    if (!was_x2 && extd) {
        APIC_PUT(s->id, s->initial_id);
        s->icr[1] = 0;
    }
    apic_update(s);
    return true;
}

static uint8_t apic_cpu_get_tpr(void *opaque)
{
    return ((Apic *)opaque)->tpr >> 4;
}

static void apic_cpu_set_tpr(void *opaque, uint8_t cr8)
{
    apic_write_tpr(opaque, (cr8 & 0x0f) << 4);
}

static bool apic_cpu_has_interrupt(void *opaque)
{
    const Apic *s = opaque;

    return apic_ext_waits(s) || apic_deliverable(s) >= 0;
}

/* The 8259 pair's INTA cycle, if it asks for one. */
static int apic_take_ext(Apic *s)
{
    bool taken = vm_lock_maybe(s->dev.vm);
    int vector = -1;

    if (s->in_kernel ? apic_waits(s) : apic_ext_waits(s)) {
        APIC_PUT(s->ext_pending, 0);
        vector = s->bus->pic_take != NULL ? s->bus->pic_take(s->bus->pic_opaque) : -1;
    }
    vm_unlock_maybe(s->dev.vm, taken);
    return vector;
}

static int apic_cpu_take(void *opaque)
{
    Apic *s = opaque;
    int vector = s->in_kernel ? -1 : apic_deliverable(s);

    if (vector >= 0) {
        apic_set_bit(s->isr, vector);
        apic_clear_bit(s->irr, vector);
    } else {
        vector = apic_take_ext(s);
    }
    apic_update(s);
    return vector;
}

static void apic_cpu_dump(void *opaque, void *gstring)
{
    apic_dump(&((Apic *)opaque)->dev, gstring);
}

/* ---- An APIC in the kernel: registers as a page, register n at n * 16 */

static uint32_t page_get(const void *page, unsigned reg)
{
    uint32_t v;

    memcpy(&v, (const char *)page + reg * 16, sizeof(v));
    return v;
}

static void page_put(void *page, unsigned reg, uint32_t v)
{
    memcpy((char *)page + reg * 16, &v, sizeof(v));
}

static void apic_load_page(void *opaque, const void *page, uint64_t base, uint64_t deadline, bool wide)
{
    Apic *s = opaque;
    uint32_t left;

    s->apicbase = base;
    s->id = page_get(page, REG_ID);
    s->id = apic_is_x2(s) && wide ? s->id : s->id >> 24;
    s->tpr = (uint8_t)page_get(page, REG_TPR);
    s->arb_id = (uint8_t)(page_get(page, REG_APR) >> 24);
    s->log_dest = (uint8_t)(page_get(page, REG_LDR) >> 24);
    s->dest_mode = (uint8_t)(page_get(page, REG_DFR) >> 28);
    s->spurious_vec = page_get(page, REG_SVR) & SVR_WRITABLE;
    for (unsigned i = 0; i < 8; i++) {
        s->isr[i] = page_get(page, REG_ISR + i);
        s->tmr[i] = page_get(page, REG_TMR + i);
        s->irr[i] = page_get(page, REG_IRR + i);
    }
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        s->lvt[i] = page_get(page, REG_LVT + i);
    }
    s->esr = page_get(page, REG_ESR);
    s->icr[0] = page_get(page, REG_ICR);
    s->icr[1] = page_get(page, REG_ICR2);
    s->divide_conf = page_get(page, REG_DIVIDE) & 0x0b;
    s->initial_count = page_get(page, REG_INITIAL);
    left = MIN(page_get(page, REG_CURRENT), s->initial_count);
    s->load_time = clock_ns(CLOCK_VIRTUAL) -
                   (int64_t)((uint64_t)(s->initial_count - left) << apic_divide_shift(s));
    s->next_time = s->load_time + (int64_t)apic_timer_span(s);
    s->tsc_deadline = deadline;
}

static uint64_t apic_store_page(void *opaque, void *page, bool wide)
{
    Apic *s = opaque;

    page_put(page, REG_ID, apic_is_x2(s) && wide ? s->id : s->id << 24);
    page_put(page, REG_VERSION, APIC_VERSION | (LVT_COUNT - 1) << 16);
    page_put(page, REG_TPR, s->tpr);
    page_put(page, REG_APR, (uint32_t)s->arb_id << 24);
    page_put(page, REG_LDR, apic_is_x2(s) ? apic_logical_id(s) : (uint32_t)s->log_dest << 24);
    page_put(page, REG_DFR, (uint32_t)s->dest_mode << 28 | 0x0fffffff);
    page_put(page, REG_SVR, s->spurious_vec);
    for (unsigned i = 0; i < 8; i++) {
        page_put(page, REG_ISR + i, s->isr[i]);
        page_put(page, REG_TMR + i, s->tmr[i]);
        page_put(page, REG_IRR + i, s->irr[i]);
    }
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        page_put(page, REG_LVT + i, s->lvt[i]);
    }
    page_put(page, REG_ESR, s->esr);
    page_put(page, REG_ICR, s->icr[0]);
    page_put(page, REG_ICR2, s->icr[1]);
    page_put(page, REG_DIVIDE, s->divide_conf);
    page_put(page, REG_INITIAL, s->initial_count);
    page_put(page, REG_CURRENT, apic_current_count(s));
    return s->tsc_deadline;
}

/* The kernel's APIC took a level-triggered interrupt of our I/O APIC to its end. */
static void apic_kernel_eoi(void *opaque, uint8_t vector)
{
    apic_eoi_broadcast(((Apic *)opaque)->bus, vector);
}

const X86ApicOps apic_cpu_ops = {
    .take_interrupt = apic_cpu_take, .has_interrupt = apic_cpu_has_interrupt,
    .get_base = apic_cpu_get_base, .set_base = apic_cpu_set_base,
    .get_tpr = apic_cpu_get_tpr, .set_tpr = apic_cpu_set_tpr,
    .read_msr = apic_cpu_read_msr, .write_msr = apic_cpu_write_msr,
    .set_tsc_deadline = apic_cpu_set_deadline, .init_reset = apic_cpu_init, .dump = apic_cpu_dump,
    .load_page = apic_load_page, .store_page = apic_store_page, .eoi = apic_kernel_eoi,
};

/* ---- Device */

static bool apic_realize(Device *dev, GError **errp)
{
    Apic *s = CONTAINER(dev, Apic, dev);

    s->in_kernel = (irqchip_parts(dev->vm) & IRQCHIP_APIC) != 0;
    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, apic_timer_fired, s);
    apic_bus_add(dev->vm, s);
    return true;
}

static void apic_unrealize(Device *dev)
{
    Apic *s = CONTAINER(dev, Apic, dev);

    timer_free(s->timer);
    apic_bus_del(s);
}

static void apic_reset(Device *dev, ResetKind kind)
{
    Apic *s = CONTAINER(dev, Apic, dev);

    s->apicbase = APIC_BASE_ADDR | (s->feat.absent ? 0 : APICBASE_ENABLE) | (s->bsp ? APICBASE_BSP : 0);
    s->id = s->initial_id;
    apic_init_registers(s);
    if (s->bsp) {
        /* What firmware programs first: the 8259 pair works without anybody touching the APIC. */
        APIC_PUT(s->lvt[LVT_LINT0], APIC_DM_EXTINT << LVT_DM_SHIFT);
        apic_update(s);
    }
}

/* ---- Snapshot. What the classic section has no place for follows in one of our own, sent only when an
 * x2APIC-only value or an unusual state is there. */

static void apic_pre_save(void *obj)
{
    Apic *s = obj;
    unsigned code;

    if (s->in_kernel) {             /* comes with the vCPU's registers */
        cpu_regs_pull(s->cpu, NULL);
        if (!apic_timer_is(s, LVT_TSC_DEADLINE) && apic_current_count(s) != 0) {
            timer_set(s->timer, s->next_time);      /* a stream says when it fires */
        }
    }
    code = (s->divide_conf & 3) | ((s->divide_conf >> 1) & 4);
    s->base_saved = (uint32_t)s->apicbase;
    s->id_saved = (uint8_t)s->id;
    s->shift_saved = (int32_t)((code + 1) & 7);
}

static bool apic_pre_load(void *obj, GError **errp)
{
    Apic *s = obj;

    s->esr_pending = 0;
    s->tsc_deadline = 0;
    s->ext_pending = 0;
    s->base_saved = 0;
    return true;
}

static bool apic_post_load(void *obj, int version, GError **errp)
{
    Apic *s = obj;

    if (s->in_kernel) {             /* registers are written before the vCPU runs; the timer is the kernel's */
        timer_cancel(s->timer);
    }
    s->divide_conf &= 0x0b;
    s->spurious_vec &= SVR_WRITABLE;
    s->dest_mode &= 0x0f;
    if ((uint32_t)s->apicbase != s->base_saved || (uint8_t)s->id != s->id_saved) { /* no own section */
        s->apicbase = s->base_saved;
        s->id = s->id_saved;
    }
    apic_update(s);
    return true;
}

static bool apic_wide_needed(const void *obj)
{
    const Apic *s = obj;

    return s->apicbase >> 32 != 0 || s->id > UINT8_MAX || s->esr_pending != 0 || s->tsc_deadline != 0 ||
           s->ext_pending != 0;
}

static const VmField apic_wide_fields[] = {
    VM_FIELD_U64(Apic, apicbase), VM_FIELD_U32(Apic, id), VM_FIELD_U32(Apic, esr_pending),
    VM_FIELD_U64(Apic, tsc_deadline), VM_FIELD_U8(Apic, ext_pending), VM_FIELD_END,
};
static const VmState apic_wide_vmstate = {
    .name = "apic/wide", .version = 1, .min_version = 1, .fields = apic_wide_fields,
    .needed = apic_wide_needed,
};
static const VmState *const apic_sections[] = { &apic_wide_vmstate, NULL };
static const VmField apic_vm_fields[] = {
    VM_FIELD_U32(Apic, base_saved, .as = "apicbase"), VM_FIELD_U8(Apic, id_saved, .as = "id"),
    VM_FIELD_U8(Apic, arb_id), VM_FIELD_U8(Apic, tpr), VM_FIELD_U32(Apic, spurious_vec),
    VM_FIELD_U8(Apic, log_dest), VM_FIELD_U8(Apic, dest_mode), VM_FIELD_U32_ARRAY(Apic, isr),
    VM_FIELD_U32_ARRAY(Apic, tmr), VM_FIELD_U32_ARRAY(Apic, irr), VM_FIELD_U32_ARRAY(Apic, lvt),
    VM_FIELD_U32(Apic, esr), VM_FIELD_U32_ARRAY(Apic, icr), VM_FIELD_U32(Apic, divide_conf),
    VM_FIELD_I32(Apic, shift_saved, .as = "count_shift"), VM_FIELD_U32(Apic, initial_count),
    VM_FIELD_I64(Apic, load_time, .as = "initial_count_load_time"), VM_FIELD_I64(Apic, next_time),
    VM_FIELD_TIMER(Apic, timer, .as = "timer_expiry"), VM_FIELD_END,
};
static const VmState apic_vmstate = {
    .name = "apic", .version = 3, .min_version = 3, .fields = apic_vm_fields, .sections = apic_sections,
    .pre_save = apic_pre_save, .pre_load = apic_pre_load, .post_load = apic_post_load,
};

const DeviceType apic_type = {
    .type = { .name = "apic", .parent = &device_base.type, .size = sizeof(Apic) },
    .realize = apic_realize, .unrealize = apic_unrealize, .reset = apic_reset,
    .vmstate = &apic_vmstate,
};
DEVICE_REGISTER(apic_type);

Device *apic_new(Vm *vm, Cpu *cpu, uint32_t id, bool bsp, GError **errp)
{
    Device *dev = device_new(&apic_type, vm, NULL);
    Apic *s = CONTAINER(dev, Apic, dev);

    s->cpu = cpu;
    s->initial_id = s->id = id;
    s->bsp = bsp;
    if (!object_add(&cpu->dev.obj, &dev->obj, "lapic", errp) || !device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}

void apic_set_features(Device *apic, const ApicFeatures *f)
{
    Apic *s = CONTAINER(apic, Apic, dev);

    s->feat = *f;
    if (f->absent) {
        s->apicbase &= ~APICBASE_ENABLE;
    }
}
