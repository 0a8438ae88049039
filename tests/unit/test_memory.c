/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The region tree as the guest sees it: priorities, aliases, holes, splitting, transactions, dirty
 * bits. */
#include <string.h>

#include "hw/core/dma.h"
#include "hw/core/ram.h"
#include "hw/core/vm.h"

typedef struct Fix {
    Vm *vm;
    MemRegion ram, over, io, io2, window;
    GString *log;
} Fix;

/* A device that writes down what reaches it: "r2@4 " or "w4@0=12345678 ". */
static uint64_t dev_read(void *opaque, GuestAddr off, unsigned size)
{
    Fix *f = opaque;

    g_string_append_printf(f->log, "r%u@%x ", size, (unsigned)off);
    return 0x8877665544332211ull >> (off % 8 * 8);
}

static void dev_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Fix *f = opaque;

    g_string_append_printf(f->log, "w%u@%x=%" G_GINT64_MODIFIER "x ", size, (unsigned)off, val);
}

static const MemOps any_ops = { .read = dev_read, .write = dev_write };
static const MemOps byte_ops = { .read = dev_read, .write = dev_write, .max_size = 1 };
static const MemOps word32_ops = {
    .read = dev_read, .write = dev_write, .min_size = 4, .max_size = 4
};
static const MemOps strict_ops = {
    .read = dev_read, .write = dev_write, .min_size = 4, .max_size = 4, .strict = true
};
static const MemOps unaligned_ops = { .read = dev_read, .write = dev_write, .unaligned = true };
static const MemOps big_ops = { .read = dev_read, .write = dev_write, .big_endian = true };

static void setup(Fix *f, gconstpointer data)
{
    (void)data;
    f->vm = vm_new();
    f->log = g_string_new(NULL);
    vm_lock(f->vm);
}

static void teardown(Fix *f, gconstpointer data)
{
    (void)data;
    mem_fini(&f->window);
    mem_fini(&f->io);
    mem_fini(&f->io2);
    mem_fini(&f->over);
    mem_fini(&f->ram);
    vm_unlock(f->vm);
    vm_free(f->vm);
    g_string_free(f->log, TRUE);
}

static MemRegion *root(Fix *f)
{
    return addr_space_root(f->vm->mem);
}

static void add_ram(Fix *f, uint64_t size)
{
    g_assert_true(mem_init_ram(&f->ram, "ram", size, NULL));
    mem_add(root(f), 0, &f->ram, 0);
}

static void add_io(Fix *f, GuestAddr at, uint64_t size, const MemOps *ops, int priority)
{
    mem_init_io(&f->io, "dev", size, ops, f);
    mem_add(root(f), at, &f->io, priority);
}

static uint64_t ld(Fix *f, GuestAddr a, unsigned size)
{
    return addr_space_ld(f->vm->mem, a, size, MEM_ATTRS_NONE, NULL);
}

static void st(Fix *f, GuestAddr a, uint64_t v, unsigned size)
{
    addr_space_st(f->vm->mem, a, v, size, MEM_ATTRS_NONE, NULL);
}

static void expect_log(Fix *f, const char *text)
{
    g_assert_cmpstr(f->log->str, ==, text);
    g_string_truncate(f->log, 0);
}

static void expect_map(Fix *f, AddrSpace *as, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const FlatMap *map = addr_space_map(as);

    (void)f;
    for (size_t i = 0; i < flat_map_count(map); i++) {
        const FlatRange *fr = flat_map_range(map, i);

        g_string_append_printf(
            out, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %s@%" G_GINT64_MODIFIER "x%s;",
            fr->start, fr->last, fr->region->name, fr->offset, fr->readonly ? " ro" : "");
    }
    g_assert_cmpstr(out->str, ==, text);
}

static void test_ram_keeps_what_is_written(Fix *f, gconstpointer data)
{
    (void)data;
    add_ram(f, 0x10000);
    st(f, 0x123, 0x1122334455667788, 8);
    g_assert_cmphex(ld(f, 0x123, 8), ==, 0x1122334455667788);
    g_assert_cmphex(ld(f, 0x124, 2), ==, 0x6677);
    g_assert_cmphex(mem_ram_ptr(&f->ram)[0x123], ==, 0x88);
}

