/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that come over a unix socket (SCM_RIGHTS): those with a name (getfd) and the sets that
 * open "/dev/fdset/N" (add-fd). Sets that nobody opened go with the last client. */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>
#include "monitor/qmp_int.h"
#include "monitor/qmp_schema.h"
#include "util/fdset.h"
#include "util/parse.h"

static GHashTable *named;           /* char * -> fd; under the VM lock */

static int session_fd(QmpCtx *ctx, GError **errp)
{
    int fd = ctx->session != NULL ? qmp_session_take_fd(ctx->session) : -1;

    if (fd < 0) {
        err_fail(errp, "No file descriptor supplied via SCM_RIGHTS");
    }
    return fd;
}

static void close_fd(void *opaque)
{
    close(GPOINTER_TO_INT(opaque));
}

bool qmp_keep_fd(const char *name, int fd, GError **errp)
{
    if (fd < 0) {
        return err_fail(errp, "No file descriptor supplied via SCM_RIGHTS");
    }
    if (g_ascii_isdigit(name[0])) {
        close(fd);
        return err_fail(errp, "Parameter 'fdname' expects a name not starting with a digit");
    }
    if (named == NULL) {
        named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fd);
    }
    g_hash_table_insert(named, g_strdup(name), GINT_TO_POINTER(fd));
    return true;
}

Json *qmp_getfd(QmpCtx *ctx, const QmpGetfdArgs *args, GError **errp)
{
    int fd = session_fd(ctx, errp);

    if (fd >= 0) {
        qmp_keep_fd(args->fdname, fd, errp);
    }
    return NULL;
}

static bool fail_no_name(const char *name, GError **errp)
{
    return err_fail(errp, "File descriptor named '%s' not found", name);
}

Json *qmp_closefd(QmpCtx *ctx, const QmpClosefdArgs *args, GError **errp)
{
    if (named == NULL || !g_hash_table_remove(named, args->fdname)) {
        fail_no_name(args->fdname, errp);
    }
    return NULL;
}

int qmp_take_fd(const char *name, GError **errp)
{
    gpointer key, value;
    uint64_t number;

    if (parse_uint(name, 10, G_MAXINT, &number)) {
        if (fcntl((int)number, F_GETFD) < 0) {
            err_fail(errp, "'%s' is not an open file descriptor", name);
            return -1;
        }
        return (int)number;
    }
    if (named == NULL || !g_hash_table_steal_extended(named, name, &key, &value)) {
        fail_no_name(name, errp);
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value);
}

/* ---- Sets */

Json *qmp_add_fd(QmpCtx *ctx, const QmpAddFdArgs *args, GError **errp)
{
    int fd = session_fd(ctx, errp);
    int64_t set = args->has_fdset_id ? args->fdset_id : -1;
    Json *ret;

    if (fd < 0) {
        return NULL;
    }
    if (args->has_fdset_id && args->fdset_id < 0) {
        close(fd);
        err_fail(errp, "Parameter 'fdset-id' expects a non-negative value");
        return NULL;
    }
    set = fdset_add(set, fd, args->opaque);
    ret = json_object_new();
    json_set_int(ret, "fd", fd);
    json_set_int(ret, "fdset-id", set);
    return ret;
}

Json *qmp_remove_fd(QmpCtx *ctx, const QmpRemoveFdArgs *args, GError **errp)
{
    int64_t fd = args->has_fd ? args->fd : -1;

    if (!fdset_remove(args->fdset_id, fd)) {
        err_fail(errp, args->has_fd ? "File descriptor named 'fdset-id:%" PRId64 ", fd:%" PRId64 "' not found"
                                    : "File descriptor named 'fdset-id:%" PRId64 "' not found",
                 args->fdset_id, fd);
    }
    return NULL;
}

Json *qmp_query_fdsets(QmpCtx *ctx, GError **errp)
{
    return fdset_list();
}

void qmp_fds_client_gone(void)
{
    if (!qmp_sessions_any()) {
        fdset_client_gone();
    }
}
