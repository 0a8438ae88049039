# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the gdb server debug: three rounds in real mode, three in protected mode, a second CPU that counts,
# then long mode for ever. To be at 0x7c00, entered there with CS base 0; the memory below must be zero.
        .text
        .globl _start, real_fn, prot, prot_fn, long, long_fn, long_inner, counter, ap, ap_count
        .code16
_start: cli
        xor %ax, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %ss
        mov $0x7c00, %sp
        mov $3, %cx
1:      call real_fn
        loop 1b
        lgdt gdtr
        mov %cr0, %eax
        or $1, %al
        mov %eax, %cr0
        ljmp $8, $prot
        .type real_fn, @function
real_fn:
        incl counter
        ret

        .code32
prot:   mov $16, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %ss
        mov $0x7c00, %esp
        mov %esp, %ebp
        mov $3, %ecx
1:      call prot_fn
        loop 1b
        movl $0x1ff, 0xfee000f0         # APIC on
        movl $0xc4608, 0xfee00300       # start-up message to all others: 0x8000
        movl $0x2003, 0x1000
        movl $0x3003, 0x2000
        movl $0x83, 0x3000              # two megabytes, as they are
        mov $0x1000, %eax
        mov %eax, %cr3
        mov %cr4, %eax
        or $0x20, %eax
        mov %eax, %cr4
        mov $0xc0000080, %ecx
        rdmsr
        or $0x100, %eax
        wrmsr
        mov %cr0, %eax
        or $0x80000000, %eax
        mov %eax, %cr0
        ljmp $24, $long
        .type prot_fn, @function
prot_fn:
        push %ebp
        mov %esp, %ebp
        incl counter
        pop %ebp
        ret

        .code64
        .type long, @function
long:   mov $0x7c00, %esp
        xor %ebp, %ebp
1:      call long_fn
        jmp 1b
        .type long_fn, @function
long_fn:
        push %rbp
        mov %rsp, %rbp
        call long_inner
        pop %rbp
        ret
        .type long_inner, @function
long_inner:
        push %rbp
        mov %rsp, %rbp
        incl counter
        mov counter, %eax
        pop %rbp
        ret

        .balign 8
gdt:    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdtr:   .word 31
        .long gdt
        .balign 8
counter: .quad 0
ap_count: .quad 0

        .org 0x400
        .code16
ap:     xor %ax, %ax
        mov %ax, %ds
1:      incl ap_count
        jmp 1b
