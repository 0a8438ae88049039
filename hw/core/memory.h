/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest-physical memory and I/O ports: a tree of regions, flattened into a sorted range list.
 *
 * The tree is changed under the VM lock, inside a transaction (each call opens one of its own); the
 * last commit publishes one immutable FlatMap per address space and calls the listeners. Readers: a
 * vCPU thread may use a map until its next stopping point (vm_retire() in vm.h), other threads hold
 * a counted reference inside the calls below. Any thread may call addr_space_*; the VM lock is
 * taken around a device's callback when the thread does not hold it, unless the callback says
 * "unlocked". */
#ifndef HW_CORE_MEMORY_H
#define HW_CORE_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct Object;
struct Vm;

typedef uint64_t GuestAddr;
typedef struct MemRegion MemRegion;
typedef struct AddrSpace AddrSpace;
typedef struct FlatMap FlatMap;   /* immutable once published */
typedef struct RamBlock RamBlock; /* ram.h */

typedef enum MemResult { MEM_OK, MEM_UNASSIGNED, MEM_ERROR } MemResult;
typedef enum MemKind { MEM_CONTAINER, MEM_RAM, MEM_ROM, MEM_ROM_DEVICE, MEM_IO, MEM_ALIAS } MemKind;

typedef struct MemAttrs {
    uint16_t requester_id;
    bool secure, user;
} MemAttrs;
#define MEM_ATTRS_NONE ((MemAttrs){ 0 })

#define MEM_SIZE_MAX UINT64_MAX /* stands for 2^64: a region as big as the address space */

/* off is relative to the region; size is within [min_size, max_size], a power of two, and off is a
 * multiple of it unless `unaligned`: the core splits wide and unaligned accesses into several, and
 * widens narrow ones (a narrow read takes its lanes out of an aligned wide one; a narrow write
 * becomes an aligned wide one with zeros in the other lanes). A callback that is missing: reads all
 * ones, writes ignored. */
typedef struct MemOps {
    uint64_t (*read)(void *opaque, GuestAddr off, unsigned size);
    void (*write)(void *opaque, GuestAddr off, uint64_t val, unsigned size);
    /* Preferred to the two above when not NULL. */
    MemResult (*read_attrs)(void *opaque, GuestAddr off, uint64_t *val, unsigned size, MemAttrs at);
    MemResult (*write_attrs)(void *opaque, GuestAddr off, uint64_t val, unsigned size, MemAttrs at);
    uint8_t min_size, max_size; /* 0 means 1 and 8 */
    bool big_endian, unaligned;
    bool strict;    /* too narrow, too wide or unaligned: not decoded (all ones, ignored) */
    bool unlocked;  /* callable without the VM lock */
    bool reentrant; /* may be entered again by DMA of its own device */
} MemOps;

struct MemRegion {
    const char *name; /* kept, not copied: a literal, or owned by the device */
    MemKind kind;
    bool enabled, readonly; /* readonly: RAM that ignores writes (also on an alias) */
    bool rom_mode;          /* ROM device: reads come from memory, writes go to ops */
    uint8_t log_dirty;      /* bit per DirtyClient that follows this region */
    int priority;
    GuestAddr addr; /* within the parent */
    uint64_t size;  /* bytes; MEM_SIZE_MAX = 2^64 */
    const MemOps *ops;
    void *opaque;
    struct RamBlock *ram;
    MemRegion *alias;
    GuestAddr alias_offset;
    MemRegion *parent;
    GPtrArray *subs;      /* by falling priority, younger before older of the same */
    struct Object *owner; /* the device under construction when mem_init_* ran; may be NULL */
    bool *guard;          /* set while a callback of the owner runs (VM lock); never NULL */
    bool in_io;           /* the guard of a region without owner */
    bool coalesced;       /* stores may arrive late, in order: see mem_set_coalesced() */
    unsigned io_changes;  /* counts changes of the above and of eventfds */
    struct MemEventfds *eventfds; /* atomic; NULL: none */
    bool owns_ram;
};

