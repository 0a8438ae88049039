/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes of floating-point instructions. Each scalar step is the host's own scalar instruction,
 * executed under the guest's MXCSR (exceptions masked) that sem_vec() has loaded: rounding, DAZ,
 * FTZ, NaN selection and exception flags are then the hardware's. */
#include <string.h>
#include "target/i386/tcg/vec_lanes.h"

#define HOST2(op)                                                                                  \
    static float f_##op(float x, float y)                                                          \
    {                                                                                              \
        __asm__ volatile(#op "ss %1, %0" : "+x"(x) : "x"(y));                                      \
        return x;                                                                                  \
    }                                                                                              \
    static double g_##op(double x, double y)                                                       \
    {                                                                                              \
        __asm__ volatile(#op "sd %1, %0" : "+x"(x) : "x"(y));                                      \
        return x;                                                                                  \
    }
#define ARITH(op)                                                                                  \
    HOST2(op)                                                                                      \
    void v_##op##ps(VecOp *v)                                                                      \
    {                                                                                              \
        LANES(float)                                                                               \
        {                                                                                          \
            v->d.f[k] = f_##op(v->a.f[k], v->b.f[k]);                                              \
        }                                                                                          \
    }                                                                                              \
    void v_##op##pd(VecOp *v)                                                                      \
    {                                                                                              \
        LANES(double)                                                                              \
        {                                                                                          \
            v->d.g[k] = g_##op(v->a.g[k], v->b.g[k]);                                              \
        }                                                                                          \
    }                                                                                              \
    void v_##op##ss(VecOp *v)                                                                      \
    {                                                                                              \
        v->d = v->a;                                                                               \
        v->d.f[0] = f_##op(v->a.f[0], v->b.f[0]);                                                  \
    }                                                                                              \
    void v_##op##sd(VecOp *v)                                                                      \
    {                                                                                              \
        v->d = v->a;                                                                               \
        v->d.g[0] = g_##op(v->a.g[0], v->b.g[0]);                                                  \
    }

ARITH(add)
ARITH(sub) ARITH(mul) ARITH(div) ARITH(min) ARITH(max)

#define HOST1(T, name, insn)                                                                       \
    static T name(T x)                                                                             \
    {                                                                                              \
        T r;                                                                                       \
        __asm__ volatile(insn " %1, %0" : "=x"(r) : "x"(x), "0"((T)0));                            \
        return r;                                                                                  \
    }
    HOST1(float, f_sqrt, "sqrtss") HOST1(double, g_sqrt, "sqrtsd") HOST1(float, f_rcp, "rcpss")
        HOST1(float, f_rsqrt, "rsqrtss")

#define UNARY_F(name, fn)                                                                          \
    void v_##name##ps(VecOp *v)                                                                    \
    {                                                                                              \
        LANES(float)                                                                               \
        {                                                                                          \
            v->d.f[k] = fn(v->b.f[k]);                                                             \
        }                                                                                          \
    }                                                                                              \
    void v_##name##ss(VecOp *v)                                                                    \
    {                                                                                              \
        v->d = v->a;                                                                               \
        v->d.f[0] = fn(v->b.f[0]);                                                                 \
    }
            UNARY_F(sqrt, f_sqrt) UNARY_F(rcp, f_rcp)
                UNARY_F(rsqrt, f_rsqrt) void v_sqrtpd(VecOp *v)
{
    LANES(double)
    {
        v->d.g[k] = g_sqrt(v->b.g[k]);
    }
}
void v_sqrtsd(VecOp *v)
{
    v->d = v->a;
    v->d.g[0] = g_sqrt(v->b.g[0]);
}

void v_addsubps(VecOp *v)
{
    LANES(float)
    {
        v->d.f[k] = k & 1 ? f_add(v->a.f[k], v->b.f[k]) : f_sub(v->a.f[k], v->b.f[k]);
    }
}
void v_addsubpd(VecOp *v)
{
    LANES(double)
    {
        v->d.g[k] = k & 1 ? g_add(v->a.g[k], v->b.g[k]) : g_sub(v->a.g[k], v->b.g[k]);
    }
}

#define HORIZONTAL(name, T, m, fn)                                                                 \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        unsigned per = 16 / sizeof(T), half = per / 2;                                             \
                                                                                                   \
        LANES(T)                                                                                   \
        {                                                                                          \
            const T *s = (k % per < half ? v->a.m : v->b.m) + k / per * per + k % half * 2;        \
            v->d.m[k] = fn(s[0], s[1]);                                                            \
        }                                                                                          \
    }
HORIZONTAL(haddps, float, f, f_add)
HORIZONTAL(haddpd, double, g, g_add)
HORIZONTAL(hsubps, float, f, f_sub)
HORIZONTAL(hsubpd, double, g, g_sub)

void v_dpps(VecOp *v)
{
    for (unsigned base = 0; base < v->n / 4; base += 4) {
        float t[4], sum;

        for (unsigned k = 0; k < 4; k++) {
            t[k] = v->imm >> (4 + k) & 1 ? f_mul(v->a.f[base + k], v->b.f[base + k]) : 0;
        }
        sum = f_add(f_add(t[0], t[1]), f_add(t[2], t[3]));
        for (unsigned k = 0; k < 4; k++) {
            v->d.f[base + k] = v->imm >> k & 1 ? sum : 0;
        }
    }
}

void v_dppd(VecOp *v)
{
    double t[2], sum;

    for (unsigned k = 0; k < 2; k++) {
        t[k] = v->imm >> (4 + k) & 1 ? g_mul(v->a.g[k], v->b.g[k]) : 0;
    }
    sum = g_add(t[0], t[1]);
    for (unsigned k = 0; k < 2; k++) {
        v->d.g[k] = v->imm >> k & 1 ? sum : 0;
    }
}

/* ---- conversions */
#define CONVERT(name, To, From, insn, con_to, con_from)                                            \
    static To name(From x)                                                                         \
    {                                                                                              \
        To r;                                                                                      \
        __asm__ volatile(insn " %1, %0" : "=" con_to(r) : con_from(x));                            \
        return r;                                                                                  \
    }
CONVERT(f_to_g, double, float, "cvtss2sd", "x", "x")
CONVERT(g_to_f, float, double, "cvtsd2ss", "x", "x")
CONVERT(f_to_i, int32_t, float, "cvtss2si", "r", "x")
CONVERT(f_to_it, int32_t, float, "cvttss2si", "r", "x")
CONVERT(g_to_i, int32_t, double, "cvtsd2si", "r", "x")
CONVERT(g_to_it, int32_t, double, "cvttsd2si", "r", "x")
CONVERT(f_to_l, int64_t, float, "cvtss2siq", "r", "x")
CONVERT(f_to_lt, int64_t, float, "cvttss2siq", "r", "x")
CONVERT(g_to_l, int64_t, double, "cvtsd2siq", "r", "x")
CONVERT(g_to_lt, int64_t, double, "cvttsd2siq", "r", "x")
CONVERT(i_to_f, float, int32_t, "cvtsi2ssl", "x", "r")
CONVERT(l_to_f, float, int64_t, "cvtsi2ssq", "x", "r")
CONVERT(i_to_g, double, int32_t, "cvtsi2sdl", "x", "r")
CONVERT(l_to_g, double, int64_t, "cvtsi2sdq", "x", "r")

void v_cvtps2pd(VecOp *v)
{
    LANES(double)
    {
        v->d.g[k] = f_to_g(v->b.f[k]);
    }
}
void v_cvtpd2ps(VecOp *v)
{
    LANES(double)
    {
        v->d.f[k] = g_to_f(v->b.g[k]);
    }
}
void v_cvtss2sd(VecOp *v)
{
    v->d = v->a;
    v->d.g[0] = f_to_g(v->b.f[0]);
}
void v_cvtsd2ss(VecOp *v)
{
    v->d = v->a;
    v->d.f[0] = g_to_f(v->b.g[0]);
}
void v_cvtdq2ps(VecOp *v)
{
    LANES(float)
    {
        v->d.f[k] = i_to_f(v->b.sd[k]);
    }
}
void v_cvtdq2pd(VecOp *v)
{
    LANES(double)
    {
        v->d.g[k] = i_to_g(v->b.sd[k]);
    }
}
void v_cvtps2dq(VecOp *v)
{
    LANES(float)
    {
        v->d.sd[k] = f_to_i(v->b.f[k]);
    }
}
void v_cvttps2dq(VecOp *v)
{
    LANES(float)
    {
        v->d.sd[k] = f_to_it(v->b.f[k]);
    }
}
void v_cvtpd2dq(VecOp *v)
{
    LANES(double)
    {
        v->d.sd[k] = g_to_i(v->b.g[k]);
    }
}
void v_cvttpd2dq(VecOp *v)
{
    LANES(double)
    {
        v->d.sd[k] = g_to_it(v->b.g[k]);
    }
}
void v_cvtpi2ps(VecOp *v)
{
    v->d = v->a;
    v->d.f[0] = i_to_f(v->b.sd[0]);
    v->d.f[1] = i_to_f(v->b.sd[1]);
}
void v_cvtpi2pd(VecOp *v)
{
    v->d.g[0] = i_to_g(v->b.sd[0]);
    v->d.g[1] = i_to_g(v->b.sd[1]);
}
#define TO_MMX(name, fn, m)                                                                        \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        v->d.sd[0] = fn(v->b.m[0]);                                                                \
        v->d.sd[1] = fn(v->b.m[1]);                                                                \
    }
