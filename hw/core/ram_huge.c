/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages for guest RAM that is a memory file. Hosts give them to private memory when asked, but to files only if
 * the administrator says so (shmem_enabled); MADV_COLLAPSE (Linux 6.1) needs nobody's leave. It copies, some ms for
 * 2 MiB, so a thread does it, for what the guest uses almost all of, and rests longer than it works. */
#include "hw/core/ram.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { CHUNK = 2 << 20, PAGE = 4096, CHUNK_PAGES = CHUNK / PAGE, USED_ENOUGH = CHUNK_PAGES * 3 / 4 };
enum { PASS_MS = 200, PASS_CHUNKS = 128, TRIES = 3, FIRST_TRIES = 8, REST = 6 };

typedef struct Area { uint8_t *host; uint64_t chunks; } Area;

static struct {
    GMutex lock;                    /* for `stop` */
    GCond wake;
    bool stop;
    unsigned users;
    GThread *thread;
    uint64_t done, failed;          /* atomic */
} huge;

static void note_area(RamBlock *b, void *opaque)
{
    if (b->fd >= 0 && b->page_size == PAGE && b->size >= CHUNK && (uintptr_t)b->host % CHUNK == 0) {
        g_array_append_vals(opaque, &(Area){ b->host, b->size / CHUNK }, 1);
    }
}

/* false: the thread is to end. */
static bool rest(int64_t us)
{
    int64_t until = g_get_monotonic_time() + us;
    bool go_on;

    g_mutex_lock(&huge.lock);
    while (!huge.stop && g_cond_wait_until(&huge.wake, &huge.lock, until)) {
    }
    go_on = !huge.stop;
    g_mutex_unlock(&huge.lock);
    return go_on;
}

static bool used_enough(uint8_t *chunk)
{
    unsigned char in[CHUNK_PAGES];
    unsigned n = 0;

    if (mincore(chunk, CHUNK, in) != 0) {
        return false;
    }
    for (unsigned k = 0; k < CHUNK_PAGES; k++) {
        n += in[k] & 1;
    }
    return n >= USED_ENOUGH;
}

/* tries: of chunks, by address. */
static bool collapse(uint8_t *chunk, GHashTable *tries)
{
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(tries, chunk));
    int64_t began;

    if (n >= TRIES || !used_enough(chunk)) {
        return true;
    }
    began = g_get_monotonic_time();
    if (madvise(chunk, CHUNK, MADV_COLLAPSE) == 0) {
        n = TRIES;
        __atomic_fetch_add(&huge.done, 1, __ATOMIC_RELAXED);
    } else {
        n++;
        __atomic_fetch_add(&huge.failed, 1, __ATOMIC_RELAXED);
        if (huge.done == 0 && huge.failed >= FIRST_TRIES) {
            return false;           /* this host does not do it */
        }
    }
    g_hash_table_insert(tries, chunk, GUINT_TO_POINTER(n));
    return rest((g_get_monotonic_time() - began) * REST);
}

static void *huge_thread(void *opaque)
{
    g_autoptr(GHashTable) tries = g_hash_table_new(NULL, NULL);
    uint64_t at = 0, n;

    while (rest(PASS_MS * 1000)) {
        g_autoptr(GArray) areas = g_array_new(false, false, sizeof(Area));
        uint64_t first = 0;

        ram_foreach_locked(note_area, areas);
        for (guint k = 0; k < areas->len; k++) {
            const Area *a = &g_array_index(areas, Area, k);

            for (n = 0; n < a->chunks; n++) {
                uint64_t number = first + n;

                if (number >= at && number < at + PASS_CHUNKS && !collapse(a->host + n * CHUNK, tries)) {
                    return NULL;
                }
            }
            first += a->chunks;
        }
        at = at + PASS_CHUNKS < first ? at + PASS_CHUNKS : 0;
    }
    return NULL;
}

void ram_huge_begin(void)
{
    g_mutex_lock(&huge.lock);
    if (huge.users++ == 0) {
        huge.stop = false;
        huge.thread = g_thread_try_new("ram-huge", huge_thread, NULL, NULL);
    }
    g_mutex_unlock(&huge.lock);
}

void ram_huge_end(void)
{
    GThread *t = NULL;

    g_mutex_lock(&huge.lock);
    if (huge.users > 0 && --huge.users == 0) {
        huge.stop = true;
        t = huge.thread;
        huge.thread = NULL;
        g_cond_signal(&huge.wake);
    }
    g_mutex_unlock(&huge.lock);
    if (t != NULL) {
        g_thread_join(t);
    }
}

uint64_t ram_huge_count(void)
{
    return __atomic_load_n(&huge.done, __ATOMIC_RELAXED);
}
