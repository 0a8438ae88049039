/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 82093AA I/O APIC (data sheet 290566), with the EOI register of version 0x20 parts. 24 pins;
 * messages go straight to the local APICs.
 *
 * Not modelled: pin polarity (all lines of a PC board are presented active high, whatever bit 13 says),
 * delivery status (messages are never held up), the serial bus's arbitration. */
#include "hw/intc/ioapic.h"

#include <inttypes.h>
#include <string.h>

#include "accel/irqchip.h"
#include "hw/intc/apic.h"
#include "hw/core/vm.h"
#include "hw/intc/i8259.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum { IOREGSEL = 0x00, IOWIN = 0x10, IOEOI = 0x40 };
enum { IND_ID = 0x00, IND_VERSION = 0x01, IND_ARBITRATION = 0x02, IND_REDIRECTION = 0x10 };
enum { VERSION_82093 = 0x11, VERSION_WITH_EOI = 0x20 };

#define RTE_VECTOR      0xffull
#define RTE_DELIVERY    (7ull << 8)
#define RTE_LOGICAL     (1ull << 11)
#define RTE_STATUS      (1ull << 12)
#define RTE_POLARITY    (1ull << 13)
#define RTE_REMOTE_IRR  (1ull << 14)
#define RTE_LEVEL       (1ull << 15)
#define RTE_MASKED      (1ull << 16)
#define RTE_READ_ONLY   (RTE_STATUS | RTE_REMOTE_IRR)
#define RTE_WRITABLE    (0xff0000000001ffffull & ~RTE_READ_ONLY)
enum { RTE_DELIVERY_SHIFT = 8, RTE_DEST_SHIFT = 56 };

typedef struct Ioapic {
    Device dev;
    MemRegion io;
    uint8_t version;                /* property */
    uint8_t id, ioregsel;
    uint32_t irr;                   /* level-triggered pins that ask */
    uint32_t levels;                /* of all pins */
    uint64_t ioredtbl[IOAPIC_PINS];
    uint64_t count[IOAPIC_PINS];
    bool in_kernel;                 /* the host's kernel models it; this is its state as others see it */
    bool routed;                    /* only the local APICs are there: it has to know our messages */
} Ioapic;

static ApicMessage ioapic_message(uint64_t rte)
{
    return (ApicMessage){
        .dest = rte >> RTE_DEST_SHIFT, .dest_mode = (rte & RTE_LOGICAL) != 0,
        .delivery = (rte & RTE_DELIVERY) >> RTE_DELIVERY_SHIFT, .vector = rte & RTE_VECTOR,
        .level_triggered = (rte & RTE_LEVEL) != 0,
    };
}

/* So that end-of-interrupt of our level-triggered vectors comes to us, and eventfds can stand for pins. */
static void ioapic_route(Ioapic *s, unsigned from, unsigned to)
{
    Vm *vm = s->dev.vm;

    for (unsigned pin = from; s->routed && pin < to; pin++) {
        ApicMessage m = ioapic_message(s->ioredtbl[pin]);
        GuestAddr addr;
        uint32_t data;

        apic_message_to_msi(&m, &addr, &data);
        irqchip_ops(vm)->route_msi(vm->accel, pin, addr, data, (s->ioredtbl[pin] & RTE_MASKED) != 0);
    }
    if (s->routed) {
        irqchip_ops(vm)->routes_commit(vm->accel);
    }
}

static void ioapic_send(Ioapic *s, uint64_t rte)
{
    const ApicMessage m = ioapic_message(rte);

    apic_deliver(s->dev.vm, &m);
}

/* Sends what a level-triggered pin asks for, once until its EOI. */
static void ioapic_service_level(Ioapic *s, unsigned pin)
{
    uint64_t rte = s->ioredtbl[pin];

    if ((s->irr & (1u << pin)) == 0 || (rte & (RTE_MASKED | RTE_REMOTE_IRR)) != 0) {
        return;
    }
    /* only modes with an EOI of their own wait for it */
    if (((rte & RTE_DELIVERY) >> RTE_DELIVERY_SHIFT) <= APIC_DM_LOWEST) {
        s->ioredtbl[pin] |= RTE_REMOTE_IRR;
    }
    ioapic_send(s, rte);
}

