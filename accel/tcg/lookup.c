/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the CPU's state to a block. This, and the loop that calls it, run between translated blocks with the guest's
 * vector registers still loaded; whatever may use those is called after guest_general_end(). */
#include <glib.h>
#include <setjmp.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/block.h"
#include "accel/tcg/logging.h"

enum { DEBUG_BATCH = 256 };

/* The second page of a block whose only instruction crosses; its host address, NULL when there is none. */
static const FetchEntry *second_page(TcgVcpu *v, const TbKey *key)
{
    const FetchEntry *f = tlb_fetch(v, (key->pc + key->base + PAGE_SIZE) & PAGE_MASK);

    return f != NULL && f->host != NULL && f->ram != NULL ? f : NULL;
}

static Block *block_find(TcgVcpu *v, const TbKey *key, const uint8_t *source)
{
    const FetchEntry *f;

    for (Block *b = v->cache->hash[cache_hash(source, key)]; b != NULL; b = b->hash_next) {
        if (b->source != source || b->key.pc != key->pc || b->key.flags != key->flags ||
            b->key.base != key->base) {
            continue;
        }
        if (b->source2 == NULL) {
            return b;
        }
        f = second_page(v, key);
        if (f != NULL && f->host == b->source2) {
            return b;
        }
    }
    return NULL;
}

/* The interpreter looks for breakpoints, for all code on their pages. */
static bool is_debugged(const CpuDebug *d, const TbKey *key)
{
    bool found = d->step;

    for (unsigned k = 0; k < d->n && !found; k++) {
        found = d->breaks[k].kind <= BREAK_HARD && d->breaks[k].at >> PAGE_BITS == (key->pc + key->base) >> PAGE_BITS;
    }
    return found;
}

Block *cache_get(TcgVcpu *v)
{
    TbKey key = v->ops->key(v->cpu);
    const FetchEntry *f;
    const uint8_t *source;
    TlbSet *s = v->set;
    Block *b;

    v->n.lookups++;
    v->interpret_next = 1;
    if (!v->ops->translator->usable(v->cpu, &key)) {
        v->interpret_next = v->ops->translator->batch(v->cpu, &key);
        return NULL;
    }
    if (v->cpu->debug.on && is_debugged(&v->cpu->debug, &key)) {
        v->interpret_next = DEBUG_BATCH;
        return NULL;
    }
    f = tlb_fetch(v, key.pc + key.base);
    if (f == NULL || f->host == NULL || f->ram == NULL) {
        return NULL;
    }
    source = f->host + ((key.pc + key.base) & ~PAGE_MASK);
    b = block_find(v, &key, source);
    if (b == NULL) {
        guest_general_end(v->cpu);
        b = cache_make(v, &key, f, source);
    }
    if (b->code == NULL) {
        return NULL;
    }
    if (log_on(TCG_LOG_BLOCKS)) {
        guest_general_end(v->cpu);
        tcg_log_block(v, b);
        return b;
    }
    if (b->table >= 0 && !v->nochain) {
        s->jump[b->table][jump_index(key.pc)] = b->entry - v->cache->base;
        s->jump_used[b->table] |= 1ull << (jump_index(key.pc) >> PAGE_BITS);
    }
    return b;
}

/* Something that the round's beginning could act upon? */
static bool must_stop(TcgVcpu *v)
{
    Cpu *cpu = v->cpu;

    if (cpu->halted) {
        v->n.stops_halt++;
        return true;
    }
    if (v->counted && v->icount_left <= 0) {
        v->n.stops_slice++;
        return true;
    }
    if (__atomic_load_n(&v->poll, __ATOMIC_RELAXED) != 0) {
        v->n.stops_poll++;
        return true;
    }
    if (__atomic_load_n(&cpu->pending, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    guest_general_end(cpu);
    if (!v->ops->can_deliver(cpu)) {
        return false;
    }
    v->n.stops_event++;
    return true;
}

Block *tcg_next_block(TcgVcpu *v)
{
    return must_stop(v) || v->force_interpret ? NULL : cache_get(v);
}

/* Does the slice of counted instructions end within the block? Then the interpreter ends it, and stops by itself. */
static bool ends_within(TcgVcpu *v, const Block *b)
{
    if (!v->counted || v->icount_left >= (int32_t)b->n_insns) {
        return false;
    }
    v->interpret_next = (unsigned)v->icount_left;
    return true;
}

static void interpret_some(TcgVcpu *v)
{
    uint64_t sample = sample_begin(v->n.interpretations++);

    guest_general_end(v->cpu);
    if (log_on(TCG_LOG_BLOCKS)) {
        tcg_log_interpreted(v);
        v->interpret_next = 1;
    }
    v->n.interpreted += v->ops->interpret(v->cpu, v->force_interpret ? 1 : v->interpret_next);
    v->force_interpret = 0;
    v->n.ticks_interpreter += sample_end(sample);
}

/* Left before its first instruction? */
static bool left_at_beginning(const BlockExit *e)
{
    return e != NULL && e == &e->from->self;
}

/* Status flags that are right after leaving by e. */
static uint64_t exact_flags(const TcgVcpu *v, const BlockExit *e)
{
    if (v->force_interpret) {
        return 0;
    }
    if (e == NULL) {
        return ~0ull;
    }
    return v->ops->translator->live_flags(left_at_beginning(e) ? e->from->insns[0].live : e->live);
}

void tcg_run_blocks(TcgVcpu *v)
{
    BlockExit *e = NULL;
    uint64_t sample;

    do {
        unsigned gone = v->cache->gone;
        Block *b = v->force_interpret ? NULL : cache_get(v);

        if (b == NULL || ends_within(v, b)) {
            interpret_some(v);
            e = NULL;
            continue;
        }
        if (e != NULL && gone == v->cache->gone) {
            cache_link(v, e, b);
        }
        v->n.exits++;
        if (v->follower != NULL) {
            v->follower->go(v, true);
        }
        sample = sample_begin(v->n.exits);
        e = v->ops->translator->run(v, b->code);
        v->n.ticks_code += sample_end(sample);
        if (e != NULL) {
            v->n.direct_exits++;
            v->ops->translator->set_pc(v->cpu, e->pc);
        }
        if (v->follower != NULL) {
            v->follower->stop(v, exact_flags(v, e), !v->force_interpret && !left_at_beginning(e));
        }
    } while (!must_stop(v));
    guest_general_end(v->cpu);
}

#include "accel/tcg/general_regs_end.h"
