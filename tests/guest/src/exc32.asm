; SPDX-License-Identifier: GPL-2.0-or-later
; Exceptions of 32-bit protected mode: vectors, error codes, saved EIP; segment loads and their faults.
%include "boot.inc"
        jmp start
%include "pm32.inc"
        bits 16
start:  ENTER_PM

        TRY "de"
        xor edx, edx
        xor ecx, ecx
        mov eax, 1
        div ecx
        END_TRY
        TRY "de8"
        mov ax, 0x1000
        mov cl, 1
        div cl
        END_TRY
        TRY "ud2"
        ud2
        END_TRY
        TRY "bp"
        int3
        END_TRY
        TRY "into"
        mov al, 0x7f
        inc al
        into
        END_TRY
        TRY "bound"
        mov eax, 5
        bound eax, [bounds]
        END_TRY
        TRY "bound ok"
        mov eax, 2
        bound eax, [bounds]
        END_TRY
        TRY "int 21"
        int 0x21
        END_TRY
        TRY "int beyond idt"
        int 0x80
        END_TRY
        TRY "int not present"
        mov byte [idt + 0x22 * 8 + 5], 0x0e
        int 0x22
        END_TRY
        TRY "int bad type"
        mov byte [idt + 0x22 * 8 + 5], 0x8c
        int 0x22
        END_TRY
        TRY "*int1"
        db 0xf1
        END_TRY
        TRY "lock nop"
        db 0xf0, 0x90
        END_TRY
        TRY "lock reg"
        db 0xf0, 0x01, 0xc8
        END_TRY
        TRY "lea reg"
        db 0x8d, 0xc0
        END_TRY
        TRY "mov cs"
        db 0x8e, 0xc8
        END_TRY
        TRY "mov seg6"
        db 0x8e, 0xf0
        END_TRY
        TRY "long insn"
        times 15 db 0x66
        nop
        END_TRY
        TRY "null ss"
        xor ax, ax
        mov ss, ax
        END_TRY
        TRY "*use null ds"
        xor eax, eax
        mov ds, ax
        mov al, [eax]
        END_TRY
        TRY "ds beyond gdt"
        mov ax, 0x1000
        mov ds, ax
        END_TRY
        TRY "ds ldt null"
        mov ax, 0x0c
        mov ds, ax
        END_TRY
        TRY "ds = tss"
        mov ax, K_TSS
        mov ds, ax
        END_TRY
        TRY "ss = code"
        mov ax, K_CODE
        mov ss, ax
        END_TRY
        TRY "ss rpl"
        mov ax, K_DATA + 3
        mov ss, ax
        END_TRY
        TRY "ss dpl3"
        mov ax, U_DATA
        mov ss, ax
        END_TRY
        DESC FREE, 0, 0xfffff, 0x12, 0xc
        TRY "ds not present"
        mov ax, FREE
        mov ds, ax
        END_TRY
        TRY "ss not present"
        mov ax, FREE
        mov ss, ax
        END_TRY
        DESC FREE, 0, 0xfffff, 0x98, 0xc
        TRY "ds execute only"
        mov ax, FREE
        mov ds, ax
        END_TRY
        DESC FREE, 0, 0xfffff, 0x90, 0xc
        TRY "*write read only"
        mov ax, FREE
        mov es, ax
        mov [es:0x5000], al
        END_TRY
        TRY "*write code"
        mov [cs:0x5000], al
        END_TRY
        DESC FREE, 0x10000, 0xfff, 0x92, 0x4
        TRY "limit last ok"
        mov ax, FREE
        mov fs, ax
        mov eax, [fs:0xffc]
        END_TRY
        TRY "*limit over"
        mov ax, FREE
        mov fs, ax
        mov eax, [fs:0xffd]
        END_TRY
        DESC FREE, 0x10000, 0xfff, 0x96, 0x4
        TRY "*expand down low"
        mov ax, FREE
        mov fs, ax
        mov eax, [fs:0xfff]
        END_TRY
        TRY "expand down ok"
        mov ax, FREE
        mov fs, ax
        mov eax, [fs:0x1000]
        END_TRY
        DESC FREE, 0x10000, 0xfff, 0x96, 0x0
        TRY "*expand down 16 high"
        mov ax, FREE
        mov fs, ax
        mov eax, [fs:0xfffd]
        END_TRY
        DESC FREE, 0, 0x9ffff, 0x92, 0x4
        TRY "*stack limit"
        mov ax, FREE
        mov ss, ax
        mov eax, [ss:0x9fffd]
        END_TRY
        DESC FREE, 0, 0xfffff, 0x92, 0xc
        mov ax, FREE
        mov fs, ax
        SHOW "accessed", [gdt + FREE + 4]
        TRY "jmp data"
        jmp K_DATA:0
        END_TRY
        TRY "jmp null"
        jmp 0:0
        END_TRY
        TRY "jmp dpl3"
        jmp U_CODE:0
        END_TRY
        DESC FREE, 0, 0xfff, 0x9a, 0x4
        TRY "jmp limit"
        jmp FREE:0x1000
        END_TRY
        DESC FREE, 0, 0xfffff, 0x1a, 0xc
        TRY "jmp not present"
        jmp FREE:0
        END_TRY
        TRY "call not present"
        call FREE:0
        END_TRY
        TRY "retf bad"
        push dword 0x1000
        push dword 0
        retf
        END_TRY
        TRY "iret bad"
        pushfd
        push dword K_DATA
        push dword 0
        iretd
        END_TRY
        TRY "lldt data"
        mov ax, K_DATA
        lldt ax
        END_TRY
        TRY "ltr busy"
        mov ax, K_TSS
        ltr ax
        END_TRY
        TRY "mov cr1"
        db 0x0f, 0x20, 0xc8
        END_TRY
        TRY "*rdmsr bad"
        mov ecx, 0x12345
        rdmsr
        END_TRY
        TRY "fpu ts"
        mov eax, cr0
        or al, 8
        mov cr0, eax
        fnop
        END_TRY
        TRY "sse ts"
        mov eax, cr4
        or eax, 0x600
        mov cr4, eax
        movaps xmm0, xmm1
        END_TRY
        clts
        TRY "sse align"
        movaps xmm0, [gdt + 1]
        END_TRY
        TRY "sse em"
        mov eax, cr0
        or al, 4
        mov cr0, eax
        movaps xmm0, xmm1
        END_TRY
        TRY "fpu em"
        fnop
        END_TRY
        mov eax, cr0
        and al, 0xf3
        mov cr0, eax

        ; descriptor inspection
        mov eax, 0x55aa55aa
        mov cx, K_CODE
        lar eax, cx
        and eax, 0x00f0fe00
        SHOW "lar code", eax
        mov cx, 0x1000
        mov eax, 1
        lar eax, cx
        setz bl
        SHOW "lar none", eax
        mov cx, K_DATA
        lsl eax, cx
        SHOW "lsl data", eax
        mov cx, K_TSS
        lsl eax, cx
        SHOW "lsl tss", eax
        mov ecx, K_CODE
        verw cx
        setz al
        movzx eax, al
        SHOW "verw code", eax
        verr cx
        setz al
        movzx eax, al
        SHOW "verr code", eax
        mov eax, 0x10
        mov ecx, 0x23
        arpl ax, cx
        SHOW "arpl", eax
        str eax
        SHOW "str", eax
        sldt eax
        SHOW "sldt", eax
        smsw eax
        and eax, 0x1f
        SHOW "smsw", eax

        ; double fault: no #GP handler
        mov byte [idt + 13 * 8 + 5], 0
        TRY "double"
        mov ax, 0x1000
        mov ds, ax
        END_TRY
        mov byte [idt + 13 * 8 + 5], 0x8e
        ; from here QEMU 7.2 resets
        TRY "*mov cr4 reserved"
        mov eax, 0x80000000
        mov cr4, eax
        END_TRY
        TRY "*mov cr0 pg"
        mov eax, cr0
        and eax, 0xfffffffe
        or eax, 0x80000000
        mov cr0, eax
        END_TRY
        TRY "*ltr null"
        xor ax, ax
        ltr ax
        END_TRY
        FINISH
bounds: dd 1, 3
IMAGE_END
