/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine of RAM and one CPU, to run a boot sector or flat binary without firmware: loaded at 0x7c00, started
 * there in real mode. Port 0xe9 is standard output, port 0xf4 ends the run (status value * 2 + 1), 0xb2
 * raises an SMI. usage: bare [-cpu MODEL] [-tier N] [-accel JSON] [-d ITEMS] FILE
 * -cycles N -every USEC stops, saves and loads the CPU while the program runs; -save FILE ends after USEC with RAM
 * and CPU in FILE, -load goes on from there, under another accelerator if asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/vm.h"
#include "hw/core/vmstate.h"
#include "target/i386/apic_if.h"
#include "target/i386/cpu.h"
#include "target/i386/sys.h"
#include "util/json.h"
#include "util/log.h"
#include "util/timer.h"

enum { RAM_BYTES = 64 << 20, LOAD_AT = 0x7c00, TIMEOUT_S = 60 };

static unsigned cycles_done; /* atomic enough: a number to print */

typedef struct Bare {
    Vm *vm;
    X86Cpu *cpu;
    MemRegion ram, console, exit, smi;
} Bare;

static void console_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    putchar((int)(val & 0xff));
}

static uint64_t console_read(void *opaque, GuestAddr off, unsigned size) { return 0xe9; }

static void exit_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    fflush(stdout);
    if (cycles_done > 0) {
        fprintf(stderr, "%u cycles\n", cycles_done);
    }
    _Exit((int)(val * 2 + 1) & 0xff);
}

static void smi_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Bare *b = opaque;

    x86_cpu_signal_smi(&b->cpu->cpu);
}

static const MemOps console_ops = { .read = console_read, .write = console_write, .max_size = 1 };
static const MemOps exit_ops = { .write = exit_write, .max_size = 4 };
static const MemOps smi_ops = { .write = smi_write, .max_size = 1 };

static void build(Bare *b, const char *cpu, const char *accel)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Json) opts = json_parse(accel, &err);
    g_auto(GStrv) model = g_strsplit(cpu, ",", 2);

    b->vm = vm_new();
    vm_lock(b->vm);
    if (opts == NULL || !accel_create(b->vm, opts, &err) ||
        !mem_init_ram(&b->ram, "ram", RAM_BYTES, &err)) {
        report_gerror(g_steal_pointer(&err), NULL);
        exit(1);
    }
    mem_add(&b->vm->system_region, 0, &b->ram, 0);
    mem_init_io(&b->console, "console", 1, &console_ops, b);
    mem_init_io(&b->exit, "exit", 4, &exit_ops, b);
    mem_init_io(&b->smi, "smi", 1, &smi_ops, b);
    mem_add(&b->vm->io_region, 0xe9, &b->console, 0);
    mem_add(&b->vm->io_region, 0xf4, &b->exit, 0);
    mem_add(&b->vm->io_region, 0xb2, &b->smi, 0);
    b->cpu = x86_cpu_create(b->vm, model[0], model[1], NULL, 0, &err);
    if (b->cpu == NULL) {
        report_gerror(g_steal_pointer(&err), NULL);
        exit(1);
    }
}

static void load(Bare *b, const char *path)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    gsize n;

    if (!g_file_get_contents(path, &data, &n, &err) || n > RAM_BYTES - LOAD_AT) {
        report_error("cannot load '%s'", path);
        exit(1);
    }
    memcpy(mem_ram_ptr(&b->ram) + LOAD_AT, data, n);
    x86_load_seg_raw(b->cpu, SEG_CS, 0, 0, 0xffff, 0x9b00);
    b->cpu->env.rip = b->cpu->env.next_rip = LOAD_AT;
}

/* ---- Saved and loaded in the middle */

typedef struct Options {
    const char *cpu, *file, *save, *load;
    char *accel;
    unsigned cycles, every_us;      /* stops, saves and loads back so often; -save: after every_us, once */
} Options;

static void stop(Bare *b)
{
    cpus_pause_all(b->vm);
    clock_virtual_enable(false);
}

static void go(Bare *b)
{
    clock_virtual_enable(true);
    cpus_resume_all(b->vm);
}

static GByteArray *save_cpu(Bare *b)
{
    VmWriter w = { .out = g_byte_array_new() };

    vm_put_u64(&w, (uint64_t)clock_ns(CLOCK_VIRTUAL));
    vmstate_save(&w, &x86_cpu_vmstate, b->cpu);
    return w.out;
}

