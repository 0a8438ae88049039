/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550A UART (National PC16550D data sheet): FIFOs with trigger levels and character timeout, interrupt
 * identification, modem lines, break, loopback.
 *
 * Characters go out as fast as the back end takes them: the line rate sets the receive timeout and is told to
 * the back end, it does not slow the data. Back ends have no modem lines: CTS, DSR and DCD are up.
 * Not modelled: parity and framing errors, OUT2 as interrupt gate, DMA modes. */
#include "hw/char/uart.h"

#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/trace.h"

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };
enum { IER_RDI = 1, IER_THRI = 2, IER_RLSI = 4, IER_MSI = 8 };
enum { IIR_NONE = 0x01, IIR_MSI = 0x00, IIR_THRI = 0x02, IIR_RDI = 0x04, IIR_RLSI = 0x06, IIR_CTI = 0x0c,
       IIR_ID = 0x0f, IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4, FCR_KEPT = 0xc9 };
enum { LCR_WORD = 3, LCR_STOP = 4, LCR_PARITY = 8, LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10, MCR_WRITABLE = 0x1f };
enum { LSR_DR = 1, LSR_OE = 2, LSR_PE = 4, LSR_FE = 8, LSR_BI = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40,
       LSR_ERRORS = LSR_OE | LSR_PE | LSR_FE | LSR_BI };
enum { MSR_DCTS = 1, MSR_DDSR = 2, MSR_TERI = 4, MSR_DDCD = 8, MSR_CTS = 0x10, MSR_DSR = 0x20,
       MSR_RI = 0x40, MSR_DCD = 0x80, MSR_DELTA = 0x0f };
enum { TIMEOUT_CHARS = 4, UART_REGS = 8, TSR_RETRIES = 4 };

static const uint8_t rx_trigger[4] = { 1, 4, 8, 14 };

static void uart_transmit(Uart *s);

static bool uart_fifos(const Uart *s) { return (s->fcr & FCR_ENABLE) != 0; }

/* ---- Interrupt: a function of the registers, by priority (data sheet table IV) */

static void uart_update(Uart *s)
{
    uint8_t id = IIR_NONE;

    if ((s->ier & IER_RLSI) && (s->lsr & LSR_ERRORS)) {
        id = IIR_RLSI;
    } else if ((s->ier & IER_RDI) && s->timeout_ipending) {
        id = IIR_CTI;
    } else if ((s->ier & IER_RDI) && (s->lsr & LSR_DR) &&
               (!uart_fifos(s) || s->recv_fifo.num >= rx_trigger[s->fcr >> 6])) {
        id = IIR_RDI;
    } else if ((s->ier & IER_THRI) && s->thr_ipending) {
        id = IIR_THRI;
    } else if ((s->ier & IER_MSI) && (s->msr & MSR_DELTA)) {
        id = IIR_MSI;
    }
    s->iir = id | (s->iir & 0xf0);
    irq_set(s->irq, id != IIR_NONE);
}

/* ---- Line */

static void uart_update_line(Uart *s)
{
    unsigned bits = 1 + 5 + (s->lcr & LCR_WORD) + ((s->lcr & LCR_PARITY) ? 1 : 0) +
                    ((s->lcr & LCR_STOP) ? 2 : 1);
    uint32_t base = s->baudbase != 0 ? s->baudbase : 1;
    uint32_t divider = s->divider != 0 ? s->divider : 1;

    s->char_ns = muldiv64((uint64_t)bits * divider, NS_PER_S, base);
    if (s->chr != NULL && s->divider != 0) {
        char_set(s->chr, "baud", base / divider);
        char_set(s->chr, "data_bits", 5 + (s->lcr & LCR_WORD));
        char_set(s->chr, "stop_bits", s->lcr & LCR_STOP ? 2 : 1);
    }
}

static void uart_arm_timeout(Uart *s)
{
    timer_set_in(s->fifo_timeout_timer, MAX(s->char_ns, 1000) * TIMEOUT_CHARS);
}

/* Some characters wait below the trigger level and nothing came for a while. */
static void uart_timeout(void *opaque)
{
    Uart *s = opaque;

    if (s->recv_fifo.num > 0) {
        s->timeout_ipending = 1;
        uart_update(s);
    }
}

/* A sender whose back end had modem lines polled them; ours have none, so there is nothing to look at. */
static void uart_poll_modem(void *opaque)
{
    ((Uart *)opaque)->poll_msl = -1;
}

/* ---- Receiving */

