/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIIX3 IDE function (82371SB data sheet 290550, 2.3 and 2.6): two legacy channels and two bus
 * masters in BAR 4. Programming Interface for Bus Master IDE Controller 1.0: command, status, table
 * of physical regions. A table is followed for at most 64 KiB of entries. Also "isa-ide": one
 * channel without DMA. */
#include "hw/ide/piix.h"

#include "hw/ide/ide.h"
#include "hw/isa/isa.h"
#include "hw/pci/pci.h"

enum { CHANNELS = 2, BM_LEN = 16, BM_CHANNEL = 8 };
enum { BM_CMD = 0, BM_STATUS = 2, CMD_START = 1 << 0, CMD_TO_MEMORY = 1 << 3 };
enum { STS_ACTIVE = 1 << 0, STS_ERROR = 1 << 1, STS_IRQ = 1 << 2, STS_DRIVES = 0x60 };
enum { PRD_END = 1u << 31, PRD_BUDGET = 8192 };

typedef struct BusMaster {
    PciDevice *pci;
    IdeBus *bus;
    MemRegion io, addr_io;
    uint8_t cmd, status;
    uint32_t table;           /* as written */
    uint32_t next;            /* next entry */
    uint32_t cur_at, cur_len; /* rest of the entry under way */
    bool cur_last;
} BusMaster;

typedef struct PiixIde {
    PciDevice pci;
    BusMaster bm[CHANNELS];
    MemRegion bm_bar;
} PiixIde;

static void bm_rewind(BusMaster *bm)
{
    bm->next = bm->table;
    bm->cur_len = 0;
    bm->cur_last = false;
}

static void bm_request(void *opaque)
{
    BusMaster *bm = opaque;

    if (bm->cmd & CMD_START) {
        ide_dma_run(bm->bus);
    }
}

static uint64_t bm_take(void *opaque, DmaList *l, uint64_t max)
{
    BusMaster *bm = opaque;
    uint64_t total = 0;

    for (unsigned budget = PRD_BUDGET; total < max && budget > 0; budget--) {
        uint32_t n;

        if (bm->cur_len == 0) {
            uint8_t prd[8];

            if (bm->cur_last || dma_read(bm->pci->dma, bm->next, prd, sizeof(prd)) != MEM_OK) {
                break;
            }
            bm->next += sizeof(prd);
            bm->cur_at = pci_get32(prd) & ~1u;
            bm->cur_len = pci_get32(prd + 4) & 0xfffe;
            bm->cur_len = bm->cur_len != 0 ? bm->cur_len : 0x10000;
            bm->cur_last = pci_get32(prd + 4) & PRD_END;
        }
        n = (uint32_t)MIN((uint64_t)bm->cur_len, max - total);
        if (!dma_list_add(l, bm->cur_at, n)) {
            break;
        }
        bm->cur_at += n;
        bm->cur_len -= n;
        total += n;
    }
    return total;
}

static void bm_done(void *opaque, bool error)
{
    BusMaster *bm = opaque;

    bm->status &= (uint8_t)~STS_ACTIVE;
    if (error) {
        bm->status |= STS_ERROR;
    }
}

static void bm_irq(void *opaque, int level)
{
    BusMaster *bm = opaque;

    if (level) {
        bm->status |= STS_IRQ;
    }
}

static const IdeDmaOps bm_ops = {
    .request = bm_request, .take = bm_take, .done = bm_done, .irq = bm_irq
};

static void bm_command(BusMaster *bm, uint8_t val)
{
    bool was = bm->cmd & CMD_START, now = val & CMD_START;

    if (was && !now) { /* stops at once; what is in flight ends first */
        ide_dma_stop(bm->bus);
        bm->status &= (uint8_t)~STS_ACTIVE;
    }
    bm->cmd = val & (CMD_START | CMD_TO_MEMORY);
    if (!was && now) {
        bm_rewind(bm);
        bm->status |= STS_ACTIVE;
        ide_dma_run(bm->bus);
    }
}

static uint64_t bm_read(void *opaque, GuestAddr off, unsigned size)
{
    BusMaster *bm = opaque;

    return off == BM_CMD ? bm->cmd : off == BM_STATUS ? bm->status : 0xff;
}

static void bm_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    BusMaster *bm = opaque;

    if (off == BM_CMD) {
        bm_command(bm, (uint8_t)val);
    } else if (off == BM_STATUS) {
        uint8_t keep = bm->status & (uint8_t) ~(val & (STS_ERROR | STS_IRQ));

        bm->status = (uint8_t)((keep & ~STS_DRIVES) | (val & STS_DRIVES));
    }
}

static uint64_t bm_addr_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((BusMaster *)opaque)->table >> (8 * off);
}

static void bm_addr_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    BusMaster *bm = opaque;
    unsigned shift = (unsigned)(8 * off);
    uint32_t mask = (size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1) << shift;

    bm->table = ((bm->table & ~mask) | ((uint32_t)val << shift & mask)) & ~3u;
}

static const MemOps bm_io_ops = { .read = bm_read, .write = bm_write, .max_size = 1 };
static const MemOps bm_addr_ops = { .read = bm_addr_read, .write = bm_addr_write, .max_size = 4 };

