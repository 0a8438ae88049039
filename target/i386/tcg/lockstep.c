/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 side of the lockstep checker: a copy of the CPU, stepping it, and comparing. Not compared: FIP, FDP
 * and FOP (translations do not keep them), XSTATE_BV, the shadow after STI where nothing waits for it,
 * status flags that the last instruction to set them left undefined. */
#include "target/i386/sys.h"

#include <inttypes.h>
#include <string.h>

#include "target/i386/tcg/insn.h"

enum { HF_IGNORED = HF_SHADOW };

static Cpu *x86_clone(const Cpu *cpu)
{
    void *p = NULL;
    X86Cpu *c;

    if (posix_memalign(&p, 64, sizeof(X86Cpu)) != 0) {
        g_error("out of memory");
    }
    memcpy(p, cpu, sizeof(X86Cpu));
    c = p;
    c->cpu.accel_data = NULL;
    c->cpu.thread = NULL;
    c->cpu.pending = 0;
    c->cpu.debug = (CpuDebug){ .watched = -1 };
    c->interp = NULL;
    return &c->cpu;
}

static void x86_clone_free(Cpu *clone)
{
    x86_interp_free(x86_cpu(clone));
    free(clone);
}

static void x86_copy(Cpu *clone, const Cpu *cpu)
{
    X86Cpu *to = x86_cpu(clone);
    const X86Cpu *from = (const X86Cpu *)cpu;
    bool ext = from->env.xcr0 & XCR0_OPMASK;

    memcpy(&to->env, &from->env, offsetof(X86Env, xs));
    memcpy(&to->env.xs, &from->env.xs, ext ? sizeof(X86Xsave) : offsetof(X86Xsave, pad3));
    to->env.xs.pkru = from->env.xs.pkru;
    to->cpu.mem = from->cpu.mem;
    to->cpu.halted = false;
    to->cpu.pending = 0;
}

static uint64_t x86_pc(const Cpu *cpu)
{
    return ((const X86Cpu *)cpu)->env.rip;
}

static uint64_t x86_pc_linear(const Cpu *cpu)
{
    const X86Env *env = &((const X86Cpu *)cpu)->env;

    return env->hflags & HF_CS64 ? env->rip : (uint32_t)(env->seg[SEG_CS].base + env->rip);
}

/* A shift, which may leave flags as they are: what was undefined still is. */
static bool passes_flags(const InsnRow *r)
{
    return (r->fl_read & FL_STATUS) == ((r->fl_write | r->fl_undef) & FL_STATUS);
}

static void x86_step(Cpu *clone, uint64_t *undef)
{
    X86Cpu *c = x86_cpu(clone);
    const Insn *i;

    x86_interpret(clone, 1);
    i = x86_interp_last(c);
    if ((i->row->fl_read & *undef & FL_STATUS) && !passes_flags(i->row)) {
        *undef |= LOCKSTEP_TAINTED;
    }
    /* What is read as well as written may have been left alone (a shift by zero). */
    *undef = (*undef & ~((uint64_t)i->row->fl_write & ~(uint64_t)i->row->fl_read)) | i->row->fl_undef;
}

/* ---- comparing */

typedef struct Part {
    const char *name;
    uint16_t at, size, n, stride;   /* n parts, stride apart; 0: one */
    bool ext;                       /* with AVX-512 only */
} Part;

#define PART(n, m) { n, offsetof(X86Env, m), sizeof(((X86Env *)0)->m), 1, 0, false }
#define PARTS(n, m, e)                                                                           \
    { n, offsetof(X86Env, m), sizeof(((X86Env *)0)->m[0]), G_N_ELEMENTS(((X86Env *)0)->m),       \
      sizeof(((X86Env *)0)->m[0]), e }

static const Part parts[] = {
    PARTS("gpr", gpr, false),
    PART("rip", rip),
    PARTS("seg", seg, false),
    { "gdt.base", offsetof(X86Env, gdt.base), 8, 1, 0, false },
    { "gdt.limit", offsetof(X86Env, gdt.limit), 4, 1, 0, false },
    { "idt.base", offsetof(X86Env, idt.base), 8, 1, 0, false },
    { "idt.limit", offsetof(X86Env, idt.limit), 4, 1, 0, false },
    PART("cr0", cr0), PART("cr2", cr2), PART("cr3", cr3), PART("cr4", cr4), PART("cr8", cr8),
    PART("xcr0", xcr0), PART("efer", efer), PARTS("dr", dr, false), PART("a20_mask", a20_mask),
    PART("mmu_mode", mmu_mode), PART("nmi_blocked", nmi_blocked), PART("smm", smm), PART("smi_blocked", smi_blocked),
    { "msr", offsetof(X86Env, tsc_offset), 8, (offsetof(X86Env, xs) - offsetof(X86Env, tsc_offset)) / 8, 8, false },
    PART("fcw", xs.fcw), PART("fsw", xs.fsw), PART("ftw", xs.ftw), PART("mxcsr", xs.mxcsr), PART("pkru", xs.pkru),
    { "st", offsetof(X86Env, xs.st), 10, 8, 16, false },
    PARTS("xmm", xs.xmm, false), PARTS("ymmh", xs.ymmh, false),
    PARTS("k", xs.opmask, true), PARTS("zmmh", xs.zmmh, true), PARTS("zmm16", xs.zmm16, true),
};

static uint64_t flags_differ(const X86Env *a, const X86Env *b, uint64_t ignore)
{
    return (a->rflags ^ b->rflags) & ~(ignore & FL_STATUS) & ~(uint64_t)(FL_R1 | FL_RF);
}

