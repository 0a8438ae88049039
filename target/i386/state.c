/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes the processor's mode as a whole: reset and INIT (SDM vol. 3, table 9-1), control registers,
 * A20, and the one place where hflags and mmu_mode are derived from the architectural state. */
#include "target/i386/sys.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/kvm/guest.h"
#include "target/i386/apic_if.h"
#include "target/i386/features.h"
#include "target/i386/tcg/insn.h"
#include "util/log.h"

/* ---- derived state; also computed while the guest's vector registers are loaded */

#include "accel/tcg/general_regs.h"

static bool seg_is_flat(const X86Seg *s, bool code)
{
    uint32_t need = SEGA_P | SEGA_S | SEGA_RW;          /* writable data, readable code */
    uint32_t type = code ? SEGA_CODE : 0;

    return s->base == 0 && s->limit == 0xffffffff && (s->attr & need) == need &&
           (s->attr & (SEGA_CODE | (code ? 0 : SEGA_CE))) == type;
}

static uint32_t mode_flags(const X86Env *env, unsigned cpl)
{
    uint32_t f = cpl;

    if (env->seg[SEG_CS].attr & SEGA_DB) {
        f |= HF_CS32;
    }
    if (env->seg[SEG_SS].attr & SEGA_DB) {
        f |= HF_SS32;
    }
    if (env->cr0 & CR0_PE) {
        f |= HF_PE;
    }
    if (env->cr0 & CR0_PG) {
        f |= HF_PG;
    }
    if ((env->cr0 & CR0_PE) && (env->rflags & FL_VM)) {
        f |= HF_VM;
    }
    if (env->efer & EFER_LMA) {
        f |= HF_LMA;
        if ((env->seg[SEG_CS].attr & SEGA_L) && !(f & HF_VM)) {
            f = (f & ~(uint32_t)HF_CS32) | HF_CS64;
        }
    }
    if ((f & HF_CS64) ||
        ((f & HF_PE) && !(f & HF_VM) && seg_is_flat(&env->seg[SEG_CS], true) &&
         seg_is_flat(&env->seg[SEG_SS], false) && seg_is_flat(&env->seg[SEG_DS], false) &&
         seg_is_flat(&env->seg[SEG_ES], false))) {
        f |= HF_FLAT;
    }
    return f;
}

static uint32_t unit_flags(const X86Env *env, unsigned cpl)
{
    uint32_t f = (env->cr0 >> 1 & 1) << 11 | (env->cr0 >> 2 & 1) << 12 | (env->cr0 >> 3 & 1) << 13;

    /* Bits 11, 12, 13 hold MP, EM, TS. */
    f |= env->cr4 & CR4_OSFXSR ? HF_OSFXSR : 0;
    if (env->cr4 & CR4_OSXSAVE) {
        f |= HF_OSXSAVE;
        f |= (env->xcr0 & 0x06) == 0x06 ? HF_AVX : 0;
        f |= (env->xcr0 & 0xe6) == 0xe6 ? HF_AVX512 : 0;
    }
    f |= env->cr4 & CR4_SMAP ? HF_SMAP_ON : 0;
    f |= env->cr4 & CR4_UMIP ? HF_UMIP : 0;
    f |= env->cr4 & CR4_FSGSBASE ? HF_FSGSBASE : 0;
    if (env->rflags & FL_AC) {
        f |= HF_AC;
        f |= (env->cr0 & CR0_AM) && cpl == 3 ? HF_ALIGN : 0;
    }
    return f;
}

void x86_update_hflags(X86Cpu *c)
{
    X86Env *env = &c->env;
    unsigned cpl = 0;

    if (env->cr0 & CR0_PE) {
        cpl = env->rflags & FL_VM ? 3 : env->seg[SEG_SS].attr >> SEGA_DPL_SHIFT & 3;
    }
    uint32_t f = mode_flags(env, cpl) | unit_flags(env, cpl);
    f |= env->rflags & FL_TF ? HF_TF : 0;
    f |= env->smm ? HF_SMM : 0;
    f |= (env->rflags >> 12 & 3) * (HF_IOPL & -HF_IOPL);
    f |= env->shadow ? HF_SHADOW : 0;
    f |= (env->dr[7] & 0xff) || c->cpu.debug.data ? HF_DR7 : 0;
    env->hflags = f;
    env->mmu_mode = cpl == 3 ? X86_MMU_USER
                    : (f & (HF_SMAP_ON | HF_AC)) == (HF_SMAP_ON | HF_AC) ? X86_MMU_KERNEL_NOSMAP
                                                                         : X86_MMU_KERNEL;
}

