/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a struct goes into a snapshot or a migration stream. One row a member. */
#ifndef HW_CORE_VMSTATE_H
#define HW_CORE_VMSTATE_H

#include "util/field.h"

typedef enum VmKind { VM_END, VM_BOOL, VM_U8, VM_U16, VM_U32, VM_U64, VM_BUF, VM_STRUCT, VM_TIMER } VmKind;

typedef struct VmState VmState;
typedef struct VmField {
    const char *name;
    VmKind kind;
    uint32_t offset, count;         /* count > 1: array */
    uint32_t elem_size;             /* VM_BUF, VM_STRUCT */
    uint32_t count_offset;          /* variable array: where a uint32_t holds the count */
    const VmState *sub;
    int since;                      /* version that introduced the row */
} VmField;

struct VmState {
    const char *name;
    int version, min_version;
    const VmField *fields;
    const VmState *const *sections; /* optional parts, each sent only if needed() */
    bool (*needed)(const void *obj);
    void (*pre_save)(void *obj);
    bool (*post_load)(void *obj, int version, GError **errp);   /* must reject hostile values */
};

#define VM_FIELD_U8(T, m)  { #m, VM_U8,  FIELD_OFFSET(T, m, uint8_t),  1, 1, 0, NULL, 0 }
#define VM_FIELD_U32(T, m) { #m, VM_U32, FIELD_OFFSET(T, m, uint32_t), 1, 4, 0, NULL, 0 }
#define VM_FIELD_END       { NULL, VM_END, 0, 0, 0, 0, NULL, 0 }

#endif
