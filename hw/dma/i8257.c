/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two Intel 8237A/8257 DMA controllers with their page registers, as in a PC/AT: channels 0-3 move bytes in
 * 64 KiB pages, 4-7 words in 128 KiB pages.
 *
 * Transfers run in the main loop as long as a device holds its request; the device's handler does the
 * copying through isa_dma_read() and isa_dma_write(). Not modelled: memory-to-memory transfers, compressed
 * timing, priorities (all requests of a pass are served), software requests (command 9 is stored). */
#include "hw/dma/i8257.h"

#include "hw/core/dma.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"

enum { DMA_CHANNELS = 4, DMA_ADDR = 0, DMA_COUNT = 1 };
enum {  /* control registers, after the word controller's shift */
    REG_COMMAND = 0, REG_REQUEST, REG_SINGLE_MASK, REG_MODE, REG_CLEAR_FLIP_FLOP, REG_MASTER_CLEAR,
    REG_CLEAR_MASK, REG_WRITE_MASK,
};
enum { COMMAND_UNSUPPORTED = 0x01 | 0x02 | 0x08 | 0x10 | 0x20 | 0x40 | 0x80, COMMAND_DISABLE = 0x04 };
enum { MODE_AUTO_INIT = 0x10, MODE_DOWN = 0x20, MODE_DIRECTION_SHIFT = 2 };

typedef struct DmaRegs {
    int32_t now[2];                 /* byte address programmed; bytes done */
    uint16_t base[2];               /* as programmed: address and count - 1, in units */
    uint8_t mode, page, pageh, dack, eop;
    DmaTransfer *transfer;
    void *opaque;
    bool work;                      /* something changed since the handler last ran */
} DmaRegs;

typedef struct I8257 {
    IsaDevice isa;
    MemRegion channel_io, control_io, page_io[4];
    int32_t base, page_base, pageh_base, dshift;    /* properties */
    uint8_t status;                 /* requests in the high half, terminal counts in the low */
    uint8_t command, mask, flip_flop;
    DmaRegs regs[DMA_CHANNELS];
    Defer *run;
} I8257;

struct IsaDma { I8257 *half[2]; };

static const struct { uint8_t port, size, channel[3]; } page_ports[] = {
    { 1, 3, { 2, 3, 1 } }, { 7, 1, { 0 } },
};

static unsigned dma_units(const DmaRegs *r) { return r->base[DMA_COUNT] + 1u; }

/* ---- Transfers */

static void i8257_run_channel(I8257 *s, unsigned n)
{
    DmaRegs *r = &s->regs[n];
    unsigned size = dma_units(r) << s->dshift, before = r->now[DMA_COUNT], pos;

    r->work = false;
    pos = r->transfer(r->opaque, n + (s->dshift ? 4 : 0), MIN(before, size), size);
    if (pos > size) {
        pos = size;
    }
    r->now[DMA_COUNT] = pos;
    if (pos == size) {
        s->status |= 1u << n;
        if (r->mode & MODE_AUTO_INIT) {
            r->now[DMA_COUNT] = 0;
            r->work = true;
        } else {
            s->mask |= 1u << n;
        }
    } else if (pos != before) {
        r->work = true;
    }
}

static void i8257_run(void *opaque)
{
    I8257 *s = opaque;
    bool again = false;

    if (s->command & COMMAND_DISABLE) {
        return;
    }
    for (unsigned n = 0; n < DMA_CHANNELS; n++) {
        unsigned bit = 1u << n;

        if ((s->status & bit << 4) && (s->mask & bit) == 0 && s->regs[n].transfer != NULL &&
            s->regs[n].work) {
            i8257_run_channel(s, n);
            again |= s->regs[n].work && (s->status & bit << 4) && (s->mask & bit) == 0;
        }
    }
    if (again) {
        defer_schedule(s->run);
    }
}

static void i8257_kick(I8257 *s, unsigned channels)
{
    for (unsigned n = 0; n < DMA_CHANNELS; n++) {
        if (channels & (1u << n)) {
            s->regs[n].work = true;
        }
    }
    if ((s->status >> 4 & ~s->mask & channels) != 0) {
        defer_schedule(s->run);
    }
}

