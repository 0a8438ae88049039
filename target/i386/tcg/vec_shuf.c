/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes of moves, shuffles, packs, inserts, extracts, blends, broadcasts and permutes. */
#include <string.h>
#include "target/i386/tcg/vec_lanes.h"

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* d = b: plain loads, stores and register copies; b is already as wide as the operand */
#define COPY(name)                                                                                 \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        v->d = v->b;                                                                               \
    }
COPY(movaps)
COPY(movapd) COPY(movups) COPY(movupd) COPY(movdqa) COPY(movdqu) COPY(movntps) COPY(movntpd)
    COPY(movntdq) COPY(movntss) COPY(movntsd) COPY(movnti) COPY(movntq) COPY(movntdqa) COPY(lddqu)
        COPY(movd) COPY(movdq2q) COPY(movq2dq)

            void v_movq(VecOp *v)
{
    v->d.q[0] = v->b.q[0];
}

/* scalar moves merge between registers, and zero the rest when loading */
void v_movss(VecOp *v)
{
    if (!v->mem) {
        v->d = v->a;
    }
    v->d.d[0] = v->b.d[0];
}

void v_movsd(VecOp *v)
{
    if (!v->mem) {
        v->d = v->a;
    }
    v->d.q[0] = v->b.q[0];
}

/* low and high halves: as a load d = a with half replaced; as a store the half goes out first */
static void low_half(VecOp *v)
{
    v->d.q[0] = v->b.q[0];
    v->d.q[1] = v->a.q[1];
}
static void high_half(VecOp *v)
{
    v->d.q[0] = v->mem ? v->a.q[0] : v->b.q[1]; /* not mem: the store's value */
    v->d.q[1] = v->b.q[0];
}
void v_movlps(VecOp *v)
{
    low_half(v);
}
void v_movlpd(VecOp *v)
{
    low_half(v);
}
void v_movhps(VecOp *v)
{
    high_half(v);
}
void v_movhpd(VecOp *v)
{
    high_half(v);
}
void v_movhlps(VecOp *v)
{
    v->d.q[0] = v->b.q[1];
    v->d.q[1] = v->a.q[1];
}
void v_movlhps(VecOp *v)
{
    v->d.q[0] = v->a.q[0];
    v->d.q[1] = v->b.q[0];
}

void v_movsldup(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = v->b.d[k & ~1u];
    }
}

void v_movshdup(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = v->b.d[k | 1];
    }
}

void v_movddup(VecOp *v)
{
    LANES(uint64_t)
    {
        v->d.q[k] = v->b.q[k & ~1u];
    }
}

/* interleave the low or high halves of each 128-bit (MMX: 64-bit) lane */
#define UNPACK(name, T, m, high)                                                                   \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        unsigned per = MIN(v->n, 16) / sizeof(T);                                                  \
                                                                                                   \
        LANES(T)                                                                                   \
        {                                                                                          \
            unsigned from = k / per * per + k % per / 2 + (high ? per / 2 : 0);                    \
            v->d.m[k] = k & 1 ? v->b.m[from] : v->a.m[from];                                       \
        }                                                                                          \
    }
UNPACK(punpcklbw, uint8_t, b, 0)
UNPACK(punpcklwd, uint16_t, w, 0)
UNPACK(punpckldq, uint32_t, d, 0)
UNPACK(punpcklqdq, uint64_t, q, 0)
UNPACK(punpckhbw, uint8_t, b, 1)
UNPACK(punpckhwd, uint16_t, w, 1)
UNPACK(punpckhdq, uint32_t, d, 1)
UNPACK(punpckhqdq, uint64_t, q, 1)
UNPACK(unpcklps, uint32_t, d, 0)
UNPACK(unpckhps, uint32_t, d, 1)
UNPACK(unpcklpd, uint64_t, q, 0)
UNPACK(unpckhpd, uint64_t, q, 1)

#define PACK(name, T, m, from, lo, hi)                                                             \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        unsigned per = MIN(v->n, 16) / sizeof(T), half = per / 2;                                  \
                                                                                                   \
        LANES(T)                                                                                   \
        {                                                                                          \
            const Vec *s = k % per < half ? &v->a : &v->b;                                         \
            v->d.m[k] = clamp(s->from[k / per * half + k % half], lo, hi);                         \
        }                                                                                          \
    }
