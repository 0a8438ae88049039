/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter: fetch, decode (cached), checks, execute (SDM vol. 3, 6.7 for the order of
 * events).
 *
 * Decoded instructions are kept by host address of their first byte and by decoding mode; an entry
 * is good while the bytes there are what was decoded, so writes to code need no notice. The host
 * address of the current code page is looked up when the page or hflags change, and after every
 * instruction that may change memory or its mapping (IF_END, IF_PRIV). Code outside RAM and
 * instructions across two pages are fetched and decoded each time. */
#include "target/i386/tcg/sem.h"

#include "accel/accel.h"

enum { CACHE_ENTRIES = 8192, PAGE = 4096, HF_DECODE = HF_CS32 | HF_CS64 | HF_PE | HF_VM };

/* What an instruction needs besides its sem. */
enum {
    GATE_UD = 1 << 0, /* the vCPU's model lacks the feature */
    GATE_PRIV = 1 << 1,
    GATE_FP = 1 << 2,
    GATE_END = 1 << 3, /* afterwards the code page must be looked up again */
};

typedef struct Entry {
    const uint8_t *host;
    uint64_t bytes[2]; /* zero after the instruction */
    uint32_t mode;
    uint8_t gates, unused; /* unused: bits of bytes[0] after the instruction */
    Insn i;
} Entry;

typedef struct Interp {
    uint64_t page;       /* linear address of the code page in use; 1: none */
    const uint8_t *host; /* NULL: not RAM */
    uint32_t hflags;
    const Insn *last;    /* the instruction executed last */
    Entry uncached;
    Entry cache[CACHE_ENTRIES];
} Interp;

static Interp *interp_of(X86Cpu *c)
{
    if (UNLIKELY(c->interp == NULL)) {
        decode_init();
        c->interp = g_new0(Interp, 1);
    }
    return c->interp;
}

void x86_interp_flush(X86Cpu *c)
{
    if (c->interp != NULL) {
        c->interp->page = 1;
    }
}

const Insn *x86_interp_last(const X86Cpu *c)
{
    return c->interp->last;
}

void x86_interp_free(X86Cpu *c)
{
    g_free(c->interp);
    c->interp = NULL;
}

/* ---- checks before the instruction */

void x86_check_x87_error(X86Cpu *c)
{
    if (!(c->env.xs.fsw & 0x80)) {
        c->ignne = false;
    } else if (c->env.cr0 & CR0_NE) {
        x86_raise(c, EXC_MF);
    } else if (!c->ignne) {
        x86_report_ferr(c);
    }
}

void x86_check_fp(X86Cpu *c, const Insn *i)
{
    uint32_t f = i->row->flags;
    uint64_t cr0 = c->env.cr0, avx = f & IF_AVX512 ? 0xe6 : 0x6;

    if ((f & (IF_AVX | IF_AVX512)) && (!(c->env.cr4 & CR4_OSXSAVE) || (c->env.xcr0 & avx) != avx)) {
        x86_raise_ud(c);
    }
    if ((f & IF_SSE) && ((cr0 & CR0_EM) || !(c->env.cr4 & CR4_OSFXSR))) {
        x86_raise_ud(c);
    }
    if ((f & IF_MMX) && (cr0 & CR0_EM)) {
        x86_raise_ud(c);
    }
    if ((cr0 & CR0_TS) || ((f & IF_X87) && (cr0 & CR0_EM))) {
        x86_raise(c, EXC_NM);
    }
    if (f & (IF_X87 | IF_MMX)) {
        x86_check_x87_error(c);
    }
}

static void check_gates(X86Cpu *c, const Entry *e)
{
    if (e->gates & GATE_UD) {
        x86_raise_ud(c);
    }
    if ((e->gates & GATE_PRIV) && (c->env.hflags & HF_CPL) != 0) {
        x86_raise_err(c, EXC_GP, 0);
    }
    if (e->gates & GATE_FP) {
        x86_check_fp(c, &e->i);
    }
}

static uint32_t gates_of(const X86Cpu *c, const Insn *i)
{
    const InsnRow *r = i->row;
    uint32_t g = 0;

    if (!(r->flags & IF_SOFT_FEATURE) && !insn_has_feature(c->env.features, i)) {
        g |= GATE_UD;
    }
    g |= r->flags & IF_PRIV ? GATE_PRIV | GATE_END : 0;
    g |= r->flags & IF_END ? GATE_END : 0;
    g |= r->flags & (IF_X87 | IF_SSE | IF_AVX | IF_AVX512 | IF_MMX) ? GATE_FP : 0;
    return g;
}

/* ---- fetch and decode */

ALWAYS_INLINE uint64_t code_linear(const X86Cpu *c, uint64_t rip)
{
    return LIKELY(c->env.hflags & HF_CS64) ? rip : (uint32_t)(c->env.seg[SEG_CS].base + rip);
}

static bool code_limited(const X86Cpu *c)
{
    return !(c->env.hflags & (HF_CS64 | HF_FLAT));
}

