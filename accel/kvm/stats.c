/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own counters of a VM and of its vCPUs (api.rst, 4.132): a file with a header, a table of
 * descriptions and a block of values. The layout is the kernel's; offsets and lengths are checked all the same. */
#include "accel/kvm/kvm_int.h"

#include <inttypes.h>
#include <string.h>

#include "util/err.h"

enum { DESCS_MAX = 4096, NAME_MAX_BYTES = 256 };

static void stat_free(void *p)
{
    KvmStat *s = p;

    g_free(s->name);
    g_free(s->values);
    g_free(s);
}

static bool read_all(int fd, void *buf, size_t n, uint64_t at)
{
    return kvm_sys->read_at(fd, buf, n, at) == (int64_t)n;
}

static const char *unit_name(uint32_t flags)
{
    switch (flags & KVM_STATS_UNIT_MASK) {
    case KVM_STATS_UNIT_BYTES:   return "bytes";
    case KVM_STATS_UNIT_SECONDS: return "seconds";
    case KVM_STATS_UNIT_CYCLES:  return "cycles";
    case KVM_STATS_UNIT_BOOLEAN: return "boolean";
    default:                     return NULL;
    }
}

static bool read_stat(int fd, const struct kvm_stats_header *h, uint32_t i, GPtrArray *out)
{
    size_t size = sizeof(struct kvm_stats_desc) + h->name_size;
    g_autofree struct kvm_stats_desc *d = g_malloc0(size + 1);
    KvmStat *s;

    if (!read_all(fd, d, size, h->desc_offset + (uint64_t)i * size) || d->size == 0) {
        return false;
    }
    s = g_new0(KvmStat, 1);
    s->name = g_strndup(d->name, h->name_size);
    s->kind = (KvmStatKind)MIN(d->flags & KVM_STATS_TYPE_MASK, (uint32_t)KVM_STAT_LOG_HIST);
    s->unit = unit_name(d->flags);
    s->base = (d->flags & KVM_STATS_BASE_MASK) == KVM_STATS_BASE_POW2 ? 2 : 10;
    s->exponent = d->exponent;
    s->bucket_size = d->bucket_size;
    s->n = d->size;
    s->values = g_new0(uint64_t, d->size);
    g_ptr_array_add(out, s);
    return read_all(fd, s->values, d->size * sizeof(uint64_t), (uint64_t)h->data_offset + d->offset);
}

GPtrArray *kvm_stats(const Vm *vm, Cpu *cpu, GError **errp)
{
    Kvm *k = kvm_of(vm);
    struct kvm_stats_header h;
    GPtrArray *out;
    int fd;

    if (k == NULL || !kvm_cap(k, KVM_CAP_BINARY_STATS_FD)) {
        err_fail(errp, k == NULL ? "KVM is not in use" : "this host's KVM has no binary statistics");
        return NULL;
    }
    fd = kvm_sys->ioctl(cpu != NULL ? kvm_vcpu_fd(cpu) : k->vm_fd, KVM_GET_STATS_FD, NULL);
    if (fd < 0) {
        err_fail_errno(errp, -fd, "cannot open KVM's statistics");
        return NULL;
    }
    out = g_ptr_array_new_with_free_func(stat_free);
    bool ok = read_all(fd, &h, sizeof(h), 0) && h.num_desc <= DESCS_MAX && h.name_size <= NAME_MAX_BYTES;
    for (uint32_t i = 0; ok && i < h.num_desc; i++) {
        ok = read_stat(fd, &h, i, out);
    }
    kvm_sys->close(fd);
    if (!ok) {
        g_ptr_array_unref(out);
        err_fail(errp, "KVM's statistics cannot be read");
        return NULL;
    }
    return out;
}

static Json *value_json(const KvmStat *s)
{
    Json *list;

    if (s->kind != KVM_STAT_LINEAR_HIST && s->kind != KVM_STAT_LOG_HIST) {
        return s->unit != NULL && strcmp(s->unit, "boolean") == 0 ? json_bool(s->values[0] != 0)
                                                                  : json_uint(s->values[0]);
    }
    list = json_array_new();
    for (uint32_t i = 0; i < s->n; i++) {
        json_array_add(list, json_uint(s->values[i]));
    }
    return list;
}

Json *kvm_stats_json(const Vm *vm, Cpu *cpu, GError **errp)
{
    g_autoptr(GPtrArray) all = kvm_stats(vm, cpu, errp);
    Json *list;

    if (all == NULL) {
        return NULL;
    }
    list = json_array_new();
    for (guint i = 0; i < all->len; i++) {
        const KvmStat *s = g_ptr_array_index(all, i);
        Json *row = json_object_new();

        json_set_str(row, "name", s->name);
        json_set(row, "value", value_json(s));
        json_array_add(list, row);
    }
    return list;
}

static const char *const kind_names[] = {
    [KVM_STAT_CUMULATIVE] = "cumulative", [KVM_STAT_INSTANT] = "instant", [KVM_STAT_PEAK] = "peak",
    [KVM_STAT_LINEAR_HIST] = "linear-histogram", [KVM_STAT_LOG_HIST] = "log2-histogram",
};

Json *kvm_stats_schema_json(const Vm *vm, bool of_vcpu, GError **errp)
{
    Cpu *cpu = of_vcpu && vm->cpus->len > 0 ? g_ptr_array_index(vm->cpus, 0) : NULL;
    g_autoptr(GPtrArray) all = kvm_stats(vm, cpu, errp);
    Json *list;

    if (all == NULL) {
        return NULL;
    }
    list = json_array_new();
    for (guint i = 0; i < all->len; i++) {
        const KvmStat *s = g_ptr_array_index(all, i);
        Json *row = json_object_new();

        json_set_str(row, "name", s->name);
        json_set_str(row, "type", kind_names[s->kind]);
        if (s->unit != NULL) {
            json_set_str(row, "unit", s->unit);
        }
        if (s->exponent != 0) {
            json_set_int(row, "base", s->base);
        }
        json_set_int(row, "exponent", s->exponent);
        if (s->kind == KVM_STAT_LINEAR_HIST) {
            json_set_uint(row, "bucket-size", s->bucket_size);
        }
        json_array_add(list, row);
    }
    return list;
}
