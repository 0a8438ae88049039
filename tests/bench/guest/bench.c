/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.c - self-calibrating micro/mini benchmark suite for full-system emulators.
 * One static binary; every test does "n units of work"; the harness finds n so that
 * one run takes ~T seconds and prints median/min/max ns per unit.
 * Same binary is run natively and inside the guest.  Own code, no external sources.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>
#include <math.h>
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <linux/futex.h>
#include <immintrin.h>
#include <cpuid.h>
#include <zlib.h>
#include <lzma.h>
#include <sqlite3.h>
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <termios.h>
#include <sys/resource.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;
static volatile u64 sink;
#define KEEP(x) __asm__ volatile("" ::"r"(x) : "memory")
#define NOINL   __attribute__((noinline))

static u64 now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static u64 rs = 88172645463325252ull;
static inline u64 rnd(void)
{
    rs ^= rs << 13;
    rs ^= rs >> 7;
    rs ^= rs << 17;
    return rs;
}
static void die(const char *m)
{
    perror(m);
    _exit(3);
}
static void *amap(size_t n)
{
    void *p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        die("mmap");
    madvise(p, n, MADV_NOHUGEPAGE);
    memset(p, 1, n);
    return p;
}

/* ---------------- corpus ---------------- */
static u8 *corpus;
static size_t corpus_n = 1 << 20;
static void mkcorpus(void)
{
    if (corpus)
        return;
    corpus = malloc(corpus_n + 64);
    char words[512][12];
    u64 save = rs;
    rs = 12345;
    for (int i = 0; i < 512; i++) {
        int l = 2 + rnd() % 8;
        for (int j = 0; j < l; j++)
            words[i][j] = 'a' + (rnd() % 26) * (rnd() % 26) / 26;
        words[i][l] = 0;
    }
    size_t p = 0;
    while (p < corpus_n) {
        u64 r = rnd();
        int i = (r % 512) * ((r >> 20) % 512) / 512;
        const char *w = words[i];
        while (*w && p < corpus_n)
            corpus[p++] = *w++;
        if (p < corpus_n)
            corpus[p++] = (r >> 40) % 11 ? ' ' : '\n';
    }
    rs = save;
}

/* ---------------- integer ---------------- */
static u32 crct[256];
static void crcinit(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
        crct[i] = c;
    }
}
NOINL static u32 crc(const u8 *p, size_t n, u32 c)
{
    c = ~c;
    while (n--)
        c = crct[(c ^ *p++) & 255] ^ (c >> 8);
    return ~c;
}
static void t_crc(u64 n)
{
    mkcorpus();
    crcinit();
    u32 c = 0;
    for (u64 i = 0; i < n; i++)
        c = crc(corpus, 4096, c);
    sink = c;
}

struct ln {
    struct ln *next;
    int16_t idx, val;
};
NOINL static struct ln *lsort(struct ln *l, int byidx)
{ /* mergesort on list */
    int k = 1;
    for (;;) {
        struct ln *p = l, *tail = 0;
        l = 0;
        int m = 0;
        while (p) {
            m++;
            struct ln *q = p;
            int ps = 0;
            for (int i = 0; i < k; i++) {
                ps++;
                q = q->next;
                if (!q)
                    break;
            }
            int qs = k;
            while (ps > 0 || (qs > 0 && q)) {
                struct ln *e;
                if (!ps) {
                    e = q;
                    q = q->next;
                    qs--;
                } else if (!qs || !q) {
                    e = p;
                    p = p->next;
                    ps--;
                } else {
                    int c = byidx ? p->idx - q->idx : p->val - q->val;
                    if (c <= 0) {
                        e = p;
                        p = p->next;
                        ps--;
                    } else {
                        e = q;
                        q = q->next;
                        qs--;
                    }
                }
                if (tail)
                    tail->next = e;
                else
                    l = e;
                tail = e;
            }
            p = q;
        }
        tail->next = 0;
        if (m <= 1)
            return l;
        k *= 2;
    }
}
NOINL static u32 statem(const char *s)
{
    u32 st = 0, cnt[8] = {0};
    for (; *s; s++) {
        char c = *s;
        switch (st) {
        case 0:
            if (c >= '0' && c <= '9')
                st = 1;
            else if (c == '+' || c == '-')
                st = 2;
            else if (c == '.')
                st = 3;
            else
                st = 7;
            break;
        case 1:
            if (c == '.')
                st = 3;
            else if (c == ',')
                st = 0;
            else if (c < '0' || c > '9')
                st = 7;
            break;
        case 2: st = (c >= '0' && c <= '9') ? 1 : c == '.' ? 3 : 7; break;
        case 3:
            if (c == 'e' || c == 'E')
                st = 4;
            else if (c == ',')
                st = 0;
            else if (c < '0' || c > '9')
                st = 7;
            break;
        case 4: st = (c == '+' || c == '-') ? 5 : 7; break;
        case 5: st = (c >= '0' && c <= '9') ? 6 : 7; break;
        case 6:
            if (c == ',')
                st = 0;
            else if (c < '0' || c > '9')
                st = 7;
            break;
        case 7:
            if (c == ',')
                st = 0;
            break;
        }
        cnt[st]++;
    }
    return cnt[0] * 3 + cnt[1] + cnt[3] * 7 + cnt[6] * 11 + cnt[7] * 13;
}
NOINL static int matmix(int n, int *A, short *B, short *C)
{
    int s = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            int t = 0;
            for (int k = 0; k < n; k++)
                t += B[i * n + k] * C[k * n + j];
            A[i * n + j] = t;
            s += (t >> 2) & 15;
            if (s > 1000)
                s -= 999;
        }
    return s;
}
static void t_coremark(u64 n)
{
    static struct ln nodes[128];
    static int A[400];
    static short B[400], C[400];
    u32 r = 0;
    crcinit();
    static const char st[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-."
                             "123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^";
    for (int i = 0; i < 400; i++) {
        B[i] = i * 7 + 1;
        C[i] = i * 3 - 5;
    }
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 128; i++) {
            nodes[i].next = i < 127 ? &nodes[i + 1] : 0;
            nodes[i].idx = i;
            nodes[i].val = (i * 7919 + it) & 0x7fff;
        }
        struct ln *l = lsort(nodes, 0);
        r += l->val;
        l = lsort(l, 1);
        r += l->idx;
        r += statem(st);
        r += matmix(12, A, B, C);
    u16:;
        uint16_t c = r;
        for (int i = 0; i < 16; i++) {
            for (int b = 0; b < 8; b++) {
                int x = ((r >> b) ^ c) & 1;
                c >>= 1;
                if (x)
                    c ^= 0xA001;
            }
        }
        r += c;
    }
    sink = r;
    (void)&&u16;
}

