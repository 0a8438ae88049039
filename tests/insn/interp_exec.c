/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs test code on the interpreter, with the arena as guest memory: this file stands in for
 * accel/tcg and for exception delivery. */
#include "tests/insn/interp_exec.h"

#include <setjmp.h>
#include <string.h>

#include "accel/accel.h"
#include "target/i386/features.h"
#include "target/i386/sys.h"

X86Cpu interp_cpu;
sigjmp_buf interp_out;
static InsnState *result;

/* ---- exceptions end the test */

static G_NORETURN void raise_vector(int vector)
{
    result->vector = vector;
    siglongjmp(interp_out, 1);
}

void x86_raise(X86Cpu *c, int vector)
{
    raise_vector(vector);
}
void x86_raise_err(X86Cpu *c, int vector, uint32_t error)
{
    raise_vector(vector);
}
void x86_raise_ud(X86Cpu *c)
{
    raise_vector(EXC_UD);
}
void x86_debug_trap(X86Cpu *c, uint64_t dr6)
{
    raise_vector(EXC_DB);
}
void x86_watch(X86Cpu *c, uint64_t la, unsigned n, Access how)
{
}
void x86_check_insn_bp(X86Cpu *c) {}
void x86_report_ferr(X86Cpu *c) {}
void x86_check_io(X86Cpu *c, unsigned port, unsigned size)
{
    raise_vector(EXC_GP);
}
uint32_t x86_io_read(X86Cpu *c, unsigned port, unsigned size)
{
    return 0;
}
void x86_io_write(X86Cpu *c, unsigned port, unsigned size, uint32_t v) {}
void x86_cpuid(X86Cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4]) {}
void x86_update_hflags(X86Cpu *c) {}
void guest_yield(Cpu *c) {}

uint32_t log_level;

bool x86_canonical(const X86Cpu *c, uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}
void cpu_exclusive_begin(Cpu *c) {}
void cpu_exclusive_end(Cpu *c) {}
void guest_exit(Cpu *c)
{
    siglongjmp(interp_out, 1);
}

/* ---- guest memory */

int64_t guest_shift;

static bool byte_mapped(uint64_t va, Access how)
{
    return (va - ARENA_DATA < ARENA_DATA_SIZE && how != ACCESS_FETCH) ||
           (va - ARENA_CODE < ARENA_CODE_SIZE && how != ACCESS_STORE);
}

static void *at(uint64_t va, size_t n, Access how)
{
    for (uint64_t a = va; a - va < n; a = (a | 0xfff) + 1) {
        if (!byte_mapped(a, how)) {
            result->cr2 = a;
            result->write = how == ACCESS_STORE;
            raise_vector(EXC_PF);
        }
    }
    return (void *)(uintptr_t)(va - ARENA_DATA < ARENA_DATA_SIZE ? va + guest_shift : va);
}

#define ACCESSORS(bits)                                                                            \
    uint##bits##_t guest_ld##bits(Cpu *c, uint64_t va, unsigned mode)                              \
    {                                                                                              \
        uint##bits##_t v;                                                                          \
                                                                                                   \
        memcpy(&v, at(va, sizeof(v), ACCESS_LOAD), sizeof(v));                                     \
        return v;                                                                                  \
    }                                                                                              \
    void guest_st##bits(Cpu *c, uint64_t va, uint##bits##_t v, unsigned mode)                      \
    {                                                                                              \
        memcpy(at(va, sizeof(v), ACCESS_STORE), &v, sizeof(v));                                    \
    }
ACCESSORS(8)
ACCESSORS(16)
ACCESSORS(32)
ACCESSORS(64)

void guest_read(Cpu *c, uint64_t va, void *buf, size_t n, unsigned mode)
{
    memcpy(buf, at(va, n, ACCESS_LOAD), n);
}
void guest_write(Cpu *c, uint64_t va, const void *buf, size_t n, unsigned mode)
{
    memcpy(at(va, n, ACCESS_STORE), buf, n);
}
void guest_check(Cpu *c, uint64_t va, size_t n, Access how, unsigned mode)
{
    at(va, n, how);
}

void *guest_host(Cpu *c, uint64_t va, size_t n, Access how, unsigned mode)
{
    return ((va ^ (va + n - 1)) & ~0xfffull) != 0 ? NULL : at(va, n, how);
}

unsigned guest_fetch(Cpu *c, uint64_t va, uint8_t *buf, unsigned need, unsigned want)
{
    unsigned n = need;

    at(va, need, ACCESS_FETCH);
    while (n < want && byte_mapped(va + n, ACCESS_FETCH)) {
        n++;
    }
    memcpy(buf, (void *)(uintptr_t)va, n);
    return n;
}

/* ---- state */

