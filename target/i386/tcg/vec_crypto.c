/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes of AES, SHA, carry-less multiply, Galois-field instructions and the SSE4.2 string compares
 * (FIPS 197, FIPS 180-4; SDM vol. 1, 12.13-12.15; vol. 2 PCMPxSTRx, 4.1). */
#include <string.h>
#include "target/i386/tcg/vec_lanes.h"

/* product in GF(2^8) modulo x^8 + poly */
static uint8_t gf_mul(uint8_t x, uint8_t y, uint8_t poly)
{
    uint8_t r = 0;

    for (; y != 0; y >>= 1) {
        r ^= y & 1 ? x : 0;
        x = x << 1 ^ (x & 0x80 ? poly : 0);
    }
    return r;
}

static uint8_t gf_inverse(uint8_t x, uint8_t poly)
{
    uint8_t r = 1;

    for (unsigned n = 0; n < 254; n++) { /* x^254 */
        r = gf_mul(r, x, poly);
    }
    return r;
}

enum { AES_POLY = 0x1b };
static uint8_t sbox[256], inv_sbox[256];

static void make_sboxes(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        for (unsigned x = 0; x < 256; x++) {
            uint8_t i = gf_inverse(x, AES_POLY), s = 0x63;

            for (unsigned r = 0; r < 5; r++) {
                s ^= (uint8_t)(i << r | i >> (8 - r));
            }
            sbox[x] = s;
            inv_sbox[s] = x;
        }
        g_once_init_leave(&done, 1);
    }
}

/* column-major state: byte 4c + r */
static void shift_rows(uint8_t *out, const uint8_t *in, int dir)
{
    for (unsigned c = 0; c < 4; c++) {
        for (unsigned r = 0; r < 4; r++) {
            out[4 * c + r] = in[4 * ((c + dir * (int)r) & 3) + r];
        }
    }
}

static void mix_columns(uint8_t *s, const uint8_t coef[4])
{
    for (unsigned c = 0; c < 4; c++) {
        uint8_t col[4];

        memcpy(col, s + 4 * c, 4);
        for (unsigned r = 0; r < 4; r++) {
            s[4 * c + r] = gf_mul(col[r], coef[0], AES_POLY) ^
                           gf_mul(col[(r + 1) & 3], coef[1], AES_POLY) ^
                           gf_mul(col[(r + 2) & 3], coef[2], AES_POLY) ^
                           gf_mul(col[(r + 3) & 3], coef[3], AES_POLY);
        }
    }
}

static const uint8_t mix[4] = {2, 3, 1, 1}, inv_mix[4] = {14, 11, 13, 9};

static void aes_round(VecOp *v, bool decrypt, bool last)
{
    make_sboxes();
    for (unsigned base = 0; base < v->n; base += 16) {
        uint8_t *d = v->d.b + base;

        shift_rows(d, v->a.b + base, decrypt ? -1 : 1);
        for (unsigned k = 0; k < 16; k++) {
            d[k] = decrypt ? inv_sbox[d[k]] : sbox[d[k]];
        }
        if (!last) {
            mix_columns(d, decrypt ? inv_mix : mix);
        }
        for (unsigned k = 0; k < 16; k++) {
            d[k] ^= v->b.b[base + k];
        }
    }
}

void v_aesenc(VecOp *v)
{
    aes_round(v, false, false);
}
void v_aesenclast(VecOp *v)
{
    aes_round(v, false, true);
}
void v_aesdec(VecOp *v)
{
    aes_round(v, true, false);
}
void v_aesdeclast(VecOp *v)
{
    aes_round(v, true, true);
}
void v_aesimc(VecOp *v)
{
    v->d = v->b;
    mix_columns(v->d.b, inv_mix);
}

static uint32_t sub_word(uint32_t x)
{
    return sbox[x & 255] | sbox[x >> 8 & 255] << 8 | sbox[x >> 16 & 255] << 16 |
           (uint32_t)sbox[x >> 24] << 24;
}

static uint32_t ror32(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}
static uint32_t rol32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

void v_aeskeygenassist(VecOp *v)
{
    make_sboxes();
    for (unsigned k = 0; k < 2; k++) {
        uint32_t s = sub_word(v->b.d[2 * k + 1]);

        v->d.d[2 * k] = s;
        v->d.d[2 * k + 1] = ror32(s, 8) ^ v->imm;
    }
}

