/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between a target and the translator. accel/tcg never includes target/<arch>. */
#ifndef ACCEL_TCG_GUEST_H
#define ACCEL_TCG_GUEST_H

#include "target/cpu.h"

typedef enum Access { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH } Access;

/* All that a translation depends on: same key, same code. */
typedef struct TbKey { uint64_t pc, base; uint32_t flags; } TbKey;

typedef struct TlbFill {
    GuestAddr pa;                   /* of the page that holds va, 4 KiB aligned */
    uint8_t prot;                   /* bit per Access that needs no further walk (store only if D is set) */
    uint8_t page_bits;              /* 12, 21, 22, 30 */
    bool global;
} TlbFill;

typedef struct TcgTranslator TcgTranslator;

/* When the host's time stamp counter, of hz ticks a second, was tsc the virtual clock stood at ns. */
typedef struct TcgClock { uint64_t tsc, hz; int64_t ns; bool running; } TcgClock;

#define LOCKSTEP_TAINTED (1ull << 63)

/* For the lockstep checker: a second CPU that the interpreter runs behind the first. */
typedef struct TcgLockstepOps {
    Cpu *(*clone)(const Cpu *cpu);          /* a copy on no bus, without thread and accel_data */
    void (*clone_free)(Cpu *clone);
    void (*copy)(Cpu *clone, const Cpu *cpu);       /* all that instructions can see or change */
    uint64_t (*pc)(const Cpu *cpu);
    uint64_t (*pc_linear)(const Cpu *cpu);
    /* Interprets one instruction. undef: status flags with undefined values, before and after;
     * LOCKSTEP_TAINTED is added when it reads one of them. */
    void (*step)(Cpu *clone, uint64_t *undef);
    /* ignore: status flags that need not agree. */
    bool (*same)(const Cpu *cpu, const Cpu *clone, uint64_t ignore);
    void (*differences)(const Cpu *cpu, const Cpu *clone, uint64_t ignore, GString *out);   /* a line each */
    /* A jump led where no code can be: translations find that out at the target, the interpreter at the jump. */
    bool (*lost)(const Cpu *cpu);
    /* A fault recorded by tlb_fill(): vector and error code, then with another address. */
    uint64_t (*fault_get)(const Cpu *cpu);
    void (*fault_set)(Cpu *clone, uint64_t fault, uint64_t va);
    /* It was just delivered: status flags under mask, in the frame, become those of flags. */
    void (*fault_flags)(Cpu *clone, uint64_t mask, uint64_t flags);
    void (*spoil)(Cpu *cpu);                /* makes a register wrong, for tests */
} TcgLockstepOps;

struct TcgGuestOps {
    /* Runs the interpreter: executes instructions from the current state until something is pending or
     * max have retired. Returns the number retired. */
    unsigned (*interpret)(Cpu *cpu, unsigned max);
    TbKey (*key)(const Cpu *cpu);
    /* Page walk. false: the access faults, *fill is untouched and the fault (vector, error, address)
     * is recorded in the CPU for raise_fault(). Sets A and, for stores, D bits. */
    bool (*tlb_fill)(Cpu *cpu, uint64_t va, Access how, unsigned mmu_mode, TlbFill *fill);
    G_NORETURN void (*raise_fault)(Cpu *cpu);       /* delivers the recorded fault: leaves to the run loop */
    bool (*deliver_pending)(Cpu *cpu);      /* interrupts, SMI, NMI, INIT; true if state changed */
    /* Would deliver_pending() do something now? A pending interrupt that is masked does not count: the
     * interpreter and translated code must not stop for it. */
    bool (*can_deliver)(const Cpu *cpu);
    unsigned (*mmu_mode)(const Cpu *cpu);   /* of data accesses and fetches now */
    /* What tlb_fill would find for a TLB to hold, without setting A or D bits: false when those of the
     * tables and of the page itself are not all set. prot has stores only if D is. For windows. */
    bool (*tlb_peek)(Cpu *cpu, uint64_t va, unsigned mmu_mode, TlbFill *fill);
    void (*window_mode)(Cpu *cpu, bool on);         /* user mode's accesses go through windows: another block key */
    unsigned user_mode;                     /* the mmu mode of user code */
    void (*code_moved)(Cpu *cpu);           /* what was fetched may be stale: maps or TLBs changed. May be NULL */
    void (*debug_changed)(Cpu *cpu);        /* Cpu.debug has: what derives from it is made anew. It stands still */
    /* From now on counters of time may be computed from the host's time stamp counter alone, until the same with
     * running false: the virtual clock has stopped. Again while they are: a better rate, for what follows.
     * Every vCPU stands still and is told the same. May be NULL. */
    void (*clock)(Cpu *cpu, const TcgClock *k);
    unsigned (*code_bits)(const Cpu *cpu);  /* 16, 32, 64: for disassembly */
    const TcgTranslator *translator;        /* tier 1 (accel/tcg/translator.h); NULL: interpreter only */
    const TcgLockstepOps *lockstep;         /* NULL: cannot be checked */
};

