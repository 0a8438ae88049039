/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The assembler: one table of operators, a tokenizer, name and integer encodings. Sources are ours,
 * so faults in them are assertions. */
#include "hw/acpi/aml.h"

#include <stdarg.h>
#include <string.h>

typedef struct AmlOp {
    const char *name;
    uint8_t ext, code, code2;
    bool package;
} AmlOp;

static const AmlOp aml_ops[] = {
    { "Zero", 0, 0x00, 0, false },         { "One", 0, 0x01, 0, false },
    { "Ones", 0, 0xff, 0, false },         { "Name", 0, 0x08, 0, false },
    { "Scope", 0, 0x10, 0, true },         { "Buffer", 0, 0x11, 0, true },
    { "Package", 0, 0x12, 0, true },       { "Method", 0, 0x14, 0, true },
    { "Mutex", 0x5b, 0x01, 0, false },     { "OperationRegion", 0x5b, 0x80, 0, false },
    { "Field", 0x5b, 0x81, 0, true },      { "Device", 0x5b, 0x82, 0, true },
    { "Processor", 0x5b, 0x83, 0, true },  { "Acquire", 0x5b, 0x23, 0, false },
    { "Release", 0x5b, 0x27, 0, false },   { "Debug", 0x5b, 0x31, 0, false },
    { "Store", 0, 0x70, 0, false },        { "Add", 0, 0x72, 0, false },
    { "Subtract", 0, 0x74, 0, false },     { "Increment", 0, 0x75, 0, false },
    { "Decrement", 0, 0x76, 0, false },    { "ShiftLeft", 0, 0x79, 0, false },
    { "ShiftRight", 0, 0x7a, 0, false },   { "And", 0, 0x7b, 0, false },
    { "Or", 0, 0x7d, 0, false },           { "Xor", 0, 0x7f, 0, false },
    { "Not", 0, 0x80, 0, false },          { "DerefOf", 0, 0x83, 0, false },
    { "Notify", 0, 0x86, 0, false },       { "SizeOf", 0, 0x87, 0, false },
    { "Index", 0, 0x88, 0, false },        { "CreateDWordField", 0, 0x8a, 0, false },
    { "LAnd", 0, 0x90, 0, false },         { "LOr", 0, 0x91, 0, false },
    { "LNot", 0, 0x92, 0, false },         { "LEqual", 0, 0x93, 0, false },
    { "LGreater", 0, 0x94, 0, false },     { "LLess", 0, 0x95, 0, false },
    { "LNotEqual", 0, 0x92, 0x93, false }, { "ToBuffer", 0, 0x96, 0, false },
    { "ToHexString", 0, 0x98, 0, false },  { "If", 0, 0xa0, 0, true },
    { "Else", 0, 0xa1, 0, true },          { "While", 0, 0xa2, 0, true },
    { "Return", 0, 0xa4, 0, false },       { "Break", 0, 0xa5, 0, false },
};

static void put8(Aml *a, unsigned v)
{
    uint8_t b = (uint8_t)v;

    g_byte_array_append(a->bytes, &b, 1);
}

static void put_le(Aml *a, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put8(a, (uint8_t)(v >> (8 * i)));
    }
}

void aml_init(Aml *a)
{
    a->bytes = g_byte_array_new();
    a->open = g_array_new(FALSE, FALSE, sizeof(unsigned));
}

GByteArray *aml_fini(Aml *a)
{
    g_assert(a->open->len == 0);
    g_array_free(a->open, TRUE);
    return a->bytes;
}

/* ---- Package lengths (20.2.4): the length counts its own bytes */

static unsigned pkg_length(uint8_t out[4], uint32_t body)
{
    unsigned n = body + 1 < 1 << 6 ? 1 : body + 2 < 1 << 12 ? 2 : body + 3 < 1 << 20 ? 3 : 4;
    uint32_t len = body + n;

    if (n == 1) {
        out[0] = (uint8_t)len;
        return n;
    }
    out[0] = (uint8_t)((n - 1) << 6 | (len & 0x0f));
    for (unsigned i = 1; i < n; i++) {
        out[i] = (uint8_t)(len >> (4 + 8 * (i - 1)));
    }
    return n;
}

static void pkg_begin(Aml *a)
{
    g_array_append_val(a->open, a->bytes->len);
}

static void pkg_end(Aml *a)
{
    unsigned at, n;
    uint8_t len[4];
    guint size = a->bytes->len;

    g_assert(a->open->len > 0);
    at = g_array_index(a->open, unsigned, a->open->len - 1);
    g_array_set_size(a->open, a->open->len - 1);
    n = pkg_length(len, size - at);
    g_byte_array_set_size(a->bytes, size + n);
    memmove(a->bytes->data + at + n, a->bytes->data + at, size - at);
    memcpy(a->bytes->data + at, len, n);
}

/* ---- Terminals */

