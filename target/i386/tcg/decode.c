/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction decoder: prefixes, opcode maps, VEX and EVEX, ModRM, SIB, displacement, immediates
 * (SDM vol. 2, chapter 2 and appendix A). What an opcode means comes from the rows (insn.h), which
 * are sorted once into one list an opcode, narrowest row first. Knows no CPUID: whoever executes or
 * translates looks at row->feature. 3DNow! and XOP are not decoded. */
#include "target/i386/tcg/insn.h"

#include <string.h>

#include "target/i386/features.h"
#include "target/i386/tcg/native.h"

enum { MAX_LEN = 15, BUCKETS = 3 * 4 * 256 };

/* Rows of one opcode: row_list[first .. first + n). */
typedef struct Bucket {
    uint16_t first, n;
    bool modrm, force_reg; /* force_reg: ModRM.mod is ignored (MOV CR, MOV DR) */
} Bucket;

static Bucket buckets[BUCKETS];
static const InsnRow **row_list;

typedef struct Dec {
    const uint8_t *code;
    unsigned pos, avail;
    uint32_t hflags;
    Insn *i;
    uint8_t enc, map, rep;      /* rep: 0, 0xf2 or 0xf3, whichever came last */
    uint8_t mod, ll, n_evex_hi; /* n_evex_hi: EVEX.V' as bit 4 of an index or vvvv */
    uint8_t vvvv; /* as encoded, complemented: its four bits count where it must not be used */
    bool w, x_hi;               /* W as encoded; EVEX.X extends a vector rm */
    bool seg_set;
    uint8_t seg;
} Dec;

/* ---- the table */

static bool op_needs_modrm(uint8_t op)
{
    switch (op) {
    case OP_Eb:
    case OP_Ew:
    case OP_Ed:
    case OP_Eq:
    case OP_Ev:
    case OP_Ey:
    case OP_Gb:
    case OP_Gw:
    case OP_Gd:
    case OP_Gq:
    case OP_Gv:
    case OP_Gy:
    case OP_M:
    case OP_Mp:
    case OP_Rv:
    case OP_Ry:
    case OP_Sw:
    case OP_Cy:
    case OP_Dy:
    case OP_V:
    case OP_W:
    case OP_U:
    case OP_P:
    case OP_Q:
    case OP_N:
    case OP_K:
    case OP_KW: return true;
    default: return false;
    }
}

static bool row_has_op(const InsnRow *r, uint8_t op)
{
    return r->op[0] == op || r->op[1] == op || r->op[2] == op || r->op[3] == op;
}

bool insn_row_has_modrm(const InsnRow *r)
{
    if (r->ext != EXT_NONE || r->rm != EXT_NONE || (r->flags & (IF_MEM_ONLY | IF_REG_ONLY))) {
        return true;
    }
    for (int k = 0; k < 4; k++) {
        if (op_needs_modrm(r->op[k])) {
            return true;
        }
    }
    return false;
}

/* Higher is narrower. */
static int row_rank(const InsnRow *r)
{
    static const uint8_t by_pfx[] = {
        [PFX_ANY] = 0, [PFX_NONE] = 1, [PFX_66] = 2, [PFX_F3] = 3, [PFX_F2] = 3,
    };

    return (r->flags & IF_DEF ? 0 : 256) + (r->rm != EXT_NONE) * 64 + (r->ext != EXT_NONE) * 32 +
           by_pfx[r->pfx] * 8 + !!(r->flags & (IF_MEM_ONLY | IF_REG_ONLY)) * 4 +
           !!(r->flags & (IF_W0 | IF_W1)) * 2 + !!(r->flags & (IF_L0 | IF_L1 | IF_L2));
}

static Bucket *bucket_of(unsigned enc, unsigned map, unsigned opcode)
{
    return &buckets[(enc * 4 + map) * 256 + opcode];
}

static unsigned row_span(const InsnRow *r)
{
    return row_has_op(r, OP_Zb) || row_has_op(r, OP_Zv) ? 8 : 1;
}

static bool row_indexable(const InsnRow *r)
{
    return r->enc <= ENC_EVEX && r->map <= MAP_0F3A;
}

