; SPDX-License-Identifier: GPL-2.0-or-later
; A device stores over code that has just run: fw_cfg's DMA puts its signature, "QEMU", where four NOPs were. As
; instructions of 32-bit code these are PUSH ECX; INC EBP; DEC EBP; PUSH EBP: the stack tells. Within a page,
; across two, and into the page that only the tail of an instruction lies in.
%include "boot.inc"
        jmp start
%include "pm32.inc"
CODE    equ 0x200100
CROSS   equ 0x201ffe
TAIL    equ 0x203ffe
SELECT  equ 0x0a000000                  ; big-endian: item 0 selected, read

        bits 32
; EBX: where the signature goes
dma:    mov eax, ebx
        bswap eax
        mov dword [descr], SELECT
        mov dword [descr + 4], 4 << 24
        mov dword [descr + 8], 0
        mov [descr + 12], eax
        xor eax, eax
        mov dx, 0x514
        out dx, eax
        mov eax, descr
        bswap eax
        mov dx, 0x518
        out dx, eax
.wait:  mov eax, [descr]
        test eax, 0xfeffffff            ; all but the error bit
        jnz .wait
        test eax, eax
        jnz failed
        ret
failed: SAY "fw_cfg: error"
        NL
        FINISH

; Pushes by the four bytes, then EAX = how far the stack went, with the return address
template: nop
        nop
        nop
        nop
        mov eax, edi
        sub eax, esp
        lea esp, [edi - 4]
        ret
template_end:

; EBX: the function. Sums up in ESI.
call_it: mov eax, ebx
        mov edi, esp
        call eax
        add esi, eax
        ret

; EBX: where the four bytes lie
rounds: mov ecx, template_end - template
        mov esi, template
        mov edi, ebx
        rep movsb
        xor esi, esi
        mov ebp, 200
.l:     mov dword [ebx], 0x90909090
        call call_it
        call call_it
        call dma
        call call_it
        dec ebp
        jnz .l
        ret

        bits 16
start:  ENTER_PM
        cld
        mov ebx, CODE
        call rounds
        SHOW "in a page", esi
        mov ebx, CROSS
        call rounds
        SHOW "across pages", esi
        ; MOV EAX, imm32 whose last three bytes are the signature's first ones
        mov byte [TAIL], 0xb8
        mov byte [TAIL + 1], 1
        mov ebp, 200
        xor esi, esi
.tail:  mov dword [TAIL + 2], 0xc3000000        ; upper 24 bits of the immediate, RET
        mov eax, TAIL
        call eax
        add esi, eax
        mov ebx, TAIL + 2
        call dma
        mov byte [TAIL + 5], 0xc3
        mov eax, TAIL
        call eax
        add esi, eax
        dec ebp
        jnz .tail
        SHOW "tail", esi
        FINISH

        align 16
descr:  times 4 dd 0
IMAGE_END
