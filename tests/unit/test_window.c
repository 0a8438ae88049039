/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows: what they show follows the page tables at flushes and nothing else, what is written goes to guest RAM, and
 * no guest address reaches anything but pages of a window. The page tables are a few rows in an array. */
#include <signal.h>
#include <sys/mman.h>

#include <stdio.h>

#include "accel/tcg/block.h"
#include "accel/tcg/tcg.h"
#include "accel/tcg/window_asm.h"
#include "accel/tcg/window_int.h"

enum { RAM_SIZE = 16 << 20, ROWS = 64 };
#define BASE 0x555500100000ull

typedef struct Row { uint64_t pa; bool present, w, a, d, global; } Row;

static Vm *vm;
static MemRegion ram;
static RamBlock *ram_block;
static Cpu cpu;
static TcgVcpu *v;
static Row rows[2][ROWS];           /* of two address spaces */
static unsigned current;
static bool window_on;

static Row *row_of(uint64_t va)
{
    uint64_t n = (va - BASE) >> PAGE_BITS;

    return n < ROWS ? &rows[current][n] : NULL;
}

static bool test_fill(Cpu *c, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    Row *r = row_of(va);

    if (r == NULL || !r->present || (how == ACCESS_STORE && !r->w)) {
        return false;
    }
    r->a = true;
    r->d |= how == ACCESS_STORE;
    *fill = (TlbFill){ .pa = r->pa, .prot = 1 | (r->w && r->d ? 2 : 0), .page_bits = PAGE_BITS, .global = r->global };
    return true;
}

static bool test_peek(Cpu *c, uint64_t va, unsigned mode, TlbFill *fill)
{
    const Row *r = row_of(va);

    if (r == NULL || !r->present || !r->a) {
        return false;
    }
    *fill = (TlbFill){ .pa = r->pa, .prot = 1 | (r->w && r->d ? 2 : 0), .page_bits = PAGE_BITS, .global = r->global };
    return true;
}

static unsigned test_mode(const Cpu *c) { return 0; }
static void test_window_mode(Cpu *c, bool on) { window_on = on; }

static const TcgGuestOps ops = { .tlb_fill = test_fill, .tlb_peek = test_peek, .mmu_mode = test_mode,
                                 .window_mode = test_window_mode, .user_mode = 0 };

static void rows_reset(void)
{
    for (unsigned s = 0; s < 2; s++) {
        for (unsigned k = 0; k < ROWS; k++) {   /* every other page is elsewhere: runs of one */
            rows[s][k] = (Row){ .pa = ((s * ROWS + k) * 3 + 16) << PAGE_BITS, .present = true, .w = true };
        }
    }
}

static void begin(void)
{
    rows_reset();
    current = 0;
    guest_addr_space(&cpu, 0x1000, 1, false);
    guest_tlb_set_asid(&cpu, 1);
    guest_tlb_flush(&cpu, true);
    window_promote_now(v);
    g_assert_true(window_on);
}

/* What translated code does after a fault. */
static bool touch(uint64_t va, bool write)
{
    TlbPage p;

    return tlb_probe(v, va, write ? ACCESS_STORE : ACCESS_LOAD, 0, &p) && window_fill(v, va, write);
}

/* The host address a translated access to va uses. */
static uint64_t host_of(uint64_t va)
{
    return va + (window_kind(va) == WINDOW_LOW ? v->win_delta[WINDOW_DELTA_LOW] : v->win->gs);
}

static uint8_t *ram_at(uint64_t pa) { return (uint8_t *)mem_ram_ptr(&ram) + pa; }

static bool shown(uint64_t va, bool *w)
{
    const uint8_t *p = window_shown(v, va, w);

    g_assert_true(p == NULL || (uintptr_t)p == host_of(va & PAGE_MASK));
    return p != NULL;
}