struct rec {
    struct rec *p;
    int d, e, i;
    char s[32];
};
NOINL static int dproc(struct rec *a, struct rec *b, int x)
{
    *b = *a;
    b->i = x + 5;
    b->p = a->p;
    if (b->d == 0) {
        b->e = x + 6;
        return b->e;
    } else
        *a = *b;
    return a->i;
}
NOINL static int dcmp(const char *a, const char *b)
{
    int i = 2;
    char c = 'A';
    while (i <= 2)
        if (a[i] == b[i + 1])
            i += 1;
        else {
            c = 'B';
            i += 3;
        }
    if (c >= 'W' && c < 'Z')
        i = 7;
    if (c == 'R')
        return 1;
    return strcmp(a, b) > 0;
}
static void t_dhry(u64 n)
{
    static struct rec A, B;
    static int arr[50], ar2[50][50];
    char s1[32], s2[32];
    A.p = &B;
    A.d = 1;
    strcpy(A.s, "DHRYSTONE PROGRAM, SOME STRING");
    int x = 0;
    for (u64 i = 0; i < n; i++) {
        strcpy(s1, "DHRYSTONE PROGRAM, 1'ST STRING");
        strcpy(s2, "DHRYSTONE PROGRAM, 2'ND STRING");
        s2[10] += i & 1;
        KEEP(s1);
        KEEP(s2);
        int b = !dcmp(s1, s2);
        int a = 2, c = 3;
        for (int k = 0; k < 3; k++) {
            c = 5 * a - c;
            arr[a + c] = b + c;
            ar2[a][c] += arr[a + c];
            a++;
        }
        x += dproc(&A, &B, c);
        for (int k = 'A'; k <= 'C'; k++)
            if (b == k)
                x++;
        c = c * a;
        a = c / (b + 3);
        x += 7 * (c - b) - a;
    }
    sink = x;
}
static void t_sieve(u64 n)
{
    static u8 s[65536];
    u32 c = 0;
    for (u64 i = 0; i < n; i++) {
        memset(s, 1, sizeof s);
        for (u32 k = 2; k < 256; k++)
            if (s[k])
                for (u32 j = k * k; j < 65536; j += k)
                    s[j] = 0;
        for (u32 k = 2; k < 65536; k++)
            c += s[k];
    }
    sink = c;
}
static int icmp(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
static void t_qsort(u64 n)
{
    static int a[4096];
    for (u64 i = 0; i < n; i++) {
        for (int k = 0; k < 4096; k++)
            a[k] = rnd();
        qsort(a, 4096, 4, icmp);
    }
    sink = a[7];
}
static const u32 K256[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
#define ROR(x, r) (((x) >> (r)) | ((x) << (32 - (r))))
NOINL static void sha256blk(u32 *h, const u8 *p)
{
    u32 w[64], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 16; i++)
        w[i] = __builtin_bswap32(((u32 *)p)[i]);
    for (int i = 16; i < 64; i++) {
        u32 s0 = ROR(w[i - 15], 7) ^ ROR(w[i - 15], 18) ^ (w[i - 15] >> 3),
            s1 = ROR(w[i - 2], 17) ^ ROR(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 64; i++) {
        u32 t1 = k + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + ((e & f) ^ (~e & g)) + K256[i] + w[i];
        u32 t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        k = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
    h[5] += f;
    h[6] += g;
    h[7] += k;
}
static void t_sha256c(u64 n)
{
    mkcorpus();
    u32 h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (u64 i = 0; i < n; i++)
        sha256blk(h, corpus + (i & 1023) * 64);
    sink = h[0];
}
static void t_bignum(u64 n)
{
    u64 a[32], b[32], r[64];
    for (int i = 0; i < 32; i++) {
        a[i] = rnd();
        b[i] = rnd();
    }
    for (u64 it = 0; it < n; it++) {
        memset(r, 0, sizeof r);
        for (int i = 0; i < 32; i++) {
            u64 c = 0;
            for (int j = 0; j < 32; j++) {
                unsigned __int128 t = (unsigned __int128)a[i] * b[j] + r[i + j] + c;
                r[i + j] = t;
                c = t >> 64;
            }
            r[i + 32] = c;
        }
        a[it & 31] ^= r[33];
        KEEP(r);
    }
    sink = r[9];
}
static void t_div(u64 n)
{
    u64 x = 0x123456789abcdefull, s = 0;
    for (u64 i = 0; i < n; i++) {
        u64 d = (i & 1023) | 0x10001;
        s += x / d;
        x = x * 6364136223846793005ull + 1442695040888963407ull + (x % d);
    }
    sink = s;
}
NOINL static u64 fib(u64 n)
{
    __asm__ volatile("");
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
static void t_fib(u64 n)
{
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        s += fib(16);
    sink = s;
}
NOINL static u64 interp(const u8 *c, u64 iters)
{
    static const void *L[] = {&&add, &&sub, &&mul,  &&xor, &&shl,
                              &&dup, &&jnz, &&halt, &&rot, &&inc};
    u64 st[16] = {1, 2, 3, 4}, acc = 1;
    u64 cnt = iters;
    const u8 *pc = c;
#define D goto *L[*pc++]
    D;
add:
    acc += st[pc[-1] & 7] + *pc;
    D;
sub:
    acc -= st[(*pc) & 7];
    D;
mul:
    acc = acc * 31 + st[2];
    D;
    xor : acc ^= st[1];
    st[1] = acc >> 3;
    D;
shl:
    acc = (acc << 3) | (acc >> 61);
    D;
dup:
    st[acc & 7] = acc;
    D;
rot:
    acc += st[3];
    st[3] = st[4];
    st[4] = acc;
    D;
inc:
    st[5]++;
    acc += st[5];
    D;
jnz:
    if (--cnt) {
        pc = c;
    }
    D;
halt:
    return acc;
}
static void t_interp(u64 n)
{
    static u8 code[64] = {0, 1, 2, 3, 4, 5, 0, 8, 9, 1, 3, 5, 2, 4, 8, 9, 0,
                          5, 3, 1, 2, 9, 8, 4, 3, 0, 5, 1, 9, 2, 8, 6, 7};
    sink = interp(code, n);
}
typedef u64 (*fp)(u64);
#define F(n, e)                                                                                    \
    NOINL static u64 f##n(u64 x)                                                                   \
    {                                                                                              \
        return e;                                                                                  \
    }
F(0, x + 1)
F(1, x ^ 5) F(2, x * 3) F(3, x - 7) F(4, (x << 1) | 1) F(5, x >> 1) F(6, ~x) F(7, x + 99) static fp
    volatile fps[8] = {f0, f1, f2, f3, f4, f5, f6, f7};
static void t_icall_mono(u64 n)
{
    u64 x = 1;
    for (u64 i = 0; i < n; i++)
        x = fps[3](x);
    sink = x;
}
static void t_icall_poly(u64 n)
{
    u64 x = 1;
    u32 r = 12345;
    for (u64 i = 0; i < n; i++) {
        r = r * 1664525 + 1013904223;
        x = fps[r >> 29](x);
    }
    sink = x;
}
static void t_bsearch(u64 n)
{
    static u32 a[4096];
    for (int i = 0; i < 4096; i++)
        a[i] = i * 1048573u;
    u32 r = 1;
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        r = r * 1664525 + 1013904223;
        u32 lo = 0, hi = 4096;
        while (lo < hi) {
            u32 m = (lo + hi) / 2;
            if (a[m] < r)
                lo = m + 1;
            else
                hi = m;
            __asm__ volatile("");
        }
        s += lo;
    }
    sink = s;
}
static void t_flags(u64 n)
{
    u64 a = 1, b = 2, c = 3, d = 4;
    for (u64 i = 0; i < n; i++) {
        __asm__ volatile("add %1,%0\n\tadc %2,%1\n\tadc $0,%3\n\tcmp %0,%1\n\tcmova %1,%2\n\tsetc "
                         "%b3\n\trcl $1,%2\n\tsbb %3,%0\n\ttest $64,%b0\n\tcmovz %2,%0\n\tbt "
                         "$7,%1\n\tadc %3,%2\n\tinc %3\n\tsetg %b2\n\tneg %1\n\tcmovo %0,%1"
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d)::"cc");
    }
    sink = a + b + c + d;
}
__attribute__((target("popcnt,bmi,bmi2,lzcnt"))) static void t_bmi(u64 n)
{
    u64 x = 0x9E3779B97F4A7C15ull, s = 0;
    for (u64 i = 0; i < n; i++) {
        s += __builtin_popcountll(x) + _lzcnt_u64(x | 1) + _tzcnt_u64(x);
        s ^= _pdep_u64(x, 0x5555555555555555) + _pext_u64(x, 0xff00ff00ff00ff00);
        x = _blsr_u64(x) * 3 + _andn_u64(s, i) + ((s >> 7) | (s << 57));
    }
    sink = s;
}
static void t_strlen(u64 n)
{
    static char b[8192];
    memset(b, 'x', 4095);
    b[4095] = 0;
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        KEEP(b);
        s += strlen(b);
        s += (u64)memchr(b, 0, 5000);
    }
    sink = s;
}
static void t_strshort(u64 n)
{
    mkcorpus();
    static char w[64][16];
    size_t p = 0;
    for (int i = 0; i < 64; i++) {
        int k = 0;
        while (corpus[p] > ' ' && k < 15)
            w[i][k++] = corpus[p++];
        w[i][k] = 0;
        p++;
    }
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        const char *a = w[i & 63], *b = w[(i * 7 + 3) & 63];
        KEEP(a);
        s += strcmp(a, b) + strlen(a);
    }
    sink = s;
}

