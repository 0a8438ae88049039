/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info commands whose answer a QMP query gives: it is laid out for people here. */
#include <inttypes.h>
#include <string.h>
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "system/help.h"
#include "target/cpu.h"
#include "util/err.h"

static void info_balloon(Hmp *hmp, const Json *args)
{
    g_autoptr(Json) j = hmp_qmp(hmp, "query-balloon", NULL);

    if (j != NULL) {
        hmp_printf(hmp, "balloon: actual=%" PRIu64 "\n", json_get_uint(j, "actual", 0) >> 20);
    }
}

static void info_dump(Hmp *hmp, const Json *args)
{
    g_autoptr(Json) j = hmp_qmp(hmp, "query-dump", NULL);
    const char *status = json_get_str(j, "status");
    uint64_t total = json_get_uint(j, "total", 0);

    if (j == NULL) {
        return;
    }
    hmp_printf(hmp, "Status: %s\n", status);
    if (strcmp(status, "active") == 0) {
        hmp_printf(hmp, "Finished: %.2f %%\n",
                   total != 0 ? 100.0 * (double)json_get_uint(j, "completed", 0) / (double)total : 0.0);
    }
}

static void info_memdev(Hmp *hmp, const Json *args)
{
    static const char *const flags[] = { "merge", "dump", "prealloc", "share", "reserve" };
    g_autoptr(Json) list = hmp_qmp(hmp, "query-memdev", NULL);

    JSON_FOREACH(list, i, m) {
        const char *id = json_get_str(m, "id");

        hmp_printf(hmp, "memory backend: %s\n  size:  %" PRIu64 "\n", id != NULL ? id : "",
                   json_get_uint(m, "size", 0));
        for (size_t k = 0; k < G_N_ELEMENTS(flags); k++) {
            if (json_has(m, flags[k])) {
                hmp_printf(hmp, "  %s: %s\n", flags[k], json_get_bool(m, flags[k], false) ? "true" : "false");
            }
        }
        hmp_printf(hmp, "  policy: %s\n  host nodes: ", json_get_str(m, "policy"));
        JSON_FOREACH(json_get(m, "host-nodes"), k, node) {
            int64_t n = 0;

            json_to_i64(node, &n);
            hmp_printf(hmp, "%s%" PRId64, k > 0 ? "," : "", n);
        }
        hmp_puts(hmp, "\n");
    }
    if (list != NULL) {
        hmp_puts(hmp, "\n");
    }
}

static void info_memory_devices(Hmp *hmp, const Json *args)
{
    g_autoptr(Json) list = hmp_qmp(hmp, "query-memory-devices", NULL);

    JSON_FOREACH(list, i, row) {
        const Json *d = json_get(row, "data");
        const char *id = json_get_str(d, "id");

        hmp_printf(hmp, "Memory device [%s]: \"%s\"\n  addr: 0x%" PRIx64 "\n  slot: %" PRId64 "\n  node: %" PRId64
                   "\n  size: %" PRIu64 "\n  memdev: %s\n  hotplugged: %s\n  hotpluggable: %s\n",
                   json_get_str(row, "type"), id != NULL ? id : "", json_get_uint(d, "addr", 0),
                   json_get_int(d, "slot", 0), json_get_int(d, "node", 0), json_get_uint(d, "size", 0),
                   json_get_str(d, "memdev"), json_get_bool(d, "hotplugged", false) ? "true" : "false",
                   json_get_bool(d, "hotpluggable", false) ? "true" : "false");
    }
}

static void info_iothreads(Hmp *hmp, const Json *args)
{
    static const char *const rows[] = { "thread-id", "poll-max-ns", "poll-grow", "poll-shrink", "aio-max-batch" };
    g_autoptr(Json) list = hmp_qmp(hmp, "query-iothreads", NULL);

    JSON_FOREACH(list, i, t) {
        hmp_printf(hmp, "%s:\n", json_get_str(t, "id"));
        for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
            hmp_printf(hmp, "  %s=%" PRId64 "\n", k == 0 ? "thread_id" : rows[k], json_get_int(t, rows[k], 0));
        }
    }
}

