/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Background operation, pid file, change of user and root, signals. */
#include "system/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/core/vm.h"
#include "util/err.h"
#include "util/parse.h"

static int ready_pipe = -1;         /* daemon: one byte 0 tells the parent that all is well */
static char *pid_path;              /* removed by atexit */
static pid_t pid_owner;
static struct Vm *signal_vm;        /* read by the signal handler; set before it is installed */

static void wait_for_child(int fd, pid_t child)
{
    uint8_t verdict = 1;
    ssize_t n;

    do {
        n = read(fd, &verdict, 1);
    } while (n < 0 && errno == EINTR);
    if (n != 1) {
        waitpid(child, NULL, 0);
    }
    _exit(n == 1 ? verdict : 1);
}

bool daemon_fork(GError **errp)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return err_fail_errno(errp, errno, "cannot make a pipe");
    }
    pid = fork();
    if (pid < 0) {
        return err_fail_errno(errp, errno, "cannot fork");
    }
    if (pid > 0) {
        close(fds[1]);
        wait_for_child(fds[0], pid);
    }
    close(fds[0]);
    ready_pipe = fds[1];
    setsid();
    pid = fork();                   /* a second time: never again a controlling terminal */
    if (pid != 0) {
        _exit(pid < 0);
    }
    umask(027);
    signal(SIGTSTP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    return true;
}

void daemon_ready(void)
{
    uint8_t verdict = 0;
    ssize_t n;
    int fd;

    if (ready_pipe < 0) {
        return;
    }
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (chdir("/") < 0 || fd < 0) {
        return;                     /* the pipe closes with us and the parent reports failure */
    }
    dup2(fd, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    close(fd);
    n = write(ready_pipe, &verdict, 1);
    (void)n;
    close(ready_pipe);
    ready_pipe = -1;
}

static void pidfile_remove(void)
{
    if (pid_path != NULL && getpid() == pid_owner) {
        unlink(pid_path);
    }
}

static bool pidfile_locked_by_other(const char *path)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool locked = false;

    if (fd >= 0) {
        locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
        close(fd);
    }
    return locked;
}

/* Written under another name and renamed, so that nobody reads an empty file. */
bool pidfile_create(const char *path, GError **errp)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    g_autofree char *temp = g_strdup_printf("%s.%d", path, (int)getpid());
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    struct stat st;
    int fd;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_fail(errp, "cannot create PID file: '%s' is not a regular file", path);
    }
    if (pidfile_locked_by_other(path)) {
        return err_fail(errp, "cannot create PID file: Cannot lock pid file '%s': another process "
                        "has it", path);
    }
    fd = open(temp, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_fail_errno(errp, errno, "cannot create PID file: Could not create '%s'", path);
    }
    if (fcntl(fd, F_SETLK, &lock) < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
        rename(temp, path) < 0) {
        int why = errno;

        unlink(temp);
        close(fd);
        return err_fail_errno(errp, why, "cannot create PID file: Could not write '%s'", path);
    }
    pid_path = g_canonicalize_filename(path, NULL);     /* fd stays open: it holds the lock */
    pid_owner = getpid();
    atexit(pidfile_remove);
    return true;
}

bool process_change_root(const char *dir, GError **errp)
{
    if (chroot(dir) < 0 || chdir("/") < 0) {
        return err_fail_errno(errp, errno, "chroot failed: '%s'", dir);
    }
    return true;
}

/* "name" or "uid:gid". False: neither. */
static bool user_ids(const char *user, uid_t *uid, gid_t *gid, const char **name)
{
    const struct passwd *pw = getpwnam(user);
    g_auto(GStrv) parts = g_strsplit(user, ":", 2);
    uint64_t u, g;

    if (pw != NULL) {
        *uid = pw->pw_uid;
        *gid = pw->pw_gid;
        *name = pw->pw_name;
        return true;
    }
    if (parts[0] == NULL || parts[1] == NULL || !parse_uint(parts[0], 10, UINT32_MAX - 1, &u) ||
        !parse_uint(parts[1], 10, UINT32_MAX - 1, &g)) {
        return false;
    }
    *uid = (uid_t)u;
    *gid = (gid_t)g;
    *name = NULL;
    return true;
}

bool process_find_user(const char *user, GError **errp)
{
    const char *name;
    uid_t uid;
    gid_t gid;

    return user_ids(user, &uid, &gid, &name) ||
        err_fail(errp, "User \"%s\" doesn't exist (and is not <uid>:<gid>)", user);
}

bool process_change_user(const char *user, GError **errp)
{
    const char *name;
    uid_t uid;
    gid_t gid;

    if (!user_ids(user, &uid, &gid, &name)) {
        return process_find_user(user, errp);
    }
    if (setgid(gid) < 0) {
        return err_fail_errno(errp, errno, "Failed to setgid(%d)", (int)gid);
    }
    if ((name != NULL ? initgroups(name, gid) : setgroups(1, &gid)) < 0) {
        return err_fail_errno(errp, errno, "Failed to set the groups of '%s'", user);
    }
    if (setuid(uid) < 0) {
        return err_fail_errno(errp, errno, "Failed to setuid(%d)", (int)uid);
    }
    return (uid == 0 || setuid(0) < 0) || err_fail(errp, "Dropping privileges failed");
}

void process_set_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}

bool process_lock_memory(GError **errp)
{
    return mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ||
        err_fail_errno(errp, errno, "locking memory failed");
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    int keep = errno;

    vm_request_quit_from_signal(signal_vm, sig, info->si_pid);
    errno = keep;
}

void signals_install(struct Vm *vm)
{
    static const int ending[] = { SIGINT, SIGHUP, SIGTERM };
    struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

    signal_vm = vm;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);       /* a full disk (ulimit -f) is an error of the drive */
    for (size_t i = 0; i < G_N_ELEMENTS(ending); i++) {
        sigaction(ending[i], &act, NULL);
    }
}
