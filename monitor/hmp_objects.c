/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on the tree of objects and on chardevs. */
#include <string.h>
#include "hw/core/vm.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "system/help.h"
#include "system/chardev/char.h"
#include "system/chardev/ringbuf.h"
#include "util/err.h"
#include "util/keyval.h"

static Object *find_object(Hmp *hmp, const Json *args)
{
    GError *err = NULL;
    const char *path = json_get_str(args, "path");
    Object *obj = object_resolve(&hmp_vm(hmp)->root, path, NULL);

    if (obj == NULL) {
        err_fail(&err, "Device '%s' not found", path);
        hmp_report(hmp, err);
    }
    return obj;
}

static void list_prop(const Field *prop, const ChildDef *child, void *opaque)
{
    if (prop != NULL) {
        hmp_printf(opaque, "%s (%s)\n", prop->name, field_type_name(prop));
    }
}

static void cmd_qom_list(Hmp *hmp, const Json *args)
{
    Object *obj;

    if (!json_has(args, "path")) {
        hmp_puts(hmp, "/\n");
        return;
    }
    obj = find_object(hmp, args);
    if (obj == NULL) {
        return;
    }
    hmp_puts(hmp, "type (string)\n");
    type_visit_props(obj->type, list_prop, hmp);
    for (unsigned i = 0; obj->children != NULL && i < obj->children->len; i++) {
        const Object *child = g_ptr_array_index(obj->children, i);

        hmp_printf(hmp, "%s (child<%s>)\n", child->name, child->type->name);
    }
}

static void cmd_qom_get(Hmp *hmp, const Json *args)
{
    const char *name = json_get_str(args, "property");
    Object *obj = find_object(hmp, args);
    g_autofree char *text = NULL;
    g_autoptr(Json) value = NULL;
    GError *err = NULL;

    if (obj == NULL) {
        return;
    }
    value =
        strcmp(name, "type") == 0 ? json_str(obj->type->name) : object_prop_get(obj, name, &err);
    if (value == NULL) {
        hmp_report(hmp, err);
        return;
    }
    text = json_print(value, true);
    hmp_printf(hmp, "%s\n", text);
}

static void cmd_qom_set(Hmp *hmp, const Json *args)
{
    Object *obj = find_object(hmp, args);
    const char *text = json_get_str(args, "value");
    GError *err = NULL;

    if (obj == NULL) {
        return;
    }
    if (json_get_bool(args, "json", false)) {
        g_autoptr(Json) value = json_parse(text, &err);

        if (value != NULL) {
            object_prop_set(obj, json_get_str(args, "property"), value, &err);
        }
    } else {
        object_prop_set_text(obj, json_get_str(args, "property"), text, &err);
    }
    hmp_report(hmp, err);
}

static void info_qom_tree(Hmp *hmp, const Json *args)
{
    GString *out = g_string_new(NULL);
    Object *obj = hmp_vm(hmp)->machine;

    if (json_has(args, "path")) {
        obj = object_resolve(&hmp_vm(hmp)->root, json_get_str(args, "path"), NULL);
    }
    if (obj == NULL) {
        g_string_append_printf(out, "Path '%s' could not be resolved.\n",
                               json_get_str(args, "path"));
    } else {
        object_print_tree(hmp_vm(hmp), obj, out, 0);
    }
    hmp_puts(hmp, out->str);
    g_string_free(out, true);
}

static void complete_tree_node(Object *obj, const char *path, GPtrArray *out)
{
    for (unsigned i = 0; obj->children != NULL && i < obj->children->len; i++) {
        const Object *child = g_ptr_array_index(obj->children, i);

        g_ptr_array_add(out, g_strdup_printf("%s/%s", path, child->name));
    }
}

static void complete_path(Hmp *hmp, const char *word, GPtrArray *out)
{
    const char *slash = strrchr(word, '/');
    g_autofree char *dir = slash != NULL ? g_strndup(word, slash - word) : g_strdup("");
    Object *obj =
        dir[0] != '\0' ? object_resolve(&hmp_vm(hmp)->root, dir, NULL) : &hmp_vm(hmp)->root;

    if (obj != NULL) {
        complete_tree_node(obj, dir, out);
    }
}

static void add_prop_name(const Field *prop, const ChildDef *child, void *opaque)
{
    if (prop != NULL) {
        g_ptr_array_add(opaque, g_strdup(prop->name));
    }
}

