/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs test code on the host CPU. Entry and exit go through signal frames, which hold the whole
 * state of a thread: a signal raised here is answered by putting the test's registers into the
 * frame; the INT3 or fault that ends the test brings the next frame, out of which the result is
 * read. */
#include "tests/insn/native_int.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "target/i386/features.h"
#include "target/i386/tcg/native.h"

enum {
    CS_64 = 0x33,
    CS_32 = 0x23,
    DS_USER = 0x2b,
    FP_MAX = 16384,
    FP_SW = 464 /* software bytes of the frame */
};

static const InsnState *test_in;
static InsnState *test_out;
static bool test_mode64;
static volatile sig_atomic_t running;
uint32_t *native_poll;
static unsigned runs, runs_at_tick; /* the same test at two ticks: it loops */
static greg_t host_regs[NGREG];
static uint8_t host_fp[FP_MAX];
static uint64_t host_xcr0;
static uint8_t *code_alias;

static const int greg_of[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/* Bytes of XSAVE image in the frame: magic, extended size, features, size (Linux, struct
 * _fpx_sw_bytes). */
static size_t frame_fp_size(const uint8_t *fp)
{
    uint32_t sw[5];

    memcpy(sw, fp + FP_SW, sizeof(sw));
    return sw[0] == 0x46505853 ? MIN(sw[4], (uint32_t)FP_MAX) : 512;
}

/* Extended components: where the host has them (CPUID leaf 0DH; vendors differ) and where X86Xsave
 * does. */
static struct {
    uint32_t bit, host, size, ours;
} components[] = {
    { 2, 0, 0, offsetof(X86Xsave, ymmh) },
    { 5, 0, 0, offsetof(X86Xsave, opmask) },
    { 6, 0, 0, offsetof(X86Xsave, zmmh) },
    { 7, 0, 0, offsetof(X86Xsave, zmm16) },
};

static void load_xstate(const InsnState *in, uint8_t *fp, size_t n)
{
    memcpy(fp, &in->xs, 416);
    if (n <= 576) {
        return;
    }
    memcpy(fp + 512, &host_xcr0, 8);
    memset(fp + 520, 0, 56);
    for (unsigned k = 0; k < G_N_ELEMENTS(components); k++) {
        if (components[k].size != 0) {
            memcpy(fp + components[k].host, (const uint8_t *)&in->xs + components[k].ours,
                   components[k].size);
        }
    }
}

static void store_xstate(const uint8_t *fp, size_t n, X86Xsave *xs)
{
    uint64_t bv;

    memset(xs, 0, sizeof(*xs));
    memcpy(xs, fp, 416);
    if (n <= 576) {
        return;
    }
    memcpy(&bv, fp + 512, 8);
    for (unsigned k = 0; k < G_N_ELEMENTS(components); k++) {
        if (components[k].size != 0 && (bv >> components[k].bit & 1)) {
            memcpy((uint8_t *)xs + components[k].ours, fp + components[k].host, components[k].size);
        }
    }
}

static void load_test(ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
    size_t n = frame_fp_size(fp);

    memcpy(host_regs, g, sizeof(host_regs));
    memcpy(host_fp, fp, MIN(n, sizeof(host_fp)));
    for (unsigned k = 0; k < 16; k++) {
        g[greg_of[k]] = test_in->gpr[k];
    }
    g[REG_RIP] = test_in->rip;
    g[REG_EFL] = test_in->rflags | FL_IF | FL_R1;
    if (!test_mode64) {
        g[REG_CSGSFS] = (g[REG_CSGSFS] & ~(greg_t)0xffff) | CS_32;
    }
    load_xstate(test_in, fp, n);
    runs++;
    running = 1;
}

void native_result(const ucontext_t *uc, InsnState *o)
{
    const greg_t *g = uc->uc_mcontext.gregs;
    const uint8_t *fp = (const uint8_t *)uc->uc_mcontext.fpregs;

    for (unsigned k = 0; k < 16; k++) {
        o->gpr[k] = g[greg_of[k]];
    }
    o->rip = g[REG_RIP];
    o->rflags = g[REG_EFL];
    o->vector = g[REG_TRAPNO];
    o->write = o->vector == EXC_PF && (g[REG_ERR] & 2);
    o->cr2 = o->vector == EXC_PF ? (uint64_t)g[REG_CR2] : 0;
    if (o->vector == EXC_BP) {
        o->vector = VECTOR_NONE;
        o->rip--;
    }
    store_xstate(fp, frame_fp_size(fp), &o->xs);
}

void native_quiet(ucontext_t *uc)
{
    uc->uc_mcontext.fpregs->cwd = 0x37f;
    uc->uc_mcontext.fpregs->swd = 0;
    uc->uc_mcontext.fpregs->ftw = 0;
    uc->uc_mcontext.fpregs->mxcsr = 0x1f80;
}

void native_xstate_in(const InsnState *in, uint8_t *xs)
{
    load_xstate(in, xs, FP_MAX);
}

void native_xstate_out(const uint8_t *xs, X86Xsave *out)
{
    store_xstate(xs, FP_MAX, out);
}

static void (*fast_fault)(ucontext_t *uc);

void native_begin(void (*fault)(ucontext_t *uc), InsnState *out)
{
    fast_fault = fault;
    test_out = out;
    runs++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    running = 1;
}

bool native_ended(void)
{
    bool was = running;

    running = 0;
    fast_fault = NULL;
    return was;
}

static void store_test(ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;

    running = 0;
    if (fast_fault != NULL) {
        fast_fault(uc);
        return;
    }
    native_result(uc, test_out);
    memcpy(g, host_regs, sizeof(host_regs));
    memcpy(fp, host_fp, MIN(frame_fp_size(fp), sizeof(host_fp)));
}

static void on_signal(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;

    if (sig == SIGUSR1) {
        load_test(uc);
    } else if (sig == SIGVTALRM) {
        if (running && runs == runs_at_tick) {
            InsnState *out = test_out;

            store_test(uc);
            out->vector = VECTOR_STUCK;
        } else if (runs == runs_at_tick && native_poll != NULL) {
            *native_poll = 1;
        }
        runs_at_tick = runs;
    } else if (sig == SIGFPE && !running && native_trapped(opaque)) {
        return;
    } else if (running) {
        store_test(uc);
    } else {
        dprintf(2, "the test program itself got signal %d at %#llx (%p)\n", sig,
                (unsigned long long)uc->uc_mcontext.gregs[REG_RIP], info->si_addr);
        signal(sig, SIG_DFL); /* die of it */
    }
}

static void native_run(const InsnState *in, bool mode64, InsnState *out)
{
    uint16_t ds, es, user = DS_USER;

    test_in = in;
    test_out = out;
    test_mode64 = mode64;
    __asm__ volatile("mov %%ds, %0; mov %%es, %1" : "=r"(ds), "=r"(es));
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(user));
    raise(SIGUSR1);
    __asm__ volatile("mov %0, %%ds; mov %1, %%es; cld" : : "r"(ds), "r"(es));
}

