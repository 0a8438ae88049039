/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See perf.h. perf finds the dump because its first page is mapped executable; time stamps are those of
 * CLOCK_MONOTONIC ("perf record -k mono", then "perf inject --jit"). Unwind and line tables are not written. */
#include "accel/tcg/perf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/err.h"

enum { JIT_MAGIC = 0x4a695444, JIT_VERSION = 1, JIT_CODE_LOAD = 0, EM_X86_64_NUMBER = 62 };

typedef struct JitHeader {
    uint32_t magic, version, total_size, elf_mach, pad, pid;
    uint64_t timestamp, flags;
} JitHeader;

typedef struct JitLoad {
    uint32_t id, total_size;
    uint64_t timestamp;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
} JitLoad;

static struct {
    GMutex lock;
    FILE *map, *dump;
    uint64_t index;
} perf;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool perf_wanted(void)
{
    return perf.map != NULL || perf.dump != NULL;
}

bool perf_map_open(GError **errp)
{
    g_autofree char *path = g_strdup_printf("/tmp/perf-%d.map", (int)getpid());

    perf.map = fopen(path, "we");
    if (perf.map == NULL) {
        return err_fail_errno(errp, errno, "Could not open '%s'", path);
    }
    setvbuf(perf.map, NULL, _IOLBF, 0);
    return true;
}

bool perf_dump_open(GError **errp)
{
    g_autofree char *path = g_strdup_printf("./jit-%d.dump", (int)getpid());
    JitHeader h = { .magic = JIT_MAGIC, .version = JIT_VERSION, .total_size = sizeof(h), .elf_mach = EM_X86_64_NUMBER,
                    .pid = (uint32_t)getpid(), .timestamp = now_ns() };

    perf.dump = fopen(path, "w+e");
    if (perf.dump == NULL || fwrite(&h, sizeof(h), 1, perf.dump) != 1 || fflush(perf.dump) != 0 ||
        mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(perf.dump), 0) ==
            MAP_FAILED) {
        return err_fail_errno(errp, errno, "Could not write '%s'", path);
    }
    return true;
}

static void dump_block(const void *code, size_t size, const char *name)
{
    JitLoad l = { .id = JIT_CODE_LOAD, .timestamp = now_ns(), .pid = (uint32_t)getpid(),
                  .tid = (uint32_t)syscall(SYS_gettid), .vma = (uintptr_t)code, .code_addr = (uintptr_t)code,
                  .code_size = size, .code_index = perf.index++ };

    l.total_size = (uint32_t)(sizeof(l) + strlen(name) + 1 + size);
    fwrite(&l, sizeof(l), 1, perf.dump);
    fwrite(name, strlen(name) + 1, 1, perf.dump);
    fwrite(code, size, 1, perf.dump);
    fflush(perf.dump);
}

void perf_block(const void *code, size_t size, uint64_t pc)
{
    char name[40];

    snprintf(name, sizeof(name), "guest-0x%" PRIx64, pc);
    g_mutex_lock(&perf.lock);
    if (perf.map != NULL) {
        fprintf(perf.map, "%" PRIxPTR " %zx %s\n", (uintptr_t)code, size, name);
    }
    if (perf.dump != NULL) {
        dump_block(code, size, name);
    }
    g_mutex_unlock(&perf.lock);
}
