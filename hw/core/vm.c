/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VM: its lock, its fixed tree and address spaces, globals, reset of everything. Running,
 * stopping and requests are in runstate.c. */
#include "hw/core/vm_int.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hw/core/loader.h"
#include "util/log.h"

/* ---- The lock. Its owner is the address of a variable that every thread has its own of. */

static __thread char thread_mark;

bool vm_locked(const Vm *vm)
{
    return __atomic_load_n(&vm->lock_owner, __ATOMIC_RELAXED) == &thread_mark;
}

/* Whoever is woken mostly wants the lock next: not before we are out of it. */
static __thread struct {
    unsigned n;
    uint32_t *word[16];
} wakes;

static void wake_all(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void wake_deferred(void)
{
    while (wakes.n > 0) {
        wake_all(wakes.word[--wakes.n]);
    }
}

void vm_wake_later(Vm *vm, uint32_t *word)
{
    if (!vm_thread_online() || !vm_locked(vm) || wakes.n == G_N_ELEMENTS(wakes.word)) {
        wake_all(word);
    } else {
        wakes.word[wakes.n++] = word;
    }
}

void vm_lock(Vm *vm)
{
    enum { SPINS = 100 };   /* it is mostly held for much less than a sleep and a wake-up take */

    g_assert(!vm_locked(vm));
    for (unsigned n = 0; !g_mutex_trylock(&vm->lock); n++) {
        if (n == SPINS) {
            g_mutex_lock(&vm->lock);
            break;
        }
        __builtin_ia32_pause();
    }
    __atomic_store_n(&vm->lock_owner, &thread_mark, __ATOMIC_RELAXED);
}

void vm_unlock(Vm *vm)
{
    g_assert(vm_locked(vm));
    __atomic_store_n(&vm->lock_owner, NULL, __ATOMIC_RELAXED);
    g_mutex_unlock(&vm->lock);
    if (wakes.n > 0) {
        wake_deferred();
    }
}

bool vm_lock_maybe(Vm *vm)
{
    if (vm == NULL || vm_locked(vm)) { /* no VM: tests of memory alone */
        return false;
    }
    vm_lock(vm);
    return true;
}

void vm_unlock_maybe(Vm *vm, bool taken)
{
    if (taken) {
        vm_unlock(vm);
    }
}

void vm_cond_wait(Vm *vm, GCond *cond)
{
    g_assert(vm_locked(vm));
    wake_deferred();
    __atomic_store_n(&vm->lock_owner, NULL, __ATOMIC_RELAXED);
    g_cond_wait(cond, &vm->lock);
    __atomic_store_n(&vm->lock_owner, &thread_mark, __ATOMIC_RELAXED);
}

void vm_on_cpus(Vm *vm, bool exclusive, void (*fn)(struct Cpu *cpu, void *opaque), void *opaque)
{
    if (vm->cpu_ops != NULL) {
        vm->cpu_ops->on_cpus(vm, exclusive, fn, opaque);
        return;
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        fn(g_ptr_array_index(vm->cpus, i), opaque);
    }
}

/* ---- Life */

static uint64_t io_read(void *opaque, GuestAddr off, unsigned size)
{
    (void)opaque;
    (void)off;
    (void)size;
    return ~0ull; /* nobody drives the bus */
}

static const MemOps io_ops = { .read = io_read, .max_size = 4 };

static const ObjType root_type = { .name = "root-container",
                                   .parent = &container_type,
                                   .size = sizeof(Object) };
TYPE_REGISTER(root_type);

/* Until a board is made /machine is a folder, so that devices have their place. */
static void make_folders(Vm *vm)
{
    object_init(&vm->root, &root_type, NULL, NULL);
    vm->machine = object_new(&container_type, &vm->root, "machine");
    vm->objects = object_new(&container_type, &vm->root, "objects");
    vm->chardevs = object_new(&container_type, &vm->root, "chardevs");
    vm->backend = object_new(&container_type, &vm->root, "backend");
    vm->peripheral = object_new(&container_type, vm->machine, "peripheral");
    vm->peripheral_anon = object_new(&container_type, vm->machine, "peripheral-anon");
    vm->unattached = object_new(&container_type, vm->machine, "unattached");
}

Vm *vm_new(void)
{
    Vm *vm = g_new0(Vm, 1);

    g_mutex_init(&vm->lock);
    vm->retired = vm_retired_new();
    vm->requests = vm_requests_new(vm);
    vm->cpus = g_ptr_array_new();
    vm->buses = g_ptr_array_new();
    vm->notify = g_ptr_array_new();
    vm->roms = rom_list_new();
    vm->compat = g_array_new(FALSE, TRUE, sizeof(GlobalProp));
    vm->globals = g_array_new(FALSE, TRUE, sizeof(GlobalProp));
    vm->run_state = RUN_PRELAUNCH;
    make_folders(vm);
    mem_init(&vm->system_region, "system", MEM_SIZE_MAX);
    mem_init_io(&vm->io_region, "io", 65536, &io_ops, vm);
    vm->io = addr_space_new(vm, "I/O", &vm->io_region);
    vm->mem = addr_space_new(vm, "memory", &vm->system_region);
    vm->system_bus = bus_new_root(&system_bus, vm, "main-system-bus");
    g_free(vm->system_bus->obj.name); /* its place in the tree has a name of its own */
    vm->system_bus->obj.name = g_strdup("sysbus");
    return vm;
}

void vm_free(Vm *vm)
{
    if (vm == NULL) {
        return;
    }
    object_free(&vm->root);
    addr_space_free(vm->mem);
    addr_space_free(vm->io);
    mem_fini(&vm->system_region);
    mem_fini(&vm->io_region);
    for (guint i = 0; i < vm->globals->len; i++) {
        const GlobalProp *g = &g_array_index(vm->globals, GlobalProp, i);

        g_free((char *)g->driver);
        g_free((char *)g->property);
        g_free((char *)g->value);
    }
    g_array_free(vm->globals, TRUE);
    g_array_free(vm->compat, TRUE);
    g_ptr_array_unref(vm->notify);
    g_ptr_array_unref(vm->roms);
    g_ptr_array_unref(vm->buses);
    g_ptr_array_unref(vm->cpus);
    vm_retired_free(vm->retired);
    vm_requests_free(vm->requests);
    g_free(vm->name);
    g_free(vm->uuid);
    g_mutex_clear(&vm->lock);
    g_free(vm);
}

/* ---- Globals and compat */

void vm_add_global(Vm *vm, const char *driver, const char *property, const char *value)
{
    GlobalProp g = { g_strdup(driver), g_strdup(property), g_strdup(value), false, false };

    g_array_append_val(vm->globals, g);
}

void vm_add_compat(Vm *vm, const GlobalProp *rows, size_t n)
{
    g_array_append_vals(vm->compat, rows, (guint)n);
}

/* What may still be plugged, or depends on the accelerator, need not exist. */
static bool expected(const DeviceType *t)
{
    const BusType *bus = device_type_bus(t);

    return !t->hotpluggable && bus != NULL && strcmp(bus->type.name, "PCI") == 0;
}

void vm_check_globals(Vm *vm)
{
    for (guint i = 0; i < vm->globals->len; i++) {
        const GlobalProp *g = &g_array_index(vm->globals, GlobalProp, i);
        const ObjType *t = type_find(g->driver);

        if (g->used) {
            continue;
        }
        if (t == NULL || !type_is_a(t, &device_base.type)) {
            warn("global %s.%s has invalid class name", g->driver, g->property);
        } else if (expected(device_type_of(t))) {
            warn("global %s.%s=%s not used", g->driver, g->property, g->value);
        }
    }
}

/* ---- Reset */

static bool lower_lines(Object *obj, void *opaque)
{
    const Device *dev = device_from_object(obj);

    (void)opaque;
    for (guint i = 0; dev != NULL && dev->realized && i < dev->gpio_out->len; i++) {
        const GpioOut *out = &g_array_index(dev->gpio_out, GpioOut, i);

        for (unsigned pin = 0; pin < out->n; pin++) {
            irq_set(out->pins[pin], 0);
        }
    }
    return true;
}

static bool is_cpu(const Vm *vm, const Device *dev)
{
    return g_ptr_array_find(vm->cpus, dev, NULL);
}

/* Devices that hang on no bus and are no part of another device; the rest is reached from them. */
static bool reset_tops(Object *obj, void *opaque)
{
    ResetKind kind = *(const ResetKind *)opaque;
    Device *dev = device_from_object(obj);

    if (dev != NULL && dev->realized && dev->bus == NULL && !is_cpu(dev->vm, dev) &&
        (obj->parent == NULL || device_from_object(obj->parent) == NULL)) {
        device_reset(dev, kind);
    }
    return true;
}

/* The system bus first: host bridges and what hangs on them; then devices without a bus. */
void vm_reset_devices(Vm *vm, ResetKind kind)
{
    object_walk(&vm->root, lower_lines, NULL);
    for (guint i = 0; i < vm->buses->len; i++) {
        Bus *bus = g_ptr_array_index(vm->buses, i);

        if (bus->owner == NULL) {
            bus_reset(bus, kind);
        }
    }
    object_walk(&vm->root, reset_tops, &kind);
}

void vm_reset(Vm *vm, ResetKind kind)
{
    g_assert(!vm->in_reset);
    vm->in_reset = true;
    mem_txn_begin();
    if (vm->reset_machine != NULL) {
        vm->reset_machine(vm, kind);
    } else {
        vm_reset_devices(vm, kind);
    }
    mem_txn_commit(); /* shadowed ROM areas are unlocked before contents are copied */
    rom_reset(vm);
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->reset != NULL) {
            n->reset(n->opaque);
        }
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        device_reset(g_ptr_array_index(vm->cpus, i), kind);
    }
    if (vm->cpu_ops != NULL && vm->cpu_ops->after_reset != NULL) {
        vm->cpu_ops->after_reset(vm);
    }
    vm->in_reset = false;
}

/* ---- Notifiers */

void vm_notify_add(Vm *vm, const VmNotify *n)
{
    g_ptr_array_add(vm->notify, (void *)n);
}

void vm_notify_del(Vm *vm, const VmNotify *n)
{
    g_ptr_array_remove(vm->notify, (void *)n);
}

void vm_report(Vm *vm, const char *event, Json *data)
{
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->report != NULL) {
            n->report(n->opaque, event, data);
        }
    }
    json_unref(data);
}

void vm_event(Vm *vm, const char *event, ShutdownCause cause)
{
    for (guint i = 0; i < vm->notify->len; i++) {
        const VmNotify *n = g_ptr_array_index(vm->notify, i);

        if (n->event != NULL) {
            n->event(n->opaque, event, cause);
        }
    }
}
