/* SPDX-License-Identifier: GPL-2.0-or-later */
/* General registers of copied instructions: which fields name them, what is done to them, and where those live that
 * have no host register of their own (the frame: R10, R11, R14, R15). Such a register is loaded into a scratch
 * register if it is read and stored if it is written; as the r/m operand it is a memory operand where that does. */
#include "target/i386/tcg/translate.h"

static bool is_gpr_reg(unsigned op) { return op >= OP_Gb && op <= OP_Gy; }
static bool is_gpr_rm(unsigned op) { return (op >= OP_Eb && op <= OP_Ey) || op == OP_Rv || op == OP_Ry; }
static bool is_gpr_z(unsigned op) { return op == OP_Zb || op == OP_Zv; }
static bool is_byte(unsigned op) { return op == OP_Gb || op == OP_Eb || op == OP_Zb; }

static bool is_high(const Insn *i, unsigned op, unsigned reg)
{
    return is_byte(op) && reg >= 4 && reg < 8 && !(i->rex & 0x40) && i->row->enc == ENC_LEGACY;
}

Fields t_fields_of(const Insn *i)
{
    Fields f = { -1, -1, -1, false, false };

    for (unsigned k = 0; k < 4; k++) {
        unsigned op = i->row->op[k];

        if (is_gpr_reg(op)) {
            f.reg = i->reg;
            f.high_reg = is_high(i, op, i->reg);
        } else if (is_gpr_z(op) || (is_gpr_rm(op) && !(i->pfx & IPFX_MEM))) {
            f.rm = i->rm;
            f.high_rm = is_high(i, op, i->rm);
        } else if (op == OP_By) {
            f.vvvv = i->vvvv;
        }
    }
    return f;
}

/* ---- what is done to them */

static bool is_row(const Insn *i, unsigned map, unsigned opcode)
{
    return i->row->enc == ENC_LEGACY && i->row->map == map && i->row->opcode == opcode;
}

/* Instructions that write all of the register they name first, and do not read it. */
static bool only_writes_reg(const Insn *i)
{
    unsigned o = i->row->opcode;

    if (i->row->enc != ENC_LEGACY || i->opsize < 4) {
        return false;
    }
    if (i->row->map == MAP_1) {
        return o == 0x8b || o == 0x63 || o == 0x69 || o == 0x6b;
    }
    return i->row->map == MAP_0F && (o == 0xb6 || o == 0xb7 || o == 0xbe || o == 0xbf);
}

unsigned t_reg_access(const Insn *i)
{
    unsigned o = i->row->opcode;

    if (i->row->enc != ENC_LEGACY) {
        return ACC_RW;
    }
    if (is_gpr_reg(i->row->op[0])) {
        return only_writes_reg(i) ? ACC_W : i->row->map == MAP_1 && (o == 0x3a || o == 0x3b) ? ACC_R : ACC_RW;
    }
    return (i->row->map == MAP_1 && (o == 0x86 || o == 0x87)) || (i->row->map == MAP_0F && (o == 0xc0 || o == 0xc1))
           ? ACC_RW : i->row->map == MAP_1 || (o & 0xfe) == 0xb0 || o == 0xa3 || o == 0xab || o == 0xb3 || o == 0xbb
           ? ACC_R : ACC_RW;
}

unsigned t_rm_access(const Insn *i)
{
    unsigned op = i->row->op[0];

    if (i->row->enc != ENC_LEGACY) {
        return ACC_RW;
    }
    if (is_gpr_z(op)) {
        return i->row->map == MAP_1 && (i->row->opcode & 0xf8) == 0xb8 && i->opsize >= 4 ? ACC_W : ACC_RW;
    }
    if (i->row->acc == ACC_R) {
        return ACC_R;
    }
    return i->row->acc == ACC_W && op == OP_Ev && i->opsize >= 4 && i->row->map == MAP_1 ? ACC_W : ACC_RW;
}

/* May the r/m register, which is in the frame, be a memory operand? Not where it is written in part: loads of the
 * whole would have to wait; nor where 32 bits of it are, which clear the others. */