#include "accel/tcg/general_regs_end.h"

/* ---- translations of memory become stale */

static void forget(X86Cpu *c, bool global_too)
{
    if (c->cpu.accel_data != NULL) {
        x86_interp_flush(c);
        guest_tlb_flush(&c->cpu, global_too);
    }
}

static unsigned pcid(const X86Env *env)
{
    return env->cr4 & CR4_PCIDE ? env->cr3 & 0xfff : 0;
}

/* ---- registers */

void x86_load_seg_raw(X86Cpu *c, unsigned seg, uint32_t sel, uint64_t base, uint32_t limit, uint32_t attr)
{
    c->env.seg[seg] = (X86Seg){ .base = base, .limit = limit, .attr = attr & SEGA_MASK, .sel = sel };
    if (seg <= SEG_DS) {
        x86_update_hflags(c);
    }
}

void x86_set_cr0(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    uint64_t old = env->cr0;

    env->cr0 = (v & 0xe005003f) | CR0_ET;
    if ((env->cr0 & CR0_PG) && (env->efer & EFER_LME)) {
        env->efer |= EFER_LMA;
    } else {
        env->efer &= ~(uint64_t)EFER_LMA;
    }
    x86_update_hflags(c);
    if ((old ^ env->cr0) & (CR0_PG | CR0_WP | CR0_PE)) {
        forget(c, true);
    }
}

/* Bit 63 of the value says that entries of its PCID need not go. */
void x86_set_cr3(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    bool keep = (env->cr4 & CR4_PCIDE) && (v >> 63);

    env->cr3 = v & ~(1ull << 63);
    if (!(env->efer & EFER_LMA)) {
        env->cr3 = (uint32_t)env->cr3;
    }
    if (c->cpu.accel_data == NULL) {
        return;
    }
    x86_interp_flush(c);
    guest_addr_space(&c->cpu, env->cr3 & ~0xfffull, pcid(env), keep);
    if (!(env->cr4 & CR4_PCIDE)) {
        guest_tlb_flush(&c->cpu, false);
        return;
    }
    guest_tlb_set_asid(&c->cpu, pcid(env));
    if (!keep) {
        guest_tlb_flush_asid(&c->cpu, pcid(env), false);
    }
}

void x86_set_cr4(X86Cpu *c, uint64_t v)
{
    X86Env *env = &c->env;
    uint64_t diff = env->cr4 ^ v;

    env->cr4 = v;
    x86_update_hflags(c);
    if ((diff & CR4_PCIDE) && c->cpu.accel_data != NULL) {
        guest_addr_space(&c->cpu, env->cr3 & ~0xfffull, pcid(env), false);
        guest_tlb_set_asid(&c->cpu, pcid(env));
    }
    if (diff & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PCIDE | CR4_PKE)) {
        forget(c, true);
    }
}

static void a20_changed(Cpu *cpu, void *opaque)
{
    X86Cpu *c = x86_cpu(cpu);

    c->env.a20_mask = GPOINTER_TO_INT(opaque) ? ~0ull : ~(1ull << 20);
    forget(c, true);
}

/* Any thread: the vCPU's own applies it at once, the main thread while it stands still (a reset does more to it right
 * away), others between two instructions. */
void x86_set_a20(X86Cpu *c, bool on)
{
    if (current_cpu == &c->cpu || (current_cpu == NULL && cpu_is_stopped(&c->cpu))) {
        a20_changed(&c->cpu, GINT_TO_POINTER(on));
    } else {
        cpu_run_async(&c->cpu, a20_changed, GINT_TO_POINTER(on));
    }
}

/* ---- reset */

static void reset_segments(X86Cpu *c)
{
    for (unsigned k = 0; k < 6; k++) {
        x86_load_seg_raw(c, k, 0, 0, 0xffff, 0x9300);
    }
    x86_load_seg_raw(c, SEG_CS, 0xf000, 0xffff0000, 0xffff, 0x9b00);
    x86_load_seg_raw(c, SEG_LDTR, 0, 0, 0xffff, 0x8200);
    x86_load_seg_raw(c, SEG_TR, 0, 0, 0xffff, 0x8b00);
    c->env.gdt = c->env.idt = (X86Table){ 0, 0xffff };
}

