/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models and CPUs as the monitor shows them: definitions, expansion, properties. A CPU's features
 * are not fields of its own but bits of CPUID words, so their rows are made here from the tables of
 * names. "static" expansion is in terms of "base" and the primary names; "full" adds the aliases. */
#include <string.h>
#include "target/i386/cpu.h"
#include "target/i386/kvm_x86.h"
#include "target/i386/model.h"
#include "target/i386/sys.h"
#include "util/err.h"

/* ---- Rows that are not flags */

typedef struct NumberRow { const char *name, *type; size_t offset; bool is_static; } NumberRow;
static const NumberRow number_rows[] = {
    { "family", "int", offsetof(X86CpuDef, family), true },
    { "model", "int", offsetof(X86CpuDef, model), true },
    { "stepping", "int", offsetof(X86CpuDef, stepping), true },
    { "min-level", "uint32", offsetof(X86CpuDef, level), true },
    { "min-xlevel", "uint32", offsetof(X86CpuDef, xlevel), true },
    { "level", "uint32", offsetof(X86CpuDef, level), false },
    { "xlevel", "uint32", offsetof(X86CpuDef, xlevel), false },
    { "xlevel2", "uint32", offsetof(X86CpuDef, xlevel2), false },
    { "phys-bits", "uint32", offsetof(X86CpuDef, phys_bits), false },
};
typedef struct TextRow { const char *name; size_t offset; } TextRow;
static const TextRow text_rows[] = {
    { "vendor", offsetof(X86CpuDef, vendor) }, { "model-id", offsetof(X86CpuDef, id) },
};

static bool word_has(const uint32_t *words, unsigned feature)
{
    return (words[feature / 32] >> (feature % 32)) & 1;
}

/* What vm's accelerator can give. NULL: it is the translator, or cannot be asked. */
static const X86Supported *supported_by(const Vm *vm, X86Supported *buf)
{
    const Kvm *kvm = kvm_of(vm);

    return kvm != NULL && x86_kvm_supported(kvm, buf, NULL) ? buf : NULL;
}

/* The names of what is asked for in words and cannot be had. */
static Json *missing_features(const X86Supported *from, const uint32_t *words)
{
    uint32_t can[FEAT_WORDS];
    Json *list = json_array_new();

    if (from != NULL) {
        memcpy(can, from->words, sizeof(can));
    } else {
        tcg_supported_features(can);
    }
    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        unsigned f = x86_feature_names[k].feature;

        if (word_has(words, f) && !word_has(can, f)) {
            json_array_add(list, json_str(x86_feature_names[k].name));
        }
    }
    return list;
}

/* ---- query-cpu-definitions */

typedef struct Definitions { Json *list; const X86Supported *can; } Definitions;

static void add_definition(const Definitions *defs, const char *name, const char *alias_of, const uint32_t *words,
                           bool is_static, bool migration_safe)
{
    static const uint32_t none[FEAT_WORDS];
    Json *row = json_object_new();

    json_set_str(row, "name", name);
    json_set(row, "typename", json_strf("%s-" TARGET_CPU_SUFFIX, name));
    json_set(row, "unavailable-features", missing_features(defs->can, words != NULL ? words : none));
    if (alias_of != NULL) {
        json_set_str(row, "alias-of", alias_of);
    }
    json_set_bool(row, "static", is_static);
    json_set_bool(row, "migration-safe", migration_safe);
    json_set_bool(row, "deprecated", false);
    json_array_add(defs->list, row);
}

static const X86Model *model_named(const char *name)
{
    const struct { const X86Model *rows; unsigned n; } sets[] = {
        { x86_models_intel, x86_models_intel_count }, { x86_models_amd, x86_models_amd_count },
    };

    for (size_t s = 0; s < G_N_ELEMENTS(sets); s++) {
        for (unsigned k = 0; k < sets[s].n; k++) {
            if (strcmp(sets[s].rows[k].name, name) == 0) {
                return &sets[s].rows[k];
            }
        }
    }
    return NULL;
}

