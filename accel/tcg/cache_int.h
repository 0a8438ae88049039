/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between cache.c (blocks, links, stored-to pages) and generations.c (the buffer's segments). */
#ifndef ACCEL_TCG_CACHE_INT_H
#define ACCEL_TCG_CACHE_INT_H

#include "accel/tcg/block.h"

typedef struct CodePage {
    Block *blocks;
    RamBlock *ram;
    uint64_t off;
    unsigned misses, n_blocks;      /* stores beside code since the page was last given up */
    uint64_t granules;              /* bit per 64 bytes that hold code of a block */
    bool watched;                   /* stores to it are seen (watch.c), as far as this vCPU knows */
    unsigned swept;                 /* the eviction that looked at it last */
} CodePage;

static inline gpointer page_key(const uint8_t *host)
{
    return GSIZE_TO_POINTER((uintptr_t)host >> PAGE_BITS);
}

static inline CodeSegment *segment_of(CodeCache *c, const void *low)
{
    return &c->segments[((uintptr_t)low - (uintptr_t)c->base) >> c->segment_shift];
}

/* ---- cache.c */
void exit_unlink(BlockExit *e);     /* back to its stub */
void exit_forget(BlockExit *e);     /* its target does not know it any more */
void hash_remove(CodeCache *c, const Block *b);
uint64_t block_granules(const Block *b, unsigned slot);
bool on_page(const Block *b, const uint8_t *page, unsigned *ret_slot);
void mixed_forget(TcgVcpu *v, const uint8_t *host);
/* Nothing outside the blocks leads into translations any more: jump tables and the like. */
void cache_forget_addresses(TcgVcpu *v);

/* ---- generations.c */
void segments_new(CodeCache *c, size_t size);
void segments_free(CodeCache *c);
void segments_reset(CodeCache *c);  /* all are empty */
/* Goes on in another segment: a new one, or the oldest, whose blocks are dropped. */
void segment_next(TcgVcpu *v);
/* The block was made in the current segment. */
void segment_add(CodeCache *c, Block *b);
/* Code in the current segment is part of an exit of a block that may be in another one. */
void segment_add_way(CodeCache *c, BlockExit *e);
/* A block with this key goes, or is made: how often the same comes back tells whether the cache is large enough. */
void ghost_add(CodeCache *c, const Block *b, bool evicted);
void ghost_check(TcgVcpu *v, const Block *b);

#endif
