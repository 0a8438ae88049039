/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables (System V ABI, chapters 4 and 5; 32 and 64 bit, little endian): loadable segments
 * become blobs at their physical addresses. No relocation, no dynamic linking. Every number in the
 * file is checked against the file's size before use. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "hw/core/loader.h"
#include "util/err.h"

enum { SEGMENTS_MAX = 256 };
#define SEGMENT_MAX (4ull << 30)

typedef struct Seg { /* one program header, widened */
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
} Seg;

typedef struct Elf {
    const char *name;
    const uint8_t *data;
    size_t size;
    bool is64;
    uint64_t entry;
    Seg segs[SEGMENTS_MAX];
    unsigned n;
} Elf;

static bool fail(const Elf *e, const char *what, GError **errp)
{
    return err_fail(errp, "'%s' is not a usable ELF file: %s", e->name, what);
}

static bool inside(const Elf *e, uint64_t off, uint64_t len)
{
    return off <= e->size && len <= e->size - off;
}

static void read_seg(const Elf *e, uint64_t off, Seg *s)
{
    if (e->is64) {
        Elf64_Phdr p;

        memcpy(&p, e->data + off, sizeof(p));
        *s = (Seg){ p.p_type,  p.p_flags,  p.p_offset, p.p_vaddr,
                    p.p_paddr, p.p_filesz, p.p_memsz,  p.p_align };
    } else {
        Elf32_Phdr p;

        memcpy(&p, e->data + off, sizeof(p));
        *s = (Seg){ p.p_type,  p.p_flags,  p.p_offset, p.p_vaddr,
                    p.p_paddr, p.p_filesz, p.p_memsz,  p.p_align };
    }
}

static bool read_segs(Elf *e, uint64_t phoff, unsigned phnum, unsigned phentsize, GError **errp)
{
    size_t want = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    if (phnum == 0 || phnum > SEGMENTS_MAX || phentsize < want ||
        !inside(e, phoff, (uint64_t)phnum * phentsize)) {
        return fail(e, "bad program headers", errp);
    }
    for (unsigned i = 0; i < phnum; i++) {
        Seg *s = &e->segs[i];

        read_seg(e, phoff + (uint64_t)i * phentsize, s);
        if (s->type != PT_LOAD && s->type != PT_NOTE) {
            continue;
        }
        if (!inside(e, s->offset, s->filesz) ||
            (s->type == PT_LOAD && (s->memsz < s->filesz || s->memsz > SEGMENT_MAX ||
                                    s->paddr > UINT64_MAX - s->memsz))) {
            return fail(e, "bad segment", errp);
        }
    }
    e->n = phnum;
    return true;
}

static bool read_head(Elf *e, uint16_t *machine, GError **errp)
{
    if (e->size < EI_NIDENT || memcmp(e->data, ELFMAG, SELFMAG) != 0) {
        return fail(e, "no ELF header", errp);
    }
    if (e->data[EI_DATA] != ELFDATA2LSB) {
        return fail(e, "not little endian", errp);
    }
    e->is64 = e->data[EI_CLASS] == ELFCLASS64;
    if (e->is64 && e->size >= sizeof(Elf64_Ehdr)) {
        Elf64_Ehdr h;

        memcpy(&h, e->data, sizeof(h));
        e->entry = h.e_entry;
        *machine = h.e_machine;
        return read_segs(e, h.e_phoff, h.e_phnum, h.e_phentsize, errp);
    }
    if (e->data[EI_CLASS] == ELFCLASS32 && e->size >= sizeof(Elf32_Ehdr)) {
        Elf32_Ehdr h;

        memcpy(&h, e->data, sizeof(h));
        e->entry = h.e_entry;
        *machine = h.e_machine;
        return read_segs(e, h.e_phoff, h.e_phnum, h.e_phentsize, errp);
    }
    return fail(e, "the file ends in its header", errp);
}

static uint64_t round4(uint64_t v)
{
    return (v + 3) & ~3ull;
}

/* The number in the note, 0 when it is not there. Notes are aligned to four bytes in both classes.
 */
static uint64_t find_note(const Elf *e, const Seg *s, const char *name, uint32_t type)
{
    uint64_t at = s->offset, end = s->offset + s->filesz;

    while (end - at >= sizeof(Elf32_Nhdr)) {
        Elf32_Nhdr h;
        uint64_t desc, next, value = 0;

        memcpy(&h, e->data + at, sizeof(h));
        desc = at + sizeof(h) + round4(h.n_namesz);
        next = desc + round4(h.n_descsz);
        if (desc > end || h.n_descsz > end - desc) {
            return 0;
        }
        if (h.n_type == type && h.n_namesz == strlen(name) + 1 &&
            memcmp(e->data + at + sizeof(h), name, h.n_namesz) == 0) {
            memcpy(&value, e->data + desc, MIN(h.n_descsz, sizeof(value)));
            return value;
        }
        if (next > end) {
            return 0;
        }
        at = next;
    }
    return 0;
}

bool load_elf_data(Vm *vm, const char *name, const uint8_t *data, size_t size,
                   const char *note_name, uint32_t note_type, ElfImage *out, GError **errp)
{
    g_autofree Elf *e = g_new0(Elf, 1);
    ElfImage im = { .low = UINT64_MAX };

    e->name = name;
    e->data = data;
    e->size = size;
    if (!read_head(e, &im.machine, errp)) {
        return false;
    }
    im.is64 = e->is64;
    im.entry = e->entry;
    for (unsigned i = 0; i < e->n; i++) {
        const Seg *s = &e->segs[i];

        if (s->type == PT_NOTE && note_name != NULL && im.note_entry == 0) {
            im.note_entry = find_note(e, s, note_name, note_type);
        }
        if (s->type != PT_LOAD || s->memsz == 0) {
            continue;
        }
        if (s->vaddr != s->paddr && (s->flags & PF_X) && e->entry >= s->vaddr &&
            e->entry - s->vaddr < s->filesz) {
            im.entry = e->entry - s->vaddr + s->paddr;
        }
        im.low = MIN(im.low, s->paddr);
        im.high = MAX(im.high, s->paddr + s->memsz);
    }
    if (im.high == 0) {
        return fail(e, "nothing to load", errp);
    }
    for (unsigned i = 0; i < e->n; i++) {
        const Seg *s = &e->segs[i];

        if (s->type == PT_LOAD && s->memsz != 0) {
            g_autofree char *part = g_strdup_printf("%s ELF program header segment %u", name, i);

            rom_add_blob(vm, part, data + s->offset, s->filesz, s->memsz, s->paddr);
        }
    }
    *out = im;
    return true;
}

bool load_elf(Vm *vm, const char *path, const char *note_name, uint32_t note_type, ElfImage *out,
              GError **errp)
{
    size_t size;
    g_autofree uint8_t *data = load_file("ELF file", path, 0, &size, errp);

    return data != NULL && load_elf_data(vm, path, data, size, note_name, note_type, out, errp);
}
