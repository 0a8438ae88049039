/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between window.c (what windows show) and window_policy.c (who gets them). */
#ifndef ACCEL_TCG_WINDOW_INT_H
#define ACCEL_TCG_WINDOW_INT_H

#include "accel/tcg/window.h"

enum { WIN_SPACES = 8, WIN_GRANULES = 8, WIN_NODES = 1 << 17, WIN_HASH_BITS = 14, WIN_HEATS = 16 };
/* What things cost, about, in ns: for the balance only. */
enum { WIN_FAULT_NS = 2000, WIN_FILL_NS = 3000, WIN_DROP_NS = 2000, WIN_CHECK_NS = 60 };

typedef struct WinNode {            /* a page in a window */
    uint64_t host;                  /* its page of RAM */
    uint32_t next, page;            /* with the same hash; number in the granule */
    uint8_t space, granule;
    bool writable;
} WinNode;

typedef struct WinGranule {
    uint32_t index;                 /* guest address >> WINDOW_BITS */
    unsigned n;                     /* pages shown */
    uint8_t *host;
    uint32_t *node;                 /* by page number; 0: not shown */
    uint64_t *present;              /* bit a page */
    uint64_t some[1 << (WINDOW_BITS - PAGE_BITS - 12)];     /* bit a word of `present` that is not 0 */
} WinGranule;

typedef struct WinSpace {           /* a guest address space */
    uint64_t root, stamp;
    unsigned asid, n_granules, maps, strikes, mistakes;
    bool used, stale;               /* stale: to be checked before it is used again */
    bool placed;                    /* has an area, which it keeps */
    WindowArea area;
    WinGranule granule[WIN_GRANULES];
} WinSpace;

typedef struct WinHeat {            /* an address space without windows */
    uint64_t root, ns, stamp, banned_until;
    unsigned asid, bans;
} WinHeat;

typedef struct StubbornSite { const uint8_t *insn; unsigned n; } StubbornSite;

typedef struct Windows {
    WinNode *nodes;
    uint32_t free, n_nodes;
    uint32_t hash[1 << WIN_HASH_BITS];
    WinSpace space[WIN_SPACES], *active;
    unsigned n_spaces;              /* of these may be used */
    uint64_t gs;
    unsigned n_used, n_pages, maps, max_maps;
    bool full;                      /* the host refused a mapping */
    uint64_t promote_ns;            /* time in user mode that earns windows; 0: at once, and for ever */
    unsigned unmappable;            /* fills that failed since RAM has no file */
    bool useless, table_only;
    uint64_t stamp, root, last_tick, looked_at, checked_at, work_ns, user_ns;
    unsigned asid;
    WinHeat heat[WIN_HEATS];
    StubbornSite stubborn[256];
    GHashTable *sites;              /* host addresses of instructions -> WindowKind + 1 */
    WindowCounters n;
} Windows;

/* Switches the table; NULL: no windows. */
void window_activate(TcgVcpu *v, WinSpace *s);
/* An area of addresses for the space, if it has none. */
bool window_place(WinSpace *s);
void window_space_free(TcgVcpu *v, WinSpace *s);
/* Compares the current space's pages with the page tables. */
void window_check(TcgVcpu *v, WinSpace *s);

#endif