void v_pclmulqdq(VecOp *v)
{
    for (unsigned base = 0; base < v->n / 8; base += 2) {
        uint64_t x = v->a.q[base + (v->imm & 1)], y = v->b.q[base + (v->imm >> 4 & 1)];

        for (unsigned k = 0; k < 64; k++) {
            if (y >> k & 1) {
                v->d.q[base] ^= x << k;
                v->d.q[base + 1] ^= k == 0 ? 0 : x >> (64 - k);
            }
        }
    }
}

/* ---- SHA: dword 3 is the first of the algorithm's words */
void v_sha1msg1(VecOp *v)
{
    const uint32_t *w = v->a.d, *x = v->b.d;

    v->d.d[3] = w[1] ^ w[3];
    v->d.d[2] = w[0] ^ w[2];
    v->d.d[1] = x[3] ^ w[1];
    v->d.d[0] = x[2] ^ w[0];
}

void v_sha1msg2(VecOp *v)
{
    const uint32_t *w = v->a.d, *x = v->b.d;

    v->d.d[3] = rol32(w[3] ^ x[2], 1);
    v->d.d[2] = rol32(w[2] ^ x[1], 1);
    v->d.d[1] = rol32(w[1] ^ x[0], 1);
    v->d.d[0] = rol32(w[0] ^ v->d.d[3], 1);
}

void v_sha1nexte(VecOp *v)
{
    v->d = v->b;
    v->d.d[3] = v->b.d[3] + rol32(v->a.d[3], 30);
}

static uint32_t sha1_f(unsigned which, uint32_t b, uint32_t c, uint32_t d)
{
    switch (which) {
    case 0: return (b & c) ^ (~b & d);
    case 2: return (b & c) ^ (b & d) ^ (c & d);
    default: return b ^ c ^ d;
    }
}

void v_sha1rnds4(VecOp *v)
{
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    unsigned f = v->imm & 3;
    uint32_t a = v->a.d[3], b = v->a.d[2], c = v->a.d[1], d = v->a.d[0], e = 0;

    for (unsigned k = 0; k < 4; k++) {
        uint32_t next = sha1_f(f, b, c, d) + rol32(a, 5) + v->b.d[3 - k] + e + constants[f];

        e = d;
        d = c;
        c = rol32(b, 30);
        b = a;
        a = next;
    }
    v->d.d[3] = a;
    v->d.d[2] = b;
    v->d.d[1] = c;
    v->d.d[0] = d;
}

static uint32_t small0(uint32_t x)
{
    return ror32(x, 7) ^ ror32(x, 18) ^ x >> 3;
}
static uint32_t small1(uint32_t x)
{
    return ror32(x, 17) ^ ror32(x, 19) ^ x >> 10;
}

void v_sha256msg1(VecOp *v)
{
    for (unsigned k = 0; k < 4; k++) {
        v->d.d[k] = v->a.d[k] + small0(k < 3 ? v->a.d[k + 1] : v->b.d[0]);
    }
}

void v_sha256msg2(VecOp *v)
{
    v->d.d[0] = v->a.d[0] + small1(v->b.d[2]);
    v->d.d[1] = v->a.d[1] + small1(v->b.d[3]);
    v->d.d[2] = v->a.d[2] + small1(v->d.d[0]);
    v->d.d[3] = v->a.d[3] + small1(v->d.d[1]);
}

void v_sha256rnds2(VecOp *v)
{
    uint32_t a = v->b.d[3], b = v->b.d[2], e = v->b.d[1], f = v->b.d[0];
    uint32_t c = v->a.d[3], d = v->a.d[2], g = v->a.d[1], h = v->a.d[0];

    for (unsigned k = 0; k < 2; k++) {
        uint32_t t1 =
            h + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) + ((e & f) ^ (~e & g)) + v->m.d[k];
        uint32_t t2 = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    v->d.d[3] = a;
    v->d.d[2] = b;
    v->d.d[1] = e;
    v->d.d[0] = f;
}

/* ---- GFNI */
void v_gf2p8mulb(VecOp *v)
{
    LANES(uint8_t)
    {
        v->d.b[k] = gf_mul(v->a.b[k], v->b.b[k], AES_POLY);
    }
}