Json *target_cpu_definitions(const Vm *vm)
{
    X86Supported buf;
    const Definitions defs = { json_array_new(), vm != NULL ? supported_by(vm, &buf) : NULL };

    add_definition(&defs, "max", NULL, NULL, false, false);
    add_definition(&defs, "host", NULL, NULL, false, false);
    add_definition(&defs, "base", NULL, NULL, true, true);
    for (unsigned k = 0; k < x86_models_intel_count; k++) {
        add_definition(&defs, x86_models_intel[k].name, NULL, x86_models_intel[k].words, false, true);
    }
    for (unsigned k = 0; k < x86_models_amd_count; k++) {
        add_definition(&defs, x86_models_amd[k].name, NULL, x86_models_amd[k].words, false, true);
    }
    for (unsigned k = 0; k < x86_model_aliases_count; k++) {
        const X86ModelAlias *a = &x86_model_aliases[k];
        const X86Model *m = model_named(a->of);

        add_definition(&defs, a->name, a->of, m != NULL ? m->words : NULL, false, true);
    }
    return defs.list;
}

/* ---- query-cpu-model-expansion */

/* The user's changes as -cpu has them; the model's name may hold commas and goes apart. */
static char *props_text(const Json *props, const char **ret_id)
{
    GString *out = g_string_new(NULL);

    JSON_FOREACH(props, i, v) {
        const char *key = json_key_at(props, i);
        g_autofree char *text = NULL;
        bool on;

        if (strcmp(key, "model-id") == 0) {
            *ret_id = json_str_value(v);
            continue;
        }
        if (json_to_bool(v, &on)) {
            text = g_strdup(on ? "on" : "off");
        } else {
            text = json_is(v, JSON_STR) ? g_strdup(json_str_value(v)) : json_print(v, false);
        }
        g_string_append_printf(out, "%s%s=%s", out->len > 0 ? "," : "", key, text);
    }
    return g_string_free(out, FALSE);
}

/* The VMX switches, for which there is no bit, are always off. */
static Json *def_props(const X86CpuDef *d, bool full)
{
    Json *props = json_object_new();

    for (size_t i = 0; i < G_N_ELEMENTS(number_rows); i++) {
        if (full || number_rows[i].is_static) {
            json_set_uint(props, number_rows[i].name,
                          *(const uint32_t *)(const void *)((const char *)d + number_rows[i].offset));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(text_rows); i++) {
        json_set_str(props, text_rows[i].name, (const char *)d + text_rows[i].offset);
    }
    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        json_set_bool(props, x86_feature_names[k].name, word_has(d->words, x86_feature_names[k].feature));
    }
    for (unsigned k = 0; k < x86_feature_vmx_names_count; k++) {
        json_set_bool(props, x86_feature_vmx_names[k], false);
    }
    for (unsigned k = 0; full && k < x86_flag_aliases_count; k++) {
        const Json *of = json_get(props, x86_flag_aliases[k].name);
        bool on = false;

        json_to_bool(of, &on);
        json_set_bool(props, x86_flag_aliases[k].alias, on);
    }
    return props;
}

Json *target_cpu_expand(const Vm *vm, const char *model, const Json *props, bool full, GError **errp)
{
    X86Supported buf;
    const char *id = NULL;
    g_autofree char *text = props_text(props, &id);
    X86CpuDef *d;
    Json *ret;

    if (!x86_cpu_model_known(model)) {
        err_fail(errp, "The CPU type for model '%s' was not found", model);
        return NULL;
    }
    d = x86_def_parse_for(supported_by(vm, &buf), model, text, true, errp);
    if (d == NULL) {
        return NULL;
    }
    if (id != NULL) {
        g_strlcpy(d->id, id, sizeof(d->id));
    }
    ret = json_object_new();
    json_set_str(ret, "name", full ? model : "base");
    json_set(ret, "props", def_props(d, full));
    x86_def_free(d);
    return ret;
}

/* ---- Properties of CPU types and CPUs */

