/* SPDX-License-Identifier: GPL-2.0-or-later */
/* edu: the PCI function that driver courses use (QEMU's edu specification): identification, liveness check,
 * factorial with completion interrupt, a DMA engine with a 4 KiB buffer at 0x40000, INTx or one MSI.
 *
 * A factorial is finished by the main loop, a transfer 100 ms of guest time after its start. Transfers that
 * leave the buffer or the DMA mask do nothing. */
#include "hw/core/dma.h"
#include "hw/pci/pci.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"

enum {
    REG_ID = 0x00, REG_LIVENESS = 0x04, REG_FACTORIAL = 0x08, REG_STATUS = 0x20, REG_IRQ_STATUS = 0x24,
    REG_IRQ_RAISE = 0x60, REG_IRQ_ACK = 0x64, REG_DMA_SRC = 0x80, REG_DMA_DST = 0x88,
    REG_DMA_COUNT = 0x90, REG_DMA_CMD = 0x98, REGS_END = 0xa0,
};
enum { EDU_ID = 0x010000ed, STATUS_COMPUTING = 0x01, STATUS_IRQ = 0x80 };
enum { DMA_RUN = 1, DMA_TO_RAM = 2, DMA_IRQ = 4 };
enum { IRQ_FACTORIAL = 0x001, IRQ_DMA = 0x100 };
enum { DMA_BUFFER = 0x40000, DMA_SIZE = 4096, DMA_NS = 100 * 1000 * 1000, EDU_BAR_SIZE = 0x100000 };

typedef struct Edu {
    PciDevice pci;
    MemRegion mmio;
    uint64_t dma_mask;              /* property */
    uint32_t liveness, fact, status, irq_status;
    uint64_t src, dst, count, cmd;
    uint8_t buffer[DMA_SIZE];
    Timer *dma_timer;
    Defer *finish;
} Edu;

static void edu_update_irq(Edu *s, uint32_t irq_status)
{
    s->irq_status = irq_status;
    pci_irq_set(&s->pci, irq_status != 0);
}

/* ---- Factorial: 34! and above are 0 in 32 bits, so the loop is short */

static void edu_finish_factorial(void *opaque)
{
    Edu *s = opaque;
    uint32_t product = 1;

    if ((s->status & STATUS_COMPUTING) == 0) {
        return;
    }
    for (uint32_t n = s->fact; n > 0 && product != 0; n--) {
        product *= n;
    }
    s->fact = product;
    s->status &= ~STATUS_COMPUTING;
    if (s->status & STATUS_IRQ) {
        edu_update_irq(s, s->irq_status | IRQ_FACTORIAL);
    }
}

/* ---- DMA */

static bool edu_in_buffer(uint64_t addr, uint64_t len)
{
    return len <= DMA_SIZE && addr >= DMA_BUFFER && addr - DMA_BUFFER <= DMA_SIZE - len;
}

static void edu_dma_done(void *opaque)
{
    Edu *s = opaque;
    bool to_ram = (s->cmd & DMA_TO_RAM) != 0;
    uint64_t inside = to_ram ? s->src : s->dst, outside = (to_ram ? s->dst : s->src) & s->dma_mask;

    if ((s->cmd & DMA_RUN) == 0) {
        return;
    }
    if (!edu_in_buffer(inside, s->count)) {
        log_guest("edu: DMA of %" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x is not in the buffer",
                  s->count, inside);
    } else if (to_ram) {
        dma_write(s->pci.dma, outside, s->buffer + (inside - DMA_BUFFER), s->count);
    } else {
        dma_read(s->pci.dma, outside, s->buffer + (inside - DMA_BUFFER), s->count);
    }
    s->cmd &= ~(uint64_t)DMA_RUN;
    if (s->cmd & DMA_IRQ) {
        edu_update_irq(s, s->irq_status | IRQ_DMA);
    }
}

/* ---- Registers */

static uint64_t *edu_dma_reg(Edu *s, GuestAddr off)
{
    switch (off) {
    case REG_DMA_SRC:   return &s->src;
    case REG_DMA_DST:   return &s->dst;
    case REG_DMA_COUNT: return &s->count;
    case REG_DMA_CMD:   return &s->cmd;
    default:            return NULL;
    }
}

