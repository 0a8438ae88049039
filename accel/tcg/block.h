/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translated blocks of a vCPU: code buffer, lookup, links between blocks, and what a stored-to page takes
 * with it. Blocks are known by the host address of their first instruction byte (which stands for its
 * physical address), the virtual address they were made for, and the target's mode flags.
 * Everything belongs to the vCPU's thread; other threads only leave requests (watch.c). */
#ifndef ACCEL_TCG_BLOCK_H
#define ACCEL_TCG_BLOCK_H

#include "accel/tcg/vcpu.h"

typedef struct Block Block;
enum { LANDINGS = 4 };

/* A direct way out. `site` is the rel32 of a jump; unlinked, it leads to `stub`. To another page it leads through
 * `cross`, which looks whether the page is still mapped there, and to `table`, the jump table, if not. */
typedef struct BlockExit {
    uint8_t *site, *stub;
    uint8_t *site_flags, *stub_flags;   /* the jump behind code that brings the flags back; NULL: none needed */
    Block *from, *to;
    struct BlockExit *next_in;      /* others that lead to `to` */
    uint64_t pc;                    /* of the target */
    bool backward;                  /* links lead to the polling entry */
    uint8_t *table, *cross;         /* NULL: same page; not made yet */
    bool link;                      /* may be linked at all */
    bool frame;                     /* flags are in the frame here */
    bool fp;                        /* vector state is loaded here */
    uint8_t live;                   /* status flags that are exact here, as in BlockInsn */
} BlockExit;

/* For faults of host instructions: where each guest instruction begins. */
/* Host code that may fault at a window (offsets from the block's entry), and the address where it goes on then. */
typedef struct BlockSite { uint16_t start, end; uint32_t cold; } BlockSite;

typedef struct BlockInsn {
    uint16_t host, guest;
    uint8_t flags;
    uint8_t live;                   /* status flags that are exact before it; how, the target knows */
} BlockInsn;

struct Block {
    Block *hash_next, *page_next[2];
    TbKey key;
    const uint8_t *source, *source2;    /* host address of the first byte; page of the last when another */
    uint8_t *body;                  /* wants vector state loaded if uses_fp */
    uint8_t *poll;                  /* the body after a look at TcgVcpu.poll */
    uint8_t *code;                  /* from anywhere with the right state; NULL: to be interpreted */
    uint8_t *entry;                 /* checks that the scratch register holds key.pc, then as code */
    uint8_t *end;
    BlockExit *in;
    BlockExit *out, self;           /* n_out of them; self: left at its beginning */
    BlockInsn *insns;
    BlockSite *sites;
    uint16_t landing[LANDINGS];     /* where calls come back to, from entry */
    uint8_t n_landings;
    uint16_t len, n_insns, n_sites, n_out;
    int16_t lo, hi;                 /* bytes around source that the translation depends on; hi >= len */
    bool flags_in;                  /* the body wants the guest's status flags in the host's */
    bool dead, uses_fp, invalidated;
    uint32_t sum;                   /* of the source bytes; 0 when there is one vCPU only */
    int8_t table;                   /* which jump table its mode has; -1: none */
};

typedef struct CodeRange { RamBlock *b; uint64_t off, len; } CodeRange;

enum { BLOCK_HASH_BITS = 18, BLOCK_CODE_MAX = 24 * 1024, TABLE_RESETS = 64,
       HUGE_PAGE = 2 << 20, CROSS_SIZE = 48, GHOST_BITS = 16 };

/* A part of the buffer, emptied as a whole (generations.c). */
typedef struct CodeSegment {
    GPtrArray *by_code;             /* blocks in the order of their code */
    GPtrArray *odd;                 /* those without */
    GPtrArray *ways;                /* exits of blocks elsewhere that lead through code here */
    unsigned generation;
    size_t used;                    /* bytes, of full ones */
} CodeSegment;

typedef struct CodeCache {
    uint8_t *map;
    size_t map_size;
    uint8_t *base, *end;            /* the whole buffer; base itself is the miss stub's place */
    uint8_t *code, *first;          /* next free byte of the current segment; first after the stubs */
    /* Of the current segment: */
    uint8_t *code_end, *cold;       /* end of code; next free byte of the part for what seldom runs, behind it */
    uint8_t *data;                  /* blocks grow down from the end */
    CodeSegment *segments;
    unsigned segment_shift, n_segments, n_used, limit, start_limit, current, generation, sweeps;
    unsigned hot_share;             /* of a segment for code, in 64ths: as the last one turned out */
    unsigned made, came_back;       /* blocks in this segment; of them, had been evicted before */
    uint32_t ghosts[1 << GHOST_BITS];
    Block *hash[1 << BLOCK_HASH_BITS];
    GHashTable *pages;              /* host page number -> struct CodePage */
    uint32_t table_flags[JUMP_TABLES];
    unsigned n_tables, table_resets;        /* resets: flushes to give tables to new modes */
    unsigned epoch;                 /* counts invalidations */
    unsigned gone;                  /* counts whenever memory of blocks is used again */
    /* watch.c: what other threads ask for */
    GMutex lock;
    GArray *wanted;                 /* of CodeRange: written by them */
    unsigned n_wanted;              /* atomic */
    GArray *protect;                /* of host pages whose stores they must see */
    bool protect_all;               /* more than fit */
    uint32_t protect_asked, protect_done;   /* atomic */
    int wanted_any;                 /* atomic */
    /* own: pages that others may still be storing to unseen */
    GArray *unverified;
    uint32_t seen_asked[256];       /* protect_asked of each vCPU when the last was added */
} CodeCache;

