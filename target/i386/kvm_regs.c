/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of a vCPU's registers to and from KVM, in one order each (api.rst, section 4; the reasons are at the rows of
 * put_steps). The vCPU stands still or is the caller. */
#include "target/i386/kvm_x86.h"

#include <errno.h>
#include <string.h>

#include "hw/core/vm.h"
#include "target/i386/features.h"
#include "util/err.h"
#include "util/log.h"

bool x86_kvm_fail(GError **errp, int err, const char *what)
{
    return err >= 0 || err_fail_errno(errp, -err, "KVM: %s", what);
}

static int vcpu(X86Cpu *c, unsigned long request, void *arg) { return kvm_vcpu_ioctl(&c->cpu, request, arg); }

/* ---- general registers */

static uint64_t *const *gpr_slots(struct kvm_regs *r, uint64_t *slots[16])
{
    uint64_t *const all[16] = {
        (uint64_t *)&r->rax, (uint64_t *)&r->rcx, (uint64_t *)&r->rdx, (uint64_t *)&r->rbx, (uint64_t *)&r->rsp,
        (uint64_t *)&r->rbp, (uint64_t *)&r->rsi, (uint64_t *)&r->rdi, (uint64_t *)&r->r8, (uint64_t *)&r->r9,
        (uint64_t *)&r->r10, (uint64_t *)&r->r11, (uint64_t *)&r->r12, (uint64_t *)&r->r13, (uint64_t *)&r->r14,
        (uint64_t *)&r->r15,
    };

    memcpy(slots, all, sizeof(all));
    return slots;
}

static bool get_general(X86Cpu *c, GError **errp)
{
    struct kvm_regs r;
    uint64_t *slots[16];

    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_REGS, &r), "reading registers")) {
        return false;
    }
    gpr_slots(&r, slots);
    for (unsigned i = 0; i < 16; i++) {
        c->env.gpr[i] = *slots[i];
    }
    c->env.rip = c->env.next_rip = r.rip;
    c->env.rflags = r.rflags;
    return true;
}

static bool put_general(X86Cpu *c, KvmPut how, GError **errp)
{
    struct kvm_regs r = { .rip = c->env.rip, .rflags = c->env.rflags };
    uint64_t *slots[16];

    (void)how;
    gpr_slots(&r, slots);
    for (unsigned i = 0; i < 16; i++) {
        *slots[i] = c->env.gpr[i];
    }
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_REGS, &r), "writing registers");
}

/* ---- segments, tables, control registers, EFER, APIC base */

static void seg_from(X86Seg *to, const struct kvm_segment *s)
{
    *to = (X86Seg){
        .base = s->base, .limit = s->limit, .sel = s->selector,
        .attr = s->unusable ? 0
                            : (uint32_t)s->type << 8 | (uint32_t)s->s << 12 | (uint32_t)s->dpl << 13 |
                                  (uint32_t)s->present << 15 | (uint32_t)s->avl << 20 | (uint32_t)s->l << 21 |
                                  (uint32_t)s->db << 22 | (uint32_t)s->g << 23,
    };
    if (s->unusable) {              /* a null SS keeps its level */
        to->attr = (uint32_t)s->dpl << SEGA_DPL_SHIFT;
    }
}

static struct kvm_segment seg_to(const X86Seg *s)
{
    return (struct kvm_segment){
        .base = s->base, .limit = s->limit, .selector = (uint16_t)s->sel, .type = s->attr >> 8 & 15,
        .s = s->attr >> 12 & 1, .dpl = s->attr >> 13 & 3, .present = s->attr >> 15 & 1, .avl = s->attr >> 20 & 1,
        .l = s->attr >> 21 & 1, .db = s->attr >> 22 & 1, .g = s->attr >> 23 & 1,
        .unusable = !(s->attr & SEGA_P),
    };
}

static struct kvm_segment *sreg_seg(struct kvm_sregs *s, unsigned seg)
{
    struct kvm_segment *const all[SEG_COUNT] = {
        [SEG_ES] = &s->es, [SEG_CS] = &s->cs, [SEG_SS] = &s->ss, [SEG_DS] = &s->ds, [SEG_FS] = &s->fs,
        [SEG_GS] = &s->gs, [SEG_LDTR] = &s->ldt, [SEG_TR] = &s->tr,
    };

