/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a Linux bzImage that the loader split into fw_cfg entries: copies setup code, command line, kernel and
 * initrd to where their headers want them, then enters the setup code in real mode (Linux x86 boot protocol,
 * "Running the Kernel"). */
#include "hw/i386/optionrom/optionrom.h"

        .section .rodata
        .globl  optionrom_linuxboot, optionrom_linuxboot_end
        .balign 16
        .code16
optionrom_linuxboot:
rom:
        ROM_HEADER 2
product:
        .asciz  "Linux loader"

boot:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ss
        mov     $0x7c00, %esp
        READ_BLOB KEY_SETUP_DATA KEY_SETUP_SIZE KEY_SETUP_ADDR
        READ_BLOB KEY_CMDLINE_DATA KEY_CMDLINE_SIZE KEY_CMDLINE_ADDR
        READ_BLOB KEY_KERNEL_DATA KEY_KERNEL_SIZE KEY_KERNEL_ADDR
        READ_BLOB KEY_INITRD_DATA KEY_INITRD_SIZE KEY_INITRD_ADDR
        READ_NUMBER KEY_CMDLINE_ADDR
        mov     %eax, %ebx
        READ_NUMBER KEY_SETUP_ADDR
        sub     %eax, %ebx              /* the stack ends where the command line begins */
        sub     $16, %ebx
        shr     $4, %eax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        mov     %ax, %ss
        movzwl  %bx, %esp
        add     $0x20, %ax              /* past the boot sector */
        push    %ax
        pushw   $0
        xor     %eax, %eax
        xor     %ebx, %ebx
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %edi, %edi
        xor     %ebp, %ebp
        lret

        FW_CFG_CODE
        .balign 512
        .org    rom + 1024
optionrom_linuxboot_end:
        .section .note.GNU-stack, "", @progbits