/* ---------------- FP / SIMD ---------------- */
static double MA[64 * 64], MB[64 * 64], MC[64 * 64];
static void minit(void)
{
    for (int i = 0; i < 4096; i++) {
        MA[i] = i % 7 - 3;
        MB[i] = i % 11 - 5 + .5;
        MC[i] = 0;
    }
}
static void t_matmul_sse2(u64 n)
{
    minit();
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 64; i++)
            for (int j = 0; j < 64; j += 4) {
                __m128d a0 = _mm_setzero_pd(), a1 = a0;
                for (int k = 0; k < 64; k++) {
                    __m128d x = _mm_set1_pd(MA[i * 64 + k]);
                    a0 = _mm_add_pd(a0, _mm_mul_pd(x, _mm_loadu_pd(&MB[k * 64 + j])));
                    a1 = _mm_add_pd(a1, _mm_mul_pd(x, _mm_loadu_pd(&MB[k * 64 + j + 2])));
                }
                _mm_storeu_pd(&MC[i * 64 + j], a0);
                _mm_storeu_pd(&MC[i * 64 + j + 2], a1);
            }
        KEEP(MC);
    }
    sink = MC[5];
}
__attribute__((target("avx2,fma"))) static void t_matmul_fma(u64 n)
{
    minit();
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 64; i++)
            for (int j = 0; j < 64; j += 8) {
                __m256d a0 = _mm256_setzero_pd(), a1 = a0;
                for (int k = 0; k < 64; k++) {
                    __m256d x = _mm256_set1_pd(MA[i * 64 + k]);
                    a0 = _mm256_fmadd_pd(x, _mm256_loadu_pd(&MB[k * 64 + j]), a0);
                    a1 = _mm256_fmadd_pd(x, _mm256_loadu_pd(&MB[k * 64 + j + 4]), a1);
                }
                _mm256_storeu_pd(&MC[i * 64 + j], a0);
                _mm256_storeu_pd(&MC[i * 64 + j + 4], a1);
            }
        KEEP(MC);
    }
    sink = MC[5];
}
NOINL static void matmul_sc(void)
{
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j++) {
            double s = 0;
            for (int k = 0; k < 64; k++)
                s += MA[i * 64 + k] * MB[k * 64 + j];
            MC[i * 64 + j] = s;
        }
}
static void t_matmul_sd(u64 n)
{
    minit();
    for (u64 it = 0; it < n; it++) {
        matmul_sc();
        KEEP(MC);
    }
    sink = MC[5];
}
struct body {
    double x, y, z, vx, vy, vz, m;
};
static void t_nbody(u64 n)
{
    static struct body b[5];
    for (int i = 0; i < 5; i++) {
        b[i] = (struct body){i * 1.7 + .1, i * i * .3,    2.2 - i,   .01 * i,
                             .02,          .03 * (2 - i), 1 + i * .1};
    }
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
                double d2 = dx * dx + dy * dy + dz * dz + .01;
                double mag = 0.001 / (d2 * sqrt(d2));
                b[i].vx -= dx * b[j].m * mag;
                b[i].vy -= dy * b[j].m * mag;
                b[i].vz -= dz * b[j].m * mag;
                b[j].vx += dx * b[i].m * mag;
                b[j].vy += dy * b[i].m * mag;
                b[j].vz += dz * b[i].m * mag;
            }
        for (int i = 0; i < 5; i++) {
            b[i].x += .001 * b[i].vx;
            b[i].y += .001 * b[i].vy;
            b[i].z += .001 * b[i].vz;
        }
        KEEP(b);
    }
    sink = b[0].x * 1e6;
}
static void t_mandel(u64 n)
{
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        double cr = -0.5 + (i & 15) * .01, ci = .3 + (i & 7) * .02, zr = 0, zi = 0;
        int k = 0;
        while (k < 200 && zr * zr + zi * zi < 4) {
            double t = zr * zr - zi * zi + cr;
            zi = 2 * zr * zi + ci;
            zr = t;
            k++;
        }
        s += k;
    }
    sink = s;
}
static void t_saxpy_ps(u64 n)
{
    static float x[4096], y[4096];
    for (int i = 0; i < 4096; i++) {
        x[i] = i * .25f;
        y[i] = i;
    }
    for (u64 it = 0; it < n; it++) {
        __m128 a = _mm_set1_ps(1e-3f);
        for (int i = 0; i < 4096; i += 8) {
            _mm_storeu_ps(y + i,
                          _mm_add_ps(_mm_mul_ps(a, _mm_loadu_ps(x + i)), _mm_loadu_ps(y + i)));
            _mm_storeu_ps(y + i + 4, _mm_add_ps(_mm_mul_ps(a, _mm_loadu_ps(x + i + 4)),
                                                _mm_loadu_ps(y + i + 4)));
        }
        KEEP(y);
    }
    sink = y[9];
}
static void t_cvt(u64 n)
{
    double s = 0;
    for (u64 i = 0; i < n; i++) {
        double d = (double)(int64_t)i;
        float f = (float)d;
        s += f * .5;
        s += (double)(int64_t)(d * .7);
        s = s > 1e15 ? 0 : s;
        __asm__ volatile("" : "+x"(s));
    }
    sink = s;
}
static void t_x87(u64 n)
{
    long double x = 1.0001L, s = 0;
    for (u64 i = 0; i < n; i++) {
        s = s * x + .5L;
        s = s - x * x;
        s = s / 1.5L + x;
        s = s * .25L;
        __asm__ volatile("" : "+t"(s));
    }
    sink = (u64)s;
}
static void t_x87trig(u64 n)
{
    long double s = 0;
    for (u64 i = 0; i < n; i++) {
        long double a = (i & 63) * .1L, b, c, d = 1 + (i & 31);
        __asm__ volatile("fsin" : "=t"(b) : "0"(a));
        __asm__ volatile("fcos" : "=t"(c) : "0"(a));
        __asm__ volatile("fldln2; fxch; fyl2x" : "=t"(d) : "0"(d));
        s += b + c + d;
    }
    sink = (u64)s;
}
static void t_libm(u64 n)
{
    double s = 0;
    for (u64 i = 0; i < n; i++) {
        double a = (i & 1023) * .01 + .1;
        s += sin(a) + exp(a * .1) + log(a) + pow(a, 1.3);
    }
    sink = s;
}
static void t_sse2int(u64 n)
{
    mkcorpus();
    __m128i acc = _mm_setzero_si128(), m = _mm_set1_epi8(' ');
    u64 c = 0;
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 4096; i += 16) {
            __m128i v = _mm_loadu_si128((void *)(corpus + i));
            __m128i e = _mm_cmpeq_epi8(v, m);
            c += __builtin_popcount(_mm_movemask_epi8(e));
            acc = _mm_add_epi64(acc, _mm_sad_epu8(v, _mm_setzero_si128()));
            __m128i w = _mm_unpacklo_epi8(v, e);
            acc = _mm_xor_si128(acc, _mm_mullo_epi16(w, _mm_srli_epi16(w, 3)));
            acc = _mm_shuffle_epi32(acc, 0x39);
        }
        KEEP(corpus);
    }
    sink = c + _mm_cvtsi128_si64(acc);
}
__attribute__((target("avx2"))) static void t_avx2int(u64 n)
{
    mkcorpus();
    __m256i acc = _mm256_setzero_si256(), m = _mm256_set1_epi8(' ');
    u64 c = 0;
    for (u64 it = 0; it < n; it++) {
        for (int i = 0; i < 4096; i += 32) {
            __m256i v = _mm256_loadu_si256((void *)(corpus + i));
            __m256i e = _mm256_cmpeq_epi8(v, m);
            c += __builtin_popcount(_mm256_movemask_epi8(e));
            acc = _mm256_add_epi64(acc, _mm256_sad_epu8(v, _mm256_setzero_si256()));
            __m256i w = _mm256_shuffle_epi8(v, e);
            acc = _mm256_xor_si256(acc, _mm256_mullo_epi16(w, _mm256_srli_epi16(w, 3)));
        }
        KEEP(corpus);
    }
    sink = c + _mm256_extract_epi64(acc, 1);
}

