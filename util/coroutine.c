/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coroutines: life, nesting, a pool of stacks. The switch itself is the host's (coroutine_x86_64.c). A stack is
 * mapped with a guard page below; finished ones are kept for the next. */
#include "util/coroutine.h"
#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "util/coroutine_int.h"

#if defined(__SANITIZE_ADDRESS__)
#define CO_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define CO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CO_ASAN 1
#elif __has_feature(thread_sanitizer)
#define CO_TSAN 1
#endif
#endif

enum { STACK_SIZE = 256 * 1024, GUARD_SIZE = 4096, POOL_MAX = 64 };

struct Coroutine {
    void (*entry)(void *opaque);
    void *opaque;
    void *sp;                       /* while it does not run */
    void *caller_sp;                /* while it runs */
    Coroutine *caller;              /* the coroutine that entered it, or NULL */
    bool done, running;
    char *stack;
    const void *caller_stack;       /* for the address sanitizer */
    size_t caller_size;
    void *fiber, *caller_fiber;     /* for the thread sanitizer */
    Coroutine *next;                /* in the pool */
};

/* Read through functions that are never inlined: a coroutine may continue on another thread. */
static __thread Coroutine *co_current;
static GMutex co_pool_mutex;
static Coroutine *co_pool;
static unsigned co_pool_n;

#ifdef CO_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
static void co_asan_start(void **fake, const void *bottom, size_t size)
{
    __sanitizer_start_switch_fiber(fake, bottom, size);
}
static void co_asan_finish(void *fake, const void **bottom, size_t *size)
{
    __sanitizer_finish_switch_fiber(fake, bottom, size);
}
static void co_asan_fresh(char *stack, size_t size)
{
    __asan_unpoison_memory_region(stack, size);
}
#else
static void co_asan_start(void **fake, const void *bottom, size_t size) {}
static void co_asan_finish(void *fake, const void **bottom, size_t *size) {}
static void co_asan_fresh(char *stack, size_t size) {}
#endif

#ifdef CO_TSAN
#include <sanitizer/tsan_interface.h>
static void co_tsan_enter(Coroutine *co)
{
    co->fiber = co->fiber != NULL ? co->fiber : __tsan_create_fiber(0);
    co->caller_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(co->fiber, 0);
}
static void co_tsan_leave(Coroutine *co) { __tsan_switch_to_fiber(co->caller_fiber, 0); }
static void co_tsan_done(Coroutine *co) { __tsan_destroy_fiber(co->fiber); }
#else
static void co_tsan_enter(Coroutine *co) {}
static void co_tsan_leave(Coroutine *co) {}
static void co_tsan_done(Coroutine *co) {}
#endif

__attribute__((noinline)) Coroutine *coroutine_self(void)
{
    return co_current;
}

static __attribute__((noinline)) void co_set_current(Coroutine *co)
{
    co_current = co;
}

/* First function on a new stack. */
static void co_main(void)
{
    Coroutine *co = coroutine_self();

    co_asan_finish(NULL, &co->caller_stack, &co->caller_size);
    co->entry(co->opaque);
    co->done = true;
    co_asan_start(NULL, co->caller_stack, co->caller_size);     /* NULL: this stack's frames are gone */
    co_tsan_leave(co);
    co_stack_switch(&co->sp, co->caller_sp);
    g_assert_not_reached();
}

static Coroutine *co_alloc(void)
{
    Coroutine *co;

    g_mutex_lock(&co_pool_mutex);
    co = co_pool;
    if (co != NULL) {
        co_pool = co->next;
        co_pool_n--;
    }
    g_mutex_unlock(&co_pool_mutex);
    if (co == NULL) {
        co = g_new0(Coroutine, 1);
        co->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
        g_assert(co->stack != MAP_FAILED);
        mprotect(co->stack, GUARD_SIZE, PROT_NONE);
    }
    return co;
}

static void co_free(Coroutine *co)
{
    g_mutex_lock(&co_pool_mutex);
    if (co_pool_n < POOL_MAX) {
        co->next = co_pool;
        co_pool = co;
        co_pool_n++;
        co = NULL;
    }
    g_mutex_unlock(&co_pool_mutex);
    if (co != NULL) {
        munmap(co->stack, STACK_SIZE);
        g_free(co);
    }
}

Coroutine *coroutine_new(void (*entry)(void *opaque), void *opaque)
{
    Coroutine *co = co_alloc();
    char *stack = co->stack;

    *co = (Coroutine){ .entry = entry, .opaque = opaque, .stack = stack };
    co_asan_fresh(stack + GUARD_SIZE, STACK_SIZE - GUARD_SIZE);
    co->sp = co_stack_init(stack + STACK_SIZE, co_main);
    return co;
}

void coroutine_enter(Coroutine *co)
{
    void *fake = NULL;

    g_assert(!co->running);
    co->running = true;
    co->caller = coroutine_self();
    co_set_current(co);
    co_asan_start(&fake, co->stack + GUARD_SIZE, STACK_SIZE - GUARD_SIZE);
    co_tsan_enter(co);
    co_stack_switch(&co->caller_sp, co->sp);
    co_asan_finish(fake, NULL, NULL);
    co_set_current(co->caller);
    co->running = false;
    if (co->done) {
        co_tsan_done(co);
        co_free(co);
    }
}

void co_yield(void)
{
    Coroutine *co = coroutine_self();
    void *fake = NULL;

    co_asan_start(&fake, co->caller_stack, co->caller_size);
    co_tsan_leave(co);
    co_stack_switch(&co->sp, co->caller_sp);
    co_asan_finish(fake, &co->caller_stack, &co->caller_size);
}
