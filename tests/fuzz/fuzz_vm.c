/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PC in a libFuzzer program. The machine lives as long as the program: an input is a client that connects,
 * sends it, and goes. A backend "fuzz" is its end of the line; what is written to it is dropped. Inputs of the
 * gdb target are lines that become packets, so that the checksum is not in the way. The program works as
 * nobody in a folder of its own (fuzz.py makes it), and calls that would wait for others fail: see the
 * wrapped functions at the end. */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hw/core/vm.h"
#include "system/build.h"
#include "system/chardev/char_int.h"
#include "system/options.h"
#include "tests/fuzz/fuzz_vm.h"

enum { NOBODY = 65534, MAP_MAX = 1 << 30, FILE_MAX = 64 << 20, ROUNDS = 200 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static Vm *vm;
static Char *line;

/* ---- The line */

static bool line_open(Char *c, const void *options, GError **errp)
{
    line = c;
    return true;
}

static ssize_t line_write(Char *c, const uint8_t *buf, size_t n)
{
    return (ssize_t)n;
}

static void line_watch(Char *c, bool on)
{
}

static const Field line_fields[] = { { 0 } };
static const StructDef line_options = { "ChardevFuzz", sizeof(CharCommon), line_fields };
static const CharBackend line_backend = {
    .name = "fuzz", .options = &line_options, .size = 1, .open = line_open, .write = line_write,
    .watch = line_watch,
};
CHAR_BACKEND_REGISTER(line_backend);

/* ---- The machine */

static void lock_vm(void *opaque)
{
    vm_lock(opaque);
}

static void unlock_vm(void *opaque)
{
    vm_unlock(opaque);
}

static void leave_rights(void)
{
    const struct rlimit size = { FILE_MAX, FILE_MAX };

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &size);
    if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)) {
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *args[40] = {
        (char *)"fuzz", (char *)"-M", (char *)"pc", (char *)"-m", (char *)"16", (char *)"-S",
        (char *)"-display", (char *)"none", (char *)"-chardev", (char *)"fuzz,id=fuzz",
        (char *)"-serial", (char *)"null", (char *)"-device", (char *)"pvpanic", (char *)"-device",
        (char *)"pci-testdev",
    };
    VmConfig *cfg = config_new();
    GError *err = NULL;
    int count = 16;

    for (unsigned i = 0; fuzz_args[i] != NULL; i++) {
        args[count++] = (char *)fuzz_args[i];
    }
    leave_rights();
    setenv("KITE_QMP_CHECK", "1", 1);
    if (!options_parse(cfg, count, args, &err) || (vm = build_vm(cfg, &err)) == NULL) {
        fprintf(stderr, "fuzz: %s\n", err->message);
        exit(1);
    }
    loop_set_lock_hooks(loop_main(), lock_vm, unlock_vm, vm);
    return 0;
}

/* ---- Inputs */

/* What has become due, until nothing is. */
static void settle(void)
{
    for (int i = 0; i < ROUNDS && loop_step(loop_main(), false); i++) {
    }
    vm_lock(vm);
    vm_handle_requests(vm);
    vm_unlock(vm);
}

static bool give(const uint8_t *data, size_t n)
{
    for (int i = 0; n > 0 && i < ROUNDS; i++) {
        size_t room;

        vm_lock(vm);
        char_enter(line);
        room = MIN(char_room(line), n);
        if (room > 0) {
            char_deliver(line, data, room);
        }
        char_leave(line);
        vm_unlock(vm);
        data += room;
        n -= room;
        settle();
    }
    return n == 0;
}

static void give_packets(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **l = lines; *l != NULL; l++) {
        g_autofree char *packet = NULL;
        unsigned sum = 0;

        for (const char *c = *l; *c != '\0'; c++) {
            sum += (unsigned char)*c;
        }
        packet = g_strdup_printf("$%s#%02x", *l, sum & 0xff);
        give((const uint8_t *)packet, strlen(packet));
    }
}

static void tell(CharEvent ev)
{
    vm_lock(vm);
    char_enter(line);
    char_event(line, ev);
    char_leave(line);
    vm_unlock(vm);
    settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    tell(CHAR_OPENED);
    give((const uint8_t *)fuzz_prefix, strlen(fuzz_prefix));
    if (fuzz_prefix[0] == '$' && n > 0 && data[0] != 0xff) {
        g_autofree char *text = g_strndup((const char *)data, n);

        give_packets(text);
    } else {
        give(data, n);
    }
    tell(CHAR_CLOSED);
    return 0;
}

/* ---- What would wait, or reach others */

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
int __wrap_connect(int fd, const struct sockaddr *a, socklen_t len);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off);
int __wrap_kill(pid_t pid, int sig);
pid_t __wrap_fork(void);
int __wrap_daemon(int nochdir, int noclose);

static int fail(int why)
{
    errno = why;
    return -1;
}

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
    return fail(ECONNABORTED);
}

int __wrap_connect(int fd, const struct sockaddr *a, socklen_t len)
{
    return fail(ECONNREFUSED);
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res)
{
    return EAI_NONAME;
}

/* A gigabyte that is asked for is not written to by way of prealloc=on. */
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off)
{
    if (vm != NULL && size > MAP_MAX / 8) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, prot, flags, fd, off);
}

int __wrap_kill(pid_t pid, int sig)
{
    return fail(EPERM);
}

pid_t __wrap_fork(void)
{
    return fail(EAGAIN);
}

int __wrap_daemon(int nochdir, int noclose)
{
    return fail(EAGAIN);
}
