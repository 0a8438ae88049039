/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system side of the CPU, private to target/i386: descriptors, segment loads, control transfers, events,
 * paging, system registers. Functions that may raise a guest exception do not return then (G_NORETURN paths
 * of x86_raise*); they change no state before their last check. All run on the vCPU's own thread. */
#ifndef TARGET_I386_SYS_H
#define TARGET_I386_SYS_H

#include "accel/tcg/guest.h"
#include "target/i386/cpu.h"

/* Privileged accesses of the processor itself (tables, TSS): supervisor, SMAP enforced. */
enum { MMU_IMPLICIT = X86_MMU_KERNEL };

static inline unsigned x86_cpl(const X86Cpu *c) { return c->env.hflags & HF_CPL; }
static inline bool x86_pe(const X86Cpu *c) { return c->env.hflags & HF_PE; }
static inline bool x86_lma(const X86Cpu *c) { return c->env.hflags & HF_LMA; }
static inline bool x86_vm86(const X86Cpu *c) { return c->env.hflags & HF_VM; }
bool kvm_nested_in_use(const void *state, size_t n);    /* of KVM_GET_NESTED_STATE; kvm_regs.c */
void kvm_inject_mce(Cpu *cpu, const CpuMce *m);     /* kvm_x86.c; on the vCPU's thread */
static inline bool x86_cs64(const X86Cpu *c) { return c->env.hflags & HF_CS64; }
static inline unsigned x86_iopl(const X86Cpu *c) { return c->env.rflags >> 12 & 3; }
/* Linear addresses are 32 bits wide outside IA-32e mode. */
static inline uint64_t x86_lin(const X86Cpu *c, uint64_t la) { return x86_lma(c) ? la : (uint32_t)la; }
bool x86_canonical(const X86Cpu *c, uint64_t va);
/* Bits of rflags that a program can have at all. */
enum { FL_ALL = 0x3f7fd5 };

/* ---- walk.c */
bool x86_tlb_peek(Cpu *cpu, uint64_t va, unsigned mmu_mode, TlbFill *fill);
bool x86_tlb_fill(Cpu *cpu, uint64_t va, Access how, unsigned mmu_mode, TlbFill *fill);
bool x86_virt_to_phys(Cpu *cpu, uint64_t va, GuestAddr *pa);
/* Debugger's walk of every mapping, for info mem and info tlb: va ascending. flags: the accumulated
 * leaf entry (PTE_*), size in bytes. */
void x86_walk_all(X86Cpu *c, void (*fn)(uint64_t va, uint64_t pa, uint64_t entry, uint64_t size, bool user,
                                        bool write, void *opaque), void *opaque);
enum { PTE_P = 1 << 0, PTE_W = 1 << 1, PTE_U = 1 << 2, PTE_PWT = 1 << 3, PTE_PCD = 1 << 4, PTE_A = 1 << 5,
       PTE_D = 1 << 6, PTE_PS = 1 << 7, PTE_G = 1 << 8 };
#define PTE_NX (1ull << 63)

