/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include <stddef.h>

/* One input pin of whoever receives it. Passed by value; an unconnected line has no handler. */
typedef struct Irq {
    void (*set)(void *opaque, unsigned pin, int level);
    void *opaque;
    unsigned pin;
} Irq;

static inline void irq_set(Irq irq, int level)
{
    if (irq.set != NULL) {
        irq.set(irq.opaque, irq.pin, level);
    }
}

#endif
