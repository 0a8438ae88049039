/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of the monitor itself: negotiation, what there is, the end, human lines, traces. */
#include <string.h>
#include "hw/core/vm.h"
#include "monitor/hmp.h"
#include "monitor/qmp_int.h"
#include "monitor/qmp_schema.h"
#include "system/chardev/char.h"
#include "util/trace.h"

Json *qmp_capabilities(QmpCtx *ctx, const Json *args, GError **errp)
{
    bool oob = json_len(json_get(args, "enable")) > 0;      /* it is the only one there is */

    if (ctx->session == NULL) {
        err_fail(errp, "There is no session to negotiate for");
        return NULL;
    }
    if (oob && !qmp_session_offers_oob(ctx->session)) {
        err_fail(errp, "Capability oob not available");
        return NULL;
    }
    qmp_session_negotiated(ctx->session, oob);
    return NULL;
}

Json *qmp_query_version(QmpCtx *ctx, GError **errp)
{
    return qmp_version();
}

Json *qmp_query_commands(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new();

    for (const QmpCommand *c = qmp_commands; c->name != NULL; c++) {
        Json *row = json_object_new();

        json_set_str(row, "name", c->name);
        json_array_add(list, row);
    }
    return list;
}

Json *qmp_query_qmp_schema(QmpCtx *ctx, GError **errp)
{
    static Json *schema;            /* parsed once: a big text that never changes */

    if (schema == NULL) {
        schema = json_parse(qmp_schema_json, errp);
    }
    return schema != NULL ? json_ref(schema) : NULL;
}

Json *qmp_quit(QmpCtx *ctx, GError **errp)
{
    vm_request_shutdown(ctx->vm, SHUTDOWN_HOST_QMP_QUIT);
    vm_handle_requests(ctx->vm);
    return NULL;
}

Json *qmp_query_name(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new();

    if (ctx->vm->name != NULL) {
        json_set_str(ret, "name", ctx->vm->name);
    }
    return ret;
}

Json *qmp_query_uuid(QmpCtx *ctx, GError **errp)
{
    const char *uuid = ctx->vm->uuid;
    Json *ret = json_object_new();

    json_set_str(ret, "UUID", uuid != NULL ? uuid : "00000000-0000-0000-0000-000000000000");
    return ret;
}

/* ---- Human lines */

static Json *text_reply(char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *joined = g_strjoinv("\r\n", lines);

    g_free(text);
    return json_str(joined);
}

Json *qmp_human_monitor_command(QmpCtx *ctx, const QmpHumanMonitorCommandArgs *args, GError **errp)
{
    uint64_t cpu = args->has_cpu_index ? (uint64_t)args->cpu_index : 0;

    if (args->has_cpu_index && (ctx->vm->cpus == NULL || cpu >= ctx->vm->cpus->len)) {
        err_fail(errp, "Parameter 'cpu-index' expects a CPU number");
        return NULL;
    }
    return text_reply(hmp_run_text(ctx->vm, args->command_line, (unsigned)cpu));
}

static Json *human_line(QmpCtx *ctx, const char *line)
{
    g_autofree char *text = hmp_run_text(ctx->vm, line, 0);
    Json *ret = json_object_new();

    json_set_str(ret, "human-readable-text", text);
    return ret;
}

Json *qmp_x_query_irq(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info irq");
}

Json *qmp_x_query_jit(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info jit");
}

Json *qmp_x_query_numa(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info numa");
}

Json *qmp_x_query_opcount(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info opcount");
}

Json *qmp_x_query_ramblock(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info ramblock");
}

Json *qmp_x_query_roms(QmpCtx *ctx, GError **errp)
{
    return human_line(ctx, "info roms");
}

/* ---- Connections */

/* These two also run on the monitors' own thread, without the VM lock. */
Json *qmp_query_yank(QmpCtx *ctx, GError **errp)
{
    g_auto(GStrv) ids = char_yank_list();
    Json *list = json_array_new();

    for (unsigned i = 0; ids[i] != NULL; i++) {
        Json *row = json_object_new();

        json_set_str(row, "type", "chardev");
        json_set_str(row, "id", ids[i]);
        json_array_add(list, row);
    }
    return list;
}

Json *qmp_yank(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *list = json_get(args, "instances");
    g_autofree const char **ids = g_new0(const char *, json_len(list) + 1);

    JSON_FOREACH(list, i, row) {
        ids[i] = json_get_str(row, "id");
    }
    if (!char_yank(ids)) {
        err_fail_class(errp, ERR_DEVICE_NOT_FOUND, "Instance not found");
    }
    return NULL;
}

/* ---- Traces */

typedef struct TraceQuery { const char *pattern; Json *list; } TraceQuery;

static void add_trace(const char *name, bool on, void *opaque)
{
    TraceQuery *q = opaque;

    if (g_pattern_match_simple(q->pattern, name)) {
        Json *row = json_object_new();

        json_set_str(row, "name", name);
        json_set_bool(row, "vcpu", false);
        json_set_str(row, "state", on ? "enabled" : "disabled");
        json_array_add(q->list, row);
    }
}

/* The points that a name or pattern means; NULL + error for an unknown name. */
static Json *find_traces(const char *pattern, bool vcpu, GError **errp)
{
    TraceQuery q = { pattern, json_array_new() };

    trace_foreach(add_trace, &q);
    if (strpbrk(pattern, "*?") == NULL && json_len(q.list) == 0) {
        err_fail(errp, "unknown event \"%s\"", pattern);
    } else if (strpbrk(pattern, "*?") == NULL && vcpu) {
        err_fail(errp, "event \"%s\" is not vCPU-specific", pattern);
    } else {
        return q.list;
    }
    json_unref(q.list);
    return NULL;
}

Json *qmp_trace_event_get_state(QmpCtx *ctx, const QmpTraceEventGetStateArgs *args, GError **errp)
{
    return find_traces(args->name, args->has_vcpu, errp);
}

Json *qmp_trace_event_set_state(QmpCtx *ctx, const QmpTraceEventSetStateArgs *args, GError **errp)
{
    g_autoptr(Json) list = find_traces(args->name, args->has_vcpu, errp);
    g_autofree char *text = g_strconcat(args->enable ? "" : "-", args->name, NULL);

    if (list != NULL) {
        trace_enable(text);
    }
    return NULL;
}

/* ---- Migration: only its one switch */

static bool migration_events;

Json *qmp_query_migrate_capabilities(QmpCtx *ctx, GError **errp)
{
    Json *list = json_array_new(), *row = json_object_new();

    json_set_bool(row, "state", migration_events);
    json_set_str(row, "capability", "events");
    json_array_add(list, row);
    return list;
}

Json *qmp_migrate_set_capabilities(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *list = json_get(args, "capabilities");

    JSON_FOREACH(list, i, row) {
        migration_events = json_get_bool(row, "state", false);
    }
    return NULL;
}
