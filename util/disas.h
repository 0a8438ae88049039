/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One instruction as text, by capstone. */
#ifndef UTIL_DISAS_H
#define UTIL_DISAS_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Appends "0xADDRESS:  bytes  text\n" for the instruction at code (guest address pc; bits 16, 32
 * or 64). Returns its length, at least 1. Without capstone: single bytes. */
unsigned disassemble(const uint8_t *code, size_t len, uint64_t pc, unsigned bits, GString *out);

#endif
