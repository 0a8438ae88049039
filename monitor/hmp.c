/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor: a session on a chardev, finding and running commands, help. Output that the
 * chardev does not take at once waits; a session without the keyboard (mux) is silent until it
 * gets it back. */
#include "monitor/hmp.h"

#include <string.h>
#include "accel/accel.h"
#include "hw/core/vm.h"
#include "monitor/hmp_int.h"
#include "monitor/qmp.h"
#include "system/dropped.h"
#include "system/chardev/char.h"
#include "target/cpu.h"
#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/trace.h"

struct Hmp {
    Vm *vm;
    Char *c;                        /* NULL: output is only collected */
    Readline *rl;
    GString *out;
    unsigned cpu_index;
    HmpFormat format;
    bool muxed, focused, greeted;
    bool batch;                     /* input is being worked on: output goes out at its end */
    bool ended;                     /* "quit" was the last command */
    GPtrArray *words;               /* of char *: arguments before the one being completed; NULL */
};

static GPtrArray *sessions;         /* of Hmp *; main thread */

/* ---- Output */

static void flush(Hmp *hmp)
{
    ssize_t n;

    if (hmp->c == NULL || hmp->out->len == 0 || hmp->batch || (hmp->muxed && !hmp->greeted)) {
        return;
    }
    n = char_write(hmp->c, (const uint8_t *)hmp->out->str, hmp->out->len);
    g_string_erase(hmp->out, 0, n);
}

void hmp_puts(Hmp *hmp, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n' && hmp->c != NULL) {
            g_string_append_c(hmp->out, '\r');
        }
        g_string_append_c(hmp->out, *p);
    }
    flush(hmp);
}

void hmp_printf(Hmp *hmp, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    hmp_puts(hmp, text);
}

void hmp_report(Hmp *hmp, GError *err)
{
    if (err != NULL) {
        hmp_printf(hmp, "Error: %s\n", err->message);
        g_error_free(err);
    }
}

/* ---- Commands */

static bool has_name(const HmpCommand *cmd, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = cmd->names; p != NULL;
         p = strchr(p, '|') != NULL ? strchr(p, '|') + 1 : NULL) {
        if (strncmp(p, name, len) == 0 && (p[len] == '\0' || p[len] == '|')) {
            return true;
        }
    }
    return false;
}

const HmpCommand *hmp_find(const char *name)
{
    SET_FOREACH(hmp_tables, HmpTable, it) {
        for (size_t i = 0; i < (*it)->count; i++) {
            if (has_name(&(*it)->rows[i], name)) {
                return &(*it)->rows[i];
            }
        }
    }
    return NULL;
}

static int compare_commands(const void *a, const void *b)
{
    return strcmp((*(const HmpCommand *const *)a)->names, (*(const HmpCommand *const *)b)->names);
}

/* Those of a group ("info ") or, NULL, the ordinary ones; sorted. */
static GPtrArray *list_commands(const char *group)
{
    GPtrArray *list = g_ptr_array_new();

    SET_FOREACH(hmp_tables, HmpTable, it) {
        for (size_t i = 0; i < (*it)->count; i++) {
            const HmpCommand *cmd = &(*it)->rows[i];
            bool grouped = strchr(cmd->names, ' ') != NULL;

            if (group != NULL ? g_str_has_prefix(cmd->names, group) : !grouped) {
                g_ptr_array_add(list, (void *)cmd);
            }
        }
    }
    g_ptr_array_sort(list, compare_commands);
    return list;
}

static void print_help(Hmp *hmp, const HmpCommand *cmd)
{
    hmp_printf(hmp, "%s %s -- %s\n", cmd->names, cmd->params, cmd->help);
}

static void print_help_list(Hmp *hmp, const char *group)
{
    g_autoptr(GPtrArray) list = list_commands(group);

    for (unsigned i = 0; i < list->len; i++) {
        print_help(hmp, g_ptr_array_index(list, i));
    }
}

