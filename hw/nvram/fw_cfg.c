/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware configuration device, port variant (documented in Linux's and QEMU's fw_cfg specifications): a
 * selector at 0x510, a byte port at 0x511, a DMA engine at 0x514 whose 64-bit address register is big endian
 * and starts when its low half is written.
 *
 * Keys 0-0x18 are fixed, 0x19 is the directory, files follow from 0x20 on in the order of their names. Writing
 * through the byte port has no effect; files marked writable are written by DMA. */
#include "hw/nvram/fw_cfg.h"

#include "hw/core/dma.h"
#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/bswap.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum { PORT_SELECT = 0, PORT_DMA = 4 };
enum { KEY_WRITE = 0x4000, KEY_INVALID = 0xffff, KEY_INDEX = 0x3fff };
enum { FILE_SLOTS_MIN = 0x10, FILE_SLOTS_MAX = KEY_INDEX - FW_CFG_FILE_FIRST, FILE_NAME_MAX = 56,
       DIR_ENTRY = 64, DIR_HEAD = 4 };
enum { ID_PORTS = 1, ID_DMA = 2 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16,
       DMA_OFF_CONTROL = 0, DMA_OFF_LENGTH = 4, DMA_OFF_ADDRESS = 8, DMA_DESCRIPTOR = 16 };
#define DMA_SIGNATURE 0x51454d5520434647ull     /* "QEMU CFG" */

typedef struct FwEntry {
    uint8_t *data;
    uint32_t len;
    bool owned, writable;
    GMappedFile *map;               /* that holds the data; NULL: none does */
    void (*select)(void *opaque);
    void (*written)(void *opaque, size_t off, size_t len);
    void *opaque;
    char *name;                     /* files only */
} FwEntry;

typedef struct FwCfg {
    Device dev;
    MemRegion io, dma_io;
    uint16_t iobase;
    bool dma_enabled, acpi_mr_restore;      /* properties */
    uint16_t file_slots;
    unsigned files;                 /* used of them */
    FwEntry *entries[2];            /* generic, architecture local; file_first + file_slots each */
    bool in_select;

    uint16_t cur_entry;
    uint32_t cur_offset;
    uint64_t dma_addr;
    uint64_t table_mr_size, linker_mr_size, rsdp_mr_size;   /* for the state format */
} FwCfg;

/* ---- Entries */

static unsigned fw_entries(const FwCfg *s) { return FW_CFG_FILE_FIRST + s->file_slots; }

static FwEntry *fw_entry(FwCfg *s, uint16_t key)
{
    unsigned index = key & KEY_INDEX;

    return key == KEY_INVALID || index >= fw_entries(s) ? NULL
           : &s->entries[(key & FW_CFG_ARCH_LOCAL) != 0][index];
}

static void fw_entry_clear(FwEntry *e)
{
    if (e->owned) {
        g_free(e->data);
    }
    g_clear_pointer(&e->map, g_mapped_file_unref);
    g_free(e->name);
    *e = (FwEntry){ 0 };
}

static void fw_entry_set(FwEntry *e, const void *data, size_t size)
{
    uint8_t *copy = g_memdup2(data, size);

    if (e->owned) {
        g_free(e->data);
    }
    g_clear_pointer(&e->map, g_mapped_file_unref);
    e->data = copy;
    e->len = size;
    e->owned = true;
}

static FwEntry *fw_file(FwCfg *s, unsigned n) { return &s->entries[0][FW_CFG_FILE_FIRST + n]; }

static FwEntry *fw_find_file(FwCfg *s, const char *name)
{
    for (unsigned i = 0; i < s->files; i++) {
        if (strcmp(fw_file(s, i)->name, name) == 0) {
            return fw_file(s, i);
        }
    }
    return NULL;
}

