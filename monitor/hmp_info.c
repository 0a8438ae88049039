/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: the machine as a whole, CPUs, memory map, tree of objects, chardevs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "accel/accel.h"
#include "accel/kvm/kvm.h"
#include "hw/core/info.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "system/chardev/char.h"
#include "target/cpu.h"
#include "util/err.h"

static void put_string(Hmp *hmp, GString *text)
{
    hmp_puts(hmp, text->str);
    g_string_free(text, true);
}

static void info_version(Hmp *hmp, const Json *args)
{
    hmp_puts(hmp, "7.2.0 (Kite 0.1.0)\n");
}

static void info_status(Hmp *hmp, const Json *args)
{
    const Vm *vm = hmp_vm(hmp);
    bool running = vm_running(vm);

    hmp_printf(hmp, "VM status: %s%s", running ? "running" : "paused",
               vm_single_step(hmp_vm(hmp)) ? " (single step mode)" : "");
    if (!running && vm->run_state != RUN_PAUSED) {
        hmp_printf(hmp, " (%s)", run_state_name(vm->run_state));
    }
    hmp_puts(hmp, "\n");
}

static void info_name(Hmp *hmp, const Json *args)
{
    if (hmp_vm(hmp)->name != NULL) {
        hmp_printf(hmp, "%s\n", hmp_vm(hmp)->name);
    }
}

static void info_uuid(Hmp *hmp, const Json *args)
{
    const char *uuid = hmp_vm(hmp)->uuid;

    hmp_printf(hmp, "%s\n", uuid != NULL ? uuid : "00000000-0000-0000-0000-000000000000");
}

static void info_history(Hmp *hmp, const Json *args)
{
    const GPtrArray *lines = hmp_history(hmp);

    for (unsigned i = 0; lines != NULL && i < lines->len; i++) {
        hmp_printf(hmp, "%u: '%s'\n", i, (const char *)g_ptr_array_index(lines, i));
    }
}

/* ---- CPUs */

static void info_cpus(Hmp *hmp, const Json *args)
{
    const GPtrArray *cpus = hmp_vm(hmp)->cpus;
    const Cpu *chosen = hmp_cpu(hmp);

    for (unsigned i = 0; cpus != NULL && i < cpus->len; i++) {
        const Cpu *cpu = g_ptr_array_index(cpus, i);

        hmp_printf(hmp, "%c CPU #%u: thread_id=%d\n", cpu == chosen ? '*' : ' ', i,
                   cpu_thread_id(cpu));
    }
}

typedef struct CpuText { const char *what; GString *out; bool known; } CpuText;

/* On the vCPU's own thread, between instructions. */
static void print_cpu(Cpu *cpu, void *opaque)
{
    CpuText *t = opaque;

    if (t->what != NULL) {
        t->known = target_cpu_info(cpu, t->what, t->out);
    } else {
        cpu->type->dump(cpu, t->out);
    }
}

static bool cpu_text(Hmp *hmp, Cpu *cpu, const char *what)
{
    CpuText t = { .what = what, .out = g_string_new(NULL), .known = true };

    cpu_regs_pull(cpu, NULL);
    cpu_run(cpu, print_cpu, &t);
    put_string(hmp, t.out);
    return t.known;
}

static void info_registers(Hmp *hmp, const Json *args)
{
    const GPtrArray *cpus = hmp_vm(hmp)->cpus;
    uint64_t index = json_get_uint(args, "vcpu", 0);
    Cpu *cpu = hmp_cpu(hmp);

    if (json_get_bool(args, "cpustate_all", false)) {
        for (unsigned i = 0; cpus != NULL && i < cpus->len; i++) {
            hmp_printf(hmp, "\nCPU#%u\n", i);
            cpu_text(hmp, g_ptr_array_index(cpus, i), NULL);
        }
        return;
    }
    if (json_has(args, "vcpu")) {
        cpu = cpus != NULL && index < cpus->len ? g_ptr_array_index(cpus, index) : NULL;
        if (cpu == NULL) {
            hmp_printf(hmp, "CPU#%" PRIu64 " not available\n", index);
            return;
        }
    }
    if (cpu == NULL) {
        hmp_puts(hmp, "No CPU available\n");
        return;
    }
    hmp_printf(hmp, "\nCPU#%u\n", cpu->index);
    cpu_text(hmp, cpu, NULL);
}

static void info_of_cpu(Hmp *hmp, const char *what)
{
    Cpu *cpu = hmp_cpu(hmp);

    if (cpu == NULL) {
        hmp_puts(hmp, "No CPU available\n");
    } else if (!cpu_text(hmp, cpu, what)) {
        hmp_printf(hmp, "Error: this CPU has no %s\n", what);
    }
}

static void info_mem(Hmp *hmp, const Json *args)
{
    info_of_cpu(hmp, "mem");
}

static void info_tlb(Hmp *hmp, const Json *args)
{
    info_of_cpu(hmp, "tlb");
}

static void info_lapic(Hmp *hmp, const Json *args)
{
    const GPtrArray *cpus = hmp_vm(hmp)->cpus;
    uint64_t index = json_get_uint(args, "apic-id", 0);

    if (!json_has(args, "apic-id")) {
        info_of_cpu(hmp, "lapic");
    } else if (cpus == NULL || index >= cpus->len) {
        hmp_puts(hmp, "No CPU available\n");
    } else {
        cpu_text(hmp, g_ptr_array_index(cpus, index), "lapic");
    }
}

