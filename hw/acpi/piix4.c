/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371AB (PIIX4) function 3: power management (data sheet 290562, chapter 7). Two relocatable I/O
 * blocks (PM registers at 0x40, SMBus at 0x90), the APM ports 0xb2/0xb3 that raise SMIs, and the
 * board's ACPI registers at fixed ports. Not modelled: device monitors, suspend clocks, GPI/GPO
 * pins. */
#include "hw/acpi/piix4.h"

#include <string.h>

#include "hw/core/vm.h"
#include "util/loop.h"

enum {
    PM_BASE = 0x40,
    PM_DEVACTB = 0x58,
    PM_DEVRESJ = 0x5f,
    PM_DEV_LPT = 0x63,
    PM_DEV_COM = 0x67,
    PM_IO_ENABLE = 0x80,
    PM_SMB_BASE = 0x90,
    PM_SMB_ENABLE = 0xd2
};
enum { PM_IO_LEN = 64, PM_APMC_EN = 1 << 1 /* bit 25 of DEVACTB */, APM_CNT = 0, APM_STS = 1 };

typedef struct Piix4MemSlot {
    bool enabled, inserting;
    uint32_t ost_event, ost_status;
} Piix4MemSlot;

typedef struct Piix4 {
    PciDevice pci;
    MemRegion pm_io, apm_io;
    AcpiRegs acpi;
    AcpiPciHotplug pcihp;
    AcpiCpuHotplug cpuhp;
    PmSmbus smb;
    uint8_t apmc, apms;
    struct {
        uint32_t selector, count;
        Piix4MemSlot slots[1];
    } mem; /* for snapshots only */
    Piix4Config cfg;
    VmNotify notify;
    uint32_t smb_io_base; /* properties */
    uint8_t disable_s3, disable_s4, s4_val;
    bool pcihp_bridges, pcihp_root, memhp, smm_compat, smm_enabled, x_not_migrate_acpi_index;
} Piix4;

static void piix4_update_io(Piix4 *s)
{
    const uint8_t *c = s->pci.config;

    mem_txn_begin();
    mem_set(&s->pm_io, c[PM_IO_ENABLE] & 1, pci_get16(c + PM_BASE) & 0xffc0);
    mem_set(&s->smb.io, (c[PM_SMB_ENABLE] & 1), pci_get16(c + PM_SMB_BASE) & 0xffc0);
    mem_txn_commit();
}

static void piix4_config_written(PciDevice *pci, unsigned off, uint32_t val, unsigned size)
{
    Piix4 *s = CONTAINER(pci, Piix4, pci);
    unsigned end = off + size;

    if ((off < PM_BASE + 4 && end > PM_BASE) || (off <= PM_IO_ENABLE && end > PM_IO_ENABLE) ||
        (off < PM_SMB_BASE + 4 && end > PM_SMB_BASE) ||
        (off <= PM_SMB_ENABLE && end > PM_SMB_ENABLE)) {
        piix4_update_io(s);
    }
}

/* ---- APM control and status */

static uint64_t apm_read(void *opaque, GuestAddr off, unsigned size)
{
    Piix4 *s = opaque;

    return off == APM_CNT ? s->apmc : s->apms;
}

static void apm_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Piix4 *s = opaque;

    if (off == APM_STS) {
        s->apms = (uint8_t)val;
        return;
    }
    s->apmc = (uint8_t)val;
    if (val == ACPI_ENABLE_CMD) {
        s->acpi.pm1_cnt |= PM1_SCI_EN;
    } else if (val == ACPI_DISABLE_CMD) {
        s->acpi.pm1_cnt &= (uint16_t)~PM1_SCI_EN;
    }
    if (s->cfg.smm_enabled && (s->pci.config[PM_DEVACTB + 3] & PM_APMC_EN)) {
        irq_pulse(s->cfg.smi);
    }
}

static const MemOps apm_ops = { .read = apm_read, .write = apm_write, .max_size = 1 };

/* ---- What the machine tells us */

static void piix4_pci_plugged(void *opaque, Device *dev)
{
    Piix4 *s = opaque;

    if (acpi_pcihp_plugged(&s->pcihp, pci_from_device(dev))) {
        acpi_raise_gpe(&s->acpi, GPE_PCI_HOTPLUG);
    }
}

static bool piix4_pci_request(void *opaque, Device *dev, GError **errp)
{
    Piix4 *s = opaque;

    if (!acpi_pcihp_request(&s->pcihp, pci_from_device(dev), errp)) {
        return false;
    }
    acpi_raise_gpe(&s->acpi, GPE_PCI_HOTPLUG);
    return true;
}

