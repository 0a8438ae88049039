/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory in the kdump-compressed format, version 6, that crash and drgn read (described in the file
 * IMPLEMENTATION of makedumpfile): a header block, a sub header with the notes, two bitmaps of pages (there
 * are; are in the file), a descriptor a page, the pages. All of it is written flattened: pieces with their
 * place in front, in any order, for descriptors that cannot seek. Pages of zeroes share one copy; a page that
 * zlib does not make smaller is stored as it is. */
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include "monitor/dump.h"

enum {
    PAGE = 4096,
    FLAT_HEADER = 4096, FLAT_TYPE = 1, FLAT_VERSION = 1,
    HEADER_VERSION = 6, DUMP_ZLIB = 1,
    UTS_FIELD = 65,
    DESCRIPTORS = 4096,             /* that are written at once */
};

typedef struct KdumpHeader {        /* of a machine with 64 bits */
    char signature[8];
    int32_t version;
    char uts[6][UTS_FIELD];
    uint8_t pad[6];
    int64_t seconds, microseconds;
    uint32_t status, block_size, sub_header_blocks, bitmap_blocks, max_page, ram_blocks;
    uint32_t device_blocks, written_blocks, current_cpu, cpus;
} KdumpHeader;

typedef struct KdumpSubHeader {
    uint64_t phys_base;
    int32_t dump_level, split;
    uint64_t start_page, end_page;
    uint64_t vmcoreinfo_offset, vmcoreinfo_size;
    uint64_t notes_offset, notes_size;
    uint64_t erased_offset, erased_size;
    uint64_t start_page_64, end_page_64, max_page_64;
} KdumpSubHeader;

typedef struct KdumpPage { uint64_t offset; uint32_t size, flags; uint64_t page_flags; } KdumpPage;

typedef struct Kdump {
    DumpImage *d;
    uint64_t pages, max_page;       /* in the dump; the first beyond the last */
    uint64_t bitmap, bitmap_bytes;  /* place of the first, and size of one */
    uint64_t descriptors, next;     /* where they are, and where the next page goes */
    uint64_t zero_page;             /* 0: none so far */
    KdumpPage row[DESCRIPTORS];
    unsigned rows;
    uint8_t packed[PAGE * 2];
} Kdump;

static int put_at(Kdump *k, uint64_t place, const void *buf, uint64_t n)
{
    const uint64_t head[2] = { GUINT64_TO_BE(place), GUINT64_TO_BE(n) };
    int e = dump_write(k->d->fd, head, sizeof(head), NULL);

    return e != 0 ? e : dump_write(k->d->fd, buf, n, NULL);
}

static int put_flat_header(Kdump *k)
{
    uint8_t block[FLAT_HEADER] = "makedumpfile";
    const uint64_t words[2] = { GUINT64_TO_BE(FLAT_TYPE), GUINT64_TO_BE(FLAT_VERSION) };

    memcpy(block + 16, words, sizeof(words));
    return dump_write(k->d->fd, block, sizeof(block), NULL);
}

static uint64_t blocks(uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE;
}

static int put_header(Kdump *k)
{
    uint64_t sub = sizeof(KdumpSubHeader) + k->d->notes->len;
    KdumpHeader h = {
        .signature = "KDUMP  ", .version = HEADER_VERSION, .status = DUMP_ZLIB, .block_size = PAGE,
        .sub_header_blocks = (uint32_t)blocks(sub), .bitmap_blocks = (uint32_t)(k->bitmap_bytes / PAGE * 2),
        .max_page = (uint32_t)MIN(k->max_page, (uint64_t)UINT32_MAX), .cpus = k->d->cpus,
    };
    KdumpSubHeader s = {
        .dump_level = 1, .notes_offset = PAGE + sizeof(s), .notes_size = k->d->notes->len,
        .max_page_64 = k->max_page,
    };
    int e;

    h.signature[7] = ' ';
    g_strlcpy(h.uts[4], "x86_64", UTS_FIELD);
    e = put_at(k, 0, &h, sizeof(h));
    if (e == 0) {
        e = put_at(k, PAGE, &s, sizeof(s));
    }
    return e != 0 ? e : put_at(k, s.notes_offset, k->d->notes->data, k->d->notes->len);
}

