/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FXSAVE/FXRSTOR and the XSAVE family (SDM vol. 1, chapter 13; vol. 2). Which components are in use
 * is decided by content: a component in its initial configuration counts as not in use. No
 * supervisor components (IA32_XSS is zero). */
#include <string.h>
#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/sem_decl.h"

enum {
    LEGACY_BYTES = 512,
    HEADER_AT = 512,
    EXT_AT = 576,
    MXCSR_MASK = 0xffff,
    XS_MAX = sizeof(X86Xsave)
};
#define XCOMP_COMPACT (1ull << 63)

typedef struct Component {
    uint8_t bit;
    uint16_t at, size;
} Component;
static const Component components[] = {
    {2, offsetof(X86Xsave, ymmh), 256}, {5, offsetof(X86Xsave, opmask), 64},
    {6, offsetof(X86Xsave, zmmh), 512}, {7, offsetof(X86Xsave, zmm16), 1024},
    {9, offsetof(X86Xsave, pkru), 8},
};

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *b = p;

    return n == 0 || (b[0] == 0 && memcmp(b, b + 1, n - 1) == 0);
}

static bool x87_initial(const X86Xsave *xs)
{
    return xs->fcw == 0x37f && xs->fsw == 0 && xs->ftw == 0 && xs->fop == 0 && xs->fip == 0 &&
           xs->fdp == 0 && all_zero(xs->st, sizeof(xs->st));
}

uint64_t x86_xinuse(const X86Cpu *c)
{
    const X86Xsave *xs = &c->env.xs;
    uint64_t used = 0;

    if (!x87_initial(xs)) {
        used |= XCR0_X87;
    }
    if (!all_zero(xs->xmm, sizeof(xs->xmm))) {
        used |= XCR0_SSE;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        if (!all_zero((const uint8_t *)xs + components[n].at, components[n].size)) {
            used |= 1ull << components[n].bit;
        }
    }
    return used & c->env.xcr0;
}

static void check_aligned(X86Cpu *c, uint64_t va, unsigned align)
{
    if (va & (align - 1)) {
        x86_raise_err(c, EXC_GP, 0);
    }
}

static unsigned xmm_bytes(const X86Cpu *c)
{
    return (c->env.hflags & HF_CS64 ? 16 : 8) * 16;
}

/* How much of a component moves: outside 64-bit mode that of the registers one has there; the rest of
 * the image and of the state stays (SDM vol. 1, 13.7-13.11). */
static unsigned part_bytes(const X86Cpu *c, unsigned n)
{
    if (c->env.hflags & HF_CS64) {
        return components[n].size;
    }
    switch (components[n].bit) {
    case 2:
    case 6: return components[n].size / 2;
    case 7: return 0;
    default: return components[n].size;
    }
}

/* The 160 bytes of x87 part and MXCSR, in the 64-bit or the 32-bit pointer form. */
static void legacy_image(const X86Cpu *c, const Insn *i, uint8_t *buf)
{
    memcpy(buf, &c->env.xs, 160);
    if (!(i->rex & 8)) {
        memset(buf + 12, 0, 4);
        memset(buf + 20, 0, 4);
    }
    memcpy(buf + 28, &(uint32_t){MXCSR_MASK}, 4);
    for (unsigned n = 0; n < 8; n++) {
        memset(buf + 32 + n * 16 + 10, 0, 6);
    }
}

static void load_x87(X86Cpu *c, const Insn *i, const uint8_t *buf)
{
    uint32_t mxcsr = c->env.xs.mxcsr;

    memcpy(&c->env.xs, buf, 24);
    memcpy(c->env.xs.st, buf + 32, 128);
    c->env.xs.mxcsr = mxcsr;
    if (!(i->rex & 8)) {
        c->env.xs.fip = (uint32_t)c->env.xs.fip;
        c->env.xs.fdp = (uint32_t)c->env.xs.fdp;
    }
    c->env.xs.fcw = (c->env.xs.fcw & 0x1f7f) | 0x40;
    c->env.xs.pad0 = 0;
    for (unsigned n = 0; n < 8; n++) {
        memset(c->env.xs.st[n].pad, 0, 6);
    }
    c->env.xs.fsw &= ~0x8080;
    if (c->env.xs.fsw & ~c->env.xs.fcw & 0x3f) {
        c->env.xs.fsw |= 0x8080;
    }
}

