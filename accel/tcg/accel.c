/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "-accel tcg": the accelerator that translates. Properties, the RAM hooks that keep TLBs and translations
 * true when memory changes behind a vCPU's back, counters for "info jit". */
#include "accel/tcg/tcg.h"

#include "accel/tcg/block.h"
#include "accel/tcg/lockstep.h"
#include "accel/tcg/window.h"

#include <inttypes.h>

static Tcg *tcg_from(Accel *a)
{
    return CONTAINER(a, Tcg, accel);
}

/* ---- memory changes */

static void ask_flush(Cpu *cpu, uint32_t what)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v == NULL) {
        return;
    }
    __atomic_fetch_or(&v->flush_wanted, what, __ATOMIC_ACQ_REL);
    if (cpu == current_cpu) {
        tlb_flush_requests(v);
    } else {
        cpu_kick(cpu);
    }
}

static void for_each_cpu(Tcg *t, uint32_t what)
{
    for (unsigned k = 0; t->vm != NULL && k < t->vm->cpus->len; k++) {
        ask_flush(g_ptr_array_index(t->vm->cpus, k), what);
    }
}

static void tcg_map_changed(void *opaque)
{
    for_each_cpu(opaque, FLUSH_ALL);
}

static void tcg_code_written(void *opaque, RamBlock *b, uint64_t off, uint64_t len)
{
    watch_stored(opaque, b, off, len);
}

static void tcg_stored(void *opaque, RamBlock *b, uint64_t off, uint64_t len)
{
    const Tcg *t = opaque;
    TcgVcpu *v = t->vm->cpus->len > 0 ? tcg_vcpu(g_ptr_array_index(t->vm->cpus, 0)) : NULL;

    if (v != NULL && v->lockstep != NULL) {
        lockstep_stored(v, b, off, len);
    }
}

static void tcg_dirty_cleared(void *opaque, RamBlock *b, uint64_t off, uint64_t len, DirtyClient c)
{
    for_each_cpu(opaque, FLUSH_WRITES);
}

/* The machine starts again, vCPUs stand still: what was translated will mostly not come back, and pages with
 * old translations would make the stores that fill them with new contents slow. */
static void tcg_machine_reset(void *opaque)
{
    Tcg *t = opaque;

    for (unsigned k = 0; k < t->vm->cpus->len; k++) {
        TcgVcpu *v = tcg_vcpu(g_ptr_array_index(t->vm->cpus, k));

        if (v != NULL && v->cache != NULL) {
            cache_flush(v);
            tlb_flush_everything(v);
        }
    }
}

static void set_single_step(Cpu *cpu, void *opaque)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (v == NULL) {
        return;
    }
    v->tcg_one_insn = *(const bool *)opaque;
    if (v->cache != NULL) {
        cache_flush(v);
        tlb_flush_everything(v);
    }
}

static void tcg_single_step(Accel *a, bool on)
{
    Tcg *t = tcg_from(a);

    t->one_insn = on;
    for (unsigned k = 0; t->vm->cpus != NULL && k < t->vm->cpus->len; k++) {
        cpu_run(g_ptr_array_index(t->vm->cpus, k), set_single_step, &on);
    }
}

static void tcg_run_state(void *opaque, bool running, RunState state)
{
    tcg_clock_run(opaque, running);
}

bool tcg_wants_windows(const Tcg *t)
{
    if (t == NULL || t->tier == 0 || t->icount != NULL) {
        return false;
    }
    return t->mem != NULL ? strcmp(t->mem, "soft") != 0 : t->tier >= 2;
}

/* ---- the accelerator */

static bool tcg_init(Accel *a, Vm *vm, GError **errp)
{
    static RamHooks hooks;
    Tcg *t = tcg_from(a);

    if (t->tier > 2) {
        return err_fail(errp, "Parameter 'tier' expects 0, 1 or 2");
    }
    if (t->mem != NULL && g_strcmp0(t->mem, "soft") != 0 && g_strcmp0(t->mem, "table") != 0 &&
        g_strcmp0(t->mem, "probe") != 0) {
        return err_fail(errp, "Parameter 'mem' expects 'soft', 'table' or 'probe'");
    }
    if (t->split_wx) {
        return err_fail(errp, "Parameter 'split-wx' is not available yet");
    }
    ram_prefer_private(!tcg_wants_windows(t));      /* huge pages, but nothing maps it again */
    if (tcg_wants_windows(t)) {
        ram_huge_begin();
        t->huge = true;
    }
    t->vm = vm;
    t->single = t->thread == TCG_THREAD_SINGLE;
    t->turn = -1;
    t->listener = (MemListener){ .map_changed = tcg_map_changed, .opaque = t };
    addr_space_listen(vm->mem, &t->listener);
    hooks = (RamHooks){ .code_written = tcg_code_written, .dirty_cleared = tcg_dirty_cleared, .opaque = t,
                        .stored = t->lockstep != LOCKSTEP_OFF ? tcg_stored : NULL };
    ram_set_hooks(&hooks);
    t->notify = (VmNotify){ .reset = tcg_machine_reset, .run_state = tcg_run_state, .opaque = t };
    vm_notify_add(vm, &t->notify);
    tcg_clock_init(t);
    return true;
}

