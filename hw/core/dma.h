/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How devices reach guest memory. A device inside its own I/O callback cannot reach its own
 * registers this way: the access fails (MEM_ERROR) and log_guest() says so. Lengths come from
 * guests: loops are bounded by the caller's list, copies by the length. */
#ifndef HW_CORE_DMA_H
#define HW_CORE_DMA_H

#include "hw/core/memory.h"

MemResult dma_read(AddrSpace *as, GuestAddr a, void *buf, size_t len);
MemResult dma_write(AddrSpace *as, GuestAddr a, const void *buf, size_t len);
MemResult dma_fill(AddrSpace *as, GuestAddr a, uint8_t byte, uint64_t len);
/* Little-endian loads read as all ones, and stores are lost, when nothing answers. */
uint8_t dma_ld8(AddrSpace *as, GuestAddr a);
uint16_t dma_ld_le16(AddrSpace *as, GuestAddr a);
uint32_t dma_ld_le32(AddrSpace *as, GuestAddr a);
uint64_t dma_ld_le64(AddrSpace *as, GuestAddr a);
uint32_t dma_ld_be32(AddrSpace *as, GuestAddr a);
uint64_t dma_ld_be64(AddrSpace *as, GuestAddr a);
void dma_st8(AddrSpace *as, GuestAddr a, uint8_t v);
void dma_st_le16(AddrSpace *as, GuestAddr a, uint16_t v);
void dma_st_le32(AddrSpace *as, GuestAddr a, uint32_t v);
void dma_st_le64(AddrSpace *as, GuestAddr a, uint64_t v);
void dma_st_be32(AddrSpace *as, GuestAddr a, uint32_t v);
/* A message signalled interrupt: a 32-bit store by requester. */
void dma_msi(AddrSpace *as, GuestAddr a, uint32_t data, uint16_t requester_id);

/* ---- Scatter lists, for block and network requests */
typedef struct DmaSg {
    GuestAddr addr;
    uint64_t len;
} DmaSg;
typedef struct DmaList {
    GArray *sg;
    uint64_t total;
    AddrSpace *as;
} DmaList;
void dma_list_init(DmaList *l, AddrSpace *as);
/* false: total would pass 2^63 or 65536 rows */
bool dma_list_add(DmaList *l, GuestAddr a, uint64_t len);
void dma_list_fini(DmaList *l);
/* Copies up to len bytes between buf and the list from byte `skip` on; returns how many. */
uint64_t dma_list_read(const DmaList *l, uint64_t skip, void *buf, uint64_t len);
uint64_t dma_list_write(const DmaList *l, uint64_t skip, const void *buf, uint64_t len);

/* A list pinned for zero-copy I/O; parts that are not RAM go through a bounce buffer. NULL: cannot.
 */
typedef struct DmaMap DmaMap;
DmaMap *dma_map(const DmaList *l, bool to_guest);
const struct iovec *dma_map_iov(const DmaMap *m, int *n);
/* bytes the device stored, for dirty bits and bounce */
void dma_unmap(DmaMap *m, uint64_t written);

#endif