/* A path, then the name of one of its properties. */
static void complete_path_prop(Hmp *hmp, const char *word, GPtrArray *out)
{
    const char *path = hmp_complete_word(hmp, 0);
    Object *obj = path != NULL ? object_resolve(&hmp_vm(hmp)->root, path, NULL) : NULL;

    if (path == NULL) {
        complete_path(hmp, word, out);
    } else if (obj != NULL && hmp_complete_index(hmp) == 1) {
        type_visit_props(obj->type, add_prop_name, out);
    }
}

/* ---- Chardevs */

static void cmd_chardev_add(Hmp *hmp, const Json *args)
{
    GError *err = NULL;
    bool help = false;
    g_autoptr(Json) opts =
        keyval_parse(json_get_str(args, "args"), "backend", KEYVAL_QUIET, &help, &err);

    if (help) {
        g_autoptr(GString) out = g_string_new(NULL);

        help_chardev_text(out);
        hmp_puts(hmp, out->str);
    } else if (opts != NULL) {
        char_open_opts(opts, &err);
    }
    hmp_report(hmp, err);
}

static Char *find_char(Hmp *hmp, const Json *args)
{
    const char *id = json_get_str(args, "id");
    Char *c = char_find(id);

    if (c == NULL) {
        hmp_printf(hmp, "Error: Chardev '%s' not found\n", id);
    }
    return c;
}

static void cmd_chardev_remove(Hmp *hmp, const Json *args)
{
    Char *c = find_char(hmp, args);
    GError *err = NULL;

    if (c != NULL && !char_close(c, &err)) {
        hmp_report(hmp, err);
    }
}

static void cmd_chardev_change(Hmp *hmp, const Json *args)
{
    const char *id = json_get_str(args, "id");
    Char *c = char_find(id);
    GError *err = NULL;
    g_autoptr(Json) opts = NULL;

    if (c == NULL) {
        hmp_printf(hmp, "Error: Chardev '%s' does not exist\n", id);
        return;
    }
    opts = keyval_parse(json_get_str(args, "args"), "backend", KEYVAL_QUIET, NULL, &err);
    if (opts != NULL) {
        json_set_str(opts, "id", id);
        char_replace(c, opts, &err);
    }
    hmp_report(hmp, err);
}

static void cmd_chardev_send_break(Hmp *hmp, const Json *args)
{
    Char *c = find_char(hmp, args);

    if (c != NULL) {
        char_send_break(c);
    }
}

static void cmd_ringbuf_read(Hmp *hmp, const Json *args)
{
    Char *c = char_find(json_get_str(args, "device"));
    g_autoptr(GByteArray) data = NULL;
    GError *err = NULL;

    if (c == NULL) {
        hmp_printf(hmp, "Error: Device '%s' not found\n", json_get_str(args, "device"));
        return;
    }
    data = ringbuf_read(c, json_get_uint(args, "size", 0), &err);
    if (data == NULL) {
        hmp_report(hmp, err);
        return;
    }
    for (unsigned i = 0; i < data->len; i++) {
        uint8_t b = data->data[i];

        if (b == '\\') {
            hmp_puts(hmp, "\\\\");
        } else if ((b < 32 && b != '\n' && b != '\t') || b == 127) {
            hmp_printf(hmp, "\\u%04X", b);
        } else {
            hmp_printf(hmp, "%c", b);
        }
    }
    hmp_puts(hmp, "\n");
}

static void cmd_ringbuf_write(Hmp *hmp, const Json *args)
{
    Char *c = char_find(json_get_str(args, "device"));
    const char *text = json_get_str(args, "data");
    GError *err = NULL;

    if (c == NULL) {
        hmp_printf(hmp, "Error: Device '%s' not found\n", json_get_str(args, "device"));
        return;
    }
    ringbuf_write(c, (const uint8_t *)text, strlen(text), &err);
    hmp_report(hmp, err);
}

static void complete_char(Char *c, void *opaque)
{
    g_ptr_array_add(opaque, g_strdup(char_id(c)));
}

static void complete_chars(Hmp *hmp, const char *word, GPtrArray *out)
{
    if (hmp_complete_index(hmp) == 0) {
        char_visit(complete_char, out);
    }
}

static void complete_backend(const char *word, GPtrArray *out)
{
    g_autofree char *name = g_strndup(word, strcspn(word, ","));
    const CharBackend *be = strchr(word, ',') != NULL ? char_backend_find(name) : NULL;

    if (strchr(word, ',') == NULL) {
        SET_FOREACH(char_backends, CharBackend, it) {
            g_ptr_array_add(out, g_strdup((*it)->name));
        }
        return;
    }
    hmp_complete_list(out, word, "id", "=");
    for (const Field *f = be != NULL ? be->options->fields : NULL; f != NULL && f->name != NULL; f++) {
        hmp_complete_list(out, word, f->name, "=");
    }
}

