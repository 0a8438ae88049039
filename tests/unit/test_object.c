/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types, the object tree, properties, devices and buses with made-up types. */
#include <string.h>

#include "hw/core/vm.h"
#include "util/err.h"

static GString *trace;

/* ---- A small family: toy -> loud-toy, with a part, on a bus with two places. */

typedef struct Toy {
    Device dev;
    uint32_t size;
    bool shiny;
    char *label;
    Irq out;
} Toy;

typedef struct LoudToy {
    Toy toy;
    uint32_t volume;
    Device part;
    Bus *shelf;
    bool fail;
} LoudToy;

static const BusType toy_bus = {
    .type = { .name = "TOYBOX", .parent = &bus_base.type, .size = sizeof(Bus) },
    .max_devices = 2,
};
BUS_REGISTER(toy_bus);

static bool toy_realize(Device *dev, GError **errp)
{
    (void)dev;
    (void)errp;
    g_string_append(trace, "toy+ ");
    return true;
}

static void toy_unrealize(Device *dev)
{
    (void)dev;
    g_string_append(trace, "toy- ");
}

static void toy_reset(Device *dev, ResetKind kind)
{
    (void)dev;
    g_string_append(trace, kind == RESET_COLD ? "toy! " : "toy~ ");
}

static void toy_fini(Object *obj)
{
    (void)obj;
    g_string_append(trace, "toy. ");
}

static const Field toy_props[] = {
    FIELD_U32("size", Toy, size, 3),
    FIELD_BOOL("shiny", Toy, shiny, true, .flags = FIELD_LIVE),
    FIELD_STR("label", Toy, label, "none"),
    { 0 },
};

static bool toy_changed(Object *obj, const Field *prop, GError **errp)
{
    g_string_append_printf(trace, "%s=%d ", prop->name, ((Toy *)obj)->shiny);
    return ((Toy *)obj)->size != 13 || err_fail(errp, "not today");
}

static const DeviceType toy = {
    .type = { .name = "toy",
              .parent = &device_base.type,
              .size = sizeof(Toy),
              .props = toy_props,
              .user_creatable = true,
              .fini = toy_fini,
              .changed = toy_changed },
    .bus = &toy_bus,
    .hotpluggable = true,
    .realize = toy_realize,
    .unrealize = toy_unrealize,
    .reset = toy_reset,
};
DEVICE_REGISTER(toy);

static const DeviceType toy_part = {
    .type = { .name = "toy-part", .parent = &device_base.type, .size = sizeof(Device) },
};
DEVICE_REGISTER(toy_part);

static bool loud_realize(Device *dev, GError **errp)
{
    LoudToy *l = (LoudToy *)dev;

    g_string_append(trace, "loud+ ");
    if (l->fail) {
        return err_fail(errp, "broken");
    }
    l->shelf = bus_new(&toy_bus, dev, NULL);
    return device_realize(&l->part, NULL, errp);
}

static void loud_unrealize(Device *dev)
{
    (void)dev;
    g_string_append(trace, "loud- ");
}

static void loud_reset(Device *dev, ResetKind kind)
{
    (void)dev;
    (void)kind;
    g_string_append(trace, "loud! ");
}

static void loud_fini(Object *obj)
{
    (void)obj;
    g_string_append(trace, "loud. ");
}

static const Field loud_props[] = {
    FIELD_U32("volume", LoudToy, volume, 11),
    FIELD_BOOL("fail", LoudToy, fail, false),
    FIELD_U32("size", LoudToy, toy.size, 5),
    { 0 },
};
static const ChildDef loud_parts[] = {
    { "part", &toy_part.type, offsetof(LoudToy, part) },
    { 0 },
};

static const DeviceType loud_toy = {
    .type = { .name = "loud-toy",
              .parent = &toy.type,
              .size = sizeof(LoudToy),
              .props = loud_props,
              .children = loud_parts,
              .user_creatable = true,
              .fini = loud_fini },
    .realize = loud_realize,
    .unrealize = loud_unrealize,
    .reset = loud_reset,
    .hotpluggable = true,
};
DEVICE_REGISTER(loud_toy);

