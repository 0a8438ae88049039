/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchdog timer of the Intel 6300ESB I/O controller (data sheet 300641, chapter 16): two stages of
 * 20 bits each, counted in 2^15 or 2^5 periods of the 33 MHz PCI clock. The end of the first stage
 * raises the chosen interrupt, that of the second drives WDT_TOUT#, which is the machine's watchdog
 * action. Registers that change the timer obey only after the sequence 0x80, 0x86 to the reload
 * register. Not modelled: the line itself (in free-running mode it toggles), its polarity. */
#include <string.h>

#include "hw/core/vm.h"
#include "hw/pci/pci.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/timer.h"

enum { CFG_CONFIG = 0x60, CFG_LOCK = 0x68 };
enum {
    CONFIG_INT_TYPE = 3,
    CONFIG_FAST_CLOCK = 1 << 2,
    CONFIG_OUTPUT_OFF = 1 << 5,
    LOCK_LOCKED = 1 << 0,
    LOCK_ENABLE = 1 << 1,
    LOCK_FREE_RUN = 1 << 2
};
enum { REG_PRELOAD1 = 0, REG_PRELOAD2 = 4, REG_STATUS = 8, REG_RELOAD = 0x0c, REGS_LEN = 0x10 };
enum { RELOAD_NOW = 1 << 8, RELOAD_TIMED_OUT = 1 << 9, PRELOAD_MASK = 0xfffff };
enum { UNLOCK_FIRST = 0x80, UNLOCK_SECOND = 0x86 };
enum { SCALE_1MHZ, SCALE_1KHZ }; /* stream values */
enum { INT_APIC, INT_RESERVED, INT_SMI, INT_OFF };
enum { PCI_CLOCK_NS = 30 };

typedef struct I6300esb {
    PciDevice pci;
    MemRegion regs;
    int32_t reboot_enabled, clock_scale, int_type, free_run, locked, enabled;
    Timer *timer;
    uint32_t timer1_preload, timer2_preload;
    int32_t stage, unlock_state, previous_reboot_flag; /* stage 1 or 2 */
} I6300esb;

static void esb_run(I6300esb *s, int stage)
{
    uint64_t count = stage == 1 ? s->timer1_preload : s->timer2_preload;
    unsigned shift = s->clock_scale == SCALE_1KHZ ? 15 : 5;

    s->stage = stage;
    if (s->enabled) {
        timer_set_in(s->timer, (int64_t)((count << shift) * PCI_CLOCK_NS));
    }
}

static void esb_first_stage_over(I6300esb *s)
{
    switch (s->int_type) {
    case INT_APIC: log_unimp("i6300esb: interrupt at the end of the first stage"); break;
    case INT_SMI: log_unimp("i6300esb: SMI at the end of the first stage"); break;
    default: break;
    }
    esb_run(s, 2);
}

static void esb_expired(void *opaque)
{
    I6300esb *s = opaque;

    if (s->stage == 1) {
        esb_first_stage_over(s);
        return;
    }
    if (s->reboot_enabled) {
        s->previous_reboot_flag = 1;
        vm_watchdog_expired(s->pci.dev.vm);
    }
    if (s->free_run) {
        esb_run(s, 1);
    }
}

/* ---- Configuration space */

static void esb_config_written(PciDevice *pci, unsigned off, uint32_t val, unsigned size)
{
    I6300esb *s = CONTAINER(pci, I6300esb, pci);

    if (off == CFG_CONFIG && size >= 2) {
        s->reboot_enabled = !(val & CONFIG_OUTPUT_OFF);
        s->clock_scale = val & CONFIG_FAST_CLOCK ? SCALE_1MHZ : SCALE_1KHZ;
        s->int_type = (int32_t)(val & CONFIG_INT_TYPE);
    } else if (off == CFG_LOCK && !s->locked) {
        bool was = s->enabled != 0;

        s->locked = (val & LOCK_LOCKED) != 0;
        s->free_run = (val & LOCK_FREE_RUN) != 0;
        s->enabled = (val & LOCK_ENABLE) != 0;
        if (!was && s->enabled) {
            esb_run(s, 1);
        } else if (!s->enabled) {
            timer_cancel(s->timer);
        }
    }
}

static uint32_t esb_config_read(PciDevice *pci, unsigned off, unsigned size)
{
    const I6300esb *s = CONTAINER(pci, const I6300esb, pci);
    uint8_t at[4] = { 0 };

    memcpy(at, pci->config + off, size);
    if (off == CFG_CONFIG) {
        at[0] = (uint8_t)((s->reboot_enabled ? 0 : CONFIG_OUTPUT_OFF) |
                          (s->clock_scale == SCALE_1MHZ ? CONFIG_FAST_CLOCK : 0) | s->int_type);
    } else if (off == CFG_LOCK) {
        at[0] = (uint8_t)((s->free_run ? LOCK_FREE_RUN : 0) | (s->locked ? LOCK_LOCKED : 0) |
                          (s->enabled ? LOCK_ENABLE : 0));
    }
    return pci_get32(at);
}

