/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that says what each GSI does (api.rst, 4.52) and eventfds that raise one (4.75). The kernel takes
 * the whole table at once: changes collect until routes_commit(). GSIs below 24 are the lines of the board:
 * 8259 and I/O APIC inputs, or the messages of an I/O APIC that is ours (split). */
#include "accel/kvm/kvm_int.h"

#include <errno.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

enum { LINES = 24, PIC_LINES = 16, CASCADE = 2 };

/* Address bits of a message above 4 GiB carry the high part of a 32-bit APIC id. */
static void put_msi(struct kvm_irq_routing *t, unsigned gsi, GuestAddr addr, uint32_t data)
{
    t->entries[t->nr++] = (struct kvm_irq_routing_entry){
        .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
        .u.msi = { .address_lo = (uint32_t)addr, .address_hi = (uint32_t)(addr >> 32), .data = data },
    };
}

static void put_pin(struct kvm_irq_routing *t, unsigned gsi, unsigned chip, unsigned pin)
{
    t->entries[t->nr++] = (struct kvm_irq_routing_entry){
        .gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { .irqchip = chip, .pin = pin },
    };
}

static void put_lines(struct kvm_irq_routing *t)
{
    for (unsigned gsi = 0; gsi < PIC_LINES; gsi++) {
        if (gsi != CASCADE) {
            put_pin(t, gsi, gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE, gsi & 7);
        }
    }
    for (unsigned gsi = 0; gsi < LINES; gsi++) {
        if (gsi != CASCADE) {       /* the timer's GSI 0 is wired to pin 2 */
            put_pin(t, gsi, KVM_IRQCHIP_IOAPIC, gsi == 0 ? 2 : gsi);
        }
    }
}

/* routes_lock held */
static void commit(Kvm *k)
{
    struct kvm_irq_routing *t = k->table;
    int err;

    k->routes_changed = false;
    t->nr = t->flags = 0;
    if (k->pic) {
        put_lines(t);
    }
    for (unsigned gsi = 0; gsi < KVM_GSIS; gsi++) {
        if (k->gsi[gsi].live) {
            put_msi(t, gsi, k->gsi[gsi].addr, k->gsi[gsi].data);
        }
    }
    err = kvm_vm_ioctl(k, KVM_SET_GSI_ROUTING, t);
    if (err < 0) {
        report_error("KVM does not take the interrupt routes: %s", g_strerror(-err));
    }
}

void kvm_routes_init(Kvm *k)
{
    if (!kvm_cap(k, KVM_CAP_IRQ_ROUTING)) {
        return;
    }
    k->table = g_malloc0(sizeof(*k->table) + (KVM_GSIS + LINES + PIC_LINES) * sizeof(k->table->entries[0]));
    for (unsigned gsi = 0; gsi < LINES; gsi++) {
        k->gsi[gsi].used = true;
    }
    commit(k);
}

void kvm_routes_fini(Kvm *k) { g_clear_pointer(&k->table, g_free); }

void kvm_route_msi(Accel *a, unsigned gsi, GuestAddr addr, uint32_t data, bool masked)
{
    Kvm *k = kvm_from(a);

    g_mutex_lock(&k->routes_lock);
    if (k->table != NULL && gsi < KVM_GSIS && k->gsi[gsi].used &&
        (k->gsi[gsi].live == masked || (!masked && (k->gsi[gsi].addr != addr || k->gsi[gsi].data != data)))) {
        k->gsi[gsi].addr = addr;
        k->gsi[gsi].data = data;
        k->gsi[gsi].live = !masked;
        k->routes_changed = true;
    }
    g_mutex_unlock(&k->routes_lock);
}

void kvm_routes_commit(Accel *a)
{
    Kvm *k = kvm_from(a);

    g_mutex_lock(&k->routes_lock);
    if (k->routes_changed) {
        commit(k);
    }
    g_mutex_unlock(&k->routes_lock);
}

int kvm_msi_alloc(Accel *a)
{
    Kvm *k = kvm_from(a);
    unsigned end = MIN((unsigned)kvm_cap(k, KVM_CAP_IRQ_ROUTING), KVM_GSIS);
    int found = -1;

    g_mutex_lock(&k->routes_lock);
    for (unsigned gsi = LINES; k->table != NULL && gsi < end && found < 0; gsi++) {
        if (!k->gsi[gsi].used) {
            k->gsi[gsi].used = true;
            found = (int)gsi;
        }
    }
    g_mutex_unlock(&k->routes_lock);
    return found;
}

void kvm_msi_free(Accel *a, unsigned gsi)
{
    Kvm *k = kvm_from(a);

    g_mutex_lock(&k->routes_lock);
    if (gsi >= LINES && gsi < KVM_GSIS) {
        k->routes_changed = k->routes_changed || k->gsi[gsi].live;
        k->gsi[gsi].used = k->gsi[gsi].live = false;
    }
    g_mutex_unlock(&k->routes_lock);
}

void kvm_send_msi(Accel *a, GuestAddr addr, uint32_t data)
{
    Kvm *k = kvm_from(a);
    struct kvm_msi m = { .address_lo = (uint32_t)addr, .address_hi = (uint32_t)(addr >> 32), .data = data };
    int gsi;

    if (kvm_cap(k, KVM_CAP_SIGNAL_MSI)) {
        kvm_vm_ioctl(k, KVM_SIGNAL_MSI, &m);
        return;
    }
    gsi = kvm_msi_alloc(a);         /* a route for this one message */
    if (gsi >= 0) {
        struct kvm_irq_level l = { .irq = (uint32_t)gsi, .level = 1 };

        kvm_route_msi(a, (unsigned)gsi, addr, data, false);
        kvm_routes_commit(a);
        kvm_vm_ioctl(k, KVM_IRQ_LINE, &l);
        kvm_msi_free(a, (unsigned)gsi);
    }
}

bool kvm_irqfd(Accel *a, unsigned gsi, int fd, int resample, bool on, GError **errp)
{
    Kvm *k = kvm_from(a);
    struct kvm_irqfd f = { .fd = (uint32_t)fd, .gsi = gsi, .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN };
    int err;

    if (!kvm_cap(k, KVM_CAP_IRQFD) || (resample >= 0 && !kvm_cap(k, KVM_CAP_IRQFD_RESAMPLE))) {
        return err_fail(errp, "this host's KVM has no such irqfd");
    }
    if (resample >= 0 && on) {
        f.flags |= KVM_IRQFD_FLAG_RESAMPLE;
        f.resamplefd = (uint32_t)resample;
    }
    kvm_routes_commit(a);
    err = kvm_vm_ioctl(k, KVM_IRQFD, &f);
    return err >= 0 || err_fail_errno(errp, -err, "KVM does not connect an eventfd to GSI %u", gsi);
}
