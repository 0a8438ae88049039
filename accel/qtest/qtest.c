/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qtest protocol: one command a line, one reply a line ("OK ...", "FAIL ..."), and "IRQ raise
 * N" / "IRQ lower N" lines in between for an intercepted device. Numbers are C literals. Commands:
 *   outb outw outl ADDR VALUE, inb inw inl ADDR, writeb/w/l/q ADDR VALUE, readb/w/l/q ADDR,
 *   read ADDR SIZE, write ADDR SIZE 0xHEX, b64read, b64write, memset ADDR SIZE VALUE, endianness,
 *   clock_step [NS], clock_set NS, irq_intercept_in/out PATH, set_irq_in PATH NAME NUM LEVEL.
 * Of our own: state_save FILE, state_load FILE (the sections of all devices), state_reset. */
#include "accel/qtest/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "system/chardev/char.h"
#include "target/cpu.h"
#include "hw/core/devstate.h"
#include "util/err.h"
#include "util/parse.h"
#include "util/timer.h"

enum { LINE_MAX_BYTES = 256 << 20, TRANSFER_MAX = 64 << 20, IRQS_MAX = 256 };

typedef struct Qtest { /* one connection a process, like its -qtest option */
    Vm *vm;
    Char *chr;
    FILE *log;
    gint64 start_us;
    GString *in, *out; /* out: what the chardev did not take yet */
    Device *intercepted;
    bool levels[IRQS_MAX];
    Irq wrapped[IRQS_MAX]; /* what the intercepted output pins led to */
} Qtest;

static Qtest qt;
static int64_t qtest_clock; /* atomic; ns */

/* ---- The accelerator */

static int64_t clock_now(void *opaque)
{
    (void)opaque;
    return __atomic_load_n(&qtest_clock, __ATOMIC_RELAXED);
}

static const ClockSource clock_source = { .now = clock_now };

static bool qtest_init(Accel *a, Vm *vm, GError **errp)
{
    (void)a;
    (void)vm;
    (void)errp;
    clock_virtual_set_source(&clock_source);
    return true;
}

static const AccelType qtest_accel = {
    .type = { .name = "qtest-accel", .parent = &accel_base.type, .size = sizeof(Accel) },
    .name = "qtest",
    .rank = 100,
    .hidden = true,
    .init = qtest_init,
    .no_threads = true,
};
ACCEL_REGISTER(qtest_accel);

bool qtest_enabled(const Vm *vm)
{
    return vm->accel != NULL && vm->accel->type == &qtest_accel;
}

/* Moves the clock to `when`, stopping at every timer on the way. */
static void clock_warp(int64_t when)
{
    int64_t now = clock_now(NULL);

    while (now < when) {
        int64_t next = MIN(when, MAX(clock_virtual_deadline(), now + 1));

        __atomic_store_n(&qtest_clock, next, __ATOMIC_RELAXED);
        clock_virtual_run();
        now = next;
    }
}

/* ---- Lines of text */

static void log_line(const char *dir, const char *text)
{
    gint64 us = g_get_monotonic_time() - qt.start_us;

    if (qt.log != NULL) {
        fprintf(qt.log, "[%s +%" PRId64 ".%06" PRId64 "] %s\n", dir, us / 1000000, us % 1000000,
                text);
        fflush(qt.log);
    }
}

static void flush_out(void)
{
    ssize_t n;

    if (qt.chr == NULL || qt.out->len == 0) {
        return;
    }
    n = char_write(qt.chr, (const uint8_t *)qt.out->str, qt.out->len);
    g_string_erase(qt.out, 0, n);
}

static void send_text(const char *line)
{
    log_line("S", line);
    g_string_append(qt.out, line);
    g_string_append_c(qt.out, '\n');
    flush_out();
}

/* ---- Commands. Each gets the words; words[0] is the command. A false return means: bad arguments.
 */

