/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers as gdb sees them. Two layouts: for CPUs that are, or can be, in long mode (general registers, rip, eflags,
 * selectors, bases of FS and GS and the one SWAPGS brings, CR0, CR2, CR3, CR4, CR8, EFER, x87, SSE), and the same
 * with 32-bit registers and without r8-r15 and xmm8-xmm15; the upper halves of YMM follow where the CPU has AVX.
 * Debug registers and other MSRs are the monitor's. What a client writes is taken as far as a CPU can have it. */
#include "target/i386/sys.h"

#include <string.h>

#include "accel/kvm/guest.h"
#include "hw/core/vm.h"
#include "target/i386/features.h"
#include "target/i386/gdb_int.h"

static const struct { uint8_t n64, n32, size64, size32; } groups[GDB_GROUPS] = {
    [GDB_GPR] = { 16, 8, 8, 4 }, [GDB_PC] = { 1, 1, 8, 4 }, [GDB_FLAGS] = { 1, 1, 4, 4 }, [GDB_SEL] = { 6, 6, 4, 4 },
    [GDB_BASE] = { 2, 2, 8, 4 }, [GDB_KGS] = { 1, 1, 8, 4 }, [GDB_CR] = { 6, 6, 8, 4 }, [GDB_ST] = { 8, 8, 10, 10 },
    [GDB_FCTL] = { 8, 8, 4, 4 }, [GDB_XMM] = { 16, 8, 16, 16 }, [GDB_MXCSR] = { 1, 1, 4, 4 },
    [GDB_YMMH] = { 16, 8, 16, 16 },
};

/* gdb's order of 64-bit registers; of 32-bit ones it is the processor's. */
static const uint8_t gpr_order[16] = { R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RBP, R_RSP, R_R8, R_R9, R_R10,
                                       R_R11, R_R12, R_R13, R_R14, R_R15 };
static const uint8_t seg_order[6] = { SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS };

static bool is64(unsigned layout)
{
    return (layout & GDB_BITS) == 64;
}

unsigned gdb_group_count(unsigned layout, GdbGroup g)
{
    if (g == GDB_YMMH && !(layout & GDB_AVX)) {
        return 0;
    }
    return is64(layout) ? groups[g].n64 : groups[g].n32;
}

unsigned gdb_group_size(unsigned layout, GdbGroup g)
{
    return is64(layout) ? groups[g].size64 : groups[g].size32;
}

unsigned gdb_group_first(unsigned layout, GdbGroup g)
{
    unsigned n = 0;

    for (unsigned k = 0; k < (unsigned)g; k++) {
        n += gdb_group_count(layout, (GdbGroup)k);
    }
    return n;
}

/* The group of a register and its place there; false: there is none of this number. */
static bool find(unsigned layout, unsigned reg, GdbGroup *group, unsigned *index)
{
    for (unsigned g = 0; g < GDB_GROUPS; g++) {
        unsigned n = gdb_group_count(layout, (GdbGroup)g);

        if (reg < n) {
            *group = (GdbGroup)g;
            *index = reg;
            return true;
        }
        reg -= n;
    }
    return false;
}

/* 32-bit code that runs with paging and without long mode is of a 32-bit system; before, nobody knows. A CPU without
 * long mode in real mode is called an 8086: gdb can be told that it is more, but not that it is less. */
unsigned x86_gdb_layout(Cpu *cpu)
{
    const X86Cpu *c = x86_cpu(cpu);
    const X86Env *env = &c->env;
    uint64_t paged = CR0_PE | CR0_PG;
    bool wide = x86_has_feature(c, FE_LM) && ((env->cr0 & paged) != paged || (env->efer & EFER_LMA));

    return (wide ? 64 : 32) | (!wide && !(env->cr0 & CR0_PE) ? GDB_REAL : 0) |
           (x86_has_feature(c, FE_AVX) ? GDB_AVX : 0);
}

unsigned x86_gdb_pc(unsigned layout)
{
    return gdb_group_first(layout, GDB_PC);
}

/* ---- x87: abridged tags against two bits a register, valid (0) or empty (3) */

enum { FCTL_FCW, FCTL_FSW, FCTL_TAG, FCTL_FISEG, FCTL_FIOFF, FCTL_FOSEG, FCTL_FOOFF, FCTL_FOP };

static uint32_t read_fctl(const X86Xsave *xs, unsigned n)
{
    uint32_t tags = 0;

    for (unsigned k = 0; k < 8; k++) {
        tags |= xs->ftw >> k & 1 ? 0 : 3u << (k * 2);
    }
    switch (n) {
    case FCTL_FCW: return xs->fcw;
    case FCTL_FSW: return xs->fsw;
    case FCTL_TAG: return tags;
    case FCTL_FISEG: return (uint32_t)(xs->fip >> 32);
    case FCTL_FIOFF: return (uint32_t)xs->fip;
    case FCTL_FOSEG: return (uint32_t)(xs->fdp >> 32);
    case FCTL_FOOFF: return (uint32_t)xs->fdp;
    default: return xs->fop;
    }
}

