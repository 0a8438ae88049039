/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From "-cpu model,+flag,-flag,key=value" to CPUID words; what the translator supports, as data; -cpu help. */
#include "target/i386/model.h"

#include <cpuid.h>
#include <string.h>

#include "target/i386/sys.h"
#include "util/err.h"
#include "util/log.h"

/* ---- what can be had */

typedef struct WordMask {
    uint32_t system;                /* we implement it ourselves, on any host */
    uint32_t host;                  /* executed by the host's own instruction, or pointless without it */
} WordMask;

#define B(n) (1u << (n))

enum {
    AVX512_EBX = B(16) | B(17) | B(21) | B(28) | B(30),         /* F DQ IFMA CD BW, VL below */
    AVX512_ECX = B(1) | B(6) | B(11) | B(12) | B(14),           /* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
    AVX512_EDX = B(8),                                          /* VP2INTERSECT */
    AVX512_7_1_EAX = B(5),                                      /* BF16 */
};
#define AVX512_VL B(31)

static const WordMask tcg_words[FEAT_WORDS] = {
    /* FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH ACPI SS HT;
     * MMX FXSR SSE SSE2 are in every 64-bit host */
    [FEAT_1_EDX] = { 0x1fcbfbff, 0 },
    /* CX16 PCID X2APIC TSC-DEADLINE XSAVE hypervisor LAHF..; SSE3 PCLMUL SSSE3 FMA SSE4.1 SSE4.2 MOVBE
     * POPCNT AES AVX F16C RDRAND by the host */
    [FEAT_1_ECX] = { B(13) | B(17) | B(21) | B(24) | B(31),
                     B(0) | B(1) | B(9) | B(12) | B(19) | B(20) | B(22) | B(23) | B(25) | B(26) | B(28) |
                         B(29) | B(30) },
    /* FSGSBASE TSC_ADJUST SMEP ERMS INVPCID SMAP CLFLUSHOPT CLWB; BMI1 AVX2 BMI2 RDSEED ADX SHA and
     * AVX-512 by the host */
    [FEAT_7_0_EBX] = { B(0) | B(1) | B(7) | B(9) | B(10) | B(20) | B(23) | B(24),
                       B(3) | B(5) | B(8) | B(18) | B(19) | B(29) | AVX512_EBX | AVX512_VL },
    /* UMIP LA57 RDPID; GFNI VAES VPCLMULQDQ and AVX-512 by the host */
    [FEAT_7_0_ECX] = { B(2) | B(16) | B(22), B(8) | B(9) | B(10) | AVX512_ECX },
    [FEAT_7_0_EDX] = { B(4), AVX512_EDX },              /* FSRM */
    [FEAT_7_1_EAX] = { 0, AVX512_7_1_EAX },
    /* the copies of leaf 1, SYSCALL NX MMXEXT FFXSR 1GB-pages RDTSCP LM */
    [FEAT_8000_0001_EDX] = { 0x0183f3ff | B(11) | B(20) | B(22) | B(25) | B(26) | B(27) | B(29), 0 },
    [FEAT_8000_0001_ECX] = { B(0) | B(1) | B(4) | B(8) | B(22), B(5) | B(6) },
                            /* LAHF CMP_LEGACY CR8 PREFETCHW TOPOEXT; ABM SSE4A */
    [FEAT_8000_0007_EDX] = { B(8), 0 },                 /* invariant TSC */
    [FEAT_XSAVE] = { 0, B(0) | B(1) | B(2) | B(3) },    /* XSAVEOPT XSAVEC XGETBV1 XSAVES */
    [FEAT_6_EAX] = { B(2), 0 },                         /* ARAT */
    [FEAT_KVM] = { B(0) | B(1) | B(3) | B(24), 0 },     /* clock, no I/O delay, clock 2, stable bit */
};

