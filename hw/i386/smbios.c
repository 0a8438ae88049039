/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS 2.8 tables (DMTF DSP0134): types 0, 1, 2, 3, 4, 11, 16, 17, 19, 32, 127, with the contents
 * that -smbios type=N,key=value changes and whole tables of -smbios file=. Type 0 is made only when
 * asked for: the firmware has its own. The entry point is 32-bit, or 64-bit (3.0) with
 * smbios-entry-point-type=64. */
#include <stdio.h>
#include <string.h>

#include "hw/core/loader.h"
#include "hw/i386/pc.h"
#include "hw/nvram/fw_cfg.h"
#include "target/i386/features.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/parse.h"

enum { STRINGS_MAX = 16, FILE_TYPES = 128 };
#define DIMM_MAX (16 * GIB)

typedef struct Smbios {
    PcMachine *pc;
    GByteArray *out;
    const char *strings[STRINGS_MAX];
    unsigned string_count;
    guint start, largest;
    unsigned count;
    uint64_t replaced[4]; /* types that came from files, a bit each */
    GError *error;
} Smbios;

/* ---- Options: the last -smbios type=N that has the key wins */

static const char *option(const Smbios *s, unsigned type, const char *key)
{
    Json *list = json_get(s->pc->m.board_opts, "smbios");
    const char *found = NULL;

    for (size_t i = 0; i < json_len(list); i++) {
        const Json *o = json_at(list, i);
        const char *t = json_get_str(o, "type");
        uint64_t n;

        if (t != NULL && parse_uint(t, 0, 255, &n) && n == type && json_get_str(o, key) != NULL) {
            found = json_get_str(o, key);
        }
    }
    return found;
}

static bool has_type(const Smbios *s, unsigned type)
{
    return option(s, type, "type") != NULL;
}

static unsigned number(Smbios *s, unsigned type, const char *key, unsigned def, unsigned max)
{
    const char *t = option(s, type, key);
    uint64_t v = def;

    if (t != NULL && !parse_uint(t, 0, max, &v) && s->error == NULL) {
        err_fail(&s->error, "-smbios: Parameter '%s' expects a number up to %u", key, max);
    }
    return (unsigned)v;
}

/* ---- One structure */

static void begin(Smbios *s, unsigned type, unsigned handle)
{
    uint8_t head[4] = { (uint8_t)type, 0, (uint8_t)handle, (uint8_t)(handle >> 8) };

    s->start = s->out->len;
    s->string_count = 0;
    g_byte_array_append(s->out, head, 4);
}

static void put(Smbios *s, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t b = (uint8_t)(v >> (8 * i));

        g_byte_array_append(s->out, &b, 1);
    }
}

/* A string field: the number of the string, 0 without one. */
static void text(Smbios *s, const char *t)
{
    if (t == NULL || t[0] == '\0' || s->string_count == STRINGS_MAX) {
        put(s, 0, 1);
        return;
    }
    s->strings[s->string_count++] = t;
    put(s, s->string_count, 1);
}

static void text_opt(Smbios *s, unsigned type, const char *key, const char *def)
{
    const char *t = option(s, type, key);

    text(s, t != NULL ? t : def);
}

static void end(Smbios *s)
{
    guint size;

    s->out->data[s->start + 1] = (uint8_t)(s->out->len - s->start);
    for (unsigned i = 0; i < s->string_count; i++) {
        g_byte_array_append(s->out, (const guint8 *)s->strings[i],
                            (guint)strlen(s->strings[i]) + 1);
    }
    put(s, 0, s->string_count == 0 ? 2 : 1);
    size = s->out->len - s->start;
    s->largest = MAX(s->largest, size);
    s->count++;
}

static bool wanted(const Smbios *s, unsigned type)
{
    return !(s->replaced[type / 64] >> (type % 64) & 1);
}

/* ---- The types */

