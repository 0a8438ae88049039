/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives on raw images: data, bounds, alignment, order, caches and what is stable after a crash, locks, overlays,
 * options and their errors. The driver "test-disk" has a volatile write cache, like a disk: what a crash leaves
 * is its `stable` array. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "block/block_int.h"
#include "util/iov.h"
#include "util/keyval.h"
#include "util/loop.h"

enum { DISK = 64 * 1024 };

static char *dir;                   /* temporary, the current directory */

static struct TestDisk {
    char volatile_[DISK], stable[DISK];
    unsigned writes, flushes, align;
    uint64_t sleep_ns, last_len;
    int fail;                       /* errno of the next write */
} disk;

static bool td_open(BlockNode *n, const void *options, GError **errp)
{
    n->align = n->mem_align = disk.align != 0 ? disk.align : 1;
    n->filename = g_strdup("test-disk:");
    return true;
}

static int co_td_wait(void)
{
    Work w = { .kind = WORK_SLEEP, .len = disk.sleep_ns };

    return disk.sleep_ns == 0 ? 0 : co_work(&w);
}

static void td_check(BlockNode *n, uint64_t off, IoVec v)
{
    g_assert_cmpuint(off % n->align, ==, 0);
    g_assert_cmpuint(v.len % n->align, ==, 0);
    for (int i = 0; i < v.n; i++) {
        g_assert_cmpuint(((uintptr_t)v.iov[i].iov_base + v.skip) % n->mem_align, ==, 0);
    }
}

static int co_td_read(BlockNode *n, uint64_t off, IoVec v)
{
    td_check(n, off, v);
    co_td_wait();
    iov_from_buf(v.iov, v.n, v.skip, disk.volatile_ + off, v.len);
    return 0;
}

static int co_td_flush(BlockNode *n)
{
    disk.flushes++;
    co_td_wait();
    memcpy(disk.stable, disk.volatile_, DISK);
    return 0;
}

static int co_td_write(BlockNode *n, uint64_t off, IoVec v, unsigned flags)
{
    int fail = disk.fail;

    td_check(n, off, v);
    disk.fail = 0;
    co_td_wait();
    if (fail != 0) {
        return -fail;
    }
    iov_to_buf(v.iov, v.n, v.skip, disk.volatile_ + off, v.len);
    disk.writes++;
    disk.last_len = v.len;
    return flags & BLOCK_FUA ? co_td_flush(n) : 0;
}

static int64_t td_length(BlockNode *n) { return DISK; }

static const BlockDriver test_disk = {
    .name = "test-disk", .co_open = td_open, .co_read = co_td_read, .co_write = co_td_write, .co_flush = co_td_flush,
    .length = td_length,
};
BLOCK_DRIVER_REGISTER(test_disk);

static Block *open_text(const char *text, GError **errp)
{
    g_autoptr(Json) opts = keyval_parse(text, NULL, 0, NULL, NULL);

    return block_open("d0", opts, errp);
}

static Block *open_ok(const char *text)
{
    GError *err = NULL;
    Block *b = open_text(text, &err);

    g_assert_no_error(err);
    g_assert_nonnull(b);
    return b;
}

static Block *open_disk(const char *more)
{
    g_autofree char *text = g_strdup_printf("driver=test-disk%s", more);

    memset(&disk, 0, sizeof(disk));
    return open_ok(text);
}

static void open_fails(const char *text, const char *message)
{
    GError *err = NULL;
    g_autofree char *got = NULL;

    g_assert_null(open_text(text, &err));
    g_assert_nonnull(err);
    got = err_text(err);
    g_assert_cmpstr(got, ==, message);
    g_error_free(err);
}

static void make_file(const char *name, size_t size)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);

    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    close(fd);
}

static size_t some_len(size_t below, size_t most)
{
    size_t len = (size_t)rand() % below;

    return MIN(len, most);
}

typedef struct Wait { int ret, n; } Wait;

