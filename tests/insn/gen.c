/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes code bytes and operands out of decode rows: every row, all operand sizes, register and
 * memory forms, all addressing modes, values with edge cases. */
#include "tests/insn/gen_int.h"

#include <string.h>

#include "target/i386/features.h"
#include "target/i386/tcg/sem_decl.h"

uint64_t rng_next(Rng *r)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return r->s * 0x9e3779b97f4a7c15ull;
}

unsigned rng_below(Rng *r, unsigned n)
{
    return (rng_next(r) >> 33) % n;
}

bool rng_one_in(Rng *r, unsigned n)
{
    return rng_below(r, n) == 0;
}

/* ---- values */

uint64_t gen_value(Rng *r)
{
    static const uint64_t edge[] = {
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0xffffffffffffffff,
        0xfffffffffffffffe,
        0xffffffff80000000,
        0x5555555555555555,
        0x9999999999999999,
        0x0f0f,
        0x9a,
        0x3f,
        0x40,
        0x1f,
        0x20,
    };

    switch (rng_below(r, 4)) {
    case 0: return edge[rng_below(r, G_N_ELEMENTS(edge))];
    case 1: return rng_below(r, 256);
    case 2: return rng_next(r) >> rng_below(r, 64);
    default: return rng_next(r);
    }
}

static uint64_t value_float(Rng *r)
{
    static const uint32_t f32[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
        0xff800000, 0x7fc00000, 0x7f800001, 0x00000001, 0x00800000,
        0x7f7fffff, 0x4f000000, 0xcf000000, 0x3f000000, 0x40490fdb,
    };
    static const uint64_t f64[] = {
        0,
        1ull << 63,
        0x3ff0000000000000,
        0xbff0000000000000,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff8000000000000,
        0x7ff0000000000001,
        1,
        0x0010000000000000,
        0x7fefffffffffffff,
        0x41e0000000000000,
        0xc3e0000000000000,
        0x3fe0000000000000,
        0x400921fb54442d18,
        0x3ff0000000000001,
    };

    switch (rng_below(r, 4)) {
    case 0: return f64[rng_below(r, G_N_ELEMENTS(f64))];
    case 1:
        return f32[rng_below(r, G_N_ELEMENTS(f32))] | (uint64_t)f32[rng_below(r, G_N_ELEMENTS(f32))]
                                                          << 32;
    case 2: return 0x3fe0000000000000 + (rng_next(r) >> 8) + ((uint64_t)rng_below(r, 3) << 61);
    default: return 0x3f0000003f000000 ^ (rng_next(r) & 0x81ffffff81ffffff);
    }
}

static uint64_t value_any(Rng *r)
{
    return rng_one_in(r, 2) ? gen_value(r) : value_float(r);
}

void gen_fill(Rng *r, void *p, size_t n)
{
    for (size_t k = 0; k < n; k += 8) {
        uint64_t v = value_any(r);

        memcpy((uint8_t *)p + k, &v, MIN(n - k, 8));
    }
}

void gen_memory(Rng *r)
{
    gen_fill(r, (void *)(uintptr_t)ARENA_DATA, ARENA_DATA_SIZE);
}

void gen_x87(Rng *r, X86Xsave *xs)
{
    xs->fcw = 0x37f;
    if (rng_one_in(r, 4)) {
        xs->fcw = (rng_below(r, 4) << 10) | (rng_below(r, 3) == 0 ? 0 : 0x300) | 0x7f;
    }
    xs->fsw = rng_below(r, 8) << 11 | (rng_below(r, 16) << 8 & 0x4700);
    xs->ftw = rng_one_in(r, 2) ? 0xff : rng_next(r);
    for (unsigned k = 0; k < 8; k++) {
        uint64_t v = rng_next(r);

        xs->st[k].mant = rng_one_in(r, 3) ? 1ull << 63 : v | 1ull << 63;
        xs->st[k].se = (rng_one_in(r, 2) ? 0x8000 : 0) | (0x3fff - 8 + rng_below(r, 40));
        if (rng_one_in(r, 8)) {
            xs->st[k].se |= 0x7fff;
        } else if (rng_one_in(r, 8)) {
            xs->st[k].se &= 0x8000;
            xs->st[k].mant = rng_one_in(r, 2) ? 0 : v >> 1;
        }
    }
}

