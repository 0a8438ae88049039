/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: types, life from device_new to device_unplug, lines, board regions, reset. Buses, and
 * making a device from what the user wrote, are in bus.c. */
#include "hw/core/device.h"

#include <string.h>

#include "hw/core/vm.h"
#include "util/err.h"
#include "util/log.h"

enum { LEVELS_MAX = 16 };

/* ---- The base type */

static void gpio_in_free(gpointer p)
{
    g_free(((GpioIn *)p)->name);
    g_free(p);
}

static void device_base_init(Object *obj)
{
    Device *dev = (Device *)obj;
    Device *whole = obj->parent != NULL ? device_from_object(obj->parent) : NULL;

    dev->type = device_type_of(obj->type);
    if (dev->vm == NULL && whole != NULL) {
        dev->vm = whole->vm;
    }
    g_assert(dev->vm != NULL);
    dev->buses = g_ptr_array_new();
    dev->gpio_in = g_ptr_array_new_with_free_func(gpio_in_free);
    dev->gpio_out = g_array_new(FALSE, FALSE, sizeof(GpioOut));
    dev->mmio = g_ptr_array_new();
}

static bool global_is_for(const GlobalProp *g, const ObjType *t)
{
    for (; t != NULL; t = t->parent) {
        if (strcmp(g->driver, t->name) == 0) {
            return true;
        }
    }
    return false;
}

static void apply_globals(Device *dev, GArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        GlobalProp *g = &g_array_index(rows, GlobalProp, i);
        g_autoptr(GError) err = NULL;

        if (!global_is_for(g, dev->obj.type)) {
            continue;
        }
        g->used = true;
        if (g->optional && type_prop(dev->obj.type, g->property) == NULL) {
            continue;
        }
        if (!object_prop_set_text(&dev->obj, g->property, g->value, &err)) {
            warn("can't apply global %s.%s=%s: %s", g->driver, g->property, g->value, err->message);
        }
    }
}

static void device_base_ready(Object *obj)
{
    Device *dev = (Device *)obj;

    apply_globals(dev, dev->vm->compat);
    apply_globals(dev, dev->vm->globals);
}

static void device_base_unready(Object *obj)
{
    device_unrealize((Device *)obj);
}

static void device_base_fini(Object *obj)
{
    Device *dev = (Device *)obj;

    for (guint i = 0; i < dev->gpio_out->len; i++) {
        g_free(g_array_index(dev->gpio_out, GpioOut, i).name);
    }
    g_ptr_array_unref(dev->gpio_in);
    g_array_free(dev->gpio_out, TRUE);
    g_ptr_array_unref(dev->buses);
    g_ptr_array_unref(dev->mmio);
    g_clear_pointer(&dev->id, g_free);
    g_clear_pointer(&dev->opts, json_unref);
}

const DeviceType device_base = {
    .type = { .name = "device",
              .parent = &object_base,
              .size = sizeof(Device),
              .abstract = true,
              .init = device_base_init,
              .ready = device_base_ready,
              .unready = device_base_unready,
              .fini = device_base_fini },
};
DEVICE_REGISTER(device_base);

const DeviceType sysbus_device = {
    .type = { .name = "sys-bus-device",
              .parent = &device_base.type,
              .size = sizeof(Device),
              .abstract = true },
    .bus = &system_bus,
};
DEVICE_REGISTER(sysbus_device);

/* ---- Types */

const DeviceType *device_type_find(const char *name)
{
    const ObjType *t = type_find(name);

    if (t == NULL) {
        SET_FOREACH (device_aliases, DeviceAlias, it) {
            if (strcmp((*it)->alias, name) == 0) {
                t = type_find((*it)->name);
            }
        }
    }
    return t != NULL && type_is_a(t, &device_base.type) ? device_type_of(t) : NULL;
}

static const DeviceType *parent_of(const DeviceType *t)
{
    return t == &device_base ? NULL : device_type_of(t->type.parent);
}

const BusType *device_type_bus(const DeviceType *t)
{
    while (t != NULL && t->bus == NULL) {
        t = parent_of(t);
    }
    return t != NULL ? t->bus : NULL;
}

const void *device_type_bus_info(const DeviceType *t)
{
    while (t != NULL && t->bus_info == NULL) {
        t = parent_of(t);
    }
    return t != NULL ? t->bus_info : NULL;
}

const VmState *device_type_vmstate(const DeviceType *t)
{
    while (t != NULL && t->vmstate == NULL) {
        t = parent_of(t);
    }
    return t != NULL ? t->vmstate : NULL;
}

