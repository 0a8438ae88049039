/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Board types: the list, the object, main RAM. The processor topology is in smp.c. */
#include "hw/core/machine.h"

#include <string.h>

#include "hw/core/hostmem.h"
#include "util/err.h"

/* ---- The base type */

static void machine_base_init(Object *obj)
{
    Machine *m = (Machine *)obj;

    m->type = (const MachineType *)obj->type;
    m->ram_size = m->type->default_ram;
    m->smp = (SmpTopology){ 1, 1, 1, 1, 1, 1, 1 };
    m->splash_time_ms = -1;
    m->reboot_timeout_ms = -1;
    m->enable_graphics = true;
}

static void machine_base_fini(Object *obj)
{
    Machine *m = (Machine *)obj;
    char **strings[] = { &m->cpu_model, &m->cpu_features, &m->boot_order,
                         &m->boot_once, &m->splash,       &m->vga };

    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_clear_pointer(strings[i], g_free);
    }
    if (!m->ram_of_backend) {
        ram_block_free(m->ram_block);
    }
}

static const Field machine_props[] = {
    FIELD_STR("append", Machine, append, NULL, .help = "Linux kernel command line",
               .type_name = "string"),
    FIELD_BOOL("dump-guest-core", Machine, dump_guest_core, true,
               .help = "Include guest memory in a core dump",
               .flags = FIELD_NO_DEFAULT),
    FIELD_STR("dtb", Machine, dtb, NULL, .help = "Linux kernel device tree file",
               .type_name = "string"),
    FIELD_STR("firmware", Machine, firmware, NULL, .help = "Firmware image",
               .type_name = "string"),
    FIELD_BOOL("graphics", Machine, graphics, true,
               .help = "Set on/off to enable/disable graphics emulation",
               .flags = FIELD_NO_DEFAULT),
    FIELD_STR("initrd", Machine, initrd, NULL, .help = "Linux initial ramdisk file",
               .type_name = "string"),
    FIELD_STR("kernel", Machine, kernel, NULL, .help = "Linux kernel image file",
               .type_name = "string"),
    FIELD_BOOL("mem-merge", Machine, mem_merge, true,
               .help = "Enable/disable memory merge support",
               .flags = FIELD_NO_DEFAULT),
    FIELD_STR("memory-backend", Machine, memory_backend, NULL,
              .help = "Set RAM backend; valid value is ID of hostmem based backend",
               .type_name = "link<memory-backend>"),
    FIELD_BOOL("suppress-vmdesc", Machine, suppress_vmdesc, false,
               .help = "Set on to disable self-describing migration",
               .flags = FIELD_NO_DEFAULT),
    FIELD_BOOL("usb", Machine, usb, false, .help = "Set on/off to enable/disable usb",
               .flags = FIELD_NO_DEFAULT),
    { 0 },
};

const MachineType machine_base = {
    .type = { .name = "machine",
              .parent = &object_base,
              .size = sizeof(Machine),
              .abstract = true,
              .props = machine_props,
              .init = machine_base_init,
              .fini = machine_base_fini },
};
MACHINE_REGISTER(machine_base);

static bool none_init(Machine *m, GError **errp)
{
    if (m->ram_size != 0) {
        if (machine_make_ram(m, errp) == NULL) {
            return false;
        }
        mem_init_ram_block(&m->ram, "ram", m->ram_block);
        mem_add(addr_space_root(m->vm->mem), 0, &m->ram, 0);
    }
    return true;
}

/* -machine none: no CPU, no device; RAM only when -m asks for it. */
static const MachineType none_machine = {
    .type = { .name = "none-machine",
              .desc = "empty machine",
              .parent = &machine_base.type,
              .size = sizeof(Machine) },
    .name = "none",
    .max_cpus = 1,
    .default_ram_id = "ram",
    .no_serial = true,
    .no_parallel = true,
    .no_floppy = true,
    .no_cdrom = true,
    .init = none_init,
};
MACHINE_REGISTER(none_machine);

/* ---- The list */

static gint by_help_order(gconstpointer a, gconstpointer b)
{
    const MachineType *x = *(const MachineType *const *)a, *y = *(const MachineType *const *)b;
    int family = g_strcmp0(x->type.desc, y->type.desc);
    bool x_pc = g_str_has_prefix(x->name, "pc-"), y_pc = g_str_has_prefix(y->name, "pc-");

    if (x_pc != y_pc) {
        return strcmp(x->name, y->name);
    }
    if (x_pc && family != 0) {
        return family;
    }
    return x_pc ? -strcmp(x->name, y->name) : strcmp(x->name, y->name);
}

