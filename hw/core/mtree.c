/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "info mtree": the region tree and, with -f, the flat maps, in the layout people's scripts read.
 */
#include <inttypes.h>
#include <string.h>

#include "hw/core/mem_int.h"
#include "hw/core/object.h"
#include "hw/core/vm.h"

typedef struct Printer {
    GString *out;
    unsigned flags;
    GPtrArray *targets; /* of MemRegion *: alias targets met, to be shown after the spaces */
} Printer;

/* The last byte of size bytes at start. */
static uint64_t last_byte(uint64_t start, uint64_t size)
{
    return size == 0 ? start : start + (size == MEM_SIZE_MAX ? UINT64_MAX : size - 1);
}

static const char *type_text(const MemRegion *r)
{
    while (r->kind == MEM_ALIAS) {
        r = r->alias;
    }
    switch (r->kind) {
    case MEM_RAM: return r->readonly ? "rom" : "ram";
    case MEM_ROM: return "rom";
    case MEM_ROM_DEVICE: return "romd";
    case MEM_CONTAINER:
    case MEM_IO:
    case MEM_ALIAS: break;
    }
    return "i/o";
}

static void print_owner(const Printer *p, const MemRegion *r)
{
    if ((p->flags & MTREE_OWNER) == 0) {
        return;
    }
    if (r->owner != NULL) {
        const Device *dev = device_from_object(r->owner);

        if (dev != NULL && dev->id != NULL) {
            g_string_append_printf(p->out, " owner:{dev id=%s}", dev->id);
        } else {
            g_autofree char *path = object_path(r->owner);

            g_string_append_printf(p->out, " owner:{dev path=%s}", path);
        }
    } else {
        g_string_append(p->out, " parent:{obj path=/machine/unattached}");
    }
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const MemRegion *x = *(MemRegion *const *)a, *y = *(MemRegion *const *)b;

    if (x->addr != y->addr) {
        return x->addr < y->addr ? -1 : 1;
    }
    return x->priority > y->priority ? -1 : x->priority < y->priority ? 1 : 0;
}

static void print_region(Printer *p, MemRegion *r, GuestAddr base, unsigned level)
{
    GuestAddr at = base + r->addr;

    if (r->enabled || (p->flags & MTREE_DISABLED) != 0) {
        g_string_append_printf(
            p->out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", (int)level * 2 + 2, "", at,
            last_byte(at, r->size), r->priority, type_text(r));
        if (r->kind == MEM_ALIAS) {
            g_string_append_printf(p->out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, r->name,
                                   r->alias->name, r->alias_offset,
                                   last_byte(r->alias_offset, r->size));
        } else {
            g_string_append(p->out, r->name);
        }
        g_string_append(p->out, r->enabled ? "" : " [disabled]");
        print_owner(p, r);
        g_string_append_c(p->out, '\n');
    }
    if (r->kind == MEM_ALIAS && !g_ptr_array_find(p->targets, r->alias, NULL)) {
        g_ptr_array_add(p->targets, r->alias);
    }
    if (r->subs != NULL && r->kind != MEM_ALIAS) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_new();

        for (guint i = 0; i < r->subs->len; i++) {
            g_ptr_array_add(sorted, g_ptr_array_index(r->subs, i));
        }
        g_ptr_array_sort(sorted, by_address);
        for (guint i = 0; i < sorted->len; i++) {
            print_region(p, g_ptr_array_index(sorted, i), at, level + 1);
        }
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(AddrSpace *const *)a)->name, (*(AddrSpace *const *)b)->name);
}

/* Groups of address spaces that show the same thing, in order of the first of each; key: what it
 * is. */