static const HotplugOps piix4_hotplug = { .plugged = piix4_pci_plugged,
                                          .request = piix4_pci_request };

static void piix4_powerdown(void *opaque)
{
    acpi_power_button(&((Piix4 *)opaque)->acpi);
}

static void piix4_wakeup(void *opaque)
{
    acpi_woken(&((Piix4 *)opaque)->acpi);
}

static void piix4_reset(Device *dev, ResetKind kind)
{
    Piix4 *s = CONTAINER(dev, Piix4, pci.dev);
    uint8_t *c = s->pci.config;

    memset(c + 0x40, 0, PCI_CONFIG_SIZE - 0x40);
    c[PM_BASE] = 1;
    if (!s->cfg.smm_enabled) {
        c[PM_DEVACTB + 3] |= PM_APMC_EN; /* the firmware takes it as "SMM is set up already" */
    }
    c[PM_DEVRESJ] = s->cfg.parallel0 ? 0x90 : 0x10;
    c[PM_DEV_LPT] = 0x60;
    c[PM_DEV_COM] = (uint8_t)((s->cfg.serial0 ? 0x08 : 0) | (s->cfg.serial1 ? 0x90 : 0));
    pci_set32(c + PM_SMB_BASE, s->smb_io_base | 1);
    c[PM_SMB_ENABLE] = 0x09;
    pci_set16(c + PCI_STATUS, PCI_STS_FAST_BACK | PCI_STS_DEVSEL_MEDIUM);
    c[PCI_INT_PIN] = 1;
    s->apmc = s->apms = 0;
    acpi_regs_reset(&s->acpi);
    acpi_pcihp_reset(&s->pcihp);
    acpi_cpuhp_reset(&s->cpuhp);
    pm_smbus_reset(&s->smb);
    piix4_update_io(s);
}

static bool piix4_realize(Device *dev, GError **errp)
{
    Piix4 *s = CONTAINER(dev, Piix4, pci.dev);
    PciBus *bus = pci_bus_of(&s->pci);

    mem_init(&s->pm_io, "piix4-pm", PM_IO_LEN);
    mem_set_enabled(&s->pm_io, false);
    mem_add(bus->io, 0, &s->pm_io, 0);
    mem_init_io(&s->apm_io, "apm-io", 2, &apm_ops, s);
    mem_add(bus->io, ACPI_SMI_CMD, &s->apm_io, 0);
    pm_smbus_init(&s->smb);
    mem_set_enabled(&s->smb.io, false);
    mem_add(bus->io, 0, &s->smb.io, 0);
    acpi_regs_init(&s->acpi, dev->vm, &s->pm_io, bus->io);
    s->acpi.sci = s->cfg.sci;
    s->acpi.s3 = s->cfg.s3;
    s->acpi.s4_val = s->s4_val;
    s->acpi.s3_off = s->disable_s3;
    s->acpi.s4_off = s->disable_s4;
    acpi_pcihp_init(&s->pcihp, bus, bus->io);
    if (s->pcihp_root) {
        bus->bus.hotplug_ops = &piix4_hotplug;
        bus->bus.hotplug_opaque = s;
    }
    acpi_cpuhp_init(&s->cpuhp, dev->vm, bus->io);
    s->notify = (VmNotify){ .powerdown = piix4_powerdown, .wakeup = piix4_wakeup, .opaque = s };
    vm_notify_add(dev->vm, &s->notify);
    dev->vm->allow_wakeup = true;
    return true;
}

static void piix4_unrealize(Device *dev)
{
    Piix4 *s = CONTAINER(dev, Piix4, pci.dev);

    pci_bus_of(&s->pci)->bus.hotplug_ops = NULL;
    vm_notify_del(dev->vm, &s->notify);
    acpi_regs_fini(&s->acpi);
    acpi_cpuhp_fini(&s->cpuhp);
}

/* What a sender leaves out. */
static bool piix4_pre_load(void *obj, GError **errp)
{
    acpi_cpuhp_reset(&((Piix4 *)obj)->cpuhp);
    return true;
}

static bool piix4_post_load(void *obj, int version, GError **errp)
{
    piix4_update_io(obj);
    acpi_update_sci(&((Piix4 *)obj)->acpi);
    return true;
}

static const VmField apm_fields[] = { VM_FIELD_U8(Piix4, apmc), VM_FIELD_U8(Piix4, apms),
                                      VM_FIELD_END };
static const VmState apm_vmstate = {
    .name = "APM State", .version = 1, .min_version = 1, .fields = apm_fields
};
static const VmField gpe_fields[] = { VM_FIELD_U16(AcpiRegs, gpe_sts, .as = "sts"),
                                      VM_FIELD_U16(AcpiRegs, gpe_en, .as = "en"), VM_FIELD_END };
