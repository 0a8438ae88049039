/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conventional PCI (Local Bus Specification 3.0): devices, buses, interrupts. VM lock held for all
 * calls. */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/device.h"

typedef struct PciDevice PciDevice;
typedef struct PciBus PciBus;

enum {
    PCI_CONFIG_SIZE = 256,
    PCIE_CONFIG_SIZE = 4096,
    PCI_BARS = 6,
    PCI_ROM_BAR = 6,
    PCI_REGIONS = 7,
    PCI_DEVFNS = 256,
    PCI_PINS = 4,
};

enum { /* configuration header, type 0 (chapter 6) */
       PCI_VENDOR_ID = 0x00,
       PCI_DEVICE_ID = 0x02,
       PCI_COMMAND = 0x04,
       PCI_STATUS = 0x06,
       PCI_REVISION = 0x08,
       PCI_CLASS_PROG = 0x09,
       PCI_CLASS_DEVICE = 0x0a,
       PCI_CACHE_LINE = 0x0c,
       PCI_LATENCY = 0x0d,
       PCI_HEADER_TYPE = 0x0e,
       PCI_BAR0 = 0x10,
       PCI_SUB_VENDOR = 0x2c,
       PCI_SUB_DEVICE = 0x2e,
       PCI_ROM = 0x30,
       PCI_CAP_LIST = 0x34,
       PCI_INT_LINE = 0x3c,
       PCI_INT_PIN = 0x3d,
};
enum {
    PCI_CMD_IO = 1 << 0,
    PCI_CMD_MEMORY = 1 << 1,
    PCI_CMD_MASTER = 1 << 2,
    PCI_CMD_SPECIAL = 1 << 3,
    PCI_CMD_PARITY = 1 << 6,
    PCI_CMD_SERR = 1 << 8,
    PCI_CMD_INTX_OFF = 1 << 10,
    PCI_STS_INTERRUPT = 1 << 3,
    PCI_STS_CAPS = 1 << 4,
    PCI_STS_FAST_BACK = 1 << 7,
    PCI_STS_DEVSEL_MEDIUM = 1 << 9,
};
enum {
    PCI_CAP_PM = 0x01,
    PCI_CAP_MSI = 0x05,
    PCI_CAP_VENDOR = 0x09,
    PCI_CAP_EXP = 0x10,
    PCI_CAP_MSIX = 0x11
};
enum { PCI_BAR_MEM = 0, PCI_BAR_IO = 1, PCI_BAR_64 = 4, PCI_BAR_PREFETCH = 8 }; /* flags */
enum { PCI_HEADER_MULTI = 0x80 };
#define PCI_DEVFN(slot, fn) ((slot) << 3 | (fn))
#define PCI_BAR_UNMAPPED    UINT64_MAX

typedef struct PciInfo { /* DeviceType.bus_info */
    uint16_t vendor, device, class_id;
    uint16_t sub_vendor, sub_device; /* 0: 1af4:1100 */
    uint8_t revision, prog_if;
    bool express;
    const char *romfile; /* default of the property; NULL: none */
    /* After the generic code has handled a write (registers of the device's own); may be NULL. */
    void (*config_written)(PciDevice *pci, unsigned off, uint32_t val, unsigned size);
    /* Instead of reading pci->config; may be NULL. */
    uint32_t (*config_read)(PciDevice *pci, unsigned off, unsigned size);
} PciInfo;

typedef struct PciBar {
    MemRegion *region;   /* NULL: no such BAR */
    uint64_t size, addr; /* addr PCI_BAR_UNMAPPED: not decoded */
    uint8_t flags;
    MemRegion *parent; /* the bus's memory or I/O */
} PciBar;

struct PciDevice {
    Device dev;
    int32_t devfn; /* property addr; -1: first free slot */
    char *romfile; /* properties */
    uint32_t romsize, rombar;
    bool multifunction;
    uint32_t acpi_index;
    char *failover_pair_id;
    bool x_pcie_lnksta_dllla, x_pcie_extcap_init;

    const PciInfo *info;
    /* 256 or 4096 bytes each: contents; bits the guest may change; bits it clears by writing ones
     */
    uint8_t *config, *wmask, *w1cmask, *used;
    PciBar bar[PCI_REGIONS];
    AddrSpace *dma; /* what the device sees as a bus master; empty while it is none */
    MemRegion dma_root, dma_alias;
    MemRegion rom;
    bool has_rom;
    uint8_t irq_level; /* INTx lines the device drives, a bit a pin; before the disable bit */
    uint8_t irq_seen;  /* what the bus has been told */
    uint8_t msi_cap, msix_cap; /* offset in config; 0: none */
    uint16_t msix_vectors;
    MemRegion msix_bar, msix_table_io, msix_pba_io;
    uint8_t *msix_table, *msix_pba;
    int32_t vm_version; /* vmstate: 2 */
};

typedef int PciMapIrq(PciDevice *pci, unsigned pin); /* device pin 0-3 -> line of the bus */

