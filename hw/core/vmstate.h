/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a struct goes into a snapshot or a migration stream. One row a member; the stream is big
 * endian, laid out as QEMU's, so names, order, sizes and versions of rows are part of the contract.
 */
#ifndef HW_CORE_VMSTATE_H
#define HW_CORE_VMSTATE_H

#include "util/field.h"

typedef enum VmKind {
    VM_END,
    VM_BOOL,
    VM_U8,
    VM_U16,
    VM_U32,
    VM_U64,    /* signed ones too: same bytes */
    VM_BUF,    /* elem_size raw bytes, `count` times */
    VM_STRUCT, /* rows of sub */
    VM_TIMER,  /* Timer *: deadline in ns, all ones when not armed */
    VM_UNUSED, /* elem_size bytes written as zeros, skipped when read */
    VM_EQUAL,  /* elem_size bytes (1, 2, 4, 8) that must match on load */
    VM_CUSTOM, /* ops */
} VmKind;

typedef enum VmFieldFlags {
    VM_POINTER = 1,           /* the member is a pointer to the data (or to the array) */
    VM_ARRAY_OF_POINTERS = 2, /* each element is a pointer to the data */
    VM_ALLOC = 4,             /* with VM_POINTER: allocate count elements on load */
} VmFieldFlags;

typedef struct VmState VmState;
typedef struct VmField VmField;
typedef struct VmWriter VmWriter;
typedef struct VmReader VmReader;

typedef struct VmCustomOps { /* for layouts no row can say */
    const char *name;
    void (*save)(VmWriter *w, const VmField *f, const void *member);
    bool (*load)(VmReader *r, const VmField *f, void *member, GError **errp);
} VmCustomOps;

struct VmField {
    const char *name; /* the member's */
    const char *as;   /* what the stream's description calls it, where that is another name */
    VmKind kind;
    uint32_t offset, count; /* count > 1: array. With a variable count: its upper limit */
    uint32_t elem_size;    /* bytes in the struct; VM_BUF, VM_STRUCT, VM_UNUSED, VM_EQUAL need it */
    uint32_t count_offset; /* variable array: where the number of elements is held ... */
    const VmState *sub;
    int since;          /* version that introduced the row */
    uint8_t count_size; /* ... and its width: 1, 2, 4, 8. 0: the count is fixed */
    uint8_t flags;
    const VmCustomOps *ops;
    bool (*exists)(const void *obj, int version); /* NULL: always */
};

struct VmState {
    const char *name;
    int version, min_version;
    const VmField *fields;
    const VmState *const *sections; /* optional parts, each sent only if needed(); ends with NULL */
    bool (*needed)(const void *obj);
    void (*pre_save)(void *obj);
    bool (*pre_load)(void *obj, GError **errp);
    bool (*post_load)(void *obj, int version, GError **errp); /* must reject hostile values */
    bool unmigratable; /* a device with this cannot be saved */
};

#define VM_ROW(T, m, ctype, k, ...)                                                                \
    {                                                                                              \
        .name = #m, .kind = k, .offset = FIELD_OFFSET(T, m, ctype), .count = 1,                    \
        .elem_size = sizeof(ctype), ##__VA_ARGS__                                                  \
    }
/* Extra designated initialisers may follow the member: VM_FIELD_U8(T, m, .since = 2) */
#define VM_FIELD_BOOL(T, m, ...)  VM_ROW(T, m, bool, VM_BOOL, ##__VA_ARGS__)
#define VM_FIELD_U8(T, m, ...)    VM_ROW(T, m, uint8_t, VM_U8, ##__VA_ARGS__)
#define VM_FIELD_U16(T, m, ...)   VM_ROW(T, m, uint16_t, VM_U16, ##__VA_ARGS__)
#define VM_FIELD_U32(T, m, ...)   VM_ROW(T, m, uint32_t, VM_U32, ##__VA_ARGS__)
#define VM_FIELD_U64(T, m, ...)   VM_ROW(T, m, uint64_t, VM_U64, ##__VA_ARGS__)
#define VM_FIELD_I8(T, m, ...)    VM_ROW(T, m, int8_t, VM_U8, ##__VA_ARGS__)
#define VM_FIELD_I16(T, m, ...)   VM_ROW(T, m, int16_t, VM_U16, ##__VA_ARGS__)
#define VM_FIELD_I32(T, m, ...)   VM_ROW(T, m, int32_t, VM_U32, ##__VA_ARGS__)
#define VM_FIELD_I64(T, m, ...)   VM_ROW(T, m, int64_t, VM_U64, ##__VA_ARGS__)
#define VM_FIELD_TIMER(T, m, ...) VM_ROW(T, m, Timer *, VM_TIMER, ##__VA_ARGS__)
/* Arrays of fixed length: uint8_t m[8] -> VM_FIELD_ARRAY(T, m, uint8_t, VM_U8). Two dimensions:
 * name m[0] as the element and give .count. */
#define VM_FIELD_ARRAY(T, m, ctype, k, ...)                                                        \
    {                                                                                              \
        .name = #m, .kind = k, .offset = offsetof(T, m),                                           \
        .count = sizeof(((T *)0)->m) / sizeof(ctype), .elem_size = sizeof(ctype), ##__VA_ARGS__    \
    }
