/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From registers and video memory to a picture of 32-bit pixels. A refresh derives the mode from
 * the registers; when it differs from the last one all is drawn, else only lines in memory written
 * since (text: all, when any of it was). Linear 32-bit modes lend video memory itself to the
 * console. Not modelled: preset row scan, smooth scrolling in text modes. */
#include <string.h>

#include "hw/core/ram.h"
#include "hw/display/vga_int.h"
#include "util/bits.h"
#include "util/loop.h"

enum { CURSOR_BLINK_NS = 266000000, VGA_MAX_W = 4096, VGA_MAX_H = 2048 };

static uint32_t vga_six_to_eight(uint8_t c)
{
    unsigned low = c & 1;

    return (c & 0x3fu) << 2 | low << 1 | low;
}

static uint32_t vga_dac_colour(const Vga *s, unsigned i)
{
    const uint8_t *p = &s->palette[3 * (i & s->pel_mask)];

    if (vbe_on(s) && (s->vbe_regs[VBE_ENABLE] & VBE_DAC_8BIT)) {
        return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    }
    return vga_six_to_eight(p[0]) << 16 | vga_six_to_eight(p[1]) << 8 | vga_six_to_eight(p[2]);
}

/* Sixteen colours go through the attribute controller's palette (and colour select) to the DAC. */
static void vga_colours(const Vga *s, VgaMode *m)
{
    if (m->kind == VGA_PACKED || (m->kind == VGA_LINEAR && m->bpp == 8)) {
        for (unsigned i = 0; i < VGA_DAC; i++) {
            m->colours[i] = vga_dac_colour(s, i);
        }
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned v = s->ar[i];

        if (s->ar[0x10] & 0x80) {
            v = (s->ar[0x14] & 0x0fu) << 4 | (v & 0x0f);
        } else {
            v = (s->ar[0x14] & 0x0cu) << 4 | (v & 0x3f);
        }
        m->colours[i] = vga_dac_colour(s, v);
    }
}

static unsigned vga_lines(const Vga *s)
{
    return (s->cr[0x12] | (s->cr[7] & 0x02u) << 7 | (s->cr[7] & 0x40u) << 3) + 1;
}

static uint32_t vga_line_compare(const Vga *s)
{
    return s->cr[0x18] | (s->cr[7] & 0x10u) << 4 | (s->cr[9] & 0x40u) << 3;
}

static void vga_mode_text(const Vga *s, VgaMode *m)
{
    unsigned pos = (unsigned)s->cr[0x0e] << 8 | s->cr[0x0f], lines = vga_lines(s), f = s->sr[3];

    m->cell_w = s->sr[1] & 1 ? 8 : 9;
    m->cell_h = (s->cr[9] & 0x1fu) + 1;
    m->cols = s->cr[1] + 1u;
    m->rows = (s->cr[9] & 0x80 ? lines / 2 : lines) / m->cell_h;
    m->rows = MAX(m->rows, 1);
    m->width = m->cols * m->cell_w;
    m->height = m->rows * m->cell_h;
    m->font[0] = ((f >> 5 & 1) | (f >> 1 & 6)) * 8192u; /* character map A: attribute bit 3 set */
    m->font[1] = ((f >> 4 & 1) | (f << 1 & 6)) * 8192u;
    m->split = (vga_line_compare(s) + 1) / m->cell_h;
    m->blink_off = s->blinks && (s->ar[0x10] & 8) && s->blink_off;
    m->cursor = UINT32_MAX;
    if (!(s->cr[0x0a] & 0x20) && s->cursor_on && pos >= m->start / 4) {
        m->cursor = pos - m->start / 4;
        m->cursor_top = s->cr[0x0a] & 0x1f;
        m->cursor_bottom = s->cr[0x0b] & 0x1f;
    }
}

