/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware configuration: numbered and named blobs that the guest reads through ports 0x510-0x51b. VM lock
 * held for all calls. */
#ifndef HW_NVRAM_FW_CFG_H
#define HW_NVRAM_FW_CFG_H

#include "hw/core/device.h"

enum FwCfgKey {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04, FW_CFG_NB_CPUS = 0x05, FW_CFG_MACHINE_ID = 0x06,
    FW_CFG_KERNEL_ADDR = 0x07, FW_CFG_KERNEL_SIZE = 0x08, FW_CFG_KERNEL_CMDLINE = 0x09,
    FW_CFG_INITRD_ADDR = 0x0a, FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_NUMA = 0x0d, FW_CFG_BOOT_MENU = 0x0e, FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10, FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13, FW_CFG_CMDLINE_SIZE = 0x14, FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16, FW_CFG_SETUP_SIZE = 0x17, FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19, FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_ARCH_LOCAL = 0x8000,
    FW_CFG_ACPI_TABLES = 0x8000, FW_CFG_SMBIOS_ENTRIES = 0x8001, FW_CFG_IRQ0_OVERRIDE = 0x8002,
    FW_CFG_E820_TABLE = 0x8003, FW_CFG_HPET = 0x8004,
};

extern const DeviceType fw_cfg_io_type;

/* Ports iobase (selector, data) and iobase + 4 (DMA, 8 bytes, big endian). One a machine. */
Device *fw_cfg_new(Vm *vm, uint16_t iobase, GError **errp);

/* Values under a fixed key; numbers are little endian. Setting a key again replaces its value. */
void fw_cfg_add_bytes(Device *fw, uint16_t key, const void *data, size_t size);     /* copied */
/* What the map has from off on; takes a reference to it. */
void fw_cfg_add_mapped(Device *fw, uint16_t key, GMappedFile *map, size_t off);
void fw_cfg_add_string(Device *fw, uint16_t key, const char *s);        /* with its NUL */
void fw_cfg_add_u16(Device *fw, uint16_t key, uint16_t v);
void fw_cfg_add_u32(Device *fw, uint16_t key, uint32_t v);
void fw_cfg_add_u64(Device *fw, uint16_t key, uint64_t v);

/* Named files, kept sorted by name; at most 55 characters. Adding a name that exists replaces the file,
 * false + error: the name is too long or the directory is full. */
bool fw_cfg_add_file(Device *fw, const char *name, const void *data, size_t size, GError **errp);

typedef struct FwCfgFile {
    void *data;                     /* kept, not copied; size bytes, must outlive the device */
    size_t size;
    bool writable;                  /* guest may write it by DMA */
    /* Guest selects the file: last chance to make its contents (fw_cfg_set_file()). May be NULL. */
    void (*select)(void *opaque);
    /* Guest wrote len bytes at off. May be NULL. */
    void (*written)(void *opaque, size_t off, size_t len);
    void *opaque;
} FwCfgFile;
bool fw_cfg_add_file_callback(Device *fw, const char *name, const FwCfgFile *file, GError **errp);
/* New contents of an existing file (copied), from a select callback, say; adds it when there is none. */
bool fw_cfg_set_file(Device *fw, const char *name, const void *data, size_t size, GError **errp);
/* Contents as the guest would read them; NULL: no such file. Valid until the file changes. */
const void *fw_cfg_get_file(Device *fw, const char *name, size_t *size);
/* The user's files: the name should begin with "opt/"; warns when it does not. */
bool fw_cfg_add_user_file(Device *fw, const char *name, const void *data, size_t size, GError **errp);

#endif
