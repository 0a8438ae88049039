/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server for gdb (gdb manual, "Remote Serial Protocol"): its chardev, packets in and out, and who may come.
 *
 * A client stops the machine when it comes; when it goes its breakpoints go too and the machine stays as it is. All
 * that it can make us keep is limited: a packet to PACKET_MAX, and while more than OUT_FULL waits to be sent nothing
 * more is read. The server does not do non-stop mode, run-length encoding, files of the host or tracepoints. */
#include "system/gdbstub_int.h"

#include <stdarg.h>
#include <string.h>

#include "monitor/hmp.h"
#include "util/err.h"

static Gdb *server;                 /* main thread */

/* ---- Out */

static void flush(Gdb *g)
{
    ssize_t n;

    if (!g->connected) {
        g_byte_array_set_size(g->out, 0);
    }
    if (g->out->len == 0) {
        return;
    }
    n = char_write(g->c, g->out->data, g->out->len);
    g_byte_array_remove_range(g->out, 0, (guint)MIN((size_t)n, g->out->len));
}

static void put_raw(Gdb *g, const char *text)
{
    g_byte_array_append(g->out, (const uint8_t *)text, (guint)strlen(text));
    flush(g);
}

void gdb_send(Gdb *g, const void *data, size_t n)
{
    const uint8_t *in = data;
    char sum_text[4];
    uint8_t sum = 0;

    g_byte_array_set_size(g->last, 0);
    g_byte_array_append(g->last, (const uint8_t *)"$", 1);
    for (size_t k = 0; k < n; k++) {
        uint8_t pair[2] = { '}', in[k] ^ 0x20 };
        bool escape = strchr("#$}*", in[k]) != NULL && in[k] != 0;

        g_byte_array_append(g->last, escape ? pair : &in[k], escape ? 2 : 1);
    }
    for (guint k = 1; k < g->last->len; k++) {
        sum += g->last->data[k];
    }
    g_snprintf(sum_text, sizeof(sum_text), "#%02x", sum);
    g_byte_array_append(g->last, (const uint8_t *)sum_text, 3);
    g_byte_array_append(g->out, g->last->data, g->last->len);
    flush(g);
}

void gdb_puts(Gdb *g, const char *text)
{
    gdb_send(g, text, strlen(text));
}

void gdb_printf(Gdb *g, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    gdb_puts(g, text);
}

/* ---- In */

static void packet_done(Gdb *g)
{
    g->rx = RX_IDLE;
    if (g->sum != g->got_sum && !g->no_ack) {
        put_raw(g, "-");
        return;
    }
    if (!g->no_ack) {
        put_raw(g, "+");
    }
    if (g->overlong) {
        gdb_puts(g, "E22");
        return;
    }
    g_byte_array_append(g->in, (const uint8_t *)"", 1);
    g->busy = true;
    gdb_packet(g, (char *)g->in->data, g->in->len - 1);
    g->busy = false;
}

static void packet_byte(Gdb *g, uint8_t b)
{
    if (g->in->len >= PACKET_MAX) {
        g->overlong = true;
    } else {
        g_byte_array_append(g->in, &b, 1);
    }
}

static void idle_byte(Gdb *g, uint8_t b)
{
    switch (b) {
    case '$':
        g->rx = RX_DATA;
        g->sum = 0;
        g->overlong = false;
        g_byte_array_set_size(g->in, 0);
        if (vm_running(g->vm)) {    /* registers and memory are looked at while nothing moves */
            gdb_interrupt(g);
        }
        break;
    case '-':
        if (!g->no_ack && g->last->len > 0 && g->out->len < OUT_FULL) {
            g_byte_array_append(g->out, g->last->data, g->last->len);
            flush(g);
        }
        break;
    case 3:
        gdb_interrupt(g);
        break;
    default:                        /* '+', and what is left of a broken packet */
        break;
    }
}

static void receive_byte(Gdb *g, uint8_t b)
{
    int digit = g_ascii_xdigit_value((char)b);

    switch (g->rx) {
    case RX_IDLE:
        idle_byte(g, b);
        break;
    case RX_DATA:
        if (b == '#') {
            g->rx = RX_SUM1;
            break;
        }
        if (b == '$') {             /* the end of the one before was lost */
            g->rx = RX_IDLE;
            idle_byte(g, b);
            break;
        }
        g->sum += b;
        if (b == '}') {
            g->rx = RX_ESCAPED;
        } else {
            packet_byte(g, b);
        }
        break;
    case RX_ESCAPED:
        g->sum += b;
        g->rx = RX_DATA;
        packet_byte(g, b ^ 0x20);
        break;
    case RX_SUM1:
        g->got_sum = (uint8_t)((digit & 15) << 4);
        g->rx = RX_SUM2;
        break;
    case RX_SUM2:
        g->got_sum |= digit & 15;
        packet_done(g);
        break;
    }
}

static size_t gdb_room(void *opaque)
{
    const Gdb *g = opaque;

    return g->out->len > OUT_FULL ? 0 : PACKET_MAX;
}

