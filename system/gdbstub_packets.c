/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gdb server: what packets ask for. Threads are CPUs: thread N is CPU N-1, all in process 1. Errors are those that
 * existing servers for machines give: E22 for what makes no sense, E14 for memory and registers that are not there,
 * nothing at all for packets that are unknown. */
#include "system/gdbstub_int.h"

#include <string.h>

#include "monitor/hmp.h"

static const char bad[] = "E22", fault[] = "E14", okay[] = "OK";

/* Output of a monitor command beyond this is cut off. */
enum { TEXT_MAX = 1 << 20, CHUNK = PACKET_MAX / 2 - 8 };

/* ---- Numbers */

bool gdb_take_hex(const char **p, uint64_t *v)
{
    const char *begin = *p;

    for (*v = 0; g_ascii_isxdigit(**p); ++*p) {
        if (*v >> 60 != 0) {
            return false;
        }
        *v = *v << 4 | (unsigned)g_ascii_xdigit_value(**p);
    }
    return *p > begin;
}

static bool take_char(const char **p, char c)
{
    if (**p != c) {
        return false;
    }
    ++*p;
    return true;
}

/* Bytes as pairs of digits; at most max. Returns how many, -1 when it is something else or too long. */
static int take_bytes(const char *p, uint8_t *buf, size_t max)
{
    size_t n = 0;

    for (; p[0] != '\0' && n < max; p += 2, n++) {
        if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1])) {
            return -1;
        }
        buf[n] = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
    }
    return p[0] == '\0' ? (int)n : -1;
}

static void put_bytes(GString *out, const uint8_t *buf, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t k = 0; k < n; k++) {
        g_string_append_c(out, digits[buf[k] >> 4]);
        g_string_append_c(out, digits[buf[k] & 15]);
    }
}

/* ---- Threads */

void gdb_put_thread(const Gdb *g, GString *out, unsigned index)
{
    g_string_append_printf(out, g->multiprocess ? "p01.%02x" : "%02x", index + 1);
}

/* -1, or a number. */
static bool take_id(const char **p, int64_t *id)
{
    uint64_t v;

    if (strncmp(*p, "-1", 2) == 0) {
        *p += 2;
        *id = -1;
        return true;
    }
    if (!gdb_take_hex(p, &v) || v > INT32_MAX) {
        return false;
    }
    *id = (int64_t)v;
    return true;
}

bool gdb_take_thread(const Gdb *g, const char **p, int *index)
{
    int64_t process = 1, thread = -1;

    if (take_char(p, 'p')) {
        if (!take_id(p, &process) || (take_char(p, '.') && !take_id(p, &thread))) {
            return false;
        }
    } else if (!take_id(p, &thread)) {
        return false;
    }
    if (process > 1 || thread > (int64_t)g->vm->cpus->len) {
        return false;
    }
    *index = thread > 0 ? (int)thread - 1 : -1;
    return true;
}

/* Hg, Hc. Those that name no CPU leave the choice to us. */
static void do_set_thread(Gdb *g, const char *p, size_t n)
{
    char what = *p;
    int index;

    if (what != '\0') {
        p++;
    }
    if ((what != 'g' && what != 'c') || !gdb_take_thread(g, &p, &index) || *p != '\0') {
        gdb_puts(g, bad);
        return;
    }
    if (index >= 0 && what == 'g') {
        g->reg_cpu = (unsigned)index;
    } else if (index >= 0) {
        g->run_cpu = (unsigned)index;
    }
    gdb_puts(g, okay);
}

static void do_thread_alive(Gdb *g, const char *p, size_t n)
{
    int index;

    gdb_puts(g, gdb_take_thread(g, &p, &index) && *p == '\0' ? okay : bad);
}

static void send_next_thread(Gdb *g)
{
    g_autoptr(GString) out = g_string_new("m");

    if (g->next_thread >= g->vm->cpus->len) {
        gdb_puts(g, "l");
        return;
    }
    gdb_put_thread(g, out, g->next_thread++);
    gdb_send(g, out->str, out->len);
}

static void do_first_thread(Gdb *g, const char *p, size_t n)
{
    g->next_thread = 0;
    send_next_thread(g);
}

static void do_next_thread(Gdb *g, const char *p, size_t n)
{
    send_next_thread(g);
}

static void do_current_thread(Gdb *g, const char *p, size_t n)
{
    g_autoptr(GString) out = g_string_new("QC");

    gdb_put_thread(g, out, g->reg_cpu);
    gdb_send(g, out->str, out->len);
}

