; SPDX-License-Identifier: GPL-2.0-or-later
; 64-bit mode on a PC: page faults, and level 3 by SYSRET, where x87 and vector code runs on the processor itself
; under every accelerator. Nothing here returns by IRET: a fault resumes where the test says.
%include "boot.inc"
        jmp start
%include "pm32.inc"
%include "long64.inc"
WIN     equ 0x00c00000
FRAME   equ 0x200000

        bits 16
start:  ENTER_PM
        LONG_TABLES 0x83                ; the first for everybody
        mov dword [PDPT + 24], 0xc0000083       ; the top of the first 4 GiB, for devices: not used
        mov dword [PD + (WIN >> 21) * 8], PT + 7
        mov dword [PT], FRAME + 3
        mov dword [PT + 16], FRAME + 0x1000 + 1
        INTERRUPT_GATES 20
        ENTER_LONG in64

in64:   mov ax, K_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK
        lidt [idtr64]
        mov dword [WIN], 0x12345678
        mov eax, [FRAME]
        LINE
        mov dword [resume64], .f1
        mov eax, [WIN + 0x1004]
.f1:    call fault64
        mov dword [resume64], .f2
        mov [WIN + 0x1008], eax
.f2:    call fault64
        mov dword [resume64], .f3
        mov [WIN + 0x2010], eax
.f3:    call fault64
        mov dword [PT + 8], FRAME + 0x2000 + 3
        invlpg [WIN + 0x1000]
        mov dword [WIN + 0x1000], 0xcafe
        mov eax, [FRAME + 0x2000]
        LINE
        mov eax, [PT]
        and eax, 0x60
        LINE
        mov ecx, 0xc0000080             ; SYSCALL enable
        rdmsr
        or eax, 1
        wrmsr
        mov ecx, 0xc0000081             ; STAR: level 3 is SS at + 8, 64-bit CS at + 16
        xor eax, eax
        mov edx, (CODE64 + 8) << 16 | CODE64
        wrmsr
        mov dword [tss + 8], 0          ; the stack for level 0 has 64 bits now
        mov dword [resume64], back
        mov ecx, user
        mov r11d, 2
        o64 sysret

user:   mov esp, USTACK
        finit
        fldpi
        fldl2e
        fmulp st1, st0
        fstp qword [result]
        mov eax, 3
        cvtsi2sd xmm0, eax
        sqrtsd xmm0, xmm0
        movsd [result + 8], xmm0
        movdqu xmm1, [result]
        mov ecx, 2000000                ; long enough to be interrupted
        xor ebx, ebx
        mov rsi, 0x9e3779b97f4a7c15
        mov rdi, rsi
.l:     imul rdi, rsi
        add rdi, 1013904223
        xor rbx, rdi
        rol rbx, 7
        movq xmm2, rbx
        paddq xmm1, xmm2
        pxor xmm1, xmm0
        dec ecx
        jnz .l
        mov [result + 16], rbx
        movdqu [result + 24], xmm1
        ud2

back:   call fault64
        mov rsi, result
        mov ecx, 10
.r:     mov eax, [rsi]
        LINE
        add rsi, 4
        dec ecx
        jnz .r
        FINISH

; vector, error and address of the last fault
fault64: mov eax, [got_v]
        shl eax, 16
        or eax, [got_e]
        LINE
        mov eax, [got_cr2]
        LINE
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
        pop rax
        mov [got_e], eax
        mov rax, cr2
        mov [got_cr2], eax
        mov ax, K_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK - 8
        mov eax, [resume64]
        jmp rax
        align 8
resume64: dq 0
idtr64: dw 20 * 16 - 1
        dq idt64
        align 16
idt64:  times 40 dq 0
result: times 5 dq 0
        IMAGE_END
