/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store behind the command line, and the two files that can hold it (-readconfig,
 * -writeconfig). */
#include "system/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "util/keyval.h"
#include "util/log.h"
#include "util/parse.h"

static void use_free(gpointer p)
{
    OptUse *use = p;

    g_free(use->text);
    g_free(use->where);
    g_free(use->id);
    json_unref(use->kv);
    g_free(use);
}

VmConfig *config_new(void)
{
    VmConfig *cfg = g_new0(VmConfig, 1);

    cfg->uses = g_ptr_array_new_with_free_func(use_free);
    cfg->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)json_unref);
    cfg->data_dirs = g_ptr_array_new_with_free_func(g_free);
    return cfg;
}

void config_free(VmConfig *cfg)
{
    g_ptr_array_free(cfg->uses, true);
    g_hash_table_destroy(cfg->groups);
    g_ptr_array_free(cfg->data_dirs, true);
    g_free(cfg);
}

bool config_use_is(const OptUse *use, const char *group)
{
    return strcmp(use->opt->group != NULL ? use->opt->group : use->opt->name, group) == 0;
}

const OptUse *config_last(const VmConfig *cfg, const char *option)
{
    for (unsigned i = cfg->uses->len; i > 0; i--) {
        const OptUse *use = g_ptr_array_index(cfg->uses, i - 1);

        if (strcmp(use->opt->name, option) == 0) {
            return use;
        }
    }
    return NULL;
}

bool config_has(const VmConfig *cfg, const char *option)
{
    return config_last(cfg, option) != NULL;
}

const char *config_str(const VmConfig *cfg, const char *option)
{
    const OptUse *use = config_last(cfg, option);

    return use != NULL ? use->text : NULL;
}

unsigned config_count(const VmConfig *cfg, const char *option)
{
    unsigned n = 0;

    for (unsigned i = 0; i < cfg->uses->len; i++) {
        const OptUse *use = g_ptr_array_index(cfg->uses, i);

        n += strcmp(use->opt->name, option) == 0;
    }
    return n;
}

Json *config_group(VmConfig *cfg, const char *group)
{
    Json *j = g_hash_table_lookup(cfg->groups, group);

    if (j == NULL) {
        j = json_object_new();
        g_hash_table_insert(cfg->groups, (char *)g_intern_string(group), j);
    }
    return j;
}

const char *config_get(VmConfig *cfg, const char *group, const char *key)
{
    return json_get_str(config_group(cfg, group), key);
}

OptUse *config_add(VmConfig *cfg, const Option *opt, const char *text, const char *where, Json *kv)
{
    OptUse *use = g_new0(OptUse, 1);

    use->opt = opt;
    use->text = g_strdup(text);
    use->where = where != NULL ? g_strdup(where) : text != NULL
        ? g_strdup_printf("-%s %s", opt->name, text) : g_strdup_printf("-%s", opt->name);
    use->kv = kv;
    use->id = g_strdup(json_get_str(kv, "id"));
    g_ptr_array_add(cfg->uses, use);
    return use;
}

/* ---- -set */

bool config_set(VmConfig *cfg, const char *text, GError **errp)
{
    g_autofree char *group = NULL;
    g_autofree char *id = NULL;
    g_autofree char *key = NULL;
    const char *dot = strchr(text, '.'), *dot2 = dot != NULL ? strchr(dot + 1, '.') : NULL;
    const char *eq = dot2 != NULL ? strchr(dot2, '=') : NULL;

    if (eq == NULL) {
        return err_fail(errp, "can't parse: \"%s\"", text);
    }
    group = g_strndup(text, dot - text);
    id = g_strndup(dot + 1, dot2 - dot - 1);
    key = g_strndup(dot2 + 1, eq - dot2 - 1);
    if (option_of_group(group) == NULL) {
        return err_fail(errp, "There is no option group '%s'", group);
    }
    CONFIG_FOREACH(cfg, group, use) {
        if (use->id != NULL && strcmp(use->id, id) == 0) {
            json_set_str(use->kv, key, eq + 1);
            return true;
        }
    }
    return err_fail(errp, "there is no %s \"%s\" defined", group, id);
}

/* ---- -readconfig: [group] or [group "id"], then key = "value" lines */

typedef struct ConfigReader {
    VmConfig *cfg;
    const char *path;
    unsigned line;
    const Option *opt;              /* of the open section; NULL: none yet */
    Json *kv;
} ConfigReader;

static bool reader_fail(const ConfigReader *r, GError **errp, const char *what)
{
    return err_fail(errp, "%s:%u: %s", r->path, r->line, what);
}

static bool reader_end_section(ConfigReader *r, GError **errp)
{
    g_autofree char *text = NULL;
    g_autofree char *where = NULL;

    if (r->opt == NULL) {
        return true;
    }
    text = keyval_print(r->kv, NULL);
    where = g_strdup_printf("%s:%u", r->path, r->line);
    json_unref(r->kv);
    r->kv = NULL;
    return options_use(r->cfg, r->opt, text, where, errp);
}

