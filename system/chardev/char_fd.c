/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input and output on plain descriptors, shared by stdio, file, pipe, pty and the host's serial
 * ports. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "system/chardev/char_int.h"

enum { CHUNK = 4096 };

static void fd_event(void *opaque, GIOCondition when);

static void fd_update(CharFd *f)
{
    GIOCondition in = f->want_in ? G_IO_IN : 0;
    GIOCondition out = f->want_out ? G_IO_OUT : 0;

    if (f->in == f->out) {
        if (f->in >= 0) {
            loop_watch(f->c->loop, f->in, in | out, fd_event, f);
        }
        return;
    }
    if (f->in >= 0) {
        loop_watch(f->c->loop, f->in, in, fd_event, f);
    }
    if (f->out >= 0 && !f->blocking_out) {
        loop_watch(f->c->loop, f->out, out, fd_event, f);
    }
}

static void fd_read(CharFd *f)
{
    uint8_t buf[CHUNK];
    size_t room = char_room(f->c);
    ssize_t n;

    if (room == 0) {
        char_fd_poll(f, false);
        return;
    }
    n = read(f->in, buf, MIN(room, sizeof(buf)));
    if (n > 0) {
        char_deliver(f->c, buf, n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        char_fd_poll(f, false);
        if (f->hangup != NULL) {
            f->hangup(f->c);
        }
    }
}

static void fd_event(void *opaque, GIOCondition when)
{
    CharFd *f = opaque;

    if (f->want_out && (when & (G_IO_OUT | G_IO_ERR | G_IO_HUP))) {
        f->want_out = false;
        fd_update(f);
        char_writable(f->c);
    }
    if (f->want_in && (when & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
        fd_read(f);
    }
}

void char_fd_init(CharFd *f, Char *c, int in, int out)
{
    struct stat st;

    *f = (CharFd){ .c = c, .in = in, .out = out };
    f->blocking_out = out >= 0 && fstat(out, &st) == 0 && S_ISREG(st.st_mode);
}

void char_fd_close(CharFd *f)
{
    if (f->c == NULL) {
        return;
    }
    f->want_in = f->want_out = false;
    fd_update(f);
    if (f->in >= 0) {
        close(f->in);
    }
    if (f->out >= 0 && f->out != f->in) {
        close(f->out);
    }
    f->in = f->out = -1;
}

ssize_t char_fd_write(CharFd *f, const uint8_t *buf, size_t n)
{
    size_t done = 0;

    while (f->out >= 0 && done < n) {
        ssize_t r = write(f->out, buf + done, MIN(n - done, (size_t)CHUNK));

        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0 && errno == EAGAIN) {
            f->want_out = true;
            fd_update(f);
            return done;
        }
        if (r <= 0) {
            break;
        }
        done += r;
    }
    return n;                       /* nobody listens: swallowed, as by an unplugged cable */
}

void char_fd_watch(CharFd *f, bool on)
{
    CharFd was = *f;

    if (!on) {
        f->want_in = f->want_out = false;
        fd_update(f);
        f->want_in = was.want_in;
        f->want_out = was.want_out;
    } else {
        fd_update(f);
    }
}

void char_fd_poll(CharFd *f, bool on)
{
    if (f->in >= 0 && f->want_in != on) {
        f->want_in = on;
        fd_update(f);
    }
}
