/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translations of several vCPUs and stores to the code they were made from.
 *
 * Every vCPU has its own translations; RamBlock.code_users says which vCPUs have some of a page, and
 * DIRTY_CODE of the page is clear as long as any has. A vCPU that begins to translate from a page whose
 * bit was set asks all others to stop storing to it unseen, and does not wait for them: until each has
 * passed a round of its run loop (or stands still) what it translated is `unverified`, and the bytes are
 * compared with what was translated before and after every instruction that a program may use to
 * serialize, and once more when the last one has passed. So a store is noticed at the latest when
 * the vCPU that made it says so, or the vCPU that runs the code serializes: what the processors promise
 * (SDM vol. 3, 9.1.3), and what they do in practice where the new code is reached by an indirect jump.
 *
 * A vCPU that stands still cannot keep a page slow for others: the first that stores to it takes it away. */
#include "accel/tcg/block.h"

#include "accel/accel.h"
#include "accel/tcg/tcg.h"

enum { WATCH_LOCKS = 64, PROTECT_MAX = 4096, WANTED_MAX = 256 };

static GMutex locks[WATCH_LOCKS];   /* of code_users and DIRTY_CODE of a page, by hash */

static GMutex *lock_of(const RamBlock *b, uint64_t page)
{
    return &locks[((uintptr_t)b >> 6 ^ page) % WATCH_LOCKS];
}

static uint64_t bit_of(const Cpu *cpu)
{
    return 1ull << (cpu->index & 63);
}

/* With more vCPUs than bits a bit stands for several and is never taken back. */
static bool bits_are_shared(const Tcg *t)
{
    return t != NULL && t->vm != NULL && t->vm->cpus->len > 64;
}