TO_MMX(cvtps2pi, f_to_i, f)
TO_MMX(cvttps2pi, f_to_it, f)
TO_MMX(cvtpd2pi, g_to_i, g)
TO_MMX(cvttpd2pi, g_to_it, g)
void v_cvtsi2ss(VecOp *v)
{
    v->d = v->a;
    v->d.f[0] = v->w == 8 ? l_to_f(v->b.sq[0]) : i_to_f(v->b.sd[0]);
}
void v_cvtsi2sd(VecOp *v)
{
    v->d = v->a;
    v->d.g[0] = v->w == 8 ? l_to_g(v->b.sq[0]) : i_to_g(v->b.sd[0]);
}
#define TO_GPR(name, wide, narrow, m)                                                              \
    void v_##name(VecOp *v)                                                                        \
    {                                                                                              \
        v->d.q[0] = v->w == 8 ? (uint64_t)wide(v->b.m[0]) : (uint32_t)narrow(v->b.m[0]);           \
    }
TO_GPR(cvtss2si, f_to_l, f_to_i, f)
TO_GPR(cvttss2si, f_to_lt, f_to_it, f)
TO_GPR(cvtsd2si, g_to_l, g_to_i, g)
TO_GPR(cvttsd2si, g_to_lt, g_to_it, g)

