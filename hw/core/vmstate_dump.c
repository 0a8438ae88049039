/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot rows of every device type as JSON (-dump-vmstate): what tools compare between
 * releases before they trust a migration. Types are constants, so no machine is needed. */
#include <stdio.h>

#include "hw/core/device.h"
#include "hw/core/vmstate.h"
#include "util/err.h"

static Json *describe(const VmState *vs);

static uint64_t row_size(const VmField *f)
{
    switch (f->kind) {
    case VM_BOOL:
    case VM_U8: return 1;
    case VM_U16: return 2;
    case VM_U32: return 4;
    case VM_U64:
    case VM_TIMER: return 8;
    default: return f->elem_size;
    }
}

static Json *describe_row(const VmField *f)
{
    Json *j = json_object_new();

    json_set_str(j, "field", vmstate_row_name(f));
    json_set_int(j, "version_id", f->since);
    json_set_bool(j, "field_exists", f->exists != NULL);
    json_set_uint(j, "size", row_size(f));
    if (f->kind == VM_STRUCT) {
        json_set(j, "Description", describe(f->sub));
    }
    return j;
}

static Json *describe(const VmState *vs)
{
    Json *j = json_object_new();

    json_set_str(j, "name", vs->name);
    json_set_int(j, "version_id", vs->version);
    json_set_int(j, "minimum_version_id", vs->min_version);
    if (vs->fields != NULL && vs->fields->kind != VM_END) {
        Json *rows = json_array_new();

        for (const VmField *f = vs->fields; f->kind != VM_END; f++) {
            json_array_add(rows, describe_row(f));
        }
        json_set(j, "Fields", rows);
    }
    if (vs->sections != NULL) {
        Json *parts = json_array_new();

        for (const VmState *const *s = vs->sections; *s != NULL; s++) {
            json_array_add(parts, describe(*s));
        }
        json_set(j, "Subsections", parts);
    }
    return j;
}

Json *vmstate_describe_types(const char *machine)
{
    Json *all = json_object_new(), *m = json_object_new();

    json_set_str(m, "Name", machine);
    json_set(all, "vmschkmachine", m);
    SET_FOREACH (types, ObjType, it) {
        const VmState *vs;
        Json *j;

        if ((*it)->abstract || !type_is_a(*it, &device_base.type)) {
            continue;
        }
        vs = device_type_vmstate(device_type_of(*it));
        if (vs == NULL) {
            continue;
        }
        j = json_object_new();
        json_set_str(j, "Name", (*it)->name);
        json_set_int(j, "version_id", vs->version);
        json_set_int(j, "minimum_version_id", vs->min_version);
        json_set(j, "Description", describe(vs));
        json_set(all, (*it)->name, j);
    }
    return all;
}

bool vmstate_dump_types(const char *file, const char *machine, GError **errp)
{
    g_autoptr(Json) all = vmstate_describe_types(machine);
    g_autofree char *text = json_print(all, true);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    return g_file_set_contents(file, line, -1, errp);
}
