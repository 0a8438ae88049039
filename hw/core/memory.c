/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The region tree, its transactions, address spaces and their published maps.
 *
 * Regions do not know the VM they belong to (a device makes them before anything else), so the set
 * of address spaces and the transaction depth are kept here, once a process, under the VM lock. */
#include "hw/core/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/mem_int.h"
#include "hw/core/vm.h"
#include "util/err.h"

typedef struct MemWorld {
    GPtrArray *spaces; /* of AddrSpace * */
    unsigned depth;
    bool changed;
} MemWorld;

typedef struct OwnerFrame {
    struct Object *owner;
    bool *guard;
    char *prefix;
} OwnerFrame;

enum { OWNER_DEPTH = 32 };

static MemWorld world; /* VM lock */
static __thread OwnerFrame owner_stack[OWNER_DEPTH];
static __thread unsigned owner_depth;

GPtrArray *mem_spaces(void)
{
    if (world.spaces == NULL) {
        world.spaces = g_ptr_array_new();
    }
    return world.spaces;
}

/* ---- Regions */

void mem_owner_push(struct Object *owner, bool *guard, const char *ram_prefix)
{
    g_assert(owner_depth < OWNER_DEPTH);
    owner_stack[owner_depth++] = (OwnerFrame){ owner, guard, g_strdup(ram_prefix) };
}

void mem_owner_pop(void)
{
    g_assert(owner_depth > 0);
    g_free(owner_stack[--owner_depth].prefix);
}

void mem_init(MemRegion *r, const char *name, uint64_t size)
{
    *r = (MemRegion){ .name = name, .kind = MEM_CONTAINER, .enabled = true, .size = size };
    r->guard = &r->in_io;
    if (owner_depth > 0) {
        r->owner = owner_stack[owner_depth - 1].owner;
        r->guard = owner_stack[owner_depth - 1].guard;
    }
}

void mem_init_io(MemRegion *r, const char *name, uint64_t size, const MemOps *ops, void *opaque)
{
    mem_init(r, name, size);
    r->kind = MEM_IO;
    r->ops = ops;
    r->opaque = opaque;
}

void mem_init_ram_block(MemRegion *r, const char *name, RamBlock *block)
{
    mem_init(r, name, block->size);
    r->kind = MEM_RAM;
    r->ram = block;
}

bool mem_init_ram(MemRegion *r, const char *name, uint64_t size, GError **errp)
{
    const char *prefix = owner_depth > 0 ? owner_stack[owner_depth - 1].prefix : NULL;
    g_autofree char *id = prefix != NULL ? g_strdup_printf("%s/%s", prefix, name) : g_strdup(name);
    RamBlock *block = ram_block_new(id, size, NULL, errp);

    if (block == NULL) {
        return false;
    }
    mem_init_ram_block(r, name, block);
    r->owns_ram = true;
    return true;
}

bool mem_init_rom(MemRegion *r, const char *name, uint64_t size, GError **errp)
{
    if (!mem_init_ram(r, name, size, errp)) {
        return false;
    }
    r->kind = MEM_ROM;
    return true;
}

bool mem_init_rom_device(MemRegion *r, const char *name, uint64_t size, const MemOps *ops,
                         void *opaque, GError **errp)
{
    if (!mem_init_ram(r, name, size, errp)) {
        return false;
    }
    r->kind = MEM_ROM_DEVICE;
    r->ops = ops;
    r->opaque = opaque;
    r->rom_mode = true;
    return true;
}

void mem_init_alias(MemRegion *r, const char *name, MemRegion *of, GuestAddr off, uint64_t size)
{
    mem_init(r, name, size);
    r->kind = MEM_ALIAS;
    r->alias = of;
    r->alias_offset = off;
}

static void free_ram(void *block)
{
    ram_block_free(block);
}

static bool begin_change(bool differs)
{
    if (differs) {
        mem_txn_begin();
        world.changed = true;
    }
    return differs;
}