static void info_jit(Hmp *hmp, const Json *args)
{
    Accel *a = hmp_vm(hmp)->accel;
    GString *out = g_string_new(NULL);

    if (a == NULL || a->type->info == NULL || strcmp(a->type->name, "tcg") != 0) {
        g_string_append(out, "Error: JIT information is only available with accel=tcg\n");
    } else {
        a->type->info(a, out);
    }
    put_string(hmp, out);
}

static void info_kvm(Hmp *hmp, const Json *args)
{
    GString *out = g_string_new(NULL);

    kvm_info(hmp_vm(hmp), out);
    put_string(hmp, out);
}

/* ---- The board */

static int compare_rank(const void *a, const void *b)
{
    return (*(const VmInfo *const *)a)->rank - (*(const VmInfo *const *)b)->rank;
}

static void info_part(Hmp *hmp, const char *name)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    GString *out = g_string_new(NULL);

    SET_FOREACH(vm_infos, VmInfo, it) {
        if (strcmp((*it)->name, name) == 0) {
            g_ptr_array_add(rows, (void *)*it);
        }
    }
    g_ptr_array_sort(rows, compare_rank);
    for (unsigned i = 0; i < rows->len; i++) {
        ((const VmInfo *)g_ptr_array_index(rows, i))->print(hmp_vm(hmp), out);
    }
    put_string(hmp, out);
}

static void info_pci(Hmp *hmp, const Json *args)
{
    info_part(hmp, "pci");
}

static void info_pic(Hmp *hmp, const Json *args)
{
    info_part(hmp, "pic");
}

static void info_irq(Hmp *hmp, const Json *args)
{
    info_part(hmp, "irq");
}

static void info_roms(Hmp *hmp, const Json *args)
{
    GString *out = g_string_new(NULL);

    rom_print(hmp_vm(hmp), out);
    put_string(hmp, out);
}

static void info_mtree(Hmp *hmp, const Json *args)
{
    static const struct { const char *name; MtreeFlags flag; } flags[] = {
        { "flatview", MTREE_FLAT }, { "dispatch_tree", MTREE_DISPATCH }, { "owner", MTREE_OWNER },
        { "disabled", MTREE_DISABLED },
    };
    GString *out = g_string_new(NULL);
    unsigned all = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        all |= json_get_bool(args, flags[i].name, false) ? flags[i].flag : 0;
    }
    mem_print_tree(hmp_vm(hmp), all, out);
    put_string(hmp, out);
}

static void info_qtree(Hmp *hmp, const Json *args)
{
    GString *out = g_string_new(NULL);

    device_print_qtree(hmp_vm(hmp), out);
    put_string(hmp, out);
}

static void info_ramblock(Hmp *hmp, const Json *args)
{
    GString *out = g_string_new(NULL);

    ram_print(out);
    put_string(hmp, out);
}

static void info_memory_size(Hmp *hmp, const Json *args)
{
    const Machine *m = vm_machine(hmp_vm(hmp));

    hmp_printf(hmp, "base memory: %" PRIu64 "\nplugged memory: 0\n", m->ram_size);
}

/* ---- Back ends */

static void print_char(Char *c, void *opaque)
{
    g_autofree char *text = char_describe(c);

    hmp_printf(opaque, "%s: filename=%s\n", char_id(c), text);
}

static void info_chardev(Hmp *hmp, const Json *args)
{
    char_visit(print_char, hmp);
}

static const HmpCommand info_commands[] = {
    { "info version", NULL, "", "version of the emulator", info_version, NULL },
    { "info status", NULL, "", "whether the machine runs", info_status, NULL },
    { "info name", NULL, "", "name of the guest", info_name, NULL },
    { "info uuid", NULL, "", "UUID of the machine", info_uuid, NULL },
    { "info history", NULL, "", "lines entered before", info_history, NULL },
    { "info cpus", NULL, "", "the CPUs and their threads", info_cpus, NULL },
    { "info registers", "cpustate_all:-a,vcpu:i?", "[-a|vcpu]", "registers of a CPU (-a: of all)",
      info_registers, NULL },
    { "info mem", NULL, "", "ranges of virtual memory", info_mem, NULL },
    { "info tlb", NULL, "", "mappings of single pages", info_tlb, NULL },
    { "info lapic", "apic-id:i?", "[apic-id]", "a local APIC", info_lapic, NULL },
    { "info jit", NULL, "", "state of the translator", info_jit, NULL },
    { "info kvm", NULL, "", "state of KVM", info_kvm, NULL },
    { "info pci", NULL, "", "PCI functions", info_pci, NULL },
    { "info pic", NULL, "", "interrupt controllers", info_pic, NULL },
    { "info irq", NULL, "", "how many interrupts there were", info_irq, NULL },
    { "info roms", NULL, "", "firmware and option ROMs", info_roms, NULL },
    { "info mtree", "flatview:-f,dispatch_tree:-d,owner:-o,disabled:-D", "[-f][-d][-o][-D]",
      "the memory map (-f: flat; -d: dispatch, with -f; -o: owners; -D: disabled regions too)",
      info_mtree, NULL },
    { "info qtree", NULL, "", "devices by bus", info_qtree, NULL },
    { "info ramblock", NULL, "", "blocks of guest memory", info_ramblock, NULL },
    { "info memory_size_summary", NULL, "", "how much memory the guest has", info_memory_size,
      NULL },
    { "info chardev", NULL, "", "character devices", info_chardev, NULL },
};
HMP_REGISTER(info_commands);
