; SPDX-License-Identifier: GPL-2.0-or-later
; A PC in real mode, with what every KVM host can emulate: arithmetic, string I/O, timer interrupts and HLT, PCI
; configuration and ROM. The same output under every accelerator and interrupt controller.
%include "boot.inc"

%macro FLAGS 0                          ; CF PF ZF SF OF of the last operation
        pushf
        pop ax
        and ax, 0x08c5
        HEX16 eax, 4
        NL16
%endmacro

start:  cli
        SAY16 {"numbers",10}
        mov ax, 0x1234
        mov bx, 0xfedc
        mul bx
        HEX16 edx, 4
        HEX16 eax, 4
        NL16
        mov eax, 0x89abcdef
        mov ecx, 0x1357
        xor edx, edx
        div ecx
        HEX16 eax, 8
        HEX16 edx, 8
        NL16
        mov eax, 0x7fffffff
        add eax, 1
        FLAGS
        mov ax, 0x8001
        rol ax, 5
        HEX16 eax, 4
        FLAGS
        mov eax, 0x00f00000
        bsf ebx, eax
        bsr ecx, eax
        HEX16 ebx, 2
        HEX16 ecx, 2
        NL16
        mov eax, 0x11223344
        bswap eax
        HEX16 eax, 8
        NL16

        SAY16 "string out: "
        mov si, text
        mov cx, text_end - text
        mov dx, 0xe9
        rep outsb
        mov si, text
        mov di, 0x9000
        mov cx, text_end - text
        rep movsb
        mov si, text
        mov di, 0x9000
        mov cx, text_end - text
        repe cmpsb
        SAY16 "compare: "
        FLAGS

        SAY16 "pci: "
        mov dx, 0xcf8
        mov eax, 0x80000000
        out dx, eax
        mov dx, 0xcfc
        in eax, dx
        HEX16 eax, 8
        NL16
        mov ax, 0xf000                  ; the firmware has made its copy read-only
        mov fs, ax
        mov eax, [fs:0xfff0]
        mov dword [fs:0xfff0], 0x55aa55aa
        cmp eax, [fs:0xfff0]
        je .kept
        SAY16 {"rom changed",10}
        jmp .timer
.kept:  SAY16 {"rom kept",10}

.timer: mov word [8 * 4], tick
        mov word [8 * 4 + 2], 0
        mov al, 0x34                    ; channel 0, rate generator
        out 0x43, al
        mov ax, 5966                    ; 5 ms
        out 0x40, al
        mov al, ah
        out 0x40, al
        mov al, 0xfe
        out 0x21, al
        mov al, 0xff
        out 0xa1, al
        mov byte [ticks], 0
.wait:  sti
        hlt
        cli
        cmp byte [ticks], 20
        jb .wait
        SAY16 {"20 ticks by hlt",10}
        mov byte [ticks], 0
        sti
.spin:  cmp byte [ticks], 20
        jb .spin
        cli
        SAY16 {"20 ticks while spinning",10}
        FINISH

tick:   push ax
        inc byte [cs:ticks]
        mov al, 0x20
        out 0x20, al
        pop ax
        iret
ticks:  db 0
text:   db "abcdefghijklmnopqrstuvwxyz0123456789", 10
text_end:
        IMAGE_END