/* ---- Registers */

static bool i8257_flip(I8257 *s)
{
    bool high = s->flip_flop;

    s->flip_flop = !s->flip_flop;
    return high;
}

static uint64_t i8257_read_channel(void *opaque, GuestAddr off, unsigned size)
{
    I8257 *s = opaque;
    unsigned reg = off >> s->dshift;
    const DmaRegs *r = &s->regs[(reg >> 1) & 3];
    int down = r->mode & MODE_DOWN ? -1 : 1;
    unsigned v;

    if (reg & 1) {
        v = r->base[DMA_COUNT] - (r->now[DMA_COUNT] >> s->dshift);
    } else {
        v = (r->now[DMA_ADDR] + r->now[DMA_COUNT] * down) >> s->dshift;
    }
    return i8257_flip(s) ? v >> 8 & 0xff : v & 0xff;
}

static void i8257_write_channel(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I8257 *s = opaque;
    unsigned reg = off >> s->dshift, n = (reg >> 1) & 3;
    DmaRegs *r = &s->regs[n];
    uint16_t *base = &r->base[reg & 1];

    if (i8257_flip(s)) {
        *base = (*base & 0xff) | (val & 0xff) << 8;
        r->now[DMA_ADDR] = r->base[DMA_ADDR] << s->dshift;
        r->now[DMA_COUNT] = 0;
        i8257_kick(s, 1u << n);
    } else {
        *base = (*base & 0xff00) | (val & 0xff);
    }
}

static const MemOps channel_ops = {
    .read = i8257_read_channel, .write = i8257_write_channel, .min_size = 1, .max_size = 1,
};

static uint64_t i8257_read_control(void *opaque, GuestAddr off, unsigned size)
{
    I8257 *s = opaque;
    uint8_t v;

    switch (off >> s->dshift) {
    case REG_COMMAND:
        v = s->status;
        s->status &= 0xf0;          /* reading clears the terminal counts */
        return v;
    case REG_WRITE_MASK:
        return s->mask;
    default:
        return 0;
    }
}

static void i8257_master_clear(I8257 *s)
{
    s->flip_flop = 0;
    s->mask = 0x0f;
    s->status &= 0xf0;              /* requests are lines, not registers */
    s->command = 0;
}

static void i8257_write_control(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I8257 *s = opaque;
    unsigned n = val & 3;

    switch (off >> s->dshift) {
    case REG_COMMAND:
        if (val & COMMAND_UNSUPPORTED) {
            log_unimp("i8257: command 0x%02x", (unsigned)val);
        }
        s->command = val;
        break;
    case REG_REQUEST:
        log_unimp("i8257: software request 0x%02x", (unsigned)val);
        break;
    case REG_SINGLE_MASK:
        s->mask = val & 4 ? s->mask | 1u << n : s->mask & ~(1u << n);
        break;
    case REG_MODE:
        s->regs[n].mode = val;
        break;
    case REG_CLEAR_FLIP_FLOP:
        s->flip_flop = 0;
        break;
    case REG_MASTER_CLEAR:
        i8257_master_clear(s);
        break;
    case REG_CLEAR_MASK:
        s->mask = 0;
        break;
    case REG_WRITE_MASK:
        s->mask = val & 0x0f;
        break;
    }
    i8257_kick(s, 0x0f);
}

static const MemOps control_ops = {
    .read = i8257_read_control, .write = i8257_write_control, .min_size = 1, .max_size = 1,
};

static uint64_t page_read_at(I8257 *s, unsigned group, GuestAddr off)
{
    return s->regs[page_ports[group].channel[off % 3]].page;
}

static void page_write_at(I8257 *s, unsigned group, GuestAddr off, uint8_t val)
{
    s->regs[page_ports[group].channel[off % 3]].page = val;
}

static uint64_t page0_read(void *opaque, GuestAddr off, unsigned size)
{
    return page_read_at(opaque, 0, off);
}

static void page0_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    page_write_at(opaque, 0, off, val);
}