static void add_row(Json *list, const char *name, const char *type)
{
    Json *row = json_object_new();

    json_set_str(row, "name", name);
    json_set_str(row, "type", type);
    json_array_add(list, row);
}

static const char *const topology_rows[] = { "socket-id", "die-id", "core-id", "thread-id", "node-id" };

Json *target_cpu_props(void)
{
    Json *list = json_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(number_rows); i++) {
        add_row(list, number_rows[i].name, number_rows[i].type);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(text_rows); i++) {
        add_row(list, text_rows[i].name, "string");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(topology_rows); i++) {
        add_row(list, topology_rows[i], "int32");
    }
    add_row(list, "apic-id", "uint32");
    add_row(list, "tsc-frequency", "int");
    add_row(list, "unavailable-features", "strList");
    for (unsigned k = 0; k < x86_feature_names_count; k++) {
        add_row(list, x86_feature_names[k].name, "bool");
    }
    for (unsigned k = 0; k < x86_feature_vmx_names_count; k++) {
        add_row(list, x86_feature_vmx_names[k], "bool");
    }
    for (unsigned k = 0; k < x86_flag_aliases_count; k++) {
        add_row(list, x86_flag_aliases[k].alias, "bool");
    }
    return list;
}

static Json *topology_prop(const X86Cpu *c, const char *name)
{
    uint32_t id = c->cpu.index;
    unsigned threads = MAX(c->topo.threads, 1u), cores = MAX(c->topo.cores, 1u), dies = MAX(c->topo.dies, 1u);

    if (strcmp(name, "thread-id") == 0) {
        return json_int(id % threads);
    }
    if (strcmp(name, "core-id") == 0) {
        return json_int(id / threads % cores);
    }
    if (strcmp(name, "die-id") == 0) {
        return json_int(id / threads / cores % dies);
    }
    if (strcmp(name, "socket-id") == 0) {
        return json_int(id / threads / cores / dies);
    }
    return strcmp(name, "node-id") == 0 ? json_int(-1) : NULL;
}

Json *target_cpu_prop(const Cpu *cpu, const char *name)
{
    const X86Cpu *c = (const X86Cpu *)cpu;
    const X86CpuDef *d = c->def;
    int f;

    for (size_t i = 0; i < G_N_ELEMENTS(number_rows); i++) {
        if (strcmp(number_rows[i].name, name) == 0) {
            return json_uint(*(const uint32_t *)(const void *)((const char *)d + number_rows[i].offset));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(text_rows); i++) {
        if (strcmp(text_rows[i].name, name) == 0) {
            return json_str((const char *)d + text_rows[i].offset);
        }
    }
    if (strcmp(name, "apic-id") == 0) {
        return json_uint(c->apic_id);
    }
    if (strcmp(name, "tsc-frequency") == 0) {
        return json_uint(d->tsc_hz);
    }
    if (strcmp(name, "unavailable-features") == 0) {
        return json_array_new();        /* what cannot be had was taken out of the words */
    }
    f = x86_flag_find(name);
    if (f != -1) {
        return json_bool(f >= 0 && word_has(d->words, (unsigned)f));
    }
    return topology_prop(c, name);
}

const ObjType *target_cpu_base(void)
{
    return type_find("x86_64-cpu");
}

const ObjType *target_cpu_type(const char *name)
{
    g_autofree char *model = NULL;

    if (!g_str_has_suffix(name, "-" TARGET_CPU_SUFFIX)) {
        return NULL;
    }
    model = g_strndup(name, strlen(name) - strlen("-" TARGET_CPU_SUFFIX));
    return x86_cpu_model_known(model) ? &x86_cpu_model_type(model)->dev.type : NULL;
}

void target_cpu_visit_types(void (*fn)(const ObjType *t, void *opaque), void *opaque)
{
    g_autoptr(Json) all = target_cpu_definitions(NULL);

    JSON_FOREACH(all, i, row) {
        fn(target_cpu_type(json_get_str(row, "typename")), opaque);
    }
}
