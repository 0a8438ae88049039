/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings and errors of ours: "[time ][guest ]program: location: [kind: ]text" on stderr, or to the sink of
 * the thread that speaks (a monitor), where the prefix is left out. */
#include "util/err.h"
#include "util/log.h"

static char *report_name, *report_guest;
static bool report_time;
static __thread const char *report_location;
static __thread void (*report_sink)(void *opaque, const char *text);
static __thread void *report_sink_opaque;

void report_set_program(const char *argv0)
{
    g_free(report_name);
    report_name = g_path_get_basename(argv0);
}

const char *report_program(void)
{
    return report_name != NULL ? report_name : "kite";
}

const char *report_set_location(const char *location)
{
    const char *old = report_location;

    report_location = location;
    return old;
}

void report_set_timestamp(bool on)
{
    report_time = on;
}

bool report_timestamp(void)
{
    return report_time;
}

void report_set_guest_name(const char *name)
{
    g_free(report_guest);
    report_guest = g_strdup(name);
}

void report_set_sink(void (*fn)(void *opaque, const char *text), void *opaque)
{
    report_sink = fn;
    report_sink_opaque = opaque;
}

static void report_out(const char *text)
{
    if (report_sink != NULL) {
        report_sink(report_sink_opaque, text);
    } else {
        fputs(text, stderr);
        fflush(stderr);
    }
}

/* kind: "warning: ", "info: " or "". */
static void report(const char *kind, const char *text)
{
    g_autoptr(GString) s = g_string_new(NULL);

    if (report_sink == NULL) {
        if (report_time) {
            g_autoptr(GDateTime) now = g_date_time_new_now_utc();
            g_autofree char *stamp = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");

            g_string_append_printf(s, "%s.%06dZ ", stamp, g_date_time_get_microsecond(now));
        }
        if (report_guest != NULL) {
            g_string_append_printf(s, "%s ", report_guest);
        }
        g_string_append_printf(s, "%s: ", report_program());
        if (report_location != NULL) {
            g_string_append_printf(s, "%s: ", report_location);
        }
    }
    g_string_append_printf(s, "%s%s\n", kind, text);
    report_out(s->str);
}

static void report_va(const char *kind, const char *fmt, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(fmt, ap);

    report(kind, text);
}

void report_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_va(report_sink == NULL ? "" : "Error: ", fmt, ap);
    va_end(ap);
}

void warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_va("warning: ", fmt, ap);
    va_end(ap);
}

void info(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_va("info: ", fmt, ap);
    va_end(ap);
}

void report_gerror(GError *err, const char *prefix)
{
    g_autofree char *hint = NULL;
    g_autofree char *text = NULL;

    if (err == NULL) {
        return;
    }
    text = err_text(err);
    hint = err_hint(err);
    report_error("%s%s", prefix == NULL ? "" : prefix, text);
    if (hint != NULL) {
        report_hint("%s", hint);
    }
    g_error_free(err);
}

void report_hint(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    line = g_str_has_suffix(text, "\n") ? g_strdup(text) : g_strdup_printf("%s\n", text);
    report_out(line);
}
