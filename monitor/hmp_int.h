/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the monitor: line editing, arguments, expressions. */
#ifndef MONITOR_HMP_INT_H
#define MONITOR_HMP_INT_H

#include "monitor/hmp.h"

struct ObjType;

/* ---- readline.c: one editable line with history on a terminal */
typedef struct ReadlineOps {
    void (*print)(void *opaque, const char *text);
    void (*line)(void *opaque, const char *line);               /* Enter was pressed */
    /* candidates for the last word */
    void (*complete)(void *opaque, const char *line, GPtrArray *out);
} ReadlineOps;
typedef struct Readline Readline;
enum { READLINE_HISTORY = 64 };

Readline *readline_new(const ReadlineOps *ops, void *opaque, const char *prompt);
void readline_free(Readline *rl);
void readline_show_prompt(Readline *rl);        /* an empty line begins */
void readline_redraw(Readline *rl);             /* prompt and line again */
void readline_input(Readline *rl, uint8_t byte);
const GPtrArray *readline_history(const Readline *rl);

/* ---- hmp_args.c. args is "name:type,name:type?,flag:-f,word:-ws": types
 *   s word (quotes possible)   F file name   B block device   S the rest of the line
 *   i l expression             M size, a bare number counts MiB      b on/off
 *   /  the /fmt of x, print, i, o: members "count", "format", "size"
 * "?" makes it optional. NULL on failure. `text` begins after the command's name. */
Json *hmp_parse_args(Hmp *hmp, const HmpCommand *cmd, const char *text, GError **errp);
char hmp_arg_type(const HmpCommand *cmd, unsigned n);   /* of the n-th argument without flags; 0 */

/* ---- For complete() of a command. The words before the one that is being completed, without the
 * command's name and without flags: which of them this is, and one of them (NULL: beyond the last). */
unsigned hmp_complete_index(const Hmp *hmp);
const char *hmp_complete_word(const Hmp *hmp, unsigned n);
/* Candidates for a list "a,b,c" whose last part is to be completed: each name after the parts that are
 * there, with `tail` behind it. */
void hmp_complete_list(GPtrArray *out, const char *word, const char *name, const char *tail);
/* Names of a NULL-terminated list. */
void hmp_complete_names(GPtrArray *out, const char *const *names);

/* Names of the properties of a type (NULL: none), with "=" behind each. */
void hmp_complete_props(const struct ObjType *t, const char *word, GPtrArray *out);
/* qmp_machine.c: -singlestep */
bool vm_single_step(struct Vm *vm);

/* ---- hmp_absent.c: what a command needs that is not in this version; NULL: no such command in QEMU 7.2 */
const char *hmp_absent_part(const char *name);

/* ---- hmp_expr.c: + - & | ^ * / % ~ ( ) numbers 'c' $register. *text is left behind the
 * expression. */
bool hmp_expression(Hmp *hmp, const char **text, uint64_t *ret, GError **errp);

/* ---- hmp.c */
/* A descriptor that came over the monitor's socket; the caller owns it. -1: none. */
int hmp_take_fd(Hmp *hmp);
const HmpCommand *hmp_find(const char *name);           /* any of its names; NULL */
/* The format that x, xp and print take when none is given; the last one given. */
typedef struct HmpFormat { uint32_t count; char format, size; } HmpFormat;
HmpFormat *hmp_format(Hmp *hmp);

#endif