    return all[seg];
}

static bool get_special(X86Cpu *c, GError **errp)
{
    X86Env *env = &c->env;
    struct kvm_sregs s;

    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_SREGS, &s), "reading special registers")) {
        return false;
    }
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        seg_from(&env->seg[i], sreg_seg(&s, i));
    }
    env->gdt = (X86Table){ s.gdt.base, s.gdt.limit };
    env->idt = (X86Table){ s.idt.base, s.idt.limit };
    env->cr0 = s.cr0;
    env->cr2 = s.cr2;
    env->cr3 = s.cr3;
    env->cr4 = s.cr4;
    env->cr8 = s.cr8;
    env->efer = s.efer;
    env->apic_base = s.apic_base;
    return true;
}

static bool put_special(X86Cpu *c, KvmPut how, GError **errp)
{
    X86Env *env = &c->env;
    struct kvm_sregs s = {
        .gdt = { .base = env->gdt.base, .limit = (uint16_t)env->gdt.limit },
        .idt = { .base = env->idt.base, .limit = (uint16_t)env->idt.limit },
        .cr0 = env->cr0, .cr2 = env->cr2, .cr3 = env->cr3, .cr4 = env->cr4, .cr8 = x86_get_cr8(c),
        .efer = env->efer,
    };

    (void)how;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        *sreg_seg(&s, i) = seg_to(&env->seg[i]);
    }
    s.apic_base = c->apic_ops != NULL ? c->apic_ops->get_base(c->apic) : 0xfee00000 | (c->bsp ? 0x900 : 0x800);
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_SREGS, &s), "writing special registers");
}

/* ---- x87, vector state: our image has the offsets of Intel's processors, the kernel's those of this host */

typedef struct XsavePart { uint8_t n; uint32_t at, size; } XsavePart;
#define PART(n, m) { n, offsetof(X86Cpu, m), sizeof(((X86Cpu *)0)->m) }
static const XsavePart xsave_parts[] = {
    PART(2, env.xs.ymmh), PART(5, env.xs.opmask), PART(6, env.xs.zmmh), PART(7, env.xs.zmm16),
    { 9, offsetof(X86Cpu, env.xs.pkru), 8 }, PART(17, kvm_only.tilecfg), PART(18, kvm_only.tiles),
};
enum { LEGACY_BYTES = 512, HEADER_AT = 512, AREA_MIN = 576 };

static void move_parts(X86Cpu *c, uint64_t have, bool to_kernel)
{
    X86Kvm *x = x86_kvm(c);

    for (size_t i = 0; i < G_N_ELEMENTS(xsave_parts); i++) {
        uint8_t *ours = (uint8_t *)c + xsave_parts[i].at;
        uint32_t at, size;

        x86_kvm_xsave_part(x86_kvm_of(c), xsave_parts[i].n, &at, &size);
        size = MIN(size, xsave_parts[i].size);
        if (size == 0 || at + size > x->xsave_size) {
            continue;
        }
        if (to_kernel) {
            memcpy(x->xsave + at, ours, size);
        } else if (have >> xsave_parts[i].n & 1) {
            memcpy(ours, x->xsave + at, size);
        } else {                    /* in its initial state */
            memset(ours, 0, size);
        }
    }
}