static void write_fctl(X86Xsave *xs, unsigned n, uint32_t v)
{
    switch (n) {
    case FCTL_FCW: xs->fcw = (v & 0x1f3f) | 0x40; break;
    case FCTL_FSW: xs->fsw = (uint16_t)v; break;
    case FCTL_TAG:
        xs->ftw = 0;
        for (unsigned k = 0; k < 8; k++) {
            xs->ftw |= (v >> (k * 2) & 3) != 3 ? 1 << k : 0;
        }
        break;
    case FCTL_FISEG: xs->fip = (uint32_t)xs->fip | (uint64_t)v << 32; break;
    case FCTL_FIOFF: xs->fip = (xs->fip >> 32 << 32) | v; break;
    case FCTL_FOSEG: xs->fdp = (uint32_t)xs->fdp | (uint64_t)v << 32; break;
    case FCTL_FOOFF: xs->fdp = (xs->fdp >> 32 << 32) | v; break;
    default: xs->fop = v & 0x7ff; break;
    }
}

/* ---- control registers */

enum { CR_0, CR_2, CR_3, CR_4, CR_8, CR_EFER };

static uint64_t read_cr(X86Cpu *c, unsigned n)
{
    switch (n) {
    case CR_0: return c->env.cr0;
    case CR_2: return c->env.cr2;
    case CR_3: return c->env.cr3;
    case CR_4: return c->env.cr4;
    case CR_8: return x86_get_cr8(c);
    default: return c->env.efer;
    }
}

/* What MOV would refuse changes nothing; neither does a change of the paging mode's width, which leaves no state
 * that the processor could go on in. */
static void write_cr(X86Cpu *c, unsigned n, uint64_t v)
{
    const X86Env *env = &c->env;
    bool paging = env->cr0 & CR0_PG;

    switch (n) {
    case CR_0:
        if (v >> 32 == 0 && (!(v & CR0_PG) || (v & CR0_PE)) && (!(v & CR0_NW) || (v & CR0_CD)) &&
            ((v ^ env->cr0) & CR0_PG) == 0) {
            x86_set_cr0(c, v);
        }
        break;
    case CR_2: c->env.cr2 = v; break;
    case CR_3:
        if (v >> env->phys_bits == 0) {
            x86_set_cr3(c, v);
        }
        break;
    case CR_4:
        if ((v & ~x86_cr4_allowed(c)) == 0 && !(paging && ((v ^ env->cr4) & (CR4_PAE | CR4_LA57 | CR4_PCIDE)))) {
            x86_set_cr4(c, v);
        }
        break;
    case CR_8:
        if (v < 16) {
            x86_set_cr8(c, (uint8_t)v);
        }
        break;
    default: x86_set_efer(c, v); break;
    }
}

/* ---- segments */

/* Eight bytes of a descriptor table, as a debugger sees memory. */
static bool read_descriptor(X86Cpu *c, uint16_t sel, X86Desc *d)
{
    const X86Env *env = &c->env;
    const X86Seg *ldt = &env->seg[SEG_LDTR];
    uint64_t base = sel & 4 ? ldt->base : env->gdt.base;
    uint32_t limit = sel & 4 ? ldt->limit : env->gdt.limit;
    uint8_t raw[8];

    if ((sel | 7u) > limit || ((sel & 4) && !(ldt->attr & SEGA_P))) {
        return false;
    }
    for (unsigned k = 0; k < sizeof(raw); k++) {
        GuestAddr pa;

        if (!x86_virt_to_phys(&c->cpu, x86_lin(c, base + (sel & 0xfff8) + k), &pa)) {
            return false;
        }
        addr_space_read(c->cpu.mem, pa, &raw[k], 1, MEM_ATTRS_NONE);
    }
    memcpy(&d->lo, raw, 4);
    memcpy(&d->hi, raw + 4, 4);
    return true;
}

/* A segment of the right sort, present; what CS and SS say of the privilege level stays as it is. */
static void write_selector(X86Cpu *c, unsigned seg, uint16_t sel)
{
    const X86Env *env = &c->env;
    bool code = seg == SEG_CS;
    X86Desc d;

    if (sel == env->seg[seg].sel) {
        return;
    }
    if (!x86_pe(c) || x86_vm86(c)) {
        x86_load_seg_raw(c, seg, sel, (uint32_t)sel << 4, 0xffff, env->seg[seg].attr);
    } else if ((sel & 0xfffc) == 0) {
        if (!code && seg != SEG_SS) {
            x86_load_seg_raw(c, seg, sel, 0, 0, 0);
        }
    } else if (read_descriptor(c, sel, &d) && (d.hi & (SEGA_S | SEGA_P)) == (SEGA_S | SEGA_P) &&
               !!(d.hi & SEGA_CODE) == code &&
               ((!code && seg != SEG_SS) || x86_desc_dpl(&d) == (env->seg[SEG_SS].attr >> SEGA_DPL_SHIFT & 3))) {
        x86_load_seg_raw(c, seg, sel, x86_desc_base(&d), x86_desc_limit(&d), d.hi);
    }
}