/* Raises what decoding failed with. */
static void check_decoded(X86Cpu *c, DecodeResult res, const Insn *i)
{
    if (res == DECODE_GP ||
        (code_limited(c) && c->env.rip + i->len - 1 > c->env.seg[SEG_CS].limit)) {
        x86_raise_err(c, EXC_GP, 0);
    }
    if (res != DECODE_OK) {
        x86_raise_ud(c);
    }
}

static const Entry *decode_uncached(X86Cpu *c, Interp *ip, uint64_t va)
{
    Entry *e = &ip->uncached;
    uint8_t buf[16];
    unsigned have = 0;
    DecodeResult res;

    do {
        if (code_limited(c) && c->env.rip + have > c->env.seg[SEG_CS].limit) {
            x86_raise_err(c, EXC_GP, 0);
        }
        have = guest_fetch(&c->cpu, va, buf, have + 1, 15);
        res = decode_insn(c->env.hflags, buf, have, &e->i);
    } while (res == DECODE_MORE);
    check_decoded(c, res, &e->i);
    e->gates = gates_of(c, &e->i);
    return e;
}

static const Entry *decode_cached(X86Cpu *c, Interp *ip, Entry *e, const uint8_t *p, uint64_t va)
{
    DecodeResult res = decode_insn(c->env.hflags, p, MIN(15, PAGE - va % PAGE), &e->i);

    e->host = NULL;
    if (res == DECODE_MORE) {
        return decode_uncached(c, ip, va);
    }
    check_decoded(c, res, &e->i);
    memset(e->bytes, 0, sizeof(e->bytes));
    memcpy(e->bytes, p, e->i.len);
    e->unused = e->i.len >= 8 ? 0 : 64 - 8 * e->i.len;
    e->mode = c->env.hflags & HF_DECODE;
    e->gates = gates_of(c, &e->i);
    e->host = p;
    return e;
}

ALWAYS_INLINE bool entry_is_current(const Entry *e, const uint8_t *p, uint64_t va)
{
    if (UNLIKELY(va % PAGE > PAGE - 8 || e->i.len > 8)) {
        return memcmp(e->bytes, p, e->i.len) == 0;
    }
    return (host_ld(p, 8) ^ e->bytes[0]) << e->unused == 0;
}

/* Jumps check their target, but not all of them may (translations do not). */
static void check_code_address(X86Cpu *c, uint64_t va)
{
    bool outside = c->env.hflags & HF_CS64 ? !canonical(c, va)
                                           : code_limited(c) && c->env.rip > c->env.seg[SEG_CS].limit;

    if (outside) {
        x86_raise_err(c, EXC_GP, 0);
    }
}

static void find_code_page(X86Cpu *c, Interp *ip, uint64_t va)
{
    const uint8_t *p;

    ip->page = 1;
    p = guest_host(&c->cpu, va, 1, ACCESS_FETCH, c->env.mmu_mode);
    ip->host = p == NULL ? NULL : p - va % PAGE;
    ip->page = va & ~(uint64_t)(PAGE - 1);
    ip->hflags = c->env.hflags;
}

ALWAYS_INLINE const Entry *fetch(X86Cpu *c, Interp *ip, uint64_t rip)
{
    uint64_t va = code_linear(c, rip);
    const uint8_t *p;
    Entry *e;

    if (UNLIKELY(((va ^ ip->page) & ~(uint64_t)(PAGE - 1)) != 0 || (ip->page & 1) ||
                 ip->hflags != c->env.hflags)) {
        check_code_address(c, va);
        find_code_page(c, ip, va);
    }
    if (UNLIKELY(ip->host == NULL)) {
        return decode_uncached(c, ip, va);
    }
    p = ip->host + va % PAGE;
    e = &ip->cache[((uintptr_t)p ^ (uintptr_t)p >> 11) % CACHE_ENTRIES];
    if (LIKELY(e->host == p && e->mode == (c->env.hflags & HF_DECODE) &&
               entry_is_current(e, p, va))) {
        if (UNLIKELY(code_limited(c)) && c->env.rip + e->i.len - 1 > c->env.seg[SEG_CS].limit) {
            x86_raise_err(c, EXC_GP, 0);
        }
        return e;
    }
    return decode_cached(c, ip, e, p, va);
}

/* ---- execute */

/* rip is env.rip, kept in a register from one instruction to the next. */
ALWAYS_INLINE uint64_t execute(X86Cpu *c, Interp *ip, uint64_t rip)
{
    const Entry *e = fetch(c, ip, rip);
    uint64_t next = rip + e->i.len;

    ip->last = &e->i;
    c->env.next_rip = LIKELY(c->env.hflags & HF_CS64) ? next : (uint32_t)next;
    if (UNLIKELY(e->gates)) {
        check_gates(c, e);
        if (e->gates & GATE_END) {
            ip->page = 1;
        }
    }
    e->i.sem(c, &e->i);
    rip = c->env.next_rip;
    c->env.rip = rip;
    return rip;
}

