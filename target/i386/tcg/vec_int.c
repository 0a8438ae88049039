/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes of packed-integer instructions: arithmetic, logic, compares, shifts (SDM vol. 2 "P..."). */
#include <stdlib.h>
#include "target/i386/tcg/vec_lanes.h"

/* d[k] = expression of x = a[k], y = b[k], lane by lane */
#define BIN(name, T, m, expr)                                                                   \
    void v_##name(VecOp *v)                                                                     \
    {                                                                                           \
        LANES(T)                                                                                \
        {                                                                                       \
            T x = v->a.m[k], y = v->b.m[k];                                                     \
            (void)x;                                                                            \
            v->d.m[k] = (expr);                                                                 \
        }                                                                                       \
    }

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

BIN(paddb, uint8_t, b, x + y)
BIN(paddw, uint16_t, w, x + y)
BIN(paddd, uint32_t, d, x + y)
BIN(paddq, uint64_t, q, x + y)
BIN(psubb, uint8_t, b, x - y)
BIN(psubw, uint16_t, w, x - y)
BIN(psubd, uint32_t, d, x - y)
BIN(psubq, uint64_t, q, x - y)
BIN(paddsb, int8_t, sb, clamp(x + y, -128, 127))
BIN(paddsw, int16_t, sw, clamp(x + y, -32768, 32767))
BIN(paddusb, uint8_t, b, clamp(x + y, 0, 255))
BIN(paddusw, uint16_t, w, clamp(x + y, 0, 65535))
BIN(psubsb, int8_t, sb, clamp(x - y, -128, 127))
BIN(psubsw, int16_t, sw, clamp(x - y, -32768, 32767))
BIN(psubusb, uint8_t, b, clamp(x - y, 0, 255))
BIN(psubusw, uint16_t, w, clamp(x - y, 0, 65535))
BIN(pavgb, uint8_t, b, (x + y + 1) >> 1)
BIN(pavgw, uint16_t, w, (x + y + 1) >> 1)
BIN(pminub, uint8_t, b, MIN(x, y))
BIN(pmaxub, uint8_t, b, MAX(x, y))
BIN(pminsb, int8_t, sb, MIN(x, y))
BIN(pmaxsb, int8_t, sb, MAX(x, y))
BIN(pminuw, uint16_t, w, MIN(x, y))
BIN(pmaxuw, uint16_t, w, MAX(x, y))
BIN(pminsw, int16_t, sw, MIN(x, y))
BIN(pmaxsw, int16_t, sw, MAX(x, y))
BIN(pminud, uint32_t, d, MIN(x, y))
BIN(pmaxud, uint32_t, d, MAX(x, y))
BIN(pminsd, int32_t, sd, MIN(x, y))
BIN(pmaxsd, int32_t, sd, MAX(x, y))
BIN(pand, uint64_t, q, x & y)
BIN(pandn, uint64_t, q, ~x & y)
BIN(por, uint64_t, q, x | y)
BIN(pxor, uint64_t, q, x ^ y)
BIN(andps, uint64_t, q, x & y)
BIN(andpd, uint64_t, q, x & y)
BIN(andnps, uint64_t, q, ~x & y)
BIN(andnpd, uint64_t, q, ~x & y)
BIN(orps, uint64_t, q, x | y)
BIN(orpd, uint64_t, q, x | y)
BIN(xorps, uint64_t, q, x ^ y)
BIN(xorpd, uint64_t, q, x ^ y)
BIN(pcmpeqb, uint8_t, b, x == y ? 0xff : 0)
BIN(pcmpeqw, uint16_t, w, x == y ? 0xffff : 0)
BIN(pcmpeqd, uint32_t, d, x == y ? ~0u : 0)
BIN(pcmpeqq, uint64_t, q, x == y ? ~0ull : 0)
BIN(pcmpgtb, int8_t, sb, x > y ? -1 : 0)
BIN(pcmpgtw, int16_t, sw, x > y ? -1 : 0)
BIN(pcmpgtd, int32_t, sd, x > y ? -1 : 0)
BIN(pcmpgtq, int64_t, sq, x > y ? -1 : 0)
BIN(pmullw, int16_t, sw, x * y)
BIN(pmulld, uint32_t, d, x * y)
BIN(pmulhw, int16_t, sw, x * y >> 16)
BIN(pmulhuw, uint16_t, w, (uint32_t)x * y >> 16)
BIN(pmulhrsw, int16_t, sw, ((x * y >> 14) + 1) >> 1)
BIN(pmuludq, uint64_t, q, (uint64_t)(uint32_t)x * (uint32_t)y)
BIN(pmuldq, int64_t, sq, (int64_t)(int32_t)x * (int32_t)y)
BIN(psignb, int8_t, sb, y < 0 ? -x : y == 0 ? 0 : x)
BIN(psignw, int16_t, sw, y < 0 ? -x : y == 0 ? 0 : x)
BIN(psignd, int32_t, sd, y < 0 ? (int32_t)(0u - (uint32_t)x) : y == 0 ? 0 : x)
BIN(pabsb, int8_t, sb, y < 0 ? -y : y)
BIN(pabsw, int16_t, sw, y < 0 ? -y : y)
BIN(pabsd, int32_t, sd, y < 0 ? (int32_t)(0u - (uint32_t)y) : y)
BIN(psllvd, uint32_t, d, y < 32 ? x << y : 0)
BIN(psllvq, uint64_t, q, y < 64 ? x << y : 0)
BIN(psrlvd, uint32_t, d, y < 32 ? x >> y : 0)
BIN(psrlvq, uint64_t, q, y < 64 ? x >> y : 0)
BIN(psravd, int32_t, sd, x >> ((uint32_t)y < 32 ? y : 31))

