/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vCPU asks of its local APIC, wherever that is modelled. Called on the vCPU's thread; the VM lock need not
 * be held but for set_base, init_reset, dump, load_page, store_page and eoi. */
#ifndef TARGET_I386_APIC_IF_H
#define TARGET_I386_APIC_IF_H

#include <stdbool.h>
#include <stdint.h>

typedef struct X86ApicOps {
    int (*take_interrupt)(void *apic);              /* vector, acknowledged (ISR set); -1 = none (spurious) */
    bool (*has_interrupt)(void *apic);              /* above PPR, or ExtINT pending from the PIC */
    uint64_t (*get_base)(void *apic);
    bool (*set_base)(void *apic, uint64_t v);       /* IA32_APIC_BASE; false: #GP */
    uint8_t (*get_tpr)(void *apic);                 /* CR8 value, 0-15 */
    void (*set_tpr)(void *apic, uint8_t cr8);
    bool (*read_msr)(void *apic, uint32_t index, uint64_t *v);     /* x2APIC MSR 0x800+; false: #GP */
    bool (*write_msr)(void *apic, uint32_t index, uint64_t v);
    void (*set_tsc_deadline)(void *apic, uint64_t tsc);
    void (*init_reset)(void *apic);                 /* INIT */
    void (*dump)(void *apic, void *gstring);        /* info lapic */
    /* The registers as a 1 KiB page (register n at n * 16), for an APIC that the host's kernel models. wide: in x2APIC
     * mode its id has 32 bits there. store_page returns the TSC deadline. */
    void (*load_page)(void *apic, const void *page, uint64_t base, uint64_t tsc_deadline, bool wide);
    uint64_t (*store_page)(void *apic, void *page, bool wide);
    void (*eoi)(void *apic, uint8_t vector);        /* of a level-triggered interrupt the kernel's APIC took */
} X86ApicOps;

/* hw/intc/apic.c calls these; they set CPU_PENDING_* and kick. Any thread. */
struct Cpu;
void x86_cpu_signal_init(struct Cpu *cpu);
void x86_cpu_signal_sipi(struct Cpu *cpu, uint8_t vector);
void x86_cpu_signal_nmi(struct Cpu *cpu);
void x86_cpu_signal_smi(struct Cpu *cpu);
void x86_cpu_signal_intr(struct Cpu *cpu, bool level);      /* the INTR pin as the APIC or PIC drives it */
uint64_t x86_cpu_read_tsc(struct Cpu *cpu);

#endif
