/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator keeps for a vCPU: soft TLBs by address space, the way out of C code, counters.
 * Private to accel/tcg and to the target's translation code. Everything here belongs to the vCPU's own
 * thread, but for the members marked atomic. The block lies below 2 GiB, so that generated code reaches
 * any of it by a 32-bit address. */
#ifndef ACCEL_TCG_VCPU_H
#define ACCEL_TCG_VCPU_H

#include <setjmp.h>
#include "accel/tcg/guest.h"
#include "hw/core/ram.h"

enum {
    PAGE_BITS = 12, PAGE_SIZE = 1 << PAGE_BITS,
    TLB_BITS = 16, TLB_SIZE = 1 << TLB_BITS, TLB_MODES = 3,
    FETCH_BITS = 12, FETCH_SIZE = 1 << FETCH_BITS,
    TLB_SETS = 16,                  /* address spaces remembered, at most: TcgVcpu.n_sets */
    TLB_JOURNAL = 16384, FETCH_JOURNAL = 2048, TLB_LARGE = 8,
    RETURNS = 4096,                 /* at most so many calls are remembered */
    JUMP_BITS = 18, JUMP_SHIFT = 18, JUMP_SIZE = 1 << JUMP_BITS, JUMP_TABLES = 8,
};
#define PAGE_MASK (~(uint64_t)(PAGE_SIZE - 1))

/* An access of n bytes at va hits when va - tag <= 4096 - n, unsigned: page and crossing at once. A tag that
 * must not hit holds the address of a page that belongs into the neighbouring entry. */
typedef struct TlbEntry {
    uint64_t rtag, wtag;
    uint64_t addend;                /* host address - va */
    uint64_t host;                  /* host address of the page */
} TlbEntry;

/* The truth about an entry, for slow accesses. */
typedef struct TlbSide {
    uint64_t va;                    /* of the page, | SIDE_*; 0 | no SIDE bit: empty */
    uint64_t pa;
} TlbSide;
enum { SIDE_R = 1 << ACCESS_LOAD, SIDE_W = 1 << ACCESS_STORE, SIDE_X = 1 << ACCESS_FETCH,
       SIDE_GLOBAL = 8, SIDE_2M = 16, SIDE_4M = 32, SIDE_1G = 64, SIDE_VALID = 128,
       SIDE_TRACKED = 256 /* writable memory whose stores must be seen */ };

typedef struct FetchEntry {
    uint64_t tag;                   /* va of the page | SIDE_*; 0: empty */
    uint64_t pa;
    const uint8_t *host;            /* NULL: not memory */
    RamBlock *ram;
    uint64_t ram_off;
} FetchEntry;

/* Ranges found lately. */
typedef struct RangeHit { const FlatMap *map; const FlatRange *fr; } RangeHit;
enum { RANGE_HITS = 16 };

typedef struct TlbRange { uint64_t slot, lo, hi; } TlbRange;

/* mode << TLB_BITS | index of the entries that may be filled. full: any entry may be. */
typedef struct TlbJournal {
    uint32_t at[TLB_JOURNAL];
    unsigned n;
    bool full;
} TlbJournal;

/* Where a page of RAM may be writable: entries of all sets, by hash of the host page. Stale ones are harmless. */
enum { WMAP_BITS = 14, WMAP_SLOTS = 30 };
typedef struct TlbWritable {
    uint32_t at[WMAP_SLOTS];        /* set << 18 | mode << TLB_BITS | index */
    uint16_t n;
    bool overflow;                  /* there are more: look at all entries */
} TlbWritable;

