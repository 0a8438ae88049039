/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit scans and counts, BMI1, BMI2, ADX, MOVBE, CRC32, RDRAND, RDSEED, RDPID (SDM vol. 2). */
#include "target/i386/tcg/sem.h"
#include "target/i386/tcg/sem_decl.h"

#include <sys/random.h>

enum {
    FL_ZC = FL_ZF | FL_CF,
    FL_NOZ = FL_STATUS & ~FL_ZF,
    FL_SZOC = FL_SF | FL_ZF | FL_OF | FL_CF,
};

/* ---- scans: only ZF is defined. A zero source leaves the destination as it was. */

ALWAYS_INLINE uint64_t ctz(uint64_t v)
{
    return __builtin_ctzll(v);
}
ALWAYS_INLINE uint64_t clz(uint64_t v, unsigned n)
{
    return __builtin_clzll(v) - (64 - 8 * n);
}

ALWAYS_INLINE void scan(X86Cpu *c, const Insn *i, unsigned n, bool up)
{
    uint64_t v = rm_ld(c, i, n);

    flags_put(c, FL_ZF, v == 0 ? FL_ZF : 0);
    if (v != 0) {
        reg_st(c, i, i->reg, n, up ? ctz(v) : 8 * n - 1 - clz(v, n));
    }
}
ALWAYS_INLINE void sem_bsf_n(X86Cpu *c, const Insn *i, unsigned n)
{
    scan(c, i, n, true);
}
ALWAYS_INLINE void sem_bsr_n(X86Cpu *c, const Insn *i, unsigned n)
{
    scan(c, i, n, false);
}
static SEM_SIZED_V(sem_bsf) static SEM_SIZED_V(sem_bsr)

    ALWAYS_INLINE void count_zeros(X86Cpu *c, const Insn *i, unsigned n, bool trailing)
{
    uint64_t v = rm_ld(c, i, n), r = v == 0 ? 8 * n : trailing ? ctz(v) : clz(v, n);

    reg_st(c, i, i->reg, n, r);
    flags_put(c, FL_ZC, (v == 0 ? FL_CF : 0) | (r == 0 ? FL_ZF : 0));
}
ALWAYS_INLINE void sem_tzcnt_n(X86Cpu *c, const Insn *i, unsigned n)
{
    if (UNLIKELY(!feature_on(c->env.features, FE_BMI1))) {
        scan(c, i, n, true);
    } else {
        count_zeros(c, i, n, true);
    }
}
ALWAYS_INLINE void sem_lzcnt_n(X86Cpu *c, const Insn *i, unsigned n)
{
    if (UNLIKELY(!feature_on(c->env.features, FE_ABM))) {
        scan(c, i, n, false);
    } else {
        count_zeros(c, i, n, false);
    }
}
ALWAYS_INLINE void sem_popcnt_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n);

    reg_st(c, i, i->reg, n, __builtin_popcountll(v));
    flags_put(c, FL_STATUS, v == 0 ? FL_ZF : 0);
}
static SEM_SIZED_V(sem_tzcnt) static SEM_SIZED_V(sem_lzcnt) static SEM_SIZED_V(sem_popcnt)

    static const InsnRow rows_scan[] = {
        {ROW_AT(MAP_0F, 0xbc, "bsf"), .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R,
         .flags = IF_PASS, .fl_write = FL_ZF, .fl_undef = FL_NOZ, .sem = sem_bsf},
        {ROW_AT(MAP_0F, 0xbd, "bsr"), .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ, .acc = ACC_R,
         .flags = IF_PASS, .fl_write = FL_ZF, .fl_undef = FL_NOZ, .sem = sem_bsr},
        {ROW_AT(MAP_0F, 0xbc, "tzcnt"), .pfx = PFX_F3, .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ,
         .acc = ACC_R, .flags = IF_PASS | IF_SOFT_FEATURE, .feature = FE_BMI1, .fl_write = FL_ZC,
         .fl_undef = FL_STATUS & ~FL_ZC, .sem = sem_tzcnt},
        {ROW_AT(MAP_0F, 0xbd, "lzcnt"), .pfx = PFX_F3, .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ,
         .acc = ACC_R, .flags = IF_PASS | IF_SOFT_FEATURE, .feature = FE_ABM, .fl_write = FL_ZC,
         .fl_undef = FL_STATUS & ~FL_ZC, .sem = sem_lzcnt},
        {ROW_AT(MAP_0F, 0xb8, "popcnt"), .pfx = PFX_F3, .op = {OP_Gv, OP_Ev}, .mem = MEM_OPSZ,
         .acc = ACC_R, .flags = IF_PASS, .feature = FE_POPCNT, .fl_write = FL_STATUS,
         .sem = sem_popcnt},
};
INSN_ROWS(scan, rows_scan);

