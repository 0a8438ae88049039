/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of monitor commands, from text to a Json object, along the command's args string. */
#include <string.h>
#include "monitor/hmp_int.h"
#include "util/err.h"
#include "util/parse.h"

typedef struct ArgDef {
    char *name;
    char type, flag;
    bool optional;
    bool takes_word;                /* a flag with a value: "-f png" */
} ArgDef;

static void arg_def_clear(gpointer p)
{
    g_free(((ArgDef *)p)->name);
}

static GArray *parse_defs(const char *args)
{
    GArray *defs = g_array_new(false, true, sizeof(ArgDef));
    g_auto(GStrv) parts = g_strsplit(args != NULL ? args : "", ",", -1);

    g_array_set_clear_func(defs, arg_def_clear);
    for (unsigned i = 0; parts[i] != NULL && parts[i][0] != '\0'; i++) {
        const char *colon = strchr(parts[i], ':');
        ArgDef d = { .name = g_strndup(parts[i], colon - parts[i]), .type = colon[1] };

        d.flag = d.type == '-' ? colon[2] : 0;
        d.takes_word = d.type == '-' && colon[3] == 's';
        d.optional = d.type == '-' || d.type == '/' || g_str_has_suffix(colon, "?");
        g_array_append_val(defs, d);
    }
    return defs;
}

char hmp_arg_type(const HmpCommand *cmd, unsigned n)
{
    g_autoptr(GArray) defs = parse_defs(cmd->args);

    for (unsigned i = 0; i < defs->len; i++) {
        const ArgDef *d = &g_array_index(defs, ArgDef, i);

        if (d->type != '-' && d->type != '/' && (n-- == 0 || d->type == 'S')) {
            return d->type;
        }
    }
    return 0;
}

static const char *last_word(const char *names)
{
    const char *space = strrchr(names, ' ');

    return space != NULL ? space + 1 : names;
}

static void skip_spaces(const char **p)
{
    while (g_ascii_isspace(**p)) {
        (*p)++;
    }
}

/* A word, or "quoted text" with C escapes. NULL: nothing there, or a quote is missing. */
static char *take_word(const char **p, GError **errp)
{
    GString *out = g_string_new(NULL);
    bool quoted = **p == '"';
    const char *s = *p + quoted;

    for (; *s != '\0' && (quoted ? *s != '"' : !g_ascii_isspace(*s)); s++) {
        if (quoted && *s == '\\' && s[1] != '\0') {
            s++;
            g_string_append_c(out, *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s);
        } else {
            g_string_append_c(out, *s);
        }
    }
    if (quoted && *s != '"') {
        err_fail(errp, "unterminated string");
        g_string_free(out, true);
        return NULL;
    }
    *p = s + quoted;
    return g_string_free(out, false);
}

static bool parse_format(Hmp *hmp, const char **p, Json *out, GError **errp)
{
    HmpFormat *last = hmp_format(hmp);
    HmpFormat f = { 1, 0, 0 };

    if (**p == '/') {
        char *end;
        uint64_t n = g_ascii_strtoull(*p + 1, &end, 10);

        f.count = end != *p + 1 ? (uint32_t)MIN(n, UINT32_MAX) : 1;
        for (; *end != '\0' && !g_ascii_isspace(*end); end++) {
            if (strchr("oduxci", *end) != NULL) {
                f.format = *end;
            } else if (strchr("bhwgl", *end) != NULL) {
                f.size = *end == 'l' ? 'w' : *end;
            } else {
                return err_fail(errp, "invalid char in format: '%c'", *end);
            }
        }
        *p = end;
        skip_spaces(p);
    }
    f.format = f.format != 0 ? f.format : last->format;
    f.size = f.size != 0 ? f.size : f.format == 'i' || f.format == 'c' ? 0 : last->size;
    last->format = f.format;
    last->size = f.size != 0 ? f.size : last->size;
    json_set_int(out, "count", f.count);
    json_set(out, "format", json_strf("%c", f.format));
    json_set(out, "size", json_strf("%c", f.size != 0 ? f.size : ' '));
    return true;
}

static bool is_flag(const char *p)
{
    return p[0] == '-' && g_ascii_isalpha(p[1]);
}

static bool parse_flag_word(const HmpCommand *cmd, const ArgDef *d, const char **p, Json *out,
                            GError **errp)
{
    g_autofree char *word = NULL;

    (*p)++;
    skip_spaces(p);
    if (**p == '\0') {
        return err_fail(errp, "%s: value expected for -%c", last_word(cmd->names), d->flag);
    }
    word = take_word(p, errp);
    if (word == NULL) {
        return false;
    }
    json_set_str(out, d->name, word);
    skip_spaces(p);
    return true;
}