static uint64_t page1_read(void *opaque, GuestAddr off, unsigned size)
{
    return page_read_at(opaque, 1, off);
}

static void page1_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    page_write_at(opaque, 1, off, val);
}

static const MemOps page_ops[2] = {
    { .read = page0_read, .write = page0_write, .min_size = 1, .max_size = 1 },
    { .read = page1_read, .write = page1_write, .min_size = 1, .max_size = 1 },
};

/* ---- Devices' side */

static I8257 *isa_dma_half(IsaDma *d, unsigned channel) { return d->half[(channel >> 2) & 1]; }

void isa_dma_register(IsaDma *d, unsigned channel, DmaTransfer *fn, void *opaque)
{
    DmaRegs *r = &isa_dma_half(d, channel)->regs[channel & 3];

    r->transfer = fn;
    r->opaque = opaque;
}

void isa_dma_request(IsaDma *d, unsigned channel)
{
    I8257 *s = isa_dma_half(d, channel);

    s->status |= 0x10u << (channel & 3);
    i8257_kick(s, 1u << (channel & 3));
}

void isa_dma_release(IsaDma *d, unsigned channel)
{
    isa_dma_half(d, channel)->status &= ~(0x10u << (channel & 3));
}

/* One byte or one run, by direction; the address stays within its page. */
static unsigned isa_dma_copy(IsaDma *d, unsigned channel, uint8_t *buf, unsigned pos, unsigned len,
                             bool to_memory)
{
    I8257 *s = isa_dma_half(d, channel);
    const DmaRegs *r = &s->regs[channel & 3];
    uint32_t window = 0x10000u << s->dshift;
    uint64_t page = ((uint64_t)(r->pageh & 0x7f) << 24) |
                    ((uint32_t)(s->dshift ? r->page & ~1u : r->page) << 16);
    bool down = (r->mode & MODE_DOWN) != 0;

    for (unsigned done = 0; done < len;) {
        uint32_t at = (uint32_t)r->now[DMA_ADDR] + (down ? 0u - (pos + done) : pos + done);
        unsigned run;

        at &= window - 1;
        run = down ? 1 : MIN(len - done, window - at);
        if (to_memory) {
            dma_write(s->isa.dev.vm->mem, page + at, buf + done, run);
        } else {
            dma_read(s->isa.dev.vm->mem, page + at, buf + done, run);
        }
        done += run;
    }
    return len;
}

unsigned isa_dma_read(IsaDma *d, unsigned channel, void *buf, unsigned pos, unsigned len)
{
    return isa_dma_copy(d, channel, buf, pos, len, false);
}

unsigned isa_dma_write(IsaDma *d, unsigned channel, const void *buf, unsigned pos, unsigned len)
{
    return isa_dma_copy(d, channel, (uint8_t *)buf, pos, len, true);
}

bool isa_dma_autoinit(const IsaDma *d, unsigned channel)
{
    return (d->half[(channel >> 2) & 1]->regs[channel & 3].mode & MODE_AUTO_INIT) != 0;
}

unsigned isa_dma_direction(const IsaDma *d, unsigned channel)
{
    return d->half[(channel >> 2) & 1]->regs[channel & 3].mode >> MODE_DIRECTION_SHIFT & 3;
}

bool isa_dma_masked(const IsaDma *d, unsigned channel)
{
    return (d->half[(channel >> 2) & 1]->mask >> (channel & 3)) & 1;
}

/* ---- Device */

static bool i8257_realize(Device *dev, GError **errp)
{
    I8257 *s = CONTAINER(dev, I8257, isa.dev);

    if (s->dshift < 0 || s->dshift > 1) {
        return err_fail(errp, "i8257: property 'dshift' must be 0 or 1");
    }
    s->run = defer_new(loop_main(), i8257_run, s);
    mem_init_io(&s->channel_io, "dma-chan", 8 << s->dshift, &channel_ops, s);
    mem_init_io(&s->control_io, "dma-cont", 8 << s->dshift, &control_ops, s);
    isa_register_ioport(dev, &s->channel_io, s->base);
    isa_register_ioport(dev, &s->control_io, s->base + (8 << s->dshift));
    for (unsigned i = 0; i < ARRAY_LEN(page_ports); i++) {
        mem_init_io(&s->page_io[i], "dma-page", page_ports[i].size, &page_ops[i], s);
        isa_register_ioport(dev, &s->page_io[i], s->page_base + page_ports[i].port);
    }
    return true;
}