typedef struct Cmd {
    Vm *vm;
    char **words;
    unsigned n;
    GString *reply;
} Cmd;

static bool number(const Cmd *c, unsigned i, uint64_t *v)
{
    if (i >= c->n) {
        return false;
    }
    if (c->words[i][0] == '-') {
        int64_t s;

        if (!parse_i64(c->words[i], 0, &s)) {
            return false;
        }
        *v = (uint64_t)s;
        return true;
    }
    return parse_u64(c->words[i], 0, v);
}

static AddrSpace *memory_of(const Vm *vm)
{
    const Cpu *cpu = vm->cpus->len > 0 ? g_ptr_array_index(vm->cpus, 0) : NULL;

    return cpu != NULL && cpu->mem != NULL ? cpu->mem : vm->mem;
}

static unsigned suffix_size(const char *word)
{
    switch (word[strlen(word) - 1]) {
    case 'b': return 1;
    case 'w': return 2;
    case 'l': return 4;
    default: return 8;
    }
}

static bool cmd_out(Cmd *c)
{
    uint64_t at, v;

    if (!number(c, 1, &at) || !number(c, 2, &v) || at > 0xffff) {
        return false;
    }
    addr_space_st(c->vm->io, at, v, suffix_size(c->words[0]), MEM_ATTRS_NONE, NULL);
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_in(Cmd *c)
{
    uint64_t at;

    if (!number(c, 1, &at) || at > 0xffff) {
        return false;
    }
    g_string_append_printf(
        c->reply, "OK 0x%04" PRIx64,
        addr_space_ld(c->vm->io, at, suffix_size(c->words[0]), MEM_ATTRS_NONE, NULL));
    return true;
}

static bool cmd_write_sized(Cmd *c)
{
    uint64_t at, v;

    if (!number(c, 1, &at) || !number(c, 2, &v)) {
        return false;
    }
    addr_space_st(memory_of(c->vm), at, v, suffix_size(c->words[0]), MEM_ATTRS_NONE, NULL);
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_read_sized(Cmd *c)
{
    uint64_t at;

    if (!number(c, 1, &at)) {
        return false;
    }
    g_string_append_printf(
        c->reply, "OK 0x%016" PRIx64,
        addr_space_ld(memory_of(c->vm), at, suffix_size(c->words[0]), MEM_ATTRS_NONE, NULL));
    return true;
}

static bool range(const Cmd *c, uint64_t *at, uint64_t *len)
{
    return number(c, 1, at) && number(c, 2, len) && *len <= TRANSFER_MAX;
}

static bool cmd_read(Cmd *c)
{
    uint64_t at, len;
    g_autofree uint8_t *buf = NULL;

    if (!range(c, &at, &len) || len == 0) {
        return false;
    }
    buf = g_malloc(len);
    addr_space_read(memory_of(c->vm), at, buf, len, MEM_ATTRS_NONE);
    g_string_append(c->reply, "OK 0x");
    for (uint64_t i = 0; i < len; i++) {
        g_string_append_printf(c->reply, "%02x", buf[i]);
    }
    return true;
}

static bool cmd_write(Cmd *c)
{
    uint64_t at, len;
    g_autofree uint8_t *buf = NULL;
    const char *hex;

    if (!range(c, &at, &len) || c->n < 4 || !g_str_has_prefix(c->words[3], "0x")) {
        return false;
    }
    hex = c->words[3] + 2;
    buf = g_malloc0(len + 1);
    for (uint64_t i = 0; i < len && hex[0] != '\0' && hex[1] != '\0'; i++, hex += 2) {
        int hi = g_ascii_xdigit_value(hex[0]), lo = g_ascii_xdigit_value(hex[1]);

        if (hi < 0 || lo < 0) {
            return false;
        }
        buf[i] = (uint8_t)(hi << 4 | lo);
    }
    addr_space_write(memory_of(c->vm), at, buf, len, MEM_ATTRS_NONE);
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_b64read(Cmd *c)
{
    uint64_t at, len;
    g_autofree uint8_t *buf = NULL;
    g_autofree char *text = NULL;

    if (!range(c, &at, &len)) {
        return false;
    }
    buf = g_malloc(len + 1);
    addr_space_read(memory_of(c->vm), at, buf, len, MEM_ATTRS_NONE);
    text = g_base64_encode(buf, len);
    g_string_append_printf(c->reply, "OK %s", text);
    return true;
}

static bool cmd_b64write(Cmd *c)
{
    uint64_t at, len;
    gsize got;
    g_autofree uint8_t *buf = NULL;

    if (!range(c, &at, &len) || c->n < 4) {
        return false;
    }
    buf = g_base64_decode(c->words[3], &got);
    addr_space_write(memory_of(c->vm), at, buf, MIN(len, got), MEM_ATTRS_NONE);
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_memset(Cmd *c)
{
    uint64_t at, len, v;

    if (!number(c, 1, &at) || !number(c, 2, &len) || !number(c, 3, &v) || len > (1ull << 32)) {
        return false;
    }
    addr_space_fill(memory_of(c->vm), at, (uint8_t)v, len, MEM_ATTRS_NONE);
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_endianness(Cmd *c)
{
    g_string_append(c->reply, "OK little");
    return true;
}

static bool cmd_clock(Cmd *c)
{
    bool step = strcmp(c->words[0], "clock_step") == 0;
    int64_t now = clock_ns(CLOCK_VIRTUAL), when = now;
    uint64_t v = 0;

    if (!qtest_enabled(c->vm) || (c->n > 1 && !number(c, 1, &v)) || (c->n == 1 && !step) ||
        v > INT64_MAX / 2) {
        return false;
    }
    if (c->n > 1) {
        when = step ? now + (int64_t)v : (int64_t)v;
    } else if (clock_virtual_deadline() != INT64_MAX) {
        when = clock_virtual_deadline();
    }
    clock_warp(when);
    g_string_append_printf(c->reply, "OK %" PRId64, clock_ns(CLOCK_VIRTUAL));
    return true;
}

/* ---- Lines */

static void on_line(void *opaque, unsigned pin, int level)
{
    g_autofree char *text = NULL;

    (void)opaque;
    if (pin >= IRQS_MAX || qt.levels[pin] == (level != 0)) {
        return;
    }
    qt.levels[pin] = level != 0;
    text = g_strdup_printf("IRQ %s %u", level != 0 ? "raise" : "lower", pin);
    send_text(text);
}

static void on_output(void *opaque, unsigned pin, int level)
{
    irq_set(qt.wrapped[pin], level);
    on_line(opaque, pin, level);
}

static Device *device_named(const Cmd *c, unsigned i)
{
    Object *obj = i < c->n ? object_resolve(&c->vm->root, c->words[i], NULL) : NULL;

    return obj != NULL ? device_from_object(obj) : NULL;
}

static bool cmd_intercept(Cmd *c)
{
    bool out = g_str_has_suffix(c->words[0], "_out");
    Device *dev = device_named(c, 1);
    unsigned n = 0;

    if (dev == NULL) {
        g_string_append(c->reply, "FAIL Unknown device");
        return true;
    }
    if (qt.intercepted != NULL) {
        g_string_append(c->reply,
                        qt.intercepted == dev ? "OK" : "FAIL IRQ intercept already enabled");
        return true;
    }
    for (guint i = 0; !out && i < dev->gpio_in->len; i++) {
        GpioIn *in = g_ptr_array_index(dev->gpio_in, i);

        if (in->name == NULL) {
            in->listener = on_line;
        }
    }
    for (guint i = 0; out && i < dev->gpio_out->len; i++) {
        const GpioOut *o = &g_array_index(dev->gpio_out, GpioOut, i);

        for (unsigned pin = 0; o->name == NULL && pin < o->n && n < IRQS_MAX; pin++, n++) {
            qt.wrapped[n] = o->pins[pin];
            o->pins[pin] = (Irq){ on_output, NULL, n };
        }
    }
    qt.intercepted = dev;
    g_string_append(c->reply, "OK");
    return true;
}

static bool cmd_set_irq_in(Cmd *c)
{
    Device *dev = device_named(c, 1);
    uint64_t pin, level;
    const char *name;

    if (dev == NULL) {
        g_string_append(c->reply, "FAIL Unknown device");
        return true;
    }
    if (!number(c, 3, &pin) || !number(c, 4, &level) || pin > UINT32_MAX) {
        return false;
    }
    name = strcmp(c->words[2], "unnamed-gpio-in") == 0 ? NULL : c->words[2];
    irq_set(device_gpio_in(dev, name, (unsigned)pin), (int)level);
    g_string_append(c->reply, "OK");
    return true;
}

/* ---- Snapshots of the devices */

static bool state_answer(Cmd *c, bool ok, GError *err)
{
    if (ok) {
        g_string_append(c->reply, "OK");
    } else {
        g_string_append_printf(c->reply, "FAIL %s", err->message);
        g_error_free(err);
    }
    return true;
}

static bool cmd_state_save(Cmd *c)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    VmWriter w = { bytes };
    GError *err = NULL;

    if (c->n != 2) {
        return false;
    }
    return state_answer(c, devstate_save(c->vm, &w, 1, &err) &&
                        g_file_set_contents(c->words[1], (const char *)bytes->data,
                                            (gssize)bytes->len, &err), err);
}

static bool cmd_state_load(Cmd *c)
{
    g_autofree char *bytes = NULL;
    GError *err = NULL;
    VmReader r = { 0 };
    bool ok;

    if (c->n != 2) {
        return false;
    }
    ok = g_file_get_contents(c->words[1], &bytes, &r.size, &err);
    r.data = (const uint8_t *)bytes;
    ok = ok && devstate_load(c->vm, &r, &err);
    if (ok && r.pos != r.size) {
        ok = err_fail(&err, "%zu bytes too many", r.size - r.pos);
    }
    return state_answer(c, ok, err);
}

static bool cmd_state_reset(Cmd *c)
{
    vm_reset(c->vm, RESET_COLD);
    return state_answer(c, true, NULL);
}

typedef struct CmdRow {
    const char *name;
    bool (*fn)(Cmd *c);
} CmdRow;

static const CmdRow commands[] = {
    { "outb", cmd_out },
    { "outw", cmd_out },
    { "outl", cmd_out },
    { "inb", cmd_in },
    { "inw", cmd_in },
    { "inl", cmd_in },
    { "writeb", cmd_write_sized },
    { "writew", cmd_write_sized },
    { "writel", cmd_write_sized },
    { "writeq", cmd_write_sized },
    { "readb", cmd_read_sized },
    { "readw", cmd_read_sized },
    { "readl", cmd_read_sized },
    { "readq", cmd_read_sized },
    { "read", cmd_read },
    { "write", cmd_write },
    { "b64read", cmd_b64read },
    { "b64write", cmd_b64write },
    { "memset", cmd_memset },
    { "endianness", cmd_endianness },
    { "clock_step", cmd_clock },
    { "clock_set", cmd_clock },
    { "irq_intercept_in", cmd_intercept },
    { "irq_intercept_out", cmd_intercept },
    { "set_irq_in", cmd_set_irq_in },
    { "state_save", cmd_state_save },
    { "state_load", cmd_state_load },
    { "state_reset", cmd_state_reset },
};

void qtest_command(Vm *vm, const char *line, GString *out)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    Cmd c = { .vm = vm, .words = words, .n = g_strv_length(words), .reply = out };

    for (size_t i = 0; c.n > 0 && i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(words[0], commands[i].name) == 0) {
            if (!commands[i].fn(&c)) {
                g_string_append_printf(out, "FAIL Bad arguments of '%s'", words[0]);
            }
            return;
        }
    }
    g_string_append_printf(out, "FAIL Unknown command '%s'", c.n > 0 ? words[0] : "");
}

/* ---- The connection. Main loop, VM lock held. */

static size_t on_room(void *opaque)
{
    (void)opaque;
    return 64 << 10;
}

static void on_receive(void *opaque, const uint8_t *buf, size_t n)
{
    char *end;

    (void)opaque;
    if (qt.in->len + n > LINE_MAX_BYTES) {
        g_string_truncate(qt.in, 0);
        send_text("FAIL Line too long");
        return;
    }
    g_string_append_len(qt.in, (const char *)buf, (gssize)n);
    while ((end = memchr(qt.in->str, '\n', qt.in->len)) != NULL) {
        g_autofree char *line = g_strndup(qt.in->str, (gsize)(end - qt.in->str));
        g_autoptr(GString) reply = g_string_new(NULL);

        g_string_erase(qt.in, 0, end - qt.in->str + 1);
        g_strchomp(line);
        log_line("R", line);
        qtest_command(qt.vm, line, reply);
        send_text(reply->str);
    }
}

/* A new client starts with lines low; the old client's interceptions are undone. */
static void forget_client(void)
{
    Device *dev = qt.intercepted;
    unsigned n = 0;

    qt.intercepted = NULL;
    memset(qt.levels, 0, sizeof(qt.levels));
    g_string_truncate(qt.in, 0);
    g_string_truncate(qt.out, 0);
    for (guint i = 0; dev != NULL && i < dev->gpio_in->len; i++) {
        ((GpioIn *)g_ptr_array_index(dev->gpio_in, i))->listener = NULL;
    }
    for (guint i = 0; dev != NULL && i < dev->gpio_out->len; i++) {
        const GpioOut *o = &g_array_index(dev->gpio_out, GpioOut, i);

        for (unsigned pin = 0; o->name == NULL && pin < o->n && n < IRQS_MAX; pin++, n++) {
            if (o->pins[pin].set == on_output) {
                o->pins[pin] = qt.wrapped[n];
            }
        }
    }
}

static void on_event(void *opaque, CharEvent ev)
{
    (void)opaque;
    if (ev == CHAR_OPENED) {
        forget_client();
        log_line("I", "OPENED");
    } else if (ev == CHAR_CLOSED) {
        log_line("I", "CLOSED");
        forget_client();
    }
}

static void on_writable(void *opaque)
{
    (void)opaque;
    flush_out();
}

static const CharUser user = {
    .room = on_room,
    .receive = on_receive,
    .event = on_event,
    .writable = on_writable,
};

bool qtest_open(Vm *vm, const char *chardev, const char *log, GError **errp)
{
    g_assert(qt.chr == NULL);
    qt.vm = vm;
    qt.start_us = g_get_monotonic_time();
    if (log == NULL) {
        qt.log = stderr;
    } else if (strcmp(log, "none") != 0) {
        qt.log = fopen(log, "we");
        if (qt.log == NULL) {
            return err_fail_errno(errp, errno, "could not open qtest log '%s'", log);
        }
    }
    qt.chr = char_open_legacy("qtest", chardev, errp);
    if (qt.chr == NULL) {
        return false;
    }
    qt.in = g_string_new(NULL);
    qt.out = g_string_new(NULL);
    return char_attach(qt.chr, &user, &qt, errp);
}

void qtest_close(void)
{
    if (qt.chr != NULL) {
        char_detach(qt.chr, &qt);
        char_close(qt.chr, NULL);
        g_string_free(qt.in, TRUE);
        g_string_free(qt.out, TRUE);
    }
    if (qt.log != NULL && qt.log != stderr) {
        fclose(qt.log);
    }
    qt = (Qtest){ 0 };
}
