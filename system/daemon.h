/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Being a well-behaved process: background, pid file, user, root directory, signals. Main
 * thread. */
#ifndef SYSTEM_DAEMON_H
#define SYSTEM_DAEMON_H

#include <glib.h>
#include <stdbool.h>

struct Vm;

/* Forks; the parent stays inside until the child calls daemon_ready() or dies, and ends with its
 * verdict. Before any thread exists. */
bool daemon_fork(GError **errp);
/* The child is up: give the terminal and the current directory back, let the parent end. */
void daemon_ready(void);

/* Locked, and complete as soon as the name exists. Removed at exit. */
bool pidfile_create(const char *path, GError **errp);

bool process_change_root(const char *dir, GError **errp);
/* checks only while commit is not called */
bool process_change_user(const char *user, GError **errp);
bool process_find_user(const char *user, GError **errp);
void process_set_name(const char *name);
bool process_lock_memory(GError **errp);

/* SIGINT, SIGHUP, SIGTERM end vm in order; SIGPIPE is ignored. */
void signals_install(struct Vm *vm);

#endif