void *device_vmstate_obj(Device *dev)
{
    const DeviceType *t = dev->type;

    while (t != NULL && t->vmstate == NULL) {
        t = parent_of(t);
    }
    return (char *)dev + (t != NULL ? t->vmstate_at : 0);
}

Device *device_from_object(Object *obj)
{
    return type_is_a(obj->type, &device_base.type) ? (Device *)obj : NULL;
}

bool device_is_a(const Device *dev, const DeviceType *t)
{
    return type_is_a(dev->obj.type, &t->type);
}

static unsigned device_levels(const DeviceType *t, const DeviceType *levels[LEVELS_MAX])
{
    unsigned n = 0;

    for (const DeviceType *u = t; u != NULL; u = parent_of(u)) {
        n++;
    }
    g_assert(n <= LEVELS_MAX);
    for (unsigned i = n; i-- > 0; t = parent_of(t)) {
        levels[i] = t;
    }
    return n;
}

/* ---- Life */

Device *device_new(const DeviceType *type, Vm *vm, const char *id)
{
    Device *dev = g_malloc0(type->type.size);

    dev->vm = vm;
    mem_owner_push(&dev->obj, &dev->in_io, NULL);
    object_init(&dev->obj, &type->type, NULL, NULL);
    mem_owner_pop();
    dev->obj.embedded = false;
    dev->id = g_strdup(id);
    return dev;
}

void device_init_part(Device *part, const DeviceType *type, Device *parent, const char *name)
{
    part->vm = parent->vm;
    mem_owner_push(&part->obj, &part->in_io, NULL);
    object_init(&part->obj, &type->type, &parent->obj, name);
    mem_owner_pop();
}

static bool place_in_tree(Device *dev, GError **errp)
{
    Vm *vm = dev->vm;
    g_autofree char *name = NULL;

    if (dev->obj.parent != NULL) {
        return true;
    }
    if (dev->id != NULL) {
        return object_add(vm->peripheral, &dev->obj, dev->id, errp);
    }
    if (dev->user_made) {
        name = g_strdup_printf("device[%u]", vm->anon_count++);
        return object_add(vm->peripheral_anon, &dev->obj, name, errp);
    }
    name = g_strdup_printf("device[%u]", vm->unattached_count++);
    return object_add(vm->unattached, &dev->obj, name, errp);
}

static bool put_on_bus(Device *dev, Bus *bus, GError **errp)
{
    if (bus == NULL) {
        return true;
    }
    dev->bus = bus;
    g_ptr_array_add(bus->devices, dev);
    if (bus->type->attach != NULL && !bus->type->attach(bus, dev, errp)) {
        g_ptr_array_remove(bus->devices, dev);
        dev->bus = NULL;
        return false;
    }
    return true;
}

static void take_off_bus(Device *dev)
{
    Bus *bus = dev->bus;

    if (bus == NULL) {
        return;
    }
    if (bus->type->detach != NULL) {
        bus->type->detach(bus, dev);
    }
    g_ptr_array_remove(bus->devices, dev);
    dev->bus = NULL;
}

/* A type that goes on a bus and was given none: the first that has room. */
static bool choose_bus(Device *dev, Bus **bus, GError **errp)
{
    const BusType *wanted = device_type_bus(dev->type);

    if (*bus == NULL && wanted == &system_bus) {
        *bus = dev->vm->system_bus;
    } else if (*bus == NULL && wanted != NULL) {
        *bus = bus_find_type(dev->vm, wanted);
        if (*bus == NULL) {
            return err_fail(errp, "No '%s' bus found for device '%s'", wanted->type.name,
                            dev->type->type.name);
        }
    }
    return true;
}

/* Realizes level by level; on failure undoes the levels that had succeeded. */
static bool realize_levels(Device *dev, GError **errp)
{
    const DeviceType *levels[LEVELS_MAX];
    unsigned n = device_levels(dev->type, levels);

    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->realize != NULL && !levels[i]->realize(dev, errp)) {
            while (i-- > 0) {
                if (levels[i]->unrealize != NULL) {
                    levels[i]->unrealize(dev);
                }
            }
            return false;
        }
    }
    return true;
}

/* Among the realized devices of the same section name: the next number. */
static bool count_same(Object *obj, void *opaque)
{
    void **arg = opaque;
    const Device *dev = arg[0];
    const Device *other = device_from_object(obj);
    g_autofree char *name = NULL;

    if (other == NULL || other == dev || !other->realized ||
        device_type_vmstate(other->type) == NULL) {
        return true;
    }
    name = device_idstr(other);
    if (strcmp(name, arg[2]) == 0) {
        *(uint32_t *)arg[1] = MAX(*(uint32_t *)arg[1], other->instance + 1);
    }
    return true;
}

