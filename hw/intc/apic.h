/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local APICs (SDM vol. 3, ch. 10): one a vCPU, and the bus between them. VM lock held for all calls. */
#ifndef HW_INTC_APIC_H
#define HW_INTC_APIC_H

#include "hw/core/device.h"
#include "target/cpu.h"

struct X86ApicOps;

enum { APIC_BASE_ADDR = 0xfee00000 };
enum {  /* delivery modes, also of IOAPIC entries and messages (SDM vol. 3, 10.5.1) */
    APIC_DM_FIXED, APIC_DM_LOWEST, APIC_DM_SMI, APIC_DM_RESERVED, APIC_DM_NMI, APIC_DM_INIT,
    APIC_DM_SIPI, APIC_DM_EXTINT,
};

extern const DeviceType apic_type;
extern const struct X86ApicOps apic_cpu_ops;    /* opaque: the Device * returned by apic_new() */

/* The local APIC of cpu; the first one also maps the 1 MiB message region at 0xfee00000. id is the initial
 * APIC id. bsp: IA32_APIC_BASE.BSP after reset. The caller stores it in the vCPU: ops = &apic_cpu_ops. */
Device *apic_new(Vm *vm, Cpu *cpu, uint32_t id, bool bsp, GError **errp);

/* What the CPU has promised the guest. Before the guest runs; default: xAPIC only. */
typedef struct ApicFeatures {
    bool absent;                    /* no local APIC: only the INTR pin from the 8259 pair */
    bool x2apic, tsc_deadline;
    uint64_t tsc_hz;                /* rate of x86_cpu_read_tsc(); 0: 1 GHz */
} ApicFeatures;
void apic_set_features(Device *apic, const ApicFeatures *f);

/* A message written by a device: address 0xfeeXXXXX, data as SDM vol. 3, 10.11. Anything outside the
 * region is ignored. */
void apic_deliver_msi(Vm *vm, GuestAddr addr, uint64_t data);

/* A message on the bus between the APICs. */
typedef struct ApicMessage {
    uint32_t dest;
    uint8_t dest_mode;              /* 1: logical */
    uint8_t delivery;               /* APIC_DM_* */
    uint8_t vector;
    bool level_triggered;
    bool wide;                      /* dest has 32 bits (x2APIC): 0xff is no broadcast */
} ApicMessage;
void apic_deliver(Vm *vm, const ApicMessage *m);

/* INTR of the 8259 pair: LINT0 of every local APIC, or the pin itself where the APIC is off. take is called
 * for the INTA cycle. */
Irq apic_pic_input(Vm *vm, int (*take)(void *opaque), void *opaque);
/* The same as a message on the bus, as a device would write it: address, data. */
void apic_message_to_msi(const ApicMessage *m, GuestAddr *addr, uint32_t *data);
/* Who hears end-of-interrupt broadcasts of level-triggered vectors (I/O APICs, up to 4). */
void apic_listen_eoi(Vm *vm, void (*eoi)(void *opaque, uint8_t vector), void *opaque);
/* NMI button, "nmi" command: through LINT1 of every APIC. */
void apic_inject_nmi(Vm *vm);
void apic_dump(const Device *apic, GString *out);       /* "info lapic" */

#endif
