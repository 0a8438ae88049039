/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -drive: from its keys to an open Block at a place (interface, bus, unit). Names of drives
 * without id= are those that people type in the monitor: ide0-hd0, ide1-cd0, floppy0, virtio0. */
#include "block/drive.h"

#include <string.h>
#include "util/parse.h"

static GPtrArray *drives;           /* of Drive *, in order; main thread */

static const struct {
    const char *name;
    unsigned per_bus;
    bool media_in_name;
} interfaces[DRIVE_IFS] = {
    [DRIVE_NONE] = { "none", 0, false },     [DRIVE_IDE] = { "ide", 2, true },
    [DRIVE_SCSI] = { "scsi", 7, true },      [DRIVE_FLOPPY] = { "floppy", 0, false },
    [DRIVE_PFLASH] = { "pflash", 0, false }, [DRIVE_MTD] = { "mtd", 0, false },
    [DRIVE_SD] = { "sd", 0, false },         [DRIVE_VIRTIO] = { "virtio", 0, false },
    [DRIVE_XEN] = { "xen", 0, false },
};

const char *drive_if_name(DriveIf interface)
{
    return interfaces[interface].name;
}

unsigned drive_units_per_bus(DriveIf interface)
{
    return interfaces[interface].per_bus;
}

static Drive *find(DriveIf interface, unsigned bus, unsigned unit)
{
    for (unsigned i = 0; drives != NULL && i < drives->len; i++) {
        Drive *d = g_ptr_array_index(drives, i);

        if (d->interface == interface && d->bus == bus && d->unit == unit) {
            return d;
        }
    }
    return NULL;
}

Drive *drive_get(DriveIf interface, unsigned bus, unsigned unit)
{
    Drive *d = find(interface, bus, unit);

    if (d != NULL) {
        d->claimed = true;
    }
    return d;
}

Drive *drive_of_block(const Block *b)
{
    for (unsigned i = 0; drives != NULL && i < drives->len; i++) {
        Drive *d = g_ptr_array_index(drives, i);

        if (d->block == b) {
            return d;
        }
    }
    return NULL;
}

void drive_del(Block *b)
{
    Drive *d = drive_of_block(b);

    if (d != NULL) {
        g_ptr_array_remove(drives, d);
    }
    if (block_attached(b)) {
        block_abandon(b);
    } else {
        block_close(b);
    }
}

const Drive *drive_unclaimed(void)
{
    for (unsigned i = 0; drives != NULL && i < drives->len; i++) {
        const Drive *d = g_ptr_array_index(drives, i);

        if (d->interface != DRIVE_NONE && !d->claimed && !d->is_default &&
            !block_attached(d->block)) {
            return d;
        }
    }
    return NULL;
}

static bool parse_interface(const Json *opts, DriveIf board_default, DriveIf *ret, GError **errp)
{
    const char *text = json_get_str(opts, "if");

    *ret = board_default;
    for (unsigned i = 0; text != NULL && i < DRIVE_IFS; i++) {
        if (strcmp(interfaces[i].name, text) == 0) {
            *ret = i;
            return true;
        }
    }
    return text == NULL || err_fail(errp, "unsupported bus type '%s'", text);
}

static bool number(const Json *opts, const char *key, unsigned *ret, GError **errp)
{
    const char *text = json_get_str(opts, key);
    uint64_t n;

    if (text == NULL) {
        return true;
    }
    if (!parse_uint(text, 0, 65535, &n)) {
        return err_fail(errp, "Parameter '%s' expects a number", key);
    }
    *ret = (unsigned)n;
    return true;
}

/* index=, bus= and unit=, or the first free place. */
static bool parse_place(const Json *opts, Drive *d, GError **errp)
{
    unsigned per_bus = interfaces[d->interface].per_bus, index = 0;

    if (!number(opts, "bus", &d->bus, errp) || !number(opts, "unit", &d->unit, errp) ||
        !number(opts, "index", &index, errp)) {
        return false;
    }
    if (json_has(opts, "index")) {
        if (json_has(opts, "bus") || json_has(opts, "unit")) {
            return err_fail(errp, "index cannot be used with bus and unit");
        }
        d->bus = per_bus != 0 ? index / per_bus : 0;
        d->unit = per_bus != 0 ? index % per_bus : index;
    } else if (!json_has(opts, "unit")) {
        while (find(d->interface, d->bus, d->unit) != NULL) {
            if (++d->unit == per_bus && per_bus != 0) {
                d->unit = 0;
                d->bus++;
            }
        }
    }
    if (per_bus != 0 && d->unit >= per_bus) {
        return err_fail(errp, "unit %u too big (max is %u)", d->unit, per_bus - 1);
    }
    if (find(d->interface, d->bus, d->unit) != NULL) {
        return err_fail(errp, "drive with bus=%u, unit=%u (index=%u) exists", d->bus, d->unit,
                        per_bus != 0 ? d->bus * per_bus + d->unit : d->unit);
    }
    return true;
}

