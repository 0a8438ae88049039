/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the device tree and writes or reads each device's section. */
#include "hw/core/devstate.h"

#include <string.h>

#include "util/err.h"

enum { SECTION_FULL = 0x04 };

typedef struct Walk {
    VmWriter *w;
    uint32_t id;
    const VmSection *head; /* looked for */
    Device *found;
    GError *err;
} Walk;

static bool save_one(Object *obj, void *opaque)
{
    Walk *walk = opaque;
    Device *dev = device_from_object(obj);
    const VmState *vs = dev != NULL && dev->realized ? device_type_vmstate(dev->type) : NULL;
    g_autofree char *name = NULL;

    if (vs == NULL) {
        return true;
    }
    name = device_idstr(dev);
    if (vs->unmigratable) {
        return err_fail(&walk->err, "State blocked by non-migratable device '%s'", name);
    }
    vmstate_save_section(walk->w, walk->id++, name, dev->instance, vs, device_vmstate_obj(dev));
    return true;
}

bool devstate_save(Vm *vm, VmWriter *w, uint32_t first_id, GError **errp)
{
    Walk walk = { .w = w, .id = first_id };

    if (vm->drain != NULL) {
        vm->drain(vm);
    }
    object_walk(&vm->root, save_one, &walk);
    if (walk.err != NULL) {
        g_propagate_error(errp, walk.err);
        return false;
    }
    return true;
}

static bool find_one(Object *obj, void *opaque)
{
    Walk *walk = opaque;
    Device *dev = device_from_object(obj);
    g_autofree char *name = NULL;

    if (dev == NULL || !dev->realized || device_type_vmstate(dev->type) == NULL ||
        dev->instance != walk->head->instance) {
        return true;
    }
    name = device_idstr(dev);
    if (strcmp(name, walk->head->idstr) == 0) {
        walk->found = dev;
    }
    return walk->found == NULL;
}

bool devstate_load_section(Vm *vm, VmReader *r, GError **errp)
{
    VmSection head;
    Walk walk = { .head = &head };

    if (!vmstate_read_section_head(r, &head, errp)) {
        return false;
    }
    object_walk(&vm->root, find_one, &walk);
    if (walk.found == NULL) {
        return err_fail(errp, "Unknown savevm section or instance '%s' %u. Make sure that your "
                        "current VM setup matches your saved VM setup, including any hotplugged "
                        "devices", head.idstr, head.instance);
    }
    if (!vmstate_load(r, device_type_vmstate(walk.found->type), device_vmstate_obj(walk.found),
                      (int)head.version, errp)) {
        g_prefix_error(errp, "section '%s': ", head.idstr);
        return false;
    }
    return vmstate_read_section_foot(r, &head, errp);
}

bool devstate_load(Vm *vm, VmReader *r, GError **errp)
{
    while (r->pos < r->size && r->data[r->pos] == SECTION_FULL) {
        r->pos++;
        if (!devstate_load_section(vm, r, errp)) {
            return false;
        }
    }
    return true;
}
