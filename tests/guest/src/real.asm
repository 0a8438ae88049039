; SPDX-License-Identifier: GPL-2.0-or-later
; Real mode: interrupts and their frames, faults by limit, far transfers, stack wrap, unreal mode, string
; instructions in both directions, self-modifying code, 32-bit operands, IRET and POPF flags.
%include "boot.inc"
got:    dw 0, 0, 0, 0
; INT handler for exceptions: notes IP, CS, FLAGS and jumps to [resume]
%macro VECTOR 2
        mov word [(%1) * 4], %2
        mov word [(%1) * 4 + 2], 0
%endmacro
resume: dw 0
base:   dw 0
old_sp: dw 0
%assign n 0
%rep 14
h %+ n: mov byte [cs:got + 6], n
        jmp caught
%assign n n + 1
%endrep
caught: push ax
        push bp
        mov bp, sp
        mov ax, [bp + 4]
        mov [cs:got], ax
        mov ax, [bp + 6]
        mov [cs:got + 2], ax
        mov ax, [bp + 8]
        mov [cs:got + 4], ax
        pop bp
        pop ax
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, [old_sp]
        jmp [resume]

%macro TRY 1
        %push try
        SAY16 %1
        mov [old_sp], sp
        mov word [resume], %$resume
        mov word [base], %$base
%$base:
%endmacro
%macro END_TRY 0
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, [old_sp]
        SAY16 ": no fault"
        NL16
        jmp %$next
%$resume:
        call report
%$next:
        %pop
%endmacro
report: SAY16 ": v="
        HEX16 [got + 6], 2
        SAY16 " ip=+"
        mov ax, [got]
        sub ax, [base]
        HEX16 eax, 4
        SAY16 " cs="
        HEX16 [got + 2], 4
        SAY16 " fl="
        mov ax, [got + 4]
        and ax, 0x7f00
        HEX16 eax, 4
        NL16
        ret
%macro SHOW16 2
        SAY16 %1
        SAY16 "="
        HEX16 %2, 8
        NL16
%endmacro

far_routine:
        mov bp, sp
        mov ax, [bp]
        mov [got], ax
        mov ax, [bp + 2]
        mov [got + 2], ax
        retf 4
tab:    dd 0x0fff0, 0
farptr: dw far_routine, 0
bounds: dw 3, 9
gdt:    dq 0, 0x00cf92000000ffff, 0x008f9a000000ffff
gdtr:   dw 23
        dd gdt
smc_n:  dw 0

start:  cli
%assign n 0
%rep 14
%if n != 2 && n != 8 && n != 9
        VECTOR n, h %+ n
%endif
%assign n n + 1
%endrep
        TRY "div"
        mov ax, 5
        mov cl, 0
        div cl
        END_TRY
        TRY "ud"
        ud2
        END_TRY
        TRY "bound"
        mov ax, 10
        bound ax, [bounds]
        END_TRY
        TRY "int3"
        int3
        END_TRY
        TRY "into"
        mov al, 0x80
        sub al, 1
        into
        END_TRY
        TRY "*limit"
        mov ax, [0xffff]
        END_TRY
        TRY "*limit dword"
        mov eax, [0xfffd]
        END_TRY
        TRY "lar"
        lar ax, bx
        END_TRY
        TRY "sldt"
        sldt ax
        END_TRY
        TRY "single step"
        pushf
        pop ax
        or ah, 1
        push ax
        popf
        nop
        nop
        END_TRY
        TRY "far call"
        push word 0x1234
        push word 0x5678
        call 0:far_routine
.here:  mov ax, [got]
        sub ax, .here
        mov [got + 4], ax
        END_TRY
        movzx eax, word [got + 4]
        SHOW16 "return", eax
        TRY "far call pointer"
        push dword 0
        call far [farptr]
        END_TRY
        ; stack wraps at 64K
        mov sp, 0
        push word 0x7788
        mov ax, sp
        mov sp, [old_sp]
        movzx eax, ax
        SHOW16 "sp wrap", eax
        ; 32-bit operands in 16-bit code
        mov eax, 0xffffffff
        add eax, 1
        setc al
        movzx eax, al
        SHOW16 "carry", eax
        mov eax, 0x12345678
        push eax
        pop bx
        pop cx
        mov ax, cx
        shl eax, 16
        mov ax, bx
        SHOW16 "push pop", eax
        ; flags
        push word 0x7eff
        popf
        pushf
        pop ax
        cli
        cld
        and ax, 0xf2ff
        movzx eax, ax
        push word 2
        popf
        SHOW16 "*popf", eax
        ; strings downwards, overlapping
        mov dword [0x6000], 0x44332211
        mov dword [0x6004], 0x88776655
        mov si, 0x6006
        mov di, 0x6007
        mov cx, 7
        std
        rep movsb
        cld
        SHOW16 "movs down", [0x6004]
        mov si, 0x6000
        mov di, 0x6001
        mov cx, 7
        rep movsb
        SHOW16 "movs overlap", [0x6004]
        mov di, 0x6000
        mov cx, 100
        mov al, 0x11
        mov byte [0x6005], 0x12
        repe scasb
        movzx eax, cx
        SHOW16 "scas left", eax
        mov cx, 0
        mov si, 0x6000
        rep lodsb
        movzx eax, si
        SHOW16 "rep 0", eax
        ; segment wrap of a string: SI goes on at 0
        mov si, 0xffff
        mov di, 0x6100
        mov cx, 2
        mov byte [0], 0x5a
        rep movsb
        movzx eax, si
        SHOW16 "si wrap", eax
        movzx eax, byte [0x6101]
        SHOW16 "byte", eax
        ; self-modifying: the next instruction, and one already executed
        mov byte [.imm + 1], 0x42
.imm:   mov al, 0x11
        movzx eax, al
        SHOW16 "smc next", eax
        mov cx, 5
.loop:  mov bx, 0x100
        add [smc_n], bx
        inc byte [.loop + 1]
        loop .loop
        movzx eax, word [smc_n]
        SHOW16 "smc loop", eax
        ; rep stos over its own code continues as started, then the new code runs
        mov di, .patch
        mov cx, 4
        mov al, 0x43                    ; INC BX
        xor bx, bx
        rep stosb
.patch: nop
        nop
        nop
        nop
        movzx eax, bx
        SHOW16 "smc rep", eax
        ; unreal mode: a 4 GiB limit survives the way back
        in al, 0x92
        or al, 2
        and al, 0xfe
        out 0x92, al
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp short .pm
.pm:    mov bx, 8
        mov ds, bx
        and al, 0xfe
        mov cr0, eax
        jmp short .rm
.rm:    xor ax, ax
        mov ds, ax
        mov dword [dword 0x200000], 0xcafe0001
        mov eax, [dword 0x200000]
        SHOW16 "unreal", eax
        FINISH
IMAGE_END
