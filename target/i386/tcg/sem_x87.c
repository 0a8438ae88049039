/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 control: status, control word and environment images (SDM vol. 1, 8.1; figures 8-9 to 8-12).
 * Code and data selectors are stored as zero, as CPUID.7.0:EBX[13] processors do. */
#include <string.h>
#include "target/i386/tcg/native.h"
#include "target/i386/tcg/vec.h"

enum { FSW_ES = 1 << 7, FSW_B = 1 << 15, FCW_MASKS = 0x3f, FCW_INIT = 0x37f };

static void check_nm(X86Cpu *c)
{
    if (c->env.cr0 & (CR0_EM | CR0_TS)) {
        x86_raise(c, EXC_NM);
    }
}

/* ES and B follow the unmasked exception bits. */
static void update_summary(X86Xsave *xs)
{
    bool pending = (xs->fsw & ~xs->fcw & FCW_MASKS) != 0;

    xs->fsw = (xs->fsw & ~(FSW_ES | FSW_B)) | (pending ? FSW_ES | FSW_B : 0);
}

static uint16_t full_tags(const X86Xsave *xs)
{
    unsigned top = xs->fsw >> 11 & 7;
    uint16_t tags = 0;

    for (unsigned phys = 0; phys < 8; phys++) {
        const X86Fp *r = &xs->st[(phys - top) & 7];
        unsigned exp = r->se & 0x7fff, tag = 0;

        if (!(xs->ftw >> phys & 1)) {
            tag = 3;
        } else if (exp == 0 && r->mant == 0) {
            tag = 1;
        } else if (exp == 0 || exp == 0x7fff || !(r->mant >> 63)) {
            tag = 2;
        }
        tags |= tag << phys * 2;
    }
    return tags;
}

static uint8_t abridged_tags(uint16_t tags)
{
    uint8_t out = 0;

    for (unsigned phys = 0; phys < 8; phys++) {
        if ((tags >> phys * 2 & 3) != 3) {
            out |= 1 << phys;
        }
    }
    return out;
}

static void put16(uint8_t *p, unsigned v)
{
    memcpy(p, &(uint16_t){v}, 2);
}
static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}
static unsigned get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static bool real_format(const X86Cpu *c)
{
    return !(c->env.cr0 & CR0_PE) || (c->env.rflags & FL_VM);
}

/* The environment in one of four formats; returns its size. */
static unsigned env_image(X86Cpu *c, bool small, uint8_t buf[28])
{
    const X86Xsave *xs = &c->env.xs;
    uint32_t ip = xs->fip, dp = xs->fdp;

    if (small) {
        put16(buf, xs->fcw);
        put16(buf + 2, xs->fsw);
        put16(buf + 4, full_tags(xs));
        put16(buf + 6, ip);
        put16(buf + 8, real_format(c) ? (ip >> 4 & 0xf000) | (xs->fop & 0x7ff) : 0);
        put16(buf + 10, dp);
        put16(buf + 12, real_format(c) ? dp >> 4 & 0xf000 : 0);
        return 14;
    }
    put32(buf, 0xffff0000u | xs->fcw);
    put32(buf + 4, 0xffff0000u | xs->fsw);
    put32(buf + 8, 0xffff0000u | full_tags(xs));
    put32(buf + 12, real_format(c) ? 0xffff0000u | (ip & 0xffff) : ip);
    put32(buf + 16, real_format(c) ? (ip >> 4 & 0x0ffff000) | (xs->fop & 0x7ff)
                                   : (uint32_t)(xs->fop & 0x7ff) << 16);
    put32(buf + 20, real_format(c) ? 0xffff0000u | (dp & 0xffff) : dp);
    put32(buf + 24, real_format(c) ? dp >> 4 & 0x0ffff000 : 0xffff0000u);
    return 28;
}

static unsigned load_env_image(X86Cpu *c, bool small, const uint8_t *buf)
{
    X86Xsave *xs = &c->env.xs;
    bool real = real_format(c);

    xs->fcw = (get16(buf) & 0x1f7f) | 0x40;
    if (small) {
        xs->fsw = get16(buf + 2);
        xs->ftw = abridged_tags(get16(buf + 4));
        xs->fip = get16(buf + 6) | (real ? (get16(buf + 8) & 0xf000u) << 4 : 0);
        xs->fop = real ? get16(buf + 8) & 0x7ff : xs->fop;
        xs->fdp = get16(buf + 10) | (real ? (get16(buf + 12) & 0xf000u) << 4 : 0);
    } else {
        xs->fsw = get16(buf + 4);
        xs->ftw = abridged_tags(get16(buf + 8));
        xs->fip = real ? get16(buf + 12) | (get32(buf + 16) & 0x0ffff000) << 4 : get32(buf + 12);
        xs->fop = (real ? get32(buf + 16) : get32(buf + 16) >> 16) & 0x7ff;
        xs->fdp = real ? get16(buf + 20) | (get32(buf + 24) & 0x0ffff000) << 4 : get32(buf + 20);
    }
    update_summary(xs);
    return small ? 14 : 28;
}

