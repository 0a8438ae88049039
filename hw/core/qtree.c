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

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Object *const *)a)->name, (*(Object *const *)b)->name);
}

void object_print_tree(Object *obj, GString *out, int indent)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    g_string_append_printf(out, "%*s/%s (%s)\n", indent, "", obj->name != NULL ? obj->name : "",
                           obj->type->name);
    for (guint i = 0; obj->children != NULL && i < obj->children->len; i++) {
        g_ptr_array_add(sorted, g_ptr_array_index(obj->children, i));
    }
    g_ptr_array_sort(sorted, by_name);
    for (guint i = 0; i < sorted->len; i++) {
        object_print_tree(g_ptr_array_index(sorted, i), out, indent + 2);
    }
}
