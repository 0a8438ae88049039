/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 8254 programmable interval timer at 0x40. VM lock held for all calls. */
#ifndef HW_TIMER_I8254_H
#define HW_TIMER_I8254_H

#include "hw/core/device.h"

enum { PIT_HZ = 1193182 };

extern const DeviceType isa_pit_type;

Device *pit_new(Vm *vm, Bus *isa, Irq out0, GError **errp);     /* out0: OUT of channel 0 */
/* Level 0: channel 0 raises no interrupts (HPET legacy replacement). Level 1: normal. */
Irq pit_irq_enable(Device *pit);
void pit_set_gate(Device *pit, unsigned channel, bool gate);
bool pit_gate(const Device *pit, unsigned channel);
bool pit_out(const Device *pit, unsigned channel);              /* level of OUT now */
/* Speaker code: what channel 2 makes. Reload value in ticks (1-65536), mode 0-5. */
void pit_tone(const Device *pit, unsigned channel, unsigned *ticks, unsigned *mode);

#endif
