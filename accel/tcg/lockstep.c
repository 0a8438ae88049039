/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lockstep checker: see lockstep.h. When translated code has ended, the interpreter runs the reference
 * CPU from where both stood until it is in the same state; if it never gets there, or touches the
 * outside world on the way, the difference is reported and the machine ends with status 1. */
#include "accel/tcg/lockstep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "accel/tcg/block.h"
#include "accel/tcg/tcg.h"
#include "util/disas.h"
#include "util/err.h"
#include "util/log.h"

enum { STEPS_BLOCK = 100000, STEPS_TAINTED = 5000, STEPS_TAINTED_CHAINED = 1 << 20, PASSES_NOTED = 16 };
#define STEPS_CHAINED (1ull << 28)

/* ---- report */

static void add_code(Lockstep *l, uint64_t pc, uint64_t linear, GString *out)
{
    Cpu *cpu = l->v->cpu;
    uint8_t code[15];
    unsigned n = 0;
    GuestAddr pa;

    while (n < sizeof(code) && cpu->type->virt_to_phys(cpu, linear + n, &pa)) {
        code[n++] = (uint8_t)addr_space_ld(cpu->mem, pa, 1, MEM_ATTRS_NONE, NULL);
    }
    if (n == 0) {
        g_string_append_printf(out, "0x%" PRIx64 ": (not mapped)\n", pc);
    } else {
        disassemble(code, n, pc, cpu->type->tcg->code_bits(cpu), out);
    }
}

static void add_trail(Lockstep *l, GString *out)
{
    uint64_t first = l->trail_n > LOCK_TRAIL ? l->trail_n - LOCK_TRAIL : 0;
    uint64_t base = l->ops->pc_linear(l->v->cpu) - l->ops->pc(l->v->cpu);

    g_string_append_printf(out, "The interpreter's way, %" PRIu64 " instructions:\n", l->trail_n);
    for (uint64_t k = 0; k < MIN(l->trail_n, LOCK_TRAIL); k++) {
        add_code(l, l->head[k], l->head[k] + base, out);
    }
    first = MAX(first, LOCK_TRAIL);
    if (first < l->trail_n) {
        g_string_append_printf(out, "... and the last:\n");
    }
    for (uint64_t k = first; k < l->trail_n; k++) {
        uint64_t pc = l->trail[k % LOCK_TRAIL];

        add_code(l, pc, pc + base, out);
    }
}

static void add_differences(Lockstep *l, uint64_t ignore, GString *out)
{
    if (l->passed != NULL) {
        g_string_append_printf(out, "When the interpreter came by, after %" PRIu64 " instructions:\n%s"
                               "It went on, and ended with:\n", l->passed_n, l->passed);
    }
    l->ops->differences(l->v->cpu, l->clone, ignore, out);
}

static void add_bytes(const uint8_t *p, uint64_t n, GString *out)
{
    for (uint64_t k = 0; k < n; k++) {
        g_string_append_printf(out, " %02x", p[k]);
    }
}

static void add_memory(const RamBlock *b, uint64_t off, GString *out)
{
    uint64_t n = MIN(16, b->size - off);

    g_string_append_printf(out, "memory %s + 0x%" PRIx64 ": translated", b->id, off);
    add_bytes(b->host + off, n, out);
    g_string_append(out, "\n    interpreted");
    add_bytes(b->shadow + off, n, out);
    g_string_append(out, "\n");
}

static G_NORETURN void fail(Lockstep *l, const char *why, uint64_t ignore, const RamBlock *b, uint64_t off)
{
    GString *out = g_string_new(NULL);
    Vm *vm = l->v->tcg->vm;

    g_string_append_printf(out, "Block run from 0x%" PRIx64 ", stretch %" PRIu64 ", %" PRIu64
                           " instructions compared before, %" PRIu64 " stretches undecided.\n",
                           l->start_pc, l->chunks, l->insns, l->unsure);
    add_differences(l, ignore, out);
    if (b != NULL) {
        add_memory(b, off, out);
    }
    add_trail(l, out);
    g_string_append(out, "State after the translation:\n");
    l->v->cpu->type->dump(l->v->cpu, out);
    report_error("lockstep: %s at 0x%" PRIx64, why, l->ops->pc(l->v->cpu));
    fputs(out->str, stderr);
    if (log_level != 0) {
        log_printf("lockstep: %s\n%s", why, out->str);
    }
    g_string_free(out, TRUE);
    l->v->follower = NULL;
    vm_request_shutdown_code(vm, SHUTDOWN_HOST_ERROR, 1);
    if (vm->cpu_ops != NULL) {
        vm->cpu_ops->stop_current(vm);
    }
    guest_exit(l->v->cpu);
}

