/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small assembler for AML (ACPI 6.4, chapter 20). The source is the grammar itself in prefix
 * notation: "Store Add Local0 One Zero Local1" means Local1 = Local0 + 1. Tokens are separated by
 * white space: names of operators (Scope, If, Store ...), Arg0-6, Local0-7, Zero, One, Ones,
 * numbers, "strings", names (\_SB.PCI0, LNKA), byte:N (a raw byte: flags, counts), word:N,
 * EisaId:PNP0A03, UUID:..., in a Field: NAME:bits, or -:bits for a gap; } closes what Scope,
 * Device, Method, If, Else, While, Package, Buffer, Field, Processor began ({ is decoration). */
#ifndef HW_ACPI_AML_H
#define HW_ACPI_AML_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Aml Aml;
struct Aml {
    GByteArray *bytes;
    GArray *open; /* of unsigned: offsets of missing package lengths */
};

void aml_init(Aml *a);
GByteArray *aml_fini(Aml *a); /* the bytes; nothing may be open */
void aml(Aml *a, const char *text);
void amlf(Aml *a, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void aml_bytes(Aml *a, const void *data, size_t n); /* Buffer { } of these */

/* ---- ResourceTemplate (6.4): a Buffer of descriptors */
void aml_res_begin(Aml *a);
void aml_res_end(Aml *a);
void aml_res_io(Aml *a, uint16_t at, uint8_t align, uint8_t len);
void aml_res_irq(Aml *a, unsigned irq); /* IRQNoFlags */
void aml_res_dma(Aml *a, unsigned channel);
void aml_res_mem32(Aml *a, uint32_t at, uint32_t len);            /* read-only, fixed */
void aml_res_interrupt(Aml *a, const uint32_t *irqs, unsigned n); /* level, high, shared */
void aml_res_bus(Aml *a, uint16_t min, uint16_t max);
void aml_res_word_io(Aml *a, uint16_t min, uint16_t max);
/* width 4 or 8 bytes; cacheable or not, read-write. */
void aml_res_mem(Aml *a, unsigned width, uint64_t min, uint64_t max, bool cacheable);

#endif
