/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backends on descriptors that behave like lines: stdio, named pipes, pseudo terminals and the
 * host's serial ports. A pseudo terminal is connected while somebody has its slave side open;
 * inotify tells. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "system/chardev/char_int.h"
#include "system/chardev/term.h"

static void line_close(Char *c)
{
    char_fd_close(CHAR_STATE(CharFd, c));
}

static ssize_t line_write(Char *c, const uint8_t *buf, size_t n)
{
    return char_fd_write(CHAR_STATE(CharFd, c), buf, n);
}

static void line_poll_input(Char *c, bool on)
{
    char_fd_poll(CHAR_STATE(CharFd, c), on);
}

static void line_watch(Char *c, bool on)
{
    char_fd_watch(CHAR_STATE(CharFd, c), on);
}

/* ---- stdio */

typedef struct StdioOptions { CharCommon common; bool signal; } StdioOptions;
static enum { STDIO_FREE, STDIO_USED, STDIO_FORBIDDEN } stdio_state;    /* under the VM lock */

void char_stdio_forbid(void)
{
    stdio_state = STDIO_FORBIDDEN;
}

static void stdio_hangup(Char *c)
{
    char_event(c, CHAR_CLOSED);
}

static bool stdio_open(Char *c, const void *options, GError **errp)
{
    const StdioOptions *o = options;
    CharFd *f = CHAR_STATE(CharFd, c);

    if (stdio_state == STDIO_FORBIDDEN) {
        return err_fail(errp, "cannot use stdio with -daemonize");
    }
    if (stdio_state == STDIO_USED) {
        return err_fail(errp, "cannot use stdio by multiple character devices");
    }
    stdio_state = STDIO_USED;
    char_fd_init(f, c, term_reopen(STDIN_FILENO, O_RDONLY), term_reopen(STDOUT_FILENO, O_WRONLY));
    f->hangup = stdio_hangup;
    term_raw(STDIN_FILENO, o->signal);
    c->connected = true;
    return true;
}

static void stdio_close(Char *c)
{
    line_close(c);
    term_restore();
    stdio_state = STDIO_FREE;
}

static const Field stdio_fields[] = {
    FIELD_BOOL("signal", StdioOptions, signal, true, .help = "Ctrl-C and its like end the program"),
    { 0 },
};
static const StructDef stdio_options = { "ChardevStdio", sizeof(StdioOptions), stdio_fields };
static const CharBackend stdio_backend = {
    .name = "stdio", .options = &stdio_options, .size = sizeof(CharFd), .open = stdio_open,
    .close = stdio_close, .write = line_write, .poll_input = line_poll_input, .watch = line_watch,
};
CHAR_BACKEND_REGISTER(stdio_backend);

/* ---- pipe: PATH.in and PATH.out, or PATH for both */

typedef struct PathOptions { CharCommon common; char *path; } PathOptions;

static bool pipe_open(Char *c, const void *options, GError **errp)
{
    const PathOptions *o = options;
    g_autofree char *in_path = NULL;
    g_autofree char *out_path = NULL;
    int in, out;

    if (o->path == NULL) {
        return err_fail(errp, "chardev: pipe: no device path given");
    }
    in_path = g_strdup_printf("%s.in", o->path);
    out_path = g_strdup_printf("%s.out", o->path);
    in = open(in_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    out = open(out_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = char_open_path(o->path, O_RDWR | O_NONBLOCK, errp);
        if (in < 0) {
            return false;
        }
    }
    char_fd_init(CHAR_STATE(CharFd, c), c, in, out);
    c->connected = true;
    return true;
}

static const Field path_fields[] = {
    FIELD_STR("path", PathOptions, path, NULL, .help = "name of the pipe or device"),
    { 0 },
};
static const StructDef path_options = { "ChardevHostdev", sizeof(PathOptions), path_fields };
static const CharBackend pipe_backend = {
    .name = "pipe", .options = &path_options, .size = sizeof(CharFd), .open = pipe_open,
    .close = line_close, .write = line_write, .poll_input = line_poll_input, .watch = line_watch,
};
CHAR_BACKEND_REGISTER(pipe_backend);

/* ---- pty */

typedef struct Pty {
    CharFd f;                       /* first: the line functions work on it */
    char name[64];
    int notify;
} Pty;

static bool pty_has_peer(const Pty *p)
{
    struct pollfd pfd = { .fd = p->f.in, .events = POLLOUT };

    return poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLHUP);
}

static void pty_check(Char *c)
{
    Pty *p = CHAR_STATE(Pty, c);
    bool peer = pty_has_peer(p);

    if (peer != c->connected) {
        char_event(c, peer ? CHAR_OPENED : CHAR_CLOSED);
    }
    if (peer) {
        char_accept_input(c);
    } else {
        char_fd_poll(&p->f, false);
    }
}

static void pty_notified(void *opaque, GIOCondition when)
{
    Char *c = opaque;
    char buf[1024];
    ssize_t n = read(CHAR_STATE(Pty, c)->notify, buf, sizeof(buf));

    (void)when;
    (void)n;
    pty_check(c);
}

static ssize_t pty_write(Char *c, const uint8_t *buf, size_t n)
{
    return c->connected ? line_write(c, buf, n) : (ssize_t)n;
}

static void pty_poll_input(Char *c, bool on)
{
    line_poll_input(c, on && c->connected);
}

