/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "info lapic": the registers of a local APIC in words. */
#include "hw/intc/apic_int.h"

#include <inttypes.h>

#include "target/i386/apic_if.h"

static const char *const delivery_name[8] = {
    "Fixed", "LowPri", "SMI", "...", "NMI", "INIT", "SIPI", "ExtINT",
};

static const char *timer_mode(uint32_t lvt)
{
    static const char *const names[4] = { "one-shot", "periodic", "tsc-deadline", "" };

    return names[(lvt & LVT_TIMER_MODE) >> 17];
}

static void dump_lvt(const Apic *s, const char *name, unsigned n, GString *out)
{
    uint32_t v = s->lvt[n];
    unsigned dm = (v & LVT_DM) >> LVT_DM_SHIFT;

    g_string_append_printf(out, "%s\t 0x%08x active-%s %-5s %-6s %-7s %-12s %-6s", name, v,
                           v & LVT_POLARITY ? "lo" : "hi", v & LVT_LEVEL ? "level" : "edge",
                           v & LVT_MASKED ? "masked" : "", v & LVT_PENDING ? "pending" : "",
                           n == LVT_TIMER ? timer_mode(v) : "", delivery_name[dm]);
    if (dm != APIC_DM_NMI) {
        g_string_append_printf(out, " (vec %u)", v & LVT_VECTOR);
    }
    g_string_append_c(out, '\n');
}

static void dump_set(const Apic *s, const char *name, const uint32_t *set, GString *out)
{
    bool any = false;

    g_string_append_printf(out, "%s\t ", name);
    for (unsigned i = 0; i < 256; i++) {
        if (apic_bit(set, i)) {
            g_string_append_printf(out, "%u%s ", i, apic_bit(s->tmr, i) ? "(level)" : "");
            any = true;
        }
    }
    g_string_append(out, any ? "\n" : "(none)\n");
}

static void dump_icr(const Apic *s, GString *out)
{
    static const char *const shorthand[4] = { "no-shorthand", "self", "all-self", "all" };
    uint32_t icr = s->icr[0], dest = apic_is_x2(s) ? s->icr[1] : s->icr[1] >> 24;

    g_string_append_printf(out, "ICR\t 0x%08x %s %s %s %s\n", icr,
                           icr & ICR_LOGICAL ? "logical" : "physical",
                           icr & ICR_TRIGGER_LEVEL ? "level" : "edge",
                           icr & ICR_LEVEL_ASSERT ? "assert" : "de-assert",
                           shorthand[(icr >> ICR_SHORTHAND_SHIFT) & 3]);
    g_string_append_printf(out, "ICR2\t 0x%08x", s->icr[1]);
    if (icr & ICR_LOGICAL) {
        char bits[33];
        unsigned width = apic_is_x2(s) ? 32 : 8;

        for (unsigned i = 0; i < width; i++) {
            bits[i] = (dest >> (width - 1 - i)) & 1 ? '1' : '0';
        }
        bits[width] = '\0';
        g_string_append_printf(out, " mask %s (APIC ID)", bits);
    } else if (((icr >> ICR_SHORTHAND_SHIFT) & 3) == SHORT_NONE) {
        g_string_append_printf(out, " cpu %u (X2APIC ID)", dest);
    }
    g_string_append_c(out, '\n');
}

void apic_dump(const Device *apic, GString *out)
{
    const Apic *s = CONTAINER(apic, const Apic, dev);
    unsigned shift = (((s->divide_conf & 3) | ((s->divide_conf >> 1) & 4)) + 1) & 7;

    g_string_append_printf(out, "dumping local APIC state for CPU %u \n\n", s->cpu->index);
    dump_lvt(s, "LVT0", LVT_LINT0, out);
    dump_lvt(s, "LVT1", LVT_LINT1, out);
    dump_lvt(s, "LVTPC", LVT_PERF, out);
    dump_lvt(s, "LVTERR", LVT_ERROR, out);
    dump_lvt(s, "LVTTHMR", LVT_THERMAL, out);
    dump_lvt(s, "LVTT", LVT_TIMER, out);
    g_string_append_printf(out, "Timer\t DCR=0x%x (divide by %u) initial_count = %u current_count = %u\n",
                           s->divide_conf, 1u << shift, s->initial_count,
                           apic_current_count(s));
    g_string_append_printf(out, "SPIV\t 0x%08x APIC %s, focus=%s, spurious vec %u\n", s->spurious_vec,
                           s->spurious_vec & SVR_ENABLE ? "enabled" : "disabled",
                           s->spurious_vec & SVR_FOCUS ? "on" : "off", s->spurious_vec & 0xff);
    dump_icr(s, out);
    g_string_append_printf(out, "ESR\t 0x%08x\n", s->esr);
    dump_set(s, "ISR", s->isr, out);
    dump_set(s, "IRR", s->irr, out);
    g_string_append_printf(out, "\nAPR 0x%02x TPR 0x%02x DFR 0x%02x LDR 0x%02x", s->arb_id, s->tpr,
                           s->dest_mode, s->log_dest);
    g_string_append_printf(out, " PPR 0x%02x\n", apic_ppr(s));
}