static void finished(void *opaque, int ret)
{
    Wait *w = opaque;

    w->ret = ret;
    w->n++;
}

static int wait_for(Wait *w)
{
    while (w->n == 0) {
        loop_step(loop_main(), true);
    }
    return w->ret;
}

static void test_options(void)
{
    make_file("a.img", 1024 * 1024);
    make_file("empty.img", 0);
    g_assert_cmpint(mkdir("dir", 0700), ==, 0);
    open_fails("file=/nonexistent", "Could not open '/nonexistent': No such file or directory");
    open_fails("file=a.img,format=bogus", "Unknown driver 'bogus'");
    open_fails("file=dir", "'file' driver requires 'dir' to be a regular file");
    open_fails("file=dir,format=raw,read-only=on", "'file' driver requires 'dir' to be a regular file");
    open_fails("file=empty.img,format=raw", "Could not open 'empty.img': The image is empty");
    open_fails("file=a.img,format=raw,bogus=1", "Block format 'raw' does not support the option 'bogus'");
    open_fails("file=a.img,format=raw,cache=foo", "invalid cache option");
    open_fails("file=a.img,format=raw,aio=foo", "invalid aio option");
    open_fails("file=a.img,format=raw,aio=native",
               "aio=native was specified, but it requires cache.direct=on, which was not specified.");
    open_fails("file=a.img,format=raw,discard=foo", "Invalid discard option");
    open_fails("file=a.img,format=raw,werror=foo", "'foo' invalid write error action");
    open_fails("file=a.img,format=raw,detect-zeroes=foo", "invalid parameter value: foo");
    open_fails("file=a.img,format=raw,readonly=maybe", "Parameter 'read-only' expects 'on' or 'off'");
    open_fails("file=a.img,format=raw,snapshot=maybe", "Parameter 'snapshot' expects 'on' or 'off'");
    open_fails("file=a.img,format=raw,offset=2M",
               "Offset (2097152) cannot be greater than size of the containing file (1048576)");
    open_fails("file=a.img,format=raw,offset=512k,size=1M",
               "The sum of offset (524288) and size (1048576) has to be smaller or equal to the  actual size of the "
               "containing file (1048576)");
    open_fails("file=a.img,format=raw,size=1000", "Specified size is not multiple of 512");
    open_fails("file=foo:a.img,format=raw", "Unknown protocol 'foo'");
    open_fails("format=raw", "A block device must be specified for \"file\"");
    open_fails("file=json:{}", "Must specify either driver or file");
    block_close(open_ok("file=json:{\"driver\":\"raw\",,\"file\":{\"driver\":\"file\",,\"filename\":\"a.img\"}}"));
    block_close(open_ok("file=file:a.img,format=raw,offset=512,size=1k"));
    block_close(open_ok("file=null-co://,file.size=1M,format=raw"));
    block_close(open_ok("file.driver=file,file.filename=a.img,format=raw,cache=none,aio=native"));
    block_close(open_ok(""));
}

static void test_empty(void)
{
    Block *b = open_ok("");
    char buf[512];
    Wait w = { 0 };

    g_assert_false(block_inserted(b));
    g_assert_cmpuint(block_length(b), ==, 0);
    g_assert_cmpint(block_pread(b, 0, buf, 512), ==, -ENOMEDIUM);
    block_flush(b, finished, &w);
    g_assert_cmpint(wait_for(&w), ==, -ENOMEDIUM);
    block_close(b);
}

