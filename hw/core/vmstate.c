/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads the rows of a VmState: fields in order, big endian, then the subsections that
 * are needed, each introduced by a type byte, its name and version. The reader trusts nothing. */
#include "hw/core/vmstate.h"

#include <string.h>

#include "util/err.h"
#include "util/timer.h"

enum { SECTION_FULL = 0x04, SUBSECTION = 0x05, SECTION_FOOTER = 0x7e, DEPTH_MAX = 32 };

/* ---- Bytes */

void vm_put_buf(VmWriter *w, const void *buf, size_t n)
{
    g_byte_array_append(w->out, buf, (guint)n);
}

void vm_put_u8(VmWriter *w, uint8_t v)
{
    vm_put_buf(w, &v, 1);
}

void vm_put_u16(VmWriter *w, uint16_t v)
{
    v = GUINT16_TO_BE(v);
    vm_put_buf(w, &v, 2);
}

void vm_put_u32(VmWriter *w, uint32_t v)
{
    v = GUINT32_TO_BE(v);
    vm_put_buf(w, &v, 4);
}

void vm_put_u64(VmWriter *w, uint64_t v)
{
    v = GUINT64_TO_BE(v);
    vm_put_buf(w, &v, 8);
}

bool vm_get_buf(VmReader *r, void *buf, size_t n)
{
    if (r->failed || r->size - r->pos < n) {
        r->failed = true;
        memset(buf, 0, n);
        return false;
    }
    memcpy(buf, r->data + r->pos, n);
    r->pos += n;
    return true;
}

uint8_t vm_get_u8(VmReader *r)
{
    uint8_t v;

    vm_get_buf(r, &v, 1);
    return v;
}

uint16_t vm_get_u16(VmReader *r)
{
    uint16_t v;

    vm_get_buf(r, &v, 2);
    return GUINT16_FROM_BE(v);
}

uint32_t vm_get_u32(VmReader *r)
{
    uint32_t v;

    vm_get_buf(r, &v, 4);
    return GUINT32_FROM_BE(v);
}

uint64_t vm_get_u64(VmReader *r)
{
    uint64_t v;

    vm_get_buf(r, &v, 8);
    return GUINT64_FROM_BE(v);
}

/* ---- What both directions ask of a row */

static bool row_present(const VmField *f, const void *obj, int version)
{
    return f->since <= version && (f->exists == NULL || f->exists(obj, version));
}

static uint64_t stored_count(const VmField *f, const void *obj)
{
    const char *p = (const char *)obj + f->count_offset;

    switch (f->count_size) {
    case 1: return *(const uint8_t *)p;
    case 2: return *(const uint16_t *)p;
    case 4: return *(const uint32_t *)p;
    case 8: return *(const uint64_t *)p;
    default: return f->count;
    }
}

static char *row_base(const VmField *f, void *obj)
{
    char *p = (char *)obj + f->offset;

    return f->flags & VM_POINTER ? *(char **)p : p;
}

static void *row_elem(const VmField *f, char *base, uint64_t i)
{
    if (f->flags & VM_ARRAY_OF_POINTERS) {
        return ((void **)base)[i];
    }
    return base + i * f->elem_size;
}

static uint64_t load_native(const void *p, unsigned size)
{
    switch (size) {
    case 1: return *(const uint8_t *)p;
    case 2: return *(const uint16_t *)p;
    case 4: return *(const uint32_t *)p;
    default: return *(const uint64_t *)p;
    }
}

/* ---- Saving */

static void save_elem(VmWriter *w, const VmField *f, void *p)
{
    static const uint8_t zeros[64];

    switch (f->kind) {
    case VM_BOOL: vm_put_u8(w, *(const bool *)p); break;
    case VM_U8: vm_put_u8(w, *(const uint8_t *)p); break;
    case VM_U16: vm_put_u16(w, *(const uint16_t *)p); break;
    case VM_U32: vm_put_u32(w, *(const uint32_t *)p); break;
    case VM_U64: vm_put_u64(w, *(const uint64_t *)p); break;
    case VM_BUF: vm_put_buf(w, p, f->elem_size); break;
    case VM_STRUCT: vmstate_save(w, f->sub, p); break;
    case VM_TIMER: {
        const Timer *t = *(Timer *const *)p;

        vm_put_u64(w, t != NULL && timer_pending(t) ? (uint64_t)timer_expiry(t) : UINT64_MAX);
        break;
    }
    case VM_EQUAL:
        for (unsigned i = f->elem_size; i-- > 0;) {
            vm_put_u8(w, (uint8_t)(load_native(p, f->elem_size) >> (i * 8)));
        }
        break;
    case VM_UNUSED:
        for (uint32_t left = f->elem_size; left > 0;) {
            uint32_t n = MIN(left, sizeof(zeros));

            vm_put_buf(w, zeros, n);
            left -= n;
        }
        break;
    case VM_CUSTOM: f->ops->save(w, f, p); break;
    case VM_END: break;
    }
}