static void info_hotpluggable_cpus(Hmp *hmp, const Json *args)
{
    static const char *const props[] = { "node-id", "socket-id", "die-id", "cluster-id", "core-id", "thread-id" };
    g_autoptr(Json) list = hmp_qmp(hmp, "query-hotpluggable-cpus", NULL);

    if (list != NULL) {
        hmp_puts(hmp, "Hotpluggable CPUs:\n");
    }
    JSON_FOREACH(list, i, c) {
        hmp_printf(hmp, "  type: \"%s\"\n  vcpus_count: \"%" PRId64 "\"\n", json_get_str(c, "type"),
                   json_get_int(c, "vcpus-count", 0));
        if (json_has(c, "qom-path")) {
            hmp_printf(hmp, "  qom_path: \"%s\"\n", json_get_str(c, "qom-path"));
        }
        hmp_puts(hmp, "  CPUInstance Properties:\n");
        for (size_t k = 0; k < G_N_ELEMENTS(props); k++) {
            if (json_has(json_get(c, "props"), props[k])) {
                hmp_printf(hmp, "    %s: \"%" PRId64 "\"\n", props[k],
                           json_get_int(json_get(c, "props"), props[k], 0));
            }
        }
    }
}

static void info_migrate_capabilities(Hmp *hmp, const Json *args)
{
    g_autoptr(Json) list = hmp_qmp(hmp, "query-migrate-capabilities", NULL);

    JSON_FOREACH(list, i, c) {
        hmp_printf(hmp, "%s: %s\n", json_get_str(c, "capability"), json_get_bool(c, "state", false) ? "on" : "off");
    }
}

static void info_qdm(Hmp *hmp, const Json *args)
{
    g_autoptr(GString) out = g_string_new(NULL);

    help_all_devices(true, out);
    hmp_puts(hmp, out->str);
}

/* ---- Statistics */

/* What stands for 10^exponent or 2^exponent before a unit; NULL: no prefix has that value. */
static const char *unit_prefix(int64_t base, int64_t exponent)
{
    static const struct { int64_t base, exponent; const char *text; } rows[] = {
        { 10, -9, "n" }, { 10, -6, "u" }, { 10, -3, "m" }, { 10, 3, "k" }, { 10, 6, "M" }, { 10, 9, "G" },
        { 2, 10, "Ki" }, { 2, 20, "Mi" }, { 2, 30, "Gi" }, { 2, 40, "Ti" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].base == base && rows[i].exponent == exponent) {
            return rows[i].text;
        }
    }
    return exponent == 0 ? "" : NULL;
}

/* ", ns" of a value in billionths of a second; nothing for a plain count. */
static void print_unit(Hmp *hmp, const Json *schema)
{
    static const struct { const char *unit, *text; } units[] = {
        { "bytes", "B" }, { "seconds", "s" }, { "cycles", "cycles" }, { "boolean", "boolean" },
    };
    const char *unit = json_get_str(schema, "unit"), *prefix;
    int64_t base = json_get_int(schema, "base", 10), exponent = json_get_int(schema, "exponent", 0);

    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_strcmp0(unit, units[i].unit) != 0) {
            continue;
        }
        prefix = unit_prefix(base, exponent);
        if (prefix == NULL || (i > 1 && exponent != 0)) {
            hmp_printf(hmp, ", * %" PRId64 "^%" PRId64 " %s", base, exponent, unit);
        } else if (i == 0 && exponent == 0) {
            hmp_puts(hmp, ", bytes");
        } else {
            hmp_printf(hmp, ", %s%s", prefix, units[i].text);
        }
        return;
    }
    if (exponent != 0) {
        hmp_printf(hmp, ", * %" PRId64 "^%" PRId64, base, exponent);
    }
}

static void print_buckets(Hmp *hmp, const Json *schema, const Json *values)
{
    bool linear = strcmp(json_get_str(schema, "type"), "linear-histogram") == 0;
    int64_t size = json_get_int(schema, "bucket-size", 0);

    JSON_FOREACH(values, i, v) {
        uint64_t n = 0;

        json_to_u64(v, &n);
        if (linear) {
            hmp_printf(hmp, "[%" PRId64 "]=%" PRIu64 " ", (int64_t)i * size, n);
        } else {
            hmp_printf(hmp, "[%zu]=%" PRIu64 " ", i + 1, n);
        }
    }
    hmp_puts(hmp, "\n");
}

static const Json *find_named(const Json *list, const char *name)
{
    JSON_FOREACH(list, i, row) {
        if (g_strcmp0(json_get_str(row, "name"), name) == 0) {
            return row;
        }
    }
    return NULL;
}

static void print_stat(Hmp *hmp, const Json *schema, const Json *value)
{
    uint64_t n = 0;
    bool on;

    hmp_printf(hmp, "    %s (%s", json_get_str(schema, "name"), json_get_str(schema, "type"));
    print_unit(hmp, schema);
    hmp_puts(hmp, "): ");
    if (json_is(value, JSON_ARRAY)) {
        print_buckets(hmp, schema, value);
    } else if (json_to_bool(value, &on)) {
        hmp_puts(hmp, on ? "yes\n" : "no\n");
    } else {
        json_to_u64(value, &n);
        hmp_printf(hmp, "%" PRIu64 "\n", n);
    }
}