static void uart_push_received(Uart *s, uint8_t v)
{
    if (uart_fifos(s)) {
        if (!fifo_push(&s->recv_fifo, v)) {
            s->lsr |= LSR_OE;       /* the newest is lost */
        }
        s->lsr |= LSR_DR;
        uart_arm_timeout(s);
    } else {
        if (s->lsr & LSR_DR) {
            s->lsr |= LSR_OE;       /* the older is lost */
        }
        s->rbr = v;
        s->lsr |= LSR_DR;
    }
    uart_update(s);
}

static size_t uart_room(void *opaque)
{
    const Uart *s = opaque;

    if (s->mcr & MCR_LOOP) {
        return 0;                   /* the receiver is off the wire */
    }
    if (uart_fifos(s)) {
        return UART_FIFO - MIN(s->recv_fifo.num, UART_FIFO);
    }
    return s->lsr & LSR_DR ? 0 : 1;
}

static void uart_receive(void *opaque, const uint8_t *buf, size_t n)
{
    Uart *s = opaque;
    Vm *vm = s->dev.vm;

    if (s->wakeup && vm->run_state == RUN_SUSPENDED) {
        vm_request_wakeup(vm, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        uart_push_received(s, buf[i]);
    }
}

static void uart_break(Uart *s)
{
    s->rbr = 0;
    if (uart_fifos(s)) {
        fifo_push(&s->recv_fifo, 0);
    }
    s->lsr |= LSR_BI | LSR_DR;
    uart_update(s);
}

static void uart_event(void *opaque, CharEvent ev)
{
    if (ev == CHAR_BREAK) {
        uart_break(opaque);
    }
}

static uint8_t uart_read_rbr(Uart *s)
{
    uint8_t v;

    if (uart_fifos(s)) {
        v = s->recv_fifo.num > 0 ? fifo_pop(&s->recv_fifo) : 0;
        if (s->recv_fifo.num == 0) {
            s->lsr &= ~(LSR_DR | LSR_BI);
            timer_cancel(s->fifo_timeout_timer);
        } else {
            uart_arm_timeout(s);
        }
        s->timeout_ipending = 0;
    } else {
        v = s->rbr;
        s->lsr &= ~(LSR_DR | LSR_BI);
    }
    uart_update(s);
    if (s->chr != NULL && (s->mcr & MCR_LOOP) == 0) {
        char_accept_input(s->chr);
    }
    return v;
}

/* ---- Sending */

/* Hands tsr to the other side; false: it takes nothing now, uart_writable() will come. */
static bool uart_send_tsr(Uart *s)
{
    if (s->mcr & MCR_LOOP) {
        uart_push_received(s, s->tsr);
        return true;
    }
    return s->chr == NULL || char_write(s->chr, &s->tsr, 1) == 1;
}

static bool uart_load_tsr(Uart *s)
{
    if (uart_fifos(s)) {
        if (s->xmit_fifo.num == 0) {
            return false;
        }
        s->tsr = fifo_pop(&s->xmit_fifo);
        if (s->xmit_fifo.num > 0) {
            return true;
        }
    } else if (s->lsr & LSR_THRE) {
        return false;
    } else {
        s->tsr = s->thr;
    }
    s->lsr |= LSR_THRE;
    s->thr_ipending = 1;
    return true;
}

static void uart_transmit(Uart *s)
{
    for (;;) {
        if (s->tsr_retry == 0 && !uart_load_tsr(s)) {
            s->lsr |= LSR_TEMT;
            break;
        }
        if (!uart_send_tsr(s)) {
            s->tsr_retry = 1;
            break;
        }
        s->tsr_retry = 0;
    }
    uart_update(s);
}

static void uart_writable(void *opaque)
{
    Uart *s = opaque;

    if (s->tsr_retry != 0) {
        uart_transmit(s);
    }
}

static void uart_write_thr(Uart *s, uint8_t v)
{
    s->thr = v;
    if (uart_fifos(s)) {
        if (!fifo_push(&s->xmit_fifo, v)) {
            fifo_pop(&s->xmit_fifo);    /* written without looking at THRE: the oldest is overrun */
            fifo_push(&s->xmit_fifo, v);
        }
    }
    s->thr_ipending = 0;
    s->lsr &= ~(LSR_THRE | LSR_TEMT);
    uart_update(s);
    if (s->tsr_retry == 0) {
        uart_transmit(s);
    }
}

/* ---- Registers */

static uint8_t uart_read_msr(Uart *s)
{
    uint8_t v;

    if (s->mcr & MCR_LOOP) {        /* data sheet 8.6: outputs come back as inputs */
        return (s->mcr & MCR_OUT2 ? MSR_DCD : 0) | (s->mcr & MCR_OUT1 ? MSR_RI : 0) |
               (s->mcr & MCR_DTR ? MSR_DSR : 0) | (s->mcr & MCR_RTS ? MSR_CTS : 0);
    }
    v = s->msr;
    s->msr &= ~MSR_DELTA;
    uart_update(s);
    return v;
}

static uint8_t uart_read_iir(Uart *s)
{
    uint8_t v = s->iir;

    if ((v & IIR_ID) == IIR_THRI) {
        s->thr_ipending = 0;
        uart_update(s);
    }
    return v;
}

static uint8_t uart_read_lsr(Uart *s)
{
    uint8_t v = s->lsr;

    s->lsr &= ~LSR_ERRORS;
    if (v & LSR_ERRORS) {
        uart_update(s);
    }
    return v;
}

static uint64_t uart_read(void *opaque, GuestAddr off, unsigned size)
{
    Uart *s = opaque;

    switch (off % UART_REGS) {
    case REG_DATA:
        return s->lcr & LCR_DLAB ? s->divider & 0xff : uart_read_rbr(s);
    case REG_IER:
        return s->lcr & LCR_DLAB ? s->divider >> 8 : s->ier;
    case REG_IIR_FCR:
        return uart_read_iir(s);
    case REG_LCR:
        return s->lcr;
    case REG_MCR:
        return s->mcr;
    case REG_LSR:
        return uart_read_lsr(s);
    case REG_MSR:
        return uart_read_msr(s);
    default:
        return s->scr;
    }
}

static void uart_write_ier(Uart *s, uint8_t v)
{
    uint8_t rising = v & ~s->ier;

    s->ier = v & 0x0f;
    /* data sheet 8.9: enabling it with an empty transmitter interrupts at once */
    if ((rising & IER_THRI) && (s->lsr & LSR_THRE)) {
        s->thr_ipending = 1;
    }
    uart_update(s);
}

static void uart_write_fcr(Uart *s, uint8_t v)
{
    if ((v ^ s->fcr) & FCR_ENABLE) {
        v |= FCR_CLEAR_RX | FCR_CLEAR_TX;
    }
    if (v & FCR_CLEAR_RX) {
        s->lsr &= ~(LSR_DR | LSR_BI);
        s->timeout_ipending = 0;
        timer_cancel(s->fifo_timeout_timer);
        fifo_reset(&s->recv_fifo);
    }
    if (v & FCR_CLEAR_TX) {
        if (s->tsr_retry == 0) {
            s->lsr |= LSR_TEMT;
        }
        s->lsr |= LSR_THRE;
        s->thr_ipending = 1;
        fifo_reset(&s->xmit_fifo);
    }
    s->fcr = v & FCR_KEPT;
    s->iir = (s->iir & ~IIR_FIFO) | (v & FCR_ENABLE ? IIR_FIFO : 0);
    uart_update(s);
    if ((v & FCR_CLEAR_RX) && s->chr != NULL) {
        char_accept_input(s->chr);
    }
}

static void uart_write_lcr(Uart *s, uint8_t v)
{
    bool break_was = (s->lcr & LCR_BREAK) != 0, break_is = (v & LCR_BREAK) != 0;

    s->lcr = v;
    uart_update_line(s);
    if (break_was == break_is) {
        return;
    }
    if (s->mcr & MCR_LOOP) {
        if (break_is) {
            uart_break(s);
        }
    } else if (s->chr != NULL) {
        char_set(s->chr, "break", break_is);
    }
}

static void uart_write_mcr(Uart *s, uint8_t v)
{
    uint8_t old = s->mcr;

    s->mcr = v & MCR_WRITABLE;
    if (s->chr == NULL || (s->mcr & MCR_LOOP)) {
        return;
    }
    if ((old ^ s->mcr) & MCR_DTR) {
        char_set(s->chr, "dtr", (s->mcr & MCR_DTR) != 0);
    }
    if ((old ^ s->mcr) & MCR_RTS) {
        char_set(s->chr, "rts", (s->mcr & MCR_RTS) != 0);
    }
    if (old & MCR_LOOP) {
        char_accept_input(s->chr);
    }
}

static void uart_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Uart *s = opaque;
    uint8_t v = val;

    TRACE("serial_write", "addr 0x%x val 0x%02x", (unsigned)off, (unsigned)val);
    switch (off % UART_REGS) {
    case REG_DATA:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0xff00) | v;
            uart_update_line(s);
        } else {
            uart_write_thr(s, v);
        }
        break;
    case REG_IER:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0x00ff) | v << 8;
            uart_update_line(s);
        } else {
            uart_write_ier(s, v);
        }
        break;
    case REG_IIR_FCR:
        uart_write_fcr(s, v);
        break;
    case REG_LCR:
        uart_write_lcr(s, v);
        break;
    case REG_MCR:
        uart_write_mcr(s, v);
        break;
    case REG_LSR:
    case REG_MSR:
        break;
    default:
        s->scr = v;
        break;
    }
}

