/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for people. A command is a row; a file of commands registers its table, so that
 * adding one touches no other file. Everything runs on the main thread with the VM lock held. */
#ifndef MONITOR_HMP_H
#define MONITOR_HMP_H

#include <stdint.h>
#include "util/json.h"
#include "util/set.h"

typedef struct Hmp Hmp;
struct Char;
struct Cpu;
struct Vm;

typedef struct HmpCommand {
    const char *names;              /* "cont|c"; "info block" is a name too */
    const char *args;               /* "device:B,force:-f", see hmp_args.c */
    const char *params, *help;      /* what "help" prints */
    void (*run)(Hmp *hmp, const Json *args);
    /* of char *, freed by the caller */
    void (*complete)(Hmp *hmp, const char *word, GPtrArray *out);
} HmpCommand;

typedef struct HmpTable { const HmpCommand *rows; size_t count; } HmpTable;

SET_DECLARE(hmp_tables, HmpTable);
#define HMP_REGISTER(rows_)                                                                 \
    static const HmpTable rows_##_table = { rows_, sizeof(rows_) / sizeof((rows_)[0]) };    \
    SET_ADD(hmp_tables, HmpTable, rows_, &rows_##_table)

/* A monitor on c. NULL when c has a user already. Freed by hmp_free_all(). */
Hmp *hmp_new(struct Vm *vm, struct Char *c, GError **errp);
void hmp_free_all(void);
/* The machine is complete: a monitor that still has the keyboard of a shared chardev greets. */
void hmp_ready(void);

void hmp_printf(Hmp *hmp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void hmp_puts(Hmp *hmp, const char *text);
void hmp_report(Hmp *hmp, GError *err);         /* "Error: ..." and frees; NULL: nothing */
void hmp_run_line(Hmp *hmp, const char *line);  /* one command; output goes to hmp */
/* the same, looking at the cpu-th CPU; the output, freed by the caller */
char *hmp_run_text(struct Vm *vm, const char *line, unsigned cpu);

struct Vm *hmp_vm(const Hmp *hmp);
/* chosen by "cpu"; NULL, and says so, when there is none */
struct Cpu *hmp_cpu(Hmp *hmp);
void hmp_set_cpu(Hmp *hmp, unsigned index);
const GPtrArray *hmp_history(const Hmp *hmp);   /* of char *, oldest first */
/* A QMP command in the words of this monitor; args (may be NULL) is given away. NULL: it failed, and the
 * error has been printed. */
Json *hmp_qmp(Hmp *hmp, const char *command, Json *args);

#endif
