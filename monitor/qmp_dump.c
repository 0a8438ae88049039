/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump-guest-memory: an ELF core file (ELF-64, x86-64) of the guest: one note segment with each CPU's
 * registers, one load segment a range of RAM by physical address. The machine stands still meanwhile; a
 * detached dump is written by a thread of its own, because its reader may be slow. Or the kdump format with
 * zlib: dump_kdump.c. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "accel/accel.h"
#include "hw/core/memory.h"
#include "hw/core/ram.h"
#include "hw/core/vm.h"
#include "monitor/dump.h"
#include "monitor/qmp_schema.h"
#include "target/cpu.h"
#include "util/fdset.h"
#include "util/loop.h"

enum { WRITE_MAX = 1 << 20 };

typedef struct Dump {
    Vm *vm;
    DumpImage image;
    bool was_running, detached, kdump;
    GByteArray *head;               /* ELF header, program headers, notes */
    uint64_t total;                 /* bytes of memory */
    int error;                      /* errno of the thread */
    GThread *thread;
} Dump;

typedef enum DumpState { DUMP_NONE, DUMP_ACTIVE, DUMP_COMPLETED, DUMP_FAILED } DumpState;

/* The last dump, for query-dump; under the VM lock. */
static struct { DumpState state; uint64_t total, done; Dump *active; } last;

/* ---- What is dumped */

/* Neighbours in the guest that are neighbours in the host become one range. */
static void add_range(Dump *d, GuestAddr start, uint64_t size, const uint8_t *host)
{
    guint n = d->image.ranges->len;
    DumpRange *prev = n > 0 ? &g_array_index(d->image.ranges, DumpRange, n - 1) : NULL;
    DumpRange r = { start, size, host };

    d->total += size;
    if (prev != NULL && prev->start + prev->size == start && prev->host + prev->size == host) {
        prev->size += size;
        return;
    }
    g_array_append_val(d->image.ranges, r);
}

static void find_ranges(Dump *d, bool filter, uint64_t begin, uint64_t length)
{
    const FlatMap *map = addr_space_map(d->vm->mem);
    uint64_t end = begin + length;

    for (size_t i = 0; i < flat_map_count(map); i++) {
        const FlatRange *fr = flat_map_range(map, i);
        GuestAddr start = fr->start;
        uint64_t stop = fr->last + 1;

        if (fr->host == NULL || fr->ram == NULL || fr->readonly) {
            continue;
        }
        if (filter) {
            start = MAX(start, begin);
            stop = MIN(stop, end);
        }
        if (start < stop) {
            add_range(d, start, stop - start, fr->host + (start - fr->start));
        }
    }
}

static void collect_notes(Dump *d)
{
    const GPtrArray *cpus = d->vm->cpus;

    for (guint i = 0; cpus != NULL && i < cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(cpus, i);

        cpu_regs_pull(cpu, NULL);
        target_cpu_core_notes(cpu, d->image.notes);
    }
    d->image.cpus = cpus != NULL ? cpus->len : 0;
}

static void put_load(Dump *d, const DumpRange *r, uint64_t *offset)
{
    Elf64_Phdr ph = { .p_type = PT_LOAD, .p_offset = *offset, .p_paddr = r->start, .p_filesz = r->size,
                      .p_memsz = r->size };

    g_byte_array_append(d->head, (const uint8_t *)&ph, sizeof(ph));
    *offset += r->size;
}

static void make_head(Dump *d)
{
    const GByteArray *notes = d->image.notes;
    Elf64_Ehdr eh = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof(eh),
        .e_ehsize = sizeof(eh), .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)(d->image.ranges->len + 1),
    };
    Elf64_Phdr note = { .p_type = PT_NOTE };
    uint64_t offset = sizeof(eh) + (d->image.ranges->len + 1) * sizeof(Elf64_Phdr);

    note.p_offset = offset;
    note.p_filesz = note.p_memsz = notes->len;
    offset += notes->len;
    g_byte_array_append(d->head, (const uint8_t *)&eh, sizeof(eh));
    g_byte_array_append(d->head, (const uint8_t *)&note, sizeof(note));
    for (guint i = 0; i < d->image.ranges->len; i++) {
        put_load(d, &g_array_index(d->image.ranges, DumpRange, i), &offset);
    }
    g_byte_array_append(d->head, notes->data, notes->len);
}

/* ---- Writing: any thread; the memory does not change */

int dump_write(int fd, const void *buf, uint64_t n, uint64_t *progress)
{
    const uint8_t *at = buf;

    while (n > 0) {
        ssize_t r = write(fd, at, MIN(n, (uint64_t)WRITE_MAX));

        if (r < 0 && errno != EINTR) {
            return errno;
        }
        if (r > 0) {
            at += r;
            n -= (uint64_t)r;
            if (progress != NULL) {
                __atomic_fetch_add(progress, (uint64_t)r, __ATOMIC_RELAXED);
            }
        }
    }
    return 0;
}

static int write_elf(Dump *d)
{
    DumpImage *image = &d->image;
    int e = dump_write(image->fd, d->head->data, d->head->len, NULL);

    for (guint i = 0; e == 0 && i < image->ranges->len; i++) {
        const DumpRange *r = &g_array_index(image->ranges, DumpRange, i);

        e = dump_write(image->fd, r->host, r->size, &image->done);
    }
    return e;
}

