/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers. Each loop has a heap of armed timers a clock and one timerfd, set to the earliest
 * deadline in monotonic time: exact to the kernel's timers, and arming from another thread wakes the poll by
 * itself. A deadline that moves away leaves the timerfd as it is; the early wake-up sets it anew.
 * The virtual clock is host time plus an offset while it runs, or an accelerator's. */
#include "util/timer.h"
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "util/bits.h"
#include "util/loop_int.h"

enum { TIMER_BURST = 10000 };       /* callbacks in one round, so that other sources get a turn */

struct Timer {
    Loop *loop;
    void (*fn)(void *opaque);
    void *opaque;
    Clock clock;
    int index;                      /* in the heap; -1: not armed */
    int64_t expiry;                 /* INT64_MAX: not armed; atomic reads without the mutex */
    uint64_t seq;
};

/* Host-driven virtual clock, read under a sequence count: even when it is stable. */
static struct {
    GMutex mutex;                   /* writers */
    unsigned seq;
    bool enabled;
    int64_t offset;                 /* virtual = real + offset while enabled */
    int64_t frozen;                 /* virtual while not */
    const ClockSource *source;      /* atomic */
} vclock;

static int64_t clock_host_read(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t clock_virtual_read(void)
{
    const ClockSource *source = __atomic_load_n(&vclock.source, __ATOMIC_ACQUIRE);
    unsigned seq;
    int64_t v;

    if (source != NULL) {
        return source->now(source->opaque);
    }
    do {
        seq = __atomic_load_n(&vclock.seq, __ATOMIC_ACQUIRE);
        v = __atomic_load_n(&vclock.enabled, __ATOMIC_RELAXED)
            ? clock_host_read(CLOCK_MONOTONIC) + __atomic_load_n(&vclock.offset, __ATOMIC_RELAXED)
            : __atomic_load_n(&vclock.frozen, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((seq & 1) != 0 || seq != __atomic_load_n(&vclock.seq, __ATOMIC_RELAXED));
    return v;
}

int64_t clock_ns(Clock clock)
{
    return clock == CLOCK_VIRTUAL ? clock_virtual_read()
        : clock_host_read(clock == CLOCK_REAL ? CLOCK_MONOTONIC : CLOCK_REALTIME);
}

static bool timer_before(const Timer *a, const Timer *b)
{
    return a->expiry != b->expiry ? a->expiry < b->expiry : a->seq < b->seq;
}

static void heap_place(TimerHeap *h, unsigned i, Timer *t)
{
    h->at[i] = t;
    t->index = (int)i;
}

/* t belongs at i or above or below it. */
static void heap_settle(TimerHeap *h, unsigned i, Timer *t)
{
    while (i > 0 && timer_before(t, h->at[(i - 1) / 2])) {
        heap_place(h, i, h->at[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        unsigned child = 2 * i + 1;

        if (child + 1 < h->n && timer_before(h->at[child + 1], h->at[child])) {
            child++;
        }
        if (child >= h->n || !timer_before(h->at[child], t)) {
            break;
        }
        heap_place(h, i, h->at[child]);
        i = child;
    }
    heap_place(h, i, t);
}

static void heap_remove(TimerHeap *h, Timer *t)
{
    unsigned i = (unsigned)t->index;
    Timer *last = h->at[--h->n];

    t->index = -1;
    __atomic_store_n(&t->expiry, INT64_MAX, __ATOMIC_RELAXED);
    if (last != t) {
        heap_settle(h, i, last);
    }
}

static void heap_insert(TimerHeap *h, Timer *t)
{
    if (h->n == h->room) {
        h->room = h->room == 0 ? 16 : h->room * 2;
        h->at = g_renew(Timer *, h->at, h->room);
    }
    h->n++;
    heap_settle(h, h->n - 1, t);
}

/* The monotonic time at which the first timer of a heap is due; INT64_MAX: nothing host time can fire. */
static int64_t heap_deadline_real(const Loop *l, Clock c)
{
    int64_t expiry = l->heap[c].n == 0 ? INT64_MAX : l->heap[c].at[0]->expiry;
    int64_t delta = 0;

    if (expiry == INT64_MAX || c == CLOCK_REAL) {
        return expiry;
    }
    if (c == CLOCK_VIRTUAL && (vclock.source != NULL || !vclock.enabled)) {
        return INT64_MAX;
    }
    delta = clock_ns(CLOCK_REAL) - clock_ns(c);
    return __builtin_add_overflow(expiry, delta, &expiry) ? INT64_MAX : expiry;
}

/* Sets the timerfd when the earliest deadline is before what it is set to. Loop mutex held. */
static void loop_arm(Loop *l)
{
    int64_t first = INT64_MAX;
    struct itimerspec its = { 0 };

    for (int c = 0; c < CLOCKS; c++) {
        first = MIN(first, heap_deadline_real(l, (Clock)c));
    }
    if (first >= l->armed) {
        return;
    }
    l->armed = first;
    if (first <= clock_ns(CLOCK_REAL)) {
        __atomic_store_n(&l->timers_due, true, __ATOMIC_RELAXED);   /* cheaper than a timer interrupt */
        loop_wake(l);
        return;
    }
    its.it_value.tv_sec = first / NS_PER_S;
    its.it_value.tv_nsec = first % NS_PER_S;
    timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/* The virtual clock changed its way of running. */
static void loop_rearm(Loop *l)
{
    g_mutex_lock(&l->mutex);
    l->armed = INT64_MAX;
    loop_arm(l);
    g_mutex_unlock(&l->mutex);
}

/* Runs what is due at `now`. A callback may arm, cancel and free any timer. */
static void loop_run_heap(Loop *l, Clock c, int64_t now)
{
    for (int n = 0; n < TIMER_BURST; n++) {
        TimerHeap *h = &l->heap[c];
        void (*fn)(void *opaque);
        void *opaque;
        Timer *t;

        g_mutex_lock(&l->mutex);
        if (h->n == 0 || h->at[0]->expiry > now) {
            g_mutex_unlock(&l->mutex);
            return;
        }
        t = h->at[0];
        fn = t->fn;
        opaque = t->opaque;
        heap_remove(h, t);
        g_mutex_unlock(&l->mutex);
        fn(opaque);
    }
}

void loop_run_timers(Loop *l)
{
    uint64_t count;
    ssize_t n = read(l->timer_fd, &count, sizeof(count));

    (void)n;                        /* EAGAIN: somebody set it anew after the poll */
    __atomic_store_n(&l->timers_due, false, __ATOMIC_RELAXED);
    for (int c = 0; c < CLOCKS; c++) {
        if (c != CLOCK_VIRTUAL || (vclock.source == NULL && vclock.enabled)) {
            loop_run_heap(l, (Clock)c, clock_ns((Clock)c));
        }
    }
    loop_rearm(l);
}

void loop_timers_init(Loop *l)
{
    l->armed = INT64_MAX;
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    g_assert(l->timer_fd >= 0);
}

void loop_timers_fini(Loop *l)
{
    for (int c = 0; c < CLOCKS; c++) {
        g_assert(l->heap[c].n == 0);
        g_free(l->heap[c].at);
    }
    close(l->timer_fd);
}

Timer *timer_new(Loop *l, Clock clock, void (*fn)(void *opaque), void *opaque)
{
    Timer *t = g_new0(Timer, 1);

    *t = (Timer){ .loop = l, .fn = fn, .opaque = opaque, .clock = clock, .index = -1, .expiry = INT64_MAX };
    return t;
}

void timer_free(Timer *t)
{
    if (t != NULL) {
        timer_cancel(t);
        g_free(t);
    }
}

/* Loop mutex held. True: t is now the first virtual timer and an accelerator has to know. */
static bool timer_set_locked(Timer *t, int64_t when_ns)
{
    Loop *l = t->loop;
    TimerHeap *h = &l->heap[t->clock];

    __atomic_store_n(&t->expiry, when_ns, __ATOMIC_RELAXED);
    t->seq = l->timer_seq++;
    if (t->index >= 0) {
        heap_settle(h, (unsigned)t->index, t);
    } else {
        heap_insert(h, t);
    }
    if (t->index != 0) {
        return false;
    }
    loop_arm(l);
    return t->clock == CLOCK_VIRTUAL;
}

static void timer_tell_source(bool changed)
{
    const ClockSource *source = __atomic_load_n(&vclock.source, __ATOMIC_ACQUIRE);

    if (changed && source != NULL && source->deadline_changed != NULL) {
        source->deadline_changed(source->opaque);
    }
}

void timer_set(Timer *t, int64_t when_ns)
{
    bool changed;

    if (when_ns == INT64_MAX) {
        timer_cancel(t);
        return;
    }
    g_mutex_lock(&t->loop->mutex);
    changed = timer_set_locked(t, when_ns);
    g_mutex_unlock(&t->loop->mutex);
    timer_tell_source(changed);
}

void timer_set_earlier(Timer *t, int64_t when_ns)
{
    bool changed = false;

    g_mutex_lock(&t->loop->mutex);
    if (when_ns < t->expiry) {
        changed = timer_set_locked(t, when_ns);
    }
    g_mutex_unlock(&t->loop->mutex);
    timer_tell_source(changed);
}

void timer_set_in(Timer *t, int64_t delta_ns)
{
    int64_t when = clock_ns(t->clock);

    timer_set(t, __builtin_add_overflow(when, delta_ns, &when) ? INT64_MAX : when);
}

void timer_cancel(Timer *t)
{
    g_mutex_lock(&t->loop->mutex);
    if (t->index >= 0) {
        heap_remove(&t->loop->heap[t->clock], t);
    }
    g_mutex_unlock(&t->loop->mutex);
}

bool clock_virtual_counted(void)
{
    const ClockSource *source = __atomic_load_n(&vclock.source, __ATOMIC_ACQUIRE);

    return source != NULL && source->counted && __atomic_load_n(&vclock.enabled, __ATOMIC_RELAXED);
}

bool timer_pending(const Timer *t)
{
    return timer_expiry(t) != INT64_MAX;
}

int64_t timer_expiry(const Timer *t)
{
    return __atomic_load_n(&t->expiry, __ATOMIC_RELAXED);
}

/* One change of the virtual clock, between begin and end. */
static void vclock_begin(void)
{
    g_mutex_lock(&vclock.mutex);
    __atomic_store_n(&vclock.seq, vclock.seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void vclock_end(void)
{
    __atomic_store_n(&vclock.seq, vclock.seq + 1, __ATOMIC_RELEASE);
    g_mutex_unlock(&vclock.mutex);
    loops_foreach(loop_rearm);
}

void clock_virtual_enable(bool on)
{
    int64_t real = clock_host_read(CLOCK_MONOTONIC);

    if (on == vclock.enabled) {
        return;
    }
    vclock_begin();
    if (on) {
        __atomic_store_n(&vclock.offset, vclock.frozen - real, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&vclock.frozen, real + vclock.offset, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&vclock.enabled, on, __ATOMIC_RELAXED);
    vclock_end();
}

bool clock_virtual_enabled(void)
{
    return __atomic_load_n(&vclock.enabled, __ATOMIC_RELAXED);
}

void clock_virtual_set(int64_t ns)
{
    vclock_begin();
    __atomic_store_n(&vclock.offset, ns - clock_host_read(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
    __atomic_store_n(&vclock.frozen, ns, __ATOMIC_RELAXED);
    vclock_end();
}

void clock_virtual_set_source(const ClockSource *source)
{
    vclock_begin();
    __atomic_store_n(&vclock.source, source, __ATOMIC_RELEASE);
    vclock_end();
}

static int64_t vclock_first;        /* result of the walk below; under vclock.mutex */

static void loop_virtual_first(Loop *l)
{
    g_mutex_lock(&l->mutex);
    if (l->heap[CLOCK_VIRTUAL].n > 0) {
        vclock_first = MIN(vclock_first, l->heap[CLOCK_VIRTUAL].at[0]->expiry);
    }
    g_mutex_unlock(&l->mutex);
}

int64_t clock_virtual_deadline(void)
{
    int64_t first;

    g_mutex_lock(&vclock.mutex);
    vclock_first = INT64_MAX;
    loops_foreach(loop_virtual_first);
    first = vclock_first;
    g_mutex_unlock(&vclock.mutex);
    return first;
}

static void loop_run_virtual(void *opaque)
{
    loop_run_heap(opaque, CLOCK_VIRTUAL, clock_ns(CLOCK_VIRTUAL));
}

static void loop_wake_virtual(Loop *l)
{
    bool due;

    if (l == loop_main()) {
        return;
    }
    g_mutex_lock(&l->mutex);
    due = l->heap[CLOCK_VIRTUAL].n > 0 && l->heap[CLOCK_VIRTUAL].at[0]->expiry <= clock_ns(CLOCK_VIRTUAL);
    g_mutex_unlock(&l->mutex);
    if (due) {
        loop_call(l, loop_run_virtual, l);
    }
}

void clock_virtual_run(void)
{
    loop_run_virtual(loop_main());
    loops_foreach(loop_wake_virtual);
}
