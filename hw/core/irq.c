/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Combiners of lines: one to many, many to one, inverter. */
#include "hw/core/irq.h"

#include <glib.h>

static void split_set(void *opaque, unsigned pin, int level)
{
    const IrqSplit *s = opaque;

    (void)pin;
    for (unsigned i = 0; i < s->n; i++) {
        irq_set(s->out[i], level);
    }
}

Irq irq_split(IrqSplit *s, const Irq *out, unsigned n)
{
    g_assert(n <= G_N_ELEMENTS(s->out));
    for (unsigned i = 0; i < n; i++) {
        s->out[i] = out[i];
    }
    s->n = n;
    return (Irq){ split_set, s, 0 };
}

static void or_set(void *opaque, unsigned pin, int level)
{
    IrqOr *s = opaque;
    uint64_t bit = 1ull << pin;

    s->levels = level ? s->levels | bit : s->levels & ~bit;
    irq_set(s->out, s->levels != 0);
}

void irq_or_init(IrqOr *s, Irq out)
{
    s->out = out;
    s->levels = 0;
}

Irq irq_or_input(IrqOr *s, unsigned pin)
{
    g_assert(pin < 64);
    return (Irq){ or_set, s, pin };
}

static void invert_set(void *opaque, unsigned pin, int level)
{
    const IrqInvert *s = opaque;

    (void)pin;
    irq_set(s->out, !level);
}

Irq irq_invert(IrqInvert *s, Irq out)
{
    s->out = out;
    return (Irq){ invert_set, s, 0 };
}