/* ---- Regions. The struct is the caller's (usually inside a device) and must outlive its use. */
void mem_init(MemRegion *r, const char *name, uint64_t size); /* container */
void mem_init_io(MemRegion *r, const char *name, uint64_t size, const MemOps *ops, void *opaque);
/* Zeroed RAM in a block of its own. Size is rounded up to a page. */
bool mem_init_ram(MemRegion *r, const char *name, uint64_t size, GError **errp);
/* writes ignored */
bool mem_init_rom(MemRegion *r, const char *name, uint64_t size, GError **errp);
/* Reads as memory while rom_mode, writes always go to ops (flash). Starts in rom_mode. */
bool mem_init_rom_device(MemRegion *r, const char *name, uint64_t size, const MemOps *ops,
                         void *opaque, GError **errp);
/* block stays the caller's */
void mem_init_ram_block(MemRegion *r, const char *name, RamBlock *block);
void mem_init_alias(MemRegion *r, const char *name, MemRegion *of, GuestAddr off, uint64_t size);
/* Out of its parent, subregions out of it, own RAM freed once nobody can see it. */
void mem_fini(MemRegion *r);

/* higher priority covers lower */
void mem_add(MemRegion *parent, GuestAddr at, MemRegion *r, int priority);
void mem_del(MemRegion *r); /* not in a tree: nothing happens */
void mem_set(MemRegion *r, bool enabled, GuestAddr at);
void mem_set_enabled(MemRegion *r, bool on);
void mem_set_addr(MemRegion *r, GuestAddr at);
void mem_set_size(MemRegion *r, uint64_t size);
void mem_set_readonly(MemRegion *r, bool on);
void mem_set_alias_offset(MemRegion *r, GuestAddr off);
void mem_set_rom_mode(MemRegion *r, bool on);
void mem_set_log_dirty(MemRegion *r, unsigned client, bool on); /* DirtyClient, ram.h */
/* Stores to this region have no effect that anybody sees before the next other access of the vCPU: an
 * accelerator may collect them. */
void mem_set_coalesced(MemRegion *r, bool on);
void mem_txn_begin(void); /* nests; the new maps are published by the last commit */
void mem_txn_commit(void);
uint8_t *mem_ram_ptr(const MemRegion *r); /* host address of byte 0 of RAM, ROM, ROM device */
/* Marks RAM written behind the core's back (through mem_ram_ptr or a pin). */
void mem_set_dirty(MemRegion *r, uint64_t off, uint64_t len);
/* Absolute address of r in the tree it hangs in (aliases are not followed); false when not
 * attached. */
bool mem_absolute(const MemRegion *r, GuestAddr *at);

/* ---- Doorbells: a store that matches adds 1 to the eventfd and does nothing else; no device code runs. */
typedef struct MemEventfd {
    GuestAddr off;  /* within the region */
    unsigned size;  /* of the store; 0: any */
    bool match;     /* only stores of `data` */
    uint64_t data;
    int fd;         /* stays the caller's */
} MemEventfd;
typedef struct MemEventfds {
    unsigned n;
    MemEventfd rows[];
} MemEventfds;
void mem_add_eventfd(MemRegion *r, const MemEventfd *e);
void mem_del_eventfd(MemRegion *r, const MemEventfd *e); /* the same values; nothing when there is none */
/* Rings when one matches. Any thread that may use a map. */
bool mem_eventfd_ring(const MemRegion *r, GuestAddr off, unsigned size, uint64_t val);

/* ---- Address spaces */
AddrSpace *addr_space_new(struct Vm *vm, const char *name, MemRegion *root); /* name is copied */
void addr_space_free(AddrSpace *as);
MemRegion *addr_space_root(const AddrSpace *as);
const char *addr_space_name(const AddrSpace *as);

/* Any length and alignment; a run of accesses in rising order. Unassigned bytes read as 0xff. The
 * result is the worst of the parts. buf is guest byte order (little endian). */
