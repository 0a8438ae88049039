/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long random sequences that seldom fault: memory operands stay in the arena because the registers they use are
 * written by nobody, jumps lead to instructions of the sequence, loops count down, functions return. The
 * status flags that are undefined at each instruction are known on all ways to it. */
#include <string.h>

#include "target/i386/features.h"
#include "target/i386/tcg/sem_decl.h"
#include "tests/insn/gen_int.h"

enum { FORWARD = 4, CODE_MAX = 1400 };

typedef struct Forward { uint8_t *at; unsigned size, due; uint16_t undef; } Forward;

typedef struct Seq {
    Rng *r;
    InsnCase *c;
    uint8_t *p;
    GenPlan plan;
    Forward forward[FORWARD];
    unsigned n_forward;
    uint8_t *loop;                  /* where the loop begins; NULL: none */
    unsigned loop_due, fn_due;
    uint8_t *fn, *fn_skip;          /* a function; the jump over it while it is being made */
    uint16_t fn_undef;
    bool fn_ready;
} Seq;

/* ---- which registers */

static bool gpr_operand(uint8_t op)
{
    return (op >= OP_Eb && op <= OP_By) || op == OP_Rv || op == OP_Ry || op == OP_Zb || op == OP_Zv;
}

static uint32_t operand_bit(const Enc *e, const Insn *i, uint8_t op)
{
    bool byte = op == OP_Eb || op == OP_Gb || op == OP_Zb;
    unsigned reg;

    if (op == OP_AL || op == OP_AX || op == OP_rAX) {
        return 1 << R_RAX;
    }
    if (!gpr_operand(op) || (op >= OP_Eb && op <= OP_Ey && e->mem)) {
        return 0;
    }
    reg = op >= OP_Gb && op <= OP_Gy ? e->reg : op == OP_By ? e->vvvv : e->rm;
    return 1u << (byte && i->rex == 0 && reg >= 4 && reg < 8 ? reg - 4 : reg & 15);
}

static uint32_t written(const Enc *e, const Insn *i)
{
    const InsnRow *row = i->row;
    bool two = strcmp(row->name, "mulx") == 0 || strncmp(row->name, "xchg", 4) == 0 || strcmp(row->name, "xadd") == 0;

    if (row->sem == sem_pause) {    /* with REX.B it is XCHG */
        return 1u << (i->rm & 15) | 1u << R_RAX;
    }
    return row->gpr_write | operand_bit(e, i, row->op[0]) | (two ? operand_bit(e, i, row->op[1]) : 0);
}

static unsigned pick_reg(Rng *r, bool mode64, uint32_t not)
{
    unsigned reg;

    do {
        reg = 3 + rng_below(r, mode64 ? 13 : 5);    /* not RAX, RCX, RDX, which many need */
    } while (reg == R_RSP || (not >> reg & 1));
    return reg;
}

static void make_plan(Seq *s)
{
    GenPlan *p = &s->plan;
    bool m = s->c->mode64;

    p->reserved = 1 << R_RSP;
    p->ptr[0] = pick_reg(s->r, m, p->reserved);
    p->reserved |= 1u << p->ptr[0];
    p->ptr[1] = pick_reg(s->r, m, p->reserved);
    p->reserved |= 1u << p->ptr[1];
    p->index = p->count = NO_REG;
    if (m || rng_one_in(s->r, 2)) {
        p->index = pick_reg(s->r, m, p->reserved);
        p->reserved |= 1u << p->index;
    }
    if (m || p->index == NO_REG) {
        p->count = rng_one_in(s->r, 3) ? (unsigned)R_RCX : pick_reg(s->r, m, p->reserved);
        p->reserved |= 1u << p->count;
    }
}

/* ---- emitting */

/* Notes the instruction at s->p. */
static void step(Seq *s, const InsnRow *row, uint16_t undef_fault)
{
    InsnCase *c = s->c;

    c->step[c->n_steps].at = s->p - c->code;
    c->step[c->n_steps].row = row;
    c->step[c->n_steps++].undef = c->undef | undef_fault;
}

static void bytes(Seq *s, unsigned n, uint64_t v)
{
    memcpy(s->p, &v, n);
    s->p += n;
}

static void mov_imm(Seq *s, unsigned reg, uint32_t v)
{
    step(s, NULL, 0);
    if (reg >= 8) {
        bytes(s, 1, 0x41);
    }
    bytes(s, 1, 0xb8 + (reg & 7));
    bytes(s, 4, v);
}