void gen_state(Rng *r, bool mode64, InsnState *s)
{
    memset(s, 0, sizeof(*s));
    for (unsigned k = 0; k < 16; k++) {
        s->gpr[k] = gen_value(r);
    }
    s->gpr[R_RSP] = ARENA_STACK + rng_below(r, 32) * 8;
    if (rng_one_in(r, 2)) {
        s->gpr[R_RBP] = ARENA_STACK + rng_below(r, 64) * 8;
    }
    if (!mode64) {
        for (unsigned k = 0; k < 16; k++) {
            s->gpr[k] = k < 8 ? (uint32_t)s->gpr[k] : 0;
        }
    }
    s->rip = CODE_AT;
    s->rflags = FL_R1 | FL_IF | (rng_next(r) & FL_STATUS);
    gen_x87(r, &s->xs);
    s->xs.mxcsr = 0x1f80;
    if (rng_one_in(r, 4)) {
        s->xs.mxcsr = (rng_next(r) & 0x6040) | (rng_one_in(r, 4) ? rng_next(r) & 0x1f80 : 0x1f80) |
                      (rng_one_in(r, 2) ? 0x8000 : 0);
    }
    /* underflow stays masked: unmasked, exact tiny results trap too, which semantics do not look
     * for */
    s->xs.mxcsr |= 0x800;
    s->xs.mxcsr_mask = 0xffff;
    gen_fill(r, s->xs.xmm, sizeof(s->xs.xmm));
    if (native_xcr0() & XCR0_AVX) {
        gen_fill(r, s->xs.ymmh, sizeof(s->xs.ymmh));
    }
    if (native_xcr0() & XCR0_ZMM16) {
        gen_fill(r, s->xs.opmask, sizeof(s->xs.opmask));
        gen_fill(r, s->xs.zmmh, sizeof(s->xs.zmmh) + sizeof(s->xs.zmm16));
    }
}

/* ---- which rows */

static bool op_is(const InsnRow *row, uint8_t op)
{
    return row->op[0] == op || row->op[1] == op || row->op[2] == op || row->op[3] == op;
}

bool row_is_testable(const InsnRow *row, bool mode64)
{
    /* kernel entry, far transfers, time and identity: what a user-mode process cannot compare */
    static const char *const not_here[] = {
        "int",    "int3",     "int1",     "into",     "syscall",  "sysret", "sysenter", "sysexit",
        "cpuid",  "rdtsc",    "rdtscp",   "rdpmc",    "hlt",      "in",     "out",      "cli",
        "sti",    "iret",     "retf",     "jmpf",     "callf",    "rdpid",  "swapgs",   "xgetbv",
        "xsetbv", "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase", "sgdt",   "sidt",     "sldt",
        "str",    "smsw",     "lar",      "lsl",      "verr",     "verw",   "arpl",     "monitor",
        "mwait",  "vmcall",   "vmmcall",  "rsm",      "ud0",
    };

    if ((row->flags & IF_PRIV) || ((row->flags & IF_I64) && mode64) ||
        ((row->flags & IF_O64) && !mode64)) {
        return false;
    }
    if (op_is(row, OP_Sw) || op_is(row, OP_Cy) || op_is(row, OP_Dy) || op_is(row, OP_Ap) ||
        op_is(row, OP_Mp)) {
        return false;
    }
    /* MOVSXD with 66: vendors read two or four bytes */
    if (row->map == MAP_1 && row->opcode == 0x63 && row->mem == MEM_SPECIAL) {
        return false;
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(not_here); k++) {
        if (strcmp(row->name, not_here[k]) == 0) {
            return false;
        }
    }
    return true;
}

