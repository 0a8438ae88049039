/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iothread. The limits of polling are kept and shown; the loop does not poll. */
#include "hw/core/iothread.h"

#include <string.h>
#include "util/err.h"

typedef struct Iothread {
    Object obj;
    int64_t poll_max_ns, poll_grow, poll_shrink, aio_max_batch, pool_min, pool_max;
    Loop *loop;
} Iothread;

static const Field iothread_props[] = {
    FIELD_I64("aio-max-batch", Iothread, aio_max_batch, 0, .type_name = "int", .flags = FIELD_LIVE),
    FIELD_I64("poll-grow", Iothread, poll_grow, 0, .type_name = "int", .flags = FIELD_LIVE),
    FIELD_I64("poll-max-ns", Iothread, poll_max_ns, 32768, .type_name = "int", .flags = FIELD_LIVE),
    FIELD_I64("poll-shrink", Iothread, poll_shrink, 0, .type_name = "int", .flags = FIELD_LIVE),
    FIELD_I64("thread-pool-max", Iothread, pool_max, 64, .type_name = "int", .flags = FIELD_LIVE),
    FIELD_I64("thread-pool-min", Iothread, pool_min, 0, .type_name = "int", .flags = FIELD_LIVE),
    { 0 },
};

static bool iothread_complete(Object *obj, GError **errp)
{
    Iothread *t = (Iothread *)obj;
    const int64_t values[] = { t->poll_max_ns, t->poll_grow, t->poll_shrink, t->aio_max_batch,
                               t->pool_min, t->pool_max };
    g_autofree char *name = g_strdup_printf("IO %s", obj->name);

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (values[i] < 0) {
            return err_fail(errp, "iothread '%s': values must not be negative", obj->name);
        }
    }
    t->loop = loop_new_thread(name);
    return true;
}

static void iothread_fini(Object *obj)
{
    Iothread *t = (Iothread *)obj;

    if (t->loop != NULL) {
        loop_free(t->loop);
    }
}

static const ObjType iothread_type = {
    .name = "iothread", .parent = &object_base, .size = sizeof(Iothread), .user_creatable = true,
    .props = iothread_props, .complete = iothread_complete, .fini = iothread_fini,
};
TYPE_REGISTER(iothread_type);

Loop *iothread_loop(Vm *vm, const char *id, GError **errp)
{
    Object *obj = object_child(vm->objects, id);

    if (obj == NULL || obj->type != &iothread_type) {
        err_fail(errp, "can't find iothread '%s'", id);
        return NULL;
    }
    return ((Iothread *)obj)->loop;
}

Json *iothreads_json(Vm *vm)
{
    const GPtrArray *children = vm->objects->children;
    Json *list = json_array_new();

    for (guint i = 0; children != NULL && i < children->len; i++) {
        const Object *obj = g_ptr_array_index(children, i);
        const Iothread *t = (const Iothread *)obj;
        Json *row;

        if (obj->type != &iothread_type) {
            continue;
        }
        row = json_object_new();
        json_set_str(row, "id", obj->name);
        json_set_int(row, "thread-id", loop_thread_id(t->loop));
        json_set_int(row, "poll-max-ns", t->poll_max_ns);
        json_set_int(row, "poll-grow", t->poll_grow);
        json_set_int(row, "poll-shrink", t->poll_shrink);
        json_set_int(row, "aio-max-batch", t->aio_max_batch);
        json_array_add(list, row);
    }
    return list;
}
