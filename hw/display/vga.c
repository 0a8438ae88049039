/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VGA registers and the memory window at 0xa0000 (IBM PS/2 Hardware Interface Technical Reference,
 * Video Subsystem): sequencer, graphics controller with its four write and two read modes, CRTC,
 * attribute controller, DAC. Display timing is not modelled: each read of the input status register
 * sees the retrace bits change. */
#include "hw/display/vga_int.h"

#include <string.h>

#include "hw/core/ram.h"
#include "hw/core/vm.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/trace.h"

enum { LOWMEM_AT = 0xa0000, LOWMEM_SIZE = 0x20000 };
enum { MSR_COLOUR = 1 << 0, ST01_RETRACE = 1 << 3, ST01_BLANK = 1 << 0 };
enum {
    SR_RESET,
    SR_CLOCKING,
    SR_MAP_MASK,
    SR_FONT,
    SR_MEMORY,
    SR_CHAIN4 = 1 << 3,
    SR_NO_ODD_EVEN = 1 << 2
};
enum {
    GR_SET_RESET,
    GR_ENABLE_SR,
    GR_COMPARE,
    GR_ROTATE,
    GR_READ_MAP,
    GR_MODE,
    GR_MISC,
    GR_DONT_CARE,
    GR_BIT_MASK
};

/* Bits the registers have. */
static const uint8_t sr_mask[VGA_SEQ_REGS] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0xff };
static const uint8_t gr_mask[VGA_GFX_REGS] = {
    0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff
};

/* A bit a plane -> a byte a plane. */
static uint32_t planes(unsigned bits)
{
    return ((bits & 1) * 0xffu) | ((bits >> 1 & 1) * 0xff00u) | ((bits >> 2 & 1) * 0xff0000u) |
           ((bits >> 3 & 1) * 0xff000000u);
}

/* ---- Memory window */

/* Offset within video memory's window, or false when the window does not cover it (GR6 bits 2-3).
 */
static bool vga_window(const Vga *s, uint32_t *addr)
{
    static const struct {
        uint32_t from, size;
    } maps[4] = {
        { 0, 0x20000 },
        { 0, 0x10000 },
        { 0x10000, 0x8000 },
        { 0x18000, 0x8000 },
    };
    unsigned m = (s->gr[GR_MISC] >> 2) & 3;

    if (*addr < maps[m].from || *addr - maps[m].from >= maps[m].size) {
        return false;
    }
    *addr -= maps[m].from;
    if (m == 1) {
        *addr += s->bank_offset;
    }
    return true;
}

static uint8_t *vga_word(const Vga *s, uint32_t word)
{
    return word < s->vram_size / 4 ? mem_ram_ptr(&s->vram) + 4 * (size_t)word : NULL;
}

/* Where an access in chained modes goes: byte of video memory, and its plane. False: planar mode.
 */
static bool vga_chained(const Vga *s, uint32_t addr, bool odd_even, uint32_t *byte, unsigned *plane)
{
    if (s->sr[SR_MEMORY] & SR_CHAIN4) {
        *plane = addr & 3;
        *byte = addr;
        return true;
    }
    if (odd_even) {
        *plane = (s->gr[GR_READ_MAP] & 2) | (addr & 1);
        *byte = (addr & ~1u) << 1 | *plane;
        return true;
    }
    return false;
}

static uint64_t vga_mem_read(void *opaque, GuestAddr off, unsigned size)
{
    Vga *s = opaque;
    uint32_t addr = (uint32_t)off, byte, diff;
    unsigned plane;
    uint8_t *p;

    if (!vga_window(s, &addr)) {
        return 0xff;
    }
    if (vga_chained(s, addr, s->gr[GR_MODE] & 0x10, &byte, &plane)) {
        return byte < s->vram_size ? mem_ram_ptr(&s->vram)[byte] : 0xff;
    }
    p = vga_word(s, addr);
    if (p == NULL) {
        return 0xff;
    }
    memcpy(&s->latch, p, 4);
    if (!(s->gr[GR_MODE] & 0x08)) {
        return (s->latch >> (8 * (s->gr[GR_READ_MAP] & 3))) & 0xff;
    }
    diff = (s->latch ^ planes(s->gr[GR_COMPARE])) & planes(s->gr[GR_DONT_CARE]);
    diff |= diff >> 16;
    diff |= diff >> 8;
    return ~diff & 0xff;
}