static const VmState gpe_vmstate = {
    .name = "gpe", .version = 1, .min_version = 1, .fields = gpe_fields
};
/* The same rows under two names: of the root alone, and of all buses. */
static const VmField pci_status_fields[] = { VM_FIELD_U32(AcpiPciSlots, up),
                                             VM_FIELD_U32(AcpiPciSlots, down), VM_FIELD_END };
static const VmState pci_status_vmstate = {
    .name = "pci_status", .version = 1, .min_version = 1, .fields = pci_status_fields
};
static const VmState pcihp_status_vmstate = {
    .name = "acpi_pcihp_pci_status", .version = 1, .min_version = 1, .fields = pci_status_fields
};
static bool smb_exists(const void *obj, int version)
{
    return true;
}

static bool root_hotplug_exists(const void *obj, int version)
{
    return !((const Piix4 *)obj)->pcihp_bridges;
}

static bool pcihp_exists(const void *obj, int version)
{
    const Piix4 *s = obj;

    return s->pcihp_bridges || s->pcihp_root;
}

static bool acpi_index_exists(const void *obj, int version)
{
    return pcihp_exists(obj, version) && !((const Piix4 *)obj)->x_not_migrate_acpi_index;
}

/* Memory hotplug is not modelled: a selector and no slots. */
static bool memhp_needed(const void *obj)
{
    return ((const Piix4 *)obj)->memhp;
}

static const VmField mem_slot_fields[] = {
    VM_FIELD_BOOL(Piix4MemSlot, enabled, .as = "is_enabled"),
    VM_FIELD_BOOL(Piix4MemSlot, inserting, .as = "is_inserting"),
    VM_FIELD_U32(Piix4MemSlot, ost_event),
    VM_FIELD_U32(Piix4MemSlot, ost_status),
    VM_FIELD_END,
};
static const VmState mem_slot_vmstate = {
    .name = "memory hotplug device state", .version = 1, .min_version = 1, .fields = mem_slot_fields
};
static const VmField memhp_fields[] = {
    VM_FIELD_U32(Piix4, mem.selector, .as = "selector"),
    { .name = "mem.slots",
      .as = "devs",
      .kind = VM_STRUCT,
      .offset = offsetof(Piix4, mem.slots),
      .count = G_N_ELEMENTS(((Piix4 *)NULL)->mem.slots),
      .elem_size = sizeof(Piix4MemSlot),
      .count_offset = offsetof(Piix4, mem.count),
      .count_size = sizeof(uint32_t),
      .sub = &mem_slot_vmstate },
    VM_FIELD_END,
};
static const VmState memhp_inner_vmstate = {
    .name = "memory hotplug state", .version = 1, .min_version = 1, .fields = memhp_fields
};
static const VmField memhp_outer_fields[] = {
    { .name = "acpi_memory_hotplug",
      .kind = VM_STRUCT,
      .count = 1,
      .elem_size = sizeof(Piix4),
      .sub = &memhp_inner_vmstate,
      .since = 1 },
    VM_FIELD_END,
};
static const VmState memhp_vmstate = {
    .name = "piix4_pm/memhp",
    .version = 1,
    .min_version = 1,
    .fields = memhp_outer_fields,
    .needed = memhp_needed,
};

/* In the classic layout processors have no such state; ours begins with the first event. */
static bool cpuhp_needed(const void *obj)
{
    const AcpiCpuHotplug *s = &((const Piix4 *)obj)->cpuhp;
    bool used = s->selector != 0 || s->command != 0;

    for (uint32_t i = 0; i < s->count; i++) {
        used = used || s->slots[i].inserting || s->slots[i].removing || s->slots[i].ost_event != 0;
    }
    return used;
}

static const VmField cpuhp_outer_fields[] = {
    VM_FIELD_STRUCT(Piix4, cpuhp, acpi_cpuhp_vmstate, .as = "cpuhp_state", .since = 1),
    VM_FIELD_END,
};
static const VmState cpuhp_vmstate = {
    .name = "piix4_pm/cpuhp",
    .version = 1,
    .min_version = 1,
    .fields = cpuhp_outer_fields,
    .needed = cpuhp_needed,
};
static const VmState *const piix4_sections[] = { &memhp_vmstate, &cpuhp_vmstate, NULL };

