/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rest of the program may know about a vCPU. Registers are private to target/<arch>. */
#ifndef TARGET_CPU_H
#define TARGET_CPU_H

#include "hw/core/device.h"

typedef struct Cpu Cpu;
typedef struct TcgGuestOps TcgGuestOps;     /* accel/tcg/guest.h */
typedef struct KvmGuestOps KvmGuestOps;     /* accel/kvm/guest.h */

typedef struct CpuType {
    DeviceType dev;                 /* properties are the CPU model's features */
    const TcgGuestOps *tcg;         /* NULL when this target cannot be translated */
    const KvmGuestOps *kvm;         /* NULL when not the host's architecture */
    bool (*has_work)(const Cpu *cpu);       /* would a halted vCPU wake? */
    void (*dump)(Cpu *cpu, GString *out);   /* "info registers" */
    bool (*virt_to_phys)(Cpu *cpu, uint64_t va, GuestAddr *pa);     /* debugger's view, no faults */
    /* gdb's view of the registers. A layout says which there are and how wide; gdb_layout() is what suits the CPU
     * as it is now, for a client to keep. read and write: the register's size in bytes, at most GDB_REG_MAX; 0 when
     * there is none. A value that the CPU cannot have is not taken. */
    unsigned (*gdb_layout)(Cpu *cpu);
    char *(*gdb_xml)(unsigned layout, const char *file);    /* "target.xml"; NULL: none. Freed by the caller */
    unsigned (*gdb_pc)(unsigned layout);                    /* number of the program counter */
    int (*gdb_read)(Cpu *cpu, unsigned layout, unsigned reg, uint8_t *buf);
    int (*gdb_write)(Cpu *cpu, unsigned layout, unsigned reg, const uint8_t *buf);
} CpuType;
enum { GDB_REG_MAX = 16 };

/* What a debugger outside the machine wants of a vCPU (AccelDebugOps), and what stopped it. */
typedef enum BreakKind {            /* as gdb's Z packets number them */
    BREAK_SOFT, BREAK_HARD, WATCH_WRITE, WATCH_READ, WATCH_ACCESS, BREAK_KINDS
} BreakKind;
typedef struct CpuBreak {
    BreakKind kind;
    GuestAddr at;                   /* virtual; of instructions: linear */
    uint64_t len;                   /* 1 for breakpoints */
} CpuBreak;
typedef enum CpuHit { HIT_NONE, HIT_STEP, HIT_BREAK } CpuHit;
typedef struct CpuDebug {
    bool on;                        /* any of the next three */
    bool step, insns, data;         /* one instruction; there are breakpoints, watchpoints */
    bool no_irq;                    /* while stepping: interrupts wait */
    bool held;                      /* does not run when the others do */
    const CpuBreak *breaks;         /* the translator's, shared by all vCPUs */
    unsigned n;
    int watched;                    /* index in breaks: what the current instruction touched; -1 */
    CpuHit hit;                     /* written on the vCPU's thread, taken while it stands still */
    CpuBreak what;                  /* of HIT_BREAK */
} CpuDebug;

/* Bits of Cpu.pending: set from any thread by __atomic_fetch_or, then cpu_kick(). */
enum {
    CPU_PENDING_INTR = 1 << 0, CPU_PENDING_NMI = 1 << 1, CPU_PENDING_SMI = 1 << 2,
    CPU_PENDING_INIT = 1 << 3, CPU_PENDING_SIPI = 1 << 4, CPU_PENDING_MCE = 1 << 5,
    CPU_PENDING_RESET = 1 << 6,
    CPU_PENDING_EXIT = 1 << 16,     /* leave the run loop's inner part: pause, work queued, shutdown */
};

struct Cpu {
    Device dev;
    const CpuType *type;
    unsigned index;
    struct AddrSpace *mem, *io;
    uint32_t pending;               /* CPU_PENDING_*, atomic */
    bool stop, halted;              /* stop: atomic, asked to pause; halted: HLT, written by its own thread */
    int32_t *icount;                /* instructions left to run; NULL: not counted */
    void *accel_data;               /* TcgVcpu; NULL: its registers are not the translator's to cache */
    struct KvmVcpu *kvm;            /* accel/kvm; NULL: another accelerator */
    struct CpuThread *thread;       /* accel/cpus.c */
    CpuDebug debug;
};

static inline uint32_t pending_now(const Cpu *cpu) { return __atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE); }
static inline void pending_clear(Cpu *cpu, uint32_t bits)
{
    __atomic_fetch_and(&cpu->pending, ~bits, __ATOMIC_ACQ_REL);
}

/* ---- What the target that is built in tells people; the vCPU stands still and its registers are pulled. */
char *target_cpu_help(void);        /* -cpu help; freed by the caller */
/* "mem", "tlb", "lapic". False: this target knows nothing of it. */
bool target_cpu_info(Cpu *cpu, const char *what, GString *out);
/* A register by the monitor's name ("eip", "rax", "cs.base"). False: there is none. */
bool target_cpu_reg(Cpu *cpu, const char *name, uint64_t *ret);
unsigned target_cpu_code_bits(Cpu *cpu);        /* 16, 32, 64: for disassembly */

/* An error as a bank of machine check registers reports it. */
typedef struct CpuMce {
    unsigned bank;
    bool broadcast;                 /* the other CPUs are told that there was one */
    uint64_t status, mcg_status, addr, misc;
} CpuMce;
bool target_cpu_inject_mce(Cpu *cpu, const CpuMce *m, GError **errp);   /* VM lock */

/* Appends its ELF notes for a crash dump; the vCPU stands still and its registers are pulled. */
void target_cpu_core_notes(const Cpu *cpu, GByteArray *out);

/* ---- Models and properties, for QMP */
#define TARGET_CPU_SUFFIX "x86_64-cpu"          /* "qemu64-x86_64-cpu" is a type of CPUs */
Json *target_cpu_definitions(const Vm *vm);     /* the answer of query-cpu-definitions for its accelerator */
/* {"name": ..., "props": {...}} of a model with changes; full: with all names of each feature. NULL + error. */
Json *target_cpu_expand(const Vm *vm, const char *model, const Json *props, bool full, GError **errp);
Json *target_cpu_props(void);                   /* rows {"name", "type"} of properties beside the Field rows */
Json *target_cpu_prop(const Cpu *cpu, const char *name);    /* value of one of them; NULL: there is none */
const ObjType *target_cpu_base(void);           /* abstract; the ancestor of all CPU types */
const ObjType *target_cpu_type(const char *name);           /* "qemu64-x86_64-cpu"; NULL: no such model */
void target_cpu_visit_types(void (*fn)(const ObjType *t, void *opaque), void *opaque);

extern __thread Cpu *current_cpu;   /* NULL outside vCPU threads */
void cpu_kick(Cpu *cpu);            /* any thread: makes it look at pending/stop soon, wakes it from HLT */

#endif
