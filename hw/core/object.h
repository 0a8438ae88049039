/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of named things a VM is made of. Types are constants; there is no class object,
 * no run-time class construction and no reference count: the parent owns its children. */
#ifndef HW_CORE_OBJECT_H
#define HW_CORE_OBJECT_H

#include "util/field.h"
#include "util/set.h"

typedef struct Object Object;
typedef struct ObjType ObjType;

typedef struct ChildDef {           /* a part that every instance has, e.g. "serial" in isa-serial */
    const char *name;
    const ObjType *type;
    size_t offset;                  /* where the part is embedded */
} ChildDef;

struct ObjType {
    const char *name;
    const char *desc;
    const ObjType *parent;          /* a pointer, not a name: a missing parent fails at link time */
    size_t size;
    bool abstract;
    bool user_creatable;            /* accepted by -object or -device */
    const Field *props;             /* own properties; those of the parents are walked too */
    const ChildDef *children;
    void (*init)(Object *obj);      /* base first, then derived */
    void (*fini)(Object *obj);      /* derived first, then base */
};

struct Object {
    const ObjType *type;
    Object *parent;
    char *name;
    GPtrArray *children;
};

/* From a pointer to an embedded base back to the whole; both types are checked. */
#define CONTAINER(ptr, T, m) ((T *)((char *)(1 ? (ptr) : &((T *)0)->m) - offsetof(T, m)))

SET_DECLARE(types, ObjType);
#define TYPE_REGISTER(t) SET_ADD(types, ObjType, t, &(t))

const ObjType *type_find(const char *name);
bool type_is_a(const ObjType *type, const ObjType *ancestor);
/* Own and inherited properties and children, sorted by name; needs no instance. */
void type_visit_props(const ObjType *type,
                      void (*visit)(const Field *prop, const ChildDef *child, void *opaque),
                      void *opaque);

Object *object_new(const ObjType *type, Object *parent, const char *name);
void object_free(Object *obj);
Object *object_resolve(Object *root, const char *path, GError **errp);
Json *object_prop_get(Object *obj, const char *name, GError **errp);
bool object_prop_set(Object *obj, const char *name, const Json *value, GError **errp);

#endif
