/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly for x /i by capstone, AT&T syntax. */
#include "util/disas.h"

#include <capstone/capstone.h>
#include <inttypes.h>

static void print_bytes(GString *out, uint64_t pc, const uint8_t *code, size_t n)
{
    enum { COLUMN_BYTES = 8 };

    g_string_append_printf(out, "0x%08" PRIx64 ": ", pc);
    for (size_t i = 0; i < MAX(n, (size_t)COLUMN_BYTES); i++) {
        if (i < n) {
            g_string_append_printf(out, " %02x", code[i]);
        } else {
            g_string_append(out, "   ");
        }
    }
}

unsigned disassemble(const uint8_t *code, size_t len, uint64_t pc, unsigned bits, GString *out)
{
    cs_mode mode = bits == 64 ? CS_MODE_64 : bits == 32 ? CS_MODE_32 : CS_MODE_16;
    cs_insn *insn = NULL;
    csh handle;
    unsigned n = 1;

    if (cs_open(CS_ARCH_X86, mode, &handle) != CS_ERR_OK) {
        print_bytes(out, pc, code, 1);
        g_string_append(out, "  .byte\n");
        return 1;
    }
    cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    if (cs_disasm(handle, code, len, pc, 1, &insn) == 1) {
        n = insn->size;
        print_bytes(out, pc, code, n);
        g_string_append_printf(out, "  %-8s %s\n", insn->mnemonic, insn->op_str);
        cs_free(insn, 1);
    } else {
        print_bytes(out, pc, code, 1);
        g_string_append_printf(out, "  .byte    0x%02x\n", code[0]);
    }
    cs_close(&handle);
    return n;
}