/* ---- compares */
enum { REL_LT = 1, REL_EQ = 2, REL_GT = 4, REL_UN = 8 };

#define COMPARE_FLAGS(name, T, insn)                                                               \
    static uint32_t name(T x, T y)                                                                 \
    {                                                                                              \
        uint64_t fl;                                                                               \
        __asm__ volatile(insn " %2, %1\n pushfq\n pop %0" : "=r"(fl) : "x"(x), "x"(y) : "cc");     \
        return fl & FL_STATUS;                                                                     \
    }
COMPARE_FLAGS(f_ucomi, float, "ucomiss")
COMPARE_FLAGS(f_comi, float, "comiss")
COMPARE_FLAGS(g_ucomi, double, "ucomisd")
COMPARE_FLAGS(g_comi, double, "comisd")
void v_ucomiss(VecOp *v)
{
    v->flags = f_ucomi(v->a.f[0], v->b.f[0]);
}
void v_comiss(VecOp *v)
{
    v->flags = f_comi(v->a.f[0], v->b.f[0]);
}
void v_ucomisd(VecOp *v)
{
    v->flags = g_ucomi(v->a.g[0], v->b.g[0]);
}
void v_comisd(VecOp *v)
{
    v->flags = g_comi(v->a.g[0], v->b.g[0]);
}

/* SDM vol. 2, table 3-1: relations that make predicate p true; predicates 16-31 differ in
 * signalling only */
