/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of guest RAM: allocation, the list of them, further mappings, dirty bits. */
#include "hw/core/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/err.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { HUGE_ALIGN = 2 << 20 };

static struct {
    GMutex lock;
    GPtrArray *blocks;     /* of RamBlock * */
    RamOptions defaults;   /* set before the first block */
    bool prefer_private;
    const RamHooks *hooks; /* atomic */
} ram;

/* ---- Allocation */

static bool fail_setup(GError **errp, const char *id, int errnum)
{
    return err_fail(errp, "cannot set up guest memory '%s': %s", id, strerror(errnum));
}

/* A nameless file for path, which is a directory or a file to be used itself. */
static int open_path(const char *path, const char *id, bool readonly, GError **errp)
{
    g_autofree char *name = NULL;
    int fd;

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_autofree char *safe = g_strdup(id);

        g_strdelimit(safe, "/", '_');
        name = g_strdup_printf("%s/kite_back_mem.%s.XXXXXX", path, safe);
        fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0) {
            unlink(name);
        }
    } else {
        fd = open(path, (readonly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0644);
    }
    if (fd < 0) {
        err_fail(errp, "can't open backing store %s for guest RAM: %s", path, strerror(errno));
    }
    return fd;
}

static uint64_t fd_page_size(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == HUGETLBFS_MAGIC) {
        return (uint64_t)fs.f_bsize;
    }
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Maps at a multiple of align: reserve more than needed, place the file in it, drop the rest. */
static void *map_aligned(int fd, uint64_t size, uint64_t align, int prot, int flags)
{
    uint64_t total = size + align;
    uint8_t *area, *at;

    if (total < size || total > SIZE_MAX / 2) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    area = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        return MAP_FAILED;
    }
    at = (uint8_t *)(((uintptr_t)area + align - 1) & ~(uintptr_t)(align - 1));
    if (mmap(at, size, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
        int saved = errno;

        munmap(area, total);
        errno = saved;
        return MAP_FAILED;
    }
    if (at > area) {
        munmap(area, (size_t)(at - area));
    }
    if (at + size < area + total) {
        munmap(at + size, (size_t)(area + total - (at + size)));
    }
    return at;
}

static bool set_file_size(int fd, const char *id, uint64_t size, GError **errp)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return fail_setup(errp, id, errno);
    }
    if (st.st_size > 0 && (uint64_t)st.st_size < size) {
        return err_fail(errp,
                        "backing store size 0x%" PRIx64 " does not match 'size' option 0x%" PRIx64,
                        (uint64_t)st.st_size, size);
    }
    if (st.st_size == 0 && ftruncate(fd, (off_t)size) < 0) {
        return fail_setup(errp, id, errno);
    }
    return true;
}

static bool populate(uint8_t *host, uint64_t size, uint64_t page)
{
    if (madvise(host, size, MADV_POPULATE_WRITE) == 0) {
        return true;
    }
    if (errno != EINVAL) {
        return false;
    }
    for (uint64_t i = 0; i < size; i += page) { /* Linux before 5.14 */
        volatile uint8_t *p = host + i;

        *p = *p;
    }
    return true;
}

/* Each hint may be refused by the kernel: then memory is merely slower, or in the dump. */
static void advise(RamBlock *b, const RamOptions *opt)
{
    if (!opt->no_hugepages) {
        madvise(b->host, b->size, MADV_HUGEPAGE);
    }
    if (!opt->no_merge) {
        madvise(b->host, b->size, MADV_MERGEABLE);
    }
    if (opt->no_dump) {
        madvise(b->host, b->size, MADV_DONTDUMP);
    }
    madvise(b->host, b->size, MADV_DONTFORK);
}

