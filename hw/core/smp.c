/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smp: from what the user wrote to a complete topology. What is missing is filled so that the
 * product gives the number of CPUs: one die and one cluster, cores before sockets before threads.
 */
#include "hw/core/machine.h"

#include <string.h>

#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"

enum { KEY_MAX = 65535 }; /* four of them multiply within 64 bits */

typedef struct SmpKey {
    const char *name;
    size_t offset;
} SmpKey;

static const SmpKey smp_keys[] = {
    { "cpus", offsetof(SmpTopology, cpus) },         { "maxcpus", offsetof(SmpTopology, max_cpus) },
    { "sockets", offsetof(SmpTopology, sockets) },   { "dies", offsetof(SmpTopology, dies) },
    { "clusters", offsetof(SmpTopology, clusters) }, { "cores", offsetof(SmpTopology, cores) },
    { "threads", offsetof(SmpTopology, threads) },
};

static bool read_number(const Json *value, unsigned *ret)
{
    const char *text = json_str_value(value);
    uint64_t v;

    if (text != NULL ? !parse_uint(text, 0, KEY_MAX, &v) : !json_to_u64(value, &v) || v > KEY_MAX) {
        return false;
    }
    *ret = (unsigned)v;
    return true;
}

static bool read_keys(const Json *opts, SmpTopology *t, GError **errp)
{
    JSON_FOREACH (opts, i, value) {
        const char *key = json_key_at(opts, i);
        const SmpKey *row = NULL;
        unsigned v = 0;

        for (size_t k = 0; k < G_N_ELEMENTS(smp_keys); k++) {
            if (strcmp(smp_keys[k].name, key) == 0) {
                row = &smp_keys[k];
            }
        }
        if (row == NULL) {
            return err_fail(errp, "Parameter 'smp.%s' is unexpected", key);
        }
        if (!read_number(value, &v)) {
            return err_fail(errp, "Parameter 'smp.%s' expects integer", key);
        }
        if (v == 0) {
            warn_once("Deprecated CPU topology (considered invalid): "
                      "CPU topology parameters must be greater than zero");
        }
        *(unsigned *)((char *)t + row->offset) = v;
    }
    return true;
}

static void fill(SmpTopology *t)
{
    unsigned wanted = t->max_cpus != 0 ? t->max_cpus : t->cpus;
    uint64_t rest;

    t->dies = MAX(t->dies, 1);
    t->clusters = 1;
    if (wanted == 0 || t->cores == 0) {
        t->sockets = MAX(t->sockets, 1);
        t->threads = MAX(t->threads, 1);
        rest = (uint64_t)t->sockets * t->dies * t->threads;
        t->cores = wanted != 0 ? (unsigned)(wanted / rest) : MAX(t->cores, 1);
    } else if (t->sockets == 0) {
        t->threads = MAX(t->threads, 1);
        rest = (uint64_t)t->dies * t->cores * t->threads;
        t->sockets = (unsigned)(wanted / rest);
    } else if (t->threads == 0) {
        rest = (uint64_t)t->sockets * t->dies * t->cores;
        t->threads = (unsigned)(wanted / rest);
    }
    if (t->max_cpus == 0) {
        rest = (uint64_t)t->sockets * t->dies * t->cores * t->threads;
        t->max_cpus = wanted != 0 ? wanted : (unsigned)MIN(rest, UINT32_MAX);
    }
    if (t->cpus == 0) {
        t->cpus = t->max_cpus;
    }
}

static bool check(const MachineType *m, const SmpTopology *t, GError **errp)
{
    uint64_t product = (uint64_t)t->sockets * t->dies * t->cores * t->threads;

    if (product != t->max_cpus) {
        return err_fail(errp,
                        "Invalid CPU topology: product of the hierarchy must match maxcpus: "
                        "sockets (%u) * dies (%u) * cores (%u) * threads (%u) != maxcpus (%u)",
                        t->sockets, t->dies, t->cores, t->threads, t->max_cpus);
    }
    if (t->max_cpus < t->cpus) {
        return err_fail(errp,
                        "Invalid CPU topology: maxcpus must be equal to or greater than smp: "
                        "sockets (%u) * dies (%u) * cores (%u) * threads (%u) == maxcpus (%u) < "
                        "smp_cpus (%u)",
                        t->sockets, t->dies, t->cores, t->threads, t->max_cpus, t->cpus);
    }
    if (t->max_cpus > MAX(m->max_cpus, 1)) {
        return err_fail(errp, "Invalid SMP CPUs %u. The max CPUs supported by machine '%s' is %u",
                        t->max_cpus, m->name, MAX(m->max_cpus, 1));
    }
    return true;
}

bool machine_parse_smp(const MachineType *m, const Json *opts, SmpTopology *out, GError **errp)
{
    SmpTopology t = { 0 };

    if (!read_keys(opts, &t, errp)) {
        return false;
    }
    if (t.clusters > 1) {
        return err_fail(errp, "clusters not supported by this machine's CPU topology");
    }
    fill(&t);
    if (!check(m, &t, errp)) {
        return false;
    }
    *out = t;
    return true;
}
