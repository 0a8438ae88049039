/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What arrives from outside between two instructions, in the order of SDM vol. 3, table 6-2; debug traps and
 * breakpoints (vol. 3, chapter 17). */
#include "target/i386/sys.h"

#include "hw/core/vm.h"
#include "target/i386/apic_if.h"
#include "target/i386/tcg/insn.h"
#include "util/log.h"

/* Virtual-8086 mode extensions do not matter: external interrupts look at IF alone. */
static uint32_t deliverable(const X86Cpu *c, uint32_t pending)
{
    const X86Env *env = &c->env;
    uint32_t can = 0;

    if (env->wait_sipi) {
        return pending & (CPU_PENDING_INIT | CPU_PENDING_SIPI | CPU_PENDING_RESET);
    }
    can |= pending & (CPU_PENDING_RESET | CPU_PENDING_SIPI | CPU_PENDING_MCE);
    if (!env->smm) {
        can |= pending & CPU_PENDING_INIT;
        if (!env->smi_blocked) {
            can |= pending & CPU_PENDING_SMI;
        }
    }
    if (!env->nmi_blocked && !env->shadow) {
        can |= pending & CPU_PENDING_NMI;
    }
    if ((env->rflags & FL_IF) && !env->shadow) {
        can |= pending & CPU_PENDING_INTR;
    }
    return can;
}

/* An event that a kernel's KVM had begun to deliver when the state was saved there. */
static bool holds_event(const X86Cpu *c) { return c->cpu.kvm == NULL && c->env.ev.kind != HELD_NONE; }

bool x86_can_deliver(const Cpu *cpu)
{
    return holds_event((const X86Cpu *)cpu) || deliverable((const X86Cpu *)cpu, pending_now(cpu)) != 0;
}

static void take_sipi(X86Cpu *c)
{
    X86Env *env = &c->env;
    uint32_t vector;

    pending_clear(&c->cpu, CPU_PENDING_SIPI);
    if (!env->wait_sipi) {
        return;
    }
    pending_clear(&c->cpu, CPU_PENDING_INIT);  /* came first, and changes nothing in this state */
    env->wait_sipi = false;
    c->cpu.halted = false;
    vector = __atomic_load_n(&env->sipi_vector, __ATOMIC_RELAXED);
    x86_load_seg_raw(c, SEG_CS, vector << 8, vector << 12, 0xffff, 0x9b00);
    env->rip = env->next_rip = 0;
}

static void take_init(X86Cpu *c)
{
    pending_clear(&c->cpu, CPU_PENDING_INIT);
    x86_cpu_reset(c, true);
    if (c->apic_ops != NULL) {
        bool taken = vm_lock_maybe(c->cpu.dev.vm);

        c->apic_ops->init_reset(c->apic);
        vm_unlock_maybe(c->cpu.dev.vm, taken);
    }
    if (!x86_cpu_is_bsp(c)) {
        c->env.wait_sipi = true;
        c->cpu.halted = true;
    }
}

static bool take_interrupt(X86Cpu *c)
{
    int vector = x86_take_interrupt(c);

    if (vector < 0) {
        return false;
    }
    c->cpu.halted = false;
    x86_event(c, EVENT_EXTERNAL, vector, c->env.rip);
    return true;
}

bool x86_deliver_boot(Cpu *cpu)
{
    X86Cpu *c = x86_cpu(cpu);
    uint32_t can = deliverable(c, pending_now(cpu));

    if (can & CPU_PENDING_RESET) {
        pending_clear(cpu, CPU_PENDING_RESET);
        x86_cpu_reset(c, false);
    } else if (can & CPU_PENDING_INIT) {
        take_init(c);
    } else if (can & CPU_PENDING_SIPI) {
        take_sipi(c);
    } else {
        return false;
    }
    return true;
}

/* CR2 or DR6 of an exception that was not delivered at all yet. */
static void take_payload(X86Env *env, const X86Held *h)
{
    if (h->kind == HELD_PENDING && h->has_payload && h->vector == EXC_PF) {
        env->cr2 = h->payload;
    } else if (h->kind == HELD_PENDING && h->has_payload && h->vector == EXC_DB) {
        env->dr[6] = (env->dr[6] & ~15ull) | h->payload;
    }
}

static void deliver_held(X86Cpu *c)
{
    X86Held h = c->env.ev;

    c->env.ev = (X86Held){ .kind = HELD_NONE };
    c->cpu.halted = false;
    switch (h.kind) {
    case HELD_INTERRUPT:
        x86_event(c, EVENT_EXTERNAL, h.vector, c->env.rip);
        break;
    case HELD_NMI:
        c->env.nmi_blocked = true;
        x86_event(c, EVENT_NMI, EXC_NMI, c->env.rip);
        break;
    case HELD_EXCEPTION:
    case HELD_PENDING:
        take_payload(&c->env, &h);
        x86_raise_err(c, h.vector, h.error);
    default:                        /* INT n: the instruction runs again */
        break;
    }
}

bool x86_deliver_pending(Cpu *cpu)
{
    X86Cpu *c = x86_cpu(cpu);

    if (G_UNLIKELY(holds_event(c))) {
        deliver_held(c);
        return true;
    }
    uint32_t can = deliverable(c, pending_now(cpu));

    if (can & CPU_PENDING_RESET) {
        pending_clear(cpu, CPU_PENDING_RESET);
        x86_cpu_reset(c, false);
    } else if (can & CPU_PENDING_MCE) {
        pending_clear(cpu, CPU_PENDING_MCE);
        cpu->halted = false;
        x86_raise(c, EXC_MC);
    } else if (can & CPU_PENDING_SMI) {
        pending_clear(cpu, CPU_PENDING_SMI);
        cpu->halted = false;
        x86_smm_enter(c);
    } else if (can & CPU_PENDING_INIT) {
        take_init(c);
    } else if (can & CPU_PENDING_SIPI) {
        take_sipi(c);
    } else if (can & CPU_PENDING_NMI) {
        pending_clear(cpu, CPU_PENDING_NMI);
        cpu->halted = false;
        c->env.nmi_blocked = true;
        x86_event(c, EVENT_NMI, EXC_NMI, c->env.rip);
    } else if (can & CPU_PENDING_INTR) {
        return take_interrupt(c);
    } else {
        return false;
    }
    return true;
}

