/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes x86-64 machine code (SDM vol. 2, chapter 2) to memory. Opcodes are given as numbers: 0x89, 0x0fb7; the
 * operand size comes from `w`: 0 = 32 bits, 1 = 64 bits. The buffer's room is the caller's care. */
#ifndef ACCEL_TCG_X86_64_ASM_H
#define ACCEL_TCG_X86_64_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { H_RAX, H_RCX, H_RDX, H_RBX, H_RSP, H_RBP, H_RSI, H_RDI,
       H_R8, H_R9, H_R10, H_R11, H_R12, H_R13, H_R14, H_R15, H_NONE = 0xff };
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

typedef struct Asm { uint8_t *p; } Asm;

/* [base + index << scale + disp]; base H_NONE: disp is an absolute 32-bit address. gs: plus the base of GS. */
typedef struct AsmMem { uint8_t base, index, scale; bool gs; int32_t disp; } AsmMem;

static inline void a8(Asm *a, unsigned v) { *a->p++ = v; }
static inline void a16(Asm *a, uint16_t v) { memcpy(a->p, &v, 2); a->p += 2; }
static inline void a32(Asm *a, uint32_t v) { memcpy(a->p, &v, 4); a->p += 4; }
static inline void a64(Asm *a, uint64_t v) { memcpy(a->p, &v, 8); a->p += 8; }

static inline void a_opcode(Asm *a, unsigned rex, unsigned op)
{
    if (rex != 0) {
        a8(a, 0x40 | rex);
    }
    if (op > 0xffff) {
        a8(a, op >> 16);
    }
    if (op > 0xff) {
        a8(a, op >> 8);
    }
    a8(a, op);
}

static inline void a_rr(Asm *a, unsigned w, unsigned op, unsigned reg, unsigned rm)
{
    a_opcode(a, w << 3 | (reg >> 3) << 2 | rm >> 3, op);
    a8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void a_modrm_mem(Asm *a, unsigned reg, AsmMem m)
{
    unsigned mod;

    reg = (reg & 7) << 3;
    if (m.base == H_NONE) {
        a8(a, 4 | reg);
        a8(a, m.index == H_NONE ? 0x25 : m.scale << 6 | (m.index & 7) << 3 | 5);
        a32(a, m.disp);
        return;
    }
    mod = m.disp == 0 && (m.base & 7) != 5 ? 0 : m.disp == (int8_t)m.disp ? 0x40 : 0x80;
    if (m.index != H_NONE || (m.base & 7) == 4) {
        a8(a, mod | reg | 4);
        a8(a, m.index == H_NONE ? 0x20 | (m.base & 7) : m.scale << 6 | (m.index & 7) << 3 | (m.base & 7));
    } else {
        a8(a, mod | reg | (m.base & 7));
    }
    if (mod == 0x40) {
        a8(a, m.disp);
    } else if (mod == 0x80) {
        a32(a, m.disp);
    }
}

static inline void a_rm(Asm *a, unsigned w, unsigned op, unsigned reg, AsmMem m)
{
    unsigned x = m.index != H_NONE ? m.index >> 3 : 0, b = m.base != H_NONE ? m.base >> 3 : 0;

    if (m.gs) {
        a8(a, 0x65);
    }
    a_opcode(a, w << 3 | (reg >> 3) << 2 | x << 1 | b, op);
    a_modrm_mem(a, reg, m);
}

static inline AsmMem a_at(unsigned base, int32_t disp)
{
    return (AsmMem){ .base = base, .index = H_NONE, .disp = disp };
}

static inline AsmMem a_abs(const void *p)
{
    return (AsmMem){ .base = H_NONE, .index = H_NONE, .disp = (int32_t)(uintptr_t)p };
}

static inline void a_mov_rr(Asm *a, unsigned w, unsigned to, unsigned from) { a_rr(a, w, 0x89, from, to); }
static inline void a_load(Asm *a, unsigned w, unsigned to, AsmMem m) { a_rm(a, w, 0x8b, to, m); }
static inline void a_store(Asm *a, unsigned w, AsmMem m, unsigned from) { a_rm(a, w, 0x89, from, m); }
static inline void a_lea(Asm *a, unsigned w, unsigned to, AsmMem m) { a_rm(a, w, 0x8d, to, m); }

static inline void a_mov_ri(Asm *a, unsigned to, uint64_t v)
{
    if (v == (uint32_t)v) {
        a_opcode(a, to >> 3, 0xb8 | (to & 7));
        a32(a, v);
    } else if ((int64_t)v == (int32_t)v) {
        a_rr(a, 1, 0xc7, 0, to);
        a32(a, v);
    } else {
        a_opcode(a, 8 | to >> 3, 0xb8 | (to & 7));
        a64(a, v);
    }
}

/* Sign-extended immediate to memory. */
static inline void a_store_i(Asm *a, unsigned w, AsmMem m, int32_t v)
{
    a_rm(a, w, 0xc7, 0, m);
    a32(a, v);
}

static inline void a_alu_ri(Asm *a, unsigned w, unsigned alu, unsigned r, int32_t v)
{
    if (v == (int8_t)v) {
        a_rr(a, w, 0x83, alu, r);
        a8(a, v);
    } else {
        a_rr(a, w, 0x81, alu, r);
        a32(a, v);
    }
}

static inline void a_alu_mi(Asm *a, unsigned w, unsigned alu, AsmMem m, int32_t v)
{
    if (v == (int8_t)v) {
        a_rm(a, w, 0x83, alu, m);
        a8(a, v);
    } else {
        a_rm(a, w, 0x81, alu, m);
        a32(a, v);
    }
}

/* Jumps: return the place of the 32-bit displacement. */
static inline uint8_t *a_jmp(Asm *a)
{
    a8(a, 0xe9);
    a32(a, 0);
    return a->p - 4;
}

static inline uint8_t *a_jcc(Asm *a, unsigned cc)
{
    a8(a, 0x0f);
    a8(a, 0x80 | cc);
    a32(a, 0);
    return a->p - 4;
}

static inline void a_patch(uint8_t *disp, const uint8_t *target)
{
    int32_t d = (int32_t)(target - (disp + 4));

    memcpy(disp, &d, 4);
}

static inline void a_jmp_to(Asm *a, const uint8_t *target) { a_patch(a_jmp(a), target); }

static inline void a_call_to(Asm *a, const uint8_t *target)
{
    a8(a, 0xe8);
    a32(a, 0);
    a_patch(a->p - 4, target);
}

static inline void a_pushfq(Asm *a) { a8(a, 0x9c); }
static inline void a_pop_mem(Asm *a, AsmMem m) { a_rm(a, 0, 0x8f, 0, m); }

#endif
