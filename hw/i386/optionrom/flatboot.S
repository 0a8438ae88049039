/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a 32-bit kernel image: copies image and modules, completes the information structure that the loader
 * made, and enters the kernel in flat protected mode with eax and ebx as its protocol says (Multiboot 0.6.96,
 * 3.2; PVH: x86/HVM direct boot ABI). Parameters, a blob under KEY_SETUP_DATA:
 *   0 entry  4 eax  8 ebx  12 memory map buffer  16 offset of E820 entries in its 24-byte slots
 *   20 address of the map's length or count  24 unit of that (24: bytes, 1: entries)  28 address of the
 *   RSDP pointer, or 0. */
#include "hw/i386/optionrom/optionrom.h"

#define P_ENTRY  0
#define P_EAX    4
#define P_EBX    8
#define P_MAP    12
#define P_SKIP   16
#define P_COUNT  20
#define P_UNIT   24
#define P_RSDP   28
#define PARAMS   0x9000                 /* in segment 0: parameters, then one E820 entry */
#define ENTRY    0x9040
#define STACK    0x9000

        .section .rodata
        .globl  optionrom_flatboot, optionrom_flatboot_end
        .balign 16
        .code16
optionrom_flatboot:
rom:
        ROM_HEADER 2
product:
        .asciz  "Kernel loader"

boot:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ss
        mov     $STACK, %esp
        READ_BLOB KEY_SETUP_DATA KEY_SETUP_SIZE KEY_SETUP_ADDR
        READ_BLOB KEY_KERNEL_DATA KEY_KERNEL_SIZE KEY_KERNEL_ADDR
        READ_BLOB KEY_INITRD_DATA KEY_INITRD_SIZE KEY_INITRD_ADDR
        mov     $0x2401, %ax            /* A20 */
        int     $0x15
        cli

        /* Descriptors for flat segments, in segment 0. */
        mov     $PARAMS + 0x80, %di
        xor     %ax, %ax
        mov     %ax, %es
        mov     %ax, %ds
        mov     $gdt - rom, %si
        mov     $(gdt_end - gdt) / 4, %cx
1:      mov     %cs:(%si), %eax
        mov     %eax, (%di)
        add     $4, %si
        add     $4, %di
        loop    1b
        movw    $gdt_end - gdt - 1, PARAMS + 0x70
        movl    $PARAMS + 0x80, PARAMS + 0x72

        /* Memory map by INT 15h, E820h. */
        xor     %ebp, %ebp              /* entries */
        xor     %ebx, %ebx
2:      mov     $0xe820, %eax
        mov     $0x534d4150, %edx
        mov     $20, %ecx
        mov     $ENTRY, %di
        int     $0x15
        jc      3f
        cmp     $0x534d4150, %eax
        jne     3f
        call    flat_gs                 /* the BIOS may have left other tables and limits */
        imul    $24, %ebp, %edi
        add     PARAMS + P_MAP, %edi
        movl    $20, %gs:(%edi)         /* multiboot's size field; the others overwrite it */
        movl    $0, %gs:20(%edi)
        add     PARAMS + P_SKIP, %edi
        mov     $ENTRY, %si
        mov     $5, %cx
4:      mov     (%si), %eax
        mov     %eax, %gs:(%edi)
        add     $4, %si
        add     $4, %edi
        loop    4b
        inc     %ebp
        cmp     $128, %ebp
        jae     3f
        test    %ebx, %ebx
        jnz     2b
3:      cli
        call    flat_gs
        mov     PARAMS + P_COUNT, %edi
        imul    PARAMS + P_UNIT, %ebp
        mov     %ebp, %gs:(%edi)

        /* The RSDP lies on a paragraph in the BIOS area (ACPI 5.2.5.1). */
        mov     PARAMS + P_RSDP, %edi
        test    %edi, %edi
        jz      6f
        mov     $0xe0000, %esi
5:      cmpl    $0x20445352, %gs:(%esi)         /* "RSD " */
        jne     7f
        cmpl    $0x20525450, %gs:4(%esi)        /* "PTR " */
        je      8f
7:      add     $16, %esi
        cmp     $0x100000, %esi
        jb      5b
        jmp     6f
8:      mov     %esi, %gs:(%edi)

6:      mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        pushl   $8
        mov     %cs, %ax                /* still the real-mode paragraph */
        movzwl  %ax, %eax
        shl     $4, %eax
        add     $flat - rom, %eax
        push    %eax
        lretl

/* gs: base 0, limit 4 GiB; stays so after leaving protected mode. Needs ds = 0. */
flat_gs:
        cli
        push    %eax
        lgdtl   PARAMS + 0x70
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        mov     $16, %ax
        mov     %ax, %gs
        mov     %cr0, %eax
        and     $~1, %al
        mov     %eax, %cr0
        xor     %ax, %ax
        mov     %ax, %gs
        pop     %eax
        ret

        .code32
flat:
        mov     $16, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        mov     %ax, %ss
        mov     PARAMS + P_EAX, %eax
        mov     PARAMS + P_EBX, %ebx
        jmp     *PARAMS + P_ENTRY

        .code16
        FW_CFG_CODE
        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff      /* 8: code, 0 to 4 GiB */
        .quad   0x00cf93000000ffff      /* 16: data */
gdt_end:
        .balign 512
        .org    rom + 1024
optionrom_flatboot_end:
        .section .note.GNU-stack, "", @progbits