typedef struct TlbSet {
    TlbEntry data[TLB_MODES][TLB_SIZE];
    uint32_t jump[JUMP_TABLES][JUMP_SIZE];      /* offset of a block's checked entry in the code; 0: none */
    TlbSide side[TLB_MODES][TLB_SIZE];
    FetchEntry fetch[TLB_MODES][FETCH_SIZE];
    uint32_t exec_id[TLB_MODES][FETCH_SIZE];    /* of the page in fetch: exec_page_id(); 0: no page */
    TlbJournal local, global;       /* global: pages that survive an ordinary flush */
    uint16_t fetch_journal[FETCH_JOURNAL];
    unsigned n_fetch;
    bool fetch_full;
    uint64_t jump_used[JUMP_TABLES];        /* bit per 4096 slots that may hold something */
    uint64_t jump_orphans;          /* of these, holding something of pages that were evicted from `fetch` */
    TlbRange large[TLB_LARGE];      /* where large pages were seen */
    unsigned n_large;
    unsigned asid;
    bool used;
    uint64_t stamp;
    /* What translations keep beside registers; the target's translator says what. It moves to the next set with the
     * vCPU: relative to one base register, hosts take loads of what was just stored from the register it was in. */
    uint64_t frame[16] __attribute__((aligned(64)));
} __attribute__((aligned(64))) TlbSet;

typedef struct TcgCounters {
    uint64_t tlb_fills, tlb_flushes, tlb_page_flushes, mmio, slow_stores, exits, interpreted;
    uint64_t blocks, block_bytes, guest_insns, host_bytes, code_flushes, invalidations, lookups;
    uint64_t remade_evicted, remade_written, evictions;
    uint64_t interpretations;
    uint64_t stops_poll, stops_halt, stops_event, stops_slice;
    /* Ticks of the host's time stamp counter, of one in TCG_SAMPLE: in translated code (with what it calls), in the
     * interpreter, translating. */
    uint64_t ticks_code, ticks_interpreter, ticks_making;
    uint64_t helper_calls, helper_leaves, direct_exits, fp_loads, links;
} TcgCounters;
enum { TCG_SAMPLE = 16 };

/* For samples: ticks of the host, 0 when this is not one; and what to add at its end. */
static inline uint64_t sample_begin(uint64_t count)
{
    return count % TCG_SAMPLE != 0 ? 0 : __builtin_ia32_rdtsc();
}

static inline uint64_t sample_end(uint64_t begin)
{
    return begin == 0 ? 0 : (__builtin_ia32_rdtsc() - begin) * TCG_SAMPLE;
}

/* A page with translations, followed for nothing else: stores to granules without code need not be seen. */
typedef struct MixedPage {
    uint64_t host;                  /* of the page; 0: none */
    uint64_t granules;              /* bit per 64 bytes that hold code */
    uint64_t left;                  /* stores until the page's translations are given up */
} MixedPage;
enum { MIXED_BITS = 6, MIXED_LEFT = 16384 };

/* A page of code at an address, known by its index here. */
typedef struct ExecPage { uint64_t va, host; } ExecPage;
enum { EXEC_PAGES = 1 << 15 };

struct CodeCache;
struct TcgVcpu;

/* Who follows what translated code does (lockstep.h). go() and stop() stand around every stretch of it: from
 * any C code that may touch guest state back into it, and out again with registers in memory. They may
 * be called with vector state loaded. */
typedef struct TcgFollower {
    void (*go)(struct TcgVcpu *v, bool beginning);      /* of a block; else in the middle of one */
    /* live: status flags that are exact; the others are overwritten before anybody reads them. moved: false
     * when translated code may have executed no instruction at all. Nothing when there was no go() since. */
    void (*stop)(struct TcgVcpu *v, uint64_t live, bool moved);
    /* C code stores, or is about to, to RAM at host. May be called with vector state loaded. */
    void (*store)(struct TcgVcpu *v, void *host, size_t n);
    /* C code has delivered the page fault that the last walk found, and translated code goes on in the handler. live:
     * status flags that were exact at the instruction; flags: those it pushed. NULL: leave it to the run loop. */
    void (*faulted)(struct TcgVcpu *v, uint64_t live, uint64_t flags);
    /* Device access or event, by C code. NULL: nobody cares. */
    void (*outside)(struct TcgVcpu *v, const char *what, uint64_t arg);
} TcgFollower;

