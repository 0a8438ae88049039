/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target description (gdb manual, "Target Descriptions" and "i386 Features"): the standard features core, sse, avx
 * and segments, and one of our own for the control registers. Made from tables, because names, types and numbers
 * follow from the layout. */
#include "target/i386/gdb_int.h"

#include <glib.h>
#include <string.h>

#include "target/i386/sys.h"

typedef struct Bit { const char *name; uint8_t first, last; } Bit;

static const Bit eflags_bits[] = {
    { "CF", 0, 0 }, { "", 1, 1 }, { "PF", 2, 2 }, { "AF", 4, 4 }, { "ZF", 6, 6 }, { "SF", 7, 7 }, { "TF", 8, 8 },
    { "IF", 9, 9 }, { "DF", 10, 10 }, { "OF", 11, 11 }, { "IOPL", 12, 13 }, { "NT", 14, 14 }, { "RF", 16, 16 },
    { "VM", 17, 17 }, { "AC", 18, 18 }, { "VIF", 19, 19 }, { "VIP", 20, 20 }, { "ID", 21, 21 }, { NULL, 0, 0 },
};
static const Bit cr0_bits[] = {
    { "PE", 0, 0 }, { "MP", 1, 1 }, { "EM", 2, 2 }, { "TS", 3, 3 }, { "ET", 4, 4 }, { "NE", 5, 5 }, { "WP", 16, 16 },
    { "AM", 18, 18 }, { "NW", 29, 29 }, { "CD", 30, 30 }, { "PG", 31, 31 }, { NULL, 0, 0 },
};
static const Bit cr3_bits[] = {
    { "PCID", 0, 11 }, { "PDBR", 12, 31 }, { NULL, 0, 0 },
};
static const Bit cr3_bits64[] = {
    { "PCID", 0, 11 }, { "PDBR", 12, 63 }, { NULL, 0, 0 },
};
static const Bit cr4_bits[] = {
    { "VME", 0, 0 }, { "PVI", 1, 1 }, { "TSD", 2, 2 }, { "DE", 3, 3 }, { "PSE", 4, 4 }, { "PAE", 5, 5 },
    { "MCE", 6, 6 }, { "PGE", 7, 7 }, { "PCE", 8, 8 }, { "OSFXSR", 9, 9 }, { "OSXMMEXCPT", 10, 10 },
    { "UMIP", 11, 11 }, { "LA57", 12, 12 }, { "VMXE", 13, 13 }, { "SMXE", 14, 14 }, { "FSGSBASE", 16, 16 },
    { "PCIDE", 17, 17 }, { "OSXSAVE", 18, 18 }, { "SMEP", 20, 20 }, { "SMAP", 21, 21 }, { "PKE", 22, 22 },
    { NULL, 0, 0 },
};
static const Bit efer_bits[] = {
    { "SCE", 0, 0 }, { "LME", 8, 8 }, { "LMA", 10, 10 }, { "NXE", 11, 11 }, { "SVME", 12, 12 }, { "LMSLE", 13, 13 },
    { "FFXSR", 14, 14 }, { "TCE", 15, 15 }, { NULL, 0, 0 },
};
static const Bit mxcsr_bits[] = {
    { "IE", 0, 0 }, { "DE", 1, 1 }, { "ZE", 2, 2 }, { "OE", 3, 3 }, { "UE", 4, 4 }, { "PE", 5, 5 }, { "DAZ", 6, 6 },
    { "IM", 7, 7 }, { "DM", 8, 8 }, { "ZM", 9, 9 }, { "OM", 10, 10 }, { "UM", 11, 11 }, { "PM", 12, 12 },
    { "RC", 13, 14 }, { "FZ", 15, 15 }, { NULL, 0, 0 },
};

static void put_flags(GString *out, const char *id, unsigned size, const Bit *bits)
{
    g_string_append_printf(out, "<flags id=\"%s\" size=\"%u\">", id, size);
    for (; bits->name != NULL; bits++) {
        g_string_append_printf(out, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", bits->name, bits->first,
                               bits->last);
    }
    g_string_append(out, "</flags>\n");
}

/* names: one each, or one with %u for all. */
static void put_group(GString *out, unsigned layout, GdbGroup g, const char *const *names, const char *type,
                      const char *more)
{
    unsigned n = gdb_group_count(layout, g);

    for (unsigned k = 0; k < n; k++) {
        g_string_append(out, "<reg name=\"");
        if (strchr(names[0], '%') != NULL) {
            g_string_append_printf(out, "%.*s%u%s", (int)strcspn(names[0], "%"), names[0], k,
                                   strchr(names[0], '%') + 1);
        } else {
            g_string_append(out, names[k]);
        }
        g_string_append_printf(out, "\" bitsize=\"%u\" type=\"%s\"", gdb_group_size(layout, g) * 8, type);
        if (k == 0) {
            g_string_append_printf(out, " regnum=\"%u\"", gdb_group_first(layout, g));
        }
        g_string_append_printf(out, "%s/>\n", more);
    }
}

static const char *const st_names[] = { "st%" };
static const char *const xmm_names[] = { "xmm%" };
static const char *const ymmh_names[] = { "ymm%h" };
static const char *const flags_names[] = { "eflags" };
static const char *const mxcsr_names[] = { "mxcsr" };
static const char *const kgs_names[] = { "k_gs_base" };
static const char *const base_names[] = { "fs_base", "gs_base" };
static const char *const sel_names[] = { "cs", "ss", "ds", "es", "fs", "gs" };
static const char *const fctl_names[] = { "fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop" };
static const char *const cr_names[] = { "cr0", "cr2", "cr3", "cr4", "cr8", "efer" };