static bool map_block(RamBlock *b, const RamOptions *opt, GError **errp)
{
    bool shared = opt->path == NULL || opt->share || g_file_test(opt->path, G_FILE_TEST_IS_DIR);
    int prot = PROT_READ | (opt->readonly ? 0 : PROT_WRITE);
    void *p;

    if (opt->anonymous) {
        b->fd = -1;
    } else if (opt->path != NULL) {
        b->fd = open_path(opt->path, b->id, opt->readonly, errp);
        if (b->fd < 0) {
            return false;
        }
    } else {
        b->fd = memfd_create(b->id, MFD_CLOEXEC);
        if (b->fd < 0) {
            return fail_setup(errp, b->id, errno);
        }
    }
    if (b->fd >= 0) {
        b->page_size = fd_page_size(b->fd);
        if (b->size % b->page_size != 0) {
            return err_fail(errp,
                            "memory size 0x%" PRIx64 " is not a multiple of page size 0x%" PRIx64,
                            b->size, b->page_size);
        }
        if (!set_file_size(b->fd, b->id, b->size, errp)) {
            return false;
        }
    }
    p = map_aligned(b->fd, b->size, MAX(MAX(opt->align, b->page_size), HUGE_ALIGN), prot,
                    b->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS
                    : shared  ? MAP_SHARED
                              : MAP_PRIVATE);
    if (p == MAP_FAILED) {
        return fail_setup(errp, b->id, errno);
    }
    b->host = p;
    b->shared = opt->share;
    if (!shared && b->fd >= 0) { /* the file does not see what the guest writes */
        close(b->fd);
        b->fd = -1;
    }
    advise(b, opt);
    if (opt->prealloc && !populate(b->host, b->size, b->page_size)) {
        return err_fail(errp, "cannot preallocate guest memory '%s': %s", b->id, strerror(errno));
    }
    return true;
}

/* As for private memory the kernel refuses at once what can never be there (heuristic overcommit);
 * a memfd it would only refuse page by page, long after the guest was told what it has. */
static bool obvious_overcommit(uint64_t size)
{
    g_autofree char *mode = NULL;
    struct sysinfo si;

    if (g_file_get_contents("/proc/sys/vm/overcommit_memory", &mode, NULL, NULL) &&
        mode[0] == '1') {
        return false;
    }
    return sysinfo(&si) == 0 &&
           size / si.mem_unit > (uint64_t)si.totalram + (uint64_t)si.totalswap;
}

RamBlock *ram_block_new(const char *id, uint64_t size, const RamOptions *opt, GError **errp)
{
    const RamOptions *use = opt != NULL ? opt : &ram.defaults;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    RamBlock *b;

    if (size == 0 || size > (uint64_t)INT64_MAX - HUGE_ALIGN ||
        (use->path == NULL && obvious_overcommit(size))) {
        fail_setup(errp, id, size == 0 ? EINVAL : ENOMEM);
        return NULL;
    }
    b = g_new0(RamBlock, 1);
    b->id = g_strdup(id);
    b->used = size;
    b->size = (size + page - 1) & ~(page - 1);
    b->pages = b->size >> RAM_PAGE_BITS;
    b->page_size = page;
    b->fd = -1;
    if (!map_block(b, use, errp)) {
        ram_block_free(b);
        return NULL;
    }
    for (int c = 0; c < DIRTY_CLIENTS; c++) {
        size_t bytes = (b->pages + 63) / 64 * 8;

        b->dirty[c] = g_malloc(bytes);
        memset(b->dirty[c], 0xff, bytes);
    }
    g_mutex_lock(&ram.lock);
    if (ram.blocks == NULL) {
        ram.blocks = g_ptr_array_new();
    }
    g_ptr_array_add(ram.blocks, b);
    g_mutex_unlock(&ram.lock);
    return b;
}

void ram_block_free(RamBlock *b)
{
    if (b == NULL) {
        return;
    }
    g_mutex_lock(&ram.lock);
    if (ram.blocks != NULL) {
        g_ptr_array_remove(ram.blocks, b);
    }
    g_mutex_unlock(&ram.lock);
    if (b->host != NULL) {
        munmap(b->host, b->size);
    }
    if (b->shadow != NULL) {
        munmap(b->shadow, b->size);
    }
    if (b->fd >= 0) {
        close(b->fd);
    }
    for (int c = 0; c < DIRTY_CLIENTS; c++) {
        g_free(b->dirty[c]);
    }
    g_free(b->code_users);
    g_free(b->id);
    g_free(b);
}

void ram_prefer_private(bool on)
{
    ram.prefer_private = on;
}

bool ram_private_preferred(void)
{
    return ram.prefer_private;
}

void ram_set_defaults(const RamOptions *opt)
{
    ram.defaults = *opt;
    ram.defaults.path = NULL; /* -mem-path is for the machine's main RAM only */
}

/* ---- The list */

void ram_foreach(void (*fn)(RamBlock *b, void *opaque), void *opaque)
{
    for (guint i = 0; ram.blocks != NULL && i < ram.blocks->len; i++) {
        fn(g_ptr_array_index(ram.blocks, i), opaque);
    }
}

void ram_foreach_locked(void (*fn)(RamBlock *b, void *opaque), void *opaque)
{
    g_mutex_lock(&ram.lock);
    ram_foreach(fn, opaque);
    g_mutex_unlock(&ram.lock);
}