static GPtrArray *machine_types(void)
{
    GPtrArray *list = g_ptr_array_new();

    SET_FOREACH (types, ObjType, it) {
        if (!(*it)->abstract && type_is_a(*it, &machine_base.type)) {
            g_ptr_array_add(list, (void *)*it);
        }
    }
    g_ptr_array_sort(list, by_help_order);
    return list;
}

const MachineType *machine_type_find(const char *name)
{
    g_autoptr(GPtrArray) list = machine_types();

    for (guint i = 0; i < list->len; i++) {
        const MachineType *t = g_ptr_array_index(list, i);

        if (strcmp(t->name, name) == 0 || g_strcmp0(t->alias, name) == 0) {
            return t;
        }
    }
    return NULL;
}

const MachineType *machine_type_default(void)
{
    g_autoptr(GPtrArray) list = machine_types();

    for (guint i = 0; i < list->len; i++) {
        const MachineType *t = g_ptr_array_index(list, i);

        if (t->is_default) {
            return t;
        }
    }
    return NULL;
}

char *machine_help(void)
{
    GString *out = g_string_new("Supported machines are:\n");
    g_autoptr(GPtrArray) list = machine_types();

    for (guint i = 0; i < list->len; i++) {
        const MachineType *t = g_ptr_array_index(list, i);

        if (t->alias != NULL) {
            g_string_append_printf(out, "%-20s %s (alias of %s)\n", t->alias, t->type.desc,
                                   t->name);
        }
        g_string_append_printf(out, "%-20s %s%s%s\n", t->name, t->type.desc,
                               t->is_default ? " (default)" : "",
                               t->deprecated ? " (deprecated)" : "");
    }
    return g_string_free(out, FALSE);
}

/* ---- One board */

/* Replaces the plain folder that vm_new() made; what is in it moves along. */
Machine *machine_new(const MachineType *type, Vm *vm)
{
    Object *folder = vm->machine;
    Machine *m = g_malloc0(type->type.size);

    g_assert(folder->type == &container_type);
    m->vm = vm;
    object_detach(folder);
    vm->machine = &m->obj;
    for (const GlobalProp *g = type->compat; g != NULL && g->driver != NULL; g++) {
        vm_add_compat(vm, g, 1);
    }
    object_init(&m->obj, &type->type, &vm->root, "machine");
    m->obj.embedded = false;
    while (folder->children != NULL && folder->children->len > 0) {
        Object *child = g_ptr_array_index(folder->children, 0);
        g_autofree char *name = g_strdup(child->name);

        object_detach(child);
        object_add(&m->obj, child, name, NULL);
    }
    object_free(folder);
    return m;
}

static void machine_reset(Vm *vm, ResetKind kind)
{
    Machine *m = vm_machine(vm);

    if (m->type->reset != NULL) {
        m->type->reset(m, kind);
    } else {
        vm_reset_devices(vm, kind);
    }
}

bool machine_init(Machine *m, GError **errp)
{
    m->obj.sealed = true;
    m->vm->reset_machine = machine_reset;
    return m->type->init == NULL || m->type->init(m, errp);
}

RamBlock *machine_make_ram(Machine *m, GError **errp)
{
    RamOptions opt = m->ram_options;

    if (m->memory_backend != NULL && m->memory_backend[0] != '\0') {
        RamBlock *b = hostmem_use(m->vm, m->memory_backend, errp);

        if (b != NULL && b->used != m->ram_size && b->size != m->ram_size) {
            hostmem_unuse(b, m->vm);
            err_fail(errp, "Machine memory size does not match the size of the memory backend");
            return NULL;
        }
        m->ram_block = b;
        m->ram_of_backend = b != NULL;
        return b;
    }
    opt.anonymous |= opt.path == NULL && !opt.share && ram_private_preferred();

    opt.no_merge = opt.no_merge || !m->mem_merge;
    opt.no_dump = opt.no_dump || !m->dump_guest_core;
    m->ram_block = ram_block_new(m->type->default_ram_id, m->ram_size, &opt, errp);
    if (m->ram_block != NULL) {
        hostmem_show(m->vm, m->type->default_ram_id, m->ram_block, &opt);
    }
    return m->ram_block;
}

char *machine_find_file(const Machine *m, const char *name)
{
    if (g_file_test(name, G_FILE_TEST_EXISTS)) {
        return g_strdup(name);
    }
    for (guint i = 0; m->data_dirs != NULL && i < m->data_dirs->len; i++) {
        g_autofree char *path = g_build_filename(g_ptr_array_index(m->data_dirs, i), name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}
