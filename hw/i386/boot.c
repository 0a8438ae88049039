/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -kernel, -initrd, -append: the image is taken apart here, its pieces become fw_cfg entries, and
 * an option ROM of ours (optionrom/) that the firmware boots first puts them into memory. bzImage
 * and zImage after the Linux x86 boot protocol 2.00 and later; multiboot and PVH kernels are in
 * boot_elf.c. Not modelled: EFI handover (-shim), setup_data (-dtb). */
#include "hw/i386/boot.h"

#include <inttypes.h>
#include <string.h>

#include "hw/core/loader.h"
#include "hw/nvram/fw_cfg.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/parse.h"

enum { /* the setup header, Documentation/x86/boot: offsets in the first sectors of the image */
       HDR_CL_MAGIC = 0x20,
       HDR_CL_OFFSET = 0x22,
       HDR_SETUP_SECTS = 0x1f1,
       HDR_SYSSIZE = 0x1f4,
       HDR_VID_MODE = 0x1fa,
       HDR_MAGIC = 0x202,
       HDR_VERSION = 0x206,
       HDR_LOADER = 0x210,
       HDR_LOADFLAGS = 0x211,
       HDR_RAMDISK = 0x218,
       HDR_RAMDISK_SIZE = 0x21c,
       HDR_HEAP_END = 0x224,
       HDR_CMDLINE = 0x228,
       HDR_INITRD_MAX = 0x22c,
       HDR_XLOADFLAGS = 0x236,
       HDR_CMDLINE_SIZE = 0x238,
       HDR_END = 0x268,
};
enum {
    LOADED_HIGH = 1 << 0,
    CAN_USE_HEAP = 1 << 7,
    LOADER_ID = 0xb0,
    CL_MAGIC = 0xa33f,
    XLF_ABOVE_4G = 1 << 1,
    SECTOR = 512,
    OPTION_ROM_CHECKSUM = 5
};
enum {
    FIRMWARE_RAM = 0x28000
}; /* kept free below the top of low memory for tables of the firmware */
#define KERNEL_MAX (512ull << 20)

typedef struct LinuxImage {
    GMappedFile *map;               /* of the file: stores stay our own */
    uint8_t *data;
    size_t size, setup_size;
    uint16_t version;
    uint32_t real_at, cmdline_at, prot_at, initrd_max, cmdline_max;
} LinuxImage;

static void linux_places(LinuxImage *im, size_t cmdline_size)
{
    bool high = im->data[HDR_LOADFLAGS] & LOADED_HIGH;

    if (im->version < 0x200 || !high) {
        im->real_at = 0x90000;
        im->prot_at = 0x10000;
    } else {
        im->real_at = im->version < 0x202 ? 0x90000 : 0x10000;
        im->prot_at = 0x100000;
    }
    im->cmdline_at =
        im->real_at == 0x90000 ? 0x9a000 - (uint32_t)round_up(cmdline_size, 16) : 0x20000;
    im->initrd_max = im->version >= 0x203 ? pci_get32(im->data + HDR_INITRD_MAX) : 0x37ffffff;
    if (im->version >= 0x20c && (pci_get16(im->data + HDR_XLOADFLAGS) & XLF_ABOVE_4G)) {
        im->initrd_max = UINT32_MAX;
    }
    im->cmdline_max = im->version >= 0x206 ? pci_get32(im->data + HDR_CMDLINE_SIZE) : 255;
}

static bool linux_parse(const Machine *m, LinuxImage *im, const char *append, GError **errp)
{
    unsigned sects = im->data[HDR_SETUP_SECTS];
    uint64_t need;

    im->version = pci_get16(im->data + HDR_VERSION);
    im->setup_size = (size_t)(sects == 0 ? 5 : sects + 1) * SECTOR;
    need = im->setup_size + 1;
    if (im->version >= 0x204) { /* before, the field had 16 bits and was not to be trusted */
        need = im->setup_size + pci_get32(im->data + HDR_SYSSIZE) * 16ull - 15; /* rounded up */
    }
    if (need > im->size) {
        return err_fail(errp,
                        "could not load kernel '%s': the file is cut short (%zu of %" PRIu64
                        " bytes)",
                        m->kernel, im->size, need);
    }
    linux_places(im, strlen(append) + 1);
    if (strlen(append) > im->cmdline_max || strlen(append) >= 0x10000) {
        return err_fail(errp, "kernel command line is longer than the kernel's limit of %u bytes",
                        MIN(im->cmdline_max, 0xffff));
    }
    return true;
}