static void init_x87(X86Xsave *xs)
{
    xs->fcw = FCW_INIT;
    xs->fsw = 0;
    xs->ftw = 0;
    xs->fop = 0;
    xs->fip = xs->fdp = 0;
}

/* The image stores ST(0) first while the tags go by physical register: when TOP changes without the
 * data moving in the register file, the image has to be turned. */
static void rotate_stack(X86Xsave *xs, unsigned old_top, unsigned new_top)
{
    X86Fp old[8];

    memcpy(old, xs->st, sizeof(old));
    for (unsigned n = 0; n < 8; n++) {
        xs->st[n] = old[(n + new_top - old_top) & 7];
    }
}

void x87_enter_mmx(X86Cpu *c)
{
    rotate_stack(&c->env.xs, c->env.xs.fsw >> 11 & 7, 0);
    c->env.xs.fsw &= ~0x3800;
    c->env.xs.ftw = 0xff;
}

void sem_fnstcw(X86Cpu *c, const Insn *i)
{
    check_nm(c);
    guest_st16(&c->cpu, insn_mem(c, i, 2, ACCESS_STORE), c->env.xs.fcw, c->env.mmu_mode);
}

void sem_fnstsw(X86Cpu *c, const Insn *i)
{
    check_nm(c);
    guest_st16(&c->cpu, insn_mem(c, i, 2, ACCESS_STORE), c->env.xs.fsw, c->env.mmu_mode);
}

void sem_fnstsw_ax(X86Cpu *c, const Insn *i)
{
    check_nm(c);
    gpr_write(c, i, R_RAX, 2, c->env.xs.fsw);
}

void sem_fninit(X86Cpu *c, const Insn *i)
{
    check_nm(c);
    rotate_stack(&c->env.xs, c->env.xs.fsw >> 11 & 7, 0);
    init_x87(&c->env.xs);
}

void sem_fnclex(X86Cpu *c, const Insn *i)
{
    check_nm(c);
    c->env.xs.fsw &= 0x7f00;
}

void sem_fnnop(X86Cpu *c, const Insn *i)
{
    check_nm(c);
}

void sem_fnstenv(X86Cpu *c, const Insn *i)
{
    uint8_t buf[28];
    unsigned n;

    check_nm(c);
    n = env_image(c, i->opsize == 2, buf);
    guest_write(&c->cpu, insn_mem(c, i, n, ACCESS_STORE), buf, n, c->env.mmu_mode);
    c->env.xs.fcw |= FCW_MASKS;
    update_summary(&c->env.xs);
}

void sem_fldenv(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize == 2 ? 14 : 28, top;
    uint8_t buf[28];

    guest_read(&c->cpu, insn_mem(c, i, n, ACCESS_LOAD), buf, n, c->env.mmu_mode);
    top = c->env.xs.fsw >> 11 & 7;
    load_env_image(c, n == 14, buf);
    rotate_stack(&c->env.xs, top, c->env.xs.fsw >> 11 & 7);
}

void sem_fnsave(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize == 2 ? 94 : 108, head;
    uint8_t buf[108];

    check_nm(c);
    head = env_image(c, i->opsize == 2, buf);
    for (unsigned k = 0; k < 8; k++) {
        memcpy(buf + head + k * 10, &c->env.xs.st[k], 10);
    }
    guest_write(&c->cpu, insn_mem(c, i, n, ACCESS_STORE), buf, n, c->env.mmu_mode);
    sem_fninit(c, i);
}

void sem_frstor(X86Cpu *c, const Insn *i)
{
    unsigned n = i->opsize == 2 ? 94 : 108, head;
    uint8_t buf[108];

    guest_read(&c->cpu, insn_mem(c, i, n, ACCESS_LOAD), buf, n, c->env.mmu_mode);
    head = load_env_image(c, n == 94, buf);
    for (unsigned k = 0; k < 8; k++) {
        memset(&c->env.xs.st[k], 0, sizeof(X86Fp));
        memcpy(&c->env.xs.st[k], buf + head + k * 10, 10);
    }
}

void sem_fwait(X86Cpu *c, const Insn *i)
{
    if ((c->env.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) {
        x86_raise(c, EXC_NM);
    }
    x86_check_x87_error(c);
}
