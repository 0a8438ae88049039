/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MC146818A real-time clock with 128 bytes of CMOS RAM (data sheet ADI-1159; PC/AT use of the RAM).
 *
 * Time of day is a number of seconds plus a fraction, computed from a clock when the guest looks; update,
 * alarm and periodic flags are computed when register C is read, and timers run only for enabled interrupts.
 * UIP is set for the 244 us before each second; the update itself takes no time. The century is kept at 0x32
 * and, as an alias, at 0x37. Not modelled: square wave output, daylight saving (DSE is only stored). */
#include "hw/rtc/mc146818.h"

#include "hw/core/vm.h"
#include "hw/isa/isa.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/log.h"

enum {
    RTC_SECONDS = 0x00, RTC_SECONDS_ALARM = 0x01, RTC_MINUTES = 0x02, RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04, RTC_HOURS_ALARM = 0x05, RTC_DAY_OF_WEEK = 0x06, RTC_DAY_OF_MONTH = 0x07,
    RTC_MONTH = 0x08, RTC_YEAR = 0x09, RTC_A = 0x0a, RTC_B = 0x0b, RTC_C = 0x0c, RTC_D = 0x0d,
    RTC_CENTURY = 0x32, RTC_CENTURY_PS2 = 0x37, RTC_SIZE = 128,
};
enum { A_UIP = 0x80, A_DV = 0x70, A_DV_NORMAL = 0x20, A_DV_RESET = 0x60, A_RATE = 0x0f };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_SQWE = 0x08, B_BINARY = 0x04,
       B_24H = 0x02 };
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { D_VALID = 0x80, HOUR_PM = 0x80, ALARM_ANY = 0xc0 };
enum { RTC_HZ = 32768, UIP_NS = 244 * 1000, DIVIDER_START_NS = 500 * 1000 * 1000, DAY_SECONDS = 86400 };
enum { MIN_PERIODIC_NS = 100 * 1000 };

typedef enum LostTicks { LOST_DISCARD, LOST_DELAY, LOST_SLEW } LostTicks;

typedef struct Rtc {
    IsaDevice isa;
    MemRegion io, io_index;
    Irq irq;
    RtcConfig cfg;
    int32_t base_year;              /* properties */
    uint16_t iobase;
    uint8_t isairq;
    LostTicks lost_tick_policy;

    uint8_t cmos_data[RTC_SIZE];    /* time registers are current only while stopped */
    uint8_t cmos_index;
    int64_t base_rtc;               /* seconds since 1970, shown at last_update + ... */
    int64_t last_update;            /* ns of cfg.clock */
    int64_t offset;                 /* ns of the second that had passed then */
    int64_t seen_second;            /* flags are up to date to here */
    int64_t next_alarm_time, next_periodic_time;
    uint32_t period, irq_coalesced;
    uint16_t irq_reinject_on_ack_count;
    time_t split_second;            /* what split_time is, if `split` */
    struct tm split_time;
    bool split;
    bool shown;                     /* so do the registers, nothing was written since */
    int64_t host_base;              /* what the guest's clock would show unset, for RTC_CHANGE */
    Timer *periodic_timer, *update_timer, *coalesced_timer;
} Rtc;

/* ---- Time */

#define RTC_LAST INT64_C(7000000000)    /* the year 2191: nanoseconds since 1970 stay within 64 bits */

static int64_t rtc_clock(const Rtc *s) { return clock_ns(s->cfg.clock); }

static bool rtc_running(const Rtc *s)
{
    return (s->cmos_data[RTC_B] & B_SET) == 0 && (s->cmos_data[RTC_A] & A_DV) <= A_DV_NORMAL;
}

/* Nanoseconds since 1970 as the guest's clock counts them. */
static int64_t rtc_time_ns(const Rtc *s)
{
    return s->base_rtc * NS_PER_S + (rtc_clock(s) - s->last_update) + s->offset;
}

