/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the local APIC model share: apic.c (registers, timer, CPU side) and apic_bus.c
 * (messages between APICs, from devices and from the 8259 pair).
 *
 * Who may touch what. Messages come from any thread without a lock: they set bits of irr and tmr, esr_pending and
 * ext_pending, by atomic operations, and then call apic_update(). All else is written by the vCPU the APIC belongs
 * to (or while that stands still), and what others look at (base, ids, LVT, isr, tpr: APIC_GET) is read and
 * written atomically. The VM lock is held for the LVT and the counting timer, whose callback runs elsewhere; not for
 * EOI, TPR, ICR and the TSC deadline. */
#ifndef HW_INTC_APIC_INT_H
#define HW_INTC_APIC_INT_H

#include "hw/intc/apic.h"
#include "util/loop.h"

enum { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

enum {
    LVT_VECTOR = 0xff, LVT_DM_SHIFT = 8, LVT_DM = 7 << 8, LVT_PENDING = 1 << 12, LVT_POLARITY = 1 << 13,
    LVT_REMOTE_IRR = 1 << 14, LVT_LEVEL = 1 << 15, LVT_MASKED = 1 << 16,
    LVT_PERIODIC = 1 << 17, LVT_TSC_DEADLINE = 1 << 18, LVT_TIMER_MODE = 3 << 17,
};
enum { SVR_ENABLE = 1 << 8, SVR_FOCUS = 1 << 9, SVR_WRITABLE = 0x3ff };
enum {
    ESR_SEND_CHECKSUM = 1 << 0, ESR_SEND_ACCEPT = 1 << 2, ESR_REDIRECTABLE = 1 << 4,
    ESR_SEND_ILLEGAL = 1 << 5, ESR_RECV_ILLEGAL = 1 << 6, ESR_ILLEGAL_REGISTER = 1 << 7,
};
enum {
    ICR_VECTOR = 0xff, ICR_DM_SHIFT = 8, ICR_LOGICAL = 1 << 11, ICR_LEVEL_ASSERT = 1 << 14,
    ICR_TRIGGER_LEVEL = 1 << 15, ICR_SHORTHAND_SHIFT = 18,
    ICR_WRITABLE = 0x000ccfff,      /* not the delivery status, bit 12 */
};
enum { SHORT_NONE, SHORT_SELF, SHORT_ALL, SHORT_OTHERS };
#define APICBASE_BSP    (1ull << 8)
#define APICBASE_EXTD   (1ull << 10)
#define APICBASE_ENABLE (1ull << 11)
#define APICBASE_ADDR   0x000ffffffffff000ull

enum { FIRST_LEGAL_VECTOR = 16 };

typedef struct Apic {
    Device dev;
    Cpu *cpu;
    struct ApicBus *bus;
    ApicFeatures feat;
    uint32_t initial_id;
    bool bsp;

    uint64_t apicbase;
    uint32_t base_saved;            /* what of apicbase, id and the divider the stream has room for */
    int32_t shift_saved;
    uint8_t id_saved;
    uint32_t id;                    /* 8 bits in xAPIC mode, writable there */
    uint8_t arb_id, tpr, log_dest, dest_mode;   /* DFR bits 28-31: 15 flat, 0 cluster */
    uint32_t spurious_vec;
    uint32_t isr[8], tmr[8], irr[8];
    uint32_t lvt[LVT_COUNT];
    uint32_t esr, esr_pending;
    uint32_t icr[2];
    uint32_t divide_conf, initial_count;
    int64_t load_time;              /* virtual ns when the count was written, or the last period began */
    int64_t next_time;
    uint64_t tsc_deadline;
    Timer *timer;

    uint8_t ext_pending;            /* an ExtINT message asks for an INTA cycle */
    uint8_t lint0_level;
    bool in_kernel;                 /* the host's kernel models it; this is its state as others see it */
} Apic;

enum { EOI_LISTENERS = 4 };

/* Never changed once it is published: a longer or shorter one takes its place. */
typedef struct ApicList {
    unsigned n;
    Apic *at[];
} ApicList;

typedef struct ApicBus {
    Vm *vm;
    MemRegion io;                   /* 0xfee00000, 1 MiB */
    ApicList *list;                 /* atomic; in order of creation */
    int (*pic_take)(void *opaque);
    void *pic_opaque;
    int pic_level;
    unsigned last_lowest;           /* index of the APIC that got the last lowest-priority message */
    unsigned eoi_count;
    struct { void (*fn)(void *opaque, uint8_t vector); void *opaque; } eoi[EOI_LISTENERS];
} ApicBus;

#define APIC_GET(member) __atomic_load_n(&(member), __ATOMIC_RELAXED)
#define APIC_PUT(member, v) __atomic_store_n(&(member), (v), __ATOMIC_RELAXED)

/* Changes of these sets are full barriers: whoever changes irr looks at isr and tpr next, and the other way round,
 * so that one of the two finds an interrupt that may be taken now. */
static inline bool apic_bit(const uint32_t *set, uint8_t n) { return (APIC_GET(set[n >> 5]) >> (n & 31)) & 1; }
static inline void apic_set_bit(uint32_t *set, uint8_t n)
{
    __atomic_fetch_or(&set[n >> 5], 1u << (n & 31), __ATOMIC_SEQ_CST);
}
static inline void apic_clear_bit(uint32_t *set, uint8_t n)
{
    __atomic_fetch_and(&set[n >> 5], ~(1u << (n & 31)), __ATOMIC_SEQ_CST);
}

static inline bool apic_on(const Apic *s) { return (APIC_GET(s->apicbase) & APICBASE_ENABLE) != 0; }
static inline bool apic_is_x2(const Apic *s)
{
    return (APIC_GET(s->apicbase) & (APICBASE_ENABLE | APICBASE_EXTD)) == (APICBASE_ENABLE | APICBASE_EXTD);
}
static inline bool apic_soft_on(const Apic *s)
{
    return apic_on(s) && (APIC_GET(s->spurious_vec) & SVR_ENABLE) != 0;
}
static inline const ApicList *apic_list(const ApicBus *bus) { return __atomic_load_n(&bus->list, __ATOMIC_ACQUIRE); }

ApicBus *apic_bus_of(Vm *vm);       /* made when it does not exist yet */
void apic_bus_add(Vm *vm, Apic *s);
void apic_bus_del(Apic *s);

int apic_highest(const uint32_t *set);          /* -1: none */
uint8_t apic_ppr(const Apic *s);
void apic_update(Apic *s);                      /* tells the CPU whether an interrupt waits; any thread */
void apic_accept(Apic *s, uint8_t vector, bool level);      /* into IRR */
void apic_error(Apic *s, uint32_t bit);
void apic_local_deliver(Apic *s, unsigned lvt);
uint32_t apic_logical_id(const Apic *s);        /* 32 bits in x2APIC mode, 8 otherwise */
void apic_send_ipi(Apic *s);                    /* what icr says */
uint32_t apic_current_count(const Apic *s);      /* of the timer, now */
bool apic_wants_pic(const Apic *s);             /* the 8259's INTR reaches this CPU as ExtINT */
void apic_eoi_broadcast(ApicBus *bus, uint8_t vector);
/* From the region, by the CPU it belongs to: register index is the offset / 16. */
uint32_t apic_mmio_read(Apic *s, unsigned index);
void apic_mmio_write(Apic *s, unsigned index, uint32_t val);

#endif
