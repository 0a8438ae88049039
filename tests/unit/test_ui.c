/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles, screendumps, routing of keys and pointers. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ui/console.h"
#include "ui/input.h"
#include "util/loop.h"

static void draw(void *opaque)
{
    Console *c = *(Console **)opaque;
    pixman_image_t *im = console_resize(c, 3, 2);
    uint32_t *p = pixman_image_get_data(im);

    p[0] = 0xff0000;
    p[1] = 0x00ff00;
    p[2] = 0x0000ff;
    p[pixman_image_get_stride(im) / 4] = 0x123456;
    console_update(c, -5, -5, 1000, 1000);
}

static GString *seen;

static void view_surface(void *view, pixman_image_t *im)
{
    g_string_append_printf(seen, "s%dx%d ", pixman_image_get_width(im), pixman_image_get_height(im));
}

static void view_update(void *view, int x, int y, int w, int h)
{
    g_string_append_printf(seen, "u%d,%d,%d,%d ", x, y, w, h);
}

static void test_console(void)
{
    static const AdapterOps ops = { .refresh = draw };
    static const DisplayOps display = { .name = "test", .surface = view_surface, .update = view_update };
    Console *c = NULL;
    ConsoleView *v;

    seen = g_string_new(NULL);
    c = console_new(&ops, &c, "vga", 0);
    g_assert_true(console_find("vga", 0) == c && console_find(NULL, 0) == c && console_find("x", 0) == NULL);
    v = console_view_new(c, &display, NULL);
    while (strstr(seen->str, "u") == NULL) {
        loop_step(loop_main(), true);
    }
    g_assert_cmpstr(seen->str, ==, "s640x480 s3x2 u0,0,3,2 ");
    console_view_free(v);
    console_free(c);
    g_assert_cmpuint(console_count(), ==, 0);
    g_string_free(seen, TRUE);
}