static uint32_t vga_alu(const Vga *s, uint32_t v)
{
    switch ((s->gr[GR_ROTATE] >> 3) & 3) {
    case 1: return v & s->latch;
    case 2: return v | s->latch;
    case 3: return v ^ s->latch;
    default: return v;
    }
}

/* The four write modes: what goes to the planes. */
static uint32_t vga_write_mode(const Vga *s, uint8_t val)
{
    unsigned rot = s->gr[GR_ROTATE] & 7;
    uint8_t turned = (uint8_t)(val >> rot | val << (8 - rot));
    uint32_t set, v, mask = s->gr[GR_BIT_MASK] * 0x01010101u;

    switch (s->gr[GR_MODE] & 3) {
    case 1: return s->latch;
    case 0:
        set = planes(s->gr[GR_ENABLE_SR]);
        v = turned * 0x01010101u;
        v = (v & ~set) | (planes(s->gr[GR_SET_RESET]) & set);
        break;
    case 2: v = planes(val & 0x0f); break;
    default:
        mask &= turned * 0x01010101u;
        v = planes(s->gr[GR_SET_RESET]);
        return (v & mask) | (s->latch & ~mask);
    }
    return (vga_alu(s, v) & mask) | (s->latch & ~mask);
}

static void vga_mem_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Vga *s = opaque;
    uint32_t addr = (uint32_t)off, byte, keep, old, v;
    unsigned plane;
    uint8_t *p;

    if (!vga_window(s, &addr)) {
        return;
    }
    if (vga_chained(s, addr, !(s->sr[SR_MEMORY] & SR_NO_ODD_EVEN), &byte, &plane)) {
        if ((s->sr[SR_MAP_MASK] >> plane & 1) && byte < s->vram_size) {
            mem_ram_ptr(&s->vram)[byte] = (uint8_t)val;
            mem_set_dirty(&s->vram, byte, 1);
        }
        return;
    }
    p = vga_word(s, addr);
    if (p == NULL) {
        return;
    }
    keep = ~planes(s->sr[SR_MAP_MASK]);
    v = vga_write_mode(s, (uint8_t)val);
    memcpy(&old, p, 4);
    v = (v & ~keep) | (old & keep);
    memcpy(p, &v, 4);
    mem_set_dirty(&s->vram, 4 * (uint64_t)addr, 4);
}

static const MemOps vga_mem_ops = { .read = vga_mem_read, .write = vga_mem_write, .max_size = 1 };

/* ---- Ports */

/* CRTC and status live at 0x3b? or 0x3d?, as the misc register says. */
static bool vga_port_hidden(const Vga *s, uint32_t port)
{
    if (s->msr & MSR_COLOUR) {
        return port >= 0x3b0 && port <= 0x3bf;
    }
    return port >= 0x3d0 && port <= 0x3df;
}

static uint8_t dac_read(Vga *s)
{
    uint8_t v = s->palette[s->dac_read_index * 3 + s->dac_sub_index];

    if (++s->dac_sub_index == 3) {
        s->dac_sub_index = 0;
        s->dac_read_index++;
    }
    return v;
}

static void dac_write(Vga *s, uint8_t val)
{
    s->dac_cache[s->dac_sub_index] = val;
    if (++s->dac_sub_index == 3) {
        memcpy(&s->palette[s->dac_write_index * 3], s->dac_cache, 3);
        s->dac_sub_index = 0;
        s->dac_write_index++;
    }
}