static void type_bios(Smbios *s)
{
    unsigned major = 0, minor = 0;
    const char *release = option(s, 0, "release"), *uefi = option(s, 0, "uefi");
    bool efi = false;

    if (!has_type(s, 0) || !wanted(s, 0)) {
        return;
    }
    if (release != NULL && sscanf(release, "%u.%u", &major, &minor) != 2) {
        err_fail(s->error == NULL ? &s->error : NULL, "Invalid release");
    }
    if (uefi != NULL) {
        parse_bool(uefi, &efi);
    }
    begin(s, 0, 0x0000);
    text_opt(s, 0, "vendor", NULL);
    text_opt(s, 0, "version", NULL);
    put(s, 0xe800, 2);
    text_opt(s, 0, "date", NULL);
    put(s, 0, 1);
    put(s, 0x08, 8); /* characteristics: not supported */
    put(s, 0, 1);
    put(s, 0x14 | (efi ? 0x08 : 0), 1);
    put(s, major, 1);
    put(s, minor, 1);
    put(s, 0xffff, 2);
    end(s);
}

static void put_uuid(Smbios *s, const char *u)
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8_t raw[16] = { 0 };
    unsigned n = 0;

    for (; u != NULL && *u != '\0' && n < 32; u++) {
        if (g_ascii_isxdigit(*u)) {
            raw[n / 2] = (uint8_t)(raw[n / 2] << 4 | g_ascii_xdigit_value(*u));
            n++;
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        put(s, raw[order[i]], 1);
    }
}

static void type_system(Smbios *s)
{
    const char *uuid = option(s, 1, "uuid");

    if (!wanted(s, 1)) {
        return;
    }
    begin(s, 1, 0x0100);
    text_opt(s, 1, "manufacturer", "QEMU");
    text_opt(s, 1, "product", s->pc->m.type->type.desc);
    text_opt(s, 1, "version", s->pc->m.type->name);
    text_opt(s, 1, "serial", NULL);
    put_uuid(s, uuid != NULL ? uuid : s->pc->m.vm->uuid);
    put(s, 6, 1); /* woken by the power switch */
    text_opt(s, 1, "sku", NULL);
    text_opt(s, 1, "family", NULL);
    end(s);
}

static void type_board(Smbios *s)
{
    if (!has_type(s, 2) || !wanted(s, 2)) {
        return;
    }
    begin(s, 2, 0x0200);
    text_opt(s, 2, "manufacturer", "QEMU");
    text_opt(s, 2, "product", s->pc->m.type->type.desc);
    text_opt(s, 2, "version", s->pc->m.type->name);
    text_opt(s, 2, "serial", NULL);
    text_opt(s, 2, "asset", NULL);
    put(s, 1, 1);
    text_opt(s, 2, "location", NULL);
    put(s, 0x0300, 2);
    put(s, 0x0a, 1);
    put(s, 0, 1);
    end(s);
}

static void type_chassis(Smbios *s)
{
    if (!wanted(s, 3)) {
        return;
    }
    begin(s, 3, 0x0300);
    text_opt(s, 3, "manufacturer", "QEMU");
    put(s, 1, 1);
    text_opt(s, 3, "version", s->pc->m.type->name);
    text_opt(s, 3, "serial", NULL);
    text_opt(s, 3, "asset", NULL);
    put(s, 0x03 | 0x03 << 8 | 0x03 << 16 | 0x02 << 24, 4);
    put(s, 0, 4);
    put(s, 0, 4); /* height, cords, no contained elements */
    text_opt(s, 3, "sku", NULL);
    end(s);
}

