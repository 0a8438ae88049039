/* SPDX-License-Identifier: GPL-2.0-or-later */
/* High precision event timers (IA-PC HPET 1.0a) at 0xfed00000. VM lock held for all calls. */
#ifndef HW_TIMER_HPET_H
#define HW_TIMER_HPET_H

#include "hw/core/device.h"

enum { HPET_BASE = 0xfed00000, HPET_SIZE = 0x400 };

extern const DeviceType hpet_type;

/* gsi[0..31]: where timers interrupt; 0 and 8 are used in legacy replacement mode. pit_enable: lowered while
 * that mode is on (pit_irq_enable()). */
Device *hpet_new(Vm *vm, GuestAddr base, const Irq gsi[32], uint32_t intcap, Irq pit_enable,
                 GError **errp);
/* Where the RTC's interrupt goes in: passed to GSI 8 except in legacy replacement mode. */
Irq hpet_rtc_input(Device *hpet);

#endif
