/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of named things a VM is made of. Types are constants; there is no class object,
 * no run-time class construction and no reference count: the parent owns its children.
 * The tree is touched under the VM lock (or before any second thread exists). */
#ifndef HW_CORE_OBJECT_H
#define HW_CORE_OBJECT_H

#include "util/field.h"
#include "util/set.h"

typedef struct Object Object;
typedef struct ObjType ObjType;

typedef struct ChildDef { /* a part that every instance has, e.g. "serial" in isa-serial */
    const char *name;
    const ObjType *type;
    size_t offset; /* where the part is embedded */
} ChildDef;

struct ObjType {
    const char *name;
    const char *desc;
    const ObjType *parent; /* a pointer, not a name: a missing parent fails at link time */
    size_t size;
    bool abstract;
    bool user_creatable;          /* accepted by -object or -device */
    const Field *props;           /* own properties; those of the parents are walked too */
    const ChildDef *children;     /* ends with { 0 } */
    void (*init)(Object *obj);    /* base first, then derived; defaults are set, parts exist */
    void (*ready)(Object *obj);   /* base first, when all levels' init have run */
    void (*unready)(Object *obj); /* base first, before the children go */
    void (*fini)(Object *obj);    /* derived first, then base */
    /* A FIELD_LIVE property of this type or an ancestor was set after sealing; may refuse (the old
     * value is then put back). Called at every level that has it, base first. */
    bool (*changed)(Object *obj, const Field *prop, GError **errp);
    /* -object and object-add: all properties are set, the object is to work from now on. The nearest
     * ancestor that has one; NULL: nothing to do. */
    bool (*complete)(Object *obj, GError **errp);
    /* object-del: somebody uses it? NULL: nobody ever does. */
    bool (*in_use)(const Object *obj);
};

struct Object {
    const ObjType *type;
    Object *parent;
    char *name;
    GPtrArray *children; /* of Object *, in order of creation; NULL when none */
    bool embedded;       /* memory belongs to another object */
    bool sealed;         /* realized: only FIELD_LIVE properties may still be set */
};

/* From a pointer to an embedded base back to the whole; both types are checked. */
#define CONTAINER(ptr, T, m) ((T *)((char *)(1 ? (ptr) : &((T *)0)->m) - offsetof(T, m)))

SET_DECLARE(types, ObjType);
#define TYPE_REGISTER(t) SET_ADD(types, ObjType, t, &(t))

extern const ObjType object_base;    /* "object"; the parent chain of most types ends here */
extern const ObjType container_type; /* "container": a folder */

const ObjType *type_find(const char *name); /* NULL when there is none */
bool type_is_a(const ObjType *type, const ObjType *ancestor);
/* The registered non-abstract-or-any name nearest to a misspelt one among the descendants of
 * ancestor (NULL: all); NULL when none is near. */
const char *type_nearest(const char *name, const ObjType *ancestor);
/* Own and inherited properties and children, sorted by name; needs no instance. A derived row hides
 * an inherited one of the same name. */
void type_visit_props(const ObjType *type,
                      void (*visit)(const Field *prop, const ChildDef *child, void *opaque),
                      void *opaque);
const Field *type_prop(const ObjType *type, const char *name); /* own or inherited; NULL */

/* Defaults are set, init run, parts made. parent NULL: the caller owns it until object_add(). */
Object *object_new(const ObjType *type, Object *parent, const char *name);
/* The same in memory that the caller owns (zeroed, type->size bytes): object_free() will not free
 * it. */
void object_init(Object *obj, const ObjType *type, Object *parent, const char *name);
/* Gives obj to parent. A name ending in "[*]" gets the lowest free number. False: the name is
 * taken. */
bool object_add(Object *parent, Object *obj, const char *name, GError **errp);
/* Takes it out of its parent again; the caller owns it. */
void object_detach(Object *obj);
/* Children last to first, then fini, properties, memory. NULL is fine. */
void object_free(Object *obj);
Object *object_child(const Object *obj, const char *name);
/* Absolute ("/machine/peripheral/n0") or any unique tail of a path ("n0"). */
Object *object_resolve(Object *root, const char *path, GError **errp);
char *object_path(const Object *obj); /* absolute; freed by the caller */
Json *object_prop_get(Object *obj, const char *name, GError **errp);
bool object_prop_set(Object *obj, const char *name, const Json *value, GError **errp);
bool object_prop_set_text(Object *obj, const char *name, const char *text, GError **errp);
/* parents first; false stops */
bool object_walk(Object *obj, bool (*fn)(Object *obj, void *opaque), void *opaque);

#endif
