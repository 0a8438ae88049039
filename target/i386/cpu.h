/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State of one x86 vCPU (SDM vol. 1 ch. 3, vol. 3 ch. 2-3). Private to target/i386 and hw/i386.
 *
 * Layout matters: translated code reaches X86Env through one base register, so what it
 * touches comes first. Status flags live in rflags at their architectural positions, always up to date
 * when C code runs; vector and x87 state lives in the XSAVE standard-format image. */
#ifndef TARGET_I386_CPU_H
#define TARGET_I386_CPU_H

#include "target/cpu.h"

enum { R_RAX, R_RCX, R_RDX, R_RBX, R_RSP, R_RBP, R_RSI, R_RDI,
       R_R8, R_R9, R_R10, R_R11, R_R12, R_R13, R_R14, R_R15 };
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };

/* RFLAGS, SDM vol. 1, 3.4.3 */
enum {
    FL_CF = 1 << 0, FL_R1 = 1 << 1, FL_PF = 1 << 2, FL_AF = 1 << 4, FL_ZF = 1 << 6, FL_SF = 1 << 7,
    FL_TF = 1 << 8, FL_IF = 1 << 9, FL_DF = 1 << 10, FL_OF = 1 << 11, FL_IOPL = 3 << 12,
    FL_NT = 1 << 14, FL_RF = 1 << 16, FL_VM = 1 << 17, FL_AC = 1 << 18, FL_VIF = 1 << 19,
    FL_VIP = 1 << 20, FL_ID = 1 << 21,
    FL_STATUS = FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF,
};

enum {
    CR0_PE = 1u << 0, CR0_MP = 1u << 1, CR0_EM = 1u << 2, CR0_TS = 1u << 3, CR0_ET = 1u << 4,
    CR0_NE = 1u << 5, CR0_WP = 1u << 16, CR0_AM = 1u << 18, CR0_NW = 1u << 29, CR0_CD = 1u << 30,
    CR0_PG = 1u << 31,
};
enum {
    CR4_VME = 1 << 0, CR4_PVI = 1 << 1, CR4_TSD = 1 << 2, CR4_DE = 1 << 3, CR4_PSE = 1 << 4,
    CR4_PAE = 1 << 5, CR4_MCE = 1 << 6, CR4_PGE = 1 << 7, CR4_PCE = 1 << 8, CR4_OSFXSR = 1 << 9,
    CR4_OSXMMEXCPT = 1 << 10, CR4_UMIP = 1 << 11, CR4_LA57 = 1 << 12, CR4_FSGSBASE = 1 << 16,
    CR4_PCIDE = 1 << 17, CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21,
    CR4_PKE = 1 << 22,
};
enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

enum {  /* vectors, SDM vol. 3, table 6-1 */
    EXC_DE, EXC_DB, EXC_NMI, EXC_BP, EXC_OF, EXC_BR, EXC_UD, EXC_NM, EXC_DF, EXC_TS = 10, EXC_NP,
    EXC_SS, EXC_GP, EXC_PF, EXC_MF = 16, EXC_AC, EXC_MC, EXC_XM,
};

/* Hidden part included. attr is the second descriptor dword under mask 0x00f0ff00: type 8-11, S 12,
 * DPL 13-14, P 15, AVL 20, L 21, D/B 22, G 23. limit is in bytes, inclusive, granularity applied. */
typedef struct X86Seg {
    uint64_t base;
    uint32_t limit, attr, sel, pad;
} X86Seg;
enum { SEGA_A = 1 << 8, SEGA_RW = 1 << 9, SEGA_CE = 1 << 10, SEGA_CODE = 1 << 11, SEGA_S = 1 << 12,
       SEGA_DPL_SHIFT = 13, SEGA_P = 1 << 15, SEGA_L = 1 << 21, SEGA_DB = 1 << 22, SEGA_G = 1 << 23 };

typedef struct X86Table { uint64_t base; uint32_t limit; } X86Table;

/* XSAVE standard format (SDM vol. 1, 13.4): legacy region with x87 (stack order, ST0 first) and XMM,
 * header, then components at the fixed offsets of table 13-1 / CPUID leaf 0DH as on real processors. */
typedef struct X86Fp {              /* one x87 or MMX register: 80 bits in 16 bytes */
    uint64_t mant;
    uint16_t se;
    uint8_t pad[6];
} X86Fp;
typedef struct X86Xsave {
    uint16_t fcw, fsw;
    uint8_t ftw, pad0;              /* abridged tag: bit set = not empty, by physical register */
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    X86Fp st[8];                    /* ST(0) first */
    uint8_t xmm[16][16];
    uint8_t pad1[96];
    uint64_t xstate_bv, xcomp_bv, pad2[6];
    uint8_t ymmh[16][16];           /* offset 576 */
    uint8_t pad3[1088 - 832];
    uint64_t opmask[8];             /* 1088 */
    uint8_t zmmh[16][32];           /* 1152 */
    uint8_t zmm16[16][64];          /* 1664 */
    uint32_t pkru, pad4[15];        /* 2688 */
} __attribute__((aligned(64))) X86Xsave;

