/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAM blocks: allocation and its failures, further mappings, dirty bits under threads, loader. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "util/err.h"

enum { MIB = 1 << 20 };

static void test_block_is_zeroed_and_found(void)
{
    RamBlock *b = ram_block_new("test.ram", 3 * MIB + 5, NULL, NULL);
    uint64_t off;

    g_assert_nonnull(b);
    g_assert_cmpuint(b->size, ==, 3 * MIB + 4096);
    g_assert_cmpuint((uintptr_t)b->host % (2 * MIB), ==, 0);
    g_assert_cmpuint(b->host[3 * MIB], ==, 0);
    g_assert_true(ram_find("test.ram") == b);
    g_assert_true(ram_from_host(b->host + 77, &off) == b);
    g_assert_cmpuint(off, ==, 77);
    g_assert_null(ram_from_host(b->host + b->size, &off));
    ram_block_free(b);
    g_assert_null(ram_find("test.ram"));
}

static void test_too_much_is_one_line(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(ram_block_new("pc.ram", 99999999ull * MIB, NULL, &err));
    g_assert_cmpstr(err->message, ==,
                    "cannot set up guest memory 'pc.ram': Cannot allocate memory");
    g_assert_null(ram_block_new("pc.ram", UINT64_MAX, NULL, NULL));
    g_assert_null(ram_block_new("pc.ram", 0, NULL, NULL));
}

static void test_alias_shows_the_same_bytes(void)
{
    RamBlock *b = ram_block_new("a", MIB, NULL, NULL);
    uint8_t *p = ram_map_alias(b, 0x3000, 0x2000, NULL, true, NULL);

    g_assert_nonnull(p);
    b->host[0x3010] = 0x42;
    p[0x1fff] = 0x24;
    g_assert_cmphex(p[0x10], ==, 0x42);
    g_assert_cmphex(b->host[0x4fff], ==, 0x24);
    ram_unmap_alias(p, 0x2000);
    g_assert_null(ram_map_alias(b, MIB, 4096, NULL, true, NULL));
    g_assert_true(ram_discard(b, 0x3000, 0x1000, NULL));
    g_assert_cmphex(b->host[0x3010], ==, 0);
    g_assert_false(ram_discard(b, 1, 0x1000, NULL));
    ram_block_free(b);
}

static void test_anonymous_cannot_be_aliased(void)
{
    const RamOptions opt = { .anonymous = true, .prealloc = true };
    RamBlock *b = ram_block_new("anon", MIB, &opt, NULL);

    g_assert_nonnull(b);
    g_assert_cmpint(b->fd, ==, -1);
    g_assert_null(ram_map_alias(b, 0, 4096, NULL, true, NULL));
    ram_block_free(b);
}