/* ---- the check */

static void ref_outside(TcgVcpu *ref, const char *what, uint64_t arg)
{
    Lockstep *l = ref->lockstep;

    if (l->raising != NULL) {
        return;
    }
    l->strayed = true;
    l->stray_what = what;
    l->stray_arg = arg;
    siglongjmp(ref->out, 1);
}

static const TcgFollower ref_follower = { .store = lockstep_ref_store, .outside = ref_outside };

void lockstep_begin(Lockstep *l)
{
    if (l->scans == 0 && l->chunks == 0) {
        g_autoptr(GError) err = NULL;

        if (!lockstep_shadow_all(&err)) {
            fail(l, err->message, 0, NULL, 0);
        }
    }
    lockstep_others(l);
    lockstep_mirror(l);
    lockstep_ref_forget(l);
    l->ops->copy(l->clone, l->v->cpu);
    l->n_fills = 0;
    l->undef = 0;
    l->trail_n = 0;
    l->disturbed = false;
    l->start_pc = l->ops->pc(l->clone);
}

/* Changes with everything that may make the reference's TLB wrong. */
static uint64_t tlb_stamp(const TcgVcpu *v)
{
    return v->n.tlb_fills + v->n.tlb_flushes + v->n.tlb_page_flushes + (uintptr_t)v->set;
}

static void note_passed(Lockstep *l, uint64_t ignore)
{
    GString *out = g_string_new(NULL);
    RamBlock *b;
    uint64_t off;

    l->ops->differences(l->v->cpu, l->clone, ignore, out);
    if (lockstep_store_differs(l, &b, &off)) {
        add_memory(b, off, out);
    }
    g_free(l->passed);
    l->passed = g_string_free(out, FALSE);
    l->passed_n = l->trail_n;
}

static bool arrived(Lockstep *l, uint64_t ignore)
{
    if (l->ops->pc(l->clone) != l->ops->pc(l->v->cpu)) {
        return false;
    }
    ignore |= l->undef;
    if (l->ops->same(l->v->cpu, l->clone, ignore) && lockstep_stores_same(l)) {
        return true;
    }
    if (l->trail_n > 0 && l->passes < PASSES_NOTED) {
        l->passes++;
        note_passed(l, ignore);
    }
    return false;
}

static bool follow_steps(Lockstep *l, uint64_t ignore, bool moved)
{
    uint64_t max = l->v->nochain ? STEPS_BLOCK : STEPS_CHAINED;
    uint64_t max_tainted = l->v->nochain ? STEPS_TAINTED : STEPS_TAINTED_CHAINED;

    while (moved || !arrived(l, ignore)) {
        if (l->trail_n == max || (l->trail_n >= max_tainted && (l->undef & LOCKSTEP_TAINTED))) {
            return false;
        }
        if (l->trail_n < LOCK_TRAIL) {
            l->head[l->trail_n] = l->ops->pc(l->clone);
        }
        l->trail[l->trail_n++ % LOCK_TRAIL] = l->ops->pc(l->clone);
        l->ops->step(l->clone, &l->undef);
        moved = false;
    }
    return true;
}

/* The reference has delivered a fault: flags that the translation does not keep there are taken from it. */
static void delivered(Lockstep *l)
{
    const LockFill *f = l->raising;
    uint64_t inexact = ~(f->live | LOCKSTEP_TAINTED);

    l->raising = NULL;
    l->ops->fault_flags(l->clone, inexact | l->undef, f->flags);
    l->undef |= inexact;
}

/* Steps the reference until it has arrived; false: it does not. */
static bool follow(Lockstep *l, uint64_t ignore, bool moved)
{
    l->ref->out_valid = true;
    l->strayed = false;
    l->raising = NULL;
    if (sigsetjmp(l->ref->out, 0) == 0) {
        return follow_steps(l, ignore, moved);
    }
    if (l->raising == NULL || l->strayed) {
        return false;
    }
    delivered(l);                   /* this comes again with each fault */
    return follow_steps(l, ignore, false);
}

/* A device stored in the middle of it, or an undefined flag was read: nobody can say who is right. */
static void take_over(Lockstep *l)
{
    RamBlock *b;
    uint64_t off;

    l->unsure++;
    if (!l->v->nochain || l->strayed) {
        lockstep_sync_all();        /* the reference may not have been where the rest was stored */
        return;
    }
    for (unsigned k = 0; k < l->ref_stores->len; k++) {
        const LockStore *s = &g_array_index(l->ref_stores, LockStore, k);
        const uint8_t *real = lockstep_real(s->host, &b, &off);

        if (real != NULL) {
            memcpy(s->host, real, s->n);
        }
    }
}