static void bucket_insert(Bucket *b, const InsnRow *r)
{
    const InsnRow **list = row_list + b->first;
    unsigned at = b->n++;

    while (at > 0 && row_rank(list[at - 1]) < row_rank(r)) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = r;
    b->modrm |= insn_row_has_modrm(r);
    b->force_reg |= row_has_op(r, OP_Cy) || row_has_op(r, OP_Dy);
}

static void for_each_row(void (*fn)(const InsnRow *r))
{
    SET_FOREACH(insn_rows, InsnRows, it)
    {
        for (size_t k = 0; k < (*it)->n; k++) {
            if (row_indexable(&(*it)->rows[k])) {
                fn(&(*it)->rows[k]);
            }
        }
    }
}

static void count_row(const InsnRow *r)
{
    for (unsigned k = 0; k < row_span(r); k++) {
        bucket_of(r->enc, r->map, r->opcode + k)->n++;
    }
}

static void place_row(const InsnRow *r)
{
    for (unsigned k = 0; k < row_span(r); k++) {
        bucket_insert(bucket_of(r->enc, r->map, r->opcode + k), r);
    }
}

static void build_tables(void)
{
    unsigned total = 0;

    for_each_row(count_row);
    for (unsigned k = 0; k < BUCKETS; k++) {
        buckets[k].first = total;
        total += buckets[k].n;
        buckets[k].n = 0;
    }
    row_list = g_new0(const InsnRow *, total + 1);
    for_each_row(place_row);
}

void decode_init(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        build_tables();
        g_once_init_leave(&once, 1);
    }
}

/* ---- bytes */

static DecodeResult short_of(const Dec *d, unsigned n)
{
    if (d->pos + n > MAX_LEN) {
        return DECODE_GP;
    }
    return d->pos + n > d->avail ? DECODE_MORE : DECODE_OK;
}

#define NEED(d, n)                                                                                 \
    do {                                                                                           \
        DecodeResult need_ = short_of(d, n);                                                       \
        if (need_ != DECODE_OK) {                                                                  \
            return need_;                                                                          \
        }                                                                                          \
    } while (0)

static int64_t take(Dec *d, unsigned n)
{
    uint64_t v = 0;

    memcpy(&v, d->code + d->pos, n);
    d->pos += n;
    return n == 8 ? (int64_t)v : (int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n);
}

static bool mode64(const Dec *d)
{
    return d->hflags & HF_CS64;
}

static bool mode_protected(const Dec *d)
{
    return (d->hflags & (HF_PE | HF_VM)) == HF_PE;
}

/* ---- prefixes and opcode */

static void prefix_segment(Dec *d, unsigned seg)
{
    if (mode64(d) && seg < SEG_FS) {
        return;
    }
    d->seg_set = true;
    d->seg = seg;
    d->i->pfx |= IPFX_SEG;
}

/* True when b is a legacy prefix, which is then recorded. */
static bool prefix_take(Dec *d, uint8_t b)
{
    Insn *i = d->i;

    switch (b) {
    case 0x26: prefix_segment(d, SEG_ES); return true;
    case 0x2e: prefix_segment(d, SEG_CS); return true;
    case 0x36: prefix_segment(d, SEG_SS); return true;
    case 0x3e: prefix_segment(d, SEG_DS); return true;
    case 0x64: prefix_segment(d, SEG_FS); return true;
    case 0x65: prefix_segment(d, SEG_GS); return true;
    case 0x66: i->pfx |= IPFX_66; return true;
    case 0x67: i->pfx |= IPFX_67; return true;
    case 0xf0: i->pfx |= IPFX_LOCK; return true;
    case 0xf2:
    case 0xf3:
        d->rep = b;
        i->pfx &= ~(IPFX_REP | IPFX_REPNE);
        i->pfx |= b == 0xf3 ? IPFX_REP : IPFX_REPNE;
        return true;
    default: return false;
    }
}

/* VEX.pp: the mandatory prefix it stands for. */
static void vex_prefix(Dec *d, unsigned pp)
{
    static const uint8_t rep[4] = {0, 0, 0xf3, 0xf2};

    d->rep = rep[pp];
    d->i->pfx |= pp == 1 ? IPFX_66 : 0;
}

