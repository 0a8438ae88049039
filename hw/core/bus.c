/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buses: what devices are attached to, and how one is found by name or by type. */
#include <string.h>

#include "hw/core/vm.h"
#include "util/err.h"

static void bus_base_init(Object *obj)
{
    Bus *bus = (Bus *)obj;

    bus->type = (const BusType *)obj->type;
    bus->devices = g_ptr_array_new();
}

static void bus_base_fini(Object *obj)
{
    Bus *bus = (Bus *)obj;

    while (bus->devices->len > 0) {
        object_free(g_ptr_array_index(bus->devices, bus->devices->len - 1));
    }
    if (bus->owner != NULL) {
        g_ptr_array_remove(bus->owner->buses, bus);
    }
    g_ptr_array_remove(bus->vm->buses, bus);
    g_ptr_array_unref(bus->devices);
    g_free(bus->name);
}

const BusType bus_base = {
    .type = { .name = "bus",
              .parent = &object_base,
              .size = sizeof(Bus),
              .abstract = true,
              .init = bus_base_init,
              .fini = bus_base_fini },
};
BUS_REGISTER(bus_base);

const BusType system_bus = {
    .type = { .name = "System", .parent = &bus_base.type, .size = sizeof(Bus) },
};
BUS_REGISTER(system_bus);

static char *automatic_name(const BusType *type, const Vm *vm, const Device *owner)
{
    g_autofree char *lower = g_ascii_strdown(type->type.name, -1);
    unsigned n = 0;

    if (owner != NULL && owner->id != NULL) {
        return g_strdup_printf("%s.%u", owner->id, owner->buses->len);
    }
    for (guint i = 0; i < vm->buses->len; i++) {
        n += ((Bus *)g_ptr_array_index(vm->buses, i))->type == type;
    }
    return g_strdup_printf("%s.%u", lower, n);
}

static Bus *make_bus(const BusType *type, Vm *vm, Device *owner, const char *name)
{
    Bus *bus = g_malloc0(type->type.size);

    bus->vm = vm;
    bus->owner = owner;
    bus->name = name != NULL ? g_strdup(name) : automatic_name(type, vm, owner);
    g_ptr_array_add(vm->buses, bus);
    if (owner != NULL) {
        g_ptr_array_add(owner->buses, bus);
    }
    object_init(&bus->obj, &type->type, owner != NULL ? &owner->obj : vm->unattached, bus->name);
    bus->obj.embedded = false;
    return bus;
}

Bus *bus_new(const BusType *type, Device *owner, const char *name)
{
    return make_bus(type, owner->vm, owner, name);
}

Bus *bus_new_root(const BusType *type, Vm *vm, const char *name)
{
    return make_bus(type, vm, NULL, name);
}

Bus *bus_find(Vm *vm, const char *name, GError **errp)
{
    for (guint i = 0; i < vm->buses->len; i++) {
        Bus *bus = g_ptr_array_index(vm->buses, i);

        if (strcmp(bus->name, name) == 0) {
            return bus;
        }
    }
    err_fail(errp, "Bus '%s' not found", name);
    return NULL;
}

static bool bus_full(const Bus *bus)
{
    return bus->type->max_devices != 0 && bus->devices->len >= bus->type->max_devices;
}

Bus *bus_find_type(Vm *vm, const BusType *type)
{
    for (guint i = 0; i < vm->buses->len; i++) {
        Bus *bus = g_ptr_array_index(vm->buses, i);

        if (type_is_a(bus->obj.type, &type->type) && !bus_full(bus)) {
            return bus;
        }
    }
    return NULL;
}

void bus_reset(Bus *bus, ResetKind kind)
{
    for (guint i = 0; i < bus->devices->len; i++) {
        Device *dev = g_ptr_array_index(bus->devices, i);

        if (dev->realized) {
            device_reset(dev, kind);
        }
    }
    if (bus->type->reset != NULL) {
        bus->type->reset(bus, kind);
    }
}