static void explain(Lockstep *l, uint64_t ignore)
{
    g_autofree char *why = NULL;
    RamBlock *b = NULL;
    uint64_t off = 0;

    if (l->strayed) {
        why = g_strdup_printf("the interpreter comes to a %s 0x%" PRIx64 ", the translation did not,",
                              l->stray_what, l->stray_arg);
    } else if (lockstep_store_differs(l, &b, &off)) {
        why = g_strdup("memory differs");
    } else {
        why = g_strdup("registers differ");
    }
    fail(l, why, ignore, b, off);
}

void lockstep_check(Lockstep *l, uint64_t live, bool moved)
{
    RamBlock *b;
    uint64_t off;

    l->chunks++;
    lockstep_others(l);
    if (l->spoil != 0 && --l->spoil == 0) {
        l->ops->spoil(l->v->cpu);
    }
    if (tlb_stamp(l->v) != l->tlb_stamp) {
        guest_tlb_flush(l->clone, true);
        memset(l->ref->ranges, 0, sizeof(l->ref->ranges));
        l->tlb_stamp = tlb_stamp(l->v);
    }
    if (!follow(l, ~live, moved)) {
        lockstep_others(l);
        if (!l->disturbed && !(l->undef & LOCKSTEP_TAINTED) && !(l->strayed && l->ops->lost(l->v->cpu))) {
            explain(l, ~live | l->undef);
        }
        take_over(l);
    }
    l->insns += l->trail_n;
    if (l->passed != NULL) {
        g_clear_pointer(&l->passed, g_free);
    }
    l->passes = 0;
    if (l->chunks % 1024 == 0 && lockstep_scan(l, &b, &off)) {
        fail(l, "memory differs where nobody was seen to store,", 0, b, off);
    }
}

/* ---- life */

static TcgVcpu *ref_new(Lockstep *l)
{
    size_t bytes = offsetof(TcgVcpu, sets) + sizeof(TlbSet);
    TcgVcpu *ref = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (ref == MAP_FAILED) {
        return NULL;
    }
    ref->bytes = bytes;
    ref->n_sets = 1;
    ref->cpu = l->clone;
    ref->tcg = l->v->tcg;
    ref->ops = &l->ref_ops;
    ref->reference = true;
    ref->follower = &ref_follower;
    ref->lockstep = l;
    tlb_init(ref);
    return ref;
}

bool lockstep_new(TcgVcpu *v, GError **errp)
{
    Lockstep *l;

    if (v->ops->lockstep == NULL) {
        return err_fail(errp, "this CPU cannot be checked in lockstep");
    }
    l = g_new0(Lockstep, 1);
    l->v = v;
    l->ops = v->ops->lockstep;
    l->fast_ops = *v->ops;
    l->fast_ops.tlb_fill = lockstep_fill;
    l->ref_ops = *v->ops;
    l->ref_ops.tlb_fill = lockstep_ref_fill;
    l->clone = l->ops->clone(v->cpu);
    l->ref_stores = g_array_new(false, false, sizeof(LockStore));
    l->others = g_array_new(false, false, sizeof(CodeRange));
    g_mutex_init(&l->lock);
    l->ref = ref_new(l);
    l->spoil = v->tcg->lockstep_spoil;
    v->lockstep = l;
    if (l->ref == NULL) {
        lockstep_free(v);
        return err_fail(errp, "cannot allocate the tables of the lockstep checker");
    }
    l->clone->accel_data = l->ref;
    v->ops = &l->fast_ops;
    v->follower = &lockstep_follower;
    v->nochain = v->tcg->lockstep != LOCKSTEP_CHAINED;
    return true;
}

void lockstep_free(TcgVcpu *v)
{
    Lockstep *l = v->lockstep;

    if (l == NULL) {
        return;
    }
    v->lockstep = NULL;
    v->follower = NULL;
    v->ops = v->cpu->type->tcg;
    l->ops->clone_free(l->clone);
    if (l->ref != NULL) {
        munmap(l->ref, l->ref->bytes);
    }
    lockstep_ref_forget(l);
    g_free(l->passed);
    g_array_free(l->ref_stores, true);
    g_array_free(l->others, true);
    g_mutex_clear(&l->lock);
    g_free(l);
}

void lockstep_info(const TcgVcpu *v, GString *out)
{
    const Lockstep *l = v->lockstep;

    g_string_append_printf(out, "lockstep stretches  %" PRIu64 " (%" PRIu64 " insns, %" PRIu64
                           " undecided)\nlockstep RAM scans  %" PRIu64 "\n", l->chunks, l->insns, l->unsure, l->scans);
}
