/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "info qtree" and "info qom-tree": buses with their devices, and the object tree. */
#include <inttypes.h>
#include <string.h>

#include "hw/core/vm.h"

static void print_bus(const Bus *bus, GString *out, int indent);

static void print_lines(const Device *dev, GString *out, int indent)
{
    for (guint i = 0; i < dev->gpio_in->len; i++) {
        const GpioIn *in = g_ptr_array_index(dev->gpio_in, i);

        g_string_append_printf(out, "%*sgpio-in \"%s\" %u\n", indent, "", in->name ? in->name : "",
                               in->n);
    }
    for (guint i = 0; i < dev->gpio_out->len; i++) {
        const GpioOut *o = &g_array_index(dev->gpio_out, GpioOut, i);

        g_string_append_printf(out, "%*sgpio-out \"%s\" %u\n", indent, "", o->name ? o->name : "",
                               o->n);
    }
}

static void print_mmio(const Device *dev, GString *out, int indent)
{
    for (guint i = 0; i < dev->mmio->len; i++) {
        const MemRegion *r = g_ptr_array_index(dev->mmio, i);
        GuestAddr at = UINT64_MAX;

        mem_absolute(r, &at);
        g_string_append_printf(out, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent, "", at,
                               r->size);
    }
}

static void print_device(const Device *dev, GString *out, int indent)
{
    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "", dev->type->type.name,
                           dev->id != NULL ? dev->id : "");
    indent += 2;
    print_lines(dev, out, indent);
    for (const ObjType *t = dev->obj.type; t != NULL; t = t->parent) {
        for (const Field *f = t->props; f != NULL && f->name != NULL; f++) {
            g_autofree char *text = field_to_text(f, dev);

            if (f->flags & (FIELD_SHOWN | FIELD_NO_DEFAULT)) {
                continue; /* of the object, not of the device: bootindex, links */
            }
            g_string_append_printf(out, "%*s%s = %s\n", indent, "", f->name,
                                   text != NULL ? text : "");
        }
    }
    if (dev->bus != NULL && dev->bus->type->print != NULL) {
        dev->bus->type->print(dev, out, indent);
    }
    print_mmio(dev, out, indent);
    for (guint i = dev->buses->len; i-- > 0;) {
        print_bus(g_ptr_array_index(dev->buses, i), out, indent);
    }
}

static void print_bus(const Bus *bus, GString *out, int indent)
{
    g_string_append_printf(out, "%*sbus: %s\n", indent, "", bus->name);
    g_string_append_printf(out, "%*stype %s\n", indent + 2, "", bus->obj.type->name);
    for (guint i = bus->devices->len; i-- > 0;) { /* the youngest first */
        print_device(g_ptr_array_index(bus->devices, i), out, indent + 2);
    }
}

void device_print_qtree(Vm *vm, GString *out)
{
    print_bus(vm->system_bus, out, 0);
}

/* ---- info qom-tree: objects, and what looks like objects there: regions and input lines */

typedef struct Branch {
    char *name; /* with index, '/' escaped; for sorting */
    Object *obj; /* NULL: type says it all */
    const char *type;
} Branch;

static void branch_free(gpointer p)
{
    g_free(((Branch *)p)->name);
    g_free(p);
}

static void branch_add(GPtrArray *list, char *name, Object *obj, const char *type)
{
    Branch *b = g_new(Branch, 1);

    *b = (Branch){ name, obj, type };
    g_ptr_array_add(list, b);
}

static char *escaped(const char *name)
{
    GString *s = g_string_new(NULL);

    for (; *name != '\0'; name++) {
        if (*name == '/') {
            g_string_append(s, "\\x2f");
        } else {
            g_string_append_c(s, *name);
        }
    }
    return g_string_free(s, FALSE);
}

/* Regions of owner below r that are not in seen yet; counts has the next index of each name. */
static void add_regions(const MemRegion *r, const Object *owner, GHashTable *seen,
                        GHashTable *counts, GPtrArray *list)
{
    if (!g_hash_table_add(seen, (gpointer)r)) {
        return;
    }
    if (r->owner == owner && r->name != NULL) {
        char *name = escaped(r->name);
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));

        branch_add(list, g_strdup_printf("%s[%u]", name, n), NULL, "memory-region");
        g_hash_table_replace(counts, name, GUINT_TO_POINTER(n + 1));
    }
    if (r->alias != NULL) {
        add_regions(r->alias, owner, seen, counts, list);
    }
    for (guint i = r->subs != NULL ? r->subs->len : 0; i-- > 0;) {
        add_regions(g_ptr_array_index(r->subs, i), owner, seen, counts, list);
    }
}

static void add_all_regions(Vm *vm, Object *obj, GPtrArray *list)
{
    const Object *owner = obj == vm->unattached ? NULL : obj;
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    add_regions(addr_space_root(vm->mem), owner, seen, counts, list);
    add_regions(addr_space_root(vm->io), owner, seen, counts, list);
}

static void add_lines(const Device *dev, GPtrArray *list)
{
    for (guint i = 0; i < dev->gpio_in->len; i++) {
        const GpioIn *in = g_ptr_array_index(dev->gpio_in, i);

        for (unsigned pin = 0; pin < in->n; pin++) {
            const char *name = in->name != NULL ? in->name : "unnamed-gpio-in";

            branch_add(list, g_strdup_printf("%s[%u]", name, in->base + pin), NULL, "irq");
        }
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Branch *const *)a)->name, (*(Branch *const *)b)->name);
}

void object_print_tree(Vm *vm, Object *obj, GString *out, int indent)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(branch_free);
    const Device *dev = device_from_object(obj);

    g_string_append_printf(out, "%*s/%s (%s)\n", indent, "", obj->name != NULL ? obj->name : "",
                           obj->type->name);
    for (guint i = 0; obj->children != NULL && i < obj->children->len; i++) {
        Object *child = g_ptr_array_index(obj->children, i);

        branch_add(list, g_strdup(child->name != NULL ? child->name : ""), child, NULL);
    }
    if (dev != NULL || obj == vm->unattached) {
        add_all_regions(vm, obj, list);
    }
    if (dev != NULL) {
        add_lines(dev, list);
    }
    g_ptr_array_sort(list, by_name);
    for (guint i = 0; i < list->len; i++) {
        const Branch *b = g_ptr_array_index(list, i);

        if (b->obj != NULL) {
            object_print_tree(vm, b->obj, out, indent + 2);
        } else {
            g_string_append_printf(out, "%*s/%s (%s)\n", indent + 2, "", b->name, b->type);
        }
    }
}