/* ---- encoding */


static void put(Enc *e, uint64_t v, unsigned n)
{
    memcpy(e->p, &v, n);
    e->p += n;
}

static bool row_sized_v(const InsnRow *row)
{
    static const uint8_t v[] = {
        OP_Ev, OP_Gv, OP_Rv, OP_Zv, OP_Iz, OP_Iv, OP_Ov, OP_Xv, OP_Yv, OP_rAX, OP_Ibs,
    };

    for (unsigned k = 0; k < sizeof(v); k++) {
        if (op_is(row, v[k])) {
            return true;
        }
    }
    return strcmp(row->name, "leave") == 0 || strcmp(row->name, "enter") == 0 ||
           strncmp(row->name, "push", 4) == 0 || strncmp(row->name, "pop", 3) == 0;
}

static void put_legacy_prefixes(Enc *e)
{
    const InsnRow *row = e->row;
    bool lock = (row->flags & IF_LOCK) && e->mem && rng_one_in(e->r, 4);

    if (row->pfx == PFX_66 || (row_sized_v(row) && row->pfx != PFX_NONE && rng_one_in(e->r, 3) &&
                               !((row->flags & IF_F64) && e->mode64))) {
        put(e, 0x66, 1);
    }
    if (rng_one_in(e->r, 8) && !(row->flags & IF_JUMP)) {
        put(e, 0x67, 1);
    }
    if (e->mode64 && rng_one_in(e->r, 16)) {
        put(e, rng_one_in(e->r, 2) ? 0x2e : 0x3e, 1);
    }
    if (lock) {
        put(e, 0xf0, 1);
    }
    if (row->pfx == PFX_F3 || row->pfx == PFX_F2) {
        put(e, row->pfx == PFX_F3 ? 0xf3 : 0xf2, 1);
    } else if ((row->flags & IF_REP) && rng_below(e->r, 3) != 0) {
        put(e, rng_one_in(e->r, 2) ? 0xf3 : 0xf2, 1);
    }
}

static void put_opcode_legacy(Enc *e)
{
    uint8_t rex = (e->w ? 8 : 0) | (e->reg & 8 ? 4 : 0) | (e->x ? 2 : 0) | (e->b ? 1 : 0);

    put_legacy_prefixes(e);
    if (e->mode64 && (rex != 0 || rng_one_in(e->r, 8))) {
        put(e, 0x40 | rex, 1);
    }
    if (e->row->map != MAP_1) {
        put(e, 0x0f, 1);
    }
    if (e->row->map == MAP_0F38 || e->row->map == MAP_0F3A) {
        put(e, e->row->map == MAP_0F38 ? 0x38 : 0x3a, 1);
    }
}

static unsigned enc_pp(const InsnRow *row)
{
    return row->pfx == PFX_66 ? 1 : row->pfx == PFX_F3 ? 2 : row->pfx == PFX_F2 ? 3 : 0;
}

static unsigned enc_length(Enc *e)
{
    uint32_t named = e->row->flags & (IF_L0 | IF_L1 | IF_L2);
    unsigned ll;

    do {
        ll = rng_below(e->r, e->row->enc == ENC_EVEX ? 3 : 2);
    } while (named != 0 && !(named & (ll == 0 ? IF_L0 : ll == 1 ? IF_L1 : IF_L2)));
    e->vl = 16 << ll;
    return ll;
}

static void put_opcode_vex(Enc *e)
{
    unsigned ll = enc_length(e), r = e->reg >> 3 & 1;

    if (e->row->map == MAP_0F && !e->w && !e->x && !e->b && rng_one_in(e->r, 2)) {
        put(e, 0xc5, 1);
        put(e, !r << 7 | (~e->vvvv & 15) << 3 | ll << 2 | enc_pp(e->row), 1);
        return;
    }
    put(e, 0xc4, 1);
    put(e, !r << 7 | !e->x << 6 | !e->b << 5 | e->row->map, 1);
    put(e, e->w << 7 | (~e->vvvv & 15) << 3 | ll << 2 | enc_pp(e->row), 1);
}

