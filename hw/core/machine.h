/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board: the object at /machine. Its properties are -machine's options. */
#ifndef HW_CORE_MACHINE_H
#define HW_CORE_MACHINE_H

#include "hw/core/ram.h"
#include "hw/core/vm.h"

typedef struct Machine Machine;

typedef struct SmpTopology { /* -smp; product = max_cpus */
    unsigned cpus, max_cpus, sockets, dies, clusters, cores, threads;
} SmpTopology;

typedef struct MachineType {
    ObjType type;      /* name "pc-i440fx-7.2-machine"; desc as -machine help prints it */
    const char *name;  /* "pc-i440fx-7.2" */
    const char *alias; /* "pc" */
    bool is_default, deprecated;
    unsigned max_cpus; /* at least 1 */
    uint64_t default_ram;
    const char *default_cpu;                          /* "qemu64": a -cpu model */
    const char *default_ram_id;                       /* "pc.ram" */
    const char *default_display, *default_nic;        /* "std", "e1000" */
    bool no_serial, no_parallel, no_floppy, no_cdrom; /* default back ends it has no place for */
    bool block_ide;           /* default interface of -drive: IDE, else virtio */
    const GlobalProp *compat; /* ends with a row without driver */
    /* Everything on the board. RAM block, CPUs and devices; VM lock held. */
    bool (*init)(Machine *m, GError **errp);
    /* All -device are there: firmware tables. NULL: nothing to do. The Vm's builder calls it. */
    bool (*ready)(Machine *m, GError **errp);
    void (*reset)(Machine *m, ResetKind kind); /* NULL: vm_reset_devices() */
} MachineType;

struct Machine {
    Object obj;
    const MachineType *type;
    Vm *vm;
    SmpTopology smp;
    uint64_t ram_size, max_ram_size, ram_slots;
    RamOptions ram_options;         /* -mem-path, -mem-prealloc, mem-merge, dump-guest-core */
    RamBlock *ram_block;            /* the board's main RAM, by machine_make_ram() */
    MemRegion ram;                  /* the region over it, for boards that need one only */
    char *cpu_model, *cpu_features; /* -cpu qemu64,+x2apic: "qemu64", "+x2apic" */
    const struct CpuType *cpu_type;
    char *kernel, *initrd, *append, *dtb; /* properties */
    char *firmware;                       /* -bios, or the property */
    char *boot_order, *boot_once, *splash;
    int64_t splash_time_ms, reboot_timeout_ms; /* -1: not given */
    bool boot_menu, boot_menu_set, boot_strict;
    char *vga; /* -vga: "std", "none"; NULL: the type's default_display */
    char *memory_backend;
    bool ram_of_backend; /* ram_block is that object's */
    bool usb, usb_disabled, dump_guest_core, mem_merge, graphics, suppress_vmdesc, enable_graphics;
    /* Options that only the board understands, as text: "rtc": {base, clock, driftfix} (checked),
     * arrays "smbios", "fw_cfg", "option-rom" ({"romfile": ..., "bootindex": ...}) of objects in
     * the order given. Members may be missing. Owned by the Vm's builder. */
    Json *board_opts;
    GPtrArray *data_dirs; /* of char *: -L, in search order; owned by the Vm's builder */
};

#define MACHINE_REGISTER(t) SET_ADD(types, ObjType, t, &(t).type)
extern const MachineType machine_base; /* "machine", abstract; the properties all boards share */

const MachineType *machine_type_find(const char *name); /* by name or alias; NULL */
const MachineType *machine_type_default(void);
char *machine_help(void); /* "Supported machines are:" and the list, sorted */
/* Makes /machine with defaults. Its init runs later: machine_init(). */
Machine *machine_new(const MachineType *type, Vm *vm);
bool machine_init(Machine *m, GError **errp);
RamBlock *machine_make_ram(Machine *m, GError **errp); /* m->ram_size bytes as default_ram_id */
char *machine_find_file(const Machine *m, const char *name); /* in data_dirs, or as given; NULL */
static inline Machine *vm_machine(Vm *vm)
{
    return (Machine *)vm->machine;
}
/* -smp text keys, filled up and checked as for this board: "Invalid CPU topology: ..." */
bool machine_parse_smp(const MachineType *t, const Json *opts, SmpTopology *out, GError **errp);

#endif