static void test_mem_path(void)
{
    g_autofree char *dir = g_dir_make_tmp("kite-ram-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "ram", NULL);
    RamOptions opt = { .path = dir };
    g_autoptr(GError) err = NULL;
    RamBlock *b = ram_block_new("m", MIB, &opt, NULL);
    GStatBuf st;

    g_assert_nonnull(b);
    ram_block_free(b);
    opt.path = file;
    opt.share = true;
    b = ram_block_new("m", MIB, &opt, NULL);
    g_assert_nonnull(b);
    b->host[5] = 'x';
    ram_block_free(b);
    g_assert_cmpint(g_stat(file, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, MIB);
    /* The file is too small for more. */
    g_assert_null(ram_block_new("m", 2 * MIB, &opt, &err));
    g_assert_nonnull(err);
    g_unlink(file);
    g_rmdir(dir);
    opt.path = "/nonexistent/x";
    g_assert_null(ram_block_new("m", MIB, &opt, NULL));
}

static gpointer hammer(gpointer data)
{
    RamBlock *b = data;

    for (unsigned i = 0; i < 20000; i++) {
        ram_dirty_set(b, (i % 256) * 4096, 1);
    }
    return NULL;
}

/* Every page that is set after the last clear is seen by the final snapshot: no bit gets lost. */
static void test_no_dirty_bit_is_lost(void)
{
    RamBlock *b = ram_block_new("d", MIB, NULL, NULL);
    GThread *t[2];
    uint64_t bits[4], sum[4] = { 0 };

    ram_dirty_clear(b, 0, b->size, DIRTY_MIGRATION);
    for (int i = 0; i < 2; i++) {
        t[i] = g_thread_new("hammer", hammer, b);
    }
    for (int i = 0; i < 50; i++) {
        ram_dirty_snapshot(b, 0, b->size, DIRTY_MIGRATION, bits);
        for (int k = 0; k < 4; k++) {
            sum[k] |= bits[k];
        }
    }
    g_thread_join(t[0]);
    g_thread_join(t[1]);
    ram_dirty_snapshot(b, 0, b->size, DIRTY_MIGRATION, bits);
    for (int k = 0; k < 4; k++) {
        g_assert_cmphex(sum[k] | bits[k], ==, UINT64_MAX);
    }
    ram_block_free(b);
}

static void test_dirty_ranges_are_cut(void)
{
    RamBlock *b = ram_block_new("d", MIB, NULL, NULL);

    ram_dirty_clear(b, 0, UINT64_MAX, DIRTY_VGA);
    ram_dirty_set(b, MIB - 1, UINT64_MAX);
    g_assert_true(ram_page_dirty(b, 255, DIRTY_VGA));
    ram_dirty_set(b, 2 * MIB, 1);
    ram_dirty_set(b, 0, 0);
    g_assert_false(ram_dirty_get(b, 0, MIB - 4096, DIRTY_VGA));
    g_assert_false(ram_dirty_get(b, MIB, 4096, DIRTY_VGA));
    ram_block_free(b);
}

/* ---- Loader */

static void test_files_that_cannot_be_loaded(void)
{
    g_autofree char *dir = g_dir_make_tmp("kite-load-XXXXXX", NULL);
    g_autofree char *empty = g_build_filename(dir, "empty", NULL);
    g_autofree char *missing = g_build_filename(dir, "missing", NULL);
    const char *paths[] = { dir, empty, missing };
    size_t size;

    g_file_set_contents(empty, "", 0, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(load_file("thing", paths[i], 0, &size, &err));
        g_assert_nonnull(strstr(err->message, paths[i]));
    }
    g_file_set_contents(empty, "abcdef", 6, NULL);
    g_assert_null(load_file("thing", empty, 5, &size, NULL));
    g_unlink(empty);
    g_rmdir(dir);
}

static void test_blobs_come_back_at_reset(void)
{
    Vm *vm = vm_new();
    MemRegion ram, rom;
    g_autoptr(GString) out = g_string_new(NULL);

    vm_lock(vm);
    g_assert_true(mem_init_ram(&ram, "ram", MIB, NULL));
    mem_add(&vm->system_region, 0, &ram, 0);
    g_assert_true(mem_init_rom(&rom, "bios", 4096, NULL));
    mem_add(&vm->system_region, 0xfffff000, &rom, 0);
    rom_add_blob(vm, "boot", "abc", 3, 8, 0x1000);
    rom_add_region(vm, "bios.bin", "xyz", 3, &rom);
    rom_add_fw(vm, "kvmvapic.bin", "genroms", "kvmvapic.bin", "1", 1, -1);
    memset(mem_ram_ptr(&ram), 0xee, MIB);
    vm_reset(vm, RESET_COLD);
    g_assert_cmpmem(mem_ram_ptr(&ram) + 0xfff, 10,
                    "\xee"
                    "abc\0\0\0\0\0\xee",
                    10);
    g_assert_cmpmem(mem_ram_ptr(&rom), 4, "xyz\0", 4);
    rom_print(vm, out);
    g_assert_cmpstr(out->str, ==,
                    "fw=genroms/kvmvapic.bin size=0x000001 name=\"kvmvapic.bin\"\n"
                    "addr=0000000000001000 size=0x000008 mem=ram name=\"boot\"\n"
                    "bios size=0x001000 name=\"bios.bin\"\n");
    g_assert_true(rom_check_overlaps(vm, NULL));
    rom_add_blob(vm, "second", "d", 1, 1, 0x1007);
    g_assert_false(rom_check_overlaps(vm, NULL));
    g_assert_nonnull(rom_ptr(vm, 0x1001, 2));
    g_assert_null(rom_ptr(vm, 0x1001, 3));
    mem_fini(&ram);
    mem_fini(&rom);
    vm_unlock(vm);
    vm_free(vm);
}

static void test_topology(void)
{
    const MachineType m = { .name = "toy", .max_cpus = 255 };
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "{'cpus': '4'}", "4/4 1 1 4 1" },
        { "{'cpus': '4', 'sockets': '2'}", "4/4 2 1 2 1" },
        { "{'cpus': '4', 'maxcpus': '8', 'threads': '2'}", "4/8 1 1 4 2" },
        { "{'cores': '3', 'threads': '2'}", "6/6 1 1 3 2" },
        { "{'cpus': '8', 'cores': '2'}", "8/8 4 1 2 1" },
        { "{'cpus': '0'}", "1/1 1 1 1 1" }, /* as if it was not there */
        { "{'cpus': 'x'}", NULL },
        { "{'cpus': '300'}", NULL },
        { "{'cpus': '3', 'cores': '2'}", NULL },
        { "{'cpus': '8', 'maxcpus': '4'}", NULL },
        { "{'sockets': '65535', 'dies': '65535', 'cores': '65535', 'threads': '65535'}", NULL },
        { "{'bogus': '1'}", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Json) opts = json_parse(rows[i].in, NULL);
        SmpTopology t;
        bool ok = machine_parse_smp(&m, opts, &t, NULL);
        g_autofree char *text = ok ? g_strdup_printf("%u/%u %u %u %u %u", t.cpus, t.max_cpus,
                                                     t.sockets, t.dies, t.cores, t.threads)
                                   : NULL;

        g_assert_cmpstr(text, ==, rows[i].out);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ram/block_is_zeroed_and_found", test_block_is_zeroed_and_found);
    g_test_add_func("/ram/too_much_is_one_line", test_too_much_is_one_line);
    g_test_add_func("/ram/alias_shows_the_same_bytes", test_alias_shows_the_same_bytes);
    g_test_add_func("/ram/anonymous_cannot_be_aliased", test_anonymous_cannot_be_aliased);
    g_test_add_func("/ram/mem_path", test_mem_path);
    g_test_add_func("/ram/no_dirty_bit_is_lost", test_no_dirty_bit_is_lost);
    g_test_add_func("/ram/dirty_ranges_are_cut", test_dirty_ranges_are_cut);
    g_test_add_func("/loader/files_that_cannot_be_loaded", test_files_that_cannot_be_loaded);
    g_test_add_func("/loader/blobs_come_back_at_reset", test_blobs_come_back_at_reset);
    g_test_add_func("/machine/topology", test_topology);
    return g_test_run();
}
