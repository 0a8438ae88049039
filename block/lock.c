/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image locking with open-file-description locks, on the bytes QEMU uses, so that the two see each other. Byte
 * 100 + p is read-locked by who has permission p, byte 200 + p by who does not let others have it; to get
 * in, nobody may hold the opposite byte of what one has or does not share. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/block_int.h"

enum { LOCK_HAVE = 100, LOCK_DENY = 200, PERM_READ = 0, PERM_WRITE = 1 };

static int lock_call(int fd, int cmd, int type, off_t byte, short *ret_type)
{
    struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    int ret = fcntl(fd, cmd, &fl);

    *ret_type = fl.l_type;
    return ret < 0 ? -errno : 0;
}

/* Does some other open file hold a lock on this byte? */
static bool lock_held(int fd, off_t byte)
{
    short type;

    return lock_call(fd, F_OFD_GETLK, F_WRLCK, byte, &type) == 0 && type != F_UNLCK;
}

/* Does this process have the file open with a lock? From /proc/PID/fdinfo's "lock:" lines. */
static bool lock_process_has(const char *pid, const struct stat *st)
{
    g_autofree char *dir_name = g_strdup_printf("/proc/%s/fd", pid);
    g_autoptr(GDir) dir = g_dir_open(dir_name, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *fd = g_strdup_printf("%s/%s", dir_name, name);
        g_autofree char *info = g_strdup_printf("/proc/%s/fdinfo/%s", pid, name);
        g_autofree char *text = NULL;
        struct stat other;

        if (stat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino &&
            g_file_get_contents(info, &text, NULL, NULL) && strstr(text, "lock:") != NULL) {
            return true;
        }
    }
    return false;
}

/* The process that holds locks on the file; 0: unknown. Open-file locks do not tell by themselves. */
static int lock_holder(int fd)
{
    g_autofree char *self = g_strdup_printf("%d", (int)getpid());
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    struct stat st;
    const char *name;

    if (proc == NULL || fstat(fd, &st) < 0) {
        return 0;
    }
    while ((name = g_dir_read_name(proc)) != NULL) {
        if (g_ascii_isdigit(name[0]) && strcmp(name, self) != 0 && lock_process_has(name, &st)) {
            return atoi(name);
        }
    }
    return 0;
}

static bool lock_fail(int fd, const char *filename, const char *what, GError **errp)
{
    int pid = lock_holder(fd);
    g_autofree char *hint = pid == 0
        ? g_strdup_printf("Is another process using the image [%s]?", filename)
        : g_strdup_printf("Is another process using the image [%s]? (process %d has it)", filename, pid);

    return err_fail_hint(errp, hint, "Failed to get %s lock", what);
}

bool image_lock(int fd, const char *filename, bool writes, bool shares_write, GError **errp)
{
    off_t own[4];
    int n = 0;
    short type;

    own[n++] = LOCK_HAVE + PERM_READ;
    if (writes) {
        own[n++] = LOCK_HAVE + PERM_WRITE;
    }
    if (!shares_write) {
        own[n++] = LOCK_DENY + PERM_WRITE;
    }
    for (int i = 0; i < n; i++) {
        int ret = lock_call(fd, F_OFD_SETLK, F_RDLCK, own[i], &type);

        if (ret == -EINVAL || ret == -ENOLCK || ret == -EOPNOTSUPP) {
            return true;            /* no locks on this file system */
        }
        if (ret < 0) {
            return lock_fail(fd, filename, writes ? "\"write\"" : "\"consistent read\"", errp);
        }
    }
    if (lock_held(fd, LOCK_DENY + PERM_READ)) {
        return lock_fail(fd, filename, "\"consistent read\"", errp);
    }
    if (writes && lock_held(fd, LOCK_DENY + PERM_WRITE)) {
        return lock_fail(fd, filename, "\"write\"", errp);
    }
    if (!shares_write && lock_held(fd, LOCK_HAVE + PERM_WRITE)) {
        return lock_fail(fd, filename, "shared \"write\"", errp);
    }
    return true;
}
