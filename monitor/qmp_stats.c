/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-stats and query-stats-schemas: the counters of KVM. Other accelerators have none. */
#include <string.h>
#include "accel/kvm/kvm.h"
#include "hw/core/vm.h"
#include "monitor/qmp_schema.h"
#include "target/cpu.h"

/* Is a name asked for? providers NULL: all are; an empty list of names counts as none. */
static bool name_wanted(const Json *providers, const char *name)
{
    const Json *names = json_get(json_at(providers, 0), "names");

    if (names == NULL) {
        return true;
    }
    JSON_FOREACH(names, i, n) {
        if (strcmp(json_str_value(n), name) == 0) {
            return true;
        }
    }
    return false;
}

/* One object's row; nothing when nothing of it is wanted. stats is given away. */
static void add_result(Json *list, const char *path, Json *stats, const Json *providers)
{
    Json *chosen = json_array_new(), *row;

    JSON_FOREACH(stats, i, s) {
        if (name_wanted(providers, json_get_str(s, "name"))) {
            json_array_add(chosen, json_ref(s));
        }
    }
    json_unref(stats);
    if (json_len(chosen) == 0) {
        json_unref(chosen);
        return;
    }
    row = json_object_new();
    json_set_str(row, "provider", "kvm");
    if (path != NULL) {
        json_set_str(row, "qom-path", path);
    }
    json_set(row, "stats", chosen);
    json_array_add(list, row);
}

static bool path_wanted(const Json *paths, const char *path)
{
    if (paths == NULL) {
        return true;
    }
    JSON_FOREACH(paths, i, p) {
        if (strcmp(json_str_value(p), path) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_cpus(Json *list, Vm *vm, const Json *args, GError **errp)
{
    for (guint i = 0; vm->cpus != NULL && i < vm->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(vm->cpus, i);
        g_autofree char *path = object_path(&cpu->dev.obj);
        Json *stats;

        if (!path_wanted(json_get(args, "vcpus"), path)) {
            continue;
        }
        stats = kvm_stats_json(vm, cpu, errp);
        if (stats == NULL) {
            return false;
        }
        add_result(list, path, stats, json_get(args, "providers"));
    }
    return true;
}

Json *qmp_query_stats(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *providers = json_get(args, "providers");
    g_autoptr(Json) list = json_array_new();
    Json *stats;

    if (!kvm_enabled(ctx->vm) || (providers != NULL && json_len(providers) == 0)) {
        return g_steal_pointer(&list);
    }
    if (strcmp(json_get_str(args, "target"), "vcpu") == 0) {
        return add_cpus(list, ctx->vm, args, errp) ? g_steal_pointer(&list) : NULL;
    }
    stats = kvm_stats_json(ctx->vm, NULL, errp);
    if (stats == NULL) {
        return NULL;
    }
    add_result(list, NULL, stats, providers);
    return g_steal_pointer(&list);
}

static bool add_schema(Json *list, const Vm *vm, bool of_vcpu, GError **errp)
{
    Json *stats = kvm_stats_schema_json(vm, of_vcpu, errp), *row;

    if (stats == NULL) {
        return false;
    }
    row = json_object_new();
    json_set_str(row, "provider", "kvm");
    json_set_str(row, "target", of_vcpu ? "vcpu" : "vm");
    json_set(row, "stats", stats);
    json_array_add(list, row);
    return true;
}

Json *qmp_query_stats_schemas(QmpCtx *ctx, const QmpQueryStatsSchemasArgs *args, GError **errp)
{
    g_autoptr(Json) list = json_array_new();

    if (kvm_enabled(ctx->vm) &&
        (!add_schema(list, ctx->vm, false, errp) || !add_schema(list, ctx->vm, true, errp))) {
        return NULL;
    }
    return g_steal_pointer(&list);
}