static uint32_t image_mxcsr(X86Cpu *c, const uint8_t *buf)
{
    uint32_t v;

    memcpy(&v, buf + 24, 4);
    if (v & ~(uint32_t)MXCSR_MASK) {
        x86_raise_err(c, EXC_GP, 0);
    }
    return v;
}

static void sem_fxsave(X86Cpu *c, const Insn *i)
{
    uint64_t va = insn_mem(c, i, LEGACY_BYTES, ACCESS_STORE);
    uint8_t buf[LEGACY_BYTES];

    if (c->env.cr0 & (CR0_EM | CR0_TS)) {
        x86_raise(c, EXC_NM);
    }
    check_aligned(c, va, 16);
    guest_check(&c->cpu, va, LEGACY_BYTES, ACCESS_STORE, c->env.mmu_mode);
    legacy_image(c, i, buf);
    memcpy(buf + 160, c->env.xs.xmm, xmm_bytes(c));
    guest_write(&c->cpu, va, buf, 160 + xmm_bytes(c), c->env.mmu_mode);
}

static void sem_fxrstor(X86Cpu *c, const Insn *i)
{
    uint64_t va = insn_mem(c, i, LEGACY_BYTES, ACCESS_LOAD);
    uint8_t buf[LEGACY_BYTES];
    uint32_t mxcsr;

    if (c->env.cr0 & (CR0_EM | CR0_TS)) {
        x86_raise(c, EXC_NM);
    }
    check_aligned(c, va, 16);
    guest_read(&c->cpu, va, buf, LEGACY_BYTES, c->env.mmu_mode);
    mxcsr = image_mxcsr(c, buf);
    load_x87(c, i, buf);
    memcpy(c->env.xs.xmm, buf + 160, xmm_bytes(c));
    c->env.xs.mxcsr = mxcsr;
}

static uint64_t xsave_begin(X86Cpu *c, const Insn *i, unsigned need, Access how)
{
    uint64_t va;

    if (!(c->env.cr4 & CR4_OSXSAVE)) {
        x86_raise_ud(c);
    }
    if (c->env.cr0 & CR0_TS) {
        x86_raise(c, EXC_NM);
    }
    va = insn_mem(c, i, need, how);
    check_aligned(c, va, 64);
    return va;
}

static uint64_t requested(const X86Cpu *c)
{
    return ((uint32_t)c->env.gpr[R_RAX] | c->env.gpr[R_RDX] << 32) & c->env.xcr0;
}

static void store_legacy(X86Cpu *c, const Insn *i, uint64_t va, uint64_t parts, bool mxcsr)
{
    uint8_t buf[160];

    legacy_image(c, i, buf);
    if (parts & XCR0_X87) {
        guest_write(&c->cpu, va, buf, 24, c->env.mmu_mode);
        guest_write(&c->cpu, va + 32, buf + 32, 128, c->env.mmu_mode);
    }
    if (mxcsr) {
        guest_write(&c->cpu, va + 24, buf + 24, 8, c->env.mmu_mode);
    }
    if (parts & XCR0_SSE) {
        guest_write(&c->cpu, va + 160, c->env.xs.xmm, xmm_bytes(c), c->env.mmu_mode);
    }
}