static bool hot_same(const X86Env *a, const X86Env *b, uint64_t ignore)
{
    return memcmp(a->gpr, b->gpr, sizeof(a->gpr)) == 0 && flags_differ(a, b, ignore) == 0 &&
           ((a->hflags ^ b->hflags) & ~(uint32_t)HF_IGNORED) == 0 &&
           (a->shadow == b->shadow || (a->shadow | b->shadow) == SHADOW_STI);
}

static bool x86_same(const Cpu *cpu, const Cpu *clone, uint64_t ignore)
{
    const X86Env *a = &((const X86Cpu *)cpu)->env, *b = &((const X86Cpu *)clone)->env;

    if (!hot_same(a, b, ignore)) {
        return false;
    }
    for (unsigned k = 1; k < G_N_ELEMENTS(parts); k++) {
        const Part *p = &parts[k];
        const uint8_t *x = (const uint8_t *)a + p->at, *y = (const uint8_t *)b + p->at;

        if (p->ext && !(a->xcr0 & XCR0_OPMASK)) {
            continue;
        }
        if (p->size == p->stride) {
            if (memcmp(x, y, (size_t)p->size * p->n) != 0) {
                return false;
            }
            continue;
        }
        for (unsigned n = 0; n < p->n; n++) {
            if (memcmp(x + n * p->stride, y + n * p->stride, p->size) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* ---- telling */

static void add_value(const uint8_t *p, unsigned size, GString *out)
{
    for (unsigned k = size; k-- > 0;) {
        g_string_append_printf(out, "%02x", p[k]);
    }
}

static void add_difference(const char *name, const uint8_t *x, const uint8_t *y, unsigned size, GString *out)
{
    g_string_append_printf(out, "%-8s translated ", name);
    add_value(x, size, out);
    g_string_append(out, "  interpreted ");
    add_value(y, size, out);
    g_string_append(out, "\n");
}

static void part_differences(const Part *p, const X86Env *a, const X86Env *b, GString *out)
{
    static const char *const gpr[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
                                       "r12", "r13", "r14", "r15" };
    static const char *const seg[] = { "es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr" };

    for (unsigned n = 0; n < p->n; n++) {
        const uint8_t *x = (const uint8_t *)a + p->at + n * p->stride, *y = (const uint8_t *)b + p->at + n * p->stride;
        g_autofree char *name = p->at == offsetof(X86Env, gpr) ? g_strdup(gpr[n])
                                : p->at == offsetof(X86Env, seg) ? g_strdup(seg[n])
                                : p->n > 1 ? g_strdup_printf("%s%u", p->name, n) : g_strdup(p->name);

        if (memcmp(x, y, p->size) != 0) {
            add_difference(name, x, y, p->size, out);
        }
    }
}

static void x86_differences(const Cpu *cpu, const Cpu *clone, uint64_t ignore, GString *out)
{
    const X86Env *a = &((const X86Cpu *)cpu)->env, *b = &((const X86Cpu *)clone)->env;

    for (unsigned k = 0; k < G_N_ELEMENTS(parts); k++) {
        if (!parts[k].ext || (a->xcr0 & XCR0_OPMASK)) {
            part_differences(&parts[k], a, b, out);
        }
    }
    if (flags_differ(a, b, ignore) != 0) {
        g_string_append_printf(out, "rflags   translated %08" PRIx64 "  interpreted %08" PRIx64 "  compared under %08"
                               PRIx64 "\n", a->rflags, b->rflags, ~(ignore & FL_STATUS) & 0xffffffff);
    }
    if ((a->hflags ^ b->hflags) & ~(uint32_t)HF_IGNORED) {
        g_string_append_printf(out, "hflags   translated %08x  interpreted %08x\n", a->hflags, b->hflags);
    }
    if (a->shadow != b->shadow) {
        g_string_append_printf(out, "shadow   translated %u  interpreted %u\n", a->shadow, b->shadow);
    }
}

static bool x86_lost(const Cpu *cpu)
{
    const X86Cpu *c = (const X86Cpu *)cpu;

    return (c->env.hflags & HF_CS64) && !x86_canonical(c, c->env.rip);
}

/* ---- page faults */

static uint64_t x86_fault_get(const Cpu *cpu)
{
    const X86Env *env = &((const X86Cpu *)cpu)->env;

    return (uint64_t)env->fault.vector << 32 | env->fault.error;
}

static void x86_fault_set(Cpu *clone, uint64_t fault, uint64_t va)
{
    X86Env *env = &x86_cpu(clone)->env;

    env->fault.vector = (int)(fault >> 32);
    env->fault.error = (uint32_t)fault;
    env->fault.addr = va;
}

/* Only 64-bit code has its faults delivered that way: error, RIP, CS, RFLAGS. */
static void x86_fault_flags(Cpu *clone, uint64_t mask, uint64_t flags)
{
    X86Env *env = &x86_cpu(clone)->env;
    uint64_t at = env->gpr[R_RSP] + 24, old = guest_ld64(clone, at, env->mmu_mode);

    mask &= FL_STATUS;
    guest_st64(clone, at, (old & ~mask) | (flags & mask), env->mmu_mode);
    env->rflags = (env->rflags & ~mask) | (flags & mask);
}

static void x86_spoil(Cpu *cpu)
{
    x86_cpu(cpu)->env.gpr[R_RBX] ^= 0x10;
}

const TcgLockstepOps x86_lockstep_ops = {
    .clone = x86_clone, .clone_free = x86_clone_free, .copy = x86_copy, .pc = x86_pc, .pc_linear = x86_pc_linear,
    .step = x86_step, .same = x86_same, .differences = x86_differences, .spoil = x86_spoil, .lost = x86_lost,
    .fault_get = x86_fault_get, .fault_set = x86_fault_set, .fault_flags = x86_fault_flags,
};
