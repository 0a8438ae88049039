/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that look at memory and ports: x, xp, print, i, o, sum, memsave, address translation. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "accel/accel.h"
#include "util/disas.h"
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"
#include "target/cpu.h"
#include "util/err.h"

enum { DUMP_MAX = 1 << 16 };         /* items a command; more is a slip of the finger */

typedef struct Dump {
    Hmp *hmp;
    Cpu *cpu;                       /* virtual addresses; NULL: physical */
    char format;
    unsigned size;
} Dump;

static bool read_virtual(Cpu *cpu, uint64_t va, uint8_t *buf, size_t len)
{
    while (len > 0) {
        size_t n = MIN(len, 4096 - (va & 4095));
        GuestAddr pa;

        if (!cpu->type->virt_to_phys(cpu, va, &pa)) {
            return false;
        }
        addr_space_read(cpu->mem, pa, buf, n, MEM_ATTRS_NONE);
        va += n;
        buf += n;
        len -= n;
    }
    return true;
}

static bool read_memory(const Dump *d, uint64_t addr, uint8_t *buf, size_t len)
{
    if (d->cpu != NULL) {
        return read_virtual(d->cpu, addr, buf, len);
    }
    return addr_space_read(hmp_vm(d->hmp)->mem, addr, buf, len, MEM_ATTRS_NONE) != MEM_ERROR;
}

