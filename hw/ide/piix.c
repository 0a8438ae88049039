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
    struct {
        uint32_t next, cur_at, cur_len;
        bool cur_last;
    } before; /* where the table stood before the chunk under way */
    /* Snapshot */
    uint8_t status_saved, retry_unit;
    int64_t retry_lba;
    uint32_t retry_left, last_saved;
    bool next_known;
} BusMaster;

typedef struct PiixIde {
    PciDevice pci;
    BusMaster bm[CHANNELS];
    IdeBus *buses[CHANNELS];
    IdeSaved *saved[CHANNELS]; /* the channels' drives in a snapshot */
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

    bm->before.next = bm->next;
    bm->before.cur_at = bm->cur_at;
    bm->before.cur_len = bm->cur_len;
    bm->before.cur_last = bm->cur_last;

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
        s->buses[i] = bm->bus;
        s->saved[i] = bm->bus->saved;
        ide_bus_map(bm->bus, io, ports[i].base, ports[i].control);
        mem_init_io(&bm->io, "piix-bmdma", 4, &bm_io_ops, bm);
        mem_init_io(&bm->addr_io, "bmdma", 4, &bm_addr_ops, bm);
        mem_add(&s->bm_bar, BM_CHANNEL * i, &bm->io, 0);
        mem_add(&s->bm_bar, BM_CHANNEL * i + 4, &bm->addr_io, 0);
    }
    pci_add_bar(&s->pci, 4, &s->bm_bar, PCI_BAR_IO);
    return true;
}

/* ---- Snapshot. The classic rows keep the reasons for waiting in unused bits of the status; the true
 * status follows where it has such bits itself. */

enum { STS_BORROWED = 0xf8 };

static void piix_ide_pre_save(void *obj)
{
    PiixIde *s = obj;

    for (unsigned i = 0; i < CHANNELS; i++) {
        BusMaster *bm = &s->bm[i];
        const IdeDrive *d = bm->bus->dma_drive;

        ide_bus_pre_save(bm->bus);
        if (d != NULL && d->has_sg) { /* the chunk will be taken again */
            bm->next = bm->before.next;
            bm->cur_at = bm->before.cur_at;
            bm->cur_len = bm->before.cur_len;
            bm->cur_last = bm->before.cur_last;
            ide_drop_sg(bm->bus->dma_drive);
        }
        bm->status_saved = (uint8_t)((bm->status & ~STS_BORROWED) | bm->bus->wait);
        bm->retry_lba = bm->bus->wait != 0 ? bm->bus->wait_lba : 0;
        bm->retry_left = bm->bus->wait != 0 ? bm->bus->wait_left : 0;
        bm->retry_unit = bm->bus->wait != 0 ? bm->bus->wait_unit : UINT8_MAX;
        bm->last_saved = bm->cur_last;
    }
}

static bool piix_ide_post_load(void *obj, int version, GError **errp)
{
    PiixIde *s = obj;

    for (unsigned i = 0; i < CHANNELS; i++) {
        BusMaster *bm = &s->bm[i];

        bm->cmd &= CMD_START | CMD_TO_MEMORY;
        bm->table &= ~3u;
        bm->cur_last = bm->last_saved != 0;
        bm->cur_len = MIN(bm->cur_len, 0x10000);
        if (!ide_bus_post_load(bm->bus, (bm->cmd & CMD_START) && (bm->status & STS_ACTIVE), errp)) {
            return false;
        }
    }
    return true;
}

static bool bm_pre_load(void *obj, GError **errp)
{
    BusMaster *bm = obj;

    bm->status = 0;
    bm->next_known = false;
    bm->next = bm->cur_at = bm->cur_len = bm->last_saved = 0;
    return true;
}

static bool bm_current_pre_load(void *obj, GError **errp)
{
    ((BusMaster *)obj)->next_known = true;
    return true;
}

static bool bm_post_load(void *obj, int version, GError **errp)
{
    BusMaster *bm = obj;

    if (bm->status == 0) {
        bm->status = bm->status_saved & (uint8_t)~STS_BORROWED;
    }
    if (!bm->next_known) {
        bm->next = bm->table & ~3u;
    }
    return true;
}

static bool bm_current_needed(const void *obj)
{
    return ((const BusMaster *)obj)->status & STS_ACTIVE;
}

static bool bm_status_needed(const void *obj)
{
    const BusMaster *bm = obj;

    return (bm->status & STS_BORROWED) != 0 || (bm->status_saved & STS_BORROWED) != 0;
}

