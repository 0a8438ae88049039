/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier 2's memory path: windows. They show a guest address space to the host's MMU: the pages the
 * guest has used are mapped from the RAM's file at a fixed distance from their guest addresses, all others raise
 * SIGSEGV. There are two distances (window_area.c): that for high addresses is the base of the GS segment, that
 * for low ones is in TcgVcpu.win_delta. An access may use a distance only when its address, or one less than 2 GiB
 * away, was looked up in the table of allowed addresses, which raises SIGSEGV for others. So it reaches
 * pages of the window or faults. The byte found there is the distance's index in win_delta, once a window is there.
 *
 * What a window shows is what a TLB may hold: pages are added by misses and leave, or become read-only, by the
 * same flushes that the soft TLB obeys. A flush does not empty a window: it compares each page with the page
 * tables, which is cheaper by far. Only user mode, only address spaces that have run for a while.
 * All functions belong to the vCPU's thread. */
#ifndef ACCEL_TCG_WINDOW_H
#define ACCEL_TCG_WINDOW_H

#include "accel/tcg/vcpu.h"

enum { WINDOW_BITS = 32, WINDOW_CHECK_SHIFT = 16 };

/* ---- window_area.c; thread-safe */
typedef enum WindowKind { WINDOW_NOT, WINDOW_LOW, WINDOW_HIGH, WINDOW_BOTH } WindowKind;
WindowKind window_kind(uint64_t va);
/* Below 2 GiB; byte (address >> WINDOW_CHECK_SHIFT) can be read if the address has a kind. NULL: *why. */
const uint8_t *window_check_table(const char **why);
/* Distances, host minus guest; the host addresses are reserved. */
typedef struct WindowArea { uint64_t low, high; unsigned number; } WindowArea;
bool window_area_take(WindowArea *ret);
void window_area_give(const WindowArea *a);
/* The 4 GiB of this low address are in use: their bytes in the table become those of low addresses. */
void window_area_low(uint64_t va);
enum { WINDOW_DELTA_HIGH = 0, WINDOW_DELTA_LOW = 1, WINDOW_DELTAS = 256 };
unsigned window_area_count(void);
/* Distances that lead nowhere. */
#define WINDOW_NO_LOW (1ull << 62)
#define WINDOW_NO_HIGH (-(1ull << 47))

typedef struct WindowCounters {
    uint64_t faults, fills, pages, drops, readonly, flushes, promotions, demotions, stubborn, mistakes;
} WindowCounters;

/* after_ms: time in user mode that earns an address space windows. NULL when the host forbids what windows need; *why
 * then says what. */
struct Windows *window_new(TcgVcpu *v, unsigned n_cpus, unsigned after_ms, const char **why);
void window_free(TcgVcpu *v);
/* All accesses take their distance from the table. */
void window_table_only(TcgVcpu *v);
bool window_is_table_only(const TcgVcpu *v);
/* Before translated code runs on this thread. */
void window_thread(TcgVcpu *v);
/* Now and then, between blocks: gives windows to address spaces that run long, takes them from those that do
 * not pay. user: the vCPU is in user mode. */
void window_tick(TcgVcpu *v, bool user);

/* An access of n bytes at va faulted though the soft TLB has its page (or pages): maps what is missing.
 * false: all is mapped already, or cannot be. */
bool window_fill(TcgVcpu *v, uint64_t va, bool write);
/* An access left generated code by a signal. */
void window_note_fault(TcgVcpu *v);
/* The site at this guest instruction (its host address) gained nothing by window_fill(). true: often enough to
 * translate it again with the soft TLB. */
bool window_stubborn(TcgVcpu *v, const uint8_t *insn);
/* The site used the wrong distance: it is to be translated again. */
void window_mistaken(TcgVcpu *v, const uint8_t *insn);
bool window_mixed(const TcgVcpu *v);    /* has that happened often in this address space? */
/* What is known about the site: WINDOW_NOT: to use the soft TLB. *known false: nothing. */
WindowKind window_site(TcgVcpu *v, const uint8_t *insn, bool *known);

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
