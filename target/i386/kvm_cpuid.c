/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID under KVM (api.rst, 4.46, 4.20): what the host offers as feature words, and the table a vCPU gets, which
 * is what x86_cpuid() answers, except for the layout of XSAVE areas, which is the host processor's. Bits that
 * follow control registers are the kernel's to keep up. */
#include "target/i386/kvm_x86.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

#include "target/i386/features.h"
#include "util/err.h"

#define B(n) (1u << (n))
enum { KVM_SIGNATURE = 0x40000000, KVM_FEATURES = 0x40000001 };

typedef struct HostTable {          /* as struct kvm_cpuid2, with its rows */
    struct { uint32_t nent, padding; } head;
    struct kvm_cpuid_entry2 e[KVM_CPUID_MAX];
} HostTable;

/* One a process: the node's answer does not change. */
static const HostTable *host_table(const Kvm *k, GError **errp)
{
    static HostTable table;
    static gsize once;
    static int err;

    if (g_once_init_enter(&once)) {
        table.head.nent = KVM_CPUID_MAX;
        err = kvm_system_ioctl(k, KVM_GET_SUPPORTED_CPUID, &table.head);
        g_once_init_leave(&once, 1);
    }
    return x86_kvm_fail(errp, err, "CPUID of this host") ? &table : NULL;
}

static const struct kvm_cpuid_entry2 *leaf(const HostTable *t, uint32_t fn, uint32_t sub)
{
    for (uint32_t i = 0; t != NULL && i < t->head.nent; i++) {
        if (t->e[i].function == fn && (t->e[i].index == sub || !(t->e[i].flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))) {
            return &t->e[i];
        }
    }
    return NULL;
}

static uint32_t reg(const HostTable *t, uint32_t fn, uint32_t sub, unsigned r)
{
    const struct kvm_cpuid_entry2 *e = leaf(t, fn, sub);

    return e == NULL ? 0 : r == 0 ? e->eax : r == 1 ? e->ebx : r == 2 ? e->ecx : e->edx;
}

typedef struct Where { uint32_t fn, sub; uint8_t reg; } Where;
static const Where where[FEAT_WORDS] = {
    [FEAT_1_EDX] = { 1, 0, 3 }, [FEAT_1_ECX] = { 1, 0, 2 }, [FEAT_7_0_EBX] = { 7, 0, 1 },
    [FEAT_7_0_ECX] = { 7, 0, 2 }, [FEAT_7_0_EDX] = { 7, 0, 3 }, [FEAT_7_1_EAX] = { 7, 1, 0 },
    [FEAT_8000_0001_EDX] = { 0x80000001, 0, 3 }, [FEAT_8000_0001_ECX] = { 0x80000001, 0, 2 },
    [FEAT_8000_0007_EDX] = { 0x80000007, 0, 3 }, [FEAT_8000_0008_EBX] = { 0x80000008, 0, 1 },
    [FEAT_KVM] = { KVM_FEATURES, 0, 0 }, [FEAT_KVM_HINTS] = { KVM_FEATURES, 0, 3 },
    [FEAT_SVM] = { 0x8000000a, 0, 3 }, [FEAT_XSAVE] = { 13, 1, 0 }, [FEAT_6_EAX] = { 6, 0, 0 },
    [FEAT_XSAVE_XCR0_LO] = { 13, 0, 0 }, [FEAT_XSAVE_XCR0_HI] = { 13, 0, 3 },
};

