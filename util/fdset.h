/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of descriptors that somebody handed to us: -add-fd and the monitor's add-fd. Opening
 * "/dev/fdset/N" gives a duplicate of the member whose access mode fits. Under the VM lock. */
#ifndef UTIL_FDSET_H
#define UTIL_FDSET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/json.h"

/* fd is taken. set < 0: the lowest free number. opaque (copied; NULL: none) is shown in the list.
 * Returns the set's number. */
int64_t fdset_add(int64_t set, int fd, const char *opaque);
/* fd < 0: the whole set. False: there is no such one. */
bool fdset_remove(int64_t set, int64_t fd);
Json *fdset_list(void);             /* as query-fdsets has it */
/* The last client of the monitor has left: sets that nobody opened go, but those of -add-fd. */
void fdset_client_gone(void);
void fdset_keep(void);              /* those that exist now are the command line's */

/* open(2), and "/dev/fdset/N" too. Close-on-exec. -1 and errno. */
int fdset_open(const char *path, int flags, int mode);

#endif