static void piix_ide_reset(Device *dev, ResetKind kind)
{
    PiixIde *s = CONTAINER(dev, PiixIde, pci.dev);

    for (unsigned i = 0; i < CHANNELS; i++) {
        s->bm[i].cmd = s->bm[i].status = 0;
        s->bm[i].table = 0;
        bm_rewind(&s->bm[i]);
    }
    pci_set16(s->pci.config + PCI_STATUS, PCI_STS_FAST_BACK | PCI_STS_DEVSEL_MEDIUM);
    s->pci.config[0x40] = s->pci.config[0x41] = s->pci.config[0x42] = s->pci.config[0x43] = 0;
}

static bool piix_ide_realize(Device *dev, GError **errp)
{
    static const struct {
        uint16_t base, control;
        uint8_t irq;
        const char *name;
    } ports[CHANNELS] = {
        { 0x1f0, 0x3f6, 14, "ide.0" },
        { 0x170, 0x376, 15, "ide.1" },
    };
    PiixIde *s = CONTAINER(dev, PiixIde, pci.dev);
    MemRegion *io = pci_bus_of(&s->pci)->io;
    Bus *isa = bus_find_type(dev->vm, &isa_bus);

    mem_init(&s->bm_bar, "piix-bmdma-container", BM_LEN);
    for (unsigned i = 0; i < CHANNELS; i++) {
        BusMaster *bm = &s->bm[i];
        Irq irq = isa != NULL ? CONTAINER(isa, IsaBus, bus)->irq[ports[i].irq] : (Irq){ 0 };

        bm->pci = &s->pci;
        bm->bus = ide_bus_new(dev, ports[i].name, i, irq);
        bm->bus->dma = &bm_ops;
        bm->bus->dma_opaque = bm;
        bm->bus->dma_as = s->pci.dma;
        ide_bus_map(bm->bus, io, ports[i].base, ports[i].control);
        mem_init_io(&bm->io, "piix-bmdma", 4, &bm_io_ops, bm);
        mem_init_io(&bm->addr_io, "bmdma", 4, &bm_addr_ops, bm);
        mem_add(&s->bm_bar, BM_CHANNEL * i, &bm->io, 0);
        mem_add(&s->bm_bar, BM_CHANNEL * i + 4, &bm->addr_io, 0);
    }
    pci_add_bar(&s->pci, 4, &s->bm_bar, PCI_BAR_IO);
    return true;
}

static const PciInfo piix3_ide_info = {
    .vendor = 0x8086,
    .device = 0x7010,
    .class_id = 0x0101,
    .prog_if = 0x80,
};

const DeviceType piix3_ide_type = {
    .type = { .name = "piix3-ide",
              .parent = &pci_device.type,
              .size = sizeof(PiixIde),
              .user_creatable = true },
    .bus_info = &piix3_ide_info,
    .category = DEV_STORAGE,
    .fw_name = "ide",
    .realize = piix_ide_realize,
    .reset = piix_ide_reset,
};
DEVICE_REGISTER(piix3_ide_type);

static bool attach_all(IdeBus *bus, GError **errp)
{
    return ide_attach_drive(bus, 0, errp) && ide_attach_drive(bus, 1, errp);
}

Device *piix3_ide_new(PciBus *bus, int devfn, GError **errp)
{
    PciDevice *pci = pci_create(&piix3_ide_type, bus, devfn, false, errp);
    PiixIde *s;

    if (pci == NULL) {
        return NULL;
    }
    s = CONTAINER(pci, PiixIde, pci);
    return attach_all(s->bm[0].bus, errp) && attach_all(s->bm[1].bus, errp) ? &pci->dev : NULL;
}

/* ---- isa-ide */

typedef struct IsaIde {
    IsaDevice isa;
    IdeBus *bus;
    uint32_t iobase, iobase2, irq;
} IsaIde;

static bool isa_ide_realize(Device *dev, GError **errp)
{
    IsaIde *s = CONTAINER(dev, IsaIde, isa.dev);
    Irq irq;

    if (!isa_irq_checked(dev, s->irq, &irq, errp)) {
        return false;
    }
    s->isa.first_port = (uint16_t)s->iobase;
    s->bus = ide_bus_new(dev, NULL, s->iobase == 0x170, irq);
    ide_bus_map(s->bus, isa_bus_of(dev)->io, (uint16_t)s->iobase, (uint16_t)s->iobase2);
    return true;
}

static const Field isa_ide_props[] = {
    FIELD_U32("iobase", IsaIde, iobase, 0x1f0),
    FIELD_U32("iobase2", IsaIde, iobase2, 0x3f6),
    FIELD_U32("irq", IsaIde, irq, 14),
    { 0 },
};

const DeviceType isa_ide_type = {
    .type = { .name = "isa-ide",
              .parent = &isa_device.type,
              .size = sizeof(IsaIde),
              .user_creatable = true,
              .props = isa_ide_props },
    .category = DEV_STORAGE,
    .fw_name = "ide",
    .realize = isa_ide_realize,
};
DEVICE_REGISTER(isa_ide_type);

Device *isa_ide_new(Vm *vm, Bus *isa, unsigned channel, GError **errp)
{
    Device *dev = device_new(&isa_ide_type, vm, NULL);
    IsaIde *s = CONTAINER(dev, IsaIde, isa.dev);

    if (channel == 1) {
        s->iobase = 0x170;
        s->iobase2 = 0x376;
        s->irq = 15;
    }
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return attach_all(s->bus, errp) ? dev : NULL;
}
