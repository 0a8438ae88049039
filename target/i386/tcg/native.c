/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one vector or x87 instruction of the guest on the host CPU: its state is loaded, the same
 * instruction with its memory operand redirected to a buffer and its general register renamed to
 * RSI is called, the state is stored back. Carries what passes through to the host anyway (AVX-512
 * and the like) when a block is not translated, and checks C semantics. Unmasked SIMD exceptions
 * end the call by SIGFPE and are raised for the guest; x87 exceptions stay pending as on hardware.
 * Spec: SDM vol. 1, 11.5 and 13.7-13.8. */
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "target/i386/tcg/host_xsave.h"
#include "target/i386/tcg/native.h"

typedef struct NativeCall {
    uint64_t rax, rcx, rdx, rsi, rdi, rflags;
    const void *code;
    void *xs;
    uint64_t mask;
} NativeCall;

void native_call(NativeCall *n);
__asm__(".text\n.globl native_call\n.hidden native_call\n.type native_call,@function\n"
        "native_call:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n sub $8,%rsp\n"
        "stmxcsr (%rsp)\n"
        "mov %rdi,%r12\n mov 56(%r12),%rbx\n"
        "mov 64(%r12),%eax\n mov 68(%r12),%edx\n xrstor64 (%rbx)\n"
        "pushq 40(%r12)\n popfq\n"
        "mov 0(%r12),%rax\n mov 8(%r12),%rcx\n mov 16(%r12),%rdx\n mov 24(%r12),%rsi\n mov "
        "32(%r12),%rdi\n"
        "call *48(%r12)\n"
        "mov %rax,0(%r12)\n mov %rcx,8(%r12)\n mov %rdx,16(%r12)\n mov %rsi,24(%r12)\n"
        "pushfq\n popq 40(%r12)\n cld\n"
        "mov 64(%r12),%eax\n mov 68(%r12),%edx\n xsave64 (%rbx)\n"
        "fninit\n ldmxcsr (%rsp)\n"
        "add $8,%rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
        ".size native_call,.-native_call\n");

enum { STUB_BYTES = 32, STUB_COUNT = 4096 };

/* Code of this thread's stubs; a stub's own bytes are its key. */
static __thread uint8_t *stub_pool;

static const void *stub_for(const uint8_t code[16])
{
    uint64_t k[2];
    uint8_t *slot;

    if (stub_pool == NULL) {
        stub_pool = mmap(NULL, STUB_BYTES * STUB_COUNT, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert(stub_pool != MAP_FAILED);
    }
    memcpy(k, code, 16);
    slot = stub_pool +
           ((k[0] ^ k[1] * 0x9e3779b97f4a7c15ull) * 0x9e3779b97f4a7c15ull >> 52) * STUB_BYTES;
    if (memcmp(slot, code, 16) != 0) {
        memcpy(slot, code, 16);
        slot[16] = 0xc3;
    }
    return slot;
}

/* Whether SIGFPE comes here. If not, exceptions run masked: then unmasked underflow is found only
 * for results that are inexact too. */
static bool traps;

void native_traps(void)
{
    traps = true;
}

/* An unmasked exception in a stub: the flags stay, the result does not come. */
bool native_trapped(void *ucontext)
{
    ucontext_t *uc = ucontext;
    uintptr_t at = uc->uc_mcontext.gregs[REG_RIP] - (uintptr_t)stub_pool;

    if (stub_pool == NULL || at >= STUB_BYTES * STUB_COUNT) {
        return false;
    }
    uc->uc_mcontext.fpregs->mxcsr |= 0x1f80;
    uc->uc_mcontext.gregs[REG_RIP] = (uintptr_t)stub_pool + at / STUB_BYTES * STUB_BYTES + 16;
    return true;
}

static uint32_t run_mxcsr(const X86Cpu *c)
{
    return (c->env.xs.mxcsr & ~0x3fu) | (traps ? 0 : 0x1f80);
}

static uint64_t host_xcr0(void)
{
    static uint64_t cached;
    unsigned lo, hi;

    if (cached == 0) {
        __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
        cached = lo & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16);
    }
    return cached;
}

