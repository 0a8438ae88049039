/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 8259A, two of them cascaded as in a PC/AT (data sheet 231468-003), with the edge/level control
 * registers of the PIIX/EISA chip sets at 0x4d0 and 0x4d1, which replace ICW1's LTIM bit.
 *
 * An edge request stays latched until it is acknowledged or the chip is initialised, even when the line
 * falls again. Not modelled: MCS-80/85 call vectors, buffered mode, slaves on inputs other than 2. */
#include "hw/intc/i8259.h"

#include "accel/irqchip.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/err.h"
#include "util/log.h"
#include "util/trace.h"

enum { PIC_COMMAND, PIC_DATA };
enum {  /* ICW1, OCW2, OCW3 share the command port: told apart by bits 4 and 3 */
    ICW1_INIT = 0x10, ICW1_SINGLE = 0x02, ICW1_NEED_ICW4 = 0x01,
    OCW3_SELECT = 0x08, OCW3_ESMM = 0x40, OCW3_SMM = 0x20, OCW3_POLL = 0x04, OCW3_RR = 0x02,
    OCW3_RIS = 0x01,
    ICW4_AEOI = 0x02, ICW4_SFNM = 0x10,
};
enum {  /* OCW2 bits 5-7 */
    OCW2_CLEAR_ROTATE_AEOI, OCW2_EOI, OCW2_NOP, OCW2_SPECIFIC_EOI, OCW2_SET_ROTATE_AEOI,
    OCW2_ROTATE_EOI, OCW2_SET_PRIORITY, OCW2_ROTATE_SPECIFIC_EOI,
};
enum { INIT_DONE, INIT_ICW2, INIT_ICW3, INIT_ICW4 };
enum { CASCADE = 2, POLL_PENDING = 0x80, NO_LEVEL = 8 };

typedef struct I8259 {
    IsaDevice isa;
    MemRegion io, elcr_io;
    Irq intr;                       /* INT output */
    struct I8259 *slave;            /* master: the chip on input 2 */
    uint32_t iobase, elcr_addr;     /* properties */
    uint8_t elcr_mask;
    bool is_master;

    uint8_t last_irr;               /* levels of the lines */
    uint8_t irr, imr, isr;
    uint8_t priority_add;           /* the line that has highest priority */
    uint8_t irq_base, read_reg_select, poll, special_mask, init_state;
    uint8_t auto_eoi, rotate_on_auto_eoi, special_fully_nested_mode, init4, single_mode, elcr;
    uint64_t count[8];
    bool in_kernel;                 /* the host's kernel models the pair; this is its state as others see it */
} I8259;

/* Position of the most urgent set bit, counted from the highest priority line; 8 for none. */
static unsigned pic_priority(const I8259 *s, uint8_t mask)
{
    unsigned n = 0;

    if (mask == 0) {
        return NO_LEVEL;
    }
    while ((mask & (1u << ((n + s->priority_add) & 7))) == 0) {
        n++;
    }
    return n;
}

/* The line the chip would deliver now, or -1. */
static int pic_winner(const I8259 *s)
{
    unsigned request = pic_priority(s, s->irr & ~s->imr);
    uint8_t in_service = s->isr;

    if (request == NO_LEVEL) {
        return -1;
    }
    if (s->special_mask) {
        in_service &= ~s->imr;
    }
    if (s->special_fully_nested_mode && s->is_master) {
        in_service &= ~(1u << CASCADE);     /* the slave's more urgent lines get through */
    }
    return request < pic_priority(s, in_service) ? (int)((request + s->priority_add) & 7) : -1;
}

static void pic_update(I8259 *s)
{
    if (s->in_kernel) {
        return;
    }
    irq_set(s->intr, pic_winner(s) >= 0);
}

static void pic_set_line(void *opaque, unsigned pin, int level)
{
    I8259 *s = opaque;
    uint8_t bit = 1u << (pin & 7);

    if (s->in_kernel) {
        irqchip_ops(s->isa.dev.vm)->set_gsi(s->isa.dev.vm->accel, pin + (s->is_master ? 0 : 8), level);
        return;
    }
    if (level) {
        if ((s->last_irr & bit) == 0) {
            s->count[pin & 7]++;
        }
        if ((s->elcr & bit) || (s->last_irr & bit) == 0) {
            s->irr |= bit;
        }
        s->last_irr |= bit;
    } else {
        if (s->elcr & bit) {
            s->irr &= ~bit;
        }
        s->last_irr &= ~bit;
    }
    pic_update(s);
}

