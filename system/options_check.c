/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that many options share. */
#include "system/options_int.h"
#include "util/parse.h"

bool check_keys(const Json *kv, const char *const *known, GError **errp)
{
    JSON_FOREACH(kv, i, v) {
        if (!g_strv_contains(known, json_key_at(kv, i))) {
            return err_fail(errp, "Invalid parameter '%s'", json_key_at(kv, i));
        }
    }
    return true;
}

bool check_bool(const Json *kv, const char *key, GError **errp)
{
    const char *text = json_get_str(kv, key);
    bool v;

    return text == NULL || parse_bool(text, &v) ||
        err_fail(errp, "Parameter '%s' expects 'on' or 'off'", key);
}

bool check_one_of(const Json *kv, const char *key, const char *const *values, GError **errp)
{
    const char *text = json_get_str(kv, key);

    return text == NULL || g_strv_contains(values, text) ||
        err_fail(errp, "Parameter '%s' does not accept value '%s'", key, text);
}

bool check_id(const Json *kv, GError **errp)
{
    const char *id = json_get_str(kv, "id");

    return id == NULL || id_valid(id) ||
        err_fail(errp, "Parameter 'id' expects an identifier (letters, digits, '-', '.', '_', "
                 "starting with a letter)");
}
