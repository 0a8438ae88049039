/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small ones: bitmaps, lists of buffers, interval trees, rings, UUIDs, checksums, hashes, events, byte order. */
#include <stdlib.h>
#include "util/bitmap.h"
#include "util/bswap.h"
#include "util/crc.h"
#include "util/fifo.h"
#include "util/hash.h"
#include "util/iov.h"
#include "util/itree.h"
#include "util/range.h"
#include "util/thread.h"
#include "util/trace.h"
#include "util/uuid.h"

static void test_bitmap(void)
{
    enum { N = 300 };
    uint64_t *m = bitmap_new(N);
    bool model[N] = { false };

    srand(7);
    for (int round = 0; round < 2000; round++) {
        unsigned a = (unsigned)rand() % N, n = (unsigned)rand() % (N - a + 1), count = 0, next = N;
        bool on = rand() % 2;

        on ? bitmap_set(m, a, n) : bitmap_clear(m, a, n);
        for (unsigned i = a; i < a + n; i++) {
            model[i] = on;
        }
        a = (unsigned)rand() % N;
        for (unsigned i = a; i < N; i++) {
            count += model[i];
            next = model[i] && next == N ? i : next;
            g_assert_cmpint(bitmap_test(m, i), ==, model[i]);
        }
        g_assert_cmpuint(bitmap_count(m, a, N - a), ==, count);
        g_assert_cmpuint(bitmap_next_set(m, a, N), ==, next);
        next = N;
        for (unsigned i = a; i < N && next == N; i++) {
            next = model[i] ? next : i;
        }
        g_assert_cmpuint(bitmap_next_clear(m, a, N), ==, next);
    }
    g_free(m);
}

static void test_iov(void)
{
    char a[3], b[1], c[6], buf[20];
    struct iovec iov[] = { { a, 3 }, { NULL, 0 }, { b, 1 }, { c, 6 } }, out[4];

    g_assert_cmpuint(iov_size(iov, 4), ==, 10);
    g_assert_cmpuint(iov_from_buf(iov, 4, 0, "0123456789", 10), ==, 10);
    g_assert_cmpuint(iov_to_buf(iov, 4, 2, buf, 20), ==, 8);
    g_assert_cmpmem(buf, 8, "23456789", 8);
    g_assert_cmpuint(iov_to_buf(iov, 4, 10, buf, 1), ==, 0);
    g_assert_cmpint(iov_slice(iov, 4, 2, 3, out, 4), ==, 3);
    g_assert_cmpuint(iov_size(out, 3), ==, 3);
    g_assert_true(out[0].iov_base == a + 2 && out[2].iov_base == c);
    g_assert_cmpint(iov_slice(iov, 4, 2, 3, out, 2), ==, -1);
    iov_fill(iov, 4, 0, 0, 10);
    g_assert_true(iov_is_zero(iov, 4, 0, 10));
    c[5] = 1;
    g_assert_true(iov_is_zero(iov, 4, 0, 9));
    g_assert_false(iov_is_zero(iov, 4, 0, 10));
}

static int count_one(ITreeNode *n, void *opaque)
{
    ++*(int *)opaque;
    return 1;
}

static void test_itree(void)
{
    enum { N = 200 };
    static ITreeNode node[N];
    bool in[N] = { false };
    ITree t = { 0 };

    srand(3);
    for (int round = 0; round < 5000; round++) {
        int k = rand() % N, found = 0, want = 0;
        uint64_t a = (uint64_t)rand() % 1000, b = a + (uint64_t)rand() % 100, first = UINT64_MAX;
        ITreeNode *low;

        if (in[k]) {
            itree_remove(&t, &node[k]);
        } else {
            node[k].start = a;
            node[k].last = b;
            itree_insert(&t, &node[k]);
        }
        in[k] = !in[k];
        a = (uint64_t)rand() % 1000;
        b = a + (uint64_t)rand() % 50;
        for (int i = 0; i < N; i++) {
            if (in[i] && node[i].start <= b && node[i].last >= a) {
                want++;
                first = MIN(first, node[i].start);
            }
        }
        itree_overlap(&t, a, b, count_one, &found);
        g_assert_cmpint(found, ==, want);
        low = itree_first(&t, a, b);
        g_assert_true(want == 0 ? low == NULL : low->start == first);
    }
}

static void test_fifo(void)
{
    uint8_t mem[4];
    Fifo f;

    fifo_init(&f, mem, sizeof(mem));
    for (int i = 0; i < 100; i++) {
        for (uint8_t v = 0; v < 4; v++) {
            g_assert_true(fifo_push(&f, v));
        }
        g_assert_false(fifo_push(&f, 9));
        for (uint8_t v = 0; v < 4; v++) {
            g_assert_cmpint(fifo_pop(&f), ==, v);
        }
        g_assert_true(fifo_empty(&f) && fifo_pop(&f) == 0);
        fifo_push(&f, 1);
        fifo_pop(&f);
    }
}

