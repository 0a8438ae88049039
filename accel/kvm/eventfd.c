/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doorbells and coalesced ranges (api.rst, 4.59, 4.116): what the regions of a map ask for is compared with what
 * KVM was told, and the difference is told. Stores to coalesced ranges collect in a ring that is emptied before
 * any other exit is handled. */
#include "accel/kvm/kvm_int.h"

#include <string.h>

#include "util/log.h"

typedef struct KvmEventfd {
    struct kvm_ioeventfd e;
} KvmEventfd;

/* ---- doorbells */

static bool same(const KvmEventfd *a, const KvmEventfd *b)
{
    return a->e.addr == b->e.addr && a->e.len == b->e.len && a->e.fd == b->e.fd && a->e.flags == b->e.flags &&
           a->e.datamatch == b->e.datamatch;
}

static bool holds(const GArray *list, const KvmEventfd *x)
{
    for (guint i = 0; list != NULL && i < list->len; i++) {
        if (same(&g_array_index(list, KvmEventfd, i), x)) {
            return true;
        }
    }
    return false;
}

static GArray *eventfds_of(const FlatMap *map, bool pio)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(KvmEventfd));

    for (size_t i = 0; i < flat_map_count(map); i++) {
        const FlatRange *fr = flat_map_range(map, i);
        const MemEventfds *all = fr->region->eventfds;

        for (unsigned n = 0; all != NULL && n < all->n; n++) {
            const MemEventfd *e = &all->rows[n];
            KvmEventfd x = { .e = { .len = e->size, .fd = e->fd, .datamatch = e->match ? e->data : 0,
                                    .flags = (e->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) |
                                             (pio ? KVM_IOEVENTFD_FLAG_PIO : 0) } };

            if (e->off >= fr->offset && e->off - fr->offset <= fr->last - fr->start) {
                x.e.addr = fr->start + (e->off - fr->offset);
                g_array_append_val(list, x);
            }
        }
    }
    return list;
}

static void tell(Kvm *k, const GArray *these, const GArray *but, bool remove)
{
    for (guint i = 0; these != NULL && i < these->len; i++) {
        KvmEventfd x = g_array_index(these, KvmEventfd, i);

        if (holds(but, &x)) {
            continue;
        }
        x.e.flags |= remove ? KVM_IOEVENTFD_FLAG_DEASSIGN : 0;
        if (kvm_vm_ioctl(k, KVM_IOEVENTFD, &x.e) < 0 && !remove) {
            log_guest("KVM does not take a doorbell at 0x%llx; its stores come to us",
                      (unsigned long long)x.e.addr);
        }
    }
}

/* ---- coalesced ranges */

static bool zone_in(const GArray *list, const struct kvm_coalesced_mmio_zone *z)
{
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const struct kvm_coalesced_mmio_zone *o = &g_array_index(list, struct kvm_coalesced_mmio_zone, i);

        if (o->addr == z->addr && o->size == z->size) {
            return true;
        }
    }
    return false;
}

static GArray *zones_of(const FlatMap *map, bool pio)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(struct kvm_coalesced_mmio_zone));

    for (size_t i = 0; i < flat_map_count(map); i++) {
        const FlatRange *fr = flat_map_range(map, i);
        struct kvm_coalesced_mmio_zone z = { .addr = fr->start, .size = (uint32_t)(fr->last - fr->start + 1),
                                             .pio = pio };

        if (fr->region->coalesced && fr->host == NULL && fr->last - fr->start < UINT32_MAX) {
            g_array_append_val(list, z);
        }
    }
    return list;
}

static void tell_zones(Kvm *k, const GArray *these, const GArray *but, bool remove)
{
    for (guint i = 0; these != NULL && i < these->len; i++) {
        struct kvm_coalesced_mmio_zone z = g_array_index(these, struct kvm_coalesced_mmio_zone, i);

        if (!zone_in(but, &z)) {
            kvm_vm_ioctl(k, remove ? KVM_UNREGISTER_COALESCED_MMIO : KVM_REGISTER_COALESCED_MMIO, &z);
        }
    }
}

void kvm_eventfds_changed(KvmSpace *s, const FlatMap *map, bool pio)
{
    if (kvm_cap(s->k, KVM_CAP_IOEVENTFD) && s->id == 0) {
        GArray *now = eventfds_of(map, pio);

        tell(s->k, s->eventfds, now, true);
        tell(s->k, now, s->eventfds, false);
        g_clear_pointer(&s->eventfds, g_array_unref);
        s->eventfds = now;
    }
    if (kvm_cap(s->k, pio ? KVM_CAP_COALESCED_PIO : KVM_CAP_COALESCED_MMIO) && s->id == 0) {
        GArray *now = zones_of(map, pio);

        tell_zones(s->k, s->zones, now, true);
        tell_zones(s->k, now, s->zones, false);
        g_clear_pointer(&s->zones, g_array_unref);
        s->zones = now;
    }
}

/* Entries are written by the kernel; `last` is its, `first` ours. */
void kvm_drain_coalesced(Kvm *k)
{
    enum { RING_MAX = (KVM_PAGE - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio) };
    bool taken = vm_lock_maybe(k->vm);

    if (!k->draining && k->ring != NULL) {      /* a device may bring us here again */
        struct kvm_coalesced_mmio_ring *r = k->ring;

        k->draining = true;
        while (r->first != __atomic_load_n(&r->last, __ATOMIC_ACQUIRE)) {
            const struct kvm_coalesced_mmio *e = &r->coalesced_mmio[r->first % RING_MAX];
            AddrSpace *as = e->pio == 1 ? k->vm->io : k->vm->mem;

            addr_space_write(as, e->phys_addr, e->data, MIN(e->len, 8u), MEM_ATTRS_NONE);
            __atomic_store_n(&r->first, (r->first + 1) % RING_MAX, __ATOMIC_RELEASE);
        }
        k->draining = false;
    }
    vm_unlock_maybe(k->vm, taken);
}