enum { XCR0_X87 = 1, XCR0_SSE = 2, XCR0_AVX = 4, XCR0_OPMASK = 1 << 5, XCR0_ZMMH = 1 << 6,
       XCR0_ZMM16 = 1 << 7, XCR0_PKRU = 1 << 9, XCR0_TILECFG = 1 << 17, XCR0_TILES = 1 << 18 };

/* An event taken but not delivered yet: only a kernel's KVM stops a vCPU there. The translator delivers it before
 * its first instruction. */
typedef enum X86HeldKind { HELD_NONE, HELD_EXCEPTION, HELD_PENDING, HELD_INTERRUPT, HELD_SOFT, HELD_NMI } X86HeldKind;
typedef struct X86Held {
    uint8_t kind, vector;           /* HELD_PENDING: an exception whose CR2 or DR6 (payload) is not set yet */
    bool has_error, has_payload;
    uint32_t error;
    uint64_t payload;
} X86Held;

typedef struct X86Env {
    uint64_t gpr[16];
    uint64_t rip;                   /* of the instruction being executed */
    uint64_t next_rip;              /* set to rip + length before each instruction; jumps overwrite it */
    uint64_t rflags;
    uint32_t hflags;                /* HF_*: everything code generation depends on; x86_update_hflags() */
    uint32_t window;                /* HF_WINDOW or 0: for block keys of user mode */
    uint32_t mmu_mode;              /* current data-access mode, X86_MMU_* */
    X86Seg seg[SEG_COUNT];
    X86Table gdt, idt;
    uint64_t cr0, cr2, cr3, cr4, cr8, xcr0, efer;
    uint64_t dr[8];
    uint64_t a20_mask;              /* ~0, or bit 20 cleared */
    uint8_t shadow;                 /* SHADOW_*: interrupt inhibition for one instruction */
    bool nmi_blocked, smm, smi_blocked;

    /* exception being delivered, for double-fault rules; -1: none */
    int exc_vector;
    uint32_t exc_error;
    struct { int vector; uint32_t error; uint64_t addr; } fault;    /* recorded by the page walk */
    uint64_t db_pending;            /* DR6 bits found during this instruction (data, I/O, task switch) */
    bool no_step;                   /* the instruction delivered an event itself: no single-step trap */
    bool wait_sipi;                 /* INIT received, not the bootstrap processor */
    uint8_t sipi_vector;

    /* model specific registers */
    uint64_t tsc_offset, tsc_deadline, tsc_aux, tsc_adjust, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, pat, misc_enable, mcg_cap, mcg_status, mcg_ctl;
    uint64_t mce_banks[10 * 4], mtrr_fixed[11], mtrr_def_type, feature_control, spec_ctrl, debugctl, xss, u_cet;
    struct { uint64_t base, mask; } mtrr_var[8];
    uint64_t smbase, apic_base, microcode_rev, smi_count;
    uint64_t kvm_system_time, kvm_wall_clock, kvm_other[8], tsc_hz;
    uint64_t mon_addr;              /* MONITOR's address; not watched */
    uint64_t xfd, xfd_err;          /* of AMX */
    X86Held ev;

    X86Xsave xs;

    /* CPUID after model and user flags, before leaf-dependent run-time bits: x86_cpuid() adds those. */
    uint32_t features[64];          /* FEAT_* words, see target/i386/features.h */
    uint32_t cpuid_level, cpuid_xlevel, cpuid_xlevel2, cpuid_version;
    char vendor[13], model_id[49];
    uint32_t phys_bits;
} X86Env;

enum { SHADOW_STI = 1, SHADOW_MOV_SS = 2 };

/* hflags: bits that select code (block key) */
enum {
    HF_CPL = 3 << 0, HF_CS32 = 1 << 2, HF_CS64 = 1 << 3, HF_SS32 = 1 << 4, HF_PE = 1 << 5,
    HF_VM = 1 << 6, HF_LMA = 1 << 7, HF_PG = 1 << 8, HF_FLAT = 1 << 9 /* DS ES SS CS: base 0, no limits */,
    HF_TF = 1 << 10, HF_MP_TS_EM = 7 << 11 /* CR0.MP, EM, TS at 11, 12, 13 */, HF_OSFXSR = 1 << 14,
    HF_OSXSAVE = 1 << 15, HF_AVX = 1 << 16 /* XCR0 enables */, HF_AVX512 = 1 << 17, HF_SMAP_ON = 1 << 18,
    HF_AC = 1 << 19, HF_SMM = 1 << 20, HF_IOPL = 3 << 21, HF_SHADOW = 1 << 23, HF_UMIP = 1 << 24,
    HF_DR7 = 1 << 25 /* breakpoints armed, or a debugger's watchpoints */, HF_FSGSBASE = 1 << 26,
    HF_WINDOW = 1 << 28 /* in block keys only: accesses go through windows */,
    HF_ALIGN = 1 << 27 /* AM && AC && CPL 3 */,
};