static void test_hole_reads_ones(Fix *f, gconstpointer data)
{
    MemResult res;
    uint8_t buf[16];

    (void)data;
    add_ram(f, 0x1000);
    g_assert_cmphex(ld(f, 0x5000, 1), ==, 0xff);
    g_assert_cmphex(ld(f, 0x5000, 2), ==, 0xffff);
    g_assert_cmphex(ld(f, 0x5000, 4), ==, 0xffffffff);
    g_assert_cmphex(addr_space_ld(f->vm->mem, 0x5000, 8, MEM_ATTRS_NONE, &res), ==, UINT64_MAX);
    g_assert_cmpint(res, ==, MEM_UNASSIGNED);
    /* Half in RAM, half in the hole, and the very end of the address space. */
    g_assert_cmphex(ld(f, 0xffe, 4), ==, 0xffff0000);
    g_assert_cmpint(addr_space_read(f->vm->mem, UINT64_MAX - 7, buf, 8, MEM_ATTRS_NONE), ==,
                    MEM_UNASSIGNED);
    st(f, 0xffe, 0xaabbccdd, 4);
    g_assert_cmphex(ld(f, 0xffe, 2), ==, 0xccdd);
}

static void test_higher_priority_covers(Fix *f, gconstpointer data)
{
    (void)data;
    add_ram(f, 0x10000);
    add_io(f, 0x4000, 0x1000, &any_ops, 1);
    expect_map(f, f->vm->mem, "0-3fff ram@0;4000-4fff dev@0;5000-ffff ram@5000;");
    ld(f, 0x4004, 4);
    expect_log(f, "r4@4 ");
    mem_set_enabled(&f->io, false);
    expect_map(f, f->vm->mem, "0-ffff ram@0;");
    mem_set(&f->io, true, 0xf000);
    expect_map(f, f->vm->mem, "0-efff ram@0;f000-ffff dev@0;");
}

static void test_lower_priority_shows_in_gaps(Fix *f, gconstpointer data)
{
    (void)data;
    add_ram(f, 0x2000);
    mem_init_io(&f->io2, "below", 0x4000, &any_ops, f);
    mem_add(root(f), 0x1000, &f->io2, -1);
    add_io(f, 0x3000, 0x800, &any_ops, 5);
    expect_map(f, f->vm->mem,
               "0-1fff ram@0;2000-2fff below@1000;3000-37ff dev@0;3800-4fff below@2800;");
}

static void test_younger_covers_older_of_same_priority(Fix *f, gconstpointer data)
{
    (void)data;
    add_io(f, 0, 0x1000, &any_ops, 0);
    mem_init_io(&f->io2, "young", 0x1000, &any_ops, f);
    mem_add(root(f), 0x800, &f->io2, 0);
    expect_map(f, f->vm->mem, "0-7ff dev@0;800-17ff young@0;");
}

static void test_alias_shows_part(Fix *f, gconstpointer data)
{
    (void)data;
    g_assert_true(mem_init_ram(&f->ram, "ram", 0x10000, NULL));
    mem_init_alias(&f->window, "window", &f->ram, 0x8000, 0x1000);
    mem_add(root(f), 0x100000, &f->window, 0);
    expect_map(f, f->vm->mem, "100000-100fff ram@8000;");
    st(f, 0x100010, 0x55, 1);
    g_assert_cmphex(mem_ram_ptr(&f->ram)[0x8010], ==, 0x55);
    mem_set_alias_offset(&f->window, 0);
    expect_map(f, f->vm->mem, "100000-100fff ram@0;");
    mem_set_readonly(&f->window, true);
    st(f, 0x100010, 0x77, 1);
    g_assert_cmphex(ld(f, 0x100010, 1), ==, 0);
    expect_map(f, f->vm->mem, "100000-100fff ram@0 ro;");
}