/* vga=normal|ext|ask|NUMBER in the command line is for the setup code. */
static void linux_video_mode(LinuxImage *im, const char *append)
{
    static const struct {
        const char *name;
        uint16_t mode;
    } names[] = {
        { "normal", 0xffff },
        { "ext", 0xfffe },
        { "ask", 0xfffd },
    };
    const char *p = strstr(append, "vga=");
    g_autofree char *word = NULL;
    uint64_t v;

    if (p == NULL) {
        return;
    }
    word = g_strndup(p + 4, strcspn(p + 4, " "));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(word, names[i].name) == 0) {
            pci_set16(im->data + HDR_VID_MODE, names[i].mode);
            return;
        }
    }
    if (parse_uint(word, 0, UINT16_MAX, &v)) {
        pci_set16(im->data + HDR_VID_MODE, (uint16_t)v);
    }
}

static bool linux_initrd(PcMachine *pc, LinuxImage *im, GError **errp)
{
    const char *path = pc->m.initrd;
    uint64_t top = MIN(pc->below_4g, 4 * GIB - 1);
    g_autoptr(GMappedFile) data = NULL;
    uint32_t at, max;
    size_t size;

    if (path == NULL || path[0] == '\0') {
        return true;
    }
    if (im->version < 0x200) {
        return err_fail(errp, "linux kernel too old to load a ram disk");
    }
    data = map_file("initrd", path, 0, errp);
    if (data == NULL) {
        return false;
    }
    size = g_mapped_file_get_length(data);
    max = (uint32_t)MIN((uint64_t)im->initrd_max, top > FIRMWARE_RAM ? top - FIRMWARE_RAM - 1 : 0);
    if (size >= max) {
        return err_fail(errp, "initrd is too large, cannot support (max: %u, need %zu)", max, size);
    }
    at = (uint32_t)((max - size) & ~(uint64_t)4095);
    if (at < im->prot_at + (im->size - im->setup_size)) {
        return err_fail(errp, "not enough RAM for the kernel and an initrd of %zu bytes", size);
    }
    fw_cfg_add_u32(pc->fw, FW_CFG_INITRD_ADDR, at);
    fw_cfg_add_u32(pc->fw, FW_CFG_INITRD_SIZE, (uint32_t)size);
    fw_cfg_add_mapped(pc->fw, FW_CFG_INITRD_DATA, data, 0);
    pci_set32(im->data + HDR_RAMDISK, at);
    pci_set32(im->data + HDR_RAMDISK_SIZE, (uint32_t)size);
    return true;
}

static void linux_patch_header(LinuxImage *im)
{
    uint8_t *h = im->data;

    if (im->version >= 0x202) {
        pci_set32(h + HDR_CMDLINE, im->cmdline_at);
    } else {
        pci_set16(h + HDR_CL_MAGIC, CL_MAGIC);
        pci_set16(h + HDR_CL_OFFSET, (uint16_t)(im->cmdline_at - im->real_at));
    }
    if (im->version >= 0x200) {
        h[HDR_LOADER] = LOADER_ID;
    }
    if (im->version >= 0x201) {
        h[HDR_LOADFLAGS] |= CAN_USE_HEAP;
        pci_set16(h + HDR_HEAP_END, (uint16_t)(im->cmdline_at - im->real_at - 0x200));
    }
}