uint32_t vga_port_read(Vga *s, uint32_t port)
{
    if (vga_port_hidden(s, port)) {
        return 0xff;
    }
    switch (port) {
    case 0x3c0: return s->ar_flip_flop == 0 ? s->ar_index : 0;
    case 0x3c1: return (s->ar_index & 0x1f) < VGA_ATTR_REGS ? s->ar[s->ar_index & 0x1f] : 0;
    case 0x3c2: return s->st00;
    case 0x3c4: return s->sr_index;
    case 0x3c5: return s->sr[s->sr_index & (VGA_SEQ_REGS - 1)];
    case 0x3c6: return s->pel_mask;
    case 0x3c7: return s->dac_state;
    case 0x3c8: return s->dac_write_index;
    case 0x3c9: return dac_read(s);
    case 0x3ca: return s->fcr;
    case 0x3cc: return s->msr;
    case 0x3ce: return s->gr_index;
    case 0x3cf: return s->gr[s->gr_index & (VGA_GFX_REGS - 1)];
    case 0x3b4:
    case 0x3d4: return s->cr_index;
    case 0x3b5:
    case 0x3d5: return s->cr[s->cr_index];
    case 0x3ba:
    case 0x3da:
        s->st01 ^= ST01_RETRACE | ST01_BLANK;
        s->ar_flip_flop = 0;
        return s->st01;
    default: return 0;
    }
}

static void attr_write(Vga *s, uint8_t val)
{
    unsigned i = s->ar_index & 0x1f;

    if (s->ar_flip_flop == 0) {
        s->ar_index = val & 0x3f;
    } else if (i < 0x10) {
        s->ar[i] = val & 0x3f;
    } else if (i < VGA_ATTR_REGS) {
        static const uint8_t mask[] = { 0xef, 0xff, 0x3f, 0x0f, 0x0f };

        s->ar[i] = val & mask[i - 0x10];
    }
    s->ar_flip_flop ^= 1;
}

static void crtc_write(Vga *s, uint8_t val)
{
    if ((s->cr[0x11] & 0x80) && s->cr_index <= 7) { /* protected; the line compare bit is not */
        if (s->cr_index == 7) {
            s->cr[7] = (uint8_t)((s->cr[7] & ~0x10) | (val & 0x10));
        }
        return;
    }
    s->cr[s->cr_index] = val;
}

void vga_port_write(Vga *s, uint32_t port, uint8_t val)
{
    TRACE("vga_std_write_io", "addr 0x%x val 0x%02x", port, val);
    if (vga_port_hidden(s, port)) {
        return;
    }
    switch (port) {
    case 0x3c0: attr_write(s, val); break;
    case 0x3c2: s->msr = val & (uint8_t)~0x10; break;
    case 0x3c4: s->sr_index = val & 7; break;
    case 0x3c5: s->sr[s->sr_index] = val & sr_mask[s->sr_index]; break;
    case 0x3c6: s->pel_mask = val; break;
    case 0x3c7:
        s->dac_read_index = val;
        s->dac_sub_index = 0;
        s->dac_state = 3;
        break;
    case 0x3c8:
        s->dac_write_index = val;
        s->dac_sub_index = 0;
        s->dac_state = 0;
        break;
    case 0x3c9: dac_write(s, val); break;
    case 0x3ce: s->gr_index = val & 0x0f; break;
    case 0x3cf: s->gr[s->gr_index] = val & gr_mask[s->gr_index]; break;
    case 0x3b4:
    case 0x3d4: s->cr_index = val; break;
    case 0x3b5:
    case 0x3d5: crtc_write(s, val); break;
    case 0x3ba:
    case 0x3da: s->fcr = val & 0x10; break;
    default: break;
    }
}

