/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models and the names of features: data rows, and how -cpu's text becomes CPUID words. */
#ifndef TARGET_I386_MODEL_H
#define TARGET_I386_MODEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "target/i386/features.h"

typedef struct FeatureName { const char *name; uint16_t feature; } FeatureName;     /* FEATURE() */
extern const FeatureName x86_feature_names[];
extern const unsigned x86_feature_names_count;
typedef struct FlagAlias { const char *alias, *name; } FlagAlias;
extern const FlagAlias x86_flag_aliases[];
extern const unsigned x86_flag_aliases_count;
/* FEATURE() by name or alias; underscores count as dashes. -1: no such flag; -2: one of VMX's. */
int x86_flag_find(const char *text);
extern const char *const x86_feature_vmx_names[];
extern const unsigned x86_feature_vmx_names_count;

typedef struct X86Model {
    const char *name;               /* "Haswell-v4" */
    const char *vendor, *id;
    const char *note;               /* what help adds to id */
    uint16_t family, model, stepping;
    uint32_t level, xlevel, xlevel2;
    uint8_t phys_bits;
    uint32_t words[FEAT_WORDS];
} X86Model;
extern const X86Model x86_models_intel[], x86_models_amd[];
extern const unsigned x86_models_intel_count, x86_models_amd_count;

typedef struct X86ModelAlias {
    const char *name, *of;
    bool by_machine;                /* help: "alias configured by machine type" */
} X86ModelAlias;
extern const X86ModelAlias x86_model_aliases[];
extern const unsigned x86_model_aliases_count;

/* A vCPU as announced to the guest: a model with the user's changes, masked. */
typedef struct X86CpuDef {
    char *name;                     /* as given: "qemu64" */
    char vendor[13], id[49];
    uint32_t family, model, stepping, level, xlevel, xlevel2, phys_bits;
    uint32_t words[FEAT_WORDS];
    uint64_t tsc_hz;
    bool level_set, xlevel_set;
    bool kvm_signature, hypervisor_leaves, enforce;
} X86CpuDef;

/* What an accelerator can give, word by word, and the processor it stands on. */
typedef struct X86Supported {
    uint32_t words[FEAT_WORDS];
    bool kvm;                       /* "host" is this processor; named models get the paravirtual flags */
    char vendor[13], id[49];
    uint32_t family, model, stepping, level, xlevel, phys_bits;
} X86Supported;

/* Parses "-cpu model,features". One summarised warning goes out for what had to be masked, unless the model is
 * a generic one and nothing of it was asked for by name, or quiet. NULL + error. */
X86CpuDef *x86_def_parse(const char *model, const char *features, bool quiet, GError **errp);
/* The same for an accelerator that can do `can`; NULL: the translator. */
X86CpuDef *x86_def_parse_for(const X86Supported *can, const char *model, const char *features, bool quiet,
                             GError **errp);
void x86_def_free(X86CpuDef *def);
/* What this translator can give on this host, word by word. */
void tcg_supported_features(uint32_t words[FEAT_WORDS]);

#endif
