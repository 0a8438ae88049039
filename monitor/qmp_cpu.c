/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on processor models. */
#include "monitor/qmp_schema.h"
#include "target/cpu.h"

Json *qmp_query_cpu_definitions(QmpCtx *ctx, GError **errp)
{
    return target_cpu_definitions(ctx->vm);
}

Json *qmp_query_cpu_model_expansion(QmpCtx *ctx, const Json *args, GError **errp)
{
    const Json *model = json_get(args, "model"), *props = json_get(model, "props");
    bool full = json_get_str(args, "type")[0] == 'f';
    Json *ret, *expanded;

    if (props != NULL && !json_is(props, JSON_OBJECT)) {
        err_fail(errp, "Invalid parameter type for 'model.props', expected: object");
        return NULL;
    }
    expanded = target_cpu_expand(ctx->vm, json_get_str(model, "name"), props, full, errp);
    if (expanded == NULL) {
        return NULL;
    }
    ret = json_object_new();
    json_set(ret, "model", expanded);
    return ret;
}