static void do_thread_extra(Gdb *g, const char *p, size_t n)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = NULL;
    const Cpu *cpu;
    int index;

    if (!gdb_take_thread(g, &p, &index) || index < 0) {
        gdb_puts(g, bad);
        return;
    }
    cpu = gdb_cpu(g, (unsigned)index);
    text = g_strdup_printf("CPU#%u [%s]", cpu->index, cpu->halted ? "halted " : "running");
    put_bytes(out, (const uint8_t *)text, strlen(text));
    gdb_send(g, out->str, out->len);
}

/* ---- Registers */

static Cpu *registers_of(Gdb *g)
{
    Cpu *cpu = gdb_cpu(g, g->reg_cpu);

    return cpu != NULL && cpu_regs_pull(cpu, NULL) ? cpu : NULL;
}

static void do_read_all(Gdb *g, const char *p, size_t n)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Cpu *cpu = registers_of(g);
    uint8_t buf[GDB_REG_MAX];
    int size;

    for (unsigned reg = 0; cpu != NULL && (size = cpu->type->gdb_read(cpu, g->layout, reg, buf)) > 0; reg++) {
        put_bytes(out, buf, (size_t)size);
    }
    gdb_puts(g, cpu != NULL ? out->str : fault);
}

/* As many as are given. */
static void do_write_all(Gdb *g, const char *p, size_t n)
{
    g_autofree uint8_t *data = g_malloc(n / 2 + 1);
    int left = take_bytes(p, data, n / 2 + 1), at = 0, size;
    Cpu *cpu = registers_of(g);
    uint8_t buf[GDB_REG_MAX];

    if (left <= 0 || cpu == NULL) {
        gdb_puts(g, bad);
        return;
    }
    for (unsigned reg = 0; (size = cpu->type->gdb_read(cpu, g->layout, reg, buf)) > 0 && size <= left - at; reg++) {
        cpu->type->gdb_write(cpu, g->layout, reg, data + at);
        at += size;
    }
    cpu_regs_changed(cpu);
    gdb_puts(g, okay);
}

static void do_read_one(Gdb *g, const char *p, size_t n)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Cpu *cpu = registers_of(g);
    uint8_t buf[GDB_REG_MAX];
    uint64_t reg;
    int size = 0;

    if (gdb_take_hex(&p, &reg) && *p == '\0' && reg <= UINT16_MAX && cpu != NULL) {
        size = cpu->type->gdb_read(cpu, g->layout, (unsigned)reg, buf);
    }
    put_bytes(out, buf, (size_t)size);
    gdb_puts(g, size > 0 ? out->str : fault);
}

static void do_write_one(Gdb *g, const char *p, size_t n)
{
    uint8_t buf[GDB_REG_MAX], old[GDB_REG_MAX];
    Cpu *cpu = registers_of(g);
    uint64_t reg;
    int size;

    if (!gdb_take_hex(&p, &reg) || !take_char(&p, '=') || reg > UINT16_MAX || cpu == NULL ||
        (size = take_bytes(p, buf, sizeof(buf))) <= 0 ||
        cpu->type->gdb_read(cpu, g->layout, (unsigned)reg, old) != size) {
        gdb_puts(g, bad);
        return;
    }
    cpu->type->gdb_write(cpu, g->layout, (unsigned)reg, buf);
    cpu_regs_changed(cpu);
    gdb_puts(g, okay);
}

/* ---- Memory */

enum { PAGE = 4096 };

/* Virtual as the chosen CPU sees it, or physical. Writes reach read-only memory too. */
static bool access_memory(Gdb *g, uint64_t at, uint8_t *buf, size_t n, bool write)
{
    Cpu *cpu = registers_of(g);

    while (cpu != NULL && n > 0) {
        size_t now = MIN(n, PAGE - at % PAGE);
        GuestAddr pa = at;

        if (!g->physical && !cpu->type->virt_to_phys(cpu, at, &pa)) {
            return false;
        }
        if (write) {
            addr_space_write_rom(cpu->mem, pa, buf, now);
        } else {
            addr_space_read(cpu->mem, pa, buf, now, MEM_ATTRS_NONE);
        }
        at += now;
        buf += now;
        n -= now;
    }
    return cpu != NULL;
}

/* "ADDRESS,LENGTH" and the character behind. */
static bool take_range(const char **p, uint64_t *at, uint64_t *len, char end)
{
    return gdb_take_hex(p, at) && take_char(p, ',') &&
           gdb_take_hex(p, len) && (end == '\0' ? **p == '\0' : take_char(p, end));
}

