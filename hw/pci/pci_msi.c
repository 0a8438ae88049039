/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message signalled interrupts (PCI Local Bus 3.0, 6.8): the MSI capability with 64-bit addresses
 * and without per-vector masking, and MSI-X with its table and pending bits in a BAR of their own.
 * Messages are 32-bit stores through the device's bus master space, so Bus Master Enable gates
 * them. */
#include <string.h>

#include "hw/core/dma.h"
#include "hw/pci/pci_int.h"
#include "util/err.h"

enum {
    MSI_CTRL = 2,
    MSI_ADDR = 4,
    MSI_ADDR_HI = 8,
    MSI_DATA = 12,
    MSI_SIZE = 14,
    MSI_ENABLE = 1 << 0,
    MSI_MULTI_SHIFT = 4,
    MSI_CAN_SHIFT = 1,
    MSI_64 = 1 << 7
};
enum {
    MSIX_CTRL = 2,
    MSIX_TABLE = 4,
    MSIX_PBA = 8,
    MSIX_SIZE = 12,
    MSIX_ENABLE = 1 << 15,
    MSIX_MASK_ALL = 1 << 14,
    MSIX_ENTRY = 16,
    MSIX_E_DATA = 8,
    MSIX_E_CTRL = 12
};

static uint16_t pci_requester(const PciDevice *pci)
{
    return (uint16_t)(pci_bus_of(pci)->number << 8 | pci->devfn);
}

/* ---- MSI */

bool pci_add_msi(PciDevice *pci, unsigned vectors, GError **errp)
{
    unsigned log = 0, at;

    while ((1u << log) < vectors) {
        log++;
    }
    if (vectors == 0 || log > 5) {
        return err_fail(errp, "%s: MSI with %u vectors", pci->dev.type->type.name, vectors);
    }
    at = pci_add_cap(pci, PCI_CAP_MSI, 0, MSI_SIZE);
    pci_set16(pci->config + at + MSI_CTRL, (uint16_t)(MSI_64 | log << MSI_CAN_SHIFT));
    pci_set16(pci->wmask + at + MSI_CTRL,
              (uint16_t)(MSI_ENABLE | (log != 0 ? 7 << MSI_MULTI_SHIFT : 0)));
    pci_set32(pci->wmask + at + MSI_ADDR, 0xfffffffc);
    pci_set32(pci->wmask + at + MSI_ADDR_HI, 0xffffffff);
    pci_set16(pci->wmask + at + MSI_DATA, 0xffff);
    pci->msi_cap = (uint8_t)at;
    return true;
}

bool pci_msi_enabled(const PciDevice *pci)
{
    return pci->msi_cap != 0 && (pci->config[pci->msi_cap + MSI_CTRL] & MSI_ENABLE);
}

void pci_msi_notify(PciDevice *pci, unsigned vector)
{
    const uint8_t *c = pci->config + pci->msi_cap;
    unsigned ctrl, log, can;
    uint64_t addr;
    uint32_t data;

    if (!pci_msi_enabled(pci)) {
        return;
    }
    ctrl = pci_get16(c + MSI_CTRL);
    can = (ctrl >> MSI_CAN_SHIFT) & 7;
    log = MIN((ctrl >> MSI_MULTI_SHIFT) & 7, can); /* more than offered: undefined by the guest */
    addr = pci_get32(c + MSI_ADDR) | (uint64_t)pci_get32(c + MSI_ADDR_HI) << 32;
    data = pci_get16(c + MSI_DATA);
    data = (data & ~((1u << log) - 1)) | (vector & ((1u << log) - 1));
    dma_msi(pci->dma, addr, data, pci_requester(pci));
}

/* ---- MSI-X */

bool pci_msix_enabled(const PciDevice *pci)
{
    return pci->msix_cap != 0 && (pci_get16(pci->config + pci->msix_cap + MSIX_CTRL) & MSIX_ENABLE);
}

static bool msix_masked(const PciDevice *pci, unsigned vector)
{
    uint16_t ctrl = pci_get16(pci->config + pci->msix_cap + MSIX_CTRL);

    return (ctrl & MSIX_MASK_ALL) || (pci->msix_table[vector * MSIX_ENTRY + MSIX_E_CTRL] & 1);
}

static void msix_send(PciDevice *pci, unsigned vector)
{
    const uint8_t *e = pci->msix_table + vector * MSIX_ENTRY;
    uint64_t addr = pci_get32(e) | (uint64_t)pci_get32(e + 4) << 32;

    dma_msi(pci->dma, addr & ~3ull, pci_get32(e + MSIX_E_DATA), pci_requester(pci));
}

void pci_msix_notify(PciDevice *pci, unsigned vector)
{
    if (!pci_msix_enabled(pci) || vector >= pci->msix_vectors) {
        return;
    }
    if (msix_masked(pci, vector)) {
        pci->msix_pba[vector / 8] |= (uint8_t)(1 << vector % 8);
        return;
    }
    msix_send(pci, vector);
}