/* The directory is made anew from the entries: count, then size, key and name of each, big endian. */
static void fw_write_directory(FwCfg *s)
{
    size_t size = DIR_HEAD + (size_t)s->file_slots * DIR_ENTRY;
    g_autofree uint8_t *dir = g_malloc0(size);

    st_be32(dir, s->files);
    for (unsigned i = 0; i < s->files; i++) {
        uint8_t *row = dir + DIR_HEAD + i * DIR_ENTRY;

        st_be32(row, fw_file(s, i)->len);
        st_be16(row + 4, FW_CFG_FILE_FIRST + i);
        g_strlcpy((char *)row + 8, fw_file(s, i)->name, FILE_NAME_MAX);
    }
    fw_entry_set(fw_entry(s, FW_CFG_FILE_DIR), dir, size);
}

/* An empty entry at its place in the order of names; an existing file of that name is emptied. */
static FwEntry *fw_new_file(FwCfg *s, const char *name, GError **errp)
{
    FwEntry *e = fw_find_file(s, name);
    unsigned at;

    if (e != NULL) {
        fw_entry_clear(e);
        e->name = g_strdup(name);
        return e;
    }
    if (strlen(name) >= FILE_NAME_MAX) {
        err_fail(errp, "fw_cfg: name of file '%s' is longer than %d characters", name, FILE_NAME_MAX - 1);
        return NULL;
    }
    if (s->files >= s->file_slots) {
        err_fail(errp, "fw_cfg: no room for file '%s': %u files is the limit", name, s->file_slots);
        return NULL;
    }
    for (at = s->files; at > 0 && strcmp(fw_file(s, at - 1)->name, name) > 0; at--) {
        *fw_file(s, at) = *fw_file(s, at - 1);
    }
    s->files++;
    *fw_file(s, at) = (FwEntry){ .name = g_strdup(name) };
    return fw_file(s, at);
}

/* ---- The guest's side */

static void fw_select(FwCfg *s, uint16_t key)
{
    FwEntry *e;

    TRACE("fw_cfg_select", "key 0x%04x", key);
    s->cur_offset = 0;
    if ((key & KEY_INDEX) >= fw_entries(s)) {
        s->cur_entry = KEY_INVALID;
        return;
    }
    s->cur_entry = key & ~KEY_WRITE;
    e = fw_entry(s, s->cur_entry);
    if (e->select != NULL && !s->in_select) {
        s->in_select = true;
        e->select(e->opaque);
        s->in_select = false;
    }
}

static uint8_t fw_read_byte(FwCfg *s)
{
    const FwEntry *e = fw_entry(s, s->cur_entry);

    return e != NULL && s->cur_offset < e->len ? e->data[s->cur_offset++] : 0;
}

static uint64_t fw_read(void *opaque, GuestAddr off, unsigned size)
{
    return size == 1 ? fw_read_byte(opaque) : 0xffff;
}

static void fw_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    if (size == 2 && off == PORT_SELECT) {
        fw_select(opaque, val);
    }
}

static const MemOps fw_ops = { .read = fw_read, .write = fw_write, .min_size = 1, .max_size = 2 };

/* One part of a transfer: what the entry has, zeros beyond. */
static bool fw_dma_read(FwCfg *s, const FwEntry *e, GuestAddr at, uint32_t len)
{
    AddrSpace *mem = s->dev.vm->mem;
    uint32_t have = e != NULL && s->cur_offset < e->len ? e->len - s->cur_offset : 0;
    uint32_t n = MIN(len, have);

    if (n > 0 && dma_write(mem, at, e->data + s->cur_offset, n) != MEM_OK) {
        return false;
    }
    s->cur_offset += n;
    return len == n || dma_fill(mem, at + n, 0, len - n) == MEM_OK;
}

static bool fw_dma_write(FwCfg *s, const FwEntry *e, GuestAddr at, uint32_t len)
{
    uint32_t off = s->cur_offset;

    if (e == NULL || !e->writable || off > e->len || len > e->len - off) {
        log_guest("fw_cfg: write of %u bytes at %u refused", len, off);
        return false;
    }
    if (dma_read(s->dev.vm->mem, at, e->data + off, len) != MEM_OK) {
        return false;
    }
    s->cur_offset += len;
    if (e->written != NULL) {
        e->written(e->opaque, off, len);
    }
    return true;
}