PACK(packsswb, int8_t, sb, sw, -128, 127)
PACK(packuswb, uint8_t, b, sw, 0, 255)
PACK(packssdw, int16_t, sw, sd, -32768, 32767)
PACK(packusdw, uint16_t, w, sd, 0, 65535)

void v_pshufb(VecOp *v)
{
    unsigned lane = MIN(v->n, 16);

    LANES(uint8_t)
    {
        uint8_t sel = v->b.b[k];

        v->d.b[k] = sel & 0x80 ? 0 : v->a.b[k / lane * lane + (sel & (lane - 1))];
    }
}

void v_pshufd(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = v->b.d[(k & ~3u) + (v->imm >> (k & 3) * 2 & 3)];
    }
}

void v_pshufw(VecOp *v)
{
    LANES(uint16_t)
    {
        v->d.w[k] = v->b.w[v->imm >> (k & 3) * 2 & 3];
    }
}

void v_pshuflw(VecOp *v)
{
    v->d = v->b;
    LANES(uint16_t)
    {
        if ((k & 7) < 4) {
            v->d.w[k] = v->b.w[(k & ~7u) + (v->imm >> (k & 3) * 2 & 3)];
        }
    }
}

void v_pshufhw(VecOp *v)
{
    v->d = v->b;
    LANES(uint16_t)
    {
        if ((k & 7) >= 4) {
            v->d.w[k] = v->b.w[(k & ~7u) + 4 + (v->imm >> (k & 3) * 2 & 3)];
        }
    }
}

void v_shufps(VecOp *v)
{
    LANES(uint32_t)
    {
        const Vec *s = (k & 3) < 2 ? &v->a : &v->b;

        v->d.d[k] = s->d[(k & ~3u) + (v->imm >> (k & 3) * 2 & 3)];
    }
}

void v_shufpd(VecOp *v)
{
    LANES(uint64_t)
    {
        const Vec *s = k & 1 ? &v->b : &v->a;

        v->d.q[k] = s->q[(k & ~1u) + (v->imm >> k & 1)];
    }
}

void v_palignr(VecOp *v)
{
    unsigned lane = MIN(v->n, 16);

    LANES(uint8_t)
    {
        unsigned from = k % lane + v->imm, base = k / lane * lane;

        v->d.b[k] = from < lane       ? v->b.b[base + from]
                    : from < 2 * lane ? v->a.b[base + from - lane]
                                      : 0;
    }
}

/* blends by immediate and by the sign of a mask's lanes */
#define BLEND(name, T, m, sel)                                                                     \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        LANES(T)                                                                                   \
        {                                                                                          \
            v->d.m[k] = (sel) ? v->b.m[k] : v->a.m[k];                                             \
        }                                                                                          \
    }
BLEND(pblendw, uint16_t, w, v->imm >> (k & 7) & 1)
BLEND(pblendd, uint32_t, d, v->imm >> k & 1)
BLEND(blendps, uint32_t, d, v->imm >> k & 1)
BLEND(blendpd, uint64_t, q, v->imm >> k & 1)
BLEND(pblendvb, uint8_t, b, v->m.b[k] >> 7)
BLEND(blendvps, uint32_t, d, v->m.d[k] >> 31)
BLEND(blendvpd, uint64_t, q, v->m.q[k] >> 63)

/* inserts and extracts */
void v_pinsrb(VecOp *v)
{
    v->d = v->a;
    v->d.b[v->imm & 15] = v->b.b[0];
}
void v_pinsrw(VecOp *v)
{
    v->d = v->a;
    v->d.w[v->imm & (v->n / 2 - 1)] = v->b.w[0];
}
void v_pinsrd(VecOp *v)
{
    v->d = v->a;
    if (v->w == 8) {
        v->d.q[v->imm & 1] = v->b.q[0];
    } else {
        v->d.d[v->imm & 3] = v->b.d[0];
    }
}
void v_pextrb(VecOp *v)
{
    v->d.q[0] = v->b.b[v->imm & 15];
}
void v_pextrw(VecOp *v)
{
    v->d.q[0] = v->b.w[v->imm & (v->n / 2 - 1)];
}
void v_pextrd(VecOp *v)
{
    v->d.q[0] = v->w == 8 ? v->b.q[v->imm & 1] : v->b.d[v->imm & 3];
}
void v_extractps(VecOp *v)
{
    v->d.q[0] = v->b.d[v->imm & 3];
}