static uint64_t edu_read(void *opaque, GuestAddr off, unsigned size)
{
    Edu *s = opaque;
    const uint64_t *dma = edu_dma_reg(s, off);

    if (dma != NULL) {
        return *dma;
    }
    if (size != 4) {
        return UINT64_MAX;
    }
    switch (off) {
    case REG_ID:         return EDU_ID;
    case REG_LIVENESS:   return s->liveness;
    case REG_FACTORIAL:  return s->fact;
    case REG_STATUS:     return s->status;
    case REG_IRQ_STATUS: return s->irq_status;
    default:             return UINT64_MAX;
    }
}

static void edu_write_dma(Edu *s, GuestAddr off, uint64_t val)
{
    if (s->cmd & DMA_RUN) {
        return;                     /* the engine does not look while it runs */
    }
    *edu_dma_reg(s, off) = val;
    if (off == REG_DMA_CMD && (val & DMA_RUN)) {
        timer_set_in(s->dma_timer, DMA_NS);
    }
}

static void edu_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Edu *s = opaque;

    if (edu_dma_reg(s, off) != NULL) {
        edu_write_dma(s, off, val);
        return;
    }
    if (size != 4) {
        return;
    }
    switch (off) {
    case REG_LIVENESS:
        s->liveness = ~(uint32_t)val;
        break;
    case REG_FACTORIAL:
        if ((s->status & STATUS_COMPUTING) == 0) {
            s->fact = val;
            s->status |= STATUS_COMPUTING;
            defer_schedule(s->finish);
        }
        break;
    case REG_STATUS:
        s->status = (s->status & STATUS_COMPUTING) | (val & STATUS_IRQ);
        break;
    case REG_IRQ_RAISE:
        edu_update_irq(s, s->irq_status | (uint32_t)val);
        break;
    case REG_IRQ_ACK:
        edu_update_irq(s, s->irq_status & ~(uint32_t)val);
        break;
    }
}

static const MemOps edu_ops = { .read = edu_read, .write = edu_write, .min_size = 4, .max_size = 8 };

static bool edu_realize(Device *dev, GError **errp)
{
    Edu *s = CONTAINER(dev, Edu, pci.dev);

    pci_set_int_pin(&s->pci, 1);
    if (!pci_add_msi(&s->pci, 1, errp)) {
        return false;
    }
    s->dma_timer = timer_new(loop_main(), CLOCK_VIRTUAL, edu_dma_done, s);
    s->finish = defer_new(loop_main(), edu_finish_factorial, s);
    mem_init_io(&s->mmio, "edu-mmio", EDU_BAR_SIZE, &edu_ops, s);
    pci_add_bar(&s->pci, 0, &s->mmio, PCI_BAR_MEM);
    return true;
}

static void edu_unrealize(Device *dev)
{
    Edu *s = CONTAINER(dev, Edu, pci.dev);

    timer_free(s->dma_timer);
    defer_free(s->finish);
}

static void edu_reset(Device *dev, ResetKind kind)
{
    Edu *s = CONTAINER(dev, Edu, pci.dev);

    timer_cancel(s->dma_timer);
    s->liveness = s->fact = s->status = 0;
    s->src = s->dst = s->count = s->cmd = 0;
    edu_update_irq(s, 0);
}

static const VmState edu_vmstate = { .name = "edu", .unmigratable = true };

static const Field edu_props[] = {
    FIELD_U64("dma_mask", Edu, dma_mask, 0x0fffffff, .flags = FIELD_NO_DEFAULT),
    { 0 },
};

static const DeviceType edu_type = {
    .type = { .name = "edu", .parent = &pci_device.type, .size = sizeof(Edu), .user_creatable = true,
              .props = edu_props },
    .bus_info = &(const PciInfo){ .vendor = 0x1234, .device = 0x11e8, .revision = 0x10,
                                  .class_id = 0x00ff },
    .category = DEV_MISC, .hotpluggable = true,
    .realize = edu_realize, .unrealize = edu_unrealize, .reset = edu_reset, .vmstate = &edu_vmstate,
};
DEVICE_REGISTER(edu_type);
