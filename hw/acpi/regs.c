/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware (ACPI 1.0b, 4.7): PM1 event and control, the 24-bit PM timer, GPE0 with 16
 * events, and the system control interrupt, which is high while an enabled status bit is set. Sleep
 * types are those of the DSDT's \_S3, \_S4 and \_S5. Not modelled: BIOS_RLS/GBL_RLS, throttling, C
 * states. */
#include "hw/acpi/piix4.h"

#include "hw/core/clock.h"
#include "hw/core/vm.h"
#include "util/log.h"
#include "util/loop.h"

enum { PM_TIMER_HZ = 3579545, PM_TIMER_MASK = 0xffffff, PM_TIMER_TOP = 1 << 23 };
enum { PM1_SLP_TYP_SHIFT = 10, PM1_SLP_EN = 1 << 13 };
enum { SLP_S5 = 0, SLP_S3 = 1 };
enum {
    PM1_STS_GUEST = PM1_TMR_STS | 1 << 4 | PM1_GBL_STS | PM1_PWRBTN_STS | PM1_SLPBTN_STS |
                    PM1_RTC_STS | PM1_WAK_STS,
    PM1_SCI_STS = PM1_TMR_STS | PM1_GBL_STS | PM1_PWRBTN_STS | PM1_RTC_STS
};

static uint64_t pm_ticks(void)
{
    return clock_ns_to_ticks(clock_ns(CLOCK_VIRTUAL), PM_TIMER_HZ);
}

static uint16_t pm1_status(AcpiRegs *s)
{
    if ((int64_t)pm_ticks() >= s->overflow_time) {
        s->pm1_sts |= PM1_TMR_STS;
    }
    return s->pm1_sts;
}

/* The timer's interrupt comes when its top bit changes. */
static void pm_arm(AcpiRegs *s)
{
    if ((s->pm1_en & PM1_TMR_STS) && !(s->pm1_sts & PM1_TMR_STS)) {
        timer_set(s->timer, clock_ticks_to_ns((uint64_t)s->overflow_time, PM_TIMER_HZ));
    } else {
        timer_cancel(s->timer);
    }
}

void acpi_update_sci(AcpiRegs *s)
{
    bool level = (pm1_status(s) & s->pm1_en & PM1_SCI_STS) != 0 || (s->gpe_sts & s->gpe_en) != 0;

    irq_set(s->sci, level);
    pm_arm(s);
}

static void pm_timer_fired(void *opaque)
{
    acpi_update_sci(opaque);
}

static void pm_next_overflow(AcpiRegs *s)
{
    s->overflow_time = (int64_t)((pm_ticks() + PM_TIMER_TOP) & ~(uint64_t)(PM_TIMER_TOP - 1));
}

/* ---- PM1 event block: status, enable */

static uint64_t evt_read(void *opaque, GuestAddr off, unsigned size)
{
    AcpiRegs *s = opaque;

    return off == 0 ? pm1_status(s) : off == 2 ? s->pm1_en : 0;
}

static void evt_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    AcpiRegs *s = opaque;

    if (off == 0) {
        uint16_t sts = pm1_status(s);

        if (sts & val & PM1_TMR_STS) {
            pm_next_overflow(s);
        }
        s->pm1_sts = sts & (uint16_t) ~(val & PM1_STS_GUEST);
    } else if (off == 2) {
        s->pm1_en = (uint16_t)val;
    }
    acpi_update_sci(s);
}

/* ---- PM1 control block */

static void pm1_sleep(AcpiRegs *s, unsigned type)
{
    if (type == SLP_S5) {
        vm_request_shutdown(s->vm, SHUTDOWN_GUEST_SHUTDOWN);
    } else if (type == SLP_S3 && !s->s3_off) {
        irq_pulse(s->s3);
        vm_request_suspend(s->vm);
    } else if (type == s->s4_val && !s->s4_off) {
        vm_event(s->vm, "SUSPEND_DISK", SHUTDOWN_NONE);
        vm_request_shutdown(s->vm, SHUTDOWN_GUEST_SHUTDOWN);
    } else {
        log_guest("acpi: sleep type %u is not supported", type);
    }
}

static uint64_t cnt_read(void *opaque, GuestAddr off, unsigned size)
{
    return ((AcpiRegs *)opaque)->pm1_cnt;
}

static void cnt_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    AcpiRegs *s = opaque;

    s->pm1_cnt = (uint16_t)(val & ~PM1_SLP_EN);
    if (val & PM1_SLP_EN) {
        pm1_sleep(s, (val >> PM1_SLP_TYP_SHIFT) & 7);
    }
}

static uint64_t tmr_read(void *opaque, GuestAddr off, unsigned size)
{
    return pm_ticks() & PM_TIMER_MASK;
}

/* ---- GPE0: two bytes of status, two of enables */

static uint64_t gpe_read(void *opaque, GuestAddr off, unsigned size)
{
    AcpiRegs *s = opaque;

    return ((uint32_t)s->gpe_sts | (uint32_t)s->gpe_en << 16) >> (8 * off);
}

static void gpe_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    AcpiRegs *s = opaque;
    unsigned shift = 8 * (off & 1);

    if (off < 2) {
        s->gpe_sts &= (uint16_t) ~((val & 0xff) << shift);
    } else {
        s->gpe_en = (uint16_t)((s->gpe_en & ~(0xff << shift)) | (val & 0xff) << shift);
    }
    acpi_update_sci(s);
}

static const MemOps evt_ops = {
    .read = evt_read, .write = evt_write, .min_size = 2, .max_size = 2
};
static const MemOps cnt_ops = {
    .read = cnt_read, .write = cnt_write, .min_size = 2, .max_size = 2
};
static const MemOps tmr_ops = { .read = tmr_read, .min_size = 4, .max_size = 4, .unlocked = true };
static const MemOps gpe_ops = { .read = gpe_read, .write = gpe_write, .max_size = 1 };

void acpi_raise_gpe(AcpiRegs *s, uint16_t bits)
{
    s->gpe_sts |= bits;
    acpi_update_sci(s);
}

void acpi_power_button(AcpiRegs *s)
{
    s->pm1_sts |= PM1_PWRBTN_STS;
    acpi_update_sci(s);
}

void acpi_woken(AcpiRegs *s)
{
    s->pm1_sts |= PM1_WAK_STS;
    acpi_update_sci(s);
}

void acpi_regs_init(AcpiRegs *s, Vm *vm, MemRegion *pm_io, MemRegion *gpe_parent)
{
    s->vm = vm;
    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, pm_timer_fired, s);
    mem_init_io(&s->evt_io, "acpi-evt", 4, &evt_ops, s);
    mem_init_io(&s->cnt_io, "acpi-cnt", 2, &cnt_ops, s);
    mem_init_io(&s->tmr_io, "acpi-tmr", 4, &tmr_ops, s);
    mem_init_io(&s->gpe_io, "acpi-gpe0", ACPI_GPE0_LEN, &gpe_ops, s);
    mem_add(pm_io, 0, &s->evt_io, 0);
    mem_add(pm_io, 4, &s->cnt_io, 0);
    mem_add(pm_io, 8, &s->tmr_io, 0);
    mem_add(gpe_parent, ACPI_GPE0_BASE, &s->gpe_io, 0);
}

void acpi_regs_fini(AcpiRegs *s)
{
    timer_free(s->timer);
    s->timer = NULL;
}

void acpi_regs_reset(AcpiRegs *s)
{
    s->pm1_sts = s->pm1_en = s->pm1_cnt = 0;
    s->gpe_sts = s->gpe_en = 0;
    pm_next_overflow(s);
    acpi_update_sci(s);
}