typedef struct HostLeaf { uint32_t leaf, sub; uint8_t reg; } HostLeaf;     /* reg: EAX 0 .. EDX 3 */
static const HostLeaf host_leaf[FEAT_WORDS] = {
    [FEAT_1_EDX] = { 1, 0, 3 }, [FEAT_1_ECX] = { 1, 0, 2 }, [FEAT_7_0_EBX] = { 7, 0, 1 },
    [FEAT_7_0_ECX] = { 7, 0, 2 }, [FEAT_7_0_EDX] = { 7, 0, 3 }, [FEAT_7_1_EAX] = { 7, 1, 0 },
    [FEAT_8000_0001_EDX] = { 0x80000001, 0, 3 }, [FEAT_8000_0001_ECX] = { 0x80000001, 0, 2 },
    [FEAT_XSAVE] = { 13, 1, 0 },
};

static uint32_t host_word(unsigned w)
{
    uint32_t r[4];

    if (host_leaf[w].leaf == 0 ||
        !__get_cpuid_count(host_leaf[w].leaf, host_leaf[w].sub, &r[0], &r[1], &r[2], &r[3])) {
        return 0;
    }
    return r[host_leaf[w].reg];
}

/* Does the host's system keep the state of these components? */
static bool host_keeps(uint32_t xcr0)
{
    uint32_t lo, hi;

    if (!(host_word(FEAT_1_ECX) & B(27))) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (lo & xcr0) == xcr0;
}

void tcg_supported_features(uint32_t words[FEAT_WORDS])
{
    static uint32_t cached[FEAT_WORDS];
    static gsize once;

    if (g_once_init_enter(&once)) {
        for (unsigned w = 0; w < FEAT_WORDS; w++) {
            cached[w] = tcg_words[w].system | (tcg_words[w].host ? tcg_words[w].host & host_word(w) : 0);
        }
        /* Without AVX or AVX-512 state what needs it goes too. */
        if (!(cached[FEAT_1_ECX] & B(28)) || !host_keeps(XCR0_AVX)) {
            cached[FEAT_1_ECX] &= ~(B(12) | B(28) | B(29));
            cached[FEAT_7_0_EBX] &= ~B(5);
            cached[FEAT_7_0_ECX] &= ~(B(9) | B(10));
        }
        if (!(cached[FEAT_7_0_EBX] & B(16)) ||
            !host_keeps(XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16)) {
            cached[FEAT_7_0_EBX] &= ~(AVX512_EBX | AVX512_VL);
            cached[FEAT_7_0_ECX] &= ~AVX512_ECX;
            cached[FEAT_7_0_EDX] &= ~AVX512_EDX;
            cached[FEAT_7_1_EAX] &= ~AVX512_7_1_EAX;
        }
        g_once_init_leave(&once, 1);
    }
    memcpy(words, cached, sizeof(cached));
}

/* ---- names */

const FlagAlias x86_flag_aliases[] = {
    { "sse3", "pni" }, { "i64", "lm" }, { "xd", "nx" }, { "sse4-1", "sse4.1" }, { "sse4-2", "sse4.2" },
    { "ffxsr", "fxsr-opt" }, { "pclmuldq", "pclmulqdq" }, { "kvm-asyncpf-vmexit", "kvm-asyncpf-int" },
};
const unsigned x86_flag_aliases_count = G_N_ELEMENTS(x86_flag_aliases);

int x86_flag_find(const char *text)
{
    g_autofree char *name = g_strdelimit(g_strdup(text), "_", '-');
    const char *n = name;

    for (size_t k = 0; k < G_N_ELEMENTS(x86_flag_aliases); k++) {
        if (strcmp(n, x86_flag_aliases[k].alias) == 0) {
            n = x86_flag_aliases[k].name;
        }
    }
    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        if (strcmp(n, x86_feature_names[k].name) == 0) {
            return x86_feature_names[k].feature;
        }
    }
    for (unsigned k = 0; k < x86_feature_vmx_names_count; k++) {
        if (strcmp(n, x86_feature_vmx_names[k]) == 0) {
            return -2;
        }
    }
    return -1;
}