static bool vex_legal_prefixes(const Dec *d)
{
    return !(d->i->pfx & (IPFX_66 | IPFX_LOCK | IPFX_REP | IPFX_REPNE)) && d->i->rex == 0;
}

static DecodeResult decode_vex(Dec *d, unsigned first)
{
    Insn *i = d->i;
    unsigned n = first == 0xc5 ? 1 : 2;
    uint8_t b1, b2;

    if (!vex_legal_prefixes(d)) {
        return DECODE_UD;
    }
    NEED(d, n + 1);
    d->enc = ENC_VEX;
    b1 = take(d, 1);
    if (n == 1) {
        b2 = b1 & 0x7f;
        b1 = (b1 & 0x80) | 0x60 | MAP_0F;
    } else {
        b2 = take(d, 1);
    }
    d->map = b1 & 31;
    if (d->map < MAP_0F || d->map > MAP_0F3A) {
        return DECODE_UD;
    }
    d->w = b2 & 0x80;
    i->rex = (~b1 >> 5 & 7) | (d->w ? 8 : 0);
    i->vvvv = d->vvvv = ~b2 >> 3 & 15;
    d->ll = b2 >> 2 & 1;
    if (!mode64(d)) {
        i->rex &= 8;
        i->vvvv &= 7;
    }
    vex_prefix(d, b2 & 3);
    i->opcode = take(d, 1);
    return DECODE_OK;
}

static DecodeResult decode_evex(Dec *d)
{
    Insn *i = d->i;
    uint8_t p0, p1, p2;

    if (!vex_legal_prefixes(d)) {
        return DECODE_UD;
    }
    NEED(d, 4);
    d->enc = ENC_EVEX;
    p0 = take(d, 1);
    p1 = take(d, 1);
    p2 = take(d, 1);
    d->map = p0 & 7;
    if ((p0 & 8) || !(p1 & 4) || d->map < MAP_0F || d->map > MAP_0F3A) {
        return DECODE_UD;
    }
    d->w = p1 & 0x80;
    i->rex = (~p0 >> 5 & 7) | (d->w ? 8 : 0);
    i->reg = p0 & 0x10 ? 0 : 16;
    i->vvvv = d->vvvv = ~p1 >> 3 & 15;
    d->n_evex_hi = p2 & 8 ? 0 : 16;
    d->x_hi = i->rex & 2;
    d->ll = p2 >> 5 & 3;
    i->aaa = p2 & 7;
    i->evex = (p2 & 0x80 ? EVX_Z : 0) | (p2 & 0x10 ? EVX_B : 0) | d->ll << 2;
    if (!mode64(d)) {
        i->rex &= 8;
        i->reg = 0;
        i->vvvv &= 7;
        d->x_hi = false;
        if (d->n_evex_hi) {
            return DECODE_UD;
        }
    }
    vex_prefix(d, p1 & 3);
    i->opcode = take(d, 1);
    return DECODE_OK;
}

/* C4, C5 and 62 are LES, LDS and BOUND outside 64-bit mode unless what follows would be a register
 * form. */
static bool is_vex(const Dec *d, uint8_t b)
{
    if (b != 0xc4 && b != 0xc5 && b != 0x62) {
        return false;
    }
    return mode64(d) || (mode_protected(d) && d->pos < d->avail && d->code[d->pos] >= 0xc0);
}

static DecodeResult decode_opcode(Dec *d)
{
    Insn *i = d->i;
    uint8_t b;

    for (;;) {
        NEED(d, 1);
        b = take(d, 1);
        if (prefix_take(d, b)) {
            i->rex = 0;
        } else if (mode64(d) && (b & 0xf0) == 0x40) {
            i->rex = b;
        } else {
            break;
        }
    }
    if (b == 0xc4 || b == 0xc5 || b == 0x62) {
        NEED(d, 1);
    }
    if (is_vex(d, b)) {
        return b == 0x62 ? decode_evex(d) : decode_vex(d, b);
    }
    d->w = i->rex & 8;
    if (b == 0x0f) {
        NEED(d, 1);
        b = take(d, 1);
        d->map = MAP_0F;
        if (b == 0x38 || b == 0x3a) {
            NEED(d, 1);
            d->map = b == 0x38 ? MAP_0F38 : MAP_0F3A;
            b = take(d, 1);
        }
    }
    i->opcode = b;
    return DECODE_OK;
}

