/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model specific registers to and from KVM (api.rst, 4.18, 4.19): a table of where each lives in X86Env. The
 * kernel handles a list in order and returns how far it came; a register it refuses leaves the list, with one
 * line about it, and the rest is done. TSC and clocks are written only where the whole state is. */
#include "target/i386/kvm_x86.h"

#include <string.h>

#include "target/i386/features.h"
#include "util/err.h"
#include "util/log.h"
#include "util/timer.h"
#include "util/bits.h"

enum { MSR_TSC = 0x10, MSR_TSC_DEADLINE = 0x6e0, MSRS_MAX = 192 };

typedef struct KvmMsr {
    uint32_t index;
    uint16_t offset, feature;       /* feature 0: always */
    bool listed;                    /* only where KVM_GET_MSR_INDEX_LIST names it */
    uint8_t from;                   /* KvmPut from which it is written */
} KvmMsr;

#define M(i, m, f, l, p) { i, offsetof(X86Env, m), f, l, p }
#define FE_MTRR FEATURE(FEAT_1_EDX, 12)
#define FE_MCE FEATURE(FEAT_1_EDX, 7)
static const KvmMsr table[] = {
    M(MSR_TSC, tsc_offset, 0, true, KVM_PUT_FULL),      /* not itself: plus tsc_base() */
    M(0x174, sysenter_cs, 0, false, KVM_PUT_RUNTIME), M(0x175, sysenter_esp, 0, false, KVM_PUT_RUNTIME),
    M(0x176, sysenter_eip, 0, false, KVM_PUT_RUNTIME), M(0x277, pat, 0, false, KVM_PUT_RUNTIME),
    M(0xc0000081, star, 0, true, KVM_PUT_RUNTIME), M(0xc0000082, lstar, FE_LM, true, KVM_PUT_RUNTIME),
    M(0xc0000083, cstar, FE_LM, true, KVM_PUT_RUNTIME), M(0xc0000084, sfmask, FE_LM, true, KVM_PUT_RUNTIME),
    M(0xc0000102, kernel_gs_base, FE_LM, true, KVM_PUT_RUNTIME),
    M(0xc0000103, tsc_aux, FE_RDTSCP, true, KVM_PUT_RUNTIME),
    M(0x1a0, misc_enable, 0, true, KVM_PUT_RUNTIME), M(0x1d9, debugctl, 0, true, KVM_PUT_RUNTIME),
    M(0x48, spec_ctrl, FEATURE(FEAT_7_0_EDX, 26), true, KVM_PUT_RUNTIME),
    M(0x1c4, xfd, FE_AMX_TILE, true, KVM_PUT_RUNTIME), M(0x1c5, xfd_err, FE_AMX_TILE, true, KVM_PUT_RUNTIME),
    M(0xda0, xss, FE_XSAVES, true, KVM_PUT_RUNTIME), M(0x9e, smbase, 0, true, KVM_PUT_RESET),
    M(0x34, smi_count, 0, true, KVM_PUT_FULL), M(0x3a, feature_control, 0, true, KVM_PUT_RESET),
    M(0x3b, tsc_adjust, FEATURE(FEAT_7_0_EBX, 1), true, KVM_PUT_FULL),
    M(0x17a, mcg_status, FE_MCE, false, KVM_PUT_RESET), M(0x17b, mcg_ctl, FE_MCE, false, KVM_PUT_RESET),
    M(0x2ff, mtrr_def_type, FE_MTRR, false, KVM_PUT_RESET), M(0x250, mtrr_fixed[0], FE_MTRR, false, KVM_PUT_RESET),
    M(0x258, mtrr_fixed[1], FE_MTRR, false, KVM_PUT_RESET), M(0x259, mtrr_fixed[2], FE_MTRR, false, KVM_PUT_RESET),
    M(0x268, mtrr_fixed[3], FE_MTRR, false, KVM_PUT_RESET), M(0x269, mtrr_fixed[4], FE_MTRR, false, KVM_PUT_RESET),
    M(0x26a, mtrr_fixed[5], FE_MTRR, false, KVM_PUT_RESET), M(0x26b, mtrr_fixed[6], FE_MTRR, false, KVM_PUT_RESET),
    M(0x26c, mtrr_fixed[7], FE_MTRR, false, KVM_PUT_RESET), M(0x26d, mtrr_fixed[8], FE_MTRR, false, KVM_PUT_RESET),
    M(0x26e, mtrr_fixed[9], FE_MTRR, false, KVM_PUT_RESET),
    M(0x26f, mtrr_fixed[10], FE_MTRR, false, KVM_PUT_RESET),
#define VAR(n) M(0x200 + 2 * n, mtrr_var[n].base, FE_MTRR, false, KVM_PUT_RESET), \
               M(0x201 + 2 * n, mtrr_var[n].mask, FE_MTRR, false, KVM_PUT_RESET)
    VAR(0), VAR(1), VAR(2), VAR(3), VAR(4), VAR(5), VAR(6), VAR(7),
#define BANK(n) M(0x400 + 4 * n, mce_banks[4 * n], FE_MCE, false, KVM_PUT_RESET), \
                M(0x401 + 4 * n, mce_banks[4 * n + 1], FE_MCE, false, KVM_PUT_RESET), \
                M(0x402 + 4 * n, mce_banks[4 * n + 2], FE_MCE, false, KVM_PUT_RESET), \
                M(0x403 + 4 * n, mce_banks[4 * n + 3], FE_MCE, false, KVM_PUT_RESET)
    BANK(0), BANK(1), BANK(2), BANK(3), BANK(4), BANK(5), BANK(6), BANK(7), BANK(8), BANK(9),
    /* The paravirtual ones: the clock's page is written by the kernel at once, so after the clock itself. */
    M(0x4b564d00, kvm_wall_clock, FEATURE(FEAT_KVM, 3), true, KVM_PUT_RESET),
    M(0x4b564d01, kvm_system_time, FEATURE(FEAT_KVM, 3), true, KVM_PUT_RESET),
    M(0x4b564d02, kvm_other[0], FEATURE(FEAT_KVM, 4), true, KVM_PUT_RESET),
    M(0x4b564d03, kvm_other[1], FEATURE(FEAT_KVM, 5), true, KVM_PUT_RESET),
    M(0x4b564d04, kvm_other[2], FEATURE(FEAT_KVM, 6), true, KVM_PUT_RESET),
    M(0x4b564d05, kvm_other[3], FEATURE(FEAT_KVM, 12), true, KVM_PUT_RESET),
    M(0x4b564d06, kvm_other[4], FEATURE(FEAT_KVM, 14), true, KVM_PUT_RESET),
};

