/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw terminal mode and its undoing. exit() is covered by atexit; every other death (SIGKILL, a
 * crash) by a child that waits for the end of a pipe only we hold. Firmware may have switched
 * off line wrap, so ESC[?7h goes out as well. */
#include "system/chardev/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct {                     /* the one terminal; set up on the main thread */
    bool active;
    int fd;
    struct termios saved, raw;
    int guard_pipe;                 /* write end */
    pid_t guard;
} term;

void term_make_raw(struct termios *tio)
{
    tio->c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    tio->c_oflag |= OPOST;
    tio->c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    tio->c_cflag &= ~(CSIZE | PARENB);
    tio->c_cflag |= CS8;
    tio->c_cc[VMIN] = 1;
    tio->c_cc[VTIME] = 0;
}

static void term_put_back(int fd, const struct termios *tio)
{
    static const char wrap[] = "\033[?7h";
    ssize_t n;

    tcsetattr(fd, TCSANOW, tio);
    if (isatty(STDOUT_FILENO)) {
        n = write(STDOUT_FILENO, wrap, sizeof(wrap) - 1);
        (void)n;
    }
}

/* The child: only async-signal-safe calls, as other threads may have existed at fork. */
static void guard_main(int pipe_fd)
{
    static const int ignored[] = { SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
                                   SIGTTOU, SIGTTIN, SIGTSTP, SIGPIPE };
    char byte;
    ssize_t n;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        signal(ignored[i], SIG_IGN);
    }
    prctl(PR_SET_NAME, "term-guard");
    for (int fd = 3; fd < 64; fd++) {
        if (fd != pipe_fd && fd != term.fd) {
            close(fd);
        }
    }
    syscall(SYS_close_range, 64u, ~0u, 0u);
    do {
        n = read(pipe_fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        term_put_back(term.fd, &term.saved);
    }
    _exit(0);
}

static void guard_start(void)
{
    int fds[2];

    term.guard_pipe = -1;
    if (pipe2(fds, O_CLOEXEC) < 0) {
        return;
    }
    term.guard = fork();
    if (term.guard == 0) {
        close(fds[1]);
        guard_main(fds[0]);
    }
    close(fds[0]);
    term.guard_pipe = fds[1];
}

static void on_continue(int sig)
{
    int keep = errno;

    (void)sig;
    if (term.active) {
        tcsetattr(term.fd, TCSANOW, &term.raw);
    }
    errno = keep;
}

void term_raw(int fd, bool signals)
{
    struct sigaction act = { .sa_handler = on_continue, .sa_flags = SA_RESTART };

    if (term.active || tcgetattr(fd, &term.saved) < 0) {
        return;
    }
    term.fd = fd;
    term.raw = term.saved;
    term_make_raw(&term.raw);
    if (signals) {
        term.raw.c_lflag |= ISIG;
    }
    guard_start();
    term.active = true;
    atexit(term_restore);
    sigaction(SIGCONT, &act, NULL);
    signal(SIGTTOU, SIG_IGN);       /* output and modes also when in the background */
    tcsetattr(fd, TCSANOW, &term.raw);
}

void term_restore(void)
{
    ssize_t n;

    if (!term.active) {
        return;
    }
    term.active = false;
    term_put_back(term.fd, &term.saved);
    if (term.guard_pipe >= 0) {
        n = write(term.guard_pipe, "", 1);
        (void)n;
        close(term.guard_pipe);
        waitpid(term.guard, NULL, 0);
    }
}

int term_reopen(int fd, int flags)
{
    char path[32];
    struct stat st;
    int own = -1;

    if (fstat(fd, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}
