/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-testdev (QEMU's specification of that name): counts writes for tests of memory and port access. BAR 0
 * (memory, 4 KiB) and BAR 1 (ports, 256) begin with a header: test number (written to select), width, offset
 * and value of the write that counts, how often it came, name. The "eventfd" tests count what rang an eventfd,
 * which an accelerator's kernel may do without us. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "hw/pci/pci.h"
#include "util/bits.h"
#include "util/bswap.h"
#include "util/err.h"

enum { HDR_TEST = 0, HDR_WIDTH = 1, HDR_OFFSET = 4, HDR_DATA = 8, HDR_COUNT = 12, HDR_NAME = 16,
       HDR_SIZE = 64 };
enum { TESTS_PER_BAR = 3, MEM_BAR_SIZE = 4096, IO_BAR_SIZE = 256, WIDTH_BYTE = 1, MATCH_VALUE = 0xfa };

typedef struct TestBar {
    MemRegion region;
    const char *prefix;
    int current;                    /* -1: none selected */
    uint32_t count;
    MemEventfd bell;                /* of the current test; fd < 0: none */
} TestBar;

typedef struct PciTestdev {
    PciDevice pci;
    TestBar bar[2];
    MemRegion membar;
    uint64_t membar_size;           /* property */
} PciTestdev;

static const struct { const char *name; bool match; } tests[TESTS_PER_BAR] = {
    { "no-eventfd", false }, { "wildcard-eventfd", false }, { "datamatch-eventfd", true },
};

static uint32_t test_offset(const TestBar *b) { return HDR_SIZE + (uint32_t)b->current; }

static void test_header(const TestBar *b, uint8_t h[HDR_SIZE])
{
    memset(h, 0, HDR_SIZE);
    h[HDR_TEST] = b->current;
    h[HDR_WIDTH] = WIDTH_BYTE;
    st_le32(h + HDR_OFFSET, test_offset(b));
    st_le32(h + HDR_DATA, MATCH_VALUE);
    st_le32(h + HDR_COUNT, b->count);
    g_snprintf((char *)h + HDR_NAME, HDR_SIZE - HDR_NAME, "%s-%s", b->prefix, tests[b->current].name);
}

/* What the doorbell rang since the last look. */
static void test_collect(TestBar *b)
{
    uint64_t n;

    if (b->bell.fd >= 0 && read(b->bell.fd, &n, sizeof(n)) == sizeof(n)) {
        b->count += (uint32_t)n;
    }
}

static void test_select(TestBar *b, int test)
{
    if (b->bell.fd >= 0) {
        mem_del_eventfd(&b->region, &b->bell);
        close(b->bell.fd);
    }
    b->bell = (MemEventfd){ .fd = -1 };
    b->current = test;
    b->count = 0;
    if (test > 0) {
        b->bell = (MemEventfd){ .off = test_offset(b), .size = WIDTH_BYTE, .match = tests[test].match,
                                .data = MATCH_VALUE, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    }
    if (b->bell.fd >= 0) {
        mem_add_eventfd(&b->region, &b->bell);
    }
}

static uint64_t test_read(void *opaque, GuestAddr off, unsigned size)
{
    TestBar *b = opaque;
    uint8_t h[HDR_SIZE];

    test_collect(b);
    if (b->current < 0 || off + size > HDR_SIZE) {
        return 0;
    }
    test_header(b, h);
    return ld_le_n(h + off, size);
}

static void test_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    TestBar *b = opaque;

    if (off == HDR_TEST) {
        test_select(b, val < TESTS_PER_BAR ? (int)val : -1);
    } else if (b->current >= 0 && off == test_offset(b) && size == WIDTH_BYTE &&
               (!tests[b->current].match || val == MATCH_VALUE)) {
        b->count++;
    }
}

static const MemOps test_ops = { .read = test_read, .write = test_write, .min_size = 1, .max_size = 4 };

static bool testdev_realize(Device *dev, GError **errp)
{
    PciTestdev *s = CONTAINER(dev, PciTestdev, pci.dev);

    s->bar[0].bell.fd = s->bar[1].bell.fd = -1;
    s->bar[0].prefix = "mmio";
    s->bar[1].prefix = "portio";
    mem_init_io(&s->bar[0].region, "pci-testdev-mmio", MEM_BAR_SIZE, &test_ops, &s->bar[0]);
    mem_init_io(&s->bar[1].region, "pci-testdev-portio", IO_BAR_SIZE, &test_ops, &s->bar[1]);
    pci_add_bar(&s->pci, 0, &s->bar[0].region, PCI_BAR_MEM);
    pci_add_bar(&s->pci, 1, &s->bar[1].region, PCI_BAR_IO);
    if (s->membar_size == 0) {
        return true;
    }
    if (!is_pow2(s->membar_size) || s->membar_size < 16) {
        return err_fail(errp, "pci-testdev: property 'membar' must be a power of two, at least 16");
    }
    mem_init(&s->membar, "pci-testdev-membar", s->membar_size);
    pci_add_bar(&s->pci, 2, &s->membar, PCI_BAR_MEM | PCI_BAR_PREFETCH | PCI_BAR_64);
    return true;
}

static void testdev_unrealize(Device *dev)
{
    PciTestdev *s = CONTAINER(dev, PciTestdev, pci.dev);

    test_select(&s->bar[0], -1);
    test_select(&s->bar[1], -1);
}

static void testdev_reset(Device *dev, ResetKind kind)
{
    PciTestdev *s = CONTAINER(dev, PciTestdev, pci.dev);

    for (unsigned i = 0; i < 2; i++) {
        test_select(&s->bar[i], -1);
    }
}

static const Field testdev_props[] = {
    FIELD_SIZE("membar", PciTestdev, membar_size, 0),
    { 0 },
};

static const DeviceType pci_testdev_type = {
    .type = { .name = "pci-testdev", .desc = "PCI Test Device", .parent = &pci_device.type,
              .size = sizeof(PciTestdev), .user_creatable = true, .props = testdev_props },
    .bus_info = &(const PciInfo){ .vendor = 0x1b36, .device = 0x0005, .class_id = 0x00ff },
    .category = DEV_MISC, .hotpluggable = true, .realize = testdev_realize,
    .unrealize = testdev_unrealize, .reset = testdev_reset,
};
DEVICE_REGISTER(pci_testdev_type);