static const char *flag_name(unsigned feature)
{
    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        if (x86_feature_names[k].feature == feature) {
            return x86_feature_names[k].name;
        }
    }
    return NULL;
}

/* ---- models */

static const X86Model *version_find(const char *name)
{
    for (unsigned k = 0; k < x86_models_intel_count; k++) {
        if (strcmp(x86_models_intel[k].name, name) == 0) {
            return &x86_models_intel[k];
        }
    }
    for (unsigned k = 0; k < x86_models_amd_count; k++) {
        if (strcmp(x86_models_amd[k].name, name) == 0) {
            return &x86_models_amd[k];
        }
    }
    return NULL;
}

static const X86Model *model_find(const char *name)
{
    const X86Model *m = version_find(name);

    for (unsigned k = 0; m == NULL && k < x86_model_aliases_count; k++) {
        if (strcmp(x86_model_aliases[k].name, name) == 0) {
            m = version_find(x86_model_aliases[k].of);
        }
    }
    return m;
}

static bool is_max(const char *name) { return strcmp(name, "max") == 0 || strcmp(name, "host") == 0; }

bool x86_cpu_model_known(const char *model)
{
    return is_max(model) || strcmp(model, "base") == 0 || model_find(model) != NULL;
}

static void def_from_model(X86CpuDef *d, const X86Model *m)
{
    g_strlcpy(d->vendor, m->vendor, sizeof(d->vendor));
    g_strlcpy(d->id, m->id, sizeof(d->id));
    d->family = m->family;
    d->model = m->model;
    d->stepping = m->stepping;
    d->level = m->level;
    d->xlevel = m->xlevel;
    d->xlevel2 = m->xlevel2;
    memcpy(d->words, m->words, sizeof(d->words));
}

/* Everything there is, under the identity people know from QEMU's translator. */
static void def_max(X86CpuDef *d)
{
    g_strlcpy(d->vendor, "AuthenticAMD", sizeof(d->vendor));
    g_strlcpy(d->id, "QEMU TCG CPU version 2.5+", sizeof(d->id));
    d->family = 15;
    d->model = 107;
    d->stepping = 1;
    d->level = 13;
    d->xlevel = 0x8000000a;
    tcg_supported_features(d->words);
    /* LA57 changes guests' address-space layout, TOPOEXT and HT follow topology, 5 is AMD's: as asked. */
    d->words[FEAT_7_0_ECX] &= ~B(16);
    d->words[FEAT_8000_0001_ECX] &= ~(B(1) | B(22));
    d->words[FEAT_1_EDX] &= ~B(28);
    d->words[FEAT_8000_0007_EDX] = 0;
    d->words[FEAT_1_ECX] |= B(31);
}

/* The host's processor, with all that KVM can give of it. */
static void def_host(X86CpuDef *d, const X86Supported *can)
{
    g_strlcpy(d->vendor, can->vendor, sizeof(d->vendor));
    g_strlcpy(d->id, can->id, sizeof(d->id));
    d->family = can->family;
    d->model = can->model;
    d->stepping = can->stepping;
    d->level = can->level;
    d->xlevel = can->xlevel;
    d->phys_bits = can->phys_bits;
    memcpy(d->words, can->words, sizeof(d->words));
    d->words[FEAT_1_EDX] &= ~B(28);                             /* follows topology, as AMD's twin does */
    d->words[FEAT_8000_0001_ECX] &= ~(B(1) | B(22));
    d->words[FEAT_7_0_ECX] &= ~B(16);
}

/* What every model has under KVM, where the host can: the clocks, no I/O delay, async page faults, steal time,
 * end of interrupt without exit, x2APIC, ARAT. What makes no sense there goes: ACPI clocking, MONITOR, SVM. */
