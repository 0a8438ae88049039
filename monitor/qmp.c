/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a request to its reply: the envelope ("execute", "arguments", "id"), negotiation, arguments,
 * the handler, and the check of what it returns. */
#include "monitor/qmp.h"

#include <stdlib.h>
#include <string.h>
#include "monitor/qmp_int.h"
#include "util/trace.h"

const QmpCommand *qmp_command_find(const char *name)
{
    static size_t count;
    size_t low = 0, high;

    while (count == 0 || qmp_commands[count].name != NULL) {
        count++;
    }
    for (high = count; low < high;) {
        size_t mid = (low + high) / 2;
        int order = strcmp(name, qmp_commands[mid].name);

        if (order == 0) {
            return &qmp_commands[mid];
        }
        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return NULL;
}

void qmp_check(const char *what, const SchemaType *t, const Json *v)
{
    static int known = -1; /* atomic */
    int on = __atomic_load_n(&known, __ATOMIC_RELAXED);
    GError *err = NULL;

    if (on < 0) {
        on = g_strcmp0(getenv("KITE_QMP_CHECK"), "1") == 0;
        __atomic_store_n(&known, on, __ATOMIC_RELAXED);
    }
    if (on && !schema_check(t, v, &err)) {
        g_error("QMP: %s is not what the schema says: %s", what, err->message);
    }
}

/* ---- The envelope */

static bool check_member(const Json *request, const char *key, const Json *v, bool oob,
                         GError **errp)
{
    if (strcmp(key, "execute") == 0 || (oob && strcmp(key, "exec-oob") == 0)) {
        return json_is(v, JSON_STR) ||
            err_fail(errp, "QMP input member '%s' must be a string", key);
    }
    if (strcmp(key, "arguments") == 0) {
        return json_is(v, JSON_OBJECT) ||
            err_fail(errp, "QMP input member 'arguments' must be an object");
    }
    return strcmp(key, "id") == 0 || err_fail(errp, "QMP input member '%s' is unexpected", key);
}

static bool check_request(const Json *request, bool oob, GError **errp)
{
    if (!json_is(request, JSON_OBJECT)) {
        return err_fail(errp, "QMP input must be a JSON object");
    }
    JSON_FOREACH(request, i, v) {
        if (!check_member(request, json_key_at(request, i), v, oob, errp)) {
            return false;
        }
    }
    if (json_has(request, "execute") && json_has(request, "exec-oob")) {
        return err_fail(errp, "QMP input member 'execute' clashes with 'exec-oob'");
    }
    return json_has(request, "execute") || json_has(request, "exec-oob") ||
        err_fail(errp, "QMP input lacks member 'execute'");
}

bool qmp_request_is_oob(const Json *request)
{
    return json_is(request, JSON_OBJECT) && json_has(request, "exec-oob");
}

/* ---- Running */

static Json *run_command(const QmpCommand *cmd, QmpCtx *ctx, const Json *arguments, GError **errp)
{
    g_autoptr(Json) none = arguments == NULL ? json_object_new() : NULL;
    const Json *args = arguments != NULL ? arguments : none;
    GError *err = NULL;
    void *parsed = NULL;
    Json *ret;

    if (!schema_check(cmd->shape, args, errp)) {
        return NULL;
    }
    if (cmd->args != NULL) {
        parsed = struct_from_json(cmd->args, args, errp);
        if (parsed == NULL) {
            return NULL;
        }
    }
    TRACE("handle_qmp_command", "%s", cmd->name);
    ret = cmd->run(ctx, cmd->args != NULL ? parsed : args, &err);
    struct_free(cmd->args, parsed);
    if (err != NULL) {
        json_unref(ret);
        g_propagate_error(errp, err);
        return NULL;
    }
    if (ret == NULL) {
        ret = json_object_new();
    }
    if (cmd->returns != NULL) {
        qmp_check(cmd->name, cmd->returns, ret);
    }
    return ret;
}

Json *qmp_call(struct Vm *vm, const char *name, const Json *args, GError **errp)
{
    const QmpCommand *cmd = qmp_command_find(name);
    QmpCtx ctx = { .vm = vm };

    if (cmd == NULL) {
        err_fail_class(errp, ERR_COMMAND_NOT_FOUND, "The command %s has not been found", name);
        return NULL;
    }
    return run_command(cmd, &ctx, args, errp);
}

/* May this command run now? */
static const QmpCommand *choose_command(const QmpCtx *ctx, const char *name, bool oob,
                                        GError **errp)
{
    const QmpCommand *cmd = qmp_command_find(name);
    bool negotiates = strcmp(name, "qmp_capabilities") == 0;

    if (!qmp_session_ready(ctx->session) && !negotiates) {
        err_fail_class(errp, ERR_COMMAND_NOT_FOUND,
                       "Expecting capabilities negotiation with 'qmp_capabilities'");
        return NULL;
    }
    if (qmp_session_ready(ctx->session) && negotiates && !oob) {
        err_fail_class(errp, ERR_COMMAND_NOT_FOUND,
                       "Capabilities negotiation is already complete, command ignored");
        return NULL;
    }
    if (cmd == NULL) {
        err_fail_class(errp, ERR_COMMAND_NOT_FOUND, "The command %s has not been found", name);
        return NULL;
    }
    if (oob && !(cmd->flags & QMP_OOB)) {
        err_fail(errp, "The command %s does not support OOB", name);
        return NULL;
    }
    return cmd;
}

Json *qmp_error_reply(const Json *request, GError *err)
{
    Json *id = json_is(request, JSON_OBJECT) ? json_get(request, "id") : NULL;
    Json *reply = json_object_new(), *error = json_object_new();
    /* without a request the message quotes what the client sent, line ends included */
    g_autofree char *text = request != NULL ? err_text(err) : g_strdup(err->message);

    if (id != NULL) {
        json_set(reply, "id", json_ref(id));
    }
    json_set_str(error, "class", err_class_name(err));
    json_set_str(error, "desc", text);
    json_set(reply, "error", error);
    g_error_free(err);
    return reply;
}

Json *qmp_dispatch(QmpCtx *ctx, const Json *request)
{
    bool oob = qmp_request_is_oob(request);
    const QmpCommand *cmd;
    Json *value = NULL, *reply, *id;
    GError *err = NULL;

    if (!check_request(request, qmp_session_oob(ctx->session), &err)) {
        return qmp_error_reply(request, err);
    }
    cmd = choose_command(ctx, json_get_str(request, oob ? "exec-oob" : "execute"), oob, &err);
    if (cmd != NULL) {
        value = run_command(cmd, ctx, json_get(request, "arguments"), &err);
    }
    if (value == NULL) {
        return qmp_error_reply(request, err);
    }
    reply = json_object_new();
    json_set(reply, "return", value);
    id = json_get(request, "id");
    if (id != NULL) {
        json_set(reply, "id", json_ref(id));
    }
    return reply;
}
