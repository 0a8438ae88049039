/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device access to guest memory: single values, scatter lists, pinned lists. Refusal of re-entry is
 * in access.c: the registers of a device whose callback runs do not answer. */
#include "hw/core/dma.h"

#include <string.h>
#include <sys/uio.h>

enum { LIST_MAX = 65536 };

MemResult dma_read(AddrSpace *as, GuestAddr a, void *buf, size_t len)
{
    return addr_space_read(as, a, buf, len, MEM_ATTRS_NONE);
}

MemResult dma_write(AddrSpace *as, GuestAddr a, const void *buf, size_t len)
{
    return addr_space_write(as, a, buf, len, MEM_ATTRS_NONE);
}

MemResult dma_fill(AddrSpace *as, GuestAddr a, uint8_t byte, uint64_t len)
{
    return addr_space_fill(as, a, byte, len, MEM_ATTRS_NONE);
}

static uint64_t ld(AddrSpace *as, GuestAddr a, unsigned size)
{
    return addr_space_ld(as, a, size, MEM_ATTRS_NONE, NULL);
}

static void st(AddrSpace *as, GuestAddr a, uint64_t v, unsigned size)
{
    addr_space_st(as, a, v, size, MEM_ATTRS_NONE, NULL);
}

uint8_t dma_ld8(AddrSpace *as, GuestAddr a)
{
    return (uint8_t)ld(as, a, 1);
}
uint16_t dma_ld_le16(AddrSpace *as, GuestAddr a)
{
    return (uint16_t)ld(as, a, 2);
}
uint32_t dma_ld_le32(AddrSpace *as, GuestAddr a)
{
    return (uint32_t)ld(as, a, 4);
}
uint64_t dma_ld_le64(AddrSpace *as, GuestAddr a)
{
    return ld(as, a, 8);
}

uint32_t dma_ld_be32(AddrSpace *as, GuestAddr a)
{
    return GUINT32_SWAP_LE_BE((uint32_t)ld(as, a, 4));
}

uint64_t dma_ld_be64(AddrSpace *as, GuestAddr a)
{
    return GUINT64_SWAP_LE_BE(ld(as, a, 8));
}

void dma_st8(AddrSpace *as, GuestAddr a, uint8_t v)
{
    st(as, a, v, 1);
}
void dma_st_le16(AddrSpace *as, GuestAddr a, uint16_t v)
{
    st(as, a, v, 2);
}
void dma_st_le32(AddrSpace *as, GuestAddr a, uint32_t v)
{
    st(as, a, v, 4);
}
void dma_st_le64(AddrSpace *as, GuestAddr a, uint64_t v)
{
    st(as, a, v, 8);
}

void dma_st_be32(AddrSpace *as, GuestAddr a, uint32_t v)
{
    st(as, a, GUINT32_SWAP_LE_BE(v), 4);
}

void dma_msi(AddrSpace *as, GuestAddr a, uint32_t data, uint16_t requester_id)
{
    addr_space_st(as, a, data, 4, (MemAttrs){ .requester_id = requester_id }, NULL);
}

/* ---- Scatter lists */

void dma_list_init(DmaList *l, AddrSpace *as)
{
    *l = (DmaList){ .sg = g_array_new(FALSE, FALSE, sizeof(DmaSg)), .as = as };
}

bool dma_list_add(DmaList *l, GuestAddr a, uint64_t len)
{
    DmaSg sg = { a, len };

    if (l->sg->len >= LIST_MAX || len > (uint64_t)INT64_MAX - l->total) {
        return false;
    }
    g_array_append_val(l->sg, sg);
    l->total += len;
    return true;
}

void dma_list_fini(DmaList *l)
{
    g_array_free(l->sg, TRUE);
    l->sg = NULL;
}

static uint64_t list_copy(const DmaList *l, uint64_t skip, uint8_t *buf, uint64_t len, bool write)
{
    uint64_t done = 0;

    for (guint i = 0; i < l->sg->len && done < len; i++) {
        const DmaSg *sg = &g_array_index(l->sg, DmaSg, i);
        uint64_t n;

        if (skip >= sg->len) {
            skip -= sg->len;
            continue;
        }
        n = MIN(sg->len - skip, len - done);
        if (write) {
            dma_write(l->as, sg->addr + skip, buf + done, n);
        } else {
            dma_read(l->as, sg->addr + skip, buf + done, n);
        }
        done += n;
        skip = 0;
    }
    return done;
}

uint64_t dma_list_read(const DmaList *l, uint64_t skip, void *buf, uint64_t len)
{
    return list_copy(l, skip, buf, len, false);
}

uint64_t dma_list_write(const DmaList *l, uint64_t skip, const void *buf, uint64_t len)
{
    return list_copy(l, skip, (uint8_t *)buf, len, true);
}

/* ---- Pinned lists */

struct DmaMap {
    AddrSpace *as;
    GArray *iov; /* of struct iovec */
    bool to_guest;
};

DmaMap *dma_map(const DmaList *l, bool to_guest)
{
    DmaMap *m = g_new0(DmaMap, 1);

    m->as = l->as;
    m->to_guest = to_guest;
    m->iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
    for (guint i = 0; i < l->sg->len; i++) {
        DmaSg sg = g_array_index(l->sg, DmaSg, i);

        while (sg.len > 0) {
            size_t n = sg.len;
            struct iovec v = { .iov_base = addr_space_pin(l->as, sg.addr, &n, to_guest) };

            if (v.iov_base == NULL || m->iov->len >= LIST_MAX) {
                dma_unmap(m, 0);
                return NULL;
            }
            v.iov_len = n;
            g_array_append_val(m->iov, v);
            sg.addr += n;
            sg.len -= n;
        }
    }
    return m;
}

const struct iovec *dma_map_iov(const DmaMap *m, int *n)
{
    *n = (int)m->iov->len;
    return (const struct iovec *)m->iov->data;
}

void dma_unmap(DmaMap *m, uint64_t written)
{
    for (guint i = 0; i < m->iov->len; i++) {
        const struct iovec *v = &g_array_index(m->iov, struct iovec, i);
        size_t n = MIN(written, v->iov_len);

        addr_space_unpin(m->as, v->iov_base, n, m->to_guest && n > 0);
        written -= n;
    }
    g_array_free(m->iov, TRUE);
    g_free(m);
}