const Executor exec_native = { .name = "native", .run = native_run };

static void map_at(uint64_t at, size_t n, int prot, int fd)
{
    void *want = (void *)(uintptr_t)at;

    g_assert(mmap(want, n, prot, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == want);
}

uint8_t *native_code(void)
{
    return code_alias;
}

static int memory_new(size_t n)
{
    int fd = memfd_create("arena", 0);

    g_assert(fd >= 0 && ftruncate(fd, n) == 0);
    return fd;
}

bool native_standard_layout(void)
{
    for (unsigned k = 0; k < G_N_ELEMENTS(components); k++) {
        if (components[k].size != 0 && components[k].host != components[k].ours) {
            return false;
        }
    }
    return true;
}

uint64_t native_xcr0(void)
{
    return host_xcr0;
}

void native_init(void)
{
    static const int signals[] = { SIGUSR1, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGVTALRM };
    static const struct itimerval tick = { { 0, 30000 }, { 0, 30000 } };
    struct sigaction sa = { .sa_sigaction = on_signal,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    int code = memory_new(ARENA_CODE_SIZE);
    stack_t ss = { .ss_size = 1 << 16 };
    uint32_t a, b, c, d;

    ss.ss_sp = g_malloc0(ss.ss_size);
    g_assert(sigaltstack(&ss, NULL) == 0);
    sigfillset(&sa.sa_mask);
    for (unsigned k = 0; k < G_N_ELEMENTS(signals); k++) {
        sigaction(signals[k], &sa, NULL);
    }
    native_traps();
    setitimer(ITIMER_VIRTUAL, &tick, NULL);
    map_at(ARENA_CODE, ARENA_CODE_SIZE, PROT_READ | PROT_EXEC, code);
    code_alias = mmap(NULL, ARENA_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, code, 0);
    map_at(ARENA_DATA, ARENA_DATA_SIZE, PROT_READ | PROT_WRITE, memory_new(ARENA_DATA_SIZE));
    host_xcr0 = XCR0_X87 | XCR0_SSE;
    __cpuid(1, a, b, c, d);
    if (c & 1u << 27) {
        __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
        host_xcr0 = (a | (uint64_t)d << 32) &
                    (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16);
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(components); k++) {
        if (host_xcr0 >> components[k].bit & 1) {
            __cpuid_count(13, components[k].bit, components[k].size, components[k].host, c, d);
        }
    }
}

void native_features(uint32_t *f)
{
    uint32_t a, b, c, d;

    __cpuid(1, a, b, c, d);
    f[FEAT_1_EDX] = d;
    f[FEAT_1_ECX] = c;
    __cpuid_count(7, 0, a, b, c, d);
    f[FEAT_7_0_EBX] = b;
    f[FEAT_7_0_ECX] = c;
    f[FEAT_7_0_EDX] = d;
    __cpuid_count(7, 1, a, b, c, d);
    f[FEAT_7_1_EAX] = a;
    __cpuid(0x80000001, a, b, c, d);
    f[FEAT_8000_0001_EDX] = d;
    f[FEAT_8000_0001_ECX] = c;
    __cpuid_count(13, 1, a, b, c, d);
    f[FEAT_XSAVE] = a;
}