/* Readers may still look at the old rows. */
static void replace_eventfds(MemRegion *r, MemEventfds *now)
{
    MemEventfds *old = r->eventfds;

    begin_change(true);
    __atomic_store_n(&r->eventfds, now, __ATOMIC_RELEASE);
    r->io_changes++;
    mem_txn_commit();
    if (old != NULL && mem_spaces()->len > 0) {
        vm_retire(((AddrSpace *)g_ptr_array_index(mem_spaces(), 0))->vm, g_free, old);
    } else {
        g_free(old);
    }
}

void mem_fini(MemRegion *r)
{
    mem_txn_begin();
    mem_del(r);
    while (r->subs != NULL && r->subs->len > 0) {
        mem_del(g_ptr_array_index(r->subs, r->subs->len - 1));
    }
    mem_txn_commit();
    if (r->eventfds != NULL) {
        replace_eventfds(r, NULL);
    }
    g_clear_pointer(&r->subs, g_ptr_array_unref);
    if (r->owns_ram && r->ram != NULL) {
        if (mem_spaces()->len > 0) {
            vm_retire(((AddrSpace *)g_ptr_array_index(mem_spaces(), 0))->vm, free_ram, r->ram);
        } else {
            ram_block_free(r->ram);
        }
        r->ram = NULL;
        r->owns_ram = false;
    }
}

/* Younger before older of the same priority, so that what came last is seen. */
static void link_sub(MemRegion *parent, MemRegion *r)
{
    guint i = 0;

    if (parent->subs == NULL) {
        parent->subs = g_ptr_array_new();
    }
    while (i < parent->subs->len &&
           ((MemRegion *)g_ptr_array_index(parent->subs, i))->priority > r->priority) {
        i++;
    }
    g_ptr_array_insert(parent->subs, (int)i, r);
}

void mem_add(MemRegion *parent, GuestAddr at, MemRegion *r, int priority)
{
    g_assert(r->parent == NULL && parent->kind != MEM_ALIAS);
    mem_txn_begin();
    r->parent = parent;
    r->addr = at;
    r->priority = priority;
    link_sub(parent, r);
    world.changed = true;
    mem_txn_commit();
}

void mem_del(MemRegion *r)
{
    if (r->parent == NULL) {
        return;
    }
    mem_txn_begin();
    g_ptr_array_remove(r->parent->subs, r);
    r->parent = NULL;
    world.changed = true;
    mem_txn_commit();
}

/* Begins a transaction when the value differs, which the caller then stores and commits. */
void mem_set_enabled(MemRegion *r, bool on)
{
    if (begin_change(r->enabled != on)) {
        r->enabled = on;
        mem_txn_commit();
    }
}

void mem_set_addr(MemRegion *r, GuestAddr at)
{
    if (begin_change(r->addr != at)) {
        r->addr = at;
        if (r->parent != NULL) { /* it is now the youngest of its priority */
            g_ptr_array_remove(r->parent->subs, r);
            link_sub(r->parent, r);
        }
        mem_txn_commit();
    }
}

void mem_set(MemRegion *r, bool enabled, GuestAddr at)
{
    mem_txn_begin();
    mem_set_addr(r, at);
    mem_set_enabled(r, enabled);
    mem_txn_commit();
}

void mem_set_size(MemRegion *r, uint64_t size)
{
    g_assert(r->ram == NULL || size <= r->ram->size);
    if (begin_change(r->size != size)) {
        r->size = size;
        mem_txn_commit();
    }
}

void mem_set_readonly(MemRegion *r, bool on)
{
    if (begin_change(r->readonly != on)) {
        r->readonly = on;
        mem_txn_commit();
    }
}

void mem_set_alias_offset(MemRegion *r, GuestAddr off)
{
    g_assert(r->kind == MEM_ALIAS);
    if (begin_change(r->alias_offset != off)) {
        r->alias_offset = off;
        mem_txn_commit();
    }
}