static void save_sections(VmWriter *w, const VmState *vs, void *obj)
{
    for (const VmState *const *s = vs->sections; s != NULL && *s != NULL; s++) {
        size_t len = strlen((*s)->name);

        if ((*s)->needed != NULL && !(*s)->needed(obj)) {
            continue;
        }
        g_assert(len < 256);
        vm_put_u8(w, SUBSECTION);
        vm_put_u8(w, (uint8_t)len);
        vm_put_buf(w, (*s)->name, len);
        vm_put_u32(w, (uint32_t)(*s)->version);
        vmstate_save(w, *s, obj);
    }
}

void vmstate_save(VmWriter *w, const VmState *vs, void *obj)
{
    if (vs->pre_save != NULL) {
        vs->pre_save(obj);
    }
    for (const VmField *f = vs->fields; f != NULL && f->kind != VM_END; f++) {
        uint64_t n;
        char *base;

        if (!row_present(f, obj, vs->version)) {
            continue;
        }
        n = stored_count(f, obj);
        base = row_base(f, obj);
        g_assert(n <= f->count);
        for (uint64_t i = 0; i < n; i++) {
            save_elem(w, f, row_elem(f, base, i));
        }
    }
    save_sections(w, vs, obj);
}

/* ---- Loading */

static bool load_one(VmReader *r, const VmState *vs, void *obj, int version, unsigned depth,
                     GError **errp);

static bool load_equal(VmReader *r, const VmField *f, const void *p, GError **errp)
{
    uint64_t v = 0, have = load_native(p, f->elem_size);

    for (unsigned i = 0; i < f->elem_size; i++) {
        v = v << 8 | vm_get_u8(r);
    }
    if (!r->failed && v != have) {
        return err_fail(
            errp, "%s is 0x%" G_GINT64_MODIFIER "x in the stream, 0x%" G_GINT64_MODIFIER "x here",
            f->name, v, have);
    }
    return true;
}

static void load_timer(VmReader *r, Timer *t)
{
    uint64_t when = vm_get_u64(r);

    if (t == NULL || r->failed) {
        return;
    }
    if (when == UINT64_MAX || when > INT64_MAX) {
        timer_cancel(t);
    } else {
        timer_set(t, (int64_t)when);
    }
}

static bool load_elem(VmReader *r, const VmField *f, void *p, unsigned depth, GError **errp)
{
    switch (f->kind) {
    case VM_BOOL: *(bool *)p = vm_get_u8(r) != 0; break;
    case VM_U8: *(uint8_t *)p = vm_get_u8(r); break;
    case VM_U16: *(uint16_t *)p = vm_get_u16(r); break;
    case VM_U32: *(uint32_t *)p = vm_get_u32(r); break;
    case VM_U64: *(uint64_t *)p = vm_get_u64(r); break;
    case VM_BUF: vm_get_buf(r, p, f->elem_size); break;
    case VM_STRUCT: return load_one(r, f->sub, p, f->sub->version, depth + 1, errp);
    case VM_TIMER: load_timer(r, *(Timer **)p); break;
    case VM_EQUAL: return load_equal(r, f, p, errp);
    case VM_UNUSED:
        for (uint32_t i = 0; i < f->elem_size && !r->failed; i++) {
            vm_get_u8(r);
        }
        break;
    case VM_CUSTOM: return f->ops->load(r, f, p, errp);
    case VM_END: break;
    }
    return true;
}

static bool load_row(VmReader *r, const VmState *vs, const VmField *f, void *obj, unsigned depth,
                     GError **errp)
{
    uint64_t n = stored_count(f, obj);
    char *base;

    if (n > f->count) {
        return err_fail(errp, "%s/%s: %" G_GINT64_MODIFIER "u elements, at most %u", vs->name,
                        f->name, n, f->count);
    }
    if (f->flags & VM_ALLOC) {
        char **member = (char **)((char *)obj + f->offset);

        if (r->size - r->pos < n) { /* each takes a byte at least */
            return err_fail(errp, "%s/%s: the stream ends too early", vs->name, f->name);
        }
        g_free(*member);
        *member = g_malloc0_n(n, f->elem_size);
    }
    base = row_base(f, obj);
    for (uint64_t i = 0; i < n; i++) {
        if (!load_elem(r, f, row_elem(f, base, i), depth, errp)) {
            g_prefix_error(errp, "%s: ", vs->name);
            return false;
        }
        if (r->failed) {
            return err_fail(errp, "%s/%s: the stream ends too early", vs->name, f->name);
        }
    }
    return true;
}

