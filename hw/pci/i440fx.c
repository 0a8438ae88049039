/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82441FX PCI and memory controller (data sheet 290549): configuration mechanism #1 at 0xcf8/0xcfc,
 * programmable attribute map (3.2.17: reads and writes of 13 areas between 0xc0000 and 0xfffff go
 * to RAM or to PCI), SMRAM control (3.2.19). Not modelled: DRAM timing and row registers, the fixed
 * hole at 15 MiB, error reporting. An area with writes but no reads from RAM behaves as if both
 * went to RAM. */
#include "hw/pci/i440fx.h"

#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/err.h"

enum { I440FX_PAM = 0x59, I440FX_PAM_REGS = 7, I440FX_SMRAM = 0x72, PAM_AREAS = 13 };
enum { PAM_READ = 1 << 0, PAM_WRITE = 1 << 1 };
enum {
    SMRAM_BASE_SEG = 0x02,
    SMRAM_ENABLE = 1 << 3,
    SMRAM_LOCK = 1 << 4,
    SMRAM_CLOSED = 1 << 5,
    SMRAM_OPEN = 1 << 6,
    SMRAM_GUEST = SMRAM_ENABLE | SMRAM_LOCK | SMRAM_CLOSED | SMRAM_OPEN
};
enum { SMRAM_AT = 0xa0000, SMRAM_SIZE = 0x20000 };
enum { CONF_ADDRESS = 0xcf8, CONF_DATA = 0xcfc };

typedef struct PamArea {
    uint32_t start, size;
    uint8_t reg, shift; /* of its two attribute bits */
} PamArea;

static const PamArea pam_areas[PAM_AREAS] = {
    { 0xf0000, 0x10000, 0x59, 4 }, { 0xc0000, 0x4000, 0x5a, 0 }, { 0xc4000, 0x4000, 0x5a, 4 },
    { 0xc8000, 0x4000, 0x5b, 0 },  { 0xcc000, 0x4000, 0x5b, 4 }, { 0xd0000, 0x4000, 0x5c, 0 },
    { 0xd4000, 0x4000, 0x5c, 4 },  { 0xd8000, 0x4000, 0x5d, 0 }, { 0xdc000, 0x4000, 0x5d, 4 },
    { 0xe0000, 0x4000, 0x5e, 0 },  { 0xe4000, 0x4000, 0x5e, 4 }, { 0xe8000, 0x4000, 0x5f, 0 },
    { 0xec000, 0x4000, 0x5f, 4 },
};
enum { PAM_VIEWS = 3 }; /* as PCI, as ROM, as RAM */

typedef struct I440fx {
    PciDevice pci;
    MemRegion pam[PAM_AREAS][PAM_VIEWS];
    MemRegion smram_region;     /* PCI at 0xa0000, above RAM, unless SMRAM is open */
    MemRegion smram, low_smram; /* what SMM sees */
    bool mapped;
} I440fx;

typedef struct I440fxHost {
    Device dev;
    MemRegion conf_idx, conf_data;
    uint32_t config_reg;
    uint64_t pci_hole64_size; /* properties */
    uint32_t short_root_bus;
    bool x_pci_hole64_fix, x_config_reg_migration, bypass_iommu;
    I440fxConfig cfg;
    PciBus *bus;
    I440fx *bridge;
} I440fxHost;

/* ---- The function at 00:00.0 */

static unsigned pam_view(uint8_t attr)
{
    return attr & PAM_WRITE ? 2 : attr & PAM_READ ? 1 : 0;
}

static void i440fx_update(I440fx *s)
{
    uint8_t smram = s->pci.config[I440FX_SMRAM];

    if (!s->mapped) {
        return;
    }
    mem_txn_begin();
    for (unsigned i = 0; i < PAM_AREAS; i++) {
        uint8_t attr = (s->pci.config[pam_areas[i].reg] >> pam_areas[i].shift) & 3;

        for (unsigned v = 0; v < PAM_VIEWS; v++) {
            mem_set_enabled(&s->pam[i][v], v == pam_view(attr));
        }
    }
    mem_set_enabled(&s->smram_region, !(smram & SMRAM_OPEN));
    mem_set_enabled(&s->low_smram, smram & SMRAM_ENABLE);
    mem_txn_commit();
}