RamBlock *ram_find(const char *id)
{
    for (guint i = 0; ram.blocks != NULL && i < ram.blocks->len; i++) {
        RamBlock *b = g_ptr_array_index(ram.blocks, i);

        if (strcmp(b->id, id) == 0) {
            return b;
        }
    }
    return NULL;
}

RamBlock *ram_from_host(const void *host, uint64_t *offset)
{
    RamBlock *found = NULL;

    g_mutex_lock(&ram.lock);
    for (guint i = 0; ram.blocks != NULL && i < ram.blocks->len && found == NULL; i++) {
        RamBlock *b = g_ptr_array_index(ram.blocks, i);
        uintptr_t d = (uintptr_t)host - (uintptr_t)b->host;

        if ((uintptr_t)host >= (uintptr_t)b->host && d < b->size) {
            *offset = d;
            found = b;
        }
    }
    g_mutex_unlock(&ram.lock);
    return found;
}

static gint by_size(gconstpointer a, gconstpointer b)
{
    const RamBlock *x = *(RamBlock *const *)a, *y = *(RamBlock *const *)b;

    return x->size < y->size ? 1 : x->size > y->size ? -1 : 0;
}

void ram_print(GString *out)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    uint64_t offset = 0;

    g_string_append_printf(out, "%24s %8s  %18s %18s %18s\n", "Block Name", "PSize", "Offset",
                           "Used", "Total");
    for (guint i = 0; ram.blocks != NULL && i < ram.blocks->len; i++) {
        g_ptr_array_add(sorted, g_ptr_array_index(ram.blocks, i));
    }
    g_ptr_array_sort(sorted, by_size);
    for (guint i = 0; i < sorted->len; i++) {
        const RamBlock *b = g_ptr_array_index(sorted, i);
        g_autofree char *psize = b->page_size < (1 << 20)
                                     ? g_strdup_printf("%" PRIu64 " KiB", b->page_size >> 10)
                                     : g_strdup_printf("%" PRIu64 " MiB", b->page_size >> 20);

        g_string_append_printf(out,
                               "%24s %8s  0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n",
                               b->id, psize, offset, b->used, b->size);
        offset += (b->size + 0x3ffff) & ~0x3ffffull;
    }
}

/* ---- Further mappings */

void *ram_map_alias(RamBlock *b, uint64_t off, uint64_t len, void *at, bool writable, GError **errp)
{
    int prot = PROT_READ | (writable ? PROT_WRITE : 0);
    void *p;

    if (b->fd < 0 || off > b->size || len > b->size - off) {
        err_fail(errp, "memory '%s' cannot be mapped again", b->id);
        return NULL;
    }
    p = mmap(at, len, prot, MAP_SHARED | (at != NULL ? MAP_FIXED : 0), b->fd,
             (off_t)(b->fd_offset + off));
    if (p == MAP_FAILED) {
        err_fail_errno(errp, errno, "cannot map memory '%s' again", b->id);
        return NULL;
    }
    return p;
}

void ram_unmap_alias(void *p, uint64_t len)
{
    munmap(p, len);
}

bool ram_discard(RamBlock *b, uint64_t off, uint64_t len, GError **errp)
{
    int rc;

    if (off > b->size || len > b->size - off || off % b->page_size != 0 ||
        len % b->page_size != 0) {
        return err_fail(errp, "memory '%s': bad range to discard", b->id);
    }
    if (b->fd >= 0) {
        rc = fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       (off_t)(b->fd_offset + off), (off_t)len);
    } else {
        rc = madvise(b->host + off, len, MADV_DONTNEED);
    }
    return rc == 0 || err_fail_errno(errp, errno, "memory '%s': cannot discard", b->id);
}

/* ---- Dirty bits */

typedef struct PageSpan {
    uint64_t first, end;
} PageSpan;

static PageSpan span_of(const RamBlock *b, uint64_t off, uint64_t len)
{
    PageSpan s = { 0, 0 };

    if (len == 0 || off >= b->size) {
        return s;
    }
    len = MIN(len, b->size - off);
    s.first = off >> RAM_PAGE_BITS;
    s.end = ((off + len - 1) >> RAM_PAGE_BITS) + 1;
    return s;
}

/* Bits of the word that holds page `at`, from `at` on and below end. */
static uint64_t word_mask(uint64_t at, uint64_t end)
{
    uint64_t mask = ~0ull << (at % 64);
    uint64_t word_end = (at | 63) + 1;

    if (end < word_end) {
        mask &= ~0ull >> (word_end - end);
    }
    return mask;
}