static int64_t rtc_floor_second(int64_t ns)
{
    return ns >= 0 ? ns / NS_PER_S : -((-ns + NS_PER_S - 1) / NS_PER_S);
}

static uint8_t rtc_encode(const Rtc *s, unsigned v)
{
    return s->cmos_data[RTC_B] & B_BINARY ? v : v / 10 << 4 | v % 10;
}

static unsigned rtc_decode(const Rtc *s, uint8_t v)
{
    return s->cmos_data[RTC_B] & B_BINARY ? v : (v >> 4) * 10u + (v & 15);
}

static uint8_t rtc_encode_hour(const Rtc *s, unsigned hour)
{
    if (s->cmos_data[RTC_B] & B_24H) {
        return rtc_encode(s, hour);
    }
    return rtc_encode(s, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned rtc_decode_hour(const Rtc *s, uint8_t v)
{
    if (s->cmos_data[RTC_B] & B_24H) {
        return rtc_decode(s, v);
    }
    return rtc_decode(s, v & 0x7f) % 12 + (v & HOUR_PM ? 12 : 0);
}

/* Time registers from the running clock. */
static void rtc_show(Rtc *s)
{
    time_t t = rtc_floor_second(rtc_time_ns(s));
    struct tm tm;
    int year;

    if (!s->split || s->split_second != t) {
        gmtime_r(&t, &s->split_time);
        s->split_second = t;
        s->split = true;
    }
    tm = s->split_time;
    year = MAX(tm.tm_year + 1900 - s->base_year, 0);
    s->cmos_data[RTC_SECONDS] = rtc_encode(s, tm.tm_sec);
    s->cmos_data[RTC_MINUTES] = rtc_encode(s, tm.tm_min);
    s->cmos_data[RTC_HOURS] = rtc_encode_hour(s, tm.tm_hour);
    s->cmos_data[RTC_DAY_OF_WEEK] = rtc_encode(s, tm.tm_wday + 1);
    s->cmos_data[RTC_DAY_OF_MONTH] = rtc_encode(s, tm.tm_mday);
    s->cmos_data[RTC_MONTH] = rtc_encode(s, tm.tm_mon + 1);
    s->cmos_data[RTC_YEAR] = rtc_encode(s, year % 100);
    s->cmos_data[RTC_CENTURY] = rtc_encode(s, year / 100 % 100);
}

/* The clock from time registers that the guest wrote; fraction: ns of the second that have passed. */
static void rtc_take(Rtc *s, int64_t fraction)
{
    struct tm tm = {
        .tm_sec = rtc_decode(s, s->cmos_data[RTC_SECONDS]),
        .tm_min = rtc_decode(s, s->cmos_data[RTC_MINUTES]),
        .tm_hour = rtc_decode_hour(s, s->cmos_data[RTC_HOURS]),
        .tm_mday = rtc_decode(s, s->cmos_data[RTC_DAY_OF_MONTH]),
        .tm_mon = (int)rtc_decode(s, s->cmos_data[RTC_MONTH]) - 1,
        .tm_year = rtc_decode(s, s->cmos_data[RTC_YEAR]) +
                   rtc_decode(s, s->cmos_data[RTC_CENTURY]) * 100 + s->base_year - 1900,
    };

    s->base_rtc = CLAMP(timegm(&tm), -RTC_LAST, RTC_LAST);
    s->last_update = rtc_clock(s);
    s->offset = fraction;
    s->seen_second = s->base_rtc;
}

/* The guest has set the clock: by how much it is off what it would show unset. */
static void rtc_announce(Rtc *s)
{
    int64_t unset = s->host_base + rtc_clock(s) / NS_PER_S;
    g_autofree char *path = object_path(&s->isa.dev.obj);
    Json *data = json_object_new();

    json_set_int(data, "offset", rtc_floor_second(rtc_time_ns(s)) - unset);
    json_set_str(data, "qom-path", path);
    vm_report(s->isa.dev.vm, "RTC_CHANGE", data);
}

/* ---- Flags and interrupts */

static void rtc_raise(Rtc *s, uint8_t flags)
{
    s->cmos_data[RTC_C] |= flags;
    if (s->cmos_data[RTC_C] & s->cmos_data[RTC_B] & (C_PF | C_AF | C_UF)) {
        s->cmos_data[RTC_C] |= C_IRQF;
        irq_set(s->irq, 1);
        if ((flags & C_AF) && s->isa.dev.vm->run_state == RUN_SUSPENDED) {
            vm_request_wakeup(s->isa.dev.vm, NULL);
        }
    }
}

static bool rtc_alarm_field(uint8_t reg, unsigned want, unsigned have)
{
    return (reg & ALARM_ANY) == ALARM_ANY || want == have;
}

/* First second after t, at most a day later, at which the alarm goes off; t + a day + 1: never. */
static int64_t rtc_next_alarm(const Rtc *s, int64_t t)
{
    uint8_t rs = s->cmos_data[RTC_SECONDS_ALARM], rm = s->cmos_data[RTC_MINUTES_ALARM],
            rh = s->cmos_data[RTC_HOURS_ALARM];
    unsigned sec = rtc_decode(s, rs), min = rtc_decode(s, rm), hour = rtc_decode_hour(s, rh);
    int64_t end = t + DAY_SECONDS;

    for (t++; t <= end;) {
        unsigned day = ((t % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;

        if (!rtc_alarm_field(rh, hour, day / 3600)) {
            t += 3600 - day % 3600;
        } else if (!rtc_alarm_field(rm, min, day / 60 % 60)) {
            t += 60 - day % 60;
        } else if (!rtc_alarm_field(rs, sec, day % 60)) {
            t++;
        } else {
            return t;
        }
    }
    return end + 1;
}

/* Update-ended and alarm flags for the seconds since the last look. */
static void rtc_catch_up(Rtc *s)
{
    int64_t now = rtc_floor_second(rtc_time_ns(s));
    uint8_t flags = C_UF;

    if (!rtc_running(s) || now == s->seen_second) {
        return;
    }
    if (now > s->seen_second && rtc_next_alarm(s, s->seen_second) <= now) {
        flags |= C_AF;
    }
    s->seen_second = now;
    rtc_raise(s, flags);
}

static void rtc_arm_update(Rtc *s)
{
    int64_t now = rtc_time_ns(s), second = rtc_floor_second(now), at;
    uint8_t b = s->cmos_data[RTC_B];

    if (!rtc_running(s) || (b & (B_UIE | B_AIE)) == 0) {
        timer_cancel(s->update_timer);
        return;
    }
    s->next_alarm_time = rtc_next_alarm(s, second);
    at = b & B_UIE ? second + 1 : s->next_alarm_time;
    timer_set(s->update_timer, rtc_clock(s) + (at * NS_PER_S - now));
}

static void rtc_update_fired(void *opaque)
{
    Rtc *s = opaque;

    rtc_catch_up(s);
    rtc_arm_update(s);
}

/* ---- Periodic interrupt */

static uint32_t rtc_period_ticks(const Rtc *s)
{
    unsigned rate = s->cmos_data[RTC_A] & A_RATE;

    if (rate == 0 || (s->cmos_data[RTC_A] & A_DV) > A_DV_NORMAL) {
        return 0;
    }
    return 1u << ((rate <= 2 ? rate + 7 : rate) - 1);   /* data sheet table 5: 1 and 2 mean 8 and 9 */
}

/* Periods begin where the clock is a multiple of them. */
static int64_t rtc_next_periodic(const Rtc *s, int64_t now)
{
    uint64_t tick = muldiv64(now, RTC_HZ, NS_PER_S);

    return muldiv64_up((tick / s->period + 1) * s->period, NS_PER_S, RTC_HZ);
}

static void rtc_arm_periodic(Rtc *s)
{
    s->period = rtc_period_ticks(s);
    if (s->period == 0) {
        timer_cancel(s->periodic_timer);
        return;
    }
    s->next_periodic_time = rtc_next_periodic(s, rtc_clock(s));
    if (s->cmos_data[RTC_B] & B_PIE) {
        timer_set(s->periodic_timer, s->next_periodic_time);
    } else {
        timer_cancel(s->periodic_timer);
        s->irq_coalesced = 0;
    }
}

static void rtc_periodic_due(Rtc *s, int64_t now)
{
    if (s->period == 0 || now < s->next_periodic_time) {
        return;
    }
    if (s->lost_tick_policy == LOST_SLEW && (s->cmos_data[RTC_B] & B_PIE)) {
        uint64_t late = muldiv64(now - s->next_periodic_time, RTC_HZ, NS_PER_S) / s->period;
        bool unread = (s->cmos_data[RTC_C] & C_PF) != 0;

        s->irq_coalesced = MIN(s->irq_coalesced + late + unread, 100000u);
    }
    s->next_periodic_time = rtc_next_periodic(s, now);
    rtc_raise(s, C_PF);
}

static void rtc_periodic_fired(void *opaque)
{
    Rtc *s = opaque;

    rtc_periodic_due(s, rtc_clock(s));
    if (s->period != 0 && (s->cmos_data[RTC_B] & B_PIE)) {
        timer_set(s->periodic_timer, MAX(s->next_periodic_time, rtc_clock(s) + MIN_PERIODIC_NS));
    }
}

/* A tick that was lost is given back soon after the guest has read the last one. */
static void rtc_coalesced_fired(void *opaque)
{
    Rtc *s = opaque;

    if (s->irq_coalesced > 0 && (s->cmos_data[RTC_B] & B_PIE)) {
        s->irq_coalesced--;
        rtc_raise(s, C_PF);
    }
}

/* ---- Registers */

static bool rtc_is_time(unsigned index)
{
    return index == RTC_CENTURY || index == RTC_YEAR || index == RTC_MONTH ||
           index == RTC_DAY_OF_MONTH || index == RTC_DAY_OF_WEEK || index == RTC_HOURS ||
           index == RTC_MINUTES || index == RTC_SECONDS;
}

static uint8_t rtc_read_a(const Rtc *s)
{
    uint8_t a = s->cmos_data[RTC_A] & ~A_UIP;
    int64_t now = rtc_time_ns(s);

    if (rtc_running(s) && (rtc_floor_second(now) + 1) * NS_PER_S - now <= UIP_NS) {
        a |= A_UIP;
    }
    return a;
}

static uint8_t rtc_read_c(Rtc *s)
{
    uint8_t c;

    rtc_catch_up(s);
    rtc_periodic_due(s, rtc_clock(s));
    c = s->cmos_data[RTC_C];
    s->cmos_data[RTC_C] = 0;
    irq_set(s->irq, 0);
    if (s->irq_coalesced > 0) {
        int64_t span = muldiv64(s->period, NS_PER_S, RTC_HZ) / 8;

        timer_set(s->coalesced_timer, rtc_clock(s) + MAX(span, MIN_PERIODIC_NS));
    }
    return c;
}

static uint8_t rtc_read_data(Rtc *s)
{
    unsigned index = s->cmos_index == RTC_CENTURY_PS2 ? RTC_CENTURY : s->cmos_index;

    switch (index) {
    case RTC_A:
        return rtc_read_a(s);
    case RTC_C:
        return rtc_read_c(s);
    default:
        if (rtc_is_time(index) && rtc_running(s) &&
            (!s->shown || rtc_floor_second(rtc_time_ns(s)) != s->split_second)) {
            rtc_show(s);
            s->shown = true;
        }
        return s->cmos_data[index];
    }
}

static void rtc_write_a(Rtc *s, uint8_t val)
{
    uint8_t old = s->cmos_data[RTC_A];
    bool was_reset = (old & A_DV_RESET) == A_DV_RESET, is_reset = (val & A_DV_RESET) == A_DV_RESET;

    rtc_catch_up(s);
    if (!was_reset && is_reset && rtc_running(s)) {
        rtc_show(s);                /* the divider stops: registers hold the time */
    }
    s->cmos_data[RTC_A] = val & ~A_UIP;
    if (was_reset && !is_reset && (s->cmos_data[RTC_B] & B_SET) == 0) {
        rtc_take(s, DIVIDER_START_NS);      /* first update half a second later */
    }
    if ((old ^ val) & (A_RATE | A_DV)) {
        rtc_arm_periodic(s);
    }
    rtc_arm_update(s);
}

/* data mode and hour format only change how registers are read from now on */
static void rtc_write_b(Rtc *s, uint8_t val)
{
    uint8_t old = s->cmos_data[RTC_B];

    rtc_catch_up(s);
    if (val & B_SET) {
        if (rtc_running(s)) {
            s->offset = rtc_time_ns(s) - rtc_floor_second(rtc_time_ns(s)) * NS_PER_S;
            rtc_show(s);
        }
        val &= ~B_UIE;              /* data sheet: SET clears UIE */
        s->cmos_data[RTC_B] = val;
    } else if (old & B_SET) {
        /* the registers were written in the old format, whatever the new one is */
        s->cmos_data[RTC_B] = old & ~B_SET;
        if ((s->cmos_data[RTC_A] & A_DV) <= A_DV_NORMAL) {
            rtc_take(s, s->offset);
            rtc_announce(s);
        }
    }
    s->cmos_data[RTC_B] = val;
    if (s->cmos_data[RTC_C] & val & (C_PF | C_AF | C_UF)) {
        s->cmos_data[RTC_C] |= C_IRQF;
        irq_set(s->irq, 1);
    } else {
        s->cmos_data[RTC_C] &= ~C_IRQF;
        irq_set(s->irq, 0);
    }
    if ((old ^ val) & B_PIE) {
        rtc_arm_periodic(s);
    }
    rtc_arm_update(s);
}

static void rtc_write_data(Rtc *s, uint8_t val)
{
    unsigned index = s->cmos_index == RTC_CENTURY_PS2 ? RTC_CENTURY : s->cmos_index;

    s->shown = false;
    switch (index) {
    case RTC_A:
        rtc_write_a(s, val);
        break;
    case RTC_B:
        rtc_write_b(s, val);
        break;
    case RTC_C:
    case RTC_D:
        break;                      /* read only */
    case RTC_SECONDS_ALARM:
    case RTC_MINUTES_ALARM:
    case RTC_HOURS_ALARM:
        rtc_catch_up(s);
        s->cmos_data[index] = val;
        rtc_arm_update(s);
        break;
    default:
        if (rtc_is_time(index) && rtc_running(s)) {
            int64_t fraction = rtc_time_ns(s) - rtc_floor_second(rtc_time_ns(s)) * NS_PER_S;

            rtc_catch_up(s);
            rtc_show(s);
            s->cmos_data[index] = val;
            rtc_take(s, fraction);
            rtc_announce(s);
            rtc_arm_update(s);
        } else {
            s->cmos_data[index] = val;
        }
        break;
    }
}

static void rtc_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Rtc *s = opaque;

    if ((off & 1) == 0) {
        s->cmos_index = val & 0x7f;     /* bit 7 masks NMI: nobody raises one through it here */
    } else {
        rtc_write_data(s, val);
    }
}

static uint64_t rtc_read(void *opaque, GuestAddr off, unsigned size)
{
    return off & 1 ? rtc_read_data(opaque) : 0xff;      /* the index is write only */
}

static const MemOps rtc_ops = { .read = rtc_read, .write = rtc_write, .min_size = 1, .max_size = 1 };

/* ---- For the board */

void rtc_set_cmos(Device *rtc, unsigned index, uint8_t val)
{
    CONTAINER(rtc, Rtc, isa.dev)->shown = false;
    CONTAINER(rtc, Rtc, isa.dev)->cmos_data[index & 0x7f] = val;
}

uint8_t rtc_get_cmos(const Device *rtc, unsigned index)
{
    return CONTAINER(rtc, const Rtc, isa.dev)->cmos_data[index & 0x7f];
}

void rtc_get_date(const Device *rtc, struct tm *tm)
{
    time_t t = rtc_floor_second(rtc_time_ns(CONTAINER(rtc, const Rtc, isa.dev)));

    gmtime_r(&t, tm);
}

/* ---- Device */

static int64_t rtc_start_time(const RtcConfig *cfg)
{
    time_t t = clock_ns(CLOCK_HOST) / NS_PER_S;
    struct tm tm;

    if (cfg->base_set) {
        return cfg->base;
    }
    if (!cfg->localtime) {
        return t;
    }
    localtime_r(&t, &tm);
    return timegm(&tm);
}

static bool rtc_realize(Device *dev, GError **errp)
{
    Rtc *s = CONTAINER(dev, Rtc, isa.dev);

    if (s->lost_tick_policy == LOST_DELAY) {
        return err_fail(errp, "Invalid lost tick policy.");
    }
    if (!irq_connected(s->irq) && !isa_irq_checked(dev, s->isairq, &s->irq, errp)) {
        return false;
    }
    s->cmos_data[RTC_A] = 0x26;
    s->cmos_data[RTC_B] = B_24H;
    s->cmos_data[RTC_D] = D_VALID;
    s->base_rtc = s->seen_second = rtc_start_time(&s->cfg);
    s->last_update = rtc_clock(s);
    s->host_base = s->base_rtc - s->last_update / NS_PER_S;
    s->offset = s->cfg.clock == CLOCK_HOST && !s->cfg.base_set ? s->last_update % NS_PER_S : 0;
    rtc_show(s);
    s->periodic_timer = timer_new(loop_main(), s->cfg.clock, rtc_periodic_fired, s);
    s->update_timer = timer_new(loop_main(), s->cfg.clock, rtc_update_fired, s);
    s->coalesced_timer = timer_new(loop_main(), s->cfg.clock, rtc_coalesced_fired, s);
    rtc_arm_periodic(s);
    mem_init_io(&s->io, "rtc", 2, &rtc_ops, s);
    mem_init_io(&s->io_index, "rtc-index", 1, &rtc_ops, s);
    mem_add(&s->io, 0, &s->io_index, 0);
    isa_register_ioport(dev, &s->io, s->iobase);
    device_init_gpio_out(dev, NULL, &s->irq, 1);
    return true;
}

static void rtc_unrealize(Device *dev)
{
    Rtc *s = CONTAINER(dev, Rtc, isa.dev);

    timer_free(s->periodic_timer);
    timer_free(s->update_timer);
    timer_free(s->coalesced_timer);
}

/* RESET# leaves time, calendar and RAM alone. */
static void rtc_reset(Device *dev, ResetKind kind)
{
    Rtc *s = CONTAINER(dev, Rtc, isa.dev);

    s->cmos_data[RTC_B] &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    s->cmos_data[RTC_C] = 0;
    s->irq_coalesced = 0;
    timer_cancel(s->coalesced_timer);
    irq_set(s->irq, 0);
    rtc_arm_periodic(s);
    rtc_arm_update(s);
}

static void rtc_pre_save(void *obj)
{
    Rtc *s = obj;

    rtc_catch_up(s);
    if (rtc_running(s)) {
        rtc_show(s);
    }
}

static bool rtc_post_load(void *obj, int version, GError **errp)
{
    Rtc *s = obj;

    s->cmos_index &= 0x7f;
    s->shown = false;
    if (s->offset < 0 || s->offset > 2 * NS_PER_S || ABS(s->base_rtc) > RTC_LAST ||
        ABS(s->last_update / NS_PER_S) > RTC_LAST / 4) {
        return err_fail(errp, "mc146818rtc: impossible time");
    }
    s->seen_second = rtc_floor_second(rtc_time_ns(s));
    s->period = rtc_period_ticks(s);
    if (s->next_periodic_time < 0 || s->next_periodic_time > rtc_clock(s) + NS_PER_S) {
        s->next_periodic_time = s->period != 0 ? rtc_next_periodic(s, rtc_clock(s)) : 0;
    }
    if (s->period != 0 && (s->cmos_data[RTC_B] & B_PIE)) {
        timer_set(s->periodic_timer, s->next_periodic_time);
    } else {
        timer_cancel(s->periodic_timer);
    }
    rtc_arm_update(s);
    return true;
}

static bool rtc_reinject_needed(const void *obj)
{
    return ((const Rtc *)obj)->irq_reinject_on_ack_count != 0;
}
static const VmField rtc_reinject_vm_fields[] = {
    VM_FIELD_U16(Rtc, irq_reinject_on_ack_count), VM_FIELD_END,
};
static const VmState rtc_reinject_vmstate = {
    .name = "mc146818rtc/irq_reinject_on_ack_count", .version = 1, .min_version = 1,
    .fields = rtc_reinject_vm_fields, .needed = rtc_reinject_needed,
};
static const VmState *const rtc_sections[] = { &rtc_reinject_vmstate, NULL };

static const VmField rtc_vm_fields[] = {
    VM_FIELD_BUF(Rtc, cmos_data), VM_FIELD_U8(Rtc, cmos_index), VM_FIELD_UNUSED(7 * 4),
    VM_FIELD_TIMER(Rtc, periodic_timer), VM_FIELD_I64(Rtc, next_periodic_time), VM_FIELD_UNUSED(3 * 8),
    VM_FIELD_U32(Rtc, irq_coalesced, .since = 2), VM_FIELD_U32(Rtc, period, .since = 2),
    VM_FIELD_I64(Rtc, base_rtc, .since = 3), VM_FIELD_I64(Rtc, last_update, .since = 3),
    VM_FIELD_I64(Rtc, offset, .since = 3), VM_FIELD_TIMER(Rtc, update_timer, .since = 3),
    VM_FIELD_I64(Rtc, next_alarm_time, .since = 3),
    VM_FIELD_END,
};
static const VmState rtc_vmstate = {
    .name = "mc146818rtc", .version = 3, .min_version = 1, .fields = rtc_vm_fields,
    .sections = rtc_sections, .pre_save = rtc_pre_save, .post_load = rtc_post_load,
};

static const char *const lost_tick_names[] = { "discard", "delay", "slew", NULL };
static const EnumDef lost_tick_enum = { "LostTickPolicy", lost_tick_names };

static const Field rtc_props[] = {
    FIELD_I32("base_year", Rtc, base_year, 1980),
    FIELD_U16("iobase", Rtc, iobase, 0x70),
    FIELD_U8("irq", Rtc, isairq, 8),
    FIELD_ENUM("lost_tick_policy", Rtc, lost_tick_policy, &lost_tick_enum, LOST_DISCARD),
    { 0 },
};

const DeviceType mc146818rtc_type = {
    .type = { .name = "mc146818rtc", .parent = &isa_device.type, .size = sizeof(Rtc),
              .user_creatable = true, .props = rtc_props },
    .category = DEV_MISC,
    .realize = rtc_realize, .unrealize = rtc_unrealize, .reset = rtc_reset, .vmstate = &rtc_vmstate,
};
DEVICE_REGISTER(mc146818rtc_type);

Device *rtc_new(Vm *vm, Bus *isa, const RtcConfig *cfg, Irq irq, GError **errp)
{
    Device *dev = device_new(&mc146818rtc_type, vm, NULL);
    Rtc *s = CONTAINER(dev, Rtc, isa.dev);

    s->base_year = 0;
    s->irq = irq;
    if (cfg != NULL) {
        s->cfg = *cfg;
    }
    if (!device_realize(dev, isa, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return dev;
}
