/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID (SDM vol. 2; AMD APM vol. 3, appendix E): the words of the model plus what depends on topology and on
 * the state at run time. Cache sizes are those of the legacy description QEMU's models share. */
#include "target/i386/sys.h"

#include <string.h>

#include "target/i386/features.h"
#include "target/i386/model.h"

enum { HV_BASE = 0x40000000, KVM_FEATURES = 0x40000001, HV_TSC_LEAF = 0x40000010 };

bool x86_has_feature(const X86Cpu *c, unsigned feature)
{
    return feature_on(c->env.features, feature);
}

/* ---- XSAVE areas */

typedef struct XsaveArea { uint8_t bit; uint16_t size, offset; } XsaveArea;
static const XsaveArea xsave_areas[] = {
    { 2, 256, 576 }, { 5, 64, 1088 }, { 6, 512, 1152 }, { 7, 1024, 1664 }, { 9, 8, 2688 },
};

uint64_t x86_xcr0_supported(const X86Cpu *c)
{
    uint64_t v = 0;

    if (x86_has_feature(c, FE_XSAVE)) {
        v = XCR0_X87 | XCR0_SSE;
        v |= x86_has_feature(c, FE_AVX) ? XCR0_AVX : 0;
        v |= x86_has_feature(c, FE_AVX512F) ? XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16 : 0;
        v |= x86_has_feature(c, FE_PKU) ? XCR0_PKRU : 0;
        v |= x86_has_feature(c, FE_AMX_TILE) ? XCR0_TILECFG | XCR0_TILES : 0;
    }
    return v;
}

uint32_t x86_xsave_size(const X86Cpu *c, uint64_t xcr0, bool compact)
{
    uint32_t size = 576;

    for (size_t k = 0; k < G_N_ELEMENTS(xsave_areas); k++) {
        const XsaveArea *a = &xsave_areas[k];

        if (xcr0 >> a->bit & 1) {
            size = compact ? size + a->size : (uint32_t)(a->offset + a->size);
        }
    }
    return size;
}

static void leaf_xsave(const X86Cpu *c, uint32_t sub, uint32_t out[4])
{
    uint64_t can = x86_xcr0_supported(c);

    if (can == 0) {
        return;
    }
    if (sub == 0) {
        out[0] = (uint32_t)can;
        out[1] = x86_xsave_size(c, c->env.xcr0, false);
        out[2] = x86_xsave_size(c, can, false);
        out[3] = (uint32_t)(can >> 32);
    } else if (sub == 1) {
        out[0] = c->env.features[FEAT_XSAVE];
        out[1] = x86_xsave_size(c, c->env.xcr0, true);
    } else if (sub < 63 && (can >> sub & 1)) {
        for (size_t k = 0; k < G_N_ELEMENTS(xsave_areas); k++) {
            if (xsave_areas[k].bit == sub) {
                out[0] = xsave_areas[k].size;
                out[1] = xsave_areas[k].offset;
            }
        }
    }
}

/* ---- topology: APIC id fields are as wide as the next power of two */

static unsigned width(unsigned n)
{
    unsigned w = 0;

    while ((1u << w) < n) {
        w++;
    }
    return w;
}

static unsigned thread_bits(const X86Cpu *c) { return width(c->topo.threads); }
static unsigned die_bits(const X86Cpu *c) { return width(c->topo.cores) + thread_bits(c); }
static unsigned package_bits(const X86Cpu *c) { return width(c->topo.dies) + die_bits(c); }
static unsigned per_die(const X86Cpu *c) { return c->topo.cores * c->topo.threads; }
static unsigned per_package(const X86Cpu *c) { return c->topo.dies * per_die(c); }

/* One level of leaf 0BH or 1FH: how far to shift an APIC id to the next one's, logical processors in it, its type. */
static void level(uint32_t out[4], unsigned bits, unsigned count, unsigned type)
{
    out[0] = bits;
    out[1] = count;
    out[2] = type << 8;
}

/* 0BH knows no dies: its second level counts one die's processors and shifts to the package. */
static void leaf_topology(const X86Cpu *c, uint32_t sub, uint32_t out[4])
{
    if (sub == 0) {
        level(out, thread_bits(c), c->topo.threads, 1);
    } else if (sub == 1) {
        level(out, package_bits(c), per_die(c), 2);
    }
    out[2] |= sub & 0xff;
    out[3] = c->apic_id;
}

static void leaf_topology2(const X86Cpu *c, uint32_t sub, uint32_t out[4])
{
    if (c->topo.dies < 2) {
        return;
    }
    if (sub == 0) {
        level(out, thread_bits(c), c->topo.threads, 1);
    } else if (sub == 1) {
        level(out, die_bits(c), per_die(c), 2);
    } else if (sub == 2) {
        level(out, package_bits(c), per_package(c), 5);
    }
    out[2] |= sub & 0xff;
    out[3] = c->apic_id;
}