/* shifts by one count for all lanes: the low quadword of b */
#define SHIFT(name, T, m, over, expr)                                                           \
    void v_##name(VecOp *v)                                                                     \
    {                                                                                           \
        uint64_t s = v->b.q[0];                                                                 \
                                                                                                \
        LANES(T)                                                                                \
        {                                                                                       \
            T x = v->a.m[k];                                                                    \
            v->d.m[k] = s >= sizeof(T) * 8 ? (over) : (expr);                                   \
        }                                                                                       \
    }

SHIFT(psllw, uint16_t, w, 0, x << s)
SHIFT(pslld, uint32_t, d, 0, x << s)
SHIFT(psllq, uint64_t, q, 0, x << s)
SHIFT(psrlw, uint16_t, w, 0, x >> s)
SHIFT(psrld, uint32_t, d, 0, x >> s)
SHIFT(psrlq, uint64_t, q, 0, x >> s)
SHIFT(psraw, int16_t, sw, x >> 15, x >> s)
SHIFT(psrad, int32_t, sd, x >> 31, x >> s)

void v_pslldq(VecOp *v)
{
    for (unsigned k = 0; k < v->n; k++) {
        v->d.b[k] = (k & 15) >= v->b.q[0] ? v->a.b[k - v->b.q[0]] : 0;
    }
}

void v_psrldq(VecOp *v)
{
    for (unsigned k = 0; k < v->n; k++) {
        v->d.b[k] = (k & 15) + v->b.q[0] < 16 ? v->a.b[k + v->b.q[0]] : 0;
    }
}

void v_pmaddwd(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = (uint32_t)(v->a.sw[2 * k] * v->b.sw[2 * k]) +
                    (uint32_t)(v->a.sw[2 * k + 1] * v->b.sw[2 * k + 1]);
    }
}

void v_pmaddubsw(VecOp *v)
{
    LANES(uint16_t)
    {
        v->d.sw[k] = clamp(v->a.b[2 * k] * v->b.sb[2 * k] + v->a.b[2 * k + 1] * v->b.sb[2 * k + 1],
                           -32768, 32767);
    }
}

void v_psadbw(VecOp *v)
{
    LANES(uint8_t) { v->d.w[k / 8 * 4] += abs(v->a.b[k] - v->b.b[k]); }
}

/* horizontal: pairs of a fill the low half of each 128-bit lane, pairs of b the high half */
#define HORIZONTAL(name, T, m, expr)                                                            \
    void v_##name(VecOp *v)                                                                     \
    {                                                                                           \
        unsigned per = MIN(v->n, 16) / sizeof(T), half = per / 2;                               \
                                                                                                \
        LANES(T)                                                                                \
        {                                                                                       \
            unsigned base = k / per * per, at = k % per;                                        \
            const Vec *s = at < half ? &v->a : &v->b;                                           \
            T x = s->m[base + at % half * 2], y = s->m[base + at % half * 2 + 1];               \
            v->d.m[k] = (expr);                                                                 \
        }                                                                                       \
    }

