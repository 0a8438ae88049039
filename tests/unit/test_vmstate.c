/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of state: the bytes they make, the way back, and streams that are short or lie. */
#include <string.h>

#include "hw/core/vmstate.h"
#include "util/err.h"
#include "util/loop.h"

typedef struct Inner {
    uint16_t a;
    bool flag;
} Inner;

typedef struct Dev {
    uint8_t u8;
    int32_t i32;
    uint64_t u64;
    uint8_t index, regs[4];
    uint32_t table[2][2];
    uint8_t raw[3];
    Inner one, many[3];
    uint8_t n;
    uint32_t *heap;
    uint16_t heap_n;
    Inner *ptrs[2];
    uint8_t fixed;
    uint32_t late;
    uint32_t extra;
    Timer *timer;
    unsigned saves, loads;
} Dev;

static const VmField inner_fields[] = {
    VM_FIELD_U16(Inner, a),
    VM_FIELD_BOOL(Inner, flag),
    VM_FIELD_END,
};
static const VmState inner_state = { .name = "inner", .version = 1, .fields = inner_fields };

static bool has_extra(const void *obj)
{
    return ((const Dev *)obj)->extra != 0;
}

static const VmField extra_fields[] = { VM_FIELD_U32(Dev, extra), VM_FIELD_END };
static const VmState extra_state = {
    .name = "dev/extra",
    .version = 1,
    .fields = extra_fields,
    .needed = has_extra,
};
static const VmState *const sections[] = { &extra_state, NULL };

static void dev_pre_save(void *obj)
{
    ((Dev *)obj)->saves++;
}

static bool dev_post_load(void *obj, int version, GError **errp)
{
    Dev *d = obj;

    (void)version;
    d->loads++;
    return d->index < 4 || err_fail(errp, "dev: index %u out of range", d->index);
}

static const VmField dev_fields[] = {
    VM_FIELD_U8(Dev, u8),
    VM_FIELD_I32(Dev, i32),
    VM_FIELD_U64(Dev, u64),
    VM_FIELD_U8(Dev, index),
    VM_FIELD_U8_ARRAY(Dev, regs),
    VM_FIELD_ARRAY(Dev, table, uint32_t, VM_U32),
    VM_FIELD_BUF(Dev, raw),
    VM_FIELD_STRUCT(Dev, one, inner_state),
    VM_FIELD_U8(Dev, n),
    VM_FIELD_STRUCT_VARRAY(Dev, many, n, inner_state),
    VM_FIELD_UNUSED(5),
    VM_FIELD_U16(Dev, heap_n),
    VM_FIELD_VARRAY_PTR(Dev, heap, uint32_t, VM_U32, heap_n, 8),
    VM_FIELD_STRUCT_ARRAY(Dev, ptrs, inner_state, .flags = VM_ARRAY_OF_POINTERS),
    VM_FIELD_EQUAL(Dev, fixed, uint8_t),
    VM_FIELD_U32(Dev, late, .since = 3),
    VM_FIELD_TIMER(Dev, timer),
    VM_FIELD_END,
};
static const VmState dev_state = {
    .name = "dev",
    .version = 3,
    .min_version = 2,
    .fields = dev_fields,
    .sections = sections,
    .pre_save = dev_pre_save,
    .post_load = dev_post_load,
};

static Inner pointed[2][2];

static void no_call(void *opaque)
{
    (void)opaque;
}

static void dev_init(Dev *d, unsigned set)
{
    memset(d, 0, sizeof(*d));
    d->heap = g_new0(uint32_t, 8);
    d->ptrs[0] = &pointed[set][0];
    d->ptrs[1] = &pointed[set][1];
    d->fixed = 9;
    d->timer = timer_new(loop_main(), CLOCK_VIRTUAL, no_call, NULL);
}

static void dev_fini(Dev *d)
{
    timer_free(d->timer);
    g_free(d->heap);
}

