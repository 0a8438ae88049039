/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 CPU as a device: made from a model by the board, its vCPU thread, its two views of memory. One
 * device type a model name ("qemu64-x86_64-cpu"), made on first use. Hot-plug is not modelled. */
#include "target/i386/sys.h"

#include <string.h>

#include "accel/accel.h"
#include "target/i386/features.h"
#include "target/i386/kvm_x86.h"
#include "target/i386/model.h"
#include "target/i386/tcg/insn.h"
#include "util/err.h"
#include "util/log.h"

enum { DEFAULT_TSC_HZ = 1000000000 };

/* ---- what the translator calls */

static void cpu_window_mode(Cpu *cpu, bool on) { x86_cpu(cpu)->env.window = on ? HF_WINDOW : 0; }
static void cpu_code_moved(Cpu *cpu) { x86_interp_flush(x86_cpu(cpu)); }

static void cpu_debug_changed(Cpu *cpu)
{
    x86_update_hflags(x86_cpu(cpu));
    x86_interp_flush(x86_cpu(cpu));
}

static unsigned cpu_code_bits(const Cpu *cpu)
{
    uint32_t h = ((const X86Cpu *)cpu)->env.hflags;

    return h & HF_CS64 ? 64 : h & HF_CS32 ? 32 : 16;
}

const TcgGuestOps x86_tcg_ops = {
    .interpret = x86_interpret, .key = x86_tb_key, .tlb_fill = x86_tlb_fill, .raise_fault = x86_raise_fault,
    .deliver_pending = x86_deliver_pending, .can_deliver = x86_can_deliver, .mmu_mode = x86_mmu_mode,
    .tlb_peek = x86_tlb_peek, .window_mode = cpu_window_mode, .user_mode = X86_MMU_USER,
    .code_moved = cpu_code_moved, .debug_changed = cpu_debug_changed, .code_bits = cpu_code_bits,
    .clock = x86_tsc_clock,    .translator = &x86_translator, .lockstep = &x86_lockstep_ops,
};

/* ---- the device */

/* An in-kernel APIC waits in the kernel. */
static bool cpu_has_work(const Cpu *cpu)
{
    return x86_can_deliver(cpu) || (cpu->kvm != NULL && x86_kvm((const X86Cpu *)cpu)->apic_in_kernel);
}

bool x86_cpu_is_bsp(const X86Cpu *c) { return c->bsp; }

static void cpu_reset(Device *dev, ResetKind kind)
{
    X86Cpu *c = CONTAINER(dev, X86Cpu, cpu.dev);

    /* The interrupt line is the local APIC's, which was reset before and knows its level. */
    __atomic_and_fetch(&c->cpu.pending, CPU_PENDING_INTR, __ATOMIC_ACQ_REL);
    x86_cpu_reset(c, false);
    if (!c->bsp) {
        c->env.wait_sipi = true;
        c->cpu.halted = true;
    }
}

static bool cpu_realize(Device *dev, GError **errp)
{
    X86Cpu *c = CONTAINER(dev, X86Cpu, cpu.dev);
    Vm *vm = dev->vm;

    c->cpu.type = (const CpuType *)dev->type;
    c->cpu.index = vm->cpus->len;
    c->cpu.io = vm->io;
    c->mem_normal = vm->mem;
    c->cpu.mem = vm->mem;
    c->bsp = c->cpu.index == 0;
    cpu_reset(dev, RESET_COLD);
    return vm->accel == NULL || cpu_start_thread(&c->cpu, errp);
}

static void cpu_unrealize(Device *dev)
{
    X86Cpu *c = CONTAINER(dev, X86Cpu, cpu.dev);

    if (c->cpu.thread != NULL) {
        cpu_stop_thread(&c->cpu);
    }
    x86_interp_free(c);
    if (c->mem_smm != NULL) {
        kvm_del_smm_space(dev->vm, c->mem_smm);
        addr_space_free(c->mem_smm);
        mem_fini(&c->smm_ram);
        mem_fini(&c->smm_system);
        mem_fini(&c->smm_root);
        c->mem_smm = NULL;
    }
}

static void cpu_fini(Object *obj)
{
    x86_def_free(((X86Cpu *)obj)->def);
}

static const DeviceType x86_cpu_base = {
    .type = { .name = "x86_64-cpu", .desc = "x86 CPU", .parent = &device_base.type, .size = sizeof(X86Cpu),
              .abstract = true, .fini = cpu_fini },
    .category = DEV_CPU,
    .realize = cpu_realize,
    .unrealize = cpu_unrealize,
    .reset = cpu_reset,
    .vmstate = &x86_cpu_vmstate,
};
DEVICE_REGISTER(x86_cpu_base);