/* ---- caches */

typedef struct CacheLeaf {
    uint8_t type, level;
    bool self_init;
    uint16_t ways;
    uint32_t sets;
    uint8_t flags;                  /* EDX */
} CacheLeaf;
static const CacheLeaf intel_caches[] = {
    { 1, 1, true, 8, 64, 1 }, { 2, 1, true, 8, 64, 1 }, { 3, 2, true, 16, 4096, 1 }, { 3, 3, true, 16, 16384, 6 },
};
static const CacheLeaf amd_caches[2][4] = {
    { { 1, 1, true, 8, 64, 1 }, { 2, 1, true, 8, 64, 1 }, { 3, 2, false, 8, 1024, 0 }, { 3, 3, true, 16, 16384, 6 } },
    { { 1, 1, true, 8, 64, 1 }, { 2, 1, true, 4, 256, 1 }, { 3, 2, false, 8, 1024, 0 }, { 3, 3, true, 16, 8192, 6 } },
};

/* The first Zen cores: twice the instruction cache, half the third level. */
static bool is_zen1(const X86Cpu *c)
{
    uint32_t v = c->env.cpuid_version & 0x0fff0ff0;     /* family and model */

    return v == 0x00800f10 || v == 0x00900f00;
}

static void leaf_cache(const CacheLeaf *l, unsigned sharing, uint32_t out[4])
{
    out[0] = l->type | (uint32_t)l->level << 5 | (uint32_t)l->self_init << 8 | (sharing - 1) << 14;
    out[1] = 63 | (uint32_t)(l->ways - 1) << 22;
    out[2] = l->sets - 1;
    out[3] = l->flags;
}

static bool is_intel(const X86Cpu *c) { return strcmp(c->env.vendor, "GenuineIntel") == 0; }

static void leaf4(const X86Cpu *c, uint32_t sub, uint32_t out[4])
{
    if (!is_intel(c) || sub >= G_N_ELEMENTS(intel_caches)) {
        return;
    }
    leaf_cache(&intel_caches[sub], sub < 2 ? 1 : sub == 2 ? c->topo.threads : 1u << die_bits(c), out);
    out[0] |= (c->topo.cores - 1) << 26;
}

/* ---- ranges */

static void text(const char *s, unsigned n, uint32_t *out)
{
    char buf[16] = { 0 };

    memcpy(buf, s, strnlen(s, n));
    memcpy(out, buf, n);
}

static void leaf1(const X86Cpu *c, uint32_t out[4])
{
    const X86Env *env = &c->env;

    out[0] = env->cpuid_version;
    out[1] = (c->apic_id & 0xff) << 24 | 8 << 8;
    out[2] = env->features[FEAT_1_ECX];
    out[3] = env->features[FEAT_1_EDX];
    if (env->cr4 & CR4_OSXSAVE) {
        out[2] |= 1 << 27;
    }
    if (per_die(c) > 1) {
        out[1] |= (per_die(c) & 0xff) << 16;
        out[3] |= 1 << 28;
    }
    if (c->apic_ops != NULL && !(env->apic_base >> 11 & 1) && env->apic_base != 0) {
        out[3] &= ~(1u << 9);       /* APIC switched off by IA32_APIC_BASE */
    }
}

static void basic(X86Cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    const X86Env *env = &c->env;

    switch (leaf) {
    case 0:
        out[0] = env->cpuid_level;
        text(env->vendor, 4, &out[1]);
        text(env->vendor + 4, 4, &out[3]);
        text(env->vendor + 8, 4, &out[2]);
        break;
    case 1:
        leaf1(c, out);
        break;
    case 2:
        if (is_intel(c)) {
            out[0] = 1;
            out[2] = 0x4d;
            out[3] = 0x002c307d;
        }
        break;
    case 4:
        leaf4(c, sub, out);
        break;
    case 5:
        out[2] = 3;
        break;
    case 6:
        out[0] = env->features[FEAT_6_EAX];
        break;
    case 7:
        if (sub == 0) {
            out[0] = env->features[FEAT_7_1_EAX] != 0;
            out[1] = env->features[FEAT_7_0_EBX];
            out[2] = env->features[FEAT_7_0_ECX] | (env->cr4 & CR4_PKE ? 1 << 4 : 0);
            out[3] = env->features[FEAT_7_0_EDX];
        } else if (sub == 1) {
            out[0] = env->features[FEAT_7_1_EAX];
        }
        break;
    case 0xb:
        leaf_topology(c, sub, out);
        break;
    case 0xd:
        leaf_xsave(c, sub, out);
        break;
    case 0x15:                      /* TSC = crystal * EBX / EAX; crystal in Hz */
        out[0] = 1;
        out[1] = (uint32_t)(env->tsc_hz / 1000000);
        out[2] = 1000000;
        break;
    case 0x1f:
        leaf_topology2(c, sub, out);
        break;
    case 0x16:
        out[0] = out[1] = (uint32_t)(env->tsc_hz / 1000000);
        out[2] = 1;
        break;
    default:
        break;
    }
}

