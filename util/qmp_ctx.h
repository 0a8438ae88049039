/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a QMP handler gets to work on. Only pointers: including this file includes nobody's header. */
#ifndef UTIL_QMP_CTX_H
#define UTIL_QMP_CTX_H

typedef struct QmpCtx {
    struct Vm *vm;
    struct BlockGraph *block;
    struct NetWorld *net;
    struct UiWorld *ui;
    struct QmpSession *session;
} QmpCtx;

#endif
