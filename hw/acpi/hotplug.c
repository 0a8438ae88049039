/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register blocks that the board's DSDT talks to (see hw/i386/acpi_dsdt.c): PCI slots that came or
 * shall go, and the presence of processors. They are no real hardware's: the table and the
 * registers define each other. Memory hotplug is not modelled; processors do not come and go. */
#include "hw/acpi/piix4.h"

#include <string.h>

#include "hw/core/machine.h"
#include "util/log.h"

/* ---- PCI slots: every register is for the bus chosen by BNUM; 0 is the root */

enum {
    PCIHP_UP = 0x00,
    PCIHP_DOWN = 0x04,
    PCIHP_EJECT = 0x08,
    PCIHP_REMOVABLE = 0x0c,
    PCIHP_SELECT = 0x10,
    PCIHP_INDEX = 0x14
};

static bool pcihp_slot_removable(const AcpiPciHotplug *s, unsigned slot)
{
    PciDevice *pci = pci_find_device(s->bus, PCI_DEVFN(slot, 0));

    return pci == NULL || pci->dev.type->hotpluggable;
}

static uint64_t pcihp_read(void *opaque, GuestAddr off, unsigned size)
{
    AcpiPciHotplug *s = opaque;
    uint32_t v = 0;

    if (off == PCIHP_SELECT) {
        return s->select;
    }
    if (s->select != 0) {
        return 0;
    }
    switch (off) {
    case PCIHP_UP:
        v = s->slots[0].up;
        s->slots[0].up = 0; /* delivered */
        break;
    case PCIHP_DOWN: v = s->slots[0].down; break;
    case PCIHP_REMOVABLE:
        for (unsigned i = 0; i < 32; i++) {
            v |= (uint32_t)pcihp_slot_removable(s, i) << i;
        }
        break;
    case PCIHP_INDEX:
        v = s->acpi_index;
        s->acpi_index = 0;
        break;
    default: break;
    }
    return v;
}

/* The guest lets go of the slots in the mask. */
static void pcihp_eject(AcpiPciHotplug *s, uint32_t mask)
{
    for (unsigned slot = 0; slot < 32; slot++) {
        if (!(mask >> slot & 1) || !(s->slots[0].down >> slot & 1)) {
            continue;
        }
        s->slots[0].down &= ~(1u << slot);
        for (unsigned fn = 0; fn < 8; fn++) {
            PciDevice *pci = pci_find_device(s->bus, PCI_DEVFN(slot, fn));

            if (pci != NULL) {
                device_unplug_done(&pci->dev);
            }
        }
    }
}

static void pcihp_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    AcpiPciHotplug *s = opaque;

    switch (off) {
    case PCIHP_SELECT: s->select = (uint32_t)val; break;
    case PCIHP_EJECT:
        if (s->select == 0) {
            pcihp_eject(s, (uint32_t)val);
        }
        break;
    case PCIHP_INDEX:
        if (s->select == 0 && val != 0 && (val & (val - 1)) == 0 && val <= UINT32_MAX) {
            PciDevice *pci = pci_find_device(s->bus, PCI_DEVFN((unsigned)__builtin_ctzll(val), 0));

            s->acpi_index = pci != NULL ? pci->acpi_index : 0;
        }
        break;
    default: log_guest("pci-hotplug: write of register 0x%x", (unsigned)off); break;
    }
}

static const MemOps pcihp_ops = {
    .read = pcihp_read, .write = pcihp_write, .min_size = 4, .max_size = 4
};

void acpi_pcihp_init(AcpiPciHotplug *s, PciBus *bus, MemRegion *parent)
{
    s->bus = bus;
    mem_init_io(&s->io, "acpi-pci-hotplug", ACPI_PCIHP_LEN, &pcihp_ops, s);
    mem_add(parent, ACPI_PCIHP_BASE, &s->io, 0);
}

bool acpi_pcihp_plugged(AcpiPciHotplug *s, PciDevice *pci)
{
    if (pci->devfn & 7) {
        return false;               /* the guest looks when function 0 comes */
    }
    s->slots[0].up |= 1u << (pci->devfn >> 3);
    return true;
}

bool acpi_pcihp_request(AcpiPciHotplug *s, PciDevice *pci, GError **errp)
{
    unsigned slot = (unsigned)pci->devfn >> 3;

    if (!pcihp_slot_removable(s, slot)) {
        return err_fail(errp, "Bus '%s' does not support hotplugging in slot %u",
                        pci->dev.bus->name, slot);
    }
    s->slots[0].down |= 1u << slot;
    return true;
}

void acpi_pcihp_reset(AcpiPciHotplug *s)
{
    pcihp_eject(s, UINT32_MAX);
    s->select = s->acpi_index = 0;
    memset(s->slots, 0, sizeof(s->slots));
}

/* ---- Processors */

enum { CPUHP_SELECT = 0, CPUHP_FLAGS = 4, CPUHP_COMMAND = 5, CPUHP_DATA = 8 };
enum { CPUHP_ENABLED = 1 << 0, CPUHP_INSERTING = 1 << 1, CPUHP_REMOVING = 1 << 2 };
enum {
    CPUHP_CMD_NEXT_EVENT = 0,
    CPUHP_CMD_OST_EVENT = 1,
    CPUHP_CMD_OST_STATUS = 2,
    CPUHP_CMD_ARCH_ID = 3
};

static const AcpiCpuSlot *cpuhp_event(const AcpiCpuHotplug *s, uint32_t n)
{
    const AcpiCpuSlot *c = &s->slots[n];

    return c->inserting || c->removing ? c : NULL;
}

