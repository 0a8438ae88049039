/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor sets. */
#include "util/fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "util/parse.h"

typedef struct FdsetFd { int fd; char *opaque; } FdsetFd;
typedef struct Fdset {
    int64_t id;
    GPtrArray *fds;                 /* of FdsetFd * */
    bool opened, kept;
} Fdset;

static GPtrArray *sets;             /* of Fdset *, by rising id */

static void fd_free(void *opaque)
{
    FdsetFd *f = opaque;

    close(f->fd);
    g_free(f->opaque);
    g_free(f);
}

static void set_free(void *opaque)
{
    Fdset *s = opaque;

    g_ptr_array_unref(s->fds);
    g_free(s);
}

static Fdset *set_find(int64_t id)
{
    for (guint i = 0; sets != NULL && i < sets->len; i++) {
        Fdset *s = g_ptr_array_index(sets, i);

        if (s->id == id) {
            return s;
        }
    }
    return NULL;
}

static Fdset *set_new(int64_t id)
{
    Fdset *s = g_new0(Fdset, 1);
    guint at = 0;

    if (sets == NULL) {
        sets = g_ptr_array_new_with_free_func(set_free);
    }
    if (id < 0) {
        for (id = 0; set_find(id) != NULL; id++) {
        }
    }
    s->id = id;
    s->fds = g_ptr_array_new_with_free_func(fd_free);
    while (at < sets->len && ((Fdset *)g_ptr_array_index(sets, at))->id < id) {
        at++;
    }
    g_ptr_array_insert(sets, (gint)at, s);
    return s;
}

int64_t fdset_add(int64_t set, int fd, const char *opaque)
{
    Fdset *s = set >= 0 ? set_find(set) : NULL;
    FdsetFd *f = g_new(FdsetFd, 1);

    if (s == NULL) {
        s = set_new(set);
    }
    *f = (FdsetFd){ fd, g_strdup(opaque) };
    g_ptr_array_add(s->fds, f);
    return s->id;
}

bool fdset_remove(int64_t set, int64_t fd)
{
    Fdset *s = set_find(set);

    if (s == NULL) {
        return false;
    }
    if (fd < 0) {
        g_ptr_array_remove(sets, s);
        return true;
    }
    for (guint i = 0; i < s->fds->len; i++) {
        const FdsetFd *f = g_ptr_array_index(s->fds, i);

        if (f->fd == fd) {
            g_ptr_array_remove_index(s->fds, i);
            if (s->fds->len == 0) {
                g_ptr_array_remove(sets, s);
            }
            return true;
        }
    }
    return false;
}

static Json *fds_list(const Fdset *s)
{
    Json *list = json_array_new();

    for (guint i = 0; i < s->fds->len; i++) {
        const FdsetFd *f = g_ptr_array_index(s->fds, i);
        Json *row = json_object_new();

        json_set_int(row, "fd", f->fd);
        if (f->opaque != NULL) {
            json_set_str(row, "opaque", f->opaque);
        }
        json_array_add(list, row);
    }
    return list;
}

Json *fdset_list(void)
{
    Json *list = json_array_new();

    for (guint i = 0; sets != NULL && i < sets->len; i++) {
        const Fdset *s = g_ptr_array_index(sets, i);
        Json *row = json_object_new();

        json_set_int(row, "fdset-id", s->id);
        json_set(row, "fds", fds_list(s));
        json_array_add(list, row);
    }
    return list;
}

void fdset_client_gone(void)
{
    for (guint i = sets != NULL ? sets->len : 0; i-- > 0;) {
        const Fdset *s = g_ptr_array_index(sets, i);

        if (!s->opened && !s->kept) {
            g_ptr_array_remove_index(sets, i);
        }
    }
}

void fdset_keep(void)
{
    for (guint i = 0; sets != NULL && i < sets->len; i++) {
        ((Fdset *)g_ptr_array_index(sets, i))->kept = true;
    }
}

/* A duplicate of the member that was opened for what flags ask. */
static int set_open(Fdset *s, int flags)
{
    for (guint i = 0; i < s->fds->len; i++) {
        const FdsetFd *f = g_ptr_array_index(s->fds, i);
        int has = fcntl(f->fd, F_GETFL);

        if (has >= 0 && (has & O_ACCMODE) == (flags & O_ACCMODE)) {
            int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);

            if (fd >= 0 && (flags & O_TRUNC) && ftruncate(fd, 0) < 0 && errno != EINVAL) {
                close(fd);
                return -1;
            }
            s->opened = s->opened || fd >= 0;
            return fd;
        }
    }
    errno = EACCES;
    return -1;
}

int fdset_open(const char *path, int flags, int mode)
{
    static const char prefix[] = "/dev/fdset/";
    uint64_t id;
    Fdset *s;

    if (!g_str_has_prefix(path, prefix)) {
        return open(path, flags | O_CLOEXEC, mode);
    }
    if (!parse_uint(path + strlen(prefix), 10, INT64_MAX, &id)) {
        errno = EINVAL;
        return -1;
    }
    s = set_find((int64_t)id);
    if (s == NULL) {
        errno = ENOENT;
        return -1;
    }
    return set_open(s, flags);
}