static void put_opcode_evex(Enc *e)
{
    uint16_t evx = e->row->evx;
    unsigned ll = enc_length(e), x = e->mem ? e->x : e->rm >> 4 & 1,
             aaa = !(evx & EV_K) || rng_one_in(e->r, 3) ? 0 : rng_below(e->r, 8);
    bool store = e->mem && (e->row->acc & ACC_W);
    bool z = aaa != 0 && (evx & EV_Z) && !store && rng_one_in(e->r, 2);
    bool b = (evx & (e->mem ? EV_BC : EV_RC | EV_SAE)) && rng_one_in(e->r, 3);

    if ((evx & EV_KREQ) && aaa == 0) {
        aaa = 1 + rng_below(e->r, 7);
    }
    if (b && !e->mem) {
        ll = rng_below(e->r, evx & EV_RC ? 4 : 3);
    }
    e->evex = e->p;
    put(e, 0x62, 1);
    put(e, !(e->reg >> 3 & 1) << 7 | !x << 6 | !e->b << 5 | !(e->reg >> 4 & 1) << 4 | e->row->map,
        1);
    put(e, e->w << 7 | (~e->vvvv & 15) << 3 | 4 | enc_pp(e->row), 1);
    put(e, z << 7 | ll << 5 | b << 4 | !(e->vvvv >> 4 & 1) << 3 | aaa, 1);
}

/* A memory operand that lies in the arena: [pointer + displacement], perhaps with the index; the stack; absolute. */
static void choose_address(Enc *e)
{
    const GenPlan *p = e->plan;
    unsigned kind = rng_below(e->r, 8);
    bool align = (e->row->flags & IF_ALIGN) && !rng_one_in(e->r, 64);

    e->index = 4;
    e->base = p->ptr[align ? 0 : rng_below(e->r, 2)];
    e->disp = align ? (int)rng_below(e->r, 16) * 64 : (int)rng_below(e->r, 256) - 128;
    if (kind == 0) {
        e->base = 5; /* rip-relative or absolute */
        e->mod = 0;
        e->rm = 5;
        e->x = false;
        return;
    }
    if (kind == 1 && !align && !p->no_stack) {
        e->base = R_RSP;
    } else if (kind < 4 && !align && p->index != NO_REG) {
        e->index = p->index;
    }
    e->mod = (e->base & 7) == 5 || e->disp != 0 ? 1 + rng_below(e->r, 2) : 0;
    if (e->mod == 1) {
        e->disp = align ? e->disp & 64 : e->row->enc == ENC_EVEX ? e->disp / 8 : e->disp;
    } else if (e->mod == 2 && !align) {
        e->disp *= 1 + rng_below(e->r, 8);
    }
    e->rm = (e->base & 7) == 4 || e->index != 4 || rng_one_in(e->r, 4) ? 4 : e->base;
    e->x = e->rm == 4 && e->index >= 8;
}