/* Types live as long as the process. */
const CpuType *x86_cpu_model_type(const char *model)
{
    static GHashTable *types;

    if (types == NULL) {
        types = g_hash_table_new(g_str_hash, g_str_equal);
    }
    CpuType *t = g_hash_table_lookup(types, model);
    if (t == NULL) {
        t = g_new0(CpuType, 1);
        t->dev.type = (ObjType){ .name = g_strdup_printf("%s-x86_64-cpu", model), .size = sizeof(X86Cpu),
                                 .parent = &x86_cpu_base.type };
        t->dev.category = DEV_CPU;
        t->tcg = &x86_tcg_ops;
        t->kvm = &x86_kvm_ops;
        t->has_work = cpu_has_work;
        t->dump = x86_cpu_dump;
        t->virt_to_phys = x86_virt_to_phys;
        t->gdb_layout = x86_gdb_layout;
        t->gdb_xml = x86_gdb_xml;
        t->gdb_pc = x86_gdb_pc;
        t->gdb_read = x86_gdb_read;
        t->gdb_write = x86_gdb_write;
        g_hash_table_insert(types, g_strdup(model), t);
    }
    return t;
}

/* ---- creation */

static uint32_t version_word(const X86CpuDef *d)
{
    uint32_t family = d->family > 15 ? 15 | (d->family - 15) << 12 : d->family;     /* << 8 below */

    return (d->stepping & 15) | (d->model & 15) << 4 | (d->model >> 4) << 16 | family << 8;
}

static void apply_def(X86Cpu *c, X86CpuDef *d)
{
    X86Env *env = &c->env;

    c->def = d;
    memcpy(env->features, d->words, sizeof(d->words));
    env->cpuid_level = d->level;
    env->cpuid_xlevel = d->xlevel;
    env->cpuid_xlevel2 = d->xlevel2;
    env->cpuid_version = version_word(d);
    env->phys_bits = d->phys_bits;
    env->tsc_hz = d->tsc_hz != 0 ? d->tsc_hz : DEFAULT_TSC_HZ;
    memcpy(env->vendor, d->vendor, sizeof(env->vendor));
    memcpy(env->model_id, d->id, sizeof(env->model_id));
    env->microcode_rev = strcmp(d->vendor, "AuthenticAMD") == 0 ? 0x01000065 : 0x100000000ull;
    env->a20_mask = ~0ull;
    env->exc_vector = -1;
}

/* What the model cannot say about the topology, or needs another leaf for. */
static void apply_topology(X86Cpu *c, const X86Topology *topo)
{
    c->topo = *topo;
    if (topo->dies > 1 && strcmp(c->env.vendor, "GenuineIntel") == 0) {
        c->env.cpuid_level = MAX(c->env.cpuid_level, 0x1f);
    }
    if (topo->threads > 1 && strcmp(c->env.vendor, "AuthenticAMD") == 0 && !x86_has_feature(c, FE_TOPOEXT)) {
        warn_once("This family of AMD CPU doesn't support hyperthreading(%u)\n"
                  "Please configure -smp options properly or try enabling topoext feature.", topo->threads);
    }
}

X86Cpu *x86_cpu_create(Vm *vm, const char *model, const char *features, const X86Topology *topo,
                       uint32_t apic_id, GError **errp)
{
    static const X86Topology one = { 1, 1, 1 };
    Kvm *kvm = kvm_of(vm);
    X86Supported can;
    X86CpuDef *d;

    if (kvm != NULL && !x86_kvm_supported(kvm, &can, errp)) {
        return NULL;
    }
    d = x86_def_parse_for(kvm != NULL ? &can : NULL, model, features, vm->cpus->len > 0, errp);

    if (d == NULL) {
        return NULL;
    }
    Device *dev = device_new(&x86_cpu_model_type(d->name)->dev, vm, NULL);
    X86Cpu *c = CONTAINER(dev, X86Cpu, cpu.dev);
    apply_def(c, d);
    apply_topology(c, topo != NULL ? topo : &one);
    c->apic_id = apic_id;
    if (!device_realize(dev, NULL, errp)) {
        object_free(&dev->obj);
        return NULL;
    }
    return c;
}

void x86_cpu_set_smram(X86Cpu *c, MemRegion *smram)
{
    Vm *vm = c->cpu.dev.vm;
    g_autofree char *name = g_strdup_printf("cpu-smm-%u", c->cpu.index);

    mem_init(&c->smm_root, "memory", MEM_SIZE_MAX);
    mem_init_alias(&c->smm_system, "memory", &vm->system_region, 0, MEM_SIZE_MAX);
    mem_init_alias(&c->smm_ram, "smram", smram, 0, smram->size);
    mem_add(&c->smm_root, 0, &c->smm_system, 0);
    mem_add(&c->smm_root, 0, &c->smm_ram, 1);
    c->mem_smm = addr_space_new(vm, name, &c->smm_root);
    kvm_add_smm_space(vm, c->mem_smm);
}
