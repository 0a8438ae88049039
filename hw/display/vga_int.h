/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA core, shared by adapters. Video memory holds the four planes interleaved: byte 4 * n + p
 * is byte n of plane p, so that the same bytes serve planar, chained and linear modes. VM lock held
 * for all calls. */
#ifndef HW_DISPLAY_VGA_INT_H
#define HW_DISPLAY_VGA_INT_H

#include "hw/core/device.h"
#include "ui/console.h"

enum { VBE_REGS = 10 };
enum {
    VBE_ID,
    VBE_XRES,
    VBE_YRES,
    VBE_BPP,
    VBE_ENABLE,
    VBE_BANK,
    VBE_VIRT_WIDTH,
    VBE_VIRT_HEIGHT,
    VBE_X_OFFSET,
    VBE_Y_OFFSET,
    VBE_MEMORY
};
enum {
    VBE_ON = 1 << 0,
    VBE_GETCAPS = 1 << 1,
    VBE_DAC_8BIT = 1 << 5,
    VBE_LFB = 1 << 6,
    VBE_NOCLEAR = 1 << 7
};
enum {
    VGA_SEQ_REGS = 8,
    VGA_GFX_REGS = 16,
    VGA_ATTR_REGS = 21,
    VGA_CRTC_REGS = 256,
    VGA_DAC = 256
};

/* What is on the screen: derived from the registers, compared to see whether all must be drawn
 * again. */
typedef struct VgaMode {
    enum { VGA_BLANK, VGA_TEXT, VGA_PLANAR, VGA_CGA4, VGA_PACKED, VGA_LINEAR } kind;
    unsigned width, height;              /* of the surface */
    unsigned cols, rows, cell_w, cell_h; /* text */
    unsigned h_repeat, v_repeat;         /* pixels and lines shown that often */
    unsigned bpp;                        /* linear */
    uint32_t start, pitch, line_compare; /* bytes of video memory; line */
    uint32_t font[2];
    uint32_t split;  /* text: the row from which memory is shown from its beginning */
    bool blink_off;  /* text: blinking characters are dark */
    uint32_t cursor; /* of the text cursor, a character; UINT32_MAX: none */
    uint8_t cursor_top, cursor_bottom, pan, cga_bits;
    uint32_t colours[VGA_DAC]; /* as they are to appear */
} VgaMode;

typedef struct Vga {
    Vm *vm;
    uint32_t vram_size_mb, vram_size; /* property, bytes */
    MemRegion vram, lowmem;
    MemRegion ports[8], vbe_io;
    unsigned port_count;
    uint32_t latch;
    bool blinks; /* the last text drawn has blinking characters */
    uint8_t sr_index, sr[VGA_SEQ_REGS], gr_index, gr[VGA_GFX_REGS], ar_index, ar[VGA_ATTR_REGS];
    int32_t ar_flip_flop;
    uint8_t cr_index, cr[VGA_CRTC_REGS], msr, fcr, st00, st01;
    uint8_t dac_state, dac_sub_index, dac_read_index, dac_write_index, dac_cache[3];
    uint8_t palette[VGA_DAC * 3], pel_mask;
    uint32_t bank_offset;
    uint8_t is_vbe_vmstate;
    uint16_t vbe_index, vbe_regs[VBE_REGS];
    uint32_t vbe_start_addr, vbe_line_offset, vbe_bank_mask;
    bool big_endian;

    Console *con;
    pixman_image_t *surface;
    bool shared; /* the surface is video memory itself */
    bool full;   /* everything is to be drawn */
    bool blink_off, cursor_on;
    VgaMode mode;
} Vga;

/* Memory and registers; owner is the adapter. Video memory is s->vram_size_mb MiB (1-256). */
bool vga_init(Vga *s, Device *owner, GError **errp);
void vga_fini(Vga *s);
void vga_reset(Vga *s);
void vga_map_ports(Vga *s, MemRegion *io, bool vbe); /* the legacy ports */
uint32_t vga_port_read(Vga *s, uint32_t port);
void vga_port_write(Vga *s, uint32_t port, uint8_t val);
bool vbe_on(const Vga *s);
uint16_t vbe_read(const Vga *s, unsigned reg);
void vbe_write(Vga *s, unsigned reg, uint16_t val);
void vga_refresh(void *opaque);
void vga_invalidate(void *opaque);
extern const AdapterOps vga_adapter_ops;
extern const VmState vga_vmstate;

enum { EDID_SIZE = 384 };
/* An EDID 1.4 block with a CTA extension for a monitor that prefers w x h pixels. */
void edid_make(uint8_t *out, unsigned w, unsigned h);

#endif