static void fw_dma_run(FwCfg *s)
{
    AddrSpace *mem = s->dev.vm->mem;
    GuestAddr at = s->dma_addr, address;
    uint8_t d[DMA_DESCRIPTOR];
    uint32_t control, len;
    const FwEntry *e;
    bool ok = true;

    s->dma_addr = 0;
    if (dma_read(mem, at, d, sizeof(d)) != MEM_OK) {
        dma_st_be32(mem, at + DMA_OFF_CONTROL, DMA_ERROR);
        return;
    }
    control = ld_be32(d + DMA_OFF_CONTROL);
    len = ld_be32(d + DMA_OFF_LENGTH);
    address = ld_be64(d + DMA_OFF_ADDRESS);
    if (control & DMA_SELECT) {
        fw_select(s, control >> 16);
    }
    e = fw_entry(s, s->cur_entry);
    if (control & DMA_READ) {
        ok = fw_dma_read(s, e, address, len);
    } else if (control & DMA_WRITE) {
        ok = fw_dma_write(s, e, address, len);
    } else if (control & DMA_SKIP) {
        uint32_t left = e != NULL && s->cur_offset < e->len ? e->len - s->cur_offset : 0;

        s->cur_offset += MIN(len, left);
    }
    dma_st_be32(mem, at + DMA_OFF_CONTROL, ok ? 0 : DMA_ERROR);
}

static uint64_t fw_dma_reg_read(void *opaque, GuestAddr off, unsigned size)
{
    return extract64(DMA_SIGNATURE, (8 - off - size) * 8, size * 8);
}

static void fw_dma_reg_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    FwCfg *s = opaque;

    if (size == 8) {
        s->dma_addr = val;
        fw_dma_run(s);
    } else if (size == 4 && off == 0) {
        s->dma_addr = val << 32;
    } else if (size == 4 && off == 4) {
        s->dma_addr |= (uint32_t)val;
        fw_dma_run(s);
    }
}

static const MemOps fw_dma_ops = {
    .read = fw_dma_reg_read, .write = fw_dma_reg_write, .min_size = 1, .max_size = 8,
    .big_endian = true,
};

/* ---- The board's side */

static FwCfg *fw_of(Device *fw) { return CONTAINER(fw, FwCfg, dev); }

void fw_cfg_add_bytes(Device *fw, uint16_t key, const void *data, size_t size)
{
    FwEntry *e = fw_entry(fw_of(fw), key & ~KEY_WRITE);

    g_assert(e != NULL && size <= UINT32_MAX);
    fw_entry_set(e, data, size);
}

void fw_cfg_add_mapped(Device *fw, uint16_t key, GMappedFile *map, size_t off)
{
    FwEntry *e = fw_entry(fw_of(fw), key);

    size_t len = g_mapped_file_get_length(map);

    g_assert(e != NULL && len <= UINT32_MAX && off <= len);
    fw_entry_clear(e);
    e->map = g_mapped_file_ref(map);
    e->data = (uint8_t *)g_mapped_file_get_contents(map) + off;
    e->len = (uint32_t)(len - off);
}

void fw_cfg_add_string(Device *fw, uint16_t key, const char *s)
{
    fw_cfg_add_bytes(fw, key, s, strlen(s) + 1);
}

void fw_cfg_add_u16(Device *fw, uint16_t key, uint16_t v)
{
    v = host_to_le16(v);
    fw_cfg_add_bytes(fw, key, &v, sizeof(v));
}

void fw_cfg_add_u32(Device *fw, uint16_t key, uint32_t v)
{
    v = host_to_le32(v);
    fw_cfg_add_bytes(fw, key, &v, sizeof(v));
}

