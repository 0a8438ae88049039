/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550A UART core: eight registers on whatever bus. A part of isa-serial, pci-serial. VM lock held. */
#ifndef HW_CHAR_UART_H
#define HW_CHAR_UART_H

#include "hw/core/device.h"
#include "system/chardev/char.h"
#include "util/fifo.h"
#include "util/loop.h"

enum { UART_FIFO = 16 };

typedef struct Uart {
    Device dev;
    MemRegion io;                   /* for the owner, over uart_ops */
    Irq irq;                        /* set by the owner before realize */
    Char *chr;                      /* property "chardev"; NULL: a port with nothing attached */
    uint32_t baudbase;              /* property */

    uint16_t divider;               /* guest-visible state */
    uint8_t rbr, thr, tsr, ier, iir, lcr, mcr, lsr, msr, scr, fcr;
    uint8_t fcr_vmstate;
    uint8_t recv_data[UART_FIFO], xmit_data[UART_FIFO];
    Fifo recv_fifo, xmit_fifo;
    int32_t thr_ipending, timeout_ipending;
    uint32_t tsr_retry;
    int32_t poll_msl;
    bool wakeup;                    /* property: input ends S3 */

    int64_t char_ns;                /* time of one character on the wire */
    Timer *fifo_timeout_timer, *modem_status_poll;
} Uart;

extern const DeviceType uart_type;  /* "serial" */

extern const VmState uart_vmstate;
extern const MemOps uart_ops;       /* eight one-byte registers; opaque: Uart * */

#endif