static const VmState *find_section(const VmState *vs, const char *name)
{
    for (const VmState *const *s = vs->sections; s != NULL && *s != NULL; s++) {
        if (strcmp((*s)->name, name) == 0) {
            return *s;
        }
    }
    return NULL;
}

static bool printable(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isprint(name[i])) {
            return false;
        }
    }
    return true;
}

/* The subsections of vs: those whose names begin with its own. Others belong to an outer struct. */
static bool load_sections(VmReader *r, const VmState *vs, void *obj, unsigned depth, GError **errp)
{
    while (!r->failed && r->pos < r->size && r->data[r->pos] == SUBSECTION) {
        size_t start = r->pos, own = strlen(vs->name), len;
        char name[256];
        const VmState *s;
        uint32_t version;

        r->pos++;
        len = vm_get_u8(r);
        vm_get_buf(r, name, len);
        name[len] = '\0';
        s = find_section(vs, name);
        if (r->failed || len <= own || strncmp(name, vs->name, own) != 0 ||
            (name[own] != '/' && s == NULL)) { /* data that begins with the same byte */
            r->pos = start;
            r->failed = false;
            return true;
        }
        version = vm_get_u32(r);
        if (r->failed) {
            return err_fail(errp, "%s: the stream ends in the head of a subsection", vs->name);
        }
        if (s == NULL) {
            return err_fail(errp, "%s: subsection '%s' is not known", vs->name,
                            printable(name, len) ? name : "?");
        }
        if (version > INT32_MAX) {
            return err_fail(errp, "%s: malformed version", name);
        }
        if (!load_one(r, s, obj, (int)version, depth + 1, errp)) {
            return false;
        }
    }
    return true;
}

static bool load_one(VmReader *r, const VmState *vs, void *obj, int version, unsigned depth,
                     GError **errp)
{
    g_assert(depth < DEPTH_MAX); /* tables are constant: no stream makes this deeper */
    if (version > vs->version) {
        return err_fail(errp, "%s: incoming version_id %d is too new for local version_id %d",
                        vs->name, version, vs->version);
    }
    if (version < vs->min_version) {
        return err_fail(errp,
                        "%s: incoming version_id %d is too old for local minimum version_id %d",
                        vs->name, version, vs->min_version);
    }
    if (vs->pre_load != NULL && !vs->pre_load(obj, errp)) {
        return false;
    }
    for (const VmField *f = vs->fields; f != NULL && f->kind != VM_END; f++) {
        if (row_present(f, obj, version) && !load_row(r, vs, f, obj, depth, errp)) {
            return false;
        }
    }
    if (!load_sections(r, vs, obj, depth, errp)) {
        return false;
    }
    return vs->post_load == NULL || vs->post_load(obj, version, errp);
}

bool vmstate_load(VmReader *r, const VmState *vs, void *obj, int version, GError **errp)
{
    return load_one(r, vs, obj, version, 0, errp);
}

/* ---- Sections of a stream */

void vmstate_save_section(VmWriter *w, uint32_t section_id, const char *idstr, uint32_t instance,
                          const VmState *vs, void *obj)
{
    size_t len = strlen(idstr);

    g_assert(len < 256);
    vm_put_u8(w, SECTION_FULL);
    vm_put_u32(w, section_id);
    vm_put_u8(w, (uint8_t)len);
    vm_put_buf(w, idstr, len);
    vm_put_u32(w, instance);
    vm_put_u32(w, (uint32_t)vs->version);
    vmstate_save(w, vs, obj);
    vm_put_u8(w, SECTION_FOOTER);
    vm_put_u32(w, section_id);
}

bool vmstate_read_section_head(VmReader *r, VmSection *s, GError **errp)
{
    size_t len;

    memset(s, 0, sizeof(*s));
    s->id = vm_get_u32(r);
    len = vm_get_u8(r);
    vm_get_buf(r, s->idstr, len);
    s->instance = vm_get_u32(r);
    s->version = vm_get_u32(r);
    if (r->failed) {
        return err_fail(errp, "the stream ends in the head of a section");
    }
    if (!printable(s->idstr, len) || s->version > INT32_MAX) {
        return err_fail(errp, "malformed head of a section");
    }
    return true;
}

bool vmstate_read_section_foot(VmReader *r, const VmSection *s, GError **errp)
{
    uint8_t type = vm_get_u8(r);
    uint32_t id = vm_get_u32(r);

    if (r->failed || type != SECTION_FOOTER || id != s->id) {
        return err_fail(errp, "section '%s' does not end where it should", s->idstr);
    }
    return true;
}
