/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the CPU goes into a snapshot: section "cpu". The layout is our own; QEMU streams of this
 * section are not understood. */
#include "target/i386/sys.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/kvm/guest.h"
#include "target/i386/features.h"
#include "util/err.h"

static const VmField seg_fields[] = {
    VM_FIELD_U32(X86Seg, sel), VM_FIELD_U64(X86Seg, base), VM_FIELD_U32(X86Seg, limit), VM_FIELD_U32(X86Seg, attr),
    VM_FIELD_END
};
static const VmState seg_vmstate = { .name = "segment", .version = 1, .min_version = 1, .fields = seg_fields };

static const VmField table_fields[] = {
    VM_FIELD_U64(X86Table, base), VM_FIELD_U32(X86Table, limit), VM_FIELD_END
};
static const VmState table_vmstate = { .name = "table", .version = 1, .min_version = 1, .fields = table_fields };

static bool held_needed(const void *obj)
{
    return ((const X86Cpu *)obj)->env.ev.kind != HELD_NONE;
}

static bool held_post_load(void *obj, int version, GError **errp)
{
    X86Cpu *c = obj;

    return c->env.ev.kind <= HELD_NMI || err_fail(errp, "cpu: impossible event");
}

static const VmField held_fields[] = {
    VM_ROW(X86Cpu, env.ev.kind, uint8_t, VM_U8), VM_ROW(X86Cpu, env.ev.vector, uint8_t, VM_U8),
    VM_ROW(X86Cpu, env.ev.has_error, bool, VM_BOOL), VM_ROW(X86Cpu, env.ev.has_payload, bool, VM_BOOL),
    VM_ROW(X86Cpu, env.ev.error, uint32_t, VM_U32), VM_ROW(X86Cpu, env.ev.payload, uint64_t, VM_U64), VM_FIELD_END
};
static const VmState held_vmstate = {
    .name = "cpu/held_event", .version = 1, .min_version = 1, .fields = held_fields, .needed = held_needed,
    .post_load = held_post_load,
};

static bool pv_needed(const void *obj)
{
    const X86Env *env = &((const X86Cpu *)obj)->env;

    for (size_t i = 0; i < G_N_ELEMENTS(env->kvm_other); i++) {
        if (env->kvm_other[i] != 0) {
            return true;
        }
    }
    return false;
}

static const VmField pv_fields[] = { VM_FIELD_ARRAY(X86Cpu, env.kvm_other, uint64_t, VM_U64), VM_FIELD_END };
static const VmState pv_vmstate = {
    .name = "cpu/kvm_msrs", .version = 1, .min_version = 1, .fields = pv_fields, .needed = pv_needed,
};

/* A guest of the guest, in the form that the host's KVM gives and takes: only for hosts of the same kind. */
static bool nested_needed(const void *obj)
{
    const X86KvmOnly *k = &((const X86Cpu *)obj)->kvm_only;

    return k->nested_size != 0 && kvm_nested_in_use(k->nested, k->nested_size);
}

static bool nested_post_load(void *obj, int version, GError **errp)
{
    const X86KvmOnly *k = &((X86Cpu *)obj)->kvm_only;

    return (k->nested_size >= 128 && k->nested_size <= k->nested_max) ||
           err_fail(errp, "cpu: the state has a nested guest, which cannot go on here (KVM with nested virtualization, "
                    "and a CPU model with it, are needed)");
}

static const VmField nested_fields[] = {
    VM_ROW(X86Cpu, kvm_only.nested_size, uint32_t, VM_U32), VM_FIELD_BUF(X86Cpu, kvm_only.nested), VM_FIELD_END
};
static const VmState nested_vmstate = {
    .name = "cpu/nested_guest", .version = 1, .min_version = 1, .fields = nested_fields, .needed = nested_needed,
    .post_load = nested_post_load,
};

static bool amx_needed(const void *obj)
{
    const X86Cpu *c = obj;

    return x86_has_feature(c, FE_AMX_TILE);
}

static bool amx_post_load(void *obj, int version, GError **errp)
{
    return x86_has_feature((X86Cpu *)obj, FE_AMX_TILE) ||
           err_fail(errp, "cpu: the state has AMX tiles, this CPU has none");
}

static const VmField amx_fields[] = {
    VM_ROW(X86Cpu, env.xfd, uint64_t, VM_U64), VM_ROW(X86Cpu, env.xfd_err, uint64_t, VM_U64),
    VM_FIELD_BUF(X86Cpu, kvm_only.tilecfg), VM_FIELD_BUF(X86Cpu, kvm_only.tiles), VM_FIELD_END
};
static const VmState amx_vmstate = {
    .name = "cpu/amx", .version = 1, .min_version = 1, .fields = amx_fields, .needed = amx_needed,
    .post_load = amx_post_load,
};

static const VmState *const cpu_sections[] = { &held_vmstate, &pv_vmstate, &nested_vmstate, &amx_vmstate, NULL };