/* ---- choice of the row */

static bool row_prefix_matches(const Dec *d, const InsnRow *r)
{
    switch (r->pfx) {
    case PFX_NONE: return d->rep == 0 && !(d->i->pfx & IPFX_66);
    case PFX_66: return d->rep == 0 && (d->i->pfx & IPFX_66);
    case PFX_F3: return d->rep == 0xf3;
    case PFX_F2: return d->rep == 0xf2;
    default: return true;
    }
}

static bool row_length_matches(const Dec *d, const InsnRow *r)
{
    uint32_t named = r->flags & (IF_L0 | IF_L1 | IF_L2);
    static const uint32_t by_ll[4] = {IF_L0, IF_L1, IF_L2, 0};

    if (d->enc == ENC_LEGACY || named == 0) {
        return true;
    }
    if (d->enc == ENC_EVEX && (d->i->evex & EVX_B) && d->mod == 3) {
        return true; /* rounding control in the length bits */
    }
    return named & by_ll[d->ll];
}

static bool row_matches(const Dec *d, const InsnRow *r)
{
    const Insn *i = d->i;

    if ((r->ext != EXT_NONE && r->ext != (i->modrm >> 3 & 7)) ||
        (r->rm != EXT_NONE && r->rm != (i->modrm & 7))) {
        return false;
    }
    if (((r->flags & IF_MEM_ONLY) && d->mod == 3) || ((r->flags & IF_REG_ONLY) && d->mod != 3) ||
        (r->rm != EXT_NONE && d->mod != 3)) {
        return false;
    }
    if (((r->flags & IF_I64) && mode64(d)) || ((r->flags & IF_O64) && !mode64(d)) ||
        ((r->flags & IF_REAL_UD) && !mode_protected(d))) {
        return false;
    }
    if (((r->flags & IF_W0) && d->w) || ((r->flags & IF_W1) && !d->w)) {
        return false;
    }
    return row_prefix_matches(d, r) && row_length_matches(d, r);
}

static const InsnRow *row_find(const Dec *d, const Bucket *b)
{
    for (unsigned k = 0; k < b->n; k++) {
        if (row_matches(d, row_list[b->first + k])) {
            return row_list[b->first + k];
        }
    }
    return NULL;
}

/* ---- sizes */

static bool op_is_byte(uint8_t op)
{
    return op == OP_Eb || op == OP_Gb || op == OP_Zb || op == OP_AL || op == OP_Ob || op == OP_Xb ||
           op == OP_Yb;
}

static bool op_is_v(uint8_t op)
{
    switch (op) {
    case OP_Ev:
    case OP_Gv:
    case OP_Rv:
    case OP_Zv:
    case OP_Iz:
    case OP_Iv:
    case OP_Ov:
    case OP_Xv:
    case OP_Yv:
    case OP_rAX:
    case OP_Jb:
    case OP_Jz:
    case OP_Ap:
    case OP_Mp:
    case OP_Ibs: return true;
    default: return false;
    }
}

static bool op_is_y(uint8_t op)
{
    return op == OP_Ey || op == OP_Gy || op == OP_By || op == OP_Ry || op == OP_Cy || op == OP_Dy;
}

static bool row_has_y(const InsnRow *r)
{
    return op_is_y(r->op[0]) || op_is_y(r->op[1]) || op_is_y(r->op[2]);
}

static unsigned size_v(const Dec *d, const InsnRow *r)
{
    bool p66 = (d->i->pfx & IPFX_66) && r->pfx != PFX_66 && d->enc == ENC_LEGACY;

    if (!mode64(d)) {
        return (d->hflags & HF_CS32) && !p66 ? 4 : !(d->hflags & HF_CS32) && p66 ? 4 : 2;
    }
    if ((r->flags & IF_F64) || d->w) {
        return 8;
    }
    return p66 ? 2 : r->flags & IF_D64 ? 8 : 4;
}