static void do_read_memory(Gdb *g, const char *p, size_t n)
{
    g_autoptr(GString) out = g_string_new(NULL);
    uint8_t buf[PACKET_MAX / 2];
    uint64_t at, len;

    if (!take_range(&p, &at, &len, '\0') || len > sizeof(buf)) {
        gdb_puts(g, bad);
        return;
    }
    if (!access_memory(g, at, buf, len, false)) {
        gdb_puts(g, fault);
        return;
    }
    put_bytes(out, buf, len);
    gdb_send(g, out->str, out->len);
}

static void do_write_memory(Gdb *g, const char *p, size_t n)
{
    uint8_t buf[PACKET_MAX / 2];
    uint64_t at, len;

    if (!take_range(&p, &at, &len, ':') || len > sizeof(buf) || take_bytes(p, buf, sizeof(buf)) != (int)len) {
        gdb_puts(g, bad);
        return;
    }
    gdb_puts(g, access_memory(g, at, buf, len, true) ? okay : fault);
}

/* The same with bytes as they are. */
static void do_write_binary(Gdb *g, const char *p, size_t n)
{
    const char *begin = p;
    uint64_t at, len;

    if (!take_range(&p, &at, &len, ':') || len != n - (size_t)(p - begin)) {
        gdb_puts(g, bad);
        return;
    }
    gdb_puts(g, access_memory(g, at, (uint8_t *)(uintptr_t)p, len, true) ? okay : fault);
}

/* ---- Breakpoints */

static void change_break(Gdb *g, const char *p, bool add)
{
    const AccelDebugOps *ops = g->vm->accel->type->debug;
    uint64_t kind, at, len;
    CpuBreak b;

    if (!gdb_take_hex(&p, &kind) || !take_char(&p, ',') || !take_range(&p, &at, &len, '\0')) {
        gdb_puts(g, bad);
        return;
    }
    if (kind >= BREAK_KINDS) {
        gdb_puts(g, "");
        return;
    }
    b = (CpuBreak){ .kind = (BreakKind)kind, .at = at, .len = kind <= BREAK_HARD ? 1 : len };
    g->armed |= add;
    gdb_puts(g, (add ? ops->add : ops->del)(g->vm->accel, &b, NULL) ? okay : bad);
}

static void do_insert(Gdb *g, const char *p, size_t n)
{
    change_break(g, p, true);
}

static void do_remove(Gdb *g, const char *p, size_t n)
{
    change_break(g, p, false);
}

/* ---- Running */

/* c, s: all run, the chosen one perhaps for a step. C, S have a signal before the address, which nobody gets. */
static void run_all(Gdb *g, char action, const char *p, bool has_signal)
{
    g_autofree char *actions = g_malloc0(g->vm->cpus->len + 1);
    uint64_t v = 0;
    bool right = true, has_pc;

    if (has_signal) {
        right = gdb_take_hex(&p, &v) && (*p == '\0' || take_char(&p, ';'));
    }
    has_pc = *p != '\0';
    if (!right || (has_pc && (!gdb_take_hex(&p, &v) || *p != '\0' ||
                              !gdb_set_pc(g, g->run_cpu, v)))) {
        gdb_puts(g, bad);
        return;
    }
    memset(actions, 'c', g->vm->cpus->len);
    if (g->run_cpu < g->vm->cpus->len) {
        actions[g->run_cpu] = action;
    }
    gdb_resume(g, actions);
}

static void do_continue(Gdb *g, const char *p, size_t n)
{
    run_all(g, 'c', p, false);
}

static void do_continue_signal(Gdb *g, const char *p, size_t n)
{
    run_all(g, 'c', p, true);
}

static void do_step(Gdb *g, const char *p, size_t n)
{
    run_all(g, g->step_flags & STEP_ENABLE ? 's' : 'c', p, false);
}

static void do_step_signal(Gdb *g, const char *p, size_t n)
{
    run_all(g, g->step_flags & STEP_ENABLE ? 's' : 'c', p, true);
}

/* One ";ACTION[:THREAD]" for the CPUs that have none yet. */
static bool take_action(const Gdb *g, const char **p, char *actions)
{
    char action;
    uint64_t signal;
    int index = -1;

    if (!take_char(p, ';') || **p == '\0') {
        return false;
    }
    action = (char)g_ascii_tolower(**p);
    if ((action != 'c' && action != 's') ||
        (g_ascii_isupper(*(*p)++) && (!gdb_take_hex(p, &signal))) ||
        (take_char(p, ':') && !gdb_take_thread(g, p, &index))) {
        return false;
    }
    if (action == 's' && !(g->step_flags & STEP_ENABLE)) {
        action = 'c';
    }
    for (unsigned k = 0; k < g->vm->cpus->len; k++) {
        if (actions[k] == 0 && (index < 0 || index == (int)k)) {
            actions[k] = action;
        }
    }
    return true;
}

