/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual machine. The only owner of everything; passed down, never fetched from a global. */
#ifndef HW_CORE_VM_H
#define HW_CORE_VM_H

#include "hw/core/device.h"

struct Cpu;

struct Vm {
    Object root;                    /* "/": machine, objects, chardevs */
    Object *machine, *peripheral, *peripheral_anon, *unattached;
    struct Accel *accel;
    AddrSpace *mem, *io;
    GPtrArray *cpus;                /* of Cpu * */
    GMutex lock;                    /* "the VM lock": all device state, the region tree, the object tree */
    int run_state;
};

void vm_lock(Vm *vm);
void vm_unlock(Vm *vm);
bool vm_locked(const Vm *vm);       /* for g_assert() at the entry of every locked function */
/* Runs fn on every vCPU thread between guest instructions, with all of them stopped if exclusive. */
void vm_on_cpus(Vm *vm, bool exclusive, void (*fn)(struct Cpu *cpu, void *opaque), void *opaque);
/* Frees p once no vCPU can still see it: after each has passed a stopping point. */
void vm_retire(Vm *vm, void (*release)(void *p), void *p);

#endif