/* The names a cut-off one may stand for, quoted, "or" between them: first those that need no argument. NULL: none. */
static char *continued_commands(const char *name, GPtrArray *list)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < list->len; i++) {
            const HmpCommand *cmd = g_ptr_array_index(list, i);
            bool needs_argument = cmd->params[0] != '\0' && cmd->params[0] != '[';

            if (needs_argument == (pass == 1) && g_str_has_prefix(cmd->names, name)) {
                g_string_append_printf(out, "%s'%.*s'", out->len > 0 ? " or " : "",
                                       (int)strcspn(cmd->names, "|"), cmd->names);
            }
        }
    }
    return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

/* What a misspelt name may have meant, quoted; NULL when nothing is near. */
static char *meant_command(const char *name)
{
    bool info = g_str_has_prefix(name, "info ");
    g_autoptr(GPtrArray) list = list_commands(info ? "info " : NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    g_auto(GStrv) words = NULL;
    size_t skip = info ? strlen("info ") : 0;
    char *continued = strlen(name) >= skip + 3 ? continued_commands(name, list) : NULL;
    const char *near;

    if (continued != NULL) {
        return continued;
    }
    for (unsigned i = 0; i < list->len; i++) {
        const HmpCommand *cmd = g_ptr_array_index(list, i);

        g_string_append_printf(names, "%s%s", i > 0 ? "|" : "", cmd->names + skip);
    }
    words = g_strsplit(names->str, "|", -1);
    near = near_match(name + skip, (const char *const *)words);
    return near != NULL ? g_strdup_printf("'%s%s'", info ? "info " : "", near) : NULL;
}

static void unknown_command(Hmp *hmp, const char *name)
{
    const char *part = hmp_absent_part(name);
    g_autofree char *meant = part == NULL ? meant_command(name) : NULL;

    if (part != NULL) {
        hmp_printf(hmp, "unknown command: '%s'; %s not in this version\n", name, part);
    } else if (meant != NULL) {
        hmp_printf(hmp, "unknown command: '%s'; did you mean %s?\n", name, meant);
    } else {
        hmp_printf(hmp, "unknown command: '%s'\n", name);
    }
}

/* Splits the command's name off the line; two words for groups. *rest is what follows. */
static char *take_command(const char *line, const char **rest)
{
    size_t n = strcspn(line, " \t/");
    g_autofree char *first = g_strndup(line, n);

    *rest = line + n;
    if (strcmp(first, "info") == 0) {
        const char *second = line + n + strspn(line + n, " \t");
        size_t m = strcspn(second, " \t");

        if (m > 0) {
            *rest = second + m;
            return g_strdup_printf("info %.*s", (int)m, second);
        }
    }
    return g_steal_pointer(&first);
}

/* A command that QEMU once had: the line that does the same today is run. */
static bool run_dropped(Hmp *hmp, const char *name, const char *rest)
{
    const DroppedCommand *d = dropped_command(name);
    g_autofree char *today = d != NULL ? dropped_command_line(d, rest + strspn(rest, " \t")) : NULL;
    g_autofree char *first = NULL;
    const char *after, *part;

    if (d == NULL) {
        return false;
    }
    first = today != NULL ? take_command(today, &after) : NULL;
    if (first != NULL && hmp_find(first) != NULL) {
        hmp_printf(hmp, "Warning: '%s' is deprecated, use '%s'\n", name, today);
        hmp_run_line(hmp, today);
        return true;
    }
    part = first != NULL ? hmp_absent_part(first) : NULL;
    hmp_printf(hmp, "unknown command: '%s'; today it is '%s'%s%s%s\n", name, d->today,
               part != NULL ? ", and " : "", part != NULL ? part : "",
               part != NULL ? " not in this version" : "");
    return true;
}

void hmp_run_line(Hmp *hmp, const char *line)
{
    g_autofree char *name = NULL;
    g_autoptr(Json) args = NULL;
    const HmpCommand *cmd;
    GError *err = NULL;
    const char *rest;

    TRACE("handle_hmp_command", "%s", line);
    line += strspn(line, " \t");
    if (line[0] == '\0' || line[0] == '#') {
        return;
    }
    name = take_command(line, &rest);
    cmd = hmp_find(name);
    if (cmd == NULL) {
        if (!run_dropped(hmp, name, rest)) {
            unknown_command(hmp, name);
        }
        return;
    }
    args = hmp_parse_args(hmp, cmd, rest, &err);
    if (args == NULL) {
        hmp_printf(hmp, "%s\nTry \"help %s\" for more information\n", err->message, name);
        g_error_free(err);
        return;
    }
    cmd->run(hmp, args);
}

char *hmp_run_text(Vm *vm, const char *line, unsigned cpu)
{
    Hmp hmp = { .vm = vm, .out = g_string_new(NULL), .format = { 1, 'x', 'w' }, .cpu_index = cpu };

    hmp_run_line(&hmp, line);
    return g_string_free(hmp.out, false);
}

static void cmd_help(Hmp *hmp, const Json *args)
{
    const char *name = json_get_str(args, "name");
    const HmpCommand *cmd;

    if (name == NULL) {
        print_help_list(hmp, NULL);
        return;
    }
    if (strcmp(name, "info") == 0) {
        print_help_list(hmp, "info ");
        return;
    }
    cmd = hmp_find(name);
    if (cmd != NULL) {
        print_help(hmp, cmd);
    } else {
        unknown_command(hmp, name);
    }
}

static void cmd_quit(Hmp *hmp, const Json *args)
{
    hmp->ended = true;
    vm_request_shutdown(hmp->vm, SHUTDOWN_HOST_QMP_QUIT);
}

static void cmd_info(Hmp *hmp, const Json *args)
{
    print_help_list(hmp, "info ");
}

static void complete_commands(Hmp *hmp, const char *word, GPtrArray *out)
{
    g_autoptr(GPtrArray) list = list_commands(NULL);

    for (unsigned i = 0; i < list->len; i++) {
        const HmpCommand *cmd = g_ptr_array_index(list, i);
        g_auto(GStrv) names = g_strsplit(cmd->names, "|", -1);

        for (unsigned j = 0; names[j] != NULL; j++) {
            g_ptr_array_add(out, g_strdup(names[j]));
        }
    }
}

static void complete_info(Hmp *hmp, const char *word, GPtrArray *out)
{
    g_autoptr(GPtrArray) list = list_commands("info ");

    for (unsigned i = 0; i < list->len; i++) {
        g_ptr_array_add(out, g_strdup(((const HmpCommand *)g_ptr_array_index(list, i))->names + 5));
    }
}

static void complete_help(Hmp *hmp, const char *word, GPtrArray *out)
{
    if (g_strcmp0(hmp_complete_word(hmp, 0), "info") == 0) {
        complete_info(hmp, word, out);
    } else if (hmp_complete_index(hmp) == 0) {
        complete_commands(hmp, word, out);
    }
}

static const HmpCommand own_commands[] = {
    { "help|?", "name:S?", "[cmd]", "list the commands, or tell about one", cmd_help,
      complete_help },
    { "quit|q", NULL, "", "end the emulator at once", cmd_quit, NULL },
    { "info", NULL, "[subcommand]", "tell about a part of the machine", cmd_info, complete_info },
};
HMP_REGISTER(own_commands);

/* ---- Completion */

static void complete_files(const char *word, GPtrArray *out)
{
    const char *slash = strrchr(word, '/');
    g_autofree char *dir = slash != NULL ? g_strndup(word, slash + 1 - word) : g_strdup("");
    GDir *d = g_dir_open(dir[0] != '\0' ? dir : ".", 0, NULL);
    const char *name;

    while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
        g_autofree char *path = g_strconcat(dir, name, NULL);
        bool is_dir = g_file_test(path, G_FILE_TEST_IS_DIR);

        g_ptr_array_add(out, g_strconcat(path, is_dir ? "/" : "", NULL));
    }
    if (d != NULL) {
        g_dir_close(d);
    }
}

