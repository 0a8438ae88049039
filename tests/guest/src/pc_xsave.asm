; SPDX-License-Identifier: GPL-2.0-or-later
; XSAVEC, XSAVES and their return again and again, so that translators do them their own way, with images in one page
; and across two; what they refuse; FNCLEX, RDTSC, PAUSE and ports in the middle of blocks with vector state
; about. Prints a digit for every part that went right: the same on a processor without these instructions.
%include "boot.inc"
        jmp start
%include "pm32.inc"
%include "long64.inc"
ROUNDS  equ 500
IMAGE   equ 0x200000                    ; in one page
ACROSS  equ 0x205f40                    ; in two
OUT1    equ 0x210000
; part %1 is right when the flags say equal
%macro PART 1
        mov dil, %1
        call part
%endmacro

        bits 16
start:  ENTER_PM
        LONG_TABLES 0x83
        INTERRUPT_GATES 20
        ENTER_LONG in64

in64:   mov ax, K_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK
        lidt [idtr64]
        fninit
        mov eax, 1
        cpuid
        and ecx, 0x14000000             ; AVX, XSAVE
        cmp ecx, 0x14000000
        jne .none
        mov eax, 0xd
        mov ecx, 1
        cpuid
        and eax, 0xa                    ; XSAVES, XSAVEC
        cmp eax, 0xa
        je .have
.none:  SAY "01234567"
        jmp others
.have:  mov rax, cr4
        or eax, 1 << 18
        mov cr4, rax
        xor ecx, ecx
        xor edx, edx
        mov eax, 7
        xsetbv
        mov dword [resume64], faulted
        xor ebp, ebp
        mov ebx, ROUNDS
.round: mov rsi, IMAGE
        call user
        mov rsi, ACROSS
        call user
        mov rsi, IMAGE
        call system
        mov rsi, ACROSS
        call system
        dec ebx
        jnz .round
        test ebp, ebp
        PART '0'
        mov rax, [IMAGE + 512]
        cmp rax, 7
        PART '1'
        mov rax, [ACROSS + 520]
        mov rcx, 0x8000000000000007
        cmp rax, rcx
        PART '2'
; nothing in the image: initial state
        mov ebx, 50
.init:  mov qword [IMAGE + 512], 0
        vpcmpeqd ymm3, ymm3, ymm3
        fld1
        ldmxcsr [other_mxcsr]
        mov eax, 7
        xor edx, edx
        mov rsi, IMAGE
        xrstor64 [rsi]
        vmovdqu [OUT1], ymm3
        mov rax, [OUT1]
        or rax, [OUT1 + 16]
        stmxcsr [OUT1]
        mov ecx, [OUT1]
        sub ecx, 0x1f80
        or eax, ecx
        fnstsw [OUT1]
        mov cx, [OUT1]
        or ax, cx
        jnz .bad
        dec ebx
        jnz .init
.bad:   test eax, eax
        PART '3'
; headers that are refused
        mov qword [IMAGE + 528], 1
        call refused
        PART '4'
        mov qword [IMAGE + 528], 0
        mov qword [IMAGE + 512], 8      ; not in the layout
        call refused
        PART '5'
        mov qword [IMAGE + 512], 2
        mov dword [IMAGE + 24], 0x10000 ; MXCSR
        call refused
        PART '6'
        mov dword [IMAGE + 24], 0x1f80
        mov rsi, IMAGE + 8              ; alignment
        call refused_at
        PART '7'

others: mov ebx, 50                     ; an exception that is masked, and cleared
.clex:  fninit
        fldz
        fldz
        fdivp
        fnstsw [OUT1]
        mov dx, [OUT1]
        fnclex
        fnstsw [OUT1]
        mov ax, [OUT1]
        and edx, 0x3f
        and eax, 0x80bf
        cmp edx, 1
        jne .c
        test eax, eax
        jne .c
        dec ebx
        jnz .clex
.c:     PART '8'
        mov ebx, 1000                   ; time goes on, flags and vector registers are left alone
        movq xmm1, rbx
        xor edi, edi
        xor esi, esi
.tsc:   pcmpeqd xmm0, xmm0
        stc
        rdtsc
        pause
        out 0x80, al
        jnc .t
        shl rdx, 32
        or rax, rdx
        cmp rax, rsi
        jb .t
        mov rsi, rax
        pmovmskb eax, xmm0
        cmp eax, 0xffff
        jne .t
        dec ebx
        jnz .tsc
        movq rax, xmm1
        cmp eax, 1000
.t:     PART '9'
        NL
        FINISH

; digit DIL when the flags say equal, else a dot
part:   mov al, dil
        je .p
        mov al, '.'
.p:     out 0xe9, al
        ret

pattern:
        vmovd xmm5, ebx
        vpshufd xmm5, xmm5, 0
        vinsertf128 ymm5, ymm5, xmm5, 1
        fninit
        mov [OUT1], ebx
        fild dword [OUT1]
        ret
clobber:
        vpcmpeqd ymm5, ymm5, ymm5
        fninit
        fldpi
        ret
; counts in EBP what is not as pattern left it
compare:
        vmovdqu [OUT1], ymm5
        cmp [OUT1], ebx
        jne .n
        cmp [OUT1 + 28], ebx
        jne .n
        fistp dword [OUT1]
        cmp [OUT1], ebx
        je .e
.n:     inc ebp
.e:     ret

user:   call pattern
        mov eax, 7
        xor edx, edx
        xsavec64 [rsi]
        call clobber
        mov eax, 7
        xor edx, edx
        xrstor64 [rsi]
        jmp compare
system: call pattern
        mov eax, 7
        xor edx, edx
        xsaves64 [rsi]
        call clobber
        mov eax, 7
        xor edx, edx
        xrstors64 [rsi]
        jmp compare

; equal: #GP
refused:
        mov rsi, IMAGE
refused_at:
        mov dword [got_v], 0
        mov [stack64], rsp
        mov eax, 7
        xor edx, edx
        xrstors64 [rsi]
faulted:
        mov rsp, [stack64]
        cmp dword [got_v], 13
        ret

        align 16
stubs64:
%assign v 0
%rep 20
        align 16
%if v = 8 || (v >= 10 && v <= 14) || v = 17
%else
        push qword 0
%endif
        push qword v
        jmp event64
%assign v v + 1
%endrep
event64:
        pop rax
        mov [got_v], eax
        mov eax, [resume64]
        jmp rax
        align 8
resume64: dq 0
stack64: dq 0
other_mxcsr: dd 0x1fbf
idtr64: dw 20 * 16 - 1
        dq idt64
        align 16
idt64:  times 40 dq 0
        IMAGE_END
