/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory back ends. All give shared memory files; share=off of a -file back end without "readonly" is
 * kept as a wish only: what the guest writes reaches the file. Binding to host nodes, huge pages of a
 * memfd and persistent memory are not there and have no properties. */
#include "hw/core/hostmem.h"

#include <inttypes.h>
#include <string.h>
#include "util/err.h"

typedef struct HostMem {
    Object obj;
    uint64_t size, align;
    uint32_t prealloc_threads;
    bool share, merge, dump, prealloc, reserve, canonical, discard_data, readonly, in_use, of_machine;
    char *path;
    RamBlock *block;
} HostMem;

static const Field hostmem_props[] = {
    FIELD_BOOL("dump", HostMem, dump, true, .help = "Set to 'off' to exclude from core dump"),
    FIELD_BOOL("merge", HostMem, merge, true, .help = "Mark memory as mergeable"),
    FIELD_BOOL("prealloc", HostMem, prealloc, false, .help = "Preallocate memory"),
    FIELD_U32("prealloc-threads", HostMem, prealloc_threads, 1, .type_name = "int",
              .help = "Number of CPU threads to use for prealloc"),
    FIELD_BOOL("reserve", HostMem, reserve, true,
               .help = "Reserve swap space (or huge pages) if applicable"),
    FIELD_BOOL("share", HostMem, share, false,
               .help = "Whether other processes may see the memory"),
    FIELD_SIZE("size", HostMem, size, 0, .type_name = "int",
               .help = "Size of the memory region (ex: 500M)"),
    FIELD_BOOL("x-use-canonical-path-for-ramblock-id", HostMem, canonical, false),
    { 0 },
};
static const Field file_props[] = {
    FIELD_SIZE("align", HostMem, align, 0, .type_name = "int"),
    FIELD_BOOL("discard-data", HostMem, discard_data, false),
    FIELD_STR("mem-path", HostMem, path, NULL, .type_name = "string"),
    FIELD_BOOL("readonly", HostMem, readonly, false),
    { 0 },
};

static const ObjType hostmem_base;
static const ObjType file_type;
static const ObjType memfd_type;

static void memfd_init(Object *obj)
{
    ((HostMem *)obj)->share = true;
}

static bool hostmem_complete(Object *obj, GError **errp)
{
    HostMem *m = (HostMem *)obj;
    RamOptions opt = {
        .path = m->path, .prealloc = m->prealloc, .prealloc_threads = m->prealloc_threads,
        .share = m->share, .no_merge = !m->merge, .no_dump = !m->dump, .readonly = m->readonly,
        .align = m->align,
    };
    g_autofree char *path = object_path(obj);

    if (m->size == 0) {
        return err_fail(errp, "can't create backend with size 0");
    }
    if (obj->type == &file_type && m->path == NULL) {
        return err_fail(errp, "mem-path property not set");
    }
    if (m->prealloc_threads == 0) {
        return err_fail(errp, "property 'prealloc-threads' of %s doesn't take value '0'",
                        obj->type->name);
    }
    m->block = ram_block_new(m->canonical ? path : obj->name, m->size, &opt, errp);
    return m->block != NULL;
}

static void hostmem_fini(Object *obj)
{
    HostMem *m = (HostMem *)obj;

    if (m->block == NULL || m->of_machine) {
        return;
    }
    if (m->discard_data) {
        ram_discard(m->block, 0, m->block->size, NULL);
    }
    ram_block_free(m->block);
}

static bool hostmem_in_use(const Object *obj)
{
    return ((const HostMem *)obj)->in_use;
}

static const ObjType hostmem_base = {
    .name = "memory-backend", .parent = &object_base, .size = sizeof(HostMem), .abstract = true,
    .props = hostmem_props, .complete = hostmem_complete, .fini = hostmem_fini,
    .in_use = hostmem_in_use,
};
TYPE_REGISTER(hostmem_base);

static const ObjType ram_type = {
    .name = "memory-backend-ram", .parent = &hostmem_base, .size = sizeof(HostMem),
    .user_creatable = true,
};
TYPE_REGISTER(ram_type);

static const ObjType file_type = {
    .name = "memory-backend-file", .parent = &hostmem_base, .size = sizeof(HostMem),
    .user_creatable = true, .props = file_props,
};
TYPE_REGISTER(file_type);

static const ObjType memfd_type = {
    .name = "memory-backend-memfd", .parent = &hostmem_base, .size = sizeof(HostMem),
    .user_creatable = true, .init = memfd_init,
};
TYPE_REGISTER(memfd_type);

RamBlock *hostmem_use(Vm *vm, const char *id, GError **errp)
{
    Object *obj = object_child(vm->objects, id);
    HostMem *m = (HostMem *)obj;

    if (obj == NULL || !type_is_a(obj->type, &hostmem_base)) {
        err_fail(errp, "Memory backend '%s' not found", id);
        return NULL;
    }
    if (m->in_use) {
        err_fail(errp, "Memory backend '%s' is in use", id);
        return NULL;
    }
    m->in_use = true;
    return m->block;
}

void hostmem_unuse(RamBlock *b, Vm *vm)
{
    const GPtrArray *children = vm->objects->children;

    for (guint i = 0; children != NULL && i < children->len; i++) {
        Object *obj = g_ptr_array_index(children, i);

        if (type_is_a(obj->type, &hostmem_base) && ((HostMem *)obj)->block == b) {
            ((HostMem *)obj)->in_use = false;
        }
    }
}

void hostmem_show(Vm *vm, const char *id, RamBlock *b, const RamOptions *opt)
{
    Object *obj = object_new(&ram_type, NULL, NULL);
    HostMem *m = (HostMem *)obj;

    m->size = b->used;
    m->prealloc = opt->prealloc;
    m->share = opt->share;
    m->merge = !opt->no_merge;
    m->dump = !opt->no_dump;
    m->block = b;
    m->in_use = m->of_machine = true;
    if (!object_add(vm->objects, obj, id, NULL)) {
        object_free(obj);           /* somebody has a back end of that name */
    }
}

Json *hostmem_json(Vm *vm)
{
    const GPtrArray *children = vm->objects->children;
    Json *list = json_array_new();

    for (guint i = 0; children != NULL && i < children->len; i++) {
        const Object *obj = g_ptr_array_index(children, i);
        const HostMem *m = (const HostMem *)obj;
        Json *row;

        if (!type_is_a(obj->type, &hostmem_base)) {
            continue;
        }
        row = json_object_new();
        json_set_str(row, "id", obj->name);
        json_set_uint(row, "size", m->size);
        json_set_bool(row, "merge", m->merge);
        json_set_bool(row, "dump", m->dump);
        json_set_bool(row, "prealloc", m->prealloc);
        json_set_bool(row, "share", m->share);
        json_set_bool(row, "reserve", m->reserve);
        json_set(row, "host-nodes", json_array_new());
        json_set_str(row, "policy", "default");
        json_array_add(list, row);
    }
    return list;
}
