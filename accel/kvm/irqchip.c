/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In-kernel interrupt controllers and timer (api.rst, 4.24-4.26, 4.71, 7.5): making them, lines, and their state
 * in the layout the device models of hw/intc and hw/timer share. on: local APICs, I/O APIC, 8259 pair and PIT;
 * split: local APICs alone; off: nothing. */
#include "accel/kvm/kvm_int.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "util/err.h"
#include "util/log.h"
#include "util/timer.h"

/* ---- creation */

static bool create_full(Kvm *k, GError **errp)
{
    struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
    int err = kvm_vm_ioctl(k, KVM_CREATE_IRQCHIP, NULL);

    if (err < 0) {
        return err_fail_errno(errp, -err, "KVM cannot make in-kernel interrupt controllers "
                              "(kernel-irqchip=off does without)");
    }
    k->apic = k->pic = true;
    if (kvm_cap(k, KVM_CAP_PIT2) && kvm_cap(k, KVM_CAP_PIT_STATE2)) {
        k->pit = kvm_vm_ioctl(k, KVM_CREATE_PIT2, &pit) >= 0;
    }
    return true;
}

static bool create_split(Kvm *k, GError **errp)
{
    enum { PINS = 24 };
    struct kvm_enable_cap c = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { PINS } };
    int err;

    if (!kvm_cap(k, KVM_CAP_SPLIT_IRQCHIP)) {
        return err_fail(errp, "kernel-irqchip=split needs KVM_CAP_SPLIT_IRQCHIP, which this host's KVM lacks");
    }
    err = kvm_vm_ioctl(k, KVM_ENABLE_CAP, &c);
    if (err < 0) {
        return err_fail_errno(errp, -err, "Could not enable split IRQ mode");
    }
    k->apic = true;
    return true;
}

bool kvm_irqchip_init(Kvm *k, GError **errp)
{
    enum { IDS_32BIT = 1, NO_BROADCAST_QUIRK = 2 };
    struct kvm_enable_cap x2apic = { .cap = KVM_CAP_X2APIC_API, .args = { IDS_32BIT | NO_BROADCAST_QUIRK } };

    if (k->irq_mode == KVM_IRQ_ON && !kvm_cap(k, KVM_CAP_IRQCHIP)) {
        k->irq_mode = KVM_IRQ_OFF;
    }
    if ((k->irq_mode == KVM_IRQ_ON && !create_full(k, errp)) ||
        (k->irq_mode == KVM_IRQ_SPLIT && !create_split(k, errp))) {
        return false;
    }
    if (k->apic) {
        if (kvm_cap(k, KVM_CAP_X2APIC_API)) {
            k->apic_id32 = kvm_vm_ioctl(k, KVM_ENABLE_CAP, &x2apic) >= 0;
        }
        kvm_routes_init(k);
    }
    return true;
}

static unsigned chip_parts(const Accel *a)
{
    const Kvm *k = CONTAINER(a, const Kvm, accel);

    return (k->apic ? IRQCHIP_APIC : 0) | (k->pic ? IRQCHIP_PIC | IRQCHIP_IOAPIC : 0) | (k->pit ? IRQCHIP_PIT : 0);
}

static void chip_set_gsi(Accel *a, unsigned gsi, int level)
{
    struct kvm_irq_level l = { .irq = gsi, .level = level != 0 };

    kvm_vm_ioctl(kvm_from(a), KVM_IRQ_LINE, &l);
}

/* ---- 8259 pair and I/O APIC */

static bool get_chip(Accel *a, unsigned id, struct kvm_irqchip *c)
{
    *c = (struct kvm_irqchip){ .chip_id = id };
    return kvm_vm_ioctl(kvm_from(a), KVM_GET_IRQCHIP, c) >= 0;
}

G_STATIC_ASSERT(sizeof(IrqChipPic) == sizeof(struct kvm_pic_state));

static bool chip_get_pic(Accel *a, unsigned chip, IrqChipPic *s)
{
    struct kvm_irqchip c;

    if (!get_chip(a, chip, &c)) {
        return false;
    }
    memcpy(s, &c.chip.pic, sizeof(*s));         /* the same bytes in the same order */
    return true;
}

static bool chip_set_pic(Accel *a, unsigned chip, const IrqChipPic *s)
{
    struct kvm_irqchip c = { .chip_id = chip };

    memcpy(&c.chip.pic, s, sizeof(*s));
    return kvm_vm_ioctl(kvm_from(a), KVM_SET_IRQCHIP, &c) >= 0;
}