static void hypervisor(const X86Cpu *c, uint32_t leaf, uint32_t out[4])
{
    bool kvm = c->env.features[FEAT_KVM] != 0;

    if (c->def != NULL && !c->def->hypervisor_leaves) {
        return;
    }
    if (leaf == HV_BASE) {
        out[0] = kvm ? HV_TSC_LEAF : KVM_FEATURES;
        const char *sign = kvm ? "KVMKVMKVM\0\0\0" : "TCGTCGTCGTCG";
        memcpy(&out[1], sign, 12);
    } else if (leaf == KVM_FEATURES) {
        out[0] = c->env.features[FEAT_KVM];
    } else if (leaf == HV_TSC_LEAF && kvm) {
        out[0] = (uint32_t)(c->env.tsc_hz / 1000);      /* kHz of TSC and of the APIC's bus clock */
        out[1] = 1000000;
    }
}

static void extended(const X86Cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    const X86Env *env = &c->env;
    bool zen = x86_has_feature(c, FE_TOPOEXT);

    switch (leaf) {
    case 0x80000000:
        out[0] = env->cpuid_xlevel;
        text(env->vendor, 4, &out[1]);
        text(env->vendor + 4, 4, &out[3]);
        text(env->vendor + 8, 4, &out[2]);
        break;
    case 0x80000001:
        out[0] = env->cpuid_version;
        out[2] = env->features[FEAT_8000_0001_ECX];
        out[3] = env->features[FEAT_8000_0001_EDX];
        if (per_die(c) > 1 && !is_intel(c)) {
            out[2] |= 1 << 1;
        }
        break;
    case 0x80000002: case 0x80000003: case 0x80000004:
        memcpy(out, env->model_id + (leaf - 0x80000002) * 16, 16);
        break;
    case 0x80000005:
        out[0] = out[1] = 0x01ff01ff;
        out[2] = zen ? 0x20080140 : 0x40020140;
        out[3] = zen && is_zen1(c) ? 0x40040140 : out[2];
        break;
    case 0x80000006:
        out[1] = 0x42004200;
        out[2] = zen ? 0x02006140 : 0x02008140;
        out[3] = zen && is_zen1(c) ? 0x00408140 : 0x00808140;
        break;
    case 0x80000007:
        out[3] = env->features[FEAT_8000_0007_EDX];
        break;
    case 0x80000008:
        out[0] = env->phys_bits;
        if (x86_has_feature(c, FE_LM)) {
            out[0] |= (env->features[FEAT_7_0_ECX] & 1 << 16 ? 57 : 48) << 8;
        }
        out[1] = env->features[FEAT_8000_0008_EBX];
        if (per_die(c) > 1) {
            out[2] = package_bits(c) << 12 | (per_die(c) - 1);
        }
        break;
    case 0x8000001d:
        if (zen && sub < G_N_ELEMENTS(amd_caches[0])) {
            leaf_cache(&amd_caches[is_zen1(c)][sub], sub < 3 ? c->topo.threads : per_die(c), out);
        }
        break;
    case 0x8000001e:
        if (zen) {
            out[0] = c->apic_id;
            out[1] = (c->topo.threads - 1) << 8 | (c->apic_id >> thread_bits(c) & ((1u << width(c->topo.cores)) - 1));
            out[2] = (c->topo.dies - 1) << 8 | (c->apic_id >> die_bits(c) & 0xff);
        }
        break;
    default:
        break;
    }
}

void x86_cpuid(X86Cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    const X86Env *env = &c->env;

    memset(out, 0, 16);
    if (leaf >= HV_BASE && leaf <= HV_BASE + 0xff) {
        hypervisor(c, leaf, out);
        return;
    }
    /* Beyond the last leaf of any range the last basic one answers. */
    bool ext = leaf >= 0x80000000 && leaf <= env->cpuid_xlevel;
    if (ext) {
        extended(c, leaf, sub, out);
    } else {
        basic(c, leaf > env->cpuid_level ? env->cpuid_level : leaf, sub, out);
    }
}
