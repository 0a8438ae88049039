/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt and other one-bit lines, as values. A line carries a level; the receiver keeps what it
 * needs. */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input pin of whoever receives it. Passed by value; an unconnected line has no handler. */
typedef struct Irq {
    void (*set)(void *opaque, unsigned pin, int level);
    void *opaque;
    unsigned pin;
} Irq;

typedef void IrqHandler(void *opaque, unsigned pin, int level);

static inline void irq_set(Irq irq, int level)
{
    if (irq.set != NULL) {
        irq.set(irq.opaque, irq.pin, level);
    }
}

static inline void irq_raise(Irq irq)
{
    irq_set(irq, 1);
}
static inline void irq_lower(Irq irq)
{
    irq_set(irq, 0);
}
/* An edge: for receivers that latch edges only, never for level-triggered inputs. */
static inline void irq_pulse(Irq irq)
{
    irq_set(irq, 1);
    irq_set(irq, 0);
}
static inline bool irq_connected(Irq irq)
{
    return irq.set != NULL;
}

/* Combiners. The caller embeds the struct in a device (they hold levels: reset them with the
 * device). */
typedef struct IrqSplit {
    Irq out[8];
    unsigned n;
} IrqSplit;                                             /* one in, n out */
Irq irq_split(IrqSplit *s, const Irq *out, unsigned n); /* the input */

typedef struct IrqOr {
    Irq out;
    uint64_t levels;
} IrqOr; /* up to 64 in, one out */
void irq_or_init(IrqOr *s, Irq out);
Irq irq_or_input(IrqOr *s, unsigned pin);

typedef struct IrqInvert {
    Irq out;
} IrqInvert;
Irq irq_invert(IrqInvert *s, Irq out);

#endif