#define VM_FIELD_U8_ARRAY(T, m, ...)  VM_FIELD_ARRAY(T, m, uint8_t, VM_U8, ##__VA_ARGS__)
#define VM_FIELD_U16_ARRAY(T, m, ...) VM_FIELD_ARRAY(T, m, uint16_t, VM_U16, ##__VA_ARGS__)
#define VM_FIELD_U32_ARRAY(T, m, ...) VM_FIELD_ARRAY(T, m, uint32_t, VM_U32, ##__VA_ARGS__)
#define VM_FIELD_U64_ARRAY(T, m, ...) VM_FIELD_ARRAY(T, m, uint64_t, VM_U64, ##__VA_ARGS__)
/* Raw bytes of a fixed array (QEMU calls it a buffer). */
#define VM_FIELD_BUF(T, m, ...)                                                                    \
    {                                                                                              \
        .name = #m, .kind = VM_BUF, .offset = offsetof(T, m), .count = 1,                          \
        .elem_size = sizeof(((T *)0)->m), ##__VA_ARGS__                                            \
    }
#define VM_FIELD_STRUCT(T, m, vmsd, ...)                                                           \
    {                                                                                              \
        .name = #m, .kind = VM_STRUCT, .offset = offsetof(T, m), .count = 1,                       \
        .elem_size = sizeof(((T *)0)->m), .sub = &(vmsd), ##__VA_ARGS__                            \
    }
#define VM_FIELD_STRUCT_ARRAY(T, m, vmsd, ...)                                                     \
    {                                                                                              \
        .name = #m, .kind = VM_STRUCT, .offset = offsetof(T, m),                                   \
        .count = sizeof(((T *)0)->m) / sizeof(((T *)0)->m[0]),                                     \
        .elem_size = sizeof(((T *)0)->m[0]), .sub = &(vmsd), ##__VA_ARGS__                         \
    }
/* A uintN_t member n counts the elements of array m that are sent; more than the array holds is
 * refused. */
#define VM_FIELD_STRUCT_VARRAY(T, m, n, vmsd, ...)                                                 \
    {                                                                                              \
        .name = #m, .kind = VM_STRUCT, .offset = offsetof(T, m),                                   \
        .count = sizeof(((T *)0)->m) / sizeof(((T *)0)->m[0]),                                     \
        .elem_size = sizeof(((T *)0)->m[0]), .count_offset = offsetof(T, n),                       \
        .count_size = sizeof(((T *)0)->n), .sub = &(vmsd), ##__VA_ARGS__                           \
    }
/* T *m points to n elements of ctype (allocated by the device; at most max are accepted). */
#define VM_FIELD_VARRAY_PTR(T, m, ctype, k, n, max, ...)                                           \
    {                                                                                              \
        .name = #m, .kind = k, .offset = offsetof(T, m), .count = max, .elem_size = sizeof(ctype), \
        .count_offset = offsetof(T, n), .count_size = sizeof(((T *)0)->n), .flags = VM_POINTER,    \
        ##__VA_ARGS__                                                                              \
    }
#define VM_FIELD_UNUSED(bytes, ...)                                                                \
    {                                                                                              \
        .name = "unused", .kind = VM_UNUSED, .count = 1, .elem_size = bytes, ##__VA_ARGS__         \
    }
#define VM_FIELD_EQUAL(T, m, ctype, ...) VM_ROW(T, m, ctype, VM_EQUAL, ##__VA_ARGS__)
#define VM_FIELD_END                                                                               \
    {                                                                                              \
        .name = NULL, .kind = VM_END                                                               \
    }

static inline const char *vmstate_row_name(const VmField *f)
{
    return f->as != NULL ? f->as : f->name;
}

/* Every device type's rows: {"TYPE": {"Name": ..., "version_id": ..., "Description": {"Fields":
 * [...], "Subsections": [...]}}, ...}, with the board's name as "vmschkmachine". */
Json *vmstate_describe_types(const char *machine);
bool vmstate_dump_types(const char *file, const char *machine, GError **errp);

/* ---- Writing */
struct VmWriter {
    GByteArray *out;
};
void vm_put_u8(VmWriter *w, uint8_t v);
void vm_put_u16(VmWriter *w, uint16_t v);
void vm_put_u32(VmWriter *w, uint32_t v);
void vm_put_u64(VmWriter *w, uint64_t v);
void vm_put_buf(VmWriter *w, const void *buf, size_t n);

/* ---- Reading: never beyond the end; after an error everything reads as zero and `failed` stays
 * set. */
struct VmReader {
    const uint8_t *data;
    size_t size, pos;
    bool failed;
};
uint8_t vm_get_u8(VmReader *r);
uint16_t vm_get_u16(VmReader *r);
uint32_t vm_get_u32(VmReader *r);
uint64_t vm_get_u64(VmReader *r);
bool vm_get_buf(VmReader *r, void *buf, size_t n);

/* Rows and subsections of one struct, without a section header. */
void vmstate_save(VmWriter *w, const VmState *vs, void *obj);
/* version is the sender's. On failure obj may be half changed: reset or free it. */
bool vmstate_load(VmReader *r, const VmState *vs, void *obj, int version, GError **errp);
/* One full device section: type byte, section id, name, instance, version, rows, footer. */
void vmstate_save_section(VmWriter *w, uint32_t section_id, const char *idstr, uint32_t instance,
                          const VmState *vs, void *obj);
typedef struct VmSection {
    uint32_t id, instance, version;
    char idstr[256];
} VmSection;
bool vmstate_read_section_head(VmReader *r, VmSection *s, GError **errp); /* after the type byte */
bool vmstate_read_section_foot(VmReader *r, const VmSection *s, GError **errp);

#endif