static bool tcg_vcpu_create(Accel *a, Cpu *cpu, GError **errp)
{
    if (cpu->type->tcg == NULL) {
        return err_fail(errp, "CPU type '%s' cannot be translated", cpu->type->dev.type.name);
    }
    cpu->accel_data = tcg_vcpu_new(tcg_from(a), cpu, errp);
    if (cpu->accel_data != NULL) {
        tcg_clock_new_cpu(tcg_from(a), cpu);
    }
    return cpu->accel_data != NULL;
}

static void tcg_vcpu_destroy(Accel *a, Cpu *cpu)
{
    tcg_vcpu_free(tcg_vcpu(cpu));
    cpu->accel_data = NULL;
}

static void tcg_vcpu_run(Accel *a, Cpu *cpu)
{
    tcg_run(tcg_vcpu(cpu));
}

static bool tcg_vcpu_idle(Accel *a, Cpu *cpu)
{
    return tcg_from(a)->icount != NULL && icount_idle(tcg_vcpu(cpu));
}

static bool tcg_icount(Accel *a, const Json *opts, GError **errp)
{
    return icount_configure(tcg_from(a), opts, errp);
}

static void tcg_vcpu_kick(Accel *a, Cpu *cpu)
{
    TcgVcpu *v = __atomic_load_n((TcgVcpu **)&cpu->accel_data, __ATOMIC_ACQUIRE);

    if (v != NULL) {
        __atomic_store_n(&v->poll, 1, __ATOMIC_SEQ_CST);
    }
}

/* From one sample in TCG_SAMPLE. */
static void info_time(const TcgCounters *n, GString *out)
{
    double all = (double)MAX(n->ticks_code + n->ticks_interpreter + n->ticks_making, 1) / 100;

    g_string_append_printf(out, "time, about         %.0f%% in translations and what they call, %.0f%% interpreting, "
                           "%.0f%% translating\n", (double)n->ticks_code / all, (double)n->ticks_interpreter / all,
                           (double)n->ticks_making / all);
}

static void info_vcpu(const TcgVcpu *v, GString *out)
{
    const TcgCounters *n = &v->n;

    g_string_append_printf(out, "TB count            %" PRIu64 "\n", n->blocks);
    g_string_append_printf(out, "TB host size        %" PRIu64 " bytes (expansion ratio: %.1f)\n", n->host_bytes,
                           n->block_bytes ? (double)n->host_bytes / (double)n->block_bytes : 0.0);
    g_string_append_printf(out, "TB guest insns      %" PRIu64 "\n", n->guest_insns);
    g_string_append_printf(out, "direct jump count   %" PRIu64 "\n", n->links);
    g_string_append_printf(out, "lookups             %" PRIu64 "\n", n->lookups);
    g_string_append_printf(out, "interpreted insns   %" PRIu64 "\n", n->interpreted);
    g_string_append_printf(out, "direct exits        %" PRIu64 "\n", n->direct_exits);
    g_string_append_printf(out, "helper calls        %" PRIu64 " (%" PRIu64 " left)\n", n->helper_calls,
                           n->helper_leaves);
    g_string_append_printf(out, "vector state loads  %" PRIu64 "\n", n->fp_loads);
    g_string_append_printf(out, "entries of code     %" PRIu64 " (left: %" PRIu64 " jumps to be linked, %" PRIu64
                           " others)\n", n->exits, n->direct_exits, n->exits - n->direct_exits);
    g_string_append_printf(out, "loop left for       %" PRIu64 " events, %" PRIu64 " requests, %" PRIu64
                           " halts, %" PRIu64 " ends of slices\n", n->stops_event, n->stops_poll, n->stops_halt,
                           n->stops_slice);
    info_time(n, out);
    g_string_append_printf(out, "\nStatistics:\n");
    g_string_append_printf(out, "TB flush count      %" PRIu64 "\n", n->code_flushes);
    g_string_append_printf(out, "TB segments emptied %" PRIu64 "\n", n->evictions);
    g_string_append_printf(out, "TB made again       %" PRIu64 " (%" PRIu64 " after stores, %" PRIu64 " evicted)\n",
                           n->remade_written + n->remade_evicted, n->remade_written, n->remade_evicted);
    g_string_append_printf(out, "TB invalidate count %" PRIu64 "\n", n->invalidations);
    g_string_append_printf(out, "TLB fills           %" PRIu64 "\n", n->tlb_fills);
    g_string_append_printf(out, "TLB full flushes    %" PRIu64 "\n", n->tlb_flushes);
    g_string_append_printf(out, "TLB page flushes    %" PRIu64 "\n", n->tlb_page_flushes);
    g_string_append_printf(out, "I/O accesses        %" PRIu64 "\n", n->mmio);
    g_string_append_printf(out, "tracked stores      %" PRIu64 "\n", n->slow_stores);
}

