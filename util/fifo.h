/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of bytes of fixed capacity, in memory of the owner: for UARTs, PS/2 queues, FIFOs of controllers. All
 * state is in the struct, so vmstate rows may name it. */
#ifndef UTIL_FIFO_H
#define UTIL_FIFO_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Fifo { uint8_t *data; uint32_t capacity, head, num; } Fifo;    /* head: the oldest byte */

static inline void fifo_init(Fifo *f, uint8_t *data, uint32_t capacity)
{
    *f = (Fifo){ data, capacity, 0, 0 };
}

static inline void fifo_reset(Fifo *f) { f->head = f->num = 0; }
static inline bool fifo_empty(const Fifo *f) { return f->num == 0; }
static inline bool fifo_full(const Fifo *f) { return f->num == f->capacity; }
static inline uint32_t fifo_used(const Fifo *f) { return f->num; }
static inline uint32_t fifo_free(const Fifo *f) { return f->capacity - f->num; }

/* false: full, nothing stored. */
static inline bool fifo_push(Fifo *f, uint8_t v)
{
    if (fifo_full(f)) {
        return false;
    }
    f->data[(f->head + f->num) % f->capacity] = v;
    f->num++;
    return true;
}

/* 0 when empty. */
static inline uint8_t fifo_peek(const Fifo *f) { return f->num == 0 ? 0 : f->data[f->head]; }

static inline uint8_t fifo_pop(Fifo *f)
{
    uint8_t v = fifo_peek(f);

    if (f->num > 0) {
        f->head = (f->head + 1) % f->capacity;
        f->num--;
    }
    return v;
}

/* After a load from outside: are the numbers possible? */
static inline bool fifo_valid(const Fifo *f) { return f->head < f->capacity && f->num <= f->capacity; }

#endif