static bool get_vectors(X86Cpu *c, GError **errp)
{
    X86Kvm *x = x86_kvm(c);
    bool big = x->xsave_size > sizeof(struct kvm_xsave);
    uint64_t have;

    if (!x86_kvm_fail(errp, vcpu(c, big ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, x->xsave), "reading vector registers")) {
        return false;
    }
    memcpy(&have, x->xsave + HEADER_AT, sizeof(have));
    memcpy(&c->env.xs, x->xsave, LEGACY_BYTES);
    if (!(have & XCR0_X87)) {       /* initial state: what lies in the area does not count */
        memset(c->env.xs.st, 0, sizeof(c->env.xs.st));
        c->env.xs.fcw = 0x37f;
        c->env.xs.fsw = c->env.xs.fop = c->env.xs.ftw = 0;
        c->env.xs.fip = c->env.xs.fdp = 0;
    }
    if (!(have & XCR0_SSE)) {
        memset(c->env.xs.xmm, 0, sizeof(c->env.xs.xmm));
        if (!(have & XCR0_AVX)) {
            c->env.xs.mxcsr = 0x1f80;
        }
    }
    c->env.xs.xstate_bv = have;
    move_parts(c, have, false);
    return true;
}

static bool all_zero(const uint8_t *p, size_t n) { return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0); }

/* Tiles only where they are in use: a processor saves 8 KiB the less. */
static uint64_t our_parts(X86Cpu *c)
{
    uint64_t bv = XCR0_X87 | XCR0_SSE, can = x86_xcr0_supported(c);

    if (all_zero(c->kvm_only.tilecfg, sizeof(c->kvm_only.tilecfg))) {
        can &= ~(uint64_t)(XCR0_TILECFG | XCR0_TILES);
    }

    for (size_t i = 0; i < G_N_ELEMENTS(xsave_parts); i++) {
        uint32_t at, size;

        x86_kvm_xsave_part(x86_kvm_of(c), xsave_parts[i].n, &at, &size);
        bv |= size != 0 && (can >> xsave_parts[i].n & 1) ? 1ull << xsave_parts[i].n : 0;
    }
    return bv;
}

static bool put_vectors(X86Cpu *c, KvmPut how, GError **errp)
{
    X86Kvm *x = x86_kvm(c);
    uint64_t bv, known = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMMH | XCR0_ZMM16 | XCR0_PKRU |
                         XCR0_TILECFG | XCR0_TILES;

    memcpy(&bv, x->xsave + HEADER_AT, sizeof(bv));
    bv = how == KVM_PUT_RUNTIME ? bv & ~known : 0;      /* a reset or load empties what we do not know */
    bv |= our_parts(c);
    memcpy(x->xsave, &c->env.xs, LEGACY_BYTES);
    memset(x->xsave + HEADER_AT, 0, AREA_MIN - HEADER_AT);
    memcpy(x->xsave + HEADER_AT, &bv, sizeof(bv));
    move_parts(c, bv, true);
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_XSAVE, x->xsave), "writing vector registers");
}

static bool get_xcr0(X86Cpu *c, GError **errp)
{
    struct kvm_xcrs x = { 0 };

    if (!kvm_cap(x86_kvm_of(c), KVM_CAP_XCRS)) {
        return true;
    }
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_XCRS, &x), "reading XCR0")) {
        return false;
    }
    for (unsigned i = 0; i < x.nr_xcrs && i < G_N_ELEMENTS(x.xcrs); i++) {
        if (x.xcrs[i].xcr == 0) {
            c->env.xcr0 = x.xcrs[i].value;
        }
    }
    return true;
}

static bool put_xcr0(X86Cpu *c, KvmPut how, GError **errp)
{
    struct kvm_xcrs x = { .nr_xcrs = 1, .xcrs[0] = { .xcr = 0, .value = c->env.xcr0 } };

    (void)how;
    return !kvm_cap(x86_kvm_of(c), KVM_CAP_XCRS) || !x86_has_feature(c, FE_XSAVE) ||
           x86_kvm_fail(errp, vcpu(c, KVM_SET_XCRS, &x), "writing XCR0");
}

/* ---- debug registers */

static bool get_debug(X86Cpu *c, GError **errp)
{
    struct kvm_debugregs d = { 0 };

    if (!kvm_cap(x86_kvm_of(c), KVM_CAP_DEBUGREGS)) {
        return true;
    }
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_DEBUGREGS, &d), "reading debug registers")) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        c->env.dr[i] = d.db[i];
    }
    c->env.dr[6] = d.dr6;
    c->env.dr[7] = d.dr7;
    return true;
}