static void info_windows(const TcgVcpu *v, GString *out)
{
    const WindowCounters *n;

    if (v->win == NULL) {
        g_string_append_printf(out, "memory path         soft%s%s\n", v->win_why != NULL ? ": " : "",
                               v->win_why != NULL ? v->win_why : "");
        return;
    }
    n = window_counters(v);
    g_string_append_printf(out, "memory path         %s%s%s\n",
                           v->tcg->mem != NULL ? v->tcg->mem : "probe", v->win_why != NULL ? ", unused: " : "",
                           v->win_why != NULL ? v->win_why : "");
    g_string_append_printf(out, "window pages        %u\n", window_pages(v));
    g_string_append_printf(out, "window faults       %" PRIu64 " (%" PRIu64 " filled, %" PRIu64 " pages)\n", n->faults,
                           n->fills, n->pages);
    g_string_append_printf(out, "window drops        %" PRIu64 " (%" PRIu64 " made read-only)\n", n->drops,
                           n->readonly);
    g_string_append_printf(out, "window flushes      %" PRIu64 "\n", n->flushes);
    g_string_append_printf(out, "window promotions   %" PRIu64 " (%" PRIu64 " taken back)\n", n->promotions,
                           n->demotions);
    g_string_append_printf(out, "window soft sites   %" PRIu64 " (and %" PRIu64 " wrong distances)\n", n->stubborn,
                           n->mistakes);
    g_string_append_printf(out, "window huge pages   %" PRIu64 "\n", ram_huge_count());
}

static void tcg_info(Accel *a, GString *out)
{
    Tcg *t = tcg_from(a);

    icount_info(t, out);
    for (unsigned k = 0; k < t->vm->cpus->len; k++) {
        const TcgVcpu *v = tcg_vcpu(g_ptr_array_index(t->vm->cpus, k));

        if (v != NULL) {
            g_string_append_printf(out, "Translation buffer state of CPU #%u:\n", k);
            info_vcpu(v, out);
            info_windows(v, out);
            if (v->cache != NULL) {
                cache_info(v->cache, out);
            }
            if (v->cache != NULL && v->ops->translator->info != NULL) {
                v->ops->translator->info(v, out);
            }
            if (v->lockstep != NULL) {
                lockstep_info(v, out);
            }
        }
    }
}

static void tcg_fini(Object *obj)
{
    Tcg *t = (Tcg *)obj;

    if (t->huge) {
        ram_huge_end();
    }
    icount_free(t);
    if (t->breaks != NULL) {
        g_array_unref(t->breaks);
    }
    tcg_clock_free(t);
    if (t->vm != NULL) {
        ram_set_hooks(NULL);
        vm_notify_del(t->vm, &t->notify);
        addr_space_unlisten(t->vm->mem, &t->listener);
    }
}

static const char *const thread_names[] = { "default", "single", "multi", NULL };
static const EnumDef thread_enum = { "TcgThread", thread_names };

static const char *const lockstep_names[] = { "off", "on", "chained", NULL };
static const EnumDef lockstep_enum = { "TcgLockstep", lockstep_names };

static const Field tcg_props[] = {
    FIELD_ENUM("thread", Tcg, thread, &thread_enum, TCG_THREAD_DEFAULT,
               .help = "one host thread a vCPU (multi) or one for all (single)"),
    FIELD_U32("tb-size", Tcg, tb_size, 0, .help = "TCG translation block cache size"),
    FIELD_U32("tier", Tcg, tier, 2, .help = "0: interpret, 1: translate, 2: with host-MMU windows"),
    FIELD_BOOL("one-insn", Tcg, one_insn, false, .help = "translate one instruction a block"),
    FIELD_BOOL("one-insn-per-tb", Tcg, one_insn, false, .help = "the same"),
    FIELD_ENUM("lockstep", Tcg, lockstep, &lockstep_enum, LOCKSTEP_OFF,
               .help = "check translations against the interpreter: block by block (on), or linked as usual (chained)"),
    FIELD_U32("x-lockstep-spoil", Tcg, lockstep_spoil, 0, .help = "a wrong register in the n-th stretch, to test it"),
    FIELD_BOOL("split-wx", Tcg, split_wx, false,
               .help = "map the code buffer twice, writable and executable"),
    FIELD_U32("x-window-after", Tcg, window_after, 50, .help = "ms in user mode that earn an address space windows"),
    FIELD_STR("mem", Tcg, mem, NULL,
              .help = "memory path: soft (TLB), or windows, distances from a table (table) or mostly fixed (probe)"),
    { 0 },
};

static const AccelType tcg_accel = {
    .type = {
        .name = "tcg-accel", .parent = &accel_base.type, .size = sizeof(Tcg), .props = tcg_props,
        .fini = tcg_fini,
    },
    .name = "tcg", .rank = 1,
    .init = tcg_init, .vcpu_create = tcg_vcpu_create, .vcpu_destroy = tcg_vcpu_destroy,
    .vcpu_run = tcg_vcpu_run, .vcpu_idle = tcg_vcpu_idle, .vcpu_kick = tcg_vcpu_kick,
    .icount = tcg_icount, .info = tcg_info, .single_step = tcg_single_step,
    .debug = &tcg_debug_ops,
};
ACCEL_REGISTER(tcg_accel);