static bool reader_section(ConfigReader *r, const char *line, GError **errp)
{
    char group[64], id[64];

    if (!reader_end_section(r, errp)) {
        return false;
    }
    id[0] = '\0';
    if (sscanf(line, "[%63s \"%63[^\"]\"]", group, id) != 2 &&
        sscanf(line, "[%63[^]]]", group) != 1) {
        return reader_fail(r, errp, "not a section header");
    }
    r->opt = option_of_group(group);
    if (r->opt == NULL) {
        return err_fail(errp, "%s:%u: There is no option group '%s'", r->path, r->line, group);
    }
    r->kv = json_object_new();
    if (id[0] != '\0') {
        json_set_str(r->kv, "id", id);
    }
    return true;
}

static bool reader_line(ConfigReader *r, char *line, GError **errp)
{
    char key[64];
    char *open, *close;

    g_strstrip(line);
    if (line[0] == '\0' || line[0] == '#') {
        return true;
    }
    if (line[0] == '[') {
        return reader_section(r, line, errp);
    }
    open = strchr(line, '"');
    close = strrchr(line, '"');
    if (sscanf(line, "%63[^ =] =", key) != 1 || open == NULL || open == close) {
        return reader_fail(r, errp, "parse error");
    }
    if (r->opt == NULL) {
        return reader_fail(r, errp, "no group defined");
    }
    *close = '\0';
    json_set_str(r->kv, key, open + 1);
    return true;
}

bool config_read_file(VmConfig *cfg, const char *path, GError **errp)
{
    ConfigReader r = { .cfg = cfg, .path = path };
    g_autofree char *all = NULL;
    g_auto(GStrv) lines = NULL;
    bool ok = true;

    if (!g_file_get_contents(path, &all, NULL, NULL)) {
        FILE *f = fopen(path, "r");
        int why = errno;

        if (f != NULL) {
            fclose(f);
            why = EISDIR;
        }
        return err_fail_errno(errp, why, "Could not open '%s'", path);
    }
    lines = g_strsplit(all, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL && ok; i++) {
        r.line = i + 1;
        ok = reader_line(&r, lines[i], errp);
    }
    ok = ok && reader_end_section(&r, errp);
    json_unref(r.kv);
    return ok;
}

static void write_section(GString *out, const char *group, const char *id, const Json *kv)
{
    if (id != NULL) {
        g_string_append_printf(out, "[%s \"%s\"]\n", group, id);
    } else {
        g_string_append_printf(out, "[%s]\n", group);
    }
    JSON_FOREACH(kv, i, v) {
        if (strcmp(json_key_at(kv, i), "id") != 0 && json_str_value(v) != NULL) {
            g_string_append_printf(out, "  %s = \"%s\"\n", json_key_at(kv, i), json_str_value(v));
        }
    }
    g_string_append_c(out, '\n');
}

bool config_write_file(VmConfig *cfg, const char *path, GError **errp)
{
    g_autoptr(GString) out = g_string_new("# configuration in the form of -readconfig\n\n");

    for (unsigned i = 0; i < cfg->uses->len; i++) {
        const OptUse *use = g_ptr_array_index(cfg->uses, i);

        if (use->kv != NULL && use->opt->group != NULL) {
            write_section(out, use->opt->group, use->id, use->kv);
        }
    }
    if (strcmp(path, "-") == 0) {
        fputs(out->str, stdout);
        fflush(stdout);
        return true;
    }
    return g_file_set_contents(path, out->str, out->len, NULL) ||
        err_fail(errp, "Could not write '%s'", path);
}

/* ---- Checks between options */

static bool finish_memory(VmConfig *cfg, GError **errp)
{
    if (cfg->ram_slots > 0 && cfg->max_ram_size == 0) {
        return err_fail(errp, "slots specified but no max-size");
    }
    if (cfg->ram_slots > 256) {
        return err_fail(errp, "unsupported amount of memory slots: %" PRIu64, cfg->ram_slots);
    }
    if (cfg->max_ram_size != 0 && cfg->max_ram_size < cfg->ram_size) {
        return err_fail(errp,
                        "invalid value of maxmem: maximum memory size (0x%" PRIx64 ") must be at "
                        "least the initial memory size (0x%" PRIx64 ")",
                        cfg->max_ram_size, cfg->ram_size);
    }
    return true;
}

bool config_finish(VmConfig *cfg, GError **errp)
{
    bool kernel = config_has(cfg, "kernel") || config_get(cfg, "machine", "kernel") != NULL;

    report_set_location(NULL);
    if (!finish_memory(cfg, errp)) {
        return false;
    }
    if (config_has(cfg, "initrd") && !kernel) {
        return err_fail(errp, "-initrd only allowed with -kernel option");
    }
    if (config_has(cfg, "append") && !kernel) {
        return err_fail(errp, "-append only allowed with -kernel option");
    }
    if (cfg->nographic && config_has(cfg, "daemonize") && !config_has(cfg, "nodefaults")) {
        return err_fail(errp, "-nographic cannot be used with -daemonize");
    }
    return true;
}