static const KvmMsr *msr_row(uint32_t index)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].index == index) {
            return &table[i];
        }
    }
    return NULL;
}

static bool named(const struct kvm_msr_list *l, uint32_t index)
{
    for (uint32_t i = 0; i < l->nmsrs; i++) {
        if (l->indices[i] == index) {
            return true;
        }
    }
    return false;
}

bool x86_kvm_msr_init(X86Cpu *c, GError **errp)
{
    enum { LIST_MAX = 4096 };
    X86Kvm *x = x86_kvm(c);
    g_autofree struct kvm_msr_list *l = g_malloc0(sizeof(*l) + LIST_MAX * sizeof(uint32_t));

    l->nmsrs = LIST_MAX;
    if (!x86_kvm_fail(errp, kvm_system_ioctl(x86_kvm_of(c), KVM_GET_MSR_INDEX_LIST, l), "list of MSRs")) {
        return false;
    }
    x->msrs = g_new0(uint32_t, MSRS_MAX);
    x->msr_buf = g_malloc0(sizeof(*x->msr_buf) + MSRS_MAX * sizeof(struct kvm_msr_entry));
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if ((table[i].feature == 0 || x86_has_feature(c, table[i].feature)) &&
            (!table[i].listed || named(l, table[i].index))) {
            x->msrs[x->msr_count++] = table[i].index;
        }
    }
    return true;
}