static void host_identity(X86Supported *can, const HostTable *t)
{
    uint32_t r[4] = { 0 }, v = reg(t, 1, 0, 0), text[4];

    text[0] = reg(t, 0, 0, 1);
    text[1] = reg(t, 0, 0, 3);
    text[2] = reg(t, 0, 0, 2);
    memcpy(can->vendor, text, 12);
    for (unsigned i = 0; i < 3; i++) {
        if (__get_cpuid(0x80000002 + i, &r[0], &r[1], &r[2], &r[3])) {
            memcpy(can->id + i * 16, r, 16);
        }
    }
    can->family = (v >> 8 & 15) + ((v >> 8 & 15) == 15 ? v >> 20 & 0xff : 0);
    can->model = (v >> 4 & 15) | (v >> 16 & 15) << 4;
    can->stepping = v & 15;
    can->level = MIN(reg(t, 0, 0, 0), reg(t, 7, 0, 3) & B(24) ? 0x1eu : 0x16u);
    can->xlevel = MIN(reg(t, 0x80000000, 0, 0), 0x8000001eu);
    can->phys_bits = reg(t, 0x80000008, 0, 0) & 0xff;
}

bool x86_kvm_supported(const Kvm *k, X86Supported *can, GError **errp)
{
    const HostTable *t = host_table(k, errp);
    /* need a local APIC in the kernel: PV EOI, PV unhalt, async page faults, PV IPIs, extended MSI ids */
    uint32_t apic_pv = B(4) | B(6) | B(7) | B(10) | B(11) | B(14) | B(15);

    if (t == NULL) {
        return false;
    }
    *can = (X86Supported){ .kvm = true };
    for (unsigned w = 0; w < FEAT_WORDS; w++) {
        can->words[w] = where[w].fn != 0 ? reg(t, where[w].fn, where[w].sub, where[w].reg) : 0;
    }
    host_identity(can, t);
    can->words[FEAT_1_ECX] |= B(31);
    can->words[FEAT_1_ECX] &= ~(B(21) | B(24) | B(27));
    if (kvm_apic_in_kernel(k)) {
        can->words[FEAT_1_ECX] |= B(21) | (kvm_cap(k, KVM_CAP_TSC_DEADLINE_TIMER) ? B(24) : 0);
        can->words[FEAT_6_EAX] |= B(2);
    } else {
        can->words[FEAT_KVM] &= ~apic_pv;
    }
    if (kvm_cpu_pm(k)) {
        can->words[FEAT_1_ECX] |= B(3);
        can->words[FEAT_KVM_HINTS] |= B(0);
    }
    can->words[FEAT_1_EDX] |= B(7) | B(14);     /* MCE, MCA: KVM_X86_SETUP_MCE */
    can->words[FEAT_8000_0001_EDX] |= B(11);    /* SYSCALL: of some hosts only listed in long mode */
    if ((can->words[FEAT_XSAVE_XCR0_LO] & (3u << 17)) != 3u << 17) {    /* AMX: the kernel does not give tiles */
        can->words[FEAT_7_0_EDX] &= ~(B(22) | B(24) | B(25));
    }
    can->words[FEAT_XSAVE_XCR0_LO] &= 0x602ff;
    return true;
}

void x86_kvm_xsave_part(const Kvm *k, unsigned n, uint32_t *offset, uint32_t *size)
{
    const struct kvm_cpuid_entry2 *e = leaf(host_table(k, NULL), 13, n);

    *offset = e != NULL ? e->ebx : 0;
    *size = e != NULL ? e->eax : 0;
}

/* ---- the vCPU's table */

typedef struct Build {
    X86Cpu *c;
    HostTable *t;
} Build;

static struct kvm_cpuid_entry2 *add(Build *b, uint32_t fn, uint32_t sub, bool indexed)
{
    struct kvm_cpuid_entry2 *e = &b->t->e[b->t->head.nent];
    uint32_t out[4];

    if (b->t->head.nent == KVM_CPUID_MAX - 1) {
        return e;                   /* cannot happen with the leaves below; overwritten, not out of bounds */
    }
    b->t->head.nent++;
    x86_cpuid(b->c, fn, sub, out);
    *e = (struct kvm_cpuid_entry2){ .function = fn, .index = sub, .eax = out[0], .ebx = out[1], .ecx = out[2],
                                    .edx = out[3], .flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0 };
    return e;
}