typedef struct TcgVcpu {
    uint64_t zero;                  /* translations read seven bytes of it in front of poll */
    uint32_t poll;                  /* atomic, 0 or 1: look at Cpu.pending; translated code reads it */
    uint32_t flush_wanted;          /* atomic: TLBs are stale, FLUSH_* */
    uint32_t unverified;            /* atomic: translations of pages that others may be storing to; watch.c */
    int32_t icount_left;            /* instructions until the slice ends; Cpu.icount points here */
    uint32_t turn_wanted;           /* atomic: single.c */
    TlbSet *set;                    /* of the current address space */
    uint32_t fp_loaded;             /* the guest's vector and x87 state is in the host's registers */
    uint32_t fp_mask;               /* components moved by XSAVE and XRSTOR */
    uint32_t fp_direct;             /* straight to and from the target's own image */
    uint32_t mxcsr_default;
    uint64_t quiet_mask[8];         /* by the alignment's logarithm: address bits that must be zero in a page */
    /* An access that no TLB entry serves, done once: where its bytes are, that less its address, where the
     * translation goes on. */
    uint64_t shot_host, shot_addend, shot_resume;
    uint64_t slots[16];             /* addresses of C functions that stubs call */
    Cpu *cpu;
    const TcgGuestOps *ops;
    sigjmp_buf out;                 /* the run loop */
    bool out_valid;
    bool in_code;                   /* called from generated code: the target's part must be told of exits */
    RangeHit ranges[RANGE_HITS];
    const TcgFollower *follower;          /* NULL: nobody */
    struct Lockstep *lockstep;
    bool reference;                 /* follows another vCPU in a memory of its own (RamBlock.shadow) */
    uint32_t log_seen;              /* log_level at the last round */
    bool nochain;                   /* each block returns to the run loop: no links, no jump tables */
    struct CodeCache *cache;
    uint64_t win_delta[256];        /* host minus guest addresses in windows, by the table's byte: window.h */
    const uint8_t *window_table;    /* window_check_table(), when there are windows */
    struct Windows *win;            /* window.h; NULL: all accesses use the soft TLB */
    const char *win_why;            /* when they were wanted: why there are none */
    void *stubs, *trans;            /* the target translator's; freed with the cache */
    bool tcg_one_insn;
    bool counted;                   /* -icount: see the charges below */
    bool plain;                     /* nobody follows or counts instructions: C code may do some in passing */
    bool sole;                      /* the only vCPU: pages without its code are without code */
    bool refill_faulted;            /* a fault is recorded: raise it */
    int force_interpret;            /* set by a signal: the next instruction is for the interpreter */
    unsigned interpret_next;        /* how many instructions to interpret when nothing was found */
    struct Tcg *tcg;
    size_t bytes;                   /* of this block: sets beyond n_sets are not there */
    unsigned n_sets;
    uint64_t stamp;
    TcgCounters n;
    uint8_t fp_area[4096] __attribute__((aligned(64)));     /* in the host's layout */
    uint8_t fp_image[2560] __attribute__((aligned(64)));    /* a copy of one of the guest's */
    uint8_t bounce[128] __attribute__((aligned(64)));       /* an operand from two pages */
    uint8_t returns_end[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));     /* no access: they start over */
    uint64_t returns[RETURNS];
    ExecPage exec_pages[EXEC_PAGES];
    MixedPage mixed[1 << MIXED_BITS];
    TlbWritable wmap[1 << WMAP_BITS];
    TlbSet sets[TLB_SETS];
} TcgVcpu;

/* With -icount each block charges icount_left for all of its instructions before the first. Whoever leaves it earlier,
 * or reaches C code that may look at the clock, arm a timer or run the interpreter (which charges for itself), first
 * gives back what has not been executed. Blocks therefore have one way through, and whatever reads clocks or
 * reaches devices goes through the slow calls, which do that. */
static inline void tcg_uncharge(TcgVcpu *v, unsigned n)
{
    if (v->counted) {
        __atomic_store_n(&v->icount_left, v->icount_left + (int32_t)n, __ATOMIC_RELAXED);
    }
}