bool t_fuses(const Insn *i, const Fields *f)
{
    const InsnRow *r = i->row;
    unsigned o = r->opcode;
    bool names_rm = false;

    if (!t_in_frame(f->rm) || t_has_mem(i) || r->enc != ENC_LEGACY || (r->map != MAP_1 && r->map != MAP_0F) ||
        (r->flags & (IF_REG_ONLY | IF_ALIGN | IF_SSE | IF_MMX | IF_X87)) || r->rm != EXT_NONE ||
        r->mem == MEM_NONE || r->mem == MEM_SPECIAL) {
        return false;
    }
    for (unsigned k = 0; k < 4; k++) {
        names_rm |= r->op[k] >= OP_Eb && r->op[k] <= OP_Ey;
    }
    if (!names_rm || is_row(i, MAP_1, 0x86) || is_row(i, MAP_1, 0x87) ||
        (r->map == MAP_0F && (o == 0xa3 || o == 0xab || o == 0xb3 || o == 0xbb))) {
        return false;
    }
    return t_rm_access(i) == ACC_R || (i->opsize == 8 && r->op[0] == OP_Ev && f->reg != f->rm);
}

/* ---- scratch registers */

enum { SCRATCH_SAVE = F_MISS };     /* and the slot behind: free once the lookup is done */

static unsigned scratch_take(Trans *t, Scratch *s)
{
    static const uint8_t victims[] = { H_RBX, H_R12, H_R13, H_RBP, H_R9, H_R8, H_RDI, H_RSI, H_RAX };
    unsigned k = 0;

    if (s->n_free > 0) {
        s->used[s->n].victim = false;
        return s->free[--s->n_free];
    }
    while (s->taken >> victims[k] & 1) {
        k++;
    }
    s->taken |= 1u << victims[k];
    s->used[s->n].victim = true;
    a_store(&t->a, 1, a_frame(&t->a, SCRATCH_SAVE + 8 * (s->n & 1)), victims[k]);
    return victims[k];
}

/* The host register for a field. guest -1: not a general register, or AH..BH: as it is. */
unsigned t_field_reg(Trans *t, int guest, unsigned field, unsigned access, Scratch *s)
{
    unsigned reg;

    if (guest < 0) {
        return field;
    }
    if (host_gpr(guest) >= 0) {
        return host_gpr(guest);
    }
    for (unsigned k = 0; k < s->n; k++) {
        if (s->used[k].guest == guest) {
            if ((access & ACC_R) && !s->used[k].loaded) {
                a_load(&t->a, 1, s->used[k].reg, frame_gpr(&t->a, guest));
                s->used[k].loaded = true;
            }
            s->used[k].written |= (access & ACC_W) != 0;
            return s->used[k].reg;
        }
    }
    reg = scratch_take(t, s);
    s->used[s->n].guest = guest;
    s->used[s->n].reg = reg;
    s->used[s->n].written = access & ACC_W;
    s->used[s->n].loaded = access & ACC_R;
    s->n++;
    if (access & ACC_R) {
        a_load(&t->a, 1, reg, frame_gpr(&t->a, guest));
    }
    return reg;
}

/* Frame registers back, registers put aside too. */
void t_scratch_done(Trans *t, const Scratch *s)
{
    for (unsigned k = 0; k < s->n; k++) {
        if (s->used[k].written) {
            a_store(&t->a, 1, frame_gpr(&t->a, s->used[k].guest), s->used[k].reg);
        }
        if (s->used[k].victim) {
            a_load(&t->a, 1, s->used[k].reg, a_frame(&t->a, SCRATCH_SAVE + 8 * (k & 1)));
        }
    }
}

uint16_t t_regs_named(const Insn *i, const Fields *f)
{
    int guests[] = { f->reg, f->rm, f->vvvv, i->base < 16 ? i->base : -1, i->index < 16 ? i->index : -1 };
    uint16_t m = 0;

    for (unsigned k = 0; k < G_N_ELEMENTS(guests); k++) {
        if (guests[k] >= 0 && host_gpr(guests[k]) >= 0) {
            m |= 1u << host_gpr(guests[k]);
        }
    }
    return m;
}