static void test_screendump(void)
{
    static const AdapterOps ops = { .refresh = draw };
    static const char want[] = "P6\n3 2\n255\n\xff\0\0\0\xff\0\0\0\xff\x12\x34\x56\0\0\0\0\0\0";
    Console *c = NULL;
    g_autofree char *dir = g_dir_make_tmp("kite-ui-XXXXXX", NULL);
    g_autofree char *ppm = g_build_filename(dir, "a.ppm", NULL), *png = g_build_filename(dir, "a.png", NULL);
    g_autofree char *text = NULL;
    gsize len;
    GError *err = NULL;
    png_image im = { .version = PNG_IMAGE_VERSION };
    uint8_t rgb[18];

    c = console_new(&ops, &c, NULL, 0);
    g_assert_true(console_screendump(c, ppm, NULL, &err));
    g_assert_true(g_file_get_contents(ppm, &text, &len, NULL));
    g_assert_cmpmem(text, len, want, sizeof(want) - 1);
    g_assert_true(console_screendump(c, png, "png", &err));
    g_assert_true(png_image_begin_read_from_file(&im, png));
    im.format = PNG_FORMAT_RGB;
    g_assert_true(png_image_finish_read(&im, NULL, rgb, 0, NULL));
    g_assert_cmpmem(rgb, 18, want + 11, 18);
    g_assert_false(console_screendump(c, "/nonexistent/x.ppm", NULL, &err));
    g_assert_cmpstr(err->message, ==, "failed to open file '/nonexistent/x.ppm': No such file or directory");
    g_clear_error(&err);
    g_assert_false(console_screendump(c, ppm, "gif", &err));
    g_clear_error(&err);
    g_assert_false(console_screendump(NULL, ppm, NULL, &err));
    g_clear_error(&err);
    console_free(c);
    unlink(ppm);
    unlink(png);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

static void note_event(void *opaque, const InputEvent *ev)
{
    if (ev->kind == INPUT_KEY) {
        g_string_append_printf(seen, "%s%c%s ", (const char *)opaque, ev->value ? '+' : '-', qkey_name((QKey)ev->code));
    } else {
        g_string_append_printf(seen, "%s:%d=%d ", (const char *)opaque, ev->code, ev->value);
    }
}

static void note_sync(void *opaque) { g_string_append_printf(seen, "%s. ", (const char *)opaque); }

static void test_input(void)
{
    static const InputHandler kbd = { "QEMU PS/2 Keyboard", INPUT_KEY, note_event, NULL };
    static const InputHandler mouse = { "QEMU PS/2 Mouse", INPUT_BUTTON | INPUT_REL, note_event, note_sync };
    static const InputHandler tablet = { "QEMU HID Tablet", INPUT_BUTTON | INPUT_ABS, note_event, note_sync };
    InputPort *k = input_register(&kbd, (void *)"k"), *m = input_register(&mouse, (void *)"m");
    InputPort *t = input_register(&tablet, (void *)"t");
    GError *err = NULL;
    char *text;

    seen = g_string_new(NULL);
    text = input_mice_text();
    g_assert_cmpstr(text, ==, "* Mouse #2: QEMU PS/2 Mouse\n  Mouse #3: QEMU HID Tablet (absolute)\n");
    g_free(text);
    g_assert_false(input_is_absolute());
    input_rel(AXIS_X, 5);
    input_button(BUTTON_LEFT, true);
    input_sync();
    g_assert_cmpstr(seen->str, ==, "m:0=5 m:0=1 m. ");
    g_string_truncate(seen, 0);
    g_assert_true(input_mouse_set(3, &err));
    g_assert_true(input_is_absolute());
    input_abs(AXIS_Y, 479, 480);
    input_abs(AXIS_X, -3, 640);
    input_sync();
    g_assert_cmpstr(seen->str, ==, "t:1=32767 t:0=0 t. ");
    g_assert_false(input_mouse_set(1, &err));
    g_clear_error(&err);
    g_string_truncate(seen, 0);
    input_key(QKEY_A, true);
    input_key(QKEY_SHIFT, true);
    input_release_all();
    g_assert_cmpstr(seen->str, ==, "k+a k+shift k-shift k-a ");
    g_string_truncate(seen, 0);
    clock_virtual_enable(true);
    g_assert_true(input_send_keys("ctrl-alt-f1", 1, &err));
    g_assert_true(input_send_keys("0x1c", 1, &err));
    g_assert_cmpstr(seen->str, ==, "k+ctrl k+alt k+f1 ");
    while (strstr(seen->str, "-ret") == NULL) {
        loop_step(loop_main(), true);
    }
    g_assert_cmpstr(seen->str, ==, "k+ctrl k+alt k+f1 k-f1 k-alt k-ctrl k+ret k-ret ");
    g_assert_false(input_send_keys("ctrl-bogus", 0, &err));
    g_assert_cmpstr(err->message, ==, "invalid parameter: bogus");
    g_clear_error(&err);
    input_unregister(t);
    input_unregister(m);
    input_unregister(k);
    g_string_free(seen, TRUE);
}

static void test_numbers(void)
{
    for (int i = 1; i < QKEY_COUNT; i++) {
        unsigned n = qkey_number((QKey)i);

        g_assert_cmpint(qkey_from_name(qkey_name((QKey)i)), ==, i);
        if (n != 0 && i != QKEY_ASTERISK) {
            g_assert_cmpint(qkey_from_number(n), ==, i);    /* so numbers are unique */
        }
    }
    g_assert_cmpint(qkey_from_name("<"), ==, QKEY_LESS);
    g_assert_cmpint(qkey_from_number(0xe048), ==, QKEY_UP);
    g_assert_cmpint(qkey_from_name("0x01"), ==, QKEY_ESC);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/console_views", test_console);
    g_test_add_func("/ui/screendump", test_screendump);
    g_test_add_func("/ui/input_routing", test_input);
    g_test_add_func("/ui/key_numbers", test_numbers);
    return g_test_run();
}