static void lea_arena(Seq *s, unsigned reg, unsigned ptr, int32_t disp)
{
    step(s, NULL, 0);
    if (s->c->mode64) {
        bytes(s, 1, 0x48 | (reg >= 8) << 2 | (ptr >= 8));
    }
    bytes(s, 2, 0x8d | (0x80 | (reg & 7) << 3 | (ptr & 7)) << 8);
    if ((ptr & 7) == 4) {
        bytes(s, 1, 0x24);
    }
    bytes(s, 4, disp);
}

static uint64_t address(const Seq *s, const uint8_t *p)
{
    return s->c->in.rip + (p - s->c->code);
}

static void set_undef(Seq *s, const InsnRow *row)
{
    /* a string instruction may run no times */
    s->c->undef = (s->c->undef & ~(row->flags & IF_REP ? 0 : (uint64_t)row->fl_write)) | row->fl_undef;
}

/* ---- rows that need something first, or are taken seldom because they mostly fault */

static unsigned rarity(const Insn *i)
{
    static const char *const mostly_fault[] = { "ldmxcsr", "vldmxcsr", "bound", "enter", "fldcw", "leave" };
    const InsnRow *row = i->row;

    for (unsigned k = 0; k < G_N_ELEMENTS(mostly_fault); k++) {
        if (strcmp(row->name, mostly_fault[k]) == 0) {
            return 24;
        }
    }
    if (row->sem == sem_div || row->sem == sem_idiv) {
        return 8;
    }
    return row->sem == sem_bt_mem && (i->pfx & IPFX_MEM) ? 64 : 1;
}

static bool uses(const Insn *i, unsigned reg)
{
    return i->row->gpr_read >> reg & 1;
}

/* Pointers that an instruction takes from fixed registers. false: they are in use. */
static bool aim_fixed(Seq *s, const Insn *i)
{
    static const uint8_t fixed[] = { R_RSI, R_RDI, R_RBX };
    const InsnRow *row = i->row;
    bool memory = (row->flags & IF_REP) || row->sem == sem_xlat || strstr(row->name, "maskmov") != NULL;

    if (!memory) {
        return true;
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(fixed); k++) {
        if ((uses(i, fixed[k]) || ((row->flags & IF_REP) && k < 2)) && (s->plan.reserved >> fixed[k] & 1)) {
            return false;
        }
    }
    if ((row->flags & IF_REP) && (s->plan.reserved >> R_RCX & 1)) {
        return false;
    }
    if ((i->pfx & IPFX_67) && !s->c->mode64) {
        return false;
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(fixed); k++) {
        if (uses(i, fixed[k]) || ((row->flags & IF_REP) && k < 2)) {
            lea_arena(s, fixed[k], s->plan.ptr[rng_below(s->r, 2)], (int)rng_below(s->r, 1024) - 256);
        }
    }
    if (row->flags & IF_REP) {
        mov_imm(s, R_RCX, rng_below(s->r, rng_one_in(s->r, 16) ? 100 : 12));
    }
    return true;
}

static bool moves_stack(const Insn *i)
{
    return i->row->gpr_write >> R_RSP & 1;
}

static bool refused(const Seq *s, const Enc *e, const Insn *i)
{
    const InsnRow *row = i->row;
    uint32_t not = s->plan.reserved & ~(moves_stack(i) ? 1u << R_RSP : 0);

    if ((row->fl_read & s->c->undef) || (written(e, i) & not) || (moves_stack(i) && s->fn_skip != NULL)) {
        return true;
    }
    if (row->op[0] != OP_NONE && (operand_bit(e, i, row->op[0]) & 1 << R_RSP)) {
        return true;
    }
    if ((row->op[2] == OP_CL && i->opsize == 2) || (row->feature == FE_SHA && (i->pfx & IPFX_MEM))) {
        return true;
    }
    return (i->adsize == 2 && (i->pfx & IPFX_MEM) && !rng_one_in(s->r, 64)) || !rng_one_in(s->r, rarity(i));
}

