/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking argv along the option table. */
#include <string.h>
#include "system/dropped.h"
#include "system/options_int.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/parse.h"

const Option *option_find(const char *name)
{
    for (const Option *o = options; o->name != NULL; o++) {
        if (o->kind != OPT_HEADING && strcmp(o->name, name) == 0) {
            return o->alias_of != NULL ? option_find(o->alias_of) : o;
        }
    }
    return dropped_option(name);
}

const Option *option_of_group(const char *group)
{
    for (const Option *o = options; o->name != NULL; o++) {
        if (o->group != NULL && strcmp(o->group, group) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool takes_argument(const Option *o)
{
    return o->kind != OPT_FLAG;
}

static bool use_parse_keys(OptUse *use, GError **errp)
{
    static const char *const json_options[] = { "device", "object", "audiodev", "netdev", "display",
                                                NULL };
    unsigned flags = KEYVAL_QUIET;

    if (g_strv_contains(json_options, use->opt->name)) {
        flags |= KEYVAL_JSON;
    }
    if (strcmp(use->opt->name, "blockdev") == 0) {
        flags |= KEYVAL_JSON | KEYVAL_NESTED;
    }
    use->kv = keyval_parse(use->text, use->opt->implied_key, flags, &use->help, errp);
    return use->kv != NULL;
}

static void use_merge(VmConfig *cfg, const OptUse *use)
{
    Json *all = config_group(cfg, use->opt->group);

    JSON_FOREACH(use->kv, i, v) {
        json_set(all, json_key_at(use->kv, i), json_ref(v));
    }
}

bool options_use(VmConfig *cfg, const Option *opt, const char *text, const char *where,
                 GError **errp)
{
    OptUse *use = config_add(cfg, opt, text, where, NULL);
    const char *before = report_set_location(use->where);

    if (!dropped_value(use, errp)) {
        return false;
    }
    if (opt->group != NULL && (!use_parse_keys(use, errp) || !dropped_keys(use, errp))) {
        return false;
    }
    if (use->help && cfg->help == NULL) {
        cfg->help = use;
    }
    if (opt->missing != NULL && !use->help) {
        return err_fail(errp, "%s is not in this version", opt->missing);
    }
    if (opt->apply != NULL && !opt->apply(cfg, use, errp)) {
        return false;
    }
    g_free(use->id);
    use->id = g_strdup(json_get_str(use->kv, "id"));
    if (opt->kind == OPT_MERGE) {
        use_merge(cfg, use);
    }
    report_set_location(before);
    return true;
}

static bool unknown_option(const char *arg, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (const Option *o = options; o->name != NULL; o++) {
        if (o->kind != OPT_HEADING) {
            g_ptr_array_add(names, (char *)o->name);
        }
    }
    g_ptr_array_add(names, NULL);
    near = strlen(arg) < 3 ? NULL : near_match(arg + 1 + (arg[1] == '-'),
                                               (const char *const *)names->pdata);
    report_set_location(g_intern_string(arg));
    return near != NULL ? err_fail(errp, "invalid option (did you mean -%s?)", near)
                        : err_fail(errp, "invalid option");
}

/* First all names, so that a misspelt option is found before anything is checked or printed. */
static bool check_names(int argc, char **argv, GError **errp)
{
    for (int i = 1; i < argc; i++) {
        const Option *o;

        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            continue;
        }
        o = option_find(argv[i] + 1 + (argv[i][1] == '-'));
        if (o == NULL) {
            return unknown_option(argv[i], errp);
        }
        if (takes_argument(o) && ++i >= argc) {
            report_set_location(g_intern_string(argv[argc - 1]));
            return err_fail(errp, "requires an argument");
        }
    }
    return true;
}

bool options_parse(VmConfig *cfg, int argc, char **argv, GError **errp)
{
    static const Option disk_image = { .name = "disk image", .kind = OPT_SUGAR,
                                       .apply = apply_disk_image };

    if (!check_names(argc, argv, errp)) {
        return false;
    }
    for (int i = 1; i < argc; i++) {
        const Option *o = &disk_image;
        const char *text = argv[i], *where = argv[i];

        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            o = option_find(argv[i] + 1 + (argv[i][1] == '-'));
            text = takes_argument(o) ? argv[++i] : NULL;
            where = NULL;
        }
        if (!options_use(cfg, o, text, where, errp)) {
            return false;
        }
    }
    return config_finish(cfg, errp);
}
