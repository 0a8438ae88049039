; SPDX-License-Identifier: GPL-2.0-or-later
; Time by counted instructions: the time stamp counter between instructions, around interrupts of the 8254 that end
; HLT, around port and string instructions. What it prints must be the same in every run.
%include "boot.inc"
        jmp start
IRQ0    equ 0x50

show:   pushad
        rdtsc
        xchg eax, edx
        HEX16 eax, 8
        HEX16 edx, 8
        NL16
        popad
        ret

tick:   push ax
        inc word [ticks]
        mov al, 0x20
        out 0x20, al
        pop ax
        iret

start:  cli
        call show
        call show
        mov word [IRQ0 * 4], tick
        mov word [IRQ0 * 4 + 2], 0
        mov al, 0x11                    ; 8259s: vectors from IRQ0, only the timer
        out 0x20, al
        mov al, IRQ0
        out 0x21, al
        mov al, 4
        out 0x21, al
        mov al, 1
        out 0x21, al
        mov al, 0xfe
        out 0x21, al
        mov al, 0xff
        out 0xa1, al
        mov al, 0x34                    ; 1 kHz
        out 0x43, al
        mov ax, 1193
        out 0x40, al
        mov al, ah
        out 0x40, al
        call show
        mov cx, 20
.wait:  sti
        hlt
        cli
        call show
        loop .wait
        sti
        mov ecx, 200000                 ; busy: interrupts come in the middle
.busy:  imul eax, ecx, 12345
        dec ecx
        jnz .busy
        cli
        call show
        mov ax, [ticks]
        HEX16 eax, 8
        NL16
        mov cx, 1000
.ports: in al, 0x61
        loop .ports
        call show
        mov di, 0x9000
        mov cx, 4000
        rep stosb
        call show
        FINISH
        align 2
ticks:  dw 0
IMAGE_END
