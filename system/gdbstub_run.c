/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gdb server: letting the machine run, some or all of its CPUs, for good or for one instruction; and telling the
 * client why it stopped. Steps end at the first instruction of a handler when there was an exception or (without
 * NOIRQ) an interrupt. A halted CPU that is to step waits for what wakes it. NOTIMER is accepted and has nothing to
 * do: virtual time stands still between steps anyway. */
#include "system/gdbstub_int.h"

Cpu *gdb_cpu(const Gdb *g, unsigned index)
{
    return index < g->vm->cpus->len ? g_ptr_array_index(g->vm->cpus, index) : NULL;
}

static const AccelDebugOps *debug_ops(const Gdb *g)
{
    return g->vm->accel->type->debug;
}

/* All may run again, for as long as they like. */
static void release_all(Gdb *g)
{
    for (unsigned k = 0; k < g->vm->cpus->len; k++) {
        Cpu *cpu = gdb_cpu(g, k);

        cpu_hold(cpu, false);
        if (cpu->debug.step) {
            debug_ops(g)->step(g->vm->accel, cpu, false);
        }
    }
}

static void clear_hits(Gdb *g)
{
    for (unsigned k = 0; k < g->vm->cpus->len; k++) {
        gdb_cpu(g, k)->debug.hit = HIT_NONE;
    }
}

void gdb_forget_breaks(Gdb *g)
{
    debug_ops(g)->clear(g->vm->accel);
    release_all(g);
    clear_hits(g);
    g->armed = false;
}

void gdb_run_init(Gdb *g)
{
    if (vm_running(g->vm)) {
        vm_stop(g->vm, RUN_PAUSED);
    }
    release_all(g);
    clear_hits(g);
    cpu_regs_pull(gdb_cpu(g, 0), NULL);
    g->layout = gdb_cpu(g, 0)->type->gdb_layout(gdb_cpu(g, 0));
}

bool gdb_set_pc(Gdb *g, unsigned index, uint64_t pc)
{
    Cpu *cpu = gdb_cpu(g, index);

    if (cpu == NULL || !cpu_regs_pull(cpu, NULL)) {
        return false;
    }
    cpu->type->gdb_write(cpu, g->layout, cpu->type->gdb_pc(g->layout), (const uint8_t *)&pc);
    cpu_regs_changed(cpu);
    return true;
}

/* ---- Stopped */

static uint64_t read_pc(const Gdb *g, Cpu *cpu)
{
    uint8_t buf[GDB_REG_MAX] = { 0 };
    uint64_t pc = 0;
    int n;

    if (!cpu_regs_pull(cpu, NULL)) {
        return 0;
    }
    n = cpu->type->gdb_read(cpu, g->layout, cpu->type->gdb_pc(g->layout), buf);
    for (int k = 0; k < n && k < 8; k++) {
        pc |= (uint64_t)buf[k] << (k * 8);
    }
    return pc;
}

/* ";watch:ADDRESS" and the like. A breakpoint is called one only where the client's idea of the pc is its address:
 * with a segment's base in between it would take the stop for a mistake and go on. */
static void put_reason(const Gdb *g, GString *out, Cpu *cpu, const CpuBreak *b)
{
    static const char *const watches[BREAK_KINDS] = {
        [WATCH_WRITE] = "watch", [WATCH_READ] = "rwatch", [WATCH_ACCESS] = "awatch",
    };

    if (watches[b->kind] != NULL) {
        g_string_append_printf(out, "%s:%016" G_GINT64_MODIFIER "x;", watches[b->kind], b->at);
    } else if (b->kind == BREAK_SOFT && g->swbreak && read_pc(g, cpu) == b->at) {
        g_string_append(out, "swbreak:;");
    } else if (b->kind == BREAK_HARD && g->hwbreak && read_pc(g, cpu) == b->at) {
        g_string_append(out, "hwbreak:;");
    }
}

static void send_stop(Gdb *g, unsigned signal, Cpu *cpu, const CpuBreak *what)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "T%02xthread:", signal);
    gdb_put_thread(g, out, cpu != NULL ? cpu->index : g->run_cpu);
    g_string_append_c(out, ';');
    if (what != NULL) {
        put_reason(g, out, cpu, what);
    }
    g->waits = false;
    gdb_send(g, out->str, out->len);
}