HORIZONTAL(phaddw, uint16_t, w, x + y)
HORIZONTAL(phaddd, uint32_t, d, x + y)
HORIZONTAL(phaddsw, int16_t, sw, clamp(x + y, -32768, 32767))
HORIZONTAL(phsubw, uint16_t, w, x - y)
HORIZONTAL(phsubd, uint32_t, d, x - y)
HORIZONTAL(phsubsw, int16_t, sw, clamp(x - y, -32768, 32767))

void v_phminposuw(VecOp *v)
{
    unsigned at = 0;

    for (unsigned k = 1; k < 8; k++) {
        if (v->b.w[k] < v->b.w[at]) {
            at = k;
        }
    }
    v->d.w[0] = v->b.w[at];
    v->d.w[1] = at;
}

void v_mpsadbw(VecOp *v)
{
    for (unsigned lane = 0; lane < v->n / 16; lane++) {
        unsigned imm = v->imm >> lane * 3, base = lane * 16;
        const uint8_t *a = v->a.b + base + (imm >> 2 & 1) * 4, *b = v->b.b + base + (imm & 3) * 4;

        for (unsigned k = 0; k < 8; k++) {
            for (unsigned j = 0; j < 4; j++) {
                v->d.w[lane * 8 + k] += abs(a[k + j] - b[j]);
            }
        }
    }
}

static void set_test_flags(VecOp *v, uint64_t and, uint64_t andn)
{
    v->flags = (and == 0 ? FL_ZF : 0) | (andn == 0 ? FL_CF : 0);
}

static void test_lanes(VecOp *v, uint64_t mask)
{
    uint64_t and = 0, andn = 0;

    LANES(uint64_t)
    {
        and |= v->a.q[k] & v->b.q[k] & mask;
        andn |= ~v->a.q[k] & v->b.q[k] & mask;
    }
    set_test_flags(v, and, andn);
}

void v_ptest(VecOp *v) { test_lanes(v, ~0ull); }
void v_testps(VecOp *v) { test_lanes(v, 0x8000000080000000ull); }
void v_testpd(VecOp *v) { test_lanes(v, 0x8000000000000000ull); }

#define SIGNS(name, T, m, bits)                                                                 \
    void v_##name(VecOp *v)                                                                     \
    {                                                                                           \
        LANES(T) { v->d.d[0] |= (uint32_t)(v->b.m[k] >> (bits - 1) & 1) << k; }                 \
    }
SIGNS(pmovmskb, uint8_t, b, 8)
SIGNS(movmskps, uint32_t, d, 32)
SIGNS(movmskpd, uint64_t, q, 64)

/* sign and zero extension from the low part of b; d and b lanes of different widths */
#define EXTEND(name, T, m, from)                                                                \
    void v_##name(VecOp *v)                                                                     \
    {                                                                                           \
        LANES(T) { v->d.m[k] = v->b.from[k]; }                                                  \
    }
EXTEND(pmovsxbw, int16_t, sw, sb)
EXTEND(pmovsxbd, int32_t, sd, sb)
EXTEND(pmovsxbq, int64_t, sq, sb)
EXTEND(pmovsxwd, int32_t, sd, sw)
EXTEND(pmovsxwq, int64_t, sq, sw)
EXTEND(pmovsxdq, int64_t, sq, sd)
EXTEND(pmovzxbw, uint16_t, w, b)
EXTEND(pmovzxbd, uint32_t, d, b)
EXTEND(pmovzxbq, uint64_t, q, b)
EXTEND(pmovzxwd, uint32_t, d, w)
EXTEND(pmovzxwq, uint64_t, q, w)
EXTEND(pmovzxdq, uint64_t, q, d)

static uint64_t field_mask(unsigned len)
{
    return len == 0 || len >= 64 ? ~0ull : (1ull << len) - 1;
}

/* SSE4A: length and index come from an immediate pair or from the second source */
void v_extrq(VecOp *v)
{
    unsigned len = (v->has_imm ? v->imm : v->b.b[0]) & 63, at = (v->has_imm ? v->imm >> 8 : v->b.b[1]) & 63;

    v->d.q[0] = (v->a.q[0] >> at) & field_mask(len);
}

void v_insertq(VecOp *v)
{
    unsigned spec = v->has_imm ? v->imm : v->b.w[4];
    unsigned len = spec & 63, at = spec >> 8 & 63;
    uint64_t mask = field_mask(len);

    v->d.q[0] = (v->a.q[0] & ~(mask << at)) | (v->b.q[0] & mask) << at;
}
