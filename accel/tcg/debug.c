/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A debugger's breakpoints, watchpoints and steps under the translator. Nothing is written into the guest: the
 * interpreter compares every instruction's address with the list, and pages that hold breakpoints are not
 * translated meanwhile (lookup.c). With watchpoints all code is interpreted (the target's debug_changed() sees to
 * it), as with data breakpoints of the guest's own. Accesses of the processor itself (descriptors, page tables,
 * stack frames of events) and of devices are not watched. VM lock held, vCPUs standing still. */
#include "accel/tcg/tcg.h"

#include <inttypes.h>

#include "accel/tcg/block.h"
#include "util/err.h"

enum { BREAKS_MAX = 1024 };

static Tcg *tcg_from(Accel *a)
{
    return CONTAINER(a, Tcg, accel);
}

static bool is_insn(const CpuBreak *b)
{
    return b->kind <= BREAK_HARD;
}

static int find(const Tcg *t, const CpuBreak *b)
{
    for (guint k = 0; t->breaks != NULL && k < t->breaks->len; k++) {
        const CpuBreak *have = &g_array_index(t->breaks, CpuBreak, k);

        if (have->kind == b->kind && have->at == b->at && have->len == b->len) {
            return (int)k;
        }
    }
    return -1;
}

static void settle(Cpu *cpu)
{
    CpuDebug *d = &cpu->debug;

    d->on = d->step || d->insns || d->data;
    d->watched = -1;
    if (cpu->type->tcg->debug_changed != NULL) {
        cpu->type->tcg->debug_changed(cpu);
    }
}

/* The list has changed. */
static void apply(Tcg *t)
{
    bool insns = false, data = false;

    for (guint k = 0; k < t->breaks->len; k++) {
        bool insn = is_insn(&g_array_index(t->breaks, CpuBreak, k));

        insns |= insn;
        data |= !insn;
    }
    for (guint k = 0; k < t->vm->cpus->len; k++) {
        Cpu *cpu = g_ptr_array_index(t->vm->cpus, k);

        cpu->debug.breaks = (const CpuBreak *)(const void *)t->breaks->data;
        cpu->debug.n = t->breaks->len;
        cpu->debug.insns = insns;
        cpu->debug.data = data;
        settle(cpu);
    }
}

static bool debug_add(Accel *a, const CpuBreak *b, GError **errp)
{
    Tcg *t = tcg_from(a);

    if (t->breaks == NULL) {
        t->breaks = g_array_new(FALSE, TRUE, sizeof(CpuBreak));
    }
    if (find(t, b) >= 0) {
        return true;
    }
    if (t->breaks->len == BREAKS_MAX) {
        return err_fail(errp, "all %d breakpoints are in use", BREAKS_MAX);
    }
    if (b->len == 0 || b->at + (b->len - 1) < b->at) {
        return err_fail(errp, "a watchpoint of %" PRIu64 " bytes at 0x%" PRIx64 " watches nothing", b->len, b->at);
    }
    g_array_append_vals(t->breaks, b, 1);
    for (guint k = 0; k < t->vm->cpus->len && is_insn(b); k++) {
        TcgVcpu *v = tcg_vcpu(g_ptr_array_index(t->vm->cpus, k));

        if (v != NULL && v->cache != NULL) {
            cache_drop_page(v, b->at);
        }
    }
    apply(t);
    return true;
}

static bool debug_del(Accel *a, const CpuBreak *b, GError **errp)
{
    Tcg *t = tcg_from(a);
    int k = find(t, b);

    if (k < 0) {
        return err_fail(errp, "there is no such breakpoint at 0x%" PRIx64, b->at);
    }
    g_array_remove_index(t->breaks, (guint)k);
    apply(t);
    return true;
}

static void debug_clear(Accel *a)
{
    Tcg *t = tcg_from(a);

    if (t->breaks != NULL) {
        g_array_set_size(t->breaks, 0);
        apply(t);
    }
}

static void debug_step(Accel *a, Cpu *cpu, bool on)
{
    (void)a;
    if (cpu->debug.step != on) {
        cpu->debug.step = on;
        settle(cpu);
    }
}

const AccelDebugOps tcg_debug_ops = { .add = debug_add, .del = debug_del, .clear = debug_clear, .step = debug_step };
