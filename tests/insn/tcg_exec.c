/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs test code as tier 1 translates it. Guest memory is the arena, with TLB entries put in by hand; what
 * translations leave to the interpreter runs on the stand-ins of interp_exec.c. */
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "accel/accel.h"
#include "accel/tcg/logging.h"
#include "tests/insn/insn_test.h"
#include "tests/insn/interp_exec.h"
#include "target/i386/tcg/translate.h"

static TcgVcpu *vcpu;
static uint64_t all_dirty[64];
static RamBlock fake_ram = { .host = (uint8_t *)(uintptr_t)ARENA_CODE, .size = 0x20000,
                             .dirty = { all_dirty, all_dirty, all_dirty } };

/* ---- what accel/tcg asks of hw/core */
__thread Cpu *current_cpu;
void cpu_debug_stop(Cpu *cpu, CpuHit hit, const CpuBreak *what) { g_error("nobody debugs here"); }
const FlatMap *addr_space_map(const AddrSpace *as) { return NULL; }
const FlatRange *flat_map_find(const FlatMap *map, GuestAddr a) { return NULL; }
void watch_page(TcgVcpu *v, RamBlock *b, uint64_t off) {}
void unwatch_page(TcgVcpu *v, RamBlock *b, uint64_t off) {}
RamBlock *ram_from_host(const void *host, uint64_t *offset) { return &fake_ram; }

/* ---- the log */
void tcg_log_made(TcgVcpu *v, const Block *b) {}
void tcg_log_block(TcgVcpu *v, const Block *b) {}
void tcg_log_interpreted(TcgVcpu *v) {}

/* ---- guest operations */
static TbKey test_key(const Cpu *c)
{
    return (TbKey){ interp_cpu.env.rip, 0, x86_tb_flags(&interp_cpu.env) };
}
static unsigned test_mode(const Cpu *c) { return X86_MMU_USER; }
static bool test_fill(Cpu *c, uint64_t va, Access how, unsigned mode, TlbFill *fill) { return false; }

/* The lookup found nothing: the interpreter must find the fault, else the test ends as stuck. */
static G_NORETURN void test_raise(Cpu *c)
{
    x86_interpret(c, 1);
    siglongjmp(interp_out, 1);
}

static const TcgGuestOps ops = {
    .interpret = x86_interpret,
    .key = test_key,
    .mmu_mode = test_mode,
    .tlb_fill = test_fill,
    .raise_fault = test_raise,
    .translator = &x86_translator,
};

/* ---- status flags at faults: those are exact that the translator says are */

static uint64_t live;               /* of the instruction that is being interpreted */

static void follow_go(TcgVcpu *v, bool beginning) { live = FL_STATUS; }
static void follow_stop(TcgVcpu *v, uint64_t exact, bool moved) { live = exact; }
static void follow_store(TcgVcpu *v, void *host, size_t n) {}
static const TcgFollower follower = { .go = follow_go, .stop = follow_stop, .store = follow_store };

/* The host's exception took back the instruction at pc, and the interpreter will raise it. */
static void follow_taken_back(const Block *b, uint64_t pc)
{
    for (unsigned k = 0; k < b->n_insns; k++) {
        if (b->key.pc + b->insns[k].guest == pc) {
            live = x86_live_flags(b->insns[k].live);
            return;
        }
    }
    live = FL_STATUS;               /* no instruction of it: flags will differ */
}

static void fill_tlb(void)
{
    TlbSet *s = vcpu->set;

    for (uint64_t va = ARENA_CODE; va < ARENA_CODE + ARENA_CODE_SIZE; va += PAGE_SIZE) {
        s->fetch[X86_MMU_USER][fetch_index(va)] =
            (FetchEntry){ .tag = va | SIDE_X, .pa = va, .host = (void *)(uintptr_t)va, .ram = &fake_ram };
        s->data[X86_MMU_USER][tlb_index(va)] =
            (TlbEntry){ .rtag = va, .wtag = tlb_never(tlb_index(va)), .addend = 0, .host = va };
    }
    for (uint64_t va = ARENA_DATA; va < ARENA_DATA + ARENA_DATA_SIZE; va += PAGE_SIZE) {
        s->data[X86_MMU_USER][tlb_index(va)] =
            (TlbEntry){ .rtag = va, .wtag = va, .addend = guest_shift, .host = va + guest_shift };
    }
}

static void init(void)
{
    vcpu = mmap(NULL, offsetof(TcgVcpu, sets) + sizeof(TlbSet), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    vcpu->cpu = &interp_cpu.cpu;
    vcpu->ops = &ops;
    vcpu->follower = &follower;
    vcpu->n_sets = 1;
    vcpu->poll = 1;                 /* come back after each block: the end is found here */
    interp_cpu.cpu.accel_data = vcpu;
    tlb_init(vcpu);
    g_assert(cache_new(vcpu, 16 << 20, NULL));
    fill_tlb();
}

static void tcg_exec_run(const InsnState *in, bool mode64, InsnState *out)
{
    if (vcpu == NULL) {
        init();
    }
    interp_begin(in, mode64, out);
    if (vcpu->n.blocks % 512 == 511) {
        vcpu->n.blocks++;
        cache_flush(vcpu);
    }
    memset(vcpu->cache->hash, 0, sizeof(vcpu->cache->hash) * (vcpu->n.blocks % 512 == 0));
    cache_written(vcpu, &fake_ram, 0, ARENA_CODE_SIZE);
    live = FL_STATUS;
    if (sigsetjmp(interp_out, 0) == 0) {
        for (unsigned k = 0; k < 10000 && !interp_at_end(); k++) {
            Block *b = vcpu->force_interpret ? NULL : cache_get(vcpu);
            BlockExit *e;

            if (b == NULL) {
                vcpu->force_interpret = 0;
                x86_interpret(&interp_cpu.cpu, 1);
                live = FL_STATUS;
                continue;
            }
            e = vcpu->ops->translator->run(vcpu, b->code);
            x86_fp_sync(vcpu);
            live = FL_STATUS;
            if (e != NULL) {
                interp_cpu.env.rip = e->pc;
            } else if (vcpu->force_interpret) {
                follow_taken_back(b, interp_cpu.env.rip);
            }
        }
        out->vector = interp_at_end() ? VECTOR_NONE : VECTOR_STUCK;
    }
    vcpu->force_interpret = 0;
    out->open_flags = out->vector == VECTOR_NONE ? 0 : FL_STATUS & ~live;
    interp_end(out);
}

void tcg_exec_shift(int64_t shift)
{
    guest_shift = shift;
    if (vcpu == NULL) {
        init();
    } else {
        fill_tlb();
    }
    native_poll = &vcpu->poll;
}

void tcg_exec_changed(void)
{
    cache_written(vcpu, &fake_ram, 0, ARENA_CODE_SIZE);
}

void tcg_exec_sequence(const InsnState *in, bool mode64, InsnState *out)
{
    interp_begin(in, mode64, out);
    live = FL_STATUS;
    vcpu->poll = 0;                 /* blocks are linked */
    if (sigsetjmp(interp_out, 0) == 0) {
        tcg_run_blocks(vcpu);
    }
    x86_fp_sync(vcpu);
    vcpu->force_interpret = 0;
    vcpu->refill_faulted = false;
    interp_end(out);
    sequence_end(out);
    out->open_flags = out->vector == VECTOR_NONE ? 0 : FL_STATUS & ~live;
}

const Executor exec_tcg = { .name = "translator", .run = tcg_exec_run };