static uint64_t *users_of(RamBlock *b, uint64_t page)
{
    uint64_t *users = __atomic_load_n(&b->code_users, __ATOMIC_ACQUIRE), *fresh;

    if (users == NULL) {
        fresh = g_new0(uint64_t, b->pages);
        if (__atomic_compare_exchange_n(&b->code_users, &users, fresh, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            users = fresh;
        } else {
            g_free(fresh);
        }
    }
    return &users[page];
}

/* ---- between vCPUs */

/* It looks at what it is asked for before its next jump; one that stands still before it runs again. */
static void ask(TcgVcpu *v)
{
    __atomic_store_n(&v->cache->wanted_any, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->poll, 1, __ATOMIC_SEQ_CST);
}

static void ask_protect(TcgVcpu *v, const uint8_t *host_page)
{
    CodeCache *c = v->cache;

    g_mutex_lock(&c->lock);
    if (c->protect->len < PROTECT_MAX) {
        g_array_append_val(c->protect, host_page);
    } else {
        c->protect_all = true;
    }
    __atomic_fetch_add(&c->protect_asked, 1, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&c->lock);
    ask(v);
}

static void ask_written(TcgVcpu *v, RamBlock *b, uint64_t off, uint64_t len)
{
    CodeCache *c = v->cache;
    CodeRange r = { b, off, len }, *last;

    g_mutex_lock(&c->lock);
    last = c->wanted->len > 0 ? &g_array_index(c->wanted, CodeRange, c->wanted->len - 1) : NULL;
    if (last != NULL && last->b == b && (last->off ^ off) >> PAGE_BITS == 0 && last->off + last->len <= off &&
        off - (last->off + last->len) < 64) {
        last->len = off + len - last->off;
    } else {
        g_array_append_val(c->wanted, r);
    }
    __atomic_store_n(&c->n_wanted, c->wanted->len, __ATOMIC_RELAXED);
    g_mutex_unlock(&c->lock);
    ask(v);
}

/* Has it, since asked, passed the beginning of a round, or does it stand still? */
static bool has_passed(const TcgVcpu *v, uint32_t asked)
{
    return (int32_t)(__atomic_load_n(&v->cache->protect_done, __ATOMIC_SEQ_CST) - asked) >= 0 ||
           !cpu_in_guest(v->cpu);
}

static TcgVcpu *other(const TcgVcpu *v, unsigned k)
{
    Cpu *cpu = g_ptr_array_index(v->tcg->vm->cpus, k);
    TcgVcpu *o = tcg_vcpu(cpu);

    return o != NULL && o != v && o->cache != NULL ? o : NULL;
}

static unsigned count(const TcgVcpu *v)
{
    return v->sole || v->tcg == NULL || v->tcg->vm == NULL ? 0 : v->tcg->vm->cpus->len;
}

/* ---- from the vCPU that translates */

void watch_page(TcgVcpu *v, RamBlock *b, uint64_t off)
{
    uint64_t page = off >> PAGE_BITS, *users = users_of(b, page);
    const uint8_t *host = b->host + (page << PAGE_BITS);
    GMutex *lock = lock_of(b, page);
    bool was_set;

    g_mutex_lock(lock);
    __atomic_store_n(users, *users | bit_of(v->cpu), __ATOMIC_RELAXED);
    was_set = ram_dirty_clear(b, page << PAGE_BITS, PAGE_SIZE, DIRTY_CODE);
    g_mutex_unlock(lock);
    if (was_set) {
        tlb_protect_page(v, host);
    }
    if (count(v) == 0) {
        return;
    }
    for (unsigned k = 0; k < count(v); k++) {
        TcgVcpu *o = other(v, k);

        if (o != NULL && was_set) {
            ask_protect(o, host);
        }
        if (o != NULL) {
            v->cache->seen_asked[k] = __atomic_load_n(&o->cache->protect_asked, __ATOMIC_SEQ_CST);
        }
    }
    g_array_append_val(v->cache->unverified, host);
    __atomic_store_n(&v->unverified, v->cache->unverified->len, __ATOMIC_SEQ_CST);
}

void unwatch_page(TcgVcpu *v, RamBlock *b, uint64_t off)
{
    uint64_t page = off >> PAGE_BITS, *users = users_of(b, page);
    GMutex *lock = lock_of(b, page);

    if (bits_are_shared(v->tcg)) {
        return;
    }
    g_mutex_lock(lock);
    __atomic_store_n(users, *users & ~bit_of(v->cpu), __ATOMIC_RELAXED);
    if (*users == 0) {
        ram_dirty_set_client(b, page << PAGE_BITS, PAGE_SIZE, DIRTY_CODE);
    }
    g_mutex_unlock(lock);
}

/* ---- from whoever stores */

/* The page is this vCPU's no more; it drops it before it runs anything else. */
static void take_away(TcgVcpu *v, RamBlock *b, uint64_t page)
{
    GMutex *lock = lock_of(b, page);
    uint64_t *users = users_of(b, page);

    g_mutex_lock(lock);
    if (*users & bit_of(v->cpu)) {
        ask_written(v, b, page << PAGE_BITS, PAGE_SIZE);
        __atomic_store_n(users, *users & ~bit_of(v->cpu), __ATOMIC_RELAXED);
        if (*users == 0) {
            ram_dirty_set_client(b, page << PAGE_BITS, PAGE_SIZE, DIRTY_CODE);
        }
    }
    g_mutex_unlock(lock);
}

static void tell_others(Tcg *t, RamBlock *b, uint64_t off, uint64_t len, uint64_t users)
{
    for (unsigned k = 0; k < t->vm->cpus->len; k++) {
        Cpu *cpu = g_ptr_array_index(t->vm->cpus, k);
        TcgVcpu *v = tcg_vcpu(cpu);

        if (v == NULL || v->cache == NULL || cpu == current_cpu || !(users & bit_of(cpu))) {
            continue;
        }
        if (!bits_are_shared(t) &&
            (!cpu_in_guest(cpu) ||
             __atomic_load_n(&v->cache->n_wanted, __ATOMIC_RELAXED) > WANTED_MAX)) {
            take_away(v, b, off >> PAGE_BITS);
        } else {
            ask_written(v, b, off, len);
        }
    }
}

static void page_stored(Tcg *t, RamBlock *b, uint64_t off, uint64_t len)
{
    uint64_t page = off >> PAGE_BITS, users = __atomic_load_n(users_of(b, page), __ATOMIC_RELAXED);
    TcgVcpu *self = current_cpu != NULL ? tcg_vcpu(current_cpu) : NULL;

    if (users & ~(self != NULL ? bit_of(current_cpu) : 0)) {
        tell_others(t, b, off, len, users);
    }
    if (self != NULL && self->cache != NULL) {
        cache_written(self, b, off, len);
    }
    if (users == 0) {               /* nobody's any more */
        GMutex *lock = lock_of(b, page);

        g_mutex_lock(lock);
        if (*users_of(b, page) == 0) {
            ram_dirty_set_client(b, page << PAGE_BITS, PAGE_SIZE, DIRTY_CODE);
        }
        g_mutex_unlock(lock);
    }
}

void watch_stored(Tcg *t, RamBlock *b, uint64_t off, uint64_t len)
{
    while (len > 0) {
        uint64_t step = MIN(len, PAGE_SIZE - (off & ~PAGE_MASK));

        if (!ram_page_dirty(b, off >> PAGE_BITS, DIRTY_CODE)) {
            page_stored(t, b, off, step);
        }
        off += step;
        len -= step;
    }
}

/* ---- at the beginning of a round */

static void protect_asked(TcgVcpu *v)
{
    CodeCache *c = v->cache;

    if (c->protect_all) {
        c->protect_all = false;
        tlb_flush_everything(v);
    }
    for (unsigned k = 0; k < c->protect->len; k++) {
        tlb_protect_page(v, g_array_index(c->protect, const uint8_t *, k));
    }
    g_array_set_size(c->protect, 0);
}

/* Those who wait for it may look again. */
static void tell_waiting(TcgVcpu *v)
{
    for (unsigned k = 0; k < count(v); k++) {
        TcgVcpu *o = other(v, k);

        if (o != NULL && __atomic_load_n(&o->unverified, __ATOMIC_SEQ_CST) != 0) {
            __atomic_store_n(&o->poll, 1, __ATOMIC_SEQ_CST);
        }
    }
}

void cache_requests(TcgVcpu *v)
{
    CodeCache *c = v->cache;
    g_autoptr(GArray) written = NULL;
    uint32_t asked, done;

    if (c == NULL || !__atomic_load_n(&c->wanted_any, __ATOMIC_SEQ_CST)) {
        return;
    }
    g_mutex_lock(&c->lock);
    __atomic_store_n(&c->wanted_any, 0, __ATOMIC_SEQ_CST);
    asked = c->protect_asked;
    done = c->protect_done;
    protect_asked(v);
    if (c->wanted->len > 0) {
        written = c->wanted;
        c->wanted = g_array_new(false, false, sizeof(CodeRange));
        __atomic_store_n(&c->n_wanted, 0, __ATOMIC_RELAXED);
    }
    g_mutex_unlock(&c->lock);
    if (asked != done) {
        __atomic_store_n(&c->protect_done, asked, __ATOMIC_SEQ_CST);
        tell_waiting(v);
    }
    for (unsigned k = 0; written != NULL && k < written->len; k++) {
        const CodeRange *r = &g_array_index(written, CodeRange, k);

        cache_written(v, r->b, r->off, r->len);
    }
}

void watch_verify(TcgVcpu *v)
{
    CodeCache *c = v->cache;
    bool all = true;

    if (c == NULL) {
        return;
    }
    for (unsigned k = 0; k < count(v) && all; k++) {
        const TcgVcpu *o = other(v, k);

        all = o == NULL || has_passed(o, c->seen_asked[k]);
    }
    for (unsigned k = 0; k < c->unverified->len; k++) {
        cache_verify_page(v, g_array_index(c->unverified, const uint8_t *, k));
    }
    if (all) {
        g_array_set_size(c->unverified, 0);
        __atomic_store_n(&v->unverified, 0, __ATOMIC_SEQ_CST);
    }
}