/* ---- all */

static uint64_t get(const uint8_t *buf, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, buf, MIN(n, sizeof(v)));
    return v;
}

static unsigned gpr_number(unsigned layout, unsigned index)
{
    return is64(layout) ? gpr_order[index] : index;
}

/* Those of the integer groups. Outside 64-bit code upper halves are not the program's. */
static uint64_t read_integer(X86Cpu *c, unsigned layout, GdbGroup g, unsigned index)
{
    const X86Env *env = &c->env;
    uint64_t mask = x86_cs64(c) ? ~0ull : 0xffffffff;

    switch (g) {
    case GDB_GPR:   return !x86_cs64(c) && index >= 8 ? 0 : env->gpr[gpr_number(layout, index)] & mask;
    case GDB_PC:    return env->rip & mask;
    case GDB_FLAGS: return env->rflags | FL_R1;
    case GDB_SEL:   return env->seg[seg_order[index]].sel;
    case GDB_BASE:  return env->seg[index == 0 ? SEG_FS : SEG_GS].base;
    case GDB_KGS:   return env->kernel_gs_base;
    case GDB_CR:    return read_cr(c, index);
    case GDB_FCTL:  return read_fctl(&env->xs, index);
    default:        return env->xs.mxcsr;
    }
}

int x86_gdb_read(Cpu *cpu, unsigned layout, unsigned reg, uint8_t *buf)
{
    X86Cpu *c = x86_cpu(cpu);
    unsigned index, size;
    uint64_t v;
    GdbGroup g;

    if (!find(layout, reg, &g, &index)) {
        return 0;
    }
    size = gdb_group_size(layout, g);
    switch (g) {
    case GDB_ST:   memcpy(buf, &c->env.xs.st[index], size); break;
    case GDB_XMM:  memcpy(buf, c->env.xs.xmm[index], size); break;
    case GDB_YMMH: memcpy(buf, c->env.xs.ymmh[index], size); break;
    default:
        v = read_integer(c, layout, g, index);
        memcpy(buf, &v, size);
        break;
    }
    return (int)size;
}

static void write_integer(X86Cpu *c, unsigned layout, GdbGroup g, unsigned index, uint64_t v)
{
    X86Env *env = &c->env;
    bool wide = is64(layout);

    switch (g) {
    case GDB_GPR:
        if (x86_cs64(c) || index < 8) {
            env->gpr[gpr_number(layout, index)] = x86_cs64(c) ? v : (uint32_t)v;
        }
        break;
    case GDB_PC:
        if (!x86_cs64(c) || x86_canonical(c, v)) {
            env->rip = env->next_rip = x86_cs64(c) ? v : (uint32_t)v;
        }
        break;
    case GDB_FLAGS:                 /* virtual-8086 mode is not entered this way */
        env->rflags = (v & FL_ALL & ~(uint64_t)FL_VM) | (env->rflags & FL_VM) | FL_R1;
        x86_update_hflags(c);
        break;
    case GDB_SEL:
        write_selector(c, seg_order[index], (uint16_t)v);
        break;
    case GDB_BASE:
        if (!wide || x86_canonical(c, v)) {
            env->seg[index == 0 ? SEG_FS : SEG_GS].base = v;
        }
        break;
    case GDB_KGS:
        if (!wide || x86_canonical(c, v)) {
            env->kernel_gs_base = v;
        }
        break;
    case GDB_CR:    write_cr(c, index, v); break;
    case GDB_FCTL:  write_fctl(&env->xs, index, (uint32_t)v); break;
    default:        env->xs.mxcsr = (uint32_t)v & 0xffff; break;
    }
}

int x86_gdb_write(Cpu *cpu, unsigned layout, unsigned reg, const uint8_t *buf)
{
    X86Cpu *c = x86_cpu(cpu);
    unsigned index, size;
    GdbGroup g;

    if (!find(layout, reg, &g, &index)) {
        return 0;
    }
    size = gdb_group_size(layout, g);
    switch (g) {
    case GDB_ST:   memcpy(&c->env.xs.st[index], buf, size); break;
    case GDB_XMM:  memcpy(c->env.xs.xmm[index], buf, size); break;
    case GDB_YMMH: memcpy(c->env.xs.ymmh[index], buf, size); break;
    default:
        /* Not again what is there: half of a 64-bit register would be lost on the way. */
        if (((read_integer(c, layout, g, index) ^ get(buf, size)) << (64 - size * 8)) != 0) {
            write_integer(c, layout, g, index, get(buf, size));
        }
        break;
    }
    kvm_regs_replaced(cpu, KVM_PUT_RUNTIME);
    return (int)size;
}