/* The stack of return addresses when it is empty: it grows down from what answers to returns beyond it. The stack
 * pointer waits in TlbSet.frame[FRAME_RETURNS] while C code runs. */
enum { FRAME_RETURNS = 14, FRAME_C_STACK = 15 };
static inline uint64_t *return_top(TcgVcpu *v) { return &v->returns[RETURNS - 8]; }
/* Pages, modes or code may not be what they were when the calls were made. */
static inline void returns_forget(TcgVcpu *v)
{
    v->set->frame[FRAME_RETURNS] = (uintptr_t)return_top(v);
}

enum { FLUSH_ALL = 1, FLUSH_WRITES = 2, FLUSH_CODE = 4 };

static inline TcgVcpu *tcg_vcpu(const Cpu *cpu) { return cpu->accel_data; }

static inline void tcg_note_store(TcgVcpu *v, void *host, size_t n)
{
    if (__builtin_expect(v->follower != NULL, 0)) {
        v->follower->store(v, host, n);
    }
}

static inline unsigned tlb_index(uint64_t va) { return va >> PAGE_BITS & (TLB_SIZE - 1); }
static inline MixedPage *mixed_page(TcgVcpu *v, uint64_t host)
{
    return &v->mixed[host >> PAGE_BITS & ((1 << MIXED_BITS) - 1)];
}

static inline unsigned fetch_index(uint64_t va) { return va >> PAGE_BITS & (FETCH_SIZE - 1); }
/* Slot of a jump table. All of a page lie in the same 4096 slots: nothing below the page number may move there. */
static inline unsigned jump_index(uint64_t pc) { return (pc ^ pc >> JUMP_SHIFT) & (JUMP_SIZE - 1); }
/* A tag that no access has that looks at this entry, neither by its first byte nor, where it goes over the page's end,
 * by its last. Zero but for page 0's entry and that of the last page, which page 0 follows: fresh memory is an empty
 * TLB and costs nothing until it is used. */
static inline uint64_t tlb_never(unsigned index) { return index == 0 || index == TLB_SIZE - 1 ? 2 * PAGE_SIZE : 0; }

/* ---- tlb.c */
void tlb_init(TcgVcpu *v);
/* A page as an access found it. host NULL: go through the address space at pa. */
typedef struct TlbPage { uint64_t pa; uint8_t *host; bool tracked; } TlbPage;
/* Translates the page of va, filling the TLB; a fault leaves to the run loop. */
void tlb_page(TcgVcpu *v, uint64_t va, Access how, unsigned mode, TlbPage *ret_page);
/* The same without leaving: false when it would fault (the fault stays recorded). */
bool tlb_probe(TcgVcpu *v, uint64_t va, Access how, unsigned mode, TlbPage *ret_page);
/* The page of va for instruction fetch; NULL when that faults (recorded, not raised). */
const FetchEntry *tlb_fetch(TcgVcpu *v, uint64_t va);
/* The page was stored to and is dirty for everybody: stores need not come here any more. */
void tlb_write_enable(TcgVcpu *v, uint64_t va, unsigned mode);
/* Stores to this page of RAM must be seen again. */
void tlb_protect_page(TcgVcpu *v, const uint8_t *host_page);
void tlb_flush_everything(TcgVcpu *v);
void tlb_flush_requests(TcgVcpu *v);    /* acts on flush_wanted */
/* Is the page at pa plain memory throughout? Then where, and whether stores to it need not be seen. */
bool tlb_plain_page(TcgVcpu *v, uint64_t pa, uint8_t **ret_host, bool *ret_writable);
void tlb_jump_clear(TlbSet *s);         /* forgets all indirect jump targets */
void tlb_exec_clear(TcgVcpu *v);        /* forgets all exec_page_id()s */
/* Number of the page that fetches from va find now, where it must have been looked up; 0: there is none. */
uint32_t tlb_exec_id(TcgVcpu *v, uint64_t va, unsigned mode);

/* ---- accel.c */
typedef struct Tcg Tcg;
const struct Tcg *tcg_of(const TcgVcpu *v);

#endif