/* ---- BMI1 and BMI2: 32 or 64 bits */

#define BMI_SEM(name)                                                                              \
    static void name(X86Cpu *c, const Insn *i)                                                     \
    {                                                                                              \
        if (i->opsize == 8) {                                                                      \
            name##_n(c, i, 8);                                                                     \
        } else {                                                                                   \
            name##_n(c, i, 4);                                                                     \
        }                                                                                          \
    }

ALWAYS_INLINE uint64_t vvvv_ld(const X86Cpu *c, const Insn *i, unsigned n)
{
    return acc_ld(c, i->vvvv, n);
}

/* AF and PF are undefined: cleared. */
ALWAYS_INLINE void bmi_flags(X86Cpu *c, uint64_t r, unsigned n, bool cf)
{
    flags_put(c, FL_STATUS, (fl_szp(r, n) & (FL_SF | FL_ZF)) | cf);
}

ALWAYS_INLINE void sem_andn_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t r = rm_ld(c, i, n) & ~vvvv_ld(c, i, n);

    acc_st(c, i->reg, n, r);
    bmi_flags(c, r, n, false);
}
ALWAYS_INLINE void sem_blsr_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n), r = v & (v - 1);

    acc_st(c, i->vvvv, n, r);
    bmi_flags(c, r, n, v == 0);
}
ALWAYS_INLINE void sem_blsmsk_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n), r = v ^ (v - 1);

    acc_st(c, i->vvvv, n, r);
    bmi_flags(c, r & size_mask(n), n, v == 0);
}
ALWAYS_INLINE void sem_blsi_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n), r = v & -v;

    acc_st(c, i->vvvv, n, r);
    bmi_flags(c, r, n, v != 0);
}
ALWAYS_INLINE void sem_bextr_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n), ctl = vvvv_ld(c, i, n), r;
    unsigned start = ctl & 0xff, len = ctl >> 8 & 0xff;

    r = start >= 8 * n ? 0 : v >> start;
    r &= len >= 64 ? ~0ull : (1ull << len) - 1;
    acc_st(c, i->reg, n, r);
    bmi_flags(c, r, n, false);
    c->env.rflags &= ~(uint64_t)FL_SF;
}
ALWAYS_INLINE void sem_bzhi_n(X86Cpu *c, const Insn *i, unsigned n)
{
    unsigned k = vvvv_ld(c, i, n) & 0xff;
    uint64_t v = rm_ld(c, i, n), r = k >= 8 * n ? v : v & ((1ull << k) - 1);

    acc_st(c, i->reg, n, r);
    bmi_flags(c, r, n, k >= 8 * n);
}
ALWAYS_INLINE void sem_mulx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    unsigned __int128 p = (unsigned __int128)rm_ld(c, i, n) * acc_ld(c, R_RDX, n);

    acc_st(c, i->vvvv, n, p);
    acc_st(c, i->reg, n,
           (uint64_t)(p >> (8 * n))); /* the same register twice: the upper half stays */
}
ALWAYS_INLINE void sem_pdep_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t mask = rm_ld(c, i, n), v = vvvv_ld(c, i, n), r = 0;

    for (; mask != 0; mask &= mask - 1, v >>= 1) {
        r |= v & 1 ? mask & -mask : 0;
    }
    acc_st(c, i->reg, n, r);
}
ALWAYS_INLINE void sem_pext_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t mask = rm_ld(c, i, n), v = vvvv_ld(c, i, n), r = 0, bit = 1;

    for (; mask != 0; mask &= mask - 1, bit <<= 1) {
        r |= v & mask & -mask ? bit : 0;
    }
    acc_st(c, i->reg, n, r);
}
ALWAYS_INLINE void sem_rorx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    uint64_t v = rm_ld(c, i, n);
    unsigned k = i->imm & (8 * n - 1);

    acc_st(c, i->reg, n, k == 0 ? v : v >> k | v << (8 * n - k));
}
ALWAYS_INLINE void sem_shlx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    acc_st(c, i->reg, n, rm_ld(c, i, n) << (vvvv_ld(c, i, n) & (8 * n - 1)));
}
ALWAYS_INLINE void sem_shrx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    acc_st(c, i->reg, n, rm_ld(c, i, n) >> (vvvv_ld(c, i, n) & (8 * n - 1)));
}
ALWAYS_INLINE void sem_sarx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    acc_st(c, i->reg, n, sext(rm_ld(c, i, n), n) >> (vvvv_ld(c, i, n) & (8 * n - 1)));
}
BMI_SEM(sem_andn)
BMI_SEM(sem_blsr)
BMI_SEM(sem_blsmsk)
BMI_SEM(sem_blsi)
BMI_SEM(sem_bextr)
BMI_SEM(sem_bzhi)
BMI_SEM(sem_mulx)
BMI_SEM(sem_pdep)
BMI_SEM(sem_pext)
BMI_SEM(sem_rorx)
BMI_SEM(sem_shlx)
BMI_SEM(sem_shrx)
BMI_SEM(sem_sarx)

