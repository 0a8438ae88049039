/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMware "backdoor" port 0x5658 (as open-vm-tools and Linux's vmware headers describe it): IN with a magic
 * value in EAX and a command in CX passes registers both ways. Commands: version, BIOS UUID, RAM size, time,
 * vCPU flags; others are registered by devices (vmmouse). */
#include "hw/core/machine.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "hw/misc/pc_misc.h"
#include "util/bits.h"
#include "util/bswap.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"

enum { VMPORT_PORT = 0x5658, VERSION_MAGIC = VMPORT_MAGIC, VCPU_LEGACY_X2APIC = 1 << 3 };

typedef struct Vmport {
    IsaDevice isa;
    MemRegion io;
    bool (*get)(Vm *vm, VmportRegs *r);
    void (*set)(Vm *vm, const VmportRegs *r);
    bool set_eax, signal_unsupported, report_type, cmds_v2;     /* properties */
    uint8_t vmx_version, vmx_type;
    struct { VmportHandler *fn; void *opaque; } command[VMPORT_COMMANDS];
} Vmport;

static void vmport_get_version(void *opaque, VmportRegs *r)
{
    const Vmport *s = opaque;

    r->eax = s->vmx_version;
    r->ebx = VERSION_MAGIC;
    if (s->report_type) {
        r->ecx = s->vmx_type;
    }
}

static void vmport_get_ram_size(void *opaque, VmportRegs *r)
{
    const Vmport *s = opaque;

    r->eax = vm_machine(s->isa.dev.vm)->ram_size;
    r->ebx = 0x1177;
}

static void vmport_get_uuid(void *opaque, VmportRegs *r)
{
    const Vmport *s = opaque;
    const char *text = s->isa.dev.vm->uuid;
    uint8_t uuid[16] = { 0 };
    unsigned digits = 0;

    for (; text != NULL && *text != '\0' && digits < 32; text++) {
        if (g_ascii_isxdigit(*text)) {
            uuid[digits / 2] |= g_ascii_xdigit_value(*text) << (digits % 2 ? 0 : 4);
            digits++;
        }
    }
    r->eax = ld_le32(uuid);
    r->ebx = ld_le32(uuid + 4);
    r->ecx = ld_le32(uuid + 8);
    r->edx = ld_le32(uuid + 12);
}

static void vmport_get_time(void *opaque, VmportRegs *r)
{
    int64_t now = clock_ns(CLOCK_HOST);

    r->eax = now / NS_PER_S;
    r->ebx = now % NS_PER_S / NS_PER_US;
    r->ecx = 1000000;               /* the largest lag in us */
}

static void vmport_get_time_full(void *opaque, VmportRegs *r)
{
    int64_t now = clock_ns(CLOCK_HOST);

    r->eax = VMPORT_MAGIC;
    r->esi = (uint64_t)(now / NS_PER_S) >> 32;
    r->edx = now / NS_PER_S;
    r->ebx = now % NS_PER_S / NS_PER_US;
    r->ecx = 1000000;
}

static void vmport_get_vcpu_info(void *opaque, VmportRegs *r)
{
    r->eax = VCPU_LEGACY_X2APIC;
}

static uint64_t vmport_read(void *opaque, GuestAddr off, unsigned size)
{
    Vmport *s = opaque;
    VmportRegs r;
    unsigned command;

    if (s->get == NULL || !s->get(s->isa.dev.vm, &r) || r.eax != VMPORT_MAGIC) {
        return 0xffffffff;
    }
    command = r.ecx & 0xffff;
    if (command >= VMPORT_COMMANDS || s->command[command].fn == NULL) {
        log_unimp("vmport: command %u", command);
        return s->signal_unsupported ? 0xffffffff : r.eax;
    }
    s->command[command].fn(s->command[command].opaque, &r);
    s->set(s->isa.dev.vm, &r);
    return r.eax;
}

/* OUT does the same; its result reaches EAX through the registers. */
static void vmport_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    vmport_read(opaque, off, 4);
}

static const MemOps vmport_ops = {
    .read = vmport_read, .write = vmport_write, .min_size = 4, .max_size = 4,
};

static bool vmport_realize(Device *dev, GError **errp)
{
    Vmport *s = CONTAINER(dev, Vmport, isa.dev);

    mem_init_io(&s->io, "vmport", 4, &vmport_ops, s);      /* IN EAX takes all of it */
    isa_register_ioport(dev, &s->io, VMPORT_PORT);
    vmport_register(dev, VMPORT_GETVERSION, vmport_get_version, s);
    vmport_register(dev, VMPORT_GETRAMSIZE, vmport_get_ram_size, s);
    if (s->cmds_v2) {
        vmport_register(dev, VMPORT_GETBIOSUUID, vmport_get_uuid, s);
        vmport_register(dev, VMPORT_GETTIME, vmport_get_time, s);
        vmport_register(dev, VMPORT_GETTIMEFULL, vmport_get_time_full, s);
        vmport_register(dev, VMPORT_GETVCPUINFO, vmport_get_vcpu_info, s);
    }
    return true;
}

static const Field vmport_props[] = {
    FIELD_BOOL("x-read-set-eax", Vmport, set_eax, true),
    FIELD_BOOL("x-signal-unsupported-cmd", Vmport, signal_unsupported, true),
    FIELD_BOOL("x-report-vmx-type", Vmport, report_type, true),
    FIELD_BOOL("x-cmds-v2", Vmport, cmds_v2, true),
    FIELD_U8("vmware-vmx-version", Vmport, vmx_version, 6),
    FIELD_U8("vmware-vmx-type", Vmport, vmx_type, 2),
    { 0 },
};

const DeviceType vmport_type = {
    .type = { .name = "vmport", .parent = &isa_device.type, .size = sizeof(Vmport),
              .props = vmport_props },
    .category = DEV_MISC, .realize = vmport_realize,
};
DEVICE_REGISTER(vmport_type);

Device *vmport_new(Vm *vm, Bus *isa, bool (*get)(Vm *vm, VmportRegs *r),
                   void (*set)(Vm *vm, const VmportRegs *r), GError **errp)
{
    Device *dev = device_new(&vmport_type, vm, NULL);
    Vmport *s = CONTAINER(dev, Vmport, isa.dev);

    s->get = get;
    s->set = set;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}

void vmport_register(Device *vmport, unsigned command, VmportHandler *fn, void *opaque)
{
    Vmport *s = CONTAINER(vmport, Vmport, isa.dev);

    if (command < VMPORT_COMMANDS) {
        s->command[command].fn = fn;
        s->command[command].opaque = opaque;
    }
}
