/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trace points: TRACE("rtc_write", "reg 0x%x val 0x%x", reg, val). Each is a switch of its own, off at first
 * and turned on by name or pattern (-d trace:PATTERN, -trace, the monitor). The text goes to the log. A
 * name may stand at several places. */
#ifndef UTIL_TRACE_H
#define UTIL_TRACE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include "util/set.h"

typedef struct TracePoint { const char *name; bool on; } TracePoint;

#define TRACE(name_, fmt, ...)                                                                  \
    do {                                                                                        \
        static TracePoint trace_point_ = { name_, false };                                      \
        static TracePoint *const trace_row_ SET_BARE __attribute__((used, section("set_trace_points"))) \
            = &trace_point_;                                                                    \
        if (__builtin_expect(__atomic_load_n(&trace_row_->on, __ATOMIC_RELAXED), 0)) {          \
            trace_printf(name_, fmt, ##__VA_ARGS__);                                            \
        }                                                                                       \
    } while (0)

/* "name text\n"; with -msg timestamp=on thread number and time are in front. */
void trace_printf(const char *name, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* Pattern with * and ?; a leading '-' turns off. Returns how many points it named. */
unsigned trace_enable(const char *pattern);
/* One pattern a line; '#' comments. -trace events=FILE. */
bool trace_enable_file(const char *path, GError **errp);
/* All names, sorted, each once. */
void trace_foreach(void (*fn)(const char *name, bool on, void *opaque), void *opaque);

#endif