#define BMI_TAIL(p, fe, wr, un)                                                                    \
    .enc = ENC_VEX, .pfx = p, .mem = MEM_Y, .acc = ACC_R, .flags = IF_PASS | IF_L0, .feature = fe, \
    .fl_write = wr, .fl_undef = un
#define BMI_GBE(nm, o, p, fe, wr, un, fn)                                                          \
    {                                                                                              \
        ROW_AT(MAP_0F38, o, nm), .op = {OP_Gy, OP_By, OP_Ey}, BMI_TAIL(p, fe, wr, un), .sem = fn   \
    }
#define BMI_GEB(nm, o, p, fe, wr, un, fn)                                                          \
    {                                                                                              \
        ROW_AT(MAP_0F38, o, nm), .op = {OP_Gy, OP_Ey, OP_By}, BMI_TAIL(p, fe, wr, un), .sem = fn   \
    }
#define BMI_BE(nm, x, fn)                                                                          \
    {                                                                                              \
        ROW_EXT(MAP_0F38, 0xf3, x, nm),                                                            \
            .op = {OP_By, OP_Ey}, BMI_TAIL(PFX_NONE, FE_BMI1, FL_SZOC, FL_AF | FL_PF), .sem = fn   \
    }
static const InsnRow rows_bmi[] = {
    BMI_GBE("andn", 0xf2, PFX_NONE, FE_BMI1, FL_SZOC, FL_AF | FL_PF, sem_andn),
    BMI_BE("blsr", 1, sem_blsr),
    BMI_BE("blsmsk", 2, sem_blsmsk),
    BMI_BE("blsi", 3, sem_blsi),
    BMI_GEB("bextr", 0xf7, PFX_NONE, FE_BMI1, FL_ZF | FL_OF | FL_CF, FL_AF | FL_PF | FL_SF,
            sem_bextr),
    BMI_GEB("bzhi", 0xf5, PFX_NONE, FE_BMI2, FL_SZOC, FL_AF | FL_PF, sem_bzhi),
    BMI_GBE("pdep", 0xf5, PFX_F2, FE_BMI2, 0, 0, sem_pdep),
    BMI_GBE("pext", 0xf5, PFX_F3, FE_BMI2, 0, 0, sem_pext),
    BMI_GEB("shlx", 0xf7, PFX_66, FE_BMI2, 0, 0, sem_shlx),
    BMI_GEB("sarx", 0xf7, PFX_F3, FE_BMI2, 0, 0, sem_sarx),
    BMI_GEB("shrx", 0xf7, PFX_F2, FE_BMI2, 0, 0, sem_shrx),
    {ROW_AT(MAP_0F3A, 0xf0, "rorx"), .op = {OP_Gy, OP_Ey, OP_Ib}, BMI_TAIL(PFX_F2, FE_BMI2, 0, 0),
     .sem = sem_rorx},
    {ROW_AT(MAP_0F38, 0xf6, "mulx"), .op = {OP_Gy, OP_By, OP_Ey}, .enc = ENC_VEX, .pfx = PFX_F2,
     .mem = MEM_Y, .acc = ACC_R, .flags = IF_PASS | IF_L0 | IF_IMPLICIT, .feature = FE_BMI2,
     .gpr_read = 1 << R_RDX, .sem = sem_mulx},
};
INSN_ROWS(bmi, rows_bmi);

/* ---- ADCX, ADOX */

ALWAYS_INLINE void add_carry(X86Cpu *c, const Insn *i, unsigned n, uint64_t bit)
{
    unsigned __int128 sum =
        (unsigned __int128)rm_ld(c, i, n) + acc_ld(c, i->reg, n) + !!(c->env.rflags & bit);

    acc_st(c, i->reg, n, sum);
    flags_put(c, bit, sum >> (8 * n) ? bit : 0);
}
ALWAYS_INLINE void sem_adcx_n(X86Cpu *c, const Insn *i, unsigned n)
{
    add_carry(c, i, n, FL_CF);
}
ALWAYS_INLINE void sem_adox_n(X86Cpu *c, const Insn *i, unsigned n)
{
    add_carry(c, i, n, FL_OF);
}
BMI_SEM(sem_adcx)
BMI_SEM(sem_adox)

/* ---- MOVBE, CRC32 */