static void i8257_unrealize(Device *dev)
{
    defer_free(CONTAINER(dev, I8257, isa.dev)->run);
}

static void i8257_reset(Device *dev, ResetKind kind)
{
    I8257 *s = CONTAINER(dev, I8257, isa.dev);

    i8257_master_clear(s);
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        DmaRegs *r = &s->regs[i];

        *r = (DmaRegs){ .transfer = r->transfer, .opaque = r->opaque };
    }
}

static bool i8257_post_load(void *obj, int version, GError **errp)
{
    I8257 *s = obj;

    s->flip_flop &= 1;
    s->mask &= 0x0f;
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        DmaRegs *r = &s->regs[i];

        if (r->now[DMA_COUNT] < 0 || r->now[DMA_COUNT] > 0x10000 << s->dshift) {
            return err_fail(errp, "i8257: impossible count");
        }
    }
    i8257_kick(s, 0x0f);
    return true;
}

static const VmField dma_regs_vm_fields[] = {
    VM_FIELD_ARRAY(DmaRegs, now, int32_t, VM_U32), VM_FIELD_U16_ARRAY(DmaRegs, base),
    VM_FIELD_U8(DmaRegs, mode), VM_FIELD_U8(DmaRegs, page), VM_FIELD_U8(DmaRegs, pageh),
    VM_FIELD_U8(DmaRegs, dack), VM_FIELD_U8(DmaRegs, eop),
    VM_FIELD_END,
};
static const VmState dma_regs_vmstate = {
    .name = "dma_regs", .version = 1, .min_version = 1, .fields = dma_regs_vm_fields,
};
static const VmField i8257_vm_fields[] = {
    VM_FIELD_U8(I8257, command), VM_FIELD_U8(I8257, mask), VM_FIELD_U8(I8257, flip_flop),
    VM_FIELD_EQUAL(I8257, dshift, int32_t),
    VM_FIELD_STRUCT_ARRAY(I8257, regs, dma_regs_vmstate, .since = 1),
    VM_FIELD_END,
};
static const VmState i8257_vmstate = {
    .name = "dma", .version = 1, .min_version = 1, .fields = i8257_vm_fields,
    .post_load = i8257_post_load,
};

static const Field i8257_props[] = {
    FIELD_I32("base", I8257, base, 0),
    FIELD_I32("page-base", I8257, page_base, 0x80),
    FIELD_I32("pageh-base", I8257, pageh_base, -1),
    FIELD_I32("dshift", I8257, dshift, 0),
    { 0 },
};

const DeviceType i8257_type = {
    .type = { .name = "i8257", .parent = &isa_device.type, .size = sizeof(I8257),
              .props = i8257_props },
    .realize = i8257_realize, .unrealize = i8257_unrealize, .reset = i8257_reset,
    .vmstate = &i8257_vmstate,
};
DEVICE_REGISTER(i8257_type);

IsaDma *i8257_pair_new(Vm *vm, Bus *isa, GError **errp)
{
    IsaDma *d = g_new0(IsaDma, 1);

    for (unsigned i = 0; i < 2; i++) {
        Device *dev = device_new(&i8257_type, vm, NULL);
        I8257 *s = CONTAINER(dev, I8257, isa.dev);

        s->base = i == 0 ? 0x00 : 0xc0;
        s->page_base = i == 0 ? 0x80 : 0x88;
        s->dshift = i;
        if (!device_realize(dev, isa, errp)) {
            object_free(&dev->obj);
            g_free(d);
            return NULL;
        }
        d->half[i] = s;
    }
    CONTAINER(isa, IsaBus, bus)->dma = d;
    return d;
}
