/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of the gdb server: gdbstub.c has the connection and the framing of packets, gdbstub_packets.c what
 * they ask for, gdbstub_run.c running and stopping. */
#ifndef SYSTEM_GDBSTUB_INT_H
#define SYSTEM_GDBSTUB_INT_H

#include "accel/accel.h"
#include "system/chardev/char.h"
#include "system/gdbstub.h"
#include "target/cpu.h"

/* PACKET_MAX is announced; what is sent may be a little longer. */
enum { PACKET_MAX = 4096, OUT_FULL = 64 * 1024 };

typedef enum GdbRx { RX_IDLE, RX_DATA, RX_ESCAPED, RX_SUM1, RX_SUM2 } GdbRx;

/* no-irq is a gdbserver's usual choice here: a step shows the next instruction of the program. */
enum { STEP_ENABLE = 1, STEP_NOIRQ = 2, STEP_NOTIMER = 4, STEP_ALL = 7 };

typedef struct Gdb {
    Vm *vm;
    Char *c;
    bool own_char;                  /* opened for us */
    VmNotify notify;
    /* framing */
    GdbRx rx;
    GByteArray *in;                 /* contents of the packet under way, unescaped */
    uint8_t sum, got_sum;
    bool overlong;
    GByteArray *out;                /* not written yet */
    GByteArray *last;               /* the last packet sent, for those who did not get it */
    /* session */
    bool connected, no_ack, multiprocess, swbreak, hwbreak, physical;
    bool waits;                     /* the client waits for the machine to stop */
    bool armed;                     /* breakpoints may be set, or CPUs stay or step */
    bool busy;                      /* a packet is being answered */
    unsigned layout;                /* CpuType.gdb_layout */
    unsigned reg_cpu, run_cpu;      /* chosen by Hg, Hc: indexes in Vm.cpus */
    unsigned next_thread;           /* of qsThreadInfo */
    unsigned step_flags;            /* STEP_* */
} Gdb;

/* ---- gdbstub.c */
void gdb_send(Gdb *g, const void *data, size_t n);          /* a packet; escapes what must be */
void gdb_puts(Gdb *g, const char *text);
void gdb_printf(Gdb *g, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ---- gdbstub_packets.c */
void gdb_packet(Gdb *g, char *data, size_t n);      /* data[n] is 0 */
void gdb_put_thread(const Gdb *g, GString *out, unsigned index);
/* "p1.2", "2", "-1", "0", at *p, which moves behind it. index: of a CPU that is there; -1 for all and any.
 * False: no such thread. */
bool gdb_take_thread(const Gdb *g, const char **p, int *index);
bool gdb_take_hex(const char **p, uint64_t *v);     /* at least a digit, at most 64 bits */

/* ---- gdbstub_run.c */
Cpu *gdb_cpu(const Gdb *g, unsigned index);         /* NULL: gone */
void gdb_run_init(Gdb *g);                          /* a client came: the machine stops */
void gdb_forget_breaks(Gdb *g);                     /* also steps and what is held */
void gdb_resume(Gdb *g, const char *actions);       /* per CPU: 'c', 's', 0 to stay */
void gdb_let_go(Gdb *g);                            /* all run, and nobody waits */
void gdb_interrupt(Gdb *g);                         /* Ctrl-C */
void gdb_report_stop(Gdb *g);                       /* what "?" answers */
void gdb_run_state(void *opaque, bool running, RunState s);     /* VmNotify.run_state */
bool gdb_set_pc(Gdb *g, unsigned index, uint64_t pc);

#endif