/* The whole words of an unfinished line, without flags and the /fmt that some commands take. */
static GPtrArray *split_words(const HmpCommand *cmd, const char *text)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);
    bool fmt = cmd->args != NULL && strstr(cmd->args, ":/") != NULL;

    for (unsigned i = 0; parts[i] != NULL && parts[i + 1] != NULL; i++) {
        bool flag = parts[i][0] == '-' && g_ascii_isalpha(parts[i][1]);

        if (parts[i][0] != '\0' && !flag && !(fmt && parts[i][0] == '/')) {
            g_ptr_array_add(words, g_strdup(parts[i]));
        }
    }
    return words;
}

unsigned hmp_complete_index(const Hmp *hmp)
{
    return hmp->words != NULL ? hmp->words->len : 0;
}

const char *hmp_complete_word(const Hmp *hmp, unsigned n)
{
    return hmp->words != NULL && n < hmp->words->len ? g_ptr_array_index(hmp->words, n) : NULL;
}

void hmp_complete_list(GPtrArray *out, const char *word, const char *name, const char *tail)
{
    const char *comma = strrchr(word, ',');

    g_ptr_array_add(out, g_strdup_printf("%.*s%s%s", comma != NULL ? (int)(comma + 1 - word) : 0, word, name,
                                         tail));
}

