/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Surfaces as files: binary PPM and PNG (RFC 2083, by libpng). Made in memory, written under a temporary name beside
 * the target, then renamed: nobody sees half a picture. */
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ui/console.h"

/* Rows of packed R, G, B. */
static GByteArray *image_rgb(pixman_image_t *image)
{
    int w = pixman_image_get_width(image), h = pixman_image_get_height(image);
    pixman_image_t *copy = pixman_image_create_bits(PIXMAN_x8r8g8b8, w, h, NULL, 0);
    GByteArray *out = g_byte_array_sized_new((guint)w * (guint)h * 3);
    uint8_t *to;

    pixman_image_composite(PIXMAN_OP_SRC, image, NULL, copy, 0, 0, 0, 0, 0, 0, (uint16_t)w, (uint16_t)h);
    g_byte_array_set_size(out, (guint)w * (guint)h * 3);
    to = out->data;
    for (int y = 0; y < h; y++) {
        const uint32_t *row = pixman_image_get_data(copy) + (size_t)y * (size_t)(pixman_image_get_stride(copy) / 4);

        for (int x = 0; x < w; x++) {
            *to++ = (uint8_t)(row[x] >> 16);
            *to++ = (uint8_t)(row[x] >> 8);
            *to++ = (uint8_t)row[x];
        }
    }
    pixman_image_unref(copy);
    return out;
}

static bool image_write_fd(int fd, const GByteArray *data)
{
    for (guint done = 0; done < data->len;) {
        ssize_t n = write(fd, data->data + done, data->len - done);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (guint)n : 0;
    }
    return true;
}

static bool image_save(const GByteArray *data, const char *path, GError **errp)
{
    struct stat st;
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    g_autofree char *temp = special ? g_strdup(path) : g_strdup_printf("%s.XXXXXX", path);
    int fd = special ? open(path, O_WRONLY | O_CLOEXEC) : g_mkstemp_full(temp, O_RDWR | O_CLOEXEC, 0644);
    bool ok;
    int saved;

    if (fd < 0) {
        return err_fail_errno(errp, errno, "failed to open file '%s'", path);
    }
    ok = image_write_fd(fd, data);
    saved = errno;
    if (close(fd) < 0 && ok) {
        ok = false;
        saved = errno;
    }
    if (ok && !special && rename(temp, path) < 0) {
        ok = false;
        saved = errno;
    }
    if (!ok) {
        if (!special) {
            unlink(temp);
        }
        return err_fail_errno(errp, saved, "failed to write file '%s'", path);
    }
    return true;
}

bool image_write_ppm(pixman_image_t *image, const char *path, GError **errp)
{
    g_autoptr(GByteArray) rgb = image_rgb(image);
    g_autofree char *head = g_strdup_printf("P6\n%d %d\n255\n", pixman_image_get_width(image),
                                            pixman_image_get_height(image));

    g_byte_array_prepend(rgb, (const guint8 *)head, (guint)strlen(head));
    return image_save(rgb, path, errp);
}

static void image_png_write(png_structp png, png_bytep data, png_size_t len)
{
    g_byte_array_append(png_get_io_ptr(png), data, (guint)len);
}

static void image_png_flush(png_structp png)
{
}

/* false: libpng gave up. In a function of its own because of setjmp. */
static bool image_png_encode(png_structp png, png_infop head, const GByteArray *rgb, int w, int h)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    png_set_IHDR(png, head, (png_uint_32)w, (png_uint_32)h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    png_write_info(png, head);
    for (int y = 0; y < h; y++) {
        png_write_row(png, rgb->data + (size_t)y * (size_t)w * 3);
    }
    png_write_end(png, NULL);
    return true;
}

bool image_write_png(pixman_image_t *image, const char *path, GError **errp)
{
    g_autoptr(GByteArray) rgb = image_rgb(image);
    g_autoptr(GByteArray) out = g_byte_array_new();
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop head = png == NULL ? NULL : png_create_info_struct(png);
    bool ok = head != NULL;

    if (ok) {
        png_set_write_fn(png, out, image_png_write, image_png_flush);
        ok = image_png_encode(png, head, rgb, pixman_image_get_width(image), pixman_image_get_height(image));
    }
    png_destroy_write_struct(&png, &head);
    return ok ? image_save(out, path, errp) : err_fail(errp, "failed to encode '%s' as PNG", path);
}

bool console_screendump(Console *c, const char *path, const char *format, GError **errp)
{
    bool png = format != NULL && strcmp(format, "png") == 0;

    if (c == NULL) {
        return err_fail(errp, "There is no console to take a screendump from");
    }
    if (format != NULL && !png && strcmp(format, "ppm") != 0) {
        return err_fail(errp, "Parameter 'format' does not accept value '%s'", format);
    }
    console_invalidate(c);
    console_refresh(c);
    return png ? image_write_png(console_surface(c), path, errp) : image_write_ppm(console_surface(c), path, errp);
}