static void ioapic_set_pin(void *opaque, unsigned pin, int level)
{
    Ioapic *s = opaque;
    uint32_t bit;
    bool rising;

    if (s->in_kernel) {
        irqchip_ops(s->dev.vm)->set_gsi(s->dev.vm->accel, pin, level);
        return;
    }
    s->count[pin] += level != 0 && (s->levels & (1u << (pin == 0 ? 2 : pin))) == 0;
    if (pin == 0) {
        pin = 2;                    /* ISA IRQ 0: pin 0 belongs to the 8259's INTR */
    }
    bit = 1u << pin;
    rising = level != 0 && (s->levels & bit) == 0;
    s->levels = level != 0 ? s->levels | bit : s->levels & ~bit;
    if (s->ioredtbl[pin] & RTE_LEVEL) {
        s->irr = level != 0 ? s->irr | bit : s->irr & ~bit;
        ioapic_service_level(s, pin);
    } else if (rising && (s->ioredtbl[pin] & RTE_MASKED) == 0) {
        ioapic_send(s, s->ioredtbl[pin]);   /* an edge on a masked pin is lost (data sheet 3.2.4) */
    }
}

static void ioapic_eoi(void *opaque, uint8_t vector)
{
    Ioapic *s = opaque;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t rte = s->ioredtbl[pin];

        if ((rte & RTE_VECTOR) == vector && (rte & RTE_LEVEL) && (rte & RTE_REMOTE_IRR)) {
            s->ioredtbl[pin] &= ~RTE_REMOTE_IRR;
            ioapic_service_level(s, pin);
        }
    }
}

static uint32_t ioapic_read_indirect(const Ioapic *s)
{
    unsigned index;

    switch (s->ioregsel) {
    case IND_ID:
    case IND_ARBITRATION:
        return (uint32_t)s->id << 24;
    case IND_VERSION:
        return s->version | (IOAPIC_PINS - 1) << 16;
    default:
        index = (s->ioregsel - IND_REDIRECTION) >> 1;
        if (s->ioregsel < IND_REDIRECTION || index >= IOAPIC_PINS) {
            log_guest("ioapic: read of register 0x%02x", s->ioregsel);
            return 0;
        }
        return s->ioredtbl[index] >> (s->ioregsel & 1 ? 32 : 0);
    }
}

static void ioapic_write_rte(Ioapic *s, unsigned pin, bool high, uint32_t val)
{
    uint64_t old = s->ioredtbl[pin], rte;
    uint32_t bit = 1u << pin;

    if (high) {
        rte = (uint32_t)old | (uint64_t)val << 32;
    } else {
        rte = (old & ~0xffffffffull) | val;
    }
    rte = (rte & RTE_WRITABLE) | (old & RTE_READ_ONLY);
    if ((rte & RTE_LEVEL) == 0) {
        rte &= ~RTE_REMOTE_IRR;
        s->irr &= ~bit;
    } else {
        s->irr = (s->irr & ~bit) | (s->levels & bit);
    }
    s->ioredtbl[pin] = rte;
    ioapic_route(s, pin, pin + 1);
    ioapic_service_level(s, pin);
}

static void ioapic_write_indirect(Ioapic *s, uint32_t val)
{
    unsigned index;

    switch (s->ioregsel) {
    case IND_ID:
        s->id = (val >> 24) & 0x0f;
        break;
    case IND_VERSION:
    case IND_ARBITRATION:
        break;
    default:
        index = (s->ioregsel - IND_REDIRECTION) >> 1;
        if (s->ioregsel < IND_REDIRECTION || index >= IOAPIC_PINS) {
            log_guest("ioapic: write to register 0x%02x", s->ioregsel);
            return;
        }
        ioapic_write_rte(s, index, s->ioregsel & 1, val);
        break;
    }
}

static uint64_t ioapic_read(void *opaque, GuestAddr off, unsigned size)
{
    Ioapic *s = opaque;

    switch (off & 0xff) {
    case IOREGSEL: return s->ioregsel;
    case IOWIN:    return size == 4 ? ioapic_read_indirect(s) : 0;
    default:       return 0;
    }
}

