/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random bytes as instructions: checks that the decoder finds the length, the operands and the
 * illegal encodings the host finds. What enters the kernel, changes what this process stands on, or
 * belongs to extensions without rows is left out by opcode. */
#include "tests/insn/insn_test.h"

#include <string.h>

#include "target/i386/features.h"
#include "target/i386/tcg/sem_decl.h"

typedef struct OpcodeSet {
    uint8_t first, last;
} OpcodeSet;

static bool in_sets(uint8_t b, const OpcodeSet *s, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (b >= s[k].first && b <= s[k].last) {
            return true;
        }
    }
    return false;
}

/* segment loads and pushes, far transfers, INT, IRET, HLT, IN and OUT, CLI, STI, XOP; ARPL */
static const OpcodeSet skip_1[] = {
    { 0x06, 0x07 }, { 0x0e, 0x0e }, { 0x16, 0x17 }, { 0x1e, 0x1f }, { 0x62, 0x63 }, { 0x8c, 0x8c },
    { 0x8e, 0x8f }, { 0x9a, 0x9a }, { 0x9d, 0x9d }, { 0xca, 0xcf }, { 0xe4, 0xe7 }, { 0xea, 0xea },
    { 0xec, 0xf1 }, { 0xf4, 0xf4 }, { 0xfa, 0xfb }, { 0xff, 0xff },
};
/* system instructions, segment loads, 3DNow!, LSS and friends, FSGSBASE and RDPID and their
 * neighbours */
static const OpcodeSet skip_0f[] = {
    { 0x00, 0x0f }, { 0x20, 0x27 }, { 0x30, 0x37 }, { 0x77, 0x79 }, { 0xa0, 0xa2 }, { 0xa8, 0xaa },
    { 0xae, 0xae }, { 0xb2, 0xb2 }, { 0xb4, 0xb5 }, { 0xb9, 0xb9 }, { 0xc7, 0xc7 }, { 0xff, 0xff },
};
static const OpcodeSet skip_0f38[] = {
    { 0x80, 0x8b }, { 0xcf, 0xdb }, { 0xf5, 0xf5 }, { 0xf8, 0xff }
};
static const OpcodeSet skip_0f3a[] = { { 0xce, 0xcf }, { 0xf0, 0xff } };

static bool opcode_allowed(const uint8_t *b, unsigned n)
{
    switch (n) {
    case 1:
        return !in_sets(b[0], skip_1, G_N_ELEMENTS(skip_1)) && b[0] != 0x0f && b[0] != 0xc4 &&
               b[0] != 0xc5;
    case 2: return !in_sets(b[1], skip_0f, G_N_ELEMENTS(skip_0f)) && b[1] != 0x38 && b[1] != 0x3a;
    default:
        return b[1] == 0x38 ? !in_sets(b[2], skip_0f38, G_N_ELEMENTS(skip_0f38))
                            : !in_sets(b[2], skip_0f3a, G_N_ELEMENTS(skip_0f3a));
    }
}

static bool is_prefix(uint8_t b, bool mode64)
{
    static const uint8_t p[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 };

    return memchr(p, b, sizeof(p)) != NULL || (mode64 && (b & 0xf0) == 0x40);
}

static unsigned put_prefixes(Rng *r, bool mode64, uint8_t *p)
{
    static const uint8_t some[] = { 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x3e, 0x66, 0xf0 };
    unsigned n = 0;

    while (rng_one_in(r, 2) && n < 4) {
        p[n++] = some[rng_below(r, sizeof(some))];
        if (mode64 && rng_one_in(r, 6)) {
            p[n++] = 0x40 | rng_below(r, 16);
        }
    }
    if (mode64 && rng_one_in(r, 3)) {
        p[n++] = 0x40 | rng_below(r, 16);
    }
    return n;
}

static unsigned put_opcode(Rng *r, bool mode64, uint8_t *p)
{
    unsigned n;

    do {
        n = 1 + rng_below(r, 3);
        p[0] = n == 1 ? rng_next(r) >> 40 : 0x0f;
        p[1] = n == 3 ? (rng_one_in(r, 2) ? 0x38 : 0x3a) : rng_next(r) >> 40;
        p[2] = rng_next(r) >> 40;
    } while (!opcode_allowed(p, n) || (n == 1 && is_prefix(p[0], mode64)));
    return n;
}

