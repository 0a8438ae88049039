/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-parallel: a standard (SPP) printer port at LPT1-3. A strobe sends the data register to the back end;
 * the printer acknowledges at once, with an interrupt when enabled.
 * Not modelled: EPP, ECP, reading data from the back end. */
#include "hw/char/isa_chars.h"
#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/err.h"
#include "util/trace.h"

enum { PARA_DATA, PARA_STATUS, PARA_CONTROL, PARA_REGS = 8 };
enum { STS_BUSY = 0x80 /* active low */, STS_ACK = 0x40 /* active low */, STS_PAPER = 0x20,
       STS_ONLINE = 0x10, STS_ERROR = 0x08 /* active low */, STS_TIMEOUT = 0x01 };
enum { CTR_DIRECTION = 0x20, CTR_INTEN = 0x10, CTR_SELECT = 0x08, CTR_INIT = 0x04, CTR_AUTOLF = 0x02,
       CTR_STROBE = 0x01 };
enum { LPT_PORTS = 3, UNSET = 0xffffffff };

static const uint16_t lpt_port[LPT_PORTS] = { 0x378, 0x278, 0x3bc };

typedef struct Parallel {
    IsaDevice isa;
    MemRegion io;
    Irq irq;
    Char *chr;                      /* properties */
    uint32_t index, iobase, isairq;

    struct {
        uint8_t dataw, datar, status, control;
        int32_t irq_pending, epp_timeout;
    } state;
} Parallel;

static void parallel_update(Parallel *s)
{
    irq_set(s->irq, s->state.irq_pending != 0);
}

/* The printer takes the byte; without room in the back end it is lost, as on a printer that is off. */
static void parallel_print(Parallel *s)
{
    char_write(s->chr, &s->state.dataw, 1);
    if (s->state.control & CTR_INTEN) {
        s->state.irq_pending = 1;
    }
}

static void parallel_write_control(Parallel *s, uint8_t val)
{
    val |= 0xc0;
    if ((val & CTR_INIT) == 0) {
        s->state.status = STS_BUSY | STS_ACK | STS_ONLINE | STS_ERROR;
    } else if (val & CTR_SELECT) {
        if ((val & CTR_STROBE) && !(s->state.control & CTR_STROBE)) {
            s->state.status &= ~STS_BUSY;
        } else if (!(val & CTR_STROBE) && (s->state.control & CTR_STROBE)) {
            parallel_print(s);
        }
    }
    s->state.control = val;
    parallel_update(s);
}

static void parallel_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Parallel *s = opaque;

    TRACE("parallel_ioport_write", "addr 0x%x val 0x%02x", (unsigned)off, (unsigned)val);
    switch (off) {
    case PARA_DATA:
        s->state.dataw = val;
        parallel_update(s);
        break;
    case PARA_CONTROL:
        parallel_write_control(s, val);
        break;
    }
}

/* Busy, then acknowledged, then ready: a step with each look, in place of a printer's microseconds. */
static uint8_t parallel_read_status(Parallel *s)
{
    uint8_t v = s->state.status;

    s->state.irq_pending = 0;
    if ((v & STS_BUSY) == 0 && (s->state.control & CTR_STROBE) == 0) {
        s->state.status = v & STS_ACK ? v & ~STS_ACK : v | STS_ACK | STS_BUSY;
    }
    parallel_update(s);
    return v;
}

static uint64_t parallel_read(void *opaque, GuestAddr off, unsigned size)
{
    Parallel *s = opaque;

    switch (off) {
    case PARA_DATA:    return s->state.control & CTR_DIRECTION ? s->state.datar : s->state.dataw;
    case PARA_STATUS:  return parallel_read_status(s);
    case PARA_CONTROL: return s->state.control;
    default:           return 0xff;
    }
}

static const MemOps parallel_ops = {
    .read = parallel_read, .write = parallel_write, .min_size = 1, .max_size = 1,
};