static bool chip_get_ioapic(Accel *a, IrqChipIoapic *s)
{
    struct kvm_irqchip c;

    if (!get_chip(a, KVM_IRQCHIP_IOAPIC, &c)) {
        return false;
    }
    *s = (IrqChipIoapic){ .base = c.chip.ioapic.base_address, .ioregsel = c.chip.ioapic.ioregsel,
                          .id = c.chip.ioapic.id, .irr = c.chip.ioapic.irr };
    for (unsigned i = 0; i < KVM_IOAPIC_NUM_PINS; i++) {
        s->redirtbl[i] = c.chip.ioapic.redirtbl[i].bits;
    }
    return true;
}

static bool chip_set_ioapic(Accel *a, const IrqChipIoapic *s)
{
    struct kvm_irqchip c = { .chip_id = KVM_IRQCHIP_IOAPIC,
                             .chip.ioapic = { .base_address = s->base, .ioregsel = s->ioregsel, .id = s->id,
                                              .irr = s->irr } };

    for (unsigned i = 0; i < KVM_IOAPIC_NUM_PINS; i++) {
        c.chip.ioapic.redirtbl[i].bits = s->redirtbl[i];
    }
    return kvm_vm_ioctl(kvm_from(a), KVM_SET_IRQCHIP, &c) >= 0;
}

/* ---- PIT: the kernel's load times are CLOCK_MONOTONIC; a load restarts the counters */

static int64_t host_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool chip_get_pit(Accel *a, IrqChipPit *s)
{
    struct kvm_pit_state2 p = { 0 };
    int64_t shift = clock_ns(CLOCK_VIRTUAL) - host_now();

    if (kvm_vm_ioctl(kvm_from(a), KVM_GET_PIT2, &p) < 0) {
        return false;
    }
    s->hpet_legacy = (p.flags & KVM_PIT_FLAGS_HPET_LEGACY) != 0;
    for (unsigned i = 0; i < 3; i++) {
        const struct kvm_pit_channel_state *c = &p.channels[i];

        s->channels[i] = (IrqChipPitChannel){
            .count = c->count != 0 ? c->count : 0x10000, .latched_count = c->latched_count,
            .count_latched = c->count_latched, .status_latched = c->status_latched, .status = c->status,
            .read_state = c->read_state, .write_state = c->write_state, .write_latch = c->write_latch,
            .rw_mode = c->rw_mode, .mode = c->mode, .bcd = c->bcd, .gate = c->gate,
            .load_time = c->count_load_time + shift,
        };
    }
    return true;
}

static bool chip_set_pit(Accel *a, const IrqChipPit *s)
{
    struct kvm_pit_state2 p = { 0 };
    int64_t shift = clock_ns(CLOCK_VIRTUAL) - host_now();

    p.flags = s->hpet_legacy ? KVM_PIT_FLAGS_HPET_LEGACY : 0;
    for (unsigned i = 0; i < 3; i++) {
        const IrqChipPitChannel *c = &s->channels[i];

        p.channels[i] = (struct kvm_pit_channel_state){
            .count = c->count, .latched_count = c->latched_count, .count_latched = c->count_latched,
            .status_latched = c->status_latched, .status = c->status, .read_state = c->read_state,
            .write_state = c->write_state, .write_latch = c->write_latch, .rw_mode = c->rw_mode, .mode = c->mode,
            .bcd = c->bcd, .gate = c->gate, .count_load_time = c->load_time - shift,
        };
    }
    return kvm_vm_ioctl(kvm_from(a), KVM_SET_PIT2, &p) >= 0;
}

static bool chip_pit_reinject(Accel *a, bool on)
{
    struct kvm_reinject_control c = { .pit_reinject = on };

    return kvm_cap(kvm_from(a), KVM_CAP_REINJECT_CONTROL) &&
           kvm_vm_ioctl(kvm_from(a), KVM_REINJECT_CONTROL, &c) >= 0;
}

const struct IrqChipOps kvm_irqchip_ops = {
    .parts = chip_parts, .set_gsi = chip_set_gsi, .send_msi = kvm_send_msi,
    .get_pic = chip_get_pic, .set_pic = chip_set_pic, .get_ioapic = chip_get_ioapic, .set_ioapic = chip_set_ioapic,
    .get_pit = chip_get_pit, .set_pit = chip_set_pit, .pit_reinject = chip_pit_reinject,
    .route_msi = kvm_route_msi, .routes_commit = kvm_routes_commit, .msi_alloc = kvm_msi_alloc,
    .msi_free = kvm_msi_free, .irqfd = kvm_irqfd,
};
