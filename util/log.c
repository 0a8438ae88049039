/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: items (-d), file (-D), address filter (-dfilter). One mutex around the stream, so that lines of
 * several threads do not mix; the level is read without it. With "tid" each thread has a file of its own. */
#include "util/log.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "util/err.h"
#include "util/parse.h"
#include "util/range.h"
#include "util/trace.h"

typedef struct LogName { const char *name; uint32_t item; const char *help; } LogName;

static const LogName log_names[] = {
    { "out_asm", LOG_OUT_ASM, "show generated host assembly code for each compiled TB" },
    { "in_asm", LOG_IN_ASM, "show target assembly code for each compiled TB" },
    { "op", LOG_OP, "show micro ops for each compiled TB" },
    { "op_opt", LOG_OP_OPT, "show micro ops after optimization" },
    { "op_ind", LOG_OP_IND, "show micro ops before indirect lowering" },
    { "int", LOG_INT, "show interrupts/exceptions in short format" },
    { "exec", LOG_EXEC, "show trace before each executed TB (lots of logs)" },
    { "cpu", LOG_CPU, "show CPU registers before entering a TB (lots of logs)" },
    { "fpu", LOG_FPU, "include FPU registers in the 'cpu' logging" },
    { "mmu", LOG_MMU, "log MMU-related activities" },
    { "pcall", LOG_PCALL, "x86 only: show protected mode far calls/returns/exceptions" },
    { "cpu_reset", LOG_CPU_RESET, "show CPU state before CPU resets" },
    { "unimp", LOG_UNIMP, "log unimplemented functionality" },
    { "guest_errors", LOG_GUEST,
      "log when the guest OS does something invalid (eg accessing a\nnon-existent register)" },
    { "page", LOG_PAGE, "dump pages at beginning of user mode emulation" },
    { "nochain", LOG_NOCHAIN,
      "do not chain compiled TBs so that \"exec\" and \"cpu\" show\ncomplete traces" },
    { "plugin", LOG_PLUGIN, "output from TCG plugins\n" },
    { "strace", LOG_STRACE, "log every user-mode syscall, its input, and its result" },
    { "tid", LOG_TID, "open a separate log file per thread; filename must contain '%d'" },
};

uint32_t log_level;

static GMutex log_lock;
static FILE *log_file;              /* NULL: stderr */
static char *log_path;              /* as given; NULL: stderr */
static Range *log_ranges;
static unsigned log_n_ranges;
static __thread FILE *log_thread_file;
static __thread bool log_thread_failed;

const char *log_item_name(unsigned n, const char **ret_help)
{
    if (n >= G_N_ELEMENTS(log_names)) {
        return NULL;
    }
    if (ret_help != NULL) {
        *ret_help = log_names[n].help;
    }
    return log_names[n].name;
}

char *log_items_help(void)
{
    GString *s = g_string_new("Log items (comma separated):\n");

    for (size_t i = 0; i < G_N_ELEMENTS(log_names); i++) {
        g_string_append_printf(s, "%-15s %s\n", log_names[i].name, log_names[i].help);
    }
    g_string_append(s, "trace:PATTERN   enable trace events\n\n"
                       "Use \"-d trace:help\" to get a list of trace events.\n\n");
    return g_string_free(s, FALSE);
}

static uint32_t log_item_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(log_names); i++) {
        if (strcmp(log_names[i].name, name) == 0) {
            return log_names[i].item;
        }
    }
    return 0;
}

void log_set_level(uint32_t items)
{
    __atomic_store_n(&log_level, items, __ATOMIC_RELAXED);
}

bool log_set_items(const char *text, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    uint32_t level = 0;

    for (char **w = words; *w != NULL; w++) {
        uint32_t item = strcmp(*w, "all") == 0 ? 0xffffffffu & ~LOG_TID : log_item_find(*w);

        if (g_str_has_prefix(*w, "trace:") && (*w)[6] != '\0') {
            trace_enable(*w + 6);
        } else if (item == 0) {
            return err_fail(errp, "unknown log item '%s'", *w);
        }
        level |= item;
    }
    if ((level & LOG_TID) && (log_path == NULL || strstr(log_path, "%d") == NULL)) {
        return err_fail(errp, "Filename template with '%%d' required for 'tid'");
    }
    log_set_level(level);
    return true;
}

/* "%d" replaced, once. */
static char *log_expand(const char *path, int id)
{
    const char *at = strstr(path, "%d");

    return at == NULL ? g_strdup(path)
                      : g_strdup_printf("%.*s%d%s", (int)(at - path), path, id, at + 2);
}

