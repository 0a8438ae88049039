/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep: everything that translated code does is done once more by the interpreter, on a second CPU (the
 * reference) with a second copy of RAM, and compared. C code (interpreted instructions, interrupts,
 * devices) runs once only; what it changed is copied over. docs/devel/lockstep.rst tells the whole.
 * Own thread of the vCPU, but for lockstep_stored(). */
#ifndef ACCEL_TCG_LOCKSTEP_H
#define ACCEL_TCG_LOCKSTEP_H

#include "accel/tcg/vcpu.h"

typedef struct Lockstep Lockstep;
enum LockstepMode { LOCKSTEP_OFF, LOCKSTEP_ON, LOCKSTEP_CHAINED };

/* Store to RAM of one side, and what it left (up to eight bytes) while translated code ran. */
typedef struct LockStore { uint8_t *host; uint64_t value; uint64_t n; } LockStore;

/* A page walk for translated code: the reference takes its result and its A and D bits from here. */
typedef struct LockFill {
    uint64_t va;
    TlbFill fill;
    uint8_t how, mode;
    bool used;
    bool failed, delivered;         /* it found a fault; which is the reference's to raise */
    uint64_t fault, live, flags;    /* then: what it found, and the flags that were pushed, exact under live */
    uint32_t first, end;            /* of Lockstep.stores: entries of page tables */
} LockFill;

enum { LOCK_STORES = 1 << 16, LOCK_FILLS = 1 << 14, LOCK_TRAIL = 64 };

struct Lockstep {
    TcgVcpu *v, *ref;
    Cpu *clone;
    const TcgLockstepOps *ops;
    TcgGuestOps fast_ops, ref_ops;
    bool inside;                    /* translated code runs, or its C helpers that keep guest state in registers */
    bool loaded;                    /* vector state was in registers when translated code ended */
    bool beginning;                 /* it began at a block's first instruction */
    bool strayed;
    LockFill *raising;              /* the reference raises this fault */
    bool disturbed;                 /* somebody else's stores arrived meanwhile */
    const char *stray_what;
    uint64_t stray_arg;
    uint64_t undef, tlb_stamp, start_pc;
    unsigned n_stores, n_fills;
    GArray *ref_stores;             /* of LockStore, value unused */
    GHashTable *ref_pages;          /* instead, when there are too many: host pages */
    GMutex lock;                    /* of others */
    GArray *others;                 /* of CodeRange: stores by devices and other threads */
    int others_any;                 /* atomic */
    uint64_t head[LOCK_TRAIL], trail[LOCK_TRAIL];   /* pc of the reference's first and last steps */
    uint64_t trail_n;
    char *passed;                   /* what differed when it came by; NULL */
    uint64_t passed_n;
    unsigned passes;
    uint64_t chunks, insns, unsure, scans, scan_next, spoil;
    const RamBlock *suspect;        /* differed at the last look at all of RAM */
    uint64_t suspect_off;
    LockStore stores[LOCK_STORES];
    LockFill fills[LOCK_FILLS];
};

/* Makes v followed; false + error when the target cannot. */
bool lockstep_new(TcgVcpu *v, GError **errp);
void lockstep_free(TcgVcpu *v);
void lockstep_info(const TcgVcpu *v, GString *out);
/* RamHooks.stored: any thread. */
void lockstep_stored(TcgVcpu *v, RamBlock *b, uint64_t off, uint64_t len);

/* ---- lockstep_log.c: what runs while vector state may be loaded */
extern const TcgFollower lockstep_follower;
bool lockstep_fill(Cpu *cpu, uint64_t va, Access how, unsigned mode, TlbFill *fill);
/* ---- lockstep.c, called from there when it is in memory */
void lockstep_begin(Lockstep *l);
void lockstep_check(Lockstep *l, uint64_t live, bool moved);
/* ---- lockstep_mem.c: the reference's memory */
bool lockstep_shadow_all(GError **errp);
uint8_t *lockstep_shadow(const uint8_t *host);      /* of the same byte; NULL: not RAM */
const uint8_t *lockstep_real(const uint8_t *shadow, RamBlock **ret_b, uint64_t *ret_off);
bool lockstep_stores_same(Lockstep *l);     /* has the reference stored what is in RAM? */
/* The first difference that the reference's stores show; false: none. */
bool lockstep_store_differs(Lockstep *l, RamBlock **ret_b, uint64_t *ret_off);
void lockstep_mirror(Lockstep *l);  /* Lockstep.stores to the reference's memory; empties them */
void lockstep_make_room(Lockstep *l);       /* the same while C code goes on storing */
void lockstep_others(Lockstep *l);  /* stores of others become the reference's */
/* Looks at all of RAM, now and then: stores that went astray. True: a difference that stays. */
bool lockstep_scan(Lockstep *l, RamBlock **ret_b, uint64_t *ret_off);
void lockstep_sync_all(void);       /* all of RAM becomes the reference's */
void lockstep_ref_store(TcgVcpu *ref, void *host, size_t n);
void lockstep_ref_forget(Lockstep *l);
bool lockstep_ref_fill(Cpu *clone, uint64_t va, Access how, unsigned mode, TlbFill *fill);

#endif