static void type_processor(Smbios *s, unsigned socket)
{
    const SmpTopology *t = &s->pc->m.smp;
    unsigned cores = t->dies * t->cores, threads = cores * t->threads;
    const char *prefix = option(s, 4, "sock_pfx");
    g_autofree char *name = g_strdup_printf("%s%2x", prefix != NULL ? prefix : "CPU", socket);
    uint32_t signature = 0, features = 0;

    if (s->pc->m.vm->cpus->len > 0) {
        X86Env *env = &x86_cpu(g_ptr_array_index(s->pc->m.vm->cpus, 0))->env;

        signature = env->cpuid_version;
        features = env->features[FEAT_1_EDX];
    }
    begin(s, 4, 0x0400 + socket);
    text(s, g_strstrip(name));
    put(s, 3, 1); /* central processor */
    put(s, 1, 1); /* family: other */
    text_opt(s, 4, "manufacturer", "QEMU");
    put(s, signature, 4);
    put(s, features, 4);
    text_opt(s, 4, "version", s->pc->m.type->name);
    put(s, 0, 1);
    put(s, 0, 2);
    put(s, number(s, 4, "max-speed", 2000, 0xffff), 2);
    put(s, number(s, 4, "current-speed", 2000, 0xffff), 2);
    put(s, 0x41, 1); /* populated, enabled */
    put(s, 1, 1);
    put(s, 0xffff, 2);
    put(s, 0xffff, 2);
    put(s, 0xffff, 2);
    text_opt(s, 4, "serial", NULL);
    text_opt(s, 4, "asset", NULL);
    text_opt(s, 4, "part", NULL);
    put(s, MIN(cores, 255), 1);
    put(s, MIN(cores, 255), 1);
    put(s, MIN(threads, 255), 1);
    put(s, 0x02, 2);
    put(s, 0x01, 2);
    if (g_strcmp0(s->pc->smbios_ep, "64") == 0) { /* 3.0 */
        put(s, cores, 2);
        put(s, cores, 2);
        put(s, threads, 2);
    }
    end(s);
}

static void type_oem_strings(Smbios *s)
{
    Json *list = json_get(s->pc->m.board_opts, "smbios");
    unsigned n = 0;

    if (!has_type(s, 11) || !wanted(s, 11)) {
        return;
    }
    begin(s, 11, 0x0e00);
    put(s, 0, 1);
    for (size_t i = 0; i < json_len(list); i++) {
        const Json *o = json_at(list, i);
        const char *v = json_get_str(o, "value");

        if (g_strcmp0(json_get_str(o, "type"), "11") == 0 && v != NULL && n < STRINGS_MAX) {
            s->strings[n++] = v;
        }
    }
    s->string_count = n;
    s->out->data[s->out->len - 1] = (uint8_t)n;
    end(s);
}

static void type_memory_array(Smbios *s, unsigned dimms)
{
    uint64_t kb = s->pc->m.ram_size / KIB;

    begin(s, 16, 0x1000);
    put(s, 1, 1); /* other location */
    put(s, 3, 1); /* system memory */
    put(s, 6, 1); /* multi-bit ECC */
    put(s, kb < 0x80000000u ? kb : 0x80000000u, 4);
    put(s, 0xfffe, 2);
    put(s, dimms, 2);
    put(s, kb < 0x80000000u ? 0 : s->pc->m.ram_size, 8);
    end(s);
}

static void type_dimm(Smbios *s, unsigned n, uint64_t size)
{
    const char *prefix = option(s, 17, "loc_pfx");
    g_autofree char *name = g_strdup_printf("%s %u", prefix != NULL ? prefix : "DIMM", n);
    uint64_t mb = size / MIB;

    begin(s, 17, 0x1100 + n);
    put(s, 0x1000, 2);
    put(s, 0xfffe, 2);
    put(s, 0xffff, 2);
    put(s, 0xffff, 2);
    put(s, mb < 0x7fff ? mb : 0x7fff, 2);
    put(s, 0x09, 1); /* DIMM */
    put(s, 0, 1);
    text(s, name);
    text_opt(s, 17, "bank", NULL);
    put(s, 0x07, 1); /* RAM */
    put(s, 0x02, 2);
    put(s, number(s, 17, "speed", 0, 0xffff), 2);
    text_opt(s, 17, "manufacturer", "QEMU");
    text_opt(s, 17, "serial", NULL);
    text_opt(s, 17, "asset", NULL);
    text_opt(s, 17, "part", NULL);
    put(s, 0, 1);
    put(s, mb < 0x7fff ? 0 : mb, 4);
    put(s, number(s, 17, "speed", 0, 0xffff), 2);
    put(s, 0, 6);
    end(s);
}

static void type_mapping(Smbios *s, unsigned n, uint64_t at, uint64_t size)
{
    bool wide = (at + size - 1) / KIB >= UINT32_MAX;

    begin(s, 19, 0x1300 + n);
    put(s, wide ? UINT32_MAX : at / KIB, 4);
    put(s, wide ? UINT32_MAX : (at + size - 1) / KIB, 4);
    put(s, 0x1000, 2);
    put(s, 1, 1);
    put(s, wide ? at : 0, 8);
    put(s, wide ? at + size - 1 : 0, 8);
    end(s);
}

