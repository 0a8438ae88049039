/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine of RAM and one CPU, to run a boot sector or flat binary without firmware: loaded at 0x7c00, started
 * there in real mode. Port 0xe9 is standard output, port 0xf4 ends the run (status value * 2 + 1), 0xb2
 * raises an SMI. usage: bare [-cpu MODEL] [-tier N] [-accel JSON] [-d ITEMS] FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/vm.h"
#include "target/i386/apic_if.h"
#include "target/i386/cpu.h"
#include "util/json.h"
#include "util/log.h"
#include "util/timer.h"

enum { RAM_BYTES = 64 << 20, LOAD_AT = 0x7c00, TIMEOUT_S = 60 };

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

int main(int argc, char **argv)
{
    const char *cpu = "max", *file = NULL;
    g_autofree char *accel = g_strdup("{'accel': 'tcg', 'tier': 0}");
    Bare b = { 0 };

    setvbuf(stdout, NULL, _IOLBF, 0);
    report_set_program(argv[0]);
    for (int k = 1; k < argc; k++) {
        if (k + 1 < argc && strcmp(argv[k], "-cpu") == 0) {
            cpu = argv[++k];
        } else if (k + 1 < argc && strcmp(argv[k], "-tier") == 0) {
            g_free(accel);
            accel = g_strdup_printf("{'accel': 'tcg', 'tier': %d}", atoi(argv[++k]));
        } else if (k + 1 < argc && strcmp(argv[k], "-accel") == 0) {
            g_free(accel);
            accel = g_strdup(argv[++k]);
        } else if (k + 1 < argc && strcmp(argv[k], "-d") == 0) {
            log_set_items(argv[++k], NULL);
        } else {
            file = argv[k];
        }
    }
    if (file == NULL) {
        fprintf(stderr, "usage: bare [-cpu MODEL] [-tier N] [-accel JSON] [-d ITEMS] FILE\n");
        return 1;
    }
    build(&b, cpu, accel);
    load(&b, file);
    clock_virtual_enable(true);
    cpus_resume_all(b.vm);
    vm_unlock(b.vm);
    g_usleep(TIMEOUT_S * 1000000ul);
    vm_lock(b.vm);
    fflush(stdout);
    fprintf(stderr, "bare: no end after %d s\n", TIMEOUT_S);
    _Exit(124);
}
