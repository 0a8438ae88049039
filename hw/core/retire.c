/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Freeing what vCPU threads may still be looking at (decision D9).
 *
 * A vCPU thread is online while it runs guest code; between guest instructions it passes stopping
 * points. Every retired thing gets the next epoch number; each stopping point notes the newest
 * epoch. A thing is released when every online thread has noted its epoch: none can have loaded the
 * pointer before. */
#include "hw/core/vm_int.h"

typedef struct Retired {
    void (*release)(void *p);
    void *p;
    uint64_t epoch;
} Retired;

struct VmOnline {
    Vm *vm;
    uint64_t seen; /* VmRetired.lock */
    bool online;   /* atomic */
};

struct VmRetired {
    GMutex lock;
    uint64_t epoch;
    GArray *items;      /* of Retired, oldest first */
    GPtrArray *threads; /* of VmOnline * */
    unsigned pending;   /* atomic: items->len */
};

static __thread VmOnline *self;

struct VmRetired *vm_retired_new(void)
{
    struct VmRetired *r = g_new0(struct VmRetired, 1);

    g_mutex_init(&r->lock);
    r->items = g_array_new(FALSE, FALSE, sizeof(Retired));
    r->threads = g_ptr_array_new();
    return r;
}

/* Releases what nobody can see; the release functions run without the lock. */
static void collect(struct VmRetired *r)
{
    g_autoptr(GArray) ripe = g_array_new(FALSE, FALSE, sizeof(Retired));
    uint64_t oldest = UINT64_MAX;
    guint n = 0;

    g_mutex_lock(&r->lock);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (guint i = 0; i < r->threads->len; i++) {
        const VmOnline *o = g_ptr_array_index(r->threads, i);

        if (__atomic_load_n(&o->online, __ATOMIC_SEQ_CST)) {
            oldest = MIN(oldest, o->seen);
        }
    }
    while (n < r->items->len && g_array_index(r->items, Retired, n).epoch <= oldest) {
        g_array_append_val(ripe, g_array_index(r->items, Retired, n));
        n++;
    }
    if (n > 0) {
        g_array_remove_range(r->items, 0, n);
        __atomic_store_n(&r->pending, r->items->len, __ATOMIC_RELAXED);
    }
    g_mutex_unlock(&r->lock);
    for (guint i = 0; i < ripe->len; i++) {
        const Retired *item = &g_array_index(ripe, Retired, i);

        item->release(item->p);
    }
}

void vm_retired_free(struct VmRetired *r)
{
    collect(r);
    g_assert(r->threads->len == 0 && r->items->len == 0);
    g_array_free(r->items, TRUE);
    g_ptr_array_unref(r->threads);
    g_mutex_clear(&r->lock);
    g_free(r);
}

void vm_retire(Vm *vm, void (*release)(void *p), void *p)
{
    struct VmRetired *r;
    Retired item = { release, p, 0 };
    bool left;

    if (vm == NULL || vm->retired == NULL) { /* tests of memory alone: no vCPUs */
        release(p);
        return;
    }
    r = vm->retired;
    g_mutex_lock(&r->lock);
    item.epoch = ++r->epoch;
    g_array_append_val(r->items, item);
    __atomic_store_n(&r->pending, r->items->len, __ATOMIC_RELAXED);
    g_mutex_unlock(&r->lock);
    collect(r);
    left = __atomic_load_n(&r->pending, __ATOMIC_RELAXED) != 0;
    if (left && vm->cpu_ops != NULL && vm->cpu_ops->kick_all != NULL) {
        vm->cpu_ops->kick_all(vm);
    }
}

VmOnline *vm_online_new(Vm *vm)
{
    VmOnline *o = g_new0(VmOnline, 1);

    o->vm = vm;
    g_mutex_lock(&vm->retired->lock);
    g_ptr_array_add(vm->retired->threads, o);
    g_mutex_unlock(&vm->retired->lock);
    return o;
}

void vm_online_free(VmOnline *o)
{
    struct VmRetired *r = o->vm->retired;

    g_assert(!o->online);
    g_mutex_lock(&r->lock);
    g_ptr_array_remove(r->threads, o);
    g_mutex_unlock(&r->lock);
    if (self == o) {
        self = NULL;
    }
    g_free(o);
    collect(r);
}

void vm_online_enter(VmOnline *o)
{
    struct VmRetired *r = o->vm->retired;

    self = o;
    g_mutex_lock(&r->lock);
    o->seen = r->epoch;
    __atomic_store_n(&o->online, true, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&r->lock);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void vm_online_leave(VmOnline *o)
{
    __atomic_store_n(&o->online, false, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&o->vm->retired->pending, __ATOMIC_RELAXED) != 0) {
        collect(o->vm->retired);
    }
}

void vm_online_quiescent(VmOnline *o)
{
    struct VmRetired *r = o->vm->retired;

    if (__atomic_load_n(&r->pending, __ATOMIC_RELAXED) == 0) {
        return;
    }
    g_mutex_lock(&r->lock);
    o->seen = r->epoch;
    g_mutex_unlock(&r->lock);
    collect(r);
}

bool vm_thread_online(void)
{
    return self != NULL && self->online;
}