static const uint8_t predicate[16] = {
    REL_EQ,
    REL_LT,
    REL_LT | REL_EQ,
    REL_UN,
    REL_LT | REL_GT | REL_UN,
    REL_EQ | REL_GT | REL_UN,
    REL_GT | REL_UN,
    REL_LT | REL_EQ | REL_GT,
    REL_EQ | REL_UN,
    REL_LT | REL_UN,
    REL_LT | REL_EQ | REL_UN,
    0,
    REL_LT | REL_GT,
    REL_EQ | REL_GT,
    REL_GT,
    15,
};
enum { SIGNALLING = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 13 | 1 << 14 };

static bool signals(unsigned p)
{
    return (SIGNALLING >> (p & 15) & 1) != (p >> 4);
}

static bool holds(unsigned p, uint32_t fl)
{
    unsigned rel = fl & FL_PF ? REL_UN : fl & FL_ZF ? REL_EQ : fl & FL_CF ? REL_LT : REL_GT;

    return (predicate[p & 15] & rel) != 0;
}

static bool f_cmp(unsigned p, float x, float y)
{
    return holds(p, signals(p) ? f_comi(x, y) : f_ucomi(x, y));
}
static bool g_cmp(unsigned p, double x, double y)
{
    return holds(p, signals(p) ? g_comi(x, y) : g_ucomi(x, y));
}
static unsigned pred_of(const VecOp *v)
{
    return v->imm & (v->vex ? 31 : 7);
}

void v_cmpps(VecOp *v)
{
    LANES(float)
    {
        v->d.d[k] = f_cmp(pred_of(v), v->a.f[k], v->b.f[k]) ? ~0u : 0;
    }
}
void v_cmppd(VecOp *v)
{
    LANES(double)
    {
        v->d.q[k] = g_cmp(pred_of(v), v->a.g[k], v->b.g[k]) ? ~0ull : 0;
    }
}
void v_cmpss(VecOp *v)
{
    v->d = v->a;
    v->d.d[0] = f_cmp(pred_of(v), v->a.f[0], v->b.f[0]) ? ~0u : 0;
}
void v_cmpsd(VecOp *v)
{
    v->d = v->a;
    v->d.q[0] = g_cmp(pred_of(v), v->a.g[0], v->b.g[0]) ? ~0ull : 0;
}