static EVP_CIPHER_CTX *cctx;
static void evp(const char *name, u64 n, size_t blk)
{
    static u8 in[16384], out[16384 + 64];
    static const u8 key[64] = {1, 2, 3}, iv[16] = {4};
    EVP_CIPHER *c = EVP_CIPHER_fetch(0, name, 0);
    if (!c)
        die(name);
    cctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex2(cctx, c, key, iv, 0);
    int ol;
    for (u64 i = 0; i < n; i++)
        EVP_EncryptUpdate(cctx, out, &ol, in, blk);
    sink = out[5];
    EVP_CIPHER_CTX_free(cctx);
    EVP_CIPHER_free(c);
}
static void t_aescbc(u64 n)
{
    evp("AES-128-CBC", n, 8192);
}
static void t_aesgcm(u64 n)
{
    evp("AES-256-GCM", n, 8192);
}
static void t_chacha(u64 n)
{
    evp("ChaCha20-Poly1305", n, 8192);
}
static void dig(const char *name, u64 n)
{
    static u8 in[8192], out[64];
    EVP_MD *m = EVP_MD_fetch(0, name, 0);
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    EVP_DigestInit_ex2(x, m, 0);
    for (u64 i = 0; i < n; i++)
        EVP_DigestUpdate(x, in, 8192);
    unsigned l;
    EVP_DigestFinal_ex(x, out, &l);
    sink = out[0];
    EVP_MD_CTX_free(x);
    EVP_MD_free(m);
}
static void t_osha256(u64 n)
{
    dig("SHA256", n);
}
static void t_omd5(u64 n)
{
    dig("MD5", n);
}
static EVP_PKEY *rsak;
static void t_rsa(u64 n)
{
    if (!rsak)
        rsak = EVP_RSA_gen(2048);
    static u8 sig[512], h[32];
    for (u64 i = 0; i < n; i++) {
        EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(rsak, 0);
        EVP_PKEY_sign_init(x);
        EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING);
        EVP_PKEY_CTX_set_signature_md(x, EVP_sha256());
        size_t l = sizeof sig;
        h[0] = i;
        EVP_PKEY_sign(x, sig, &l, h, 32);
        EVP_PKEY_CTX_free(x);
    }
    sink = sig[3];
}