static void test_store(void)
{
    bool w;

    begin();
    g_assert_true(touch(BASE + 0x3004, true));
    g_assert_true(shown(BASE + 0x3000, &w) && w);
    *(uint32_t *)(uintptr_t)host_of(BASE + 0x3004) = 0x12345678;
    g_assert_cmphex(*(uint32_t *)ram_at(rows[0][3].pa + 4), ==, 0x12345678);
    g_assert_false(touch(BASE + 0x3004, true));         /* nothing to be gained */
    /* two pages that are not neighbours in RAM are neighbours in the window */
    g_assert_true(touch(BASE + 0x4000, true));
    memcpy((void *)(uintptr_t)host_of(BASE + 0x3ffc), &(uint64_t){ 0x1122334455667788 }, 8);
    g_assert_cmphex(*(uint32_t *)ram_at(rows[0][3].pa + 0xffc), ==, 0x55667788);
    g_assert_cmphex(*(uint32_t *)ram_at(rows[0][4].pa), ==, 0x11223344);
}

static void test_accessed_dirty(void)
{
    bool w;

    begin();
    rows[0][6].a = true;
    g_assert_true(touch(BASE + 0x5000, false));
    g_assert_true(rows[0][5].a && !rows[0][5].d);
    g_assert_true(shown(BASE + 0x5000, &w) && !w);      /* read-only until it is dirty */
    g_assert_true(shown(BASE + 0x6000, &w) && !w);      /* accessed before: along with its neighbour */
    g_assert_false(shown(BASE + 0x7000, &w));           /* never accessed: an access must set A */
    g_assert_false(rows[0][7].a);
    g_assert_true(touch(BASE + 0x5000, true));
    g_assert_true(shown(BASE + 0x5000, &w) && w && rows[0][5].d);
    rows[0][5].a = false;                               /* the guest ages the page */
    guest_tlb_flush_page(&cpu, BASE + 0x5000);
    g_assert_false(shown(BASE + 0x5000, &w));
    rows[0][6].d = rows[0][6].w = true;
    g_assert_true(touch(BASE + 0x6000, true));
    rows[0][6].d = false;                               /* ... or looks for changes */
    guest_tlb_flush(&cpu, false);
    g_assert_true(shown(BASE + 0x6000, &w) && !w);
}

static void test_flush(void)
{
    bool w;

    begin();
    for (unsigned k = 0; k < 8; k++) {
        g_assert_true(touch(BASE + k * PAGE_SIZE, true));
    }
    rows[0][1].pa += 0x100000;                          /* no flush yet: what a TLB holds may stay */
    g_assert_true(shown(BASE + 0x1000, &w));
    guest_tlb_flush_page(&cpu, BASE + 0x1abc);
    g_assert_false(shown(BASE + 0x1000, &w));
    g_assert_true(shown(BASE + 0x2000, &w));
    rows[0][2].present = false;
    rows[0][3].w = false;                               /* copy on write */
    rows[0][4].w = false;
    guest_tlb_flush_asid(&cpu, 1, false);
    g_assert_false(shown(BASE + 0x2000, &w));
    g_assert_true(shown(BASE + 0x3000, &w) && !w);
    g_assert_true(shown(BASE + 0x4000, &w) && !w);
    g_assert_true(shown(BASE + 0x5000, &w) && w);
    rows[0][3].w = true;                                /* more rights need no flush */
    guest_tlb_flush_page(&cpu, BASE + 0x3000);
    g_assert_true(touch(BASE + 0x3000, true));
    g_assert_true(shown(BASE + 0x3000, &w) && w);
    rows[0][6].global = true;
    guest_tlb_flush(&cpu, true);
    g_assert_false(shown(BASE + 0x6000, &w));           /* global pages are not for windows */
    g_assert_false(touch(BASE + 0x6000, false));
}

