; SPDX-License-Identifier: GPL-2.0-or-later
; System management mode without a chipset: SMI by port 0xb2, the AMD64 state-save map, SMBASE relocation, changes
; to saved registers, RSM from each mode, NMI and INTR held off, RSM outside.
%include "boot.inc"
        jmp start
%include "pm32.inc"
SAVE    equ 0x8000                      ; DS of the handler is SMBASE >> 4: 0x3000, later 0x5000
        bits 16
; copied to SMBASE + 8000
handler:
        mov ax, cs
        mov ds, ax
        inc dword [cs:0xf000]
        mov eax, [cs:0xfef8 + 4]        ; revision
        mov [cs:0xf004], eax
        mov eax, [cs:0xff78]            ; rip
        mov [cs:0xf008], eax
        mov eax, [cs:0xff58]            ; cr0
        mov [cs:0xf00c], eax
        mov eax, [cs:0xfff8]            ; rax
        mov [cs:0xf010], eax
        mov eax, cr0
        mov [cs:0xf014], eax
        mov ax, cs
        movzx eax, ax
        mov [cs:0xf018], eax
        pushfd
        pop dword [cs:0xf01c]
        mov eax, [cs:0xf020]            ; new SMBASE, or 0
        test eax, eax
        jz .keep
        mov [cs:0xff00], eax
.keep:  mov dword [cs:0xffe0], 0x5151   ; saved RBX (7fe0)
        mov dword [cs:0xff00 + 0xe0], 0x5151
        xor ax, ax
        mov ds, ax
        mov eax, 0x200000               ; beyond 1 MiB with 32-bit addresses
        mov dword [eax], 0x600d600d
        rsm
handler_end:

        bits 32
%macro PUT_HANDLER 1
        mov esi, handler
        mov edi, (%1) + 0x8000
        mov ecx, handler_end - handler
        rep movsb
        mov edi, (%1) + 0xf000
        xor eax, eax
        mov ecx, 16
        rep stosd
%endmacro
%macro SMI 0
        mov eax, 0xa5a5
        mov ebx, 0
        out 0xb2, al
        nop
%endmacro
%macro RESULT 1
        SHOW "count", [(%1) + 0xf000]
        SHOW "revision", [(%1) + 0xf004]
        SHOW "cr0 saved", [(%1) + 0xf00c]
        SHOW "rax saved", [(%1) + 0xf010]
        SHOW "cr0 inside", [(%1) + 0xf014]
        SHOW "cs inside", [(%1) + 0xf018]
        mov eax, [(%1) + 0xf01c]
        and eax, 0x27702
        SHOW "flags inside", eax
%endmacro
        bits 16
start:  ENTER_PM
        PUT_HANDLER 0x30000
        PUT_HANDLER 0x50000
        SMI
here1:  mov edx, eax
        SHOW "ebx after", ebx
        SHOW "eax after", edx
        RESULT 0x30000
        mov eax, [0x3f008]
        sub eax, here1
        SHOW "rip", eax
        SHOW "high", [0x200000]
        mov dword [0x3f020], 0x50000
        SMI
        SHOW "ebx after", ebx
        SHOW "old count", [0x3f000]
        SMI
        SHOW "old count", [0x3f000]
        RESULT 0x50000
        ; with paging
        mov dword [0x100000], 0x83
        mov dword [0x100004], 0x400083
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov eax, 0x100000
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        SMI
        mov eax, cr0
        SHOW "cr0", eax
        RESULT 0x50000
        TRY "rsm outside"
        rsm
        END_TRY
        ; the interrupt flag holds no SMI off, and comes back
        pushfd
        pop eax
        and eax, 0x200
        SHOW "if", eax
        FINISH
IMAGE_END