static GPtrArray *group_spaces(Vm *vm, const void *(*key)(const AddrSpace *as))
{
    GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < mem_spaces()->len; i++) {
        AddrSpace *as = g_ptr_array_index(mem_spaces(), i);
        GPtrArray *group = NULL;

        if (as->vm != vm) {
            continue;
        }
        for (guint j = 0; j < groups->len && group == NULL; j++) {
            GPtrArray *g = g_ptr_array_index(groups, j);

            if (key(g_ptr_array_index(g, 0)) == key(as)) {
                group = g;
            }
        }
        if (group == NULL) {
            group = g_ptr_array_new();
            g_ptr_array_add(groups, group);
        }
        g_ptr_array_add(group, as);
    }
    for (guint j = 0; j < groups->len; j++) {
        g_ptr_array_sort(g_ptr_array_index(groups, j), by_name);
    }
    return groups;
}

static const void *tree_key(const AddrSpace *as)
{
    return as->root;
}

static const void *flat_key(const AddrSpace *as)
{
    return as->map->root;
}

static void print_trees(Vm *vm, Printer *p)
{
    g_autoptr(GPtrArray) groups = group_spaces(vm, tree_key);

    for (guint i = 0; i < groups->len; i++) {
        GPtrArray *group = g_ptr_array_index(groups, i);
        AddrSpace *first = g_ptr_array_index(group, 0);

        for (guint j = 0; j < group->len; j++) {
            const AddrSpace *as = g_ptr_array_index(group, j);

            g_string_append_printf(p->out, "address-space: %s\n", as->name);
        }
        print_region(p, first->root, 0, 0);
        g_string_append_c(p->out, '\n');
    }
    for (guint i = 0; i < p->targets->len; i++) { /* grows while it is printed */
        MemRegion *r = g_ptr_array_index(p->targets, i);

        g_string_append_printf(p->out, "memory-region: %s\n", r->name);
        print_region(p, r, 0, 0);
        g_string_append_c(p->out, '\n');
    }
}

static void print_flat_range(const Printer *p, const FlatRange *fr)
{
    const char *type = type_text(fr->region);

    if (fr->region->kind == MEM_RAM && fr->readonly) {
        type = "rom";
    }
    g_string_append_printf(p->out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", fr->start,
                           fr->last, fr->region->priority, type, fr->region->name);
    if (fr->offset != 0) {
        g_string_append_printf(p->out, " @%016" PRIx64, fr->offset);
    }
    print_owner(p, fr->region);
    g_string_append_c(p->out, '\n');
}

static void print_flat(Vm *vm, Printer *p)
{
    g_autoptr(GPtrArray) groups = group_spaces(vm, flat_key);

    for (guint i = 0; i < groups->len; i++) {
        GPtrArray *group = g_ptr_array_index(groups, i);
        const FlatMap *map = ((AddrSpace *)g_ptr_array_index(group, 0))->map;

        g_string_append_printf(p->out, "FlatView #%u\n", i);
        for (guint j = 0; j < group->len; j++) {
            const AddrSpace *as = g_ptr_array_index(group, j);

            g_string_append_printf(p->out, " AS \"%s\", root: %s", as->name, as->root->name);
            if (as->root->kind == MEM_ALIAS) {
                g_string_append_printf(p->out, ", alias %s", as->root->alias->name);
            }
            g_string_append_c(p->out, '\n');
        }
        g_string_append_printf(p->out, " Root memory region: %s\n",
                               map->root != NULL ? map->root->name : "(none)");
        for (size_t k = 0; k < map->n; k++) {
            print_flat_range(p, &map->ranges[k]);
        }
        if (map->n == 0) {
            g_string_append(p->out, "  No rendered FlatView\n");
        }
        g_string_append_c(p->out, '\n');
    }
}

void mem_print_tree(Vm *vm, unsigned flags, GString *out)
{
    Printer p = { .out = out, .flags = flags, .targets = g_ptr_array_new() };

    if (flags & MTREE_FLAT) {
        print_flat(vm, &p);
    } else {
        print_trees(vm, &p);
    }
    g_ptr_array_unref(p.targets);
}
