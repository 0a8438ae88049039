/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What travels between local APICs, I/O APICs, devices and the 8259 pair: destination matching (SDM vol. 3,
 * 10.6.2), lowest-priority arbitration (10.6.2.4), message signalled interrupts (10.11), ExtINT, EOI
 * broadcasts, and the region at 0xfee00000.
 *
 * The region stays there for every CPU: moving it by IA32_APIC_BASE is accepted and has no effect.
 * Focus processors and interrupt remapping are not modelled. */
#include "hw/intc/apic_int.h"

#include "accel/irqchip.h"
#include "hw/core/vm.h"
#include "target/i386/apic_if.h"
#include "util/log.h"

enum { APIC_REGION_SIZE = 0x100000, APIC_PAGE = 0x1000, APIC_REGION_PRIORITY = 4096 };

/* ---- Destinations */

static bool apic_matches_logical(const Apic *s, uint32_t dest)
{
    uint32_t ldr = apic_logical_id(s);

    if (apic_is_x2(s)) {
        return (ldr >> 16) == (dest >> 16) && (ldr & dest & 0xffff) != 0;
    }
    if (dest > 0xff) {
        return false;
    }
    if (APIC_GET(s->dest_mode) == 0x0f) {
        return (ldr & dest) != 0;
    }
    return APIC_GET(s->dest_mode) == 0 && (ldr >> 4) == (dest >> 4) && (ldr & dest & 0x0f) != 0;
}

static bool apic_matches(const Apic *s, const ApicMessage *m)
{
    if (!apic_on(s)) {
        return false;
    }
    if (m->dest == (m->wide ? 0xffffffffu : 0xffu)) {
        return true;
    }
    return m->dest_mode ? apic_matches_logical(s, m->dest) : APIC_GET(s->id) == m->dest;
}

/* ---- Delivery */