bool log_set_file(const char *path, GError **errp)
{
    g_autofree char *name = NULL;
    const char *percent;
    FILE *f = NULL;

    if (path != NULL && path[0] != '\0') {
        percent = strchr(path, '%');
        if (percent != NULL && (percent[1] != 'd' || strchr(percent + 1, '%') != NULL)) {
            return err_fail(errp, "Bad logfile template: %s", path);
        }
        name = log_expand(path, (int)getpid());
        f = fopen(name, "we");
        if (f == NULL) {
            return err_fail_errno(errp, errno, "Error opening logfile %s", name);
        }
        setvbuf(f, NULL, _IOLBF, 0);
    }
    g_mutex_lock(&log_lock);
    if (log_file != NULL) {
        fclose(log_file);
    }
    log_file = f;
    g_free(log_path);
    log_path = f == NULL ? NULL : g_strdup(path);
    g_mutex_unlock(&log_lock);
    return true;
}

/* One of "a+len", "a-len", "a..b"; all numbers in any base of C. */
static bool log_parse_range(char *text, Range *r, GError **errp)
{
    char *op = strpbrk(text, "+-."), *second;
    char kind = op == NULL ? '\0' : *op;
    uint64_t a, b;

    if (op == NULL || op == text || (kind == '.' && op[1] != '.')) {
        return err_fail(errp, "Bad range specifier");
    }
    second = op + (kind == '.' ? 2 : 1);
    *op = '\0';
    if (!parse_u64(text, 0, &a)) {
        return err_fail(errp, "Invalid number to the left of %s", kind == '.' ? ".." : kind == '+' ? "+" : "-");
    }
    if (!parse_u64(second, 0, &b)) {
        return err_fail(errp, "Invalid number to the right of %s", kind == '.' ? ".." : kind == '+' ? "+" : "-");
    }
    if (kind == '+') {
        *r = (Range){ a, b == 0 ? a : a + (b - 1) };
    } else if (kind == '-') {
        *r = (Range){ b == 0 ? a : a - (b - 1), a };
    } else {
        *r = (Range){ a, b };
    }
    if (r->lo > r->hi) {
        return err_fail(errp, "Invalid range");
    }
    return true;
}

bool log_set_filter(const char *ranges, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(ranges == NULL ? "" : ranges, ",", -1);
    unsigned n = g_strv_length(parts);
    g_autofree Range *list = g_new0(Range, n + 1);

    for (unsigned i = 0; i < n; i++) {
        if (!log_parse_range(parts[i], &list[i], errp)) {
            return false;
        }
    }
    g_free(log_ranges);
    log_ranges = g_steal_pointer(&list);
    log_n_ranges = n;
    return true;
}

bool log_in_filter(uint64_t addr)
{
    for (unsigned i = 0; i < log_n_ranges; i++) {
        if (range_has(log_ranges[i], addr)) {
            return true;
        }
    }
    return log_n_ranges == 0;
}

/* This thread's own file, for "tid". Never closed before the thread ends with the process: lines of a
 * vCPU thread matter to the last. */
static FILE *log_own_file(void)
{
    if (log_thread_file == NULL && !log_thread_failed && log_path != NULL) {
        g_autofree char *name = log_expand(log_path, (int)syscall(SYS_gettid));

        log_thread_file = fopen(name, "we");
        log_thread_failed = log_thread_file == NULL;
        if (log_thread_file != NULL) {
            setvbuf(log_thread_file, NULL, _IOLBF, 0);
        }
    }
    return log_thread_file;
}

FILE *log_begin(void)
{
    FILE *own;

    g_mutex_lock(&log_lock);
    own = (log_level & LOG_TID) ? log_own_file() : NULL;
    return own != NULL ? own : log_file != NULL ? log_file : stderr;
}

void log_end(FILE *f)
{
    g_mutex_unlock(&log_lock);
}

void log_flush(void)
{
    FILE *f = log_begin();

    fflush(f);
    log_end(f);
}

void log_vprintf(const char *fmt, va_list ap)
{
    FILE *f = log_begin();

    vfprintf(f, fmt, ap);
    log_end(f);
}

void log_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_vprintf(fmt, ap);
    va_end(ap);
}

static void log_line(const char *fmt, va_list ap)
{
    FILE *f = log_begin();

    vfprintf(f, fmt, ap);
    fputc('\n', f);
    log_end(f);
}

void log_guest(const char *fmt, ...)
{
    va_list ap;

    if (log_on(LOG_GUEST)) {
        va_start(ap, fmt);
        log_line(fmt, ap);
        va_end(ap);
    }
}

void log_unimp(const char *fmt, ...)
{
    va_list ap;

    if (log_on(LOG_UNIMP)) {
        va_start(ap, fmt);
        log_line(fmt, ap);
        va_end(ap);
    }
}
