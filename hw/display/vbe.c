/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dispi interface of Bochs and QEMU (word registers: resolution, depth, virtual size, offset,
 * bank) and an EDID 1.4 block (VESA E-EDID A2). While a dispi mode is on, the memory window and the
 * linear frame buffer show the same bytes and the VGA registers do not matter for the picture. */
#include "hw/display/vga_int.h"

#include <string.h>

#include "util/bits.h"
#include "util/trace.h"

enum { VBE_MAX_X = 16000, VBE_MAX_Y = 12000, VBE_MAX_BPP = 32 };

bool vbe_on(const Vga *s)
{
    return s->vbe_regs[VBE_ENABLE] & VBE_ON;
}

uint16_t vbe_read(const Vga *s, unsigned reg)
{
    if (reg == VBE_MEMORY) {
        return (uint16_t)(s->vram_size >> 16);
    }
    if (reg >= VBE_REGS) {
        return 0;
    }
    if (s->vbe_regs[VBE_ENABLE] & VBE_GETCAPS) {
        switch (reg) {
        case VBE_XRES: return VBE_MAX_X;
        case VBE_YRES: return VBE_MAX_Y;
        case VBE_BPP: return VBE_MAX_BPP;
        default: break;
        }
    }
    return s->vbe_regs[reg];
}

static unsigned vbe_line_bytes(unsigned width, unsigned bpp)
{
    return bpp == 4 ? width / 2 : width * ((bpp + 7) / 8); /* 15 bits take two bytes */
}

/* Makes the registers fit each other and the memory, whatever the guest wrote. */
static void vbe_fixup(Vga *s)
{
    uint16_t *r = s->vbe_regs;
    unsigned bpp = r[VBE_BPP], line;
    uint64_t start;

    if (bpp != 4 && bpp != 8 && bpp != 15 && bpp != 16 && bpp != 24 && bpp != 32) {
        r[VBE_BPP] = 8;
        bpp = 8;
    }
    r[VBE_XRES] = (uint16_t)(MIN(MAX(r[VBE_XRES], 8), VBE_MAX_X) & ~7);
    if (r[VBE_VIRT_WIDTH] < r[VBE_XRES] || r[VBE_VIRT_WIDTH] > VBE_MAX_X) {
        r[VBE_VIRT_WIDTH] = r[VBE_XRES];
    }
    line = vbe_line_bytes(r[VBE_VIRT_WIDTH], bpp);
    if (line > s->vram_size) {
        r[VBE_VIRT_WIDTH] = r[VBE_XRES];
        line = vbe_line_bytes(r[VBE_XRES], bpp);
    }
    r[VBE_YRES] = (uint16_t)MIN(MAX(r[VBE_YRES], 1), VBE_MAX_Y);
    r[VBE_YRES] = (uint16_t)MIN(r[VBE_YRES], s->vram_size / line);
    r[VBE_VIRT_HEIGHT] = (uint16_t)MIN(s->vram_size / line, UINT16_MAX);
    start = (uint64_t)r[VBE_Y_OFFSET] * line + vbe_line_bytes(r[VBE_X_OFFSET], bpp);
    if (start + (uint64_t)r[VBE_YRES] * line > s->vram_size) {
        r[VBE_X_OFFSET] = r[VBE_Y_OFFSET] = 0;
        start = 0;
    }
    s->vbe_line_offset = line;
    s->vbe_start_addr = (uint32_t)start;
}

/* VGA registers as the firmware expects them in these modes: the window shows bytes in order. */
static void vbe_set_vga(Vga *s)
{
    if (!vbe_on(s)) {
        return;
    }
    s->gr[6] = (uint8_t)((s->gr[6] & ~0x0c) | 0x05);
    s->cr[0x17] |= 3;
    s->cr[0x13] = (uint8_t)(s->vbe_line_offset >> 3);
    s->cr[0x01] = (uint8_t)((s->vbe_regs[VBE_XRES] >> 3) - 1);
    s->cr[0x12] = (uint8_t)(s->vbe_regs[VBE_YRES] - 1);
    s->cr[0x07] &= (uint8_t)~0x42;
    s->cr[0x07] |= (uint8_t)((((s->vbe_regs[VBE_YRES] - 1) >> 7) & 0x02) |
                             (((s->vbe_regs[VBE_YRES] - 1) >> 3) & 0x40));
    s->cr[0x09] &= (uint8_t)~0x9f;
    s->cr[0x18] = 0xff;
    s->cr[0x07] |= 0x10;
    s->cr[0x09] |= 0x40;
    if (s->vbe_regs[VBE_BPP] == 4) {
        s->sr[1] &= (uint8_t)~8;
    } else {
        s->sr[4] |= 8;
        s->sr[2] |= 0x0f;
    }
    s->gr[5] = (uint8_t)((s->gr[5] & ~0x60) | (s->vbe_regs[VBE_BPP] == 4 ? 0 : 0x40));
    s->ar_index |= 0x20;
}

static void vbe_set_enable(Vga *s, uint16_t val)
{
    bool start = (val & VBE_ON) && !vbe_on(s);

    s->vbe_regs[VBE_ENABLE] = val;
    if (start) {
        s->vbe_regs[VBE_VIRT_WIDTH] = 0;
        s->vbe_regs[VBE_X_OFFSET] = s->vbe_regs[VBE_Y_OFFSET] = 0;
        s->vbe_start_addr = 0;
        vbe_fixup(s);
        if (!(val & VBE_NOCLEAR)) {
            uint64_t len = (uint64_t)s->vbe_regs[VBE_YRES] * s->vbe_line_offset;

            memset(mem_ram_ptr(&s->vram), 0, len);
            mem_set_dirty(&s->vram, 0, len);
        }
        vbe_set_vga(s);
    } else if (!(val & VBE_ON)) {
        s->bank_offset = 0;
    }
    s->full = true;
}