void v_insertps(VecOp *v)
{
    uint32_t x = v->b.d[v->mem ? 0 : v->imm >> 6];

    v->d = v->a;
    v->d.d[v->imm >> 4 & 3] = x;
    for (unsigned k = 0; k < 4; k++) {
        if (v->imm >> k & 1) {
            v->d.d[k] = 0;
        }
    }
}

/* broadcasts */
#define BROADCAST(name, T, m)                                                                      \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        LANES(T)                                                                                   \
        {                                                                                          \
            v->d.m[k] = v->b.m[0];                                                                 \
        }                                                                                          \
    }
BROADCAST(pbroadcastb, uint8_t, b)
BROADCAST(pbroadcastw, uint16_t, w)
BROADCAST(pbroadcastd, uint32_t, d)
BROADCAST(pbroadcastq, uint64_t, q)
BROADCAST(broadcastss, uint32_t, d)
BROADCAST(broadcastsd, uint64_t, q)
void v_broadcastf128(VecOp *v)
{
    LANES(uint64_t)
    {
        v->d.q[k] = v->b.q[k & 1];
    }
}
void v_broadcasti128(VecOp *v)
{
    v_broadcastf128(v);
}

/* 128-bit lanes */
static void extract_lane(VecOp *v)
{
    memcpy(v->d.b, v->b.b + (v->imm & 1) * 16, 16);
}
static void insert_lane(VecOp *v)
{
    v->d = v->a;
    memcpy(v->d.b + (v->imm & 1) * 16, v->b.b, 16);
}
void v_extractf128(VecOp *v)
{
    extract_lane(v);
}
void v_extracti128(VecOp *v)
{
    extract_lane(v);
}
void v_insertf128(VecOp *v)
{
    insert_lane(v);
}
void v_inserti128(VecOp *v)
{
    insert_lane(v);
}

static void perm2(VecOp *v)
{
    for (unsigned half = 0; half < 2; half++) {
        unsigned sel = v->imm >> half * 4;
        const Vec *s = sel & 2 ? &v->b : &v->a;

        if (!(sel & 8)) {
            memcpy(v->d.b + half * 16, s->b + (sel & 1) * 16, 16);
        }
    }
}
void v_perm2f128(VecOp *v)
{
    perm2(v);
}
void v_perm2i128(VecOp *v)
{
    perm2(v);
}

/* VPERMILPS/PD: control in b, or an immediate (then a is not used and b is the data) */
static void permilps_by_vector(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = v->a.d[(k & ~3u) + (v->b.d[k] & 3)];
    }
}
static void permilpd_by_vector(VecOp *v)
{
    LANES(uint64_t)
    {
        v->d.q[k] = v->a.q[(k & ~1u) + (v->b.q[k] >> 1 & 1)];
    }
}
void v_permilps(VecOp *v)
{
    v->has_imm ? v_pshufd(v) : permilps_by_vector(v);
}
static void permilpd_by_imm(VecOp *v)
{
    LANES(uint64_t)
    {
        v->d.q[k] = v->b.q[(k & ~1u) + (v->imm >> k & 1)];
    }
}

void v_permilpd(VecOp *v)
{
    v->has_imm ? permilpd_by_imm(v) : permilpd_by_vector(v);
}

static void perm_dwords(VecOp *v)
{
    LANES(uint32_t)
    {
        v->d.d[k] = v->b.d[v->a.d[k] & 7];
    }
}
void v_permps(VecOp *v)
{
    perm_dwords(v);
}
void v_permd(VecOp *v)
{
    perm_dwords(v);
}
static void perm_qwords(VecOp *v)
{
    LANES(uint64_t)
    {
        v->d.q[k] = v->b.q[v->imm >> k * 2 & 3];
    }
}
void v_permq(VecOp *v)
{
    perm_qwords(v);
}
void v_permpd(VecOp *v)
{
    perm_qwords(v);
}