/* ---- -device and device_add */

static const DeviceType *type_for_user(const Vm *vm, const Json *opts, GError **errp)
{
    const char *driver = json_get_str(opts, "driver");
    const DeviceType *t;

    if (driver == NULL) {
        err_fail(errp, "Parameter 'driver' is missing");
        return NULL;
    }
    t = device_type_find(driver);
    if (t == NULL) {
        const char *near = type_nearest(driver, &device_base.type);
        g_autofree char *hint = near != NULL ? g_strdup_printf("Did you mean '%s'?", near) : NULL;

        err_fail_hint(errp, hint, "'%s' is not a valid device model name", driver);
        return NULL;
    }
    if (t->type.abstract) {
        err_fail(errp, "Parameter 'driver' expects a non-abstract device type");
        return NULL;
    }
    if (!t->type.user_creatable) {
        err_fail(errp, "Parameter 'driver' expects a pluggable device type");
        return NULL;
    }
    return t;
}

static bool bus_for_user(Vm *vm, const DeviceType *t, const Json *opts, Bus **bus, GError **errp)
{
    const BusType *wanted = device_type_bus(t);
    const char *name = json_get_str(opts, "bus");

    *bus = NULL;
    if (name != NULL) {
        *bus = bus_find(vm, name, errp);
        if (*bus == NULL) {
            return false;
        }
        if (wanted == NULL || !type_is_a((*bus)->obj.type, &wanted->type)) {
            return err_fail(errp, "Device '%s' can't go on %s bus", t->type.name,
                            (*bus)->obj.type->name);
        }
        if (bus_full(*bus)) {
            return err_fail(errp, "Bus '%s' is full", name);
        }
    } else if (wanted != NULL) {
        *bus = bus_find_type(vm, wanted);
        if (*bus == NULL) {
            return err_fail(errp, "No '%s' bus found for device '%s'", wanted->type.name,
                            t->type.name);
        }
    }
    if (vm->machine_ready && *bus != NULL && !(*bus)->hotplug) {
        return err_fail(errp, "Bus '%s' does not support hotplugging", (*bus)->name);
    }
    if (vm->machine_ready && !t->hotpluggable) {
        return err_fail(errp, "Parameter 'driver' expects a pluggable device type");
    }
    return true;
}

static bool set_user_props(Device *dev, const Json *opts, GError **errp)
{
    JSON_FOREACH (opts, i, value) {
        const char *key = json_key_at(opts, i);
        const char *text = json_str_value(value);
        bool ok;

        if (strcmp(key, "driver") == 0 || strcmp(key, "id") == 0 || strcmp(key, "bus") == 0) {
            continue;
        }
        ok = text != NULL ? object_prop_set_text(&dev->obj, key, text, errp)
                          : object_prop_set(&dev->obj, key, value, errp);
        if (!ok) {
            return false;
        }
    }
    return true;
}

Device *device_create_from_json(Vm *vm, const Json *opts, GError **errp)
{
    const DeviceType *t = type_for_user(vm, opts, errp);
    const char *id = json_get_str(opts, "id");
    Device *dev;
    Bus *bus;

    if (t == NULL || !bus_for_user(vm, t, opts, &bus, errp)) {
        return NULL;
    }
    if (id != NULL && object_child(vm->peripheral, id) != NULL) {
        err_fail(errp, "Duplicate device ID '%s'", id);
        return NULL;
    }
    dev = device_new(t, vm, id);
    dev->user_made = true;
    dev->opts = json_copy(opts);
    if (!set_user_props(dev, opts, errp) || !device_realize(dev, bus, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    if (dev->hotplugged && dev->bus != NULL && dev->bus->hotplug_ops != NULL) {
        dev->bus->hotplug_ops->plugged(dev->bus->hotplug_opaque, dev);
    }
    return dev;
}
