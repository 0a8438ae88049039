/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between dump-guest-memory (qmp_dump.c) and the kdump format (dump_kdump.c). */
#ifndef MONITOR_DUMP_H
#define MONITOR_DUMP_H

#include "hw/core/memory.h"

typedef struct DumpRange { GuestAddr start; uint64_t size; const uint8_t *host; } DumpRange;

/* One dump. The machine stands still until the end, so its memory may be read without a lock. */
typedef struct DumpImage {
    int fd;
    GByteArray *notes;              /* ELF notes with each CPU's registers */
    unsigned cpus;
    GArray *ranges;                 /* of DumpRange, ascending */
    uint64_t done;                  /* bytes of memory; atomic */
} DumpImage;

/* n bytes to the file; progress (may be NULL) counts them. 0, or errno. Any thread. */
int dump_write(int fd, const void *buf, uint64_t n, uint64_t *progress);
/* The whole image in the kdump format with zlib, flattened (for files without seek). 0, or errno. Any thread. */
int dump_write_kdump(DumpImage *d);

#endif
