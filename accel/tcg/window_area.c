/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where windows lie in the host's address space, and the table that guards them. See window.h.
 *
 * In units of 4 GiB (bits 63-32 of an address): guests use LOW (programs at fixed addresses, Go), MID
 * (position-independent programs and their heap) and TOP (libraries, stacks, mappings). MID and TOP of an address
 * space are moved by one distance, which is negative, LOW by another, which is positive. The distances are such that an
 * address of one kind, moved by the distance of the other one, is not canonical or the host kernel's. Around each
 * area at its place in the host, 4 GiB stay empty.
 *
 * The table: byte (address >> 16) can be read if the address is in one of the areas; no other address below
 * 2^48, and none above 2^63, can be looked up without a fault. Between them all sums are non-canonical. */
#include <glib.h>
#include <errno.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "accel/tcg/general_regs.h"
#include "accel/tcg/window.h"

enum { UNIT = 32, GUARD = 1, LOW_END = 0x100, MID = 0x5540, MID_END = 0x5680, TOP = 0x7ee0, TOP_END = 0x8000 };
/* Distances: the n-th space's. MID + FIRST_LOW lies beyond the canonical addresses. */
enum { STEP_HIGH = 0x180, FIRST_LOW = 0x2ad0, STEP_LOW = 0x104, SPACES = 16 };
enum { CHECK_SHIFT = 16, CHECK_STEP = 16 << 20, CHECK_TRIES = 24 };
#define CHECK_BYTES (1ull << (48 - CHECK_SHIFT))

static struct {
    GMutex lock;
    uint8_t *check;
    const char *why;
    bool tried, used[SPACES], bad[SPACES];
} areas;

/* At exactly this place, or not at all. */
static bool reserve_at(uint64_t at, uint64_t size)
{
    void *p = mmap((void *)(uintptr_t)at, size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (p != MAP_FAILED && (uintptr_t)p != at) {
        munmap(p, size);            /* an old kernel took it for a hint */
        return false;
    }
    return p != MAP_FAILED;
}

static bool check_open(uint64_t base, uint64_t from, uint64_t to)
{
    return mprotect((void *)(uintptr_t)(base + (from << (UNIT - CHECK_SHIFT))), (to - from) << (UNIT - CHECK_SHIFT),
                    from == 0 ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

static const char *check_make(void)
{
    uint64_t at = (1u << 31) - CHECK_STEP;
    unsigned k = 0;

    if (!(getauxval(AT_HWCAP2) & 2)) {
        return "the host does not let programs set the base of GS";
    }
    while (!reserve_at(at, CHECK_BYTES)) {
        if (errno == ENOMEM || ++k == CHECK_TRIES) {
            return "not enough address space (ulimit -v?)";
        }
        at -= CHECK_STEP;
    }
    if (!check_open(at, 0, LOW_END) || !check_open(at, MID, MID_END) || !check_open(at, TOP, TOP_END)) {
        munmap((void *)(uintptr_t)at, CHECK_BYTES);
        return "the host refuses mappings (vm.max_map_count?)";
    }
    areas.check = (uint8_t *)(uintptr_t)at;
    return NULL;
}

const uint8_t *window_check_table(const char **why)
{
    g_mutex_lock(&areas.lock);
    if (!areas.tried) {
        areas.tried = true;
        areas.why = check_make();
    }
    *why = areas.why;
    g_mutex_unlock(&areas.lock);
    return areas.check;
}

void window_area_low(uint64_t va)
{
    uint8_t *at = areas.check + (va >> UNIT << (UNIT - CHECK_SHIFT));

    for (unsigned k = 0; k < 1u << (UNIT - CHECK_SHIFT); k++) {
        __atomic_store_n(&at[k], WINDOW_DELTA_LOW, __ATOMIC_RELAXED);
    }
}

WindowKind window_kind(uint64_t va)
{
    uint64_t n = va >> UNIT;

    return n < LOW_END ? WINDOW_LOW : (n >= MID && n < MID_END) || (n >= TOP && n < TOP_END) ? WINDOW_HIGH : WINDOW_NOT;
}

static uint64_t low_of(unsigned k) { return (uint64_t)(FIRST_LOW + STEP_LOW * k) << UNIT; }
static uint64_t high_of(unsigned k) { return -((uint64_t)STEP_HIGH * (k + 1) << UNIT); }

static uint64_t area_start(uint64_t delta, unsigned from)
{
    return delta + ((uint64_t)from << UNIT) - ((uint64_t)GUARD << UNIT);
}

static uint64_t area_size(unsigned from, unsigned to)
{
    return (uint64_t)(to - from + 2 * GUARD) << UNIT;
}

static bool area_reserve(uint64_t delta, unsigned from, unsigned to)
{
    return reserve_at(area_start(delta, from), area_size(from, to));
}

static void area_release(uint64_t delta, unsigned from, unsigned to)
{
    munmap((void *)(uintptr_t)area_start(delta, from), area_size(from, to));
}

static bool space_reserve(unsigned k)
{
    uint64_t low = low_of(k), high = high_of(k);

    if (!area_reserve(low, 0, LOW_END)) {
        return false;
    }
    if (!area_reserve(high, MID, MID_END)) {
        area_release(low, 0, LOW_END);
        return false;
    }
    if (!area_reserve(high, TOP, TOP_END)) {
        area_release(low, 0, LOW_END);
        area_release(high, MID, MID_END);
        return false;
    }
    return true;
}

bool window_area_take(WindowArea *ret)
{
    bool found = false;

    g_mutex_lock(&areas.lock);
    for (unsigned k = 0; k < SPACES && !found; k++) {
        if (areas.used[k] || areas.bad[k]) {
            continue;
        }
        found = areas.used[k] = space_reserve(k);
        areas.bad[k] = !found;      /* something of the host's is there */
        *ret = (WindowArea){ .low = low_of(k), .high = high_of(k), .number = k };
    }
    g_mutex_unlock(&areas.lock);
    return found;
}

void window_area_give(const WindowArea *a)
{
    g_mutex_lock(&areas.lock);
    area_release(a->low, 0, LOW_END);
    area_release(a->high, MID, MID_END);
    area_release(a->high, TOP, TOP_END);
    areas.used[a->number] = false;
    g_mutex_unlock(&areas.lock);
}

unsigned window_area_count(void)
{
    return SPACES;
}

#include "accel/tcg/general_regs_end.h"
