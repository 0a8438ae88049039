/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses, listening, connecting, and what they say when it does not work. */
#include "util/sock.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(const char *text, const char *host, const char *port, const char *path)
{
    GError *err = NULL;
    SockAddr a;
    char *mem;

    g_assert_true(sock_addr_parse(text, &a, &mem, &err));
    g_assert_cmpstr(a.host, ==, host);
    g_assert_cmpstr(a.port, ==, port);
    g_assert_cmpstr(a.path, ==, path);
    g_free(mem);
}

static void test_parse(void)
{
    static const char *const bad[] = { "", "x", "unix:", "host:", "[::1]" };
    SockAddr a;
    char *mem;

    check("localhost:80", "localhost", "80", NULL);
    check(":80", "", "80", NULL);
    check("tcp:1.2.3.4:80", "1.2.3.4", "80", NULL);
    check("[::1]:80", "::1", "80", NULL);
    check("unix:/a:b", NULL, NULL, "/a:b");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *err = NULL;

        g_assert_false(sock_addr_parse(bad[i], &a, &mem, &err));
        g_clear_error(&err);
    }
}

static void talk(int a, int b)
{
    char c = 0;

    g_assert_cmpint(write(a, "x", 1), ==, 1);
    g_assert_cmpint(read(b, &c, 1), ==, 1);
    g_assert_cmpint(c, ==, 'x');
}

static void test_tcp(void)
{
    SockAddr a = { .host = "127.0.0.1", .port = "0" }, to;
    GError *err = NULL;
    int l = sock_listen(&a, &err), c, s;
    g_autofree char *name = sock_name(l, false);
    char *mem;

    g_assert_no_error(err);
    g_assert_true(sock_addr_parse(name, &to, &mem, &err));
    g_assert_cmpint(sock_listen(&to, &err), ==, -1);
    g_assert_cmpstr(err->message, ==, "Failed to find an available port: Address already in use");
    g_clear_error(&err);
    c = sock_connect(&to, false, &err);
    s = sock_accept(l, false);
    talk(c, s);
    talk(s, c);
    close(c);
    close(s);
    close(l);
    g_assert_cmpint(sock_connect(&to, false, &err), ==, -1);
    g_assert_true(g_str_has_suffix(err->message, ": Connection refused"));
    g_clear_error(&err);
    g_free(mem);
}

static void test_unix(void)
{
    g_autofree char *dir = g_dir_make_tmp("kite-sock-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "s", NULL), *file = g_build_filename(dir, "f", NULL);
    g_autofree char *text = NULL;
    SockAddr a = { .path = path }, none = { .path = "/nonexistent/x" }, f = { .path = file };
    GError *err = NULL;
    int l, c, s;

    close(sock_listen(&a, &err));       /* leaves its name behind, as a crash does */
    l = sock_listen(&a, &err);
    g_assert_no_error(err);
    c = sock_connect(&a, true, &err);
    s = sock_accept(l, true);
    talk(c, s);
    close(c);
    close(s);
    close(l);
    g_assert_cmpint(sock_connect(&none, false, &err), ==, -1);
    g_assert_cmpstr(err->message, ==, "Failed to connect to '/nonexistent/x': No such file or directory");
    g_clear_error(&err);
    g_assert_true(g_file_set_contents(file, "keep", -1, NULL));
    g_assert_cmpint(sock_listen(&f, &err), ==, -1);
    g_clear_error(&err);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "keep");
    unlink(file);
    unlink(path);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sock/parse", test_parse);
    g_test_add_func("/sock/tcp", test_tcp);
    g_test_add_func("/sock/unix_removes_only_sockets", test_unix);
    return g_test_run();
}