static void test_data(void)
{
    static const char *const modes[] = { "writeback", "none", "writethrough", "directsync", "unsafe" };
    char out[3 * 4096 + 100], in[sizeof(out)];

    for (size_t m = 0; m < G_N_ELEMENTS(modes) * 2; m++) {
        bool native = m % 2 && (modes[m / 2][0] == 'n' || modes[m / 2][0] == 'd');
        g_autofree char *text = g_strdup_printf("file=a.img,format=raw,cache=%s,aio=%s", modes[m / 2],
                                                native ? "native" : "threads");
        Block *b;

        make_file("a.img", 100 * 1000);     /* the last sector is not whole */
        b = open_ok(text);
        g_assert_cmpuint(block_length(b), ==, 196 * 512);
        for (int i = 0; i < 200; i++) {
            uint64_t off = (uint64_t)rand() % (196 * 512);
            size_t len = some_len(sizeof(out), 196 * 512 - off);
            size_t cut = len == 0 ? 0 : (size_t)rand() % len;
            struct iovec iov[2] = { { out, cut }, { out + cut, len - cut } };
            Wait w = { 0 }, f = { 0 };

            memset(out, rand(), sizeof(out));
            block_write(b, off, iov, 2, i % 7 == 0 ? BLOCK_FUA : 0, finished, &w);
            g_assert_cmpint(w.n, ==, 0);    /* never before it returns */
            g_assert_cmpint(wait_for(&w), ==, 0);
            memset(in, 0x5a, sizeof(in));
            g_assert_cmpint(block_pread(b, off, in, len), ==, 0);
            g_assert_cmpmem(in, len, out, len);
            if (i % 50 == 0) {
                block_flush(b, finished, &f);
                g_assert_cmpint(wait_for(&f), ==, 0);
            }
        }
        g_assert_cmpint(block_pread(b, 196 * 512 - 1, in, 2), ==, -EIO);
        g_assert_cmpint(block_pread(b, UINT64_MAX, in, 2), ==, -EIO);
        g_assert_cmpuint(block_stats(b).wr_ops, ==, 200);
        block_close(b);
    }
}

/* Against a model: reads, writes, zeroes at any offset on a device with 512-byte units. */
static void test_model(void)
{
    static char model[DISK], buf[DISK];
    Block *b;

    memset(&disk, 0, sizeof(disk));
    disk.align = 512;
    memset(model, 0, sizeof(model));
    b = open_ok("driver=test-disk");
    for (int i = 0; i < 3000; i++) {
        uint64_t off = (uint64_t)rand() % DISK;
        size_t len = some_len(3000, DISK - off);
        Wait w = { 0 };

        if (i % 3 == 0) {
            memset(model + off, 0, len);
            block_zero(b, off, len, 0, finished, &w);
            g_assert_cmpint(wait_for(&w), ==, 0);
        } else {
            memset(buf, rand(), len);
            memcpy(model + off, buf, len);
            g_assert_cmpint(block_pwrite(b, off, buf + 0, len, 0), ==, 0);
        }
        off = (uint64_t)rand() % DISK;
        len = some_len(3000, DISK - off);
        g_assert_cmpint(block_pread(b, off, buf + 1 - 1, len), ==, 0);
        g_assert_cmpmem(buf, len, model + off, len);
    }
    block_close(b);
}

/* Many requests at once, all of them slow: the later of overlapping writes wins, read-modify-write loses
 * nothing, a read sees what was written before it. */
static void test_order(void)
{
    enum { N = 64 };
    static char data[N][600], back[600], model[DISK];
    struct iovec iov[N];
    Wait w[N] = { { 0 } }, r = { 0 };
    Block *b;

    memset(&disk, 0, sizeof(disk));
    disk.align = 512;
    memset(model, 0, sizeof(model));
    b = open_ok("driver=test-disk");
    disk.sleep_ns = 300000;
    for (int i = 0; i < N; i++) {
        uint64_t off = (uint64_t)(rand() % 4000);

        memset(data[i], i + 1, sizeof(data[i]));
        memcpy(model + off, data[i], sizeof(data[i]));
        iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
        block_write(b, off, &iov[i], 1, 0, finished, &w[i]);
    }
    iov[0] = (struct iovec){ back, sizeof(back) };
    block_read(b, 2000, iov, 1, finished, &r);
    g_assert_cmpint(wait_for(&r), ==, 0);
    g_assert_cmpmem(back, sizeof(back), model + 2000, sizeof(back));
    block_drain(b);
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(w[i].n, ==, 1);
        g_assert_cmpint(w[i].ret, ==, 0);
    }
    g_assert_cmpmem(disk.volatile_, DISK, model, DISK);
    block_close(b);
}

