/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two vCPUs have to do with each other, as init of a guest: messages through a pipe and a futex between two
 * processors, fork, interrupts between processors, TLB shootdown, sleeping. One line a test, "SMP name ns", after
 * "<" and ">" around the measured loop; then the machine is switched off. Options: seconds a test, names. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds = 1;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("sched_setaffinity");
    }
}

/* ---- pipe: one byte there and back; ns a round trip */

static int there[2], back[2];

static void pipe_step(void)
{
    char c = 1;

    if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1) {
        perror("pipe");
        exit(1);
    }
}

static void pipe_peer(int cpu)
{
    char c;

    if (pipe(there) != 0 || pipe(back) != 0) {
        perror("pipe");
    }
    if (fork() == 0) {
        pin(cpu);
        close(there[1]);
        while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1) {
        }
        _exit(0);
    }
    close(there[0]);
}

static void pipe_end(void)
{
    close(there[1]);
    close(back[0]);
    close(back[1]);
    wait(NULL);
}

static void pipe1_begin(void) { pipe_peer(0); }
static void pipe2_begin(void) { pipe_peer(1); }

/* ---- futex: two threads hand a word to each other; ns a round trip */

static uint32_t word;
static int stop;
static pthread_t thread;

static long futex(uint32_t *at, int op, uint32_t val)
{
    return syscall(SYS_futex, at, op | FUTEX_PRIVATE_FLAG, val, NULL, NULL, 0);
}

static void hand(uint32_t from, uint32_t to)
{
    while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) != from && !__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        futex(&word, FUTEX_WAIT, to);
    }
    __atomic_store_n(&word, to, __ATOMIC_SEQ_CST);
    futex(&word, FUTEX_WAKE, 1);
}

static void *futex_peer(void *opaque)
{
    pin(1);
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        hand(1, 0);
    }
    return opaque;
}

static void futex_begin(void)
{
    stop = 0;
    word = 0;
    pthread_create(&thread, NULL, futex_peer, NULL);
}

static void futex_step(void) { hand(0, 1); }

static void thread_end(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    futex(&word, FUTEX_WAKE, 1);
    pthread_join(thread, NULL);
}

/* ---- processes */

static void fork_step(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void none(void) { }
static void fork_begin(void)
{
    cpu_set_t set;

    memset(&set, 0xff, sizeof(set));
    sched_setaffinity(0, sizeof(set), &set);
}

/* ---- interrupts to a processor that runs a program: a barrier there, a page made inaccessible there */

static uint8_t *page;

static void *spin_peer(void *opaque)
{
    pin(1);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        page[0]++;
    }
    return opaque;
}

static void spin_begin(void)
{
    stop = 0;
    page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[4096] = 1;
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    pthread_create(&thread, NULL, spin_peer, NULL);
    usleep(20000);
}

static void ipi_step(void) { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }

static void shootdown_step(void)
{
    page[4096] = 1;
    mprotect(page + 4096, 4096, PROT_READ);
    mprotect(page + 4096, 4096, PROT_READ | PROT_WRITE);
}

/* ---- time: a sleep of 100 us, what it takes above that */

static void sleep_step(void)
{
    struct timespec ts = { 0, 100000 };

    clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static const struct {
    const char *name;
    void (*begin)(void), (*step)(void), (*end)(void);
} tests[] = {
    { "pipe1", pipe1_begin, pipe_step, pipe_end },
    { "pipe2", pipe2_begin, pipe_step, pipe_end },
    { "futex2", futex_begin, futex_step, thread_end },
    { "fork", fork_begin, fork_step, none },
    { "ipi", spin_begin, ipi_step, thread_end },
    { "shootdown", spin_begin, shootdown_step, thread_end },
    { "sleep", none, sleep_step, none },
};

static void run(unsigned k)
{
    double start, end;
    unsigned long n = 0, batch = 1;

    pin(0);
    tests[k].begin();
    for (int i = 0; i < 50; i++) {
        tests[k].step();
    }
    printf("<\n");
    fflush(stdout);
    start = now();
    do {
        for (unsigned long i = 0; i < batch; i++) {
            tests[k].step();
        }
        n += batch;
        end = now();
        if (end - start < seconds / 20) {
            batch *= 2;
        }
    } while (end - start < seconds);
    printf(">\nSMP %s %.1f n=%lu\n", tests[k].name, (end - start) / n * 1e9, n);
    fflush(stdout);
    tests[k].end();
}

static void wanted(unsigned k, const char *names)
{
    size_t n = strlen(tests[k].name);

    for (const char *p = names; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, tests[k].name, n) == 0 && (p[n] == ',' || p[n] == '\0')) {
            run(k);
        }
    }
}

int main(void)
{
    const char *names = getenv("tests"), *time = getenv("seconds");

    if (time != NULL) {
        seconds = atof(time);
    }
    if (getpid() == 1) {
        mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    }
    for (unsigned k = 0; k < sizeof(tests) / sizeof(tests[0]); k++) {
        if (names == NULL) {
            run(k);
        } else {
            wanted(k, names);
        }
    }
    printf("SMP-DONE\n");
    fflush(stdout);
    usleep(300000);                 /* CPU time of the last test is being read */
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return 0;
}