static void forget(X86Kvm *x, uint32_t index)
{
    for (unsigned i = 0; i < x->msr_count; i++) {
        if (x->msrs[i] == index) {
            memmove(&x->msrs[i], &x->msrs[i + 1], (x->msr_count - i - 1) * sizeof(x->msrs[0]));
            x->msr_count--;
            return;
        }
    }
}

/* One request over the buffer's n entries, going on behind each that is refused. */
static bool transfer(X86Cpu *c, unsigned long request, unsigned n, GError **errp)
{
    X86Kvm *x = x86_kvm(c);
    struct kvm_msr_entry *e = x->msr_buf->entries;
    g_autofree struct kvm_msrs *part = g_malloc0(sizeof(*part) + n * sizeof(*e));

    for (unsigned done = 0; done < n;) {
        int r;

        part->nmsrs = n - done;
        memcpy(part->entries, e + done, part->nmsrs * sizeof(*e));
        r = kvm_vcpu_ioctl(&c->cpu, request, part);
        if (!x86_kvm_fail(errp, r, "MSRs")) {
            return false;
        }
        memcpy(e + done, part->entries, MIN((unsigned)r, part->nmsrs) * sizeof(*e));
        done += (unsigned)r;
        if (done < n) {
            log_guest("KVM on this host does not %s MSR 0x%x", request == KVM_GET_MSRS ? "read" : "write",
                      e[done].index);
            forget(x, e[done].index);
            e[done].index = 0;
            done++;
        }
    }
    return true;
}

static uint64_t tsc_base(const X86Cpu *c)
{
    return muldiv64((uint64_t)clock_ns(CLOCK_VIRTUAL), c->env.tsc_hz, 1000000000);
}

bool x86_kvm_get_msrs(X86Cpu *c, GError **errp)
{
    X86Kvm *x = x86_kvm(c);
    unsigned n = x->msr_count;

    for (unsigned i = 0; i < n; i++) {
        x->msr_buf->entries[i] = (struct kvm_msr_entry){ .index = x->msrs[i] };
    }
    x->msr_buf->entries[n++] = (struct kvm_msr_entry){ .index = MSR_TSC_DEADLINE };
    if (!x86_has_feature(c, FE_TSC_DEADLINE) || !x->apic_in_kernel) {
        n--;
    }
    if (!transfer(c, KVM_GET_MSRS, n, errp)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        const struct kvm_msr_entry *e = &x->msr_buf->entries[i];
        const KvmMsr *row = msr_row(e->index);

        if (e->index == MSR_TSC) {
            c->env.tsc_offset = e->data - tsc_base(c);
        } else if (e->index == MSR_TSC_DEADLINE) {
            c->env.tsc_deadline = e->data;
        } else if (row != NULL) {
            memcpy((char *)&c->env + row->offset, &e->data, sizeof(e->data));
        }
    }
    return true;
}

bool x86_kvm_put_msrs(X86Cpu *c, KvmPut how, GError **errp)
{
    X86Kvm *x = x86_kvm(c);
    unsigned n = 0;

    for (unsigned i = 0; i < x->msr_count; i++) {
        const KvmMsr *row = msr_row(x->msrs[i]);
        struct kvm_msr_entry e = { .index = row->index };

        if (row->from > how) {
            continue;
        }
        memcpy(&e.data, (char *)&c->env + row->offset, sizeof(e.data));
        if (row->index == MSR_TSC) {
            e.data += tsc_base(c);
        }
        x->msr_buf->entries[n++] = e;
    }
    return transfer(c, KVM_SET_MSRS, n, errp);
}

bool x86_kvm_put_deadline(X86Cpu *c, GError **errp)
{
    X86Kvm *x = x86_kvm(c);

    if (!x->apic_in_kernel || !x86_has_feature(c, FE_TSC_DEADLINE)) {
        return true;
    }
    x->msr_buf->entries[0] = (struct kvm_msr_entry){ .index = MSR_TSC_DEADLINE, .data = c->env.tsc_deadline };
    return transfer(c, KVM_SET_MSRS, 1, errp);
}