/* What a crash leaves, by cache mode. */
static void test_crash(void)
{
    static const char zeros[512];
    char x[512];
    Block *b = open_disk("");

    memset(x, 'x', sizeof(x));
    g_assert_cmpint(block_pwrite(b, 0, x, 512, 0), ==, 0);
    g_assert_cmpmem(disk.stable, 512, zeros, 512);          /* written, not flushed: lost */
    g_assert_cmpint(block_flush_sync(b), ==, 0);
    g_assert_cmpmem(disk.stable, 512, x, 512);              /* flushed: there */
    g_assert_cmpint(block_pwrite(b, 1024, x, 512, BLOCK_FUA), ==, 0);
    g_assert_cmpmem(disk.stable + 1024, 512, x, 512);       /* FUA: there at once */
    block_set_write_cache(b, false);
    g_assert_cmpint(block_pwrite(b, 2048, x, 512, 0), ==, 0);
    g_assert_cmpmem(disk.stable + 2048, 512, x, 512);       /* the guest switched the cache off */
    block_close(b);

    b = open_disk(",cache=writethrough");
    g_assert_false(block_write_cache(b));
    g_assert_cmpint(block_pwrite(b, 0, x, 512, 0), ==, 0);
    g_assert_cmpmem(disk.stable, 512, x, 512);
    block_close(b);

    b = open_disk(",cache=unsafe");
    g_assert_cmpint(block_pwrite(b, 0, x, 512, 0), ==, 0);
    g_assert_cmpint(block_flush_sync(b), ==, 0);
    g_assert_cmpuint(disk.flushes, ==, 0);                  /* flushes are ignored: that is what unsafe says */
    block_close(b);

    /* a failed write-through write is reported, and the rest of the disk is as before */
    b = open_disk(",cache=writethrough");
    disk.fail = ENOSPC;
    g_assert_cmpint(block_pwrite(b, 512, x, 512, 0), ==, -ENOSPC);
    g_assert_cmpmem(disk.stable, 512, zeros, 512);
    g_assert_cmpint(block_error_action(b, false, ENOSPC), ==, BLOCK_ERROR_STOP);
    g_assert_cmpint(block_error_action(b, false, EIO), ==, BLOCK_ERROR_REPORT);
    block_close(b);

    /* a widened write touches one unit at each end and no more */
    memset(&disk, 0, sizeof(disk));
    disk.align = 512;
    b = open_ok("driver=test-disk");
    g_assert_cmpint(block_pwrite(b, 700, x, 100, 0), ==, 0);
    g_assert_cmpuint(disk.last_len, ==, 512);
    g_assert_cmpint(block_pwrite(b, 700, x, 500, 0), ==, 0);
    g_assert_cmpuint(disk.last_len, ==, 1024);
    block_close(b);
}

/* The descriptor this process has open on a file; -1: none. */
static int find_fd(const char *name)
{
    struct stat want, st;

    g_assert_cmpint(stat(name, &want), ==, 0);
    for (int fd = 3; fd < 200; fd++) {
        if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino && st.st_dev == want.st_dev) {
            return fd;
        }
    }
    return -1;
}

/* A flush that failed lost data in the kernel: later ones must not say that all is well. */
static void test_flush_error(void)
{
    Block *b;
    int fd, keep, p[2];

    make_file("f.img", 4096);
    b = open_ok("file=f.img,format=raw");
    fd = find_fd("f.img");
    g_assert_cmpint(fd, >=, 0);
    keep = dup(fd);
    g_assert_cmpint(pipe(p), ==, 0);
    g_assert_cmpint(block_flush_sync(b), ==, 0);
    g_assert_cmpint(dup2(p[0], fd), ==, fd);            /* fdatasync of a pipe fails */
    g_assert_cmpint(block_flush_sync(b), ==, -EINVAL);
    g_assert_cmpint(dup2(keep, fd), ==, fd);
    g_assert_cmpint(block_flush_sync(b), ==, -EINVAL);
    close(keep);
    close(p[0]);
    close(p[1]);
    block_close(b);
}

