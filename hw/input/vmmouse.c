/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMware's absolute pointer (as Linux's vmmouse driver speaks to it): packets of four words are fetched through
 * the VMware port; a byte of the PS/2 mouse makes the interrupt. */
#include "hw/core/vm.h"
#include "hw/input/i8042.h"
#include "hw/isa/isa.h"
#include "hw/misc/pc_misc.h"
#include "ui/input.h"
#include "util/err.h"
#include "util/log.h"

enum {
    VMM_REQUEST_RELATIVE = 0x4c455252, VMM_REQUEST_ABSOLUTE = 0x53424152, VMM_DISABLE = 0x000000f5,
    VMM_READ_ID = 0x45414552, VMM_VERSION = 0x3442554a,
};
enum { VMM_QUEUE = 1024, VMM_PACKET = 4, VMM_ERROR = 0xffff };
enum { VMM_LEFT = 0x20, VMM_RIGHT = 0x10, VMM_MIDDLE = 0x08, VMM_RELATIVE = 0x00010000,
       VMM_ABS_MAX = 0xffff };

typedef struct Vmmouse {
    IsaDevice isa;
    Device *vmport, *i8042;
    InputPort *port;
    uint32_t queue_size;
    uint32_t queue[VMM_QUEUE];
    uint16_t nb_queue, status;
    uint8_t absolute;
    int32_t pos[2];                 /* absolute position, or movement since the last packet */
    int32_t dz;
    unsigned buttons;
} Vmmouse;

static void vmmouse_event(void *opaque, const InputEvent *ev)
{
    static const uint8_t bit[BUTTON_COUNT] = {
        [BUTTON_LEFT] = VMM_LEFT, [BUTTON_RIGHT] = VMM_RIGHT, [BUTTON_MIDDLE] = VMM_MIDDLE,
    };
    Vmmouse *s = opaque;

    if (ev->kind == INPUT_ABS) {
        s->pos[ev->code & 1] = (int64_t)ev->value * VMM_ABS_MAX / INPUT_ABS_MAX;
    } else if (ev->kind == INPUT_REL) {
        s->pos[ev->code & 1] += ev->value;
    } else if (ev->kind == INPUT_BUTTON && ev->code >= 0 && ev->code < BUTTON_COUNT) {
        if (ev->value) {
            s->dz += ev->code == BUTTON_WHEEL_DOWN ? 1 : ev->code == BUTTON_WHEEL_UP ? -1 : 0;
        }
        s->buttons = ev->value ? s->buttons | bit[ev->code] : s->buttons & ~bit[ev->code];
    }
}

static void vmmouse_sync(void *opaque)
{
    Vmmouse *s = opaque;
    uint32_t *p = &s->queue[s->nb_queue];

    if (s->nb_queue > VMM_QUEUE - VMM_PACKET) {
        return;                     /* the guest does not fetch them: newer ones are lost */
    }
    p[0] = s->buttons | (s->absolute ? 0 : VMM_RELATIVE);
    p[1] = s->pos[0];
    p[2] = s->absolute ? s->pos[1] : -s->pos[1];
    p[3] = s->dz;
    s->nb_queue += VMM_PACKET;
    s->dz = 0;
    if (!s->absolute) {
        s->pos[0] = s->pos[1] = 0;
    }
    i8042_mouse_fake_event(s->i8042);
}

static const InputHandler vmmouse_absolute = {
    .name = "vmmouse", .mask = INPUT_BUTTON | INPUT_ABS, .event = vmmouse_event, .sync = vmmouse_sync,
};
static const InputHandler vmmouse_relative = {
    .name = "vmmouse", .mask = INPUT_BUTTON | INPUT_REL, .event = vmmouse_event, .sync = vmmouse_sync,
};

static void vmmouse_unplug(Vmmouse *s)
{
    if (s->port != NULL) {
        input_unregister(s->port);
        s->port = NULL;
    }
}

static void vmmouse_plug(Vmmouse *s, bool absolute)
{
    vmmouse_unplug(s);
    s->absolute = absolute;
    s->pos[0] = s->pos[1] = s->dz = 0;
    s->port = input_register(absolute ? &vmmouse_absolute : &vmmouse_relative, s);
    input_activate(s->port);
}

static void vmmouse_disable(Vmmouse *s)
{
    s->status = VMM_ERROR;
    s->nb_queue = 0;
    vmmouse_unplug(s);
}

