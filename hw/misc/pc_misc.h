/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small board devices: speaker gate, port 92, VMware port. VM lock held for all calls. */
#ifndef HW_MISC_PC_MISC_H
#define HW_MISC_PC_MISC_H

#include "hw/core/device.h"

extern const DeviceType pcspk_type, port92_type, vmport_type, kvmvapic_type;

/* Port 0x61: gate and data bit of PIT channel 2. */
Device *pcspk_new(Vm *vm, Bus *isa, Device *pit, GError **errp);
/* Port 0x92: fast A20 (bit 1) and reset (bit 0, rising). */
Device *port92_new(Vm *vm, Bus *isa, Irq a20, Irq reset, GError **errp);
/* The gate as seen from outside: both sources (keyboard controller, port 92) are wired-or. */

typedef enum VmportCommand {
    VMPORT_GETVERSION = 10, VMPORT_GETBIOSUUID = 19, VMPORT_GETRAMSIZE = 20, VMPORT_GETTIME = 23,
    VMPORT_VMMOUSE_DATA = 39, VMPORT_VMMOUSE_STATUS = 40, VMPORT_VMMOUSE_COMMAND = 41,
    VMPORT_GETHZ = 45, VMPORT_GETTIMEFULL = 46, VMPORT_GETVCPUINFO = 68,
    VMPORT_COMMANDS = 128,
} VmportCommand;
enum { VMPORT_MAGIC = 0x564d5868 };

/* Registers of the vCPU that executed IN on the port; eax..edi are read and written by the handler. */
typedef struct VmportRegs { uint32_t eax, ebx, ecx, edx, esi, edi; } VmportRegs;
typedef void VmportHandler(void *opaque, VmportRegs *r);

/* get/set reach the current vCPU's registers (hw may not know them); both NULL: the port answers nothing. */
Device *vmport_new(Vm *vm, Bus *isa, bool (*get)(Vm *vm, VmportRegs *r),
                   void (*set)(Vm *vm, const VmportRegs *r), GError **errp);
void vmport_register(Device *vmport, unsigned command, VmportHandler *fn, void *opaque);
/* The absolute pointer of the VMware port; i8042 makes the interrupts. */
Device *vmmouse_new(Vm *vm, Bus *isa, Device *vmport, Device *i8042, GError **errp);
Device *kvmvapic_new(Vm *vm, GError **errp);            /* port 0x7e, without the patching ROM */

#endif