/* What an INTA cycle or a poll read does to the chip. */
static void pic_acknowledge(I8259 *s, unsigned line)
{
    if (s->auto_eoi) {
        if (s->rotate_on_auto_eoi) {
            s->priority_add = (line + 1) & 7;
        }
    } else {
        s->isr |= 1u << line;
    }
    if ((s->elcr & (1u << line)) == 0) {
        s->irr &= ~(1u << line);
    }
    pic_update(s);
}

int i8259_take_interrupt(Device *master)
{
    I8259 *m = CONTAINER(master, I8259, isa.dev);
    int line = pic_winner(m), vector;

    if (line < 0) {
        return m->irq_base + 7;
    }
    vector = m->irq_base + line;
    if (line == CASCADE && m->slave != NULL) {
        int sub = pic_winner(m->slave);

        if (sub >= 0) {
            pic_acknowledge(m->slave, sub);
        }
        vector = m->slave->irq_base + (sub >= 0 ? sub : 7);
    }
    pic_acknowledge(m, line);
    return vector;
}

bool i8259_has_interrupt(const Device *master)
{
    return pic_winner(CONTAINER(master, const I8259, isa.dev)) >= 0;
}

static void pic_eoi_highest(I8259 *s, bool rotate)
{
    unsigned n = pic_priority(s, s->isr);
    unsigned line = (n + s->priority_add) & 7;

    if (n != NO_LEVEL) {
        s->isr &= ~(1u << line);
        if (rotate) {
            s->priority_add = (line + 1) & 7;
        }
    }
}

static void pic_write_ocw2(I8259 *s, uint8_t val)
{
    unsigned line = val & 7;

    switch (val >> 5) {
    case OCW2_CLEAR_ROTATE_AEOI:
    case OCW2_SET_ROTATE_AEOI:
        s->rotate_on_auto_eoi = val >> 7;
        break;
    case OCW2_EOI:
    case OCW2_ROTATE_EOI:
        pic_eoi_highest(s, (val >> 5) == OCW2_ROTATE_EOI);
        break;
    case OCW2_SPECIFIC_EOI:
        s->isr &= ~(1u << line);
        break;
    case OCW2_SET_PRIORITY:
        s->priority_add = (line + 1) & 7;
        break;
    case OCW2_ROTATE_SPECIFIC_EOI:
        s->isr &= ~(1u << line);
        s->priority_add = (line + 1) & 7;
        break;
    case OCW2_NOP:
        break;
    }
    pic_update(s);
}

static void pic_write_ocw3(I8259 *s, uint8_t val)
{
    if (val & OCW3_POLL) {
        s->poll = 1;
    }
    if (val & OCW3_RR) {
        s->read_reg_select = val & OCW3_RIS;
    }
    if (val & OCW3_ESMM) {
        s->special_mask = (val & OCW3_SMM) != 0;
    }
    pic_update(s);
}

/* ICW1 clears everything but the level/edge selection; lines that are high and level stay requested. */
static void pic_init_state(I8259 *s)
{
    s->irr &= s->elcr;
    s->imr = s->isr = 0;
    s->last_irr = 0;
    s->priority_add = 0;
    s->irq_base = 0;
    s->read_reg_select = s->poll = s->special_mask = 0;
    s->init_state = INIT_DONE;
    s->auto_eoi = s->rotate_on_auto_eoi = s->special_fully_nested_mode = 0;
    s->init4 = s->single_mode = 0;
    pic_update(s);
}

static void pic_write_command(I8259 *s, uint8_t val)
{
    if (val & ICW1_INIT) {
        pic_init_state(s);
        s->init_state = INIT_ICW2;
        s->init4 = val & ICW1_NEED_ICW4;
        s->single_mode = (val & ICW1_SINGLE) != 0;
    } else if (val & OCW3_SELECT) {
        pic_write_ocw3(s, val);
    } else {
        pic_write_ocw2(s, val);
    }
}

static void pic_write_data(I8259 *s, uint8_t val)
{
    switch (s->init_state) {
    case INIT_ICW2:
        s->irq_base = val & 0xf8;
        if (s->single_mode) {
            s->init_state = s->init4 ? INIT_ICW4 : INIT_DONE;
        } else {
            s->init_state = INIT_ICW3;
        }
        break;
    case INIT_ICW3:                 /* the cascade is wired, not programmed */
        s->init_state = s->init4 ? INIT_ICW4 : INIT_DONE;
        break;
    case INIT_ICW4:
        s->special_fully_nested_mode = (val & ICW4_SFNM) != 0;
        s->auto_eoi = (val & ICW4_AEOI) != 0;
        s->init_state = INIT_DONE;
        break;
    default:
        s->imr = val;
        pic_update(s);
        break;
    }
}