static void put_integer(Aml *a, uint64_t v)
{
    if (v <= 1) {
        put8(a, (unsigned)v);
    } else if (v <= 0xff) {
        put8(a, 0x0a);
        put_le(a, v, 1);
    } else if (v <= 0xffff) {
        put8(a, 0x0b);
        put_le(a, v, 2);
    } else if (v <= UINT32_MAX) {
        put8(a, 0x0c);
        put_le(a, v, 4);
    } else {
        put8(a, 0x0e);
        put_le(a, v, 8);
    }
}

static void put_segment(Aml *a, const char *s, size_t n)
{
    g_assert(n >= 1 && n <= 4);
    for (size_t i = 0; i < 4; i++) {
        put8(a, i < n ? (uint8_t)s[i] : '_');
    }
}

/* \ and ^ prefixes, then up to many segments (20.2.2). */
static void put_name(Aml *a, const char *s)
{
    g_auto(GStrv) seg = NULL;
    guint n;

    for (; *s == '\\' || *s == '^'; s++) {
        put8(a, (uint8_t)*s);
    }
    if (*s == '\0') {
        put8(a, 0);
        return;
    }
    seg = g_strsplit(s, ".", -1);
    n = g_strv_length(seg);
    if (n == 2) {
        put8(a, 0x2e);
    } else if (n > 2) {
        put8(a, 0x2f);
        put8(a, n);
    }
    for (guint i = 0; i < n; i++) {
        put_segment(a, seg[i], strlen(seg[i]));
    }
}

/* Three letters of five bits and four hexadecimal digits, big endian (6.1.5). */
static uint32_t eisa_id(const char *s)
{
    uint32_t v = 0;

    g_assert(strlen(s) == 7);
    v = (uint32_t)(s[0] - 0x40) << 26 | (uint32_t)(s[1] - 0x40) << 21 |
        (uint32_t)(s[2] - 0x40) << 16 | (uint32_t)g_ascii_strtoull(s + 3, NULL, 16);
    return GUINT32_SWAP_LE_BE(v);
}

/* aabbccdd-eeff-gghh-iijj-kkllmmnnoopp: the first three groups are little endian (19.6.142). */
static void put_uuid(Aml *a, const char *s)
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8_t raw[16] = { 0 }, out[16];
    unsigned n = 0;

    for (; *s != '\0' && n < 32; s++) {
        if (g_ascii_isxdigit(*s)) {
            raw[n / 2] = (uint8_t)(raw[n / 2] << 4 | g_ascii_xdigit_value(*s));
            n++;
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        out[i] = raw[order[i]];
    }
    aml_bytes(a, out, sizeof(out));
}

void aml_bytes(Aml *a, const void *data, size_t n)
{
    put8(a, 0x11);
    pkg_begin(a);
    put_integer(a, n);
    g_byte_array_append(a->bytes, data, (guint)n);
    pkg_end(a);
}

static void put_field_bits(Aml *a, uint32_t bits)
{
    uint8_t len[4];
    unsigned n = bits < 1 << 6 ? 1 : bits < 1 << 12 ? 2 : 3;

    len[0] = n == 1 ? (uint8_t)bits : (uint8_t)((n - 1) << 6 | (bits & 0x0f));
    for (unsigned i = 1; i < n; i++) {
        len[i] = (uint8_t)(bits >> (4 + 8 * (i - 1)));
    }
    g_byte_array_append(a->bytes, len, n);
}

/* "what:value": true when it was one of these. */
static bool put_colon(Aml *a, const char *t)
{
    const char *colon = strchr(t, ':'), *v;

    if (colon == NULL) {
        return false;
    }
    v = colon + 1;
    if (g_str_has_prefix(t, "byte:")) {
        put8(a, (unsigned)g_ascii_strtoull(v, NULL, 0));
    } else if (g_str_has_prefix(t, "word:")) {
        put_le(a, g_ascii_strtoull(v, NULL, 0), 2);
    } else if (g_str_has_prefix(t, "dword:")) {
        put_le(a, g_ascii_strtoull(v, NULL, 0), 4);
    } else if (g_str_has_prefix(t, "EisaId:")) {
        put8(a, 0x0c);
        put_le(a, eisa_id(v), 4);
    } else if (g_str_has_prefix(t, "UUID:")) {
        put_uuid(a, v);
    } else if (t[0] == '-') {
        put8(a, 0);
        put_field_bits(a, (uint32_t)g_ascii_strtoull(v, NULL, 0));
    } else {
        put_segment(a, t, (size_t)(colon - t));
        put_field_bits(a, (uint32_t)g_ascii_strtoull(v, NULL, 0));
    }
    return true;
}

static bool put_op(Aml *a, const char *t)
{
    for (size_t i = 0; i < G_N_ELEMENTS(aml_ops); i++) {
        const AmlOp *op = &aml_ops[i];

        if (strcmp(op->name, t) != 0) {
            continue;
        }
        if (op->ext != 0) {
            put8(a, op->ext);
        }
        put8(a, op->code);
        if (op->code2 != 0) {
            put8(a, op->code2);
        }
        if (op->package) {
            pkg_begin(a);
        }
        return true;
    }
    return false;
}