static void type_memory(Smbios *s)
{
    uint64_t left = s->pc->m.ram_size;
    unsigned dimms = (unsigned)div_round_up(left, DIMM_MAX);

    if (wanted(s, 16)) {
        type_memory_array(s, dimms);
    }
    for (unsigned i = 0; i < dimms && wanted(s, 17); i++, left -= MIN(left, DIMM_MAX)) {
        type_dimm(s, i, MIN(left, DIMM_MAX));
    }
    if (wanted(s, 19)) {
        type_mapping(s, 0, 0, s->pc->below_4g);
        if (s->pc->above_4g != 0) {
            type_mapping(s, 1, 4 * GIB, s->pc->above_4g);
        }
    }
}

static void type_last(Smbios *s)
{
    if (wanted(s, 32)) {
        begin(s, 32, 0x2000);
        put(s, 0, 7); /* boot status: no errors */
        end(s);
    }
    begin(s, 127, 0x7f00);
    end(s);
}

/* -smbios file=F: one structure with its strings, taken as it is. */
static bool add_files(Smbios *s, GError **errp)
{
    Json *list = json_get(s->pc->m.board_opts, "smbios");

    for (size_t i = 0; i < json_len(list); i++) {
        const char *file = json_get_str(json_at(list, i), "file");
        g_autofree uint8_t *data = NULL;
        size_t size;

        if (file == NULL) {
            continue;
        }
        data = load_file("SMBIOS file", file, 1 << 20, &size, errp);
        if (data == NULL) {
            return false;
        }
        if (size < 6 || data[1] < 4 || data[1] > size - 2 || data[0] >= FILE_TYPES) {
            return err_fail(errp, "SMBIOS file '%s' does not hold a structure", file);
        }
        s->replaced[data[0] / 64] |= BIT64(data[0] % 64);
        g_byte_array_append(s->out, data, (guint)size);
        s->largest = MAX(s->largest, (guint)size);
        s->count++;
    }
    return true;
}

/* ---- Entry points (5.2): the firmware sets the address and sums again */

static uint8_t checksum(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum = (uint8_t)(sum + p[i]);
    }
    return (uint8_t)-sum;
}

static bool add_anchor(Smbios *s, GError **errp)
{
    uint8_t a[31] = "_SM_", b[24] = "_SM3_";

    if (g_strcmp0(s->pc->smbios_ep, "64") == 0) {
        b[6] = sizeof(b);
        b[7] = 3;
        b[10] = 1;
        pci_set32(b + 12, s->out->len);
        b[5] = checksum(b, sizeof(b));
        return fw_cfg_add_file(s->pc->fw, "etc/smbios/smbios-anchor", b, sizeof(b), errp);
    }
    a[5] = sizeof(a);
    a[6] = 2;
    a[7] = 8;
    pci_set16(a + 8, (uint16_t)s->largest);
    memcpy(a + 16, "_DMI_", 5);
    pci_set16(a + 22, (uint16_t)s->out->len);
    pci_set16(a + 28, (uint16_t)s->count);
    a[30] = 0x28;
    a[21] = checksum(a + 16, 15);
    a[4] = checksum(a, sizeof(a));
    return fw_cfg_add_file(s->pc->fw, "etc/smbios/smbios-anchor", a, sizeof(a), errp);
}

bool pc_smbios_setup(PcMachine *pc, GError **errp)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Smbios s = { .pc = pc, .out = out };

    if (!add_files(&s, errp)) {
        return false;
    }
    type_bios(&s);
    type_system(&s);
    type_board(&s);
    type_chassis(&s);
    for (unsigned i = 0; i < pc->m.smp.sockets && wanted(&s, 4); i++) {
        type_processor(&s, i);
    }
    type_oem_strings(&s);
    type_memory(&s);
    type_last(&s);
    if (s.error != NULL) {
        g_propagate_error(errp, s.error);
        return false;
    }
    if (out->len > 0xffff) {
        return err_fail(errp, "SMBIOS tables are larger than 64 KiB");
    }
    return fw_cfg_add_file(pc->fw, "etc/smbios/smbios-tables", out->data, out->len, errp) &&
           add_anchor(&s, errp);
}