static void i440fx_config_written(PciDevice *pci, unsigned off, uint32_t val, unsigned size)
{
    I440fx *s = CONTAINER(pci, I440fx, pci);
    uint8_t *smram = &pci->config[I440FX_SMRAM];

    if (off <= I440FX_SMRAM && off + size > I440FX_SMRAM && (*smram & SMRAM_LOCK)) {
        *smram &= (uint8_t)~SMRAM_OPEN;
        pci->wmask[I440FX_SMRAM] = 0; /* D_LCK: until reset */
    }
    if (off <= I440FX_SMRAM && off + size > I440FX_PAM) {
        i440fx_update(s);
    }
}

static void i440fx_map(I440fx *s, const I440fxConfig *cfg)
{
    static const char *const names[PAM_VIEWS] = { "pam-pci", "pam-rom", "pam-ram" };
    MemRegion *system = &s->pci.dev.vm->system_region;

    mem_txn_begin();
    mem_init_alias(&s->smram_region, "smram-region", cfg->pci_mem, SMRAM_AT, SMRAM_SIZE);
    mem_add(system, SMRAM_AT, &s->smram_region, 1);
    for (unsigned i = 0; i < PAM_AREAS; i++) {
        for (unsigned v = 0; v < PAM_VIEWS; v++) {
            MemRegion *r = &s->pam[i][v];

            mem_init_alias(r, names[v], v == 0 ? cfg->pci_mem : cfg->ram, pam_areas[i].start,
                           pam_areas[i].size);
            mem_set_readonly(r, v == 1);
            mem_set_enabled(r, v == 0);
            mem_add(system, pam_areas[i].start, r, 1);
        }
    }
    mem_init(&s->smram, "smram", 4 * GIB);
    mem_init_alias(&s->low_smram, "smram-low", cfg->ram, SMRAM_AT, SMRAM_SIZE);
    mem_set_enabled(&s->low_smram, false);
    mem_add(&s->smram, SMRAM_AT, &s->low_smram, 0);
    s->mapped = true;
    mem_txn_commit();
}

static void i440fx_reset(Device *dev, ResetKind kind)
{
    I440fx *s = CONTAINER(dev, I440fx, pci.dev);

    /* A warm reset leaves the map alone: firmware finds in its shadow that the machine slept. */
    for (unsigned i = 0; i < I440FX_PAM_REGS && kind == RESET_COLD; i++) {
        s->pci.config[I440FX_PAM + i] = 0;
    }
    s->pci.config[I440FX_SMRAM] = SMRAM_BASE_SEG;
    s->pci.wmask[I440FX_SMRAM] = SMRAM_GUEST;
    i440fx_update(s);
}

static bool i440fx_realize(Device *dev, GError **errp)
{
    I440fx *s = CONTAINER(dev, I440fx, pci.dev);

    pci_set16(s->pci.config + PCI_STATUS, PCI_STS_DEVSEL_MEDIUM);
    s->pci.config[I440FX_SMRAM] = SMRAM_BASE_SEG;
    s->pci.wmask[I440FX_SMRAM] = SMRAM_GUEST;
    return true;
}

static bool i440fx_post_load(void *obj, int version, GError **errp)
{
    i440fx_update(obj);
    return true;
}

static const VmField i440fx_fields[] = {
    VM_FIELD_STRUCT(I440fx, pci, pci_device_vmstate, .as = "parent_obj"),
    VM_FIELD_UNUSED(1),
    VM_FIELD_END,
};
static const VmState i440fx_vmstate = {
    .name = "I440FX",
    .version = 3,
    .min_version = 3,
    .fields = i440fx_fields,
    .post_load = i440fx_post_load,
};

static const PciInfo i440fx_info = {
    .vendor = 0x8086,
    .device = 0x1237,
    .class_id = 0x0600,
    .revision = 2,
    .config_written = i440fx_config_written,
};

const DeviceType i440fx_type = {
    .type = { .name = "i440FX",
              .desc = "Host bridge",
              .parent = &pci_device.type,
              .size = sizeof(I440fx) },
    .bus_info = &i440fx_info,
    .category = DEV_BRIDGE,
    .realize = i440fx_realize,
    .reset = i440fx_reset,
    .vmstate = &i440fx_vmstate,
};
DEVICE_REGISTER(i440fx_type);

