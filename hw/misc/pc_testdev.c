/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc-testdev: what kvm-unit-tests expects of it. Ports 0xe0-0xe3 remember a value, 0xe4 is accepted (it asks
 * to flush a page), a write to 0x2000 + n sets ISA interrupt line n, 64 KiB of memory-like registers lie
 * at 0xff000000. */
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/bswap.h"
#include "util/err.h"

enum { TEST_PORT = 0xe0, TEST_FLUSH_PORT = 0xe4, TEST_IRQ_PORT = 0x2000, TEST_IRQS = 24,
       TEST_MEM = 0xff000000, TEST_MEM_SIZE = 0x10000 };

typedef struct PcTestdev {
    IsaDevice isa;
    MemRegion port, flush, irqs, mem;
    uint32_t value;
    uint8_t buffer[TEST_MEM_SIZE];
} PcTestdev;

static uint64_t port_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((PcTestdev *)opaque)->value >> off * 8;
}

static void port_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PcTestdev *s = opaque;
    uint8_t bytes[4];

    st_le32(bytes, s->value);
    for (unsigned i = 0; i < size && off + i < sizeof(bytes); i++) {
        bytes[off + i] = val >> i * 8;
    }
    s->value = ld_le32(bytes);
}

static void flush_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
}

static void irq_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PcTestdev *s = opaque;

    if (off < ISA_IRQS) {
        irq_set(isa_irq(&s->isa.dev, off), val != 0);
    }
}

static uint64_t mem_read(void *opaque, GuestAddr off, unsigned size)
{
    const PcTestdev *s = opaque;

    return off + size <= TEST_MEM_SIZE ? ld_le_n(s->buffer + off, size) : UINT64_MAX;
}

static void mem_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PcTestdev *s = opaque;

    if (off + size <= TEST_MEM_SIZE) {
        st_le_n(s->buffer + off, size, val);
    }
}

static const MemOps port_ops = { .read = port_read, .write = port_write, .max_size = 4 };
static const MemOps flush_ops = { .write = flush_write, .max_size = 4 };
static const MemOps irq_ops = { .write = irq_write, .min_size = 1, .max_size = 1 };
static const MemOps mem_ops = { .read = mem_read, .write = mem_write, .unaligned = true };

static bool testdev_realize(Device *dev, GError **errp)
{
    PcTestdev *s = CONTAINER(dev, PcTestdev, isa.dev);

    mem_init_io(&s->port, "pc-testdev-ioport", 4, &port_ops, s);
    mem_init_io(&s->flush, "pc-testdev-flush-page", 4, &flush_ops, s);
    mem_init_io(&s->irqs, "pc-testdev-irq-line", TEST_IRQS, &irq_ops, s);
    mem_init_io(&s->mem, "pc-testdev-iomem", TEST_MEM_SIZE, &mem_ops, s);
    isa_register_ioport(dev, &s->port, TEST_PORT);
    isa_register_ioport(dev, &s->flush, TEST_FLUSH_PORT);
    isa_register_ioport(dev, &s->irqs, TEST_IRQ_PORT);
    mem_add(isa_bus_of(dev)->mem, TEST_MEM, &s->mem, 0);
    return true;
}

static const DeviceType pc_testdev_type = {
    .type = { .name = "pc-testdev", .parent = &isa_device.type, .size = sizeof(PcTestdev),
              .user_creatable = true },
    .category = DEV_MISC, .realize = testdev_realize,
};
DEVICE_REGISTER(pc_testdev_type);