void fw_cfg_add_u64(Device *fw, uint16_t key, uint64_t v)
{
    v = host_to_le64(v);
    fw_cfg_add_bytes(fw, key, &v, sizeof(v));
}

bool fw_cfg_add_file(Device *fw, const char *name, const void *data, size_t size, GError **errp)
{
    FwEntry *e = fw_new_file(fw_of(fw), name, errp);

    if (e == NULL) {
        return false;
    }
    fw_entry_set(e, data, size);
    fw_write_directory(fw_of(fw));
    return true;
}

bool fw_cfg_add_file_callback(Device *fw, const char *name, const FwCfgFile *file, GError **errp)
{
    FwEntry *e = fw_new_file(fw_of(fw), name, errp);

    if (e == NULL) {
        return false;
    }
    e->data = file->data;
    e->len = file->size;
    e->writable = file->writable;
    e->select = file->select;
    e->written = file->written;
    e->opaque = file->opaque;
    fw_write_directory(fw_of(fw));
    return true;
}

bool fw_cfg_set_file(Device *fw, const char *name, const void *data, size_t size, GError **errp)
{
    FwCfg *s = fw_of(fw);
    FwEntry *e = fw_find_file(s, name);

    if (e == NULL) {
        return fw_cfg_add_file(fw, name, data, size, errp);
    }
    fw_entry_set(e, data, size);
    fw_write_directory(s);
    return true;
}

const void *fw_cfg_get_file(Device *fw, const char *name, size_t *size)
{
    const FwEntry *e = fw_find_file(fw_of(fw), name);

    if (e == NULL) {
        return NULL;
    }
    *size = e->len;
    return e->data;
}

bool fw_cfg_add_user_file(Device *fw, const char *name, const void *data, size_t size, GError **errp)
{
    if (strncmp(name, "opt/", 4) != 0) {
        warn("externally provided fw_cfg item names should be prefixed with \"opt/\"");
    }
    if (fw_find_file(fw_of(fw), name) != NULL) {
        return err_fail(errp, "fw_cfg: file '%s' exists already", name);
    }
    return fw_cfg_add_file(fw, name, data, size, errp);
}

/* ---- Device */

static bool fw_realize(Device *dev, GError **errp)
{
    FwCfg *s = fw_of(dev);

    if (s->file_slots < FILE_SLOTS_MIN || s->file_slots > FILE_SLOTS_MAX) {
        return err_fail(errp, "\"file_slots\" must be between 0x%x and 0x%x", FILE_SLOTS_MIN,
                        FILE_SLOTS_MAX);
    }
    s->entries[0] = g_new0(FwEntry, fw_entries(s));
    s->entries[1] = g_new0(FwEntry, fw_entries(s));
    fw_cfg_add_bytes(dev, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add_u32(dev, FW_CFG_ID, ID_PORTS | (s->dma_enabled ? ID_DMA : 0));
    fw_write_directory(s);
    mem_init_io(&s->io, "fwcfg", 2, &fw_ops, s);
    mem_add(addr_space_root(dev->vm->io), s->iobase, &s->io, 0);
    if (s->dma_enabled) {
        mem_init_io(&s->dma_io, "fwcfg.dma", 8, &fw_dma_ops, s);
        mem_add(addr_space_root(dev->vm->io), s->iobase + PORT_DMA, &s->dma_io, 0);
    }
    return true;
}

static void fw_unrealize(Device *dev)
{
    FwCfg *s = fw_of(dev);

    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < fw_entries(s); i++) {
            fw_entry_clear(&s->entries[half][i]);
        }
        g_free(s->entries[half]);
    }
    mem_fini(&s->io);
    if (s->dma_enabled) {
        mem_fini(&s->dma_io);
    }
}

static void fw_reset(Device *dev, ResetKind kind)
{
    FwCfg *s = fw_of(dev);

    fw_select(s, FW_CFG_SIGNATURE);
    s->dma_addr = 0;
}