static bool pty_open(Char *c, const void *options, GError **errp)
{
    Pty *p = CHAR_STATE(Pty, c);
    struct termios tio;
    int master, slave;

    (void)options;
    if (openpty(&master, &slave, p->name, NULL, NULL) < 0) {
        return err_fail_errno(errp, errno, "Failed to create PTY");
    }
    if (tcgetattr(slave, &tio) == 0) {
        cfmakeraw(&tio);
        tcsetattr(slave, TCSANOW, &tio);
    }
    p->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (p->notify < 0 || inotify_add_watch(p->notify, p->name, IN_OPEN) < 0) {
        err_fail_errno(errp, errno, "Failed to watch '%s'", p->name);
        close(master);
        close(slave);
        if (p->notify >= 0) {
            close(p->notify);
        }
        return false;
    }
    close(slave);
    fcntl(master, F_SETFL, O_NONBLOCK);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    char_fd_init(&p->f, c, master, master);
    p->f.hangup = pty_check;
    loop_watch(c->loop, p->notify, G_IO_IN, pty_notified, c);
    fprintf(stderr, "char device redirected to %s (label %s)\n", p->name, c->id);
    return true;
}

static void pty_close(Char *c)
{
    Pty *p = CHAR_STATE(Pty, c);

    loop_watch(c->loop, p->notify, 0, NULL, NULL);
    close(p->notify);
    line_close(c);
}

static void pty_watch(Char *c, bool on)
{
    loop_watch(c->loop, CHAR_STATE(Pty, c)->notify, on ? G_IO_IN : 0, pty_notified, c);
    line_watch(c, on);
}

static char *pty_describe(const Char *c)
{
    const Pty *p = CHAR_STATE(Pty, c);

    return g_strdup_printf("pty:%s", p->name);
}

static const Field pty_fields[] = { { 0 } };
static const StructDef pty_options = { "ChardevPty", sizeof(CharCommon), pty_fields };
static const CharBackend pty_backend = {
    .name = "pty", .options = &pty_options, .size = sizeof(Pty), .open = pty_open,
    .close = pty_close, .write = pty_write, .poll_input = pty_poll_input, .describe = pty_describe,
    .watch = pty_watch,
};
CHAR_BACKEND_REGISTER(pty_backend);

/* ---- serial: a line of the host */

static bool serial_open(Char *c, const void *options, GError **errp)
{
    const PathOptions *o = options;
    struct termios tio;
    int fd;

    if (o->path == NULL) {
        return err_fail(errp, "chardev: serial/tty: no device path given");
    }
    fd = char_open_path(o->path, O_RDWR | O_NONBLOCK | O_NOCTTY, errp);
    if (fd < 0) {
        return false;
    }
    if (tcgetattr(fd, &tio) == 0) {
        cfmakeraw(&tio);
        cfsetspeed(&tio, B115200);
        tcsetattr(fd, TCSANOW, &tio);
    }
    char_fd_init(CHAR_STATE(CharFd, c), c, fd, fd);
    c->connected = true;
    return true;
}

static const struct { int baud; speed_t speed; } speeds[] = {
    { 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 }, { 150, B150 }, { 200, B200 },
    { 300, B300 }, { 600, B600 }, { 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 },
    { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 },
    { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
};

/* The nearest speed the host can do. */
static speed_t serial_speed(int baud)
{
    size_t best = 0;

    for (size_t i = 1; i < G_N_ELEMENTS(speeds); i++) {
        if (ABS(speeds[i].baud - baud) < ABS(speeds[best].baud - baud)) {
            best = i;
        }
    }
    return speeds[best].speed;
}

static void serial_set_bits(struct termios *tio, const char *what, int value)
{
    static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };

    if (strcmp(what, "baud") == 0) {
        cfsetspeed(tio, serial_speed(value));
    } else if (strcmp(what, "data_bits") == 0) {
        tio->c_cflag = (tio->c_cflag & ~CSIZE) | sizes[CLAMP(value, 5, 8) - 5];
    } else if (strcmp(what, "stop_bits") == 0) {
        tio->c_cflag = value == 2 ? tio->c_cflag | CSTOPB : tio->c_cflag & ~CSTOPB;
    } else if (strcmp(what, "parity") == 0) {
        tio->c_cflag &= ~(PARENB | PARODD);
        tio->c_cflag |= value == 'E' ? PARENB : value == 'O' ? PARENB | PARODD : 0;
    }
}

static bool serial_set(Char *c, const char *what, int value)
{
    int fd = CHAR_STATE(CharFd, c)->in;
    struct termios tio;
    int line = strcmp(what, "dtr") == 0 ? TIOCM_DTR : strcmp(what, "rts") == 0 ? TIOCM_RTS : 0;

    if (line != 0) {
        return ioctl(fd, value ? TIOCMBIS : TIOCMBIC, &line) == 0;
    }
    if (strcmp(what, "break") == 0) {
        return ioctl(fd, value ? TIOCSBRK : TIOCCBRK) == 0;
    }
    if (tcgetattr(fd, &tio) < 0) {
        return false;
    }
    serial_set_bits(&tio, what, value);
    return tcsetattr(fd, TCSANOW, &tio) == 0;
}

static const CharBackend serial_backend = {
    .name = "serial", .options = &path_options, .size = sizeof(CharFd), .open = serial_open,
    .close = line_close, .write = line_write, .poll_input = line_poll_input, .set = serial_set,
    .watch = line_watch,
};
CHAR_BACKEND_REGISTER(serial_backend);
