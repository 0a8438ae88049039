/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the KVM accelerator share. */
#ifndef ACCEL_KVM_INT_H
#define ACCEL_KVM_INT_H

#include <linux/kvm.h>

#include "accel/accel.h"
#include "accel/irqchip.h"
#include "accel/kvm/guest.h"
#include "accel/kvm/kvm.h"
#include "accel/kvm/sys.h"
#include "hw/core/ram.h"
#include "hw/core/vm.h"

enum { KVM_SPACES = 2, KVM_CAPS = 320, KVM_GSIS = 1024, KVM_PAGE = 4096 };

typedef enum KvmIrqMode { KVM_IRQ_ON, KVM_IRQ_OFF, KVM_IRQ_SPLIT } KvmIrqMode;
typedef enum KvmNotifyExit { KVM_NOTIFY_RUN, KVM_NOTIFY_ERROR, KVM_NOTIFY_DISABLE } KvmNotifyExit;

/* ---- memory.c, dirty.c */
typedef struct KvmSlot {
    GuestAddr start;
    uint64_t size;                  /* 0: free */
    uint8_t *host;
    RamBlock *ram;
    uint64_t ram_offset;
    bool readonly, log;
    uint16_t id;
    uint64_t *bitmap;               /* of the last KVM_GET_DIRTY_LOG; NULL: none yet */
} KvmSlot;

typedef struct KvmSpace {           /* 0: normal, 1: as seen in SMM */
    struct Kvm *k;
    unsigned id;
    AddrSpace *as;
    MemListener listener;
    GArray *slots;                  /* of KvmSlot; index = id */
    GArray *gone, *came;            /* of FlatRange: changes since the last map_changed */
    GArray *eventfds;               /* of KvmEventfd, as registered */
    GArray *zones;                  /* of kvm_coalesced_mmio_zone */
} KvmSpace;

struct Kvm {
    Accel accel;
    Vm *vm;
    int fd, vm_fd;                  /* -1: none */
    int caps[KVM_CAPS];             /* of the VM; asked once */
    /* properties */
    KvmIrqMode irq_mode;
    uint64_t shadow_mem;
    uint32_t dirty_ring_size, notify_window;
    KvmNotifyExit notify_exit;
    bool cpu_pm;

    bool apic, pic, pit;            /* in the kernel */
    bool apic_id32;                 /* APIC pages and messages carry 32-bit ids */
    size_t run_size;
    unsigned slots_max;
    KvmSpace spaces[KVM_SPACES], ports;
    GMutex slots_lock;              /* slots against dirty.c; innermost */
    uint32_t blocked;               /* futex, atomic: nobody may enter the guest */
    struct kvm_coalesced_mmio_ring *ring;
    bool draining;                  /* VM lock */
    uint32_t ring_entries;          /* of a dirty ring, each vCPU's; 0: bitmaps are used */
    bool manual_clear;              /* KVM_CLEAR_DIRTY_LOG protects, not the fetch */
    RamHooks hooks;
    VmNotify notify;
    /* msi.c; routes_lock */
    GMutex routes_lock;
    struct kvm_irq_routing *table;
    struct { GuestAddr addr; uint32_t data; bool used, live; } gsi[KVM_GSIS];
    bool routes_changed;
    /* clock.c */
    int64_t clock_ns;               /* of the guest's kvmclock when it was stopped */
    bool clock_valid;
    /* debug.c */
    GArray *breaks;                 /* of KvmBreak; VM lock, vCPUs standing still */
};

/* accel/cpus.c owns the thread; fields without a note are its. */
typedef struct KvmVcpu {
    Cpu *cpu;
    struct Kvm *k;
    int fd, tid;
    struct kvm_run *run;
    void *arch;
    bool in_run;                    /* atomic: inside KVM_RUN or about to be */
    bool io_open;                   /* the last exit's access is not retired yet */
    bool regs_ours, regs_changed;   /* Cpu's registers are the current ones; the kernel must get them */
    KvmPut put;
    struct kvm_dirty_gfn *dirty;    /* its ring */
    uint32_t dirty_next;
    KvmDebug debug;
    int hit;                        /* index of the breakpoint of the last debug exit; -1 */
    uint64_t exits, entries;        /* counters for info */
    uint64_t reason[64];
} KvmVcpu;

static inline KvmVcpu *kvm_vcpu(const Cpu *cpu) { return cpu->kvm; }
static inline Kvm *kvm_from(Accel *a) { return CONTAINER(a, Kvm, accel); }

/* ---- memory.c */
bool kvm_memory_init(Kvm *k, GError **errp);
void kvm_memory_fini(Kvm *k);
/* Everybody out of the guest, and in again. VM lock held, the calling vCPU excepted. */
void kvm_block(Kvm *k);
void kvm_unblock(Kvm *k);
void kvm_wait_unblocked(Kvm *k);
KvmSlot *kvm_slot_of_gfn(Kvm *k, unsigned space, unsigned slot);
bool kvm_slot_update(Kvm *k, unsigned space, const KvmSlot *s);
/* ---- eventfd.c: ioeventfds and coalesced ranges of a map */
void kvm_eventfds_changed(KvmSpace *s, const FlatMap *map, bool pio);
void kvm_drain_coalesced(Kvm *k);   /* takes the VM lock when it is not held */
/* ---- dirty.c */
bool kvm_dirty_init(Kvm *k, GError **errp);
bool kvm_dirty_vcpu_init(KvmVcpu *v, GError **errp);
void kvm_dirty_vcpu_fini(KvmVcpu *v);
void kvm_dirty_sync_slot(Kvm *k, unsigned space, KvmSlot *s);
void kvm_dirty_sync(void *opaque, RamBlock *b, uint64_t off, uint64_t len);
void kvm_dirty_ring_full(Kvm *k);
/* ---- irqchip.c, msi.c */
extern const struct IrqChipOps kvm_irqchip_ops;
bool kvm_irqchip_init(Kvm *k, GError **errp);
void kvm_routes_init(Kvm *k);
void kvm_routes_fini(Kvm *k);
void kvm_route_msi(Accel *a, unsigned gsi, GuestAddr addr, uint32_t data, bool masked);
void kvm_routes_commit(Accel *a);
int kvm_msi_alloc(Accel *a);
void kvm_msi_free(Accel *a, unsigned gsi);
void kvm_send_msi(Accel *a, GuestAddr addr, uint32_t data);
bool kvm_irqfd(Accel *a, unsigned gsi, int fd, int resample, bool on, GError **errp);
/* ---- clock.c */
void kvm_clock_run_state(Kvm *k, bool running);
/* ---- debug.c */
extern const AccelDebugOps kvm_debug_ops;
KvmGo kvm_debug_exit(KvmVcpu *v);
/* An instruction that KVM could not interpret: true when it is a patch of ours, and the debugger is told. */
bool kvm_debug_patch_hit(KvmVcpu *v);
/* ---- vcpu.c */
bool kvm_vcpu_create(Accel *a, Cpu *cpu, GError **errp);
void kvm_vcpu_destroy(Accel *a, Cpu *cpu);
void kvm_vcpu_run(Accel *a, Cpu *cpu);
void kvm_vcpu_kick(Accel *a, Cpu *cpu);
bool kvm_regs_pull(Accel *a, Cpu *cpu, GError **errp);
bool kvm_regs_push(Accel *a, Cpu *cpu, GError **errp);
void kvm_resuming(Accel *a);
/* ---- exits.c */
KvmGo kvm_handle_exit(KvmVcpu *v);
const char *kvm_exit_name(unsigned reason);

#endif