static void number_instance(Device *dev)
{
    g_autofree char *name = device_idstr(dev);
    void *arg[] = { dev, &dev->instance, name };

    dev->instance = 0;
    if (device_type_vmstate(dev->type) != NULL) {
        object_walk(&dev->vm->root, count_same, arg);
    }
}

bool device_realize(Device *dev, Bus *bus, GError **errp)
{
    g_autofree char *prefix = NULL;
    bool was_placed = dev->obj.parent != NULL, ok;

    g_assert(!dev->realized);
    if (!choose_bus(dev, &bus, errp) || !put_on_bus(dev, bus, errp)) {
        return false;
    }
    if (!place_in_tree(dev, errp)) {
        take_off_bus(dev);
        return false;
    }
    prefix = device_dev_path(dev);
    mem_owner_push(&dev->obj, &dev->in_io, prefix);
    ok = realize_levels(dev, errp);
    mem_owner_pop();
    if (!ok) {
        while (dev->buses->len > 0) {
            object_free(g_ptr_array_index(dev->buses, dev->buses->len - 1));
        }
        take_off_bus(dev);
        if (!was_placed) {
            object_detach(&dev->obj);
        }
        return false;
    }
    dev->hotplugged = dev->vm->machine_ready;
    number_instance(dev);
    dev->realized = true;
    dev->obj.sealed = true;
    if (dev->hotplugged) {
        device_reset(dev, RESET_COLD);
    }
    return true;
}

Device *device_create(const DeviceType *type, Vm *vm, Bus *bus, GError **errp)
{
    Device *dev = device_new(type, vm, NULL);
    GError *err = NULL;

    if (device_realize(dev, bus, &err)) {
        return dev;
    }
    object_free(&dev->obj);
    g_prefix_error(&err, "%s: ", type->type.name);
    g_propagate_error(errp, err);
    return NULL;
}

void device_unrealize(Device *dev)
{
    const DeviceType *levels[LEVELS_MAX];
    unsigned n = device_levels(dev->type, levels);

    if (!dev->realized) {
        return;
    }
    for (guint i = dev->buses->len; i-- > 0;) {
        Bus *bus = g_ptr_array_index(dev->buses, i);

        while (bus->devices->len > 0) {
            Device *child = g_ptr_array_index(bus->devices, bus->devices->len - 1);

            device_unrealize(child);
            object_free(&child->obj);
        }
    }
    dev->realized = false;
    while (n-- > 0) {
        if (levels[n]->unrealize != NULL) {
            levels[n]->unrealize(dev);
        }
    }
    for (guint i = 0; dev->obj.children != NULL && i < dev->obj.children->len; i++) {
        Device *part = device_from_object(g_ptr_array_index(dev->obj.children, i));

        if (part != NULL) {
            device_unrealize(part);
        }
    }
    take_off_bus(dev);
    dev->obj.sealed = false;
    if (!dev->obj.embedded) {
        object_detach(&dev->obj);
    }
}

bool device_unplug(Device *dev, GError **errp)
{
    if (dev->bus != NULL && !dev->bus->hotplug) {
        return err_fail(errp, "Bus '%s' does not support hotplugging", dev->bus->name);
    }
    if (!dev->type->hotpluggable || dev->bus == NULL) {
        return err_fail(errp, "Device '%s' does not support hotplugging", dev->type->type.name);
    }
    if (dev->bus->hotplug_ops != NULL && dev->vm->machine_ready) {
        return dev->bus->hotplug_ops->request(dev->bus->hotplug_opaque, dev, errp);
    }
    device_unplug_done(dev);
    return true;
}

void device_unplug_done(Device *dev)
{
    g_autofree char *path = object_path(&dev->obj);
    g_autofree char *id = g_strdup(dev->id);
    Vm *vm = dev->vm;
    Json *data = json_object_new();

    device_unrealize(dev);
    object_free(&dev->obj);
    if (id != NULL) {
        json_set_str(data, "device", id);
    }
    json_set_str(data, "path", path);
    vm_report(vm, "DEVICE_DELETED", data);
}

Device *device_find(Vm *vm, const char *id, GError **errp)
{
    Object *obj =
        id[0] == '/' ? object_resolve(&vm->root, id, NULL) : object_child(vm->peripheral, id);
    Device *dev = obj != NULL ? device_from_object(obj) : NULL;

    if (dev == NULL) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
    }
    return dev;
}

/* ---- Names */

