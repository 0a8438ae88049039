; SPDX-License-Identifier: GPL-2.0-or-later
; Privilege in 32-bit protected mode: level 3, call gates with parameters, I/O bitmap, IOPL, virtual-8086 mode
; with and without VME, task switches by JMP, CALL, IRET, task gate and exception, 16-bit TSS.
%include "boot.inc"
        jmp start
%include "pm32.inc"
G_GATE  equ 0x40                        ; call gate to level 0, two parameters
G_CONF  equ 0x48                        ; conforming code
G_TSS2  equ 0x50
G_TGATE equ 0x58
G_TSS16 equ 0x60
G_GATE16 equ 0x68
G_C16   equ 0x70                        ; flat-based 16-bit code
        bits 32
gate_entry:
        mov [saved], esp
        mov eax, [esp + 8]
        mov [saved + 4], eax
        mov eax, [esp + 12]
        mov [saved + 8], eax
        mov ax, ss
        mov [saved + 12], eax
        mov ax, cs
        mov [saved + 16], ax
        retf 8
saved:  times 8 dd 0

conf_entry:
        mov ax, cs
        mov [saved], ax
        retf

; the second task: counts, says what it sees, goes back
task2:  inc dword [count2]
        str ax
        mov [saved], ax
        mov ax, [tss2]                  ; back link
        mov [saved + 4], ax
        pushfd
        pop dword [saved + 8]
        mov eax, cr0
        mov [saved + 12], eax
        iretd
        jmp task2
count2: dd 0
tss2    equ 0x50000
tssb    equ 0x51000
T2STACK equ 0x9c000

fault_task:                             ; handler as a task: error code on its stack
        pop dword [saved]
        mov ax, [tss2]
        mov [saved + 4], ax
        str ax
        mov [saved + 8], ax
        mov dword [tssb + 0x20], after_fault
        iretd
        jmp fault_task

%macro SETTSS2 1                        ; entry
        mov edi, tss2
        xor eax, eax
        mov ecx, 26
        rep stosd
        mov dword [tss2 + 0x20], %1
        mov dword [tss2 + 0x24], 2
        mov dword [tss2 + 0x38], T2STACK
        mov dword [tss2 + 0x48], K_DATA
        mov dword [tss2 + 0x4c], K_CODE
        mov dword [tss2 + 0x50], K_DATA
        mov dword [tss2 + 0x54], K_DATA
        DESC G_TSS2, tss2, 0x67, 0x89, 0
%endmacro

        bits 16
v86_code:                               ; copied to 0x20000, runs at 2000:0
        mov ax, 0x2000
        mov ds, ax
        mov [0x800], sp
        pushf
        pop word [0x802]
        mov ax, cs
        mov [0x804], ax
        int 0x21
v86_cli: cli
        sti
        nop
        int3
v86_end:
        bits 32
v86_irq:                                ; counts INT 21 from v86, returns
        inc dword [ss:saved + 20]
        mov eax, [esp + 8]
        mov [ss:saved + 24], eax
        mov eax, [esp + 20]             ; ES
        mov [ss:saved + 28], eax
        iretd

%macro GO_V86 1                         ; eflags beside VM
        push dword 0x4444               ; GS
        push dword 0x3333
        push dword 0x2222
        push dword 0x1111               ; ES
        push dword 0x3000               ; SS
        push dword 0x1000
        push dword 0x20002 | (%1)
        push dword 0x2000
        push dword 0
        iretd
%endmacro

        bits 16
start:  ENTER_PM
        mov dword [gdt + G_GATE], (K_CODE << 16) | 0
        mov eax, gate_entry
        mov [gdt + G_GATE], ax
        mov dword [gdt + G_GATE + 4], 0x0000ec02
        DESC G_CONF, 0, 0xfffff, 0x9e, 0xc
        ; call gate
        TRY "gate"
        TO_USER
        push dword 0x11112222
        push dword 0x33334444
        call G_GATE + 3:0
        mov ebx, esp
        int 0x20
        END_TRY
        SHOW "kernel esp", [saved]
        SHOW "param", [saved + 4]
        SHOW "param", [saved + 8]
        SHOW "user esp", ebx
        mov ax, [saved + 16]
        movzx eax, ax
        SHOW "cs", eax
        TRY "gate jmp"
        TO_USER
        jmp G_GATE + 3:0
        END_TRY
        mov byte [gdt + G_GATE + 5], 0xcc
        TRY "gate dpl"
        TO_USER
        call G_GATE + 3:0
        END_TRY
        mov byte [gdt + G_GATE + 5], 0x6c
        TRY "gate not present"
        TO_USER
        call G_GATE + 3:0
        END_TRY
        mov byte [gdt + G_GATE + 5], 0xec
        TRY "conforming"
        TO_USER
        call G_CONF:conf_entry
        int 0x20
        END_TRY
        movzx eax, word [saved]
        SHOW "cs", eax
        TRY "call level 0"
        TO_USER
        call K_CODE:conf_entry
        END_TRY
        TRY "retf inwards"
        TO_USER
        push dword K_CODE
        push dword conf_entry
        retf
        END_TRY
        TRY "data of level 0"
        TO_USER
        mov ax, K_DATA
        mov ds, ax
        END_TRY
        TRY "segments dropped"
        mov ax, K_DATA
        mov fs, ax
        mov ax, U_DATA
        mov gs, ax
        TO_USER
        mov ax, fs
        shl eax, 16
        mov ax, gs
        mov ebx, eax
        int 0x20
        END_TRY
        SHOW "fs, gs", ebx
        ; I/O
        TRY "in no bitmap"
        TO_USER
        in al, 0x80
        int 0x20
        END_TRY
        TRY "in iopl 3"
        push dword U_DATA
        push dword USTACK
        push dword 0x3002
        push dword U_CODE
        push dword .iopl
        iretd