/* Chooses registers and the shape of a memory operand. */
static void choose_operands(Enc *e)
{
    const InsnRow *row = e->row;
    unsigned regs = e->mode64 ? 16 : 8, vregs = row->enc == ENC_EVEX && e->mode64 ? 32 : regs;

    e->mem = !(row->flags & IF_REG_ONLY) && row->rm == EXT_NONE &&
             ((row->flags & IF_MEM_ONLY) || rng_one_in(e->r, 2));
    e->w = e->mode64 && rng_one_in(e->r, 3);
    if ((row->flags & IF_SSE) && (row->flags & IF_MMX)) {
        e->mem = false; /* vendors differ in whether memory forms enter MMX state */
    }
    if (row->flags & (IF_W0 | IF_W1)) {
        e->w = row->flags & IF_W1;
    }
    e->reg = row->ext != EXT_NONE ? row->ext : rng_below(e->r, op_is(row, OP_V) ? vregs : regs);
    if (op_is(row, OP_K) || op_is(row, OP_P)) {
        e->reg &= 7;
    }
    e->rm = row->rm != EXT_NONE
                ? row->rm
                : rng_below(e->r, op_is(row, OP_W) || op_is(row, OP_U) ? vregs : regs);
    if (op_is(row, OP_KW)) {
        e->rm &= 7;
    }
    e->vvvv = op_is(row, OP_H)    ? rng_below(e->r, vregs)
              : op_is(row, OP_By) ? rng_below(e->r, regs)
              : op_is(row, OP_KH) ? rng_below(e->r, 8)
                                  : 0;
    e->mod = e->mem ? rng_below(e->r, 3) : 3;
    e->base = rng_below(e->r, regs);
    e->index = rng_below(e->r, regs);
    e->scale = rng_below(e->r, 4);
    if (e->mem && e->plan != NULL && !(row->flags & IF_VSIB)) {
        choose_address(e);
    } else if (e->mem) {
        bool sib = (e->base & 7) == 4 || (row->flags & IF_VSIB) || rng_one_in(e->r, 3);

        e->rm = sib ? 4 : e->base;
        e->x = sib && e->index >= 8;
        if ((row->flags & IF_VSIB) && row->enc == ENC_EVEX) {
            e->index = rng_below(e->r, vregs);
            e->x = e->index >> 3 & 1;
            e->vvvv = e->index & 16;
        }
    }
    e->b = (e->mem ? e->base : e->rm) >> 3 & 1;
}

static void put_modrm(Enc *e)
{
    put(e, e->mod << 6 | (e->reg & 7) << 3 | (e->rm & 7), 1);
    if (!e->mem) {
        return;
    }
    if ((e->rm & 7) == 4) {
        put(e, e->scale << 6 | (e->index & 7) << 3 | (e->base & 7), 1);
    }
    e->disp_n = e->mod == 1 ? 1 : e->mod == 2 || (e->base & 7) == 5 ? 4 : 0;
    put(e, e->plan != NULL ? (uint32_t)e->disp : rng_below(e->r, 128), e->disp_n);
}

static void put_imms(Enc *e, unsigned opsize)
{
    for (unsigned k = 0; k < 4; k++) {
        switch (e->row->op[k]) {
        case OP_Ib:
            /* 16-bit SHLD, SHRD by more than 16: undefined, and processors differ */
            put(e, gen_value(e->r) & (e->row->op[2] == OP_Ib && opsize == 2 ? 15 : 0xff), 1);
            break;
        case OP_Ibs:
        case OP_L: put(e, gen_value(e->r), 1); break;
        case OP_Jb: put(e, rng_next(e->r), 1); break;
        case OP_Iw: put(e, gen_value(e->r) & (rng_one_in(e->r, 2) ? 0xff : 0xffff), 2); break;
        case OP_Iz: put(e, gen_value(e->r), opsize == 2 ? 2 : 4); break;
        case OP_Jz: put(e, rng_below(e->r, 0x800) - 0x400, opsize == 2 ? 2 : 4); break;
        case OP_Iv: put(e, gen_value(e->r), opsize); break;
        case OP_Ob:
        case OP_Ov: put(e, ARENA_DATA + 0x1000 + rng_below(e->r, 256), e->mode64 ? 8 : 4); break;
        default: break;
        }
    }
}

static uint32_t mode_hflags(bool mode64)
{
    return HF_PE | HF_PG | HF_LMA | (mode64 ? HF_CS64 : HF_CS32);
}

