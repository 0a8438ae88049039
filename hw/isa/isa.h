/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bus of a board: port space, 16 interrupt lines, DMA channels. VM lock held for all calls. */
#ifndef HW_ISA_ISA_H
#define HW_ISA_ISA_H

#include "hw/core/device.h"

enum { ISA_IRQS = 16 };

typedef struct IsaBus {
    Bus bus;
    MemRegion *mem, *io;            /* where cards appear; not owned */
    /* The lines are wired-or: this is the bridge's own input to each; cards take theirs by isa_irq(). */
    Irq irq[ISA_IRQS];
    Irq out[ISA_IRQS];              /* to the interrupt controllers */
    uint16_t high[ISA_IRQS];        /* how many sources hold each line */
    GPtrArray *sources;             /* of IsaSource * */
    struct IsaDma *dma;             /* hw/dma/i8257.h; NULL until the controllers exist */
} IsaBus;

typedef struct IsaDevice {
    Device dev;
    uint16_t first_port;            /* first registered port, for paths; 0: none */
} IsaDevice;

extern const BusType isa_bus;           /* "ISA" */
extern const DeviceType isa_device;     /* "isa-device", abstract */

/* A bus named "isa.0" below owner (the bridge), or of the machine when owner is NULL. */
IsaBus *isa_bus_new(Vm *vm, Device *owner, MemRegion *mem, MemRegion *io);
void isa_bus_set_irqs(IsaBus *bus, const Irq irq[ISA_IRQS]);
IsaBus *isa_bus_of(const Device *dev);  /* of a device that sits on one */
/* The device's own input to line n of its bus; unconnected when n is not one. */
Irq isa_irq(const Device *dev, unsigned n);
/* Same, for properties: an error that names the device when n is above 15. */
bool isa_irq_checked(const Device *dev, unsigned n, Irq *irq, GError **errp);
void isa_register_ioport(Device *dev, MemRegion *r, uint16_t port);

#endif
