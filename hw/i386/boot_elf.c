/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot (0.6.96: ELF32 or the header's own addresses, modules) and PVH (ELF note, x86/HVM
 * direct boot ABI) kernels. The information structures are made here with absolute addresses,
 * behind the kernel; the option ROM fills in the memory map, which only the firmware knows. Not
 * modelled: multiboot drives, APM and VBE information, video modes. */
#include "hw/i386/boot.h"

#include <string.h>

#include "hw/core/loader.h"
#include "hw/nvram/fw_cfg.h"
#include "util/bits.h"
#include "util/err.h"

enum { MB_SEARCH = 8192, MB_ADDRESSES = 1 << 16, MB_HDR = 12, MB_HDR_LONG = 32 };
#define MB_MAGIC      0x1badb002u
#define MB_BOOT_MAGIC 0x2badb002u
enum { /* information structure, 3.3 */
       MBI_FLAGS = 0,
       MBI_LOWER = 4,
       MBI_UPPER = 8,
       MBI_BOOT = 12,
       MBI_CMDLINE = 16,
       MBI_MODS = 20,
       MBI_MODS_AT = 24,
       MBI_MMAP_LEN = 44,
       MBI_MMAP_AT = 48,
       MBI_LOADER = 64,
       MBI_SIZE = 96,
       MBI_HAS = 1 << 0 /* memory */ | 1 << 2 /* command line */ | 1 << 3 /* modules */ |
                 1 << 6 /* map */ | 1 << 9 /* loader's name */,
};
enum {
    PVH_NOTE = 18,
    PVH_SIZE = 56,
    PVH_MODLIST = 16,
    PVH_CMDLINE = 24,
    PVH_RSDP = 32,
    PVH_MEMMAP = 40,
    PVH_ENTRIES = 48
};
#define PVH_MAGIC 0x336ec578u
enum { MAP_ENTRIES = 128, MAP_ENTRY = 24, PARAMS_AT = 0x9000, PARAMS = 8, MODULES_MAX = 64 };

/* What follows the kernel in memory. */
typedef struct Tail {
    GByteArray *bytes;
    uint32_t at; /* address of byte 0 */
} Tail;

static uint32_t tail_add(Tail *t, const void *data, size_t size, unsigned align)
{
    static const uint8_t zeros[4096];
    uint32_t pos = t->bytes->len;
    size_t pad = round_up(pos, align) - pos;

    g_byte_array_append(t->bytes, zeros, (guint)pad);
    pos = t->bytes->len;
    if (data != NULL) {
        g_byte_array_append(t->bytes, data, (guint)size);
    } else {
        g_byte_array_set_size(t->bytes, pos + (guint)size);
        memset(t->bytes->data + pos, 0, size);
    }
    return t->at + pos;
}

static uint32_t tail_string(Tail *t, const char *s)
{
    return tail_add(t, s, strlen(s) + 1, 1);
}

static uint8_t *tail_ptr(const Tail *t, uint32_t at)
{
    return t->bytes->data + (at - t->at);
}

/* Modules of -initrd "file args,file2 args"; a doubled comma stands for one. */
static char **split_modules(const char *text)
{
    GPtrArray *out = g_ptr_array_new();
    g_autoptr(GString) cur = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == ',' && p[1] != ',') {
            g_ptr_array_add(out, g_strdup(cur->str));
            g_string_truncate(cur, 0);
            continue;
        }
        p += *p == ',';
        g_string_append_c(cur, *p);
    }
    g_ptr_array_add(out, g_strdup(cur->str));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

typedef struct Module {
    uint32_t at, size, cmdline;
} Module;

static bool load_modules(PcMachine *pc, Tail *t, Module *mods, unsigned *count, GError **errp)
{
    g_auto(GStrv) list =
        pc->m.initrd != NULL && pc->m.initrd[0] != '\0' ? split_modules(pc->m.initrd) : NULL;

    *count = 0;
    for (unsigned i = 0; list != NULL && list[i] != NULL; i++) {
        const char *file_end = strchr(list[i], ' ');
        g_autofree char *file =
            file_end != NULL ? g_strndup(list[i], (size_t)(file_end - list[i])) : g_strdup(list[i]);
        g_autofree uint8_t *data = NULL;
        size_t size;

        if (i >= MODULES_MAX) {
            return err_fail(errp, "more than %d multiboot modules", MODULES_MAX);
        }
        data = load_file("multiboot module", file, 0, &size, errp);
        if (data == NULL) {
            return false;
        }
        mods[i].at = tail_add(t, data, size, 4096);
        mods[i].size = (uint32_t)size;
        mods[i].cmdline = tail_string(t, list[i]);
        *count = i + 1;
    }
    return true;
}