static void vmmouse_command(void *opaque, VmportRegs *r)
{
    Vmmouse *s = opaque;

    switch (r->ebx) {
    case VMM_DISABLE:
        vmmouse_disable(s);
        break;
    case VMM_READ_ID:
        s->queue[0] = VMM_VERSION;
        s->nb_queue = 1;
        s->status = 0;
        break;
    case VMM_REQUEST_RELATIVE:
    case VMM_REQUEST_ABSOLUTE:
        vmmouse_plug(s, r->ebx == VMM_REQUEST_ABSOLUTE);
        break;
    default:
        log_guest("vmmouse: unknown command 0x%08x", r->ebx);
        break;
    }
}

static void vmmouse_status(void *opaque, VmportRegs *r)
{
    const Vmmouse *s = opaque;

    r->eax = (uint32_t)s->status << 16 | s->nb_queue;
}

/* EBX words of the queue go to EAX, EBX, ECX, EDX, ESI, EDI. */
static void vmmouse_data(void *opaque, VmportRegs *r)
{
    Vmmouse *s = opaque;
    uint32_t *reg[6] = { &r->eax, &r->ebx, &r->ecx, &r->edx, &r->esi, &r->edi };
    unsigned n = r->ebx;

    if (n == 0 || n > 6 || n > s->nb_queue) {
        log_guest("vmmouse: %u words asked for, %u are there", n, s->nb_queue);
        s->status = VMM_ERROR;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        *reg[i] = s->queue[i];
    }
    s->nb_queue -= n;
    memmove(s->queue, s->queue + n, s->nb_queue * sizeof(s->queue[0]));
}

static bool vmmouse_realize(Device *dev, GError **errp)
{
    Vmmouse *s = CONTAINER(dev, Vmmouse, isa.dev);

    if (s->vmport == NULL || s->i8042 == NULL) {
        return err_fail(errp, "'i8042' link is not set");
    }
    s->queue_size = VMM_QUEUE;
    vmport_register(s->vmport, VMPORT_VMMOUSE_STATUS, vmmouse_status, s);
    vmport_register(s->vmport, VMPORT_VMMOUSE_COMMAND, vmmouse_command, s);
    vmport_register(s->vmport, VMPORT_VMMOUSE_DATA, vmmouse_data, s);
    return true;
}

static void vmmouse_unrealize(Device *dev)
{
    vmmouse_unplug(CONTAINER(dev, Vmmouse, isa.dev));
}

static void vmmouse_reset(Device *dev, ResetKind kind)
{
    vmmouse_disable(CONTAINER(dev, Vmmouse, isa.dev));
}

static bool vmmouse_post_load(void *obj, int version, GError **errp)
{
    Vmmouse *s = obj;

    if (s->nb_queue > VMM_QUEUE) {
        return err_fail(errp, "vmmouse: impossible queue");
    }
    vmmouse_unplug(s);
    if (s->status != VMM_ERROR) {
        vmmouse_plug(s, s->absolute);
    }
    return true;
}

static const VmField vmmouse_vm_fields[] = {
    VM_FIELD_EQUAL(Vmmouse, queue_size, uint32_t), VM_FIELD_U32_ARRAY(Vmmouse, queue),
    VM_FIELD_U16(Vmmouse, nb_queue), VM_FIELD_U16(Vmmouse, status), VM_FIELD_U8(Vmmouse, absolute),
    VM_FIELD_END,
};
static const VmState vmmouse_vmstate = {
    .name = "vmmouse", .version = 0, .min_version = 0, .fields = vmmouse_vm_fields,
    .post_load = vmmouse_post_load,
};

static const Field vmmouse_props[] = { FIELD_SHOWN_AS("i8042", "link<i8042>"), { 0 } };

static const DeviceType vmmouse_type = {
    .type = { .name = "vmmouse", .parent = &isa_device.type, .size = sizeof(Vmmouse),
              .props = vmmouse_props,
              .user_creatable = true },
    .category = DEV_INPUT,
    .realize = vmmouse_realize, .unrealize = vmmouse_unrealize, .reset = vmmouse_reset,
    .vmstate = &vmmouse_vmstate,
};
DEVICE_REGISTER(vmmouse_type);

Device *vmmouse_new(Vm *vm, Bus *isa, Device *vmport, Device *i8042, GError **errp)
{
    Device *dev = device_new(&vmmouse_type, vm, NULL);
    Vmmouse *s = CONTAINER(dev, Vmmouse, isa.dev);

    s->vmport = vmport;
    s->i8042 = i8042;
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