static void dev_fill(Dev *d)
{
    d->u8 = 1;
    d->i32 = -2;
    d->u64 = 0x1122334455667788;
    d->index = 3;
    memcpy(d->regs, "\1\2\3\4", 4);
    d->table[1][0] = 0xaabbccdd;
    memcpy(d->raw, "xyz", 3);
    d->one = (Inner){ 0x1234, true };
    d->n = 2;
    d->many[1] = (Inner){ 0x5678, true };
    d->heap_n = 3;
    d->heap[2] = 77;
    d->ptrs[1]->a = 99;
    d->late = 5;
    d->extra = 0xcafe;
    timer_set(d->timer, 123456789);
}

static GByteArray *save(Dev *d)
{
    VmWriter w = { g_byte_array_new() };

    vmstate_save(&w, &dev_state, d);
    return w.out;
}

static bool load(Dev *d, const uint8_t *bytes, size_t n, int version, GError **errp)
{
    VmReader r = { .data = bytes, .size = n };

    return vmstate_load(&r, &dev_state, d, version, errp) && r.pos == n;
}

static void test_round_trip(void)
{
    Dev a, b;
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(GError) err = NULL;

    dev_init(&a, 0);
    dev_init(&b, 1);
    dev_fill(&a);
    bytes = save(&a);
    g_assert_true(load(&b, bytes->data, bytes->len, 3, &err));
    g_assert_cmpint(b.i32, ==, -2);
    g_assert_cmphex(b.u64, ==, a.u64);
    g_assert_cmpmem(b.regs, 4, a.regs, 4);
    g_assert_cmpmem(b.table, sizeof(b.table), a.table, sizeof(a.table));
    g_assert_cmpuint(b.many[1].a, ==, 0x5678);
    g_assert_cmpuint(b.heap[2], ==, 77);
    g_assert_cmpuint(b.ptrs[1]->a, ==, 99);
    g_assert_cmpuint(b.late, ==, 5);
    g_assert_cmphex(b.extra, ==, 0xcafe);
    g_assert_cmpint(timer_expiry(b.timer), ==, 123456789);
    g_assert_cmpuint(a.saves, ==, 1);
    g_assert_cmpuint(b.loads, ==, 1);
    dev_fini(&a);
    dev_fini(&b);
}

static void test_bytes_are_the_contract(void)
{
    static const uint8_t want[] = "\x01"
                                  "\xff\xff\xff\xfe"
                                  "\x11\x22\x33\x44\x55\x66\x77\x88"
                                  "\x03"
                                  "\x01\x02\x03\x04"
                                  "\0\0\0\0\0\0\0\0\xaa\xbb\xcc\xdd\0\0\0\0"
                                  "xyz"
                                  "\x12\x34\x01"
                                  "\x02"
                                  "\0\0\0\x56\x78\x01"
                                  "\0\0\0\0\0"
                                  "\0\x03"
                                  "\0\0\0\0\0\0\0\0\0\0\0\x4d"
                                  "\0\0\0\0\x63\0"
                                  "\x09"
                                  "\0\0\0\x05"
                                  "\0\0\0\0\x07\x5b\xcd\x15"
                                  "\x05\x09"
                                  "dev/extra"
                                  "\0\0\0\x01"
                                  "\0\0\xca\xfe";
    Dev a;
    g_autoptr(GByteArray) bytes = NULL;

    memset(pointed, 0, sizeof(pointed));
    dev_init(&a, 0);
    dev_fill(&a);
    bytes = save(&a);
    g_assert_cmpmem(bytes->data, bytes->len, want, sizeof(want) - 1);
    dev_fini(&a);
}

static void test_every_truncation_fails(void)
{
    Dev a;
    g_autoptr(GByteArray) bytes = NULL;

    dev_init(&a, 0);
    dev_fill(&a);
    bytes = save(&a);
    for (guint n = 0; n < bytes->len; n++) {
        Dev b;
        g_autoptr(GError) err = NULL;

        dev_init(&b, 1);
        if (load(&b, bytes->data, n, 3, &err)) {
            /* Only a stream cut just before its subsection is a whole one. */
            g_assert_cmpuint(n, ==, bytes->len - 19);
        } else if (n < bytes->len - 19) {
            g_assert_nonnull(err);
        } /* else: a cut head of a subsection is left over, as bytes that belong to no one */
        dev_fini(&b);
    }
    dev_fini(&a);
}