void hmp_complete_names(GPtrArray *out, const char *const *names)
{
    for (; *names != NULL; names++) {
        g_ptr_array_add(out, g_strdup(*names));
    }
}

static void session_complete(void *opaque, const char *line, GPtrArray *out)
{
    static const char *const on_off[] = { "on", "off", NULL };
    Hmp *hmp = opaque;
    g_autofree char *name = NULL;
    const HmpCommand *cmd;
    const char *rest, *word = strrchr(line, ' ') != NULL ? strrchr(line, ' ') + 1 : line;

    if (strchr(line, ' ') == NULL) {
        complete_commands(hmp, word, out);
        return;
    }
    if (g_str_has_prefix(line, "info ") && strchr(line + 5, ' ') == NULL) {
        complete_info(hmp, word, out);
        return;
    }
    name = take_command(line, &rest);
    cmd = hmp_find(name);
    if (cmd == NULL) {
        return;
    }
    hmp->words = split_words(cmd, rest);
    switch (hmp_arg_type(cmd, hmp->words->len)) {
    case 'F':
        complete_files(word, out);
        break;
    case 'b':
        hmp_complete_names(out, on_off);
        break;
    case 0:
        break;
    default:
        if (cmd->complete != NULL) {
            cmd->complete(hmp, word, out);
        }
    }
    g_clear_pointer(&hmp->words, g_ptr_array_unref);
}

/* ---- A session */

static void session_print(void *opaque, const char *text)
{
    hmp_puts(opaque, text);
}

static void session_report(void *opaque, const char *text)
{
    hmp_puts(opaque, text);
}

static void session_line(void *opaque, const char *line)
{
    Hmp *hmp = opaque;

    report_set_sink(session_report, hmp);
    hmp_run_line(hmp, line);
    report_set_sink(NULL, NULL);
    if (!hmp->ended) {
        readline_show_prompt(hmp->rl);
    }
}

static const ReadlineOps session_ops = {
    .print = session_print, .line = session_line, .complete = session_complete,
};

static size_t session_room(void *opaque)
{
    return 256;
}

static void session_receive(void *opaque, const uint8_t *buf, size_t n)
{
    Hmp *hmp = opaque;

    hmp->batch = true;
    for (size_t i = 0; i < n && !hmp->ended; i++) {
        readline_input(hmp->rl, buf[i]);
    }
    hmp->batch = false;
    flush(hmp);
}