static void load_cpu(Bare *b, const uint8_t *data, size_t n)
{
    VmReader r = { .data = data, .size = n };
    g_autoptr(GError) err = NULL;

    x86_cpu_reset(b->cpu, false);
    memset(b->cpu->env.gpr, 0xee, sizeof(b->cpu->env.gpr));
    clock_virtual_set((int64_t)vm_get_u64(&r));
    if (!vmstate_load(&r, &x86_cpu_vmstate, b->cpu, x86_cpu_vmstate.version, &err)) {
        report_gerror(g_steal_pointer(&err), NULL);
        _Exit(3);
    }
}

static void save_file(Bare *b, const char *path)
{
    g_autoptr(GByteArray) cpu = save_cpu(b);
    FILE *f = fopen(path, "w");

    if (f == NULL || fwrite(mem_ram_ptr(&b->ram), RAM_BYTES, 1, f) != 1 ||
        fwrite(cpu->data, cpu->len, 1, f) != 1 || fclose(f) != 0) {
        report_error("cannot write '%s'", path);
        _Exit(3);
    }
    fflush(stdout);
    _Exit(0);
}

static void load_file(Bare *b, const char *path)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    gsize n;

    if (!g_file_get_contents(path, &data, &n, &err) || n <= RAM_BYTES) {
        report_error("cannot load '%s'", path);
        exit(3);
    }
    memcpy(mem_ram_ptr(&b->ram), data, RAM_BYTES);
    load_cpu(b, (const uint8_t *)data + RAM_BYTES, n - RAM_BYTES);
}

static void run(Bare *b, const Options *o)
{
    gint64 end = g_get_monotonic_time() + TIMEOUT_S * 1000000ll;

    go(b);
    for (unsigned i = 0; i < o->cycles || o->save != NULL; i++) {
        vm_unlock(b->vm);
        g_usleep(o->every_us);
        vm_lock(b->vm);
        stop(b);
        if (o->save != NULL) {
            save_file(b, o->save);
        }
        g_autoptr(GByteArray) cpu = save_cpu(b);
        load_cpu(b, cpu->data, cpu->len);
        cycles_done++;
        go(b);
    }
    vm_unlock(b->vm);
    g_usleep((gulong)MAX(end - g_get_monotonic_time(), 0));
    vm_lock(b->vm);
    fflush(stdout);
    fprintf(stderr, "bare: no end after %d s\n", TIMEOUT_S);
    _Exit(124);
}

static bool take_option(Options *o, const char *name, const char *value)
{
    if (strcmp(name, "-cpu") == 0) {
        o->cpu = value;
    } else if (strcmp(name, "-tier") == 0) {
        o->accel = g_strdup_printf("{'accel': 'tcg', 'tier': %d}", atoi(value));
    } else if (strcmp(name, "-accel") == 0) {
        o->accel = g_strdup(value);
    } else if (strcmp(name, "-d") == 0) {
        log_set_items(value, NULL);
    } else if (strcmp(name, "-save") == 0) {
        o->save = value;
    } else if (strcmp(name, "-load") == 0) {
        o->load = value;
    } else if (strcmp(name, "-cycles") == 0) {
        o->cycles = (unsigned)atoi(value);
    } else if (strcmp(name, "-every") == 0) {
        o->every_us = (unsigned)atoi(value);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    Options o = { .cpu = "max", .accel = (char *)"{'accel': 'tcg', 'tier': 0}", .every_us = 1000 };
    Bare b = { 0 };

    setvbuf(stdout, NULL, _IOLBF, 0);
    report_set_program(argv[0]);
    for (int k = 1; k < argc; k++) {
        if (k + 1 < argc && take_option(&o, argv[k], argv[k + 1])) {
            k++;
        } else {
            o.file = argv[k];
        }
    }
    if (o.file == NULL) {
        fprintf(stderr, "usage: bare [-cpu MODEL] [-tier N] [-accel JSON] [-d ITEMS] [-cycles N] [-every USEC]\n"
                "            [-save FILE] [-load FILE] PROGRAM\n");
        return 1;
    }
    build(&b, o.cpu, o.accel);
    load(&b, o.file);
    if (o.load != NULL) {
        load_file(&b, o.load);
    }
    run(&b, &o);
}