/* XSAVE and XSAVEOPT: standard format. XSAVEOPT leaves out what is in its initial configuration. */
static void xsave_standard(X86Cpu *c, const Insn *i, bool opt)
{
    uint64_t va = xsave_begin(c, i, EXT_AT, ACCESS_STORE);
    uint64_t rfbm = requested(c), used = x86_xinuse(c), parts = opt ? rfbm & used : rfbm, bv;

    guest_check(&c->cpu, va, EXT_AT, ACCESS_STORE, c->env.mmu_mode);
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        if (parts >> components[n].bit & 1) {
            guest_check(&c->cpu, va + components[n].at, components[n].size, ACCESS_STORE,
                        c->env.mmu_mode);
        }
    }
    bv = guest_ld64(&c->cpu, va + HEADER_AT, c->env.mmu_mode);
    store_legacy(c, i, va, parts, (rfbm & (XCR0_SSE | XCR0_AVX)) != 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        if ((parts >> components[n].bit & 1) && part_bytes(c, n) != 0) {
            guest_write(&c->cpu, va + components[n].at,
                        (const uint8_t *)&c->env.xs + components[n].at, part_bytes(c, n),
                        c->env.mmu_mode);
        }
    }
    guest_st64(&c->cpu, va + HEADER_AT, (bv & ~rfbm) | (rfbm & used), c->env.mmu_mode);
}

/* XSAVEC and XSAVES: compacted format with the init optimisation. */
static void xsave_compact(X86Cpu *c, const Insn *i)
{
    uint64_t va = xsave_begin(c, i, EXT_AT, ACCESS_STORE);
    uint64_t rfbm = requested(c), parts = rfbm & x86_xinuse(c);
    uint64_t header[2] = {parts, rfbm | XCOMP_COMPACT};
    unsigned at = EXT_AT, end = EXT_AT;

    /* MXCSR away from its initial value makes the SSE component count as in use (13.10) */
    if ((rfbm & XCR0_SSE) && c->env.xs.mxcsr != 0x1f80) {
        parts |= XCR0_SSE;
        header[0] = parts;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        end += rfbm >> components[n].bit & 1 ? components[n].size : 0;
    }
    guest_check(&c->cpu, va, end, ACCESS_STORE, c->env.mmu_mode);
    store_legacy(c, i, va, parts, (parts & XCR0_SSE) != 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        if (!(rfbm >> components[n].bit & 1)) {
            continue;
        }
        if ((parts >> components[n].bit & 1) && part_bytes(c, n) != 0) {
            guest_write(&c->cpu, va + at, (const uint8_t *)&c->env.xs + components[n].at,
                        part_bytes(c, n), c->env.mmu_mode);
        }
        at += components[n].size;
    }
    guest_write(&c->cpu, va + HEADER_AT, header, 16, c->env.mmu_mode);
}

static void check_header(X86Cpu *c, const uint64_t header[8], bool compact_only)
{
    bool compact = (header[1] & XCOMP_COMPACT) != 0;
    uint64_t layout = compact ? header[1] & ~XCOMP_COMPACT : c->env.xcr0;
    bool bad =
        (layout & ~c->env.xcr0) != 0 || (header[0] & ~layout) != 0 || (compact_only && !compact);

    if (!compact) {
        bad |= header[1] != 0 || header[2] != 0;
    } else {
        bad |= !all_zero(header + 2, 48);
    }
    if (bad) {
        x86_raise_err(c, EXC_GP, 0);
    }
}