/* ---- rounding: the immediate is part of the host's instruction, so one case a value */
#define ROUND_CASE(insn, n)                                                                        \
    case n:                                                                                        \
        __asm__ volatile(insn " $" #n ", %1, %0" : "+x"(r) : "x"(x));                              \
        break
#define ROUND(name, T, insn)                                                                       \
    static T name(T x, unsigned imm)                                                               \
    {                                                                                              \
        T r = x;                                                                                   \
        switch (imm & 4 ? (imm & 8) | 4 : imm & 11) {                                              \
            ROUND_CASE(insn, 0);                                                                   \
            ROUND_CASE(insn, 1);                                                                   \
            ROUND_CASE(insn, 2);                                                                   \
            ROUND_CASE(insn, 3);                                                                   \
            ROUND_CASE(insn, 4);                                                                   \
            ROUND_CASE(insn, 8);                                                                   \
            ROUND_CASE(insn, 9);                                                                   \
            ROUND_CASE(insn, 10);                                                                  \
            ROUND_CASE(insn, 11);                                                                  \
            ROUND_CASE(insn, 12);                                                                  \
        }                                                                                          \
        return r;                                                                                  \
    }
ROUND(f_round, float, "roundss")
ROUND(g_round, double, "roundsd")
void v_roundps(VecOp *v)
{
    LANES(float)
    {
        v->d.f[k] = f_round(v->b.f[k], v->imm);
    }
}
void v_roundpd(VecOp *v)
{
    LANES(double)
    {
        v->d.g[k] = g_round(v->b.g[k], v->imm);
    }
}
void v_roundss(VecOp *v)
{
    v->d = v->a;
    v->d.f[0] = f_round(v->b.f[0], v->imm);
}
void v_roundsd(VecOp *v)
{
    v->d = v->a;
    v->d.g[0] = g_round(v->b.g[0], v->imm);
}

/* ---- fused multiply-add: the same operand order as the guest's form, for NaN selection */
#define FMA_HOST(op, form)                                                                         \
    static float f_##op##form(float d, float a, float b)                                           \
    {                                                                                              \
        __asm__ volatile("vf" #op #form "ss %2, %1, %0" : "+x"(d) : "x"(a), "x"(b));               \
        return d;                                                                                  \
    }                                                                                              \
    static double g_##op##form(double d, double a, double b)                                       \
    {                                                                                              \
        __asm__ volatile("vf" #op #form "sd %2, %1, %0" : "+x"(d) : "x"(a), "x"(b));               \
        return d;                                                                                  \
    }
#define FMA_LANES(name, form, odd, even)                                                           \
    void v_f##name##form##ps(VecOp *v)                                                             \
    {                                                                                              \
        LANES(float)                                                                               \
        {                                                                                          \
            v->d.f[k] = k & 1 ? f_##odd##form(v->old.f[k], v->a.f[k], v->b.f[k])                   \
                              : f_##even##form(v->old.f[k], v->a.f[k], v->b.f[k]);                 \
        }                                                                                          \
    }                                                                                              \
    void v_f##name##form##pd(VecOp *v)                                                             \
    {                                                                                              \
        LANES(double)                                                                              \
        {                                                                                          \
            v->d.g[k] = k & 1 ? g_##odd##form(v->old.g[k], v->a.g[k], v->b.g[k])                   \
                              : g_##even##form(v->old.g[k], v->a.g[k], v->b.g[k]);                 \
        }                                                                                          \
    }
#define FMA_SCALAR(op, form)                                                                       \
    void v_f##op##form##ss(VecOp *v)                                                               \
    {                                                                                              \
        v->d = v->old;                                                                             \
        v->d.f[0] = f_##op##form(v->old.f[0], v->a.f[0], v->b.f[0]);                               \
    }                                                                                              \
    void v_f##op##form##sd(VecOp *v)                                                               \
    {                                                                                              \
        v->d = v->old;                                                                             \
        v->d.g[0] = g_##op##form(v->old.g[0], v->a.g[0], v->b.g[0]);                               \
    }
#define FMA_FORM(form)                                                                             \
    FMA_HOST(madd, form)                                                                           \
    FMA_HOST(msub, form) FMA_HOST(nmadd, form) FMA_HOST(nmsub, form)                               \
        FMA_LANES(madd, form, madd, madd) FMA_LANES(msub, form, msub, msub)                        \
            FMA_LANES(nmadd, form, nmadd, nmadd) FMA_LANES(nmsub, form, nmsub, nmsub)              \
                FMA_LANES(maddsub, form, madd, msub) FMA_LANES(msubadd, form, msub, madd)          \
                    FMA_SCALAR(madd, form) FMA_SCALAR(msub, form) FMA_SCALAR(nmadd, form)          \
                        FMA_SCALAR(nmsub, form)
FMA_FORM(132)
FMA_FORM(213) FMA_FORM(231)

    /* ---- half precision */
    void v_cvtph2ps(VecOp *v)
{
    for (unsigned at = 0; at < v->n / 16; at++) {
        VecHost r = {0};

        memcpy(&r, &v->b.q[at], 8);
        __asm__ volatile("vcvtph2ps %0, %0" : "+x"(r));
        memcpy(v->d.b + at * 16, &r, 16);
    }
}

#define HALF_CASE(n)                                                                               \
    case n: __asm__ volatile("vcvtps2ph $" #n ", %0, %0" : "+x"(r)); break
void v_cvtps2ph(VecOp *v)
{
    for (unsigned at = 0; at < v->n / 16; at++) {
        VecHost r;

        memcpy(&r, v->b.b + at * 16, 16);
        switch (v->imm & 4 ? 4 : v->imm & 3) {
            HALF_CASE(0);
            HALF_CASE(1);
            HALF_CASE(2);
            HALF_CASE(3);
            HALF_CASE(4);
        }
        memcpy(v->d.b + at * 8, &r, 8);
    }
}