/* The process is killed: what it was told is written is in the file. */
static void test_killed(void)
{
    char x[1000], back[1000];
    int fd, status, p[2];
    pid_t pid;

    make_file("k.img", 8192);
    memset(x, 'k', sizeof(x));
    g_assert_cmpint(pipe(p), ==, 0);
    pid = fork();
    if (pid == 0) {
        Block *b = open_text("file=k.img,format=raw", NULL);
        char ok = b != NULL && block_pwrite(b, 3000, x, sizeof(x), 0) == 0;

        if (write(p[1], &ok, 1) == 1) {
            pause();
        }
        _exit(1);
    }
    g_assert_cmpint(read(p[0], back, 1), ==, 1);
    g_assert_cmpint(back[0], ==, 1);
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    fd = open("k.img", O_RDONLY);
    g_assert_cmpint(pread(fd, back, sizeof(back), 3000), ==, sizeof(back));
    g_assert_cmpmem(back, sizeof(back), x, sizeof(x));
    close(fd);
    close(p[0]);
    close(p[1]);
}

static void test_cancel(void)
{
    Block *b = open_disk("");
    char buf[512];
    struct iovec iov = { buf, 512 };
    Wait w = { 0 };
    BlockReq *r;

    disk.sleep_ns = 2000000;
    r = block_read(b, 0, &iov, 1, finished, &w);
    block_cancel(r);
    r = block_flush(b, finished, &w);
    block_cancel(r);
    loop_step(loop_main(), false);
    g_assert_cmpint(w.n, ==, 0);
    block_close(b);
}

static int64_t counted_now;

static int64_t counted_read(void *opaque) { return counted_now; }

/* Time is counted: requests end when it has come so far, not before and not after, in their order. */
static void test_counted(void)
{
    static const ClockSource source = { counted_read, NULL, NULL, true };
    Block *b = open_disk("");
    char buf[512], other[512];
    struct iovec v = { buf, sizeof(buf) }, v2 = { other, sizeof(other) };
    Wait w = { 0 }, w2 = { 0 };

    clock_virtual_set_source(&source);
    clock_virtual_enable(true);
    disk.sleep_ns = 20 * 1000 * 1000;
    block_read(b, 0, &v, 1, finished, &w);
    disk.sleep_ns = 0;
    counted_now += 10;
    block_read(b, 512, &v2, 1, finished, &w2);
    for (int k = 0; k < 10; k++) {
        loop_step(loop_main(), false);
    }
    clock_virtual_run();
    g_assert_cmpint(w.n, ==, 0);
    g_assert_cmpint(w2.n, ==, 0);
    counted_now += 49990;
    clock_virtual_run();
    g_assert_cmpint(w.n, ==, 1);          /* waited for the host */
    g_assert_cmpint(w2.n, ==, 0);
    block_drain(b);
    g_assert_cmpint(w2.n, ==, 1);
    clock_virtual_set_source(NULL);
    block_close(b);
}

static void test_snapshot(void)
{
    enum { SIZE = 300 * 1024 };
    static char model[SIZE], buf[SIZE], base[SIZE];
    int fd;
    Block *b;

    memset(base, 'b', SIZE);
    memcpy(model, base, SIZE);
    g_assert_true(g_file_set_contents("s.img", base, SIZE, NULL));
    chmod("s.img", 0400);
    b = open_ok("file=s.img,snapshot=on");
    g_assert_false(block_read_only(b));
    for (int i = 0; i < 500; i++) {
        uint64_t off = (uint64_t)rand() % SIZE;
        size_t len = some_len(9000, SIZE - off);

        if (i % 4 == 0) {
            Wait w = { 0 };

            memset(model + off, 0, len);
            block_zero(b, off, len, BLOCK_MAY_UNMAP, finished, &w);
            g_assert_cmpint(wait_for(&w), ==, 0);
        } else {
            memset(buf, rand(), len);
            memcpy(model + off, buf, len);
            g_assert_cmpint(block_pwrite(b, off, buf, len, 0), ==, 0);
        }
    }
    g_assert_cmpint(block_pread(b, 0, buf, SIZE), ==, 0);
    g_assert_cmpmem(buf, SIZE, model, SIZE);
    block_close(b);
    fd = open("s.img", O_RDONLY);
    g_assert_cmpint(read(fd, buf, SIZE), ==, SIZE);
    close(fd);
    g_assert_cmpmem(buf, SIZE, base, SIZE);     /* the base was not touched */
}

