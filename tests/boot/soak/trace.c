/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the kernel change its own code all the time while other threads run it: function tracer and kprobes on and
 * off, BPF programs compiled, attached to sockets and dropped, static keys (through scheduler statistics). Checks
 * that the probed system calls still give right answers, and that filters do what they say. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/"

static int stop;
static unsigned long calls, filters, probes, traces, keys, bad;

static int put(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_APPEND), n;

    if (fd < 0) {
        return -1;
    }
    n = (int)write(fd, text, strlen(text));
    close(fd);
    return n < 0 ? -1 : 0;
}

static void fail(const char *what)
{
    printf("TRACE WRONG %s: %s\n", what, strerror(errno));
    __atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
}

static int stopped(void) { return __atomic_load_n(&stop, __ATOMIC_SEQ_CST) || bad; }

/* System calls whose kernel functions are being patched. */
static void *caller(void *opaque)
{
    char name[64];
    int k = (int)(intptr_t)opaque;

    snprintf(name, sizeof(name), "/tmp/caller%d", k);
    for (unsigned n = 0; !stopped(); n++) {
        int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), p[2], status;
        char buf[16] = "";
        struct stat st;

        if (fd < 0 || write(fd, "0123456789", 10) != 10 || pread(fd, buf, 10, 0) != 10 ||
            memcmp(buf, "0123456789", 10) != 0 || fstat(fd, &st) != 0 || st.st_size != 10) {
            fail("file");
        }
        close(fd);
        if (getppid() != 1 && getppid() <= 0) {
            fail("getppid");
        }
        if (n % 16 == 0) {
            pid_t pid;

            if (pipe(p) != 0) {
                fail("pipe");
            }
            pid = fork();
            if (pid == 0) {
                _exit(write(p[1], "x", 1) == 1 ? 7 : 8);
            }
            if (read(p[0], buf, 1) != 1 || buf[0] != 'x' || waitpid(pid, &status, 0) != pid ||
                WEXITSTATUS(status) != 7) {
                fail("fork");
            }
            close(p[0]);
            close(p[1]);
        }
        __atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* An extended program that returns r0 = the sum of constants: the answer comes from BPF_PROG_TEST_RUN. */
static void extended(uint32_t a, uint32_t b)
{
    struct bpf_insn code[] = {
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = (int)a },
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = (int)b },
        { .code = BPF_ALU64 | BPF_MUL | BPF_K, .dst_reg = 2, .imm = 3 },
        { .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 0, .src_reg = 2 },
        { .code = BPF_JMP | BPF_EXIT },
    };
    union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
                            .insns = (uintptr_t)code, .insn_cnt = 5,
                            .license = (uintptr_t)"GPL" };
    int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
    uint8_t data[64] = { 0 };

    if (fd < 0) {
        fail("BPF_PROG_LOAD");
        return;
    }
    memset(&attr, 0, sizeof(attr));
    attr.test.prog_fd = (uint32_t)fd;
    attr.test.data_in = (uintptr_t)data;
    attr.test.data_size_in = sizeof(data);
    attr.test.repeat = 50;
    if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) == 0) {
        if (attr.test.retval != a + b * 3) {
            fail("BPF result");
        }
    } else if (errno != EINVAL && errno != 524) {
        fail("BPF_PROG_TEST_RUN");
    }
    close(fd);
}

/* A classic filter on a datagram socket: only packets that begin with `want` pass. */
static void classic(uint8_t want)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, want, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog prog = { .len = 4, .filter = code };
    int s[2];
    uint8_t b, got;

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s) != 0) {
        fail("socketpair");
        return;
    }
    if (setsockopt(s[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) != 0) {
        fail("SO_ATTACH_FILTER");
    }
    for (int i = 0; i < 8; i++) {
        b = (uint8_t)(want + (i & 1));
        (void)!write(s[0], &b, 1);
        if ((read(s[1], &got, 1) == 1) != ((i & 1) == 0) || ((i & 1) == 0 && got != want)) {
            fail("filter");
        }
    }
    close(s[0]);
    close(s[1]);
}

static void *bpf_loop(void *opaque)
{
    for (uint32_t n = 1; !stopped(); n++) {
        extended(n & 0xffff, n * 7 & 0xffff);
        classic((uint8_t)n);
        __atomic_fetch_add(&filters, 1, __ATOMIC_SEQ_CST);
    }
    return opaque;
}

static void *probe_loop(void *opaque)
{
    static const char *const on[] = { "p:kpa vfs_write", "p:kpb vfs_read", "r:kpc do_sys_openat2",
                                      "p:kpd __x64_sys_getppid",
                                      "r:kpe kernel_clone", "p:kpf vfs_read+16" };

    if (put("/proc/sys/net/core/bpf_jit_enable", "1") != 0) {
        printf("TRACE note: no bpf_jit_enable\n");
    }
    while (!stopped()) {
        for (unsigned k = 0; k < sizeof(on) / sizeof(on[0]); k++) {
            char def[64], name[64];

            if (put(TRACING "kprobe_events", on[k]) != 0 && k != 5) {
                fail(on[k]);
            }
            snprintf(name, sizeof(name), TRACING "events/kprobes/kp%c/enable", 'a' + k);
            put(name, "1");
            usleep(3000);
            put(name, "0");
            snprintf(def, sizeof(def), "-:kp%c", 'a' + k);
            put(TRACING "kprobe_events", def);
            __atomic_fetch_add(&probes, 1, __ATOMIC_SEQ_CST);
        }
    }
    return opaque;
}

static void *tracer_loop(void *opaque)
{
    static const char *const filter[] = { "vfs_*", "sys_*", "*lock*", "schedule*" };

    for (unsigned n = 0; !stopped(); n++) {
        put(TRACING "set_ftrace_filter", filter[n % 4]);
        if (put(TRACING "current_tracer", n % 8 == 7 ? "function_graph" : "function") != 0) {
            fail("tracer on");
        }
        usleep(3000);
        if (put(TRACING "current_tracer", "nop") != 0) {
            fail("tracer off");
        }
        close(open(TRACING "set_ftrace_filter", O_WRONLY | O_TRUNC));
        __atomic_fetch_add(&traces, 1, __ATOMIC_SEQ_CST);
    }
    return opaque;
}

static void *key_loop(void *opaque)
{
    while (!stopped()) {
        put("/proc/sys/kernel/sched_schedstats", "1");
        put(TRACING "events/sched/enable", "1");
        usleep(2000);
        put("/proc/sys/kernel/sched_schedstats", "0");
        put(TRACING "events/sched/enable", "0");
        __atomic_fetch_add(&keys, 1, __ATOMIC_SEQ_CST);
    }
    return opaque;
}

int main(int argc, char **argv)
{
    pthread_t t[8];
    int n = 0, seconds = argc > 1 ? atoi(argv[1]) : 10;

    for (intptr_t k = 0; k < 3; k++) {
        pthread_create(&t[n++], NULL, caller, (void *)k);
    }
    pthread_create(&t[n++], NULL, bpf_loop, NULL);
    pthread_create(&t[n++], NULL, probe_loop, NULL);
    pthread_create(&t[n++], NULL, tracer_loop, NULL);
    pthread_create(&t[n++], NULL, key_loop, NULL);
    for (int s = 0; s < seconds && !bad; s++) {
        sleep(1);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    while (n > 0) {
        pthread_join(t[--n], NULL);
    }
    printf("TRACE calls %lu filters %lu probes %lu tracers %lu keys %lu bad %lu\n", calls, filters, probes,
           traces, keys, bad);
    return bad != 0 || !calls || !filters || !probes || !traces || !keys;
}
