/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest-physical memory and I/O ports: a tree of regions, flattened into a sorted range list. */
#ifndef HW_CORE_MEMORY_H
#define HW_CORE_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t GuestAddr;
typedef struct MemRegion MemRegion;
typedef struct AddrSpace AddrSpace;
typedef struct FlatMap FlatMap;     /* immutable once published; see addr_space_map_now() */

typedef enum MemResult { MEM_OK, MEM_UNASSIGNED, MEM_ERROR } MemResult;
typedef enum MemKind { MEM_CONTAINER, MEM_RAM, MEM_ROM, MEM_ROM_DEVICE, MEM_IO, MEM_ALIAS } MemKind;

typedef struct MemAttrs { uint16_t requester_id; bool secure, user; } MemAttrs;

/* off is relative to the region; size is within [min_size, max_size]: the core splits or widens. */
typedef struct MemOps {
    uint64_t (*read)(void *opaque, GuestAddr off, unsigned size);
    void (*write)(void *opaque, GuestAddr off, uint64_t val, unsigned size);
    MemResult (*write_attrs)(void *opaque, GuestAddr off, uint64_t val, unsigned size, MemAttrs at);
    uint8_t min_size, max_size;     /* 0 means 1 and 8 */
    bool big_endian, unaligned;
    bool unlocked;                  /* callable without the VM lock */
} MemOps;

struct MemRegion {
    const char *name;
    MemKind kind;
    bool enabled, readonly, log_dirty;
    int priority;
    GuestAddr addr;                 /* within the parent */
    uint64_t size;
    const MemOps *ops; void *opaque;
    struct RamBlock *ram;
    MemRegion *alias; GuestAddr alias_offset;
    MemRegion *parent;
    GPtrArray *subs;                /* by falling priority */
};

void mem_init(MemRegion *r, const char *name, uint64_t size);
void mem_init_io(MemRegion *r, const char *name, uint64_t size, const MemOps *ops, void *opaque);
bool mem_init_ram(MemRegion *r, const char *name, uint64_t size, GError **errp);
void mem_init_alias(MemRegion *r, const char *name, MemRegion *of, GuestAddr off, uint64_t size);
void mem_add(MemRegion *parent, GuestAddr at, MemRegion *r, int priority);
void mem_del(MemRegion *r);
void mem_set(MemRegion *r, bool enabled, GuestAddr at);
void mem_txn_begin(void);           /* nests; the new map is published by the last commit */
void mem_txn_commit(void);

MemResult addr_space_read(AddrSpace *as, GuestAddr a, void *buf, size_t len, MemAttrs at);
MemResult addr_space_write(AddrSpace *as, GuestAddr a, const void *buf, size_t len, MemAttrs at);
void *addr_space_pin(AddrSpace *as, GuestAddr a, size_t *len, bool write);   /* zero-copy DMA */
void addr_space_unpin(AddrSpace *as, void *p, size_t len, bool wrote);

/* What an accelerator follows: RAM slots, dirty logging, ioeventfds. Called inside commit. */
typedef struct MemListener {
    void (*ram_added)(void *opaque, const MemRegion *r, GuestAddr at, uint64_t size, void *host);
    void (*ram_removed)(void *opaque, GuestAddr at, uint64_t size);
    void (*map_changed)(void *opaque);
    void *opaque;
} MemListener;
void addr_space_listen(AddrSpace *as, const MemListener *l);

#endif
