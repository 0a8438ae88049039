/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info pic and info irq: the interrupt controllers of the machine, found in its tree of objects. */
#include <inttypes.h>
#include "hw/core/info.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"

typedef struct Controllers { Device *pic, *ioapic; } Controllers;

static bool is_master(Device *pic)
{
    g_autoptr(Json) master = object_prop_get(&pic->obj, "master", NULL);
    bool yes = false;

    return json_to_bool(master, &yes) && yes;
}

static bool find_controller(Object *obj, void *opaque)
{
    Controllers *c = opaque;
    Device *dev = device_from_object(obj);

    if (dev != NULL && device_is_a(dev, &ioapic_type)) {
        c->ioapic = dev;
    } else if (dev != NULL && device_is_a(dev, &isa_i8259_type) && is_master(dev)) {
        c->pic = dev;
    }
    return true;
}

static Controllers controllers(Vm *vm)
{
    Controllers c = { NULL, NULL };

    object_walk(&vm->root, find_controller, &c);
    return c;
}

static void print_pic(Vm *vm, GString *out)
{
    Controllers c = controllers(vm);

    if (c.ioapic != NULL) {
        ioapic_dump(c.ioapic, out);
    }
    if (c.pic != NULL) {
        i8259_dump(c.pic, out);
    }
}

static void print_counts(const char *name, const uint64_t *counts, unsigned n, GString *out)
{
    g_string_append_printf(out, "IRQ statistics for %s:\n", name);
    for (unsigned i = 0; i < n; i++) {
        if (counts[i] > 0) {
            g_string_append_printf(out, "%2u: %" PRIu64 "\n", i, counts[i]);
        }
    }
}

static void print_irq(Vm *vm, GString *out)
{
    Controllers c = controllers(vm);
    uint64_t counts[IOAPIC_PINS];

    if (c.ioapic != NULL) {
        ioapic_counts(c.ioapic, counts);
        print_counts("ioapic", counts, IOAPIC_PINS, out);
    }
    if (c.pic != NULL) {
        i8259_counts(c.pic, counts);
        print_counts("isa-i8259", counts, 16, out);
    }
}

static const VmInfo info_pic = { .name = "pic", .print = print_pic };
static const VmInfo info_irq = { .name = "irq", .print = print_irq };
VM_INFO_REGISTER(info_pic);
VM_INFO_REGISTER(info_irq);