static void apic_receive(Apic *s, const ApicMessage *m)
{
    switch (m->delivery) {
    case APIC_DM_FIXED:
    case APIC_DM_LOWEST:
        if (!apic_soft_on(s)) {
            break;
        }
        if (m->vector < FIRST_LEGAL_VECTOR) {
            apic_error(s, ESR_RECV_ILLEGAL);
        } else {
            apic_accept(s, m->vector, m->level_triggered);
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
    case APIC_DM_SIPI:
        x86_cpu_signal_sipi(s->cpu, m->vector);
        break;
    case APIC_DM_EXTINT:
        __atomic_store_n(&s->ext_pending, 1, __ATOMIC_SEQ_CST);
        apic_update(s);
        break;
    default:
        log_guest("apic: message with reserved delivery mode %u", m->delivery);
        break;
    }
}

/* The least busy of the matching ones; ties go round. */
static Apic *apic_lowest(ApicBus *bus, const ApicMessage *m)
{
    const ApicList *list = apic_list(bus);
    unsigned n = list->n, last = APIC_GET(bus->last_lowest);
    Apic *best = NULL;
    unsigned best_index = 0;

    for (unsigned k = 1; k <= n; k++) {
        unsigned i = (last + k) % n;
        Apic *s = list->at[i];

        if (apic_soft_on(s) && apic_matches(s, m) &&
            (best == NULL || apic_ppr(s) < apic_ppr(best))) {
            best = s;
            best_index = i;
        }
    }
    if (best != NULL) {
        APIC_PUT(bus->last_lowest, best_index);
    }
    return best;
}

void apic_message_to_msi(const ApicMessage *m, GuestAddr *addr, uint32_t *data)
{
    /* a lowest-priority message carries the redirection hint too; ids above 8 bits go to the high half */
    *addr = APIC_BASE_ADDR | (m->dest & 0xff) << 12 | (m->dest_mode ? 1 << 2 : 0) |
            (m->delivery == APIC_DM_LOWEST ? 1 << 3 : 0) | (uint64_t)(m->dest & 0xffffff00) << 32;
    *data = m->vector | (uint32_t)m->delivery << 8 | 1 << 14 | (m->level_triggered ? 1 << 15 : 0);
}

static bool to_kernel(Vm *vm, GuestAddr addr, uint32_t data)
{
    if (!(irqchip_parts(vm) & IRQCHIP_APIC)) {
        return false;
    }
    irqchip_ops(vm)->send_msi(vm->accel, addr, data);
    return true;
}

void apic_deliver(Vm *vm, const ApicMessage *m)
{
    ApicBus *bus = vm->apic_bus;
    const ApicList *list = bus != NULL ? apic_list(bus) : NULL;
    GuestAddr addr;
    uint32_t data;

    if (list == NULL) {
        return;
    }
    apic_message_to_msi(m, &addr, &data);
    if (to_kernel(vm, addr, data)) {
        return;
    }
    if (m->delivery == APIC_DM_LOWEST) {
        Apic *s = apic_lowest(bus, m);

        if (s != NULL) {
            apic_receive(s, m);
        }
        return;
    }
    for (unsigned i = 0; i < list->n; i++) {
        if (apic_matches(list->at[i], m)) {
            apic_receive(list->at[i], m);
        }
    }
}

void apic_deliver_msi(Vm *vm, GuestAddr addr, uint64_t data)
{
    const ApicMessage m = {
        .dest = (addr >> 12) & 0xff, .dest_mode = (addr >> 2) & 1,
        .delivery = (data >> 8) & 7, .vector = data & 0xff, .level_triggered = (data >> 15) & 1,
    };

    if ((addr & 0xffffffff & ~0xfffffull) == APIC_BASE_ADDR && to_kernel(vm, addr, (uint32_t)data)) {
        return;
    }
    if ((addr & ~0xfffffull) == APIC_BASE_ADDR) {
        apic_deliver(vm, &m);
    }
}

/* ---- Inter-processor interrupts */

static void apic_send_to(Apic *s, ApicMessage *m, unsigned shorthand)
{
    const ApicList *list = apic_list(s->bus);

    if (shorthand == SHORT_NONE) {
        apic_deliver(s->dev.vm, m);
        return;
    }
    for (unsigned i = 0; i < list->n; i++) {
        Apic *to = list->at[i];

        if (apic_on(to) && (to == s ? shorthand != SHORT_OTHERS : shorthand != SHORT_SELF)) {
            apic_receive(to, m);
        }
    }
}

void apic_send_ipi(Apic *s)
{
    uint32_t icr = s->icr[0];
    unsigned shorthand = (icr >> ICR_SHORTHAND_SHIFT) & 3;
    ApicMessage m = {
        .dest = apic_is_x2(s) ? s->icr[1] : s->icr[1] >> 24, .wide = apic_is_x2(s),
        .dest_mode = (icr & ICR_LOGICAL) != 0, .delivery = (icr >> ICR_DM_SHIFT) & 7,
        .vector = icr & ICR_VECTOR,
    };

    if (m.delivery == APIC_DM_INIT && (icr & ICR_TRIGGER_LEVEL) && !(icr & ICR_LEVEL_ASSERT)) {
        return;                     /* de-assert: only set arbitration ids, on old parts */
    }
    if (m.delivery <= APIC_DM_LOWEST && m.vector < FIRST_LEGAL_VECTOR) {
        apic_error(s, ESR_SEND_ILLEGAL);
        return;
    }
    if (m.delivery == APIC_DM_EXTINT || m.delivery == APIC_DM_RESERVED) {
        log_guest("apic: IPI with delivery mode %u", m.delivery);
        return;
    }
    if (shorthand != SHORT_NONE && m.delivery == APIC_DM_LOWEST) {
        m.delivery = APIC_DM_FIXED;
    }
    apic_send_to(s, &m, shorthand);
}

/* ---- The 8259 pair and NMI */

bool apic_wants_pic(const Apic *s)
{
    if (!apic_on(s)) {
        return true;
    }
    return (APIC_GET(s->lvt[LVT_LINT0]) & (LVT_MASKED | LVT_DM)) == APIC_DM_EXTINT << LVT_DM_SHIFT;
}

static void apic_pic_set(void *opaque, unsigned pin, int level)
{
    ApicBus *bus = opaque;
    const ApicList *list = apic_list(bus);

    __atomic_store_n(&bus->pic_level, level != 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; list != NULL && i < list->n; i++) {
        Apic *s = list->at[i];
        bool rising = level != 0 && !s->lint0_level;

        s->lint0_level = level != 0;
        if (level == 0) {
            APIC_PUT(s->ext_pending, 0);
        } else if (rising && !s->in_kernel && apic_on(s) && !apic_wants_pic(s)) {
            apic_local_deliver(s, LVT_LINT0);
        }
        apic_update(s);
    }
}

Irq apic_pic_input(Vm *vm, int (*take)(void *opaque), void *opaque)
{
    ApicBus *bus = apic_bus_of(vm);

    bus->pic_take = take;
    bus->pic_opaque = opaque;
    return (Irq){ apic_pic_set, bus, 0 };
}

void apic_inject_nmi(Vm *vm)
{
    const ApicList *list = vm->apic_bus != NULL ? apic_list(vm->apic_bus) : NULL;

    for (unsigned i = 0; list != NULL && i < list->n; i++) {
        Apic *s = list->at[i];

        if (apic_on(s) && !s->in_kernel) {
            apic_local_deliver(s, LVT_LINT1);
        } else {
            x86_cpu_signal_nmi(s->cpu);
        }
    }
}

void apic_listen_eoi(Vm *vm, void (*eoi)(void *opaque, uint8_t vector), void *opaque)
{
    ApicBus *bus = apic_bus_of(vm);

    g_assert(bus->eoi_count < EOI_LISTENERS);
    bus->eoi[bus->eoi_count].fn = eoi;
    bus->eoi[bus->eoi_count++].opaque = opaque;
}

void apic_eoi_broadcast(ApicBus *bus, uint8_t vector)
{
    for (unsigned i = 0; i < bus->eoi_count; i++) {
        bus->eoi[i].fn(bus->eoi[i].opaque, vector);
    }
}

/* ---- The region: registers for CPUs, messages for everybody */

static Apic *apic_current(const ApicBus *bus)
{
    const ApicList *list = apic_list(bus);

    if (list == NULL || current_cpu == NULL) {
        return NULL;
    }
    if (current_cpu->index < list->n && list->at[current_cpu->index]->cpu == current_cpu) {
        return list->at[current_cpu->index];
    }
    for (unsigned i = 0; i < list->n; i++) {
        if (list->at[i]->cpu == current_cpu) {
            return list->at[i];
        }
    }
    return NULL;
}

static uint64_t apic_region_read(void *opaque, GuestAddr off, unsigned size)
{
    Apic *s = apic_current(opaque);

    if (s == NULL || !apic_on(s) || apic_is_x2(s)) {
        return 0xffffffff;
    }
    if (off >= APIC_PAGE || (off & 0x0f) != 0 || size < 4) {
        return 0;                   /* SDM vol. 3, 10.4.1: 32 bits, 16-byte boundaries, or undefined */
    }
    return apic_mmio_read(s, off >> 4);
}

static void apic_region_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    ApicBus *bus = opaque;
    Apic *s = apic_current(bus);

    if (size < 4) {
        return;
    }
    /* register 0 does not exist: a store there is a message to destination 0 */
    if (off >= APIC_PAGE || off < 0x10 || s == NULL || s->in_kernel) {
        apic_deliver_msi(bus->vm, APIC_BASE_ADDR + off, val);
        return;
    }
    if ((off & 0x0f) == 0 && apic_on(s) && !apic_is_x2(s)) {
        apic_mmio_write(s, off >> 4, val);
    }
}

