/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs random sequences on the host without system calls: state comes from a page at a fixed address below 2 GiB
 * and goes back there, reached by absolute addresses, so that no register is needed. A sequence ends with a jump to
 * SEQ_END; faults end in the signal handler of native_exec.c. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/insn/insn_test.h"
#include "tests/insn/native_int.h"

#define AREA 0x20006000
enum { XS_AT = 0x400, XS_BYTES = 0x1400 };

typedef struct FastArea {
    uint64_t in[16], rflags, target, host_rsp, back, mask;
    struct { uint32_t off; uint16_t sel, pad; } far;
    uint64_t out[16], out_rflags;
    uint8_t gap[XS_AT - 40 * 8 + 8];
    uint8_t xs_in[XS_BYTES], xs_out[XS_BYTES];
} FastArea;
G_STATIC_ASSERT(offsetof(FastArea, xs_in) == XS_AT);

#define AREA_PTR ((FastArea *)AREA)

void fast_enter64(void);
void fast_enter32(void);
void fast_faulted(void);
extern const uint8_t fast_end[], fast_end_end[];
void fast_return(void);

/* The area's members as the assembler sees them. */
__asm__(".set fa, 0x20006000\n .set fa_rflags, fa+128\n .set fa_target, fa+136\n .set fa_rsp, fa+144\n"
        ".set fa_back, fa+152\n .set fa_mask, fa+160\n .set fa_far, fa+168\n .set fa_out, fa+176\n"
        ".set fa_out_rflags, fa+304\n .set fa_xs_in, fa+0x400\n .set fa_xs_out, fa+0x1800\n"
        ".macro fast_load\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov %rsp,fa_rsp\n mov fa_mask,%eax\n mov fa_mask+4,%edx\n mov $fa_xs_in,%edi\n xrstor64 (%rdi)\n"
        "pushq fa_rflags\n popfq\n"
        "mov fa+8,%rcx\n mov fa+16,%rdx\n mov fa+24,%rbx\n mov fa+40,%rbp\n mov fa+48,%rsi\n mov fa+56,%rdi\n"
        "mov fa+64,%r8\n mov fa+72,%r9\n mov fa+80,%r10\n mov fa+88,%r11\n mov fa+96,%r12\n mov fa+104,%r13\n"
        "mov fa+112,%r14\n mov fa+120,%r15\n mov fa+0,%rax\n mov fa+32,%rsp\n"
        ".endm\n"
        ".text\n"
        "fast_enter64:\n fast_load\n jmp *fa_target\n"
        "fast_enter32:\n fast_load\n ljmp *fa_far\n"
        "fast_end:\n"
        "mov %rax,fa_out\n mov %rcx,fa_out+8\n mov %rdx,fa_out+16\n mov %rbx,fa_out+24\n mov %rsp,fa_out+32\n"
        "mov %rbp,fa_out+40\n mov %rsi,fa_out+48\n mov %rdi,fa_out+56\n mov %r8,fa_out+64\n mov %r9,fa_out+72\n"
        "mov %r10,fa_out+80\n mov %r11,fa_out+88\n mov %r12,fa_out+96\n mov %r13,fa_out+104\n mov %r14,fa_out+112\n"
        "mov %r15,fa_out+120\n mov fa_rsp,%rsp\n pushfq\n popq fa_out_rflags\n cld\n"
        "mov fa_mask,%eax\n mov fa_mask+4,%edx\n mov $fa_xs_out,%edi\n xsave64 (%rdi)\n jmp *fa_back\n"
        "fast_end_end:\n"
        "fast_return:\n fninit\n"
        "fast_faulted:\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static InsnState *fast_out;

/* From the signal handler: the sequence has faulted. */
static void fast_fault(ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;

    native_result(uc, fast_out);
    native_quiet(uc);
    g[REG_RIP] = (greg_t)(uintptr_t)fast_faulted;
    g[REG_RSP] = (greg_t)AREA_PTR->host_rsp;
    g[REG_EFL] = FL_R1 | FL_IF;
    g[REG_CSGSFS] = (g[REG_CSGSFS] & ~(greg_t)0xffff) | 0x33;
}

void native_fast_init(void)
{
    static const uint8_t far_jump[] = { 0xea, 0x00, 0x40, 0x00, 0x20, 0x33, 0x00 };
    uint16_t user = 0x2b;
    uint8_t *code = mmap((void *)(uintptr_t)SEQ_END, 0x1000, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    void *area = mmap((void *)(uintptr_t)AREA, 0x3000, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    g_assert((uintptr_t)code == SEQ_END && (uintptr_t)area == AREA);
    memset(code, 0xcc, 0x1000);
    memcpy(code, fast_end, fast_end_end - fast_end);
    memcpy(code + (SEQ_END32 - SEQ_END), far_jump, sizeof(far_jump));
    g_assert(mprotect(code, 0x1000, PROT_READ | PROT_EXEC) == 0);
    AREA_PTR->back = (uintptr_t)fast_return;
    AREA_PTR->mask = native_xcr0();
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(user));
}

void native_fast_run(const InsnState *in, bool mode64, InsnState *out)
{
    FastArea *a = AREA_PTR;
    static const uint32_t quiet = 0x1f80;

    memcpy(a->in, in->gpr, sizeof(a->in));
    a->rflags = in->rflags | FL_IF | FL_R1;
    a->target = in->rip;
    a->far.off = in->rip;
    a->far.sel = 0x23;
    native_xstate_in(in, a->xs_in);
    out->vector = VECTOR_NONE;
    out->write = false;
    out->cr2 = 0;
    fast_out = out;
    native_begin(fast_fault, out);
    if (mode64) {
        fast_enter64();
    } else {
        fast_enter32();
    }
    __asm__ volatile("ldmxcsr %0; vzeroupper" : : "m"(quiet) : "memory");
    if (native_ended()) {           /* no fault has ended it */
        memcpy(out->gpr, a->out, sizeof(out->gpr));
        out->rflags = a->out_rflags;
        out->rip = mode64 ? SEQ_END : SEQ_END32;
        native_xstate_out(a->xs_out, &out->xs);
    }
}