static void test_random_streams_are_safe(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (int i = 0; i < 3000; i++) {
        uint8_t bytes[160];
        Dev b;

        dev_init(&b, 1);
        for (size_t k = 0; k < sizeof(bytes); k++) {
            bytes[k] = (uint8_t)(g_rand_boolean(rand) ? g_rand_int(rand) : 9);
        }
        load(&b, bytes, (size_t)g_rand_int_range(rand, 0, sizeof(bytes)),
             g_rand_int_range(rand, 1, 5), NULL);
        dev_fini(&b);
    }
}

static void expect_failure(guint at, uint8_t value, int version)
{
    Dev a, b;
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(GError) err = NULL;

    dev_init(&a, 0);
    dev_init(&b, 1);
    dev_fill(&a);
    bytes = save(&a);
    bytes->data[at] = value;
    g_assert_false(load(&b, bytes->data, bytes->len, version, &err));
    g_assert_nonnull(err);
    dev_fini(&a);
    dev_fini(&b);
}

static void test_lies_are_refused(void)
{
    expect_failure(0, 1, 4);    /* too new */
    expect_failure(0, 1, 1);    /* too old */
    expect_failure(13, 4, 3);   /* index: post_load */
    expect_failure(40, 4, 3);   /* n beyond many[3] */
    expect_failure(53, 9, 3);   /* heap_n beyond 8 */
    expect_failure(72, 8, 3);   /* a value that must be equal */
    expect_failure(92, 'X', 3); /* name of the subsection */
}

static void test_older_version_lacks_rows(void)
{
    Dev a, b;
    g_autoptr(GByteArray) bytes = NULL;

    dev_init(&a, 0);
    dev_init(&b, 1);
    dev_fill(&a);
    bytes = save(&a);
    g_byte_array_remove_range(bytes, 73, 4); /* "late" came with version 3 */
    b.late = 42;
    g_assert_true(load(&b, bytes->data, bytes->len, 2, NULL));
    g_assert_cmpuint(b.late, ==, 42);
    g_assert_cmphex(b.extra, ==, 0xcafe);
    dev_fini(&a);
    dev_fini(&b);
}

static void test_section_frame(void)
{
    Dev a;
    VmWriter w = { g_byte_array_new() };
    VmReader r;
    VmSection s;

    dev_init(&a, 0);
    vmstate_save_section(&w, 7, "0000:00:01.0/dev", 2, &dev_state, &a);
    g_assert_cmphex(w.out->data[0], ==, 4);
    r = (VmReader){ .data = w.out->data, .size = w.out->len, .pos = 1 };
    g_assert_true(vmstate_read_section_head(&r, &s, NULL));
    g_assert_cmpstr(s.idstr, ==, "0000:00:01.0/dev");
    g_assert_cmpuint(s.id, ==, 7);
    g_assert_cmpuint(s.instance, ==, 2);
    g_assert_true(vmstate_load(&r, &dev_state, &a, (int)s.version, NULL));
    g_assert_true(vmstate_read_section_foot(&r, &s, NULL));
    g_assert_cmpuint(r.pos, ==, r.size);
    r.pos -= 1;
    g_assert_false(vmstate_read_section_foot(&r, &s, NULL));
    g_byte_array_unref(w.out);
    dev_fini(&a);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmstate/round_trip", test_round_trip);
    g_test_add_func("/vmstate/bytes_are_the_contract", test_bytes_are_the_contract);
    g_test_add_func("/vmstate/every_truncation_fails", test_every_truncation_fails);
    g_test_add_func("/vmstate/random_streams_are_safe", test_random_streams_are_safe);
    g_test_add_func("/vmstate/lies_are_refused", test_lies_are_refused);
    g_test_add_func("/vmstate/older_version_lacks_rows", test_older_version_lacks_rows);
    g_test_add_func("/vmstate/section_frame", test_section_frame);
    return g_test_run();
}