/* What the target's translator supplies. */
struct TcgTranslator {
    bool (*init)(TcgVcpu *v, GError **errp);            /* emits its stubs at cache->code */
    bool (*usable)(const Cpu *cpu, const TbKey *key);   /* this mode can be translated now */
    unsigned (*batch)(const Cpu *cpu, const TbKey *key);    /* else: how many to interpret before asking again */
    /* Translates at b->key, b->source; avail bytes of source lie on the page. Writes code at cache->code.
     * false: not this one (interpret an instruction). */
    bool (*translate)(TcgVcpu *v, Block *b, const FetchEntry *page, unsigned avail);
    /* Runs from a block's body until an exit. NULL: rip is in memory; else the exit taken, rip is not. */
    BlockExit *(*run)(TcgVcpu *v, const uint8_t *code);
    /* Emits a way from e to its target through the jump table; NULL: there is no table. */
    const uint8_t *(*bridge)(TcgVcpu *v, BlockExit *e);
    /* Fills e->cross: to target if the word at id_at is id, else to e->table. to_flags: target wants flags. */
    void (*cross)(TcgVcpu *v, BlockExit *e, const uint8_t *target, bool to_flags, unsigned id_at, uint32_t id);
    void (*set_pc)(Cpu *cpu, uint64_t pc);
    void (*fp_sync)(TcgVcpu *v);    /* vector state to memory: any C code may run now */
    void (*info)(const TcgVcpu *v, GString *out);       /* lines for "info jit" */
    uint64_t (*live_flags)(uint8_t live);   /* BlockInsn.live as TcgFollower wants it */
    void (*fp_load)(TcgVcpu *v);    /* the way back, where it was loaded before */
};

bool cache_new(TcgVcpu *v, size_t size, GError **errp);
void cache_free(TcgVcpu *v);
void cache_info(const CodeCache *c, GString *out);  /* generations.c: lines for "info jit" */
/* lookup.c: finds or makes the block for the CPU's state; NULL: interpret. May run with vector state loaded. */
Block *cache_get(TcgVcpu *v);
/* The same, but NULL also when the run loop has something to do. */
Block *tcg_next_block(TcgVcpu *v);
Block *cache_make(TcgVcpu *v, const TbKey *key, const FetchEntry *f, const uint8_t *source);
unsigned cache_hash(const uint8_t *source, const TbKey *key);
void tcg_run_blocks(TcgVcpu *v);     /* translated code, linked as it comes by, until something is to be done */
void cache_link(TcgVcpu *v, BlockExit *e, Block *to);
int cache_table(TcgVcpu *v, uint32_t flags);    /* index of the jump table of these block flags; -1: there is none */
void cache_flush(TcgVcpu *v);           /* everything goes */
void cache_written(TcgVcpu *v, RamBlock *b, uint64_t off, uint64_t len);    /* own thread */
void cache_verify_page(TcgVcpu *v, const uint8_t *host);    /* drops what differs from the page's bytes */
void *cache_alloc(CodeCache *c, size_t n);      /* below 2 GiB, zeroed; NULL when full */
/* Drops a block, to be translated another way; it may be running. */
void cache_drop(TcgVcpu *v, Block *b);
/* Drops all blocks that begin on the page of this linear address. The vCPU stands still. */
void cache_drop_page(TcgVcpu *v, uint64_t va);
Block *cache_find_code(TcgVcpu *v, const uint8_t *code);    /* block whose code holds this address */

/* ---- watch.c: own thread unless said otherwise */
/* v has translations of this page from now on, unwatch_page(): none any more. Before the bytes are read. */
void watch_page(TcgVcpu *v, RamBlock *b, uint64_t off);
void unwatch_page(TcgVcpu *v, RamBlock *b, uint64_t off);
/* Something was stored to pages with translations; after the store. Any thread. */
void watch_stored(struct Tcg *t, RamBlock *b, uint64_t off, uint64_t len);
void cache_requests(TcgVcpu *v);        /* acts on what others asked for */
/* While TcgVcpu.unverified is not 0: at the beginning of a round. */
void watch_verify(TcgVcpu *v);
/* The vCPU of this thread that is inside generated code; for signal handlers. */
TcgVcpu *tcg_running(void);

#endif
