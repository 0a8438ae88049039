/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qtest commands, and one conversation over a real socket. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "accel/qtest/qtest.h"
#include "hw/core/device.h"
#include "util/loop.h"

typedef struct Lamp {
    Device dev;
    MemRegion port;
    Irq out;
    uint32_t value;
    Timer *timer;
} Lamp;

static uint64_t lamp_read(void *opaque, GuestAddr off, unsigned size)
{
    (void)off;
    (void)size;
    return ((Lamp *)opaque)->value;
}

static void lamp_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Lamp *l = opaque;

    (void)off;
    (void)size;
    l->value = (uint32_t)val;
    irq_set(l->out, val & 1);
    if (val & 2) {
        timer_set(l->timer, clock_ns(CLOCK_VIRTUAL) + 500);
    }
}

static void lamp_in(void *opaque, unsigned pin, int level)
{
    ((Lamp *)opaque)->value = pin * 16 + (unsigned)level;
}

static void lamp_timer(void *opaque)
{
    irq_raise(((Lamp *)opaque)->out);
}

static const MemOps lamp_ops = { .read = lamp_read, .write = lamp_write, .max_size = 4 };

static bool lamp_realize(Device *dev, GError **errp)
{
    Lamp *l = (Lamp *)dev;

    (void)errp;
    l->timer = timer_new(loop_main(), CLOCK_VIRTUAL, lamp_timer, l);
    mem_init_io(&l->port, "lamp", 4, &lamp_ops, l);
    mem_add(&dev->vm->io_region, 0x60, &l->port, 0);
    device_init_gpio_in(dev, NULL, lamp_in, l, 3);
    device_init_gpio_out(dev, NULL, &l->out, 1);
    return true;
}

static void lamp_unrealize(Device *dev)
{
    timer_free(((Lamp *)dev)->timer);
    mem_fini(&((Lamp *)dev)->port);
}

static const DeviceType lamp = {
    .type = { .name = "lamp", .parent = &device_base.type, .size = sizeof(Lamp) },
    .realize = lamp_realize,
    .unrealize = lamp_unrealize,
};
DEVICE_REGISTER(lamp);

typedef struct Fix {
    Vm *vm;
    MemRegion ram;
} Fix;

static void setup(Fix *f, gconstpointer data)
{
    (void)data;
    f->vm = vm_new();
    vm_lock(f->vm);
    g_assert_true(accel_create_first(f->vm, "qtest", NULL));
    g_assert_true(mem_init_ram(&f->ram, "ram", 0x10000, NULL));
    mem_add(&f->vm->system_region, 0, &f->ram, 0);
    g_assert_nonnull(device_create(&lamp, f->vm, NULL, NULL));
    vm_start(f->vm);
}

static void teardown(Fix *f, gconstpointer data)
{
    (void)data;
    vm_stop(f->vm, RUN_PAUSED);
    clock_virtual_set_source(NULL);
    mem_fini(&f->ram);
    object_free(&f->vm->accel->obj);
    vm_unlock(f->vm);
    vm_free(f->vm);
}

static void expect(Fix *f, const char *line, const char *reply)
{
    g_autoptr(GString) out = g_string_new(NULL);

    qtest_command(f->vm, line, out);
    g_assert_cmpstr(out->str, ==, reply);
}

static void test_memory_commands(Fix *f, gconstpointer data)
{
    (void)data;
    expect(f, "writel 0x1000 0x11223344", "OK");
    expect(f, "readb 0x1003", "OK 0x0000000000000011");
    expect(f, "readw 0x1000", "OK 0x0000000000003344");
    expect(f, "writeq 4104 -1", "OK");
    expect(f, "readq 0x1008", "OK 0xffffffffffffffff");
    expect(f, "write 0x2000 4 0xdeadbeef", "OK");
    expect(f, "read 0x2000 5", "OK 0xdeadbeef00");
    expect(f, "b64write 0x3000 3 YWJj", "OK");
    expect(f, "b64read 0x3000 3", "OK YWJj");
    expect(f, "memset 0x3000 2 0x7a", "OK");
    expect(f, "b64read 0x3000 3", "OK enpj");
    expect(f, "endianness", "OK little");
}