static void test_alias_of_container_clips(Fix *f, gconstpointer data)
{
    (void)data;
    mem_init(&f->over, "box", 0x10000);
    mem_init_io(&f->io, "dev", 0x3000, &any_ops, f);
    mem_add(&f->over, 0x1000, &f->io, 0);
    mem_init_alias(&f->window, "window", &f->over, 0x2000, 0x1000);
    mem_add(root(f), 0xa000, &f->window, 0);
    expect_map(f, f->vm->mem, "a000-afff dev@1000;");
}

static void test_io_region_with_parts(Fix *f, gconstpointer data)
{
    (void)data;
    mem_init_io(&f->io, "cmos", 2, &byte_ops, f);
    mem_add(addr_space_root(f->vm->io), 0x70, &f->io, 0);
    mem_init_io(&f->io2, "index", 1, &byte_ops, f);
    mem_add(&f->io, 0, &f->io2, 0);
    expect_map(f, f->vm->io, "0-6f io@0;70-70 index@0;71-71 cmos@1;72-ffff io@72;");
    g_assert_cmphex(addr_space_ld(f->vm->io, 0x80, 4, MEM_ATTRS_NONE, NULL), ==, 0xffffffff);
}

static void test_neighbours_are_joined(Fix *f, gconstpointer data)
{
    (void)data;
    g_assert_true(mem_init_ram(&f->ram, "ram", 0x4000, NULL));
    mem_init_alias(&f->window, "a", &f->ram, 0x1000, 0x1000);
    mem_add(root(f), 0x1000, &f->window, 0);
    mem_init_alias(&f->over, "b", &f->ram, 0x2000, 0x1000);
    mem_add(root(f), 0x2000, &f->over, 0);
    expect_map(f, f->vm->mem, "1000-2fff ram@1000;");
}

static void test_wide_access_is_split(Fix *f, gconstpointer data)
{
    (void)data;
    add_io(f, 0x1000, 0x100, &byte_ops, 0);
    g_assert_cmphex(ld(f, 0x1000, 4), ==, 0x44332211);
    expect_log(f, "r1@0 r1@1 r1@2 r1@3 ");
    st(f, 0x1002, 0xaabb, 2);
    expect_log(f, "w1@2=bb w1@3=aa ");
}

static void test_narrow_access_is_widened(Fix *f, gconstpointer data)
{
    (void)data;
    add_io(f, 0x1000, 0x100, &word32_ops, 0);
    g_assert_cmphex(ld(f, 0x1002, 1), ==, 0x33);
    expect_log(f, "r4@0 ");
    st(f, 0x1001, 0xee, 1);
    expect_log(f, "w4@0=ee00 ");
    g_assert_cmphex(ld(f, 0x1000, 8), ==, 0x8877665544332211);
    expect_log(f, "r4@0 r4@4 ");
}

static void test_unaligned_access_is_cut_at_alignment(Fix *f, gconstpointer data)
{
    (void)data;
    add_io(f, 0x1000, 0x100, &any_ops, 0);
    st(f, 0x1001, 0x44332211, 4);
    expect_log(f, "w1@1=11 w2@2=3322 w1@4=44 ");
    mem_fini(&f->io);
    add_io(f, 0x1000, 0x100, &unaligned_ops, 0);
    st(f, 0x1001, 0x44332211, 4);
    expect_log(f, "w4@1=44332211 ");
}

static void test_strict_refuses_other_sizes(Fix *f, gconstpointer data)
{
    MemResult res;

    (void)data;
    add_io(f, 0x1000, 0x100, &strict_ops, 0);
    g_assert_cmphex(addr_space_ld(f->vm->mem, 0x1000, 1, MEM_ATTRS_NONE, &res), ==, 0xff);
    g_assert_cmpint(res, ==, MEM_UNASSIGNED);
    st(f, 0x1002, 1, 4);
    expect_log(f, "");
    st(f, 0x1004, 1, 4);
    expect_log(f, "w4@4=1 ");
}