MemResult addr_space_read(AddrSpace *as, GuestAddr a, void *buf, size_t len, MemAttrs at);
MemResult addr_space_write(AddrSpace *as, GuestAddr a, const void *buf, size_t len, MemAttrs at);
MemResult addr_space_fill(AddrSpace *as, GuestAddr a, uint8_t byte, uint64_t len, MemAttrs at);
/* Writes ROM too: loaders and debuggers. I/O is skipped. */
void addr_space_write_rom(AddrSpace *as, GuestAddr a, const void *buf, size_t len);
/* One access of 1, 2, 4 or 8 bytes, as a CPU makes it. res may be NULL. */
uint64_t addr_space_ld(AddrSpace *as, GuestAddr a, unsigned size, MemAttrs at, MemResult *res);
void addr_space_st(AddrSpace *as, GuestAddr a, uint64_t val, unsigned size, MemAttrs at,
                   MemResult *res);
/* Host address of RAM at a (ROM too unless write); *len is cut to what is contiguous. NULL: not
 * memory. Nothing is marked dirty. Valid as long as the map: a vCPU until its stopping point,
 * others under the VM lock. */
uint8_t *addr_space_host(AddrSpace *as, GuestAddr a, uint64_t *len, bool write);
/* Zero-copy DMA. *len is cut to what can be had; NULL when none. MMIO gives a bounce buffer. */
void *addr_space_pin(AddrSpace *as, GuestAddr a, size_t *len, bool write);
void addr_space_unpin(AddrSpace *as, void *p, size_t len, bool wrote);

/* ---- The flat map, for accelerators */
typedef struct FlatRange {
    GuestAddr start, last; /* inclusive */
    MemRegion *region;     /* never an alias or a container */
    uint64_t offset;       /* of start within region */
    uint8_t *host;         /* of start; NULL for I/O and a ROM device out of rom_mode */
    RamBlock *ram;
    bool readonly;     /* stores do not reach the memory */
    bool store_to_ops; /* ROM device: stores go to region->ops */
    uint8_t log_dirty;
    unsigned io_changes; /* of the region, when the map was made */
} FlatRange;

/* The published map; only where the reader rule above holds. generation is unique over all maps. */
const FlatMap *addr_space_map(const AddrSpace *as);
uint64_t flat_map_generation(const FlatMap *map);
size_t flat_map_count(const FlatMap *map);
const FlatRange *flat_map_range(const FlatMap *map, size_t i);
const FlatRange *flat_map_find(const FlatMap *map, GuestAddr a); /* NULL: a hole */
/* An access to a range that is not plain memory. size: 1, 2, 4, 8. */
MemResult flat_range_read(AddrSpace *as, const FlatRange *fr, GuestAddr a, uint64_t *val,
                          unsigned size, MemAttrs at);
MemResult flat_range_write(AddrSpace *as, const FlatRange *fr, GuestAddr a, uint64_t val,
                           unsigned size, MemAttrs at);

/* What an accelerator follows: RAM slots, dirty logging, ioeventfds. Called inside commit, VM lock
 * held. A new listener hears of all that exists. Removals come before additions. Every member may
 * be NULL. */
typedef struct MemListener {
    void (*ram_added)(void *opaque, const FlatRange *fr);
    void (*ram_removed)(void *opaque, const FlatRange *fr);
    void (*log_changed)(void *opaque, const FlatRange *fr); /* fr->log_dirty is new */
    /* any difference in this address space: forget translations */
    void (*map_changed)(void *opaque);
    void *opaque;
} MemListener;
void addr_space_listen(AddrSpace *as, const MemListener *l); /* l is kept */
void addr_space_unlisten(AddrSpace *as, const MemListener *l);

/* ---- Printing: "info mtree" and its options */
typedef enum MtreeFlags {
    MTREE_FLAT = 1,
    MTREE_DISPATCH = 2,
    MTREE_OWNER = 4,
    MTREE_DISABLED = 8
} MtreeFlags;
void mem_print_tree(struct Vm *vm, unsigned flags, GString *out);

/* ---- For device.c: regions initialised between these calls belong to owner; nests. ram_prefix
 * (may be NULL) goes before the names of RAM blocks, as "0000:00:02.0" in "0000:00:02.0/vga.vram".
 */
void mem_owner_push(struct Object *owner, bool *guard, const char *ram_prefix);
void mem_owner_pop(void);

#endif
