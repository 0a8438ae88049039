; SPDX-License-Identifier: GPL-2.0-or-later
; #DB: single step, instruction, data and I/O breakpoints, RF, general detect, INT1, interrupt shadow of MOV SS.
%include "boot.inc"
        jmp start
%include "pm32.inc"
        bits 32
; counts single steps until TF goes
step_handler:
        inc dword [steps]
        push eax
        mov eax, dr6
        or [seen6], eax
        xor eax, eax
        mov dr6, eax
        pop eax
        iretd
steps:  dd 0
seen6:  dd 0
        align 8
        dd 0, 0
var:    dd 0, 0

%macro SHOW6 1
        mov eax, dr6
        SHOW %1, eax
        xor eax, eax
        mov dr6, eax
%endmacro

        bits 16
start:  ENTER_PM
        mov eax, step_handler
        mov [idt + 8], ax
        shr eax, 16
        mov [idt + 14], ax
        xor eax, eax
        mov dr6, eax
        ; five instructions under TF: the one that sets it does not count, the one that clears does
        pushfd
        or dword [esp], 0x100
        popfd
        nop
        nop
        inc eax
        pushfd
        and dword [esp], 0xfffffeff
        popfd
        SHOW "steps", [steps]
        mov eax, [seen6]
        and eax, 0xefff
        SHOW "dr6", eax
        mov dword [steps], 0
        ; REP counts once an iteration
        pushfd
        or dword [esp], 0x100
        mov esi, gdt
        mov edi, 0x80000
        mov ecx, 4
        popfd
        rep movsd
        pushfd
        and dword [esp], 0xfffffeff
        popfd
        SHOW "rep steps", [steps]
        mov dword [steps], 0
        ; MOV SS holds the trap back
        pushfd
        or dword [esp], 0x100
        mov ax, ss
        popfd
        mov ss, ax
        nop
        pushfd
        and dword [esp], 0xfffffeff
        popfd
        SHOW "mov ss steps", [steps]
        ; INT clears TF before anything
        mov dword [steps], 0
        mov eax, .int
        mov [idt + 0x22 * 8], ax
        shr eax, 16
        mov [idt + 0x22 * 8 + 6], ax
        pushfd
        or dword [esp], 0x100
        popfd
        int 0x22
        nop
        pushfd
        and dword [esp], 0xfffffeff
        popfd
        SHOW "*int steps", [steps]
        jmp .over
.int:   nop
        nop
        iretd
.over:  call build_idt
        xor eax, eax
        mov dr6, eax

        mov eax, bp1
        mov dr0, eax
        mov eax, 0x00000402
        mov dr7, eax
        TRY "insn bp"
        nop
bp1:    nop
        END_TRY
        SHOW6 "dr6"
        ; with RF in the image it runs through
        pushfd
        or dword [esp], 0x10000
        push dword K_CODE
        push dword bp1
        xor eax, eax
        mov dr7, eax
        mov eax, 0x402
        mov dword [try_resume], rf_failed
        mov dword [try_base], bp1
        mov [try_esp], esp
        mov dr7, eax
        jmp rf_go
rf_failed:
        SAY "rf did not hold: "
        call report
        jmp rf_done
rf_go:  mov dword [bp1 + 1], 0x000000e9 ; bp1: nop; jmp rf_back
        mov eax, rf_back - bp1 - 6
        mov [bp1 + 2], eax
        iretd
rf_back: SAY "rf held"
        NL
rf_done: mov eax, var
        mov dr1, eax
        mov eax, 0x00d00404 | 8         ; G1, write, 4 bytes
        mov dr7, eax
        TRY "write bp"
        mov eax, [var]
        mov [var], eax
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "write bp part"
        mov byte [var + 3], 1
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "write bp beside"
        mov byte [var + 4], 1
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "write bp overlap"
        mov dword [var - 2], 1
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "write bp push"
        mov esp, var + 4
        push dword 5
        nop
        END_TRY
        mov esp, KSTACK
        SHOW6 "dr6"
        mov eax, 0x00f00408             ; read or write
        mov dr7, eax
        TRY "read bp"
        mov eax, [var]
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "rep bp"
        mov esi, var - 8
        mov edi, 0x80000
        mov ecx, 5
        rep movsd
        nop
        END_TRY
        SHOW "ecx", ecx
        SHOW6 "dr6"
        mov eax, cr4
        or eax, 8
        mov cr4, eax
        mov eax, 0x80
        mov dr2, eax
        mov eax, 0x02000420             ; G2, I/O, one byte
        mov dr7, eax
        TRY "io bp"
        mov al, 0
        out 0x80, al
        nop
        END_TRY
        SHOW6 "dr6"
        TRY "dr4 with de"
        mov eax, dr4
        END_TRY
        mov eax, 0x2400
        mov dr7, eax
        TRY "*general detect"
        mov eax, dr0
        END_TRY
        mov eax, dr7
        SHOW "*dr7", eax
        SHOW6 "*dr6"
        FINISH
IMAGE_END