static void ioapic_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Ioapic *s = opaque;

    TRACE("ioapic_mem_write", "addr 0x%x val 0x%x size %u", (unsigned)off, (unsigned)val, size);
    switch (off & 0xff) {
    case IOREGSEL:
        s->ioregsel = val;
        break;
    case IOWIN:
        if (size == 4) {
            ioapic_write_indirect(s, val);
        }
        break;
    case IOEOI:
        if (size == 4 && s->version >= VERSION_WITH_EOI) {
            ioapic_eoi(s, val);
        }
        break;
    }
}

static const MemOps ioapic_ops = {
    .read = ioapic_read, .write = ioapic_write, .min_size = 1, .max_size = 4,
};

/* ---- One in the kernel */

static void ioapic_from_kernel(Ioapic *s)
{
    IrqChipIoapic k;

    if (!s->in_kernel || !irqchip_ops(s->dev.vm)->get_ioapic(s->dev.vm->accel, &k)) {
        return;
    }
    s->id = k.id & 0x0f;
    s->ioregsel = (uint8_t)k.ioregsel;
    s->irr = k.irr & ((1u << IOAPIC_PINS) - 1);
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        s->ioredtbl[i] = k.redirtbl[i] & (RTE_WRITABLE | RTE_READ_ONLY);
    }
}

static void ioapic_to_kernel(Ioapic *s)
{
    IrqChipIoapic k = { .base = IOAPIC_BASE, .ioregsel = s->ioregsel, .id = s->id, .irr = s->irr };

    memcpy(k.redirtbl, s->ioredtbl, sizeof(k.redirtbl));
    if (s->in_kernel) {
        irqchip_ops(s->dev.vm)->set_ioapic(s->dev.vm->accel, &k);
    }
}

static void ioapic_pre_save(void *obj) { ioapic_from_kernel(obj); }

static bool ioapic_post_load(void *obj, int version, GError **errp)
{
    ioapic_to_kernel(obj);
    ioapic_route(obj, 0, IOAPIC_PINS);
    return true;
}

static bool ioapic_realize(Device *dev, GError **errp)
{
    Ioapic *s = CONTAINER(dev, Ioapic, dev);

    s->in_kernel = (irqchip_parts(dev->vm) & IRQCHIP_IOAPIC) != 0;
    s->routed = !s->in_kernel && (irqchip_parts(dev->vm) & IRQCHIP_APIC) != 0;

    if (s->version != VERSION_82093 && s->version != VERSION_WITH_EOI) {
        return err_fail(errp, "IOAPIC version 0x11 or 0x20 expected, not 0x%02x", s->version);
    }
    mem_init_io(&s->io, "ioapic", 0x1000, &ioapic_ops, s);
    device_add_mmio(dev, &s->io);
    device_init_gpio_in(dev, NULL, ioapic_set_pin, s, IOAPIC_PINS);
    apic_listen_eoi(dev->vm, ioapic_eoi, s);
    return true;
}

static void ioapic_reset(Device *dev, ResetKind kind)
{
    Ioapic *s = CONTAINER(dev, Ioapic, dev);

    s->id = 0;
    s->ioregsel = 0;
    s->irr = 0;
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        s->ioredtbl[i] = RTE_MASKED;
    }
    ioapic_to_kernel(s);
    ioapic_route(s, 0, IOAPIC_PINS);
}

static const VmField ioapic_vm_fields[] = {
    VM_FIELD_U8(Ioapic, id), VM_FIELD_U8(Ioapic, ioregsel), VM_FIELD_UNUSED(8, .since = 2),
    VM_FIELD_U32(Ioapic, irr, .since = 2), VM_FIELD_U64_ARRAY(Ioapic, ioredtbl),
    VM_FIELD_END,
};
static const VmState ioapic_vmstate = {
    .name = "ioapic", .version = 3, .min_version = 1, .fields = ioapic_vm_fields,
    .pre_save = ioapic_pre_save, .post_load = ioapic_post_load,
};

static const Field ioapic_props[] = {
    FIELD_U8("version", Ioapic, version, VERSION_WITH_EOI),
    { 0 },
};

const DeviceType ioapic_type = {
    .type = { .name = "ioapic", .parent = &sysbus_device.type, .size = sizeof(Ioapic),
              .props = ioapic_props },
    .realize = ioapic_realize, .reset = ioapic_reset, .vmstate = &ioapic_vmstate,
};
DEVICE_REGISTER(ioapic_type);