static void do_vcont(Gdb *g, const char *p, size_t n)
{
    g_autofree char *actions = g_malloc0(g->vm->cpus->len + 1);

    do {
        if (!take_action(g, &p, actions)) {
            gdb_puts(g, bad);
            return;
        }
    } while (*p != '\0');
    gdb_resume(g, actions);
}

static void do_why(Gdb *g, const char *p, size_t n)
{
    gdb_forget_breaks(g);
    gdb_report_stop(g);
}

static void do_attach(Gdb *g, const char *p, size_t n)
{
    uint64_t process;

    if (gdb_take_hex(&p, &process) && process == 1) {
        gdb_report_stop(g);
    } else {
        gdb_puts(g, bad);
    }
}

static void do_detach(Gdb *g, const char *p, size_t n)
{
    uint64_t process;

    if (*p != '\0' && (!take_char(&p, ';') || !gdb_take_hex(&p, &process) || process != 1)) {
        gdb_puts(g, bad);
        return;
    }
    gdb_forget_breaks(g);
    gdb_puts(g, okay);
    gdb_let_go(g);
}

static void do_kill(Gdb *g, const char *p, size_t n)
{
    if (*p != '\0') {
        gdb_puts(g, "");
        return;
    }
    vm_request_shutdown(g->vm, SHUTDOWN_HOST_QMP_QUIT);
}

static void do_kill_process(Gdb *g, const char *p, size_t n)
{
    uint64_t process;

    if (!gdb_take_hex(&p, &process) || process != 1) {
        gdb_puts(g, bad);
        return;
    }
    gdb_puts(g, okay);
    vm_request_shutdown(g->vm, SHUTDOWN_HOST_QMP_QUIT);
}

/* ---- Questions */

static void do_supported(Gdb *g, const char *p, size_t n)
{
    g_auto(GStrv) features = g_strsplit(p, ";", 64);

    g->multiprocess |= g_strv_contains((const char *const *)features, "multiprocess+");
    g->swbreak = g_strv_contains((const char *const *)features, "swbreak+");
    g->hwbreak = g_strv_contains((const char *const *)features, "hwbreak+");
    gdb_printf(g, "PacketSize=%x;qXfer:features:read+;vContSupported+;multiprocess+;QStartNoAckMode+%s%s", PACKET_MAX,
               g->swbreak ? ";swbreak+" : "", g->hwbreak ? ";hwbreak+" : "");
}

/* FILE:OFFSET,LENGTH */
static void do_features(Gdb *g, const char *p, size_t n)
{
    const char *colon = strchr(p, ':');
    g_autofree char *file = colon != NULL ? g_strndup(p, (size_t)(colon - p)) : NULL;
    Cpu *cpu = gdb_cpu(g, 0);
    g_autofree char *xml = file != NULL && cpu != NULL ? cpu->type->gdb_xml(g->layout, file) : NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t at, len;
    size_t total;

    p = colon != NULL ? colon + 1 : "";
    if (xml == NULL || !take_range(&p, &at, &len, '\0') || at > (total = strlen(xml))) {
        gdb_puts(g, "E00");
        return;
    }
    len = MIN(len, CHUNK);
    g_string_append_c(out, len < total - at ? 'm' : 'l');
    g_string_append_len(out, xml + at, (gssize)MIN(len, total - at));
    gdb_send(g, out->str, out->len);
}

static void send_console(Gdb *g, const char *text)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    for (; *text != '\0' && lines->len < TEXT_MAX; text++) {
        if (*text == '\n') {
            g_string_append_c(lines, '\r');
        }
        g_string_append_c(lines, *text);
    }
    for (size_t at = 0; at < lines->len; at += CHUNK) {
        g_autoptr(GString) out = g_string_new("O");

        put_bytes(out, (const uint8_t *)lines->str + at, MIN(CHUNK, lines->len - at));
        gdb_send(g, out->str, out->len);
    }
}