/* True when some bit was clear. */
static bool set_bits(uint64_t *map, PageSpan s)
{
    bool some_clear = false;

    for (uint64_t at = s.first; at < s.end; at = (at | 63) + 1) {
        uint64_t mask = word_mask(at, s.end);
        uint64_t *word = &map[at / 64];

        if ((__atomic_load_n(word, __ATOMIC_RELAXED) & mask) != mask) {
            __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST);
            some_clear = true;
        }
    }
    return some_clear;
}

static bool any_clear(const uint64_t *map, PageSpan s)
{
    for (uint64_t at = s.first; at < s.end; at = (at | 63) + 1) {
        uint64_t mask = word_mask(at, s.end);

        if ((__atomic_load_n(&map[at / 64], __ATOMIC_RELAXED) & mask) != mask) {
            return true;
        }
    }
    return false;
}

void ram_dirty_set(RamBlock *b, uint64_t off, uint64_t len)
{
    PageSpan s = span_of(b, off, len);
    const RamHooks *hooks = __atomic_load_n(&ram.hooks, __ATOMIC_ACQUIRE);

    for (int c = 0; c < DIRTY_CLIENTS; c++) {
        if (c != DIRTY_CODE) {
            set_bits(b->dirty[c], s);
        }
    }
    if (hooks != NULL && hooks->stored != NULL && off < b->size) {
        hooks->stored(hooks->opaque, b, off, MIN(len, b->size - off));
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the store, then the bit: who clears it reads after */
    if (any_clear(b->dirty[DIRTY_CODE], s)) {
        if (hooks != NULL && hooks->code_written != NULL) {
            hooks->code_written(hooks->opaque, b, off, MIN(len, b->size - off));
        } else {
            set_bits(b->dirty[DIRTY_CODE], s);
        }
    }
}

void ram_dirty_set_client(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    set_bits(b->dirty[c], span_of(b, off, len));
}

static void sync_dirty(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    const RamHooks *hooks = __atomic_load_n(&ram.hooks, __ATOMIC_ACQUIRE);

    if (c != DIRTY_CODE && hooks != NULL && hooks->dirty_sync != NULL) {
        hooks->dirty_sync(hooks->opaque, b, off, len);
    }
}

bool ram_dirty_get(const RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    PageSpan s = span_of(b, off, len);

    sync_dirty((RamBlock *)b, off, len, c);
    for (uint64_t at = s.first; at < s.end; at = (at | 63) + 1) {
        if (__atomic_load_n(&b->dirty[c][at / 64], __ATOMIC_RELAXED) & word_mask(at, s.end)) {
            return true;
        }
    }
    return false;
}

/* Clears and, when out is given, copies the bits to it from bit 0. */
static bool take_bits(RamBlock *b, PageSpan s, DirtyClient c, uint64_t *out)
{
    bool any = false;

    for (uint64_t at = s.first; at < s.end; at = (at | 63) + 1) {
        uint64_t mask = word_mask(at, s.end);
        uint64_t *word = &b->dirty[c][at / 64];
        uint64_t got = 0;

        if (__atomic_load_n(word, __ATOMIC_RELAXED) & mask) {
            got = __atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask;
        }
        any = any || got != 0;
        while (out != NULL && got != 0) {
            uint64_t bit = (at & ~63ull) + (uint64_t)__builtin_ctzll(got) - s.first;

            out[bit / 64] |= 1ull << (bit % 64);
            got &= got - 1;
        }
    }
    return any;
}

static void tell_cleared(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    const RamHooks *hooks = __atomic_load_n(&ram.hooks, __ATOMIC_ACQUIRE);

    if (c != DIRTY_CODE && hooks != NULL && hooks->dirty_cleared != NULL) {
        hooks->dirty_cleared(hooks->opaque, b, off, len, c);
    }
}

bool ram_dirty_clear(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    bool any;

    sync_dirty(b, off, len, c);
    any = take_bits(b, span_of(b, off, len), c, NULL);
    if (any) {
        tell_cleared(b, off, len, c);
    }
    return any;
}

bool ram_dirty_snapshot(RamBlock *b, uint64_t off, uint64_t len, DirtyClient c, uint64_t *out)
{
    PageSpan s = span_of(b, off, len);
    bool any;

    sync_dirty(b, off, len, c);
    memset(out, 0, (s.end - s.first + 63) / 64 * 8);
    any = take_bits(b, s, c, out);
    if (any) {
        tell_cleared(b, off, len, c);
    }
    return any;
}

void ram_set_hooks(const RamHooks *hooks)
{
    __atomic_store_n(&ram.hooks, hooks, __ATOMIC_RELEASE);
}
