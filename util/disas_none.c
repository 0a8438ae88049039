/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of disas.c when capstone is not there: bytes only. */
#include <inttypes.h>
#include "util/disas.h"

unsigned disassemble(const uint8_t *code, size_t len, uint64_t pc, unsigned bits, GString *out)
{
    g_string_append_printf(out, "0x%08" PRIx64 ":  %02x  .byte    0x%02x\n", pc, code[0], code[0]);
    return 1;
}