static const VmField piix4_fields[] = {
    VM_FIELD_STRUCT(Piix4, pci, pci_device_vmstate, .as = "parent_obj"),
    VM_FIELD_U16(Piix4, acpi.pm1_sts, .as = "ar.pm1.evt.sts"),
    VM_FIELD_U16(Piix4, acpi.pm1_en, .as = "ar.pm1.evt.en"),
    VM_FIELD_U16(Piix4, acpi.pm1_cnt, .as = "ar.pm1.cnt.cnt"),
    { .name = "apm", .kind = VM_STRUCT, .count = 1, .elem_size = sizeof(Piix4), .sub = &apm_vmstate },
    VM_FIELD_STRUCT(Piix4, smb, pm_smbus_vmstate, .since = 3, .exists = smb_exists),
    VM_FIELD_TIMER(Piix4, acpi.timer, .as = "ar.tmr.timer"),
    VM_FIELD_I64(Piix4, acpi.overflow_time, .as = "ar.tmr.overflow_time"),
    VM_FIELD_STRUCT(Piix4, acpi, gpe_vmstate, .as = "ar.gpe", .since = 2),
    VM_FIELD_STRUCT(Piix4, pcihp.slots[0], pci_status_vmstate, .since = 2,
                    .as = "acpi_pci_hotplug.acpi_pcihp_pci_status[0x0]",
                    .exists = root_hotplug_exists),
    VM_FIELD_U32(Piix4, pcihp.select, .as = "acpi_pci_hotplug.hotplug_select",
                 .exists = pcihp_exists),
    VM_FIELD_STRUCT_ARRAY(Piix4, pcihp.slots, pcihp_status_vmstate, .since = 1,
                          .as = "acpi_pci_hotplug.acpi_pcihp_pci_status", .exists = pcihp_exists),
    VM_FIELD_U32(Piix4, pcihp.acpi_index, .as = "acpi_pci_hotplug.acpi_index",
                 .exists = acpi_index_exists),
    VM_FIELD_END,
};
static const VmState piix4_vmstate = {
    .name = "piix4_pm",
    .version = 3,
    .min_version = 3,
    .fields = piix4_fields,
    .sections = piix4_sections,
    .pre_load = piix4_pre_load,
    .post_load = piix4_post_load,
};

static const Field piix4_props[] = {
    FIELD_U32("smb_io_base", Piix4, smb_io_base, 0x700),
    FIELD_U8("disable_s3", Piix4, disable_s3, 0),
    FIELD_U8("disable_s4", Piix4, disable_s4, 0),
    FIELD_U8("s4_val", Piix4, s4_val, 2),
    FIELD_BOOL("acpi-pci-hotplug-with-bridge-support", Piix4, pcihp_bridges, true),
    FIELD_BOOL("acpi-root-pci-hotplug", Piix4, pcihp_root, true),
    FIELD_BOOL("memory-hotplug-support", Piix4, memhp, true),
    FIELD_BOOL("smm-compat", Piix4, smm_compat, false),
    FIELD_BOOL("smm-enabled", Piix4, smm_enabled, false),
    FIELD_BOOL("x-not-migrate-acpi-index", Piix4, x_not_migrate_acpi_index, false),
    { 0 },
};

static const PciInfo piix4_info = {
    .vendor = 0x8086,
    .device = 0x7113,
    .class_id = 0x0680,
    .revision = 3,
    .config_written = piix4_config_written,
};

const DeviceType piix4_pm_type = {
    .type = { .name = "PIIX4_PM",
              .desc = "PM",
              .parent = &pci_device.type,
              .size = sizeof(Piix4),
              .props = piix4_props },
    .bus_info = &piix4_info,
    .category = DEV_BRIDGE,
    .realize = piix4_realize,
    .unrealize = piix4_unrealize,
    .reset = piix4_reset,
    .vmstate = &piix4_vmstate,
};
DEVICE_REGISTER(piix4_pm_type);

PciDevice *piix4_pm_new(PciBus *bus, int devfn, const Piix4Config *cfg, GError **errp)
{
    Device *dev = device_new(&piix4_pm_type, bus->bus.vm, NULL);
    Piix4 *s = CONTAINER(dev, Piix4, pci.dev);

    s->cfg = *cfg;
    s->smm_enabled = cfg->smm_enabled;
    s->pci.devfn = devfn;
    if (!device_realize(dev, &bus->bus, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return &s->pci;
}

uint16_t piix4_pm_base(const PciDevice *pm)
{
    return pm->config[PM_IO_ENABLE] & 1 ? pci_get16(pm->config + PM_BASE) & 0xffc0 : 0;
}

bool piix4_s3_disabled(const PciDevice *pm)
{
    return CONTAINER(pm, const Piix4, pci)->disable_s3;
}

bool piix4_s4_disabled(const PciDevice *pm)
{
    return CONTAINER(pm, const Piix4, pci)->disable_s4;
}

uint8_t piix4_s4_val(const PciDevice *pm)
{
    return CONTAINER(pm, const Piix4, pci)->s4_val;
}