/* Each range of ports is a region of its own; its first port is known from its place. */
typedef struct VgaPorts {
    uint16_t first, count;
} VgaPorts;
static const VgaPorts vga_ports[] = {
    { 0x3c0, 16 }, { 0x3b4, 2 }, { 0x3ba, 1 }, { 0x3d4, 2 }, { 0x3da, 1 },
};

#define VGA_PORT_OPS(n)                                                                            \
    static uint64_t port_read_##n(void *opaque, GuestAddr off, unsigned size)                      \
    {                                                                                              \
        return vga_port_read(opaque, vga_ports[n].first + (uint32_t)off);                          \
    }                                                                                              \
    static void port_write_##n(void *opaque, GuestAddr off, uint64_t val, unsigned size)           \
    {                                                                                              \
        vga_port_write(opaque, vga_ports[n].first + (uint32_t)off, (uint8_t)val);                  \
    }
VGA_PORT_OPS(0)
VGA_PORT_OPS(1)
VGA_PORT_OPS(2)
VGA_PORT_OPS(3)
VGA_PORT_OPS(4)

static const MemOps vga_port_ops[] = {
    { .read = port_read_0, .write = port_write_0, .max_size = 1 },
    { .read = port_read_1, .write = port_write_1, .max_size = 1 },
    { .read = port_read_2, .write = port_write_2, .max_size = 1 },
    { .read = port_read_3, .write = port_write_3, .max_size = 1 },
    { .read = port_read_4, .write = port_write_4, .max_size = 1 },
};

/* Index at 0x1ce; data at 0x1cf, and at 0x1d0 for those who want it aligned. Words only. */
static uint64_t vbe_port_read(void *opaque, GuestAddr off, unsigned size)
{
    Vga *s = opaque;

    return off == 0 ? s->vbe_index : vbe_read(s, s->vbe_index);
}

static void vbe_port_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    Vga *s = opaque;

    if (off == 0) {
        s->vbe_index = (uint16_t)val;
    } else {
        vbe_write(s, s->vbe_index, (uint16_t)val);
    }
}

static const MemOps vbe_port_ops = {
    .read = vbe_port_read, .write = vbe_port_write, .max_size = 2, .unaligned = true
};

void vga_map_ports(Vga *s, MemRegion *io, bool vbe)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vga_ports); i++) {
        mem_init_io(&s->ports[i], "vga", vga_ports[i].count, &vga_port_ops[i], s);
        mem_add(io, vga_ports[i].first, &s->ports[i], 0);
        s->port_count++;
    }
    if (vbe) {
        mem_init_io(&s->vbe_io, "vbe", 4, &vbe_port_ops, s);
        mem_add(io, 0x1ce, &s->vbe_io, 0);
    }
}

/* ---- Life */

bool vga_init(Vga *s, Device *owner, GError **errp)
{
    s->vm = owner->vm;
    s->vram_size_mb = (uint32_t)pow2_ceil(MIN(MAX(s->vram_size_mb, 1), 256));
    s->vram_size = s->vram_size_mb << 20;
    if (!mem_init_ram(&s->vram, "vga.vram", s->vram_size, errp)) {
        return false;
    }
    mem_set_log_dirty(&s->vram, DIRTY_VGA, true);
    mem_init_io(&s->lowmem, "vga-lowmem", LOWMEM_SIZE, &vga_mem_ops, s);
    mem_set_coalesced(&s->lowmem, true);    /* ports come one by one, and in order with these */
    s->vbe_bank_mask = (s->vram_size >> 16) - 1;
    s->is_vbe_vmstate = 1;
    s->con = console_new(&vga_adapter_ops, s, owner->id, 0);
    vga_reset(s);
    return true;
}

void vga_fini(Vga *s)
{
    console_free(s->con);
    s->con = NULL;
    if (s->surface != NULL) {
        pixman_image_unref(s->surface);
        s->surface = NULL;
    }
}