static uint32_t cpuhp_data(const AcpiCpuHotplug *s)
{
    switch (s->command) {
    case CPUHP_CMD_NEXT_EVENT: /* without an event the search ends where it began */
    case CPUHP_CMD_ARCH_ID: return s->selector;
    case CPUHP_CMD_OST_EVENT: return s->slots[s->selector].ost_event;
    case CPUHP_CMD_OST_STATUS: return s->slots[s->selector].ost_status;
    default: return 0;
    }
}

static uint64_t cpuhp_read(void *opaque, GuestAddr off, unsigned size)
{
    AcpiCpuHotplug *s = opaque;

    if (s->selector >= s->count) {
        return 0;
    }
    switch (off) {
    case CPUHP_FLAGS:
        return (s->selector < s->vm->cpus->len ? CPUHP_ENABLED : 0) |
               (s->slots[s->selector].inserting ? CPUHP_INSERTING : 0) |
               (s->slots[s->selector].removing ? CPUHP_REMOVING : 0);
    case CPUHP_DATA:
    case CPUHP_DATA + 1:
    case CPUHP_DATA + 2:
    case CPUHP_DATA + 3: return cpuhp_data(s) >> (8 * (off - CPUHP_DATA)) & 0xff;
    default: return 0;
    }
}

static void cpuhp_command(AcpiCpuHotplug *s, uint8_t val)
{
    s->command = val;
    if (val != CPUHP_CMD_NEXT_EVENT || s->count == 0) {
        return;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t n = (s->selector + i) % s->count;

        if (cpuhp_event(s, n) != NULL) {
            s->selector = n;
            return;
        }
    }
}

static void cpuhp_flags(AcpiCpuHotplug *s, uint8_t val)
{
    AcpiCpuSlot *c;

    if (s->selector >= s->count) {
        return;
    }
    c = &s->slots[s->selector];
    c->inserting = c->inserting && !(val & CPUHP_INSERTING);
    c->removing = c->removing && !(val & CPUHP_REMOVING);
}

static void cpuhp_data_write(AcpiCpuHotplug *s, unsigned shift, uint32_t val)
{
    AcpiCpuSlot *c;
    uint32_t *reg;

    if (s->selector >= s->count) {
        return;
    }
    c = &s->slots[s->selector];
    reg = s->command == CPUHP_CMD_OST_EVENT    ? &c->ost_event
          : s->command == CPUHP_CMD_OST_STATUS ? &c->ost_status
                                               : NULL;
    if (reg != NULL) {
        *reg = (*reg & ~(0xffu << shift)) | (val & 0xff) << shift;
    }
}

static void cpuhp_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    AcpiCpuHotplug *s = opaque;
    unsigned shift = 8 * (off & 3);

    switch (off & ~3ull) {
    case CPUHP_SELECT:
        s->selector = (s->selector & ~(0xffu << shift)) | (uint32_t)(val & 0xff) << shift;
        break;
    case CPUHP_FLAGS:
        if (off == CPUHP_COMMAND) {
            cpuhp_command(s, (uint8_t)val);
        } else if (off == CPUHP_FLAGS) {
            cpuhp_flags(s, (uint8_t)val);
        }
        break;
    case CPUHP_DATA: cpuhp_data_write(s, shift, (uint32_t)val); break;
    default: break;
    }
}

static const MemOps cpuhp_ops = { .read = cpuhp_read, .write = cpuhp_write, .max_size = 1 };

void acpi_cpuhp_init(AcpiCpuHotplug *s, Vm *vm, MemRegion *parent)
{
    const Machine *m = (const Machine *)vm->machine;

    s->vm = vm;
    s->count = type_is_a(vm->machine->type, &machine_base.type) ? m->smp.max_cpus : 1;
    s->slots = g_new0(AcpiCpuSlot, s->count);
    mem_init_io(&s->io, "acpi-cpu-hotplug", ACPI_CPUHP_LEN, &cpuhp_ops, s);
    mem_add(parent, ACPI_CPUHP_BASE, &s->io, 0);
}

void acpi_cpuhp_reset(AcpiCpuHotplug *s)
{
    s->selector = 0;
    s->command = 0;
}

void acpi_cpuhp_fini(AcpiCpuHotplug *s)
{
    mem_fini(&s->io);
    g_clear_pointer(&s->slots, g_free);
}

static const VmField cpu_slot_fields[] = {
    VM_FIELD_BOOL(AcpiCpuSlot, inserting, .as = "is_inserting"),
    VM_FIELD_BOOL(AcpiCpuSlot, removing, .as = "is_removing"),
    VM_FIELD_U32(AcpiCpuSlot, ost_event),
    VM_FIELD_U32(AcpiCpuSlot, ost_status),
    VM_FIELD_END,
};
static const VmState cpu_slot_vmstate = {
    .name = "CPU hotplug device state", .version = 1, .min_version = 1, .fields = cpu_slot_fields
};
static const VmField cpuhp_fields[] = {
    VM_FIELD_U32(AcpiCpuHotplug, selector),
    VM_FIELD_U8(AcpiCpuHotplug, command),
    { .name = "slots",
      .as = "devs",
      .kind = VM_STRUCT,
      .offset = offsetof(AcpiCpuHotplug, slots),
      .count = 1 << 16,
      .elem_size = sizeof(AcpiCpuSlot),
      .count_offset = offsetof(AcpiCpuHotplug, count),
      .count_size = sizeof(uint32_t),
      .sub = &cpu_slot_vmstate,
      .flags = VM_POINTER },
    VM_FIELD_END,
};
const VmState acpi_cpuhp_vmstate = {
    .name = "CPU hotplug state", .version = 1, .min_version = 1, .fields = cpuhp_fields
};
