/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt controllers and timer that the host's kernel models. The device models of hw/intc and hw/timer stay
 * the owners of the state as others see it (properties, vmstate, reset); where a part is in the kernel they
 * map no registers and move their state through these functions. Devices ask for parts, never which
 * accelerator runs. VM lock held unless said otherwise. */
#ifndef ACCEL_IRQCHIP_H
#define ACCEL_IRQCHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "accel/accel.h"

enum { IRQCHIP_APIC = 1, IRQCHIP_PIC = 2, IRQCHIP_IOAPIC = 4, IRQCHIP_PIT = 8 };

typedef struct IrqChipPic {         /* one 8259 */
    uint8_t last_irr, irr, imr, isr, priority_add, irq_base, read_reg_select, poll, special_mask, init_state,
            auto_eoi, rotate_on_auto_eoi, special_fully_nested_mode, init4, elcr, elcr_mask;
} IrqChipPic;

typedef struct IrqChipIoapic {
    uint64_t base;
    uint32_t ioregsel, id, irr;
    uint64_t redirtbl[24];
} IrqChipIoapic;

typedef struct IrqChipPitChannel {
    uint32_t count;                 /* 1-65536 */
    uint16_t latched_count;
    uint8_t count_latched, status_latched, status, read_state, write_state, write_latch, rw_mode, mode, bcd,
            gate;
    int64_t load_time;              /* CLOCK_VIRTUAL */
} IrqChipPitChannel;
typedef struct IrqChipPit {
    IrqChipPitChannel channels[3];
    bool hpet_legacy;               /* channel 0 raises no interrupts */
} IrqChipPit;

struct IrqChipOps {
    unsigned (*parts)(const Accel *a);                      /* IRQCHIP_* in the kernel */
    void (*set_gsi)(Accel *a, unsigned gsi, int level);     /* any thread, no lock needed */
    void (*send_msi)(Accel *a, GuestAddr addr, uint32_t data);      /* the same */
    bool (*get_pic)(Accel *a, unsigned chip, IrqChipPic *s);        /* 0: master, 1: slave */
    bool (*set_pic)(Accel *a, unsigned chip, const IrqChipPic *s);
    bool (*get_ioapic)(Accel *a, IrqChipIoapic *s);
    bool (*set_ioapic)(Accel *a, const IrqChipIoapic *s);
    bool (*get_pit)(Accel *a, IrqChipPit *s);
    bool (*set_pit)(Accel *a, const IrqChipPit *s);
    bool (*pit_reinject)(Accel *a, bool on);                /* interrupts that were not taken come again */
    /* Message that GSI `gsi` stands for: an I/O APIC pin (< 24) of a split irqchip, or one of msi_alloc(). Takes
     * effect with routes_commit(): the kernel takes whole tables. masked: it has none now. */
    void (*route_msi)(Accel *a, unsigned gsi, GuestAddr addr, uint32_t data, bool masked);
    void (*routes_commit)(Accel *a);
    int (*msi_alloc)(Accel *a);                             /* a GSI of 24 and above; -1: none left */
    void (*msi_free)(Accel *a, unsigned gsi);
    /* Writing to fd raises gsi without us. resample: -1, or an eventfd told at each EOI of a level-triggered
     * gsi, whose line the kernel lowers then. */
    bool (*irqfd)(Accel *a, unsigned gsi, int fd, int resample, bool on, GError **errp);
};

/* NULL where nothing is in the kernel. */
const struct IrqChipOps *irqchip_ops(const Vm *vm);
unsigned irqchip_parts(const Vm *vm);

#endif
