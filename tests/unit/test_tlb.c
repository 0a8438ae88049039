/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The soft TLB: what stays and what goes at switches and flushes. Guest physical memory is one RAM region; the page
 * walk is RAM over and over, with properties by address. */
#include <sys/mman.h>

#include "accel/tcg/block.h"
#include "accel/tcg/tcg.h"

enum { RAM_SIZE = 64 << 20 };
#define GLOBAL_AT (1ull << 36)
#define LARGE_AT  (1ull << 38)
#define ABSENT_AT (1ull << 40)

static Vm *vm;
static MemRegion ram;
static Cpu cpu;
static TcgVcpu *v;
static unsigned walks;

static bool test_fill(Cpu *c, uint64_t va, Access how, unsigned mode, TlbFill *fill)
{
    walks++;
    if (va >= ABSENT_AT) {
        return false;
    }
    *fill = (TlbFill){ .pa = va & PAGE_MASK & (RAM_SIZE - 1), .prot = 7, .page_bits = va >= LARGE_AT ? 21 : PAGE_BITS,
                       .global = va >= GLOBAL_AT };
    return true;
}

static unsigned test_mode(const Cpu *c) { return 0; }

static const TcgGuestOps ops = { .tlb_fill = test_fill, .mmu_mode = test_mode };

static void setup(void)
{
    vm = vm_new();
    vm_lock(vm);
    g_assert(mem_init_ram(&ram, "ram", RAM_SIZE, NULL));
    mem_add(&vm->system_region, 0, &ram, 0);
    v = mmap(NULL, offsetof(TcgVcpu, sets) + TLB_SETS * sizeof(TlbSet), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert(v != MAP_FAILED);
    cpu.mem = vm->mem;
    cpu.accel_data = v;
    v->cpu = &cpu;
    v->ops = &ops;
    v->n_sets = TLB_SETS;
    tlb_init(v);
}

/* How many walks an access costs: 0 or 1. */
static unsigned cost(uint64_t va)
{
    unsigned before = walks;

    guest_ld32(&cpu, va, 0);
    return walks - before;
}

static void test_hit(void)
{
    guest_st64(&cpu, 0x1ffc, 0x1122334455667788, 0);        /* crosses */
    g_assert_cmphex(guest_ld64(&cpu, 0x1ffc, 0), ==, 0x1122334455667788);
    g_assert_cmphex(guest_ld32(&cpu, 0x2000, 0), ==, 0x11223344);
    g_assert_cmphex(*(uint32_t *)(mem_ram_ptr(&ram) + 0x1ffc), ==, 0x55667788);
    g_assert_cmpuint(cost(0x1000), ==, 0);
    g_assert_cmpuint(cost(0x1000 + ((uint64_t)TLB_SIZE << PAGE_BITS)), ==, 1);       /* the same entry */
    g_assert_cmpuint(cost(0x1000), ==, 1);
}

static void test_flush_page(void)
{
    cost(0x5000);
    cost(0x6000);
    guest_tlb_flush_page(&cpu, 0x5123);
    g_assert_cmpuint(cost(0x6000), ==, 0);
    g_assert_cmpuint(cost(0x5000), ==, 1);
}

static void test_flush_large(void)
{
    cost(LARGE_AT + 0x1000);
    cost(LARGE_AT + 0x5000);
    cost(LARGE_AT + (2 << 20));
    guest_tlb_flush_page(&cpu, LARGE_AT + 0x100000);        /* any address of the 2 MiB page */
    g_assert_cmpuint(cost(LARGE_AT + 0x1000), ==, 1);
    g_assert_cmpuint(cost(LARGE_AT + 0x5000), ==, 1);
    g_assert_cmpuint(cost(LARGE_AT + (2 << 20)), ==, 0);
}

static void test_global(void)
{
    cost(0x7000);
    cost(GLOBAL_AT + 0x7000);
    guest_tlb_flush(&cpu, false);
    g_assert_cmpuint(cost(GLOBAL_AT + 0x7000), ==, 0);
    g_assert_cmpuint(cost(0x7000), ==, 1);
    guest_tlb_flush(&cpu, true);
    g_assert_cmpuint(cost(GLOBAL_AT + 0x7000), ==, 1);
}

static void test_asid(void)
{
    guest_tlb_set_asid(&cpu, 1);
    g_assert_cmpuint(cost(0x8000), ==, 1);
    guest_tlb_set_asid(&cpu, 2);
    g_assert_cmpuint(cost(0x8000), ==, 1);
    guest_tlb_set_asid(&cpu, 1);
    g_assert_cmpuint(cost(0x8000), ==, 0);
    guest_tlb_flush_asid(&cpu, 2, true);
    g_assert_cmpuint(cost(0x8000), ==, 0);
    guest_tlb_flush_page_asid(&cpu, 1, 0x8000);
    g_assert_cmpuint(cost(0x8000), ==, 1);
    for (unsigned asid = 3; asid < 3 + TLB_SETS; asid++) {  /* more than are remembered */
        guest_tlb_set_asid(&cpu, asid);
        g_assert_cmpuint(cost(0x8000), ==, 1);
    }
    guest_tlb_set_asid(&cpu, 0);
}

/* More entries than the journal holds: a flush still finds them all. */
static void test_journal_overflow(void)
{
    guest_tlb_flush(&cpu, true);
    for (uint64_t page = 0; page < TLB_JOURNAL + 100; page++) {
        cost(page << PAGE_BITS);
    }
    guest_tlb_flush(&cpu, true);
    for (uint64_t page = 0; page < TLB_JOURNAL + 100; page++) {
        g_assert_cmpuint(cost(page << PAGE_BITS), ==, 1);
    }
}

static void test_tracked_stores(void)
{
    RamBlock *b = ram.ram;

    guest_st32(&cpu, 0x9000, 1, 0);
    g_assert_cmpuint(v->set->data[0][tlb_index(0x9000)].wtag, ==, 0x9000);
    ram_dirty_clear(b, 0x9000, PAGE_SIZE, DIRTY_VGA);
    tlb_protect_page(v, b->host + 0x9000);
    g_assert_cmpuint(v->set->data[0][tlb_index(0x9000)].wtag, !=, 0x9000);
    g_assert_false(ram_dirty_get(b, 0x9000, 1, DIRTY_VGA));
    guest_st32(&cpu, 0x9000, 2, 0);
    g_assert_true(ram_dirty_get(b, 0x9000, 1, DIRTY_VGA));
    g_assert_cmpuint(v->set->data[0][tlb_index(0x9000)].wtag, ==, 0x9000);
}

static void test_probe_of_absent(void)
{
    TlbPage p;

    g_assert_false(tlb_probe(v, ABSENT_AT, ACCESS_LOAD, 0, &p));
    g_assert_null(tlb_fetch(v, ABSENT_AT));
    g_assert_nonnull(tlb_fetch(v, 0x3000));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    setup();
    g_test_add_func("/tlb/hit_and_conflict", test_hit);
    g_test_add_func("/tlb/flush_page", test_flush_page);
    g_test_add_func("/tlb/flush_page_of_large_page", test_flush_large);
    g_test_add_func("/tlb/global_pages_stay", test_global);
    g_test_add_func("/tlb/address_spaces", test_asid);
    g_test_add_func("/tlb/journal_overflow", test_journal_overflow);
    g_test_add_func("/tlb/tracked_stores", test_tracked_stores);
    g_test_add_func("/tlb/absent_page", test_probe_of_absent);
    return g_test_run();
}
