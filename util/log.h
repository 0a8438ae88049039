/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two channels for people. The log (-d items, -D file, -dfilter) takes what the guest does; reports are
 * warnings and errors of ours on stderr, "program: -option arg: text". Any thread. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum LogItem {
    LOG_OUT_ASM = 1 << 0, LOG_IN_ASM = 1 << 1, LOG_OP = 1 << 2, LOG_OP_OPT = 1 << 3, LOG_OP_IND = 1 << 4,
    LOG_INT = 1 << 5, LOG_EXEC = 1 << 6, LOG_CPU = 1 << 7, LOG_FPU = 1 << 8, LOG_MMU = 1 << 9,
    LOG_PCALL = 1 << 10, LOG_CPU_RESET = 1 << 11, LOG_UNIMP = 1 << 12, LOG_GUEST = 1 << 13,
    LOG_PAGE = 1 << 14, LOG_NOCHAIN = 1 << 15, LOG_PLUGIN = 1 << 16, LOG_STRACE = 1 << 17, LOG_TID = 1 << 18,
} LogItem;

extern uint32_t log_level;          /* set of LogItem; written by log_set_items() and log_set_level() only */
static inline bool log_on(uint32_t items) { return __builtin_expect((log_level & items) != 0, 0); }

/* To the log file, whatever the level; no prefix, no newline added. */
void log_printf(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void log_vprintf(const char *fmt, va_list ap) G_GNUC_PRINTF(1, 0);
#define log_mask(items, ...)            \
    do {                                \
        if (log_on(items)) {            \
            log_printf(__VA_ARGS__);    \
        }                               \
    } while (0)
/* The guest did something the hardware calls invalid or undefined (-d guest_errors). A line a call; the
 * newline is added. Text begins with the device: "rtc: write of read-only register %u". */
void log_guest(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* The guest used something that we do not model (-d unimp). The same form. */
void log_unimp(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* Several lines that stay together: FILE * to write to, NULL when there is no log. */
FILE *log_begin(void);
void log_end(FILE *f);
void log_flush(void);

/* -d and the monitor's log command: "int,cpu_reset", "trace:PATTERN", "none" is the monitor's affair.
 * false + error for an unknown item: then log_items_help() is what the user should see. */
bool log_set_items(const char *text, GError **errp);
void log_set_level(uint32_t items);
char *log_items_help(void);         /* what "-d help" prints; freed by the caller */
const char *log_item_name(unsigned n, const char **ret_help);   /* n-th item; NULL beyond the last */
/* -D: "%d" once is the process id. NULL or "": stderr. Opened now; false + error. */
bool log_set_file(const char *path, GError **errp);
/* -dfilter "0x1000+0x100,0x2000-0x100,0x3000..0x3fff". NULL: none. */
bool log_set_filter(const char *ranges, GError **errp);
bool log_in_filter(uint64_t addr);  /* true when there is no filter */

/* ---- Reports: one message each, newline added. */
void report_error(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void warn(const char *fmt, ...) G_GNUC_PRINTF(1, 2);            /* "...: warning: text" */
void info(const char *fmt, ...) G_GNUC_PRINTF(1, 2);            /* "...: info: text" */
/* Once for each place in the source. */
#define warn_once(...)                                                          \
    do {                                                                        \
        static int warn_once_done;                                              \
        if (!__atomic_exchange_n(&warn_once_done, 1, __ATOMIC_RELAXED)) {       \
            warn(__VA_ARGS__);                                                  \
        }                                                                       \
    } while (0)
/* Prints and frees; prefix may be NULL or "cannot do this: ". err NULL: nothing. */
void report_gerror(GError *err, const char *prefix);
/* Plain text after the message, without any prefix (hints, help). */
void report_hint(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

void report_set_program(const char *argv0);     /* the last part of the path; copied */
const char *report_program(void);
/* What the messages of this thread are about: "-device e1000"; NULL for nothing. Returns the previous
 * one, to be put back. The string is kept, not copied. */
const char *report_set_location(const char *location);
void report_set_timestamp(bool on);             /* -msg timestamp=on */
bool report_timestamp(void);
void report_set_guest_name(const char *name);   /* -msg guest-name=on; copied; NULL: off */
/* Where this thread's reports go instead of stderr (a monitor); fn NULL: stderr again. */
void report_set_sink(void (*fn)(void *opaque, const char *text), void *opaque);

#endif