/* Hands everything to the option ROM. params: see flatboot.S. */
static bool flat_finish(PcMachine *pc, Tail *t, const uint32_t params[PARAMS], const char *rom,
                        GError **errp)
{
    uint8_t raw[4 * PARAMS];
    bool ok;

    for (unsigned i = 0; i < PARAMS; i++) {
        pci_set32(raw + 4 * i, params[i]);
    }
    if (t->at + (uint64_t)t->bytes->len > pc->below_4g) {
        g_byte_array_unref(t->bytes);
        return err_fail(errp, "not enough RAM for the kernel and its modules");
    }
    fw_cfg_add_u32(pc->fw, FW_CFG_SETUP_ADDR, PARAMS_AT);
    fw_cfg_add_u32(pc->fw, FW_CFG_SETUP_SIZE, sizeof(raw));
    fw_cfg_add_bytes(pc->fw, FW_CFG_SETUP_DATA, raw, sizeof(raw));
    fw_cfg_add_u32(pc->fw, FW_CFG_INITRD_ADDR, t->at);
    fw_cfg_add_u32(pc->fw, FW_CFG_INITRD_SIZE, t->bytes->len);
    fw_cfg_add_bytes(pc->fw, FW_CFG_INITRD_DATA, t->bytes->data, t->bytes->len);
    ok = pc_add_rom(pc, rom, optionrom_flatboot, optionrom_flatboot_end, INT_MIN, errp);
    g_byte_array_unref(t->bytes);
    return ok;
}

/* ---- Multiboot */

static const uint8_t *multiboot_header(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + MB_HDR <= size && i < MB_SEARCH; i += 4) {
        const uint8_t *h = data + i;

        if (pci_get32(h) == MB_MAGIC && pci_get32(h) + pci_get32(h + 4) + pci_get32(h + 8) == 0) {
            return h;
        }
    }
    return NULL;
}

/* The header gives the addresses itself (3.1.3). */
static bool multiboot_flat(PcMachine *pc, const uint8_t *data, size_t size, const uint8_t *h,
                           ElfImage *im, GError **errp)
{
    uint32_t header_at, load, load_end, bss_end;
    uint64_t skip, len;

    if ((size_t)(h - data) + MB_HDR_LONG > size) {
        return err_fail(errp, "multiboot header is cut short");
    }
    header_at = pci_get32(h + 12);
    load = pci_get32(h + 16);
    load_end = pci_get32(h + 20);
    bss_end = pci_get32(h + 24);
    if (header_at < load || header_at - load > (uint64_t)(h - data)) {
        return err_fail(errp, "invalid load_addr address in the multiboot header");
    }
    skip = (uint64_t)(h - data) - (header_at - load);
    len = load_end != 0 ? (uint64_t)load_end - load : size - skip;
    if ((load_end != 0 && load_end < load) || len > size - skip) {
        return err_fail(errp, "invalid load_end_addr address in the multiboot header");
    }
    im->entry = pci_get32(h + 28);
    im->low = load;
    im->high = MAX((uint64_t)load + len, bss_end);
    if (im->high > pc->below_4g) {
        return err_fail(errp, "not enough RAM for the multiboot kernel");
    }
    fw_cfg_add_u32(pc->fw, FW_CFG_KERNEL_ADDR, load);
    fw_cfg_add_u32(pc->fw, FW_CFG_KERNEL_SIZE, (uint32_t)len);
    fw_cfg_add_bytes(pc->fw, FW_CFG_KERNEL_DATA, data + skip, len);
    return true;
}