/* ---- segment.c: descriptors */
typedef struct X86Desc {
    uint32_t lo, hi;
    uint64_t addr;                  /* linear, of its first byte */
} X86Desc;
static inline uint64_t x86_desc_base(const X86Desc *d)
{
    return d->lo >> 16 | (d->hi & 0xff) << 16 | (d->hi & 0xff000000);
}
static inline uint32_t x86_desc_limit(const X86Desc *d)
{
    uint32_t limit = (d->lo & 0xffff) | (d->hi & 0xf0000);

    return d->hi & SEGA_G ? limit << 12 | 0xfff : limit;
}
static inline unsigned x86_desc_dpl(const X86Desc *d) { return d->hi >> SEGA_DPL_SHIFT & 3; }
static inline unsigned x86_desc_type(const X86Desc *d) { return d->hi >> 8 & 15; }
enum { SEGA_MASK = 0x00f0ff00 };
/* Reads the descriptor sel selects; false: null LDT or beyond the table's limit. */
bool x86_desc_fetch(X86Cpu *c, uint16_t sel, X86Desc *d);
/* The same; beyond: vector with error code sel & ~3 | ext. */
void x86_desc_need(X86Cpu *c, uint16_t sel, X86Desc *d, int vector, unsigned ext);
void x86_desc_set_accessed(X86Cpu *c, X86Desc *d);
/* Puts descriptor and selector into the register, as is. */
void x86_seg_put(X86Cpu *c, unsigned seg, uint16_t sel, const X86Desc *d);
void x86_seg_null(X86Cpu *c, unsigned seg, uint16_t sel);
/* The register alone: whoever calls it calls x86_update_hflags() when all is in place. */
static inline void x86_seg_store(X86Cpu *c, unsigned seg, uint32_t sel, uint64_t base, uint32_t limit,
                                 uint32_t attr)
{
    c->env.seg[seg] = (X86Seg){ .base = base, .limit = limit, .attr = attr & SEGA_MASK, .sel = sel };
}
static inline void x86_seg_store_desc(X86Cpu *c, unsigned seg, uint16_t sel, const X86Desc *d)
{
    x86_seg_store(c, seg, sel, x86_desc_base(d), x86_desc_limit(d), d->hi);
}
/* MOV, POP, LDS ..: all checks of the current mode. Not CS. */
void x86_load_seg(X86Cpu *c, unsigned seg, uint16_t sel);
/* After a return to an outer level: data segments it must not keep become null. */
void x86_drop_segs(X86Cpu *c, unsigned cpl);

typedef enum X86Far { FAR_JMP, FAR_CALL } X86Far;
void x86_far(X86Cpu *c, X86Far how, uint16_t sel, uint64_t off, unsigned opsize);
void x86_far_ret(X86Cpu *c, unsigned opsize, unsigned pop);
/* Parts of RET and IRET: the CS to return to, checked, with its target; the SS beside it (false: null SS of
 * 64-bit mode); both into the registers, ss NULL for a null one, data segments dropped when going outwards;
 * hflags are the caller's to update. */
void x86_return_cs(X86Cpu *c, uint16_t sel, X86Desc *d, uint64_t rip);
bool x86_return_ss(X86Cpu *c, uint16_t sel, const X86Desc *cs, unsigned rpl, X86Desc *ss);
void x86_return_commit(X86Cpu *c, uint16_t cs_sel, X86Desc *cs, uint16_t ss_sel, X86Desc *ss, uint64_t sp);

/* A stack being filled or emptied without touching the registers before all is known to work. */
typedef struct X86Stack {
    uint64_t base, sp, mask;
    uint32_t limit, attr;
    unsigned mode;                  /* X86_MMU_* */
    uint32_t error;                 /* of the #SS a limit violation raises */
} X86Stack;
void x86_stack_now(X86Cpu *c, X86Stack *s, unsigned ext);       /* the current one */
void x86_stack_push(X86Cpu *c, X86Stack *s, unsigned size, uint64_t v);
uint64_t x86_stack_pop(X86Cpu *c, X86Stack *s, unsigned size);
/* Takes s->sp as the stack pointer, in the width of s. */
void x86_stack_commit(X86Cpu *c, const X86Stack *s);
/* SS and stack pointer for level dpl out of the TSS, checked (#TS, #SS); d is the new SS, not for long mode. */
void x86_tss_stack(X86Cpu *c, unsigned dpl, unsigned ext, X86Stack *s, uint16_t *sel, X86Desc *d);
uint64_t x86_tss64_stack(X86Cpu *c, unsigned index, unsigned ext);  /* RSP0-2: 0-2, IST1-7: 3-9 */

/* ---- task.c */
typedef enum X86TaskHow { TASK_JMP, TASK_CALL, TASK_IRET, TASK_GATE } X86TaskHow;
/* Switches to the TSS that sel selects; tss_desc is its descriptor, checks of type and presence included.
 * ret_rip goes into the old TSS. push_error: push error on the new stack. */