static void vga_mode_graphics(const Vga *s, VgaMode *m)
{
    unsigned shift = (s->gr[5] >> 5) & 3, scan = (s->cr[9] & 0x1fu) + 1;

    m->width = (s->cr[1] + 1u) * 8;
    m->height = vga_lines(s);
    m->v_repeat = scan << (s->cr[9] >> 7);
    m->h_repeat = 1;
    if (shift >= 2) {
        m->kind = VGA_PACKED;
        m->h_repeat = 2;
    } else {
        m->kind = shift == 1 ? VGA_CGA4 : VGA_PLANAR;
        if (s->sr[1] & 8) {
            m->h_repeat = 2;
            m->width *= 2;
        }
    }
    m->cga_bits = (uint8_t)(~s->cr[0x17] & 3);
    if (m->cga_bits !=
        0) { /* the row scan counter addresses memory: lines are not repeated for it */
        m->v_repeat = 1u << (s->cr[9] >> 7);
    }
    m->pan = s->ar[0x13] & 7;
}

static void vga_mode_get(Vga *s, VgaMode *m)
{
    memset(m, 0, sizeof(*m));
    m->line_compare = vga_line_compare(s);
    if (vbe_on(s) && s->vbe_regs[VBE_BPP] != 4) {
        m->kind = VGA_LINEAR;
        m->width = s->vbe_regs[VBE_XRES];
        m->height = s->vbe_regs[VBE_YRES];
        m->bpp = s->vbe_regs[VBE_BPP];
        m->start = s->vbe_start_addr;
        m->pitch = s->vbe_line_offset;
        m->v_repeat = m->h_repeat = 1;
        m->line_compare = UINT32_MAX;
    } else if (!(s->ar_index & 0x20) || (s->sr[1] & 0x20) || s->cr[1] == 0) {
        m->kind = VGA_BLANK;
        m->width = s->mode.width != 0 ? s->mode.width : 640;
        m->height = s->mode.height != 0 ? s->mode.height : 480;
    } else {
        m->start = ((uint32_t)s->cr[0x0c] << 8 | s->cr[0x0d]) * 4;
        m->pitch = (uint32_t)s->cr[0x13] << 3;
        if (s->gr[6] & 1) {
            vga_mode_graphics(s, m);
        } else {
            m->kind = VGA_TEXT;
            vga_mode_text(s, m);
        }
    }
    m->width = MIN(m->width, VGA_MAX_W * 4);
    m->height = MIN(m->height, VGA_MAX_H * 6);
    vga_colours(s, m);
}

/* ---- Surfaces */

static void vga_set_surface(Vga *s, const VgaMode *m)
{
    bool share = m->kind == VGA_LINEAR && m->bpp == 32 && !s->big_endian && m->pitch % 4 == 0 &&
                 m->start % 4 == 0;
    pixman_image_t *old = s->surface;
    bool keep = old != NULL && !share && !s->shared &&
                (unsigned)pixman_image_get_width(old) == m->width &&
                (unsigned)pixman_image_get_height(old) == m->height;

    if (keep) {
        return;
    }
    if (share) {
        s->surface = pixman_image_create_bits(
            PIXMAN_x8r8g8b8, (int)m->width, (int)m->height,
            (uint32_t *)(void *)(mem_ram_ptr(&s->vram) + m->start), (int)m->pitch);
    } else {
        s->surface =
            pixman_image_create_bits(PIXMAN_x8r8g8b8, (int)m->width, (int)m->height, NULL, 0);
    }
    s->shared = share;
    console_set_surface(s->con, s->surface);
    if (old != NULL) {
        pixman_image_unref(old);
    }
}

static uint32_t *surface_line(const Vga *s, unsigned y)
{
    return pixman_image_get_data(s->surface) +
           (size_t)y * (size_t)pixman_image_get_stride(s->surface) / 4;
}

/* ---- Text. With blinking on (attribute mode control, bit 3) bit 7 of an attribute hides the character half
 * of the time, at half the cursor's rate. */