struct PciBus {
    Bus bus;
    MemRegion *mem, *io; /* BARs are mapped here; not owned */
    PciDevice *devices[PCI_DEVFNS];
    PciMapIrq *map_irq;
    void (*set_irq)(void *opaque, unsigned line, int level);
    void *irq_opaque;
    unsigned irq_lines;
    int irq_count[16];      /* devices that hold each line */
    uint8_t number;         /* root: 0 */
    unsigned first_slot;    /* for devices without addr */
    uint32_t slot_reserved; /* slots not given away automatically */
    PciDevice *parent_dev;  /* bridge; NULL on a root bus */
};

extern const BusType pci_bus;       /* "PCI" */
extern const DeviceType pci_device; /* "pci-device", abstract: addr, romfile, multifunction ... */

/* A root bus below host (named name, "pci.0"). mem and io are kept. */
PciBus *pci_bus_new_root(Device *host, const char *name, MemRegion *mem, MemRegion *io);
void pci_bus_set_irqs(PciBus *bus, void (*set)(void *opaque, unsigned line, int level),
                      PciMapIrq *map, void *opaque, unsigned lines);
PciBus *pci_root_bus(Vm *vm); /* NULL: the machine has none */
PciBus *pci_bus_of(const PciDevice *pci);
PciDevice *pci_from_device(Device *dev); /* NULL: not a PCI device */
PciDevice *pci_find_device(PciBus *bus, unsigned devfn);
int pci_bus_irq_level(const PciBus *bus, unsigned line);
/* Board shorthand: at a fixed address. devfn -1: first free slot. */
PciDevice *pci_create(const DeviceType *type, PciBus *bus, int devfn, bool multifunction,
                      GError **errp);

/* ---- Configuration space, from the guest's side. off + size is within the space; size 1, 2 or 4.
 */
uint32_t pci_config_read(PciDevice *pci, unsigned off, unsigned size);
void pci_config_write(PciDevice *pci, unsigned off, uint32_t val, unsigned size);
/* Mechanism #1: reg is the CONFIG_ADDRESS value, with bits 1-0 of the data port; absent reads all
 * ones. */
uint32_t pci_host_read(PciBus *root, uint32_t reg, unsigned size);
void pci_host_write(PciBus *root, uint32_t reg, uint32_t val, unsigned size);
/* The device's own side. */
static inline uint16_t pci_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t pci_get32(const uint8_t *p)
{
    return pci_get16(p) | (uint32_t)pci_get16(p + 2) << 16;
}
static inline void pci_set16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void pci_set32(uint8_t *p, uint32_t v)
{
    pci_set16(p, (uint16_t)v);
    pci_set16(p + 2, v >> 16);
}

/* ---- For devices, in realize */
/* r's size is a power of two, at least 4 (I/O) or 16 (memory) bytes. */
void pci_add_bar(PciDevice *pci, unsigned bar, MemRegion *r, unsigned flags);
uint64_t pci_bar_addr(const PciDevice *pci, unsigned bar); /* PCI_BAR_UNMAPPED while not decoded */
void pci_set_int_pin(PciDevice *pci, unsigned pin);        /* 1 = A; 0 = none */
/* Room for a capability of size bytes, linked in; at 0: the first free place. Returns its offset;
 * the header bytes are set, the rest is zero and read-only until wmask says otherwise. */
unsigned pci_add_cap(PciDevice *pci, uint8_t id, unsigned at, unsigned size);
unsigned pci_find_cap(const PciDevice *pci, uint8_t id); /* 0: none */

/* vectors: 1, 2, 4 ... 32. 64-bit addresses, no per-vector masking. */
bool pci_add_msi(PciDevice *pci, unsigned vectors, GError **errp);
bool pci_msi_enabled(const PciDevice *pci);
void pci_msi_notify(PciDevice *pci, unsigned vector);
/* Table and pending bits in a 4 KiB BAR of their own (more with many vectors). */
bool pci_add_msix(PciDevice *pci, unsigned vectors, unsigned bar, GError **errp);
bool pci_msix_enabled(const PciDevice *pci);
void pci_msix_notify(PciDevice *pci, unsigned vector);

/* INTx on the device's pin, or MSI vector 0 (when level is 1) when the guest enabled it. */
void pci_irq_set(PciDevice *pci, int level);
/* An Irq whose level is pci_irq_set()'s: for parts that want a line. */
Irq pci_irq(PciDevice *pci);

/* ---- Data for info pci */
void pci_print(Vm *vm, GString *out);
const char *pci_class_name(uint16_t class_id); /* "VGA controller"; "Class 0264" */
/* Finds the next function after devfn (-1: from the start) on bus; NULL: none. */
PciDevice *pci_next(PciBus *bus, int devfn);

/* Rows of the PCI part of a device's state: first row of most PCI devices. */
extern const VmState pci_device_vmstate;

#endif