/* The flags standing here. Unknown ones are an error. */
static bool parse_flags(const HmpCommand *cmd, const GArray *defs, const char **p, Json *out,
                        GError **errp)
{
    bool has_flags = false;

    for (unsigned i = 0; i < defs->len; i++) {
        has_flags |= g_array_index(defs, ArgDef, i).flag != 0;
    }
    while (has_flags && is_flag(*p)) {
        for ((*p)++; **p != '\0' && !g_ascii_isspace(**p); (*p)++) {
            const ArgDef *found = NULL;

            for (unsigned i = 0; i < defs->len; i++) {
                const ArgDef *d = &g_array_index(defs, ArgDef, i);

                found = d->flag == **p ? d : found;
            }
            if (found == NULL) {
                return err_fail(errp, "%s: unsupported option -%c", last_word(cmd->names), **p);
            }
            if (found->takes_word) {
                return parse_flag_word(cmd, found, p, out, errp);
            }
            json_set_bool(out, found->name, true);
        }
        skip_spaces(p);
    }
    return true;
}

/* An expression. Unless it is the last argument it ends at the first space outside parentheses. */
static bool parse_number(Hmp *hmp, const ArgDef *d, bool last, const char **p, Json *out,
                         GError **errp)
{
    const char *end = *p, *used;
    unsigned depth = 0;
    uint64_t v;

    while (*end != '\0' && (last || depth > 0 || !g_ascii_isspace(*end))) {
        depth += *end == '(' ? 1 : *end == ')' && depth > 0 ? -1 : 0;
        end++;
    }
    {
        g_autofree char *text = g_strndup(*p, end - *p);

        used = text;
        if (!hmp_expression(hmp, &used, &v, errp)) {
            return false;
        }
        *p += used - text;
    }
    json_set_uint(out, d->name, v);
    return true;
}

static bool parse_one(Hmp *hmp, const HmpCommand *cmd, const ArgDef *d, bool last, const char **p,
                      Json *out, GError **errp)
{
    static const struct { char type; const char *what; } wanted[] = {
        { 'F', "filename" }, { 'B', "block device name" },
    };
    g_autofree char *word = NULL;
    uint64_t size;
    bool on;

    if (d->type == 'i' || d->type == 'l') {
        return parse_number(hmp, d, last, p, out, errp);
    }
    if (**p == '\0') {
        const char *what = "string";

        for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
            what = wanted[i].type == d->type ? wanted[i].what : what;
        }
        return d->type == 'b' ? err_fail(errp, "Expected 'on' or 'off'")
            : err_fail(errp, "%s: %s expected", last_word(cmd->names), what);
    }
    if (d->type == 'S') {
        json_set_str(out, d->name, *p);
        *p += strlen(*p);
        return true;
    }
    word = take_word(p, errp);
    if (word == NULL) {
        return false;
    }
    if (d->type == 'b') {
        if (!parse_bool(word, &on)) {
            return err_fail(errp, "Expected 'on' or 'off'");
        }
        json_set_bool(out, d->name, on);
    } else if (d->type == 'M') {
        if (!parse_size(word, 1 << 20, &size)) {
            return err_fail(errp, "invalid size");
        }
        json_set_uint(out, d->name, size);
    } else {
        json_set_str(out, d->name, word);
    }
    return true;
}

Json *hmp_parse_args(Hmp *hmp, const HmpCommand *cmd, const char *text, GError **errp)
{
    g_autoptr(GArray) defs = parse_defs(cmd->args);
    g_autoptr(Json) out = json_object_new();
    const char *p = text;

    skip_spaces(&p);
    for (unsigned i = 0; i < defs->len; i++) {
        const ArgDef *d = &g_array_index(defs, ArgDef, i);
        bool ok = true;

        if (!parse_flags(cmd, defs, &p, out, errp)) {
            return NULL;
        }
        if (d->type == '/') {
            ok = parse_format(hmp, &p, out, errp);
        } else if (d->type != '-' && !(d->optional && *p == '\0')) {
            ok = parse_one(hmp, cmd, d, i + 1 == defs->len, &p, out, errp);
        }
        if (!ok) {
            return NULL;
        }
        skip_spaces(&p);
    }
    if (*p != '\0') {
        err_fail(errp, "%s: extraneous characters at the end of line", last_word(cmd->names));
        return NULL;
    }
    return g_steal_pointer(&out);
}