static void reset_fpu(X86Env *env)
{
    memset(&env->xs, 0, sizeof(env->xs));
    env->xs.fcw = 0x37f;
    env->xs.mxcsr = 0x1f80;
    env->xs.mxcsr_mask = 0xffff;
}

static void reset_msrs(X86Env *env)
{
    env->star = env->lstar = env->cstar = env->sfmask = env->kernel_gs_base = env->tsc_aux = 0;
    env->sysenter_cs = env->sysenter_esp = env->sysenter_eip = 0;
    env->pat = 0x0007040600070406ull;
    env->misc_enable = 1;           /* fast strings */
    env->mcg_cap = 0x100 | 10;      /* ten banks, control MSR */
    env->mcg_status = 0;
    env->mcg_ctl = ~0ull;
    memset(env->mce_banks, 0, sizeof(env->mce_banks));
    for (unsigned k = 0; k < 10; k++) {
        env->mce_banks[k * 4] = ~0ull;
    }
    memset(env->mtrr_fixed, 0, sizeof(env->mtrr_fixed));
    memset(env->mtrr_var, 0, sizeof(env->mtrr_var));
    env->mtrr_def_type = env->feature_control = env->spec_ctrl = env->debugctl = env->xss = 0;
    env->tsc_deadline = env->tsc_adjust = env->u_cet = 0;
    env->smbase = 0x30000;
    env->smi_count = 0;
    env->kvm_system_time = env->kvm_wall_clock = 0;
    memset(env->kvm_other, 0, sizeof(env->kvm_other));
}

static void log_reset(X86Cpu *c)
{
    if (log_on(LOG_CPU_RESET)) {
        GString *text = g_string_new(NULL);

        x86_cpu_dump(&c->cpu, text);
        log_printf("CPU Reset (CPU %u)\n%s", c->cpu.index, text->str);
        g_string_free(text, TRUE);
    }
}

/* INIT keeps caches, x87, vector state, MSRs, TSC (table 9-1, note); power-up does not. */
void x86_cpu_reset(X86Cpu *c, bool init)
{
    X86Env *env = &c->env;

    log_reset(c);
    memset(env->gpr, 0, sizeof(env->gpr));
    env->gpr[R_RDX] = env->cpuid_version;
    env->rip = env->next_rip = 0xfff0;
    env->rflags = FL_R1;
    env->cr0 = CR0_ET | (init ? env->cr0 & (CR0_CD | CR0_NW) : CR0_CD | CR0_NW);
    env->cr2 = env->cr3 = env->cr4 = env->cr8 = env->efer = 0;
    env->shadow = 0;
    env->nmi_blocked = env->smm = env->smi_blocked = env->wait_sipi = false;
    env->exc_vector = -1;
    env->db_pending = 0;
    memset(env->dr, 0, sizeof(env->dr));
    env->dr[6] = 0xffff0ff0;
    env->dr[7] = 0x400;
    if (!init) {
        env->a20_mask = ~0ull;
        env->xcr0 = XCR0_X87;
        reset_fpu(env);
        reset_msrs(env);
    }
    if (c->mem_normal != NULL) {
        c->cpu.mem = c->mem_normal;
    }
    c->cpu.halted = false;
    reset_segments(c);
    x86_update_hflags(c);
    env->ev = (X86Held){ .kind = HELD_NONE };
    if (c->cpu.accel_data != NULL) {
        guest_tlb_set_asid(&c->cpu, 0);
        forget(c, true);
    }
    kvm_regs_replaced(&c->cpu, KVM_PUT_RESET);
}

/* The instruction itself goes on, as it does on hardware once the handler has acknowledged at port F0H. */
int x86_take_interrupt(X86Cpu *c)
{
    int vector = -1;
    bool taken;

    if (c->apic_ops != NULL) {
        return c->apic_ops->take_interrupt(c->apic);
    }
    taken = vm_lock_maybe(c->cpu.dev.vm);
    if (c->pic_take != NULL) {
        vector = c->pic_take(c->pic);
    } else {
        pending_clear(&c->cpu, CPU_PENDING_INTR);
    }
    vm_unlock_maybe(c->cpu.dev.vm, taken);
    return vector;
}

void x86_report_ferr(X86Cpu *c)
{
    Vm *vm = c->cpu.dev.vm;
    bool taken = vm_lock_maybe(vm);

    irq_raise(c->ferr);
    vm_unlock_maybe(vm, taken);
}