static bool put_debug(X86Cpu *c, KvmPut how, GError **errp)
{
    struct kvm_debugregs d = { .dr6 = c->env.dr[6], .dr7 = c->env.dr[7] };

    (void)how;
    for (unsigned i = 0; i < 4; i++) {
        d.db[i] = c->env.dr[i];
    }
    return !kvm_cap(x86_kvm_of(c), KVM_CAP_DEBUGREGS) ||
           x86_kvm_fail(errp, vcpu(c, KVM_SET_DEBUGREGS, &d), "writing debug registers");
}

/* ---- what is pending: exceptions, interrupts between acknowledge and delivery, NMI, SMI, INIT, shadow */

static bool get_events(X86Cpu *c, GError **errp)
{
    X86Env *env = &c->env;
    struct kvm_vcpu_events e = { 0 };

    if (!kvm_cap(x86_kvm_of(c), KVM_CAP_VCPU_EVENTS)) {
        return true;
    }
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_VCPU_EVENTS, &e), "reading pending events")) {
        return false;
    }
    env->ev = (X86Held){ .kind = HELD_NONE };
    if (e.exception.injected || e.exception.pending) {
        env->ev = (X86Held){
            .kind = e.exception.injected ? HELD_EXCEPTION : HELD_PENDING, .vector = e.exception.nr,
            .has_error = e.exception.has_error_code, .error = e.exception.error_code,
            .has_payload = e.exception_has_payload, .payload = e.exception_payload,
        };
    } else if (e.interrupt.injected) {
        env->ev = (X86Held){ .kind = e.interrupt.soft ? HELD_SOFT : HELD_INTERRUPT, .vector = e.interrupt.nr };
    } else if (e.nmi.injected) {
        env->ev = (X86Held){ .kind = HELD_NMI, .vector = EXC_NMI };
    }
    env->shadow = (e.interrupt.shadow & KVM_X86_SHADOW_INT_STI ? SHADOW_STI : 0) |
                  (e.interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS ? SHADOW_MOV_SS : 0);
    env->nmi_blocked = e.nmi.masked;
    if (e.nmi.pending) {
        __atomic_fetch_or(&c->cpu.pending, CPU_PENDING_NMI, __ATOMIC_ACQ_REL);
    }
    if (e.flags & KVM_VCPUEVENT_VALID_SMM) {
        env->smm = e.smi.smm;
        env->smi_blocked = e.smi.smm_inside_nmi;
    }
    if (e.flags & KVM_VCPUEVENT_VALID_SIPI_VECTOR) {
        env->sipi_vector = (uint8_t)e.sipi_vector;
    }
    return true;
}

static bool put_events(X86Cpu *c, KvmPut how, GError **errp)
{
    const X86Env *env = &c->env;
    const X86Held *h = &env->ev;
    Kvm *k = x86_kvm_of(c);
    struct kvm_vcpu_events e = {
        .exception = { .injected = h->kind == HELD_EXCEPTION, .pending = h->kind == HELD_PENDING, .nr = h->vector,
                       .has_error_code = h->has_error, .error_code = h->error },
        .interrupt = { .injected = h->kind == HELD_INTERRUPT || h->kind == HELD_SOFT, .nr = h->vector,
                       .soft = h->kind == HELD_SOFT,
                       .shadow = (env->shadow & SHADOW_STI ? KVM_X86_SHADOW_INT_STI : 0) |
                                 (env->shadow & SHADOW_MOV_SS ? KVM_X86_SHADOW_INT_MOV_SS : 0) },
        .nmi = { .injected = h->kind == HELD_NMI, .masked = env->nmi_blocked },
        .sipi_vector = env->sipi_vector, .flags = KVM_VCPUEVENT_VALID_SHADOW,
    };

    if (!kvm_cap(k, KVM_CAP_VCPU_EVENTS)) {
        return true;
    }
    if (h->kind == HELD_NONE || h->kind == HELD_NMI) {
        e.exception.nr = e.interrupt.nr = 0;
    }
    if (kvm_cap(k, KVM_CAP_EXCEPTION_PAYLOAD)) {
        e.flags |= KVM_VCPUEVENT_VALID_PAYLOAD;
        e.exception_has_payload = h->has_payload;
        e.exception_payload = h->payload;
    } else if (e.exception.pending) {
        e.exception.pending = 0;
        e.exception.injected = 1;
    }
    if (kvm_cap(k, KVM_CAP_X86_SMM)) {
        e.flags |= KVM_VCPUEVENT_VALID_SMM;
        e.smi = (__typeof__(e.smi)){ .smm = env->smm, .smm_inside_nmi = env->smi_blocked };
    }
    if (how >= KVM_PUT_RESET) {
        e.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING | (how == KVM_PUT_FULL ? KVM_VCPUEVENT_VALID_SIPI_VECTOR : 0);
    }
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_VCPU_EVENTS, &e), "writing pending events");
}

