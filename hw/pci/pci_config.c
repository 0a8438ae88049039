/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space: masks, BARs, capabilities, mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2
 * and 6.2.5). Mappings change in one transaction a write, and only when an address really differs,
 * so that sizing a BAR never makes a region flicker. A BAR at address 0 or reaching the end of its
 * space is not decoded. */
#include <string.h>

#include "hw/pci/pci_int.h"
#include "util/trace.h"

enum { PCI_CONFIG_ENABLE = 1u << 31 };

static unsigned pci_bar_offset(unsigned bar)
{
    return bar == PCI_ROM_BAR ? PCI_ROM : PCI_BAR0 + 4 * bar;
}

static uint64_t pci_bar_want(const PciDevice *pci, unsigned n)
{
    const PciBar *b = &pci->bar[n];
    const uint8_t *c = pci->config + pci_bar_offset(n);
    uint16_t cmd = pci_get16(pci->config + PCI_COMMAND);
    uint64_t at = pci_get32(c), last, limit;

    if (b->flags & PCI_BAR_IO) {
        if (!(cmd & PCI_CMD_IO)) {
            return PCI_BAR_UNMAPPED;
        }
        limit = 0xffff;
    } else {
        if (!(cmd & PCI_CMD_MEMORY) || (n == PCI_ROM_BAR && !(at & 1))) {
            return PCI_BAR_UNMAPPED;
        }
        limit = UINT32_MAX;
        if (b->flags & PCI_BAR_64) {
            at |= (uint64_t)pci_get32(c + 4) << 32;
            limit = UINT64_MAX;
        }
    }
    at &= ~(b->size - 1);
    last = at + b->size - 1;
    if (at == 0 || last <= at || last > limit || (!(b->flags & PCI_BAR_IO) && last == limit)) {
        return PCI_BAR_UNMAPPED;
    }
    return at;
}

void pci_update_mappings(PciDevice *pci)
{
    bool master = pci_get16(pci->config + PCI_COMMAND) & PCI_CMD_MASTER;

    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        PciBar *b = &pci->bar[i];
        uint64_t want;

        if (b->region == NULL) {
            continue;
        }
        want = pci_bar_want(pci, i);
        if (want == b->addr) {
            continue;
        }
        if (b->addr != PCI_BAR_UNMAPPED) {
            mem_del(b->region);
        }
        b->addr = want;
        if (want != PCI_BAR_UNMAPPED) {
            mem_add(b->parent, want, b->region, 1);
        }
    }
    if (pci->dma_alias.enabled != master) {
        mem_set_enabled(&pci->dma_alias, master);
    }
}

void pci_reset_bars(PciDevice *pci)
{
    for (unsigned i = 0; i < PCI_REGIONS; i++) {
        uint8_t *c = pci->config + pci_bar_offset(i);

        if (pci->bar[i].region == NULL) {
            continue;
        }
        pci_set32(c, i == PCI_ROM_BAR ? 0 : pci->bar[i].flags);
        if (pci->bar[i].flags & PCI_BAR_64) {
            pci_set32(c + 4, 0);
        }
    }
}

void pci_add_bar(PciDevice *pci, unsigned bar, MemRegion *r, unsigned flags)
{
    PciBus *bus = pci_bus_of(pci);
    PciBar *b = &pci->bar[bar];
    unsigned off = pci_bar_offset(bar);

    g_assert(bar < PCI_REGIONS && (r->size & (r->size - 1)) == 0 && r->size >= 4);
    *b = (PciBar){ .region = r,
                   .size = r->size,
                   .addr = PCI_BAR_UNMAPPED,
                   .flags = (uint8_t)flags,
                   .parent = flags & PCI_BAR_IO ? bus->io : bus->mem };
    pci_set32(pci->config + off, bar == PCI_ROM_BAR ? 0 : flags);
    pci_set32(pci->wmask + off, (uint32_t) ~(r->size - 1) | (bar == PCI_ROM_BAR));
    if (flags & PCI_BAR_64) {
        g_assert(bar < PCI_BARS - 1);
        pci_set32(pci->wmask + off + 4, (uint32_t)(~(r->size - 1) >> 32));
    }
}

uint64_t pci_bar_addr(const PciDevice *pci, unsigned bar)
{
    return pci->bar[bar].addr;
}

/* ---- Capabilities */

static unsigned pci_cap_room(const PciDevice *pci, unsigned size)
{
    for (unsigned at = 0x40; at + size <= PCI_CONFIG_SIZE; at += 4) {
        unsigned n = 0;

        while (n < size && pci->used[at + n] == 0) {
            n++;
        }
        if (n == size) {
            return at;
        }
    }
    return 0;
}

unsigned pci_add_cap(PciDevice *pci, uint8_t id, unsigned at, unsigned size)
{
    size = (size + 3) & ~3u;
    if (at == 0) {
        at = pci_cap_room(pci, size);
    }
    g_assert(at >= 0x40 && at + size <= PCI_CONFIG_SIZE);
    memset(pci->config + at, 0, size);
    memset(pci->wmask + at, 0, size);
    memset(pci->used + at, 0xff, size);
    pci->config[at] = id;
    pci->config[at + 1] = pci->config[PCI_CAP_LIST];
    pci->config[PCI_CAP_LIST] = (uint8_t)at;
    pci->config[PCI_STATUS] |= PCI_STS_CAPS;
    return at;
}