/* One instruction with single step, breakpoints, RF or an interrupt shadow around it. */
static uint64_t execute_watched(X86Cpu *c, Interp *ip, uint64_t rip)
{
    bool step = c->env.rflags & FL_TF;

    if ((c->env.hflags & HF_DR7) && !(c->env.rflags & FL_RF)) {
        x86_check_insn_bp(c);
    }
    c->env.rflags &= ~(uint64_t)FL_RF;
    c->env.shadow = 0;
    c->env.hflags &= ~HF_SHADOW;
    c->env.no_step = false;
    rip = execute(c, ip, rip);
    uint64_t dr6 = c->env.db_pending | (step && !c->env.no_step ? 1 << 14 : 0);
    if (dr6 != 0 && !(c->env.shadow & SHADOW_MOV_SS)) {
        x86_debug_trap(c, dr6);
    }
    return rip;
}

/* Something the run loop can act upon now? A masked interrupt request is not. */
static bool must_leave(const X86Cpu *c, uint32_t pending)
{
    if (pending & CPU_PENDING_INTR) {
        if ((c->env.rflags & FL_IF) && c->env.shadow == 0) {
            return true;
        }
        pending &= ~CPU_PENDING_INTR;
    }
    if (c->env.nmi_blocked) {
        pending &= ~CPU_PENDING_NMI;
    }
    if (c->env.smm || c->env.smi_blocked) {
        pending &= ~CPU_PENDING_SMI;
    }
    return pending != 0;
}

/* A debugger's breakpoint at the next instruction? */
static bool stops_before(X86Cpu *c, uint64_t rip)
{
    const CpuDebug *d = &c->cpu.debug;
    uint64_t va = code_linear(c, rip);

    for (unsigned k = 0; k < d->n && d->insns && !d->step; k++) {
        if (d->breaks[k].at == va && d->breaks[k].kind <= BREAK_HARD) {
            cpu_debug_stop(&c->cpu, HIT_BREAK, &d->breaks[k]);
            return true;
        }
    }
    return false;
}

static bool stops_after(X86Cpu *c)
{
    CpuDebug *d = &c->cpu.debug;

    if (d->watched >= 0) {
        cpu_debug_stop(&c->cpu, HIT_BREAK, &d->breaks[d->watched]);
    } else if (d->step) {
        cpu_debug_stop(&c->cpu, HIT_STEP, NULL);
    }
    return d->watched >= 0 || d->step;
}

/* The same with a debugger's breakpoints, watchpoints and steps around every instruction. */
static unsigned interpret_debugged(X86Cpu *c, Interp *ip, unsigned max)
{
    Cpu *cpu = &c->cpu;
    uint64_t rip = c->env.rip;
    unsigned done = 0;
    uint32_t pending = 0;

    ip->page = 1;
    while (done < max && !cpu->halted && (cpu->icount == NULL || *cpu->icount > 0) &&
           (pending == 0 || !must_leave(c, pending)) && !stops_before(c, rip)) {
        if (cpu->icount != NULL) {
            --*cpu->icount;
        }
        cpu->debug.watched = -1;
        if (((c->env.rflags & (FL_TF | FL_RF)) | c->env.shadow | (c->env.hflags & HF_DR7)) != 0) {
            rip = execute_watched(c, ip, rip);
        } else {
            rip = execute(c, ip, rip);
        }
        done++;
        if (stops_after(c)) {
            break;
        }
        pending = __atomic_load_n(&cpu->pending, __ATOMIC_RELAXED);
    }
    return done;
}

/* The same with every instruction counted before it runs. */
static unsigned interpret_counted(X86Cpu *c, Interp *ip, unsigned max)
{
    Cpu *cpu = &c->cpu;
    uint64_t rip = c->env.rip;
    unsigned done = 0;
    uint32_t pending = 0;

    ip->page = 1;
    while (done < max && *cpu->icount > 0 && !cpu->halted && (pending == 0 || !must_leave(c, pending))) {
        --*cpu->icount;
        if (((c->env.rflags & (FL_TF | FL_RF)) | c->env.shadow | (c->env.hflags & HF_DR7)) != 0) {
            rip = execute_watched(c, ip, rip);
        } else {
            rip = execute(c, ip, rip);
        }
        done++;
        pending = __atomic_load_n(&cpu->pending, __ATOMIC_RELAXED);
    }
    return done;
}

unsigned x86_interpret(Cpu *cpu, unsigned max)
{
    X86Cpu *c = x86_cpu(cpu);
    Interp *ip = interp_of(c);
    uint64_t rip = c->env.rip;
    unsigned done = 0;
    uint32_t pending;

    if (UNLIKELY(cpu->debug.on)) {
        return interpret_debugged(c, ip, max);
    }
    if (UNLIKELY(cpu->icount != NULL)) {
        return interpret_counted(c, ip, max);
    }

    ip->page = 1;
    do {
        if (UNLIKELY((c->env.rflags & (FL_TF | FL_RF)) | c->env.shadow |
                     (c->env.hflags & HF_DR7))) {
            rip = execute_watched(c, ip, rip);
        } else {
            rip = execute(c, ip, rip);
        }
        done++;
        pending = __atomic_load_n(&cpu->pending, __ATOMIC_RELAXED);
    } while (done < max && LIKELY(!cpu->halted) &&
             (LIKELY(pending == 0) || !must_leave(c, pending)));
    return done;
}