static const VmField bm_current_fields[] = {
    VM_FIELD_U32(BusMaster, cur_at, .as = "cur_addr"),
    VM_FIELD_U32(BusMaster, last_saved, .as = "cur_prd_last"),
    VM_FIELD_U32(BusMaster, next, .as = "cur_prd_addr"),
    VM_FIELD_U32(BusMaster, cur_len, .as = "cur_prd_len"),
    VM_FIELD_END,
};
static const VmState bm_current_vmstate = {
    .name = "ide bmdma_current",
    .version = 1,
    .min_version = 1,
    .fields = bm_current_fields,
    .pre_load = bm_current_pre_load,
    .needed = bm_current_needed,
};
static const VmField bm_status_fields[] = { VM_FIELD_U8(BusMaster, status), VM_FIELD_END };
static const VmState bm_status_vmstate = {
    .name = "ide bmdma/status",
    .version = 1,
    .min_version = 1,
    .fields = bm_status_fields,
    .needed = bm_status_needed,
};
static const VmState *const bm_sections[] = { &bm_current_vmstate, &bm_status_vmstate, NULL };
static const VmField bm_fields[] = {
    VM_FIELD_U8(BusMaster, cmd),
    VM_FIELD_U8(BusMaster, status_saved, .as = "migration_compat_status"),
    VM_FIELD_U32(BusMaster, table, .as = "addr"),
    VM_FIELD_I64(BusMaster, retry_lba, .as = "migration_retry_sector_num"),
    VM_FIELD_U32(BusMaster, retry_left, .as = "migration_retry_nsector"),
    VM_FIELD_U8(BusMaster, retry_unit, .as = "migration_retry_unit"),
    VM_FIELD_END,
};
static const VmState bm_vmstate = {
    .name = "ide bmdma",
    .version = 3,
    .fields = bm_fields,
    .sections = bm_sections,
    .pre_load = bm_pre_load,
    .post_load = bm_post_load,
};
/* The drives of one bus. */
#define SAVED_DRIVES(type_, member_, as_) \
    { .name = #member_, \
      .as = as_, \
      .kind = VM_STRUCT, \
      .offset = offsetof(type_, member_), \
      .count = IDE_UNITS, \
      .elem_size = sizeof(IdeSaved), \
      .sub = &ide_drive_vmstate, \
      .since = 3, \
      .flags = VM_POINTER }

static const VmField piix_ide_fields[] = {
    VM_FIELD_STRUCT(PiixIde, pci, pci_device_vmstate, .as = "parent_obj"),
    VM_FIELD_STRUCT_ARRAY(PiixIde, bm, bm_vmstate, .as = "bmdma"),
    { .name = "buses",
      .as = "bus",
      .kind = VM_STRUCT,
      .offset = offsetof(PiixIde, buses),
      .count = CHANNELS,
      .elem_size = sizeof(IdeBus *),
      .sub = &ide_bus_vmstate,
      .since = 1,
      .flags = VM_ARRAY_OF_POINTERS },
    SAVED_DRIVES(PiixIde, saved[0], "bus[0].ifs"),
    SAVED_DRIVES(PiixIde, saved[1], "bus[1].ifs"),
    VM_FIELD_END,
};
static const VmState piix_ide_vmstate = {
    .name = "ide",
    .version = 3,
    .fields = piix_ide_fields,
    .pre_save = piix_ide_pre_save,
    .post_load = piix_ide_post_load,
};

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
    .vmstate = &piix_ide_vmstate,
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
    IdeSaved *saved;
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
    s->saved = s->bus->saved;
    ide_bus_map(s->bus, isa_bus_of(dev)->io, (uint16_t)s->iobase, (uint16_t)s->iobase2);
    return true;
}

static const Field isa_ide_props[] = {
    FIELD_U32("iobase", IsaIde, iobase, 0x1f0),
    FIELD_U32("iobase2", IsaIde, iobase2, 0x3f6),
    FIELD_U32("irq", IsaIde, irq, 14),
    { 0 },
};

static void isa_ide_pre_save(void *obj)
{
    ide_bus_pre_save(((IsaIde *)obj)->bus);
}

static bool isa_ide_post_load(void *obj, int version, GError **errp)
{
    return ide_bus_post_load(((IsaIde *)obj)->bus, false, errp);
}

static const VmField isa_ide_fields[] = {
    { .name = "bus",
      .kind = VM_STRUCT,
      .offset = offsetof(IsaIde, bus),
      .count = 1,
      .elem_size = sizeof(IdeBus),
      .sub = &ide_bus_vmstate,
      .since = 1,
      .flags = VM_POINTER },
    SAVED_DRIVES(IsaIde, saved, "bus.ifs"),
    VM_FIELD_END,
};
static const VmState isa_ide_vmstate = {
    .name = "isa-ide",
    .version = 3,
    .fields = isa_ide_fields,
    .pre_save = isa_ide_pre_save,
    .post_load = isa_ide_post_load,
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
    .vmstate = &isa_ide_vmstate,
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