enum { X86_MMU_KERNEL, X86_MMU_KERNEL_NOSMAP, X86_MMU_USER, X86_MMU_COUNT };

/* Where a vCPU sits; what CPUID leaves 1, 4, 0BH, 1FH and 80000008H tell. */
typedef struct X86Topology { unsigned dies, cores, threads; } X86Topology;

/* What only a host's KVM has, to be carried from one to another: a nested guest (the kernel's format), AMX tiles. */
typedef struct X86KvmOnly {
    uint32_t nested_max, nested_size;       /* max: what this host takes, 0: none; set when the vCPU is made */
    uint8_t nested[128 + 2 * 4096] __attribute__((aligned(8)));
    uint8_t tilecfg[64], tiles[8192];
} X86KvmOnly;

typedef struct X86Cpu {
    Cpu cpu;
    X86Env env __attribute__((aligned(64)));
    const struct X86ApicOps *apic_ops;      /* target/i386/apic_if.h; set when the local APIC is made */
    void *apic;
    int (*pic_take)(void *opaque);          /* INTA of a machine without local APIC; NULL */
    void *pic;
    Irq ferr;                               /* FERR#: to IRQ 13 of a PC; set by the board, may be unconnected */
    bool ignne;                             /* IGNNE#: the error was acknowledged at port F0H */
    uint32_t apic_id;
    X86Topology topo;
    bool bsp;
    /* Memory as seen in SMM: mem_smm has the SMRAM region on top of the system's. Cpu.mem is one of both. */
    struct AddrSpace *mem_normal, *mem_smm;
    MemRegion smm_root, smm_system, smm_ram;
    struct X86CpuDef *def;                  /* model and flags as asked for; cpu_model.c */
    /* While scale is not 0 the time stamp counter is (host's - host) * scale >> 32, plus ticks and tsc_offset; it
     * was ticks when kvmclock was ns. tsc.c */
    struct { uint64_t host, scale, ticks, ns; } tsc;
    uint32_t pauses;                        /* PAUSE instructions so far */
    struct Interp *interp;                  /* the interpreter's decoded instructions, tcg/interp.c */
    X86KvmOnly kvm_only;
} X86Cpu;

static inline X86Cpu *x86_cpu(Cpu *cpu) { return (X86Cpu *)cpu; }   /* cpu is the first member */

/* ---- Creation, for boards */
/* A vCPU of "-cpu model,features" (both may be NULL: qemu64), realized, its thread made and stopped. index is
 * vm->cpus' next. The local APIC is the board's: it sets apic and apic_ops afterwards, before the CPU runs. */
X86Cpu *x86_cpu_create(Vm *vm, const char *model, const char *features, const X86Topology *topo,
                       uint32_t apic_id, GError **errp);
bool x86_cpu_model_known(const char *model);
const CpuType *x86_cpu_model_type(const char *model);      /* of a known model; lives as long as the process */
char *x86_cpu_help(void);                   /* -cpu help */
/* The SMRAM container: a 4 GiB region the chipset fills; seen above everything else in SMM. Once. */
void x86_cpu_set_smram(X86Cpu *c, MemRegion *smram);
bool x86_has_feature(const X86Cpu *c, unsigned feature);    /* FE_*, features.h */
bool x86_cpu_is_bsp(const X86Cpu *c);

void x86_update_hflags(X86Cpu *c);          /* after any change of what HF_* and mmu_mode derive from */
void x86_cpu_reset(X86Cpu *c, bool init);   /* power-up, or INIT (SDM vol. 3, table 9-1) */
void x86_cpuid(X86Cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4]);
void x86_set_a20(X86Cpu *c, bool on);
void x86_report_ferr(X86Cpu *c);            /* an x87 error with CR0.NE clear (SDM vol. 1, 8.7): FERR# */
/* INTA: the vector of the interrupt the local APIC or the PIC offers, acknowledged there; -1 = none. Takes the
 * VM lock. */
int x86_take_interrupt(X86Cpu *c);
void x86_set_cr0(X86Cpu *c, uint64_t v);    /* the raw effects: paging, hflags, TLB; checks are the caller's */
void x86_set_cr3(X86Cpu *c, uint64_t v);
void x86_set_cr4(X86Cpu *c, uint64_t v);
void x86_load_seg_raw(X86Cpu *c, unsigned seg, uint32_t sel, uint64_t base, uint32_t limit, uint32_t attr);

#endif
