/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP dispatch. Every folder owns its piece of the schema (block/block.qmp, net/net.qmp, ...);
 * monitor/schema_gen.py turns them into C structs, StructDef tables, handler prototypes
 * (block/block_schema.h) and the one command table below. Handlers live with what they act on. */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include "util/err.h"
#include "util/field.h"
#include "util/qmp_ctx.h"

typedef enum QmpFlags {
    QMP_OOB = 1,
    QMP_PRECONFIG = 2,
    QMP_COROUTINE = 4,
    QMP_NO_REPLY = 8
} QmpFlags;

typedef struct QmpCommand {
    const char *name;
    const StructDef *args;          /* NULL: takes none */
    const char *returns;            /* schema type; test builds check every reply against it */
    unsigned flags;
    Json *(*run)(QmpCtx *ctx, const void *args, GError **errp);
} QmpCommand;

typedef struct QmpEvent { const char *name; const StructDef *data; unsigned min_gap_ms; } QmpEvent;

extern const QmpCommand qmp_commands[];         /* generated, sorted by name */
extern const QmpEvent qmp_events[];
extern const char qmp_schema_json[];            /* reply of query-qmp-schema, made at build time */

Json *qmp_dispatch(QmpCtx *ctx, const Json *request);

#endif