void gdb_report_stop(Gdb *g)
{
    send_stop(g, 5, gdb_cpu(g, g->run_cpu), NULL);
}

/* The first CPU that found something; what others found at the same time is told at the next start if it would not be
 * found again. */
static Cpu *take_hit(Gdb *g, bool watches_only)
{
    for (unsigned k = 0; k < g->vm->cpus->len; k++) {
        Cpu *cpu = gdb_cpu(g, k);
        bool watch = cpu->debug.hit == HIT_BREAK && cpu->debug.what.kind >= WATCH_WRITE;

        if (watch || (cpu->debug.hit != HIT_NONE && !watches_only)) {
            return cpu;
        }
    }
    return NULL;
}

static void report_hit(Gdb *g, Cpu *cpu)
{
    CpuHit hit = cpu->debug.hit;
    CpuBreak what = cpu->debug.what;

    cpu->debug.hit = HIT_NONE;
    g->reg_cpu = g->run_cpu = cpu->index;
    send_stop(g, 5, cpu, hit == HIT_BREAK ? &what : NULL);
}

/* gdb's numbers of signals; 0: the machine is about to go on by itself. */
static unsigned signal_of(RunState s)
{
    switch (s) {
    case RUN_PAUSED:         return 2;          /* SIGINT */
    case RUN_SHUTDOWN:       return 3;          /* SIGQUIT */
    case RUN_DEBUG:          return 5;          /* SIGTRAP */
    case RUN_INTERNAL_ERROR: return 6;          /* SIGABRT */
    case RUN_WATCHDOG:       return 14;         /* SIGALRM */
    case RUN_IO_ERROR:       return 23;         /* SIGIO */
    case RUN_SAVE_VM:
    case RUN_RESTORE_VM:
    case RUN_FINISH_MIGRATE:
    case RUN_SUSPENDED:      return 0;
    default:                 return 143;        /* unknown */
    }
}

static void stopped(Gdb *g, RunState s)
{
    Cpu *cpu = take_hit(g, false);

    release_all(g);
    if (cpu != NULL) {
        report_hit(g, cpu);
    } else {
        send_stop(g, signal_of(s), gdb_cpu(g, g->run_cpu), NULL);
    }
}

void gdb_run_state(void *opaque, bool running, RunState s)
{
    Gdb *g = opaque;

    if (!running && g->connected && g->waits && signal_of(s) != 0) {
        stopped(g, s);
    }
}

void gdb_interrupt(Gdb *g)
{
    if (vm_running(g->vm)) {
        vm_stop(g->vm, RUN_PAUSED);
    } else if (g->waits) {          /* it stood still for another reason, such as sleep */
        stopped(g, RUN_PAUSED);
    }
}

/* ---- Running */

static bool can_start(RunState s)
{
    switch (s) {
    case RUN_DEBUG: case RUN_PAUSED: case RUN_PRELAUNCH: case RUN_IO_ERROR: case RUN_WATCHDOG:
    case RUN_GUEST_PANICKED: case RUN_POSTMIGRATE:
        return true;
    default:
        return false;
    }
}

void gdb_let_go(Gdb *g)
{
    if (can_start(g->vm->run_state)) {
        vm_start(g->vm);
    }
}

void gdb_resume(Gdb *g, const char *actions)
{
    Cpu *cpu = take_hit(g, true);

    g->waits = true;
    if (cpu != NULL) {
        report_hit(g, cpu);
        return;
    }
    clear_hits(g);
    if (!can_start(g->vm->run_state)) {
        if (g->vm->run_state != RUN_SUSPENDED) {
            stopped(g, g->vm->run_state);
        }
        return;
    }
    for (unsigned k = 0; k < g->vm->cpus->len; k++) {
        cpu = gdb_cpu(g, k);
        cpu_hold(cpu, actions[k] == 0);
        g->armed |= actions[k] != 'c';
        cpu->debug.no_irq = g->step_flags & STEP_NOIRQ;
        if (actions[k] == 's') {
            debug_ops(g)->step(g->vm->accel, cpu, true);
        }
    }
    vm_start(g->vm);
}