/* ---- halted, waiting for INIT or SIPI: the kernel's to know where the local APIC is in it */

static bool get_mp(X86Cpu *c, GError **errp)
{
    struct kvm_mp_state m;

    if (!x86_kvm(c)->apic_in_kernel) {
        return true;
    }
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_MP_STATE, &m), "reading the run state")) {
        return false;
    }
    c->env.wait_sipi = m.mp_state == KVM_MP_STATE_UNINITIALIZED || m.mp_state == KVM_MP_STATE_INIT_RECEIVED;
    c->cpu.halted = c->env.wait_sipi || m.mp_state == KVM_MP_STATE_HALTED;
    return true;
}

static bool put_mp(X86Cpu *c, KvmPut how, GError **errp)
{
    bool in = x86_kvm(c)->apic_in_kernel;
    struct kvm_mp_state m = {
        .mp_state = in && c->env.wait_sipi    ? KVM_MP_STATE_INIT_RECEIVED
                    : in && c->cpu.halted     ? KVM_MP_STATE_HALTED
                                              : KVM_MP_STATE_RUNNABLE,
    };

    (void)how;
    if (in && c->env.wait_sipi && how == KVM_PUT_RESET) {
        m.mp_state = KVM_MP_STATE_UNINITIALIZED;
    }
    return !in || x86_kvm_fail(errp, vcpu(c, KVM_SET_MP_STATE, &m), "writing the run state");
}

/* ---- local APIC: the model of hw/intc owns the layout others see */

static bool get_apic(X86Cpu *c, GError **errp)
{
    struct kvm_lapic_state s;

    if (!x86_kvm(c)->apic_in_kernel || c->apic_ops == NULL || c->apic_ops->load_page == NULL) {
        return true;
    }
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_LAPIC, &s), "reading the local APIC")) {
        return false;
    }
    c->apic_ops->load_page(c->apic, s.regs, c->env.apic_base, c->env.tsc_deadline, x86_kvm(c)->apic_id32);
    return true;
}

static bool put_apic(X86Cpu *c, KvmPut how, GError **errp)
{
    struct kvm_lapic_state s = { { 0 } };

    (void)how;
    if (!x86_kvm(c)->apic_in_kernel || c->apic_ops == NULL || c->apic_ops->store_page == NULL) {
        return true;
    }
    c->env.tsc_deadline = c->apic_ops->store_page(c->apic, s.regs, x86_kvm(c)->apic_id32);
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_LAPIC, &s), "writing the local APIC");
}

/* ---- a nested guest's state: opaque bytes that go back where they came from */

static bool get_nested(X86Cpu *c, GError **errp)
{
    X86Kvm *x = x86_kvm(c);

    if (x->nested == NULL) {
        return true;
    }
    x->nested->size = c->kvm_only.nested_max;
    if (!x86_kvm_fail(errp, vcpu(c, KVM_GET_NESTED_STATE, x->nested), "reading nested state")) {
        return false;
    }
    c->kvm_only.nested_size = MIN(x->nested->size, c->kvm_only.nested_max);
    return true;
}

bool kvm_nested_in_use(const void *state, size_t n)
{
    const struct kvm_nested_state *s = state;

    return n > sizeof(*s) ||
           (s->format == KVM_STATE_NESTED_FORMAT_VMX && n == sizeof(*s) && s->hdr.vmx.vmxon_pa != UINT64_MAX);
}