static void text_cell(const Vga *s, const VgaMode *m, unsigned col, unsigned row,
                      const uint8_t *cell)
{
    const uint8_t *vram = mem_ram_ptr(&s->vram);
    unsigned ch = cell[0], attr = cell[1], font = m->font[attr & 8 ? 0 : 1];
    uint32_t fg = m->colours[attr & 15],
             bg = m->colours[s->ar[0x10] & 8 ? attr >> 4 & 7 : attr >> 4];
    bool cursor = m->cursor == row * (m->pitch / 4) + col;
    bool wide = m->cell_w == 9 && ch >= 0xc0 && ch <= 0xdf && (s->ar[0x10] & 4);

    if (m->blink_off && (attr & 0x80)) {
        fg = bg;
    }
    for (unsigned y = 0; y < m->cell_h; y++) {
        size_t at = ((size_t)font + ch * 32 + y) * 4 + 2;
        unsigned bits = at < s->vram_size ? vram[at] : 0;
        uint32_t *out = surface_line(s, row * m->cell_h + y) + col * m->cell_w;

        if (cursor && y >= m->cursor_top && y <= m->cursor_bottom) {
            bits = 0x1ff;
        }
        for (unsigned x = 0; x < 8; x++) {
            out[x] = bits >> (7 - x) & 1 ? fg : bg;
        }
        if (m->cell_w == 9) {
            out[8] = bits == 0x1ff || (wide && (bits & 1)) ? fg : bg;
        }
    }
}

static void draw_text(Vga *s, const VgaMode *m)
{
    const uint8_t *vram = mem_ram_ptr(&s->vram);
    static const uint8_t empty[2] = { 0, 0 };
    bool blink = s->ar[0x10] & 8;

    s->blinks = false;
    for (unsigned row = 0; row < m->rows; row++) {
        for (unsigned col = 0; col < m->cols; col++) {
            uint64_t at = row < m->split ? m->start + (uint64_t)row * m->pitch + 4 * col
                                         : (uint64_t)(row - m->split) * m->pitch + 4 * col;
            const uint8_t *cell = at + 2 <= s->vram_size ? vram + at : empty;

            s->blinks = s->blinks || (blink && (cell[1] & 0x80));
            text_cell(s, m, col, row, cell);
        }
    }
}

/* ---- Graphics */

/* Colour number of pixel x of a line that starts at byte `at` of video memory. */
static unsigned pixel_planar(const Vga *s, uint64_t at, unsigned x)
{
    const uint8_t *p = mem_ram_ptr(&s->vram);
    uint64_t w = at + (uint64_t)(x / 8) * 4;
    unsigned bit = 7 - x % 8;

    if (w + 4 > s->vram_size) {
        return 0;
    }
    p += w;
    return ((p[0] >> bit & 1u) | (p[1] >> bit & 1u) << 1 | (p[2] >> bit & 1u) << 2 |
            (p[3] >> bit & 1u) << 3) &
           s->ar[0x12];
}

/* Two bits a pixel, eight pixels a word: the first four in plane 0, the others in plane 1. */
static unsigned pixel_cga4(const Vga *s, uint64_t at, unsigned x)
{
    uint64_t w = at + (uint64_t)(x / 8) * 4 + (x % 8) / 4;

    return w < s->vram_size ? (mem_ram_ptr(&s->vram)[w] >> (6 - 2 * (x % 4)) & 3u) & s->ar[0x12]
                            : 0;
}

static void draw_line(const Vga *s, const VgaMode *m, uint32_t *out, uint64_t at)
{
    unsigned pan = m->kind == VGA_PACKED ? m->pan / 2 : m->pan;

    for (unsigned x = 0; x < m->width; x++) {
        unsigned px = x / m->h_repeat + pan, c = 0;

        if (m->kind == VGA_PLANAR) {
            c = pixel_planar(s, at, px);
        } else if (m->kind == VGA_CGA4) {
            c = pixel_cga4(s, at, px);
        } else if (at + px < s->vram_size) {
            c = mem_ram_ptr(&s->vram)[at + px];
        }
        out[x] = m->colours[c];
    }
}