/* rip-relative and absolute operands. */
static void aim_disp(Seq *s, const Enc *e, const Insn *i, uint8_t *at)
{
    uint64_t target = ARENA_DATA + 0x1000 + rng_below(s->r, 0x1f00);
    int32_t disp;

    if (!(i->pfx & IPFX_MEM) || (i->base < 16) || i->adsize == 2 || e->disp_n != 4) {
        return;
    }
    if (rng_below(s->r, 4) != 0 || (i->row->flags & IF_ALIGN)) {
        target &= ~63ull;
    }
    disp = target - (i->base == RIP_REG ? address(s, at + i->len) : 0);
    memcpy(at + e->disp_at, &disp, 4);
}

static void row_insn(Seq *s, GPtrArray *const rows[RANDOM_KINDS])
{
    static const uint8_t kinds[] = { RANDOM_INT, RANDOM_INT, RANDOM_INT, RANDOM_INT, RANDOM_INT, RANDOM_INT, RANDOM_INT,
                                     RANDOM_SSE, RANDOM_SSE, RANDOM_AVX, RANDOM_AVX512, RANDOM_X87 };
    uint8_t code[16], *at;
    const GPtrArray *pick = rows[kinds[rng_below(s->r, sizeof(kinds))]];
    const InsnRow *row;
    Enc e;
    Insn i;

    if (pick->len == 0) {
        return;
    }
    row = pick->pdata[rng_below(s->r, pick->len)];
    at = s->p;
    e = (Enc){ .r = s->r, .row = row, .mode64 = s->c->mode64, .p = at, .plan = &s->plan };
    if (!gen_encode(&e, &i) || refused(s, &e, &i)) {
        return;
    }
    memcpy(code, at, i.len);
    if (!aim_fixed(s, &i)) {
        return;
    }
    at = s->p;
    memcpy(at, code, i.len);
    aim_disp(s, &e, &i, at);
    step(s, row, row->flags & IF_REPCC ? FL_STATUS : 0);
    set_undef(s, row);
    s->p += i.len;
}

/* ---- jumps */

static void land_forward(Seq *s, bool all)
{
    for (unsigned k = 0; k < s->n_forward;) {
        Forward *f = &s->forward[k];
        int64_t d = s->p - (f->at + f->size);

        if (!all && (f->due > s->c->n_steps && (f->size != 1 || d < 90))) {
            k++;
            continue;
        }
        memcpy(f->at, &d, f->size);
        s->c->undef |= f->undef;
        *f = s->forward[--s->n_forward];
    }
}

static void forward_from(Seq *s, uint8_t *at, unsigned size)
{
    s->forward[s->n_forward++] = (Forward){ at, size, s->c->n_steps + rng_below(s->r, 7), s->c->undef };
}

static void jump_forward(Seq *s)
{
    static const uint16_t reads[8] = { FL_OF, FL_CF, FL_ZF, FL_CF | FL_ZF, FL_SF, FL_PF, FL_SF | FL_OF,
                                       FL_SF | FL_OF | FL_ZF };
    unsigned cc = rng_below(s->r, 16), size = rng_one_in(s->r, 2) ? 1 : 4;

    if (s->n_forward == FORWARD) {
        return;
    }
    if (rng_one_in(s->r, 8) || (reads[cc / 2] & s->c->undef)) {
        step(s, NULL, 0);
        bytes(s, 1, size == 1 ? 0xeb : 0xe9);
        bytes(s, size, 0);
        forward_from(s, s->p - size, size);
        for (unsigned k = rng_below(s->r, 4); k > 0; k--) {
            bytes(s, 1, rng_next(s->r) >> 40);      /* nobody comes here; whole instructions may follow */
        }
        return;
    }
    step(s, NULL, 0);
    if (size == 1) {
        bytes(s, 1, 0x70 + cc);
    } else {
        bytes(s, 2, 0x0f | (0x80 + cc) << 8);
    }
    bytes(s, size, 0);
    forward_from(s, s->p - size, size);
}

static void loop_begin(Seq *s)
{
    if (s->loop != NULL || s->plan.count == NO_REG || s->fn_skip != NULL || s->n_forward != 0) {
        return;
    }
    mov_imm(s, s->plan.count, 2 + rng_below(s->r, 4));
    s->loop = s->p;
    s->loop_due = s->c->n_steps + 3 + rng_below(s->r, 10);
    s->c->undef = FL_STATUS;
}