static void affine(VecOp *v, bool inverse)
{
    LANES(uint8_t)
    {
        uint64_t matrix = v->b.q[k / 8];
        uint8_t x = inverse ? gf_inverse(v->a.b[k], AES_POLY) : v->a.b[k], r = 0;

        for (unsigned bit = 0; bit < 8; bit++) {
            r |= __builtin_parity((uint8_t)(matrix >> (7 - bit) * 8) & x) << bit;
        }
        v->d.b[k] = r ^ v->imm;
    }
}
void v_gf2p8affineqb(VecOp *v)
{
    affine(v, false);
}
void v_gf2p8affineinvqb(VecOp *v)
{
    affine(v, true);
}

/* ---- string compares: imm 1:0 element, 3:2 aggregation, 5:4 polarity, 6 output */
static int element(const Vec *s, unsigned imm, unsigned k)
{
    switch (imm & 3) {
    case 0: return s->b[k];
    case 1: return s->w[k];
    case 2: return s->sb[k];
    default: return s->sw[k];
    }
}

static unsigned implicit_length(const Vec *s, unsigned imm, unsigned max)
{
    unsigned k = 0;

    while (k < max && element(s, imm & 1, k) != 0) {
        k++;
    }
    return k;
}

static unsigned explicit_length(uint64_t reg, bool wide, unsigned max)
{
    int64_t n = wide ? (int64_t)reg : (int32_t)reg;
    uint64_t abs = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    return abs > max ? max : abs;
}

/* One bit an element of b; la and lb are the valid lengths. */
static unsigned aggregate(const VecOp *v, unsigned max, unsigned la, unsigned lb)
{
    unsigned imm = v->imm, r = 0;

    for (unsigned j = 0; j < max; j++) {
        bool hit = false;

        switch (imm >> 2 & 3) {
        case 0: /* equal any */
            for (unsigned k = 0; k < la && j < lb; k++) {
                hit |= element(&v->a, imm, k) == element(&v->b, imm, j);
            }
            break;
        case 1: /* ranges */
            for (unsigned k = 0; k + 1 < la && j < lb; k += 2) {
                int x = element(&v->b, imm, j);

                hit |= element(&v->a, imm, k) <= x && x <= element(&v->a, imm, k + 1);
            }
            break;
        case 2: /* equal each: both invalid counts as equal */
            hit = j < la && j < lb ? element(&v->a, imm, j) == element(&v->b, imm, j)
                                   : j >= la && j >= lb;
            break;
        default: /* equal ordered: a is a substring at j */
            hit = true;
            for (unsigned k = 0; k < la && j + k < max; k++) {
                hit &= j + k < lb && element(&v->a, imm, k) == element(&v->b, imm, j + k);
            }
            break;
        }
        r |= (unsigned)hit << j;
    }
    return r;
}

static unsigned compare(VecOp *v, bool explicit)
{
    unsigned max = v->imm & 1 ? 8 : 16, all = (1u << max) - 1;
    unsigned la =
        explicit ? explicit_length(v->rax, v->w == 8, max) : implicit_length(&v->a, v->imm, max);
    unsigned lb =
        explicit ? explicit_length(v->rdx, v->w == 8, max) : implicit_length(&v->b, v->imm, max);
    unsigned r = aggregate(v, max, la, lb);

    if (v->imm & 0x10) {
        r ^= v->imm & 0x20 ? (1u << lb) - 1 : all;
    }
    v->flags = (r != 0 ? FL_CF : 0) | (lb < max ? FL_ZF : 0) | (la < max ? FL_SF : 0) |
               (r & 1 ? FL_OF : 0);
    return r;
}

static void to_index(VecOp *v, unsigned r)
{
    unsigned max = v->imm & 1 ? 8 : 16;

    v->rcx = r == 0 ? max : v->imm & 0x40 ? 31u - __builtin_clz(r) : (unsigned)__builtin_ctz(r);
}

static void to_mask(VecOp *v, unsigned r)
{
    if (!(v->imm & 0x40)) {
        v->m.q[0] = r;
        v->m.q[1] = 0;
        return;
    }
    for (unsigned k = 0; k < 16; k++) {
        v->m.b[k] = r >> (v->imm & 1 ? k / 2 : k) & 1 ? 0xff : 0;
    }
}

void v_pcmpestri(VecOp *v)
{
    to_index(v, compare(v, true));
}
void v_pcmpistri(VecOp *v)
{
    to_index(v, compare(v, false));
}
void v_pcmpestrm(VecOp *v)
{
    to_mask(v, compare(v, true));
}
void v_pcmpistrm(VecOp *v)
{
    to_mask(v, compare(v, false));
}