static size_t parallel_room(void *opaque) { return 0; }
static void parallel_receive(void *opaque, const uint8_t *buf, size_t n) { }
static const CharUser parallel_user = { .room = parallel_room, .receive = parallel_receive };

static bool parallel_collect(Object *obj, void *opaque)
{
    uint32_t *used = opaque;

    if (type_is_a(obj->type, &isa_parallel_type.type) && ((Device *)obj)->realized) {
        *used |= 1u << (CONTAINER((Device *)obj, Parallel, isa.dev)->index & 31);
    }
    return true;
}

static bool parallel_realize(Device *dev, GError **errp)
{
    Parallel *s = CONTAINER(dev, Parallel, isa.dev);

    if (s->chr == NULL) {
        return err_fail(errp, "Can't create parallel device, empty char device");
    }
    if (s->index == UNSET) {
        uint32_t used = 0;

        object_walk(&dev->vm->root, parallel_collect, &used);
        for (s->index = 0; s->index < 31 && (used >> s->index & 1); s->index++) { }
    }
    if (s->index >= LPT_PORTS) {
        return err_fail(errp, "Max. supported number of parallel ports is %d.", LPT_PORTS);
    }
    if (s->iobase == UNSET) {
        s->iobase = lpt_port[s->index];
    }
    if (!isa_irq_checked(dev, s->isairq, &s->irq, errp) ||
        !char_attach(s->chr, &parallel_user, s, errp)) {
        return false;
    }
    mem_init_io(&s->io, "parallel", PARA_REGS, &parallel_ops, s);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void parallel_unrealize(Device *dev)
{
    Parallel *s = CONTAINER(dev, Parallel, isa.dev);

    char_detach(s->chr, s);
}

static void parallel_reset(Device *dev, ResetKind kind)
{
    Parallel *s = CONTAINER(dev, Parallel, isa.dev);

    s->state.datar = s->state.dataw = 0xff;
    s->state.status = STS_BUSY | STS_ACK | STS_ONLINE | STS_ERROR | STS_TIMEOUT;
    s->state.control = CTR_SELECT | CTR_INIT | 0xc0;
    s->state.irq_pending = s->state.epp_timeout = 0;
    parallel_update(s);
}

static const VmField parallel_vm_fields[] = {
    VM_FIELD_U8(Parallel, state.dataw),
    VM_FIELD_U8(Parallel, state.datar),
    VM_FIELD_U8(Parallel, state.status),
    VM_FIELD_U8(Parallel, state.control),
    VM_FIELD_I32(Parallel, state.irq_pending),
    VM_FIELD_I32(Parallel, state.epp_timeout),
    VM_FIELD_END,
};
static const VmState parallel_vmstate = {
    .name = "parallel_isa", .version = 1, .min_version = 1, .fields = parallel_vm_fields,
};

static const Field parallel_props[] = {
    FIELD_U32("index", Parallel, index, UNSET),
    FIELD_U32("iobase", Parallel, iobase, UNSET),
    FIELD_U32("irq", Parallel, isairq, 7),
    FIELD_CUSTOM("chardev", Parallel, chr, &char_field_ops,
                 .help = "ID of a chardev to use as a backend"),
    { 0 },
};

const DeviceType isa_parallel_type = {
    .type = { .name = "isa-parallel", .parent = &isa_device.type, .size = sizeof(Parallel),
              .user_creatable = true, .props = parallel_props },
    .category = DEV_INPUT, .fw_name = "parallel",
    .realize = parallel_realize, .unrealize = parallel_unrealize, .reset = parallel_reset,
    .vmstate = &parallel_vmstate,
};
DEVICE_REGISTER(isa_parallel_type);

Device *isa_parallel_new(Vm *vm, Bus *isa, unsigned index, Char *chr, GError **errp)
{
    Device *dev = device_new(&isa_parallel_type, vm, NULL);
    Parallel *s = CONTAINER(dev, Parallel, isa.dev);

    s->index = index;
    s->chr = chr;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
