/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of guest RAM: a memory file mapped shared, so that the same bytes can be mapped again
 * elsewhere (the translator maps single pages by fd and offset), with one dirty bitmap a follower.
 */
#ifndef HW_CORE_RAM_H
#define HW_CORE_RAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RamBlock RamBlock;

/* Who follows writes. A set bit: written since that client last looked.
 * DIRTY_CODE is the translator's: a clear bit means "instructions of this page are translated", and
 * the writer that finds it clear calls RamHooks.code_written after the store; the hook sets the
 * bits of pages that hold no translations any more (ram_dirty_set_client). All bits start set. */
typedef enum DirtyClient { DIRTY_VGA, DIRTY_CODE, DIRTY_MIGRATION, DIRTY_CLIENTS } DirtyClient;
enum { RAM_PAGE_BITS = 12, RAM_PAGE_SIZE = 1 << RAM_PAGE_BITS };

struct RamBlock {
    char *id; /* "pc.ram", "0000:00:02.0/vga.vram" */
    uint8_t *host;
    uint64_t size;      /* a multiple of page_size */
    uint64_t used;      /* bytes that matter (a resizable blob uses less than its size) */
    uint64_t page_size; /* of the backing: 4 KiB or a hugepage */
    int fd;             /* memfd or file: byte n is at fd_offset + n; -1: private memory */
    uint64_t fd_offset;
    bool shared;                    /* visible to other processes that have fd */
    uint64_t *dirty[DIRTY_CLIENTS]; /* a bit a page; atomic */
    uint64_t pages;
    uint8_t *shadow;                /* the lockstep checker's copy of it all, mapped privately; NULL */
    uint64_t *code_users; /* the translator's: a bit set of vCPUs a page; NULL until it needs it */
};

typedef struct RamOptions { /* zero: anonymous memfd, no prealloc, default merge and dump */
    const char *path;       /* -mem-path: a file, or a directory for a nameless one */
    bool prealloc, share, no_merge, no_dump, no_hugepages, readonly;
    unsigned prealloc_threads;
    bool anonymous; /* private memory without a file: cannot be mapped again */
    uint64_t align;
} RamOptions;

/* NULL with one clear line when there is not that much memory. id is copied. */
RamBlock *ram_block_new(const char *id, uint64_t size, const RamOptions *opt, GError **errp);
/* The block must be out of every map. */
void ram_block_free(RamBlock *b);
/* Main memory that nobody asked to share or to find in a file may be private: the host has huge pages for it where
 * it has none for files. It cannot be mapped again then. Set by accelerators before memory is made. */
void ram_prefer_private(bool on);
bool ram_private_preferred(void);
/* From begin to end a thread gives huge pages to what the guest uses of memory files. */
void ram_huge_begin(void);
void ram_huge_end(void);
uint64_t ram_huge_count(void);      /* pages of 2 MiB made so far */
/* -machine mem-merge=, dump-guest-core=: what blocks made without RamOptions get. */
void ram_set_defaults(const RamOptions *opt);
void ram_foreach(void (*fn)(RamBlock *b, void *opaque), void *opaque);
/* From any thread; fn neither makes nor frees blocks. */
void ram_foreach_locked(void (*fn)(RamBlock *b, void *opaque), void *opaque);
RamBlock *ram_find(const char *id);
RamBlock *ram_from_host(const void *host, uint64_t *offset); /* NULL: not guest RAM */
void ram_print(GString *out);                                /* "info ramblock" */

/* Maps [off, off + len) once more, at a host address chosen by the kernel, or at `at` (MAP_FIXED)
 * when it is not NULL. Page-aligned. NULL + error when the kernel refuses. Undo with
 * ram_unmap_alias(). */
void *ram_map_alias(RamBlock *b, uint64_t off, uint64_t len, void *at, bool writable,
                    GError **errp);
void ram_unmap_alias(void *p, uint64_t len);
/* Gives the pages back to the host; they read as zeros afterwards. */
bool ram_discard(RamBlock *b, uint64_t off, uint64_t len, GError **errp);

/* ---- Dirty bits. Any thread. Ranges are bytes within the block, cut to it. */
void ram_dirty_set(RamBlock *b, uint64_t off, uint64_t len); /* all clients; runs code_written */
void ram_dirty_set_client(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c);
bool ram_dirty_get(const RamBlock *b, uint64_t off, uint64_t len, DirtyClient c); /* any bit set */
/* true: some was set */
bool ram_dirty_clear(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c);
/* Test and clear the whole range into out, a bitmap from bit 0; true when any was set. Runs
 * dirty_cleared. */
bool ram_dirty_snapshot(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c, uint64_t *out);
static inline bool ram_page_dirty(const RamBlock *b, uint64_t page, DirtyClient c)
{
    return (__atomic_load_n(&b->dirty[c][page / 64], __ATOMIC_RELAXED) >> (page % 64)) & 1;
}

/* The translator's interest in RAM; one set of hooks a process. NULL to remove. */
typedef struct RamHooks {
    /* A store by something else than this vCPU's translated code hit pages with translations. */
    void (*code_written)(void *opaque, RamBlock *b, uint64_t off, uint64_t len);
    /* Any such store, after it; NULL: nobody cares. */
    void (*stored)(void *opaque, RamBlock *b, uint64_t off, uint64_t len);
    /* Bits of another client than DIRTY_CODE went from set to clear: stores must be seen again. */
    void (*dirty_cleared)(void *opaque, RamBlock *b, uint64_t off, uint64_t len, DirtyClient c);
    /* Before bits of another client than DIRTY_CODE are read: whoever collects writes elsewhere brings them. */
    void (*dirty_sync)(void *opaque, RamBlock *b, uint64_t off, uint64_t len);
    void *opaque;
} RamHooks;
void ram_set_hooks(const RamHooks *hooks);

#endif
