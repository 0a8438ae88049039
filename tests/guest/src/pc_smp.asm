; SPDX-License-Identifier: GPL-2.0-or-later
; All processors of a PC: started by INIT and SIPI, counting together under LOCK, woken from HLT by NMI. The
; output does not depend on how many there are.
%include "boot.inc"
        jmp start
%include "pm32.inc"
AP_AT   equ 0x8000                      ; SIPI vector 08: copied there
ROUNDS  equ 5000
ICR     equ 0xfee00300
VARS    equ 0x5000
started equ VARS
done    equ VARS + 4
counter equ VARS + 8
woken   equ VARS + 12

        bits 16
ap_code:
        xor ax, ax
        mov ds, ax
        mov ss, ax
        lock inc dword [started]
        mov ecx, ROUNDS
.l:     mov eax, 1
        lock xadd [counter], eax
        dec ecx
        jnz .l
        lock inc dword [done]
.h:     hlt
        jmp .h
ap_nmi: push ds
        push ax
        xor ax, ax
        mov ds, ax
        lock inc dword [woken]
        pop ax
        pop ds
        iret
ap_end:

start:  mov dx, 0x510                   ; firmware configuration: number of processors
        mov ax, 5
        out dx, ax
        inc dx
        in al, dx
        mov bl, al
        in al, dx
        mov bh, al
        mov [cpus], bx
        mov si, ap_code
        mov di, AP_AT
        mov cx, ap_end - ap_code
        rep movsb
        xor eax, eax
        mov di, VARS
        mov cx, 4
        rep stosd
        mov word [2 * 4], AP_AT + (ap_nmi - ap_code)
        mov word [2 * 4 + 2], 0
        ENTER_PM
        movzx ebp, word [cpus]
        dec ebp                         ; others
        jz .alone
        mov dword [ICR], 0x000c4500     ; INIT, all but this one
        call delay
        mov dword [ICR], 0x000c4608     ; SIPI
        call delay
        cmp [started], ebp
        je .alone
        mov dword [ICR], 0x000c4608
.alone: mov ecx, ROUNDS
.l:     mov eax, 1
        lock xadd [counter], eax
        dec ecx
        jnz .l
.wait:  pause
        cmp [done], ebp
        jne .wait
        SAY {"all started",10}
        mov eax, ROUNDS
        inc ebp
        imul eax, ebp
        dec ebp
        cmp eax, [counter]
        jne .bad
        SAY {"counter right",10}
.nmi:   mov ecx, 3
.again: test ebp, ebp
        jz .end
        call delay
        mov eax, [woken]
        add eax, ebp
        mov dword [ICR], 0x000c4400     ; NMI, all but this one
.woken: pause
        cmp [woken], eax
        jne .woken
        dec ecx
        jnz .again
.end:   SAY {"all woken three times",10}
        FINISH
.bad:   SHOW "counter", [counter]
        FINISH

delay:  push ecx
        mov ecx, 2000
.l:     in al, 0x80
        dec ecx
        jnz .l
        pop ecx
        ret
cpus:   dw 0
        IMAGE_END