static void loop_end(Seq *s)
{
    unsigned c = s->plan.count;
    bool loop = c == R_RCX && rng_one_in(s->r, 2);
    int64_t back;

    land_forward(s, true);
    step(s, NULL, 0);
    if (!loop) {
        if (c >= 8) {
            bytes(s, 1, 0x41);
        }
        bytes(s, 2, 0xff | (0xc8 + (c & 7)) << 8);  /* dec */
        s->c->undef &= FL_CF;
        step(s, NULL, 0);
    }
    back = s->loop - (s->p + 2);
    if (back >= -128) {
        bytes(s, 1, loop ? 0xe2 : 0x75);
        bytes(s, 1, back);
    } else if (loop) {
        bytes(s, 2, 0x05eb | 0);                    /* too far for LOOP: over what follows */
        bytes(s, 5, 0x9090909090);
        s->c->undef = FL_STATUS;
    } else {
        bytes(s, 2, 0x850f);
        bytes(s, 4, s->loop - (s->p + 4));
    }
    s->loop = NULL;
}

static void fn_begin(Seq *s)
{
    if (s->fn != NULL || s->loop != NULL || s->n_forward != 0) {
        return;
    }
    step(s, NULL, 0);
    bytes(s, 1, 0xe9);
    bytes(s, 4, 0);
    s->fn_skip = s->p;
    s->plan.no_stack = true;
    s->fn = s->p;
    s->fn_undef = s->c->undef;
    s->fn_due = s->c->n_steps + 2 + rng_below(s->r, 8);
    s->c->undef = FL_STATUS;
}

static void fn_end(Seq *s)
{
    uint16_t undef;
    int32_t d;

    land_forward(s, true);
    step(s, NULL, 0);
    if (rng_one_in(s->r, 4)) {
        bytes(s, 3, 0x0000c2);      /* ret 0 */
    } else {
        bytes(s, 1, 0xc3);
    }
    d = s->p - s->fn_skip;
    memcpy(s->fn_skip - 4, &d, 4);
    undef = s->c->undef;
    s->c->undef = s->fn_undef;
    s->fn_undef = undef;
    s->fn_skip = NULL;
    s->plan.no_stack = false;
    s->fn_ready = true;
}

static void fn_call(Seq *s)
{
    uint64_t to = address(s, s->fn);
    unsigned how = rng_below(s->r, 4);

    if (!s->fn_ready || s->fn_skip != NULL) {
        return;
    }
    if (how == 0) {                 /* through a register */
        mov_imm(s, R_RAX, to);
        step(s, NULL, 0);
        bytes(s, 2, 0xd0ff);
    } else if (how == 1) {          /* through memory */
        mov_imm(s, R_RAX, to);
        step(s, NULL, 0);
        if (s->c->mode64) {
            bytes(s, 1, 0x48);
        }
        bytes(s, 5, 0x80244489ull); /* mov [rsp - 128], rax: four bytes, the fifth is overwritten */
        s->p--;
        step(s, NULL, 0);
        bytes(s, 4, 0x802454ff);    /* call [rsp - 128] */
    } else {
        step(s, NULL, 0);
        bytes(s, 1, 0xe8);
        bytes(s, 4, s->fn - (s->p + 4));
    }
    s->c->undef = s->fn_undef;
}

static void jump_indirect(Seq *s)
{
    uint8_t *imm;
    uint32_t to;

    mov_imm(s, R_RDX, 0);
    imm = s->p - 4;
    step(s, NULL, 0);
    bytes(s, 2, 0xe2ff);            /* jmp rdx */
    bytes(s, rng_below(s->r, 3), 0x0f0f0f);
    to = address(s, s->p);
    memcpy(imm, &to, 4);
}

static void flags_from_stack(Seq *s)
{
    if (s->fn_skip != NULL) {
        return;
    }
    step(s, NULL, 0);
    bytes(s, 1, 0x68);
    bytes(s, 4, (rng_next(s->r) & (FL_STATUS | (rng_one_in(s->r, 4) ? FL_DF : 0))) | FL_R1 | FL_IF);
    step(s, NULL, 0);
    bytes(s, 1, 0x9d);
    s->c->undef = 0;
}

static void something(Seq *s, GPtrArray *const rows[RANDOM_KINDS])
{
    switch (rng_below(s->r, 64)) {
    case 0 ... 5: jump_forward(s); break;
    case 6: loop_begin(s); break;
    case 7: fn_begin(s); break;
    case 8 ... 9: fn_call(s); break;
    case 10: jump_indirect(s); break;
    case 11: flags_from_stack(s); break;
    default: row_insn(s, rows); break;
    }
    land_forward(s, false);
    if (s->loop != NULL && (s->c->n_steps >= s->loop_due || s->p - s->c->code > CODE_MAX - 200)) {
        loop_end(s);
    }
    if (s->fn_skip != NULL && (s->c->n_steps >= s->fn_due || s->p - s->c->code > CODE_MAX - 200)) {
        fn_end(s);
    }
}