static unsigned size_operand(const Dec *d, const InsnRow *r)
{
    bool y = false;

    if (op_is_byte(r->op[0]) ||
        (op_is_byte(r->op[1]) && (r->op[0] == OP_Ib || r->op[0] == OP_DX))) {
        return 1;
    }
    for (int k = 0; k < 4; k++) {
        if (op_is_v(r->op[k])) {
            return size_v(d, r);
        }
        y |= op_is_y(r->op[k]);
    }
    if (y) {
        if (row_has_op(r, OP_Cy) || row_has_op(r, OP_Dy)) {
            return mode64(d) ? 8 : 4;
        }
        return mode64(d) && (d->w || (r->flags & IF_F64)) ? 8 : 4;
    }
    return size_v(d, r);
}

static unsigned size_vector(const Dec *d, const InsnRow *r)
{
    if (d->enc == ENC_VEX) {
        return d->ll ? 32 : 16;
    }
    if (d->enc == ENC_EVEX) {
        return (d->i->evex & EVX_B) && d->mod == 3 ? 64 : 16u << d->ll;
    }
    return row_has_op(r, OP_V) || row_has_op(r, OP_W) || row_has_op(r, OP_U) ? 16 : 8;
}

unsigned insn_element(const Insn *i)
{
    static const uint8_t size[8] = {1, 1, 2, 4, 8};
    unsigned es = i->row->evx & ES_MASK;

    return es == ESW ? (i->rex & 8 ? 8 : 4) : size[es / ES1];
}

bool insn_has_feature(const uint32_t *features, const Insn *i)
{
    const InsnRow *r = i->row;

    return feature_on(features, r->feature) &&
           (!(r->evx & EV_VL) || i->vl == 64 || feature_on(features, FE_AVX512VL));
}

/* EVEX scales an 8-bit displacement by what the instruction reads: one element when broadcasting.
 */
static unsigned disp8_shift(const Dec *d, const InsnRow *r)
{
    unsigned bytes = r->mem, shift = 0;

    if (d->enc != ENC_EVEX) {
        return 0;
    }
    if ((r->evx & FS_MASK) == FS_PACK) {
        bytes = insn_element(d->i);
    } else if ((d->i->evex & EVX_B) || (r->flags & IF_VSIB)) {
        bytes = d->w ? 8 : 4;
    } else if (r->mem >= MEM_VL && r->mem <= MEM_VL8) {
        bytes = d->i->vl >> (r->mem - MEM_VL);
    } else if (r->mem == MEM_Y) {
        bytes = d->w && mode64(d) ? 8 : 4;
    }
    while (bytes > 1u << shift && shift < 6) {
        shift++;
    }
    return shift;
}

/* ---- ModRM memory operands */

static DecodeResult decode_disp(Dec *d, unsigned n, unsigned shift)
{
    NEED(d, n);
    d->i->disp = n == 0 ? 0 : (int32_t)take(d, n) * (1 << (n == 1 ? shift : 0));
    return DECODE_OK;
}

static DecodeResult decode_mem16(Dec *d, const InsnRow *r)
{
    static const uint8_t base[8] = {R_RBX, R_RBX, R_RBP, R_RBP, R_RSI, R_RDI, R_RBP, R_RBX};
    static const uint8_t index[8] = {R_RSI, R_RDI, R_RSI, R_RDI, NO_REG, NO_REG, NO_REG, NO_REG};
    Insn *i = d->i;
    unsigned rm = i->modrm & 7;

    i->base = base[rm];
    i->index = index[rm];
    if (rm == 6 && d->mod == 0) {
        i->base = NO_REG;
        return decode_disp(d, 2, 0);
    }
    if (i->base == R_RBP) {
        i->seg = SEG_SS;
    }
    return decode_disp(d, d->mod, disp8_shift(d, r));
}

static DecodeResult decode_mem32(Dec *d, const InsnRow *r)
{
    Insn *i = d->i;
    unsigned rm = i->modrm & 7, n = d->mod == 2 ? 4 : d->mod;

    if (rm == 4) {
        uint8_t sib;

        NEED(d, 1);
        sib = take(d, 1);
        i->scale = sib >> 6;
        i->index = (sib >> 3 & 7) | (i->rex & 2 ? 8 : 0);
        if (r->flags & IF_VSIB) {
            i->index |= d->n_evex_hi;
        } else if (i->index == R_RSP) {
            i->index = NO_REG;
            i->scale = 0;
        }
        rm = sib & 7;
    } else if (r->flags & IF_VSIB) {
        return DECODE_UD;
    }
    i->base = rm | (i->rex & 1 ? 8 : 0);
    if (rm == 5 && d->mod == 0) {
        i->base = (i->modrm & 7) == 5 && mode64(d) ? RIP_REG : NO_REG;
        n = 4;
    } else if (i->base == R_RSP || i->base == R_RBP) {
        i->seg = SEG_SS;
    }
    return decode_disp(d, n, disp8_shift(d, r));
}