static const DeviceAlias noisy = { "noisy-toy", "loud-toy" };
DEVICE_ALIAS_REGISTER(noisy);

/* ---- */

typedef struct Fix {
    Vm *vm;
    Bus *box;
} Fix;

static void setup(Fix *f, gconstpointer data)
{
    (void)data;
    trace = g_string_new(NULL);
    f->vm = vm_new();
    vm_lock(f->vm);
    f->box = bus_new_root(&toy_bus, f->vm, NULL);
}

static void teardown(Fix *f, gconstpointer data)
{
    (void)data;
    vm_unlock(f->vm);
    vm_free(f->vm);
    g_string_free(trace, TRUE);
}

static void expect_trace(const char *text)
{
    g_assert_cmpstr(trace->str, ==, text);
    g_string_truncate(trace, 0);
}

static Device *make(Fix *f, const char *json, const char *error)
{
    g_autoptr(Json) opts = json_parse(json, NULL);
    g_autoptr(GError) err = NULL;
    Device *dev = device_create_from_json(f->vm, opts, &err);

    g_assert_true((dev != NULL) == (err == NULL));
    if (error != NULL) {
        g_autofree char *text = err != NULL ? err_text(err) : NULL;

        g_assert_cmpstr(text, ==, error);
    } else {
        g_assert_no_error(err);
    }
    return dev;
}

static void test_types_are_found(Fix *f, gconstpointer data)
{
    (void)f;
    (void)data;
    g_assert_true(type_find("toy") == &toy.type);
    g_assert_null(type_find("nothing"));
    g_assert_true(type_is_a(&loud_toy.type, &toy.type));
    g_assert_false(type_is_a(&toy.type, &loud_toy.type));
    g_assert_true(device_type_find("noisy-toy") == &loud_toy);
    g_assert_null(device_type_find("TOYBOX"));
    g_assert_cmpstr(type_nearest("lou-toy", &device_base.type), ==, "loud-toy");
    g_assert_true(device_type_bus(&loud_toy) == &toy_bus);
}

static void add_row(const Field *prop, const ChildDef *child, void *opaque)
{
    g_string_append_printf(opaque, "%s%s ", prop != NULL ? prop->name : child->name,
                           prop != NULL ? "" : "*");
}

static void test_rows_are_walked_without_instance(Fix *f, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);

    (void)f;
    (void)data;
    type_visit_props(&loud_toy.type, add_row, out);
    g_assert_cmpstr(out->str, ==, "fail label part* shiny size volume ");
}

static void test_order_of_levels(Fix *f, gconstpointer data)
{
    Device *dev = make(f, "{'driver': 'noisy-toy', 'id': 'n'}", NULL);

    (void)data;
    expect_trace("toy+ loud+ ");
    g_assert_true(((LoudToy *)dev)->part.realized);
    make(f, "{'driver': 'toy', 'bus': 'n.0'}", NULL);
    expect_trace("toy+ ");
    vm_reset(f->vm, RESET_COLD);
    expect_trace("toy! toy! loud! ");
    device_unrealize(dev);
    expect_trace("toy- toy. loud- toy- ");
    object_free(&dev->obj);
    expect_trace("loud. toy. ");
}

static void test_defaults_compat_globals_user(Fix *f, gconstpointer data)
{
    static const GlobalProp compat[] = {
        { .driver = "toy", .property = "size", .value = "20" },
        { .driver = "toy", .property = "gone", .value = "1", .optional = true },
        { .driver = "loud-toy", .property = "volume", .value = "21" },
    };
    LoudToy *l;

    (void)data;
    l = (LoudToy *)make(f, "{'driver': 'loud-toy'}", NULL);
    g_assert_cmpuint(l->toy.size, ==, 5);
    g_assert_cmpuint(l->volume, ==, 11);
    g_assert_cmpstr(l->toy.label, ==, "none");
    vm_add_compat(f->vm, compat, 3);
    vm_add_global(f->vm, "loud-toy", "volume", "22");
    l = (LoudToy *)make(f, "{'driver': 'loud-toy', 'label': 'x', 'shiny': 'off'}", NULL);
    g_assert_cmpuint(l->toy.size, ==, 20);
    g_assert_cmpuint(l->volume, ==, 22);
    g_assert_cmpstr(l->toy.label, ==, "x");
    g_assert_false(l->toy.shiny);
}