static void test_big_endian_device(Fix *f, gconstpointer data)
{
    (void)data;
    add_io(f, 0x1000, 0x100, &big_ops, 0);
    st(f, 0x1000, 0x11223344, 4);
    expect_log(f, "w4@0=44332211 ");
    g_assert_cmphex(ld(f, 0x1000, 2), ==, 0x1122);
}

static void test_access_belongs_to_first_byte(Fix *f, gconstpointer data)
{
    (void)data;
    mem_init_io(&f->io, "index", 4, &any_ops, f);
    mem_add(addr_space_root(f->vm->io), 0xcf8, &f->io, 0);
    mem_init_io(&f->io2, "reset", 1, &byte_ops, f);
    mem_add(addr_space_root(f->vm->io), 0xcf9, &f->io2, 1);
    addr_space_st(f->vm->io, 0xcf8, 0x80001234, 4, MEM_ATTRS_NONE, NULL);
    expect_log(f, "w4@0=80001234 ");
    addr_space_st(f->vm->io, 0xcf9, 6, 1, MEM_ATTRS_NONE, NULL);
    expect_log(f, "w1@0=6 ");
    /* The region ends: the rest goes to who comes next. */
    addr_space_st(f->vm->io, 0xcfa, 0x55667788, 4, MEM_ATTRS_NONE, NULL);
    expect_log(f, "w2@2=7788 ");
}

typedef struct Heard {
    unsigned maps, added, removed;
} Heard;

static void on_map(void *opaque)
{
    ((Heard *)opaque)->maps++;
}
static void on_add(void *opaque, const FlatRange *fr)
{
    (void)fr;
    ((Heard *)opaque)->added++;
}
static void on_del(void *opaque, const FlatRange *fr)
{
    (void)fr;
    ((Heard *)opaque)->removed++;
}

static void test_transaction_publishes_once(Fix *f, gconstpointer data)
{
    Heard heard = { 0 };
    const MemListener l = {
        .map_changed = on_map, .ram_added = on_add, .ram_removed = on_del, .opaque = &heard
    };

    (void)data;
    add_ram(f, 0x4000);
    addr_space_listen(f->vm->mem, &l);
    g_assert_cmpuint(heard.added, ==, 1);
    heard = (Heard){ 0 };
    mem_txn_begin();
    add_io(f, 0x1000, 0x1000, &any_ops, 1);
    mem_set_addr(&f->io, 0x2000);
    mem_set_addr(&f->io, 0x3000);
    g_assert_cmpuint(heard.maps, ==, 0);
    mem_txn_commit();
    g_assert_cmpuint(heard.maps, ==, 1);
    g_assert_cmpuint(heard.removed, ==, 1);
    g_assert_cmpuint(heard.added, ==, 1);
    /* There and back: nothing happened. */
    mem_txn_begin();
    mem_set_addr(&f->io, 0x1000);
    mem_set_addr(&f->io, 0x3000);
    mem_txn_commit();
    g_assert_cmpuint(heard.maps, ==, 1);
    addr_space_unlisten(f->vm->mem, &l);
}

static void test_rom_ignores_stores(Fix *f, gconstpointer data)
{
    (void)data;
    g_assert_true(mem_init_rom(&f->ram, "bios", 0x1000, NULL));
    mem_add(root(f), 0xf000, &f->ram, 0);
    addr_space_write_rom(f->vm->mem, 0xf000, "abc", 3);
    st(f, 0xf000, 0, 4);
    g_assert_cmphex(ld(f, 0xf000, 4), ==, 0x00636261);
}

static void test_rom_device_changes_mode(Fix *f, gconstpointer data)
{
    (void)data;
    g_assert_true(mem_init_rom_device(&f->ram, "flash", 0x1000, &any_ops, f, NULL));
    mem_add(root(f), 0, &f->ram, 0);
    mem_ram_ptr(&f->ram)[0] = 0x5a;
    g_assert_cmphex(ld(f, 0, 1), ==, 0x5a);
    st(f, 0, 0xff, 1);
    expect_log(f, "w1@0=ff ");
    g_assert_cmphex(ld(f, 0, 1), ==, 0x5a);
    mem_set_rom_mode(&f->ram, false);
    g_assert_cmphex(ld(f, 0, 1), ==, 0x11);
    expect_log(f, "r1@0 ");
}