static void xrstor(X86Cpu *c, const Insn *i, bool compact_only)
{
    uint64_t va = xsave_begin(c, i, EXT_AT, ACCESS_LOAD), header[8], rfbm = requested(c), load;
    uint8_t legacy[LEGACY_BYTES], ext[XS_MAX];
    unsigned at[G_N_ELEMENTS(components)], next = EXT_AT, mode = c->env.mmu_mode;
    bool compact, need_mxcsr;
    uint32_t mxcsr;

    guest_read(&c->cpu, va, legacy, LEGACY_BYTES, mode);
    guest_read(&c->cpu, va + HEADER_AT, header, 64, mode);
    check_header(c, header, compact_only);
    compact = (header[1] & XCOMP_COMPACT) != 0;
    load = rfbm & header[0];
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        at[n] = compact ? next : components[n].at;
        next += header[1] >> components[n].bit & 1 ? components[n].size : 0;
        if ((load >> components[n].bit & 1) && part_bytes(c, n) != 0) {
            guest_read(&c->cpu, va + at[n], ext + components[n].at, part_bytes(c, n), mode);
        }
    }
    need_mxcsr = compact ? (load & XCR0_SSE) != 0 : (rfbm & (XCR0_SSE | XCR0_AVX)) != 0;
    mxcsr = need_mxcsr                     ? image_mxcsr(c, legacy)
            : compact && (rfbm & XCR0_SSE) ? 0x1f80
                                           : c->env.xs.mxcsr;
    if (rfbm & XCR0_X87) {
        if (!(load & XCR0_X87)) {
            memset(legacy, 0, 24);
            memset(legacy + 32, 0, 128);
            legacy[0] = 0x7f;
            legacy[1] = 0x03;
        }
        load_x87(c, i, legacy);
    }
    if (rfbm & XCR0_SSE) {
        if (load & XCR0_SSE) {
            memcpy(c->env.xs.xmm, legacy + 160, xmm_bytes(c));
        } else {
            memset(c->env.xs.xmm, 0, xmm_bytes(c));
        }
    }
    c->env.xs.mxcsr = mxcsr;
    for (unsigned n = 0; n < G_N_ELEMENTS(components); n++) {
        uint8_t *to = (uint8_t *)&c->env.xs + components[n].at;

        if (load >> components[n].bit & 1) {
            memcpy(to, ext + components[n].at, part_bytes(c, n));
        } else if (rfbm >> components[n].bit & 1) {
            memset(to, 0, part_bytes(c, n));
        }
    }
}

static void sem_xsave(X86Cpu *c, const Insn *i)
{
    xsave_standard(c, i, false);
}
static void sem_xsaveopt(X86Cpu *c, const Insn *i)
{
    xsave_standard(c, i, true);
}
void sem_xsavec(X86Cpu *c, const Insn *i)
{
    xsave_compact(c, i);
}
void sem_xrstor(X86Cpu *c, const Insn *i)
{
    xrstor(c, i, false);
}
void sem_xrstors(X86Cpu *c, const Insn *i)
{
    xrstor(c, i, true);
}

#define XS(nm, o, x, ac, fl, fe, s)                                                                \
    {                                                                                              \
        .name = nm, .enc = ENC_LEGACY, .map = MAP_0F, .opcode = o, .pfx = PFX_NONE, .ext = x,      \
        .rm = EXT_NONE, .op = {OP_M}, .mem = MEM_XSAVE, .acc = ac, .flags = IF_MEM_ONLY | (fl),    \
        .feature = fe, .sem = s                                                                    \
    }
static const InsnRow rows[] = {
    XS("fxsave", 0xae, 0, ACC_W, 0, FE_FXSR, sem_fxsave),
    XS("fxrstor", 0xae, 1, ACC_R, 0, FE_FXSR, sem_fxrstor),
    XS("xsave", 0xae, 4, ACC_W, 0, FE_XSAVE, sem_xsave),
    XS("xrstor", 0xae, 5, ACC_R, 0, FE_XSAVE, sem_xrstor),
    XS("xsaveopt", 0xae, 6, ACC_W, 0, FE_XSAVEOPT, sem_xsaveopt),
    XS("xsavec", 0xc7, 4, ACC_W, 0, FE_XSAVEC, sem_xsavec),
    XS("xsaves", 0xc7, 5, ACC_W, IF_PRIV, FE_XSAVES, sem_xsavec),
    XS("xrstors", 0xc7, 3, ACC_R, IF_PRIV, FE_XSAVES, sem_xrstors),
};
INSN_ROWS(xsave, rows);