/* Emits one instruction; *i is what the decoder makes of it. false when it is another row's. */
bool gen_encode(Enc *e, Insn *i)
{
    uint8_t *start = e->p;
    unsigned before_imm;

    choose_operands(e);
    if (e->row->enc == ENC_LEGACY) {
        put_opcode_legacy(e);
    } else if (e->row->enc == ENC_VEX) {
        put_opcode_vex(e);
    } else {
        put_opcode_evex(e);
    }
    if (op_is(e->row, OP_Zb) || op_is(e->row, OP_Zv)) {
        put(e, e->row->opcode + (e->rm & 7), 1);
    } else {
        put(e, e->row->opcode, 1);
        if (insn_row_has_modrm(e->row)) {
            put_modrm(e);
        } else {
            e->mem = false;
        }
    }
    before_imm = e->p - start;
    e->disp_at = before_imm - e->disp_n;
    /* operand and address size follow from the prefixes: ask the decoder, with zeros behind */
    memset(e->p, 0, 16);
    if (decode_insn(mode_hflags(e->mode64), start, 15, i) == DECODE_GP) {
        return false;
    }
    if (i->row != e->row ||
        ((op_is(e->row, OP_Ob) || op_is(e->row, OP_Ov)) && (i->pfx & IPFX_67))) {
        return false;
    }
    put_imms(e, i->opsize);
    return decode_insn(mode_hflags(e->mode64), start, 15, i) == DECODE_OK && i->row == e->row &&
           i->len == e->p - start;
}

/* ---- operands */

static void aim_memory(Enc *e, const Insn *i, uint8_t *insn, uint64_t next, InsnState *s)
{
    Rng *r = e->r;
    uint64_t target = ARENA_DATA + 0x1000 + rng_below(r, 16) * 64, rest;
    uint64_t m = i->adsize == 8 ? ~0ull : 0xffffffff;

    if (rng_one_in(r, 4)) {
        target += rng_below(r, 64);
    }
    if (i->row->enc == ENC_EVEX && i->aaa != 0 && rng_one_in(r, 4)) {
        target = ARENA_DATA - 1 - rng_below(r, 64); /* masked-off elements do not fault */
    } else if (rng_one_in(r, 32)) {
        target = ARENA_DATA + ARENA_DATA_SIZE - rng_below(r, 80);
    } else if (rng_one_in(r, 32)) {
        target = ARENA_DATA + 0x2000 - rng_below(r, 70);
    } else if (rng_one_in(r, 64)) {
        target = 0x1000 - rng_below(r, 70); /* the TLB's first entry, not filled, and the next page */
    }
    if (i->adsize == 2) {
        return; /* low memory: faults, at an address that tells */
    }
    if (i->base == RIP_REG ||
        (i->base == NO_REG && (i->index == NO_REG || (i->row->flags & IF_VSIB)))) {
        int32_t disp = target - (i->base == RIP_REG ? next : 0);

        memcpy(insn + e->disp_at, &disp, 4);
        return;
    }
    rest = target - i->disp;
    if (i->base < 16 && i->index < 16 && i->index != i->base && !(i->row->flags & IF_VSIB)) {
        if (i->base == R_RSP) {
            s->gpr[i->index] = ((rest - s->gpr[R_RSP]) & m) >> i->scale;
            return;
        }
        s->gpr[i->index] = (int64_t)(int8_t)rng_next(r);
        rest -= s->gpr[i->index] << i->scale;
        s->gpr[i->base] = rest & m;
    } else if (i->base < 16 && (i->index >= 16 || (i->row->flags & IF_VSIB))) {
        if (i->base != R_RSP || rng_one_in(r, 2)) {
            s->gpr[i->base] = rest & m;
        }
    } else if (i->base < 16) {
        s->gpr[i->base] = rest / (1 + (1 << i->scale));
    } else {
        s->gpr[i->index] = rest >> i->scale;
    }
}

static void aim_vsib_low(Enc *e, const Insn *i, InsnState *s)
{
    uint8_t *x = s->xs.xmm[i->index & 15], *y = s->xs.ymmh[i->index & 15];

    for (unsigned k = 0; k < 4; k++) {
        int32_t a = rng_below(e->r, 64), b = rng_below(e->r, 64);
        bool wide = i->opcode & 1;

        if (wide && k % 2 == 1) {
            a = b = 0;
        }
        memcpy(x + 4 * k, &a, 4);
        memcpy(y + 4 * k, &b, 4);
    }
}