/* Registers may be in the kernel. */
static void pre_save(void *obj)
{
    cpu_regs_pull(&((X86Cpu *)obj)->cpu, NULL);
}

static bool pre_load(void *obj, GError **errp)
{
    X86Cpu *c = obj;

    c->env.ev = (X86Held){ .kind = HELD_NONE };
    memset(c->env.kvm_other, 0, sizeof(c->env.kvm_other));
    c->kvm_only.nested_size = 0;
    memset(c->kvm_only.tilecfg, 0, sizeof(c->kvm_only.tilecfg));
    memset(c->kvm_only.tiles, 0, sizeof(c->kvm_only.tiles));
    c->env.xfd = c->env.xfd_err = 0;
    return true;
}

static bool post_load(void *obj, int version, GError **errp)
{
    X86Cpu *c = obj;

    c->cpu.pending &= CPU_PENDING_EXIT - 1; /* the rest is the accelerator's own business */
    c->env.next_rip = c->env.rip;
    c->env.exc_vector = -1;
    c->env.rflags = (c->env.rflags & FL_ALL) | FL_R1;
    c->cpu.mem = c->env.smm && c->mem_smm != NULL ? c->mem_smm : c->mem_normal;
    x86_update_hflags(c);
    kvm_regs_replaced(&c->cpu, KVM_PUT_FULL);
    return true;
}

#define E(m, ctype, kind) VM_ROW(X86Cpu, env.m, ctype, kind)
#define ARRAY(m, ctype, kind) VM_FIELD_ARRAY(X86Cpu, env.m, ctype, kind)
static const VmField cpu_fields[] = {
    ARRAY(gpr, uint64_t, VM_U64), E(rip, uint64_t, VM_U64), E(rflags, uint64_t, VM_U64),
    VM_FIELD_STRUCT_ARRAY(X86Cpu, env.seg, seg_vmstate), VM_FIELD_STRUCT(X86Cpu, env.gdt, table_vmstate),
    VM_FIELD_STRUCT(X86Cpu, env.idt, table_vmstate), E(cr0, uint64_t, VM_U64), E(cr2, uint64_t, VM_U64),
    E(cr3, uint64_t, VM_U64), E(cr4, uint64_t, VM_U64), E(cr8, uint64_t, VM_U64), E(xcr0, uint64_t, VM_U64),
    E(efer, uint64_t, VM_U64), ARRAY(dr, uint64_t, VM_U64), E(a20_mask, uint64_t, VM_U64), E(shadow, uint8_t, VM_U8),
    E(nmi_blocked, bool, VM_BOOL), E(smm, bool, VM_BOOL), E(smi_blocked, bool, VM_BOOL),
    E(wait_sipi, bool, VM_BOOL), E(sipi_vector, uint8_t, VM_U8),
    VM_ROW(X86Cpu, cpu.halted, bool, VM_BOOL), VM_ROW(X86Cpu, cpu.pending, uint32_t, VM_U32),
    E(tsc_offset, uint64_t, VM_U64), E(tsc_deadline, uint64_t, VM_U64), E(tsc_aux, uint64_t, VM_U64),
    E(tsc_adjust, uint64_t, VM_U64), E(star, uint64_t, VM_U64), E(lstar, uint64_t, VM_U64),
    E(cstar, uint64_t, VM_U64), E(sfmask, uint64_t, VM_U64), E(kernel_gs_base, uint64_t, VM_U64),
    E(sysenter_cs, uint64_t, VM_U64), E(sysenter_esp, uint64_t, VM_U64), E(sysenter_eip, uint64_t, VM_U64),
    E(pat, uint64_t, VM_U64), E(misc_enable, uint64_t, VM_U64), E(mcg_status, uint64_t, VM_U64),
    E(mcg_ctl, uint64_t, VM_U64), ARRAY(mce_banks, uint64_t, VM_U64), ARRAY(mtrr_fixed, uint64_t, VM_U64),
    E(mtrr_def_type, uint64_t, VM_U64),
    { .name = "env.mtrr_var", .kind = VM_U64, .offset = offsetof(X86Cpu, env.mtrr_var), .count = 16,
      .elem_size = 8 },
    E(feature_control, uint64_t, VM_U64), E(spec_ctrl, uint64_t, VM_U64), E(debugctl, uint64_t, VM_U64),
    E(xss, uint64_t, VM_U64), E(smbase, uint64_t, VM_U64), E(smi_count, uint64_t, VM_U64),
    E(kvm_system_time, uint64_t, VM_U64), E(kvm_wall_clock, uint64_t, VM_U64),
    VM_FIELD_BUF(X86Cpu, env.xs), VM_FIELD_END
};
const VmState x86_cpu_vmstate = {
    .name = "cpu", .version = 12, .min_version = 12, .fields = cpu_fields, .post_load = post_load,
    .pre_load = pre_load, .pre_save = pre_save, .sections = cpu_sections,
};