static DecodeResult decode_mem(Dec *d, const InsnRow *r)
{
    Insn *i = d->i;
    DecodeResult res;

    i->pfx |= IPFX_MEM;
    if (i->adsize == 2 && (r->flags & IF_VSIB)) {
        return DECODE_UD;
    }
    res = i->adsize == 2 ? decode_mem16(d, r) : decode_mem32(d, r);
    if (res == DECODE_OK && i->base == RIP_REG && (r->flags & IF_NO_RIP_REL)) {
        return DECODE_UD;
    }
    return res;
}

/* ---- immediates */

static DecodeResult decode_imm_value(Dec *d, unsigned *count, unsigned n, bool zero_extend)
{
    int64_t v;

    NEED(d, n);
    v = take(d, n);
    if (zero_extend && n < 8) {
        v &= (1ull << (8 * n)) - 1;
    }
    if ((*count)++ == 0) {
        d->i->imm = v;
    } else {
        d->i->imm2 = v;
    }
    return DECODE_OK;
}

static DecodeResult decode_far(Dec *d)
{
    unsigned n = d->i->opsize == 2 ? 2 : 4;

    NEED(d, n + 2);
    d->i->imm = take(d, n) & (n == 2 ? 0xffff : 0xffffffff);
    d->i->imm2 = take(d, 2);
    return DECODE_OK;
}

/* A register in the upper half of the byte; eight of them outside 64-bit mode. */
static DecodeResult decode_is4(Dec *d, unsigned *count)
{
    DecodeResult res = decode_imm_value(d, count, 1, true);

    if (res == DECODE_OK && !mode64(d)) {
        d->i->imm &= 0x7f;
    }
    return res;
}

static DecodeResult decode_imm(Dec *d, uint8_t op, unsigned *count)
{
    unsigned size = d->i->opsize, z = size == 2 ? 2 : 4;

    switch (op) {
    case OP_Ib: return decode_imm_value(d, count, 1, true);
    case OP_L: return decode_is4(d, count);
    case OP_Ibs:
    case OP_Jb: return decode_imm_value(d, count, 1, false);
    case OP_Iw: return decode_imm_value(d, count, 2, true);
    case OP_Iz:
    case OP_Jz: return decode_imm_value(d, count, z, false);
    case OP_Iv: return decode_imm_value(d, count, size, false);
    case OP_Ob:
    case OP_Ov: return decode_imm_value(d, count, d->i->adsize, true);
    case OP_Ap: return decode_far(d);
    default: return DECODE_OK;
    }
}

/* ---- all together */

static void decode_sizes(Dec *d, const InsnRow *r)
{
    Insn *i = d->i;
    bool p67 = i->pfx & IPFX_67;

    /* W means nothing outside 64-bit mode where it would widen a general register. */
    if (d->enc != ENC_LEGACY && !mode64(d) && row_has_y(r) && !(r->flags & (IF_W0 | IF_W1))) {
        i->rex &= ~8;
    }
    i->adsize = mode64(d) ? (p67 ? 4 : 8) : !(d->hflags & HF_CS32) == p67 ? 4 : 2;
    i->opsize = size_operand(d, r);
    i->vl = size_vector(d, r);
}

/* Register numbers, once the row is known: EVEX extends vector registers further than GPRs. */
static void decode_regs(Dec *d, const InsnRow *r)
{
    Insn *i = d->i;

    i->reg |= (i->modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0);
    i->rm = (i->modrm & 7) | (i->rex & 1 ? 8 : 0);
    if (d->enc == ENC_EVEX && d->x_hi && (row_has_op(r, OP_W) || row_has_op(r, OP_U))) {
        i->rm |= 16;
    }
    if (row_has_op(r, OP_KW)) {
        i->rm &= 7;
    }
    if (d->enc == ENC_EVEX) {
        i->vvvv |= d->n_evex_hi;
    }
}