/* Small element indices, so that gathers hit the arena. */
static void aim_vsib(Enc *e, const Insn *i, InsnState *s)
{
    bool high = i->index >= 16;
    uint8_t *z = high ? s->xs.zmm16[i->index - 16] : s->xs.zmmh[i->index];

    for (unsigned k = 0; k < (high ? 64 : 32); k += 4) {
        int32_t a = (i->opcode & 1) && k % 8 == 4 ? 0 : rng_below(e->r, 64);

        memcpy(z + k, &a, 4);
    }
    if (!high) {
        aim_vsib_low(e, i, s);
    }
}

/* Somewhere in the code page, for an indirect jump or a return. */
static void aim_jump(Enc *e, const Insn *i, InsnState *s)
{
    uint64_t to = ARENA_CODE + rng_below(e->r, 0x700);

    if (i->row->sem == sem_ret) {
        memcpy((void *)(uintptr_t)s->gpr[R_RSP], &to, 8);
    } else if ((i->row->sem == sem_jmp_rm || i->row->sem == sem_call_rm) && !e->mem &&
               i->rm != R_RSP) {
        s->gpr[i->rm] = to;
    } else if (i->row->sem == sem_jmp_rm || i->row->sem == sem_call_rm) {
        for (unsigned k = 0; k < 0x1000; k += 8) {
            memcpy((void *)(uintptr_t)(ARENA_DATA + 0x1000 + k), &to, 8);
        }
    }
}

static void aim_implicit(Enc *e, const Insn *i, InsnState *s)
{
    Rng *r = e->r;
    const InsnRow *row = i->row;
    uint16_t g = row->gpr_read;

    if (row->flags & IF_REP) {
        s->gpr[R_RCX] = rng_one_in(r, 8) ? rng_below(r, 700) : rng_below(r, 20);
        if (rng_one_in(r, 4)) {
            s->rflags |= FL_DF;
        }
    }
    if (((g & 1 << R_RSI) && (row->flags & IF_REP)) || strncmp(row->name, "maskmov", 7) == 0 ||
        (row->flags & IF_REP)) {
        s->gpr[R_RSI] = ARENA_DATA + 0x1000 + rng_below(r, 1024) + (rng_one_in(r, 16) ? 0x2f00 : 0);
        s->gpr[R_RDI] = rng_one_in(r, 2) ? s->gpr[R_RSI] + rng_below(r, 64) - 32
                                         : ARENA_DATA + 0x1800 + rng_below(r, 1024);
    }
    if (strncmp(row->name, "vmaskmov", 8) == 0) {
        s->gpr[R_RDI] = ARENA_DATA + 0x1000 + rng_below(r, 64);
    }
    if (row->sem == sem_xlat) {
        s->gpr[R_RBX] = ARENA_DATA + rng_below(r, 4096);
    }
    if (row->sem == sem_bt_mem && i->reg != i->base && i->reg != i->index) {
        s->gpr[i->reg] = (int64_t)rng_below(r, 16000) - 8000;
    }
    if (row->sem == sem_div || row->sem == sem_idiv) {
        s->gpr[R_RDX] = rng_one_in(r, 3) ? s->gpr[R_RDX] : rng_one_in(r, 2) ? 0 : ~0ull;
        s->gpr[R_RAX] = rng_one_in(r, 3) ? rng_below(r, 0x1000) : s->gpr[R_RAX];
    }
    if (row->sem == sem_leave) {
        s->gpr[R_RBP] = ARENA_STACK + rng_below(r, 64) * 8;
    }
    if (row->sem == sem_loop) { /* it may jump to itself */
        s->gpr[R_RCX] =
            (s->gpr[R_RCX] & 0x1ff) | (i->adsize == 4 && e->mode64 ? 0xabcd00000000 : 0);
    }
    if (row->op[2] == OP_CL && i->opsize == 2) {
        s->gpr[R_RCX] &= ~0x10ull;
    }
    if (row->sem == sem_popf) {
        uint64_t v = rng_next(r) & (FL_STATUS | FL_DF | FL_IF);

        memcpy((void *)(uintptr_t)s->gpr[R_RSP], &v, 8);
    }
}