/* ---------------- memory ---------------- */
static u8 *big;
static size_t BIG = 64 << 20;
static u8 *mb(void)
{
    if (!big)
        big = amap(BIG);
    return big;
}
static void t_memcpy1m(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        memcpy(b + (i & 7) * (1 << 20), b + (32 << 20) + (i & 7) * (1 << 20), 1 << 20);
        KEEP(b);
    }
}
static void t_memcpy4k(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        memcpy(b + (i & 3) * 4096, b + 65536 + (i & 3) * 4096, 4096);
        KEEP(b);
    }
}
static void t_memcpysmall(u64 n)
{
    u8 *b = mb();
    u32 r = 1;
    for (u64 i = 0; i < n; i++) {
        r = r * 1664525 + 1013904223;
        size_t l = 8 + ((r >> 20) & 127);
        memcpy(b + ((r >> 8) & 1023), b + 8192 + ((r >> 12) & 1023), l);
        KEEP(b);
    }
}
static void t_memset1m(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        memset(b + (i & 7) * (1 << 20), i, 1 << 20);
        KEEP(b);
    }
}
static void t_repmovsb4k(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        void *d = b + (i & 3) * 4096, *s = b + 65536;
        size_t c = 4096;
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(c)::"memory");
    }
}
static void t_repmovsb32(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        void *d = b + (i & 31) * 64, *s = b + 65536;
        size_t c = 32;
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(c)::"memory");
    }
}
static void t_repstosq4k(u64 n)
{
    u8 *b = mb();
    for (u64 i = 0; i < n; i++) {
        void *d = b + (i & 3) * 4096;
        size_t c = 512;
        __asm__ volatile("rep stosq" : "+D"(d), "+c"(c) : "a"(i) : "memory");
    }
}
static void chase(u64 n, size_t sz)
{
    static size_t cur;
    static void **p0;
    u8 *b = mb();
    if (cur != sz) {
        size_t k = sz / 64;
        u32 *perm = malloc(k * 4);
        for (size_t i = 0; i < k; i++)
            perm[i] = i;
        for (size_t i = k - 1; i; i--) {
            size_t j = rnd() % i;
            u32 t = perm[i];
            perm[i] = perm[j];
            perm[j] = t;
        }
        for (size_t i = 0; i < k; i++)
            *(void **)(b + (size_t)i * 64) = b + (size_t)perm[i] * 64;
        free(perm);
        cur = sz;
        p0 = (void **)b;
    }
    void **p = p0;
    for (u64 i = 0; i < n; i++)
        p = *p;
    sink = (u64)p;
    p0 = p;
}
static void t_chase16k(u64 n)
{
    chase(n, 16 << 10);
}
static void t_chase1m(u64 n)
{
    chase(n, 1 << 20);
}
static void t_chase64m(u64 n)
{
    chase(n, 64 << 20);
}
static void t_gups(u64 n)
{
    u64 *b = (u64 *)mb();
    u64 m = BIG / 8 - 1, r = 1;
    for (u64 i = 0; i < n; i++) {
        r = r * 6364136223846793005ull + 1442695040888963407ull;
        b[(r >> 20) & m] ^= r;
    }
    sink = b[5];
}
static void t_stridepage(u64 n)
{
    volatile u8 *b = mb();
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        for (size_t o = 0; o < BIG; o += 4096)
            s += b[o];
    sink = s;
}
static void t_triad(u64 n)
{
    double *a = (double *)mb(), *b = a + (1 << 20), *c = b + (1 << 20);
    for (u64 i = 0; i < n; i++) {
        for (int k = 0; k < (1 << 20); k += 2)
            _mm_store_pd(a + k, _mm_add_pd(_mm_load_pd(b + k),
                                           _mm_mul_pd(_mm_set1_pd(3.), _mm_load_pd(c + k))));
        KEEP(a);
    }
}
static void t_unaligned(u64 n)
{
    u8 *b = mb();
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        for (int o = 0; o < 4096; o += 64)
            s += *(volatile u64 *)(b + o + 61);
    }
    sink = s;
}
static void t_pagecross(u64 n)
{
    u8 *b = mb();
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        for (int o = 4096; o < 65536; o += 4096)
            s += *(volatile u64 *)(b + o - 3);
    }
    sink = s;
}
static void t_ldst(u64 n)
{
    volatile u64 *p = (u64 *)mb();
    for (u64 i = 0; i < n; i++) {
        p[0] = p[1] + i;
        p[2] = p[3];
        p[4] = p[5];
        p[6] = p[7];
    }
}

