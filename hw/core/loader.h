/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and blobs put into guest memory at reset: firmware, option ROMs, kernels, ELF images.
 * Contents are kept and copied again by every reset. */
#ifndef HW_CORE_LOADER_H
#define HW_CORE_LOADER_H

#include "hw/core/vm.h"

typedef struct RomBlob {
    char *name;             /* file name or blob name: info roms */
    char *fw_dir, *fw_file; /* when it goes to the firmware by name and not to an address */
    uint8_t *data;
    size_t data_size, size; /* size >= data_size: the rest is zeros */
    GuestAddr addr;
    AddrSpace *as;     /* NULL: vm->mem */
    MemRegion *region; /* into this region at addr instead of an address space; or NULL */
    int boot_index;
} RomBlob;

/* Whole file in memory; one clear line, "could not load WHAT 'path': why", on a missing, unreadable,
 * empty, directory or too big (> max) file. Freed with g_free. max 0: 1 GiB. */
uint8_t *load_file(const char *what, const char *path, size_t max, size_t *ret_size,
                   GError **errp);
/* The same, mapped: what is not stored to is the host's cache of the file, which must not become shorter meanwhile. */
GMappedFile *map_file(const char *what, const char *path, size_t max, GError **errp);
int64_t file_size(const char *what, const char *path, GError **errp); /* -1 + error */

/* Blobs: data is copied. Overlaps are found by rom_check_overlaps(). */
RomBlob *rom_add_blob(Vm *vm, const char *name, const void *data, size_t size, size_t max_size,
                      GuestAddr at);
RomBlob *rom_add_file(Vm *vm, const char *path, GuestAddr at, GError **errp);
RomBlob *rom_add_region(Vm *vm, const char *name, const void *data, size_t size, MemRegion *r);
/* Known to info roms only: the contents go through fw_cfg as fw_dir/fw_file. */
RomBlob *rom_add_fw(Vm *vm, const char *name, const char *fw_dir, const char *fw_file,
                    const void *data, size_t size, int boot_index);
bool rom_check_overlaps(Vm *vm, GError **errp);
/* contents of a blob there, before reset; NULL */
uint8_t *rom_ptr(Vm *vm, GuestAddr at, size_t size);
void rom_reset(Vm *vm);               /* copies all; part of every reset */
void rom_print(Vm *vm, GString *out); /* info roms */
GPtrArray *rom_list_new(void);        /* vm->roms: of RomBlob *, by rising address */

/* ELF32/64 little endian: program segments become blobs at their physical addresses. */
typedef struct ElfImage {
    uint64_t entry, low, high; /* of the loaded segments: [low, high) */
    uint16_t machine;
    bool is64;
    uint64_t note_entry; /* PVH: address of the note asked for by note_type; 0 */
} ElfImage;
/* Looks for the ELF note `note_name`/`note_type` when note_name is not NULL ("Xen", 18: PVH entry).
 */
bool load_elf(Vm *vm, const char *path, const char *note_name, uint32_t note_type, ElfImage *out,
              GError **errp);
bool load_elf_data(Vm *vm, const char *name, const uint8_t *data, size_t size,
                   const char *note_name, uint32_t note_type, ElfImage *out, GError **errp);

#endif
