/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic: the guest's kernel says that it crashed (bit 0) or loaded its crash kernel (bit 1). Reading gives
 * the events that are understood. At an ISA port, or in a BAR of a PCI function. */
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "hw/pci/pci.h"
#include "util/err.h"
#include "util/log.h"

enum { PVPANIC_PANICKED = 1, PVPANIC_CRASH_LOADED = 2, PVPANIC_ALL = 3, PVPANIC_BAR = 16 };

typedef struct PvpanicRegs {
    MemRegion io;
    Vm *vm;
    uint8_t events;                 /* property */
} PvpanicRegs;

typedef struct Pvpanic {
    IsaDevice isa;
    PvpanicRegs regs;
    uint16_t ioport;                /* property */
} Pvpanic;

typedef struct PvpanicPci {
    PciDevice pci;
    PvpanicRegs regs;
} PvpanicPci;

static uint64_t pvpanic_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((PvpanicRegs *)opaque)->events;
}

static void pvpanic_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PvpanicRegs *s = opaque;

    if (val & ~(uint64_t)PVPANIC_ALL) {
        log_guest("pvpanic: unknown event 0x%x", (unsigned)val);
    }
    if (val & s->events & PVPANIC_PANICKED) {
        vm_guest_panicked(s->vm);
    } else if (val & s->events & PVPANIC_CRASH_LOADED) {
        vm_event(s->vm, "GUEST_CRASHLOADED", SHUTDOWN_NONE);
    }
}

static const MemOps pvpanic_ops = {
    .read = pvpanic_read, .write = pvpanic_write, .min_size = 1, .max_size = 1,
};

static void pvpanic_init_regs(PvpanicRegs *s, Vm *vm, unsigned size)
{
    s->vm = vm;
    s->events &= PVPANIC_ALL;
    mem_init_io(&s->io, "pvpanic", size, &pvpanic_ops, s);
}

static bool pvpanic_realize(Device *dev, GError **errp)
{
    Pvpanic *s = CONTAINER(dev, Pvpanic, isa.dev);

    pvpanic_init_regs(&s->regs, dev->vm, 1);
    isa_register_ioport(dev, &s->regs.io, s->ioport);
    return true;
}

static const Field pvpanic_props[] = {
    FIELD_U16("ioport", Pvpanic, ioport, 0x505),
    FIELD_U8("events", Pvpanic, regs.events, PVPANIC_ALL),
    FIELD_SHOWN_AS("pvpanic[0]", "child<memory-region>"),
    { 0 },
};

static const DeviceType pvpanic_type = {
    .type = { .name = "pvpanic", .parent = &isa_device.type, .size = sizeof(Pvpanic),
              .user_creatable = true, .props = pvpanic_props },
    .category = DEV_MISC, .realize = pvpanic_realize,
};
DEVICE_REGISTER(pvpanic_type);

/* ---- pvpanic-pci: the register answers all over the smallest BAR there is. */

static bool pvpanic_pci_realize(Device *dev, GError **errp)
{
    PvpanicPci *s = CONTAINER(dev, PvpanicPci, pci.dev);

    pvpanic_init_regs(&s->regs, dev->vm, PVPANIC_BAR);
    pci_add_bar(&s->pci, 0, &s->regs.io, PCI_BAR_MEM);
    return true;
}

static void pvpanic_pci_unrealize(Device *dev)
{
    mem_fini(&CONTAINER(dev, PvpanicPci, pci.dev)->regs.io);
}

static const VmField pvpanic_pci_fields[] = {
    VM_FIELD_STRUCT(PvpanicPci, pci, pci_device_vmstate, .as = "dev"), VM_FIELD_END,
};
static const VmState pvpanic_pci_vmstate = {
    .name = "pvpanic-pci", .version = 1, .min_version = 1, .fields = pvpanic_pci_fields,
};
static const Field pvpanic_pci_props[] = {
    FIELD_U8("events", PvpanicPci, regs.events, PVPANIC_ALL),
    { 0 },
};
static const PciInfo pvpanic_pci_info = {
    .vendor = 0x1b36, .device = 0x0011, .class_id = 0x0880, .revision = 1,
};

static const DeviceType pvpanic_pci_type = {
    .type = { .name = "pvpanic-pci", .parent = &pci_device.type, .size = sizeof(PvpanicPci),
              .user_creatable = true, .props = pvpanic_pci_props },
    .bus_info = &pvpanic_pci_info, .category = DEV_MISC, .hotpluggable = true,
    .realize = pvpanic_pci_realize, .unrealize = pvpanic_pci_unrealize,
    .vmstate = &pvpanic_pci_vmstate,
};
DEVICE_REGISTER(pvpanic_pci_type);