static const MemOps apic_region_ops = {
    .read = apic_region_read, .write = apic_region_write, .min_size = 1, .max_size = 4,
    .unlocked = true,               /* registers take the VM lock where they need it */
};

ApicBus *apic_bus_of(Vm *vm)
{
    if (vm->apic_bus == NULL) {
        vm->apic_bus = g_new0(ApicBus, 1);
        vm->apic_bus->vm = vm;
    }
    return vm->apic_bus;
}

/* The list without `less` (NULL: all of it) and with `more` behind it (NULL: nothing); NULL when it is empty. */
static ApicList *list_with(const ApicList *old, const Apic *less, Apic *more)
{
    unsigned n = old != NULL ? old->n : 0;
    ApicList *list = g_malloc0(sizeof(*list) + (n + 1) * sizeof(list->at[0]));

    for (unsigned i = 0; i < n; i++) {
        if (old->at[i] != less) {
            list->at[list->n++] = old->at[i];
        }
    }
    if (more != NULL) {
        list->at[list->n++] = more;
    }
    if (list->n == 0) {
        g_clear_pointer(&list, g_free);
    }
    return list;
}

static void list_publish(ApicBus *bus, ApicList *list)
{
    ApicList *old = bus->list;

    __atomic_store_n(&bus->list, list, __ATOMIC_RELEASE);
    if (old != NULL) {
        vm_retire(bus->vm, g_free, old);
    }
}

void apic_bus_add(Vm *vm, Apic *s)
{
    ApicBus *bus = apic_bus_of(vm);

    s->bus = bus;
    s->lint0_level = bus->pic_level;
    if (bus->list == NULL) {
        mem_init_io(&bus->io, "apic-msi", APIC_REGION_SIZE, &apic_region_ops, bus);
        mem_add(addr_space_root(vm->mem), APIC_BASE_ADDR, &bus->io, APIC_REGION_PRIORITY);
    }
    list_publish(bus, list_with(bus->list, NULL, s));
}

void apic_bus_del(Apic *s)
{
    ApicBus *bus = s->bus;

    if (bus == NULL) {
        return;
    }
    list_publish(bus, list_with(bus->list, s, NULL));
    APIC_PUT(bus->last_lowest, 0);
    if (bus->list == NULL) {
        mem_fini(&bus->io);
        s->dev.vm->apic_bus = NULL;
        g_free(bus);
    }
}
