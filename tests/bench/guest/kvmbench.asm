; SPDX-License-Identifier: GPL-2.0-or-later
; Exits by the thousand, between two characters on port 0x402 each: upper case when a run begins, lower case when
; it ends. P port reads, M device memory reads, D doorbells (pci-testdev), W wake-ups of a halted processor.
%include "boot.inc"
        jmp start
%include "pm32.inc"
ROUNDS  equ 60000
WAKES   equ 3000
ICR     equ 0xfee00300
VARS    equ 0x5000
AP_AT   equ 0x8000

%macro MARK 1
        push eax
        push edx
        mov dx, 0x402
        mov al, %1
        out dx, al
        pop edx
        pop eax
%endmacro

        bits 16
ap_code:
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 0x4000
        inc dword [VARS]
.h:     hlt
        jmp .h
ap_nmi: inc dword [cs:VARS + 4]
        iret
ap_end:

start:  mov si, ap_code
        mov di, AP_AT
        mov cx, ap_end - ap_code
        rep movsb
        xor eax, eax
        mov di, VARS
        stosd
        stosd
        mov word [2 * 4], AP_AT + (ap_nmi - ap_code)
        mov word [2 * 4 + 2], 0
        ENTER_PM

        MARK 'P'
        mov dx, 0x402
        mov ecx, ROUNDS
.pio:   in al, dx
        dec ecx
        jnz .pio
        MARK 'p'

        MARK 'M'
        mov ecx, ROUNDS
.mmio:  mov eax, [0xfed00004]           ; the HPET's period: a constant
        dec ecx
        jnz .mmio
        MARK 'm'

        mov ebx, 0x80000000             ; the test device: its BAR 1 is ports
.scan:  mov dx, 0xcf8
        mov eax, ebx
        out dx, eax
        mov dx, 0xcfc
        in eax, dx
        cmp eax, 0x00051b36
        je .found
        add ebx, 0x800
        cmp ebx, 0x80010000
        jb .scan
        jmp .wakes
.found: lea eax, [ebx + 0x14]
        mov dx, 0xcf8
        out dx, eax
        mov dx, 0xcfc
        in eax, dx
        and eax, 0xfffc
        mov ebx, eax
        mov edx, ebx
        mov al, 1                       ; wildcard-eventfd
        out dx, al
        lea edx, [ebx + 4]
        in eax, dx
        lea edx, [ebx + eax]
        MARK 'D'
        mov ecx, ROUNDS
.bell:  out dx, al
        dec ecx
        jnz .bell
        MARK 'd'

.wakes: mov dword [ICR], 0x000c4500     ; INIT
        call delay
        mov dword [ICR], 0x000c4608     ; SIPI
        call delay
        cmp dword [VARS], 0
        je .end
        MARK 'W'
        mov ecx, WAKES
.wake:  mov eax, [VARS + 4]
        inc eax
        mov dword [ICR], 0x000c4400     ; NMI
.w:     cmp [VARS + 4], eax
        jne .w
        dec ecx
        jnz .wake
        MARK 'w'
.end:   MARK '.'
        FINISH

delay:  push ecx
        mov ecx, 20000
.l:     in al, 0x80
        dec ecx
        jnz .l
        pop ecx
        ret
        IMAGE_END