const MemOps uart_ops = { .read = uart_read, .write = uart_write, .min_size = 1, .max_size = 1 };

/* ---- Device */

static const CharUser uart_user = {
    .room = uart_room, .receive = uart_receive, .event = uart_event, .writable = uart_writable,
};

static bool uart_realize(Device *dev, GError **errp)
{
    Uart *s = CONTAINER(dev, Uart, dev);

    fifo_init(&s->recv_fifo, s->recv_data, UART_FIFO);
    fifo_init(&s->xmit_fifo, s->xmit_data, UART_FIFO);
    s->fifo_timeout_timer = timer_new(loop_main(), CLOCK_VIRTUAL, uart_timeout, s);
    s->modem_status_poll = timer_new(loop_main(), CLOCK_VIRTUAL, uart_poll_modem, s);
    if (s->chr != NULL && !char_attach(s->chr, &uart_user, s, errp)) {
        g_clear_pointer(&s->fifo_timeout_timer, timer_free);
        g_clear_pointer(&s->modem_status_poll, timer_free);
        return false;
    }
    return true;
}

static void uart_unrealize(Device *dev)
{
    Uart *s = CONTAINER(dev, Uart, dev);

    if (s->chr != NULL) {
        char_detach(s->chr, s);
    }
    timer_free(s->fifo_timeout_timer);
    timer_free(s->modem_status_poll);
}