/* ---- Guest memory by linear (virtual) address; used by instruction semantics. Each may not return:
 * a guest fault leaves to the run loop (guest_exit). mode: the target's mmu mode. Little endian. */
uint8_t guest_ld8(Cpu *cpu, uint64_t va, unsigned mode);
uint16_t guest_ld16(Cpu *cpu, uint64_t va, unsigned mode);
uint32_t guest_ld32(Cpu *cpu, uint64_t va, unsigned mode);
uint64_t guest_ld64(Cpu *cpu, uint64_t va, unsigned mode);
void guest_st8(Cpu *cpu, uint64_t va, uint8_t v, unsigned mode);
void guest_st16(Cpu *cpu, uint64_t va, uint16_t v, unsigned mode);
void guest_st32(Cpu *cpu, uint64_t va, uint32_t v, unsigned mode);
void guest_st64(Cpu *cpu, uint64_t va, uint64_t v, unsigned mode);
/* Any size and alignment; all pages are checked before the first byte moves. */
void guest_read(Cpu *cpu, uint64_t va, void *buf, size_t n, unsigned mode);
void guest_write(Cpu *cpu, uint64_t va, const void *buf, size_t n, unsigned mode);
/* Checks access rights as an access would, touching nothing: for read-modify-write and multi-part stores. */
void guest_check(Cpu *cpu, uint64_t va, size_t n, Access how, unsigned mode);
/* Host address of [va, va+n) when it lies in RAM within one page; NULL for MMIO or a page crossing.
 * ACCESS_STORE also handles translated code there. Valid until the next guest_* call. */
void *guest_host(Cpu *cpu, uint64_t va, size_t n, Access how, unsigned mode);
/* Up to 15 instruction bytes at va; returns how many could be fetched without a second page fault,
 * and raises a fetch fault only if byte 0 .. need-1 cannot be had. */
unsigned guest_fetch(Cpu *cpu, uint64_t va, uint8_t *buf, unsigned need, unsigned want);

/* ---- For page walks. They may run with the guest's vector registers loaded, so files that contain them
 * include accel/tcg/general_regs.h. Before they call anything else they call guest_general_end(). */
void guest_general_end(Cpu *cpu);
/* Single functions of that kind in other files, calling no inline ones that touch vectors. */
#define GENERAL_REGS __attribute__((target("general-regs-only")))
/* C code stored, or is about to store, to guest RAM at host without one of the functions above. */
void guest_note_store(Cpu *cpu, void *host, size_t n);
/* What only C code does (a device access, delivery of an exception) is about to happen. Does not return on
 * a CPU that only follows another one's translated code (lockstep.h), which never gets there. what: as in "a ..." */
void guest_note_outside(Cpu *cpu, const char *what, uint64_t arg);
/* Where physical address pa leads; NULL: a hole. Needs no guest_general_end(). */
const FlatRange *guest_phys_range(Cpu *cpu, GuestAddr pa);

/* ---- TLB maintenance, own vCPU only */
void guest_tlb_flush(Cpu *cpu, bool global_too);
void guest_tlb_flush_page(Cpu *cpu, uint64_t va);           /* global entries too (INVLPG) */
void guest_tlb_flush_asid(Cpu *cpu, unsigned asid, bool global_too);
void guest_tlb_flush_page_asid(Cpu *cpu, unsigned asid, uint64_t va);
void guest_tlb_set_asid(Cpu *cpu, unsigned asid);           /* PCID; entries of others stay */

/* The page tables at root are in use now (CR3 was loaded), before any flush. kept: what TLBs held for asid
 * stays. Targets that have windows call it. */
void guest_addr_space(Cpu *cpu, uint64_t root, unsigned asid, bool kept);

/* The guest waits for another vCPU: lets that run, if it is one that waits for this thread. */
void guest_yield(Cpu *cpu);

/* Leaves semantics for the run loop: the instruction did not complete (fault already delivered, or
 * it must run again) unless done, in which case the target has set the state as after it. */
G_NORETURN void guest_exit(Cpu *cpu);

#endif