/* Another bit of the last two payload bytes: reserved combinations, other registers, another row.
 */
static void flip_evex(Rng *r, uint8_t *evex)
{
    evex[2 + rng_below(r, 2)] ^= 1 << rng_below(r, 8);
}

void gen_place(const InsnCase *c)
{
    memset(native_code(), 0xcc, ARENA_CODE_SIZE);
    memcpy(native_code() + (c->in.rip - ARENA_CODE), c->code, c->len);
}

bool gen_case(Rng *r, const InsnRow *row, bool mode64, InsnCase *c)
{
    Enc e;
    Insn i;
    bool ok = false;

    memset(c, 0, sizeof(*c));
    for (unsigned tries = 0; tries < 20 && !ok; tries++) {
        e = (Enc){ .r = r, .row = row, .mode64 = mode64, .p = c->code };
        ok = gen_encode(&e, &i);
    }
    if (!ok) {
        return false;
    }
    c->row = row;
    c->mode64 = mode64;
    c->len = i.len;
    c->undef = row->fl_undef;
    c->undef_fault =
        row->flags & IF_REPCC ? FL_STATUS : 0; /* earlier iterations' or the ones before */
    gen_state(r, mode64, &c->in);
    if (rng_one_in(r, 16)) {
        c->in.rip = ARENA_CODE + 0x1000 - rng_below(r, 15); /* across two pages */
    }
    if (i.pfx & IPFX_MEM) {
        aim_memory(&e, &i, c->code, c->in.rip + i.len, &c->in);
        if (row->flags & IF_VSIB) {
            aim_vsib(&e, &i, &c->in);
        }
    }
    if (row->enc == ENC_EVEX && rng_one_in(r, 8)) {
        flip_evex(r, e.evex);
    }
    aim_implicit(&e, &i, &c->in);
    if ((row->flags & IF_JUMP) && rng_below(r, 4) != 0) {
        aim_jump(&e, &i, &c->in);
    }
    c->any_result = strcmp(row->name, "rdrand") == 0 || strcmp(row->name, "rdseed") == 0;
    gen_place(c);
    return true;
}

/* Half the registers point into the arena. A row that reads a flag left undefined is not taken. */
bool gen_stream(Rng *r, const InsnRow *const *rows, size_t n_rows, unsigned n, bool mode64,
                InsnCase *c)
{
    uint8_t *p = c->code;

    memset(c, 0, sizeof(*c));
    n = MIN(n, STREAM_MAX);
    while (c->n_steps < n) {
        const InsnRow *row = rows[rng_below(r, n_rows)];
        Enc e = { .r = r, .row = row, .mode64 = mode64, .p = p };
        Insn i;

        if (p + 40 > c->code + sizeof(c->code)) {
            break;
        }
        if (!(row->fl_read & c->undef) && gen_encode(&e, &i) &&
            !(row->op[2] == OP_CL && i.opsize == 2) &&
            !(row->feature == FE_SHA && (i.pfx & IPFX_MEM))) {
            c->step[c->n_steps].at = p - c->code;
            c->step[c->n_steps++].undef = c->undef | (row->flags & IF_REPCC ? FL_STATUS : 0);
            c->undef = (c->undef & ~(uint64_t)row->fl_write) | row->fl_undef;
            p += i.len;
        }
    }
    c->mode64 = mode64;
    c->len = p - c->code;
    gen_state(r, mode64, &c->in);
    for (unsigned k = 0; k < 16; k++) {
        if (rng_one_in(r, 2) && k != R_RSP) {
            c->in.gpr[k] = ARENA_DATA + 0x1000 + rng_below(r, 0x1000);
        }
    }
    gen_place(c);
    return true;
}