ALWAYS_INLINE uint64_t bswap_n(uint64_t v, unsigned n)
{
    return __builtin_bswap64(v) >> (64 - 8 * n);
}
ALWAYS_INLINE void sem_movbe_ld_n(X86Cpu *c, const Insn *i, unsigned n)
{
    reg_st(c, i, i->reg, n, bswap_n(rm_ld(c, i, n), n));
}
ALWAYS_INLINE void sem_movbe_st_n(X86Cpu *c, const Insn *i, unsigned n)
{
    rm_st(c, i, n, bswap_n(reg_ld(c, i, i->reg, n), n));
}
static SEM_SIZED_V(sem_movbe_ld) static SEM_SIZED_V(sem_movbe_st)

    /* Castagnoli polynomial, reflected. */
    static uint32_t crc32c(uint32_t crc, uint64_t v, unsigned n)
{
    for (unsigned k = 0; k < n; k++, v >>= 8) {
        crc ^= v & 0xff;
        for (unsigned b = 0; b < 8; b++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return crc;
}
static void sem_crc32_b(X86Cpu *c, const Insn *i)
{
    acc_st(c, i->reg, 4, crc32c(c->env.gpr[i->reg], rm_ld(c, i, 1), 1));
}
static void sem_crc32_v(X86Cpu *c, const Insn *i)
{
    acc_st(c, i->reg, 4, crc32c(c->env.gpr[i->reg], rm_ld(c, i, i->opsize), i->opsize));
}

/* ---- random numbers and processor id */

/* Not run in translations: lockstep compares what has one answer. */
static void sem_rdrand(X86Cpu *c, const Insn *i)
{
    uint64_t v = 0;
    bool ok = getentropy(&v, sizeof(v)) == 0;

    acc_st(c, i->rm, i->opsize, ok ? v : 0);
    flags_put(c, FL_STATUS, ok ? FL_CF : 0);
}

static void sem_rdpid(X86Cpu *c, const Insn *i)
{
    acc_st(c, i->rm, i->opsize, (uint32_t)c->env.tsc_aux);
}

static const InsnRow rows_more[] = {
    {ROW_AT(MAP_0F38, 0xf6, "adcx"), .pfx = PFX_66, .op = {OP_Gy, OP_Ey}, .mem = MEM_Y,
     .acc = ACC_R, .flags = IF_PASS, .feature = FE_ADX, .fl_read = FL_CF, .fl_write = FL_CF,
     .sem = sem_adcx},
    {ROW_AT(MAP_0F38, 0xf6, "adox"), .pfx = PFX_F3, .op = {OP_Gy, OP_Ey}, .mem = MEM_Y,
     .acc = ACC_R, .flags = IF_PASS, .feature = FE_ADX, .fl_read = FL_OF, .fl_write = FL_OF,
     .sem = sem_adox},
    {ROW_AT(MAP_0F38, 0xf0, "movbe"), .op = {OP_Gv, OP_M}, .mem = MEM_OPSZ, .acc = ACC_R,
     .flags = IF_PASS | IF_MEM_ONLY, .feature = FE_MOVBE, .sem = sem_movbe_ld},
    {ROW_AT(MAP_0F38, 0xf1, "movbe"), .op = {OP_M, OP_Gv}, .mem = MEM_OPSZ, .acc = ACC_W,
     .flags = IF_PASS | IF_MEM_ONLY, .feature = FE_MOVBE, .sem = sem_movbe_st},
    {ROW_AT(MAP_0F38, 0xf0, "crc32"), .pfx = PFX_F2, .op = {OP_Gy, OP_Eb}, .mem = MEM_1,
     .acc = ACC_R, .flags = IF_PASS, .feature = FE_SSE42, .sem = sem_crc32_b},
    {ROW_AT(MAP_0F38, 0xf1, "crc32"), .pfx = PFX_F2, .op = {OP_Gy, OP_Ev}, .mem = MEM_OPSZ,
     .acc = ACC_R, .flags = IF_PASS, .feature = FE_SSE42, .sem = sem_crc32_v},
    {ROW_EXT(MAP_0F, 0xc7, 6, "rdrand"), .op = {OP_Rv}, .flags = IF_REG_ONLY,
     .feature = FE_RDRAND, .fl_write = FL_STATUS, .sem = sem_rdrand},
    {ROW_EXT(MAP_0F, 0xc7, 7, "rdseed"), .op = {OP_Rv}, .flags = IF_REG_ONLY,
     .feature = FE_RDSEED, .fl_write = FL_STATUS, .sem = sem_rdrand},
    {ROW_EXT(MAP_0F, 0xc7, 7, "rdpid"), .pfx = PFX_F3, .op = {OP_Ry}, .flags = IF_REG_ONLY | IF_F64,
     .feature = FE_RDPID, .sem = sem_rdpid},
};
INSN_ROWS(bmi_more, rows_more);
