/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest RAM as KVM's memory slots (api.rst, 4.35): the memory listener collects what a change of the map adds
 * and removes, and all of it is applied at once when the map is complete, with every vCPU out of the guest, so
 * that none of them runs into a hole. Ranges smaller than a page stay accesses that come to us. */
#include "accel/kvm/kvm_int.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"

/* ---- nobody in the guest */

static bool others_inside(const Kvm *k)
{
    for (guint i = 0; i < k->vm->cpus->len; i++) {
        const KvmVcpu *v = kvm_vcpu(g_ptr_array_index(k->vm->cpus, i));

        if (v != NULL && v->cpu != current_cpu && __atomic_load_n(&v->in_run, __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return false;
}

/* A vCPU that leaves the guest touches no lock before in_run is false, so waiting under the VM lock is safe;
 * it takes some microseconds. */
void kvm_block(Kvm *k)
{
    __atomic_add_fetch(&k->blocked, 1, __ATOMIC_SEQ_CST);
    for (guint i = 0; i < k->vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(k->vm->cpus, i);

        if (cpu != current_cpu && cpu->kvm != NULL && __atomic_load_n(&cpu->kvm->in_run, __ATOMIC_SEQ_CST)) {
            kvm_vcpu_kick(&k->accel, cpu);
        }
    }
    for (unsigned spins = 0; others_inside(k); spins++) {
        if (spins < 1000) {
            __builtin_ia32_pause();
        } else {
            g_usleep(20);
        }
    }
}

void kvm_unblock(Kvm *k)
{
    if (__atomic_sub_fetch(&k->blocked, 1, __ATOMIC_SEQ_CST) == 0) {
        syscall(SYS_futex, &k->blocked, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    }
}

void kvm_wait_unblocked(Kvm *k)
{
    uint32_t n;

    while ((n = __atomic_load_n(&k->blocked, __ATOMIC_SEQ_CST)) != 0) {
        syscall(SYS_futex, &k->blocked, FUTEX_WAIT_PRIVATE, n, NULL, NULL, 0);
    }
}

/* ---- slots */

bool kvm_slot_update(Kvm *k, unsigned space, const KvmSlot *s)
{
    struct kvm_userspace_memory_region r = {
        .slot = s->id | space << 16, .guest_phys_addr = s->start, .memory_size = s->size,
        .userspace_addr = (uintptr_t)s->host,
        .flags = (s->log ? KVM_MEM_LOG_DIRTY_PAGES : 0) | (s->readonly ? KVM_MEM_READONLY : 0),
    };
    int err = kvm_vm_ioctl(k, KVM_SET_USER_MEMORY_REGION, &r);

    if (err < 0) {
        report_error("KVM does not take memory slot %u at 0x%" PRIx64 ", size 0x%" PRIx64 ": %s", s->id,
                     s->start, s->size, g_strerror(-err));
    }
    return err >= 0;
}

/* What of the range can be a slot: whole pages, host memory aligned alike. */
static bool page_part(const FlatRange *fr, KvmSlot *s)
{
    uint64_t pad = -fr->start & (KVM_PAGE - 1), size = fr->last - fr->start + 1;

    if (size <= pad || ((uintptr_t)(fr->host + pad) & (KVM_PAGE - 1)) != 0) {
        return false;
    }
    *s = (KvmSlot){
        .start = fr->start + pad, .size = (size - pad) & ~(uint64_t)(KVM_PAGE - 1), .host = fr->host + pad,
        .ram = fr->ram, .ram_offset = (uint64_t)(fr->host + pad - fr->ram->host), .readonly = fr->readonly,
        .log = (fr->log_dirty & ~(1u << DIRTY_CODE)) != 0,
    };
    return s->size != 0;
}

static KvmSlot *slot_at(KvmSpace *s, GuestAddr start)
{
    for (guint i = 0; i < s->slots->len; i++) {
        KvmSlot *slot = &g_array_index(s->slots, KvmSlot, i);

        if (slot->size != 0 && slot->start == start) {
            return slot;
        }
    }
    return NULL;
}

KvmSlot *kvm_slot_of_gfn(Kvm *k, unsigned space, unsigned slot)
{
    KvmSpace *s = space < KVM_SPACES ? &k->spaces[space] : NULL;

    return s != NULL && s->slots != NULL && slot < s->slots->len ? &g_array_index(s->slots, KvmSlot, slot) : NULL;
}

static void slot_remove(KvmSpace *s, const FlatRange *fr)
{
    KvmSlot want, *slot;

    if (!page_part(fr, &want) || (slot = slot_at(s, want.start)) == NULL) {
        return;
    }
    if (slot->log) {                /* what it knows is gone with it */
        kvm_dirty_sync_slot(s->k, s->id, slot);
    }
    slot->size = 0;
    slot->log = slot->readonly = false;
    kvm_slot_update(s->k, s->id, slot);
    g_clear_pointer(&slot->bitmap, g_free);
}

static void slot_insert(KvmSpace *s, const FlatRange *fr)
{
    KvmSlot slot;
    guint i = 0;

    if (!page_part(fr, &slot)) {
        return;
    }
    while (i < s->slots->len && g_array_index(s->slots, KvmSlot, i).size != 0) {
        i++;
    }
    if (i >= s->k->slots_max) {
        report_error("the guest's memory map needs more than the %u slots of this host's KVM: 0x%" PRIx64
                     " bytes at 0x%" PRIx64 " are not there", s->k->slots_max, slot.size, slot.start);
        return;
    }
    slot.id = (uint16_t)i;
    slot.readonly = slot.readonly && kvm_cap(s->k, KVM_CAP_READONLY_MEM);
    if (i == s->slots->len) {
        g_array_append_val(s->slots, slot);
    } else {
        g_array_index(s->slots, KvmSlot, i) = slot;
    }
    if (!kvm_slot_update(s->k, s->id, &slot)) {
        g_array_index(s->slots, KvmSlot, i).size = 0;
    }
}

/* ---- the listener; VM lock held */

static void on_added(void *opaque, const FlatRange *fr)
{
    g_array_append_val(((KvmSpace *)opaque)->came, *fr);
}

static void on_removed(void *opaque, const FlatRange *fr)
{
    g_array_append_val(((KvmSpace *)opaque)->gone, *fr);
}

static void on_log(void *opaque, const FlatRange *fr)
{
    KvmSpace *s = opaque;
    KvmSlot want, *slot;

    g_mutex_lock(&s->k->slots_lock);
    if (page_part(fr, &want) && (slot = slot_at(s, want.start)) != NULL && slot->log != want.log) {
        if (slot->log) {
            kvm_dirty_sync_slot(s->k, s->id, slot);
        }
        slot->log = want.log;
        kvm_slot_update(s->k, s->id, slot);
        if (want.log) {             /* older writes were not seen */
            ram_dirty_set_client(slot->ram, slot->ram_offset, slot->size, DIRTY_VGA);
            ram_dirty_set_client(slot->ram, slot->ram_offset, slot->size, DIRTY_MIGRATION);
        }
    }
    g_mutex_unlock(&s->k->slots_lock);
}

static void on_changed(void *opaque)
{
    KvmSpace *s = opaque;
    bool block = s->gone->len > 0;

    if (block) {
        kvm_block(s->k);
    }
    g_mutex_lock(&s->k->slots_lock);
    for (guint i = 0; i < s->gone->len; i++) {
        slot_remove(s, &g_array_index(s->gone, FlatRange, i));
    }
    for (guint i = 0; i < s->came->len; i++) {
        slot_insert(s, &g_array_index(s->came, FlatRange, i));
    }
    g_mutex_unlock(&s->k->slots_lock);
    if (block) {
        kvm_unblock(s->k);
    }
    g_array_set_size(s->gone, 0);
    g_array_set_size(s->came, 0);
    kvm_eventfds_changed(s, addr_space_map(s->as), false);
}

/* ---- ports have no slots, but doorbells and coalesced ranges */

static void on_ports_changed(void *opaque)
{
    KvmSpace *s = opaque;

    kvm_eventfds_changed(s, addr_space_map(s->as), true);
}

static void space_init(Kvm *k, KvmSpace *s, unsigned id, AddrSpace *as)
{
    *s = (KvmSpace){
        .k = k, .id = id, .as = as, .slots = g_array_new(FALSE, TRUE, sizeof(KvmSlot)),
        .gone = g_array_new(FALSE, TRUE, sizeof(FlatRange)), .came = g_array_new(FALSE, TRUE, sizeof(FlatRange)),
    };
    s->listener = (MemListener){ .ram_added = on_added, .ram_removed = on_removed, .log_changed = on_log,
                                 .map_changed = on_changed, .opaque = s };
    addr_space_listen(as, &s->listener);
}

void kvm_add_smm_space(Vm *vm, AddrSpace *as)
{
    Kvm *k = kvm_of(vm);

    if (k != NULL && k->spaces[1].as == NULL && kvm_cap(k, KVM_CAP_MULTI_ADDRESS_SPACE) > 1) {
        space_init(k, &k->spaces[1], 1, as);
    }
}

bool kvm_memory_init(Kvm *k, GError **errp)
{
    (void)errp;
    k->slots_max = kvm_cap(k, KVM_CAP_NR_MEMSLOTS) != 0 ? (unsigned)kvm_cap(k, KVM_CAP_NR_MEMSLOTS) : 32;
    k->slots_max = MIN(k->slots_max, 0xffff);
    space_init(k, &k->spaces[0], 0, k->vm->mem);
    k->ports = (KvmSpace){ .k = k, .as = k->vm->io };
    k->ports.listener = (MemListener){ .map_changed = on_ports_changed, .opaque = &k->ports };
    addr_space_listen(k->vm->io, &k->ports.listener);
    return true;
}

static void space_fini(KvmSpace *s)
{
    if (s->as == NULL) {
        return;
    }
    addr_space_unlisten(s->as, &s->listener);
    for (guint i = 0; s->slots != NULL && i < s->slots->len; i++) {
        g_free(g_array_index(s->slots, KvmSlot, i).bitmap);
    }
    GArray **arrays[] = { &s->slots, &s->gone, &s->came, &s->eventfds, &s->zones };
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_clear_pointer(arrays[i], g_array_unref);
    }
    s->as = NULL;
}

void kvm_del_smm_space(Vm *vm, AddrSpace *as)
{
    Kvm *k = kvm_of(vm);

    if (k != NULL && k->spaces[1].as == as) {
        space_fini(&k->spaces[1]);
    }
}

void kvm_memory_fini(Kvm *k)
{
    if (k->hooks.opaque != NULL) {
        ram_set_hooks(NULL);
    }
    for (unsigned i = 0; i < KVM_SPACES; i++) {
        space_fini(&k->spaces[i]);
    }
    space_fini(&k->ports);
}