/* Everything the guest may see comes back but what runs of other code would leave: the x87
 * pointers. */
static void run(X86Cpu *c, NativeCall *n, uint32_t mxcsr, uint32_t *ret_mxcsr, X86Xsave *out)
{
    uint8_t hw[HOST_XSAVE_BYTES] __attribute__((aligned(64)));
    X86Xsave *h = (X86Xsave *)hw;
    X86Xsave *xs = &c->env.xs;
    bool ext = (c->env.xcr0 & XCR0_OPMASK) != 0 && (host_xcr0() & XCR0_OPMASK) != 0;

    memcpy(hw, xs, XS_BASIC);
    h->mxcsr = mxcsr;
    h->fip = h->fdp = 0;
    n->mask = XCR0_X87 | XCR0_SSE | (host_xcr0() & XCR0_AVX);
    if (ext) {
        host_xsave_copy(xs, hw, true);
        n->mask |= host_xcr0();
    }
    h->xstate_bv = n->mask;
    h->xcomp_bv = 0;
    memset(h->pad2, 0, sizeof(h->pad2));
    n->xs = hw;
    native_call(n);
    *ret_mxcsr = h->mxcsr;
    *out = *xs;
    memcpy(out, hw, XS_BASIC);
    out->fip = xs->fip;
    out->fdp = xs->fdp;
    out->fop = xs->fop;
    out->mxcsr = xs->mxcsr;
    out->mxcsr_mask = xs->mxcsr_mask;
    out->xstate_bv = (xs->xstate_bv & ~n->mask) | h->xstate_bv;
    out->xcomp_bv = xs->xcomp_bv;
    if (ext) {
        host_xsave_copy(out, hw, false);
    }
}

static bool is_gpr_reg(unsigned op)
{
    return op >= OP_Gb && op <= OP_Gy;
}

static bool is_gpr_rm(unsigned op)
{
    return (op >= OP_Eb && op <= OP_Ey) || op == OP_Rv || op == OP_Ry;
}

/* Which general register, if any, an operand names; at most one in these instructions. */
static int gpr_operand(const Insn *i, bool *is_dest, bool *in_rm)
{
    for (unsigned n = 0; n < 4; n++) {
        unsigned op = i->row->op[n];

        *is_dest = n == 0;
        *in_rm = is_gpr_rm(op);
        if (is_gpr_reg(op)) {
            return i->reg;
        }
        if (*in_rm && !(i->pfx & IPFX_MEM)) {
            return i->rm;
        }
    }
    return -1;
}

unsigned insn_mem_bytes(const Insn *i)
{
    bool bcast = i->row->enc == ENC_EVEX && (i->evex & EVX_B);

    switch (i->row->mem) {
    case MEM_OPSZ: return i->opsize;
    case MEM_Y: return i->rex & 8 ? 8 : 4;
    case MEM_VL: return bcast ? (i->rex & 8 ? 8 : 4) : i->vl;
    case MEM_VL2: return bcast ? 4 : i->vl / 2;
    case MEM_VL4: return i->vl / 4;
    case MEM_VL8: return i->vl / 8;
    case MEM_28: return i->opsize == 2 ? 14 : 28;
    case MEM_108: return i->opsize == 2 ? 94 : 108;
    case MEM_512: return 512;
    default: return i->row->mem < 100 ? i->row->mem : 0;
    }
}

/* SDM vol. 1, 11.5.2: exceptions found before the computation keep the others from being looked
 * for. */
void x86_raise_simd(X86Cpu *c, uint32_t flags)
{
    uint32_t unmasked = flags & ~(c->env.xs.mxcsr >> 7);

    c->env.xs.mxcsr |= unmasked & 7 ? flags & 7 : flags;
    if (!(c->env.cr4 & CR4_OSXMMEXCPT)) {
        x86_raise_ud(c);
    }
    x86_raise(c, EXC_XM);
}

/* ---- the memory operand */