/* EVEX, and VEX with opmasks: payload of random bits, biased to what exists. */
static unsigned put_evex(Rng *r, bool mode64, uint8_t *p)
{
    p[0] = 0x62;
    p[1] = rng_next(r) >> 40;
    p[1] = (p[1] & (rng_one_in(r, 32) ? 0xff : 0xf0)) | (1 + rng_below(r, 3)) | (mode64 ? 0 : 0xc0);
    p[2] = (rng_next(r) >> 40) | (rng_one_in(r, 32) ? 0 : 4);
    p[3] = rng_next(r) >> 40;
    if (rng_one_in(r, 2)) {
        p[2] |= 0x78; /* vvvv not used */
        p[3] = (p[3] & ~0x10) | 8;
    }
    p[4] = rng_next(r) >> 40;
    return 5;
}

static unsigned put_vex_opmask(Rng *r, bool mode64, uint8_t *p)
{
    static const uint8_t rows[] = { 0x40, 0x48, 0x90, 0x98, 0x30 };

    p[0] = 0xc4;
    p[3] = rows[rng_below(r, sizeof(rows))] | rng_below(r, 8);
    p[1] = (rng_below(r, 8) << 5) | (p[3] < 0x40 ? 3 : 1) | (mode64 ? 0 : 0xc0);
    p[2] = (rng_next(r) >> 40) | (rng_one_in(r, 2) ? 0x78 : 0);
    return 4;
}

/* Vendors differ: 16-bit near branches in 64-bit mode, alignment of SHA operands, long 16-bit
 * shifts, LOOPE with a REP prefix, whether CVTPI2PS from memory enters MMX state. */
static bool vendor_specific(const Insn *i, bool mode64)
{
    bool sha = i->row->feature == FE_SHA && (i->pfx & IPFX_MEM);

    if ((i->row->sem == sem_loop && (i->pfx & (IPFX_REP | IPFX_REPNE))) ||
        ((i->row->flags & IF_SSE) && (i->row->flags & IF_MMX) && (i->pfx & IPFX_MEM))) {
        return true;
    }
    return i->row->op[2] == OP_CL || (i->row->enc == ENC_LEGACY && i->row->op[2] == OP_Ib) || sha ||
           (mode64 && (i->row->flags & IF_F64) && (i->pfx & IPFX_66));
}

bool gen_bytes(Rng *r, bool mode64, InsnCase *c)
{
    uint32_t hflags = HF_PE | HF_PG | HF_LMA | (mode64 ? HF_CS64 : HF_CS32);
    DecodeResult res;
    unsigned n;
    Insn i;

    memset(c, 0, sizeof(*c));
    if (rng_one_in(r, 4)) {
        n = put_evex(r, mode64, c->code);
    } else if (rng_one_in(r, 8)) {
        n = put_vex_opmask(r, mode64, c->code);
    } else {
        n = put_prefixes(r, mode64, c->code);
        n += put_opcode(r, mode64, c->code + n);
    }
    for (unsigned k = n; k < 15; k++) {
        c->code[k] = rng_next(r) >> 40;
    }
    res = decode_insn(hflags, c->code, 15, &i);
    if (res == DECODE_OK && (!row_is_testable(i.row, mode64) || vendor_specific(&i, mode64) ||
                             (i.row->flags & IF_VSIB) || strncmp(i.row->name, "rd", 2) == 0)) {
        return false;
    }
    c->mode64 = mode64;
    c->row = res == DECODE_OK ? i.row : NULL;
    c->undef = res == DECODE_OK ? i.row->fl_undef : 0;
    c->undef_fault = res == DECODE_OK && (i.row->flags & IF_REPCC) ? FL_STATUS : 0;
    c->len = res == DECODE_GP ? 15 : i.len;
    gen_state(r, mode64, &c->in);
    for (unsigned k = 0; k < 16; k++) {
        if (rng_one_in(r, 2) && k != R_RSP) {
            c->in.gpr[k] = ARENA_DATA + 0x1000 + rng_below(r, 0x1000);
        }
    }
    c->in.gpr[R_RCX] &= 0xff;
    gen_place(c);
    return true;
}
