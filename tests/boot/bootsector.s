# SPDX-License-Identifier: GPL-2.0-or-later
# A boot sector: reads its second sector through the BIOS and prints what it finds there on the serial port.
        .code16
        .globl _start
_start: xor %ax, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %ss
        mov $0x7c00, %sp
        mov $0x0201, %ax                # one sector
        mov $0x0002, %cx                # cylinder 0, sector 2
        mov $0, %dh                     # head 0; DL: the drive we came from
        mov $0x7e00, %bx
        int $0x13
        jc fail
        mov $0x7e00, %si
        jmp print
fail:   mov $failed, %si
print:  mov $0x3f8, %dx
next:   lodsb
        test %al, %al
        jz done
wait:   push %ax
        add $5, %dx
        in %dx, %al
        sub $5, %dx
        test $0x20, %al
        pop %ax
        jz wait
        out %al, %dx
        jmp next
done:   hlt
        jmp done
failed: .asciz "disk read failed\r\n"
        .org 510
        .word 0xaa55
        .asciz "hello from the second sector\r\n"