static void test_places_in_tree(Fix *f, gconstpointer data)
{
    Device *a = make(f, "{'driver': 'toy', 'id': 'mine'}", NULL);
    Device *b = make(f, "{'driver': 'toy'}", NULL);
    Bus *more = bus_new_root(&toy_bus, f->vm, "more");
    Device *c = device_create(&toy, f->vm, more, NULL);
    g_autofree char *pa = object_path(&a->obj), *pb = object_path(&b->obj),
                    *pc = object_path(&c->obj);

    (void)data;
    g_assert_cmpstr(pa, ==, "/machine/peripheral/mine");
    g_assert_cmpstr(pb, ==, "/machine/peripheral-anon/device[0]");
    g_assert_cmpstr(pc, ==, "/machine/unattached/device[0]");
    g_assert_true(object_resolve(&f->vm->root, pb, NULL) == &b->obj);
    g_assert_true(object_resolve(&f->vm->root, "mine", NULL) == &a->obj);
    g_assert_null(object_resolve(&f->vm->root, "device[0]", NULL));
    g_assert_null(object_resolve(&f->vm->root, "", NULL));
    g_assert_true(device_find(f->vm, "mine", NULL) == a);
    g_assert_null(device_find(f->vm, "yours", NULL));
}

static void test_what_users_get_wrong(Fix *f, gconstpointer data)
{
    (void)data;
    make(f, "{}", "Parameter 'driver' is missing");
    make(f, "{'driver': 'ty'}", "'ty' is not a valid device model name");
    make(f, "{'driver': 'device'}", "Parameter 'driver' expects a non-abstract device type");
    make(f, "{'driver': 'toy-part'}", "Parameter 'driver' expects a pluggable device type");
    make(f, "{'driver': 'toy', 'siz': '1'}", "Property 'toy.siz' not found");
    make(f, "{'driver': 'toy', 'bus': 'nope'}", "Bus 'nope' not found");
    make(f, "{'driver': 'toy', 'bus': 'main-system-bus'}", "Device 'toy' can't go on System bus");
    make(f, "{'driver': 'loud-toy', 'fail': 'on'}", "broken");
    make(f, "{'driver': 'toy', 'id': 'a'}", NULL);
    make(f, "{'driver': 'toy', 'id': 'a'}", "Duplicate device ID 'a'");
    make(f, "{'driver': 'toy'}", NULL);
    make(f, "{'driver': 'toy', 'bus': 'toybox.0'}", "Bus 'toybox.0' is full");
    make(f, "{'driver': 'toy'}", "No 'TOYBOX' bus found for device 'toy'");
}

static void test_failed_realize_undoes_levels(Fix *f, gconstpointer data)
{
    (void)data;
    make(f, "{'driver': 'loud-toy', 'id': 'l', 'fail': 'on'}", "broken");
    expect_trace("toy+ loud+ toy- loud. toy. ");
    g_assert_cmpuint(f->box->devices->len, ==, 0);
    g_assert_null(object_child(f->vm->peripheral, "l"));
    g_assert_cmpuint(f->vm->buses->len, ==, 2);
}

static void test_only_live_rows_change_after_realize(Fix *f, gconstpointer data)
{
    Device *dev = make(f, "{'driver': 'toy', 'id': 't', 'size': '4'}", NULL);
    Toy *t = (Toy *)dev;

    (void)data;
    expect_trace("toy+ ");
    g_assert_false(object_prop_set_text(&dev->obj, "size", "9", NULL));
    g_assert_cmpuint(t->size, ==, 4);
    g_assert_true(object_prop_set_text(&dev->obj, "shiny", "off", NULL));
    expect_trace("shiny=0 ");
    t->size = 13;
    g_assert_false(object_prop_set_text(&dev->obj, "shiny", "on", NULL));
    g_assert_false(t->shiny);
}