Device *ioapic_new(Vm *vm, GuestAddr base, GError **errp)
{
    Device *dev = device_new(&ioapic_type, vm, NULL);
    Object *bridge = object_child(vm->machine, "i440fx");

    if (!object_add(bridge != NULL ? bridge : vm->machine, &dev->obj, "ioapic", errp) ||
        !device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    device_map_mmio(dev, 0, base);
    return dev;
}

Irq ioapic_input(Device *ioapic, unsigned gsi)
{
    return device_gpio_in(ioapic, NULL, gsi);
}

static void ioapic_dump_pins(const char *title, uint32_t mask, GString *out)
{
    g_string_append_printf(out, "  %-8s ", title);
    if (mask == 0) {
        g_string_append(out, "(none)");
    }
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        if (mask & (1u << i)) {
            g_string_append_printf(out, "%u ", i);
        }
    }
    g_string_append_c(out, '\n');
}

void ioapic_dump(const Device *ioapic, GString *out)
{
    static const char *const delivery[] = {
        "fixed", "lowest", "SMI", "...", "NMI", "INIT", "...", "extINT",
    };
    Ioapic *s = CONTAINER((Device *)ioapic, Ioapic, dev);
    uint32_t remote = 0;

    ioapic_from_kernel(s);
    g_string_append_printf(out, "ioapic0: ver=0x%x id=0x%02x sel=0x%02x", s->version, s->id,
                           s->ioregsel);
    if (s->ioregsel >= IND_REDIRECTION) {
        g_string_append_printf(out, " (redir[%u])", (s->ioregsel - IND_REDIRECTION) >> 1);
    }
    g_string_append_c(out, '\n');
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        uint64_t rte = s->ioredtbl[i];

        g_string_append_printf(out, "  pin %-2u 0x%016" PRIx64 " dest=%" PRIx64 " vec=%-3u active-%s "
                               "%-5s %-6s %-6s %s\n", i, rte, rte >> RTE_DEST_SHIFT,
                               (unsigned)(rte & RTE_VECTOR), rte & RTE_POLARITY ? "lo" : "hi",
                               rte & RTE_LEVEL ? "level" : "edge", rte & RTE_MASKED ? "masked" : "",
                               delivery[(rte & RTE_DELIVERY) >> RTE_DELIVERY_SHIFT],
                               rte & RTE_LOGICAL ? "logical" : "physical");
        remote |= rte & RTE_REMOTE_IRR ? 1u << i : 0;
    }
    ioapic_dump_pins("IRR", s->irr, out);
    ioapic_dump_pins("Remote IRR", remote, out);
}

void ioapic_counts(const Device *ioapic, uint64_t counts[IOAPIC_PINS])
{
    const Ioapic *s = CONTAINER(ioapic, const Ioapic, dev);

    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        counts[i] = s->count[i];
    }
}

void gsi_init(GsiFanout *g, Device *pic_master, Device *ioapic)
{
    *g = (GsiFanout){ .vm = pic_master != NULL ? pic_master->vm : ioapic->vm };
    g->in_kernel = (irqchip_parts(g->vm) & IRQCHIP_IOAPIC) != 0;
    for (unsigned i = 0; i < 16 && pic_master != NULL; i++) {
        g->pic[i] = i8259_input(pic_master, i);
    }
    for (unsigned i = 0; i < IOAPIC_PINS && ioapic != NULL; i++) {
        g->ioapic[i] = ioapic_input(ioapic, i);
    }
}

static void gsi_set(void *opaque, unsigned gsi, int level)
{
    const GsiFanout *g = opaque;

    if (g->in_kernel) {             /* it goes to both controllers there */
        irqchip_ops(g->vm)->set_gsi(g->vm->accel, gsi, level);
        return;
    }
    if (gsi < 16) {
        irq_set(g->pic[gsi], level);
    }
    irq_set(g->ioapic[gsi], level);
}

Irq gsi_input(GsiFanout *g, unsigned gsi)
{
    return gsi < IOAPIC_PINS ? (Irq){ gsi_set, g, gsi } : (Irq){ 0 };
}