/* Another process holds the image; refused by name and process. Errors of the child come back as its status. */
static void test_lock(void)
{
    int to_child[2], to_parent[2], status;
    char c;
    pid_t pid;
    GError *err = NULL;
    g_autofree char *hint = NULL, *want = NULL;

    make_file("l.img", 4096);
    g_assert_cmpint(pipe(to_child) + pipe(to_parent), ==, 0);
    pid = fork();
    if (pid == 0) {
        Block *held = open_text("file=l.img,format=raw", NULL);

        c = held == NULL;
        if (write(to_parent[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1) {
            _exit(2);
        }
        _exit(0);
    }
    g_assert_cmpint(read(to_parent[0], &c, 1), ==, 1);
    g_assert_cmpint(c, ==, 0);
    g_assert_null(open_text("file=l.img,format=raw", &err));
    want = g_strdup_printf("Is another process using the image [l.img]? (process %d has it)", (int)pid);
    hint = err_hint(err);
    g_assert_true(g_str_has_prefix(err->message, "Failed to get \"write\" lock\n"));
    g_assert_cmpstr(hint, ==, want);
    g_clear_error(&err);
    open_fails("file=l.img,format=raw,read-only=on", "Failed to get shared \"write\" lock");
    open_fails("file=l.img,format=raw,snapshot=on", "Failed to get shared \"write\" lock");
    block_close(open_ok("file.filename=l.img,format=raw,file.locking=off"));
    block_close(open_ok("file=l.img,format=raw,force-share=on,read-only=on"));
    g_assert_cmpint(write(to_child[1], "x", 1), ==, 1);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    block_close(open_ok("file=l.img,format=raw"));      /* the lock went with its holder */
}

static void test_probe(void)
{
    static const char qcow2[512] = "QFI\xfb\0\0\0\3";
    char boot[1024] = { 0 };
    Block *b;

    make_file("p.img", 4096);
    b = open_ok("file=p.img");
    g_assert_cmpint(block_pwrite(b, 0, boot, sizeof(boot), 0), ==, 0);
    g_assert_cmpint(block_pwrite(b, 0, qcow2, 512, 0), ==, -EPERM);
    g_assert_cmpint(block_pwrite(b, 4, boot, 100, 0), ==, -EPERM);
    g_assert_cmpint(block_pwrite(b, 512, qcow2, 512, 0), ==, 0);
    block_close(b);
    b = open_ok("file=p.img,format=raw");
    g_assert_cmpint(block_pwrite(b, 0, qcow2, 512, 0), ==, 0);
    block_close(b);
    open_fails("file=p.img", "Could not open 'p.img': it is in qcow2 format, for which there is no driver");
}

static int changes;
static void medium_changed(void *opaque, bool inserted) { changes += inserted ? 10 : 1; }
static bool user_locked(void *opaque) { return *(bool *)opaque; }

static void test_media(void)
{
    static const BlockUser cd = { .removable = true, .medium_changed = medium_changed, .locked = user_locked };
    static const BlockUser hd = { .removable = false };
    GError *err = NULL;
    bool locked = true;
    Block *b = open_ok("");
    g_autofree char *text = NULL, *text2 = NULL;
    char *want;

    make_file("cd.iso", 2048);
    g_assert_true(block_attach(b, &cd, &locked, false, &err));
    g_assert_false(block_attach(b, &hd, NULL, false, &err));
    g_clear_error(&err);
    g_assert_false(block_change(b, "cd.iso", NULL, 1, &err));
    g_clear_error(&err);
    locked = false;
    g_assert_true(block_change(b, "cd.iso", NULL, 1, &err));
    g_assert_cmpint(changes, ==, 10);
    g_assert_cmpuint(block_length(b), ==, 2048);
    g_assert_true(block_read_only(b));
    text = block_info_text(b, false);
    want = g_strdup_printf("d0 (%s): cd.iso (raw, read-only)\n    Removable device: not locked, tray closed\n"
                           "    Cache mode:       writeback\n", b->m.root->name);
    g_assert_cmpstr(text, ==, want);
    g_free(want);
    g_assert_false(block_change(b, "nonexistent", NULL, 1, &err));
    g_clear_error(&err);
    g_assert_cmpuint(block_length(b), ==, 2048);            /* still the old one */
    g_assert_true(block_eject(b, false, &err));
    g_assert_cmpint(changes, ==, 11);
    text2 = block_info_text(b, false);
    g_assert_cmpstr(text2, ==, "d0: [not inserted]\n    Removable device: not locked, tray closed\n");
    block_detach(b);
    block_close(b);
    b = open_ok("file=cd.iso,format=raw,read-only=on");
    g_assert_false(block_attach(b, &hd, NULL, true, &err));
    g_assert_cmpstr(err->message, ==, "Block node is read-only");
    g_clear_error(&err);
    block_close(b);
}

static void test_detect(void)
{
    Block *b;
    struct stat st;
    char *buf = g_malloc0(1024 * 1024);

    make_file("z.img", 1024 * 1024);
    b = open_ok("file=z.img,format=raw,discard=unmap,detect-zeroes=unmap");
    memset(buf, 1, 1024 * 1024);
    g_assert_cmpint(block_pwrite(b, 0, buf, 1024 * 1024, 0), ==, 0);
    block_flush_sync(b);
    stat("z.img", &st);
    g_assert_cmpint(st.st_blocks, >=, 2000);
    memset(buf, 0, 1024 * 1024);
    g_assert_cmpint(block_pwrite(b, 0, buf, 1024 * 1024, 0), ==, 0);
    block_close(b);
    stat("z.img", &st);
    g_assert_cmpint(st.st_size, ==, 1024 * 1024);
    g_assert_cmpint(st.st_blocks, <, 100);
    g_free(buf);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("kite-block-XXXXXX", NULL);
    g_assert_cmpint(chdir(dir), ==, 0);
    g_test_add_func("/block/lock_names_the_holder", test_lock);
    g_test_add_func("/block/killed_process_leaves_what_was_written", test_killed);
    g_test_add_func("/block/failed_flush_stays_failed", test_flush_error);
    g_test_add_func("/block/options_and_errors", test_options);
    g_test_add_func("/block/empty_drive", test_empty);
    g_test_add_func("/block/data_in_every_cache_mode", test_data);
    g_test_add_func("/block/unaligned_against_model", test_model);
    g_test_add_func("/block/overlapping_requests_keep_order", test_order);
    g_test_add_func("/block/crash_leaves_what_was_flushed", test_crash);
    g_test_add_func("/block/cancel", test_cancel);
    g_test_add_func("/block/counted_time", test_counted);
    g_test_add_func("/block/snapshot_leaves_base_alone", test_snapshot);
    g_test_add_func("/block/guessed_raw_protects_its_header", test_probe);
    g_test_add_func("/block/media_change", test_media);
    g_test_add_func("/block/detect_zeroes_unmaps", test_detect);
    ret = g_test_run();
    if (chdir("/") == 0) {
        g_autofree char *rm = g_strdup_printf("rm -rf '%s'", dir);

        g_assert_cmpint(system(rm), ==, 0);
    }
    return ret;
}
