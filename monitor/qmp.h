/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP. Every folder owns its piece of the schema (block/block.qmp, ui/ui.qmp, ...); schema_gen.py
 * turns them into argument structs, handler prototypes (monitor/qmp_schema.h), the tables below, the
 * answer of query-qmp-schema and the reference manual. Handlers are in monitor/qmp_*.c and call what
 * the folders offer. They run on the main thread with the VM lock held, but for those out of band: these
 * run on the monitors' own thread and must not want that lock. */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include "monitor/schema.h"
#include "util/err.h"
#include "util/field.h"
#include "util/qmp_ctx.h"

struct Char;
struct Vm;
typedef struct QmpSession QmpSession;

typedef enum QmpFlags { QMP_OOB = 1 } QmpFlags;

/* run: NULL with error; or the value of "return", NULL for an empty object. args is the struct that
 * `args` describes, or (args NULL) the Json of the arguments, checked against shape. */
typedef struct QmpCommand {
    const char *name;
    const StructDef *args;
    const SchemaType *shape;
    const SchemaType *returns;      /* NULL: an empty object */
    unsigned flags;
    Json *(*run)(QmpCtx *ctx, const void *args, GError **errp);
} QmpCommand;

/* min_gap_ms: of events with the same name (and qom-path, where they have one) that come closer, the
 * last is sent when the time is up. */
typedef struct QmpEvent {
    const char *name;
    const SchemaType *data;
    unsigned min_gap_ms;
} QmpEvent;

extern const QmpCommand qmp_commands[];         /* sorted by name; ends with a row without name */
extern const QmpEvent qmp_events[];
extern const char qmp_schema_json[];            /* the reply of query-qmp-schema */

const QmpCommand *qmp_command_find(const char *name);       /* NULL */
/* A command as C code (the human monitor) gives it: args may be NULL. NULL + error, or a value. */
Json *qmp_call(struct Vm *vm, const char *name, const Json *args, GError **errp);

/* ---- Sessions */
/* A monitor on c: greets whoever is connected. False when c has a user already. */
bool qmp_new(struct Vm *vm, struct Char *c, bool pretty, GError **errp);
/* Sends what is left to send, as far as clients take it at once, and ends all sessions. */
void qmp_free_all(void);
/* To every session that has finished its negotiation. data (may be NULL) is given away. */
void qmp_event(const char *name, Json *data);
/* Makes events of what happens to vm from now on. */
void qmp_watch_vm(struct Vm *vm);

/* ---- Descriptors that clients passed: qmp_fds.c */
/* The descriptor that getfd kept under a name, or a plain number's; the caller owns it. -1 + error. */
int qmp_take_fd(const char *name, GError **errp);
/* Keeps fd, which is given away, under a name. fd < 0: nobody sent one, an error. */
bool qmp_keep_fd(const char *name, int fd, GError **errp);

#endif