static int write_dump(Dump *d)
{
    int e = d->kdump ? dump_write_kdump(&d->image) : write_elf(d);

    return close(d->image.fd) < 0 && e == 0 ? errno : e;
}

/* ---- The end */

static Json *dump_info(void)
{
    static const char *const names[] = { "none", "active", "completed", "failed" };
    uint64_t done = last.active != NULL ? __atomic_load_n(&last.active->image.done, __ATOMIC_RELAXED) : last.done;
    Json *info = json_object_new();

    json_set_uint(info, "total", last.total);
    json_set_str(info, "status", names[last.state]);
    json_set_uint(info, "completed", done);
    return info;
}

static void dump_free(Dump *d)
{
    g_byte_array_unref(d->head);
    g_byte_array_unref(d->image.notes);
    g_array_unref(d->image.ranges);
    g_free(d);
}

/* Main thread. Frees d. */
static void dump_end(Dump *d, GError **errp)
{
    Json *data = json_object_new();

    last.state = d->error == 0 ? DUMP_COMPLETED : DUMP_FAILED;
    last.done = d->image.done;
    last.active = NULL;
    json_set(data, "result", dump_info());
    if (d->error != 0) {
        json_set(data, "error", json_strf("dump: failed to save memory: %s", strerror(d->error)));
        err_fail_errno(errp, d->error, "dump: failed to save memory");
    }
    qmp_event("DUMP_COMPLETED", data);
    if (d->was_running) {
        vm_start(d->vm);
    }
    dump_free(d);
}

static void thread_ended(void *opaque)
{
    Dump *d = opaque;

    g_thread_join(d->thread);
    dump_end(d, NULL);
}

static gpointer dump_thread(gpointer opaque)
{
    Dump *d = opaque;

    d->error = write_dump(d);
    loop_call(loop_main(), thread_ended, d);
    return NULL;
}

/* ---- Commands */

static int open_target(const char *protocol, GError **errp)
{
    int fd;

    if (g_str_has_prefix(protocol, "fd:")) {
        return qmp_take_fd(protocol + 3, errp);
    }
    if (!g_str_has_prefix(protocol, "file:")) {
        err_fail(errp, "Invalid parameter 'protocol'");
        return -1;
    }
    fd = fdset_open(protocol + 5, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        err_fail_errno(errp, errno, "Could not open '%s'", protocol + 5);
    }
    return fd;
}

static bool is_kdump(const QmpDumpGuestMemoryArgs *args)
{
    return args->has_format && args->format == QMP_DUMP_FORMAT_KDUMP_ZLIB;
}

static bool check_args(const QmpDumpGuestMemoryArgs *args, GError **errp)
{
    if (last.active != NULL) {
        return err_fail(errp, "There is a dump in process, please wait.");
    }
    if (args->paging) {
        return err_fail(errp, "dumps with paging are not supported");
    }
    if (args->has_begin != args->has_length) {
        return err_fail(errp, "Parameter '%s' is missing", args->has_begin ? "length" : "begin");
    }
    if (is_kdump(args) && args->has_begin) {
        return err_fail(errp, "kdump-compressed format doesn't support paging or filter");
    }
    return !args->has_begin || (args->begin >= 0 && args->length > 0) ||
        err_fail(errp, "Invalid parameter 'length'");
}

Json *qmp_dump_guest_memory(QmpCtx *ctx, const QmpDumpGuestMemoryArgs *args, GError **errp)
{
    Dump *d;
    int fd;

    if (!check_args(args, errp)) {
        return NULL;
    }
    fd = open_target(args->protocol, errp);
    if (fd < 0) {
        return NULL;
    }
    d = g_new0(Dump, 1);
    *d = (Dump){ .vm = ctx->vm, .was_running = vm_running(ctx->vm), .kdump = is_kdump(args),
                 .detached = args->has_detach && args->detach, .head = g_byte_array_new(),
                 .image = { .fd = fd, .notes = g_byte_array_new(),
                            .ranges = g_array_new(FALSE, FALSE, sizeof(DumpRange)) } };
    if (d->was_running) {
        vm_stop(ctx->vm, RUN_SAVE_VM);
    }
    find_ranges(d, args->has_begin, (uint64_t)args->begin, (uint64_t)args->length);
    collect_notes(d);
    make_head(d);
    last.state = DUMP_ACTIVE;
    last.total = d->total;
    last.active = d;
    if (d->detached) {
        d->thread = g_thread_new("dump", dump_thread, d);
    } else {
        d->error = write_dump(d);
        dump_end(d, errp);
    }
    return NULL;
}

Json *qmp_query_dump(QmpCtx *ctx, GError **errp)
{
    return dump_info();
}

Json *qmp_query_dump_guest_memory_capability(QmpCtx *ctx, GError **errp)
{
    Json *ret = json_object_new(), *formats = json_array_new();

    json_array_add(formats, json_str("elf"));
    json_array_add(formats, json_str("kdump-zlib"));
    json_set(ret, "formats", formats);
    return ret;
}