static void test_spaces(void)
{
    bool w;

    begin();
    g_assert_true(touch(BASE, true));
    memset(ram_at(rows[0][0].pa), 0xaa, PAGE_SIZE);
    memset(ram_at(rows[1][0].pa), 0xbb, PAGE_SIZE);
    current = 1;
    guest_addr_space(&cpu, 0x2000, 2, true);
    guest_tlb_set_asid(&cpu, 2);
    g_assert_false(window_on);
    g_assert_cmphex(v->win_delta[WINDOW_DELTA_LOW], ==, WINDOW_NO_LOW);
    g_assert_cmphex(v->win->gs, ==, WINDOW_NO_HIGH);
    window_promote_now(v);
    g_assert_true(touch(BASE, false));
    g_assert_cmphex(*(uint8_t *)(uintptr_t)host_of(BASE), ==, 0xbb);
    guest_tlb_flush_page_asid(&cpu, 1, BASE);           /* of the other one, whose page leaves meanwhile */
    rows[0][0].present = false;
    current = 0;
    guest_addr_space(&cpu, 0x1000, 1, true);
    guest_tlb_set_asid(&cpu, 1);
    g_assert_true(window_on);
    g_assert_false(shown(BASE, &w));
    current = 1;
    guest_addr_space(&cpu, 0x2000, 2, true);
    guest_tlb_set_asid(&cpu, 2);
    g_assert_true(shown(BASE, &w));
}

static void test_code_page(void)
{
    bool w;

    begin();
    g_assert_true(touch(BASE + 0x9000, true));
    tlb_protect_page(v, ram_at(rows[0][9].pa));
    g_assert_true(shown(BASE + 0x9000, &w) && !w);
    ram_dirty_clear(ram_block, rows[0][9].pa, PAGE_SIZE, DIRTY_CODE);
    guest_tlb_flush_page(&cpu, BASE + 0x9000);
    g_assert_false(touch(BASE + 0x9000, true));         /* stores must be seen */
    ram_dirty_set_client(ram_block, rows[0][9].pa, PAGE_SIZE, DIRTY_CODE);
}

/* ---- the canary: loads by the code that translations consist of, from everywhere */

static sigjmp_buf fault_out;
typedef uint64_t (*LoadFn)(uint64_t base, uint64_t disp);
static LoadFn load_fn[3];           /* with the distance of low addresses, of high ones, whichever it is */

static void on_fault(int sig) { siglongjmp(fault_out, 1); }

static void make_loads(void)
{
    uint8_t *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                      -1, 0);
    Asm a = { .p = p };

    g_assert(p != MAP_FAILED);
    for (unsigned how = 0; how < 3; how++) {
        AsmMem m = { .base = H_RDI, .index = H_RSI };

        memcpy(&load_fn[how], &a.p, sizeof(a.p));
        a16(&a, 0x5641);                                        /* push r14 */
        a_mov_ri(&a, H_R14, WINDOW_CHECK_SHIFT);
        win_probe(&a, H_R11, H_RDI, v->window_table);
        if (how == 1) {
            m.gs = true;
        } else {
            if (how == 2) {
                win_either(&a, H_R11, H_RDI, v);
            } else {
                win_low(&a, H_R11, v);
            }
            a_lea(&a, 1, H_R11, (AsmMem){ .base = H_R11, .index = H_RSI });
            m.index = H_R11;
        }
        a_rm(&a, 0, 0x0fb6, H_RAX, m);
        a16(&a, 0x5e41);                                        /* pop r14 */
        a8(&a, 0xc3);
    }
}

/* false: fault. */
static bool load_as(unsigned how, uint64_t base, int64_t disp)
{
    if (sigsetjmp(fault_out, 1) != 0) {
        return false;
    }
    load_fn[how](base, (uint64_t)disp);
    return true;
}

static bool load(uint64_t base, int64_t disp)
{
    return load_as(0, base, disp) || load_as(1, base, disp) || load_as(2, base, disp);
}

static void canary_random(GRand *r)
{
    for (unsigned k = 0; k < 30000; k++) {
        uint64_t va = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r), at;
        int64_t disp = (int32_t)g_rand_int(r);

        va >>= g_rand_int_range(r, 0, 32);
        va = k % 3 == 0 ? -va : va;
        at = va + (uint64_t)disp;
        g_assert_true(va - BASE < 8 * PAGE_SIZE || !load(va, 0));
        g_assert_true(at - BASE < 8 * PAGE_SIZE || !load(va, disp));
        va = (BASE & ~0xffffffffull) | g_rand_int(r);
        g_assert_true(va + (uint64_t)disp - BASE < 8 * PAGE_SIZE || !load(va, disp));
    }
}