/* ---------------- atomics / misc insns ---------------- */
static void t_xadd(u64 n)
{
    static u64 v;
    for (u64 i = 0; i < n; i++)
        __atomic_fetch_add(&v, 1, __ATOMIC_SEQ_CST);
}
static void t_cmpxchg(u64 n)
{
    static u64 v;
    for (u64 i = 0; i < n; i++) {
        u64 e = i;
        v = i;
        __atomic_compare_exchange_n(&v, &e, i + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}
static void t_mfence(u64 n)
{
    volatile u64 v;
    for (u64 i = 0; i < n; i++) {
        v = i;
        __asm__ volatile("mfence" ::: "memory");
    }
    (void)v;
}
static void t_rdtsc(u64 n)
{
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        s += __rdtsc();
    sink = s;
}
static void t_cpuid(u64 n)
{
    u32 a, b, c, d;
    for (u64 i = 0; i < n; i++) {
        __cpuid(0, a, b, c, d);
        sink = a;
    }
}
static void t_outb80(u64 n)
{
    if (ioperm(0x80, 1, 1)) {
        sink = 0;
        for (u64 i = 0; i < n * 100; i++)
            KEEP(i);
        return;
    }
    for (u64 i = 0; i < n; i++)
        outb(i, 0x80);
}
static void t_inb71(u64 n)
{
    if (ioperm(0x70, 2, 1))
        return;
    for (u64 i = 0; i < n; i++)
        sink = inb(0x71);
}

/* ---------------- OS ---------------- */
static void t_getpid(u64 n)
{
    for (u64 i = 0; i < n; i++)
        syscall(SYS_getpid);
}
static void t_clock(u64 n)
{
    struct timespec t;
    for (u64 i = 0; i < n; i++)
        clock_gettime(CLOCK_MONOTONIC, &t);
}
static void t_readzero(u64 n)
{
    static u8 b[4096];
    int f = open("/dev/zero", O_RDONLY);
    if (f < 0)
        die("zero");
    for (u64 i = 0; i < n; i++)
        if (read(f, b, 4096) != 4096)
            die("r");
    close(f);
}
static void t_pipe(u64 n)
{
    int a[2], b[2];
    if (pipe(a) || pipe(b))
        die("pipe");
    pid_t p = fork();
    char c = 0;
    if (!p) {
        for (u64 i = 0; i < n; i++) {
            if (read(a[0], &c, 1) != 1)
                _exit(1);
            if (write(b[1], &c, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    for (u64 i = 0; i < n; i++) {
        if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1)
            die("pp");
    }
    waitpid(p, 0, 0);
    close(a[0]);
    close(a[1]);
    close(b[0]);
    close(b[1]);
}
static int futv;
static u64 futn;
static void *futt(void *x)
{
    for (u64 i = 0; i < futn; i++) {
        while (__atomic_load_n(&futv, __ATOMIC_SEQ_CST) != 1)
            syscall(SYS_futex, &futv, FUTEX_WAIT, 0, 0, 0, 0);
        __atomic_store_n(&futv, 0, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &futv, FUTEX_WAKE, 1, 0, 0, 0);
    }
    return x;
}
static void t_futex(u64 n)
{
    futv = 0;
    futn = n;
    pthread_t t;
    pthread_create(&t, 0, futt, 0);
    for (u64 i = 0; i < n; i++) {
        __atomic_store_n(&futv, 1, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &futv, FUTEX_WAKE, 1, 0, 0, 0);
        while (__atomic_load_n(&futv, __ATOMIC_SEQ_CST) != 0)
            syscall(SYS_futex, &futv, FUTEX_WAIT, 1, 0, 0, 0);
    }
    pthread_join(t, 0);
}
static void t_fork(u64 n)
{
    for (u64 i = 0; i < n; i++) {
        pid_t p = fork();
        if (!p)
            _exit(0);
        waitpid(p, 0, 0);
    }
}
static void run(char *const *av)
{
    pid_t p = fork();
    if (!p) {
        int f = open("/dev/null", O_RDWR);
        dup2(f, 1);
        dup2(f, 2);
        execv(av[0], av);
        _exit(127);
    }
    int st;
    waitpid(p, &st, 0);
    if (!WIFEXITED(st) || WEXITSTATUS(st)) {
        fprintf(stderr, "run %s: status %x\n", av[0], st);
    }
}
static void t_exec(u64 n)
{
    char *av[] = {"/bin/true-static", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_execbb(u64 n)
{
    char *av[] = {"/bin/busybox", "true", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_pagefault(u64 n)
{
    for (u64 i = 0; i < n; i++) {
        u8 *p = mmap(0, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int k = 0; k < 64; k++)
            p[k * 4096] = 1;
        munmap(p, 64 * 4096);
    }
}
static void t_mprotect(u64 n)
{
    u8 *p = mb();
    for (u64 i = 0; i < n; i++) {
        mprotect(p, 4096, PROT_READ);
        sink = *(volatile u8 *)p;
        mprotect(p, 4096, PROT_READ | PROT_WRITE);
        *(volatile u8 *)p = i;
    }
}
static volatile int sg;
static void sh(int s)
{
    sg++;
}
static void t_signal(u64 n)
{
    signal(SIGUSR1, sh);
    pid_t p = getpid(), t = syscall(SYS_gettid);
    for (u64 i = 0; i < n; i++)
        syscall(SYS_tgkill, p, t, SIGUSR1);
}
static u8 *segp;
static void segh(int s, siginfo_t *si, void *u)
{
    mprotect(segp, 4096, PROT_READ | PROT_WRITE);
}
static void t_segv(u64 n)
{
    segp = mb();
    struct sigaction sa = {.sa_sigaction = segh, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, 0);
    for (u64 i = 0; i < n; i++) {
        mprotect(segp, 4096, PROT_READ);
        *(volatile u8 *)segp = i;
    }
    signal(SIGSEGV, SIG_DFL);
}
static void t_file(u64 n)
{
    static u8 b[4096];
    for (u64 i = 0; i < n; i++) {
        int f = open("/tmp/benchfile", O_CREAT | O_RDWR | O_TRUNC, 0600);
        if (f < 0)
            die("open");
        if (write(f, b, 4096) != 4096)
            die("w");
        if (pread(f, b, 4096, 0) != 4096)
            die("r");
        close(f);
        unlink("/tmp/benchfile");
    }
}
static void t_stat(u64 n)
{
    struct stat s;
    for (u64 i = 0; i < n; i++)
        stat("/tmp/../dev/./null", &s);
}
static void t_sockpair(u64 n)
{
    int s[2];
    static u8 b[1024];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        die("sp");
    for (u64 i = 0; i < n; i++) {
        if (write(s[0], b, 1024) != 1024 || read(s[1], b, 1024) != 1024)
            die("sp");
    }
    close(s[0]);
    close(s[1]);
}
static void t_nanosleep(u64 n)
{
    for (u64 i = 0; i < n; i++) {
        struct timespec t = {0, 1000000};
        nanosleep(&t, 0);
    }
}
static void t_yield(u64 n)
{
    for (u64 i = 0; i < n; i++)
        sched_yield();
}

/* ---------------- SMC / JIT ---------------- */
static void t_smc1(u64 n)
{
    static u8 *j;
    if (!j)
        j = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    u64 s = 0;
    for (u64 i = 0; i < n; i++) {
        j[0] = 0xb8;
        *(volatile u32 *)(j + 1) = i;
        j[5] = 0xc3;
        s += ((u32(*)(void))j)();
    }
    sink = s;
}
static void t_jitgen(u64 n)
{
    static u8 *j;
    size_t N = 1 << 20;
    if (!j)
        j = mmap(0, N, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    u64 s = 0;
    static size_t off;
    for (u64 i = 0; i < n; i++) {
        if (off + 512 > N)
            off = 0;
        u8 *p = j + off;
        u8 *q = p;
        *q++ = 0x31;
        *q++ = 0xc0;
        for (int k = 0; k < 40; k++) {
            *q++ = 0x05;
            *(u32 *)q = i + k;
            q += 4;
            *q++ = 0x35;
            *(u32 *)q = k * 77;
            q += 4;
        }
        *q++ = 0xc3;
        off += 512;
        for (int r = 0; r < 20; r++)
            s += ((u32(*)(void))p)();
    }
    sink = s;
}
static void t_jitdata(u64 n)
{ /* writes to data living on the same page as hot code */
    static u8 *j;
    if (!j) {
        j = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        static const u8 c[] = {0xff, 0x87, 0x00, 0x08, 0x00, 0x00, 0x8b,
                               0x87, 0x00, 0x08, 0x00, 0x00, 0xc3};
        memcpy(j, c, sizeof c);
    }
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        s += ((u32(*)(void *))j)(j);
    sink = s;
}

/* ---------------- applications ---------------- */
static void t_zlib(u64 n)
{
    mkcorpus();
    static u8 out[300000];
    for (u64 i = 0; i < n; i++) {
        uLongf l = sizeof out;
        compress2(out, &l, corpus, 1 << 17, 6);
        sink = l;
    }
}
static void t_unzlib(u64 n)
{
    mkcorpus();
    static u8 z[300000], o[1 << 17];
    static uLongf zl;
    if (!zl) {
        zl = sizeof z;
        compress2(z, &zl, corpus, 1 << 17, 6);
    }
    for (u64 i = 0; i < n; i++) {
        uLongf l = sizeof o;
        uncompress(o, &l, z, zl);
        sink = l;
    }
}
static void t_xz(u64 n)
{
    mkcorpus();
    static u8 out[300000];
    for (u64 i = 0; i < n; i++) {
        size_t op = 0;
        lzma_easy_buffer_encode(3, LZMA_CHECK_CRC32, 0, corpus, 1 << 16, out, &op, sizeof out);
        sink = op;
    }
}
static const char *lsrc =
    "local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end\nlocal t={} for "
    "i=1,2000 do t[i]=(i*7919)%2003 end table.sort(t) local s=0 for i,v in ipairs(t) do s=s+v*i%7 "
    "end\nlocal parts={} for i=1,300 do parts[#parts+1]=tostring(i)..'x' end local "
    "str=table.concat(parts) local c=0 for w in str:gmatch('%d+') do c=c+#w end\nlocal f=0.0 for "
    "i=1,3000 do f=f+1.0/i*math.sin(i) end\nreturn fib(15)+s+c+f";
static void t_lua(u64 n)
{
    static lua_State *L;
    if (!L) {
        L = luaL_newstate();
        luaL_openlibs(L);
        luaL_loadstring(L, lsrc);
        lua_setglobal(L, "bench");
    }
    for (u64 i = 0; i < n; i++) {
        lua_getglobal(L, "bench");
        if (lua_pcall(L, 0, 1, 0)) {
            fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
            _exit(4);
        }
        sink = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
}
static void t_sqlite(u64 n)
{
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    sqlite3_exec(db,
                 "create table t(a integer primary key,b integer,c text); create index ib on t(b);",
                 0, 0, 0);
    for (u64 i = 0; i < n; i++) {
        char q[200];
        sqlite3_exec(db, "begin", 0, 0, 0);
        sqlite3_stmt *s;
        sqlite3_prepare_v2(db, "insert into t(b,c) values(?,?)", -1, &s, 0);
        for (int k = 0; k < 100; k++) {
            sqlite3_bind_int(s, 1, (i * 131 + k * 7919) % 10007);
            snprintf(q, sizeof q, "row %llu %d text", (unsigned long long)i, k);
            sqlite3_bind_text(s, 2, q, -1, SQLITE_TRANSIENT);
            sqlite3_step(s);
            sqlite3_reset(s);
        }
        sqlite3_finalize(s);
        sqlite3_exec(db, "commit", 0, 0, 0);
        snprintf(
            q, sizeof q,
            "select count(*),sum(length(c)) from t where b between %d and %d and c like '%%7 text'",
            (int)(i % 9000), (int)(i % 9000 + 50));
        sqlite3_exec(db, q, 0, 0, 0);
        snprintf(q, sizeof q, "delete from t where a<=%lld", (long long)i * 100 - 500);
        sqlite3_exec(db, q, 0, 0, 0);
    }
    sqlite3_close(db);
}
static void t_python0(u64 n)
{
    char *av[] = {"/usr/bin/python3.11", "-S", "-E", "-c", "pass", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_python(u64 n)
{
    char *av[] = {"/usr/bin/python3.11", "-S", "-E", "/bench.py", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_cc1(u64 n)
{
    char *av[] = {"/usr/bin/cc1", "-quiet", "-fpreprocessed", "-O2", "-o", "/dev/null", "/cc.i", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_bbsh(u64 n)
{
    char *av[] = {"/bin/busybox", "sh", "-c",
                  "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); x=${i%5}; done", 0};
    for (u64 i = 0; i < n; i++)
        run(av);
}
static void t_bbtools(u64 n)
{
    char *av[] = {"/bin/busybox", "sh", "-c",
                  "cd /tmp; for i in 1 2 3 4 5; do /bin/busybox head -c 20000 /cc.i | /bin/busybox "
                  "sed s/int/long/g | /bin/busybox sort | /bin/busybox md5sum >o$i; done; rm -f o?",
                  0};
    for (u64 i = 0; i < n; i++)
        run(av);
}

/* ---------------- SMP ---------------- */
static u64 smpn;
static void *smpt(void *x)
{
    ((void (*)(u64))x)(smpn);
    return 0;
}
static void smp(void (*f)(u64), u64 n, int th)
{
    pthread_t t[8];
    smpn = n;
    for (int i = 0; i < th; i++)
        pthread_create(&t[i], 0, smpt, f);
    for (int i = 0; i < th; i++)
        pthread_join(t[i], 0);
}
static void t_smp2fib(u64 n)
{
    smp(t_fib, n, 2);
}
static void t_smp2xadd(u64 n)
{
    smp(t_xadd, n, 2);
}

struct test {
    const char *name;
    void (*f)(u64);
    const char *unit;
    double per;
    int need;
};
enum { NONE, BMI2 = 1, AVX2 = 2, FMA = 4, GUEST = 8, SLOW = 16, SMP = 32 };
static struct test T[] = {
    {"int_coremark", t_coremark, "iter", 1, 0},
    {"int_dhry", t_dhry, "loop", 1, 0},
    {"int_crc32", t_crc, "byte", 4096, 0},
    {"int_sieve", t_sieve, "sieve64k", 1, 0},
    {"int_qsort", t_qsort, "elem", 4096, 0},
    {"int_sha256c", t_sha256c, "byte", 64, 0},
    {"int_bignum", t_bignum, "mul64", 1024, 0},
    {"int_div", t_div, "div", 1, 0},
    {"int_fib", t_fib, "call", 3193, 0},
    {"int_interp", t_interp, "bytecode", 32, 0},
    {"int_icall_mono", t_icall_mono, "call", 1, 0},
    {"int_icall_poly", t_icall_poly, "call", 1, 0},
    {"int_bsearch", t_bsearch, "lookup", 1, 0},
    {"int_flags", t_flags, "16insn", 1, 0},
    {"int_bmi", t_bmi, "loop", 1, BMI2},
    {"str_long", t_strlen, "byte", 8192, 0},
    {"str_short", t_strshort, "op", 1, 0},
    {"fp_matmul_sd", t_matmul_sd, "flop", 524288, 0},
    {"fp_matmul_sse2", t_matmul_sse2, "flop", 524288, 0},
    {"fp_matmul_fma", t_matmul_fma, "flop", 524288, FMA},
    {"fp_nbody", t_nbody, "step", 1, 0},
    {"fp_mandel", t_mandel, "point", 1, 0},
    {"fp_saxpy_ps", t_saxpy_ps, "flop", 8192, 0},
    {"fp_cvt", t_cvt, "loop", 1, 0},
    {"fp_x87", t_x87, "loop7op", 1, 0},
    {"fp_x87trig", t_x87trig, "loop3op", 1, 0},
    {"fp_libm", t_libm, "loop4fn", 1, 0},
    {"simd_sse2int", t_sse2int, "byte", 4096, 0},
    {"simd_avx2int", t_avx2int, "byte", 4096, AVX2},
    {"cry_aes128cbc", t_aescbc, "byte", 8192, 0},
    {"cry_aes256gcm", t_aesgcm, "byte", 8192, 0},
    {"cry_chacha", t_chacha, "byte", 8192, 0},
    {"cry_sha256", t_osha256, "byte", 8192, 0},
    {"cry_md5", t_omd5, "byte", 8192, 0},
    {"cry_rsa2048", t_rsa, "sign", 1, 0},
    {"mem_ldst", t_ldst, "8access", 1, 0},
    {"mem_memcpy1m", t_memcpy1m, "byte", 1048576, 0},
    {"mem_memcpy4k", t_memcpy4k, "byte", 4096, 0},
    {"mem_memcpysmall", t_memcpysmall, "copy", 1, 0},
    {"mem_memset1m", t_memset1m, "byte", 1048576, 0},
    {"mem_repmovsb4k", t_repmovsb4k, "byte", 4096, 0},
    {"mem_repmovsb32", t_repmovsb32, "op", 1, 0},
    {"mem_repstosq4k", t_repstosq4k, "byte", 4096, 0},
    {"mem_chase16k", t_chase16k, "load", 1, 0},
    {"mem_chase1m", t_chase1m, "load", 1, 0},
    {"mem_chase64m", t_chase64m, "load", 1, 0},
    {"mem_gups64m", t_gups, "update", 1, 0},
    {"mem_stridepage64m", t_stridepage, "load", 16384, 0},
    {"mem_triad", t_triad, "byte", 25165824, 0},
    {"mem_unaligned", t_unaligned, "load", 64, 0},
    {"mem_pagecross", t_pagecross, "load", 15, 0},
    {"atm_xadd", t_xadd, "op", 1, 0},
    {"atm_cmpxchg", t_cmpxchg, "op", 1, 0},
    {"atm_mfence", t_mfence, "op", 1, 0},
    {"ins_rdtsc", t_rdtsc, "op", 1, 0},
    {"ins_cpuid", t_cpuid, "op", 1, 0},
    {"io_outb80", t_outb80, "op", 1, GUEST},
    {"io_inb71", t_inb71, "op", 1, GUEST},
    {"os_getpid", t_getpid, "call", 1, 0},
    {"os_clock", t_clock, "call", 1, 0},
    {"os_readzero4k", t_readzero, "call", 1, 0},
    {"os_pipe", t_pipe, "roundtrip", 1, 0},
    {"os_futex", t_futex, "roundtrip", 1, 0},
    {"os_yield", t_yield, "call", 1, 0},
    {"os_fork", t_fork, "fork", 1, 0},
    {"os_exec", t_exec, "exec", 1, 0},
    {"os_execbb", t_execbb, "exec", 1, 0},
    {"os_pagefault", t_pagefault, "fault", 64, 0},
    {"os_mprotect", t_mprotect, "pair", 1, 0},
    {"os_signal", t_signal, "signal", 1, 0},
    {"os_segv", t_segv, "fault", 1, 0},
    {"os_file", t_file, "file4k", 1, 0},
    {"os_stat", t_stat, "call", 1, 0},
    {"os_sockpair", t_sockpair, "msg1k", 1, 0},
    {"os_nanosleep1ms", t_nanosleep, "sleep", 1, 0},
    {"smc_patch", t_smc1, "patch+call", 1, 0},
    {"smc_jitgen", t_jitgen, "fn(82insn)+20call", 1, 0},
    {"smc_codedata", t_jitdata, "call", 1, 0},
    {"app_zlib", t_zlib, "byte", 131072, 0},
    {"app_unzlib", t_unzlib, "byte", 131072, 0},
    {"app_xz", t_xz, "byte", 65536, 0},
    {"app_lua", t_lua, "script", 1, 0},
    {"app_sqlite", t_sqlite, "txn100row", 1, 0},
    {"app_bbsh", t_bbsh, "script", 1, SLOW},
    {"app_bbtools", t_bbtools, "script", 1, SLOW},
    {"app_pystart", t_python0, "run", 1, SLOW},
    {"app_python", t_python, "run", 1, SLOW},
    {"app_cc1", t_cc1, "compile", 1, SLOW},
    {"smp_fib2", t_smp2fib, "call(x2)", 3193, SMP},
    {"smp_xadd2", t_smp2xadd, "op(x2)", 1, SMP},
};
static int dcmpd(const void *a, const void *b)
{
    double x = *(double *)a, y = *(double *)b;
    return (x > y) - (x < y);
}
static double cpu(void)
{
    struct rusage a, b;
    getrusage(RUSAGE_SELF, &a);
    getrusage(RUSAGE_CHILDREN, &b);
    return 1e9 * (a.ru_utime.tv_sec + a.ru_stime.tv_sec + b.ru_utime.tv_sec + b.ru_stime.tv_sec) +
           1e3 *
               (a.ru_utime.tv_usec + a.ru_stime.tv_usec + b.ru_utime.tv_usec + b.ru_stime.tv_usec);
}
static double lastcpu;
static int mark;
static double once(struct test *t, u64 n)
{
    double c = cpu();
    u64 a = now();
    t->f(n);
    u64 b = now();
    lastcpu = cpu() - c;
    return (double)(b - a);
}
/* with -m: bracket every measured repetition by one-character console lines so that the host
 * harness can read the vCPU thread's CPU time there */
static double marked(struct test *t, u64 n)
{
    if (mark) {
        write(1, "<\n", 2);
        tcdrain(1);
    }
    double r = once(t, n);
    if (mark) {
        write(1, ">\n", 2);
        tcdrain(1);
    }
    return r;
}
int main(int ac, char **av)
{
    double target = 0.4;
    int reps = 5, guest = 0, list = 0;
    char *filt[64];
    int nf = 0;
    double slowt = 0;
    for (int i = 1; i < ac; i++) {
        if (!strcmp(av[i], "-t"))
            target = atof(av[++i]);
        else if (!strcmp(av[i], "-r"))
            reps = atoi(av[++i]);
        else if (!strcmp(av[i], "-g"))
            guest = 1;
        else if (!strcmp(av[i], "-m"))
            mark = 1;
        else if (!strcmp(av[i], "-l"))
            list = 1;
        else if (!strcmp(av[i], "-s"))
            slowt = atof(av[++i]);
        else if (nf < 64)
            filt[nf++] = av[i];
    }
    setvbuf(stdout, 0, _IOLBF, 0);
    setenv("OPENSSL_CONF", "/dev/null", 1);
    u32 a, b, c, d;
    int have = 0;
    __cpuid(1, a, b, c, d);
    int osx = (c >> 27) & 1, avx = (c >> 28) & 1, fma = (c >> 12) & 1;
    __cpuid_count(7, 0, a, b, c, d);
    if ((b >> 8) & 1 && (b >> 3) & 1)
        have |= BMI2;
    if (osx && avx && ((b >> 5) & 1))
        have |= AVX2;
    if (osx && avx && fma && ((b >> 5) & 1))
        have |= FMA;
    if (guest)
        have |= GUEST;
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        have |= SMP;
    have |= SLOW;
    __cpuid(0, a, b, c, d);
    __cpuid(0x80000002, a, b, c, d);
    printf("BENCHSTART target=%.2f reps=%d have=%x ncpu=%ld\n", target, reps, have,
           sysconf(_SC_NPROCESSORS_ONLN));
    for (unsigned i = 0; i < sizeof T / sizeof T[0]; i++) {
        struct test *t = &T[i];
        if (nf) {
            int ok = 0;
            for (int k = 0; k < nf; k++)
                if (!strncmp(t->name, filt[k], strlen(filt[k])))
                    ok = 1;
            if (!ok)
                continue;
        }
        if (list) {
            printf("%s %s\n", t->name, t->unit);
            continue;
        }
        if (t->need & ~have) {
            printf("SKIP %s\n", t->name);
            continue;
        }
        fflush(stdout);
        pid_t p = fork();
        if (!p) {
            double tg = (t->need & SLOW && slowt > 0) ? slowt : target;
            u64 n = 1;
            double e;
            double r[64], c[64];
            once(t, 1);
            for (;;) {
                e = once(t, n);
                if (e >= tg * 0.15e9 || n > (1ull << 40))
                    break;
                u64 m = e > 1e5 ? (u64)(n * (tg * 0.2e9) / e) : n * 8;
                if (m <= n)
                    m = n * 2;
                if (m > n * 64)
                    m = n * 64;
                n = m;
            }
            double f = tg * 1e9 / e;
            u64 m = f > 1 ? (u64)(n * f) : n;
            if (m < 1)
                m = 1;
            for (int k = 0; k < reps; k++) {
                r[k] = marked(t, m) / m / t->per;
                c[k] = lastcpu / m / t->per;
            }
            qsort(r, reps, sizeof(double), dcmpd);
            qsort(c, reps, sizeof(double), dcmpd);
            printf(
                "BENCH %-18s med %.4f ns min %.4f max %.4f cpu %.4f per %s (n=%llu units=%.0f)\n",
                t->name, r[reps / 2], r[0], r[reps - 1], c[reps / 2], t->unit,
                (unsigned long long)m, m * t->per);
            fflush(stdout);
            _exit(0);
        }
        int st;
        waitpid(p, &st, 0);
        if (st)
            printf("FAIL %s status=%x\n", t->name, st);
    }
    printf("BENCHEND\n");
    return 0;
}