static bool linux_load(PcMachine *pc, LinuxImage *im, const char *append, GError **errp)
{
    Device *fw = pc->fw;
    size_t kernel_size;

    if (!linux_parse(&pc->m, im, append, errp)) {
        return false;
    }
    linux_video_mode(im, append);
    if (!linux_initrd(pc, im, errp)) {
        return false;
    }
    linux_patch_header(im);
    kernel_size = im->size - im->setup_size;
    fw_cfg_add_u32(fw, FW_CFG_CMDLINE_ADDR, im->cmdline_at);
    fw_cfg_add_u32(fw, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen(append) + 1);
    fw_cfg_add_string(fw, FW_CFG_CMDLINE_DATA, append);
    fw_cfg_add_u32(fw, FW_CFG_KERNEL_ADDR, im->prot_at);
    fw_cfg_add_u32(fw, FW_CFG_KERNEL_SIZE, (uint32_t)kernel_size);
    fw_cfg_add_mapped(fw, FW_CFG_KERNEL_DATA, im->map, im->setup_size);
    fw_cfg_add_u32(fw, FW_CFG_SETUP_ADDR, im->real_at);
    fw_cfg_add_u32(fw, FW_CFG_SETUP_SIZE, (uint32_t)im->setup_size);
    fw_cfg_add_bytes(fw, FW_CFG_SETUP_DATA, im->data, im->setup_size);
    return pc_add_rom(pc, "linuxboot_dma.bin", optionrom_linuxboot, optionrom_linuxboot_end,
                      INT_MIN, errp);
}

/* ---- Option ROMs */

bool pc_add_rom(PcMachine *pc, const char *name, const uint8_t *start, const uint8_t *end,
                int boot_index, GError **errp)
{
    size_t size = (size_t)(end - start);
    g_autofree uint8_t *rom = g_memdup2(start, size);
    g_autofree char *file = g_strconcat("genroms/", name, NULL);
    g_autofree char *path = g_strconcat("/rom@", file, NULL);
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + rom[i]);
    }
    if (start == optionrom_linuxboot || start == optionrom_flatboot) {
        rom[OPTION_ROM_CHECKSUM] = (uint8_t)-sum;
    }
    if (!fw_cfg_add_file(pc->fw, file, rom, size, errp)) {
        return false;
    }
    rom_add_fw(pc->m.vm, name, "genroms", name, rom, size, boot_index);
    if (boot_index >= 0 || boot_index == INT_MIN) {
        pc_add_boot_path(pc, boot_index, path);
    }
    return true;
}

/* -option-rom file[,bootindex=n] */
bool pc_option_roms(PcMachine *pc, GError **errp)
{
    Json *list = json_get(pc->m.board_opts, "option-rom");

    for (size_t i = 0; i < json_len(list); i++) {
        const Json *o = json_at(list, i);
        const char *name = json_get_str(o, "romfile"), *index = json_get_str(o, "bootindex");
        g_autofree char *path = NULL, *base = NULL;
        g_autofree uint8_t *data = NULL;
        uint64_t boot = 0;
        size_t size;

        if (name == NULL) {
            return err_fail(errp, "-option-rom: Parameter 'romfile' is missing");
        }
        if (index != NULL && !parse_uint(index, 10, INT32_MAX, &boot)) {
            return err_fail(errp, "-option-rom: Parameter 'bootindex' expects a number");
        }
        path = machine_find_file(&pc->m, name);
        if (path == NULL) {
            return err_fail(errp, "could not load option ROM '%s': No such file or directory", name);
        }
        data = load_file("option ROM", path, 16 << 20, &size, errp);
        base = g_path_get_basename(path);
        if (data == NULL ||
            !pc_add_rom(pc, base, data, data + size, index != NULL ? (int)boot : -1, errp)) {
            return false;
        }
    }
    return true;
}

bool pc_load_kernel(PcMachine *pc, GError **errp)
{
    const char *path = pc->m.kernel, *append = pc->m.append != NULL ? pc->m.append : "";
    LinuxImage im = { 0 };
    bool ok;

    if (path == NULL || path[0] == '\0') {
        if (pc->m.initrd != NULL) {
            return err_fail(errp, "-initrd only allowed with -kernel option");
        }
        if (pc->m.append != NULL) {
            return err_fail(errp, "-append only allowed with -kernel option");
        }
        return true;
    }
    im.map = map_file("kernel", path, KERNEL_MAX, errp);
    if (im.map == NULL) {
        return false;
    }
    im.data = (uint8_t *)g_mapped_file_get_contents(im.map);
    im.size = g_mapped_file_get_length(im.map);
    if (im.size >= HDR_END && memcmp(im.data + HDR_MAGIC, "HdrS", 4) == 0 &&
        pci_get16(im.data + HDR_VERSION) >= 0x200) {
        ok = linux_load(pc, &im, append, errp);
    } else {
        ok = pc_load_elf_kernel(pc, im.data, im.size, append, errp);
    }
    g_mapped_file_unref(im.map);
    return ok;
}