static void def_kvm_defaults(X86CpuDef *d, const X86Supported *can)
{
    d->words[FEAT_KVM] |= can->words[FEAT_KVM] & (B(0) | B(1) | B(3) | B(4) | B(5) | B(6) | B(24));
    d->words[FEAT_1_ECX] |= can->words[FEAT_1_ECX] & B(21);
    d->words[FEAT_1_ECX] |= B(31);
    d->words[FEAT_6_EAX] |= can->words[FEAT_6_EAX] & B(2);
    d->words[FEAT_1_EDX] &= ~B(22);
    d->words[FEAT_1_ECX] &= ~B(3);
    d->words[FEAT_8000_0001_ECX] &= ~B(2);
}

static bool def_start(X86CpuDef *d, const X86Supported *can, const char *model, bool quiet, GError **errp)
{
    const X86Model *m;

    d->name = g_strdup(model);
    d->hypervisor_leaves = true;
    if (is_max(model) && can != NULL && can->kvm) {
        def_host(d, can);
    } else if (is_max(model)) {
        if (strcmp(model, "host") == 0 && !quiet) {
            info("CPU model 'host' is 'max' under the translator");
        }
        def_max(d);
    } else if ((m = model_find(model)) != NULL) {
        def_from_model(d, m);
        if (can != NULL && can->kvm) {
            def_kvm_defaults(d, can);
        }
    } else if (strcmp(model, "base") != 0) {
        return err_fail(errp, "unable to find CPU model '%s'", model);
    }
    return true;
}

/* ---- the user's changes */

typedef struct Asked {
    X86CpuDef *d;
    uint32_t plus[FEAT_WORDS], minus[FEAT_WORDS];       /* applied last, "+f" and "-f" over "f=" */
    GString *vmx;                                       /* asked-for flags without a bit */
} Asked;

static bool set_flag(Asked *a, const char *key, bool on, bool late, GError **errp)
{
    int f = x86_flag_find(key);

    if (f == -1) {
        return err_fail(errp, "Property '%s-x86_64-cpu.%s' not found", a->d->name, key);
    }
    if (f == -2) {
        if (on) {
            g_string_append_printf(a->vmx, " %s", key);
        }
        return true;
    }
    bool clock = f == FEATURE(FEAT_KVM, 0);
    uint32_t bit = B(f % 32) | (clock ? B(3) : 0);
    uint32_t *set = late ? &a->plus[f / 32] : &a->d->words[f / 32];
    if (late && !on) {
        a->minus[f / 32] |= bit;
    } else if (on) {
        *set |= bit;
    } else {
        *set &= ~bit;
    }
    return true;
}

static bool parse_u64(const char *key, const char *text, uint64_t *v, GError **errp)
{
    char *end;

    *v = g_ascii_strtoull(text, &end, 0);
    if (end == text || *end != '\0') {
        return err_fail(errp, "Parameter '%s' expects a number", key);
    }
    return true;
}

static bool set_number(X86CpuDef *d, const char *key, const char *text, bool *known, GError **errp)
{
    const struct { const char *key; uint32_t *to; bool *flag; } rows[] = {
        { "level", &d->level, &d->level_set }, { "xlevel", &d->xlevel, &d->xlevel_set },
        { "xlevel2", &d->xlevel2, NULL }, { "family", &d->family, NULL }, { "model", &d->model, NULL },
        { "stepping", &d->stepping, NULL }, { "phys-bits", &d->phys_bits, NULL },
        { "min-level", &d->level, NULL }, { "min-xlevel", &d->xlevel, NULL },
    };
    uint64_t v;

    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        if (strcmp(rows[k].key, key) == 0) {
            *known = true;
            if (!parse_u64(key, text, &v, errp)) {
                return false;
            }
            *rows[k].to = (uint32_t)v;
            if (rows[k].flag != NULL) {
                *rows[k].flag = true;
            }
            return true;
        }
    }
    return true;
}