void vga_reset(Vga *s)
{
    s->sr_index = s->gr_index = s->ar_index = s->cr_index = 0;
    memset(s->sr, 0, sizeof(s->sr));
    memset(s->gr, 0, sizeof(s->gr));
    memset(s->ar, 0, sizeof(s->ar));
    memset(s->cr, 0, sizeof(s->cr));
    memset(s->palette, 0, sizeof(s->palette));
    memset(s->vbe_regs, 0, sizeof(s->vbe_regs));
    s->ar_flip_flop = 0;
    s->msr = s->fcr = s->st00 = s->st01 = 0;
    s->dac_state = s->dac_sub_index = s->dac_read_index = s->dac_write_index = 0;
    s->pel_mask = 0xff;
    s->bank_offset = 0;
    s->latch = 0;
    s->vbe_index = 0;
    s->vbe_regs[VBE_ID] = 0xb0c5;
    s->vbe_start_addr = s->vbe_line_offset = 0;
    s->full = true;
}

static bool vga_post_load(void *obj, int version, GError **errp)
{
    Vga *s = obj;

    if (s->sr_index >= VGA_SEQ_REGS || s->gr_index >= VGA_GFX_REGS || s->dac_sub_index > 2) {
        return err_fail(errp, "vga: register index out of range");
    }
    s->full = true;
    return true;
}

/* What a sender leaves out. */
static bool vga_pre_load(void *obj, GError **errp)
{
    ((Vga *)obj)->big_endian = false;
    return true;
}

static const VmField vga_fields[] = {
    VM_FIELD_U32(Vga, latch),
    VM_FIELD_U8(Vga, sr_index),
    VM_FIELD_BUF(Vga, sr),
    VM_FIELD_U8(Vga, gr_index),
    VM_FIELD_BUF(Vga, gr),
    VM_FIELD_U8(Vga, ar_index),
    VM_FIELD_BUF(Vga, ar),
    VM_FIELD_I32(Vga, ar_flip_flop),
    VM_FIELD_U8(Vga, cr_index),
    VM_FIELD_BUF(Vga, cr),
    VM_FIELD_U8(Vga, msr),
    VM_FIELD_U8(Vga, fcr),
    VM_FIELD_U8(Vga, st00),
    VM_FIELD_U8(Vga, st01),
    VM_FIELD_U8(Vga, dac_state),
    VM_FIELD_U8(Vga, dac_sub_index),
    VM_FIELD_U8(Vga, dac_read_index),
    VM_FIELD_U8(Vga, dac_write_index),
    VM_FIELD_BUF(Vga, dac_cache),
    VM_FIELD_BUF(Vga, palette),
    VM_FIELD_U32(Vga, bank_offset),
    VM_FIELD_EQUAL(Vga, is_vbe_vmstate, uint8_t),
    VM_FIELD_U16(Vga, vbe_index),
    VM_FIELD_U16_ARRAY(Vga, vbe_regs),
    VM_FIELD_U32(Vga, vbe_start_addr),
    VM_FIELD_U32(Vga, vbe_line_offset),
    VM_FIELD_U32(Vga, vbe_bank_mask),
    VM_FIELD_END,
};
static bool vga_endian_needed(const void *obj)
{
    return ((const Vga *)obj)->big_endian;
}

static const VmField vga_endian_fields[] = { VM_FIELD_BOOL(Vga, big_endian, .as = "big_endian_fb"),
                                             VM_FIELD_END };
static const VmState vga_endian_vmstate = {
    .name = "vga.endian",
    .version = 1,
    .min_version = 1,
    .fields = vga_endian_fields,
    .needed = vga_endian_needed,
};
static const VmState *const vga_sections[] = { &vga_endian_vmstate, NULL };
const VmState vga_vmstate = {
    .name = "vga",
    .version = 2,
    .min_version = 2,
    .fields = vga_fields,
    .sections = vga_sections,
    .pre_load = vga_pre_load,
    .post_load = vga_post_load,
};