void x86_task_switch(X86Cpu *c, uint16_t sel, X86TaskHow how, uint64_t ret_rip, unsigned ext,
                     bool push_error, uint32_t error);

/* ---- except.c */
typedef enum X86Event { EVENT_EXCEPTION, EVENT_SOFT, EVENT_ICEBP, EVENT_EXTERNAL, EVENT_NMI } X86Event;
/* Delivers: afterwards env.rip and next_rip are the handler's first instruction. Returns. */
void x86_event(X86Cpu *c, X86Event how, int vector, uint64_t ret_rip);
void x86_int_n(X86Cpu *c, int vector, bool is_cd);      /* INT n (is_cd), INT3, INTO, from their semantics */
void x86_icebp(X86Cpu *c);
void x86_iret(X86Cpu *c, unsigned opsize);
bool x86_deliver_pending(Cpu *cpu);
bool x86_can_deliver(const Cpu *cpu);       /* something in Cpu.pending would be taken now */
G_NORETURN void x86_raise_fault(Cpu *cpu);
G_NORETURN void x86_triple_fault(X86Cpu *c);
/* Flags written by POPF, IRET and the like: mask says which may change. */
void x86_set_flags(X86Cpu *c, uint64_t v, uint64_t mask);
void x86_watch_io(X86Cpu *c, unsigned port, unsigned n);

bool x86_deliver_boot(Cpu *cpu);            /* a pending reset, INIT or SIPI; false: nothing to do */

/* ---- smm.c */
void x86_smm_enter(X86Cpu *c);
void x86_smm_leave(X86Cpu *c);              /* RSM; may shut down */

/* ---- msr.c, cpuid.c */
bool x86_rdmsr(X86Cpu *c, uint32_t index, uint64_t *v);     /* false: #GP */
bool x86_wrmsr(X86Cpu *c, uint32_t index, uint64_t v);
uint64_t x86_cr4_allowed(const X86Cpu *c);      /* bits that the features announced permit */
bool x86_set_efer(X86Cpu *c, uint64_t v);
uint64_t x86_tsc(X86Cpu *c);                /* RDTSC's value */
uint64_t x86_tsc_ns(const X86Cpu *c, uint64_t tsc);     /* kvmclock when the counter is tsc: the same on all vCPUs */
void x86_tsc_clock(Cpu *cpu, const TcgClock *k);        /* TcgGuestOps.clock */
uint64_t x86_xcr0_supported(const X86Cpu *c);
uint32_t x86_xsave_size(const X86Cpu *c, uint64_t xcr0, bool compact);
void x86_kvmclock_write(X86Cpu *c, bool old_abi);
void x86_features_default(X86Cpu *c);       /* qemu64's, for test harnesses without a machine */

/* Called under the VM lock taken here; NULL apic: as without one. */
uint8_t x86_get_cr8(X86Cpu *c);
void x86_set_cr8(X86Cpu *c, uint8_t v);

/* ---- dump.c, gdb*.c, vmstate.c */
void x86_cpu_dump(Cpu *cpu, GString *out);
void x86_dump_mem(X86Cpu *c, GString *out);         /* info mem */
void x86_dump_tlb(X86Cpu *c, GString *out);         /* info tlb */
unsigned x86_gdb_layout(Cpu *cpu);                      /* CpuType.gdb_* */
char *x86_gdb_xml(unsigned layout, const char *file);
unsigned x86_gdb_pc(unsigned layout);
int x86_gdb_read(Cpu *cpu, unsigned layout, unsigned reg, uint8_t *buf);
int x86_gdb_write(Cpu *cpu, unsigned layout, unsigned reg, const uint8_t *buf);
extern const VmState x86_cpu_vmstate;

extern const TcgGuestOps x86_tcg_ops;
extern const TcgLockstepOps x86_lockstep_ops;       /* tcg/lockstep.c */

#endif