/* ---- signals from other threads */

static void signal_bits(Cpu *cpu, uint32_t bits)
{
    __atomic_fetch_or(&cpu->pending, bits, __ATOMIC_ACQ_REL);
    cpu_kick(cpu);
}

/* A start-up message from before the INIT is void; one that comes while it is pending is not. */
void x86_cpu_signal_init(Cpu *cpu)
{
    pending_clear(cpu, CPU_PENDING_SIPI);
    signal_bits(cpu, CPU_PENDING_INIT);
}

void x86_cpu_signal_nmi(Cpu *cpu) { signal_bits(cpu, CPU_PENDING_NMI); }
void x86_cpu_signal_smi(Cpu *cpu) { signal_bits(cpu, CPU_PENDING_SMI); }

void x86_cpu_signal_sipi(Cpu *cpu, uint8_t vector)
{
    __atomic_store_n(&x86_cpu(cpu)->env.sipi_vector, vector, __ATOMIC_RELAXED);
    signal_bits(cpu, CPU_PENDING_SIPI);
}

void x86_cpu_signal_intr(Cpu *cpu, bool level)
{
    if (level) {
        /* whoever set it first kicks; it stays set until the CPU has looked */
        if ((__atomic_fetch_or(&cpu->pending, CPU_PENDING_INTR, __ATOMIC_SEQ_CST) & CPU_PENDING_INTR) == 0) {
            cpu_kick(cpu);
        }
    } else {
        pending_clear(cpu, CPU_PENDING_INTR);
    }
}

/* ---- debug exceptions */

enum { DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15, DR7_GD = 1 << 13 };
enum { BP_INSN, BP_WRITE, BP_IO, BP_RW };

static bool bp_enabled(uint64_t dr7, unsigned n) { return dr7 >> (n * 2) & 3; }
static unsigned bp_kind(uint64_t dr7, unsigned n) { return dr7 >> (16 + n * 4) & 3; }

static unsigned bp_len(uint64_t dr7, unsigned n)
{
    static const uint8_t len[] = { 1, 2, 8, 4 };

    return len[dr7 >> (18 + n * 4) & 3];
}

static void raise_db(X86Cpu *c, uint64_t dr6)
{
    X86Env *env = &c->env;

    /* Bits 0-3, BD and BT are only ever set by the processor; BS too. */
    env->dr[6] |= dr6;
    env->dr[7] &= ~(uint64_t)DR7_GD;
    env->db_pending = 0;
}

void x86_debug_trap(X86Cpu *c, uint64_t dr6)
{
    raise_db(c, dr6);
    x86_raise(c, EXC_DB);
}

void x86_check_insn_bp(X86Cpu *c)
{
    const X86Env *env = &c->env;
    uint64_t la = x86_lin(c, x86_cs64(c) ? env->rip : env->seg[SEG_CS].base + env->rip), hit = 0;

    for (unsigned n = 0; n < 4; n++) {
        if (bp_enabled(env->dr[7], n) && bp_kind(env->dr[7], n) == BP_INSN && env->dr[n] == la) {
            hit |= 1 << n;
        }
    }
    if (hit && !(env->rflags & FL_RF) && env->shadow != SHADOW_MOV_SS) {
        x86_debug_trap(c, hit);
    }
}

/* Watchpoints of a debugger outside: the first that this instruction touches. */
static void debugger_watch(CpuDebug *d, uint64_t la, unsigned n, Access how)
{
    for (unsigned k = 0; k < d->n && d->watched < 0; k++) {
        const CpuBreak *b = &d->breaks[k];
        bool wanted = b->kind == WATCH_ACCESS || b->kind == (how == ACCESS_STORE ? WATCH_WRITE : WATCH_READ);

        if (wanted && (la - b->at < b->len || b->at - la < n)) {
            d->watched = (int)k;
        }
    }
}

void x86_watch(X86Cpu *c, uint64_t la, unsigned n, Access how)
{
    X86Env *env = &c->env;

    if (how == ACCESS_FETCH) {
        return;
    }
    debugger_watch(&c->cpu.debug, la, n, how);
    for (unsigned k = 0; k < 4; k++) {
        unsigned kind = bp_kind(env->dr[7], k), len = bp_len(env->dr[7], k);
        uint64_t at = env->dr[k] & ~(uint64_t)(len - 1);

        if (bp_enabled(env->dr[7], k) && (kind == BP_RW || (kind == BP_WRITE && how == ACCESS_STORE)) &&
            la < at + len && at < la + n) {
            env->db_pending |= 1 << k;
        }
    }
}

void x86_watch_io(X86Cpu *c, unsigned port, unsigned n)
{
    X86Env *env = &c->env;

    if (!(env->cr4 & CR4_DE)) {
        return;
    }
    for (unsigned k = 0; k < 4; k++) {
        unsigned len = bp_len(env->dr[7], k);
        uint64_t at = env->dr[k] & ~(uint64_t)(len - 1);

        if (bp_enabled(env->dr[7], k) && bp_kind(env->dr[7], k) == BP_IO && port < at + len && at < port + n) {
            env->db_pending |= 1 << k;
        }
    }
}