void gen_random(Rng *r, GPtrArray *const rows[RANDOM_KINDS], bool mode64, InsnCase *c)
{
    Seq s = { .r = r, .c = c, .p = c->code };
    unsigned n = 16 + rng_below(r, 80);

    memset(c, 0, sizeof(*c));
    c->mode64 = mode64;
    c->in.rip = rng_one_in(r, 3) ? ARENA_CODE + 0x1000 - rng_below(r, 600) : CODE_AT + rng_below(r, 64) - 32;
    make_plan(&s);
    memcpy(c->plan, s.plan.ptr, 2);
    c->plan[2] = s.plan.index;
    while (c->n_steps < n && s.p - c->code < CODE_MAX - 300) {
        something(&s, rows);
    }
    if (s.fn_skip != NULL) {
        fn_end(&s);
    }
    if (s.loop != NULL) {
        loop_end(&s);
    }
    land_forward(&s, true);
    step(&s, NULL, 0);
    bytes(&s, 1, 0xe9);
    bytes(&s, 4, (mode64 ? SEQ_END : SEQ_END32) - address(&s, s.p + 4));
    c->len = s.p - c->code;
}

/* Vector state comes from a pool at random places: cheaper than making it anew each time. */
enum { POOL = 1 << 15 };
static uint8_t pool[POOL + 4096] __attribute__((aligned(64)));

void gen_random_pool(Rng *r)
{
    gen_fill(r, pool, sizeof(pool));
}

void gen_random_state(Rng *r, InsnCase *c)
{
    uint64_t rip = c->in.rip;
    InsnState *s = &c->in;

    for (unsigned k = 0; k < 16; k++) {
        s->gpr[k] = gen_value(r);
    }
    s->gpr[c->plan[0]] = ARENA_DATA + 0x1000 + rng_below(r, 0x80) * 64;
    s->gpr[c->plan[1]] = ARENA_DATA + (rng_one_in(r, 4) ? 0x1f80 + rng_below(r, 128) : 0x1000 + rng_below(r, 0x2000));
    if (c->plan[2] != NO_REG) {
        s->gpr[c->plan[2]] = rng_below(r, 64);
    }
    s->gpr[R_RSP] = ARENA_STACK + 0xb00 + rng_below(r, 32) * 8 + (rng_one_in(r, 16) ? rng_below(r, 8) : 0);
    if (rng_one_in(r, 64)) {
        s->gpr[c->plan[rng_below(r, 2)]] = ARENA_DATA + (rng_one_in(r, 2) ? ARENA_DATA_SIZE - rng_below(r, 600)
                                                                          : rng_below(r, 600) - 300);
    }
    for (unsigned k = 0; k < 16 && !c->mode64; k++) {
        s->gpr[k] = k < 8 ? (uint32_t)s->gpr[k] : 0;
    }
    s->rip = rip;
    s->rflags = FL_R1 | FL_IF | (rng_next(r) & FL_STATUS);
    gen_x87(r, &s->xs);
    s->xs.mxcsr = 0x1f80;
    if (rng_one_in(r, 8)) {
        s->xs.mxcsr = (rng_next(r) & 0x6040) | (rng_one_in(r, 4) ? rng_next(r) & 0x1f80 : 0x1f80) |
                      (rng_one_in(r, 2) ? 0x8000 : 0) | 0x800;
    }
    s->xs.mxcsr_mask = 0xffff;
    memcpy(s->xs.xmm, pool + rng_below(r, POOL / 8) * 8, sizeof(s->xs.xmm));
    if (native_xcr0() & XCR0_AVX) {
        memcpy(s->xs.ymmh, pool + rng_below(r, POOL / 8) * 8, sizeof(s->xs.ymmh));
    }
    if (native_xcr0() & XCR0_ZMM16) {
        memcpy(s->xs.opmask, pool + rng_below(r, POOL / 8) * 8, sizeof(s->xs.opmask));
        memcpy(s->xs.zmmh, pool + rng_below(r, POOL / 8) * 8, sizeof(s->xs.zmmh) + sizeof(s->xs.zmm16));
    }
}