static void pic_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    TRACE("pic_ioport_write", "addr 0x%x val 0x%x", (unsigned)off, (unsigned)val);
    if (off == PIC_COMMAND) {
        pic_write_command(opaque, val);
    } else {
        pic_write_data(opaque, val);
    }
}

static uint8_t pic_read_poll(I8259 *s)
{
    int line = pic_winner(s);

    s->poll = 0;
    if (line < 0) {
        return 0;
    }
    pic_acknowledge(s, line);
    return POLL_PENDING | line;
}

static uint64_t pic_read(void *opaque, GuestAddr off, unsigned size)
{
    I8259 *s = opaque;

    if (s->poll) {
        return pic_read_poll(s);
    }
    if (off == PIC_DATA) {
        return s->imr;
    }
    return s->read_reg_select ? s->isr : s->irr;
}

static const MemOps pic_ops = {
    .read = pic_read, .write = pic_write, .min_size = 1, .max_size = 1,
};

static uint64_t elcr_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((I8259 *)opaque)->elcr;
}

static void elcr_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I8259 *s = opaque;

    s->elcr = val & s->elcr_mask;
}

static const MemOps elcr_ops = {
    .read = elcr_read, .write = elcr_write, .min_size = 1, .max_size = 1,
};

/* ---- A pair in the kernel */

static void pic_from_kernel(I8259 *s)
{
    IrqChipPic k;

    if (!s->in_kernel || !irqchip_ops(s->isa.dev.vm)->get_pic(s->isa.dev.vm->accel, !s->is_master, &k)) {
        return;
    }
    s->last_irr = k.last_irr;
    s->irr = k.irr;
    s->imr = k.imr;
    s->isr = k.isr;
    s->priority_add = k.priority_add & 7;
    s->irq_base = k.irq_base;
    s->read_reg_select = k.read_reg_select;
    s->poll = k.poll;
    s->special_mask = k.special_mask;
    s->init_state = k.init_state & 3;
    s->auto_eoi = k.auto_eoi;
    s->rotate_on_auto_eoi = k.rotate_on_auto_eoi;
    s->special_fully_nested_mode = k.special_fully_nested_mode;
    s->init4 = k.init4;
    s->elcr = k.elcr & s->elcr_mask;
}

static void pic_to_kernel(I8259 *s)
{
    const IrqChipPic k = {
        .last_irr = s->last_irr, .irr = s->irr, .imr = s->imr, .isr = s->isr, .priority_add = s->priority_add,
        .irq_base = s->irq_base, .read_reg_select = s->read_reg_select, .poll = s->poll,
        .special_mask = s->special_mask, .init_state = s->init_state, .auto_eoi = s->auto_eoi,
        .rotate_on_auto_eoi = s->rotate_on_auto_eoi, .special_fully_nested_mode = s->special_fully_nested_mode,
        .init4 = s->init4, .elcr = s->elcr, .elcr_mask = s->elcr_mask,
    };

    if (s->in_kernel) {
        irqchip_ops(s->isa.dev.vm)->set_pic(s->isa.dev.vm->accel, !s->is_master, &k);
    }
}