unsigned pci_find_cap(const PciDevice *pci, uint8_t id)
{
    unsigned at = pci->config[PCI_STATUS] & PCI_STS_CAPS ? pci->config[PCI_CAP_LIST] : 0;

    for (unsigned budget = 48; at >= 0x40 && budget > 0; budget--, at = pci->config[at + 1]) {
        if (pci->config[at] == id) {
            return at;
        }
    }
    return 0;
}

/* ---- Accesses */

static unsigned pci_config_size(const PciDevice *pci)
{
    return pci->info->express ? PCIE_CONFIG_SIZE : PCI_CONFIG_SIZE;
}

uint32_t pci_config_read(PciDevice *pci, unsigned off, unsigned size)
{
    uint32_t v = 0;

    if (off + size > pci_config_size(pci)) {
        return UINT32_MAX;
    }
    if (pci->info->config_read != NULL) {
        return pci->info->config_read(pci, off, size);
    }
    for (unsigned i = 0; i < size; i++) {
        v |= (uint32_t)pci->config[off + i] << (8 * i);
    }
    return v;
}

static bool pci_touches(unsigned off, unsigned size, unsigned at, unsigned len)
{
    return off < at + len && at < off + size;
}

void pci_config_write(PciDevice *pci, unsigned off, uint32_t val, unsigned size)
{
    TRACE("pci_cfg_write", "%02x.%u @0x%x <- 0x%x", pci->devfn >> 3, pci->devfn & 7u, off, val);
    if (off + size > pci_config_size(pci)) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        uint8_t v = (uint8_t)(val >> (8 * i)), *c = &pci->config[off + i];
        uint8_t w = pci->wmask[off + i], w1c = pci->w1cmask[off + i];

        *c = (uint8_t)((*c & ~w) | (v & w));
        *c &= (uint8_t) ~(v & w1c);
    }
    if (pci_touches(off, size, PCI_BAR0, 24) || pci_touches(off, size, PCI_ROM, 4) ||
        pci_touches(off, size, PCI_COMMAND, 2)) {
        mem_txn_begin();
        pci_update_mappings(pci);
        mem_txn_commit();
    }
    if (pci_touches(off, size, PCI_COMMAND, 2)) {
        pci_update_irq(pci);
    }
    pci_msi_config_written(pci, off, size);
    if (pci->info->config_written != NULL) {
        pci->info->config_written(pci, off, val, size);
    }
}

/* Only the root bus exists: other bus numbers belong to nobody. */
static PciDevice *pci_host_target(PciBus *root, uint32_t reg)
{
    if (!(reg & PCI_CONFIG_ENABLE) || ((reg >> 16) & 0xff) != root->number) {
        return NULL;
    }
    return pci_find_device(root, (reg >> 8) & 0xff);
}

uint32_t pci_host_read(PciBus *root, uint32_t reg, unsigned size)
{
    PciDevice *pci = pci_host_target(root, reg);
    uint32_t ones = size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1;

    return pci == NULL ? ones : pci_config_read(pci, reg & 0xff, size) & ones;
}

void pci_host_write(PciBus *root, uint32_t reg, uint32_t val, unsigned size)
{
    PciDevice *pci = pci_host_target(root, reg);

    if (pci != NULL) {
        pci_config_write(pci, reg & 0xff, val, size);
    }
}

/* ---- State */

static bool pci_is_conventional(const void *obj, int version)
{
    return !((const PciDevice *)obj)->info->express;
}

static bool pci_is_express(const void *obj, int version)
{
    return ((const PciDevice *)obj)->info->express;
}

/* Four line levels, one 32-bit word each. */
static void pci_irq_state_save(VmWriter *w, const VmField *f, const void *member)
{
    uint8_t levels = *(const uint8_t *)member;

    for (unsigned i = 0; i < PCI_PINS; i++) {
        vm_put_u32(w, (levels >> i) & 1);
    }
}

static bool pci_irq_state_load(VmReader *r, const VmField *f, void *member, GError **errp)
{
    uint8_t levels = 0;

    for (unsigned i = 0; i < PCI_PINS; i++) {
        levels |= (uint8_t)((vm_get_u32(r) != 0) << i);
    }
    *(uint8_t *)member = levels;
    return true;
}

static const VmCustomOps pci_irq_state_ops = { "pci irq state", pci_irq_state_save,
                                               pci_irq_state_load };

static bool pci_post_load(void *obj, int version, GError **errp)
{
    PciDevice *pci = obj;

    mem_txn_begin();
    pci_update_mappings(pci);
    mem_txn_commit();
    pci_update_irq(pci);
    return true;
}

static const VmField pci_fields[] = {
    VM_FIELD_I32(PciDevice, vm_version, .as = "version_id"),
    { .name = "config",
      .kind = VM_BUF,
      .offset = offsetof(PciDevice, config),
      .count = 1,
      .elem_size = PCI_CONFIG_SIZE,
      .flags = VM_POINTER,
      .exists = pci_is_conventional },
    { .name = "config",
      .kind = VM_BUF,
      .offset = offsetof(PciDevice, config),
      .count = 1,
      .elem_size = PCIE_CONFIG_SIZE,
      .flags = VM_POINTER,
      .exists = pci_is_express },
    { .name = "irq_state",
      .kind = VM_CUSTOM,
      .offset = offsetof(PciDevice, irq_level),
      .count = 1,
      .elem_size = 16,
      .since = 2,
      .ops = &pci_irq_state_ops },
    VM_FIELD_END,
};

const VmState pci_device_vmstate = {
    .name = "PCIDevice",
    .version = 2,
    .min_version = 1,
    .fields = pci_fields,
    .post_load = pci_post_load,
};