static void put_token(Aml *a, const char *t)
{
    if (strcmp(t, "{") == 0) {
        return;
    }
    if (strcmp(t, "}") == 0) {
        pkg_end(a);
    } else if (g_ascii_isdigit(t[0])) {
        put_integer(a, g_ascii_strtoull(t, NULL, 0));
    } else if (strlen(t) == 4 && g_str_has_prefix(t, "Arg")) {
        put8(a, 0x68 + (unsigned)(t[3] - '0'));
    } else if (strlen(t) == 6 && g_str_has_prefix(t, "Local")) {
        put8(a, 0x60 + (unsigned)(t[5] - '0'));
    } else if (!put_colon(a, t) && !put_op(a, t)) {
        put_name(a, t);
    }
}

void aml(Aml *a, const char *text)
{
    const char *p = text;

    for (;;) {
        g_autofree char *token = NULL;
        size_t n;

        p += strspn(p, " \n");
        if (*p == '\0') {
            return;
        }
        if (*p == '"') {
            n = strcspn(p + 1, "\"");
            put8(a, 0x0d);
            g_byte_array_append(a->bytes, (const guint8 *)p + 1, (guint)n);
            put8(a, 0);
            p += n + 2;
            continue;
        }
        n = *p == '}' ? 1 : strcspn(p, " \n}");
        token = g_strndup(p, n);
        put_token(a, token);
        p += n;
    }
}

void amlf(Aml *a, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    aml(a, text);
}

/* ---- Resources. The size inside the Buffer is written as a word, known at the end. */

void aml_res_begin(Aml *a)
{
    unsigned at;

    put8(a, 0x11);
    pkg_begin(a);
    put8(a, 0x0b);
    at = a->bytes->len;
    put_le(a, 0, 2);
    g_array_append_val(a->open, at);
}

void aml_res_end(Aml *a)
{
    unsigned at = g_array_index(a->open, unsigned, a->open->len - 1), n;

    g_array_set_size(a->open, a->open->len - 1);
    put8(a, 0x79);
    put8(a, 0);
    n = a->bytes->len - at - 2;
    a->bytes->data[at] = (uint8_t)n;
    a->bytes->data[at + 1] = (uint8_t)(n >> 8);
    pkg_end(a);
}

void aml_res_io(Aml *a, uint16_t at, uint8_t align, uint8_t len)
{
    put8(a, 0x47);
    put8(a, 1); /* 16-bit decode */
    put_le(a, at, 2);
    put_le(a, at, 2);
    put8(a, align);
    put8(a, len);
}

void aml_res_irq(Aml *a, unsigned irq)
{
    put8(a, 0x22);
    put_le(a, 1u << irq, 2);
}

void aml_res_dma(Aml *a, unsigned channel)
{
    put8(a, 0x2a);
    put8(a, 1u << channel);
    put8(a, 0);
}

void aml_res_mem32(Aml *a, uint32_t at, uint32_t len)
{
    put8(a, 0x86);
    put_le(a, 9, 2);
    put8(a, 0);
    put_le(a, at, 4);
    put_le(a, len, 4);
}

void aml_res_interrupt(Aml *a, const uint32_t *irqs, unsigned n)
{
    put8(a, 0x89);
    put_le(a, 2 + 4 * n, 2);
    put8(a, 0x09); /* consumer, level, active high, shared */
    put8(a, n);
    for (unsigned i = 0; i < n; i++) {
        put_le(a, irqs[i], 4);
    }
}

/* Address space descriptors (6.4.3.5): tag, type, general and type flags, five numbers. */
static void put_space(Aml *a, unsigned width, uint8_t type, uint8_t flags, const uint64_t v[2])
{
    static const uint8_t tags[] = { [2] = 0x88, [4] = 0x87, [8] = 0x8a };

    put8(a, tags[width]);
    put_le(a, 3 + 5 * width, 2);
    put8(a, type);
    put8(a, 0x0c); /* producer, both ends fixed */
    put8(a, flags);
    put_le(a, 0, width);
    put_le(a, v[0], width);
    put_le(a, v[1], width);
    put_le(a, 0, width);
    put_le(a, v[1] - v[0] + 1, width);
}

void aml_res_bus(Aml *a, uint16_t min, uint16_t max)
{
    put_space(a, 2, 2, 0, (uint64_t[]){ min, max });
}

void aml_res_word_io(Aml *a, uint16_t min, uint16_t max)
{
    put_space(a, 2, 1, 3, (uint64_t[]){ min, max });
}

void aml_res_mem(Aml *a, unsigned width, uint64_t min, uint64_t max, bool cacheable)
{
    put_space(a, width, 0, cacheable ? 0x03 : 0x01, (uint64_t[]){ min, max });
}
