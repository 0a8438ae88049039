/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to hw/core: what memory.c, flatmap.c, access.c and mtree.c share. */
#ifndef HW_CORE_MEM_INT_H
#define HW_CORE_MEM_INT_H

#include "hw/core/memory.h"
#include "hw/core/ram.h"

struct FlatMap {
    uint64_t generation;
    unsigned refs; /* atomic: address spaces and readers */
    size_t n;
    MemRegion *root; /* after following whole-size aliases; NULL: nothing there */
    FlatRange ranges[];
};

typedef struct Bounce {
    void *host;
    GuestAddr addr;
    size_t len;
    bool write;
} Bounce;

struct AddrSpace {
    struct Vm *vm;
    char *name;
    MemRegion *root;
    FlatMap *map;         /* atomic; replaced under ref_lock */
    GMutex ref_lock;      /* makes "load map, take reference" one step; guards bounces */
    GPtrArray *listeners; /* of const MemListener * */
    GArray *bounces;      /* of Bounce */
};

/* All address spaces, in order of creation. Changed under the VM lock. */
GPtrArray *mem_spaces(void);
/* Builds the map of what root shows; the caller owns one reference. */
FlatMap *flat_map_build(MemRegion *root);
MemRegion *flat_map_effective_root(MemRegion *root);
bool flat_map_equal(const FlatMap *a, const FlatMap *b);
void flat_map_unref(FlatMap *map);
/* Tells one address space's listeners what became different. */
void flat_map_announce(AddrSpace *as, const FlatMap *old, const FlatMap *now);
/* The map for one access: begin/end around it. */
const FlatMap *mem_map_begin(AddrSpace *as, bool *counted);
void mem_map_end(const FlatMap *map, bool counted);

#endif
