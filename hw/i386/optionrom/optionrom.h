/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the option ROMs: header (BIOS Boot Specification 1.01, Plug and Play BIOS 1.0A, 3.2) and fw_cfg access
 * in 16-bit code. A ROM is a piece of read-only data of this program; the loader sets its checksum byte. */

#define FW_CFG_SEL      0x510
#define FW_CFG_DATA     0x511
#define FW_CFG_DMA_HIGH 0x514
#define FW_CFG_DMA_LOW  0x518
#define DMA_READ_SELECT 0x0a            /* control: read bit 1, select bit 3, key in the upper half */

#define KEY_KERNEL_ADDR  0x07
#define KEY_KERNEL_SIZE  0x08
#define KEY_INITRD_ADDR  0x0a
#define KEY_INITRD_SIZE  0x0b
#define KEY_KERNEL_ENTRY 0x10
#define KEY_KERNEL_DATA  0x11
#define KEY_INITRD_DATA  0x12
#define KEY_CMDLINE_ADDR 0x13
#define KEY_CMDLINE_SIZE 0x14
#define KEY_CMDLINE_DATA 0x15
#define KEY_SETUP_ADDR   0x16
#define KEY_SETUP_SIZE   0x17
#define KEY_SETUP_DATA   0x18

/* The ROM's first bytes; the boot entry is the label boot, the name the label product. */
.macro ROM_HEADER blocks
        .word   0xaa55
        .byte   \blocks
        lret                            /* initialisation: nothing to do */
        .byte   0, 0                    /* the checksum's byte is at offset 5 */
        .org    rom + 0x18
        .word   0
        .word   pnp - rom
pnp:
        .ascii  "$PnP"
        .byte   1, 2                    /* version, length in paragraphs */
        .word   0
        .byte   0, 0
        .long   0
        .word   vendor - rom
        .word   product - rom
        .long   0
        .word   0, 0
        .word   boot - rom              /* bootstrap entry vector */
        .word   0, 0
vendor:
        .asciz  "Kite"
.endm

/* eax = 32-bit number under key. Clobbers dx, cl. */
.macro READ_NUMBER key
        mov     $\key, %ax
        call    read_number
.endm

/* Copies blob `data` of the size and to the address that are under their keys. */
.macro READ_BLOB data size addr
        READ_NUMBER \addr
        mov     %eax, %edi
        READ_NUMBER \size
        mov     %eax, %esi
        mov     $\data, %ax
        call    read_blob
.endm

.macro FW_CFG_CODE
read_number:
        mov     $FW_CFG_SEL, %dx
        out     %ax, %dx
        mov     $FW_CFG_DATA, %dx
        xor     %eax, %eax
        mov     $4, %cl
1:      in      %dx, %al
        ror     $8, %eax
        dec     %cl
        jnz     1b
        ret

/* ax = key, esi = length, edi = physical address. Clobbers eax, edx, ecx. */
read_blob:
        test    %esi, %esi
        jz      2f
        mov     %edi, %ecx
        bswap   %ecx
        push    %ecx                    /* the request, big endian: control, length, 64-bit address */
        pushl   $0
        mov     %esi, %ecx
        bswap   %ecx
        push    %ecx
        movzwl  %ax, %eax
        shl     $16, %eax
        or      $DMA_READ_SELECT, %eax
        bswap   %eax
        push    %eax
        xor     %ecx, %ecx
        mov     %ss, %cx
        shl     $4, %ecx
        movzwl  %sp, %eax
        add     %eax, %ecx
        bswap   %ecx
        mov     %ecx, %eax
        mov     $FW_CFG_DMA_LOW, %dx
        out     %eax, %dx
1:      mov     %sp, %bp
        mov     (%bp), %eax
        bswap   %eax
        and     $~1, %eax               /* bit 0: error */
        jnz     1b
        add     $16, %sp
2:      ret
.endm