/* Pointers to code and to the stack have types of their own. */
static void put_gprs(GString *out, unsigned layout, bool wide)
{
    static const char *const names64[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10",
                                           "r11", "r12", "r13", "r14", "r15" };
    static const char *const names32[] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" };
    const char *const *names = wide ? names64 : names32;

    for (unsigned k = 0; k < gdb_group_count(layout, GDB_GPR); k++) {
        bool pointer = strcmp(names[k] + 1, "bp") == 0 || strcmp(names[k] + 1, "sp") == 0;

        g_string_append_printf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"", names[k], wide ? 64 : 32,
                               pointer ? "data_ptr" : wide ? "int64" : "int32");
        g_string_append(out, k == 0 ? " regnum=\"0\"/>\n" : "/>\n");
    }
}

static void put_core(GString *out, unsigned layout, bool wide)
{
    const char *const pc_names[] = { wide ? "rip" : "eip" };

    g_string_append(out, "<feature name=\"org.gnu.gdb.i386.core\">\n");
    put_flags(out, "i386_eflags", 4, eflags_bits);
    put_gprs(out, layout, wide);
    put_group(out, layout, GDB_PC, pc_names, "code_ptr", "");
    put_group(out, layout, GDB_FLAGS, flags_names, "i386_eflags", "");
    put_group(out, layout, GDB_SEL, sel_names, "int32", "");
    put_group(out, layout, GDB_ST, st_names, "i387_ext", "");
    put_group(out, layout, GDB_FCTL, fctl_names, "int", " group=\"float\"");
    g_string_append(out, "</feature>\n");
}

static void put_vectors(GString *out, unsigned layout)
{
    static const struct { const char *id, *type, *name; unsigned n; } shapes[] = {
        { "v4f", "ieee_single", "v4_float", 4 }, { "v2d", "ieee_double", "v2_double", 2 },
        { "v16i8", "int8", "v16_int8", 16 }, { "v8i16", "int16", "v8_int16", 8 },
        { "v4i32", "int32", "v4_int32", 4 }, { "v2i64", "int64", "v2_int64", 2 },
    };

    g_string_append(out, "<feature name=\"org.gnu.gdb.i386.sse\">\n");
    for (size_t k = 0; k < G_N_ELEMENTS(shapes); k++) {
        g_string_append_printf(out, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", shapes[k].id, shapes[k].type,
                               shapes[k].n);
    }
    g_string_append(out, "<union id=\"vec128\">");
    for (size_t k = 0; k < G_N_ELEMENTS(shapes); k++) {
        g_string_append_printf(out, "<field name=\"%s\" type=\"%s\"/>", shapes[k].name, shapes[k].id);
    }
    g_string_append(out, "<field name=\"uint128\" type=\"uint128\"/></union>\n");
    put_flags(out, "i386_mxcsr", 4, mxcsr_bits);
    put_group(out, layout, GDB_XMM, xmm_names, "vec128", "");
    put_group(out, layout, GDB_MXCSR, mxcsr_names, "i386_mxcsr", " group=\"vector\"");
    g_string_append(out, "</feature>\n");
    if (gdb_group_count(layout, GDB_YMMH) > 0) {
        g_string_append(out, "<feature name=\"org.gnu.gdb.i386.avx\">\n");
        put_group(out, layout, GDB_YMMH, ymmh_names, "uint128", "");
        g_string_append(out, "</feature>\n");
    }
}

/* The control registers differ in type. */
static void put_system(GString *out, unsigned layout, bool wide)
{
    static const char *const types[] = { "i386_cr0", NULL, "i386_cr3", "i386_cr4", NULL, "i386_efer" };
    const char *integer = wide ? "int64" : "int32";
    unsigned size = wide ? 8 : 4;

    put_flags(out, "i386_cr0", size, cr0_bits);
    put_flags(out, "i386_cr3", size, wide ? cr3_bits64 : cr3_bits);
    put_flags(out, "i386_cr4", size, cr4_bits);
    put_flags(out, "i386_efer", size, efer_bits);
    put_group(out, layout, GDB_KGS, kgs_names, integer, "");
    for (unsigned k = 0; k < G_N_ELEMENTS(cr_names); k++) {
        g_string_append_printf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n", cr_names[k],
                               size * 8, types[k] != NULL ? types[k] : integer,
                               gdb_group_first(layout, GDB_CR) + k);
    }
}

/* gdb knows bases of segments in 64-bit code only. */
static char *registers(unsigned layout)
{
    bool wide = (layout & GDB_BITS) == 64;
    GString *out = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n");

    g_string_append_printf(out, "<architecture>%s</architecture>\n",
                           wide ? "i386:x86-64" : layout & GDB_REAL ? "i8086" : "i386");
    put_core(out, layout, wide);
    put_vectors(out, layout);
    if (wide) {
        g_string_append(out, "<feature name=\"org.gnu.gdb.i386.segments\">\n");
        put_group(out, layout, GDB_BASE, base_names, "int64", "");
        g_string_append(out, "</feature>\n");
    }
    g_string_append(out, "<feature name=\"kite.i386.system\">\n");
    if (!wide) {
        put_group(out, layout, GDB_BASE, base_names, "int32", "");
    }
    put_system(out, layout, wide);
    g_string_append(out, "</feature>\n</target>\n");
    return g_string_free(out, FALSE);
}

char *x86_gdb_xml(unsigned layout, const char *file)
{
    return strcmp(file, "target.xml") == 0 ? registers(layout) : NULL;
}