static void test_uuid(void)
{
    Uuid u, s, r = uuid_random();
    g_autofree char *text = NULL, *again = NULL;

    g_assert_true(uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", &u));
    text = uuid_text(&u);
    g_assert_cmpstr(text, ==, "00112233-4455-6677-8899-aabbccddeeff");
    s = uuid_swap(&u);
    again = uuid_text(&s);
    g_assert_cmpstr(again, ==, "33221100-5544-7766-8899-aabbccddeeff");
    g_assert_false(uuid_parse("00112233-4455-6677-8899-aabbccddeef", &u));
    g_assert_false(uuid_parse("00112233-4455-6677-8899-aabbccddeefg", &u));
    g_assert_false(uuid_parse("00112233-4455-6677-8899xaabbccddeeff", &u));
    g_assert_cmpint(r.b[6] >> 4, ==, 4);
    g_assert_cmpint(r.b[8] >> 6, ==, 2);
    g_assert_false(uuid_is_null(&r));
}

static void test_crc(void)
{
    g_assert_cmphex(crc32_ieee(0, "123456789", 9), ==, 0xcbf43926);
    g_assert_cmphex(crc32_ieee(crc32_ieee(0, "1234", 4), "56789", 5), ==, 0xcbf43926);
    g_assert_cmphex(crc32_c(0, "123456789", 9), ==, 0xe3069283);
    g_assert_cmphex(crc16_ccitt(0, "123456789", 9), ==, 0x31c3);
    g_assert_cmphex(inet_sum(0, "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8), ==, 0xddf2);
    g_assert_cmphex(inet_sum(0, "\x12\x34\x56", 3), ==, 0x6834);
}

static void test_hash(void)
{
    uint8_t buf[64] = { 0 };
    uint64_t base = hash_bytes(buf, 64, 0);

    for (int bit = 0; bit < 512; bit++) {
        buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_true(hash_bytes(buf, 64, 0) != base);
        buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    g_assert_true(hash_bytes(buf, 63, 0) != base && hash_bytes(buf, 64, 1) != base);
    g_assert_true(hash_two(1, 2) != hash_two(2, 1));
}

static gpointer set_later(gpointer e)
{
    g_usleep(2000);
    event_set(e);
    return NULL;
}

static void test_event(void)
{
    Event e = { 0 };
    GThread *th;

    g_assert_false(event_wait_ns(&e, 1000000));
    th = g_thread_new("set", set_later, &e);
    event_wait(&e);
    g_assert_true(event_is_set(&e));
    g_thread_join(th);
    g_assert_true(event_wait_ns(&e, 0));
    event_reset(&e);
    g_assert_false(event_is_set(&e));
}

static void test_order(void)
{
    uint8_t b[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

    g_assert_cmphex(ld_le16(b + 1), ==, 0x0201);
    g_assert_cmphex(ld_be16(b + 1), ==, 0x0102);
    g_assert_cmphex(ld_le32(b + 1), ==, 0x04030201);
    g_assert_cmphex(ld_be32(b + 1), ==, 0x01020304);
    g_assert_cmphex(ld_le64(b + 1), ==, 0x0807060504030201);
    g_assert_cmphex(ld_be64(b + 1), ==, 0x0102030405060708);
    st_be64(b + 1, 0x1122334455667788);
    g_assert_cmphex(ld_le_n(b + 1, 4), ==, 0x44332211);
    st_le_n(b + 1, 2, 0xaabb);
    g_assert_cmphex(b[1], ==, 0xbb);
    g_assert_true(ranges_overlap(0, 10, 9, 1) && !ranges_overlap(0, 10, 10, 1) && !ranges_overlap(0, 0, 0, 5));
    g_assert_true(ranges_overlap(UINT64_MAX - 1, 2, UINT64_MAX, 1));
    g_assert_true(range_within(UINT64_MAX - 1, 2, UINT64_MAX - 10, 11) && !range_within(1, 10, 0, 10));
}

static void count_point(const char *name, bool on, void *opaque)
{
    *(int *)opaque += g_str_has_prefix(name, "test_trace") && on;
}

static void test_trace(void)
{
    int n = 0;

    if (n != 0) {                   /* registered by being compiled, not by being reached */
        TRACE("test_trace_one", "%d", n);
        TRACE("test_trace_two", "no argument");
    }
    trace_foreach(count_point, &n);
    g_assert_cmpint(n, ==, 0);
    g_assert_cmpuint(trace_enable("test_trace_*"), ==, 2);
    trace_enable("-test_trace_one");
    trace_foreach(count_point, &n);
    g_assert_cmpint(n, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/bitmap", test_bitmap);
    g_test_add_func("/util/iov", test_iov);
    g_test_add_func("/util/itree", test_itree);
    g_test_add_func("/util/fifo", test_fifo);
    g_test_add_func("/util/uuid", test_uuid);
    g_test_add_func("/util/crc", test_crc);
    g_test_add_func("/util/hash", test_hash);
    g_test_add_func("/util/event", test_event);
    g_test_add_func("/util/byte_order_and_ranges", test_order);
    g_test_add_func("/util/trace_points", test_trace);
    return g_test_run();
}