char *device_dev_path(const Device *dev)
{
    if (dev->bus == NULL || dev->bus->type->dev_path == NULL) {
        return NULL;
    }
    return dev->bus->type->dev_path(dev);
}

char *device_idstr(const Device *dev)
{
    const VmState *vs = device_type_vmstate(dev->type);
    g_autofree char *path = device_dev_path(dev);
    const char *name = vs != NULL ? vs->name : dev->type->type.name;

    return path != NULL ? g_strdup_printf("%s/%s", path, name) : g_strdup(name);
}

char *device_fw_path(const Device *dev)
{
    GString *path = g_string_new(NULL);

    for (; dev != NULL && dev->bus != NULL; dev = dev->bus->owner) {
        g_autofree char *part = NULL;

        if (dev->bus->type->fw_path != NULL) {
            part = dev->bus->type->fw_path(dev);
        } else if (dev->type->fw_name != NULL) {
            part = g_strdup(dev->type->fw_name);
        }
        if (part != NULL) {
            g_string_prepend(path, part);
            g_string_prepend_c(path, '/');
        }
    }
    return g_string_free(path, path->len == 0);
}

/* ---- Lines */

static bool same_name(const char *a, const char *b)
{
    return g_strcmp0(a, b) == 0;
}

static void gpio_forward(void *opaque, unsigned pin, int level)
{
    const GpioIn *in = opaque;

    in->fn(in->opaque, pin, level);
    if (in->listener != NULL) {
        in->listener(in->listener_opaque, pin, level);
    }
}

void device_init_gpio_in(Device *dev, const char *name, IrqHandler *fn, void *opaque, unsigned n)
{
    GpioIn *in = g_new0(GpioIn, 1);

    *in = (GpioIn){ .name = g_strdup(name), .fn = fn, .opaque = opaque, .n = n };
    for (guint i = 0; i < dev->gpio_in->len; i++) {
        const GpioIn *other = g_ptr_array_index(dev->gpio_in, i);

        in->base += same_name(other->name, name) ? other->n : 0;
    }
    g_ptr_array_add(dev->gpio_in, in);
}

Irq device_gpio_in(Device *dev, const char *name, unsigned pin)
{
    for (guint i = 0; i < dev->gpio_in->len; i++) {
        GpioIn *in = g_ptr_array_index(dev->gpio_in, i);

        if (same_name(in->name, name) && pin >= in->base && pin - in->base < in->n) {
            return (Irq){ gpio_forward, in, pin };
        }
    }
    return (Irq){ 0 };
}

void device_init_gpio_out(Device *dev, const char *name, Irq *pins, unsigned n)
{
    GpioOut out = { g_strdup(name), pins, n };

    g_array_append_val(dev->gpio_out, out);
}

void device_connect(Device *dev, const char *name, unsigned pin, Irq to)
{
    for (guint i = 0; i < dev->gpio_out->len; i++) {
        const GpioOut *out = &g_array_index(dev->gpio_out, GpioOut, i);

        if (!same_name(out->name, name)) {
            continue;
        }
        if (pin < out->n) {
            out->pins[pin] = to;
            return;
        }
        pin -= out->n;
    }
    g_assert_not_reached(); /* the board named a pin that the device does not have */
}

/* ---- Board devices */

void device_add_mmio(Device *dev, MemRegion *r)
{
    g_ptr_array_add(dev->mmio, r);
}

void device_map_mmio_prio(Device *dev, unsigned index, GuestAddr at, int priority)
{
    MemRegion *r;

    g_assert(index < dev->mmio->len);
    r = g_ptr_array_index(dev->mmio, index);
    if (r->parent == NULL) {
        mem_add(addr_space_root(dev->vm->mem), at, r, priority);
    } else {
        mem_set_addr(r, at);
    }
}

void device_map_mmio(Device *dev, unsigned index, GuestAddr at)
{
    device_map_mmio_prio(dev, index, at, 0);
}

/* ---- Reset */

void device_reset(Device *dev, ResetKind kind)
{
    const DeviceType *levels[LEVELS_MAX];
    unsigned n = device_levels(dev->type, levels);

    for (guint i = 0; i < dev->buses->len; i++) {
        bus_reset(g_ptr_array_index(dev->buses, i), kind);
    }
    for (guint i = 0; dev->obj.children != NULL && i < dev->obj.children->len; i++) {
        Device *part = device_from_object(g_ptr_array_index(dev->obj.children, i));

        if (part != NULL && part->realized && part->bus == NULL) {
            device_reset(part, kind);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (levels[i]->reset != NULL) {
            levels[i]->reset(dev, kind);
        }
    }
}