static void load_state(const InsnState *in, bool mode64)
{
    X86Env *e = &interp_cpu.env;

    memcpy(e->gpr, in->gpr, sizeof(e->gpr));
    e->rip = in->rip;
    e->rflags = in->rflags | FL_IF | FL_R1;
    e->xs = in->xs;
    e->xs.xstate_bv = native_xcr0();
    e->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP | CR0_MP;
    e->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (native_xcr0() & XCR0_AVX ? CR4_OSXSAVE : 0);
    e->xcr0 = native_xcr0();
    e->efer = EFER_LMA | EFER_LME | EFER_SCE | EFER_NXE;
    e->hflags = 3 | HF_PE | HF_PG | HF_LMA | HF_SS32 | HF_OSFXSR | HF_OSXSAVE | HF_AVX |
                (native_xcr0() & XCR0_OPMASK ? HF_AVX512 : 0) |
                (mode64 ? HF_CS64 : HF_CS32 | HF_FLAT);
    e->mmu_mode = X86_MMU_USER;
    for (unsigned k = 0; k <= SEG_GS; k++) {
        e->seg[k] = (X86Seg){.limit = ~0u, .sel = 0x2b, .attr = 0xcff300};
    }
    e->seg[SEG_CS].attr = mode64 ? 0xaffb00 : 0xcffb00;
    e->seg[SEG_CS].sel = mode64 ? 0x33 : 0x23;
}

bool interp_at_end(void)
{
    uint64_t rip = interp_cpu.env.rip;

    return rip - ARENA_CODE < ARENA_CODE_SIZE && *(uint8_t *)(uintptr_t)rip == 0xcc;
}

void interp_begin(const InsnState *in, bool mode64, InsnState *out)
{
    static bool ready;

    if (!ready) {
        native_features(interp_cpu.env.features);
        ready = true;
    }
    load_state(in, mode64);
    out->vector = VECTOR_STUCK;
    out->cr2 = 0;
    out->write = false;
    out->open_flags = 0;
    result = out;
}

void interp_end(InsnState *out)
{
    memcpy(out->gpr, interp_cpu.env.gpr, sizeof(out->gpr));
    out->rip = interp_cpu.env.rip;
    out->rflags = interp_cpu.env.rflags;
    out->xs = interp_cpu.env.xs;
}

static void interp_run(const InsnState *in, bool mode64, InsnState *out)
{
    interp_begin(in, mode64, out);
    if (sigsetjmp(interp_out, 0) == 0) {
        for (unsigned k = 0; k < 10000 && !interp_at_end(); k++) {
            x86_interpret(&interp_cpu.cpu, 1);
        }
        out->vector = interp_at_end() ? VECTOR_NONE : VECTOR_STUCK;
    }
    interp_end(out);
}

/* How many instructions ran: counted before each, also before the one at the end. */
unsigned interp_sequence(const InsnState *in, bool mode64, InsnState *out)
{
    enum { MAX = 20000 };
    int32_t left = MAX;

    interp_begin(in, mode64, out);
    interp_cpu.cpu.icount = &left;
    if (sigsetjmp(interp_out, 0) == 0) {
        x86_interpret(&interp_cpu.cpu, MAX);
    }
    interp_cpu.cpu.icount = NULL;
    interp_end(out);
    sequence_end(out);
    return MAX - left - 1;
}

/* Fetching at the end faults. */
void sequence_end(InsnState *out)
{
    if (out->vector == EXC_PF && (out->rip == SEQ_END || out->rip == SEQ_END32) && out->cr2 == out->rip) {
        out->vector = VECTOR_NONE;
        out->cr2 = 0;
    }
}

/* Speed on plain code: load, add, store, multiply, mask, count down, branch. */
double interp_bench(void)
{
    static const uint8_t loop[] = {
        0x48, 0x8b, 0x04, 0xcb, 0x48, 0x01, 0xd0, 0x48, 0x89, 0x04, 0xcb, 0x48, 0x6b,
        0xd2, 0x03, 0xff, 0xc1, 0x83, 0xe1, 0x3f, 0x48, 0xff, 0xce, 0x75, 0xe7, 0xcc,
    };
    InsnState in = {.rip = CODE_AT}, out;
    uint64_t insns = 0;
    int64_t start;

    memset(native_code(), 0xcc, ARENA_CODE_SIZE);
    memcpy(native_code() + (CODE_AT - ARENA_CODE), loop, sizeof(loop));
    in.gpr[R_RBX] = ARENA_DATA;
    in.gpr[R_RSI] = 8000000;
    result = &out;
    load_state(&in, true);
    start = g_get_monotonic_time();
    while (!interp_at_end()) {
        insns += x86_interpret(&interp_cpu.cpu, 8000);
    }
    return insns / (double)(g_get_monotonic_time() - start);
}

const Executor exec_interp = {.name = "interpreter", .run = interp_run};
