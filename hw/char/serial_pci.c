/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-serial, pci-serial-2x and pci-serial-4x: one, two or four 16550A ports of eight registers each
 * in one I/O BAR, sharing the function's interrupt line. Identities are those of the PCI vendor
 * 1b36, whose "16550A" functions need no driver of their own. */
#include "hw/char/uart.h"
#include "hw/core/vm.h"
#include "hw/pci/pci.h"

enum { PORTS_MAX = 4, PORT_REGS = 8 };

typedef struct PciSerial {
    PciDevice pci;
    MemRegion ports;
    Irq irq;
    Uart uart[PORTS_MAX];
    uint32_t level[PORTS_MAX];
    uint8_t prog_if; /* property */
} PciSerial;

static const DeviceType pci_serial_2x, pci_serial_4x;

static unsigned port_count(const Device *dev)
{
    return device_is_a(dev, &pci_serial_4x) ? 4 : device_is_a(dev, &pci_serial_2x) ? 2 : 1;
}

/* The line is the or of all ports'. */
static void pci_serial_line(void *opaque, unsigned port, int level)
{
    PciSerial *s = opaque;
    uint32_t any = 0;

    s->level[port] = level != 0;
    for (unsigned i = 0; i < PORTS_MAX; i++) {
        any |= s->level[i];
    }
    irq_set(s->irq, any != 0);
}

static bool pci_serial_realize(Device *dev, GError **errp)
{
    PciSerial *s = CONTAINER(dev, PciSerial, pci.dev);
    unsigned n = port_count(dev);

    s->pci.config[PCI_CLASS_PROG] = s->prog_if;
    pci_set_int_pin(&s->pci, 1);
    s->irq = pci_irq(&s->pci);
    mem_init(&s->ports, n > 1 ? "multiserial" : "serial", PORT_REGS * n);
    for (unsigned i = 0; i < n; i++) {
        Uart *u = &s->uart[i];

        u->baudbase = u->baudbase != 0 ? u->baudbase : 115200;
        u->irq = (Irq){ pci_serial_line, s, i };
        if (!device_realize(&u->dev, NULL, errp)) {
            return false;
        }
        mem_init_io(&u->io, "serial", PORT_REGS, &uart_ops, u);
        mem_add(&s->ports, PORT_REGS * i, &u->io, 0);
    }
    pci_add_bar(&s->pci, 0, &s->ports, PCI_BAR_IO);
    return true;
}

static void pci_serial_unrealize(Device *dev)
{
    PciSerial *s = CONTAINER(dev, PciSerial, pci.dev);
    unsigned n = port_count(dev);

    for (unsigned i = 0; i < n; i++) {
        mem_del(&s->uart[i].io);
        mem_fini(&s->uart[i].io);
    }
    mem_fini(&s->ports);
}

/* ---- Snapshot: each type has the rows of its ports */

#define PORT_ROW(i) VM_FIELD_STRUCT(PciSerial, uart[i], uart_vmstate, .as = "state")

static const VmField one_fields[] = {
    VM_FIELD_STRUCT(PciSerial, pci, pci_device_vmstate, .as = "dev"),
    PORT_ROW(0),
    VM_FIELD_END,
};
static const VmState one_vmstate = {
    .name = "pci-serial", .version = 1, .min_version = 1, .fields = one_fields
};

static const VmField multi2_fields[] = {
    VM_FIELD_STRUCT(PciSerial, pci, pci_device_vmstate, .as = "dev"),
    { .name = "uart", .as = "state", .kind = VM_STRUCT, .offset = offsetof(PciSerial, uart),
      .count = 2, .elem_size = sizeof(Uart), .sub = &uart_vmstate },
    { .name = "level", .kind = VM_U32, .offset = offsetof(PciSerial, level), .count = 2,
      .elem_size = sizeof(uint32_t) },
    VM_FIELD_END,
};
static const VmField multi4_fields[] = {
    VM_FIELD_STRUCT(PciSerial, pci, pci_device_vmstate, .as = "dev"),
    VM_FIELD_STRUCT_ARRAY(PciSerial, uart, uart_vmstate, .as = "state"),
    VM_FIELD_U32_ARRAY(PciSerial, level),
    VM_FIELD_END,
};
static const VmState multi2_vmstate = {
    .name = "pci-serial-multi", .version = 1, .min_version = 1, .fields = multi2_fields
};
static const VmState multi4_vmstate = {
    .name = "pci-serial-multi", .version = 1, .min_version = 1, .fields = multi4_fields
};

/* ---- Types */

#define CHARDEV(n, i)                                                                              \
    FIELD_CUSTOM(n, PciSerial, uart[i].chr, &char_field_ops,                                       \
                 .help = "ID of a chardev to use as a backend")
#define PART(n, i) { n, &uart_type.type, offsetof(PciSerial, uart[i]) }

static const Field one_props[] = {
    CHARDEV("chardev", 0),
    FIELD_U32("baudbase", PciSerial, uart[0].baudbase, 115200),
    FIELD_BOOL("wakeup", PciSerial, uart[0].wakeup, false),
    FIELD_U8("prog_if", PciSerial, prog_if, 2),
    { 0 },
};
static const Field two_props[] = { CHARDEV("chardev1", 0), CHARDEV("chardev2", 1),
                                   FIELD_U8("prog_if", PciSerial, prog_if, 2), { 0 } };
static const Field four_props[] = { CHARDEV("chardev1", 0), CHARDEV("chardev2", 1),
                                    CHARDEV("chardev3", 2), CHARDEV("chardev4", 3),
                                    FIELD_U8("prog_if", PciSerial, prog_if, 2), { 0 } };
static const ChildDef one_children[] = { PART("serial", 0), { 0 } };
static const ChildDef two_children[] = { PART("serial[0]", 0), PART("serial[1]", 1), { 0 } };
static const ChildDef four_children[] = { PART("serial[0]", 0), PART("serial[1]", 1),
                                          PART("serial[2]", 2), PART("serial[3]", 3), { 0 } };

#define SERIAL_INFO(id)                                                                            \
    { .vendor = 0x1b36, .device = id, .class_id = 0x0700, .revision = 1 }
static const PciInfo one_info = SERIAL_INFO(2), two_info = SERIAL_INFO(3), four_info = SERIAL_INFO(4);

#define SERIAL_TYPE(var, label, p, kids, info, rows)                                               \
    static const DeviceType var = {                                                                \
        .type = { .name = label,                                                                   \
                  .parent = &pci_device.type,                                                      \
                  .size = sizeof(PciSerial),                                                       \
                  .user_creatable = true,                                                          \
                  .props = p,                                                                      \
                  .children = kids },                                                              \
        .bus_info = &info,                                                                         \
        .category = DEV_INPUT,                                                                     \
        .hotpluggable = true,                                                                      \
        .realize = pci_serial_realize,                                                             \
        .unrealize = pci_serial_unrealize,                                                         \
        .vmstate = &rows,                                                                          \
    };                                                                                             \
    DEVICE_REGISTER(var)
SERIAL_TYPE(pci_serial, "pci-serial", one_props, one_children, one_info, one_vmstate);
SERIAL_TYPE(pci_serial_2x, "pci-serial-2x", two_props, two_children, two_info, multi2_vmstate);
SERIAL_TYPE(pci_serial_4x, "pci-serial-4x", four_props, four_children, four_info, multi4_vmstate);