static uint64_t load_le(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = size; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

static void print_char(Hmp *hmp, uint8_t c)
{
    static const struct { uint8_t c; const char *text; } special[] = {
        { '\'', "'\\\''" }, { '\\', "'\\\\'" }, { '\n', "'\\n'" }, { '\r', "'\\r'" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
        if (special[i].c == c) {
            hmp_puts(hmp, special[i].text);
            return;
        }
    }
    if (c >= 32 && c <= 126) {
        hmp_printf(hmp, "'%c'", c);
    } else {
        hmp_printf(hmp, "'\\x%02x'", c);
    }
}

/* Columns as wide as the largest value needs. Values below 64 bits count as unsigned, as QEMU has it. */
static void print_value(const Dump *d, uint64_t v)
{
    unsigned bits = 8 * d->size;

    hmp_puts(d->hmp, " ");
    switch (d->format) {
    case 'o':
        hmp_printf(d->hmp, "%#*" PRIo64, (int)((bits + 2) / 3), v);
        break;
    case 'u':
        hmp_printf(d->hmp, "%*" PRIu64, (int)((bits * 10 + 32) / 33), v);
        break;
    case 'd':
        hmp_printf(d->hmp, "%*" PRId64, (int)((bits * 10 + 32) / 33), (int64_t)v);
        break;
    case 'c':
        print_char(d->hmp, (uint8_t)v);
        break;
    default:
        hmp_printf(d->hmp, "0x%0*" PRIx64, (int)(bits / 4), v);
        break;
    }
}

static void dump_values(Dump *d, uint32_t count, uint64_t addr)
{
    unsigned line = d->size == 1 ? 8 : 16;
    uint64_t left = (uint64_t)count * d->size;

    while (left > 0) {
        uint8_t buf[16];
        unsigned n = (unsigned)MIN(left, line);

        hmp_printf(d->hmp, "%016" PRIx64 ":", addr);
        if (!read_memory(d, addr, buf, n)) {
            hmp_puts(d->hmp, " Cannot access memory\n");
            return;
        }
        for (unsigned i = 0; i < n; i += d->size) {
            print_value(d, load_le(buf + i, d->size));
        }
        hmp_puts(d->hmp, "\n");
        addr += n;
        left -= n;
    }
}

static void dump_code(Dump *d, const char *size, uint32_t count, uint64_t addr)
{
    unsigned bits = 16;

    if (size[0] == 'h') {
        bits = 16;
    } else if (size[0] == 'w') {
        bits = 32;
    } else if (size[0] == 'g') {
        bits = 64;
    } else if (hmp_cpu(d->hmp) != NULL) {
        bits = target_cpu_code_bits(hmp_cpu(d->hmp));
    }
    for (; count > 0; count--) {
        g_autoptr(GString) line = g_string_new(NULL);
        uint8_t code[16];
        size_t len = sizeof(code);
        unsigned n;

        while (len > 0 && !read_memory(d, addr, code, len)) {
            len--;                  /* up to the end of what is mapped */
        }
        if (len == 0) {
            hmp_printf(d->hmp, "0x%08" PRIx64 ":  Cannot access memory\n", addr);
            return;
        }
        n = disassemble(code, len, addr, bits, line);
        hmp_puts(d->hmp, line->str);
        addr += n;
    }
}

static void run_dump(Hmp *hmp, const Json *args, Cpu *cpu)
{
    const char *format = json_get_str(args, "format"), *size = json_get_str(args, "size");
    uint32_t count = MIN((uint32_t)json_get_uint(args, "count", 1), DUMP_MAX);
    uint64_t addr = json_get_uint(args, "addr", 0);
    Dump d = { .hmp = hmp, .cpu = cpu, .format = format[0] };

    switch (size[0]) {
    case 'b': d.size = 1; break;
    case 'h': d.size = 2; break;
    case 'g': d.size = 8; break;
    default:  d.size = 4; break;
    }
    if (d.format == 'i') {
        dump_code(&d, size, count, addr);
    } else {
        d.size = d.format == 'c' ? 1 : d.size;
        dump_values(&d, count, addr);
    }
}

static void cmd_x(Hmp *hmp, const Json *args)
{
    Cpu *cpu = hmp_cpu(hmp);

    if (cpu == NULL) {
        hmp_puts(hmp, "No CPU available\n");
    } else {
        run_dump(hmp, args, cpu);
    }
}

static void cmd_xp(Hmp *hmp, const Json *args)
{
    run_dump(hmp, args, NULL);
}

static void cmd_print(Hmp *hmp, const Json *args)
{
    uint64_t v = json_get_uint(args, "val", 0);

    switch (json_get_str(args, "format")[0]) {
    case 'o': hmp_printf(hmp, "%#" PRIo64, v); break;
    case 'u': hmp_printf(hmp, "%" PRIu64, v); break;
    case 'c': print_char(hmp, (uint8_t)v); break;
    case 'x': hmp_printf(hmp, "%#" PRIx64, v); break;
    default:  hmp_printf(hmp, "%" PRId64, (int64_t)v); break;
    }
    hmp_puts(hmp, "\n");
}

/* ---- Ports */

static unsigned port_size(const Json *args, char *suffix)
{
    *suffix = json_get_str(args, "size")[0];
    switch (*suffix) {
    case 'h': *suffix = 'w'; return 2;
    case 'w': *suffix = 'l'; return 4;
    default:  *suffix = 'b'; return 1;
    }
}

static void cmd_i(Hmp *hmp, const Json *args)
{
    uint64_t addr = json_get_uint(args, "addr", 0) & 0xffff;
    AddrSpace *io = hmp_vm(hmp)->io;
    char suffix;
    unsigned size = port_size(args, &suffix);
    uint64_t v;

    if (json_has(args, "index")) {
        addr_space_st(io, addr, json_get_uint(args, "index", 0) & 0xff, 1, MEM_ATTRS_NONE, NULL);
        addr++;
    }
    v = addr_space_ld(io, addr, size, MEM_ATTRS_NONE, NULL);
    hmp_printf(hmp, "port%c[0x%04" PRIx64 "] = 0x%0*" PRIx64 "\n", suffix, addr, (int)size * 2, v);
}

static void cmd_o(Hmp *hmp, const Json *args)
{
    char suffix;
    unsigned size = port_size(args, &suffix);

    addr_space_st(hmp_vm(hmp)->io, json_get_uint(args, "addr", 0) & 0xffff,
                  json_get_uint(args, "val", 0), size, MEM_ATTRS_NONE, NULL);
}

/* ---- Addresses */

static void cmd_gva2gpa(Hmp *hmp, const Json *args)
{
    Cpu *cpu = hmp_cpu(hmp);
    uint64_t va = json_get_uint(args, "addr", 0);
    GuestAddr pa;

    if (cpu == NULL) {
        hmp_puts(hmp, "No CPU available\n");
    } else if (!cpu->type->virt_to_phys(cpu, va, &pa)) {
        hmp_puts(hmp, "Unmapped\n");
    } else {
        hmp_printf(hmp, "gpa: %#" PRIx64 "\n", pa);
    }
}

static void cmd_gpa2hva(Hmp *hmp, const Json *args)
{
    uint64_t pa = json_get_uint(args, "addr", 0), len = 1;
    AddrSpace *as = hmp_vm(hmp)->mem;
    const FlatRange *fr = flat_map_find(addr_space_map(as), pa);
    const void *host = addr_space_host(as, pa, &len, false);

    if (fr == NULL) {
        hmp_printf(hmp, "No memory is mapped at address 0x%" PRIx64 "\n", pa);
    } else if (host == NULL) {
        hmp_printf(hmp, "Memory at address 0x%" PRIx64 " is not RAM\n", pa);
    } else {
        hmp_printf(hmp, "Host virtual address for 0x%" PRIx64 " (%s) is %p\n", pa, fr->region->name,
                   host);
    }
}

static void cmd_sum(Hmp *hmp, const Json *args)
{
    uint64_t addr = json_get_uint(args, "start", 0), size = json_get_uint(args, "size", 0);
    uint16_t sum = 0;

    for (uint64_t i = 0; i < MIN(size, UINT64_C(1) << 32); i++) {
        uint8_t b = 0;

        addr_space_read(hmp_vm(hmp)->mem, addr + i, &b, 1, MEM_ATTRS_NONE);
        sum = (uint16_t)((sum >> 1) | (sum << 15));
        sum += b;
    }
    hmp_printf(hmp, "%05d\n", sum);
}

static void save(Hmp *hmp, const Json *args, Cpu *cpu)
{
    uint64_t addr = json_get_uint(args, "val", 0), left = json_get_uint(args, "size", 0);
    const char *path = json_get_str(args, "filename");
    Dump d = { .hmp = hmp, .cpu = cpu };
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL;

    if (f == NULL) {
        hmp_printf(hmp, "Error: Could not open '%s': %s\n", path, g_strerror(errno));
        return;
    }
    while (left > 0 && ok) {
        uint8_t buf[4096];
        size_t n = MIN(left, sizeof(buf));

        if (!read_memory(&d, addr, buf, n)) {
            hmp_printf(hmp, "Error: Invalid addr 0x%016" PRIx64 "/size %" PRIu64 " specified\n",
                       addr, left);
            break;
        }
        ok = fwrite(buf, 1, n, f) == n;
        addr += n;
        left -= n;
    }
    if (fclose(f) != 0 || !ok) {
        hmp_printf(hmp, "Error: Could not write '%s'\n", path);
    }
}

static void cmd_memsave(Hmp *hmp, const Json *args)
{
    Cpu *cpu = hmp_cpu(hmp);

    if (cpu == NULL) {
        hmp_puts(hmp, "No CPU available\n");
    } else {
        save(hmp, args, cpu);
    }
}

static void cmd_pmemsave(Hmp *hmp, const Json *args)
{
    save(hmp, args, NULL);
}

static const HmpCommand memory_commands[] = {
    { "x", "fmt:/,addr:l", "/fmt addr", "show memory at a virtual address", cmd_x, NULL },
    { "xp", "fmt:/,addr:l", "/fmt addr", "show memory at a physical address", cmd_xp, NULL },
    { "print|p", "fmt:/,val:l", "/fmt expr", "compute an expression ($reg is a register)",
      cmd_print, NULL },
    { "i", "fmt:/,addr:i,index:i?", "/fmt addr", "read an I/O port", cmd_i, NULL },
    { "o", "fmt:/,addr:i,val:i", "/fmt addr value", "write an I/O port", cmd_o, NULL },
    { "gva2gpa", "addr:l", "addr", "physical address of a virtual one", cmd_gva2gpa, NULL },
    { "gpa2hva", "addr:l", "addr", "where a physical address lies in this process", cmd_gpa2hva,
      NULL },
    { "sum", "start:i,size:i", "addr size", "checksum of physical memory", cmd_sum, NULL },
    { "memsave", "val:l,size:i,filename:F", "addr size file", "write virtual memory to a file",
      cmd_memsave, NULL },
    { "pmemsave", "val:l,size:i,filename:F", "addr size file", "write physical memory to a file",
      cmd_pmemsave, NULL },
};
HMP_REGISTER(memory_commands);
