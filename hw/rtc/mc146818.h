/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MC146818 real-time clock and CMOS RAM at 0x70. VM lock held for all calls. */
#ifndef HW_RTC_MC146818_H
#define HW_RTC_MC146818_H

#include <time.h>

#include "hw/core/device.h"
#include "util/loop.h"

extern const DeviceType mc146818rtc_type;

typedef struct RtcConfig {          /* -rtc; zero: base=utc,clock=host */
    Clock clock;                    /* which clock moves the time of day */
    int64_t base;                   /* with base_set: seconds since 1970 that the guest sees at start */
    bool base_set;                  /* base=DATE */
    bool localtime;                 /* base=localtime */
} RtcConfig;

/* cfg is copied; NULL is the default. irq unconnected: ISA IRQ of the property "irq" (8). */
Device *rtc_new(Vm *vm, Bus *isa, const RtcConfig *cfg, Irq irq, GError **errp);
/* CMOS bytes that the board fills for the firmware: 0x0e-0x7f, indices masked to 7 bits. */
void rtc_set_cmos(Device *rtc, unsigned index, uint8_t val);
uint8_t rtc_get_cmos(const Device *rtc, unsigned index);
/* Broken-down date and time the guest's clock shows now, as -rtc and qom-get date need it. */
void rtc_get_date(const Device *rtc, struct tm *tm);

#endif