static uint64_t fw_size_of(FwCfg *s, const char *name)
{
    const FwEntry *e = fw_find_file(s, name);

    return e != NULL ? e->len : 0;
}

static void fw_pre_save(void *obj)
{
    FwCfg *s = obj;

    s->table_mr_size = fw_size_of(s, "etc/acpi/tables");
    s->linker_mr_size = fw_size_of(s, "etc/table-loader");
    s->rsdp_mr_size = fw_size_of(s, "etc/acpi/rsdp");
}

static bool fw_dma_needed(const void *obj) { return ((const FwCfg *)obj)->dma_enabled; }
static bool fw_acpi_needed(const void *obj) { return ((const FwCfg *)obj)->acpi_mr_restore; }
static const VmField fw_dma_vm_fields[] = { VM_FIELD_U64(FwCfg, dma_addr), VM_FIELD_END };
static const VmState fw_dma_vmstate = {
    .name = "fw_cfg/dma", .fields = fw_dma_vm_fields, .needed = fw_dma_needed,
};
static const VmField fw_acpi_vm_fields[] = {
    VM_FIELD_U64(FwCfg, table_mr_size), VM_FIELD_U64(FwCfg, linker_mr_size),
    VM_FIELD_U64(FwCfg, rsdp_mr_size), VM_FIELD_END,
};
static const VmState fw_acpi_vmstate = {
    .name = "fw_cfg/acpi_mr", .version = 1, .min_version = 1, .fields = fw_acpi_vm_fields,
    .needed = fw_acpi_needed,
};
static const VmState *const fw_sections[] = { &fw_dma_vmstate, &fw_acpi_vmstate, NULL };

static bool fw_offset_is_16(const void *obj, int version) { return version == 1; }
/* Version 1 sent 16 bits of it. */
static void fw_offset16_save(VmWriter *w, const VmField *f, const void *member)
{
    vm_put_u16(w, (uint16_t)*(const uint32_t *)member);
}
static bool fw_offset16_load(VmReader *r, const VmField *f, void *member, GError **errp)
{
    *(uint32_t *)member = vm_get_u16(r);
    return true;
}
static const VmCustomOps fw_offset16_ops = { "int32 as uint16", fw_offset16_save, fw_offset16_load };
static const VmField fw_vm_fields[] = {
    VM_FIELD_U16(FwCfg, cur_entry),
    { .name = "cur_offset", .kind = VM_CUSTOM, .offset = offsetof(FwCfg, cur_offset), .count = 1,
      .elem_size = sizeof(uint32_t), .exists = fw_offset_is_16, .ops = &fw_offset16_ops },
    VM_FIELD_U32(FwCfg, cur_offset, .since = 2),
    VM_FIELD_END,
};
static const VmState fw_vmstate = {
    .name = "fw_cfg", .version = 2, .min_version = 1, .fields = fw_vm_fields,
    .sections = fw_sections, .pre_save = fw_pre_save,
};

static const Field fw_props[] = {
    FIELD_BOOL("dma_enabled", FwCfg, dma_enabled, true),
    FIELD_U16("x-file-slots", FwCfg, file_slots, 0x20),
    FIELD_BOOL("acpi-mr-restore", FwCfg, acpi_mr_restore, true),
    { 0 },
};

const DeviceType fw_cfg_io_type = {
    .type = { .name = "fw_cfg_io", .parent = &sysbus_device.type, .size = sizeof(FwCfg),
              .props = fw_props },
    .realize = fw_realize, .unrealize = fw_unrealize, .reset = fw_reset, .vmstate = &fw_vmstate,
};
DEVICE_REGISTER(fw_cfg_io_type);

Device *fw_cfg_new(Vm *vm, uint16_t iobase, GError **errp)
{
    Device *dev = device_new(&fw_cfg_io_type, vm, NULL);

    fw_of(dev)->iobase = iobase;
    if (!object_add(vm->machine, &dev->obj, "fw_cfg", errp) || !device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
