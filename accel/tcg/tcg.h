/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator object: its properties are -accel tcg,name=value. Private to accel/tcg. */
#ifndef ACCEL_TCG_TCG_H
#define ACCEL_TCG_TCG_H

#include "accel/accel.h"
#include "accel/tcg/vcpu.h"

enum TcgThread { TCG_THREAD_DEFAULT, TCG_THREAD_SINGLE, TCG_THREAD_MULTI };

/* The host's time stamp counter and monotonic clock at one moment. */
typedef struct HostMoment { uint64_t tsc; int64_t ns; } HostMoment;

struct Tcg {
    Accel accel;
    int thread;                     /* enum TcgThread */
    uint32_t tb_size;               /* MiB of code a VM; 0: default */
    uint32_t tier;                  /* highest tier in use */
    bool one_insn, split_wx;
    bool huge;                      /* ram_huge_begin() was called */
    int lockstep;                   /* enum LockstepMode */
    uint32_t lockstep_spoil;
    bool single;                    /* one vCPU at a time: thread=single, -icount */
    int turn;                       /* atomic: index of the one; -1: nobody's */
    struct Icount *icount;          /* NULL: virtual time is the host's */
    uint32_t window_after;          /* ms in user mode */
    char *mem;                      /* "soft", "table"; NULL: what the tier has */
    MemListener listener;
    VmNotify notify;
    GArray *breaks;                 /* of CpuBreak: debug.c; NULL: there were none */
    HostMoment first;
    TcgClock clock;
    struct Timer *clock_timer;
    bool clock_usable, clock_on;
    Vm *vm;
};

/* Does the user want host-MMU windows? */
bool tcg_wants_windows(const Tcg *t);

/* ---- debug.c */
extern const AccelDebugOps tcg_debug_ops;

/* ---- exec.c */
TcgVcpu *tcg_vcpu_new(Tcg *t, Cpu *cpu, GError **errp);
void tcg_vcpu_free(TcgVcpu *v);
void tcg_run(TcgVcpu *v);

/* ---- clock.c: VM lock held */
void tcg_clock_init(Tcg *t);
void tcg_clock_run(Tcg *t, bool running);   /* vCPUs stand still */
void tcg_clock_new_cpu(Tcg *t, Cpu *cpu);
void tcg_clock_free(Tcg *t);

/* ---- single.c: own thread, between instructions */
bool turn_take(TcgVcpu *v);         /* waits for it; false: the vCPU was asked out of its loop meanwhile */
bool turn_pass(TcgVcpu *v);         /* to the next that can run; false: there is none */
void turn_leave(TcgVcpu *v);        /* the loop is left: gives it up if this one is halted */

/* ---- icount.c */
typedef struct Icount Icount;
bool icount_configure(Tcg *t, const Json *opts, GError **errp);     /* -icount; {} is fine */
void icount_free(Tcg *t);
bool icount_begin(TcgVcpu *v);      /* TcgVcpu.icount_left is set; false: timers ran first, look again */
void icount_end(TcgVcpu *v);
bool icount_idle(TcgVcpu *v);       /* this one is halted; false: wait as if nothing was counted */
int64_t icount_executed(const Icount *ic);
void icount_info(const Tcg *t, GString *out);

#endif