static bool pic_realize(Device *dev, GError **errp)
{
    I8259 *s = CONTAINER(dev, I8259, isa.dev);

    s->in_kernel = (irqchip_parts(dev->vm) & IRQCHIP_PIC) != 0;

    mem_init_io(&s->io, "pic", 2, &pic_ops, s);
    mem_init_io(&s->elcr_io, "elcr", 1, &elcr_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    isa_register_ioport(dev, &s->elcr_io, s->elcr_addr);
    device_init_gpio_in(dev, NULL, pic_set_line, s, 8);
    device_init_gpio_out(dev, NULL, &s->intr, 1);
    return true;
}

static void pic_reset(Device *dev, ResetKind kind)
{
    I8259 *s = CONTAINER(dev, I8259, isa.dev);

    s->elcr = 0;
    s->irr = 0;
    pic_init_state(s);
    pic_to_kernel(s);
}

static bool pic_post_load(void *obj, int version, GError **errp)
{
    I8259 *s = obj;

    if (s->priority_add > 7 || s->init_state > INIT_ICW4) {
        return err_fail(errp, "i8259: impossible state");
    }
    pic_to_kernel(s);
    return true;
}

static void pic_pre_save(void *obj) { pic_from_kernel(obj); }

static const VmField pic_vm_fields[] = {
    VM_FIELD_U8(I8259, last_irr), VM_FIELD_U8(I8259, irr), VM_FIELD_U8(I8259, imr),
    VM_FIELD_U8(I8259, isr), VM_FIELD_U8(I8259, priority_add), VM_FIELD_U8(I8259, irq_base),
    VM_FIELD_U8(I8259, read_reg_select), VM_FIELD_U8(I8259, poll), VM_FIELD_U8(I8259, special_mask),
    VM_FIELD_U8(I8259, init_state), VM_FIELD_U8(I8259, auto_eoi),
    VM_FIELD_U8(I8259, rotate_on_auto_eoi), VM_FIELD_U8(I8259, special_fully_nested_mode),
    VM_FIELD_U8(I8259, init4), VM_FIELD_U8(I8259, single_mode), VM_FIELD_U8(I8259, elcr),
    VM_FIELD_END,
};
static const VmState pic_vmstate = {
    .name = "i8259", .version = 1, .min_version = 1, .fields = pic_vm_fields,
    .pre_save = pic_pre_save, .post_load = pic_post_load,
};

static const Field pic_props[] = {
    FIELD_U32("iobase", I8259, iobase, 0xffffffff),
    FIELD_U32("elcr_addr", I8259, elcr_addr, 0xffffffff),
    FIELD_U8("elcr_mask", I8259, elcr_mask, 0xff),
    FIELD_BOOL("master", I8259, is_master, false),
    { 0 },
};

const DeviceType isa_i8259_type = {
    .type = { .name = "isa-i8259", .parent = &isa_device.type, .size = sizeof(I8259),
              .props = pic_props },
    .realize = pic_realize, .reset = pic_reset, .vmstate = &pic_vmstate,
};
DEVICE_REGISTER(isa_i8259_type);

static I8259 *pic_new(Vm *vm, Bus *isa, bool master, Irq intr, GError **errp)
{
    Device *dev = device_new(&isa_i8259_type, vm, NULL);
    I8259 *s = CONTAINER(dev, I8259, isa.dev);

    s->is_master = master;
    s->iobase = master ? 0x20 : 0xa0;
    s->elcr_addr = master ? 0x4d0 : 0x4d1;
    s->elcr_mask = master ? 0xf8 : 0xde;    /* timer, keyboard, cascade, RTC, FPU are always edges */
    s->intr = intr;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return s;
}

Device *i8259_pair_new(Vm *vm, Bus *isa, Irq intr, GError **errp)
{
    I8259 *master = pic_new(vm, isa, true, intr, errp);

    if (master == NULL) {
        return NULL;
    }
    master->slave = pic_new(vm, isa, false, (Irq){ pic_set_line, master, CASCADE }, errp);
    return master->slave != NULL ? &master->isa.dev : NULL;
}

Irq i8259_input(Device *master, unsigned irq)
{
    I8259 *m = CONTAINER(master, I8259, isa.dev);

    if (irq > 15 || irq == CASCADE) {
        return (Irq){ 0 };
    }
    return device_gpio_in(irq < 8 ? master : &m->slave->isa.dev, NULL, irq & 7);
}

static void pic_dump_one(const I8259 *s, unsigned index, GString *out)
{
    g_string_append_printf(out, "pic%u: irr=%02x imr=%02x isr=%02x hprio=%d irq_base=%02x rr_sel=%d "
                           "elcr=%02x fnm=%d\n", index, s->irr, s->imr, s->isr, s->priority_add,
                           s->irq_base, s->read_reg_select, s->elcr, s->special_fully_nested_mode);
}

void i8259_dump(const Device *master, GString *out)
{
    I8259 *m = CONTAINER((Device *)master, I8259, isa.dev);

    pic_from_kernel(m);
    pic_from_kernel(m->slave);
    pic_dump_one(m->slave, 1, out);
    pic_dump_one(m, 0, out);
}

void i8259_counts(const Device *master, uint64_t counts[16])
{
    const I8259 *m = CONTAINER(master, const I8259, isa.dev);

    for (unsigned i = 0; i < 8; i++) {
        counts[i] = m->count[i];
        counts[i + 8] = m->slave->count[i];
    }
}