static void gdb_receive(void *opaque, const uint8_t *buf, size_t n)
{
    Gdb *g = opaque;

    for (size_t k = 0; k < n; k++) {
        receive_byte(g, buf[k]);
    }
}

static void gdb_writable(void *opaque)
{
    Gdb *g = opaque;
    bool was_full = gdb_room(g) == 0;

    flush(g);
    if (was_full && gdb_room(g) > 0) {
        char_accept_input(g->c);
    }
}

/* ---- Coming and going */

static void session_begin(Gdb *g)
{
    g->rx = RX_IDLE;
    g_byte_array_set_size(g->in, 0);
    g_byte_array_set_size(g->out, 0);
    g_byte_array_set_size(g->last, 0);
    g->no_ack = g->multiprocess = g->swbreak = g->hwbreak = g->physical = g->waits = false;
    g->reg_cpu = g->run_cpu = g->next_thread = 0;
    g->step_flags = STEP_ALL;
    g->connected = true;
    gdb_run_init(g);
}

/* Nobody is there for what they would stop for. They are taken away while all stand still. */
static void session_end(Gdb *g)
{
    bool running = vm_running(g->vm) && g->armed;

    g->connected = g->waits = false;
    flush(g);
    if (running) {
        vm_stop(g->vm, RUN_PAUSED);
    }
    if (g->armed) {
        gdb_forget_breaks(g);
    }
    if (running) {
        vm_start(g->vm);
    }
}

static void gdb_event(void *opaque, CharEvent ev)
{
    Gdb *g = opaque;

    if (ev == CHAR_OPENED && !g->connected) {
        session_begin(g);
    } else if (ev == CHAR_CLOSED && g->connected) {
        session_end(g);
    }
}

static const CharUser gdb_user = {
    .room = gdb_room, .receive = gdb_receive, .event = gdb_event, .writable = gdb_writable,
};

static Char *open_char(const char *device, bool *own, GError **errp)
{
    g_autofree char *listening = g_strdup_printf("%s,server=on,wait=off,nodelay=on", device);

    *own = !g_str_has_prefix(device, "chardev:");
    return char_open_legacy("gdb", g_str_has_prefix(device, "tcp:") ? listening : device, errp);
}

static void gdb_free(Gdb *g)
{
    g_byte_array_unref(g->in);
    g_byte_array_unref(g->out);
    g_byte_array_unref(g->last);
    g_free(g);
}

bool gdbstub_start(Vm *vm, const char *device, GError **errp)
{
    Gdb *g;

    if (server != NULL && server->busy) {
        return err_fail(errp, "gdb's own command cannot change its server");
    }
    if (server != NULL && server->connected) {
        gdb_puts(server, "W00");
        session_end(server);
    }
    gdbstub_stop();
    if (strcmp(device, "none") == 0) {
        return true;
    }
    if (vm->cpus->len == 0) {
        return err_fail(errp, "gdb is of no use for a machine without any CPU");
    }
    if (vm->accel->type->no_threads || vm->accel->type->debug == NULL) {
        return err_fail(errp, "accelerator '%s' does not support gdb", vm->accel->type->name);
    }
    g = g_new0(Gdb, 1);
    g->vm = vm;
    g->in = g_byte_array_new();
    g->out = g_byte_array_new();
    g->last = g_byte_array_new();
    g->c = open_char(device, &g->own_char, errp);
    if (g->c == NULL) {
        gdb_free(g);
        return false;
    }
    if (!char_attach(g->c, &gdb_user, g, errp)) {
        if (g->own_char) {
            char_close(g->c, NULL);
        }
        gdb_free(g);
        return false;
    }
    g->notify = (VmNotify){ .run_state = gdb_run_state, .opaque = g };
    vm_notify_add(vm, &g->notify);
    server = g;
    return true;
}

void gdbstub_stop(void)
{
    Gdb *g = server;

    if (g == NULL) {
        return;
    }
    server = NULL;
    if (g->connected) {
        gdb_puts(g, "W00");
    }
    vm_notify_del(g->vm, &g->notify);
    char_detach(g->c, g);
    if (g->own_char) {
        char_close(g->c, NULL);
    }
    gdb_free(g);
}

/* ---- The monitor's command */

static void cmd_gdbserver(Hmp *hmp, const Json *args)
{
    const char *device = json_get_str(args, "device") ?: GDBSTUB_DEFAULT;
    GError *err = NULL;

    if (!gdbstub_start(hmp_vm(hmp), device, &err)) {
        hmp_printf(hmp, "Could not open gdbserver on device '%s': %s\n", device, err->message);
        g_error_free(err);
    } else if (strcmp(device, "none") == 0) {
        hmp_puts(hmp, "Disabled gdbserver\n");
    } else {
        hmp_printf(hmp, "Waiting for gdb connection on device '%s'\n", device);
    }
}

static const HmpCommand gdb_commands[] = {
    { "gdbserver", "device:s?", "[device]", "start a server for gdb on the device (tcp::1234), or end it with 'none'",
      cmd_gdbserver, NULL },
};
HMP_REGISTER(gdb_commands);
