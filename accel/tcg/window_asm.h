/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host code of an access through a window (window.h), for translations and for the test that tries to
 * break out. Needs BMI2; flags stay; the low six bits of R14 are WINDOW_CHECK_SHIFT. */
#ifndef ACCEL_TCG_WINDOW_ASM_H
#define ACCEL_TCG_WINDOW_ASM_H

#include "accel/tcg/vcpu.h"
#include "accel/tcg/window.h"
#include "accel/tcg/x86_64/asm.h"

/* Faults unless the address in `reg` may be used with a distance. Destroys scratch, which may be reg. */
static inline void win_probe(Asm *a, unsigned scratch, unsigned reg, const uint8_t *table)
{
    a8(a, 0xc4);                                                /* shrx scratch, reg, r14 */
    a8(a, (scratch < 8 ? 0x80 : 0) | 0x40 | (reg < 8 ? 0x20 : 0) | 2);
    a8(a, 0x80 | (~H_R14 & 15) << 3 | 3);
    a8(a, 0xf7);
    a8(a, 0xc0 | (scratch & 7) << 3 | (reg & 7));
    a_rm(a, 0, 0x0fb6, scratch, a_at(scratch, (int32_t)(uintptr_t)table));
}

/* Host minus guest of low addresses. */
static inline void win_low(Asm *a, unsigned to, const TcgVcpu *v)
{
    a_load(a, 1, to, a_abs(&v->win_delta[WINDOW_DELTA_LOW]));
}

/* Host minus guest for the address in reg, which is looked up by that. */
static inline void win_either(Asm *a, unsigned to, unsigned reg, const TcgVcpu *v)
{
    win_probe(a, to, reg, v->window_table);
    a_load(a, 1, to, (AsmMem){ .base = H_NONE, .index = to, .scale = 3, .disp = (int32_t)(uintptr_t)v->win_delta });
}

#endif