static void add_xsave(Build *b)
{
    const Kvm *k = x86_kvm_of(b->c);
    uint64_t can = x86_xcr0_supported(b->c);
    uint32_t end = 576, packed = 576;
    struct kvm_cpuid_entry2 *e0, *e1;

    if (can == 0) {
        add(b, 13, 0, true);
        return;
    }
    e0 = add(b, 13, 0, true);
    e1 = add(b, 13, 1, true);
    for (unsigned n = 2; n < 63; n++) {
        uint32_t at, size;

        x86_kvm_xsave_part(k, n, &at, &size);
        if ((can >> n & 1) && size != 0) {
            struct kvm_cpuid_entry2 *e = add(b, 13, n, true);

            e->eax = size;
            e->ebx = at;
            e->ecx = e->edx = 0;
            end = MAX(end, at + size);
            packed += size;
        }
    }
    e0->ebx = e0->ecx = end;
    e1->ebx = packed;
}

static void add_indexed(Build *b, uint32_t fn, bool (*more)(const struct kvm_cpuid_entry2 *e))
{
    enum { SUB_MAX = 8 };

    for (uint32_t sub = 0; sub < SUB_MAX; sub++) {
        if (!more(add(b, fn, sub, true))) {
            return;
        }
    }
}

static bool cache_more(const struct kvm_cpuid_entry2 *e) { return (e->eax & 31) != 0; }
static bool topology_more(const struct kvm_cpuid_entry2 *e) { return (e->ecx >> 8 & 0xff) != 0; }
static bool leaf7_more(const struct kvm_cpuid_entry2 *e) { return e->index < e->eax && e->index == 0; }

/* Palettes of tiles and the unit that multiplies them: the processor's. */
static void add_tiles(Build *b, uint32_t fn)
{
    const HostTable *t = host_table(x86_kvm_of(b->c), NULL);

    for (uint32_t sub = 0; sub < 2; sub++) {
        const struct kvm_cpuid_entry2 *from = leaf(t, fn, sub);
        struct kvm_cpuid_entry2 *e = add(b, fn, sub, true);

        if (from != NULL && x86_has_feature(b->c, FE_AMX_TILE)) {
            e->eax = from->eax;
            e->ebx = from->ebx;
            e->ecx = from->ecx;
            e->edx = from->edx;
        }
    }
}

static void add_range(Build *b, uint32_t from, uint32_t to)
{
    for (uint32_t fn = from; fn <= to; fn++) {
        switch (fn) {
        case 4: case 0x8000001d: add_indexed(b, fn, cache_more); break;
        case 7:                  add_indexed(b, fn, leaf7_more); break;
        case 0xb: case 0x1f:     add_indexed(b, fn, topology_more); break;
        case 0xd:                add_xsave(b); break;
        case 0x1d: case 0x1e:    add_tiles(b, fn); break;
        default:                 add(b, fn, 0, false); break;
        }
    }
}

bool x86_kvm_put_cpuid(X86Cpu *c, GError **errp)
{
    enum { BASIC_MAX = 0x20, EXTENDED_MAX = 0x80000022 };
    g_autofree HostTable *t = g_new0(HostTable, 1);
    Build b = { c, t };
    uint32_t hv[4];

    add_range(&b, 0, MIN(c->env.cpuid_level, (uint32_t)BASIC_MAX));
    x86_cpuid(c, KVM_SIGNATURE, 0, hv);
    if (hv[0] >= KVM_SIGNATURE && hv[0] <= KVM_SIGNATURE + 0x10) {
        add_range(&b, KVM_SIGNATURE, hv[0]);
    }
    if (c->env.cpuid_xlevel >= 0x80000000) {
        add_range(&b, 0x80000000, MIN(c->env.cpuid_xlevel, (uint32_t)EXTENDED_MAX));
    }
    return x86_kvm_fail(errp, kvm_vcpu_ioctl(&c->cpu, KVM_SET_CPUID2, &t->head), "writing CPUID");
}