/* "2.4G", "1000000000": with suffixes of ten. */
static bool parse_hz(const char *text, uint64_t *hz, GError **errp)
{
    char *end;
    double v = g_ascii_strtod(text, &end);
    double unit = *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1;

    if (end == text || (unit != 1 && end[1] != '\0') || (unit == 1 && *end != '\0') || v * unit < 1e6 ||
        v * unit > 1e11) {
        return err_fail(errp, "Parameter 'tsc-frequency' expects a frequency of 1M to 100G");
    }
    *hz = (uint64_t)(v * unit);
    return true;
}

/* Switches of no effect here that people's command lines carry. */
static bool is_ignored(const char *key)
{
    static const char *const keys[] = {
        "check", "l3-cache", "legacy-cache", "host-cache-info", "pmu", "migratable", "kvm", "host-phys-bits",
        "host-phys-bits-limit", "fill-mtrr-mask", "full-cpuid-auto-level", "cpuid-0xb", "x-migrate-smi-count",
        "vmware-cpuid-freq", "x-vendor-cpuid-only", "kvm-no-smi-migration", "kvm-pv-enforce-cpuid",
        "x-force-features", "xfd", "topology-check",
    };

    for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
        if (strcmp(key, keys[k]) == 0) {
            return true;
        }
    }
    return g_str_has_prefix(key, "hv-") || g_str_has_prefix(key, "x-hv-");
}

static bool set_value(Asked *a, const char *key, const char *value, GError **errp)
{
    X86CpuDef *d = a->d;
    bool known = false, on;

    if (!set_number(d, key, value, &known, errp) || known) {
        return known && (errp == NULL || *errp == NULL);
    }
    if (strcmp(key, "vendor") == 0) {
        if (strlen(value) != 12) {
            return err_fail(errp, "Property '%s-x86_64-cpu.vendor' doesn't take value '%s'", d->name, value);
        }
        g_strlcpy(d->vendor, value, sizeof(d->vendor));
        return true;
    }
    if (strcmp(key, "model-id") == 0) {
        g_strlcpy(d->id, value, sizeof(d->id));
        return true;
    }
    if (strcmp(key, "tsc-frequency") == 0 || strcmp(key, "tsc-freq") == 0) {
        return parse_hz(value, &d->tsc_hz, errp);
    }
    if (is_ignored(key)) {
        return true;
    }
    if (strcmp(value, "on") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0) {
        on = true;
    } else if (strcmp(value, "off") == 0 || strcmp(value, "false") == 0 || strcmp(value, "no") == 0) {
        on = false;
    } else if (x86_flag_find(key) != -1) {
        return err_fail(errp, "Parameter '%s' expects 'on' or 'off'", key);
    } else {
        return err_fail(errp, "Property '%s-x86_64-cpu.%s' not found", d->name, key);
    }
    if (strcmp(key, "enforce") == 0) {
        d->enforce = on;
        return true;
    }
    if (strcmp(key, "tcg-cpuid") == 0) {
        d->hypervisor_leaves = on;
        return true;
    }
    return set_flag(a, key, on, false, errp);
}

static bool parse_item(Asked *a, const char *item, GError **errp)
{
    if (item[0] == '+' || item[0] == '-') {
        return set_flag(a, item + 1, item[0] == '+', true, errp);
    }
    g_auto(GStrv) kv = g_strsplit(item, "=", 2);
    g_strdelimit(kv[0], "_", '-');
    return set_value(a, kv[0], kv[1] != NULL ? kv[1] : "on", errp);
}

/* ---- masking */

static bool is_generic(const char *name)
{
    static const char *const names[] = { "qemu64", "qemu32", "kvm64", "kvm32", "qemu64-v1", "qemu32-v1",
                                         "kvm64-v1", "kvm32-v1", "max", "host", "base" };

    for (size_t k = 0; k < G_N_ELEMENTS(names); k++) {
        if (strcmp(name, names[k]) == 0) {
            return true;
        }
    }
    return false;
}