static void test_canary(void)
{
    struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old_segv, old_bus;
    GRand *r = g_rand_new_with_seed(1);
    static uint8_t secret[4096];
    uint64_t targets[] = { (uintptr_t)secret, (uintptr_t)v, (uintptr_t)v->win, (uintptr_t)&sa,
                           (uintptr_t)mem_ram_ptr(&ram), (uintptr_t)v->window_table, (uintptr_t)v->win->nodes };
    uint64_t deltas[] = { 0, v->win->space[0].area.low, v->win->space[0].area.high, WINDOW_NO_LOW, WINDOW_NO_HIGH };

    make_loads();
    begin();
    for (unsigned k = 0; k < 8; k++) {
        g_assert_true(touch(BASE + k * PAGE_SIZE, true));
    }
    sigaction(SIGSEGV, &sa, &old_segv);
    sigaction(SIGBUS, &sa, &old_bus);
    g_assert_true(load_as(1, BASE, 0) && load_as(1, BASE, 0x7fff) && load_as(2, BASE, 5));
    g_assert_false(load_as(0, BASE, 0) || load_as(0, BASE, 0x7fff));
    g_assert_false(load(BASE, 0x8000) || load(BASE, -1));
    for (unsigned k = 0; k < G_N_ELEMENTS(targets); k++) {
        for (unsigned d = 0; d < G_N_ELEMENTS(deltas); d++) {   /* host addresses as guest's, or the sum is one */
            for (uint64_t top = 0; top < 0x10000; top += 0x3fff) {
                uint64_t va = (targets[k] - deltas[d]) ^ top << 48;

                g_assert_false(load(va, 0) || load(va + 0x7fffffff, -0x7fffffffll) ||
                               load(va - 0x7fffffff, 0x7fffffff));
            }
        }
    }
    canary_random(r);
    guest_addr_space(&cpu, 0x3000, 3, false);           /* one without windows */
    g_assert_false(window_on);
    for (unsigned k = 0; k < 1000; k++) {
        g_assert_false(load(BASE + k * 100, 0) || load(targets[k % G_N_ELEMENTS(targets)] - WINDOW_NO_HIGH, 0));
    }
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGBUS, &old_bus, NULL);
    g_rand_free(r);
}

static void test_budget(void)
{
    unsigned max = v->win->max_maps;
    bool w;

    begin();
    v->win->max_maps = 4;
    for (unsigned k = 0; k < 16; k++) {
        touch(BASE + k * PAGE_SIZE, true);
    }
    g_assert_false(window_on);                          /* too many: all of them gone */
    g_assert_false(shown(BASE, &w));
    g_assert_cmpuint(window_pages(v), ==, 0);
    v->win->max_maps = max;
}

int main(int argc, char **argv)
{
    const char *why = NULL;

    g_test_init(&argc, &argv, NULL);
    vm = vm_new();
    vm_lock(vm);
    g_assert(mem_init_ram(&ram, "ram", RAM_SIZE, NULL));
    mem_add(&vm->system_region, 0, &ram, 0);
    ram_block = ram_from_host(mem_ram_ptr(&ram), &(uint64_t){ 0 });
    v = mmap(NULL, offsetof(TcgVcpu, sets) + TLB_SETS * sizeof(TlbSet), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
    g_assert(v != MAP_FAILED);
    cpu.mem = vm->mem;
    cpu.accel_data = v;
    v->cpu = &cpu;
    v->ops = &ops;
    v->n_sets = TLB_SETS;
    tlb_init(v);
    v->win = window_new(v, 1, 100, &why);
    if (v->win == NULL) {
        printf("1..0 # SKIP no windows here: %s\n", why);
        return 0;
    }
    g_test_add_func("/window/store", test_store);
    g_test_add_func("/window/accessed-dirty", test_accessed_dirty);
    g_test_add_func("/window/flush", test_flush);
    g_test_add_func("/window/spaces", test_spaces);
    g_test_add_func("/window/code-page", test_code_page);
    g_test_add_func("/window/canary", test_canary);
    g_test_add_func("/window/budget", test_budget);

    int status = g_test_run();

    window_free(v);
    return status;
}