static void session_greet(Hmp *hmp)
{
    if (!hmp->greeted) {
        hmp->greeted = true;
        hmp_puts(hmp, "QEMU 7.2.0 monitor - type 'help' for more information\n");
    }
    readline_show_prompt(hmp->rl);
}

static void session_event(void *opaque, CharEvent ev)
{
    Hmp *hmp = opaque;

    switch (ev) {
    case CHAR_OPENED:
        if (!hmp->muxed) {
            hmp->greeted = hmp->ended = false;
            session_greet(hmp);
        }
        break;
    case CHAR_MUX_IN:
        hmp->muxed = hmp->focused = true;
        if (hmp->vm->machine_ready) {
            session_greet(hmp);
        }
        break;
    case CHAR_MUX_OUT:
        hmp->focused = false;
        if (hmp->greeted) {
            hmp_puts(hmp, "\n");
        }
        break;
    default:
        break;
    }
}

static void session_writable(void *opaque)
{
    flush(opaque);
}

static const CharUser session_user = {
    .room = session_room, .receive = session_receive, .event = session_event,
    .writable = session_writable,
};

Hmp *hmp_new(Vm *vm, Char *c, GError **errp)
{
    Hmp *hmp = g_new0(Hmp, 1);

    hmp->vm = vm;
    hmp->c = c;
    hmp->out = g_string_new(NULL);
    hmp->format = (HmpFormat){ 1, 'x', 'w' };
    hmp->muxed = char_is_mux(c);
    hmp->rl = readline_new(&session_ops, hmp, "(qemu) ");
    if (!char_attach(c, &session_user, hmp, errp)) {
        readline_free(hmp->rl);
        g_string_free(hmp->out, true);
        g_free(hmp);
        return NULL;
    }
    if (sessions == NULL) {
        sessions = g_ptr_array_new();
    }
    g_ptr_array_add(sessions, hmp);
    return hmp;
}

void hmp_ready(void)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        Hmp *hmp = g_ptr_array_index(sessions, i);

        if (hmp->muxed && hmp->focused && !hmp->greeted) {
            session_greet(hmp);
        }
    }
}

void hmp_free_all(void)
{
    for (unsigned i = 0; sessions != NULL && i < sessions->len; i++) {
        Hmp *hmp = g_ptr_array_index(sessions, i);

        char_detach(hmp->c, hmp);
        readline_free(hmp->rl);
        g_string_free(hmp->out, true);
        g_free(hmp);
    }
    g_clear_pointer(&sessions, g_ptr_array_unref);
}

Vm *hmp_vm(const Hmp *hmp)
{
    return hmp->vm;
}

HmpFormat *hmp_format(Hmp *hmp)
{
    return &hmp->format;
}

Cpu *hmp_cpu(Hmp *hmp)
{
    Cpu *cpu;

    if (hmp->vm->cpus == NULL || hmp->cpu_index >= hmp->vm->cpus->len) {
        return NULL;
    }
    cpu = g_ptr_array_index(hmp->vm->cpus, hmp->cpu_index);
    cpu_regs_pull(cpu, NULL);
    return cpu;
}

void hmp_set_cpu(Hmp *hmp, unsigned index)
{
    hmp->cpu_index = index;
}

int hmp_take_fd(Hmp *hmp)
{
    return hmp->c != NULL ? char_take_fd(hmp->c) : -1;
}

Json *hmp_qmp(Hmp *hmp, const char *command, Json *args)
{
    GError *err = NULL;
    Json *ret = qmp_call(hmp->vm, command, args, &err);

    json_unref(args);
    hmp_report(hmp, err);
    return ret;
}

const GPtrArray *hmp_history(const Hmp *hmp)
{
    return hmp->rl != NULL ? readline_history(hmp->rl) : NULL;
}