/* Opmask numbers end at 7, those of general registers at 15; for rm the bits above are ignored. */
static bool regs_legal(const Dec *d, const InsnRow *r)
{
    const Insn *i = d->i;

    if (row_has_op(r, OP_K) && i->reg > 7) {
        return false;
    }
    if (row_has_op(r, OP_KH) && i->vvvv > 7) {
        return false;
    }
    return row_has_op(r, OP_V) || r->ext != EXT_NONE || i->reg < 16;
}

/* Opmask, zeroing, broadcast, rounding (SDM vol. 2, 2.7.11). */
static bool evex_legal(const Dec *d, const InsnRow *r)
{
    const Insn *i = d->i;
    bool mem = d->mod != 3;

    if (d->enc != ENC_EVEX) {
        return true;
    }
    if ((i->aaa != 0 && !(r->evx & EV_K)) || (i->aaa == 0 && (r->evx & EV_KREQ))) {
        return false;
    }
    if ((i->evex & EVX_Z) && (i->aaa == 0 || !(r->evx & EV_Z) || (mem && (r->acc & ACC_W)))) {
        return false;
    }
    if ((i->evex & EVX_B) && !(r->evx & (mem ? EV_BC : EV_RC | EV_SAE))) {
        return false;
    }
    return d->ll != 3 || ((i->evex & EVX_B) && !mem);
}

static bool vvvv_legal(const Dec *d, const InsnRow *r)
{
    if (d->enc == ENC_LEGACY || row_has_op(r, OP_H) || row_has_op(r, OP_By) ||
        row_has_op(r, OP_KH)) {
        return true;
    }
    return d->vvvv == 0 &&
           (d->enc == ENC_VEX || (r->flags & IF_VSIB) || d->n_evex_hi == 0);
}

static DecodeResult decode_operands(Dec *d, const InsnRow *r, bool modrm)
{
    Insn *i = d->i;
    unsigned imms = 0;

    decode_sizes(d, r);
    if (modrm) {
        decode_regs(d, r);
        if (d->mod != 3) {
            DecodeResult res = decode_mem(d, r);

            if (res != DECODE_OK) {
                return res;
            }
        }
    } else {
        i->rm = (i->opcode & 7) | (i->rex & 1 ? 8 : 0);
    }
    if (d->seg_set) {
        i->seg = d->seg;
    }
    for (int k = 0; k < 4; k++) {
        DecodeResult res = decode_imm(d, r->op[k], &imms);

        if (res != DECODE_OK) {
            return res;
        }
    }
    if (!vvvv_legal(d, r) || !regs_legal(d, r) || !evex_legal(d, r)) {
        return DECODE_UD;
    }
    if ((i->pfx & IPFX_LOCK) && (!(r->flags & IF_LOCK) || !(i->pfx & IPFX_MEM))) {
        return DECODE_UD;
    }
    return DECODE_OK;
}

static DecodeResult decode_all(Dec *d)
{
    Insn *i = d->i;
    DecodeResult res = decode_opcode(d);
    const Bucket *b;

    if (res != DECODE_OK) {
        return res;
    }
    b = bucket_of(d->enc, d->map, i->opcode);
    if (b->n == 0) {
        return DECODE_UD;
    }
    d->mod = 3;
    if (b->modrm) {
        NEED(d, 1);
        i->modrm = take(d, 1);
        d->mod = b->force_reg ? 3 : i->modrm >> 6;
    }
    i->row = row_find(d, b);
    if (i->row == NULL) {
        return DECODE_UD;
    }
    i->sem = i->row->sem;
    return decode_operands(d, i->row, b->modrm);
}

DecodeResult decode_insn(uint32_t hflags, const uint8_t *code, unsigned avail, Insn *i)
{
    Dec d = {.code = code, .avail = avail, .hflags = hflags, .i = i};
    DecodeResult res;

    memset(i, 0, sizeof(*i));
    i->base = i->index = NO_REG;
    i->seg = SEG_DS;
    res = decode_all(&d);
    i->len = d.pos;
    return res;
}