static void test_stores_set_dirty_bits(Fix *f, gconstpointer data)
{
    RamBlock *b;
    uint64_t bits[1];

    (void)data;
    add_ram(f, 0x10000);
    b = f->ram.ram;
    for (int c = 0; c < DIRTY_CLIENTS; c++) {
        g_assert_true(ram_dirty_clear(b, 0, b->size, c));
        g_assert_false(ram_dirty_get(b, 0, b->size, c));
    }
    st(f, 0x3ffe, 1, 4);
    g_assert_true(ram_page_dirty(b, 3, DIRTY_VGA) && ram_page_dirty(b, 4, DIRTY_VGA));
    g_assert_false(ram_page_dirty(b, 2, DIRTY_VGA) || ram_page_dirty(b, 5, DIRTY_VGA));
    g_assert_true(ram_dirty_snapshot(b, 0x1000, 0x4000, DIRTY_VGA, bits));
    g_assert_cmphex(bits[0], ==, 0xc);
    g_assert_false(ram_dirty_snapshot(b, 0, 0x10000, DIRTY_VGA, bits));
    g_assert_true(ram_dirty_get(b, 0x3000, 1, DIRTY_MIGRATION));
}

static void on_code(void *opaque, RamBlock *b, uint64_t off, uint64_t len)
{
    Fix *f = opaque;

    g_string_append_printf(f->log, "code@%x+%x ", (unsigned)off, (unsigned)len);
    ram_dirty_set_client(b, off, len, DIRTY_CODE);
}

static void test_store_to_code_calls_hook(Fix *f, gconstpointer data)
{
    const RamHooks hooks = { .code_written = on_code, .opaque = f };

    (void)data;
    add_ram(f, 0x10000);
    ram_set_hooks(&hooks);
    st(f, 0x2000, 1, 1);
    expect_log(f, "");
    ram_dirty_clear(f->ram.ram, 0x2000, 1, DIRTY_CODE);
    st(f, 0x3000, 1, 1);
    expect_log(f, "");
    st(f, 0x2010, 1, 2);
    expect_log(f, "code@2010+2 ");
    st(f, 0x2010, 1, 2);
    expect_log(f, "");
    ram_set_hooks(NULL);
}

static void reenter_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Fix *f = opaque;

    (void)size;
    g_string_append_printf(f->log, "in@%x ", (unsigned)off);
    if (val == 1) {
        dma_st_le32(f->vm->mem, 0x1000, 2);
        g_string_append(f->log, "out ");
    }
}

static void test_own_dma_does_not_reenter(Fix *f, gconstpointer data)
{
    static const MemOps ops = { .write = reenter_write };

    (void)data;
    add_io(f, 0x1000, 0x100, &ops, 0);
    st(f, 0x1004, 1, 4);
    expect_log(f, "in@4 out ");
    st(f, 0x1000, 2, 4);
    expect_log(f, "in@0 ");
}

static void test_pin_of_io_bounces(Fix *f, gconstpointer data)
{
    size_t len = 4;
    uint8_t *p;

    (void)data;
    add_ram(f, 0x1000);
    add_io(f, 0x2000, 0x100, &any_ops, 0);
    p = addr_space_pin(f->vm->mem, 0x2000, &len, true);
    g_assert_nonnull(p);
    memcpy(p, "\1\2\3\4", 4);
    addr_space_unpin(f->vm->mem, p, 4, true);
    expect_log(f, "w4@0=4030201 ");
    len = 0x2000;
    p = addr_space_pin(f->vm->mem, 0x800, &len, true);
    g_assert_cmpuint(len, ==, 0x800);
    g_assert_true(p == mem_ram_ptr(&f->ram) + 0x800);
    addr_space_unpin(f->vm->mem, p, len, true);
}

