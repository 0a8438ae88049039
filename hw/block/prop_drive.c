/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The property "drive": a name on the command line, a Block in the device. */
#include "hw/block/prop_drive.h"

#include "block/blockdev.h"

static bool drive_parse(const Field *f, void *member, const char *text, GError **errp)
{
    Block *b = NULL;

    if (text[0] != '\0') {
        GError *err = NULL;

        b = block_find(text);
        if (b == NULL) {
            b = blockdev_block(text, &err);
        }
        if (err != NULL) {
            g_propagate_error(errp, err);
            return false;
        }
        if (b == NULL) {
            return err_fail(errp, "can't find value '%s'", text);
        }
    }
    *(Block **)member = b;
    return true;
}

static char *drive_print(const Field *f, const void *member)
{
    const Block *b = *(Block *const *)member;

    return g_strdup(b != NULL ? block_id(b) : "");
}

const FieldOps drive_field_ops = { .type_name = "str", .parse = drive_parse, .print = drive_print };

static const char *const on_error_names[] = { "auto", "report", "ignore", "enospc", "stop", NULL };
const EnumDef drive_on_error = { "BlockdevOnError", on_error_names };
