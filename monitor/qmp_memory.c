/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memsave and pmemsave: guest memory into a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "accel/accel.h"
#include "hw/core/memory.h"
#include "monitor/qmp_schema.h"
#include "target/cpu.h"
#include "util/fdset.h"

enum { CHUNK = 4096 };

static int open_output(const char *path, GError **errp)
{
    int fd = fdset_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd < 0) {
        err_fail_errno(errp, errno, "Could not open '%s'", path);
    }
    return fd;
}

static bool write_all(int fd, const char *path, const uint8_t *buf, size_t n, GError **errp)
{
    while (n > 0) {
        ssize_t r = write(fd, buf, n);

        if (r < 0 && errno != EINTR) {
            return err_fail_errno(errp, errno, "writing memory to '%s' failed", path);
        }
        if (r > 0) {
            buf += r;
            n -= (size_t)r;
        }
    }
    return true;
}

/* Bytes from addr up to the end of its page, at most left. */
static size_t chunk_size(uint64_t addr, uint64_t left)
{
    return (size_t)MIN(left, (uint64_t)(CHUNK - addr % CHUNK));
}

typedef struct VirtRead { uint64_t addr; GuestAddr phys; bool ok; } VirtRead;

static void translate(Cpu *cpu, void *opaque)
{
    VirtRead *r = opaque;

    r->ok = cpu->type->virt_to_phys(cpu, r->addr, &r->phys);
}

static bool save_virtual(Vm *vm, Cpu *cpu, const QmpMemsaveArgs *args, int fd, GError **errp)
{
    uint64_t addr = (uint64_t)args->val, left = (uint64_t)args->size;
    uint8_t buf[CHUNK];

    cpu_regs_pull(cpu, NULL);
    while (left > 0) {
        VirtRead r = { .addr = addr };
        size_t n = chunk_size(addr, left);

        cpu_run(cpu, translate, &r);
        if (!r.ok || addr_space_read(vm->mem, r.phys, buf, n, MEM_ATTRS_NONE) != MEM_OK) {
            return err_fail(errp, "Invalid addr 0x%016" PRIx64 "/size %" PRId64 " specified", args->val,
                            args->size);
        }
        if (!write_all(fd, args->filename, buf, n, errp)) {
            return false;
        }
        addr += n;
        left -= n;
    }
    return true;
}

Json *qmp_memsave(QmpCtx *ctx, const QmpMemsaveArgs *args, GError **errp)
{
    const GPtrArray *cpus = ctx->vm->cpus;
    uint64_t index = args->has_cpu_index ? (uint64_t)args->cpu_index : 0;
    int fd;

    if (cpus == NULL || index >= cpus->len) {
        err_fail(errp, "Parameter 'cpu-index' expects a CPU number");
        return NULL;
    }
    fd = open_output(args->filename, errp);
    if (fd >= 0) {
        save_virtual(ctx->vm, g_ptr_array_index(cpus, index), args, fd, errp);
        close(fd);
    }
    return NULL;
}

/* Addresses where there is no memory read as the bus has them. */
Json *qmp_pmemsave(QmpCtx *ctx, const QmpPmemsaveArgs *args, GError **errp)
{
    uint64_t addr = (uint64_t)args->val, left = (uint64_t)args->size;
    int fd = open_output(args->filename, errp);
    uint8_t buf[CHUNK];
    bool ok = fd >= 0;

    while (ok && left > 0) {
        size_t n = chunk_size(addr, left);

        addr_space_read(ctx->vm->mem, addr, buf, n, MEM_ATTRS_NONE);
        ok = write_all(fd, args->filename, buf, n, errp);
        addr += n;
        left -= n;
    }
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}