/* Words that follow from others or that nobody asks for by name. */
static bool is_derived_word(unsigned w)
{
    return w == FEAT_XSAVE_XCR0_LO || w == FEAT_XSAVE_XCR0_HI || w == FEAT_XSAVE_XSS_LO || w == FEAT_XSAVE_XSS_HI;
}

static bool def_mask(Asked *a, const X86Supported *from, bool quiet, GError **errp)
{
    X86CpuDef *d = a->d;
    uint32_t can[FEAT_WORDS];
    GString *lost = g_string_new(NULL);
    bool generic = is_generic(d->name), ok = true;

    if (from != NULL) {
        memcpy(can, from->words, sizeof(can));
    } else {
        tcg_supported_features(can);
    }
    for (unsigned w = 0; w < FEAT_WORDS; w++) {
        uint32_t gone = d->words[w] & ~can[w];

        d->words[w] &= can[w];
        if (generic) {
            gone &= a->plus[w];
        }
        for (unsigned b = 0; b < 32 && !is_derived_word(w); b++) {
            const char *name = gone & B(b) ? flag_name(FEATURE(w, b)) : NULL;

            if (name != NULL) {
                g_string_append_printf(lost, " %s", name);
            }
        }
    }
    g_string_append(lost, a->vmx->str);
    if (lost->len > 0 && d->enforce) {
        ok = err_fail(errp, "CPU model '%s' needs features that are not available here:%s", d->name, lost->str);
    } else if (lost->len > 0 && !quiet) {
        warn("CPU model '%s' without what this host or the %s lacks:%s", d->name,
             from != NULL ? "kernel's KVM" : "translator", lost->str);
    }
    g_string_free(lost, TRUE);
    return ok;
}

/* Features that make no sense alone, and limits that follow. */
static void def_finish(X86CpuDef *d)
{
    uint32_t *w = d->words;

    if (!(w[FEAT_1_ECX] & B(26))) {                     /* no XSAVE */
        w[FEAT_1_ECX] &= ~(B(28) | B(12) | B(29));
        w[FEAT_XSAVE] = 0;
    }
    if (!(w[FEAT_1_ECX] & B(28))) {                     /* no AVX */
        w[FEAT_7_0_EBX] &= ~B(5);
        w[FEAT_7_0_ECX] &= ~(B(9) | B(10));
    }
    uint32_t leaf7 = w[FEAT_7_0_EBX] | w[FEAT_7_0_ECX] | w[FEAT_7_0_EDX];
    if (!d->level_set) {
        d->level = leaf7 != 0 && d->level < 7 ? 7 : d->level;
        d->level = (w[FEAT_1_ECX] & B(26)) && d->level < 13 ? 13 : d->level;
        d->level = d->level == 0 ? 1 : d->level;
    }
    if (!d->xlevel_set && (w[FEAT_8000_0001_EDX] | w[FEAT_8000_0001_ECX]) != 0 && d->xlevel < 0x80000001) {
        d->xlevel = 0x80000001;
    }
    if (d->phys_bits == 0 || d->phys_bits > 52) {
        d->phys_bits = w[FEAT_8000_0001_EDX] & B(29) ? 40 : w[FEAT_1_EDX] & B(17) ? 36 : 32;
    }
    d->phys_bits = d->phys_bits < 32 ? 32 : d->phys_bits;
    d->kvm_signature = w[FEAT_KVM] != 0;
}