void mem_set_rom_mode(MemRegion *r, bool on)
{
    g_assert(r->kind == MEM_ROM_DEVICE);
    if (begin_change(r->rom_mode != on)) {
        r->rom_mode = on;
        mem_txn_commit();
    }
}

void mem_set_log_dirty(MemRegion *r, unsigned client, bool on)
{
    uint8_t bits = (uint8_t)((r->log_dirty & ~(1u << client)) | ((unsigned)on << client));

    if (begin_change(r->log_dirty != bits)) {
        r->log_dirty = bits;
        mem_txn_commit();
    }
}

void mem_set_coalesced(MemRegion *r, bool on)
{
    if (begin_change(r->coalesced != on)) {
        r->coalesced = on;
        r->io_changes++;
        mem_txn_commit();
    }
}

void mem_add_eventfd(MemRegion *r, const MemEventfd *e)
{
    unsigned n = r->eventfds != NULL ? r->eventfds->n : 0;
    MemEventfds *now = g_malloc0(sizeof(*now) + (n + 1) * sizeof(MemEventfd));

    if (n > 0) {
        memcpy(now->rows, r->eventfds->rows, n * sizeof(MemEventfd));
    }
    now->rows[n] = *e;
    now->n = n + 1;
    replace_eventfds(r, now);
}

static bool same_eventfd(const MemEventfd *a, const MemEventfd *b)
{
    return a->off == b->off && a->size == b->size && a->match == b->match &&
           (!a->match || a->data == b->data) && a->fd == b->fd;
}

void mem_del_eventfd(MemRegion *r, const MemEventfd *e)
{
    unsigned n = r->eventfds != NULL ? r->eventfds->n : 0, k = 0;
    MemEventfds *now = NULL;

    while (k < n && !same_eventfd(&r->eventfds->rows[k], e)) {
        k++;
    }
    if (k == n) {
        return;
    }
    if (n > 1) {
        now = g_malloc0(sizeof(*now) + (n - 1) * sizeof(MemEventfd));
        memcpy(now->rows, r->eventfds->rows, k * sizeof(MemEventfd));
        memcpy(now->rows + k, r->eventfds->rows + k + 1, (n - 1 - k) * sizeof(MemEventfd));
        now->n = n - 1;
    }
    replace_eventfds(r, now);
}