/* The answer of query-stats for one target, one provider and perhaps some names. NULL: none. */
static Json *query_stats(Hmp *hmp, const char *target, const char *provider, const char *names)
{
    Json *filter = json_object_new(), *request = json_object_new(), *providers = json_array_new();
    Cpu *cpu = hmp_cpu(hmp);

    json_set_str(filter, "target", target);
    json_set_str(request, "provider", provider);
    if (names != NULL && strcmp(names, "*") != 0) {
        g_auto(GStrv) words = g_strsplit(names, ",", -1);
        Json *list = json_array_new();

        for (unsigned i = 0; words[i] != NULL; i++) {
            json_array_add(list, json_str(words[i]));
        }
        json_set(request, "names", list);
    }
    json_array_add(providers, request);
    json_set(filter, "providers", providers);
    if (strcmp(target, "vcpu") == 0 && cpu != NULL) {
        g_autofree char *path = object_path(&cpu->dev.obj);
        Json *paths = json_array_new();

        json_array_add(paths, json_str(path));
        json_set(filter, "vcpus", paths);
    }
    return hmp_qmp(hmp, "query-stats", filter);
}

static void info_stats(Hmp *hmp, const Json *args)
{
    const char *target = json_get_str(args, "target"), *only = json_get_str(args, "provider");
    g_autoptr(Json) schemas = NULL;

    if (strcmp(target, "vm") != 0 && strcmp(target, "vcpu") != 0) {
        hmp_printf(hmp, "invalid stats target %s\n", target);
        return;
    }
    if (only != NULL && strcmp(only, "kvm") != 0) {
        hmp_printf(hmp, "invalid stats provider %s\n", only);
        return;
    }
    schemas = hmp_qmp(hmp, "query-stats-schemas", NULL);
    JSON_FOREACH(schemas, i, s) {
        const char *provider = json_get_str(s, "provider");
        g_autoptr(Json) results = NULL;

        if (strcmp(json_get_str(s, "target"), target) != 0) {
            continue;
        }
        results = query_stats(hmp, target, provider, json_get_str(args, "names"));
        JSON_FOREACH(results, k, r) {
            if (only == NULL) {
                hmp_printf(hmp, "provider: %s\n", provider);
            }
            JSON_FOREACH(json_get(r, "stats"), n, stat) {
                const Json *schema = find_named(json_get(s, "stats"), json_get_str(stat, "name"));

                if (schema != NULL) {
                    print_stat(hmp, schema, json_get(stat, "value"));
                }
            }
        }
    }
}

static void complete_stats(Hmp *hmp, const char *word, GPtrArray *out)
{
    static const char *const targets[] = { "vm", "vcpu", NULL };
    static const char *const providers[] = { "kvm", NULL };
    const char *target = hmp_complete_word(hmp, 0);

    if (hmp_complete_index(hmp) == 0) {
        hmp_complete_names(out, targets);
    } else if (hmp_complete_index(hmp) == 2) {
        hmp_complete_names(out, providers);
    } else {
        g_autoptr(Json) schemas = hmp_qmp(hmp, "query-stats-schemas", NULL);

        JSON_FOREACH(schemas, i, s) {
            const Json *stats = g_strcmp0(json_get_str(s, "target"), target) == 0 ? json_get(s, "stats") : NULL;

            JSON_FOREACH(stats, k, row) {
                hmp_complete_list(out, word, json_get_str(row, "name"), "");
            }
        }
    }
}

static const HmpCommand query_commands[] = {
    { "info balloon", NULL, "", "how much memory the balloon leaves to the guest", info_balloon, NULL },
    { "info dump", NULL, "", "progress of the dump", info_dump, NULL },
    { "info memdev", NULL, "", "memory back ends", info_memdev, NULL },
    { "info memory-devices", NULL, "", "memory devices", info_memory_devices, NULL },
    { "info iothreads", NULL, "", "I/O threads", info_iothreads, NULL },
    { "info hotpluggable-cpus", NULL, "", "places for CPUs, taken or free", info_hotpluggable_cpus, NULL },
    { "info migrate_capabilities", NULL, "", "switches of migration", info_migrate_capabilities, NULL },
    { "info qdm", NULL, "", "all types of devices", info_qdm, NULL },
    { "info stats", "target:s,names:s?,provider:s?", "target [names] [provider]",
      "statistics of the accelerator about vm or vcpu", info_stats, complete_stats },
};
HMP_REGISTER(query_commands);