/* ---- Registers */

static uint64_t esb_read(void *opaque, GuestAddr off, unsigned size)
{
    const I6300esb *s = opaque;

    return off == REG_RELOAD && s->previous_reboot_flag ? RELOAD_TIMED_OUT : 0;
}

static void esb_unlocked_write(I6300esb *s, GuestAddr off, uint32_t val)
{
    switch (off) {
    case REG_PRELOAD1: s->timer1_preload = val & PRELOAD_MASK; break;
    case REG_PRELOAD2: s->timer2_preload = val & PRELOAD_MASK; break;
    case REG_RELOAD:
        if (val & RELOAD_NOW) {
            esb_run(s, 1);
        }
        if (val & RELOAD_TIMED_OUT) {
            s->previous_reboot_flag = 0;
        }
        break;
    default: break;
    }
}

static void esb_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    I6300esb *s = opaque;

    if (off == REG_RELOAD && val == UNLOCK_FIRST) {
        s->unlock_state = 1;
    } else if (off == REG_RELOAD && val == UNLOCK_SECOND && s->unlock_state == 1) {
        s->unlock_state = 2;
    } else if (s->unlock_state == 2) {
        s->unlock_state = 0;
        esb_unlocked_write(s, off, (uint32_t)val);
    } else {
        log_guest("i6300esb: write of register 0x%x without the unlock sequence", (unsigned)off);
    }
}

static const MemOps esb_ops = { .read = esb_read, .write = esb_write, .max_size = 4 };

/* ---- Life */

static void esb_reset(Device *dev, ResetKind kind)
{
    I6300esb *s = CONTAINER(dev, I6300esb, pci.dev);

    timer_cancel(s->timer);
    s->reboot_enabled = 1;
    s->clock_scale = SCALE_1KHZ;
    s->int_type = INT_APIC;
    s->free_run = s->locked = s->enabled = 0;
    s->timer1_preload = s->timer2_preload = PRELOAD_MASK;
    s->stage = 1;
    s->unlock_state = 0; /* previous_reboot_flag tells the guest after the reset */
}

static bool esb_realize(Device *dev, GError **errp)
{
    I6300esb *s = CONTAINER(dev, I6300esb, pci.dev);

    s->timer = timer_new(loop_main(), CLOCK_VIRTUAL, esb_expired, s);
    mem_init_io(&s->regs, "i6300esb", REGS_LEN, &esb_ops, s);
    pci_add_bar(&s->pci, 0, &s->regs, PCI_BAR_MEM);
    return true;
}

static void esb_unrealize(Device *dev)
{
    I6300esb *s = CONTAINER(dev, I6300esb, pci.dev);

    timer_free(s->timer);
    s->timer = NULL;
    mem_fini(&s->regs);
}

static bool esb_post_load(void *obj, int version, GError **errp)
{
    I6300esb *s = obj;

    s->int_type &= CONFIG_INT_TYPE;
    s->stage = s->stage == 2 ? 2 : 1;
    s->timer1_preload &= PRELOAD_MASK;
    s->timer2_preload &= PRELOAD_MASK;
    return true;
}

static const VmField esb_fields[] = {
    VM_FIELD_STRUCT(I6300esb, pci, pci_device_vmstate, .as = "dev"),
    VM_FIELD_I32(I6300esb, reboot_enabled),
    VM_FIELD_I32(I6300esb, clock_scale),
    VM_FIELD_I32(I6300esb, int_type),
    VM_FIELD_I32(I6300esb, free_run),
    VM_FIELD_I32(I6300esb, locked),
    VM_FIELD_I32(I6300esb, enabled),
    VM_FIELD_TIMER(I6300esb, timer),
    VM_FIELD_U32(I6300esb, timer1_preload),
    VM_FIELD_U32(I6300esb, timer2_preload),
    VM_FIELD_I32(I6300esb, stage),
    VM_FIELD_I32(I6300esb, unlock_state),
    VM_FIELD_I32(I6300esb, previous_reboot_flag),
    VM_FIELD_END,
};
static const VmState esb_vmstate = {
    .name = "i6300esb_wdt",
    .version = 10000,
    .min_version = 1,
    .fields = esb_fields,
    .post_load = esb_post_load,
};

static const PciInfo esb_info = {
    .vendor = 0x8086,
    .device = 0x25ab,
    .class_id = 0x0880,
    .config_written = esb_config_written,
    .config_read = esb_config_read,
};

static const DeviceType i6300esb = {
    .type = { .name = "i6300esb",
              .desc = "Intel 6300ESB",
              .parent = &pci_device.type,
              .size = sizeof(I6300esb),
              .user_creatable = true },
    .bus_info = &esb_info,
    .category = DEV_WATCHDOG,
    .hotpluggable = true,
    .realize = esb_realize,
    .unrealize = esb_unrealize,
    .reset = esb_reset,
    .vmstate = &esb_vmstate,
};
DEVICE_REGISTER(i6300esb);
