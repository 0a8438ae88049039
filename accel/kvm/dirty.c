/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages the guest has written (api.rst, 4.8, 4.117, 8.29): a bitmap a slot, or one ring of page numbers a
 * vCPU. What is found becomes bits of the RAM block, where display and migration look; before they look,
 * RamHooks.dirty_sync comes here. The kernel's marks are taken before a page's contents are read, never
 * after. */
#include "accel/kvm/kvm_int.h"

#include <errno.h>
#include <string.h>

#include "util/err.h"
#include "util/log.h"

/* ---- bitmaps */

static void mark(const KvmSlot *s, uint64_t page, uint64_t pages)
{
    uint64_t off = s->ram_offset + page * KVM_PAGE, len = pages * KVM_PAGE;

    ram_dirty_set_client(s->ram, off, len, DIRTY_VGA);
    ram_dirty_set_client(s->ram, off, len, DIRTY_MIGRATION);
}

static void clear_log(Kvm *k, unsigned space, const KvmSlot *s)
{
    struct kvm_clear_dirty_log c = {
        .slot = s->id | space << 16, .first_page = 0, .dirty_bitmap = s->bitmap,
        .num_pages = (uint32_t)(s->size / KVM_PAGE),
    };

    kvm_vm_ioctl(k, KVM_CLEAR_DIRTY_LOG, &c);
}

static void bitmap_sync(Kvm *k, unsigned space, KvmSlot *s)
{
    uint64_t words = (s->size / KVM_PAGE + 63) / 64;
    struct kvm_dirty_log log = { .slot = s->id | space << 16 };
    bool any = false;

    if (s->bitmap == NULL) {
        s->bitmap = g_new0(uint64_t, words);
    }
    log.dirty_bitmap = s->bitmap;
    if (kvm_vm_ioctl(k, KVM_GET_DIRTY_LOG, &log) < 0) {
        mark(s, 0, s->size / KVM_PAGE);         /* not known: everything may be dirty */
        return;
    }
    for (uint64_t w = 0; w < words; w++) {
        uint64_t left = s->bitmap[w];

        any = any || left != 0;
        while (left != 0) {
            unsigned first = (unsigned)__builtin_ctzll(left), n = 0;

            while (first + n < 64 && (left >> (first + n) & 1)) {
                n++;
            }
            mark(s, w * 64 + first, n);
            left = first + n == 64 ? 0 : left >> (first + n) << (first + n);
        }
    }
    if (any && k->manual_clear) {
        clear_log(k, space, s);
    }
}

/* ---- rings */

enum { GFN_FREE = 0, GFN_DIRTY = KVM_DIRTY_GFN_F_DIRTY, GFN_RESET = KVM_DIRTY_GFN_F_RESET };

static uint32_t ring_harvest(Kvm *k, KvmVcpu *v)
{
    uint32_t n = 0;

    while (n < k->ring_entries) {
        struct kvm_dirty_gfn *g = &v->dirty[v->dirty_next % k->ring_entries];
        const KvmSlot *s;

        if (!(__atomic_load_n(&g->flags, __ATOMIC_ACQUIRE) & GFN_DIRTY)) {
            break;
        }
        s = kvm_slot_of_gfn(k, g->slot >> 16, g->slot & 0xffff);
        if (s != NULL && g->offset < s->size / KVM_PAGE) {
            mark(s, g->offset, 1);
        }
        __atomic_store_n(&g->flags, GFN_RESET, __ATOMIC_RELEASE);
        v->dirty_next++;
        n++;
    }
    return n;
}

static void rings_sync(Kvm *k)
{
    uint32_t n = 0;

    for (guint i = 0; i < k->vm->cpus->len; i++) {
        KvmVcpu *v = kvm_vcpu(g_ptr_array_index(k->vm->cpus, i));

        if (v != NULL && v->dirty != NULL) {
            n += ring_harvest(k, v);
        }
    }
    if (n > 0) {
        kvm_vm_ioctl(k, KVM_RESET_DIRTY_RINGS, NULL);
    }
}

void kvm_dirty_ring_full(Kvm *k)
{
    bool taken = vm_lock_maybe(k->vm);

    g_mutex_lock(&k->slots_lock);
    rings_sync(k);
    g_mutex_unlock(&k->slots_lock);
    vm_unlock_maybe(k->vm, taken);
}