static void test_values_as_json(Fix *f, gconstpointer data)
{
    Device *dev = make(f, "{'driver': 'toy', 'id': 't'}", NULL);
    g_autoptr(Json) size = object_prop_get(&dev->obj, "size", NULL);
    g_autoptr(Json) type = object_prop_get(&dev->obj, "type", NULL);
    g_autoptr(Json) none = object_prop_get(&dev->obj, "nope", NULL);

    (void)data;
    g_assert_cmpint(json_get_int(NULL, "x", 7), ==, 7);
    g_assert_true(json_is(size, JSON_INT));
    g_assert_cmpstr(json_str_value(type), ==, "toy");
    g_assert_null(none);
}

static void test_hotplug_asks_the_bus(Fix *f, gconstpointer data)
{
    Device *dev;

    (void)data;
    f->vm->machine_ready = true;
    make(f, "{'driver': 'toy'}", "Bus 'toybox.0' does not support hotplugging");
    f->box->hotplug = true;
    dev = make(f, "{'driver': 'toy', 'id': 'hot'}", NULL);
    g_assert_true(dev->hotplugged);
    expect_trace("toy+ toy! ");
    g_assert_true(device_unplug(dev, NULL));
    expect_trace("toy- toy. ");
    g_assert_null(device_find(f->vm, "hot", NULL));
}

static void count(void *opaque, unsigned pin, int level)
{
    ((int *)opaque)[pin] += level ? 1 : -100;
}

static void test_lines_and_reset(Fix *f, gconstpointer data)
{
    int levels[3] = { 0 };
    Device *src = make(f, "{'driver': 'toy', 'id': 'src'}", NULL);
    Device *dst = make(f, "{'driver': 'toy', 'id': 'dst'}", NULL);

    (void)data;
    device_init_gpio_in(dst, NULL, count, levels, 1);
    device_init_gpio_in(dst, NULL, count, levels, 2);
    device_init_gpio_out(src, NULL, &((Toy *)src)->out, 1);
    device_connect(src, NULL, 0, device_gpio_in(dst, NULL, 2));
    irq_raise(((Toy *)src)->out);
    g_assert_cmpint(levels[2], ==, 1);
    g_assert_false(irq_connected(device_gpio_in(dst, NULL, 3)));
    g_assert_false(irq_connected(device_gpio_in(dst, "named", 0)));
    vm_reset(f->vm, RESET_WARM);
    g_assert_cmpint(levels[2], ==, -99);
    expect_trace("toy+ toy+ toy~ toy~ ");
}

static void test_qtree_is_printed(Fix *f, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);

    (void)data;
    device_print_qtree(f->vm, out);
    g_assert_cmpstr(out->str, ==, "bus: main-system-bus\n  type System\n");
    g_string_truncate(out, 0);
    make(f, "{'driver': 'toy', 'id': 'b'}", NULL);
    make(f, "{'driver': 'toy', 'id': 'a'}", NULL);
    object_print_tree(f->vm, f->vm->peripheral, out, 0);
    g_assert_cmpstr(out->str, ==, "/peripheral (container)\n  /a (toy)\n  /b (toy)\n");
}

#define CASE(fn) g_test_add("/object/" #fn, Fix, NULL, setup, test_##fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(types_are_found);
    CASE(rows_are_walked_without_instance);
    CASE(order_of_levels);
    CASE(defaults_compat_globals_user);
    CASE(places_in_tree);
    CASE(what_users_get_wrong);
    CASE(failed_realize_undoes_levels);
    CASE(only_live_rows_change_after_realize);
    CASE(values_as_json);
    CASE(hotplug_asks_the_bus);
    CASE(lines_and_reset);
    CASE(qtree_is_printed);
    return g_test_run();
}