static void uart_reset(Device *dev, ResetKind kind)
{
    Uart *s = CONTAINER(dev, Uart, dev);

    s->rbr = s->ier = s->lcr = s->scr = s->fcr = 0;
    s->iir = IIR_NONE;
    s->lsr = LSR_TEMT | LSR_THRE;
    s->msr = MSR_DCD | MSR_DSR | MSR_CTS;
    s->mcr = MCR_OUT2;
    s->divider = 0x0c;              /* 9600 baud, as firmware leaves it */
    s->tsr_retry = 0;
    s->poll_msl = -1;
    s->thr_ipending = s->timeout_ipending = 0;
    timer_cancel(s->fifo_timeout_timer);
    fifo_reset(&s->recv_fifo);
    fifo_reset(&s->xmit_fifo);
    uart_update_line(s);
    s->msr &= ~MSR_DELTA;
    uart_update(s);
}

static void uart_pre_save(void *obj)
{
    Uart *s = obj;

    s->fcr_vmstate = s->fcr;
}

/* What a sender leaves out. */
static bool uart_pre_load(void *obj, GError **errp)
{
    Uart *s = obj;

    s->thr_ipending = s->poll_msl = -1;
    s->tsr_retry = 0;
    s->timeout_ipending = 0;
    fifo_reset(&s->recv_fifo);
    fifo_reset(&s->xmit_fifo);
    timer_cancel(s->fifo_timeout_timer);
    timer_cancel(s->modem_status_poll);
    return true;
}

static bool uart_post_load(void *obj, int version, GError **errp)
{
    Uart *s = obj;

    if (s->thr_ipending == -1) {
        s->thr_ipending = (s->iir & IIR_ID) == IIR_THRI;
    }

    s->fcr = version >= 3 ? s->fcr_vmstate & FCR_KEPT : 0;
    if (!fifo_valid(&s->recv_fifo) || !fifo_valid(&s->xmit_fifo) || s->tsr_retry > TSR_RETRIES) {
        return err_fail(errp, "serial: impossible FIFO state");
    }
    uart_update_line(s);
    return true;
}