static void test_port_commands(Fix *f, gconstpointer data)
{
    (void)data;
    expect(f, "outl 0x60 0x1234", "OK");
    expect(f, "inl 0x60", "OK 0x1234");
    expect(f, "inb 0x60", "OK 0x0034");
    expect(f, "inb 0x99", "OK 0x00ff");
}

static void test_bad_commands(Fix *f, gconstpointer data)
{
    (void)data;
    expect(f, "bogus 1", "FAIL Unknown command 'bogus'");
    expect(f, "", "FAIL Unknown command ''");
    expect(f, "outb 0x60", "FAIL Bad arguments of 'outb'");
    expect(f, "outb x 1", "FAIL Bad arguments of 'outb'");
    expect(f, "inb 0x10000", "FAIL Bad arguments of 'inb'");
    expect(f, "read 0 99999999999999", "FAIL Bad arguments of 'read'");
    expect(f, "write 0 2 0xzz00", "FAIL Bad arguments of 'write'");
    expect(f, "irq_intercept_in /nowhere", "FAIL Unknown device");
    expect(f, "set_irq_in /nowhere x 1 1", "FAIL Unknown device");
}

static void test_clock_stands_until_stepped(Fix *f, gconstpointer data)
{
    Lamp *l = (Lamp *)object_resolve(&f->vm->root, "/machine/unattached/device[0]", NULL);

    (void)data;
    g_assert_cmpint(clock_ns(CLOCK_VIRTUAL), ==, 0);
    expect(f, "clock_step 100", "OK 100");
    expect(f, "outb 0x60 2", "OK");
    expect(f, "clock_step 499", "OK 599");
    g_assert_true(timer_pending(l->timer));
    expect(f, "clock_step", "OK 600");
    g_assert_false(timer_pending(l->timer));
    expect(f, "clock_set 1000", "OK 1000");
    expect(f, "clock_set", "FAIL Bad arguments of 'clock_set'");
}

static void test_lines_are_set(Fix *f, gconstpointer data)
{
    (void)data;
    expect(f, "set_irq_in /machine/unattached/device[0] unnamed-gpio-in 2 1", "OK");
    expect(f, "inl 0x60", "OK 0x0021");
}

typedef struct Client {
    char *path;
    GString *got;
} Client;

static gpointer talk(gpointer data)
{
    static const char text[] = "irq_intercept_out /machine/unattached/device[0]\noutb 0x60 1\n"
                               "outb 0x60 3\noutb 0x60 0\ninb 0x60\n";
    Client *c = data;
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char buf[256];
    ssize_t n;

    g_strlcpy(sa.sun_path, c->path, sizeof(sa.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    g_assert_cmpint(write(fd, text, sizeof(text) - 1), ==, sizeof(text) - 1);
    while (strstr(c->got->str, "OK 0x") == NULL && (n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(c->got, buf, n);
    }
    close(fd);
    loop_quit(loop_main());
    return NULL;
}

static void lock_vm(void *opaque)
{
    vm_lock(opaque);
}
static void unlock_vm(void *opaque)
{
    vm_unlock(opaque);
}

static void test_conversation(Fix *f, gconstpointer data)
{
    g_autofree char *dir = g_dir_make_tmp("kite-qtest-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "sock", NULL);
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    Client c = { .path = path, .got = g_string_new(NULL) };
    GThread *t;

    (void)data;
    g_assert_true(qtest_open(f->vm, spec, "none", NULL));
    t = g_thread_new("client", talk, &c);
    vm_unlock(f->vm);
    loop_set_lock_hooks(loop_main(), lock_vm, unlock_vm, f->vm);
    loop_run(loop_main());
    loop_set_lock_hooks(loop_main(), NULL, NULL, NULL);
    vm_lock(f->vm);
    g_thread_join(t);
    g_assert_cmpstr(c.got->str, ==, "OK\nIRQ raise 0\nOK\nOK\nIRQ lower 0\nOK\nOK 0x0000\n");
    qtest_close();
    g_string_free(c.got, TRUE);
    g_unlink(path);
    g_rmdir(dir);
}

#define CASE(fn) g_test_add("/qtest/" #fn, Fix, NULL, setup, test_##fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(clock_stands_until_stepped);
    CASE(memory_commands);
    CASE(port_commands);
    CASE(bad_commands);
    CASE(lines_are_set);
    CASE(conversation);
    return g_test_run();
}