X86CpuDef *x86_def_parse_for(const X86Supported *can, const char *model, const char *features, bool quiet,
                             GError **errp)
{
    X86CpuDef *d = g_new0(X86CpuDef, 1);
    Asked a = { .d = d, .vmx = g_string_new(NULL) };
    bool ok = def_start(d, can, model != NULL ? model : "qemu64", quiet, errp);

    if (ok && features != NULL) {
        g_auto(GStrv) items = g_strsplit(features, ",", -1);

        for (unsigned k = 0; ok && items[k] != NULL; k++) {
            ok = items[k][0] == '\0' || parse_item(&a, items[k], errp);
        }
    }
    for (unsigned w = 0; w < FEAT_WORDS; w++) {
        d->words[w] = (d->words[w] | a.plus[w]) & ~a.minus[w];
    }
    ok = ok && def_mask(&a, can, quiet, errp);
    g_string_free(a.vmx, TRUE);
    if (!ok) {
        x86_def_free(d);
        return NULL;
    }
    def_finish(d);
    return d;
}

X86CpuDef *x86_def_parse(const char *model, const char *features, bool quiet, GError **errp)
{
    return x86_def_parse_for(NULL, model, features, quiet, errp);
}

void x86_def_free(X86CpuDef *def)
{
    if (def != NULL) {
        g_free(def->name);
        g_free(def);
    }
}

/* ---- -cpu help */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void help_model(GPtrArray *lines, const X86Model *m)
{
    g_autofree char *text = m->note != NULL ? g_strdup_printf("%s %s", m->id, m->note) : g_strdup(m->id);

    g_ptr_array_add(lines, g_strdup_printf("x86 %-20s  %s", m->name, text));
}

static void help_flags(GString *out)
{
    GPtrArray *names = g_ptr_array_new();
    unsigned col = 1;

    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        g_ptr_array_add(names, (gpointer)x86_feature_names[k].name);
    }
    g_ptr_array_add(names, (gpointer)"kvmclock");       /* its two bits are two flags */
    for (unsigned k = 0; k < x86_feature_vmx_names_count; k++) {
        g_ptr_array_add(names, (gpointer)x86_feature_vmx_names[k]);
    }
    qsort(names->pdata, names->len, sizeof(names->pdata[0]), compare_lines);
    g_string_append(out, "\nRecognized CPUID flags:\n ");
    for (unsigned k = 0; k < names->len; k++) {
        const char *n = g_ptr_array_index(names, k);

        if (col + strlen(n) + 1 > 75) {
            g_string_append(out, "\n ");
            col = 1;
        }
        g_string_append_printf(out, " %s", n);
        col += strlen(n) + 1;
    }
    g_string_append(out, "\n\n");
    g_ptr_array_free(names, TRUE);
}

char *x86_cpu_help(void)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    GString *out = g_string_new("Available CPUs:\n");

    for (unsigned k = 0; k < x86_models_intel_count; k++) {
        help_model(lines, &x86_models_intel[k]);
    }
    for (unsigned k = 0; k < x86_models_amd_count; k++) {
        help_model(lines, &x86_models_amd[k]);
    }
    for (unsigned k = 0; k < x86_model_aliases_count; k++) {
        const X86ModelAlias *a = &x86_model_aliases[k];
        g_autofree char *what = a->by_machine ? g_strdup("(alias configured by machine type)")
                                              : g_strdup_printf("(alias of %s)", a->of);

        g_ptr_array_add(lines, g_strdup_printf("x86 %-20s  %s", a->name, what));
    }
    qsort(lines->pdata, lines->len, sizeof(lines->pdata[0]), compare_lines);
    g_ptr_array_add(lines, g_strdup("x86 base                  base CPU model type with no features enabled"));
    g_ptr_array_add(lines, g_strdup("x86 host                  processor with all supported host features "));
    g_ptr_array_add(lines, g_strdup("x86 max                   Enables all features supported by the "
                                    "accelerator in the current host"));
    for (unsigned k = 0; k < lines->len; k++) {
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, k));
    }
    g_ptr_array_free(lines, TRUE);
    help_flags(out);
    return g_string_free(out, FALSE);
}