/* Bytes that are accessed: all of it, or what the opmask leaves. Runs of neighbours are one access.
 */
typedef struct MemOperand {
    uint64_t ea, va; /* va: of the start, segment limits not applied */
    unsigned bytes, n, element;
    struct {
        uint8_t at, bytes;
    } run[32];
} MemOperand;

static uint64_t low_bits(unsigned n)
{
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* Which memory elements of *ret_size bytes the opmask selects. */
static uint64_t elements_needed(const X86Cpu *c, const Insn *i, unsigned bytes, unsigned *ret_size)
{
    unsigned es = insn_element(i), count = i->vl / es;
    uint64_t mask = c->env.xs.opmask[i->aaa] & low_bits(count), need = 0;

    if (i->evex & EVX_B) {
        *ret_size = bytes;
        return mask != 0;
    }
    *ret_size = es;
    switch (i->row->evx & FS_MASK) {
    case FS_ELEM: *ret_size = bytes / count; return mask;
    case FS_PART: return mask & low_bits(bytes / es);
    case FS_PACK: return low_bits(__builtin_popcountll(mask));
    case FS_BCAST:
        for (unsigned k = 0; k < count; k++) {
            need |= (mask >> k & 1) << k % (bytes / es);
        }
        return need;
    default: *ret_size = bytes; return mask & 1;
    }
}

bool insn_spares_memory(const Insn *i)
{
    return i->aaa != 0 && (i->row->evx & FS_MASK);
}

static void find_runs(const X86Cpu *c, const Insn *i, MemOperand *m)
{
    unsigned size, end = 0;
    uint64_t need;

    if (!insn_spares_memory(i)) {
        m->n = 1;
        m->element = m->bytes;
        m->run[0].at = 0;
        m->run[0].bytes = m->bytes;
        return;
    }
    need = elements_needed(c, i, m->bytes, &size);
    m->element = size;
    for (unsigned at = 0; need != 0; need >>= 1, at += size) {
        if (!(need & 1)) {
            continue;
        }
        if (m->n == 0 || end != at) {
            m->run[m->n].at = at;
            m->run[m->n++].bytes = 0;
        }
        m->run[m->n - 1].bytes += size;
        end = at + size;
    }
}

/* Segment limits of a run; where the operand goes over the end of a 4G segment, element by element: a page that is
 * not there comes first. */
static void check_run(X86Cpu *c, const Insn *i, const MemOperand *m, unsigned k, Access how)
{
    uint64_t ea = m->ea + m->run[k].at;
    unsigned bytes = m->run[k].bytes;

    if ((c->env.hflags & HF_CS64) || !insn_spares_memory(i) || m->ea + m->bytes - 1 <= 0xffffffff) {
        insn_linear(c, i->seg, ea, bytes, how, i->adsize);
        return;
    }
    for (unsigned at = 0; at < bytes; at += m->element) {
        uint64_t va = insn_linear(c, i->seg, ea + at, m->element, how, i->adsize);

        guest_check(&c->cpu, va, m->element, how, c->env.mmu_mode);
    }
}

/* Checks the operand, and reads it or makes sure that it can be written. */
static void mem_begin(X86Cpu *c, const Insn *i, MemOperand *m, uint8_t *buf)
{
    const X86Seg *s = &c->env.seg[i->seg];
    Access how = i->row->acc & ACC_W ? ACCESS_STORE : ACCESS_LOAD;

    m->ea = insn_ea(c, i);
    m->va = m->ea + (i->seg >= SEG_FS || !(c->env.hflags & HF_CS64) ? s->base : 0);
    if (!(c->env.hflags & HF_CS64)) {
        m->va = (uint32_t)m->va;
    }
    find_runs(c, i, m);
    if (i->row->evx & EV_WHOLE) {
        insn_linear(c, i->seg, m->ea, m->bytes, how, i->adsize);
        guest_check(&c->cpu, m->va, m->bytes, how, c->env.mmu_mode);
    }
    if ((i->row->flags & IF_ALIGN) && m->n != 0 && (m->va & (m->bytes - 1)) != 0) {
        x86_raise_err(c, EXC_GP, 0);
    }
    for (unsigned k = 0; k < m->n; k++) {
        check_run(c, i, m, k, how);
    }
    for (unsigned k = 0; k < m->n; k++) {
        if (i->row->acc & ACC_R) {
            guest_read(&c->cpu, m->va + m->run[k].at, buf + m->run[k].at, m->run[k].bytes,
                       c->env.mmu_mode);
        } else {
            guest_check(&c->cpu, m->va + m->run[k].at, m->run[k].bytes, ACCESS_STORE,
                        c->env.mmu_mode);
        }
    }
}

static void mem_end(X86Cpu *c, const MemOperand *m, const uint8_t *buf)
{
    for (unsigned k = 0; k < m->n; k++) {
        guest_write(&c->cpu, m->va + m->run[k].at, buf + m->run[k].at, m->run[k].bytes,
                    c->env.mmu_mode);
    }
}

/* ---- the instruction */

static void set_x87_pointers(X86Cpu *c, const Insn *i, const MemOperand *m)
{
    c->env.xs.fip = c->env.rip;
    c->env.xs.fop = (i->opcode & 7) << 8 | i->modrm;
    c->env.xs.fdp = m->bytes != 0 ? m->ea : c->env.xs.fdp;
}

/* Unmasked exceptions other than precision keep x87 stores from memory. None was pending before. */
static bool x87_kept_back(const Insn *i, const X86Xsave *after)
{
    return (i->row->flags & IF_X87) && (after->fsw & ~after->fcw & 0x1f) != 0;
}

void sem_native(X86Cpu *c, const Insn *i)
{
    uint8_t mem[64] __attribute__((aligned(64))) = { 0 };
    uint8_t code[16];
    InsnEnc e = { .reg = i->reg, .rm = i->rm, .vvvv = i->vvvv, .base = R_RDI, .index = NO_REG };
    NativeCall n = { .rax = c->env.gpr[R_RAX],
                     .rcx = c->env.gpr[R_RCX],
                     .rdx = c->env.gpr[R_RDX],
                     .rdi = (uintptr_t)mem,
                     .rflags = (c->env.rflags & FL_STATUS) | 0x202 };
    MemOperand m = { .bytes = i->pfx & IPFX_MEM ? insn_mem_bytes(i) : 0 };
    uint32_t mxcsr = run_mxcsr(c), after, flags, unmasked;
    X86Xsave out;
    bool is_dest, in_rm;
    int gpr = gpr_operand(i, &is_dest, &in_rm);

    if (m.bytes != 0) {
        mem_begin(c, i, &m, mem);
        e.mem = true;
    }
    if (gpr >= 0) {
        n.rsi = c->env.gpr[gpr];
        *(in_rm ? &e.rm : &e.reg) = R_RSI;
    }
    memset(code, 0x90, sizeof(code));
    insn_encode(i, &e, code);
    n.code = stub_for(code);
    run(c, &n, mxcsr, &after, &out);

    flags = after & 0x3f;
    unmasked = flags & ~(c->env.xs.mxcsr >> 7);
    if ((i->row->flags & IF_SIMD_FP) && unmasked != 0) {
        x86_raise_simd(c, flags);
    }
    if (m.bytes != 0 && (i->row->acc & ACC_W) && !x87_kept_back(i, &out)) {
        mem_end(c, &m, mem);
    }
    c->env.xs = out;
    c->env.xs.mxcsr |= flags;
    if (i->row->flags & IF_X87) {
        set_x87_pointers(c, i, &m);
    }
    if (gpr >= 0 && is_dest) {
        c->env.gpr[gpr] = n.rsi;
    }
    if (i->row->gpr_write & 1 << R_RCX) {
        c->env.gpr[R_RCX] = n.rcx;
    }
    c->env.rflags = (c->env.rflags & ~(uint64_t)i->row->fl_write) | (n.rflags & i->row->fl_write);
}