/* "monitor ..." */
static void do_command(Gdb *g, const char *p, size_t n)
{
    g_autofree uint8_t *line = g_malloc0(n / 2 + 1);
    g_autofree char *text = NULL;

    if (take_bytes(p, line, n / 2) <= 0) {
        gdb_puts(g, bad);
        return;
    }
    text = hmp_run_text(g->vm, (const char *)line, g->reg_cpu);
    send_console(g, text);
    gdb_puts(g, okay);
}

static void do_set_sstep(Gdb *g, const char *p, size_t n)
{
    uint64_t v;

    if (!gdb_take_hex(&p, &v) || *p != '\0' || (v & ~(uint64_t)STEP_ALL)) {
        gdb_puts(g, bad);
        return;
    }
    g->step_flags = (unsigned)v;
    gdb_puts(g, okay);
}

static void do_sstep(Gdb *g, const char *p, size_t n)
{
    gdb_printf(g, "0x%x", g->step_flags);
}

static void do_set_physical(Gdb *g, const char *p, size_t n)
{
    uint64_t v;

    if (!gdb_take_hex(&p, &v)) {
        gdb_puts(g, bad);
        return;
    }
    g->physical = v != 0;
    gdb_puts(g, okay);
}

static void do_physical(Gdb *g, const char *p, size_t n)
{
    gdb_puts(g, g->physical ? "1" : "0");
}

static void do_no_ack(Gdb *g, const char *p, size_t n)
{
    gdb_puts(g, okay);
    g->no_ack = true;
}

/* ---- The table. The first row that fits: `name` is how the packet begins; whole: and all there is. */

typedef struct Packet {
    const char *name;
    void (*run)(Gdb *g, const char *rest, size_t n);    /* what follows the name, and its length */
    bool whole;
    const char *answer;             /* always this; NULL: run */
} Packet;

static const Packet packets[] = {
    { "?", do_why, true, NULL },
    { "!", NULL, true, okay },
    { "H", do_set_thread, false, NULL },
    { "T", do_thread_alive, false, NULL },
    { "g", do_read_all, true, NULL },
    { "G", do_write_all, false, NULL },
    { "p", do_read_one, false, NULL },
    { "P", do_write_one, false, NULL },
    { "m", do_read_memory, false, NULL },
    { "M", do_write_memory, false, NULL },
    { "X", do_write_binary, false, NULL },
    { "Z", do_insert, false, NULL },
    { "z", do_remove, false, NULL },
    { "c", do_continue, false, NULL },
    { "C", do_continue_signal, false, NULL },
    { "s", do_step, false, NULL },
    { "S", do_step_signal, false, NULL },
    { "D", do_detach, false, NULL },
    { "k", do_kill, false, NULL },
    { "vCont?", NULL, true, "vCont;c;C;s;S" },
    { "vCont", do_vcont, false, NULL },
    { "vAttach;", do_attach, false, NULL },
    { "vKill;", do_kill_process, false, NULL },
    { "qSupported:", do_supported, false, NULL },
    { "qSupported", do_supported, true, NULL },
    { "qXfer:features:read:", do_features, false, NULL },
    { "qRcmd,", do_command, false, NULL },
    { "qfThreadInfo", do_first_thread, true, NULL },
    { "qsThreadInfo", do_next_thread, true, NULL },
    { "qThreadExtraInfo,", do_thread_extra, false, NULL },
    { "qC", do_current_thread, true, NULL },
    { "qAttached", NULL, false, "1" },
    { "qqemu.Supported", NULL, true, "sstepbits;sstep;PhyMemMode" },
    { "qqemu.sstepbits", NULL, true, "ENABLE=1,NOIRQ=2,NOTIMER=4" },
    { "qqemu.sstep", do_sstep, true, NULL },
    { "Qqemu.sstep=", do_set_sstep, false, NULL },
    { "Qqemu.sstep:", do_set_sstep, false, NULL },
    { "qqemu.PhyMemMode", do_physical, true, NULL },
    { "Qqemu.PhyMemMode:", do_set_physical, false, NULL },
    { "QStartNoAckMode", do_no_ack, true, NULL },
};

void gdb_packet(Gdb *g, char *data, size_t n)
{
    for (size_t k = 0; k < G_N_ELEMENTS(packets); k++) {
        const Packet *row = &packets[k];
        size_t len = strlen(row->name);

        if (n < len || memcmp(data, row->name, len) != 0 || (row->whole && n != len)) {
            continue;
        }
        if (row->answer != NULL) {
            gdb_puts(g, row->answer);
        } else {
            row->run(g, data + len, n - len);
        }
        return;
    }
    gdb_puts(g, "");
}