/* Sends what was held back while it was masked. */
static void msix_flush(PciDevice *pci, unsigned vector)
{
    uint8_t bit = (uint8_t)(1 << vector % 8);

    if (pci_msix_enabled(pci) && (pci->msix_pba[vector / 8] & bit) && !msix_masked(pci, vector)) {
        pci->msix_pba[vector / 8] &= (uint8_t)~bit;
        msix_send(pci, vector);
    }
}

static uint64_t msix_table_read(void *opaque, GuestAddr off, unsigned size)
{
    PciDevice *pci = opaque;

    return pci_get32(pci->msix_table + off);
}

static void msix_table_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PciDevice *pci = opaque;

    pci_set32(pci->msix_table + off, (uint32_t)val);
    msix_flush(pci, (unsigned)(off / MSIX_ENTRY));
}

static uint64_t msix_pba_read(void *opaque, GuestAddr off, unsigned size)
{
    PciDevice *pci = opaque;

    return pci_get32(pci->msix_pba + off);
}

static const MemOps msix_table_ops = {
    .read = msix_table_read, .write = msix_table_write, .min_size = 4, .max_size = 4
};
static const MemOps msix_pba_ops = { .read = msix_pba_read, .min_size = 4, .max_size = 4 };

bool pci_add_msix(PciDevice *pci, unsigned vectors, unsigned bar, GError **errp)
{
    uint64_t table = (uint64_t)vectors * MSIX_ENTRY, pba = (vectors + 63) / 64 * 8, size = 4096;
    unsigned at;

    if (vectors == 0 || vectors > 2048 || bar >= PCI_BARS) {
        return err_fail(errp, "%s: MSI-X with %u vectors", pci->dev.type->type.name, vectors);
    }
    while (size / 2 < table || size / 2 < pba) {
        size *= 2;
    }
    at = pci_add_cap(pci, PCI_CAP_MSIX, 0, MSIX_SIZE);
    pci_set16(pci->config + at + MSIX_CTRL, (uint16_t)(vectors - 1));
    pci_set16(pci->wmask + at + MSIX_CTRL, MSIX_ENABLE | MSIX_MASK_ALL);
    pci_set32(pci->config + at + MSIX_TABLE, bar);
    pci_set32(pci->config + at + MSIX_PBA, (uint32_t)(size / 2) | bar);
    pci->msix_cap = (uint8_t)at;
    pci->msix_vectors = (uint16_t)vectors;
    pci->msix_table = g_malloc0(table);
    pci->msix_pba = g_malloc0(pba);
    mem_init(&pci->msix_bar, "msix", size);
    mem_init_io(&pci->msix_table_io, "msix-table", table, &msix_table_ops, pci);
    mem_init_io(&pci->msix_pba_io, "msix-pba", pba, &msix_pba_ops, pci);
    mem_add(&pci->msix_bar, 0, &pci->msix_table_io, 0);
    mem_add(&pci->msix_bar, size / 2, &pci->msix_pba_io, 0);
    pci_add_bar(pci, bar, &pci->msix_bar, PCI_BAR_MEM);
    return true;
}

void pci_msix_fini(PciDevice *pci)
{
    if (pci->msix_vectors == 0) {
        return;
    }
    mem_fini(&pci->msix_table_io);
    mem_fini(&pci->msix_pba_io);
    mem_fini(&pci->msix_bar);
    g_clear_pointer(&pci->msix_table, g_free);
    g_clear_pointer(&pci->msix_pba, g_free);
    pci->msix_vectors = 0;
    pci->msix_cap = 0;
}

/* ---- Both */

void pci_msi_reset(PciDevice *pci)
{
    if (pci->msi_cap != 0) {
        uint8_t *c = pci->config + pci->msi_cap;

        c[MSI_CTRL] &= (uint8_t) ~(MSI_ENABLE | 7 << MSI_MULTI_SHIFT);
        memset(c + MSI_ADDR, 0, MSI_SIZE - MSI_ADDR);
    }
    if (pci->msix_cap != 0) {
        pci->config[pci->msix_cap + MSIX_CTRL + 1] &= (uint8_t)~0xc0;
        memset(pci->msix_pba, 0, (pci->msix_vectors + 63u) / 64 * 8);
        memset(pci->msix_table, 0, (size_t)pci->msix_vectors * MSIX_ENTRY);
        for (unsigned i = 0; i < pci->msix_vectors; i++) {
            pci->msix_table[i * MSIX_ENTRY + MSIX_E_CTRL] = 1;
        }
    }
}

void pci_msi_config_written(PciDevice *pci, unsigned off, unsigned size)
{
    unsigned at = pci->msix_cap;

    if (at != 0 && off < at + MSIX_CTRL + 2 && off + size > at + MSIX_CTRL) {
        for (unsigned i = 0; i < pci->msix_vectors; i++) {
            msix_flush(pci, i);
        }
    }
}
