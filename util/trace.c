/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switches of all TRACE() points, found in the linker set "trace_points". */
#include "util/trace.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "util/err.h"
#include "util/log.h"

extern TracePoint *const __start_set_trace_points[] __attribute__((weak));
extern TracePoint *const __stop_set_trace_points[] __attribute__((weak));

void trace_printf(const char *name, const char *fmt, ...)
{
    gint64 now = g_get_real_time();
    FILE *f = log_begin();
    va_list ap;

    if (report_timestamp()) {
        fprintf(f, "%d@%lld.%06lld:", (int)syscall(SYS_gettid), (long long)(now / 1000000),
                (long long)(now % 1000000));
    }
    fprintf(f, "%s ", name);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fputc('\n', f);
    log_end(f);
}

unsigned trace_enable(const char *pattern)
{
    bool on = pattern[0] != '-';
    unsigned n = 0;

    pattern += on ? 0 : 1;
    for (TracePoint *const *p = __start_set_trace_points; p < __stop_set_trace_points; p++) {
        if (g_pattern_match_simple(pattern, (*p)->name)) {
            __atomic_store_n(&(*p)->on, on, __ATOMIC_RELAXED);
            n++;
        }
    }
    if (n == 0 && strpbrk(pattern, "*?") == NULL) {
        warn("trace event '%s' does not exist", pattern);
    }
    return n;
}

bool trace_enable_file(const char *path, GError **errp)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return err_fail(errp, "Could not read trace events from '%s'", path);
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l != NULL; l++) {
        g_strstrip(*l);
        if (**l != '\0' && **l != '#') {
            trace_enable(*l);
        }
    }
    return true;
}

static int trace_compare(gconstpointer a, gconstpointer b)
{
    return strcmp((*(TracePoint *const *)a)->name, (*(TracePoint *const *)b)->name);
}

void trace_foreach(void (*fn)(const char *name, bool on, void *opaque), void *opaque)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    for (TracePoint *const *p = __start_set_trace_points; p < __stop_set_trace_points; p++) {
        g_ptr_array_add(all, *p);
    }
    g_ptr_array_sort(all, trace_compare);
    for (guint i = 0; i < all->len; i++) {
        const TracePoint *p = g_ptr_array_index(all, i);
        const TracePoint *prev = i == 0 ? NULL : g_ptr_array_index(all, i - 1);

        if (prev == NULL || strcmp(prev->name, p->name) != 0) {
            fn(p->name, p->on, opaque);
        }
    }
}