/* ---- both */

/* slots_lock held */
void kvm_dirty_sync_slot(Kvm *k, unsigned space, KvmSlot *s)
{
    if (k->ring_entries != 0) {
        rings_sync(k);
    } else {
        bitmap_sync(k, space, s);
    }
}

void kvm_dirty_sync(void *opaque, RamBlock *b, uint64_t off, uint64_t len)
{
    Kvm *k = opaque;
    bool ring = k->ring_entries != 0;

    if (k->ring != NULL && k->ring->first != k->ring->last) {
        kvm_drain_coalesced(k);     /* stores the guest has made already */
    }
    g_mutex_lock(&k->slots_lock);
    for (unsigned space = 0; space < KVM_SPACES && !ring; space++) {
        GArray *slots = k->spaces[space].slots;

        for (guint i = 0; slots != NULL && i < slots->len; i++) {
            KvmSlot *s = &g_array_index(slots, KvmSlot, i);

            if (s->size != 0 && s->log && s->ram == b && s->ram_offset < off + len &&
                off < s->ram_offset + s->size) {
                bitmap_sync(k, space, s);
            }
        }
    }
    if (ring) {
        rings_sync(k);
    }
    g_mutex_unlock(&k->slots_lock);
}

static bool ring_init(Kvm *k, GError **errp)
{
    unsigned cap = kvm_cap(k, KVM_CAP_DIRTY_LOG_RING_ACQ_REL) != 0 ? KVM_CAP_DIRTY_LOG_RING_ACQ_REL
                                                                   : KVM_CAP_DIRTY_LOG_RING;
    uint64_t bytes = (uint64_t)k->dirty_ring_size * sizeof(struct kvm_dirty_gfn);
    uint64_t max = (uint64_t)kvm_cap(k, cap);
    struct kvm_enable_cap c = { .cap = cap, .args = { bytes } };
    int err;

    if (k->dirty_ring_size & (k->dirty_ring_size - 1)) {
        return err_fail(errp, "dirty-ring-size must be a power of two.");
    }
    if (max == 0) {
        warn("KVM dirty ring not available, using bitmap method");
        return true;
    }
    if (bytes > max) {
        return err_fail(errp, "KVM dirty ring size %u too big (maximum is %u).  Please use a smaller value.",
                        k->dirty_ring_size, (unsigned)(max / sizeof(struct kvm_dirty_gfn)));
    }
    err = kvm_vm_ioctl(k, KVM_ENABLE_CAP, &c);
    if (err < 0) {
        return err_fail_errno(errp, -err, "KVM does not make dirty rings of %u entries", k->dirty_ring_size);
    }
    k->ring_entries = k->dirty_ring_size;
    return true;
}

bool kvm_dirty_init(Kvm *k, GError **errp)
{
    uint64_t manual = (uint64_t)kvm_cap(k, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
    struct kvm_enable_cap c = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args = { manual } };

    if (k->dirty_ring_size != 0 && !ring_init(k, errp)) {
        return false;
    }
    k->manual_clear = k->ring_entries == 0 && manual != 0 && kvm_vm_ioctl(k, KVM_ENABLE_CAP, &c) >= 0;
    k->hooks = (RamHooks){ .dirty_sync = kvm_dirty_sync, .opaque = k };
    ram_set_hooks(&k->hooks);
    return true;
}

bool kvm_dirty_vcpu_init(KvmVcpu *v, GError **errp)
{
    Kvm *k = v->k;

    if (k->ring_entries == 0) {
        return true;
    }
    v->dirty = kvm_sys->map(v->fd, k->ring_entries * sizeof(struct kvm_dirty_gfn),
                            (size_t)KVM_DIRTY_LOG_PAGE_OFFSET * KVM_PAGE);
    return v->dirty != NULL || err_fail_errno(errp, errno, "cannot map the dirty ring of vCPU %u", v->cpu->index);
}

void kvm_dirty_vcpu_fini(KvmVcpu *v)
{
    if (v->dirty != NULL) {
        kvm_sys->unmap(v->dirty, v->k->ring_entries * sizeof(struct kvm_dirty_gfn));
        v->dirty = NULL;
    }
}