static uint32_t linear_pixel(const Vga *s, const VgaMode *m, const uint8_t *p)
{
    uint32_t v;

    switch (m->bpp) {
    case 8: return m->colours[p[0]];
    case 15:
    case 16:
        v = s->big_endian ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
        if (m->bpp == 15) {
            return (v & 0x7c00) << 9 | (v & 0x03e0) << 6 | (v & 0x1f) << 3;
        }
        return (v & 0xf800) << 8 | (v & 0x07e0) << 5 | (v & 0x1f) << 3;
    case 24:
        return s->big_endian ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]
                             : (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    default:
        return s->big_endian ? (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                             : (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    }
}

static void draw_linear(const Vga *s, const VgaMode *m, uint32_t *out, uint64_t at)
{
    unsigned bytes = (m->bpp + 7) / 8;
    const uint8_t *p = mem_ram_ptr(&s->vram) + at;

    if (at + (uint64_t)m->width * bytes > s->vram_size) {
        memset(out, 0, (size_t)m->width * 4);
        return;
    }
    for (unsigned x = 0; x < m->width; x++, p += bytes) {
        out[x] = linear_pixel(s, m, p);
    }
}

/* First byte of the picture's line y: split screen, repeated lines, CGA banks. */
static uint64_t line_start(const VgaMode *m, unsigned y)
{
    uint64_t at;
    unsigned row;

    if (m->kind == VGA_LINEAR) {
        return m->start + (uint64_t)y * m->pitch;
    }
    at = m->start;
    if (y > m->line_compare) {
        y -= m->line_compare + 1;
        at = 0;
    }
    row = y / m->v_repeat;
    if (m->cga_bits & 1) {
        at += (row & 1) ? 0x2000 * 4 : 0;
        at += (uint64_t)(row >> 1) * m->pitch;
    } else {
        at += (uint64_t)row * m->pitch;
    }
    return at;
}

static void draw_graphics(Vga *s, const VgaMode *m, const uint64_t *dirty, bool all)
{
    unsigned from = 0, count = 0;

    for (unsigned y = 0; y < m->height; y++) {
        uint64_t at = line_start(m, y), end = at + MAX(m->pitch, 1) - 1;
        bool changed = all;

        for (uint64_t page = at >> 12; !changed && page <= end >> 12 && page < s->vram_size >> 12;
             page++) {
            changed = dirty[page / 64] >> (page % 64) & 1;
        }
        if (changed) {
            if (!s->shared && m->kind == VGA_LINEAR) {
                draw_linear(s, m, surface_line(s, y), at);
            } else if (!s->shared) {
                draw_line(s, m, surface_line(s, y), at);
            }
            from = count++ == 0 ? y : from;
        } else if (count != 0) {
            console_update(s->con, 0, (int)from, (int)m->width, (int)count);
            count = 0;
        }
    }
    if (count != 0) {
        console_update(s->con, 0, (int)from, (int)m->width, (int)count);
    }
}

static void draw_blank(Vga *s, const VgaMode *m)
{
    for (unsigned y = 0; y < m->height; y++) {
        memset(surface_line(s, y), 0, (size_t)m->width * 4);
    }
}

void vga_refresh(void *opaque)
{
    Vga *s = opaque;
    g_autofree uint64_t *dirty = g_new0(uint64_t, (s->vram_size >> 12) / 64 + 1);
    VgaMode m;
    bool all, any;

    s->cursor_on = !(clock_ns(CLOCK_VIRTUAL) / CURSOR_BLINK_NS & 1);
    s->blink_off = clock_ns(CLOCK_VIRTUAL) / CURSOR_BLINK_NS & 2;
    vga_mode_get(s, &m);
    all = s->full || s->surface == NULL || memcmp(&m, &s->mode, sizeof(m)) != 0;
    if (all) {
        vga_set_surface(s, &m);
        s->mode = m;
        s->full = false;
    }
    any = ram_dirty_snapshot(s->vram.ram, 0, s->vram_size, DIRTY_VGA, dirty);
    if (!all && !any) {
        return;
    }
    switch (m.kind) {
    case VGA_BLANK:
        if (!all) {
            return;
        }
        draw_blank(s, &m);
        break;
    case VGA_TEXT: draw_text(s, &m); break;
    case VGA_PLANAR:
    case VGA_CGA4:
    case VGA_PACKED:
    case VGA_LINEAR: draw_graphics(s, &m, dirty, all); return;
    }
    console_update(s->con, 0, 0, (int)m.width, (int)m.height);
}

void vga_invalidate(void *opaque)
{
    ((Vga *)opaque)->full = true;
}

const AdapterOps vga_adapter_ops = { .refresh = vga_refresh, .invalidate = vga_invalidate };