/* Both bitmaps say the same: nothing that is there is left out. */
static int put_bitmaps(Kdump *k)
{
    g_autofree uint8_t *bits = g_try_malloc0(k->bitmap_bytes);
    int e;

    if (bits == NULL) {
        return ENOMEM;
    }
    for (guint i = 0; i < k->d->ranges->len; i++) {
        const DumpRange *r = &g_array_index(k->d->ranges, DumpRange, i);

        for (uint64_t page = r->start / PAGE; page < (r->start + r->size) / PAGE; page++) {
            bits[page / 8] |= (uint8_t)(1 << page % 8);
        }
    }
    e = put_at(k, k->bitmap, bits, k->bitmap_bytes);
    return e != 0 ? e : put_at(k, k->bitmap + k->bitmap_bytes, bits, k->bitmap_bytes);
}

static int put_descriptors(Kdump *k)
{
    int e = put_at(k, k->descriptors, k->row, k->rows * sizeof(k->row[0]));

    k->descriptors += k->rows * sizeof(k->row[0]);
    k->rows = 0;
    return e;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

static int put_page(Kdump *k, const uint8_t *page)
{
    KdumpPage row = { .offset = k->next, .size = PAGE };
    uLongf size = sizeof(k->packed);
    bool zero = is_zero(page);
    int e = 0;

    if (zero && k->zero_page != 0) {
        row.offset = k->zero_page;
    } else {
        const uint8_t *data = page;

        if (zero) {
            k->zero_page = k->next;
        } else if (compress2(k->packed, &size, page, PAGE, Z_BEST_SPEED) == Z_OK && size < PAGE) {
            row.size = (uint32_t)size;
            row.flags = DUMP_ZLIB;
            data = k->packed;
        }
        e = put_at(k, k->next, data, row.size);
        k->next += row.size;
    }
    k->row[k->rows++] = row;
    if (e == 0 && k->rows == DESCRIPTORS) {
        e = put_descriptors(k);
    }
    __atomic_fetch_add(&k->d->done, PAGE, __ATOMIC_RELAXED);
    return e;
}

static int put_pages(Kdump *k)
{
    int e = 0;

    for (guint i = 0; i < k->d->ranges->len; i++) {
        const DumpRange *r = &g_array_index(k->d->ranges, DumpRange, i);

        for (uint64_t at = 0; e == 0 && at < r->size; at += PAGE) {
            e = put_page(k, r->host + at);
        }
    }
    return e == 0 && k->rows > 0 ? put_descriptors(k) : e;
}

static int put_end(Kdump *k)
{
    const int64_t end[2] = { -1, -1 };

    return dump_write(k->d->fd, end, sizeof(end), NULL);
}

int dump_write_kdump(DumpImage *d)
{
    static int (*const parts[])(Kdump *k) = { put_flat_header, put_header, put_bitmaps, put_pages, put_end };
    g_autofree Kdump *k = g_new0(Kdump, 1);
    int e = 0;

    k->d = d;
    for (guint i = 0; i < d->ranges->len; i++) {
        DumpRange *r = &g_array_index(d->ranges, DumpRange, i);

        r->size -= r->size % PAGE;
        k->pages += r->size / PAGE;
        k->max_page = MAX(k->max_page, (r->start + r->size) / PAGE);
    }
    k->bitmap = (1 + blocks(sizeof(KdumpSubHeader) + d->notes->len)) * PAGE;
    k->bitmap_bytes = blocks((k->max_page + 7) / 8) * PAGE;
    k->descriptors = k->bitmap + 2 * k->bitmap_bytes;
    k->next = k->descriptors + k->pages * sizeof(KdumpPage);
    for (size_t i = 0; e == 0 && i < G_N_ELEMENTS(parts); i++) {
        e = parts[i](k);
    }
    return e;
}
