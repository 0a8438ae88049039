/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Re-encodes a decoded instruction for the host with other registers and another memory operand
 * (SDM vol. 2, chapter 2). Same instruction, same prefixes that matter; never relative or far
 * forms. */
#include <string.h>
#include "target/i386/tcg/native.h"

static bool row_has_modrm(const InsnRow *row)
{
    if (row->ext != EXT_NONE || row->rm != EXT_NONE || row->enc == ENC_EVEX) {
        return true;
    }
    for (unsigned n = 0; n < 4; n++) {
        switch (row->op[n]) {
        case OP_NONE:
        case OP_Ib:
        case OP_Ibs:
        case OP_Iw:
        case OP_Iz:
        case OP_Iv:
        case OP_Zb:
        case OP_Zv:
        case OP_AL:
        case OP_CL:
        case OP_DX:
        case OP_AX:
        case OP_rAX:
        case OP_1: continue;
        default: return true;
        }
    }
    return false;
}

static unsigned row_has_opcode_reg(const InsnRow *row)
{
    return row->op[0] == OP_Zb || row->op[0] == OP_Zv || row->op[1] == OP_Zb || row->op[1] == OP_Zv;
}

static uint8_t *put_imm(const Insn *i, uint8_t *p)
{
    for (unsigned n = 0; n < 4; n++) {
        unsigned size = 0;

        switch (i->row->op[n]) {
        case OP_Ib:
        case OP_Ibs:
        case OP_L: size = 1; break;
        case OP_Iw: size = 2; break;
        case OP_Iz: size = i->opsize == 2 ? 2 : 4; break;
        case OP_Iv: size = i->opsize; break;
        default: break;
        }
        if (size != 0) {
            memcpy(p, &i->imm, size);
            return p + size;
        }
    }
    return p;
}

static uint8_t *put_mem(const InsnEnc *e, unsigned reg, bool evex, uint8_t *p)
{
    unsigned base = e->base & 7;
    bool sib = e->index != NO_REG || base == 4;
    unsigned mod = 2;

    if (e->base == NO_REG) {
        *p++ = (reg & 7) << 3 | 4;
        *p++ = 0x25;
        memcpy(p, &e->disp, 4);
        return p + 4;
    }
    if (e->disp == 0 && base != 5) {
        mod = 0;
    } else if (!evex && e->disp == (int8_t)e->disp) {
        mod = 1;
    }
    *p++ = mod << 6 | (reg & 7) << 3 | (sib ? 4 : base);
    if (sib) {
        *p++ = e->index == NO_REG ? 0x20 | base : e->scale << 6 | (e->index & 7) << 3 | base;
    }
    if (mod == 1) {
        *p++ = e->disp;
    } else if (mod == 2) {
        memcpy(p, &e->disp, 4);
        p += 4;
    }
    return p;
}

static uint8_t *put_prefixes(const Insn *i, unsigned r, unsigned x, unsigned b, uint8_t *p)
{
    static const uint8_t mandatory[] = {[PFX_66] = 0x66, [PFX_F3] = 0xf3, [PFX_F2] = 0xf2};
    static const uint8_t escape[] = {[MAP_0F38] = 0x38, [MAP_0F3A] = 0x3a};
    const InsnRow *row = i->row;
    unsigned rex = (i->rex & 0x48) | r << 2 | x << 1 | b;

    if (row->pfx != PFX_66 && (i->pfx & IPFX_66) && i->opsize == 2) {
        *p++ = 0x66;
    }
    if (row->pfx >= PFX_66) {
        *p++ = mandatory[row->pfx];
    }
    if (rex != 0) {
        *p++ = rex | 0x40;
    }
    if (row->map != MAP_1) {
        *p++ = 0x0f;
    }
    if (row->map == MAP_0F38 || row->map == MAP_0F3A) {
        *p++ = escape[row->map];
    }
    return p;
}

static unsigned vex_pp(const InsnRow *row)
{
    return row->pfx == PFX_66 ? 1 : row->pfx == PFX_F3 ? 2 : row->pfx == PFX_F2 ? 3 : 0;
}

static uint8_t *put_vex(const Insn *i, const InsnEnc *e, unsigned x, unsigned b, uint8_t *p)
{
    unsigned w = i->rex >> 3 & 1, l = i->vl == 32;

    *p++ = 0xc4;
    *p++ = (~(e->reg >> 3) & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | i->row->map;
    *p++ = w << 7 | (~e->vvvv & 15) << 3 | l << 2 | vex_pp(i->row);
    return p;
}

static uint8_t *put_evex(const Insn *i, const InsnEnc *e, unsigned x, unsigned b, uint8_t *p)
{
    unsigned w = i->rex >> 3 & 1;
    bool rounding = (i->evex & EVX_B) && !e->mem;
    unsigned ll = rounding ? (i->evex & EVX_LL) >> 2 : i->vl == 64 ? 2 : i->vl == 32;

    *p++ = 0x62;
    *p++ = (~(e->reg >> 3) & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~(e->reg >> 4) & 1) << 4 |
           i->row->map;
    *p++ = w << 7 | (~e->vvvv & 15) << 3 | 4 | vex_pp(i->row);
    *p++ = (i->evex & EVX_Z ? 0x80 : 0) | ll << 5 | (i->evex & EVX_B ? 0x10 : 0) |
           (~(e->vvvv >> 4) & 1) << 3 | i->aaa;
    return p;
}

unsigned insn_encode(const Insn *i, const InsnEnc *e, uint8_t *out)
{
    const InsnRow *row = i->row;
    unsigned low = e->mem ? e->base : e->rm;
    unsigned x = e->mem                 ? (e->index != NO_REG ? e->index >> 3 : 0)
                 : row->enc == ENC_EVEX ? low >> 4
                                        : 0;
    unsigned b = low != NO_REG ? low >> 3 & 1 : 0;
    unsigned reg = row->ext != EXT_NONE ? row->ext : e->reg;
    uint8_t *p = out;

    if (e->mem && e->gs) {
        *p++ = 0x65;
    }
    if (row->enc == ENC_VEX) {
        p = put_vex(i, e, x, b, p);
    } else if (row->enc == ENC_EVEX) {
        p = put_evex(i, e, x, b, p);
    } else {
        p = put_prefixes(i, row->ext != EXT_NONE ? 0 : e->reg >> 3, x, b, p);
    }
    *p++ = row_has_opcode_reg(row) ? (i->opcode & ~7) | (e->rm & 7) : i->opcode;
    if (row_has_modrm(row)) {
        if (e->mem) {
            p = put_mem(e, reg, row->enc == ENC_EVEX, p);
        } else {
            *p++ = 0xc0 | (reg & 7) << 3 | (row->rm != EXT_NONE ? row->rm : e->rm & 7);
        }
    }
    return put_imm(i, p) - out;
}