static bool multiboot_info(PcMachine *pc, const ElfImage *im, const char *append, GError **errp)
{
    g_autofree char *cmdline =
        g_strdup_printf("%s%s%s", pc->m.kernel, append[0] != '\0' ? " " : "", append);
    Tail t = { g_byte_array_new(), (uint32_t)round_up(im->high, 4096) };
    uint32_t list, map, text, name, info, params[PARAMS];
    Module mods[MODULES_MAX];
    unsigned count;
    uint8_t *p;

    if (!load_modules(pc, &t, mods, &count, errp)) {
        g_byte_array_unref(t.bytes);
        return false;
    }
    list = tail_add(&t, NULL, 16 * MAX(count, 1), 16);
    map = tail_add(&t, NULL, MAP_ENTRIES * MAP_ENTRY, 16);
    text = tail_string(&t, cmdline);
    name = tail_string(&t, "kite");
    info = tail_add(&t, NULL, MBI_SIZE, 16);
    for (unsigned i = 0; i < count; i++) {
        pci_set32(tail_ptr(&t, list) + 16 * i, mods[i].at);
        pci_set32(tail_ptr(&t, list) + 16 * i + 4, mods[i].at + mods[i].size);
        pci_set32(tail_ptr(&t, list) + 16 * i + 8, mods[i].cmdline);
    }
    p = tail_ptr(&t, info);
    pci_set32(p + MBI_FLAGS, MBI_HAS);
    pci_set32(p + MBI_LOWER, 639);
    pci_set32(p + MBI_UPPER, (uint32_t)(pc->below_4g / KIB - 1024));
    pci_set32(p + MBI_BOOT, 0x8000ffff);
    pci_set32(p + MBI_CMDLINE, text);
    pci_set32(p + MBI_MODS, count);
    pci_set32(p + MBI_MODS_AT, list);
    pci_set32(p + MBI_MMAP_AT, map);
    pci_set32(p + MBI_LOADER, name);
    memcpy(params,
           (uint32_t[PARAMS]){ (uint32_t)im->entry, MB_BOOT_MAGIC, info, map, 4,
                               info + MBI_MMAP_LEN, MAP_ENTRY, 0 },
           sizeof(params));
    return flat_finish(pc, &t, params, "multiboot_dma.bin", errp);
}

/* ---- PVH */

static bool pvh_info(PcMachine *pc, const ElfImage *im, const char *append, GError **errp)
{
    Tail t = { g_byte_array_new(), (uint32_t)round_up(im->high, 4096) };
    uint32_t list = 0, map, text, info, params[PARAMS];
    const char *initrd = pc->m.initrd;
    uint8_t *p;

    if (initrd != NULL && initrd[0] != '\0') {
        g_autofree uint8_t *data = NULL;
        size_t size;
        uint32_t at;

        data = load_file("initrd", initrd, 0, &size, errp);
        if (data == NULL) {
            g_byte_array_unref(t.bytes);
            return false;
        }
        at = tail_add(&t, data, size, 4096);
        list = tail_add(&t, NULL, 32, 16);
        pci_set32(tail_ptr(&t, list), at);
        pci_set32(tail_ptr(&t, list) + 8, (uint32_t)size);
    }
    map = tail_add(&t, NULL, MAP_ENTRIES * MAP_ENTRY, 16);
    text = tail_string(&t, append);
    info = tail_add(&t, NULL, PVH_SIZE, 16);
    p = tail_ptr(&t, info);
    pci_set32(p, PVH_MAGIC);
    pci_set32(p + 4, 1);
    pci_set32(p + 12, list != 0);
    pci_set32(p + PVH_MODLIST, list);
    pci_set32(p + PVH_CMDLINE, text);
    pci_set32(p + PVH_MEMMAP, map);
    memcpy(params,
           (uint32_t[PARAMS]){ (uint32_t)im->note_entry, 0, info, map, 0, info + PVH_ENTRIES, 1,
                               info + PVH_RSDP },
           sizeof(params));
    return flat_finish(pc, &t, params, "pvh.bin", errp);
}

bool pc_load_elf_kernel(PcMachine *pc, const uint8_t *data, size_t size, const char *append,
                        GError **errp)
{
    const uint8_t *mb = multiboot_header(data, size);
    bool elf = size > 64 && memcmp(data, "\177ELF", 4) == 0;
    ElfImage im = { 0 };

    if (mb != NULL && (pci_get32(mb + 4) & MB_ADDRESSES)) {
        return multiboot_flat(pc, data, size, mb, &im, errp) &&
               multiboot_info(pc, &im, append, errp);
    }
    if (!elf) {
        return err_fail(errp,
                        "could not load kernel '%s': neither a Linux bzImage nor a multiboot or "
                        "PVH kernel (or the file is damaged)",
                        pc->m.kernel);
    }
    if (mb != NULL && data[4] == 2) {
        return err_fail(errp, "Cannot load x86-64 image, give a 32bit one.");
    }
    if (!load_elf_data(pc->m.vm, pc->m.kernel, data, size, mb == NULL ? "Xen" : NULL, PVH_NOTE, &im,
                       errp)) {
        return false;
    }
    if (im.high > pc->below_4g) {
        return err_fail(errp, "not enough RAM for the kernel '%s'", pc->m.kernel);
    }
    if (mb != NULL) {
        return multiboot_info(pc, &im, append, errp);
    }
    if (im.note_entry == 0 || im.note_entry > UINT32_MAX) {
        return err_fail(errp, "Error loading uncompressed kernel without PVH ELF Note");
    }
    return pvh_info(pc, &im, append, errp);
}