static void complete_chardev_add(Hmp *hmp, const char *word, GPtrArray *out)
{
    complete_backend(word, out);
}

static void complete_chardev_change(Hmp *hmp, const char *word, GPtrArray *out)
{
    if (hmp_complete_index(hmp) == 0) {
        char_visit(complete_char, out);
    } else {
        complete_backend(word, out);
    }
}

/* ---- Devices that come and go */

static void cmd_device_add(Hmp *hmp, const Json *args)
{
    const char *text = json_get_str(args, "device");
    GError *err = NULL;
    bool help = false;
    g_autoptr(Json) opts = keyval_parse(text != NULL ? text : "", "driver", 0, &help, &err);

    if (help) {
        g_autoptr(GString) out = g_string_new(NULL);

        help_device_text(json_get_str(opts, "driver"), out, &err);
        hmp_puts(hmp, out->str);
    } else if (opts != NULL && !json_has(opts, "driver")) {
        err_fail(&err, "Parameter 'driver' is missing");
    } else if (opts != NULL) {
        device_create_from_json(hmp_vm(hmp), opts, &err);
    }
    hmp_report(hmp, err);
}

static void cmd_device_del(Hmp *hmp, const Json *args)
{
    GError *err = NULL;
    Device *dev = device_find(hmp_vm(hmp), json_get_str(args, "id"), &err);

    if (dev != NULL) {
        device_unplug(dev, &err);
    }
    hmp_report(hmp, err);
}

static void complete_drivers(Hmp *hmp, const char *word, GPtrArray *out)
{
    g_autofree char *driver = g_strndup(word, strcspn(word, ","));
    const DeviceType *d = strchr(word, ',') != NULL ? device_type_find(driver) : NULL;

    if (strchr(word, ',') != NULL) {
        hmp_complete_list(out, word, "id", "=");
        hmp_complete_list(out, word, "bus", "=");
        hmp_complete_props(d != NULL ? &d->type : NULL, word, out);
        return;
    }
    SET_FOREACH (types, ObjType, it) {
        if (!(*it)->abstract && (*it)->user_creatable && type_is_a(*it, &device_base.type)) {
            g_ptr_array_add(out, g_strdup((*it)->name));
        }
    }
}

static void complete_peripherals(Hmp *hmp, const char *word, GPtrArray *out)
{
    const GPtrArray *list = hmp_vm(hmp)->peripheral->children;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        g_ptr_array_add(out, g_strdup(((const Object *)g_ptr_array_index(list, i))->name));
    }
}

static const HmpCommand object_commands[] = {
    { "device_add", "device:S?", "driver[,prop=value][,...]", "plug a device in, as -device does",
      cmd_device_add, complete_drivers },
    { "device_del", "id:s", "device", "unplug a device", cmd_device_del, complete_peripherals },
    { "qom-list", "path:s?", "path", "list the properties of an object", cmd_qom_list,
      complete_path },
    { "qom-get", "path:s,property:s", "path property", "show a property of an object", cmd_qom_get,
      complete_path_prop },
    { "qom-set", "json:-j,path:s,property:s,value:S", "[-j] path property value",
      "change a property of an object (-j: the value is JSON)", cmd_qom_set, complete_path_prop },
    { "info qom-tree", "path:s?", "[path]", "the tree of objects", info_qom_tree, complete_path },
    { "chardev-add", "args:s", "args", "open a chardev, as -chardev does", cmd_chardev_add,
      complete_chardev_add },
    { "chardev-change", "id:s,args:s", "id args", "open a chardev again with other options",
      cmd_chardev_change, complete_chardev_change },
    { "chardev-remove", "id:s", "id", "close a chardev", cmd_chardev_remove, complete_chars },
    { "chardev-send-break", "id:s", "id", "send a break to the user of a chardev",
      cmd_chardev_send_break, complete_chars },
    { "ringbuf_read", "device:s,size:i", "device size", "take bytes out of a ring buffer",
      cmd_ringbuf_read, complete_chars },
    { "ringbuf_write", "device:s,data:s", "device data", "put bytes into a ring buffer",
      cmd_ringbuf_write, complete_chars },
};
HMP_REGISTER(object_commands);