.iopl:  in al, 0x80
        cli
        sti
        cli
        int 0x20
        END_TRY
        ; the same TSS elsewhere, with a bitmap
        mov esi, tss
        mov edi, tssb
        mov ecx, 0x68 / 4
        rep movsd
        xor eax, eax
        mov ecx, 0x98 / 4
        rep stosd
        DESC K_TSS, tssb, 0xff, 0x89, 0
        mov ax, K_TSS
        ltr ax
        TRY "in bitmap 80"
        TO_USER
        in al, 0x80
        int 0x20
        END_TRY
        mov byte [tssb + 0x68 + 0x10], 0x02      ; port 0x81
        TRY "in bitmap 81"
        TO_USER
        in al, 0x81
        int 0x20
        END_TRY
        TRY "in bitmap word 80"
        TO_USER
        in ax, 0x80
        int 0x20
        END_TRY

        ; task switches
        SETTSS2 task2
        call G_TSS2:0
        SHOW "count", [count2]
        movzx eax, word [saved]
        SHOW "tr there", eax
        movzx eax, word [saved + 4]
        SHOW "link", eax
        mov eax, [saved + 8]
        and eax, 0x7000
        SHOW "nt", eax
        mov eax, [saved + 12]
        and eax, 8
        SHOW "ts", eax
        str eax
        SHOW "tr here", eax
        mov eax, [gdt + K_TSS + 4]
        and eax, 0xff00
        SHOW "own type", eax
        mov eax, [gdt + G_TSS2 + 4]
        and eax, 0xff00
        SHOW "its type", eax
        mov eax, [tss2 + 0x20]
        sub eax, task2
        SHOW "its eip", eax
        call G_TSS2:0
        SHOW "count", [count2]
        mov dword [gdt + G_TGATE], G_TSS2 << 16
        mov dword [gdt + G_TGATE + 4], 0x8500
        call G_TGATE:0
        SHOW "count by gate", [count2]
        TRY "jmp to itself"
        jmp K_TSS:0
        END_TRY
        SETTSS2 task2
        mov byte [gdt + G_TSS2 + 5], 0x09
        TRY "tss not present"
        call G_TSS2:0
        END_TRY
        mov byte [gdt + G_TSS2 + 5], 0x89
        mov byte [gdt + G_TSS2], 0x66
        TRY "tss limit"
        call G_TSS2:0
        END_TRY
        ; an exception as a task
        SETTSS2 fault_task
        mov dword [idt + 13 * 8], G_TSS2 << 16
        mov dword [idt + 13 * 8 + 4], 0x8500
        mov ax, 0x1000
        mov ds, ax
after_fault:
        mov ax, K_DATA
        mov ds, ax
        SHOW "error", [saved]
        movzx eax, word [saved + 4]
        SHOW "link", eax
        call build_idt
        ; virtual-8086
        mov byte [idt + 0x21 * 8 + 5], 0xee
        mov eax, v86_irq
        mov [idt + 0x21 * 8], ax
        shr eax, 16
        mov [idt + 0x21 * 8 + 6], ax
        mov esi, v86_code
        mov edi, 0x20000
        mov ecx, v86_end - v86_code
        rep movsb
        mov dword [saved + 20], 0
        mov ax, K_DATA
        TRY "v86 iopl 3"
        GO_V86 0x3000
        END_TRY
        movzx eax, word [0x20800]
        SHOW "sp", eax
        movzx eax, word [0x20802]
        SHOW "flags", eax
        SHOW "ints", [saved + 20]
        SHOW "eflags", [saved + 24]
        SHOW "es", [saved + 28]
        TRY "v86 iopl 0 int"
        GO_V86 0
        END_TRY
        mov word [0x20000 + v86_cli - v86_code - 2], 0x9090
        TRY "v86 iopl 0 cli"
        mov byte [0x20000 + 8], 0x90    ; pushf, pop
        mov dword [0x20000 + 9], 0x90909090
        GO_V86 0
        END_TRY
        FINISH
IMAGE_END