/* ---- The host side: the two ports */

static uint64_t conf_idx_read(void *opaque, GuestAddr off, unsigned size)
{
    I440fxHost *s = opaque;

    return off == 0 && size == 4 ? s->config_reg : UINT64_MAX;
}

/* Only double words reach the register (3.1.1); the rest belongs to whoever else decodes it. */
static void conf_idx_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I440fxHost *s = opaque;

    if (off == 0 && size == 4) {
        s->config_reg = (uint32_t)val;
    }
}

static uint64_t conf_data_read(void *opaque, GuestAddr off, unsigned size)
{
    I440fxHost *s = opaque;

    return pci_host_read(s->bus, (s->config_reg & ~3u) | (uint32_t)off, size);
}

static void conf_data_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I440fxHost *s = opaque;

    pci_host_write(s->bus, (s->config_reg & ~3u) | (uint32_t)off, (uint32_t)val, size);
}

static const MemOps conf_idx_ops = { .read = conf_idx_read,
                                     .write = conf_idx_write,
                                     .max_size = 4 };
static const MemOps conf_data_ops = { .read = conf_data_read,
                                      .write = conf_data_write,
                                      .max_size = 4 };

static bool i440fx_host_realize(Device *dev, GError **errp)
{
    I440fxHost *s = CONTAINER(dev, I440fxHost, dev);
    PciDevice *pci;

    mem_init_io(&s->conf_idx, "pci-conf-idx", 4, &conf_idx_ops, s);
    mem_init_io(&s->conf_data, "pci-conf-data", 4, &conf_data_ops, s);
    mem_add(s->cfg.io, CONF_ADDRESS, &s->conf_idx, 0);
    mem_add(s->cfg.io, CONF_DATA, &s->conf_data, 0);
    s->bus = pci_bus_new_root(dev, "pci.0", s->cfg.pci_mem, s->cfg.io);
    pci = pci_create(&i440fx_type, s->bus, 0, false, errp);
    if (pci == NULL) {
        return false;
    }
    s->bridge = CONTAINER(pci, I440fx, pci);
    i440fx_map(s->bridge, &s->cfg);
    return true;
}

static void i440fx_host_reset(Device *dev, ResetKind kind)
{
    CONTAINER(dev, I440fxHost, dev)->config_reg = 0;
}

static const Field i440fx_host_props[] = {
    FIELD_SIZE("pci-hole64-size", I440fxHost, pci_hole64_size, 2 * GIB),
    FIELD_U32("short_root_bus", I440fxHost, short_root_bus, 0),
    FIELD_BOOL("x-pci-hole64-fix", I440fxHost, x_pci_hole64_fix, true),
    FIELD_BOOL("x-config-reg-migration-enabled", I440fxHost, x_config_reg_migration, true),
    FIELD_BOOL("bypass-iommu", I440fxHost, bypass_iommu, false),
    { 0 },
};
static const VmField i440fx_host_fields[] = {
    VM_FIELD_U32(I440fxHost, config_reg),
    VM_FIELD_END,
};
static const VmState i440fx_host_vmstate = {
    .name = "PCIHost",
    .version = 1,
    .min_version = 1,
    .fields = i440fx_host_fields,
};

const DeviceType i440fx_pcihost_type = {
    .type = { .name = "i440FX-pcihost",
              .parent = &sysbus_device.type,
              .size = sizeof(I440fxHost),
              .props = i440fx_host_props },
    .category = DEV_BRIDGE,
    .fw_name = "pci@i0cf8",
    .realize = i440fx_host_realize,
    .reset = i440fx_host_reset,
    .vmstate = &i440fx_host_vmstate,
};
DEVICE_REGISTER(i440fx_pcihost_type);

PciBus *i440fx_new(Vm *vm, const I440fxConfig *cfg, GError **errp)
{
    Device *dev = device_new(&i440fx_pcihost_type, vm, NULL);
    I440fxHost *s = CONTAINER(dev, I440fxHost, dev);

    s->cfg = *cfg;
    if (!device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return s->bus;
}

MemRegion *i440fx_smram(PciBus *bus)
{
    return &CONTAINER(bus->bus.owner, I440fxHost, dev)->bridge->smram;
}