static char *default_id(const Drive *d)
{
    const char *name = interfaces[d->interface].name;

    if (interfaces[d->interface].media_in_name) {
        return g_strdup_printf("%s%u-%s%u", name, d->bus, d->cdrom ? "cd" : "hd", d->unit);
    }
    return g_strdup_printf("%s%s%u", name, d->cdrom ? "-cd" : "", d->unit);
}

/* The keys that block_open() is to see. */
static Json *image_options(const Json *opts, const Drive *d, bool snapshot)
{
    static const char *const ours[] = { "if", "index", "bus", "unit", "media", "id", NULL };
    static const char *const no_limits[] = { "bps",     "bps_rd",  "bps_wr", "iops",
                                             "iops_rd", "iops_wr", NULL };
    Json *out = json_object_new();

    JSON_FOREACH(opts, i, v) {
        const char *key = json_key_at(opts, i), *text = json_str_value(v);
        bool zero_limit = g_strv_contains(no_limits, key) && g_strcmp0(text, "0") == 0;

        if (!g_strv_contains(ours, key) && !zero_limit &&
            !(strcmp(key, "file") == 0 && *text == '\0')) {
            json_set(out, key, json_ref(v));
        }
    }
    if (snapshot && !json_has(out, "snapshot") && json_has(out, "file")) {
        json_set_str(out, "snapshot", "on");
    }
    if (d->cdrom && !json_has(out, "readonly") && !json_has(out, "read-only")) {
        json_set_str(out, "read-only", "on");
    }
    return out;
}

static void drive_free(gpointer p)
{
    Drive *d = p;

    g_free(d->where);
    g_free(d);
}

Drive *drive_add(const Json *opts, const char *where, bool snapshot, DriveIf board_default,
                 GError **errp)
{
    const char *id = json_get_str(opts, "id");
    Drive d = { .cdrom = g_strcmp0(json_get_str(opts, "media"), "cdrom") == 0 };
    g_autofree char *name = NULL;
    g_autoptr(Json) image = NULL;
    Drive *made;

    if (!parse_interface(opts, board_default, &d.interface, errp) || !parse_place(opts, &d, errp)) {
        return NULL;
    }
    name = id != NULL ? g_strdup(id) : default_id(&d);
    if (block_find(name) != NULL) {
        err_fail(errp, "Duplicate ID '%s' for drive", name);
        return NULL;
    }
    image = image_options(opts, &d, snapshot);
    d.block = block_open(name, image, errp);
    if (d.block == NULL) {
        return NULL;
    }
    if (drives == NULL) {
        drives = g_ptr_array_new_with_free_func(drive_free);
    }
    made = g_new(Drive, 1);
    *made = d;
    made->where = g_strdup(where);
    g_ptr_array_add(drives, made);
    return made;
}

bool drive_add_default(DriveIf interface, unsigned index, bool cdrom, GError **errp)
{
    unsigned per_bus = interfaces[interface].per_bus;
    g_autoptr(Json) opts = json_object_new();
    Drive *d;

    if (find(interface, per_bus != 0 ? index / per_bus : 0,
             per_bus != 0 ? index % per_bus : index)) {
        return true;
    }
    json_set_str(opts, "if", interfaces[interface].name);
    json_set(opts, "index", json_strf("%u", index));
    json_set_str(opts, "media", cdrom ? "cdrom" : "disk");
    d = drive_add(opts, NULL, false, interface, errp);
    if (d != NULL) {
        d->is_default = true;
    }
    return d != NULL;
}

void drive_free_all(void)
{
    g_clear_pointer(&drives, g_ptr_array_unref);
}