bool mem_eventfd_ring(const MemRegion *r, GuestAddr off, unsigned size, uint64_t val)
{
    const MemEventfds *all = __atomic_load_n(&r->eventfds, __ATOMIC_ACQUIRE);
    uint64_t mask = size < 8 ? (1ull << (size * 8)) - 1 : UINT64_MAX, one = 1;

    for (unsigned i = 0; all != NULL && i < all->n; i++) {
        const MemEventfd *e = &all->rows[i];

        if (e->off == off && (e->size == 0 || e->size == size) && (!e->match || e->data == (val & mask))) {
            return write(e->fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN;
        }
    }
    return false;
}

uint8_t *mem_ram_ptr(const MemRegion *r)
{
    g_assert(r->ram != NULL);
    return r->ram->host;
}

void mem_set_dirty(MemRegion *r, uint64_t off, uint64_t len)
{
    ram_dirty_set(r->ram, off, len);
}

bool mem_absolute(const MemRegion *r, GuestAddr *at)
{
    GuestAddr sum = 0;
    const MemRegion *top = r;

    for (; top->parent != NULL; top = top->parent) {
        sum += top->addr;
    }
    for (guint i = 0; i < mem_spaces()->len; i++) {
        const AddrSpace *as = g_ptr_array_index(mem_spaces(), i);

        if (as->root == top) {
            *at = sum;
            return true;
        }
    }
    return false;
}

/* ---- Publication */

static void unref_map(void *map)
{
    flat_map_unref(map);
}

static void publish(AddrSpace *as, FlatMap *now)
{
    FlatMap *old = as->map;

    g_mutex_lock(&as->ref_lock);
    __atomic_store_n(&as->map, now, __ATOMIC_RELEASE);
    g_mutex_unlock(&as->ref_lock);
    flat_map_announce(as, old, now);
    vm_retire(as->vm, unref_map, old);
}

/* The map of an earlier address space of this round with the same content, or a new one. */
static FlatMap *shared_build(AddrSpace *as, guint before)
{
    MemRegion *root = flat_map_effective_root(as->root);

    for (guint i = 0; i < before; i++) {
        AddrSpace *other = g_ptr_array_index(world.spaces, i);

        if (other->map->root == root) {
            __atomic_add_fetch(&other->map->refs, 1, __ATOMIC_RELAXED);
            return other->map;
        }
    }
    return flat_map_build(root);
}

void mem_txn_begin(void)
{
    world.depth++;
}

void mem_txn_commit(void)
{
    g_assert(world.depth > 0);
    if (world.depth > 1 || !world.changed) {
        world.depth--;
        return;
    }
    /* Still inside: a listener that changes the tree makes another round. */
    while (world.changed) {
        world.changed = false;
        for (guint i = 0; i < mem_spaces()->len; i++) {
            AddrSpace *as = g_ptr_array_index(world.spaces, i);
            FlatMap *now = shared_build(as, i);

            if (now == as->map || flat_map_equal(now, as->map)) {
                flat_map_unref(now);
            } else {
                publish(as, now);
            }
        }
    }
    world.depth--;
}

/* ---- Address spaces */

AddrSpace *addr_space_new(struct Vm *vm, const char *name, MemRegion *root)
{
    AddrSpace *as = g_new0(AddrSpace, 1);

    as->vm = vm;
    as->name = g_strdup(name);
    as->root = root;
    g_mutex_init(&as->ref_lock);
    as->listeners = g_ptr_array_new();
    as->bounces = g_array_new(FALSE, FALSE, sizeof(Bounce));
    g_ptr_array_add(mem_spaces(), as);
    as->map = shared_build(as, world.spaces->len - 1);
    return as;
}

void addr_space_free(AddrSpace *as)
{
    if (as == NULL) {
        return;
    }
    g_ptr_array_remove(mem_spaces(), as);
    vm_retire(as->vm, unref_map, as->map);
    g_mutex_clear(&as->ref_lock);
    g_ptr_array_unref(as->listeners);
    g_array_free(as->bounces, TRUE);
    g_free(as->name);
    g_free(as);
}

MemRegion *addr_space_root(const AddrSpace *as)
{
    return as->root;
}

const char *addr_space_name(const AddrSpace *as)
{
    return as->name;
}

const FlatMap *addr_space_map(const AddrSpace *as)
{
    return __atomic_load_n(&as->map, __ATOMIC_ACQUIRE);
}

void addr_space_listen(AddrSpace *as, const MemListener *l)
{
    g_ptr_array_add(as->listeners, (void *)l);
    for (size_t i = 0; l->ram_added != NULL && i < as->map->n; i++) {
        if (as->map->ranges[i].host != NULL) {
            l->ram_added(l->opaque, &as->map->ranges[i]);
        }
    }
    if (l->map_changed != NULL) {
        l->map_changed(l->opaque);
    }
}

void addr_space_unlisten(AddrSpace *as, const MemListener *l)
{
    g_ptr_array_remove(as->listeners, (void *)l);
}

const FlatMap *mem_map_begin(AddrSpace *as, bool *counted)
{
    FlatMap *map;

    *counted = !vm_thread_online();
    if (!*counted) {
        return addr_space_map(as);
    }
    g_mutex_lock(&as->ref_lock);
    map = as->map;
    __atomic_add_fetch(&map->refs, 1, __ATOMIC_RELAXED);
    g_mutex_unlock(&as->ref_lock);
    return map;
}

void mem_map_end(const FlatMap *map, bool counted)
{
    if (counted) {
        flat_map_unref((FlatMap *)map);
    }
}
