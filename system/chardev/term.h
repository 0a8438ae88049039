/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controlling terminal in raw mode, given back as it was however the process ends. */
#ifndef SYSTEM_CHARDEV_TERM_H
#define SYSTEM_CHARDEV_TERM_H

#include <stdbool.h>

struct termios;

/* Raw mode on fd if it is a terminal (else nothing happens). signals: Ctrl-C, Ctrl-\ and Ctrl-Z
 * still make signals. A small child process watches over us and restores the terminal if we die
 * without term_restore(). */
void term_raw(int fd, bool signals);
void term_restore(void);            /* also runs at exit() */
void term_make_raw(struct termios *tio);        /* the flags, for host serial ports and ptys too */
/* A descriptor of our own, non-blocking, for what fd is open on; the shell's keeps its flags. */
int term_reopen(int fd, int flags);

#endif