static void test_scatter_list_copies(Fix *f, gconstpointer data)
{
    DmaList l;
    char buf[8] = "";

    (void)data;
    add_ram(f, 0x10000);
    dma_list_init(&l, f->vm->mem);
    g_assert_true(dma_list_add(&l, 0x100, 3));
    g_assert_true(dma_list_add(&l, 0x5000, 4));
    g_assert_false(dma_list_add(&l, 0, UINT64_MAX));
    g_assert_cmpuint(dma_list_write(&l, 1, "abcdefgh", 8), ==, 6);
    g_assert_cmpuint(dma_list_read(&l, 2, buf, 3), ==, 3);
    g_assert_cmpstr(buf, ==, "bcd");
    g_assert_cmpmem(mem_ram_ptr(&f->ram) + 0x101, 2, "ab", 2);
    dma_list_fini(&l);
}

static void test_whole_space_region(Fix *f, gconstpointer data)
{
    AddrSpace *as;

    (void)data;
    mem_init(&f->over, "bus master container", MEM_SIZE_MAX);
    mem_init_alias(&f->window, "bus master", root(f), 0, MEM_SIZE_MAX);
    mem_add(&f->over, 0, &f->window, 0);
    mem_set_enabled(&f->window, false);
    as = addr_space_new(f->vm, "nic", &f->over);
    g_assert_cmpuint(flat_map_count(addr_space_map(as)), ==, 0);
    add_ram(f, 0x1000);
    mem_set_enabled(&f->window, true);
    g_assert_true(addr_space_map(as) == addr_space_map(f->vm->mem));
    addr_space_free(as);
}

static void test_tree_is_printed(Fix *f, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);

    (void)data;
    add_ram(f, 0x1000);
    mem_init_alias(&f->window, "win", &f->ram, 0x800, 0x100);
    mem_add(root(f), 0x8000, &f->window, 2);
    mem_print_tree(f->vm, 0, out);
    g_assert_nonnull(strstr(out->str,
                            "address-space: memory\n"
                            "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
                            "    0000000000000000-0000000000000fff (prio 0, ram): ram\n"
                            "    0000000000008000-00000000000080ff (prio 2, ram): alias win @ram "
                            "0000000000000800-00000000000008ff\n\n"
                            "memory-region: ram\n"
                            "  0000000000000000-0000000000000fff (prio 0, ram): ram\n\n"));
    g_string_truncate(out, 0);
    mem_print_tree(f->vm, MTREE_FLAT, out);
    g_assert_nonnull(strstr(
        out->str, "FlatView #1\n AS \"memory\", root: system\n Root memory region: system\n"
                  "  0000000000000000-0000000000000fff (prio 0, ram): ram\n"
                  "  0000000000008000-00000000000080ff (prio 0, ram): ram @0000000000000800\n\n"));
}

#define CASE(fn) g_test_add("/memory/" #fn, Fix, NULL, setup, test_##fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(ram_keeps_what_is_written);
    CASE(hole_reads_ones);
    CASE(higher_priority_covers);
    CASE(lower_priority_shows_in_gaps);
    CASE(younger_covers_older_of_same_priority);
    CASE(alias_shows_part);
    CASE(alias_of_container_clips);
    CASE(io_region_with_parts);
    CASE(neighbours_are_joined);
    CASE(wide_access_is_split);
    CASE(narrow_access_is_widened);
    CASE(unaligned_access_is_cut_at_alignment);
    CASE(strict_refuses_other_sizes);
    CASE(big_endian_device);
    CASE(access_belongs_to_first_byte);
    CASE(transaction_publishes_once);
    CASE(rom_ignores_stores);
    CASE(rom_device_changes_mode);
    CASE(stores_set_dirty_bits);
    CASE(store_to_code_calls_hook);
    CASE(own_dma_does_not_reenter);
    CASE(pin_of_io_bounces);
    CASE(scatter_list_copies);
    CASE(whole_space_region);
    CASE(tree_is_printed);
    return g_test_run();
}