/* the bytes, without a length, where the owner keeps them */
static void fifo_data_save(VmWriter *w, const VmField *f, const void *member)
{
    vm_put_buf(w, ((const Fifo *)member)->data, UART_FIFO);
}
static bool fifo_data_load(VmReader *r, const VmField *f, void *member, GError **errp)
{
    return vm_get_buf(r, ((Fifo *)member)->data, UART_FIFO) || err_fail(errp, "serial: FIFO is cut short");
}
static const VmCustomOps fifo_data_ops = { "buffer", fifo_data_save, fifo_data_load };
static const VmField fifo_vm_fields[] = {
    { .name = "data", .kind = VM_CUSTOM, .offset = 0, .count = 1,
      .elem_size = 0, .since = 1, .ops = &fifo_data_ops },
    VM_FIELD_U32(Fifo, head), VM_FIELD_U32(Fifo, num),
    VM_FIELD_END,
};
static const VmState fifo_vmstate = {
    .name = "Fifo8", .version = 1, .min_version = 1, .fields = fifo_vm_fields,
};

static bool thr_ipending_needed(const void *obj)
{
    const Uart *s = obj;

    /* what a receiver that does not get it will assume */
    return s->thr_ipending != ((s->iir & IIR_ID) == IIR_THRI);
}
static bool tsr_needed(const void *obj) { return ((const Uart *)obj)->tsr_retry != 0; }
static bool recv_fifo_needed(const void *obj) { return ((const Uart *)obj)->recv_fifo.num != 0; }
static bool xmit_fifo_needed(const void *obj) { return ((const Uart *)obj)->xmit_fifo.num != 0; }
static bool timer_needed(const void *obj) { return timer_pending(((const Uart *)obj)->fifo_timeout_timer); }
static bool timeout_needed(const void *obj) { return ((const Uart *)obj)->timeout_ipending != 0; }
static bool poll_needed(const void *obj) { return ((const Uart *)obj)->poll_msl >= 0; }

#define UART_SECTION(tag, label, need, ...)                                                     \
    static const VmField tag##_vm_fields[] = { __VA_ARGS__, VM_FIELD_END };                     \
    static const VmState tag##_vmstate = {                                                      \
        .name = "serial/" label, .version = 1, .min_version = 1, .fields = tag##_vm_fields,     \
        .needed = need,                                                                         \
    }
UART_SECTION(thr_ipending, "thr_ipending", thr_ipending_needed, VM_FIELD_I32(Uart, thr_ipending));
UART_SECTION(tsr, "tsr", tsr_needed, VM_FIELD_U32(Uart, tsr_retry), VM_FIELD_U8(Uart, thr),
             VM_FIELD_U8(Uart, tsr));
UART_SECTION(recv_fifo, "recv_fifo", recv_fifo_needed, VM_FIELD_STRUCT(Uart, recv_fifo, fifo_vmstate, .since = 1));
UART_SECTION(xmit_fifo, "xmit_fifo", xmit_fifo_needed, VM_FIELD_STRUCT(Uart, xmit_fifo, fifo_vmstate, .since = 1));
UART_SECTION(fifo_timeout_timer, "fifo_timeout_timer", timer_needed,
             VM_FIELD_TIMER(Uart, fifo_timeout_timer));
UART_SECTION(timeout_ipending, "timeout_ipending", timeout_needed,
             VM_FIELD_I32(Uart, timeout_ipending));
UART_SECTION(poll, "poll", poll_needed, VM_FIELD_I32(Uart, poll_msl),
             VM_FIELD_TIMER(Uart, modem_status_poll));
static const VmState *const uart_sections[] = {
    &thr_ipending_vmstate, &tsr_vmstate, &recv_fifo_vmstate, &xmit_fifo_vmstate,
    &fifo_timeout_timer_vmstate, &timeout_ipending_vmstate, &poll_vmstate, NULL,
};

static const VmField uart_vm_fields[] = {
    VM_FIELD_U16(Uart, divider, .since = 2), VM_FIELD_U8(Uart, rbr), VM_FIELD_U8(Uart, ier),
    VM_FIELD_U8(Uart, iir), VM_FIELD_U8(Uart, lcr), VM_FIELD_U8(Uart, mcr), VM_FIELD_U8(Uart, lsr),
    VM_FIELD_U8(Uart, msr), VM_FIELD_U8(Uart, scr), VM_FIELD_U8(Uart, fcr_vmstate, .since = 3),
    VM_FIELD_END,
};
const VmState uart_vmstate = {
    .name = "serial", .version = 3, .min_version = 2, .fields = uart_vm_fields,
    .sections = uart_sections, .pre_save = uart_pre_save,
    .pre_load = uart_pre_load, .post_load = uart_post_load,
};

const DeviceType uart_type = {
    .type = { .name = "serial", .parent = &device_base.type, .size = sizeof(Uart) },
    .category = DEV_INPUT,
    .realize = uart_realize, .unrealize = uart_unrealize, .reset = uart_reset,
};
DEVICE_REGISTER(uart_type);
