/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help texts. The layouts of the lists are those that scripts read. */
#include "system/help.h"

#include <stdio.h>
#include <string.h>
#include "accel/accel.h"
#include "hw/core/machine.h"
#include "system/build.h"
#include "system/chardev/char.h"
#include "target/cpu.h"
#include "util/log.h"
#include "util/trace.h"

void help_version(void)
{
    puts("QEMU emulator version " KITE_VERSION_TEXT);
    puts("Copyright (c) 2026 the Kite authors");
}

void help_options(const char *program)
{
    help_version();
    printf("usage: %s [options] [disk_image]\n\n"
           "'disk_image' is a raw hard disk image for IDE hard disk 0\n\n", program);
    for (const Option *o = options; o->name != NULL; o++) {
        g_auto(GStrv) lines = NULL;

        if (o->usage == NULL) {
            continue;
        }
        puts(o->usage);
        lines = o->help != NULL ? g_strsplit(o->help, "\n", -1) : NULL;
        for (unsigned i = 0; lines != NULL && lines[i] != NULL; i++) {
            printf("                %s\n", lines[i]);
        }
        if (o->missing != NULL) {
            printf("                (not in this version: %s)\n", o->missing);
        }
    }
    puts("\nWhen using -nographic, press 'ctrl-a h' to get some help.");
}

static int help_machine(const OptUse *use)
{
    const char *type = json_get_str(use->kv, "type");

    if (type == NULL) {
        g_autofree char *text = machine_help();

        fputs(text, stdout);
        return 0;
    }
    return help_type_props(type, "machine");
}

void help_chardev_text(GString *out)
{
    g_string_append(out, "Available chardev backend types: \n");
    SET_FOREACH(char_backends, CharBackend, it) {
        g_string_append_printf(out, "  %s\n", (*it)->name);
    }
}

static int help_chardev(const OptUse *use)
{
    const char *backend = json_get_str(use->kv, "backend");
    const CharBackend *be;

    if (backend == NULL) {
        g_autoptr(GString) out = g_string_new(NULL);

        help_chardev_text(out);
        fputs(out->str, stdout);
        return 0;
    }
    be = char_backend_find(backend);
    if (be == NULL) {
        report_error("'%s' is not a valid char driver name", backend);
        return 1;
    }
    puts("chardev options:");
    for (const Field *f = be->options->fields; f->name != NULL; f++) {
        g_autofree char *line = field_help_line(f);

        puts(line);
    }
    puts("  logappend=<bool>\n  logfile=<str>\n  mux=<bool>");
    return 0;
}

static void print_trace_name(const char *name, bool on, void *opaque)
{
    puts(name);
}

static int help_log(const OptUse *use)
{
    if (strcmp(use->text, "trace:help") == 0) {
        trace_foreach(print_trace_name, NULL);
    } else {
        g_autofree char *text = log_items_help();

        fputs(text, stdout);
    }
    return 0;
}

static int help_vga(void)
{
    puts("none                 no graphic card\nstd                  standard VGA (default)");
    return 0;
}

static int help_data_dirs(const VmConfig *cfg)
{
    g_autoptr(GPtrArray) dirs = build_data_dirs(cfg);

    for (unsigned i = 0; i < dirs->len; i++) {
        puts(g_ptr_array_index(dirs, i));
    }
    return 0;
}

int help_for_use(const VmConfig *cfg, const OptUse *use)
{
    const char *name = use->opt->name;

    report_set_location(use->where);
    if (strcmp(name, "machine") == 0) {
        return help_machine(use);
    }
    if (strcmp(name, "cpu") == 0) {
        return help_cpu();
    }
    if (strcmp(name, "accel") == 0) {
        g_autofree char *text = accel_help();

        puts(text);
        return 0;
    }
    if (strcmp(name, "device") == 0) {
        return help_device(json_get_str(use->kv, "driver"));
    }
    if (strcmp(name, "object") == 0) {
        return help_object(json_get_str(use->kv, "qom-type"));
    }
    if (strcmp(name, "chardev") == 0) {
        return help_chardev(use);
    }
    if (strcmp(name, "d") == 0) {
        return help_log(use);
    }
    if (strcmp(name, "trace") == 0) {
        trace_foreach(print_trace_name, NULL);
        return 0;
    }
    if (strcmp(name, "display") == 0) {
        puts("Available display backend types:\nnone");
        return 0;
    }
    if (strcmp(name, "vga") == 0) {
        return help_vga();
    }
    if (strcmp(name, "drive") == 0) {
        return help_drive_formats();
    }
    if (strcmp(name, "L") == 0) {
        return help_data_dirs(cfg);
    }
    if (use->opt->group != NULL && use->opt->implied_key != NULL && json_len(use->kv) == 0) {
        printf("%s\n", use->opt->usage);
        return 0;
    }
    report_error("there is no help for this");
    return 1;
}