static bool put_nested(X86Cpu *c, KvmPut how, GError **errp)
{
    X86Kvm *x = x86_kvm(c);

    if (x->nested == NULL || how == KVM_PUT_RUNTIME) {
        return true;
    }
    if (how == KVM_PUT_RESET || c->kvm_only.nested_size == 0) {     /* no nested guest after a reset */
        uint16_t format = x86_has_feature(c, FE_SVM) ? KVM_STATE_NESTED_FORMAT_SVM : KVM_STATE_NESTED_FORMAT_VMX;

        memset(x->nested, 0, sizeof(*x->nested));
        x->nested->format = format;
        x->nested->size = sizeof(*x->nested);
        if (format == KVM_STATE_NESTED_FORMAT_VMX) {
            x->nested->hdr.vmx.vmxon_pa = x->nested->hdr.vmx.vmcs12_pa = UINT64_MAX;
        } else {
            x->nested->flags = KVM_STATE_NESTED_GIF_SET;
        }
    }
    return x86_kvm_fail(errp, vcpu(c, KVM_SET_NESTED_STATE, x->nested), "writing nested state");
}

/* ---- the orders */

static bool put_msrs(X86Cpu *c, KvmPut how, GError **errp) { return x86_kvm_put_msrs(c, how, errp); }

static bool put_deadline(X86Cpu *c, KvmPut how, GError **errp)
{
    (void)how;
    return x86_kvm_put_deadline(c, errp);
}

typedef struct PutStep {
    bool (*put)(X86Cpu *c, KvmPut how, GError **errp);
    KvmPut from;
} PutStep;
static const PutStep put_steps[] = {
    { put_nested, KVM_PUT_RESET },          /* leaves a nested guest; before the registers of the one that stays */
    { put_special, KVM_PUT_RUNTIME },       /* modes, EFER and APIC base: all that follows is checked against them */
    { put_general, KVM_PUT_RUNTIME },       /* takes pending exceptions back: before the events */
    { put_xcr0, KVM_PUT_RUNTIME },          /* says which parts of the XSAVE area count */
    { put_vectors, KVM_PUT_RUNTIME },
    { put_msrs, KVM_PUT_RUNTIME },          /* clocks before the APIC timer, which is relative to the TSC */
    { put_mp, KVM_PUT_RUNTIME },            /* before the APIC: a state of 'uninitialized' resets parts of it */
    { put_apic, KVM_PUT_RUNTIME },          /* needs the APIC base for its mode */
    { put_deadline, KVM_PUT_RUNTIME },      /* only taken when the APIC's timer is in that mode */
    { put_events, KVM_PUT_RUNTIME },        /* late: the steps above clear them; SMM has to match the registers */
    { put_debug, KVM_PUT_RUNTIME },         /* last: some kernels lose them with SREGS */
};

bool x86_kvm_put_regs(Cpu *cpu, KvmPut how, GError **errp)
{
    X86Cpu *c = x86_cpu(cpu);
    bool taken = vm_lock_maybe(cpu->dev.vm), ok = true;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(put_steps); i++) {
        ok = how < put_steps[i].from || put_steps[i].put(c, how, errp);
    }
    vm_unlock_maybe(cpu->dev.vm, taken);
    return ok;
}

bool x86_kvm_get_regs(Cpu *cpu, GError **errp)
{
    X86Cpu *c = x86_cpu(cpu);
    bool taken = vm_lock_maybe(cpu->dev.vm);
    /* the run state first: asking for it makes the kernel act on INIT and SIPI that wait */
    bool ok = get_mp(c, errp) && get_general(c, errp) && get_special(c, errp) && get_xcr0(c, errp) &&
              get_vectors(c, errp) && x86_kvm_get_msrs(c, errp) && get_events(c, errp) && get_apic(c, errp) &&
              get_debug(c, errp) && get_nested(c, errp);

    if (ok) {
        x86_update_hflags(c);
    }
    vm_unlock_maybe(cpu->dev.vm, taken);
    return ok;
}
