/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator object: its properties are -accel tcg,name=value. Private to accel/tcg. */
#ifndef ACCEL_TCG_TCG_H
#define ACCEL_TCG_TCG_H

#include "accel/accel.h"
#include "accel/tcg/vcpu.h"

enum TcgThread { TCG_THREAD_DEFAULT, TCG_THREAD_SINGLE, TCG_THREAD_MULTI };

struct Tcg {
    Accel accel;
    int thread;                     /* enum TcgThread */
    uint32_t tb_size;               /* MiB of code a VM; 0: default */
    uint32_t tier;                  /* highest tier in use */
    bool one_insn, split_wx;
    int lockstep;                   /* enum LockstepMode */
    uint32_t lockstep_spoil;
    char *mem;                      /* "soft", "table"; NULL: what the tier has */
    MemListener listener;
    VmNotify notify;
    Vm *vm;
};

/* Does the user want host-MMU windows? */
bool tcg_wants_windows(const Tcg *t);

/* ---- exec.c */
TcgVcpu *tcg_vcpu_new(Tcg *t, Cpu *cpu, GError **errp);
void tcg_vcpu_free(TcgVcpu *v);
void tcg_run(TcgVcpu *v);

#endif
