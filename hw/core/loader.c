/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, and the list of blobs that every reset copies into guest memory. ELF images are in elf.c.
 */
#include "hw/core/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/core/ram.h"
#include "util/err.h"
#include "util/trace.h"

enum { FILE_MAX = 1 << 30 };

/* ---- Files */

static bool fail_load(GError **errp, const char *what, const char *path, int errnum)
{
    return err_fail(errp, "could not load %s '%s': %s", what, path, strerror(errnum));
}

/* An open regular file (or device) and its size. -1 + error. */
static int open_sized(const char *what, const char *path, uint64_t *size, GError **errp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0) {
        fail_load(errp, what, path, errno);
        return -1;
    }
    if (fstat(fd, &st) < 0) {
        fail_load(errp, what, path, errno);
        close(fd);
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        fail_load(errp, what, path, EISDIR);
        close(fd);
        return -1;
    }
    *size = (uint64_t)st.st_size;
    return fd;
}

int64_t file_size(const char *what, const char *path, GError **errp)
{
    uint64_t size;
    int fd = open_sized(what, path, &size, errp);

    if (fd < 0) {
        return -1;
    }
    close(fd);
    return (int64_t)size;
}

static bool read_all(int fd, uint8_t *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, buf + done, size - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool size_fits(const char *what, const char *path, uint64_t size, size_t max, GError **errp)
{
    max = max != 0 ? max : (size_t)FILE_MAX;
    if (size == 0) {
        return err_fail(errp, "could not load %s '%s': the file is empty", what, path);
    }
    return size <= max || err_fail(errp, "could not load %s '%s': the file is too big (%" PRIu64 " bytes, at most %zu)",
                                   what, path, size, max);
}

uint8_t *load_file(const char *what, const char *path, size_t max, size_t *ret_size, GError **errp)
{
    uint64_t size;
    int fd = open_sized(what, path, &size, errp);
    uint8_t *data = NULL;

    TRACE("load_file", "%s from %s", what, path);
    if (fd < 0) {
        return NULL;
    }
    if (size_fits(what, path, size, max, errp)) {
        data = g_try_malloc(size);
        if (data == NULL) {
            fail_load(errp, what, path, ENOMEM);
        } else if (!read_all(fd, data, size)) {
            fail_load(errp, what, path, errno);
            g_clear_pointer(&data, g_free);
        } else {
            *ret_size = size;
        }
    }
    close(fd);
    return data;
}

GMappedFile *map_file(const char *what, const char *path, size_t max, GError **errp)
{
    uint64_t size;
    int fd = open_sized(what, path, &size, errp);
    GMappedFile *map = NULL;

    if (fd < 0) {
        return NULL;
    }
    if (size_fits(what, path, size, max, errp)) {
        map = g_mapped_file_new_from_fd(fd, true, NULL);
        if (map == NULL) {
            fail_load(errp, what, path, errno);
        }
    }
    close(fd);
    return map;
}

/* ---- Blobs */

static void blob_free(gpointer p)
{
    RomBlob *b = p;

    g_free(b->name);
    g_free(b->fw_dir);
    g_free(b->fw_file);
    g_free(b->data);
    g_free(b);
}

GPtrArray *rom_list_new(void)
{
    return g_ptr_array_new_with_free_func(blob_free);
}

/* Sorted by address; what goes to a region and has none comes last. */
static RomBlob *insert(Vm *vm, RomBlob *b)
{
    guint i = 0;

    while (i < vm->roms->len && ((RomBlob *)g_ptr_array_index(vm->roms, i))->addr <= b->addr) {
        i++;
    }
    g_ptr_array_insert(vm->roms, (int)i, b);
    return b;
}

static RomBlob *blob_new(const char *name, const void *data, size_t size, size_t max_size)
{
    RomBlob *b = g_new0(RomBlob, 1);

    b->name = g_strdup(name);
    b->data = g_memdup2(data, size);
    b->data_size = size;
    b->size = MAX(size, max_size);
    b->boot_index = -1;
    return b;
}

RomBlob *rom_add_blob(Vm *vm, const char *name, const void *data, size_t size, size_t max_size,
                      GuestAddr at)
{
    RomBlob *b = blob_new(name, data, size, max_size);

    b->addr = at;
    return insert(vm, b);
}

RomBlob *rom_add_file(Vm *vm, const char *path, GuestAddr at, GError **errp)
{
    g_autofree char *base = g_path_get_basename(path);
    size_t size;
    g_autofree uint8_t *data = load_file("ROM", path, 0, &size, errp);

    return data != NULL ? rom_add_blob(vm, base, data, size, size, at) : NULL;
}

RomBlob *rom_add_region(Vm *vm, const char *name, const void *data, size_t size, MemRegion *r)
{
    RomBlob *b = blob_new(name, data, size, r->size);

    g_assert(r->ram != NULL && size <= r->size);
    b->region = r;
    b->addr = UINT64_MAX;
    return insert(vm, b);
}

RomBlob *rom_add_fw(Vm *vm, const char *name, const char *fw_dir, const char *fw_file,
                    const void *data, size_t size, int boot_index)
{
    RomBlob *b = blob_new(name, data, size, size);

    b->fw_dir = g_strdup(fw_dir);
    b->fw_file = g_strdup(fw_file);
    b->boot_index = boot_index;
    return insert(vm, b);
}

static bool has_address(const RomBlob *b)
{
    return b->region == NULL && b->fw_file == NULL;
}

bool rom_check_overlaps(Vm *vm, GError **errp)
{
    const RomBlob *before = NULL;

    for (guint i = 0; i < vm->roms->len; i++) {
        const RomBlob *b = g_ptr_array_index(vm->roms, i);

        if (!has_address(b)) {
            continue;
        }
        if (before != NULL && before->as == b->as && b->addr - before->addr < before->size) {
            return err_fail(errp,
                            "'%s' (0x%" PRIx64 "-0x%" PRIx64 ") and '%s' (at 0x%" PRIx64
                            ") overlap in guest memory",
                            before->name, before->addr, before->addr + before->size - 1, b->name,
                            b->addr);
        }
        before = b;
    }
    return true;
}

uint8_t *rom_ptr(Vm *vm, GuestAddr at, size_t size)
{
    for (guint i = 0; i < vm->roms->len; i++) {
        RomBlob *b = g_ptr_array_index(vm->roms, i);

        if (has_address(b) && at >= b->addr && at - b->addr <= b->data_size &&
            b->data_size - (at - b->addr) >= size) {
            return b->data + (at - b->addr);
        }
    }
    return NULL;
}

/* Zeros up to the blob's size; the data came before. */
static void copy_zeros(AddrSpace *as, GuestAddr at, uint64_t len)
{
    static const uint8_t zeros[4096];

    while (len > 0) {
        size_t n = MIN(len, sizeof(zeros));

        addr_space_write_rom(as, at, zeros, n);
        at += n;
        len -= n;
    }
}

void rom_reset(Vm *vm)
{
    for (guint i = 0; i < vm->roms->len; i++) {
        const RomBlob *b = g_ptr_array_index(vm->roms, i);
        AddrSpace *as = b->as != NULL ? b->as : vm->mem;

        if (b->region != NULL) {
            memcpy(mem_ram_ptr(b->region), b->data, b->data_size);
            memset(mem_ram_ptr(b->region) + b->data_size, 0, b->region->size - b->data_size);
            mem_set_dirty(b->region, 0, b->region->size);
        } else if (b->fw_file == NULL) {
            addr_space_write_rom(as, b->addr, b->data, b->data_size);
            copy_zeros(as, b->addr + b->data_size, b->size - b->data_size);
        }
    }
}

void rom_print(Vm *vm, GString *out)
{
    for (guint i = 0; i < vm->roms->len; i++) {
        const RomBlob *b = g_ptr_array_index(vm->roms, i);

        if (b->region != NULL) {
            g_string_append_printf(out, "%s size=0x%06zx name=\"%s\"\n", b->region->name, b->size,
                                   b->name);
        } else if (b->fw_file != NULL) {
            g_string_append_printf(out, "fw=%s/%s size=0x%06zx name=\"%s\"\n", b->fw_dir,
                                   b->fw_file, b->size, b->name);
        } else {
            const FlatRange *fr =
                flat_map_find(addr_space_map(b->as != NULL ? b->as : vm->mem), b->addr);

            g_string_append_printf(out, "addr=%016" PRIx64 " size=0x%06zx mem=%s name=\"%s\"\n",
                                   b->addr, b->size, fr != NULL && fr->readonly ? "rom" : "ram",
                                   b->name);
        }
    }
}
