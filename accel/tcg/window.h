/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier 2's memory path: windows. A window shows 4 GiB of a guest address space to the host's MMU: the pages the
 * guest has used are mapped from the RAM's file at the same distances as in the guest, all others raise
 * SIGSEGV. A table in the vCPU's GS segment, indexed by bits 63-32 of a guest address, holds host minus guest
 * addresses; entries without a window hold WINDOW_POISON, which makes any address non-canonical, and beyond the
 * user half of the addresses the table is not there. So an access through it reaches pages of the window
 * or faults: 2 GiB on both sides of a window are never mapped.
 *
 * What a window shows is what a TLB may hold: pages are added by misses and leave, or become read-only, by the
 * same flushes that the soft TLB obeys. A flush does not empty a window: it compares each page with the page
 * tables, which is cheaper by far. Only user mode, only address spaces that have run for a while.
 * All functions belong to the vCPU's thread. */
#ifndef ACCEL_TCG_WINDOW_H
#define ACCEL_TCG_WINDOW_H

#include "accel/tcg/vcpu.h"

enum { WINDOW_BITS = 32, WINDOW_INDEXES = 1 << 15 };
#define WINDOW_POISON (1ull << 62)

typedef struct WindowCounters {
    uint64_t faults, fills, pages, drops, readonly, flushes, promotions, demotions, stubborn;
} WindowCounters;

/* after_ms: time in user mode that earns an address space windows. NULL when the host forbids what windows need; *why
 * then says what. */
struct Windows *window_new(TcgVcpu *v, unsigned n_cpus, unsigned after_ms, const char **why);
void window_free(TcgVcpu *v);
/* Before translated code runs on this thread. */
void window_thread(TcgVcpu *v);
/* Now and then, between blocks: gives windows to address spaces that run long, takes them from those that do
 * not pay. user: the vCPU is in user mode. */
void window_tick(TcgVcpu *v, bool user);

/* An access of n bytes at va faulted though the soft TLB has its page (or pages): maps what is missing.
 * false: all is mapped already, or cannot be. */
bool window_fill(TcgVcpu *v, uint64_t va, bool write);
/* The site at this guest instruction (its host address) gained nothing by window_fill(). true: often enough to
 * translate it again with the soft TLB. */
bool window_stubborn(TcgVcpu *v, const uint8_t *insn);
bool window_is_soft(TcgVcpu *v, const uint8_t *insn);

/* ---- from tlb.c; nothing when there are no windows */
void window_flush(TcgVcpu *v);                          /* any address space */
void window_flush_asid(TcgVcpu *v, unsigned asid);
void window_flush_page(TcgVcpu *v, uint64_t va);        /* of the current one */
void window_flush_page_asid(TcgVcpu *v, unsigned asid, uint64_t va);
void window_protect_page(TcgVcpu *v, const uint8_t *host_page);

const WindowCounters *window_counters(const TcgVcpu *v);
unsigned window_pages(const TcgVcpu *v);
/* For tests: promotes the current address space at once. */
void window_promote_now(TcgVcpu *v);
/* Host address of the page that a window shows at va in the current address space; NULL: none. */
const uint8_t *window_shown(const TcgVcpu *v, uint64_t va, bool *ret_writable);

#endif