void vbe_write(Vga *s, unsigned reg, uint16_t val)
{
    TRACE("vga_vbe_write", "index 0x%x val 0x%x", reg, val);
    switch (reg) {
    case VBE_ID:
        if (val >= 0xb0c0 && val <= 0xb0c5) {
            s->vbe_regs[VBE_ID] = val;
        }
        break;
    case VBE_XRES:
    case VBE_YRES:
    case VBE_BPP:
    case VBE_VIRT_WIDTH:
    case VBE_X_OFFSET:
    case VBE_Y_OFFSET:
        s->vbe_regs[reg] = val;
        if (vbe_on(s)) {
            vbe_fixup(s);
            vbe_set_vga(s);
        }
        break;
    case VBE_BANK:
        s->vbe_regs[VBE_BANK] = (uint16_t)(val & s->vbe_bank_mask);
        s->bank_offset = (uint32_t)s->vbe_regs[VBE_BANK] << 16;
        break;
    case VBE_ENABLE: vbe_set_enable(s, val); break;
    default: break;
    }
}

/* ---- EDID */

static void edid_checksum(uint8_t *block)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 127; i++) {
        sum = (uint8_t)(sum + block[i]);
    }
    block[127] = (uint8_t)-sum;
}

/* Detailed timing (3.10.2): blanking in fixed shares of the picture, 75 Hz, 100 dots an inch. */
static void edid_timing(uint8_t *d, unsigned w, unsigned h)
{
    unsigned hblank = w * 35 / 100, vblank = h * 35 / 1000, hfront = w * 25 / 100,
             hsync = w * 3 / 100;
    unsigned vfront = h * 5 / 1000, vsync = h * 5 / 1000, wmm = w * 254 / 1000,
             hmm = h * 254 / 1000;
    uint64_t clock = (uint64_t)75 * (w + hblank) * (h + vblank) / 10000;

    d[0] = (uint8_t)clock;
    d[1] = (uint8_t)(clock >> 8);
    d[2] = (uint8_t)w;
    d[3] = (uint8_t)hblank;
    d[4] = (uint8_t)((w >> 4 & 0xf0) | (hblank >> 8 & 0x0f));
    d[5] = (uint8_t)h;
    d[6] = (uint8_t)vblank;
    d[7] = (uint8_t)((h >> 4 & 0xf0) | (vblank >> 8 & 0x0f));
    d[8] = (uint8_t)hfront;
    d[9] = (uint8_t)hsync;
    d[10] = (uint8_t)((vfront & 15) << 4 | (vsync & 15));
    d[11] = (uint8_t)((hfront >> 2 & 0xc0) | (hsync >> 4 & 0x30) | (vfront >> 2 & 0x0c) |
                      (vsync >> 4 & 3));
    d[12] = (uint8_t)wmm;
    d[13] = (uint8_t)hmm;
    d[14] = (uint8_t)((wmm >> 4 & 0xf0) | (hmm >> 8 & 0x0f));
    d[17] = 0x18;
}

void edid_make(uint8_t *out, unsigned w, unsigned h)
{
    static const uint8_t head[] = { 0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x49, 0x14, 0x34,
                                    0x12, 0,    0,    0,    0,    42,   24,   1, 4,    0xa5 };
    static const uint8_t colour[] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
    static const uint8_t timings[] = { 0x21, 0x08, 0x00, 0xe1, 0xc0, 0xd1, 0xc0, 0xd1, 0x00, 0xa9,
                                       0x40, 0xb3, 0x00, 0x95, 0x00, 0x81, 0x80, 0x81, 0x40 };
    static const uint8_t est3[] = { 0, 0, 0, 0xf7, 0, 0x0a, 0x00, 0x40, 0x82, 0x00, 0x28, 0x20 };
    static const uint8_t range[] = { 0,   0, 0,    0xfd, 0,    50,   125,  30,   160,
                                     255, 1, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20 };
    static const uint8_t cta[] = {
        0x02, 0x03, 0x0b, 0x00, 0x46, 0x7d, 0x65, 0x60, 0x59, 0x1f, 0x61
    };

    w = MIN(MAX(w, 640), 4095);
    h = MIN(MAX(h, 400), 4095);
    memset(out, 0, EDID_SIZE);
    memcpy(out, head, sizeof(head));
    out[21] = (uint8_t)(w * 254 / 10000);
    out[22] = (uint8_t)(h * 254 / 10000);
    out[23] = 120; /* gamma 2.2 */
    out[24] = 0x06;
    memcpy(out + 25, colour, sizeof(colour));
    memcpy(out + 35, timings, sizeof(timings));
    edid_timing(out + 54, w, h);
    memcpy(out + 72, est3, sizeof(est3));
    memcpy(out + 90, range, sizeof(range));
    memcpy(out + 108, "\0\0\0\xfc\0QEMU Monitor\n", 18);
    out[126] = 1;
    edid_checksum(out);
    memcpy(out + 128, cta, sizeof(cta));
    edid_checksum(out + 128);
}
